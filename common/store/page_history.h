/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history of a status page in the store. */
#ifndef LIFELINE_STORE_PAGE_HISTORY_H
#define LIFELINE_STORE_PAGE_HISTORY_H

#include "common/dns/history.h"
#include "common/page/history.h"
#include "common/store/store.h"

/* The caller owns the struct; what it points to is in the arena. */
struct page_history_store {
	struct store_file *store;
	struct dns_history_file state; /* fate, why and node */
	struct page_history history;   /* as it was read; empty else */
};

/*
 * Locks and reads the history with this key (UTF-8): all that makes it another
 * one, its URL and what is asked of it. Conditional requests need its tags
 * before the network is asked: then it is opened twice, and closed in between,
 * since the lock is held until page_history_close().
 */
void page_history_open(struct page_history_store *file, struct arena *arena,
	const struct store_place *place, const char *key);
/* Keeps it; equal ones are not written. Where that fails, file->state says so
 * from then on. */
void page_history_save(
	struct page_history_store *file, const struct page_history *history);
void page_history_close(struct page_history_store *file);

#endif
