/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of SMTP servers: what is one, what is none, and where it ends. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "common/mailnet/smtp_reply.h"

/* A literal, NULs included. */
#define FEED(reply, text) feed(reply, text, sizeof(text) - 1)

static size_t feed(struct smtp_reply *reply, const char *text, size_t len)
{
	size_t used = 0;
	smtp_reply_init(reply);
	smtp_reply_feed(reply, (const uint8_t *)text, len, &used);
	return used;
}

static void assert_whole(struct smtp_reply *reply, const char *text,
	uint16_t code, const char *kept)
{
	size_t used = feed(reply, text, strlen(text));
	assert_int_equal(reply->status, SMTP_REPLY_WHOLE);
	assert_int_equal(reply->code, code);
	assert_string_equal(reply->text, kept);
	assert_int_equal(used, strlen(text));
	assert_null(reply->why);
}

static void replies_are_read(void **state)
{
	struct smtp_reply reply;
	(void)state;
	assert_whole(&reply, "220 mx ESMTP\r\n", 220, "mx ESMTP\n");
	assert_whole(&reply, "250\r\n", 250, "\n");
	assert_whole(&reply, "250 \r\n", 250, "\n");
	assert_whole(&reply, "250-\r\n250\r\n", 250, "\n\n");
	assert_whole(&reply, "571 5.7.1 no\r\n", 571, "5.7.1 no\n");
	assert_whole(
		&reply, "250-a\r\n250-b c\r\n250 d\r\n", 250, "a\nb c\nd\n");
	assert_int_equal(reply.n_lines, 3);
	assert_false(reply.has_8bit);
	assert_false(reply.is_cut);
}

/* As Postfix and Exim take them; also where only some lines end so. */
static void a_bare_lf_ends_a_line(void **state)
{
	struct smtp_reply reply;
	(void)state;
	assert_whole(&reply, "220 a\n", 220, "a\n");
	assert_whole(&reply, "250-a\n250-b\r\n250 c\n", 250, "a\nb\nc\n");
	assert_int_equal(FEED(&reply, "220 go\n250 injected\n"), 7);
	assert_string_equal(reply.text, "go\n");
}

static void lines_come_one_by_one(void **state)
{
	struct smtp_reply reply;
	size_t at = 0, len = 0;
	const char *line;
	(void)state;
	FEED(&reply, "250-ab\r\n250-\r\n250 c\r\n");
	line = smtp_reply_line(&reply, &at, &len);
	assert_int_equal(len, 2);
	assert_memory_equal(line, "ab", 2);
	assert_non_null(smtp_reply_line(&reply, &at, &len));
	assert_int_equal(len, 0);
	line = smtp_reply_line(&reply, &at, &len);
	assert_int_equal(len, 1);
	assert_memory_equal(line, "c", 1);
	assert_null(smtp_reply_line(&reply, &at, &len));
}

static void pieces_make_a_reply(void **state)
{
	static const char text[] = "250-a\r\n250 b\r\n";
	struct smtp_reply reply;
	size_t used = 0;
	(void)state;
	smtp_reply_init(&reply);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(reply.status, SMTP_REPLY_MORE);
		smtp_reply_feed(&reply, (const uint8_t *)text + i, 1, &used);
		assert_int_equal(used, 1);
	}
	assert_int_equal(reply.status, SMTP_REPLY_WHOLE);
	assert_int_equal(reply.code, 250);
}

/* Nothing behind the reply is taken: the caller has to see it. */
static void what_follows_is_left(void **state)
{
	struct smtp_reply reply;
	(void)state;
	assert_int_equal(FEED(&reply, "220 go\r\n250 injected\r\n"), 8);
	assert_int_equal(reply.status, SMTP_REPLY_WHOLE);
	assert_int_equal(reply.code, 220);
	assert_string_equal(reply.text, "go\n");
}

static void assert_wrong(
	struct smtp_reply *reply, const char *text, size_t len, const char *why)
{
	size_t used = 1;
	feed(reply, text, len);
	assert_int_equal(reply->status, SMTP_REPLY_WRONG);
	assert_int_equal(reply->code, 0);
	assert_string_equal(reply->why, why);
	/* It stays wrong. */
	smtp_reply_feed(reply, (const uint8_t *)"250 ok\r\n", 8, &used);
	assert_int_equal(used, 0);
	assert_int_equal(reply->status, SMTP_REPLY_WRONG);
}

#define WRONG(reply, text, why) assert_wrong(reply, text, sizeof(text) - 1, why)

