/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_dns_secondary: if the primary dies now, do the secondaries carry the
 * zone, and for how long?
 */
#include "config.h"

#include <string.h>

#include "common/core/num.h"
#include "common/dns/secondary.h"
#include "common/dnscli/dns_config.h"
#include "common/dnsnet/transfer.h"
#include "common/store/dns_history.h"

enum {
	NAME_SERVERS_MAX = 1000, /* no zone has that many */
	RECORDS_MAX = 100 * 1000 * 1000,
};

/* Ten years, longer than anybody lets a zone live on. */
#define COVER_MAX_MS (INT64_C(3650) * 86400 * 1000)
#define WEEK_MS      (INT64_C(7) * 86400 * 1000)

struct config {
	struct dns_config dns;
	struct string_list primaries, secondaries, probes, lost;
	const char *tsig_file;
	uint64_t min_survivors, records_max;
	int64_t min_cover_ms, lag_warning_ms, lag_critical_ms;
	bool is_independent, transfers_secondaries, wants_zonemd;
	bool asks_as_stranger;

	/* What check_config() makes of them. */
	struct dns_copies_options copies;
	struct secondary_expect expect;
};

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct option_def options[] = {
	{ .kind = OPTION_STRING, .letter = 'H', .name = "hostname",
	  .argument = "ZONE", .offset = AT(dns.hostname), .is_required = true,
	  .help = "zone to check, as a name in any script" },
	{ .kind = OPTION_LIST, .name = "primary",
	  .argument = "NAME|ADDRESS|[ADDRESS]:PORT", .offset = AT(primaries),
	  .help = "server that the secondaries transfer from, hidden or not; "
		  "without it the SOA's MNAME is taken for it" },
	{ .kind = OPTION_LIST, .name = "secondary",
	  .argument = "NAME|ADDRESS|[ADDRESS]:PORT", .offset = AT(secondaries),
	  .help = "a secondary; without any, every server of the delegation "
		  "but the primary" },
	{ .kind = OPTION_FLAG, .name = "independent",
	  .offset = AT(is_independent),
	  .help = "several primaries and no transfers: no serials are "
		  "compared, contents always" },
	{ .kind = OPTION_LIST, .name = "probe", .argument = "NAME/TYPE",
	  .offset = AT(probes),
	  .help = "records that all servers must agree on, instead of NS and "
		  "MX of the zone; @ is the zone" },
	{ .kind = OPTION_DURATION, .name = "min-cover",
	  .argument = "DURATION", .offset = AT(min_cover_ms), .min = 0,
	  .max = COVER_MAX_MS,
	  .help = "expire of the SOA that is wanted at least" },
	{ .kind = OPTION_DURATION, .name = "lag-warning",
	  .argument = "DURATION", .offset = AT(lag_warning_ms), .min = 0,
	  .max = COVER_MAX_MS,
	  .help = "warn where a secondary is behind for longer, instead of "
		  "refresh and retry of the SOA" },
	{ .kind = OPTION_DURATION, .name = "lag-critical",
	  .argument = "DURATION", .offset = AT(lag_critical_ms), .min = 0,
	  .max = COVER_MAX_MS,
	  .help = "the same for critical, instead of half of expire" },
	{ .kind = OPTION_UINT, .name = "min-survivors", .argument = "NUMBER",
	  .offset = AT(min_survivors), .min = 0, .max = NAME_SERVERS_MAX,
	  .help = "good name servers wanted outside the primary's network" },
	{ .kind = OPTION_LIST, .name = "lost", .argument = "PREFIX",
	  .offset = AT(lost),
	  .help = "judge the zone as if every address in this network were "
		  "silent" },
	{ .kind = OPTION_STRING, .name = "tsig-file", .argument = "FILE",
	  .offset = AT(tsig_file), .is_secret = true,
	  .help = "transfer the zone from the primary with the TSIG key in "
		  "this file" },
	{ .kind = OPTION_FLAG, .name = "axfr-secondary",
	  .offset = AT(transfers_secondaries),
	  .help = "transfer it from each secondary too" },
	{ .kind = OPTION_UINT, .name = "axfr-max", .argument = "NUMBER",
	  .offset = AT(records_max), .min = 1, .max = RECORDS_MAX,
	  .help = "records after which a transfer is given up" },
	{ .kind = OPTION_FLAG, .name = "zonemd", .offset = AT(wants_zonemd),
	  .help = "verify the digest of the zone that is transferred" },
	{ .kind = OPTION_FLAG, .name = "check-axfr",
	  .offset = AT(asks_as_stranger),
	  .help = "warn where a server lets this host transfer the zone "
		  "without a key" },
	{ 0 },
};
/* clang-format on */

