/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the DNS plugins have in common: their options, and the gathering. */
#include "config.h"

#include "common/dnscli/dns_config.h"

#include <string.h>

#include "common/core/clock.h"
#include "common/core/num.h"
#include "common/store/remember.h"

enum {
	FACTS_MAX = 4 * 1024 * 1024, /* bytes of --facts */
	NAME_SERVERS_MAX = 1000,     /* no zone has that many */
	LOCK_US = 1000 * 1000,       /* another run holds it for milliseconds */
};

/* Ten years: longer than anybody signs for. */
#define SIGNATURE_LIFE_MAX_MS (INT64_C(3650) * 86400 * 1000)

#define AT(field) offsetof(struct dns_config, field)

/* clang-format off */
const struct option_def dns_config_options[] = {
	{ .kind = OPTION_HEADING,
	  .help = "Options of every plugin that looks at a zone" },
	{ .kind = OPTION_UINT, .letter = 'p', .name = "port",
	  .argument = "PORT", .offset = AT(port), .min = 1, .max = 65535,
	  .help = "port of all servers; other than 53 in a laboratory" },
	{ .kind = OPTION_LIST, .name = "parent", .argument = "ADDRESS",
	  .offset = AT(parents),
	  .help = "address of a server of the parent zone to start at, "
		  "instead of the root" },
	{ .kind = OPTION_STRING, .name = "parent-servers",
	  .argument = "NUMBER|all", .offset = AT(parent_servers),
	  .help = "how many of the parent's name servers are asked" },
	{ .kind = OPTION_DURATION, .name = "sig-warning",
	  .argument = "DURATION", .offset = AT(sig_warning_ms), .min = 0,
	  .max = SIGNATURE_LIFE_MAX_MS,
	  .help = "warn so long before a signature ends, instead of at a "
		  "tenth of its lifetime" },
	{ .kind = OPTION_DURATION, .name = "sig-critical",
	  .argument = "DURATION", .offset = AT(sig_critical_ms), .min = 0,
	  .max = SIGNATURE_LIFE_MAX_MS,
	  .help = "the same for critical, instead of at 3 percent" },
	{ .kind = OPTION_FLAG, .name = "remember", .offset = AT(remembers),
	  .help = "warn where the delegation is not the one that an earlier "
		  "run saw, until --accept" },
	{ .kind = OPTION_FLAG, .name = "accept", .offset = AT(accepts),
	  .help = "take the delegation as it is now as the one to remember" },
	/* DNS_CONFIG_WALK is here. */
	{ .kind = OPTION_HEADING,
	  .help = "Options of every plugin that walks the DNS" },
	{ .kind = OPTION_FLAG, .letter = '4', .name = "use-ipv4",
	  .offset = AT(only_v4), .help = "use IPv4 only" },
	{ .kind = OPTION_FLAG, .letter = '6', .name = "use-ipv6",
	  .offset = AT(only_v6), .help = "use IPv6 only" },
	{ .kind = OPTION_STRING, .name = "root-hints", .argument = "FILE",
	  .offset = AT(root_hints),
	  .help = "root servers to start at, instead of the built-in ones" },
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
	{ .kind = OPTION_LIST, .name = "permit-address", .argument = "PREFIX",
	  .offset = AT(permitted),
	  .help = "addresses that are fine although the world can't reach "
		  "them" },
	{ .kind = OPTION_STRING, .name = "trust-anchor", .argument = "FILE",
	  .offset = AT(trust_anchor),
	  .help = "DS or DNSKEY records to trust, instead of the built-in "
		  "ones of the root" },
	{ .kind = OPTION_STRING, .name = "asn-db", .argument = "FILE",
	  .offset = AT(asn_db),
	  .help = "MaxMind DB of AS numbers, or a text table of PREFIX AS "
		  "lines" },
	{ .kind = OPTION_STRING, .name = "state-dir", .argument = "DIRECTORY",
	  .offset = AT(state_dir), .environment = "LIFELINE_STATE_DIR",
	  .help = "where things are remembered" },
	{ .kind = OPTION_FLAG, .name = "facts", .offset = AT(prints_facts),
	  .help = "print what was gathered as JSON instead of judging it" },
	{ 0 },
};
/* clang-format on */

void dns_config_defaults(struct dns_config *config)
{
	config->port = 53;
	config->tries = 3;
	config->query_timeout_ms = 1500;
	config->parent_servers = "4";
	config->sig_warning_ms = config->sig_critical_ms = -1;
}

static const char *read_zone(struct arena *arena, struct dns_config *config)
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

static const char *read_start(struct arena *arena, struct dns_config *config)
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

static const char *read_reach(struct arena *arena, struct dns_config *config)
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

