/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a response of an IMAP server ends, and what its first words are. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/text.h"
#include "common/mailnet/imap_response.h"

enum {
	ROOM_MIN = 4096,
	DIGITS_MAX = 10, /* of a number of 32 bits */
	TEXT_MAX_KEPT = 4096,
};

void imap_response_init(struct imap_response *response)
{
	*response = (struct imap_response){ .status = IMAP_MORE };
}

void imap_response_release(struct imap_response *response)
{
	free(response->data);
	response->data = NULL;
}

void imap_response_clear(struct imap_response *response)
{
	char *data = response->data;
	size_t cap = response->cap;

	*response = (struct imap_response){
		.status = IMAP_MORE, .data = data, .cap = cap
	};
}

static void is_wrong(struct imap_response *response, const char *why)
{
	response->status = IMAP_WRONG;
	response->why = why;
	response->len = 0;
}

/* Room for one more byte and a NUL. */
static void grow(struct imap_response *response)
{
	size_t cap = response->cap > 0 ? 2 * response->cap : ROOM_MIN;
	char *data;

	if (response->len + 2 <= response->cap)
		return;
	data = realloc(response->data, cap);
	if (!data)
		mem_exhausted();
	response->data = data;
	response->cap = cap;
}

/* Conditions end in text for people, which may end in braces. */
static bool may_have_literals(const struct imap_response *response)
{
	static const char *const words[] = { "OK", "NO", "BAD", "BYE",
		"PREAUTH" };
	size_t i;

	if (response->len < 3 || memcmp(response->data, "* ", 2) != 0)
		return false;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (response->len >= 2 + len &&
			strncasecmp(response->data + 2, words[i], len) == 0 &&
			(response->len == 2 + len ||
				response->data[2 + len] == ' '))
			return false;
	}
	return true;
}

/* "{123}" at the end of the line: as many bytes follow. */
static bool ends_in_literal(const struct imap_response *response, size_t *out)
{
	const char *data = response->data;
	size_t end = response->len;
	size_t begin, i;

	if (end == response->line || data[end - 1] != '}' ||
		!may_have_literals(response))
		return false;
	for (begin = end - 1; begin > response->line; begin--)
		if (data[begin - 1] < '0' || data[begin - 1] > '9')
			break;
	if (begin == end - 1 || begin == response->line ||
		data[begin - 1] != '{')
		return false;
	*out = 0;
	for (i = begin; i + 1 < end; i++)
		/* It stays larger than any that is taken. */
		if (*out <= IMAP_RESPONSE_MAX)
			*out = 10 * *out + (size_t)(data[i] - '0');
	return true;
}

/* The line feed has come; the line is without it so far. */
static void end_line(struct imap_response *response)
{
	size_t literal;

	if (response->len > response->line &&
		response->data[response->len - 1] == '\r')
		response->len--;
	if (!ends_in_literal(response, &literal)) {
		response->status = IMAP_WHOLE;
		response->data[response->len] = '\0';
		return;
	}
	if (++response->n_literals > IMAP_LITERALS_MAX) {
		is_wrong(response, "sends a response of too many literals");
		return;
	}
	if (literal > IMAP_RESPONSE_MAX - response->len) {
		is_wrong(response, "sends a response of too many bytes");
		return;
	}
	/* Its own end is kept, so that who reads it finds the literal. */
	response->data[response->len++] = '\n';
	response->literal = literal;
	response->line = response->len + literal;
}

static void take_byte(struct imap_response *response, uint8_t byte)
{
	if (response->len >= IMAP_RESPONSE_MAX) {
		is_wrong(response, "sends a response of too many bytes");
		return;
	}
	grow(response);
	if (response->literal > 0) {
		response->data[response->len++] = (char)byte;
		response->literal--;
	} else if (byte == '\n') {
		end_line(response);
	} else if (byte == '\0') {
		is_wrong(response, "sends a NUL outside of a literal");
	} else {
		response->data[response->len++] = (char)byte;
	}
}

enum imap_status imap_response_feed(struct imap_response *response,
	const uint8_t *bytes, size_t len, size_t *used)
{
	size_t i = 0;

	while (i < len && response->status == IMAP_MORE)
		take_byte(response, bytes[i++]);
	*used = i;
	return response->status;
}

/* The first words. */

static const char *keep(struct arena *arena, const char *s, size_t len)
{
	const char *kept;
	struct text text;

	text_init(&text, TEXT_MAX_KEPT);
	text_add_clean(
		&text, arena_strndup(arena, s,
			       len < TEXT_MAX_KEPT ? len : TEXT_MAX_KEPT));
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}

