/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What check_mail_flow tells beside its findings: JSON, and the text of -v. */
#include "config.h"

#include <stdio.h>

#include "tests/unit/testing.h"

#include "common/core/json.h"
#include "common/core/text.h"
#include "common/mail/flow_facts.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	OUT_MAX = 1000000,
	JSON_WANTED_MAX = 52000, /* findings and metrics are added to it */
	ARRIVALS = 200,
	HOPS = TRAIL_HOPS_MAX,
	NOW_S = 1800000000,
	LONG_SIZE = 4000,
};

struct world {
	struct arena *arena;
	struct flow flow;
	struct flow_service boxes[8];
	struct flow_arrival arrivals[ARRIVALS];
	struct flow_stage stages[2];
	struct text text;
};

static struct world world;

static int64_t at_ms(int64_t seconds)
{
	return INT64_C(1000) * (NOW_S + seconds);
}

/* Submitted, held for an hour by the exchanger, whose backup's clock is off. */
static void make_arrival(struct world *w, struct flow_arrival *arrival)
{
	static const struct trail_hop hops[] = {
		{ .by = "submit.example.net",
			.with = "ESMTPSA",
			.is_encrypted = true,
			.has_time = true },
		{ .from = "submit.example.net",
			.by = "mx1.example.org",
			.with = "ESMTPS",
			.is_encrypted = true,
			.has_time = true },
		{ .from = "mx1.example.org",
			.by = "imap.example.org",
			.with = "LMTP",
			.has_time = true },
	};
	struct trail_hop *copy =
		arena_array(w->arena, COUNT(hops), sizeof(*copy));

	memcpy(copy, hops, sizeof(hops));
	copy[0].ms = at_ms(-3602);
	copy[1].ms = at_ms(-3600);
	copy[2].ms = at_ms(0);
	*arrival = (struct flow_arrival){ .number = 7,
		.delay_ms = 3603000,
		.trail = { copy, COUNT(hops) },
		.auth = { 1, AUTH_PASS, AUTH_FAIL, AUTH_NONE } };
	arrival->view =
		trail_weigh(w->arena, &arrival->trail, at_ms(-3603), at_ms(0));
}

static void make_flow(struct world *w)
{
	w->stages[0] =
		(struct flow_stage){ "greeting", "done", 220, "hi", 0, 12500 };
	w->stages[1] = (struct flow_stage){ "tls", "timed_out", 0, "a|b\x1b[2J",
		0, 1000 };
	w->boxes[0] = (struct flow_service){ .name = "imap.example.org/INBOX",
		.address = "192.0.2.143",
		.outcome = FLOW_DONE,
		.took_us = 24500,
		.n_messages = 12,
		.n_read = 1,
		.n_left_out = 3,
		.is_partial = true,
		.tls = "TLS 1.3",
		.mechanism = "PLAIN",
		.n_round_trips = 9,
		.has_cert = true,
		.cert_end_s = NOW_S + 86400 };
	make_arrival(w, &w->arrivals[0]);
	w->flow = (struct flow){ .instance = "mon",
		.from = "a@example.net",
		.to = "b@example.org",
		.node = "mon1",
		.now_ms = at_ms(0),
		.has_ledger = true,
		.was_read = true,
		.is_due = true,
		.sums = { .outstanding = 2,
			.oldest_ms = 61000,
			.unseen_ms = 61000,
			.settled = 1,
			.latest_ms = 3603000,
			.median_ms = 3603000,
			.p95_ms = 3603000,
			.max_ms = 3603000,
			.duplicates = 1 },
		.news = { .n_arrived = 1, .slowest_ms = 3603000 },
		.submission = { .name = "submit.example.net",
			.address = "203.0.113.25",
			.outcome = FLOW_TIMED_OUT,
			.said = "does not answer",
			.took_us = 13500,
			.stages = w->stages,
			.n_stages = 2 },
		.mailboxes = w->boxes,
		.n_mailboxes = 1,
		.arrivals = w->arrivals,
		.n_arrivals = 1 };
	w->flow.sums.by_state[FLOW_LATE] = 1;
}

static int set_up(void **state)
{
	*state = &world;
	world = (struct world){ .arena = arena_new(ARENA_MAX) };
	make_flow(&world);
	text_init(&world.text, OUT_MAX);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	text_release(&w->text);
	arena_free(w->arena);
	return 0;
}

static const char *json_of(struct world *w)
{
	struct json json;

	text_clear(&w->text);
	json_init(&json, &w->text);
	json_open_object(&json, NULL);
	flow_write_json(&json, &w->flow);
	json_close_object(&json);
	return w->text.data;
}

