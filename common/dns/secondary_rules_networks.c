/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about who would be left where whole networks fall silent: that of the
 * primary, and those of --lost.
 */
#include "config.h"

#include "common/dns/secondary_rules.h"

enum {
	NETWORKS_SHOWN_MAX = 300, /* bytes of a list of networks */
};

static const struct culprit the_zone = { NULL, NULL };

/* Of name servers that carry the zone. */
struct survivors {
	size_t good;  /* one now, at an address outside */
	size_t maybe; /* nobody can tell that from here */
};

static bool network_holds(
	const struct secondary_networks *networks, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < networks->n; i++)
		if (dns_prefix_holds(&networks->at[i], addr))
			return true;
	return false;
}

static bool has_as(const struct secondary_networks *networks, uint32_t as)
{
	size_t i;

	for (i = 0; i < networks->n_as; i++)
		if (networks->as[i] == as)
			return true;
	return false;
}

static bool is_inside(const struct secondary_networks *networks,
	const struct dns_server *server)
{
	return network_holds(networks, &server->addr) ||
	       has_as(networks, server->as_number);
}

/* Two names of one address are one server: it counts for the first of them
 * that carries the zone. */
static bool counts_for(const struct delegation *d,
	const struct dns_server *server, const struct dns_host *host)
{
	const struct dns_host *other;

	for (other = d->hosts; other != host; other++)
		if (delegation_host_carries(d, other) &&
			delegation_server_has(server, other))
			return false;
	return true;
}

/* Whether the host, which carries the zone, would be left. */
static enum dns_server_verdict survival(const struct delegation *d,
	const struct dns_host *host, const struct secondary_networks *lost,
	unsigned family)
{
	enum dns_server_verdict best = DNS_SERVER_SILENT;
	bool has_address = false;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		enum dns_server_verdict verdict;

		if (!server->carries || !delegation_server_has(server, host))
			continue;
		has_address = true;
		if ((family != 0 && server->addr.family != family) ||
			is_inside(lost, server) || !counts_for(d, server, host))
			continue;
		verdict = delegation_server_verdict(d, server);
		if (verdict == DNS_SERVER_GOOD)
			return verdict;
		if (verdict == DNS_SERVER_NOT_JUDGED)
			best = verdict;
	}
	if (!has_address && host->lookup == DNS_LOOKUP_NOT_DONE)
		best = DNS_SERVER_NOT_JUDGED;
	return best;
}

static struct survivors count_survivors(const struct secondary *s,
	const struct secondary_networks *lost, unsigned family)
{
	const struct delegation *d = &s->d;
	struct survivors n = { .maybe = d->hosts_cut };
	size_t i;

	for (i = 0; delegation_exists(d) && i < d->n_hosts; i++) {
		enum dns_server_verdict verdict;

		if (!delegation_host_carries(d, &d->hosts[i]))
			continue;
		verdict = survival(d, &d->hosts[i], lost, family);
		n.good += verdict == DNS_SERVER_GOOD;
		n.maybe += verdict == DNS_SERVER_NOT_JUDGED;
	}
	return n;
}

size_t secondary_survivors(const struct secondary *s,
	const struct secondary_networks *lost, unsigned family)
{
	return count_survivors(s, lost, family).good;
}

/* The networks of one more server, with room for them. */
static void add_place(struct secondary_networks *networks, uint32_t *as,
	const struct dns_server *server)
{
	if (!network_holds(networks, &server->addr))
		networks->at[networks->n++] = dns_site(&server->addr);
	if (server->as_number != 0 && !has_as(networks, server->as_number))
		as[networks->n_as++] = server->as_number;
}

/* Whether a name of the server is the primary. */
static bool is_of_primary(
	const struct secondary *s, const struct dns_server *server)
{
	size_t i;

	for (i = 0; i < s->d.n_hosts; i++)
		if (delegation_server_has(server, &s->d.hosts[i]) &&
			secondary_host_is_primary(s, &s->d.hosts[i]))
			return true;
	return false;
}

struct secondary_networks secondary_primary_networks(
	struct arena *arena, const struct secondary *s)
{
	size_t max = s->n_copies + s->d.n_servers;
	uint32_t *as = arena_array(arena, max, sizeof(*as));
	struct secondary_networks networks = {
		.at = arena_array(arena, max, sizeof(*networks.at)), .as = as
	};
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		if (s->copies[i].is_primary)
			add_place(&networks, as, &s->copies[i].server);
	for (i = 0; i < s->d.n_servers; i++)
		if (is_of_primary(s, &s->d.servers[i]))
			add_place(&networks, as, &s->d.servers[i]);
	return networks;
}

