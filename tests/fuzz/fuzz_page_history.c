/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The history of a status page: where the first byte is odd, the rest is the
 * member "state", else the whole file. What is read must be what would be
 * saved.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/page/remember.h"
#include "common/store/page_history.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	PATH_BYTES = 512,
	NOW_S = 1800000000, /* no clock that is not set yet */
};

static const char the_key[] = "k";

/* The folder of this process. */
static char folder[PATH_BYTES];

static void clean(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static void remove_folder(void)
{
	clean();
	(void)rmdir(folder);
}

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "%s/fuzz_page_history.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		abort();
	(void)atexit(remove_folder);
}

/* The path of the document, by its lock: every open makes that. */
static const char *path_of(struct arena *arena)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	const char *path = NULL;

	while (dir && !path && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (strcmp(dot, ".lock") == 0)
			path = arena_printf(arena, "%s/%.*s.json", folder,
				(int)(dot - entry->d_name), entry->d_name);
	}
	if (!path)
		abort();
	closedir(dir);
	return path;
}

static void put_file(
	struct arena *arena, const uint8_t *data, size_t size, bool is_state)
{
	static const char head[] =
		"{\"kind\":\"status-page\",\"version\":1,\"key\":\"k\","
		"\"node\":\"n\",\"saved_s\":1,\"state\":";
	int fd = open(path_of(arena), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		abort();
	if (is_state &&
		write(fd, head, sizeof(head) - 1) != (ssize_t)sizeof(head) - 1)
		abort();
	if (write(fd, data, size) != (ssize_t)size)
		abort();
	if (is_state && write(fd, "}", 1) != 1)
		abort();
	close(fd);
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(struct arena *arena, const struct store_place *place,
	const uint8_t *data, size_t size, bool is_state)
{
	struct page_history_store file;
	struct page_history first;

	page_history_open(&file, arena, place, the_key);
	page_history_close(&file);
	put_file(arena, data, size, is_state);
	page_history_open(&file, arena, place, the_key);
	first = file.history;
	if (file.state.fate == DNS_HISTORY_READ) {
		page_history_save(&file, &first);
		must(file.state.fate == DNS_HISTORY_READ);
		page_history_close(&file);
		page_history_open(&file, arena, place, the_key);
		must(file.state.fate == DNS_HISTORY_READ);
		must(page_history_equal(&first, &file.history));
	} else {
		must(file.state.fate == DNS_HISTORY_LOST ||
			file.state.fate == DNS_HISTORY_UNUSABLE);
	}
	page_history_close(&file);
	clean();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_place place = { .is_chosen = true, .now_s = NOW_S };
	struct arena *arena;

	if (size == 0)
		return 0;
	if (folder[0] == '\0')
		make_folder();
	place.dir = folder;
	arena = arena_new(ARENA_MAX);
	check(arena, &place, data + 1, size - 1, data[0] % 2 == 1);
	arena_free(arena);
	return 0;
}
