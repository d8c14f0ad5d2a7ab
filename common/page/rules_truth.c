/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that hold what the page says against our own view of production. One
 * failed probe proves nothing: only what earlier runs saw as well does.
 */
#include "config.h"

#include <string.h>

#include "common/page/rules.h"

enum {
	/* An incident may have been posted this long before a probe saw it. */
	POSTED_BEFORE_S = 30 * 60,
};

/* What is said about that which the probe is of. */
static struct page_claim claim_for(const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	return page_claim(
		&page->expect, doc, probe->component ? &probe->selector : NULL);
}

static bool affects(const struct page *page, const struct page_document *doc,
	const struct page_event *event, const struct page_probe *probe)
{
	return probe->component
		       ? page_event_affects(doc, event, &probe->selector)
		       : page_event_concerns(&page->expect, doc, event);
}

/* The document, where there are probes to hold against it. */
static const struct page_document *document_for_probes(
	struct judge *judge, const struct page *page)
{
	if (page->n_probes == 0 || page->expect.is_upstream) {
		judge_not_asked(judge);
		return NULL;
	}
	return rule_document(judge, page);
}

static bool is_down(const struct page_probe *probe)
{
	return probe->end == PAGE_PROBE_DOWN;
}

static bool was_seen(struct judge *judge, const struct page_probe *probe)
{
	if (probe->end == PAGE_PROBE_UP || is_down(probe))
		return true;
	judge_not_judged(judge, probe->what, "%s",
		probe->why ? probe->why : "it was not probed");
	return false;
}

/* -- silence -------------------------------------------------------------- */

static void if_silent(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	const struct page_past_probe *past;
	struct page_claim claim;
	int64_t down_s;

	if (!was_seen(judge, probe) || !is_down(probe))
		return;
	claim = claim_for(page, doc, probe);
	if (!claim.is_known) {
		judge_not_judged(judge, probe->what,
			"the page tells no state of %s",
			probe->component ? probe->component : "it");
		return;
	}
	past = rule_past(judge, page, probe);
	if (!past || !claim.is_well)
		return;
	down_s = page->expect.now_s - past->since_s;
	if (down_s >= page->expect.untruthful_s)
		judge_finding(judge, rule_page_culprit(page),
			"says %s while %s has failed for %s",
			rule_words(judge, &claim), probe->what,
			rule_span(judge, down_s));
}

typedef void (*probe_fn)(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe);

static void each_probe(struct judge *judge, const struct page *page,
	const struct page_document *doc, probe_fn fn)
{
	size_t i;

	for (i = 0; i < page->n_probes; i++)
		fn(judge, page, doc, &page->probes[i]);
}

void judge_page_silent(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = document_for_probes(judge, page);

	if (doc)
		each_probe(judge, page, doc, if_silent);
}

/* -- the first post ------------------------------------------------------- */

/* Whether somebody posted about it since it went down, or shortly before. */
static bool was_posted(const struct page *page, const struct page_document *doc,
	const struct page_probe *probe, int64_t since_s)
{
	size_t i;

	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];

		if (!affects(page, doc, event, probe))
			continue;
		/* What is open speaks of it, however old it is. */
		if (page_event_is_open(event) ||
			(page_time_is_known(&event->created) &&
				event->created.s >= since_s - POSTED_BEFORE_S))
			return true;
	}
	return false;
}

static void if_late(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	const struct page_past_probe *past;
	enum state state;
	int64_t down_s;

	if (!was_seen(judge, probe) || !is_down(probe))
		return;
	past = rule_past(judge, page, probe);
	if (!past)
		return;
	down_s = page->expect.now_s - past->since_s;
	state = rule_grade(&page->expect.first_post, down_s);
	if (state != STATE_OK && !was_posted(page, doc, probe, past->since_s))
		judge_finding_as(judge, state, rule_page_culprit(page),
			"has no incident since %s failed %s ago; expected the "
			"first post within %s",
			probe->what, rule_span(judge, down_s),
			rule_span(judge, page->expect.first_post.warning_s));
}

