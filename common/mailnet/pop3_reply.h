/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One reply of a POP3 server (RFC 1939 section 3), line by line as the bytes
 * come, since a list of identifiers may be longer than what one wants to keep.
 * Bounded, and pure.
 */
#ifndef LIFELINE_MAILNET_POP3_REPLY_H
#define LIFELINE_MAILNET_POP3_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POP3_LINE_MAX = 4096, /* bytes of a line that are kept */
	POP3_BYTES_MAX = 16 * 1024 * 1024,
	POP3_UID_MAX = 70, /* RFC 1939 section 7 */
};

enum pop3_status {
	POP3_MORE,  /* is inside of a line */
	POP3_LINE,  /* a line may be read; more of them come */
	POP3_END,   /* was at its end; of one line: it may be read */
	POP3_WRONG, /* is no reply: see why; stays so */
};

struct pop3_reply {
	enum pop3_status status;
	const char *why; /* with WRONG: a verb phrase without subject */
	bool is_ok;      /* "+OK"; known from the first line on */
	/* "+ ", which asks for more (RFC 5034 section 4): neither yes nor no */
	bool is_more;
	/* The line without its end and the dot put in front of others; of the
	 * first one, what is behind "+OK", "-ERR" and "+". Then NUL. */
	char line[POP3_LINE_MAX + 1];
	size_t len;
	bool is_cut;    /* it was longer */
	size_t n_lines; /* behind the first */
	size_t n_bytes;

	/* The reader's own. */
	bool is_multi, has_first, has_cr;
};

/* Makes it ready for the next reply; is_multi: one of many lines, if the
 * server says "+OK". */
void pop3_reply_init(struct pop3_reply *reply, bool is_multi);

/*
 * Takes bytes up to the end of a line and returns the status; *used says how
 * many were taken. Call it again after POP3_LINE.
 */
enum pop3_status pop3_reply_feed(struct pop3_reply *reply, const uint8_t *bytes,
	size_t len, size_t *used);

/* "12 identifier", a line of UIDL; *uid points into the line. False: it is
 * odd. */
bool pop3_read_uidl(const char *line, uint32_t *number, const char **uid);

#endif
