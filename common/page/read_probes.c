/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages that show what probes saw: Uptime Kuma, Gatus, Upptime. The last
 * result of each counts.
 */
#include "config.h"

#include <string.h>

#include "common/page/read.h"

static void reject_if_nothing(struct reader *reader)
{
	if (reader->doc->n_components == 0)
		reader_reject(
			reader, PAGE_BARE, "lists nothing that is probed");
}

/* A page whose prober stands still looks well for ever. */
static void note_probe(struct reader *reader, const struct page_time *time)
{
	struct page_time *newest = &reader->doc->rendered;

	if (time->fate == PAGE_TIME_KNOWN &&
		(newest->fate != PAGE_TIME_KNOWN || time->s > newest->s))
		*newest = *time;
}

/* The newest result, whatever their order; the last where no time tells. */
static struct node newest(
	struct reader *reader, struct node results, const char *key)
{
	size_t n = node_count(results);
	struct node last = node_at(results, n - 1);
	int64_t newest_s = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct node result = node_at(results, i);
		struct page_time time = reader_time(reader, result, key);

		if (time.s < newest_s || time.s == 0)
			continue;
		last = result;
		newest_s = time.s;
	}
	return last;
}

/* -- Uptime Kuma: what is probed, and incidents --------------------------- */

