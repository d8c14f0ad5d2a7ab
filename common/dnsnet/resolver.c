/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A channel of c-ares for each family of a host: one that is silent does not
 * hold up the other, and c-ares would not say which of two failed.
 */
#include "config.h"

#include "common/dnsnet/resolver.h"

/* Before ares.h, which takes fd_set from it. */
#include <sys/select.h>

#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/core/clock.h"
#include "common/core/num.h"

enum {
	FAMILIES = 2,
	/* c-ares doubles it with each try: 7 s in all, of one server. */
	FIRST_TRY_MS = 1000,
	/* How long a family is waited for once the other has addresses: as long
	 * as a second try takes. */
	PATIENCE_US = 2500 * 1000,
	TRIES = 3,
	EDNS_SIZE = 1232, /* what goes through everywhere */
	PORT = 53,
	US_PER_S = 1000 * 1000,
};

/* What was asked for one family. */
struct question {
	struct lookup_host *host;
	unsigned family;
	ares_channel ares;
	bool is_started, is_done;
	/* c-ares has one error for servers that were not reached and for those
	 * that answered SERVFAIL: then it is asked again, to take any reply. */
	bool is_unclear, takes_any;
	struct loop_timer timer;
};

struct lookup_host {
	struct resolver *all;
	const char *name;
	resolved_fn fn;
	void *arg;
	int64_t begin_us;
	struct question questions[FAMILIES];
	size_t n_open;
	struct loop_timer telling, patience;
	struct resolved result;
	struct lookup_host *next;
};

struct resolver {
	struct arena *arena;
	struct loop *loop;
	const struct resolver_options *options;
	struct lookup_host *first;
};

/* -- the result ----------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return dns_addr_compare(a, b);
}

static void tell(void *arg)
{
	struct lookup_host *host = arg;
	struct resolved *result = &host->result;
	size_t n = 0;
	size_t i;

	qsort(result->addrs, result->n_addrs, sizeof(*result->addrs), compare);
	for (i = 0; i < result->n_addrs; i++)
		if (n == 0 ||
			compare(&result->addrs[n - 1], &result->addrs[i]) != 0)
			result->addrs[n++] = result->addrs[i];
	result->n_addrs = n;
	result->took_us = clock_mono_us() - host->begin_us;
	host->fn(host->arg, result);
}

static void tell_soon(struct lookup_host *host)
{
	if (!loop_timer_set(host->all->loop, &host->telling, 0, tell, host))
		mem_exhausted();
}

static void give_up(void *arg);

static void question_end(
	struct question *question, enum dns_lookup lookup, const char *why)
{
	struct lookup_host *host = question->host;
	struct resolved *result = &host->result;

	question->is_done = true;
	loop_timer_cancel(host->all->loop, &question->timer);
	*(question->family == 4 ? &result->v4 : &result->v6) = lookup;
	if (!result->why)
		result->why = why;
	if (--host->n_open == 0)
		tell_soon(host);
	else if (lookup == DNS_LOOKUP_FOUND &&
		 !loop_timer_set(host->all->loop, &host->patience,
			 clock_mono_us() + PATIENCE_US, give_up, host))
		mem_exhausted();
}

/* A family that is silent does not hold up the other. */
static void give_up(void *arg)
{
	struct lookup_host *host = arg;
	size_t i;

	for (i = 0; i < FAMILIES; i++) {
		struct question *question = &host->questions[i];

		if (question->is_started && !question->is_done)
			question_end(question, DNS_LOOKUP_FAILED,
				"the resolver does not answer");
	}
}

static size_t count_family(const struct resolved *result, uint8_t family)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < result->n_addrs; i++)
		n += result->addrs[i].family == family;
	return n;
}

static void take_address(struct resolved *result, const struct sockaddr *from)
{
	struct dns_addr addr = { .family = 0 };

	if (from->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, from, sizeof(in));
		addr.family = 4;
		memcpy(addr.bytes, &in.sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, from, sizeof(in6));
		addr.family = 6;
		memcpy(addr.bytes, &in6.sin6_addr, 16);
	} else {
		return;
	}
	if (count_family(result, addr.family) == RESOLVER_ADDRS_MAX)
		result->is_cut = true;
	else
		result->addrs[result->n_addrs++] = addr;
}

