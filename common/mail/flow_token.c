/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens of probes as text. */
#include "config.h"

#include <string.h>

#include "common/core/num.h"
#include "common/mail/flow_token.h"
#include "common/mail/piece.h"

#define MARK       "lp1."
#define ENVID_MARK "lpe1."

enum {
	DIGITS_MAX = 16, /* of flow_number_max */
	CODE_DIGITS = 2 * FLOW_CODE_LEN,
};

static const char hex_digits[] = "0123456789abcdef";

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

static void add_numbers(struct text *out, const struct flow_token *token)
{
	text_printf(out, "%llu-%llu.%lld", (unsigned long long)token->series,
		(unsigned long long)token->number, (long long)token->sent_ms);
}

static void add_code(struct text *out, const struct flow_token *token)
{
	size_t i;

	text_add(out, ".");
	for (i = 0; i < FLOW_CODE_LEN; i++) {
		const char pair[] = { hex_digits[token->code[i] >> 4],
			hex_digits[token->code[i] & 15] };

		text_add_len(out, pair, sizeof(pair));
	}
}

void flow_token_add_signed(struct text *out, const struct flow_token *token)
{
	text_printf(out, MARK "%s.", token->instance);
	add_numbers(out, token);
}

void flow_token_add(struct text *out, const struct flow_token *token)
{
	flow_token_add_signed(out, token);
	add_code(out, token);
}

void flow_envid_add(struct text *out, const struct flow_token *token)
{
	text_add(out, ENVID_MARK);
	add_numbers(out, token);
	add_code(out, token);
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

/* ".SENT.CODE", off the end. */
static bool take_tail(struct piece *rest, struct flow_token *token)
{
	struct piece code, sent;
	uint64_t sent_ms;

	if (!take_last(rest, '.', &code) || !take_last(rest, '.', &sent) ||
		!read_number(sent, 0, &sent_ms) ||
		!read_code(code, token->code))
		return false;
	token->sent_ms = (int64_t)sent_ms;
	return true;
}

/* "SERIES-NUMBER". */
static bool read_sequence(struct piece series, struct flow_token *token)
{
	struct piece number;

	return take_last(&series, '-', &number) &&
	       read_number(series, 1, &token->series) &&
	       read_number(number, 1, &token->number);
}

static bool skip_mark(struct piece *rest, const char *mark)
{
	const size_t len = strlen(mark);

	if (rest->len < len || memcmp(rest->at, mark, len) != 0)
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

bool flow_token_parse(const char *s, size_t len, struct flow_token *token)
{
	struct piece rest = { s, len };
	struct flow_token out = { .instance = "" };
	struct piece sequence;

	if (len > FLOW_TOKEN_MAX || !skip_mark(&rest, MARK) ||
		!take_tail(&rest, &out) || !take_last(&rest, '.', &sequence) ||
		!read_sequence(sequence, &out) || !is_instance(rest))
		return false;
	memcpy(out.instance, rest.at, rest.len);
	*token = out;
	return true;
}

bool flow_envid_parse(
	const char *s, const char *instance, struct flow_token *token)
{
	struct piece rest = { s, strlen(s) };
	struct flow_token out = { .instance = "" };

	if (rest.len > FLOW_ENVID_MAX || !flow_instance_check(instance) ||
		!skip_mark(&rest, ENVID_MARK) || !take_tail(&rest, &out) ||
		!read_sequence(rest, &out))
		return false;
	memcpy(out.instance, instance, strlen(instance));
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
