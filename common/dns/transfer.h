/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What came of one zone transfer (AXFR, RFC 5936): plain struct, filled by
 * common/dnsnet/transfer.c, judged by common/dns.
 */
#ifndef LIFELINE_DNS_TRANSFER_H
#define LIFELINE_DNS_TRANSFER_H

#include "common/dns/delegation.h"

enum dns_transfer_end {
	DNS_TRANSFER_NOT_TRIED,
	DNS_TRANSFER_DONE,         /* from the first SOA to the last */
	DNS_TRANSFER_OPENED,       /* a first message with records came, and the
				 connection was closed, as asked */
	DNS_TRANSFER_REFUSED,      /* an rcode instead; see rcode, tsig_error */
	DNS_TRANSFER_NOT_VERIFIED, /* a TSIG is missing or wrong; see why */
	DNS_TRANSFER_BROKEN, /* not answered, or not to its end: see outcome */
	DNS_TRANSFER_MALFORMED, /* what came is no transfer: see why */
	DNS_TRANSFER_LIMIT,     /* more records or bytes than wanted */
};

enum dns_zonemd {
	DNS_ZONEMD_NOT_ASKED,
	DNS_ZONEMD_ABSENT, /* the zone has none */
	DNS_ZONEMD_FINE,
	DNS_ZONEMD_WRONG,       /* see zonemd_why */
	DNS_ZONEMD_UNSUPPORTED, /* only schemes or hashes unknown here, or a
				   zone too large to be kept: zonemd_why */
};

struct dns_transfer {
	enum dns_transfer_end end;
	enum dns_outcome outcome; /* of the connection */
	uint16_t rcode;           /* of the message that ended it */
	uint16_t tsig_error;      /* RFC 8945 section 3: 16 BADSIG, 17 BADKEY,
				     18 BADTIME, 22 BADTRUNC; 0: none */
	int64_t clock_offset_s;   /* BADTIME, or a TSIG of another time: the
				     server's clock less ours; 0: none told */
	const char *why; /* a verb phrase without subject, for all ends but
			    DONE and OPENED: "answers BADKEY: ..." */
	bool has_serial;
	uint32_t serial; /* of its SOA */
	uint64_t n_records, n_messages, n_bytes;
	int64_t took_us;
	/* The RRSIG of the whole zone that ends first, where of several on one
	 * record set the last to end counts; 0: none. Seconds since 1970;
	 * inception of the same one. */
	int64_t signature_end_s, signature_begin_s;
	const char *signature_owner; /* "www.example.org" */
	const char *signature_type;  /* what it covers: "A" */
	enum dns_zonemd zonemd;
	const char *zonemd_why;
};

#endif
