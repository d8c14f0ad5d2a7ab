/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ranges as the Monitoring Plugins Development Guidelines define them:
 * [@][start:][end], ends included, "~" for minus infinity, start 0 when it
 * is left out, start <= end. A bound may be a duration ("90s", "2d"), which
 * counts in seconds.
 */
#ifndef LIFELINE_JUDGE_RANGE_H
#define LIFELINE_JUDGE_RANGE_H

#include <stdbool.h>

#include "common/core/text.h"

struct range {
	bool is_set;
	bool alerts_inside; /* "@" */
	double low;         /* -INFINITY for "~" */
	double high;        /* INFINITY where no end is given */
};

/*
 * Reads a range. With less_is_worse a bare value "N" means "N:". Returns
 * NULL, or what is wrong with it as the end of a sentence ("has a start
 * above its end"); then *out is untouched.
 */
const char *range_parse(const char *s, bool less_is_worse, struct range *out);

/* Whether the value alerts. An unset range never does. */
bool range_alerts(const struct range *range, double value);

/*
 * Appends the range as perfdata wants it, numbers plain and in base units:
 * "10" for 0 to 10, "10:", "~:10", "@10:20". Nothing for an unset range.
 */
void range_print(struct text *out, const struct range *range);

#endif
