/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a document claims about the part of the page that concerns us
 * (--component, --group, --ignore), with --map for its words.
 */
#ifndef LIFELINE_PAGE_CLAIM_H
#define LIFELINE_PAGE_CLAIM_H

#include "common/page/page.h"

bool page_component_concerns(const struct page_expect *expect,
	const struct page_component *component);
/* An event that names no component concerns everybody. */
bool page_event_concerns(const struct page_expect *expect,
	const struct page_document *doc, const struct page_event *event);
/* Whether the event names a component that the selector takes. */
bool page_event_affects(const struct page_document *doc,
	const struct page_event *event, const struct page_selector *selector);

/* Whether only parts of the page concern us, so that its banner does not. */
bool page_is_selected(const struct page_expect *expect);

/* What a state of a component or a banner is worth, and an open incident, which
 * is never less than WARNING unless it is a mere notice or --map says so. */
enum state page_state_of(
	const struct page_expect *expect, const struct page_status *status);
enum state page_incident_state(
	const struct page_expect *expect, const struct page_event *event);

/* What is said about all that concerns us, or about one component. */
struct page_claim {
	bool is_known;     /* something is said about it */
	bool is_well;      /* nothing is said to be wrong, nor maintained */
	bool shows_outage; /* an open incident, a component or the banner */
	const char *words; /* of the banner, of the component or the incident */
	int64_t since_s;   /* shows_outage: when the first incident was posted;
			      0: not told */
};
/* selector NULL: all. */
struct page_claim page_claim(const struct page_expect *expect,
	const struct page_document *doc, const struct page_selector *selector);

/* Whether the time can be reckoned with. */
bool page_time_is_known(const struct page_time *time);

#endif
