/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a Received field. Its grammar (RFC 5321 section 4.4) is kept by few:
 * what stands behind "from", "by", "with" and "id" is taken word by word, and
 * of comments only an address, the name that the client gave, and TLS.
 */
#include "config.h"

#include <string.h>

#include "common/mail/mail_date.h"
#include "common/mail/piece.h"
#include "common/mail/trail.h"

enum clause {
	CLAUSE_NONE, /* in front of the first, and those that tell nothing */
	CLAUSE_FROM,
	CLAUSE_BY,
	CLAUSE_WITH,
	CLAUSE_ID,
};

struct reader {
	struct arena *arena;
	struct trail_hop *hop;
	enum clause clause;
	const char *hello; /* the client's name by a comment */
	size_t words;      /* of the clause, so far */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1". */
static bool read_addr(struct piece piece, struct dns_addr *addr)
{
	char text[DNS_ADDR_TEXT];

	if (piece_begins(piece, "IPv6:")) {
		piece.at += strlen("IPv6:");
		piece.len -= strlen("IPv6:");
	}
	if (piece.len == 0 || piece.len >= sizeof(text))
		return false;
	memcpy(text, piece.at, piece.len);
	text[piece.len] = '\0';
	return dns_addr_parse(text, addr);
}

static void take_addr(struct reader *reader, struct piece piece)
{
	struct trail_hop *hop = reader->hop;

	if (!hop->has_from_addr)
		hop->has_from_addr = read_addr(piece, &hop->from_addr);
}

/* The first word at or behind s. */
static struct piece next_word(struct piece rest)
{
	struct piece word = rest;

	while (word.len > 0 && is_blank(*word.at)) {
		word.at++;
		word.len--;
	}
	rest = word;
	for (word.len = 0; word.len < rest.len && !is_blank(word.at[word.len]);)
		word.len++;
	return word;
}

static struct piece behind(struct piece all, struct piece word)
{
	const char *at = word.at + word.len;

	return (struct piece){ at, all.len - (size_t)(at - all.at) };
}

/* What stands in the first pair of brackets is an address. */
static void take_brackets(struct reader *reader, struct piece piece)
{
	const char *open = memchr(piece.at, '[', piece.len);
	const char *close;

	if (!open)
		return;
	open++;
	piece.len -= (size_t)(open - piece.at);
	close = memchr(open, ']', piece.len);
	if (close)
		take_addr(
			reader, (struct piece){ open, (size_t)(close - open) });
}

/* "mx.example.org [192.0.2.1]", "192.0.2.1", "HELO mx", "helo=mx". */
static void take_from_comment(struct reader *reader, struct piece comment)
{
	struct piece word;

	take_brackets(reader, comment);
	for (word = next_word(comment); word.len > 0;
		word = next_word(behind(comment, word))) {
		take_addr(reader, word);
		if (piece_begins(word, "helo=")) {
			word.at += strlen("helo=");
			word.len -= strlen("helo=");
		} else if (piece_is(word, "HELO") || piece_is(word, "EHLO")) {
			word = next_word(behind(comment, word));
		} else {
			continue;
		}
		if (word.len == 0)
			return;
		reader->hello = piece_keep(reader->arena, word, TRAIL_WORD_MAX);
	}
}

/* "using TLSv1.3 with cipher ...", "version=TLS1_2", "TLS1.3". */
static bool tells_tls(struct piece comment)
{
	size_t i;

	for (i = 0; i + 3 <= comment.len; i++) {
		struct piece rest = { comment.at + i, comment.len - i };

		if (piece_begins(rest, "TLSv1") || piece_begins(rest, "TLS1") ||
			piece_is(rest, "TLS"))
			return true;
	}
	return false;
}

static void take_comment(struct reader *reader, struct piece comment)
{
	if (tells_tls(comment))
		reader->hop->is_encrypted = true;
	if (reader->clause == CLAUSE_FROM)
		take_from_comment(reader, comment);
}

static bool take_clause(struct reader *reader, struct piece word)
{
	static const struct {
		const char *word;
		enum clause clause;
	} clauses[] = { { "from", CLAUSE_FROM }, { "by", CLAUSE_BY },
		{ "with", CLAUSE_WITH }, { "id", CLAUSE_ID },
		{ "for", CLAUSE_NONE }, { "via", CLAUSE_NONE } };
	size_t i;

	for (i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
		if (piece_is(word, clauses[i].word)) {
			reader->clause = clauses[i].clause;
			reader->words = 0;
			return true;
		}
	return false;
}

/* RFC 3848 and RFC 6531 section 4.3. */
static bool is_secure(struct piece protocol)
{
	static const char *const secure[] = { "ESMTPS", "ESMTPSA", "LMTPS",
		"LMTPSA", "UTF8SMTPS", "UTF8SMTPSA", "UTF8LMTPS", "UTF8LMTPSA",
		"HTTPS" };
	size_t i;

	for (i = 0; i < sizeof(secure) / sizeof(secure[0]); i++)
		if (piece_is(protocol, secure[i]))
			return true;
	return false;
}

/* The first word of a clause counts, the first clause of a kind too; of a
 * protocol's name only that one: "Microsoft SMTP Server". */
static void take_word(struct reader *reader, struct piece word)
{
	struct trail_hop *hop = reader->hop;

	if (take_clause(reader, word) || reader->words++ > 0)
		return;
	switch (reader->clause) {
	case CLAUSE_FROM:
		take_brackets(reader, word);
		if (!hop->from)
			hop->from =
				piece_keep(reader->arena, word, TRAIL_WORD_MAX);
		break;
	case CLAUSE_BY:
		if (!hop->by)
			hop->by =
				piece_keep(reader->arena, word, TRAIL_WORD_MAX);
		break;
	case CLAUSE_WITH:
		hop->is_encrypted |= is_secure(word);
		if (!hop->with)
			hop->with =
				piece_keep(reader->arena, word, TRAIL_WORD_MAX);
		break;
	case CLAUSE_ID:
		if (!hop->id)
			hop->id =
				piece_keep(reader->arena, word, TRAIL_WORD_MAX);
		break;
	case CLAUSE_NONE:
		break;
	}
}

/* The length of a comment, and of a quoted string; all where it has no end. */
static size_t comment_len(const char *s, size_t len)
{
	size_t comment = piece_comment((struct piece){ s, len });

	return comment > 0 ? comment : len;
}

static size_t quote_len(const char *s, size_t len)
{
	size_t i;

	for (i = 1; i < len; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == '"')
			return i + 1;
	}
	return len;
}

static size_t word_len(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && !is_blank(s[i]) && s[i] != '(')
		i += s[i] == '"' ? quote_len(s + i, len - i) : 1;
	return i;
}