bool secondary_places_primary(const struct secondary *s)
{
	size_t i;

	if (s->primary_is_given)
		return true;
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];

		if (copy->is_primary &&
			(copy->in_parent || copy->in_child ||
				secondary_verdict(s, copy) == DNS_SERVER_GOOD))
			return true;
	}
	return false;
}

static void add_networks(
	struct text *out, const struct secondary_networks *networks)
{
	size_t start = out->len;
	char buf[DNS_PREFIX_TEXT];
	size_t i;

	for (i = 0; i < networks->n; i++) {
		if (out->len - start > NETWORKS_SHOWN_MAX) {
			text_printf(out, " and %zu more", networks->n - i);
			return;
		}
		text_printf(out, "%s%s", i ? ", " : "",
			dns_prefix_text(&networks->at[i], buf));
	}
	for (i = 0; i < networks->n_as; i++)
		text_printf(out, ", AS%lu", (unsigned long)networks->as[i]);
}

/* Why nobody can tell who would be left. */
static void note_hidden(struct judge *judge, const struct delegation *d,
	const struct secondary_networks *lost, unsigned family)
{
	size_t before = judge->n_not_judged;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (server->carries && !network_holds(lost, &server->addr) &&
			(family == 0 || server->addr.family == family) &&
			delegation_server_verdict(d, server) ==
				DNS_SERVER_NOT_JUDGED)
			rule_note_hidden(judge, d, server);
	}
	if (judge->n_not_judged == before)
		judge_not_judged(judge, NULL,
			"the addresses of its name servers are not all known");
}

/* Whether there is a primary, and its place tells something; else not
 * judged. */
static bool has_place(struct judge *judge, const struct secondary *s,
	const struct secondary_networks *networks)
{
	const char *domain;
	size_t n_hosts;

	if (networks->n == 0 || !secondary_places_primary(s)) {
		judge_not_judged(judge, NULL, "%s",
			s->primary_is_given
				? "the primary's addresses are not known"
				: "no primary is known: give --primary");
		return false;
	}
	if (s->primary_is_given || s->n_primaries == 0)
		return true;
	domain = rule_common_domain(&s->d, &n_hosts);
	if (!s->d.registrable)
		judge_not_judged(judge, NULL,
			"the public suffix list could not be read");
	else if (domain && s->primaries[0].name &&
		 dns_name_in(s->primaries[0].name, domain))
		judge_not_judged(judge, NULL,
			"the primary is inferred, and all name servers are "
			"under %s as it is",
			domain);
	else
		return true;
	return false;
}

/* Whether nobody in the networks serves the zone, as far as anybody could be
 * asked. */
static bool is_silent(
	const struct secondary *s, const struct secondary_networks *networks)
{
	bool any = false;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		enum dns_server_verdict verdict = secondary_verdict(s, copy);

		if (!is_inside(networks, &copy->server) ||
			verdict == DNS_SERVER_NOT_JUDGED ||
			verdict == DNS_SERVER_UNUSABLE)
			continue;
		if (verdict == DNS_SERVER_GOOD)
			return false;
		any = true;
	}
	for (i = 0; i < s->d.n_servers; i++)
		if (is_inside(networks, &s->d.servers[i]) &&
			delegation_server_verdict(&s->d, &s->d.servers[i]) ==
				DNS_SERVER_GOOD)
			return false;
	return any;
}

static void say_too_few(struct judge *judge, const struct secondary *s,
	const struct secondary_networks *networks, struct survivors left)
{
	size_t n = left.good + left.maybe;
	struct text where;

	text_init(&where, 2 * NETWORKS_SHOWN_MAX);
	add_networks(&where, networks);
	if (n == 0 && is_silent(s, networks))
		judge_finding_as(judge, STATE_CRITICAL, the_zone,
			"nobody carries the zone: the primary's network (%s) "
			"is silent, and no good name server is outside",
			where.data);
	else if (n == 0)
		judge_finding(judge, the_zone,
			"no good name server outside the primary's network "
			"(%s): nobody carries the zone if that fails",
			where.data);
	else
		judge_finding(judge, the_zone,
			"%zu good name server%s outside the primary's network "
			"(%s), at least %llu wanted",
			n, n == 1 ? "" : "s", where.data,
			(unsigned long long)s->expect.min_survivors);
	text_release(&where);
}

/* A primary whose network nobody knows may be next to those who seem to be
 * outside. */
