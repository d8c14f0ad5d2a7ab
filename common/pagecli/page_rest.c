/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_rest.h"

#include <string.h>

enum {
	FURTHER_MAX = 12, /* documents beside the page's own */
};

struct further {
	struct page_url url;
	bool goes_on; /* it is the next part of the one before */
	struct page_fetch fetch;
};

struct page_rest {
	struct page_run *run;
	struct page_sent own;
	struct further further[FURTHER_MAX];
	size_t n_further;
	bool is_open;
	/* The page's own document, with what was read beside it so far; the
	 * part that goes on. */
	struct page_document *whole, *part;
	bool has_companion;
};

static void go_further(struct page_rest *rest);

static void join(struct page_rest *rest, const struct further *further,
	const struct page_body *body)
{
	struct arena *arena = rest->run->arena;
	struct page_document *doc =
		body ? page_documents_read(
			       rest->run->documents, body->data, body->len)
		     : NULL;

	/* What can't be had leaves what there is as it is: that tells itself
	 * what it lacks. */
	if (!doc)
		return;
	if (further->goes_on && doc->format == rest->part->format &&
		doc->reading == PAGE_READ)
		rest->part = page_document_go_on(arena, rest->part, doc);
	else if (!further->goes_on)
		rest->part = doc;
}

static void on_further(
	void *arg, struct page_fetch *fetch, const struct page_body *body)
{
	struct page_rest *rest = arg;
	const struct page_document *before = rest->part;

	(void)fetch;
	rest->is_open = false;
	join(rest, &rest->further[rest->n_further - 1], body);
	/* A part that goes on nowhere is whole. */
	if (rest->part == before)
		rest->part->next = NULL;
	go_further(rest);
	page_run_close(rest->run);
}

static void ask_further(
	struct page_rest *rest, const struct page_url *url, bool goes_on)
{
	struct further *further = &rest->further[rest->n_further++];
	struct page_ask ask = { .url = *url,
		.addrs = rest->own.addr,
		.n_addrs = 1,
		.nth = rest->own.nth,
		.takes_untrusted = true,
		.wants_body = true,
		.fn = on_further,
		.arg = rest };

	further->url = *url;
	further->goes_on = goes_on;
	ask.bound_us = page_run_bound_us(rest->run, &ask.is_short);
	rest->is_open = true;
	rest->run->n_open++;
	page_fetch_start(rest->run->net, &ask, &further->fetch);
}

/* The URL of what comes next; false: there is none, or no more is read. */
static bool find_next(const struct page_rest *rest, const char *text,
	const struct page_url *base, struct page_url *out)
{
	return text && rest->n_further < (size_t)FURTHER_MAX &&
	       page_document_next(rest->run->arena, base, text, out) &&
	       strcmp(out->text, base->text) != 0;
}

static void take_part(struct page_rest *rest)
{
	if (rest->has_companion && rest->part != rest->whole)
		rest->part =
			page_join(rest->run->arena, rest->whole, rest->part);
	rest->whole = rest->part;
}

/* The rest of the part in hand, then the companion with the rest of that. */
static void go_further(struct page_rest *rest)
{
	const struct page_url *own = &rest->run->options->url;
	const struct page_url *base =
		rest->n_further > 0 ? &rest->further[rest->n_further - 1].url
				    : own;
	const char *companion;
	struct page_url url;

	if (find_next(rest, rest->part->next, base, &url)) {
		ask_further(rest, &url, true);
		return;
	}
	take_part(rest);
	if (rest->has_companion)
		return;
	rest->has_companion = true;
	companion = page_document_companion(rest->run->arena, own, rest->whole);
	if (find_next(rest, companion, own, &url))
		ask_further(rest, &url, false);
}

struct page_rest *page_rest_start(
	struct page_run *run, const struct page_sent *own)
{
	struct page_rest *rest = arena_alloc(run->arena, sizeof(*rest));

	rest->run = run;
	rest->own = *own;
	rest->whole = rest->part = arena_alloc(run->arena, sizeof(*rest->part));
	*rest->part = *own->document;
	go_further(rest);
	return rest;
}

bool page_rest_is_open(const struct page_rest *rest)
{
	return rest->is_open;
}

const struct page_document *page_rest_whole(
	struct page_rest *rest, struct page_sent *own)
{
	if (rest->n_further == 0)
		return NULL;
	take_part(rest);
	*own = rest->own;
	return rest->whole;
}
