/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/core/num.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	DIGITS_MAX = 18, /* of a decimal that are taken into account */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

static const char *skip_letters(const char *s)
{
	while ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'))
		s++;
	return s;
}

enum num_status num_parse_uint(
	const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *digits = *s == '-' ? s + 1 : s;
	uint64_t value = 0;

	/* Syntax before size: "99999999999999999999x" is not too large. */
	if (!is_digit(*digits) || *skip_digits(digits) != '\0')
		return NUM_NOT_A_NUMBER;
	if (digits != s)
		return NUM_TOO_SMALL;
	for (; *s != '\0'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return NUM_TOO_LARGE;
		value = value * 10 + digit;
	}
	if (value < min)
		return NUM_TOO_SMALL;
	if (value > max)
		return NUM_TOO_LARGE;
	*out = value;
	return NUM_OK;
}

/*
 * Reads digits[.digits] or .digits at s; *end is what follows. As many digits
 * as a double has room for are read as one integer and divided by a power of
 * ten once, so that "10.1" is the double that is nearest to it.
 */
static enum num_status read_decimal(
	const char *s, const char **end, double *out)
{
	const char *point = skip_digits(s);
	uint64_t mantissa = 0;
	uint64_t divisor = 1;
	int n = 0;

	*end = point;
	if (*point == '.') {
		if (!is_digit(point[1]))
			return NUM_NOT_A_NUMBER;
		*end = skip_digits(point + 1);
	} else if (point == s) {
		return NUM_NOT_A_NUMBER;
	}
	while (*s == '0')
		s++;
	if (point - s > DIGITS_MAX)
		return NUM_TOO_LARGE;
	for (; s < point; s++, n++)
		mantissa = mantissa * 10 + (uint64_t)(*s - '0');
	for (s = point + 1; s < *end && n < DIGITS_MAX; s++, n++) {
		mantissa = mantissa * 10 + (uint64_t)(*s - '0');
		divisor *= 10;
	}
	*out = (double)mantissa / (double)divisor;
	return NUM_OK;
}

enum num_status num_parse_decimal(const char *s, double *out)
{
	bool is_negative = *s == '-';
	double value = 0;
	const char *end;
	enum num_status status;

	status = read_decimal(is_negative ? s + 1 : s, &end, &value);
	if (status == NUM_NOT_A_NUMBER || *end != '\0')
		return NUM_NOT_A_NUMBER;
	if (status != NUM_OK)
		return is_negative ? NUM_TOO_SMALL : status;
	*out = is_negative && value > 0 ? -value : value;
	return NUM_OK;
}

/* 0 where there is no such unit. */
static int64_t unit_ms(const char *unit)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "", 1000 },
		{ "ms", 1 },
		{ "s", 1000 },
		{ "m", 60 * 1000 },
		{ "h", 60 * 60 * 1000 },
		{ "d", 24 * 60 * 60 * 1000 },
		{ "w", 7 * 24 * 60 * 60 * 1000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, unit) == 0)
			return units[i].ms;
	}
	return 0;
}

enum num_status num_parse_duration(
	const char *s, int64_t min_ms, int64_t max_ms, int64_t *out_ms)
{
	bool is_negative = *s == '-';
	double value = 0;
	const char *end;
	enum num_status status;

	status = read_decimal(is_negative ? s + 1 : s, &end, &value);
	if (status == NUM_NOT_A_NUMBER || *skip_letters(end) != '\0')
		return NUM_NOT_A_NUMBER;
	if (unit_ms(end) == 0)
		return NUM_BAD_UNIT;
	if (is_negative)
		return NUM_TOO_SMALL;
	if (status != NUM_OK)
		return status;
	value = value * (double)unit_ms(end) + 0.5;
	/* Compared before the cast, which has no room for everything. */
	if (value >= (double)max_ms + 1)
		return NUM_TOO_LARGE;
	if ((int64_t)value < min_ms)
		return NUM_TOO_SMALL;
	*out_ms = (int64_t)value;
	return NUM_OK;
}

const char *num_status_text(enum num_status status)
{
	switch (status) {
	case NUM_OK:
		return "is fine";
	case NUM_NOT_A_NUMBER:
		return "is not a number";
	case NUM_TOO_SMALL:
		return "is too small";
	case NUM_TOO_LARGE:
		return "is too large";
	case NUM_BAD_UNIT:
		return "has an unknown unit";
	}
	return "is not a number";
}

int num_serial_compare(uint32_t a, uint32_t b)
{
	uint32_t ahead = b - a; /* modulo 2^32 */

	if (ahead == 0)
		return 0;
	if (ahead == UINT32_C(0x80000000))
		return 2;
	return ahead < UINT32_C(0x80000000) ? -1 : 1;
}

uint32_t num_serial_distance(uint32_t a, uint32_t b)
{
	uint32_t forth = b - a; /* modulo 2^32 */
	uint32_t back = a - b;

	return forth < back ? forth : back;
}
