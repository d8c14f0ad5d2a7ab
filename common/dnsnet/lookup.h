/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The authoritative addresses of a name: A and AAAA, by the same walk from
 * the root as the zone itself, with all cuts shared.
 */
#ifndef LIFELINE_DNSNET_LOOKUP_H
#define LIFELINE_DNSNET_LOOKUP_H

#include "common/dnsnet/zonecut.h"

struct lookup_waiter;

struct lookup {
	const char *name;
	unsigned depth;         /* name servers of name servers of ... */
	unsigned aliases;       /* CNAMEs that led here */
	enum dns_lookup status; /* DNS_LOOKUP_NOT_DONE until is_done */
	const char *why;        /* where it is not FOUND; or NULL */
	const char *alias;      /* the first CNAME's target, or NULL */
	struct dns_addrs addrs;
	bool v4_known, v6_known;
	bool is_begun, is_done;
	struct lookup_waiter *waiters;
	struct walk *walk;
	struct lookup_type *a, *aaaa;
	struct lookup *next;
};

/* Called when something new is known of the lookup, and when it is done. */
typedef void (*lookup_fn)(void *arg, const struct lookup *lookup);

/*
 * Finds or starts the lookup of a name, at a depth below the zone in hand.
 * fn is called at once where something is known already, and each time that
 * more comes; the same news may come twice. Past a bound the lookup ends as
 * DNS_LOOKUP_LIMIT.
 */
void lookup_start(struct walk *walk, const char *name, unsigned depth,
	lookup_fn fn, void *arg);

/*
 * Looks up more name servers of a cut, in lots, in the order of a hash.
 * False where none is left and none is under way.
 */
bool lookup_more_servers(struct walk *walk, struct cut *cut);

/*
 * Nothing is under way any more: what is still not done waits for itself and
 * ends as circular. True where there was any.
 */
bool lookups_break_circles(struct walk *walk);

#endif
