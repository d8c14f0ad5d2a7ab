/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proofs that something does not exist: NSEC (RFC 4035 section 5.4), NSEC3
 * (RFC 5155 section 8) and compact denial (RFC 9824).
 */
#ifndef LIFELINE_DNSNET_DENIAL_H
#define LIFELINE_DNSNET_DENIAL_H

#include "common/dnsnet/verify.h"

/*
 * What the reply says of the question's name and type. SECURE: it is
 * proved, or a wildcard's signed answer; INSECURE: but for an opt-out span
 * (RFC 5155 section 9.2); BOGUS: it is not. The times are
 * those of the signature that ends first of all that the proof needs.
 */
struct dns_signed denial_check(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const struct dns_question *question);

/* That the zone has no DS: by a referral or an answer of its parent. *is_cut:
 * and that a zone begins there, or may (RFC 4035 section 5.2). */
struct dns_signed denial_of_ds(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const char *zone, bool *is_cut);

#endif
