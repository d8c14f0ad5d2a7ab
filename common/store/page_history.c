/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is not exactly as it is written here is damaged, and all of it: half a
 * history would make outages that never were.
 */
#include "config.h"

#include "common/store/page_history.h"

#include <jansson.h>
#include <string.h>

#include "common/store/dns_history.h"

enum {
	FORMAT_MAX = 40,
};

static const int64_t time_max_s = 253402300799; /* the end of year 9999 */

static const struct store_kind page_kind = { "status-page", 1 };

/* -- reading, strictly ---------------------------------------------------- */

/* The first oddity stays. */
struct reader {
	struct arena *arena;
	bool is_odd;
};

static int64_t take_time(
	struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
		json_integer_value(value) <= time_max_s)
		return json_integer_value(value);
	reader->is_odd = true;
	return 0;
}

static bool take_bool(
	struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		reader->is_odd = true;
	return json_is_true(value);
}

/* Without control characters; jansson takes no other than UTF-8. */
static const char *copy_text(
	struct reader *reader, const json_t *value, size_t max)
{
	const char *text = json_string_value(value);
	const char *at;

	if (!text || strlen(text) > max) {
		reader->is_odd = true;
		return "";
	}
	for (at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			reader->is_odd = true;
	return arena_strdup(reader->arena, text);
}

static const char *take_text(struct reader *reader, const json_t *object,
	const char *key, size_t max)
{
	return copy_text(reader, json_object_get(object, key), max);
}

static const char *take_text_or_null(struct reader *reader,
	const json_t *object, const char *key, size_t max)
{
	return json_is_null(json_object_get(object, key))
		       ? NULL
		       : take_text(reader, object, key, max);
}

static const json_t *take_array(struct reader *reader, const json_t *object,
	const char *key, size_t max)
{
	const json_t *array = json_object_get(object, key);

	if (json_is_array(array) && json_array_size(array) <= max)
		return array;
	reader->is_odd = true;
	return NULL;
}

/* No member beside those that are known: a newer format has a new version. */
static void expect_members(
	struct reader *reader, const json_t *object, size_t n)
{
	if (!json_is_object(object) || json_object_size(object) != n)
		reader->is_odd = true;
}

/* Sorted, each there once. */
static void expect_order(
	struct reader *reader, const char *before, const char *text)
{
	if (strcmp(before, text) >= 0)
		reader->is_odd = true;
}

static void read_probes(
	struct reader *reader, const json_t *state, struct page_history *out)
{
	const json_t *array =
		take_array(reader, state, "probes", PAGE_HISTORY_PROBES_MAX);
	size_t i;

	out->n_probes = json_array_size(array);
	out->probes =
		arena_array(reader->arena, out->n_probes, sizeof(*out->probes));
	for (i = 0; i < out->n_probes; i++) {
		const json_t *value = json_array_get(array, i);
		struct page_past_probe *probe = &out->probes[i];

		expect_members(reader, value, 5);
		probe->key =
			take_text(reader, value, "key", PAGE_HISTORY_KEY_MAX);
		probe->is_down = take_bool(reader, value, "is_down");
		probe->since_s = take_time(reader, value, "since_s");
		probe->down_s = take_time(reader, value, "down_s");
		probe->up_s = take_time(reader, value, "up_s");
		if (i > 0)
			expect_order(reader, probe[-1].key, probe->key);
	}
}

static void read_affected(
	struct reader *reader, const json_t *value, struct page_past_event *out)
{
	const json_t *array = take_array(
		reader, value, "affected", PAGE_HISTORY_AFFECTED_MAX);
	size_t i;

	out->n_affected = json_array_size(array);
	out->affected = arena_array(
		reader->arena, out->n_affected, sizeof(*out->affected));
	for (i = 0; i < out->n_affected; i++)
		out->affected[i] = copy_text(reader, json_array_get(array, i),
			PAGE_HISTORY_TEXT_MAX);
}

static void read_events(
	struct reader *reader, const json_t *state, struct page_history *out)
{
	const json_t *array =
		take_array(reader, state, "events", PAGE_HISTORY_EVENTS_MAX);
	size_t i;

	out->n_events = json_array_size(array);
	out->events =
		arena_array(reader->arena, out->n_events, sizeof(*out->events));
	for (i = 0; i < out->n_events; i++) {
		const json_t *value = json_array_get(array, i);
		struct page_past_event *event = &out->events[i];

		expect_members(reader, value, 7);
		event->id =
			take_text(reader, value, "id", PAGE_HISTORY_TEXT_MAX);
		event->is_open = take_bool(reader, value, "is_open");
		event->was_monitored =
			take_bool(reader, value, "was_monitored");
		event->first_s = take_time(reader, value, "first_s");
		event->resolved_s = take_time(reader, value, "resolved_s");
		event->reopened_s = take_time(reader, value, "reopened_s");
		read_affected(reader, value, event);
		if (i > 0)
			expect_order(reader, event[-1].id, event->id);
	}
}

static void read_tags(
	struct reader *reader, const json_t *state, struct page_history *out)
{
	const json_t *array =
		take_array(reader, state, "tags", PAGE_HISTORY_TAGS_MAX);
	size_t i;

