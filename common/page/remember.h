/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered of a page, from run to run. */
#ifndef LIFELINE_PAGE_REMEMBER_H
#define LIFELINE_PAGE_REMEMBER_H

#include "common/page/page.h"

/*
 * The history of page->before with this run in it, for page->after. What was
 * not seen in this run stays as it was. Strings are shared with both; arrays
 * are in the arena.
 */
struct page_history page_remember(struct arena *arena, const struct page *page);

/* Whether there is nothing to write. */
/*
 * Whether it may still be asked if the copy has changed. Where a server answers
 * so whatever it has, the copy would be believed for ever.
 */
bool page_history_copy_is_young(
	const struct page_history *history, int64_t now_s);

bool page_history_equal(
	const struct page_history *a, const struct page_history *b);

/* What is known of it; or NULL. */
const struct page_past_probe *page_history_probe(
	const struct page_history *history, const char *key);
const struct page_past_event *page_history_event(
	const struct page_history *history, const char *id);

#endif
