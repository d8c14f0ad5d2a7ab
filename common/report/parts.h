/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this room share with each other. */
#ifndef LIFELINE_REPORT_PARTS_H
#define LIFELINE_REPORT_PARTS_H

#include "common/report/report.h"

/* The state of the whole result. */
enum state report_state(const struct report *report);

/* Findings that are neither ignored nor OK: those that line 1 counts. They
 * are the first ones of a sorted judge. */
size_t report_count_bad(const struct judge *judge);

/* Appends "name (address) ", or what there is of it, cleaned. */
void report_add_culprit(struct text *out, const struct culprit *culprit);

/* Whether two entries have one subject and one reason: they are told
 * together. */
bool report_not_judged_alike(
	const struct not_judged *a, const struct not_judged *b);

/* Appends line 1, without its end of line. */
void report_add_line(struct text *out, const struct report *report);

/* The value of a metric as it is at the time of the report. */
double report_value(const struct judge *judge, const struct metric *metric);

/* Appends all performance data, without the bar before it. */
void report_add_perfdata(struct text *out, const struct report *report);

#endif
