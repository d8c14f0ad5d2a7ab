/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of mail, read from the bytes of a reply. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mailcli/mx_records.h"

/* A reply to a question for "a.b", with so many answers. */
#define REPLY(n_answers) \
	"\0\1\204\0\0\1\0" n_answers "\0\0\0\0\1a\1b\0\0\17\0\1"

/* Its owner is the name of the question; the length of its data follows. */
#define RECORD(type) "\300\14\0" type "\0\1\0\0\0\74"

#define MESSAGE(bytes)          \
	(&(struct dns_message){ \
		.wire = (const uint8_t *)(bytes), .size = sizeof(bytes) - 1 })

static void exchangers_are_read(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct mx_record *found;
	size_t n;

	(void)state;
	n = mx_records_mx(arena,
		MESSAGE(REPLY("\3") RECORD("\17") "\0\6\0\12\1M\300\14" RECORD(
			"\17") "\0\3\1\0\0" RECORD("\17") "\0\5\377\377\1x\0"),
		"a.b", &found);
	assert_int_equal(n, 3);
	assert_int_equal(found[0].preference, 10);
	assert_string_equal(found[0].name, "m.a.b");
	assert_int_equal(found[1].preference, 256);
	assert_string_equal(found[1].name, ".");
	assert_int_equal(found[2].preference, 65535);
	assert_string_equal(found[2].name, "x");
	arena_free(arena);
}

static void what_is_no_exchanger_is_left_out(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct mx_record *found;

	(void)state;
	/* Too short, with something behind its name, of another type, class
	 * and owner. */
	assert_int_equal(
		mx_records_mx(arena,
			MESSAGE(REPLY("\6") RECORD("\17") "\0\1\0" RECORD("\17") "\0\4\0\1\0\0" RECORD(
				"\20") "\0\3\0\1\0"
				       "\300\14\0\17\0\3\0\0\0\74\0\3\0\1\0"
				       "\300\16\0\17\0\1\0\0\0\74\0\3\0\1\0"
				       "\300\14\0\17\0\1\0\0\0\74\0\5\0\7\1y\0"),
			"a.b", &found),
		1);
	assert_int_equal(found[0].preference, 7);
	/* A name beyond its data; fewer records than were promised. */
	assert_int_equal(
		mx_records_mx(arena,
			MESSAGE(REPLY("\1") RECORD("\17") "\0\3\0\1\1y\0"),
			"a.b", &found),
		0);
	assert_int_equal(
		mx_records_mx(arena, MESSAGE(REPLY("\4")), "a.b", &found), 0);
	assert_int_equal(
		mx_records_mx(arena, MESSAGE("\0\1\204"), "a.b", &found), 0);
	/* The first of two is not read twice. */
	assert_int_equal(
		mx_records_mx(arena,
			MESSAGE(REPLY("\2") RECORD("\17") "\0\5\0\1\1y\0"),
			"a.b", &found),
		1);
	/* A question that is cut short, and an owner that is no name. */
	assert_int_equal(
		mx_records_mx(arena,
			MESSAGE("\0\1\204\0\0\1\0\1\0\0\0\0\1a\1b\0\0"), "a.b",
			&found),
		0);
	assert_int_equal(
		mx_records_mx(arena,
			MESSAGE(REPLY("\1") RECORD("\17") "\0\5\0\1\1y\0"),
			"a..b", &found),
		0);
	arena_free(arena);
}

static void texts_are_joined(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	const char **found;

	(void)state;
	assert_int_equal(
		mx_records_txt(arena,
			MESSAGE(REPLY("\4") RECORD("\20") "\0\5\2v=\1S" RECORD(
				"\20") "\0\1\0" RECORD("\20") "\0\2\2x" RECORD("\20") "\0\4\3a\0b"),
			"a.b", &found),
		3);
	assert_string_equal(found[0], "v=S");
	assert_string_equal(found[1], "");
	assert_string_equal(found[2], "a\1b");
	assert_int_equal(
		mx_records_txt(arena, MESSAGE(REPLY("\1") RECORD("\20") "\0\0"),
			"a.b", &found),
		0);
	arena_free(arena);
}

static void certificates_are_read(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct mx_tlsa *found;

	(void)state;
	assert_int_equal(
		mx_records_tlsa(arena,
			MESSAGE(REPLY("\3") RECORD("\64") "\0\5\3\1\2\253\1" RECORD(
				"\64") "\0\2\3\1" RECORD("\64") "\0\3"
								"\2\0\1"),
			"a.b", &found),
		2);
	assert_int_equal(found[0].usage, 3);
	assert_int_equal(found[0].selector, 1);
	assert_int_equal(found[0].matching, 2);
	assert_string_equal(found[0].data, "ab01");
	assert_int_equal(found[1].usage, 2);
	assert_string_equal(found[1].data, "");
	arena_free(arena);
}

/* As much as a message can hold. */
static void a_certificate_of_64_kb_is_read(void **state)
{
	static const char head[] = REPLY("\1") RECORD("\64");
	enum { HEAD = sizeof(head) - 1, DATA = 65535 - HEAD - 2 };
	struct arena *arena = arena_new(1 << 20);
	char *bytes = arena_alloc(arena, HEAD + 2 + DATA);
	struct dns_message message = { .wire = (const uint8_t *)bytes,
		.size = HEAD + 2 + DATA };
	struct mx_tlsa *found;

	(void)state;
	memcpy(bytes, head, HEAD);
	bytes[HEAD] = (char)(DATA >> 8);
	bytes[HEAD + 1] = (char)(DATA & 0xff);
	memset(bytes + HEAD + 2, 3, DATA);
	assert_int_equal(mx_records_tlsa(arena, &message, "a.b", &found), 1);
	assert_int_equal(found[0].usage, 3);
	assert_int_equal(strlen(found[0].data), 2 * (DATA - 3));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchangers_are_read),
		cmocka_unit_test(what_is_no_exchanger_is_left_out),
		cmocka_unit_test(texts_are_joined),
		cmocka_unit_test(certificates_are_read),
		cmocka_unit_test(a_certificate_of_64_kb_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
