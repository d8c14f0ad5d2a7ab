/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger: what is sent, what becomes of it, and what it comes to. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/flow.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	MIN_MS = 60000,
	HOUR_MS = 3600000,
	EVENTS_MAX = 64,
};

static const int64_t begin_ms = 1795315677000;

static const struct flow_limits limits = { .late_ms = 15 * MIN_MS,
	.lost_ms = 24 * (int64_t)HOUR_MS,
	.window = 50,
	.recover = 3 };

/* A ledger, and what happens to it in the next run. */
struct world {
	struct arena *arena;
	struct flow_ledger ledger;
	struct flow_event events[EVENTS_MAX];
	size_t n;
	int64_t now_ms;
	struct flow_news news;
};

static struct world world;

static int set_up(void **state)
{
	world = (struct world){ .arena = arena_new(ARENA_MAX),
		.now_ms = begin_ms };
	flow_begin(&world.ledger, world.arena, "probe", "key", world.now_ms);
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	return 0;
}

static struct flow_probe send(struct world *w)
{
	const struct flow_probe *probe =
		flow_send(&w->ledger, w->arena, w->now_ms);

	assert_non_null(probe);
	assert_int_equal(probe->state, FLOW_SENT);
	return *probe;
}

/* It happens, after so long; prints are as different as the probes. */
static struct flow_event *happens(struct world *w,
	const struct flow_probe *probe, enum flow_what what, int64_t after_ms)
{
	assert_true(w->n < EVENTS_MAX);
	w->events[w->n] = (struct flow_event){ .what = what,
		.series = probe->series,
		.number = probe->number,
		.sent_ms = probe->sent_ms,
		.at_ms = probe->sent_ms + after_ms,
		.print = probe->number };
	return &w->events[w->n++];
}

static void run_as(struct world *w, bool was_read)
{
	struct flow_run run = { w->events, w->n, w->now_ms, was_read };

	flow_account(&w->ledger, w->arena, &run, &limits, &w->news);
	w->n = 0;
}

static void run(struct world *w)
{
	run_as(w, true);
}

static struct flow_sums sums(struct world *w)
{
	return flow_sum(&w->ledger, w->arena, w->now_ms, &limits);
}

static enum flow_state state_of(
	const struct world *w, const struct flow_probe *probe)
{
	for (size_t i = 0; i < w->ledger.n; i++)
		if (flow_probe_compare(&w->ledger.probes[i], probe) == 0)
			return w->ledger.probes[i].state;
	return FLOW_STATES;
}

/* Sends one that is accepted at once. */
static struct flow_probe submit(struct world *w)
{
	struct flow_probe probe = send(w);
	struct flow_event event = { .what = FLOW_IS_ACCEPTED,
		.series = probe.series,
		.number = probe.number,
		.sent_ms = probe.sent_ms };
	struct flow_run run = { &event, 1, w->now_ms, false };

	flow_account(&w->ledger, w->arena, &run, &limits, &w->news);
	return probe;
}

/* Sends one that arrives after a second. */
static void one_that_is_well(struct world *w)
{
	struct flow_probe probe = send(w);

	w->now_ms += MIN_MS;
	happens(w, &probe, FLOW_ARRIVES, 1000);
	run(w);
}

/* The table. */

static void each_step_is_there_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < flow_n_steps; i++) {
		const struct flow_step *a = &flow_steps[i];

		assert_true(a->from < FLOW_STATES && a->to < FLOW_STATES);
		assert_true(a->what < FLOW_WHATS);
		assert_true(a->to != FLOW_UNACCOUNTED || a->from == FLOW_SENT);
		for (size_t j = 0; j < i; j++)
			assert_false(flow_steps[j].from == a->from &&
				     flow_steps[j].what == a->what);
	}
}

static void what_arrived_stays_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < flow_n_steps; i++) {
		assert_false(flow_has_arrived(flow_steps[i].from));
		if (!flow_is_outstanding(flow_steps[i].from) &&
			flow_steps[i].from != FLOW_UNACCOUNTED)
			assert_false(flow_is_outstanding(flow_steps[i].to));
	}
}

static void all_states_have_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FLOW_STATES; i++)
		assert_non_null(flow_state_word(i));
	assert_null(flow_state_word(FLOW_STATES));
	for (unsigned i = 0; i < FLOW_WHATS; i++)
		assert_non_null(flow_what_word(i));
	assert_null(flow_what_word(FLOW_WHATS));
}

/* One probe. */

static void one_is_sent_accepted_and_delivered(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);

	assert_int_equal(probe.number, 1);
	assert_int_equal(probe.series, begin_ms / 1000);
	assert_int_equal(sums(w).outstanding, 1);
	happens(w, &probe, FLOW_IS_ACCEPTED, 0);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_ACCEPTED);
	w->now_ms += MIN_MS;
	assert_int_equal(sums(w).oldest_ms, MIN_MS);
	happens(w, &probe, FLOW_ARRIVES, 1500);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_DELIVERED);
	assert_int_equal(w->news.n_arrived, 1);
	assert_int_equal(w->news.slowest_ms, 1500);
	assert_int_equal(w->news.n_put_right, 0);
	assert_int_equal(sums(w).outstanding, 0);
	assert_int_equal(sums(w).oldest_ms, -1);
	assert_int_equal(sums(w).median_ms, 1500);
	run(w);
	assert_int_equal(w->news.slowest_ms, -1);
}