static const char *trace_of(struct world *w, unsigned verbosity)
{
	text_clear(&w->text);
	flow_write_trace(&w->text, &w->flow, verbosity);
	return w->text.data;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

static void json_tells_the_servers(void **state)
{
	const char *text = json_of(*state);

	assert_has(text, "\"is_due\":true");
	assert_has(text, "\"submission\":{\"name\":\"submit.example.net\","
			 "\"address\":\"203.0.113.25\",\"outcome\":"
			 "\"timed_out\",\"said\":\"does not answer\","
			 "\"time\":0.0135}");
	assert_has(text, "\"tls\":\"TLS 1.3\",\"mechanism\":\"PLAIN\"");
	assert_has(text, "\"certificate_life\":86400,\"round_trips\":9");
	assert_has(text, "\"messages\":12,\"read\":1,\"is_partial\":true,"
			 "\"left_out\":3");
}

static void json_tells_the_ledger_and_the_way(void **state)
{
	struct world *w = *state;
	const char *text = json_of(w);

	assert_has(text, "\"outstanding\":2,\"delayed\":0,"
			 "\"oldest_outstanding\":61");
	assert_has(text, "\"window\":{\"settled\":1,\"delivered\":0,"
			 "\"late\":1,");
	assert_has(text, "\"delay_median\":3603");
	assert_has(text, "\"arrivals\":[{\"number\":7,\"delay\":3603,"
			 "\"hops\":[{\"by\":\"submit.example.net\"");
	assert_has(text, "\"slowest\":\"mx1.example.org\"");
	assert_null(strstr(text, "\"spf\""));
	assert_null(strstr(text, "\"via\""));
	w->flow.authserv_id = "imap.example.org";
	w->arrivals[0].via = "mx2.example.org";
	text = json_of(w);
	assert_has(text, "\"spf\":\"pass\",\"dkim\":\"fail\",\"dmarc\":"
			 "\"none\"");
	assert_has(text, "\"via\":\"mx2.example.org\",\"passed_via\":false");
}

static void json_without_a_ledger_has_no_numbers(void **state)
{
	struct world *w = *state;

	w->flow.has_ledger = false;
	w->flow.submission.name = NULL;
	w->flow.n_mailboxes = 0;
	assert_string_equal(json_of(w),
		"{\"instance\":\"mon\",\"from\":\"a@example.net\",\"to\":"
		"\"b@example.org\",\"node\":\"mon1\",\"is_due\":true,"
		"\"mailboxes\":[]}");
}

/* All that strangers may say at its longest, at eight folders, of all that
 * may arrive at once. */
static void json_is_bounded(void **state)
{
	struct world *w = *state;
	char *words = arena_alloc(w->arena, LONG_SIZE);
	struct trail_hop *hops = arena_array(w->arena, HOPS, sizeof(*hops));

	memset(words, '"', LONG_SIZE - 1);
	for (size_t i = 0; i < HOPS; i++)
		hops[i] = (struct trail_hop){ .by = words,
			.from = words,
			.with = words,
			.has_time = true,
			.ms = at_ms((int64_t)i) };
	for (size_t i = 0; i < COUNT(w->boxes); i++) {
		w->boxes[i] = w->boxes[0];
		w->boxes[i].said = words;
		w->boxes[i].why_undeleted = words;
	}
	for (size_t i = 0; i < ARRIVALS; i++) {
		w->arrivals[i] = w->arrivals[0];
		w->arrivals[i].trail = (struct trail){ hops, HOPS };
		w->arrivals[i].view = trail_weigh(
			w->arena, &w->arrivals[i].trail, at_ms(0), at_ms(HOPS));
	}
	w->flow.n_mailboxes = COUNT(w->boxes);
	w->flow.n_arrivals = ARRIVALS;
	assert_true(strlen(json_of(w)) < JSON_WANTED_MAX);
	assert_false(w->text.is_cut);
}

static void the_trace_grows_with_verbosity(void **state)
{
	struct world *w = *state;
	const char *text;

	assert_string_equal(trace_of(w, 0), "");
	assert_string_equal(trace_of(w, 1),
		"submission to submit.example.net (203.0.113.25): does not "
		"answer in time, 13.5 ms\n"
		"mailbox imap.example.org/INBOX (192.0.2.143): is fine, 24.5 "
		"ms, TLS 1.3, login by PLAIN, certificate ends in 1 d, 12 "
		"messages, 1 looked at, 9 round trips\n"
		"  3 older messages were left out, since this is the first run "
		"(--pop3-scan)\n"
		"  not all that may be probes was looked at\n"
		"ledger \"mon\": 2 outstanding for up to 1 min 1 s; of the "
		"last 1, 1 late, 1 copies too many\n"
		"probe 7 arrived after 1 h\n"
		"  in front of the first server: 1 s\n"
		"  submit.example.net: 2 s, came by ESMTPSA\n"
		"  mx1.example.org: 1 h, came by ESMTPS\n"
		"  imap.example.org: 0 s, came by LMTP\n");
	text = trace_of(w, 2);
	assert_has(text, "  greeting: 220, 12.5 ms\n");
	assert_has(text, "  tls: timed_out, 1 ms\n");
	text = trace_of(w, 3);
	assert_has(text, "  greeting: 220, 12.5 ms: hi\n");
	assert_null(strchr(text, '|'));
	assert_null(strchr(text, '\x1b'));
}

static void the_holder_is_named(void **state)
{
	struct world *w = *state;

	assert_string_equal(flow_holder(w->arena, &w->flow),
		"probe 7 was held for 1 h by mx1.example.org");
	/* Before the first server had it. */
	w->arrivals[0].trail.n = 0;
	w->arrivals[0].view = trail_weigh(
		w->arena, &w->arrivals[0].trail, at_ms(-3603), at_ms(0));
	assert_null(flow_holder(w->arena, &w->flow));
	make_arrival(w, &w->arrivals[0]);
	w->arrivals[0].trail.hops[0].ms = at_ms(-2);
	w->arrivals[0].trail.hops[1].ms = at_ms(-1);
	w->arrivals[0].view = trail_weigh(
		w->arena, &w->arrivals[0].trail, at_ms(-3603), at_ms(0));
	assert_string_equal(flow_holder(w->arena, &w->flow),
		"probe 7 was held for 1 h before the first server had it");
	w->flow.n_arrivals = 0;
	assert_null(flow_holder(w->arena, &w->flow));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			json_tells_the_servers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			json_tells_the_ledger_and_the_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			json_without_a_ledger_has_no_numbers, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			json_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_trace_grows_with_verbosity, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_holder_is_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
