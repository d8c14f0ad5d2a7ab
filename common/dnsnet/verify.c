/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies parsed for validation, and signatures verified once each. */
#include "config.h"

#include "common/dnsnet/verify.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

/* A verification that was done: of these bytes, with this result. */
struct verified {
	uint8_t *bytes;
	size_t len;
	uint64_t hash;
	enum verify_result result;
	struct verified *next;
};

struct dnssec *dnssec_new(struct arena *arena, int64_t now_s)
{
	struct dnssec *dnssec = arena_alloc(arena, sizeof(*dnssec));
	dnssec->arena = arena;
	dnssec->now_s = now_s;
	return dnssec;
}

void dnssec_free(struct dnssec *dnssec)
{
	if (dnssec == NULL)
		return;
	struct keyset *keys = dnssec->keysets;
	for (; keys != NULL; keys = keys->next) {
		ldns_rr_list_deep_free(keys->list);
		ldns_rdf_deep_free(keys->zone);
	}
	dnssec->keysets = NULL;
}

/* -- packets ------------------------------------------------------------- */

/* Borrows the records, and brings them to canonical form where they are. */
static void add_section(ldns_rr_list *all, const ldns_rr_list *section)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
		ldns_rr *rr = ldns_rr_list_rr(section, i);
		ldns_rr2canonical(rr);
		ldns_rr_list_push_rr(all, rr);
	}
}

struct packet packet_read(const struct dns_message *message)
{
	struct packet packet = { 0 };
	if (message->wire == NULL || ldns_wire2pkt(&packet.pkt, message->wire,
					     message->size) != LDNS_STATUS_OK)
		packet.pkt = ldns_pkt_new();
	packet.all = ldns_rr_list_new();
	add_section(packet.all, ldns_pkt_answer(packet.pkt));
	add_section(packet.all, ldns_pkt_authority(packet.pkt));
	return packet;
}

void packet_release(struct packet *packet)
{
	ldns_rr_list_free(packet->all);
	ldns_pkt_free(packet->pkt);
}

ldns_rr_list *packet_rrset(const struct packet *packet,
	enum packet_section section, const char *owner, uint16_t type)
{
	const ldns_rr_list *from = section == PACKET_ANSWER
					   ? ldns_pkt_answer(packet->pkt)
					   : ldns_pkt_authority(packet->pkt);
	ldns_rr_list *found = ldns_rr_list_new();
	ldns_rdf *name = ldns_dname_new_frm_str(owner);
	for (size_t i = 0; i < ldns_rr_list_rr_count(from); i++) {
		ldns_rr *rr = ldns_rr_list_rr(from, i);
		if (ldns_rr_get_type(rr) == (ldns_rr_type)type &&
			ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
			ldns_dname_compare(ldns_rr_owner(rr), name) == 0)
			ldns_rr_list_push_rr(found, rr);
	}
	ldns_rdf_deep_free(name);
	return found;
}

bool packet_is_signed(const struct packet *packet)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(packet->all); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(packet->all, i)) ==
			LDNS_RR_TYPE_RRSIG)
			return true;
	return false;
}

/* -- signatures ---------------------------------------------------------- */

enum verify_support verify_support(uint8_t algorithm)
{
	switch (algorithm) {
	case LDNS_RSASHA256:
	case LDNS_RSASHA512:
	case LDNS_ECDSAP256SHA256:
	case LDNS_ECDSAP384SHA384:
	case LDNS_ED25519:
	case LDNS_ED448:
	case LDNS_RSASHA1:
	case LDNS_RSASHA1_NSEC3:
		return VERIFY_SUPPORTED;
	case LDNS_RSAMD5:
	case LDNS_DSA:
	case LDNS_DSA_NSEC3:
	case LDNS_ECC_GOST:
		return VERIFY_REFUSED;
	default:
		return VERIFY_UNKNOWN;
	}
}

static void add_wire(ldns_buffer *out, const ldns_rr *rr)
{
	/* The digest is over this form; LDNS_SECTION_ANSWER keeps rdata. */
	(void)ldns_rr2buffer_wire(out, rr, LDNS_SECTION_ANSWER);
}

/* All that the verification depends on, in an order of its own. */
static ldns_buffer *bytes_of(
	const ldns_rr_list *set, const ldns_rr *sig, const ldns_rr_list *keys)
{
	ldns_buffer *out = ldns_buffer_new(4096);
	ldns_rr_list *sorted = ldns_rr_list_clone(set);
	if (out == NULL || sorted == NULL) {
		ldns_buffer_free(out);
		ldns_rr_list_deep_free(sorted);
		return NULL;
	}
	ldns_rr_list_sort(sorted);
	for (size_t i = 0; i < ldns_rr_list_rr_count(sorted); i++)
		add_wire(out, ldns_rr_list_rr(sorted, i));
	add_wire(out, sig);
	for (size_t i = 0; i < ldns_rr_list_rr_count(keys); i++)
		add_wire(out, ldns_rr_list_rr(keys, i));
	ldns_rr_list_deep_free(sorted);
	return out;
}

static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
	uint64_t hash = 14695981039346656037U; /* FNV-1a */
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 1099511628211U;
	return hash;
}

static enum verify_result verify_now(
	const ldns_rr_list *set, const ldns_rr *sig, const ldns_rr_list *keys)
{
	uint8_t algorithm = ldns_rdf2native_int8(ldns_rr_rrsig_algorithm(sig));
	ldns_rr_list *good = ldns_rr_list_new();
	ldns_status status =
		ldns_verify_rrsig_keylist_notime(set, sig, keys, good);
	ldns_rr_list_free(good);
	if (status == LDNS_STATUS_OK)
		return VERIFY_HOLDS;
	return verify_works(algorithm) ? VERIFY_FAILS : VERIFY_CANNOT;
}

static struct verified *find_verified(const struct dnssec *dnssec,
	const uint8_t *bytes, size_t len, uint64_t hash)
{
	struct verified *known = dnssec->verified;
	while (known != NULL && (known->hash != hash || known->len != len ||
					memcmp(known->bytes, bytes, len) != 0))
		known = known->next;
	return known;
}

enum verify_result verify_once(struct dnssec *dnssec, const ldns_rr_list *set,
	const ldns_rr *sig, const ldns_rr_list *keys)
{
	ldns_buffer *buffer = bytes_of(set, sig, keys);
	if (buffer == NULL)
		return VERIFY_CANNOT;
	const uint8_t *bytes = ldns_buffer_begin(buffer);
	size_t len = ldns_buffer_position(buffer);
	uint64_t hash = hash_of(bytes, len);
	struct verified *known = find_verified(dnssec, bytes, len, hash);
	if (known == NULL) {
		known = arena_alloc(dnssec->arena, sizeof(*known));
		known->bytes = arena_alloc(dnssec->arena, len + 1);
		memcpy(known->bytes, bytes, len);
		known->len = len;
		known->hash = hash;
		known->result = verify_now(set, sig, keys);
		known->next = dnssec->verified;
		dnssec->verified = known;
	}
	ldns_buffer_free(buffer);
	return known->result;
}
