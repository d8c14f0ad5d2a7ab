/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One question to one address, on virtual time: what is tried, in which
 * order, and what comes of it. The channel is a script of what each try
 * brings.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "common/core/clock.h"
#include "common/dnsnet/channel.h"
#include "common/dnsnet/exchange.h"
#include "tests/unit/virtual_loop.h"

enum {
	SECOND_US = 1000 * 1000,
	TIMEOUT_US = 1500 * 1000,
	ROUND_TRIP_US = 20 * 1000,
	TRIES_MAX = 16,
	HEADER = 12,
	ARCOUNT = 11, /* low byte of the count of additional records */
};

/* What one try brings. */
enum brings {
	ANSWER,
	LOST,     /* no reply */
	CLOSED,   /* port unreachable */
	NO_ROUTE, /* it never left this host */
	GARBAGE,
	TRUNCATED,
	FORMERR,
	REFUSED,
	WITHOUT_OPT,
};

struct script {
	enum brings brings[TRIES_MAX];
	size_t n, at;
	bool was_tcp[TRIES_MAX], had_edns[TRIES_MAX];
	uint16_t port; /* 0: none of its own */
};

struct answer;

struct channels {
	struct loop *loop;
	struct script *script;
	struct answer *answers; /* all that were made */
};

struct answer {
	struct answer *next;
	struct channel_query *query;
	enum dns_outcome outcome;
	uint8_t wire[512];
	size_t len;
	struct loop_timer timer;
};

static struct script *the_script; /* of the test in hand */

/* -- the stand-in for channel.c ------------------------------------------ */

struct channels *channels_new(
	struct loop *loop, const struct dns_options *options)
{
	(void)options;
	struct channels *all = calloc(1, sizeof(*all));
	if (all == NULL)
		return NULL;
	all->loop = loop;
	all->script = the_script;
	return all;
}

void channels_free(struct channels *all)
{
	while (all->answers != NULL) {
		struct answer *next = all->answers->next;
		free(all->answers);
		all->answers = next;
	}
	free(all);
}

static void on_answer(void *arg)
{
	struct answer *answer = arg;
	struct channel_query *query = answer->query;
	query->fn(query->arg, answer->outcome, answer->wire, answer->len);
}

/* The query as its own reply, with the rcode and flags wanted. */
static void make_reply(struct answer *answer, enum brings brings,
	const uint8_t *wire, size_t len)
{
	memcpy(answer->wire, wire, len);
	answer->len = len;
	answer->wire[2] |= 0x80; /* QR */
	if (brings == TRUNCATED)
		answer->wire[2] |= 0x02;
	if (brings == FORMERR)
		answer->wire[3] = 1;
	if (brings == REFUSED)
		answer->wire[3] = 5;
	if (brings == GARBAGE)
		answer->wire[5] = 9; /* nine questions, one is there */
	bool drops_opt = brings == WITHOUT_OPT || brings == FORMERR;
	if (drops_opt && wire[ARCOUNT] == 1) {
		answer->wire[ARCOUNT] = 0;
		answer->len -= 11; /* an OPT record without options */
	}
}

void channel_send(struct channels *all, const struct channel_peer *peer,
	struct channel_query *query, const uint8_t *wire, size_t len)
{
	struct script *script = all->script;
	assert_int_equal(peer->port, script->port != 0 ? script->port : 53);
	assert_true(script->at < script->n);
	enum brings brings = script->brings[script->at];
	script->was_tcp[script->at] = peer->is_tcp;
	script->had_edns[script->at] = wire[ARCOUNT] == 1;
	script->at++;
	struct answer *answer = calloc(1, sizeof(*answer));
	assert_non_null(answer);
	answer->next = all->answers;
	all->answers = answer;
	answer->query = query;
	answer->outcome = DNS_ANSWERED;
	int64_t delay_us = ROUND_TRIP_US;
	query->is_sent = brings != NO_ROUTE;
	if (brings == LOST) {
		answer->outcome = DNS_TIMED_OUT;
		delay_us = TIMEOUT_US;
	} else if (brings == CLOSED) {
		answer->outcome = DNS_PORT_CLOSED;
	} else if (brings == NO_ROUTE) {
		answer->outcome = DNS_UNREACHABLE;
		delay_us = 0;
	} else {
		make_reply(answer, brings, wire, len);
	}
	loop_timer_set(all->loop, &answer->timer, clock_mono_us() + delay_us,
		on_answer, answer);
}

