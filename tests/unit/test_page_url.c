/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs and headers as anybody may write them, and documents kept once. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "common/pagenet/bodies.h"
#include "common/pagenet/headers.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	BODIES_MAX = 1024 * 1024,
	PLACES = 6,
	SIZE = 3000,
	ROUNDS = 300,
};

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

/* -- URLs ----------------------------------------------------------------- */

static void urls_are_taken_apart(void **state)
{
	static const struct {
		const char *typed, *text, *host;
		uint16_t port;
		bool is_https, host_is_addr;
	} cases[] = {
		{ "https://Status.Example.ORG", "https://status.example.org/",
			"status.example.org", 443, true, false },
		{ "HTTP://a.example:80/x?y=1#z", "http://a.example/x?y=1",
			"a.example", 80, false, false },
		{ "https://a.example.:8443/", "https://a.example:8443/",
			"a.example", 8443, true, false },
		{ "https://[2001:DB8::1]/s", "https://[2001:db8::1]/s",
			"2001:db8::1", 443, true, true },
		{ "http://127.0.0.1:8080/", "http://127.0.0.1:8080/",
			"127.0.0.1", 8080, false, true },
		{ "https://b\xc3\xbc"
		  "cher.example/",
			"https://xn--bcher-kva.example/",
			"xn--bcher-kva.example", 443, true, false },
		{ "https://a.example/?u=x:///a b",
			"https://a.example/?u=x:///a+b", "a.example", 443, true,
			false },
		{ "https://a.example/\xc3\xbc", "https://a.example/%c3%bc",
			"a.example", 443, true, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page_url url;
		const char *wrong = page_url_read(*state, cases[i].typed, &url);
		if (wrong != NULL)
			fail_msg("%s %s", cases[i].typed, wrong);
		assert_string_equal(url.text, cases[i].text);
		assert_string_equal(url.host, cases[i].host);
		assert_int_equal(url.port, cases[i].port);
		assert_int_equal(url.is_https, cases[i].is_https);
		assert_int_equal(url.host_is_addr, cases[i].host_is_addr);
	}
}

static void what_is_no_url_of_a_page_is_told(void **state)
{
	static const char *const cases[] = { "", "example.org", "/status",
		"ftp://example.org/", "file:///etc/hosts", "https://",
		"https:///x", "https://user@example.org/",
		"https://user:word@example.org/", "https://a b.example/",
		"https://example.org:0/", "https://example.org:65536/",
		"https://example.org:x/", "https://exa mple.org/",
		"https://example.org/\r\nX: y", "https://[::1",
		"https://[fe80::1%25eth0]/", "https://..", "https://1.2./",
		"https://a.0x1/", "https://a..example/", "https://.example/",
		"javascript:alert(1)", "https://exam_ple$.org/", "https://%00/",
		"gopher://example.org/" };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page_url url;
		if (page_url_read(*state, cases[i], &url) == NULL)
			fail_msg("%s is taken", cases[i]);
	}
}

static void long_urls_are_no_urls(void **state)
{
	char typed[PAGE_URL_MAX + 2] = "https://example.org/";
	struct page_url url;
	memset(typed + strlen(typed), 'a', sizeof(typed) - strlen(typed) - 1);
	typed[sizeof(typed) - 1] = '\0';
	assert_non_null(page_url_read(*state, typed, &url));
	typed[PAGE_URL_MAX] = '\0';
	assert_null(page_url_read(*state, typed, &url));
}

static void redirects_are_resolved(void **state)
{
	static const struct {
		const char *place, *text;
	} cases[] = {
		{ "/b", "https://a.example/b" },
		{ "b?c", "https://a.example/x/b?c" },
		{ "//b.example/", "https://b.example/" },
		{ "../../../b", "https://a.example/b" },
		{ "?q", "https://a.example/x/y?q" },
		{ "http://a.example", "http://a.example/" },
		{ "/a b", "https://a.example/a%20b" },
		{ "ftp://a.example/", NULL },
		{ "", NULL },
		{ "https://u@a.example/", NULL },
		{ "mailto:a@b.example", NULL },
		{ "https://\x01/", NULL },
	};
	struct page_url base;
	assert_null(page_url_read(*state, "https://a.example/x/y", &base));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page_url url;
		const char *wrong =
			page_url_follow(*state, &base, cases[i].place, &url);
		if ((wrong == NULL) != (cases[i].text != NULL))
			fail_msg("%s: %s", cases[i].place, wrong);
		if (wrong == NULL)
			assert_string_equal(url.text, cases[i].text);
	}
}

