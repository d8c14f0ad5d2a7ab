/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys and signatures out of any reply, made to fit each other as far as tag
 * and algorithm go: what ldns and OpenSSL do with material that the owner of
 * a zone chose.
 */
#include "config.h"

#include <ldns/ldns.h>
#include <stdlib.h>

#include "common/dnsnet/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ldns_rr_list *of_type(const struct packet *packet, ldns_rr_type type)
{
	ldns_rr_list *found = ldns_rr_list_new();
	for (size_t i = 0; i < ldns_rr_list_rr_count(packet->all); i++) {
		ldns_rr *rr = ldns_rr_list_rr(packet->all, i);
		if (ldns_rr_get_type(rr) == type)
			ldns_rr_list_push_rr(found, rr);
	}
	return found;
}

/* Gives the signature the tag and the algorithm of the key. */
static void fit(ldns_rr *sig, const ldns_rr *key)
{
	ldns_rdf *tag = ldns_native2rdf_int16(
		LDNS_RDF_TYPE_INT16, ldns_calc_keytag(key));
	ldns_rdf *algorithm = ldns_rdf_clone(ldns_rr_dnskey_algorithm(key));
	ldns_rdf_deep_free(ldns_rr_set_rdf(sig, tag, 6));
	ldns_rdf_deep_free(ldns_rr_set_rdf(sig, algorithm, 1));
}

static void verify(struct dnssec *dnssec, ldns_rr *key, ldns_rr *sig,
	const ldns_rr_list *set)
{
	ldns_rr_list *one = ldns_rr_list_new();
	ldns_rr_list_push_rr(one, key);
	fit(sig, key);
	(void)verify_once(dnssec, set, sig, one);
	ldns_rr_list_free(one);
	ldns_rr_free(ldns_key_rr2ds(key, LDNS_SHA256));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64 * 1024 * 1024);
	struct dnssec *dnssec = dnssec_new(arena, 1767225600);
	struct dns_message message = { .wire = data, .size = size };
	struct packet packet = packet_read(&message);
	ldns_rr_list *keys = of_type(&packet, LDNS_RR_TYPE_DNSKEY);
	ldns_rr_list *sigs = of_type(&packet, LDNS_RR_TYPE_RRSIG);
	for (size_t k = 0; k < ldns_rr_list_rr_count(keys) && k < 4; k++)
		for (size_t s = 0; s < ldns_rr_list_rr_count(sigs) && s < 4;
			s++) {
			ldns_rr *key = ldns_rr_list_rr(keys, k);
			ldns_rr *sig = ldns_rr_list_rr(sigs, s);
			if (ldns_rr_rd_count(key) >= 4 &&
				ldns_rr_rd_count(sig) >= 9)
				verify(dnssec, key, sig, keys);
		}
	ldns_rr_list_free(keys);
	ldns_rr_list_free(sigs);
	packet_release(&packet);
	dnssec_free(dnssec);
	arena_free(arena);
	return 0;
}
