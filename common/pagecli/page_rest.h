/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a page has in other documents beside its own: the parts that go on where
 * it ends, and its companion with the parts of that.
 */
#ifndef LIFELINE_PAGECLI_PAGE_REST_H
#define LIFELINE_PAGECLI_PAGE_REST_H

#include "common/pagecli/page_source.h"

struct page_rest;

/* Asks the address that sent the page's own document, which was read, for one
 * after the other. */
struct page_rest *page_rest_start(
	struct page_run *run, const struct page_sent *own);

/* Whether one is awaited. */
bool page_rest_is_open(const struct page_rest *rest);

/*
 * The end: the page's own document, in *own, and the same with all that was
 * read beside it. NULL: nothing was asked for.
 */
const struct page_document *page_rest_whole(
	struct page_rest *rest, struct page_sent *own);

#endif
