/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy of MTA-STS, held against the one that an earlier run saw. */
#ifndef LIFELINE_MAILCLI_MX_PAST_H
#define LIFELINE_MAILCLI_MX_PAST_H

#include "common/mail/mx.h"
#include "common/store/store.h"

/*
 * For facts that were gathered: fills sts.memory, past_id and past_policy_text
 * from the document of the domain, and keeps id and policy where there were
 * none, or the id is another one. As long as the id stays, so does what is
 * kept: a policy that changed without it is told until either is put right.
 * Where there is no sound record with a sound policy, nothing is looked at.
 */
void mx_past_recall(
	struct arena *arena, const struct store_place *place, struct mx *mx);

#endif
