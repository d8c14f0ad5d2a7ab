/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One question to one address: retries, the way from UDP to TCP and from
 * EDNS to plain DNS, and the outcome as a fact. c-ares sends; many exchanges
 * run at once on one loop.
 */
#ifndef LIFELINE_DNSNET_EXCHANGE_H
#define LIFELINE_DNSNET_EXCHANGE_H

#include "common/dnsnet/gather.h"
#include "common/dnsnet/message.h"
#include "common/loop/loop.h"

struct exchanges;

struct ask {
	struct dns_question question;
	struct dns_addr addr;
	uint16_t port; /* 0: that of the options */
	bool over_tcp;
	unsigned tries; /* at least 1 */
	/* Wait for the verdict on EDNS, where a plain answer came first. */
	bool wants_edns_verdict;
	const char *zone; /* whose servers are asked: tells a referral down
			     from one up */
	const char *host; /* for the record of steps; may be NULL */
};

struct reply {
	struct dns_probe probe;
	enum dns_edns edns;
	uint16_t edns_rcode;               /* with DNS_EDNS_REFUSED */
	const struct dns_message *message; /* NULL unless answered */
	struct dns_meaning meaning;
};

typedef void (*reply_fn)(void *arg, const struct reply *reply);

/*
 * Made by exchanges_new(), which returns NULL where c-ares or memory fails.
 * The arena and the options must outlive it.
 */
struct exchanges *exchanges_new(
	struct arena *arena, const struct dns_options *options);
/* Open exchanges are dropped without a call. */
void exchanges_free(struct exchanges *exchanges);

/*
 * Asks; fn is called once, later, from exchanges_run(). The strings of ask
 * must live as long as the arena. After the deadline, and past the bound on
 * queries, fn is called with DNS_TIMED_OUT and DNS_NOT_ASKED. The exchange
 * belongs to the arena.
 */
struct exchange *exchanges_ask(struct exchanges *exchanges,
	const struct ask *ask, reply_fn fn, void *arg);

/* The run does not wait for it any more; fn is called if it ends in time. */
void exchange_background(struct exchange *exchange);
/* Nor is fn called; what comes in time still counts as seen. */
void exchange_forget(struct exchange *exchange);

/* The deadline has come. */
bool exchanges_are_over(const struct exchanges *exchanges);

/*
 * Runs until nothing is awaited any more or the deadline has come; then all
 * that was open has ended as timed out, and fn was called for it. True where
 * it was the deadline. May be called again.
 */
bool exchanges_run(struct exchanges *exchanges);

/* A timer that is awaited like an exchange. The caller owns it, zeroed at
 * first. */
struct pause {
	struct loop_timer timer;
	struct exchanges *exchanges;
	loop_timer_fn fn;
	void *arg;
	bool is_set;
};
void pause_set(struct exchanges *exchanges, struct pause *pause,
	int64_t delay_us, loop_timer_fn fn, void *arg);
void pause_cancel(struct pause *pause);

/* Something with a connection of its own on the loop, awaited like an
 * exchange. The caller owns it, zeroed at first. */
struct hold {
	loop_timer_fn over;
	void *arg;
	struct hold *next, **link;
};
/* over is called where the deadline comes before the release. */
void exchanges_hold(struct exchanges *exchanges, struct hold *hold,
	loop_timer_fn over, void *arg);
void exchanges_release(struct exchanges *exchanges, struct hold *hold);
struct loop *exchanges_loop(const struct exchanges *exchanges);
struct arena *exchanges_arena(const struct exchanges *exchanges);
const struct dns_options *exchanges_options(const struct exchanges *exchanges);
/* Adds to the record of all exchanges. */
void exchanges_record(struct exchanges *exchanges, const struct dns_step *step);
/* Bytes that all transfers together keep of their zones. */
size_t *exchanges_kept(struct exchanges *exchanges);
/* Remembers that this host ran out of something. */
void exchanges_blame_host(struct exchanges *exchanges);

/* What was seen so far. */
struct sighting {
	unsigned tried; /* exchanges that ended */
	unsigned answered;
	unsigned unreachable; /* ended as DNS_UNREACHABLE */
};
struct sightings {
	struct sighting v4, v6, udp, tcp;
	uint64_t n_queries;
	bool hit_limit;      /* the bound on queries refused one */
	const char *failure; /* this host ran out of descriptors, or NULL */
};
const struct sightings *exchanges_seen(const struct exchanges *exchanges);

/* The record of all exchanges in the order of their ends. */
void exchanges_steps(const struct exchanges *exchanges, struct dns_step **out,
	size_t *n_out);

#endif
