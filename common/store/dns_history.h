/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The documents of the DNS plugins in the store. */
#ifndef LIFELINE_STORE_DNS_HISTORY_H
#define LIFELINE_STORE_DNS_HISTORY_H

#include "common/dns/history.h"
#include "common/store/store.h"

/* The caller owns the struct; what it points to is in the arena. */
struct history_file {
	struct store_file *store;
	struct dns_history_file state; /* fate, why and node */
	struct dns_history history;    /* as it was read; empty else */
};

/*
 * Locks and reads the history with this key (UTF-8): all that makes it another
 * history, "check_dns_secondary example.org primary=192.0.2.1". Open it after
 * the network was asked, since the lock is held until history_close().
 */
void history_open(struct history_file *file, struct arena *arena,
	const struct store_place *place, const char *key);
/* Keeps it; equal ones are not written. Where that fails, file->state says
 * so from then on. */
void history_save(struct history_file *file, const struct dns_history *history);
void history_close(struct history_file *file);

/* What became of a file, in words of the facts. */
struct dns_history_file history_state_of(const struct store_file *store);

/* The same for what was accepted of a zone's delegation: one document a zone,
 * shared by all plugins. */
struct remembered_file {
	struct store_file *store;
	struct dns_history_file state;
	struct dns_remembered remembered; /* is_known: it was read */
};

void remembered_open(struct remembered_file *file, struct arena *arena,
	const struct store_place *place, const char *zone);
void remembered_save(
	struct remembered_file *file, const struct dns_remembered *remembered);
void remembered_close(struct remembered_file *file);

#endif
