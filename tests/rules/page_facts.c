/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON to struct page, with what a page that is well has for all that is left
 * out. */
#include "config.h"

#include "page_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/page/remember.h"

enum {
	PAGE_NOW_S = 1785753900, /* 2026-08-03 10:45 UTC */
	FILE_MAX = 1024 * 1024,
};

#define STRING(type, name)                                       \
	{                                                        \
#		name, MEMBER_STRING, offsetof(type, name), NULL \
	}
#define BOOL(type, name)                                       \
	{                                                      \
#		name, MEMBER_BOOL, offsetof(type, name), NULL \
	}
#define I64(type, name)                                       \
	{                                                     \
#		name, MEMBER_I64, offsetof(type, name), NULL \
	}
#define SIZE(type, name)                                       \
	{                                                      \
#		name, MEMBER_SIZE, offsetof(type, name), NULL \
	}
#define WORD(type, name, words)                                 \
	{                                                       \
#		name, MEMBER_WORD, offsetof(type, name), words \
	}
#define OTHER(name)                         \
	{                                   \
		name, MEMBER_OTHER, 0, NULL \
	}
#define LAST                                \
	{                                   \
		NULL, MEMBER_OTHER, 0, NULL \
	}

/* -- parts ---------------------------------------------------------------- */

static const struct member time_members[] = {
	WORD(struct page_time, fate, page_time_fate_word),
	I64(struct page_time, s),
	LAST,
};

static const struct member status_members[] = {
	WORD(struct page_status, health, page_health_word),
	STRING(struct page_status, word),
	LAST,
};

static const struct member limits_members[] = {
	I64(struct page_limits, warning_s),
	I64(struct page_limits, critical_s),
	LAST,
};

static void read_time(struct reader *reader, json_t *object, const char *key,
	struct page_time *time)
{
	json_t *value = json_object_get(object, key);

	if (json_is_null(value))
		*time = (struct page_time){ .fate = PAGE_TIME_NONE };
	else if (json_is_integer(value))
		*time = (struct page_time){ PAGE_TIME_KNOWN,
			json_integer_value(value) };
	else if (value)
		reader_object(reader, value, time_members, time, key);
}

static void read_part(struct reader *reader, json_t *object, const char *key,
	const struct member *members, void *out)
{
	json_t *value = json_object_get(object, key);

	if (value)
		reader_object(reader, value, members, out, key);
}

static const char **read_texts(
	struct reader *reader, json_t *object, const char *key, size_t *n)
{
	json_t *array = json_object_get(object, key);
	const char **at;
	size_t i;

	*n = json_array_size(array);
	at = arena_array(reader->arena, *n, sizeof(*at));
	for (i = 0; i < *n; i++)
		at[i] = reader_string(reader, json_array_get(array, i), key);
	return at;
}

/* An array of structs: room for those of the member. */
static void *make(struct reader *reader, json_t *object, const char *key,
	size_t size, size_t *n)
{
	*n = json_array_size(json_object_get(object, key));
	return arena_array(reader->arena, *n, size);
}

static json_t *element(json_t *object, const char *key, size_t i)
{
	return json_array_get(json_object_get(object, key), i);
}

/* -- documents ------------------------------------------------------------ */

static const struct member component_members[] = {
	STRING(struct page_component, id),
	STRING(struct page_component, name),
	STRING(struct page_component, group),
	OTHER("status"),
	OTHER("updated"),
	BOOL(struct page_component, is_group),
	LAST,
};

static const struct member update_members[] = {
	STRING(struct page_update, id),
	WORD(struct page_update, phase, page_phase_word),
	STRING(struct page_update, word),
	OTHER("posted"),
	STRING(struct page_update, body),
	LAST,
};

static const struct member event_members[] = {
	STRING(struct page_event, id),
	STRING(struct page_event, name),
	WORD(struct page_event, phase, page_phase_word),
	STRING(struct page_event, word),
	OTHER("impact"),
	OTHER("created"),
	OTHER("resolved"),
	OTHER("from"),
	OTHER("until"),
	OTHER("affected"),
	OTHER("updates"),
	BOOL(struct page_event, has_updates),
	LAST,
};

