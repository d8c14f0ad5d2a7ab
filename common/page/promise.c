/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/page/promise.h"

#include <stddef.h>
#include <string.h>

#include "common/core/text.h"

enum {
	WORD_BYTES = 16,
	DAY_S = 86400,
};

/* A word in lower case, a number, or one mark. */
struct token {
	char word[WORD_BYTES];
	const char *end;
	bool is_number;
	int32_t number; /* of at most four digits; else -1 */
};

static bool is_letter(char c)
{
	c = text_lower(c);
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void take_number(struct token *token, const char *at)
{
	size_t n = 0;

	token->is_number = true;
	for (; is_digit(*at); at++, n++)
		token->number = n < 4 ? token->number * 10 + (*at - '0') : -1;
	token->end = at;
}

static void take_word(struct token *token, const char *at)
{
	size_t n = 0;

	for (; is_letter(*at); at++)
		if (n < WORD_BYTES - 1)
			token->word[n++] = text_lower(*at);
	token->end = at;
}

/* The next token; its word is "" at the end of the text. */
static struct token next_token(const char *at)
{
	struct token token = { .number = 0 };

	while (*at == ' ')
		at++;
	if (is_digit(*at)) {
		take_number(&token, at);
	} else if (is_letter(*at)) {
		take_word(&token, at);
	} else {
		token.word[0] = *at;
		token.end = *at != '\0' ? at + 1 : at;
	}
	return token;
}

static bool is(const struct token *token, const char *word)
{
	return !token->is_number && strcmp(token->word, word) == 0;
}

static bool is_stop(const struct token *token)
{
	return !token->is_number &&
	       (token->word[0] == '\0' || strchr(".;!?", token->word[0]));
}

/* Seconds of "minutes", "hrs"; 0: no unit. */
static int64_t unit_s(const struct token *token)
{
	static const struct {
		const char *begin;
		int64_t s;
	} units[] = {
		{ "min", 60 },
		{ "hour", 3600 },
		{ "hr", 3600 },
		{ "day", DAY_S },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strncmp(token->word, units[i].begin,
			    strlen(units[i].begin)) == 0)
			return units[i].s;
	return 0;
}

/* "30 minutes", "the next 30 minutes", "an hour", "the hour". */
static bool take_length(const char *at, int64_t *out_s)
{
	struct token token = next_token(at);
	int64_t n = 1;
	size_t i;

	for (i = 0; i < 3 && (is(&token, "the") || is(&token, "next") ||
				     is(&token, "an") || is(&token, "a") ||
				     is(&token, "about"));
		i++)
		token = next_token(token.end);
	if (token.is_number) {
		n = token.number;
		token = next_token(token.end);
	}
	*out_s = n * unit_s(&token);
	return n > 0 && *out_s > 0;
}

/* "14:00 UTC", "14:00 GMT"; any other zone could be anything. */
static bool take_clock(const char *at, int64_t posted_s, int64_t *due_s)
{
	struct token hour = next_token(at);
	struct token colon = next_token(hour.end);
	struct token minute = next_token(colon.end);
	struct token zone = next_token(minute.end);
	int64_t of_day_s;

	if (!hour.is_number || !is(&colon, ":") || !minute.is_number ||
		hour.number < 0 || hour.number > 23 || minute.number < 0 ||
		minute.number > 59 || (!is(&zone, "utc") && !is(&zone, "gmt")))
		return false;
	of_day_s = hour.number * 3600 + minute.number * 60;
	*due_s = posted_s - posted_s % DAY_S + of_day_s;
	if (*due_s < posted_s)
		*due_s += DAY_S;
	return true;
}

static bool take_due(
	const struct token *before, int64_t posted_s, int64_t *due_s)
{
	int64_t length_s;

	if ((is(before, "in") || is(before, "within") || is(before, "every")) &&
		take_length(before->end, &length_s)) {
		*due_s = posted_s + length_s;
		return true;
	}
	return (is(before, "by") || is(before, "at") || is(before, "before")) &&
	       take_clock(before->end, posted_s, due_s);
}

bool page_promise(const char *text, int64_t posted_s, int64_t *due_s)
{
	struct token token = next_token(text);
	bool is_about_updates = false;

	for (; token.word[0] != '\0' || token.is_number;
		token = next_token(token.end)) {
		if (is_stop(&token))
			is_about_updates = false;
		else if (is(&token, "update") || is(&token, "updates"))
			is_about_updates = true;
		/* "was updated at", "an update was posted at": of the past. */
		else if (is(&token, "was") || is(&token, "were") ||
			 is(&token, "posted"))
			is_about_updates = false;
		else if (is_about_updates && take_due(&token, posted_s, due_s))
			return true;
	}
	return false;
}
