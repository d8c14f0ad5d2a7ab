/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMTP dialogues with servers that do what a script says: every step refused,
 * late, cut off or silent; TLS and certificates of every kind; many at once.
 */
#include "config.h"

#include "tests/unit/loopback.h"
#include "tests/unit/testing.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/mailnet/certificate.h"
#include "common/mailnet/connection.h"
#include "common/mailnet/dialogue.h"
#include "tests/unit/smtp_server.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	MS = 1000,
	STEP_US = 250 * MS,  /* where a step is to be given up after it */
	SLOW_US = 2500 * MS, /* the same, with TLS before it */
	DRIPS_US = 4 * 1000 * MS,
	LONG_US = 600 * 1000 * MS, /* never reached: see slow_clock.h */
	RUN_US = 1800 * 1000 * MS,
	MANY = 26,
	SCRIPT_MAX = 32,
};

/* Parts of scripts. */
#define GREET         ">220 mx.example.org ESMTP\r\n"
#define EHLO          "<EHLO monitor.example.net\r\n"
#define OFFER         ">250-mx.example.org hello\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define PLAIN         ">250 mx.example.org hello\r\n"
#define TO_TLS        GREET, EHLO, OFFER, "<STARTTLS\r\n", ">220 2.0.0 go\r\n"
#define OVER_TLS      TO_TLS, "T", EHLO, ">250-mx.example.org\r\n250 PIPELINING\r\n"
#define MAIL          "<MAIL FROM:<>\r\n"
#define OK            ">250 2.1.0 ok\r\n"
#define RCPT          "<RCPT TO:<user@example.org>\r\n"
#define BYE           "<QUIT\r\n", ">221 2.0.0 bye\r\n"
#define REST          MAIL, OK, RCPT, OK, "<RSET\r\n", OK, BYE
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SCRIPT(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define TICKETS       "20"
/* 200 bytes, which take four seconds. */
#define DRIPS_20  "this takes its time "
#define DRIPS_100 DRIPS_20 DRIPS_20 DRIPS_20 DRIPS_20 DRIPS_20
#define DRIPS     DRIPS_100 DRIPS_100

enum { N_TICKETS = 20 };

struct world {
	struct arena *arena;
	struct loop *loop;
	struct dialogue_options options;
	struct dialogues *dialogues;
	struct dialogue_ask ask;
	struct server server;
	const struct smtp_session *session;
	unsigned calls;
	bool hit_deadline;
	const char *ca_file;
	struct tls_context *tls;
};

static void on_session(void *arg, const struct smtp_session *session)
{
	struct world *world = arg;
	world->session = session;
	world->calls++;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	int64_t now = clock_mono_us();
	if (world == NULL)
		return -1;
	world->arena = arena_new(ARENA_MAX);
	world->loop = loop_new(now + RUN_US);
	world->options = (struct dialogue_options){
		.helo = "monitor.example.net",
		.start_us = now,
		.connect_us = LONG_US,
		.greeting_us = LONG_US,
		.step_us = LONG_US,
	};
	world->ca_file = server_ca_file();
	world->ask = (struct dialogue_ask){
		.addr = { 4, { 127, 0, 0, 1 } },
		.name = SERVER_NAME,
		.mail_from = "",
		.rcpt = "user@example.org",
	};
	world->server.checks_sni = true;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	dialogues_free(world->dialogues);
	tls_context_free(world->tls);
	loop_free(world->loop);
	arena_free(world->arena);
	free(world);
	return 0;
}

static void give_up_after(struct world *world, int64_t bound_us)
{
	world->options.greeting_us = world->options.step_us = bound_us;
}

/* The loop, too, as in a run. */
static void end_after(struct world *world, int64_t us)
{
	world->options.deadline_us = world->options.start_us + us;
	loop_free(world->loop);
	world->loop = loop_new(world->options.deadline_us);
}

static void make_dialogues(struct world *world)
{
	const char *why = NULL;
	tls_context_free(world->tls);
	world->tls = tls_context_new(world->ca_file);
	assert_non_null(world->tls);
	world->options.tls = world->tls;
	world->dialogues =
		dialogues_new(world->arena, world->loop, &world->options, &why);
	assert_non_null(world->dialogues);
	assert_null(why);
}

/* Talks to a server of that script; the second is for a second connection. */
static void talk_twice(
	struct world *world, server_script first, server_script second)
{
	world->server.first = first;
	world->server.second = second;
	server_start(&world->server);
	world->ask.port = world->server.port;
	make_dialogues(world);
	assert_null(dialogues_start(
		world->dialogues, &world->ask, on_session, world));
	assert_int_equal(world->calls, 0);
	world->hit_deadline = dialogues_run(world->dialogues);
	assert_int_equal(world->calls, 1);
	assert_true(server_went_well(&world->server));
	assert_int_equal(dialogues_connections(world->dialogues),
		second == NULL ? 1 : 2);
}

static void talk(struct world *world, server_script script)
{
	talk_twice(world, script, NULL);
}

static const struct smtp_step *step_of(
	const struct world *world, enum smtp_step_id step)
{
	return &world->session->steps[step];
}

static void assert_step(const struct world *world, enum smtp_step_id step,
	enum smtp_outcome outcome, unsigned code)
{
	assert_int_equal(step_of(world, step)->outcome, outcome);
	assert_int_equal(step_of(world, step)->code, code);
}

/* Nothing was done from that step on. */
static void assert_ends_before(
	const struct world *world, enum smtp_step_id step)
{
	for (; step < SMTP_STEPS; step = (enum smtp_step_id)(step + 1))
		assert_step(world, step, SMTP_NOT_DONE, 0);
}

/* -- what goes well ------------------------------------------------------ */

static void all_steps_over_tls(void **state)
{
	struct world *world = *state;
	const struct smtp_session *session;
	talk(world, SCRIPT(OVER_TLS, REST));
	session = world->session;
	assert_step(world, SMTP_CONNECT, SMTP_DONE, 0);
	assert_step(world, SMTP_GREETING, SMTP_DONE, 220);
	assert_string_equal(
		step_of(world, SMTP_GREETING)->text, "mx.example.org ESMTP");
	assert_step(world, SMTP_EHLO, SMTP_DONE, 250);
	assert_step(world, SMTP_STARTTLS, SMTP_DONE, 220);
	assert_step(world, SMTP_TLS, SMTP_DONE, 0);
	assert_step(world, SMTP_EHLO_TLS, SMTP_DONE, 250);
	assert_step(world, SMTP_MAIL, SMTP_DONE, 250);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
	assert_int_equal(step_of(world, SMTP_RCPT)->enhanced.class, 2);
	assert_int_equal(step_of(world, SMTP_RCPT)->enhanced.subject, 1);
	assert_string_equal(step_of(world, SMTP_RCPT)->text, "ok");
	assert_step(world, SMTP_RCPT_INVALID, SMTP_NOT_DONE, 0);
	assert_step(world, SMTP_RCPT_RELAY, SMTP_NOT_DONE, 0);
	assert_step(world, SMTP_RSET, SMTP_DONE, 250);
	assert_step(world, SMTP_QUIT, SMTP_DONE, 221);
	assert_string_equal(session->local_text, "127.0.0.1");
	assert_false(session->is_retried_plain);
	assert_true(session->offer.is_known);
	assert_true(session->offer.has_starttls);
	assert_false(session->offer.has_pipelining);
	assert_true(session->offer.has_size);
	assert_int_equal(session->offer.size, 1000);
	assert_string_equal(session->offer.host, "mx.example.org");
	assert_true(session->offer_tls.has_pipelining);
	assert_false(session->offer_tls.has_starttls);
	assert_false(world->hit_deadline);
}

static void three_recipients_in_order(void **state)
{
	struct world *world = *state;
	world->ask.mail_from = "probe@example.net";
	world->ask.rcpt_invalid = "nobody@example.org";
	world->ask.rcpt_relay = "x@example.com";
	talk(world,
		SCRIPT(GREET, EHLO, PLAIN, "<MAIL FROM:<probe@example.net>\r\n",
			OK, RCPT, OK, "<RCPT TO:<nobody@example.org>\r\n",
			">550-5.1.1 no such\r\n550 5.1.1 user\r\n",
			"<RCPT TO:<x@example.com>\r\n",
			">454 4.7.1 not for strangers\r\n", "<RSET\r\n", OK,
			BYE));
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
	assert_step(world, SMTP_RCPT_INVALID, SMTP_DONE, 550);
	assert_string_equal(
		step_of(world, SMTP_RCPT_INVALID)->text, "no such user");
	assert_int_equal(step_of(world, SMTP_RCPT_INVALID)->enhanced.detail, 1);
	assert_step(world, SMTP_RCPT_RELAY, SMTP_DONE, 454);
	assert_step(world, SMTP_STARTTLS, SMTP_NOT_DONE, 0);
	assert_int_equal(world->session->tls.n_certs, 0);
	assert_int_equal(world->session->tls.chain, CERT_CHAIN_UNKNOWN);
}

static void no_recipient_no_rcpt(void **state)
{
	struct world *world = *state;
	world->ask.rcpt = NULL;
	talk(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, "<RSET\r\n", OK, BYE));
	assert_step(world, SMTP_RCPT, SMTP_NOT_DONE, 0);
	assert_step(world, SMTP_QUIT, SMTP_DONE, 221);
}

