/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about the addresses of a page; its metrics, summary and JSON. */
#include "config.h"

#include <jansson.h>

#include "tests/unit/page_world.h"
#include "tests/unit/testing.h"

enum {
	DAY_S = 86400,
	MINUTE_S = 60,
};

/* Three addresses that answer with the document of the page. */
static struct page_fetch *begin_three(struct world *w)
{
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2",
		"2001:db8::1" };
	struct page_fetch *fetches =
		arena_array(w->arena, COUNT(addrs), sizeof(*fetches));
	const struct page_document *doc =
		world_show(w, "statuspage/all-well.json");
	size_t i;

	for (i = 0; i < COUNT(addrs); i++) {
		fetches[i] = w->fetch;
		fetches[i].addr_text = addrs[i];
		fetches[i].family = i == 2 ? 6 : 4;
		fetches[i].document = doc;
		fetches[i].done_us = 100000 * (int64_t)(i + 1);
		fetches[i].cert = (struct page_cert){
			.chain = PAGE_CHAIN_VALID,
			.chain_end_s = WORLD_NOW_S + 60 * DAY_S,
		};
	}
	w->page.source.fetches = fetches;
	w->page.source.n_fetches = COUNT(addrs);
	w->page.v4 = w->page.v6 = DNS_SIGHT_SEEN;
	return fetches;
}

static void lose(struct page_fetch *fetch, enum page_fetch_end end)
{
	fetch->end = end;
	fetch->status = 0;
	fetch->document = NULL;
	fetch->done_us = -1;
}

static void all_addresses_answer(void **state)
{
	struct world *w = *state;

	begin_three(w);
	assert_int_equal(world_run(w), STATE_OK);
	world_holds(w, "page-unreachable");
	world_holds(w, "address-unreachable");
	world_holds(w, "addresses-differ");
	world_holds(w, "certificate-invalid");
	world_holds(w, "certificate-expiring");
	world_holds(w, "copy-old");
	world_not_asked(w, "names-differ");
	world_not_asked(w, "page-heavy");
}

static void one_that_is_dead_is_a_warning(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	lose(&fetches[1], PAGE_FETCH_TIMED_OUT);
	assert_int_equal(world_run(w), STATE_WARNING);
	world_finds(w, "address-unreachable", 1, STATE_WARNING);
	world_holds(w, "page-unreachable");
	lose(&fetches[0], PAGE_FETCH_DONE);
	fetches[0].status = 503;
	world_run(w);
	world_finds(w, "address-unreachable", 2, STATE_WARNING);
}

static void a_page_that_is_gone_is_critical(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);
	size_t i;

	for (i = 0; i < 3; i++)
		lose(&fetches[i], PAGE_FETCH_PORT_CLOSED);
	w->page.source.document = NULL;
	/* Nobody asked for a part of it. */
	fetches[1].end = PAGE_FETCH_DONE;
	fetches[1].status = 206;
	assert_int_equal(world_run(w), STATE_CRITICAL);
	world_finds(w, "page-unreachable", 1, STATE_CRITICAL);
	world_holds(w, "address-unreachable");
	world_not_judged(w, "format-unknown");
	/* Somebody else's is not known then. */
	w->page.expect.is_upstream = true;
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_finds(w, "page-unreachable", 1, STATE_UNKNOWN);
}

static void a_control_that_fails_too_is_no_outage(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);
	size_t i;

	for (i = 0; i < 3; i++)
		lose(&fetches[i], PAGE_FETCH_TIMED_OUT);
	w->page.source.document = NULL;
	w->page.control.url = "https://www.example.net/";
	w->page.control.end = PAGE_FETCH_DONE;
	assert_int_equal(world_run(w), STATE_CRITICAL);
	w->page.control.end = PAGE_FETCH_TIMED_OUT;
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_not_judged(w, "page-unreachable");
}