void judge_first_post_late(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = document_for_probes(judge, page);

	if (!doc)
		return;
	if (!doc->has_incidents)
		judge_not_judged(
			judge, NULL, "the document has no incidents in it");
	else
		each_probe(judge, page, doc, if_late);
}

/* -- forgotten ------------------------------------------------------------ */

static bool is_same_part(const struct page_probe *a, const struct page_probe *b)
{
	return a->component && b->component
		       ? strcmp(a->component, b->component) == 0
		       : a->component == b->component;
}

/* Those of one part of the page recover together: the first of them stands for
 * all, with the latest of their times. False: not all have, or none was down.
 */
static bool have_recovered(struct judge *judge, const struct page *page,
	const struct page_probe *first, int64_t *up_s)
{
	size_t i;

	*up_s = 0;
	for (i = 0; i < page->n_probes; i++) {
		const struct page_probe *probe = &page->probes[i];
		const struct page_past_probe *past;

		if (!is_same_part(first, probe))
			continue;
		if (!was_seen(judge, probe) || is_down(probe))
			return false;
		past = rule_past(judge, page, probe);
		if (!past)
			return false;
		if (past->up_s > *up_s)
			*up_s = past->up_s;
	}
	return *up_s > 0;
}

static bool is_first_of_part(
	const struct page *page, const struct page_probe *probe)
{
	const struct page_probe *other;

	for (other = page->probes; other < probe; other++)
		if (is_same_part(other, probe))
			return false;
	return true;
}

static void if_forgotten(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	struct page_claim claim = claim_for(page, doc, probe);
	int64_t up_s;
	int64_t since_s;

	if (!claim.shows_outage || !is_first_of_part(page, probe) ||
		!have_recovered(judge, page, probe, &up_s))
		return;
	/* What was shown only later is about something else. */
	since_s = claim.since_s > 0 ? claim.since_s : page->after.outage_s;
	if (since_s > up_s)
		return;
	if (page->expect.now_s - up_s >= page->expect.forgotten_s)
		judge_finding(judge, rule_page_culprit(page),
			"shows \"%s\" while %s is well for %s", claim.words,
			probe->what,
			rule_span(judge, page->expect.now_s - up_s));
}

void judge_page_forgotten(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = document_for_probes(judge, page);

	if (doc)
		each_probe(judge, page, doc, if_forgotten);
}

/* -- the all-clear -------------------------------------------------------- */

/* When the latest incident that was resolved was so; 0: none is known. Those of
 * the history are among them: a page may list what is open alone. */
static int64_t last_resolved(const struct page *page,
	const struct page_document *doc, const struct page_probe *probe,
	const char **name)
{
	int64_t latest_s = 0;
	size_t i;

	*name = NULL;
	for (i = 0; i < page->after.n_events; i++) {
		const struct page_past_event *past = &page->after.events[i];
		const struct page_event event = { .id = past->id,
			.name = past->id,
			.affected = past->affected,
			.n_affected = past->n_affected };

		if (past->is_open || past->resolved_s <= latest_s ||
			!affects(page, doc, &event, probe))
			continue;
		latest_s = past->resolved_s;
		*name = past->id;
	}
	for (i = 0; i < doc->n_incidents; i++)
		if (*name && strcmp(doc->incidents[i].id, *name) == 0)
			*name = doc->incidents[i].name;
	return latest_s;
}

static void if_false(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	struct page_claim claim = claim_for(page, doc, probe);
	const struct page_past_probe *past;
	const char *name;
	int64_t resolved_s;

	if (!was_seen(judge, probe) || !is_down(probe) || claim.shows_outage)
		return;
	past = rule_past(judge, page, probe);
	if (!past)
		return;
	resolved_s = last_resolved(page, doc, probe, &name);
	if (resolved_s == 0 || resolved_s < past->since_s)
		return;
	judge_finding(judge, rule_page_culprit(page),
		"called \"%s\" resolved %s ago while %s has failed for %s",
		name, rule_span(judge, page->expect.now_s - resolved_s),
		probe->what,
		rule_span(judge, page->expect.now_s - past->since_s));
}

