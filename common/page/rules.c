/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule table of check_status_page, and what its judge functions share. */
#include "config.h"

#include "common/page/rules.h"

#include <string.h>

enum {
	SENTENCE_MAX = 300,
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 86400,
};

/* clang-format off */
const struct rule page_rules[] = {
	{ "page-unreachable", STATE_CRITICAL, true,
	  "no address answers with the page",
	  "", judge_page_unreachable },
	{ "page-silent", STATE_CRITICAL, false,
	  "the page says that all is well while production is down",
	  "", judge_page_silent },
	{ "all-clear-false", STATE_CRITICAL, false,
	  "the page calls an incident resolved while production is down",
	  "", judge_all_clear_false },
	{ "page-inactive", STATE_CRITICAL, false,
	  "the page is switched off, or there is none at its address",
	  "", judge_page_inactive },
	{ "certificate-invalid", STATE_CRITICAL, false,
	  "the certificate is not valid for the page",
	  "RFC 9110 section 4.3.4", judge_page_certificate_invalid },
	{ "incident-open", STATE_CRITICAL, false,
	  "the page shows an incident that is open",
	  "", judge_incident_open },
	{ "component-down", STATE_CRITICAL, false,
	  "the page shows a component that is not well",
	  "", judge_component_down },
	{ "banner", STATE_CRITICAL, false,
	  "the page says as a whole that it is not well",
	  "", judge_banner },
	{ "incident-silent", STATE_CRITICAL, false,
	  "an open incident had no update for long",
	  "", judge_incident_silent },
	{ "incident-limbo", STATE_CRITICAL, false,
	  "an incident is in \"monitoring\" for long",
	  "", judge_incident_limbo },
	{ "incident-stale", STATE_CRITICAL, false,
	  "an incident is open for long without getting further",
	  "", judge_incident_stale },
	{ "first-post-late", STATE_CRITICAL, false,
	  "production is down and nothing was posted",
	  "", judge_first_post_late },
	{ "outage-unexplained", STATE_CRITICAL, false,
	  "a component is shown as down without an incident that says why",
	  "", judge_outage_unexplained },
	{ "maintenance-overdue", STATE_CRITICAL, false,
	  "a maintenance goes on, or did not begin, behind its time",
	  "", judge_maintenance_overdue },
	{ "certificate-expiring", STATE_CRITICAL, false,
	  "the certificate ends soon",
	  "RFC 5280 section 4.1.2.5", judge_page_certificate_expiring },
	{ "copy-old", STATE_CRITICAL, false,
	  "what is served is an old copy of the page",
	  "RFC 9111 section 5.1", judge_copy_old },
	{ "page-heavy", STATE_CRITICAL, false,
	  "the page is too large for a bad day's network",
	  "", judge_page_heavy },
	{ "drill-old", STATE_CRITICAL, false,
	  "the last drill of posting is long ago",
	  "", judge_drill_old },
	{ "text-rejected", STATE_CRITICAL, false,
	  "the page has a text that it must not have (--reject)",
	  "", judge_text_rejected },
	{ "text-missing", STATE_CRITICAL, false,
	  "the page lacks a text that it must have (--expect)",
	  "", judge_text_missing },
	{ "page-contradicts", STATE_WARNING, false,
	  "the page says as a whole what its parts do not say",
	  "", judge_page_contradicts },
	{ "address-unreachable", STATE_WARNING, false,
	  "an address of the page does not answer with it",
	  "", judge_address_unreachable },
	{ "addresses-differ", STATE_WARNING, false,
	  "the addresses of the page say different things",
	  "", judge_addresses_differ },
	{ "names-differ", STATE_WARNING, false,
	  "the page says different things by another name of it (--also)",
	  "", judge_names_differ },
	{ "page-forgotten", STATE_WARNING, false,
	  "the page shows an outage long after production recovered",
	  "", judge_page_forgotten },
	{ "all-clear-early", STATE_WARNING, false,
	  "the page called an incident resolved right after production "
	  "recovered",
	  "", judge_all_clear_early },
	{ "all-clear-relapsed", STATE_WARNING, false,
	  "soon after an incident was called resolved it is back",
	  "", judge_all_clear_relapsed },
	{ "promise-broken", STATE_WARNING, false,
	  "an update was promised and did not come",
	  "", judge_promise_broken },
	{ "page-changed", STATE_WARNING, false,
	  "the page has another format, or is another page, than last time",
	  "", judge_page_changed },
	{ "not-understood", STATE_WARNING, false,
	  "part of the page was not understood",
	  "", judge_not_understood },
	{ "time-in-future", STATE_WARNING, false,
	  "the page has times that are still to come",
	  "", judge_time_in_future },
	{ "clock-differs", STATE_WARNING, false,
	  "the clocks of the page's server and of this host differ",
	  "RFC 9110 section 6.6.1", judge_clock_differs },
	{ "history-lost", STATE_WARNING, false,
	  "what earlier runs had noted was damaged and is begun anew",
	  "", judge_page_history_lost },
	{ "threshold", STATE_WARNING, false,
	  "a metric is outside its range (-w, -c, --warning, --critical)",
	  "", NULL },
	{ "format-unknown", STATE_UNKNOWN, true,
	  "what was sent is no status page of a format that is known",
	  "", judge_format_unknown },
	{ "page-unexpected", STATE_UNKNOWN, false,
	  "the page is not the one that is expected (--page-id, --page-name)",
	  "", judge_page_unexpected },
	{ "state-untold", STATE_UNKNOWN, true,
	  "the document tells no state of what concerns us",
	  "", judge_state_untold },
	{ "component-unknown", STATE_UNKNOWN, false,
	  "the page has no such component (--component, --group)",
	  "", judge_component_unknown },
	{ "history-unusable", STATE_UNKNOWN, false,
	  "nothing can be remembered on this node",
	  "", judge_page_history_unusable },
	{ "maintenance", STATE_OK, false,
	  "the page shows a maintenance",
	  "", judge_maintenance },
	{ "updates-empty", STATE_OK, false,
	  "the updates of an incident say nothing, or the same again",
	  "", judge_updates_empty },
	{ "monitoring-skipped", STATE_OK, false,
	  "a long incident was resolved without having been monitored",
	  "", judge_monitoring_skipped },
};
/* clang-format on */