static void note_unplaced(struct judge *judge, const struct secondary *s)
{
	size_t i, k;

	for (i = 0; s->primary_is_given && i < s->n_primaries; i++) {
		const struct dns_named *named = &s->primaries[i];

		for (k = 0; k < s->n_copies; k++)
			if (secondary_named_has(named, &s->copies[k]))
				break;
		if (k == s->n_copies)
			judge_not_judged(judge,
				named->name ? named->name : named->typed,
				"its addresses are not known");
	}
}

/* Most of the world has IPv4 alone, and no use for others. */
static void judge_ipv4_survivors(struct judge *judge, const struct secondary *s,
	const struct secondary_networks *networks)
{
	const struct secondary_networks none = { .n = 0 };
	struct survivors left = count_survivors(s, networks, 4);
	struct text where;

	if (s->expect.min_survivors == 0 || left.good + left.maybe > 0 ||
		secondary_survivors(s, &none, 4) == 0)
		return;
	text_init(&where, 2 * NETWORKS_SHOWN_MAX);
	add_networks(&where, networks);
	judge_finding(judge, the_zone,
		"no good name server outside the primary's network (%s) for "
		"resolvers that have only IPv4",
		where.data);
	text_release(&where);
}

void judge_too_few_survivors(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	struct secondary_networks networks;
	struct survivors left;

	if (s->expect.is_independent) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_delegation(judge, &s->d))
		return;
	if (!delegation_carrying_names(&s->d)->is_known) {
		judge_not_judged(judge, NULL, "its name servers are not known");
		return;
	}
	networks = secondary_primary_networks(judge->arena, s);
	if (!has_place(judge, s, &networks))
		return;
	left = count_survivors(s, &networks, 0);
	if (left.good >= s->expect.min_survivors) {
		note_unplaced(judge, s);
		judge_ipv4_survivors(judge, s, &networks);
	} else if (left.good + left.maybe >= s->expect.min_survivors)
		note_hidden(judge, &s->d, &networks, 0);
	else
		say_too_few(judge, s, &networks, left);
}

/* What would be left of one family, where it is of use now. */
static void judge_family_loss(struct judge *judge, const struct secondary *s,
	const struct secondary_networks *lost, unsigned family)
{
	const struct secondary_networks none = { 0 };
	struct survivors now = count_survivors(s, &none, family);
	struct survivors left = count_survivors(s, lost, family);
	struct text where;

	if (left.good > 0 || now.good + now.maybe == 0)
		return;
	if (left.maybe > 0 || now.good == 0) {
		note_hidden(judge, &s->d, now.good == 0 ? &none : lost, family);
		return;
	}
	text_init(&where, 2 * NETWORKS_SHOWN_MAX);
	add_networks(&where, lost);
	judge_finding_as(judge, family == 4 ? STATE_CRITICAL : STATE_WARNING,
		the_zone,
		"without %s no good name server would be left for resolvers "
		"that have only IPv%u, where %zu %s now",
		where.data, family, now.good, now.good == 1 ? "is" : "are");
	text_release(&where);
}

/* A network that nobody is in may be a slip of the pen. */
static void note_misses(struct judge *judge, const struct secondary *s,
	const struct secondary_networks *lost)
{
	size_t i, k;

	for (i = 0; i < lost->n; i++) {
		char buf[DNS_PREFIX_TEXT];

		for (k = 0; k < s->d.n_servers; k++)
			if (s->d.servers[k].carries &&
				dns_prefix_holds(
					&lost->at[i], &s->d.servers[k].addr))
				break;
		if (k == s->d.n_servers)
			judge_finding_as(judge, STATE_OK, the_zone,
				"no name server is in %s (--lost)",
				dns_prefix_text(&lost->at[i], buf));
	}
}

void judge_loss_not_survived(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	const struct secondary_networks lost = { .at = s->expect.lost,
		.n = s->expect.n_lost };
	struct survivors left;
	struct text where;

	if (lost.n == 0) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_delegation(judge, &s->d))
		return;
	if (!delegation_carrying_names(&s->d)->is_known) {
		judge_not_judged(judge, NULL, "its name servers are not known");
		return;
	}
	note_misses(judge, s, &lost);
	left = count_survivors(s, &lost, 0);
	if (left.good > 0) {
		judge_family_loss(judge, s, &lost, 4);
		judge_family_loss(judge, s, &lost, 6);
		return;
	}
	if (left.maybe > 0) {
		note_hidden(judge, &s->d, &lost, 0);
		return;
	}
	text_init(&where, 2 * NETWORKS_SHOWN_MAX);
	add_networks(&where, &lost);
	judge_finding(judge, the_zone,
		"without %s no good name server would be left: nobody carries "
		"the zone",
		where.data);
	text_release(&where);
}
