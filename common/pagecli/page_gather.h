/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All that check_status_page sees of the network, in one loop. */
#ifndef LIFELINE_PAGECLI_PAGE_GATHER_H
#define LIFELINE_PAGECLI_PAGE_GATHER_H

#include "common/dnsnet/resolver.h"
#include "common/page/page.h"
#include "common/pagenet/url.h"

/* What it points to must live as long as the arena. */
struct page_gather_options {
	struct page_url url;
	const struct page_url *also;    /* parallel to page->also */
	const struct page_url *control; /* where page->control.url is set */
	/* Parallel to the first of page->probes; the one behind these, where
	 * there is one more, is the command's. */
	const struct page_url *probes;
	size_t n_probes;
	const char *const *command; /* ends with NULL; or NULL */

	const struct dns_addr *addrs; /* --address, in place of a lookup */
	size_t n_addrs;
	bool use_v4, use_v6;
	struct dns_prefix nat64; /* addr.family 0: none but the well-known */
	struct resolver_options resolver;
	const char *ca_file; /* NULL: those of this host */
	uint64_t max_size;   /* bytes of a document */
	bool follows_sites;
	struct page_read_options read;
	int64_t start_us, deadline_us;
};

/*
 * Fills *page, which has the URLs, the probes, expect and before set, as far as
 * the network and the deadline let it. Returns NULL, or one sentence where this
 * host can't do the work.
 */
const char *page_gather(struct arena *arena,
	const struct page_gather_options *options, struct page *page);

#endif
