/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page says against what our own probes saw, run after run. */
#include "config.h"

#include "tests/unit/page_world.h"
#include "tests/unit/testing.h"

enum {
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 86400,
};

static const char site[] = "https://www.example.org";

/* A page that is well, and a site that was seen to be up. */
static struct page_probe *begin_well(struct world *w)
{
	struct page_probe *probe = world_probe(w, site, NULL);

	world_show(w, "statuspage/all-well.json");
	world_keep_history(w);
	assert_int_equal(world_run(w), STATE_OK);
	return probe;
}

/* The one incident of the page, which is over or open. */
static struct page_event *show_incident(
	struct world *w, enum page_phase phase, int64_t created_s)
{
	struct page_document *doc =
		world_show(w, "statuspage/contradicts-incident.json");
	struct page_event *event = &doc->incidents[0];

	event->phase = phase;
	event->created.s = created_s;
	event->updates[0].posted.s = created_s;
	event->n_updates = 1;
	if (phase == PAGE_PHASE_RESOLVED)
		event->resolved = (struct page_time){ PAGE_TIME_KNOWN,
			w->page.expect.now_s };
	return event;
}

/* -- history -------------------------------------------------------------- */

static void without_probes_nothing_is_asked(void **state)
{
	static const char *const ids[] = { "page-silent", "first-post-late",
		"page-forgotten", "all-clear-false", "all-clear-early" };
	struct world *w = *state;
	size_t i;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	for (i = 0; i < COUNT(ids); i++)
		world_not_asked(w, ids[i]);
	world_not_asked(w, "all-clear-relapsed");
}

static void without_history_nothing_is_judged(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = world_probe(w, site, NULL);

	world_show(w, "statuspage/all-well.json");
	probe->end = PAGE_PROBE_DOWN;
	world_run(w);
	world_not_judged(w, "page-silent");
	world_not_judged(w, "first-post-late");
	/* Nor is it at the first run that remembers. */
	world_keep_history(w);
	world_run(w);
	world_not_judged(w, "page-silent");
	world_run_later(w, 1);
	world_holds(w, "page-silent");
}

static void what_was_not_probed_is_not_judged(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	probe->end = PAGE_PROBE_UNSURE;
	world_run_later(w, HOUR_S);
	world_not_judged(w, "page-silent");
	/* It was down before that, and still is. */
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_finds(w, "page-silent", 1, STATE_CRITICAL);
}

static void nothing_new_is_nothing_to_write(void **state)
{
	struct world *w = *state;
	struct page_history before;

	begin_well(w);
	before = w->page.after;
	world_run_later(w, HOUR_S);
	assert_true(page_history_equal(&before, &w->page.after));
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run_later(w, HOUR_S);
	assert_false(page_history_equal(&before, &w->page.after));
	assert_int_equal(w->page.after.n_events, 1);
	before = w->page.after;
	world_run_later(w, HOUR_S);
	assert_true(page_history_equal(&before, &w->page.after));
	assert_int_equal(w->page.after.outage_s, WORLD_NOW_S + 2 * HOUR_S);
	assert_int_equal(w->page.after.well_s, 0);
}

/* A page that can't be read has not become another. */
static void what_was_not_read_is_kept(void **state)
{
	struct world *w = *state;
	struct page_history before;

	begin_well(w);
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run(w);
	before = w->page.after;
	world_show(w, "statuspage/broken.json");
	world_run_later(w, MINUTE_S);
	assert_true(page_history_equal(&before, &w->page.after));
	w->page.source.document = NULL;
	world_run_later(w, MINUTE_S);
	assert_true(page_history_equal(&before, &w->page.after));
}

static void old_incidents_are_forgotten(void **state)
{
	struct world *w = *state;

	begin_well(w);
	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S - HOUR_S);
	world_run(w);
	assert_int_equal(w->page.after.n_events, 1);
	world_show(w, "statuspage/all-well.json");
	world_run_later(w, 7 * DAY_S);
	assert_int_equal(w->page.after.n_events, 1);
	world_run_later(w, 1);
	assert_int_equal(w->page.after.n_events, 0);
}

/* -- silence -------------------------------------------------------------- */

static void a_page_that_is_silent_is_critical(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_holds(w, "page-silent");
	assert_int_equal(
		w->page.after.probes[0].since_s, WORLD_NOW_S + MINUTE_S);
	world_run_later(w, 15 * MINUTE_S - 1);
	world_holds(w, "page-silent");
	assert_int_equal(world_run_later(w, 1), STATE_CRITICAL);
	world_finds(w, "page-silent", 1, STATE_CRITICAL);
	assert_string_equal(
		world_culprit(w, "page-silent"), "status.example.org");
	assert_string_equal(world_text(w, "page-silent"),
		"says \"All Systems Operational\" while "
		"https://www.example.org has failed for 15 min");
	/* An incident was posted. */
	show_incident(w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s);
	world_run_later(w, MINUTE_S);
	world_holds(w, "page-silent");
}

