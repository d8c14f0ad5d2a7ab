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
#include <strings.h>

#include "common/core/text.h"

enum {
	NAME_MAX_BYTES = 1000, /* of "GROUP/NAME" */
	BRACKETS_MAX = 32,     /* within each other */
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

/*
 * The machine that is built of a pattern has room for all copies of what is
 * repeated: of "((a+)+)+" two of two of two. So its parts are counted, those of
 * each bracket by themselves.
 */
struct parts {
	size_t all;  /* since the bracket was opened */
	size_t last; /* of these, what a repeat would repeat */
};

struct count {
	const char *at;
	struct parts open[BRACKETS_MAX];
	size_t depth;
	bool is_too_much;
};

static struct parts *innermost(struct count *count)
{
	return &count->open[count->depth];
}

static void add_part(struct count *count, size_t n)
{
	struct parts *parts = innermost(count);

	parts->last = n;
	parts->all += n;
}

static void repeat(struct count *count, size_t times)
{
	struct parts *parts = innermost(count);

	if (times == 0)
		return;
	if (parts->last > PAGE_PATTERN_PARTS / times) {
		count->is_too_much = true;
		return;
	}
	parts->all += parts->last * (times - 1);
	parts->last *= times;
}

static void open_bracket(struct count *count)
{
	if (count->depth + 1 == BRACKETS_MAX) {
		count->is_too_much = true;
		return;
	}
	count->open[++count->depth] = (struct parts){ 0 };
}

static void close_bracket(struct count *count)
{
	size_t all = innermost(count)->all;

	if (count->depth == 0)
		return;
	count->depth--;
	add_part(count, all + 1);
}

/* "{N}", "{N,}", "{N,M}": the greatest number of them, and one for the open
 * end. */
static size_t take_times(struct count *count)
{
	size_t most = 1;
	size_t value = 0;

	for (count->at++; *count->at != '\0' && *count->at != '}';
		count->at++) {
		char c = *count->at;

		if (is_digit(c) && value <= PAGE_PATTERN_PARTS)
			value = value * 10 + (size_t)(c - '0');
		else if (!is_digit(c))
			value = 0;
		if (value > most)
			most = value;
	}
	return most + 1;
}

/* "[...]", whose first character may be ']'. */
static void skip_set(struct count *count)
{
	const char *at = count->at + 1;

	if (*at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at != '\0' && *at != ']') {
		if (*at == '[' &&
			(at[1] == ':' || at[1] == '.' || at[1] == '=')) {
			const char end[] = { at[1], ']', '\0' };
			const char *behind = strstr(at + 2, end);

			at = behind ? behind + 1 : at;
		}
		at++;
	}
	count->at = *at != '\0' ? at : at - 1;
	add_part(count, 1);
}

static void count_one(struct count *count)
{
	switch (*count->at) {
	case '(':
		open_bracket(count);
		break;
	case ')':
		close_bracket(count);
		break;
	case '+':
		repeat(count, 2);
		break;
	case '{':
		repeat(count, take_times(count));
		if (*count->at == '\0')
			count->at--;
		break;
	case '[':
		skip_set(count);
		break;
	case '\\':
		if (count->at[1] != '\0')
			count->at++;
		add_part(count, 1);
		break;
	case '*':
	case '?':
		break;
	default:
		add_part(count, 1);
		break;
	}
}

static bool has_too_many_parts(const char *text)
{
	struct count count = { .at = text };

	for (; *count.at != '\0' && !count.is_too_much; count.at++) {
		count_one(&count);
		if (innermost(&count)->all > PAGE_PATTERN_PARTS)
			return true;
	}
	return count.is_too_much;
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
	if (has_too_many_parts(text))
		return "repeats too much";
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
	} else if (strcasecmp(selector->text, name) == 0 ||
		   strcmp(selector->text, id) == 0) {
		return true;
	}
	if (!group)
		return false;
	text_init(&path, NAME_MAX_BYTES);
	join(&path, group, name);
	takes = selector->pattern
			? page_pattern_matches(selector->pattern, path.data)
			: !path.is_cut &&
				  strcasecmp(selector->text, path.data) == 0;
	text_release(&path);
	return takes;
}
