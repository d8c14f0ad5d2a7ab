/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domain names and addresses as text and bytes. No memory but the arena's,
 * and no look-ups.
 */
#include "config.h"

#include "common/dns/name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/core/num.h"

enum {
	SITE_V4 = 24,
	SITE_V6 = 48,
};

/* The IANA special-purpose address registries, and multicast. The first row
 * that holds an address names it, so the narrower comes first. */
/* clang-format off */
static const struct {
	struct dns_prefix prefix;
	const char *why;
} special[] = {
	/* 0.0.0.0/8 */
	{ { { 4, { 0 } }, 8 },
	  "\"this network\" (RFC 1122)" },
	/* 10.0.0.0/8 */
	{ { { 4, { 10 } }, 8 },
	  "private (RFC 1918)" },
	/* 100.64.0.0/10 */
	{ { { 4, { 100, 64 } }, 10 },
	  "shared behind a carrier's NAT (RFC 6598)" },
	/* 127.0.0.0/8 */
	{ { { 4, { 127 } }, 8 },
	  "loopback (RFC 1122)" },
	/* 169.254.0.0/16 */
	{ { { 4, { 169, 254 } }, 16 },
	  "link-local (RFC 3927)" },
	/* 172.16.0.0/12 */
	{ { { 4, { 172, 16 } }, 12 },
	  "private (RFC 1918)" },
	/* 192.0.0.0/24 */
	{ { { 4, { 192, 0, 0 } }, 24 },
	  "kept for protocols (RFC 6890)" },
	/* 192.88.99.0/24 */
	{ { { 4, { 192, 88, 99 } }, 24 },
	  "a withdrawn 6to4 relay (RFC 7526)" },
	/* 192.168.0.0/16 */
	{ { { 4, { 192, 168 } }, 16 },
	  "private (RFC 1918)" },
	/* 198.18.0.0/15 */
	{ { { 4, { 198, 18 } }, 15 },
	  "benchmarking (RFC 2544)" },
	/* 224.0.0.0/4 */
	{ { { 4, { 224 } }, 4 },
	  "multicast (RFC 1112)" },
	/* 255.255.255.255/32 */
	{ { { 4, { 255, 255, 255, 255 } }, 32 },
	  "broadcast (RFC 919)" },
	/* 240.0.0.0/4 */
	{ { { 4, { 240 } }, 4 },
	  "reserved (RFC 1112)" },
	/* ::/128 */
	{ { { 6, { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } }, 128 },
	  "unspecified (RFC 4291)" },
	/* ::1/128 */
	{ { { 6, { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01 } }, 128 },
	  "loopback (RFC 4291)" },
	/* ::/96 */
	{ { { 6, { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } }, 96 },
	  "IPv4-compatible (RFC 4291)" },
	/* ::ffff:0:0/96 */
	{ { { 6, { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff } }, 96 },
	  "IPv4-mapped (RFC 4291)" },
	/* 64:ff9b::/96 */
	{ { { 6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } }, 96 },
	  "IPv4 behind a translator (RFC 6052)" },
	/* 64:ff9b:1::/48 */
	{ { { 6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 } }, 48 },
	  "IPv4 behind a translator (RFC 8215)" },
	/* 100::/64 */
	{ { { 6, { 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } }, 64 },
	  "discard-only (RFC 6666)" },
	/* 2001::/32 */
	{ { { 6, { 0x20, 0x01, 0x00, 0x00 } }, 32 },
	  "Teredo (RFC 4380)" },
	/* 2001:2::/48 */
	{ { { 6, { 0x20, 0x01, 0x00, 0x02, 0x00, 0x00 } }, 48 },
	  "benchmarking (RFC 5180)" },
	/* 2001:10::/28 */
	{ { { 6, { 0x20, 0x01, 0x00, 0x10 } }, 28 },
	  "ORCHID (RFC 4843)" },
	/* 2001:20::/28 */
	{ { { 6, { 0x20, 0x01, 0x00, 0x20 } }, 28 },
	  "ORCHIDv2 (RFC 7343)" },
	/* 2002::/16 */
	{ { { 6, { 0x20, 0x02 } }, 16 },
	  "6to4 (RFC 7526)" },
	/* 5f00::/16 */
	{ { { 6, { 0x5f, 0x00 } }, 16 },
	  "segment routing (RFC 9602)" },
	/* fc00::/7 */
	{ { { 6, { 0xfc } }, 7 },
	  "unique local (RFC 4193)" },
	/* fe80::/10 */
	{ { { 6, { 0xfe, 0x80 } }, 10 },
	  "link-local (RFC 4291)" },
	/* fec0::/10 */
	{ { { 6, { 0xfe, 0xc0 } }, 10 },
	  "site-local (RFC 3879)" },
	/* ff00::/8 */
	{ { { 6, { 0xff } }, 8 },
	  "multicast (RFC 4291)" },
};
/* clang-format on */

