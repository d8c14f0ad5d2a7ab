/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/loopback.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64 };

_Noreturn static void give_up(void)
{
	perror("loopback");
	abort();
}

/* Below 0: the port is somebody else's, or there is no such family. */
static int bound(const struct sockaddr *addr, socklen_t len, bool is_shared)
{
	int one = is_shared;
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		bind(fd, addr, len) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

bool loopback_has_ipv6(void)
{
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = bound((const struct sockaddr *)&v6, sizeof(v6), false);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

int loopback_hold(uint16_t *port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr *addr = (struct sockaddr *)&v6;
	socklen_t len = sizeof(v6);
	int one = 1, fd = bound(addr, len, false);
	if (fd < 0) {
		addr = (struct sockaddr *)&v4;
		len = sizeof(v4);
		fd = bound(addr, len, false);
	}
	/* Now ours may have it as well, each at its address. */
	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) !=
			0 ||
		getsockname(fd, addr, &len) != 0)
		give_up();
	*port = ntohs(addr->sa_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
	return fd;
}

int loopback_listen(bool is_v6, uint8_t host, uint16_t port)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr =
			htonl(INADDR_LOOPBACK - 1U + (host > 1 ? host : 1U)),
		.sin_port = htons(port) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = htons(port) };
	int fd = is_v6 ? bound((const struct sockaddr *)&v6, sizeof(v6), true)
		       : bound((const struct sockaddr *)&v4, sizeof(v4), true);
	if (fd < 0 || listen(fd, BACKLOG) != 0)
		give_up();
	return fd;
}
