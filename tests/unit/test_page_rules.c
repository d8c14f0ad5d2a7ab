/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about what a page says, how it is spoken of, and its clock. */
#include "config.h"

#include "common/page/claim.h"
#include "common/page/promise.h"
#include "tests/unit/page_world.h"
#include "tests/unit/testing.h"

enum {
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 86400,
};

/* -- well ----------------------------------------------------------------- */

static void pages_that_are_well_are_ok(void **state)
{
	static const char *const names[] = {
		"statuspage/all-well.json",
		"statuspage/components.json",
		"statuspage/incidents.json",
		"incidentio/all-well.json",
		"rootly/all-well.json",
		"instatus/all-well.json",
		"statusio/all-well.json",
		"betterstack/all-well.json",
		"statuspal/all-well.json",
		"cachet/all-well.json",
		"cachet/resolved.json",
		"kuma/all-well.json",
		"gatus/all-well.json",
		"upptime/all-well.json",
		"aws/resolved.json",
		"google/all-well.json",
		"slack/all-well.json",
		"slack/history.json",
		"azure/all-well.xml",
		"atom/all-well.xml",
		"rss/all-well.xml",
		"statusiq/all-well.xml",
		"statuspage-html/all-well.html",
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		world_show(w, names[i]);
		if (world_run(w) != STATE_OK)
			fail_msg("%s: %s", names[i],
				w->judge.n_findings > 0
					? w->judge.findings[0].text
					: "not judged");
	}
}

/* What each comes to with the defaults. */
static const struct {
	const char *name;
	enum state state;
} bad_pages[] = {
	{ "statuspage/incident.json", STATE_CRITICAL },
	{ "statuspage/unresolved.json", STATE_CRITICAL },
	{ "statuspage/contradicts-incident.json", STATE_WARNING },
	{ "statuspage/contradicts-no-incident.json", STATE_CRITICAL },
	{ "statuspage/contradicts-impact.json", STATE_CRITICAL },
	{ "statuspage/names-twice.json", STATE_CRITICAL },
	{ "statuspage/banner-only.json", STATE_UNKNOWN },
	{ "statuspage/broken.json", STATE_UNKNOWN },
	{ "statuspage/unknown-words.json", STATE_WARNING },
	{ "statuspage/missing-banner.json", STATE_WARNING },
	{ "statuspage/missing-indicator.json", STATE_WARNING },
	{ "statuspage/other-types.json", STATE_WARNING },
	{ "statuspage/no-time.json", STATE_UNKNOWN },
	{ "statuspage/null-state.json", STATE_WARNING },
	{ "statuspage/ids-twice.json", STATE_WARNING },
	{ "incidentio/incident.json", STATE_WARNING },
	{ "incidentio/contradicts.json", STATE_CRITICAL },
	{ "instatus/incident.json", STATE_CRITICAL },
	{ "instatus/contradicts.json", STATE_WARNING },
	{ "instatus/unknown-words.json", STATE_CRITICAL },
	{ "statusio/incident.json", STATE_CRITICAL },
	{ "statusio/missing-lists.json", STATE_WARNING },
	{ "betterstack/incident.json", STATE_CRITICAL },
	{ "betterstack/contradicts.json", STATE_CRITICAL },
	{ "statuspal/incident.json", STATE_CRITICAL },
	{ "checkly/incident.json", STATE_WARNING },
	{ "checkly/all-well.json", STATE_UNKNOWN },
	{ "cachet/outage.json", STATE_CRITICAL },
	{ "cachet/incident.json", STATE_WARNING },
	{ "cachet/paged.json", STATE_UNKNOWN },
	{ "cachet/empty.json", STATE_UNKNOWN },
	{ "kuma/page.json", STATE_UNKNOWN },
	{ "kuma/outage.json", STATE_CRITICAL },
	{ "kuma/pending.json", STATE_WARNING },
	{ "kuma/no-beat.json", STATE_WARNING },
	{ "kuma/empty.json", STATE_UNKNOWN },
	{ "gatus/outage.json", STATE_CRITICAL },
	{ "gatus/no-result.json", STATE_WARNING },
	{ "upptime/outage.json", STATE_CRITICAL },
	{ "aws/incident.json", STATE_CRITICAL },
	{ "aws/all-well.json", STATE_UNKNOWN },
	{ "google/incident.json", STATE_CRITICAL },
	{ "slack/incident.json", STATE_WARNING },
	{ "slack/contradicts.json", STATE_CRITICAL },
	{ "sorry/all-well.json", STATE_UNKNOWN },
	{ "azure/incident.xml", STATE_WARNING },
	{ "azure/contradicts.xml", STATE_WARNING },
	{ "atom/incident.xml", STATE_WARNING },
	{ "atom/contradicts.xml", STATE_WARNING },
	{ "atom/unstated.xml", STATE_UNKNOWN },
	{ "atom/empty.xml", STATE_UNKNOWN },
	{ "rss/incident.xml", STATE_WARNING },
	{ "rss/entities.xml", STATE_UNKNOWN },
	{ "statusiq/outage.xml", STATE_CRITICAL },
	{ "statusiq/unknown-words.xml", STATE_WARNING },
	{ "statusiq/empty.xml", STATE_UNKNOWN },
	{ "statusiq/four-bytes.txt", STATE_UNKNOWN },
	{ "statuspage-html/incident.html", STATE_CRITICAL },
	{ "statuspage-html/contradicts.html", STATE_CRITICAL },
	{ "statuspage-html/unknown-words.html", STATE_WARNING },
	{ "statuspage-html/broken.html", STATE_UNKNOWN },
	{ "html/inactive.html", STATE_CRITICAL },
	{ "html/decoy.html", STATE_CRITICAL },
	{ "html/application.html", STATE_UNKNOWN },
	{ "foreign/forbidden.json", STATE_UNKNOWN },
	{ "foreign/empty.txt", STATE_UNKNOWN },
};

