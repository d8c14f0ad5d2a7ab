/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all TLS connections of a run share: the CA certificates are parsed
 * once. On OpenSSL. */
#ifndef LIFELINE_TLS_CONTEXT_H
#define LIFELINE_TLS_CONTEXT_H

#include <stdbool.h>

struct tls_context;

/*
 * ca_file: a bundle in PEM, whose name must outlive the context; NULL: those
 * of this host, which may be none. Nothing is read yet, since that takes its
 * time. NULL: out of memory.
 */
struct tls_context *tls_context_new(const char *ca_file);
void tls_context_free(struct tls_context *context);

/*
 * Starts OpenSSL and reads the CA certificates, where that is not done yet.
 * Returns NULL, or what is wrong with the file as the end of a sentence; the
 * context is of no use then.
 */
const char *tls_context_load(struct tls_context *context);

/* Whether there are CA certificates, which are loaded. */
bool tls_context_has_cas(struct tls_context *context);

/* SSL_CTX of OpenSSL. */
struct ssl_ctx_st;

/* That of the run for a client that takes whatever a server has: TLS 1.0 to
 * 1.3 at security level 0. Made when it is first asked for; NULL: memory fails,
 * or the context is of no use. */
struct ssl_ctx_st *tls_context_client(struct tls_context *context);

/* A new one of the kind, for one connection; what it offers ends with
 * max_version, 0: the best there is. To be freed by its own function. NULL as
 * above. */
struct ssl_ctx_st *tls_context_client_new(
	struct tls_context *context, int max_version);

/* For who has connections of his own: whether the CA certificates were lent.
 * Certificates shown to the other are judged by them and in the same way
 * then. */
bool tls_context_lend(struct tls_context *context, struct ssl_ctx_st *other);

#endif
