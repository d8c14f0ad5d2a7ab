/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DNS side of check_mx: from the domain to addresses and TLSA records. */
#ifndef LIFELINE_MAILCLI_MX_DNS_H
#define LIFELINE_MAILCLI_MX_DNS_H

#include "common/dnsnet/exchange.h"
#include "common/mail/mx.h"

/*
 * What becomes known on the way, told at once, so that what builds on it need
 * not wait for the rest. Nothing is told after the deadline.
 */
struct mx_news {
	/* The exchangers are known, and stay where they are. */
	void (*set)(void *arg);
	/* One more address of an exchanger, by index; each comes once. */
	void (*address)(
		void *arg, size_t exchanger, const struct dns_addr *addr);
	/* The address of the control; comes once. */
	void (*control)(void *arg, const struct dns_addr *addr);
	/* MTA-STS: there is a policy, at that host, whose addresses are in the
	 * arena; comes once. */
	void (*policy)(void *arg, const char *host,
		const struct dns_addr *addrs, size_t n);
	void *arg;
};

struct mx_finder;

/*
 * Begins to ask for the set, the exchangers, the record of MTA-STS and the
 * control's address of *mx, which has domain, typed and control.host set.
 * Servers whose address is no use to the world are asked only where expect
 * permits them. It all happens in exchanges_run().
 */
struct mx_finder *mx_finder_start(struct exchanges *exchanges,
	const struct delegation_expect *expect, const struct mx_news *news,
	struct mx *mx);

/* Nothing of the DNS is awaited any more: whether something still waits for
 * itself, and goes on now without. */
bool mx_finder_breaks_circles(struct mx_finder *finder);

/* At the end, all being asked or the deadline past: settles what *mx says of
 * the DNS (steps, n_queries, v4 and v6 too) and frees what the finder holds. */
void mx_finder_end(struct mx_finder *finder);

#endif
