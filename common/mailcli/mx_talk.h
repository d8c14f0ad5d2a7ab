/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMTP side of check_mx: a dialogue with each address. */
#ifndef LIFELINE_MAILCLI_MX_TALK_H
#define LIFELINE_MAILCLI_MX_TALK_H

#include "common/dnsnet/gather.h"
#include "common/mail/mx.h"

struct mx_talk_options {
	const struct dns_options *dns; /* families, NAT64, deadline */
	const char *ca_file;           /* NULL: those of this host */
	struct dns_prefix *permitted;  /* beside what the world can reach */
	size_t n_permitted;
};

/*
 * Fills the sessions of the addresses of *mx, as mx->expect wants them; and
 * the control, v4, v6, n_connections and timeout_stage where they follow from that.
 * Returns NULL, or one sentence where this host can't do the work.
 */
const char *mx_talk(struct arena *arena, const struct mx_talk_options *options,
	struct mx *mx);

#endif