static void helo_where_ehlo_is_unknown(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(GREET, EHLO, ">502 5.5.2 what?\r\n",
			    "<HELO monitor.example.net\r\n", PLAIN, REST));
	assert_step(world, SMTP_EHLO, SMTP_DONE, 502);
	assert_true(world->session->offer.is_helo);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
}

/* Neither yes nor no, wherever it comes. */
static void codes_of_data_are_no_replies(void **state)
{
	struct world *world = *state;
	static const char *const greeting[] = { ">354 go on\r\n", NULL };
	static const char *const ehlo[] = { GREET, EHLO, ">354 go on\r\n",
		NULL };
	static const char *const mail[] = { GREET, EHLO, PLAIN, MAIL,
		">354 go on\r\n", NULL };
	static const char *const rcpt[] = { GREET, EHLO, PLAIN, MAIL, OK, RCPT,
		">354 go on\r\n", NULL };
	static const struct {
		enum smtp_step_id step;
		server_script script;
	} rows[] = { { SMTP_GREETING, greeting }, { SMTP_EHLO, ehlo },
		{ SMTP_MAIL, mail }, { SMTP_RCPT, rcpt } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		world->calls = 0;
		talk(world, rows[i].script);
		assert_step(world, rows[i].step, SMTP_MALFORMED, 0);
		assert_ends_before(
			world, (enum smtp_step_id)(rows[i].step + 1));
		dialogues_free(world->dialogues);
		world->dialogues = NULL;
	}
}

static void codes_of_data_elsewhere_do_no_harm(void **state)
{
	struct world *world = *state;
	talk(world,
		SCRIPT(GREET, EHLO, OFFER, "<STARTTLS\r\n", ">354 go\r\n", MAIL,
			OK, RCPT, OK, "<RSET\r\n", ">354 go\r\n", BYE));
	assert_step(world, SMTP_STARTTLS, SMTP_DONE, 354);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
	assert_step(world, SMTP_QUIT, SMTP_DONE, 221);
}

/* A host without a name calls itself by the address that it comes from. */
static void the_address_where_there_is_no_name(void **state)
{
	struct world *world = *state;
	world->options.helo = NULL;
	talk(world,
		SCRIPT(GREET, "<EHLO [127.0.0.1]\r\n", OFFER, "<STARTTLS\r\n",
			">220 2.0.0 go\r\n", "T", "<EHLO [127.0.0.1]\r\n",
			">502 5.5.2 what?\r\n", BYE));
	assert_step(world, SMTP_EHLO_TLS, SMTP_DONE, 502);
	assert_step(world, SMTP_QUIT, SMTP_DONE, 221);
}

static void an_ipv6_address_is_tagged(void **state)
{
	struct world *world = *state;
	if (!loopback_has_ipv6())
		skip();
	world->options.helo = NULL;
	world->server.is_v6 = true;
	world->ask.addr = (struct dns_addr){ .family = 6 };
	world->ask.addr.bytes[15] = 1;
	talk(world, SCRIPT(GREET, "<EHLO [IPv6:::1]\r\n", ">500 no\r\n",
			    "<HELO [IPv6:::1]\r\n", PLAIN, REST));
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
}

static void utf8_only_where_offered(void **state)
{
	struct world *world = *state;
	world->ask.rcpt = "us\xc3\xa9r@example.org";
	talk(world,
		SCRIPT(GREET, EHLO, ">250-mx.example.org\r\n250 SMTPUTF8\r\n",
			"<MAIL FROM:<> SMTPUTF8\r\n", OK,
			"<RCPT TO:<us\xc3\xa9r@example.org>\r\n", OK,
			"<RSET\r\n", OK, BYE));
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
}

static void utf8_is_not_forced(void **state)
{
	struct world *world = *state;
	world->ask.rcpt = "us\xc3\xa9r@example.org";
	talk(world, SCRIPT(GREET, EHLO, PLAIN, BYE));
	assert_step(world, SMTP_MAIL, SMTP_NOT_DONE, 0);
	assert_non_null(step_of(world, SMTP_MAIL)->text);
}

/* -- greetings ----------------------------------------------------------- */

static void slow_greeting_is_timed(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT("W800", GREET, EHLO, PLAIN, REST));
	assert_step(world, SMTP_GREETING, SMTP_DONE, 220);
	assert_in_range(
		step_of(world, SMTP_GREETING)->took_us, 100 * MS, LONG_US);
	assert_true(step_of(world, SMTP_EHLO)->at_us >= 800 * MS);
}

