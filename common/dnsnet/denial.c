/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proofs by NSEC and NSEC3 out of one reply. */
#include "config.h"

#include "common/dnsnet/denial.h"

#include <ldns/ldns.h>
#include <string.h>

enum {
	/* More hashing than this is an attack on whoever validates: it counts
	 * as insecure, as RFC 9276 section 3.2 permits and others do. */
	ITERATIONS_MAX = 500,
	HASH_SIZE = 20, /* of SHA-1, the only one that NSEC3 has */
	HASH_TEXT = 32, /* the same in base32hex (RFC 5155 section 1.3) */
};

/* What the reply has to prove with. */
struct proof {
	const struct keyset *keys;
	ldns_rr_list *nsecs;    /* verified NSEC and NSEC3 records */
	struct dns_signed seen; /* the signature that ends first */
	bool opts_out;  /* unsigned delegations may hide in what it covers */
	bool shows_cut; /* that there is no DS is proved where a zone begins */
	bool is_beyond; /* it would take more hashing than ITERATIONS_MAX */
};

/* -- NSEC and NSEC3 alike ------------------------------------------------ */

static bool is_nsec3(const ldns_rr *rr)
{
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_NSEC3;
}

/*
 * Whether the record is one that can be reasoned with: of the fields and
 * lengths that it must have. ldns ends the program on some that are not.
 */
static bool has_fields(const ldns_rr *rr)
{
	if (!is_nsec3(rr))
		return ldns_rr_rd_count(rr) >= 2 &&
		       ldns_rdf_get_type(ldns_rr_rdf(rr, 0)) ==
			       LDNS_RDF_TYPE_DNAME;
	/* Of an empty non-terminal there are no types: no sixth field. */
	if (ldns_rr_rd_count(rr) < 5 || ldns_nsec3_algorithm(rr) != LDNS_SHA1)
		return false;
	const ldns_rdf *salt = ldns_rr_rdf(rr, 3);
	const ldns_rdf *next = ldns_rr_rdf(rr, 4);
	return ldns_rdf_data(ldns_rr_owner(rr))[0] == HASH_TEXT &&
	       ldns_rdf_size(salt) >= 1 &&
	       ldns_rdf_size(salt) == 1U + ldns_rdf_data(salt)[0] &&
	       ldns_rdf_size(next) == 1U + HASH_SIZE &&
	       ldns_rdf_data(next)[0] == HASH_SIZE;
}

/* The name as this record's chain sorts it: itself, or its hash in the zone
 * (RFC 5155 section 5). NULL where that can't be made; the caller's. */
static ldns_rdf *chain_name(const ldns_rr *nsec, const ldns_rdf *name)
{
	if (!is_nsec3(nsec))
		return ldns_rdf_clone(name);
	ldns_rdf *hash = ldns_nsec3_hash_name_frm_nsec3(nsec, name);
	ldns_rdf *zone = ldns_dname_left_chop(ldns_rr_owner(nsec));
	if (hash == NULL || zone == NULL ||
		ldns_dname_cat(hash, zone) != LDNS_STATUS_OK) {
		ldns_rdf_deep_free(hash);
		hash = NULL;
	} else {
		ldns_dname2canonical(hash);
	}
	ldns_rdf_deep_free(zone);
	return hash;
}

/* The next hash of an NSEC3 in the letters of an owner's label. */
static void next_label(const ldns_rr *nsec3, char text[static HASH_TEXT])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	const uint8_t *hash = ldns_rdf_data(ldns_rr_rdf(nsec3, 4)) + 1;
	for (size_t i = 0; i < HASH_TEXT; i++) {
		size_t bit = 5 * i;
		unsigned two = (unsigned)hash[bit / 8] << 8;
		if (bit / 8 + 1 < HASH_SIZE)
			two |= hash[bit / 8 + 1];
		text[i] = digits[two >> (11 - bit % 8) & 31];
	}
}

