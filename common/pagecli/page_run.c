/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_run.h"

#include "common/core/clock.h"

enum {
	FETCH_US = 15 * 1000 * 1000, /* nobody waits longer for a page */
};

void page_run_close(struct page_run *run)
{
	if (--run->n_open == 0)
		loop_stop(run->loop);
}

int64_t page_run_bound_us(const struct page_run *run, bool *is_short)
{
	int64_t left_us =
		(run->options->deadline_us - clock_mono_us()) / 10 * 9;

	*is_short = left_us < FETCH_US;
	return *is_short ? left_us : FETCH_US;
}
