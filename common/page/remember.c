/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history with this run in it: since when what is so. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/page/claim.h"
#include "common/page/remember.h"

enum {
	EVENT_KEPT_S = 7 * 86400, /* behind its end */
};

/* What is kept of text from outside: UTF-8 without control characters, and
 * short. What is not is not remembered. */
static bool is_plain(const char *text, size_t max)
{
	const char *at;

	for (at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	return (size_t)(at - text) <= max && text_is_utf8(text);
}

static const char *plain_or_null(const char *text, size_t max)
{
	return text && is_plain(text, max) ? text : NULL;
}

/* -- probes --------------------------------------------------------------- */

const struct page_past_probe *page_history_probe(
	const struct page_history *history, const char *key)
{
	size_t i;

	for (i = 0; i < history->n_probes; i++)
		if (strcmp(history->probes[i].key, key) == 0)
			return &history->probes[i];
	return NULL;
}

static struct page_past_probe remember_probe(const struct page_probe *probe,
	const struct page_past_probe *before, int64_t now_s)
{
	struct page_past_probe after = { .key = probe->key };

	if (before)
		after = *before;
	after.key = probe->key;
	after.is_down = probe->end == PAGE_PROBE_DOWN;
	if (before && before->is_down == after.is_down)
		return after;
	after.since_s = now_s;
	if (after.is_down) {
		after.down_s = now_s;
		after.up_s = 0;
	} else if (before) {
		after.up_s = now_s;
	}
	return after;
}

static int compare_probes(const void *a, const void *b)
{
	const struct page_past_probe *left = a;
	const struct page_past_probe *right = b;

	return strcmp(left->key, right->key);
}

static void remember_probes(struct arena *arena, const struct page *page,
	struct page_history *after)
{
	size_t i;

	after->n_probes = 0;
	after->probes =
		arena_array(arena, page->n_probes, sizeof(*after->probes));
	for (i = 0;
		i < page->n_probes && after->n_probes < PAGE_HISTORY_PROBES_MAX;
		i++) {
		const struct page_probe *probe = &page->probes[i];
		const struct page_past_probe *before =
			page_history_probe(&page->before, probe->key);

		if (page_history_probe(after, probe->key) ||
			!is_plain(probe->key, PAGE_HISTORY_KEY_MAX))
			continue;
		/* What was not seen leaves it as it was. */
		if (probe->end == PAGE_PROBE_UP ||
			probe->end == PAGE_PROBE_DOWN)
			after->probes[after->n_probes++] = remember_probe(
				probe, before, page->expect.now_s);
		else if (before)
			after->probes[after->n_probes++] = *before;
	}
	qsort(after->probes, after->n_probes, sizeof(*after->probes),
		compare_probes);
}

/* -- incidents ------------------------------------------------------------ */

const struct page_past_event *page_history_event(
	const struct page_history *history, const char *id)
{
	size_t i;

	for (i = 0; i < history->n_events; i++)
		if (strcmp(history->events[i].id, id) == 0)
			return &history->events[i];
	return NULL;
}

static bool was_monitored(const struct page_event *event)
{
	size_t i;

	for (i = 0; i < event->n_updates; i++)
		if (event->updates[i].phase == PAGE_PHASE_MONITORING)
			return true;
	return event->phase == PAGE_PHASE_MONITORING;
}

/* The first of them that can be kept. */
static void remember_affected(struct arena *arena,
	const struct page_event *event, struct page_past_event *after)
{
	size_t i;

	after->n_affected = 0;
	after->affected = arena_array(
		arena, PAGE_HISTORY_AFFECTED_MAX, sizeof(*after->affected));
	for (i = 0; i < event->n_affected &&
		    after->n_affected < PAGE_HISTORY_AFFECTED_MAX;
		i++)
		if (is_plain(event->affected[i], PAGE_HISTORY_TEXT_MAX))
			after->affected[after->n_affected++] =
				event->affected[i];
}

static struct page_past_event remember_event(struct arena *arena,
	const struct page_event *event, const struct page_past_event *before,
	int64_t now_s)
{
	struct page_past_event after = { .id = event->id };
	bool is_open = page_event_is_open(event);

	if (before)
		after = *before;
	else if (page_time_is_known(&event->created) &&
		 event->created.s < now_s)
		after.first_s = event->created.s;
	else
		after.first_s = now_s;
	after.was_monitored |= was_monitored(event);
	if (before && !before->is_open && is_open)
		after.reopened_s = now_s;
	if (is_open)
		after.resolved_s = 0;
	else if (page_time_is_known(&event->resolved))
		after.resolved_s = event->resolved.s;
	else if (before && before->is_open)
		after.resolved_s = now_s;
	after.is_open = is_open;
	remember_affected(arena, event, &after);
	return after;
}

/* One that is listed no more is over, where what is open is listed. */
static struct page_past_event remember_gone(
	const struct page_past_event *before, int64_t now_s)
{
	struct page_past_event after = *before;

	if (after.is_open)
		after.resolved_s = now_s;
	after.is_open = false;
	return after;
}

/* One that was over when it was first seen may lack the time of that. */
static bool is_kept(const struct page_past_event *event, int64_t now_s)
{
	int64_t last_s =
		event->resolved_s > 0 ? event->resolved_s : event->first_s;

	return event->is_open || last_s + EVENT_KEPT_S >= now_s;
}

static int compare_events(const void *a, const void *b)
{
	const struct page_past_event *left = a;
	const struct page_past_event *right = b;

	return strcmp(left->id, right->id);
}

static void add_event(struct page_history *after,
	const struct page_past_event *event, int64_t now_s)
{
	if (is_kept(event, now_s) && after->n_events < PAGE_HISTORY_EVENTS_MAX)
		after->events[after->n_events++] = *event;
}

static void remember_events(struct arena *arena, const struct page *page,
	const struct page_document *doc, struct page_history *after)
{
	const struct page_history *before = &page->before;
	int64_t now_s = page->expect.now_s;
	size_t i;

	after->n_events = 0;
	after->events = arena_array(
		arena, PAGE_HISTORY_EVENTS_MAX, sizeof(*after->events));
	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];
		struct page_past_event past;

		if (*event->id == '\0' ||
			!is_plain(event->id, PAGE_HISTORY_TEXT_MAX) ||
			page_history_event(after, event->id))
			continue;
		past = remember_event(arena, event,
			page_history_event(before, event->id), now_s);
		add_event(after, &past, now_s);
	}
	for (i = 0; i < before->n_events; i++) {
		struct page_past_event past =
			remember_gone(&before->events[i], now_s);

		if (!page_history_event(after, past.id))
			add_event(after, &past, now_s);
	}
	qsort(after->events, after->n_events, sizeof(*after->events),
		compare_events);
}

