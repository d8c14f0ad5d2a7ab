/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ports of the loopback, for servers of tests. What goes wrong ends the test. */
#ifndef LIFELINE_TESTS_UNIT_LOOPBACK_H
#define LIFELINE_TESTS_UNIT_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

/* Containers often have no ::1: what needs it is skipped there. */
bool loopback_has_ipv6(void);

/*
 * A port that nobody has, at whichever address, and that no other program is
 * given while the descriptor that comes back is open: so those that come later
 * have it at other addresses, and where nobody listens, nobody will. IPv4 goes
 * with IPv6, where there is that.
 */
int loopback_hold(uint16_t *port);

/* A socket that listens at a port that is held; at ::1, else at 127.0.0.HOST,
 * 0 being 1. */
int loopback_listen(bool is_v6, uint8_t host, uint16_t port);

#endif
