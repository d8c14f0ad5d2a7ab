/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The addresses of a host as any program of this host gets them: by its file
 * of hosts and by the resolvers that it is set to use. A and AAAA are asked
 * for apart, so that each has an outcome of its own. On c-ares.
 */
#ifndef LIFELINE_DNSNET_RESOLVER_H
#define LIFELINE_DNSNET_RESOLVER_H

#include "common/dns/delegation.h"
#include "common/loop/loop.h"

enum {
	RESOLVER_ADDRS_MAX = 64, /* of one host; the rest is left out */
	RESOLVER_SERVERS_MAX = 8,
};

struct resolver;

struct resolver_server {
	struct dns_addr addr;
	uint16_t port;
};

/* What the caller keeps until the resolver is freed. */
struct resolver_options {
	bool use_v4, use_v6;
	/* Instead of those of this host; none: those. */
	struct resolver_server servers[RESOLVER_SERVERS_MAX];
	size_t n_servers;
};

/* Sorted, v4 first, each once. */
struct resolved {
	enum dns_lookup v4, v6; /* NOT_DONE: switched off, or still asked */
	const char *why;        /* FAILED; or NULL */
	struct dns_addr *addrs;
	size_t n_addrs;
	bool is_cut;     /* there were more */
	int64_t took_us; /* until all was known */
};

typedef void (*resolved_fn)(void *arg, const struct resolved *resolved);

/* NULL: no memory. loop and arena are borrowed. */
struct resolver *resolver_new(struct arena *arena, struct loop *loop,
	const struct resolver_options *options);
/* What is still asked ends without a call. NULL is fine. */
void resolver_free(struct resolver *resolver);

/*
 * Looks up a host, a name in A-labels. fn is called once, later, from the
 * loop, with what is in the arena.
 */
void resolver_start(
	struct resolver *resolver, const char *host, resolved_fn fn, void *arg);

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"; the port
 * is 53 where none is given. */
bool resolver_server_parse(
	struct arena *arena, const char *typed, struct resolver_server *out);

#endif
