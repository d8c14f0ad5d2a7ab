/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Gathers the facts of a delegation from the network: the walk from the
 * root, the parent's servers, and every address of every name server.
 */
#ifndef LIFELINE_DNSNET_GATHER_H
#define LIFELINE_DNSNET_GATHER_H

#include "common/dns/delegation.h"
#include "common/dns/secondary.h"

struct dns_options {
	const char *zone; /* canonical, see dnsnet/input.h */
	const char *typed;
	bool use_v4, use_v6;
	struct dns_prefix nat64;  /* addr.family 0: none */
	struct dns_addr *parents; /* --parent; the walk starts there */
	size_t n_parents;
	const struct dns_hint *hints; /* root servers */
	size_t n_hints;
	unsigned parent_servers; /* names asked at the last step; 0: all */
	unsigned tries;
	int64_t query_timeout_us;
	/* Trust anchors; none: validation starts at the parent's DS set, which
	 * is taken as it is. */
	const struct dns_anchor *anchors;
	size_t n_anchors;
	/* --ns and --ds: what would be delegated, in place of what the parent
	 * says. */
	struct dns_given_ns *given_ns;
	size_t n_given_ns;
	struct dns_ds *given_ds;
	size_t n_given_ds;
	int64_t now_s; /* wall clock, for signatures */
	int64_t start_us, deadline_us;
	uint16_t port; /* 53 */
};

/* One --ns NAME[/ADDR]; a name with several addresses is there as often. */
struct dns_given_ns {
	const char *name;
	struct dns_addr addr; /* family 0: none */
};

struct dns_hint {
	const char *name;
	struct dns_addr addr;
};

/* The DS set of one zone that is trusted without a proof. */
struct dns_anchor {
	const char *zone;
	struct dns_ds *ds;
	size_t n_ds;
};

/*
 * Fills *d, all but its expect, which the caller has set (addresses that
 * are no use to the world are asked only where it permits them), as far as
 * the network and the deadline let it. Returns NULL, or one sentence where
 * this host can't do the work (memory, descriptors).
 */
const char *dnsnet_gather(struct arena *arena,
	const struct dns_options *options, struct delegation *d);

struct tsig_key;

/* One --probe. */
struct dns_probe_name {
	const char *name; /* canonical, in the zone */
	uint16_t type;
	const char *text; /* "example.org MX" */
};

/* What is asked of the copies of the zone, beside the delegation. */
struct dns_copies_options {
	struct dns_named *primaries, *secondaries; /* lookup and why: not set */
	size_t n_primaries, n_secondaries;
	bool is_independent; /* no primary is looked for */
	const struct dns_probe_name *probes;
	size_t n_probes;
	const struct tsig_key *key; /* NULL: nothing is transferred with one */
	bool transfers_secondaries;
	bool wants_zonemd;
	bool asks_as_stranger; /* for a transfer without a key */
	uint64_t records_max;
};

/*
 * Fills *s as dnsnet_gather() does a delegation, all but expect and what
 * comes from history. Same result.
 */
const char *dnsnet_gather_copies(struct arena *arena,
	const struct dns_options *options,
	const struct dns_copies_options *copies, struct secondary *s);

/* The built-in root hints. */
extern const struct dns_hint dns_root_hints[];
extern const size_t n_dns_root_hints;

/*
 * Reads a root hints file (the zone file that IANA publishes as named.root).
 * Returns NULL, or what is wrong with it as the end of a sentence.
 */
const char *dnsnet_read_hints(struct arena *arena, const char *path,
	struct dns_hint **out, size_t *n_out);

/* The root's anchors, built in: KSK-2017 (20326) and KSK-2024 (38696). */
struct dns_anchor dnsnet_root_anchor(struct arena *arena);

/*
 * Reads trust anchors, DS or DNSKEY records as in a zone file (RFC 4034
 * sections 2.2 and 5.3). Returns NULL, or what is wrong with the file as the
 * end of a sentence.
 */
const char *dnsnet_read_anchors(struct arena *arena, const char *path,
	struct dns_anchor **out, size_t *n_out);

/*
 * A domain name as a user types it (UTF-8, IDNA2008 by UTS 46
 * non-transitional, RFC 5891) to canonical form. Returns NULL, or what is
 * wrong with it as the end of a sentence.
 */
const char *dnsnet_read_name(
	struct arena *arena, const char *typed, const char **out);

/* The first name of the line that this host's file of hosts (/etc/hosts) has
 * for a name; in the arena. NULL: none. */
const char *dnsnet_hosts_name(struct arena *arena, const char *name);

/* "MX", "TYPE65280" (RFC 3597 section 5); in the arena. */
const char *dns_type_text(struct arena *arena, uint16_t type);
/* The type that such a text names; 0: none that can be asked for. */
uint16_t dns_type_parse(const char *text);
/* Whether records of the type are made by a signer: RRSIG, NSEC, NSEC3,
 * NSEC3PARAM, DNSKEY, CDS, CDNSKEY. */
bool dns_type_is_signers(uint16_t type);

/* Fills d->registrable by the public suffix list that libpsl has. */
void dnsnet_registrable(struct arena *arena, struct delegation *d);

/* Whether two names, canonical, are below one domain that somebody registered,
 * by the same list. */
bool dnsnet_is_same_site(const char *name, const char *other);

/*
 * Fills the AS numbers of d's servers from a MaxMind DB (GeoLite2-ASN) or a
 * text table of "PREFIX AS" lines. Returns NULL, or what is wrong with the
 * file as the end of a sentence.
 */
const char *dnsnet_asn(
	struct arena *arena, const char *path, struct delegation *d);
/* The same for the copies. */
const char *dnsnet_asn_copies(
	struct arena *arena, const char *path, struct secondary *s);

#endif
