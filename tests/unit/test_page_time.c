/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times in every notation that status pages, feeds and HTTP have. */
#include "config.h"

#include "common/page/time.h"
#include "tests/unit/testing.h"

static struct page_time read_time(const char *text)
{
	return page_time_read(text, strlen(text), NULL);
}

struct row {
	const char *text;
	enum page_time_fate fate;
	int64_t s;
};

static void assert_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct page_time time = read_time(rows[i].text);

		if (time.fate != rows[i].fate || time.s != rows[i].s)
			fail_msg("\"%s\": fate %d, %lld", rows[i].text,
				(int)time.fate, (long long)time.s);
	}
}

static void rfc3339_is_read(void **state)
{
	static const struct row rows[] = {
		{ "2026-07-31T13:20:27.546Z", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31T13:20:27Z", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31t13:20:27z", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31 13:20:27+00:00", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31 13:20:27 +0000", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31 13:20:27 UTC", PAGE_TIME_KNOWN, 1785504027 },
		{ "  2026-07-31T13:20:27Z\n", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31T15:20:27.546+02:00", PAGE_TIME_KNOWN,
			1785504027 },
		{ "2026-07-31T15:20:27+0200", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31T06:20:27-07:00", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31T13:20:27-00:00", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31 13:20:27+00", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31T06:20:27-07", PAGE_TIME_KNOWN, 1785504027 },
		{ "2026-07-31T13:20Z", PAGE_TIME_KNOWN, 1785504000 },
		{ "2026-07-31T15:20+02:00", PAGE_TIME_KNOWN, 1785504000 },
		{ "2026-07-31T18:50:27+05:30", PAGE_TIME_KNOWN, 1785504027 },
		{ "2025-02-04T04:14:22.868295096Z", PAGE_TIME_KNOWN,
			1738642462 },
		{ "2026-01-01T00:00:00,5Z", PAGE_TIME_KNOWN, 1767225600 },
		{ "1970-01-01T00:00:00Z", PAGE_TIME_KNOWN, 0 },
		{ "1972-06-30T23:59:60Z", PAGE_TIME_KNOWN, 78796800 },
		{ "2000-02-29T00:00:00Z", PAGE_TIME_KNOWN, 951782400 },
		{ "2024-02-29T12:00:00Z", PAGE_TIME_KNOWN, 1709208000 },
		{ "9999-12-31T23:59:59Z", PAGE_TIME_KNOWN, 253402300799 },
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void no_zone_is_told(void **state)
{
	static const struct row rows[] = {
		{ "2025-07-18T08:20:50", PAGE_TIME_ZONELESS, 1752826850 },
		{ "2026-06-28 15:58:49.191", PAGE_TIME_ZONELESS, 1782662329 },
		{ "2015-07-24 14:42:10", PAGE_TIME_ZONELESS, 1437748930 },
		{ "24 Jul 2015 14:42:10", PAGE_TIME_ZONELESS, 1437748930 },
	};
	const struct page_zone west = { .is_known = true, .east_s = -3600 };
	struct page_time time;

	(void)state;
	assert_rows(rows, COUNT(rows));
	time = page_time_read("2015-07-24 14:42:10", 19, &west);
	assert_int_equal(time.fate, PAGE_TIME_KNOWN);
	assert_int_equal(time.s, 1437748930 + 3600);
	/* What a time says itself goes first. */
	time = page_time_read("2015-07-24 14:42:10Z", 20, &west);
	assert_int_equal(time.s, 1437748930);
}

static void mail_and_http_dates_are_read(void **state)
{
	static const struct row rows[] = {
		{ "Thu, 23 Jul 2026 16:29:09 Z", PAGE_TIME_KNOWN, 1784824149 },
		{ "Thu, 23 Jul 2026 16:29:09 GMT", PAGE_TIME_KNOWN,
			1784824149 },
		{ "Thu, 23 Jul 2026 18:29:09 +0200", PAGE_TIME_KNOWN,
			1784824149 },
		{ "Thu, 23 Jul 2026 12:29:09 EDT", PAGE_TIME_KNOWN,
			1784824149 },
		{ "Thu, 23 Jul 2026 10:29:09 CST", PAGE_TIME_KNOWN,
			1784824149 },
		{ "23 Jul 2026 16:29 UT", PAGE_TIME_KNOWN, 1784824140 },
		{ "23 July 26 16:29:09 UTC", PAGE_TIME_KNOWN, 1784824149 },
		{ "Wed, 05 Mar 2025 08:00:00 +0100", PAGE_TIME_KNOWN,
			1741158000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", PAGE_TIME_KNOWN, 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", PAGE_TIME_KNOWN,
			784111777 },
		{ "Sun Nov  6 08:49:37 1994", PAGE_TIME_KNOWN, 784111777 },
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void javascript_dates_are_read(void **state)
{
	static const struct row rows[] = {
		{ "Sat Jun 11 2022 18:55:50 GMT+0000 (Coordinated Universal "
		  "Time)",
			PAGE_TIME_KNOWN, 1654973750 },
		{ "Sat Jun 11 2022 20:55:50 GMT+0200", PAGE_TIME_KNOWN,
			1654973750 },
		{ "Sat Jun 11 2022 18:55:50 GMT+0000 (Coordinated",
			PAGE_TIME_UNREAD, 0 },
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void epochs_are_read(void **state)
{
	static const struct row rows[] = {
		{ "1772369485", PAGE_TIME_KNOWN, 1772369485 },
		{ "1663102886000", PAGE_TIME_KNOWN, 1663102886 },
		{ "0", PAGE_TIME_UNREAD, 0 },
		{ "60", PAGE_TIME_UNREAD, 0 },
		{ "99999999", PAGE_TIME_UNREAD, 0 },
		{ "100000000", PAGE_TIME_KNOWN, 100000000 },
		{ "99999999999", PAGE_TIME_KNOWN, 99999999999 },
		{ "100000000000", PAGE_TIME_KNOWN, 100000000 },
		{ "1772369485.5", PAGE_TIME_UNREAD, 0 },
		{ "999999999999999", PAGE_TIME_UNREAD, 0 },
		{ "9999999999999999", PAGE_TIME_UNREAD, 0 },
		{ "-1772369485", PAGE_TIME_UNREAD, 0 },
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
	assert_int_equal(page_time_of_number(INT64_MAX).fate, PAGE_TIME_UNREAD);
	assert_int_equal(page_time_of_number(-1).fate, PAGE_TIME_UNREAD);
	assert_int_equal(page_time_of_number(1772369485).s, 1772369485);
}

static void nothing_is_no_time(void **state)
{
	(void)state;
	assert_int_equal(read_time("").fate, PAGE_TIME_NONE);
	assert_int_equal(read_time(" \n").fate, PAGE_TIME_NONE);
}

static void what_no_calendar_has_is_unread(void **state)
{
	static const char *const texts[] = {
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T23:60:00Z",
		"2026-01-01T23:59:61Z",
		"2026-01-01T00:00:00+16:00",
		"2026-01-01T00:00:00+02:60",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+01:00",
		"9999-12-31T23:59:59-01:00",
		"10000-01-01T00:00:00Z",
		"Fri, 23 Jul 2026 16:29:09 GMT", /* a Thursday */
		"Thu, 23 Jul 126 16:29:09 GMT",
		"Thu, 32 Jul 2026 16:29:09 GMT",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		if (read_time(texts[i]).fate != PAGE_TIME_UNREAD)
			fail_msg("%s", texts[i]);
}

static void what_is_left_over_is_unread(void **state)
{
	static const char *const texts[] = {
		"now",
		"2026-01-01",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00ZZ",
		"2026-01-01T00:00:00Z x",
		"2026-01-01T00:00:00Zulu",
		"2026-01-01T00:00:00+2",
		"2026-1-1T00:00:00Z",
		"+2026-01-01T00:00:00Z",
		"Thu, 23 Jul 2026 16:29:09 CEST",
		"Thu, 23 Jul 2026 16:29:09 A",
		"Thursday 23rd July 2026",
		"Thurs, 23 Jul 2026 16:29:09 GMT",
		"17 hours ago",
	};
	char longer[300];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		if (read_time(texts[i]).fate != PAGE_TIME_UNREAD)
			fail_msg("%s", texts[i]);
	memset(longer, '1', sizeof(longer));
	assert_int_equal(page_time_read(longer, sizeof(longer), NULL).fate,
		PAGE_TIME_UNREAD);
	/* No byte behind the end is looked at. */
	assert_int_equal(page_time_read("2026-01-01T00:00:00Zx", 20, NULL).fate,
		PAGE_TIME_KNOWN);
	assert_int_equal(page_time_read("2026-01-01T00:00:00Z", 18, NULL).fate,
		PAGE_TIME_UNREAD);
}

static void short_times_take_the_nearest_year(void **state)
{
	static const struct {
		const char *text;
		int64_t near_s;
		enum page_time_fate fate;
		int64_t s;
	} rows[] = {
		/* 18 June 2024, around then and around new year. */
		{ "Jun 18, 18:09 UTC", 1718734183, PAGE_TIME_KNOWN,
			1718734140 },
		{ "Dec 31, 23:50 UTC", 1735690200, PAGE_TIME_KNOWN,
			1735689000 },
		{ "Jan  1, 00:10 UTC", 1735689000, PAGE_TIME_KNOWN,
			1735690200 },
		{ "Sep 13, 2022 - 23:01 CEST", 1718734183, PAGE_TIME_ZONELESS,
			1663110060 },
		{ "Sep 13, 2022 - 16:01 PDT", 0, PAGE_TIME_KNOWN, 1663110060 },
		{ "Jun 18, 18:09 CST", 1718734183, PAGE_TIME_ZONELESS,
			1718734140 },
		{ "Jun 18, 18:09", 1718734183, PAGE_TIME_ZONELESS, 1718734140 },
		/* The nearest year that has the day. */
		{ "Feb 29, 00:00 UTC", 1740787200, PAGE_TIME_KNOWN,
			1709164800 },
		{ "Jun 31, 18:09 UTC", 1718734183, PAGE_TIME_UNREAD, 0 },
		{ "Jun 18, 18:09 UTC!", 1718734183, PAGE_TIME_UNREAD, 0 },
		{ "18 Jun, 18:09 UTC", 1718734183, PAGE_TIME_UNREAD, 0 },
		{ "Jun 18, 18:09 UTC", -1, PAGE_TIME_UNREAD, 0 },
		{ "", 0, PAGE_TIME_NONE, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct page_time time = page_time_read_short(
			rows[i].text, strlen(rows[i].text), rows[i].near_s);

		if (time.fate != rows[i].fate || time.s != rows[i].s)
			fail_msg("\"%s\": fate %d, %lld", rows[i].text,
				(int)time.fate, (long long)time.s);
	}
}

static void dates_are_read(void **state)
{
	(void)state;
	assert_int_equal(page_date_read("2026-08-31").s, 1788134400);
	assert_int_equal(page_date_read("2026-08-31").fate, PAGE_TIME_KNOWN);
	assert_int_equal(page_date_read("").fate, PAGE_TIME_NONE);
	assert_int_equal(page_date_read("2026-08-32").fate, PAGE_TIME_UNREAD);
	assert_int_equal(page_date_read("2026-08-31 ").fate, PAGE_TIME_UNREAD);
	assert_int_equal(page_date_read("31.8.2026").fate, PAGE_TIME_UNREAD);
}

/* Every day from 1970 to 2400 follows the one before it. */
static void days_follow_each_other(void **state)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	int64_t expected_s = 0;
	int32_t year;
	unsigned month;
	unsigned day;

	(void)state;
	for (year = 1970; year < 2400; year++)
		for (month = 1; month <= 12; month++) {
			unsigned last = days[month - 1];

			if (month == 2 && year % 4 == 0 &&
				(year % 100 != 0 || year % 400 == 0))
				last++;
			for (day = 1; day <= last; day++) {
				assert_int_equal(
					page_time_of_day(year, month, day),
					expected_s);
				expected_s += 86400;
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3339_is_read),
		cmocka_unit_test(no_zone_is_told),
		cmocka_unit_test(mail_and_http_dates_are_read),
		cmocka_unit_test(javascript_dates_are_read),
		cmocka_unit_test(epochs_are_read),
		cmocka_unit_test(nothing_is_no_time),
		cmocka_unit_test(what_no_calendar_has_is_unread),
		cmocka_unit_test(what_is_left_over_is_unread),
		cmocka_unit_test(short_times_take_the_nearest_year),
		cmocka_unit_test(dates_are_read),
		cmocka_unit_test(days_follow_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