static void refused_greetings(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(">554-5.7.1 go\r\n554 5.7.1 away\r\n", BYE));
	assert_step(world, SMTP_GREETING, SMTP_DONE, 554);
	assert_string_equal(step_of(world, SMTP_GREETING)->text, "go away");
	assert_int_equal(step_of(world, SMTP_GREETING)->enhanced.subject, 7);
	assert_step(world, SMTP_EHLO, SMTP_NOT_DONE, 0);
	assert_step(world, SMTP_QUIT, SMTP_DONE, 221);
}

static void busy_greeting(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(">421 4.3.2 busy\r\n"));
	assert_step(world, SMTP_GREETING, SMTP_DONE, 421);
	assert_step(world, SMTP_EHLO, SMTP_NOT_DONE, 0);
}

/* 421 at any step: nothing but QUIT may follow. */
static void busy_in_between(void **state)
{
	struct world *world = *state;
	world->ask.rcpt_invalid = "nobody@example.org";
	talk(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT,
			    ">421 4.3.2 going down\r\n", BYE));
	assert_step(world, SMTP_RCPT, SMTP_DONE, 421);
	assert_step(world, SMTP_RCPT_INVALID, SMTP_NOT_DONE, 0);
	assert_step(world, SMTP_RSET, SMTP_NOT_DONE, 0);
}

static void garbage_for_a_greeting(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(">SSH-2.0-OpenSSH\r\n", "B"));
	assert_step(world, SMTP_GREETING, SMTP_MALFORMED, 0);
	assert_string_equal(step_of(world, SMTP_GREETING)->text,
		"sends a line that is no reply");
	assert_ends_before(world, SMTP_EHLO);
}

static void greeting_without_end(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(">220-hi\r\n", "E"));
	assert_step(world, SMTP_GREETING, SMTP_MALFORMED, 0);
	assert_ends_before(world, SMTP_EHLO);
}

static void dripping_gains_no_time(void **state)
{
	struct world *world = *state;
	give_up_after(world, STEP_US);
	talk(world, SCRIPT("D220 " DRIPS "\r\n", "B"));
	assert_step(world, SMTP_GREETING, SMTP_TIMED_OUT, 0);
	assert_in_range(
		step_of(world, SMTP_GREETING)->took_us, STEP_US, DRIPS_US);
	assert_string_equal(step_of(world, SMTP_GREETING)->text,
		"sends a reply without an end");
	assert_ends_before(world, SMTP_EHLO);
}

/* Where what comes too early were believed, STARTTLS would be lost. */
static void who_speaks_first_is_not_believed(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(">220 mx\r\n250 early\r\n", "B"));
	assert_step(world, SMTP_GREETING, SMTP_DONE, 220);
	assert_step(world, SMTP_EHLO, SMTP_MALFORMED, 0);
	assert_string_equal(
		step_of(world, SMTP_EHLO)->text, "speaks before it is asked");
	assert_ends_before(world, SMTP_STARTTLS);
}

/* Connected it was: who ends it at once is not unreachable, however late the
 * news of the connection is read. */
static void a_reset_behind_the_connection(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	struct connection connection;
	socklen_t len = sizeof(at);
	struct dns_addr addr;
	const char *why;
	char byte;
	size_t n;
	int taken, listener = socket(AF_INET, SOCK_STREAM, 0);
	(void)state;
	assert_true(dns_addr_parse("127.0.0.1", &addr));
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(
		getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(
		connection_open(&connection, &addr, ntohs(at.sin_port), &why),
		SMTP_DONE);
	taken = accept(listener, NULL, NULL);
	assert_true(taken >= 0);
	assert_int_equal(setsockopt(taken, SOL_SOCKET, SO_LINGER, &at_once,
				 sizeof(at_once)),
		0);
	close(taken);
	assert_int_equal(connection_finish(&connection, &why), SMTP_DONE);
	assert_int_equal(
		connection_read(&connection, &byte, 1, &n, &why), TLS_CLOSED);
	connection_close(&connection);
	close(listener);
}

static void nobody_listens(void **state)
{
	struct world *world = *state;
	server_start(&world->server);
	world->ask.port = world->server.port;
	make_dialogues(world);
	assert_null(dialogues_start(
		world->dialogues, &world->ask, on_session, world));
	assert_false(dialogues_run(world->dialogues));
	assert_int_equal(world->calls, 1);
	assert_step(world, SMTP_CONNECT, SMTP_PORT_CLOSED, 0);
	assert_ends_before(world, SMTP_GREETING);
	assert_null(world->session->local_text);
}

/* -- each step: silent, cut off, refused --------------------------------- */

struct stage {
	enum smtp_step_id step;
	const char *const script[24]; /* up to the step's own command */
};

static const struct stage stages[] = {
	{ SMTP_GREETING, { NULL } },
	{ SMTP_EHLO, { GREET, EHLO, NULL } },
	{ SMTP_STARTTLS, { GREET, EHLO, OFFER, "<STARTTLS\r\n", NULL } },
	{ SMTP_EHLO_TLS, { TO_TLS, "T", EHLO, NULL } },
	{ SMTP_MAIL, { OVER_TLS, MAIL, NULL } },
	{ SMTP_RCPT, { OVER_TLS, MAIL, OK, RCPT, NULL } },
	{ SMTP_RSET, { OVER_TLS, MAIL, OK, RCPT, OK, "<RSET\r\n", NULL } },
	{ SMTP_QUIT, { OVER_TLS, MAIL, OK, RCPT, OK, "<RSET\r\n", OK,
			     "<QUIT\r\n", NULL } },
};

struct guest {
	struct server server;
	struct world world; /* session and calls only */
};

static void invite(struct world *world, struct guest *guests, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		server_start(&guests[i].server);
		world->ask.addr.bytes[3] = guests[i].server.host;
		world->ask.port = guests[i].server.port;
		assert_null(dialogues_start(world->dialogues, &world->ask,
			on_session, &guests[i].world));
	}
}

/* The stage's script and some actions behind it. */
static void join(
	const char **out, const char *const *script, const char *const *actions)
{
	size_t n = 0;
	while (*script != NULL)
		out[n++] = *script++;
	while (*actions != NULL)
		out[n++] = *actions++;
	assert_true(n < SCRIPT_MAX);
	out[n] = NULL;
}

static void talk_after(struct world *world, const struct stage *stage,
	const char *const *actions)
{
	const char *script[SCRIPT_MAX];
	join(script, stage->script, actions);
	talk(world, script);
}

static void for_each_stage(
	void (*check)(struct world *world, const struct stage *stage))
{
	for (size_t i = 0; i < COUNT(stages); i++) {
		void *fresh = NULL;
		assert_int_equal(set_up(&fresh), 0);
		check(fresh, &stages[i]);
		tear_down(&fresh);
	}
}

