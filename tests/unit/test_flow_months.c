/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Months of a monitor to which all happens that may: runs are killed at any
 * point, disks are full, mailboxes can't be read, or in part, mails can't be
 * deleted, clocks jump by days, monitors sleep. What became of each probe is
 * known here, and the ledger has to come to the same.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/flow.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	MIN_MS = 60000,
	HOUR_MS = 3600000,
	RUNS = 12000, /* six weeks, one in five minutes */
	CALM_RUNS = 1200,
	PROBES_MAX = RUNS + CALM_RUNS,
	SEEDS = 2,
	MAILS_MAX = 2 * PROBES_MAX,
};

static const int64_t begin_ms = 1795315677000;

static const struct flow_limits limits = { .late_ms = 15 * MIN_MS,
	.lost_ms = 24 * (int64_t)HOUR_MS,
	.window = 50,
	.recover = 3 };

/* What truly became of a probe. */
struct truth {
	struct flow_probe probe;
	bool was_submitted, was_refused, has_come, was_bounced;
	bool is_counted; /* by a ledger that was on disk */
};

/* A mail that comes into the mailbox, and its place among the probes. */
struct mail {
	struct flow_event event;
	size_t truth;
	int64_t there_ms;
	bool is_seen; /* in this run */
	bool is_deleted;
};

struct months {
	uint32_t seed;
	int64_t true_ms, skew_ms;
	struct arena *disk_arena, *arena;
	struct flow_ledger disk, ledger; /* that of the run */
	struct flow_news news;
	struct truth truths[PROBES_MAX];
	size_t n_truths;
	struct mail mails[MAILS_MAX];
	size_t n_mails, first_mail;
	uint64_t copies, n_found;
	bool loses_ledgers; /* and its clock is right */
	bool is_calm;       /* nothing bad happens any more */
	unsigned n_lost;    /* ledgers */
};

static uint32_t draw(struct months *m, uint32_t below)
{
	m->seed = m->seed * 1664525U + 1013904223U;
	return (m->seed >> 8) % below;
}

static bool happens(struct months *m, uint32_t one_in)
{
	bool does = draw(m, one_in) == 0;

	return does && !m->is_calm;
}

static int64_t now(const struct months *m)
{
	return m->true_ms + m->skew_ms;
}

/* As if it was written and read. */
static struct flow_ledger copy(
	struct arena *arena, const struct flow_ledger *from)
{
	struct flow_ledger to = *from;

	to.probes = arena_array(arena, from->n + 1, sizeof(*to.probes));
	to.room = from->n + 1;
	memcpy(to.probes, from->probes, from->n * sizeof(*to.probes));
	for (size_t i = 0; i < to.n; i++)
		to.probes[i].reason = NULL;
	to.pasts = arena_array(arena, FLOW_PASTS_MAX, sizeof(*to.pasts));
	for (size_t i = 0; i < to.n_pasts; i++) {
		struct flow_past *past = &to.pasts[i];

		*past = from->pasts[i];
		past->room = past->n_gaps;
		past->gaps =
			arena_array(arena, past->room, sizeof(*past->gaps));
		if (past->n_gaps > 0)
			memcpy(past->gaps, from->pasts[i].gaps,
				past->n_gaps * sizeof(*past->gaps));
	}
	to.ways = arena_array(arena, FLOW_WAYS_MAX, sizeof(*to.ways));
	return to;
}

static void save(struct months *m)
{
	struct arena *arena = arena_new(ARENA_MAX);

	m->disk = copy(arena, &m->ledger);
	arena_free(m->disk_arena);
	m->disk_arena = arena;
}

static void begin_run(struct months *m)
{
	arena_free(m->arena);
	m->arena = arena_new(ARENA_MAX);
	m->ledger = copy(m->arena, &m->disk);
	m->news = (struct flow_news){ .slowest_ms = -1 };
}

/* -- the world ----------------------------------------------------------- */

static struct flow_event event_of(
	const struct flow_probe *probe, enum flow_what what)
{
	return (struct flow_event){ .what = what,
		.series = probe->series,
		.number = probe->number,
		.sent_ms = probe->sent_ms };
}

static void post(
	struct months *m, size_t truth, enum flow_what what, int64_t after_ms)
{
	struct mail *mail = &m->mails[m->n_mails];

