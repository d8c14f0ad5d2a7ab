/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only place that prints: text, perfdata, JSON and what Prometheus reads,
 * from one result. */
#ifndef LIFELINE_REPORT_REPORT_H
#define LIFELINE_REPORT_REPORT_H

#include "common/core/text.h"
#include "common/judge/judge.h"

enum {
	REPORT_LINE_MAX = 160,           /* characters in line 1 */
	REPORT_TEXT_MAX = 2048,          /* bytes of text without -v */
	REPORT_OUTPUT_MAX = 1024 * 1024, /* bytes in all, with -vvv */
	REPORT_JSON_MAX = 60 * 1000, /* bytes of JSON (Zabbix cuts at 64 Ki) */
};

struct json;

/* The metrics that every plugin has beside its own: time and not_judged. */
extern const struct metric_def report_metrics[];
extern const size_t n_report_metrics;

/*
 * Adds them to the judge, but for a name that the plugin measures itself;
 * before judge_thresholds(), so that they can be judged too. not_judged is
 * printed as what it is when the report is made.
 */
void report_measure(struct judge *judge, int64_t duration_us);

/* What is to be reported; everything is borrowed. */
struct report {
	const char *plugin; /* "check_dns_delegation" */
	const char *version;
	const char *label;         /* "DNS DELEGATION" */
	const char *subject;       /* NULL: none */
	const char *summary;       /* line 1 where nothing is wrong */
	const char *outlook;       /* line 2 where something is; or NULL */
	const char *failure;       /* see struct run */
	const struct judge *judge; /* sorted */
	const struct threshold *thresholds;
	size_t n_thresholds;
	unsigned verbosity;
	bool all_perfdata;
	const char *const *labels; /* checked; for Prometheus only */
	size_t n_labels;
	int64_t duration_us; /* of the run */
	int64_t now_s;
	const char *trace; /* the plugin's lines of -v and above, or NULL */
	/* Writes the plugin's own members; may be NULL. */
	void (*write_json)(struct json *json, const void *arg);
	const void *write_json_arg;
};

/* Each appends the whole result and returns its state: the exit code. */
enum state report_text(struct text *out, const struct report *report);
enum state report_json(struct text *out, const struct report *report);
/* Text format 0.0.4 and OpenMetrics 1.0. */
enum state report_prometheus(struct text *out, const struct report *report);

/*
 * Whether the labels, NAME=VALUE each, can be given to every sample beside
 * those that are there. NULL, or what is wrong with the one at *which as the
 * end of a sentence.
 */
const char *report_check_labels(
	const char *const *labels, size_t n, size_t *which);

/* Appends at most max characters of s, cleaned; dots where it was cut. */
void report_add_cut(struct text *out, const char *s, size_t max);

/* Writes all of it to standard output; false where that failed. */
bool report_write(const struct text *out);

#endif
