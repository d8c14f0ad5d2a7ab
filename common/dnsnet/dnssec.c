/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures, key sets and DS sets; denial is in denial.c. */
#include "config.h"

#include "common/dnsnet/dnssec.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnsnet/denial.h"
#include "common/dnsnet/verify.h"

enum {
	KEYS_MAX = 32, /* DNSKEYs of one zone that are looked at */
	DS_MAX = 32,
	DNSKEY_ZONE = 0x0100,
	DNSKEY_REVOKED = 0x0080,
};

/* -- plain structs out of records --------------------------------------- */

static const char *hex_of(struct arena *arena, const ldns_rdf *rdf)
{
	static const char digits[] = "0123456789abcdef";
	size_t size = ldns_rdf_size(rdf);
	const uint8_t *data = ldns_rdf_data(rdf);
	char *hex = arena_alloc(arena, 2 * size + 1);
	for (size_t i = 0; i < size; i++) {
		hex[2 * i] = digits[data[i] >> 4];
		hex[2 * i + 1] = digits[data[i] & 15];
	}
	return hex;
}

bool dnssec_read_ds(struct arena *arena, const ldns_rr *rr, struct dns_ds *out)
{
	if (ldns_rr_rd_count(rr) < 4)
		return false;
	*out = (struct dns_ds){
		.key_tag = ldns_rdf2native_int16(ldns_rr_rdf(rr, 0)),
		.algorithm = ldns_rdf2native_int8(ldns_rr_rdf(rr, 1)),
		.digest_type = ldns_rdf2native_int8(ldns_rr_rdf(rr, 2)),
		.digest = arena == NULL ? NULL
					: hex_of(arena, ldns_rr_rdf(rr, 3)),
	};
	return true;
}

/* The length of the modulus (RFC 3110 section 2). */
static unsigned rsa_bits(const ldns_rdf *key)
{
	const uint8_t *data = ldns_rdf_data(key);
	size_t size = ldns_rdf_size(key), exponent = 0, at = 1;
	if (size < 3)
		return 0;
	exponent = data[0];
	if (exponent == 0) {
		exponent = (size_t)data[1] << 8 | data[2];
		at = 3;
	}
	return size > at + exponent ? (unsigned)(size - at - exponent) * 8 : 0;
}

static bool is_rsa(uint8_t algorithm)
{
	return algorithm == LDNS_RSAMD5 || algorithm == LDNS_RSASHA1 ||
	       algorithm == LDNS_RSASHA1_NSEC3 || algorithm == LDNS_RSASHA256 ||
	       algorithm == LDNS_RSASHA512;
}

static struct dns_key read_key(const ldns_rr *rr)
{
	struct dns_key key = {
		.key_tag = ldns_calc_keytag(rr),
		.flags = ldns_rdf2native_int16(ldns_rr_dnskey_flags(rr)),
		.algorithm = ldns_rdf2native_int8(ldns_rr_dnskey_algorithm(rr)),
	};
	if (is_rsa(key.algorithm))
		key.bits = rsa_bits(ldns_rr_dnskey_key(rr));
	return key;
}

size_t dnssec_list_keys(const struct dns_message *message, const char *zone,
	struct dns_key *out, size_t max)
{
	struct packet packet = packet_read(message);
	ldns_rr_list *set =
		packet_rrset(&packet, PACKET_ANSWER, zone, LDNS_RR_TYPE_DNSKEY);
	size_t n = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(set) && n < max; i++)
		if (ldns_rr_rd_count(ldns_rr_list_rr(set, i)) >= 4)
			out[n++] = read_key(ldns_rr_list_rr(set, i));
	ldns_rr_list_free(set);
	packet_release(&packet);
	return n;
}

