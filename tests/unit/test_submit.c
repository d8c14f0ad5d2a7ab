/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Submission to servers that do what a script says. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "common/core/clock.h"
#include "common/mailnet/submit.h"
#include "tests/unit/smtp_server.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	STEP_US = 300 * 1000,
	LONG_US = 8 * 1000 * 1000,
	RUN_US = 15 * 1000 * 1000,
};

#define SECRET        "correct horse"
#define GREET         ">220 mx.example.org ESMTP\r\n"
#define EHLO          "<EHLO monitor.example.net\r\n"
#define PLAIN         ">250 mx.example.org\r\n"
#define TLS_OFFER     ">250-mx.example.org\r\n250 STARTTLS\r\n"
#define TO_TLS        GREET, EHLO, TLS_OFFER, "<STARTTLS\r\n", ">220 go\r\n"
#define MAIL          "<MAIL FROM:<a@example.net>\r\n"
#define RCPT          "<RCPT TO:<b@example.org>\r\n"
#define OK            ">250 2.1.0 ok\r\n"
#define DATA          "<DATA\r\n", ">354 go\r\n"
#define BODY          "<Subject: x\r\n", "<\r\n", "<..dot\r\n", "<end\r\n", "<.\r\n"
#define TAKEN         ">250 2.0.0 Ok: queued as 4ABC1234\r\n"
#define BYE           "<QUIT\r\n", ">221 bye\r\n"
#define REST          MAIL, OK, RCPT, OK, DATA, BODY, TAKEN, BYE
#define SCRIPT(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

struct world {
	struct arena *arena;
	struct loop *loop;
	struct tls_context *tls;
	struct dns_addr addr;
	struct submit_options options;
	struct submit_ask ask;
	struct server server;
	const struct submit_facts *facts;
	unsigned calls;
};

static int set_up(void **state)
{
	static const char message[] = "Subject: x\n\n.dot\r\nend";
	struct world *world = calloc(1, sizeof(*world));
	int64_t now = clock_mono_us();
	if (world == NULL)
		return -1;
	world->arena = arena_new(ARENA_MAX);
	world->loop = loop_new(now + RUN_US);
	world->tls = tls_context_new(server_ca_file());
	world->addr = (struct dns_addr){ 4, { 127, 0, 0, 1 } };
	world->options = (struct submit_options){
		.helo = "monitor.example.net",
		.tls = world->tls,
		.start_us = now,
		.connect_us = LONG_US,
		.greeting_us = LONG_US,
		.step_us = LONG_US,
	};
	world->ask = (struct submit_ask){
		.addrs = &world->addr,
		.n_addrs = 1,
		.host = SERVER_NAME,
		.user = "u",
		.secret = SECRET,
		.mail_from = "a@example.net",
		.rcpt = "b@example.org",
		.message = message,
		.message_len = sizeof(message) - 1,
	};
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	tls_context_free(world->tls);
	loop_free(world->loop);
	arena_free(world->arena);
	free(world);
	return 0;
}

static void on_facts(void *arg, const struct submit_facts *facts)
{
	struct world *world = arg;
	world->facts = facts;
	world->calls++;
	loop_stop(world->loop);
}

static void submit(struct world *world, server_script script)
{
	const char *why = NULL;
	struct submission *submission;
	world->server.first = script;
	server_start(&world->server);
	world->ask.port = world->server.port;
	submission = submission_new(
		world->arena, world->loop, &world->options, &world->ask, &why);
	assert_null(why);
	submission_start(submission, on_facts, world);
	assert_int_equal(world->calls, 0);
	assert_int_equal(loop_run(world->loop), LOOP_STOPPED);
	assert_int_equal(world->calls, 1);
	assert_true(server_went_well(&world->server));
	submission_free(submission);
}

static void assert_ends(const struct world *world, enum submit_end end,
	enum submit_step_id last, enum smtp_outcome outcome, unsigned code)
{
	assert_int_equal(world->facts->end, end);
	assert_int_equal(world->facts->last, last);
	assert_int_equal(world->facts->steps[last].outcome, outcome);
	assert_int_equal(world->facts->steps[last].code, code);
}

static void is_taken(void **state)
{
	struct world *world = *state;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, REST));
	assert_ends(
		world, SUBMIT_ACCEPTED, SUBMIT_STEP_MESSAGE, SMTP_DONE, 250);
	assert_string_equal(world->facts->queue_id, "4ABC1234");
	assert_int_equal(
		world->facts->steps[SUBMIT_STEP_QUIT].outcome, SMTP_DONE);
}

