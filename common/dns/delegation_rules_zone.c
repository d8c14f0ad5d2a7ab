/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about whether the zone's servers agree with each other. */
#include "config.h"

#include <string.h>

#include "common/core/num.h"
#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	SENTENCE_MAX = 2048,
};

/* Whether two servers are the same by some measure. */
typedef bool (*same_fn)(const struct dns_server *a, const struct dns_server *b);

static bool is_good(const struct delegation *d, const struct dns_server *server)
{
	return delegation_server_verdict(d, server) == DNS_SERVER_GOOD;
}

/* Good, and it told its NS set. */
static bool tells_ns(
	const struct delegation *d, const struct dns_server *server)
{
	return is_good(d, server) && server->ns.is_known;
}

static bool has_same_ns(const struct dns_server *a, const struct dns_server *b)
{
	return dns_names_equal(&a->ns, &b->ns);
}

static bool has_same_soa(const struct dns_server *a, const struct dns_server *b)
{
	return strcmp(a->soa.mname, b->soa.mname) == 0 &&
	       strcmp(a->soa.rname, b->soa.rname) == 0 &&
	       a->soa.refresh == b->soa.refresh &&
	       a->soa.retry == b->soa.retry && a->soa.expire == b->soa.expire &&
	       a->soa.minimum == b->soa.minimum;
}

/* The first of those servers that the most others are the same as. */
static const struct dns_server *majority(const struct delegation *d,
	bool (*counts)(const struct delegation *, const struct dns_server *),
	same_fn same)
{
	const struct dns_server *best = NULL;
	size_t best_votes = 0;
	size_t i, k;

	for (i = 0; i < d->n_servers; i++) {
		size_t votes = 0;

		if (!counts(d, &d->servers[i]))
			continue;
		for (k = 0; k < d->n_servers; k++)
			votes += counts(d, &d->servers[k]) &&
				 same(&d->servers[i], &d->servers[k]);
		if (votes > best_votes) {
			best = &d->servers[i];
			best_votes = votes;
		}
	}
	return best;
}

/* A server that gives the SOA and no NS set: broken, or not asked. */
static void judge_untold(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	const struct dns_probe *probe = &server->ns_udp;
	struct text seen;

	if (probe->outcome == DNS_NOT_ASKED ||
		probe->outcome == DNS_OUR_FAULT || d->timeout_stage) {
		judge_not_judged(
			judge, server->addr_text, "did not tell its NS set");
		return;
	}
	text_init(&seen, SENTENCE_MAX);
	dns_probe_add(&seen, probe);
	judge_finding(judge, rule_server_culprit(server),
		"gives the zone's SOA but no NS set: %s", seen.data);
	text_release(&seen);
}

static void judge_other_ns(struct judge *judge, const struct dns_server *server,
	const struct dns_server *norm)
{
	struct text seen;

	text_init(&seen, SENTENCE_MAX);
	text_add(&seen, "lists ");
	dns_names_add(&seen, &server->ns);
	text_printf(&seen, ", where %s lists ", norm->addr_text);
	dns_names_add(&seen, &norm->ns);
	judge_finding(judge, rule_server_culprit(server), "%s", seen.data);
	text_release(&seen);
}

void judge_children_disagree(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *norm;
	bool any_good = false;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	norm = majority(d, tells_ns, has_same_ns);
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (!is_good(d, server))
			continue;
		any_good = true;
		if (!server->ns.is_known)
			judge_untold(judge, d, server);
		else if (norm && !has_same_ns(server, norm))
			judge_other_ns(judge, server, norm);
	}
	if (!any_good)
		judge_not_judged(judge, NULL, "no server of the zone is good");
}

/* A good server whose serial none is after. Where serials run in a circle,
 * any of them will do: they differ from it all the same. */
static const struct dns_server *newest(const struct delegation *d)
{
	const struct dns_server *best = NULL;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (!is_good(d, server))
			continue;
		if (!best || num_serial_compare(
				     server->soa.serial, best->soa.serial) == 1)
			best = server;
	}
	return best;
}

void judge_serials_differ(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *best;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	best = newest(d);
	if (!best) {
		judge_not_judged(judge, NULL, "no server of the zone is good");
		return;
	}
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		uint32_t serial = server->soa.serial;

		if (!is_good(d, server) || serial == best->soa.serial)
			continue;
		judge_finding(judge, rule_server_culprit(server),
			"has serial %lu, where %s has %lu",
			(unsigned long)serial, best->addr_text,
			(unsigned long)best->soa.serial);
	}
}

static void add_fields(struct text *out, const struct dns_soa *soa)
{
	text_printf(out, "%s %s %lu %lu %lu %lu", soa->mname, soa->rname,
		(unsigned long)soa->refresh, (unsigned long)soa->retry,
		(unsigned long)soa->expire, (unsigned long)soa->minimum);
}

void judge_soa_differ(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *norm;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	norm = majority(d, is_good, has_same_soa);
	if (!norm) {
		judge_not_judged(judge, NULL, "no server of the zone is good");
		return;
	}
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		struct text seen;

		if (!is_good(d, server) || has_same_soa(server, norm))
			continue;
		text_init(&seen, 2 * SENTENCE_MAX);
		text_add(&seen, "has the SOA fields ");
		add_fields(&seen, &server->soa);
		text_printf(&seen, ", where %s has ", norm->addr_text);
		add_fields(&seen, &norm->soa);
		judge_finding(
			judge, rule_server_culprit(server), "%s", seen.data);
		text_release(&seen);
	}
}
