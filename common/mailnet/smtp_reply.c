/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A byte at a time. A line ends at CR LF, or at a bare LF, which senders take
 * too (Postfix and Exim among them); a CR without LF ends none and is wrong.
 */
#include "config.h"

#include "common/mailnet/smtp_reply.h"

#include <string.h>

enum { CODE = 3 };

void smtp_reply_init(struct smtp_reply *reply)
{
	reply->status = SMTP_REPLY_MORE;
	reply->why = NULL;
	reply->code = 0;
	reply->text[0] = '\0';
	reply->text_len = 0;
	reply->is_cut = false;
	reply->has_8bit = false;
	reply->n_lines = 0;
	reply->n_bytes = 0;
	reply->line_len = 0;
	reply->line_code = 0;
	reply->has_cr = false;
}

static void is_wrong(struct smtp_reply *reply, const char *why)
{
	reply->status = SMTP_REPLY_WRONG;
	reply->why = why;
	reply->code = 0;
}

static void keep_text(struct smtp_reply *reply, const char *text, size_t len)
{
	/* A cut line would hide what follows it: nothing does. */
	if (reply->is_cut || len + 1 > SMTP_REPLY_TEXT_MAX - reply->text_len) {
		reply->is_cut = true;
		return;
	}
	memcpy(reply->text + reply->text_len, text, len);
	reply->text_len += len;
	reply->text[reply->text_len++] = '\n';
	reply->text[reply->text_len] = '\0';
}

/* Three digits, of which the first is 2 to 5. The grammar wants the second
 * below 6; codes such as 571 and 591 are in wide use. */
static uint16_t code_of(const char *line, size_t len)
{
	uint16_t code = 0;
	if (len < CODE || line[0] < '2' || line[0] > '5')
		return 0;
	for (size_t i = 0; i < CODE; i++) {
		if (line[i] < '0' || line[i] > '9')
			return 0;
		code = (uint16_t)(code * 10 + (line[i] - '0'));
	}
	return code;
}

static void take_line(struct smtp_reply *reply)
{
	const char *line = reply->line;
	size_t len = reply->line_len;
	uint16_t code = code_of(line, len);
	bool is_last = len == CODE || (len > CODE && line[CODE] == ' ');
	reply->line_len = 0;
	reply->has_cr = false;
	if (code == 0 || (!is_last && line[CODE] != '-')) {
		is_wrong(reply, "sends a line that is no reply");
		return;
	}
	if (reply->n_lines > 0 && code != reply->line_code) {
		is_wrong(reply, "changes the code within one reply");
		return;
	}
	reply->line_code = code;
	reply->n_lines++;
	/* "250" alone is a line, with and without a blank behind it. */
	if (len > CODE)
		keep_text(reply, line + CODE + 1, len - CODE - 1);
	else
		keep_text(reply, "", 0);
	if (is_last) {
		reply->status = SMTP_REPLY_WHOLE;
		reply->code = code;
	} else if (reply->n_lines >= SMTP_REPLY_LINES_MAX) {
		is_wrong(reply, "sends a reply of too many lines");
	}
}

static void take_byte(struct smtp_reply *reply, uint8_t byte)
{
	if (++reply->n_bytes > SMTP_REPLY_BYTES_MAX) {
		is_wrong(reply, "sends a reply of too many bytes");
	} else if (byte == '\n') {
		take_line(reply);
	} else if (reply->has_cr) {
		is_wrong(reply, "sends a bare CR");
	} else if (byte == '\0') {
		is_wrong(reply, "sends a NUL");
	} else if (byte == '\r') {
		reply->has_cr = true;
	} else if (reply->line_len == SMTP_REPLY_LINE_MAX) {
		is_wrong(reply, "sends a line of too many bytes");
	} else {
		reply->has_8bit = reply->has_8bit || byte >= 0x80;
		reply->line[reply->line_len++] = (char)byte;
	}
}

enum smtp_reply_status smtp_reply_feed(struct smtp_reply *reply,
	const uint8_t *bytes, size_t len, size_t *used)
{
	size_t i = 0;
	while (i < len && reply->status == SMTP_REPLY_MORE)
		take_byte(reply, bytes[i++]);
	*used = i;
	return reply->status;
}

const char *smtp_reply_line(
	const struct smtp_reply *reply, size_t *at, size_t *len)
{
	const char *line = reply->text + *at;
	const char *end;
	if (*at >= reply->text_len)
		return NULL;
	end = memchr(line, '\n', reply->text_len - *at);
	*len = (size_t)(end - line);
	*at += *len + 1;
	return line;
}
