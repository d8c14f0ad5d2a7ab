/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libesmtp at work, in a process of its own that ends with it. */
#ifndef LIFELINE_MAILNET_ESMTP_CHILD_H
#define LIFELINE_MAILNET_ESMTP_CHILD_H

#include "common/mailnet/esmtp_watch.h"

/* How long the library may wait for anything at all: longer than who started
 * the process, so that it ends though that one be gone. */
struct esmtp_work {
	struct arena *arena;
	const struct submit_options *options;
	const struct submit_ask *ask;
	int64_t wait_us;
};

/* Writes notes to the descriptor. Does not come back. */
_Noreturn void esmtp_work(int out, const struct esmtp_work *work);

#endif
