/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about keys and DS: whether the parent's servers agree on them, what
 * they are made with, and what the zone asks its parent to hold.
 */
#include "config.h"

#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	ITERATIONS_MAX = 100, /* RFC 9276 section 3.2 */
};

static const struct culprit the_zone = { NULL, NULL };

/* The parent's server with this address, as a culprit. */
static struct culprit parent_culprit(
	const struct delegation *d, const char *addr_text)
{
	struct culprit culprit = { .address = addr_text };
	size_t i;

	for (i = 0; addr_text && i < d->n_parents; i++)
		if (strcmp(d->parents[i].addr_text, addr_text) == 0)
			culprit.name = d->parents[i].host;
	return culprit;
}

void judge_ds_differs(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_zone_security *zone = &d->security;

	if (rule_has_ds(judge, d) && !zone->ds_is_given && zone->n_ds_sets > 1)
		judge_finding(judge, parent_culprit(d, zone->ds_differs_at),
			"has another DS set than most of the parent's "
			"servers, %zu sets in all",
			zone->n_ds_sets);
}

void judge_signed_without_ds(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_zone_security *zone = &d->security;

	if (!rule_has_security(judge, d) || !zone->is_signed)
		return;
	if (zone->parent == DNS_INSECURE)
		judge_finding(judge, the_zone,
			"signed, but of no effect: %s above it is not",
			zone->parent_zone ? zone->parent_zone
			: d->parent       ? d->parent
					  : "the zone");
	else if (rule_has_ds(judge, d) && zone->n_ds == 0)
		judge_finding(judge, the_zone,
			"signed, but of no effect: the parent has no DS");
}

/* How many of a set are of a forbidden kind. */
struct share {
	size_t all, forbidden;
	uint8_t example; /* one of the forbidden */
};

static void tally(struct share *share, bool is_forbidden, uint8_t kind)
{
	share->all++;
	if (!is_forbidden)
		return;
	share->forbidden++;
	share->example = kind;
}

static struct share share_of_keys(const struct dns_zone_security *zone)
{
	struct share share = { 0 };
	size_t i;

	for (i = 0; i < zone->n_keys; i++)
		tally(&share,
			dns_algorithm_is_forbidden(zone->keys[i].algorithm),
			zone->keys[i].algorithm);
	return share;
}

static struct share share_of_ds(const struct dns_zone_security *zone,
	bool (*is_forbidden)(uint8_t), size_t offset)
{
	struct share share = { 0 };
	size_t i;

	for (i = 0; i < zone->n_ds; i++) {
		uint8_t kind = *((const uint8_t *)&zone->ds[i] + offset);

		tally(&share, is_forbidden(kind), kind);
	}
	return share;
}

/* The DS set says which algorithms count (RFC 4035 section 5.2); where there
 * is none, all keys do. */
void judge_dnssec_algorithm_forbidden(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct share keys, ds;
	bool is_all;

	if (!rule_has_security(judge, d))
		return;
	keys = share_of_keys(&d->security);
	ds = share_of_ds(&d->security, dns_algorithm_is_forbidden,
		offsetof(struct dns_ds, algorithm));
	if (keys.forbidden + ds.forbidden == 0)
		return;
	if (ds.forbidden > 0)
		keys.example = ds.example;
	is_all = ds.all > 0 ? ds.forbidden == ds.all
			    : keys.forbidden == keys.all;
	judge_finding_as(judge, is_all ? STATE_WARNING : STATE_OK, the_zone,
		"%s with the forbidden algorithm %s (%u), %s",
		is_all ? "signed" : "signed also",
		dns_algorithm_text(keys.example), (unsigned)keys.example,
		is_all ? "which more and more resolvers take for no signature"
		       : "beside others");
}

void judge_ds_digest_forbidden(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct share ds;

	if (!rule_has_ds(judge, d))
		return;
	ds = share_of_ds(&d->security, dns_digest_is_forbidden,
		offsetof(struct dns_ds, digest_type));
	if (ds.forbidden == 0)
		return;
	judge_finding_as(judge,
		ds.forbidden == ds.all ? STATE_WARNING : STATE_OK, the_zone,
		"%zu of its %zu DS have the forbidden digest %s (%u)",
		ds.forbidden, ds.all, dns_digest_text(ds.example),
		(unsigned)ds.example);
}

/* The next server after *i whose CDS and CDNSKEY records are known. */
static const struct dns_server *next_cds(const struct delegation *d, size_t *i)
{
	while (*i < d->n_servers) {
		const struct dns_server *server = &d->servers[(*i)++];

		if (server->security.cds.is_known &&
			delegation_server_verdict(d, server) == DNS_SERVER_GOOD)
			return server;
	}
	return NULL;
}

/* A server that has not got the zone's newest version is no news here, so
 * the zone is judged by the server that is best. */
void judge_cds_without_ds(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *server, *bad = NULL;
	size_t i = 0;

	if (!rule_has_ds(judge, d) || d->security.n_ds == 0)
		return;
	while ((server = next_cds(d, &i)) != NULL) {
		if (server->security.cds.n_with_ds > 0)
			return;
		if (server->security.cds.n > 0 && !bad)
			bad = server;
	}
	if (bad)
		judge_finding(judge, the_zone,
			"asks by CDS or CDNSKEY for a DS of %zu key%s, and %s "
			"a DS of none of them (seen at %s)",
			bad->security.cds.n,
			bad->security.cds.n == 1 ? "" : "s",
			delegation_ds_source(d), bad->addr_text);
}

void judge_cds_delete(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *server;
	size_t i = 0;

	if (!rule_has_ds(judge, d) || d->security.n_ds == 0)
		return;
	while ((server = next_cds(d, &i)) != NULL) {
		if (!server->security.cds.asks_for_delete)
			continue;
		judge_finding(judge, the_zone,
			"asks by CDS or CDNSKEY for its DS to be deleted, and "
			"%s %zu (seen at %s)",
			delegation_ds_source(d), d->security.n_ds,
			server->addr_text);
		return;
	}
}

void judge_nsec3_iterations(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *worst = NULL;
	size_t i;

	if (!rule_has_security(judge, d))
		return;
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (delegation_server_verdict(d, server) == DNS_SERVER_GOOD &&
			(!worst || server->security.nsec3_iterations >
					   worst->security.nsec3_iterations))
			worst = server;
	}
	if (worst && worst->security.nsec3_iterations > ITERATIONS_MAX)
		judge_finding(judge, the_zone,
			"denies names by NSEC3 with %u iterations, more than "
			"the %d that all validating resolvers take; expected "
			"0 (seen at %s)",
			(unsigned)worst->security.nsec3_iterations,
			ITERATIONS_MAX, worst->addr_text);
}
