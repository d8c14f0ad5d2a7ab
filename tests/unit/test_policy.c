/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies of MTA-STS from servers that do what a script says: HTTP of every
 * kind, certificates that are wrong, and addresses that are dead.
 */
#include "config.h"

#include "tests/unit/loopback.h"
#include "tests/unit/testing.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailnet/policy.h"
#include "tests/unit/slow_clock.h"
#include "tests/unit/smtp_server.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	MS = 1000,
	LONG_US = 600 * 1000 * MS, /* never reached: see slow_clock.h */
	SLOW_US = 2000 * MS,       /* where it is to run out */
	SHORT_US = 250 * MS,
	RUN_US = 1800 * 1000 * MS,
	HEAD_ROOM = 200,
};

#define POLICY "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 1\n"

/* Parts of scripts. All of the request is looked at. */
#define ASKED                                                            \
	"T", "<GET /.well-known/mta-sts.txt HTTP/1.1\r\n",               \
		"<Host: " SERVER_NAME, "<User-Agent: lifeline-plugins/", \
		"<Accept: */*\r\n", "<\r\n"
#define OK_HEAD       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define CLOSES        "Connection: close\r\n\r\n"
#define SCRIPT(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

struct world {
	struct arena *arena;
	struct loop *loop;
	struct tls_context *tls;
	struct dns_addr addrs[3];
	struct policy_ask ask;
	struct server server;
	struct policy_fetch *fetch;
	struct mx_sts sts;
	unsigned calls;
};

static void on_policy(void *arg, const struct mx_sts *sts)
{
	struct world *world = arg;
	assert_ptr_equal(sts, &world->sts);
	world->calls++;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	if (world == NULL)
		return -1;
	world->arena = arena_new(ARENA_MAX);
	world->loop = loop_new(clock_mono_us() + RUN_US);
	world->tls = tls_context_new(server_ca_file());
	world->addrs[0] = (struct dns_addr){ 4, { 127, 0, 0, 1 } };
	world->ask = (struct policy_ask){ .host = SERVER_NAME,
		.addrs = world->addrs,
		.n_addrs = 1,
		.bound_us = LONG_US,
		.fn = on_policy,
		.arg = world };
	world->server.checks_sni = true;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	policy_fetch_end(world->fetch);
	tls_context_free(world->tls);
	loop_free(world->loop);
	arena_free(world->arena);
	free(world);
	return 0;
}

static void start(struct world *world, server_script script)
{
	world->server.first = script;
	server_start(&world->server);
	world->ask.port = world->server.port;
	world->fetch = policy_fetch_start(world->arena, world->loop, world->tls,
		&world->ask, &world->sts);
	assert_int_equal(world->calls, 0);
	assert_false(policy_fetch_is_over(world->fetch));
}

/* Nothing is left on the loop at the end. */
static void run(struct world *world, server_script script)
{
	start(world, script);
	assert_int_equal(loop_run(world->loop), LOOP_IDLE);
	assert_int_equal(world->calls, 1);
	assert_true(policy_fetch_is_over(world->fetch));
	assert_true(world->sts.took_us > 0);
}

static void expect(
	struct world *world, server_script script, enum mx_fetch fetch)
{
	run(world, script);
	if (world->sts.fetch != fetch)
		print_message("# fetch %d: %s\n", world->sts.fetch,
			world->sts.fetch_why ? world->sts.fetch_why : "");
	assert_int_equal(world->sts.fetch, fetch);
}

/* A server that is left early does not come to the end of its script. */
static void fails(struct world *world, server_script script,
	enum mx_fetch fetch, const char *why)
{
	expect(world, script, fetch);
	(void)server_went_well(&world->server);
	assert_int_equal(world->sts.status, 0);
	assert_null(world->sts.policy_text);
	if (why == NULL)
		return;
	assert_non_null(world->sts.fetch_why);
	if (strstr(world->sts.fetch_why, why) == NULL)
		fail_msg("%s: not \"%s\"", world->sts.fetch_why, why);
}

static void replies(struct world *world, server_script script, unsigned status)
{
	expect(world, script, MX_FETCH_DONE);
	assert_true(server_went_well(&world->server));
	assert_int_equal(world->sts.status, status);
}

/* -- what goes well ------------------------------------------------------ */

