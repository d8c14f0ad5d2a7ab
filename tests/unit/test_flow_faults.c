/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ledger on disk and the mail beside it: runs that are killed at any step
 * and any write, disks that fail at any write, runs side by side and files
 * that are cut anywhere. No probe is lost by that, and none counted twice.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/store/flow_file.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	NOW_S = 1800000000,
	MIN_MS = 60000,
	DAY_MS = 86400000,
	PATH_BYTES = 512,
	PATH_MAX_BYTES = 1024,
	MAIL_MAX = 256,
	WRITERS = 4,
	RUNS_EACH = 10,
	WAIT_US = 1200 * 1000000, /* ends a hang */
	STEPS_MAX = 200,
};

static const struct flow_limits limits = {
	.late_ms = 15 * MIN_MS, .lost_ms = DAY_MS, .window = 50, .recover = 3
};

/* What processes share: the mail system, and the clock. */
struct message {
	uint64_t series, number;
	int64_t sent_ms, arrives_ms; /* INT64_MAX: it never does */
	bool is_foreign, is_deleted;
};

struct world {
	int64_t now_ms;
	struct message mail[MAIL_MAX];
	size_t n;
	bool is_sending;
	size_t hindered; /* runs that were */
};

struct fixture {
	char dir[PATH_BYTES];
	struct world *world;
};

/* What the store calls, and each step of a run, to be hindered. */
enum hindrance {
	HINDER_NOT,
	HINDER_FAIL, /* the disk is full */
	HINDER_KILL,
};

static struct {
	enum hindrance how;
	unsigned at, step;
	struct world *world;
} hindered;

static bool is_hindered(void)
{
	if (hindered.how == HINDER_NOT || ++hindered.step != hindered.at)
		return false;
	hindered.world->hindered++;
	if (hindered.how == HINDER_KILL)
		(void)kill(getpid(), SIGKILL);
	errno = ENOSPC;
	return true;
}

/* Between two steps one can only be killed. */
static void checkpoint(void)
{
	if (hindered.how == HINDER_KILL)
		(void)is_hindered();
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	/* Half of it gets there. */
	if (hindered.how != HINDER_NOT && hindered.step + 1 == hindered.at) {
		ssize_t put = __real_write(fd, data, len / 2);

		return is_hindered() ? -1 : put;
	}
	(void)is_hindered();
	return __real_write(fd, data, len);
}

int __wrap_fsync(int fd)
{
	return is_hindered() ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return is_hindered() ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

/* A run, as the plugin has it. */

struct run {
	struct arena *arena;
	struct world *world;
	struct flow_file file;
	struct flow_ledger ledger;
	struct flow_event events[MAIL_MAX + 1];
	size_t n;
	struct flow_news news;
};

static void open_ledger(struct run *run, const char *dir)
{
	const struct store_place place = { .dir = dir,
		.is_chosen = true,
		.now_s = run->world->now_ms / 1000,
		.deadline_us = clock_mono_us() + WAIT_US };

	flow_file_open(&run->file, run->arena, &place, "mon");
	if (run->file.was_read)
		run->ledger = run->file.ledger;
	else
		flow_begin(&run->ledger, run->arena, "mon", "0123456789abcdef",
			run->world->now_ms);
}

/* The probe is on disk before it is out. */
static void send_one(struct run *run)
{
	struct world *world = run->world;
	const struct flow_probe *probe;
	struct message message;

	probe = flow_send(&run->ledger, run->arena, world->now_ms);
	assert_non_null(probe);
	checkpoint();
	if (!flow_file_save(&run->file, &run->ledger))
		return;
	checkpoint();
	message = (struct message){ .series = probe->series,
		.number = probe->number,
		.sent_ms = probe->sent_ms,
		.arrives_ms = probe->sent_ms + 7 * MIN_MS };
	/* One of them is taken and gets lost. */
	if (probe->number == 2)
		message.arrives_ms = INT64_MAX;
	world->mail[world->n] = message;
	world->n++;
	checkpoint();
	run->events[run->n++] = (struct flow_event){
		.what = FLOW_IS_ACCEPTED,
		.series = message.series,
		.number = message.number,
		.sent_ms = message.sent_ms,
	};
}

static struct flow_event arrival_of(const struct message *message, size_t place)
{
	return (struct flow_event){ .what = FLOW_ARRIVES,
		.series = message->series,
		.number = message->number,
		.sent_ms = message->sent_ms,
		.at_ms = message->arrives_ms,
		.print = place };
}

static bool is_there(const struct world *world, const struct message *message)
{
	return !message->is_deleted && !message->is_foreign &&
	       message->arrives_ms <= world->now_ms;
}

static void read_mailbox(struct run *run)
{
	const struct world *world = run->world;

	for (size_t i = 0; i < world->n; i++)
		if (is_there(world, &world->mail[i]))
			run->events[run->n++] = arrival_of(&world->mail[i], i);
}

static void delete_mail(struct run *run)
{
	struct world *world = run->world;

	for (size_t i = 0; i < world->n; i++) {
		struct flow_event event = arrival_of(&world->mail[i], i);

		if (!is_there(world, &world->mail[i]) ||
			!flow_is_accounted(&run->ledger, &event))
			continue;
		checkpoint();
		world->mail[i].is_deleted = true;
	}
}

static struct flow_news run_once(struct fixture *f)
{
	static struct run run;
	struct flow_run now = { run.events, 0, f->world->now_ms, true };

	run = (struct run){ .arena = arena_new(ARENA_MAX), .world = f->world };
	open_ledger(&run, f->dir);
	if (f->world->is_sending)
		send_one(&run);
	read_mailbox(&run);
	now.n = run.n;
	flow_account(&run.ledger, run.arena, &now, &limits, &run.news);
	checkpoint();
	if (flow_file_save(&run.file, &run.ledger))
		delete_mail(&run);
	flow_file_close(&run.file);
	arena_free(run.arena);
	return run.news;
}

/* In a process of its own. */
static void run_hindered(struct fixture *f, enum hindrance how, unsigned at)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		hindered.how = how;
		hindered.at = at;
		hindered.step = 0;
		hindered.world = f->world;
		(void)run_once(f);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) ||
		    (how == HINDER_KILL && WTERMSIG(status) == SIGKILL));
}

