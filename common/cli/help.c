/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/cli/help.h"

#include <inttypes.h>
#include <string.h>

#include "common/report/report.h"

enum {
	WIDTH = 80,
	HELP_COLUMN = 28, /* where the help of an option begins */
	LEFT_MAX = 256,   /* bytes of what stands left of it */
	HELP_MAX = 2048,  /* bytes of the help of one option */
};

const struct metric_def *metric_find(
	const struct plugin *plugin, const char *name, size_t len)
{
	for (size_t i = 0; i < plugin->n_metrics; i++) {
		if (strlen(plugin->metrics[i].name) == len &&
			memcmp(plugin->metrics[i].name, name, len) == 0)
			return &plugin->metrics[i];
	}
	for (size_t i = 0; i < n_report_metrics; i++) {
		if (strlen(report_metrics[i].name) == len &&
			memcmp(report_metrics[i].name, name, len) == 0)
			return &report_metrics[i];
	}
	return NULL;
}

static void add_blanks(struct text *out, size_t n)
{
	while (n-- > 0)
		text_add(out, " ");
}

/* Appends words, column being where the text stands and indent where its
 * next lines begin; ends the line. */
static void add_wrapped(
	struct text *out, const char *s, size_t column, size_t indent)
{
	bool is_first = true;

	while (*(s += strspn(s, " \n")) != '\0') {
		size_t len = strcspn(s, " \n");
		char word[HELP_MAX];
		size_t width;

		if (len >= sizeof(word))
			len = sizeof(word) - 1;
		memcpy(word, s, len);
		word[len] = '\0';
		width = text_characters(word);
		if (!is_first && column + 1 + width >= WIDTH) {
			text_add(out, "\n");
			add_blanks(out, indent);
			column = indent;
			is_first = true;
		}
		text_printf(out, "%s%s", is_first ? "" : " ", word);
		column += width + (is_first ? 0 : 1);
		is_first = false;
		s += len;
	}
	text_add(out, "\n");
}

static void add_default(struct text *out, const struct option_def *def,
	const struct settings *defaults)
{
	const void *field = (const char *)defaults->config + def->offset;
	uint64_t count;
	int64_t ms;

	switch (def->kind) {
	case OPTION_UINT:
		count = *(const uint64_t *)field;
		if (def->argument != NULL)
			text_printf(out, "; default %" PRIu64, count);
		break;
	case OPTION_DURATION:
		ms = *(const int64_t *)field;
		if (ms >= def->min) {
			text_add(out, "; default ");
			options_add_duration(out, ms);
		}
		break;
	case OPTION_STATE:
		/* In lower case, as it is typed. */
		text_add(out, "; default ");
		for (const char *c = state_name(*(const enum state *)field);
			*c != '\0'; c++)
			text_printf(out, "%c", *c - 'A' + 'a');
		break;
	case OPTION_CHOICE:
		text_printf(
			out, "; default %s", def->choices[*(const int *)field]);
		break;
	case OPTION_STRING:
		if (*(const char *const *)field != NULL && !def->is_secret)
			text_printf(
				out, "default %s", *(const char *const *)field);
		break;
	case OPTION_FLAG:
	case OPTION_LIST:
	case OPTION_HEADING:
		break;
	}
}

/* "(1 to 20, default 3)" and the like. */
static void add_notes(struct text *out, const struct option_def *def,
	const struct settings *defaults)
{
	struct text notes;

	text_init(&notes, HELP_MAX);
	if (def->argument != NULL)
		options_add_permitted(&notes, def);
	add_default(&notes, def, defaults);
	if (notes.len > 0)
		text_printf(out, " (%s)", notes.data);
	text_release(&notes);
	if (def->is_required)
		text_add(out, " (required)");
	if (def->kind == OPTION_LIST)
		text_add(out, " (repeatable)");
	if (def->environment != NULL)
		text_printf(out, " (or from $%s)", def->environment);
}

static void add_option(struct text *out, const struct option_def *def,
	const struct settings *defaults)
{
	struct text left, help;
	size_t column;

	text_init(&left, LEFT_MAX);
	if (def->letter != '\0')
		text_printf(&left, "  -%c, --%s", def->letter, def->name);
	else
		text_printf(&left, "      --%s", def->name);
	if (def->argument != NULL)
		text_printf(&left, def->argument_is_optional ? "[=%s]" : "=%s",
			def->argument);
	text_add(out, left.data);
	column = text_characters(left.data);
	text_release(&left);
	if (column + 2 > HELP_COLUMN) {
		text_add(out, "\n");
		column = 0;
	}
	add_blanks(out, HELP_COLUMN - column);
	text_init(&help, HELP_MAX);
	text_add(&help, def->help);
	add_notes(&help, def, defaults);
	add_wrapped(out, help.data, HELP_COLUMN, HELP_COLUMN);
	text_release(&help);
}

