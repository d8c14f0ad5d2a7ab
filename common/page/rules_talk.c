/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about how incidents are spoken of: how often, how much, how long. */
#include "config.h"

#include <string.h>

#include "common/page/promise.h"
#include "common/page/rules.h"

enum {
	/* Behind the first two hours, updates may come more slowly. */
	SLOW_AFTER_S = 2 * 3600,
	SLOW_TIMES = 4,
	LONG_S = 3600, /* an incident that somebody should have monitored */
	FOLLOWED_S = 7 * 86400,
};

static bool is_looked_into(const struct page_event *event)
{
	return event->phase == PAGE_PHASE_INVESTIGATING ||
	       event->phase == PAGE_PHASE_IDENTIFIED ||
	       event->phase == PAGE_PHASE_OPEN ||
	       event->phase == PAGE_PHASE_NOT_SAID;
}

/* Since when nobody said anything; false, and noted, where that can't be told.
 */
static bool find_silence(struct judge *judge, const struct page *page,
	const struct page_event *event, int64_t *silent_s)
{
	int64_t last_s;

	if (!event->has_updates) {
		judge_not_judged(judge, NULL, "the format tells no updates");
		return false;
	}
	if (!rule_last_word(event, &last_s)) {
		judge_not_judged(judge, rule_event_name(event),
			"its times are not told, or have no zone (--zone)");
		return false;
	}
	*silent_s = page->expect.now_s - last_s;
	return true;
}

/* -- silence -------------------------------------------------------------- */

static struct page_limits silence_limits(
	const struct page_expect *expect, const struct page_event *event)
{
	struct page_limits limits = expect->silence;

	if (!page_time_is_known(&event->created) ||
		expect->now_s - event->created.s <= SLOW_AFTER_S)
		return limits;
	/* That there was time to become slow does not undo a silence. */
	limits.warning_s *= SLOW_TIMES;
	limits.critical_s *= SLOW_TIMES;
	return limits;
}

static void if_silent(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	struct page_limits limits = silence_limits(&page->expect, event);
	int64_t silent_s;
	enum state state;

	(void)doc;
	if (!is_looked_into(event) ||
		!find_silence(judge, page, event, &silent_s))
		return;
	state = rule_grade(&limits, silent_s);
	if (state != STATE_OK)
		judge_finding_as(judge, state,
			rule_named(rule_event_name(event)),
			"is open (%s) and had no update for %s; expected one "
			"every %s",
			page_phase_word(event->phase),
			rule_span(judge, silent_s),
			rule_span(judge, limits.warning_s));
}

void judge_incident_silent(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);

	if (doc)
		rule_each_open(judge, page, doc, if_silent);
}

static void if_in_limbo(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	int64_t silent_s;
	enum state state;

	(void)doc;
	if (event->phase != PAGE_PHASE_MONITORING ||
		!find_silence(judge, page, event, &silent_s))
		return;
	state = rule_grade(&page->expect.limbo, silent_s);
	if (state != STATE_OK)
		judge_finding_as(judge, state,
			rule_named(rule_event_name(event)),
			"is in \"monitoring\" without an update for %s; "
			"expected its end or an update within %s",
			rule_span(judge, silent_s),
			rule_span(judge, page->expect.limbo.warning_s));
}

void judge_incident_limbo(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);

	if (doc)
		rule_each_open(judge, page, doc, if_in_limbo);
}

/* -- progress ------------------------------------------------------------- */

/* When it came to the phase that it is in: the oldest of the newest updates
 * that have it, or that have none. */
static struct page_time phase_begin(const struct page_event *event)
{
	struct page_time begin = event->created;
	size_t i;

	for (i = 0; i < event->n_updates; i++) {
		enum page_phase phase = event->updates[i].phase;

		if (phase != event->phase && phase != PAGE_PHASE_NOT_SAID)
			break;
		if (phase == event->phase)
			begin = event->updates[i].posted;
	}
	return begin;
}

static void if_stale(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	struct page_time begin = phase_begin(event);
	int64_t age_s = page->expect.now_s - begin.s;
	enum state state;

	(void)doc;
	/* What is monitored has a rule of its own; of what does not say whether
	 * it is over, nothing is known. */
	if (!is_looked_into(event))
		return;
	if (!page_time_is_known(&begin)) {
		judge_not_judged(judge, rule_event_name(event),
			"its times are not told, or have no zone (--zone)");
		return;
	}
	state = rule_grade(&page->expect.stale, age_s);
	if (state != STATE_OK)
		judge_finding_as(judge, state,
			rule_named(rule_event_name(event)),
			"is in \"%s\" for %s; expected to get further within "
			"%s",
			page_phase_word(event->phase), rule_span(judge, age_s),
			rule_span(judge, page->expect.stale.warning_s));
}

