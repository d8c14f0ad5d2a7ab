/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#include <unistd.h>

#include "common/core/clock.h"
#include "common/loop/loop.h"
#include "tests/unit/slow_clock.h"

enum {
	FAR_US = 20 * 1000 * 1000, /* a deadline that is never reached */
	TIMERS = 500,
	PATIENCE = 10000, /* calls that are far too many */
};

struct fixture {
	struct loop *loop;
	int a[2], b[2]; /* pipes */
	int calls;
	int last_events;
	struct loop_timer timer;
	int64_t until_us;
};

static int set_up(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	fixture->loop = loop_new(clock_mono_us() + FAR_US);
	*state = fixture;
	return fixture->loop != NULL && pipe(fixture->a) == 0 &&
			       pipe(fixture->b) == 0
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	loop_free(fixture->loop);
	for (int i = 0; i < 2; i++) {
		(void)close(fixture->a[i]);
		(void)close(fixture->b[i]);
	}
	test_free(fixture);
	return 0;
}

static void fill(const int ends[2])
{
	assert_int_equal(write(ends[1], "x", 1), 1);
}

static void count_and_stop(int fd, int events, void *arg)
{
	struct fixture *fixture = arg;

	(void)fd;
	fixture->calls++;
	fixture->last_events = events;
	loop_stop(fixture->loop);
}

static void count(int fd, int events, void *arg)
{
	struct fixture *fixture = arg;

	(void)fd;
	(void)events;
	fixture->calls++;
}

static void stop(void *arg)
{
	struct fixture *fixture = arg;

	loop_stop(fixture->loop);
}

static void stop_soon(struct fixture *fixture)
{
	assert_true(loop_timer_set(fixture->loop, &fixture->timer,
		clock_mono_us() + 2000, stop, fixture));
}

static void nothing_to_do_is_idle(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(loop_run(fixture->loop), LOOP_IDLE);
}

static void ready_descriptor_is_reported(void **state)
{
	struct fixture *f = *state;

	assert_true(loop_watch(f->loop, f->a[0], LOOP_READ, count_and_stop, f));
	fill(f->a);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->last_events, LOOP_READ);
	/* Level-triggered, and the loop may run again. */
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->calls, 2);
}

static void hang_up_is_reported_as_what_was_asked(void **state)
{
	struct fixture *f = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(loop_watch(f->loop, ends[0], LOOP_READ, count_and_stop, f));
	(void)close(ends[1]);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->last_events, LOOP_READ);
	(void)close(ends[0]);
	/* A descriptor that was closed while it was watched. */
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->calls, 2);
}

static void watch_replaces_and_ends(void **state)
{
	struct fixture *f = *state;

	fill(f->a);
	assert_true(loop_watch(f->loop, f->a[0], LOOP_READ, count, f));
	assert_true(loop_watch(f->loop, f->a[0], 0, NULL, NULL));
	assert_true(loop_watch(f->loop, f->a[0], 0, NULL, NULL));
	assert_int_equal(loop_run(f->loop), LOOP_IDLE);
	assert_int_equal(f->calls, 0);
	assert_true(loop_watch(f->loop, f->a[1], LOOP_READ, count, f));
	assert_true(
		loop_watch(f->loop, f->a[1], LOOP_WRITE, count_and_stop, f));
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->last_events, LOOP_WRITE);
	assert_false(loop_watch(f->loop, -1, LOOP_READ, count, f));
}

/* The last takes the place of the one that went, and is found there. */
static void watch_is_found_where_it_moved(void **state)
{
	struct fixture *f = *state;

	assert_true(loop_watch(f->loop, f->a[0], LOOP_READ, count, f));
	assert_true(loop_watch(f->loop, f->b[0], LOOP_READ, count, f));
	assert_true(loop_watch(f->loop, f->a[0], 0, NULL, NULL));
	assert_true(loop_watch(f->loop, f->b[0], LOOP_READ, count_and_stop, f));
	fill(f->b);
	stop_soon(f);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->last_events, LOOP_READ);
}

static void drop_both(int fd, int events, void *arg)
{
	struct fixture *f = arg;

	(void)fd;
	(void)events;
	f->calls++;
	(void)loop_watch(f->loop, f->a[0], 0, NULL, NULL);
	(void)loop_watch(f->loop, f->b[0], 0, NULL, NULL);
}

static void callback_may_unwatch_all(void **state)
{
	struct fixture *f = *state;

	fill(f->a);
	fill(f->b);
	assert_true(loop_watch(f->loop, f->a[0], LOOP_READ, drop_both, f));
	assert_true(loop_watch(f->loop, f->b[0], LOOP_READ, drop_both, f));
	assert_int_equal(loop_run(f->loop), LOOP_IDLE);
	assert_int_equal(f->calls, 1);
}

/* Both are ready: the first that is called closes the other and watches a
 * new pipe, which has nothing to read and may get the old number. */
static void swap_other(int fd, int events, void *arg)
{
	struct fixture *f = arg;
	int *other = fd == f->a[0] ? f->b : f->a;

	(void)events;
	f->calls++;
	(void)loop_watch(f->loop, fd, 0, NULL, NULL);
	(void)close(other[0]);
	(void)close(other[1]);
	assert_int_equal(pipe(other), 0);
	assert_true(loop_watch(f->loop, other[0], LOOP_READ, count, f));
	stop_soon(f);
}

static void stale_readiness_is_not_reported(void **state)
{
	struct fixture *f = *state;

	fill(f->a);
	fill(f->b);
	assert_true(loop_watch(f->loop, f->a[0], LOOP_READ, swap_other, f));
	assert_true(loop_watch(f->loop, f->b[0], LOOP_READ, swap_other, f));
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->calls, 1);
}