	out->n_tags = json_array_size(array);
	out->tags = arena_array(reader->arena, out->n_tags, sizeof(*out->tags));
	for (i = 0; i < out->n_tags; i++) {
		const json_t *value = json_array_get(array, i);
		struct page_past_tag *tag = &out->tags[i];

		expect_members(reader, value, 3);
		tag->key =
			take_text(reader, value, "key", PAGE_HISTORY_KEY_MAX);
		tag->etag = take_text_or_null(
			reader, value, "etag", PAGE_HISTORY_TEXT_MAX);
		tag->last_modified = take_text_or_null(
			reader, value, "last_modified", PAGE_HISTORY_TEXT_MAX);
	}
}

/* Text of many lines. */
static const char *take_copy(struct reader *reader, const json_t *state)
{
	const json_t *value = json_object_get(state, "copy");
	const char *text = json_string_value(value);

	if (json_is_null(value))
		return NULL;
	if (text && strlen(text) <= PAGE_HISTORY_COPY_MAX)
		return arena_strdup(reader->arena, text);
	reader->is_odd = true;
	return NULL;
}

static void read_history(
	struct reader *reader, const json_t *state, struct page_history *out)
{
	expect_members(reader, state, 10);
	out->format = take_text_or_null(reader, state, "format", FORMAT_MAX);
	out->page_id = take_text_or_null(
		reader, state, "page_id", PAGE_HISTORY_TEXT_MAX);
	out->page_name = take_text_or_null(
		reader, state, "page_name", PAGE_HISTORY_TEXT_MAX);
	out->well_s = take_time(reader, state, "well_s");
	out->outage_s = take_time(reader, state, "outage_s");
	read_probes(reader, state, out);
	read_events(reader, state, out);
	out->copy = take_copy(reader, state);
	out->copy_s = take_time(reader, state, "copy_s");
	read_tags(reader, state, out);
}

static void read_file(struct arena *arena, struct page_history_store *file)
{
	struct reader reader = { .arena = arena };
	json_t *root = store_take_root(file->store);

	if (!root)
		return;
	read_history(&reader, json_object_get(root, "state"), &file->history);
	json_decref(root);
	if (!reader.is_odd)
		return;
	file->history = (struct page_history){ 0 };
	store_is_damaged(file->store,
		"is damaged: its state is not one that was written");
}

/* -- writing -------------------------------------------------------------- */

/* What is out of bounds can't be read back. */
static int64_t in_time(int64_t time_s)
{
	if (time_s < 0)
		return 0;
	return time_s > time_max_s ? time_max_s : time_s;
}

static void write_probes(struct json *json, const struct page_history *history)
{
	size_t i;

	json_open_array(json, "probes");
	for (i = 0; i < history->n_probes && i < PAGE_HISTORY_PROBES_MAX; i++) {
		const struct page_past_probe *probe = &history->probes[i];

		json_open_object(json, NULL);
		json_add_string(json, "key", probe->key);
		json_add_bool(json, "is_down", probe->is_down);
		json_add_int(json, "since_s", in_time(probe->since_s));
		json_add_int(json, "down_s", in_time(probe->down_s));
		json_add_int(json, "up_s", in_time(probe->up_s));
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_event(struct json *json, const struct page_past_event *event)
{
	size_t i;

	json_open_object(json, NULL);
	json_add_string(json, "id", event->id);
	json_add_bool(json, "is_open", event->is_open);
	json_add_bool(json, "was_monitored", event->was_monitored);
	json_add_int(json, "first_s", in_time(event->first_s));
	json_add_int(json, "resolved_s", in_time(event->resolved_s));
	json_add_int(json, "reopened_s", in_time(event->reopened_s));
	json_open_array(json, "affected");
	for (i = 0; i < event->n_affected && i < PAGE_HISTORY_AFFECTED_MAX; i++)
		json_add_string(json, NULL, event->affected[i]);
	json_close_array(json);
	json_close_object(json);
}

static void write_tags(struct json *json, const struct page_history *history)
{
	size_t i;

	json_open_array(json, "tags");
	for (i = 0; i < history->n_tags && i < PAGE_HISTORY_TAGS_MAX; i++) {
		json_open_object(json, NULL);
		json_add_string(json, "key", history->tags[i].key);
		json_add_string(json, "etag", history->tags[i].etag);
		json_add_string(
			json, "last_modified", history->tags[i].last_modified);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_history(
	struct json *json, const char *key, const void *document)
{
	const struct page_history *history = document;
	size_t i;

	json_open_object(json, key);
	json_add_string(json, "format", history->format);
	json_add_string(json, "page_id", history->page_id);
	json_add_string(json, "page_name", history->page_name);
	json_add_int(json, "well_s", in_time(history->well_s));
	json_add_int(json, "outage_s", in_time(history->outage_s));
	write_probes(json, history);
	json_open_array(json, "events");
	for (i = 0; i < history->n_events && i < PAGE_HISTORY_EVENTS_MAX; i++)
		write_event(json, &history->events[i]);
	json_close_array(json);
	json_add_string(json, "copy", history->copy);
	json_add_int(json, "copy_s", in_time(history->copy_s));
	write_tags(json, history);
	json_close_object(json);
}

/* -- the file ------------------------------------------------------------- */

void page_history_open(struct page_history_store *file, struct arena *arena,
	const struct store_place *place, const char *key)
{
	*file = (struct page_history_store){
		.store = store_open(arena, place, &page_kind, key),
	};
	read_file(arena, file);
	file->state = history_state_of(file->store);
}

void page_history_save(
	struct page_history_store *file, const struct page_history *history)
{
	(void)store_save(file->store, write_history, history);
	file->state = history_state_of(file->store);
}

void page_history_close(struct page_history_store *file)
{
	store_close(file->store);
	file->store = NULL;
}