/* A clock that was ahead has made times that are still to come: they count from
 * now on, not from then on. */
static void a_clock_that_was_ahead_hides_nothing(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	w->page.expect.now_s += 365 * DAY_S;
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_run_later(w, -365 * DAY_S);
	world_holds(w, "page-silent");
	assert_int_equal(w->page.after.probes[0].since_s, w->page.expect.now_s);
	assert_int_equal(w->page.after.probes[0].down_s, w->page.expect.now_s);
	world_run_later(w, 15 * MINUTE_S);
	world_finds(w, "page-silent", 1, STATE_CRITICAL);
}

/* The same of what the page shows, and of incidents. */
static void nothing_remembered_is_still_to_come(void **state)
{
	struct world *w = *state;

	begin_well(w);
	w->page.expect.now_s += 365 * DAY_S;
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S + 364 * DAY_S);
	world_run_later(w, MINUTE_S);
	assert_int_equal(w->page.after.n_events, 1);
	world_show(w, "statuspage/all-well.json");
	world_run_later(w, MINUTE_S);
	assert_true(w->page.after.events[0].resolved_s > WORLD_NOW_S + DAY_S);
	world_run_later(w, -365 * DAY_S);
	assert_int_equal(w->page.after.well_s, w->page.expect.now_s);
	assert_int_equal(
		w->page.after.events[0].resolved_s, w->page.expect.now_s);
	assert_int_equal(w->page.after.events[0].first_s, w->page.expect.now_s);
	world_run_later(w, 8 * DAY_S);
	assert_int_equal(w->page.after.n_events, 0);
}

/* One lost probe in between begins the time anew. */
static void it_must_be_down_all_the_time(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_run_later(w, 10 * MINUTE_S);
	probe->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	/* What is down has not been up since. */
	assert_int_equal(w->page.after.probes[0].up_s, 0);
	assert_int_equal(
		w->page.after.probes[0].down_s, WORLD_NOW_S + 13 * MINUTE_S);
	world_run_later(w, 14 * MINUTE_S);
	world_holds(w, "page-silent");
}

static void a_maintenance_is_no_silence(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	world_show(w, "statuspage/maintenance.json");
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_run_later(w, 20 * MINUTE_S);
	world_holds(w, "page-silent");
}

static void a_probe_may_be_of_a_component(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = world_probe(w, site, "Website");

	world_show(w, "statuspage/incident.json");
	world_keep_history(w);
	world_run(w);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	/* The page tells of an outage, but not of this. */
	world_run_later(w, 15 * MINUTE_S);
	world_finds(w, "page-silent", 1, STATE_CRITICAL);
	w->probes[0].component = "API";
	page_selector_release(&w->probes[0].selector);
	assert_null(
		page_selector_parse(w->arena, "API", &w->probes[0].selector));
	world_run(w);
	world_holds(w, "page-silent");
	page_selector_release(&w->probes[0].selector);
	assert_null(page_selector_parse(
		w->arena, "Webshop", &w->probes[0].selector));
	world_run(w);
	world_not_judged(w, "page-silent");
}

/* A page that names what is wrong alone: what is not named is well. */
static void what_is_not_named_is_said_to_be_well(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = world_probe(w, site, "API");

	world_show(w, "instatus/all-well.json");
	world_keep_history(w);
	world_run(w);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_run_later(w, 15 * MINUTE_S);
	world_finds(w, "page-silent", 1, STATE_CRITICAL);
	assert_non_null(strstr(world_text(w, "page-silent"), "all is well"));
}

static void others_pages_are_not_held_to_it(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	w->page.expect.is_upstream = true;
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	world_run_later(w, HOUR_S);
	world_not_asked(w, "page-silent");
}

/* -- the first post ------------------------------------------------------- */