static enum dns_lookup lookup_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return DNS_LOOKUP_FOUND;
	case ARES_ENODATA:
		return DNS_LOOKUP_NO_ADDRESS;
	case ARES_ENOTFOUND:
		return DNS_LOOKUP_NXDOMAIN;
	/* Nobody was asked, or would be, which says nothing of the name. */
	case ARES_ECONNREFUSED:
	case ARES_EREFUSED:
		return DNS_LOOKUP_NOT_DONE;
	default:
		return DNS_LOOKUP_FAILED;
	}
}

static const char *why_of(int status)
{
	switch (status) {
	case ARES_ESERVFAIL:
		return "the resolver answers SERVFAIL";
	case ARES_EREFUSED:
		return "the resolver refuses to answer";
	case ARES_ETIMEOUT:
		return "the resolver does not answer";
	case ARES_ECONNREFUSED:
		return "no resolver can be reached";
	case ARES_ENOMEM:
		mem_exhausted();
	default:
		return ares_strerror(status);
	}
}

static void on_ares(
	void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *question = arg;
	struct resolved *result = &question->host->result;
	const struct ares_addrinfo_node *node;
	enum dns_lookup lookup = lookup_of(status);
	size_t before = result->n_addrs;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION || question->is_done)
		return;
	if (status == ARES_ECONNREFUSED && !question->takes_any) {
		question->is_unclear = true;
		return;
	}
	for (node = info ? info->nodes : NULL; node; node = node->ai_next)
		take_address(result, node->ai_addr);
	ares_freeaddrinfo(info);
	/* Only what is of another family, or nothing at all. */
	if (lookup == DNS_LOOKUP_FOUND && result->n_addrs == before &&
		!result->is_cut)
		lookup = DNS_LOOKUP_NO_ADDRESS;
	question_end(question, lookup,
		lookup == DNS_LOOKUP_FAILED || lookup == DNS_LOOKUP_NOT_DONE
			? why_of(status)
			: NULL);
}

/* -- c-ares --------------------------------------------------------------- */

static void carry_on(struct question *question);

static void process(struct question *question, int read_fd, int write_fd)
{
	ares_process_fd(question->ares, read_fd, write_fd);
	carry_on(question);
}