void judge_all_clear_false(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = document_for_probes(judge, page);

	if (doc)
		each_probe(judge, page, doc, if_false);
}

/* How long an all-clear is followed. */
static bool is_followed(const struct page *page, int64_t resolved_s)
{
	return resolved_s > 0 && page->expect.now_s - resolved_s <=
					 page->expect.stable.critical_s;
}

static void if_early(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	const struct page_past_probe *past;
	const char *name;
	int64_t resolved_s;
	int64_t stable_s;

	if (!was_seen(judge, probe) || is_down(probe))
		return;
	past = rule_past(judge, page, probe);
	if (!past || past->up_s == 0)
		return;
	resolved_s = last_resolved(page, doc, probe, &name);
	stable_s = resolved_s - past->up_s;
	/* One that was resolved long before is of another outage. */
	if (!is_followed(page, resolved_s) || resolved_s < past->down_s ||
		stable_s >= page->expect.stable.warning_s)
		return;
	judge_finding(judge, rule_page_culprit(page),
		"called \"%s\" resolved %s %s %s recovered; expected it to "
		"hold for %s first",
		name, rule_span(judge, stable_s < 0 ? -stable_s : stable_s),
		stable_s < 0 ? "before" : "after", probe->what,
		rule_span(judge, page->expect.stable.warning_s));
}

void judge_all_clear_early(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = document_for_probes(judge, page);

	if (doc)
		each_probe(judge, page, doc, if_early);
}

/* -- relapses ------------------------------------------------------------- */

static void if_fails_again(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_probe *probe)
{
	const struct page_past_probe *past =
		page_history_probe(&page->after, probe->key);
	const char *name;
	int64_t resolved_s;

	if (!is_down(probe) || !past)
		return;
	resolved_s = last_resolved(page, doc, probe, &name);
	if (resolved_s == 0 || past->since_s < resolved_s ||
		past->since_s - resolved_s > page->expect.stable.critical_s)
		return;
	judge_finding(judge, rule_page_culprit(page),
		"called \"%s\" resolved, and %s fails again %s later", name,
		probe->what, rule_span(judge, past->since_s - resolved_s));
}

static bool shares_component(
	const struct page_past_event *a, const struct page_past_event *b)
{
	size_t i;
	size_t k;

	for (i = 0; i < a->n_affected; i++)
		for (k = 0; k < b->n_affected; k++)
			if (strcmp(a->affected[i], b->affected[k]) == 0)
				return true;
	return false;
}

/* An incident that was resolved shortly before this one, of the same
 * component. */
static void if_followed(struct judge *judge, const struct page *page,
	const struct page_past_event *event, const char *name)
{
	size_t i;

	for (i = 0; i < page->after.n_events; i++) {
		const struct page_past_event *before = &page->after.events[i];
		int64_t later_s = event->first_s - before->resolved_s;

		if (before == event || before->is_open || later_s < 0 ||
			later_s > page->expect.stable.critical_s ||
			!shares_component(event, before))
			continue;
		judge_finding(judge, rule_named(name),
			"came %s after another of the same component was "
			"called resolved",
			rule_span(judge, later_s));
		return;
	}
}

static void if_back(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	const struct page_past_event *past =
		page_history_event(&page->after, event->id);

	(void)doc;
	if (!past || !past->is_open)
		return;
	if (past->reopened_s > 0)
		judge_finding(judge, rule_named(rule_event_name(event)),
			"was called resolved, and is open again for %s",
			rule_span(
				judge, page->expect.now_s - past->reopened_s));
	if_followed(judge, page, past, rule_event_name(event));
}

void judge_all_clear_relapsed(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);

	if (!doc)
		return;
	if (page->file.fate == DNS_HISTORY_NOT_KEPT) {
		judge_not_asked(judge);
		return;
	}
	if (!doc->has_incidents) {
		judge_not_judged(
			judge, NULL, "the document has no incidents in it");
		return;
	}
	rule_each_open(judge, page, doc, if_back);
	each_probe(judge, page, doc, if_fails_again);
}
