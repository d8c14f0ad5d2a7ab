/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trails: Received fields as servers write them, and who held a message. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/trail.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
};

/* 2026-11-22 02:47:57 UTC. */
static const int64_t then_ms = INT64_C(1795315677000);

#define DATE "Sun, 22 Nov 2026 02:47:57 +0000"

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

/* A field, and what it says; NULL where it does not. */
static const struct field {
	const char *value;
	const char *from, *addr, *by, *with, *id;
	bool is_encrypted;
} fields[] = {
	/* Postfix. */
	{ "from mx2.example.org (mx2.example.org [198.51.100.25])\r\n"
	  "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 "
	  "bits))\r\n\t(No client certificate requested)\r\n"
	  "\tby mx1.example.org (Postfix) with ESMTPS id 5D2A1AD0692\r\n"
	  "\tfor <user@example.org>; " DATE " (UTC)",
		"mx2.example.org", "198.51.100.25", "mx1.example.org", "ESMTPS",
		"5D2A1AD0692", true },
	{ "from localhost (unknown [IPv6:2001:db8::25])\n\tby mx (Postfix) "
	  "with SMTP id 1; " DATE,
		"localhost", "2001:db8::25", "mx", "SMTP", "1", false },
	{ "by mx1.example.org (Postfix, from userid 1000)\n\tid 9A; " DATE,
		NULL, NULL, "mx1.example.org", NULL, "9A", false },
	/* Exim. */
	{ "from [192.0.2.1] (helo=desk.example.org)\n\tby mx.example.org with "
	  "esmtpsa (TLS1.3) tls TLS_AES_256_GCM_SHA384\n\t(Exim 4.96)\n\t"
	  "(envelope-from <a@example.org>)\n\tid 1xUxcT-000017-1b\n\tfor "
	  "user@example.org;\n\t" DATE,
		"desk.example.org", "192.0.2.1", "mx.example.org", "esmtpsa",
		"1xUxcT-000017-1b", true },
	{ "from out.example.net ([192.0.2.1]:41234 helo=other.example.net)\n"
	  "\tby mx.example.org with esmtp id 1; " DATE,
		"other.example.net", "192.0.2.1", "mx.example.org", "esmtp",
		"1", false },
	{ "from user by mx.example.org with local (Exim 4.96)\n\tid 2; " DATE,
		"user", NULL, "mx.example.org", "local", "2", false },
	/* Sendmail. */
	{ "from a.example.net (a.example.net [192.0.2.1] (may be forged))\n"
	  "\tby b.example.org (8.17.1/8.17.1) with ESMTPS id 4AM2lvXy012345\n"
	  "\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 "
	  "verify=NO)\n\tfor <u@example.org>; Sun, 22 Nov 2026 02:47:57 GMT",
		"a.example.net", "192.0.2.1", "b.example.org", "ESMTPS",
		"4AM2lvXy012345", true },
	{ "(from root@localhost)\n\tby b.example.org (8.17.1/8.17.1/Submit) "
	  "id 4AM2; " DATE,
		NULL, NULL, "b.example.org", NULL, "4AM2", false },
	/* qmail. */
	{ "from unknown (HELO out.example.net) (192.0.2.1)\n  by "
	  "mx.example.org with SMTP; 22 Nov 2026 02:47:57 -0000",
		"out.example.net", "192.0.2.1", "mx.example.org", "SMTP", NULL,
		false },
	{ "(qmail 12345 invoked by uid 89); 22 Nov 2026 02:47:57 -0000", NULL,
		NULL, NULL, NULL, NULL, false },
	/* Large providers. */
	{ "from AM0PR01.eurprd01.prod.example (2603:10a6:208:aa::1) by\n "
	  "DB9PR01.eurprd01.prod.example (2603:10a6:10:bb::2) with Microsoft "
	  "SMTP Server\n (version=TLS1_2, "
	  "cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.9115.19; "
	  "Sun, 22 Nov\n 2026 02:47:57 +0000",
		"AM0PR01.eurprd01.prod.example", "2603:10a6:208:aa::1",
		"DB9PR01.eurprd01.prod.example", "Microsoft", "15.20.9115.19",
		true },
	{ "by 2002:a05:6a10:1234:b0:abc:def0:1234 with SMTP id x1csp1234;\n"
	  "        Sat, 21 Nov 2026 18:47:57 -0800 (PST)",
		NULL, NULL, "2002:a05:6a10:1234:b0:abc:def0:1234", "SMTP",
		"x1csp1234", false },
	{ "from mail-lf1-f41.example.com (mail-lf1-f41.example.com. "
	  "[192.0.2.41])\n by mx.example.com with ESMTPS id abc\n for "
	  "<user@example.com>\n (version=TLS1_3 cipher=X bits=128/128);\n "
	  "Sat, 21 Nov 2026 18:47:57 -0800 (PST)",
		"mail-lf1-f41.example.com", "192.0.2.41", "mx.example.com",
		"ESMTPS", "abc", true },
	/* Dovecot, and others. */
	{ "from mx.example.org ([192.0.2.1])\n\tby store with LMTP\n\tid "
	  "aGk0\n\t(envelope-from <a@example.org>)\n\tfor "
	  "<user@example.org>; " DATE,
		"mx.example.org", "192.0.2.1", "store", "LMTP", "aGk0", false },
	{ "FROM a BY b VIA tcp WITH esmtp ID c FOR <d@example.org>; " DATE, "a",
		NULL, "b", "esmtp", "c", false },
	/* Odd, and hostile. */
	{ "from a (x; y) by b (\"z;\" \\) ) id \"1;2\"; " DATE, "a", NULL, "b",
		NULL, "\"1;2\"", false },
	{ "from a by b (never closed; " DATE, "a", NULL, "b", NULL, NULL,
		false },
	{ "from a from b by c by d id e id f; " DATE, "a", NULL, "c", NULL, "e",
		false },
	{ "from [192.0.2.1 by [300.1.1.1] (::1); " DATE, "[192.0.2.1", NULL,
		"[300.1.1.1]", NULL, NULL, false },
	{ "from a\x1b[2J|b by <c>; " DATE, "a [2J!b", NULL, "(c)", NULL, NULL,
		false },
	{ "; " DATE, NULL, NULL, NULL, NULL, NULL, false },
	{ "from by with id for; " DATE, NULL, NULL, NULL, NULL, NULL, false },
};

