/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Line 1, all that a pager shows: a head with the state and the subject, a
 * body that says the worst, and a tail with what else there is. The tail has
 * forms from the richest to the poorest, of which the last is never left out;
 * the body is cut for it.
 */
#include "config.h"

#include "common/report/parts.h"

#include <string.h>

enum {
	SUBJECT_MAX = 72, /* characters of the subject */
	STAGE_MAX = 40,   /* characters of the stage of a timeout */
	TAILS = 3,        /* forms of the tail */
	PART_MAX = 2048,  /* bytes of a part before it is cut */
};

struct line {
	struct text head, body;
	struct text tails[TAILS];
	size_t n_tails;
};

void report_add_cut(struct text *out, const char *s, size_t max)
{
	struct text clean;
	const char *end;
	size_t left = max;

	text_init(&clean, PART_MAX);
	text_add_clean(&clean, s);
	if (text_characters(clean.data) <= max) {
		text_add(out, clean.data);
	} else if (max > 3) {
		/* Clean text is valid UTF-8. */
		for (end = clean.data; left > 3; left--)
			end += text_utf8_len(end);
		text_add_len(out, clean.data, (size_t)(end - clean.data));
		text_add(out, "...");
	}
	text_release(&clean);
}

/* leader: the finding that line 1 is about, or NULL. Where that begins with the
 * subject itself, it is said once. */
static void add_head(struct text *out, const struct report *report,
	const struct finding *leader)
{
	const char *name = NULL;

	if (leader != NULL)
		name = leader->culprit.name != NULL ? leader->culprit.name
						    : leader->culprit.address;

	text_add_clean(out, report->label);
	text_printf(out, " %s - ", state_name(report_state(report)));
	if (report->subject != NULL &&
		(name == NULL || strcmp(name, report->subject) != 0)) {
		report_add_cut(out, report->subject, SUBJECT_MAX);
		text_add(out, ": ");
	}
}

static void add_stage(struct text *out, const struct judge *judge)
{
	text_add(out, "timed out in: ");
	report_add_cut(out, judge->timeout_stage, STAGE_MAX);
}

static void add_more(struct text *out, size_t n)
{
	if (n > 0)
		text_printf(out, " (+%zu more)", n);
}

static size_t count_like(
	const struct judge *judge, const struct not_judged *entry, size_t end)
{
	size_t n = 0;

	for (size_t i = 0; i < end; i++)
		n += report_not_judged_alike(&judge->not_judged[i], entry);
	return n;
}

/* The kinds of entries, those of one subject and reason being one, and the
 * first of the most common kind. */
static size_t count_kinds(
	const struct judge *judge, const struct not_judged **commonest)
{
	size_t kinds = 0, most = 0;

	*commonest = NULL;
	for (size_t i = 0; i < judge->n_not_judged; i++) {
		const struct not_judged *entry = &judge->not_judged[i];
		size_t n;

		if (count_like(judge, entry, i) > 0)
			continue;
		kinds++;
		n = count_like(judge, entry, judge->n_not_judged);
		if (n > most) {
			most = n;
			*commonest = entry;
		}
	}
	return kinds;
}

/* "IPv6 not judged: no route", and without a subject "RULE not judged: ..."
 * or "5 rules not judged: ...". */
static void add_not_judged(struct text *out, const struct judge *judge,
	const struct not_judged *entry)
{
	size_t n = count_like(judge, entry, judge->n_not_judged);

	if (entry->subject != NULL)
		text_add_clean(out, entry->subject);
	else if (n > 1 && !entry->rule->is_essential)
		text_printf(out, "%zu rules", n);
	else
		text_add(out, entry->rule->id);
	text_add(out, " not judged: ");
	text_add_clean(out, entry->reason);
}

static void add_remark(struct text *out, const struct judge *judge)
{
	const struct not_judged *commonest;
	size_t kinds = count_kinds(judge, &commonest);

	if (kinds == 0)
		return;
	text_add(out, " (");
	add_not_judged(out, judge, commonest);
	if (kinds > 1)
		text_printf(out, "; +%zu more", kinds - 1);
	text_add(out, ")");
}

