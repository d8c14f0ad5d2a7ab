/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads JSON into structs by tables of members, so that a misspelt member is
 * an error and not a healthy default.
 */
#ifndef LIFELINE_TESTS_READER_H
#define LIFELINE_TESTS_READER_H

#include <jansson.h>
#include <stddef.h>

#include "common/dns/delegation.h"

enum member_kind {
	MEMBER_STRING, /* null: NULL */
	MEMBER_BOOL,
	MEMBER_U8,
	MEMBER_U16,
	MEMBER_U32,
	MEMBER_UINT, /* unsigned */
	MEMBER_U64,
	MEMBER_I32,
	MEMBER_I64,
	MEMBER_SIZE,
	MEMBER_WORD, /* an enumeration */
	MEMBER_ADDR, /* null: none */
	MEMBER_NAMES,
	MEMBER_ADDRS,
	MEMBER_PROBE,
	MEMBER_SOA,
	MEMBER_SIGNED,
	MEMBER_OTHER, /* the caller reads it */
};

typedef const char *(*word_fn)(unsigned value);

/* One of a table, which ends with a key of NULL. */
struct member {
	const char *key;
	enum member_kind kind;
	size_t offset;
	word_fn words;
};

/* The first error stays. */
struct reader {
	struct arena *arena;
	const char *wrong;
	struct dns_signed signature; /* of all that a healthy server sends */
};

enum {
	NOW_S = 1800000000,
	DAY_S = 86400,
};

/* Of struct dns_signed. */
extern const struct member reader_signed_members[];

extern const struct dns_soa reader_healthy_soa;
extern const struct dns_probe reader_healthy_probe;

void reader_complain(
	struct reader *reader, const char *what, const char *where);

/* Changes of the struct at out what the object has. */
void reader_object(struct reader *reader, json_t *object,
	const struct member *members, void *out, const char *where);

/* One value; where is what to complain of. */
const char *reader_string(
	struct reader *reader, json_t *value, const char *where);
unsigned reader_word(
	struct reader *reader, json_t *value, word_fn words, const char *where);
json_int_t reader_int(struct reader *reader, json_t *value, const char *where);
void reader_names(struct reader *reader, json_t *value, struct dns_names *names,
	const char *where);
/* An object, or one word for what became of an exchange. */
void reader_probe(struct reader *reader, json_t *value, struct dns_probe *probe,
	const char *where);
void reader_probe_word(
	struct reader *reader, const char *word, struct dns_probe *probe);

/* Adds a name in its place, unless the set has it. */
void reader_add_name(
	struct reader *reader, struct dns_names *names, const char *name);

#endif