static void assert_word(
	const struct field *field, const char *got, const char *expected)
{
	if (!got != !expected || (got && strcmp(got, expected) != 0))
		fail_msg("'%s' instead of '%s' in: %s", got ? got : "nothing",
			expected ? expected : "nothing", field->value);
}

static void fields_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(fields); i++) {
		const struct field *field = &fields[i];
		struct trail_hop hop;

		trail_read_hop(*state, field->value, &hop);
		assert_word(field, hop.from, field->from);
		assert_word(field, hop.by, field->by);
		assert_word(field, hop.with, field->with);
		assert_word(field, hop.id, field->id);
		assert_word(field,
			hop.has_from_addr
				? dns_addr_string(*state, &hop.from_addr)
				: NULL,
			field->addr);
		if (hop.is_encrypted != field->is_encrypted)
			fail_msg("encrypted: %s", field->value);
		if (!hop.has_time || hop.ms != then_ms)
			fail_msg("no time: %s", field->value);
	}
}

static void without_a_date_the_rest_is_read(void **state)
{
	static const char *const values[] = { "from a by b",
		"from a by b; soon", "from a by b;", "from a by b (;)" };
	struct trail_hop hop;
	char *large;

	for (size_t i = 0; i < COUNT(values); i++) {
		trail_read_hop(*state, values[i], &hop);
		assert_false(hop.has_time);
		assert_string_equal(hop.by, "b");
	}
	trail_read_hop(*state, "", &hop);
	assert_null(hop.by);
	large = arena_alloc(*state, 2 * TRAIL_LINE_MAX);
	memset(large, 'x', 2 * TRAIL_LINE_MAX - 1);
	memcpy(large, "by ", 3);
	trail_read_hop(*state, large, &hop);
	assert_int_equal(strlen(hop.by), TRAIL_WORD_MAX);
	memset(large, '(', 2 * TRAIL_LINE_MAX - 1);
	trail_read_hop(*state, large, &hop);
	assert_null(hop.by);
}

