/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What several addresses send at once, kept once: as long as one sends what
 * another sent already, nothing is stored for it. The addresses of a page
 * mostly send the same, and a page may be large.
 */
#ifndef LIFELINE_PAGENET_BODIES_H
#define LIFELINE_PAGENET_BODIES_H

#include "common/pagenet/fetch.h"

struct bodies;
struct kept;

/* How far one has come, zeroed at first. */
struct body_place {
	struct kept *kept; /* which has the first len bytes of it */
	size_t len;
};

/* All of them together never hold more than max bytes. NULL: no memory. */
struct bodies *bodies_new(size_t max);
void bodies_free(struct bodies *bodies);

/* False: the bound. */
bool bodies_add(struct bodies *bodies, struct body_place *place,
	const void *bytes, size_t n);
/* That was all of it. NULL: the bound. */
const struct page_body *bodies_finish(
	struct bodies *bodies, struct body_place *place);
/* It is of no interest any more; fine for one that was finished. */
void bodies_leave(struct bodies *bodies, struct body_place *place);

/* Frees what was finished. */
void bodies_drop(struct bodies *bodies);

#endif