static void sites_are_what_was_registered(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} cases[] = {
		{ "https://status.example.org/", "https://www.example.org/",
			true },
		{ "https://example.org/", "http://a.b.example.org:8080/",
			true },
		{ "https://a.example.co.uk/", "https://b.other.co.uk/", false },
		{ "https://a.example.org/", "https://a.example.net/", false },
		{ "https://a.github.io/", "https://b.github.io/", false },
		{ "https://192.0.2.1/", "https://192.0.2.1:8443/", true },
		{ "https://192.0.2.1/", "https://192.0.2.2/", false },
		{ "https://localhost/", "https://localhost/x", true },
		{ "https://localhost/", "https://remote/", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page_url a, b;
		assert_null(page_url_read(*state, cases[i].a, &a));
		assert_null(page_url_read(*state, cases[i].b, &b));
		if (page_url_is_same_site(&a, &b) != cases[i].is_same)
			fail_msg("%s %s", cases[i].a, cases[i].b);
	}
}

/* -- headers -------------------------------------------------------------- */

static void ages_are_digits(void **state)
{
	int64_t s = -1;
	(void)state;
	assert_true(page_read_seconds(" 600 ", &s));
	assert_int_equal(s, 600);
	assert_true(page_read_seconds("99999999999999999999999", &s));
	assert_int_equal(s, INT64_C(2147483648));
	assert_false(page_read_seconds("", &s));
	assert_false(page_read_seconds("-1", &s));
	assert_false(page_read_seconds("6 00", &s));
	assert_false(page_read_seconds("1.5", &s));
	assert_false(page_read_seconds("0x10", &s));
}

static void freshness_is_read(void **state)
{
	static const struct {
		const char *value;
		int64_t s; /* -1: it does not say */
	} cases[] = {
		{ "max-age=60", 60 },
		{ "public, Max-Age = 60", -1 },
		{ "public, max-age=\"60\"", 60 },
		{ "max-age=60, s-maxage=10", 10 },
		{ "s-maxage=x, max-age=60", 60 },
		{ "max-age=60, max-age=1", 60 },
		{ "no-store, max-age=60", 0 },
		{ "no-cache", 0 },
		{ "no-cache=\"set-cookie, max-age=9\"", -1 },
		{ "private=\"a\\\"b, max-age=9\", max-age=5", 5 },
		{ "", -1 },
		{ ",,,", -1 },
		{ "=,max-age=,max-age", -1 },
		{ "max-age=\"", -1 },
		{ "xmax-age=60", -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t s = -1;
		bool is_told = page_read_max_age(cases[i].value, &s);
		if (is_told != (cases[i].s >= 0) || s != cases[i].s)
			fail_msg("%s: %lld", cases[i].value, (long long)s);
	}
}

static void validators_are_one_line(void **state)
{
	char longest[1100];
	(void)state;
	assert_true(page_validator_is_fine("W/\"abc\""));
	assert_true(page_validator_is_fine("Thu, 23 Jul 2026 16:29:09 GMT"));
	assert_false(page_validator_is_fine(""));
	assert_false(page_validator_is_fine("\"a\"\r\nX: y"));
	assert_false(page_validator_is_fine("\"\x7f\""));
	assert_false(page_validator_is_fine("\"\xc3\xbc\""));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(page_validator_is_fine(longest));
	longest[1000] = '\0';
	assert_true(page_validator_is_fine(longest));
}

/* -- bodies --------------------------------------------------------------- */

static void what_is_the_same_is_kept_once(void **state)
{
	struct bodies *bodies = bodies_new(BODIES_MAX);
	struct body_place a = { NULL, 0 }, b = { NULL, 0 }, c = { NULL, 0 };
	const struct page_body *first, *second, *third;
	(void)state;
	assert_true(bodies_add(bodies, &a, "one ", 4));
	assert_true(bodies_add(bodies, &b, "one two ", 8));
	assert_true(bodies_add(bodies, &c, "one too", 7));
	assert_true(bodies_add(bodies, &a, "two three", 9));
	first = bodies_finish(bodies, &a);
	assert_true(bodies_add(bodies, &b, "three", 5));
	second = bodies_finish(bodies, &b);
	third = bodies_finish(bodies, &c);
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, third);
	assert_int_equal(first->len, 13);
	assert_memory_equal(first->data, "one two three", 13);
	assert_int_equal(third->len, 7);
	assert_memory_equal(third->data, "one too", 7);
	bodies_free(bodies);
}

