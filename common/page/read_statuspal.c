/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Version 2 of StatusPal's summary: services in services, each with the type
 * of what is going on, or null. Its times have no zone. Anchor: "status_page"
 * with "current_incident_type", and "services".
 */
#include "config.h"

#include "common/page/read.h"

enum {
	SERVICES_DEEP = 8,
};

static const struct word types[] = {
	{ "info", PAGE_HEALTH_NOTICE },
	{ "scheduled", PAGE_HEALTH_MAINTENANCE },
	{ "emergency-maintenance", PAGE_HEALTH_MAINTENANCE },
	{ "minor", PAGE_HEALTH_DEGRADED },
	{ "performance", PAGE_HEALTH_DEGRADED },
	{ "major", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static const struct word update_types[] = {
	{ "issue", PAGE_PHASE_INVESTIGATING },
	{ "investigating", PAGE_PHASE_INVESTIGATING },
	{ "identified", PAGE_PHASE_IDENTIFIED },
	{ "update", PAGE_PHASE_NOT_SAID },
	{ "essential", PAGE_PHASE_NOT_SAID },
	{ "retroactive", PAGE_PHASE_NOT_SAID },
	{ "monitoring", PAGE_PHASE_MONITORING },
	{ "resolved", PAGE_PHASE_RESOLVED },
	{ "postmortem", PAGE_PHASE_POSTMORTEM },
	{ "scheduled", PAGE_PHASE_SCHEDULED },
	{ "in_progress", PAGE_PHASE_IN_PROGRESS },
	{ "verifying", PAGE_PHASE_VERIFYING },
	{ "completed", PAGE_PHASE_COMPLETED },
	{ NULL, 0 },
};

static const char type_key[] = "current_incident_type";

static bool is_it(struct node root)
{
	return node_type(node_get(node_get(root, "status_page"), type_key)) !=
		       NODE_MISSING &&
	       node_type(node_get(root, "services")) == NODE_LIST;
}

static const char *lacks(struct node root)
{
	return is_it(root) ? NULL
			   : "\"status_page\" with its incident type, or no "
			     "\"services\"";
}

/* null is the word for all being well, and must be there to be so. */
static struct page_status read_type(struct reader *reader, struct node node)
{
	struct node value = node_get(node, type_key);

	if (node_type(value) == NODE_NULL)
		return status_of(PAGE_HEALTH_OPERATIONAL, NULL);
	return reader_status(reader, node, type_key, types);
}

/* -- services ------------------------------------------------------------- */

struct parent {
	const char *name;
	size_t depth;
};

static void read_service(struct reader *reader, struct node node, void *arg)
{
	const struct parent *parent = arg;
	struct page_component *component = reader_add_component(reader);
	struct node children = reader_list(reader, node, "children", OPTIONAL);
	struct parent self = { .depth = parent->depth + 1 };

	if (!component)
		return;
	component->id = reader_text(reader, node, "id", REQUIRED);
	component->name = self.name =
		reader_text(reader, node, "name", REQUIRED);
	component->group = parent->name;
	component->status = read_type(reader, node);
	component->is_group = node_count(children) > 0;
	if (self.depth < SERVICES_DEEP)
		reader_each(reader, children, "children", read_service, &self);
	else if (component->is_group)
		reader_odd(reader, PAGE_ODD_CUT, "children", NULL);
}

/* -- incidents ------------------------------------------------------------ */

static void read_update(struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);

	if (!update)
		return;
	update->id = reader_text(reader, node, "id", OPTIONAL);
	update->phase =
		reader_phase(reader, node, "type", update_types, &update->word);
	update->body = reader_body(reader, node, "description", OPTIONAL);
	update->posted = first_time(reader_time(reader, node, "posted_at"),
		reader_time(reader, node, "inserted_at"));
}

static void read_service_ids(
	struct reader *reader, struct node node, struct page_event *event)
{
	struct node list = reader_list(reader, node, "service_ids", OPTIONAL);
	size_t n = node_count(list);
	size_t i;

	for (i = 0; i < n; i++) {
		struct node value = node_at(list, i);
		int64_t id;

		if (node_int(value, &id))
			reader_add_affected(reader, event,
				arena_printf(
					reader->arena, "%lld", (long long)id));
	}
}

static void read_parts(
	struct reader *reader, struct node node, struct page_event *event)
{
	event->id = reader_text(reader, node, "id", REQUIRED);
	event->name = reader_text(reader, node, "title", REQUIRED);
	event->impact = reader_status(reader, node, "type", types);
	event->from = reader_time(reader, node, "starts_at");
	event->until = reader_time(reader, node, "ends_at");
	event->created = first_time(
		reader_time(reader, node, "inserted_at"), event->from);
	event->has_updates = true;
	reader_each(reader, reader_list(reader, node, "updates", NULLABLE),
		"updates", read_update, event);
	reader_sort_updates(event);
	read_service_ids(reader, node, event);
}

static void read_incident(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_incident(reader);
	size_t i;

	(void)arg;
	if (!event)
		return;
	read_parts(reader, node, event);
	event->resolved = event->until;
	event->phase = PAGE_PHASE_OPEN;
	for (i = 0; i < event->n_updates; i++)
		if (event->updates[i].phase != PAGE_PHASE_NOT_SAID) {
			event->phase = event->updates[i].phase;
			event->word = event->updates[i].word;
			break;
		}
	if (event->resolved.fate != PAGE_TIME_NONE)
		event->phase = PAGE_PHASE_RESOLVED;
}

/* arg: the phase that its list means. */
static void read_maintenance(struct reader *reader, struct node node, void *arg)
{
	const enum page_phase *phase = arg;
	struct page_event *event = reader_add_maintenance(reader);

	if (!event)
		return;
	read_parts(reader, node, event);
	event->phase = *phase;
}

static void read_statuspal(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node page = node_get(root, "status_page");
	enum page_phase active = PAGE_PHASE_IN_PROGRESS;
	enum page_phase upcoming = PAGE_PHASE_SCHEDULED;
	struct parent top = { .name = NULL };

	doc->name = reader_text_or_null(reader, page, "name");
	doc->url = reader_text_or_null(reader, page, "url");
	doc->id = reader_text_or_null(reader, page, "subdomain");
	doc->has_banner = doc->has_components = true;
	doc->has_incidents = doc->has_maintenances = true;
	doc->banner = read_type(reader, page);
	reader_each(reader, node_get(root, "services"), "services",
		read_service, &top);
	reader_each(reader, reader_list(reader, root, "incidents", NULLABLE),
		"incidents", read_incident, NULL);
	reader_each(reader, reader_list(reader, root, "maintenances", NULLABLE),
		"maintenances", read_maintenance, &active);
	reader_each(reader,
		reader_list(reader, root, "upcoming_maintenances", OPTIONAL),
		"upcoming_maintenances", read_maintenance, &upcoming);
}

const struct json_format format_statuspal = {
	.format = PAGE_FORMAT_STATUSPAL,
	.is_it = is_it,
	.lacks = lacks,
	.read = read_statuspal,
};
