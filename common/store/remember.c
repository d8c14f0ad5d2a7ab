/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/store/remember.h"

#include "common/store/dns_history.h"

void remember_delegation(struct arena *arena, const struct store_place *place,
	bool is_accepted, struct delegation *d)
{
	struct remembered_file file;
	struct dns_remembered next;

	remembered_open(&file, arena, place, d->zone);
	d->remembered = file.remembered;
	next = delegation_to_remember(arena, d, is_accepted);
	if (next.is_known)
		remembered_save(&file, &next);
	d->memory = file.state;
	if (next.is_known && is_accepted &&
		d->memory.fate != DNS_HISTORY_UNUSABLE &&
		d->memory.fate != DNS_HISTORY_NO_PLACE)
		d->remembered = next;
	remembered_close(&file);
}