/* The mailbox has a clock that is an hour slow: what was not there when it was
 * read had not arrived, whatever it says. */
static void what_was_not_there_had_not_arrived(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = submit(w);

	for (int i = 0; i < 4; i++) {
		w->now_ms += 10 * MIN_MS;
		run(w);
	}
	w->now_ms += 10 * MIN_MS;
	happens(w, &probe, FLOW_ARRIVES, 49 * MIN_MS - HOUR_MS);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LATE);
	assert_int_equal(w->news.slowest_ms, 40 * MIN_MS);
	/* By a clock that may be right it had. */
	probe = submit(w);
	w->now_ms += 10 * MIN_MS;
	run_as(w, false);
	w->now_ms += 10 * MIN_MS;
	happens(w, &probe, FLOW_ARRIVES, 1000);
	run(w);
	assert_int_equal(w->news.slowest_ms, 1000);
}

static void late_is_longer_than_the_limit(void **state)
{
	struct world *w = *state;
	struct flow_probe first = send(w);
	struct flow_probe second = send(w);

	w->now_ms += HOUR_MS;
	happens(w, &first, FLOW_ARRIVES, limits.late_ms);
	happens(w, &second, FLOW_ARRIVES, limits.late_ms + 1);
	run(w);
	assert_int_equal(state_of(w, &first), FLOW_DELIVERED);
	assert_int_equal(state_of(w, &second), FLOW_LATE);
	assert_int_equal(sums(w).latest_ms, limits.late_ms + 1);
}

static void nothing_arrives_before_it_is_sent_nor_in_future(void **state)
{
	struct world *w = *state;
	struct flow_probe early = send(w);
	struct flow_probe ahead = send(w);

	w->now_ms += MIN_MS;
	happens(w, &early, FLOW_ARRIVES, -HOUR_MS);
	happens(w, &ahead, FLOW_ARRIVES, HOUR_MS);
	run(w);
	assert_int_equal(w->news.n_early, 1);
	assert_int_equal(w->news.slowest_ms, MIN_MS);
	assert_int_equal(sums(w).by_state[FLOW_DELIVERED], 2);
	/* Whole seconds are no skew. */
	early = send(w);
	happens(w, &early, FLOW_ARRIVES, -999);
	run(w);
	assert_int_equal(w->news.n_early, 0);
}

static void a_loss_is_an_alarm_until_enough_arrive_in_time(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = submit(w);

	w->now_ms += limits.lost_ms - 1;
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_ACCEPTED);
	w->now_ms += 1;
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LOST);
	assert_int_equal(w->news.n_lost, 1);
	for (size_t i = 0; i < limits.recover; i++) {
		assert_int_equal(sums(w).alarming_lost, 1);
		one_that_is_well(w);
	}
	assert_int_equal(sums(w).alarming_lost, 0);
	assert_int_equal(sums(w).by_state[FLOW_LOST], 1);
	assert_true(sums(w).loss > 0.24 && sums(w).loss < 0.26);
}

static void arrivals_of_the_same_run_end_no_alarm(void **state)
{
	struct world *w = *state;
	struct flow_probe bad = send(w);

	happens(w, &bad, FLOW_BOUNCES, 0)->said = "550 5.1.1 unknown | user\n";
	for (size_t i = 0; i < 5; i++) {
		struct flow_probe probe = send(w);

		happens(w, &probe, FLOW_ARRIVES, 0);
	}
	run(w);
	assert_int_equal(w->news.n_bounced, 1);
	assert_int_equal(sums(w).alarming_bounced, 1);
	assert_string_equal(sums(w).reason, "550 5.1.1 unknown ! user ");
	run(w);
	assert_int_equal(sums(w).alarming_bounced, 1);
}

static void lost_ones_that_arrive_are_put_right(void **state)
{
	struct world *w = *state;
	struct flow_probe probes[3];

	for (size_t i = 0; i < 3; i++)
		probes[i] = submit(w);
	w->now_ms += limits.lost_ms;
	run(w);
	assert_int_equal(sums(w).alarming_lost, 3);
	w->now_ms += HOUR_MS;
	for (size_t i = 0; i < 3; i++)
		happens(w, &probes[i], FLOW_ARRIVES,
			limits.lost_ms + (int64_t)i * MIN_MS);
	run(w);
	assert_int_equal(w->news.n_put_right, 3);
	assert_int_equal(sums(w).alarming_lost, 0);
	assert_int_equal(sums(w).by_state[FLOW_LATE], 3);
	assert_int_equal(sums(w).latest_ms, limits.lost_ms + 2 * MIN_MS);
	assert_int_equal(w->ledger.totals[FLOW_LOST], 0);
	assert_int_equal(w->ledger.totals[FLOW_LATE], 3);
	assert_true(sums(w).loss <= 0);
}

