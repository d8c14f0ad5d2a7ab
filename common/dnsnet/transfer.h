/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zone transfers (AXFR, RFC 5936) over TCP, message by message on the loop
 * of the exchanges, with TSIG (RFC 8945); nothing of the zone is kept but
 * what a ZONEMD (RFC 8976) needs, where it is asked for.
 */
#ifndef LIFELINE_DNSNET_TRANSFER_H
#define LIFELINE_DNSNET_TRANSFER_H

#include "common/dns/transfer.h"
#include "common/dnsnet/exchange.h"

struct tsig_key;

struct transfer_ask {
	const char *zone;
	struct dns_addr addr; /* already behind NAT64 where needed */
	uint16_t port;
	const struct tsig_key *key; /* NULL: without one */
	uint64_t records_max;       /* more end it as DNS_TRANSFER_LIMIT */
	bool stops_at_first;        /* close after the first message */
	bool wants_zonemd;
	int64_t now_s; /* wall clock at the start of the run, for TSIG */
};

typedef void (*transfer_fn)(void *arg, const struct dns_transfer *transfer);

/*
 * Starts a transfer; fn is called once, later, from exchanges_run(), at the
 * latest at the deadline. What it is given is in the arena of the exchanges.
 * The strings of ask must live as long.
 */
void transfer_start(struct exchanges *exchanges, const struct transfer_ask *ask,
	transfer_fn fn, void *arg);

/*
 * Reads the first key of a file: a BIND key clause, or nsupdate's
 * [ALGORITHM:]NAME:SECRET (hmac-sha256 unless it says). The file must not be
 * readable by others unless permits_open is set. Returns NULL, or what is
 * wrong with the file as the end of a sentence, never with the secret in it.
 */
const char *tsig_read_key(struct arena *arena, const char *path,
	bool permits_open, const struct tsig_key **out);

/* "hmac-sha256 transfer-key": what may be shown of a key. */
const char *tsig_key_text(const struct tsig_key *key);

#endif
