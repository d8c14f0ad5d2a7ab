/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What connect(2) takes. */
#ifndef LIFELINE_LOOP_ADDRESS_H
#define LIFELINE_LOOP_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

/* The family is 4, with 4 bytes, or 6, with 16, in network order. Returns the
 * length. */
socklen_t address_of_socket(unsigned family, const void *bytes, uint16_t port,
	struct sockaddr_storage *out);

#endif
