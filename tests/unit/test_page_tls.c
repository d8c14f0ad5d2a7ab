/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages over TLS: certificates of every kind, told as facts, and what is read
 * with them. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "common/pagenet/peer.h"
#include "tests/unit/fetch_world.h"
#include "tests/unit/smtp_server.h"

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SCRIPT(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define HOST          SERVER_NAME
/* All of a request. */
#define ASKED                                                       \
	"T", "<GET ", "<Host: ", "<User-Agent: check_status_page/", \
		"<Accept: */*\r\n", "<Accept-Encoding: ", "<\r\n"
#define PAGE ">HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"

static int set_up_all(void **state)
{
	(void)state;
	return server_certs_make() ? 0 : -1;
}

static int tear_down_all(void **state)
{
	(void)state;
	server_certs_free();
	return 0;
}

static int set_up(void **state)
{
	*state = fetch_world_new(server_ca_file());
	return 0;
}

static int tear_down(void **state)
{
	fetch_world_free(*state);
	return 0;
}

static struct page_ask ask_of(struct fetch_world *world, const char *host,
	const struct server *server, bool takes_untrusted)
{
	struct page_ask ask = world_ask_url(
		world, arena_printf(world->arena, "https://%s:%u/", host,
			       server->port));
	ask.takes_untrusted = takes_untrusted;
	return ask;
}

static const struct page_fetch *fetch_of(struct fetch_world *world,
	const char *host, enum server_cert cert, bool takes_untrusted)
{
	struct server server = { .cert = cert, .first = SCRIPT(ASKED, PAGE) };
	const struct page_fetch *fetch;
	struct page_ask ask;
	server_start(&server);
	ask = ask_of(world, host, &server, takes_untrusted);
	fetch = world_fetch(world, &ask);
	assert_int_equal(
		server_went_well(&server), fetch->end == PAGE_FETCH_DONE);
	return fetch;
}

static void a_good_certificate_is_valid(void **state)
{
	struct fetch_world *world = *state;
	struct server server = { .cert = CERT_GOOD,
		.checks_sni = true,
		.first = SCRIPT(ASKED, PAGE) };
	const struct page_fetch *fetch;
	const struct page_cert *cert;
	struct page_ask ask;
	server_start(&server);
	ask = ask_of(world, HOST, &server, false);
	fetch = world_fetch(world, &ask);
	cert = &fetch->cert;
	assert_true(server_went_well(&server));
	assert_int_equal(fetch->end, PAGE_FETCH_DONE);
	assert_int_equal(cert->chain, PAGE_CHAIN_VALID);
	assert_null(cert->why);
	assert_non_null(strstr(cert->subject, HOST));
	assert_non_null(cert->issuer);
	assert_true(cert->begin_s > 0);
	assert_true(cert->end_s > cert->begin_s);
	assert_true(cert->chain_end_s > 0);
	assert_true(cert->chain_end_s <= cert->end_s);
	assert_true(fetch->tls_us >= fetch->connected_us);
	assert_true(fetch->first_byte_us >= fetch->tls_us);
}

static void bad_certificates_are_told_and_read_on(void **state)
{
	static const struct {
		const char *host;
		enum server_cert cert;
		enum page_chain chain;
		const char *why;
	} cases[] = {
		{ HOST, CERT_EXPIRED, PAGE_CHAIN_INVALID, "expired" },
		{ HOST, CERT_OTHER_NAME, PAGE_CHAIN_WRONG_NAME, HOST },
		{ "www.example.org", CERT_GOOD, PAGE_CHAIN_WRONG_NAME,
			"www.example.org" },
		{ HOST, CERT_COMMON_NAME, PAGE_CHAIN_WRONG_NAME,
			"in its subject" },
		{ "127.0.0.1", CERT_GOOD, PAGE_CHAIN_WRONG_NAME, "127.0.0.1" },
		{ HOST, CERT_SELF_SIGNED, PAGE_CHAIN_INVALID, "self" },
		{ HOST, CERT_OTHER_CA, PAGE_CHAIN_INVALID, "" },
	};
	struct fetch_world *world = *state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		size_t at = i / 2;
		bool reads_on = i % 2 == 0;
		const struct page_fetch *fetch;
		if (i == COUNT(cases)) {
			fetch_world_free(world);
			*state = world = fetch_world_new(server_ca_file());
		}
		fetch = fetch_of(
			world, cases[at].host, cases[at].cert, reads_on);
		assert_int_equal(fetch->end,
			reads_on ? PAGE_FETCH_DONE : PAGE_FETCH_TLS_FAILED);
		assert_int_equal(fetch->cert.chain, cases[at].chain);
		if (strstr(fetch->cert.why, cases[at].why) == NULL)
			fail_msg("%zu: %s", i, fetch->cert.why);
		if (!reads_on)
			assert_non_null(strstr(fetch->why, fetch->cert.why));
		assert_true(fetch->cert.end_s > 0);
	}
}

