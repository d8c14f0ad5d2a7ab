/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The addresses of a server of check_mail_flow. */
#ifndef LIFELINE_MAILCLI_FLOW_LOOKUP_H
#define LIFELINE_MAILCLI_FLOW_LOOKUP_H

#include "common/mailcli/flow_setup.h"

typedef void (*flow_lookup_fn)(
	void *arg, enum flow_outcome outcome, const char *why);

/* The caller owns it, all zeroes at first. */
struct flow_lookup {
	const struct flow_net *net;
	flow_lookup_fn fn;
	void *arg;
	struct loop_timer timer;
	const char *wrong;
	/* With FLOW_DONE, at least one. */
	const struct dns_addr *addrs;
	size_t n_addrs;
};

/* fn is called once, later, from the loop. The caller sets wrong where
 * something keeps us from going there at all. */
void flow_lookup_start(struct flow_lookup *lookup, const struct flow_net *net,
	const struct flow_place *place, flow_lookup_fn fn, void *arg);

#endif
