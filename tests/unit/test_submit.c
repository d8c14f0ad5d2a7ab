/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Submission by the dialogue: what libesmtp has not. test_submit_ways.c has
 * what both do. */
#include "config.h"

#include "tests/unit/loopback.h"
#include "tests/unit/testing.h"

#include <openssl/ssl.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailnet/submit_auth.h"
#include "tests/unit/submit_world.h"

#define WITH_WORLD(f)  cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define OVER_TLS(auth) TO_TLS, "T", EHLO, OFFER("AUTH " auth)
/* "n,a=u,\1host=mx.example.org\1port=" is the same for all ports. */
#define OAUTHBEARER_LINE \
	"<AUTH OAUTHBEARER bixhPXUsAWhvc3Q9bXguZXhhbXBsZS5vcmcBcG9ydD"
/* "user=u\1auth=Bearer correct horse\1\1" */
#define XOAUTH2_LINE \
	"<AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIGNvcnJlY3QgaG9yc2UBAQ==\r\n"

/* By address, to the host of the certificate. */
static int set_up(void **state)
{
	struct submit_world *world = submit_world_new();
	world->ask.addrs = &world->addr;
	world->ask.n_addrs = 1;
	world->ask.host = SERVER_NAME;
	world->ask.verified_name = NULL;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	submit_world_free(*state);
	return 0;
}

static void assert_taken(const struct submit_world *world)
{
	assert_submitted(
		world, SUBMIT_ACCEPTED, SUBMIT_STEP_MESSAGE, SMTP_DONE, 250);
	assert_string_equal(world->facts->queue_id, "4ABC1234");
	assert_false(world->facts->is_by_libesmtp);
}

/* -- TLS ----------------------------------------------------------------- */

static void is_taken_over_implicit_tls(void **state)
{
	struct submit_world *world = *state;
	world->ask.security = SUBMIT_TLS;
	world->server.checks_sni = true;
	submit_world_run(world, SCRIPT("T", GREET, EHLO, PLAIN, REST));
	assert_taken(world);
	assert_int_equal(world->facts->trust, SUBMIT_TRUSTED);
	assert_int_equal(world->facts->tls.version, TLS1_3_VERSION);
}

static void plain_text_where_tls_begins(void **state)
{
	struct submit_world *world = *state;
	world->ask.security = SUBMIT_TLS;
	submit_world_run(world, SCRIPT(GREET, "B"));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_TLS, SMTP_TLS_FAILED, 0);
}

static void no_name_no_trust(void **state)
{
	struct submit_world *world = *state;
	world->ask.security = SUBMIT_TLS;
	world->ask.host = NULL;
	submit_world_run(world, SCRIPT("T", "B"));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_TLS, SMTP_TLS_FAILED, 0);
	assert_int_equal(world->facts->trust, SUBMIT_UNTRUSTED);
}

static void wants_a_certificate_of_ours(void **state)
{
	struct submit_world *world = *state;
	world->ask.security = SUBMIT_STARTTLS;
	world->server.wants_client = true;
	world->server.tls_max = TLS1_2_VERSION;
	submit_world_run(world, SCRIPT(TO_TLS, "T"));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_TLS, SMTP_TLS_FAILED, 0);
	assert_true(world->facts->tls.n_certs >= 1);
}

/* -- logins -------------------------------------------------------------- */

static void ask_by(struct submit_world *world, enum submit_auth auth)
{
	world->ask.security = SUBMIT_STARTTLS;
	world->ask.auth = auth;
}

static void logs_in_by_login(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_AUTH_LOGIN);
	submit_world_run(world,
		SCRIPT(OVER_TLS("PLAIN LOGIN"), "<AUTH LOGIN\r\n",
			">334 VXNlcm5hbWU6\r\n", "<dQ==\r\n",
			">334 UGFzc3dvcmQ6\r\n", "<Y29ycmVjdCBob3JzZQ==\r\n",
			">235 2.7.0 in\r\n", REST));
	assert_taken(world);
	assert_string_equal(world->facts->mechanism, "LOGIN");
}

