/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/fuzz/page_checks.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text, size_t max)
{
	must(text && strlen(text) <= max);
}

static void check_time(const struct page_time *time)
{
	must(page_time_fate_word(time->fate) != NULL);
	must(time->s >= 0 && time->s <= 253402300799);
	must(time->s == 0 || time->fate == PAGE_TIME_KNOWN ||
		time->fate == PAGE_TIME_ZONELESS);
}

static void check_component(const struct page_component *component)
{
	/* A container's id has its component's in it. */
	check_text(component->id, 2 * PAGE_NAME_MAX + 1);
	check_text(component->name, 2 * PAGE_NAME_MAX);
	must(page_health_word(component->status.health) != NULL);
	check_time(&component->updated);
}

static void check_updates(const struct page_event *event)
{
	size_t i;

	must(event->n_updates <= PAGE_UPDATES_MAX);
	must(event->n_updates == 0 || event->has_updates);
	for (i = 0; i < event->n_updates; i++) {
		const struct page_update *update = &event->updates[i];

		check_text(update->id, PAGE_NAME_MAX);
		check_text(update->body, PAGE_BODY_MAX);
		check_time(&update->posted);
		must(page_phase_word(update->phase) != NULL);
	}
}

static void check_event(const struct page_event *event)
{
	size_t i;

	check_text(event->id, PAGE_NAME_MAX);
	check_text(event->name, PAGE_NAME_MAX);
	check_time(&event->created);
	check_time(&event->resolved);
	check_time(&event->from);
	check_time(&event->until);
	must(page_phase_word(event->phase) != NULL);
	must(page_health_word(event->impact.health) != NULL);
	must(event->n_affected <= PAGE_AFFECTED_MAX);
	for (i = 0; i < event->n_affected; i++)
		check_text(event->affected[i], PAGE_NAME_MAX);
	check_updates(event);
}

static void check_lists(const struct page_document *doc)
{
	size_t i;

	must(doc->n_components <= PAGE_COMPONENTS_MAX);
	must(doc->n_incidents <= PAGE_EVENTS_MAX);
	must(doc->n_maintenances <= PAGE_EVENTS_MAX);
	for (i = 0; i < doc->n_components; i++)
		check_component(&doc->components[i]);
	for (i = 0; i < doc->n_incidents; i++)
		check_event(&doc->incidents[i]);
	for (i = 0; i < doc->n_maintenances; i++)
		check_event(&doc->maintenances[i]);
	must(doc->n_oddities <= PAGE_ODDITIES_MAX);
	must(doc->n_oddities <= doc->n_odd);
	for (i = 0; i < doc->n_oddities; i++)
		must(page_odd_word(doc->oddities[i].odd) &&
			doc->oddities[i].where);
}

/* What is not understood is noted, or the document is none. */
static void check_unknown(const struct page_document *doc)
{
	bool has_unknown = doc->banner.health == PAGE_HEALTH_UNKNOWN;
	size_t i;

	/* Cachet has a word for what it does not know, which is understood. */
	for (i = 0; i < doc->n_components; i++)
		has_unknown |=
			doc->format != PAGE_FORMAT_CACHET_COMPONENTS &&
			doc->components[i].status.health == PAGE_HEALTH_UNKNOWN;
	for (i = 0; i < doc->n_incidents; i++)
		has_unknown |=
			doc->incidents[i].phase == PAGE_PHASE_UNKNOWN ||
			doc->incidents[i].impact.health == PAGE_HEALTH_UNKNOWN;
	must(!has_unknown || doc->n_odd > 0);
}

void page_check(
	const char *data, size_t len, const struct page_read_options *options)
{
	struct arena *arena = arena_new(512 * 1024 * 1024);
	const struct page_document *doc = page_read(arena, data, len, options);

	must(doc->reading != PAGE_NOT_READ);
	must((doc->reading == PAGE_READ) == (doc->why == NULL));
	must(page_reading_word(doc->reading) && page_format_word(doc->format));
	must(doc->size == len && doc->encoding);
	must(doc->reading != PAGE_READ || doc->format != PAGE_FORMAT_UNKNOWN);
	must(!doc->is_forced || doc->format == options->format);
	check_time(&doc->updated);
	check_time(&doc->rendered);
	check_lists(doc);
	check_unknown(doc);
	(void)page_join(arena, doc, doc);
	arena_free(arena);
}
