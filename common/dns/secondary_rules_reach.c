/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about who is there: the secondaries, and the primary that they
 * transfer from.
 */
#include "config.h"

#include "common/dns/secondary_rules.h"

enum {
	SENTENCE_MAX = 2048,
	DEAD_SHOWN_MAX = 1000, /* bytes of the list of dead secondaries */
};

static const struct culprit the_zone = { NULL, NULL };

/* A secondary as its users count it: one of --secondary, else a name of the
 * delegation. */
struct member {
	const char *name;
	enum dns_lookup lookup;
	const struct dns_named *named; /* NULL: host */
	const struct dns_host *host;
};

bool secondary_named_has(
	const struct dns_named *named, const struct dns_copy *copy)
{
	if (named->port != copy->port)
		return false;
	if (named->name)
		return dns_names_hold(&copy->server.hosts, named->name);
	return dns_addr_compare(&named->addr, &copy->server.addr) == 0;
}

bool dns_host_has(const struct dns_host *host, const struct dns_addr *addr)
{
	return dns_addrs_hold(&host->glue, addr) ||
	       dns_addrs_hold(&host->addrs, addr);
}

bool secondary_host_is_primary(
	const struct secondary *s, const struct dns_host *host)
{
	size_t i;

	for (i = 0; i < s->n_primaries; i++)
		if (s->primaries[i].name &&
			dns_name_compare(s->primaries[i].name, host->name) == 0)
			return true;
	/* Behind another port is another server, which may be a hidden
	 * primary beside a public name server. */
	for (i = 0; i < s->n_copies; i++)
		if (s->copies[i].is_primary && s->copies[i].port == 0 &&
			dns_host_has(host, &s->copies[i].server.addr))
			return true;
	return false;
}

/* Whether all that a server of --secondary has is the primary's. */
static bool named_is_primary(
	const struct secondary *s, const struct dns_named *named)
{
	bool is_primary = false;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		if (!secondary_named_has(named, &s->copies[i]))
			continue;
		if (!s->copies[i].is_primary)
			return false;
		is_primary = true;
	}
	return is_primary;
}

/* Those that may be members: member_at() takes numbers below it. */
static size_t count_candidates(const struct secondary *s)
{
	return s->n_secondaries > 0 ? s->n_secondaries : s->d.n_hosts;
}

/* Whether an earlier --secondary is this server too. */
static bool is_named_before(const struct secondary *s, size_t at)
{
	const struct dns_named *named = &s->secondaries[at];
	size_t i, k;

	for (i = 0; i < at; i++)
		for (k = 0; k < s->n_copies; k++)
			if (secondary_named_has(named, &s->copies[k]) &&
				secondary_named_has(
					&s->secondaries[i], &s->copies[k]))
				return true;
	return false;
}

/* A secondary by the delegation. */
static bool is_secondary_host(
	const struct secondary *s, const struct dns_host *host)
{
	return delegation_host_carries(&s->d, host) &&
	       !secondary_host_is_primary(s, host);
}

/* Whether the host is no other server than those of the names before it. */
static bool is_host_before(const struct secondary *s, size_t at)
{
	bool any = false;
	size_t i, k;

	for (k = 0; k < s->n_copies; k++) {
		const struct dns_names *names = &s->copies[k].server.hosts;

		if (!s->copies[k].server.carries ||
			!dns_names_hold(names, s->d.hosts[at].name))
			continue;
		any = true;
		for (i = 0; i < at; i++)
			if (dns_names_hold(names, s->d.hosts[i].name) &&
				is_secondary_host(s, &s->d.hosts[i]))
				break;
		if (i == at)
			return false;
	}
	return any;
}

/* False where that one is no secondary, or was there before. */
static bool member_at(const struct secondary *s, size_t i, struct member *out)
{
	const struct dns_named *named;
	const struct dns_host *host;

	if (s->n_secondaries > 0) {
		named = &s->secondaries[i];
		*out = (struct member){ .name = named->name ? named->name
							    : named->typed,
			.lookup = named->lookup,
			.named = named };
		return !named_is_primary(s, named) && !is_named_before(s, i);
	}
	host = &s->d.hosts[i];
	*out = (struct member){
		.name = host->name, .lookup = host->lookup, .host = host
	};
	return is_secondary_host(s, host) && !is_host_before(s, i);
}

