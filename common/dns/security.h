/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of DNSSEC (RFC 4033 to 4035): plain structs, filled by
 * common/dnsnet, for any zone and record set.
 */
#ifndef LIFELINE_DNS_SECURITY_H
#define LIFELINE_DNS_SECURITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

enum {
	DNS_CLOCK_SKEW_S = 300, /* a signature may be so much early or late */
};

/* RFC 4033 section 5. */
enum dns_security {
	DNS_SECURITY_UNKNOWN, /* not looked at, or the facts did not come */
	DNS_SECURE,           /* a chain of signatures from the anchor */
	DNS_INSECURE,      /* proved to be unsigned: signed denial of a DS, or
			 nothing but algorithms that validators skip (RFC
			 4035 section 5.2) */
	DNS_BOGUS,         /* should validate, and does not */
	DNS_INDETERMINATE, /* can't be told here: no anchor, or OpenSSL
			      refuses the algorithm on this host */
};

/* One record set, or one denial, as one server serves it. */
struct dns_signed {
	enum dns_security security;
	const char *why; /* BOGUS and INDETERMINATE: what is wrong, without
			    the server's name: "the signature by key 1234
			    expired 2 h ago"; else NULL */
	bool was_asked;
	bool is_signed; /* at least one RRSIG came with it */
	/* Of the signature that was relied on (of several that hold, the one
	 * that ends last; where none holds, the one that ended last); both 0:
	 * none. Seconds since 1970. */
	int64_t inception_s, expiration_s;
	uint16_t key_tag;
	uint8_t algorithm;
};

/* A DS record (RFC 4034 section 5), of the parent or of --ds. */
struct dns_ds {
	uint16_t key_tag;
	uint8_t algorithm, digest_type;
	const char *digest; /* lower-case hexadecimal */
	bool matches_key;   /* of a DNSKEY that a server of the zone serves */
	bool signs_keys;    /* and that key signs the DNSKEY set, validly */
};

/* A DNSKEY record (RFC 4034 section 2) that any server serves. */
struct dns_key {
	uint16_t key_tag;
	uint8_t algorithm;
	uint16_t flags; /* 256 zone key, 257 with SEP, 128 revoked */
	unsigned bits;  /* of the modulus, RSA only; else 0 */
	bool has_ds;
};

/* CDS and CDNSKEY (RFC 7344) at the apex, by key: what the child asks the
 * parent to hold as DS. */
struct dns_cds {
	bool is_known;
	size_t n;             /* distinct keys named by either */
	size_t n_with_ds;     /* of these, those that the DS set holds */
	bool asks_for_delete; /* RFC 8078 section 4 */
};

/* What one server address serves of it. */
struct dns_server_security {
	bool was_asked; /* signatures were looked at here */
	struct dns_signed dnskey, soa, ns;
	struct dns_signed nxdomain; /* a random label: NXDOMAIN, compact
				       denial (RFC 9824) or a wildcard */
	struct dns_signed nodata;   /* a type that the apex has not */
	struct dns_cds cds;
	uint16_t nsec3_iterations; /* the most that was seen; 0: none */
};

/* Of the whole zone. */
struct dns_zone_security {
	/* Was any of this gathered? False: no anchor, parent side null ... */
	bool is_known;
	/* The chain down to the parent's keys. SECURE: they are trusted.
	 * INSECURE: the parent or a zone above it is proved unsigned, so
	 * nothing below can be secure. */
	enum dns_security parent;
	const char *parent_why;
	const char *parent_zone; /* where the chain broke or ended, or NULL */
	bool starts_at_ds; /* --parent without --trust-anchor: the DS set is
			      taken as the anchor, without a check */
	/* The DS set, or the denial of one, as the parent signs it. */
	struct dns_signed ds_signed;
	bool ds_is_known; /* a parent server told it, or --ds gave it */
	bool ds_is_given; /* --ds */
	struct dns_ds *ds;
	size_t n_ds;
	/* More than one value: parent servers hold different DS sets. */
	size_t n_ds_sets;
	const char *ds_differs_at; /* a parent server (address) that differs
				      from the majority; or NULL */
	struct dns_key *keys;      /* of all servers together */
	size_t n_keys;
	bool is_signed; /* any server of the zone sent an RRSIG of the apex */
};

const char *dns_security_text(enum dns_security security);
/* "ECDSAP256SHA256" and "SHA-256" by the IANA registries, or "unknown". */
const char *dns_algorithm_text(uint8_t algorithm);
const char *dns_digest_text(uint8_t digest_type);

/*
 * A DS as its record holds it, "TAG ALGORITHM DIGESTTYPE DIGEST", the digest
 * in one piece or several. Returns NULL, or what is wrong with it as the end
 * of a sentence; the digest goes to the arena.
 */
const char *dns_ds_parse(
	struct arena *arena, const char *typed, struct dns_ds *out);

/*
 * Whether a zone may not be signed with it, or a DS not be made with it, any
 * more: MUST NOT in RFC 8624 section 3.1 and 3.3 as RFC 9905 (SHA-1) and RFC
 * 9906 (GOST) changed it.
 */
bool dns_algorithm_is_forbidden(uint8_t algorithm);
bool dns_digest_is_forbidden(uint8_t digest_type);

#endif
