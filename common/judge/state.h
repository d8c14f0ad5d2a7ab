/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The four states of a monitoring plugin; the values are the exit codes. */
#ifndef LIFELINE_JUDGE_STATE_H
#define LIFELINE_JUDGE_STATE_H

#include <stdbool.h>

enum state {
	STATE_OK = 0,
	STATE_WARNING = 1,
	STATE_CRITICAL = 2,
	STATE_UNKNOWN = 3,
};

/* The worse of two: OK < UNKNOWN < WARNING < CRITICAL. */
enum state state_worst(enum state a, enum state b);

/* 0 to 3 in that order, for sorting. */
int state_rank(enum state state);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *state_name(enum state state);

/* "ok", "warning", "critical", "unknown" or the exit code's digit. */
bool state_parse(const char *s, enum state *out);

#endif