static void the_first_post_has_its_time(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);
	int64_t down_s;

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	down_s = w->page.expect.now_s;
	world_run_later(w, 10 * MINUTE_S);
	world_holds(w, "first-post-late");
	world_run_later(w, 1);
	world_finds(w, "first-post-late", 1, STATE_WARNING);
	world_run_later(w, 20 * MINUTE_S);
	world_finds(w, "first-post-late", 1, STATE_CRITICAL);
	/* A red component says nothing in words. */
	world_show(w, "statuspage/contradicts-no-incident.json");
	world_run(w);
	world_finds(w, "first-post-late", 1, STATE_CRITICAL);
	world_holds(w, "page-silent");
	show_incident(w, PAGE_PHASE_RESOLVED, down_s - 30 * MINUTE_S - 1);
	world_run(w);
	world_finds(w, "first-post-late", 1, STATE_CRITICAL);
	show_incident(w, PAGE_PHASE_INVESTIGATING, down_s);
	world_run(w);
	world_holds(w, "first-post-late");
	world_show(w, "statuspage/components.json");
	world_run(w);
	world_not_judged(w, "first-post-late");
}

/* -- forgotten ------------------------------------------------------------ */

static void a_page_that_is_forgotten_is_found(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);
	int64_t down_s;

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	down_s = w->page.expect.now_s;
	show_incident(w, PAGE_PHASE_INVESTIGATING, down_s + MINUTE_S);
	world_run_later(w, 5 * MINUTE_S);
	world_holds(w, "page-forgotten");
	probe->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	world_run_later(w, 30 * MINUTE_S - 1);
	world_holds(w, "page-forgotten");
	world_run_later(w, 1);
	world_finds(w, "page-forgotten", 1, STATE_WARNING);
	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_holds(w, "page-forgotten");
}

/* An outage that our probes never saw may be of what they do not see. */
static void what_was_never_down_has_not_recovered(void **state)
{
	struct world *w = *state;

	begin_well(w);
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run_later(w, MINUTE_S);
	world_run_later(w, DAY_S);
	world_holds(w, "page-forgotten");
}

static void what_came_later_is_something_else(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	probe->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	show_incident(w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s + 1);
	world_run_later(w, MINUTE_S);
	world_run_later(w, HOUR_S);
	world_holds(w, "page-forgotten");
}

static void all_of_them_must_have_recovered(void **state)
{
	struct world *w = *state;
	struct page_probe *first = begin_well(w);
	struct page_probe *second =
		world_probe(w, "https://b.example.org", NULL);

	first->end = PAGE_PROBE_DOWN;
	second->end = PAGE_PROBE_DOWN;
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run_later(w, MINUTE_S);
	first->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	world_run_later(w, HOUR_S);
	world_holds(w, "page-forgotten");
	second->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	world_run_later(w, 30 * MINUTE_S);
	world_finds(w, "page-forgotten", 1, STATE_WARNING);
}

/* -- the all-clear -------------------------------------------------------- */

static void an_all_clear_while_it_fails_is_false(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	show_incident(w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s);
	world_run_later(w, 5 * MINUTE_S);
	world_holds(w, "all-clear-false");
	w->page.expect.now_s += MINUTE_S;
	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S);
	assert_int_equal(world_run(w), STATE_CRITICAL);
	world_finds(w, "all-clear-false", 1, STATE_CRITICAL);
	/* It is so as well where the page lists what is open alone. */
	world_show(w, "statuspage/all-well.json");
	world_run_later(w, MINUTE_S);
	world_finds(w, "all-clear-false", 1, STATE_CRITICAL);
	probe->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	world_holds(w, "all-clear-false");
}

static void what_was_resolved_before_it_fell_is_no_lie(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S - HOUR_S);
	world_run(w);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, 2 * HOUR_S);
	world_run_later(w, MINUTE_S);
	world_holds(w, "all-clear-false");
	world_holds(w, "all-clear-relapsed");
}

static void an_all_clear_needs_time_to_hold(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	show_incident(w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s);
	world_run_later(w, MINUTE_S);
	probe->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	w->page.expect.now_s += 10 * MINUTE_S;
	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S);
	world_run(w);
	world_finds(w, "all-clear-early", 1, STATE_WARNING);
	/* It is followed for an hour. */
	world_run_later(w, HOUR_S);
	world_finds(w, "all-clear-early", 1, STATE_WARNING);
	world_run_later(w, 1);
	world_holds(w, "all-clear-early");
}

static void an_all_clear_that_waited_is_fine(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, MINUTE_S);
	show_incident(w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s);
	world_run_later(w, MINUTE_S);
	probe->end = PAGE_PROBE_UP;
	world_run_later(w, MINUTE_S);
	w->page.expect.now_s += 30 * MINUTE_S;
	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S);
	world_run(w);
	world_holds(w, "all-clear-early");
}

/* -- relapses ------------------------------------------------------------- */

static void what_fails_again_is_a_relapse(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);

	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S - HOUR_S);
	world_run(w);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, HOUR_S);
	world_finds(w, "all-clear-relapsed", 1, STATE_WARNING);
}

