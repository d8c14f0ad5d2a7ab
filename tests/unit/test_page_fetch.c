/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetches of pages from servers that do it well, and from those that lie,
 * stall, cut, flood and send in circles. */
#include "config.h"

#include "tests/unit/loopback.h"
#include "tests/unit/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/pagenet/request.h"
#include "tests/unit/fetch_world.h"
#include "tests/unit/slow_clock.h"

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static int set_up(void **state)
{
	*state = fetch_world_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	fetch_world_free(*state);
	return 0;
}

static void assert_end(const struct page_fetch *fetch, enum page_fetch_end end)
{
	if (fetch->end != end)
		fail_msg(
			"%s (%s)", page_fetch_end_word(fetch->end), fetch->why);
}

static void assert_body(const struct fetch_world *world,
	const struct page_fetch *fetch, const char *text)
{
	const struct page_body *body = world->bodies[fetch - world->fetches];
	assert_non_null(body);
	assert_int_equal(body->len, strlen(text));
	assert_memory_equal(body->data, text, body->len);
}

/* -- good replies --------------------------------------------------------- */

static void serve_page(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(fd, "200 OK",
		"Content-Type: application/json\r\n"
		"Date: Thu, 23 Jul 2026 16:29:09 GMT\r\n"
		"Age: 12\r\n"
		"Cache-Control: s-maxage=30\r\n"
		"Cache-Control: public, max-age=60\r\n"
		"ETag: W/\"one\"\r\n"
		"Last-Modified: Thu, 23 Jul 2026 16:00:00 GMT\r\n",
		"{\"page\":1}");
}

static void a_page_is_fetched_with_all_that_it_tells(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_page);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_null(fetch->why);
	assert_int_equal(fetch->status, 200);
	assert_null(fetch->final_url);
	assert_int_equal(fetch->n_redirects, 0);
	assert_int_equal(fetch->size, 10);
	assert_string_equal(fetch->content_type, "application/json");
	assert_string_equal(fetch->etag, "W/\"one\"");
	assert_string_equal(
		fetch->last_modified, "Thu, 23 Jul 2026 16:00:00 GMT");
	assert_int_equal(fetch->date.fate, PAGE_TIME_KNOWN);
	assert_int_equal(fetch->date.s, 1784824149);
	assert_true(fetch->has_age);
	assert_int_equal(fetch->age_s, 12);
	assert_true(fetch->has_max_age);
	assert_int_equal(fetch->max_age_s, 30);
	assert_false(fetch->was_conditional);
	assert_false(fetch->is_unchanged);
	assert_int_equal(fetch->cert.chain, PAGE_CHAIN_NOT_SEEN);
	assert_in_range(fetch->asked_s, WORLD_NOW_S, WORLD_NOW_S + 20);
	assert_true(fetch->connected_us >= 0);
	assert_int_equal(fetch->tls_us, -1);
	assert_true(fetch->first_byte_us >= fetch->connected_us);
	assert_true(fetch->done_us >= fetch->first_byte_us);
	assert_body(world, fetch, "{\"page\":1}");
}

/* Says what came, as the body. */
static void serve_echo(int fd, const char *request, unsigned nth)
{
	(void)nth;
	http_reply(fd, "200 OK", "", request);
}

static void assert_request(const struct fetch_world *world,
	const struct page_fetch *fetch, const char *part, bool is_there)
{
	const struct page_body *body = world->bodies[fetch - world->fetches];
	char *text;
	assert_non_null(body);
	text = arena_strndup(world->arena, body->data, body->len);
	if ((strstr(text, part) != NULL) != is_there)
		fail_msg("%s in: %s", part, text);
}

static void the_request_is_plain(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_echo);
	struct page_ask ask =
		world_ask(world, server->port, "/history.atom?a=b#c");
	const struct page_fetch *fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_request(
		world, fetch, "GET /history.atom?a=b HTTP/1.1\r\n", true);
	assert_request(world, fetch,
		arena_printf(world->arena, "Host: status.example.org:%u\r\n",
			server->port),
		true);
	assert_request(world, fetch,
		"User-Agent: check_status_page/" PACKAGE_VERSION "\r\n", true);
	assert_request(
		world, fetch, "Accept-Encoding: gzip, deflate\r\n", true);
	assert_request(world, fetch, "Cookie", false);
	assert_request(world, fetch, "Authorization", false);
	assert_request(world, fetch, "If-", false);
	assert_request(world, fetch, "Upgrade", false);
}

