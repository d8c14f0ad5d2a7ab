/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mail/piece.h"

#include <string.h>
#include <strings.h>

#include "common/core/text.h"

bool piece_begins(struct piece piece, const char *word)
{
	size_t len = strlen(word);

	return piece.len >= len && strncasecmp(piece.at, word, len) == 0;
}

bool piece_is(struct piece piece, const char *word)
{
	return piece.len == strlen(word) && piece_begins(piece, word);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct piece piece_trim(struct piece piece)
{
	while (piece.len > 0 && is_blank(*piece.at)) {
		piece.at++;
		piece.len--;
	}
	while (piece.len > 0 && is_blank(piece.at[piece.len - 1]))
		piece.len--;
	return piece;
}

const char *piece_keep(struct arena *arena, struct piece piece, size_t max)
{
	const char *kept;
	struct text text;

	text_init(&text, max);
	text_add_clean(&text, arena_strndup(arena, piece.at, piece.len));
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}

size_t piece_comment(struct piece piece)
{
	size_t depth = 0;
	size_t i;

	for (i = 0; i < piece.len; i++) {
		if (piece.at[i] == '\\')
			i++;
		else if (piece.at[i] == '(')
			depth++;
		else if (piece.at[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}
