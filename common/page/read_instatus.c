/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages whose summary has its state in "page": Instatus, Checkly, Sorry. And
 * Checkly's list of unresolved incidents, which has no page at all.
 */
#include "config.h"

#include <string.h>

#include "common/page/read.h"

static const struct word page_states[] = {
	{ "UP", PAGE_HEALTH_OPERATIONAL },
	{ "OPERATIONAL", PAGE_HEALTH_OPERATIONAL },
	{ "HASISSUES", PAGE_HEALTH_DEGRADED },
	{ "HAS_ISSUES", PAGE_HEALTH_DEGRADED },
	{ "UNDERMAINTENANCE", PAGE_HEALTH_MAINTENANCE },
	{ "DEGRADEDPERFORMANCE", PAGE_HEALTH_DEGRADED },
	{ "PARTIALOUTAGE", PAGE_HEALTH_PARTIAL },
	{ "MINOROUTAGE", PAGE_HEALTH_PARTIAL },
	{ "MAJOROUTAGE", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static const struct word states[] = {
	{ "OPERATIONAL", PAGE_HEALTH_OPERATIONAL },
	{ "UNDERMAINTENANCE", PAGE_HEALTH_MAINTENANCE },
	{ "DEGRADEDPERFORMANCE", PAGE_HEALTH_DEGRADED },
	{ "PARTIALOUTAGE", PAGE_HEALTH_PARTIAL },
	{ "MINOROUTAGE", PAGE_HEALTH_PARTIAL },
	{ "MAJOROUTAGE", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static const struct word phases[] = {
	{ "INVESTIGATING", PAGE_PHASE_INVESTIGATING },
	{ "IDENTIFIED", PAGE_PHASE_IDENTIFIED },
	{ "MONITORING", PAGE_PHASE_MONITORING },
	{ "RESOLVED", PAGE_PHASE_RESOLVED },
	{ NULL, 0 },
};

static const struct word maintenance_phases[] = {
	{ "NOTSTARTEDYET", PAGE_PHASE_SCHEDULED },
	{ "INPROGRESS", PAGE_PHASE_IN_PROGRESS },
	{ "VERIFYING", PAGE_PHASE_VERIFYING },
	{ "COMPLETED", PAGE_PHASE_COMPLETED },
	{ NULL, 0 },
};

/* -- Instatus ------------------------------------------------------------- */

/* "ONEMAJOROUTAGE": of how many components, which is told by them. */
static const char *without_number(const char *word)
{
	static const char *const numbers[] = { "ALL", "SOME", "ONE" };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t len = strlen(numbers[i]);

		if (strncmp(word, numbers[i], len) == 0 &&
			word_find(states, word + len) >= 0)
			return word + len;
	}
	return word;
}

/* Its components.json has no page: known by the words in it. */
static bool is_components(struct node root)
{
	const char *word = node_text(
		node_get(node_at(node_get(root, "components"), 0), "status"));

	return word && *word >= 'A' && *word <= 'Z' &&
	       word_find(states, word) >= 0;
}

static bool is_it(struct node root)
{
	return node_text(node_get(node_get(root, "page"), "status")) ||
	       (node_type(node_get(root, "page")) == NODE_MISSING &&
		       is_components(root));
}

static const char *lacks(struct node root)
{
	return is_it(root) ? NULL : "\"page\" with a \"status\"";
}

static void read_update(struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);

	if (!update)
		return;
	update->id = reader_text(reader, node, "id", OPTIONAL);
	update->word = reader_text_or_null(reader, node, "status");
	if (update->word)
		update->phase =
			reader_phase_of(reader, "status", update->word, phases);
	update->body =
		first_text(reader_body(reader, node, "message", OPTIONAL),
			reader_body(reader, node, "description", OPTIONAL));
	update->posted = first_time(reader_time(reader, node, "started"),
		first_time(
			reader_time(reader, node, "publicIncidentUpdateDate"),
			reader_time(reader, node, "created_at")));
}

static void read_updates(struct reader *reader, struct node node,
	struct page_event *event, const char *key)
{
	if (!node_is_there(node_get(node, key)))
		return;
	event->has_updates = true;
	reader_each(reader, reader_list(reader, node, key, OPTIONAL), key,
		read_update, event);
	reader_sort_updates(event);
}

static void read_affected(struct reader *reader, struct node node, void *event)
{
	const char *id = reader_text(reader, node, "id", OPTIONAL);
	const char *name = reader_text(reader, node, "name", OPTIONAL);

	reader_add_affected(reader, event, first_text(id, name));
}

static void read_all_affected(struct reader *reader, struct node node,
	struct page_event *event, const char *key)
{
	reader_each(reader, reader_list(reader, node, key, OPTIONAL), key,
		read_affected, event);
}

static void read_incident(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_incident(reader);

	(void)arg;
	if (!event)
		return;
	/* Older pages have no id but in the address. */
	event->id = first_text(reader_text(reader, node, "id", OPTIONAL),
		reader_text(reader, node, "url", OPTIONAL));
	event->name = reader_text(reader, node, "name", REQUIRED);
	event->phase =
		reader_phase(reader, node, "status", phases, &event->word);
	if (node_is_there(node_get(node, "impact")))
		event->impact = reader_status(reader, node, "impact", states);
	event->created = reader_time(reader, node, "started");
	event->resolved = reader_time(reader, node, "resolved");
	read_updates(reader, node, event, "updates");
	read_all_affected(reader, node, event, "components");
}

/* Its length is in minutes, as a number or as text. */
static struct page_time end_of(
	struct reader *reader, struct node node, const struct page_time *from)
{
	struct page_time until = *from;
	int64_t minutes;

	if (!node_int(node_get(node, "duration"), &minutes) || minutes < 0 ||
		minutes > 60 * 24 * 366)
		return reader_time(reader, node, "end");
	if (until.fate == PAGE_TIME_KNOWN || until.fate == PAGE_TIME_ZONELESS)
		until.s += minutes * 60;
	return until;
}

static void read_maintenance(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_maintenance(reader);

	(void)arg;
	if (!event)
		return;
	event->id = first_text(reader_text(reader, node, "id", OPTIONAL),
		reader_text(reader, node, "url", OPTIONAL));
	event->name = reader_text(reader, node, "name", REQUIRED);
	event->phase = reader_phase(
		reader, node, "status", maintenance_phases, &event->word);
	event->from = reader_time(reader, node, "start");
	event->until = end_of(reader, node, &event->from);
	read_all_affected(reader, node, event, "components");
}

static void read_component(struct reader *reader, struct node node, void *arg)
{
	struct page_component *component = reader_add_component(reader);
	struct node group = node_get(node, "group");

	(void)arg;
	if (!component)
		return;
	component->id = reader_text(reader, node, "id", REQUIRED);
	component->name = reader_text(reader, node, "name", REQUIRED);
	component->status = reader_status(reader, node, "status", states);
	component->is_group = node_is_true(node_get(node, "isParent"));
	if (node_type(group) == NODE_OBJECT)
		component->group = reader_text_or_null(reader, group, "name");
	else if (node_text(group))
		component->group = reader_text_or_null(reader, node, "group");
}

static void read_instatus(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node page = node_get(root, "page");
	const char *word = node_text(node_get(page, "status"));

	doc->id = reader_text_or_null(reader, page, "id");
	doc->name = reader_text_or_null(reader, page, "name");
	doc->url = reader_text_or_null(reader, page, "url");
	if (word) {
		doc->has_banner = true;
		doc->banner = reader_status_of(reader, "page.status",
			without_number(word), page_states);
		doc->banner.word = doc->banner_text =
			reader_text(reader, page, "status", OPTIONAL);
		/* Both are left out where there are none. */
		doc->has_incidents = doc->has_maintenances = true;
	}
	doc->has_components = node_is_there(node_get(root, "components"));
	reader_each(reader, reader_list(reader, root, "components", OPTIONAL),
		"components", read_component, NULL);
	reader_each(reader,
		reader_list(reader, root, "activeIncidents", OPTIONAL),
		"activeIncidents", read_incident, NULL);
	reader_each(reader,
		reader_list(reader, root, "activeMaintenances", OPTIONAL),
		"activeMaintenances", read_maintenance, NULL);
}

const struct json_format format_instatus = {
	.format = PAGE_FORMAT_INSTATUS,
	.is_it = is_it,
	.lacks = lacks,
	.read = read_instatus,
};

/* -- Sorry ---------------------------------------------------------------- */

static const struct word sorry_states[] = {
	{ "operational", PAGE_HEALTH_OPERATIONAL },
	{ "recovering", PAGE_HEALTH_DEGRADED },
	{ "degraded", PAGE_HEALTH_DEGRADED },
	{ "under_maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static bool is_sorry(struct node root)
{
	return node_text(node_get(node_get(root, "page"), "state")) != NULL;
}

static const char *lacks_sorry(struct node root)
{
	return is_sorry(root) ? NULL : "\"page\" with a \"state\"";
}

/* Its incidents are in documents of their own. */
static void read_sorry(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node page = node_get(root, "page");

	doc->name = reader_text_or_null(reader, page, "name");
	doc->url = reader_text_or_null(reader, page, "url");
	doc->updated = reader_time(reader, page, "updated_at");
	doc->has_banner = true;
	doc->banner = reader_status(reader, page, "state", sorry_states);
}

const struct json_format format_sorry = {
	.format = PAGE_FORMAT_SORRY,
	.is_it = is_sorry,
	.lacks = lacks_sorry,
	.read = read_sorry,
};

/* -- Checkly's incidents -------------------------------------------------- */

static const struct word severities[] = {
	{ "MINOR", PAGE_HEALTH_DEGRADED },
	{ "MEDIUM", PAGE_HEALTH_PARTIAL },
	{ "MAJOR", PAGE_HEALTH_MAJOR },
	{ "CRITICAL", PAGE_HEALTH_MAJOR },
	{ "MAINTENANCE", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static bool is_checkly(struct node root)
{
	struct node first = node_at(node_get(root, "incidents"), 0);

	return node_text(node_get(first, "lastUpdateStatus")) != NULL;
}

static const char *lacks_checkly(struct node root)
{
	return node_type(node_get(root, "incidents")) == NODE_LIST
		       ? NULL
		       : "list \"incidents\"";
}

static void read_checkly_incident(
	struct reader *reader, struct node node, void *arg)
{
	struct page_event event = { .id = "", .name = "" };

	(void)arg;
	event.id = reader_text(reader, node, "id", REQUIRED);
	event.name = reader_text(reader, node, "name", REQUIRED);
	event.phase = reader_phase(
		reader, node, "lastUpdateStatus", phases, &event.word);
	event.impact = reader_status(reader, node, "severity", severities);
	event.created = reader_time(reader, node, "created_at");
	read_updates(reader, node, &event, "incidentUpdates");
	read_all_affected(reader, node, &event, "services");
	reader_file_event(reader, &event);
}

static void read_checkly(struct reader *reader, struct node root)
{
	reader->doc->has_incidents = true;
	reader_each(reader, reader_list(reader, root, "incidents", REQUIRED),
		"incidents", read_checkly_incident, NULL);
}

const struct json_format format_checkly = {
	.format = PAGE_FORMAT_CHECKLY,
	.is_it = is_checkly,
	.lacks = lacks_checkly,
	.read = read_checkly,
};
