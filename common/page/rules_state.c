/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about what the page says: banner, components, incidents, maintenances,
 * and whether they agree. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/page/rules.h"

/* -- whether anything is told --------------------------------------------- */

static bool any_component_tells(
	const struct page *page, const struct page_document *doc)
{
	size_t i;

	for (i = 0; i < doc->n_components; i++)
		if (doc->components[i].status.health != PAGE_HEALTH_NOT_SAID &&
			page_component_concerns(
				&page->expect, &doc->components[i]))
			return true;
	return false;
}

/* A banner alone has been green over many an outage; and names whose states are
 * in another document may be of what is down. */
void judge_state_untold(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_document(judge, page);

	if (!doc || doc->n_matches > 0 || any_component_tells(page, doc))
		return;
	if (doc->has_incidents && doc->format != PAGE_FORMAT_KUMA)
		return;
	if (doc->format == PAGE_FORMAT_KUMA) {
		judge_finding(judge, rule_page_culprit(page),
			"names components without their states; expected its "
			"heartbeats beside it");
		return;
	}
	judge_finding(judge, rule_page_culprit(page),
		"tells neither components nor incidents%s; expected a "
		"document that does",
		doc->has_banner ? ", but a banner alone" : "");
}

static bool is_known(const struct page_document *doc,
	const struct page_selector *selector, bool is_group)
{
	size_t i;

	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];

		if (is_group) {
			if (component->group &&
				page_selector_takes(
					selector, "", NULL, component->group))
				return true;
			if (!component->is_group)
				continue;
		}
		if (page_selector_takes(selector, component->id,
			    component->group, component->name))
			return true;
	}
	return false;
}

/* One that is named nowhere was renamed, or never was. Where a format names
 * only what is broken, that is as it should be. */
void judge_component_unknown(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_expect *expect = &page->expect;
	const struct page_document *doc;
	size_t i;

	if (!page_is_selected(expect)) {
		judge_not_asked(judge);
		return;
	}
	doc = rule_document(judge, page);
	if (!doc)
		return;
	if (!doc->has_components) {
		judge_not_judged(judge, NULL,
			"the document does not list all components");
		return;
	}
	for (i = 0; i < expect->n_components; i++)
		if (!is_known(doc, &expect->components[i], false))
			judge_finding(judge,
				rule_named(expect->components[i].text),
				"is no component of the page; expected one");
	for (i = 0; i < expect->n_groups; i++)
		if (!is_known(doc, &expect->groups[i], true))
			judge_finding(judge, rule_named(expect->groups[i].text),
				"is no group of the page; expected one");
}

/* -- states --------------------------------------------------------------- */

/* A maintenance is told by a rule of its own. */
static bool is_skipped(
	const struct page_expect *expect, const struct page_status *status)
{
	return status->health == PAGE_HEALTH_MAINTENANCE &&
	       page_state_of(expect, status) == STATE_OK;
}

/* Where part of the page is no concern of ours: its banner is of all. */
static bool is_banner_ours(
	const struct page *page, const struct page_document *doc)
{
	return doc->has_banner && !page_is_selected(&page->expect) &&
	       page->expect.n_ignored == 0;
}

void judge_banner(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_document(judge, page);
	enum state state;

	if (!doc)
		return;
	if (!is_banner_ours(page, doc)) {
		judge_not_asked(judge);
		return;
	}
	state = page_state_of(&page->expect, &doc->banner);
	if (state == STATE_OK || is_skipped(&page->expect, &doc->banner))
		return;
	judge_finding_as(judge, state, rule_page_culprit(page),
		"says \"%s\"%s%s%s; expected that all is well",
		doc->banner_text ? doc->banner_text : "",
		doc->banner.word ? " (" : "",
		doc->banner.word ? doc->banner.word : "",
		doc->banner.word ? ")" : "");
}

/* Formats that list what is wrong, and no components. */
static bool lists_events_alone(const struct page_document *doc)
{
	return doc->format == PAGE_FORMAT_AWS ||
	       doc->format == PAGE_FORMAT_AZURE ||
	       doc->format == PAGE_FORMAT_CHECKLY ||
	       doc->format == PAGE_FORMAT_GOOGLE ||
	       doc->format == PAGE_FORMAT_SLACK ||
	       doc->format == PAGE_FORMAT_HTML;
}

void judge_component_down(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_document(judge, page);
	size_t i;

	if (!doc)
		return;
	if (!doc->has_components && doc->n_components == 0) {
		if (lists_events_alone(doc))
			judge_not_asked(judge);
		else
			judge_not_judged(judge, "components",
				"the document has none in it");
		return;
	}
	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];
		enum state state =
			page_state_of(&page->expect, &component->status);

		/* Where names alone are listed, that says nothing. */
		if (component->status.health == PAGE_HEALTH_NOT_SAID ||
			state == STATE_OK ||
			!page_component_concerns(&page->expect, component))
			continue;
		judge_finding_as(judge, state,
			rule_named(rule_component_name(component)),
			"is shown as \"%s\"%s%s; expected operational",
			component->status.word
				? component->status.word
				: page_health_word(component->status.health),
			component->group ? " in " : "",
			component->group ? component->group : "");
	}
}

