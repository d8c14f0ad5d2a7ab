/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incidents and maintenances: what they come to, and joining documents. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/page/document.h"

bool page_event_is_open(const struct page_event *event)
{
	switch (event->phase) {
	case PAGE_PHASE_RESOLVED:
	case PAGE_PHASE_POSTMORTEM:
	case PAGE_PHASE_COMPLETED:
	case PAGE_PHASE_CANCELLED:
		return false;
	case PAGE_PHASE_NOT_SAID:
	case PAGE_PHASE_UNKNOWN:
	case PAGE_PHASE_OPEN:
	case PAGE_PHASE_INVESTIGATING:
	case PAGE_PHASE_IDENTIFIED:
	case PAGE_PHASE_MONITORING:
	case PAGE_PHASE_SCHEDULED:
	case PAGE_PHASE_IN_PROGRESS:
	case PAGE_PHASE_VERIFYING:
		break;
	}
	return true;
}

static bool has_time(const struct page_time *time)
{
	return time->fate == PAGE_TIME_KNOWN ||
	       time->fate == PAGE_TIME_ZONELESS;
}

bool page_event_is_running(const struct page_event *event, int64_t now_s)
{
	if (!page_event_is_open(event) || event->phase == PAGE_PHASE_SCHEDULED)
		return false;
	if (event->phase == PAGE_PHASE_IN_PROGRESS ||
		event->phase == PAGE_PHASE_VERIFYING)
		return true;
	/* Its end is not looked at: it is over when the page says so. */
	return !has_time(&event->from) || event->from.s <= now_s;
}

const struct page_update *page_event_newest(const struct page_event *event)
{
	size_t i;

	for (i = 0; i < event->n_updates; i++)
		if (*event->updates[i].body != '\0' &&
			has_time(&event->updates[i].posted))
			return &event->updates[i];
	return NULL;
}

/* -- components ----------------------------------------------------------- */

static int compare_components(const void *a, const void *b)
{
	const struct page_component *const *left = a;
	const struct page_component *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

void page_index_components(struct arena *arena, struct page_document *doc)
{
	size_t i;

	doc->by_id = arena_array(arena, doc->n_components, sizeof(*doc->by_id));
	for (i = 0; i < doc->n_components; i++)
		doc->by_id[i] = &doc->components[i];
	qsort(doc->by_id, doc->n_components, sizeof(*doc->by_id),
		compare_components);
}

const struct page_component *page_find_component(
	const struct page_document *doc, const char *id)
{
	const struct page_component like = { .id = id };
	const struct page_component *key = &like;
	const struct page_component *const *found;
	size_t i;

	if (doc->by_id) {
		found = bsearch(&key, doc->by_id, doc->n_components,
			sizeof(*doc->by_id), compare_components);
		return found ? *found : NULL;
	}
	for (i = 0; i < doc->n_components; i++)
		if (strcmp(doc->components[i].id, id) == 0)
			return &doc->components[i];
	return NULL;
}

/* -- joining -------------------------------------------------------------- */

/* The components of the one that tells states, named as the other has them. */
static void join_components(struct arena *arena, struct page_document *joined,
	const struct page_document *states, const struct page_document *names)
{
	size_t i;

	joined->n_components = states->n_components;
	joined->components =
		arena_grow(arena, states->components, states->n_components,
			states->n_components, sizeof(*joined->components));
	for (i = 0; i < joined->n_components; i++) {
		struct page_component *component = &joined->components[i];
		const struct page_component *named =
			page_find_component(names, component->id);

		if (!named || *component->id == '\0')
			continue;
		if (*component->name == '\0')
			component->name = named->name;
		if (!component->group)
			component->group = named->group;
	}
}

static void join_events(
	struct page_document *joined, const struct page_document *other)
{
	if (!joined->has_incidents && other->has_incidents) {
		joined->has_incidents = true;
		joined->incidents = other->incidents;
		joined->n_incidents = other->n_incidents;
	}
	if (!joined->has_maintenances && other->has_maintenances) {
		joined->has_maintenances = true;
		joined->maintenances = other->maintenances;
		joined->n_maintenances = other->n_maintenances;
	}
	if (!joined->has_banner && other->has_banner) {
		joined->has_banner = true;
		joined->banner = other->banner;
		joined->banner_text = other->banner_text;
	}
}

static void join_oddities(struct arena *arena, struct page_document *joined,
	const struct page_document *other)
{
	size_t n = joined->n_oddities + other->n_oddities;

	joined->oddities = arena_grow(arena, joined->oddities,
		joined->n_oddities, n, sizeof(*joined->oddities));
	if (other->n_oddities > 0)
		memcpy(joined->oddities + joined->n_oddities, other->oddities,
			other->n_oddities * sizeof(*joined->oddities));
	joined->n_oddities = n;
	joined->n_odd += other->n_odd;
}

struct page_document *page_join(struct arena *arena,
	const struct page_document *page, const struct page_document *other)
{
	struct page_document *joined = arena_alloc(arena, sizeof(*joined));

	*joined = *page;
	if (page->reading != PAGE_READ || other->reading != PAGE_READ) {
		/* Half of a page is none. */
		if (page->reading == PAGE_READ)
			*joined = *other;
		return joined;
	}
	if (!page->has_components && other->has_components) {
		joined->has_components = true;
		join_components(arena, joined, other, page);
	} else {
		join_components(arena, joined, page, other);
	}
	page_index_components(arena, joined);
	join_events(joined, other);
	join_oddities(arena, joined, other);
	joined->size += other->size;
	if (joined->rendered.fate != PAGE_TIME_KNOWN)
		joined->rendered = other->rendered;
	return joined;
}
