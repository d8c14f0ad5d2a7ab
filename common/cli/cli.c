/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frame of every plugin: start up, read the options, let the plugin run,
 * report, and go out by the one door.
 */
#include "config.h"

#include "common/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/cli/extra_opts.h"
#include "common/cli/help.h"
#include "common/cli/options.h"
#include "common/core/clock.h"
#include "common/report/report.h"

enum {
	ARENA_MAX = 128 * 1024 * 1024, /* bytes that a run may remember */
	EXIT_USAGE = 3,
	OUTPUT_US = 40 * 1000, /* kept of -t for judging and printing */
};

#define COMMON(field) offsetof(struct cli_config, field)

static const char *const outputs[] = { "text", "json", "prometheus", NULL };
static const char *const perfdatas[] = { "summary", "all", NULL };

const struct option_def cli_common_options[] = {
	{
		.kind = OPTION_HEADING,
		.help = "Options of every plugin",
	},
	{
		.kind = OPTION_DURATION,
		.letter = 't',
		.name = "timeout",
		.argument = "DURATION",
		.help = "end by itself after this long",
		.offset = COMMON(timeout_ms),
		.min = 100,
		.max = 10 * 60 * 1000,
	},
	{
		.kind = OPTION_STATE,
		.name = "timeout-result",
		.argument = "STATE",
		.help = "at least this state where the timeout left an "
			"essential rule not judged",
		.offset = COMMON(timeout_result),
	},
	{
		.kind = OPTION_LIST,
		.letter = 'w',
		.name = "warning",
		.argument = "[METRIC=]RANGE",
		.help = "WARNING where METRIC is outside RANGE",
		.offset = COMMON(warnings),
	},
	{
		.kind = OPTION_LIST,
		.letter = 'c',
		.name = "critical",
		.argument = "[METRIC=]RANGE",
		.help = "CRITICAL where METRIC is outside RANGE",
		.offset = COMMON(criticals),
	},
	{
		.kind = OPTION_LIST,
		.name = "rule",
		.argument = "ID[@CULPRIT]=STATE",
		.help = "findings of rule ID get STATE, one of ok, warning, "
			"critical, unknown, ignore; with CULPRIT only those "
			"about this name, address or prefix",
		.offset = COMMON(rules),
	},
	{
		.kind = OPTION_CHOICE,
		.name = "output",
		.argument = "FORMAT",
		.help = "what to print",
		.choices = outputs,
		.offset = COMMON(output),
	},
	{
		.kind = OPTION_CHOICE,
		.name = "perfdata",
		.argument = "WHICH",
		.help = "metrics of the whole, or those of each server too",
		.choices = perfdatas,
		.offset = COMMON(perfdata),
	},
	{
		.kind = OPTION_LIST,
		.name = "label",
		.argument = "NAME=VALUE",
		.help = "a label more for each sample of --output=prometheus, "
			"to tell two checks of one subject apart",
		.offset = COMMON(labels),
	},
	{
		.kind = OPTION_LIST,
		.name = "extra-opts",
		.argument = "[SECTION][@FILE]",
		.argument_is_optional = true,
		.is_for_argv = true,
		.help = "read options from a file of the Monitoring Plugins' "
			"format; those given here win",
		.offset = COMMON(extra_opts),
	},
	{
		.kind = OPTION_FLAG,
		.name = "permit-open-secrets",
		.help = "let a file that others can read set a secret",
		.offset = COMMON(permits_open_secrets),
	},
	{
		.kind = OPTION_UINT,
		.letter = 'v',
		.name = "verbose",
		.help = "say more; up to three times",
		.offset = COMMON(verbosity),
		.max = 3,
	},
	{
		.kind = OPTION_FLAG,
		.name = "list-rules",
		.help = "print the rules, a line each, and exit",
		.is_for_argv = true,
		.offset = COMMON(lists_rules),
	},
	{
		.kind = OPTION_FLAG,
		.name = "list-metrics",
		.help = "print the metrics, a line each, and exit",
		.is_for_argv = true,
		.offset = COMMON(lists_metrics),
	},
	{
		.kind = OPTION_FLAG,
		.name = "list-options",
		.help = "print the options, a line each, and exit",
		.is_for_argv = true,
		.offset = COMMON(lists_options),
	},
	{
		.kind = OPTION_FLAG,
		.letter = 'V',
		.name = "version",
		.help = "print the version and exit",
		.is_for_argv = true,
		.offset = COMMON(wants_version),
	},
	{
		.kind = OPTION_FLAG,
		.letter = 'h',
		.name = "help",
		.help = "print this help and exit",
		.is_for_argv = true,
		.offset = COMMON(wants_help),
	},
	{ .help = NULL },
};

