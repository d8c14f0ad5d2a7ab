/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A result without a finding, to be added to and printed by tests. */
#ifndef LIFELINE_TESTS_UNIT_REPORT_WORLD_H
#define LIFELINE_TESTS_UNIT_REPORT_WORLD_H

#include "common/report/report.h"

enum {
	WORLD_OVERRIDES = 4,
	WORLD_THRESHOLDS = 4,
};

struct fixture {
	struct arena *arena;
	struct judge judge;
	struct override overrides[WORLD_OVERRIDES];
	struct threshold thresholds[WORLD_THRESHOLDS];
	struct report report;
	struct text out;
};

/* For a test's set-up: example.org by a plugin, which has these rules. */
int world_set_up(void **state, const char *plugin, const struct rule *rules,
	size_t n_rules);
int world_tear_down(void **state);

/* A finding, and a thing that was not judged, of a rule by its index. */
void find(struct fixture *f, int rule, const char *name, const char *address,
	const char *text);
void miss(struct fixture *f, int rule, const char *subject, const char *reason);

#endif
