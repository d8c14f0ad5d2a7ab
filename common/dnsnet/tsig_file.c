/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A TSIG key from a file: the first key clause as BIND has it in
 * named.conf and tsig-keygen prints it, or [ALGORITHM:]NAME:SECRET in one
 * line. Nothing of the file goes into a message: it may be the secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dnsnet/transfer.h"
#include "common/dnsnet/tsig.h"

#define DEFAULT_ALGORITHM "hmac-sha256"

enum {
	FILE_MAX = 64 * 1024, /* bytes */
	SECRET_MAX = 1024,    /* bytes; a block of SHA-512 is 128 */
};

/* A part of the file. */
struct span {
	const char *at; /* NULL: not there */
	size_t len;
};

struct clause {
	struct span algorithm, name, secret;
};

static bool is_text(const struct span *span, const char *text)
{
	return span->len == strlen(text) &&
	       memcmp(span->at, text, span->len) == 0;
}

/* -- base64 -------------------------------------------------------------- */

static int digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(digits, c);
	return at == NULL ? -1 : (int)(at - digits);
}

static size_t padding_of(const struct span *text)
{
	if (text->at[text->len - 1] != '=')
		return 0;
	return text->at[text->len - 2] == '=' ? 2 : 1;
}

/* RFC 4648 section 4: whole groups only, and spare bits are zero (section
 * 3.5). Returns the count of bytes, 0 where it is none. */
static size_t read_base64(const struct span *text, uint8_t out[SECRET_MAX])
{
	size_t n = 0;
	uint32_t group = 0;
	if (text->len == 0 || text->len % 4 != 0 ||
		text->len / 4 * 3 > SECRET_MAX)
		return 0;
	size_t n_padding = padding_of(text);
	for (size_t i = 0; i < text->len; i++) {
		bool is_padding = i >= text->len - n_padding;
		int digit = is_padding ? 0 : digit_of(text->at[i]);
		if (digit < 0)
			return 0;
		group = group << 6 | (uint32_t)digit;
		if (i % 4 != 3)
			continue;
		out[n++] = (uint8_t)(group >> 16);
		out[n++] = (uint8_t)(group >> 8);
		out[n++] = (uint8_t)group;
	}
	OPENSSL_cleanse(&group, sizeof(group));
	for (size_t i = n - n_padding; i < n; i++)
		if (out[i] != 0)
			return 0;
	return n - n_padding;
}

/* -- BIND's clause ------------------------------------------------------- */

struct tokens {
	const char *at;
	struct span token; /* a word, a string's text, or one of { } ; */
	bool is_string;
	bool is_broken; /* a string or a comment has no end */
};

static void skip_block_comment(struct tokens *tokens)
{
	const char *end = strstr(tokens->at + 2, "*/");
	tokens->is_broken = tokens->is_broken || end == NULL;
	tokens->at = end == NULL ? strchr(tokens->at, '\0') : end + 2;
}

static void skip_blanks(struct tokens *tokens)
{
	for (;;) {
		tokens->at += strspn(tokens->at, " \t\r\n\v\f");
		if (*tokens->at == '#' || strncmp(tokens->at, "//", 2) == 0)
			tokens->at += strcspn(tokens->at, "\n");
		else if (strncmp(tokens->at, "/*", 2) == 0)
			skip_block_comment(tokens);
		else
			return;
	}
}

static bool ends_word(const char *at)
{
	return strchr(" \t\r\n\v\f{};\"#", *at) != NULL || /* NUL too */
	       strncmp(at, "//", 2) == 0 || strncmp(at, "/*", 2) == 0;
}

/* False at the end of the file, and where a string has no end. */
static bool next_token(struct tokens *tokens)
{
	skip_blanks(tokens);
	if (*tokens->at == '\0')
		return false;
	tokens->is_string = *tokens->at == '"';
	size_t len = 1;
	if (tokens->is_string) {
		tokens->at++;
		len = strcspn(tokens->at, "\"\n");
		tokens->is_broken = tokens->at[len] != '"';
	} else if (strchr("{};", *tokens->at) == NULL) {
		while (!ends_word(tokens->at + len))
			len++;
	}
	tokens->token = (struct span){ .at = tokens->at, .len = len };
	tokens->at += len + (tokens->is_string && !tokens->is_broken ? 1 : 0);
	return !tokens->is_broken;
}

static bool is_word(const struct tokens *tokens, const char *word)
{
	return !tokens->is_string && is_text(&tokens->token, word);
}

static bool is_mark(const struct tokens *tokens)
{
	return !tokens->is_string && strchr("{};", *tokens->token.at) != NULL;
}

/* To the end of a statement that is not wanted, its block too. */
static bool skip_statement(struct tokens *tokens)
{
	unsigned depth = 0;
	while (next_token(tokens)) {
		if (is_word(tokens, "{"))
			depth++;
		else if (is_word(tokens, "}") && depth > 0)
			depth--;
		else if (is_word(tokens, ";") && depth == 0)
			return true;
	}
	return false;
}

/* A value and the semicolon behind it; no value is there twice. */
static bool take_value(struct tokens *tokens, struct span *out)
{
	if (out->at != NULL || !next_token(tokens) || is_mark(tokens))
		return false;
	*out = tokens->token;
	return next_token(tokens) && is_word(tokens, ";");
}