static void login_refused_does_not_show_the_secret(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_AUTH_LOGIN);
	submit_world_run(world,
		SCRIPT(OVER_TLS("LOGIN"), "<AUTH LOGIN\r\n",
			">334 VXNlcm5hbWU6\r\n", "<dQ==\r\n",
			">334 UGFzc3dvcmQ6\r\n", "<Y29ycmVjdCBob3JzZQ==\r\n",
			">535 5.7.8 not Y29ycmVjdCBob3JzZQ==\r\n", BYE));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH, SMTP_DONE, 535);
	assert_null(strstr(world->facts->steps[SUBMIT_STEP_AUTH].text,
		"Y29ycmVjdCBob3JzZQ"));
}

static void login_without_an_end(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_AUTH_LOGIN);
	submit_world_run(world,
		SCRIPT(OVER_TLS("LOGIN"), "<AUTH LOGIN\r\n",
			">334 VXNlcm5hbWU6\r\n", "<dQ==\r\n",
			">334 UGFzc3dvcmQ6\r\n", "<Y29ycmVjdCBob3JzZQ==\r\n",
			">334 UGFzc3dvcmQ6\r\n", "B"));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH, SMTP_MALFORMED, 0);
}

static void bearer_by_oauthbearer(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_BEARER);
	submit_world_run(
		world, SCRIPT(OVER_TLS("XOAUTH2 OAUTHBEARER"), OAUTHBEARER_LINE,
			       ">235 2.7.0 in\r\n", REST));
	assert_taken(world);
	assert_string_equal(world->facts->mechanism, "OAUTHBEARER");
}

/* RFC 7628 section 3.2.3: the client acknowledges with ^A. */
static void oauthbearer_refused_tells_the_challenge(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_OAUTHBEARER);
	submit_world_run(
		world, SCRIPT(OVER_TLS("OAUTHBEARER"), OAUTHBEARER_LINE,
			       ">334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "<AQ==\r\n",
			       ">535 5.7.8 no\r\n", BYE));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH, SMTP_DONE, 535);
	assert_string_equal(world->facts->challenge, "{\"status\":\"401\"}");
}

static void bearer_by_xoauth2(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_BEARER);
	submit_world_run(world, SCRIPT(OVER_TLS("PLAIN XOAUTH2"), XOAUTH2_LINE,
					">235 2.7.0 in\r\n", REST));
	assert_taken(world);
	assert_string_equal(world->facts->mechanism, "XOAUTH2");
}

static void xoauth2_refused_tells_the_challenge(void **state)
{
	struct submit_world *world = *state;
	ask_by(world, SUBMIT_XOAUTH2);
	submit_world_run(world, SCRIPT(OVER_TLS("XOAUTH2"), XOAUTH2_LINE,
					">334 eyJzdGF0dXMiOiI0MDEifQ==\r\n",
					"<\r\n", ">535 5.7.8 no\r\n", BYE));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH, SMTP_DONE, 535);
	assert_string_equal(world->facts->challenge, "{\"status\":\"401\"}");
}

static void challenges_that_are_none(void **state)
{
	struct submit_world *world = *state;
	/* No base64; and the secret itself. */
	static const char *const said[] = { ">334 not base64!\r\n", ">334 \r\n",
		">334 Y29ycmVjdCBob3JzZQ==\r\n" };
	ask_by(world, SUBMIT_XOAUTH2);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		submit_world_run(world,
			SCRIPT(OVER_TLS("XOAUTH2"), XOAUTH2_LINE, said[i],
				"<\r\n", ">535 5.7.8 no\r\n", BYE));
		assert_submitted(world, SUBMIT_NOT_SENT, SUBMIT_STEP_AUTH,
			SMTP_DONE, 535);
		assert_null(world->facts->challenge);
	}
}

