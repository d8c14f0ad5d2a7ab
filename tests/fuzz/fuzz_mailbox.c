/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What IMAP and POP3 servers answer: fed in pieces of any size it comes to the
 * same as at once, within all bounds. The first byte says which protocol and
 * how large the pieces are.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/text.h"
#include "common/mailnet/imap_response.h"
#include "common/mailnet/pop3_reply.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	IS_POP3 = 128,
	IS_MULTI = 64,
	TEXT_MAX = 1024 * 1024,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t feed_imap(struct imap_response *response, const uint8_t *data,
	size_t size, size_t piece)
{
	size_t all = 0;

	while (all < size && response->status == IMAP_MORE) {
		size_t len = size - all < piece ? size - all : piece;
		size_t used;

		imap_response_feed(response, data + all, len, &used);
		must(used <= len &&
			(response->status != IMAP_MORE || used == len));
		all += used;
	}
	return all;
}

static void read_imap(const struct imap_response *response)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct imap_fetch fetch;
	struct imap_line line;
	uint32_t *found;
	size_t n;

	imap_read_line(arena, response, &line);
	must(!line.tag || line.kind <= IMAP_BAD);
	if (imap_read_search(arena, response, &found, &n))
		must(n <= IMAP_FOUND_MAX);
	if (imap_read_fetch(arena, response, &fetch))
		must(fetch.section_len == 0 ||
			(fetch.section >= response->data &&
				fetch.section + fetch.section_len <=
					response->data + response->len));
	arena_free(arena);
}

/* All responses in the data. */
static void check_imap(const uint8_t *data, size_t size, size_t piece)
{
	struct imap_response whole, pieces;
	size_t at = 0;

	imap_response_init(&whole);
	imap_response_init(&pieces);
	while (at < size) {
		size_t used = feed_imap(&whole, data + at, size - at, size);

		must(feed_imap(&pieces, data + at, size - at, piece) == used);
		must(whole.status == pieces.status && whole.why == pieces.why &&
			whole.len == pieces.len &&
			whole.len <= IMAP_RESPONSE_MAX);
		if (whole.status != IMAP_WHOLE)
			break;
		must(memcmp(whole.data, pieces.data, whole.len) == 0);
		read_imap(&whole);
		at += used;
		imap_response_clear(&whole);
		imap_response_clear(&pieces);
	}
	imap_response_release(&whole);
	imap_response_release(&pieces);
}

static void feed_pop3(struct text *out, const uint8_t *data, size_t size,
	size_t piece, bool is_multi)
{
	struct pop3_reply *reply = malloc(sizeof(*reply));
	size_t at = 0;

	must(reply != NULL);
	pop3_reply_init(reply, is_multi);
	while (at < size && reply->status != POP3_END &&
		reply->status != POP3_WRONG) {
		size_t len = size - at < piece ? size - at : piece;
		uint32_t number;
		const char *uid;
		size_t used;

		pop3_reply_feed(reply, data + at, len, &used);
		must(used <= len && reply->len <= POP3_LINE_MAX);
		at += used;
		if (reply->status == POP3_MORE)
			continue;
		text_printf(out, "%d%d%s\n", (int)reply->status,
			(int)reply->is_ok, reply->line);
		if (pop3_read_uidl(reply->line, &number, &uid))
			must(number > 0 && strlen(uid) <= POP3_UID_MAX);
	}
	text_printf(out, "%zu", at);
	free(reply);
}

static void check_pop3(
	const uint8_t *data, size_t size, size_t piece, bool is_multi)
{
	struct text whole, pieces;

	text_init(&whole, TEXT_MAX);
	text_init(&pieces, TEXT_MAX);
	feed_pop3(&whole, data, size, size, is_multi);
	feed_pop3(&pieces, data, size, piece, is_multi);
	must(strcmp(whole.data, pieces.data) == 0);
	text_release(&whole);
	text_release(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece;

	if (size < 2)
		return 0;
	piece = (size_t)data[0] % IS_MULTI + 1;
	if (data[0] & IS_POP3)
		check_pop3(data + 1, size - 1, piece, data[0] & IS_MULTI);
	else
		check_imap(data + 1, size - 1, piece);
	return 0;
}
