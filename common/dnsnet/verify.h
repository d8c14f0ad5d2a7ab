/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files about DNSSEC share: a reply parsed by ldns, and signatures
 * checked by it. The types of ldns are named, not included, so that they go
 * no further than those files.
 */
#ifndef LIFELINE_DNSNET_VERIFY_H
#define LIFELINE_DNSNET_VERIFY_H

#include "common/dnsnet/dnssec.h"

struct ldns_struct_pkt;
struct ldns_struct_rdf;
struct ldns_struct_rr;
struct ldns_struct_rr_list;
struct verified;

struct keyset {
	struct ldns_struct_rdf *zone;
	struct ldns_struct_rr_list *list; /* owns its records */
	struct keyset *next;
};

struct dnssec {
	struct arena *arena;
	int64_t now_s;
	struct keyset *keysets;
	struct verified *verified; /* what was verified already */
};

/* A reply parsed once more; all is in canonical form (RFC 4034 section 6). */
struct packet {
	struct ldns_struct_pkt *pkt;
	struct ldns_struct_rr_list
		*all; /*borrowed from pkt: answer and authority */
};

enum packet_section {
	PACKET_ANSWER,
	PACKET_AUTHORITY,
};

/* A message that can't be read gives an empty packet. */
struct packet packet_read(const struct dns_message *message);
void packet_release(struct packet *packet);

/* The records of one owner and type; the list is the caller's
 * (ldns_rr_list_free), the records are the packet's. */
struct ldns_struct_rr_list *packet_rrset(const struct packet *packet,
	enum packet_section section, const char *owner, uint16_t type);
bool packet_is_signed(const struct packet *packet);

/* Whether a signature on the set holds; the one that ends last where several
 * do. */
struct dns_signed verify_rrset(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const struct ldns_struct_rr_list *set);

/* A DS record; its digest only with an arena. False where it is cut. */
bool dnssec_read_ds(struct arena *arena, const struct ldns_struct_rr *rr,
	struct dns_ds *out);

enum verify_support {
	VERIFY_SUPPORTED,
	VERIFY_REFUSED, /* a known algorithm that OpenSSL refuses here */
	VERIFY_UNKNOWN,
};
enum verify_support verify_support(uint8_t algorithm);

enum verify_result {
	VERIFY_HOLDS,
	VERIFY_FAILS,
	VERIFY_CANNOT, /* this host's OpenSSL refuses */
};
/* Whether OpenSSL takes the algorithm on this host: a signature that is known
 * to be good verifies. */
bool verify_works(uint8_t algorithm);

/* Verifies, times aside, with any of the keys; remembers by the bytes. */
enum verify_result verify_once(struct dnssec *dnssec,
	const struct ldns_struct_rr_list *set, const struct ldns_struct_rr *sig,
	const struct ldns_struct_rr_list *keys);

#endif