/* Whatever the environment says. */
static void nothing_of_the_host_is_heeded(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *dead = world_serve(world, NULL);
	char proxy[64];
	char home[] = "/tmp/pagenet-XXXXXX";
	char *path;
	FILE *file;
	const struct page_fetch *fetch;
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", dead->port);
	assert_non_null(mkdtemp(home));
	path = arena_printf(world->arena, "%s/.netrc", home);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs("machine status.example.org login a password b\n"
		    "default login a password b\n",
		file);
	(void)fclose(file);
	(void)setenv("http_proxy", proxy, 1);
	(void)setenv("ALL_PROXY", proxy, 1);
	(void)setenv("HOME", home, 1);
	fetch = world_fetch_of(world, serve_echo);
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");
	(void)unlink(path);
	(void)rmdir(home);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_request(world, fetch, "Authorization", false);
	assert_request(world, fetch, "GET / HTTP/1.1\r\n", true);
}

static void serve_tunnel(int fd, const char *request, unsigned nth)
{
	(void)nth;
	if (strncmp(request, "CONNECT 127.0.0.1:", 18) != 0) {
		http_reply(fd, "405 No", "", "");
		return;
	}
	http_send(fd, "HTTP/1.1 200 Connected\r\nETag: \"proxy\"\r\n\r\n");
	/* As if it came from there. */
	http_reply(fd, "200 OK", "", "through");
	http_take(fd);
}

static void a_chosen_proxy_is_used(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *dead = world_serve(world, NULL);
	struct http_server *proxy = world_serve(world, serve_tunnel);
	const struct page_ask ask = world_ask(world, dead->port, "/");
	const struct page_fetch *fetch;
	world->options.proxy =
		arena_printf(world->arena, "http://127.0.0.1:%u", proxy->port);
	fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_null(fetch->etag);
	assert_body(world, fetch, "through");
}

static void serve_tunnel_to_nobody(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 Connected\r\n\r\n");
	http_take(fd);
}

/* What the proxy says is no reply of the page. */
static void a_tunnel_is_no_reply(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *proxy = world_serve(world, serve_tunnel_to_nobody);
	const struct page_ask ask = world_ask(world, proxy->port, "/");
	const struct page_fetch *fetch;
	world->options.proxy =
		arena_printf(world->arena, "http://127.0.0.1:%u", proxy->port);
	fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_CONNECTION_LOST);
	assert_string_equal(fetch->why, "without a reply");
	assert_int_equal(fetch->first_byte_us, -1);
}

static void serve_chunks(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	http_send(fd, "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n");
	http_wait(fd);
}

static void chunks_are_put_together(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_chunks);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_body(world, fetch, "hello world");
}

static void serve_to_the_end(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
	http_send(fd, "HTTP/1.0 200 OK\r\nAge: x\r\nDate: now\r\n"
		      "ETag: \"\xc3\xbc\"\r\n\r\nuntil it closes");
}

static void a_body_may_end_with_the_connection(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch =
		world_fetch_of(world, serve_to_the_end);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_body(world, fetch, "until it closes");
	assert_false(fetch->has_age);
	assert_int_equal(fetch->date.fate, PAGE_TIME_UNREAD);
	assert_null(fetch->etag);
	assert_false(fetch->has_max_age);
	assert_null(fetch->content_type);
}

static void serve_nothing(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	http_wait(fd);
}

static void no_content_is_an_empty_document(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_nothing);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->status, 204);
	assert_body(world, fetch, "");
}

/* A body that never comes is not waited for. */
static void serve_error(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n"
		      "Retry-After: 10\r\n\r\n");
	http_wait(fd);
}

static void serve_part(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(fd, "206 Partial Content",
		"Content-Range: bytes 0-4/5000\r\n", "<html");
}

/* Nobody asked for a part (RFC 9110 section 15.3.7). */
static void a_part_is_no_page(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_part);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->status, 206);
	assert_null(world->bodies[0]);
}

static void an_error_is_its_status(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_error);
	const char *why;
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->status, 503);
	assert_null(world->bodies[0]);
	assert_true(fetch->done_us < LONG_US / 4);
	assert_int_equal(
		page_fetch_verdict(world->arena, fetch, &why), PAGE_PROBE_DOWN);
	assert_string_equal(why, "answers 503");
}

/* -- redirects ------------------------------------------------------------ */

static void serve_moved(int fd, const char *request, unsigned nth)
{
	(void)nth;
	if (strncmp(request, "GET /new ", 9) == 0)
		http_reply(fd, "200 OK", "", "new");
	else
		/* With a body that never comes. */
		http_send(fd,
			"HTTP/1.1 302 Found\r\nETag: \"old\"\r\nAge: 9\r\n"
			"Cache-Control: no-store\r\n"
			"Content-Length: 5\r\nLocation: /new\r\n\r\n");
	if (strncmp(request, "GET /new ", 9) != 0)
		http_wait(fd);
}

static void a_redirect_is_followed(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_moved);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->status, 200);
	assert_int_equal(fetch->n_redirects, 1);
	assert_string_equal(fetch->final_url,
		arena_printf(world->arena, "http://status.example.org:%u/new",
			world->servers[0].port));
	assert_body(world, fetch, "new");
	assert_null(fetch->etag);
	assert_false(fetch->has_age);
	assert_false(fetch->has_max_age);
	assert_int_equal(world->n_lookups, 0);
}

