/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far mailboxes were looked at, on disk. */
#include "config.h"

#include "tests/unit/testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/store/flow_seen.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	NOW_S = 1800000000,
	PATH_BYTES = 512,
	FILE_BYTES = 2 * 1024 * 1024,
};

#define OWNER "imap user@imap.example.org:993 0123456789abcdef"

struct fixture {
	struct arena *arena;
	char dir[PATH_BYTES];
	struct store_place place;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/test_flow_seen.XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		return -1;
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

static struct flow_seen_file get(struct fixture *f, const char *owner)
{
	struct flow_seen_file file;

	flow_seen_open(&file, f->arena, &f->place, "mon", owner);
	flow_seen_close(&file);
	return file;
}

static void keep(struct fixture *f, const struct flow_seen *seen)
{
	struct flow_seen_file file;

	flow_seen_open(&file, f->arena, &f->place, "mon", seen->owner);
	assert_true(flow_seen_save(&file, seen));
	flow_seen_close(&file);
}

static void it_comes_back_whole(void **state)
{
	static const uint64_t prints[] = { 0, 1, 63, 64, UINT64_MAX - 1,
		UINT64_MAX };
	struct fixture *f = *state;
	const struct flow_seen seen = { .owner = OWNER,
		.folders = { { "INBOX", 7, 4711 },
			{ "B\xc3\xbc\"ro", UINT32_MAX, 0 } },
		.n_folders = 2,
		.prints = prints,
		.n_prints = COUNT(prints) };
	struct flow_seen_file file = get(f, OWNER);

	assert_false(file.was_read);
	assert_int_equal(file.seen.n_folders, 0);
	keep(f, &seen);
	file = get(f, OWNER);
	assert_true(file.was_read);
	assert_int_equal(file.seen.n_folders, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(
			file.seen.folders[i].name, seen.folders[i].name);
		assert_int_equal(file.seen.folders[i].uid_validity,
			seen.folders[i].uid_validity);
		assert_int_equal(file.seen.folders[i].last_uid,
			seen.folders[i].last_uid);
	}
	assert_int_equal(file.seen.n_prints, COUNT(prints));
	assert_memory_equal(file.seen.prints, prints, sizeof(prints));
}

static void of_another_mailbox_it_is_of_no_use(void **state)
{
	struct fixture *f = *state;
	const struct flow_seen seen = { .owner = OWNER,
		.folders = { { "INBOX", 7, 4711 } },
		.n_folders = 1 };
	struct flow_seen_file file;

	keep(f, &seen);
	file = get(f, OWNER "0");
	assert_false(file.was_read);
	assert_int_equal(file.seen.n_folders, 0);
	assert_string_equal(file.seen.owner, OWNER "0");
}

/* As many as there may be fit; with one more nothing is remembered. */
static void as_much_as_fits_is_kept(void **state)
{
	struct fixture *f = *state;
	size_t n = FLOW_SEEN_PRINTS_MAX + 1;
	uint64_t *prints = arena_array(f->arena, n, sizeof(*prints));
	struct flow_seen seen = {
		.owner = OWNER, .prints = prints, .n_prints = n - 1
	};

	for (size_t i = 0; i < n; i++)
		prints[i] = UINT64_MAX - n + i;
	keep(f, &seen);
	assert_int_equal(get(f, OWNER).seen.n_prints, n - 1);
	seen.n_prints = n;
	keep(f, &seen);
	assert_false(get(f, OWNER).was_read);
}

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

/* Replaces the first of these words in the file. */
static void change(struct fixture *f, const char *from, const char *to)
{
	const char *path = path_of(f);
	char *text = arena_alloc(f->arena, FILE_BYTES);
	FILE *file = fopen(path, "r");
	char *at;

	assert_non_null(file);
	text[fread(text, 1, FILE_BYTES - 1, file)] = '\0';
	fclose(file);
	at = strstr(text, from);
	assert_non_null(at);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%.*s%s%s", (int)(at - text), text, to,
		at + strlen(from));
	fclose(file);
}

static void what_was_not_written_is_not_read(void **state)
{
	static const uint64_t prints[] = { 5, 5000 };
	static const struct {
		const char *from, *to;
	} odd[] = {
		{ "\"owner\":\"", "\"owner\":7,\"x\":\"" },
		{ "\"folders\":[", "\"folders\":{},\"x\":[" },
		{ "[\"INBOX\",7,", "[\"INBOX\",-7," },
		{ "[\"INBOX\",7,", "[\"INBOX\",7.0," },
		{ "[\"INBOX\",7,", "[\"INBOX\",4294967296," },
		{ "[\"INBOX\",7,", "[7,7," },
		{ "[\"INBOX\",7,", "[\"INBOX\",7,7," },
		{ "\"prints\":\"", "\"prints\":\"A" },
		{ "\"prints\":\"A", "\"prints\":\"=" },
		{ "\"prints\":\"A", "\"prints\":\"z" },
		{ "\"prints\":\"", "\"prints\":null,\"x\":\"" },
		{ "\"state\":{", "\"state\":null,\"was\":{" },
	};
	struct fixture *f = *state;
	const struct flow_seen seen = { .owner = OWNER,
		.folders = { { "INBOX", 7, 4711 } },
		.n_folders = 1,
		.prints = prints,
		.n_prints = COUNT(prints) };

	for (size_t i = 0; i < COUNT(odd); i++) {
		struct flow_seen_file file;

		keep(f, &seen);
		assert_true(get(f, OWNER).was_read);
		change(f, odd[i].from, odd[i].to);
		file = get(f, OWNER);
		assert_false(file.was_read);
		assert_int_equal(file.seen.n_folders, 0);
		assert_int_equal(file.seen.n_prints, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_comes_back_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			of_another_mailbox_it_is_of_no_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			as_much_as_fits_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_not_written_is_not_read, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
