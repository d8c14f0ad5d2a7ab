/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates of mail, in all the ways in which they are written. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/mail_date.h"

/* 2026-11-22 02:47:57 UTC. */
static const int64_t then_ms = INT64_C(1795315677000);

static void one_moment_in_all_notations(void **state)
{
	static const char *const same[] = { "Sun, 22 Nov 2026 02:47:57 +0000",
		"Sun, 22 Nov 2026 02:47:57 +0000 (UTC)",
		"Sun, 22 Nov 2026 03:47:57 +0100 (CET)",
		"Sat, 21 Nov 2026 18:47:57 -0800 (PST)",
		"Sat, 21 Nov 2026 21:17:57 -0530",
		"Sun, 22 Nov 2026 02:47:57 GMT", "22 Nov 2026 02:47:57 -0000",
		"Sun, 22 Nov 26 02:47:57 UT", "Sun, 22 Nov 126 02:47:57 UT",
		"Sunday, 22 November 2026 02:47:57 UTC",
		"SUN, 22 NOV 2026 02:47:57 gmt",
		"Sat, 21 Nov 2026 21:47:57 EST",
		"Sat, 21 Nov 2026 19:47:57 MST",
		"Sun, 22 Nov 2026 03:47:57 CET",
		"Sun, 22 Nov 2026 04:47:57 +0200 EET",
		"Sun, 22 Nov 2026 03:47:57 GMT+0100",
		"Sun, 22 Nov 2026 03:47:57 GMT+01:00",
		"Sun,22 Nov 2026 02:47:57+0000",
		"Sun 22 Nov 2026 02:47:57 +0000",
		" Sun ,\r\n\t22 (the (last) one) Nov 2026 02:47:57 +0000 ",
		"(a \\) comment) 22 Nov 2026 02:47:57 +0000",
		"22-Nov-2026 02:47:57 +0000", "22-Nov-2026 03:47:57 +0100",
		"Sun Nov 22 02:47:57 2026 +0000",
		"Sun Nov 22 02:47:57 UTC 2026", "Nov 22 2026 02:47:57 GMT",
		"2026-11-22T02:47:57Z", "2026-11-22T03:47:57+01:00",
		"2026-11-22 02:47:57 +0000", "2026-11-22t02:47:57z",
		"22 Nov 2026 02:47:57 (UTC)", "22 Nov 2026 03:47:57 (+0100)",
		"Sun, 22 Nov 2026 2:47:57 +0000" };
	struct mail_date date;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		date = (struct mail_date){ 0, false };
		if (!mail_date_parse(same[i], &date))
			fail_msg("no date: %s", same[i]);
		if (date.ms != then_ms || !date.has_zone)
			fail_msg("%s is %lld", same[i], (long long)date.ms);
	}
}

static void without_a_zone_it_is_utc(void **state)
{
	static const char *const same[] = { "Sun Nov 22 02:47:57 2026",
		"22 Nov 2026 02:47:57", "2026-11-22T02:47:57",
		"22 Nov 2026 02:47:57 XYZ", "22 Nov 2026 02:47:57 A" };
	struct mail_date date;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		if (!mail_date_parse(same[i], &date))
			fail_msg("no date: %s", same[i]);
		assert_int_equal(date.ms, then_ms);
		assert_false(date.has_zone);
	}
}

static void parts_of_seconds_and_none(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} dates[] = { { "22 Nov 2026 02:47:57.5 +0000", 500 },
		{ "22 Nov 2026 02:47:57.1234567 (UTC)", 123 },
		{ "2026-11-22T02:47:57.999999Z", 999 },
		{ "22 Nov 2026 02:47:57. +0000", 0 },
		{ "22 Nov 2026 02:47 +0000", -57000 },
		{ "22 Nov 2026 02:47:60 +0000", 3000 } };
	struct mail_date date;

	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		if (!mail_date_parse(dates[i].text, &date))
			fail_msg("no date: %s", dates[i].text);
		assert_int_equal(date.ms - then_ms, dates[i].ms);
	}
}

