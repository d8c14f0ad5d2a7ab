/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics of check_status_page, and its line 1 where all is well. */
#include "config.h"

#include "common/page/rules.h"

enum {
	SUMMARY_MAX = 300,
};

enum metric_index {
	METRIC_ANSWER,
	METRIC_SIZE,
	METRIC_CERTIFICATE_LIFE,
	METRIC_ADDRESSES_GOOD,
	METRIC_ADDRESSES_BAD,
	METRIC_COMPONENTS,
	METRIC_COMPONENTS_OPERATIONAL,
	METRIC_COMPONENTS_DEGRADED,
	METRIC_COMPONENTS_DOWN,
	METRIC_COMPONENTS_MAINTENANCE,
	METRIC_COMPONENTS_UNKNOWN,
	METRIC_INCIDENTS_OPEN,
	METRIC_MAINTENANCES,
	METRIC_UPDATE_AGE,
	METRIC_SILENCE,
	METRIC_UNTRUTH,
	METRIC_ADDRESS_ANSWER,
	METRICS,
};

/* clang-format off */
const struct metric_def page_metrics[] = {
	[METRIC_ANSWER] = { "answer", "s", false, false,
		"slowest whole answer of an address" },
	[METRIC_SIZE] = { "size", "B", false, false,
		"size of the document, unpacked" },
	[METRIC_CERTIFICATE_LIFE] = { "certificate_life", "s", true, false,
		"time until the first certificate ends" },
	[METRIC_ADDRESSES_GOOD] = { "addresses_good", "", true, false,
		"addresses that answer with the page" },
	[METRIC_ADDRESSES_BAD] = { "addresses_bad", "", false, false,
		"addresses that do not answer with the page" },
	[METRIC_COMPONENTS] = { "components", "", true, false,
		"components that concern us" },
	[METRIC_COMPONENTS_OPERATIONAL] = { "components_operational", "", true,
		false, "components that concern us and are operational" },
	[METRIC_COMPONENTS_DEGRADED] = { "components_degraded", "", false,
		false, "components that concern us and are degraded" },
	[METRIC_COMPONENTS_DOWN] = { "components_down", "", false, false,
		"components that concern us and are down, in part or as a "
		"whole" },
	[METRIC_COMPONENTS_MAINTENANCE] = { "components_maintenance", "", false,
		false, "components that concern us and are in maintenance" },
	[METRIC_COMPONENTS_UNKNOWN] = { "components_unknown", "", false, false,
		"components that concern us and are in no state that is known" },
	[METRIC_INCIDENTS_OPEN] = { "incidents_open", "", false, false,
		"incidents that are open and concern us" },
	[METRIC_MAINTENANCES] = { "maintenances", "", false, false,
		"maintenances that are going on" },
	[METRIC_UPDATE_AGE] = { "update_age", "s", false, false,
		"time since the newest update of an open incident" },
	[METRIC_SILENCE] = { "silence", "s", false, false,
		"longest time without an update of an open incident" },
	[METRIC_UNTRUTH] = { "untruth", "s", false, false,
		"longest time that a probe fails while the page is well" },
	[METRIC_ADDRESS_ANSWER] = { "address_answer", "s", false, true,
		"whole answer of this address" },
};
/* clang-format on */

const size_t n_page_metrics = METRICS;

static const double seconds_per_us = 1e-6;

static void add(struct judge *judge, enum metric_index index,
	const char *instance, double value)
{
	judge_metric(judge, &page_metrics[index], instance, value);
}

/* -- addresses ------------------------------------------------------------ */

/* What never came whole has no time, but where it was cut by ours. */
static bool find_answer(const struct page_fetch *fetch, double *answer_s)
{
	*answer_s = (double)fetch->done_us * seconds_per_us;
	return fetch->done_us >= 0 &&
	       (fetch->end == PAGE_FETCH_DONE ||
		       fetch->end == PAGE_FETCH_TIMED_OUT);
}