/* One start of a plugin, from argv to the exit code. */
struct start {
	const struct plugin *plugin;
	struct arena *arena;
	int64_t start_us;
	struct settings settings;
	const struct cli_config *common;
	struct override *overrides;
	size_t n_overrides;
	struct threshold *thresholds;
	size_t n_thresholds;
};

/*
 * A descriptor from 0 to 2 that is closed would be given to the first socket,
 * and the result be written to the network. Read-only, so that a write to a
 * closed standard output still fails.
 */
static void guard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", O_RDONLY);
	}
}

static void read_environment(struct settings *settings)
{
	const struct option_def *def;

	for (size_t i = 0; (def = options_at(settings->plugin, i)) != NULL;
		i++) {
		const char *value;

		if (def->environment == NULL || settings->is_set[i])
			continue;
		value = getenv(def->environment);
		if (value == NULL || *value == '\0')
			continue;
		if (!text_is_utf8(value))
			settings_fail(settings, "$%s is not valid UTF-8",
				def->environment);
		else
			settings_set(settings, def,
				arena_printf(settings->arena, "$%s",
					def->environment),
				value);
	}
}

static void check_required(struct settings *settings)
{
	const struct option_def *def;

	for (size_t i = 0; (def = options_at(settings->plugin, i)) != NULL;
		i++) {
		if (!def->is_required || settings->is_set[i])
			continue;
		if (def->letter != '\0')
			settings_fail(settings, "-%c %s (--%s) is missing",
				def->letter, def->argument, def->name);
		else
			settings_fail(settings, "--%s %s is missing", def->name,
				def->argument);
	}
}

/*
 * Twice over argv: it says which files to read, and yet comes after them, so
 * that it wins.
 */
static void read_options(struct start *start, int argc, char **argv)
{
	struct settings first;
	const struct cli_config *common;
	struct settings *settings = &start->settings;

	settings_init(&first, start->plugin, start->arena);
	settings_read_argv(&first, argc, argv);
	common = first.config;
	start->common = common;
	if (common->extra_opts.n == 0 || first.error != NULL ||
		common->wants_help || common->wants_version) {
		*settings = first;
	} else {
		settings_init(settings, start->plugin, start->arena);
		for (size_t i = 0; i < common->extra_opts.n; i++)
			extra_opts_read(settings, common->extra_opts.at[i],
				start->start_us + common->timeout_ms * 1000);
		settings_read_argv(settings, argc, argv);
		start->common = settings->config;
	}
	read_environment(settings);
}

static void check_options(struct start *start)
{
	struct settings *settings = &start->settings;
	const struct string_list *labels = &start->common->labels;
	const char *wrong;
	size_t which;

	check_required(settings);
	if (settings->open_secret != NULL &&
		!start->common->permits_open_secrets)
		settings_fail(settings, "%s", settings->open_secret);
	wrong = report_check_labels(labels->at, labels->n, &which);
	if (wrong != NULL)
		settings_fail(
			settings, "--label %s: %s", labels->at[which], wrong);
	if (settings->error != NULL || start->plugin->check_config == NULL)
		return;
	wrong = start->plugin->check_config(start->arena, settings->config);
	if (wrong != NULL)
		settings_fail(settings, "%s", wrong);
}

