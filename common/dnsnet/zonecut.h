/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The run's cache of zone cuts: for each zone met on the way the names and
 * addresses of its servers, and a way to ask them until one gives a usable
 * answer. Name servers without an address are looked up when they are
 * needed (common/dnsnet/lookup.h).
 */
#ifndef LIFELINE_DNSNET_ZONECUT_H
#define LIFELINE_DNSNET_ZONECUT_H

#include "common/dnsnet/exchange.h"

enum {
	WALK_HOSTS_MAX = 128, /* name server names that count of one zone */
	WALK_ADDRS_MAX = 32,  /* addresses that count of one name and family */
	WALK_DEPTH_MAX = 6,   /* name servers of name servers of ... */
	WALK_ALIASES_MAX = 8, /* CNAMEs in a chain */
	WALK_LOOKUPS_MAX = 300,     /* names looked up in a run */
	WALK_CUTS_MAX = 400,        /* zone cuts met in a run */
	WALK_STEP_ASKS_MAX = 16,    /* addresses asked for one answer */
	WALK_HEDGE_US = 400 * 1000, /* then two more servers are asked */
};

struct dnssec;
struct lookup;
struct pending;
struct step;
struct trust;

struct cut_server {
	const char *host; /* NULL: only its address is known */
	struct dns_addr addr;
};

struct cut {
	const char *zone;
	const char *label; /* who its servers are, in words, where it is not
			      "the name servers of ZONE" */
	struct cut_server *servers; /* grows while lookups end */
	size_t n_servers, cap_servers;
	const char **hosts; /* the NS set */
	size_t n_hosts;
	unsigned depth; /* as of the lookup that met it; see WALK_DEPTH_MAX */
	size_t n_looked_up;   /* hosts that are, or were, looked up */
	size_t n_looking;     /* of these, not ended */
	struct step *waiting; /* for more addresses */
	struct cut *above;    /* who referred to it; NULL: nobody did */
	const struct dns_message *referral; /* the words of that */
	struct trust *trust;                /* see common/dnsnet/trust.h */
	struct cut *next;
};

/* All that a walk shares. */
struct walk {
	struct arena *arena;
	const struct dns_options *options;
	const struct delegation *d; /* whose expect permits addresses */
	struct exchanges *exchanges;
	struct cut *cuts;
	size_t n_cuts;
	struct lookup *lookups;
	size_t n_lookups;
	struct pending *pending;
	struct dnssec *dnssec;
	const struct dns_anchor *anchors;
	size_t n_anchors;  /* 0: nothing can be validated */
	const char *limit; /* the first bound that was hit, and by whom */
};

/* Notes that a bound was hit, in the words of fmt; the first counts. */
void walk_limit(struct walk *walk, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The deepest cut known that holds the name; NULL where there is none. */
struct cut *cut_for(const struct walk *walk, const char *name);
/* The cut of exactly this zone, or NULL. */
struct cut *cut_of(const struct walk *walk, const char *zone);
/* A new cut without servers, or the one there is; NULL past the bound. */
struct cut *cut_add(struct walk *walk, const char *zone, unsigned depth);
/* The cut of the root, by the hints of the options. */
struct cut *walk_add_root(struct walk *walk);
/* Adds one address; wakes the steps that wait for one. */
void cut_add_server(struct walk *walk, struct cut *cut, const char *host,
	const struct dns_addr *addr);

/*
 * The cut that a referral from a server of zone names: its NS set, and the
 * glue below zone (RFC 9471; other addresses are not believed). NULL past a
 * bound.
 */
struct cut *cut_from_referral(struct walk *walk, const char *zone,
	unsigned depth, const struct reply *reply);

/* The lookups that the cut waited for have ended: its steps go on. */
void cut_lookups_ended(struct cut *cut);

/* Whether a server in zone may hand out this name's address. */
bool glue_is_credible(const char *owner, const char *zone);

/* reply is NULL where no server gave a usable answer; why says it then, and
 * is NULL where the deadline came before any had its time. */
typedef void (*step_fn)(void *arg, const struct reply *reply, const char *why);

/*
 * Asks the servers of a cut until one of them gives a usable answer: with
 * authority, or a referral. Two at once where is_wide (else one, and more
 * when it takes its time), one of each family first, chosen by a hash of the
 * question, so that runs agree. fn is called once, at once where there is
 * nobody to ask.
 */
void step_start(struct walk *walk, struct cut *cut,
	const struct dns_question *question, bool is_wide, step_fn fn,
	void *arg);

/* A number from a name, the same in every run. */
uint32_t walk_hash(const char *name);

#endif
