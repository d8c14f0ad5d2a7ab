/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificate that a connection of libcurl is shown, as a fact. */
#ifndef LIFELINE_PAGENET_PEER_H
#define LIFELINE_PAGENET_PEER_H

#include "common/pagenet/fetch.h"

struct peer {
	struct arena *arena;
	struct tls_context *tls;
	struct page_url url;  /* whose host it has to be for */
	bool takes_untrusted; /* the handshake goes on with any certificate */

	bool has_begun;        /* the handshake */
	struct page_cert cert; /* what came of it */
	int chain_error;       /* of OpenSSL, the first; X509_V_OK: none */
	int chain_depth;
	bool is_wrong_name;
};

/* Whether an SSL_CTX of libcurl's was told to fill peer, which must outlive
 * it. */
bool peer_watch(struct peer *peer, struct ssl_ctx_st *ctx);

/* The worse of two certificates that were seen on the way: one that is not
 * valid, else the one that ends first. */
const struct page_cert *peer_worse_cert(
	const struct page_cert *a, const struct page_cert *b);

#endif