/* -- running one --------------------------------------------------------- */

struct seen {
	struct reply reply;
	unsigned calls;
	int64_t took_us;
	bool hit_deadline;
	struct sightings sightings;
};

static void on_reply(void *arg, const struct reply *reply)
{
	struct seen *seen = arg;
	seen->reply = *reply;
	seen->calls++;
}

static struct seen run(struct script *script, bool over_tcp, bool wants_verdict,
	int64_t deadline_us)
{
	struct seen seen = { .calls = 0 };
	struct dns_options options = { .zone = "example.org",
		.use_v4 = true,
		.use_v6 = true,
		.tries = 3,
		.query_timeout_us = TIMEOUT_US,
		.port = 53 };
	virtual_time_reset();
	the_script = script;
	options.start_us = clock_mono_us();
	options.deadline_us = options.start_us + deadline_us;
	struct arena *arena = arena_new(1024 * 1024);
	struct exchanges *all = exchanges_new(arena, &options);
	assert_non_null(all);
	struct ask ask = { .question = { .name = "example.org",
				   .type = DNS_TYPE_SOA },
		.addr = { .family = 4, .bytes = { 192, 0, 2, 1 } },
		.port = script->port,
		.over_tcp = over_tcp,
		.tries = 3,
		.wants_edns_verdict = wants_verdict,
		.zone = "example.org" };
	exchanges_ask(all, &ask, on_reply, &seen);
	seen.hit_deadline = exchanges_run(all);
	seen.took_us = clock_mono_us() - options.start_us;
	seen.sightings = *exchanges_seen(all);
	exchanges_free(all);
	arena_free(arena);
	assert_int_equal(seen.calls, 1);
	return seen;
}

/* Over UDP, with the verdict on EDNS, and all the time in the world. */
static struct seen run_udp(struct script *script)
{
	struct seen seen = run(script, false, true, 60 * SECOND_US);
	assert_false(seen.hit_deadline);
	assert_int_equal(script->at, script->n);
	assert_int_equal(seen.sightings.n_queries, script->n);
	return seen;
}

/* -- the cases ----------------------------------------------------------- */

