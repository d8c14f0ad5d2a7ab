/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounded text: a buffer that grows up to a named maximum and then remembers
 * that it was cut, so that no output can grow without limit.
 */
#ifndef LIFELINE_CORE_TEXT_H
#define LIFELINE_CORE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data; /* always NUL-terminated, never NULL after text_init */
	size_t len; /* without the NUL */
	size_t cap;
	size_t max;  /* most bytes of text it ever holds */
	bool is_cut; /* something did not fit */
};

/*
 * The length of the UTF-8 sequence (RFC 3629) that s, NUL-terminated, begins
 * with: 1 to 4, or 0 where it is not valid or s is empty.
 */
size_t text_utf8_len(const char *s);

/* Whether all of s is valid UTF-8. */
bool text_is_utf8(const char *s);

/* Characters in s; a byte that is not valid UTF-8 counts as one. */
size_t text_characters(const char *s);

/* In lower case where it is a letter of ASCII, in any locale. */
static inline char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The caller owns the struct and calls text_release() at the end. */
void text_init(struct text *text, size_t max);
void text_release(struct text *text);
void text_clear(struct text *text);

/*
 * Each appends and cuts at the maximum, never inside a UTF-8 sequence; once
 * something was cut, all that follows is dropped. Without memory they end
 * the program as mem_exhausted() does.
 */
void text_add(struct text *text, const char *s);
void text_add_len(struct text *text, const char *s, size_t len);
void text_printf(struct text *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/*
 * Appends text that came from outside, harmless for a monitor: '|' becomes
 * '!', a control character (C0, DEL, C1, newline too; in Unicode also what
 * ends a line or turns the direction of writing) becomes a blank, a byte that
 * is not valid UTF-8 becomes '?', and '<' and '>' become '(' and
 * ')', since some web front ends render output as HTML.
 */
void text_add_clean(struct text *text, const char *s);

/*
 * Appends a decimal number as perfdata and JSON want it, whatever the
 * locale: at most six decimals, no trailing zeros, no exponent, "-0" is
 * "0". Not for infinities or NaN.
 */
void text_add_number(struct text *text, double value);
/* A length of time in its two largest units: "13 d 22 h", "2 min 5 s"; not
 * below 0. */
void text_add_span(struct text *text, int64_t seconds);

#endif
