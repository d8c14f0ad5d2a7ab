/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Better Stack's index.json: JSON:API, with sections, resources, reports and
 * updates side by side in "included". A report without an end may be resolved:
 * only its state counts. Anchor: data of the type "status_page" with
 * "aggregate_state".
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/page/read.h"

static const struct word states[] = {
	{ "operational", PAGE_HEALTH_OPERATIONAL },
	{ "resolved", PAGE_HEALTH_OPERATIONAL },
	{ "degraded", PAGE_HEALTH_DEGRADED },
	{ "downtime", PAGE_HEALTH_MAJOR },
	{ "maintenance", PAGE_HEALTH_MAINTENANCE },
	{ "not_monitored", PAGE_HEALTH_UNMONITORED },
	{ NULL, 0 },
};

static bool is_type(struct node node, const char *type)
{
	const char *text = node_text(node_get(node, "type"));

	return text && strcmp(text, type) == 0;
}

static bool is_it(struct node root)
{
	struct node data = node_get(root, "data");

	return is_type(data, "status_page") &&
	       node_text(node_get(
		       node_get(data, "attributes"), "aggregate_state"));
}

static const char *lacks(struct node root)
{
	return is_it(root) ? NULL
			   : "\"status_page\" with an \"aggregate_state\"";
}

/* -- what is included, by type and id ------------------------------------- */

struct entry {
	const char *type, *id;
	struct node attributes;
};

struct entries {
	struct entry *at;
	size_t n;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	int types = strcmp(left->type, right->type);

	return types != 0 ? types : strcmp(left->id, right->id);
}

static void index_entry(struct reader *reader, struct node node, void *arg)
{
	struct entries *entries = arg;
	struct entry *entry = &entries->at[entries->n++];

	entry->type = reader_text(reader, node, "type", REQUIRED);
	entry->id = reader_text(reader, node, "id", OPTIONAL);
	entry->attributes = node_get(node, "attributes");
}

static const struct entry *find_entry(
	const struct entries *entries, const char *type, const char *id)
{
	const struct entry key = { .type = type, .id = id };

	return *id == '\0' ? NULL
			   : bsearch(&key, entries->at, entries->n,
				     sizeof(*entries->at), compare_entries);
}

/* -- resources ------------------------------------------------------------ */

static void read_resource(struct reader *reader, struct node attributes,
	const char *id, const struct entries *entries)
{
	struct page_component *component = reader_add_component(reader);
	const struct entry *section;

	if (!component)
		return;
	component->id = id;
	component->name =
		reader_text(reader, attributes, "public_name", REQUIRED);
	component->status = reader_status(reader, attributes, "status", states);
	section = find_entry(entries, "status_page_section",
		reader_text(reader, attributes, "status_page_section_id",
			OPTIONAL));
	if (section)
		component->group = reader_text_or_null(
			reader, section->attributes, "name");
}

/* -- reports -------------------------------------------------------------- */

struct affected {
	struct page_event *event; /* NULL: no list is kept */
	struct page_status worst;
	bool is_resolved; /* all of it */
};

static void read_affected(struct reader *reader, struct node node, void *arg)
{
	struct affected *affected = arg;
	struct page_status status =
		reader_status(reader, node, "status", states);

	affected->worst = status_worst(affected->worst, status);
	affected->is_resolved &= status.health == PAGE_HEALTH_OPERATIONAL;
	if (affected->event)
		reader_add_affected(reader, affected->event,
			reader_text(reader, node, "status_page_resource_id",
				OPTIONAL));
}

static struct affected read_all_affected(
	struct reader *reader, struct node attributes, struct page_event *event)
{
	struct affected affected = { .event = event };
	struct node list =
		reader_list(reader, attributes, "affected_resources", OPTIONAL);

	affected.is_resolved = node_count(list) > 0;
	reader_each(
		reader, list, "affected_resources", read_affected, &affected);
	return affected;
}

struct linking {
	struct page_event *event;
	const struct entries *entries;
};

