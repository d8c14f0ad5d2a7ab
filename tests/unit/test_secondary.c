/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is said of secondaries over hours and years: lag, countdown, expiry,
 * and what is remembered for it. Times are the runs' own, so a year takes a
 * moment.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>

#include "common/dns/delegation_facts.h"
#include "tests/unit/secondary_world.h"

static const uint32_t serial0 = 2026010101;

#define ONE "198.51.100.1"
#define TWO "203.0.113.1"

static int set_up(void **state)
{
	struct world *world = test_calloc(1, sizeof(*world));

	world_init(world, serial0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	world_release(*state);
	test_free(*state);
	return 0;
}

/* Runs until a rule comes to this about a server; how long that took. */
static int64_t run_until(
	struct world *w, const char *rule, const char *address, int state)
{
	int64_t start_s = w->now_s;

	while (world_state(w, rule, address) != state) {
		assert_true(w->now_s - start_s < YEAR_S);
		world_run(w);
	}
	return w->now_s - start_s;
}

/* Whether it took as long as it has to, and no more than a run longer. */
static void assert_after(int64_t took_s, int64_t wanted_s)
{
	assert_in_range(
		took_s, wanted_s, wanted_s + 2 * (int64_t)WORLD_INTERVAL_S);
}

/* -- a year of health ----------------------------------------------------- */

static void year_in_step(void **state)
{
	struct world *w = *state;
	unsigned day;

	for (day = 0; day < 365; day++) {
		world_update(w, serial0 + day);
		world_run_ok(w, DAY_S);
		assert_int_equal(world_cover(w, 1).source, DNS_COVER_MEASURED);
	}
	/* A new serial a day, and two countdowns that are set anew by a
	 * fiftieth of 14 days: every 7 h. */
	assert_in_range(w->writes, 365, 365 * (1 + 2 * 4));
	assert_in_range(w->history.n_serials, 1, 2);
}

static void year_of_static_zone_without_expire(void **state)
{
	struct world *w = *state;
	size_t lost = 0;
	unsigned i;

	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	for (i = 0; i < YEAR_S / WORLD_INTERVAL_S; i++) {
		w->servers[0].is_lost = i % 1000 == 500;
		lost += w->servers[0].is_lost;
		world_run_ok(w, w->interval_s);
		assert_int_equal(world_cover(w, 1).source,
			w->servers[0].is_lost ? DNS_COVER_AT_MOST
					      : DNS_COVER_ASSUMED);
		assert_int_equal(
			world_cover(w, 1).expire_left_s, WORLD_EXPIRE_S);
	}
	assert_true(lost > 100);
	assert_int_equal(w->writes, 1 + 2 * lost);
}

static void year_with_hidden_primary_that_nobody_named(void **state)
{
	struct world *w = *state;
	unsigned day;

	w->primary_is_given = false;
	w->servers[0].is_lost = true;
	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	for (day = 0; day < 365; day++) {
		world_update(w, serial0 + day);
		world_run_ok(w, DAY_S);
		assert_true(world_not_judged(w, "primary-contact-lost"));
		assert_int_equal(world_cover(w, 1).source, DNS_COVER_UNKNOWN);
		assert_non_null(world_cover(w, 1).why);
		assert_false(world_cover(w, 1).is_known);
	}
	assert_in_range(w->writes, 365, 366);
	assert_int_equal(w->history.primary_silent_s, 0);
}

/* -- lag ------------------------------------------------------------------ */

static void stopped_transfer_ages_and_recovers(void **state)
{
	struct world *w = *state;
	int64_t since_s;

	w->servers[1].tells_expire = false;
	world_run_ok(w, HOUR_S);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + 3);
	world_run(w);
	since_s = w->now_s;
	assert_int_equal(world_state(w, "secondary-behind", ONE), STATE_OK);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_BEHIND);
	assert_int_equal(world_lag(w, 1).serials, 3);
	assert_true(world_lag(w, 1).has_age);
	assert_int_equal(world_lag(w, 1).age_s, 0);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_AT_MOST);
	assert_after(run_until(w, "secondary-behind", ONE, STATE_WARNING),
		WORLD_LAG_S);
	assert_int_equal(world_lag(w, 1).age_s, w->now_s - since_s);
	run_until(w, "secondary-behind", ONE, STATE_CRITICAL);
	assert_after(w->now_s - since_s, WORLD_EXPIRE_S / 2);
	assert_int_equal(world_state(w, "secondary-behind", TWO), -1);
	assert_int_equal(world_state(w, "primary-contact-lost", TWO), -1);
	/* The latest that it can have had contact is when it was in step. */
	assert_int_equal(world_cover(w, 1).expire_left_s,
		WORLD_EXPIRE_S - (w->now_s - since_s));
	w->servers[1].is_stuck = false;
	world_run_ok(w, DAY_S);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_EQUAL);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_ASSUMED);
}

