/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS of a client on sockets that do not block, on OpenSSL: whatever the
 * server shows is taken and told; judging it is not done here. A process that
 * uses it ignores SIGPIPE.
 */
#ifndef LIFELINE_MAILNET_TLS_H
#define LIFELINE_MAILNET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mail/smtp.h"
#include "common/tls/context.h"

struct tls;

/*
 * For a library that makes one connection by itself, by an SSL_CTX of OpenSSL:
 * *ctx is that, to be freed by its own function. What it offers ends with
 * max_version, 0: the best there is; the connection sends name as SNI, and is
 * watched as those of tls_new(). What comes back tells of it while that one's
 * SSL is there, but for tls_error() and tls_heard_plain(), which last. NULL as
 * with tls_new().
 */
struct tls *tls_new_lent(struct tls_context *context, const char *name,
	int max_version, struct ssl_ctx_st **ctx);

/* Whether the library has come to a handshake with it. */
bool tls_lent_is_used(const struct tls *tls);

/* fd is borrowed, and stays open; name is sent as SNI (RFC 6066 section 3)
 * where it is a host's; NULL: none. NULL comes back where memory fails, or the
 * context is of no use. */
struct tls *tls_new(struct tls_context *context, int fd, const char *name);
/* Says close_notify where the handshake was done, and it is its own. NULL is
 * fine. */
void tls_free(struct tls *tls);

enum tls_status {
	TLS_OK,
	TLS_WANTS_READ, /* try again when the socket is ready to be read */
	TLS_WANTS_WRITE,
	TLS_CLOSED, /* the connection has ended */
	TLS_BROKEN, /* see tls_error() */
};

enum tls_status tls_handshake(struct tls *tls);
/* With TLS_OK, *n is how many bytes, at least 1. */
enum tls_status tls_read(struct tls *tls, void *bytes, size_t len, size_t *n);
enum tls_status tls_write(
	struct tls *tls, const void *bytes, size_t len, size_t *n);

/* Whether the first that the server sent is no record of TLS: somebody writes
 * plain text into the connection. */
bool tls_heard_plain(const struct tls *tls);

/* Of the last that was TLS_BROKEN: "tlsv1 alert protocol version". */
const char *tls_error(const struct tls *tls);
/* Whether that is that the two have no version of TLS in common. */
bool tls_lacks_version(const struct tls *tls);

/* What was negotiated and shown so far, a failed handshake too. */
void tls_read_facts(const struct tls *tls, struct arena *arena, bool keeps_der,
	struct smtp_tls *out);

#endif