static void add_thresholds(struct text *out, const struct plugin *plugin)
{
	struct text about;

	text_init(&about, HELP_MAX);
	text_add(&about,
		"RANGE is [@][START:][END]: alert outside of it, with @ "
		"inside, ends included; START is 0 where left out and ~ for "
		"none; bounds are numbers or durations (90s, 10m, 2d). "
		"METRIC is a name from --list-metrics");
	if (plugin->n_metrics > 0) {
		const struct metric_def *headline = &plugin->metrics[0];

		text_printf(&about, ", %s (%s) where it is left out",
			headline->name, headline->title);
		if (headline->less_is_worse)
			text_add(&about,
				"; of that less is worse, so N alone means "
				"N:");
	}
	text_add(&about, ".");
	text_add(out, "\n");
	add_wrapped(out, about.data, 0, 0);
	text_release(&about);
}

void help_print(struct text *out, const struct settings *defaults)
{
	const struct plugin *plugin = defaults->plugin;
	const struct option_def *def;

	add_wrapped(out, plugin->purpose, 0, 0);
	text_printf(out, "\nUsage: %s %s\n", plugin->name, plugin->synopsis);
	for (size_t i = 0; (def = options_at(plugin, i)) != NULL; i++) {
		if (def->kind == OPTION_HEADING)
			text_printf(out, "\n%s:\n", def->help);
		else if (i == 0)
			text_add(out, "\n");
		if (def->kind != OPTION_HEADING)
			add_option(out, def, defaults);
	}
	add_thresholds(out, plugin);
	text_add(out,
		"\nExit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, wrong "
		"usage, --help.\n");
}

void help_print_version(struct text *out, const struct plugin *plugin)
{
	text_printf(out, "%s (%s) %s\n", plugin->name, PACKAGE_NAME,
		PACKAGE_VERSION);
}

static const char *or_dash(const char *s)
{
	return s == NULL || *s == '\0' ? "-" : s;
}

void help_list_rules(struct text *out, const struct plugin *plugin)
{
	static const char *const states[] = { "ok", "warning", "critical",
		"unknown" };

	for (size_t i = 0; i < plugin->n_rules; i++) {
		const struct rule *rule = &plugin->rules[i];

		text_printf(out, "%s\t%s\t%s\t%s\t%s\n", rule->id,
			states[rule->state],
			rule->is_essential ? "essential" : "-",
			or_dash(rule->title), or_dash(rule->reference));
	}
}

static void list_metric(struct text *out, const struct plugin *plugin,
	const struct metric_def *metric)
{
	struct text flags;

	text_init(&flags, LEFT_MAX);
	if (plugin->n_metrics > 0 && metric == &plugin->metrics[0])
		text_add(&flags, ",headline");
	if (metric->less_is_worse)
		text_add(&flags, ",less-is-worse");
	if (metric->is_per_server)
		text_add(&flags, ",per-server");
	text_printf(out, "%s\t%s\t%s\t%s\n", metric->name,
		or_dash(metric->unit), flags.len > 0 ? flags.data + 1 : "-",
		or_dash(metric->title));
	text_release(&flags);
}

void help_list_metrics(struct text *out, const struct plugin *plugin)
{
	for (size_t i = 0; i < plugin->n_metrics; i++)
		list_metric(out, plugin, &plugin->metrics[i]);
	for (size_t i = 0; i < n_report_metrics; i++) {
		const char *name = report_metrics[i].name;

		if (metric_find(plugin, name, strlen(name)) ==
			&report_metrics[i])
			list_metric(out, plugin, &report_metrics[i]);
	}
}

void help_list_options(struct text *out, const struct plugin *plugin)
{
	static const char *const kinds[] = {
		[OPTION_FLAG] = "flag",
		[OPTION_STRING] = "string",
		[OPTION_LIST] = "list",
		[OPTION_UINT] = "uint",
		[OPTION_DURATION] = "duration",
		[OPTION_STATE] = "state",
		[OPTION_CHOICE] = "choice",
	};
	const struct option_def *def;

	for (size_t i = 0; (def = options_at(plugin, i)) != NULL; i++) {
		char letter[3] = "-";
		struct text permitted;

		if (def->kind == OPTION_HEADING)
			continue;
		if (def->letter != '\0')
			letter[1] = def->letter;
		text_init(&permitted, HELP_MAX);
		if (def->argument != NULL)
			options_add_permitted(&permitted, def);
		text_printf(out, "%s\t--%s\t%s\t%s\t%s\t%s\t%s\n", letter,
			def->name, kinds[def->kind], or_dash(def->argument),
			or_dash(permitted.data),
			def->is_required ? "required" : "-", def->help);
		text_release(&permitted);
	}
}
