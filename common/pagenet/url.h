/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs of pages (RFC 3986), as people type them and as redirects have them. */
#ifndef LIFELINE_PAGENET_URL_H
#define LIFELINE_PAGENET_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

enum { PAGE_URL_MAX = 2000 }; /* bytes */

/* The strings are in the arena. */
struct page_url {
	/* As it is asked for: scheme and host in lower case, A-labels, a path,
	 * no port where it is the scheme's own, no fragment. */
	const char *text;
	const char *host;  /* without [ ] where it is an address */
	bool host_is_addr; /* nothing is to be looked up */
	bool is_https;
	uint16_t port;
};

/*
 * Reads an absolute URL of http or https without a user and a password.
 * Returns NULL, or what is wrong with it as the end of a sentence.
 */
const char *page_url_read(
	struct arena *arena, const char *typed, struct page_url *out);

/*
 * The same of a reference, against the URL that it was found in (RFC 9110
 * section 10.2.2).
 */
const char *page_url_follow(struct arena *arena, const struct page_url *base,
	const char *reference, struct page_url *out);

/* Whether both are of one registrable domain by the public suffix list, or of
 * one host. */
bool page_url_is_same_site(const struct page_url *a, const struct page_url *b);

#endif
