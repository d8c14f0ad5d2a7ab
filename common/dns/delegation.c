/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions about the facts of a delegation that rules, metrics and outputs
 * share: which server is good, which names carry the zone, what can be seen
 * from here.
 */
#include "config.h"

#include "common/dns/delegation.h"

#include <string.h>

#include "common/dns/delegation_facts.h"

enum {
	NAMES_SHOWN_MAX = 300, /* bytes of a set of names in a sentence */
	RCODE_SERVFAIL = 2,
	RCODE_REFUSED = 5,
};

bool dns_names_hold(const struct dns_names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (dns_name_compare(names->at[i], name) == 0)
			return true;
	return false;
}

bool dns_names_equal(const struct dns_names *a, const struct dns_names *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (dns_name_compare(a->at[i], b->at[i]) != 0)
			return false;
	return true;
}

void dns_names_add(struct text *out, const struct dns_names *names)
{
	size_t start = out->len;
	size_t i;

	if (names->n == 0)
		text_add(out, "nothing");
	for (i = 0; i < names->n; i++) {
		if (out->len - start > NAMES_SHOWN_MAX) {
			text_printf(out, " and %zu more", names->n - i);
			return;
		}
		text_printf(out, "%s%s", i ? ", " : "", names->at[i]);
	}
}

bool dns_addrs_hold(const struct dns_addrs *addrs, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < addrs->n; i++)
		if (dns_addr_compare(&addrs->at[i], addr) == 0)
			return true;
	return false;
}

size_t dns_addrs_count(const struct dns_addrs *addrs, unsigned family)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < addrs->n; i++)
		n += addrs->at[i].family == family;
	return n;
}

static bool is_blind(enum dns_sight sight)
{
	return sight == DNS_SIGHT_NO_ROUTE || sight == DNS_SIGHT_SILENT ||
	       sight == DNS_SIGHT_SWITCHED_OFF;
}

bool delegation_sees(const struct delegation *d, unsigned family)
{
	return !is_blind(family == 4 ? d->v4 : d->v6);
}

bool delegation_sees_any(const struct delegation *d)
{
	return delegation_sees(d, 4) || delegation_sees(d, 6);
}

const char *delegation_blindness(const struct delegation *d, unsigned family)
{
	enum dns_sight sight = family == 4 ? d->v4 : d->v6;

	if (sight == DNS_SIGHT_SWITCHED_OFF)
		return family == 4 ? "switched off by -6"
				   : "switched off by -4";
	if (sight == DNS_SIGHT_NO_ROUTE)
		return "no route from here";
	return "nothing at all answered over it";
}

bool delegation_exists(const struct delegation *d)
{
	return d->cut == DNS_CUT_DELEGATED || d->cut == DNS_CUT_SAME_SERVERS;
}

const struct dns_names *delegation_carrying_names(const struct delegation *d)
{
	return d->parent_ns.is_known ? &d->parent_ns : &d->child_ns;
}

bool delegation_host_carries(
	const struct delegation *d, const struct dns_host *host)
{
	return d->parent_ns.is_known ? host->in_parent : host->in_child;
}

bool delegation_server_has(
	const struct dns_server *server, const struct dns_host *host)
{
	return dns_names_hold(&server->hosts, host->name);
}

bool delegation_permits(const struct delegation *d, const struct dns_addr *addr)
{
	size_t i;

	if (!dns_addr_unusable(addr))
		return true;
	for (i = 0; i < d->expect.n_permitted; i++)
		if (dns_prefix_holds(&d->expect.permitted[i], addr))
			return true;
	return false;
}