static const struct member oddity_members[] = {
	WORD(struct page_oddity, odd, page_odd_word),
	STRING(struct page_oddity, where),
	STRING(struct page_oddity, what),
	LAST,
};

static const struct member match_members[] = {
	STRING(struct page_match, text),
	BOOL(struct page_match, is_reject),
	BOOL(struct page_match, is_found),
	LAST,
};

static const struct member document_members[] = {
	WORD(struct page_document, reading, page_reading_word),
	STRING(struct page_document, why),
	WORD(struct page_document, format, page_format_word),
	BOOL(struct page_document, is_forced),
	STRING(struct page_document, encoding),
	SIZE(struct page_document, size),
	STRING(struct page_document, id),
	STRING(struct page_document, name),
	STRING(struct page_document, url),
	STRING(struct page_document, next),
	OTHER("updated"),
	OTHER("rendered"),
	BOOL(struct page_document, has_banner),
	BOOL(struct page_document, has_components),
	BOOL(struct page_document, has_incidents),
	BOOL(struct page_document, has_maintenances),
	OTHER("banner"),
	STRING(struct page_document, banner_text),
	OTHER("components"),
	OTHER("incidents"),
	OTHER("maintenances"),
	OTHER("matches"),
	OTHER("oddities"),
	SIZE(struct page_document, n_odd),
	LAST,
};

static void read_components(
	struct reader *reader, json_t *object, struct page_document *doc)
{
	size_t i;

	doc->components = make(reader, object, "components",
		sizeof(*doc->components), &doc->n_components);
	for (i = 0; i < doc->n_components; i++) {
		json_t *value = element(object, "components", i);
		struct page_component *component = &doc->components[i];

		component->id = component->name = "";
		reader_object(reader, value, component_members, component,
			"component");
		read_part(reader, value, "status", status_members,
			&component->status);
		read_time(reader, value, "updated", &component->updated);
	}
}

static void read_updates(
	struct reader *reader, json_t *object, struct page_event *event)
{
	size_t i;

	event->updates = make(reader, object, "updates",
		sizeof(*event->updates), &event->n_updates);
	for (i = 0; i < event->n_updates; i++) {
		json_t *value = element(object, "updates", i);
		struct page_update *update = &event->updates[i];

		update->id = update->body = "";
		reader_object(reader, value, update_members, update, "update");
		read_time(reader, value, "posted", &update->posted);
	}
}

static struct page_event *read_events(
	struct reader *reader, json_t *object, const char *key, size_t *n)
{
	struct page_event *events =
		make(reader, object, key, sizeof(*events), n);
	size_t i;

	for (i = 0; i < *n; i++) {
		json_t *value = element(object, key, i);
		struct page_event *event = &events[i];

		event->id = event->name = "";
		reader_object(reader, value, event_members, event, key);
		read_part(reader, value, "impact", status_members,
			&event->impact);
		read_time(reader, value, "created", &event->created);
		read_time(reader, value, "resolved", &event->resolved);
		read_time(reader, value, "from", &event->from);
		read_time(reader, value, "until", &event->until);
		event->affected = read_texts(
			reader, value, "affected", &event->n_affected);
		read_updates(reader, value, event);
	}
	return events;
}

static void read_rest(
	struct reader *reader, json_t *object, struct page_document *doc)
{
	size_t i;

	doc->oddities = make(reader, object, "oddities", sizeof(*doc->oddities),
		&doc->n_oddities);
	for (i = 0; i < doc->n_oddities; i++)
		reader_object(reader, element(object, "oddities", i),
			oddity_members, &doc->oddities[i], "oddity");
	doc->matches = make(reader, object, "matches", sizeof(*doc->matches),
		&doc->n_matches);
	for (i = 0; i < doc->n_matches; i++)
		reader_object(reader, element(object, "matches", i),
			match_members, &doc->matches[i], "match");
}

static const struct page_document *read_document(
	struct reader *reader, json_t *object)
{
	struct page_document *doc = arena_alloc(reader->arena, sizeof(*doc));