static void a_policy_comes(void **state)
{
	struct world *world = *state;
	replies(world, SCRIPT(ASKED, ">" OK_HEAD CLOSES POLICY), 200);
	assert_string_equal(world->sts.policy_text, POLICY);
	assert_string_equal(world->sts.content_type, "text/plain");
	assert_false(world->sts.policy_has_nul);
	assert_null(world->sts.fetch_why);
}

static void in_chunks_and_pieces(void **state)
{
	struct world *world = *state;
	replies(world,
		SCRIPT(ASKED,
			">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			">7\r\nversion\r\n", "W20", ">3\r\n: S\r\n",
			"D0\r\n\r\n"),
		200);
	assert_string_equal(world->sts.policy_text, "version: S");
	assert_null(world->sts.content_type);
}

/* What a sender would not have on its host, we do not take from ours. */
static void nothing_of_this_host_is_used(void **state)
{
	static const char *const variables[] = { "https_proxy", "HTTPS_PROXY",
		"ALL_PROXY", "all_proxy" };
	struct world *world = *state;
	for (size_t i = 0; i < COUNT(variables); i++)
		assert_int_equal(
			setenv(variables[i], "http://127.0.0.1:9", 1), 0);
	assert_int_equal(setenv("SSL_CERT_FILE", "/dev/null", 1), 0);
	a_policy_comes(state);
	for (size_t i = 0; i < COUNT(variables); i++)
		assert_int_equal(unsetenv(variables[i]), 0);
	assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
	assert_int_equal(world->sts.fetch, MX_FETCH_DONE);
}

static void over_ipv6(void **state)
{
	struct world *world = *state;
	if (!loopback_has_ipv6())
		skip();
	world->addrs[0] = (struct dns_addr){ 6, { [15] = 1 } };
	world->server.is_v6 = true;
	a_policy_comes(state);
}

/* The dead ones are of both families; the last of one is well. */
static void past_addresses_that_are_dead(void **state)
{
	struct world *world = *state;
	world->addrs[0] = (struct dns_addr){ 6, { [15] = 1 } };
	world->addrs[1] = (struct dns_addr){ 4, { 127, 0, 0, 9 } };
	world->addrs[2] = (struct dns_addr){ 4, { 127, 0, 0, 1 } };
	world->ask.n_addrs = 3;
	/* libcurl lets time pass between two of them. */
	slow_clock_idle(true);
	a_policy_comes(state);
	slow_clock_idle(false);
}

static void two_at_once(void **state)
{
	struct world *world = *state;
	struct world other = *world;
	other.ask.arg = &other;
	start(world, SCRIPT(ASKED, ">" OK_HEAD CLOSES "one"));
	start(&other, SCRIPT(ASKED, "W50", ">" OK_HEAD CLOSES "two"));
	assert_int_equal(loop_run(world->loop), LOOP_IDLE);
	assert_string_equal(world->sts.policy_text, "one");
	assert_string_equal(other.sts.policy_text, "two");
	assert_true(server_went_well(&world->server));
	assert_true(server_went_well(&other.server));
}

/* -- bodies -------------------------------------------------------------- */

/* A reply with a body of that many bytes, in the arena. */
static char *reply_of(struct world *world, size_t n)
{
	char *text = arena_alloc(world->arena, HEAD_ROOM + n);
	size_t len = strlen(">" OK_HEAD CLOSES);
	memcpy(text, ">" OK_HEAD CLOSES, len);
	memset(text + len, 'x', n);
	return text;
}

static void an_empty_body(void **state)
{
	struct world *world = *state;
	replies(world, SCRIPT(ASKED, ">" OK_HEAD CLOSES), 200);
	assert_string_equal(world->sts.policy_text, "");
}

static void as_large_as_may_be(void **state)
{
	struct world *world = *state;
	replies(world, SCRIPT(ASKED, reply_of(world, MX_POLICY_MAX)), 200);
	assert_int_equal(strlen(world->sts.policy_text), MX_POLICY_MAX);
}

static void one_byte_too_large(void **state)
{
	struct world *world = *state;
	expect(world, SCRIPT(ASKED, reply_of(world, MX_POLICY_MAX + 1)),
		MX_FETCH_TOO_LARGE);
	(void)server_went_well(&world->server);
	assert_null(world->sts.policy_text);
}

