/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Providers that list events, each in a way of its own: AWS lists what is
 * open, Google what is open or was, Slack either. None of them lists the
 * components that are well.
 */
#include "config.h"

#include <string.h>

#include "common/page/read.h"

/* -- AWS ------------------------------------------------------------------ */

static const struct word aws_states[] = {
	{ "0", PAGE_HEALTH_OPERATIONAL },
	{ "1", PAGE_HEALTH_NOTICE },
	{ "2", PAGE_HEALTH_DEGRADED },
	{ "3", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static struct node aws_events(struct node root)
{
	return node_type(root) == NODE_LIST ? root : node_get(root, "current");
}

static bool is_aws_event(struct node node)
{
	return node_type(node_get(node, "event_log")) == NODE_LIST &&
	       node_is_there(node_get(node, "status"));
}

/* In its older form, the two lists tell it even where they are empty. */
static bool is_aws(struct node root)
{
	return is_aws_event(node_at(aws_events(root), 0)) ||
	       (node_type(node_get(root, "current")) == NODE_LIST &&
		       node_type(node_get(root, "archive")) == NODE_LIST);
}

/* Nothing being open is an empty list, and where it is forced enough. */
static const char *lacks_aws(struct node root)
{
	struct node events = aws_events(root);

	if (node_type(events) != NODE_LIST)
		return "list of events";
	return node_count(events) == 0 || is_aws(root)
		       ? NULL
		       : "event with \"event_log\" and \"status\"";
}

static void read_aws_log(struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);
	const char *body;

	if (!update)
		return;
	body = reader_body(reader, node, "message", OPTIONAL);
	update->body = first_text(
		body, reader_body(reader, node, "summary", OPTIONAL));
	update->posted = reader_time(reader, node, "timestamp");
}

/* Services are told where something is wrong with them only. */
static void read_aws_services(
	struct reader *reader, struct node node, struct page_event *event)
{
	struct node services = node_get(node, "impacted_services");
	struct node_walk walk = { 0 };
	size_t i = 0;

	while (node_next(services, &walk)) {
		struct page_component *component = reader_add_component(reader);

		if (!component)
			return;
		reader_enter(reader, "impacted_services", i++);
		component->id = reader_copy(
			reader, walk.key, strlen(walk.key), PAGE_NAME_MAX);
		component->name = reader_text(
			reader, walk.value, "service_name", OPTIONAL);
		component->group =
			reader_text_or_null(reader, node, "region_name");
		component->status = reader_status(
			reader, walk.value, "current", aws_states);
		reader_add_affected(reader, event, component->id);
		reader_leave(reader);
	}
}

static void read_aws_event(struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_incident(reader);

	(void)arg;
	if (!event)
		return;
	event->id = first_text(reader_text(reader, node, "arn", OPTIONAL),
		reader_text(reader, node, "service", OPTIONAL));
	event->name = first_text(reader_text(reader, node, "summary", OPTIONAL),
		reader_text(reader, node, "service_name", OPTIONAL));
	event->impact = reader_status(reader, node, "status", aws_states);
	event->created = reader_time(reader, node, "date");
	event->phase = event->impact.health == PAGE_HEALTH_OPERATIONAL
			       ? PAGE_PHASE_RESOLVED
			       : PAGE_PHASE_OPEN;
	event->has_updates = true;
	reader_each(reader, reader_list(reader, node, "event_log", REQUIRED),
		"event_log", read_aws_log, event);
	reader_sort_updates(event);
	reader_add_affected(
		reader, event, reader_text(reader, node, "service", OPTIONAL));
	reader_add_affected(reader, event,
		reader_text(reader, node, "region_name", OPTIONAL));
	read_aws_services(reader, node, event);
}

static void read_aws(struct reader *reader, struct node root)
{
	reader->doc->has_incidents = true;
	reader_each(reader, aws_events(root), "events", read_aws_event, NULL);
}

const struct json_format format_aws = {
	.format = PAGE_FORMAT_AWS,
	.is_it = is_aws,
	.lacks = lacks_aws,
	.read = read_aws,
};

/* -- Google --------------------------------------------------------------- */

static const struct word google_impacts[] = {
	{ "AVAILABLE", PAGE_HEALTH_OPERATIONAL },
	{ "SERVICE_INFORMATION", PAGE_HEALTH_NOTICE },
	{ "SERVICE_DISRUPTION", PAGE_HEALTH_PARTIAL },
	{ "SERVICE_OUTAGE", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static const struct word google_severities[] = {
	{ "low", PAGE_HEALTH_DEGRADED },
	{ "medium", PAGE_HEALTH_PARTIAL },
	{ "high", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

static bool is_google(struct node root)
{
	struct node first = node_at(root, 0);

	return node_text(node_get(first, "begin")) &&
	       node_text(node_get(first, "external_desc"));
}

static const char *lacks_google(struct node root)
{
	return is_google(root)
		       ? NULL
		       : "incident with \"begin\" and \"external_desc\"";
}

static void read_google_update(
	struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);
	const char *word = reader_text_or_null(reader, node, "status");

	if (!update)
		return;
	update->body = reader_body(reader, node, "text", OPTIONAL);
	update->posted = first_time(reader_time(reader, node, "when"),
		reader_time(reader, node, "created"));
	update->word = word;
	if (word && strcmp(word, "AVAILABLE") == 0)
		update->phase = PAGE_PHASE_RESOLVED;
}

/* Products and places go by their id or by their title. */
static void read_google_affected(
	struct reader *reader, struct node node, void *event)
{
	reader_add_affected(
		reader, event, reader_text(reader, node, "id", OPTIONAL));
	reader_add_affected(
		reader, event, reader_text(reader, node, "title", OPTIONAL));
}

static void read_google_parts(
	struct reader *reader, struct node node, struct page_event *event)
{
	struct node recent = node_get(node, "most_recent_update");

	event->has_updates = node_is_there(recent) ||
			     node_is_there(node_get(node, "updates"));
	reader_each(reader, reader_list(reader, node, "updates", OPTIONAL),
		"updates", read_google_update, event);
	if (event->n_updates == 0 && node_type(recent) == NODE_OBJECT)
		read_google_update(reader, recent, event);
	reader_sort_updates(event);
	reader_each(reader,
		reader_list(reader, node, "affected_products", OPTIONAL),
		"affected_products", read_google_affected, event);
	reader_each(reader,
		reader_list(
			reader, node, "currently_affected_locations", OPTIONAL),
		"currently_affected_locations", read_google_affected, event);
}

static void read_google_incident(
	struct reader *reader, struct node node, void *arg)
{
	struct page_event *event = reader_add_incident(reader);

	(void)arg;
	if (!event)
		return;
	event->id = reader_text(reader, node, "id", REQUIRED);
	event->name = reader_text(reader, node, "external_desc", REQUIRED);
	event->created = first_time(reader_time(reader, node, "created"),
		reader_time(reader, node, "begin"));
	if (node_is_there(node_get(node, "status_impact")))
		event->impact = reader_status(
			reader, node, "status_impact", google_impacts);
	else
		event->impact = reader_status(
			reader, node, "severity", google_severities);
	event->resolved = reader_time(reader, node, "end");
	event->phase = event->resolved.fate == PAGE_TIME_NONE ||
				       event->resolved.fate == PAGE_TIME_UNREAD
			       ? PAGE_PHASE_OPEN
			       : PAGE_PHASE_RESOLVED;
	read_google_parts(reader, node, event);
}

static void read_google(struct reader *reader, struct node root)
{
	reader->doc->has_incidents = true;
	reader_each(reader, root, "incidents", read_google_incident, NULL);
}

const struct json_format format_google = {
	.format = PAGE_FORMAT_GOOGLE,
	.is_it = is_google,
	.lacks = lacks_google,
	.read = read_google,
};

/* -- Slack ---------------------------------------------------------------- */

static const struct word slack_states[] = {
	{ "ok", PAGE_HEALTH_OPERATIONAL },
	{ "active", PAGE_HEALTH_DEGRADED },
	{ NULL, 0 },
};

static const struct word slack_types[] = {
	{ "notice", PAGE_HEALTH_NOTICE },
	{ "incident", PAGE_HEALTH_DEGRADED },
	{ "outage", PAGE_HEALTH_MAJOR },
	{ "maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static const struct word slack_phases[] = {
	{ "active", PAGE_PHASE_OPEN },
	{ "resolved", PAGE_PHASE_RESOLVED },
	{ "scheduled", PAGE_PHASE_SCHEDULED },
	{ "completed", PAGE_PHASE_COMPLETED },
	{ "cancelled", PAGE_PHASE_CANCELLED },
	{ NULL, 0 },
};

static bool is_slack_history(struct node root)
{
	struct node first = node_at(root, 0);

	return node_type(node_get(first, "notes")) == NODE_LIST &&
	       node_type(node_get(first, "services")) == NODE_LIST;
}

static bool is_slack(struct node root)
{
	return (node_type(node_get(root, "active_incidents")) == NODE_LIST &&
		       node_text(node_get(root, "status"))) ||
	       is_slack_history(root);
}

static const char *lacks_slack(struct node root)
{
	return is_slack(root) ? NULL : "\"status\" and \"active_incidents\"";
}

static void read_slack_note(
	struct reader *reader, struct node node, void *event)
{
	struct page_update *update = reader_add_update(reader, event);

	if (!update)
		return;
	update->body = reader_body(reader, node, "body", OPTIONAL);
	update->posted = reader_time(reader, node, "date_created");
}

static void read_slack_services(
	struct reader *reader, struct node node, struct page_event *event)
{
	struct node list = reader_list(reader, node, "services", OPTIONAL);
	size_t n = node_count(list);
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = node_text(node_at(list, i));

		if (name)
			reader_add_affected(reader, event,
				reader_copy(reader, name, strlen(name),
					PAGE_NAME_MAX));
	}
}

static void read_slack_incident(
	struct reader *reader, struct node node, void *arg)
{
	struct page_event event = { .id = "", .name = "" };

	(void)arg;
	event.id = reader_text(reader, node, "id", REQUIRED);
	event.name = reader_text(reader, node, "title", REQUIRED);
	event.impact = reader_status(reader, node, "type", slack_types);
	event.phase =
		reader_phase(reader, node, "status", slack_phases, &event.word);
	event.created = reader_time(reader, node, "date_created");
	event.has_updates = true;
	reader_each(reader, reader_list(reader, node, "notes", NULLABLE),
		"notes", read_slack_note, &event);
	reader_sort_updates(&event);
	if (event.phase == PAGE_PHASE_RESOLVED && event.n_updates > 0)
		event.resolved = event.updates[0].posted;
	read_slack_services(reader, node, &event);
	reader_file_event(reader, &event);
}

static void read_slack(struct reader *reader, struct node root)
{
	struct page_document *doc = reader->doc;
	struct node list = root;

	doc->has_incidents = true;
	if (node_type(root) == NODE_OBJECT) {
		list = node_get(root, "active_incidents");
		doc->has_banner = true;
		doc->banner =
			reader_status(reader, root, "status", slack_states);
		doc->updated = reader_time(reader, root, "date_updated");
	}
	reader_each(
		reader, list, "active_incidents", read_slack_incident, NULL);
}

const struct json_format format_slack = {
	.format = PAGE_FORMAT_SLACK,
	.is_it = is_slack,
	.lacks = lacks_slack,
	.read = read_slack,
};
