/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics of check_dns_secondary. */
#include "config.h"

#include "common/dns/secondary_rules.h"

enum metric_index {
	METRIC_COVER,
	METRIC_LAG_AGE,
	METRIC_SERIAL_LAG,
	METRIC_EXPIRE_LEFT,
	METRIC_SIGNATURE_LIFE,
	METRIC_SLOWEST_UDP,
	METRIC_SLOWEST_TCP,
	METRIC_SECONDARIES_GOOD,
	METRIC_SECONDARIES_BAD,
	METRIC_SURVIVORS,
	METRIC_QUERIES,
	METRIC_TRANSFER_RECORDS,
	METRIC_TRANSFER_TIME,
	METRIC_SERVER_COVER,
	METRIC_SERVER_LAG_AGE,
	METRIC_SERVER_SERIAL_LAG,
	METRIC_SERVER_EXPIRE_LEFT,
	METRIC_SERVER_SIGNATURE_LIFE,
	METRIC_ANSWER_TIME_UDP,
	METRIC_ANSWER_TIME_TCP,
	METRICS,
};

/* clang-format off */
const struct metric_def secondary_metrics[] = {
	[METRIC_COVER] = { "cover", "s", true, false,
		"least time that a good secondary would carry the zone" },
	[METRIC_LAG_AGE] = { "lag_age", "s", false, false,
		"longest time that a good secondary has been behind" },
	[METRIC_SERIAL_LAG] = { "serial_lag", "", false, false,
		"most serials that a good secondary is behind" },
	[METRIC_EXPIRE_LEFT] = { "expire_left", "s", true, false,
		"least time until a good secondary expires" },
	[METRIC_SIGNATURE_LIFE] = { "signature_life", "s", true, false,
		"time until the first signature of a good secondary ends" },
	[METRIC_SLOWEST_UDP] = { "slowest_udp", "s", false, false,
		"slowest answer of a good secondary over UDP" },
	[METRIC_SLOWEST_TCP] = { "slowest_tcp", "s", false, false,
		"slowest answer of a good secondary over TCP" },
	[METRIC_SECONDARIES_GOOD] = { "secondaries_good", "", true, false,
		"secondaries that are good" },
	[METRIC_SECONDARIES_BAD] = { "secondaries_bad", "", false, false,
		"secondaries that are bad" },
	[METRIC_SURVIVORS] = { "survivors", "", true, false,
		"good name servers outside the primary's networks" },
	[METRIC_QUERIES] = { "queries", "", false, false,
		"packets and connections sent" },
	[METRIC_TRANSFER_RECORDS] = { "transfer_records", "", false, false,
		"records of the largest transfer" },
	[METRIC_TRANSFER_TIME] = { "transfer_time", "s", false, false,
		"time that the slowest transfer took" },
	[METRIC_SERVER_COVER] = { "server_cover", "s", true, true,
		"time that this good secondary would carry the zone" },
	[METRIC_SERVER_LAG_AGE] = { "server_lag_age", "s", false, true,
		"time that this good secondary has been behind" },
	[METRIC_SERVER_SERIAL_LAG] = { "server_serial_lag", "", false, true,
		"serials that this good secondary is behind" },
	[METRIC_SERVER_EXPIRE_LEFT] = { "server_expire_left", "s", true, true,
		"time until this good secondary expires" },
	[METRIC_SERVER_SIGNATURE_LIFE] = { "server_signature_life", "s",
		true, true,
		"time until the first signature of this good secondary ends" },
	[METRIC_ANSWER_TIME_UDP] = { "answer_time_udp", "s", false, true,
		"answer of this good secondary over UDP" },
	[METRIC_ANSWER_TIME_TCP] = { "answer_time_tcp", "s", false, true,
		"answer of this good secondary over TCP" },
};
/* clang-format on */

const size_t n_secondary_metrics = METRICS;

static const double seconds_per_us = 1e-6;

static bool measure_cover(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	const struct dns_cover cover = secondary_cover(s, copy);

	*value = (double)cover.cover_s;
	return cover.is_known;
}

static bool measure_expire(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	const struct dns_cover cover = secondary_cover(s, copy);

	*value = (double)cover.expire_left_s;
	return dns_cover_expires(&cover);
}

static bool measure_lag_age(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	const struct dns_lag lag = secondary_lag(s, copy);

	*value = (double)lag.age_s;
	return lag.step == DNS_STEP_EQUAL ||
	       (lag.step == DNS_STEP_BEHIND && lag.has_age);
}

static bool measure_serial_lag(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	const struct dns_lag lag = secondary_lag(s, copy);

	*value = (double)lag.serials;
	return lag.step == DNS_STEP_EQUAL || lag.step == DNS_STEP_BEHIND;
}