	assert_true(m->n_mails < MAILS_MAX);
	*mail = (struct mail){ .event = event_of(&m->truths[truth].probe, what),
		.truth = truth,
		.there_ms = m->true_ms + after_ms };
	/* By the clock of the mailbox, which is right. */
	mail->event.at_ms = mail->there_ms;
	mail->event.print = ++m->n_mails;
}

/* What becomes of one that was taken. */
static void deliver(struct months *m, size_t truth)
{
	struct truth *t = &m->truths[truth];
	int64_t after_ms = 500 + draw(m, 5000);

	if (happens(m, 50))
		return;
	if (happens(m, 50)) {
		t->was_bounced = true;
		post(m, truth, FLOW_BOUNCES, after_ms);
		return;
	}
	if (happens(m, 30))
		after_ms += draw(m, 72 * 60) * (int64_t)MIN_MS;
	t->has_come = true;
	if (happens(m, 20))
		post(m, truth, FLOW_IS_DELAYED, after_ms / 2);
	if (happens(m, 30)) {
		m->copies++;
		post(m, truth, FLOW_ARRIVES, after_ms);
	}
	post(m, truth, happens(m, 100) ? FLOW_ARRIVES_AS_JUNK : FLOW_ARRIVES,
		after_ms);
}

/* Whether there was a reply, and what it said. */
static bool submit(struct months *m, size_t truth, enum flow_what *what)
{
	m->truths[truth].was_submitted = true;
	*what = happens(m, 30) ? FLOW_IS_REFUSED : FLOW_IS_ACCEPTED;
	if (*what == FLOW_IS_REFUSED)
		m->truths[truth].was_refused = true;
	else
		deliver(m, truth);
	return !happens(m, 40);
}

static void pass_time(struct months *m)
{
	m->true_ms += 5 * MIN_MS + draw(m, 1000);
	if (happens(m, 1000))
		m->true_ms += draw(m, 40) * (int64_t)HOUR_MS;
	if (m->is_calm || m->loses_ledgers || happens(m, 200))
		m->skew_ms = 0;
	else if (happens(m, 500))
		m->skew_ms = (draw(m, 144) - INT64_C(72)) * HOUR_MS;
}

/* -- a run --------------------------------------------------------------- */

/* The mails that are looked at; all is false: some of them. */
static size_t look(struct months *m, struct flow_event *events, bool is_all)
{
	size_t n = 0;

	while (m->first_mail < m->n_mails && m->mails[m->first_mail].is_deleted)
		m->first_mail++;
	for (size_t i = m->first_mail; i < m->n_mails; i++) {
		struct mail *mail = &m->mails[i];

		mail->is_seen = !mail->is_deleted &&
				mail->there_ms <= m->true_ms &&
				(is_all || draw(m, 2) == 0);
		if (mail->is_seen)
			events[n++] = mail->event;
	}
	return n;
}

/* Nobody has arrived in the ledger who has not in truth. */
static void check(struct months *m)
{
	uint64_t counted = 0;

	for (unsigned i = 0; i < FLOW_STATES; i++)
		counted += m->disk.totals[i];
	for (size_t i = 0, t = 0; i < m->disk.n; i++) {
		const struct flow_probe *probe = &m->disk.probes[i];

		while (t < m->n_truths &&
			flow_probe_compare(&m->truths[t].probe, probe) < 0)
			t++;
		assert_true(t < m->n_truths);
		assert_int_equal(
			flow_probe_compare(&m->truths[t].probe, probe), 0);
		counted += probe->turn == 0;
		if (!flow_has_arrived(probe->state))
			continue;
		assert_true(m->truths[t].has_come);
		m->truths[t].is_counted = true;
	}
	assert_int_equal(counted, m->disk.n_sent + m->n_found);
}

static void delete_seen(struct months *m)
{
	for (size_t i = m->first_mail; i < m->n_mails; i++) {
		struct mail *mail = &m->mails[i];
		bool is_notice = mail->event.what == FLOW_BOUNCES ||
				 mail->event.what == FLOW_IS_DELAYED;

		if (!mail->is_seen ||
			!flow_is_accounted(&m->disk, &mail->event) ||
			happens(m, 20))
			continue;
		assert_true(is_notice || m->truths[mail->truth].is_counted);
		mail->is_deleted = true;
		mail->is_seen = false;
	}
}