/* A server may take the time of sending for that of arrival. */
static void what_was_not_there_did_not_arrive(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = submit(w);

	w->now_ms += 4 * HOUR_MS;
	run(w);
	w->now_ms += 5 * MIN_MS;
	happens(w, &probe, FLOW_ARRIVES, 0);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LATE);
	assert_int_equal(sums(w).latest_ms, 4 * HOUR_MS);
}

static void nobody_is_lost_while_the_mailbox_can_not_be_read(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = submit(w);

	w->now_ms += 10 * limits.lost_ms;
	run_as(w, false);
	assert_int_equal(state_of(w, &probe), FLOW_ACCEPTED);
	assert_int_equal(sums(w).oldest_ms, 10 * limits.lost_ms);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LOST);
}

/* How long one is out is known by the last look alone. */
static void what_can_not_be_seen_is_no_delay(void **state)
{
	struct world *w = *state;
	struct flow_probe first = submit(w);

	run(w);
	assert_int_equal(sums(w).unseen_ms, 0);
	w->now_ms += 2 * MIN_MS;
	run(w);
	assert_int_equal(sums(w).unseen_ms, 2 * MIN_MS);
	submit(w);
	w->now_ms += HOUR_MS;
	run_as(w, false);
	assert_int_equal(sums(w).oldest_ms, 62 * (int64_t)MIN_MS);
	assert_int_equal(sums(w).unseen_ms, 2 * MIN_MS);
	happens(w, &first, FLOW_ARRIVES, MIN_MS);
	run_as(w, false);
	assert_int_equal(sums(w).unseen_ms, 0);
	run(w);
	assert_int_equal(sums(w).unseen_ms, HOUR_MS);
	w->now_ms += limits.lost_ms;
	run(w);
	assert_int_equal(sums(w).unseen_ms, -1);
}

/* Two years ahead, and then it was put right. */
static void a_clock_that_goes_back_keeps_nobody_for_ever(void **state)
{
	struct world *w = *state;
	const int64_t ahead_ms = 730 * 24 * (int64_t)HOUR_MS;
	struct flow_probe gone, late;

	w->now_ms += ahead_ms;
	gone = submit(w);
	late = submit(w);
	run(w);
	w->now_ms -= ahead_ms;
	run(w);
	assert_int_equal(sums(w).oldest_ms, 0);
	for (size_t i = 0; i < 3 * FLOW_KEPT_MIN; i++)
		one_that_is_well(w);
	assert_int_equal(w->ledger.totals[FLOW_LOST], 0);
	assert_int_equal(sums(w).oldest_ms, 3 * FLOW_KEPT_MIN * MIN_MS);
	assert_int_equal(sums(w).unseen_ms, sums(w).oldest_ms);
	happens(w, &late, FLOW_ARRIVES, 0);
	w->now_ms += 15 * (int64_t)HOUR_MS;
	run(w);
	assert_int_equal(state_of(w, &late), FLOW_DELIVERED);
	assert_int_equal(state_of(w, &gone), FLOW_LOST);
	assert_int_equal(sums(w).outstanding, 0);
	/* A step back of a second is forgotten as soon as it is over. */
	submit(w);
	w->now_ms -= 1000;
	run(w);
	assert_int_equal(sums(w).oldest_ms, 0);
	w->now_ms += MIN_MS;
	run(w);
	assert_int_equal(sums(w).oldest_ms, MIN_MS - 1000);
	assert_int_equal(w->ledger.back_ms, 0);
}

static void what_may_never_have_been_sent_is_not_lost(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);

	w->now_ms += limits.lost_ms;
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_UNACCOUNTED);
	assert_int_equal(w->news.n_lost, 0);
	assert_int_equal(sums(w).alarming_lost, 0);
	assert_int_equal(sums(w).unaccounted, 1);
	assert_true(sums(w).loss <= 0);
	for (size_t i = 0; i < limits.window; i++)
		one_that_is_well(w);
	assert_int_equal(sums(w).unaccounted, 0);
	happens(w, &probe, FLOW_ARRIVES, 0);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LATE);
	assert_int_equal(w->news.n_put_right, 1);
	assert_int_equal(w->ledger.totals[FLOW_UNACCOUNTED], 0);
}

static void a_delay_is_noted_and_ends(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);

	happens(w, &probe, FLOW_IS_DELAYED, 0)->said = "mailbox is full";
	run(w);
	assert_int_equal(sums(w).delayed, 1);
	assert_string_equal(sums(w).why_delayed, "mailbox is full");
	assert_int_equal(sums(w).outstanding, 1);
	assert_string_equal(w->ledger.probes[0].reason, "mailbox is full");
	w->now_ms += HOUR_MS;
	happens(w, &probe, FLOW_ARRIVES, HOUR_MS);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LATE);
	assert_null(w->ledger.probes[0].reason);
	/* What is said of one that arrived changes nothing. */
	happens(w, &probe, FLOW_BOUNCES, 0);
	happens(w, &probe, FLOW_IS_DELAYED, 0);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_LATE);
}