	doc->reading = PAGE_READ;
	doc->encoding = "UTF-8";
	reader_object(reader, object, document_members, doc, "document");
	read_time(reader, object, "updated", &doc->updated);
	read_time(reader, object, "rendered", &doc->rendered);
	read_part(reader, object, "banner", status_members, &doc->banner);
	read_components(reader, object, doc);
	doc->incidents =
		read_events(reader, object, "incidents", &doc->n_incidents);
	doc->maintenances = read_events(
		reader, object, "maintenances", &doc->n_maintenances);
	read_rest(reader, object, doc);
	return doc;
}

static const struct page_document *read_file(
	struct reader *reader, const char *name)
{
	const struct page_read_options options = { .format = 0 };
	const char *top = getenv("top_srcdir");
	const char *path = arena_printf(
		reader->arena, "%s/tests/page/%s", top ? top : ".", name);
	FILE *stream = fopen(path, "rb");
	char *data = arena_alloc(reader->arena, FILE_MAX);
	size_t len;

	if (!stream) {
		reader_complain(reader, "no such document", name);
		return NULL;
	}
	len = fread(data, 1, FILE_MAX, stream);
	fclose(stream);
	return page_read(reader->arena, data, len, &options);
}

static const struct page_document *read_words(
	struct reader *reader, json_t *says)
{
	const struct page_read_options options = { .format = 0 };
	char *dumped = json_is_string(says)
			       ? NULL
			       : json_dumps(says, JSON_ENSURE_ASCII);
	const char *text = dumped ? dumped : json_string_value(says);
	const struct page_document *doc =
		page_read(reader->arena, text, strlen(text), &options);

	free(dumped);
	return doc;
}

/* What the object says of a document; false: nothing. */
static bool find_document(
	struct reader *reader, json_t *object, const struct page_document **doc)
{
	json_t *says = json_object_get(object, "says");
	json_t *name = json_object_get(object, "document");
	json_t *written = json_object_get(object, "documents");

	if (says)
		*doc = read_words(reader, says);
	else if (json_is_string(name))
		*doc = read_file(reader, json_string_value(name));
	else if (json_is_null(name))
		*doc = NULL;
	else if (json_array_size(written) > 0)
		*doc = read_document(reader, json_array_get(written, 0));
	else if (written)
		*doc = NULL;
	else
		return false;
	return true;
}

/* -- addresses ------------------------------------------------------------ */

static const struct member cert_members[] = {
	WORD(struct page_cert, chain, page_chain_word),
	STRING(struct page_cert, why),
	STRING(struct page_cert, subject),
	STRING(struct page_cert, issuer),
	I64(struct page_cert, begin_s),
	I64(struct page_cert, end_s),
	I64(struct page_cert, chain_end_s),
	STRING(struct page_cert, chain_end_which),
	LAST,
};

static const struct member fetch_members[] = {
	STRING(struct page_fetch, host),
	STRING(struct page_fetch, addr_text),
	{ "family", MEMBER_U8, offsetof(struct page_fetch, family), NULL },
	BOOL(struct page_fetch, is_nat64),
	WORD(struct page_fetch, end, page_fetch_end_word),
	STRING(struct page_fetch, why),
	{ "status", MEMBER_UINT, offsetof(struct page_fetch, status), NULL },
	STRING(struct page_fetch, final_url),
	{ "n_redirects", MEMBER_UINT, offsetof(struct page_fetch, n_redirects),
		NULL },
	I64(struct page_fetch, connected_us),
	I64(struct page_fetch, tls_us),
	I64(struct page_fetch, first_byte_us),
	I64(struct page_fetch, done_us),
	{ "size", MEMBER_U64, offsetof(struct page_fetch, size), NULL },
	OTHER("cert"),
	STRING(struct page_fetch, content_type),
	STRING(struct page_fetch, etag),
	STRING(struct page_fetch, last_modified),
	OTHER("date"),
	I64(struct page_fetch, asked_s),
	BOOL(struct page_fetch, has_age),
	I64(struct page_fetch, age_s),
	BOOL(struct page_fetch, has_max_age),
	I64(struct page_fetch, max_age_s),
	BOOL(struct page_fetch, was_conditional),
	BOOL(struct page_fetch, is_unchanged),
	OTHER("is_document"),
	OTHER("documents"),
	OTHER("document"),
	OTHER("says"),
	LAST,
};

