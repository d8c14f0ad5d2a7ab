/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ledger of probes. The first byte says whether the rest is its state on
 * disk, or what happens to one, four bytes an event. Whatever that is, each
 * probe is counted once, and what is read is what would be saved.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store/flow_file.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	PATH_BYTES = 512,
	NOW_S = 1800000000,
	MIN_MS = 60000,
	OPS_MAX = 512,
	IS_STATE = 's',
};

static const int64_t now_ms = INT64_C(1000) * NOW_S;
static const struct flow_limits limits = { .late_ms = 15 * MIN_MS,
	.lost_ms = 60 * MIN_MS,
	.window = 10,
	.recover = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* The folder of this process, and the file's place in it. */
struct folder {
	char dir[PATH_BYTES];
	int fd;
};

static struct folder folder = { .fd = -1 };

static void empty_folder(void)
{
	DIR *dir = opendir(folder.dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(folder.fd, entry->d_name, 0);
	closedir(dir);
}

static void remove_folder(void)
{
	empty_folder();
	(void)rmdir(folder.dir);
}

static void make_folder(void)
{
	snprintf(folder.dir, sizeof(folder.dir), "%s/fuzz_ledger.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(folder.dir) != NULL);
	folder.fd = open(folder.dir, O_RDONLY | O_DIRECTORY);
	must(folder.fd >= 0);
	(void)atexit(remove_folder);
}

/* The name of the document, by its lock: every open makes that. */
static char *name_of(struct arena *arena)
{
	DIR *dir = opendir(folder.dir);
	const struct dirent *entry;
	char *name = NULL;

	while (dir && !name && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, ".lock") == 0)
			name = arena_printf(arena, "%.*s.json",
				(int)(dot - entry->d_name), entry->d_name);
	}
	must(name != NULL);
	closedir(dir);
	return name;
}

static void put_state(struct arena *arena, const uint8_t *data, size_t size)
{
	static const char head[] =
		"{\"kind\":\"mail-flow\",\"version\":1,"
		"\"key\":\"check_mail_flow mon\",\"node\":\"n\",\"saved_s\":1,"
		"\"state\":";
	int fd = openat(
		folder.fd, name_of(arena), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0);
	must(write(fd, head, strlen(head)) == (ssize_t)strlen(head));
	must(write(fd, data, size) == (ssize_t)size);
	must(write(fd, "}", 1) == 1);
	close(fd);
}

static uint64_t count(const struct flow_ledger *ledger)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FLOW_STATES; i++)
		n += ledger->totals[i];
	for (size_t i = 0; i < ledger->n; i++)
		n += ledger->probes[i].turn == 0;
	return n;
}

static void check_ledger(const struct flow_ledger *ledger)
{
	for (size_t i = 0; i < ledger->n; i++) {
		const struct flow_probe *probe = &ledger->probes[i];

		must(i == 0 || flow_probe_compare(probe - 1, probe) < 0);
		must(flow_is_outstanding(probe->state) == (probe->turn == 0));
		must(flow_has_arrived(probe->state) == (probe->copies > 0));
		must(probe->turn <= ledger->turns);
	}
}

static void check_state(struct arena *arena, const uint8_t *data, size_t size)
{
	struct store_place place = {
		.dir = folder.dir, .is_chosen = true, .now_s = NOW_S
	};
	struct flow_run run = { NULL, 0, now_ms, true };
	struct flow_news news;
	struct flow_file file;

	flow_file_open(&file, arena, &place, "mon");
	flow_file_close(&file);
	put_state(arena, data, size);
	flow_file_open(&file, arena, &place, "mon");
	if (file.was_read) {
		must(flow_file_save(&file, &file.ledger));
		flow_file_close(&file);
		flow_file_open(&file, arena, &place, "mon");
		must(file.was_read);
		check_ledger(&file.ledger);
		flow_send(&file.ledger, arena, now_ms);
		flow_account(&file.ledger, arena, &run, &limits, &news);
		check_ledger(&file.ledger);
		(void)flow_sum(&file.ledger, arena, now_ms, &limits);
	}
	flow_file_close(&file);
	empty_folder();
}

/* What happens: 0 sends, 1 lets time pass; all others are events. */
static void play(struct arena *arena, struct flow_ledger *ledger,
	const uint8_t *op, int64_t *time_ms)
{
	struct flow_event event = { .what = op[0] % FLOW_WHATS,
		.series = op[1] % 4 ? ledger->series : op[1] % 16 + 1U,
		.number = op[2] % 32 + 1U,
		.at_ms = *time_ms - MIN_MS * (op[3] % 90),
		.print = op[3] % 8,
		.said = op[3] % 2 ? "no" : NULL };
	struct flow_run run = { &event, 1, *time_ms, op[3] % 16 != 0 };
	uint64_t counted = count(ledger);
	struct flow_news news;

	event.sent_ms = event.at_ms - MIN_MS * (op[2] % 64);
	for (size_t i = 0; i < ledger->n; i++)
		if (ledger->probes[i].series == event.series &&
			ledger->probes[i].number == event.number)
			event.sent_ms = ledger->probes[i].sent_ms;
	flow_account(ledger, arena, &run, &limits, &news);
	check_ledger(ledger);
	if (!news.is_old)
		must(count(ledger) == counted + news.n_found);
	if (event.what == FLOW_ARRIVES)
		must(flow_is_accounted(ledger, &event) ==
			(news.n_strangers == 0));
	(void)flow_sum(ledger, arena, *time_ms, &limits);
}

static void check_events(struct arena *arena, const uint8_t *data, size_t size)
{
	struct flow_ledger ledger;
	int64_t time_ms = now_ms;

	flow_begin(&ledger, arena, "mon", "0123456789abcdef", time_ms);
	for (size_t i = 0; i + 4 <= size && i < 4 * OPS_MAX; i += 4) {
		const uint8_t *op = data + i;

		if (op[0] % 16 == 0)
			flow_send(&ledger, arena, time_ms);
		else if (op[0] % 16 == 1)
			time_ms += (op[1] - 8) * (int64_t)MIN_MS;
		else
			play(arena, &ledger, op, &time_ms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;

	if (size == 0)
		return 0;
	if (folder.fd < 0)
		make_folder();
	arena = arena_new(ARENA_MAX);
	if (data[0] == IS_STATE)
		check_state(arena, data + 1, size - 1);
	else
		check_events(arena, data + 1, size - 1);
	arena_free(arena);
	return 0;
}