static void link_update(struct reader *reader, struct node node, void *arg)
{
	const struct linking *linking = arg;
	const char *id = reader_text(reader, node, "id", REQUIRED);
	const struct entry *entry =
		find_entry(linking->entries, "status_update", id);
	struct page_update *update;

	if (!entry) {
		reader_odd(reader, PAGE_ODD_MISSING, "status_update", id);
		return;
	}
	update = reader_add_update(reader, linking->event);
	if (!update)
		return;
	update->id = id;
	update->body =
		reader_body(reader, entry->attributes, "message", OPTIONAL);
	update->posted = reader_time(reader, entry->attributes, "published_at");
	if (read_all_affected(reader, entry->attributes, NULL).is_resolved)
		update->phase = PAGE_PHASE_RESOLVED;
}

static void read_updates(struct reader *reader, struct node report,
	struct page_event *event, const struct entries *entries)
{
	struct linking linking = { event, entries };
	struct node updates =
		node_get(node_get(report, "relationships"), "status_updates");

	if (!node_is_there(updates))
		return;
	event->has_updates = true;
	reader_each(reader, reader_list(reader, updates, "data", NULLABLE),
		"status_updates", link_update, &linking);
	reader_sort_updates(event);
}

static void read_report(struct reader *reader, struct node node, const char *id,
	const struct entries *entries)
{
	struct node attributes = node_get(node, "attributes");
	const char *type =
		reader_text(reader, attributes, "report_type", OPTIONAL);
	bool is_maintenance = strcmp(type, "maintenance") == 0;
	struct page_event *event = is_maintenance
					   ? reader_add_maintenance(reader)
					   : reader_add_incident(reader);
	struct page_status state;

	if (!event)
		return;
	event->id = id;
	event->name = reader_text(reader, attributes, "title", REQUIRED);
	event->from = reader_time(reader, attributes, "starts_at");
	event->until = reader_time(reader, attributes, "ends_at");
	event->created = event->from;
	state = reader_status(reader, attributes, "aggregate_state", states);
	event->impact = status_worst(
		state, read_all_affected(reader, attributes, event).worst);
	/* When it is to be is told by its times alone. */
	event->phase = PAGE_PHASE_OPEN;
	if (state.word && strcmp(state.word, "resolved") == 0)
		event->phase = is_maintenance ? PAGE_PHASE_COMPLETED
					      : PAGE_PHASE_RESOLVED;
	read_updates(reader, node, event, entries);
	if (event->phase == PAGE_PHASE_RESOLVED && event->n_updates > 0)
		event->resolved = event->updates[0].posted;
}

/* -- the page ------------------------------------------------------------- */

static void read_entry(struct reader *reader, struct node node, void *arg)
{
	const char *id = reader_text(reader, node, "id", OPTIONAL);

	if (is_type(node, "status_page_resource"))
		read_resource(reader, node_get(node, "attributes"), id, arg);
	else if (is_type(node, "status_report"))
		read_report(reader, node, id, arg);
}

static void read_betterstack(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node data = node_get(root, "data");
	struct node attributes = node_get(data, "attributes");
	struct node included = reader_list(reader, root, "included", REQUIRED);
	struct entries entries = { .n = 0 };

	entries.at = arena_array(
		reader->arena, node_count(included), sizeof(*entries.at));
	doc->id = reader_text_or_null(reader, data, "id");
	doc->name = reader_text_or_null(reader, attributes, "company_name");
	doc->updated = reader_time(reader, attributes, "updated_at");
	doc->has_banner = doc->has_components = true;
	doc->has_incidents = doc->has_maintenances = true;
	doc->banner =
		reader_status(reader, attributes, "aggregate_state", states);
	doc->banner_text = doc->banner.word;
	reader_each(reader, included, "included", index_entry, &entries);
	qsort(entries.at, entries.n, sizeof(*entries.at), compare_entries);
	reader_each(reader, included, "included", read_entry, &entries);
}

const struct json_format format_betterstack = {
	.format = PAGE_FORMAT_BETTERSTACK,
	.is_it = is_it,
	.lacks = lacks,
	.read = read_betterstack,
};
