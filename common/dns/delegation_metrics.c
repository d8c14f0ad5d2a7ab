/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics of check_dns_delegation, and its line 1 where all is well. */
#include "config.h"

#include <stdio.h>

#include "common/core/num.h"
#include "common/dns/delegation.h"
#include "common/dns/delegation_facts.h"
#include "common/judge/judge.h"

enum metric_index {
	METRIC_SLOWEST,
	METRIC_QUERIES,
	METRIC_SERVERS_GOOD,
	METRIC_SERVERS_BAD,
	METRIC_ADDRESSES_GOOD,
	METRIC_ADDRESSES_BAD,
	METRIC_SLOWEST_IPV4,
	METRIC_SLOWEST_IPV6,
	METRIC_SERIAL_SPREAD,
	METRIC_DELEGATION_TTL,
	METRIC_SIGNATURE_LIFE,
	METRIC_KEYS,
	METRIC_DS,
	METRIC_ANSWER_TIME,
	METRIC_SERVER_SIGNATURE_LIFE,
	METRICS,
};

/* clang-format off */
const struct metric_def delegation_metrics[] = {
	[METRIC_SLOWEST] = { "slowest", "s", false, false,
		"slowest answer of a good address over UDP" },
	[METRIC_QUERIES] = { "queries", "", false, false,
		"packets and connections sent" },
	[METRIC_SERVERS_GOOD] = { "servers_good", "", true, false,
		"name servers of the delegation that are good" },
	[METRIC_SERVERS_BAD] = { "servers_bad", "", false, false,
		"name servers of the delegation that are bad" },
	[METRIC_ADDRESSES_GOOD] = { "addresses_good", "", true, false,
		"addresses of the delegation that are good" },
	[METRIC_ADDRESSES_BAD] = { "addresses_bad", "", false, false,
		"addresses of the delegation that are bad" },
	[METRIC_SLOWEST_IPV4] = { "slowest_ipv4", "s", false, false,
		"slowest answer of a good IPv4 address over UDP" },
	[METRIC_SLOWEST_IPV6] = { "slowest_ipv6", "s", false, false,
		"slowest answer of a good IPv6 address over UDP" },
	[METRIC_SERIAL_SPREAD] = { "serial_spread", "", false, false,
		"largest distance between the serials of two good addresses" },
	[METRIC_DELEGATION_TTL] = { "delegation_ttl", "s", false, false,
		"TTL of the NS set that the parent hands out" },
	[METRIC_SIGNATURE_LIFE] = { "signature_life", "s", true, false,
		"time until the first signature of a good address ends" },
	[METRIC_KEYS] = { "keys", "", false, false,
		"keys that the good addresses serve" },
	[METRIC_DS] = { "ds", "", true, false,
		"DS records of the zone" },
	[METRIC_ANSWER_TIME] = { "answer_time", "s", false, true,
		"answer of this good address over UDP" },
	[METRIC_SERVER_SIGNATURE_LIFE] = { "server_signature_life", "s",
		true, true,
		"time until the first signature of this good address ends" },
};
/* clang-format on */

const size_t n_delegation_metrics = METRICS;

static const double seconds_per_us = 1e-6;

static void add(struct judge *judge, enum metric_index index,
	const char *instance, double value)
{
	judge_metric(judge, &delegation_metrics[index], instance, value);
}

static const char *instance_of(
	struct arena *arena, const struct dns_server *server)
{
	return arena_printf(arena, "%s %s",
		server->hosts.n > 0 ? server->hosts.at[0] : "server",
		server->addr_text);
}

/* NULL where no good address of the family (0: of any) is there. */
static const struct dns_server *slowest_of(
	const struct delegation *d, unsigned family)
{
	const struct dns_server *slowest = NULL;
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		if ((family == 0 || server->addr.family == family) &&
			delegation_server_verdict(d, server) ==
				DNS_SERVER_GOOD &&
			(!slowest || server->soa_udp.rtt_us >
					     slowest->soa_udp.rtt_us))
			slowest = server;
	}
	return slowest;
}

static void add_slowest(struct judge *judge, const struct delegation *d,
	enum metric_index index, unsigned family)
{
	const struct dns_server *slowest = slowest_of(d, family);

	if (slowest)
		add(judge, index, instance_of(judge->arena, slowest),
			(double)slowest->soa_udp.rtt_us * seconds_per_us);
}

