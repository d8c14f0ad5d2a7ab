/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TCP connection that does not block, later with TLS on it. */
#ifndef LIFELINE_MAILNET_CONNECTION_H
#define LIFELINE_MAILNET_CONNECTION_H

#include "common/mailnet/tls.h"

struct connection {
	int fd;          /* -1: none */
	struct tls *tls; /* NULL: plain */
};

/* Begins to connect: SMTP_DONE, or what became of it. *why is of what failed,
 * in words of the system; it may be NULL. */
enum smtp_outcome connection_open(struct connection *connection,
	const struct dns_addr *addr, uint16_t port, const char **why);
/* When it is ready to be written: whether that has connected it. */
enum smtp_outcome connection_finish(
	struct connection *connection, const char **why);
void connection_close(struct connection *connection);

/* "192.0.2.1", or NULL. */
const char *connection_local(
	const struct connection *connection, struct arena *arena);

/* The statuses are TLS's, without it too. */
enum tls_status connection_read(struct connection *connection, void *bytes,
	size_t len, size_t *n, const char **why);
enum tls_status connection_write(struct connection *connection,
	const void *bytes, size_t len, size_t *n, const char **why);

/* Looks at what has come and is not read yet, without taking it; 0: nothing.
 * Only before TLS. */
size_t connection_peek(
	const struct connection *connection, uint8_t *bytes, size_t len);

/* Makes the system acknowledge at once what has come: a server that waits for
 * that before it sends more (Nagle) would lose 40 ms. */
void connection_hurry(const struct connection *connection);

#endif