static size_t list_cds(
	struct packet *packet, const char *zone, struct dns_ds *out, size_t max)
{
	ldns_rr_list *cds =
		packet_rrset(packet, PACKET_ANSWER, zone, LDNS_RR_TYPE_CDS);
	ldns_rr_list *keys =
		packet_rrset(packet, PACKET_ANSWER, zone, LDNS_RR_TYPE_CDNSKEY);
	size_t n = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(cds) && n < max; i++)
		n += dnssec_read_ds(NULL, ldns_rr_list_rr(cds, i), &out[n]);
	for (size_t i = 0; i < ldns_rr_list_rr_count(keys) && n < max; i++) {
		ldns_rr *rr = ldns_rr_list_rr(keys, i);
		if (ldns_rr_rd_count(rr) < 4)
			continue;
		/* The same fields; ldns reads them of a DNSKEY only. */
		ldns_rr_set_type(rr, LDNS_RR_TYPE_DNSKEY);
		struct dns_key key = read_key(rr);
		out[n++] = (struct dns_ds){ .key_tag = key.key_tag,
			.algorithm = key.algorithm };
	}
	ldns_rr_list_free(cds);
	ldns_rr_list_free(keys);
	return n;
}

size_t dnssec_list_cds(const struct dns_message *message, const char *zone,
	struct dns_ds *out, size_t max)
{
	struct packet packet = packet_read(message);
	size_t n = list_cds(&packet, zone, out, max);
	packet_release(&packet);
	return n;
}

/* -- one signature ------------------------------------------------------- */

/* What RRSIGs on one set came to so far; the best is kept. */
struct outcome {
	struct dns_signed best;
	bool is_held; /* one of them holds */
	int rank;     /* how telling why is, where none holds */
};

static const char *age_text(struct arena *arena, int64_t seconds)
{
	if (seconds >= 2 * 86400)
		return arena_printf(
			arena, "%lld d", (long long)seconds / 86400);
	if (seconds >= 2 * 3600)
		return arena_printf(arena, "%lld h", (long long)seconds / 3600);
	if (seconds >= 2 * 60)
		return arena_printf(arena, "%lld min", (long long)seconds / 60);
	return arena_printf(arena, "%lld s", (long long)seconds);
}

/* Keeps the words of the failure that tells most. */
static void note_failure(struct outcome *outcome, int rank,
	enum dns_security security, const struct dns_signed *seen)
{
	if (outcome->is_held || rank <= outcome->rank)
		return;
	outcome->rank = rank;
	outcome->best = *seen;
	outcome->best.security = security;
}

/* Times of the signature, and whether it counts now (RFC 4034 3.1.5). */
static bool is_in_time(struct dnssec *dnssec, struct dns_signed *seen)
{
	if (seen->expiration_s + DNS_CLOCK_SKEW_S < dnssec->now_s) {
		seen->why = arena_printf(dnssec->arena,
			"the signature by key %u expired %s ago",
			(unsigned)seen->key_tag,
			age_text(dnssec->arena,
				dnssec->now_s - seen->expiration_s));
		return false;
	}
	if (seen->inception_s - DNS_CLOCK_SKEW_S > dnssec->now_s) {
		seen->why = arena_printf(dnssec->arena,
			"the signature by key %u is not valid until %s from "
			"now",
			(unsigned)seen->key_tag,
			age_text(dnssec->arena,
				seen->inception_s - dnssec->now_s));
		return false;
	}
	return true;
}

static struct dns_signed read_signature(
	const struct dnssec *dnssec, const ldns_rr *sig)
{
	/* Serial arithmetic: times are modulo 2^32 (RFC 4034 3.1.5). */
	uint32_t now = (uint32_t)dnssec->now_s;
	uint32_t from = ldns_rdf2native_int32(ldns_rr_rrsig_inception(sig));
	uint32_t until = ldns_rdf2native_int32(ldns_rr_rrsig_expiration(sig));
	return (struct dns_signed){
		.was_asked = true,
		.is_signed = true,
		.inception_s = dnssec->now_s + (int32_t)(from - now),
		.expiration_s = dnssec->now_s + (int32_t)(until - now),
		.key_tag = ldns_rdf2native_int16(ldns_rr_rrsig_keytag(sig)),
		.algorithm = ldns_rdf2native_int8(ldns_rr_rrsig_algorithm(sig)),
	};
}

