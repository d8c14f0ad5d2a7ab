/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about the names of the name servers and the sets that list them. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	SENTENCE_MAX = 2048,
};

static const struct culprit the_zone = { NULL, NULL };

static struct culprit host_culprit(const struct dns_host *host)
{
	return (struct culprit){ .name = host->name };
}

/* Whether both NS sets are there to be compared; else not judged. */
static bool has_both_sets(struct judge *judge, const struct delegation *d)
{
	if (!rule_has_parent_side(judge, d))
		return false;
	if (d->hosts_cut) {
		judge_not_judged(judge, NULL,
			"there are more name servers than are looked at");
		return false;
	}
	if (d->child_ns.is_known)
		return true;
	judge_not_judged(judge, NULL, "no server of the zone told its NS set");
	return false;
}

/* Names of one set that the other lacks. */
static void judge_lacking(struct judge *judge, const struct dns_names *here,
	const struct dns_names *there, const char *sentence)
{
	struct text other;
	size_t i;

	text_init(&other, SENTENCE_MAX);
	dns_names_add(&other, there);
	for (i = 0; i < here->n; i++)
		if (!dns_names_hold(there, here->at[i]))
			judge_finding(judge,
				(struct culprit){ .name = here->at[i] },
				"%s %s", sentence, other.data);
	text_release(&other);
}

void judge_ns_only_in_parent(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (has_both_sets(judge, d))
		judge_lacking(judge, &d->parent_ns, &d->child_ns,
			arena_printf(judge->arena,
				"%s but not listed by the zone, which lists",
				delegation_handed(d)));
}

void judge_ns_only_in_child(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (has_both_sets(judge, d))
		judge_lacking(judge, &d->child_ns, &d->parent_ns,
			arena_printf(judge->arena,
				"listed by the zone but not among those %s:",
				delegation_handed(d)));
}

void judge_too_few_ns(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_names *names = delegation_carrying_names(d);

	if (!rule_has_delegation(judge, d))
		return;
	if (!names->is_known)
		judge_not_judged(judge, NULL, "its name servers are not known");
	else if (names->n < d->expect.min_ns)
		judge_finding(judge, the_zone,
			"has %zu name server%s, at least %llu wanted", names->n,
			names->n == 1 ? "" : "s",
			(unsigned long long)d->expect.min_ns);
}

/* Compares one of the two sets with what --expect-ns gives. */
static void compare_expected(struct judge *judge,
	const struct dns_names *expected, const struct dns_names *set,
	const char *whose)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (!dns_names_hold(expected, set->at[i]))
			judge_finding(judge,
				(struct culprit){ .name = set->at[i] },
				"%s, but not expected", whose);
	for (i = 0; i < expected->n; i++)
		if (!dns_names_hold(set, expected->at[i]))
			judge_finding(judge,
				(struct culprit){ .name = expected->at[i] },
				"expected, but not %s", whose);
}

void judge_ns_unexpected(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_names *expected = &d->expect.ns;

	if (!expected->is_known) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_delegation(judge, d))
		return;
	if (d->parent_ns.is_known)
		compare_expected(
			judge, expected, &d->parent_ns, delegation_handed(d));
	else
		judge_not_judged(judge, "parent",
			"its servers answer for the zone themselves");
	if (d->child_ns.is_known)
		compare_expected(
			judge, expected, &d->child_ns, "listed by the zone");
	else
		judge_not_judged(
			judge, "zone", "none of its servers told its NS set");
}

/* Whether somebody looked for the host's addresses; else not judged. */
static bool was_looked_up(struct judge *judge, const struct delegation *d,
	const struct dns_host *host)
{
	if (host->lookup != DNS_LOOKUP_NOT_DONE)
		return true;
	judge_not_judged(judge, host->name, "%s",
		host->why          ? host->why
		: d->timeout_stage ? "the deadline came before"
				   : "was not looked up");
	return false;
}

void judge_ns_alias(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++)
		if (was_looked_up(judge, d, &d->hosts[i]) && d->hosts[i].alias)
			judge_finding(judge, host_culprit(&d->hosts[i]),
				"is an alias of %s; the name of a name server "
				"must have addresses of its own",
				d->hosts[i].alias);
}

/* A finding for each host whose look-up came to this. */
static void each_lookup(struct judge *judge, const struct delegation *d,
	enum dns_lookup lookup, const char *sentence)
{
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++)
		if (was_looked_up(judge, d, &d->hosts[i]) &&
			d->hosts[i].lookup == lookup)
			judge_finding(judge, host_culprit(&d->hosts[i]), "%s",
				sentence);
}

void judge_ns_no_address(struct judge *judge, const void *facts)
{
	each_lookup(judge, facts, DNS_LOOKUP_NO_ADDRESS,
		"exists but has no address; an A or AAAA is expected");
}

void judge_ns_nonexistent(struct judge *judge, const void *facts)
{
	each_lookup(judge, facts, DNS_LOOKUP_NXDOMAIN,
		"does not exist; a name with an address is expected, and "
		"where it is free to register, whoever does answers for the "
		"zone");
}

void judge_ns_literal(struct judge *judge, const void *facts)
{
	each_lookup(judge, facts, DNS_LOOKUP_LITERAL,
		"is an address; an NS record must hold a name");
}

/* A name inside the zone that has glue is as dead as the zone's servers are,
 * and they have rules of their own. */
static bool hangs_on_dead_zone(
	const struct delegation *d, const struct dns_host *host)
{
	return host->needs_glue && host->glue.n > 0 &&
	       delegation_count(d).servers_good == 0;
}

void judge_ns_unresolvable(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];
		const char *words = "no usable answer from its zone";

		if (!was_looked_up(judge, d, host))
			continue;
		if (host->lookup == DNS_LOOKUP_CIRCULAR)
			words = "it needs itself, or the zone, to be resolved";
		else if (host->lookup == DNS_LOOKUP_LIMIT)
			words = "the look-up ended at a bound";
		else if (host->lookup != DNS_LOOKUP_FAILED)
			continue;
		if (hangs_on_dead_zone(d, host))
			judge_not_judged(
				judge, NULL, "no server of the zone is good");
		else
			judge_finding(judge, host_culprit(host),
				"can't be resolved: %s",
				host->why ? host->why : words);
	}
}

/* Whether nothing but the zone itself can tell where the host is. */
static bool is_circular(const struct dns_host *host)
{
	if (!host->glue.is_known || host->glue.n > 0)
		return false;
	return host->needs_glue || host->lookup == DNS_LOOKUP_CIRCULAR;
}

void judge_delegation_circular(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t carrying = 0;
	size_t i;

	if (!rule_has_parent_side(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++) {
		if (!delegation_host_carries(d, &d->hosts[i]))
			continue;
		if (!is_circular(&d->hosts[i]))
			return;
		carrying++;
	}
	if (carrying > 0)
		judge_finding(judge, the_zone,
			"all %zu name servers can only be resolved through "
			"the zone itself, and no glue is %s",
			carrying, delegation_handed(d));
}
