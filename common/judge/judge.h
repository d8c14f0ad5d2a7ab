/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules as data, and what judging by them gives: findings, what was not
 * judged and what holds. Pure: no I/O, no clock.
 */
#ifndef LIFELINE_JUDGE_JUDGE_H
#define LIFELINE_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"
#include "common/judge/range.h"
#include "common/judge/state.h"

struct judge;

enum {
	JUDGE_TEXT_MAX = 1000, /* bytes of the text of a finding or reason */
};

/*
 * One row of a plugin's rule table. The judge function looks at the facts
 * and calls judge_finding() and judge_not_judged() any number of times; a
 * rule that calls neither holds.
 */
struct rule {
	const char *id;        /* lower-kebab, stable for ever */
	enum state state;      /* default state of its findings */
	bool is_essential;     /* not judged: the result is at least UNKNOWN */
	const char *title;     /* one line, what is wrong when it finds */
	const char *reference; /* RFC and section, or "" */
	void (*judge)(struct judge *judge, const void *facts);
};

/*
 * What a finding is about. Either may be NULL; shown as "name (address)".
 * The texts must outlive the judge.
 */
struct culprit {
	const char *name;    /* a domain name without its last dot, a URL ... */
	const char *address; /* an IP address in its canonical text form */
};

struct finding {
	const struct rule *rule;
	enum state state; /* after overrides */
	bool is_ignored;  /* --rule ID=ignore: only listed at -vv */
	unsigned rank;
	struct culprit culprit;
	const char *text; /* clean of control characters and '|' */
};

struct not_judged {
	const struct rule *rule;
	const char *subject; /* "IPv6", a server, or NULL for all of it */
	const char *reason;  /* "no route from here" */
};

/* --rule ID[@CULPRIT]=STATE */
struct override {
	const char *id;
	const char *culprit; /* NULL: any */
	bool ignores;
	enum state state;
	unsigned weight; /* the more specific the culprit, the more */
};

/* One row of a plugin's metric table. */
struct metric_def {
	const char *name;   /* [a-z0-9_]+ */
	const char *unit;   /* "", "s", "%" or "B" */
	bool less_is_worse; /* a bare threshold "N" means "N:" */
	bool is_per_server; /* in text only with --perfdata=all */
	const char *title;
};

struct metric {
	const struct metric_def *def;
	/* "NAME ADDRESS" of the server that it is of: each has a per-server
	 * metric, of one of the whole it is whose value is the worst; or NULL. */
	const char *instance;
	double value;
};

/* --warning and --critical METRIC=RANGE; -w and -c set the headline's. */
struct threshold {
	const struct metric_def *def;
	struct range warning;
	struct range critical;
};

/* What one run comes to; everything is owned by its arena. */
struct judge {
	struct arena *arena;
	const struct override *overrides;
	size_t n_overrides;
	const struct rule *rules;
	size_t n_rules;

	const struct rule *rule; /* the one being judged */
	bool is_not_asked;       /* what it is about */
	/* Set by it before a finding: of one rule and state, those of the least
	 * are shown first; 0 when it is called. */
	unsigned rank;
	struct finding *findings;
	size_t n_findings, cap_findings;
	struct not_judged *not_judged;
	size_t n_not_judged, cap_not_judged;
	const struct rule **holding; /* rules that were judged and hold */
	size_t n_holding, cap_holding;
	struct metric *metrics;
	size_t n_metrics, cap_metrics;
	const char *timeout_stage; /* where the deadline cut in, or NULL */
	enum state timeout_state;  /* --timeout-result; where it did */
};

/* The judge keeps pointers to what it is given. */
void judge_init(struct judge *judge, struct arena *arena,
	const struct rule *rules, size_t n_rules,
	const struct override *overrides, size_t n_overrides);

/* Runs every rule that has a judge function over the facts, in order. */
void judge_all(struct judge *judge, const void *facts);

/*
 * Called by a rule's judge function. The first takes the rule's default
 * state, the second the state that the rule grades it with; overrides come
 * on top. The text is formatted, then cleaned.
 */
void judge_finding(struct judge *judge, struct culprit culprit, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));
void judge_finding_as(struct judge *judge, enum state state,
	struct culprit culprit, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Called by a rule's judge function: part of its facts (subject, or NULL for
 * all) are missing, for this reason. A subject and reason given twice by one
 * rule counts once; a rule that an override ignores is not counted.
 */
void judge_not_judged(struct judge *judge, const char *subject, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));

/*
 * Called by a rule's judge function: nobody asked for what it is about, which
 * takes an option. It neither holds nor is it not judged.
 */
void judge_not_asked(struct judge *judge);

/* Adds the value of a metric; instance as in struct metric. What is not
 * finite is no value and left out. */
void judge_metric(struct judge *judge, const struct metric_def *def,
	const char *instance, double value);

/*
 * Judges the metrics by the thresholds: a finding of the rule with the id
 * "threshold", which must be in the rule table, for each value outside; a
 * threshold whose metric has no value is not judged.
 */
void judge_thresholds(struct judge *judge, const struct threshold *thresholds,
	size_t n_thresholds);

/*
 * The run hit its deadline in the named stage. Where an essential rule was
 * not judged, the result is at least state (--timeout-result) instead of
 * UNKNOWN.
 */
void judge_timed_out(struct judge *judge, const char *stage, enum state state);

/*
 * The least that the result is by what was not judged: OK, or where it was an
 * essential rule UNKNOWN, or the state given to judge_timed_out().
 */
enum state judge_floor(const struct judge *judge);

/* Whether an essential rule was not judged. */
bool judge_lacks_essential(const struct judge *judge);

/* Worst of all findings that are not ignored, and of the floor. */
enum state judge_state(const struct judge *judge);

/*
 * Sorts findings worst first; within a state in the order of the rule
 * table, by rank, then by culprit, so that equal facts give equal output.
 */
void judge_sort(struct judge *judge);

/* The row with this id, or NULL. */
const struct rule *rule_find(
	const struct rule *rules, size_t n_rules, const char *id);

/*
 * Reads "ID[@CULPRIT]=ok|warning|critical|unknown|ignore". Returns NULL, or
 * what is wrong with it as the end of a sentence. Strings go to the arena.
 */
const char *override_parse(struct arena *arena, const struct rule *rules,
	size_t n_rules, const char *s, struct override *out);

#endif
