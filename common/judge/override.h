/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge's own: which override applies. Reading one is in judge.h. */
#ifndef LIFELINE_JUDGE_OVERRIDE_H
#define LIFELINE_JUDGE_OVERRIDE_H

#include "common/judge/judge.h"

/*
 * The override for a finding of the rule about the culprit, or NULL. An
 * address is compared by value, a name without regard to case and last dot.
 * The more specific wins, among equals the later.
 */
const struct override *override_find(const struct override *overrides,
	size_t n_overrides, const char *id, const struct culprit *culprit);

#endif
