/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The records of mail in a reply of the DNS: MX, TXT and TLSA of one owner.
 * A record that is not well formed is left out.
 */
#ifndef LIFELINE_MAILCLI_MX_RECORDS_H
#define LIFELINE_MAILCLI_MX_RECORDS_H

#include "common/dnsnet/message.h"
#include "common/mail/mx.h"

/* RFC 1035 section 3.3.9; the name is "." where it is a null MX (RFC 7505). */
struct mx_record {
	uint16_t preference;
	const char *name;
};

/* Each returns how many there are; *out is in the arena. */
size_t mx_records_mx(struct arena *arena, const struct dns_message *message,
	const char *owner, struct mx_record **out);
/* The strings of a record joined (RFC 8461 section 3.1); a NUL in them, which
 * no text has, comes out as another control character. */
size_t mx_records_txt(struct arena *arena, const struct dns_message *message,
	const char *owner, const char ***out);
size_t mx_records_tlsa(struct arena *arena, const struct dns_message *message,
	const char *owner, struct mx_tlsa **out);

#endif