/* 2000::/3 */
static const struct dns_prefix global_unicast = { { 6, { 0x20 } }, 3 };

static unsigned address_bits(const struct dns_addr *addr)
{
	return addr->family == 4 ? 32 : 128;
}

const char *dns_addr_text(
	const struct dns_addr *addr, char buf[static DNS_ADDR_TEXT])
{
	int family = addr->family == 4 ? AF_INET : AF_INET6;

	if (addr->family == 0 ||
		!inet_ntop(family, addr->bytes, buf, DNS_ADDR_TEXT))
		buf[0] = '\0';
	return buf;
}

const char *dns_addr_string(struct arena *arena, const struct dns_addr *addr)
{
	char buf[DNS_ADDR_TEXT];

	return arena_strdup(arena, dns_addr_text(addr, buf));
}

bool dns_addr_parse(const char *s, struct dns_addr *out)
{
	struct dns_addr addr = { 0 };

	if (inet_pton(AF_INET, s, addr.bytes) == 1)
		addr.family = 4;
	else if (inet_pton(AF_INET6, s, addr.bytes) == 1)
		addr.family = 6;
	else
		return false;
	*out = addr;
	return true;
}

bool dns_prefix_parse(const char *s, struct dns_prefix *out)
{
	struct dns_prefix prefix = { 0 };
	char text[DNS_ADDR_TEXT];
	const char *slash = strchr(s, '/');
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	uint64_t length;

	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	if (!dns_addr_parse(text, &prefix.addr))
		return false;
	length = address_bits(&prefix.addr);
	if (slash && num_parse_uint(slash + 1, 0, length, &length) != NUM_OK)
		return false;
	prefix.length = (unsigned)length;
	*out = prefix;
	return true;
}

int dns_addr_compare(const struct dns_addr *a, const struct dns_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, address_bits(a) / 8);
}

bool dns_prefix_holds(
	const struct dns_prefix *prefix, const struct dns_addr *addr)
{
	unsigned whole = prefix->length / 8;
	unsigned rest = prefix->length % 8;
	unsigned differing;

	if (prefix->addr.family != addr->family)
		return false;
	if (memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	differing = prefix->addr.bytes[whole] ^ addr->bytes[whole];
	return differing >> (8 - rest) == 0;
}

/* A copy of the address with all bits from length on zero. */
static struct dns_addr leading_bits(
	const struct dns_addr *addr, unsigned length)
{
	struct dns_addr out = { .family = addr->family };
	unsigned whole = length / 8;

	memcpy(out.bytes, addr->bytes, whole);
	if (length % 8 != 0)
		out.bytes[whole] =
			(uint8_t)(addr->bytes[whole] & (0xff00U >> length % 8));
	return out;
}

const char *dns_prefix_text(
	const struct dns_prefix *prefix, char buf[static DNS_PREFIX_TEXT])
{
	struct dns_addr addr = leading_bits(&prefix->addr, prefix->length);
	char text[DNS_ADDR_TEXT];

	snprintf(buf, DNS_PREFIX_TEXT, "%s/%u", dns_addr_text(&addr, text),
		prefix->length);
	return buf;
}

struct dns_prefix dns_site(const struct dns_addr *addr)
{
	unsigned length = addr->family == 4 ? SITE_V4 : SITE_V6;

	return (struct dns_prefix){ leading_bits(addr, length), length };
}

const char *dns_addr_unusable(const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (dns_prefix_holds(&special[i].prefix, addr))
			return special[i].why;
	if (addr->family == 6 && !dns_prefix_holds(&global_unicast, addr))
		return "not global unicast (RFC 4291)";
	return NULL;
}

/* The dot that ends the first label; NULL where it is the last one. A
 * backslash takes the next character with it (RFC 1035 section 5.1). */
static const char *label_end(const char *name)
{
	for (; *name; name++) {
		if (*name == '.')
			return name;
		if (*name == '\\' && name[1])
			name++;
	}
	return NULL;
}

const char *dns_name_parent(const char *name)
{
	const char *dot;

	if (strcmp(name, ".") == 0)
		return NULL;
	dot = label_end(name);
	return dot ? dot + 1 : ".";
}

unsigned dns_name_labels(const char *name)
{
	unsigned n = 0;

	if (strcmp(name, ".") == 0)
		return 0;
	for (; name; n++) {
		name = label_end(name);
		if (name)
			name++;
	}
	return n;
}

bool dns_name_in(const char *name, const char *zone)
{
	/* Going up label by label never mistakes an escaped dot for the end
	 * of a label. */
	for (; name; name = dns_name_parent(name))
		if (strcmp(name, zone) == 0)
			return true;
	return false;
}

int dns_name_compare(const char *a, const char *b)
{
	return strcmp(a, b);
}
