/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a socket's errors are to us. */
#ifndef LIFELINE_DNSNET_SOCKET_H
#define LIFELINE_DNSNET_SOCKET_H

#include "common/dns/delegation.h"

/* What an errno says of the other side; 0: it closed the connection. */
enum dns_outcome socket_outcome(int error);

#endif
