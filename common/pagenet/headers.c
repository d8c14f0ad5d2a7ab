/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagenet/headers.h"

#include <string.h>
#include <strings.h>

#include "common/page/history.h"

/* RFC 9111 section 1.2.2. */
static const int64_t seconds_max = INT64_C(2147483648);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Digits up to the end of n bytes, blanks around them aside. */
static bool read_digits(const char *at, size_t n, int64_t *seconds)
{
	int64_t value = 0;
	while (n > 0 && is_blank(*at)) {
		at++;
		n--;
	}
	while (n > 0 && is_blank(at[n - 1]))
		n--;
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		value = 10 * value + (at[i] - '0');
		if (value > seconds_max)
			value = seconds_max;
	}
	*seconds = value;
	return true;
}

bool page_read_seconds(const char *value, int64_t *seconds)
{
	return read_digits(value, strlen(value), seconds);
}

/* Bytes up to the comma that ends the directive; a quoted string may hold
 * commas, and backslashes before quotes. */
static size_t directive_len(const char *at)
{
	bool is_quoted = false;
	size_t n = 0;
	for (; at[n] != '\0'; n++) {
		if (is_quoted && at[n] == '\\' && at[n + 1] != '\0')
			n++;
		else if (at[n] == '"')
			is_quoted = !is_quoted;
		else if (at[n] == ',' && !is_quoted)
			break;
	}
	return n;
}

static bool is_word(const char *at, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(at, word, n) == 0;
}

/* The argument of a directive as seconds, quoted or not. */
static bool read_argument(const char *at, size_t n, int64_t *seconds)
{
	if (n > 2 && at[0] == '"' && at[n - 1] == '"') {
		at++;
		n -= 2;
	}
	return read_digits(at, n, seconds);
}

struct freshness {
	bool has_shared, has_own, is_none;
	int64_t shared_s, own_s;
};

static void read_directive(struct freshness *out, const char *at, size_t n)
{
	const char *equals;
	size_t name;
	while (n > 0 && is_blank(*at)) {
		at++;
		n--;
	}
	while (n > 0 && is_blank(at[n - 1]))
		n--;
	equals = memchr(at, '=', n);
	name = equals != NULL ? (size_t)(equals - at) : n;
	if (is_word(at, name, "no-store") ||
		(equals == NULL && is_word(at, name, "no-cache")))
		out->is_none = true;
	if (equals == NULL)
		return;
	if (is_word(at, name, "s-maxage") && !out->has_shared)
		out->has_shared =
			read_argument(equals + 1, n - name - 1, &out->shared_s);
	else if (is_word(at, name, "max-age") && !out->has_own)
		out->has_own =
			read_argument(equals + 1, n - name - 1, &out->own_s);
}

bool page_read_max_age(const char *value, int64_t *seconds)
{
	struct freshness found = { .is_none = false };
	while (*value != '\0') {
		size_t n = directive_len(value);
		read_directive(&found, value, n);
		value += n;
		if (*value == ',')
			value++;
	}
	if (found.is_none)
		*seconds = 0;
	else if (found.has_shared)
		*seconds = found.shared_s;
	else if (found.has_own)
		*seconds = found.own_s;
	return found.is_none || found.has_shared || found.has_own;
}

bool page_validator_is_fine(const char *value)
{
	size_t n = 0;
	for (; value[n] != '\0'; n++) {
		unsigned char c = (unsigned char)value[n];
		if (n >= PAGE_HISTORY_KEY_MAX || c < ' ' || c >= 0x7f)
			return false;
	}
	return n > 0;
}