static void refused_ones_push_nothing_out_of_the_window(void **state)
{
	struct world *w = *state;

	one_that_is_well(w);
	for (size_t i = 0; i < 1000; i++) {
		struct flow_probe probe = send(w);

		happens(w, &probe, FLOW_IS_REFUSED, 0);
		w->now_ms += MIN_MS;
		run(w);
	}
	assert_int_equal(sums(w).by_state[FLOW_DELIVERED], 1);
	assert_int_equal(sums(w).outstanding, 0);
	assert_true(w->ledger.n <= FLOW_KEPT_MIN + 2);
	assert_int_equal(w->ledger.totals[FLOW_REFUSED], 1000);
	assert_true(sums(w).loss <= 0);
	/* Nor are they a part of it. */
	assert_int_equal(sums(w).settled, 1);
	assert_true(sums(w).by_state[FLOW_REFUSED] > 0);
}

/* Copies. */

static void the_same_message_is_counted_once(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);

	for (size_t i = 0; i < 3; i++) {
		struct flow_event event = *happens(w, &probe, FLOW_ARRIVES, 0);

		assert_int_equal(flow_is_accounted(&w->ledger, &event), i > 0);
		run(w);
		assert_true(flow_is_accounted(&w->ledger, &event));
	}
	assert_int_equal(w->news.n_again, 1);
	assert_int_equal(w->ledger.totals[FLOW_DELIVERED], 1);
	assert_int_equal(w->ledger.duplicates, 0);
}

static void copies_are_duplicates(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);

	for (uint64_t i = 0; i < 10; i++) {
		happens(w, &probe, FLOW_ARRIVES, 0)->print = i;
		happens(w, &probe, FLOW_ARRIVES_AS_JUNK, 0)->print = i;
	}
	run(w);
	assert_int_equal(w->news.n_arrived, 1);
	assert_int_equal(w->ledger.duplicates, FLOW_PRINTS_MAX - 1);
	assert_int_equal(sums(w).duplicates, FLOW_PRINTS_MAX - 1);
	assert_int_equal(w->ledger.totals[FLOW_DELIVERED], 1);
	assert_int_equal(w->ledger.totals[FLOW_JUNK], 0);
}

static void junk_is_an_arrival_of_its_own_kind(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);

	w->now_ms += HOUR_MS;
	happens(w, &probe, FLOW_ARRIVES_AS_JUNK, HOUR_MS);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_JUNK);
	/* Somebody moves it: it is the same message. */
	happens(w, &probe, FLOW_ARRIVES, HOUR_MS);
	run(w);
	assert_int_equal(state_of(w, &probe), FLOW_JUNK);
	assert_int_equal(w->news.n_again, 1);
	assert_int_equal(w->ledger.in_time, 0);
}

/* A ledger that is lost, or set back. */

static struct flow_probe of_series(uint64_t series, uint64_t number)
{
	return (struct flow_probe){ .series = series,
		.number = number,
		.sent_ms = begin_ms - HOUR_MS + (int64_t)number };
}

static void arrive(struct world *w, uint64_t series, uint64_t number)
{
	struct flow_probe probe = of_series(series, number);

	happens(w, &probe, FLOW_ARRIVES, MIN_MS);
}

static void tokens_tell_of_a_ledger_that_is_lost(void **state)
{
	struct world *w = *state;

	arrive(w, 1000, 9);
	arrive(w, 1000, 5);
	arrive(w, 1000, 6);
	run(w);
	assert_int_equal(w->news.n_found, 3);
	assert_int_equal(w->news.n_arrived, 3);
	assert_int_equal(w->news.n_put_right, 0);
	assert_int_equal(sums(w).unaccounted, 2);
	assert_int_equal(sums(w).by_state[FLOW_DELIVERED], 3);
	assert_int_equal(sums(w).alarming_lost, 0);
	/* One of them comes, and one from behind them. */
	arrive(w, 1000, 8);
	run(w);
	assert_int_equal(sums(w).unaccounted, 1);
	arrive(w, 1000, 11);
	run(w);
	assert_int_equal(sums(w).unaccounted, 2);
	/* In front of the first of them: 3 and 4 are between, too. */
	arrive(w, 1000, 2);
	run(w);
	assert_int_equal(sums(w).unaccounted, 4);
	arrive(w, 1000, 4);
	run(w);
	assert_int_equal(sums(w).unaccounted, 3);
	for (size_t i = 0; i < limits.window; i++)
		one_that_is_well(w);
	assert_int_equal(sums(w).unaccounted, 0);
	assert_int_equal(w->ledger.totals[FLOW_LOST], 0);
}