/* -- the page ------------------------------------------------------------- */

static void remember_document(struct arena *arena, const struct page *page,
	struct page_history *after)
{
	const struct page_document *doc = page->source.document;
	struct page_claim claim;

	/* A page that was not read has not changed. */
	if (!doc || doc->reading != PAGE_READ)
		return;
	after->format = page_format_word(doc->format);
	after->page_id = plain_or_null(doc->id, PAGE_HISTORY_TEXT_MAX);
	after->page_name = plain_or_null(doc->name, PAGE_HISTORY_TEXT_MAX);
	claim = page_claim(&page->expect, doc, NULL);
	if (!claim.is_well)
		after->well_s = 0;
	else if (after->well_s == 0)
		after->well_s = page->expect.now_s;
	if (!claim.shows_outage)
		after->outage_s = 0;
	else if (after->outage_s == 0)
		after->outage_s = page->expect.now_s;
	if (doc->has_incidents)
		remember_events(arena, page, doc, after);
}

/* When it came whole. The same again is no reason to write each time, where the
 * server sends it whether it changed or not. */
static int64_t whole_at(const struct page *page)
{
	const struct page_history *before = &page->before;
	int64_t age_s = page->expect.now_s - before->copy_s;

	return before->copy && strcmp(before->copy, page->copy) == 0 &&
			       age_s >= 0 && age_s < PAGE_HISTORY_COPY_S / 4
		       ? before->copy_s
		       : page->expect.now_s;
}

/* A tag is of an address, since each may have a copy of its own; of those that
 * sent another document than the one that is kept, none. */
static void remember_tags(struct arena *arena, const struct page *page,
	struct page_history *after)
{
	const struct page_source *source = &page->source;
	bool came_whole = false;
	size_t i;

	after->n_tags = 0;
	after->copy = NULL;
	after->copy_s = 0;
	if (!page->copy || !source->document ||
		source->document->reading != PAGE_READ)
		return;
	after->tags =
		arena_array(arena, source->n_fetches, sizeof(*after->tags));
	for (i = 0;
		i < source->n_fetches && after->n_tags < PAGE_HISTORY_TAGS_MAX;
		i++) {
		const struct page_fetch *fetch = &source->fetches[i];
		struct page_past_tag tag = {
			.key = arena_printf(
				arena, "%s %s", source->url, fetch->addr_text),
			.etag = plain_or_null(
				fetch->etag, PAGE_HISTORY_TEXT_MAX),
			.last_modified = plain_or_null(
				fetch->last_modified, PAGE_HISTORY_TEXT_MAX),
		};

		/* What is behind a redirect is asked for anew. */
		if (fetch->document != source->document)
			continue;
		came_whole |= !fetch->is_unchanged;
		if (fetch->end == PAGE_FETCH_DONE && !fetch->final_url &&
			!fetch->host && (tag.etag || tag.last_modified) &&
			is_plain(tag.key, PAGE_HISTORY_KEY_MAX))
			after->tags[after->n_tags++] = tag;
	}
	if (after->n_tags == 0)
		return;
	after->copy = page->copy;
	after->copy_s = came_whole ? whole_at(page) : page->before.copy_s;
}

