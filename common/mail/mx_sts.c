/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the record and the policy of MTA-STS (RFC 8461 section 3). */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/num.h"
#include "common/mail/mx.h"
#include "common/mail/piece.h"

enum {
	ID_MAX = 32,
	KEY_MAX = 32,
	MAX_AGE_DIGITS = 10,
};

#define RECORD "v=STSv1"

static const char *const mode_words[] = {
	[MX_STS_NO_MODE] = "no_mode",
	[MX_STS_NONE] = "none",
	[MX_STS_TESTING] = "testing",
	[MX_STS_ENFORCE] = "enforce",
};

const char *mx_sts_mode_word(unsigned mode)
{
	return mode < sizeof(mode_words) / sizeof(mode_words[0])
		       ? mode_words[mode]
		       : NULL;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool is_text(struct piece piece, const char *text)
{
	return piece.len == strlen(text) &&
	       memcmp(piece.at, text, piece.len) == 0;
}

/* Up to the character, or all; *rest is behind it, or NULL. */
static struct piece cut(const char *s, char at, const char **rest)
{
	const char *end = strchr(s, at);

	*rest = end ? end + 1 : NULL;
	return (struct piece){ s, end ? (size_t)(end - s) : strlen(s) };
}

/* "KEY=VALUE" or "KEY: VALUE" in two. */
static bool split(
	struct piece piece, char at, struct piece *key, struct piece *value)
{
	const char *sign = memchr(piece.at, at, piece.len);
	size_t i;

	if (!sign)
		return false;
	*key = (struct piece){ piece.at, (size_t)(sign - piece.at) };
	*value = (struct piece){ sign + 1, piece.len - key->len - 1 };
	if (key->len == 0 || key->len > KEY_MAX || !is_alnum(*key->at))
		return false;
	for (i = 0; i < key->len; i++)
		if (!is_alnum(key->at[i]) && key->at[i] != '_' &&
			key->at[i] != '-' && key->at[i] != '.')
			return false;
	return true;
}

static bool is_record(const char *txt)
{
	return strncmp(txt, RECORD, strlen(RECORD)) == 0 &&
	       !is_alnum(txt[strlen(RECORD)]);
}

/* What was meant to be one, and is none to senders: of another version, or in
 * small letters. */
static bool is_alike(const char *txt)
{
	txt += strspn(txt, " \t\"'");
	return strncasecmp(txt, "v=sts", 5) == 0;
}

static bool is_id(struct piece id)
{
	size_t i;

	for (i = 0; i < id.len; i++)
		if (!is_alnum(id.at[i]))
			return false;
	return id.len > 0 && id.len <= ID_MAX;
}

/* What follows the '=' of a field (section 3.1: sts-ext-value). */
static bool is_value(struct piece value)
{
	size_t i;

	for (i = 0; i < value.len; i++)
		if (value.at[i] <= ' ' || value.at[i] > '~' ||
			value.at[i] == '=')
			return false;
	return value.len > 0;
}

static const char *read_record(
	struct arena *arena, const char *txt, const char **id)
{
	const char *rest = NULL;
	struct piece field = piece_trim(cut(txt, ';', &rest));

	if (!is_text(field, RECORD))
		return "does not separate its fields with ';'";
	while (rest) {
		struct piece key, value;

		field = piece_trim(cut(rest, ';', &rest));
		/* Only the last may be empty: a ';' may end the record. */
		if (field.len == 0 && !rest)
			break;
		if (!split(field, '=', &key, &value) || !is_value(value))
			return "has a field that is not NAME=VALUE";
		if (!is_text(key, "id"))
			continue;
		if (*id)
			return "has two ids";
		if (!is_id(value))
			return "has an id that is not 1 to 32 letters and "
			       "digits";
		*id = arena_strndup(arena, value.at, value.len);
	}
	return *id ? NULL : "has no id";
}

static bool is_pattern(const char *s)
{
	if (strncmp(s, "*.", 2) == 0)
		s += 2;
	return smtp_name_check(s);
}

static bool is_held(const struct dns_names *patterns, const char *pattern)
{
	size_t i;

	for (i = 0; i < patterns->n; i++)
		if (strcmp(patterns->at[i], pattern) == 0)
			return true;
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *read_mx(
	struct arena *arena, struct piece value, struct dns_names *patterns)
{
	char *pattern = arena_strndup(arena, value.at, value.len);
	char *c;

	for (c = pattern; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!is_pattern(pattern))
		return "has an mx that is no host name, nor '*.' before one";
	if (is_held(patterns, pattern))
		return NULL;
	if (patterns->n == MX_PATTERNS_MAX)
		return "has more than 200 mx lines";
	if (!patterns->at)
		patterns->at = arena_array(
			arena, MX_PATTERNS_MAX, sizeof(*patterns->at));
	patterns->at[patterns->n++] = pattern;
	return NULL;
}

static const char *read_mode(struct piece value, struct mx_policy *policy)
{
	unsigned mode;

	for (mode = MX_STS_NONE; mode <= MX_STS_ENFORCE; mode++)
		if (is_text(value, mode_words[mode]))
			policy->mode = (enum mx_sts_mode)mode;
	return policy->mode == MX_STS_NO_MODE
		       ? "has a mode that is not none, testing or enforce"
		       : NULL;
}

static const char *read_max_age(
	struct arena *arena, struct piece value, struct mx_policy *policy)
{
	const char *digits = arena_strndup(arena, value.at, value.len);

	policy->has_max_age = value.len <= MAX_AGE_DIGITS &&
			      num_parse_uint(digits, 0, UINT64_MAX,
				      &policy->max_age_s) == NUM_OK;
	return policy->has_max_age ? NULL
				   : "has a max_age that is not 1 to 10 digits";
}

/* One line. Of a key that is there twice the first counts (section 3.2). */
static const char *read_line(struct arena *arena, struct piece line,
	struct mx_policy *policy, bool *has_version)
{
	struct piece key, value;

	if (!split(line, ':', &key, &value))
		return "has a line that is not KEY: VALUE";
	value = piece_trim(value);
	if (is_text(key, "version")) {
		if (!*has_version && !is_text(value, "STSv1"))
			return "has a version that is not STSv1";
		*has_version = true;
	} else if (is_text(key, "mode") && policy->mode == MX_STS_NO_MODE) {
		return read_mode(value, policy);
	} else if (is_text(key, "max_age") && !policy->has_max_age) {
		return read_max_age(arena, value, policy);
	} else if (is_text(key, "mx")) {
		return read_mx(arena, value, &policy->patterns);
	}
	return NULL;
}

static const char *check_bytes(const char *text)
{
	const char *c;

	if (!text_is_utf8(text))
		return "has bytes that are no UTF-8";
	for (c = text; *c; c++)
		if (((unsigned char)*c < ' ' && !strchr("\r\n\t", *c)) ||
			*c == 0x7f)
			return "has a control character";
	return NULL;
}

static const char *read_policy(
	struct arena *arena, const char *text, struct mx_policy *policy)
{
	const char *rest = text;
	bool has_version = false;
	const char *wrong = check_bytes(text);

	while (rest && !wrong) {
		struct piece line = cut(rest, '\n', &rest);

		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		line = piece_trim(line);
		if (line.len == 0)
			continue;
		wrong = read_line(arena, line, policy, &has_version);
	}
	if (wrong)
		return wrong;
	if (policy->patterns.n > 0)
		qsort(policy->patterns.at, policy->patterns.n,
			sizeof(*policy->patterns.at), compare_names);
	if (!has_version)
		return "has no version";
	if (policy->mode == MX_STS_NO_MODE)
		return "has no mode";
	if (!policy->has_max_age)
		return "has no max_age";
	if (policy->patterns.n == 0 && policy->mode != MX_STS_NONE)
		return "has no mx line";
	return NULL;
}

void mx_sts_read(struct arena *arena, struct mx_sts *sts)
{
	const char *record = NULL;
	size_t i;

	sts->n_records = 0;
	sts->id = sts->wrong = NULL;
	sts->policy = (struct mx_policy){ .patterns.is_known = true };
	for (i = 0; i < sts->n_txt; i++) {
		if (is_alike(sts->txt[i]))
			sts->wrong = "is not of version STSv1";
		if (!is_record(sts->txt[i]))
			continue;
		sts->n_records++;
		record = sts->txt[i];
	}
	if (sts->n_records > 0)
		sts->wrong = NULL;
	if (sts->n_records == 1) {
		sts->wrong = read_record(arena, record, &sts->id);
		if (sts->wrong)
			sts->id = NULL;
	}
	if (!sts->policy_text)
		return;
	sts->policy.is_parsed = true;
	sts->policy.wrong =
		sts->policy_has_nul
			? "has a NUL byte"
			: read_policy(arena, sts->policy_text, &sts->policy);
}

bool mx_policy_holds(const struct mx_policy *policy, const char *host)
{
	size_t i;

	for (i = 0; i < policy->patterns.n; i++)
		if (smtp_pattern_holds(policy->patterns.at[i], host))
			return true;
	return false;
}

static bool is_same_set(const struct dns_names *a, const struct dns_names *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	return true;
}

bool mx_policy_equals(
	struct arena *arena, const struct mx_policy *policy, const char *text)
{
	struct mx_policy other = { .patterns.is_known = true };

	return !read_policy(arena, text, &other) &&
	       policy->mode == other.mode &&
	       policy->max_age_s == other.max_age_s &&
	       is_same_set(&policy->patterns, &other.patterns);
}
