/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of POP3 servers: of one line and of many, in pieces, and odd. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/core/text.h"
#include "common/mailnet/pop3_reply.h"

static struct pop3_reply reply;

/* All lines, each in angle brackets; returns how many bytes were taken. */
static size_t read_all(
	const char *bytes, size_t len, size_t piece, struct text *lines)
{
	size_t all = 0;

	while (all < len && reply.status != POP3_END &&
		reply.status != POP3_WRONG) {
		size_t n = len - all < piece ? len - all : piece;
		size_t used;

		if (pop3_reply_feed(&reply, (const uint8_t *)bytes + all, n,
			    &used) == POP3_LINE)
			text_printf(lines, "<%s>", reply.line);
		all += used;
	}
	return all;
}

static void one_line_is_a_reply(void **state)
{
	static const struct {
		const char *bytes, *line;
		bool is_ok;
	} replies[] = { { "+OK ready\r\n", "ready", true },
		{ "+OK\r\n", "", true }, { "+ok x\n", "x", true },
		{ "+OK  two\r\n", " two", true },
		{ "-ERR [AUTH] no\r\n", "[AUTH] no", false },
		{ "-ERR\r\n", "", false },
		{ "+OK a\rb\r\r\n", "a\rb\r", true } };
	struct text lines;

	(void)state;
	text_init(&lines, 1024);
	for (size_t i = 0; i < COUNT(replies); i++)
		for (size_t piece = 1; piece < 20; piece++) {
			pop3_reply_init(&reply, false);
			read_all(replies[i].bytes, strlen(replies[i].bytes),
				piece, &lines);
			assert_int_equal(reply.status, POP3_END);
			assert_int_equal(reply.is_ok, replies[i].is_ok);
			assert_string_equal(reply.line, replies[i].line);
			assert_int_equal(lines.len, 0);
		}
	text_release(&lines);
}

static void lines_end_with_a_dot(void **state)
{
	static const char bytes[] =
		"+OK 2 messages\r\n1 aaa\r\n..2 b\r\n...\r\n"
		"\r\n. \r\n.\r\n+OK next\r\n";
	struct text lines;

	(void)state;
	text_init(&lines, 1024);
	for (size_t piece = 1; piece < 60; piece++) {
		pop3_reply_init(&reply, true);
		text_clear(&lines);
		assert_int_equal(read_all(bytes, strlen(bytes), piece, &lines),
			strlen(bytes) - strlen("+OK next\r\n"));
		assert_int_equal(reply.status, POP3_END);
		assert_string_equal(
			lines.data, "<2 messages><1 aaa><.2 b><..><>< >");
		assert_int_equal(reply.n_lines, 5);
	}
	/* A refusal is one line, whatever was asked for. */
	pop3_reply_init(&reply, true);
	read_all("-ERR no\r\n.\r\n", 12, 12, &lines);
	assert_int_equal(reply.status, POP3_END);
	assert_int_equal(reply.n_lines, 0);
	text_release(&lines);
}

static void more_is_asked_for(void **state)
{
	static const char *const asks[] = { "+\r\n", "+ \r\n", "+ eA==\r\n" };
	struct text lines;

	(void)state;
	text_init(&lines, 1024);
	for (size_t i = 0; i < COUNT(asks); i++) {
		pop3_reply_init(&reply, true);
		read_all(asks[i], strlen(asks[i]), 3, &lines);
		assert_int_equal(reply.status, POP3_END);
		assert_true(reply.is_more);
		assert_false(reply.is_ok);
		assert_string_equal(reply.line, i == 2 ? "eA==" : "");
	}
	text_release(&lines);
}

static void what_is_no_reply(void **state)
{
	static const char *const bad[] = { "220 ready\r\n", "\r\n", "OK\r\n",
		"+OKAY\r\n", "-ERROR\r\n", "+x\r\n", " +OK\r\n" };
	struct text lines;

	(void)state;
	text_init(&lines, 1024);
	for (size_t i = 0; i < COUNT(bad); i++) {
		pop3_reply_init(&reply, true);
		read_all(bad[i], strlen(bad[i]), 3, &lines);
		assert_int_equal(reply.status, POP3_WRONG);
		assert_non_null(reply.why);
	}
	pop3_reply_init(&reply, true);
	read_all("+OK\r\na\0b\r\n", 10, 10, &lines);
	assert_int_equal(reply.status, POP3_WRONG);
	assert_string_equal(reply.line, "");
	assert_false(reply.is_ok);
	text_release(&lines);
}

static void lines_are_cut_and_bytes_counted(void **state)
{
	static char large[POP3_LINE_MAX + 100];
	struct text lines;
	size_t used;

	(void)state;
	text_init(&lines, 2 * POP3_LINE_MAX);
	memset(large, 'x', sizeof(large));
	pop3_reply_init(&reply, true);
	read_all("+OK\r\n", 5, 5, &lines);
	read_all(large, sizeof(large), 100, &lines);
	read_all("\r\n", 2, 2, &lines);
	assert_int_equal(reply.status, POP3_LINE);
	assert_int_equal(strlen(reply.line), POP3_LINE_MAX);
	assert_true(reply.is_cut);
	read_all("short\r\n", 7, 7, &lines);
	assert_false(reply.is_cut);
	assert_string_equal(reply.line, "short");
	while (reply.status != POP3_WRONG && reply.n_bytes <= POP3_BYTES_MAX)
		pop3_reply_feed(
			&reply, (const uint8_t *)large, sizeof(large), &used);
	assert_int_equal(reply.status, POP3_WRONG);
	text_release(&lines);
}

#define LONG_UID                                                         \
	"1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaa"

static void identifiers_are_read(void **state)
{
	static const char *const bad[] = { "", "1", "1 ", " 1 a", "0 a", "x a",
		"1 a b", "4294967296 a", "99999999999 a", "1 a\x7f", "-1 a",
		LONG_UID };
	uint32_t number = 0;
	const char *uid;

	(void)state;
	assert_true(pop3_read_uidl("12 000000b2", &number, &uid));
	assert_int_equal(number, 12);
	assert_string_equal(uid, "000000b2");
	assert_true(pop3_read_uidl("4294967295  ~!", &number, &uid));
	assert_int_equal(number, 4294967295);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (pop3_read_uidl(bad[i], &number, &uid))
			fail_msg("taken: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_is_a_reply),
		cmocka_unit_test(lines_end_with_a_dot),
		cmocka_unit_test(more_is_asked_for),
		cmocka_unit_test(what_is_no_reply),
		cmocka_unit_test(lines_are_cut_and_bytes_counted),
		cmocka_unit_test(identifiers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
