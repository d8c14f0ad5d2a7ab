/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readers of all formats, over the documents of tests/page. The captures of
 * real pages are read too where the environment names their folder.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/core/text.h"
#include "tests/unit/page_files.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 128 * 1024 * 1024,
	LINE_BYTES = 200,
};

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct page_document *read_text_as(struct arena *arena, const char *text,
	size_t len, enum page_format format)
{
	const struct page_read_options options = { .format = format };

	return page_read(arena, text, len, &options);
}

static struct page_document *read_text(struct arena *arena, const char *text)
{
	return read_text_as(arena, text, strlen(text), PAGE_FORMAT_UNKNOWN);
}

/* -- all documents -------------------------------------------------------- */

static enum page_health worst_component(const struct page_document *doc)
{
	enum page_health worst = PAGE_HEALTH_NOT_SAID;
	size_t i;

	for (i = 0; i < doc->n_components; i++)
		if (doc->components[i].status.health > worst)
			worst = doc->components[i].status.health;
	return worst;
}

static size_t count_open(const struct page_event *events, size_t n)
{
	size_t open = 0;
	size_t i;

	for (i = 0; i < n; i++)
		open += page_event_is_open(&events[i]);
	return open;
}

/* As a line of tests/page/expected. */
static void summarise(const char *name, const struct page_document *doc,
	char line[static LINE_BYTES])
{
	if (doc->reading != PAGE_READ)
		snprintf(line, LINE_BYTES, "%s %s", name,
			page_reading_word(doc->reading));
	else
		snprintf(line, LINE_BYTES, "%s read %s %s %s %zu %zu %zu %zu",
			name, page_format_word(doc->format),
			page_health_word(doc->banner.health),
			page_health_word(worst_component(doc)),
			doc->n_components,
			count_open(doc->incidents, doc->n_incidents),
			count_open(doc->maintenances, doc->n_maintenances),
			doc->n_odd);
}

/* Runs of blanks as one, none at the end. */
static void squeeze(char *line)
{
	char *to = line;
	const char *from;

	for (from = line; *from != '\0' && *from != '\n'; from++)
		if (*from != ' ' || (to > line && to[-1] != ' '))
			*to++ = *from;
	*to = '\0';
}

typedef void (*line_fn)(struct arena *arena, const char *line);

static size_t each_expected(struct arena *arena, line_fn fn)
{
	FILE *stream = fopen(page_file_path(arena, "expected"), "r");
	char line[LINE_BYTES];
	size_t n = 0;

	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream)) {
		if (line[0] == '#')
			continue;
		squeeze(line);
		fn(arena, line);
		n++;
	}
	fclose(stream);
	return n;
}

static const char *name_of(struct arena *arena, const char *line)
{
	return arena_strndup(arena, line, strcspn(line, " "));
}

static void assert_as_expected(struct arena *arena, const char *line)
{
	const char *name = name_of(arena, line);
	const struct page_document *doc = page_file_read(arena, name);
	char got[LINE_BYTES];

	summarise(name, doc, got);
	assert_string_equal(got, line);
	assert_int_equal(doc->why == NULL, doc->reading == PAGE_READ);
}

static size_t count_files(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

static void documents_are_read_as_expected(void **state)
{
	struct arena *arena = *state;
	DIR *root = opendir(page_file_path(arena, ""));
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(root);
	while ((entry = readdir(root)) != NULL)
		if (entry->d_name[0] != '.' &&
			strcmp(entry->d_name, "expected") != 0 &&
			strcmp(entry->d_name, "judged") != 0)
			n += count_files(page_file_path(arena, entry->d_name));
	closedir(root);
	assert_int_equal(each_expected(arena, assert_as_expected), n);
}

/* The first len bytes of a document are none: broken, not a page that is
 * shorter. */
static void assert_parts_are_none(struct arena *arena, const char *line)
{
	const char *name = name_of(arena, line);
	const char *path = page_file_path(arena, name);
	struct page_file file = page_file_load(path);
	const char *end = strstr(name, ".html") ? "</body>" : NULL;
	size_t last = file.len;
	size_t len;

	while (last > 0 &&
		(file.data[last - 1] == '\n' || file.data[last - 1] == ' '))
		last--;
	file.data[last] = '\0';
	if (end && strstr(file.data, end))
		last = (size_t)(strstr(file.data, end) - file.data);
	for (len = 0; len < last; len += 1 + len % 7) {
		/* What is behind the end must not be looked at. */
		char *part = malloc(len + 1);
		struct arena *own = arena_new(ARENA_MAX);

		assert_non_null(part);
		memcpy(part, file.data, len);
		if (read_text_as(own, part, len, PAGE_FORMAT_UNKNOWN)
				->reading == PAGE_READ)
			fail_msg("%s: %zu bytes", name, len);
		arena_free(own);
		free(part);
	}
	free(file.data);
}

static void parts_of_documents_are_none(void **state)
{
	each_expected(*state, assert_parts_are_none);
}

/* -- Statuspage ----------------------------------------------------------- */

static void an_incident_is_read_whole(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "statuspage/incident.json");
	const struct page_event *event = &doc->incidents[0];

	assert_string_equal(doc->id, "p4ge");
	assert_string_equal(doc->name, "Example Hosting");
	assert_string_equal(doc->url, "https://status.example.org");
	assert_string_equal(doc->banner.word, "major");
	assert_string_equal(doc->banner_text, "Partial System Outage");
	assert_string_equal(doc->components[2].group, "Europe");
	assert_true(doc->components[1].is_group);
	assert_null(doc->components[0].group);
	assert_string_equal(event->id, "inc1");
	assert_string_equal(event->name, "API calls fail");
	assert_int_equal(event->phase, PAGE_PHASE_IDENTIFIED);
	assert_int_equal(event->impact.health, PAGE_HEALTH_MAJOR);
	assert_string_equal(event->impact.word, "critical");
	assert_int_equal(event->created.s, 1785751200);
	assert_int_equal(event->n_affected, 1);
	assert_string_equal(event->affected[0], "api1");
	assert_int_equal(event->n_updates, 2);
	assert_int_equal(event->updates[0].posted.s, 1785753600);
	assert_string_equal(event->updates[0].body,
		"A disk of the database is full. More at 11:00 UTC.");
	assert_int_equal(event->updates[1].phase, PAGE_PHASE_INVESTIGATING);
	assert_ptr_equal(page_event_newest(event), &event->updates[0]);
}