static void read_overrides(struct start *start)
{
	const struct string_list *rules = &start->common->rules;
	const struct plugin *plugin = start->plugin;

	start->overrides = arena_array(
		start->arena, rules->n + 1, sizeof(*start->overrides));
	for (size_t i = 0; i < rules->n; i++) {
		const char *wrong = override_parse(start->arena, plugin->rules,
			plugin->n_rules, rules->at[i], &start->overrides[i]);

		if (wrong != NULL)
			settings_fail(&start->settings, "--rule %s: %s",
				rules->at[i], wrong);
	}
	start->n_overrides = rules->n;
}

/* The threshold of a metric, made where there is none; there is room. */
static struct threshold *threshold_of(
	struct start *start, const struct metric_def *def)
{
	for (size_t i = 0; i < start->n_thresholds; i++) {
		if (start->thresholds[i].def == def)
			return &start->thresholds[i];
	}
	start->thresholds[start->n_thresholds].def = def;
	return &start->thresholds[start->n_thresholds++];
}

static void read_threshold(
	struct start *start, const char *typed, bool is_critical)
{
	const struct plugin *plugin = start->plugin;
	const char *shown = is_critical ? "--critical" : "--warning";
	const char *equals = strchr(typed, '=');
	const struct metric_def *def;
	struct threshold *threshold;
	const char *wrong;

	if (equals != NULL)
		def = metric_find(plugin, typed, (size_t)(equals - typed));
	else
		def = plugin->n_metrics > 0 ? &plugin->metrics[0] : NULL;
	if (def == NULL) {
		settings_fail(&start->settings,
			"%s %s: is no metric; permitted: those of "
			"--list-metrics",
			shown, typed);
		return;
	}
	threshold = threshold_of(start, def);
	wrong = range_parse(equals != NULL ? equals + 1 : typed,
		def->less_is_worse,
		is_critical ? &threshold->critical : &threshold->warning);
	if (wrong != NULL)
		settings_fail(
			&start->settings, "%s %s: %s", shown, typed, wrong);
}

static void read_thresholds(struct start *start)
{
	const struct string_list *warnings = &start->common->warnings;
	const struct string_list *criticals = &start->common->criticals;

	start->thresholds = arena_array(start->arena,
		warnings->n + criticals->n + 1, sizeof(*start->thresholds));
	for (size_t i = 0; i < warnings->n; i++)
		read_threshold(start, warnings->at[i], false);
	for (size_t i = 0; i < criticals->n; i++)
		read_threshold(start, criticals->at[i], true);
}

/* What only wants a table printed; false where a run is wanted. */
static bool print_tables(struct start *start, struct text *out)
{
	const struct cli_config *common = start->common;
	struct settings defaults;

	if (common->wants_help) {
		settings_init(&defaults, start->plugin, start->arena);
		help_print(out, &defaults);
	} else if (common->wants_version) {
		help_print_version(out, start->plugin);
	} else if (start->settings.error != NULL) {
		return false;
	} else if (common->lists_rules) {
		help_list_rules(out, start->plugin);
	} else if (common->lists_metrics) {
		help_list_metrics(out, start->plugin);
	} else if (common->lists_options) {
		help_list_options(out, start->plugin);
	} else {
		return false;
	}
	return true;
}

static void print_usage_error(struct text *out, const struct start *start)
{
	static const char tail[] = "; see --help";
	size_t used;

	text_printf(out, "%s UNKNOWN - ", start->plugin->label);
	used = text_characters(out->data) + sizeof(tail);
	report_add_cut(out, start->settings.error,
		used < REPORT_LINE_MAX ? REPORT_LINE_MAX - used : 0);
	text_printf(out, "%s\n", tail);
}

static void write_json(struct json *json, const void *arg)
{
	const struct run *run = arg;

	run->plugin->write_json(json, run);
}

