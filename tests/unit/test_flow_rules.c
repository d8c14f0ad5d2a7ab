/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of check_mail_flow, each of them broken and kept; its metrics, and
 * its line 1 where all is well. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/core/text.h"
#include "common/mail/flow_facts.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	MIN_MS = 60000,
	HOUR_MS = 3600000,
	DAY_S = 86400,
	NOW_S = 1800000000,
};

struct world {
	struct arena *arena;
	struct flow flow;
	struct flow_service boxes[2];
	struct flow_arrival arrivals[2];
	struct trail_hop hops[2];
	struct judge judge;
};

static struct world world;

/* All is well: 50 arrived in time, one now, and one is on the way. */
static void begin(struct world *w)
{
	w->boxes[0] = w->boxes[1] =
		(struct flow_service){ .name = "imap.example.org",
			.address = "192.0.2.143",
			.outcome = FLOW_DONE,
			.has_cert = true,
			.cert_end_s = NOW_S + 60 * DAY_S };
	w->boxes[1].name = "imap.example.org/Junk";
	w->hops[0] = (struct trail_hop){ .by = "mx2.example.org" };
	w->hops[1] = (struct trail_hop){ .by = "mx1.example.org" };
	w->arrivals[0] = (struct flow_arrival){ .number = 50,
		.delay_ms = 2000,
		.trail = { w->hops, 2 },
		.auth = { 1, AUTH_PASS, AUTH_PASS, AUTH_NONE } };
	w->arrivals[1] = w->arrivals[0];
	w->flow = (struct flow){ .instance = "mon",
		.from = "probe@example.net",
		.to = "probe@example.org",
		.now_ms = INT64_C(1000) * NOW_S,
		.limits = { 15 * MIN_MS, 24 * (int64_t)HOUR_MS, 50, 3 },
		.cert_warning_s = 14 * DAY_S,
		.cert_critical_s = 3 * DAY_S,
		.memory = { FLOW_MEMORY_READ, NULL, "mon1" },
		.node = "mon1",
		.has_ledger = true,
		.sums = { .outstanding = 1,
			.oldest_ms = MIN_MS,
			.unseen_ms = MIN_MS,
			.settled = 50,
			.median_ms = 2100,
			.p95_ms = 4000,
			.max_ms = 5000,
			.latest_ms = -1 },
		.news = { .n_arrived = 1, .slowest_ms = 2000 },
		.is_due = true,
		.submission = { .name = "mx.example.net",
			.outcome = FLOW_DONE,
			.has_cert = true,
			.cert_end_s = NOW_S + 30 * DAY_S },
		.mailboxes = w->boxes,
		.n_mailboxes = 2,
		.arrivals = w->arrivals,
		.n_arrivals = 1 };
	w->flow.sums.by_state[FLOW_DELIVERED] = 50;
}

static int set_up(void **state)
{
	*state = &world;
	world.arena = arena_new(ARENA_MAX);
	begin(&world);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	return 0;
}

/* Judges, and expects "ID STATE" a line; then makes all well again. */
static void expect(struct world *w, const char *expected)
{
	struct text got;

	judge_init(&w->judge, w->arena, flow_rules, n_flow_rules, NULL, 0);
	judge_all(&w->judge, &w->flow);
	judge_sort(&w->judge);
	text_init(&got, 4096);
	for (size_t i = 0; i < w->judge.n_findings; i++)
		text_printf(&got, "%s %s\n", w->judge.findings[i].rule->id,
			state_name(w->judge.findings[i].state));
	assert_string_equal(got.data, expected);
	text_release(&got);
	begin(w);
}

static const char *text_of(const struct world *w)
{
	return w->judge.findings[0].text;
}

static bool is_not_judged(const struct world *w, const char *rule)
{
	for (size_t i = 0; i < w->judge.n_not_judged; i++)
		if (strcmp(w->judge.not_judged[i].rule->id, rule) == 0)
			return true;
	return false;
}

static void all_is_well(void **state)
{
	struct world *w = *state;

	expect(w, "");
	assert_int_equal(w->judge.n_not_judged, 0);
	assert_int_equal(judge_state(&w->judge), STATE_OK);
}

