/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/judge/judge.h"

#include <arpa/inet.h>
#include <assert.h>
#include <math.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/judge/override.h"

void judge_init(struct judge *judge, struct arena *arena,
	const struct rule *rules, size_t n_rules,
	const struct override *overrides, size_t n_overrides)
{
	*judge = (struct judge){
		.arena = arena,
		.rules = rules,
		.n_rules = n_rules,
		.overrides = overrides,
		.n_overrides = n_overrides,
	};
}

/* Room for one more in an array of the judge: the array to go on with. */
static void *grow(
	struct judge *judge, void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap == 0 ? 16 : *cap * 2;
	return arena_grow(judge->arena, array, n, *cap, size);
}

__attribute__((format(printf, 2, 0))) static const char *clean_text(
	struct judge *judge, const char *fmt, va_list args)
{
	struct text raw, clean;
	const char *copy;

	text_init(&raw, JUDGE_TEXT_MAX);
	text_init(&clean, JUDGE_TEXT_MAX);
	text_vprintf(&raw, fmt, args);
	text_add_clean(&clean, raw.data);
	copy = arena_strdup(judge->arena, clean.data);
	text_release(&raw);
	text_release(&clean);
	return copy;
}

static void hold_by(struct judge *judge, const struct rule *rule)
{
	const struct culprit any = { NULL, NULL };
	const struct override *override = override_find(
		judge->overrides, judge->n_overrides, rule->id, &any);

	if (override != NULL && override->ignores)
		return;
	judge->holding = grow(judge, judge->holding, judge->n_holding,
		&judge->cap_holding, sizeof(const struct rule *));
	judge->holding[judge->n_holding++] = rule;
}

void judge_all(struct judge *judge, const void *facts)
{
	for (size_t i = 0; i < judge->n_rules; i++) {
		const struct rule *rule = &judge->rules[i];
		size_t before = judge->n_findings + judge->n_not_judged;

		if (rule->judge == NULL)
			continue;
		judge->rule = rule;
		judge->is_not_asked = false;
		judge->rank = 0;
		rule->judge(judge, facts);
		if (judge->n_findings + judge->n_not_judged == before &&
			!judge->is_not_asked)
			hold_by(judge, rule);
	}
	judge->rule = NULL;
}

__attribute__((format(printf, 4, 0))) static void add_finding(
	struct judge *judge, enum state state, struct culprit culprit,
	const char *fmt, va_list args)
{
	const struct override *override = override_find(judge->overrides,
		judge->n_overrides, judge->rule->id, &culprit);
	struct finding finding = {
		.rule = judge->rule,
		.state = state,
		.rank = judge->rank,
		.culprit = culprit,
		.text = clean_text(judge, fmt, args),
	};

	if (override != NULL && override->ignores)
		finding.is_ignored = true;
	else if (override != NULL)
		finding.state = override->state;
	judge->findings = grow(judge, judge->findings, judge->n_findings,
		&judge->cap_findings, sizeof(finding));
	judge->findings[judge->n_findings++] = finding;
}

void judge_finding(
	struct judge *judge, struct culprit culprit, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_finding(judge, judge->rule->state, culprit, fmt, args);
	va_end(args);
}

void judge_finding_as(struct judge *judge, enum state state,
	struct culprit culprit, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_finding(judge, state, culprit, fmt, args);
	va_end(args);
}

static bool is_address(const char *s)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, s, bytes) == 1 ||
	       inet_pton(AF_INET6, s, bytes) == 1;
}

/* A server, "NAME", "ADDRESS", or "NAME ADDRESS" with or without more. */
static struct culprit culprit_of(struct arena *arena, const char *server)
{
	struct culprit culprit = { NULL, NULL };
	const char *space = server != NULL ? strchr(server, ' ') : NULL;
	const char *address;

