/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For how long a message was where. Clocks of others are off, by seconds
 * mostly and by hours at times: what they tell is taken only where it is in
 * order with the others and between two moments that are known.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mail/trail.h"

enum {
	MS_PER_S = 1000,
};

void trail_read(struct arena *arena, const char *const *values, size_t n,
	struct trail *trail)
{
	size_t i;

	trail->n = n < TRAIL_HOPS_MAX ? n : TRAIL_HOPS_MAX;
	trail->hops = arena_array(arena, trail->n, sizeof(*trail->hops));
	for (i = 0; i < trail->n; i++)
		trail_read_hop(
			arena, values[trail->n - 1 - i], &trail->hops[i]);
}

/* Trails have whole seconds. */
static int64_t seconds_of(int64_t ms)
{
	return ms >= 0 ? ms / MS_PER_S : -((-ms + MS_PER_S - 1) / MS_PER_S);
}

struct weights {
	const struct trail *trail;
	int64_t sent_s, arrived_s;
	size_t *best; /* how many are in order from this one on; 0: not it */
	size_t *next; /* the next of them; n: none */
};

static int64_t time_of(const struct weights *w, size_t i)
{
	return seconds_of(w->trail->hops[i].ms);
}

static bool is_possible(const struct weights *w, size_t i)
{
	return w->trail->hops[i].has_time && time_of(w, i) >= w->sent_s &&
	       time_of(w, i) <= w->arrived_s;
}

/* The most times that are in order; n: there is none. */
static size_t find_order(struct weights *w)
{
	size_t n = w->trail->n;
	size_t first = n;
	size_t i, j;

	for (i = n; i > 0; i--) {
		size_t at = i - 1;

		if (!is_possible(w, at))
			continue;
		w->best[at] = 1;
		w->next[at] = n;
		for (j = n; j > i; j--)
			if (w->best[j - 1] >= w->best[at] &&
				time_of(w, j - 1) >= time_of(w, at)) {
				w->best[at] = w->best[j - 1] + 1;
				w->next[at] = j - 1;
			}
		if (first == n || w->best[at] > w->best[first])
			first = at;
	}
	return first;
}

static void add_leg(
	struct trail_view *view, struct trail_leg leg, int64_t held_s)
{
	leg.held_ms = held_s * MS_PER_S;
	view->legs[view->n] = leg;
	if (leg.held_ms > view->legs[view->slowest].held_ms)
		view->slowest = view->n;
	view->n++;
}

/* Of hops from begin to end, between two times that are right. */
static void note_skew(const struct weights *w, size_t begin, size_t end,
	const int64_t between[2], struct trail_view *view)
{
	size_t i;

	for (i = begin; i < end; i++) {
		int64_t off_s = 0;

		if (!w->trail->hops[i].has_time)
			continue;
		if (time_of(w, i) > between[1])
			off_s = time_of(w, i) - between[1];
		else if (time_of(w, i) < between[0])
			off_s = time_of(w, i) - between[0];
		if ((off_s < 0 ? -off_s : off_s) * MS_PER_S <=
			(view->skew_ms < 0 ? -view->skew_ms : view->skew_ms))
			continue;
		view->skew_ms = off_s * MS_PER_S;
		view->skewed = i;
	}
}

struct trail_view trail_weigh(struct arena *arena, const struct trail *trail,
	int64_t sent_ms, int64_t arrived_ms)
{
	struct weights w = { .trail = trail,
		.sent_s = seconds_of(sent_ms),
		.arrived_s = seconds_of(arrived_ms + MS_PER_S - 1),
		.best = arena_array(arena, trail->n, sizeof(size_t)),
		.next = arena_array(arena, trail->n, sizeof(size_t)) };
	struct trail_view view = { .legs = arena_array(arena, trail->n + 1,
					   sizeof(*view.legs)) };
	struct trail_leg leg = { .is_submission = true };
	size_t at = find_order(&w);
	int64_t between[2] = { w.sent_s, w.sent_s };
	size_t behind = 0; /* the first hop that is not told yet */

	for (; at < trail->n; at = w.next[at]) {
		between[1] = time_of(&w, at);
		leg.n_hops = at - behind + 1;
		add_leg(&view, leg, between[1] - between[0]);
		note_skew(&w, behind, at, between, &view);
		leg = (struct trail_leg){ .hop = at };
		between[0] = between[1];
		behind = at + 1;
	}
	between[1] = w.arrived_s;
	note_skew(&w, behind, trail->n, between, &view);
	leg.n_hops = trail->n - behind + 1;
	if (!leg.is_submission)
		add_leg(&view, leg, between[1] - between[0]);
	return view;
}

/* A name may end in the root's dot. */
static bool is_same_name(const char *a, const char *b)
{
	size_t len_a = strlen(a);
	size_t len_b = strlen(b);

	len_a -= len_a > 0 && a[len_a - 1] == '.';
	len_b -= len_b > 0 && b[len_b - 1] == '.';
	return len_a == len_b && strncasecmp(a, b, len_a) == 0;
}

bool trail_passed(const struct trail *trail, const char *name,
	const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < trail->n; i++) {
		const struct trail_hop *hop = &trail->hops[i];

		if (hop->by && is_same_name(hop->by, name))
			return true;
		/* The first hop came from us. */
		if (addr && i > 0 && hop->has_from_addr &&
			dns_addr_compare(&hop->from_addr, addr) == 0)
			return true;
	}
	return false;
}