static void serve_circle(int fd, const char *request, unsigned nth)
{
	(void)nth;
	if (strncmp(request, "GET /b ", 7) == 0)
		http_reply(fd, "301 Moved", "Location: /#x\r\n", "");
	else
		http_reply(fd, "307 Moved", "Location: b\r\n", "");
}

static void circles_are_seen(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_circle);
	assert_end(fetch, PAGE_FETCH_LOOP);
	assert_int_equal(fetch->n_redirects, 1);
	assert_int_equal(fetch->status, 301);
}

static void serve_spiral(int fd, const char *request, unsigned nth)
{
	char headers[64];
	(void)request;
	(void)snprintf(headers, sizeof(headers), "Location: /%u\r\n", nth + 1U);
	http_reply(fd, "308 On", headers, "");
}

static void redirects_without_an_end_are_counted(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, serve_spiral);
	assert_end(fetch, PAGE_FETCH_LOOP);
	assert_int_equal(fetch->n_redirects, PAGE_REDIRECTS_MAX);
}

/* The place is what the path holds, behind "/to/". */
static void serve_place(int fd, const char *request, unsigned nth)
{
	const char *from = strstr(request, "/to/");
	char headers[2000];
	(void)nth;
	if (from == NULL) {
		http_reply(fd, "200 OK", "", "there");
		return;
	}
	(void)snprintf(headers, sizeof(headers), "Location: %.*s\r\n",
		(int)strcspn(from + 4, " "), from + 4);
	http_reply(fd, "302 Found", headers, "");
}

static void only_good_places_are_gone_to(void **state)
{
	static const struct {
		const char *place;
		enum page_fetch_end end;
	} cases[] = {
		{ "http://other.example/", PAGE_FETCH_OTHER_SITE },
		{ "http://example.org.evil.example/", PAGE_FETCH_OTHER_SITE },
		{ "//192.0.2.1/", PAGE_FETCH_OTHER_SITE },
		{ "ftp://status.example.org/", PAGE_FETCH_BAD_REDIRECT },
		{ "file:///etc/passwd", PAGE_FETCH_BAD_REDIRECT },
		{ "http://a:b@status.example.org/", PAGE_FETCH_BAD_REDIRECT },
		{ "http://status.example.org:99999/", PAGE_FETCH_BAD_REDIRECT },
	};
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_place);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct page_ask ask = world_ask(world, server->port,
			arena_printf(world->arena, "/to/%s", cases[i].place));
		const struct page_fetch *fetch = world_fetch(world, &ask);
		assert_end(fetch, cases[i].end);
		assert_int_equal(fetch->status, 302);
		assert_non_null(fetch->why);
	}
	assert_int_equal(world->n_lookups, 0);
}

static void another_site_may_be_permitted(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_place);
	static const struct dns_addr loopback = { 4, { 127, 0, 0, 1 } };
	const struct page_ask ask = world_ask(world, server->port,
		arena_printf(world->arena, "/to/http://other.example:%u/",
			server->port));
	const struct page_fetch *fetch;
	world->options.follows_sites = true;
	world->resolved = &loopback;
	world->n_resolved = 1;
	fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_body(world, fetch, "there");
	assert_int_equal(world->n_lookups, 1);
}

static void serve_other(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(fd, "200 OK", "", "{\"page\":2}");
}

/* From two addresses to a host of the same site with three: it is asked for
 * once; who is among its addresses stays there, others begin with another
 * each, and go on where one is dead. */
static void other_hosts_are_looked_up_once(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *one = world_serve(world, serve_place);
	static const struct dns_addr at[] = { { 4, { 127, 0, 0, 3 } },
		{ 4, { 127, 0, 0, 4 } }, { 4, { 127, 0, 0, 1 } } };
	static const struct dns_addr two = { 4, { 127, 0, 0, 2 } };
	struct page_ask ask = world_ask(world, one->port,
		arena_printf(world->arena, "/to/http://www.example.org:%u/",
			one->port));
	const struct page_fetch *first, *second, *third;
	(void)world_serve_at(world, 2, one->port, serve_place);
	(void)world_serve_at(world, 3, one->port, serve_other);
	world->resolved = at;
	world->n_resolved = COUNT(at);
	world->tries_several = true;
	first = world_start(world, &ask);
	ask.addrs = &two;
	second = world_start(world, &ask);
	ask.nth = 1;
	third = world_start(world, &ask);
	world_run(world);
	assert_end(first, PAGE_FETCH_DONE);
	assert_end(second, PAGE_FETCH_DONE);
	assert_end(third, PAGE_FETCH_DONE);
	assert_body(world, first, "there");
	assert_body(world, second, "{\"page\":2}");
	assert_body(world, third, "there");
	assert_int_equal(world->n_lookups, 1);
}