static void secrets_do_not_go_bare(void **state)
{
	struct submit_world *world = *state;
	world->ask.auth = SUBMIT_PASSWORD;
	assert_non_null(submit_check(&world->options, &world->ask));
	world->ask.security = SUBMIT_AS_OFFERED;
	world->ask.may_bare_secret = true;
	assert_non_null(submit_check(&world->options, &world->ask));
	world->ask.security = SUBMIT_TLS;
	assert_null(submit_check(&world->options, &world->ask));
}

static void lines_do_not_end_in_what_is_asked_for(void **state)
{
	struct submit_world *world = *state;
	const struct submit_ask good = world->ask;
	struct submit_ask *ask = &world->ask;
	assert_null(submit_check(&world->options, ask));
	ask->rcpt = "b@example.org\r\nDATA";
	assert_non_null(submit_check(&world->options, ask));
	*ask = good;
	ask->mail_from = "a@example.net>\n<";
	assert_non_null(submit_check(&world->options, ask));
	*ask = good;
	ask->orcpt = "b@example.org\r\n";
	assert_non_null(submit_check(&world->options, ask));
	*ask = good;
	ask->auth = SUBMIT_PASSWORD;
	ask->security = SUBMIT_TLS;
	ask->user = "u\r\n";
	assert_non_null(submit_check(&world->options, ask));
	*ask = good;
	ask->n_addrs = 0;
	ask->host = "localhost:25";
	assert_non_null(submit_check(&world->options, ask));
	*ask = good;
	world->options.helo = "a\r\nb";
	assert_non_null(submit_check(&world->options, ask));
}

static void a_line_that_was_made_is_wiped(void **state)
{
	struct submit_world *world = *state;
	static const struct submit_login none;
	struct submit_login login = { .mechanism = SUBMIT_MECH_PLAIN };
	assert_true(submit_auth_next(&login, &world->ask));
	assert_memory_equal(login.line, &AUTH_LINE[1], login.len);
	assert_false(submit_auth_next(&login, &world->ask));
	submit_auth_wipe(&login, sizeof(login));
	assert_memory_equal(&login, &none, sizeof(login));
}

/* -- addresses ----------------------------------------------------------- */

static const struct dns_addr three[] = {
	{ 4, { 127, 0, 0, 1 } },
	{ 4, { 127, 0, 0, 2 } },
	{ 4, { 127, 0, 0, 3 } },
};

static void ask_three(struct submit_world *world)
{
	world->ask.addrs = three;
	world->ask.n_addrs = 3;
}

static void assert_tried(const struct submit_world *world, size_t i,
	const char *address, enum submit_step_id step,
	enum smtp_outcome outcome)
{
	const struct submit_try *one = &world->facts->tries[i];
	assert_true(i < world->facts->n_tries);
	assert_string_equal(one->address, address);
	assert_int_equal(one->step, step);
	assert_int_equal(one->came_to.outcome, outcome);
}

static void the_next_address_is_tried(void **state)
{
	struct submit_world *world = *state;
	ask_three(world);
	world->server.host = 3;
	submit_world_run(world, SCRIPT(GREET, EHLO, PLAIN, REST));
	assert_taken(world);
	assert_string_equal(world->facts->address, "127.0.0.3");
	assert_int_equal(world->facts->n_tries, 2);
	assert_tried(
		world, 0, "127.0.0.1", SUBMIT_STEP_CONNECT, SMTP_PORT_CLOSED);
	assert_tried(
		world, 1, "127.0.0.2", SUBMIT_STEP_CONNECT, SMTP_PORT_CLOSED);
}

/* The same server, by two addresses: it listens at one. */
static void assert_greeted_again(
	struct submit_world *world, server_script first, enum smtp_outcome what)
{
	static const struct dns_addr same[] = { { 4, { 127, 0, 0, 1 } },
		{ 4, { 127, 0, 0, 1 } } };
	world->ask.addrs = same;
	world->ask.n_addrs = 2;
	if (what == SMTP_TIMED_OUT)
		world->options.greeting_us = SUBMIT_STEP_US;
	world->server.second = SCRIPT(GREET, EHLO, PLAIN, REST);
	submit_world_run(world, first);
	assert_taken(world);
	assert_int_equal(world->facts->n_tries, 1);
	assert_tried(world, 0, "127.0.0.1", SUBMIT_STEP_GREETING, what);
}

