/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words of commands. */
#include "config.h"

#include <string.h>

#include "common/mailnet/imap.h"

enum { SET_MAX = 4000 }; /* bytes; RFC 7162 section 4 takes 8192 a line */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+,";

/* Base64 of UTF-16, without padding. */
struct coder {
	struct text *out;
	uint32_t bits;
	unsigned n_bits;
};

static void add_unit(struct coder *coder, uint32_t unit)
{
	coder->bits = (coder->bits << 16) | unit;
	coder->n_bits += 16;
	while (coder->n_bits >= 6) {
		coder->n_bits -= 6;
		text_add_len(coder->out,
			&digits[(coder->bits >> coder->n_bits) & 63], 1);
	}
}

static void end_units(struct coder *coder)
{
	if (coder->n_bits > 0)
		text_add_len(coder->out,
			&digits[(coder->bits << (6 - coder->n_bits)) & 63], 1);
}

static uint32_t decode(const char *s, size_t len)
{
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s[0] & masks[len];
	for (size_t i = 1; i < len; i++)
		c = (c << 6) | ((unsigned char)s[i] & 0x3f);
	return c;
}

/* All up to the next that is ASCII. */
static const char *add_coded(struct text *out, const char *s)
{
	struct coder coder = { .out = out };
	text_add(out, "&");
	while ((unsigned char)*s >= 0x80) {
		size_t len = text_utf8_len(s);
		uint32_t c;
		if (len == 0)
			break;
		c = decode(s, len);
		if (c >= 0x10000) {
			add_unit(&coder, 0xd800 + ((c - 0x10000) >> 10));
			add_unit(&coder, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else {
			add_unit(&coder, c);
		}
		s += len;
	}
	end_units(&coder);
	text_add(out, "-");
	return s;
}

static void add_quoted_char(struct text *out, const char *s)
{
	if (*s == '"' || *s == '\\')
		text_add(out, "\\");
	text_add_len(out, s, 1);
}

void imap_add_quoted(struct text *out, const char *s)
{
	text_add(out, "\"");
	for (; *s != '\0'; s++)
		add_quoted_char(out, s);
	text_add(out, "\"");
}

void imap_add_folder(struct text *out, const char *name)
{
	text_add(out, "\"");
	while (*name != '\0') {
		if (text_utf8_len(name) > 1) {
			name = add_coded(out, name);
			continue;
		}
		add_quoted_char(out, name);
		if (*name == '&')
			text_add(out, "-");
		name++;
	}
	text_add(out, "\"");
}

size_t imap_add_set(struct text *out, const uint32_t *ids, size_t n)
{
	size_t begin = out->len, i = 0;
	while (i < n && out->len - begin < SET_MAX) {
		size_t last = i;
		while (last + 1 < n && ids[last + 1] == ids[last] + 1)
			last++;
		text_printf(
			out, "%s%lu", i > 0 ? "," : "", (unsigned long)ids[i]);
		if (last > i)
			text_printf(out, ":%lu", (unsigned long)ids[last]);
		i = last + 1;
	}
	return i;
}
