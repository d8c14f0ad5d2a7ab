/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Patterns by regcomp(3). What could take exponential time or memory is kept
 * out: back-references, and repeats of repeats.
 */
#include "config.h"

#include "common/page/pattern.h"

#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/text.h"

enum {
	NAME_MAX_BYTES = 1000, /* of "GROUP/NAME" */
};

struct page_pattern {
	const char *text;
	regex_t regex;
};

/* -- parsing -------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether a backslash that is not itself escaped has a digit behind it. */
static bool has_back_reference(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != '\\')
			continue;
		text++;
		if (*text == '\0')
			return false;
		if (is_digit(*text))
			return true;
	}
	return false;
}

/* The greatest number in "{N,M}" at text. */
static unsigned repeats_at(const char *text)
{
	unsigned most = 1;
	unsigned value = 0;

	for (text++; *text != '\0' && *text != '}'; text++) {
		if (is_digit(*text) && value <= PAGE_PATTERN_REPEATS)
			value = value * 10 + (unsigned)(*text - '0');
		else if (!is_digit(*text))
			value = 0;
		if (value > most)
			most = value;
	}
	return most;
}

/* The machine that is built of it has room for all copies of what is
 * repeated. */
static bool repeats_too_often(const char *text)
{
	unsigned product = 1;

	for (; *text != '\0'; text++) {
		if (*text != '{')
			continue;
		product *= repeats_at(text);
		if (product > PAGE_PATTERN_REPEATS)
			return true;
	}
	return false;
}

const char *page_pattern_parse(
	struct arena *arena, const char *text, struct page_pattern **out)
{
	struct page_pattern *pattern;

	*out = NULL;
	if (*text == '\0')
		return "is empty";
	if (strlen(text) > PAGE_PATTERN_MAX)
		return "is longer than 256 bytes";
	if (!text_is_utf8(text))
		return "is not UTF-8";
	if (has_back_reference(text))
		return "has a back-reference, which is not supported";
	if (repeats_too_often(text))
		return "repeats more than 1000 times";
	pattern = arena_alloc(arena, sizeof(*pattern));
	pattern->text = arena_strdup(arena, text);
	if (regcomp(&pattern->regex, text,
		    REG_EXTENDED | REG_NOSUB | REG_ICASE) != 0)
		return "is no extended regular expression";
	*out = pattern;
	return NULL;
}

void page_pattern_free(struct page_pattern *pattern)
{
	if (pattern)
		regfree(&pattern->regex);
}

const char *page_pattern_text(const struct page_pattern *pattern)
{
	return pattern->text;
}

/* -- matching ------------------------------------------------------------- */

bool page_pattern_matches(const struct page_pattern *pattern, const char *line)
{
	char piece[PAGE_PATTERN_PIECE + 1];
	size_t left = strlen(line);
	int begins = 0;

	while (left > PAGE_PATTERN_PIECE) {
		memcpy(piece, line, PAGE_PATTERN_PIECE);
		piece[PAGE_PATTERN_PIECE] = '\0';
		if (regexec(&pattern->regex, piece, 0, NULL,
			    begins | REG_NOTEOL) == 0)
			return true;
		line += PAGE_PATTERN_PIECE / 2;
		left -= PAGE_PATTERN_PIECE / 2;
		begins = REG_NOTBOL;
	}
	return regexec(&pattern->regex, line, 0, NULL, begins) == 0;
}

/* -- selectors ------------------------------------------------------------ */

const char *page_selector_parse(
	struct arena *arena, const char *text, struct page_selector *out)
{
	*out = (struct page_selector){ 0 };
	if (*text == '\0')
		return "is empty";
	if (strlen(text) > NAME_MAX_BYTES)
		return "is longer than 1000 bytes";
	if (!text_is_utf8(text))
		return "is not UTF-8";
	out->text = arena_strdup(arena, text);
	return *text == '~' ? page_pattern_parse(arena, text + 1, &out->pattern)
			    : NULL;
}

void page_selector_release(struct page_selector *selector)
{
	page_pattern_free(selector->pattern);
	*selector = (struct page_selector){ 0 };
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same(const char *a, const char *b)
{
	for (; *a != '\0' && lower(*a) == lower(*b); a++, b++)
		continue;
	return *a == *b;
}

/* "GROUP/NAME" of the two; cut where that is longer than any selector. */
static void join(struct text *out, const char *group, const char *name)
{
	text_add(out, group);
	text_add(out, "/");
	text_add(out, name);
}

bool page_selector_takes(const struct page_selector *selector, const char *id,
	const char *group, const char *name)
{
	struct text path;
	bool takes;

	if (selector->pattern) {
		if (page_pattern_matches(selector->pattern, name))
			return true;
	} else if (is_same(selector->text, name) ||
		   strcmp(selector->text, id) == 0) {
		return true;
	}
	if (!group)
		return false;
	text_init(&path, NAME_MAX_BYTES);
	join(&path, group, name);
	takes = selector->pattern
			? page_pattern_matches(selector->pattern, path.data)
			: !path.is_cut && is_same(selector->text, path.data);
	text_release(&path);
	return takes;
}