/* The keys of the set that may have made the signature. */
static ldns_rr_list *keys_for(
	const struct keyset *keys, const struct dns_signed *seen)
{
	ldns_rr_list *found = ldns_rr_list_new();
	for (size_t i = 0; i < ldns_rr_list_rr_count(keys->list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(keys->list, i);
		struct dns_key key = read_key(rr);
		if (key.key_tag == seen->key_tag &&
			key.algorithm == seen->algorithm &&
			(key.flags & DNSKEY_ZONE) != 0)
			ldns_rr_list_push_rr(found, rr);
	}
	return found;
}

static void take_result(struct dnssec *dnssec, enum verify_result result,
	struct dns_signed *seen, struct outcome *outcome)
{
	switch (result) {
	case VERIFY_HOLDS:
		if (outcome->is_held &&
			seen->expiration_s <= outcome->best.expiration_s)
			return;
		outcome->is_held = true;
		outcome->best = *seen;
		outcome->best.security = DNS_SECURE;
		return;
	case VERIFY_CANNOT:
		seen->why = arena_printf(dnssec->arena,
			"algorithm %u is refused on this host",
			(unsigned)seen->algorithm);
		note_failure(outcome, 2, DNS_INDETERMINATE, seen);
		return;
	case VERIFY_FAILS:
		break;
	}
	seen->why = arena_printf(dnssec->arena,
		"the signature by key %u does not fit the data",
		(unsigned)seen->key_tag);
	note_failure(outcome, 4, DNS_BOGUS, seen);
}

static void check_signature(struct dnssec *dnssec, const struct keyset *keys,
	const ldns_rr_list *set, const ldns_rr *sig, struct outcome *outcome)
{
	struct dns_signed seen = read_signature(dnssec, sig);
	ldns_rr_list *candidates = keys_for(keys, &seen);
	if (ldns_dname_compare(ldns_rr_rrsig_signame(sig), keys->zone) != 0) {
		seen.why = "the signature names another zone as its signer";
		note_failure(outcome, 1, DNS_BOGUS, &seen);
	} else if (verify_support(seen.algorithm) != VERIFY_SUPPORTED) {
		seen.why = arena_printf(dnssec->arena,
			"algorithm %u can't be verified on this host",
			(unsigned)seen.algorithm);
		note_failure(outcome, 2, DNS_INDETERMINATE, &seen);
	} else if (ldns_rr_list_rr_count(candidates) == 0) {
		seen.why = arena_printf(dnssec->arena,
			"the signature is by key %u, which is not in the "
			"DNSKEY set",
			(unsigned)seen.key_tag);
		note_failure(outcome, 3, DNS_BOGUS, &seen);
	} else if (!is_in_time(dnssec, &seen)) {
		note_failure(outcome, 5, DNS_BOGUS, &seen);
	} else {
		take_result(dnssec, verify_once(dnssec, set, sig, candidates),
			&seen, outcome);
	}
	ldns_rr_list_free(candidates);
}

struct dns_signed verify_rrset(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const ldns_rr_list *set)
{
	const ldns_rr *first = ldns_rr_list_rr(set, 0);
	struct outcome outcome = { .best = { .was_asked = true,
					   .security = DNS_BOGUS,
					   .why = "it is not signed" } };
	const ldns_rr_list *all = packet->all;
	for (size_t i = 0; i < ldns_rr_list_rr_count(all); i++) {
		const ldns_rr *sig = ldns_rr_list_rr(all, i);
		if (ldns_rr_get_type(sig) == LDNS_RR_TYPE_RRSIG &&
			ldns_rr_rd_count(sig) >= 9 &&
			ldns_dname_compare(ldns_rr_owner(sig),
				ldns_rr_owner(first)) == 0 &&
			ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(sig)) ==
				ldns_rr_get_type(first))
			check_signature(dnssec, keys, set, sig, &outcome);
	}
	return outcome.best;
}

/* -- DS and DNSKEY ------------------------------------------------------- */