static void mail_that_is_gone(void **state)
{
	struct world *w = *state;

	w->flow.sums.alarming_lost = 2;
	expect(w, "mail-lost CRITICAL\n");
	assert_string_equal(text_of(w),
		"2 probes were lost: accepted, and not there after 1 d");
	/* There may have been more than are remembered. */
	w->flow.sums.alarming_lost = FLOW_LOST_MAX;
	expect(w, "mail-lost CRITICAL\n");
	assert_string_equal(text_of(w),
		"at least 4000 probes were lost: accepted, and not there after "
		"1 d");
	w->flow.sums.alarming_bounced = 1;
	w->flow.sums.reason = "mx2.example.org: 550 5.1.1 no";
	expect(w, "mail-bounced CRITICAL\n");
	assert_string_equal(text_of(w),
		"1 probe was bounced: mx2.example.org: 550 5.1.1 no");
	/* What was lost before, and is no alarm any more. */
	w->flow.sums.by_state[FLOW_LOST] = 1;
	w->flow.sums.by_state[FLOW_BOUNCED] = 1;
	expect(w, "");
	w->flow.sums.unaccounted = 3;
	expect(w, "mail-unaccounted WARNING\n");
	w->flow.sums.delayed = 1;
	w->flow.sums.why_delayed = "mx1.example.org: 450 4.2.0 busy";
	expect(w, "mail-delayed WARNING\n");
	assert_string_equal(text_of(w),
		"1 probe is waiting on the way: mx1.example.org: 450 4.2.0 "
		"busy");
	w->flow.sums.by_state[FLOW_JUNK] = 1;
	expect(w, "mail-junk WARNING\n");
	w->flow.sums.duplicates = 4;
	expect(w, "mail-duplicate OK\n");
	w->flow.is_full = true;
	expect(w, "too-many-outstanding WARNING\n");
}

/* The sentence that counts, after four hours. */
static void late_is_not_lost(void **state)
{
	struct world *w = *state;

	w->flow.sums.by_state[FLOW_DELIVERED] = 47;
	w->flow.sums.by_state[FLOW_LATE] = 3;
	w->flow.sums.latest_ms = 4 * HOUR_MS + 2 * MIN_MS;
	assert_string_equal(flow_summary(w->arena, &w->flow),
		"3 were late by up to 4 h 2 min, none lost; 47 of 50 in time, "
		"median 2.1 s, 1 on the way");
	expect(w, "mail-late OK\n");
	w->flow.sums.by_state[FLOW_LATE] = 1;
	w->flow.sums.latest_ms = 20 * MIN_MS;
	w->flow.sums.by_state[FLOW_LOST] = 1;
	w->flow.sums.by_state[FLOW_BOUNCED] = 2;
	w->flow.sums.outstanding = 0;
	assert_string_equal(flow_summary(w->arena, &w->flow),
		"1 was late by up to 20 min, 1 lost, 2 bounced; 50 of 50 in "
		"time, median 2.1 s");
	begin(w);
	assert_string_equal(flow_summary(w->arena, &w->flow),
		"50 of 50 probes in time, none lost, median 2.1 s, 1 on the "
		"way");
	/* Where it is not known, it is not said. */
	w->flow.sums.unaccounted = 2;
	assert_string_equal(flow_summary(w->arena, &w->flow),
		"50 of 50 probes in time, 2 not accounted for, median 2.1 s, "
		"1 on the way");
	/* Nor where one that is out of the window is an alarm still; and those
	 * that nobody took are told apart. */
	begin(w);
	w->flow.sums.alarming_lost = 1;
	w->flow.sums.by_state[FLOW_REFUSED] = 7;
	assert_string_equal(flow_summary(w->arena, &w->flow),
		"50 of 50 probes in time, 1 lost, 7 refused, median 2.1 s, 1 "
		"on the way");
	w->flow.sums = (struct flow_sums){ .outstanding = 1, .median_ms = -1 };
	assert_string_equal(
		flow_summary(w->arena, &w->flow), "1 probe on the way");
}

static void submission_that_fails(void **state)
{
	struct world *w = *state;
	struct flow_refusal refusal = { "mx2.example.org", "554 no", false };

	for (unsigned i = FLOW_UNREACHABLE; i < FLOW_OUR_FAULT; i++) {
		w->flow.submission.outcome = (enum flow_outcome)i;
		w->flow.submission.said = "554 no";
		expect(w, "submission-failed CRITICAL\n");
	}
	/* A sender who comes again gets it in. */
	w->flow.submission.outcome = FLOW_TURNED_DOWN;
	w->flow.submission.is_greylisted = true;
	expect(w, "submission-failed WARNING\n");
	w->flow.submission.outcome = FLOW_OUR_FAULT;
	expect(w, "submission-failed UNKNOWN\n");
	w->flow.submission.outcome = FLOW_NOT_TRIED;
	expect(w, "");
	assert_true(is_not_judged(w, "submission-failed"));
	/* It is the turn of another, which takes it. */
	w->flow.refusals = &refusal;
	w->flow.n_refusals = 1;
	expect(w, "submission-failed CRITICAL\n");
	refusal.is_greylisted = true;
	w->flow.is_due = false;
	w->flow.refusals = &refusal;
	w->flow.n_refusals = 1;
	expect(w, "submission-failed WARNING\n");
	/* Nothing was to be sent. */
	w->flow.is_due = false;
	w->flow.submission.outcome = FLOW_NOT_TRIED;
	expect(w, "");
	assert_false(is_not_judged(w, "submission-failed"));
	for (unsigned i = 0; i < FLOW_OUTCOMES; i++)
		assert_non_null(flow_outcome_text(i));
	assert_null(flow_outcome_text(FLOW_OUTCOMES));
}

