/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --probe and --control: one request for a host, wherever it stands. */
#ifndef LIFELINE_PAGECLI_PAGE_PROBES_H
#define LIFELINE_PAGECLI_PAGE_PROBES_H

#include "common/pagecli/page_run.h"

struct page_probes;

/* Starts them all, which fills those of run->page. */
struct page_probes *page_probes_start(struct page_run *run);

/* What is still open, in words; NULL: nothing. */
const char *page_probes_stage(const struct page_probes *probes);

/* The deadline came: tells of those that are open. */
void page_probes_settle(struct page_probes *probes);

#endif
