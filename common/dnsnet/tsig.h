/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TSIG (RFC 8945): a request signed, and the stream of its replies verified,
 * those between two signed ones too.
 */
#ifndef LIFELINE_DNSNET_TSIG_H
#define LIFELINE_DNSNET_TSIG_H

#include "common/dnsnet/wire.h"

enum {
	TSIG_TYPE = 250,
	TSIG_MAC_MAX = 64, /* SHA-512 */
	/* Name, fixed part, algorithm, MAC, no other data. */
	TSIG_RECORD_MAX =
		WIRE_NAME_MAX + 10 + WIRE_NAME_MAX + 16 + TSIG_MAC_MAX,
	TSIG_UNSIGNED_MAX = 99, /* in a row (RFC 8945 section 5.3.1) */
	TSIG_FUDGE_S = 300,     /* as section 10 recommends */
};

/* RFC 8945 section 3. */
enum tsig_error {
	TSIG_BADSIG = 16,
	TSIG_BADKEY = 17,
	TSIG_BADTIME = 18,
	TSIG_BADTRUNC = 22,
};

struct tsig_algorithm {
	const char *word;   /* "hmac-sha256" */
	const char *name;   /* the same, unless history has it otherwise */
	const char *digest; /* what OpenSSL calls it */
	size_t mac_len;
};

struct tsig_key {
	const struct tsig_algorithm *algorithm;
	const char *name;
	const char *text; /* what may be shown */
	struct wire_name wire_name, wire_algorithm;
	const uint8_t *secret;
	size_t secret_len;
};

/* Of the six that are known here, by either name; NULL: of none. */
const struct tsig_algorithm *tsig_algorithm_find(const char *name);
/* Whether OpenSSL has it on this host: FIPS mode lacks MD5. */
bool tsig_algorithm_works(const struct tsig_algorithm *algorithm);

/* A key with a secret of at least one byte, which is borrowed; NULL where the
 * name is no domain name. */
const struct tsig_key *tsig_key_new(struct arena *arena,
	const struct tsig_algorithm *algorithm, const char *name,
	const uint8_t *secret, size_t secret_len);

/* One request and what comes upon it. NULL: OpenSSL or memory fails. */
struct tsig_stream *tsig_stream_new(
	struct arena *arena, const struct tsig_key *key);
void tsig_stream_free(struct tsig_stream *stream);

/* Appends the TSIG to a request of len bytes, where room for TSIG_RECORD_MAX
 * more is; returns the new length, 0 where OpenSSL fails. */
size_t tsig_sign(struct tsig_stream *stream, uint8_t *request, size_t len,
	int64_t now_s);

enum tsig_verdict {
	TSIG_HOLDS, /* this message, and all before it */
	TSIG_OPEN,  /* not signed, as the next may make good */
	TSIG_FAILS,
	TSIG_ERROR, /* the server says what is wrong; see error */
};

struct tsig_seen {
	enum tsig_verdict verdict;
	uint16_t error;
	bool is_signed; /* an error: and its MAC is right */
	/* BADTIME, signed or not; or where the server's time makes it fail. */
	bool has_offset;
	int64_t offset_s; /* the server's clock less ours */
	const char *why;  /* FAILS and ERROR: a verb phrase, no subject */
};

/*
 * Takes the next message of the stream; record is where its TSIG begins, 0
 * where it has none. False: that record is not well formed.
 */
bool tsig_check(struct tsig_stream *stream, const struct wire *message,
	size_t record, int64_t now_s, struct tsig_seen *seen);

#endif