static void own_limits_of_lag(void **state)
{
	struct world *w = *state;

	world_look(w);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + 1);
	world_look(w);
	world_pass(w, 2 * HOUR_S);
	world_look(w);
	assert_int_equal(
		world_state(w, "secondary-behind", ONE), STATE_WARNING);
	/* The facts hold the limits; judging again is enough. */
	w->s.expect.lag_warning_s = 3 * HOUR_S;
	world_judge(w);
	assert_int_equal(world_state(w, "secondary-behind", ONE), STATE_OK);
	w->s.expect.lag_critical_s = HOUR_S;
	world_judge(w);
	assert_int_equal(
		world_state(w, "secondary-behind", ONE), STATE_CRITICAL);
}

/* A new serial a minute: far more than are kept. */
static void lag_grows_although_serials_are_thinned(void **state)
{
	struct world *w = *state;
	uint32_t serial = serial0;
	int64_t since_s, half_s = 0;
	uint32_t half_serial = 0;
	unsigned i;

	/* One that vanished needs a serial even older. */
	w->n_servers = 4;
	w->servers[3] = w->servers[2];
	w->servers[3].address = "203.0.113.2";
	world_run_ok(w, HOUR_S);
	w->servers[3].is_gone = true;
	for (i = 0; i < 3; i++) {
		world_update(w, serial += 5);
		world_run_ok(w, w->interval_s);
	}
	w->servers[1].is_stuck = true;
	since_s = w->now_s + w->interval_s;
	for (i = 0; i < 3 * DAY_S / WORLD_INTERVAL_S; i++) {
		world_update(w, serial += 5);
		world_run(w);
		assert_int_equal(world_lag(w, 1).age_s, w->now_s - since_s);
		assert_int_equal(world_lag(w, 2).step, DNS_STEP_EQUAL);
		assert_true(w->history.n_serials <= DNS_HISTORY_SERIALS_MAX);
		if (i == 3 * DAY_S / WORLD_INTERVAL_S / 2) {
			half_serial = serial;
			half_s = w->now_s;
		}
	}
	/* It gets half of the way, and stops there. */
	w->servers[1].serial = half_serial;
	for (i = 0; i < 100; i++) {
		world_update(w, serial += 5);
		world_run(w);
		assert_in_range(world_lag(w, 1).age_s,
			w->now_s - half_s - 3 * HOUR_S, w->now_s - half_s);
	}
	w->servers[1].is_stuck = false;
	world_update(w, serial += 5);
	world_run(w);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_EQUAL);
	w->servers[3].is_gone = false;
	world_look(w);
	assert_int_equal(w->history.n_serials, 1);
}

static void serials_wrap(void **state)
{
	struct world *w = *state;
	uint32_t serial = UINT32_MAX - 2;
	unsigned i;

	world_release(w);
	world_init(w, serial);
	world_run_ok(w, HOUR_S);
	w->servers[1].is_stuck = true;
	for (i = 1; i <= 6; i++) {
		world_update(w, serial + i);
		world_run(w);
		assert_int_equal(world_lag(w, 1).step, DNS_STEP_BEHIND);
		assert_int_equal(world_lag(w, 1).serials, i);
		assert_int_equal(
			world_lag(w, 1).age_s, (i - 1) * w->interval_s);
		assert_int_equal(world_lag(w, 2).step, DNS_STEP_EQUAL);
	}
	w->servers[1].is_stuck = false;
	world_run_ok(w, DAY_S);
	assert_int_equal(w->history.serials[0].serial, 3);
}

static void half_of_the_circle_is_undefined(void **state)
{
	struct world *w = *state;

	world_run_ok(w, HOUR_S);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + (UINT32_C(1) << 31));
	world_run(w);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_UNDEFINED);
	assert_int_equal(
		world_state(w, "serial-undefined", ONE), STATE_WARNING);
	assert_int_equal(world_state(w, "secondary-behind", ONE), -1);
	assert_int_equal(world_state(w, "secondary-ahead", ONE), -1);
	assert_int_equal(world_state(w, "serial-undefined", TWO), -1);
	w->servers[1].is_stuck = false;
	world_run_ok(w, DAY_S);
}

/* -- ahead, and serials set back ------------------------------------------ */

static void set_back_by_the_operator(void **state)
{
	struct world *w = *state;
	unsigned i;

	world_run_ok(w, DAY_S);
	w->servers[1].is_stuck = w->servers[2].is_stuck = true;
	world_update(w, serial0 - 100);
	w->servers[0].later_serial = serial0 - 100;
	world_run(w);
	for (i = 1; i <= 2; i++) {
		assert_int_equal(world_lag(w, i).step, DNS_STEP_AHEAD);
		assert_int_equal(world_lag(w, i).serials, 100);
	}
	assert_int_equal(
		world_state(w, "secondary-ahead", ONE), STATE_CRITICAL);
	assert_int_equal(w->history.n_serials, 1);
	assert_int_equal(w->history.serials[0].serial, serial0 - 100);
	w->servers[1].is_stuck = w->servers[2].is_stuck = false;
	world_run_ok(w, DAY_S);
	/* The clock of one that stops now begins now. */
	w->servers[1].is_stuck = true;
	world_update(w, w->servers[0].later_serial = serial0 - 99);
	world_run(w);
	assert_int_equal(world_lag(w, 1).age_s, 0);
	assert_int_equal(world_state(w, "secondary-behind", ONE), STATE_OK);
}