static const char *read_permitted(
	struct arena *arena, struct dns_config *config)
{
	struct delegation_expect *expect = &config->expect;
	size_t i;

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

static const char *read_anchors(struct arena *arena, struct dns_config *config)
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

int64_t dns_config_seconds(int64_t ms)
{
	return ms < 0 ? -1 : ms / 1000;
}

/* A table that can't be read is told before anything is asked. */
static const char *try_asn_db(struct arena *arena, struct dns_config *config)
{
	struct delegation nothing = { 0 };
	const char *wrong = NULL;

	if (config->asn_db)
		wrong = dnsnet_asn(arena, config->asn_db, &nothing);
	return wrong ? arena_printf(arena, "--asn-db: \"%s\" %s",
			       config->asn_db, wrong)
		     : NULL;
}

/* A monitor stands wherever it was started. */
static const char *read_state_dir(
	struct arena *arena, const struct dns_config *config)
{
	const char *dir = config->state_dir;

	if (!dir || *dir == '\0' || *dir == '/')
		return NULL;
	return arena_printf(
		arena, "--state-dir %s: is not an absolute path", dir);
}

const char *dns_config_check(struct arena *arena, struct dns_config *config)
{
	const char *wrong = read_zone(arena, config);

	if (!wrong)
		wrong = read_start(arena, config);
	if (!wrong)
		wrong = read_reach(arena, config);
	if (!wrong)
		wrong = read_permitted(arena, config);
	if (!wrong)
		wrong = read_anchors(arena, config);
	if (!wrong)
		wrong = read_state_dir(arena, config);
	if (!wrong)
		wrong = try_asn_db(arena, config);
	config->expect.sig_warning_s =
		dns_config_seconds(config->sig_warning_ms);
	config->expect.sig_critical_s =
		dns_config_seconds(config->sig_critical_ms);
	/* Behind a translator IPv4 is reached over IPv6. */
	config->dns.use_v4 = !config->only_v6 || config->nat64;
	config->dns.use_v6 = !config->only_v4;
	config->dns.tries = (unsigned)config->tries;
	config->dns.query_timeout_us = config->query_timeout_ms * 1000;
	config->dns.port = (uint16_t)config->port;
	return wrong;
}

struct dns_options dns_config_options_of(const struct run *run)
{
	const struct dns_config *config = run->config;
	struct dns_options dns = config->dns;

	dns.start_us = run->start_us;
	dns.deadline_us = run->deadline_us;
	dns.now_s = run->now_s;
	return dns;
}

static void expect(const struct run *run, struct delegation *d)
{
	const struct dns_config *config = run->config;

	d->expect = config->expect;
	d->expect.now_s = run->now_s;
}

/* What is known of the servers without asking them. */
static bool look_up(struct run *run, struct delegation *d)
{
	const struct dns_config *config = run->config;
	const char *wrong = NULL;

	if (run->failure)
		return false;
	dnsnet_registrable(run->arena, d);
	if (config->asn_db)
		wrong = dnsnet_asn(run->arena, config->asn_db, d);
	if (wrong)
		run->failure = arena_printf(
			run->arena, "--asn-db %s: %s", config->asn_db, wrong);
	return !wrong;
}

static void remember(struct run *run, struct delegation *d)
{
	const struct dns_config *config = run->config;
	struct store_place place = dns_config_place(run);

	if (config->remembers || config->accepts)
		remember_delegation(run->arena, &place, config->accepts, d);
}

bool dns_config_gather(struct run *run, struct delegation *d)
{
	struct dns_options dns = dns_config_options_of(run);

	expect(run, d);
	run->failure = dnsnet_gather(run->arena, &dns, d);
	if (!look_up(run, d))
		return false;
	remember(run, d);
	return true;
}

bool dns_config_gather_copies(struct run *run,
	const struct dns_copies_options *copies, struct secondary *s)
{
	const struct dns_config *config = run->config;
	struct dns_options dns = dns_config_options_of(run);

	expect(run, &s->d);
	run->failure = dnsnet_gather_copies(run->arena, &dns, copies, s);
	if (!look_up(run, &s->d))
		return false;
	/* The same file, which could be read for the delegation. */
	if (s->d.has_asn)
		(void)dnsnet_asn_copies(run->arena, config->asn_db, s);
	remember(run, &s->d);
	return true;
}

struct store_place dns_config_place(const struct run *run)
{
	const struct dns_config *config = run->config;
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

const char *dns_config_facts(
	struct arena *arena, dns_facts_fn write, const void *facts)
{
	struct text out;
	struct json json;
	const char *copy;

	text_init(&out, FACTS_MAX);
	json_init(&json, &out);
	json_open_object(&json, NULL);
	write(&json, facts);
	json_close_object(&json);
	text_add(&out, "\n");
	copy = arena_strdup(arena, out.data);
	text_release(&out);
	return copy;
}
