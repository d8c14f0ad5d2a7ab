/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The result as text: line 1, a line a finding, what was not judged, the
 * trace, and behind the only bar the performance data.
 */
#include "config.h"

#include <string.h>

#include "common/report/parts.h"

enum {
	LINE_MAX_BYTES = 8192, /* of any line but the first */
	REST_MAX = 128,        /* what the lines on what was left out need */
	RULES_SHOWN = 3,       /* of those not judged for one reason */
	WRAP = 78,             /* columns of the list of rules that hold */
};

/* Appends the line, where it and what comes behind it still fit. */
static bool add_line(struct text *out, size_t max, const struct text *line)
{
	if (out->len + line->len + REST_MAX > max)
		return false;
	text_add(out, line->data);
	text_add(out, "\n");
	return true;
}

static bool is_shown(const struct finding *finding, unsigned verbosity)
{
	if (finding->is_ignored)
		return verbosity >= 2;
	return finding->state != STATE_OK || verbosity >= 1;
}

static void write_finding(struct text *line, const struct finding *finding)
{
	text_clear(line);
	text_printf(line, "[%s] %s: ", finding->rule->id,
		finding->is_ignored ? "ignored" : state_name(finding->state));
	report_add_culprit(line, &finding->culprit);
	text_add_clean(line, finding->text);
}

static void add_findings(
	struct text *out, size_t max, const struct report *report)
{
	const struct judge *judge = report->judge;
	struct text line;
	size_t left_out = 0;

	text_init(&line, LINE_MAX_BYTES);
	for (size_t i = 0; i < judge->n_findings; i++) {
		if (!is_shown(&judge->findings[i], report->verbosity))
			continue;
		write_finding(&line, &judge->findings[i]);
		if (left_out > 0 || !add_line(out, max, &line))
			left_out++;
	}
	text_release(&line);
	if (left_out > 0)
		text_printf(out, "... and %zu more findings\n", left_out);
}

/* The rules of all entries that are like the one at start. */
static size_t add_rules(
	struct text *line, const struct report *report, size_t start)
{
	const struct judge *judge = report->judge;
	size_t n = 0;

	for (size_t i = start; i < judge->n_not_judged; i++) {
		if (!report_not_judged_alike(
			    &judge->not_judged[i], &judge->not_judged[start]))
			continue;
		n++;
		if (n <= RULES_SHOWN || report->verbosity > 0)
			text_printf(line, "%s%s", n > 1 ? ", " : "",
				judge->not_judged[i].rule->id);
	}
	if (n > RULES_SHOWN && report->verbosity == 0)
		text_printf(line, " and %zu more", n - RULES_SHOWN);
	return n;
}

static bool is_told(const struct judge *judge, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (report_not_judged_alike(
			    &judge->not_judged[i], &judge->not_judged[at]))
			return true;
	return false;
}

/* A line for each subject and reason, with the rules. */
static void add_not_judged(
	struct text *out, size_t max, const struct report *report)
{
	const struct judge *judge = report->judge;
	struct text line;
	size_t left_out = 0;

	text_init(&line, LINE_MAX_BYTES);
	for (size_t i = 0; i < judge->n_not_judged; i++) {
		const struct not_judged *entry = &judge->not_judged[i];
		size_t n;

		if (is_told(judge, i))
			continue;
		text_clear(&line);
		text_add(&line, "not judged: ");
		n = add_rules(&line, report, i);
		if (entry->subject != NULL) {
			text_add(&line, " (");
			text_add_clean(&line, entry->subject);
			text_add(&line, ")");
		}
		text_add(&line, ": ");
		text_add_clean(&line, entry->reason);
		if (left_out > 0 || !add_line(out, max, &line))
			left_out += n;
	}
	text_release(&line);
	if (left_out > 0)
		text_printf(out, "... and %zu more not judged\n", left_out);
}

static void add_holding(struct text *out, size_t max, const struct judge *judge)
{
	struct text line;

	text_init(&line, LINE_MAX_BYTES);
	for (size_t i = 0; i < judge->n_holding; i++) {
		const char *id = judge->holding[i]->id;

		if (line.len > 0 && line.len + strlen(id) >= WRAP) {
			(void)add_line(out, max, &line);
			text_clear(&line);
		}
		text_add(&line, line.len == 0 ? "holds: " : " ");
		text_add(&line, id);
	}
	if (line.len > 0)
		(void)add_line(out, max, &line);
	text_release(&line);
}

/* Line by line, since cleaning makes a blank of the end of a line. */
static void add_trace(struct text *out, size_t max, const char *trace)
{
	struct text line;

	text_init(&line, LINE_MAX_BYTES);
	while (*trace != '\0') {
		size_t len = strcspn(trace, "\n");
		struct text raw;

		text_init(&raw, LINE_MAX_BYTES);
		text_add_len(&raw, trace, len);
		text_clear(&line);
		text_add_clean(&line, raw.data);
		text_release(&raw);
		if (!add_line(out, max, &line)) {
			text_add(out, "... and more that does not fit\n");
			break;
		}
		trace += len + (trace[len] == '\n');
	}
	text_release(&line);
}

enum state report_text(struct text *out, const struct report *report)
{
	const struct judge *judge = report->judge;
	struct text perfdata;
	size_t max = REPORT_TEXT_MAX;

	text_init(&perfdata, REPORT_OUTPUT_MAX / 2);
	report_add_perfdata(&perfdata, report);
	if (report->verbosity > 0)
		max = REPORT_OUTPUT_MAX - perfdata.len - REST_MAX;

	report_add_line(out, report);
	text_add(out, "\n");
	if (judge->timeout_stage != NULL) {
		text_add(out, "timed out in: ");
		text_add_clean(out, judge->timeout_stage);
		text_add(out, "\n");
	}
	if (report->outlook != NULL && report_count_bad(judge) > 0) {
		text_add_clean(out, report->outlook);
		text_add(out, "\n");
	}
	add_findings(out, max, report);
	add_not_judged(out, max, report);
	if (report->verbosity > 0)
		add_holding(out, max, judge);
	if (report->verbosity > 0 && report->trace != NULL)
		add_trace(out, max, report->trace);
	text_add(out, "|");
	text_add(out, perfdata.data);
	text_add(out, "\n");
	text_release(&perfdata);
	return report_state(report);
}
