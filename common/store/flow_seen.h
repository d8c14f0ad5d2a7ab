/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far the mailboxes of check_mail_flow were looked at: beside the ledger,
 * since a mailbox of POP3 may hold a hundred thousand messages, and nothing is
 * lost with it but time.
 */
#ifndef LIFELINE_STORE_FLOW_SEEN_H
#define LIFELINE_STORE_FLOW_SEEN_H

#include "common/store/store.h"

enum {
	FLOW_SEEN_FOLDERS_MAX = 8,
	FLOW_SEEN_NAME_MAX = 255, /* bytes of a folder's name */
	FLOW_SEEN_PRINTS_MAX = 80000,
	FLOW_SEEN_OWNER_MAX = 1000,
};

struct flow_seen_folder {
	const char *name;
	uint32_t uid_validity, last_uid;
};

struct flow_seen {
	/* Whose it is: of another mailbox, user or key it is of no use. */
	const char *owner;
	struct flow_seen_folder folders[FLOW_SEEN_FOLDERS_MAX];
	size_t n_folders;
	/* POP3: prints, in ascending order. */
	const uint64_t *prints;
	size_t n_prints;
};

/* The caller owns the struct; what it points to is in the arena. */
struct flow_seen_file {
	struct store_file *store;
	bool was_read; /* and seen is of that owner */
	struct flow_seen seen;
};

/* Under the lock of the ledger of this instance. */
void flow_seen_open(struct flow_seen_file *file, struct arena *arena,
	const struct store_place *place, const char *instance,
	const char *owner);
/* After the ledger. More prints than there may be are not kept, and neither
 * is then what was read. */
bool flow_seen_save(struct flow_seen_file *file, const struct flow_seen *seen);
void flow_seen_close(struct flow_seen_file *file);

#endif