/* NULL: none was sent, or it was not written. */
static const struct flow_probe *send(struct months *m)
{
	const struct flow_probe *probe =
		flow_send(&m->ledger, m->arena, now(m));

	assert_non_null(probe);
	if (happens(m, 100))
		return NULL;
	save(m);
	assert_true(m->n_truths < PROBES_MAX);
	m->truths[m->n_truths++] = (struct truth){ .probe = *probe };
	return probe;
}

static void run(struct months *m)
{
	static struct flow_event events[MAILS_MAX];
	bool reads = !happens(m, 30);
	bool is_all = reads && !happens(m, 30);
	const struct flow_probe *probe;
	enum flow_what what;
	struct flow_run run = { events, 0, now(m), is_all };

	begin_run(m);
	probe = send(m);
	if (!probe || happens(m, 100))
		return;
	if (submit(m, m->n_truths - 1, &what))
		events[run.n++] = event_of(probe, what);
	if (happens(m, 100))
		return;
	if (reads)
		run.n += look(m, events + run.n, is_all);
	flow_account(&m->ledger, m->arena, &run, &limits, &m->news);
	assert_int_equal(m->news.n_strangers, 0);
	assert_false(m->news.is_old);
	if (happens(m, 100))
		return;
	save(m);
	m->n_found += m->news.n_found;
	check(m);
	if (reads && !happens(m, 100))
		delete_seen(m);
}

/* All but the last one, which is on its way. */
static void count(const struct months *m, uint64_t *come, uint64_t *bounced)
{
	*come = *bounced = 0;
	for (size_t i = 0; i + 1 < m->n_truths; i++) {
		*come += m->truths[i].has_come;
		*bounced += m->truths[i].was_bounced;
		if (m->truths[i].has_come)
			assert_true(m->truths[i].is_counted);
	}
}

static void lose_ledger(struct months *m)
{
	flow_begin(&m->disk, m->disk_arena, "mon", "key", now(m));
	m->n_found = 0;
	m->n_lost++;
}

static void live(struct months *m, uint32_t seed, bool loses_ledgers)
{
	memset(m, 0, sizeof(*m));
	m->seed = seed;
	m->loses_ledgers = loses_ledgers;
	m->true_ms = begin_ms;
	m->disk_arena = arena_new(ARENA_MAX);
	flow_begin(&m->disk, m->disk_arena, "mon", "key", begin_ms);
	for (size_t i = 0; i < RUNS; i++) {
		pass_time(m);
		if (loses_ledgers && happens(m, 1000))
			lose_ledger(m);
		run(m);
	}
	m->is_calm = true;
	for (size_t i = 0; i < CALM_RUNS; i++) {
		pass_time(m);
		run(m);
	}
	/* Nothing is left but the last one. */
	for (size_t i = 0; i + 1 < m->n_mails; i++)
		assert_true(m->mails[i].is_deleted);
}

static void end(struct months *m)
{
	arena_free(m->arena);
	arena_free(m->disk_arena);
}

static void each_probe_comes_to_what_became_of_it(void **state)
{
	static struct months months;
	struct months *m = &months;
	const uint64_t *totals = m->disk.totals;
	uint64_t come, bounced;

	(void)state;
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		live(m, seed, false);
		count(m, &come, &bounced);
		assert_int_equal(m->n_found, 0);
		assert_int_equal(m->disk.n_sent, m->n_truths);
		assert_int_equal(totals[FLOW_DELIVERED] + totals[FLOW_LATE] +
					 totals[FLOW_JUNK],
			come);
		assert_int_equal(totals[FLOW_BOUNCED], bounced);
		assert_int_equal(m->disk.duplicates, m->copies);
		assert_int_equal(come + bounced + totals[FLOW_LOST] +
					 totals[FLOW_REFUSED] +
					 totals[FLOW_UNACCOUNTED] + 1,
			m->disk.n_sent);
		assert_true(totals[FLOW_LOST] > 50);
		assert_true(totals[FLOW_UNACCOUNTED] > 50);
		end(m);
	}
}

/* All that arrives is counted by some ledger, and nothing else is; what is
 * lost with a ledger is never lost in the mail. */
static void a_ledger_that_is_lost_loses_no_arrival(void **state)
{
	static struct months months;
	struct months *m = &months;
	uint64_t come, bounced, n_found = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		live(m, seed, true);
		count(m, &come, &bounced);
		assert_true(m->n_lost > 0);
		n_found += m->n_found;
		end(m);
	}
	assert_true(n_found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_probe_comes_to_what_became_of_it),
		cmocka_unit_test(a_ledger_that_is_lost_loses_no_arrival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