static const struct member source_members[] = {
	STRING(struct page_source, url),
	STRING(struct page_source, host),
	WORD(struct page_source, lookup_v4, dns_lookup_word),
	WORD(struct page_source, lookup_v6, dns_lookup_word),
	STRING(struct page_source, lookup_why),
	SIZE(struct page_source, n_left_out),
	OTHER("documents"),
	OTHER("document"),
	OTHER("says"),
	OTHER("fetches"),
	LAST,
};

static const struct page_fetch healthy_fetch = {
	.addr_text = "192.0.2.1",
	.family = 4,
	.end = PAGE_FETCH_DONE,
	.status = 200,
	.connected_us = 10000,
	.tls_us = 30000,
	.first_byte_us = 50000,
	.done_us = 60000,
	.size = 2000,
	.cert = { .chain = PAGE_CHAIN_VALID,
		.chain_end_s = PAGE_NOW_S + 60 * DAY_S },
	.date = { PAGE_TIME_KNOWN, PAGE_NOW_S },
	.asked_s = PAGE_NOW_S,
};

static void read_fetch(struct reader *reader, json_t *value,
	const struct page_source *source, struct page_fetch *fetch)
{
	*fetch = healthy_fetch;
	reader_object(reader, value, fetch_members, fetch, "fetch");
	read_part(reader, value, "cert", cert_members, &fetch->cert);
	read_time(reader, value, "date", &fetch->date);
	if (!find_document(reader, value, &fetch->document) &&
		fetch->end == PAGE_FETCH_DONE && fetch->status < 300)
		fetch->document = source->document;
}

static void read_source(
	struct reader *reader, json_t *object, struct page_source *source)
{
	size_t i;

	source->url = "https://status.example.org/";
	source->host = "status.example.org";
	source->lookup_v4 = DNS_LOOKUP_FOUND;
	source->lookup_v6 = DNS_LOOKUP_NO_ADDRESS;
	if (object)
		reader_object(reader, object, source_members, source, "source");
	if (!find_document(reader, object, &source->document))
		source->document =
			read_file(reader, "statuspage/all-well.json");
	source->fetches = make(reader, object, "fetches",
		sizeof(*source->fetches), &source->n_fetches);
	for (i = 0; i < source->n_fetches; i++)
		read_fetch(reader, element(object, "fetches", i), source,
			&source->fetches[i]);
	if (json_object_get(object, "fetches"))
		return;
	source->n_fetches = 1;
	source->fetches = arena_alloc(reader->arena, sizeof(*source->fetches));
	source->fetches[0] = healthy_fetch;
	source->fetches[0].document = source->document;
}

/* -- history -------------------------------------------------------------- */

static const struct member past_probe_members[] = {
	STRING(struct page_past_probe, key),
	BOOL(struct page_past_probe, is_down),
	I64(struct page_past_probe, since_s),
	I64(struct page_past_probe, down_s),
	I64(struct page_past_probe, up_s),
	LAST,
};

static const struct member past_event_members[] = {
	STRING(struct page_past_event, id),
	BOOL(struct page_past_event, is_open),
	BOOL(struct page_past_event, was_monitored),
	I64(struct page_past_event, first_s),
	I64(struct page_past_event, resolved_s),
	I64(struct page_past_event, reopened_s),
	OTHER("affected"),
	LAST,
};

static const struct member history_members[] = {
	STRING(struct page_history, format),
	STRING(struct page_history, page_id),
	STRING(struct page_history, page_name),
	I64(struct page_history, well_s),
	I64(struct page_history, outage_s),
	OTHER("probes"),
	OTHER("events"),
	LAST,
};

static void read_history(
	struct reader *reader, json_t *object, struct page_history *history)
{
	size_t i;