/* Of what was withdrawn before anybody had it nothing is counted. */
static void set_back_before_anybody_followed(void **state)
{
	struct world *w = *state;

	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	world_run_ok(w, DAY_S);
	w->servers[1].is_stuck = w->servers[2].is_stuck = true;
	world_update(w, serial0 + 5);
	world_run(w);
	world_update(w, serial0);
	world_run_ok(w, DAY_S);
	assert_int_equal(
		w->history.serials[w->history.n_serials - 1].serial, serial0);
	world_update(w, serial0 + 6);
	world_run(w);
	assert_int_equal(world_lag(w, 1).age_s, 0);
}

static void set_back_where_nobody_named_the_primary(void **state)
{
	struct world *w = *state;

	w->primary_is_given = false;
	world_run_ok(w, DAY_S);
	world_update(w, 7);
	world_run_ok(w, 30 * DAY_S);
	assert_int_equal(world_state(w, "secondary-behind", NULL), -1);
	assert_int_equal(w->history.serials[0].serial, 7);
}

static void ahead_needs_a_second_look(void **state)
{
	struct world *w = *state;

	world_run_ok(w, HOUR_S);
	w->servers[1].serial = serial0 + 1;
	w->servers[1].is_stuck = true;
	world_run(w);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_UNKNOWN);
	assert_true(world_not_judged(w, "secondary-ahead"));
	assert_int_equal(world_state(w, "secondary-ahead", NULL), -1);
	/* The zone was updated while it was looked at. */
	w->servers[0].later_serial = serial0 + 1;
	world_run(w);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_EQUAL);
	assert_int_equal(judge_state(&w->judge), STATE_OK);
	w->servers[0].later_serial = serial0;
	world_run(w);
	assert_int_equal(
		world_state(w, "secondary-ahead", ONE), STATE_CRITICAL);
	assert_int_equal(world_state(w, "secondary-ahead", TWO), -1);
	/* Who is newest is right where nobody named the primary. */
	w->primary_is_given = false;
	world_run(w);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_EQUAL);
	assert_int_equal(world_lag(w, 2).step, DNS_STEP_BEHIND);
	assert_int_equal(world_state(w, "secondary-ahead", NULL), -1);
}

static void silent_primary_leaves_what_was_noted(void **state)
{
	struct world *w = *state;
	struct dns_reference reference;

	world_run_ok(w, HOUR_S);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + 1);
	world_run(w);
	w->servers[0].is_lost = true;
	world_run(w);
	reference = secondary_reference(&w->s);
	assert_true(reference.is_known);
	assert_false(reference.is_primary);
	assert_null(reference.copy);
	assert_int_equal(reference.serial, serial0 + 1);
	assert_int_equal(reference.soa->expire, WORLD_EXPIRE_S);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_BEHIND);
	assert_int_equal(world_lag(w, 1).age_s, w->interval_s);
	/* Without history the newest copy tells. */
	w->history = (struct dns_history){ .n_serials = 0 };
	w->fate = DNS_HISTORY_NEW;
	world_run(w);
	reference = secondary_reference(&w->s);
	assert_true(reference.is_known);
	assert_false(reference.is_primary);
	assert_int_equal(reference.serial, serial0 + 1);
	assert_int_equal(world_lag(w, 1).step, DNS_STEP_BEHIND);
	assert_true(world_not_judged(w, "secondary-ahead"));
}

/* -- the countdown -------------------------------------------------------- */

static void stopped_primary_is_counted_down_by_expire(void **state)
{
	struct world *w = *state;
	const struct dns_past_copy *past;
	int64_t dead_s;

	world_run_ok(w, DAY_S + 5 * HOUR_S);
	w->servers[0].is_dead = true;
	dead_s = w->servers[1].contact_s;
	run_until(w, "primary-contact-lost", ONE, STATE_WARNING);
	assert_after(w->now_s - dead_s, WORLD_CONTACT_S);
	/* What is noted is good for those who find it expired. */
	past = dns_history_find(&w->history, world_copy(w, 1));
	assert_true(past->is_measured);
	assert_in_range(past->expires_s,
		dead_s + WORLD_EXPIRE_S - WORLD_EXPIRE_S / 1000,
		dead_s + WORLD_EXPIRE_S + WORLD_EXPIRE_S / 1000);
	run_until(w, "primary-contact-lost", ONE, STATE_CRITICAL);
	assert_after(w->now_s - dead_s, WORLD_EXPIRE_S / 2);
	while (w->now_s - dead_s < WORLD_EXPIRE_S - w->interval_s) {
		struct dns_cover cover;

		world_run(w);
		cover = world_cover(w, 1);
		assert_int_equal(cover.source, DNS_COVER_MEASURED);
		assert_int_equal(cover.limit, DNS_LIMIT_EXPIRE);
		assert_int_equal(
			cover.cover_s, dead_s + WORLD_EXPIRE_S - w->now_s);
		assert_int_equal(world_state(w, "secondary-expired", NULL), -1);
	}
	run_until(w, "secondary-expired", ONE, STATE_CRITICAL);
	assert_after(w->now_s - dead_s, WORLD_EXPIRE_S);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_UNKNOWN);
	assert_false(world_cover(w, 1).is_known);
	w->servers[0].is_dead = false;
	world_run_ok(w, DAY_S);
}