/* The word at *s, and moves behind the blank that follows it. */
static size_t take_word(const char **s, const char **word)
{
	size_t len = strcspn(*s, " ");

	*word = *s;
	*s += len;
	if (**s == ' ')
		++*s;
	return len;
}

static bool read_number(const char *s, size_t len, uint32_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (len == 0 || len > DIGITS_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(s[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static enum imap_kind kind_of(const char *word, size_t len, bool has_number)
{
	static const struct {
		const char *word;
		enum imap_kind kind;
		bool has_number;
	} kinds[] = { { "OK", IMAP_OK, false }, { "NO", IMAP_NO, false },
		{ "BAD", IMAP_BAD, false }, { "PREAUTH", IMAP_PREAUTH, false },
		{ "BYE", IMAP_BYE, false },
		{ "CAPABILITY", IMAP_CAPABILITY, false },
		{ "SEARCH", IMAP_SEARCH, false },
		{ "EXISTS", IMAP_EXISTS, true },
		{ "EXPUNGE", IMAP_EXPUNGE, true },
		{ "FETCH", IMAP_FETCH, true } };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].has_number == has_number &&
			strlen(kinds[i].word) == len &&
			strncasecmp(word, kinds[i].word, len) == 0)
			return kinds[i].kind;
	return IMAP_OTHER;
}

static bool is_condition(enum imap_kind kind)
{
	return kind >= IMAP_OK && kind <= IMAP_BYE;
}

static void take_code(
	struct arena *arena, const char *s, struct imap_line *line)
{
	const char *end = *s == '[' ? strchr(s, ']') : NULL;

	if (end) {
		line->code = keep(arena, s + 1, (size_t)(end - s) - 1);
		s = end + 1;
		s += *s == ' ';
	}
	line->text = keep(arena, s, strlen(s));
}

void imap_read_line(struct arena *arena, const struct imap_response *response,
	struct imap_line *line)
{
	const char *s = response->data;
	const char *tag, *word;
	size_t tag_len = take_word(&s, &tag);
	size_t len;
	bool has_number;

	*line = (struct imap_line){ .kind = IMAP_OTHER };
	if (tag_len == 1 && *tag == '+') {
		line->kind = IMAP_CONTINUE;
		line->text = keep(arena, s, strlen(s));
		return;
	}
	if (tag_len != 1 || *tag != '*')
		line->tag = keep(arena, tag, tag_len);
	len = take_word(&s, &word);
	has_number = !line->tag && read_number(word, len, &line->number);
	if (has_number)
		len = take_word(&s, &word);
	line->kind = kind_of(word, len, has_number);
	if (line->tag && (!is_condition(line->kind) || line->kind > IMAP_BAD))
		line->kind = IMAP_OTHER;
	if (is_condition(line->kind))
		take_code(arena, s, line);
	else if (line->kind != IMAP_SEARCH && line->kind != IMAP_FETCH)
		line->text = keep(arena, s, strlen(s));
}

bool imap_code_number(const char *code, const char *word, uint32_t *number)
{
	size_t len = strlen(word);

	return code && strncasecmp(code, word, len) == 0 && code[len] == ' ' &&
	       read_number(code + len + 1, strlen(code + len + 1), number);
}

bool imap_has_word(const char *list, const char *word)
{
	const char *at;
	size_t len;

	while (*list) {
		len = take_word(&list, &at);
		if (len == strlen(word) && strncasecmp(at, word, len) == 0)
			return true;
	}
	return false;
}

bool imap_read_search(struct arena *arena, const struct imap_response *response,
	uint32_t **found, size_t *n)
{
	const char *s = response->data;
	const char *word;
	uint32_t *numbers = arena_array(arena, 16, sizeof(*numbers));
	size_t cap = 16;

	*n = 0;
	/* A NUL in between would hide the rest. */
	if (strlen(s) != response->len)
		return false;
	(void)take_word(&s, &word);
	(void)take_word(&s, &word);
	while (*s) {
		size_t len = take_word(&s, &word);

		if (len == 0)
			continue;
		if (*n == cap) {
			numbers = arena_grow(
				arena, numbers, cap, 2 * cap, sizeof(*numbers));
			cap *= 2;
		}
		if (*n == IMAP_FOUND_MAX ||
			!read_number(word, len, &numbers[*n]) ||
			numbers[*n] == 0)
			return false;
		++*n;
	}
	*found = numbers;
	return true;
}