bool page_history_copy_is_young(
	const struct page_history *history, int64_t now_s)
{
	return history->copy && history->copy_s <= now_s &&
	       now_s - history->copy_s <= PAGE_HISTORY_COPY_S;
}

/* -- clocks that were ahead ------------------------------------------------ */

static void not_ahead(int64_t *time_s, int64_t now_s)
{
	if (*time_s > now_s)
		*time_s = now_s;
}

static struct page_past_probe *probes_until(
	struct arena *arena, const struct page_history *history, int64_t now_s)
{
	struct page_past_probe *probes =
		arena_array(arena, history->n_probes, sizeof(*probes));
	size_t i;

	for (i = 0; i < history->n_probes; i++) {
		probes[i] = history->probes[i];
		not_ahead(&probes[i].since_s, now_s);
		not_ahead(&probes[i].down_s, now_s);
		not_ahead(&probes[i].up_s, now_s);
	}
	return probes;
}

static struct page_past_event *events_until(
	struct arena *arena, const struct page_history *history, int64_t now_s)
{
	struct page_past_event *events =
		arena_array(arena, history->n_events, sizeof(*events));
	size_t i;

	for (i = 0; i < history->n_events; i++) {
		events[i] = history->events[i];
		not_ahead(&events[i].first_s, now_s);
		not_ahead(&events[i].resolved_s, now_s);
		not_ahead(&events[i].reopened_s, now_s);
	}
	return events;
}

/* What is still to come was written by a clock that was ahead: nothing would be
 * old until that time has come. */
static struct page_history history_until(
	struct arena *arena, const struct page_history *history, int64_t now_s)
{
	struct page_history until = *history;

	not_ahead(&until.well_s, now_s);
	not_ahead(&until.outage_s, now_s);
	until.probes = probes_until(arena, history, now_s);
	until.events = events_until(arena, history, now_s);
	return until;
}

struct page_history page_remember(struct arena *arena, const struct page *page)
{
	struct page now = *page;
	struct page_history after;

	now.before = history_until(arena, &page->before, page->expect.now_s);
	after = now.before;
	remember_document(arena, &now, &after);
	remember_probes(arena, &now, &after);
	remember_tags(arena, &now, &after);
	return after;
}

/* -- comparing ------------------------------------------------------------ */

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_probes(
	const struct page_history *a, const struct page_history *b)
{
	size_t i;

	if (a->n_probes != b->n_probes)
		return false;
	for (i = 0; i < a->n_probes; i++) {
		const struct page_past_probe *x = &a->probes[i];
		const struct page_past_probe *y = &b->probes[i];

		if (!is_same(x->key, y->key) || x->is_down != y->is_down ||
			x->since_s != y->since_s || x->down_s != y->down_s ||
			x->up_s != y->up_s)
			return false;
	}
	return true;
}

static bool same_event(
	const struct page_past_event *a, const struct page_past_event *b)
{
	size_t i;

	if (!is_same(a->id, b->id) || a->is_open != b->is_open ||
		a->was_monitored != b->was_monitored ||
		a->first_s != b->first_s || a->resolved_s != b->resolved_s ||
		a->reopened_s != b->reopened_s ||
		a->n_affected != b->n_affected)
		return false;
	for (i = 0; i < a->n_affected; i++)
		if (!is_same(a->affected[i], b->affected[i]))
			return false;
	return true;
}

static bool same_events(
	const struct page_history *a, const struct page_history *b)
{
	size_t i;

	if (a->n_events != b->n_events)
		return false;
	for (i = 0; i < a->n_events; i++)
		if (!same_event(&a->events[i], &b->events[i]))
			return false;
	return true;
}

static bool same_tags(
	const struct page_history *a, const struct page_history *b)
{
	size_t i;

	if (a->n_tags != b->n_tags)
		return false;
	for (i = 0; i < a->n_tags; i++)
		if (!is_same(a->tags[i].key, b->tags[i].key) ||
			!is_same(a->tags[i].etag, b->tags[i].etag) ||
			!is_same(a->tags[i].last_modified,
				b->tags[i].last_modified))
			return false;
	return true;
}

bool page_history_equal(
	const struct page_history *a, const struct page_history *b)
{
	return is_same(a->format, b->format) &&
	       is_same(a->page_id, b->page_id) &&
	       is_same(a->page_name, b->page_name) && a->well_s == b->well_s &&
	       a->outage_s == b->outage_s && same_probes(a, b) &&
	       same_events(a, b) && is_same(a->copy, b->copy) &&
	       a->copy_s == b->copy_s && same_tags(a, b);
}