static void the_next_is_tried_after_a_refusal(void **state)
{
	assert_greeted_again(*state, SCRIPT(">554 no\r\n"), SMTP_DONE);
}

static void the_next_is_tried_after_silence(void **state)
{
	assert_greeted_again(*state, SCRIPT("B"), SMTP_TIMED_OUT);
}

static void the_next_is_tried_after_a_cut(void **state)
{
	assert_greeted_again(*state, SCRIPT(">220"), SMTP_CLOSED);
}

static void nothing_is_said_to_a_second(void **state)
{
	struct submit_world *world = *state;
	static const struct dns_addr same[] = { { 4, { 127, 0, 0, 1 } },
		{ 4, { 127, 0, 0, 1 } } };
	world->ask.addrs = same;
	world->ask.n_addrs = 2;
	submit_world_run(world, SCRIPT(GREET, EHLO));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_EHLO, SMTP_CLOSED, 0);
	assert_int_equal(world->facts->n_tries, 0);
}

static void all_addresses_are_closed(void **state)
{
	struct submit_world *world = *state;
	ask_three(world);
	submit_world_run(world, NULL);
	assert_submitted(world, SUBMIT_NOT_SENT, SUBMIT_STEP_CONNECT,
		SMTP_PORT_CLOSED, 0);
	assert_string_equal(world->facts->address, "127.0.0.3");
	assert_int_equal(world->facts->n_tries, 2);
}

static void the_deadline_ends_the_tries(void **state)
{
	struct submit_world *world = *state;
	ask_three(world);
	world->options.deadline_us = clock_mono_us() + SUBMIT_STEP_US;
	submit_world_run(world, SCRIPT("B"));
	assert_submitted(world, SUBMIT_NOT_SENT, SUBMIT_STEP_GREETING,
		SMTP_TIMED_OUT, 0);
	assert_string_equal(world->facts->address, "127.0.0.1");
}

static void names_are_looked_up(void **state)
{
	struct submit_world *world = *state;
	if (submit_world_addresses() == 0)
		skip();
	world->ask.n_addrs = 0;
	world->ask.host = "localhost";
	submit_world_run(world, SCRIPT(GREET, EHLO, PLAIN, REST));
	assert_taken(world);
	assert_int_equal(
		world->facts->steps[SUBMIT_STEP_LOOKUP].outcome, SMTP_DONE);
}

static void speaks_to_ipv6(void **state)
{
	struct submit_world *world = *state;
	if (!loopback_has_ipv6())
		skip();
	world->addr = (struct dns_addr){ 6, { [15] = 1 } };
	world->server.is_v6 = true;
	world->options.helo = NULL;
	submit_world_run(
		world, SCRIPT(GREET, "<EHLO [IPv6:::1]\r\n", PLAIN, REST));
	assert_taken(world);
	assert_string_equal(world->facts->address, "::1");
}

/* -- what the server has not --------------------------------------------- */

static void utf8_where_it_is_offered(void **state)
{
	struct submit_world *world = *state;
	world->ask.rcpt = "\xc3\xa4@example.org";
	submit_world_run(
		world, SCRIPT(GREET, EHLO, OFFER("SMTPUTF8"),
			       "<MAIL FROM:<a@example.net> SMTPUTF8\r\n", OK,
			       "<RCPT TO:<\xc3\xa4@example.org>\r\n", OK, DATA,
			       BODY, TAKEN, BYE));
	assert_taken(world);
	submit_world_run(world, SCRIPT(GREET, EHLO, PLAIN, BYE));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_MAIL, SMTP_NOT_DONE, 0);
}

