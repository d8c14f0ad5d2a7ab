/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header of a message, field by field (RFC 5322 section 2.2). */
#ifndef LIFELINE_MAIL_HEADER_H
#define LIFELINE_MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/mem.h"

/* A piece of the header, not NUL-terminated; the value may be folded. */
struct header_field {
	const char *name, *value;
	size_t name_len, value_len;
};

/* Reads the field at *at, and moves on. False: the header has ended. A line
 * that is no field is passed over. */
bool header_next(const char **at, struct header_field *field);

/* Whether it has this name, in any case of letters. */
bool header_is(const struct header_field *field, const char *name);

/* The value of the first field of this name, as it came, without the blanks
 * around it; NULL: there is none. */
const char *header_first(
	struct arena *arena, const char *header, const char *name);

/* All of them, in their order, at most max; returns how many. */
size_t header_all(struct arena *arena, const char *header, const char *name,
	const char **values, size_t max);

#endif