static void a_host_without_addresses_leads_nowhere(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_place);
	const struct page_ask ask =
		world_ask(world, server->port, "/to/http://www.example.org/");
	const struct page_fetch *fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_BAD_REDIRECT);
	assert_string_equal(fetch->why, "www.example.org does not exist");
}

static void a_lookup_has_its_time(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_place);
	struct page_ask ask =
		world_ask(world, server->port, "/to/http://www.example.org/");
	const struct page_fetch *fetch;
	world->resolves_never = true;
	ask.bound_us = SHORT_US;
	fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_TIMED_OUT);
	assert_string_equal(fetch->why, "looking up www.example.org");
}

/* -- conditions ----------------------------------------------------------- */

static void serve_unchanged(int fd, const char *request, unsigned nth)
{
	(void)nth;
	if (strstr(request, "/to/") != NULL && strstr(request, "/b") == NULL)
		http_reply(fd, "302 Found", "Location: /to/b\r\n", "");
	else if (strstr(request, "If-None-Match: \"one\"\r\n") != NULL ||
		 strstr(request, "GET /always ") != NULL)
		http_send(fd,
			"HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n\r\n");
	else
		http_reply(fd, "200 OK", "ETag: \"two\"\r\n", request);
}

static void what_is_unchanged_is_told(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_unchanged);
	struct page_ask ask = world_ask(world, server->port, "/");
	const struct page_fetch *fetch;
	ask.etag = "\"one\"";
	ask.last_modified = "Thu, 23 Jul 2026 16:00:00 GMT";
	fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->status, 304);
	assert_true(fetch->was_conditional);
	assert_true(fetch->is_unchanged);
	assert_string_equal(fetch->etag, "\"one\"");
	assert_null(world->bodies[0]);
}

static void what_changed_comes_whole(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_unchanged);
	struct page_ask ask = world_ask(world, server->port, "/");
	const struct page_fetch *fetch;
	ask.etag = "\"old\"";
	ask.last_modified = "Thu, 23 Jul 2026 16:00:00 GMT";
	fetch = world_fetch(world, &ask);
	assert_int_equal(fetch->status, 200);
	assert_true(fetch->was_conditional);
	assert_false(fetch->is_unchanged);
	assert_string_equal(fetch->etag, "\"two\"");
	assert_request(world, fetch, "If-None-Match: \"old\"\r\n", true);
	assert_request(world, fetch, "If-Modified-Since", false);

	ask.etag = NULL;
	fetch = world_fetch(world, &ask);
	assert_request(world, fetch,
		"If-Modified-Since: Thu, 23 Jul 2026 16:00:00 GMT\r\n", true);
}

/* The file that they come from may say anything. */
static void bad_validators_are_not_sent(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_unchanged);
	struct page_ask ask = world_ask(world, server->port, "/");
	const struct page_fetch *fetch;
	ask.etag = "\"a\"\r\nX-More: b";
	ask.last_modified = "\n";
	fetch = world_fetch(world, &ask);
	assert_int_equal(fetch->status, 200);
	assert_false(fetch->was_conditional);
	assert_request(world, fetch, "X-More", false);
	assert_request(world, fetch, "If-", false);
}

static void validators_stay_with_their_url(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_unchanged);
	struct page_ask ask = world_ask(world, server->port, "/to/a");
	const struct page_fetch *fetch;
	ask.etag = "\"one\"";
	fetch = world_fetch(world, &ask);
	assert_int_equal(fetch->status, 200);
	assert_int_equal(fetch->n_redirects, 1);
	assert_false(fetch->was_conditional);
}

static void an_unasked_304_is_no_page(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_unchanged);
	const struct page_ask ask = world_ask(world, server->port, "/always");
	const struct page_fetch *fetch = world_fetch(world, &ask);
	assert_int_equal(fetch->status, 304);
	assert_false(fetch->is_unchanged);
	assert_false(page_fetch_is_good(fetch));
}

/* -- servers that lie ----------------------------------------------------- */

static void serve_large(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n");
	http_wait(fd);
}

static void serve_endless(int fd, const char *request, unsigned nth)
{
	static char bytes[10000];
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\n\r\n");
	http_flood(fd, bytes, sizeof(bytes), SIZE_MAX);
}

static void serve_limit(int fd, const char *request, unsigned nth)
{
	static char bytes[WORLD_MAX_SIZE];
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\n\r\n");
	http_send_bytes(fd, bytes, sizeof(bytes));
}