static void a_nul_ends_the_text(void **state)
{
	struct world *world = *state;
	struct mx_sts *sts = &world->sts;
	replies(world,
		SCRIPT(ASKED, ">" OK_HEAD "Content-Length: 5\r\n\r\nab", "0",
			">cd"),
		200);
	assert_string_equal(sts->policy_text, "ab");
	assert_true(sts->policy_has_nul);
	mx_sts_read(world->arena, sts);
	assert_non_null(sts->policy.wrong);
}

/* -- other replies ------------------------------------------------------- */

static void redirects_are_not_followed(void **state)
{
	struct world *world = *state;
	expect(world,
		SCRIPT(ASKED, ">HTTP/1.1 301 Moved\r\n"
			      "Location: https://www.example.org/\r\n" CLOSES
			      "a page"),
		MX_FETCH_REDIRECTED);
	(void)server_went_well(&world->server);
	assert_int_equal(world->sts.status, 301);
	assert_string_equal(world->sts.fetch_why, "https://www.example.org/");
	assert_null(world->sts.policy_text);
}

static void a_redirect_to_nowhere_is_a_status(void **state)
{
	struct world *world = *state;
	replies(world, SCRIPT(ASKED, ">HTTP/1.1 304 Not Modified\r\n" CLOSES),
		304);
	assert_null(world->sts.policy_text);
}

static void other_statuses_have_no_policy(void **state)
{
	struct world *world = *state;
	expect(world,
		SCRIPT(ASKED, ">HTTP/1.1 404 Not Found\r\n" CLOSES POLICY),
		MX_FETCH_DONE);
	(void)server_went_well(&world->server);
	assert_int_equal(world->sts.status, 404);
	assert_null(world->sts.policy_text);
	assert_null(world->sts.fetch_why);
}

static void a_large_error_page_is_no_policy(void **state)
{
	struct world *world = *state;
	char *reply = reply_of(world, (size_t)2 * MX_POLICY_MAX);
	memcpy(reply + strlen(">HTTP/1.1 "), "500", 3);
	expect(world, SCRIPT(ASKED, reply), MX_FETCH_DONE);
	(void)server_went_well(&world->server);
	assert_int_equal(world->sts.status, 500);
}

static void what_is_no_http(void **state)
{
	fails(*state, SCRIPT(ASKED, ">220 mx.example.org ESMTP\r\n"),
		MX_FETCH_BROKEN, NULL);
}

static void no_reply_at_all(void **state)
{
	fails(*state, SCRIPT(ASKED), MX_FETCH_BROKEN, NULL);
}

static void a_body_that_is_cut(void **state)
{
	fails(*state,
		SCRIPT(ASKED,
			">" OK_HEAD "Content-Length: 1000\r\n\r\n" POLICY),
		MX_FETCH_BROKEN, NULL);
}

static void a_header_without_end(void **state)
{
	fails(*state, SCRIPT(ASKED, ">HTTP/1.1 200 OK\r\n", "E"),
		MX_FETCH_BROKEN, NULL);
}

/* -- TLS ----------------------------------------------------------------- */

static void wrong_certificate(
	struct world *world, enum server_cert cert, const char *why)
{
	world->server.cert = cert;
	fails(world, SCRIPT("T", "B"), MX_FETCH_TLS_FAILED, why);
}

static void an_expired_certificate(void **state)
{
	wrong_certificate(*state, CERT_EXPIRED, "expired");
}

static void a_certificate_for_another(void **state)
{
	wrong_certificate(*state, CERT_OTHER_NAME, "not for " SERVER_NAME);
}

static void a_certificate_of_its_own(void **state)
{
	wrong_certificate(*state, CERT_SELF_SIGNED, "self-signed");
}

static void a_certificate_by_nobody(void **state)
{
	wrong_certificate(*state, CERT_OTHER_CA,
		"unable to get local issuer certificate");
}

static void tls_of_yesterday(void **state)
{
	struct world *world = *state;
	world->server.tls_max = 0x0302;
	fails(world, SCRIPT("T"), MX_FETCH_TLS_FAILED, NULL);
}

static void plain_text_in_place_of_tls(void **state)
{
	fails(*state, SCRIPT("CHTTP/1.1 400 Bad Request\r\n\r\n", "B"),
		MX_FETCH_TLS_FAILED, "wrong version number");
}