/* Our trouble is none of the mail's. */
static void a_mailbox_that_can_not_be_read(void **state)
{
	struct world *w = *state;

	w->boxes[0].outcome = FLOW_LOGIN_FAILED;
	w->boxes[0].said = "[AUTHENTICATIONFAILED] no";
	expect(w, "mailbox-unreadable UNKNOWN\n");
	assert_string_equal(
		text_of(w), "refuses the login: [AUTHENTICATIONFAILED] no");
	w->boxes[1].outcome = FLOW_TIMED_OUT;
	w->flow.sums.alarming_lost = 1;
	expect(w, "mail-lost CRITICAL\nmailbox-unreadable UNKNOWN\n");
	w->boxes[0].outcome = FLOW_NOT_TRIED;
	w->flow.timeout_stage = "mailbox";
	expect(w, "");
	assert_int_equal(judge_state(&w->judge), STATE_UNKNOWN);
	w->boxes[0].n_undeleted = 7;
	expect(w, "mail-not-deleted WARNING\n");
}

static void ledgers_and_keys(void **state)
{
	struct world *w = *state;

	w->flow.memory =
		(struct flow_memory){ FLOW_MEMORY_UNUSABLE, "is full", NULL };
	w->flow.has_ledger = false;
	expect(w, "ledger-unusable UNKNOWN\n");
	assert_true(is_not_judged(w, "mail-lost"));
	w->flow.memory.fate = FLOW_MEMORY_NO_PLACE;
	expect(w, "ledger-unusable UNKNOWN\n");
	w->flow.memory =
		(struct flow_memory){ FLOW_MEMORY_LOST, "it is torn", NULL };
	expect(w, "ledger-begun-anew WARNING\n");
	assert_string_equal(text_of(w),
		"the ledger is begun anew by what is in the mailbox: it is "
		"torn");
	w->flow.news.is_old = true;
	expect(w, "ledger-begun-anew WARNING\n");
	w->flow.memory.fate = FLOW_MEMORY_NEW;
	w->flow.memory.node = NULL;
	expect(w, "");
	/* Where it is new each time nothing is ever missed. */
	assert_true(is_not_judged(w, "mail-lost"));
	/* It was removed. */
	w->flow.memory.fate = FLOW_MEMORY_NEW;
	w->flow.news.n_found = 2;
	expect(w, "ledger-begun-anew WARNING\n");
	/* Some that were on their way then. */
	w->flow.news.n_found = 1;
	expect(w, "ledger-begun-anew WARNING\n");
	w->flow.news.n_found = 1;
	w->flow.has_ledger = false;
	expect(w, "");
	w->flow.memory.node = "mon2";
	expect(w, "ledger-of-another-node UNKNOWN\n");
	w->flow.news.n_strangers = 1;
	expect(w, "another-sender UNKNOWN\n");
	w->flow.key_wrong = "is not there";
	expect(w, "key-unusable UNKNOWN\n");
	w->flow.key_differs = true;
	expect(w, "key-unusable UNKNOWN\n");
}

