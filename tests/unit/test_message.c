/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options and contents of DNS messages. */
#include "config.h"

#include <string.h>

#include "common/dnsnet/gather.h"
#include "common/dnsnet/message.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 1024 * 1024,
};

/* A message while it is written. */
struct wire {
	uint8_t at[1024];
	size_t len;
};

static void add(struct wire *wire, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(wire->at) - wire->len);
	memcpy(wire->at + wire->len, bytes, len);
	wire->len += len;
}

#define ADD(wire, literal) add(wire, literal, sizeof(literal) - 1)

/* A reply with authority to "example.org MX" with so many records. */
static void begin(struct wire *wire, uint8_t n_answers, uint8_t n_additional)
{
	uint8_t counts[] = { 0, 1, 0, n_answers, 0, 0, 0, n_additional };

	wire->len = 0;
	ADD(wire, "\x12\x34\x84\x00");
	add(wire, counts, sizeof(counts));
	ADD(wire, "\7example\3org\0\0\x0f\0\1");
}

static void add_options(struct wire *wire, const void *options, size_t len)
{
	uint8_t size[] = { 0, (uint8_t)len };

	ADD(wire, "\0\0\x29\x04\xd0\0\0\0\0");
	add(wire, size, sizeof(size));
	add(wire, options, len);
}

#define OPTIONS(wire, literal) add_options(wire, literal, sizeof(literal) - 1)

static const struct dns_message *read(
	struct arena *arena, const struct wire *wire)
{
	const struct dns_message *message =
		dns_message_read(arena, wire->at, wire->len);

	assert_non_null(message);
	return message;
}

static void test_expire(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);
	const struct dns_message *message;
	struct wire wire;

	(void)state;
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\3\0\4ns-1\0\x09\0\4\xff\xff\xff\xfe");
	message = read(arena, &wire);
	assert_true(message->has_expire);
	assert_int_equal(message->expire_s, 4294967294);
	assert_string_equal(message->nsid, "ns-1");
	/* RFC 7314 section 2: four bytes, nothing else. */
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\x09\0\3\0\0\1");
	assert_false(read(arena, &wire)->has_expire);
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\x09\0\0");
	assert_false(read(arena, &wire)->has_expire);
	/* What promises more than there is says nothing. */
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\x09\0\x04\0\0");
	assert_false(read(arena, &wire)->has_expire);
	arena_free(arena);
}

static void test_ede(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);
	const struct dns_message *message;
	struct wire wire;

	(void)state;
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\x0f\0\7\0\x18"
		       "a\x1b|\xff"
		       "b"
		       "\0\x0f\0\2\0\1");
	message = read(arena, &wire);
	assert_true(message->has_ede);
	assert_int_equal(message->ede, 24);
	assert_string_equal(message->ede_text, "a?|?b");
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\x0f\0\2\0\x16");
	message = read(arena, &wire);
	assert_int_equal(message->ede, 22);
	assert_null(message->ede_text);
	begin(&wire, 0, 1);
	OPTIONS(&wire, "\0\x0f\0\1\0");
	assert_false(read(arena, &wire)->has_ede);
	begin(&wire, 0, 0);
	assert_false(read(arena, &wire)->has_ede);
	arena_free(arena);
}

/* Names in any case, any order, any TTL, twice: one set. */
static void test_contents(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct dns_names one, two;
	struct wire wire;

	(void)state;
	begin(&wire, 2, 0);
	ADD(&wire, "\xc0\x0c\0\x0f\0\1\0\0\0\x0a\0\7\0\x0a\2MX\xc0\x0c");
	ADD(&wire, "\xc0\x0c\0\x0f\0\1\0\0\0\x0a\0\6\0\x14\1a\xc0\x0c");
	one = dns_message_contents(arena, read(arena, &wire));
	begin(&wire, 3, 0);
	ADD(&wire, "\7EXAMPLE\3org\0\0\x0f\0\1\0\0\1\0\0\6\0\x14\1A\xc0\x0c");
	ADD(&wire, "\xc0\x0c\0\x0f\0\1\0\0\0\x0a\0\7\0\x0a\2mx\xc0\x0c");
	ADD(&wire, "\xc0\x0c\0\x0f\0\1\0\0\0\x0a\0\7\0\x0a\2mX\xc0\x0c");
	two = dns_message_contents(arena, read(arena, &wire));
	assert_true(one.is_known);
	assert_true(two.is_known);
	assert_int_equal(one.n, 2);
	assert_true(dns_names_equal(&one, &two));
	assert_string_equal(one.at[0], "example.org MX 10 mx.example.org.");
	arena_free(arena);
}

/* What a signer adds is not the zone's. */
static void test_signers_records(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct dns_names lines;
	struct wire wire;

	(void)state;
	begin(&wire, 2, 0);
	ADD(&wire, "\xc0\x0c\0\x0f\0\1\0\0\0\x0a\0\6\0\x14\1a\xc0\x0c");
	ADD(&wire, "\xc0\x0c\0\x2e\0\1\0\0\0\x0a\0\x22\0\x0f\x0d\2\0\0\0\x0a"
		   "\1\0\0\0\1\0\0\0\0\1\7example\3org\0\1\2\3");
	lines = dns_message_contents(arena, read(arena, &wire));
	assert_true(lines.is_known);
	assert_int_equal(lines.n, 1);
	assert_string_equal(lines.at[0], "example.org MX 20 a.example.org.");
	arena_free(arena);
}

static void test_types(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);

	(void)state;
	assert_int_equal(dns_type_parse("MX"), 15);
	assert_int_equal(dns_type_parse("txt"), 16);
	assert_int_equal(dns_type_parse("TYPE65280"), 65280);
	assert_int_equal(dns_type_parse("type28"), 28);
	assert_int_equal(dns_type_parse("TYPE6x"), 0);
	assert_int_equal(dns_type_parse("TYPE+6"), 0);
	assert_int_equal(dns_type_parse("TYPE65542"), 0);
	assert_int_equal(dns_type_parse("TYPE"), 0);
	assert_int_equal(dns_type_parse("TYPE41"), 0);
	assert_int_equal(dns_type_parse("ANY"), 0);
	assert_int_equal(dns_type_parse("AXFR"), 0);
	assert_int_equal(dns_type_parse("OPT"), 0);
	assert_int_equal(dns_type_parse("TSIG"), 0);
	assert_int_equal(dns_type_parse("MXX"), 0);
	assert_int_equal(dns_type_parse(""), 0);
	assert_string_equal(dns_type_text(arena, 15), "MX");
	assert_string_equal(dns_type_text(arena, 65280), "TYPE65280");
	arena_free(arena);
}

/* The options that a question carries. */
static void test_question(void **state)
{
	struct dns_question question = { .name = "example.org",
		.type = DNS_TYPE_SOA,
		.wants_nsid = true,
		.wants_expire = true };
	uint8_t wire[DNS_WIRE_QUESTION_MAX];
	size_t len = dns_question_write(&question, 1, true, wire);

	(void)state;
	assert_true(len > 10);
	assert_memory_equal(wire + len - 10, "\0\x08\0\3\0\0\0\x09\0\0", 10);
	question.wants_nsid = false;
	len = dns_question_write(&question, 1, true, wire);
	assert_memory_equal(wire + len - 6, "\0\4\0\x09\0\0", 6);
	question.wants_expire = false;
	len = dns_question_write(&question, 1, true, wire);
	assert_memory_equal(wire + len - 2, "\0\0", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expire),
		cmocka_unit_test(test_ede),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_signers_records),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_question),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