static void empty_updates_say_nothing(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "statuspage/empty-updates.json");

	assert_int_equal(doc->incidents[0].n_updates, 2);
	assert_null(page_event_newest(&doc->incidents[0]));
}

/* Nobody marked a component: that is not to say that nothing is broken. */
static void impact_none_says_nothing(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "statuspage/contradicts-incident.json");

	assert_int_equal(doc->incidents[0].impact.health, PAGE_HEALTH_NOT_SAID);
	assert_string_equal(doc->incidents[0].impact.word, "none");
	assert_true(page_event_is_open(&doc->incidents[0]));
}

/* What a summary lists is told; of components.json, incidents are not. */
static void a_part_tells_no_more_than_it_has(void **state)
{
	static const struct {
		const char *name;
		bool banner, components, incidents, maintenances;
	} rows[] = {
		{ "statuspage/all-well.json", true, true, true, true },
		{ "statuspage/components.json", false, true, false, false },
		{ "statuspage/unresolved.json", false, false, true, false },
		{ "statuspage/banner-only.json", true, false, false, false },
		{ "incidentio/all-well.json", true, true, true, false },
		{ "rootly/all-well.json", true, false, true, false },
		{ "instatus/all-well.json", true, false, true, true },
		{ "instatus/components.json", false, true, false, false },
		{ "statusio/all-well.json", true, true, true, true },
		{ "betterstack/all-well.json", true, true, true, true },
		{ "statuspal/all-well.json", true, true, true, true },
		{ "cachet/all-well.json", false, true, false, false },
		{ "cachet/incident.json", false, false, true, false },
		{ "kuma/page.json", false, false, true, true },
		{ "kuma/all-well.json", false, true, false, false },
		{ "gatus/all-well.json", false, true, false, false },
		{ "upptime/all-well.json", false, true, false, false },
		{ "aws/incident.json", false, false, true, false },
		{ "google/all-well.json", false, false, true, false },
		{ "slack/all-well.json", true, false, true, false },
		{ "slack/history.json", false, false, true, false },
		{ "sorry/all-well.json", true, false, false, false },
		{ "atom/all-well.xml", false, false, true, false },
		{ "azure/all-well.xml", false, false, true, false },
		{ "statusiq/all-well.xml", false, true, false, false },
		{ "statuspage-html/all-well.html", true, true, true, true },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		const struct page_document *doc =
			page_file_read(*state, rows[i].name);

		if (doc->has_banner != rows[i].banner ||
			doc->has_components != rows[i].components ||
			doc->has_incidents != rows[i].incidents ||
			doc->has_maintenances != rows[i].maintenances)
			fail_msg("%s", rows[i].name);
	}
}

/* -- oddities ------------------------------------------------------------- */

static bool has_oddity(const struct page_document *doc, enum page_odd odd,
	const char *where, const char *what)
{
	size_t i;

	for (i = 0; i < doc->n_oddities; i++)
		if (doc->oddities[i].odd == odd &&
			strcmp(doc->oddities[i].where, where) == 0 &&
			(what ? doc->oddities[i].what &&
						strcmp(doc->oddities[i].what,
							what) == 0
			      : !doc->oddities[i].what))
			return true;
	return false;
}

static void oddities_tell_their_place(void **state)
{
	static const struct {
		const char *name;
		enum page_odd odd;
		const char *where, *what;
	} rows[] = {
		{ "statuspage/unknown-words.json", PAGE_ODD_WORD,
			"status.indicator", "fine" },
		{ "statuspage/unknown-words.json", PAGE_ODD_WORD,
			"components[0].status", "so-so" },
		{ "statuspage/missing-banner.json", PAGE_ODD_MISSING, "status",
			NULL },
		{ "statuspage/missing-indicator.json", PAGE_ODD_MISSING,
			"status.indicator", NULL },
		{ "statuspage/other-types.json", PAGE_ODD_TYPE, "components",
			NULL },
		{ "statuspage/no-time.json", PAGE_ODD_TIME,
			"components[0].updated_at", "yesterday" },
		{ "statuspage/null-state.json", PAGE_ODD_MISSING,
			"components[3].status", NULL },
		{ "statuspage/null-state.json", PAGE_ODD_TYPE, "components[4]",
			NULL },
		{ "statuspage/ids-twice.json", PAGE_ODD_TWICE, "components",
			"a1" },
		{ "statusio/missing-lists.json", PAGE_ODD_MISSING, "incidents",
			NULL },
		{ "statusio/missing-lists.json", PAGE_ODD_MISSING,
			"result.maintenance", NULL },
		{ "statusio/unknown-code.json", PAGE_ODD_WORD,
			"status[0].containers[1].status_code", "700" },
		{ "betterstack/missing-update.json", PAGE_ODD_MISSING,
			"included[3].status_updates[0].status_update", "u9" },
		{ "statuspal/missing-type.json", PAGE_ODD_MISSING,
			"services[0].children[0].current_incident_type", NULL },
		{ "cachet/paged.json", PAGE_ODD_PAGED, "meta.pagination",
			NULL },
		{ "gatus/no-result.json", PAGE_ODD_MISSING,
			"endpoints[0].results.success", NULL },
		{ "kuma/no-beat.json", PAGE_ODD_MISSING,
			"heartbeatList[1].heartbeatList", "2" },
		{ "google/contradicts.json", PAGE_ODD_TIME, "incidents[0].end",
			"soon" },
		{ "rss/unstated.xml", PAGE_ODD_UNSTATED, "item[1]",
			"Trouble not resolved" },
		{ "rss/no-time.xml", PAGE_ODD_TIME, "item[0].published",
			"last Monday" },
		{ "statusiq/unknown-words.xml", PAGE_ODD_WORD, "item[0].title",
			"Quite Good" },
		{ "statuspage-html/unknown-words.html", PAGE_ODD_WORD,
			"data-component-status", "asleep" },
		{ "statuspage-html/unknown-words.html", PAGE_ODD_WORD, "class",
			"status-purple" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		if (!has_oddity(page_file_read(*state, rows[i].name),
			    rows[i].odd, rows[i].where, rows[i].what))
			fail_msg("%s: %s", rows[i].name, rows[i].where);
}

static void the_rest_of_pages_is_told(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "cachet/paged.json");

	assert_string_equal(
		doc->next, "https://status.example.org/api/v1/x?page=2");
}

/* -- what is particular to a format --------------------------------------- */

/* A component with the same name in two groups is two. */
static void names_are_told_apart_by_groups(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "statuspage/names-twice.json");

	assert_string_equal(doc->components[2].name, "API");
	assert_string_equal(doc->components[2].group, "EU");
	assert_string_equal(doc->components[3].name, "API");
	assert_string_equal(doc->components[3].group, "US");
	assert_int_equal(doc->components[3].status.health, PAGE_HEALTH_PARTIAL);
}