static bool member_has(const struct member *member, const struct dns_copy *copy)
{
	if (copy->is_primary)
		return false;
	if (member->named)
		return secondary_named_has(member->named, copy);
	return copy->server.carries &&
	       dns_names_hold(&copy->server.hosts, member->name);
}

/* Good, not judged, or bad, which is any other value. */
static enum dns_server_verdict member_verdict(
	const struct secondary *s, const struct member *member)
{
	bool has_address = false;
	bool is_hidden = false;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		enum dns_server_verdict verdict;

		if (!member_has(member, &s->copies[i]))
			continue;
		has_address = true;
		verdict = secondary_verdict(s, &s->copies[i]);
		if (verdict == DNS_SERVER_GOOD)
			return verdict;
		is_hidden |= verdict == DNS_SERVER_NOT_JUDGED;
	}
	if (!has_address)
		is_hidden = member->lookup == DNS_LOOKUP_NOT_DONE ||
			    member->lookup == DNS_LOOKUP_FOUND ||
			    !delegation_sees_any(&s->d);
	return is_hidden ? DNS_SERVER_NOT_JUDGED : DNS_SERVER_SILENT;
}

/* Whether all that is good of it is bogus. */
static bool is_bogus(const struct secondary *s, const struct member *member)
{
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		if (member_has(member, &s->copies[i]) &&
			secondary_is_good(s, &s->copies[i]) &&
			!secondary_is_bogus(s, &s->copies[i]))
			return false;
	return true;
}

struct secondary_counts secondary_count(const struct secondary *s)
{
	struct secondary_counts n = { 0 };
	struct member member;
	size_t i;

	for (i = 0; i < count_candidates(s); i++) {
		enum dns_server_verdict verdict;

		if (!member_at(s, i, &member))
			continue;
		verdict = member_verdict(s, &member);
		if (verdict == DNS_SERVER_GOOD) {
			n.good++;
			n.bogus += is_bogus(s, &member);
		} else if (verdict == DNS_SERVER_NOT_JUDGED) {
			n.not_judged++;
		} else {
			n.bad++;
		}
	}
	return n;
}

/* The next address of a member that was judged and is not good. */
static const struct dns_server *next_dead(
	const struct rule_dead *dead, const struct dns_server *after)
{
	const struct secondary *s = dead->facts;
	bool is_behind = after == NULL;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		enum dns_server_verdict verdict;

		if (!is_behind) {
			is_behind = &copy->server == after;
			continue;
		}
		verdict = secondary_verdict(s, copy);
		if (member_has(dead->whose, copy) &&
			verdict != DNS_SERVER_GOOD &&
			verdict != DNS_SERVER_NOT_JUDGED)
			return &copy->server;
	}
	return NULL;
}

/* Where all of them are dead. */
static void add_dead(struct text *out, const struct secondary *s)
{
	size_t start = out->len;
	struct member member;
	size_t i;

	for (i = 0; i < count_candidates(s); i++) {
		struct rule_dead dead = { .next = next_dead, .facts = s };

		if (!member_at(s, i, &member))
			continue;
		if (out->len - start > DEAD_SHOWN_MAX) {
			text_add(out, " and more");
			return;
		}
		dead.name = member.name;
		dead.lookup = member.lookup;
		dead.whose = &member;
		text_add(out, out->len > start ? ", " : "");
		rule_add_dead(out, &dead);
	}
}

/* Why secondaries could not be judged. */
static void note_not_judged(struct judge *judge, const struct secondary *s)
{
	size_t before = judge->n_not_judged;
	struct member member;
	size_t i, k;

	for (i = 0; i < count_candidates(s); i++) {
		if (!member_at(s, i, &member))
			continue;
		for (k = 0; k < s->n_copies; k++)
			if (member_has(&member, &s->copies[k]) &&
				secondary_verdict(s, &s->copies[k]) ==
					DNS_SERVER_NOT_JUDGED)
				rule_note_hidden(
					judge, &s->d, &s->copies[k].server);
	}
	if (judge->n_not_judged == before)
		judge_not_judged(judge, NULL, "%s",
			s->d.timeout_stage
				? "the deadline came before the secondaries "
				  "were asked"
				: "the secondaries could not be asked from "
				  "here");
}

