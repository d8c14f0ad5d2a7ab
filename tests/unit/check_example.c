/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plugin for the tests only: it finds what it is told to find, so that the
 * whole way from argv to the exit code can be tested without a network. Not
 * installed.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cli/cli.h"
#include "common/loop/loop.h"

struct config {
	struct cli_config common;
	const char *host;
	const char *password;
	const char *answers; /* a file */
	int64_t cover_ms;
	uint64_t factor;
	uint64_t pin;
	uint64_t bulk;
	int mode;
	struct string_list servers;
	struct string_list silent, grave, remarks, blind;
	const char *unreached;
	const char *failure, *raw;
	bool hangs, exhausts;
};

#define FIELD(name) offsetof(struct config, name)

static const char *const modes[] = { "plain", "fancy", NULL };

static const struct option_def options[] = {
	{ .kind = OPTION_HEADING, .help = "What to check" },
	{ .kind = OPTION_STRING,
		.letter = 'H',
		.name = "host",
		.argument = "NAME",
		.help = "the subject",
		.offset = FIELD(host),
		.is_required = true },
	{ .kind = OPTION_STRING,
		.name = "password",
		.argument = "SECRET",
		.help = "a secret",
		.offset = FIELD(password),
		.is_secret = true,
		.environment = "EXAMPLE_PASSWORD" },
	{ .kind = OPTION_UINT,
		.name = "pin",
		.argument = "N",
		.help = "a secret number",
		.offset = FIELD(pin),
		.min = 0,
		.max = 9999,
		.is_secret = true },
	{ .kind = OPTION_STRING,
		.name = "answers",
		.argument = "FILE",
		.help = "a file that is not read",
		.offset = FIELD(answers) },
	{ .kind = OPTION_DURATION,
		.name = "cover",
		.argument = "DURATION",
		.help = "the value of the headline metric",
		.offset = FIELD(cover_ms),
		.min = 0,
		.max = 604800000 },
	{ .kind = OPTION_UINT,
		.letter = 'f',
		.name = "factor",
		.argument = "N",
		.help = "a number",
		.offset = FIELD(factor),
		.min = 1,
		.max = 20 },
	{ .kind = OPTION_CHOICE,
		.letter = 'm',
		.name = "mode",
		.argument = "MODE",
		.help = "a choice",
		.offset = FIELD(mode),
		.choices = modes },
	{ .kind = OPTION_LIST,
		.name = "server",
		.argument = "SERVER",
		.help = "a server that has a metric",
		.offset = FIELD(servers) },
	{ .kind = OPTION_HEADING, .help = "What to find" },
	{ .kind = OPTION_LIST,
		.name = "silent",
		.argument = "NAME[/ADDRESS]",
		.help = "finding of example-silent about this culprit",
		.offset = FIELD(silent) },
	{ .kind = OPTION_LIST,
		.name = "grave",
		.argument = "TEXT",
		.help = "finding of example-grave with this text",
		.offset = FIELD(grave) },
	{ .kind = OPTION_LIST,
		.name = "remark",
		.argument = "TEXT",
		.help = "finding of example-remark with this text",
		.offset = FIELD(remarks) },
	{ .kind = OPTION_LIST,
		.name = "blind",
		.argument = "REASON",
		.help = "why IPv6 is not judged",
		.offset = FIELD(blind) },
	{ .kind = OPTION_STRING,
		.name = "unreached",
		.argument = "REASON",
		.help = "why the essential rule is not judged",
		.offset = FIELD(unreached) },
	{ .kind = OPTION_STRING,
		.name = "failure",
		.argument = "TEXT",
		.help = "why the check can't be done",
		.offset = FIELD(failure) },
	{ .kind = OPTION_STRING,
		.name = "raw",
		.argument = "TEXT",
		.help = "print this alone",
		.offset = FIELD(raw) },
	{ .kind = OPTION_UINT,
		.name = "bulk",
		.argument = "N",
		.help = "members in the JSON",
		.offset = FIELD(bulk),
		.min = 0,
		.max = 1000000 },
	{ .kind = OPTION_FLAG,
		.name = "hang",
		.help = "wait for what never comes",
		.offset = FIELD(hangs) },
	{ .kind = OPTION_FLAG,
		.name = "exhaust",
		.help = "ask for all memory",
		.offset = FIELD(exhausts) },
	{ .help = NULL },
};

static void set_defaults(void *arg)
{
	struct config *config = arg;

	config->cover_ms = 86400000;
	config->factor = 4;
	config->answers = "answers.txt";
}

static const char *check_config(struct arena *arena, void *arg)
{
	struct config *config = arg;

	if (strchr(config->host, ' ') != NULL)
		return arena_printf(arena, "-H %s: has a blank", config->host);
	return NULL;
}

static void judge_silent(struct judge *judge, const void *facts)
{
	const struct config *config = facts;

	for (size_t i = 0; i < config->silent.n; i++) {
		const char *typed = config->silent.at[i];
		const char *slash = strchr(typed, '/');
		struct culprit culprit = { typed, NULL };

		if (slash != NULL) {
			culprit.name = arena_strndup(
				judge->arena, typed, (size_t)(slash - typed));
			culprit.address = slash + 1;
		}
		judge_finding(judge, culprit, "does not answer");
	}
}

static void find_texts(struct judge *judge, const struct string_list *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		judge_finding(judge, (struct culprit){ NULL, NULL }, "%s",
			texts->at[i]);
}