static void days_are_counted_right(void **state)
{
	static const struct {
		const char *text;
		int64_t s;
	} dates[] = { { "1 Jan 1970 00:00:00 +0000", 0 },
		{ "1 Jan 1970 00:00:00 +0100", -3600 },
		{ "1 Mar 1970 00:00:00 +0000", 59 * 86400 },
		{ "29 Feb 2000 00:00:00 +0000", 951782400 },
		{ "1 Mar 2000 00:00:00 +0000", 951868800 },
		{ "31 Dec 2099 23:59:59 +0000", 4102444799 },
		{ "1 Mar 2100 00:00:00 +0000", 4107542400 },
		{ "31 Dec 9999 23:59:59 +0000", 253402300799 } };
	struct mail_date date;

	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		if (!mail_date_parse(dates[i].text, &date))
			fail_msg("no date: %s", dates[i].text);
		assert_int_equal(date.ms, 1000 * dates[i].s);
	}
}

static void what_is_no_date(void **state)
{
	static const char *const none[] = { "", " ", "now", "Sun",
		"22 Nov 2026", "02:47:57", "Nov 2026 02:47:57 +0000",
		"22 Nov 02:47:57 +0000", "31 Nov 2026 02:47:57 +0000",
		"29 Feb 2100 00:00:00 +0000", "0 Nov 2026 02:47:57 +0000",
		"32 Dec 2026 02:47:57 +0000", "22 Nob 2026 02:47:57 +0000",
		"22 Nov 2026 24:00:00 +0000", "22 Nov 2026 02:60:00 +0000",
		"22 Nov 2026 02:47:61 +0000", "22 Nov 2026 0247 +0000",
		"22 Nov 2026 02:47:57 +0060", "22 Nov 2026 02:47:57 +2400",
		"22 Nov 2026 02:47:57 +100", "22 Nov 2026 02:47:57 +00000",
		"22 Nov 2026 02:47:57 0000", "22 Nov 2026 02:47:57 +0000 7",
		"22 Nov 2026 02:47:57 +0000 (open", "22 Nov 1969 02:47:57 GMT",
		"22 Nov 2026 2026 02:47:57", "22 Nov 2026 02:47:57 03:47:57",
		"22 Nov Nov 2026 02:47:57", "-22 Nov 2026 02:47:57",
		"22 Nov -2026 02:47:57", "2026-13-22T02:47:57Z",
		"2026-00-22T02:47:57Z", "2026-11-22T", "2026-11-22X02:47:57Z",
		"22 Nov 20260 02:47:57 +0000", "a:b", "1:", ":::", "1-1-1",
		"22 Nov 2026 02:47: +0000", "22 Nov 2026 99:99:99 +9999",
		"1 2 3 4 5 6 7 8 9 10 11 12 13" };
	struct mail_date date = { 7, true };
	char large[MAIL_DATE_MAX + 40];

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		if (mail_date_parse(none[i], &date))
			fail_msg("a date: %s", none[i]);
	assert_int_equal(date.ms, 7);
	memset(large, ' ', sizeof(large));
	memcpy(large + sizeof(large) - 29, "22 Nov 2026 02:47:57 +0000  ", 29);
	assert_false(mail_date_parse(large, &date));
	assert_true(mail_date_parse(large + 100, &date));
}

static void dates_are_written_as_they_are_read(void **state)
{
	struct mail_date date;
	struct text text;

	(void)state;
	text_init(&text, MAIL_DATE_MAX);
	mail_date_add(&text, then_ms + 999);
	assert_string_equal(text.data, "Sun, 22 Nov 2026 02:47:57 +0000");
	text_clear(&text);
	mail_date_add(&text, -1);
	assert_string_equal(text.data, "Thu, 1 Jan 1970 00:00:00 +0000");
	for (int64_t day = 0; day < 366 * 450; day++) {
		text_clear(&text);
		mail_date_add(&text, 1000 * (86400 * day + day % 86400));
		assert_true(mail_date_parse(text.data, &date));
		assert_int_equal(date.ms, 1000 * (86400 * day + day % 86400));
	}
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_moment_in_all_notations),
		cmocka_unit_test(without_a_zone_it_is_utc),
		cmocka_unit_test(parts_of_seconds_and_none),
		cmocka_unit_test(days_are_counted_right),
		cmocka_unit_test(what_is_no_date),
		cmocka_unit_test(dates_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
