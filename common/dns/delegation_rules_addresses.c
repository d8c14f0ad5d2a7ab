/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about addresses: the parent's glue against the authoritative ones,
 * and what all of them have in common.
 */
#include "config.h"

#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	SENTENCE_MAX = 2048,
};

static const struct culprit the_zone = { NULL, NULL };

/* One address of the host: from the glue, from its own zone, or both. */
static void judge_address(struct judge *judge, const struct delegation *d,
	const struct dns_host *host, const struct dns_addr *addr)
{
	const char *why = dns_addr_unusable(addr);
	bool in_glue = dns_addrs_hold(&host->glue, addr);
	bool in_zone = dns_addrs_hold(&host->addrs, addr);
	const char *whose = "its own zone";

	if (delegation_permits(d, addr))
		return;
	if (in_glue)
		whose = in_zone ? "its glue and its own zone" : "its glue";
	judge_finding(judge,
		(struct culprit){ .name = host->name,
			.address = dns_addr_string(judge->arena, addr) },
		"has, by %s, an address that the world can't reach: %s", whose,
		why);
}

void judge_ns_unusable_address(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t i, k;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		for (k = 0; k < host->glue.n; k++)
			judge_address(judge, d, host, &host->glue.at[k]);
		for (k = 0; k < host->addrs.n; k++)
			if (!dns_addrs_hold(&host->glue, &host->addrs.at[k]))
				judge_address(
					judge, d, host, &host->addrs.at[k]);
	}
}

void judge_glue_missing(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t i;

	if (!rule_has_parent_side(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		if (!host->in_parent || !host->needs_glue)
			continue;
		if (!host->glue.is_known)
			judge_not_judged(
				judge, host->name, "its glue was not seen");
		else if (host->glue.n == 0)
			judge_finding(judge,
				(struct culprit){ .name = host->name },
				"is inside the zone, but no address for it is "
				"%s",
				delegation_handed(d));
	}
}

static void add_family(
	struct text *out, const struct dns_addrs *addrs, unsigned family)
{
	char buf[DNS_ADDR_TEXT];
	const char *comma = "";
	size_t i;

	for (i = 0; i < addrs->n; i++) {
		if (addrs->at[i].family != family)
			continue;
		text_printf(
			out, "%s%s", comma, dns_addr_text(&addrs->at[i], buf));
		comma = ", ";
	}
	if (*comma == '\0')
		text_add(out,
			family == 4 ? "no IPv4 address" : "no IPv6 address");
}

static bool family_differs(
	const struct dns_addrs *a, const struct dns_addrs *b, unsigned family)
{
	size_t i;

	if (dns_addrs_count(a, family) != dns_addrs_count(b, family))
		return true;
	for (i = 0; i < a->n; i++)
		if (a->at[i].family == family && !dns_addrs_hold(b, &a->at[i]))
			return true;
	return false;
}

/* A parent may leave a whole family of glue out, so only a family that it
 * hands out is compared. */
static void judge_glue(struct judge *judge, const struct delegation *d,
	const struct dns_host *host, unsigned family)
{
	bool is_known = family == 4 ? host->v4_known : host->v6_known;
	struct text seen;

	if (dns_addrs_count(&host->glue, family) == 0)
		return;
	if (!is_known) {
		if (delegation_count(d).servers_good == 0)
			judge_not_judged(
				judge, NULL, "no server of the zone is good");
		else
			judge_not_judged(judge, host->name,
				"its own %s addresses are not known",
				family == 4 ? "IPv4" : "IPv6");
		return;
	}
	if (!family_differs(&host->glue, &host->addrs, family))
		return;
	text_init(&seen, SENTENCE_MAX);
	add_family(&seen, &host->glue, family);
	text_printf(&seen, " %s, its own zone says ", delegation_handed(d));
	add_family(&seen, &host->addrs, family);
	judge_finding(
		judge, (struct culprit){ .name = host->name }, "%s", seen.data);
	text_release(&seen);
}

void judge_glue_mismatch(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t i;

	if (!rule_has_parent_side(judge, d))
		return;
	for (i = 0; i < d->n_hosts; i++) {
		judge_glue(judge, d, &d->hosts[i], 4);
		judge_glue(judge, d, &d->hosts[i], 6);
	}
}

/* How many of the server's names are in the set. */
static size_t names_within(
	const struct dns_server *server, const struct dns_names *set)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < server->hosts.n; i++)
		n += dns_names_hold(set, server->hosts.at[i]);
	return n;
}

void judge_shared_address(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		struct text names;

		/* An old name in the one set and a new one in the other is a
		 * renaming, and found as such. */
		if (names_within(server, &d->parent_ns) < 2 &&
			names_within(server, &d->child_ns) < 2)
			continue;
		text_init(&names, SENTENCE_MAX);
		dns_names_add(&names, &server->hosts);
		judge_finding(judge,
			(struct culprit){ .address = server->addr_text },
			"is the address of %s: they are one server",
			names.data);
		text_release(&names);
	}
}

