/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about the names of the servers that are given, and whether the world
 * looks for them where it looks for name servers.
 */
#include "config.h"

#include "common/dns/secondary_rules.h"

enum {
	SENTENCE_MAX = 2048,
};

enum listing {
	LISTING_UNKNOWN,
	LISTING_IN,
	LISTING_NOT_IN,
};

/* Whether what is known of the host's addresses is all there are. */
static bool addresses_are_known(const struct dns_host *host, unsigned family)
{
	switch (host->lookup) {
	case DNS_LOOKUP_NXDOMAIN:
	case DNS_LOOKUP_NO_ADDRESS:
	case DNS_LOOKUP_LITERAL:
		return true;
	case DNS_LOOKUP_NOT_DONE:
	case DNS_LOOKUP_FOUND:
	case DNS_LOOKUP_FAILED:
	case DNS_LOOKUP_CIRCULAR:
	case DNS_LOOKUP_LIMIT:
		break;
	}
	return family == 4 ? host->v4_known : host->v6_known;
}

/* Whether the address is one of a name in the set. */
static enum listing list_address(const struct delegation *d,
	const struct dns_names *set, const struct dns_addr *addr)
{
	enum listing listing = d->hosts_cut ? LISTING_UNKNOWN : LISTING_NOT_IN;
	size_t i;

	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		if (!dns_names_hold(set, host->name))
			continue;
		if (dns_host_has(host, addr))
			return LISTING_IN;
		if (!addresses_are_known(host, addr->family))
			listing = LISTING_UNKNOWN;
	}
	return listing;
}

/* By its name, or where its addresses are those of another name in the set:
 * the world gets to it all the same. */
static enum listing list_name(const struct secondary *s,
	const struct dns_names *set, const struct dns_named *named)
{
	enum listing listing = LISTING_NOT_IN;
	size_t i;

	if (dns_names_hold(set, named->name))
		return LISTING_IN;
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];

		if (!secondary_named_has(named, copy))
			continue;
		if (list_address(&s->d, set, &copy->server.addr) == LISTING_IN)
			listing = LISTING_IN;
	}
	if (listing == LISTING_NOT_IN && s->d.hosts_cut)
		return LISTING_UNKNOWN;
	return listing;
}

static enum listing list(const struct secondary *s, const struct dns_names *set,
	const struct dns_named *named)
{
	if (!set->is_known)
		return LISTING_UNKNOWN;
	if (named->name)
		return list_name(s, set, named);
	return list_address(&s->d, set, &named->addr);
}

/* It lacks in the parent's set, or else in the zone's own. */
static void say_not_listed(struct judge *judge, const struct secondary *s,
	const struct dns_named *named, enum listing parent)
{
	const struct delegation *d = &s->d;
	struct culprit culprit = rule_named_culprit(judge->arena, named);
	struct text others;

	text_init(&others, SENTENCE_MAX);
	if (parent == LISTING_NOT_IN) {
		dns_names_add(&others, &d->parent_ns);
		judge_finding(judge, culprit,
			"carries nobody: not among the name servers %s: %s",
			delegation_handed(d), others.data);
	} else {
		dns_names_add(&others, &d->child_ns);
		judge_finding(judge, culprit,
			"not listed by the zone, which lists %s", others.data);
	}
	text_release(&others);
}

static void judge_listed(struct judge *judge, const struct secondary *s,
	const struct dns_named *named)
{
	const struct delegation *d = &s->d;
	enum listing parent = LISTING_IN;
	enum listing child = list(s, &d->child_ns, named);
	const char *subject = named->name ? named->name : named->typed;

	if (named->port != 0) {
		judge_not_judged(judge, subject, "the world asks port 53");
		return;
	}
	if (d->parent_ns.is_known)
		parent = list(s, &d->parent_ns, named);
	if (parent == LISTING_NOT_IN || child == LISTING_NOT_IN)
		say_not_listed(judge, s, named, parent);
	else if (!d->child_ns.is_known)
		judge_not_judged(judge, subject,
			"no server of the zone told its NS set");
	else if (parent == LISTING_UNKNOWN || child == LISTING_UNKNOWN)
		judge_not_judged(judge, subject,
			"the addresses of the listed name servers are not all "
			"known");
}

