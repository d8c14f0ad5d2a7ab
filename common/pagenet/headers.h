/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of headers of HTTP, which anybody may have written. Pure. */
#ifndef LIFELINE_PAGENET_HEADERS_H
#define LIFELINE_PAGENET_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds, as Age has them (RFC 9111 section 5.1): digits alone, what is too
 * large as the largest that is kept. False: it is none. */
bool page_read_seconds(const char *value, int64_t *seconds);

/*
 * How long a copy is fresh by one line of Cache-Control (RFC 9111 section 5.2):
 * s-maxage, else max-age; no-store and no-cache: 0. False: it does not say.
 */
bool page_read_max_age(const char *value, int64_t *seconds);

/* Whether a validator may be sent back: printable, on one line, of a length
 * that is kept. */
bool page_validator_is_fine(const char *value);

#endif