static void pages_that_are_not_are_not(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < COUNT(bad_pages); i++) {
		enum state got;

		world_show(w, bad_pages[i].name);
		got = world_run(w);
		if (got != bad_pages[i].state)
			fail_msg("%s: %s (%s)", bad_pages[i].name,
				state_name(got),
				w->judge.n_findings > 0
					? w->judge.findings[0].text
					: "not judged");
	}
}

/* -- reading -------------------------------------------------------------- */

static void no_document_is_not_judged(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_not_judged(w, "format-unknown");
	world_not_judged(w, "state-untold");
	world_not_judged(w, "incident-open");
	world_not_judged(w, "page-contradicts");
}

static void a_foreign_document_is_unknown(void **state)
{
	struct world *w = *state;

	world_show(w, "foreign/forbidden.json");
	world_run(w);
	world_finds(w, "format-unknown", 1, STATE_UNKNOWN);
	world_not_judged(w, "incident-open");
	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_holds(w, "format-unknown");
}

static void a_dead_page_is_critical_where_it_is_ours(void **state)
{
	struct world *w = *state;

	world_show(w, "html/inactive.html");
	assert_int_equal(world_run(w), STATE_CRITICAL);
	world_finds(w, "page-inactive", 1, STATE_CRITICAL);
	world_holds(w, "format-unknown");
	w->page.expect.is_upstream = true;
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_finds(w, "page-inactive", 1, STATE_UNKNOWN);
}

static void another_page_is_unknown(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_not_asked(w, "page-unexpected");
	w->page.expect.page_id = "p4ge";
	w->page.expect.page_name = "Example Hosting";
	world_run(w);
	world_holds(w, "page-unexpected");
	w->page.expect.page_id = "other";
	w->page.expect.page_name = "Other";
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_finds(w, "page-unexpected", 2, STATE_UNKNOWN);
}

static void another_shape_than_last_time_is_found(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_not_asked(w, "page-changed");
	world_keep_history(w);
	world_run(w);
	world_holds(w, "page-changed");
	world_run(w);
	world_holds(w, "page-changed");
	world_show(w, "instatus/all-well.json");
	assert_int_equal(world_run(w), STATE_WARNING);
	world_finds(w, "page-changed", 1, STATE_WARNING);
	/* It is what it is from then on. */
	world_run(w);
	world_holds(w, "page-changed");
	world_show(w, "statuspal/all-well.json");
	world_run(w);
	world_show(w, "statuspal/all-well.json")->id = "other";
	world_run(w);
	world_finds(w, "page-changed", 1, STATE_WARNING);
}