/* There is not even one by name. */
static void judge_no_secondary(struct judge *judge, const struct secondary *s)
{
	if (!rule_has_delegation(judge, &s->d))
		return;
	if (!delegation_carrying_names(&s->d)->is_known)
		judge_not_judged(judge, NULL, "its name servers are not known");
	else
		judge_finding_as(judge, STATE_WARNING, the_zone,
			"has no secondary: the primary%s is its only name "
			"server, and nobody carries the zone without it",
			s->primary_is_given ? "" : " (by the SOA)");
}

/* ", 2 expired" */
static const char *expired_words(struct arena *arena, const struct secondary *s)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		n += secondary_has_expired(s, &s->copies[i]);
	return n > 0 ? arena_printf(arena, " (%zu address%s expired)", n,
			       n == 1 ? "" : "es")
		     : "";
}

/* Whether anybody is left. */
static const char *left_words(const struct secondary *s)
{
	switch (secondary_primary_state(s)) {
	case DNS_PRIMARY_ANSWERS:
		return ", the primary alone serves the zone";
	case DNS_PRIMARY_SILENT:
		return ", and the primary fails: nobody serves the zone";
	case DNS_PRIMARY_UNSEEN:
		break;
	}
	return "";
}

/* Whether secondaries carry the zone over IPv4, and none of them is good
 * there, as far as all of that can be seen. */
static bool lacks_ipv4(const struct secondary *s)
{
	bool any = false;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		enum dns_server_verdict verdict = secondary_verdict(s, copy);

		if (copy->is_primary || !copy->server.carries ||
			copy->server.addr.family != 4)
			continue;
		if (verdict == DNS_SERVER_GOOD ||
			verdict == DNS_SERVER_NOT_JUDGED)
			return false;
		any = true;
	}
	return any;
}

/* Some secondary is good: is one for the many who have only IPv4? */
static void judge_ipv4(struct judge *judge, const struct secondary *s)
{
	const struct secondary_networks none = { .n = 0 };

	if (!lacks_ipv4(s))
		return;
	if (secondary_survivors(s, &none, 4) > 0)
		judge_finding_as(judge, STATE_WARNING, the_zone,
			"no secondary is good over IPv4: resolvers that have "
			"nothing else live on the others alone");
	else
		judge_finding(judge, the_zone,
			"nobody serves the zone over IPv4: it is gone for "
			"resolvers that have nothing else");
}

void judge_no_good_secondary(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	struct secondary_counts n = secondary_count(s);
	size_t all = n.good + n.bad + n.not_judged;
	struct text seen;

	/* Ignoring that there is no zone does not make it one. */
	if (s->d.cut == DNS_CUT_NONE || s->d.cut == DNS_CUT_NXDOMAIN) {
		judge_not_judged(judge, NULL, "there is no delegation");
	} else if (all == 0) {
		judge_no_secondary(judge, s);
	} else if (n.good == 0 && n.not_judged > 0) {
		note_not_judged(judge, s);
	} else if (n.good == 0) {
		text_init(&seen, SENTENCE_MAX);
		add_dead(&seen, s);
		judge_finding(judge, the_zone,
			"no good secondary of %zu%s%s: %s", all,
			expired_words(judge->arena, s), left_words(s),
			seen.data);
		text_release(&seen);
	} else {
		judge_ipv4(judge, s);
	}
}

static void if_servfail(struct judge *judge, const struct delegation *d,
	const struct dns_server *server)
{
	/* Its first member. */
	const struct secondary *s = (const struct secondary *)(const void *)d;
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		if (dns_addr_compare(
			    &s->copies[i].server.addr, &server->addr) == 0 &&
			secondary_has_expired(s, &s->copies[i]))
			return;
	rule_if_servfail(judge, d, server);
}

void judge_secondary_servfail(struct judge *judge, const void *facts)
{
	rule_each_server(judge, facts, if_servfail);
}

struct culprit rule_named_culprit(
	struct arena *arena, const struct dns_named *named)
{
	struct culprit culprit = { .name = named->name };

	if (!named->name)
		culprit.address = dns_addr_string(arena, &named->addr);
	return culprit;
}

