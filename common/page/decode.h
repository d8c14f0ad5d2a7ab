/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Documents in UTF-8, UTF-16 and windows-1252 to UTF-8. */
#ifndef LIFELINE_PAGE_DECODE_H
#define LIFELINE_PAGE_DECODE_H

#include <stdbool.h>
#include <stddef.h>

struct decoded {
	const char *data; /* without a byte order mark */
	size_t len;
	const char *encoding; /* "UTF-8", "UTF-16BE", "UTF-16LE" */
	bool was_marked;      /* it had a byte order mark */
	char *owned;          /* NULL: data is what was given */
};

/*
 * By the byte order mark, else, where one of the first two bytes is 0, by that
 * (an ASCII character is first in every format). UTF-8 is passed on unchecked.
 * What is no UTF-16 becomes U+FFFD. The data stays that of the caller;
 * decoded_release() gives back what was made.
 */
struct decoded decode(const char *data, size_t len);

/*
 * HTML that is no UTF-8, as windows-1252, which is what browsers take it for
 * where nothing is said; UTF-8 is passed on as it is.
 */
struct decoded decode_html(const char *data, size_t len);
void decoded_release(struct decoded *decoded);

#endif
