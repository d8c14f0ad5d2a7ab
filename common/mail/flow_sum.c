/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ledger comes to: the outstanding ones, and a window of others. */
#include "config.h"

#include <stdlib.h>

#include "common/mail/flow_past.h"

static int compare_delays(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_in_window(const struct flow_ledger *ledger,
	const struct flow_probe *probe, size_t window)
{
	return probe->turn > 0 && probe->turn + window > ledger->turns;
}

static void sum_outstanding(struct flow_sums *sums,
	const struct flow_ledger *ledger, const struct flow_probe *probe,
	int64_t now_ms)
{
	int64_t age_ms = flow_age_ms(ledger, probe, now_ms);
	int64_t unseen_ms = age_ms;

	sums->outstanding++;
	if (probe->state == FLOW_DELAYED) {
		sums->delayed++;
		sums->why_delayed = probe->reason;
	}
	if (age_ms > sums->oldest_ms)
		sums->oldest_ms = age_ms;
	/* Below 0: it was sent since. */
	if (now_ms > ledger->read_ms)
		unseen_ms -= now_ms - ledger->read_ms;
	if (unseen_ms > sums->unseen_ms)
		sums->unseen_ms = unseen_ms;
}

static void sum_settled(struct flow_sums *sums, const struct flow_probe *probe)
{
	sums->settled += probe->state != FLOW_REFUSED;
	sums->by_state[probe->state]++;
	if (probe->copies > 1)
		sums->duplicates += probe->copies - 1;
	if (probe->state == FLOW_LATE && probe->delay_ms > sums->latest_ms)
		sums->latest_ms = probe->delay_ms;
}

static void sum_delays(struct flow_sums *sums, int64_t *delays, size_t n)
{
	if (n == 0)
		return;
	qsort(delays, n, sizeof(*delays), compare_delays);
	sums->median_ms =
		n % 2 == 1 ? delays[n / 2]
			   : delays[n / 2 - 1] +
				     (delays[n / 2] - delays[n / 2 - 1]) / 2;
	/* The least that is not below 95 % of them: the nearest rank. */
	sums->p95_ms = delays[(95 * n + 99) / 100 - 1];
	sums->max_ms = delays[n - 1];
}

/* What was lost before enough others arrived is no alarm any more. */
static void sum_alarms(struct flow_sums *sums, const struct flow_ledger *ledger,
	const struct flow_probe *probe, uint64_t *last)
{
	if (probe->turn <= ledger->calm_turn)
		return;
	sums->alarming_lost += probe->state == FLOW_LOST;
	if (probe->state != FLOW_BOUNCED)
		return;
	sums->alarming_bounced++;
	if (probe->turn > *last) {
		*last = probe->turn;
		sums->reason = probe->reason;
	}
}

static double loss_of(const struct flow_sums *sums)
{
	size_t taken = sums->settled - sums->by_state[FLOW_UNACCOUNTED];
	size_t gone = sums->by_state[FLOW_LOST] + sums->by_state[FLOW_BOUNCED];

	return taken > 0 ? (double)gone / (double)taken : 0;
}

struct flow_sums flow_sum(const struct flow_ledger *ledger, struct arena *arena,
	int64_t now_ms, const struct flow_limits *limits)
{
	struct flow_sums sums = { .oldest_ms = -1,
		.unseen_ms = -1,
		.median_ms = -1,
		.p95_ms = -1,
		.max_ms = -1,
		.latest_ms = -1 };
	int64_t *delays = arena_array(arena, ledger->n, sizeof(*delays));
	uint64_t last = 0;
	size_t n = 0;
	size_t i;

	for (i = 0; i < ledger->n; i++) {
		const struct flow_probe *probe = &ledger->probes[i];

		if (probe->turn == 0)
			sum_outstanding(&sums, ledger, probe, now_ms);
		sum_alarms(&sums, ledger, probe, &last);
		if (!is_in_window(ledger, probe, limits->window))
			continue;
		sum_settled(&sums, probe);
		if (flow_has_arrived(probe->state))
			delays[n++] = probe->delay_ms;
	}
	sum_delays(&sums, delays, n);
	sums.loss = loss_of(&sums);
	sums.unaccounted =
		flow_past_count(ledger) + sums.by_state[FLOW_UNACCOUNTED];
	return sums;
}
