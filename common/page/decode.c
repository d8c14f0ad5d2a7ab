/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/page/decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/mem.h"

enum {
	REPLACEMENT = 0xfffd,
};

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0U | c >> 6);
		out[1] = (char)(0x80U | (c & 0x3fU));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0U | c >> 12);
		out[1] = (char)(0x80U | (c >> 6 & 0x3fU));
		out[2] = (char)(0x80U | (c & 0x3fU));
		return 3;
	}
	out[0] = (char)(0xf0U | c >> 18);
	out[1] = (char)(0x80U | (c >> 12 & 0x3fU));
	out[2] = (char)(0x80U | (c >> 6 & 0x3fU));
	out[3] = (char)(0x80U | (c & 0x3fU));
	return 4;
}

/* One unit of 16 bits. */
static uint32_t unit_at(const unsigned char *data, bool is_big)
{
	return is_big ? (uint32_t)data[0] << 8 | data[1]
		      : (uint32_t)data[1] << 8 | data[0];
}

/* The character at data (RFC 2781 section 2.2), and how many bytes it took. */
static uint32_t character_at(
	const unsigned char *data, size_t len, bool is_big, size_t *took)
{
	uint32_t first = unit_at(data, is_big);
	uint32_t second;

	*took = 2;
	if (first < 0xd800 || first > 0xdfff)
		return first;
	if (first > 0xdbff || len < 4)
		return REPLACEMENT;
	second = unit_at(data + 2, is_big);
	if (second < 0xdc00 || second > 0xdfff)
		return REPLACEMENT;
	*took = 4;
	return 0x10000 + ((first & 0x3ffU) << 10) + (second & 0x3ffU);
}

static void convert(struct decoded *out, const char *from, bool is_big)
{
	const unsigned char *data = (const unsigned char *)from;
	size_t left = out->len;
	size_t len = 0;

	/* Two bytes become three at most, four become four. */
	out->owned = malloc(left / 2 * 3 + 1);
	if (!out->owned)
		mem_exhausted();
	while (left >= 2) {
		size_t took;
		uint32_t c = character_at(data, left, is_big, &took);

		len += put_utf8(out->owned + len, c);
		data += took;
		left -= took;
	}
	out->owned[len] = '\0';
	out->data = out->owned;
	out->len = len;
}

static bool begins(const char *data, size_t len, const char *with, size_t n)
{
	return len >= n && memcmp(data, with, n) == 0;
}

struct decoded decode(const char *data, size_t len)
{
	struct decoded out = { .data = data, .len = len, .encoding = "UTF-8" };

	if (begins(data, len, "\xef\xbb\xbf", 3)) {
		out.was_marked = true;
		out.data += 3;
		out.len -= 3;
		return out;
	}
	if (begins(data, len, "\xfe\xff", 2) ||
		begins(data, len, "\xff\xfe", 2)) {
		out.was_marked = true;
		out.len -= 2;
		out.encoding = data[0] == '\xfe' ? "UTF-16BE" : "UTF-16LE";
		convert(&out, data + 2, data[0] == '\xfe');
	} else if (len >= 2 && (data[0] == '\0') != (data[1] == '\0')) {
		out.encoding = data[0] == '\0' ? "UTF-16BE" : "UTF-16LE";
		convert(&out, data, data[0] == '\0');
	}
	return out;
}

/* What windows-1252 has from 128 to 159; 0: nothing. */
static const uint16_t windows[] = { 0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026,
	0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0, 0x17d, 0, 0,
	0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122,
	0x161, 0x203a, 0x153, 0, 0x17e, 0x178 };

static uint32_t windows_character(unsigned char byte)
{
	if (byte < 0x80 || byte > 0x9f)
		return byte;
	return windows[byte - 0x80] ? windows[byte - 0x80] : REPLACEMENT;
}

/* How many bytes the character at data has in UTF-8; 0: it is none. */
static size_t utf8_at(const unsigned char *data, size_t len)
{
	size_t n = data[0] < 0x80    ? 1
		   : data[0] < 0xc2  ? 0
		   : data[0] < 0xe0  ? 2
		   : data[0] < 0xf0  ? 3
		   : data[0] <= 0xf4 ? 4
				     : 0;
	size_t i;

	if (n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((data[i] & 0xc0U) != 0x80)
			return 0;
	return n;
}

static bool is_utf8(const unsigned char *data, size_t len)
{
	while (len > 0) {
		size_t n = utf8_at(data, len);

		if (n == 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

struct decoded decode_html(const char *data, size_t len)
{
	struct decoded out = { .data = data, .len = len, .encoding = "UTF-8" };
	const unsigned char *bytes = (const unsigned char *)data;
	size_t n = 0;
	size_t i;

	if (is_utf8(bytes, len))
		return out;
	/* No byte becomes more than three. */
	out.owned = malloc(len * 3 + 1);
	if (!out.owned)
		mem_exhausted();
	for (i = 0; i < len; i++)
		n += put_utf8(out.owned + n, windows_character(bytes[i]));
	out.owned[n] = '\0';
	out.data = out.owned;
	out.len = n;
	out.encoding = "windows-1252";
	return out;
}

void decoded_release(struct decoded *decoded)
{
	free(decoded->owned);
	*decoded = (struct decoded){ 0 };
}
