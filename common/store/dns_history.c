/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The history of a zone and its remembered delegation as state files. What is
 * not exactly as it is written here is damaged, and all of it: half a history
 * would make ages that never were.
 */
#include "config.h"

#include "common/store/dns_history.h"

#include <jansson.h>
#include <string.h>

#include "common/dns/name.h"
#include "common/dns/security.h"

enum {
	SERVER_MAX = 64, /* "[2001:db8::1]:5300" */
	NSID_MAX = 512,
	LINE_MAX_DS = 256, /* a SHA-512 is 128 digits */
	LINE_MAX_GLUE = DNS_NAME_TEXT + DNS_ADDR_TEXT,
};

static const int64_t time_max_s = 253402300799; /* the end of year 9999 */

static const struct store_kind history_kind = { "dns-history", 1 };
static const struct store_kind delegation_kind = { "dns-delegation", 1 };

/* -- reading, strictly --------------------------------------------------- */

/* The first oddity stays. */
struct reader {
	struct arena *arena;
	bool is_odd;
};

static int64_t take_int(
	struct reader *reader, json_t *object, const char *key, int64_t max)
{
	json_t *value = json_object_get(object, key);

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
		json_integer_value(value) <= max)
		return json_integer_value(value);
	reader->is_odd = true;
	return 0;
}

static bool take_bool(struct reader *reader, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		reader->is_odd = true;
	return json_is_true(value);
}

/* Printable ASCII of at most max bytes; "" where it is not. */
static const char *take_text(struct reader *reader, json_t *value, size_t max)
{
	const char *text = json_string_value(value);
	const char *at;

	if (!text || strlen(text) > max) {
		reader->is_odd = true;
		return "";
	}
	for (at = text; *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e)
			reader->is_odd = true;
	return arena_strdup(reader->arena, text);
}

static json_t *take_array(
	struct reader *reader, json_t *object, const char *key, size_t max)
{
	json_t *array = json_object_get(object, key);

	if (json_is_array(array) && json_array_size(array) <= max)
		return array;
	reader->is_odd = true;
	return NULL;
}

/* No member beside those that are known: a newer format has a new version. */
static void expect_members(struct reader *reader, json_t *object, size_t n)
{
	if (!json_is_object(object) || json_object_size(object) != n)
		reader->is_odd = true;
}

typedef void (*read_fn)(struct reader *reader, json_t *state, void *out);

/* False: there is nothing that was read, and *out is of no use. */
static bool read_state(
	struct arena *arena, struct store_file *store, read_fn fn, void *out)
{
	struct reader reader = { .arena = arena };
	json_t *root = store_take_root(store);

	if (!root)
		return false;
	fn(&reader, json_object_get(root, "state"), out);
	json_decref(root);
	if (reader.is_odd)
		store_is_damaged(store,
			"is damaged: its state is not one that was "
			"written");
	return !reader.is_odd;
}

/* "192.0.2.1", "[192.0.2.1]:53", "[2001:db8::1]:53". */
static bool is_server(const char *text)
{
	char addr[SERVER_MAX + 1];
	struct dns_addr ignored;
	size_t len = strcspn(text, "]");

	if (text[0] != '[')
		return dns_addr_parse(text, &ignored);
	if (text[len] != ']' || text[len + 1] != ':' ||
		text[len + 2 + strspn(text + len + 2, "0123456789")] != '\0')
		return false;
	memcpy(addr, text + 1, len - 1);
	addr[len - 1] = '\0';
	return dns_addr_parse(addr, &ignored);
}

/* -- the history --------------------------------------------------------- */

static void read_serials(
	struct reader *reader, json_t *state, struct dns_history *out)
{
	json_t *array =
		take_array(reader, state, "serials", DNS_HISTORY_SERIALS_MAX);
	size_t i;

	out->n_serials = json_array_size(array);
	out->serials = arena_array(
		reader->arena, out->n_serials, sizeof(*out->serials));
	for (i = 0; i < out->n_serials; i++) {
		json_t *value = json_array_get(array, i);

		expect_members(reader, value, 2);
		out->serials[i].serial =
			(uint32_t)take_int(reader, value, "serial", UINT32_MAX);
		out->serials[i].first_s =
			take_int(reader, value, "first_s", time_max_s);
	}
}