/* None of them is forgotten, whatever comes first. */
static void each_gap_is_counted(void **state)
{
	struct world *w = *state;
	const uint64_t n = FLOW_OUTSTANDING_MAX / 2;
	struct flow_limits wide = limits;
	struct flow_event event;
	struct flow_run run = { &event, 1, w->now_ms, true };

	wide.window = FLOW_OUTSTANDING_MAX;
	for (uint64_t i = 0; i < n; i++) {
		arrive(w, 1000, 2 * (1 + i * 1237 % n));
		event = w->events[0];
		flow_account(&w->ledger, w->arena, &run, &wide, &w->news);
		w->n = 0;
	}
	assert_int_equal(w->ledger.pasts[0].n_gaps, n - 1);
	assert_int_equal(w->ledger.pasts[0].gaps[n - 2].last, 2 * n - 1);
	assert_int_equal(sums(w).unaccounted, n - 1);
}

/* Notices stay in mailboxes, and who they were about was settled by a ledger
 * that is lost. */
static void old_notices_are_no_news(void **state)
{
	struct world *w = *state;
	struct flow_probe old = of_series(1000, 5);
	struct flow_probe fresh = of_series(1000, 6);
	struct flow_event notice;

	old.sent_ms = w->now_ms - limits.lost_ms;
	happens(w, &old, FLOW_IS_DELAYED, 0);
	run(w);
	notice = *happens(w, &old, FLOW_BOUNCES, 0);
	run(w);
	assert_int_equal(w->ledger.n, 0);
	assert_true(flow_is_accounted(&w->ledger, &notice));
	notice.what = FLOW_ARRIVES;
	assert_false(flow_is_accounted(&w->ledger, &notice));
	assert_int_equal(w->news.n_found, 0);
	assert_int_equal(w->news.n_lost, 0);
	happens(w, &fresh, FLOW_BOUNCES, 0);
	run(w);
	assert_int_equal(w->news.n_bounced, 1);
	/* An arrival is counted however old it is. */
	happens(w, &old, FLOW_ARRIVES, HOUR_MS);
	run(w);
	assert_int_equal(state_of(w, &old), FLOW_LATE);
}

static void gaps_are_never_too_many(void **state)
{
	struct world *w = *state;

	for (uint64_t i = 1; i < FLOW_GAPS_MAX + 10; i++) {
		arrive(w, 1000, 3 * i);
		if (i % (EVENTS_MAX / 2) == 0)
			run(w);
	}
	run(w);
	assert_int_equal(sums(w).unaccounted, 2 * FLOW_GAPS_MAX);
	for (uint64_t i = 0; i < 2 * FLOW_PASTS_MAX; i++) {
		arrive(w, 2000 + i, 1);
		run(w);
	}
	assert_int_equal(w->ledger.n_pasts, FLOW_PASTS_MAX);
}

static void another_node_with_our_name_is_left_alone(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = {
		.series = 77, .number = 1, .sent_ms = begin_ms + MIN_MS
	};
	struct flow_event event;

	w->now_ms += HOUR_MS;
	event = *happens(w, &probe, FLOW_ARRIVES, 0);
	run(w);
	assert_int_equal(w->news.n_strangers, 1);
	assert_int_equal(w->news.n_arrived, 0);
	assert_int_equal(w->ledger.n, 0);
	assert_false(flow_is_accounted(&w->ledger, &event));
	event.what = FLOW_BOUNCES;
	assert_false(flow_is_accounted(&w->ledger, &event));
}

static void a_ledger_that_was_set_back_begins_anew(void **state)
{
	struct world *w = *state;
	struct flow_probe outstanding = send(w);
	struct flow_probe newer = { .series = outstanding.series,
		.number = 4,
		.sent_ms = begin_ms + MIN_MS };
	struct flow_probe next;

	w->now_ms += HOUR_MS;
	happens(w, &newer, FLOW_ARRIVES, 0);
	run(w);
	assert_true(w->news.is_old);
	assert_int_equal(w->news.n_arrived, 1);
	/* 1 was outstanding then, 2 and 3 were sent since. */
	assert_int_equal(sums(w).unaccounted, 3);
	assert_int_equal(sums(w).outstanding, 0);
	next = send(w);
	assert_true(next.series > outstanding.series);
	assert_int_equal(next.number, 1);
	happens(w, &outstanding, FLOW_ARRIVES, 0);
	happens(w, &next, FLOW_ARRIVES, 0);
	run(w);
	assert_false(w->news.is_old);
	assert_int_equal(sums(w).unaccounted, 2);
	assert_int_equal(sums(w).by_state[FLOW_DELIVERED], 2);
	assert_int_equal(sums(w).by_state[FLOW_LATE], 1);
	w->now_ms += limits.lost_ms;
	run(w);
	assert_int_equal(w->ledger.totals[FLOW_LOST], 0);
}

