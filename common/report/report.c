/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all forms of a result have in common, and the only write to standard
 * output but that of mem_exhausted(). */
#include "config.h"

#include "common/report/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/report/parts.h"

enum {
	METRIC_NOT_JUDGED,
	METRIC_TIME,
};

const struct metric_def report_metrics[] = {
	[METRIC_NOT_JUDGED] = {
		.name = "not_judged",
		.unit = "",
		.title = "things that no rule could judge",
	},
	[METRIC_TIME] = {
		.name = "time",
		.unit = "s",
		.title = "duration of the run",
	},
};
const size_t n_report_metrics =
	sizeof(report_metrics) / sizeof(report_metrics[0]);

static void measure(
	struct judge *judge, const struct metric_def *def, double value)
{
	for (size_t i = 0; i < judge->n_metrics; i++) {
		if (strcmp(judge->metrics[i].def->name, def->name) == 0)
			return;
	}
	judge_metric(judge, def, NULL, value);
}

void report_measure(struct judge *judge, int64_t duration_us)
{
	measure(judge, &report_metrics[METRIC_NOT_JUDGED],
		(double)judge->n_not_judged);
	measure(judge, &report_metrics[METRIC_TIME], (double)duration_us / 1e6);
}

double report_value(const struct judge *judge, const struct metric *metric)
{
	/* Judging by thresholds may have added to it. */
	if (metric->def == &report_metrics[METRIC_NOT_JUDGED])
		return (double)judge->n_not_judged;
	return metric->value;
}

enum state report_state(const struct report *report)
{
	enum state state = judge_state(report->judge);

	if (report->failure != NULL)
		state = state_worst(state, STATE_UNKNOWN);
	return state;
}

size_t report_count_bad(const struct judge *judge)
{
	size_t n = 0;

	while (n < judge->n_findings && !judge->findings[n].is_ignored &&
		judge->findings[n].state != STATE_OK)
		n++;
	return n;
}

bool report_not_judged_alike(
	const struct not_judged *a, const struct not_judged *b)
{
	if (strcmp(a->reason, b->reason) != 0)
		return false;
	if (a->subject == NULL || b->subject == NULL)
		return a->subject == b->subject;
	return strcmp(a->subject, b->subject) == 0;
}

void report_add_culprit(struct text *out, const struct culprit *culprit)
{
	if (culprit->name != NULL) {
		text_add_clean(out, culprit->name);
		text_add(out, " ");
	}
	if (culprit->address != NULL) {
		text_add(out, culprit->name != NULL ? "(" : "");
		text_add_clean(out, culprit->address);
		text_add(out, culprit->name != NULL ? ") " : " ");
	}
}

bool report_write(const struct text *out)
{
	size_t done = 0;

	while (done < out->len) {
		ssize_t n =
			write(STDOUT_FILENO, out->data + done, out->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}