static const struct word styles[] = {
	{ "info", PAGE_HEALTH_NOTICE },
	{ "primary", PAGE_HEALTH_NOTICE },
	{ "light", PAGE_HEALTH_NOTICE },
	{ "dark", PAGE_HEALTH_NOTICE },
	{ "warning", PAGE_HEALTH_DEGRADED },
	{ "danger", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static const struct word maintenance_states[] = {
	{ "scheduled", PAGE_PHASE_SCHEDULED },
	{ "under-maintenance", PAGE_PHASE_IN_PROGRESS },
	{ "ended", PAGE_PHASE_COMPLETED },
	{ "inactive", PAGE_PHASE_CANCELLED },
	{ "unknown", PAGE_PHASE_OPEN },
	{ NULL, 0 },
};

static bool is_kuma(struct node root)
{
	return node_type(node_get(root, "config")) == NODE_OBJECT &&
	       node_type(node_get(root, "publicGroupList")) == NODE_LIST;
}

static const char *lacks_kuma(struct node root)
{
	return is_kuma(root) ? NULL : "\"config\" and \"publicGroupList\"";
}

/* Its states are in the other document. */
static void read_monitor(struct reader *reader, struct node node, void *group)
{
	struct page_component *component = reader_add_component(reader);

	if (!component)
		return;
	component->id = reader_text(reader, node, "id", REQUIRED);
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->group = group;
}

static void read_group(struct reader *reader, struct node node, void *arg)
{
	const char *name = reader_text(reader, node, "name", REQUIRED);
	char *copy = arena_strdup(reader->arena, name);

	(void)arg;
	reader_each(reader, reader_list(reader, node, "monitorList", REQUIRED),
		"monitorList", read_monitor, copy);
}

static void read_notice(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_incident(reader);
	struct page_update *update;

	(void)arg;
	if (!event)
		return;
	event->id = reader_text(reader, node, "id", REQUIRED);
	event->name = reader_text(reader, node, "title", REQUIRED);
	event->impact = reader_status(reader, node, "style", styles);
	event->created = reader_time(reader, node, "createdDate");
	/* What is shown is open, unless it is of the past that newer versions
	 * list as well. */
	event->phase = PAGE_PHASE_OPEN;
	if (node_type(node_get(node, "active")) == NODE_BOOL &&
		!node_is_true(node_get(node, "active")))
		event->phase = PAGE_PHASE_RESOLVED;
	event->has_updates = true;
	update = reader_add_update(reader, event);
	if (!update)
		return;
	update->body = reader_body(reader, node, "content", OPTIONAL);
	update->posted = first_time(
		reader_time(reader, node, "lastUpdatedDate"), event->created);
}

static void read_maintenance(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_maintenance(reader);
	struct node slot = node_at(node_get(node, "timeslotList"), 0);

	(void)arg;
	if (!event)
		return;
	event->id = reader_text(reader, node, "id", REQUIRED);
	event->name = reader_text(reader, node, "title", REQUIRED);
	event->phase = reader_phase(
		reader, node, "status", maintenance_states, &event->word);
	event->from = reader_time(reader, slot, "startDate");
	event->until = reader_time(reader, slot, "endDate");
}

static void read_kuma(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node config = node_get(root, "config");
	struct node single = node_get(root, "incident");

	reader->zone = (struct page_zone){ .is_known = true };
	doc->id = reader_text_or_null(reader, config, "slug");
	doc->name = reader_text_or_null(reader, config, "title");
	doc->has_incidents = doc->has_maintenances = true;
	reader_each(reader, node_get(root, "publicGroupList"),
		"publicGroupList", read_group, NULL);
	/* One until version 2, a list since then. */
	if (node_type(single) == NODE_OBJECT)
		read_notice(reader, single, NULL);
	else if (node_type(single) == NODE_MISSING)
		reader_each(reader,
			reader_list(reader, root, "incidents", NULLABLE),
			"incidents", read_notice, NULL);
	reader_each(reader,
		reader_list(reader, root, "maintenanceList", NULLABLE),
		"maintenanceList", read_maintenance, NULL);
}

const struct json_format format_kuma = {
	.format = PAGE_FORMAT_KUMA,
	.is_it = is_kuma,
	.lacks = lacks_kuma,
	.read = read_kuma,
};

/* -- Uptime Kuma: the states ---------------------------------------------- */

static const struct word beats[] = {
	{ "0", PAGE_HEALTH_MAJOR },
	{ "1", PAGE_HEALTH_OPERATIONAL },
	{ "2", PAGE_HEALTH_DEGRADED }, /* failed, and is tried again */
	{ "3", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static bool is_heartbeat(struct node root)
{
	return node_type(node_get(root, "heartbeatList")) == NODE_OBJECT;
}

static const char *lacks_heartbeat(struct node root)
{
	return is_heartbeat(root) ? NULL : "\"heartbeatList\"";
}

static void read_beats(struct reader *reader, const char *id, struct node list)
{
	struct page_component *component = reader_add_component(reader);
	struct node last = newest(reader, list, "time");

	if (!component)
		return;
	component->id = reader_copy(reader, id, strlen(id), PAGE_NAME_MAX);
	component->status = status_of(PAGE_HEALTH_UNKNOWN, NULL);
	if (node_type(last) != NODE_OBJECT) {
		reader_odd(reader, PAGE_ODD_MISSING, "heartbeatList", id);
		return;
	}
	component->status = reader_status(reader, last, "status", beats);
	component->updated = reader_time(reader, last, "time");
	note_probe(reader, &component->updated);
}

static void read_heartbeat(struct reader *reader, struct node root)
{
	struct node list = node_get(root, "heartbeatList");
	struct node_walk walk = { 0 };
	size_t i = 0;

	reader->zone = (struct page_zone){ .is_known = true };
	reader->doc->has_components = true;
	while (node_next(list, &walk)) {
		reader_enter(reader, "heartbeatList", i++);
		read_beats(reader, walk.key, walk.value);
		reader_leave(reader);
	}
	reject_if_nothing(reader);
}

const struct json_format format_kuma_heartbeat = {
	.format = PAGE_FORMAT_KUMA_HEARTBEAT,
	.is_it = is_heartbeat,
	.lacks = lacks_heartbeat,
	.read = read_heartbeat,
};

/* -- Gatus ---------------------------------------------------------------- */

static bool is_endpoint(struct node node)
{
	return node_type(node_get(node, "results")) == NODE_LIST &&
	       node_text(node_get(node, "name"));
}

static bool is_gatus(struct node root)
{
	return is_endpoint(root) || is_endpoint(node_at(root, 0));
}

static const char *lacks_gatus(struct node root)
{
	return is_gatus(root) ? NULL : "endpoint with \"results\"";
}

static void read_endpoint(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);
	struct node result = newest(reader,
		reader_list(reader, node, "results", REQUIRED), "timestamp");
	struct node success = node_get(result, "success");

	(void)arg;
	if (!component)
		return;
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->group = reader_text_or_null(reader, node, "group");
	component->id = first_text(
		reader_text(reader, node, "key", OPTIONAL), component->name);
	component->updated = reader_time(reader, result, "timestamp");
	note_probe(reader, &component->updated);
	component->status = status_of(PAGE_HEALTH_UNKNOWN, NULL);
	if (node_type(success) != NODE_BOOL)
		reader_odd(reader, PAGE_ODD_MISSING, "results.success", NULL);
	else if (node_is_true(success))
		component->status = status_of(PAGE_HEALTH_OPERATIONAL, "up");
	else
		component->status = status_of(PAGE_HEALTH_MAJOR, "down");
}

static void read_gatus(struct reader *reader, struct node root)
{
	reader->doc->has_components = true;
	if (node_type(root) == NODE_OBJECT)
		read_endpoint(reader, root, NULL);
	else
		reader_each(reader, root, "endpoints", read_endpoint, NULL);
	reject_if_nothing(reader);
}

const struct json_format format_gatus = {
	.format = PAGE_FORMAT_GATUS,
	.is_it = is_gatus,
	.lacks = lacks_gatus,
	.read = read_gatus,
};

/* -- Upptime -------------------------------------------------------------- */

static const struct word site_states[] = {
	{ "up", PAGE_HEALTH_OPERATIONAL },
	{ "degraded", PAGE_HEALTH_DEGRADED },
	{ "down", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static bool is_upptime(struct node root)
{
	struct node first = node_at(root, 0);

	return node_text(node_get(first, "slug")) &&
	       node_text(node_get(first, "status")) &&
	       node_is_there(node_get(first, "uptime"));
}

static const char *lacks_upptime(struct node root)
{
	return is_upptime(root) ? NULL
				: "site with \"slug\", \"status\", \"uptime\"";
}

static void read_site(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);

	(void)arg;
	if (!component)
		return;
	component->id = reader_text(reader, node, "slug", REQUIRED);
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->status = reader_status(reader, node, "status", site_states);
}

static void read_upptime(struct reader *reader, struct node root)
{
	reader->doc->has_components = true;
	reader_each(reader, root, "sites", read_site, NULL);
	reject_if_nothing(reader);
}

const struct json_format format_upptime = {
	.format = PAGE_FORMAT_UPPTIME,
	.is_it = is_upptime,
	.lacks = lacks_upptime,
	.read = read_upptime,
};