static void stopped_primary_bounds_those_without_expire(void **state)
{
	struct world *w = *state;
	size_t writes;
	int64_t dead_s;

	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	world_run_ok(w, DAY_S + 20 * MINUTE_S);
	w->servers[0].is_dead = true;
	dead_s = w->servers[1].contact_s;
	writes = w->writes;
	do {
		struct dns_cover cover;
		int64_t left_s;

		world_run(w);
		left_s = dead_s + WORLD_EXPIRE_S - w->now_s;
		cover = world_cover(w, 1);
		if (left_s <= 0)
			break;
		assert_int_equal(cover.source, DNS_COVER_AT_MOST);
		/* Right to within the timers of the SOA. */
		assert_in_range(cover.expire_left_s, left_s,
			left_s + WORLD_REFRESH_S + w->interval_s);
	} while (true);
	/* That it began. */
	assert_int_equal(w->writes, writes + 1);
	/* It is down already, by its time if not by ours. */
	run_until(w, "secondary-expired", ONE, STATE_CRITICAL);
	assert_true(w->now_s - dead_s <
		    WORLD_EXPIRE_S + WORLD_REFRESH_S + 2 * w->interval_s);
}

static void inferred_primary_once_seen_is_a_warning_at_most(void **state)
{
	struct world *w = *state;
	int64_t dead_s;

	w->primary_is_given = false;
	w->servers[1].tells_expire = false;
	world_run_ok(w, DAY_S);
	w->servers[0].is_dead = true;
	dead_s = w->now_s;
	run_until(w, "primary-contact-lost", ONE, STATE_WARNING);
	assert_after(w->now_s - dead_s, WORLD_CONTACT_S);
	while (w->now_s - dead_s < WORLD_EXPIRE_S - HOUR_S) {
		world_run(w);
		assert_int_equal(world_state(w, "primary-contact-lost", ONE),
			STATE_WARNING);
	}
	/* Measured is another matter. */
	assert_int_equal(
		world_state(w, "primary-contact-lost", TWO), STATE_CRITICAL);
}

/* A hidden primary answers its secondaries alone: nobody is woken for that,
 * and what is served beyond a time was not bound by it. */
static void primary_that_keeps_this_host_out(void **state)
{
	struct world *w = *state;
	bool was_warned = false;
	int64_t over_s = 0;

	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	for (int64_t ran_s = 0; ran_s < 60 * DAY_S; ran_s += w->interval_s) {
		struct dns_cover cover;

		w->servers[0].is_lost = true;
		world_run(w);
		assert_int_not_equal(
			world_state(w, "primary-contact-lost", ONE),
			STATE_CRITICAL);
		was_warned |= world_state(w, "primary-contact-lost", ONE) ==
			      STATE_WARNING;
		cover = world_cover(w, 1);
		assert_int_equal(cover.source, DNS_COVER_AT_MOST);
		/* Served on, the clock begins anew. */
		over_s = cover.expire_left_s > 0 ? 0 : over_s + w->interval_s;
		assert_true(over_s <= WORLD_RETRY_S + w->interval_s);
	}
	assert_true(was_warned);
}

static void primary_that_restarts_stops_the_clock(void **state)
{
	struct world *w = *state;

	w->servers[1].tells_expire = false;
	world_run_ok(w, DAY_S);
	w->servers[0].is_dead = true;
	world_run(w);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_AT_MOST);
	assert_int_equal(w->history.primary_silent_s, w->now_s);
	w->servers[0].is_dead = false;
	world_run_ok(w, DAY_S);
	assert_int_equal(w->history.primary_silent_s, 0);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_ASSUMED);
	assert_int_equal(world_cover(w, 1).expire_left_s, WORLD_EXPIRE_S);
}

/* The primary is lost for this host alone: the secondaries go on. */
static void newer_serial_is_a_contact(void **state)
{
	struct world *w = *state;
	unsigned i;

	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	world_run_ok(w, DAY_S);
	w->servers[0].is_lost = true;
	w->servers[2].is_stuck = true;
	for (i = 0; i < 10; i++) {
		world_update(w, serial0 + 1 + i);
		world_run(w);
		assert_int_equal(
			world_cover(w, 1).expire_left_s, WORLD_EXPIRE_S);
		world_run(w);
		assert_int_equal(world_cover(w, 1).source, DNS_COVER_AT_MOST);
		assert_int_equal(world_cover(w, 1).expire_left_s,
			WORLD_EXPIRE_S - w->interval_s);
		assert_int_equal(world_cover(w, 2).expire_left_s,
			WORLD_EXPIRE_S - (2 * i + 1) * w->interval_s);
	}
}

