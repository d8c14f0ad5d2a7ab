/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All places in one kept body agree with it up to where they are. Who comes to
 * its end makes it longer; who differs goes to another that agrees, or takes a
 * copy. The first whose end is its end closes it: it stays as it is then.
 */
#include "config.h"

#include "common/pagenet/bodies.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIZE_FIRST = 16 * 1024,
};

struct kept {
	struct page_body body;
	char *bytes;
	size_t size;
	size_t users; /* places that are in it, and not at their end */
	bool is_closed;
	struct kept *next;
};

struct bodies {
	struct kept *first;
	size_t held, max;
};

struct bodies *bodies_new(size_t max)
{
	struct bodies *bodies = calloc(1, sizeof(*bodies));
	if (bodies != NULL)
		bodies->max = max;
	return bodies;
}

static void drop(struct bodies *bodies, struct kept *kept)
{
	struct kept **link = &bodies->first;
	while (*link != kept)
		link = &(*link)->next;
	*link = kept->next;
	bodies->held -= kept->size;
	free(kept->bytes);
	free(kept);
}

void bodies_drop(struct bodies *bodies)
{
	struct kept *kept = bodies->first;
	while (kept != NULL) {
		struct kept *next = kept->next;
		if (kept->users == 0)
			drop(bodies, kept);
		kept = next;
	}
}

void bodies_free(struct bodies *bodies)
{
	if (bodies == NULL)
		return;
	while (bodies->first != NULL)
		drop(bodies, bodies->first);
	free(bodies);
}

/* -- one body ------------------------------------------------------------ */

static bool resize(struct bodies *bodies, struct kept *kept, size_t size)
{
	if (size > kept->size && size - kept->size > bodies->max - bodies->held)
		return false;
	kept->bytes = mem_resize(kept->bytes, size);
	bodies->held = bodies->held - kept->size + size;
	kept->body.data = kept->bytes;
	kept->size = size;
	return true;
}

static bool append(
	struct bodies *bodies, struct kept *kept, const void *bytes, size_t n)
{
	size_t len = kept->body.len;
	if (n > SIZE_MAX / 2 - len)
		return false;
	if (len + n > kept->size) {
		size_t size = 2 * kept->size;
		if (size < len + n)
			size = len + n;
		/* Close to the bound, as much as is needed. */
		if (!resize(bodies, kept, size) &&
			!resize(bodies, kept, len + n))
			return false;
	}
	if (n > 0)
		memcpy(kept->bytes + len, bytes, n);
	kept->body.len = len + n;
	return true;
}

static struct kept *make(struct bodies *bodies, const void *bytes, size_t n)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	if (kept == NULL)
		mem_exhausted();
	kept->next = bodies->first;
	bodies->first = kept;
	if (resize(bodies, kept, n > SIZE_FIRST ? n : SIZE_FIRST) &&
		append(bodies, kept, bytes, n))
		return kept;
	drop(bodies, kept);
	return NULL;
}

/* -- who shares what ----------------------------------------------------- */

static const char *bytes_of(const struct body_place *place)
{
	return place->kept != NULL ? place->kept->bytes : "";
}

/* Whether it goes on at len as bytes do, as far as it goes, or may. */
static bool fits(
	const struct kept *kept, size_t len, const void *bytes, size_t n)
{
	size_t left = kept->body.len - len;
	if (n > left && kept->is_closed)
		return false;
	return memcmp(kept->bytes + len, bytes, n < left ? n : left) == 0;
}

static bool begins_alike(
	const struct kept *kept, const struct body_place *place)
{
	return kept->body.len >= place->len &&
	       memcmp(kept->bytes, bytes_of(place), place->len) == 0;
}

static void move(
	struct bodies *bodies, struct body_place *place, struct kept *kept)
{
	struct kept *old = place->kept;
	kept->users++;
	place->kept = kept;
	if (old == NULL)
		return;
	old->users--;
	if (old->users == 0 && !old->is_closed)
		drop(bodies, old);
}

/* A body of its own, with what it has so far. */
static bool part(struct bodies *bodies, struct body_place *place)
{
	struct kept *kept = place->kept;
	if (kept != NULL && kept->users == 1 && !kept->is_closed) {
		kept->body.len = place->len;
		return true;
	}
	kept = make(bodies, bytes_of(place), place->len);
	if (kept != NULL)
		move(bodies, place, kept);
	return kept != NULL;
}

static bool find(struct bodies *bodies, struct body_place *place,
	const void *bytes, size_t n)
{
	if (place->kept != NULL && fits(place->kept, place->len, bytes, n))
		return true;
	for (struct kept *kept = bodies->first; kept != NULL;
		kept = kept->next) {
		if (kept == place->kept || !begins_alike(kept, place) ||
			!fits(kept, place->len, bytes, n))
			continue;
		move(bodies, place, kept);
		return true;
	}
	return part(bodies, place);
}

bool bodies_add(struct bodies *bodies, struct body_place *place,
	const void *bytes, size_t n)
{
	struct kept *kept;
	size_t left;
	if (n == 0)
		return true;
	if (!find(bodies, place, bytes, n))
		return false;
	kept = place->kept;
	left = kept->body.len - place->len;
	if (n > left &&
		!append(bodies, kept, (const char *)bytes + left, n - left))
		return false;
	place->len += n;
	return true;
}

const struct page_body *bodies_finish(
	struct bodies *bodies, struct body_place *place)
{
	struct kept *kept;
	for (kept = bodies->first; kept != NULL; kept = kept->next)
		if (kept->is_closed && kept->body.len == place->len &&
			begins_alike(kept, place))
			break;
	if (kept != NULL && kept != place->kept)
		move(bodies, place, kept);
	else if (kept == NULL &&
		 (place->kept == NULL || place->kept->body.len != place->len) &&
		 !part(bodies, place))
		return NULL;
	kept = place->kept;
	kept->users--;
	place->kept = NULL;
	if (!kept->is_closed)
		(void)resize(
			bodies, kept, kept->body.len > 0 ? kept->body.len : 1);
	kept->is_closed = true;
	return &kept->body;
}

void bodies_leave(struct bodies *bodies, struct body_place *place)
{
	struct kept *kept = place->kept;
	place->kept = NULL;
	if (kept == NULL)
		return;
	kept->users--;
	if (kept->users == 0 && !kept->is_closed)
		drop(bodies, kept);
}
