/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pieces of a text that are not NUL-terminated. */
#ifndef LIFELINE_MAIL_PIECE_H
#define LIFELINE_MAIL_PIECE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/mem.h"

struct piece {
	const char *at;
	size_t len;
};

/* Whether it is the word, or begins with it, in any case of letters. */
bool piece_is(struct piece piece, const char *word);
bool piece_begins(struct piece piece, const char *word);

/* Without the blanks and tabs around it. */
struct piece piece_trim(struct piece piece);

/* A copy in the arena, harmless and of at most max bytes. */
const char *piece_keep(struct arena *arena, struct piece piece, size_t max);

/* The length of the comment that it begins with, with those inside of it (RFC
 * 5322 section 3.2.2); 0: it has no end. */
size_t piece_comment(struct piece piece);

#endif
