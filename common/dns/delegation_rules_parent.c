/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about the way to the zone: whether the delegation could be had at
 * all, what the parent says about the name, and whether its servers agree.
 */
#include "config.h"

#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	PARENTS_SHOWN_MAX = 600, /* bytes of a list of parent servers */
	REFERRAL_FINE_MAX = 512, /* bytes that every transport takes */
	SILENT_SHARE = 3,        /* one in so many is too many */
};

static const struct culprit the_zone = { NULL, NULL };

static struct culprit parent_culprit(const struct dns_parent_server *parent)
{
	return (struct culprit){ .name = parent->host,
		.address = parent->addr_text };
}

static bool anything_is_seen(const struct delegation *d)
{
	return (d->v4 == DNS_SIGHT_SEEN || d->v6 == DNS_SIGHT_SEEN) &&
	       d->udp == DNS_SIGHT_SEEN;
}

/* Whether the roots themselves gave no way down, or the server that the user
 * named: that is rather between this host and them. */
static bool failed_at_start(const struct delegation *d)
{
	return d->failed_zone && strcmp(d->failed_zone, ".") == 0;
}

struct parent_counts {
	size_t judged, silent;
};

static struct parent_counts count_parents(const struct delegation *d)
{
	struct parent_counts n = { 0 };
	size_t i;

	for (i = 0; i < d->n_parents; i++) {
		if (!delegation_parent_is_judged(d, &d->parents[i]))
			continue;
		n.judged++;
		n.silent += !delegation_parent_is_usable(&d->parents[i]);
	}
	return n;
}

/* "a.example (192.0.2.1) timed out, ..." for those without a usable answer. */
static void add_silent_parents(struct text *out, const struct delegation *d)
{
	size_t start = out->len;
	size_t i;

	for (i = 0; i < d->n_parents; i++) {
		const struct dns_parent_server *parent = &d->parents[i];

		if (!delegation_parent_is_judged(d, parent) ||
			delegation_parent_is_usable(parent))
			continue;
		if (out->len - start > PARENTS_SHOWN_MAX) {
			text_add(out, " ...");
			return;
		}
		text_printf(out, "%s%s (%s) ", out->len > start ? ", " : "",
			parent->host ? parent->host : "server",
			parent->addr_text);
		dns_probe_add(out, &parent->probe);
	}
}

/* The parent's servers are known, yet none told the delegation. */
static void judge_dead_parents(struct judge *judge, const struct delegation *d)
{
	struct parent_counts n = count_parents(d);
	struct text seen;

	if (n.judged == 0) {
		judge_not_judged(judge, NULL,
			"none of the parent's servers could be asked from "
			"here");
		return;
	}
	text_init(&seen, 2 * PARENTS_SHOWN_MAX);
	add_silent_parents(&seen, d);
	judge_finding(judge, the_zone,
		"nobody can resolve it without a cache: no server of the "
		"parent %s gives a usable answer: %s",
		d->parent ? d->parent : "zone", seen.data);
	text_release(&seen);
}

void judge_delegation_obtained(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const char *why = d->walk_failure;

	if (d->cut != DNS_CUT_UNKNOWN)
		return;
	if (d->interception) {
		judge_not_judged(judge, NULL, "%s", d->interception);
	} else if (d->udp != DNS_SIGHT_SEEN && d->tcp == DNS_SIGHT_SEEN) {
		judge_not_judged(judge, NULL,
			"nothing at all answers this host over UDP, though "
			"TCP gets through");
	} else if (!anything_is_seen(d)) {
		judge_not_judged(judge, NULL, "%s",
			why ? why : "nothing at all answered this host");
	} else if (d->n_parents > 0) {
		judge_dead_parents(judge, d);
	} else if (d->walk_hit_limit || d->timeout_stage || !why ||
		   failed_at_start(d)) {
		judge_not_judged(judge, NULL, "%s",
			why ? why : "the walk did not get to the parent");
	} else {
		judge_finding(judge, the_zone,
			"nobody can resolve it without a cache: %s", why);
	}
}

void judge_interception(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (d->interception)
		judge_finding(judge, the_zone,
			"%s: queries from here are answered by something "
			"else; a direct way to port 53 is needed",
			d->interception);
}

void judge_walk_limit(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (d->walk_hit_limit || d->hosts_cut)
		judge_finding(judge, the_zone, "the walk ended at a bound: %s",
			d->limit_text ? d->limit_text : "too many steps");
}

void judge_zone_not_found(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (d->cut == DNS_CUT_UNKNOWN)
		judge_not_judged(
			judge, NULL, "the delegation was not obtained");
	if (d->cut != DNS_CUT_NXDOMAIN)
		return;
	judge_finding(judge, the_zone,
		"not in the parent %s: expired, on hold or never registered",
		d->holder   ? d->holder
		: d->parent ? d->parent
			    : "zone");
}