static void set_defaults(void *arg)
{
	struct config *config = arg;

	dns_config_defaults(&config->dns);
	config->min_cover_ms = WEEK_MS;
	config->lag_warning_ms = config->lag_critical_ms = -1;
	config->min_survivors = 1;
	config->records_max = 100 * 1000;
}

/* "[ADDRESS]:PORT", or an address in brackets alone. */
static const char *read_bracketed(
	struct arena *arena, const char *typed, struct dns_named *out)
{
	const char *end = strchr(typed, ']');
	const char *addr;
	uint64_t port = 0;

	if (!end)
		return "has no ] behind the address";
	addr = arena_strndup(arena, typed + 1, (size_t)(end - typed - 1));
	if (!dns_addr_parse(addr, &out->addr))
		return "has no address in its brackets";
	if (end[1] == '\0')
		return NULL;
	if (end[1] != ':' ||
		num_parse_uint(end + 2, 1, UINT16_MAX, &port) != NUM_OK)
		return "has no port from 1 to 65535 behind the ]";
	out->port = (uint16_t)port;
	return NULL;
}

static const char *read_named(struct arena *arena, const struct config *config,
	const char *typed, struct dns_named *out)
{
	const char *wrong = NULL;

	out->typed = typed;
	if (*typed == '[')
		wrong = read_bracketed(arena, typed, out);
	else if (!dns_addr_parse(typed, &out->addr))
		wrong = dnsnet_read_name(arena, typed, &out->name);
	/* The port of all is no port of its own. */
	if (out->port == config->dns.dns.port)
		out->port = 0;
	return wrong;
}

static const char *read_servers(struct arena *arena,
	const struct config *config, const char *option,
	const struct string_list *list, struct dns_named **out)
{
	const char *wrong;
	size_t i;

	*out = arena_array(arena, list->n, sizeof(**out));
	for (i = 0; i < list->n; i++) {
		wrong = read_named(arena, config, list->at[i], &(*out)[i]);
		if (wrong)
			return arena_printf(arena, "%s: \"%s\" %s", option,
				list->at[i], wrong);
	}
	return NULL;
}

/* An address that the user typed is asked, whatever network it is in. */
static void permit(struct arena *arena, struct delegation_expect *expect,
	const struct dns_named *named, size_t n)
{
	size_t i;

	expect->permitted =
		arena_grow(arena, expect->permitted, expect->n_permitted,
			expect->n_permitted + n, sizeof(*expect->permitted));
	for (i = 0; i < n; i++)
		if (named[i].addr.family != 0)
			expect->permitted[expect->n_permitted++] =
				(struct dns_prefix){ named[i].addr,
					named[i].addr.family == 4 ? 32 : 128 };
}

static const char *read_copies(struct arena *arena, struct config *config)
{
	struct dns_copies_options *copies = &config->copies;
	const char *wrong = read_servers(arena, config, "--primary",
		&config->primaries, &copies->primaries);

	if (!wrong)
		wrong = read_servers(arena, config, "--secondary",
			&config->secondaries, &copies->secondaries);
	if (wrong)
		return wrong;
	copies->n_primaries = config->primaries.n;
	copies->n_secondaries = config->secondaries.n;
	copies->is_independent = config->is_independent;
	if (copies->is_independent && copies->n_primaries > 0)
		return "--independent: with --primary, there are transfers";
	permit(arena, &config->dns.expect, copies->primaries,
		copies->n_primaries);
	permit(arena, &config->dns.expect, copies->secondaries,
		copies->n_secondaries);
	return NULL;
}