static void instatus_tells_how_long(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "instatus/maintenance.json");
	const struct page_event *event = &doc->maintenances[0];

	assert_int_equal(event->from.s, 1785751200);
	assert_int_equal(event->until.s, 1785751200 + 3600);
	assert_true(page_event_is_running(event, 0));
	doc = page_file_read(*state, "instatus/incident.json");
	assert_string_equal(doc->banner.word, "ONEMAJOROUTAGE");
	assert_int_equal(doc->banner.health, PAGE_HEALTH_MAJOR);
}

static void statusio_has_containers(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "statusio/incident.json");

	assert_int_equal(doc->n_components, 3);
	assert_true(doc->components[0].is_group);
	assert_string_equal(doc->components[2].id, "s1/k2");
	assert_string_equal(doc->components[2].group, "Website");
	assert_string_equal(
		doc->components[2].status.word, "Service Disruption");
	assert_int_equal(doc->incidents[0].phase, PAGE_PHASE_IDENTIFIED);
	assert_int_equal(doc->incidents[0].impact.health, PAGE_HEALTH_MAJOR);
}

/* Resolved without an end; and a maintenance that is to be told by its times
 * alone. */
static void betterstack_goes_by_states(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "betterstack/all-well.json");
	const struct page_event *event = &doc->incidents[0];

	assert_int_equal(event->phase, PAGE_PHASE_RESOLVED);
	assert_int_equal(event->until.fate, PAGE_TIME_NONE);
	assert_int_equal(event->resolved.s, 1782903600);
	assert_int_equal(event->n_updates, 2);
	assert_string_equal(event->updates[0].id, "u2");
	assert_string_equal(doc->components[0].group, "Europe");
	doc = page_file_read(*state, "betterstack/maintenance.json");
	event = &doc->maintenances[0];
	assert_false(page_event_is_running(event, 1785751199));
	assert_true(page_event_is_running(event, 1785751200));
}

static void times_without_a_zone_are_known_as_such(void **state)
{
	const struct page_read_options options = {
		.zone = { .is_known = true, .east_s = 7200 },
	};
	const struct page_document *doc =
		page_file_read(*state, "statuspal/incident.json");
	struct page_file file = page_file_load(
		page_file_path(*state, "statuspal/incident.json"));

	assert_int_equal(doc->incidents[0].created.fate, PAGE_TIME_ZONELESS);
	assert_int_equal(doc->incidents[0].created.s, 1785751200);
	doc = page_read(*state, file.data, file.len, &options);
	assert_int_equal(doc->incidents[0].created.fate, PAGE_TIME_KNOWN);
	assert_int_equal(doc->incidents[0].created.s, 1785751200 - 7200);
	free(file.data);
	/* Uptime Kuma's are in UTC, as its manual has it. */
	doc = page_file_read(*state, "kuma/all-well.json");
	assert_int_equal(doc->components[0].updated.fate, PAGE_TIME_KNOWN);
	assert_int_equal(doc->components[0].updated.s, 1785751189);
}

static void kuma_is_joined(void **state)
{
	const struct page_document *page =
		page_file_read(*state, "kuma/page-incident.json");
	const struct page_document *states =
		page_file_read(*state, "kuma/outage.json");
	const struct page_document *both[] = {
		page_join(*state, page, states),
		page_join(*state, states, page),
	};
	size_t i;

	for (i = 0; i < COUNT(both); i++) {
		assert_int_equal(both[i]->reading, PAGE_READ);
		assert_true(both[i]->has_components);
		assert_true(both[i]->has_incidents);
		assert_int_equal(both[i]->n_components, 2);
		assert_int_equal(both[i]->n_incidents, 2);
		assert_string_equal(both[i]->components[0].name, "API");
		assert_string_equal(both[i]->components[0].group, "Europe");
		assert_int_equal(both[i]->components[0].status.health,
			PAGE_HEALTH_MAJOR);
	}
	/* Half of it is none. */
	states = page_file_read(*state, "kuma/broken.json");
	assert_int_equal(page_join(*state, page, states)->reading, PAGE_BROKEN);
	assert_int_equal(page_join(*state, states, page)->reading, PAGE_BROKEN);
}

/* As quickly as an index has it; without one as well. */
static void components_are_found_by_id(void **state)
{
	struct page_document *doc =
		page_file_read(*state, "statuspage/names-twice.json");
	size_t i;
	unsigned way;

	for (way = 0; way < 2; way++) {
		for (i = 0; i < doc->n_components; i++)
			assert_ptr_equal(
				page_find_component(doc, doc->components[i].id),
				&doc->components[i]);
		assert_null(page_find_component(doc, "no such"));
		assert_null(page_find_component(doc, ""));
		assert_int_equal(doc->by_id != NULL, way == 0);
		doc->by_id = NULL;
	}
}

