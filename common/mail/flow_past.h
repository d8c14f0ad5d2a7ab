/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Series of which the ledger is lost. */
#ifndef LIFELINE_MAIL_FLOW_PAST_H
#define LIFELINE_MAIL_FLOW_PAST_H

#include "common/mail/flow.h"

/* The series is a past one from now on, from 1 up to this number. */
void flow_past_add(
	struct flow_ledger *ledger, uint64_t series, uint64_t highest);

/* One of a past series was seen: it is no gap, and those between it and the
 * others that were seen are. */
void flow_past_see(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t number);

/* Nothing is known any more of one that was remembered. */
void flow_past_doubt(struct flow_ledger *ledger, struct arena *arena,
	uint64_t series, uint64_t number);

/* Forgets the gaps that as many as a window were settled since. */
void flow_past_forget(struct flow_ledger *ledger, size_t window);

uint64_t flow_past_count(const struct flow_ledger *ledger);

#endif