void judge_secondary_not_listed(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	if (s->n_secondaries == 0) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_delegation(judge, &s->d))
		return;
	for (i = 0; i < s->n_secondaries; i++)
		judge_listed(judge, s, &s->secondaries[i]);
}

static bool any_holds(
	const struct dns_named *named, size_t n, const struct dns_host *host)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (named[i].name ? dns_name_compare(
					    named[i].name, host->name) == 0
				  : dns_host_has(host, &named[i].addr))
			return true;
	return false;
}

/* Whether somebody named the name server, or any address of it. */
static bool is_expected(const struct secondary *s, const struct dns_host *host)
{
	size_t i;

	if (any_holds(s->primaries, s->n_primaries, host) ||
		any_holds(s->secondaries, s->n_secondaries, host))
		return true;
	for (i = 0; i < s->n_copies; i++)
		if ((s->copies[i].is_primary || s->copies[i].is_named) &&
			dns_host_has(host, &s->copies[i].server.addr))
			return true;
	return false;
}

/* Whether an address that was given could be one of the host's unknown. */
static bool may_be_given(const struct secondary *s, const struct dns_host *host)
{
	size_t i;

	for (i = 0; i < s->n_secondaries; i++)
		if (!s->secondaries[i].name &&
			!addresses_are_known(
				host, s->secondaries[i].addr.family))
			return true;
	for (i = 0; i < s->n_primaries; i++)
		if (!s->primaries[i].name &&
			!addresses_are_known(host, s->primaries[i].addr.family))
			return true;
	return false;
}

void judge_secondary_unexpected(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	const struct delegation *d = &s->d;
	size_t i;

	if (s->n_secondaries == 0) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		if ((!host->in_parent && !host->in_child) ||
			is_expected(s, host))
			continue;
		if (may_be_given(s, host))
			judge_not_judged(judge, host->name,
				"its addresses are not known");
		else
			judge_finding(judge,
				(struct culprit){ .name = host->name },
				"%s, but neither a primary nor among the "
				"secondaries that are given",
				host->in_parent ? delegation_handed(d)
						: "listed by the zone");
	}
}

static bool is_host(const struct delegation *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n_hosts; i++)
		if ((d->hosts[i].in_parent || d->hosts[i].in_child) &&
			dns_name_compare(d->hosts[i].name, name) == 0)
			return true;
	return false;
}

/* The names of the delegation have rules of their own. */
static void judge_lookup(struct judge *judge, const struct secondary *s,
	const struct dns_named *named)
{
	if (!named->name || named->lookup == DNS_LOOKUP_FOUND ||
		is_host(&s->d, named->name))
		return;
	if (named->lookup == DNS_LOOKUP_NOT_DONE)
		judge_not_judged(judge, named->name, "%s",
			named->why           ? named->why
			: s->d.timeout_stage ? "the deadline came before"
					     : "was not looked up");
	else if (!delegation_sees_any(&s->d))
		judge_not_judged(
			judge, named->name, "nobody could be asked from here");
	else if (dns_name_in(named->name, s->d.zone) &&
		 delegation_count(&s->d).servers_good == 0)
		judge_not_judged(
			judge, named->name, "no server of the zone is good");
	else
		judge_finding(judge, (struct culprit){ .name = named->name },
			"%s, expected an address",
			named->why ? named->why
				   : rule_lookup_words(named->lookup));
}

void judge_secondary_unresolvable(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	for (i = 0; s->primary_is_given && i < s->n_primaries; i++)
		judge_lookup(judge, s, &s->primaries[i]);
	for (i = 0; i < s->n_secondaries; i++)
		judge_lookup(judge, s, &s->secondaries[i]);
}
