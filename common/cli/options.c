/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The option parser. It is our own since getopt() writes to stderr, keeps
 * globals and accepts abbreviations, which break when an option is added.
 */
#include "config.h"

#include "common/cli/options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "common/core/num.h"

enum {
	ERROR_MAX = 600, /* bytes of a usage error */
};

/* Where the parser is in argv. */
struct cursor {
	int argc;
	char **argv;
	int i;
};

static size_t count_rows(const struct option_def *rows)
{
	size_t n = 0;

	while (rows != NULL && rows[n].help != NULL)
		n++;
	return n;
}

const struct option_def *options_at(const struct plugin *plugin, size_t i)
{
	const struct option_def *const tables[] = { plugin->options,
		plugin->shared_options, cli_common_options };

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		size_t n = count_rows(tables[t]);

		if (i < n)
			return &tables[t][i];
		i -= n;
	}
	return NULL;
}

const struct option_def *options_find_name(
	const struct plugin *plugin, const char *name, size_t len)
{
	const struct option_def *def;

	for (size_t i = 0; (def = options_at(plugin, i)) != NULL; i++) {
		if (def->kind != OPTION_HEADING && strlen(def->name) == len &&
			memcmp(def->name, name, len) == 0)
			return def;
	}
	return NULL;
}

const struct option_def *options_find_letter(
	const struct plugin *plugin, char letter)
{
	const struct option_def *def;

	for (size_t i = 0; (def = options_at(plugin, i)) != NULL; i++) {
		if (def->kind != OPTION_HEADING && def->letter != '\0' &&
			def->letter == letter)
			return def;
	}
	return NULL;
}

static size_t option_index(
	const struct plugin *plugin, const struct option_def *def)
{
	size_t i = 0;

	while (options_at(plugin, i) != def)
		i++;
	return i;
}

void settings_init(struct settings *settings, const struct plugin *plugin,
	struct arena *arena)
{
	size_t n = count_rows(plugin->options) +
		   count_rows(plugin->shared_options) +
		   count_rows(cli_common_options);
	struct cli_config *common;

	*settings = (struct settings){ .plugin = plugin, .arena = arena };
	settings->config = arena_alloc(arena, plugin->config_size);
	settings->is_set = arena_array(arena, n, sizeof(bool));
	common = settings->config;
	common->timeout_ms = 8000;
	common->timeout_result = STATE_UNKNOWN;
	if (plugin->set_defaults != NULL)
		plugin->set_defaults(settings->config);
}

void settings_fail(struct settings *settings, const char *fmt, ...)
{
	struct text text;
	va_list args;

	if (settings->error != NULL)
		return;
	text_init(&text, ERROR_MAX);
	va_start(args, fmt);
	text_vprintf(&text, fmt, args);
	va_end(args);
	settings->error = arena_strdup(settings->arena, text.data);
	text_release(&text);
}

void options_add_duration(struct text *out, int64_t ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "d", INT64_C(24) * 60 * 60 * 1000 },
		{ "h", INT64_C(60) * 60 * 1000 },
		{ "m", INT64_C(60) * 1000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ms >= units[i].ms && ms % units[i].ms == 0) {
			text_printf(out, "%" PRId64 "%s", ms / units[i].ms,
				units[i].unit);
			return;
		}
	}
	if (ms < 1000) {
		text_printf(out, "%" PRId64 "ms", ms);
		return;
	}
	text_add_number(out, (double)ms / 1000);
	text_add(out, "s");
}

void options_add_permitted(struct text *out, const struct option_def *def)
{
	switch (def->kind) {
	case OPTION_UINT:
		text_printf(out, "%" PRId64 " to %" PRId64, def->min, def->max);
		break;
	case OPTION_DURATION:
		options_add_duration(out, def->min);
		text_add(out, " to ");
		options_add_duration(out, def->max);
		break;
	case OPTION_STATE:
		text_add(out, "ok, warning, critical, unknown");
		break;
	case OPTION_CHOICE:
		for (size_t i = 0; def->choices[i] != NULL; i++)
			text_printf(out, "%s%s", i > 0 ? ", " : "",
				def->choices[i]);
		break;
	case OPTION_FLAG:
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_HEADING:
		break;
	}
}

static void append(
	struct arena *arena, struct string_list *list, const char *value)
{
	const char **at =
		arena_grow(arena, list->at, list->n, list->n + 1, sizeof(*at));

	at[list->n] = value;
	list->at = at;
	list->n++;
}

