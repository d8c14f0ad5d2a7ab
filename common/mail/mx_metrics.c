/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics of check_mx, and its line 1 where all is well. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"

enum metric_index {
	METRIC_GREETING,
	METRIC_CERTIFICATE_LIFE,
	METRIC_EXCHANGERS,
	METRIC_EXCHANGERS_GOOD,
	METRIC_EXCHANGERS_BAD,
	METRIC_ADDRESSES_GOOD,
	METRIC_ADDRESSES_BAD,
	METRIC_CONNECTIONS,
	METRIC_QUERIES,
	METRIC_ADDRESS_GREETING,
	METRIC_ADDRESS_CERTIFICATE_LIFE,
	METRICS,
};

/* clang-format off */
const struct metric_def mx_metrics[] = {
	[METRIC_GREETING] = { "greeting", "s", false, false,
		"slowest greeting, from the connection on" },
	[METRIC_CERTIFICATE_LIFE] = { "certificate_life", "s", true, false,
		"time until the first certificate ends" },
	[METRIC_EXCHANGERS] = { "exchangers", "", true, false,
		"mail exchangers in the set" },
	[METRIC_EXCHANGERS_GOOD] = { "exchangers_good", "", true, false,
		"mail exchangers that take mail" },
	[METRIC_EXCHANGERS_BAD] = { "exchangers_bad", "", false, false,
		"mail exchangers that do not take mail" },
	[METRIC_ADDRESSES_GOOD] = { "addresses_good", "", true, false,
		"addresses that take mail" },
	[METRIC_ADDRESSES_BAD] = { "addresses_bad", "", false, false,
		"addresses that do not take mail" },
	[METRIC_CONNECTIONS] = { "connections", "", false, false,
		"connections to port 25" },
	[METRIC_QUERIES] = { "queries", "", false, false,
		"packets and connections sent to name servers" },
	[METRIC_ADDRESS_GREETING] = { "address_greeting", "s", false, true,
		"greeting of this address, from the connection on" },
	[METRIC_ADDRESS_CERTIFICATE_LIFE] = { "address_certificate_life", "s",
		true, true,
		"time until the certificate of this address ends" },
};
/* clang-format on */

const size_t n_mx_metrics = METRICS;

static const double seconds_per_us = 1e-6;

static void add(struct judge *judge, enum metric_index index,
	const char *instance, double value)
{
	judge_metric(judge, &mx_metrics[index], instance, value);
}

/* A greeting that never came has taken at least that long; -1: no metric. */
static double greeting_s(const struct mx_address *address)
{
	const struct smtp_step *greeting =
		&address->session.steps[SMTP_GREETING];

	if (greeting->outcome != SMTP_DONE &&
		greeting->outcome != SMTP_TIMED_OUT)
		return -1;
	return (double)greeting->took_us * seconds_per_us;
}

/* Of one that was shown; negative where it has ended. */
static double certificate_life_s(
	const struct mx *mx, const struct mx_address *address)
{
	return (double)(address->session.tls.certs[0].end_s - mx->expect.now_s);
}

static const char *instance_of(struct arena *arena, const struct mx *mx,
	const struct mx_address *address)
{
	return arena_printf(arena, "%s %s", mx_exchanger_of(mx, address)->name,
		address->addr_text);
}

static void add_address(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const char *instance = instance_of(judge->arena, mx, address);

	if (greeting_s(address) >= 0)
		add(judge, METRIC_ADDRESS_GREETING, instance,
			greeting_s(address));
	if (address->session.tls.n_certs > 0)
		add(judge, METRIC_ADDRESS_CERTIFICATE_LIFE, instance,
			certificate_life_s(mx, address));
}

/* The slowest greeting, and the end of the first certificate. */
static void add_extremes(struct judge *judge, const struct mx *mx)
{
	const struct mx_address *slowest = NULL;
	const struct mx_address *first = NULL;
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];

		if (greeting_s(address) >= 0 &&
			(!slowest || greeting_s(address) > greeting_s(slowest)))
			slowest = address;
		if (address->session.tls.n_certs > 0 &&
			(!first || certificate_life_s(mx, address) <
					   certificate_life_s(mx, first)))
			first = address;
	}
	if (slowest)
		add(judge, METRIC_GREETING,
			instance_of(judge->arena, mx, slowest),
			greeting_s(slowest));
	if (first)
		add(judge, METRIC_CERTIFICATE_LIFE,
			instance_of(judge->arena, mx, first),
			certificate_life_s(mx, first));
}

void mx_measure(struct judge *judge, const struct mx *mx)
{
	const struct mx_counts names = mx_count(mx);
	const struct mx_counts addresses = mx_count_addresses(mx);
	size_t i;

	add_extremes(judge, mx);
	if (mx->set != MX_SET_UNKNOWN) {
		add(judge, METRIC_EXCHANGERS, NULL, (double)mx->n_exchangers);
		add(judge, METRIC_EXCHANGERS_GOOD, NULL, (double)names.good);
		add(judge, METRIC_EXCHANGERS_BAD, NULL, (double)names.bad);
		add(judge, METRIC_ADDRESSES_GOOD, NULL, (double)addresses.good);
		add(judge, METRIC_ADDRESSES_BAD, NULL, (double)addresses.bad);
	}
	add(judge, METRIC_CONNECTIONS, NULL, (double)mx->n_connections);
	add(judge, METRIC_QUERIES, NULL, (double)mx->n_queries);
	for (i = 0; i < mx->n_addresses; i++)
		add_address(judge, mx, &mx->addresses[i]);
}

/* Whether DANE comes to that at all addresses, or at one of them. */
static bool is_dane(const struct mx *mx, enum mx_dane dane, bool wants_all)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		if ((mx_dane_at(mx, &mx->addresses[i]).dane == dane) !=
			wants_all)
			return !wants_all;
	return wants_all && mx->n_addresses > 0;
}

/* What MTA-STS and DANE say, where they do. */
static const char *policy_part(const struct mx *mx)
{
	bool has_sts = mx->sts.id && mx->sts.policy.is_parsed &&
		       !mx->sts.policy.wrong &&
		       mx->sts.policy.mode >= MX_STS_TESTING;

	if (is_dane(mx, MX_DANE_MATCHES, true))
		return has_sts ? ", MTA-STS and DANE hold" : ", DANE holds";
	if (is_dane(mx, MX_DANE_INSECURE, false))
		return has_sts ? ", MTA-STS holds, TLSA records are not signed"
			       : ", TLSA records are not signed";
	return has_sts ? ", MTA-STS holds" : "";
}

/* Those that were seen to put the mail off, which they take later. */
static const char *greylist_part(struct arena *arena, const struct mx *mx)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++)
		n += mx_exchanger_take(mx, &mx->exchangers[i]) == MX_GREYLISTS;
	return n > 0 ? arena_printf(arena, ", %zu after greylisting", n) : "";
}

const char *mx_summary(struct arena *arena, const struct mx *mx)
{
	const struct mx_counts names = mx_count(mx);
	const struct mx_counts addresses = mx_count_addresses(mx);

	return arena_printf(arena,
		"%zu of %zu exchanger%s (%zu of %zu address%s) take%s %s%s%s",
		names.good, mx->n_exchangers, mx->n_exchangers == 1 ? "" : "s",
		addresses.good, mx->n_addresses,
		mx->n_addresses == 1 ? "" : "es",
		mx->n_exchangers == 1 ? "s" : "",
		mx->expect.rcpt ? mx->expect.rcpt
				: "a sender, no recipient was tried",
		greylist_part(arena, mx), policy_part(mx));
}