static void a_number_that_was_used_twice(void **state)
{
	struct world *w = *state;
	struct flow_probe ours = send(w);
	struct flow_probe other = ours;

	other.sent_ms -= MIN_MS;
	happens(w, &other, FLOW_ARRIVES, 0);
	run(w);
	assert_int_equal(state_of(w, &other), FLOW_DELIVERED);
	assert_int_equal(state_of(w, &ours), FLOW_SENT);
}

/* Ways. */

static void each_goes_by_its_way(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = send(w);
	char name[] = "mx@.example.org";
	struct flow_way *way;

	assert_null(flow_way_of(&w->ledger, &probe));
	for (int i = 0; i < 2 * FLOW_WAYS_MAX; i++) {
		probe = send(w);
		name[2] = (char)('A' + i % FLOW_WAYS_MAX);
		flow_send_via(&w->ledger, w->arena, name);
		way = flow_way_of(&w->ledger, &probe);
		assert_non_null(way);
		assert_string_equal(way->via, name);
		assert_null(way->address);
		flow_way_note(way, w->arena, NULL, NULL);
	}
	assert_int_equal(w->ledger.n_ways, FLOW_WAYS_MAX);
	flow_way_note(way, w->arena, "192.0.2.25", "a\nb");
	assert_string_equal(way->address, "192.0.2.25");
	assert_null(strchr(way->host, '\n'));
	/* All are in use. */
	probe = send(w);
	flow_send_via(&w->ledger, w->arena, "mx0.example.org");
	assert_null(flow_way_of(&w->ledger, &probe));
	/* None is, in time. */
	w->now_ms += limits.lost_ms;
	run(w);
	probe = send(w);
	flow_send_via(&w->ledger, w->arena, "mx0.example.org");
	way = flow_way_of(&w->ledger, &probe);
	for (size_t i = 0; i + 1 < w->ledger.n; i++)
		assert_ptr_not_equal(
			flow_way_of(&w->ledger, &w->ledger.probes[i]), way);
	assert_string_equal(way->via, "mx0.example.org");
	assert_null(way->address);
	assert_null(way->host);
	assert_int_equal(w->ledger.n_ways, FLOW_WAYS_MAX);
	assert_int_equal(flow_find(&w->ledger, &probe)->state, FLOW_SENT);
}

/* Many. */

static void sending_is_spaced(void **state)
{
	struct world *w = *state;

	assert_true(flow_is_due(&w->ledger, w->now_ms, 5 * MIN_MS));
	submit(w);
	assert_false(flow_is_due(
		&w->ledger, w->now_ms + 5 * MIN_MS - 1, 5 * MIN_MS));
	assert_true(
		flow_is_due(&w->ledger, w->now_ms + 5 * MIN_MS, 5 * MIN_MS));
	assert_true(flow_is_due(&w->ledger, w->now_ms - 1, 5 * MIN_MS));
}

/* Else a server that takes nothing would be an alarm in one run of many. */
static void what_was_not_taken_is_sent_again_at_once(void **state)
{
	struct world *w = *state;
	struct flow_probe probe = submit(w);

	assert_false(flow_is_due(&w->ledger, w->now_ms + 1, HOUR_MS));
	w->now_ms += HOUR_MS;
	probe = send(w);
	happens(w, &probe, FLOW_IS_REFUSED, 0);
	run(w);
	assert_true(flow_is_due(&w->ledger, w->now_ms + 1, HOUR_MS));
	/* Nobody knows. */
	send(w);
	assert_true(flow_is_due(&w->ledger, w->now_ms + 1, HOUR_MS));
	probe = send(w);
	happens(w, &probe, FLOW_ARRIVES, 0);
	run(w);
	assert_false(flow_is_due(&w->ledger, w->now_ms + 1, HOUR_MS));
	/* Its number may have been used by another, newer ledger. */
	probe.sent_ms -= 1;
	happens(w, &probe, FLOW_ARRIVES, 0);
	run(w);
	assert_false(flow_is_due(&w->ledger, w->now_ms + 1, HOUR_MS));
}

static void there_is_an_end_to_sending(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < FLOW_OUTSTANDING_MAX; i++) {
		/* The search for outstanding ones is not what is tested. */
		w->now_ms++;
		assert_non_null(flow_send(&w->ledger, w->arena, w->now_ms));
	}
	assert_null(flow_send(&w->ledger, w->arena, w->now_ms));
	assert_int_equal(sums(w).outstanding, FLOW_OUTSTANDING_MAX);
	assert_int_equal(w->ledger.n_sent, FLOW_OUTSTANDING_MAX);
}

static void statistics_are_of_the_window(void **state)
{
	struct world *w = *state;
	struct flow_probe probe;

	/* Those before the window are slow. */
	for (size_t i = 0; i < 20; i++) {
		probe = send(w);
		w->now_ms += 10 * MIN_MS;
		happens(w, &probe, FLOW_ARRIVES, 9 * MIN_MS);
		run(w);
	}
	for (int64_t i = 1; i <= (int64_t)limits.window; i++) {
		probe = send(w);
		w->now_ms += MIN_MS;
		happens(w, &probe, FLOW_ARRIVES, 100 * (51 - i));
		run(w);
	}
	assert_int_equal(sums(w).settled, 50);
	assert_int_equal(sums(w).median_ms, 2550);
	assert_int_equal(sums(w).p95_ms, 4800);
	assert_int_equal(sums(w).max_ms, 5000);
	assert_true(w->ledger.n <= 70);
}

