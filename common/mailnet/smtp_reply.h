/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads one reply of an SMTP server (RFC 5321 section 4.2), fed with bytes as
 * they come. Bounded in lines, in bytes and in the text that it keeps; what
 * is no reply is said, and nothing of it is believed. Pure.
 */
#ifndef LIFELINE_MAILNET_SMTP_REPLY_H
#define LIFELINE_MAILNET_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* RFC 5321 section 4.5.3.1.5 permits 512 with code and line end; real
	 * servers write links and identifiers beyond that. */
	SMTP_REPLY_LINE_MAX = 2048,
	SMTP_REPLY_LINES_MAX = 128,
	SMTP_REPLY_BYTES_MAX = 16 * 1024,
	SMTP_REPLY_TEXT_MAX = 4096, /* kept of all lines together */
};

enum smtp_reply_status {
	SMTP_REPLY_MORE,  /* is not at its end */
	SMTP_REPLY_WHOLE, /* code and text may be read */
	SMTP_REPLY_WRONG, /* is no reply: see why; stays so */
};

struct smtp_reply {
	enum smtp_reply_status status;
	const char *why; /* with WRONG: a verb phrase without subject */
	uint16_t code;   /* 200 to 599 with WHOLE; else 0 */
	/* The lines without code, each ended by '\n', then NUL. */
	char text[SMTP_REPLY_TEXT_MAX + 1];
	size_t text_len;
	bool is_cut;   /* the text was longer */
	bool has_8bit; /* it has bytes beyond ASCII: text may be anything, and
			  the code counts (RFC 6531 section 3.7.4) */
	size_t n_lines, n_bytes;

	/* The reader's own: the line in hand. */
	char line[SMTP_REPLY_LINE_MAX];
	size_t line_len;
	uint16_t line_code;
	bool has_cr;
};

/* Makes it ready for the next reply. */
void smtp_reply_init(struct smtp_reply *reply);

/*
 * Takes bytes up to the end of the reply and returns the status; *used says
 * how many were taken. What is behind them was sent without being asked for.
 */
enum smtp_reply_status smtp_reply_feed(struct smtp_reply *reply,
	const uint8_t *bytes, size_t len, size_t *used);

/*
 * The next line of a reply's text, from *at on, which is moved behind it; 0
 * at first. NULL at the end. *len is the length of the line, which is not
 * NUL-terminated.
 */
const char *smtp_reply_line(
	const struct smtp_reply *reply, size_t *at, size_t *len);

#endif
