/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses of IMAP servers: as they are, in pieces, forged and too large. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/core/text.h"
#include "common/mailnet/imap_response.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
};

struct fixture {
	struct arena *arena;
	struct imap_response response;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.arena = arena_new(ARENA_MAX);
	imap_response_init(&fixture.response);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	imap_response_release(&f->response);
	arena_free(f->arena);
	return 0;
}

/* Feeds bytes in pieces; returns how many were taken. */
static size_t feed(
	struct fixture *f, const char *bytes, size_t len, size_t piece)
{
	size_t all = 0;

	imap_response_clear(&f->response);
	while (all < len && f->response.status == IMAP_MORE) {
		size_t n = len - all < piece ? len - all : piece;
		size_t used;

		imap_response_feed(
			&f->response, (const uint8_t *)bytes + all, n, &used);
		all += used;
	}
	return all;
}

static struct imap_line line_of(struct fixture *f, const char *text)
{
	struct imap_line line;

	feed(f, text, strlen(text), 1000);
	assert_int_equal(f->response.status, IMAP_WHOLE);
	imap_read_line(f->arena, &f->response, &line);
	return line;
}

static void lines_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum imap_kind kind;
		const char *tag, *code, *rest;
		uint32_t number;
	} lines[] = {
		{ "* OK [CAPABILITY IMAP4rev1 IDLE] Dovecot ready.\r\n",
			IMAP_OK, NULL, "CAPABILITY IMAP4rev1 IDLE",
			"Dovecot ready.", 0 },
		{ "* PREAUTH hello\r\n", IMAP_PREAUTH, NULL, NULL, "hello", 0 },
		{ "* bye [ALERT] off {12}\r\n", IMAP_BYE, NULL, "ALERT",
			"off {12}", 0 },
		{ "A1 OK [READ-WRITE] Select completed\r\n", IMAP_OK, "A1",
			"READ-WRITE", "Select completed", 0 },
		{ "A1 NO [AUTHENTICATIONFAILED] no\r\n", IMAP_NO, "A1",
			"AUTHENTICATIONFAILED", "no", 0 },
		{ "A1 BAD {3}\r\n", IMAP_BAD, "A1", NULL, "{3}", 0 },
		{ "A1 BYE x\r\n", IMAP_OTHER, "A1", NULL, "x", 0 },
		{ "A1 SEARCH 1\r\n", IMAP_OTHER, "A1", NULL, "1", 0 },
		{ "A1 7 EXISTS\r\n", IMAP_OTHER, "A1", NULL, "EXISTS", 0 },
		{ "+ idling\r\n", IMAP_CONTINUE, NULL, NULL, "idling", 0 },
		{ "+\n", IMAP_CONTINUE, NULL, NULL, "", 0 },
		{ "* 23 EXISTS\r\n", IMAP_EXISTS, NULL, NULL, "", 23 },
		{ "* 4294967295 EXPUNGE\r\n", IMAP_EXPUNGE, NULL, NULL, "",
			4294967295 },
		{ "* 99999999999 EXISTS\r\n", IMAP_OTHER, NULL, NULL, "EXISTS",
			0 },
		{ "* CAPABILITY IMAP4rev1 UIDPLUS\r\n", IMAP_CAPABILITY, NULL,
			NULL, "IMAP4rev1 UIDPLUS", 0 },
		{ "* SEARCH 1 2\r\n", IMAP_SEARCH, NULL, NULL, NULL, 0 },
		{ "* 1 FETCH (UID 7)\r\n", IMAP_FETCH, NULL, NULL, NULL, 1 },
		{ "* EXISTS\r\n", IMAP_OTHER, NULL, NULL, "", 0 },
		{ "* OK [broken\x1b[2J\r\n", IMAP_OK, NULL, NULL, "[broken [2J",
			0 },
		{ "\r\n", IMAP_OTHER, "", NULL, "", 0 },
		{ "*\r\n", IMAP_OTHER, NULL, NULL, "", 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct imap_line line = line_of(f, lines[i].text);

		if (line.kind != lines[i].kind)
			fail_msg("kind %d: %s", line.kind, lines[i].text);
		assert_int_equal(line.number, lines[i].number);
		assert_int_equal(!line.tag, !lines[i].tag);
		assert_int_equal(!line.code, !lines[i].code);
		assert_int_equal(!line.text, !lines[i].rest);
		if (line.tag)
			assert_string_equal(line.tag, lines[i].tag);
		if (line.code)
			assert_string_equal(line.code, lines[i].code);
		if (line.text)
			assert_string_equal(line.text, lines[i].rest);
	}
}