static void if_open(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event)
{
	enum state state = page_incident_state(&page->expect, event);
	const char *phase = page_phase_word(event->phase);
	int64_t age_s = page->expect.now_s - event->created.s;

	(void)doc;
	/* That it does not say so is told by not-understood. */
	if (event->phase == PAGE_PHASE_UNKNOWN && !event->word)
		return;
	if (page_time_is_known(&event->created) && age_s >= 0)
		judge_finding_as(judge, state,
			rule_named(rule_event_name(event)),
			"is open for %s (%s%s%s); expected no incident",
			rule_span(judge, age_s), phase,
			event->impact.word ? ", impact " : "",
			event->impact.word ? event->impact.word : "");
	else
		judge_finding_as(judge, state,
			rule_named(rule_event_name(event)),
			"is open (%s%s%s); expected no incident", phase,
			event->impact.word ? ", impact " : "",
			event->impact.word ? event->impact.word : "");
}

/* Formats that know no incidents, but what probes or people see. */
static bool has_none_ever(const struct page_document *doc)
{
	return doc->format == PAGE_FORMAT_GATUS ||
	       doc->format == PAGE_FORMAT_UPPTIME ||
	       doc->format == PAGE_FORMAT_STATUSIQ ||
	       doc->format == PAGE_FORMAT_HTML;
}

void judge_incident_open(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_document(judge, page);

	if (!doc)
		return;
	if (!doc->has_incidents && !has_none_ever(doc))
		judge_not_judged(
			judge, NULL, "the document has no incidents in it");
	else
		rule_each_open(judge, page, doc, if_open);
}

/* -- agreement ------------------------------------------------------------ */

static bool is_bad(const struct page_status *status)
{
	return status->health == PAGE_HEALTH_DEGRADED ||
	       status->health == PAGE_HEALTH_PARTIAL ||
	       status->health == PAGE_HEALTH_MAJOR;
}

static const struct page_component *first_bad(const struct page_document *doc)
{
	size_t i;

	for (i = 0; i < doc->n_components; i++)
		if (is_bad(&doc->components[i].status))
			return &doc->components[i];
	return NULL;
}

/* One that says what it impairs. */
static const struct page_event *first_open(const struct page_document *doc)
{
	size_t i;

	for (i = 0; i < doc->n_incidents; i++)
		if (page_event_is_open(&doc->incidents[i]) &&
			is_bad(&doc->incidents[i].impact))
			return &doc->incidents[i];
	return NULL;
}

/* Red, and all that is listed below it is green. */
static bool is_alone(const struct page *page, const struct page_document *doc)
{
	struct page_document rest = *doc;

	if (!is_bad(&doc->banner) || !doc->has_components ||
		!doc->has_incidents)
		return false;
	rest.has_banner = false;
	return page_claim(&page->expect, &rest, NULL).is_well;
}

/* What Statuspage and status.io call an outage, in words that people do not
 * choose: the green beside it is of something else. */
static bool is_outage_text(const char *text)
{
	static const char *const texts[] = { "Degraded Performance",
		"Partially Degraded Service", "Partial System Degradation",
		"Partial Service Disruption", "Service Disruption",
		"Minor Service Outage", "Major Service Outage",
		"Partial System Outage", "Major System Outage",
		"Security Event" };
	size_t i;

	for (i = 0; text && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcasecmp(texts[i], text) == 0)
			return true;
	return false;
}

void judge_page_contradicts(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_document(judge, page);
	const struct page_component *component;
	const struct page_event *event;
	struct page_claim claim = { .words = NULL };

	if (!doc)
		return;
	if (!is_banner_ours(page, doc)) {
		judge_not_asked(judge);
		return;
	}
	claim.words = doc->banner_text ? doc->banner_text : doc->banner.word;
	if (is_alone(page, doc))
		judge_finding(judge, rule_page_culprit(page),
			"says %s, and shows nothing that is not well",
			rule_words(judge, &claim));
	if (doc->banner.health != PAGE_HEALTH_OPERATIONAL)
		return;
	if (is_outage_text(doc->banner_text))
		judge_finding(judge, rule_page_culprit(page),
			"says %s, and means \"%s\" by it",
			rule_words(judge, &claim),
			doc->banner.word ? doc->banner.word : "operational");
	component = first_bad(doc);
	event = first_open(doc);
	if (component)
		judge_finding(judge, rule_page_culprit(page),
			"says %s, and shows %s as \"%s\"",
			rule_words(judge, &claim),
			rule_component_name(component), component->status.word);
	if (event)
		judge_finding(judge, rule_page_culprit(page),
			"says %s, and shows the open incident \"%s\"",
			rule_words(judge, &claim), rule_event_name(event));
}

/* Since when the component is down: by the page, else by what was remembered.
 * False: not to be told. */