static void measure_addresses(struct judge *judge, const struct page *page)
{
	const struct page_source *source = &page->source;
	const struct page_fetch *first = NULL;
	const struct page_fetch *slowest = NULL;
	double slowest_s = -1;
	size_t good = 0;
	size_t bad = 0;
	size_t i;

	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];
		double answer_s;

		if (page_fetch_is_good(fetch))
			good++;
		else if (fetch->end != PAGE_FETCH_NOT_DONE &&
			 fetch->end != PAGE_FETCH_OUR_FAULT)
			bad++;
		if (fetch->cert.chain_end_s > 0 &&
			(!first || fetch->cert.chain_end_s <
					   first->cert.chain_end_s))
			first = fetch;
		if (!find_answer(fetch, &answer_s))
			continue;
		add(judge, METRIC_ADDRESS_ANSWER, fetch->addr_text, answer_s);
		if (answer_s > slowest_s) {
			slowest_s = answer_s;
			slowest = fetch;
		}
	}
	if (slowest)
		add(judge, METRIC_ANSWER, slowest->addr_text, slowest_s);
	if (first)
		add(judge, METRIC_CERTIFICATE_LIFE, first->addr_text,
			(double)(first->cert.chain_end_s - page->expect.now_s));
	add(judge, METRIC_ADDRESSES_GOOD, NULL, (double)good);
	add(judge, METRIC_ADDRESSES_BAD, NULL, (double)bad);
}

/* -- components ----------------------------------------------------------- */

struct tally {
	size_t all, operational, degraded, down, maintenance, unknown;
};

static void count_one(struct tally *tally, enum page_health health)
{
	tally->all++;
	switch (health) {
	case PAGE_HEALTH_OPERATIONAL:
	case PAGE_HEALTH_NOTICE:
		tally->operational++;
		break;
	case PAGE_HEALTH_DEGRADED:
		tally->degraded++;
		break;
	case PAGE_HEALTH_PARTIAL:
	case PAGE_HEALTH_MAJOR:
		tally->down++;
		break;
	case PAGE_HEALTH_MAINTENANCE:
		tally->maintenance++;
		break;
	case PAGE_HEALTH_NOT_SAID:
	case PAGE_HEALTH_UNKNOWN:
	case PAGE_HEALTH_UNMONITORED:
		tally->unknown++;
		break;
	}
}

/* A group is no component: its members are counted. */
static struct tally count_components(
	const struct page *page, const struct page_document *doc)
{
	struct tally tally = { .all = 0 };
	size_t i;

	for (i = 0; i < doc->n_components; i++)
		if (!doc->components[i].is_group &&
			page_component_concerns(
				&page->expect, &doc->components[i]))
			count_one(&tally, doc->components[i].status.health);
	return tally;
}

static void measure_components(struct judge *judge, const struct page *page,
	const struct page_document *doc)
{
	const struct tally tally = count_components(page, doc);

	if (!doc->has_components)
		return;
	add(judge, METRIC_COMPONENTS, NULL, (double)tally.all);
	add(judge, METRIC_COMPONENTS_OPERATIONAL, NULL,
		(double)tally.operational);
	add(judge, METRIC_COMPONENTS_DEGRADED, NULL, (double)tally.degraded);
	add(judge, METRIC_COMPONENTS_DOWN, NULL, (double)tally.down);
	add(judge, METRIC_COMPONENTS_MAINTENANCE, NULL,
		(double)tally.maintenance);
	add(judge, METRIC_COMPONENTS_UNKNOWN, NULL, (double)tally.unknown);
}

/* -- incidents ------------------------------------------------------------ */

struct open {
	size_t n;
	int64_t newest_s, oldest_s; /* of the last words; 0: none is known */
};

static bool is_open(const struct page *page, const struct page_document *doc,
	const struct page_event *event)
{
	return page_event_is_open(event) &&
	       event->impact.health != PAGE_HEALTH_NOTICE &&
	       page_event_concerns(&page->expect, doc, event);
}