struct order {
	int64_t last_us;
	size_t fired;
};

struct entry {
	struct order *order;
	int64_t at_us;
	struct loop_timer timer;
};

static void note(void *arg)
{
	struct entry *entry = arg;

	assert_true(entry->at_us >= entry->order->last_us);
	assert_true(clock_mono_us() >= entry->at_us);
	entry->order->last_us = entry->at_us;
	entry->order->fired++;
}

static void timers_fire_in_order(void **state)
{
	struct fixture *f = *state;
	struct order order = { 0, 0 };
	struct entry *entries = test_calloc(TIMERS, sizeof(*entries));
	int64_t base = clock_mono_us() + 1000;
	uint32_t random = 1;

	for (size_t i = 0; i < TIMERS; i++) {
		random = random * 1664525U + 1013904223U;
		entries[i].order = &order;
		entries[i].at_us = base + random % 20000U;
		assert_true(loop_timer_set(f->loop, &entries[i].timer,
			entries[i].at_us, note, &entries[i]));
	}
	/* Every third is cancelled, every other third moved. */
	for (size_t i = 0; i < TIMERS; i += 3)
		loop_timer_cancel(f->loop, &entries[i].timer);
	for (size_t i = 1; i < TIMERS; i += 3) {
		entries[i].at_us += 5000;
		assert_true(loop_timer_set(f->loop, &entries[i].timer,
			entries[i].at_us, note, &entries[i]));
	}
	loop_timer_cancel(f->loop, &entries[0].timer); /* not set: fine */
	assert_int_equal(loop_run(f->loop), LOOP_IDLE);
	assert_int_equal(order.fired, TIMERS - (TIMERS + 2) / 3);
	test_free(entries);
}

/* Makes the pipe readable, and comes back without end. */
static void set_in_the_past_again(void *arg)
{
	struct fixture *f = arg;

	if (f->calls++ == 0)
		fill(f->a);
	if (f->calls > PATIENCE)
		loop_stop(f->loop);
	else
		assert_true(loop_timer_set(
			f->loop, &f->timer, 0, set_in_the_past_again, f));
}

/* Such a timer must not keep descriptors from their turn. */
static void past_timer_leaves_a_turn_to_others(void **state)
{
	struct fixture *f = *state;

	assert_true(loop_timer_set(
		f->loop, &f->timer, 0, set_in_the_past_again, f));
	assert_true(loop_watch(f->loop, f->a[0], LOOP_READ, count_and_stop, f));
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->last_events, LOOP_READ);
	assert_true(f->calls < PATIENCE);
}

static void deadline_ends_the_run(void **state)
{
	int64_t deadline = clock_mono_us() + 20000;
	struct loop *loop = loop_new(deadline);
	struct fixture *f = *state;

	assert_true(loop_watch(loop, f->a[0], LOOP_READ, count, f));
	assert_int_equal(loop_run(loop), LOOP_DEADLINE);
	assert_true(clock_mono_us() >= deadline);
	assert_true(clock_mono_us() < deadline + FAR_US);
	assert_true(loop_now_us(loop) >= deadline);
	assert_int_equal(f->calls, 0);
	loop_free(loop);
	loop_free(NULL);
}

/* Takes until the deadline is past. */
static void take_long(int fd, int events, void *arg)
{
	struct fixture *f = arg;

	(void)fd;
	(void)events;
	f->calls++;
	slow_clock_leap(f->until_us - clock_mono_us());
}

/* Both are ready in one turn: who comes second comes too late. */
static void deadline_comes_between_callbacks(void **state)
{
	struct fixture *f = *state;
	struct loop *loop;

	f->until_us = clock_mono_us() + FAR_US;
	loop = loop_new(f->until_us);
	fill(f->a);
	fill(f->b);
	assert_true(loop_watch(loop, f->a[0], LOOP_READ, take_long, f));
	assert_true(loop_watch(loop, f->b[0], LOOP_READ, take_long, f));
	assert_int_equal(loop_run(loop), LOOP_DEADLINE);
	assert_int_equal(f->calls, 1);
	loop_free(loop);
}

static void many_descriptors(void **state)
{
	struct fixture *f = *state;
	int ends[60][2];

	for (size_t i = 0; i < COUNT(ends); i++) {
		assert_int_equal(pipe(ends[i]), 0);
		assert_true(loop_watch(
			f->loop, ends[i][0], LOOP_READ, count_and_stop, f));
	}
	fill(ends[37]);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->calls, 1);
	for (size_t i = 0; i < COUNT(ends); i++) {
		assert_true(loop_watch(f->loop, ends[i][0], 0, NULL, NULL));
		(void)close(ends[i][0]);
		(void)close(ends[i][1]);
	}
	assert_int_equal(loop_run(f->loop), LOOP_IDLE);
}

#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(nothing_to_do_is_idle),
		LOOP_TEST(ready_descriptor_is_reported),
		LOOP_TEST(hang_up_is_reported_as_what_was_asked),
		LOOP_TEST(watch_replaces_and_ends),
		LOOP_TEST(watch_is_found_where_it_moved),
		LOOP_TEST(callback_may_unwatch_all),
		LOOP_TEST(stale_readiness_is_not_reported),
		LOOP_TEST(timers_fire_in_order),
		LOOP_TEST(past_timer_leaves_a_turn_to_others),
		LOOP_TEST(deadline_ends_the_run),
		LOOP_TEST(deadline_comes_between_callbacks),
		LOOP_TEST(many_descriptors),
	};

	slow_clock_idle(true);
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