static void codes_and_capabilities(void **state)
{
	uint32_t number = 7;

	(void)state;
	assert_true(imap_code_number(
		"UIDVALIDITY 1795315677", "UIDVALIDITY", &number));
	assert_int_equal(number, 1795315677);
	assert_false(imap_code_number("UIDVALIDITY", "UIDVALIDITY", &number));
	assert_false(imap_code_number("UIDVALIDITY x", "UIDVALIDITY", &number));
	assert_false(
		imap_code_number("UIDVALIDITY 1 2", "UIDVALIDITY", &number));
	assert_false(imap_code_number("UIDNEXT 1", "UIDVALIDITY", &number));
	assert_false(imap_code_number(NULL, "UIDVALIDITY", &number));
	assert_true(imap_has_word("IMAP4rev1 uidplus IDLE", "UIDPLUS"));
	assert_false(imap_has_word("IMAP4rev1 XUIDPLUS UIDPLUSX", "UIDPLUS"));
	assert_false(imap_has_word("", "UIDPLUS"));
}

static void searches_are_read(void **state)
{
	struct fixture *f = *state;
	uint32_t *found;
	size_t n;

	line_of(f, "* SEARCH 2 3 4294967295\r\n");
	assert_true(imap_read_search(f->arena, &f->response, &found, &n));
	assert_int_equal(n, 3);
	assert_int_equal(found[0], 2);
	assert_int_equal(found[2], 4294967295);
	line_of(f, "* SEARCH\r\n");
	assert_true(imap_read_search(f->arena, &f->response, &found, &n));
	assert_int_equal(n, 0);
	line_of(f, "* search  5 \r\n");
	assert_true(imap_read_search(f->arena, &f->response, &found, &n));
	assert_int_equal(n, 1);
	line_of(f, "* SEARCH 2 0\r\n");
	assert_false(imap_read_search(f->arena, &f->response, &found, &n));
	line_of(f, "* SEARCH 2 4294967296\r\n");
	assert_false(imap_read_search(f->arena, &f->response, &found, &n));
	line_of(f, "* SEARCH 2 (MODSEQ 7)\r\n");
	assert_false(imap_read_search(f->arena, &f->response, &found, &n));
}

/* As many as there may be, in one line. */
static void a_long_search_is_whole(void **state)
{
	struct fixture *f = *state;
	struct text text;
	uint32_t *found;
	size_t n;

	text_init(&text, IMAP_RESPONSE_MAX);
	text_add(&text, "* SEARCH");
	for (uint32_t i = 0; i < 20000; i++)
		text_printf(&text, " %u", 4000000000U + i);
	text_add(&text, "\r\n");
	assert_int_equal(feed(f, text.data, text.len, 16384), text.len);
	assert_true(imap_read_search(f->arena, &f->response, &found, &n));
	assert_int_equal(n, 20000);
	for (uint32_t i = 0; i < 20000; i++)
		assert_int_equal(found[i], 4000000000U + i);
	text_release(&text);
}

#define HEADER "Subject: x\r\n* 5 FETCH (UID 666)\r\nA004 OK forged\r\n\r\n"
#define FETCHED                                                         \
	"* 12 FETCH (FLAGS (\\Seen \\Deleted $x) UID 77 MODSEQ (5) "    \
	"INTERNALDATE \"22-Nov-2026 02:47:57 +0000\" RFC822.SIZE 2048 " \
	"BODY[HEADER.FIELDS (SUBJECT \"x]y\")]<0> {51}\r\n" HEADER      \
	" X-GM-LABELS (\"a\\\"b\" {2}\r\n)) (NIL)))\r\n"

static void what_is_fetched_is_what_was_sent(void **state)
{
	struct fixture *f = *state;
	struct imap_fetch fetch;

	assert_int_equal(strlen(HEADER), 51);
	for (size_t piece = 1; piece < 80; piece++) {
		assert_int_equal(feed(f, FETCHED "A005 OK\r\n",
					 strlen(FETCHED "A005 OK\r\n"), piece),
			strlen(FETCHED));
		assert_int_equal(f->response.status, IMAP_WHOLE);
		assert_true(imap_read_fetch(f->arena, &f->response, &fetch));
		assert_int_equal(fetch.uid, 77);
		assert_int_equal(fetch.size, 2048);
		assert_true(fetch.is_deleted);
		assert_string_equal(
			fetch.internal_date, "22-Nov-2026 02:47:57 +0000");
		assert_int_equal(fetch.section_len, strlen(HEADER));
		assert_memory_equal(fetch.section, HEADER, strlen(HEADER));
	}
}

#define DEEP                              \
	"* 1 FETCH (X ((((((((((((((((((" \
	"))))))))))))))))))\r\n"

