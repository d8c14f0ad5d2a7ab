/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run of check_mail_flow: sends, collects, accounts and cleans up. */
#ifndef LIFELINE_MAILCLI_FLOW_RUN_H
#define LIFELINE_MAILCLI_FLOW_RUN_H

#include "common/mailcli/flow_setup.h"
#include "common/store/store.h"

struct flow_run_options {
	const struct flow_setup *setup;
	const uint8_t *key;       /* FLOW_KEY_LEN bytes */
	struct store_place place; /* its deadline is set by each round */
	int64_t start_us, deadline_us;
	int64_t start_ms; /* wall clock at start_us */
};

/*
 * Fills in what was done and seen; flow has what the setup says of it.
 * Returns NULL, or why this host can't: one sentence.
 */
const char *flow_run(struct arena *arena,
	const struct flow_run_options *options, struct flow *flow);

#endif
