/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Version 2 of Statuspage's API: summary, components, incidents, unresolved
 * ones, maintenances. incident.io, Rootly and others speak its shape, with
 * parts left out. Anchor: an object "page", and "status" with its indicator,
 * or one of the lists.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/page/read.h"

static const struct word indicators[] = {
	{ "none", PAGE_HEALTH_OPERATIONAL },
	{ "minor", PAGE_HEALTH_DEGRADED },
	{ "major", PAGE_HEALTH_MAJOR },
	{ "critical", PAGE_HEALTH_MAJOR },
	{ "maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static const struct word states[] = {
	{ "operational", PAGE_HEALTH_OPERATIONAL },
	{ "degraded_performance", PAGE_HEALTH_DEGRADED },
	{ "partial_outage", PAGE_HEALTH_PARTIAL },
	{ "major_outage", PAGE_HEALTH_MAJOR },
	{ "full_outage", PAGE_HEALTH_MAJOR },
	{ "under_maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

/* "none" is what an incident has of which nobody marked a component: it says
 * nothing of what is broken. */
static const struct word impacts[] = {
	{ "none", PAGE_HEALTH_NOT_SAID },
	{ "minor", PAGE_HEALTH_DEGRADED },
	{ "major", PAGE_HEALTH_MAJOR },
	{ "critical", PAGE_HEALTH_MAJOR },
	{ "maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static const struct word phases[] = {
	{ "investigating", PAGE_PHASE_INVESTIGATING },
	{ "identified", PAGE_PHASE_IDENTIFIED },
	{ "monitoring", PAGE_PHASE_MONITORING },
	{ "resolved", PAGE_PHASE_RESOLVED },
	{ "postmortem", PAGE_PHASE_POSTMORTEM },
	{ "scheduled", PAGE_PHASE_SCHEDULED },
	{ "in_progress", PAGE_PHASE_IN_PROGRESS },
	{ "verifying", PAGE_PHASE_VERIFYING },
	{ "completed", PAGE_PHASE_COMPLETED },
	{ NULL, 0 },
};

static bool is_list(struct node root, const char *key)
{
	enum node_type type = node_type(node_get(root, key));

	return type == NODE_LIST || type == NODE_NULL;
}

static bool is_it(struct node root)
{
	struct node page = node_get(root, "page");

	if (node_type(page) != NODE_OBJECT ||
		node_text(node_get(page, "status")))
		return false;
	return node_type(node_get(root, "status")) == NODE_OBJECT ||
	       is_list(root, "components") || is_list(root, "incidents") ||
	       is_list(root, "scheduled_maintenances");
}

static const char *lacks(struct node root)
{
	return is_it(root) ? NULL : "\"page\" with \"status\" or a list";
}

static void read_page(struct reader *reader, struct node page)
{
	struct page_document *doc = reader->doc;

	doc->id = reader_text_or_null(reader, page, "id");
	doc->name = reader_text_or_null(reader, page, "name");
	doc->url = reader_text_or_null(reader, page, "url");
	doc->updated = reader_time(reader, page, "updated_at");
	if (!doc->id && !doc->name)
		reader_odd(reader, PAGE_ODD_MISSING, "page.name", NULL);
}

static void read_banner(struct reader *reader, struct node root)
{
	struct node status = node_get(root, "status");
	const char *word;

	if (!node_is_there(status)) {
		/* Only the summary has both lists, and it has a banner. */
		if (is_list(root, "components") && is_list(root, "incidents"))
			reader_odd(reader, PAGE_ODD_MISSING, "status", NULL);
		return;
	}
	reader->doc->has_banner = true;
	word = node_text(node_get(status, "indicator"));
	reader->doc->banner = status_of(PAGE_HEALTH_UNKNOWN, NULL);
	if (word)
		reader->doc->banner = reader_status_of(
			reader, "status.indicator", word, indicators);
	else
		reader_odd(reader, PAGE_ODD_MISSING, "status.indicator", NULL);
	reader->doc->banner_text =
		reader_text_or_null(reader, status, "description");
}

/* -- components ----------------------------------------------------------- */

/* The groups by their ids: a page may have thousands, and more that are in
 * them. */
struct groups {
	const struct page_component **at;
	size_t n;
};

static int compare_groups(const void *a, const void *b)
{
	const struct page_component *const *left = a;
	const struct page_component *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

static struct groups sort_groups(
	struct arena *arena, const struct page_document *doc)
{
	struct groups groups = { .n = 0 };
	size_t i;

	for (i = 0; i < doc->n_components; i++)
		groups.n += doc->components[i].is_group;
	groups.at = arena_array(arena, groups.n, sizeof(*groups.at));
	groups.n = 0;
	for (i = 0; i < doc->n_components; i++)
		if (doc->components[i].is_group)
			groups.at[groups.n++] = &doc->components[i];
	if (groups.n > 0)
		qsort(groups.at, groups.n, sizeof(*groups.at), compare_groups);
	return groups;
}

static const char *find_group(const struct groups *groups, const char *id)
{
	const struct page_component like = { .id = id };
	const struct page_component *key = &like;
	const struct page_component *const *found = NULL;

	if (groups->n > 0)
		found = bsearch(&key, groups->at, groups->n,
			sizeof(*groups->at), compare_groups);
	return found ? (*found)->name : NULL;
}

static void read_component(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);

	(void)arg;
	if (!component)
		return;
	component->id = reader_text(reader, node, "id", REQUIRED);
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->status = reader_status(reader, node, "status", states);
	component->updated = reader_time(reader, node, "updated_at");
	component->is_group = node_is_true(node_get(node, "group"));
	/* Its id until all names are there. */
	component->group = reader_text_or_null(reader, node, "group_id");
}

static void read_components(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node list = reader_list(reader, root, "components", OPTIONAL);
	struct groups groups;
	size_t i;

	doc->has_components = is_list(root, "components");
	reader_each(reader, list, "components", read_component, NULL);
	groups = sort_groups(reader->arena, doc);
	for (i = 0; i < doc->n_components; i++)
		if (doc->components[i].group)
			doc->components[i].group =
				find_group(&groups, doc->components[i].group);
}

/* -- incidents ------------------------------------------------------------ */

static void read_update(struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);

	if (!update)
		return;
	update->id = reader_text(reader, node, "id", OPTIONAL);
	update->phase =
		reader_phase(reader, node, "status", phases, &update->word);
	update->body = reader_body(reader, node, "body", OPTIONAL);
	update->posted = first_time(reader_time(reader, node, "display_at"),
		reader_time(reader, node, "created_at"));
}

static void read_updates(
	struct reader *reader, struct node node, struct page_event *event)
{
	struct node list =
		reader_list(reader, node, "incident_updates", NULLABLE);

	event->has_updates = true;
	reader_each(reader, list, "incident_updates", read_update, event);
	reader_sort_updates(event);
}

static void read_affected(struct reader *reader, struct node node, void *event)
{
	const char *id = reader_text(reader, node, "id", OPTIONAL);
	const char *name = reader_text(reader, node, "name", OPTIONAL);

	reader_add_affected(reader, event, first_text(id, name));
}

static bool is_of_incident(enum page_phase phase)
{
	return phase == PAGE_PHASE_INVESTIGATING ||
	       phase == PAGE_PHASE_IDENTIFIED || phase == PAGE_PHASE_MONITORING;
}

/* arg: whether it is of the maintenances. */
static void read_event(struct reader *reader, struct node node, void *arg)
{
	const bool *is_maintenance = arg;
	struct page_event event = { .id = "", .name = "" };
	struct page_event *place;

	event.id = reader_text(reader, node, "id", REQUIRED);
	event.name = reader_text(reader, node, "name", REQUIRED);
	event.phase = reader_phase(reader, node, "status", phases, &event.word);
	if (node_is_there(node_get(node, "impact")))
		event.impact = reader_status(reader, node, "impact", impacts);
	event.created = first_time(reader_time(reader, node, "created_at"),
		reader_time(reader, node, "started_at"));
	event.resolved = reader_time(reader, node, "resolved_at");
	event.from = reader_time(reader, node, "scheduled_for");
	event.until = reader_time(reader, node, "scheduled_until");
	read_updates(reader, node, &event);
	reader_each(reader, reader_list(reader, node, "components", OPTIONAL),
		"components", read_affected, &event);
	if (!*is_maintenance) {
		/* An impact that people choose makes no maintenance of it. */
		if (is_of_incident(event.phase) &&
			event.impact.health == PAGE_HEALTH_MAINTENANCE)
			event.impact.health = PAGE_HEALTH_NOT_SAID;
		reader_file_event(reader, &event);
		return;
	}
	place = reader_add_maintenance(reader);
	if (place)
		*place = event;
}

static void read_events(struct reader *reader, struct node root,
	const char *key, bool is_maintenance)
{
	reader_each(reader, reader_list(reader, root, key, OPTIONAL), key,
		read_event, &is_maintenance);
}

static void read_statuspage(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;

	read_page(reader, node_get(root, "page"));
	read_banner(reader, root);
	read_components(reader, root);
	doc->has_incidents = is_list(root, "incidents");
	doc->has_maintenances = is_list(root, "scheduled_maintenances");
	/* With components and a banner, it is the summary. */
	if (doc->has_banner && doc->has_components && !doc->has_incidents)
		reader_odd(reader, PAGE_ODD_MISSING, "incidents", NULL);
	read_events(reader, root, "incidents", false);
	read_events(reader, root, "scheduled_maintenances", true);
}

const struct json_format format_statuspage = {
	.format = PAGE_FORMAT_STATUSPAGE,
	.is_it = is_it,
	.lacks = lacks,
	.read = read_statuspage,
};
