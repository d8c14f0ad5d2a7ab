/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strict numbers: the whole string, decimal, inside a range. "010" is ten;
 * "10%", "5,5", "0x1f", "1e3", " 1", "+1" and "" are not numbers.
 */
#ifndef LIFELINE_CORE_NUM_H
#define LIFELINE_CORE_NUM_H

#include <stdint.h>

enum num_status {
	NUM_OK,
	NUM_NOT_A_NUMBER, /* syntax */
	NUM_TOO_SMALL,
	NUM_TOO_LARGE,
	NUM_BAD_UNIT, /* durations only */
};

/* Decimal digits only; *out is untouched unless NUM_OK comes back. */
enum num_status num_parse_uint(
	const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* [-]digits[.digits] or [-].digits; finite by construction (at most 18
 * digits before the point). */
enum num_status num_parse_decimal(const char *s, double *out);

/*
 * A non-negative decimal with one of the units ms s m h d w, seconds where
 * none is given; the result in milliseconds, rounded to the nearest.
 */
enum num_status num_parse_duration(
	const char *s, int64_t min_ms, int64_t max_ms, int64_t *out_ms);

/* "is not a number", "is too large" ...: ends the sentence "VALUE ...". */
const char *num_status_text(enum num_status status);

/*
 * Serial number arithmetic, RFC 1982 section 3.2: -1 where a is before b, 0
 * where equal, 1 where after; 2 where the two are half the circle apart and
 * the comparison is undefined.
 */
int num_serial_compare(uint32_t a, uint32_t b);

/* The shorter way around the circle from one to the other. */
uint32_t num_serial_distance(uint32_t a, uint32_t b);

#endif