static void no_route_from_here_is_not_judged(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	lose(&fetches[2], PAGE_FETCH_UNREACHABLE);
	world_run(w);
	world_finds(w, "address-unreachable", 1, STATE_WARNING);
	w->page.v6 = DNS_SIGHT_NO_ROUTE;
	assert_int_equal(world_run(w), STATE_OK);
	world_not_judged(w, "address-unreachable");
	world_holds(w, "page-unreachable");
	lose(&fetches[0], PAGE_FETCH_UNREACHABLE);
	lose(&fetches[1], PAGE_FETCH_UNREACHABLE);
	w->page.v4 = DNS_SIGHT_NO_ROUTE;
	w->page.source.document = NULL;
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_not_judged(w, "page-unreachable");
	assert_string_equal(
		w->judge.not_judged[0].rule->id, "page-unreachable");
	assert_string_equal(w->judge.not_judged[0].subject, "IPv4");
}

static void a_name_without_addresses_is_critical(void **state)
{
	static const struct {
		enum dns_lookup v4, v6;
		bool is_found;
	} rows[] = {
		{ DNS_LOOKUP_NXDOMAIN, DNS_LOOKUP_NXDOMAIN, true },
		{ DNS_LOOKUP_NO_ADDRESS, DNS_LOOKUP_NO_ADDRESS, true },
		{ DNS_LOOKUP_NO_ADDRESS, DNS_LOOKUP_NOT_DONE, true },
		{ DNS_LOOKUP_NOT_DONE, DNS_LOOKUP_NXDOMAIN, true },
		{ DNS_LOOKUP_NOT_DONE, DNS_LOOKUP_NOT_DONE, false },
		{ DNS_LOOKUP_NO_ADDRESS, DNS_LOOKUP_FAILED, false },
	};
	struct world *w = *state;
	size_t i;

	w->page.source.n_fetches = 0;
	for (i = 0; i < COUNT(rows); i++) {
		w->page.source.lookup_v4 = rows[i].v4;
		w->page.source.lookup_v6 = rows[i].v6;
		world_run(w);
		if (rows[i].is_found)
			world_finds(w, "page-unreachable", 1, STATE_CRITICAL);
		else
			world_not_judged(w, "page-unreachable");
	}
	w->page.source.lookup_why = "its name servers are silent";
	world_run(w);
	world_finds(w, "page-unreachable", 1, STATE_CRITICAL);
}

static void a_304_is_the_page_that_was_known(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	fetches[0].status = 304;
	world_run(w);
	world_finds(w, "address-unreachable", 1, STATE_WARNING);
	fetches[0].is_unchanged = true;
	world_run(w);
	world_holds(w, "address-unreachable");
}

static void where_inactive_pages_are_is_no_page(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	fetches[0].final_url = "https://status.example.org/en";
	world_run(w);
	world_holds(w, "page-inactive");
	fetches[0].final_url = "https://status.example.org/inactive";
	world_run(w);
	world_finds(w, "page-inactive", 1, STATE_CRITICAL);
}

static void certificates_are_judged(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	fetches[1].cert.chain = PAGE_CHAIN_WRONG_NAME;
	assert_int_equal(world_run(w), STATE_CRITICAL);
	world_finds(w, "certificate-invalid", 1, STATE_CRITICAL);
	w->page.expect.is_upstream = true;
	world_run(w);
	world_finds(w, "certificate-invalid", 1, STATE_WARNING);
	w->page.expect.is_upstream = false;
	fetches[1].cert.chain = PAGE_CHAIN_VALID;
	fetches[1].cert.chain_end_s = WORLD_NOW_S + 14 * DAY_S;
	world_run(w);
	world_holds(w, "certificate-expiring");
	fetches[1].cert.chain_end_s--;
	world_run(w);
	world_finds(w, "certificate-expiring", 1, STATE_WARNING);
	fetches[1].cert.chain_end_s = WORLD_NOW_S + 7 * DAY_S;
	world_run(w);
	world_finds(w, "certificate-expiring", 1, STATE_WARNING);
	fetches[1].cert.chain_end_s--;
	world_run(w);
	world_finds(w, "certificate-expiring", 1, STATE_CRITICAL);
	/* Behind a redirect there may be one though the URL has none. */
	w->page.source.url = "http://status.example.org/";
	world_run(w);
	world_finds(w, "certificate-expiring", 1, STATE_CRITICAL);
	for (size_t i = 0; i < w->page.source.n_fetches; i++)
		fetches[i].cert = (struct page_cert){ .why = NULL };
	world_run(w);
	world_not_asked(w, "certificate-expiring");
	world_not_asked(w, "certificate-invalid");
}

