/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The result for Prometheus: its text format 0.0.4, in the subset of it that
 * is OpenMetrics 1.0 as well. So all are gauges without a time of their own,
 * each family in one piece with its HELP, TYPE and UNIT, in base units, and
 * "# EOF" at the end.
 *
 * What a label says is the same from run to run as long as what is wrong is,
 * since each change makes a new series: names, addresses and ids, but no
 * texts of findings.
 */
#include "config.h"

#include "common/report/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	VALUE_MAX = 256,    /* characters of the value of a label */
	LABELS_MAX = 65536, /* bytes of the labels of a sample */
	FINDINGS_MAX = 100, /* findings that have a series of their own */
	GIVEN_MAX = 16,     /* labels that were given */
	NAME_MAX_LEN = 64,  /* characters of their names */
};

/* How much of a result is told: as much as there is room for. */
enum extent {
	EXTENT_ALL,
	EXTENT_NO_SERVERS, /* no metrics of servers */
	EXTENT_RESULT,     /* the state and the run */
	EXTENTS,
};

/* What one result is written with. */
struct exposition {
	struct text *out;
	const struct report *report;
	const char *check;  /* "dns_delegation" */
	const char *labels; /* that all samples have */
};

/* A sample of a family; labels begin with a comma where there are any. */
struct sample {
	const char *labels;
	double value;
};

static const struct {
	const char *unit, *name;
	double factor;
} units[] = {
	{ "s", "seconds", 1 },
	{ "B", "bytes", 1 },
	{ "%", "ratio", 0.01 },
};

enum {
	UNITS = sizeof(units) / sizeof(units[0]),
};

/* The index of the base unit, UNITS for none. */
static size_t unit_of(const struct metric_def *def)
{
	size_t i = 0;

	while (i < UNITS && strcmp(units[i].unit, def->unit) != 0)
		i++;
	return i;
}

static double in_base_unit(const struct metric_def *def, double value)
{
	size_t unit = unit_of(def);

	return unit < UNITS ? value * units[unit].factor : value;
}

/* Appends ,NAME="VALUE", or nothing for no value: to have none and to have an
 * empty one is the same there. */
static void add_label(struct text *out, const char *name, const char *value)
{
	struct text cut;

	if (value == NULL || *value == '\0')
		return;
	text_init(&cut, LABELS_MAX);
	report_add_cut(&cut, value, VALUE_MAX);
	text_printf(out, "%s%s=\"", out->len > 0 ? "," : "", name);
	for (const char *c = cut.data; *c != '\0'; c++) {
		if (*c == '\\' || *c == '"')
			text_add(out, "\\");
		text_add_len(out, c, 1);
	}
	text_add(out, "\"");
	text_release(&cut);
}

/* What stands before the samples of a family. */
static void add_head(const struct exposition *e, const char *name,
	const char *unit, const char *help)
{
	text_printf(
		e->out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
	if (unit != NULL)
		text_printf(e->out, "# UNIT %s %s\n", name, unit);
}

static void add_sample(const struct exposition *e, const char *name,
	const char *labels, double value)
{
	text_printf(e->out, "%s{%s%s%s} ", name, e->labels,
		*labels != '\0' ? "," : "", labels);
	text_add_number(e->out, value);
	text_add(e->out, "\n");
}

/* A family of one sample. */
static void add_single(const struct exposition *e, const char *name,
	const char *unit, const char *help, double value)
{
	add_head(e, name, unit, help);
	add_sample(e, name, "", value);
}

/* A copy of the labels in the arena; the text is empty again. */
static const char *keep(const struct exposition *e, struct text *labels)
{
	const char *kept = arena_strdup(e->report->judge->arena, labels->data);

	text_clear(labels);
	return kept;
}

/* -- the result ----------------------------------------------------------- */

static void add_info(const struct exposition *e)
{
	struct text labels;

	text_init(&labels, LABELS_MAX);
	add_label(&labels, "version", e->report->version);
	add_head(e, "lifeline_plugin_info", NULL,
		"version of the plugin that ran");
	add_sample(e, "lifeline_plugin_info", labels.data, 1);
	text_release(&labels);
}

static void add_counts(const struct exposition *e)
{
	static const struct {
		enum state state;
		const char *label;
	} rows[] = {
		{ STATE_WARNING, "state=\"warning\"" },
		{ STATE_CRITICAL, "state=\"critical\"" },
		{ STATE_UNKNOWN, "state=\"unknown\"" },
	};
	const struct judge *judge = e->report->judge;
	size_t bad = report_count_bad(judge);

	add_head(e, "lifeline_findings", NULL,
		"number of findings that are neither OK nor ignored");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;

		for (size_t k = 0; k < bad; k++)
			n += judge->findings[k].state == rows[i].state;
		add_sample(e, "lifeline_findings", rows[i].label, (double)n);
	}
}

