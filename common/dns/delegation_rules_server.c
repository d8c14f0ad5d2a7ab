/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about what each address of the zone's name servers answers. */
#include "config.h"

#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

void rule_note_hidden(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	unsigned family = server->addr.family;

	if (!delegation_sees(d, family))
		judge_not_judged(judge, family == 4 ? "IPv4" : "IPv6", "%s",
			delegation_blindness(d, family));
	else if (server->soa_udp.outcome == DNS_OUR_FAULT)
		judge_not_judged(judge, server->addr_text,
			"no descriptors or memory left here");
	else if (server->soa_udp.outcome == DNS_NOT_ASKED)
		judge_not_judged(judge, server->addr_text,
			d->timeout_stage ? "the deadline came before"
					 : "not asked");
	else
		judge_not_judged(
			judge, "UDP", "nothing at all answered over it");
}

void rule_each_server(
	struct judge *judge, const struct delegation *d, rule_server_fn fn)
{
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (delegation_server_verdict(d, server) ==
			DNS_SERVER_NOT_JUDGED)
			rule_note_hidden(judge, d, server);
		else
			fn(judge, d, server);
	}
}

static bool is_good(const struct delegation *d, const struct dns_server *server)
{
	return delegation_server_verdict(d, server) == DNS_SERVER_GOOD;
}

static void if_silent(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	struct text seen;

	if (delegation_server_verdict(d, server) != DNS_SERVER_SILENT)
		return;
	text_init(&seen, DNS_NAME_TEXT);
	dns_probe_add(&seen, &server->soa_udp);
	judge_finding(judge, rule_server_culprit(server),
		"%s, asked over UDP for the SOA of %s%s", seen.data, d->zone,
		server->soa_tcp.outcome == DNS_ANSWERED ? "; answers over TCP"
							: "");
	text_release(&seen);
}

void judge_server_silent(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_silent);
}

static void if_refuses(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	if (delegation_server_verdict(d, server) == DNS_SERVER_REFUSES)
		judge_finding(judge, rule_server_culprit(server),
			"refuses the zone (REFUSED), expected its SOA");
}

void judge_server_refuses(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_refuses);
}

void rule_if_servfail(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	if (delegation_server_verdict(d, server) == DNS_SERVER_SERVFAIL)
		judge_finding(judge, rule_server_culprit(server),
			"answers SERVFAIL, expected the zone's SOA: not "
			"loaded, or expired");
}

void judge_server_servfail(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, rule_if_servfail);
}

static void if_not_authoritative(struct judge *judge,
	const struct delegation *d, const struct dns_server *server)
{
	struct text seen;

	if (delegation_server_verdict(d, server) !=
		DNS_SERVER_NOT_AUTHORITATIVE)
		return;
	text_init(&seen, DNS_NAME_TEXT);
	dns_probe_add(&seen, &server->soa_udp);
	judge_finding(judge, rule_server_culprit(server),
		"%s, expected the zone's SOA with authority", seen.data);
	text_release(&seen);
}

void judge_server_not_authoritative(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_not_authoritative);
}

static bool tcp_is_seen(const struct delegation *d)
{
	return d->tcp == DNS_SIGHT_SEEN || d->tcp == DNS_SIGHT_NOT_TRIED;
}

/* Whether what the server did over TCP can be held against it. */
static bool tcp_is_judged(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	if (!tcp_is_seen(d)) {
		judge_not_judged(judge, "TCP",
			d->tcp == DNS_SIGHT_NO_ROUTE
				? "no route from here"
				: "nothing at all answered over it");
		return false;
	}
	if (server->soa_tcp.outcome == DNS_NOT_ASKED ||
		server->soa_tcp.outcome == DNS_OUR_FAULT) {
		judge_not_judged(judge, server->addr_text,
			"could not be asked over TCP from here");
		return false;
	}
	return true;
}

static void if_no_tcp(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	struct text seen;

	if (!is_good(d, server) || !tcp_is_judged(judge, d, server) ||
		server->soa_tcp.outcome == DNS_ANSWERED)
		return;
	text_init(&seen, DNS_NAME_TEXT);
	dns_probe_add(&seen, &server->soa_tcp);
	judge_finding(judge, rule_server_culprit(server),
		"answers over UDP but not over TCP: %s", seen.data);
	text_release(&seen);
}