	reader_object(reader, object, history_members, history, "history");
	history->probes = make(reader, object, "probes",
		sizeof(*history->probes), &history->n_probes);
	for (i = 0; i < history->n_probes; i++)
		reader_object(reader, element(object, "probes", i),
			past_probe_members, &history->probes[i], "probe");
	history->events = make(reader, object, "events",
		sizeof(*history->events), &history->n_events);
	for (i = 0; i < history->n_events; i++) {
		json_t *value = element(object, "events", i);
		struct page_past_event *event = &history->events[i];

		reader_object(
			reader, value, past_event_members, event, "event");
		event->affected = read_texts(
			reader, value, "affected", &event->n_affected);
	}
}

/* -- expectations --------------------------------------------------------- */

static const struct member expect_members[] = {
	BOOL(struct page_expect, is_upstream),
	I64(struct page_expect, now_s),
	STRING(struct page_expect, page_id),
	STRING(struct page_expect, page_name),
	OTHER("components"),
	OTHER("groups"),
	OTHER("ignored"),
	OTHER("maps"),
	WORD(struct page_expect, maintenance, page_maintenance_word),
	OTHER("cert"),
	OTHER("cache"),
	OTHER("silence"),
	OTHER("first_post"),
	OTHER("limbo"),
	OTHER("stale"),
	OTHER("overdue"),
	OTHER("drill"),
	OTHER("stable"),
	OTHER("stateless"),
	BOOL(struct page_expect, wants_rendered),
	BOOL(struct page_expect, wants_text),
	STRING(struct page_expect, drill_component),
	I64(struct page_expect, untruthful_s),
	I64(struct page_expect, forgotten_s),
	I64(struct page_expect, clock_s),
	{ "size_warning", MEMBER_U64,
		offsetof(struct page_expect, size_warning), NULL },
	{ "size_critical", MEMBER_U64,
		offsetof(struct page_expect, size_critical), NULL },
	LAST,
};

static struct page_selector *read_selectors(
	struct reader *reader, json_t *object, const char *key, size_t *n)
{
	const char **texts = read_texts(reader, object, key, n);
	struct page_selector *selectors =
		arena_array(reader->arena, *n, sizeof(*selectors));
	size_t i;

	for (i = 0; i < *n; i++)
		if (page_selector_parse(reader->arena, texts[i], &selectors[i]))
			reader_complain(reader, "no selector", key);
	return selectors;
}

static void read_maps(
	struct reader *reader, json_t *object, struct page_expect *expect)
{
	size_t i;

	expect->maps = make(
		reader, object, "maps", sizeof(*expect->maps), &expect->n_maps);
	for (i = 0; i < expect->n_maps; i++) {
		json_t *value = element(object, "maps", i);

		expect->maps[i].word = reader_string(
			reader, json_object_get(value, "word"), "word");
		expect->maps[i].state = (enum state)reader_int(
			reader, json_object_get(value, "state"), "state");
	}
}

