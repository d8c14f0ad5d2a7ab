/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_dns_delegation: does the parent hand out the name servers that the
 * zone has, and does each of them answer for it?
 */
#include "config.h"

#include <string.h>

#include "common/cli/cli.h"
#include "common/core/num.h"
#include "common/dns/delegation.h"
#include "common/dnsnet/gather.h"

enum {
	FACTS_MAX = 4 * 1024 * 1024, /* bytes of --facts */
	NAME_SERVERS_MAX = 1000,     /* no zone has that many */
};

/* Ten years: longer than anybody signs for. */
#define SIGNATURE_LIFE_MAX_MS (INT64_C(3650) * 86400 * 1000)

struct config {
	struct cli_config common;
	const char *hostname;
	const char *root_hints;
	const char *parent_servers;
	const char *nat64;
	const char *asn_db;
	const char *trust_anchor;
	struct string_list parents, expected, permitted, given_ns, given_ds;
	uint64_t port, tries, min_good, min_ns;
	int64_t query_timeout_ms, sig_warning_ms, sig_critical_ms;
	bool only_v4, only_v6, prints_facts;

	/* What check_config() makes of them. */
	struct dns_options dns;
	struct delegation_expect expect;
};

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct option_def options[] = {
	{ .kind = OPTION_STRING, .letter = 'H', .name = "hostname",
	  .argument = "ZONE", .offset = AT(hostname), .is_required = true,
	  .help = "zone to check, as a name in any script" },
	{ .kind = OPTION_FLAG, .letter = '4', .name = "use-ipv4",
	  .offset = AT(only_v4), .help = "use IPv4 only" },
	{ .kind = OPTION_FLAG, .letter = '6', .name = "use-ipv6",
	  .offset = AT(only_v6), .help = "use IPv6 only" },
	{ .kind = OPTION_UINT, .letter = 'p', .name = "port",
	  .argument = "PORT", .offset = AT(port), .min = 1, .max = 65535,
	  .help = "port of all servers; other than 53 in a laboratory" },
	{ .kind = OPTION_STRING, .name = "root-hints", .argument = "FILE",
	  .offset = AT(root_hints),
	  .help = "root servers to start at, instead of the built-in ones" },
	{ .kind = OPTION_LIST, .name = "parent", .argument = "ADDRESS",
	  .offset = AT(parents),
	  .help = "address of a server of the parent zone to start at, "
		  "instead of the root" },
	{ .kind = OPTION_STRING, .name = "parent-servers",
	  .argument = "NUMBER|all", .offset = AT(parent_servers),
	  .help = "how many of the parent's name servers are asked" },
	{ .kind = OPTION_UINT, .name = "tries", .argument = "NUMBER",
	  .offset = AT(tries), .min = 1, .max = 10,
	  .help = "how often a query is sent before it counts as unanswered" },
	{ .kind = OPTION_DURATION, .name = "query-timeout",
	  .argument = "DURATION", .offset = AT(query_timeout_ms), .min = 10,
	  .max = 60000,
	  .help = "how long each try waits for its answer" },
	{ .kind = OPTION_STRING, .name = "nat64", .argument = "PREFIX",
	  .offset = AT(nat64),
	  .help = "reach IPv4 servers from a host with IPv6 only, through "
		  "the translator with this prefix" },
	{ .kind = OPTION_UINT, .name = "min-good", .argument = "NUMBER",
	  .offset = AT(min_good), .min = 0, .max = NAME_SERVERS_MAX,
	  .help = "good name servers wanted; fewer is critical" },
	{ .kind = OPTION_UINT, .name = "min-ns", .argument = "NUMBER",
	  .offset = AT(min_ns), .min = 0, .max = NAME_SERVERS_MAX,
	  .help = "name servers wanted in the delegation" },
	{ .kind = OPTION_LIST, .name = "expect-ns", .argument = "NAME[,...]",
	  .offset = AT(expected),
	  .help = "the exact set of name servers wanted" },
	{ .kind = OPTION_LIST, .name = "permit-address", .argument = "PREFIX",
	  .offset = AT(permitted),
	  .help = "addresses that are fine although the world can't reach "
		  "them" },
	{ .kind = OPTION_STRING, .name = "trust-anchor", .argument = "FILE",
	  .offset = AT(trust_anchor),
	  .help = "DS or DNSKEY records to trust, instead of the built-in "
		  "ones of the root" },
	{ .kind = OPTION_DURATION, .name = "sig-warning",
	  .argument = "DURATION", .offset = AT(sig_warning_ms), .min = 0,
	  .max = SIGNATURE_LIFE_MAX_MS,
	  .help = "warn so long before a signature ends, instead of at a "
		  "tenth of its lifetime" },
	{ .kind = OPTION_DURATION, .name = "sig-critical",
	  .argument = "DURATION", .offset = AT(sig_critical_ms), .min = 0,
	  .max = SIGNATURE_LIFE_MAX_MS,
	  .help = "the same for critical, instead of at 3 percent" },
	{ .kind = OPTION_LIST, .name = "ns", .argument = "NAME[/ADDRESS]",
	  .offset = AT(given_ns),
	  .help = "judge a delegation before it is made: its name servers, "
		  "in place of what the parent says" },
	{ .kind = OPTION_LIST, .name = "ds",
	  .argument = "\"TAG ALG DIGEST HEX\"", .offset = AT(given_ds),
	  .help = "the same for its DS" },
	{ .kind = OPTION_STRING, .name = "asn-db", .argument = "FILE",
	  .offset = AT(asn_db),
	  .help = "MaxMind DB of AS numbers, or a text table of PREFIX AS "
		  "lines" },
	{ .kind = OPTION_FLAG, .name = "facts", .offset = AT(prints_facts),
	  .help = "print what was gathered as JSON instead of judging it" },
	{ 0 },
};
/* clang-format on */

