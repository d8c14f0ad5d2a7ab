/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history of a page in the store: what was saved comes back, what is odd
 * does not come back at all. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/page/remember.h"
#include "common/store/page_history.h"
#include "tests/unit/page_world.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	NOW_S = 1800000000,
	PATH_BYTES = 512,
	FILE_BYTES = 64 * 1024,
};

static const char a_key[] = "check_status_page https://status.example.org/";

struct fixture {
	struct arena *arena;
	char dir[PATH_BYTES];
	struct store_place place;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "%s/test_page_history.XXXXXX",
		tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	f->arena = arena_new(ARENA_MAX);
	f->place = (struct store_place){
		.dir = f->dir, .is_chosen = true, .now_s = NOW_S
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	(void)rmdir(f->dir);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* A history with one of everything. */
static struct page_history whole(struct arena *arena)
{
	struct page_history history = {
		.format = "statuspage",
		.page_id = "p4ge",
		.page_name = "Caf\xc3\xa9 \"x\" \\",
		.well_s = 0,
		.outage_s = NOW_S - 100,
		.n_probes = 2,
		.n_events = 2,
		.copy = "{\n\t\"a\": \"\\u00e9\"\r\n}\x01\x7f",
		.copy_s = NOW_S - 70,
		.n_tags = 1,
	};

	history.probes = arena_array(arena, 2, sizeof(*history.probes));
	history.probes[0] = (struct page_past_probe){ .key = "=a",
		.is_down = true,
		.since_s = NOW_S - 60,
		.down_s = NOW_S - 60 };
	history.probes[1] = (struct page_past_probe){ .key = "API=b",
		.since_s = NOW_S - 10,
		.down_s = NOW_S - 50,
		.up_s = NOW_S - 10 };
	history.events = arena_array(arena, 2, sizeof(*history.events));
	history.events[0] = (struct page_past_event){
		.id = "inc1", .is_open = true, .first_s = NOW_S - 90
	};
	history.events[1] = (struct page_past_event){ .id = "inc2",
		.was_monitored = true,
		.first_s = NOW_S - 900,
		.resolved_s = NOW_S - 800,
		.reopened_s = NOW_S - 850,
		.n_affected = 2 };
	history.events[1].affected =
		arena_array(arena, 2, sizeof(*history.events[1].affected));
	history.events[1].affected[0] = "web1";
	history.events[1].affected[1] = "api1";
	history.tags = arena_array(arena, 1, sizeof(*history.tags));
	history.tags[0] = (struct page_past_tag){
		.key = "https://status.example.org/ 192.0.2.1",
		.etag = "W/\"1234\"",
	};
	return history;
}

static void save(struct fixture *f, const struct page_history *history)
{
	struct page_history_store file;

	page_history_open(&file, f->arena, &f->place, a_key);
	page_history_save(&file, history);
	assert_true(file.state.fate == DNS_HISTORY_NEW ||
		    file.state.fate == DNS_HISTORY_READ);
	page_history_close(&file);
}

static struct page_history load(
	struct fixture *f, enum dns_history_fate expected)
{
	struct page_history_store file;

	page_history_open(&file, f->arena, &f->place, a_key);
	assert_int_equal(file.state.fate, expected);
	page_history_close(&file);
	return file.history;
}

static void what_was_saved_comes_back(void **state)
{
	struct fixture *f = *state;
	struct page_history history = whole(f->arena);
	const struct page_history empty = { .format = NULL };
	struct page_history back;

	back = load(f, DNS_HISTORY_NEW);
	assert_true(page_history_equal(&back, &empty));
	save(f, &history);
	back = load(f, DNS_HISTORY_READ);
	assert_true(page_history_equal(&back, &history));
	save(f, &empty);
	back = load(f, DNS_HISTORY_READ);
	assert_true(page_history_equal(&back, &empty));
}

/* The path of the file itself. */
static const char *path_of(struct fixture *f)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;
	const char *path = NULL;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, ".json"))
			path = arena_printf(
				f->arena, "%s/%s", f->dir, entry->d_name);
	closedir(dir);
	assert_non_null(path);
	return path;
}