/* A session is never taken up again: it would show none. */
static void each_connection_shows_its_certificate(void **state)
{
	struct fetch_world *world = *state;
	struct server server = { .cert = CERT_GOOD,
		.first = SCRIPT(ASKED, PAGE),
		.second = SCRIPT(ASKED, PAGE) };
	struct page_ask ask;
	server_start(&server);
	ask = ask_of(world, HOST, &server, false);
	for (size_t i = 0; i < 2; i++) {
		const struct page_fetch *fetch = world_fetch(world, &ask);
		assert_int_equal(fetch->end, PAGE_FETCH_DONE);
		assert_int_equal(fetch->cert.chain, PAGE_CHAIN_VALID);
	}
	assert_true(server_went_well(&server));
	assert_ptr_equal(world->bodies[0], world->bodies[1]);
}

static void without_tls_is_never_gone_on(void **state)
{
	struct fetch_world *world = *state;
	struct server server = { .cert = CERT_GOOD,
		.first = SCRIPT(ASKED,
			">HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n"
			"Location: http://" HOST "/\r\n\r\n") };
	const struct page_fetch *fetch;
	struct page_ask ask;
	server_start(&server);
	ask = ask_of(world, HOST, &server, false);
	world->options.follows_sites = true;
	fetch = world_fetch(world, &ask);
	assert_true(server_went_well(&server));
	assert_int_equal(fetch->end, PAGE_FETCH_BAD_REDIRECT);
	assert_int_equal(fetch->cert.chain, PAGE_CHAIN_VALID);
	assert_null(fetch->final_url);
}

/* The first has another name, the second is fine. */
static void a_bad_certificate_on_the_way_stays(void **state)
{
	struct fetch_world *world = *state;
	struct server second = { .cert = CERT_GOOD,
		.first = SCRIPT(ASKED, PAGE) };
	struct server first = { .cert = CERT_EXPIRED };
	const char *reply;
	const struct page_fetch *fetch;
	struct page_ask ask;
	server_start(&second);
	reply = arena_printf(world->arena,
		">HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n"
		"Location: https://" HOST ":%u/\r\n\r\n",
		second.port);
	first.first = SCRIPT(ASKED, reply);
	server_start(&first);
	ask = ask_of(world, HOST, &first, true);
	fetch = world_fetch(world, &ask);
	assert_true(server_went_well(&first));
	assert_true(server_went_well(&second));
	assert_int_equal(fetch->end, PAGE_FETCH_DONE);
	assert_int_equal(fetch->n_redirects, 1);
	assert_int_equal(fetch->cert.chain, PAGE_CHAIN_INVALID);
}

static void the_worse_certificate_is_kept(void **state)
{
	const struct page_cert none = { .chain_end_s = 0 };
	const struct page_cert late = { .chain = PAGE_CHAIN_VALID,
		.chain_end_s = 20 };
	const struct page_cert soon = { .chain = PAGE_CHAIN_VALID,
		.chain_end_s = 10 };
	const struct page_cert bad = { .chain = PAGE_CHAIN_WRONG_NAME,
		.chain_end_s = 30 };
	(void)state;
	assert_ptr_equal(peer_worse_cert(&none, &late), &late);
	assert_ptr_equal(peer_worse_cert(&late, &none), &late);
	assert_ptr_equal(peer_worse_cert(&late, &soon), &soon);
	assert_ptr_equal(peer_worse_cert(&soon, &late), &soon);
	assert_ptr_equal(peer_worse_cert(&soon, &bad), &bad);
	assert_ptr_equal(peer_worse_cert(&bad, &soon), &bad);
}

static void what_is_no_tls_is_told(void **state)
{
	struct fetch_world *world = *state;
	struct server server = { .first = SCRIPT("C220 ready\r\n") };
	const struct page_fetch *fetch;
	struct page_ask ask;
	server_start(&server);
	ask = ask_of(world, HOST, &server, true);
	fetch = world_fetch(world, &ask);
	(void)server_went_well(&server);
	assert_int_equal(fetch->end, PAGE_FETCH_TLS_FAILED);
	assert_int_equal(fetch->cert.chain, PAGE_CHAIN_NOT_SEEN);
	assert_string_equal(fetch->why, "wrong version number");
}

static void old_versions_are_not_spoken(void **state)
{
	struct fetch_world *world = *state;
	struct server server = { .cert = CERT_GOOD,
		.tls_max = 0x0302,
		.first = SCRIPT(ASKED, PAGE) };
	const struct page_fetch *fetch;
	struct page_ask ask;
	server_start(&server);
	ask = ask_of(world, HOST, &server, true);
	fetch = world_fetch(world, &ask);
	assert_false(server_went_well(&server));
	assert_int_equal(fetch->end, PAGE_FETCH_TLS_FAILED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(a_good_certificate_is_valid),
		WITH_WORLD(bad_certificates_are_told_and_read_on),
		WITH_WORLD(each_connection_shows_its_certificate),
		WITH_WORLD(without_tls_is_never_gone_on),
		WITH_WORLD(a_bad_certificate_on_the_way_stays),
		cmocka_unit_test(the_worse_certificate_is_kept),
		WITH_WORLD(what_is_no_tls_is_told),
		WITH_WORLD(old_versions_are_not_spoken),
	};
	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
