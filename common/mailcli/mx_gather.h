/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All that check_mx sees of the network, in one loop. */
#ifndef LIFELINE_MAILCLI_MX_GATHER_H
#define LIFELINE_MAILCLI_MX_GATHER_H

#include "common/dnsnet/gather.h"
#include "common/mail/mx.h"

struct mx_gather_options {
	const struct dns_options *dns; /* zone: the domain */
	const char *ca_file;           /* NULL: those of this host */
	const char *asn_db;            /* --asn-db; or NULL */
	/* Addresses that are no use to the world are asked only where it
	 * permits them: of name servers and exchangers. */
	const struct delegation_expect *permits;
};

/*
 * Fills *mx, which has domain, typed, control.host and expect set, as far as
 * the network and the deadline let it. Returns NULL, or one sentence where
 * this host can't do the work.
 */
const char *mx_gather(struct arena *arena,
	const struct mx_gather_options *options, struct mx *mx);

#endif