static void sizes_are_bounded(void **state)
{
	struct fetch_world *world = *state;
	assert_end(world_fetch_of(world, serve_large), PAGE_FETCH_TOO_LARGE);
	assert_end(world_fetch_of(world, serve_endless), PAGE_FETCH_TOO_LARGE);
	assert_null(world->bodies[1]);
	assert_end(world_fetch_of(world, serve_limit), PAGE_FETCH_DONE);
	assert_int_equal(world->bodies[2]->len, WORLD_MAX_SIZE);
}

/* Bits as deflate has them (RFC 1951 section 3.1.1). */
struct bits {
	unsigned char bytes[200 * 1000];
	size_t n;
};

static void put(struct bits *bits, unsigned value, unsigned n)
{
	for (unsigned i = 0; i < n; i++, bits->n++)
		if ((value >> i & 1U) != 0)
			bits->bytes[bits->n / 8] =
				(unsigned char)(bits->bytes[bits->n / 8] |
						1U << bits->n % 8);
}

/* One 'a', and 258 more of it as often as that: with fixed codes, 285 and the
 * distance 1. */
static void put_bomb(struct bits *bits, size_t times)
{
	put(bits, 3, 3);    /* the last block, of fixed codes */
	put(bits, 0x89, 8); /* 'a' is 0x30 + 97, its bits turned */
	while (times-- > 0) {
		put(bits, 0xa3, 8); /* 285 is 0xc0 + 5, turned */
		put(bits, 0, 5);
	}
	put(bits, 0, 7);
}

static void send_packed(int fd, const char *coding, const char *head,
	size_t head_len, size_t times)
{
	static struct bits bits;
	char line[100];
	put_bomb(&bits, times);
	(void)snprintf(line, sizeof(line),
		"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n"
		"Connection: close\r\n\r\n",
		coding);
	http_send(fd, line);
	http_send_bytes(fd, head, head_len);
	http_send_bytes(fd, bits.bytes, bits.n / 8 + 1);
}

static const char gzip_head[10] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };

static void serve_gzip_bomb(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	send_packed(fd, "gzip", gzip_head, sizeof(gzip_head), 100000);
}

static void serve_deflate_bomb(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	send_packed(fd, "deflate", "", 0, 100000);
}

static void serve_deflate(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	send_packed(fd, "deflate", "", 0, 2);
}

static void bombs_are_bounded(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch;
	assert_end(
		world_fetch_of(world, serve_gzip_bomb), PAGE_FETCH_TOO_LARGE);
	assert_end(world_fetch_of(world, serve_deflate_bomb),
		PAGE_FETCH_TOO_LARGE);
	fetch = world_fetch_of(world, serve_deflate);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->size, 1 + 2 * 258);
	assert_int_equal(world->bodies[2]->len, fetch->size);
}

/* Blocks of nothing, without an end. */
static void serve_packed_nothing(int fd, const char *request, unsigned nth)
{
	static const char block[5] = { 0, 0, 0, (char)0xff, (char)0xff };
	char bytes[5000];
	(void)request;
	(void)nth;
	for (size_t i = 0; i < sizeof(bytes); i += sizeof(block))
		memcpy(bytes + i, block, sizeof(block));
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	http_send_bytes(fd, gzip_head, sizeof(gzip_head));
	http_flood(fd, bytes, sizeof(bytes), SIZE_MAX);
}

static void what_unpacks_to_nothing_is_bounded(void **state)
{
	struct fetch_world *world = *state;
	assert_end(world_fetch_of(world, serve_packed_nothing),
		PAGE_FETCH_TOO_LARGE);
}

static void serve_bad_gzip(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(
		fd, "200 OK", "Content-Encoding: gzip\r\n", "no gzip at all");
}

static void serve_bad_brotli(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(fd, "200 OK", "Content-Encoding: br\r\n",
		"\xff\xff\xff\xff no brotli");
}

static void serve_unknown_coding(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(fd, "200 OK", "Content-Encoding: rot13\r\n", "uryyb");
}

static void serve_many_codings(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_reply(fd, "200 OK",
		"Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip, "
		"gzip, gzip, gzip, gzip\r\n",
		"x");
}

static void what_cannot_be_unpacked_is_told(void **state)
{
	struct fetch_world *world = *state;
	assert_end(
		world_fetch_of(world, serve_bad_gzip), PAGE_FETCH_BAD_CODING);
	assert_end(
		world_fetch_of(world, serve_bad_brotli), PAGE_FETCH_BAD_CODING);
	assert_end(world_fetch_of(world, serve_unknown_coding),
		PAGE_FETCH_BAD_CODING);
	assert_end(world_fetch_of(world, serve_many_codings),
		PAGE_FETCH_BAD_CODING);
}

static void serve_short(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"a\":");
}

static void serve_cut_chunk(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "5\r\nhello\r\n");
}

static void serve_silence(int fd, const char *request, unsigned nth)
{
	(void)fd;
	(void)request;
	(void)nth;
}

