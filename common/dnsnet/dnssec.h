/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Validation of replies by ldns (RFC 4035 section 5): no network here. Each
 * function looks at one reply, which must have been asked for with DO. Equal
 * bytes of record set, signature and key are verified once.
 */
#ifndef LIFELINE_DNSNET_DNSSEC_H
#define LIFELINE_DNSNET_DNSSEC_H

#include "common/dnsnet/gather.h"
#include "common/dnsnet/message.h"

struct dnssec;
/* DNSKEYs of one zone that a DS set vouches for. Owned by its dnssec. */
struct keyset;

struct ds_set {
	struct dns_ds *at;
	size_t n;
	bool is_cut; /* none, and it is proved that a zone may begin there */
};

/* now_s: seconds since 1970. NULL: out of memory. */
struct dnssec *dnssec_new(struct arena *arena, int64_t now_s);
void dnssec_free(struct dnssec *dnssec);

/*
 * The DS set of a zone in a referral or an answer of its parent. Without
 * keys it is taken as it is (SECURITY_UNKNOWN). Where there is none, SECURE
 * means that its absence is proved.
 */
struct dns_signed dnssec_ds(struct dnssec *dnssec, const struct keyset *keys,
	const struct dns_message *message, const char *zone,
	struct ds_set *out);

/* Whether validators can use any DS of the set: if not, INSECURE (they skip
 * what they don't know, RFC 4035 section 5.2) or INDETERMINATE (this host
 * can't, others can); else SECURE. */
enum dns_security dnssec_ds_usable(const struct ds_set *ds);

/*
 * The DNSKEY set of a zone, vouched for by its DS set. *keys is the whole
 * set where it is SECURE, else NULL. In ds, matches_key and signs_keys are
 * set where they are true here.
 */
struct dns_signed dnssec_keys(struct dnssec *dnssec,
	const struct dns_message *message, const char *zone, struct ds_set *ds,
	const struct keyset **keys);

/* The record set of this owner and type in the answer section. */
struct dns_signed dnssec_rrset(struct dnssec *dnssec, const struct keyset *keys,
	const struct dns_message *message, const struct dns_question *question);

/* What the reply says of a name and type that may not exist: NXDOMAIN, NODATA
 * (compact denial, RFC 9824, too), the answer, or what a wildcard makes of
 * it. */
struct dns_signed dnssec_reply(struct dnssec *dnssec, const struct keyset *keys,
	const struct dns_message *message, const struct dns_question *question);

/* The DNSKEYs in a reply, unchecked; returns how many, at most max. */
size_t dnssec_list_keys(const struct dns_message *message, const char *zone,
	struct dns_key *out, size_t max);

/* The keys that a CDS or CDNSKEY reply names (key_tag and algorithm of *out,
 * digests left out); returns how many, at most max. An algorithm of 0 asks
 * for the deletion of the DS set. */
size_t dnssec_list_cds(const struct dns_message *message, const char *zone,
	struct dns_ds *out, size_t max);

/* The zone that the reply's first signature names as its signer; NULL where
 * there is none. */
const char *dnssec_signer(
	struct arena *arena, const struct dns_message *message);

/* The most NSEC3 iterations in the reply; 0 where there is no NSEC3. */
uint16_t dnssec_iterations(const struct dns_message *message);

#endif
