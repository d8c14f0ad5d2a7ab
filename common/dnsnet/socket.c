/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/dnsnet/socket.h"

#include <errno.h>

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