enum dns_server_verdict delegation_answer_verdict(
	const struct delegation *d, const struct dns_server *server)
{
	const struct dns_probe *probe = &server->soa_udp;

	if (!delegation_sees(d, server->addr.family) || is_blind(d->udp))
		return DNS_SERVER_NOT_JUDGED;
	switch (probe->outcome) {
	case DNS_NOT_ASKED:
	case DNS_OUR_FAULT:
		return DNS_SERVER_NOT_JUDGED;
	case DNS_TIMED_OUT:
	case DNS_PORT_CLOSED:
	case DNS_UNREACHABLE:
	case DNS_CONNECTION_LOST:
	case DNS_MALFORMED:
		return DNS_SERVER_SILENT;
	case DNS_ANSWERED:
		break;
	}
	if (probe->rcode == RCODE_REFUSED)
		return DNS_SERVER_REFUSES;
	if (probe->rcode == RCODE_SERVFAIL)
		return DNS_SERVER_SERVFAIL;
	if (probe->rcode == 0 && probe->kind == DNS_KIND_ANSWER &&
		probe->is_authoritative && server->soa.is_known)
		return DNS_SERVER_GOOD;
	return DNS_SERVER_NOT_AUTHORITATIVE;
}

enum dns_server_verdict delegation_server_verdict(
	const struct delegation *d, const struct dns_server *server)
{
	if (!delegation_permits(d, &server->addr))
		return DNS_SERVER_UNUSABLE;
	return delegation_answer_verdict(d, server);
}

/* Without any address to ask, a name server is as bad as a silent one,
 * unless nobody looked. */
static enum dns_server_verdict verdict_without_address(
	const struct dns_host *host)
{
	bool looked = host->lookup != DNS_LOOKUP_NOT_DONE &&
		      host->lookup != DNS_LOOKUP_FOUND;

	return looked ? DNS_SERVER_SILENT : DNS_SERVER_NOT_JUDGED;
}

enum dns_server_verdict delegation_host_verdict(
	const struct delegation *d, const struct dns_host *host)
{
	enum dns_server_verdict worst = verdict_without_address(host);
	bool has_address = false;
	bool is_hidden = false;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		enum dns_server_verdict verdict;

		if (!server->carries || !delegation_server_has(server, host))
			continue;
		has_address = true;
		verdict = delegation_server_verdict(d, server);
		if (verdict == DNS_SERVER_GOOD)
			return verdict;
		if (verdict == DNS_SERVER_NOT_JUDGED)
			is_hidden = true;
		else
			worst = verdict;
	}
	return has_address && is_hidden ? DNS_SERVER_NOT_JUDGED : worst;
}

static void tally(enum dns_server_verdict verdict, size_t *good, size_t *bad,
	size_t *not_judged)
{
	if (verdict == DNS_SERVER_GOOD)
		++*good;
	else if (verdict == DNS_SERVER_NOT_JUDGED)
		++*not_judged;
	else
		++*bad;
}

struct delegation_counts delegation_count(const struct delegation *d)
{
	struct delegation_counts n = { 0 };
	size_t i;

	if (!delegation_exists(d))
		return n;
	for (i = 0; i < d->n_hosts; i++)
		if (delegation_host_carries(d, &d->hosts[i]))
			tally(delegation_host_verdict(d, &d->hosts[i]),
				&n.servers_good, &n.servers_bad,
				&n.servers_not_judged);
	for (i = 0; i < d->n_servers; i++)
		if (d->servers[i].carries)
			tally(delegation_server_verdict(d, &d->servers[i]),
				&n.addrs_good, &n.addrs_bad,
				&n.addrs_not_judged);
	return n;
}

bool delegation_parent_is_usable(const struct dns_parent_server *parent)
{
	const struct dns_probe *probe = &parent->probe;

	if (probe->outcome != DNS_ANSWERED)
		return false;
	switch (probe->kind) {
	case DNS_KIND_REFERRAL:
		return parent->ns.is_known;
	case DNS_KIND_ANSWER:
	case DNS_KIND_ALIAS:
	case DNS_KIND_NODATA:
	case DNS_KIND_NXDOMAIN:
		return probe->is_authoritative;
	case DNS_KIND_NONE:
	case DNS_KIND_UPWARD:
	case DNS_KIND_EMPTY:
	case DNS_KIND_ERROR:
		break;
	}
	return false;
}

bool delegation_parent_is_judged(
	const struct delegation *d, const struct dns_parent_server *parent)
{
	return delegation_sees(d, parent->addr.family) &&
	       parent->probe.outcome != DNS_NOT_ASKED &&
	       parent->probe.outcome != DNS_OUR_FAULT;
}
