/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger of check_mail_flow in the store. */
#ifndef LIFELINE_STORE_FLOW_FILE_H
#define LIFELINE_STORE_FLOW_FILE_H

#include "common/mail/flow.h"
#include "common/store/store.h"

/* The caller owns the struct; what it points to is in the arena. */
struct flow_file {
	struct store_file *store;
	struct flow_memory memory;
	bool was_read;             /* there is a ledger */
	struct flow_ledger ledger; /* as it was read; empty else */
};

/*
 * Locks and reads the ledger of this instance. The lock is held until
 * flow_file_close(), so that of two runs at once one sends after the other,
 * and no probe is counted twice.
 */
void flow_file_open(struct flow_file *file, struct arena *arena,
	const struct store_place *place, const char *instance);
/* Whether the ledger is on disk now; where not, file->memory says why. */
bool flow_file_save(struct flow_file *file, const struct flow_ledger *ledger);
void flow_file_close(struct flow_file *file);

#endif