static void set_defaults(void *arg)
{
	struct config *config = arg;

	config->port = 53;
	config->tries = 3;
	config->query_timeout_ms = 1500;
	config->parent_servers = "4";
	config->min_good = 1;
	config->min_ns = 2;
	config->sig_warning_ms = config->sig_critical_ms = -1;
}

static const char *read_zone(struct arena *arena, struct config *config)
{
	const char *wrong =
		dnsnet_read_name(arena, config->hostname, &config->dns.zone);

	if (!wrong && strcmp(config->dns.zone, ".") == 0)
		wrong = "is the root, which has no parent";
	if (wrong)
		return arena_printf(
			arena, "-H %.64s: %s", config->hostname, wrong);
	config->dns.typed = config->hostname;
	return NULL;
}

static const char *read_start(struct arena *arena, struct config *config)
{
	struct dns_options *dns = &config->dns;
	struct dns_hint *hints = NULL;
	const char *wrong;
	size_t i;

	dns->parents =
		arena_array(arena, config->parents.n, sizeof(*dns->parents));
	for (i = 0; i < config->parents.n; i++)
		if (!dns_addr_parse(config->parents.at[i], &dns->parents[i]))
			return arena_printf(arena,
				"--parent %s: is not an address",
				config->parents.at[i]);
	dns->n_parents = config->parents.n;
	if (!config->root_hints) {
		dns->hints = dns_root_hints;
		dns->n_hints = n_dns_root_hints;
		return NULL;
	}
	wrong = dnsnet_read_hints(
		arena, config->root_hints, &hints, &dns->n_hints);
	dns->hints = hints;
	return wrong ? arena_printf(arena, "--root-hints %s: %s",
			       config->root_hints, wrong)
		     : NULL;
}

static const char *read_reach(struct arena *arena, struct config *config)
{
	static const char lengths[] = "32, 40, 48, 56, 64 or 96";
	struct dns_prefix *nat64 = &config->dns.nat64;
	uint64_t servers = 0;

	if (config->only_v4 && config->only_v6)
		return "-4 -6: only one of them can be given";
	if (strcmp(config->parent_servers, "all") != 0 &&
		num_parse_uint(config->parent_servers, 1, NAME_SERVERS_MAX,
			&servers) != NUM_OK)
		return arena_printf(arena,
			"--parent-servers %s: is neither a number from 1 "
			"to %d nor \"all\"",
			config->parent_servers, NAME_SERVERS_MAX);
	config->dns.parent_servers = (unsigned)servers;
	if (!config->nat64)
		return NULL;
	if (!dns_prefix_parse(config->nat64, nat64) ||
		nat64->addr.family != 6 ||
		(nat64->length != 96 &&
			(nat64->length < 32 || nat64->length > 64 ||
				nat64->length % 8 != 0)))
		return arena_printf(arena,
			"--nat64 %s: is not an IPv6 prefix of the length "
			"%s (RFC 6052)",
			config->nat64, lengths);
	return NULL;
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
	struct delegation_expect *expect = &config->expect;
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
	expect->permitted = arena_array(
		arena, config->permitted.n, sizeof(*expect->permitted));
	for (i = 0; i < config->permitted.n; i++)
		if (!dns_prefix_parse(
			    config->permitted.at[i], &expect->permitted[i]))
			return arena_printf(arena,
				"--permit-address %s: is not a prefix "
				"(ADDRESS/LENGTH)",
				config->permitted.at[i]);
	expect->n_permitted = config->permitted.n;
	return NULL;
}