void judge_incident_stale(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);

	if (doc)
		rule_each_open(judge, page, doc, if_stale);
}

/* -- promises ------------------------------------------------------------- */

static void if_broken(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	const struct page_update *newest = page_event_newest(event);
	int64_t late_s;
	int64_t due_s;

	(void)doc;
	if (!newest || !page_time_is_known(&newest->posted) ||
		!page_promise(newest->body, newest->posted.s, &due_s))
		return;
	late_s = page->expect.now_s - due_s;
	if (late_s > 0)
		judge_finding(judge, rule_named(rule_event_name(event)),
			"promised an update that is late by %s",
			rule_span(judge, late_s));
}

void judge_promise_broken(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);

	if (doc)
		rule_each_open(judge, page, doc, if_broken);
}

/* -- substance ------------------------------------------------------------ */

static void if_empty(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	size_t n_empty = 0;
	size_t n_same = 0;
	size_t i;

	(void)page;
	(void)doc;
	for (i = 0; i < event->n_updates; i++) {
		const char *body = event->updates[i].body;

		if (*body == '\0')
			n_empty++;
		else if (i > 0 && strcmp(body, event->updates[i - 1].body) == 0)
			n_same++;
	}
	if (n_empty > 0 || n_same > 0)
		judge_finding(judge, rule_named(rule_event_name(event)),
			"has %zu updates, %zu of them empty and %zu the same as "
			"the next; expected news",
			event->n_updates, n_empty, n_same);
}

void judge_updates_empty(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);

	if (doc)
		rule_each_open(judge, page, doc, if_empty);
}

static bool was_monitored(
	const struct page *page, const struct page_event *event)
{
	const struct page_past_event *past =
		page_history_event(&page->after, event->id);
	size_t i;

	for (i = 0; i < event->n_updates; i++)
		if (event->updates[i].phase == PAGE_PHASE_MONITORING)
			return true;
	return past && past->was_monitored;
}

/* A format whose incidents go through phases, this one too. */
static bool has_phases(const struct page_event *event)
{
	size_t i;

	for (i = 0; i < event->n_updates; i++)
		if (event->updates[i].phase == PAGE_PHASE_INVESTIGATING ||
			event->updates[i].phase == PAGE_PHASE_IDENTIFIED)
			return true;
	return false;
}

void judge_monitoring_skipped(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);
	size_t i;

	if (!doc)
		return;
	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];
		int64_t length_s = event->resolved.s - event->created.s;

		/* Old ones are of no use to anybody. */
		if (page_event_is_open(event) || !has_phases(event) ||
			!page_time_is_known(&event->resolved) ||
			!page_time_is_known(&event->created) ||
			length_s <= LONG_S || was_monitored(page, event) ||
			page->expect.now_s - event->resolved.s > FOLLOWED_S ||
			!page_event_concerns(&page->expect, doc, event))
			continue;
		judge_finding(judge, rule_named(rule_event_name(event)),
			"took %s and was resolved without \"monitoring\"",
			rule_span(judge, length_s));
	}
}

/* -- drills --------------------------------------------------------------- */

static void take_later(int64_t *latest_s, const struct page_time *time)
{
	if (page_time_is_known(time) && time->s > *latest_s)
		*latest_s = time->s;
}

/* The last change of the component, and the last post about it. */
static int64_t last_drill(const struct page_document *doc, const char *name)
{
	const struct page_selector selector = { .text = name };
	int64_t latest_s = 0;
	size_t i;

	for (i = 0; i < doc->n_components; i++)
		if (page_selector_takes(&selector, doc->components[i].id,
			    doc->components[i].group, doc->components[i].name))
			take_later(&latest_s, &doc->components[i].updated);
	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];

		if (event->n_affected == 0 || event->n_updates == 0 ||
			!page_event_affects(doc, event, &selector))
			continue;
		take_later(&latest_s, &event->updates[0].posted);
	}
	return latest_s;
}

void judge_drill_old(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const char *name = page->expect.drill_component;
	const struct page_document *doc;
	int64_t latest_s;
	enum state state;

	if (!name) {
		judge_not_asked(judge);
		return;
	}
	doc = rule_own_document(judge, page);
	if (!doc)
		return;
	latest_s = last_drill(doc, name);
	if (latest_s == 0) {
		judge_not_judged(
			judge, name, "the page does not tell when it changed");
		return;
	}
	state = rule_grade(&page->expect.drill, page->expect.now_s - latest_s);
	if (state != STATE_OK)
		judge_finding_as(judge, state, rule_named(name),
			"was last posted to %s ago; expected a drill every %s",
			rule_span(judge, page->expect.now_s - latest_s),
			rule_span(judge, page->expect.drill.warning_s));
}
