/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies from the wire: the reader, and what a reply amounts to. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/dnsnet/dnssec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_section(const struct dns_section *section)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct dns_rr *rr = &section->at[i];
		if (rr->owner == NULL || strlen(rr->owner) >= DNS_NAME_TEXT)
			abort();
		if (rr->type == DNS_TYPE_NS && rr->target == NULL)
			abort();
	}
}

/* DS and DNSKEY sets that the reply brings, held against each other. */
static void validate(struct arena *arena, const struct dns_message *message)
{
	struct dnssec *dnssec = dnssec_new(arena, 1767225600);
	struct ds_set ds;
	const struct keyset *keys = NULL;
	struct dns_key listed[8];
	struct dns_ds cds[8];
	(void)dnssec_ds(dnssec, NULL, message, "example.org", &ds);
	(void)dnssec_ds_usable(&ds);
	(void)dnssec_list_keys(message, "example.org", listed, 8);
	(void)dnssec_list_cds(message, "example.org", cds, 8);
	(void)dnssec_iterations(message);
	(void)dnssec_signer(arena, message);
	struct dns_signed seen =
		dnssec_keys(dnssec, message, "example.org", &ds, &keys);
	if ((seen.security == DNS_SECURE) != (keys != NULL))
		abort();
	dnssec_free(dnssec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64 * 1024 * 1024);
	const struct dns_message *message = dns_message_read(arena, data, size);
	if (message != NULL) {
		struct dns_question question = { .name = "example.org",
			.type = DNS_TYPE_SOA };
		check_section(&message->answer);
		check_section(&message->authority);
		check_section(&message->additional);
		struct dns_meaning meaning =
			dns_message_meaning(message, &question, "org");
		/* A referral always leads down. */
		if (meaning.kind == DNS_KIND_REFERRAL &&
			(!dns_name_in(meaning.cut, "org") ||
				dns_name_compare(meaning.cut, "org") == 0 ||
				!dns_name_in("example.org", meaning.cut)))
			abort();
		validate(arena, message);
	}
	arena_free(arena);
	return 0;
}
