/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailcli/flow_lookup.h"

#include "common/mailnet/submit.h"

static void on_address(void *arg)
{
	struct flow_lookup *lookup = arg;

	lookup->fn(lookup->arg, lookup->wrong ? FLOW_OUR_FAULT : FLOW_DONE,
		lookup->wrong);
}

static void on_resolved(void *arg, const struct resolved *resolved)
{
	struct flow_lookup *lookup = arg;
	bool has_failed = resolved->v4 == DNS_LOOKUP_FAILED ||
			  resolved->v6 == DNS_LOOKUP_FAILED;

	lookup->addrs = resolved->addrs;
	lookup->n_addrs = resolved->n_addrs;
	if (lookup->n_addrs > SUBMIT_ADDRESSES_MAX)
		lookup->n_addrs = SUBMIT_ADDRESSES_MAX;
	if (lookup->n_addrs > 0)
		lookup->fn(lookup->arg, FLOW_DONE, NULL);
	else if (has_failed)
		lookup->fn(lookup->arg, FLOW_UNREACHABLE,
			arena_printf(lookup->net->arena,
				"its name can't be looked up%s%s",
				resolved->why ? ": " : "",
				resolved->why ? resolved->why : ""));
	else
		lookup->fn(lookup->arg, FLOW_UNREACHABLE,
			"its name has no address that may be used");
}

void flow_lookup_start(struct flow_lookup *lookup, const struct flow_net *net,
	const struct flow_place *place, flow_lookup_fn fn, void *arg)
{
	lookup->net = net;
	lookup->fn = fn;
	lookup->arg = arg;
	if (!place->is_address && !lookup->wrong) {
		resolver_start(net->resolver, place->host, on_resolved, lookup);
		return;
	}
	lookup->addrs = &place->addr;
	lookup->n_addrs = 1;
	if (!loop_timer_set(net->loop, &lookup->timer, 0, on_address, lookup))
		mem_exhausted();
}
