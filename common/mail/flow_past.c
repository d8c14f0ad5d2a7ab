/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ledger that is lost takes with it what was outstanding. The numbers of
 * what arrives afterwards tell of others that were sent between them: those
 * are neither delivered nor lost, but unaccounted for.
 */
#include "config.h"

#include <string.h>

#include "common/mail/flow_past.h"

static struct flow_past *find(struct flow_ledger *ledger, uint64_t series)
{
	size_t i;

	for (i = 0; i < ledger->n_pasts; i++)
		if (ledger->pasts[i].series == series)
			return &ledger->pasts[i];
	return NULL;
}

static struct flow_past *add(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t highest)
{
	struct flow_past *past;

	if (ledger->n_pasts == FLOW_PASTS_MAX) {
		ledger->n_pasts--;
		memmove(&ledger->pasts[0], &ledger->pasts[1],
			ledger->n_pasts * sizeof(*past));
	}
	past = &ledger->pasts[ledger->n_pasts++];
	*past = (struct flow_past){ .series = series,
		.highest = highest,
		.gaps = arena_array(arena, FLOW_GAPS_MAX, sizeof(*past->gaps)),
		.turn = ledger->turns };
	return past;
}

void flow_past_add(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t highest)
{
	struct flow_past *past = find(ledger, series);

	if (!past)
		add(ledger, arena, series, highest);
	else if (past->highest < highest)
		past->highest = highest;
}

static void remove_gap(struct flow_past *past, size_t at)
{
	past->n_gaps--;
	memmove(&past->gaps[at], &past->gaps[at + 1],
		(past->n_gaps - at) * sizeof(*past->gaps));
}

/* Where there is no room, the oldest is dropped. */
static void add_gap(struct flow_past *past, uint64_t first, uint64_t last)
{
	if (past->n_gaps > 0 &&
		past->gaps[past->n_gaps - 1].last + 1 == first) {
		past->gaps[past->n_gaps - 1].last = last;
		return;
	}
	if (past->n_gaps == FLOW_GAPS_MAX)
		remove_gap(past, 0);
	past->gaps[past->n_gaps++] = (struct flow_gap){ first, last };
}

static void close_gap(struct flow_past *past, uint64_t number)
{
	size_t i;

	for (i = 0; i < past->n_gaps; i++) {
		struct flow_gap gap = past->gaps[i];

		if (number < gap.first || number > gap.last)
			continue;
		remove_gap(past, i);
		if (gap.first < number)
			add_gap(past, gap.first, number - 1);
		if (number < gap.last)
			add_gap(past, number + 1, gap.last);
		return;
	}
}

void flow_past_see(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t number)
{
	struct flow_past *past = find(ledger, series);

	if (!past) {
		add(ledger, arena, series, number);
		return;
	}
	if (number <= past->highest) {
		close_gap(past, number);
		return;
	}
	if (past->highest + 1 < number) {
		add_gap(past, past->highest + 1, number - 1);
		past->turn = ledger->turns;
	}
	past->highest = number;
}

void flow_past_doubt(
	struct flow_ledger *ledger, uint64_t series, uint64_t number)
{
	struct flow_past *past = find(ledger, series);

	if (!past)
		return;
	add_gap(past, number, number);
	past->turn = ledger->turns;
}

void flow_past_forget(struct flow_ledger *ledger, size_t window)
{
	size_t i;

	for (i = 0; i < ledger->n_pasts; i++)
		if (ledger->turns - ledger->pasts[i].turn >= window)
			ledger->pasts[i].n_gaps = 0;
}

uint64_t flow_past_count(const struct flow_ledger *ledger)
{
	uint64_t n = 0;
	size_t i, j;

	for (i = 0; i < ledger->n_pasts; i++)
		for (j = 0; j < ledger->pasts[i].n_gaps; j++)
			n += ledger->pasts[i].gaps[j].last -
			     ledger->pasts[i].gaps[j].first + 1;
	return n;
}
