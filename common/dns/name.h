/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domain names and addresses as plain text and bytes. A name is held in
 * presentation form (RFC 1035 section 5.1, RFC 4343: escapes for all that
 * is not printable), in lower case, without its last dot; the root is ".".
 */
#ifndef LIFELINE_DNS_NAME_H
#define LIFELINE_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

enum {
	DNS_NAME_TEXT = 1024, /* a name in presentation form, with the NUL */
	DNS_ADDR_TEXT = 48,   /* an address as text, with the NUL */
	DNS_PREFIX_TEXT = 52, /* a network as text, with the NUL */
};

struct dns_addr {
	uint8_t family;    /* 4 or 6; 0: none */
	uint8_t bytes[16]; /* network order; the first 4 for family 4 */
};

/* A network: the leading bits of addr count. */
struct dns_prefix {
	struct dns_addr addr;
	unsigned length;
};

/* Canonical text (RFC 5952 for IPv6) into buf; returns buf. */
const char *dns_addr_text(
	const struct dns_addr *addr, char buf[static DNS_ADDR_TEXT]);
/* The same, in the arena. */
const char *dns_addr_string(struct arena *arena, const struct dns_addr *addr);

/* An address literal of either family, nothing else around it. */
bool dns_addr_parse(const char *s, struct dns_addr *out);
/* "ADDR/LENGTH", or "ADDR" alone for the whole address. */
bool dns_prefix_parse(const char *s, struct dns_prefix *out);

/* "192.0.2.0/24", without the bits behind the prefix, into buf; returns buf. */
const char *dns_prefix_text(
	const struct dns_prefix *prefix, char buf[static DNS_PREFIX_TEXT]);

/* Order: IPv4 first, then by bytes; 0 where equal. */
int dns_addr_compare(const struct dns_addr *a, const struct dns_addr *b);
bool dns_prefix_holds(
	const struct dns_prefix *prefix, const struct dns_addr *addr);
/* The network of an address as what is routed as one: its /24 or /48. */
struct dns_prefix dns_site(const struct dns_addr *addr);

/*
 * What makes an address useless for a name server that the world is to
 * reach: "private (RFC 1918)", "loopback (RFC 1122)" ..., from the IANA
 * special-purpose registries (RFC 6890); NULL where it is usable. IPv4 in
 * IPv6 (::ffff:0:0/96) counts as useless. Documentation addresses (RFC
 * 5737, RFC 3849) do not: nothing private stands behind them, and whoever
 * delegates to one finds it silent.
 */
const char *dns_addr_unusable(const struct dns_addr *addr);

/* Whether name is zone, or below it. */
bool dns_name_in(const char *name, const char *zone);
/* The name without its first label; "." for a single label; NULL for ".". */
const char *dns_name_parent(const char *name);
/* 0 for the root. */
unsigned dns_name_labels(const char *name);
/* Order of names as text; 0 where equal. */
int dns_name_compare(const char *a, const char *b);

#endif