/* All at once, so that they are waited for only once. */
static void silence_at_each_step(void **state)
{
	const char *scripts[COUNT(stages)][SCRIPT_MAX];
	struct world *world = *state;
	struct guest guests[COUNT(stages)] = { 0 };
	give_up_after(world, SLOW_US);
	make_dialogues(world);
	for (unsigned i = 0; i < COUNT(stages); i++) {
		static const char *const silent[] = { "B", NULL };
		join(scripts[i], stages[i].script, silent);
		guests[i].server.host = (uint8_t)(i + 1);
		guests[i].server.first = scripts[i];
	}
	invite(world, guests, COUNT(guests));
	assert_false(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < COUNT(stages); i++) {
		const struct world *seen = &guests[i].world;
		enum smtp_step_id step = stages[i].step;
		int64_t bound_us = step == SMTP_QUIT ? 1000 * MS : SLOW_US;
		assert_step(seen, step, SMTP_TIMED_OUT, 0);
		assert_in_range(step_of(seen, step)->took_us, bound_us,
			step == SMTP_QUIT ? SLOW_US - 1 : LONG_US);
		assert_null(step_of(seen, step)->text);
		assert_ends_before(seen, step + 1);
		assert_true(server_went_well(&guests[i].server));
	}
}

/* Servers look things up before they answer. */
static void replies_may_take_longer(void **state)
{
	struct world *world = *state;
	world->options.step_us = STEP_US;
	world->options.reply_us = LONG_US;
	world->options.deadline_us = world->options.start_us + RUN_US;
	talk(world, SCRIPT(GREET, EHLO, "W400", PLAIN, MAIL, "W400", OK, RCPT,
			    "W400", OK));
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
}

/* Or the deadline would come first, and say nothing of the server. */
static void replies_leave_time(void **state)
{
	struct world *world = *state;
	world->options.step_us = STEP_US;
	world->options.reply_us = LONG_US;
	end_after(world, 2000 * MS);
	talk(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT, "B"));
	assert_step(world, SMTP_RCPT, SMTP_TIMED_OUT, 0);
	assert_true(step_of(world, SMTP_RCPT)->took_us > STEP_US);
	/* The deadline has words of its own. */
	assert_null(step_of(world, SMTP_RCPT)->text);
}

static void check_cut(struct world *world, const struct stage *stage)
{
	talk_after(world, stage, SCRIPT(">250-"));
	assert_step(world, stage->step, SMTP_CLOSED, 0);
	assert_ends_before(world, stage->step + 1);
}

static void the_end_at_each_step(void **state)
{
	(void)state;
	for_each_stage(check_cut);
}

static void check_endless(struct world *world, const struct stage *stage)
{
	talk_after(world, stage, SCRIPT("E"));
	assert_step(world, stage->step, SMTP_MALFORMED, 0);
	assert_ends_before(world, stage->step + 1);
}

static void endless_replies_at_each_step(void **state)
{
	(void)state;
	for_each_stage(check_endless);
}

/* After a refusal comes what a sender would do: go on, or QUIT. */
static void check_refused(struct world *world, const struct stage *stage)
{
	static const char *const last[] = { ">451 4.3.0 no\r\n", NULL };
	static const char *const quits[] = { ">451 4.3.0 no\r\n", BYE, NULL };
	static const char *const resets[] = { ">451 4.3.0 no\r\n", "<RSET\r\n",
		OK, BYE, NULL };
	static const char *const goes_on[] = { ">451 4.3.0 no\r\n", REST,
		NULL };
	const char *const *rest = quits;
	if (stage->step == SMTP_STARTTLS)
		rest = goes_on;
	else if (stage->step == SMTP_RCPT)
		rest = resets;
	else if (stage->step == SMTP_QUIT)
		rest = last;
	talk_after(world, stage, rest);
	assert_step(world, stage->step, SMTP_DONE, 451);
	assert_int_equal(step_of(world, stage->step)->enhanced.class, 4);
	assert_string_equal(step_of(world, stage->step)->text, "no");
	assert_step(world, SMTP_QUIT, SMTP_DONE,
		stage->step == SMTP_QUIT ? 451 : 221);
	assert_false(world->session->is_retried_plain);
}

static void refusals_at_each_step(void **state)
{
	(void)state;
	for_each_stage(check_refused);
}

static void check_rejected(struct world *world, const struct stage *stage)
{
	static const char *const last[] = { ">550 5.7.1 no\r\n", NULL };
	static const char *const quits[] = { ">550 5.7.1 no\r\n", BYE, NULL };
	static const char *const helo[] = { ">550 5.7.1 no\r\n", "<HELO ",
		">501 x\r\n", BYE, NULL };
	static const char *const resets[] = { ">550 5.7.1 no\r\n", "<RSET\r\n",
		OK, BYE, NULL };
	static const char *const goes_on[] = { ">550 5.7.1 no\r\n", REST,
		NULL };
	const char *const *rest = quits;
	if (stage->step == SMTP_EHLO)
		rest = helo;
	else if (stage->step == SMTP_STARTTLS)
		rest = goes_on;
	else if (stage->step == SMTP_RCPT)
		rest = resets;
	else if (stage->step == SMTP_QUIT)
		rest = last;
	talk_after(world, stage, rest);
	assert_step(world, stage->step, SMTP_DONE, 550);
	assert_int_equal(step_of(world, stage->step)->enhanced.subject, 7);
	assert_false(world->session->offer.is_helo);
	assert_step(world, SMTP_QUIT, SMTP_DONE,
		stage->step == SMTP_QUIT ? 550 : 221);
}

static void rejections_at_each_step(void **state)
{
	(void)state;
	for_each_stage(check_rejected);
}

/* -- TLS ----------------------------------------------------------------- */

/* TLS comes to nothing; the second connection goes without it. */
static void talk_retried(
	struct world *world, server_script first, enum smtp_outcome outcome)
{
	talk_twice(world, first, SCRIPT(GREET, EHLO, OFFER, REST));
	assert_step(world, SMTP_STARTTLS, SMTP_DONE, 220);
	assert_step(world, SMTP_TLS, outcome, 0);
	assert_step(world, SMTP_EHLO_TLS, SMTP_NOT_DONE, 0);
	assert_true(world->session->is_retried_plain);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
	assert_step(world, SMTP_QUIT, SMTP_DONE, 221);
	assert_int_equal(world->session->tls.version, 0);
}

static void injected_with_the_reply(void **state)
{
	talk_retried(*state,
		SCRIPT(GREET, EHLO, OFFER, "<STARTTLS\r\n",
			">220 go\r\n250 injected\r\n", "B"),
		SMTP_INJECTED);
}

static void injected_after_client_hello(void **state)
{
	talk_retried(*state, SCRIPT(TO_TLS, "C250 injected\r\n", "B"),
		SMTP_INJECTED);
}

static void handshake_is_broken(void **state)
{
	struct world *world = *state;
	talk_retried(world,
		SCRIPT(TO_TLS, "C\x16\x03\x03\x01\x01zzzzzzzzzzzzzzzzzzzz"),
		SMTP_CLOSED);
}

static void handshake_is_no_tls(void **state)
{
	struct world *world = *state;
	talk_retried(world, SCRIPT(TO_TLS, "C\x16\x03\x7f\x7f\x7fzzzzzz", "B"),
		SMTP_TLS_FAILED);
	assert_non_null(step_of(world, SMTP_TLS)->text);
}

