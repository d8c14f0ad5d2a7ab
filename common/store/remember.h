/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --remember and --accept: the delegation, held against what was accepted. */
#ifndef LIFELINE_STORE_REMEMBER_H
#define LIFELINE_STORE_REMEMBER_H

#include "common/dns/delegation.h"
#include "common/store/store.h"

/*
 * For a delegation that was gathered, with its expectations in it: fills
 * d->remembered and d->memory from the document of its zone, and keeps what
 * is there now where nothing was kept yet (the first run), where it is
 * accepted (then d->remembered is that), or where all that changed was
 * declared. What --ns and --ds give is never kept. Call it before judging,
 * and not at all without --remember and --accept: d->memory stays NOT_KEPT
 * then.
 */
void remember_delegation(struct arena *arena, const struct store_place *place,
	bool is_accepted, struct delegation *d);

#endif
