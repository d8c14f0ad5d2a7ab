/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions about the signatures of a delegation that rules, metrics and
 * outputs share.
 */
#include "config.h"

#include "common/dns/delegation.h"
#include "common/dns/delegation_facts.h"

static const struct {
	const char *word, *text;
	size_t offset;
} sets[DNS_SIGNED_SETS] = {
	{ "dnskey", "DNSKEY", offsetof(struct dns_server_security, dnskey) },
	{ "soa", "SOA", offsetof(struct dns_server_security, soa) },
	{ "ns", "NS", offsetof(struct dns_server_security, ns) },
	{ "nxdomain", "the denial of a name",
		offsetof(struct dns_server_security, nxdomain) },
	{ "nodata", "the denial of a type",
		offsetof(struct dns_server_security, nodata) },
};

const struct dns_signed *dns_signed_set(
	const struct dns_server_security *security, size_t i)
{
	return (const struct dns_signed *)(const void *)((const char *)
								 security +
							 sets[i].offset);
}

const char *dns_signed_word(size_t i)
{
	return sets[i].word;
}

const char *dns_signed_text(size_t i)
{
	return sets[i].text;
}

/* Whether one of the server's sets came to this. */
static bool has(
	const struct dns_server_security *security, enum dns_security what)
{
	size_t i;

	for (i = 0; i < DNS_SIGNED_SETS; i++)
		if (dns_signed_set(security, i)->security == what)
			return true;
	return false;
}

enum dns_security delegation_server_security(
	const struct delegation *d, const struct dns_server *server)
{
	/* What stands before the others says more. An unsigned proof in a
	 * signed zone is opt-out (RFC 5155 section 6), not an unsigned zone. */
	static const enum dns_security order[] = { DNS_BOGUS, DNS_INDETERMINATE,
		DNS_SECURE, DNS_INSECURE };
	size_t i;

	if (delegation_server_verdict(d, server) != DNS_SERVER_GOOD)
		return DNS_SECURITY_UNKNOWN;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (has(&server->security, order[i]))
			return order[i];
	return DNS_SECURITY_UNKNOWN;
}

bool dns_server_is_signed(const struct dns_server *server)
{
	size_t i;

	for (i = 0; i < DNS_SIGNED_SETS; i++)
		if (dns_signed_set(&server->security, i)->is_signed)
			return true;
	return false;
}

bool delegation_wants_signatures(const struct delegation *d)
{
	const struct dns_zone_security *zone = &d->security;

	return delegation_exists(d) && zone->ds_is_known && zone->n_ds > 0 &&
	       zone->parent != DNS_INSECURE;
}

struct security_counts delegation_count_bogus(const struct delegation *d)
{
	struct security_counts n = { 0 };
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		enum dns_security security =
			delegation_server_security(d, &d->servers[i]);

		if (!d->servers[i].carries)
			continue;
		n.bogus += security == DNS_BOGUS;
		n.judged += security == DNS_BOGUS || security == DNS_SECURE ||
			    security == DNS_INSECURE;
	}
	return n;
}

/* Whether a server's keys were to be vouched for by the DS set, and are not.
 * Where no DS is of use to validators (RFC 4035 section 5.2) none is. */
static bool has_bogus_keys(const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_servers; i++)
		if (delegation_server_security(d, &d->servers[i]) ==
				DNS_BOGUS &&
			d->servers[i].security.dnskey.security == DNS_BOGUS)
			return true;
	return false;
}

bool delegation_lacks_signatures(const struct delegation *d)
{
	struct security_counts n = delegation_count_bogus(d);

	return delegation_wants_signatures(d) && !d->security.is_signed &&
	       n.judged > 0 && n.bogus == n.judged;
}

bool delegation_lacks_ds_key(const struct delegation *d)
{
	const struct dns_zone_security *zone = &d->security;
	size_t i;

	if (!delegation_wants_signatures(d) || zone->n_keys == 0 ||
		delegation_lacks_signatures(d))
		return false;
	for (i = 0; i < zone->n_ds; i++)
		if (zone->ds[i].matches_key)
			return false;
	return has_bogus_keys(d);
}

/* What the servers that carry the zone come to together. */
static enum dns_security servers_security(const struct delegation *d)
{
	static const enum dns_security order[] = { DNS_SECURE,
		DNS_INDETERMINATE, DNS_INSECURE, DNS_BOGUS };
	size_t i, k;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (k = 0; k < d->n_servers; k++)
			if (d->servers[k].carries &&
				delegation_server_security(d, &d->servers[k]) ==
					order[i])
				return order[i];
	return DNS_SECURITY_UNKNOWN;
}

enum dns_security delegation_security(const struct delegation *d)
{
	const struct dns_zone_security *zone = &d->security;

	if (!zone->is_known || !delegation_exists(d))
		return DNS_SECURITY_UNKNOWN;
	if (zone->parent == DNS_BOGUS || zone->ds_signed.security == DNS_BOGUS)
		return DNS_BOGUS;
	if (zone->parent == DNS_INSECURE || zone->parent == DNS_INDETERMINATE)
		return zone->parent;
	if (zone->ds_signed.security == DNS_INDETERMINATE)
		return DNS_INDETERMINATE;
	/* Nobody need ask the servers for signatures then. */
	if (zone->ds_is_known && zone->n_ds == 0)
		return DNS_INSECURE;
	return servers_security(d);
}

const struct dns_signed *dns_first_end(
	const struct dns_server_security *security)
{
	const struct dns_signed *first = NULL;
	size_t i;

	for (i = 0; i < DNS_SIGNED_SETS; i++) {
		const struct dns_signed *set = dns_signed_set(security, i);

		if (set->is_signed && set->expiration_s != 0 &&
			(!first || set->expiration_s < first->expiration_s))
			first = set;
	}
	return first;
}

const struct dns_signed *delegation_first_end(const struct delegation *d)
{
	const struct dns_signed *first = NULL;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		const struct dns_signed *end = dns_first_end(&server->security);

		if (end &&
			delegation_server_verdict(d, server) ==
				DNS_SERVER_GOOD &&
			(!first || end->expiration_s < first->expiration_s))
			first = end;
	}
	return first;
}

const char *delegation_handed(const struct delegation *d)
{
	return d->ns_is_given ? "to be delegated" : "handed out by the parent";
}

const char *delegation_ds_source(const struct delegation *d)
{
	return d->security.ds_is_given ? "--ds gives" : "the parent has";
}