/* Both at once, so that they are waited for only once. */
static void handshakes_without_an_end(void **state)
{
	static const char *const silent[] = { TO_TLS, "B", NULL };
	static const char *const midway[] = { TO_TLS,
		"C\x15\x03\x01"
		"\x01",
		"B", NULL };
	static const char *const plain[] = { GREET, EHLO, OFFER, REST, NULL };
	struct world *world = *state;
	struct guest guests[2] = { 0 };
	world->options.step_us = 1000 * MS;
	make_dialogues(world);
	for (unsigned i = 0; i < COUNT(guests); i++)
		guests[i].server = (struct server){ .host = (uint8_t)(i + 1),
			.first = i == 0 ? silent : midway,
			.second = plain };
	invite(world, guests, COUNT(guests));
	assert_false(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < COUNT(guests); i++) {
		const struct world *seen = &guests[i].world;
		assert_true(server_went_well(&guests[i].server));
		assert_step(seen, SMTP_STARTTLS, SMTP_DONE, 220);
		assert_step(seen, SMTP_TLS, SMTP_TIMED_OUT, 0);
		assert_step(seen, SMTP_EHLO_TLS, SMTP_NOT_DONE, 0);
		assert_true(seen->session->is_retried_plain);
		assert_int_equal(seen->session->tls.version, 0);
		assert_step(seen, SMTP_RCPT, SMTP_DONE, 250);
		assert_step(seen, SMTP_QUIT, SMTP_DONE, 221);
	}
	assert_int_equal(dialogues_connections(world->dialogues), 4);
}

static void handshake_is_cut(void **state)
{
	talk_retried(*state, SCRIPT(TO_TLS, "C", "X"), SMTP_CLOSED);
}

static void a_client_certificate_is_wanted(void **state)
{
	struct world *world = *state;
	world->server.wants_client = true;
	talk_retried(world, SCRIPT(TO_TLS, "T"), SMTP_TLS_FAILED);
	assert_int_equal(world->session->tls.n_certs, 2);
	assert_int_equal(world->session->tls.version, 0);
	assert_null(world->session->tls.cipher);
	assert_non_null(step_of(world, SMTP_TLS)->text);
}

/* The same by TLS 1.2, where the handshake is what fails. */
static void a_client_certificate_is_wanted_at_once(void **state)
{
	struct world *world = *state;
	world->server.wants_client = true;
	world->server.tls_max = TLS1_2_VERSION;
	talk_retried(world, SCRIPT(TO_TLS, "T"), SMTP_TLS_FAILED);
	assert_int_equal(world->session->tls.n_certs, 2);
	assert_int_equal(world->session->tls.version, 0);
}

/* TLS itself was fine: without it nothing would be otherwise. */
static void the_end_behind_the_handshake(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(TO_TLS, "T", EHLO));
	assert_step(world, SMTP_TLS, SMTP_DONE, 0);
	assert_step(world, SMTP_EHLO_TLS, SMTP_CLOSED, 0);
	assert_int_equal(world->session->tls.version, 0x0304);
	assert_false(world->session->is_retried_plain);
}

/* Why MAIL was not said is of the second connection too. */
static void no_utf8_on_the_second_connection(void **state)
{
	struct world *world = *state;
	world->ask.rcpt = "us\xc3\xa9r@example.org";
	talk_twice(world, SCRIPT(TO_TLS, "C"), SCRIPT(GREET, EHLO, PLAIN, BYE));
	assert_step(world, SMTP_MAIL, SMTP_NOT_DONE, 0);
	assert_string_equal(
		step_of(world, SMTP_MAIL)->text, "SMTPUTF8 is not offered");
}

static void the_second_connection_is_refused(void **state)
{
	struct world *world = *state;
	talk_twice(world, SCRIPT(TO_TLS, "C"), SCRIPT(">421 4.3.2 busy\r\n"));
	assert_step(world, SMTP_GREETING, SMTP_DONE, 220);
	assert_step(world, SMTP_TLS, SMTP_CLOSED, 0);
	assert_step(world, SMTP_MAIL, SMTP_DONE, 421);
	assert_string_equal(step_of(world, SMTP_MAIL)->text, "busy");
	assert_step(world, SMTP_RCPT, SMTP_NOT_DONE, 0);
}

static void only_an_old_version(void **state)
{
	struct world *world = *state;
	world->server.tls_max = TLS1_VERSION;
	talk(world, SCRIPT(OVER_TLS, REST));
	assert_step(world, SMTP_TLS, SMTP_DONE, 0);
	assert_int_equal(world->session->tls.version, 0x0301);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
}

static void the_best_version_is_taken(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(OVER_TLS, REST));
	assert_int_equal(world->session->tls.version, 0x0304);
	assert_string_equal(
		world->session->tls.cipher, "TLS_AES_256_GCM_SHA384");
}

/* -- certificates -------------------------------------------------------- */

/* As the text of a name of the DNS, of which all bytes are escaped. */
static void a_name_that_is_no_host(void **state)
{
	struct world *world = *state;
	world->server.checks_sni = false;
	world->ask.name =
		"\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255"
		"\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255"
		"\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255"
		"\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255"
		"\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255"
		"\\255\\255\\255\\255\\255\\255\\255\\255.\\255.example.org";
	talk(world, SCRIPT(OVER_TLS, REST));
	assert_step(world, SMTP_TLS, SMTP_DONE, 0);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
}

static void no_second_handshake(void **state)
{
	struct world *world = *state;
	world->server.tls_max = TLS1_2_VERSION;
	talk(world, SCRIPT(OVER_TLS, MAIL, "R"));
	assert_step(world, SMTP_TLS, SMTP_DONE, 0);
	assert_step(world, SMTP_MAIL, SMTP_CLOSED, 0);
}

static void wait_for(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };
	assert_int_equal(poll(&one, 1, LONG_US / 1000), 1);
}

/* All has come already: still each message gives its caller a turn, or who
 * sends them fast enough would keep him for ever. */
static void reading_comes_back(void **state)
{
	struct world *world = *state;
	struct connection connection;
	unsigned n_turns = 0;
	const char *why;
	char byte;
	size_t n;
	world->server.first = SCRIPT("T", "N" TICKETS, ">x", "X");
	server_start(&world->server);
	world->tls = tls_context_new(world->ca_file);
	assert_int_equal(connection_open(&connection, &world->ask.addr,
				 world->server.port, &why),
		SMTP_DONE);
	wait_for(connection.fd, POLLOUT);
	connection.tls = tls_new(world->tls, connection.fd, SERVER_NAME);
	while (tls_handshake(connection.tls) == TLS_WANTS_READ)
		wait_for(connection.fd, POLLIN);
	assert_true(server_went_well(&world->server));
	while (connection_read(&connection, &byte, 1, &n, &why) ==
		TLS_WANTS_READ)
		n_turns++;
	assert_int_equal(n, 1);
	assert_int_equal(byte, 'x');
	assert_true(n_turns >= N_TICKETS);
	connection_close(&connection);
}