static void run_some(struct fixture *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		f->world->now_ms += 5 * MIN_MS;
		(void)run_once(f);
	}
}

/* Nothing is sent any more, and all is over after a day. */
static void run_out(struct fixture *f)
{
	f->world->is_sending = false;
	run_some(f, 4);
	f->world->now_ms += DAY_MS;
	run_some(f, 2);
}

static void clean(struct fixture *f)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	*f->world = (struct world){
		.now_ms = INT64_C(1000) * NOW_S, .is_sending = true, .n = 1
	};
	f->world->mail[0] =
		(struct message){ .is_foreign = true, .arrives_ms = 0 };
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	if (!f)
		return -1;
	/* Each write is waited for: by a disk, for a while. */
	if (!tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(f->dir, sizeof(f->dir), "%s/test_flow_faults.XXXXXX", tmp);
	f->world = mmap(NULL, sizeof(*f->world), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(f->dir) || f->world == MAP_FAILED)
		return -1;
	clean(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	clean(f);
	(void)rmdir(f->dir);
	(void)munmap(f->world, sizeof(*f->world));
	free(f);
	return 0;
}

/* The ledger as it is on disk. */
static struct flow_ledger ledger_of(struct fixture *f, struct arena *arena)
{
	struct run run = { .arena = arena, .world = f->world };

	open_ledger(&run, f->dir);
	flow_file_close(&run.file);
	assert_true(run.file.was_read);
	return run.ledger;
}

/* Each message is counted once, and deleted, but those of others. */
static void assert_all_is_counted(struct fixture *f)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct flow_ledger ledger = ledger_of(f, arena);
	size_t lost = 0, there = 0;

	for (size_t i = 1; i < f->world->n; i++) {
		lost += f->world->mail[i].arrives_ms == INT64_MAX;
		there += f->world->mail[i].is_deleted;
	}
	assert_int_equal(there, f->world->n - 1 - lost);
	assert_false(f->world->mail[0].is_deleted);
	assert_int_equal(lost, 1);
	assert_int_equal(ledger.totals[FLOW_LOST], lost);
	assert_int_equal(ledger.totals[FLOW_DELIVERED], there);
	assert_int_equal(ledger.totals[FLOW_LATE], 0);
	assert_int_equal(ledger.duplicates, 0);
	/* What was written down and never sent. */
	assert_true(ledger.totals[FLOW_UNACCOUNTED] <= 1);
	assert_int_equal(
		ledger.n_sent, lost + there + ledger.totals[FLOW_UNACCOUNTED]);
	arena_free(arena);
}

