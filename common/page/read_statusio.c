/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Version 1.0 of status.io's public API. Its states are numbers; a component
 * has containers, such as regions. Anchor: result.status_overall with its code.
 */
#include "config.h"

#include "common/page/read.h"

static const struct word codes[] = {
	{ "100", PAGE_HEALTH_OPERATIONAL },
	{ "200", PAGE_HEALTH_MAINTENANCE },
	{ "300", PAGE_HEALTH_DEGRADED },
	{ "400", PAGE_HEALTH_PARTIAL },
	{ "500", PAGE_HEALTH_MAJOR },
	{ "600", PAGE_HEALTH_MAJOR }, /* "Security Event" */
	{ NULL, 0 },
};

static const struct word incident_phases[] = {
	{ "100", PAGE_PHASE_INVESTIGATING },
	{ "200", PAGE_PHASE_IDENTIFIED },
	{ "300", PAGE_PHASE_MONITORING },
	{ "400", PAGE_PHASE_RESOLVED },
	{ NULL, 0 },
};

static const struct word maintenance_phases[] = {
	{ "100", PAGE_PHASE_SCHEDULED },
	{ "200", PAGE_PHASE_IN_PROGRESS },
	{ "300", PAGE_PHASE_VERIFYING },
	{ "400", PAGE_PHASE_COMPLETED },
	{ NULL, 0 },
};

static bool is_it(struct node root)
{
	struct node overall =
		node_get(node_get(root, "result"), "status_overall");
	int64_t code;

	return node_int(node_get(overall, "status_code"), &code);
}

static const char *lacks(struct node root)
{
	return is_it(root) ? NULL : "\"status_overall\" with its code";
}

/* The word is the text, which --map goes by, where there is one. */
static struct page_status read_status(struct reader *reader, struct node node)
{
	struct page_status status =
		reader_status(reader, node, "status_code", codes);
	const char *word = reader_text_or_null(reader, node, "status");

	if (word)
		status.word = word;
	return status;
}

/* -- components ----------------------------------------------------------- */

static void read_container(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);
	const struct page_component *parent = arg;

	if (!component)
		return;
	component->id = arena_printf(reader->arena, "%s/%s", parent->id,
		reader_text(reader, node, "id", OPTIONAL));
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->group = parent->name;
	component->status = read_status(reader, node);
	component->updated = reader_time(reader, node, "updated");
}

static void read_component(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);
	struct node list = reader_list(reader, node, "containers", OPTIONAL);
	struct page_component parent;

	(void)arg;
	if (!component)
		return;
	component->id = reader_text(reader, node, "id", REQUIRED);
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->status = read_status(reader, node);
	component->updated = reader_time(reader, node, "updated");
	component->is_group = node_count(list) > 0;
	parent = *component;
	reader_each(reader, list, "containers", read_container, &parent);
}

/* -- incidents and maintenances ------------------------------------------- */

struct messages {
	struct page_event *event;
	const struct word *phases;
	struct page_status worst;
};

static void read_message(struct reader *reader, struct node node, void *arg)
{
	struct messages *messages = arg;
	struct page_update *update = reader_add_update(reader, messages->event);

	if (!update)
		return;
	update->id = reader_text(reader, node, "_id", OPTIONAL);
	update->body = reader_body(reader, node, "details", OPTIONAL);
	update->posted = reader_time(reader, node, "datetime");
	if (node_is_there(node_get(node, "state")))
		update->phase = reader_phase(
			reader, node, "state", messages->phases, &update->word);
	if (node_is_there(node_get(node, "status")))
		messages->worst = status_worst(messages->worst,
			reader_status(reader, node, "status", codes));
}

static void read_affected(struct reader *reader, struct node node, void *event)
{
	const char *id = first_text(reader_text(reader, node, "_id", OPTIONAL),
		reader_text(reader, node, "id", OPTIONAL));
	const char *name = reader_text(reader, node, "name", OPTIONAL);

	reader_add_affected(reader, event, first_text(id, name));
}

static void read_parts(struct reader *reader, struct node node,
	struct page_event *event, const struct word *phases)
{
	struct messages messages = { .event = event, .phases = phases };

	event->id = first_text(reader_text(reader, node, "_id", OPTIONAL),
		reader_text(reader, node, "id", OPTIONAL));
	event->name = reader_text(reader, node, "name", REQUIRED);
	event->created = reader_time(reader, node, "datetime_open");
	event->resolved = reader_time(reader, node, "datetime_resolved");
	event->has_updates = true;
	reader_each(reader, reader_list(reader, node, "messages", NULLABLE),
		"messages", read_message, &messages);
	reader_sort_updates(event);
	event->impact = messages.worst;
	reader_each(reader,
		reader_list(reader, node, "components_affected", OPTIONAL),
		"components_affected", read_affected, event);
}

/* The newest phase that is told; the list it is in where none is. */
static enum page_phase newest_phase(
	const struct page_event *event, enum page_phase otherwise)
{
	size_t i;

	for (i = 0; i < event->n_updates; i++)
		if (event->updates[i].phase != PAGE_PHASE_NOT_SAID)
			return event->updates[i].phase;
	return otherwise;
}

static void read_incident(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_incident(reader);

	(void)arg;
	if (!event)
		return;
	read_parts(reader, node, event, incident_phases);
	event->phase = newest_phase(event, PAGE_PHASE_OPEN);
}

/* arg: the phase that its list means. */
static void read_maintenance(struct reader *reader, struct node node, void *arg)
{
	const enum page_phase *phase = arg;
	struct page_event *event = reader_add_maintenance(reader);

	if (!event)
		return;
	read_parts(reader, node, event, maintenance_phases);
	event->phase = *phase;
	event->from = reader_time(reader, node, "datetime_planned_start");
	event->until = reader_time(reader, node, "datetime_planned_end");
}

static void read_maintenances(struct reader *reader, struct node result)
{
	enum page_phase active = PAGE_PHASE_IN_PROGRESS;
	enum page_phase upcoming = PAGE_PHASE_SCHEDULED;
	struct node node = node_get(result, "maintenance");

	reader->doc->has_maintenances = true;
	if (!node_is_there(node)) {
		reader_odd(
			reader, PAGE_ODD_MISSING, "result.maintenance", NULL);
		return;
	}
	reader_each(reader, reader_list(reader, node, "active", NULLABLE),
		"active", read_maintenance, &active);
	reader_each(reader, reader_list(reader, node, "upcoming", NULLABLE),
		"upcoming", read_maintenance, &upcoming);
}

static void read_statusio(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node result = node_get(root, "result");
	struct node overall = node_get(result, "status_overall");

	doc->has_banner = doc->has_components = doc->has_incidents = true;
	doc->banner = read_status(reader, overall);
	doc->banner_text = reader_text_or_null(reader, overall, "status");
	doc->updated = reader_time(reader, overall, "updated");
	reader_each(reader, reader_list(reader, result, "status", REQUIRED),
		"status", read_component, NULL);
	reader_each(reader, reader_list(reader, result, "incidents", NULLABLE),
		"incidents", read_incident, NULL);
	read_maintenances(reader, result);
}

const struct json_format format_statusio = {
	.format = PAGE_FORMAT_STATUSIO,
	.is_it = is_it,
	.lacks = lacks,
	.read = read_statusio,
};