static void take_ds(
	struct dnssec *dnssec, const ldns_rr_list *set, struct ds_set *out)
{
	size_t n = ldns_rr_list_rr_count(set);
	out->n = 0;
	out->at = arena_array(
		dnssec->arena, n < DS_MAX ? n : DS_MAX, sizeof(*out->at));
	for (size_t i = 0; i < n && out->n < DS_MAX; i++)
		out->n += dnssec_read_ds(dnssec->arena, ldns_rr_list_rr(set, i),
			&out->at[out->n]);
}

struct dns_signed dnssec_ds(struct dnssec *dnssec, const struct keyset *keys,
	const struct dns_message *message, const char *zone, struct ds_set *out)
{
	struct packet packet = packet_read(message);
	*out = (struct ds_set){ 0 };
	ldns_rr_list *set =
		packet_rrset(&packet, PACKET_AUTHORITY, zone, LDNS_RR_TYPE_DS);
	if (ldns_rr_list_rr_count(set) == 0) {
		ldns_rr_list_free(set);
		set = packet_rrset(
			&packet, PACKET_ANSWER, zone, LDNS_RR_TYPE_DS);
	}
	struct dns_signed seen = { .was_asked = true };
	take_ds(dnssec, set, out);
	if (keys != NULL && out->n > 0)
		seen = verify_rrset(dnssec, keys, &packet, set);
	else if (keys != NULL)
		seen = denial_of_ds(dnssec, keys, &packet, zone, &out->is_cut);
	ldns_rr_list_free(set);
	packet_release(&packet);
	return seen;
}

static bool has_usable_digest(const struct dns_ds *ds)
{
	return ds->digest_type == LDNS_SHA1 || ds->digest_type == LDNS_SHA256 ||
	       ds->digest_type == LDNS_SHA384;
}

enum dns_security dnssec_ds_usable(const struct ds_set *ds)
{
	bool is_refused = false;
	for (size_t i = 0; i < ds->n; i++) {
		enum verify_support support =
			verify_support(ds->at[i].algorithm);
		if (!has_usable_digest(&ds->at[i]))
			continue;
		if (support == VERIFY_SUPPORTED)
			return DNS_SECURE;
		if (support == VERIFY_REFUSED)
			is_refused = true;
	}
	return is_refused ? DNS_INDETERMINATE : DNS_INSECURE;
}

/* Whether the DS is of this key (RFC 4034 section 5.1.4). */
static bool ds_fits(
	struct arena *arena, const struct dns_ds *ds, const ldns_rr *rr)
{
	struct dns_key key = read_key(rr);
	if (key.key_tag != ds->key_tag || key.algorithm != ds->algorithm ||
		(key.flags & DNSKEY_ZONE) == 0 ||
		(key.flags & DNSKEY_REVOKED) != 0 || !has_usable_digest(ds))
		return false;
	ldns_rr *made = ldns_key_rr2ds(rr, (ldns_hash)ds->digest_type);
	if (made == NULL)
		return false;
	bool fits =
		ldns_rr_rd_count(made) >= 4 &&
		strcmp(hex_of(arena, ldns_rr_rdf(made, 3)), ds->digest) == 0;
	ldns_rr_free(made);
	return fits;
}

/* The signature that this one key made on the key set. */
static struct dns_signed signed_by(struct dnssec *dnssec,
	const struct keyset *all, ldns_rr *key, struct packet *packet)
{
	struct keyset one = { .zone = all->zone, .list = ldns_rr_list_new() };
	ldns_rr_list_push_rr(one.list, key);
	struct dns_signed seen = verify_rrset(dnssec, &one, packet, all->list);
	ldns_rr_list_free(one.list);
	return seen;
}

static void try_ds(struct dnssec *dnssec, const struct keyset *all,
	struct packet *packet, struct dns_ds *ds, struct dns_signed *best)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(all->list); i++) {
		ldns_rr *key = ldns_rr_list_rr(all->list, i);
		if (!ds_fits(dnssec->arena, ds, key))
			continue;
		ds->matches_key = true;
		struct dns_signed seen = signed_by(dnssec, all, key, packet);
		if (seen.security == DNS_SECURE) {
			ds->signs_keys = true;
			if (best->security != DNS_SECURE ||
				seen.expiration_s > best->expiration_s)
				*best = seen;
		} else if (best->security != DNS_SECURE) {
			*best = seen;
		}
	}
}

