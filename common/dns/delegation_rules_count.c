/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about how much of the delegation is alive. Their sentences name
 * every dead server, since line 1 of a pager is often all there is.
 */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	DEAD_SHOWN_MAX = 1000, /* bytes of the list of dead servers */
};

static const struct culprit the_zone = { NULL, NULL };

/* What became of the one address, in few words. */
static const char *short_words(const struct dns_probe *probe)
{
	if (probe->outcome == DNS_NOT_ASKED)
		return "is out of the world's reach";
	if (probe->outcome != DNS_ANSWERED)
		return dns_outcome_text(probe->outcome);
	if (probe->kind == DNS_KIND_ERROR || probe->rcode != 0)
		return dns_rcode_text(probe->rcode);
	return "answers without authority";
}

/* The same of a name that has no address to ask. */
const char *rule_lookup_words(enum dns_lookup lookup)
{
	switch (lookup) {
	case DNS_LOOKUP_NXDOMAIN:
		return "does not exist";
	case DNS_LOOKUP_NO_ADDRESS:
		return "has no address";
	case DNS_LOOKUP_LITERAL:
		return "is no name";
	case DNS_LOOKUP_CIRCULAR:
		return "needs the zone to be resolved";
	case DNS_LOOKUP_FAILED:
	case DNS_LOOKUP_LIMIT:
		return "can't be resolved";
	case DNS_LOOKUP_NOT_DONE:
	case DNS_LOOKUP_FOUND:
		break;
	}
	return "is not reached by the delegation";
}

/* The next carrying address of the host that was judged and is not good. */
static const struct dns_server *next_dead(
	const struct rule_dead *dead, const struct dns_server *after)
{
	const struct delegation *d = dead->facts;
	const struct dns_host *host = dead->whose;
	size_t i = after ? (size_t)(after - d->servers) + 1 : 0;

	for (; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		enum dns_server_verdict verdict =
			delegation_server_verdict(d, server);

		if (server->carries && delegation_server_has(server, host) &&
			verdict != DNS_SERVER_GOOD &&
			verdict != DNS_SERVER_NOT_JUDGED)
			return server;
	}
	return NULL;
}

/* Addresses that did the same share their words. */
void rule_add_dead(struct text *out, const struct rule_dead *dead)
{
	const struct dns_server *server = dead->next(dead, NULL);
	const char *words;

	text_add(out, dead->name);
	if (!server) {
		text_printf(out, " %s", rule_lookup_words(dead->lookup));
		return;
	}
	words = short_words(&server->soa_udp);
	text_printf(out, " (%s", server->addr_text);
	while ((server = dead->next(dead, server)) != NULL) {
		const char *others = short_words(&server->soa_udp);

		if (others == words)
			text_printf(out, ", %s", server->addr_text);
		else
			text_printf(out, ") %s (%s", words, server->addr_text);
		words = others;
	}
	text_printf(out, ") %s", words);
}

static void add_dead_host(struct text *out, const struct delegation *d,
	const struct dns_host *host)
{
	const struct rule_dead dead = {
		.name = host->name,
		.lookup = host->lookup,
		.next = next_dead,
		.facts = d,
		.whose = host,
	};

	rule_add_dead(out, &dead);
}

static bool is_dead(const struct delegation *d, const struct dns_host *host)
{
	enum dns_server_verdict verdict;

	if (!delegation_host_carries(d, host))
		return false;
	verdict = delegation_host_verdict(d, host);
	return verdict != DNS_SERVER_GOOD && verdict != DNS_SERVER_NOT_JUDGED;
}

static void add_dead_hosts(struct text *out, const struct delegation *d)
{
	size_t start = out->len;
	size_t n = 0;
	size_t i;

	for (i = 0; i < d->n_hosts; i++) {
		if (!is_dead(d, &d->hosts[i]))
			continue;
		if (out->len - start > DEAD_SHOWN_MAX) {
			text_add(out, " and more");
			return;
		}
		text_add(out, n++ ? ", " : "");
		add_dead_host(out, d, &d->hosts[i]);
	}
}

/* Why a carrying name server could not be judged, of the first such. */
static void note_not_judged(struct judge *judge, const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		unsigned family = d->servers[i].addr.family;

		if (!d->servers[i].carries || delegation_sees(d, family))
			continue;
		judge_not_judged(judge, family == 4 ? "IPv4" : "IPv6", "%s",
			delegation_blindness(d, family));
		return;
	}
	judge_not_judged(judge, NULL, "%s",
		d->timeout_stage
			? "the deadline came before its servers were asked"
			: "its servers could not be asked from here");
}

/* "no good name server of 2: ns1.example (192.0.2.1) timed out, ..." */
static void say_too_few(struct judge *judge, const struct delegation *d,
	const struct delegation_counts *n)
{
	struct text seen;

	text_init(&seen, 2 * DEAD_SHOWN_MAX);
	if (n->servers_good == 0)
		text_add(&seen, "no good name server");
	else
		text_printf(&seen, "%zu good name server%s", n->servers_good,
			n->servers_good == 1 ? "" : "s");
	text_printf(&seen, " of %zu",
		n->servers_good + n->servers_bad + n->servers_not_judged);
	if (d->expect.min_good > 1)
		text_printf(&seen, ", at least %llu wanted",
			(unsigned long long)d->expect.min_good);
	if (n->servers_bad > 0) {
		text_add(&seen, ": ");
		add_dead_hosts(&seen, d);
	}
	judge_finding(judge, the_zone, "%s", seen.data);
	text_release(&seen);
}

void judge_too_few_good_servers(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct delegation_counts n = delegation_count(d);

	if (!rule_has_delegation(judge, d)) {
		/* Ignoring that there is no zone does not make it one. */
		if (d->cut != DNS_CUT_UNKNOWN)
			judge_not_judged(judge, NULL, "there is no delegation");
	} else if (!delegation_carrying_names(d)->is_known) {
		judge_not_judged(judge, NULL, "its name servers are not known");
	} else if (n.servers_good >= d->expect.min_good) {
		return;
	} else if (n.servers_good + n.servers_not_judged >=
		   d->expect.min_good) {
		note_not_judged(judge, d);
	} else {
		say_too_few(judge, d, &n);
	}
}

void judge_one_good_server(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct delegation_counts n;
	struct text dead;

	if (!rule_has_delegation(judge, d))
		return;
	n = delegation_count(d);
	if (n.servers_good != 1 || d->expect.min_good > 1 ||
		d->expect.min_ns < 2 ||
		n.servers_bad + n.servers_not_judged == 0)
		return;
	if (n.servers_not_judged > 0) {
		note_not_judged(judge, d);
		return;
	}
	text_init(&dead, 2 * DEAD_SHOWN_MAX);
	add_dead_hosts(&dead, d);
	judge_finding(judge, the_zone,
		"one good name server is left of %zu: %s", 1 + n.servers_bad,
		dead.data);
	text_release(&dead);
}
