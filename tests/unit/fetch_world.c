/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#include "tests/unit/fetch_world.h"

#include <signal.h>
#include <stdlib.h>

#include "common/core/clock.h"
#include "tests/unit/slow_clock.h"

enum {
	ARENA_MAX = 32 * 1024 * 1024,
	RUN_US = 1800 * 1000 * MS,
};

static void resolve(void *arg, const char *host, struct page_lookup *lookup)
{
	struct fetch_world *world = arg;
	(void)host;
	world->n_lookups++;
	if (world->resolves_never)
		slow_clock_idle(true);
	else
		page_lookup_answer(lookup, world->resolved, world->n_resolved,
			world->n_resolved > 0 ? NULL : "does not exist");
}

struct fetch_world *fetch_world_new(const char *ca_file)
{
	struct fetch_world *world = calloc(1, sizeof(*world));
	assert_non_null(world);
	(void)signal(SIGPIPE, SIG_IGN);
	world->arena = arena_new(ARENA_MAX);
	world->loop = loop_new(clock_mono_us() + RUN_US);
	world->tls = tls_context_new(ca_file);
	world->options = (struct page_net_options){ .loop = world->loop,
		.tls = world->tls,
		.max_size = WORLD_MAX_SIZE,
		.resolve = resolve,
		.resolve_arg = world,
		.now_s = WORLD_NOW_S,
		.start_us = clock_mono_us() };
	return world;
}

void fetch_world_free(struct fetch_world *world)
{
	slow_clock_idle(false);
	page_net_free(world->net);
	loop_free(world->loop);
	tls_context_free(world->tls);
	arena_free(world->arena);
	for (size_t i = 0; i < world->n_servers; i++)
		http_server_stop(&world->servers[i]);
	free(world);
}

struct http_server *world_serve_at(struct fetch_world *world, uint8_t host,
	uint16_t port, http_serve_fn serve)
{
	struct http_server *server = &world->servers[world->n_servers++];
	assert_true(world->n_servers <= COUNT(world->servers));
	*server = (struct http_server){
		.host = host, .port = port, .serve = serve
	};
	http_server_start(server);
	return server;
}

struct http_server *world_serve(struct fetch_world *world, http_serve_fn serve)
{
	return world_serve_at(world, 1, 0, serve);
}

struct page_ask world_ask_url(struct fetch_world *world, const char *url)
{
	static const struct dns_addr loopback = { 4, { 127, 0, 0, 1 } };
	struct page_ask ask = { .addrs = &loopback,
		.n_addrs = 1,
		.bound_us = LONG_US,
		.wants_body = true,
		.takes_untrusted = true };
	assert_null(page_url_read(world->arena, url, &ask.url));
	return ask;
}

struct page_ask world_ask(
	struct fetch_world *world, uint16_t port, const char *path)
{
	return world_ask_url(
		world, arena_printf(world->arena,
			       "http://status.example.org:%u%s", port, path));
}

static void on_fetched(
	void *arg, struct page_fetch *fetch, const struct page_body *body)
{
	struct fetch_world *world = arg;
	size_t i = (size_t)(fetch - world->fetches);
	world->bodies[i] = body;
	world->n_calls++;
	if (world->n_calls == world->n_fetches)
		loop_stop(world->loop);
}

struct page_fetch *world_start(
	struct fetch_world *world, const struct page_ask *ask)
{
	struct page_ask copy = *ask;
	struct page_fetch *out = &world->fetches[world->n_fetches++];
	assert_true(world->n_fetches <= COUNT(world->fetches));
	copy.fn = on_fetched;
	copy.arg = world;
	if (world->net == NULL)
		world->net = page_net_new(world->arena, &world->options);
	assert_non_null(world->net);
	page_fetch_start(world->net, &copy, out);
	return out;
}

void world_run(struct fetch_world *world)
{
	slow_clock_idle(world->tries_several);
	assert_int_equal(loop_run(world->loop), LOOP_STOPPED);
	assert_int_equal(world->n_calls, world->n_fetches);
	assert_int_equal(page_net_open(world->net), 0);
}

struct page_fetch *world_fetch(
	struct fetch_world *world, const struct page_ask *ask)
{
	struct page_fetch *fetch = world_start(world, ask);
	world_run(world);
	return fetch;
}

struct page_fetch *world_fetch_of(
	struct fetch_world *world, http_serve_fn serve)
{
	struct http_server *server = world_serve(world, serve);
	const struct page_ask ask = world_ask(world, server->port, "/");
	return world_fetch(world, &ask);
}