static void judge_grave(struct judge *judge, const void *facts)
{
	const struct config *config = facts;

	find_texts(judge, &config->grave);
}

static void judge_remark(struct judge *judge, const void *facts)
{
	const struct config *config = facts;

	find_texts(judge, &config->remarks);
}

static void judge_reached(struct judge *judge, const void *facts)
{
	const struct config *config = facts;

	if (config->unreached != NULL)
		judge_not_judged(judge, NULL, "%s", config->unreached);
}

static void judge_blind(struct judge *judge, const void *facts)
{
	const struct config *config = facts;

	for (size_t i = 0; i < config->blind.n; i++)
		judge_not_judged(judge, "IPv6", "%s", config->blind.at[i]);
}

static const struct rule rules[] = {
	{ "example-reached", STATE_CRITICAL, true, "the host is not reached",
		"RFC 1034 section 4.2", judge_reached },
	{ "example-grave", STATE_CRITICAL, false, "something grave", "",
		judge_grave },
	{ "example-silent", STATE_WARNING, false, "a server is silent",
		"RFC 1035 section 4.2", judge_silent },
	{ "example-remark", STATE_OK, false, "something to remark", "",
		judge_remark },
	{ "example-family", STATE_WARNING, false, "a family is not served",
		"RFC 3901 section 4", judge_blind },
	{ "threshold", STATE_WARNING, false, "a metric is outside its range",
		"", NULL },
};

enum {
	METRIC_COVER,
	METRIC_FACTOR,
	METRIC_SECRET,
	METRIC_DESCRIPTOR,
	METRIC_ANSWER,
	METRIC_NEVER,
	METRICS,
};

static const struct metric_def metrics[METRICS] = {
	[METRIC_COVER] = { "cover", "s", true, false, "time that is covered" },
	[METRIC_FACTOR] = { "factor", "", false, false, "a number" },
	[METRIC_SECRET] = { "secret", "B", false, false,
		"length of the secret" },
	[METRIC_DESCRIPTOR] = { "descriptor", "", false, false,
		"number of the first socket" },
	[METRIC_ANSWER] = { "answer", "s", false, true,
		"time that a server took" },
	[METRIC_NEVER] = { "never", "%", false, false, "never has a value" },
};

static void measure(struct run *run, const struct config *config)
{
	struct judge *judge = &run->judge;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	judge_metric(judge, &metrics[METRIC_COVER], NULL,
		(double)config->cover_ms / 1000);
	judge_metric(
		judge, &metrics[METRIC_FACTOR], NULL, (double)config->factor);
	judge_metric(judge, &metrics[METRIC_DESCRIPTOR], NULL, fd);
	if (fd >= 0)
		(void)close(fd);
	if (config->password != NULL)
		judge_metric(judge, &metrics[METRIC_SECRET], NULL,
			(double)strlen(config->password));
	for (size_t i = 0; i < config->servers.n; i++)
		judge_metric(judge, &metrics[METRIC_ANSWER],
			config->servers.at[i], 0.0125 * (double)(i + 1));
}

static void never_called(void *arg)
{
	(void)arg;
}

/* Waits in the loop, as a plugin does, until the deadline ends it. */
static bool wait_for_deadline(const struct run *run)
{
	struct loop *loop = loop_new(run->deadline_us);
	struct loop_timer timer = { 0 };
	bool has_ended =
		loop != NULL &&
		loop_timer_set(loop, &timer, run->deadline_us + 60000000,
			never_called, NULL) &&
		loop_run(loop) == LOOP_DEADLINE;

	loop_free(loop);
	return has_ended;
}

static void run_check(struct run *run)
{
	const struct config *config = run->config;

	run->subject = config->host;
	run->facts = config;
	run->failure = config->failure;
	run->raw_output = config->raw;
	run->summary = arena_printf(
		run->arena, "%s in %s mode", config->host, modes[config->mode]);
	if (config->exhausts)
		(void)arena_alloc(run->arena, SIZE_MAX / 2);
	if (config->hangs && wait_for_deadline(run))
		judge_timed_out(&run->judge, "waiting for the host",
			config->common.timeout_result);
	judge_all(&run->judge, config);
	measure(run, config);
}

static void write_json(struct json *json, const struct run *run)
{
	const struct config *config = run->config;

	json_open_array(json, "bulk");
	for (uint64_t i = 0; i < config->bulk; i++)
		json_add_string(json, NULL, config->host);
	json_close_array(json);
}

static void write_trace(
	struct text *out, const struct run *run, unsigned verbosity)
{
	const struct config *config = run->config;

	text_printf(out, "trace %u of %s | not=perfdata\n", verbosity,
		config->host);
	for (uint64_t i = 0; i < config->bulk; i++)
		text_printf(out, "line of the trace of %s\n", config->host);
}

int main(int argc, char **argv)
{
	const struct plugin check_example = {
		.name = "check_example",
		.label = "EXAMPLE",
		.purpose = "Finds what it is told to find.",
		.synopsis = "-H NAME [options]",
		.options = options,
		.config_size = sizeof(struct config),
		.set_defaults = set_defaults,
		.check_config = check_config,
		.rules = rules,
		.n_rules = sizeof(rules) / sizeof(rules[0]),
		.metrics = metrics,
		.n_metrics = METRICS,
		.run = run_check,
		.write_json = write_json,
		.write_trace = write_trace,
	};

	return cli_main(&check_example, argc, argv);
}