/* Clocks do not wait for those that could not be seen. */
static void clock_begins_with_its_cause(void **state)
{
	struct world *w = *state;

	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	world_run_ok(w, DAY_S);
	w->servers[1].is_lost = w->servers[1].is_stuck = true;
	world_update(w, serial0 + 1);
	world_look(w);
	world_pass(w, 3 * HOUR_S);
	w->servers[1].is_lost = false;
	world_look(w);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_AT_MOST);
	assert_int_equal(
		world_cover(w, 1).expire_left_s, WORLD_EXPIRE_S - 3 * HOUR_S);
	w->servers[1].is_stuck = false;
	w->primary_is_given = false;
	world_run_ok(w, DAY_S);
	/* The primary is gone; later one of the two finds a newer zone. */
	w->servers[1].is_lost = true;
	w->servers[0].is_dead = true;
	world_look(w);
	world_pass(w, HOUR_S);
	w->servers[2].serial = serial0 + 2;
	world_look(w);
	world_pass(w, HOUR_S);
	w->servers[1].is_lost = false;
	world_look(w);
	assert_int_equal(world_lag(w, 1).age_s, HOUR_S);
	assert_int_equal(
		world_cover(w, 1).expire_left_s, WORLD_EXPIRE_S - 2 * HOUR_S);
	assert_int_equal(
		world_cover(w, 2).expire_left_s, WORLD_EXPIRE_S - HOUR_S);
}

/* Times of a history that another clock or hand has written. */
static void odd_times_do_no_harm(void **state)
{
	struct world *w = *state;
	const struct dns_history none = { .n_serials = 0 };
	struct dns_past_copy *past;
	struct dns_history noted;

	w->servers[1].tells_expire = false;
	w->n_servers = 2;
	world_run_ok(w, HOUR_S);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + 1);
	world_run(w);
	w->history.serials[w->history.n_serials - 1].first_s += DAY_S;
	assert_true(world_lag(w, 1).has_age);
	assert_int_equal(world_lag(w, 1).age_s, 0);
	past = &w->history.copies[0];
	past->expires_s = 1;
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_AT_MOST);
	assert_int_equal(world_cover(w, 1).expire_left_s, 0);
	past->expires_s = INT64_MAX / 2;
	assert_int_equal(world_cover(w, 1).expire_left_s, WORLD_EXPIRE_S);
	world_run(w);
	assert_int_equal(
		w->history.copies[0].expires_s, w->now_s + WORLD_EXPIRE_S);
	/* What could not be kept is not held against anybody; whoever begins
	 * to keep it starts the clock all the same. */
	w->s.file.fate = DNS_HISTORY_UNUSABLE;
	assert_false(world_lag(w, 1).has_age);
	noted = secondary_remember(w->judge.arena, &w->s, &w->history);
	assert_true(dns_history_equal(&noted, &w->history));
	w->history.copies[0].expires_s = 0;
	noted = secondary_remember(w->judge.arena, &w->s, &w->history);
	assert_true(noted.copies[0].expires_s != 0);
	noted = secondary_remember(w->judge.arena, &w->s, &none);
	assert_int_equal(noted.n_serials, 1);
	assert_int_equal(noted.copies[0].serial, serial0);
}

static void signatures_may_end_first(void **state)
{
	struct world *w = *state;
	struct dns_cover cover;

	w->is_signed = true;
	w->servers[1].signature_end_s = w->now_s + 30 * DAY_S;
	w->servers[2].signature_end_s = w->now_s + 30 * DAY_S;
	world_look(w);
	assert_int_equal(world_state(w, "signature-ends-first", NULL), -1);
	w->is_signed = false;
	w->servers[1].signature_end_s = w->now_s + 5 * DAY_S;
	w->servers[2].signature_end_s = w->now_s + 30 * DAY_S;
	world_look(w);
	assert_false(world_cover(w, 1).has_signature);
	assert_int_equal(world_state(w, "signature-ends-first", NULL), -1);
	w->is_signed = true;
	world_look(w);
	cover = world_cover(w, 1);
	assert_true(cover.has_signature);
	assert_int_equal(cover.limit, DNS_LIMIT_SIGNATURE);
	assert_int_equal(cover.cover_s, 5 * DAY_S);
	assert_int_equal(cover.expire_left_s, WORLD_EXPIRE_S);
	cover = world_cover(w, 2);
	assert_int_equal(cover.limit, DNS_LIMIT_EXPIRE);
	assert_int_equal(cover.cover_s, WORLD_EXPIRE_S);
	assert_int_equal(world_state(w, "signature-ends-first", ONE), STATE_OK);
	assert_int_equal(world_state(w, "signature-ends-first", TWO), -1);
	/* Ended: nothing is left. Bogus for another cause: nobody knows. */
	w->servers[1].security = DNS_BOGUS;
	w->servers[1].signature_end_s = w->now_s - HOUR_S;
	w->servers[2].security = DNS_BOGUS;
	world_look(w);
	assert_true(world_cover(w, 1).is_known);
	assert_int_equal(world_cover(w, 1).cover_s, 0);
	assert_false(world_cover(w, 2).has_signature);
	/* Without a countdown an end of signatures is no cover. */
	w->servers[1].tells_expire = w->servers[2].tells_expire = false;
	w->servers[2].security = DNS_SECURE;
	w->servers[0].is_lost = true;
	w->primary_is_given = false;
	w->history = (struct dns_history){ .n_serials = 0 };
	world_look(w);
	assert_true(world_cover(w, 1).is_known);
	assert_int_equal(world_cover(w, 1).cover_s, 0);
	assert_true(world_cover(w, 2).has_signature);
	assert_false(world_cover(w, 2).is_known);
}