static void what_is_not_understood_is_told(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_holds(w, "not-understood");
	world_show(w, "statuspage/unknown-words.json");
	world_run(w);
	world_finds(w, "not-understood", 2, STATE_WARNING);
	world_show(w, "cachet/paged.json");
	world_run(w);
	world_finds(w, "not-understood", 1, STATE_UNKNOWN);
	/* A word that the user knows is none. */
	world_show(w, "statuspage/unknown-words.json");
	world_map(w, "SO-SO", STATE_OK);
	world_map(w, "fine", STATE_OK);
	assert_int_equal(world_run(w), STATE_OK);
	world_holds(w, "not-understood");
}

static void more_oddities_than_are_kept_are_counted(void **state)
{
	struct world *w = *state;

	world_show(w, "cachet/paged.json")->n_odd = 50;
	world_run(w);
	world_finds(w, "not-understood", 2, STATE_UNKNOWN);
}

static void texts_are_judged(void **state)
{
	struct page_match matches[] = {
		{ .text = "operational", .is_found = true },
		{ .text = "outage", .is_reject = true },
	};
	struct world *w = *state;
	struct page_document *doc =
		world_show(w, "statuspage-html/all-well.html");

	world_run(w);
	world_not_asked(w, "text-missing");
	world_not_asked(w, "text-rejected");
	doc->matches = matches;
	doc->n_matches = COUNT(matches);
	assert_int_equal(world_run(w), STATE_OK);
	world_holds(w, "text-missing");
	world_holds(w, "text-rejected");
	matches[0].is_found = false;
	matches[1].is_found = true;
	assert_int_equal(world_run(w), STATE_CRITICAL);
	world_finds(w, "text-missing", 1, STATE_CRITICAL);
	world_finds(w, "text-rejected", 1, STATE_CRITICAL);
	/* Of data, they can't be. */
	world_show(w, "statuspage/all-well.json");
	w->page.expect.wants_text = true;
	world_run(w);
	world_not_judged(w, "text-missing");
	world_not_judged(w, "text-rejected");
}

/* -- what concerns us ----------------------------------------------------- */

static void a_component_alone_may_concern_us(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/incident.json");
	world_select(w, "website");
	assert_int_equal(world_run(w), STATE_OK);
	world_holds(w, "component-down");
	world_holds(w, "incident-open");
	world_not_asked(w, "banner");
	world_select(w, "Europe/API");
	assert_int_equal(world_run(w), STATE_CRITICAL);
	world_finds(w, "component-down", 1, STATE_CRITICAL);
	world_finds(w, "incident-open", 1, STATE_CRITICAL);
	assert_string_equal(world_culprit(w, "component-down"), "API");
}

/* A page may leave a name out, or make one of what nobody can see: then it is
 * the id that names the culprit, and where there is none, that it has none. */
static void what_has_no_name_is_named_by_its_id(void **state)
{
	static const char *const nameless[] = { "", " ", "\x01\n", "\t",
		"\u00a0", "\u200b\ufeff", "\u202e\u2066 " };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(nameless) / sizeof(nameless[0]); i++) {
		struct page_document *doc = world_show(
			w, "statuspage/contradicts-no-incident.json");

		doc->banner.health = PAGE_HEALTH_OPERATIONAL;
		doc->banner_text = "All Systems Operational";
		doc->components[0].name = nameless[i];
		doc->components[0].id = "c1";
		world_run_later(w, HOUR_S);
		assert_string_equal(world_culprit(w, "component-down"), "c1");
		assert_string_equal(
			world_culprit(w, "outage-unexplained"), "c1");
		assert_non_null(
			strstr(world_text(w, "page-contradicts"), " c1 "));
		doc->components[0].id = nameless[i];
		world_run(w);
		assert_string_equal(world_culprit(w, "component-down"),
			"a component without a name");
		doc = world_show(w, "statuspage/incident.json");
		doc->incidents[0].name = nameless[i];
		doc->incidents[0].id = "i1";
		world_run_later(w, HOUR_S);
		assert_string_equal(world_culprit(w, "incident-open"), "i1");
		assert_string_equal(world_culprit(w, "incident-silent"), "i1");
		assert_string_equal(
			page_claim(&w->page.expect, doc, NULL).words, "i1");
		doc->incidents[0].id = nameless[i];
		world_run(w);
		assert_string_equal(world_culprit(w, "incident-open"),
			"an entry without a name");
	}
}