static const struct cert *talk_cert(struct world *world, enum server_cert cert)
{
	world->server.cert = cert;
	world->options.keeps_der = true;
	talk(world, SCRIPT(OVER_TLS, REST));
	assert_step(world, SMTP_TLS, SMTP_DONE, 0);
	assert_step(world, SMTP_RCPT, SMTP_DONE, 250);
	assert_true(world->session->tls.n_certs >= 1);
	return &world->session->tls.certs[0];
}

static void a_good_certificate(void **state)
{
	struct world *world = *state;
	const struct cert *cert = talk_cert(world, CERT_GOOD);
	const struct smtp_tls *tls = &world->session->tls;
	char sha256[65], spki[65];
	assert_int_equal(tls->chain, CERT_CHAIN_VALID);
	assert_null(tls->chain_error);
	assert_int_equal(tls->n_certs, 2);
	assert_string_equal(cert->subject, "CN=mx.example.org");
	assert_string_equal(cert->issuer, "CN=Test CA");
	assert_string_equal(cert->common_name, "mx.example.org");
	assert_int_equal(cert->names.n, 2);
	assert_string_equal(cert->names.at[0], "mx.example.org");
	assert_string_equal(cert->names.at[1], "www.mx.example.org");
	assert_true(cert_holds_name(cert, SERVER_NAME));
	assert_int_equal(cert->end_s - cert->begin_s, 31 * 24 * 60 * 60);
	assert_true(cert->begin_s > 1700000000);
	assert_int_equal(cert->key, CERT_KEY_EC);
	assert_int_equal(cert->bits, 256);
	assert_false(cert->is_self_signed);
	assert_true(tls->certs[1].is_self_signed);
	server_cert_digests(CERT_GOOD, sha256, spki);
	assert_string_equal(cert->sha256, sha256);
	assert_string_equal(cert->spki_sha256, spki);
	assert_int_equal(strlen(cert->sha512), 128);
	assert_int_equal(strlen(cert->spki_sha512), 128);
	assert_memory_equal(cert->der, "3082", 4);
	assert_memory_equal(cert->spki, "3059", 4);
}

static void an_expired_certificate(void **state)
{
	struct world *world = *state;
	const struct cert *cert = talk_cert(world, CERT_EXPIRED);
	assert_int_equal(world->session->tls.chain, CERT_CHAIN_INVALID);
	assert_string_equal(
		world->session->tls.chain_error, "certificate has expired");
	assert_int_equal(cert->end_s - cert->begin_s, 8 * 24 * 60 * 60);
}

static void a_certificate_of_another_name(void **state)
{
	struct world *world = *state;
	const struct cert *cert = talk_cert(world, CERT_OTHER_NAME);
	assert_int_equal(world->session->tls.chain, CERT_CHAIN_VALID);
	assert_false(cert_holds_name(cert, SERVER_NAME));
	assert_true(cert_holds_name(cert, "mx.example.net"));
}

static void a_self_signed_certificate(void **state)
{
	struct world *world = *state;
	const struct cert *cert = talk_cert(world, CERT_SELF_SIGNED);
	assert_int_equal(world->session->tls.chain, CERT_CHAIN_INVALID);
	assert_string_equal(
		world->session->tls.chain_error, "self-signed certificate");
	assert_true(cert->is_self_signed);
	assert_int_equal(world->session->tls.n_certs, 1);
}

static void a_certificate_of_an_unknown_ca(void **state)
{
	struct world *world = *state;
	const struct cert *cert = talk_cert(world, CERT_OTHER_CA);
	assert_int_equal(world->session->tls.chain, CERT_CHAIN_INVALID);
	assert_false(cert->is_self_signed);
}

static void two_cas_of_one_name(void **state)
{
	static const enum server_cert certs[] = { CERT_GOOD, CERT_OTHER_CA,
		CERT_GOOD };
	struct world *world = *state;
	world->ca_file = server_both_ca_file();
	for (size_t i = 0; i < COUNT(certs); i++) {
		world->calls = 0;
		(void)talk_cert(world, certs[i]);
		assert_int_equal(world->session->tls.chain, CERT_CHAIN_VALID);
		dialogues_free(world->dialogues);
		world->dialogues = NULL;
	}
}

/* Whatever this host trusts, our CA is not among it. */
static void the_cas_of_this_host(void **state)
{
	struct world *world = *state;
	world->ca_file = NULL;
	(void)talk_cert(world, CERT_GOOD);
	assert_int_not_equal(world->session->tls.chain, CERT_CHAIN_VALID);
	assert_int_equal(world->session->tls.n_certs, 2);
}

static void a_weak_key(void **state)
{
	struct world *world = *state;
	const struct cert *cert = talk_cert(world, CERT_RSA_1024);
	assert_int_equal(cert->key, CERT_KEY_RSA);
	assert_int_equal(cert->bits, 1024);
	assert_int_equal(world->session->tls.chain, CERT_CHAIN_VALID);
}

static void der_is_kept_only_where_wanted(void **state)
{
	struct world *world = *state;
	talk(world, SCRIPT(OVER_TLS, REST));
	assert_null(world->session->tls.certs[0].der);
	assert_null(world->session->tls.certs[0].spki);
	assert_non_null(world->session->tls.certs[0].sha256);
}

/* Names of two letters and more, each once. */
static X509 *certificate_of(unsigned n_names)
{
	X509 *x509 = X509_new();
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	for (unsigned i = 0; i < n_names; i++) {
		char text[32];
		ASN1_IA5STRING *string = ASN1_IA5STRING_new();
		GENERAL_NAME *name = GENERAL_NAME_new();
		(void)snprintf(text, sizeof(text), "x%u.test", i);
		assert_int_equal(ASN1_STRING_set(string, text, -1), 1);
		GENERAL_NAME_set0_value(name, GEN_DNS, string);
		assert_true(sk_GENERAL_NAME_push(names, name) > 0);
	}
	assert_int_equal(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0,
				 X509V3_ADD_DEFAULT),
		1);
	GENERAL_NAMES_free(names);
	return x509;
}

static void as_many_names_as_anybody_has(void **state)
{
	static const struct {
		unsigned shown, kept;
	} cases[] = { { 1, 1 }, { 1999, 1999 }, { 2000, 2000 }, { 2001, 2000 },
		{ 9000, 2000 } };
	struct world *world = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		X509 *x509 = certificate_of(cases[i].shown);
		struct cert cert;
		certificate_read(world->arena, x509, false, &cert);
		assert_true(cert.names.is_known);
		assert_int_equal(cert.names.n, cases[i].kept);
		X509_free(x509);
	}
}

static void a_certificate_in_a_file(void **state)
{
	struct world *world = *state;
	struct cert *cert = NULL;
	assert_null(
		certificate_read_file(world->arena, server_ca_file(), &cert));
	assert_string_equal(cert->subject, "CN=Test CA");
	assert_non_null(cert->der);
	assert_non_null(
		certificate_read_file(world->arena, "/dev/null", &cert));
	assert_non_null(
		certificate_read_file(world->arena, "/nonexistent", &cert));
}

/* -- many, and none ------------------------------------------------------ */