static void what_is_reopened_is_a_relapse(void **state)
{
	struct world *w = *state;

	world_keep_history(w);
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run(w);
	world_holds(w, "all-clear-relapsed");
	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S);
	world_run_later(w, HOUR_S);
	world_holds(w, "all-clear-relapsed");
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run_later(w, DAY_S);
	world_finds(w, "all-clear-relapsed", 1, STATE_WARNING);
}

/* A page of what is open shows it again. */
static void what_is_listed_again_is_a_relapse(void **state)
{
	struct world *w = *state;

	world_keep_history(w);
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run(w);
	world_show(w, "statuspage/all-well.json");
	world_run_later(w, HOUR_S);
	assert_int_equal(
		w->page.after.events[0].resolved_s, WORLD_NOW_S + HOUR_S);
	show_incident(w, PAGE_PHASE_INVESTIGATING, WORLD_NOW_S);
	world_run_later(w, HOUR_S);
	world_finds(w, "all-clear-relapsed", 1, STATE_WARNING);
}

static void a_new_incident_of_the_same_is_a_relapse(void **state)
{
	struct world *w = *state;
	struct page_event *event;

	world_keep_history(w);
	show_incident(w, PAGE_PHASE_RESOLVED, WORLD_NOW_S - HOUR_S);
	world_run(w);
	w->page.expect.now_s += HOUR_S;
	event = show_incident(
		w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s);
	event->id = "inc2";
	world_run(w);
	world_finds(w, "all-clear-relapsed", 1, STATE_WARNING);
	event = show_incident(
		w, PAGE_PHASE_INVESTIGATING, w->page.expect.now_s);
	event->id = "inc3";
	event->affected = NULL;
	event->n_affected = 0;
	world_run(w);
	world_holds(w, "all-clear-relapsed");
}

/* -- the founder's outage ------------------------------------------------- */

/* Four hours in, the page says that it is over; then it fails again, for four
 * days in all. */
static void said_to_be_over_too_early(void **state)
{
	struct world *w = *state;
	struct page_probe *probe = begin_well(w);
	int64_t down_s;

	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, 5 * MINUTE_S);
	down_s = w->page.expect.now_s;
	show_incident(w, PAGE_PHASE_INVESTIGATING, down_s);
	world_run_later(w, 5 * MINUTE_S);
	w->page.expect.now_s = down_s + 4 * HOUR_S;
	probe->end = PAGE_PROBE_UP;
	world_run(w);
	w->page.expect.now_s += 5 * MINUTE_S;
	show_incident(w, PAGE_PHASE_RESOLVED, down_s);
	world_run(w);
	world_finds(w, "all-clear-early", 1, STATE_WARNING);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, 20 * MINUTE_S);
	world_finds(w, "all-clear-relapsed", 1, STATE_WARNING);
	assert_int_equal(world_run_later(w, 15 * MINUTE_S), STATE_CRITICAL);
	world_finds(w, "page-silent", 1, STATE_CRITICAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
		TEST(without_probes_nothing_is_asked),
		TEST(without_history_nothing_is_judged),
		TEST(what_was_not_probed_is_not_judged),
		TEST(nothing_new_is_nothing_to_write),
		TEST(what_was_not_read_is_kept),
		TEST(old_incidents_are_forgotten),
		TEST(a_page_that_is_silent_is_critical),
		TEST(a_clock_that_was_ahead_hides_nothing),
		TEST(nothing_remembered_is_still_to_come),
		TEST(it_must_be_down_all_the_time),
		TEST(a_maintenance_is_no_silence),
		TEST(a_probe_may_be_of_a_component),
		TEST(what_is_not_named_is_said_to_be_well),
		TEST(others_pages_are_not_held_to_it),
		TEST(the_first_post_has_its_time),
		TEST(a_page_that_is_forgotten_is_found),
		TEST(what_was_never_down_has_not_recovered),
		TEST(what_came_later_is_something_else),
		TEST(all_of_them_must_have_recovered),
		TEST(an_all_clear_while_it_fails_is_false),
		TEST(what_was_resolved_before_it_fell_is_no_lie),
		TEST(an_all_clear_needs_time_to_hold),
		TEST(an_all_clear_that_waited_is_fine),
		TEST(what_fails_again_is_a_relapse),
		TEST(what_is_reopened_is_a_relapse),
		TEST(what_is_listed_again_is_a_relapse),
		TEST(a_new_incident_of_the_same_is_a_relapse),
		TEST(said_to_be_over_too_early),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
