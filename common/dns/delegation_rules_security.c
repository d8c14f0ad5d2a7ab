/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about the chain of trust: from the parent's keys over the DS set to
 * what each server of the zone sends. One cause is told once, by the first of
 * them that sees it.
 */
#include "config.h"

#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	CAUSES_SHOWN_MAX = 800, /* bytes of a list of what is wrong */
	TAGS_SHOWN_MAX = 5,
};

static const struct culprit the_zone = { NULL, NULL };

bool rule_has_security(struct judge *judge, const struct delegation *d)
{
	if (!rule_has_delegation(judge, d))
		return false;
	if (d->security.is_known)
		return true;
	judge_not_judged(judge, "DNSSEC", "%s",
		d->timeout_stage ? "the deadline came before"
		: d->cut == DNS_CUT_SAME_SERVERS
			? "the parent's servers answer for the zone themselves"
			: "no signatures were looked at");
	return false;
}

bool rule_has_ds(struct judge *judge, const struct delegation *d)
{
	if (!rule_has_security(judge, d))
		return false;
	if (d->security.ds_is_known)
		return true;
	judge_not_judged(judge, NULL, "the parent's DS set is not known");
	return false;
}

/* Some of the parent's servers serve a DS set that does not validate, others
 * one that does: resolvers ask again. */
static void judge_stale_parents(struct judge *judge, const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_parents; i++) {
		const struct dns_parent_server *parent = &d->parents[i];

		if (parent->ds_why)
			judge_finding_as(judge, STATE_WARNING,
				(struct culprit){
					parent->host, parent->addr_text },
				"serves a DS set for %s, or the denial of one, "
				"that does not validate, where others serve "
				"one that does: %s",
				d->zone, parent->ds_why);
	}
}

void judge_dnssec_chain_broken(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_zone_security *zone = &d->security;
	struct culprit culprit = { .name = zone->parent_zone };
	const struct dns_signed *ds = &zone->ds_signed;

	if (!rule_has_security(judge, d))
		return;
	if (!culprit.name)
		culprit.name = d->parent;
	if (zone->parent == DNS_BOGUS)
		judge_finding(judge, culprit,
			"does not validate, so validating resolvers answer "
			"SERVFAIL for all below it: %s",
			zone->parent_why ? zone->parent_why : "bogus");
	else if (zone->parent == DNS_INDETERMINATE)
		judge_not_judged(judge, culprit.name, "%s",
			zone->parent_why ? zone->parent_why
					 : "can't be validated here");
	else if (ds->security == DNS_BOGUS)
		judge_finding(judge, (struct culprit){ .name = d->parent },
			"its DS set for %s, or the denial of one, does not "
			"validate: %s",
			d->zone, ds->why ? ds->why : "bogus");
	else if (ds->security == DNS_INDETERMINATE)
		judge_not_judged(judge, d->parent, "%s",
			ds->why ? ds->why : "can't be validated here");
	else
		judge_stale_parents(judge, d);
}

void judge_ds_without_signed_zone(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (rule_has_ds(judge, d) && delegation_lacks_signatures(d))
		judge_finding(judge, the_zone,
			"%s %zu DS, but the zone is not signed: validating "
			"resolvers answer SERVFAIL",
			delegation_ds_source(d), d->security.n_ds);
}

/* "12345, 23456": the tags that the DS set names. */
static void add_ds_tags(struct text *out, const struct dns_zone_security *zone)
{
	size_t i;

	for (i = 0; i < zone->n_ds && i < TAGS_SHOWN_MAX; i++)
		text_printf(out, "%s%u", i ? ", " : "",
			(unsigned)zone->ds[i].key_tag);
	text_add(out, i < zone->n_ds ? " ..." : "");
}

/* The same of the keys. */
static void add_key_tags(struct text *out, const struct dns_zone_security *zone)
{
	size_t i;

	for (i = 0; i < zone->n_keys && i < TAGS_SHOWN_MAX; i++)
		text_printf(out, "%s%u", i ? ", " : "",
			(unsigned)zone->keys[i].key_tag);
	text_add(out, i < zone->n_keys ? " ..." : "");
}

void judge_ds_matches_no_key(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct text seen;

	if (!rule_has_ds(judge, d) || !delegation_lacks_ds_key(d))
		return;
	text_init(&seen, CAUSES_SHOWN_MAX);
	text_printf(&seen, "%s DS ", delegation_ds_source(d));
	add_ds_tags(&seen, &d->security);
	text_add(&seen, ", the zone has key ");
	add_key_tags(&seen, &d->security);
	judge_finding(judge, the_zone,
		"no DS matches a key, so validating resolvers answer SERVFAIL: "
		"%s",
		seen.data);
	text_release(&seen);
}

/* What is wrong with a server's signatures, or why it can't be told, as a
 * verb phrase without its subject. */
static void add_cause(struct text *out, const struct dns_server *server,
	enum dns_security what)
{
	size_t i;

