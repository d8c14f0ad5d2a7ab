/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_status_page: is the page reachable, is it the right page, is it
 * truthful, fresh and kept up to date?
 */
#include "config.h"

#include <string.h>

#include "common/core/clock.h"
#include "common/page/rules.h"
#include "common/pagecli/page_config.h"
#include "common/pagecli/page_past.h"

enum {
	SIZE_MAX_MAX = 64 * 1024 * 1024,
	LOCK_US = 1000 * 1000, /* another run holds it for milliseconds */
	FACTS_MAX = 16 * 1024 * 1024, /* bytes of --facts */
};

/* Ten years. */
#define LONG_MS (INT64_C(3650) * 86400 * 1000)

#define AT(field)          offsetof(struct page_config, field)
#define WARNING_AT(limit)  AT(limits[limit].warning_ms)
#define CRITICAL_AT(limit) AT(limits[limit].critical_ms)

static const char *const maintenance_choices[] = { "ok", "warning", "skip",
	NULL };

/* clang-format off */
#define DURATION(option, at, text) \
	{ .kind = OPTION_DURATION, .name = option, .argument = "DURATION", \
	  .offset = at, .min = 0, .max = LONG_MS, .help = text }

static const struct option_def options[] = {
	{ .kind = OPTION_STRING, .letter = 'u', .name = "url",
	  .argument = "URL", .offset = AT(url), .is_required = true,
	  .help = "the page, or the document of its API or feed" },
	{ .kind = OPTION_FLAG, .name = "own", .offset = AT(is_own),
	  .help = "the page is ours: all rules are asked, and where it can't "
		  "be reached that is critical; the default" },
	{ .kind = OPTION_FLAG, .name = "upstream", .offset = AT(is_upstream),
	  .help = "the page is a provider's: what it reports counts, and "
		  "where it can't be reached that is unknown" },
	{ .kind = OPTION_HEADING, .help = "What concerns us" },
	{ .kind = OPTION_LIST, .name = "component",
	  .argument = "ID|NAME|GROUP/NAME|~REGEX", .offset = AT(components),
	  .help = "judge this component alone, and what affects it" },
	{ .kind = OPTION_LIST, .name = "group",
	  .argument = "ID|NAME|~REGEX", .offset = AT(groups),
	  .help = "the same for all components of a group" },
	{ .kind = OPTION_LIST, .name = "ignore",
	  .argument = "ID|NAME|GROUP/NAME|~REGEX", .offset = AT(ignored),
	  .help = "leave out this component, group or incident" },
	{ .kind = OPTION_LIST, .name = "map", .argument = "WORD=STATE",
	  .offset = AT(maps),
	  .help = "what a word of the page for a state or an impact is worth: "
		  "ok, warning, critical or unknown" },
	{ .kind = OPTION_CHOICE, .name = "maintenance", .argument = "HOW",
	  .offset = AT(maintenance), .choices = maintenance_choices,
	  .help = "what a maintenance is: shown, warned of, or skipped" },
	{ .kind = OPTION_HEADING, .help = "Which page it has to be" },
	{ .kind = OPTION_STRING, .name = "format", .argument = "FORMAT",
	  .offset = AT(format),
	  .help = "read the document as this, whatever its shape" },
	{ .kind = OPTION_STRING, .name = "zone", .argument = "OFFSET",
	  .offset = AT(zone),
	  .help = "zone of times that have none: UTC, +02:00" },
	{ .kind = OPTION_STRING, .name = "page-id", .argument = "ID",
	  .offset = AT(page_id),
	  .help = "id that the page must have" },
	{ .kind = OPTION_STRING, .name = "page-name", .argument = "NAME",
	  .offset = AT(page_name),
	  .help = "name that the page must have" },
	{ .kind = OPTION_LIST, .name = "expect", .argument = "REGEX",
	  .offset = AT(expected),
	  .help = "text that an HTML page must have" },
	{ .kind = OPTION_LIST, .name = "reject", .argument = "REGEX",
	  .offset = AT(rejected),
	  .help = "text that an HTML page must not have" },
	{ .kind = OPTION_LIST, .name = "also", .argument = "URL",
	  .offset = AT(also),
	  .help = "the same page by another name, which must say the same" },
	{ .kind = OPTION_HEADING, .help = "How to reach it" },
	{ .kind = OPTION_FLAG, .letter = '4', .name = "use-ipv4",
	  .offset = AT(only_v4), .help = "use IPv4 only" },
	{ .kind = OPTION_FLAG, .letter = '6', .name = "use-ipv6",
	  .offset = AT(only_v6), .help = "use IPv6 only" },
	{ .kind = OPTION_LIST, .name = "address", .argument = "ADDRESS",
	  .offset = AT(addresses),
	  .help = "address of the page, instead of those its host has" },
	{ .kind = OPTION_LIST, .name = "resolver",
	  .argument = "ADDRESS[:PORT]", .offset = AT(resolvers),
	  .help = "resolver to ask, instead of those of this host" },
	{ .kind = OPTION_STRING, .name = "nat64", .argument = "PREFIX",
	  .offset = AT(nat64),
	  .help = "prefix of the translator of this network: an IPv6 address "
		  "with it counts as IPv4" },
	{ .kind = OPTION_STRING, .name = "ca-file", .argument = "FILE",
	  .offset = AT(ca_file),
	  .help = "CA certificates to trust, instead of those of this host" },
	{ .kind = OPTION_FLAG, .name = "permit-other-site",
	  .offset = AT(follows_sites),
	  .help = "follow redirects to another site, too" },
	{ .kind = OPTION_STRING, .name = "control", .argument = "URL",
	  .offset = AT(control),
	  .help = "URL that is known to answer: where that can't be reached "
		  "either, it says nothing of the page" },
	{ .kind = OPTION_UINT, .name = "max-size", .argument = "BYTES",
	  .offset = AT(max_size), .min = 1, .max = SIZE_MAX_MAX,
	  .help = "the largest document that is read" },
	DURATION("cert-warning", WARNING_AT(PAGE_LIMIT_CERT),
		"warn so long before a certificate ends"),
	DURATION("cert-critical", CRITICAL_AT(PAGE_LIMIT_CERT),
		"the same for critical"),
	DURATION("copy-warning", WARNING_AT(PAGE_LIMIT_CACHE),
		"warn where a copy is served that is older"),
	DURATION("copy-critical", CRITICAL_AT(PAGE_LIMIT_CACHE),
		"the same for critical"),
	{ .kind = OPTION_FLAG, .name = "rendered",
	  .offset = AT(wants_rendered),
	  .help = "take the time at which a page says it was made for the age "
		  "of the copy as well" },
	{ .kind = OPTION_UINT, .name = "size-warning", .argument = "BYTES",
	  .offset = AT(size_warning), .min = 1, .max = SIZE_MAX_MAX,
	  .help = "warn where an HTML page is larger" },
	{ .kind = OPTION_UINT, .name = "size-critical", .argument = "BYTES",
	  .offset = AT(size_critical), .min = 1, .max = SIZE_MAX_MAX,
	  .help = "the same for critical" },
	{ .kind = OPTION_HEADING, .help = "Whether it is kept up to date" },
	DURATION("silence-warning", WARNING_AT(PAGE_LIMIT_SILENCE),
		"warn where an open incident had no update for longer; four "
		"times that two hours after it began"),
	DURATION("silence-critical", CRITICAL_AT(PAGE_LIMIT_SILENCE),
		"the same for critical"),
	DURATION("limbo-warning", WARNING_AT(PAGE_LIMIT_LIMBO),
		"the same in \"monitoring\""),
	DURATION("limbo-critical", CRITICAL_AT(PAGE_LIMIT_LIMBO),
		"the same for critical"),
	DURATION("stale-warning", WARNING_AT(PAGE_LIMIT_STALE),
		"warn where an incident gets no further for longer"),
	DURATION("stale-critical", CRITICAL_AT(PAGE_LIMIT_STALE),
		"the same for critical"),
	DURATION("unexplained-warning", WARNING_AT(PAGE_LIMIT_STATELESS),
		"warn where a component is down for longer without an "
		"incident"),
	DURATION("unexplained-critical", CRITICAL_AT(PAGE_LIMIT_STATELESS),
		"the same for critical"),
	DURATION("overdue-warning", WARNING_AT(PAGE_LIMIT_OVERDUE),
		"warn where a maintenance is further behind its time"),
	DURATION("overdue-critical", CRITICAL_AT(PAGE_LIMIT_OVERDUE),
		"the same for critical"),
	{ .kind = OPTION_STRING, .name = "drill",
	  .argument = "ID|NAME|GROUP/NAME", .offset = AT(drill_component),
	  .help = "component that drills are posted to" },
	DURATION("drill-warning", WARNING_AT(PAGE_LIMIT_DRILL),
		"warn where the last drill is longer ago"),
	DURATION("drill-critical", CRITICAL_AT(PAGE_LIMIT_DRILL),
		"the same for critical"),
	DURATION("clock-skew", AT(clock_ms),
		"how far clocks may be apart"),
	{ .kind = OPTION_HEADING, .help = "Whether it is truthful" },
	{ .kind = OPTION_LIST, .name = "probe",
	  .argument = "[COMPONENT=]URL", .offset = AT(probes),
	  .help = "production, or what a component stands for: what it "
		  "answers is held against the page" },
	{ .kind = OPTION_LIST, .name = "probe-command",
	  .argument = "COMPONENT", .offset = AT(commands),
	  .argument_is_optional = true, .is_for_argv = true,
	  .help = "the same by a plugin: it stands behind all options, with "
		  "its arguments, after \"--\"; critical is down, unknown is "
		  "not judged" },
	DURATION("silent-after", AT(untruthful_ms),
		"critical where a probe fails for so long and the page says "
		"that all is well"),
	DURATION("first-post-warning", WARNING_AT(PAGE_LIMIT_FIRST_POST),
		"warn where a probe fails for longer and nothing was posted"),
	DURATION("first-post-critical", CRITICAL_AT(PAGE_LIMIT_FIRST_POST),
		"the same for critical"),
	DURATION("forgotten-after", AT(forgotten_ms),
		"warn where the page shows an outage so long after all probes "
		"recovered"),
	DURATION("stable", WARNING_AT(PAGE_LIMIT_STABLE),
		"how long a recovery must hold before an incident may be "
		"called resolved"),
	DURATION("relapse", CRITICAL_AT(PAGE_LIMIT_STABLE),
		"how long behind an all-clear a failure is a relapse"),
	{ .kind = OPTION_HEADING, .help = "What is remembered" },
	{ .kind = OPTION_STRING, .name = "state-dir", .argument = "DIRECTORY",
	  .offset = AT(state_dir), .environment = "LIFELINE_STATE_DIR",
	  .help = "where things are remembered" },
	{ .kind = OPTION_FLAG, .name = "no-state", .offset = AT(forgets),
	  .help = "remember nothing: what needs it is not judged" },
	{ .kind = OPTION_FLAG, .name = "facts", .offset = AT(prints_facts),
	  .help = "print what was gathered as JSON instead of judging it" },
	{ 0 },
};
/* clang-format on */

