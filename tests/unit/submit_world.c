/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/submit_world.h"

#include <netdb.h>
#include <stdlib.h>

#include "common/core/clock.h"
#include "common/mailnet/submit_esmtp.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	RUN_US = 1800 * 1000 * 1000,
};

unsigned submit_world_addresses(void)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *first = NULL;
	unsigned n = 0;
	if (getaddrinfo("localhost", NULL, &hints, &first) != 0)
		return 0;
	for (const struct addrinfo *one = first; one != NULL;
		one = one->ai_next)
		n++;
	freeaddrinfo(first);
	return n;
}

struct submit_world *submit_world_new(void)
{
	struct submit_world *world = calloc(1, sizeof(*world));
	int64_t now = clock_mono_us();
	assert_non_null(world);
	world->arena = arena_new(ARENA_MAX);
	world->loop = loop_new(now + RUN_US);
	world->tls = tls_context_new(server_ca_file());
	world->addr = (struct dns_addr){ 4, { 127, 0, 0, 1 } };
	world->options = (struct submit_options){
		.helo = "monitor.example.net",
		.tls = world->tls,
		.start_us = now,
		.connect_us = SUBMIT_LONG_US,
		.greeting_us = SUBMIT_LONG_US,
		.step_us = SUBMIT_LONG_US,
	};
	world->ask = (struct submit_ask){
		.host = submit_world_addresses() == 1 ? "localhost"
						      : "127.0.0.1",
		.verified_name = SERVER_NAME,
		.user = "u",
		.secret = SECRET,
		.mail_from = "a@example.net",
		.rcpt = "b@example.org",
		.message = SUBMIT_MESSAGE,
		.message_len = sizeof(SUBMIT_MESSAGE) - 1,
	};
	return world;
}

void submit_world_free(struct submit_world *world)
{
	tls_context_free(world->tls);
	loop_free(world->loop);
	arena_free(world->arena);
	free(world);
}

static void on_facts(void *arg, const struct submit_facts *facts)
{
	struct submit_world *world = arg;
	world->facts = facts;
	world->calls++;
	loop_stop(world->loop);
}

static void run(struct submit_world *world)
{
	assert_int_equal(world->calls, 0);
	assert_int_equal(loop_run(world->loop), LOOP_STOPPED);
	assert_int_equal(world->calls, 1);
	world->calls = 0;
}

void submit_world_run_at(struct submit_world *world, uint16_t port)
{
	const char *why = NULL;
	world->ask.port = port;
	if (world->way == BY_LIBESMTP) {
		struct esmtp *esmtp = esmtp_new(world->arena, world->loop,
			&world->options, &world->ask, &why);
		assert_null(why);
		esmtp_start(esmtp, on_facts, world);
		run(world);
		esmtp_free(esmtp);
	} else {
		struct submission *submission = submission_new(world->arena,
			world->loop, &world->options, &world->ask, &why);
		assert_null(why);
		submission_start(submission, on_facts, world);
		run(world);
		submission_free(submission);
	}
}

void submit_world_run(struct submit_world *world, server_script script)
{
	world->server.first = script;
	server_start(&world->server);
	submit_world_run_at(world, world->server.port);
	assert_true(server_went_well(&world->server));
}

void assert_submitted(const struct submit_world *world, enum submit_end end,
	enum submit_step_id last, enum smtp_outcome outcome, unsigned code)
{
	assert_int_equal(world->facts->last, last);
	assert_int_equal(world->facts->steps[last].outcome, outcome);
	assert_int_equal(world->facts->steps[last].code, code);
	assert_int_equal(world->facts->end, end);
}