static void a_group_concerns_us_with_its_members(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/incident.json");
	world_select_group(w, "europe");
	world_run(w);
	world_finds(w, "incident-open", 1, STATE_CRITICAL);
	assert_string_equal(world_culprit(w, "component-down"), "API");
	world_holds(w, "component-unknown");
	world_select_group(w, "Asia");
	world_run(w);
	world_finds(w, "component-unknown", 1, STATE_UNKNOWN);
}

static void what_is_ignored_is_not_judged_by(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/incident.json");
	world_ignore(w, "~^api$");
	world_run(w);
	world_holds(w, "incident-open");
	/* The group still says that something in it is wrong. */
	world_finds(w, "component-down", 1, STATE_WARNING);
	world_ignore(w, "Europe");
	assert_int_equal(world_run(w), STATE_OK);
	world_not_asked(w, "banner");
}

/* Renamed, or gone: that is not to say that it is well. */
static void an_unknown_component_is_unknown(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_not_asked(w, "component-unknown");
	world_select(w, "Website");
	world_run(w);
	world_holds(w, "component-unknown");
	world_select(w, "Webshop");
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_finds(w, "component-unknown", 1, STATE_UNKNOWN);
	world_show(w, "statuspage/unresolved.json");
	world_run(w);
	world_not_judged(w, "component-unknown");
}

static void an_incident_without_components_concerns_all(void **state)
{
	struct world *w = *state;

	world_show(w, "incidentio/incident.json");
	world_select(w, "API");
	world_run(w);
	world_finds(w, "incident-open", 1, STATE_WARNING);
}

/* -- state ---------------------------------------------------------------- */

static void words_are_mapped(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/incident.json");
	world_run(w);
	world_finds(w, "banner", 1, STATE_CRITICAL);
	world_map(w, "Major", STATE_WARNING);
	world_map(w, "critical", STATE_OK);
	world_run(w);
	world_finds(w, "banner", 1, STATE_WARNING);
	world_finds(w, "incident-open", 1, STATE_OK);
	/* The later one counts. */
	world_map(w, "major", STATE_OK);
	world_run(w);
	world_holds(w, "banner");
}

static void a_notice_is_no_incident(void **state)
{
	struct world *w = *state;

	world_show(w, "aws/notice.json");
	assert_int_equal(world_run(w), STATE_OK);
	world_holds(w, "incident-open");
}

static void a_green_banner_over_red_is_found(void **state)
{
	struct world *w = *state;

	world_show(w, "instatus/contradicts.json");
	world_run(w);
	world_finds(w, "page-contradicts", 1, STATE_WARNING);
	world_show(w, "incidentio/contradicts.json");
	world_run(w);
	world_finds(w, "page-contradicts", 1, STATE_WARNING);
	world_show(w, "statuspage/incident.json");
	world_run(w);
	world_holds(w, "page-contradicts");
	/* So is a red one over green. */
	world_show(w, "statuspage/contradicts-no-incident.json")
		->components[0]
		.status.health = PAGE_HEALTH_OPERATIONAL;
	world_run(w);
	world_finds(w, "page-contradicts", 1, STATE_WARNING);
	/* An incident of no impact may well be behind a green banner. */
	world_show(w, "statuspage/contradicts-incident.json");
	world_run(w);
	world_holds(w, "page-contradicts");
	world_finds(w, "incident-open", 1, STATE_WARNING);
}

