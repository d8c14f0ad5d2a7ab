/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was sent, read once each; and where the rest of a page is. */
#ifndef LIFELINE_PAGECLI_PAGE_DOCUMENTS_H
#define LIFELINE_PAGECLI_PAGE_DOCUMENTS_H

#include "common/page/page.h"
#include "common/pagenet/url.h"

struct page_documents;

struct page_documents *page_documents_new(
	struct arena *arena, const struct page_read_options *options);

/*
 * The document of len bytes: of the same bytes the same pointer, as long as
 * they stay where they are. NULL: more was read than a run should, and this one
 * is left out.
 */
struct page_document *page_documents_read(
	struct page_documents *documents, const char *data, size_t len);

/* Whether what came may be a mishap that a second try mends. */
bool page_document_is_mishap(const struct page_document *doc);

/*
 * The URL of what belongs to the document beside it, which was read from url:
 * of Uptime Kuma the states of what a page names, of Cachet the incidents of
 * its components, and the other way round. NULL: none.
 */
const char *page_document_companion(struct arena *arena,
	const struct page_url *url, const struct page_document *doc);

/*
 * The URL of the next part, by what the one that was read from base says of it:
 * always of the server that was asked, since many name themselves otherwise,
 * by http behind a proxy or as "localhost". False: it says nothing of use.
 */
bool page_document_next(struct arena *arena, const struct page_url *base,
	const char *reference, struct page_url *out);

/* The document with the components and incidents of the one that goes on where
 * it ends. */
struct page_document *page_document_go_on(struct arena *arena,
	const struct page_document *doc, const struct page_document *next);

/*
 * The bytes as text that page_history can keep, in the arena; NULL: they are no
 * text, or too many.
 */
const char *page_document_copy(
	struct arena *arena, const char *data, size_t len);

#endif