static void serve_reset(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{");
	http_reset(fd);
}

static void serve_cut_head(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Le");
}

static void what_is_cut_is_no_page(void **state)
{
	static const http_serve_fn cases[] = { serve_short, serve_cut_chunk,
		serve_silence, serve_reset, serve_cut_head };
	struct fetch_world *world = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct page_fetch *fetch =
			world_fetch_of(world, cases[i]);
		if (fetch->end != PAGE_FETCH_CONNECTION_LOST)
			fail_msg("%zu: %s (%s)", i,
				page_fetch_end_word(fetch->end), fetch->why);
		assert_null(world->bodies[i]);
		assert_false(page_fetch_is_good(fetch));
	}
}

static void serve_text(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "220 mail.example.org ESMTP\r\n");
}

static void serve_bad_version(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/7.3 200 OK\r\nContent-Length: 1\r\n\r\nx");
}

static void serve_bad_status(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 OK\r\nContent-Length: 1\r\n\r\nx");
}

static void serve_bad_chunk(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "zzz\r\nhello\r\n0\r\n\r\n");
}

static void serve_bad_length(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello");
}

static void serve_headers(int fd, const char *request, unsigned nth)
{
	static const char line[] = "X-More: and more of it\r\n";
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\n");
	http_flood(fd, line, sizeof(line) - 1, SIZE_MAX);
}

static void serve_long_line(int fd, const char *request, unsigned nth)
{
	static const char part[] = "and more of it ";
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nX-More: ");
	http_flood(fd, part, sizeof(part) - 1, SIZE_MAX);
}

static void serve_many_headers(int fd, const char *request, unsigned nth)
{
	static const char line[] = "A: b\r\n";
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\n");
	http_flood(fd, line, sizeof(line) - 1, PAGE_HEADERS_MAX + 1);
	http_send(fd, "Content-Length: 0\r\n\r\n");
	http_wait(fd);
}

static void serve_large_headers(int fd, const char *request, unsigned nth)
{
	char line[1000];
	(void)request;
	(void)nth;
	memset(line, 'x', sizeof(line));
	memcpy(line, "A: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	http_send(fd, "HTTP/1.1 200 OK\r\n");
	http_flood(fd, line, sizeof(line), PAGE_HEAD_MAX / sizeof(line) + 1);
	http_send(fd, "Content-Length: 0\r\n\r\n");
	http_wait(fd);
}

static void serve_hints(int fd, const char *request, unsigned nth)
{
	static const char hint[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
	(void)request;
	(void)nth;
	http_flood(fd, hint, sizeof(hint) - 1, SIZE_MAX);
}

static void what_is_no_http_is_told(void **state)
{
	static const http_serve_fn cases[] = { serve_text, serve_bad_version,
		serve_bad_status, serve_bad_chunk, serve_bad_length,
		serve_headers, serve_many_headers, serve_large_headers,
		serve_long_line, serve_hints };
	struct fetch_world *world = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct page_fetch *fetch =
			world_fetch_of(world, cases[i]);
		if (fetch->end != PAGE_FETCH_NO_HTTP)
			fail_msg("%zu: %s (%s)", i,
				page_fetch_end_word(fetch->end), fetch->why);
		assert_null(world->bodies[i]);
	}
}

/* -- servers that keep one waiting ---------------------------------------- */

/* That it cannot be asked for want of descriptors is no fault of its. */
static void what_we_lack_is_no_fault_of_theirs(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_page);
	const struct page_ask ask = world_ask(world, server->port, "/");
	struct rlimit before, none;
	const struct page_fetch *fetch = world_start(world, &ask);
	int next = dup(STDIN_FILENO);
	assert_true(next >= 0);
	(void)close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	world_run(world);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_end(fetch, PAGE_FETCH_OUR_FAULT);
	assert_string_equal(fetch->why, "no descriptor is left");
}

enum { LATE_US = 800 * MS };

static void serve_stall(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_wait(fd);
}

static void serve_stall_in_body(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n12345");
	http_wait(fd);
}

static void serve_trickle(int fd, const char *request, unsigned nth)
{
	(void)request;
	(void)nth;
	http_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
	for (unsigned i = 0; i < 500; i++) {
		http_send(fd, "x");
		http_wait_ms(fd, 20);
	}
}

static const struct page_fetch *fetch_shortly(
	struct fetch_world *world, http_serve_fn serve, const char *scheme)
{
	struct http_server *server = world_serve(world, serve);
	struct page_ask ask = world_ask_url(
		world, arena_printf(world->arena, "%s://status.example.org:%u/",
			       scheme, server->port));
	ask.bound_us = LATE_US;
	return world_fetch(world, &ask);
}

/* At that stage, when so much of its time was over; and that it says so. On a
 * host with other work it may come later, by what that took of it. */
