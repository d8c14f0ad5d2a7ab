/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chain of trust, from the anchors down to the keys of a zone (RFC 4035
 * section 5), and with them whether any record set is secure.
 */
#ifndef LIFELINE_DNSNET_TRUST_H
#define LIFELINE_DNSNET_TRUST_H

#include "common/dnsnet/dnssec.h"
#include "common/dnsnet/zonecut.h"

/* What is known of a zone's keys. */
struct trust {
	bool is_done;
	enum dns_security security;
	const char *why;   /* BOGUS and INDETERMINATE */
	const char *zone;  /* where it broke, or turned insecure */
	bool lacks_anchor; /* INDETERMINATE: no anchor to begin with */
	/* INDETERMINATE: servers below the root were asked for the keys of
	 * their zone, and gave none. To resolvers that is a failure. */
	bool lacks_keys;
	const struct keyset *keys; /* SECURE */
};

typedef void (*trust_fn)(void *arg, const struct trust *trust);

/*
 * Finds out about the keys of a cut: asks for its DNSKEY set, and for those
 * above it, all at once. fn may be NULL: so that the questions go out early.
 * fn is called once, at once where all is known.
 */
void trust_start(struct walk *walk, struct cut *cut, trust_fn fn, void *arg);

/* A record set found by walking to it. */
struct secure_answer {
	enum dns_security security;
	const char *why;    /* BOGUS and INDETERMINATE */
	bool lacks_keys;    /* INDETERMINATE: see struct trust */
	struct reply reply; /* message NULL: no server gave a usable answer */
};

typedef void (*secure_fn)(void *arg, const struct secure_answer *answer);

/*
 * Walks to the zone that holds a name, asks for the type, and validates what
 * comes, a denial too. An alias is not followed: the answer is the alias.
 * fn is called once. The name must live as long as the arena.
 */
void secure_lookup(struct walk *walk, const char *name, enum dns_type type,
	secure_fn fn, void *arg);

#endif