static void the_shorter_is_another(void **state)
{
	struct bodies *bodies = bodies_new(BODIES_MAX);
	struct body_place a = { NULL, 0 }, b = { NULL, 0 }, c = { NULL, 0 },
			  d = { NULL, 0 };
	const struct page_body *shorter, *longer, *none, *empty;
	(void)state;
	assert_true(bodies_add(bodies, &a, "abc", 3));
	assert_true(bodies_add(bodies, &b, "abcdef", 6));
	shorter = bodies_finish(bodies, &a);
	longer = bodies_finish(bodies, &b);
	none = bodies_finish(bodies, &c);
	empty = bodies_finish(bodies, &d);
	assert_int_equal(shorter->len, 3);
	assert_memory_equal(shorter->data, "abc", 3);
	assert_int_equal(longer->len, 6);
	assert_memory_equal(longer->data, "abcdef", 6);
	assert_int_equal(none->len, 0);
	assert_non_null(none->data);
	assert_ptr_equal(none, empty);
	bodies_free(bodies);
}

static void who_fails_leaves_nothing(void **state)
{
	struct bodies *bodies = bodies_new(BODIES_MAX);
	struct body_place a = { NULL, 0 }, b = { NULL, 0 };
	const struct page_body *body;
	(void)state;
	assert_true(bodies_add(bodies, &a, "abc", 3));
	assert_true(bodies_add(bodies, &b, "ab", 2));
	bodies_leave(bodies, &a);
	assert_true(bodies_add(bodies, &b, "x", 1));
	body = bodies_finish(bodies, &b);
	assert_int_equal(body->len, 3);
	assert_memory_equal(body->data, "abx", 3);
	bodies_drop(bodies);
	bodies_free(bodies);
}

static void bodies_are_bounded(void **state)
{
	struct bodies *bodies = bodies_new(BODIES_MAX);
	struct body_place a = { NULL, 0 }, b = { NULL, 0 };
	char *bytes = calloc(1, BODIES_MAX);
	(void)state;
	assert_non_null(bytes);
	assert_true(bodies_add(bodies, &a, bytes, BODIES_MAX));
	assert_false(bodies_add(bodies, &b, "x", 1));
	assert_false(bodies_add(bodies, &a, "x", 1));
	bodies_leave(bodies, &a);
	assert_true(bodies_add(bodies, &b, "x", 1));
	bodies_leave(bodies, &b);
	free(bytes);
	bodies_free(bodies);
}

/* Texts that mostly agree, in pieces and in turns that chance has: each comes
 * out as it went in, and the same struct is the same text. */
static void any_order_gives_back_what_came(void **state)
{
	static char texts[PLACES][SIZE];
	uint32_t chance = 1;
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct bodies *bodies = bodies_new(BODIES_MAX);
		struct body_place at[PLACES] = { { NULL, 0 } };
		const struct page_body *out[PLACES] = { NULL };
		size_t lens[PLACES], open = PLACES;
		for (size_t i = 0; i < PLACES; i++) {
			chance = chance * 1664525U + 1013904223U;
			memset(texts[i], 'a', SIZE);
			lens[i] = (chance >> 8) % 3 == 0 ? (chance >> 10) % SIZE
							 : SIZE;
			if ((chance >> 20) % 2 == 0)
				texts[i][(chance >> 9) % SIZE] = 'b';
		}
		while (open > 0) {
			size_t i, n;
			chance = chance * 1664525U + 1013904223U;
			i = (chance >> 8) % PLACES;
			n = (chance >> 12) % 900;
			if (out[i] != NULL)
				continue;
			if (n > lens[i] - at[i].len)
				n = lens[i] - at[i].len;
			assert_true(bodies_add(
				bodies, &at[i], texts[i] + at[i].len, n));
			if (at[i].len < lens[i])
				continue;
			out[i] = bodies_finish(bodies, &at[i]);
			open--;
		}
		for (size_t i = 0; i < PLACES; i++) {
			assert_int_equal(out[i]->len, lens[i]);
			assert_memory_equal(out[i]->data, texts[i], lens[i]);
			for (size_t j = 0; j < i; j++)
				assert_int_equal(out[i] == out[j],
					lens[i] == lens[j] &&
						memcmp(texts[i], texts[j],
							lens[i]) == 0);
		}
		bodies_free(bodies);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			urls_are_taken_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_no_url_of_a_page_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			long_urls_are_no_urls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			redirects_are_resolved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			sites_are_what_was_registered, set_up, tear_down),
		cmocka_unit_test(ages_are_digits),
		cmocka_unit_test(freshness_is_read),
		cmocka_unit_test(validators_are_one_line),
		cmocka_unit_test(what_is_the_same_is_kept_once),
		cmocka_unit_test(the_shorter_is_another),
		cmocka_unit_test(who_fails_leaves_nothing),
		cmocka_unit_test(bodies_are_bounded),
		cmocka_unit_test(any_order_gives_back_what_came),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