static void assert_late(
	const struct page_fetch *fetch, const char *stage, int64_t bound_us)
{
	const char *after;
	double told_s;
	assert_end(fetch, PAGE_FETCH_TIMED_OUT);
	after = strstr(fetch->why, ", after ");
	if (strncmp(fetch->why, stage, strlen(stage)) != 0 || after == NULL)
		fail_msg("%s", fetch->why);
	while (strstr(after + 1, ", after ") != NULL)
		after = strstr(after + 1, ", after ");
	told_s = strtod(after + strlen(", after "), NULL);
	assert_true(fetch->done_us >= bound_us - 10 * MS);
	assert_true(fetch->done_us < LONG_US);
	/* One decimal is told, before all was done. */
	if (told_s < (double)bound_us / 1e6 - 0.06 ||
		told_s > (double)fetch->done_us / 1e6 + 0.06)
		fail_msg("%s, %f", fetch->why, (double)fetch->done_us / 1e6);
}

static void who_is_late_is_told_with_the_stage(void **state)
{
	struct fetch_world *world = *state;
	assert_late(fetch_shortly(world, serve_stall, "http"),
		"waiting for the reply, after ", LATE_US);
	assert_late(fetch_shortly(world, serve_stall_in_body, "http"),
		"reading, after 5 bytes, after ", LATE_US);
	assert_late(fetch_shortly(world, serve_trickle, "http"),
		"reading, after ", LATE_US);
	assert_late(fetch_shortly(world, serve_stall, "https"),
		"in the TLS handshake, after ", LATE_US / 2);
}

/* Looks again and again, until so much of the body is there. */
struct ending {
	struct fetch_world *world;
	struct loop_timer timer;
	uint64_t size;
};

static void on_look(void *arg)
{
	struct ending *ending = arg;
	struct loop *loop = ending->world->loop;
	if (ending->world->net->first->size == ending->size)
		loop_stop(loop);
	else
		assert_true(loop_timer_set(loop, &ending->timer,
			loop_now_us(loop) + MS, on_look, ending));
}

static void the_end_of_the_run_is_nobodys_fault(void **state)
{
	struct fetch_world *world = *state;
	struct http_server *server = world_serve(world, serve_stall_in_body);
	const struct page_ask ask = world_ask(world, server->port, "/");
	const struct page_fetch *fetch = world_start(world, &ask);
	struct ending ending = { .world = world, .size = 5 };
	on_look(&ending);
	assert_int_equal(loop_run(world->loop), LOOP_STOPPED);
	page_net_stop(world->net);
	assert_int_equal(world->n_calls, 0);
	assert_int_equal(page_net_open(world->net), 0);
	assert_end(fetch, PAGE_FETCH_NOT_DONE);
	assert_string_equal(fetch->why, "reading, after 5 bytes");
	assert_true(fetch->first_byte_us >= 0);
	assert_int_equal(fetch->done_us, -1);
}

/* -- addresses ------------------------------------------------------------ */

static void a_closed_port_is_told(void **state)
{
	struct fetch_world *world = *state;
	const struct page_fetch *fetch = world_fetch_of(world, NULL);
	const char *why;
	assert_end(fetch, PAGE_FETCH_PORT_CLOSED);
	assert_int_equal(fetch->connected_us, -1);
	assert_int_equal(
		page_fetch_verdict(world->arena, fetch, &why), PAGE_PROBE_DOWN);
}

/* Each of its own, whatever becomes of the others; the same is kept once. */
static void addresses_are_fetched_apart(void **state)
{
	struct fetch_world *world = *state;
	static const struct dns_addr at[] = { { 4, { 127, 0, 0, 1 } },
		{ 4, { 127, 0, 0, 2 } }, { 4, { 127, 0, 0, 3 } },
		{ 4, { 127, 0, 0, 4 } },
		{ 6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } } };
	struct http_server *first;
	struct page_ask ask;
	struct page_fetch *fetches[COUNT(at)];
	if (!loopback_has_ipv6())
		skip();
	first = world_serve(world, serve_page);
	ask = world_ask(world, first->port, "/");
	(void)world_serve_at(world, 2, first->port, serve_page);
	(void)world_serve_at(world, 3, first->port, serve_other);
	(void)world_serve_at(world, 6, first->port, serve_page);
	for (size_t i = 0; i < COUNT(at); i++) {
		ask.addrs = &at[i];
		fetches[i] = world_start(world, &ask);
	}
	world_run(world);
	assert_end(fetches[0], PAGE_FETCH_DONE);
	assert_end(fetches[1], PAGE_FETCH_DONE);
	assert_end(fetches[2], PAGE_FETCH_DONE);
	assert_end(fetches[3], PAGE_FETCH_PORT_CLOSED);
	assert_end(fetches[4], PAGE_FETCH_DONE);
	assert_ptr_equal(world->bodies[0], world->bodies[1]);
	assert_ptr_equal(world->bodies[0], world->bodies[4]);
	assert_ptr_not_equal(world->bodies[0], world->bodies[2]);
	assert_body(world, fetches[2], "{\"page\":2}");
}