static void an_outage_without_words_is_found(void **state)
{
	struct world *w = *state;
	struct page_document *doc =
		world_show(w, "statuspage/contradicts-no-incident.json");

	doc->components[0].updated.s = WORLD_NOW_S - 10 * MINUTE_S;
	world_run(w);
	world_holds(w, "outage-unexplained");
	world_run_later(w, 1);
	world_finds(w, "outage-unexplained", 1, STATE_WARNING);
	world_run_later(w, 10 * MINUTE_S);
	world_finds(w, "outage-unexplained", 1, STATE_CRITICAL);
	w->page.expect.is_upstream = true;
	world_run(w);
	world_not_asked(w, "outage-unexplained");
	w->page.expect.is_upstream = false;
	/* Without a time of its own, what was remembered tells. */
	doc->components[0].updated = (struct page_time){ .s = 0 };
	world_keep_history(w);
	world_run(w);
	world_holds(w, "outage-unexplained");
	world_run_later(w, 11 * MINUTE_S);
	world_finds(w, "outage-unexplained", 1, STATE_WARNING);
	world_show(w, "statuspage/incident.json");
	world_run(w);
	world_holds(w, "outage-unexplained");
}

static void a_maintenance_is_as_it_is_wanted(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/maintenance.json");
	assert_int_equal(world_run(w), STATE_OK);
	world_finds(w, "maintenance", 1, STATE_OK);
	w->page.expect.maintenance = PAGE_MAINTENANCE_WARNING;
	assert_int_equal(world_run(w), STATE_WARNING);
	world_finds(w, "maintenance", 1, STATE_WARNING);
	w->page.expect.maintenance = PAGE_MAINTENANCE_SKIP;
	assert_int_equal(world_run(w), STATE_OK);
	world_not_asked(w, "maintenance");
	world_show(w, "statuspage/all-well.json");
	w->page.expect.maintenance = PAGE_MAINTENANCE_OK;
	world_run(w);
	world_holds(w, "maintenance");
}

static void a_maintenance_that_goes_on_is_found(void **state)
{
	struct world *w = *state;
	struct page_document *doc =
		world_show(w, "statuspage/maintenance.json");

	w->page.expect.now_s = 1785758400; /* its end */
	world_run(w);
	world_holds(w, "maintenance-overdue");
	world_run_later(w, 60);
	world_finds(w, "maintenance-overdue", 1, STATE_WARNING);
	world_run_later(w, HOUR_S);
	world_finds(w, "maintenance-overdue", 1, STATE_CRITICAL);
	doc->maintenances[0].phase = PAGE_PHASE_COMPLETED;
	world_run(w);
	world_holds(w, "maintenance-overdue");
	doc->maintenances[0].phase = PAGE_PHASE_SCHEDULED;
	w->page.expect.now_s = 1785751200 + 60;
	world_run(w);
	world_finds(w, "maintenance-overdue", 1, STATE_WARNING);
}

/* -- communication -------------------------------------------------------- */

static void silence_is_found(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/incident.json");

	/* The last word was five minutes ago. */
	world_run(w);
	world_holds(w, "incident-silent");
	world_run_later(w, 25 * MINUTE_S);
	world_holds(w, "incident-silent");
	world_run_later(w, 1);
	world_finds(w, "incident-silent", 1, STATE_WARNING);
	world_run_later(w, 30 * MINUTE_S - 1);
	world_finds(w, "incident-silent", 1, STATE_WARNING);
	world_run_later(w, 1);
	world_finds(w, "incident-silent", 1, STATE_CRITICAL);
	/* Two hours in, they may take four times as long. */
	w->page.expect.now_s = doc->incidents[0].created.s + 2 * HOUR_S + 1;
	world_run(w);
	world_holds(w, "incident-silent");
	world_run_later(w, 2 * HOUR_S);
	world_finds(w, "incident-silent", 1, STATE_WARNING);
	world_run_later(w, 2 * HOUR_S);
	world_finds(w, "incident-silent", 1, STATE_CRITICAL);
	w->page.expect.is_upstream = true;
	world_run(w);
	world_not_asked(w, "incident-silent");
}