const size_t n_page_rules = sizeof(page_rules) / sizeof(page_rules[0]);

struct page_expect page_expect_defaults(void)
{
	return (struct page_expect){
		.cert = { 14 * DAY_S, 7 * DAY_S },
		.cache = { 5 * MINUTE_S, 15 * MINUTE_S },
		.silence = { 30 * MINUTE_S, 60 * MINUTE_S },
		.first_post = { 10 * MINUTE_S, 30 * MINUTE_S },
		.limbo = { 12 * HOUR_S, 48 * HOUR_S },
		.stale = { 24 * HOUR_S, 72 * HOUR_S },
		.overdue = { 0, 60 * MINUTE_S },
		.drill = { 90 * DAY_S, 180 * DAY_S },
		.stable = { 30 * MINUTE_S, 60 * MINUTE_S },
		.stateless = { 10 * MINUTE_S, 20 * MINUTE_S },
		.untruthful_s = 15 * MINUTE_S,
		.forgotten_s = 30 * MINUTE_S,
		.clock_s = 5 * MINUTE_S,
		.size_warning = 500 * 1000,
		.size_critical = 2 * 1000 * 1000,
	};
}

struct culprit rule_named(const char *name)
{
	return (struct culprit){ .name = name };
}

/* The length of a blank, or of a character without width, at s; 0: of none. */
static size_t unseen_len(const char *s)
{
	static const char *const unseen[] = { " ", "\u00a0", "\u00ad", "\u200b",
		"\u200c", "\u200d", "\u2060", "\u3000", "\ufeff" };
	size_t i;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		size_t len = strlen(unseen[i]);

		if (strncmp(s, unseen[i], len) == 0)
			return len;
	}
	return 0;
}

