/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a date word by word: which word is what shows in its form, so that one
 * reader will do for all the orders that are about.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mail/mail_date.h"
#include "common/mail/piece.h"

enum {
	WORDS_MAX = 12,
	NAME_LEN = 3, /* letters that tell a month or a day of the week */
	YEAR_MIN = 1970,
	S_PER_MIN = 60,
	MIN_PER_HOUR = 60,
	S_PER_DAY = 86400,
	MS_PER_S = 1000,
};

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "SunMonTueWedThuFriSat";

struct words {
	struct piece at[WORDS_MAX];
	size_t n;
	struct piece comment; /* the last one; at NULL: none */
	bool is_wrong;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void split(const char *s, struct words *words)
{
	while (*s && !words->is_wrong) {
		const char *begin = s;

		if (is_blank(*s)) {
			s++;
		} else if (*s == '(') {
			size_t len =
				piece_comment((struct piece){ s, strlen(s) });

			if (len == 0) {
				words->is_wrong = true;
				return;
			}
			s += len;
			words->comment = (struct piece){ begin + 1, len - 2 };
		} else {
			while (*s && !is_blank(*s) && *s != '(')
				s++;
			if (words->n == WORDS_MAX)
				words->is_wrong = true;
			else
				words->at[words->n++] = (struct piece){ begin,
					(size_t)(s - begin) };
		}
	}
}

/* What is known of it so far; -1: not yet. */
struct date {
	int day, month, year; /* the month from 0 on */
	int hour, minute, second, ms;
	int zone_min;
	bool has_time, has_zone;
};

/* 1 to max digits, and how many: a year of two is another than one of four. */
static int take_digits(struct piece *piece, size_t max, size_t *n)
{
	int value = 0;

	for (*n = 0; *n < piece->len && *n < max && is_digit(piece->at[*n]);
		++*n)
		value = 10 * value + (piece->at[*n] - '0');
	piece->at += *n;
	piece->len -= *n;
	return *n > 0 ? value : -1;
}

static bool take_char(struct piece *piece, char c)
{
	if (piece->len == 0 || *piece->at != c)
		return false;
	piece->at++;
	piece->len--;
	return true;
}

/* The number of the name that it begins with, where it is all letters. */
static int find_name(struct piece piece, const char *names)
{
	size_t i;

	if (piece.len > 0 && piece.at[piece.len - 1] == '.')
		piece.len--;
	if (piece.len < NAME_LEN)
		return -1;
	for (i = 0; i < piece.len; i++)
		if (!is_letter(piece.at[i]))
			return -1;
	for (i = 0; names[i]; i += NAME_LEN)
		if (strncasecmp(piece.at, names + i, NAME_LEN) == 0)
			return (int)(i / NAME_LEN);
	return -1;
}

static int find_month(struct piece piece)
{
	return find_name(piece, month_names);
}

static int whole_year(int year, size_t digits)
{
	if (digits == 2)
		return year < 50 ? year + 2000 : year + 1900;
	return digits == 3 ? year + 1900 : year;
}

static bool set(int *to, int value)
{
	if (*to >= 0 || value < 0)
		return false;
	*to = value;
	return true;
}

/* A day or a year: the first that may be a day is. */
static bool take_number(struct piece piece, struct date *date)
{
	size_t digits;
	int value = take_digits(&piece, 4, &digits);

	if (piece.len > 0)
		return false;
	if (date->day < 0 && digits <= 2)
		return set(&date->day, value);
	return digits >= 2 && set(&date->year, whole_year(value, digits));
}

/* "22-Nov-2026". */
static bool take_dashed(struct piece piece, struct date *date)
{
	struct piece name;
	size_t digits;
	int day = take_digits(&piece, 2, &digits);

	if (!take_char(&piece, '-') || piece.len < NAME_LEN)
		return false;
	name = (struct piece){ piece.at, NAME_LEN };
	piece.at += NAME_LEN;
	piece.len -= NAME_LEN;
	return take_char(&piece, '-') && set(&date->day, day) &&
	       set(&date->month, find_month(name)) && take_number(piece, date);
}

/* "02:47", "2:47:57", "02:47:57.123"; what is behind that is left. */
static bool take_time(struct piece *piece, struct date *date)
{
	size_t digits;
	int scale = 100;

	if (date->has_time)
		return false;
	date->hour = take_digits(piece, 2, &digits);
	if (!take_char(piece, ':'))
		return false;
	date->minute = take_digits(piece, 2, &digits);
	if (take_char(piece, ':'))
		date->second = take_digits(piece, 2, &digits);
	else
		date->second = 0;
	if (take_char(piece, '.'))
		for (; piece->len > 0 && is_digit(*piece->at); scale /= 10) {
			date->ms += scale * (*piece->at - '0');
			piece->at++;
			piece->len--;
		}
	date->has_time = true;
	return date->hour >= 0 && date->minute >= 0 && date->second >= 0;
}

/* "+0100", "-05:30". */
static bool take_offset(struct piece piece, struct date *date)
{
	bool is_west = take_char(&piece, '-');
	size_t digits;
	int hours, minutes;

	if (!is_west && !take_char(&piece, '+'))
		return false;
	hours = take_digits(&piece, 2, &digits);
	if (digits != 2)
		return false;
	(void)take_char(&piece, ':');
	minutes = take_digits(&piece, 2, &digits);
	if (digits != 2 || piece.len > 0 || hours > 23 ||
		minutes >= MIN_PER_HOUR)
		return false;
	date->zone_min = MIN_PER_HOUR * hours + minutes;
	if (is_west)
		date->zone_min = -date->zone_min;
	date->has_zone = true;
	return true;
}

/* Those of RFC 5322 section 4.3, and others that mean one thing only. */
static bool take_zone_name(struct piece piece, struct date *date)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = { { "GMT", 0 }, { "UTC", 0 }, { "UT", 0 }, { "Z", 0 },
		{ "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
		{ "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
		{ "WET", 0 }, { "WEST", 1 }, { "CET", 1 }, { "CEST", 2 },
		{ "EET", 2 }, { "EEST", 3 }, { "MSK", 3 }, { "JST", 9 } };
	size_t i;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (piece_is(piece, zones[i].name)) {
			date->zone_min = MIN_PER_HOUR * zones[i].hours;
			date->has_zone = true;
			return true;
		}
	return false;
}

/* A zone behind the time: where an offset was given, a name says nothing
 * more, and one that is not known says nothing at all. */
static bool take_zone(struct piece piece, struct date *date)
{
	size_t i;

	if (take_offset(piece, date))
		return true;
	if (date->has_zone || take_zone_name(piece, date))
		return piece.len > 0 && is_letter(*piece.at);
	/* "GMT+0100" is another way to write the offset. */
	if (piece.len > 3 && strncasecmp(piece.at, "GMT", 3) == 0)
		return take_offset(
			(struct piece){ piece.at + 3, piece.len - 3 }, date);
	for (i = 0; i < piece.len; i++)
		if (!is_letter(piece.at[i]))
			return false;
	return true;
}

/* "2026-11-22T02:47:57Z"; the time may be a word of its own. */
static bool take_iso(struct piece piece, struct date *date)
{
	size_t digits;

	date->year = take_digits(&piece, 4, &digits);
	if (!take_char(&piece, '-'))
		return false;
	date->month = take_digits(&piece, 2, &digits) - 1;
	if (!take_char(&piece, '-'))
		return false;
	date->day = take_digits(&piece, 2, &digits);
	if (piece.len == 0)
		return date->day >= 0;
	if (!take_char(&piece, 'T') && !take_char(&piece, 't'))
		return false;
	return take_time(&piece, date) &&
	       (piece.len == 0 || take_zone(piece, date));
}

static bool take_word(struct piece piece, struct date *date)
{
	if (memchr(piece.at, ':', piece.len) && is_digit(*piece.at) &&
		!date->has_time && piece.len <= 16 &&
		!memchr(piece.at, 'T', piece.len))
		return take_time(&piece, date) &&
		       (piece.len == 0 || take_zone(piece, date));
	if (is_digit(*piece.at)) {
		if (piece.len > 4 && piece.at[4] == '-' && date->year < 0)
			return take_iso(piece, date);
		if (memchr(piece.at, '-', piece.len))
			return take_dashed(piece, date);
		return take_number(piece, date);
	}
	if (date->month < 0 && find_month(piece) >= 0)
		return set(&date->month, find_month(piece));
	if (!date->has_time)
		return date->day < 0 && find_name(piece, day_names) >= 0;
	return take_zone(piece, date);
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_there(const struct date *date)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int last;

	if (!date->has_time || date->year < YEAR_MIN || date->month < 0 ||
		date->month > 11)
		return false;
	last = days[date->month] + (date->month == 1 && is_leap(date->year));
	return date->day >= 1 && date->day <= last && date->hour < 24 &&
	       date->minute < MIN_PER_HOUR && date->second <= S_PER_MIN;
}

/* Days from 1970 on. */
static int64_t days_until(int year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
		273, 304, 334 };
	static const int64_t epoch = 719162; /* days before 1970 */
	int64_t whole = year - 1;
	int64_t days = 365 * whole + whole / 4 - whole / 100 + whole / 400;

	days += before[month] + (month > 1 && is_leap(year)) + day - 1;
	return days - epoch;
}

bool mail_date_parse(const char *s, struct mail_date *out)
{
	struct words words = { .n = 0 };
	struct date date = { .day = -1, .month = -1, .year = -1 };
	int64_t seconds;
	size_t i;

	if (strlen(s) > MAIL_DATE_MAX)
		return false;
	split(s, &words);
	if (words.is_wrong)
		return false;
	for (i = 0; i < words.n; i++)
		if (!take_word(words.at[i], &date))
			return false;
	if (!is_there(&date))
		return false;
	if (!date.has_zone && words.comment.at &&
		!take_offset(words.comment, &date))
		(void)take_zone_name(words.comment, &date);
	seconds = days_until(date.year, date.month, date.day) * S_PER_DAY +
		  (int64_t)(date.hour * MIN_PER_HOUR + date.minute -
			    date.zone_min) *
			  S_PER_MIN +
		  date.second;
	*out = (struct mail_date){ seconds * MS_PER_S + date.ms,
		date.has_zone };
	return true;
}

void mail_date_add(struct text *out, int64_t ms)
{
	int64_t s = ms > 0 ? ms / MS_PER_S : 0;
	int64_t days = s / S_PER_DAY;
	int in_day = (int)(s % S_PER_DAY);
	/* The first of January 1970 was a Thursday. */
	int weekday = (int)((days + 4) % 7);
	int year = YEAR_MIN + (int)(days / 366);
	int month = 0;

	while (days_until(year + 1, 0, 1) <= days)
		year++;
	while (month < 11 && days_until(year, month + 1, 1) <= days)
		month++;
	text_printf(out, "%.3s, %d %.3s %04d %02d:%02d:%02d +0000",
		day_names + NAME_LEN * weekday,
		(int)(days - days_until(year, month, 1)) + 1,
		month_names + NAME_LEN * month, year,
		in_day / (S_PER_MIN * MIN_PER_HOUR),
		in_day / S_PER_MIN % MIN_PER_HOUR, in_day % S_PER_MIN);
}