static void independent_servers_do_not_expire(void **state)
{
	struct world *w = *state;

	w->is_independent = true;
	w->primary_is_given = false;
	w->is_signed = true;
	w->servers[1].serial = serial0 + 50;
	w->servers[1].is_stuck = true;
	w->servers[2].signature_end_s = w->now_s + YEAR_S;
	world_run_ok(w, 13 * DAY_S);
	assert_int_equal(w->writes, 0);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_UNLIMITED);
	assert_false(world_cover(w, 1).is_known);
	assert_int_equal(world_cover(w, 2).limit, DNS_LIMIT_SIGNATURE);
	assert_int_equal(world_lag(w, 0).step, DNS_STEP_UNKNOWN);
	assert_int_equal(w->judge.n_findings, 0);
	assert_int_equal(w->judge.n_not_judged, 0);
}

/* -- expired -------------------------------------------------------------- */

static void servfail_needs_a_cause_to_be_expired(void **state)
{
	struct world *w = *state;
	size_t i;

	w->servers[2].tells_expire = false;
	world_run_ok(w, DAY_S);
	/* Their zone was taken away: no time had run out. */
	for (i = 1; i <= 2; i++) {
		w->servers[i].contact_s -= WORLD_EXPIRE_S;
		w->servers[i].is_stuck = true;
	}
	world_run(w);
	assert_int_equal(secondary_verdict(&w->s, world_copy(w, 1)),
		DNS_SERVER_SERVFAIL);
	assert_int_equal(world_state(w, "secondary-expired", NULL), -1);
	w->servers[1].tells_ede = true;
	world_run(w);
	assert_int_equal(
		world_state(w, "secondary-expired", ONE), STATE_CRITICAL);
}

static void servfail_without_nsid_is_known_by_its_address(void **state)
{
	struct world *w = *state;

	w->servers[1].nsid = "a";
	world_run_ok(w, DAY_S);
	w->servers[0].is_dead = true;
	world_pass(w, WORLD_EXPIRE_S - HOUR_S);
	world_look(w);
	w->servers[1].nsid = NULL;
	world_pass(w, 2 * HOUR_S);
	world_look(w);
	assert_int_equal(
		world_state(w, "secondary-expired", ONE), STATE_CRITICAL);
	/* Another node behind it is well. */
	w->servers[1].nsid = "b";
	w->servers[1].contact_s = w->now_s;
	world_look(w);
	w->servers[1].nsid = NULL;
	w->servers[1].contact_s -= WORLD_EXPIRE_S;
	world_look(w);
	assert_int_equal(world_state(w, "secondary-expired", ONE), -1);
}

/* -- clocks, anycast, two runs at once, no history ------------------------ */

static void clock_jumps(void **state)
{
	struct world *w = *state;
	unsigned i;

	w->servers[1].tells_expire = false;
	world_run_ok(w, DAY_S);
	/* Everybody's contact moves along: only our clock is wrong. */
	w->now_s -= 7 * DAY_S;
	for (i = 1; i <= 2; i++)
		w->servers[i].contact_s = w->now_s;
	world_run_ok(w, DAY_S);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + 1);
	world_run(w);
	w->now_s -= 30 * DAY_S;
	w->servers[2].contact_s = w->now_s;
	w->servers[1].contact_s = w->now_s;
	world_run(w);
	assert_int_equal(world_lag(w, 1).age_s, 0);
	assert_true(world_cover(w, 1).expire_left_s <= WORLD_EXPIRE_S);
	/* A time from the future does not silence the clock until then. */
	assert_after(run_until(w, "secondary-behind", ONE, STATE_WARNING),
		WORLD_LAG_S);
	assert_true(world_cover(w, 1).expire_left_s <=
		    WORLD_EXPIRE_S - WORLD_LAG_S);
	w->servers[1].is_stuck = false;
	world_run_ok(w, HOUR_S);
	w->now_s += 37 * DAY_S;
	for (i = 1; i <= 2; i++)
		w->servers[i].contact_s = w->now_s;
	world_run_ok(w, DAY_S);
}