static bool can_be_seen(const char *s)
{
	struct text clean;
	const char *at;
	size_t len;
	bool is_seen;

	text_init(&clean, PAGE_NAME_MAX);
	text_add_clean(&clean, s);
	at = clean.data;
	while ((len = unseen_len(at)) > 0)
		at += len;
	is_seen = *at != '\0';
	text_release(&clean);
	return is_seen;
}

static const char *name_of(const char *name, const char *id, const char *none)
{
	if (can_be_seen(name))
		return name;
	return can_be_seen(id) ? id : none;
}

const char *rule_component_name(const struct page_component *component)
{
	return name_of(
		component->name, component->id, "a component without a name");
}

const char *rule_event_name(const struct page_event *event)
{
	return name_of(event->name, event->id, "an entry without a name");
}

struct culprit rule_page_culprit(const struct page *page)
{
	return rule_named(page->source.host);
}

const struct page_document *rule_document(
	struct judge *judge, const struct page *page)
{
	const struct page_document *doc = page->source.document;

	if (doc && doc->reading == PAGE_READ)
		return doc;
	judge_not_judged(judge, NULL, "the page was not read");
	return NULL;
}

const struct page_document *rule_own_document(
	struct judge *judge, const struct page *page)
{
	if (page->expect.is_upstream) {
		judge_not_asked(judge);
		return NULL;
	}
	return rule_document(judge, page);
}

enum state rule_grade(const struct page_limits *limits, int64_t age_s)
{
	if (limits->critical_s >= 0 && age_s > limits->critical_s)
		return STATE_CRITICAL;
	return limits->warning_s >= 0 && age_s > limits->warning_s
		       ? STATE_WARNING
		       : STATE_OK;
}

static const char *keep(struct judge *judge, struct text *text)
{
	const char *copy = arena_strdup(judge->arena, text->data);

	text_release(text);
	return copy;
}

const char *rule_span(struct judge *judge, int64_t seconds)
{
	struct text text;

	text_init(&text, SENTENCE_MAX);
	text_add_span(&text, seconds < 0 ? 0 : seconds);
	return keep(judge, &text);
}

const char *rule_words(struct judge *judge, const struct page_claim *claim)
{
	struct text text;

	if (!claim->words)
		return "that all is well";
	text_init(&text, SENTENCE_MAX);
	text_add(&text, "\"");
	text_add(&text, claim->words);
	text_add(&text, "\"");
	return keep(judge, &text);
}

void rule_each_open(struct judge *judge, const struct page *page,
	const struct page_document *doc, rule_event_fn fn)
{
	size_t i;

	/* That they are not told is told once, by incident-open. */
	if (!doc->has_incidents) {
		judge_not_asked(judge);
		return;
	}
	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];

		if (page_event_is_open(event) &&
			event->impact.health != PAGE_HEALTH_NOTICE &&
			page_event_concerns(&page->expect, doc, event))
			fn(judge, page, doc, event);
	}
}

const struct page_past_probe *rule_past(struct judge *judge,
	const struct page *page, const struct page_probe *probe)
{
	if (page->file.fate == DNS_HISTORY_NOT_KEPT)
		judge_not_judged(judge, NULL,
			"nothing is remembered "
			"(--state-dir)");
	else if (!page_history_probe(&page->before, probe->key))
		judge_not_judged(judge, NULL, "no history on this node");
	else
		return page_history_probe(&page->after, probe->key);
	return NULL;
}

bool rule_last_word(const struct page_event *event, int64_t *at_s)
{
	const struct page_update *newest = page_event_newest(event);

	/* The incident itself was the first post, if it has any name. */
	if (newest)
		*at_s = newest->posted.s;
	else
		*at_s = event->created.s;
	return page_time_is_known(newest ? &newest->posted : &event->created);
}