static struct open count_open(
	const struct page *page, const struct page_document *doc)
{
	struct open open = { .n = 0 };
	size_t i;

	for (i = 0; i < doc->n_incidents; i++) {
		int64_t last_s;

		if (!is_open(page, doc, &doc->incidents[i]))
			continue;
		open.n++;
		if (!rule_last_word(&doc->incidents[i], &last_s))
			continue;
		if (last_s > open.newest_s)
			open.newest_s = last_s;
		if (open.oldest_s == 0 || last_s < open.oldest_s)
			open.oldest_s = last_s;
	}
	return open;
}

static size_t count_running(
	const struct page *page, const struct page_document *doc)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < doc->n_maintenances; i++)
		n += page_event_is_running(
			     &doc->maintenances[i], page->expect.now_s) &&
		     page_event_concerns(
			     &page->expect, doc, &doc->maintenances[i]);
	return n;
}

/* Of a page that speaks of the future, no age is below 0. */
static double age(const struct page *page, int64_t at_s)
{
	return at_s > page->expect.now_s ? 0
					 : (double)(page->expect.now_s - at_s);
}

static void measure_events(struct judge *judge, const struct page *page,
	const struct page_document *doc)
{
	const struct open open = count_open(page, doc);

	if (doc->has_incidents)
		add(judge, METRIC_INCIDENTS_OPEN, NULL, (double)open.n);
	if (doc->has_maintenances)
		add(judge, METRIC_MAINTENANCES, NULL,
			(double)count_running(page, doc));
	if (open.newest_s > 0)
		add(judge, METRIC_UPDATE_AGE, NULL, age(page, open.newest_s));
	if (open.oldest_s > 0)
		add(judge, METRIC_SILENCE, NULL, age(page, open.oldest_s));
}

/* -- truth ---------------------------------------------------------------- */

static void measure_truth(struct judge *judge, const struct page *page,
	const struct page_document *doc)
{
	double most_s = 0;
	bool is_known = false;
	size_t i;

	for (i = 0; i < page->n_probes; i++) {
		const struct page_probe *probe = &page->probes[i];
		const struct page_past_probe *past =
			page_history_probe(&page->after, probe->key);
		struct page_claim claim = page_claim(&page->expect, doc,
			probe->component ? &probe->selector : NULL);

		if (!past || !claim.is_known)
			continue;
		is_known = true;
		if (probe->end == PAGE_PROBE_DOWN && claim.is_well &&
			age(page, past->since_s) > most_s)
			most_s = age(page, past->since_s);
	}
	if (is_known)
		add(judge, METRIC_UNTRUTH, NULL, most_s);
}

void page_measure(struct judge *judge, const struct page *page)
{
	const struct page_document *doc = page->source.document;

	measure_addresses(judge, page);
	if (!doc)
		return;
	add(judge, METRIC_SIZE, NULL, (double)doc->size);
	if (doc->reading != PAGE_READ)
		return;
	measure_components(judge, page, doc);
	measure_events(judge, page, doc);
	measure_truth(judge, page, doc);
}

/* -- line 1 --------------------------------------------------------------- */

static void add_counts(struct text *out, const struct page *page,
	const struct page_document *doc)
{
	const struct tally tally = count_components(page, doc);
	const struct open open = count_open(page, doc);
	size_t running = count_running(page, doc);
	const char *comma = "";

	if (doc->has_components) {
		text_printf(out, "%zu of %zu components operational",
			tally.operational, tally.all);
		comma = ", ";
	}
	if (doc->has_incidents) {
		text_printf(out, "%s%zu open incident%s", comma, open.n,
			open.n == 1 ? "" : "s");
		comma = ", ";
	}
	if (running > 0)
		text_printf(out, "%s%zu maintenance%s", comma, running,
			running == 1 ? "" : "s");
}

const char *page_summary(struct arena *arena, const struct page *page)
{
	const struct page_document *doc = page->source.document;
	struct text text;
	const char *copy;

	if (!doc || doc->reading != PAGE_READ)
		return "the page was not read";
	text_init(&text, SUMMARY_MAX);
	if (doc->banner_text)
		text_printf(&text, "says \"%s\": ", doc->banner_text);
	if (doc->n_matches > 0 && !doc->has_incidents)
		text_add(&text, "has the text that is expected");
	add_counts(&text, page, doc);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}