/* A trail of hops a, b, c ... at these seconds after the sending, NO_TIME
 * for one that does not tell. */
enum {
	NO_TIME = INT32_MIN,
	POINTS_MAX = 10,
};

static struct trail_view weigh(struct arena *arena, struct trail *trail,
	const int *seconds, size_t n, int arrived_s)
{
	trail->hops = arena_array(arena, n, sizeof(*trail->hops));
	trail->n = n;
	for (size_t i = 0; i < n; i++)
		trail->hops[i] = (struct trail_hop){
			.by = arena_printf(arena, "%c", (char)('a' + (int)i)),
			.has_time = seconds[i] != NO_TIME,
			.ms = then_ms + INT64_C(1000) * seconds[i]
		};
	/* Sent in the middle of a second, which trails do not know. */
	return trail_weigh(arena, trail, then_ms + 900,
		then_ms + INT64_C(1000) * arrived_s - 500);
}

static void the_slowest_hop_is_found(void **state)
{
	static const int seconds[] = { 0, 1, 1, 3600, 3601 };
	struct trail trail;
	struct trail_view view = weigh(*state, &trail, seconds, 5, 3603);

	assert_int_equal(view.n, 6);
	assert_true(view.legs[0].is_submission);
	assert_int_equal(view.legs[0].held_ms, 0);
	assert_int_equal(view.legs[view.slowest].hop, 2);
	assert_int_equal(view.legs[view.slowest].held_ms, 3599000);
	assert_int_equal(view.legs[view.slowest].n_hops, 1);
	assert_int_equal(view.legs[5].hop, 4);
	assert_int_equal(view.legs[5].held_ms, 2000);
	assert_int_equal(view.skew_ms, 0);
}

static void submission_and_delivery_are_legs_too(void **state)
{
	static const int slow_in[] = { 100, 101 };
	static const int slow_out[] = { 0, 1 };
	struct trail trail;
	struct trail_view view = weigh(*state, &trail, slow_in, 2, 102);

	assert_true(view.legs[view.slowest].is_submission);
	assert_int_equal(view.legs[view.slowest].held_ms, 100000);
	view = weigh(*state, &trail, slow_out, 2, 102);
	assert_false(view.legs[view.slowest].is_submission);
	assert_int_equal(view.legs[view.slowest].hop, 1);
	assert_int_equal(view.legs[view.slowest].held_ms, 101000);
}

static void a_fast_clock_holds_nothing(void **state)
{
	static const int seconds[] = { 0, 3600, 2, 3 };
	struct trail trail;
	struct trail_view view = weigh(*state, &trail, seconds, 4, 5);

	assert_int_equal(view.skewed, 1);
	assert_int_equal(view.skew_ms, 3598000);
	assert_int_equal(view.n, 4);
	for (size_t i = 0; i < view.n; i++)
		assert_true(view.legs[i].held_ms <= 2000);
	/* Who is in between shares what is held there. */
	assert_int_equal(view.legs[1].hop, 0);
	assert_int_equal(view.legs[1].n_hops, 2);
}

static void a_slow_clock_too(void **state)
{
	static const int seconds[] = { 0, 2, -86400, 3 };
	struct trail trail;
	struct trail_view view = weigh(*state, &trail, seconds, 4, 5);

	assert_int_equal(view.skewed, 2);
	assert_int_equal(view.skew_ms, -86402000);
	assert_int_equal(view.n, 4);
}

static void a_fast_clock_within_a_long_way(void **state)
{
	static const int seconds[] = { 0, 500, 10, 20, 1000 };
	struct trail trail;
	struct trail_view view = weigh(*state, &trail, seconds, 5, 1001);

	assert_int_equal(view.skewed, 1);
	assert_int_equal(view.skew_ms, 490000);
	assert_int_equal(view.legs[view.slowest].hop, 3);
	assert_int_equal(view.legs[view.slowest].held_ms, 980000);
}