static void is_taken_over_tls_after_login(void **state)
{
	struct world *world = *state;
	world->ask.security = SUBMIT_STARTTLS;
	world->ask.auth = SUBMIT_PASSWORD;
	submit(world, SCRIPT(TO_TLS, "T", EHLO,
			      ">250-mx.example.org\r\n250 AUTH LOGIN PLAIN\r\n",
			      "<AUTH PLAIN AHUAY29ycmVjdCBob3JzZQ==\r\n",
			      ">235 2.7.0 in\r\n", REST));
	assert_ends(
		world, SUBMIT_ACCEPTED, SUBMIT_STEP_MESSAGE, SMTP_DONE, 250);
	assert_int_equal(world->facts->trust, SUBMIT_TRUSTED);
	assert_string_equal(world->facts->mechanism, "PLAIN");
}

static void is_taken_over_implicit_tls(void **state)
{
	struct world *world = *state;
	world->ask.security = SUBMIT_TLS;
	world->server.checks_sni = true;
	submit(world, SCRIPT("T", GREET, EHLO, PLAIN, REST));
	assert_ends(
		world, SUBMIT_ACCEPTED, SUBMIT_STEP_MESSAGE, SMTP_DONE, 250);
}

static void login_refused_sends_no_mail_nor_shows_the_secret(void **state)
{
	struct world *world = *state;
	world->ask.security = SUBMIT_STARTTLS;
	world->ask.auth = SUBMIT_AUTH_LOGIN;
	submit(world,
		SCRIPT(TO_TLS, "T", EHLO,
			">250-mx.example.org\r\n250 AUTH LOGIN\r\n",
			"<AUTH LOGIN\r\n", ">334 VXNlcm5hbWU6\r\n", "<dQ==\r\n",
			">334 UGFzc3dvcmQ6\r\n", "<Y29ycmVjdCBob3JzZQ==\r\n",
			">535 5.7.8 not " SECRET "\r\n", BYE));
	assert_ends(world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH, SMTP_DONE, 535);
	assert_null(strstr(world->facts->steps[SUBMIT_STEP_AUTH].text, SECRET));
}

static void token_refused_tells_the_challenge(void **state)
{
	struct world *world = *state;
	world->ask.security = SUBMIT_STARTTLS;
	world->ask.auth = SUBMIT_XOAUTH2;
	submit(world,
		SCRIPT(TO_TLS, "T", EHLO,
			">250-mx.example.org\r\n250 AUTH XOAUTH2\r\n",
			"<AUTH XOAUTH2 ", ">334 eyJzdGF0dXMiOiI0MDEifQ==\r\n",
			"<\r\n", ">535 5.7.8 no\r\n", BYE));
	assert_ends(world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH, SMTP_DONE, 535);
	assert_string_equal(world->facts->challenge, "{\"status\":\"401\"}");
}

static void no_tls_no_word(void **state)
{
	struct world *world = *state;
	world->ask.security = SUBMIT_STARTTLS;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, BYE));
	assert_ends(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_STARTTLS, SMTP_NOT_DONE, 0);
}

static void bytes_ahead_of_tls_end_it(void **state)
{
	struct world *world = *state;
	world->ask.security = SUBMIT_STARTTLS;
	submit(world, SCRIPT(GREET, EHLO, TLS_OFFER, "<STARTTLS\r\n",
			      ">220 go\r\n250 injected\r\n", "B"));
	assert_ends(world, SUBMIT_NOT_SENT, SUBMIT_STEP_TLS, SMTP_INJECTED, 0);
}

static void wrong_certificates_end_it(void **state)
{
	struct world *world = *state;
	static const enum server_cert certs[] = { CERT_EXPIRED, CERT_OTHER_NAME,
		CERT_SELF_SIGNED, CERT_OTHER_CA };
	world->ask.security = SUBMIT_STARTTLS;
	for (size_t i = 0; i < sizeof(certs) / sizeof(certs[0]); i++) {
		world->server.cert = certs[i];
		world->calls = 0;
		submit(world, SCRIPT(TO_TLS, "T", "B"));
		assert_ends(world, SUBMIT_NOT_SENT, SUBMIT_STEP_TLS,
			SMTP_TLS_FAILED, 0);
		assert_int_equal(world->facts->trust, SUBMIT_UNTRUSTED);
		assert_int_equal(world->facts->tls.n_certs, 1);
	}
}