static void set_defaults(void *arg)
{
	page_config_defaults(arg);
}

static const char *check_config(struct arena *arena, void *arg)
{
	return page_config_check(arena, arg);
}

static void release(void *arg)
{
	page_config_release(arg);
}

static struct store_place place_of(const struct run *run)
{
	const struct page_config *config = run->config;
	bool is_chosen = config->state_dir && *config->state_dir;
	int64_t lock_us = clock_mono_us() + LOCK_US;

	return (struct store_place){
		.dir = is_chosen ? config->state_dir : LIFELINE_STATE_DIR,
		.is_chosen = is_chosen,
		.now_s = run->now_s,
		.deadline_us =
			lock_us < run->deadline_us ? lock_us : run->deadline_us,
	};
}

static struct page *new_page(struct run *run)
{
	const struct page_config *config = run->config;
	struct page *page = arena_alloc(run->arena, sizeof(*page));

	page->expect = config->expect;
	page->expect.now_s = run->now_s;
	page->control = config->given_control;
	page->probes = config->given_probes;
	page->n_probes = config->n_given_probes;
	page->n_also = config->also.n;
	page->also = arena_array(run->arena, page->n_also, sizeof(*page->also));
	return page;
}

static const char *gather(struct run *run, struct page *page)
{
	const struct page_config *config = run->config;
	struct page_gather_options all = config->gather;
	struct store_place place = place_of(run);
	const char *key = config->history_key;
	const char *why;

	all.start_us = run->start_us;
	all.deadline_us = run->deadline_us;
	if (!config->forgets)
		page_past_recall(run->arena, &place, key, page);
	why = page_gather(run->arena, &all, page);
	if (why)
		return why;
	place = place_of(run);
	if (config->forgets)
		page_past_forget(run->arena, page);
	else
		page_past_remember(run->arena, &place, key, page);
	return NULL;
}

