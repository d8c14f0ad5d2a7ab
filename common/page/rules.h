/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of check_status_page, and what their judge functions share. */
#ifndef LIFELINE_PAGE_RULES_H
#define LIFELINE_PAGE_RULES_H

#include "common/page/claim.h"
#include "common/page/page.h"
#include "common/page/remember.h"

/* The host of the page. */
struct culprit rule_page_culprit(const struct page *page);
struct culprit rule_named(const char *name);
/* What it is called, else its id, else that it has no name: where nobody can
 * see a name, it is none. */
const char *rule_component_name(const struct page_component *component);
const char *rule_event_name(const struct page_event *event);

/* What the page says; NULL, and noted as not judged, where it was not read. */
const struct page_document *rule_document(
	struct judge *judge, const struct page *page);
/* The same of a rule that is ours to keep: not asked with --upstream. */
const struct page_document *rule_own_document(
	struct judge *judge, const struct page *page);

/* The state of an age, OK below the first limit; a limit below 0 is none. */
enum state rule_grade(const struct page_limits *limits, int64_t age_s);

/* "18 min", in the arena. */
const char *rule_span(struct judge *judge, int64_t seconds);
/* What the page says, for a sentence: "All Systems Operational", or "all is
 * well" without its words. In the arena. */
const char *rule_words(struct judge *judge, const struct page_claim *claim);

/* Calls fn for each open incident that concerns us; notices are none. */
typedef void (*rule_event_fn)(struct judge *judge, const struct page *page,
	const struct page_document *doc, const struct page_event *event);
void rule_each_open(struct judge *judge, const struct page *page,
	const struct page_document *doc, rule_event_fn fn);

/* What this run and earlier ones know of a probe; NULL, and noted as not
 * judged, where no earlier run on this node saw it. */
const struct page_past_probe *rule_past(struct judge *judge,
	const struct page *page, const struct page_probe *probe);

/* When somebody last said something about it; false: not to be told. */
bool rule_last_word(const struct page_event *event, int64_t *at_s);

/* rules_reach.c */
void judge_page_unreachable(struct judge *judge, const void *facts);
void judge_address_unreachable(struct judge *judge, const void *facts);
void judge_page_certificate_invalid(struct judge *judge, const void *facts);
void judge_page_certificate_expiring(struct judge *judge, const void *facts);
void judge_page_heavy(struct judge *judge, const void *facts);
void judge_copy_old(struct judge *judge, const void *facts);
void judge_addresses_differ(struct judge *judge, const void *facts);
void judge_names_differ(struct judge *judge, const void *facts);

/* rules_read.c */
void judge_format_unknown(struct judge *judge, const void *facts);
void judge_page_inactive(struct judge *judge, const void *facts);
void judge_page_unexpected(struct judge *judge, const void *facts);
void judge_page_changed(struct judge *judge, const void *facts);
void judge_not_understood(struct judge *judge, const void *facts);
void judge_text_missing(struct judge *judge, const void *facts);
void judge_text_rejected(struct judge *judge, const void *facts);

void judge_page_history_lost(struct judge *judge, const void *facts);
void judge_page_history_unusable(struct judge *judge, const void *facts);

/* rules_state.c */
void judge_state_untold(struct judge *judge, const void *facts);
void judge_component_unknown(struct judge *judge, const void *facts);
void judge_banner(struct judge *judge, const void *facts);
void judge_component_down(struct judge *judge, const void *facts);
void judge_incident_open(struct judge *judge, const void *facts);
void judge_page_contradicts(struct judge *judge, const void *facts);
void judge_outage_unexplained(struct judge *judge, const void *facts);
void judge_maintenance(struct judge *judge, const void *facts);
void judge_maintenance_overdue(struct judge *judge, const void *facts);

/* rules_talk.c */
void judge_incident_silent(struct judge *judge, const void *facts);
void judge_incident_limbo(struct judge *judge, const void *facts);
void judge_incident_stale(struct judge *judge, const void *facts);
void judge_promise_broken(struct judge *judge, const void *facts);
void judge_updates_empty(struct judge *judge, const void *facts);
void judge_monitoring_skipped(struct judge *judge, const void *facts);
void judge_drill_old(struct judge *judge, const void *facts);

/* rules_truth.c */
void judge_page_silent(struct judge *judge, const void *facts);
void judge_first_post_late(struct judge *judge, const void *facts);
void judge_page_forgotten(struct judge *judge, const void *facts);
void judge_all_clear_false(struct judge *judge, const void *facts);
void judge_all_clear_early(struct judge *judge, const void *facts);
void judge_all_clear_relapsed(struct judge *judge, const void *facts);

/* rules_clock.c */
void judge_time_in_future(struct judge *judge, const void *facts);
void judge_clock_differs(struct judge *judge, const void *facts);

#endif