/* Negative where it has ended. */
static bool measure_signature(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	const struct dns_signed *first = dns_first_end(&copy->server.security);

	if (first)
		*value = (double)(first->expiration_s - s->d.expect.now_s);
	return first != NULL;
}

static bool measure_rtt(const struct dns_probe *probe, double *value)
{
	*value = (double)probe->rtt_us * seconds_per_us;
	return probe->outcome == DNS_ANSWERED;
}

static bool measure_udp(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	(void)s;
	return measure_rtt(&copy->server.soa_udp, value);
}

static bool measure_tcp(
	const struct secondary *s, const struct dns_copy *copy, double *value)
{
	(void)s;
	return measure_rtt(&copy->server.soa_tcp, value);
}

/* What is measured of each secondary, and under which names: the worst of all,
 * and each. */
static const struct {
	enum metric_index worst, each;
	bool (*measure)(const struct secondary *s, const struct dns_copy *copy,
		double *value);
} measured[] = {
	{ METRIC_COVER, METRIC_SERVER_COVER, measure_cover },
	{ METRIC_LAG_AGE, METRIC_SERVER_LAG_AGE, measure_lag_age },
	{ METRIC_SERIAL_LAG, METRIC_SERVER_SERIAL_LAG, measure_serial_lag },
	{ METRIC_EXPIRE_LEFT, METRIC_SERVER_EXPIRE_LEFT, measure_expire },
	{ METRIC_SIGNATURE_LIFE, METRIC_SERVER_SIGNATURE_LIFE,
		measure_signature },
	{ METRIC_SLOWEST_UDP, METRIC_ANSWER_TIME_UDP, measure_udp },
	{ METRIC_SLOWEST_TCP, METRIC_ANSWER_TIME_TCP, measure_tcp },
};

static void add(struct judge *judge, enum metric_index index,
	const char *instance, double value)
{
	judge_metric(judge, &secondary_metrics[index], instance, value);
}

static bool is_worse(enum metric_index index, double value, double than)
{
	return secondary_metrics[index].less_is_worse ? value < than
						      : value > than;
}

/* One that does not serve the zone has nothing to be measured. */
static bool is_measured(const struct secondary *s, const struct dns_copy *copy)
{
	return !copy->is_primary &&
	       secondary_verdict(s, copy) == DNS_SERVER_GOOD;
}

static void add_measured(
	struct judge *judge, const struct secondary *s, size_t which)
{
	enum metric_index index = measured[which].worst;
	const char *whose = NULL;
	double worst = 0;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		const struct dns_names *hosts = &copy->server.hosts;
		const char *instance;
		double value = 0;

		if (!is_measured(s, copy) ||
			!measured[which].measure(s, copy, &value))
			continue;
		instance = arena_printf(judge->arena, "%s %s",
			hosts->n > 0 ? hosts->at[0] : "server", copy->key);
		if (!whose || is_worse(index, value, worst)) {
			worst = value;
			whose = instance;
		}
		add(judge, measured[which].each, instance, value);
	}
	if (whose)
		add(judge, index, whose, worst);
}

static void add_survivors(struct judge *judge, const struct secondary *s)
{
	const struct secondary_networks networks =
		secondary_primary_networks(judge->arena, s);

	if (networks.n > 0 && secondary_places_primary(s) &&
		delegation_exists(&s->d))
		add(judge, METRIC_SURVIVORS, NULL,
			(double)secondary_survivors(s, &networks, 0));
}

static void add_transfers(struct judge *judge, const struct secondary *s)
{
	uint64_t most = 0;
	int64_t longest_us = -1;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_transfer *transfer = &s->copies[i].transfer;

		if (transfer->end != DNS_TRANSFER_DONE)
			continue;
		if (transfer->n_records > most)
			most = transfer->n_records;
		if (transfer->took_us > longest_us)
			longest_us = transfer->took_us;
	}
	if (longest_us < 0)
		return;
	add(judge, METRIC_TRANSFER_RECORDS, NULL, (double)most);
	add(judge, METRIC_TRANSFER_TIME, NULL,
		(double)longest_us * seconds_per_us);
}

void secondary_measure(struct judge *judge, const struct secondary *s)
{
	const struct secondary_counts n = secondary_count(s);
	size_t i;

	for (i = 0; i < sizeof(measured) / sizeof(measured[0]); i++)
		add_measured(judge, s, i);
	if (delegation_exists(&s->d) || s->n_copies > 0) {
		add(judge, METRIC_SECONDARIES_GOOD, NULL,
			(double)(n.good - n.bogus));
		add(judge, METRIC_SECONDARIES_BAD, NULL,
			(double)(n.bad + n.bogus));
	}
	add_survivors(judge, s);
	add(judge, METRIC_QUERIES, NULL, (double)s->d.n_queries);
	add_transfers(judge, s);
}