static void read_copies(
	struct reader *reader, json_t *state, struct dns_history *out)
{
	json_t *array =
		take_array(reader, state, "copies", DNS_HISTORY_SERVERS_MAX);
	size_t i;

	out->n_copies = json_array_size(array);
	out->copies =
		arena_array(reader->arena, out->n_copies, sizeof(*out->copies));
	for (i = 0; i < out->n_copies; i++) {
		json_t *value = json_array_get(array, i);
		struct dns_past_copy *copy = &out->copies[i];

		expect_members(reader, value, 5);
		copy->server = take_text(
			reader, json_object_get(value, "server"), SERVER_MAX);
		copy->nsid = take_text(
			reader, json_object_get(value, "nsid"), NSID_MAX);
		copy->serial =
			(uint32_t)take_int(reader, value, "serial", UINT32_MAX);
		copy->expires_s =
			take_int(reader, value, "expires_s", time_max_s);
		copy->is_measured = take_bool(reader, value, "is_measured");
		if (!is_server(copy->server))
			reader->is_odd = true;
	}
}

static void read_history(struct reader *reader, json_t *state, void *to)
{
	struct dns_history *out = to;

	expect_members(reader, state, 4);
	read_serials(reader, state, out);
	out->primary_was_seen = take_bool(reader, state, "primary_was_seen");
	out->primary_silent_s =
		take_int(reader, state, "primary_silent_s", time_max_s);
	read_copies(reader, state, out);
}

/* What is out of bounds can't be read back. */
static int64_t in_time(int64_t time_s)
{
	if (time_s < 0)
		return 0;
	return time_s > time_max_s ? time_max_s : time_s;
}