static void unchecked_certificates_are_not_judged(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	fetches[1].cert.chain = PAGE_CHAIN_NOT_CHECKED;
	world_run(w);
	world_not_judged(w, "certificate-invalid");
	world_holds(w, "certificate-expiring");
}

static void no_certificate_is_not_judged(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_not_judged(w, "certificate-invalid");
	world_not_judged(w, "certificate-expiring");
}

static void old_copies_are_found(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	fetches[0].has_age = true;
	fetches[0].age_s = 5 * MINUTE_S;
	world_run(w);
	world_holds(w, "copy-old");
	fetches[0].age_s++;
	world_run(w);
	world_finds(w, "copy-old", 1, STATE_WARNING);
	fetches[0].age_s = 15 * MINUTE_S + 1;
	world_run(w);
	world_finds(w, "copy-old", 1, STATE_CRITICAL);
	w->page.expect.is_upstream = true;
	world_run(w);
	world_not_asked(w, "copy-old");
}

/* Some pages are rendered anew only where something changes. */
static void the_time_of_rendering_counts_where_that_is_wanted(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage-html/all-well.html");
	w->page.expect.now_s = 1785753600 + 16 * MINUTE_S;
	world_run(w);
	world_holds(w, "copy-old");
	w->page.expect.wants_rendered = true;
	world_run(w);
	world_finds(w, "copy-old", 1, STATE_CRITICAL);
}

static void heavy_pages_are_found(void **state)
{
	struct world *w = *state;
	struct page_document *doc =
		world_show(w, "statuspage-html/all-well.html");

	world_run(w);
	world_holds(w, "page-heavy");
	doc->size = 500000;
	world_run(w);
	world_holds(w, "page-heavy");
	doc->size = 500001;
	world_run(w);
	world_finds(w, "page-heavy", 1, STATE_WARNING);
	doc->size = 2000001;
	world_run(w);
	world_finds(w, "page-heavy", 1, STATE_CRITICAL);
}

/* One of them is of the region that failed, and does not know it. */
static void addresses_that_differ_are_found(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);
	const struct page_document *well = w->page.source.document;

	fetches[2].document = world_show(w, "statuspage/incident.json");
	w->page.source.document = well;
	assert_int_equal(world_run(w), STATE_WARNING);
	world_finds(w, "addresses-differ", 1, STATE_WARNING);
	fetches[2].document = world_show(w, "html/application.html");
	w->page.source.document = well;
	world_run(w);
	world_finds(w, "addresses-differ", 1, STATE_WARNING);
	fetches[2].document = world_show(w, "statuspage/components.json");
	w->page.source.document = well;
	world_run(w);
	world_holds(w, "addresses-differ");
}

static void names_that_differ_are_found(void **state)
{
	struct world *w = *state;
	struct page_source also = { .url = "https://p4ge.example.net/" };
	const struct page_document *well;
	struct page_document *doc;

	begin_three(w);
	well = w->page.source.document;
	w->page.also = &also;
	w->page.n_also = 1;
	world_run(w);
	world_not_judged(w, "names-differ");
	also.document = well;
	world_run(w);
	world_holds(w, "names-differ");
	also.document = world_show(w, "statuspage/incident.json");
	w->page.source.document = well;
	world_run(w);
	world_finds(w, "names-differ", 1, STATE_WARNING);
	doc = world_show(w, "statuspage/all-well.json");
	doc->id = "other";
	also.document = doc;
	w->page.source.document = well;
	world_run(w);
	world_finds(w, "names-differ", 1, STATE_WARNING);
}

/* -- what is put out ------------------------------------------------------ */