/* What is behind "key". */
static bool read_clause(struct tokens *tokens, struct clause *out)
{
	if (!next_token(tokens) || is_mark(tokens))
		return false;
	out->name = tokens->token;
	if (!next_token(tokens) || !is_word(tokens, "{"))
		return false;
	while (next_token(tokens)) {
		if (is_word(tokens, "}"))
			return true;
		if (is_word(tokens, "algorithm")) {
			if (!take_value(tokens, &out->algorithm))
				return false;
		} else if (is_word(tokens, "secret")) {
			if (!take_value(tokens, &out->secret))
				return false;
		} else {
			return false;
		}
	}
	return false;
}

static const char *read_config(const char *text, struct clause *out)
{
	struct tokens tokens = { .at = text };
	while (next_token(&tokens)) {
		if (is_word(&tokens, "key"))
			return read_clause(&tokens, out)
				       ? NULL
				       : "has a key clause that is not well "
					 "formed";
		if (!skip_statement(&tokens))
			break;
	}
	return tokens.is_broken ? "has a string or a comment without an end"
				: "holds no key";
}

/* -- one line ------------------------------------------------------------ */

static struct span line_at(const char *text)
{
	struct span line = { .at = text, .len = strcspn(text, "\n") };
	while (line.len > 0 && strchr(" \t\r", *line.at) != NULL) {
		line.at++;
		line.len--;
	}
	while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL)
		line.len--;
	return line;
}

/* The part before the first colon is cut off; false where there is none. */
static bool cut_field(struct span *line, struct span *out)
{
	const char *colon = memchr(line->at, ':', line->len);
	if (colon == NULL)
		return false;
	*out = (struct span){ .at = line->at,
		.len = (size_t)(colon - line->at) };
	line->at += out->len + 1;
	line->len -= out->len + 1;
	return true;
}

static const char *read_line(const char *text, struct clause *out)
{
	struct span line = line_at(text);
	while (line.len == 0 || *line.at == '#') {
		text += strcspn(text, "\n");
		if (*text == '\0')
			return "holds no key";
		line = line_at(++text);
	}
	struct span second;
	if (!cut_field(&line, &out->name))
		return "is neither a key clause nor [ALGORITHM:]NAME:SECRET";
	if (cut_field(&line, &second)) {
		out->algorithm = out->name;
		out->name = second;
	} else {
		out->algorithm = (struct span){ .at = DEFAULT_ALGORITHM,
			.len = strlen(DEFAULT_ALGORITHM) };
	}
	out->secret = line;
	return NULL;
}

/* -- the file ------------------------------------------------------------ */

static const char *make_key(struct arena *arena, const struct clause *clause,
	const struct tsig_key **out)
{
	if (clause->algorithm.at == NULL || clause->secret.at == NULL)
		return "has a key without an algorithm or a secret";
	const struct tsig_algorithm *algorithm =
		tsig_algorithm_find(arena_strndup(
			arena, clause->algorithm.at, clause->algorithm.len));
	if (algorithm == NULL)
		return "names an algorithm that is not known here; known: "
		       "hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, "
		       "hmac-sha384, hmac-sha512";
	if (!tsig_algorithm_works(algorithm))
		return arena_printf(arena,
			"is for %s, which OpenSSL refuses on this host",
			algorithm->word);
	uint8_t *secret = arena_alloc(arena, SECRET_MAX);
	size_t len = read_base64(&clause->secret, secret);
	if (len == 0)
		return "has a secret that is not base64, or empty, or longer "
		       "than 1024 bytes";
	*out = tsig_key_new(arena, algorithm,
		arena_strndup(arena, clause->name.at, clause->name.len), secret,
		len);
	return *out == NULL ? "has a key whose name is no domain name" : NULL;
}

static const char *read_key(
	struct arena *arena, const char *text, const struct tsig_key **out)
{
	struct clause clause = { 0 };
	const char *wrong = strchr(text, '{') != NULL
				    ? read_config(text, &clause)
				    : read_line(text, &clause);
	return wrong != NULL ? wrong : make_key(arena, &clause, out);
}

/* All of the file, NUL-terminated, at most size bytes. */
static const char *read_all(
	struct arena *arena, int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got = 1;
	while (got != 0 && len < size) {
		got = read(fd, text + len, size - len);
		if (got < 0 && errno != EINTR)
			return arena_printf(
				arena, "can't be read: %s", strerror(errno));
		len += got > 0 ? (size_t)got : 0;
	}
	if (len == size)
		return "is too large for a key";
	text[len] = '\0';
	return strlen(text) < len ? "holds a NUL byte" : NULL;
}

static const char *check_file(struct arena *arena, int fd, bool permits_open)
{
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0)
		return arena_printf(
			arena, "can't be opened: %s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return "is not a file";
	if ((status.st_mode & S_IRWXO) != 0 && !permits_open)
		return "is open to others; permitted: mode 0640 or less, or "
		       "--permit-open-secrets";
	return NULL;
}

const char *tsig_read_key(struct arena *arena, const char *path,
	bool permits_open, const struct tsig_key **out)
{
	/* Does not wait for a writer, where it is a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong = check_file(arena, fd, permits_open);
	char *text = wrong == NULL ? malloc(FILE_MAX + 1) : NULL;
	if (wrong == NULL && text == NULL)
		wrong = "can't be read: no memory";
	if (wrong == NULL)
		wrong = read_all(arena, fd, text, FILE_MAX + 1);
	if (wrong == NULL)
		wrong = read_key(arena, text, out);
	if (text != NULL)
		OPENSSL_cleanse(text, FILE_MAX + 1);
	free(text);
	if (fd >= 0)
		close(fd);
	return wrong;
}

const char *tsig_key_text(const struct tsig_key *key)
{
	return key->text;
}