	if (server != NULL && is_address(server)) {
		culprit.address = server;
		return culprit;
	}
	culprit.name = server;
	if (space == NULL)
		return culprit;
	address = arena_strndup(arena, space + 1, strcspn(space + 1, " "));
	if (is_address(address)) {
		culprit.address = address;
		culprit.name =
			arena_strndup(arena, server, (size_t)(space - server));
	}
	return culprit;
}

static bool texts_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

void judge_not_judged(
	struct judge *judge, const char *subject, const char *fmt, ...)
{
	struct culprit culprit = culprit_of(judge->arena, subject);
	const struct override *override = override_find(judge->overrides,
		judge->n_overrides, judge->rule->id, &culprit);
	struct not_judged entry = { .rule = judge->rule, .subject = subject };
	va_list args;

	va_start(args, fmt);
	entry.reason = clean_text(judge, fmt, args);
	va_end(args);
	if (override != NULL && override->ignores)
		return;
	for (size_t i = 0; i < judge->n_not_judged; i++) {
		const struct not_judged *other = &judge->not_judged[i];

		if (other->rule == entry.rule &&
			texts_equal(other->subject, entry.subject) &&
			texts_equal(other->reason, entry.reason))
			return;
	}
	judge->not_judged = grow(judge, judge->not_judged, judge->n_not_judged,
		&judge->cap_not_judged, sizeof(entry));
	judge->not_judged[judge->n_not_judged++] = entry;
}

void judge_not_asked(struct judge *judge)
{
	judge->is_not_asked = true;
}

void judge_metric(struct judge *judge, const struct metric_def *def,
	const char *instance, double value)
{
	if (!isfinite(value))
		return;
	judge->metrics = grow(judge, judge->metrics, judge->n_metrics,
		&judge->cap_metrics, sizeof(struct metric));
	judge->metrics[judge->n_metrics++] = (struct metric){
		.def = def,
		.instance = instance,
		.value = value,
	};
}

/* A long time is no number of seconds to anybody who is just awake. */
static void add_bound(struct text *out, double value, const char *unit)
{
	bool is_long = strcmp(unit, "s") == 0 && value >= 120 && value < 1e11;

	if (is_long) {
		text_add_span(out, (int64_t)value);
		return;
	}
	text_add_number(out, value);
	if (*unit)
		text_printf(out, " %s", unit);
}

/* "at least 2 s", "outside of 10 to 20". */
static void add_bounds(
	struct text *out, const struct range *range, const char *unit)
{
	/* A bare number is a range from 0, which nobody thinks of. */
	bool has_low = isfinite(range->low) &&
		       (range->low != 0 || !isfinite(range->high));

	if (range->alerts_inside)
		text_add(out, "outside of ");
	if (has_low && isfinite(range->high)) {
		text_add_number(out, range->low);
		text_add(out, " to ");
		add_bound(out, range->high, unit);
	} else if (has_low) {
		text_add(out, "at least ");
		add_bound(out, range->low, unit);
	} else if (isfinite(range->high)) {
		text_add(out, "at most ");
		add_bound(out, range->high, unit);
	} else {
		text_add(out, "anything");
	}
}

static bool reads_the_same(double one, double other, const char *unit)
{
	struct text first, second;
	bool is_same;

	text_init(&first, JUDGE_TEXT_MAX);
	text_init(&second, JUDGE_TEXT_MAX);
	add_bound(&first, one, unit);
	add_bound(&second, other, unit);
	is_same = strcmp(first.data, second.data) == 0;
	text_release(&first);
	text_release(&second);
	return is_same;
}

/* For "is just above 15 min, expected at most 15 min". */
static const char *how_near(
	double value, const struct range *range, const char *unit)
{
	bool is_above = value > range->high;

	if (range->alerts_inside ||
		!reads_the_same(
			value, is_above ? range->high : range->low, unit))
		return "";
	return is_above ? "just above " : "just below ";
}

