/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Replies of an SMTP server: fed in pieces of any size they come to the same
 * as at once, within all bounds. The first byte says how large the pieces are.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mailnet/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct smtp_reply *reply, size_t used)
{
	size_t at = 0, len = 0, lines = 0;
	bool is_whole = reply->status == SMTP_REPLY_WHOLE;
	if (is_whole != (reply->code >= 200 && reply->code <= 599) ||
		(reply->status == SMTP_REPLY_WRONG) != (reply->why != NULL))
		abort();
	if (reply->text_len > SMTP_REPLY_TEXT_MAX ||
		strlen(reply->text) != reply->text_len ||
		reply->n_lines > SMTP_REPLY_LINES_MAX ||
		reply->n_bytes > SMTP_REPLY_BYTES_MAX + 1 ||
		reply->n_bytes != used)
		abort();
	while (smtp_reply_line(reply, &at, &len) != NULL)
		lines++;
	if (lines > reply->n_lines ||
		(!reply->is_cut && lines != reply->n_lines))
		abort();
}

/* Returns how many bytes were taken, all of a reply's but the last piece. */
static size_t feed(struct smtp_reply *reply, const uint8_t *data, size_t size,
	size_t piece)
{
	size_t all = 0;
	smtp_reply_init(reply);
	while (all < size && reply->status == SMTP_REPLY_MORE) {
		size_t len = size - all < piece ? size - all : piece;
		size_t used = 0;
		smtp_reply_feed(reply, data + all, len, &used);
		if (used > len ||
			(reply->status == SMTP_REPLY_MORE && used < len))
			abort();
		all += used;
	}
	check(reply, all);
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply *whole, *pieces;
	size_t piece;
	if (size == 0)
		return 0;
	piece = (size_t)data[0] + 1;
	whole = malloc(sizeof(*whole));
	pieces = malloc(sizeof(*pieces));
	if (whole == NULL || pieces == NULL)
		abort();
	if (feed(whole, data + 1, size - 1, size) !=
			feed(pieces, data + 1, size - 1, piece) ||
		whole->status != pieces->status ||
		whole->code != pieces->code || whole->why != pieces->why ||
		strcmp(whole->text, pieces->text) != 0)
		abort();
	free(whole);
	free(pieces);
	return 0;
}