static void what_is_settled_is_forgotten_in_time(void **state)
{
	struct world *w = *state;
	struct flow_probe first = send(w);
	struct flow_event event;

	happens(w, &first, FLOW_ARRIVES, 0);
	run(w);
	for (size_t i = 0; i < FLOW_KEPT_MIN; i++)
		one_that_is_well(w);
	assert_int_equal(state_of(w, &first), FLOW_STATES);
	assert_int_equal(w->ledger.n, FLOW_KEPT_MIN);
	event = *happens(w, &first, FLOW_BOUNCES, 0);
	assert_true(flow_is_accounted(&w->ledger, &event));
	w->n = 0;
	event = *happens(w, &first, FLOW_ARRIVES, 0);
	run(w);
	assert_int_equal(w->news.n_forgotten, 1);
	assert_int_equal(w->news.n_arrived, 0);
	assert_true(flow_is_accounted(&w->ledger, &event));
	assert_int_equal(w->ledger.totals[FLOW_DELIVERED], FLOW_KEPT_MIN + 1);
}

/* As long as one that is lost. */
static void what_was_never_taken_for_sure_is_put_right_too(void **state)
{
	struct world *w = *state;
	struct flow_probe unsure = send(w);

	w->now_ms += limits.lost_ms;
	run(w);
	assert_int_equal(state_of(w, &unsure), FLOW_UNACCOUNTED);
	for (size_t i = 0; i < 2 * FLOW_KEPT_MIN; i++)
		one_that_is_well(w);
	happens(w, &unsure, FLOW_ARRIVES, 2 * limits.lost_ms);
	run(w);
	assert_int_equal(w->news.n_put_right, 1);
	assert_int_equal(state_of(w, &unsure), FLOW_LATE);
}

/* A year, with all that happens in one. */

enum {
	YEAR_RUNS = 105120, /* one in five minutes */
	PENDING_MAX = 4096,
};

struct pending {
	struct flow_event event;
	int64_t seen_ms; /* in the first run from then on */
};

struct year {
	struct world *w;
	struct pending *pending;
	size_t n;
	uint32_t seed;
	uint64_t sent, gone, bounced, refused, copies, junk;
};

static uint32_t draw(struct year *year, uint32_t below)
{
	year->seed = year->seed * 1664525U + 1013904223U;
	return (year->seed >> 8) % below;
}

static void plan(struct year *year, const struct flow_probe *probe,
	enum flow_what what, int64_t after_ms, uint64_t print)
{
	assert_true(year->n < PENDING_MAX);
	year->pending[year->n++] = (struct pending){
		.event = { .what = what,
			.series = probe->series,
			.number = probe->number,
			.sent_ms = probe->sent_ms,
			.at_ms = probe->sent_ms + after_ms,
			.print = print },
		.seen_ms = probe->sent_ms + after_ms,
	};
}

/* What becomes of it: mostly what should. */
static void decide(struct year *year, const struct flow_probe *probe, bool out)
{
	uint32_t fate = draw(year, 1000);
	int64_t delay_ms = 500 + draw(year, 5000);
	uint64_t print = probe->number * 8;

	if (out)
		delay_ms = 4 * (int64_t)HOUR_MS;
	year->sent++;
	if (fate != 2)
		plan(year, probe, FLOW_IS_ACCEPTED, 0, 0);
	if (fate == 0) {
		year->gone++;
	} else if (fate == 1) {
		plan(year, probe, FLOW_BOUNCES, delay_ms, 0);
		year->bounced++;
	} else if (fate == 2) {
		plan(year, probe, FLOW_IS_REFUSED, 0, 0);
		year->refused++;
	} else if (fate == 3) {
		plan(year, probe, FLOW_ARRIVES_AS_JUNK, delay_ms, print);
		year->junk++;
	} else if (fate == 4) {
		/* Lost, it seems, and put right after two days. */
		plan(year, probe, FLOW_ARRIVES, 48 * (int64_t)HOUR_MS, print);
	} else {
		plan(year, probe, FLOW_ARRIVES, delay_ms, print);
		if (fate < 10) {
			plan(year, probe, FLOW_ARRIVES, delay_ms, print + 1);
			year->copies++;
		}
		/* Not deleted yet, and seen again. */
		if (fate < 20)
			plan(year, probe, FLOW_ARRIVES, delay_ms, print);
	}
}

