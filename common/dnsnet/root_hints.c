/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The root servers, as IANA publishes them (b.root since November 2023). */
#include "config.h"

#include "common/dnsnet/gather.h"

/* clang-format off */
#define V4(a, b, c, d) { .family = 4, .bytes = { (a), (b), (c), (d) } }
#define V6(a, b, c, d, e, f, g, h) { .family = 6, .bytes = { \
	(a) >> 8, (a) & 255, (b) >> 8, (b) & 255, \
	(c) >> 8, (c) & 255, (d) >> 8, (d) & 255, \
	(e) >> 8, (e) & 255, (f) >> 8, (f) & 255, \
	(g) >> 8, (g) & 255, (h) >> 8, (h) & 255 } }

const struct dns_hint dns_root_hints[] = {
	{ "a.root-servers.net", V4(198, 41, 0, 4) },
	{ "a.root-servers.net",
		V6(0x2001, 0x503, 0xba3e, 0, 0, 0, 0x2, 0x30) },
	{ "b.root-servers.net", V4(170, 247, 170, 2) },
	{ "b.root-servers.net",
		V6(0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb) },
	{ "c.root-servers.net", V4(192, 33, 4, 12) },
	{ "c.root-servers.net",
		V6(0x2001, 0x500, 0x2, 0, 0, 0, 0, 0xc) },
	{ "d.root-servers.net", V4(199, 7, 91, 13) },
	{ "d.root-servers.net",
		V6(0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd) },
	{ "e.root-servers.net", V4(192, 203, 230, 10) },
	{ "e.root-servers.net",
		V6(0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe) },
	{ "f.root-servers.net", V4(192, 5, 5, 241) },
	{ "f.root-servers.net",
		V6(0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf) },
	{ "g.root-servers.net", V4(192, 112, 36, 4) },
	{ "g.root-servers.net",
		V6(0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d) },
	{ "h.root-servers.net", V4(198, 97, 190, 53) },
	{ "h.root-servers.net",
		V6(0x2001, 0x500, 0x1, 0, 0, 0, 0, 0x53) },
	{ "i.root-servers.net", V4(192, 36, 148, 17) },
	{ "i.root-servers.net",
		V6(0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53) },
	{ "j.root-servers.net", V4(192, 58, 128, 30) },
	{ "j.root-servers.net",
		V6(0x2001, 0x503, 0xc27, 0, 0, 0, 0x2, 0x30) },
	{ "k.root-servers.net", V4(193, 0, 14, 129) },
	{ "k.root-servers.net",
		V6(0x2001, 0x7fd, 0, 0, 0, 0, 0, 0x1) },
	{ "l.root-servers.net", V4(199, 7, 83, 42) },
	{ "l.root-servers.net",
		V6(0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42) },
	{ "m.root-servers.net", V4(202, 12, 27, 33) },
	{ "m.root-servers.net",
		V6(0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35) },
};
/* clang-format on */

const size_t n_dns_root_hints =
	sizeof(dns_root_hints) / sizeof(dns_root_hints[0]);