/* Three nodes behind one address; each run meets one of them. */
static void anycast_is_known_by_nsid(void **state)
{
	struct world *w = *state;
	uint32_t serial = serial0;
	int64_t since_s = 0;
	size_t before, i, k;

	w->n_servers = 5;
	for (i = 2; i < 5; i++) {
		w->servers[i] = w->servers[1];
		w->servers[i].address = TWO;
		w->servers[i].nsid = i == 2 ? "ams" : i == 3 ? "fra" : "lhr";
		w->servers[i].tells_expire = i != 3;
	}
	w->servers[3].is_stuck = true;
	for (i = 0; i < 3 * DAY_S / WORLD_INTERVAL_S; i++) {
		if (i % 100 == 10) {
			world_update(w, ++serial);
			since_s = since_s ? since_s : w->now_s + w->interval_s;
		}
		for (k = 2; k < 5; k++)
			w->servers[k].is_gone = k != 2 + i % 3;
		world_run(w);
		if (i % 3 != 1 || since_s == 0) {
			assert_int_equal(judge_state(&w->judge), STATE_OK);
			continue;
		}
		assert_int_equal(world_lag(w, 3).age_s, w->now_s - since_s);
	}
	assert_int_equal(w->history.n_copies, 4);
	/* Nothing happens: nothing is written but the countdowns. */
	before = w->writes;
	for (i = 0; i < DAY_S / WORLD_INTERVAL_S; i++) {
		for (k = 2; k < 5; k++)
			w->servers[k].is_gone = k != 2 + i % 3;
		world_run(w);
	}
	assert_true(w->writes - before <= 3 * 4);
}

static void nodes_that_vanished_make_room(void **state)
{
	enum {
		NODES = 600,
		NAME_BYTES = 8,
	};
	struct world *w = *state;
	char(*names)[NAME_BYTES] = test_calloc(NODES, NAME_BYTES);
	size_t i;

	for (i = 0; i < NODES; i++) {
		snprintf(names[i], NAME_BYTES, "n%zu", i);
		w->servers[2].nsid = names[i];
		world_run_ok(w, w->interval_s);
		assert_true(w->history.n_copies <= DNS_HISTORY_SERVERS_MAX);
		assert_non_null(
			dns_history_find(&w->history, world_copy(w, 1)));
		assert_non_null(
			dns_history_find(&w->history, world_copy(w, 2)));
	}
	assert_int_equal(w->history.n_copies, DNS_HISTORY_SERVERS_MAX);
	/* The first are gone, the last are there. */
	w->s.copies[2].server.nsid = names[0];
	assert_null(dns_history_find(&w->history, &w->s.copies[2]));
	w->s.copies[2].server.nsid = names[NODES - 2];
	assert_non_null(dns_history_find(&w->history, &w->s.copies[2]));
	test_free(names);
}

/* Another run, with facts two seconds newer, has written before this one. */
static void runs_may_interleave(void **state)
{
	struct world *w = *state;
	unsigned given, i;

	for (given = 0; given < 2; given++) {
		w->primary_is_given = given;
		w->servers[1].tells_expire = !given;
		world_run_ok(w, HOUR_S);
		for (i = 1; i < 100; i++) {
			uint32_t serial = w->servers[0].serial;

			world_pass(w, WORLD_INTERVAL_S);
			world_update(w, serial + 1);
			w->now_s += 2;
			world_look(w);
			assert_int_equal(judge_state(&w->judge), STATE_OK);
			/* The older facts. */
			w->now_s -= 2;
			world_update(w, serial);
			world_look(w);
			assert_int_equal(judge_state(&w->judge), STATE_OK);
			w->now_s += 2;
			world_update(w, serial + 1);
		}
	}
}

static void lost_history_begins_anew(void **state)
{
	struct world *w = *state;
	int64_t since_s;

	w->servers[1].tells_expire = false;
	world_run_ok(w, HOUR_S);
	w->servers[1].is_stuck = true;
	world_update(w, serial0 + 1);
	run_until(w, "secondary-behind", ONE, STATE_WARNING);
	w->history = (struct dns_history){ .n_serials = 0 };
	w->fate = DNS_HISTORY_LOST;
	world_run(w);
	since_s = w->now_s;
	assert_int_equal(world_state(w, "history-lost", NULL), STATE_WARNING);
	assert_int_equal(world_state(w, "secondary-behind", ONE), STATE_OK);
	assert_int_equal(world_lag(w, 1).age_s, 0);
	assert_int_equal(world_cover(w, 1).source, DNS_COVER_AT_MOST);
	run_until(w, "secondary-behind", ONE, STATE_WARNING);
	assert_after(w->now_s - since_s, WORLD_LAG_S);
	assert_int_equal(world_state(w, "history-lost", NULL), -1);
}

static void without_history_ages_are_not_judged(void **state)
{
	static const enum dns_history_fate fates[] = { DNS_HISTORY_NOT_KEPT,
		DNS_HISTORY_UNUSABLE, DNS_HISTORY_NO_PLACE };
	struct world *w = *state;
	size_t i;

	w->servers[1].tells_expire = false;
	for (i = 0; i < COUNT(fates); i++) {
		bool is_unusable = fates[i] == DNS_HISTORY_UNUSABLE;
		bool is_new = fates[i] == DNS_HISTORY_NOT_KEPT;

		w->fate = fates[i];
		w->servers[1].is_stuck = false;
		world_run(w);
		assert_false(secondary_needs_history(&w->s));
		assert_int_equal(world_cover(w, 1).source, DNS_COVER_ASSUMED);
		assert_int_equal(world_state(w, "history-unusable", NULL),
			is_unusable ? (int)STATE_UNKNOWN : -1);
		assert_int_equal(world_not_judged(w, "history-unusable"),
			fates[i] == DNS_HISTORY_NO_PLACE);
		w->servers[1].is_stuck = true;
		world_update(w, w->servers[0].serial + 1);
		world_run(w);
		assert_true(secondary_needs_history(&w->s));
		assert_false(world_lag(w, 1).has_age);
		assert_true(world_not_judged(w, "secondary-behind"));
		assert_true(world_not_judged(w, "primary-contact-lost"));
		assert_int_equal(world_state(w, "history-unusable", NULL),
			is_new ? -1 : (int)STATE_UNKNOWN);
	}
}

