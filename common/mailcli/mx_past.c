/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailcli/mx_past.h"

#include <string.h>

#include "common/store/sts_past.h"

void mx_past_recall(
	struct arena *arena, const struct store_place *place, struct mx *mx)
{
	struct mx_sts *sts = &mx->sts;
	const struct sts_past now = { sts->id, sts->policy_text };
	struct sts_past_file file;

	if (!sts->id || !sts->policy.is_parsed || sts->policy.wrong)
		return;
	sts_past_open(&file, arena, place, mx->domain);
	sts->past_id = file.past.id;
	sts->past_policy_text = file.past.policy_text;
	if (!file.past.id || strcmp(file.past.id, sts->id) != 0)
		sts_past_save(&file, &now);
	sts->memory = file.state;
	sts_past_close(&file);
}
