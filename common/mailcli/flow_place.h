/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a server is, as a user names it. */
#ifndef LIFELINE_MAILCLI_FLOW_PLACE_H
#define LIFELINE_MAILCLI_FLOW_PLACE_H

#include "common/core/mem.h"
#include "common/dns/name.h"

struct flow_place {
	const char *scheme; /* in lower case; NULL: none */
	const char *user;   /* or NULL */
	const char *host;   /* a name, or an address without brackets */
	bool is_address;
	struct dns_addr addr;
	uint16_t port;    /* 0: none */
	const char *path; /* behind the slash, decoded; NULL: none */
};

/*
 * Reads "[SCHEME://][USER@]HOST[:PORT][/PATH]"; an IPv6 address is in brackets
 * where a port follows, or in a URL. Returns NULL, or what is wrong as the end
 * of a sentence. A password is never taken, and never in what comes back.
 */
const char *flow_place_read(
	struct arena *arena, const char *typed, struct flow_place *out);

/* "mx.example.org:25", as far as is needed to tell it from others. */
const char *flow_place_name(
	struct arena *arena, const struct flow_place *place, uint16_t usual);

#endif
