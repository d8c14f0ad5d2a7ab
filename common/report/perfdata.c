/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Performance data: labels that no reader stumbles over, each only once. */
#include "config.h"

#include "common/report/parts.h"

#include <stdlib.h>
#include <string.h>

struct item {
	const struct metric *metric;
	const char *base; /* the label before it is made unique */
	const char *label;
};

/* NULL: it is of the whole, whoever has the worst. */
static const char *server_of(const struct metric *metric)
{
	return metric->def->is_per_server ? metric->instance : NULL;
}

/* "metric_server", every other character as "_". */
static const char *base_label(struct arena *arena, const struct metric *metric)
{
	char *label;

	if (server_of(metric) == NULL)
		return metric->def->name;
	label = arena_printf(
		arena, "%s_%s", metric->def->name, metric->instance);
	for (char *c = label; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!((*c >= 'a' && *c <= 'z') ||
				 (*c >= '0' && *c <= '9')))
			*c = '_';
	}
	return label;
}

/* Those of the whole as they come, then those of servers in the order of
 * their labels, so that equal facts give equal numbers. */
static int compare_items(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;
	const char *a_server = server_of(a->metric);
	const char *b_server = server_of(b->metric);
	int order;

	if (a_server == NULL || b_server == NULL) {
		if (a_server != b_server)
			return a_server == NULL ? -1 : 1;
		return (a->metric > b->metric) - (a->metric < b->metric);
	}
	order = strcmp(a->base, b->base);
	return order != 0 ? order : strcmp(a_server, b_server);
}

static bool has_label(const struct item *items, size_t n, const char *label)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(items[i].label, label) == 0)
			return true;
	}
	return false;
}

static bool has_base(const struct item *items, size_t n, const char *label)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(items[i].base, label) == 0)
			return true;
	}
	return false;
}

/* The first of equals keeps the plain label, the next are numbered; no
 * number makes a label that is another's own. */
static void name_items(struct arena *arena, struct item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *label = items[i].base;
		size_t number = 1;

		while (has_label(items, i, label) ||
			(number > 1 && has_base(items, n, label)))
			label = arena_printf(
				arena, "%s_%zu", items[i].base, ++number);
		items[i].label = label;
	}
}

static const struct threshold *find_threshold(
	const struct report *report, const struct metric_def *def)
{
	for (size_t i = 0; i < report->n_thresholds; i++) {
		if (report->thresholds[i].def == def)
			return &report->thresholds[i];
	}
	return NULL;
}

static void add_item(
	struct text *out, const struct report *report, const struct item *item)
{
	const struct metric_def *def = item->metric->def;
	const struct threshold *threshold = find_threshold(report, def);

	text_printf(out, "%s%s=", out->len > 0 ? " " : "", item->label);
	text_add_number(out, report_value(report->judge, item->metric));
	text_add(out, def->unit);
	if (threshold == NULL ||
		(!threshold->warning.is_set && !threshold->critical.is_set))
		return;
	text_add(out, ";");
	range_print(out, &threshold->warning);
	if (!threshold->critical.is_set)
		return;
	text_add(out, ";");
	range_print(out, &threshold->critical);
}

void report_add_perfdata(struct text *out, const struct report *report)
{
	const struct judge *judge = report->judge;
	struct item *items =
		arena_array(judge->arena, judge->n_metrics + 1, sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; i < judge->n_metrics; i++) {
		const struct metric *metric = &judge->metrics[i];

		if (metric->def->is_per_server && !report->all_perfdata)
			continue;
		items[n].metric = metric;
		items[n].base = base_label(judge->arena, metric);
		n++;
	}
	qsort(items, n, sizeof(*items), compare_items);
	name_items(judge->arena, items, n);
	for (size_t i = 0; i < n; i++)
		add_item(out, report, &items[i]);
}