static char *get_file(struct fixture *f)
{
	char *text = arena_alloc(f->arena, FILE_BYTES);
	int fd = open(path_of(f), O_RDONLY);

	assert_true(read(fd, text, FILE_BYTES - 1) > 0);
	close(fd);
	return text;
}

static void put_file(struct fixture *f, const char *text)
{
	int fd = open(path_of(f), O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void forget(struct fixture *f)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static void what_is_odd_does_not_come_back(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "\"format\":\"statuspage\"", "\"format\":7" },
		{ "\"format\":\"statuspage\"", "\"format\":\"a\\nb\"" },
		{ "\"format\":\"statuspage\",", "" },
		{ "\"well_s\":0", "\"well_s\":-1" },
		{ "\"well_s\":0", "\"well_s\":0.5" },
		{ "\"well_s\":0", "\"well_s\":253402300800" },
		{ "\"well_s\":0", "\"well_s\":0,\"more\":1" },
		{ "\"is_down\":true", "\"is_down\":1" },
		{ "\"key\":\"=a\"", "\"key\":\"z\"" },
		{ "\"key\":\"=a\"", "\"key\":\"API=b\"" },
		{ "\"key\":\"=a\"", "\"key\":null" },
		{ "\"id\":\"inc1\"", "\"id\":\"inc2\"" },
		{ "\"id\":\"inc1\"", "\"id\":\"inc9\"" },
		{ "[\"web1\",\"api1\"]", "[\"web1\",7]" },
		{ "[\"web1\",\"api1\"]",
			"[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\","
			"\"9\"]" },
		{ "[\"web1\",\"api1\"]", "{}" },
		{ "\"last_modified\":null", "\"last_modified\":false" },
		{ "\"last_modified\":null", "\"last_modified\":\"\\u007f\"" },
	};
	struct fixture *f = *state;
	const struct page_history empty = { .format = NULL };
	struct page_history history = whole(f->arena);
	size_t i;

	for (i = 0; i < COUNT(changes); i++) {
		const char *text;
		const char *at;
		struct page_history back;

		save(f, &history);
		text = get_file(f);
		at = strstr(text, changes[i].from);
		if (!at)
			fail_msg("%s is not in %s", changes[i].from, text);
		put_file(f, arena_printf(f->arena, "%.*s%s%s", (int)(at - text),
				    text, changes[i].to,
				    at + strlen(changes[i].from)));
		back = load(f, DNS_HISTORY_LOST);
		assert_true(page_history_equal(&back, &empty));
		forget(f);
	}
}

/* What a page makes up can be kept, or is not remembered. */
static void hostile_pages_are_remembered(void **state)
{
	struct fixture *f = *state;
	void *world = NULL;
	struct world *w;
	struct page_document *doc;
	struct page_history back;
	char longest[PAGE_HISTORY_TEXT_MAX + 1];
	size_t i;

	assert_int_equal(world_set_up(&world), 0);
	w = world;
	doc = world_show(w, "statuspage/incident.json");
	memset(longest, '"', PAGE_HISTORY_TEXT_MAX);
	longest[PAGE_HISTORY_TEXT_MAX] = '\0';
	doc->id = arena_printf(w->arena, "%s!", longest);
	doc->name = "a\x01";
	doc->incidents = arena_array(w->arena, 500, sizeof(*doc->incidents));
	doc->n_incidents = 500;
	for (i = 0; i < doc->n_incidents; i++) {
		doc->incidents[i] = (struct page_event){
			.id = arena_printf(w->arena, "%zu\"\"\"\"", i),
			.name = "n",
			.phase = PAGE_PHASE_OPEN,
		};
		doc->incidents[i].affected = arena_array(
			w->arena, 20, sizeof(*doc->incidents[i].affected));
		doc->incidents[i].n_affected = 20;
		for (size_t k = 0; k < 20; k++)
			doc->incidents[i].affected[k] = longest;
	}
	doc->incidents[1].id = "\xff";
	doc->incidents[2].id = "a\nb";
	doc->incidents[3].id = "";
	w->page.after = page_remember(w->arena, &w->page);
	assert_int_equal(w->page.after.n_events, PAGE_HISTORY_EVENTS_MAX);
	assert_null(w->page.after.page_id);
	assert_null(w->page.after.page_name);
	save(f, &w->page.after);
	back = load(f, DNS_HISTORY_READ);
	assert_true(page_history_equal(&back, &w->page.after));
	assert_int_equal(world_tear_down(&world), 0);
}

