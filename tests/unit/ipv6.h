/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Containers often have no ::1: what needs it is skipped there. */
#ifndef LIFELINE_TESTS_UNIT_IPV6_H
#define LIFELINE_TESTS_UNIT_IPV6_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static inline bool has_ipv6_loopback(void)
{
	const struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool is_there = fd >= 0 && bind(fd, (const struct sockaddr *)&address,
					   sizeof(address)) == 0;
	if (fd >= 0)
		(void)close(fd);
	return is_there;
}

#endif