/* As it is announced, not as the time goes. */
static void what_is_scheduled_does_not_run(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "statusio/maintenance.json");

	assert_true(page_event_is_running(&doc->maintenances[0], 0));
	assert_int_equal(doc->maintenances[1].phase, PAGE_PHASE_SCHEDULED);
	assert_false(page_event_is_running(
		&doc->maintenances[1], doc->maintenances[1].from.s + 1));
}

/* Their times, in hours; -1: none. And the order they come to. */
static void updates_are_sorted(void **state)
{
	static const struct {
		int hours[4];
		const char *order;
	} rows[] = {
		{ { 4, 3, 2, 1 }, "abcd" },
		{ { 1, 2, 3, 4 }, "dcba" },
		{ { 2, 4, 1, 3 }, "bdac" },
		{ { 3, 1, 4, 2 }, "cadb" },
		{ { 2, 2, 2, 2 }, "abcd" },
		{ { 1, 3, 3, 2 }, "cbda" },
		{ { -1, -1, -1, -1 }, "abcd" },
		{ { 2, -1, 1, -1 }, "abcd" },
	};
	struct text text;
	size_t i;
	size_t k;

	text_init(&text, PAGE_SIZE_MAX);
	for (i = 0; i < COUNT(rows); i++) {
		const struct page_event *event;
		char order[5] = "";

		text_clear(&text);
		text_add(&text, "{\"page\": {\"id\": \"p\"}, \"incidents\": "
				"[{\"id\": \"i\", \"name\": \"n\", \"status\":"
				" \"resolved\", \"incident_updates\": [");
		for (k = 0; k < 4; k++) {
			text_printf(&text,
				"%s{\"id\": \"%c\", \"status\": "
				"\"resolved\"",
				k > 0 ? "," : "", (int)('a' + k));
			if (rows[i].hours[k] >= 0)
				text_printf(&text,
					", \"created_at\": "
					"\"2026-08-03T0%d:00:00Z\"",
					rows[i].hours[k]);
			text_add(&text, "}");
		}
		text_add(&text, "]}]}");
		event = &read_text(*state, text.data)->incidents[0];
		for (k = 0; k < 4; k++)
			order[k] = event->updates[k].id[0];
		assert_string_equal(order, rows[i].order);
	}
	text_release(&text);
}

static void google_is_open_without_an_end(void **state)
{
	const struct page_document *doc =
		page_file_read(*state, "google/incident.json");
	const struct page_event *event = &doc->incidents[0];

	assert_int_equal(event->n_affected, 4);
	assert_string_equal(event->affected[0], "q1");
	assert_string_equal(event->affected[1], "Queue");
	assert_string_equal(event->affected[2], "europe-west6");
	assert_true(page_event_is_open(event));
	assert_false(page_event_is_open(&doc->incidents[2]));
	assert_int_equal(doc->incidents[2].resolved.s, 1783080000);
}

/* -- encodings ------------------------------------------------------------ */

/* ASCII to UTF-16, with a byte order mark where that is wanted. */
static size_t to_utf16(
	const struct page_file *file, bool is_big, bool is_marked, char *out)
{
	size_t n = 0;
	size_t i;

	if (is_marked) {
		out[n++] = is_big ? '\xfe' : '\xff';
		out[n++] = is_big ? '\xff' : '\xfe';
	}
	for (i = 0; i < file->len; i++) {
		out[n + is_big] = file->data[i];
		out[n + !is_big] = '\0';
		n += 2;
	}
	return n;
}

static void utf16_is_read(void **state)
{
	static const char *const names[] = { "aws/incident.json",
		"atom/incident.xml", "statuspage-html/incident.html" };
	size_t i;
	unsigned way;

	for (i = 0; i < COUNT(names) * 4; i++) {
		const char *name = names[i / 4];
		struct page_file file =
			page_file_load(page_file_path(*state, name));
		char *wide = malloc(2 * file.len + 2);
		struct page_document *doc;
		char expected[LINE_BYTES];
		char got[LINE_BYTES];

		assert_non_null(wide);
		way = i % 4;
		doc = read_text_as(*state, wide,
			to_utf16(&file, way & 1, way & 2, wide),
			PAGE_FORMAT_UNKNOWN);
		assert_string_equal(
			doc->encoding, way & 1 ? "UTF-16BE" : "UTF-16LE");
		summarise(name, doc, got);
		summarise(name, page_file_read(*state, name), expected);
		assert_string_equal(got, expected);
		free(file.data);
		free(wide);
	}
}

static void characters_are_converted(void **state)
{
	/* U+00E9, U+20AC, U+1F600, and halves of a pair. */
	static const char page[] =
		"\xfe\xff\0{\0\"\0p\0a\0g\0e\0\"\0:\0{\0\"\0n\0a\0m\0e\0\"\0:"
		"\0\"\0\xe9\x20\xac\xd8\x3d\xde\x00\xd8\x3d\0x\xde\x00\0\"\0}"
		"\0,\0\"\0i\0n\0c\0i\0d\0e\0n\0t\0s\0\"\0:\0[\0]\0}";
	const struct page_document *doc = read_text_as(
		*state, page, sizeof(page) - 1, PAGE_FORMAT_UNKNOWN);

	assert_int_equal(doc->reading, PAGE_READ);
	assert_string_equal(doc->name,
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx"
		"\xef\xbf\xbd");
}

static void a_mark_of_utf8_is_no_text(void **state)
{
	const struct page_document *doc = read_text(*state,
		"\xef\xbb\xbf{\"page\": {\"name\": \"a\"}, \"incidents\": []}");

	assert_int_equal(doc->reading, PAGE_READ);
	doc = read_text(*state, "\xef\xbb\xbf");
	assert_int_equal(doc->reading, PAGE_EMPTY);
}