static struct secondary_counts count_named(
	const struct secondary *s, const struct dns_named *named)
{
	struct secondary_counts n = { 0 };
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		enum dns_server_verdict verdict;

		if (!secondary_named_has(named, &s->copies[i]))
			continue;
		verdict = secondary_verdict(s, &s->copies[i]);
		if (verdict == DNS_SERVER_GOOD)
			n.good++;
		else if (verdict == DNS_SERVER_NOT_JUDGED ||
			 verdict == DNS_SERVER_UNUSABLE)
			n.not_judged++;
		else
			n.bad++;
	}
	return n;
}

/* Whether the rules about each server of the delegation tell of it. */
static bool is_of_delegation(
	const struct secondary *s, const struct dns_copy *copy)
{
	size_t i;

	if (copy->port != 0)
		return false;
	for (i = 0; i < s->d.n_servers; i++)
		if (dns_addr_compare(
			    &s->d.servers[i].addr, &copy->server.addr) == 0)
			return true;
	return false;
}

/* An address of a primary that answers at another one. */
static void say_dead_address(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	struct text seen;

	if (is_of_delegation(s, copy))
		return;
	text_init(&seen, SENTENCE_MAX);
	dns_probe_add(&seen, &copy->server.soa_udp);
	judge_finding(judge, rule_copy_culprit(copy),
		"the primary %s here, expected the SOA of %s with authority",
		seen.data, s->d.zone);
	text_release(&seen);
}

/* None of its addresses answers. What comes of that is what whoever reads it
 * at night wants to know. */
static void say_dead_primary(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	struct text seen;

	text_init(&seen, SENTENCE_MAX);
	dns_probe_add(&seen, &copy->server.soa_udp);
	/* The number first: line 1 may have no room for more. */
	judge_finding(judge, rule_copy_culprit(copy),
		"the primary fails: %s; it %s",
		secondary_outlook(judge->arena, s), seen.data);
	text_release(&seen);
}

static void judge_primary(struct judge *judge, const struct secondary *s,
	const struct dns_named *named)
{
	struct secondary_counts n = count_named(s, named);
	bool is_told = false;
	size_t i;

	if (n.good + n.bad + n.not_judged == 0)
		judge_not_judged(judge,
			named->name ? named->name : named->typed,
			"its addresses are not known");
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		enum dns_server_verdict verdict = secondary_verdict(s, copy);

		if (!secondary_named_has(named, copy) ||
			verdict == DNS_SERVER_GOOD)
			continue;
		if (verdict == DNS_SERVER_NOT_JUDGED)
			rule_note_hidden(judge, &s->d, &copy->server);
		else if (n.good > 0)
			say_dead_address(judge, s, copy);
		else if (!is_told)
			say_dead_primary(judge, s, copy);
		is_told |= verdict != DNS_SERVER_NOT_JUDGED;
	}
}

void judge_primary_silent(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	if (!s->primary_is_given)
		judge_not_asked(judge);
	/* Where there is no such zone, nobody is to blame for that. */
	if (s->d.cut == DNS_CUT_NONE || s->d.cut == DNS_CUT_NXDOMAIN)
		return;
	for (i = 0; s->primary_is_given && i < s->n_primaries; i++)
		judge_primary(judge, s, &s->primaries[i]);
}

/* What the first server that serves the zone tells; NULL: none does. */
static const char *find_mname(const struct secondary *s)
{
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		if (secondary_verdict(s, &s->copies[i]) == DNS_SERVER_GOOD)
			return s->copies[i].server.soa.mname;
	return NULL;
}

void judge_primary_inferred(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	const char *mname = find_mname(s);
	struct secondary_counts n;

	if (s->primary_is_given || s->expect.is_independent) {
		judge_not_asked(judge);
		return;
	}
	if (s->primary_is_inferred && s->n_primaries > 0) {
		n = count_named(s, &s->primaries[0]);
		judge_finding(judge,
			rule_named_culprit(judge->arena, &s->primaries[0]),
			"taken for the primary, since the SOA names it%s",
			n.good > 0  ? ""
			: n.bad > 0 ? "; does not answer for the zone"
				    : "; could not be asked");
	} else if (mname) {
		judge_finding(judge, the_zone,
			"no primary is known: --primary is not given, and the "
			"SOA's %s leads to none",
			mname);
	} else {
		judge_not_judged(judge, NULL, "no server of the zone is good");
	}
}