/* All are connected before the first of them greets. */
/* One that is long over is not ended again by the timer of its last step. */
static void timers_end_with_their_dialogue(void **state)
{
	static const char *const quick[] = { GREET, EHLO, PLAIN, REST, NULL };
	static const char *const slow[] = { "W400", GREET, EHLO, "W400", PLAIN,
		MAIL, "W400", OK, RCPT, "W400", OK, "<RSET\r\n", OK, BYE,
		NULL };
	struct world *world = *state;
	struct guest guests[2] = { 0 };
	give_up_after(world, 1000 * MS);
	make_dialogues(world);
	guests[0].server = (struct server){ .host = 1, .first = quick };
	guests[1].server = (struct server){ .host = 2, .first = slow };
	invite(world, guests, COUNT(guests));
	assert_false(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < COUNT(guests); i++) {
		assert_int_equal(guests[i].world.calls, 1);
		assert_step(&guests[i].world, SMTP_QUIT, SMTP_DONE, 221);
		assert_true(server_went_well(&guests[i].server));
	}
}

static void many_at_once(void **state)
{
	static const char *const script[] = { "W300", OVER_TLS, REST, NULL };
	struct world *world = *state;
	struct guest guests[MANY] = { 0 };
	int64_t connected_us = 0, greeted_us = INT64_MAX;
	make_dialogues(world);
	for (unsigned i = 0; i < MANY; i++)
		guests[i].server = (struct server){ .checks_sni = true,
			.host = (uint8_t)(i + 1),
			.first = script };
	invite(world, guests, MANY);
	assert_false(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < MANY; i++) {
		const struct smtp_step *connect, *greeting;
		assert_int_equal(guests[i].world.calls, 1);
		connect = step_of(&guests[i].world, SMTP_CONNECT);
		greeting = step_of(&guests[i].world, SMTP_GREETING);
		if (connect->at_us > connected_us)
			connected_us = connect->at_us;
		if (greeting->at_us + greeting->took_us < greeted_us)
			greeted_us = greeting->at_us + greeting->took_us;
		assert_step(&guests[i].world, SMTP_QUIT, SMTP_DONE, 221);
		assert_int_equal(
			guests[i].world.session->tls.chain, CERT_CHAIN_VALID);
		assert_true(server_went_well(&guests[i].server));
	}
	assert_true(connected_us < greeted_us);
	assert_int_equal(dialogues_connections(world->dialogues), MANY);
}

/* How many were open when this one was begun, itself included: what was said
 * last was QUIT. */
static unsigned open_at(const struct guest *guests, unsigned n, int64_t at_us)
{
	unsigned n_open = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct world *one = &guests[i].world;
		n_open += step_of(one, SMTP_CONNECT)->at_us <= at_us &&
			  step_of(one, SMTP_QUIT)->at_us > at_us;
	}
	return n_open;
}

/* The third begins when one of the first two has ended. */
static void check_two_at_once(struct world *world, bool is_one_host)
{
	static const char *const script[] = { "W80", GREET, EHLO, PLAIN, REST,
		NULL };
	struct guest guests[4] = { 0 };
	unsigned most = 0;
	make_dialogues(world);
	for (unsigned i = 0; i < COUNT(guests); i++) {
		guests[i].server.host = is_one_host ? 1 : (uint8_t)(i + 1);
		guests[i].server.first = script;
	}
	invite(world, guests, COUNT(guests));
	assert_false(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < COUNT(guests); i++) {
		assert_step(&guests[i].world, SMTP_QUIT, SMTP_DONE, 221);
		assert_true(server_went_well(&guests[i].server));
	}
	for (unsigned i = 0; i < COUNT(guests); i++) {
		unsigned n = open_at(guests, COUNT(guests),
			step_of(&guests[i].world, SMTP_CONNECT)->at_us);
		most = n > most ? n : most;
	}
	assert_int_equal(most, 2);
}

static void two_at_once_to_one_address(void **state)
{
	check_two_at_once(*state, true);
}

static void two_at_once_to_one_provider(void **state)
{
	struct world *world = *state;
	world->ask.provider = "example.org";
	check_two_at_once(world, false);
}

/* All of one provider are silent, and all are found to be. */
static void check_silence(
	struct world *world, const char *const *script, enum smtp_step_id step)
{
	struct guest guests[6] = { 0 };
	world->ask.provider = "example.org";
	world->options.step_us = 800 * MS;
	world->options.reply_us = world->options.greeting_us = LONG_US;
	end_after(world, 3000 * MS);
	make_dialogues(world);
	for (unsigned i = 0; i < COUNT(guests); i++) {
		guests[i].server.host = (uint8_t)(i + 1);
		guests[i].server.first = script;
	}
	invite(world, guests, COUNT(guests));
	(void)dialogues_run(world->dialogues);
	for (unsigned i = 0; i < COUNT(guests); i++) {
		assert_step(&guests[i].world, step, SMTP_TIMED_OUT, 0);
		assert_true(server_went_well(&guests[i].server));
	}
}

static void silence_leaves_time_for_the_queued(void **state)
{
	static const char *const script[] = { GREET, EHLO, PLAIN, MAIL, OK,
		RCPT, "B", NULL };
	check_silence(*state, script, SMTP_RCPT);
}

static void tarpits_leave_time_for_the_queued(void **state)
{
	static const char *const script[] = { "B", NULL };
	check_silence(*state, script, SMTP_GREETING);
}

/* When the third to one address begins, where servers do this after QUIT
 * before they close. */
static int64_t third_after(struct world *world, const char *last)
{
	const char *const script[] = { GREET, EHLO, PLAIN, REST, last, NULL };
	struct guest guests[3] = { 0 };
	make_dialogues(world);
	for (unsigned i = 0; i < COUNT(guests); i++) {
		guests[i].server.host = 1;
		guests[i].server.first = script;
	}
	invite(world, guests, COUNT(guests));
	assert_false(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < COUNT(guests); i++) {
		assert_step(&guests[i].world, SMTP_QUIT, SMTP_DONE, 221);
		assert_true(server_went_well(&guests[i].server));
	}
	return step_of(&guests[2].world, SMTP_CONNECT)->at_us -
	       step_of(&guests[0].world, SMTP_CONNECT)->at_us;
}

/* Servers count a connection until they have closed it. */
static void the_third_waits_until_it_is_closed(void **state)
{
	assert_true(third_after(*state, "W60") >= 60 * MS);
}

static void the_third_waits_no_longer_than_is_sane(void **state)
{
	assert_true(third_after(*state, "B") < SLOW_US);
}

static void the_deadline_ends_all(void **state)
{
	static const char *const script[] = { GREET, EHLO, "B", NULL };
	struct world *world = *state;
	struct guest guests[3] = { 0 };
	end_after(world, 1000 * MS);
	make_dialogues(world);
	for (unsigned i = 0; i < COUNT(guests); i++) {
		guests[i].server.host = 1;
		guests[i].server.first = i < 2 ? script : NULL;
	}
	invite(world, guests, COUNT(guests));
	assert_true(dialogues_run(world->dialogues));
	for (unsigned i = 0; i < COUNT(guests); i++) {
		assert_int_equal(guests[i].world.calls, 1);
		if (i < 2)
			assert_step(
				&guests[i].world, SMTP_EHLO, SMTP_TIMED_OUT, 0);
		else
			assert_ends_before(&guests[i].world, SMTP_CONNECT);
		assert_true(server_went_well(&guests[i].server));
	}
	assert_int_equal(dialogues_connections(world->dialogues), 2);
}