static bool has_labels(
	const struct sample *samples, size_t n, const char *labels)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(samples[i].labels, labels) == 0)
			return true;
	}
	return false;
}

/* One series for a rule and a culprit, of the worst that it finds: that is
 * what comes first. */
static void add_findings(const struct exposition *e)
{
	static const char name[] = "lifeline_finding_state";
	const struct judge *judge = e->report->judge;
	struct sample samples[FINDINGS_MAX];
	size_t bad = report_count_bad(judge);
	size_t n = 0;
	struct text labels;

	text_init(&labels, LABELS_MAX);
	for (size_t i = 0; i < bad && n < FINDINGS_MAX; i++) {
		const struct finding *finding = &judge->findings[i];

		text_clear(&labels);
		add_label(&labels, "rule", finding->rule->id);
		add_label(&labels, "culprit", finding->culprit.name);
		add_label(&labels, "address", finding->culprit.address);
		if (has_labels(samples, n, labels.data))
			continue;
		samples[n].value = finding->state;
		samples[n++].labels = keep(e, &labels);
	}
	text_release(&labels);
	if (n == 0)
		return;
	add_head(e, name, NULL,
		"worst finding of a rule about a culprit: "
		"1 WARNING, 2 CRITICAL, 3 UNKNOWN");
	for (size_t i = 0; i < n; i++)
		add_sample(e, name, samples[i].labels, samples[i].value);
}

static size_t count_not_judged(
	const struct judge *judge, const struct rule *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < judge->n_not_judged; i++)
		n += judge->not_judged[i].rule == rule;
	return n;
}

static void add_not_judged(const struct exposition *e)
{
	static const char name[] = "lifeline_rule_not_judged";
	const struct judge *judge = e->report->judge;
	struct text labels;

	if (judge->n_not_judged == 0)
		return;
	add_head(e, name, NULL, "things that this rule could not judge");
	text_init(&labels, LABELS_MAX);
	for (size_t i = 0; i < judge->n_rules; i++) {
		const struct rule *rule = &judge->rules[i];
		size_t n = count_not_judged(judge, rule);

		if (n == 0)
			continue;
		text_clear(&labels);
		add_label(&labels, "rule", rule->id);
		add_label(&labels, "essential",
			rule->is_essential ? "yes" : "no");
		add_sample(e, name, labels.data, (double)n);
	}
	text_release(&labels);
}

static void add_run(const struct exposition *e)
{
	add_single(e, "lifeline_not_judged", NULL,
		"things that no rule could judge",
		(double)e->report->judge->n_not_judged);
	add_single(e, "lifeline_timed_out", NULL,
		"whether the timeout (-t) cut the run short",
		e->report->judge->timeout_stage != NULL);
	add_single(e, "lifeline_run_duration_seconds", "seconds",
		"duration of the run", (double)e->report->duration_us / 1e6);
	add_single(e, "lifeline_run_timestamp_seconds", "seconds",
		"when the run was, in seconds since 1970",
		(double)e->report->now_s);
}

/* -- thresholds ----------------------------------------------------------- */

static void add_bound(const struct exposition *e, const struct metric_def *def,
	const char *state, const char *bound, double value)
{
	struct text labels;

	if (!isfinite(value))
		return;
	text_init(&labels, LABELS_MAX);
	add_label(&labels, "metric", def->name);
	add_label(&labels, "state", state);
	add_label(&labels, "bound", bound);
	add_sample(
		e, "lifeline_threshold", labels.data, in_base_unit(def, value));
	text_release(&labels);
}