static void an_answer_ends_it(void **state)
{
	struct script script = { .brings = { ANSWER }, .n = 1 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_int_equal(seen.reply.edns, DNS_EDNS_FINE);
	assert_int_equal(seen.reply.probe.rtt_us, ROUND_TRIP_US);
	assert_int_equal(seen.took_us, ROUND_TRIP_US);
	assert_true(script.had_edns[0]);
}

static void a_server_may_have_its_own_port(void **state)
{
	struct script script = {
		.brings = { TRUNCATED, ANSWER }, .n = 2, .port = 5300
	};
	(void)state;
	assert_int_equal(run_udp(&script).reply.probe.outcome, DNS_ANSWERED);
}

static void two_lost_packets_are_made_up_for(void **state)
{
	/* Behind the first loss, a plain question goes along. */
	struct script script = { .brings = { LOST, LOST, LOST, ANSWER, ANSWER },
		.n = 5 };
	(void)state;
	struct seen seen = run(&script, false, true, 60 * SECOND_US);
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_int_equal(seen.reply.edns, DNS_EDNS_FINE);
	assert_int_equal(seen.took_us, 2 * TIMEOUT_US + ROUND_TRIP_US);
}

static void silence_is_a_timeout(void **state)
{
	struct script script = { .brings = { LOST, LOST, LOST, LOST, LOST },
		.n = 5 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_TIMED_OUT);
	assert_int_equal(seen.reply.probe.tries, 3);
	assert_null(seen.reply.message);
	assert_int_equal(seen.took_us, 3 * TIMEOUT_US);
	assert_int_equal(seen.sightings.udp.answered, 0);
	assert_int_equal(seen.sightings.v4.tried, 1);
}

static void edns_that_is_dropped_is_told(void **state)
{
	struct script script = { .n = 4 };
	(void)state;
	/* EDNS, then plain and EDNS by turns. */
	script.brings[0] = LOST;
	script.brings[1] = ANSWER; /* plain */
	script.brings[2] = LOST;
	script.brings[3] = LOST;
	struct seen seen = run_udp(&script);
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_int_equal(seen.reply.edns, DNS_EDNS_DROPPED);
	assert_false(script.had_edns[1]);
	assert_true(script.had_edns[2]);
	assert_true(script.had_edns[3]);
}

static void a_lost_packet_does_not_accuse_edns(void **state)
{
	struct script script = { .n = 3 };
	(void)state;
	script.brings[0] = LOST;
	script.brings[1] = ANSWER; /* plain */
	script.brings[2] = ANSWER; /* EDNS again */
	struct seen seen = run_udp(&script);
	assert_int_equal(seen.reply.edns, DNS_EDNS_FINE);
}

static void a_walk_takes_the_plain_answer(void **state)
{
	struct script script = { .brings = { LOST, ANSWER }, .n = 2 };
	(void)state;
	struct seen seen = run(&script, false, false, 60 * SECOND_US);
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_int_equal(seen.reply.edns, DNS_EDNS_UNKNOWN);
	assert_int_equal(seen.took_us, SECOND_US / 2 + ROUND_TRIP_US);
}

static void edns_that_is_refused_is_told(void **state)
{
	struct script script = { .brings = { FORMERR, ANSWER }, .n = 2 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.edns, DNS_EDNS_REFUSED);
	assert_int_equal(seen.reply.edns_rcode, DNS_RCODE_FORMERR);
	assert_int_equal(seen.reply.probe.rcode, DNS_RCODE_NOERROR);
	assert_false(script.had_edns[1]);
}

static void edns_that_is_ignored_is_told(void **state)
{
	struct script script = { .brings = { WITHOUT_OPT }, .n = 1 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.edns, DNS_EDNS_IGNORED);
}

static void a_refusal_is_no_word_on_edns(void **state)
{
	struct script script = { .brings = { REFUSED }, .n = 1 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.rcode, 5);
	assert_int_equal(seen.reply.probe.kind, DNS_KIND_ERROR);
	assert_int_equal(seen.reply.edns, DNS_EDNS_FINE);
}

static void a_truncated_reply_is_asked_again(void **state)
{
	struct script script = { .brings = { TRUNCATED, ANSWER }, .n = 2 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_true(seen.reply.probe.was_truncated);
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_false(script.was_tcp[0]);
	assert_true(script.was_tcp[1]);
	assert_int_equal(seen.sightings.udp.answered, 1);
	assert_int_equal(seen.sightings.tcp.answered, 1);
}

static void truncation_over_and_over_ends(void **state)
{
	struct script script = { .brings = { TRUNCATED, TRUNCATED }, .n = 2 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_MALFORMED);
	assert_null(seen.reply.message);
}

static void truncation_without_tcp_is_no_answer(void **state)
{
	struct script script = {
		.brings = { TRUNCATED, CLOSED, CLOSED, CLOSED }, .n = 4
	};
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_PORT_CLOSED);
	assert_true(seen.reply.probe.was_truncated);
	assert_int_equal(seen.sightings.udp.answered, 1);
	assert_int_equal(seen.sightings.tcp.answered, 0);
}

static void a_closed_port_is_tried_again(void **state)
{
	struct script script = { .brings = { CLOSED, ANSWER }, .n = 2 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
}

static void what_never_left_is_not_tried_again(void **state)
{
	struct script script = { .brings = { NO_ROUTE }, .n = 1 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_UNREACHABLE);
	assert_int_equal(seen.took_us, 0);
	assert_int_equal(seen.sightings.v4.unreachable, 1);
}

static void garbage_is_tried_again(void **state)
{
	struct script script = { .brings = { GARBAGE, GARBAGE, GARBAGE },
		.n = 3 };
	struct seen seen = run_udp(&script);
	(void)state;
	assert_int_equal(seen.reply.probe.outcome, DNS_MALFORMED);
}

static void tcp_falls_back_to_plain_dns(void **state)
{
	struct script script = { .brings = { FORMERR, ANSWER }, .n = 2 };
	(void)state;
	struct seen seen = run(&script, true, false, 60 * SECOND_US);
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_int_equal(seen.reply.probe.rcode, DNS_RCODE_NOERROR);
	assert_true(script.was_tcp[1]);
	assert_false(script.had_edns[1]);
}

static void the_deadline_ends_what_is_open(void **state)
{
	struct script script = { .brings = { LOST, LOST, LOST }, .n = 3 };
	(void)state;
	struct seen seen = run(&script, false, true, 2 * SECOND_US);
	assert_true(seen.hit_deadline);
	assert_int_equal(seen.reply.probe.outcome, DNS_TIMED_OUT);
	assert_int_equal(seen.took_us, 2 * SECOND_US);
}

static void the_deadline_keeps_what_came(void **state)
{
	/* A plain answer came, the verdict on EDNS has not. */
	struct script script = { .brings = { LOST, ANSWER, LOST }, .n = 3 };
	(void)state;
	struct seen seen = run(&script, false, true, 2 * SECOND_US);
	assert_true(seen.hit_deadline);
	assert_int_equal(seen.reply.probe.outcome, DNS_ANSWERED);
	assert_non_null(seen.reply.message);
	/* The second try with EDNS was out for half a second. */
	assert_int_equal(seen.reply.edns, DNS_EDNS_DROPPED);
}

static void the_deadline_accuses_nobody_too_soon(void **state)
{
	struct script script = { .brings = { LOST, ANSWER, LOST }, .n = 3 };
	(void)state;
	struct seen seen = run(&script, false, true, 1600 * 1000);
	assert_true(seen.hit_deadline);
	assert_non_null(seen.reply.message);
	assert_int_equal(seen.reply.edns, DNS_EDNS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_ends_it),
		cmocka_unit_test(a_server_may_have_its_own_port),
		cmocka_unit_test(two_lost_packets_are_made_up_for),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(edns_that_is_dropped_is_told),
		cmocka_unit_test(a_lost_packet_does_not_accuse_edns),
		cmocka_unit_test(a_walk_takes_the_plain_answer),
		cmocka_unit_test(edns_that_is_refused_is_told),
		cmocka_unit_test(edns_that_is_ignored_is_told),
		cmocka_unit_test(a_refusal_is_no_word_on_edns),
		cmocka_unit_test(a_truncated_reply_is_asked_again),
		cmocka_unit_test(truncation_over_and_over_ends),
		cmocka_unit_test(truncation_without_tcp_is_no_answer),
		cmocka_unit_test(a_closed_port_is_tried_again),
		cmocka_unit_test(what_never_left_is_not_tried_again),
		cmocka_unit_test(garbage_is_tried_again),
		cmocka_unit_test(tcp_falls_back_to_plain_dns),
		cmocka_unit_test(the_deadline_ends_what_is_open),
		cmocka_unit_test(the_deadline_keeps_what_came),
		cmocka_unit_test(the_deadline_accuses_nobody_too_soon),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
