/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes, and notifications about them, out of the mailbox. */
#ifndef LIFELINE_MAILCLI_FLOW_COLLECT_H
#define LIFELINE_MAILCLI_FLOW_COLLECT_H

#include "common/mailcli/flow_setup.h"
#include "common/store/flow_seen.h"

enum {
	FLOW_ARRIVALS_KEPT = 200, /* with their trails */
	FLOW_ARRIVALS_MAX = 250,  /* with what is wrong with some */
};

struct flow_collect;

/*
 * Reads the mailbox. The ledger tells which messages were accounted for
 * before; seen, how far it was looked at. fn is called once, later, from the
 * loop or from flow_collect_end(), and again at the end of
 * flow_collect_delete().
 */
struct flow_collect *flow_collect_start(const struct flow_net *net,
	const struct flow_ledger *ledger, const struct flow_seen_file *seen,
	void (*fn)(void *arg), void *arg);

/* Ends reading as timed out, unless that is over. True: it was not. */
bool flow_collect_end(struct flow_collect *collect);
bool flow_collect_is_over(const struct flow_collect *collect);

/* All that was seen, once reading is over; in the arena. */
const struct flow_event *flow_collect_events(
	const struct flow_collect *collect, size_t *n);
/* The same for those that the ledger, after accounting, has for its own: see
 * flow_collect_settle(). */
const struct flow_arrival *flow_collect_arrivals(
	const struct flow_collect *collect, size_t *n);
/* Drops the arrivals that the ledger left alone. */
void flow_collect_settle(
	struct flow_collect *collect, const struct flow_ledger *ledger);
/* Whether every message that may be ours was looked at. */
bool flow_collect_is_all(const struct flow_collect *collect);
/* The folders, or, where none could be got to, the server. */
struct flow_service *flow_collect_services(
	struct flow_collect *collect, size_t *n);

/* How far it was looked at now; false: it is not known. */
bool flow_collect_seen(
	const struct flow_collect *collect, struct flow_seen *seen);

/* Deletes what the ledger, which is on disk, accounts for, and logs out. */
void flow_collect_delete(
	struct flow_collect *collect, const struct flow_ledger *ledger);
bool flow_collect_is_gone(const struct flow_collect *collect);
/* Where the deadline came first: what is not deleted by now stays. */
void flow_collect_stop(struct flow_collect *collect);

/* Whose mailbox it is, for what is remembered of it. */
const char *flow_collect_owner(const struct flow_net *net);

/* Gives back what it holds. */
void flow_collect_free(struct flow_collect *collect);

#endif