static void times_may_be_numbers(void **state)
{
	static const struct {
		const char *text;
		enum page_time_fate fate;
	} rows[] = {
		{ "1785504027", PAGE_TIME_KNOWN },
		{ "1785504027.546", PAGE_TIME_KNOWN },
		{ "1785504027546", PAGE_TIME_KNOWN },
		{ "1785504027546.25", PAGE_TIME_KNOWN },
		{ "\"1785504027\"", PAGE_TIME_KNOWN },
		{ "1e300", PAGE_TIME_UNREAD },
		{ "-1.5e20", PAGE_TIME_UNREAD },
		{ "true", PAGE_TIME_UNREAD },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		const struct page_document *doc;
		char text[128];

		(void)snprintf(text, sizeof(text),
			"{\"page\": {\"name\": \"a\", \"updated_at\": %s}, "
			"\"incidents\": []}",
			rows[i].text);
		doc = read_text(*state, text);
		assert_int_equal(doc->updated.fate, rows[i].fate);
		if (rows[i].fate == PAGE_TIME_KNOWN)
			assert_int_equal(doc->updated.s, 1785504027);
	}
}

static void latin1_feeds_are_read(void **state)
{
	const struct page_document *doc = read_text(*state,
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n"
		"<rss version=\"2.0\"><channel><title>caf\xe9</title>"
		"<item><title>[Fixed] x</title></item></channel></rss>");

	assert_int_equal(doc->reading, PAGE_READ);
	assert_string_equal(doc->name, "caf\xc3\xa9");
}

/* -- shapes --------------------------------------------------------------- */

static void an_empty_list_says_nothing(void **state)
{
	const struct page_read_options aws = { .bare = PAGE_FORMAT_AWS };
	const struct page_read_options checkly = {
		.bare = PAGE_FORMAT_CHECKLY
	};
	static const char incidents[] = "{\"incidents\": []}";
	const struct page_document *doc;

	doc = read_text_as(*state, "\xfe\xff\0[\0]", 6, PAGE_FORMAT_UNKNOWN);
	assert_int_equal(doc->reading, PAGE_READ);
	assert_int_equal(doc->format, PAGE_FORMAT_AWS);
	assert_true(doc->has_incidents);
	assert_int_equal(read_text(*state, "[]")->reading, PAGE_BARE);
	assert_int_equal(read_text(*state, "{}")->reading, PAGE_BARE);
	doc = page_read(*state, "[]", 2, &aws);
	assert_int_equal(doc->format, PAGE_FORMAT_AWS);
	assert_int_equal(doc->reading, PAGE_READ);
	doc = page_read(*state, incidents, strlen(incidents), &checkly);
	assert_int_equal(doc->format, PAGE_FORMAT_CHECKLY);
	assert_int_equal(doc->reading, PAGE_READ);
	assert_int_equal(
		page_read(*state, incidents, strlen(incidents), &aws)->reading,
		PAGE_BARE);
	assert_int_equal(
		page_read(*state, "[]", 2, &checkly)->reading, PAGE_BARE);
	assert_int_equal(page_read(*state, "{}", 2, &aws)->reading, PAGE_BARE);
}