static void the_reply_to_the_message_has_its_own_bound(void **state)
{
	struct submit_world *world = *state;
	world->options.final_us = SUBMIT_STALL_US;
	submit_world_run(world, SCRIPT(UP_TO_BODY, "B"));
	assert_submitted(
		world, SUBMIT_UNSURE, SUBMIT_STEP_MESSAGE, SMTP_TIMED_OUT, 0);
}

/* -- before the loop runs ------------------------------------------------ */

static void on_end(void *arg, const struct submit_facts *facts)
{
	struct submit_world *world = arg;
	world->facts = facts;
	world->calls++;
}

static void ends_before_it_has_begun(void **state)
{
	struct submit_world *world = *state;
	const char *why = NULL;
	struct submission *submission;
	world->ask.port = 1;
	submission = submission_new(
		world->arena, world->loop, &world->options, &world->ask, &why);
	submission_start(submission, on_end, world);
	submission_end(submission);
	submission_end(submission);
	assert_int_equal(world->calls, 1);
	assert_int_equal(world->facts->end, SUBMIT_NOT_SENT);
	submission_free(submission);
	submission_free(NULL);
	world->calls = 0;
	submission = submission_new(
		world->arena, world->loop, &world->options, &world->ask, &why);
	submission_start(submission, on_end, world);
	submission_free(submission);
	assert_int_equal(loop_run(world->loop), LOOP_IDLE);
	assert_int_equal(world->calls, 0);
}

/* -- words --------------------------------------------------------------- */

static void says_what_came(void **state)
{
	struct submit_world *world = *state;
	struct text text;
	submit_world_run(world, SCRIPT(UP_TO_RCPT, ">550 5.1.1 none\r\n", BYE));
	text_init(&text, 1000);
	submit_say(&text, world->facts);
	assert_string_equal(text.data, "answers RCPT with 550 5.1.1: none");
	text_release(&text);
	for (unsigned i = 0; i < SUBMIT_STEPS; i++)
		assert_non_null(submit_step_word(i));
	assert_null(submit_step_word(SUBMIT_STEPS));
	assert_null(submit_end_word(SUBMIT_UNSURE + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(is_taken_over_implicit_tls),
		WITH_WORLD(plain_text_where_tls_begins),
		WITH_WORLD(no_name_no_trust),
		WITH_WORLD(wants_a_certificate_of_ours),
		WITH_WORLD(logs_in_by_login),
		WITH_WORLD(login_refused_does_not_show_the_secret),
		WITH_WORLD(login_without_an_end),
		WITH_WORLD(bearer_by_oauthbearer),
		WITH_WORLD(oauthbearer_refused_tells_the_challenge),
		WITH_WORLD(bearer_by_xoauth2),
		WITH_WORLD(xoauth2_refused_tells_the_challenge),
		WITH_WORLD(challenges_that_are_none),
		WITH_WORLD(secrets_do_not_go_bare),
		WITH_WORLD(lines_do_not_end_in_what_is_asked_for),
		WITH_WORLD(a_line_that_was_made_is_wiped),
		WITH_WORLD(the_next_address_is_tried),
		WITH_WORLD(the_next_is_tried_after_a_refusal),
		WITH_WORLD(the_next_is_tried_after_silence),
		WITH_WORLD(the_next_is_tried_after_a_cut),
		WITH_WORLD(nothing_is_said_to_a_second),
		WITH_WORLD(all_addresses_are_closed),
		WITH_WORLD(the_deadline_ends_the_tries),
		WITH_WORLD(names_are_looked_up),
		WITH_WORLD(speaks_to_ipv6),
		WITH_WORLD(utf8_where_it_is_offered),
		WITH_WORLD(the_reply_to_the_message_has_its_own_bound),
		WITH_WORLD(ends_before_it_has_begun),
		WITH_WORLD(says_what_came),
	};
	int failed;
	if (!server_certs_make())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_certs_free();
	return failed;
}
