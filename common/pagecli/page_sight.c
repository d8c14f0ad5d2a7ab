/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_sight.h"

#include <string.h>
#include <unistd.h>

#include "common/loop/address.h"

enum {
	PORT = 443,    /* of no consequence: nothing is sent */
	V4_BYTES = 4,  /* at the end of an address of the well-known prefix */
	V4_BEGIN = 12, /* there */
};

bool page_is_nat64(const struct dns_addr *addr, const struct dns_prefix *nat64)
{
	static const char *const prefixes[] = { "64:ff9b::/96",
		"64:ff9b:1::/48" };
	struct dns_prefix prefix;
	size_t i;

	if (addr->family != 6)
		return false;
	if (nat64->addr.family == 6 && dns_prefix_holds(nat64, addr))
		return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (dns_prefix_parse(prefixes[i], &prefix) &&
			dns_prefix_holds(&prefix, addr))
			return true;
	return false;
}

/* By this host's own table: a datagram socket that is connected sends
 * nothing. */
static bool has_route(const struct dns_addr *addr)
{
	struct sockaddr_storage to;
	socklen_t len = address_of_socket(addr->family, addr->bytes, PORT, &to);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_there;

	if (fd < 0)
		return false;
	is_there = connect(fd, (const struct sockaddr *)&to, len) == 0;
	(void)close(fd);
	return is_there;
}

bool page_has_route(const struct dns_addr *addrs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (has_route(&addrs[i]))
			return true;
	return false;
}

static bool has_twin(const struct resolved *resolved,
	const struct dns_prefix *nat64, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < resolved->n_addrs; i++)
		if (page_is_nat64(&resolved->addrs[i], nat64) &&
			memcmp(resolved->addrs[i].bytes + V4_BEGIN, addr->bytes,
				V4_BYTES) == 0)
			return true;
	return false;
}

size_t page_without_twins(struct arena *arena, const struct resolved *resolved,
	const struct dns_prefix *nat64, struct dns_addr **out)
{
	size_t n = 0;
	size_t i;

	*out = arena_array(arena, resolved->n_addrs, sizeof(**out));
	for (i = 0; i < resolved->n_addrs; i++) {
		const struct dns_addr *addr = &resolved->addrs[i];

		if (addr->family == 4 && has_twin(resolved, nat64, addr) &&
			!has_route(addr))
			continue;
		(*out)[n++] = *addr;
	}
	return n;
}

enum dns_sight page_sight_of(const struct page *page,
	const struct dns_addr *addrs, unsigned family, bool is_used)
{
	const struct page_source *source = &page->source;
	enum dns_sight sight = DNS_SIGHT_NOT_TRIED;
	size_t i;

	if (!is_used)
		return DNS_SIGHT_SWITCHED_OFF;
	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];

		if (fetch->family != family ||
			fetch->end == PAGE_FETCH_NOT_DONE ||
			fetch->end == PAGE_FETCH_OUR_FAULT)
			continue;
		if (fetch->end != PAGE_FETCH_UNREACHABLE ||
			has_route(&addrs[i]))
			return DNS_SIGHT_SEEN;
		sight = DNS_SIGHT_NO_ROUTE;
	}
	return sight;
}
