/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A byte at a time. Lines end at LF, with or without CR in front of it. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mailnet/pop3_reply.h"

enum {
	DIGITS_MAX = 10, /* of a number of 32 bits */
};

void pop3_reply_init(struct pop3_reply *reply, bool is_multi)
{
	reply->status = POP3_MORE;
	reply->why = NULL;
	reply->is_ok = reply->is_more = false;
	reply->line[0] = '\0';
	reply->len = 0;
	reply->is_cut = false;
	reply->n_lines = 0;
	reply->n_bytes = 0;
	reply->is_multi = is_multi;
	reply->has_first = false;
	reply->has_cr = false;
}

static void is_wrong(struct pop3_reply *reply, const char *why)
{
	reply->status = POP3_WRONG;
	reply->why = why;
	reply->is_ok = false;
	reply->len = 0;
	reply->line[0] = '\0';
}

static void cut_front(struct pop3_reply *reply, size_t n)
{
	reply->len -= n;
	memmove(reply->line, reply->line + n, reply->len + 1);
}

/* "+OK" and "-ERR", alone or with a blank behind them. */
static bool take_word(struct pop3_reply *reply, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(reply->line, word, len) != 0 ||
		(reply->line[len] != ' ' && reply->line[len] != '\0'))
		return false;
	cut_front(reply, reply->line[len] == ' ' ? len + 1 : len);
	return true;
}

static void end_first(struct pop3_reply *reply)
{
	reply->has_first = true;
	if (take_word(reply, "+OK"))
		reply->is_ok = true;
	else if (take_word(reply, "+"))
		reply->is_more = true;
	else if (!take_word(reply, "-ERR"))
		is_wrong(reply, "sends a line that is no reply");
	if (reply->status == POP3_WRONG)
		return;
	reply->status = reply->is_ok && reply->is_multi ? POP3_LINE : POP3_END;
}

static void end_line(struct pop3_reply *reply)
{
	reply->line[reply->len] = '\0';
	reply->has_cr = false;
	if (!reply->has_first) {
		end_first(reply);
		return;
	}
	if (strcmp(reply->line, ".") == 0) {
		reply->status = POP3_END;
		return;
	}
	if (reply->line[0] == '.')
		cut_front(reply, 1);
	reply->n_lines++;
	reply->status = POP3_LINE;
}

static void add_byte(struct pop3_reply *reply, uint8_t byte)
{
	if (reply->len == POP3_LINE_MAX)
		reply->is_cut = true;
	else
		reply->line[reply->len++] = (char)byte;
}

static void take_byte(struct pop3_reply *reply, uint8_t byte)
{
	if (++reply->n_bytes > POP3_BYTES_MAX) {
		is_wrong(reply, "sends a reply of too many bytes");
	} else if (byte == '\n') {
		end_line(reply);
	} else if (byte == '\0') {
		is_wrong(reply, "sends a NUL");
	} else {
		/* A CR inside of a line is a part of it. */
		if (reply->has_cr)
			add_byte(reply, '\r');
		reply->has_cr = byte == '\r';
		if (!reply->has_cr)
			add_byte(reply, byte);
	}
}

enum pop3_status pop3_reply_feed(struct pop3_reply *reply, const uint8_t *bytes,
	size_t len, size_t *used)
{
	size_t i = 0;

	if (reply->status == POP3_LINE) {
		reply->status = POP3_MORE;
		reply->len = 0;
		reply->is_cut = false;
	}
	while (i < len && reply->status == POP3_MORE)
		take_byte(reply, bytes[i++]);
	*used = i;
	return reply->status;
}

bool pop3_read_uidl(const char *line, uint32_t *number, const char **uid)
{
	uint64_t value = 0;
	size_t digits = strspn(line, "0123456789");
	size_t len, i;

	if (digits == 0 || digits > DIGITS_MAX || line[digits] != ' ')
		return false;
	for (i = 0; i < digits; i++)
		value = 10 * value + (uint64_t)(line[i] - '0');
	line += digits;
	line += strspn(line, " ");
	len = strlen(line);
	if (value == 0 || value > UINT32_MAX || len == 0 || len > POP3_UID_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (line[i] < '!' || line[i] > '~')
			return false;
	*number = (uint32_t)value;
	*uid = line;
	return true;
}
