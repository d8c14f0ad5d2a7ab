/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Version 2 of Cachet: components and incidents are two documents, each of
 * them in pages of 20. Its times are of the zone it was set up with, and do
 * not say so. Anchor: "data" beside "meta.pagination"; an empty one could be
 * either.
 */
#include "config.h"

#include "common/page/read.h"

static const struct word states[] = {
	{ "0", PAGE_HEALTH_UNKNOWN },
	{ "1", PAGE_HEALTH_OPERATIONAL },
	{ "2", PAGE_HEALTH_DEGRADED },
	{ "3", PAGE_HEALTH_PARTIAL },
	{ "4", PAGE_HEALTH_MAJOR },
	{ "5", PAGE_HEALTH_UNKNOWN },
	{ "6", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static const struct word phases[] = {
	{ "0", PAGE_PHASE_SCHEDULED },
	{ "1", PAGE_PHASE_INVESTIGATING },
	{ "2", PAGE_PHASE_IDENTIFIED },
	{ "3", PAGE_PHASE_MONITORING },
	{ "4", PAGE_PHASE_RESOLVED },
	{ NULL, 0 },
};

static bool is_paged(struct node root)
{
	return node_type(node_get(root, "data")) == NODE_LIST &&
	       node_type(node_get(node_get(root, "meta"), "pagination")) ==
		       NODE_OBJECT;
}

/* Only incidents have a message. */
static bool is_components(struct node root)
{
	struct node first = node_at(node_get(root, "data"), 0);

	return is_paged(root) && node_is_there(node_get(first, "status")) &&
	       node_type(node_get(first, "message")) == NODE_MISSING;
}

static bool is_incidents(struct node root)
{
	struct node first = node_at(node_get(root, "data"), 0);

	return is_paged(root) && node_is_there(node_get(first, "status")) &&
	       node_type(node_get(first, "message")) != NODE_MISSING;
}

static const char *lacks(struct node root)
{
	return is_paged(root) ? NULL : "\"data\" with \"meta.pagination\"";
}

/* What is on another page was not seen. */
static void read_pages(struct reader *reader, struct node root)
{
	struct node pages = node_get(node_get(root, "meta"), "pagination");
	int64_t n = 0;

	reader->doc->next = reader_text_or_null(
		reader, node_get(pages, "links"), "next_page");
	if (!node_int(node_get(pages, "total_pages"), &n))
		reader_odd(reader, PAGE_ODD_MISSING,
			"meta.pagination.total_pages", NULL);
	else if (n > 1)
		reader_odd(reader, PAGE_ODD_PAGED, "meta.pagination", NULL);
}

/* The word is the text beside the number, in the language of the page. */
static struct page_status read_status(
	struct reader *reader, struct node node, const char *text_key)
{
	struct page_status status =
		reader_status(reader, node, "status", states);
	const char *word = reader_text_or_null(reader, node, text_key);

	if (word)
		status.word = word;
	return status;
}

static void read_component(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);

	(void)arg;
	if (!component)
		return;
	component->id = reader_text(reader, node, "id", REQUIRED);
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->status = read_status(reader, node, "status_name");
	component->updated = reader_time(reader, node, "updated_at");
}

static void read_components(struct reader *reader, struct node root)
{
	reader->doc->has_components = true;
	read_pages(reader, root);
	reader_each(
		reader, node_get(root, "data"), "data", read_component, NULL);
	if (reader->doc->n_components == 0)
		reader_reject(reader, PAGE_BARE, "lists no component");
}

static void read_update(struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);

	if (!update)
		return;
	update->id = reader_text(reader, node, "id", OPTIONAL);
	update->phase =
		reader_phase(reader, node, "status", phases, &update->word);
	update->body = reader_body(reader, node, "message", OPTIONAL);
	update->posted = reader_time(reader, node, "created_at");
}

/* Its first message is part of the incident. */
static void read_message(
	struct reader *reader, struct node node, struct page_event *event)
{
	struct page_update *update = reader_add_update(reader, event);

	if (!update)
		return;
	update->body = reader_body(reader, node, "message", OPTIONAL);
	update->posted = event->created;
}

static void read_incident(struct reader *reader, struct node node, void *arg)
{
	struct page_event event = { .id = "", .name = "" };

	(void)arg;
	event.id = reader_text(reader, node, "id", REQUIRED);
	event.name = reader_text(reader, node, "name", REQUIRED);
	event.phase = reader_phase(reader, node, "status", phases, &event.word);
	event.created = first_time(reader_time(reader, node, "occurred_at"),
		reader_time(reader, node, "created_at"));
	event.from = reader_time(reader, node, "scheduled_at");
	if (node_is_there(node_get(node, "component_status")))
		event.impact =
			reader_status(reader, node, "component_status", states);
	reader_add_affected(reader, &event,
		reader_text(reader, node, "component_id", OPTIONAL));
	event.has_updates = true;
	read_message(reader, node, &event);
	reader_each(reader, reader_list(reader, node, "updates", OPTIONAL),
		"updates", read_update, &event);
	reader_sort_updates(&event);
	/* An update changes the state of the incident. */
	if (event.updates && event.updates[0].phase != PAGE_PHASE_NOT_SAID)
		event.phase = event.updates[0].phase;
	if (!page_event_is_open(&event))
		event.resolved = first_time(
			event.updates ? event.updates[0].posted : event.created,
			event.created);
	reader_file_event(reader, &event);
}

static void read_incidents(struct reader *reader, struct node root)
{
	reader->doc->has_incidents = true;
	read_pages(reader, root);
	reader_each(
		reader, node_get(root, "data"), "data", read_incident, NULL);
}

const struct json_format format_cachet_components = {
	.format = PAGE_FORMAT_CACHET_COMPONENTS,
	.is_it = is_components,
	.lacks = lacks,
	.read = read_components,
};

const struct json_format format_cachet_incidents = {
	.format = PAGE_FORMAT_CACHET_INCIDENTS,
	.is_it = is_incidents,
	.lacks = lacks,
	.read = read_incidents,
};