/* Whether name, as chain_name() gives it, is strictly between the record
 * and the next; the last one of a chain points back to the first. */
static bool is_between(const ldns_rr *nsec, const ldns_rdf *name)
{
	const ldns_rdf *owner = ldns_rr_owner(nsec);
	int after_owner, before_next, is_in_order;
	if (is_nsec3(nsec)) {
		char next[HASH_TEXT];
		const uint8_t *at = ldns_rdf_data(name) + 1;
		const uint8_t *from = ldns_rdf_data(owner) + 1;
		next_label(nsec, next);
		after_owner = memcmp(at, from, HASH_TEXT);
		before_next = memcmp(next, at, HASH_TEXT);
		is_in_order = memcmp(next, from, HASH_TEXT);
	} else {
		const ldns_rdf *next = ldns_rr_rdf(nsec, 0);
		after_owner = ldns_dname_compare(name, owner);
		before_next = ldns_dname_compare(next, name);
		is_in_order = ldns_dname_compare(next, owner);
	}
	if (is_in_order > 0)
		return after_owner > 0 && before_next > 0;
	/* The same name on both sides: the chain has one record. */
	if (is_in_order == 0)
		return after_owner != 0;
	return after_owner > 0 || before_next > 0;
}

static bool has_type(const ldns_rr *nsec, ldns_rr_type type)
{
	const ldns_rdf *bitmap = ldns_nsec_get_bitmap(nsec);
	return bitmap != NULL && ldns_nsec_bitmap_covers_type(bitmap, type);
}

/* A record from above a zone cut, or at a DNAME, says nothing of the names
 * below it (RFC 6840 section 4.1). */
static bool speaks_of(const ldns_rr *nsec, const ldns_rdf *name)
{
	if (is_nsec3(nsec) ||
		!ldns_dname_is_subdomain(name, ldns_rr_owner(nsec)))
		return true;
	bool is_cut = has_type(nsec, LDNS_RR_TYPE_NS) &&
		      !has_type(nsec, LDNS_RR_TYPE_SOA);
	return !is_cut && !has_type(nsec, LDNS_RR_TYPE_DNAME);
}

static const ldns_rr *find(const struct proof *proof, const ldns_rdf *name,
	bool (*fits)(const ldns_rr *nsec, const ldns_rdf *name))
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(proof->nsecs); i++) {
		const ldns_rr *nsec = ldns_rr_list_rr(proof->nsecs, i);
		ldns_rdf *at = chain_name(nsec, name);
		bool is_fit = at != NULL && fits(nsec, at);
		ldns_rdf_deep_free(at);
		if (is_fit)
			return nsec;
	}
	return NULL;
}

static bool is_at(const ldns_rr *nsec, const ldns_rdf *name)
{
	return ldns_dname_compare(ldns_rr_owner(nsec), name) == 0;
}

static bool is_around(const ldns_rr *nsec, const ldns_rdf *name)
{
	return is_between(nsec, name) && speaks_of(nsec, name);
}

static const ldns_rr *match(const struct proof *proof, const ldns_rdf *name)
{
	return find(proof, name, is_at);
}

static const ldns_rr *cover(const struct proof *proof, const ldns_rdf *name)
{
	return find(proof, name, is_around);
}

/* -- names --------------------------------------------------------------- */

/* *.NAME; the caller's. */
static ldns_rdf *wildcard_of(const ldns_rdf *name)
{
	ldns_rdf *star = ldns_dname_new_frm_str("*");
	if (star != NULL && ldns_dname_cat(star, name) != LDNS_STATUS_OK) {
		ldns_rdf_deep_free(star);
		star = NULL;
	}
	return star;
}

/* The name with only its last labels; the caller's. */
static ldns_rdf *last_labels(const ldns_rdf *name, uint8_t labels)
{
	uint8_t all = ldns_dname_label_count(name);
	return ldns_dname_clone_from(
		name, (uint16_t)(all > labels ? all - labels : 0));
}