static void judge_value(struct judge *judge, const struct metric *metric,
	const struct threshold *threshold)
{
	bool is_critical = range_alerts(&threshold->critical, metric->value);
	const struct range *range =
		is_critical ? &threshold->critical : &threshold->warning;
	struct text value, bounds;

	if (!range_alerts(range, metric->value))
		return;
	text_init(&value, JUDGE_TEXT_MAX);
	text_init(&bounds, JUDGE_TEXT_MAX);
	add_bound(&value, metric->value, metric->def->unit);
	add_bounds(&bounds, range, metric->def->unit);
	judge_finding_as(judge, is_critical ? STATE_CRITICAL : STATE_WARNING,
		culprit_of(judge->arena, metric->instance),
		"%s is %s%s, expected %s", metric->def->name,
		how_near(metric->value, range, metric->def->unit), value.data,
		bounds.data);
	text_release(&value);
	text_release(&bounds);
}

static void judge_threshold(
	struct judge *judge, const struct threshold *threshold)
{
	bool has_value = false;

	if (!threshold->warning.is_set && !threshold->critical.is_set)
		return;
	for (size_t i = 0; i < judge->n_metrics; i++) {
		if (judge->metrics[i].def != threshold->def)
			continue;
		has_value = true;
		judge_value(judge, &judge->metrics[i], threshold);
	}
	if (!has_value)
		judge_not_judged(
			judge, threshold->def->name, "it has no value");
}

void judge_thresholds(struct judge *judge, const struct threshold *thresholds,
	size_t n_thresholds)
{
	size_t before = judge->n_findings + judge->n_not_judged;

	if (n_thresholds == 0)
		return;
	judge->rule = rule_find(judge->rules, judge->n_rules, "threshold");
	judge->rank = 0;
	assert(judge->rule != NULL);
	for (size_t i = 0; i < n_thresholds; i++)
		judge_threshold(judge, &thresholds[i]);
	if (judge->n_findings + judge->n_not_judged == before)
		hold_by(judge, judge->rule);
	judge->rule = NULL;
}

void judge_timed_out(struct judge *judge, const char *stage, enum state state)
{
	judge->timeout_stage = stage;
	judge->timeout_state = state;
}

bool judge_lacks_essential(const struct judge *judge)
{
	for (size_t i = 0; i < judge->n_not_judged; i++) {
		if (judge->not_judged[i].rule->is_essential)
			return true;
	}
	return false;
}

enum state judge_floor(const struct judge *judge)
{
	if (!judge_lacks_essential(judge))
		return STATE_OK;
	return judge->timeout_stage != NULL ? judge->timeout_state
					    : STATE_UNKNOWN;
}

enum state judge_state(const struct judge *judge)
{
	enum state worst = judge_floor(judge);

	for (size_t i = 0; i < judge->n_findings; i++) {
		if (!judge->findings[i].is_ignored)
			worst = state_worst(worst, judge->findings[i].state);
	}
	return worst;
}

static int compare_texts(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_findings(const void *left, const void *right)
{
	const struct finding *a = left;
	const struct finding *b = right;
	int order = (int)a->is_ignored - (int)b->is_ignored;

	if (order == 0)
		order = state_rank(b->state) - state_rank(a->state);
	/* Rules are rows of one table. */
	if (order == 0)
		order = (a->rule > b->rule) - (a->rule < b->rule);
	if (order == 0)
		order = (a->rank > b->rank) - (a->rank < b->rank);
	if (order == 0)
		order = compare_texts(a->culprit.name, b->culprit.name);
	if (order == 0)
		order = compare_texts(a->culprit.address, b->culprit.address);
	return order != 0 ? order : compare_texts(a->text, b->text);
}

void judge_sort(struct judge *judge)
{
	if (judge->n_findings > 0)
		qsort(judge->findings, judge->n_findings,
			sizeof(*judge->findings), compare_findings);
}

const struct rule *rule_find(
	const struct rule *rules, size_t n_rules, const char *id)
{
	for (size_t i = 0; i < n_rules; i++) {
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	}
	return NULL;
}