static void of_several_addresses_one_will_do(void **state)
{
	struct fetch_world *world = *state;
	static const struct dns_addr at[] = { { 4, { 127, 0, 0, 7 } },
		{ 4, { 127, 0, 0, 1 } } };
	struct http_server *server = world_serve(world, serve_page);
	struct page_ask ask = world_ask(world, server->port, "/");
	const struct page_fetch *fetch;
	const char *why = "";
	ask.addrs = at;
	ask.n_addrs = COUNT(at);
	ask.wants_body = false;
	world->tries_several = true;
	fetch = world_fetch(world, &ask);
	assert_end(fetch, PAGE_FETCH_DONE);
	assert_int_equal(fetch->status, 200);
	assert_null(world->bodies[0]);
	assert_int_equal(
		page_fetch_verdict(world->arena, fetch, &why), PAGE_PROBE_UP);
	assert_null(why);
}

static void verdicts_go_by_what_was_seen(void **state)
{
	static const struct {
		struct page_fetch fetch;
		enum page_probe_end end;
	} cases[] = {
		{ { .end = PAGE_FETCH_DONE, .status = 204 }, PAGE_PROBE_UP },
		{ { .end = PAGE_FETCH_DONE, .status = 304 }, PAGE_PROBE_UP },
		{ { .end = PAGE_FETCH_DONE, .status = 404 }, PAGE_PROBE_DOWN },
		{ { .end = PAGE_FETCH_DONE, .status = 429 },
			PAGE_PROBE_UNSURE },
		{ { .end = PAGE_FETCH_DONE, .status = 500 }, PAGE_PROBE_DOWN },
		{ { .end = PAGE_FETCH_TIMED_OUT }, PAGE_PROBE_DOWN },
		{ { .end = PAGE_FETCH_TLS_FAILED }, PAGE_PROBE_DOWN },
		{ { .end = PAGE_FETCH_LOOP }, PAGE_PROBE_DOWN },
		{ { .end = PAGE_FETCH_UNREACHABLE }, PAGE_PROBE_UNSURE },
		{ { .end = PAGE_FETCH_OUR_FAULT }, PAGE_PROBE_UNSURE },
		{ { .end = PAGE_FETCH_NOT_DONE }, PAGE_PROBE_NOT_DONE },
	};
	struct fetch_world *world = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why;
		assert_int_equal(
			page_fetch_verdict(world->arena, &cases[i].fetch, &why),
			cases[i].end);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(a_page_is_fetched_with_all_that_it_tells),
		WITH_WORLD(the_request_is_plain),
		WITH_WORLD(nothing_of_the_host_is_heeded),
		WITH_WORLD(a_chosen_proxy_is_used),
		WITH_WORLD(a_tunnel_is_no_reply),
		WITH_WORLD(chunks_are_put_together),
		WITH_WORLD(a_body_may_end_with_the_connection),
		WITH_WORLD(no_content_is_an_empty_document),
		WITH_WORLD(a_part_is_no_page),
		WITH_WORLD(an_error_is_its_status),
		WITH_WORLD(a_redirect_is_followed),
		WITH_WORLD(circles_are_seen),
		WITH_WORLD(redirects_without_an_end_are_counted),
		WITH_WORLD(only_good_places_are_gone_to),
		WITH_WORLD(another_site_may_be_permitted),
		WITH_WORLD(other_hosts_are_looked_up_once),
		WITH_WORLD(a_host_without_addresses_leads_nowhere),
		WITH_WORLD(a_lookup_has_its_time),
		WITH_WORLD(what_is_unchanged_is_told),
		WITH_WORLD(what_changed_comes_whole),
		WITH_WORLD(bad_validators_are_not_sent),
		WITH_WORLD(validators_stay_with_their_url),
		WITH_WORLD(an_unasked_304_is_no_page),
		WITH_WORLD(sizes_are_bounded),
		WITH_WORLD(bombs_are_bounded),
		WITH_WORLD(what_unpacks_to_nothing_is_bounded),
		WITH_WORLD(what_cannot_be_unpacked_is_told),
		WITH_WORLD(what_is_cut_is_no_page),
		WITH_WORLD(what_is_no_http_is_told),
		WITH_WORLD(what_we_lack_is_no_fault_of_theirs),
		WITH_WORLD(who_is_late_is_told_with_the_stage),
		WITH_WORLD(the_end_of_the_run_is_nobodys_fault),
		WITH_WORLD(a_closed_port_is_told),
		WITH_WORLD(addresses_are_fetched_apart),
		WITH_WORLD(of_several_addresses_one_will_do),
		WITH_WORLD(verdicts_go_by_what_was_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