/* Whether a name that an NSEC covers has the ancestor as an existing one:
 * it is above the record's owner or its next name, too. */
static bool nsec_shows(const ldns_rr *nsec, const ldns_rdf *ancestor)
{
	const ldns_rdf *next = ldns_rr_rdf(nsec, 0);
	const ldns_rdf *owner = ldns_rr_owner(nsec);
	return ldns_dname_compare(owner, ancestor) == 0 ||
	       ldns_dname_is_subdomain(owner, ancestor) ||
	       ldns_dname_compare(next, ancestor) == 0 ||
	       ldns_dname_is_subdomain(next, ancestor);
}

/* Whether the ancestor is proved to exist. */
static bool exists(const struct proof *proof, const ldns_rdf *name,
	const ldns_rdf *ancestor)
{
	if (match(proof, ancestor) != NULL)
		return true;
	const ldns_rr *around = cover(proof, name);
	return around != NULL && !is_nsec3(around) &&
	       nsec_shows(around, ancestor);
}

/*
 * The closest encloser of a name that does not exist (RFC 5155 section 8.3):
 * how many labels it has, and the record that covers the next closer name;
 * NULL where neither is proved.
 */
static const ldns_rr *closest_encloser(
	const struct proof *proof, const ldns_rdf *name, uint8_t *labels)
{
	uint8_t all = ldns_dname_label_count(name);
	uint8_t zone = ldns_dname_label_count(proof->keys->zone);
	for (uint8_t n = all; n > zone; n--) {
		ldns_rdf *ancestor = last_labels(name, (uint8_t)(n - 1));
		ldns_rdf *next_closer = last_labels(name, n);
		const ldns_rr *around = NULL;
		if (exists(proof, name, ancestor))
			around = cover(proof, next_closer);
		ldns_rdf_deep_free(ancestor);
		ldns_rdf_deep_free(next_closer);
		if (around != NULL) {
			*labels = (uint8_t)(n - 1);
			return around;
		}
	}
	return NULL;
}

/* -- what is proved ------------------------------------------------------ */

static bool lacks_type(const ldns_rr *nsec, ldns_rr_type type)
{
	/* At a zone cut, the record of the right side (RFC 6840 4.1, 4.4). */
	bool is_apex = has_type(nsec, LDNS_RR_TYPE_SOA);
	bool is_cut = has_type(nsec, LDNS_RR_TYPE_NS) && !is_apex;
	if (type == LDNS_RR_TYPE_DS ? is_apex : is_cut)
		return false;
	return !has_type(nsec, type) && !has_type(nsec, LDNS_RR_TYPE_CNAME);
}

/* An opt-out span does not say that a name is not there, only that nothing
 * signed is (RFC 5155 sections 6 and 9.2). */
static void note_span(struct proof *proof, const ldns_rr *around)
{
	if (around != NULL && is_nsec3(around) && ldns_nsec3_optout(around))
		proof->opts_out = true;
}

/* Whether the wildcard below the closest encloser fits. */
static bool wildcard_is(const struct proof *proof, const ldns_rdf *name,
	uint8_t labels,
	const ldns_rr *(*fits)(const struct proof *, const ldns_rdf *),
	const ldns_rr **found)
{
	ldns_rdf *encloser = last_labels(name, labels);
	ldns_rdf *wildcard = wildcard_of(encloser);
	*found = wildcard == NULL ? NULL : fits(proof, wildcard);
	ldns_rdf_deep_free(encloser);
	ldns_rdf_deep_free(wildcard);
	return *found != NULL;
}

/* The name itself has a record. */
static bool proves_at(struct proof *proof, const ldns_rr *at, ldns_rr_type type)
{
	proof->shows_cut = has_type(at, LDNS_RR_TYPE_NS);
	return lacks_type(at, type);
}

