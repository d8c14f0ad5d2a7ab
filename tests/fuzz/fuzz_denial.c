/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proofs by NSEC and NSEC3 out of any reply. Each signature counts as good
 * here (a stand-in for verify_rrset()), so that the fuzzer gets to what is
 * made of the records.
 */
#include "config.h"

#include <ldns/ldns.h>
#include <stdlib.h>

#include "common/dnsnet/denial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct dns_signed verify_rrset(struct dnssec *dnssec, const struct keyset *keys,
	struct packet *packet, const ldns_rr_list *set)
{
	(void)keys;
	(void)packet;
	(void)set;
	return (struct dns_signed){ .was_asked = true,
		.is_signed = true,
		.security = DNS_SECURE,
		.expiration_s = dnssec->now_s + 1 };
}

static bool has_nsec(const struct packet *packet)
{
	const ldns_rr_list *authority = ldns_pkt_authority(packet->pkt);
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		ldns_rr_type type =
			ldns_rr_get_type(ldns_rr_list_rr(authority, i));
		if (type == LDNS_RR_TYPE_NSEC || type == LDNS_RR_TYPE_NSEC3)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "example.org", "a.example.org",
		"a.b.c.example.org", "org" };
	if (size < 1)
		return 0;
	struct arena *arena = arena_new(64 * 1024 * 1024);
	struct dnssec *dnssec = dnssec_new(arena, 1767225600);
	struct keyset keys = { .zone = ldns_dname_new_frm_str("example.org"),
		.list = ldns_rr_list_new() };
	struct dns_message message = { .wire = data + 1, .size = size - 1 };
	struct packet packet = packet_read(&message);
	struct dns_question question = { .name = names[data[0] & 3],
		.type = (data[0] & 4) != 0 ? DNS_TYPE_DS : DNS_TYPE_A };
	struct dns_signed seen =
		denial_check(dnssec, &keys, &packet, &question);
	/* Without a record that denies, only an answer can hold. */
	if (seen.security == DNS_SECURE && !has_nsec(&packet) &&
		ldns_rr_list_rr_count(ldns_pkt_answer(packet.pkt)) == 0)
		abort();
	packet_release(&packet);
	ldns_rdf_deep_free(keys.zone);
	ldns_rr_list_deep_free(keys.list);
	dnssec_free(dnssec);
	arena_free(arena);
	return 0;
}
