/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger on disk: what was saved comes back, and what is odd does not
 * come back at all. */
#include "config.h"

#include "tests/unit/testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store/flow_file.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	NOW_S = 1800000000,
	DAY_MS = 86400000,
	PATH_BYTES = 512,
	FILE_BYTES = 64 * 1024,
};

static const int64_t now_ms = INT64_C(1000) * NOW_S;

static const struct flow_limits limits = {
	.late_ms = DAY_MS / 96, .lost_ms = DAY_MS, .window = 50, .recover = 3
};

struct fixture {
	struct arena *arena;
	char dir[PATH_BYTES];
	struct store_place place;
	struct flow_ledger ledger;
};

/* One of each state, and a gap in a series of before. */
static void fill(struct fixture *f)
{
	static const enum flow_what whats[] = { FLOW_IS_ACCEPTED,
		FLOW_IS_REFUSED, FLOW_ARRIVES, FLOW_ARRIVES_AS_JUNK,
		FLOW_IS_DELAYED, FLOW_BOUNCES };
	struct flow_event events[COUNT(whats) + 4];
	struct flow_run run = { events, 0, now_ms + DAY_MS, true };
	struct flow_news news;

	flow_begin(&f->ledger, f->arena, "mon.example.org", "0123456789abcdef",
		now_ms);
	flow_send(&f->ledger, f->arena, now_ms);
	flow_send_via(&f->ledger, f->arena, "mx2.example.org");
	flow_way_note(&f->ledger.ways[0], f->arena, "192.0.2.2", NULL);
	flow_way_refuses(&f->ledger.ways[0], f->arena, "451 wait", true);
	for (size_t i = 0; i < COUNT(whats); i++) {
		const struct flow_probe *probe =
			flow_send(&f->ledger, f->arena, now_ms + 1000);

		events[run.n++] = (struct flow_event){ .what = whats[i],
			.series = probe->series,
			.number = probe->number,
			.sent_ms = probe->sent_ms,
			.at_ms = probe->sent_ms + 2000,
			.print = UINT64_MAX - i,
			.said = "550 \"no\" \xc3\xa4" };
	}
	events[run.n] = events[2];
	events[run.n++].print = 1;
	for (uint64_t i = 3; i < 9; i += 3)
		events[run.n++] = (struct flow_event){ .what = FLOW_ARRIVES,
			.series = 7,
			.number = i,
			.sent_ms = now_ms - DAY_MS,
			.at_ms = now_ms };
	flow_account(&f->ledger, f->arena, &run, &limits, &news);
	assert_int_equal(f->ledger.totals[FLOW_UNACCOUNTED], 1);
	assert_int_equal(f->ledger.n_pasts, 1);
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
	snprintf(f->dir, sizeof(f->dir), "%s/test_flow_file.XXXXXX", tmp);
	if (!mkdtemp(f->dir))
		return -1;
	f->arena = arena_new(ARENA_MAX);
	f->place = (struct store_place){
		.dir = f->dir, .is_chosen = true, .now_s = NOW_S
	};
	fill(f);
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

/* The path of the one file with this ending. */
static const char *path_of(struct fixture *f, const char *ending)
{
	DIR *dir = opendir(f->dir);
	const struct dirent *entry;
	const char *path = NULL;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, ending)) {
			assert_null(path);
			path = arena_printf(
				f->arena, "%s/%s", f->dir, entry->d_name);
		}
	closedir(dir);
	return path;
}

static char *get_text(struct fixture *f)
{
	char *text = arena_alloc(f->arena, FILE_BYTES);
	int fd = open(path_of(f, ".json"), O_RDONLY);

	assert_true(read(fd, text, FILE_BYTES - 1) > 0);
	close(fd);
	return text;
}