static struct keyset *keyset_new(
	struct dnssec *dnssec, struct packet *packet, const char *zone)
{
	struct keyset *keys = arena_alloc(dnssec->arena, sizeof(*keys));
	ldns_rr_list *set =
		packet_rrset(packet, PACKET_ANSWER, zone, LDNS_RR_TYPE_DNSKEY);
	keys->zone = ldns_dname_new_frm_str(zone);
	keys->list = ldns_rr_list_new();
	for (size_t i = 0; i < ldns_rr_list_rr_count(set) && i < KEYS_MAX; i++)
		if (ldns_rr_rd_count(ldns_rr_list_rr(set, i)) >= 4)
			ldns_rr_list_push_rr(keys->list,
				ldns_rr_clone(ldns_rr_list_rr(set, i)));
	ldns_rr_list_free(set);
	keys->next = dnssec->keysets;
	dnssec->keysets = keys;
	return keys;
}

struct dns_signed dnssec_keys(struct dnssec *dnssec,
	const struct dns_message *message, const char *zone, struct ds_set *ds,
	const struct keyset **keys)
{
	struct packet packet = packet_read(message);
	struct keyset *all = keyset_new(dnssec, &packet, zone);
	struct dns_signed best = { .was_asked = true,
		.security = DNS_BOGUS,
		.is_signed = packet_is_signed(&packet),
		.why = ldns_rr_list_rr_count(all->list) == 0
			       ? "there is no DNSKEY"
			       : "no DNSKEY matches a DS of the parent" };
	for (size_t i = 0; i < ds->n; i++)
		try_ds(dnssec, all, &packet, &ds->at[i], &best);
	*keys = best.security == DNS_SECURE ? all : NULL;
	packet_release(&packet);
	return best;
}

/* -- record sets --------------------------------------------------------- */

struct dns_signed dnssec_rrset(struct dnssec *dnssec, const struct keyset *keys,
	const struct dns_message *message, const struct dns_question *question)
{
	struct packet packet = packet_read(message);
	ldns_rr_list *set = packet_rrset(&packet, PACKET_ANSWER, question->name,
		(uint16_t)question->type);
	struct dns_signed seen = { .was_asked = true };
	if (ldns_rr_list_rr_count(set) > 0)
		seen = verify_rrset(dnssec, keys, &packet, set);
	ldns_rr_list_free(set);
	packet_release(&packet);
	return seen;
}

struct dns_signed dnssec_reply(struct dnssec *dnssec, const struct keyset *keys,
	const struct dns_message *message, const struct dns_question *question)
{
	struct packet packet = packet_read(message);
	struct dns_signed seen = denial_check(dnssec, keys, &packet, question);
	packet_release(&packet);
	return seen;
}

const char *dnssec_signer(
	struct arena *arena, const struct dns_message *message)
{
	struct packet packet = packet_read(message);
	const char *signer = NULL;
	for (size_t i = 0; i < ldns_rr_list_rr_count(packet.all); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(packet.all, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG ||
			ldns_rr_rd_count(rr) < 9)
			continue;
		char *text = ldns_rdf2str(ldns_rr_rrsig_signame(rr));
		size_t len = text == NULL ? 0 : strlen(text);
		if (len > 0)
			signer = arena_strndup(
				arena, text, len > 1 ? len - 1 : len);
		free(text);
		break;
	}
	packet_release(&packet);
	return signer;
}

uint16_t dnssec_iterations(const struct dns_message *message)
{
	struct packet packet = packet_read(message);
	uint16_t most = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(packet.all); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(packet.all, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC3 ||
			ldns_rr_rd_count(rr) < 5)
			continue;
		uint16_t iterations = ldns_nsec3_iterations(rr);
		most = iterations > most ? iterations : most;
	}
	packet_release(&packet);
	return most;
}