static void add_short_remark(struct text *out, const struct judge *judge)
{
	if (judge->n_not_judged > 0)
		text_printf(out, " (%zu not judged)", judge->n_not_judged);
}

/* What comes behind the body, from rich to poor: how many more findings, the
 * stage that the deadline cut, and what was not judged. */
static void add_tails(
	struct line *line, const struct judge *judge, size_t more, size_t n)
{
	line->n_tails = n;
	for (size_t i = 0; i < n; i++) {
		add_more(&line->tails[i], more);
		if (judge->timeout_stage != NULL) {
			text_add(&line->tails[i], " (");
			add_stage(&line->tails[i], judge);
			text_add(&line->tails[i], ")");
		}
	}
	add_remark(&line->tails[0], judge);
	add_short_remark(&line->tails[1], judge);
}

/* A finding leads. */
static void say_finding(struct line *line, const struct judge *judge)
{
	const struct finding *worst = &judge->findings[0];

	report_add_culprit(&line->body, &worst->culprit);
	text_add_clean(&line->body, worst->text);
	add_tails(line, judge, report_count_bad(judge) - 1, 3);
}

/* An essential rule that was not judged leads. */
static void say_floor(struct line *line, const struct judge *judge)
{
	const struct not_judged *commonest;
	size_t kinds = count_kinds(judge, &commonest);
	size_t i = 0;

	while (!judge->not_judged[i].rule->is_essential)
		i++;
	if (judge->timeout_stage != NULL) {
		add_stage(&line->body, judge);
		text_add(&line->body, "; ");
	}
	add_not_judged(&line->body, judge, &judge->not_judged[i]);
	line->n_tails = 1;
	add_more(&line->tails[0], kinds - 1 + report_count_bad(judge));
}

/* Nothing is wrong. */
static void say_summary(struct line *line, const struct report *report)
{
	text_add_clean(&line->body,
		report->summary != NULL ? report->summary : "nothing found");
	add_tails(line, report->judge, 0, 2);
}

static void say(struct line *line, const struct report *report)
{
	const struct judge *judge = report->judge;
	size_t n_bad = report_count_bad(judge);
	enum state worst = n_bad > 0 ? judge->findings[0].state : STATE_OK;
	bool floor_leads = judge_lacks_essential(judge) &&
			   (n_bad == 0 || state_rank(judge_floor(judge)) >
						  state_rank(worst));

	bool finding_leads =
		report->failure == NULL && !floor_leads && n_bad > 0;

	add_head(&line->head, report,
		finding_leads ? &judge->findings[0] : NULL);
	if (report->failure != NULL) {
		text_add_clean(&line->body, report->failure);
		line->n_tails = 1;
		add_more(&line->tails[0], n_bad);
	} else if (floor_leads) {
		say_floor(line, judge);
	} else if (finding_leads) {
		say_finding(line, judge);
	} else {
		say_summary(line, report);
	}
}

/* Puts the parts together with the richest tail that leaves the body whole,
 * or with the poorest. */
static void join(struct text *out, const struct line *line)
{
	size_t used = text_characters(line->head.data);
	size_t body = text_characters(line->body.data);
	const struct text *tail = &line->tails[0];
	size_t room;

	for (size_t i = 0; i < line->n_tails; i++) {
		tail = &line->tails[i];
		if (used + body + text_characters(tail->data) <=
			REPORT_LINE_MAX)
			break;
	}
	used += text_characters(tail->data);
	room = used < REPORT_LINE_MAX ? REPORT_LINE_MAX - used : 0;
	text_add(out, line->head.data);
	report_add_cut(out, line->body.data, room);
	text_add(out, tail->data);
}

void report_add_line(struct text *out, const struct report *report)
{
	struct line line;

	line.n_tails = 0;
	text_init(&line.head, PART_MAX);
	text_init(&line.body, PART_MAX);
	for (size_t i = 0; i < TAILS; i++)
		text_init(&line.tails[i], PART_MAX);
	say(&line, report);
	join(out, &line);
	text_release(&line.head);
	text_release(&line.body);
	for (size_t i = 0; i < TAILS; i++)
		text_release(&line.tails[i]);
}
