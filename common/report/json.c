/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The result as one JSON object. What does not fit is left out by whole
 * members, the least worth first, so that it is valid at any length.
 */
#include "config.h"

#include "common/core/json.h"
#include "common/report/parts.h"

enum {
	SCHEMA = 1,
	LINE_BYTES = 4 * REPORT_LINE_MAX,
	ENTRIES_FIRST = 128, /* that stay beside all else */
};

/* What is left out, from nothing on; each level adds to those before. */
enum {
	CUT_NOTHING,
	CUT_OK_FINDINGS,
	CUT_HOLDS,
	CUT_SERVER_METRICS,
	CUT_ENTRIES, /* all but the first of findings and not judged */
	CUT_PLUGIN,
};

/* How much of a result is to be written. */
struct extent {
	int cut;
	size_t max_entries; /* of the findings, and of what is not judged */
};

static void write_findings(struct json *json, const struct report *report,
	const struct extent *extent)
{
	const struct judge *judge = report->judge;
	size_t n = 0;

	json_open_array(json, "findings");
	for (size_t i = 0; i < judge->n_findings; i++) {
		const struct finding *finding = &judge->findings[i];

		if (finding->is_ignored || n == extent->max_entries ||
			(finding->state == STATE_OK &&
				extent->cut >= CUT_OK_FINDINGS))
			continue;
		n++;
		json_open_object(json, NULL);
		json_add_string(json, "rule", finding->rule->id);
		json_add_int(json, "state", finding->state);
		json_open_object(json, "culprit");
		json_add_string(json, "name", finding->culprit.name);
		json_add_string(json, "address", finding->culprit.address);
		json_close_object(json);
		json_add_string(json, "text", finding->text);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_not_judged(struct json *json, const struct judge *judge,
	const struct extent *extent)
{
	json_open_array(json, "not_judged");
	for (size_t i = 0; i < judge->n_not_judged; i++) {
		const struct not_judged *entry = &judge->not_judged[i];

		if (i == extent->max_entries)
			break;
		json_open_object(json, NULL);
		json_add_string(json, "rule", entry->rule->id);
		json_add_string(json, "subject", entry->subject);
		json_add_string(json, "reason", entry->reason);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_metrics(struct json *json, const struct judge *judge)
{
	json_open_object(json, "metrics");
	for (size_t i = 0; i < judge->n_metrics; i++) {
		const struct metric *metric = &judge->metrics[i];

		if (!metric->def->is_per_server)
			json_add_number(json, metric->def->name,
				report_value(judge, metric));
	}
	json_close_object(json);
}

static void write_server_metrics(struct json *json, const struct judge *judge)
{
	json_open_array(json, "server_metrics");
	for (size_t i = 0; i < judge->n_metrics; i++) {
		const struct metric *metric = &judge->metrics[i];

		if (!metric->def->is_per_server)
			continue;
		json_open_object(json, NULL);
		json_add_string(json, "metric", metric->def->name);
		json_add_string(json, "server", metric->instance);
		json_add_number(json, "value", metric->value);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_range(
	struct json *json, const char *key, const struct range *range)
{
	struct text text;

	text_init(&text, LINE_BYTES);
	range_print(&text, range);
	json_add_string(json, key, range->is_set ? text.data : NULL);
	text_release(&text);
}

static void write_thresholds(struct json *json, const struct report *report)
{
	json_open_array(json, "thresholds");
	for (size_t i = 0; i < report->n_thresholds; i++) {
		const struct threshold *threshold = &report->thresholds[i];

		json_open_object(json, NULL);
		json_add_string(json, "metric", threshold->def->name);
		write_range(json, "warning", &threshold->warning);
		write_range(json, "critical", &threshold->critical);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_head(struct json *json, const struct report *report)
{
	enum state state = report_state(report);
	struct text line;

	text_init(&line, LINE_BYTES);
	report_add_line(&line, report);
	json_add_int(json, "schema", SCHEMA);
	json_add_string(json, "plugin", report->plugin);
	json_add_string(json, "version", report->version);
	json_add_string(json, "label", report->label);
	json_add_string(json, "subject", report->subject);
	json_add_int(json, "state", state);
	json_add_string(json, "state_name", state_name(state));
	json_add_string(json, "summary", line.data);
	json_add_int(json, "time", report->now_s);
	json_add_number(json, "duration", (double)report->duration_us / 1e6);
	json_add_string(json, "timeout_stage", report->judge->timeout_stage);
	text_release(&line);
}

static void write_holds(struct json *json, const struct judge *judge)
{
	json_open_array(json, "holds");
	for (size_t i = 0; i < judge->n_holding; i++)
		json_add_string(json, NULL, judge->holding[i]->id);
	json_close_array(json);
}

static void write_object(struct text *out, const struct report *report,
	const struct extent *extent)
{
	struct json json;

	json_init(&json, out);
	json_open_object(&json, NULL);
	write_head(&json, report);
	json_add_bool(&json, "truncated", extent->cut > CUT_NOTHING);
	write_findings(&json, report, extent);
	write_not_judged(&json, report->judge, extent);
	if (extent->cut < CUT_HOLDS)
		write_holds(&json, report->judge);
	write_metrics(&json, report->judge);
	if (extent->cut < CUT_SERVER_METRICS)
		write_server_metrics(&json, report->judge);
	write_thresholds(&json, report);
	if (report->write_json != NULL && extent->cut < CUT_PLUGIN)
		report->write_json(&json, report->write_json_arg);
	json_close_object(&json);
	text_add(out, "\n");
}

enum state report_json(struct text *out, const struct report *report)
{
	struct extent extent = { CUT_NOTHING, SIZE_MAX };
	struct text object;

	text_init(&object, REPORT_JSON_MAX);
	write_object(&object, report, &extent);
	while (object.is_cut && extent.max_entries > 0) {
		if (extent.cut == CUT_PLUGIN)
			extent.max_entries /= 2;
		else if (++extent.cut == CUT_ENTRIES)
			extent.max_entries = ENTRIES_FIRST;
		text_clear(&object);
		write_object(&object, report, &extent);
	}
	text_add(out, object.data);
	text_release(&object);
	return report_state(report);
}