static double metric(struct world *w, const char *name, const char *instance)
{
	size_t i;

	judge_init(&w->judge, w->arena, page_rules, n_page_rules, NULL, 0);
	page_measure(&w->judge, &w->page);
	for (i = 0; i < w->judge.n_metrics; i++) {
		const struct metric *one = &w->judge.metrics[i];

		if (strcmp(one->def->name, name) == 0 &&
			(!instance || strcmp(one->instance, instance) == 0))
			return one->value;
	}
	return -1;
}

static void addresses_are_measured(void **state)
{
	struct world *w = *state;
	struct page_fetch *fetches = begin_three(w);

	fetches[1].cert.chain_end_s = WORLD_NOW_S + DAY_S;
	assert_true(metric(w, "answer", "2001:db8::1") > 0.299);
	assert_true(metric(w, "address_answer", "192.0.2.1") < 0.101);
	assert_int_equal(
		(int)metric(w, "certificate_life", "192.0.2.2"), DAY_S);
	assert_int_equal((int)metric(w, "addresses_good", NULL), 3);
	lose(&fetches[2], PAGE_FETCH_TIMED_OUT);
	assert_int_equal((int)metric(w, "addresses_good", NULL), 2);
	assert_int_equal((int)metric(w, "addresses_bad", NULL), 1);
	assert_true(metric(w, "answer", "192.0.2.2") > 0.199);
	assert_true(metric(w, "size", NULL) > 500);
}

/* Of one the last word was five minutes ago, of the other one minute. */
static const struct page_document *two_incidents(struct world *w)
{
	struct page_document *doc = world_show(w, "slack/incident.json");
	struct page_event *events =
		arena_array(w->arena, 2, sizeof(*doc->incidents));

	events[0] = events[1] = doc->incidents[0];
	events[1].updates =
		arena_array(w->arena, 1, sizeof(*events[1].updates));
	events[1].updates[0] = events[0].updates[0];
	events[1].updates[0].posted.s = WORLD_NOW_S - 60;
	events[1].n_updates = 1;
	doc->incidents = events;
	doc->n_incidents = 2;
	return doc;
}

static void pages_are_measured(void **state)
{
	static const struct {
		const char *name;
		int value;
	} rows[] = {
		{ "components", 3 },
		{ "components_operational", 2 },
		{ "components_degraded", 0 },
		{ "components_down", 1 },
		{ "components_maintenance", 0 },
		{ "components_unknown", 0 },
		{ "incidents_open", 1 },
		{ "maintenances", 0 },
		{ "update_age", 300 },
		{ "silence", 300 },
		{ "untruth", -1 },
	};
	struct world *w = *state;
	size_t i;

	world_show(w, "statuspage/incident.json");
	for (i = 0; i < COUNT(rows); i++)
		if ((int)metric(w, rows[i].name, NULL) != rows[i].value)
			fail_msg("%s is %f", rows[i].name,
				metric(w, rows[i].name, NULL));
	/* The latest word of all, and the longest silence of one. */
	w->page.source.document = two_incidents(w);
	assert_int_equal((int)metric(w, "incidents_open", NULL), 2);
	assert_int_equal((int)metric(w, "update_age", NULL), 60);
	assert_int_equal((int)metric(w, "silence", NULL), 300);
	world_show(w, "statuspage/unresolved.json");
	assert_int_equal((int)metric(w, "components", NULL), -1);
	world_show(w, "statuspage/broken.json");
	assert_int_equal((int)metric(w, "incidents_open", NULL), -1);
	assert_true(metric(w, "size", NULL) > 500);
}

static void untruth_is_measured(void **state)
{
	struct world *w = *state;
	struct page_probe *probe =
		world_probe(w, "https://www.example.org", NULL);

	world_show(w, "statuspage/all-well.json");
	world_keep_history(w);
	world_run(w);
	assert_int_equal((int)metric(w, "untruth", NULL), 0);
	probe->end = PAGE_PROBE_DOWN;
	world_run_later(w, 60);
	world_run_later(w, 120);
	assert_int_equal((int)metric(w, "untruth", NULL), 120);
	world_show(w, "statuspage/incident.json");
	assert_int_equal((int)metric(w, "untruth", NULL), 0);
}

