/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cursor over one DNS message as it came (RFC 1035 section 4), for those
 * who read thousands of records and keep none: nothing is allocated, and
 * what a message can make it do is bounded by its length.
 */
#ifndef LIFELINE_DNSNET_WIRE_H
#define LIFELINE_DNSNET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

enum {
	WIRE_NAME_MAX = 255,
	WIRE_MESSAGE_MAX = 65535,
	WIRE_HEADER = 12,
	WIRE_CLASS_IN = 1,
	WIRE_CLASS_ANY = 255,
};

/* All that is read comes from the first len bytes; pos is never past them. */
struct wire {
	const uint8_t *at;
	size_t len, pos;
};

/* Labels with their lengths, the root's too, letters in lower case. */
struct wire_name {
	uint8_t bytes[WIRE_NAME_MAX];
	size_t len;
};

struct wire_header {
	uint16_t id, flags;
	uint16_t n_questions, n_answers, n_authority, n_additional;
};

struct wire_record {
	struct wire_name owner;
	uint16_t type, class;
	uint32_t ttl_s;
	size_t rdata; /* where it begins */
	uint16_t rdata_len;
};

/* Data of a record without compression and with its names in lower case, as
 * RFC 4034 section 6.2 and RFC 6840 section 5.1 have it. */
struct wire_rdata {
	uint8_t bytes[WIRE_MESSAGE_MAX];
	size_t len;
};

/* Each reads what is next; false where it is not there whole, or not well
 * formed, and the cursor is no use any more. */
bool wire_read_u8(struct wire *wire, uint8_t *out);
bool wire_read_u16(struct wire *wire, uint16_t *out);
bool wire_read_u32(struct wire *wire, uint32_t *out);
bool wire_read_u48(struct wire *wire, uint64_t *out);
bool wire_skip(struct wire *wire, size_t len);
bool wire_read_header(struct wire *wire, struct wire_header *out);
/* A pointer in it must lead back (RFC 1035 section 4.1.4). */
bool wire_read_name(struct wire *wire, struct wire_name *out);
/* The same without a look at what a pointer leads to. */
bool wire_skip_name(struct wire *wire);
/* The cursor is behind the data then. */
bool wire_read_record(struct wire *wire, struct wire_record *out);
bool wire_skip_record(struct wire *wire);

/* False where the data is not of the form that its type has; data of a type
 * that is not known here is taken as it is (RFC 3597). */
bool wire_read_rdata(const struct wire *wire, const struct wire_record *record,
	struct wire_rdata *out);

/* Big-endian, at bytes. */
uint16_t wire_u16(const uint8_t *bytes);
uint32_t wire_u32(const uint8_t *bytes);
void wire_put_u16(uint8_t *bytes, uint16_t value);
void wire_put_u48(uint8_t *bytes, uint64_t value);

/* Between wire form and text (see common/dns/name.h). False: no name. */
bool wire_name_parse(const char *text, struct wire_name *out);
const char *wire_name_text(
	struct arena *arena, const uint8_t *bytes, size_t len);

bool wire_name_equals(const struct wire_name *a, const struct wire_name *b);
/* Whether name is zone, or below it. */
bool wire_name_in(const struct wire_name *name, const struct wire_name *zone);

#endif
