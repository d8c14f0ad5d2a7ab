/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens of probes as text. */
#include "config.h"

#include <string.h>

#include "common/core/num.h"
#include "common/mail/flow_token.h"

#define MARK "lp1."

enum {
	DIGITS_MAX = 16, /* of flow_number_max */
	CODE_DIGITS = 2 * FLOW_CODE_LEN,
};

static const char hex_digits[] = "0123456789abcdef";

/* A piece of a text that is not NUL-terminated. */
struct piece {
	const char *at;
	size_t len;
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool is_token_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool is_instance(struct piece piece)
{
	size_t i;

	if (piece.len == 0 || piece.len > FLOW_INSTANCE_MAX)
		return false;
	for (i = 0; i < piece.len; i++) {
		bool is_edge = i == 0 || i + 1 == piece.len;

		if (!is_token_char(piece.at[i]))
			return false;
		if (piece.at[i] == '.' && (is_edge || piece.at[i - 1] == '.'))
			return false;
	}
	return true;
}

bool flow_instance_check(const char *instance)
{
	return is_instance((struct piece){ instance, strlen(instance) });
}

void flow_token_add_signed(struct text *out, const struct flow_token *token)
{
	text_printf(out, MARK "%s.%llu-%llu.%lld", token->instance,
		(unsigned long long)token->series,
		(unsigned long long)token->number, (long long)token->sent_ms);
}

void flow_token_add(struct text *out, const struct flow_token *token)
{
	size_t i;

	flow_token_add_signed(out, token);
	text_add(out, ".");
	for (i = 0; i < FLOW_CODE_LEN; i++) {
		const char pair[] = { hex_digits[token->code[i] >> 4],
			hex_digits[token->code[i] & 15] };

		text_add_len(out, pair, sizeof(pair));
	}
}

/* Takes what is behind the last of a character off the piece. */
static bool take_last(struct piece *piece, char at, struct piece *last)
{
	size_t len = piece->len;

	while (len > 0 && piece->at[len - 1] != at)
		len--;
	if (len == 0)
		return false;
	*last = (struct piece){ piece->at + len, piece->len - len };
	piece->len = len - 1;
	return true;
}

/* There is one way to write a number. */
static bool read_number(struct piece piece, uint64_t min, uint64_t *out)
{
	char digits[DIGITS_MAX + 1];

	if (piece.len == 0 || piece.len > DIGITS_MAX ||
		(piece.len > 1 && *piece.at == '0'))
		return false;
	memcpy(digits, piece.at, piece.len);
	digits[piece.len] = '\0';
	return num_parse_uint(digits, min, (uint64_t)flow_number_max, out) ==
	       NUM_OK;
}

static bool read_code(struct piece piece, uint8_t *code)
{
	size_t i;

	if (piece.len != CODE_DIGITS)
		return false;
	for (i = 0; i < piece.len; i++) {
		const char *digit =
			memchr(hex_digits, piece.at[i], sizeof(hex_digits) - 1);

		if (!digit)
			return false;
		code[i / 2] = (uint8_t)(code[i / 2] << 4 |
					(uint8_t)(digit - hex_digits));
	}
	return true;
}

bool flow_token_parse(const char *s, size_t len, struct flow_token *token)
{
	const size_t mark = strlen(MARK);
	struct piece rest = { s, len };
	struct piece code, sent, number;
	struct flow_token out = { .instance = "" };
	uint64_t sent_ms;

	if (len < mark || len > FLOW_TOKEN_MAX || memcmp(s, MARK, mark) != 0)
		return false;
	rest.at += mark;
	rest.len -= mark;
	if (!take_last(&rest, '.', &code) || !take_last(&rest, '.', &sent) ||
		!take_last(&rest, '.', &number) || !is_instance(rest))
		return false;
	memcpy(out.instance, rest.at, rest.len);
	rest = number;
	if (!take_last(&rest, '-', &number) ||
		!read_number(rest, 1, &out.series) ||
		!read_number(number, 1, &out.number) ||
		!read_number(sent, 0, &sent_ms) || !read_code(code, out.code))
		return false;
	out.sent_ms = (int64_t)sent_ms;
	*token = out;
	return true;
}

bool flow_token_find(const char *text, struct flow_token *token)
{
	const char *at = text;

	while ((at = strstr(at, MARK)) != NULL) {
		size_t len = 0;

		if (at > text && is_token_char(at[-1])) {
			at++;
			continue;
		}
		while (len <= FLOW_TOKEN_MAX && is_token_char(at[len]))
			len++;
		/* What ends a sentence is none of it. */
		while (len > 0 && !is_alnum(at[len - 1]))
			len--;
		if (flow_token_parse(at, len, token))
			return true;
		at++;
	}
	return false;
}
