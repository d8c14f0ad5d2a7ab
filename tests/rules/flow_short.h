/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts of check_mail_flow as fixtures have them: a member "flow", in which all
 * that is left out is as where all is well. The ledger is a real one, kept by
 * runs: sixty before, a minute apart, each of which sends a probe that arrives
 * after two seconds, then those of the fixture. Times are in seconds, and
 * begin with the fixture's first run; numbers are those of its probes, from 1,
 * and 0 is the last one before, which is still on its way.
 *
 * "runs"        each with "at_s"; what became of what it sent, "reply"
 *               ("accepted", "refused", "unsure", or null: it sent none);
 *               "was_read", whether the mailboxes were; "is_lost", whether the
 *               ledger was just lost; and "events", each with "number",
 *               "what", "after_s" its sending, "said", "copy" and "series",
 *               that of another ledger, by how much it is older.
 *               Left out: one, which sees number 0 arrive.
 * "limits"      "late_s", "lost_s", "window", "recover"
 * "submission", "mailboxes", "memory", "arrivals", "refusals", "news"
 *               and all else as struct flow has them; an arrival has "number",
 *               "delay_s", the values of its fields "received" and
 *               "authentication_results", the newest first, and "via", which
 *               has "name", "address" and "host"
 */
#ifndef LIFELINE_TESTS_FLOW_SHORT_H
#define LIFELINE_TESTS_FLOW_SHORT_H

#include <jansson.h>

#include "common/mail/flow_facts.h"

/* Returns NULL, or what is wrong, an unknown member included. Everything read
 * is owned by the arena. */
const char *flow_short_read(
	struct arena *arena, json_t *facts, struct flow *flow);

#endif