static void run_year(struct year *year, bool was_read)
{
	struct world *w = year->w;
	struct flow_event *events =
		arena_array(w->arena, PENDING_MAX, sizeof(*events));
	struct flow_run now = { events, 0, w->now_ms, was_read };
	size_t left = 0;

	for (size_t i = 0; i < year->n; i++) {
		if (was_read && year->pending[i].seen_ms <= w->now_ms)
			events[now.n++] = year->pending[i].event;
		else
			year->pending[left++] = year->pending[i];
	}
	year->n = left;
	flow_account(&w->ledger, w->arena, &now, &limits, &w->news);
}

/* An arena for each run, as a plugin has one: the ledger moves on. */
static void renew(struct world *w)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct flow_ledger *ledger = &w->ledger;
	struct flow_probe *probes =
		arena_array(arena, ledger->room, sizeof(*probes));

	assert_int_equal(ledger->n_pasts, 0);
	memcpy(probes, ledger->probes, ledger->n * sizeof(*probes));
	for (size_t i = 0; i < ledger->n; i++)
		assert_null(probes[i].reason);
	ledger->probes = probes;
	ledger->pasts =
		arena_array(arena, FLOW_PASTS_MAX, sizeof(*ledger->pasts));
	arena_free(w->arena);
	w->arena = arena;
}

static uint64_t counted(const struct flow_ledger *ledger)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FLOW_STATES; i++)
		n += ledger->totals[i];
	for (size_t i = 0; i < ledger->n; i++)
		n += ledger->probes[i].turn == 0;
	return n;
}

static void a_year_ends_with_each_probe_counted_once(void **state)
{
	static struct pending pending[PENDING_MAX];
	struct world *w = *state;
	struct year year = { .w = w, .pending = pending, .seed = 1 };
	size_t most = 0;

	for (size_t i = 0; i < YEAR_RUNS; i++) {
		/* Every so many days, four hours of an outage; and a mailbox
		 * that can't be read for two days. */
		bool out = i % 10000 < 48;
		bool was_read = i % 20000 < 19424;
		struct flow_probe probe = send(w);

		decide(&year, &probe, out);
		w->now_ms += 5 * MIN_MS;
		run_year(&year, was_read);
		assert_int_equal(counted(&w->ledger), year.sent);
		most = w->ledger.n > most ? w->ledger.n : most;
		renew(w);
	}
	for (size_t i = 0; i < 1000; i++) {
		w->now_ms += 5 * MIN_MS;
		run_year(&year, true);
		renew(w);
	}
	assert_int_equal(year.n, 0);
	assert_int_equal(sums(w).outstanding, 0);
	assert_int_equal(w->ledger.n_sent, YEAR_RUNS);
	assert_int_equal(w->ledger.totals[FLOW_LOST], year.gone);
	assert_int_equal(w->ledger.totals[FLOW_BOUNCED], year.bounced);
	assert_int_equal(w->ledger.totals[FLOW_REFUSED], year.refused);
	assert_int_equal(w->ledger.totals[FLOW_JUNK], year.junk);
	assert_int_equal(w->ledger.duplicates, year.copies);
	assert_true(most < 2000);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_is_there_once),
		cmocka_unit_test(what_arrived_stays_so),
		cmocka_unit_test(all_states_have_words),
		TEST(one_is_sent_accepted_and_delivered),
		TEST(what_was_not_there_had_not_arrived),
		TEST(late_is_longer_than_the_limit),
		TEST(nothing_arrives_before_it_is_sent_nor_in_future),
		TEST(a_loss_is_an_alarm_until_enough_arrive_in_time),
		TEST(arrivals_of_the_same_run_end_no_alarm),
		TEST(lost_ones_that_arrive_are_put_right),
		TEST(what_was_not_there_did_not_arrive),
		TEST(nobody_is_lost_while_the_mailbox_can_not_be_read),
		TEST(what_can_not_be_seen_is_no_delay),
		TEST(a_clock_that_goes_back_keeps_nobody_for_ever),
		TEST(what_may_never_have_been_sent_is_not_lost),
		TEST(a_delay_is_noted_and_ends),
		TEST(refused_ones_push_nothing_out_of_the_window),
		TEST(the_same_message_is_counted_once),
		TEST(copies_are_duplicates),
		TEST(junk_is_an_arrival_of_its_own_kind),
		TEST(tokens_tell_of_a_ledger_that_is_lost),
		TEST(each_gap_is_counted),
		TEST(old_notices_are_no_news),
		TEST(gaps_are_never_too_many),
		TEST(another_node_with_our_name_is_left_alone),
		TEST(a_ledger_that_was_set_back_begins_anew),
		TEST(a_number_that_was_used_twice),
		TEST(each_goes_by_its_way),
		TEST(sending_is_spaced),
		TEST(what_was_not_taken_is_sent_again_at_once),
		TEST(there_is_an_end_to_sending),
		TEST(statistics_are_of_the_window),
		TEST(what_is_settled_is_forgotten_in_time),
		TEST(what_was_never_taken_for_sure_is_put_right_too),
		TEST(a_year_ends_with_each_probe_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
