/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decodes encoded words. */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "common/mail/encoded_word.h"
#include "common/mail/piece.h"

static const char blanks[] = " \t\r\n";

struct word {
	struct piece body;
	size_t len; /* of all of it */
	bool is_base64;
};

/* "=?CHARSET?Q?...?=" or "=?CHARSET?B?...?=" */
static bool read_word(const char *at, struct word *out)
{
	const char *charset = at + 2;
	const char *encoding, *body;
	size_t len;

	if (strncmp(at, "=?", 2) != 0)
		return false;
	encoding = charset + strcspn(charset, "? \t\r\n");
	if (encoding == charset || encoding[0] != '?' || encoding[1] == '\0' ||
		!strchr("QqBb", encoding[1]) || encoding[2] != '?')
		return false;
	body = encoding + 3;
	len = strcspn(body, "? \t\r\n");
	if (strncmp(body + len, "?=", 2) != 0)
		return false;
	*out = (struct word){ { body, len }, (size_t)(body + len + 2 - at),
		encoding[1] == 'B' || encoding[1] == 'b' };
	return true;
}

static void add_byte(struct text *out, unsigned byte)
{
	char c = (char)byte;

	text_add_len(out, byte < 0x20 || byte == 0x7f ? " " : &c, 1);
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void add_quoted(struct text *out, struct piece body)
{
	size_t i;

	for (i = 0; i < body.len; i++) {
		bool is_code = body.at[i] == '=' && i + 2 < body.len;
		int high = is_code ? hex_of(body.at[i + 1]) : -1;
		int low = is_code ? hex_of(body.at[i + 2]) : -1;

		if (high >= 0 && low >= 0) {
			add_byte(out, (unsigned)(high << 4 | low));
			i += 2;
		} else {
			add_byte(out, body.at[i] == '_'
					      ? ' '
					      : (unsigned char)body.at[i]);
		}
	}
}

static void add_base64(struct text *out, struct piece body)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, n_bits = 0;
	size_t i;

	for (i = 0; i < body.len; i++) {
		const char *digit =
			memchr(digits, body.at[i], sizeof(digits) - 1);

		if (!digit)
			continue;
		bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			add_byte(out, bits >> n_bits & 0xff);
		}
	}
}

void encoded_word_add(struct text *out, const char *value)
{
	bool was_word = false;
	struct word word;

	while (*value) {
		size_t gap = strspn(value, blanks);

		if (read_word(value + gap, &word)) {
			if (!was_word)
				text_add_len(out, value, gap);
			if (word.is_base64)
				add_base64(out, word.body);
			else
				add_quoted(out, word.body);
			value += gap + word.len;
			was_word = true;
			continue;
		}
		gap += strcspn(value + gap, blanks);
		text_add_len(out, value, gap);
		value += gap;
		was_word = false;
	}
}