static void refused_for_good_and_for_now(void **state)
{
	struct world *world = *state;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT,
			      ">550 5.1.1 no such user\r\n", BYE));
	assert_ends(world, SUBMIT_NOT_SENT, SUBMIT_STEP_RCPT, SMTP_DONE, 550);
	world->calls = 0;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT, OK, DATA, BODY,
			      ">451 4.3.0 later\r\n", BYE));
	assert_ends(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_MESSAGE, SMTP_DONE, 451);
}

static void nobody_knows_after_the_last_dot(void **state)
{
	struct world *world = *state;
	submit(world,
		SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT, OK, DATA, BODY));
	assert_ends(world, SUBMIT_UNSURE, SUBMIT_STEP_MESSAGE, SMTP_CLOSED, 0);
	world->calls = 0;
	world->options.final_us = STEP_US;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT, OK, DATA, BODY,
			      "B"));
	assert_ends(
		world, SUBMIT_UNSURE, SUBMIT_STEP_MESSAGE, SMTP_TIMED_OUT, 0);
	world->calls = 0;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, MAIL, OK, RCPT, OK, DATA, BODY,
			      ">nonsense\r\n", "B"));
	assert_ends(
		world, SUBMIT_UNSURE, SUBMIT_STEP_MESSAGE, SMTP_MALFORMED, 0);
}

static void notifications_where_they_are_offered(void **state)
{
	struct world *world = *state;
	world->ask.envid = "a+b";
	world->ask.notify = SUBMIT_NOTIFY_FAILURE | SUBMIT_NOTIFY_DELAY;
	world->ask.orcpt = "b@example.org";
	world->ask.ret = SUBMIT_RET_HEADERS;
	submit(world, SCRIPT(GREET, EHLO, ">250-mx\r\n250 DSN\r\n",
			      "<MAIL FROM:<a@example.net> RET=HDRS "
			      "ENVID=a+2Bb\r\n",
			      OK,
			      "<RCPT TO:<b@example.org> NOTIFY=FAILURE,DELAY "
			      "ORCPT=rfc822;b@example.org\r\n",
			      OK, DATA, BODY, TAKEN, BYE));
	assert_true(world->facts->has_sent_dsn);
	world->calls = 0;
	submit(world, SCRIPT(GREET, EHLO, PLAIN, REST));
	assert_false(world->facts->has_sent_dsn);
}

static void secrets_do_not_go_bare(void **state)
{
	struct world *world = *state;
	world->ask.auth = SUBMIT_PASSWORD;
	assert_non_null(submit_check(&world->options, &world->ask));
	world->ask.security = SUBMIT_AS_OFFERED;
	assert_non_null(submit_check(&world->options, &world->ask));
	world->ask.security = SUBMIT_TLS;
	assert_null(submit_check(&world->options, &world->ask));
	world->ask.rcpt = "b@example.org\r\nDATA";
	assert_non_null(submit_check(&world->options, &world->ask));
}

static void names_are_looked_up(void **state)
{
	struct world *world = *state;
	world->ask.n_addrs = 0;
	world->ask.host = "localhost";
	submit(world, SCRIPT(GREET, EHLO, PLAIN, REST));
	assert_int_equal(world->facts->end, SUBMIT_ACCEPTED);
	assert_int_equal(
		world->facts->steps[SUBMIT_STEP_LOOKUP].outcome, SMTP_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(is_taken),
		WITH_WORLD(is_taken_over_tls_after_login),
		WITH_WORLD(is_taken_over_implicit_tls),
		WITH_WORLD(login_refused_sends_no_mail_nor_shows_the_secret),
		WITH_WORLD(token_refused_tells_the_challenge),
		WITH_WORLD(no_tls_no_word),
		WITH_WORLD(bytes_ahead_of_tls_end_it),
		WITH_WORLD(wrong_certificates_end_it),
		WITH_WORLD(refused_for_good_and_for_now),
		WITH_WORLD(nobody_knows_after_the_last_dot),
		WITH_WORLD(notifications_where_they_are_offered),
		WITH_WORLD(secrets_do_not_go_bare),
		WITH_WORLD(names_are_looked_up),
	};
	int failed;
	if (!server_certs_make())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_certs_free();
	return failed;
}