static void take_clauses(struct reader *reader, struct piece rest)
{
	while (rest.len > 0) {
		size_t len = 1;

		if (*rest.at == '(') {
			len = comment_len(rest.at, rest.len);
			take_comment(reader, (struct piece){ rest.at + 1,
						     len > 1 ? len - 2 : 0 });
		} else if (!is_blank(*rest.at)) {
			len = word_len(rest.at, rest.len);
			take_word(reader, (struct piece){ rest.at, len });
		}
		rest.at += len;
		rest.len -= len;
	}
}

/* The last ';' that is in no comment; in a field whose comments do not end,
 * the last one. NULL: there is none. */
static const char *find_date(const char *s)
{
	const char *found = NULL;
	size_t len = strlen(s);
	size_t i;

	for (i = 0; i < len; i++) {
		size_t jump = 1;

		if (s[i] == '(')
			jump = comment_len(s + i, len - i);
		else if (s[i] == '"')
			jump = quote_len(s + i, len - i);
		else if (s[i] == ';')
			found = s + i;
		i += jump - 1;
	}
	return found ? found : strrchr(s, ';');
}

void trail_read_hop(
	struct arena *arena, const char *value, struct trail_hop *hop)
{
	struct reader reader = { .arena = arena, .hop = hop };
	struct mail_date date;
	const char *semicolon;
	size_t len;

	*hop = (struct trail_hop){ .from = NULL };
	if (strlen(value) > TRAIL_LINE_MAX)
		value = arena_strndup(arena, value, TRAIL_LINE_MAX);
	semicolon = find_date(value);
	len = semicolon ? (size_t)(semicolon - value) : strlen(value);
	take_clauses(&reader, (struct piece){ value, len });
	if (reader.hello)
		hop->from = reader.hello;
	if (!semicolon || !mail_date_parse(semicolon + 1, &date))
		return;
	hop->has_time = true;
	hop->has_zone = date.has_zone;
	hop->ms = date.ms;
}