static const char *print_facts(struct arena *arena, const struct page *page)
{
	struct text out;
	struct json json;
	const char *copy;

	text_init(&out, FACTS_MAX);
	json_init(&json, &out);
	json_open_object(&json, NULL);
	page_write_facts(&json, page);
	json_close_object(&json);
	text_add(&out, "\n");
	copy = arena_strdup(arena, out.data);
	text_release(&out);
	return copy;
}

static void run_check(struct run *run)
{
	const struct page_config *config = run->config;
	struct page *page = new_page(run);

	run->subject = config->gather.url.host;
	run->failure = gather(run, page);
	if (run->failure)
		return;
	run->facts = page;
	if (config->prints_facts) {
		run->raw_output = print_facts(run->arena, page);
		return;
	}
	judge_all(&run->judge, page);
	page_measure(&run->judge, page);
	if (page->timeout_stage)
		judge_timed_out(&run->judge, page->timeout_stage,
			run->common->timeout_result);
	run->summary = page_summary(run->arena, page);
}

static void write_json(struct json *json, const struct run *run)
{
	if (run->facts)
		page_write_json(json, run->facts);
}

static void write_trace(
	struct text *out, const struct run *run, unsigned verbosity)
{
	if (run->facts)
		page_write_trace(out, run->facts, verbosity);
}

int main(int argc, char **argv)
{
	const struct plugin check_status_page = {
		.name = "check_status_page",
		.label = "STATUS PAGE",
		.purpose = "Checks whether a status page is reachable, the "
			   "right page, truthful and kept up to date.",
		.synopsis = "-u URL [options] [--probe-command -- PLUGIN ...]",
		.options = options,
		.takes_command = true,
		.config_size = sizeof(struct page_config),
		.set_defaults = set_defaults,
		.check_config = check_config,
		.release = release,
		.rules = page_rules,
		.n_rules = n_page_rules,
		.metrics = page_metrics,
		.n_metrics = n_page_metrics,
		.run = run_check,
		.write_json = write_json,
		.write_trace = write_trace,
	};

	return cli_main(&check_status_page, argc, argv);
}