void judge_zone_no_cut(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (d->cut == DNS_CUT_UNKNOWN)
		judge_not_judged(
			judge, NULL, "the delegation was not obtained");
	if (d->cut != DNS_CUT_NONE)
		return;
	judge_finding(judge, the_zone,
		"not a zone of its own but a name inside the zone %s",
		d->holder   ? d->holder
		: d->parent ? d->parent
			    : "above it");
}

/* Whether two usable answers about the delegation are the same. */
static bool says_the_same(
	const struct dns_parent_server *a, const struct dns_parent_server *b)
{
	if (a->ns.is_known != b->ns.is_known)
		return false;
	if (a->ns.is_known)
		return dns_names_equal(&a->ns, &b->ns);
	return a->probe.kind == b->probe.kind;
}

/* A server of the zone itself tells the child's side, so it has no say. */
static bool has_a_say(
	const struct delegation *d, const struct dns_parent_server *parent)
{
	return delegation_parent_is_judged(d, parent) &&
	       delegation_parent_is_usable(parent) && !parent->serves_child;
}

/* What most say; of equals the first. */
static const struct dns_parent_server *majority(const struct delegation *d)
{
	const struct dns_parent_server *best = NULL;
	size_t best_votes = 0;
	size_t i, k;

	for (i = 0; i < d->n_parents; i++) {
		size_t votes = 0;

		if (!has_a_say(d, &d->parents[i]))
			continue;
		for (k = 0; k < d->n_parents; k++)
			votes += has_a_say(d, &d->parents[k]) &&
				 says_the_same(&d->parents[i], &d->parents[k]);
		if (votes > best_votes) {
			best = &d->parents[i];
			best_votes = votes;
		}
	}
	return best;
}

static void add_said(struct text *out, const struct dns_parent_server *parent)
{
	if (parent->ns.is_known) {
		text_add(out, "hands out ");
		dns_names_add(out, &parent->ns);
	} else {
		dns_probe_add(out, &parent->probe);
	}
}

void judge_parents_disagree(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_parent_server *norm = majority(d);
	size_t i;

	/* What they hand out today is not what is judged. */
	if (d->ns_is_given)
		return;
	if (!norm) {
		if (d->cut != DNS_CUT_SAME_SERVERS)
			judge_not_judged(
				judge, NULL, "the delegation was not obtained");
		return;
	}
	for (i = 0; i < d->n_parents; i++) {
		const struct dns_parent_server *parent = &d->parents[i];
		struct text said;

		if (!has_a_say(d, parent) || says_the_same(parent, norm))
			continue;
		text_init(&said, 2 * PARENTS_SHOWN_MAX);
		add_said(&said, parent);
		text_printf(&said, ", where %s (%s) ",
			norm->host ? norm->host : "another", norm->addr_text);
		add_said(&said, norm);
		judge_finding(judge, parent_culprit(parent), "%s", said.data);
		text_release(&said);
	}
}

/* Names the families of the parent's servers that can't be seen from here. */
static void note_unseen_parents(struct judge *judge, const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_parents; i++) {
		unsigned family = d->parents[i].addr.family;

		if (!delegation_sees(d, family))
			judge_not_judged(judge, family == 4 ? "IPv4" : "IPv6",
				"%s", delegation_blindness(d, family));
	}
}

void judge_parents_silent(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct parent_counts n = count_parents(d);
	struct text seen;

	if (d->ns_is_given)
		return;
	if (n.judged == 0) {
		judge_not_judged(judge, NULL,
			"none of the parent's servers could be asked");
		return;
	}
	note_unseen_parents(judge, d);
	/* Where all are silent, delegation-obtained says so. */
	if (n.silent == 0 || n.silent == n.judged ||
		n.silent * SILENT_SHARE < n.judged)
		return;
	text_init(&seen, 2 * PARENTS_SHOWN_MAX);
	add_silent_parents(&seen, d);
	judge_finding(judge, the_zone,
		"%zu of %zu addresses of the parent's servers give no usable "
		"answer: %s",
		n.silent, n.judged, seen.data);
	text_release(&seen);
}

void judge_referral_large(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t largest = 0;
	size_t i;

	if (d->ns_is_given || !rule_has_parent_side(judge, d))
		return;
	for (i = 0; i < d->n_parents; i++)
		if (d->parents[i].referral_size > largest)
			largest = d->parents[i].referral_size;
	if (largest > REFERRAL_FINE_MAX)
		judge_finding(judge, the_zone,
			"the referral is %zu bytes, more than the %d that go "
			"through without EDNS or TCP",
			largest, REFERRAL_FINE_MAX);
}
