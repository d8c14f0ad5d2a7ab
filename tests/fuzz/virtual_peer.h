/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for connection.c, tls.c, the loop and the clock: a server that the
 * fuzzer makes up. What it sends, in which pieces and when it ends are bytes of
 * the input. One connection at a time.
 */
#ifndef LIFELINE_TESTS_FUZZ_VIRTUAL_PEER_H
#define LIFELINE_TESTS_FUZZ_VIRTUAL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop/loop.h"

enum {
	PEER_SENT_MAX = 65536,
	PEER_GIVEN_MAX = 65536,
	PEER_MADE_MAX = 4096,
	PEER_STARTED_US = 1000 * 1000,
	PEER_DEADLINE_US = 60 * 1000 * 1000,
};

/* What is of the protocol. */
struct peer_protocol {
	/* Whole replies, so that the fuzzer gets far; '\1' is a word that the
	 * target chooses. */
	const char *const *replies;
	size_t n_replies;
	/* The first byte of a command is about to go out; it has gone out as a
	 * whole; TLS begins on top of what was read. */
	void (*before_write)(bool is_tls);
	void (*check_sent)(const char *bytes, size_t len, bool is_tls);
	void (*before_tls)(void);
};

struct peer {
	unsigned n_opened;
	bool is_open, has_ended;
	const uint8_t *pending; /* sent, and not read */
	size_t n_pending;
	uint8_t given[PEER_GIVEN_MAX]; /* read since the last command */
	size_t n_given;
	char sent[PEER_SENT_MAX]; /* of the command in hand */
	size_t n_sent;
	const char *word; /* in place of '\1' */
};

extern struct peer peer;
struct loop *peer_loop(void);
int64_t peer_now_us(void);

/* Begins with this input. */
void peer_begin(
	const struct peer_protocol *protocol, const uint8_t *data, size_t size);
/* The next byte of it; 0 behind the last. */
uint8_t peer_byte(void);

struct tls_context {
	int unused;
};

#endif
