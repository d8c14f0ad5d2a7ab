/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/loop/address.h"

#include <netinet/in.h>
#include <string.h>

socklen_t address_of_socket(unsigned family, const void *bytes, uint16_t port,
	struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (family == 4) {
		memcpy(&v4.sin_addr, bytes, sizeof(v4.sin_addr));
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, bytes, sizeof(v6.sin6_addr));
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}
