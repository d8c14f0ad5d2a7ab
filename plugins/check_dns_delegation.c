/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_dns_delegation: does the parent hand out the name servers that the
 * zone has, and does each of them answer for it?
 */
#include "config.h"

#include <string.h>

#include "common/dnscli/dns_config.h"

enum {
	NAME_SERVERS_MAX = 1000, /* no zone has that many */
};

struct config {
	struct dns_config dns;
	struct string_list expected, given_ns, given_ds;
	uint64_t min_good, min_ns;
};

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct option_def options[] = {
	{ .kind = OPTION_STRING, .letter = 'H', .name = "hostname",
	  .argument = "ZONE", .offset = AT(dns.hostname), .is_required = true,
	  .help = "zone to check, as a name in any script" },
	{ .kind = OPTION_UINT, .name = "min-good", .argument = "NUMBER",
	  .offset = AT(min_good), .min = 0, .max = NAME_SERVERS_MAX,
	  .help = "good name servers wanted; fewer is critical" },
	{ .kind = OPTION_UINT, .name = "min-ns", .argument = "NUMBER",
	  .offset = AT(min_ns), .min = 0, .max = NAME_SERVERS_MAX,
	  .help = "name servers wanted in the delegation" },
	{ .kind = OPTION_LIST, .name = "expect-ns", .argument = "NAME[,...]",
	  .offset = AT(expected),
	  .help = "the exact set of name servers wanted" },
	{ .kind = OPTION_LIST, .name = "ns", .argument = "NAME[/ADDRESS]",
	  .offset = AT(given_ns),
	  .help = "judge a delegation before it is made: its name servers, "
		  "in place of what the parent says" },
	{ .kind = OPTION_LIST, .name = "ds",
	  .argument = "\"TAG ALG DIGEST HEX\"", .offset = AT(given_ds),
	  .help = "the same for its DS" },
	{ 0 },
};
/* clang-format on */

static void set_defaults(void *arg)
{
	struct config *config = arg;

	dns_config_defaults(&config->dns);
	config->min_good = 1;
	config->min_ns = 2;
}

/* Adds one name in its place, unless it is there. */
static void insert_name(struct dns_names *names, const char *name)
{
	size_t at = 0;

	while (at < names->n && dns_name_compare(names->at[at], name) < 0)
		at++;
	if (at < names->n && dns_name_compare(names->at[at], name) == 0)
		return;
	memmove(names->at + at + 1, names->at + at,
		(names->n - at) * sizeof(*names->at));
	names->at[at] = name;
	names->n++;
}

/* The names of one --expect-ns, cut at its commas. */
static const char *read_expected(
	struct arena *arena, const char *list, struct dns_names *names)
{
	size_t commas = 0;
	const char *at;

	for (at = list; *at; at++)
		commas += *at == ',';
	names->at = arena_grow(arena, names->at, names->n,
		names->n + commas + 1, sizeof(*names->at));
	for (at = list;; at++) {
		size_t len = strcspn(at, ",");
		char *typed = arena_strndup(arena, at, len);
		const char *name;
		const char *wrong = dnsnet_read_name(arena, typed, &name);

		if (wrong)
			return arena_printf(
				arena, "--expect-ns %s: %s", typed, wrong);
		insert_name(names, name);
		at += len;
		if (*at == '\0')
			return NULL;
	}
}

static const char *read_expect(struct arena *arena, struct config *config)
{
	struct delegation_expect *expect = &config->dns.expect;
	const char *wrong;
	size_t i;

	expect->min_good = config->min_good;
	expect->min_ns = config->min_ns;
	for (i = 0; i < config->expected.n; i++) {
		wrong = read_expected(
			arena, config->expected.at[i], &expect->ns);
		if (wrong)
			return wrong;
	}
	expect->ns.is_known = config->expected.n > 0;
	return NULL;
}

/* One --ns: a name, and one of its addresses behind a slash. */
static const char *read_given_ns(
	struct arena *arena, const char *typed, struct dns_given_ns *out)
{
	const char *slash = strchr(typed, '/');
	const char *name =
		slash ? arena_strndup(arena, typed, (size_t)(slash - typed))
		      : typed;
	const char *wrong = dnsnet_read_name(arena, name, &out->name);

	if (!wrong && slash && !dns_addr_parse(slash + 1, &out->addr))
		wrong = "has no address behind the slash";
	return wrong ? arena_printf(arena, "--ns: \"%s\" %s", typed, wrong)
		     : NULL;
}

static const char *read_given(struct arena *arena, struct config *config)
{
	struct dns_options *dns = &config->dns.dns;
	const struct string_list *ns = &config->given_ns;
	const struct string_list *ds = &config->given_ds;
	const char *wrong = NULL;
	size_t i;

	dns->n_given_ns = ns->n;
	dns->given_ns = arena_array(arena, ns->n, sizeof(*dns->given_ns));
	for (i = 0; i < ns->n && !wrong; i++)
		wrong = read_given_ns(arena, ns->at[i], &dns->given_ns[i]);
	if (wrong)
		return wrong;
	dns->n_given_ds = ds->n;
	dns->given_ds = arena_array(arena, ds->n, sizeof(*dns->given_ds));
	for (i = 0; i < ds->n; i++) {
		wrong = dns_ds_parse(arena, ds->at[i], &dns->given_ds[i]);
		if (wrong)
			return arena_printf(
				arena, "--ds: \"%s\" %s", ds->at[i], wrong);
	}
	return NULL;
}

static const char *check_config(struct arena *arena, void *arg)
{
	struct config *config = arg;
	const char *wrong = dns_config_check(arena, &config->dns);

	if (!wrong)
		wrong = read_expect(arena, config);
	if (!wrong)
		wrong = read_given(arena, config);
	return wrong;
}

static void write_facts(struct json *json, const void *facts)
{
	delegation_write_facts(json, facts);
}

static void run_check(struct run *run)
{
	const struct config *config = run->config;
	struct delegation *d = arena_alloc(run->arena, sizeof(*d));

	run->subject = config->dns.dns.zone;
	if (!dns_config_gather(run, d))
		return;
	run->facts = d;
	if (config->dns.prints_facts) {
		run->raw_output = dns_config_facts(run->arena, write_facts, d);
		return;
	}
	judge_all(&run->judge, d);
	delegation_measure(&run->judge, d);
	if (d->timeout_stage)
		judge_timed_out(&run->judge, d->timeout_stage,
			run->common->timeout_result);
	run->summary = delegation_summary(run->arena, d);
}

static void write_json(struct json *json, const struct run *run)
{
	if (run->facts)
		delegation_write_json(json, run->facts);
}

static void write_trace(
	struct text *out, const struct run *run, unsigned verbosity)
{
	if (run->facts)
		delegation_write_trace(out, run->facts, verbosity);
}

int main(int argc, char **argv)
{
	const struct plugin check_dns_delegation = {
		.name = "check_dns_delegation",
		.label = "DNS DELEGATION",
		.purpose = "Checks that the parent hands out the name servers "
			   "that the zone has, and that each of them answers "
			   "for it.",
		.synopsis = "-H ZONE [options]",
		.options = options,
		.shared_options = dns_config_options,
		.config_size = sizeof(struct config),
		.set_defaults = set_defaults,
		.check_config = check_config,
		.rules = delegation_rules,
		.n_rules = n_delegation_rules,
		.metrics = delegation_metrics,
		.n_metrics = n_delegation_metrics,
		.run = run_check,
		.write_json = write_json,
		.write_trace = write_trace,
	};

	return cli_main(&check_dns_delegation, argc, argv);
}