/* The newest, where there are more than can be read back. */
static void write_serials(struct json *json, const struct dns_history *history)
{
	size_t i = history->n_serials > DNS_HISTORY_SERIALS_MAX
			   ? history->n_serials - DNS_HISTORY_SERIALS_MAX
			   : 0;

	json_open_array(json, "serials");
	for (; i < history->n_serials; i++) {
		json_open_object(json, NULL);
		json_add_int(json, "serial", history->serials[i].serial);
		json_add_int(
			json, "first_s", in_time(history->serials[i].first_s));
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_copies(struct json *json, const struct dns_history *history)
{
	size_t i;

	json_open_array(json, "copies");
	for (i = 0; i < history->n_copies && i < DNS_HISTORY_SERVERS_MAX; i++) {
		const struct dns_past_copy *copy = &history->copies[i];

		json_open_object(json, NULL);
		json_add_string(json, "server", copy->server);
		json_add_string(json, "nsid", copy->nsid ? copy->nsid : "");
		json_add_int(json, "serial", copy->serial);
		json_add_int(json, "expires_s", in_time(copy->expires_s));
		json_add_bool(json, "is_measured", copy->is_measured);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_history(
	struct json *json, const char *key, const void *document)
{
	const struct dns_history *history = document;

	json_open_object(json, key);
	write_serials(json, history);
	json_add_bool(json, "primary_was_seen", history->primary_was_seen);
	json_add_int(
		json, "primary_silent_s", in_time(history->primary_silent_s));
	write_copies(json, history);
	json_close_object(json);
}

/* -- the delegation ------------------------------------------------------ */

static bool is_glue(const char *text)
{
	const char *blank = strrchr(text, ' ');
	struct dns_addr ignored;

	return blank && blank > text && dns_addr_parse(blank + 1, &ignored);
}

static bool is_name(const char *text)
{
	return *text != '\0' && !strchr(text, ' ');
}

typedef bool (*line_fn)(const char *text);

/* A set of lines, sorted and each there once. */
static const char **read_set(struct reader *reader, json_t *array,
	size_t max_len, line_fn is_fine, size_t *n)
{
	const char **at;
	size_t i;

	*n = json_array_size(array);
	at = arena_array(reader->arena, *n, sizeof(*at));
	for (i = 0; i < *n; i++) {
		at[i] = take_text(reader, json_array_get(array, i), max_len);
		if ((is_fine && !is_fine(at[i])) ||
			(i > 0 && strcmp(at[i - 1], at[i]) >= 0))
			reader->is_odd = true;
	}
	return at;
}

static void read_ds(
	struct reader *reader, json_t *state, struct dns_remembered *out)
{
	json_t *array = json_object_get(state, "ds");
	size_t i;

	if (json_is_null(array))
		return;
	out->ds_is_known = true;
	array = take_array(reader, state, "ds", DNS_REMEMBERED_MAX);
	out->ds = read_set(reader, array, LINE_MAX_DS, NULL, &out->n_ds);
	for (i = 0; i < out->n_ds; i++) {
		struct dns_ds ignored;

		if (dns_ds_parse(reader->arena, out->ds[i], &ignored))
			reader->is_odd = true;
	}
}

static void read_remembered(struct reader *reader, json_t *state, void *to)
{
	struct dns_remembered *out = to;

	expect_members(reader, state, 5);
	out->is_known = true;
	out->since_s = take_int(reader, state, "since_s", time_max_s);
	out->ns = read_set(reader,
		take_array(reader, state, "ns", DNS_REMEMBERED_MAX),
		DNS_NAME_TEXT, is_name, &out->n_ns);
	out->glue = read_set(reader,
		take_array(reader, state, "glue", DNS_REMEMBERED_MAX),
		LINE_MAX_GLUE, is_glue, &out->n_glue);
	out->glue_is_whole = take_bool(reader, state, "glue_is_whole");
	read_ds(reader, state, out);
}

static void write_remembered(
	struct json *json, const char *key, const void *document)
{
	const struct dns_remembered *remembered = document;

	json_open_object(json, key);
	json_add_int(json, "since_s", in_time(remembered->since_s));
	json_add_strings(json, "ns", remembered->ns, remembered->n_ns);
	json_add_strings(json, "glue", remembered->glue, remembered->n_glue);
	json_add_bool(json, "glue_is_whole", remembered->glue_is_whole);
	if (remembered->ds_is_known)
		json_add_strings(json, "ds", remembered->ds, remembered->n_ds);
	else
		json_add_null(json, "ds");
	json_close_object(json);
}

/* -- what both have ------------------------------------------------------ */

struct dns_history_file history_state_of(const struct store_file *store)
{
	static const enum dns_history_fate fates[] = {
		[STORE_READ] = DNS_HISTORY_READ,
		[STORE_NEW] = DNS_HISTORY_NEW,
		[STORE_LOST] = DNS_HISTORY_LOST,
		[STORE_UNUSABLE] = DNS_HISTORY_UNUSABLE,
		[STORE_NO_PLACE] = DNS_HISTORY_NO_PLACE,
	};

	return (struct dns_history_file){ .fate = fates[store_fate(store)],
		.why = store_why(store),
		.node = store_node(store) };
}

void history_open(struct history_file *file, struct arena *arena,
	const struct store_place *place, const char *key)
{
	*file = (struct history_file){
		.store = store_open(arena, place, &history_kind, key),
	};
	if (!read_state(arena, file->store, read_history, &file->history))
		file->history = (struct dns_history){ 0 };
	file->state = history_state_of(file->store);
}

void history_save(struct history_file *file, const struct dns_history *history)
{
	(void)store_save(file->store, write_history, history);
	file->state = history_state_of(file->store);
}

void history_close(struct history_file *file)
{
	store_close(file->store);
	file->store = NULL;
}

void remembered_open(struct remembered_file *file, struct arena *arena,
	const struct store_place *place, const char *zone)
{
	*file = (struct remembered_file){
		.store = store_open(arena, place, &delegation_kind, zone),
	};
	if (!read_state(arena, file->store, read_remembered, &file->remembered))
		file->remembered = (struct dns_remembered){ 0 };
	file->state = history_state_of(file->store);
}

void remembered_save(
	struct remembered_file *file, const struct dns_remembered *remembered)
{
	(void)store_save(file->store, write_remembered, remembered);
	file->state = history_state_of(file->store);
}

void remembered_close(struct remembered_file *file)
{
	store_close(file->store);
	file->store = NULL;
}
