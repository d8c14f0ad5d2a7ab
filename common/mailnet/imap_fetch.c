/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was fetched of a message (RFC 9051 section 7.5.2). */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mailnet/imap_response.h"

enum {
	DEPTH_MAX = 16, /* of lists in each other */
	DATE_MAX = 64,
	SIZE_DIGITS_MAX = 18,
};

struct cursor {
	const char *at, *end;
};

/* A value that is a string. */
struct string {
	const char *at;
	size_t len;
	bool is_nil;
};

static bool take_char(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static size_t left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static bool take_quoted(struct cursor *cursor, struct string *string)
{
	string->at = cursor->at;
	for (; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++)
		if (*cursor->at == '\\' && left(cursor) > 1)
			cursor->at++;
	string->len = (size_t)(cursor->at - string->at);
	return take_char(cursor, '"');
}

/* Behind the brace; bytes that the reader of the response counted. */
static bool take_literal(struct cursor *cursor, struct string *string)
{
	size_t len = 0;
	bool has_digits = false;

	for (; cursor->at < cursor->end && *cursor->at >= '0' &&
		*cursor->at <= '9';
		cursor->at++) {
		if (len > IMAP_RESPONSE_MAX)
			return false;
		len = 10 * len + (size_t)(*cursor->at - '0');
		has_digits = true;
	}
	if (!has_digits || !take_char(cursor, '}') ||
		!take_char(cursor, '\n') || len > left(cursor))
		return false;
	*string = (struct string){ .at = cursor->at, .len = len };
	cursor->at += len;
	return true;
}

static bool is_atom_char(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && c != '(' && c != ')' &&
	       c != '"' && c != '{' && c != '[' && c != ']';
}

static size_t take_atom(struct cursor *cursor, const char **atom)
{
	*atom = cursor->at;
	while (cursor->at < cursor->end && is_atom_char(*cursor->at))
		cursor->at++;
	return (size_t)(cursor->at - *atom);
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(s, word, len) == 0;
}

static bool take_word(struct cursor *cursor, const char *word)
{
	const char *atom;
	size_t len = take_atom(cursor, &atom);

	return is_word(atom, len, word);
}

/* A quoted string, a literal or NIL. */
static bool take_string(struct cursor *cursor, struct string *string)
{
	*string = (struct string){ .at = "" };
	if (take_char(cursor, '"'))
		return take_quoted(cursor, string);
	/* RFC 3516: a literal that may hold NULs. */
	(void)take_char(cursor, '~');
	if (take_char(cursor, '{'))
		return take_literal(cursor, string);
	string->is_nil = true;
	return take_word(cursor, "NIL");
}

static bool begins_string(const struct cursor *cursor)
{
	return *cursor->at == '"' || *cursor->at == '{' ||
	       (left(cursor) > 1 && memcmp(cursor->at, "~{", 2) == 0);
}

/* Any value at all, lists too; without recursion, and no deeper than needed. */
static bool skip_value(struct cursor *cursor)
{
	struct string ignored;
	const char *atom;
	size_t depth = 0;

	do {
		while (depth > 0 && take_char(cursor, ' ')) {
		}
		if (cursor->at == cursor->end)
			return false;
		if (take_char(cursor, '(')) {
			if (++depth > DEPTH_MAX)
				return false;
		} else if (take_char(cursor, ')')) {
			if (depth == 0)
				return false;
			depth--;
		} else if (begins_string(cursor)) {
			if (!take_string(cursor, &ignored))
				return false;
		} else if (take_atom(cursor, &atom) == 0) {
			return false;
		}
	} while (depth > 0);
	return true;
}

/* "BODY[HEADER.FIELDS (A B)]<0>": behind the bracket, up to the value. */
static bool skip_section(struct cursor *cursor)
{
	const char *atom;

	while (cursor->at < cursor->end && *cursor->at != ']') {
		struct string ignored;

		if (take_char(cursor, '"')) {
			if (!take_quoted(cursor, &ignored))
				return false;
		} else if (take_char(cursor, '{')) {
			if (!take_literal(cursor, &ignored))
				return false;
		} else {
			cursor->at++;
		}
	}
	if (!take_char(cursor, ']'))
		return false;
	(void)take_atom(cursor, &atom);
	return take_char(cursor, ' ');
}

static bool read_number(const char *s, size_t len, uint64_t max, uint64_t *out)
{
	size_t i;

	*out = 0;
	if (len == 0 || len > SIZE_DIGITS_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = 10 * *out + (uint64_t)(s[i] - '0');
	}
	return *out <= max;
}

static bool take_number(struct cursor *cursor, uint64_t max, uint64_t *out)
{
	const char *atom;
	size_t len = take_atom(cursor, &atom);

	return read_number(atom, len, max, out);
}

static bool take_flags(struct cursor *cursor, struct imap_fetch *fetch)
{
	if (!take_char(cursor, '('))
		return false;
	while (!take_char(cursor, ')')) {
		const char *atom;
		size_t len = take_atom(cursor, &atom);

		if (len == 0 && !take_char(cursor, ' '))
			return false;
		fetch->is_deleted |= is_word(atom, len, "\\Deleted");
	}
	return true;
}

static bool take_date(
	struct arena *arena, struct cursor *cursor, struct imap_fetch *fetch)
{
	struct string date;

	if (!take_string(cursor, &date) || date.is_nil || date.len > DATE_MAX ||
		memchr(date.at, '\0', date.len))
		return false;
	fetch->internal_date = arena_strndup(arena, date.at, date.len);
	return true;
}

/* Twice the same is odd: one of them is not what was asked for. */
static bool take_body(struct cursor *cursor, struct imap_fetch *fetch)
{
	struct string body;

	if (fetch->section || !take_string(cursor, &body))
		return false;
	fetch->section = body.at;
	fetch->section_len = body.len;
	return true;
}

static bool take_attribute(
	struct arena *arena, struct cursor *cursor, struct imap_fetch *fetch)
{
	const char *name;
	size_t len = take_atom(cursor, &name);
	uint64_t number = 0;
	bool is_fine;

	if (len == 0)
		return false;
	if (take_char(cursor, '['))
		return skip_section(cursor) &&
		       (is_word(name, len, "BODY") ? take_body(cursor, fetch)
						   : skip_value(cursor));
	if (!take_char(cursor, ' '))
		return false;
	if (is_word(name, len, "UID")) {
		is_fine = fetch->uid == 0 &&
			  take_number(cursor, UINT32_MAX, &number) &&
			  number > 0;
		fetch->uid = (uint32_t)number;
		return is_fine;
	}
	if (is_word(name, len, "RFC822.SIZE"))
		return take_number(cursor, UINT64_MAX, &fetch->size);
	if (is_word(name, len, "FLAGS"))
		return take_flags(cursor, fetch);
	if (is_word(name, len, "INTERNALDATE"))
		return take_date(arena, cursor, fetch);
	return skip_value(cursor);
}

bool imap_read_fetch(struct arena *arena, const struct imap_response *response,
	struct imap_fetch *fetch)
{
	struct cursor cursor = { response->data,
		response->data + response->len };
	uint64_t number;

	*fetch = (struct imap_fetch){ .uid = 0 };
	if (!take_char(&cursor, '*') || !take_char(&cursor, ' ') ||
		!take_number(&cursor, UINT32_MAX, &number) ||
		!take_char(&cursor, ' ') || !take_word(&cursor, "FETCH") ||
		!take_char(&cursor, ' ') || !take_char(&cursor, '('))
		return false;
	while (!take_char(&cursor, ')')) {
		if (!take_attribute(arena, &cursor, fetch))
			return false;
		while (take_char(&cursor, ' ')) {
		}
	}
	return cursor.at == cursor.end;
}