static enum state (*const reporters[])(
	struct text *out, const struct report *report) = {
	[CLI_TEXT] = report_text,
	[CLI_JSON] = report_json,
	[CLI_PROMETHEUS] = report_prometheus,
};

static int report_run(
	const struct start *start, struct run *run, struct text *out)
{
	const struct plugin *plugin = start->plugin;
	struct report report = {
		.plugin = plugin->name,
		.version = PACKAGE_VERSION,
		.label = plugin->label,
		.subject = run->subject,
		.summary = run->summary,
		.outlook = run->outlook,
		.failure = run->failure,
		.judge = &run->judge,
		.thresholds = start->thresholds,
		.n_thresholds = start->n_thresholds,
		.verbosity = (unsigned)start->common->verbosity,
		.all_perfdata = start->common->perfdata == CLI_PERFDATA_ALL,
		.labels = start->common->labels.at,
		.n_labels = start->common->labels.n,
		.duration_us = clock_mono_us() - start->start_us,
		.now_s = run->now_s,
		.write_json = plugin->write_json != NULL ? write_json : NULL,
		.write_json_arg = run,
	};
	struct text trace;
	enum state state;

	report_measure(&run->judge, report.duration_us);
	judge_thresholds(&run->judge, start->thresholds, start->n_thresholds);
	judge_sort(&run->judge);
	text_init(&trace, REPORT_OUTPUT_MAX);
	if (plugin->write_trace != NULL && report.verbosity > 0)
		plugin->write_trace(&trace, run, report.verbosity);
	report.trace = trace.data;
	state = reporters[start->common->output](out, &report);
	text_release(&trace);
	return (int)state;
}

static int run_plugin(const struct start *start, struct text *out)
{
	const struct plugin *plugin = start->plugin;
	struct timespec now = { 0, 0 };
	struct run run = {
		.plugin = plugin,
		.config = start->settings.config,
		.common = start->common,
		.arena = start->arena,
		.start_us = start->start_us,
		.deadline_us = start->start_us +
			       start->common->timeout_ms * 1000 - OUTPUT_US,
	};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	run.now_s = now.tv_sec;
	run.start_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 -
		       (clock_mono_us() - start->start_us) / 1000;
	judge_init(&run.judge, start->arena, plugin->rules, plugin->n_rules,
		start->overrides, start->n_overrides);
	plugin->run(&run);
	if (run.raw_output != NULL) {
		text_add(out, run.raw_output);
		return EXIT_USAGE;
	}
	return report_run(start, &run, out);
}

static int answer(struct start *start, int argc, char **argv, struct text *out)
{
	read_options(start, argc, argv);
	if (print_tables(start, out))
		return EXIT_USAGE;
	check_options(start);
	read_overrides(start);
	read_thresholds(start);
	if (start->settings.error != NULL) {
		print_usage_error(out, start);
		return EXIT_USAGE;
	}
	return run_plugin(start, out);
}

int cli_main(const struct plugin *plugin, int argc, char **argv)
{
	struct start start = {
		.plugin = plugin,
		.start_us = clock_mono_us(),
	};
	struct text out;
	/* It would hold passwords and keys. */
	struct rlimit no_core = { 0, 0 };
	int code;

	guard_descriptors();
	(void)setrlimit(RLIMIT_CORE, &no_core);
	/* A peer or a reader that goes away is an error of write(). */
	(void)signal(SIGPIPE, SIG_IGN);
	/* The same for a state file past "ulimit -f". */
	(void)signal(SIGXFSZ, SIG_IGN);
	start.arena = arena_new(ARENA_MAX);
	text_init(&out, REPORT_OUTPUT_MAX);
	code = answer(&start, argc, argv, &out);
	/* What could not be told is UNKNOWN, unless it was worse. */
	if (!report_write(&out))
		code = (int)state_worst((enum state)code, STATE_UNKNOWN);
	text_release(&out);
	if (plugin->release != NULL)
		plugin->release(start.settings.config);
	arena_free(start.arena);
	return code;
}
