/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A URL with all addresses of its host, each asked by a request of its own: the
 * page's, or one of --also. Of the page, each is asked whether what it sent
 * before has changed (RFC 9110 section 13.1), and where it redirects to another
 * host, the addresses of that are asked as well.
 */
#ifndef LIFELINE_PAGECLI_PAGE_SOURCE_H
#define LIFELINE_PAGECLI_PAGE_SOURCE_H

#include "common/pagecli/page_run.h"

struct page_asked;

/* What one of the addresses sent. */
struct page_sent {
	const struct page_document *document;
	const char *data; /* len bytes that it was read from */
	size_t len;
	const struct dns_addr *addr;
	size_t nth; /* of the source's, from 0 */
};

/* An address has ended, in whatever way. */
typedef void (*page_asked_fn)(void *arg);

/*
 * Looks the host up and asks its addresses, all of which fills *source, one of
 * run->page. fn is called from the loop; or NULL.
 */
struct page_asked *page_source_start(struct page_run *run,
	struct page_source *source, const struct page_url *url,
	page_asked_fn fn, void *arg);

/* Whether all addresses that are known have ended. */
bool page_source_is_over(const struct page_asked *asked);

/*
 * Reads what came since; where that may be a mishap, the address is asked once
 * more. False: there is no document yet; else *sent is the one to judge by.
 */
bool page_source_read(struct page_asked *asked, struct page_sent *sent);

/* The same for the last time, which settles the source: what is still open was
 * not answered in time. */
bool page_source_settle(struct page_asked *asked, struct page_sent *sent);

/* What an address was at when the time of the run was over, in the arena; NULL:
 * none was cut. */
const char *page_source_stage(const struct page_asked *asked);

/* The addresses, parallel to the source's fetches. */
const struct dns_addr *page_source_addrs(const struct page_asked *asked);

#endif
