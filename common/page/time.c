/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times by a cursor over bytes. Each notation is tried on the whole text; what
 * is left over, or what no calendar has, makes it no time.
 */
#include "config.h"

#include "common/page/time.h"

#include <string.h>

#include "common/core/text.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	TEXT_MAX = 128,        /* bytes of a text that may be a time */
	OFFSET_MAX_H = 15,     /* no zone is further from UTC */
	COMMENT_MAX = 64,      /* "(Coordinated Universal Time)" */
	DIGITS_MAX = 15,       /* of an epoch */
	EPOCH_MIN = 100000000, /* March 1973 */
	DAY_S = 86400,
};

static const int64_t time_max_s = 253402300799; /* the end of year 9999 */
static const int64_t milliseconds_from = 100000000000;

/* -- the cursor ----------------------------------------------------------- */

struct cursor {
	const char *at, *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_done(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

static bool take(struct cursor *cursor, char c)
{
	if (is_done(cursor) || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

/* Any number of blanks, at least one. */
static bool take_blanks(struct cursor *cursor)
{
	const char *start = cursor->at;

	while (!is_done(cursor) && is_blank(*cursor->at))
		cursor->at++;
	return cursor->at > start;
}

/* A number of min to max digits. */
static bool take_number(
	struct cursor *cursor, size_t min, size_t max, int32_t *out)
{
	int32_t value = 0;
	size_t n = 0;

	while (n < max && !is_done(cursor) && is_digit(*cursor->at)) {
		value = value * 10 + (*cursor->at - '0');
		cursor->at++;
		n++;
	}
	*out = value;
	return n >= min;
}

/* All letters at the cursor, if they are this word. */
static bool take_word(struct cursor *cursor, const char *word)
{
	const char *at = cursor->at;

	for (; *word != '\0'; word++, at++)
		if (at == cursor->end || text_lower(*at) != text_lower(*word))
			return false;
	if (at < cursor->end && is_letter(*at))
		return false;
	cursor->at = at;
	return true;
}

/* -- the calendar --------------------------------------------------------- */

/* A date and a time of day as they were written. */
struct moment {
	int32_t year, month, day; /* month and day from 1 on */
	int32_t hour, minute, second;
	int32_t weekday; /* 0: Sunday; -1: not said */
	bool has_zone;
	int32_t east_s;
};

static bool is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t days_in(int32_t year, int32_t month)
{
	static const int32_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool is_date(const struct moment *m)
{
	return m->year >= 1970 && m->year <= 9999 && m->month >= 1 &&
	       m->month <= 12 && m->day >= 1 &&
	       m->day <= days_in(m->year, m->month);
}

int64_t page_time_of_day(int32_t year, unsigned month, unsigned day)
{
	int64_t before = year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400;
	unsigned i;

	for (i = 1; i < month; i++)
		days += days_in(year, (int32_t)i);
	days += (int64_t)day - 1;
	/* Days from the first of January of year 1 to that of 1970. */
	return (days - 719162) * DAY_S;
}

static struct page_time unread(void)
{
	return (struct page_time){ .fate = PAGE_TIME_UNREAD };
}

/* The first of January 1970 was a Thursday. */
static int32_t weekday_of(int64_t midnight_s)
{
	return (int32_t)((midnight_s / DAY_S + 4) % 7);
}

static struct page_time settle(
	const struct moment *m, const struct page_zone *zone)
{
	struct page_time time = { .fate = PAGE_TIME_KNOWN };
	int32_t east_s = m->east_s;
	int64_t midnight_s;

	if (!is_date(m) || m->hour > 23 || m->minute > 59 || m->second > 60)
		return unread();
	midnight_s =
		page_time_of_day(m->year, (unsigned)m->month, (unsigned)m->day);
	if (m->weekday >= 0 && m->weekday != weekday_of(midnight_s))
		return unread();
	if (!m->has_zone) {
		if (zone && zone->is_known)
			east_s = zone->east_s;
		else
			time.fate = PAGE_TIME_ZONELESS;
	}
	time.s = midnight_s + m->hour * 3600 + m->minute * 60 + m->second -
		 east_s;
	if (time.s < 0 || time.s > time_max_s)
		return unread();
	return time;
}

/* -- parts that notations share ------------------------------------------- */

static const char *const month_names[] = { "January", "February", "March",
	"April", "May", "June", "July", "August", "September", "October",
	"November", "December" };

static const char *const day_names[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };

/* One of the names, its first three letters or all; -1: none. */
static int32_t take_name(
	struct cursor *cursor, const char *const *names, size_t n)
{
	char brief[4] = "";
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(brief, names[i], 3);
		if (take_word(cursor, brief) || take_word(cursor, names[i]))
			return (int32_t)i;
	}
	return -1;
}

static bool take_month(struct cursor *cursor, struct moment *m)
{
	m->month = take_name(cursor, month_names, LENGTH(month_names)) + 1;
	return m->month > 0;
}

/* "18:55:50"; seconds may be missing where that is permitted. */
static bool take_clock(
	struct cursor *cursor, struct moment *m, bool needs_seconds)
{
	if (!take_number(cursor, 2, 2, &m->hour) || !take(cursor, ':') ||
		!take_number(cursor, 2, 2, &m->minute))
		return false;
	if (!take(cursor, ':'))
		return !needs_seconds;
	return take_number(cursor, 2, 2, &m->second);
}

/* "+02:00", "+0200", "-0000", "+02". */
static bool take_offset(struct cursor *cursor, struct moment *m)
{
	bool is_west = take(cursor, '-');
	int32_t hours = 0;
	int32_t minutes = 0;

	if (!is_west && !take(cursor, '+'))
		return false;
	if (!take_number(cursor, 2, 2, &hours))
		return false;
	if ((take(cursor, ':') ||
		    (!is_done(cursor) && is_digit(*cursor->at))) &&
		!take_number(cursor, 2, 2, &minutes))
		return false;
	if (minutes > 59 || hours > OFFSET_MAX_H)
		return false;
	m->has_zone = true;
	m->east_s = hours * 3600 + minutes * 60;
	if (is_west)
		m->east_s = -m->east_s;
	return true;
}

/* Names of RFC 5322 section 4.3. Outside of mail and feeds, where they mean what
 * they mean there, China has one and the Philippines have another of them. */
static bool take_zone_name(
	struct cursor *cursor, struct moment *m, bool is_certain)
{
	static const struct {
		const char *name;
		int32_t east_h;
		bool is_doubtful;
	} zones[] = {
		{ "GMT", 0, false },
		{ "UTC", 0, false },
		{ "UT", 0, false },
		{ "Z", 0, false },
		{ "EST", -5, false },
		{ "EDT", -4, false },
		{ "CST", -6, true },
		{ "CDT", -5, false },
		{ "MST", -7, false },
		{ "MDT", -6, false },
		{ "PST", -8, true },
		{ "PDT", -7, false },
	};
	size_t i;

	for (i = 0; i < LENGTH(zones); i++)
		if (!(is_certain && zones[i].is_doubtful) &&
			take_word(cursor, zones[i].name)) {
			m->has_zone = true;
			m->east_s = zones[i].east_h * 3600;
			return true;
		}
	return false;
}

/* ".786" or ",786": below a second, nothing is told by it. */
static bool take_fraction(struct cursor *cursor)
{
	const char *start;

	if (!take(cursor, '.') && !take(cursor, ','))
		return true;
	start = cursor->at;
	while (!is_done(cursor) && is_digit(*cursor->at))
		cursor->at++;
	return cursor->at > start;
}

/* "Thu, " and "Thu " alike. */
static bool take_weekday(struct cursor *cursor, struct moment *m)
{
	m->weekday = take_name(cursor, day_names, LENGTH(day_names));
	if (m->weekday < 0)
		return true;
	(void)take(cursor, ',');
	return take_blanks(cursor);
}

/* -- the notations -------------------------------------------------------- */

static bool read_rfc3339(struct cursor cursor, struct moment *m)
{
	if (!take_number(&cursor, 4, 4, &m->year) || !take(&cursor, '-') ||
		!take_number(&cursor, 2, 2, &m->month) || !take(&cursor, '-') ||
		!take_number(&cursor, 2, 2, &m->day))
		return false;
	if (!take(&cursor, 'T') && !take(&cursor, 't') && !take(&cursor, ' '))
		return false;
	if (!take_clock(&cursor, m, false) || !take_fraction(&cursor))
		return false;
	if (is_done(&cursor))
		return true;
	(void)take_blanks(&cursor);
	return (take_word(&cursor, "Z") || take_word(&cursor, "UTC")
			       ? (m->has_zone = true)
			       : take_offset(&cursor, m)) &&
	       is_done(&cursor);
}

/* Two digits: RFC 5322 section 4.3; three were never in use for our years. */
static bool take_year(struct cursor *cursor, struct moment *m)
{
	const char *start = cursor->at;

	if (!take_number(cursor, 2, 4, &m->year))
		return false;
	if (cursor->at - start == 2)
		m->year += m->year < 50 ? 2000 : 1900;
	return cursor->at - start != 3;
}

static bool read_rfc5322(struct cursor cursor, struct moment *m)
{
	if (!take_weekday(&cursor, m) || !take_number(&cursor, 1, 2, &m->day))
		return false;
	/* RFC 850 has hyphens. */
	if (take(&cursor, '-')) {
		if (!take_month(&cursor, m) || !take(&cursor, '-'))
			return false;
	} else if (!take_blanks(&cursor) || !take_month(&cursor, m) ||
		   !take_blanks(&cursor)) {
		return false;
	}
	if (!take_year(&cursor, m) || !take_blanks(&cursor) ||
		!take_clock(&cursor, m, false))
		return false;
	if (is_done(&cursor))
		return true;
	return take_blanks(&cursor) &&
	       (take_offset(&cursor, m) || take_zone_name(&cursor, m, false)) &&
	       is_done(&cursor);
}

/* What ECMAScript puts behind the offset: any text in brackets. */
static bool take_comment(struct cursor *cursor)
{
	const char *start = cursor->at;

	if (!take_blanks(cursor))
		return true;
	if (!take(cursor, '('))
		return false;
	while (!is_done(cursor) && *cursor->at != ')' &&
		cursor->at - start < COMMENT_MAX)
		cursor->at++;
	return take(cursor, ')');
}

/* "Sat Jun 11 2022 18:55:50 GMT+0000 (Coordinated Universal Time)" */
static bool read_ecmascript(struct cursor cursor, struct moment *m)
{
	return take_weekday(&cursor, m) && m->weekday >= 0 &&
	       take_month(&cursor, m) && take_blanks(&cursor) &&
	       take_number(&cursor, 1, 2, &m->day) && take_blanks(&cursor) &&
	       take_number(&cursor, 4, 4, &m->year) && take_blanks(&cursor) &&
	       take_clock(&cursor, m, true) && take_blanks(&cursor) &&
	       take(&cursor, 'G') && take(&cursor, 'M') && take(&cursor, 'T') &&
	       take_offset(&cursor, m) && take_comment(&cursor) &&
	       is_done(&cursor);
}

/* "Sun Nov  6 08:49:37 1994"; HTTP's are in UTC (RFC 9110 section 5.6.7). */
static bool read_asctime(struct cursor cursor, struct moment *m)
{
	m->has_zone = true;
	return take_weekday(&cursor, m) && m->weekday >= 0 &&
	       take_month(&cursor, m) && take_blanks(&cursor) &&
	       take_number(&cursor, 1, 2, &m->day) && take_blanks(&cursor) &&
	       take_clock(&cursor, m, true) && take_blanks(&cursor) &&
	       take_number(&cursor, 4, 4, &m->year) && is_done(&cursor);
}

static bool read_epoch(struct cursor cursor, struct page_time *out)
{
	int64_t value = 0;
	size_t n = 0;

	for (; !is_done(&cursor) && is_digit(*cursor.at); cursor.at++, n++) {
		if (n == DIGITS_MAX)
			return false;
		value = value * 10 + (*cursor.at - '0');
	}
	if (n == 0 || !is_done(&cursor))
		return false;
	*out = page_time_of_number(value);
	return true;
}

struct page_time page_time_of_number(int64_t value)
{
	struct page_time time = { .fate = PAGE_TIME_KNOWN };

	if (value < EPOCH_MIN)
		return unread();
	time.s = value < milliseconds_from ? value : value / 1000;
	return time.s > time_max_s ? unread() : time;
}

static struct cursor trim(const char *text, size_t len)
{
	struct cursor cursor = { .at = text, .end = text + len };

	(void)take_blanks(&cursor);
	while (cursor.end > cursor.at && is_blank(cursor.end[-1]))
		cursor.end--;
	return cursor;
}

struct page_time page_time_read(
	const char *text, size_t len, const struct page_zone *zone)
{
	static bool (*const notations[])(
		struct cursor cursor, struct moment * m) = {
		read_rfc3339,
		read_rfc5322,
		read_ecmascript,
		read_asctime,
	};
	const struct cursor cursor = trim(text, len);
	struct page_time time = { .fate = PAGE_TIME_NONE };
	size_t i;

	if (is_done(&cursor))
		return time;
	if (cursor.end - cursor.at > TEXT_MAX)
		return unread();
	if (read_epoch(cursor, &time))
		return time;
	for (i = 0; i < LENGTH(notations); i++) {
		struct moment m = { .weekday = -1 };

		if (notations[i](cursor, &m))
			return settle(&m, zone);
	}
	return unread();
}

/* -- short ones ----------------------------------------------------------- */

/* The year in which the date is nearest to the other moment. */
static struct page_time settle_near(struct moment *m, int64_t near_s)
{
	struct page_time best = unread();
	int64_t best_distance_s = INT64_MAX;
	int32_t year = 1970 + (int32_t)(near_s / (DAY_S * 36525LL / 100));

	for (m->year = year - 1; m->year <= year + 1; m->year++) {
		struct page_time time = settle(m, NULL);
		int64_t distance_s =
			time.s > near_s ? time.s - near_s : near_s - time.s;

		if (time.fate != PAGE_TIME_UNREAD &&
			distance_s < best_distance_s) {
			best = time;
			best_distance_s = distance_s;
		}
	}
	return best;
}

/* A zone of known offset, or any other abbreviation, or none. */
static bool take_any_zone(struct cursor *cursor, struct moment *m)
{
	if (is_done(cursor))
		return true;
	if (!take_blanks(cursor))
		return false;
	if (take_zone_name(cursor, m, true) || take_offset(cursor, m))
		return is_done(cursor);
	while (!is_done(cursor) && is_letter(*cursor->at))
		cursor->at++;
	return is_done(cursor);
}

struct page_time page_time_read_short(
	const char *text, size_t len, int64_t near_s)
{
	struct cursor cursor = trim(text, len);
	struct moment m = { .weekday = -1 };
	bool has_year = false;

	if (is_done(&cursor))
		return (struct page_time){ .fate = PAGE_TIME_NONE };
	if (near_s < 0 || near_s > time_max_s ||
		cursor.end - cursor.at > TEXT_MAX)
		return unread();
	if (!take_month(&cursor, &m) || !take_blanks(&cursor) ||
		!take_number(&cursor, 1, 2, &m.day) || !take(&cursor, ','))
		return unread();
	(void)take_blanks(&cursor);
	if (cursor.end - cursor.at > 4 && is_digit(cursor.at[2])) {
		has_year = take_number(&cursor, 4, 4, &m.year);
		(void)take_blanks(&cursor);
		(void)take(&cursor, '-');
		(void)take_blanks(&cursor);
	}
	if (!take_clock(&cursor, &m, false) || !take_any_zone(&cursor, &m))
		return unread();
	return has_year ? settle(&m, NULL) : settle_near(&m, near_s);
}

struct page_time page_date_read(const char *text)
{
	const struct page_zone utc = { .is_known = true };
	struct cursor cursor = { .at = text, .end = text + strlen(text) };
	struct moment m = { .weekday = -1 };

	if (is_done(&cursor))
		return (struct page_time){ .fate = PAGE_TIME_NONE };
	if (!take_number(&cursor, 4, 4, &m.year) || !take(&cursor, '-') ||
		!take_number(&cursor, 2, 2, &m.month) || !take(&cursor, '-') ||
		!take_number(&cursor, 2, 2, &m.day) || !is_done(&cursor))
		return unread();
	return settle(&m, &utc);
}
