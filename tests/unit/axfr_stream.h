/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other side of a zone transfer: its messages, and its TSIGs. */
#ifndef LIFELINE_TESTS_UNIT_AXFR_STREAM_H
#define LIFELINE_TESTS_UNIT_AXFR_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dnsnet/axfr.h"

enum {
	STREAM_ID = 0x1234,
	STREAM_NOW_S = 1767225600,
	STREAM_SECRET = 32, /* bytes: 0, 1, 2 ... */
	MESSAGE_BYTES = 65535,
};

#define STREAM_SOA                                                       \
	"example.org. 300 IN SOA ns1.example.org. host.example.org. 42 " \
	"7200 900 1209600 300"

struct message {
	uint8_t bytes[MESSAGE_BYTES];
	size_t len;
};

/* An answer without records, with the question AXFR of example.org or
 * without it. */
void message_start(struct message *message, bool with_question);
/* A record of a zone file's form; section 1 is the answer, 2 and 3 follow. */
void message_add_to(struct message *message, unsigned section, const char *rr);
void message_add(struct message *message, const char *rr);
/* Its answers, up to NULL, in a fresh message. */
void message_fill(
	struct message *message, bool with_question, const char *const *rrs);
void message_set_rcode(struct message *message, unsigned rcode);

/* What a server does that has the key "transfer-key" (hmac-sha256). */
struct signer {
	uint8_t secret[STREAM_SECRET];
	uint8_t mac[64]; /* the last one */
	size_t mac_len;
	bool has_signed;
	uint16_t error;
	const uint8_t *other; /* with an error */
	size_t other_len;
	uint8_t pending[128 * 1024]; /* messages that went out unsigned */
	size_t n_pending;
};

/* Begins with the MAC of a request. */
void signer_start(struct signer *signer, const uint8_t *request, size_t len);
void signer_sign(
	struct signer *signer, struct message *message, int64_t time_s);
void signer_leave(struct signer *signer, const struct message *message);
/* A TSIG with an error and no MAC. */
void signer_refuse(struct signer *signer, struct message *message);

/* What a test of a transfer keeps in its state, by cmocka's set-up. */
struct run {
	struct arena *arena;
	struct transfer_ask ask;
	struct axfr *axfr;
	size_t kept;
	struct message message;
	struct signer signer;
	const struct dns_transfer *out;
};
int run_set_up(void **state, const struct transfer_ask *ask);
int run_tear_down(void **state);

#endif
