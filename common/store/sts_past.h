/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered of a domain's MTA-STS: a document in the store. */
#ifndef LIFELINE_STORE_STS_PAST_H
#define LIFELINE_STORE_STS_PAST_H

#include "common/dns/history.h"
#include "common/store/store.h"

enum {
	STS_PAST_ID_MAX = 32,
	STS_PAST_POLICY_MAX = 65536, /* bytes */
};

/* The id of the record that was seen last, and the text of the policy that was
 * there when it was seen first; both NULL: nothing is remembered. */
struct sts_past {
	const char *id, *policy_text;
};

/* The caller owns the struct; what it points to is in the arena. */
struct sts_past_file {
	struct store_file *store;
	struct dns_history_file state;
	struct sts_past past; /* as it was read */
};

/*
 * Locks and reads what is remembered of the domain. Open it after the network
 * was asked, since the lock is held until sts_past_close().
 */
void sts_past_open(struct sts_past_file *file, struct arena *arena,
	const struct store_place *place, const char *domain);
/* Keeps it; the same is not written again. Where that fails, file->state says
 * so from then on. */
void sts_past_save(struct sts_past_file *file, const struct sts_past *past);
void sts_past_close(struct sts_past_file *file);

#endif
