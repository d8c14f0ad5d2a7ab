/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates as mail has them. */
#ifndef LIFELINE_MAIL_MAIL_DATE_H
#define LIFELINE_MAIL_MAIL_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/text.h"

enum {
	MAIL_DATE_MAX = 256, /* bytes that are looked at as a date */
};

struct mail_date {
	int64_t ms; /* since 1970 */
	/* It says by which clock; else it was taken for UTC. */
	bool has_zone;
};

/*
 * Reads all of s as a date: as RFC 5322 has it (sections 3.3 and 4.3, with
 * comments, zones by name and years of two digits), as IMAP does
 * ("22-Nov-2026 02:47:57 +0000"), as the C library does ("Sun Nov 22 02:47:57
 * 2026") and as RFC 3339 does; with or without the day of the week, seconds,
 * a fraction of them, and the zone, which may be in a comment alone. False
 * where it is none, or there is no such day or time.
 */
bool mail_date_parse(const char *s, struct mail_date *out);

/* Appends "Sun, 22 Nov 2026 02:47:57 +0000" (RFC 5322 section 3.3), of whole
 * seconds and never before 1970. */
void mail_date_add(struct text *out, int64_t ms);

#endif
