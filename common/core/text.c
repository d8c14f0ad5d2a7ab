/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/core/text.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/mem.h"

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0U) == 0x80U;
}

/* RFC 3629 section 4: the bounds of the second byte keep overlong forms,
 * surrogates and what is above U+10FFFF out. */
static bool second_is_valid(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_continuation(second);
	}
}

size_t text_utf8_len(const char *s)
{
	unsigned char first = (unsigned char)s[0];
	size_t len;

	if (first == '\0')
		return 0;
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		len = 2;
	else if (first >= 0xe0 && first <= 0xef)
		len = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		len = 4;
	else
		return 0;
	if (!second_is_valid(first, (unsigned char)s[1]))
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (!is_continuation((unsigned char)s[i]))
			return 0;
	}
	return len;
}

bool text_is_utf8(const char *s)
{
	while (*s != '\0') {
		size_t len = text_utf8_len(s);

		if (len == 0)
			return false;
		s += len;
	}
	return true;
}

size_t text_characters(const char *s)
{
	size_t n = 0;

	while (*s != '\0') {
		size_t len = text_utf8_len(s);

		s += len > 0 ? len : 1;
		n++;
	}
	return n;
}

void text_init(struct text *text, size_t max)
{
	*text = (struct text){ .max = max };
	text->cap = max < 256 ? max + 1 : 256;
	text->data = calloc(1, text->cap);
	if (text->data == NULL)
		mem_exhausted();
}

void text_release(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

void text_clear(struct text *text)
{
	text->len = 0;
	text->data[0] = '\0';
	text->is_cut = false;
}

/* Makes room for len more bytes and the NUL; len fits below the maximum. */
static void reserve(struct text *text, size_t len)
{
	size_t need = text->len + len + 1;
	size_t cap = text->cap;
	char *data;

	if (need <= cap)
		return;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	data = realloc(text->data, cap);
	if (data == NULL)
		mem_exhausted();
	text->data = data;
	text->cap = cap;
}

void text_add(struct text *text, const char *s)
{
	text_add_len(text, s, strlen(s));
}

void text_add_len(struct text *text, const char *s, size_t len)
{
	size_t room = text->max - text->len;

	if (text->is_cut)
		return;
	if (len > room) {
		text->is_cut = true;
		len = room;
		/* Back to where a sequence starts. */
		while (len > 0 && is_continuation((unsigned char)s[len]))
			len--;
	}
	reserve(text, len);
	memcpy(text->data + text->len, s, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_printf(struct text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_vprintf(text, fmt, args);
	va_end(args);
}

void text_vprintf(struct text *text, const char *fmt, va_list args)
{
	char small[256];
	char *large;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), fmt, args);
	if (len >= 0 && (size_t)len < sizeof(small)) {
		text_add_len(text, small, (size_t)len);
		va_end(again);
		return;
	}
	large = len < 0 ? NULL : malloc((size_t)len + 1);
	if (large == NULL)
		mem_exhausted();
	(void)vsnprintf(large, (size_t)len + 1, fmt, again);
	va_end(again);
	text_add_len(text, large, (size_t)len);
	free(large);
}

/* What stands in for an ASCII character that could do harm. */
static char clean_ascii(unsigned char c)
{
	if (c < 0x20 || c == 0x7f)
		return ' ';
	switch (c) {
	case '|':
		return '!';
	case '<':
		return '(';
	case '>':
		return ')';
	default:
		return (char)c;
	}
}

/* A character of len bytes that controls what is around it: C1 (U+0080 to
 * U+009F), U+2028 and U+2029, which end lines, and those that turn the
 * direction of writing and so show a text as another one. */
static bool is_control(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	if (len == 2)
		return (u[0] == 0xc2 && u[1] < 0xa0) ||
		       (u[0] == 0xd8 && u[1] == 0x9c);
	if (len != 3 || u[0] != 0xe2)
		return false;
	return (u[1] == 0x80 && (u[2] == 0x8e || u[2] == 0x8f ||
					(u[2] >= 0xa8 && u[2] <= 0xae))) ||
	       (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);
}

void text_add_clean(struct text *text, const char *s)
{
	while (*s != '\0') {
		size_t len = text_utf8_len(s);
		char c = '?';

		if (len == 1)
			c = clean_ascii((unsigned char)s[0]);
		else if (is_control(s, len))
			c = ' ';
		else if (len > 0)
			c = '\0';
		if (c == '\0')
			text_add_len(text, s, len);
		else
			text_add_len(text, &c, 1);
		s += len > 0 ? len : 1;
	}
}

void text_add_number(struct text *text, double value)
{
	const int64_t scale = 1000000;
	const char *sign = value < 0 ? "-" : "";
	double size = value < 0 ? -value : value;
	int64_t scaled;
	int decimals = 6;

	/* Too large for six decimals to mean anything. */
	if (size >= 1e12) {
		text_printf(text, "%s%.0f", sign, size);
		return;
	}
	/* By integers, since printf's decimal point is the locale's. */
	scaled = (int64_t)(size * (double)scale + 0.5);
	if (scaled == 0)
		sign = "";
	text_printf(text, "%s%" PRId64, sign, scaled / scale);
	scaled %= scale;
	if (scaled == 0)
		return;
	while (scaled % 10 == 0) {
		scaled /= 10;
		decimals--;
	}
	text_printf(text, ".%0*" PRId64, decimals, scaled);
}

void text_add_span(struct text *text, int64_t seconds)
{
	static const struct {
		int64_t length_s;
		const char *unit;
	} units[] = {
		{ 86400, "d" },
		{ 3600, "h" },
		{ 60, "min" },
		{ 1, "s" },
	};
	const size_t n = sizeof(units) / sizeof(units[0]);
	size_t i = 0;
	int64_t rest;

	while (i < n - 1 && seconds < units[i].length_s)
		i++;
	text_printf(text, "%lld %s", (long long)(seconds / units[i].length_s),
		units[i].unit);
	if (i == n - 1)
		return;
	rest = seconds % units[i].length_s / units[i + 1].length_s;
	if (rest > 0)
		text_printf(
			text, " %lld %s", (long long)rest, units[i + 1].unit);
}
