/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTML as a row of tags and text, as much of it as status pages and feeds ask
 * for: no tree, no scripts, no styles. Linear in its length, whatever it is.
 */
#ifndef LIFELINE_PAGE_HTML_H
#define LIFELINE_PAGE_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/mem.h"
#include "common/core/text.h"

enum {
	HTML_NAME_MAX = 16, /* bytes of a tag's name that count, with NUL */
};

enum html_kind {
	HTML_END, /* of it all */
	HTML_TEXT,
	HTML_OPEN,
	HTML_CLOSE,
};

/* What html_next() came to; spans are of the data. */
struct html {
	const char *at, *end;
	enum html_kind kind;
	char name[HTML_NAME_MAX]; /* OPEN, CLOSE: in lower case */
	const char *span;         /* TEXT: as it stands; OPEN: attributes */
	size_t span_len;
	bool is_open;   /* the start tag of <html> or <body> was there */
	bool is_closed; /* the end tag of one of them was */
	bool is_cut;    /* it ended in a tag, a comment, a script or a style */
};

struct html html_begin(const char *data, size_t len);

/* The next tag or text; comments, scripts and styles are passed over. False:
 * there is none. */
bool html_next(struct html *html);

/*
 * The value of an attribute of an OPEN tag, character references resolved, of
 * at most the room of out, which is cleared before. False: it has none.
 */
bool html_attribute(
	const struct html *html, const char *name, struct text *out);

/* Whether the value, words with blanks between, has this one. */
bool html_has_word(const char *value, const char *word);

/*
 * Appends text: character references resolved, each run of blanks as one, none
 * at the beginning of out or behind another one.
 */
void html_add_text(struct text *out, const char *span, size_t len);

/* Whether such a tag begins or ends a line where it is shown. */
bool html_breaks_line(const char *name);

/* All of what may be HTML as plain text on one line, of at most max bytes. */
const char *html_plain(
	struct arena *arena, const char *data, size_t len, size_t max);

#endif