/* "@10:20" alerts inside of it, which is below 20 and above 10. */
static void add_range(const struct exposition *e, const struct metric_def *def,
	const char *state, const struct range *range)
{
	if (!range->is_set)
		return;
	add_bound(e, def, state,
		range->alerts_inside ? "inside_lower" : "lower", range->low);
	add_bound(e, def, state,
		range->alerts_inside ? "inside_upper" : "upper", range->high);
}

static bool is_bounded(const struct range *range)
{
	return range->is_set && (isfinite(range->low) || isfinite(range->high));
}

static bool has_bounds(const struct report *report)
{
	for (size_t i = 0; i < report->n_thresholds; i++) {
		if (is_bounded(&report->thresholds[i].warning) ||
			is_bounded(&report->thresholds[i].critical))
			return true;
	}
	return false;
}

static void add_thresholds(const struct exposition *e)
{
	const struct report *report = e->report;

	if (!has_bounds(report))
		return;
	add_head(e, "lifeline_threshold", NULL,
		"bounds of --warning and --critical, in the unit of the "
		"metric");
	for (size_t i = 0; i < report->n_thresholds; i++) {
		const struct threshold *threshold = &report->thresholds[i];

		add_range(e, threshold->def, "warning", &threshold->warning);
		add_range(e, threshold->def, "critical", &threshold->critical);
	}
}

/* -- metrics -------------------------------------------------------------- */

static bool is_address(const char *s)
{
	return s[strspn(s, "0123456789abcdef.:")] == '\0' &&
	       strpbrk(s, ".:") != NULL;
}

/* "NAME ADDRESS" is two labels; without an address it is one. */
static const char *server_labels(
	const struct exposition *e, const struct metric *metric)
{
	const char *instance = metric->instance;
	const char *address;
	struct arena *arena = e->report->judge->arena;
	const char *kept;
	struct text labels;

	if (!metric->def->is_per_server || instance == NULL)
		return "";
	address = strrchr(instance, ' ');
	if (address != NULL && !is_address(address + 1))
		address = NULL;
	text_init(&labels, LABELS_MAX);
	if (address != NULL) {
		add_label(&labels, "server",
			arena_strndup(
				arena, instance, (size_t)(address - instance)));
		add_label(&labels, "address", address + 1);
	} else {
		add_label(&labels, "server", instance);
	}
	kept = keep(e, &labels);
	text_release(&labels);
	return kept;
}

static int compare_samples(const void *left, const void *right)
{
	const struct sample *a = left;
	const struct sample *b = right;

	return strcmp(a->labels, b->labels);
}

/* In the order of their labels, so that equal facts give equal text; of those
 * with equal labels, which a scrape may not have, the worst. */
static void add_samples(const struct exposition *e, const char *name,
	const struct metric_def *def, struct sample *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare_samples);
	for (size_t i = 0; i < n; i++) {
		double worst = samples[i].value;

		while (i + 1 < n &&
			strcmp(samples[i].labels, samples[i + 1].labels) == 0) {
			double next = samples[++i].value;

			if (def->less_is_worse ? next < worst : next > worst)
				worst = next;
		}
		add_sample(
			e, name, samples[i].labels, in_base_unit(def, worst));
	}
}

/* All metrics of one definition, from the first of them on. */
static void add_family(const struct exposition *e, size_t first)
{
	const struct judge *judge = e->report->judge;
	const struct metric_def *def = judge->metrics[first].def;
	struct sample *samples = arena_array(
		judge->arena, judge->n_metrics - first, sizeof(*samples));
	size_t unit = unit_of(def);
	const char *suffix = unit < UNITS ? units[unit].name : NULL;
	const char *name = arena_printf(judge->arena, "lifeline_%s_%s%s%s",
		e->check, def->name, suffix != NULL ? "_" : "",
		suffix != NULL ? suffix : "");
	size_t n = 0;

	for (size_t i = first; i < judge->n_metrics; i++) {
		if (judge->metrics[i].def != def)
			continue;
		samples[n].labels = server_labels(e, &judge->metrics[i]);
		samples[n++].value = judge->metrics[i].value;
	}
	add_head(e, name, suffix, def->title);
	add_samples(e, name, def, samples, n);
}

static bool has_def(
	const struct metric *metrics, size_t n, const struct metric_def *def)
{
	for (size_t i = 0; i < n; i++) {
		if (metrics[i].def == def)
			return true;
	}
	return false;
}

