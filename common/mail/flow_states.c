/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can become of a probe, as a table. */
#include "config.h"

#include "common/mail/flow.h"

static const char *const state_words[] = {
	[FLOW_SENT] = "sent",
	[FLOW_ACCEPTED] = "accepted",
	[FLOW_DELAYED] = "delayed",
	[FLOW_DELIVERED] = "delivered",
	[FLOW_LATE] = "late",
	[FLOW_JUNK] = "junk",
	[FLOW_BOUNCED] = "bounced",
	[FLOW_LOST] = "lost",
	[FLOW_REFUSED] = "refused",
	[FLOW_UNACCOUNTED] = "unaccounted",
};

static const char *const what_words[] = {
	[FLOW_IS_ACCEPTED] = "is accepted",
	[FLOW_IS_REFUSED] = "is refused",
	[FLOW_ARRIVES] = "arrives",
	[FLOW_ARRIVES_LATE] = "arrives late",
	[FLOW_ARRIVES_AS_JUNK] = "arrives as junk",
	[FLOW_IS_DELAYED] = "is delayed",
	[FLOW_BOUNCES] = "bounces",
	[FLOW_AGES] = "grows too old",
};

/*
 * An arrival is proof, whatever was counted before. Nothing else is: a
 * notification may be about one of several copies. And what nobody took for
 * sure can't be lost: who was to send it may have been killed before.
 */
const struct flow_step flow_steps[] = {
	{ FLOW_SENT, FLOW_IS_ACCEPTED, FLOW_ACCEPTED },
	{ FLOW_SENT, FLOW_IS_REFUSED, FLOW_REFUSED },
	{ FLOW_SENT, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_SENT, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_SENT, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },
	{ FLOW_SENT, FLOW_IS_DELAYED, FLOW_DELAYED },
	{ FLOW_SENT, FLOW_BOUNCES, FLOW_BOUNCED },
	{ FLOW_SENT, FLOW_AGES, FLOW_UNACCOUNTED },

	{ FLOW_ACCEPTED, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_ACCEPTED, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_ACCEPTED, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },
	{ FLOW_ACCEPTED, FLOW_IS_DELAYED, FLOW_DELAYED },
	{ FLOW_ACCEPTED, FLOW_BOUNCES, FLOW_BOUNCED },
	{ FLOW_ACCEPTED, FLOW_AGES, FLOW_LOST },

	{ FLOW_DELAYED, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_DELAYED, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_DELAYED, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },
	{ FLOW_DELAYED, FLOW_IS_DELAYED, FLOW_DELAYED },
	{ FLOW_DELAYED, FLOW_BOUNCES, FLOW_BOUNCED },
	{ FLOW_DELAYED, FLOW_AGES, FLOW_LOST },

	{ FLOW_LOST, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_LOST, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_LOST, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },
	{ FLOW_LOST, FLOW_BOUNCES, FLOW_BOUNCED },

	{ FLOW_BOUNCED, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_BOUNCED, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_BOUNCED, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },

	{ FLOW_REFUSED, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_REFUSED, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_REFUSED, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },
	{ FLOW_REFUSED, FLOW_BOUNCES, FLOW_BOUNCED },

	{ FLOW_UNACCOUNTED, FLOW_ARRIVES, FLOW_DELIVERED },
	{ FLOW_UNACCOUNTED, FLOW_ARRIVES_LATE, FLOW_LATE },
	{ FLOW_UNACCOUNTED, FLOW_ARRIVES_AS_JUNK, FLOW_JUNK },
	{ FLOW_UNACCOUNTED, FLOW_IS_DELAYED, FLOW_DELAYED },
	{ FLOW_UNACCOUNTED, FLOW_BOUNCES, FLOW_BOUNCED },
};

const size_t flow_n_steps = sizeof(flow_steps) / sizeof(flow_steps[0]);

const char *flow_state_word(unsigned state)
{
	return state < FLOW_STATES ? state_words[state] : NULL;
}

const char *flow_what_word(unsigned what)
{
	return what < FLOW_WHATS ? what_words[what] : NULL;
}

bool flow_is_outstanding(enum flow_state state)
{
	return state == FLOW_SENT || state == FLOW_ACCEPTED ||
	       state == FLOW_DELAYED;
}

bool flow_has_arrived(enum flow_state state)
{
	return state == FLOW_DELIVERED || state == FLOW_LATE ||
	       state == FLOW_JUNK;
}