static const char *read_probe(struct arena *arena, const struct config *config,
	const char *typed, struct dns_probe_name *out)
{
	const char *zone = config->dns.dns.zone;
	const char *slash = strrchr(typed, '/');
	const char *wrong = NULL;
	char *name;

	if (!slash || slash == typed)
		return "is not NAME/TYPE";
	name = arena_strndup(arena, typed, (size_t)(slash - typed));
	out->name = zone;
	if (strcmp(name, "@") != 0)
		wrong = dnsnet_read_name(arena, name, &out->name);
	if (wrong)
		return wrong;
	if (!dns_name_in(out->name, zone))
		return "is not a name in the zone";
	out->type = dns_type_parse(slash + 1);
	if (out->type == 0)
		return "has no type of record behind the slash";
	if (dns_type_is_signers(out->type))
		return "is of a type that each signer makes anew";
	out->text = arena_printf(
		arena, "%s %s", out->name, dns_type_text(arena, out->type));
	return NULL;
}

static const char *read_probes(struct arena *arena, struct config *config)
{
	static const char *const usual[] = { "@/NS", "@/MX" };
	size_t n = config->probes.n;
	const char *const *typed = n > 0 ? config->probes.at : usual;
	struct dns_probe_name *probes;
	const char *wrong;
	size_t i;

	if (n == 0)
		n = sizeof(usual) / sizeof(usual[0]);
	probes = arena_array(arena, n, sizeof(*probes));
	for (i = 0; i < n; i++) {
		wrong = read_probe(arena, config, typed[i], &probes[i]);
		if (wrong)
			return arena_printf(
				arena, "--probe: \"%s\" %s", typed[i], wrong);
	}
	config->copies.probes = probes;
	config->copies.n_probes = n;
	return NULL;
}

static const char *read_transfers(struct arena *arena, struct config *config)
{
	struct dns_copies_options *copies = &config->copies;
	const char *wrong;

	copies->transfers_secondaries = config->transfers_secondaries;
	copies->wants_zonemd = config->wants_zonemd;
	copies->asks_as_stranger = config->asks_as_stranger;
	copies->records_max = config->records_max;
	if (!config->tsig_file && config->transfers_secondaries)
		return "--axfr-secondary: needs --tsig-file";
	if (!config->tsig_file && config->wants_zonemd)
		return "--zonemd: needs --tsig-file";
	if (!config->tsig_file)
		return NULL;
	if (config->is_independent && !config->transfers_secondaries)
		return "--tsig-file: with --independent, there is no primary "
		       "to transfer from; give --axfr-secondary";
	wrong = tsig_read_key(arena, config->tsig_file,
		config->dns.common.permits_open_secrets, &copies->key);
	return wrong ? arena_printf(arena, "--tsig-file: \"%s\" %s",
			       config->tsig_file, wrong)
		     : NULL;
}

static const char *read_expect(struct arena *arena, struct config *config)
{
	struct secondary_expect *expect = &config->expect;
	size_t i;

	if (config->is_independent && config->min_survivors != 1)
		return "--independent: with --min-survivors, which counts "
		       "those outside a primary's network";

	/* A secondary that is bogus is none (RFC 4035 section 5.5). */
	config->dns.expect.min_good = 1;
	expect->is_independent = config->is_independent;
	expect->min_survivors = config->min_survivors;
	expect->min_cover_s = dns_config_seconds(config->min_cover_ms);
	expect->lag_warning_s = dns_config_seconds(config->lag_warning_ms);
	expect->lag_critical_s = dns_config_seconds(config->lag_critical_ms);
	expect->wants_transfer = config->tsig_file != NULL;
	expect->wants_axfr_secondary = config->transfers_secondaries;
	expect->wants_zonemd = config->wants_zonemd;
	expect->wants_stranger = config->asks_as_stranger;
	expect->n_lost = config->lost.n;
	expect->lost =
		arena_array(arena, expect->n_lost, sizeof(*expect->lost));
	for (i = 0; i < expect->n_lost; i++)
		if (!dns_prefix_parse(config->lost.at[i], &expect->lost[i]))
			return arena_printf(arena,
				"--lost %s: is not a prefix (ADDRESS/LENGTH)",
				config->lost.at[i]);
	return NULL;
}

