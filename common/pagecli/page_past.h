/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What earlier runs saw, before the network is asked, and what this one adds.
 */
#ifndef LIFELINE_PAGECLI_PAGE_PAST_H
#define LIFELINE_PAGECLI_PAGE_PAST_H

#include "common/page/page.h"
#include "common/store/store.h"

/* Reads page->before, for conditional requests. Nothing stays locked. */
void page_past_recall(struct arena *arena, const struct store_place *place,
	const char *key, struct page *page);

/* Reads page->before again, makes page->after of it, keeps that, and tells by
 * page->file what became of it. */
void page_past_remember(struct arena *arena, const struct store_place *place,
	const char *key, struct page *page);

/* Without a place: nothing is remembered. */
void page_past_forget(struct arena *arena, struct page *page);

#endif