static bool is_in_one_network(const struct delegation *d, unsigned family)
{
	struct dns_prefix site = { 0 };
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (!server->carries || server->addr.family != family)
			continue;
		if (site.addr.family == 0)
			site = dns_site(&server->addr);
		else if (!dns_prefix_holds(&site, &server->addr))
			return false;
	}
	return true;
}

/* Whether the delegation leads to an address of the host, of the family
 * where that is not 0. */
static bool has_carrying_address(const struct delegation *d,
	const struct dns_host *host, unsigned family)
{
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (server->carries && delegation_server_has(server, host) &&
			(family == 0 || server->addr.family == family))
			return true;
	}
	return false;
}

/* Whether each carrying host that has an address has one of the family.
 * Only then do its addresses tell where all of them stand. */
static bool family_covers_all(const struct delegation *d, unsigned family)
{
	size_t i;

	for (i = 0; i < d->n_hosts; i++)
		if (delegation_host_carries(d, &d->hosts[i]) &&
			has_carrying_address(d, &d->hosts[i], 0) &&
			!has_carrying_address(d, &d->hosts[i], family))
			return false;
	return true;
}

/* How many carrying hosts have an address; one that nobody looked up makes
 * the rule not judged, and the count none. */
static size_t count_placed_hosts(
	struct judge *judge, const struct delegation *d)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		if (!delegation_host_carries(d, host))
			continue;
		if (has_carrying_address(d, host, 0)) {
			n++;
		} else if (host->lookup == DNS_LOOKUP_NOT_DONE) {
			judge_not_judged(judge, host->name,
				"its addresses are not known");
			return 0;
		}
	}
	return n;
}

/* Appends the network that the carrying addresses of the family are in. */
static void add_network(
	struct text *out, const struct delegation *d, unsigned family)
{
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		struct dns_prefix site = dns_site(&d->servers[i].addr);
		char buf[DNS_PREFIX_TEXT];

		if (!d->servers[i].carries || site.addr.family != family)
			continue;
		text_printf(out, "%s%s", out->len > 0 ? " and " : "",
			dns_prefix_text(&site, buf));
		return;
	}
}

void judge_single_network(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct text networks;
	size_t hosts;

	if (!rule_has_delegation(judge, d))
		return;
	hosts = count_placed_hosts(judge, d);
	if (hosts < 2 || !is_in_one_network(d, 4) || !is_in_one_network(d, 6) ||
		(!family_covers_all(d, 4) && !family_covers_all(d, 6)))
		return;
	text_init(&networks, 4 * DNS_ADDR_TEXT);
	add_network(&networks, d, 4);
	add_network(&networks, d, 6);
	judge_finding(judge, the_zone,
		"its %zu name servers are all in %s: one fault takes them all, "
		"expected a second network",
		hosts, networks.data);
	text_release(&networks);
}

void judge_no_ipv6(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	bool is_sure = true;
	size_t i;

	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_servers; i++)
		if (d->servers[i].carries && d->servers[i].addr.family == 6)
			return;
	for (i = 0; i < d->n_hosts; i++) {
		if (!delegation_host_carries(d, &d->hosts[i]))
			continue;
		if (dns_addrs_count(&d->hosts[i].addrs, 6) > 0)
			return;
		if (!d->hosts[i].v6_known)
			is_sure = false;
	}
	if (is_sure)
		judge_finding(judge, the_zone,
			"none of its name servers has an IPv6 address");
	else
		judge_not_judged(judge, NULL,
			"the IPv6 addresses of its name servers are not known");
}

const char *rule_common_domain(const struct delegation *d, size_t *n_hosts)
{
	const char *common = NULL;
	size_t i;

	*n_hosts = 0;
	for (i = 0; d->registrable && i < d->n_hosts; i++) {
		if (!delegation_host_carries(d, &d->hosts[i]))
			continue;
		if (!d->registrable[i] ||
			(common && strcmp(common, d->registrable[i]) != 0))
			return NULL;
		common = d->registrable[i];
		++*n_hosts;
	}
	return common;
}

void judge_one_registrable_domain(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const char *common;
	size_t n;

	if (!rule_has_delegation(judge, d))
		return;
	common = rule_common_domain(d, &n);
	if (!d->registrable)
		judge_not_judged(judge, NULL,
			"the public suffix list could not be read");
	else if (common && n > 1)
		judge_finding(judge, the_zone,
			"all %zu name servers are named under %s", n, common);
}

void judge_one_as(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_server *unknown = NULL;
	uint32_t common = 0;
	size_t n = 0;
	size_t i;

	if (!d->has_asn) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_delegation(judge, d))
		return;
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if (!server->carries)
			continue;
		if (server->as_number == 0)
			unknown = server;
		else if (common != 0 && server->as_number != common)
			return;
		else
			common = server->as_number;
		n++;
	}
	if (unknown)
		judge_not_judged(judge, unknown->addr_text,
			"its AS is not in the table");
	else if (n > 1)
		judge_finding(judge, the_zone, "all %zu addresses are in AS%lu",
			n, (unsigned long)common);
}
