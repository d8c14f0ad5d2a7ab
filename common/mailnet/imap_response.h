/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One response of an IMAP server (RFC 9051 section 7), fed with bytes as they
 * come: a line, with the literals in it and what follows them. What a mail
 * says inside of a literal is never taken for what the server says. Pure.
 */
#ifndef LIFELINE_MAILNET_IMAP_RESPONSE_H
#define LIFELINE_MAILNET_IMAP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

enum {
	/* All of a response. The identifiers of 10,000 messages in one line
	 * are 110,000 bytes. */
	IMAP_RESPONSE_MAX = 512 * 1024,
	IMAP_LITERALS_MAX = 64,
	IMAP_FOUND_MAX = 128 * 1024, /* numbers in one SEARCH */
};

enum imap_status {
	IMAP_MORE,  /* is not at its end */
	IMAP_WHOLE, /* may be read */
	IMAP_WRONG, /* is no response: see why; stays so */
};

/* The caller owns the struct. */
struct imap_response {
	enum imap_status status;
	const char *why; /* with WRONG: a verb phrase without subject */
	/* With WHOLE: the response, its literals as they came, without the
	 * last line end; then NUL. It may hold NULs. */
	char *data;
	size_t len;

	/* The reader's own. */
	size_t cap;
	size_t line;    /* where the line in hand begins */
	size_t literal; /* bytes of it that are to come */
	size_t n_literals;
};

void imap_response_init(struct imap_response *response);
void imap_response_release(struct imap_response *response);
/* Makes it ready for the next response. */
void imap_response_clear(struct imap_response *response);

/*
 * Takes bytes up to the end of the response and returns the status; *used says
 * how many were taken.
 */
enum imap_status imap_response_feed(struct imap_response *response,
	const uint8_t *bytes, size_t len, size_t *used);

/* What a response is. */
enum imap_kind {
	IMAP_OTHER,    /* untagged, and nothing that is known */
	IMAP_CONTINUE, /* "+": more is wanted */
	IMAP_OK,
	IMAP_NO,
	IMAP_BAD,
	IMAP_PREAUTH,
	IMAP_BYE,
	IMAP_CAPABILITY,
	IMAP_SEARCH,
	IMAP_EXISTS,
	IMAP_EXPUNGE,
	IMAP_FETCH,
};

struct imap_line {
	enum imap_kind kind;
	const char *tag; /* NULL: untagged */
	uint32_t number; /* EXISTS, EXPUNGE, FETCH: which message, or many */
	/* OK, NO, BAD, PREAUTH, BYE: "UIDVALIDITY 7" of "[UIDVALIDITY 7]", or
	 * NULL; and the text behind it. Else all behind the first words, but
	 * of SEARCH and FETCH, which are read as a whole: NULL. */
	const char *code;
	const char *text;
};

/* Reads a whole response; strings are in the arena. */
void imap_read_line(struct arena *arena, const struct imap_response *response,
	struct imap_line *line);

/* The number behind a word of a code: "UIDVALIDITY". False: it is none. */
bool imap_code_number(const char *code, const char *word, uint32_t *number);

/* Whether a list of capabilities has this one, in any case of letters. */
bool imap_has_word(const char *list, const char *word);

/* The numbers of a SEARCH, in the arena. False: it is odd. */
bool imap_read_search(struct arena *arena, const struct imap_response *response,
	uint32_t **found, size_t *n);

/* What was fetched of one message; what was not is 0 or NULL. */
struct imap_fetch {
	uint32_t uid;
	uint64_t size;
	bool is_deleted;           /* it has the flag */
	const char *internal_date; /* "22-Nov-2026 02:47:57 +0000" */
	/* Of BODY[...]: bytes inside of the response, as long as that is
	 * there; NIL is none of them. */
	const char *section;
	size_t section_len;
};

/* False: it is odd, and nothing of it is to be believed. */
bool imap_read_fetch(struct arena *arena, const struct imap_response *response,
	struct imap_fetch *fetch);

#endif