static void add_spread(struct judge *judge, const struct delegation *d)
{
	bool any = false;
	uint32_t spread = 0;
	size_t i, k;

	for (i = 0; i < d->n_servers; i++) {
		if (delegation_server_verdict(d, &d->servers[i]) !=
			DNS_SERVER_GOOD)
			continue;
		any = true;
		for (k = 0; k < i; k++) {
			uint32_t distance =
				num_serial_distance(d->servers[i].soa.serial,
					d->servers[k].soa.serial);

			if (delegation_server_verdict(d, &d->servers[k]) ==
					DNS_SERVER_GOOD &&
				distance > spread)
				spread = distance;
		}
	}
	if (any)
		add(judge, METRIC_SERIAL_SPREAD, NULL, (double)spread);
}

/* The shortest that a parent's server hands out. */
static void add_ttl(struct judge *judge, const struct delegation *d)
{
	const struct dns_parent_server *shortest = NULL;
	size_t i;

	for (i = 0; i < d->n_parents; i++)
		if (d->parents[i].ns.is_known &&
			(!shortest || d->parents[i].ttl_s < shortest->ttl_s))
			shortest = &d->parents[i];
	if (shortest)
		add(judge, METRIC_DELEGATION_TTL, NULL,
			(double)shortest->ttl_s);
}

/* Negative where it has ended. */
static double life(const struct delegation *d, const struct dns_signed *set)
{
	return (double)(set->expiration_s - d->expect.now_s);
}

static void add_per_server(struct judge *judge, const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		const struct dns_signed *first =
			dns_first_end(&server->security);
		const char *instance;

		if (delegation_server_verdict(d, server) != DNS_SERVER_GOOD)
			continue;
		instance = instance_of(judge->arena, server);
		add(judge, METRIC_ANSWER_TIME, instance,
			(double)server->soa_udp.rtt_us * seconds_per_us);
		if (first)
			add(judge, METRIC_SERVER_SIGNATURE_LIFE, instance,
				life(d, first));
	}
}

/* Of the server that serves the signature which ends first. */
static const char *whose_end(struct arena *arena, const struct delegation *d,
	const struct dns_signed *first)
{
	size_t i = 0;

	while (dns_first_end(&d->servers[i].security) != first)
		i++;
	return instance_of(arena, &d->servers[i]);
}

static void add_security(struct judge *judge, const struct delegation *d)
{
	const struct dns_signed *first = delegation_first_end(d);

	if (first)
		add(judge, METRIC_SIGNATURE_LIFE,
			whose_end(judge->arena, d, first), life(d, first));
	if (!d->security.is_known || !delegation_exists(d))
		return;
	if (delegation_security(d) != DNS_SECURITY_UNKNOWN)
		add(judge, METRIC_KEYS, NULL, (double)d->security.n_keys);
	if (d->security.ds_is_known)
		add(judge, METRIC_DS, NULL, (double)d->security.n_ds);
}

void delegation_measure(struct judge *judge, const struct delegation *d)
{
	struct delegation_counts n = delegation_count(d);

	add_slowest(judge, d, METRIC_SLOWEST, 0);
	add(judge, METRIC_QUERIES, NULL, (double)d->n_queries);
	if (delegation_exists(d)) {
		add(judge, METRIC_SERVERS_GOOD, NULL, (double)n.servers_good);
		add(judge, METRIC_SERVERS_BAD, NULL, (double)n.servers_bad);
		add(judge, METRIC_ADDRESSES_GOOD, NULL, (double)n.addrs_good);
		add(judge, METRIC_ADDRESSES_BAD, NULL, (double)n.addrs_bad);
	}
	add_slowest(judge, d, METRIC_SLOWEST_IPV4, 4);
	add_slowest(judge, d, METRIC_SLOWEST_IPV6, 6);
	add_spread(judge, d);
	add_ttl(judge, d);
	add_security(judge, d);
	add_per_server(judge, d);
}

const char *delegation_summary(struct arena *arena, const struct delegation *d)
{
	struct delegation_counts n = delegation_count(d);
	const struct dns_server *slowest = slowest_of(d, 0);
	size_t all = n.servers_good + n.servers_bad + n.servers_not_judged;
	const char *speed = "";
	const char *is_valid = "";

	if (!delegation_exists(d))
		return "no delegation was obtained";
	if (slowest)
		speed = arena_printf(arena, ", slowest answer %ld.%ld ms",
			(long)((slowest->soa_udp.rtt_us + 50) / 1000),
			(long)((slowest->soa_udp.rtt_us + 50) / 100 % 10));
	if (delegation_security(d) == DNS_SECURE)
		is_valid = ", signed and valid";
	return arena_printf(arena,
		"%zu of %zu name servers good at %zu address%s%s%s",
		n.servers_good, all, n.addrs_good,
		n.addrs_good == 1 ? "" : "es", is_valid, speed);
}