static bool find_since(const struct page *page,
	const struct page_component *component, int64_t *since_s)
{
	*since_s = page->after.outage_s;
	if (page_time_is_known(&component->updated))
		*since_s = component->updated.s;
	return *since_s > 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the open incidents name: ids, and of groups their names, which is what
 * their members tell. */
struct named {
	const char **at; /* sorted */
	size_t n;
	bool is_all; /* one of them names nothing: it may be of anything */
};

static void add_named(struct named *named, const struct page_document *doc,
	const char *affected)
{
	const struct page_component *component =
		page_find_component(doc, affected);

	named->at[named->n++] = affected;
	if (component && component->is_group)
		named->at[named->n++] = component->name;
}

static struct named find_named(
	struct arena *arena, const struct page_document *doc)
{
	struct named named = { .n = 0 };
	size_t n = 0;
	size_t i;
	size_t k;

	for (i = 0; i < doc->n_incidents; i++)
		n += doc->incidents[i].n_affected;
	named.at = arena_array(arena, 2 * n, sizeof(*named.at));
	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];

		if (!page_event_is_open(event))
			continue;
		named.is_all |= event->n_affected == 0;
		for (k = 0; k < event->n_affected; k++)
			add_named(&named, doc, event->affected[k]);
	}
	qsort(named.at, named.n, sizeof(*named.at), compare_texts);
	return named;
}

static bool is_named(const struct named *named, const char *text)
{
	return *text != '\0' && bsearch(&text, named->at, named->n,
					sizeof(*named->at), compare_texts);
}

static bool is_explained(
	const struct named *named, const struct page_component *component)
{
	return named->is_all || is_named(named, component->id) ||
	       is_named(named, component->name) ||
	       (component->group && is_named(named, component->group));
}

static void if_unexplained(struct judge *judge, const struct page *page,
	const struct page_component *component)
{
	int64_t now_s = page->expect.now_s;
	int64_t since_s;
	enum state state;

	if (!find_since(page, component, &since_s)) {
		judge_not_judged(
			judge, NULL, "it is not told since when it is down");
		return;
	}
	state = rule_grade(&page->expect.stateless, now_s - since_s);
	if (state != STATE_OK)
		judge_finding_as(judge, state,
			rule_named(rule_component_name(component)),
			"is shown as \"%s\" for %s, and no incident says why; "
			"expected one within %s",
			component->status.word,
			rule_span(judge, now_s - since_s),
			rule_span(judge, page->expect.stateless.warning_s));
}

void judge_outage_unexplained(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_own_document(judge, page);
	struct named named;
	size_t i;

	if (!doc)
		return;
	if (!doc->has_incidents || !doc->has_components) {
		judge_not_asked(judge);
		return;
	}
	named = find_named(judge->arena, doc);
	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];

		/* Of a group, the members are listed as well. */
		if (!component->is_group &&
			component->status.health >= PAGE_HEALTH_PARTIAL &&
			page_component_concerns(&page->expect, component) &&
			!is_explained(&named, component))
			if_unexplained(judge, page, component);
	}
}

/* -- maintenances --------------------------------------------------------- */

void judge_maintenance(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_expect *expect = &page->expect;
	const struct page_document *doc = rule_document(judge, page);
	enum state state = expect->maintenance == PAGE_MAINTENANCE_WARNING
				   ? STATE_WARNING
				   : STATE_OK;
	size_t i;

	if (!doc)
		return;
	if (!doc->has_maintenances ||
		expect->maintenance == PAGE_MAINTENANCE_SKIP) {
		judge_not_asked(judge);
		return;
	}
	for (i = 0; i < doc->n_maintenances; i++) {
		const struct page_event *event = &doc->maintenances[i];

		if (page_event_is_running(event, expect->now_s) &&
			page_event_concerns(expect, doc, event))
			judge_finding_as(judge, state,
				rule_named(rule_event_name(event)),
				"is a maintenance that is going on (%s)",
				page_phase_word(event->phase));
	}
}

/* How far behind its time it is, and which; false: it is not. */
static bool find_overdue(const struct page_event *event, int64_t now_s,
	int64_t *late_s, const char **what)
{
	if (event->phase == PAGE_PHASE_SCHEDULED) {
		*what = "did not begin";
		*late_s = now_s - event->from.s;
		return page_time_is_known(&event->from) && *late_s > 0;
	}
	*what = "goes on";
	*late_s = now_s - event->until.s;
	return page_time_is_known(&event->until) && *late_s > 0 &&
	       page_event_is_open(event);
}

void judge_maintenance_overdue(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_expect *expect = &page->expect;
	const struct page_document *doc = rule_document(judge, page);
	size_t i;

	if (!doc)
		return;
	if (!doc->has_maintenances ||
		expect->maintenance == PAGE_MAINTENANCE_SKIP) {
		judge_not_asked(judge);
		return;
	}
	for (i = 0; i < doc->n_maintenances; i++) {
		const struct page_event *event = &doc->maintenances[i];
		const char *what;
		int64_t late_s;
		enum state state;

		if (!page_event_concerns(expect, doc, event) ||
			!find_overdue(event, expect->now_s, &late_s, &what))
			continue;
		state = rule_grade(&expect->overdue, late_s);
		if (state != STATE_OK)
			judge_finding_as(judge, state,
				rule_named(rule_event_name(event)),
				"%s, %s behind its time", what,
				rule_span(judge, late_s));
	}
}
