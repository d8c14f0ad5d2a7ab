/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all that is asked in one run shares. */
#ifndef LIFELINE_PAGECLI_PAGE_RUN_H
#define LIFELINE_PAGECLI_PAGE_RUN_H

#include "common/pagecli/page_documents.h"
#include "common/pagecli/page_gather.h"
#include "common/pagecli/page_hosts.h"
#include "common/pagenet/fetch.h"

struct page_run {
	struct arena *arena;
	const struct page_gather_options *options;
	struct page *page;
	struct loop *loop;
	struct page_hosts *hosts;
	struct page_net *net;
	struct page_documents *documents;
	size_t n_open; /* lookups, requests and the like that are awaited */
};

/* One of these has ended; with the last, the loop does. */
void page_run_close(struct page_run *run);

/* The time that what begins now has, in us; *is_short: it would be more, had
 * the run more left. */
int64_t page_run_bound_us(const struct page_run *run, bool *is_short);

#endif