/* A page is touched by any change of it, and by none of a person. */
static void a_page_that_was_touched_is_silent(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/incident.json");
	size_t i;

	w->page.expect.now_s = WORLD_NOW_S + HOUR_S;
	doc->updated.s = w->page.expect.now_s;
	for (i = 0; i < doc->n_components; i++)
		doc->components[i].updated.s = w->page.expect.now_s;
	world_run(w);
	world_finds(w, "incident-silent", 1, STATE_CRITICAL);
}

/* A post without a word is none. */
static void empty_updates_do_not_end_a_silence(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/empty-updates.json");
	world_run(w);
	world_finds(w, "incident-silent", 1, STATE_WARNING);
	world_finds(w, "updates-empty", 1, STATE_OK);
	world_show(w, "statuspage/incident.json");
	world_run(w);
	world_holds(w, "updates-empty");
}

static void the_same_again_is_no_news(void **state)
{
	struct world *w = *state;
	struct page_event *event =
		&world_show(w, "statuspage/incident.json")->incidents[0];

	event->updates[1].body = event->updates[0].body;
	world_run(w);
	world_finds(w, "updates-empty", 1, STATE_OK);
	event->updates[1].body = "";
	world_run(w);
	world_finds(w, "updates-empty", 1, STATE_OK);
	event->updates[1].body = "We look into it.";
	world_run(w);
	world_holds(w, "updates-empty");
}

static void silence_without_times_is_not_judged(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspal/incident.json");

	world_run(w);
	doc->incidents[0].phase = PAGE_PHASE_INVESTIGATING;
	world_run(w);
	world_not_judged(w, "incident-silent");
	world_not_judged(w, "incident-stale");
	doc->incidents[0].phase = PAGE_PHASE_MONITORING;
	world_run(w);
	world_not_judged(w, "incident-limbo");
}

static void limbo_is_found(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/contradicts-incident.json");
	world_run(w);
	world_holds(w, "incident-limbo");
	world_run_later(w, 12 * HOUR_S);
	world_finds(w, "incident-limbo", 1, STATE_WARNING);
	/* Others are for what is not monitored yet. */
	world_holds(w, "incident-silent");
	world_holds(w, "incident-stale");
	world_run_later(w, 36 * HOUR_S);
	world_finds(w, "incident-limbo", 1, STATE_CRITICAL);
	world_holds(w, "incident-stale");
}

static void no_progress_is_found(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/incident.json");
	struct page_event *event = &doc->incidents[0];
	struct page_update three[3] = { { .id = "", .body = "" },
		{ .id = "", .body = "" }, { .id = "", .body = "" } };

	w->page.expect.now_s = event->updates[0].posted.s + DAY_S;
	world_run(w);
	world_holds(w, "incident-stale");
	world_run_later(w, 1);
	world_finds(w, "incident-stale", 1, STATE_WARNING);
	world_run_later(w, 2 * DAY_S);
	world_finds(w, "incident-stale", 1, STATE_CRITICAL);
	/* Another update in the same phase is no progress. */
	event->updates[1].phase = PAGE_PHASE_IDENTIFIED;
	w->page.expect.now_s = event->updates[1].posted.s + DAY_S + 1;
	world_run(w);
	world_finds(w, "incident-stale", 1, STATE_WARNING);
	/* Back to looking for the cause is a step, too. */
	event->n_updates = 3;
	event->updates = three;
	three[0].posted.fate = three[1].posted.fate = PAGE_TIME_KNOWN;
	three[2].posted.fate = PAGE_TIME_KNOWN;
	three[0].phase = three[2].phase = PAGE_PHASE_IDENTIFIED;
	three[1].phase = PAGE_PHASE_INVESTIGATING;
	three[0].posted.s = w->page.expect.now_s - HOUR_S;
	three[2].posted.s = w->page.expect.now_s - 3 * DAY_S;
	world_run(w);
	world_holds(w, "incident-stale");
	three[1].phase = PAGE_PHASE_IDENTIFIED;
	world_run(w);
	world_finds(w, "incident-stale", 1, STATE_WARNING);
	w->page.expect.is_upstream = true;
	world_run(w);
	world_not_asked(w, "incident-stale");
}