static void paths_tell_what_is_open(void **state)
{
	static const struct {
		const char *path;
		enum page_format bare;
	} rows[] = {
		{ "/public/currentevents", PAGE_FORMAT_AWS },
		{ "/api/status-page/a/unresolved-incidents",
			PAGE_FORMAT_CHECKLY },
		{ "/api/v2/incidents/unresolved.json", PAGE_FORMAT_UNKNOWN },
		{ "/unresolved-incidents/7", PAGE_FORMAT_UNKNOWN },
		{ "/", PAGE_FORMAT_UNKNOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(page_bare_of_path(rows[i].path), rows[i].bare);
}

static void a_forced_format_needs_its_anchor(void **state)
{
	static const struct {
		const char *name;
		enum page_format format;
		enum page_reading reading;
	} rows[] = {
		{ "aws/all-well.json", PAGE_FORMAT_AWS, PAGE_READ },
		{ "aws/all-well.json", PAGE_FORMAT_GATUS, PAGE_FOREIGN },
		{ "aws/all-well.json", PAGE_FORMAT_STATUSPAGE, PAGE_FOREIGN },
		{ "checkly/all-well.json", PAGE_FORMAT_CHECKLY, PAGE_READ },
		{ "cachet/empty.json", PAGE_FORMAT_CACHET_INCIDENTS,
			PAGE_READ },
		{ "cachet/empty.json", PAGE_FORMAT_CACHET_COMPONENTS,
			PAGE_BARE },
		{ "instatus/all-well.json", PAGE_FORMAT_STATUSPAGE,
			PAGE_FOREIGN },
		{ "statuspage/all-well.json", PAGE_FORMAT_INSTATUS,
			PAGE_FOREIGN },
		{ "statuspage/all-well.json", PAGE_FORMAT_ATOM, PAGE_FOREIGN },
		{ "atom/all-well.xml", PAGE_FORMAT_STATUSPAGE, PAGE_FOREIGN },
		{ "atom/all-well.xml", PAGE_FORMAT_RSS, PAGE_FOREIGN },
		{ "atom/all-well.xml", PAGE_FORMAT_ATOM, PAGE_READ },
		{ "rss/all-well.xml", PAGE_FORMAT_STATUSIQ, PAGE_FOREIGN },
		{ "html/application.html", PAGE_FORMAT_STATUSPAGE,
			PAGE_NO_DATA },
		{ "html/application.html", PAGE_FORMAT_ATOM, PAGE_NO_DATA },
		{ "html/well.html", PAGE_FORMAT_STATUSPAGE_HTML, PAGE_NO_DATA },
		{ "html/well.html", PAGE_FORMAT_HTML, PAGE_NO_DATA },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		const struct page_document *doc =
			page_file_read_as(*state, rows[i].name, rows[i].format);

		assert_true(doc->is_forced);
		if (doc->reading != rows[i].reading)
			fail_msg("%s as %s: %s", rows[i].name,
				page_format_word(rows[i].format),
				page_reading_word(doc->reading));
	}
}

static void formats_have_words(void **state)
{
	unsigned i;

	(void)state;
	for (i = 1; page_format_word(i); i++)
		assert_int_equal(page_format_find(page_format_word(i)), i);
	assert_int_equal(i, PAGE_FORMAT_HTML + 1);
	assert_int_equal(page_format_find("unknown"), PAGE_FORMAT_UNKNOWN);
	assert_int_equal(page_format_find("fax"), PAGE_FORMAT_UNKNOWN);
}

/* -- HTML by patterns ----------------------------------------------------- */

static const struct page_document *read_html(struct arena *arena,
	const char *name, const char *expect, const char *reject)
{
	struct page_pattern *patterns[2];
	const bool is_reject[2] = { false, true };
	struct page_file file = page_file_load(page_file_path(arena, name));
	const struct page_document *doc;
	struct page_read_options options = { .is_reject = is_reject,
		.n_patterns = 2 };

	assert_null(page_pattern_parse(arena, expect, &patterns[0]));
	assert_null(page_pattern_parse(arena, reject, &patterns[1]));
	options.patterns = (const struct page_pattern *const *)patterns;
	doc = page_read(arena, file.data, file.len, &options);
	page_pattern_free(patterns[0]);
	page_pattern_free(patterns[1]);
	free(file.data);
	return doc;
}

static void patterns_see_what_people_see(void **state)
{
	const struct page_document *doc = read_html(*state, "html/well.html",
		"^all systems are up & running\\.$", "outage");

	assert_int_equal(doc->reading, PAGE_READ);
	assert_int_equal(doc->format, PAGE_FORMAT_HTML);
	assert_int_equal(doc->n_matches, 2);
	assert_true(doc->matches[0].is_found);
	assert_false(doc->matches[0].is_reject);
	assert_true(doc->matches[1].is_reject);
	/* Of scripts, comments and attributes, nothing is seen. */
	assert_false(doc->matches[1].is_found);
	doc = read_html(*state, "html/outage.html", "running", "outage");
	assert_true(doc->matches[0].is_found);
	assert_true(doc->matches[1].is_found);
	doc = read_html(
		*state, "html/application.html", "operational", "outage");
	assert_int_equal(doc->reading, PAGE_READ);
	assert_false(doc->matches[0].is_found);
}

/* Whether the pattern is found on a page with this body. */
static bool is_on_page(void **state, const char *body, const char *text)
{
	const bool is_reject[1] = { true };
	const struct page_pattern *patterns[1];
	struct page_read_options options = {
		.patterns = patterns, .is_reject = is_reject, .n_patterns = 1
	};
	const struct page_document *doc;
	struct page_pattern *pattern;
	char page[256];
	int len = snprintf(page, sizeof(page),
		"<html><body><p>Good</p><p>%s</p></body></html>", body);

	assert_null(page_pattern_parse(*state, text, &pattern));
	patterns[0] = pattern;
	options.format = PAGE_FORMAT_HTML;
	doc = page_read(*state, page, (size_t)len, &options);
	page_pattern_free(pattern);
	assert_int_equal(doc->n_matches, 1);
	return doc->matches[0].is_found;
}

static void letters_are_those_that_people_see(void **state)
{
	static const char *const same[] = { "St\xc3\xb6rung \xc3\x9c",
		"St&ouml;rung &Uuml;", "St&#246;rung &#xDC;", "St\xf6rung \xdc",
		"St\xf6rung\xa0\xdc", "St&ouml;rung&nbsp;&Uuml;",
		"St&ouml;rung&#160;&Uuml;", "St\xc3\xb6rung\xc2\xa0\xc3\x9c" };
	size_t i;

	for (i = 0; i < COUNT(same); i++)
		if (!is_on_page(state, same[i], "st\xc3\xb6rung \xc3\x9c"))
			fail_msg("%s", same[i]);
	assert_false(is_on_page(state, "St&xyz;rung", "st.rung"));
	assert_true(is_on_page(state, "\x80 1 \x85", "\xe2\x82\xac 1"));
}

/* An empty page has nothing that could be rejected. */
static void without_an_expectation_there_is_no_page(void **state)
{
	static const char page[] = "<html><body></body></html>";
	const bool is_reject[1] = { true };
	const struct page_pattern *patterns[1];
	struct page_read_options options = {
		.patterns = patterns, .is_reject = is_reject, .n_patterns = 1
	};
	struct page_pattern *pattern;

	assert_null(page_pattern_parse(*state, "outage", &pattern));
	patterns[0] = pattern;
	assert_int_equal(
		page_read(*state, page, sizeof(page) - 1, &options)->reading,
		PAGE_NO_DATA);
	options.format = PAGE_FORMAT_HTML;
	assert_int_equal(
		page_read(*state, page, sizeof(page) - 1, &options)->reading,
		PAGE_NO_DATA);
	page_pattern_free(pattern);
}

static bool is_late(const void *arg)
{
	size_t *left = *(size_t *const *)arg;

	return (*left)-- == 0;
}

/* What was not searched to its end is not known. */
static void searching_ends_with_the_time(void **state)
{
	static const char page[] = "<html><p>well<p>well<p>fine</html>";
	const bool is_reject[] = { false, true };
	struct page_pattern *expected, *rejected;
	const struct page_pattern *patterns[2];
	size_t left, *at = &left;
	struct page_read_options options = { .patterns = patterns,
		.is_reject = is_reject,
		.n_patterns = 2,
		.is_late = is_late,
		.late_arg = &at };
	size_t n;

	assert_null(page_pattern_parse(*state, "well", &expected));
	assert_null(page_pattern_parse(*state, "outage", &rejected));
	patterns[0] = expected;
	patterns[1] = rejected;
	/* Three lines, and what was found is not looked for again. */
	for (n = 0; n <= 4; n++) {
		left = n;
		assert_int_equal(
			page_read(*state, page, sizeof(page) - 1, &options)
				->reading,
			n < 4 ? PAGE_LIMIT : PAGE_READ);
	}
	page_pattern_free(expected);
	page_pattern_free(rejected);
}

/* What would have been rejected may have stood in what is missing. */
static void a_page_that_is_cut_is_none(void **state)
{
	static const struct {
		const char *text;
		enum page_reading reading;
	} rows[] = {
		{ "<html><body>All well</body></html>", PAGE_READ },
		{ "<html><body>All well</body></html> <!-- by", PAGE_READ },
		/* These tags may be left out (HTML, section 13.1.2.4). */
		{ "<!doctype html><title>Status</title><p>All well",
			PAGE_READ },
		{ "<html><body>All well", PAGE_BROKEN },
		{ "<!doctype html><html lang=en><p>All well", PAGE_BROKEN },
		{ "<!doctype html><body><p>All well", PAGE_BROKEN },
		{ "<!doctype html><p>All well<p class='x", PAGE_BROKEN },
		{ "<!doctype html><p>All well<!-- x", PAGE_BROKEN },
		{ "<!doctype html><p>All well<script>x", PAGE_BROKEN },
		{ "<!doctype html><p>All well</script", PAGE_BROKEN },
		{ "<!doctype html><p>All well<style>x</sty", PAGE_BROKEN },
		{ "<!doctype html><p>All well<", PAGE_BROKEN },
		{ "<!doctype html><p>All well</", PAGE_BROKEN },
	};
	const bool is_reject[] = { false, true };
	struct page_pattern *expected, *rejected;
	const struct page_pattern *patterns[2];
	struct page_read_options options = {
		.patterns = patterns, .is_reject = is_reject, .n_patterns = 2
	};
	size_t i;

	assert_null(page_pattern_parse(*state, "well", &expected));
	assert_null(page_pattern_parse(*state, "outage", &rejected));
	patterns[0] = expected;
	patterns[1] = rejected;
	for (i = 0; i < COUNT(rows); i++)
		if (page_read(*state, rows[i].text, strlen(rows[i].text),
			    &options)
				->reading != rows[i].reading)
			fail_msg("%s", rows[i].text);
	page_pattern_free(expected);
	page_pattern_free(rejected);
}

/* A switched-off page is none, whatever is found in it. */
static void patterns_save_no_dead_page(void **state)
{
	assert_int_equal(
		read_html(*state, "html/inactive.html", "page", "x")->reading,
		PAGE_INACTIVE);
	assert_int_equal(
		read_html(*state, "html/decoy.html", "operational", "outage")
			->reading,
		PAGE_DECOY);
}

static void patterns_are_held_against_known_pages_too(void **state)
{
	const struct page_document *doc = read_html(*state,
		"statuspage-html/all-well.html", "Operational", "outage");

	assert_int_equal(doc->format, PAGE_FORMAT_STATUSPAGE_HTML);
	assert_true(doc->matches[0].is_found);
	assert_false(doc->matches[1].is_found);
}

/* -- bounds --------------------------------------------------------------- */

static void add_times(struct text *out, const char *what, size_t n)
{
	while (n-- > 0)
		text_add(out, what);
}

static void hostile_documents_are_refused(void **state)
{
	static const struct {
		const char *head, *piece;
		size_t n;
		enum page_reading reading;
	} rows[] = {
		{ "[", "[],", 1000000, PAGE_LIMIT },
		{ "[", "0,", 1500000, PAGE_LIMIT },
		{ "[", "{},", 1000000, PAGE_LIMIT },
		{ "", "[", 1000000, PAGE_LIMIT },
		{ "", "{\"a\":", 500000, PAGE_LIMIT },
		{ "\"", "\\\"", 1000000, PAGE_FOREIGN },
		{ "<rss>", "<a>", 1000000, PAGE_LIMIT },
		{ "<rss version='2.0'><channel>", "<item/>", 550000,
			PAGE_BROKEN },
		{ "<rss ", "a='1' ", 100, PAGE_BROKEN },
		{ "<html><body ", "<a \"", 700000, PAGE_NO_DATA },
		{ "<html>", "<!--", 700000, PAGE_NO_DATA },
		{ "<html>", "<script>", 400000, PAGE_NO_DATA },
		{ "<html>", "&#x", 700000, PAGE_NO_DATA },
		{ "<html><p ", "a=b ", 700000, PAGE_NO_DATA },
	};
	struct text text;
	size_t i;

	text_init(&text, PAGE_SIZE_MAX);
	for (i = 0; i < COUNT(rows); i++) {
		text_clear(&text);
		text_add(&text, rows[i].head);
		add_times(&text, rows[i].piece, rows[i].n);
		assert_false(text.is_cut);
		if (read_text(*state, text.data)->reading != rows[i].reading)
			fail_msg("%s%s ...", rows[i].head, rows[i].piece);
	}
	text_release(&text);
}

static void lists_are_cut_and_that_is_told(void **state)
{
	const struct page_document *doc;
	struct text text;
	size_t i;

	text_init(&text, PAGE_SIZE_MAX);
	text_add(&text, "{\"page\": {\"id\": \"p\"}, \"incidents\": [{\"id\":"
			" \"i\", \"name\": \"n\", \"status\": \"resolved\","
			" \"incident_updates\": [");
	for (i = 0; i <= PAGE_UPDATES_MAX; i++)
		text_printf(&text,
			"%s{\"status\": \"resolved\", \"body\": "
			"\"b\", \"created_at\": %zu}",
			i > 0 ? "," : "", 1785751200 + i);
	text_add(&text, "]}]}");
	doc = read_text(*state, text.data);
	assert_int_equal(doc->incidents[0].n_updates, PAGE_UPDATES_MAX);
	assert_true(has_oddity(
		doc, PAGE_ODD_CUT, "incidents[0].incident_updates[200]", NULL));
	/* The oldest came first, and comes last now. */
	assert_int_equal(doc->incidents[0].updates[0].posted.s,
		1785751200 + PAGE_UPDATES_MAX - 1);
	text_clear(&text);
	text_add(&text, "{\"page\": {\"id\": \"p\"}, \"components\": [1");
	add_times(&text, ",1", 99);
	text_add(&text, "]}");
	doc = read_text(*state, text.data);
	assert_int_equal(doc->n_oddities, PAGE_ODDITIES_MAX);
	assert_int_equal(doc->n_odd, 100);
	text_release(&text);
}

/* Names are cut between characters, and updates as well. */
static void texts_are_bounded(void **state)
{
	const struct page_document *doc;
	struct text text;

	text_init(&text, PAGE_SIZE_MAX);
	text_add(&text, "{\"page\": {\"name\": \"x");
	add_times(&text, "\xe2\x82\xac", 1000);
	text_add(&text, "\"}, \"incidents\": [{\"id\": 7, \"name\": \"n\", "
			"\"status\": \"monitoring\", \"incident_updates\": "
			"[{\"status\": \"monitoring\", \"body\": \"");
	add_times(&text, "\xe2\x82\xac ", 10000);
	text_add(&text, "\"}]}]}");
	doc = read_text(*state, text.data);
	assert_int_equal(strlen(doc->name), 1 + 3 * ((PAGE_NAME_MAX - 1) / 3));
	assert_true(text_is_utf8(doc->name));
	assert_string_equal(doc->incidents[0].id, "7");
	assert_true(strlen(doc->incidents[0].updates[0].body) <= PAGE_BODY_MAX);
	assert_true(text_is_utf8(doc->incidents[0].updates[0].body));
	text_release(&text);
}

/* -- captures ------------------------------------------------------------- */

static void assert_capture(
	struct arena *arena, const char *name, const struct page_file *file)
{
	const struct page_read_options options = {
		.bare = strstr(name, "aws-") ? PAGE_FORMAT_AWS
					     : PAGE_FORMAT_CHECKLY
	};
	const struct page_document *doc =
		page_read(arena, file->data, file->len, &options);

	if (strstr(name, "-inactive")) {
		assert_int_equal(doc->reading, PAGE_INACTIVE);
		return;
	}
	if (strstr(name, "statusiq-rss-empty")) {
		assert_int_equal(doc->reading, PAGE_BARE);
		return;
	}
	if (doc->reading != PAGE_READ || doc->n_odd > 0)
		fail_msg("%s: %s, %zu odd", name,
			page_reading_word(doc->reading), doc->n_odd);
	if (!strstr(name, "-ok"))
		return;
	if (worst_component(doc) > PAGE_HEALTH_OPERATIONAL ||
		(doc->has_banner &&
			doc->banner.health != PAGE_HEALTH_OPERATIONAL) ||
		count_open(doc->incidents, doc->n_incidents) > 0)
		fail_msg("%s is not well", name);
}

static void captures_are_read(void **state)
{
	const char *path = getenv("LIFELINE_STATUS_CAPTURES");
	DIR *folder = path ? opendir(path) : NULL;
	struct dirent *entry;

	if (!folder) {
		print_message("# LIFELINE_STATUS_CAPTURES names no folder\n");
		return;
	}
	while ((entry = readdir(folder)) != NULL) {
		struct page_file file;

		if (entry->d_name[0] == '.' || strstr(entry->d_name, ".tsv"))
			continue;
		file = page_file_load(
			arena_printf(*state, "%s/%s", path, entry->d_name));
		assert_capture(*state, entry->d_name, &file);
		free(file.data);
	}
	closedir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_read_as_expected),
		cmocka_unit_test(parts_of_documents_are_none),
		cmocka_unit_test(an_incident_is_read_whole),
		cmocka_unit_test(empty_updates_say_nothing),
		cmocka_unit_test(impact_none_says_nothing),
		cmocka_unit_test(a_part_tells_no_more_than_it_has),
		cmocka_unit_test(oddities_tell_their_place),
		cmocka_unit_test(the_rest_of_pages_is_told),
		cmocka_unit_test(names_are_told_apart_by_groups),
		cmocka_unit_test(instatus_tells_how_long),
		cmocka_unit_test(statusio_has_containers),
		cmocka_unit_test(betterstack_goes_by_states),
		cmocka_unit_test(times_without_a_zone_are_known_as_such),
		cmocka_unit_test(kuma_is_joined),
		cmocka_unit_test(components_are_found_by_id),
		cmocka_unit_test(what_is_scheduled_does_not_run),
		cmocka_unit_test(updates_are_sorted),
		cmocka_unit_test(google_is_open_without_an_end),
		cmocka_unit_test(utf16_is_read),
		cmocka_unit_test(characters_are_converted),
		cmocka_unit_test(a_mark_of_utf8_is_no_text),
		cmocka_unit_test(times_may_be_numbers),
		cmocka_unit_test(latin1_feeds_are_read),
		cmocka_unit_test(an_empty_list_says_nothing),
		cmocka_unit_test(paths_tell_what_is_open),
		cmocka_unit_test(a_forced_format_needs_its_anchor),
		cmocka_unit_test(formats_have_words),
		cmocka_unit_test(patterns_see_what_people_see),
		cmocka_unit_test(letters_are_those_that_people_see),
		cmocka_unit_test(without_an_expectation_there_is_no_page),
		cmocka_unit_test(a_page_that_is_cut_is_none),
		cmocka_unit_test(searching_ends_with_the_time),
		cmocka_unit_test(patterns_save_no_dead_page),
		cmocka_unit_test(patterns_are_held_against_known_pages_too),
		cmocka_unit_test(hostile_documents_are_refused),
		cmocka_unit_test(lists_are_cut_and_that_is_told),
		cmocka_unit_test(texts_are_bounded),
		cmocka_unit_test(captures_are_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