static void closed_in_the_handshake(void **state)
{
	fails(*state, SCRIPT("C", "X"), MX_FETCH_TLS_FAILED, NULL);
}

/* -- nobody there -------------------------------------------------------- */

static void a_port_that_is_closed(void **state)
{
	fails(*state, NULL, MX_FETCH_PORT_CLOSED, NULL);
}

static void silence_after_connecting(void **state)
{
	struct world *world = *state;
	world->ask.bound_us = SLOW_US;
	fails(world, SCRIPT("B"), MX_FETCH_TIMED_OUT, "handshake");
	assert_true(world->sts.took_us >= SLOW_US / 2 - MS);
	assert_true(world->sts.took_us < SLOW_US - MS);
}

static void silence_after_the_request(void **state)
{
	struct world *world = *state;
	world->ask.bound_us = SLOW_US;
	fails(world, SCRIPT(ASKED, "B"), MX_FETCH_TIMED_OUT, "reply");
}

static void a_trickle(void **state)
{
	struct world *world = *state;
	world->ask.bound_us = SLOW_US;
	expect(world,
		SCRIPT(ASKED, ">" OK_HEAD "Content-Length: 1000\r\n\r\n",
			"Dversion: STSv1 mode: enforce and so on, and so on, "
			"a byte at a time, for longer than anybody waits: "
			"there is always one more of them to come",
			"B"),
		MX_FETCH_TIMED_OUT);
	(void)server_went_well(&world->server);
	assert_null(world->sts.policy_text);
	assert_true(world->sts.took_us < LONG_US);
}

/* -- this host ----------------------------------------------------------- */

static void no_ca_certificates(void **state)
{
	struct world *world = *state;
	tls_context_free(world->tls);
	world->tls = tls_context_new("/dev/null");
	fails(world, NULL, MX_FETCH_OUR_FAULT, "CA certificates");
}

static void the_deadline_comes_first(void **state)
{
	struct world *world = *state;
	loop_free(world->loop);
	world->loop = loop_new(clock_mono_us() + SHORT_US);
	start(world, SCRIPT("B"));
	assert_int_equal(loop_run(world->loop), LOOP_DEADLINE);
	assert_false(policy_fetch_is_over(world->fetch));
	policy_fetch_end(world->fetch);
	assert_true(policy_fetch_is_over(world->fetch));
	assert_int_equal(world->calls, 0);
	assert_int_equal(world->sts.fetch, MX_FETCH_NOT_DONE);
	assert_non_null(world->sts.fetch_why);
	(void)server_went_well(&world->server);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(a_policy_comes),
		WITH_WORLD(in_chunks_and_pieces),
		WITH_WORLD(nothing_of_this_host_is_used),
		WITH_WORLD(over_ipv6),
		WITH_WORLD(past_addresses_that_are_dead),
		WITH_WORLD(two_at_once),
		WITH_WORLD(an_empty_body),
		WITH_WORLD(as_large_as_may_be),
		WITH_WORLD(one_byte_too_large),
		WITH_WORLD(a_nul_ends_the_text),
		WITH_WORLD(redirects_are_not_followed),
		WITH_WORLD(a_redirect_to_nowhere_is_a_status),
		WITH_WORLD(other_statuses_have_no_policy),
		WITH_WORLD(a_large_error_page_is_no_policy),
		WITH_WORLD(what_is_no_http),
		WITH_WORLD(no_reply_at_all),
		WITH_WORLD(a_body_that_is_cut),
		WITH_WORLD(a_header_without_end),
		WITH_WORLD(an_expired_certificate),
		WITH_WORLD(a_certificate_for_another),
		WITH_WORLD(a_certificate_of_its_own),
		WITH_WORLD(a_certificate_by_nobody),
		WITH_WORLD(tls_of_yesterday),
		WITH_WORLD(plain_text_in_place_of_tls),
		WITH_WORLD(closed_in_the_handshake),
		WITH_WORLD(a_port_that_is_closed),
		WITH_WORLD(silence_after_connecting),
		WITH_WORLD(silence_after_the_request),
		WITH_WORLD(a_trickle),
		WITH_WORLD(no_ca_certificates),
		WITH_WORLD(the_deadline_comes_first),
	};

	return cmocka_run_group_tests(tests, before_all, after_all);
}
