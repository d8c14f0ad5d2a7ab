/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/dns/delegation_facts.h"

static const struct member probe_members[] = {
	{ "outcome", MEMBER_WORD, offsetof(struct dns_probe, outcome),
		dns_outcome_word },
	{ "kind", MEMBER_WORD, offsetof(struct dns_probe, kind),
		dns_kind_word },
	{ "rcode", MEMBER_U16, offsetof(struct dns_probe, rcode), NULL },
	{ "is_authoritative", MEMBER_BOOL,
		offsetof(struct dns_probe, is_authoritative), NULL },
	{ "was_truncated", MEMBER_BOOL,
		offsetof(struct dns_probe, was_truncated), NULL },
	{ "offers_recursion", MEMBER_BOOL,
		offsetof(struct dns_probe, offers_recursion), NULL },
	{ "has_edns", MEMBER_BOOL, offsetof(struct dns_probe, has_edns), NULL },
	{ "tries", MEMBER_UINT, offsetof(struct dns_probe, tries), NULL },
	{ "rtt_us", MEMBER_I64, offsetof(struct dns_probe, rtt_us), NULL },
	{ "reply_size", MEMBER_SIZE, offsetof(struct dns_probe, reply_size),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member soa_members[] = {
	{ "mname", MEMBER_STRING, offsetof(struct dns_soa, mname), NULL },
	{ "rname", MEMBER_STRING, offsetof(struct dns_soa, rname), NULL },
	{ "serial", MEMBER_U32, offsetof(struct dns_soa, serial), NULL },
	{ "refresh", MEMBER_U32, offsetof(struct dns_soa, refresh), NULL },
	{ "retry", MEMBER_U32, offsetof(struct dns_soa, retry), NULL },
	{ "expire", MEMBER_U32, offsetof(struct dns_soa, expire), NULL },
	{ "minimum", MEMBER_U32, offsetof(struct dns_soa, minimum), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

const struct member reader_signed_members[] = {
	{ "security", MEMBER_WORD, offsetof(struct dns_signed, security),
		dns_security_word },
	{ "why", MEMBER_STRING, offsetof(struct dns_signed, why), NULL },
	{ "was_asked", MEMBER_BOOL, offsetof(struct dns_signed, was_asked),
		NULL },
	{ "is_signed", MEMBER_BOOL, offsetof(struct dns_signed, is_signed),
		NULL },
	{ "inception_s", MEMBER_I64, offsetof(struct dns_signed, inception_s),
		NULL },
	{ "expiration_s", MEMBER_I64, offsetof(struct dns_signed, expiration_s),
		NULL },
	{ "key_tag", MEMBER_U16, offsetof(struct dns_signed, key_tag), NULL },
	{ "algorithm", MEMBER_U8, offsetof(struct dns_signed, algorithm),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

const struct dns_soa reader_healthy_soa = {
	.is_known = true,
	.mname = "ns1.example.org",
	.rname = "hostmaster.example.org",
	.serial = 2026010101,
	.refresh = 7200,
	.retry = 3600,
	.expire = 1209600,
	.minimum = 3600,
};

const struct dns_probe reader_healthy_probe = {
	.outcome = DNS_ANSWERED,
	.kind = DNS_KIND_ANSWER,
	.is_authoritative = true,
	.has_edns = true,
	.tries = 1,
	.rtt_us = 20000,
	.reply_size = 120,
};

/* One word for what became of an exchange. */
static const struct {
	const char *word;
	enum dns_kind kind;
	uint16_t rcode;
	bool is_authoritative;
} answers[] = {
	{ "answer", DNS_KIND_ANSWER, 0, true },
	{ "no_authority", DNS_KIND_ANSWER, 0, false },
	{ "alias", DNS_KIND_ALIAS, 0, true },
	{ "nodata", DNS_KIND_NODATA, 0, true },
	{ "nxdomain", DNS_KIND_NXDOMAIN, 3, true },
	{ "referral", DNS_KIND_REFERRAL, 0, false },
	{ "upward", DNS_KIND_UPWARD, 0, false },
	{ "empty", DNS_KIND_EMPTY, 0, false },
	{ "servfail", DNS_KIND_ERROR, 2, false },
	{ "notimp", DNS_KIND_ERROR, 4, false },
	{ "refused", DNS_KIND_ERROR, 5, false },
};

void reader_complain(struct reader *reader, const char *what, const char *where)
{
	if (!reader->wrong)
		reader->wrong =
			arena_printf(reader->arena, "%s: %s", where, what);
}

const char *reader_string(
	struct reader *reader, json_t *value, const char *where)
{
	if (json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		reader_complain(reader, "not a string", where);
		return NULL;
	}
	return arena_strdup(reader->arena, json_string_value(value));
}

unsigned reader_word(
	struct reader *reader, json_t *value, word_fn words, const char *where)
{
	const char *word = reader_string(reader, value, where);
	unsigned i;

	for (i = 0; word && words(i); i++)
		if (strcmp(words(i), word) == 0)
			return i;
	reader_complain(reader, "no such word", where);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return dns_name_compare(
		*(const char *const *)a, *(const char *const *)b);
}

void reader_names(struct reader *reader, json_t *value, struct dns_names *names,
	const char *where)
{
	size_t n = json_array_size(value);
	size_t i;

	*names = (struct dns_names){ .is_known = json_is_array(value) };
	if (!json_is_array(value) && !json_is_null(value))
		reader_complain(reader, "not an array", where);
	names->at = arena_array(reader->arena, n, sizeof(*names->at));
	for (i = 0; i < n; i++) {
		names->at[i] =
			reader_string(reader, json_array_get(value, i), where);
		if (!names->at[i]) {
			reader_complain(reader, "not a name", where);
			return;
		}
	}
	names->n = n;
	qsort(names->at, n, sizeof(*names->at), compare_names);
}

static void read_addr(struct reader *reader, json_t *value,
	struct dns_addr *addr, const char *where)
{
	const char *text = reader_string(reader, value, where);

	*addr = (struct dns_addr){ 0 };
	if (text && !dns_addr_parse(text, addr))
		reader_complain(reader, "not an address", where);
}

static int compare_addrs(const void *a, const void *b)
{
	return dns_addr_compare(a, b);
}

static void read_addrs(struct reader *reader, json_t *value,
	struct dns_addrs *addrs, const char *where)
{
	size_t n = json_array_size(value);
	size_t i;

	*addrs = (struct dns_addrs){ .is_known = json_is_array(value) };
	if (!json_is_array(value) && !json_is_null(value))
		reader_complain(reader, "not an array", where);
	addrs->at = arena_array(reader->arena, n, sizeof(*addrs->at));
	for (i = 0; i < n; i++) {
		const char *text =
			reader_string(reader, json_array_get(value, i), where);

		if (!text || !dns_addr_parse(text, &addrs->at[i])) {
			reader_complain(reader, "not an address", where);
			return;
		}
	}
	addrs->n = n;
	qsort(addrs->at, n, sizeof(*addrs->at), compare_addrs);
}

void reader_probe_word(
	struct reader *reader, const char *word, struct dns_probe *probe)
{
	size_t i;
	unsigned outcome;

	*probe = reader_healthy_probe;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(answers[i].word, word) != 0)
			continue;
		probe->kind = answers[i].kind;
		probe->rcode = answers[i].rcode;
		probe->is_authoritative = answers[i].is_authoritative;
		return;
	}
	*probe = (struct dns_probe){ .tries = 3 };
	for (outcome = 0; dns_outcome_word(outcome); outcome++)
		if (strcmp(dns_outcome_word(outcome), word) == 0)
			break;
	if (!dns_outcome_word(outcome) || outcome == DNS_ANSWERED)
		reader_complain(reader, "no such exchange", word);
	probe->outcome = (enum dns_outcome)outcome;
}

void reader_probe(struct reader *reader, json_t *value, struct dns_probe *probe,
	const char *where)
{
	if (json_is_string(value))
		reader_probe_word(reader, json_string_value(value), probe);
	else
		reader_object(reader, value, probe_members, probe, where);
}

static void read_soa(struct reader *reader, json_t *value, struct dns_soa *soa,
	const char *where)
{
	if (json_is_null(value)) {
		*soa = (struct dns_soa){ 0 };
		return;
	}
	if (!soa->is_known)
		*soa = reader_healthy_soa;
	reader_object(reader, value, soa_members, soa, where);
}

json_int_t reader_int(struct reader *reader, json_t *value, const char *where)
{
	if (!json_is_integer(value))
		reader_complain(reader, "not a whole number", where);
	return json_integer_value(value);
}

static void read_number(struct reader *reader, json_t *value,
	const struct member *member, void *at)
{
	json_int_t number = reader_int(reader, value, member->key);

	if (member->kind == MEMBER_U8)
		*(uint8_t *)at = (uint8_t)number;
	else if (member->kind == MEMBER_U16)
		*(uint16_t *)at = (uint16_t)number;
	else if (member->kind == MEMBER_U32)
		*(uint32_t *)at = (uint32_t)number;
	else if (member->kind == MEMBER_UINT)
		*(unsigned *)at = (unsigned)number;
	else if (member->kind == MEMBER_U64)
		*(uint64_t *)at = (uint64_t)number;
	else if (member->kind == MEMBER_I32)
		*(int32_t *)at = (int32_t)number;
	else if (member->kind == MEMBER_I64)
		*(int64_t *)at = (int64_t)number;
	else
		*(size_t *)at = (size_t)number;
}

static void read_member(struct reader *reader, json_t *value,
	const struct member *member, void *at)
{
	switch (member->kind) {
	case MEMBER_STRING:
		*(const char **)at = reader_string(reader, value, member->key);
		break;
	case MEMBER_BOOL:
		if (!json_is_boolean(value))
			reader_complain(reader, "not a boolean", member->key);
		*(bool *)at = json_is_true(value);
		break;
	case MEMBER_WORD:
		*(unsigned *)at =
			reader_word(reader, value, member->words, member->key);
		break;
	case MEMBER_ADDR:
		read_addr(reader, value, at, member->key);
		break;
	case MEMBER_NAMES:
		reader_names(reader, value, at, member->key);
		break;
	case MEMBER_ADDRS:
		read_addrs(reader, value, at, member->key);
		break;
	case MEMBER_PROBE:
		reader_probe(reader, value, at, member->key);
		break;
	case MEMBER_SOA:
		read_soa(reader, value, at, member->key);
		break;
	case MEMBER_SIGNED:
		reader_object(
			reader, value, reader_signed_members, at, member->key);
		break;
	case MEMBER_U8:
	case MEMBER_U16:
	case MEMBER_U32:
	case MEMBER_UINT:
	case MEMBER_U64:
	case MEMBER_I32:
	case MEMBER_I64:
	case MEMBER_SIZE:
		read_number(reader, value, member, at);
		break;
	case MEMBER_OTHER:
		break;
	}
}

static const struct member *find_member(
	const struct member *members, const char *key)
{
	for (; members->key; members++)
		if (strcmp(members->key, key) == 0)
			return members;
	return NULL;
}

void reader_object(struct reader *reader, json_t *object,
	const struct member *members, void *out, const char *where)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object)) {
		reader_complain(reader, "not an object", where);
		return;
	}
	json_object_foreach(object, key, value)
	{
		const struct member *member = find_member(members, key);

		if (!member) {
			reader_complain(reader, "no such member", key);
			return;
		}
		read_member(
			reader, value, member, (char *)out + member->offset);
	}
}

void reader_add_name(
	struct reader *reader, struct dns_names *names, const char *name)
{
	if (dns_names_hold(names, name))
		return;
	names->at = arena_grow(reader->arena, names->at, names->n, names->n + 1,
		sizeof(*names->at));
	names->at[names->n++] = name;
	qsort(names->at, names->n, sizeof(*names->at), compare_names);
}
