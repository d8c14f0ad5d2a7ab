/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads Authentication-Results fields (RFC 8601 section 2.2). */
#include "config.h"

#include <string.h>

#include "common/mail/auth_results.h"
#include "common/mail/piece.h"

static const char *const result_words[] = {
	[AUTH_ABSENT] = "absent",
	[AUTH_NONE] = "none",
	[AUTH_PASS] = "pass",
	[AUTH_FAIL] = "fail",
	[AUTH_SOFTFAIL] = "softfail",
	[AUTH_NEUTRAL] = "neutral",
	[AUTH_POLICY] = "policy",
	[AUTH_TEMPERROR] = "temperror",
	[AUTH_PERMERROR] = "permerror",
	[AUTH_OTHER] = "other",
};

const char *auth_result_word(unsigned result)
{
	return result < AUTH_RESULTS ? result_words[result] : NULL;
}

/* Behind a comment, or at the end of all. */
static const char *skip_comment(const char *s)
{
	size_t left = strlen(s);
	size_t len = piece_comment((struct piece){ s, left });

	return s + (len > 0 ? len : left);
}

static const char *skip_blanks(const char *s)
{
	for (;;) {
		if (*s == '(')
			s = skip_comment(s);
		else if (*s && strchr(" \t\r\n", *s))
			s++;
		else
			return s;
	}
}

/* A quoted string without its quotes; or all up to what ends a word. Empty
 * where there is none. */
static struct piece take_word(const char **s)
{
	struct piece word = { *s, 0 };
	const char *at = *s;

	if (*at != '"') {
		word.len = strcspn(at, " \t\r\n;=/(\"");
		*s += word.len;
		return word;
	}
	word.at = ++at;
	while (*at && *at != '"')
		at += *at == '\\' && at[1] ? 2 : 1;
	word.len = (size_t)(at - word.at);
	*s = *at ? at + 1 : at;
	return word;
}

static enum auth_result result_of(struct piece word)
{
	unsigned result;

	/* An older word for it (RFC 7001). */
	if (piece_is(word, "hardfail"))
		return AUTH_FAIL;
	for (result = AUTH_NONE; result < AUTH_OTHER; result++)
		if (piece_is(word, result_words[result]))
			return (enum auth_result)result;
	return AUTH_OTHER;
}

/* Behind the properties; whether they say that it is about HELO alone. */
static bool skip_properties(const char **s)
{
	bool has_helo = false;
	bool has_sender = false;

	for (;;) {
		struct piece word;

		*s = skip_blanks(*s);
		if (**s == '\0' || **s == ';')
			return has_helo && !has_sender;
		word = take_word(s);
		has_helo |= piece_is(word, "smtp.helo");
		has_sender |= piece_is(word, "smtp.mailfrom") ||
			      piece_is(word, "smtp.mail");
		if (word.len == 0 && (**s == '=' || **s == '/'))
			++*s;
	}
}

static void note_first(enum auth_result *to, enum auth_result result)
{
	if (*to == AUTH_ABSENT)
		*to = result;
}

/* "dkim=pass (...) header.d=example.org", up to the next ';'. */
static void take_result(const char **s, struct auth_results *results)
{
	struct piece method, result;
	bool is_of_helo;

	*s = skip_blanks(*s);
	method = take_word(s);
	*s = skip_blanks(*s);
	if (**s == '/') {
		++*s;
		*s = skip_blanks(*s);
		(void)take_word(s);
		*s = skip_blanks(*s);
	}
	if (**s != '=') {
		(void)skip_properties(s);
		return;
	}
	++*s;
	*s = skip_blanks(*s);
	result = take_word(s);
	is_of_helo = skip_properties(s);
	if (piece_is(method, "spf") && !is_of_helo)
		note_first(&results->spf, result_of(result));
	if (piece_is(method, "dmarc"))
		note_first(&results->dmarc, result_of(result));
	if (!piece_is(method, "dkim"))
		return;
	note_first(&results->dkim, result_of(result));
	if (result_of(result) == AUTH_PASS)
		results->dkim = AUTH_PASS;
}

/* All of a field, behind its author. */
static void take_results(const char *s, struct auth_results *results)
{
	struct auth_results field = { .n_fields = 0 };

	while (*s) {
		if (*s == ';')
			s++;
		take_result(&s, &field);
	}
	note_first(&results->spf, field.spf);
	note_first(&results->dkim, field.dkim);
	note_first(&results->dmarc, field.dmarc);
}

void auth_results_add(struct auth_results *results, const char *value,
	const char *authserv_id)
{
	const char *s = skip_blanks(value);
	const char *begin = s;
	struct piece author = take_word(&s);

	s = skip_blanks(s);
	/* It begins with a result: who wrote it does not say who it is. */
	if (*s == '=') {
		author.len = 0;
		s = begin;
	} else {
		s += strcspn(s, ";");
	}
	if (!piece_is(author, authserv_id))
		return;
	results->n_fields++;
	take_results(s, results);
}
