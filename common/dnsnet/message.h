/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS messages as plain structs: questions to wire, replies from wire. What
 * ldns knows of a message ends here.
 */
#ifndef LIFELINE_DNSNET_MESSAGE_H
#define LIFELINE_DNSNET_MESSAGE_H

#include "common/dns/delegation.h"

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_DS = 43,
	DNS_TYPE_DNSKEY = 48,
	DNS_TYPE_TLSA = 52,
	DNS_TYPE_CDS = 59,
	DNS_TYPE_CDNSKEY = 60,
	DNS_TYPE_ABSENT = 65280, /* private use: no zone has it */
};

enum {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_BADVERS = 16,
	DNS_WIRE_QUESTION_MAX = 512, /* header, name of 255, OPT */
	DNS_EDNS_SIZE = 1232,        /* DNS Flag Day 2020: no fragments */
};

struct dns_question {
	const char *name;
	enum dns_type type;
	bool wants_recursion; /* RD */
	bool wants_dnssec;    /* DO; only with EDNS */
	bool wants_nsid;      /* RFC 5001; only with EDNS */
	bool wants_expire;    /* RFC 7314; only with EDNS */
};

/* One record; which of the last three counts follows from the type. Of other
 * types it is only said that they are there, in the answer section. */
struct dns_rr {
	const char *owner;
	uint16_t type;
	uint32_t ttl_s;
	const char *target;   /* NS, CNAME, DNAME */
	struct dns_addr addr; /* A, AAAA */
	struct dns_soa soa;   /* SOA */
};

struct dns_section {
	struct dns_rr *at;
	size_t n;
};

struct dns_message {
	uint16_t rcode; /* extended (RFC 6891 section 6.1.3) */
	bool is_authoritative, is_truncated, offers_recursion, has_edns;
	struct dns_section answer, authority;
	/* Of types that are read here; only where there is no answer. */
	struct dns_section additional;
	size_t n_ds;      /* DS records in the authority section */
	bool is_signed;   /* an RRSIG came in the answer section */
	const char *nsid; /* printable (RFC 5001 section 2.3), or NULL */
	bool has_expire;
	uint32_t expire_s; /* EDNS EXPIRE (RFC 7314 section 3) */
	bool has_ede;      /* the first of them (RFC 8914 section 2) */
	uint16_t ede;
	const char *ede_text; /* cleaned of control characters, or NULL */
	const uint8_t *wire;
	size_t size;       /* of wire: bytes as received */
	size_t plain_size; /* what is in it of NS, A and AAAA alone, in bytes;
			      only for a reply that looks like a referral */
};

/*
 * Writes the question into wire (DNS_WIRE_QUESTION_MAX bytes), with EDNS
 * (version 0, DNS_EDNS_SIZE) or without it. Returns its length; 0 where the
 * name is no domain name.
 */
size_t dns_question_write(const struct dns_question *question, uint16_t id,
	bool with_edns, uint8_t *wire);

/*
 * Reads a reply. NULL where it is no well-formed reply (RFC 1035 section 4);
 * id and question have been compared already. Everything is in the arena.
 */
const struct dns_message *dns_message_read(
	struct arena *arena, const uint8_t *wire, size_t len);

/*
 * The records of the answer section as a set of lines, "owner TYPE data" in
 * canonical form: names in lower case, no TTL, none of what a signer adds
 * (RRSIG, NSEC, NSEC3, NSEC3PARAM, DNSKEY, CDS, CDNSKEY).
 */
struct dns_names dns_message_contents(
	struct arena *arena, const struct dns_message *message);

/* What a reply amounts to, for a question asked of a server of zone. */
struct dns_meaning {
	enum dns_kind kind;
	const char *cut;    /* REFERRAL, UPWARD: the owner of the NS set */
	const char *holder; /* NODATA, NXDOMAIN: owner of the SOA, or NULL */
	const char *alias;  /* ALIAS: where it points to */
};
struct dns_meaning dns_message_meaning(const struct dns_message *message,
	const struct dns_question *question, const char *zone);

#endif
