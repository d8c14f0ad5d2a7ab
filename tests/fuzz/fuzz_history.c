/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State files of the plugins. The first byte chooses the document, and
 * whether the rest is the whole file or only its member "state". What is read
 * must be what would be saved: neither bounds nor order may get lost.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store/dns_history.h"
#include "common/store/sts_past.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	PATH_BYTES = 512,
	IS_DELEGATION = 1,
	IS_STATE = 2,
	IS_STS = 4,
	NOW_S = 1800000000, /* no clock that is not set yet */
};

/* The folder of this process, and the file's place in it. */
struct folder {
	char dir[PATH_BYTES];
	int fd;
};

static struct folder folder = { .fd = -1 };

static void remove_folder(void)
{
	DIR *dir = fdopendir(folder.fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(folder.fd, entry->d_name, 0);
	(void)closedir(dir);
	(void)rmdir(folder.dir);
}

static void make_folder(void)
{
	snprintf(folder.dir, sizeof(folder.dir), "%s/fuzz_history.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder.dir) ||
		(folder.fd = open(folder.dir, O_RDONLY | O_DIRECTORY)) < 0)
		abort();
	(void)atexit(remove_folder);
}

static const char the_key[] = "k";

/* The name of the document, by its lock: every open makes that. */
static const char *name_of(struct arena *arena, const char *kind)
{
	DIR *dir = opendir(folder.dir);
	const struct dirent *entry;
	const char *name = NULL;

	while (dir && !name && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (strstr(entry->d_name, kind) == entry->d_name &&
			strcmp(dot, ".lock") == 0)
			name = arena_printf(arena, "%.*s.json",
				(int)(dot - entry->d_name), entry->d_name);
	}
	if (!name)
		abort();
	closedir(dir);
	return name;
}

static void put_file(struct arena *arena, const char *kind, const uint8_t *data,
	size_t size, bool is_state)
{
	const char *name = name_of(arena, kind);
	int fd = openat(folder.fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char head[PATH_BYTES];
	int len = snprintf(head, sizeof(head),
		"{\"kind\":\"%s\",\"version\":1,\"key\":\"%s\",\"node\":\"n\","
		"\"saved_s\":1,\"state\":",
		kind, the_key);

	if (fd < 0)
		abort();
	if (is_state && write(fd, head, (size_t)len) != len)
		abort();
	if (write(fd, data, size) != (ssize_t)size)
		abort();
	if (is_state && write(fd, "}", 1) != 1)
		abort();
	close(fd);
}

static void must_be(enum dns_history_fate fate, enum dns_history_fate wanted)
{
	if (fate != wanted)
		abort();
}

static void clean(struct arena *arena, const char *kind)
{
	char *name = arena_printf(arena, "%s", name_of(arena, kind));

	(void)unlinkat(folder.fd, name, 0);
	memcpy(strrchr(name, '.'), ".bad", 5);
	(void)unlinkat(folder.fd, name, 0);
}

static void read_history(struct arena *arena, const struct store_place *place,
	const uint8_t *data, size_t size, bool is_state)
{
	struct history_file file;

	history_open(&file, arena, place, the_key);
	history_close(&file);
	put_file(arena, "dns-history", data, size, is_state);
	history_open(&file, arena, place, the_key);
	if (file.state.fate == DNS_HISTORY_READ) {
		history_save(&file, &file.history);
		must_be(file.state.fate, DNS_HISTORY_READ);
		history_close(&file);
		history_open(&file, arena, place, the_key);
		must_be(file.state.fate, DNS_HISTORY_READ);
	} else if (file.state.fate != DNS_HISTORY_LOST &&
		   file.state.fate != DNS_HISTORY_UNUSABLE) {
		abort();
	}
	history_close(&file);
	clean(arena, "dns-history");
}

static void read_delegation(struct arena *arena,
	const struct store_place *place, const uint8_t *data, size_t size,
	bool is_state)
{
	struct remembered_file file;

	remembered_open(&file, arena, place, the_key);
	remembered_close(&file);
	put_file(arena, "dns-delegation", data, size, is_state);
	remembered_open(&file, arena, place, the_key);
	if (file.state.fate == DNS_HISTORY_READ) {
		if (!file.remembered.is_known)
			abort();
		remembered_save(&file, &file.remembered);
		must_be(file.state.fate, DNS_HISTORY_READ);
		remembered_close(&file);
		remembered_open(&file, arena, place, the_key);
		must_be(file.state.fate, DNS_HISTORY_READ);
	} else if (file.state.fate != DNS_HISTORY_LOST &&
		   file.state.fate != DNS_HISTORY_UNUSABLE) {
		abort();
	}
	remembered_close(&file);
	clean(arena, "dns-delegation");
}

static void read_sts(struct arena *arena, const struct store_place *place,
	const uint8_t *data, size_t size, bool is_state)
{
	struct sts_past_file file;
	struct sts_past past;

	sts_past_open(&file, arena, place, the_key);
	sts_past_close(&file);
	put_file(arena, "mta-sts", data, size, is_state);
	sts_past_open(&file, arena, place, the_key);
	past = file.past;
	if (file.state.fate == DNS_HISTORY_READ) {
		sts_past_save(&file, &past);
		must_be(file.state.fate, DNS_HISTORY_READ);
		sts_past_close(&file);
		sts_past_open(&file, arena, place, the_key);
		must_be(file.state.fate, DNS_HISTORY_READ);
		if (strcmp(file.past.id, past.id) != 0 ||
			strcmp(file.past.policy_text, past.policy_text) != 0 ||
			strlen(past.id) > STS_PAST_ID_MAX)
			abort();
	} else if (past.id || past.policy_text ||
		   (file.state.fate != DNS_HISTORY_LOST &&
			   file.state.fate != DNS_HISTORY_UNUSABLE)) {
		abort();
	}
	sts_past_close(&file);
	clean(arena, "mta-sts");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_place place = { .is_chosen = true, .now_s = NOW_S };
	struct arena *arena;

	if (size == 0)
		return 0;
	if (folder.fd < 0)
		make_folder();
	place.dir = folder.dir;
	arena = arena_new(ARENA_MAX);
	if (data[0] & IS_STS)
		read_sts(arena, &place, data + 1, size - 1, data[0] & IS_STATE);
	else if (data[0] & IS_DELEGATION)
		read_delegation(
			arena, &place, data + 1, size - 1, data[0] & IS_STATE);
	else
		read_history(
			arena, &place, data + 1, size - 1, data[0] & IS_STATE);
	arena_free(arena);
	return 0;
}
