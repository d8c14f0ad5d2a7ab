/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DNS side of check_mx: from the domain to addresses and TLSA records. */
#ifndef LIFELINE_MAILCLI_MX_DNS_H
#define LIFELINE_MAILCLI_MX_DNS_H

#include "common/dnsnet/gather.h"
#include "common/mail/mx.h"

/*
 * Fills the set, exchangers, addresses (without sessions), the record of
 * MTA-STS and the control's address of *mx, which has domain, typed and
 * control.host set, as far as the network and the deadline let it; and what
 * was seen of the DNS: steps, n_queries, timeout_stage, v4 and v6.
 * options->zone is the domain. Servers whose address is no use to the world
 * are asked only where expect permits them. Returns NULL, or one sentence
 * where this host can't do the work.
 */
const char *mx_gather_dns(struct arena *arena,
	const struct dns_options *options,
	const struct delegation_expect *expect, struct mx *mx);

#endif