/* A feed of prose may be years old; what it tells is not known, no more. */
static void what_is_unstated_is_no_outage(void **state)
{
	struct world *w = *state;

	world_show(w, "rss/unstated.xml");
	world_run_later(w, 365 * DAY_S);
	world_holds(w, "incident-open");
	world_holds(w, "incident-stale");
	world_holds(w, "incident-silent");
	world_finds(w, "not-understood", 3, STATE_UNKNOWN);
	assert_int_equal(w->page.after.outage_s, 0);
	assert_int_equal(w->page.after.well_s, 0);
}

static void promises_are_kept(void **state)
{
	struct world *w = *state;
	struct page_event *event =
		&world_show(w, "statuspage/incident.json")->incidents[0];

	event->updates[0].body = "Next update in 15 minutes.";
	world_run(w);
	world_holds(w, "promise-broken");
	world_run_later(w, 11 * MINUTE_S);
	world_finds(w, "promise-broken", 1, STATE_WARNING);
}

static void promises_are_read(void **state)
{
	/* Posted at 10:40. */
	const int64_t posted_s = 1785753600;
	static const struct {
		const char *text;
		int64_t after_s; /* 0: no promise */
	} rows[] = {
		{ "Next update in 30 minutes.", 1800 },
		{ "We know the cause. The next update is in 1 hour", 3600 },
		{ "We will update this page within the next 20 min.", 1200 },
		{ "Updates every 30 minutes", 1800 },
		{ "We will post an update within the hour.", 3600 },
		{ "Next update by 11:00 UTC", 1200 },
		{ "Next update: by 09:40 UTC", 82800 },
		{ "Next update at 10:40 GMT", 0 },
		{ "Next update at 11:00 CEST", 0 },
		{ "Next update by 25:00 UTC", 0 },
		{ "Next update by 11:75 UTC", 0 },
		{ "More at 11:00 UTC.", 0 },
		{ "The database was updated in 5 minutes.", 0 },
		{ "An update was posted at 09:00 UTC.", 0 },
		{ "We have an update. In 5 minutes we restart.", 0 },
		{ "Next update in 99999 minutes.", 0 },
		{ "Next update in 0 minutes.", 0 },
		{ "Next update in a", 0 },
		{ "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		int64_t due_s = posted_s;
		bool is_promised = page_promise(rows[i].text, posted_s, &due_s);

		if ((is_promised && due_s != posted_s) !=
				(rows[i].after_s > 0) ||
			due_s - posted_s != rows[i].after_s)
			fail_msg("%s: %lld", rows[i].text,
				(long long)(due_s - posted_s));
	}
}

static void a_long_incident_is_monitored(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/incidents.json");
	struct page_event *event = &doc->incidents[0];

	w->page.expect.now_s = event->resolved.s + HOUR_S;
	doc->n_incidents = 1;
	event->created.s = event->resolved.s - HOUR_S - 1;
	world_run(w);
	world_holds(w, "monitoring-skipped");
	event->updates[1].phase = PAGE_PHASE_IDENTIFIED;
	world_run(w);
	world_finds(w, "monitoring-skipped", 1, STATE_OK);
	event->created.s = event->resolved.s - HOUR_S;
	world_run(w);
	world_holds(w, "monitoring-skipped");
}

static void drills_are_asked_for(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/all-well.json");

	world_run(w);
	world_not_asked(w, "drill-old");
	w->page.expect.drill_component = "Website";
	world_run(w);
	world_holds(w, "drill-old");
	world_run_later(w, 90 * DAY_S);
	world_finds(w, "drill-old", 1, STATE_WARNING);
	world_run_later(w, 90 * DAY_S);
	world_finds(w, "drill-old", 1, STATE_CRITICAL);
	doc->components[0].updated = (struct page_time){ .s = 0 };
	world_run(w);
	world_not_judged(w, "drill-old");
	world_show(w, "statuspage/incident.json");
	w->page.expect.drill_component = "API";
	w->page.expect.now_s = WORLD_NOW_S + 91 * DAY_S;
	world_run(w);
	world_finds(w, "drill-old", 1, STATE_WARNING);
}

/* -- clocks --------------------------------------------------------------- */

static void times_to_come_are_found(void **state)
{
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/incident.json");

	world_run(w);
	world_holds(w, "time-in-future");
	doc->incidents[0].updates[0].posted.s = WORLD_NOW_S + 5 * MINUTE_S;
	world_run(w);
	world_holds(w, "time-in-future");
	doc->incidents[0].updates[0].posted.s++;
	world_run(w);
	world_finds(w, "time-in-future", 1, STATE_WARNING);
	/* Without a zone, it may be of another one. */
	doc->incidents[0].updates[0].posted.fate = PAGE_TIME_ZONELESS;
	world_run(w);
	world_holds(w, "time-in-future");
	doc->incidents[0].updates[0].posted.s += 15 * HOUR_S;
	world_run(w);
	world_finds(w, "time-in-future", 1, STATE_WARNING);
	/* A maintenance is to come by its nature. */
	world_show(w, "statuspal/maintenance.json");
	world_run(w);
	world_holds(w, "time-in-future");
}

static void clocks_are_compared(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_not_judged(w, "clock-differs");
	w->fetch.asked_s = WORLD_NOW_S;
	w->fetch.date = (struct page_time){ PAGE_TIME_KNOWN,
		WORLD_NOW_S - 5 * MINUTE_S };
	world_run(w);
	world_holds(w, "clock-differs");
	w->fetch.date.s--;
	world_run(w);
	world_finds(w, "clock-differs", 1, STATE_WARNING);
	/* It was in a cache since then. */
	w->fetch.has_age = true;
	w->fetch.age_s = 300;
	world_run(w);
	world_holds(w, "clock-differs");
	/* Or the cache dates what it sends by its own clock. */
	w->fetch.age_s = 700;
	world_run(w);
	world_holds(w, "clock-differs");
	w->fetch.date.s = WORLD_NOW_S + 5 * MINUTE_S + 1;
	world_run(w);
	world_finds(w, "clock-differs", 1, STATE_WARNING);
	w->fetch.date.s = WORLD_NOW_S - 1001;
	world_run(w);
	world_finds(w, "clock-differs", 1, STATE_WARNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
		TEST(pages_that_are_well_are_ok),
		TEST(pages_that_are_not_are_not),
		TEST(no_document_is_not_judged),
		TEST(a_foreign_document_is_unknown),
		TEST(a_dead_page_is_critical_where_it_is_ours),
		TEST(another_page_is_unknown),
		TEST(another_shape_than_last_time_is_found),
		TEST(what_is_not_understood_is_told),
		TEST(more_oddities_than_are_kept_are_counted),
		TEST(texts_are_judged),
		TEST(a_component_alone_may_concern_us),
		TEST(what_has_no_name_is_named_by_its_id),
		TEST(a_group_concerns_us_with_its_members),
		TEST(what_is_ignored_is_not_judged_by),
		TEST(an_unknown_component_is_unknown),
		TEST(an_incident_without_components_concerns_all),
		TEST(words_are_mapped),
		TEST(a_notice_is_no_incident),
		TEST(a_green_banner_over_red_is_found),
		TEST(an_outage_without_words_is_found),
		TEST(a_maintenance_is_as_it_is_wanted),
		TEST(a_maintenance_that_goes_on_is_found),
		TEST(silence_is_found),
		TEST(a_page_that_was_touched_is_silent),
		TEST(empty_updates_do_not_end_a_silence),
		TEST(the_same_again_is_no_news),
		TEST(silence_without_times_is_not_judged),
		TEST(limbo_is_found),
		TEST(no_progress_is_found),
		TEST(what_is_unstated_is_no_outage),
		TEST(promises_are_kept),
		TEST(promises_are_read),
		TEST(a_long_incident_is_monitored),
		TEST(drills_are_asked_for),
		TEST(times_to_come_are_found),
		TEST(clocks_are_compared),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