/* A named server may stand where the world can't reach it. */
static void named_servers_are_asked_anywhere(void **state)
{
	struct world *w = *state;

	w->servers[0].address = "10.0.0.1";
	w->servers[1].address = "10.0.0.2";
	world_look(w);
	assert_int_equal(
		secondary_verdict(&w->s, world_copy(w, 0)), DNS_SERVER_GOOD);
	assert_int_equal(secondary_verdict(&w->s, world_copy(w, 1)),
		DNS_SERVER_UNUSABLE);
	assert_int_equal(secondary_primary_state(&w->s), DNS_PRIMARY_ANSWERS);
	w->primary_is_given = false;
	world_look(w);
	assert_int_equal(secondary_primary_state(&w->s), DNS_PRIMARY_UNSEEN);
}

static void histories_differ_by_each_member(void **state)
{
	struct dns_seen_serial serials[] = { { 1, 10 }, { 2, 20 } };
	struct dns_past_copy copies[] = { { "192.0.2.1", "a", 1, 5, true } };
	struct dns_history a = { serials, 2, true, 7, copies, 1 };
	struct dns_seen_serial other_serials[] = { { 1, 10 }, { 2, 21 } };
	struct dns_past_copy other_copies[] = { { "192.0.2.1", "b", 1, 5,
		true } };
	struct dns_history b = a;

	(void)state;
	assert_true(dns_history_equal(&a, &b));
	b.n_serials = 1;
	assert_false(dns_history_equal(&a, &b));
	b = a;
	b.serials = other_serials;
	assert_false(dns_history_equal(&a, &b));
	b = a;
	b.primary_was_seen = false;
	assert_false(dns_history_equal(&a, &b));
	b = a;
	b.primary_silent_s = 8;
	assert_false(dns_history_equal(&a, &b));
	b = a;
	b.copies = other_copies;
	assert_false(dns_history_equal(&a, &b));
	other_copies[0] = copies[0];
	assert_true(dns_history_equal(&a, &b));
	other_copies[0].is_measured = false;
	assert_false(dns_history_equal(&a, &b));
	other_copies[0] = copies[0];
	other_copies[0].expires_s++;
	assert_false(dns_history_equal(&a, &b));
}

static void spans_have_two_units(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0 s" },
		{ 59, "59 s" },
		{ 60, "1 min" },
		{ 100, "1 min 40 s" },
		{ 7800, "2 h 10 min" },
		{ 7200 + 59, "2 h" },
		{ 86400, "1 d" },
		{ 5 * 86400 + 3 * 3600, "5 d 3 h" },
	};
	struct text text;
	size_t i;

	(void)state;
	text_init(&text, 100);
	for (i = 0; i < COUNT(cases); i++) {
		text_clear(&text);
		text_add_span(&text, cases[i].seconds);
		assert_string_equal(text.data, cases[i].text);
	}
	text_release(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(year_in_step),
		TEST(year_of_static_zone_without_expire),
		TEST(year_with_hidden_primary_that_nobody_named),
		TEST(stopped_transfer_ages_and_recovers),
		TEST(own_limits_of_lag),
		TEST(lag_grows_although_serials_are_thinned),
		TEST(serials_wrap),
		TEST(half_of_the_circle_is_undefined),
		TEST(set_back_by_the_operator),
		TEST(set_back_before_anybody_followed),
		TEST(set_back_where_nobody_named_the_primary),
		TEST(ahead_needs_a_second_look),
		TEST(silent_primary_leaves_what_was_noted),
		TEST(stopped_primary_is_counted_down_by_expire),
		TEST(stopped_primary_bounds_those_without_expire),
		TEST(inferred_primary_once_seen_is_a_warning_at_most),
		TEST(primary_that_keeps_this_host_out),
		TEST(primary_that_restarts_stops_the_clock),
		TEST(newer_serial_is_a_contact),
		TEST(clock_begins_with_its_cause),
		TEST(odd_times_do_no_harm),
		TEST(signatures_may_end_first),
		TEST(independent_servers_do_not_expire),
		TEST(servfail_needs_a_cause_to_be_expired),
		TEST(servfail_without_nsid_is_known_by_its_address),
		TEST(clock_jumps),
		TEST(anycast_is_known_by_nsid),
		TEST(nodes_that_vanished_make_room),
		TEST(runs_may_interleave),
		TEST(lost_history_begins_anew),
		TEST(without_history_ages_are_not_judged),
		TEST(named_servers_are_asked_anywhere),
		cmocka_unit_test(histories_differ_by_each_member),
		cmocka_unit_test(spans_have_two_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