static const char *read_anchors(struct arena *arena, struct config *config)
{
	struct dns_options *dns = &config->dns;
	struct dns_anchor *anchors = arena_alloc(arena, sizeof(*anchors));
	const char *wrong = NULL;

	if (config->trust_anchor) {
		wrong = dnsnet_read_anchors(
			arena, config->trust_anchor, &anchors, &dns->n_anchors);
	} else if (config->parents.n == 0) {
		*anchors = dnsnet_root_anchor(arena);
		dns->n_anchors = 1;
	}
	dns->anchors = anchors;
	return wrong ? arena_printf(arena, "--trust-anchor: \"%s\" %s",
			       config->trust_anchor, wrong)
		     : NULL;
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
	struct dns_options *dns = &config->dns;
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

static int64_t in_seconds(int64_t ms)
{
	return ms < 0 ? -1 : ms / 1000;
}

/* A table that can't be read is told before anything is asked. */
static const char *try_asn_db(struct arena *arena, struct config *config)
{
	struct delegation nothing = { 0 };
	const char *wrong = NULL;

	if (config->asn_db)
		wrong = dnsnet_asn(arena, config->asn_db, &nothing);
	return wrong ? arena_printf(arena, "--asn-db: \"%s\" %s",
			       config->asn_db, wrong)
		     : NULL;
}

static const char *check_config(struct arena *arena, void *arg)
{
	struct config *config = arg;
	const char *wrong = read_zone(arena, config);

	if (!wrong)
		wrong = read_start(arena, config);
	if (!wrong)
		wrong = read_reach(arena, config);
	if (!wrong)
		wrong = read_expect(arena, config);
	if (!wrong)
		wrong = read_anchors(arena, config);
	if (!wrong)
		wrong = read_given(arena, config);
	if (!wrong)
		wrong = try_asn_db(arena, config);
	config->expect.sig_warning_s = in_seconds(config->sig_warning_ms);
	config->expect.sig_critical_s = in_seconds(config->sig_critical_ms);
	/* Behind a translator IPv4 is reached over IPv6. */
	config->dns.use_v4 = !config->only_v6 || config->nat64;
	config->dns.use_v6 = !config->only_v4;
	config->dns.tries = (unsigned)config->tries;
	config->dns.query_timeout_us = config->query_timeout_ms * 1000;
	config->dns.port = (uint16_t)config->port;
	return wrong;
}

/* The facts as JSON, for test programs. */
static const char *print_facts(struct arena *arena, const struct delegation *d)
{
	struct text out;
	struct json json;
	const char *copy;

	text_init(&out, FACTS_MAX);
	json_init(&json, &out);
	json_open_object(&json, NULL);
	delegation_write_facts(&json, d);
	json_close_object(&json);
	text_add(&out, "\n");
	copy = arena_strdup(arena, out.data);
	text_release(&out);
	return copy;
}

/* Gathers the facts; false, with the failure said, where that can't be. */
static bool gather(struct run *run, struct delegation *d)
{
	const struct config *config = run->config;
	struct dns_options dns = config->dns;
	const char *wrong;

	dns.start_us = run->start_us;
	dns.deadline_us = run->deadline_us;
	dns.now_s = run->now_s;
	d->expect = config->expect;
	d->expect.now_s = run->now_s;
	run->failure = dnsnet_gather(run->arena, &dns, d);
	if (run->failure)
		return false;
	dnsnet_registrable(run->arena, d);
	if (!config->asn_db)
		return true;
	wrong = dnsnet_asn(run->arena, config->asn_db, d);
	if (wrong)
		run->failure = arena_printf(
			run->arena, "--asn-db %s: %s", config->asn_db, wrong);
	return !wrong;
}

static void run_check(struct run *run)
{
	const struct config *config = run->config;
	struct delegation *d = arena_alloc(run->arena, sizeof(*d));

	run->subject = config->dns.zone;
	if (!gather(run, d))
		return;
	run->facts = d;
	if (config->prints_facts) {
		run->raw_output = print_facts(run->arena, d);
		return;
	}
	judge_all(&run->judge, d);
	delegation_measure(&run->judge, d);
	if (d->timeout_stage)
		judge_timed_out(&run->judge, d->timeout_stage,
			config->common.timeout_result);
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