static const char *check_config(struct arena *arena, void *arg)
{
	struct config *config = arg;
	const char *wrong = dns_config_check(arena, &config->dns);

	if (!wrong)
		wrong = read_copies(arena, config);
	if (!wrong)
		wrong = read_probes(arena, config);
	if (!wrong)
		wrong = read_transfers(arena, config);
	if (!wrong)
		wrong = read_expect(arena, config);
	return wrong;
}

/* Other primaries are another history. */
static const char *history_key(struct arena *arena, const struct config *config)
{
	const char *key = arena_printf(
		arena, "check_dns_secondary %s", config->dns.dns.zone);
	size_t i;

	for (i = 0; i < config->primaries.n; i++)
		key = arena_printf(
			arena, "%s primary=%s", key, config->primaries.at[i]);
	return key;
}

/* What earlier runs saw, with this one in it. The lock is held for no longer
 * than that takes. */
static void recall(struct run *run, struct secondary *s)
{
	const struct config *config = run->config;
	struct store_place place = dns_config_place(run);
	struct history_file file;

	history_open(
		&file, run->arena, &place, history_key(run->arena, config));
	s->had_run_out = secondary_run_out(run->arena, s, &file.history);
	s->file = file.state;
	s->history = secondary_remember(run->arena, s, &file.history);
	history_save(&file, &s->history);
	s->file = file.state;
	history_close(&file);
}

static void write_facts(struct json *json, const void *facts)
{
	secondary_write_facts(json, facts);
}

static void run_check(struct run *run)
{
	const struct config *config = run->config;
	struct secondary *s = arena_alloc(run->arena, sizeof(*s));

	run->subject = config->dns.dns.zone;
	s->expect = config->expect;
	if (!dns_config_gather_copies(run, &config->copies, s))
		return;
	if (!config->is_independent)
		recall(run, s);
	run->facts = s;
	if (config->dns.prints_facts) {
		run->raw_output = dns_config_facts(run->arena, write_facts, s);
		return;
	}
	judge_all(&run->judge, s);
	secondary_measure(&run->judge, s);
	if (s->d.timeout_stage)
		judge_timed_out(&run->judge, s->d.timeout_stage,
			run->common->timeout_result);
	run->summary = secondary_summary(run->arena, s);
	/* Whatever is wrong, the headline is for how long it lasts. */
	if (s->n_copies > 0)
		run->outlook = run->summary;
}

static void write_json(struct json *json, const struct run *run)
{
	if (run->facts)
		secondary_write_json(json, run->facts);
}

static void write_trace(
	struct text *out, const struct run *run, unsigned verbosity)
{
	if (run->facts)
		secondary_write_trace(out, run->facts, verbosity);
}

int main(int argc, char **argv)
{
	const struct plugin check_dns_secondary = {
		.name = "check_dns_secondary",
		.label = "DNS SECONDARY",
		.purpose = "Checks that the secondaries would carry the zone "
			   "if its primary died now, and tells for how long.",
		.synopsis = "-H ZONE [options]",
		.options = options,
		.shared_options = dns_config_options,
		.config_size = sizeof(struct config),
		.set_defaults = set_defaults,
		.check_config = check_config,
		.rules = secondary_rules,
		.n_rules = n_secondary_rules,
		.metrics = secondary_metrics,
		.n_metrics = n_secondary_metrics,
		.run = run_check,
		.write_json = write_json,
		.write_trace = write_trace,
	};

	return cli_main(&check_dns_secondary, argc, argv);
}