static void hops_without_a_time_share(void **state)
{
	static const int seconds[] = { 1, NO_TIME, NO_TIME, 50, NO_TIME };
	static const int first[] = { NO_TIME, 50 };
	struct trail trail;
	struct trail_view view = weigh(*state, &trail, seconds, 5, 52);

	assert_int_equal(view.legs[view.slowest].hop, 0);
	assert_int_equal(view.legs[view.slowest].n_hops, 3);
	assert_int_equal(view.legs[view.slowest].held_ms, 49000);
	assert_int_equal(view.legs[view.n - 1].n_hops, 2);
	assert_int_equal(view.skew_ms, 0);
	view = weigh(*state, &trail, first, 2, 50);
	assert_true(view.legs[0].is_submission);
	assert_int_equal(view.legs[0].n_hops, 2);
}

static void nothing_is_told_where_nothing_can_be(void **state)
{
	static const int none[] = { NO_TIME };
	static const int wrong[] = { -100, 100 };
	struct trail trail;

	assert_int_equal(weigh(*state, &trail, none, 0, 5).n, 0);
	assert_int_equal(weigh(*state, &trail, none, 1, 5).n, 0);
	assert_int_equal(weigh(*state, &trail, wrong, 2, 5).n, 0);
	assert_int_equal(weigh(*state, &trail, wrong, 2, 5).skew_ms, -100000);
}

/* Whatever the clocks say, no leg is negative and all of them are the whole
 * time. */
static void legs_are_the_whole_time(void **state)
{
	uint32_t seed = 7;

	for (size_t i = 0; i < 2000; i++) {
		int seconds[POINTS_MAX];
		struct trail trail;
		struct trail_view view;
		int64_t sum_ms = 0;

		for (size_t j = 0; j < POINTS_MAX; j++) {
			seed = seed * 1664525U + 1013904223U;
			seconds[j] = (int)(seed >> 20) % 120 - 10;
		}
		view = weigh(*state, &trail, seconds, POINTS_MAX, 100);
		for (size_t j = 0; j < view.n; j++) {
			assert_true(view.legs[j].held_ms >= 0);
			sum_ms += view.legs[j].held_ms;
		}
		assert_true(view.n == 0 || sum_ms == 100000);
		assert_true(view.n == 0 ||
			    view.legs[view.slowest].held_ms >= 10000);
	}
}

static void a_trail_is_read_from_its_end(void **state)
{
	const char *values[TRAIL_HOPS_MAX + 6];
	struct trail trail;
	struct dns_addr addr;

	assert_true(dns_addr_parse("192.0.2.9", &addr));
	values[0] = "from b (b [192.0.2.2]) by MX1.example.org.; " DATE;
	values[1] = "from a ([192.0.2.9]) by mx2.example.org; " DATE;
	trail_read(*state, values, 2, &trail);
	assert_int_equal(trail.n, 2);
	assert_string_equal(trail.hops[0].from, "a");
	assert_true(trail_passed(&trail, "mx1.example.org", NULL));
	assert_true(trail_passed(&trail, "mx2.example.org.", NULL));
	assert_false(trail_passed(&trail, "mx3.example.org", NULL));
	assert_false(trail_passed(&trail, "example.org", NULL));
	/* We were there, but that is no exchanger. */
	assert_false(trail_passed(&trail, "mx3.example.org", &addr));
	assert_true(dns_addr_parse("192.0.2.2", &addr));
	assert_true(trail_passed(&trail, "mx3.example.org", &addr));
	for (size_t i = 0; i < COUNT(values); i++)
		values[i] = arena_printf(*state, "by h%zu; " DATE, i);
	trail_read(*state, values, COUNT(values), &trail);
	assert_int_equal(trail.n, TRAIL_HOPS_MAX);
	assert_string_equal(trail.hops[TRAIL_HOPS_MAX - 1].by, "h0");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_are_read),
		TEST(without_a_date_the_rest_is_read),
		TEST(the_slowest_hop_is_found),
		TEST(submission_and_delivery_are_legs_too),
		TEST(a_fast_clock_holds_nothing),
		TEST(a_slow_clock_too),
		TEST(a_fast_clock_within_a_long_way),
		TEST(hops_without_a_time_share),
		TEST(nothing_is_told_where_nothing_can_be),
		TEST(legs_are_the_whole_time),
		TEST(a_trail_is_read_from_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
