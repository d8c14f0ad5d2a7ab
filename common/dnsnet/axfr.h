/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of a zone transfer (RFC 5936), without a network: the request,
 * and what comes upon it, one message after the other.
 */
#ifndef LIFELINE_DNSNET_AXFR_H
#define LIFELINE_DNSNET_AXFR_H

#include "common/dnsnet/transfer.h"

enum {
	AXFR_REQUEST_MAX = 1024,
	AXFR_BYTES_MAX = 256 * 1024 * 1024,
};

/* NULL: no memory, or OpenSSL refuses the key, or the zone's name is none.
 * What ask points to is borrowed; kept is as in zonemd_new(). */
struct axfr *axfr_new(
	struct arena *arena, const struct transfer_ask *ask, size_t *kept);
void axfr_free(struct axfr *axfr);

/* Writes the request, signed where there is a key; 0: it can't be. */
size_t axfr_request(struct axfr *axfr, uint16_t id, int64_t now_s,
	uint8_t request[AXFR_REQUEST_MAX]);

/* Takes the next message; true: that ended it, and nothing more is wanted. */
bool axfr_take(
	struct axfr *axfr, const uint8_t *message, size_t len, int64_t now_s);

/* No more messages come, for a reason of the connection's; why is a verb
 * phrase for when none came, then for when it broke off ("stalls"). */
void axfr_cut(struct axfr *axfr, enum dns_outcome outcome, const char *why,
	const char *why_midway);

/* In the arena. */
struct dns_transfer *axfr_result(struct axfr *axfr);

#endif