static void on_ready(int fd, int events, void *arg)
{
	process(arg, (events & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
		(events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
}

static void on_timer(void *arg)
{
	process(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void on_socket_state(
	void *arg, ares_socket_t fd, int readable, int writable)
{
	struct question *question = arg;
	int events = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);

	if (!loop_watch(
		    question->host->all->loop, fd, events, on_ready, question))
		mem_exhausted();
}

/* When c-ares wants to see whether a try has timed out. */
static void set_timer(struct question *question)
{
	struct loop *loop = question->host->all->loop;
	struct timeval most = { .tv_sec = 1 };
	const struct timeval *next = ares_timeout(question->ares, &most, &most);
	int64_t wait_us = next->tv_sec * (int64_t)US_PER_S + next->tv_usec;

	/* Its clock has milliseconds, and may not be there yet. */
	if (!loop_timer_set(loop, &question->timer,
		    clock_mono_us() + wait_us + 1000, on_timer, question))
		mem_exhausted();
}

static struct ares_addr_port_node node_of(const struct resolver_server *server)
{
	struct ares_addr_port_node node = { .udp_port = server->port,
		.tcp_port = server->port };

	if (server->addr.family == 4) {
		node.family = AF_INET;
		memcpy(&node.addr.addr4, server->addr.bytes, 4);
	} else {
		node.family = AF_INET6;
		memcpy(&node.addr.addr6, server->addr.bytes, 16);
	}
	return node;
}

static bool set_servers(
	ares_channel ares, const struct resolver_options *options)
{
	struct ares_addr_port_node nodes[RESOLVER_SERVERS_MAX];
	size_t i;

	if (options->n_servers == 0)
		return true;
	for (i = 0; i < options->n_servers; i++) {
		nodes[i] = node_of(&options->servers[i]);
		nodes[i].next =
			i + 1 < options->n_servers ? &nodes[i + 1] : NULL;
	}
	return ares_set_servers_ports(ares, nodes) == ARES_SUCCESS;
}

/* A name with a dot is whole: in a search domain it would be another one. */
static bool init_ares(struct question *question)
{
	const struct lookup_host *host = question->host;
	struct ares_options options = {
		.flags = ARES_FLAG_EDNS,
		.timeout = FIRST_TRY_MS,
		.tries = TRIES,
		.ednspsz = EDNS_SIZE,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = question,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		   ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;

	if (strchr(host->name, '.'))
		options.flags |= ARES_FLAG_NOSEARCH;
	if (question->takes_any)
		options.flags |= ARES_FLAG_NOCHECKRESP;
	if (ares_init_options(&question->ares, &options, mask) != ARES_SUCCESS)
		return false;
	if (set_servers(question->ares, host->all->options))
		return true;
	ares_destroy(question->ares);
	return false;
}

static void ask(struct question *question)
{
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = question->family == 4 ? AF_INET : AF_INET6,
		.ai_socktype = SOCK_STREAM,
	};

	if (!init_ares(question)) {
		question_end(
			question, DNS_LOOKUP_FAILED, "c-ares did not start");
		return;
	}
	question->is_started = true;
	ares_getaddrinfo(question->ares, question->host->name, NULL, &hints,
		on_ares, question);
	carry_on(question);
}

static void ask_again(void *arg)
{
	struct question *question = arg;

	ares_destroy(question->ares);
	question->is_started = question->is_unclear = false;
	question->takes_any = true;
	ask(question);
}

/* Outside of what c-ares calls, where its channel may be given back. */
static void carry_on(struct question *question)
{
	if (question->is_done)
		return;
	if (!question->is_unclear)
		set_timer(question);
	else if (!loop_timer_set(question->host->all->loop, &question->timer, 0,
			 ask_again, question))
		mem_exhausted();
}

/* -- hosts ---------------------------------------------------------------- */

void resolver_start(
	struct resolver *resolver, const char *name, resolved_fn fn, void *arg)
{
	static const unsigned families[FAMILIES] = { 4, 6 };
	struct lookup_host *host = arena_alloc(resolver->arena, sizeof(*host));
	const bool is_used[FAMILIES] = { resolver->options->use_v4,
		resolver->options->use_v6 };
	size_t i;

	*host = (struct lookup_host){ .all = resolver,
		.name = name,
		.fn = fn,
		.arg = arg,
		.begin_us = clock_mono_us(),
		.n_open = (size_t)is_used[0] + is_used[1],
		.next = resolver->first };
	host->result.addrs = arena_array(resolver->arena,
		FAMILIES * RESOLVER_ADDRS_MAX, sizeof(*host->result.addrs));
	resolver->first = host;
	if (host->n_open == 0)
		tell_soon(host);
	for (i = 0; i < FAMILIES; i++) {
		host->questions[i] = (struct question){ .host = host,
			.family = families[i] };
		if (is_used[i])
			ask(&host->questions[i]);
	}
}

struct resolver *resolver_new(struct arena *arena, struct loop *loop,
	const struct resolver_options *options)
{
	struct resolver *resolver;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return NULL;
	resolver = arena_alloc(arena, sizeof(*resolver));
	*resolver = (struct resolver){
		.arena = arena, .loop = loop, .options = options
	};
	return resolver;
}

void resolver_free(struct resolver *resolver)
{
	struct lookup_host *host;
	size_t i;

	if (!resolver)
		return;
	for (host = resolver->first; host; host = host->next) {
		loop_timer_cancel(resolver->loop, &host->telling);
		loop_timer_cancel(resolver->loop, &host->patience);
		for (i = 0; i < FAMILIES; i++) {
			struct question *question = &host->questions[i];

			loop_timer_cancel(resolver->loop, &question->timer);
			if (question->is_started)
				ares_destroy(question->ares);
		}
	}
	ares_library_cleanup();
}

/* -- what users type ------------------------------------------------------ */

bool resolver_server_parse(
	struct arena *arena, const char *typed, struct resolver_server *out)
{
	const char *addr = typed;
	const char *colon = strrchr(typed, ':');
	uint64_t port = PORT;

	out->port = PORT;
	if (dns_addr_parse(typed, &out->addr))
		return true;
	if (colon && num_parse_uint(colon + 1, 1, UINT16_MAX, &port) == NUM_OK)
		addr = arena_strndup(arena, typed, (size_t)(colon - typed));
	if (*addr == '[' && addr[strlen(addr) - 1] == ']')
		addr = arena_strndup(arena, addr + 1, strlen(addr) - 2);
	else if (strchr(addr, ':'))
		return false;
	out->port = (uint16_t)port;
	return dns_addr_parse(addr, &out->addr);
}
