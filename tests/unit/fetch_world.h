/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run that fetches pages from servers on the loopback. */
#ifndef LIFELINE_TESTS_UNIT_FETCH_WORLD_H
#define LIFELINE_TESTS_UNIT_FETCH_WORLD_H

#include <stdbool.h>

#include "common/pagenet/fetch.h"
#include "tests/unit/http_server.h"

enum {
	FETCHES = 20,
	WORLD_MAX_SIZE = 100 * 1000,
	WORLD_NOW_S = 1780000000,
	MS = 1000,
	LONG_US = 600 * 1000 * MS, /* never reached: see slow_clock.h */
	SHORT_US = 1000 * MS,
};

struct fetch_world {
	struct arena *arena;
	struct loop *loop;
	struct tls_context *tls;
	struct page_net_options options;
	struct page_net *net; /* made by the first that starts */
	struct http_server servers[FETCHES];
	size_t n_servers;

	struct page_fetch fetches[FETCHES];
	const struct page_body *bodies[FETCHES];
	size_t n_fetches, n_calls;

	/* What a host of a redirect has. */
	const struct dns_addr *resolved;
	size_t n_resolved, n_lookups;
	bool resolves_never;
	bool tries_several; /* libcurl lets time pass between two addresses */
};

/* For cmocka; ca_file: NULL: the host's. */
struct fetch_world *fetch_world_new(const char *ca_file);
void fetch_world_free(struct fetch_world *world);

/* A server at 127.0.0.1, or another, that is stopped at the end. */
struct http_server *world_serve(struct fetch_world *world, http_serve_fn serve);
struct http_server *world_serve_at(struct fetch_world *world, uint8_t host,
	uint16_t port, http_serve_fn serve);

/* "http://status.example.org:PORT/PATH" at 127.0.0.1. */
struct page_ask world_ask(
	struct fetch_world *world, uint16_t port, const char *path);
struct page_ask world_ask_url(struct fetch_world *world, const char *url);

/* Starts one; its facts are fetches[i], of what is returned. */
struct page_fetch *world_start(
	struct fetch_world *world, const struct page_ask *ask);
/* Until all that was started has ended, which it must. */
void world_run(struct fetch_world *world);
/* Both; for one. */
struct page_fetch *world_fetch(
	struct fetch_world *world, const struct page_ask *ask);
/* The same, of "/" at the server, with a server that serves so. */
struct page_fetch *world_fetch_of(
	struct fetch_world *world, http_serve_fn serve);

#endif
