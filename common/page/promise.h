/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an update says of when the next one comes. */
#ifndef LIFELINE_PAGE_PROMISE_H
#define LIFELINE_PAGE_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the text, posted at posted_s, promises an update for a time: "next
 * update in 30 minutes", "we will update within the hour", "another update by
 * 14:00 UTC". A sentence that says "update" and, behind that, one of "in",
 * "within", "by", "at" with a length of time or a time in UTC. A time of day is
 * the first of its kind behind posted_s.
 */
bool page_promise(const char *text, int64_t posted_s, int64_t *due_s);

#endif