static void read_all_limits(
	struct reader *reader, json_t *object, struct page_expect *expect)
{
	const struct {
		const char *key;
		struct page_limits *limits;
	} rows[] = {
		{ "cert", &expect->cert },
		{ "cache", &expect->cache },
		{ "silence", &expect->silence },
		{ "first_post", &expect->first_post },
		{ "limbo", &expect->limbo },
		{ "stale", &expect->stale },
		{ "overdue", &expect->overdue },
		{ "drill", &expect->drill },
		{ "stable", &expect->stable },
		{ "stateless", &expect->stateless },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		read_part(reader, object, rows[i].key, limits_members,
			rows[i].limits);
}

static void read_expect(
	struct reader *reader, json_t *object, struct page_expect *expect)
{
	*expect = page_expect_defaults();
	expect->now_s = PAGE_NOW_S;
	if (!object)
		return;
	reader_object(reader, object, expect_members, expect, "expect");
	expect->components = read_selectors(
		reader, object, "components", &expect->n_components);
	expect->groups =
		read_selectors(reader, object, "groups", &expect->n_groups);
	expect->ignored =
		read_selectors(reader, object, "ignored", &expect->n_ignored);
	read_maps(reader, object, expect);
	read_all_limits(reader, object, expect);
}

/* -- the whole ------------------------------------------------------------ */

static const struct member probe_members[] = {
	STRING(struct page_probe, key),
	STRING(struct page_probe, what),
	STRING(struct page_probe, component),
	WORD(struct page_probe, end, page_probe_end_word),
	STRING(struct page_probe, why),
	I64(struct page_probe, took_us),
	LAST,
};

static const struct member control_members[] = {
	STRING(struct page_control, url),
	WORD(struct page_control, end, page_fetch_end_word),
	STRING(struct page_control, why),
	LAST,
};

static const struct member file_members[] = {
	WORD(struct dns_history_file, fate, dns_history_fate_word),
	STRING(struct dns_history_file, why),
	STRING(struct dns_history_file, node),
	LAST,
};

static const struct member page_members[] = {
	OTHER("source"),
	OTHER("also"),
	OTHER("control"),
	OTHER("probes"),
	OTHER("file"),
	OTHER("before"),
	OTHER("after"),
	WORD(struct page, v4, dns_sight_word),
	WORD(struct page, v6, dns_sight_word),
	I64(struct page, elapsed_us),
	STRING(struct page, timeout_stage),
	OTHER("expect"),
	LAST,
};

static void read_probes(
	struct reader *reader, json_t *object, struct page *page)
{
	size_t i;

	page->probes = make(reader, object, "probes", sizeof(*page->probes),
		&page->n_probes);
	for (i = 0; i < page->n_probes; i++) {
		struct page_probe *probe = &page->probes[i];

		probe->what = "https://www.example.org";
		probe->end = PAGE_PROBE_UP;
		reader_object(reader, element(object, "probes", i),
			probe_members, probe, "probe");
		if (!probe->key)
			probe->key = arena_printf(reader->arena, "%s=%s",
				probe->component ? probe->component : "",
				probe->what);
		if (probe->component &&
			page_selector_parse(reader->arena, probe->component,
				&probe->selector))
			reader_complain(reader, "no selector", "component");
	}
}

static void read_page(struct reader *reader, json_t *object, struct page *page)
{
	size_t i;

	page->v4 = DNS_SIGHT_SEEN;
	reader_object(reader, object, page_members, page, "page");
	read_source(reader, json_object_get(object, "source"), &page->source);
	page->also = make(
		reader, object, "also", sizeof(*page->also), &page->n_also);
	for (i = 0; i < page->n_also; i++)
		read_source(reader, element(object, "also", i), &page->also[i]);
	read_part(reader, object, "control", control_members, &page->control);
	read_probes(reader, object, page);
	if (json_object_get(object, "before")) {
		page->file.fate = DNS_HISTORY_READ;
		read_history(reader, json_object_get(object, "before"),
			&page->before);
	}
	read_part(reader, object, "file", file_members, &page->file);
	read_expect(reader, json_object_get(object, "expect"), &page->expect);
}

const char *page_read_facts(
	struct arena *arena, json_t *facts, struct page *page)
{
	struct reader reader = { .arena = arena };
	json_t *object = json_object_get(facts, "page");

	*page = (struct page){ .probes = NULL };
	read_page(&reader, object, page);
	if (reader.wrong)
		return reader.wrong;
	if (json_object_get(object, "after"))
		read_history(&reader, json_object_get(object, "after"),
			&page->after);
	else
		page->after = page_remember(arena, page);
	return reader.wrong;
}

void page_release_facts(struct page *page)
{
	struct page_expect *expect = &page->expect;
	size_t i;

	for (i = 0; i < expect->n_components; i++)
		page_selector_release(&expect->components[i]);
	for (i = 0; i < expect->n_groups; i++)
		page_selector_release(&expect->groups[i]);
	for (i = 0; i < expect->n_ignored; i++)
		page_selector_release(&expect->ignored[i]);
	for (i = 0; i < page->n_probes; i++)
		page_selector_release(&page->probes[i].selector);
}