static bool proves_no_type(
	struct proof *proof, const ldns_rdf *name, ldns_rr_type type)
{
	const ldns_rr *at = match(proof, name);
	if (at != NULL)
		return proves_at(proof, at, type);
	/* An empty non-terminal: what comes next is below it. */
	const ldns_rr *around = cover(proof, name);
	if (around != NULL && !is_nsec3(around) &&
		ldns_dname_is_subdomain(ldns_rr_rdf(around, 0), name))
		return true;
	uint8_t labels = 0;
	around = closest_encloser(proof, name, &labels);
	if (around == NULL)
		return false;
	note_span(proof, around);
	if (type == LDNS_RR_TYPE_DS && proof->opts_out) {
		proof->shows_cut = true;
		return true;
	}
	return wildcard_is(proof, name, labels, match, &at) &&
	       lacks_type(at, type);
}

static bool proves_no_name(struct proof *proof, const ldns_rdf *name)
{
	uint8_t labels = 0;
	const ldns_rr *around = closest_encloser(proof, name, &labels);
	if (around == NULL)
		return false;
	note_span(proof, around);
	return wildcard_is(proof, name, labels, cover, &around);
}

/* A wildcard's answer also needs that nothing closer exists (RFC 4035
 * section 5.3.4); sig_labels is how many labels the signature is for. */
static bool proves_wildcard(
	struct proof *proof, const ldns_rdf *name, uint8_t sig_labels)
{
	if (sig_labels >= ldns_dname_label_count(name))
		return true;
	ldns_rdf *next_closer = last_labels(name, (uint8_t)(sig_labels + 1));
	const ldns_rr *around = cover(proof, next_closer);
	if (around == NULL)
		around = cover(proof, name);
	note_span(proof, around);
	ldns_rdf_deep_free(next_closer);
	return around != NULL;
}

/* -- the reply ----------------------------------------------------------- */

/* One set more that the proof rests on: false where it does not hold. */
static bool rest_on(struct proof *proof, const struct dns_signed *seen)
{
	bool is_first = !proof->seen.was_asked;
	if (seen->security != DNS_SECURE) {
		proof->seen = *seen;
		return false;
	}
	if (is_first || seen->expiration_s < proof->seen.expiration_s)
		proof->seen = *seen;
	return true;
}

/* Verifies each SOA, NSEC and NSEC3 of the authority section. */
static bool verify_authority(
	struct dnssec *dnssec, struct packet *packet, struct proof *proof)
{
	const ldns_rr_list *authority = ldns_pkt_authority(packet->pkt);
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		ldns_rr *rr = ldns_rr_list_rr(authority, i);
		ldns_rr_type type = ldns_rr_get_type(rr);
		bool is_nsec = type == LDNS_RR_TYPE_NSEC || is_nsec3(rr);
		if (!is_nsec && type != LDNS_RR_TYPE_SOA)
			continue;
		if (is_nsec && !has_fields(rr))
			continue;
		ldns_rr_list *one = ldns_rr_list_new();
		ldns_rr_list_push_rr(one, rr);
		struct dns_signed seen =
			verify_rrset(dnssec, proof->keys, packet, one);
		ldns_rr_list_free(one);
		if (!rest_on(proof, &seen))
			return false;
		if (is_nsec3(rr) && ldns_nsec3_iterations(rr) > ITERATIONS_MAX)
			proof->is_beyond = true;
		if (is_nsec && !proof->is_beyond)
			ldns_rr_list_push_rr(proof->nsecs, rr);
	}
	return true;
}

/* The number of labels that the set's signature is for (RFC 4034 section
 * 3.1.3): fewer than its owner has where a wildcard made it. */