static void tags_are_of_addresses(void **state)
{
	struct fixture *f = *state;
	void *world = NULL;
	struct world *w;
	struct page_history back;

	assert_int_equal(world_set_up(&world), 0);
	w = world;
	world_show(w, "statuspage/all-well.json");
	w->fetch.etag = "\"1\"";
	w->fetch.last_modified = "x\x01";
	/* Without the document they are of no use. */
	w->page.after = page_remember(w->arena, &w->page);
	assert_int_equal(w->page.after.n_tags, 0);
	w->page.copy = "{}";
	w->page.after = page_remember(w->arena, &w->page);
	save(f, &w->page.after);
	back = load(f, DNS_HISTORY_READ);
	assert_int_equal(back.n_tags, 1);
	assert_string_equal(
		back.tags[0].key, "https://status.example.org/ 192.0.2.1");
	assert_string_equal(back.tags[0].etag, "\"1\"");
	assert_null(back.tags[0].last_modified);
	assert_string_equal(back.copy, "{}");
	assert_int_equal(back.copy_s, WORLD_NOW_S);
	/* It is as old as it was when it came whole. */
	w->page.before = back;
	w->page.expect.now_s += 60;
	w->fetch.is_unchanged = true;
	w->page.after = page_remember(w->arena, &w->page);
	assert_int_equal(w->page.after.copy_s, WORLD_NOW_S);
	w->fetch.is_unchanged = false;
	w->page.after = page_remember(w->arena, &w->page);
	assert_int_equal(w->page.after.copy_s, WORLD_NOW_S);
	w->page.expect.now_s += PAGE_HISTORY_COPY_S;
	w->page.after = page_remember(w->arena, &w->page);
	assert_int_equal(w->page.after.copy_s, w->page.expect.now_s);
	w->page.copy = "{ }";
	w->page.expect.now_s = WORLD_NOW_S + 60;
	w->page.after = page_remember(w->arena, &w->page);
	assert_int_equal(w->page.after.copy_s, WORLD_NOW_S + 60);
	assert_int_equal(world_tear_down(&world), 0);
}

static void the_fate_of_the_file_is_judged(void **state)
{
	void *world = NULL;
	struct world *w;

	(void)state;
	assert_int_equal(world_set_up(&world), 0);
	w = world;
	world_show(w, "statuspage/all-well.json");
	world_run(w);
	world_not_asked(w, "history-lost");
	world_not_asked(w, "history-unusable");
	w->page.file.fate = DNS_HISTORY_LOST;
	world_run(w);
	world_finds(w, "history-lost", 1, STATE_WARNING);
	world_holds(w, "history-unusable");
	w->page.file.fate = DNS_HISTORY_UNUSABLE;
	assert_int_equal(world_run(w), STATE_UNKNOWN);
	world_finds(w, "history-unusable", 1, STATE_UNKNOWN);
	world_holds(w, "history-lost");
	w->page.file.fate = DNS_HISTORY_NO_PLACE;
	assert_int_equal(world_run(w), STATE_OK);
	world_not_judged(w, "history-unusable");
	world_probe(w, "https://www.example.org", NULL);
	w->page.file.fate = DNS_HISTORY_NO_PLACE;
	world_run(w);
	world_finds(w, "history-unusable", 1, STATE_UNKNOWN);
	assert_int_equal(world_tear_down(&world), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(what_was_saved_comes_back),
		TEST(what_is_odd_does_not_come_back),
		TEST(hostile_pages_are_remembered),
		TEST(tags_are_of_addresses),
		TEST(the_fate_of_the_file_is_judged),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
