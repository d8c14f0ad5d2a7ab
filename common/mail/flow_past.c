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

static struct flow_past *add(
	struct flow_ledger *ledger, uint64_t series, uint64_t highest)
{
	struct flow_past *past;

	if (ledger->n_pasts == FLOW_PASTS_MAX) {
		ledger->n_pasts--;
		memmove(&ledger->pasts[0], &ledger->pasts[1],
			ledger->n_pasts * sizeof(*past));
	}
	past = &ledger->pasts[ledger->n_pasts++];
	*past = (struct flow_past){ .series = series,
		.lowest = highest,
		.highest = highest,
		.turn = ledger->turns };
	return past;
}

void flow_past_add(
	struct flow_ledger *ledger, uint64_t series, uint64_t highest)
{
	struct flow_past *past = find(ledger, series);

	if (!past)
		past = add(ledger, series, highest);
	past->lowest = 1;
	if (past->highest < highest)
		past->highest = highest;
}

static void remove_gap(struct flow_past *past, size_t at)
{
	past->n_gaps--;
	memmove(&past->gaps[at], &past->gaps[at + 1],
		(past->n_gaps - at) * sizeof(*past->gaps));
}

/* The first gap that ends behind the number, or at it. */
static size_t gap_at(const struct flow_past *past, uint64_t number)
{
	size_t low = 0;
	size_t high = past->n_gaps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (past->gaps[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void make_room(struct flow_past *past, struct arena *arena)
{
	size_t room = past->room > 0 ? 2 * past->room : 16;

	if (past->n_gaps == FLOW_GAPS_MAX) {
		remove_gap(past, 0);
	} else if (past->n_gaps == past->room) {
		past->gaps = arena_grow(arena, past->gaps, past->n_gaps, room,
			sizeof(*past->gaps));
		past->room = room;
	}
}

/* None of these is in a gap yet. In their order, as few as there can be;
 * where there is no room, the oldest is dropped. */
static void add_gap(struct flow_past *past, struct arena *arena, uint64_t first,
	uint64_t last)
{
	size_t at = gap_at(past, first);

	if (at > 0 && past->gaps[at - 1].last + 1 == first) {
		past->gaps[at - 1].last = last;
		return;
	}
	make_room(past, arena);
	at = gap_at(past, first);
	memmove(&past->gaps[at + 1], &past->gaps[at],
		(past->n_gaps - at) * sizeof(*past->gaps));
	past->gaps[at] = (struct flow_gap){ first, last };
	past->n_gaps++;
}

static void close_gap(
	struct flow_past *past, struct arena *arena, uint64_t number)
{
	size_t at = gap_at(past, number);
	struct flow_gap gap;

	if (at == past->n_gaps || past->gaps[at].first > number)
		return;
	gap = past->gaps[at];
	remove_gap(past, at);
	if (gap.first < number)
		add_gap(past, arena, gap.first, number - 1);
	if (number < gap.last)
		add_gap(past, arena, number + 1, gap.last);
}

static void note_gap(struct flow_ledger *ledger, struct arena *arena,
	struct flow_past *past, const struct flow_gap *gap)
{
	if (gap->first > gap->last)
		return;
	add_gap(past, arena, gap->first, gap->last);
	past->turn = ledger->turns;
}

void flow_past_see(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t number)
{
	struct flow_past *past = find(ledger, series);

	if (!past) {
		add(ledger, series, number);
	} else if (number > past->highest) {
		struct flow_gap gap = { past->highest + 1, number - 1 };

		note_gap(ledger, arena, past, &gap);
		past->highest = number;
	} else if (number < past->lowest) {
		struct flow_gap gap = { number + 1, past->lowest - 1 };

		note_gap(ledger, arena, past, &gap);
		past->lowest = number;
	} else {
		close_gap(past, arena, number);
	}
}

void flow_past_doubt(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t number)
{
	struct flow_past *past = find(ledger, series);
	struct flow_gap gap = { number, number };

	if (!past)
		return;
	close_gap(past, arena, number);
	note_gap(ledger, arena, past, &gap);
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
