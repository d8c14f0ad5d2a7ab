/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From argv to an exit code: the option table, extra-opts, start-up, the
 * deadline, and the single way out.
 *
 * A plugin is a const struct plugin and a main() of one line:
 *
 *	return cli_main(&check_example, argc, argv);
 */
#ifndef LIFELINE_CLI_CLI_H
#define LIFELINE_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/json.h"
#include "common/core/mem.h"
#include "common/judge/judge.h"

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_STRING,   /* const char * */
	OPTION_LIST,     /* struct string_list; repeatable */
	OPTION_UINT,     /* uint64_t within min and max; without an argument it
			counts how often it is given, up to max */
	OPTION_DURATION, /* int64_t milliseconds within min and max */
	OPTION_STATE,    /* enum state */
	OPTION_CHOICE,   /* int: index in choices */
	OPTION_HEADING,  /* --help only: help is a heading of a group */
};

struct string_list {
	const char **at;
	size_t n;
};

/*
 * One row of an option table. Help, the checks, the completion and
 * --list-options come from it; the manual is held to it by a test.
 */
struct option_def {
	enum option_kind kind;
	char letter;                /* 0: long form only */
	const char *name;           /* long form without the dashes */
	const char *argument;       /* "ZONE"; NULL for a flag */
	const char *help;           /* one line or more, wrapped by --help */
	size_t offset;              /* of the field in the plugin's config */
	int64_t min, max;           /* OPTION_UINT, OPTION_DURATION (ms) */
	const char *const *choices; /* OPTION_CHOICE, NULL-terminated */
	bool is_required;
	bool is_secret; /* a file that sets it must not be open to others */
	const char *environment;   /* read from there where argv has none */
	bool argument_is_optional; /* OPTION_LIST: "" where it has none */
	bool is_for_argv;          /* not to be set in a file */
	bool is_off_argv;          /* not in argv, which others can read */
};

/*
 * Standard options, the first member of every plugin's config. Which of -H
 * -p -4 -6 a plugin has is decided by its own table: those four are rows of
 * the plugin; all others below are common.
 */
struct cli_config {
	int64_t timeout_ms; /* -t */
	enum state timeout_result;
	uint64_t verbosity;        /* number of -v, at most 3 */
	int output;                /* enum cli_output */
	int perfdata;              /* enum cli_perfdata */
	struct string_list rules;  /* --rule, as typed */
	struct string_list labels; /* --label */
	/* -w and --warning [METRIC=]RANGE, as typed; without METRIC= it is for
	 * the headline metric. */
	struct string_list warnings, criticals;
	struct string_list extra_opts; /* [SECTION][@FILE] */
	struct string_list command;    /* behind "--"; see takes_command */
	bool permits_open_secrets;
	bool wants_help, wants_version;
	bool lists_rules, lists_metrics, lists_options;
};

enum cli_output {
	CLI_TEXT,
	CLI_JSON,
	CLI_PROMETHEUS,
};

enum cli_perfdata {
	CLI_PERFDATA_SUMMARY,
	CLI_PERFDATA_ALL,
};

/* What a plugin's run is given, and what it fills. */
struct run {
	const struct plugin *plugin;
	const void *config;              /* the plugin's own struct */
	const struct cli_config *common; /* its first member */
	struct arena *arena;
	int64_t start_us;    /* clock_mono_us() at the start of main */
	int64_t deadline_us; /* a little before -t, so that output fits */
	int64_t now_s;       /* wall clock, seconds since 1970, read once */
	int64_t start_ms;    /* the same at start_us, in milliseconds */

	struct judge judge;
	const char *subject; /* what line 1 is about: the zone ... */
	const char *summary; /* line 1 where nothing is wrong */
	/* What is to be said where something is wrong, too; or NULL. */
	const char *outlook;
	const void *facts; /* for write_json and write_trace */
	/* Set when the run can't do its work (memory, descriptors): one
	 * sentence; the result is UNKNOWN with it on line 1. */
	const char *failure;
	/* Set when the plugin has printed something else than a result (a
	 * --facts or the like): printed as it is, with exit code 3. */
	const char *raw_output;
};

struct plugin {
	const char *name;                 /* "check_dns_delegation" */
	const char *label;                /* "DNS DELEGATION": begins line 1 */
	const char *purpose;              /* one sentence for --help */
	const char *synopsis;             /* "-H ZONE [options]" */
	const struct option_def *options; /* ends with a zeroed row */
	/* Rows that several plugins share, behind its own; or NULL. */
	const struct option_def *shared_options;
	/* What stands behind "--" is a command with its arguments; of no other
	 * plugin there may be anything. check_config says what it is for. */
	bool takes_command;
	size_t config_size;
	void (*set_defaults)(void *config);
	/* Checks what no single option can; returns NULL, or one line. May
	 * be NULL. Strings go to the arena. */
	const char *(*check_config)(struct arena *arena, void *config);
	/* Gives back what check_config made outside of the arena, as far as it
	 * came; the last that is called. May be NULL. */
	void (*release)(void *config);
	const struct rule *rules; /* "threshold" among them */
	size_t n_rules;
	const struct metric_def *metrics; /* the first is the headline */
	size_t n_metrics;
	/* Gathers and judges: fills run->judge (already initialised), metrics
	 * included, and the fields of struct run below it. Thresholds, the
	 * metrics of every plugin and the report are the caller's. */
	void (*run)(struct run *run);
	/* The plugin's own members of the JSON result. May be NULL. */
	void (*write_json)(struct json *json, const struct run *run);
	/* Appends the lines of -v (1), -vv (2) and -vvv (3), each ended by
	 * '\n'. May be NULL. */
	void (*write_trace)(
		struct text *out, const struct run *run, unsigned verbosity);
};

/* Everything from argv to the exit code. */
int cli_main(const struct plugin *plugin, int argc, char **argv);

/* The common rows of the option table, ends with a zeroed row. */
extern const struct option_def cli_common_options[];

#endif
