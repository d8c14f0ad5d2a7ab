/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the DNS plugins have in common: the options of the walk, and the
 * gathering that follows from them.
 */
#ifndef LIFELINE_DNSCLI_DNS_CONFIG_H
#define LIFELINE_DNSCLI_DNS_CONFIG_H

#include "common/cli/cli.h"
#include "common/dnsnet/gather.h"
#include "common/store/store.h"

/* The first member of every DNS plugin's config. */
struct dns_config {
	struct cli_config common;
	const char *hostname; /* -H, a row of the plugin's own */
	const char *root_hints;
	const char *parent_servers;
	const char *nat64;
	const char *asn_db;
	const char *trust_anchor;
	const char *state_dir;
	struct string_list parents, permitted;
	uint64_t port, tries;
	int64_t query_timeout_ms, sig_warning_ms, sig_critical_ms;
	bool only_v4, only_v6, prints_facts;
	bool remembers, accepts;

	/* What dns_config_check() makes of them. */
	struct dns_options dns;
	struct delegation_expect expect;
};

/* For shared_options of struct plugin; ends with a zeroed row. From the row
 * DNS_CONFIG_WALK on they are for plugins that walk down from the root too,
 * and are about no zone. */
extern const struct option_def dns_config_options[];
enum { DNS_CONFIG_WALK = 8 };

void dns_config_defaults(struct dns_config *config);

/* As check_config of struct plugin: NULL, or one line. */
const char *dns_config_check(struct arena *arena, struct dns_config *config);

/* The options, and what the run adds to them. */
struct dns_options dns_config_options_of(const struct run *run);

/* Gathers the facts as the run's config says, which begins with a struct
 * dns_config. False, with run->failure set, where this host can't. */
bool dns_config_gather(struct run *run, struct delegation *d);
/* The same for the copies; *s has its expect set. */
bool dns_config_gather_copies(struct run *run,
	const struct dns_copies_options *copies, struct secondary *s);

/* Milliseconds of an option as seconds; -1, for not given, stays. */
int64_t dns_config_seconds(int64_t ms);

/* Where the run remembers things. */
struct store_place dns_config_place(const struct run *run);

/* --facts: what write() writes as one JSON object, in the arena. */
typedef void (*dns_facts_fn)(struct json *json, const void *facts);
const char *dns_config_facts(
	struct arena *arena, dns_facts_fn write, const void *facts);

#endif
