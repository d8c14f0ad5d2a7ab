/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/loop/address.h"

static enum smtp_outcome outcome_of(int error, const char **why)
{
	*why = NULL;
	switch (error) {
	case ECONNREFUSED:
		return SMTP_PORT_CLOSED;
	case ECONNRESET:
	case EPIPE:
		return SMTP_CLOSED;
	case ETIMEDOUT:
		return SMTP_TIMED_OUT;
	case EMFILE:
	case ENFILE:
		*why = "no descriptor is left";
		return SMTP_OUR_FAULT;
	case ENOBUFS:
	case ENOMEM:
		*why = "no memory is left";
		return SMTP_OUR_FAULT;
	case EHOSTUNREACH:
		*why = "no route to the host";
		return SMTP_UNREACHABLE;
	case ENETUNREACH:
	case EADDRNOTAVAIL:
		*why = "no route to the network";
		return SMTP_UNREACHABLE;
	case EACCES:
	case EPERM:
		*why = "forbidden on the way or by this host";
		return SMTP_UNREACHABLE;
	default:
		return SMTP_UNREACHABLE;
	}
}

enum smtp_outcome connection_open(struct connection *connection,
	const struct dns_addr *addr, uint16_t port, const char **why)
{
	struct sockaddr_storage address;
	socklen_t len =
		address_of_socket(addr->family, addr->bytes, port, &address);
	int on = 1;
	connection->tls = NULL;
	connection->fd = socket(address.ss_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		return outcome_of(errno, why);
	(void)setsockopt(
		connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(connection->fd, (struct sockaddr *)&address, len) != 0 &&
		errno != EINPROGRESS)
		return outcome_of(errno, why);
	return SMTP_DONE;
}

enum smtp_outcome connection_finish(
	struct connection *connection, const char **why)
{
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	/* A reset ends what was connected, as reading tells. */
	return error == 0 || error == ECONNRESET || error == EPIPE
		       ? SMTP_DONE
		       : outcome_of(error, why);
}

void connection_close(struct connection *connection)
{
	tls_free(connection->tls);
	connection->tls = NULL;
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
}

const char *connection_local(
	const struct connection *connection, struct arena *arena)
{
	struct sockaddr_storage address;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct dns_addr addr = { 0 };
	socklen_t len = sizeof(address);
	if (getsockname(connection->fd, (struct sockaddr *)&address, &len) != 0)
		return NULL;
	if (address.ss_family == AF_INET) {
		memcpy(&v4, &address, sizeof(v4));
		addr.family = 4;
		memcpy(addr.bytes, &v4.sin_addr, sizeof(v4.sin_addr));
	} else {
		memcpy(&v6, &address, sizeof(v6));
		addr.family = 6;
		memcpy(addr.bytes, &v6.sin6_addr, sizeof(v6.sin6_addr));
	}
	return dns_addr_string(arena, &addr);
}

static enum tls_status status_of(ssize_t result, int wants, const char **why)
{
	if (result < 0 && errno == EINTR)
		return (enum tls_status)wants;
	if (result < 0 && (errno == EAGAIN))
		return (enum tls_status)wants;
	*why = result == 0 ? NULL : "connection reset";
	return TLS_CLOSED;
}

enum tls_status connection_read(struct connection *connection, void *bytes,
	size_t len, size_t *n, const char **why)
{
	enum tls_status status;
	ssize_t got;
	*n = 0;
	*why = NULL;
	if (connection->tls != NULL) {
		status = tls_read(connection->tls, bytes, len, n);
		if (status == TLS_BROKEN)
			*why = tls_error(connection->tls);
		return status;
	}
	got = recv(connection->fd, bytes, len, 0);
	if (got <= 0)
		return status_of(got, TLS_WANTS_READ, why);
	*n = (size_t)got;
	return TLS_OK;
}

enum tls_status connection_write(struct connection *connection,
	const void *bytes, size_t len, size_t *n, const char **why)
{
	enum tls_status status;
	ssize_t sent;
	*n = 0;
	*why = NULL;
	if (connection->tls != NULL) {
		status = tls_write(connection->tls, bytes, len, n);
		if (status == TLS_BROKEN)
			*why = tls_error(connection->tls);
		return status;
	}
	sent = send(connection->fd, bytes, len, MSG_NOSIGNAL);
	if (sent <= 0)
		return status_of(sent, TLS_WANTS_WRITE, why);
	*n = (size_t)sent;
	return TLS_OK;
}

size_t connection_peek(
	const struct connection *connection, uint8_t *bytes, size_t len)
{
	ssize_t got = recv(connection->fd, bytes, len, MSG_PEEK);
	return got > 0 ? (size_t)got : 0;
}

void connection_hurry(const struct connection *connection)
{
#ifdef TCP_QUICKACK
	int on = 1;
	(void)setsockopt(
		connection->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)connection;
#endif
}
