/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Patterns that a user types and that are held against text from outside:
 * POSIX extended regular expressions without back-references. The text is cut
 * into bounded pieces before it is matched, so that no page makes a match
 * expensive.
 */
#ifndef LIFELINE_PAGE_PATTERN_H
#define LIFELINE_PAGE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/mem.h"

enum {
	PAGE_PATTERN_MAX = 256,    /* bytes of a pattern */
	PAGE_PATTERN_PIECE = 2048, /* bytes that are matched at once */
	PAGE_PATTERN_PARTS = 5000, /* of it, with all repeats written out */
};

struct page_pattern;

/*
 * Compiles a pattern, which is matched without regard to case. *out is to be
 * given back with page_pattern_free(). Returns NULL, or what is wrong as the
 * end of a sentence; then *out is NULL.
 */
const char *page_pattern_parse(
	struct arena *arena, const char *text, struct page_pattern **out);
void page_pattern_free(struct page_pattern *pattern); /* NULL is fine */

/* As it was typed. */
const char *page_pattern_text(const struct page_pattern *pattern);

/* Whether a line of text has it. Of a line longer than a piece, pieces are
 * matched that overlap by half. */
bool page_pattern_matches(const struct page_pattern *pattern, const char *line);

/*
 * What concerns us: a component by its id, by its name, by "GROUP/NAME", or,
 * with '~' before it, by a pattern for the latter two. Names are compared
 * without regard to the case of ASCII letters.
 */
struct page_selector {
	const char *text; /* as typed */
	struct page_pattern *pattern;
};

/* As page_pattern_parse(); page_selector_release() gives back the pattern. */
const char *page_selector_parse(
	struct arena *arena, const char *text, struct page_selector *out);
void page_selector_release(struct page_selector *selector);

/* group may be NULL; any may be "". */
bool page_selector_takes(const struct page_selector *selector, const char *id,
	const char *group, const char *name);

#endif