void judge_server_no_tcp(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_no_tcp);
}

/* The first field, the serial left out, in which the two differ; or NULL. */
static const char *soa_difference(
	const struct dns_soa *a, const struct dns_soa *b)
{
	if (strcmp(a->mname, b->mname) != 0)
		return "primary (MNAME)";
	if (strcmp(a->rname, b->rname) != 0)
		return "mailbox (RNAME)";
	if (a->refresh != b->refresh)
		return "refresh";
	if (a->retry != b->retry)
		return "retry";
	if (a->expire != b->expire)
		return "expire";
	return a->minimum != b->minimum ? "minimum" : NULL;
}

static void add_set_difference(struct text *out, const struct dns_names *udp,
	const struct dns_names *tcp)
{
	text_add(out, "the NS set over UDP is ");
	dns_names_add(out, udp);
	text_add(out, ", over TCP ");
	dns_names_add(out, tcp);
}

static void if_udp_tcp_differ(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	const char *field = NULL;
	struct text seen;

	if (!is_good(d, server) || !tcp_is_judged(judge, d, server) ||
		server->soa_tcp.outcome != DNS_ANSWERED)
		return;
	text_init(&seen, 2 * DNS_NAME_TEXT);
	if (!server->tcp_soa.is_known || !server->soa_tcp.is_authoritative) {
		text_add(&seen, "over TCP it ");
		dns_probe_add(&seen, &server->soa_tcp);
		text_add(&seen, ", over UDP it gives the SOA with authority");
	} else if ((field = soa_difference(&server->soa, &server->tcp_soa))) {
		text_printf(&seen,
			"the SOA over TCP has another %s than over UDP", field);
	} else if (server->ns.is_known && server->tcp_ns.is_known &&
		   !dns_names_equal(&server->ns, &server->tcp_ns)) {
		add_set_difference(&seen, &server->ns, &server->tcp_ns);
	}
	if (seen.len > 0)
		judge_finding(
			judge, rule_server_culprit(server), "%s", seen.data);
	text_release(&seen);
}

void judge_server_udp_tcp_differ(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_udp_tcp_differ);
}

static void if_edns_broken(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	if (server->edns == DNS_EDNS_UNKNOWN && is_good(d, server))
		judge_not_judged(judge, server->addr_text,
			"how it takes EDNS was not seen");
	else if (server->edns == DNS_EDNS_REFUSED)
		judge_finding(judge, rule_server_culprit(server),
			"answers %s to a query with EDNS, and answers "
			"without it",
			dns_rcode_text(server->edns_rcode));
	else if (server->edns == DNS_EDNS_DROPPED)
		judge_finding(judge, rule_server_culprit(server),
			"is silent to queries with EDNS, and answers without "
			"it");
}

void judge_server_edns_broken(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_edns_broken);
}

static void if_edns_ignored(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	(void)d;
	if (server->edns == DNS_EDNS_IGNORED)
		judge_finding(judge, rule_server_culprit(server),
			"answers without the OPT record that a query with "
			"EDNS asks for");
}

void judge_edns_ignored(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_edns_ignored);
}

/* Whether the query for a foreign name was put to a server that answers at
 * all; a server that then drops it does well. */
static bool foreign_is_judged(
	struct judge *judge, const struct dns_server *server)
{
	if (server->soa_udp.outcome != DNS_ANSWERED)
		return false;
	if (server->foreign.outcome == DNS_NOT_ASKED ||
		server->foreign.outcome == DNS_OUR_FAULT) {
		judge_not_judged(judge, server->addr_text,
			"was not asked for a foreign name");
		return false;
	}
	return true;
}

static void if_open_recursion(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	(void)d;
	if (foreign_is_judged(judge, server) && server->foreign_is_answered)
		judge_finding(judge, rule_server_culprit(server),
			"resolves a foreign name for anybody (open recursion, "
			"seen from this host), expected REFUSED");
}

void judge_open_recursion(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_open_recursion);
}

static void if_upward_referral(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	(void)d;
	if (foreign_is_judged(judge, server) &&
		server->foreign.outcome == DNS_ANSWERED &&
		server->foreign.kind == DNS_KIND_UPWARD)
		judge_finding(judge, rule_server_culprit(server),
			"refers upwards for a foreign name, expected REFUSED");
}

void judge_upward_referral(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_upward_referral);
}