static void put_text(struct fixture *f, const char *text)
{
	int fd = open(path_of(f, ".json"), O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void keep(struct fixture *f, const struct flow_ledger *ledger)
{
	struct flow_file file;

	flow_file_open(&file, f->arena, &f->place, "mon.example.org");
	assert_true(flow_file_save(&file, ledger));
	flow_file_close(&file);
}

static struct flow_file get(struct fixture *f)
{
	struct flow_file file;

	flow_file_open(&file, f->arena, &f->place, "mon.example.org");
	flow_file_close(&file);
	return file;
}

static void assert_same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void assert_same_probe(
	const struct flow_probe *a, const struct flow_probe *b)
{
	assert_int_equal(flow_probe_compare(a, b), 0);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->turn, b->turn);
	assert_int_equal(a->delay_ms, b->delay_ms);
	assert_int_equal(a->copies, b->copies);
	assert_memory_equal(a->prints, b->prints, sizeof(a->prints));
	assert_same_text(a->reason, b->reason);
	assert_int_equal(a->way, b->way);
}

static void assert_same_past(
	const struct flow_past *a, const struct flow_past *b)
{
	assert_int_equal(a->series, b->series);
	assert_int_equal(a->lowest, b->lowest);
	assert_int_equal(a->highest, b->highest);
	assert_int_equal(a->turn, b->turn);
	assert_int_equal(a->n_gaps, b->n_gaps);
	assert_memory_equal(a->gaps, b->gaps, a->n_gaps * sizeof(*a->gaps));
}

static void assert_same(
	const struct flow_ledger *a, const struct flow_ledger *b)
{
	assert_string_equal(a->instance, b->instance);
	assert_string_equal(a->key_id, b->key_id);
	assert_int_equal(a->series, b->series);
	assert_int_equal(a->begun_ms, b->begun_ms);
	assert_int_equal(a->n_sent, b->n_sent);
	assert_int_equal(a->last_sent_ms, b->last_sent_ms);
	assert_int_equal(a->read_ms, b->read_ms);
	assert_int_equal(a->back_ms, b->back_ms);
	assert_int_equal(a->turns, b->turns);
	assert_int_equal(a->in_time, b->in_time);
	assert_int_equal(a->calm_turn, b->calm_turn);
	assert_int_equal(a->duplicates, b->duplicates);
	assert_memory_equal(a->totals, b->totals, sizeof(a->totals));
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_same_probe(&a->probes[i], &b->probes[i]);
	assert_int_equal(a->n_ways, b->n_ways);
	for (size_t i = 0; i < a->n_ways; i++) {
		assert_string_equal(a->ways[i].via, b->ways[i].via);
		assert_same_text(a->ways[i].address, b->ways[i].address);
		assert_same_text(a->ways[i].host, b->ways[i].host);
		assert_same_text(a->ways[i].refused, b->ways[i].refused);
		assert_int_equal(
			a->ways[i].is_greylisted, b->ways[i].is_greylisted);
	}
	assert_int_equal(a->n_pasts, b->n_pasts);
	for (size_t i = 0; i < a->n_pasts; i++)
		assert_same_past(&a->pasts[i], &b->pasts[i]);
}

static void a_ledger_comes_back_whole(void **state)
{
	struct fixture *f = *state;
	struct flow_file file = get(f);
	struct flow_file again;

	assert_int_equal(file.memory.fate, FLOW_MEMORY_NEW);
	assert_false(file.was_read);
	f->ledger.in_time = 2;
	f->ledger.calm_turn = 1;
	keep(f, &f->ledger);
	file = get(f);
	assert_int_equal(file.memory.fate, FLOW_MEMORY_READ);
	assert_true(file.was_read);
	assert_non_null(file.memory.node);
	assert_same(&file.ledger, &f->ledger);
	/* And goes on from there. */
	for (size_t i = 0; i < 100; i++)
		assert_non_null(
			flow_send(&file.ledger, f->arena, now_ms + DAY_MS));
	keep(f, &file.ledger);
	again = get(f);
	assert_same(&again.ledger, &file.ledger);
}

static void an_empty_ledger_is_one(void **state)
{
	struct fixture *f = *state;
	struct flow_ledger empty;
	struct flow_file file;

	flow_begin(&empty, f->arena, "mon.example.org", "ffffffffffffffff",
		now_ms);
	keep(f, &empty);
	file = get(f);
	assert_true(file.was_read);
	assert_same(&file.ledger, &empty);
}

static void of_another_instance_is_another_file(void **state)
{
	struct fixture *f = *state;
	struct flow_file file;

	keep(f, &f->ledger);
	flow_file_open(&file, f->arena, &f->place, "other");
	flow_file_close(&file);
	assert_int_equal(file.memory.fate, FLOW_MEMORY_NEW);
}

struct change {
	const char *from, *to;
};

#define PROBE "[1800000000,1,1800000000000,\"unaccounted\",null,"

static const struct change odd[] = {
	{ "\"state\":{", "\"state\":null,\"was\":{" },
	{ "\"instance\":\"mon", "\"instance\":\"non" },
	{ "\"instance\":\"mon.", "\"instance\":\"mon.." },
	{ "\"0123456789abcdef\"", "\"0123456789abcdeF\"" },
	{ "\"0123456789abcdef\"", "\"0123456789abcde\"" },
	{ "\"0123456789abcdef\"", "7" },
	{ "\"series\":1800000000", "\"series\":0" },
	{ "\"series\":1800000000", "\"series\":9007199254740992" },
	{ "\"sent\":7", "\"sent\":6" },
	{ "\"sent\":7", "\"sent\":-7" },
	{ "\"sent\":7", "\"sent\":7.0" },
	{ "\"turns\":", "\"turns\":0,\"x\":" },
	{ "\"in_time\":", "\"out_time\":" },
	{ "\"calm_turn\":", "\"calm_turn\":99,\"x\":" },
	{ "\"totals\":{", "\"totals\":{\"sent\":1," },
	{ "\"totals\":{\"delivered\"", "\"totals\":{\"undelivered\"" },
	{ "\"probes\":[", "\"probes\":[[]," },
	{ "\"probes\":[", "\"probes\":[7," },
	{ "\"probes\":[", "\"probes\":{},\"x\":[" },
	{ PROBE, "[1800000000,1,1800000000000,\"lost\",null,0," },
	{ PROBE, "[1800000000,1,1800000000000,\"found\",null," },
	{ PROBE, "[1800000000,1,1800000000000,\"sent\",null," },
	{ PROBE, "[1800000000,1,1800000000000,\"late\",null," },
	{ PROBE, "[1800000000,1,1800000000000,null,null," },
	{ PROBE, "[1800000000,1,1800000000000,\"lost\",7," },
	{ PROBE, "[1800000000,1,1800000000000,\"lost\",\"\\n\"," },
	{ PROBE, "[1800000000,1,-1,\"lost\",null," },
	{ PROBE, "[1800000000,0,1800000000000,\"lost\",null," },
	{ PROBE, "[1800000000,3,1800000000000,\"lost\",null," },
	{ PROBE, "[1800000000,8,1800000000000,\"lost\",null," },
	{ PROBE, "[0,1,1800000000000,\"lost\",null," },
	{ PROBE "", PROBE "1" },
	{ "[\"fffffffffffffffd\"", "[\"fffffffffffffff\"" },
	{ "[\"fffffffffffffffd\"", "[\"ffffffffffffffff0\"" },
	{ "[\"fffffffffffffffd\"", "[\"fffffffffffffffg\"" },
	{ "[\"fffffffffffffffd\"", "[1" },
	{ "[\"fffffffffffffffc\"]", "[]" },
	{ "[\"fffffffffffffffc\"]",
		"[\"fffffffffffffffc\",\"0000000000000000\","
		"\"0000000000000000\",\"0000000000000000\","
		"\"0000000000000000\"]" },
	{ "\"pasts\":[{", "\"pasts\":[{\"x\":1," },
	{ "\"pasts\":[{", "\"pasts\":[7,{" },
	{ "\"via\":\"", "\"via\":\"\\n" },
	{ "\"host\":null", "\"host\":1" },
	{ "\"greylisted\":true", "\"greylisted\":1" },
	{ "\"host\":null", "\"hosts\":null" },
	{ "\"ways\":[", "\"ways\":[7," },
	{ "\"highest\":6", "\"highest\":4" },
	{ "\"lowest\":3", "\"lowest\":7" },
	{ "[4,5]", "[5,4]" },
	{ "[4,5]", "[4]" },
	{ "[4,5]", "[0,5]" },
	{ "[4,5]", "[4,7]" },
	{ "[4,5]", "[4,5],[1,5]" },
};

static void an_odd_ledger_is_lost(void **state)
{
	struct fixture *f = *state;
	const char *text;

	keep(f, &f->ledger);
	text = get_text(f);
	for (size_t i = 0; i < COUNT(odd); i++) {
		const char *at = strstr(text, odd[i].from);
		struct flow_file file;

		if (!at)
			fail_msg("no %s in %s", odd[i].from, text);
		put_text(f, arena_printf(f->arena, "%.*s%s%s", (int)(at - text),
				    text, odd[i].to, at + strlen(odd[i].from)));
		file = get(f);
		if (file.memory.fate != FLOW_MEMORY_LOST)
			fail_msg("taken: %s", odd[i].to);
		assert_non_null(file.memory.why);
		assert_false(file.was_read);
		assert_int_equal(file.ledger.n, 0);
		assert_int_equal(unlink(path_of(f, ".bad")), 0);
		keep(f, &f->ledger);
	}
	put_text(f, text);
	assert_int_equal(get(f).memory.fate, FLOW_MEMORY_READ);
}

/* All bounds at once: as many outstanding ones as there can be, each of them
 * delayed with a long reason. */
/* With a window of copies of what was sent by a ledger that was lost, and as
 * many gaps between these as there can be. */
static void fill_window(struct fixture *f)
{
	struct flow_limits wide = limits;
	struct flow_event event = { .what = FLOW_ARRIVES,
		.series = 1700000000,
		.sent_ms = now_ms - DAY_MS,
		.at_ms = now_ms };
	struct flow_run run = { &event, 1, now_ms, false };
	struct flow_news news;

	wide.window = FLOW_WINDOW_MAX;
	for (uint64_t i = 0; i <= FLOW_GAPS_MAX; i++) {
		event.number = 100 * 1000 * 1000 + 3 * i;
		for (event.print = 1; event.print <= FLOW_PRINTS_MAX;
			event.print++)
			flow_account(&f->ledger, f->arena, &run, &wide, &news);
	}
	assert_int_equal(f->ledger.n,
		FLOW_LOST_MAX + FLOW_OUTSTANDING_MAX + FLOW_WINDOW_MAX);
	assert_int_equal(f->ledger.pasts[0].n_gaps, FLOW_GAPS_MAX);
}

static void the_largest_ledger_fits(void **state)
{
	struct fixture *f = *state;
	char said[FLOW_REASON_MAX + 1] = { 0 };
	struct flow_event event = { .what = FLOW_IS_DELAYED, .said = said };
	struct flow_run run = { &event, 1, now_ms, false };
	struct flow_news news;
	struct flow_file file;

	memset(said, '"', FLOW_REASON_MAX);
	flow_begin(&f->ledger, f->arena, "mon.example.org", "0123456789abcdef",
		now_ms);
	f->ledger.n_sent = 100 * 1000 * 1000;
	for (size_t i = 0; i < FLOW_LOST_MAX; i++)
		flow_send(&f->ledger, f->arena, now_ms - 2 * DAY_MS);
	for (size_t i = 0; i < f->ledger.n; i++)
		f->ledger.probes[i].state = FLOW_ACCEPTED;
	run.n = 0;
	run.was_read = true;
	flow_account(&f->ledger, f->arena, &run, &limits, &news);
	assert_int_equal(news.n_lost, FLOW_LOST_MAX);
	for (size_t i = 0; i < FLOW_OUTSTANDING_MAX; i++)
		assert_non_null(flow_send(&f->ledger, f->arena, now_ms));
	run.n = 1;
	for (size_t i = 0; i < 200; i++) {
		const struct flow_probe *probe =
			&f->ledger.probes[f->ledger.n - 1 - i];

		event.series = probe->series;
		event.number = probe->number;
		event.sent_ms = probe->sent_ms;
		flow_account(&f->ledger, f->arena, &run, &limits, &news);
	}
	assert_int_equal(f->ledger.n, FLOW_LOST_MAX + FLOW_OUTSTANDING_MAX);
	fill_window(f);
	keep(f, &f->ledger);
	file = get(f);
	assert_true(file.was_read);
	assert_int_equal(file.ledger.n, f->ledger.n);
	assert_non_null(file.ledger.probes[file.ledger.n - 1].reason);
	assert_null(file.ledger.probes[file.ledger.n - 150].reason);
}

static void what_is_not_kept_is_said(void **state)
{
	struct fixture *f = *state;
	struct flow_file file;

	f->place.dir = "/proc/nothing/here";
	flow_file_open(&file, f->arena, &f->place, "mon.example.org");
	assert_int_equal(file.memory.fate, FLOW_MEMORY_UNUSABLE);
	assert_false(flow_file_save(&file, &f->ledger));
	assert_non_null(file.memory.why);
	flow_file_close(&file);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ledger_comes_back_whole),
		TEST(an_empty_ledger_is_one),
		TEST(of_another_instance_is_another_file),
		TEST(an_odd_ledger_is_lost),
		TEST(the_largest_ledger_fits),
		TEST(what_is_not_kept_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