static void what_is_no_reply_is_said(void **state)
{
	static const char no_reply[] = "sends a line that is no reply";
	struct smtp_reply reply;
	(void)state;
	WRONG(&reply, "hello there\r\n", no_reply);
	WRONG(&reply, "\r\n", no_reply);
	WRONG(&reply, "25\r\n", no_reply);
	WRONG(&reply, "2500 x\r\n", no_reply);
	WRONG(&reply, "250x\r\n", no_reply);
	WRONG(&reply, " 250 x\r\n", no_reply);
	WRONG(&reply, "150 x\r\n", no_reply);
	WRONG(&reply, "600 x\r\n", no_reply);
	WRONG(&reply, "2x0 x\r\n", no_reply);
	WRONG(&reply, "SSH-2.0-x\r\n", no_reply);
	WRONG(&reply, "220-a\r\n554-b\r\n",
		"changes the code within one reply");
	WRONG(&reply, "220-a\r\n554 b\r\n",
		"changes the code within one reply");
	WRONG(&reply, "220 a\rb\r\n", "sends a bare CR");
	WRONG(&reply, "220 a\r\r\n", "sends a bare CR");
	WRONG(&reply, "220 a\0b\r\n", "sends a NUL");
}

static void bytes_beyond_ascii_are_told(void **state)
{
	struct smtp_reply reply;
	(void)state;
	FEED(&reply, "550 gr\xc3\xbcn \xff\r\n");
	assert_int_equal(reply.status, SMTP_REPLY_WHOLE);
	assert_int_equal(reply.code, 550);
	assert_true(reply.has_8bit);
	assert_string_equal(reply.text, "gr\xc3\xbcn \xff\n");
}

static void all_is_bounded(void **state)
{
	enum { LONG = SMTP_REPLY_BYTES_MAX * 2 };
	char *text = malloc(LONG);
	struct smtp_reply reply;
	(void)state;
	assert_non_null(text);
	memset(text, 'x', LONG);
	memcpy(text, "220 ", 4);
	assert_wrong(&reply, text, LONG, "sends a line of too many bytes");
	assert_int_equal(reply.n_bytes, SMTP_REPLY_LINE_MAX + 1);
	/* As long as may be. */
	memcpy(text + SMTP_REPLY_LINE_MAX, "\r\n", 2);
	assert_int_equal(feed(&reply, text, LONG), SMTP_REPLY_LINE_MAX + 2);
	assert_int_equal(reply.status, SMTP_REPLY_WHOLE);
	assert_int_equal(reply.text_len, SMTP_REPLY_LINE_MAX - 3);

	for (size_t i = 0; i + 8 <= LONG; i += 8)
		memcpy(text + i, "250-xx\r\n", 8);
	assert_wrong(&reply, text, LONG, "sends a reply of too many lines");
	assert_int_equal(reply.n_lines, SMTP_REPLY_LINES_MAX);

	for (size_t i = 0; i + 512 <= LONG; i += 512) {
		memset(text + i, 'x', 512);
		memcpy(text + i, "250-", 4);
		memcpy(text + i + 510, "\r\n", 2);
	}
	assert_wrong(&reply, text, LONG, "sends a reply of too many bytes");
	assert_int_equal(reply.n_bytes, SMTP_REPLY_BYTES_MAX + 1);
	assert_true(reply.is_cut);
	assert_true(reply.text_len <= SMTP_REPLY_TEXT_MAX);
	free(text);
}

static void a_reader_is_used_again(void **state)
{
	struct smtp_reply reply;
	(void)state;
	FEED(&reply, "550-x\xff\r\n220 y\r\n");
	assert_int_equal(reply.status, SMTP_REPLY_WRONG);
	assert_whole(&reply, "250 ok\r\n", 250, "ok\n");
	assert_false(reply.has_8bit);
	FEED(&reply, "22");
	assert_int_equal(reply.status, SMTP_REPLY_MORE);
	assert_int_equal(reply.code, 0);
	assert_whole(&reply, "250 ok\r\n", 250, "ok\n");
	assert_int_equal(reply.n_lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(a_bare_lf_ends_a_line),
		cmocka_unit_test(lines_come_one_by_one),
		cmocka_unit_test(pieces_make_a_reply),
		cmocka_unit_test(what_follows_is_left),
		cmocka_unit_test(what_is_no_reply_is_said),
		cmocka_unit_test(bytes_beyond_ascii_are_told),
		cmocka_unit_test(all_is_bounded),
		cmocka_unit_test(a_reader_is_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
