/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives each chain the anchors that the records of its exchanger name. */
#include "config.h"

#include "common/mailcli/mx_anchors.h"

#include "common/mailnet/anchor.h"

enum { USAGE_TA = 2 };

static void follow(struct arena *arena, const struct mx_exchanger *exchanger,
	struct smtp_tls *tls)
{
	size_t i;

	tls->anchors =
		arena_array(arena, exchanger->n_tlsa, sizeof(*tls->anchors));
	tls->n_anchors = 0;
	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *tlsa = &exchanger->tlsa[i];

		if (tlsa->usage == USAGE_TA && mx_tlsa_counts(exchanger, tlsa))
			tls->anchors[tls->n_anchors++] =
				(struct cert_anchor){ .selector =
							      tlsa->selector,
					.matching = tlsa->matching,
					.data = tlsa->data };
	}
	if (tls->n_anchors > 0)
		anchors_follow(tls);
}

void mx_follow_anchors(struct arena *arena, struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		struct mx_address *address = &mx->addresses[i];

		if (address->session.tls.n_certs > 0)
			follow(arena, &mx->exchangers[address->exchanger],
				&address->session.tls);
	}
}