static void without_a_fault_all_is_counted(void **state)
{
	struct fixture *f = *state;

	run_some(f, 20);
	run_out(f);
	assert_int_equal(f->world->n, 21);
	assert_all_is_counted(f);
}

/* Returns whether there is such a step. */
static bool survive(struct fixture *f, enum hindrance how, unsigned at)
{
	clean(f);
	run_some(f, 4);
	f->world->now_ms += 5 * MIN_MS;
	run_hindered(f, how, at);
	run_some(f, 6);
	run_out(f);
	assert_all_is_counted(f);
	return f->world->hindered > 0;
}

static void killed_at_any_step_nothing_is_lost(void **state)
{
	unsigned at = 1;

	while (survive(*state, HINDER_KILL, at))
		assert_true(++at < STEPS_MAX);
	/* There are two saves with several calls each, and what is between. */
	assert_true(at > 12);
}

static void full_at_any_write_nothing_is_lost(void **state)
{
	unsigned at = 1;

	while (survive(*state, HINDER_FAIL, at))
		assert_true(++at < STEPS_MAX);
	assert_true(at > 7);
}

/* A disk that stays full: nothing is sent that is not written down. */
static void without_a_ledger_nothing_is_sent(void **state)
{
	struct fixture *f = *state;
	size_t n;

	run_some(f, 4);
	n = f->world->n;
	for (unsigned i = 0; i < 5; i++) {
		f->world->now_ms += 5 * MIN_MS;
		run_hindered(f, HINDER_FAIL, 1);
	}
	assert_int_equal(f->world->n, n);
	run_some(f, 4);
	run_out(f);
	assert_all_is_counted(f);
}

static void runs_side_by_side_count_once(void **state)
{
	struct fixture *f = *state;
	pid_t children[WRITERS];

	for (size_t i = 0; i < WRITERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] != 0)
			continue;
		for (size_t run = 0; run < RUNS_EACH; run++)
			(void)run_once(f);
		_exit(0);
	}
	for (size_t i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(f->world->n, 1 + WRITERS * RUNS_EACH);
	run_out(f);
	assert_all_is_counted(f);
}

static const char *ledger_path(const struct fixture *f, char *path)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;

	*path = '\0';
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, ".json") &&
			!strstr(entry->d_name, ".bad"))
			snprintf(path, PATH_MAX_BYTES, "%s/%s", f->dir,
				entry->d_name);
	closedir(dir);
	assert_true(*path != '\0');
	return path;
}

/* Two are on their way, and one of those that arrived was not deleted yet. */
static void cut(struct fixture *f, off_t len)
{
	char path[PATH_MAX_BYTES];
	size_t on_way = 0;
	struct arena *arena;
	struct flow_ledger ledger;

	clean(f);
	run_some(f, 6);
	for (size_t i = 1; i < f->world->n; i++)
		on_way += !f->world->mail[i].is_deleted &&
			  f->world->mail[i].arrives_ms != INT64_MAX;
	assert_int_equal(truncate(ledger_path(f, path), len), 0);
	run_some(f, 3);
	run_out(f);
	arena = arena_new(ARENA_MAX);
	ledger = ledger_of(f, arena);
	assert_int_equal(on_way, 2);
	/* Of the three that are sent since, one gets lost, as its number is
	 * 2. */
	assert_int_equal(ledger.n_sent, 3);
	assert_int_equal(ledger.totals[FLOW_LOST], 1);
	assert_int_equal(ledger.totals[FLOW_DELIVERED], 2 + on_way);
	assert_int_equal(ledger.duplicates, 0);
	for (size_t i = 1; i < f->world->n; i++)
		assert_true(f->world->mail[i].is_deleted ||
			    f->world->mail[i].arrives_ms == INT64_MAX);
	arena_free(arena);
}

static void cut_anywhere_it_is_begun_anew(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX_BYTES];
	off_t size;
	int fd;

	run_some(f, 6);
	fd = open(ledger_path(f, path), O_RDONLY);
	size = lseek(fd, 0, SEEK_END);
	close(fd);
	assert_true(size > 400);
	/* An end of line is not missed. */
	for (off_t len = 0; len < size - 2; len += 9)
		cut(f, len);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_fault_all_is_counted),
		TEST(killed_at_any_step_nothing_is_lost),
		TEST(full_at_any_write_nothing_is_lost),
		TEST(without_a_ledger_nothing_is_sent),
		TEST(runs_side_by_side_count_once),
		TEST(cut_anywhere_it_is_begun_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