static bool find_choice(
	const struct option_def *def, const char *value, int *out)
{
	for (int i = 0; def->choices[i] != NULL; i++) {
		if (strcmp(def->choices[i], value) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* An option without a value. */
static void raise_flag(void *field, const struct option_def *def)
{
	if (def->kind != OPTION_UINT)
		*(bool *)field = true;
	else if (*(uint64_t *)field < (uint64_t)def->max)
		(*(uint64_t *)field)++;
}

/* Returns NULL, or what is wrong with the value. */
static const char *store(struct settings *settings,
	const struct option_def *def, void *field, const char *value)
{
	enum num_status status = NUM_OK;

	switch (def->kind) {
	case OPTION_STRING:
		*(const char **)field = value;
		break;
	case OPTION_LIST:
		append(settings->arena, field, value);
		break;
	case OPTION_UINT:
		status = num_parse_uint(
			value, (uint64_t)def->min, (uint64_t)def->max, field);
		break;
	case OPTION_DURATION:
		status = num_parse_duration(value, def->min, def->max, field);
		break;
	case OPTION_STATE:
		return state_parse(value, field) ? NULL : "is no state";
	case OPTION_CHOICE:
		return find_choice(def, value, field) ? NULL : "is no choice";
	case OPTION_FLAG:
	case OPTION_HEADING:
		break;
	}
	return status == NUM_OK ? NULL : num_status_text(status);
}

void settings_set(struct settings *settings, const struct option_def *def,
	const char *shown, const char *value)
{
	void *field = (char *)settings->config + def->offset;
	struct text permitted;
	const char *wrong;

	if ((def->argument != NULL) != (value != NULL)) {
		if (value != NULL)
			settings_fail(settings, "%s takes no value", shown);
		else
			settings_fail(settings, "%s needs a value: %s", shown,
				def->argument);
		return;
	}
	settings->is_set[option_index(settings->plugin, def)] = true;
	if (value == NULL) {
		raise_flag(field, def);
		return;
	}
	wrong = store(settings, def, field, value);
	if (wrong == NULL)
		return;
	text_init(&permitted, ERROR_MAX);
	options_add_permitted(&permitted, def);
	settings_fail(settings, "%s %.40s: %s; permitted: %s", shown,
		def->is_secret ? "(secret)" : value, wrong, permitted.data);
	text_release(&permitted);
}

static const char *next_argument(struct cursor *cursor)
{
	if (cursor->i + 1 >= cursor->argc)
		return NULL;
	return cursor->argv[++cursor->i];
}

/* The value that stands in an argument of its own, or NULL. */
static const char *separate_value(
	struct cursor *cursor, const struct option_def *def)
{
	const char *next;

	if (def->argument == NULL)
		return NULL;
	if (!def->argument_is_optional)
		return next_argument(cursor);
	next = cursor->i + 1 < cursor->argc ? cursor->argv[cursor->i + 1] : "-";
	return next[0] == '-' ? "" : next_argument(cursor);
}

/* What the option is given in argv; value may be NULL. */
static void set_by_argv(struct settings *settings, const struct option_def *def,
	const char *shown, const char *value)
{
	if (!def->is_off_argv)
		settings_set(settings, def, shown, value);
	else
		settings_fail(settings,
			"%s can't be given here, where others can read it; "
			"permitted: --extra-opts%s%s",
			shown, def->environment ? ", $" : "",
			def->environment ? def->environment : "");
}

static void read_long(struct settings *settings, struct cursor *cursor)
{
	const char *arg = cursor->argv[cursor->i];
	size_t len = strcspn(arg + 2, "=");
	const struct option_def *def =
		options_find_name(settings->plugin, arg + 2, len);
	const char *shown =
		arena_strndup(settings->arena, arg, len + strlen("--"));

	if (def == NULL)
		settings_fail(settings, "%s is no option", shown);
	else if (arg[2 + len] == '=')
		set_by_argv(settings, def, shown, arg + 2 + len + 1);
	else
		set_by_argv(settings, def, shown, separate_value(cursor, def));
}

/* "-vvt5": letters, until one takes the rest as its value. */
static void read_letters(struct settings *settings, struct cursor *cursor)
{
	const char *arg = cursor->argv[cursor->i];

	for (size_t at = 1; arg[at] != '\0'; at++) {
		const struct option_def *def =
			options_find_letter(settings->plugin, arg[at]);
		size_t len = text_utf8_len(arg + at);
		const char *shown = arena_printf(settings->arena, "-%.*s",
			(int)(len > 0 ? len : 1), arg + at);

		if (def == NULL) {
			settings_fail(settings, "%s is no option", shown);
			return;
		}
		if (def->argument != NULL) {
			set_by_argv(settings, def, shown,
				arg[at + 1] != '\0'
					? arg + at + 1
					: separate_value(cursor, def));
			return;
		}
		set_by_argv(settings, def, shown, NULL);
	}
}

/* All that is left, behind "--". */
static void read_rest(struct settings *settings, struct cursor *cursor)
{
	struct cli_config *common = settings->config;
	const char *arg;

	while ((arg = next_argument(cursor)) != NULL) {
		if (settings->plugin->takes_command)
			append(settings->arena, &common->command, arg);
		else
			settings_fail(settings,
				"%s: only options are permitted", arg);
	}
}

void settings_read_argv(struct settings *settings, int argc, char **argv)
{
	struct cursor cursor = { argc, argv, 1 };

	for (int i = 1; i < argc; i++) {
		if (!text_is_utf8(argv[i]))
			settings_fail(
				settings, "argument %d is not valid UTF-8", i);
	}
	for (; cursor.i < argc; cursor.i++) {
		const char *arg = argv[cursor.i];

		if (strcmp(arg, "--") == 0) {
			read_rest(settings, &cursor);
			return;
		}
		if (strncmp(arg, "--", 2) == 0)
			read_long(settings, &cursor);
		else if (arg[0] == '-' && arg[1] != '\0')
			read_letters(settings, &cursor);
		else
			settings_fail(settings,
				"%s: only options are permitted", arg);
	}
}