static void fetches_have_many_forms(void **state)
{
	static const char *const good[] = { "* 1 FETCH (UID 7)\r\n",
		"* 1 fetch (uid 7 body[] NIL)\r\n", "* 1 FETCH ()\r\n",
		"* 1 FETCH (BODY[] \"a\\\"b\" UID 7 )\r\n",
		"* 1 FETCH (BODY[]<0> {0}\r\n)\r\n",
		"* 1 FETCH (BINARY[1] ~{2}\r\n\1\2 UID 7)\r\n",
		"* 1 FETCH (ENVELOPE ((\"a\" NIL {1}\r\nx) NIL) UID 7)\r\n" };
	static const char *const bad[] = { "* 1 FETCH\r\n",
		"* FETCH (UID 7)\r\n", "A 1 FETCH (UID 7)\r\n",
		"* 1 FETCH (UID 7\r\n", "* 1 FETCH (UID 7) x\r\n",
		"* 1 FETCH (UID 0)\r\n", "* 1 FETCH (UID x)\r\n",
		"* 1 FETCH (UID)\r\n", "* 1 FETCH (UID 7 UID 8)\r\n",
		"* 1 FETCH (BODY[] \"a\" BODY[] \"b\")\r\n",
		"* 1 FETCH (BODY[ \"a\")\r\n", "* 1 FETCH (BODY[] a)\r\n",
		"* 1 FETCH (BODY[] {2\r\n", "* 1 FETCH (BODY[] {})\r\n",
		"* 1 FETCH (BODY[] \"a)\r\n", "* 1 FETCH (FLAGS x)\r\n",
		"* 1 FETCH (FLAGS (\"))\r\n", DEEP,
		"* 1 FETCH (RFC822.SIZE 9999999999999999999)\r\n",
		"* 1 FETCH (INTERNALDATE NIL)\r\n", "* 1 FETCH (X ()) )\r\n",
		"* 1 FETCH (X {1}\r\na {9})\r\n" };
	struct fixture *f = *state;
	struct imap_fetch fetch;

	for (size_t i = 0; i < COUNT(good); i++) {
		line_of(f, good[i]);
		if (!imap_read_fetch(f->arena, &f->response, &fetch))
			fail_msg("odd: %s", good[i]);
		assert_true(fetch.uid == 7 || fetch.uid == 0);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		line_of(f, bad[i]);
		if (imap_read_fetch(f->arena, &f->response, &fetch))
			fail_msg("taken: %s", bad[i]);
	}
}

static void literals_may_hold_all_but_are_counted(void **state)
{
	static const char bytes[] =
		"* 1 FETCH (BODY[] {5}\r\na\0\r\n) UID 7)\n";
	struct fixture *f = *state;
	struct imap_fetch fetch;
	char *large = arena_alloc(f->arena, IMAP_RESPONSE_MAX + 100);
	size_t len;

	assert_int_equal(
		feed(f, bytes, sizeof(bytes) - 1, 3), sizeof(bytes) - 1);
	assert_true(imap_read_fetch(f->arena, &f->response, &fetch));
	assert_int_equal(fetch.section_len, 5);
	assert_memory_equal(fetch.section, "a\0\r\n)", 5);
	assert_int_equal(fetch.uid, 7);
	feed(f, "* 1 FETCH (X\0)\r\n", 16, 16);
	assert_int_equal(f->response.status, IMAP_WRONG);
	assert_non_null(f->response.why);
	feed(f, "* 1 FETCH (BODY[] {99999999999999999999}\r\n", 42, 42);
	assert_int_equal(f->response.status, IMAP_WRONG);
	memset(large, 'x', IMAP_RESPONSE_MAX + 100);
	memcpy(large, "* LIST ", 7);
	feed(f, large, IMAP_RESPONSE_MAX + 100, 4096);
	assert_int_equal(f->response.status, IMAP_WRONG);
	len = 7;
	for (size_t i = 0; i <= IMAP_LITERALS_MAX; i++) {
		memcpy(large + len, "{1}\r\nx", 6);
		len += 6;
	}
	feed(f, large, len, 7);
	assert_int_equal(f->response.status, IMAP_WRONG);
}

static void without_an_end_there_is_more(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 0; len < strlen(FETCHED); len++) {
		assert_int_equal(feed(f, FETCHED, len, 11), len);
		assert_int_equal(f->response.status, IMAP_MORE);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_told_apart),
		TEST(codes_and_capabilities),
		TEST(searches_are_read),
		TEST(a_long_search_is_whole),
		TEST(what_is_fetched_is_what_was_sent),
		TEST(fetches_have_many_forms),
		TEST(literals_may_hold_all_but_are_counted),
		TEST(without_an_end_there_is_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