static uint8_t signed_labels(
	const struct packet *packet, const ldns_rr_list *set)
{
	const ldns_rr *first = ldns_rr_list_rr(set, 0);
	const ldns_rr_list *answer = ldns_pkt_answer(packet->pkt);
	uint8_t labels = ldns_dname_label_count(ldns_rr_owner(first));
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG ||
			ldns_rr_rd_count(rr) < 9 ||
			ldns_dname_compare(
				ldns_rr_owner(rr), ldns_rr_owner(first)) != 0 ||
			ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)) !=
				ldns_rr_get_type(first))
			continue;
		uint8_t seen = ldns_rdf2native_int8(ldns_rr_rrsig_labels(rr));
		labels = seen < labels ? seen : labels;
	}
	return labels;
}

/* The first set of the answer, whatever its type (a wildcard may hold an
 * alias). */
static ldns_rr_list *first_set(const struct packet *packet)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet->pkt);
	ldns_rr_list *set = ldns_rr_list_new();
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		ldns_rr *rr = ldns_rr_list_rr(answer, i);
		const ldns_rr *first = ldns_rr_list_rr(set, 0);
		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG)
			continue;
		if (first == NULL ||
			(ldns_rr_get_type(first) == ldns_rr_get_type(rr) &&
				ldns_dname_compare(ldns_rr_owner(first),
					ldns_rr_owner(rr)) == 0))
			ldns_rr_list_push_rr(set, rr);
	}
	return set;
}

/* Whether the reply proves what it says. */
static bool is_proved(struct dnssec *dnssec, struct packet *packet,
	struct proof *proof, const ldns_rdf *name, uint16_t type)
{
	if (!verify_authority(dnssec, packet, proof))
		return false;
	ldns_rr_list *set = first_set(packet);
	bool has_answer = ldns_rr_list_rr_count(set) > 0;
	bool holds = true;
	uint8_t labels = 0;
	if (has_answer) {
		struct dns_signed seen =
			verify_rrset(dnssec, proof->keys, packet, set);
		holds = rest_on(proof, &seen);
		labels = signed_labels(packet, set);
	}
	ldns_rr_list_free(set);
	if (!holds)
		return false;
	if (proof->is_beyond) {
		proof->opts_out = proof->shows_cut = true;
		return true;
	}
	if (has_answer)
		holds = proves_wildcard(proof, name, labels);
	else if (ldns_pkt_get_rcode(packet->pkt) == LDNS_RCODE_NXDOMAIN)
		holds = proves_no_name(proof, name);
	else
		holds = proves_no_type(proof, name, (ldns_rr_type)type);
	if (!holds) {
		proof->seen.security = DNS_BOGUS;
		proof->seen.why =
			ldns_rr_list_rr_count(proof->nsecs) == 0
				? "there is no NSEC or NSEC3 record to prove it"
				: "its NSEC or NSEC3 records do not prove it";
	}
	return holds;
}

static struct dns_signed check(struct dnssec *dnssec, struct packet *packet,
	struct proof *proof, const struct dns_question *question)
{
	ldns_rdf *name = ldns_dname_new_frm_str(question->name);
	proof->nsecs = ldns_rr_list_new();
	ldns_dname2canonical(name);
	(void)is_proved(dnssec, packet, proof, name, (uint16_t)question->type);
	ldns_rdf_deep_free(name);
	ldns_rr_list_free(proof->nsecs);
	proof->seen.was_asked = true;
	proof->seen.is_signed = packet_is_signed(packet);
	return proof->seen;
}

struct dns_signed denial_check(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const struct dns_question *question)
{
	struct proof proof = { .keys = keys };
	struct dns_signed seen = check(dnssec, packet, &proof, question);
	if (seen.security == DNS_SECURE && proof.opts_out)
		seen.security = DNS_INSECURE;
	return seen;
}

struct dns_signed denial_of_ds(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const char *zone, bool *is_cut)
{
	struct proof proof = { .keys = keys };
	struct dns_question question = { .name = zone, .type = DNS_TYPE_DS };
	struct dns_signed seen = check(dnssec, packet, &proof, &question);
	*is_cut = proof.shows_cut;
	return seen;
}
