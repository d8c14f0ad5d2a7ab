/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The trail of a message: what each server that had it wrote on it (RFC 5321
 * section 4.4), and for how long each of them had it.
 */
#ifndef LIFELINE_MAIL_TRAIL_H
#define LIFELINE_MAIL_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"
#include "common/dns/name.h"

enum {
	TRAIL_HOPS_MAX = 64,   /* more are left out: the oldest */
	TRAIL_LINE_MAX = 4096, /* bytes of a field that are read */
	TRAIL_WORD_MAX = 255,  /* bytes of a name, a protocol, an id */
};

/* One Received field; NULL is what it does not say. Nothing of it is
 * trustworthy but what the own servers wrote. */
struct trail_hop {
	const char *from; /* as the client called itself */
	struct dns_addr from_addr;
	bool has_from_addr; /* the address that it came from */
	const char *by;
	const char *with; /* "ESMTPS" */
	const char *id;
	bool is_encrypted; /* it came by TLS (RFC 3848), or a comment says so */
	bool has_time, has_zone;
	int64_t ms; /* since 1970, by that server's clock */
};

/*
 * Reads the value of a Received field, folded or not; what cannot be
 * understood is left out. Strings are in the arena.
 */
void trail_read_hop(
	struct arena *arena, const char *value, struct trail_hop *hop);

struct trail {
	struct trail_hop *hops; /* in the order of the way: the oldest first */
	size_t n;
};

/* Reads n fields, given in the order of the header: the newest first. */
void trail_read(struct arena *arena, const char *const *values, size_t n,
	struct trail *trail);

/* A part of the way: the time between two points that no wrong clock tells. */
struct trail_leg {
	bool is_submission; /* in front of the first hop */
	size_t hop;         /* else it begins with this one */
	size_t n_hops; /* that may have held it: more where some tell nothing */
	int64_t held_ms;
};

struct trail_view {
	struct trail_leg *legs; /* in the order of the way */
	size_t n;               /* 0: nothing can be told */
	size_t slowest;         /* of the legs: the first of the longest */
	/* The clock that is off the most: its hop, and by how much it is
	 * fast; below 0: slow. 0: none is. */
	int64_t skew_ms;
	size_t skewed;
};

/*
 * When it was sent and when it was there are by clocks that are trusted. The
 * times between them that are in order are taken for right, as many as
 * there can be; in doubt the later ones, which are nearer to the mailbox.
 */
struct trail_view trail_weigh(struct arena *arena, const struct trail *trail,
	int64_t sent_ms, int64_t arrived_ms);

/* Whether it went through this host: a hop says so, or the next one says that
 * it came from the address. addr may be NULL. */
bool trail_passed(const struct trail *trail, const char *name,
	const struct dns_addr *addr);

#endif
