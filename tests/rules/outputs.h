/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the plugins' outputs share. */
#ifndef LIFELINE_TESTS_OUTPUTS_H
#define LIFELINE_TESTS_OUTPUTS_H

#include "tests/unit/testing.h"

#include "common/core/mem.h"
#include "common/judge/judge.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	OUTPUT_MAX = 1024 * 1024,
	JSON_GOAL = 55 * 1000, /* of the 60 kB that a result may have */
	SERVERS_GOAL = 26,
};

/* The state of a test is its arena. */
int outputs_set_up(void **state);
int outputs_tear_down(void **state);

/* The value of a metric; NAN where it has none, or with an instance where that
 * is not the server that it is of. */
double outputs_metric(
	const struct judge *judge, const char *name, const char *instance);
void outputs_assert_metric(
	const struct judge *judge, const char *name, double value);

/* Facts of 26 servers with long names on both families, glue, all of it
 * signed, half of them with an NSID, the others dead; with more members. */
const char *outputs_many_servers(struct arena *arena, const char *more);

#endif