static void ways_and_senders(void **state)
{
	struct world *w = *state;

	w->arrivals[0].via = "mx2.example.org";
	w->arrivals[0].passed_via = true;
	expect(w, "");
	w->arrivals[0].via = "mx2.example.org";
	expect(w, "via-not-passed CRITICAL\n");
	/* Each exchanger is told of once, however many did not pass it. */
	w->arrivals[0].via = w->arrivals[1].via = "mx2.example.org";
	w->flow.n_arrivals = 2;
	expect(w, "via-not-passed CRITICAL\n");
	w->arrivals[0].via = "mx2.example.org";
	w->arrivals[1].via = "mx1.example.org";
	w->flow.n_arrivals = 2;
	expect(w, "via-not-passed CRITICAL\nvia-not-passed CRITICAL\n");
	w->flow.authserv_id = "mx1.example.org";
	expect(w, "");
	for (unsigned i = 0; i < AUTH_RESULTS; i++) {
		bool fails = i == AUTH_FAIL || i == AUTH_SOFTFAIL ||
			     i == AUTH_PERMERROR;

		w->flow.authserv_id = "mx1.example.org";
		w->arrivals[0].auth.dkim = (enum auth_result)i;
		expect(w, fails ? "authentication-fails WARNING\n" : "");
	}
	w->flow.authserv_id = "mx1.example.org";
	w->arrivals[0].auth.n_fields = 0;
	expect(w, "");
	assert_true(is_not_judged(w, "authentication-fails"));
	/* Each arrival counts, by whatever way. */
	for (size_t i = 0; i < 2; i++) {
		w->flow.authserv_id = "mx1.example.org";
		w->flow.n_arrivals = 2;
		w->arrivals[i].auth.spf = AUTH_FAIL;
		w->arrivals[1 - i].auth.n_fields = i;
		expect(w, "authentication-fails WARNING\n");
	}
	w->arrivals[0].view.skew_ms = -3600000;
	w->arrivals[0].view.skewed = 1;
	w->arrivals[1].view.skew_ms = 7000;
	w->flow.n_arrivals = 2;
	expect(w, "clock-skew OK\n");
	assert_string_equal(
		w->judge.findings[0].culprit.name, "mx1.example.org");
	assert_string_equal(text_of(w), "its clock is slow by 1 h");
	w->arrivals[0].view.skew_ms = 4000;
	expect(w, "");
}

static void certificates_end(void **state)
{
	struct world *w = *state;

	w->flow.submission.cert_end_s = NOW_S + 13 * DAY_S;
	expect(w, "certificate-expiring WARNING\n");
	w->boxes[0].cert_end_s = NOW_S + 2 * DAY_S;
	expect(w, "certificate-expiring CRITICAL\n");
	w->boxes[0].cert_end_s = NOW_S - DAY_S;
	expect(w, "certificate-expiring CRITICAL\n");
	assert_string_equal(text_of(w), "the certificate ended 1 d ago");
	w->boxes[0].cert_end_s = NOW_S - DAY_S;
	w->boxes[0].has_cert = false;
	expect(w, "");
	w->boxes[0].cert_end_s = NOW_S - DAY_S;
	w->flow.cert_warning_s = w->flow.cert_critical_s = -1;
	expect(w, "");
}

static double metric(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->judge.n_metrics; i++)
		if (strcmp(w->judge.metrics[i].def->name, name) == 0 &&
			!w->judge.metrics[i].instance)
			return w->judge.metrics[i].value;
	return -1;
}

static void measure(struct world *w)
{
	judge_init(&w->judge, w->arena, flow_rules, n_flow_rules, NULL, 0);
	flow_measure(&w->judge, &w->flow);
}

static void metrics_are_seconds_and_counts(void **state)
{
	struct world *w = *state;

	w->flow.sums.by_state[FLOW_LATE] = 3;
	w->flow.sums.loss = 0.02;
	measure(w);
	assert_int_equal((int)metric(w, "delay"), 60);
	assert_int_equal((int)(10 * metric(w, "delay_median")), 21);
	assert_int_equal((int)metric(w, "delay_p95"), 4);
	assert_int_equal((int)metric(w, "delay_max"), 5);
	assert_int_equal((int)metric(w, "outstanding"), 1);
	assert_int_equal((int)metric(w, "oldest_outstanding"), 60);
	assert_int_equal((int)metric(w, "delivered"), 50);
	assert_int_equal((int)metric(w, "late"), 3);
	assert_int_equal((int)metric(w, "loss"), 2);
	assert_int_equal((int)metric(w, "certificate_life"), 30 * DAY_S);
	w->flow.news.slowest_ms = HOUR_MS;
	measure(w);
	assert_int_equal((int)metric(w, "delay"), 3600);
	/* A metric without a value is left out. */
	w->flow.news.slowest_ms = w->flow.sums.unseen_ms = -1;
	w->flow.sums.median_ms = -1;
	measure(w);
	assert_int_equal((int)metric(w, "delay"), -1);
	assert_int_equal((int)metric(w, "delay_median"), -1);
	w->flow.has_ledger = false;
	measure(w);
	assert_int_equal((int)metric(w, "outstanding"), -1);
	assert_int_equal(flow_delay_ms(&w->flow), -1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_well),
		TEST(mail_that_is_gone),
		TEST(late_is_not_lost),
		TEST(submission_that_fails),
		TEST(a_mailbox_that_can_not_be_read),
		TEST(ledgers_and_keys),
		TEST(ways_and_senders),
		TEST(certificates_end),
		TEST(metrics_are_seconds_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
