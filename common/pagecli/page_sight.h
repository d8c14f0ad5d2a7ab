/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this host sees of each family, and addresses behind a translator. */
#ifndef LIFELINE_PAGECLI_PAGE_SIGHT_H
#define LIFELINE_PAGECLI_PAGE_SIGHT_H

#include "common/dnsnet/resolver.h"
#include "common/page/page.h"

/* Whether the address stands for one of IPv4: made by DNS64 (RFC 6147) with
 * the prefix, or with the well-known ones (RFC 6052, RFC 8215). */
bool page_is_nat64(const struct dns_addr *addr, const struct dns_prefix *nat64);

/* Whether this host has a route to any of them. */
bool page_has_route(const struct dns_addr *addrs, size_t n);

/*
 * The addresses of a host, but those of IPv4 that can't be reached from here
 * and are there behind a translator as well. Returns how many, in *out, in the
 * arena.
 */
size_t page_without_twins(struct arena *arena, const struct resolved *resolved,
	const struct dns_prefix *nat64, struct dns_addr **out);

/* Whether this host sees the family, by what the page's addresses, parallel to
 * its fetches, came to, and by its routes to them. */
enum dns_sight page_sight_of(const struct page *page,
	const struct dns_addr *addrs, unsigned family, bool is_used);

#endif