/* Where it gets away with it, the rest of an address is a command. */
static void no_address_ends_its_line(void **state)
{
	static const char *const bad[] = {
		"user@example.org>\r\nDATA",
		"user\n@example.org",
		"user@example.org\r",
		"us\ter@example.org",
		"user",
		"user@example.org> NOTIFY=NEVER",
		"",
	};
	struct world *world = *state;
	make_dialogues(world);
	for (size_t i = 0; i < COUNT(bad); i++)
		for (unsigned where = 0; where < 4; where++) {
			struct dialogue_ask ask = world->ask;
			if (where == 0 && bad[i][0] == '\0')
				continue; /* is <> */
			*(const char **[]){ &ask.mail_from, &ask.rcpt,
				&ask.rcpt_invalid, &ask.rcpt_relay }[where] =
				bad[i];
			assert_non_null(dialogues_start(
				world->dialogues, &ask, on_session, world));
		}
	assert_false(dialogues_run(world->dialogues));
	assert_int_equal(world->calls, 0);
	assert_int_equal(dialogues_connections(world->dialogues), 0);
}

static void options_that_are_of_no_use(void **state)
{
	static const char *const bad[] = { "", "a b", "a\r\nRSET", "a\n" };
	struct world *world = *state;
	const char *why = NULL;
	for (size_t i = 0; i < COUNT(bad); i++) {
		world->options.helo = bad[i];
		assert_null(dialogues_new(
			world->arena, world->loop, &world->options, &why));
		assert_non_null(why);
	}
}

static void ca_files_that_are_of_no_use(void **state)
{
	static const char *const bad[] = { "/dev/null", "/nowhere" };
	struct world *world = *state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct tls_context *tls = tls_context_new(bad[i]);
		assert_non_null(tls);
		assert_non_null(tls_context_load(tls));
		assert_non_null(tls_context_load(tls));
		assert_null(tls_new(tls, 0, NULL));
		tls_context_free(tls);
	}
	world->ca_file = bad[0];
	talk_retried(world, SCRIPT(TO_TLS, "B"), SMTP_OUR_FAULT);
}

static void open_dialogues_are_dropped(void **state)
{
	struct world *world = *state;
	server_start(&world->server);
	world->ask.port = world->server.port;
	make_dialogues(world);
	assert_null(dialogues_start(
		world->dialogues, &world->ask, on_session, world));
	dialogues_free(world->dialogues);
	world->dialogues = NULL;
	assert_int_equal(world->calls, 0);
	assert_int_equal(loop_run(world->loop), LOOP_IDLE);
}

static int before_all(void **state)
{
	(void)state;
	return server_certs_make() ? 0 : -1;
}

static int after_all(void **state)
{
	(void)state;
	server_certs_free();
	return 0;
}

static const struct CMUnitTest tests[] = {
	WITH_WORLD(all_steps_over_tls),
	WITH_WORLD(three_recipients_in_order),
	WITH_WORLD(no_recipient_no_rcpt),
	WITH_WORLD(helo_where_ehlo_is_unknown),
	WITH_WORLD(codes_of_data_are_no_replies),
	WITH_WORLD(codes_of_data_elsewhere_do_no_harm),
	WITH_WORLD(the_address_where_there_is_no_name),
	WITH_WORLD(an_ipv6_address_is_tagged),
	WITH_WORLD(utf8_only_where_offered),
	WITH_WORLD(utf8_is_not_forced),
	WITH_WORLD(slow_greeting_is_timed),
	WITH_WORLD(refused_greetings),
	WITH_WORLD(busy_greeting),
	WITH_WORLD(busy_in_between),
	WITH_WORLD(garbage_for_a_greeting),
	WITH_WORLD(greeting_without_end),
	WITH_WORLD(dripping_gains_no_time),
	WITH_WORLD(who_speaks_first_is_not_believed),
	WITH_WORLD(a_reset_behind_the_connection),
	WITH_WORLD(nobody_listens),
	WITH_WORLD(silence_at_each_step),
	WITH_WORLD(replies_may_take_longer),
	WITH_WORLD(replies_leave_time),
	WITH_WORLD(the_end_at_each_step),
	WITH_WORLD(endless_replies_at_each_step),
	WITH_WORLD(refusals_at_each_step),
	WITH_WORLD(rejections_at_each_step),
	WITH_WORLD(injected_with_the_reply),
	WITH_WORLD(injected_after_client_hello),
	WITH_WORLD(handshake_is_broken),
	WITH_WORLD(handshake_is_no_tls),
	WITH_WORLD(handshakes_without_an_end),
	WITH_WORLD(handshake_is_cut),
	WITH_WORLD(a_client_certificate_is_wanted),
	WITH_WORLD(a_client_certificate_is_wanted_at_once),
	WITH_WORLD(the_end_behind_the_handshake),
	WITH_WORLD(no_utf8_on_the_second_connection),
	WITH_WORLD(the_second_connection_is_refused),
	WITH_WORLD(only_an_old_version),
	WITH_WORLD(the_best_version_is_taken),
	WITH_WORLD(a_name_that_is_no_host),
	WITH_WORLD(no_second_handshake),
	WITH_WORLD(reading_comes_back),
	WITH_WORLD(a_good_certificate),
	WITH_WORLD(an_expired_certificate),
	WITH_WORLD(a_certificate_of_another_name),
	WITH_WORLD(a_self_signed_certificate),
	WITH_WORLD(a_certificate_of_an_unknown_ca),
	WITH_WORLD(two_cas_of_one_name),
	WITH_WORLD(the_cas_of_this_host),
	WITH_WORLD(a_weak_key),
	WITH_WORLD(der_is_kept_only_where_wanted),
	WITH_WORLD(as_many_names_as_anybody_has),
	WITH_WORLD(a_certificate_in_a_file),
	WITH_WORLD(timers_end_with_their_dialogue),
	WITH_WORLD(many_at_once),
	WITH_WORLD(two_at_once_to_one_address),
	WITH_WORLD(two_at_once_to_one_provider),
	WITH_WORLD(silence_leaves_time_for_the_queued),
	WITH_WORLD(tarpits_leave_time_for_the_queued),
	WITH_WORLD(the_third_waits_until_it_is_closed),
	WITH_WORLD(the_third_waits_no_longer_than_is_sane),
	WITH_WORLD(the_deadline_ends_all),
	WITH_WORLD(no_address_ends_its_line),
	WITH_WORLD(options_that_are_of_no_use),
	WITH_WORLD(ca_files_that_are_of_no_use),
	WITH_WORLD(open_dialogues_are_dropped),
};

int main(void)
{
	return cmocka_run_group_tests(tests, before_all, after_all);
}