	if (what == DNS_BOGUS && !dns_server_is_signed(server)) {
		text_add(out, "serves the zone unsigned");
		return;
	}
	for (i = 0; i < DNS_SIGNED_SETS; i++) {
		const struct dns_signed *set =
			dns_signed_set(&server->security, i);

		if (set->security != what)
			continue;
		text_printf(out, "%s: %s", dns_signed_text(i),
			set->why ? set->why : dns_security_text(what));
		return;
	}
}

/* What of a good server's signatures nothing is known of. Without its keys
 * nothing else can be told. */
static void note_missing(struct judge *judge, const struct dns_server *server)
{
	const struct dns_server_security *security = &server->security;
	size_t i;

	if (!security->was_asked) {
		judge_not_judged(judge, server->addr_text,
			"was not asked for signatures");
		return;
	}
	for (i = 0; i < DNS_SIGNED_SETS; i++) {
		if (dns_signed_set(security, i)->security !=
			DNS_SECURITY_UNKNOWN)
			continue;
		judge_not_judged(judge, server->addr_text, "%s did not come",
			dns_signed_text(i));
		if (i == 0)
			return;
	}
}

/* Why nothing is said about this server's signatures. What is wrong with one
 * that is not good has rules of its own; where its keys are bogus nobody
 * looks at the rest. */
static void note_server(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	enum dns_security security = delegation_server_security(d, server);
	unsigned family = server->addr.family;
	struct text why;

	if (!delegation_sees(d, family)) {
		judge_not_judged(judge, family == 4 ? "IPv4" : "IPv6", "%s",
			delegation_blindness(d, family));
	} else if (security == DNS_INDETERMINATE) {
		text_init(&why, CAUSES_SHOWN_MAX);
		add_cause(&why, server, DNS_INDETERMINATE);
		judge_not_judged(judge, server->addr_text, "%s", why.data);
		text_release(&why);
	} else if (security != DNS_BOGUS &&
		   delegation_server_verdict(d, server) == DNS_SERVER_GOOD) {
		note_missing(judge, server);
	}
}

/* Each cause once, at the first server that has it. */
static void add_causes(struct text *out, const struct delegation *d)
{
	struct text cause;
	size_t start = out->len;
	size_t i;

	text_init(&cause, CAUSES_SHOWN_MAX);
	for (i = 0; i < d->n_servers && out->len - start < CAUSES_SHOWN_MAX;
		i++) {
		const struct dns_server *server = &d->servers[i];

		if (!server->carries ||
			delegation_server_security(d, server) != DNS_BOGUS)
			continue;
		text_clear(&cause);
		add_cause(&cause, server, DNS_BOGUS);
		if (strstr(out->data + start, cause.data))
			continue;
		text_printf(out, "%s%s %s", out->len > start ? ", " : "",
			server->addr_text, cause.data);
	}
	text_release(&cause);
}

/* Name servers that a validating resolver can use, or that nobody looked at
 * from here. */
static size_t count_left(const struct delegation *d)
{
	size_t left = 0;
	size_t i, k;

	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];
		bool is_left = delegation_host_verdict(d, host) ==
			       DNS_SERVER_NOT_JUDGED;

		for (k = 0; k < d->n_servers && !is_left; k++)
			is_left = d->servers[k].carries &&
				  delegation_server_has(&d->servers[k], host) &&
				  delegation_server_verdict(d,
					  &d->servers[k]) == DNS_SERVER_GOOD &&
				  delegation_server_security(
					  d, &d->servers[k]) != DNS_BOGUS;
		left += is_left && delegation_host_carries(d, host);
	}
	return left;
}

static void judge_some_bogus(struct judge *judge, const struct delegation *d)
{
	enum state state = count_left(d) < d->expect.min_good ? STATE_CRITICAL
							      : STATE_WARNING;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		struct text cause;

		if (delegation_server_security(d, server) != DNS_BOGUS)
			continue;
		text_init(&cause, CAUSES_SHOWN_MAX);
		add_cause(&cause, server, DNS_BOGUS);
		judge_finding_as(judge, state, rule_server_culprit(server),
			"%s; validating resolvers reject what it sends",
			cause.data);
		text_release(&cause);
	}
}

void judge_dnssec_bogus(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct security_counts n = delegation_count_bogus(d);
	struct text causes;
	size_t i;

	if (!rule_has_ds(judge, d) || !delegation_wants_signatures(d) ||
		delegation_lacks_signatures(d) || delegation_lacks_ds_key(d))
		return;
	for (i = 0; i < d->n_servers; i++)
		note_server(judge, d, &d->servers[i]);
	if (n.judged == 0 || n.bogus < n.judged) {
		judge_some_bogus(judge, d);
		return;
	}
	text_init(&causes, 2 * CAUSES_SHOWN_MAX);
	add_causes(&causes, d);
	judge_finding_as(judge, STATE_CRITICAL, the_zone,
		"validating resolvers answer SERVFAIL, since none of its %zu "
		"addresses validates: %s",
		n.judged, causes.data);
	text_release(&causes);
}
