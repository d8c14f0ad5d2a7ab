/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/dnsnet/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum dns_outcome socket_outcome(int error)
{
	switch (error) {
	case 0:
	case ECONNRESET:
	case EPIPE:
		return DNS_CONNECTION_LOST;
	case ECONNREFUSED:
		return DNS_PORT_CLOSED;
	case ETIMEDOUT:
		return DNS_TIMED_OUT;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return DNS_OUR_FAULT;
	default: /* ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES ... */
		return DNS_UNREACHABLE;
	}
}

socklen_t socket_address(const struct dns_addr *addr, uint16_t port,
	struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };
	memset(out, 0, sizeof(*out));
	if (addr->family == 4) {
		memcpy(&v4.sin_addr, addr->bytes, sizeof(v4.sin_addr));
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}