static void the_summary_is_for_people(void **state)
{
	struct world *w = *state;

	world_show(w, "statuspage/all-well.json");
	assert_string_equal(page_summary(w->arena, &w->page),
		"says \"All Systems Operational\": 3 of 3 components "
		"operational, 0 open incidents");
	world_show(w, "azure/all-well.xml");
	assert_string_equal(
		page_summary(w->arena, &w->page), "0 open incidents");
	world_show(w, "statuspage/maintenance.json");
	assert_non_null(
		strstr(page_summary(w->arena, &w->page), "1 maintenance"));
	world_show(w, "statuspage/broken.json");
	assert_non_null(page_summary(w->arena, &w->page));
}

static json_t *write_json(struct world *w)
{
	struct text text;
	struct json json;
	json_t *root;

	text_init(&text, 200000);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	page_write_json(&json, &w->page);
	json_close_object(&json);
	assert_true(text.len < 56000);
	root = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	text_release(&text);
	return root;
}

static void json_has_components_and_incidents(void **state)
{
	struct world *w = *state;
	json_t *first;
	json_t *root;

	begin_three(w);
	world_show(w, "statuspage/incident.json");
	world_probe(w, "https://www.example.org", NULL);
	root = write_json(w);
	assert_int_equal(
		json_array_size(json_object_get(root, "components")), 4);
	assert_int_equal(
		json_array_size(json_object_get(root, "incidents")), 1);
	assert_int_equal(
		json_array_size(json_object_get(root, "addresses")), 3);
	assert_int_equal(json_array_size(json_object_get(root, "probes")), 1);
	first = json_array_get(json_object_get(root, "incidents"), 0);
	assert_string_equal(
		json_string_value(json_object_get(first, "id")), "inc1");
	assert_string_equal(json_string_value(json_object_get(first, "phase")),
		"identified");
	assert_int_equal(json_integer_value(json_object_get(first, "updated")),
		1785753600);
	json_decref(root);
}

/* What is not well comes first, and the rest is counted. */
static void json_is_bounded(void **state)
{
	enum {
		MANY = 3000,
	};
	struct world *w = *state;
	struct page_document *doc = world_show(w, "statuspage/all-well.json");
	json_t *first;
	json_t *root;
	size_t i;

	doc->components = arena_array(w->arena, MANY, sizeof(*doc->components));
	doc->n_components = MANY;
	for (i = 0; i < MANY; i++)
		doc->components[i] = (struct page_component){
			.id = "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"",
			.name = "component",
			.status = { PAGE_HEALTH_OPERATIONAL, "operational" },
		};
	doc->components[MANY - 1].status.health = PAGE_HEALTH_MAJOR;
	root = write_json(w);
	first = json_array_get(json_object_get(root, "components"), 0);
	assert_string_equal(
		json_string_value(json_object_get(first, "state")), "major");
	assert_int_equal(json_array_size(json_object_get(root, "components")) +
				 (size_t)json_integer_value(json_object_get(
					 root, "components_left_out")),
		MANY);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
		TEST(all_addresses_answer),
		TEST(one_that_is_dead_is_a_warning),
		TEST(a_page_that_is_gone_is_critical),
		TEST(a_control_that_fails_too_is_no_outage),
		TEST(no_route_from_here_is_not_judged),
		TEST(a_name_without_addresses_is_critical),
		TEST(a_304_is_the_page_that_was_known),
		TEST(where_inactive_pages_are_is_no_page),
		TEST(certificates_are_judged),
		TEST(unchecked_certificates_are_not_judged),
		TEST(no_certificate_is_not_judged),
		TEST(old_copies_are_found),
		TEST(the_time_of_rendering_counts_where_that_is_wanted),
		TEST(heavy_pages_are_found),
		TEST(addresses_that_differ_are_found),
		TEST(names_that_differ_are_found),
		TEST(addresses_are_measured),
		TEST(pages_are_measured),
		TEST(untruth_is_measured),
		TEST(the_summary_is_for_people),
		TEST(json_has_components_and_incidents),
		TEST(json_is_bounded),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
