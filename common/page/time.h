/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Points in time as status pages, feeds and HTTP write them, to seconds since
 * 1970. Strict, the same in every locale and zone of this host: what is not
 * wholly one of the notations is no time. Pure.
 */
#ifndef LIFELINE_PAGE_TIME_H
#define LIFELINE_PAGE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum page_time_fate {
	PAGE_TIME_NONE,     /* nothing was said: no member, null, "" */
	PAGE_TIME_KNOWN,    /* s is the moment */
	PAGE_TIME_ZONELESS, /* no zone was said: s is as if it were UTC, and
			       up to 14 h off */
	PAGE_TIME_UNREAD,   /* something was said that is no time */
};

struct page_time {
	enum page_time_fate fate;
	int64_t s; /* since 1970; 0 where there is none */
};

/* The zone to take where a time has none: --zone, or what the format says. */
struct page_zone {
	bool is_known;
	int32_t east_s; /* of UTC */
};

/*
 * Reads len bytes, blanks around them aside, as one of
 *
 *   RFC 3339         2026-07-31T13:20:27.546Z, 2026-04-21T12:53:56.786+02:00;
 *                    also with a blank for T, with +0200, and without a zone
 *   RFC 5322, 9110   Thu, 23 Jul 2026 16:29:09 GMT (or Z, +0100, EST); day
 *                    of the week and seconds may be missing, the year may
 *                    have two digits; RFC 850's form of it as well
 *   C's asctime      Sun Nov  6 08:49:37 1994, which is UTC in HTTP
 *   ECMAScript       Sat Jun 11 2022 18:55:50 GMT+0000 (Coordinated ...)
 *   epoch            1772369485 and, in milliseconds, 1772369485000
 *
 * A day of the week that is not that of the date, the 30th of February, 24:00
 * and offsets beyond 15 h are no times. What is before 1970 or behind the year
 * 9999 is not either. A leap second is the second behind it.
 */
struct page_time page_time_read(
	const char *text, size_t len, const struct page_zone *zone);

/* The same of a number: seconds, or from 100000000000 on milliseconds. Before
 * March 1973 it is a length of time rather, or nothing: UNREAD. */
struct page_time page_time_of_number(int64_t value);

/*
 * "Jun 18, 18:09 UTC", "Sep 13, 2022 - 23:01 CEST", as the pages and feeds of
 * Statuspage have it. Without a year it is the one that brings it nearest to
 * near_s. A zone whose offset is not known for certain makes it ZONELESS.
 */
struct page_time page_time_read_short(
	const char *text, size_t len, int64_t near_s);

/* "2026-08-31", its first second in UTC. */
struct page_time page_date_read(const char *text);

/* Seconds since 1970 of a date in UTC; month and day from 1 on. The date must
 * be one. */
int64_t page_time_of_day(int32_t year, unsigned month, unsigned day);

#endif