/* Those that every plugin has are told with the result. */
static bool is_common(const struct metric_def *def)
{
	for (size_t i = 0; i < n_report_metrics; i++) {
		if (def == &report_metrics[i])
			return true;
	}
	return false;
}

static void add_metrics(const struct exposition *e, bool has_servers)
{
	const struct judge *judge = e->report->judge;

	for (size_t i = 0; i < judge->n_metrics; i++) {
		const struct metric_def *def = judge->metrics[i].def;

		if (!is_common(def) && (has_servers || !def->is_per_server) &&
			!has_def(judge->metrics, i, def))
			add_family(e, i);
	}
}

/* -- labels that were given ----------------------------------------------- */

/* Two underscores are Prometheus' own. */
static bool is_label_name(const char *s, size_t length)
{
	static const char permitted[] = "abcdefghijklmnopqrstuvwxyz_0123456789";

	return length > 0 && length <= NAME_MAX_LEN &&
	       strspn(s, permitted) == length && (*s < '0' || *s > '9') &&
	       strncmp(s, "__", 2) != 0;
}

static bool has_name(const char *label, const char *name, size_t length)
{
	return strncmp(label, name, length) == 0 &&
	       (label[length] == '=' || label[length] == '\0');
}

/* Ours, and those that mean something in histograms and summaries. */
static bool is_in_use(const char *name, size_t length)
{
	static const char *const own[] = { "address", "bound", "check",
		"culprit", "essential", "le", "metric", "quantile", "rule",
		"server", "state", "subject", "version" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (has_name(own[i], name, length))
			return true;
	}
	return false;
}

const char *report_check_labels(
	const char *const *labels, size_t n, size_t *which)
{
	for (*which = 0; *which < n; ++*which) {
		const char *label = labels[*which];
		size_t length = strcspn(label, "=");

		if (*which == GIVEN_MAX)
			return "is one too many; permitted: 16";
		if (label[length] == '\0' || label[length + 1] == '\0')
			return "is not NAME=VALUE";
		if (!is_label_name(label, length))
			return "has no name of a label; permitted: a-z, 0-9 "
			       "and _, no digit and no __ at the begin";
		if (is_in_use(label, length))
			return "has a name that is in use already";
		for (size_t i = 0; i < *which; i++) {
			if (has_name(labels[i], label, length))
				return "has the name of another";
		}
	}
	return NULL;
}

/* -- all of it ------------------------------------------------------------ */

static const char *common_labels(struct exposition *e)
{
	const struct report *report = e->report;
	const char *kept;
	struct text labels;

	text_init(&labels, LABELS_MAX);
	add_label(&labels, "check", e->check);
	add_label(&labels, "subject", report->subject);
	for (size_t i = 0; i < report->n_labels; i++) {
		const char *given = report->labels[i];
		size_t length = strcspn(given, "=");

		add_label(&labels,
			arena_strndup(report->judge->arena, given, length),
			given + length + 1);
	}
	kept = keep(e, &labels);
	text_release(&labels);
	return kept;
}

static void add_all(const struct exposition *e, enum extent extent)
{
	add_single(e, "lifeline_state", NULL,
		"state of the check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
		report_state(e->report));
	add_counts(e);
	add_run(e);
	add_info(e);
	if (extent != EXTENT_RESULT) {
		add_findings(e);
		add_not_judged(e);
		add_thresholds(e);
		add_metrics(e, extent == EXTENT_ALL);
	}
	text_add(e->out, "# EOF\n");
}

enum state report_prometheus(struct text *out, const struct report *report)
{
	static const char prefix[] = "check_";
	struct text all;
	struct exposition e = {
		.out = &all,
		.report = report,
		.check = report->plugin,
	};

	if (strncmp(e.check, prefix, sizeof(prefix) - 1) == 0)
		e.check += sizeof(prefix) - 1;
	e.labels = common_labels(&e);
	text_init(&all, REPORT_OUTPUT_MAX);
	for (enum extent extent = EXTENT_ALL; extent < EXTENTS; extent++) {
		text_clear(&all);
		add_all(&e, extent);
		if (!all.is_cut)
			break;
	}
	text_add(out, all.data);
	text_release(&all);
	return report_state(report);
}
