/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The connection of a transfer: a server on the loopback, on the same loop,
 * that does what a script says and nothing else.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/dnsnet/transfer.h"
#include "common/loop/address.h"
#include "tests/unit/axfr_stream.h"
#include "tests/unit/slow_clock.h"

enum {
	ARENA_MAX = 4 * 1024 * 1024,
	SILENCE_US = 500 * 1000, /* of one try, where it is waited for */
	LONG_US = 10 * 1000 * 1000,
	DROP_US = 10 * 1000,
	SCRIPT_BYTES = 4096,
	LENGTH = 2,
	ID_AT = 2, /* in the request, behind its length */
};

/* What the server does when it has sent its script. */
enum then {
	STAYS,
	CLOSES,
	RESETS,
	TRICKLES, /* the script a byte at a time */
	REPEATS,  /* the last message for ever */
	DEAF,     /* accepts, and never reads */
};

struct server {
	struct loop *loop;
	int listener, fd;
	uint16_t port;
	uint8_t script[SCRIPT_BYTES];
	size_t len, last, n_sent; /* last: where the last message begins */
	size_t piece;             /* bytes sent at once; 0: all */
	enum then then;
	struct loop_timer timer;
	bool saw_close;
};

struct world {
	struct arena *arena;
	struct dns_options options;
	struct exchanges *exchanges;
	struct server server;
	struct transfer_ask ask;
	struct dns_transfer out;
	unsigned calls;
	bool hit_deadline;
};

/* -- the server ---------------------------------------------------------- */

static void script(
	struct world *world, bool with_question, const char *const *rrs)
{
	struct server *server = &world->server;
	struct message message;
	message_fill(&message, with_question, rrs);
	assert_true(
		sizeof(server->script) - server->len >= LENGTH + message.len);
	server->last = server->len;
	server->script[server->len++] = (uint8_t)(message.len >> 8);
	server->script[server->len++] = (uint8_t)message.len;
	memcpy(server->script + server->len, message.bytes, message.len);
	server->len += message.len;
}

static void hang_up(struct server *server)
{
	struct linger at_once = { .l_onoff = 1 };
	if (server->then == RESETS)
		assert_int_equal(setsockopt(server->fd, SOL_SOCKET, SO_LINGER,
					 &at_once, sizeof(at_once)),
			0);
	loop_watch(server->loop, server->fd, 0, NULL, NULL);
	close(server->fd);
	server->fd = -1;
}

static void on_drop(void *arg);

static void send_more(struct server *server)
{
	size_t left = server->len - server->n_sent;
	size_t piece = server->piece > 0 && server->piece < left ? server->piece
								 : left;
	if (server->then == TRICKLES)
		piece = left > 0 ? 1 : 0;
	ssize_t sent = send(server->fd, server->script + server->n_sent, piece,
		MSG_NOSIGNAL);
	if (sent < 0) {
		server->saw_close = errno != EAGAIN;
		if (server->saw_close)
			hang_up(server);
		return;
	}
	server->n_sent += (size_t)sent;
	if (server->n_sent == server->len && server->then == REPEATS)
		server->n_sent = server->last;
	else if (server->then == TRICKLES)
		loop_timer_set(server->loop, &server->timer,
			clock_mono_us() + DROP_US, on_drop, server);
	else if (server->n_sent == server->len &&
		 (server->then == CLOSES || server->then == RESETS))
		hang_up(server);
}

static void on_drop(void *arg)
{
	struct server *server = arg;
	if (server->fd >= 0)
		send_more(server);
}

/* The answer bears the id of the request. */
static void take_id(struct server *server, const uint8_t *request)
{
	for (size_t at = 0; at < server->len;) {
		size_t len = (size_t)(server->script[at] << 8 |
				      server->script[at + 1]);
		if (len >= 2)
			memcpy(server->script + at + LENGTH, request + ID_AT,
				2);
		at += LENGTH + len;
	}
}

static void on_talk(int fd, int events, void *arg)
{
	struct server *server = arg;
	uint8_t request[1024];
	if ((events & LOOP_READ) != 0) {
		ssize_t got = recv(fd, request, sizeof(request), 0);
		if (got <= 0) {
			server->saw_close = true;
			hang_up(server);
			return;
		}
		take_id(server, request);
		if (server->then == REPEATS || server->piece > 0)
			loop_watch(server->loop, fd, LOOP_READ | LOOP_WRITE,
				on_talk, server);
		send_more(server);
	} else if ((events & LOOP_WRITE) != 0) {
		send_more(server);
	}
}

static void on_accept(int fd, int events, void *arg)
{
	struct server *server = arg;
	(void)events;
	server->fd = accept(fd, NULL, NULL);
	assert_true(server->fd >= 0);
	assert_int_equal(fcntl(server->fd, F_SETFL, O_NONBLOCK), 0);
	if (server->then != DEAF)
		loop_watch(
			server->loop, server->fd, LOOP_READ, on_talk, server);
}

static void serve(struct server *server, struct loop *loop)
{
	struct dns_addr loopback = { .family = 4, .bytes = { 127, 0, 0, 1 } };
	struct sockaddr_storage address;
	socklen_t len =
		address_of_socket(loopback.family, loopback.bytes, 0, &address);
	server->loop = loop;
	server->fd = -1;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->listener >= 0);
	assert_int_equal(
		bind(server->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(server->listener,
				 (struct sockaddr *)&address, &len),
		0);
	struct sockaddr_in bound;
	memcpy(&bound, &address, sizeof(bound));
	server->port = ntohs(bound.sin_port);
}

static void listen_now(struct server *server)
{
	assert_int_equal(listen(server->listener, 4), 0);
	loop_watch(
		server->loop, server->listener, LOOP_READ, on_accept, server);
}

/* -- running one --------------------------------------------------------- */

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	if (world == NULL)
		return -1;
	world->arena = arena_new(ARENA_MAX);
	world->options.tries = 2;
	world->options.query_timeout_us = LONG_US;
	world->options.start_us = clock_mono_us();
	world->options.deadline_us = world->options.start_us + LONG_US;
	slow_clock_idle(false);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	if (world->server.fd >= 0)
		close(world->server.fd);
	close(world->server.listener);
	exchanges_free(world->exchanges);
	arena_free(world->arena);
	free(world);
	return 0;
}

static void on_transfer(void *arg, const struct dns_transfer *transfer)
{
	struct world *world = arg;
	world->out = *transfer;
	world->calls++;
}

/* A world in which nothing is asked yet. */
static void begin(struct world *world)
{
	world->exchanges = exchanges_new(world->arena, &world->options);
	assert_non_null(world->exchanges);
	serve(&world->server, exchanges_loop(world->exchanges));
	world->ask = (struct transfer_ask){ .zone = "example.org",
		.addr = { .family = 4, .bytes = { 127, 0, 0, 1 } },
		.port = world->server.port,
		.records_max = 1000,
		.now_s = STREAM_NOW_S };
}

static void run(struct world *world)
{
	transfer_start(world->exchanges, &world->ask, on_transfer, world);
	assert_int_equal(world->calls, 0);
	world->hit_deadline = exchanges_run(world->exchanges);
	assert_int_equal(world->calls, 1);
}

static void ends(struct world *world, enum dns_transfer_end end,
	enum dns_outcome outcome)
{
	listen_now(&world->server);
	run(world);
	assert_int_equal(world->out.end, end);
	assert_int_equal(world->out.outcome, outcome);
	assert_int_equal(world->out.why == NULL,
		end == DNS_TRANSFER_DONE || end == DNS_TRANSFER_OPENED);
}

#define RRS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define A_RECORD "www.example.org. 300 IN A 192.0.2.1"

/* -- the cases ----------------------------------------------------------- */

static void a_zone_comes_over(void **state)
{
	struct world *world = *state;
	begin(world);
	script(world, true, RRS(STREAM_SOA, A_RECORD));
	script(world, false, RRS(A_RECORD, STREAM_SOA));
	ends(world, DNS_TRANSFER_DONE, DNS_ANSWERED);
	assert_false(world->hit_deadline);
	assert_int_equal(world->out.serial, 42);
	assert_int_equal(world->out.n_records, 3);
	assert_int_equal(world->out.n_messages, 2);
	assert_true(world->out.took_us > 0);
	struct dns_step *steps;
	size_t n_steps;
	exchanges_steps(world->exchanges, &steps, &n_steps);
	assert_int_equal(n_steps, 1);
	assert_string_equal(steps[0].question, "example.org AXFR");
	assert_int_equal(steps[0].probe.outcome, DNS_ANSWERED);
}

static void messages_may_come_in_pieces(void **state)
{
	for (size_t piece = 1; piece < 40; piece += 6) {
		struct world *world = *state;
		begin(world);
		world->server.piece = piece;
		script(world, true, RRS(STREAM_SOA, A_RECORD));
		script(world, false, RRS(A_RECORD, STREAM_SOA));
		ends(world, DNS_TRANSFER_DONE, DNS_ANSWERED);
		tear_down(state);
		set_up(state);
	}
	begin(*state);
}

static void the_first_message_closes_it(void **state)
{
	struct world *world = *state;
	begin(world);
	world->ask.stops_at_first = true;
	world->server.then = REPEATS;
	script(world, true, RRS(STREAM_SOA, A_RECORD));
	ends(world, DNS_TRANSFER_OPENED, DNS_ANSWERED);
	assert_int_equal(world->out.n_messages, 1);
}

static void records_without_end_are_a_limit(void **state)
{
	struct world *world = *state;
	begin(world);
	world->server.then = REPEATS;
	script(world, true, RRS(STREAM_SOA, A_RECORD));
	script(world, false, RRS(A_RECORD));
	ends(world, DNS_TRANSFER_LIMIT, DNS_ANSWERED);
	assert_int_equal(world->out.n_records, 1000);
}

static void a_closed_port_is_told(void **state)
{
	struct world *world = *state;
	begin(world); /* bound, and nobody listens */
	run(world);
	assert_int_equal(world->out.end, DNS_TRANSFER_BROKEN);
	assert_int_equal(world->out.outcome, DNS_PORT_CLOSED);
	assert_non_null(world->out.why);
}

/* Time passes where nobody has anything more to say. */
static void begin_silence(struct world *world)
{
	world->options.query_timeout_us = SILENCE_US;
	begin(world);
	slow_clock_idle(true);
}

static void silence_is_a_timeout(void **state)
{
	struct world *world = *state;
	begin_silence(world);
	world->server.then = DEAF;
	ends(world, DNS_TRANSFER_BROKEN, DNS_TIMED_OUT);
	assert_false(world->hit_deadline);
	assert_int_equal(world->out.n_messages, 0);
	assert_true(world->out.took_us >= 2 * SILENCE_US);
	assert_true(world->out.took_us < LONG_US / 2);
}

static void a_stall_is_one_too(void **state)
{
	struct world *world = *state;
	begin_silence(world);
	script(world, true, RRS(STREAM_SOA, A_RECORD));
	world->server.script[world->server.len++] = 0; /* half a length */
	ends(world, DNS_TRANSFER_BROKEN, DNS_TIMED_OUT);
	assert_false(world->hit_deadline);
	assert_int_equal(world->out.n_records, 2);
}

/* Bytes that make no message gain no time. */
static void a_trickle_is_silence(void **state)
{
	struct world *world = *state;
	begin_silence(world);
	world->server.then = TRICKLES;
	script(world, true, RRS(STREAM_SOA, A_RECORD));
	ends(world, DNS_TRANSFER_BROKEN, DNS_TIMED_OUT);
	assert_false(world->hit_deadline);
	assert_true(world->out.took_us >= 2 * SILENCE_US);
	assert_true(world->out.took_us < LONG_US / 2);
}

static void a_lost_connection_is_told(void **state)
{
	static const enum then thens[] = { CLOSES, RESETS };
	for (size_t i = 0; i < COUNT(thens) * 2; i++) {
		struct world *world = *state;
		begin(world);
		world->server.then = thens[i / 2];
		if (i % 2 == 1)
			script(world, true, RRS(STREAM_SOA, A_RECORD));
		ends(world, DNS_TRANSFER_BROKEN, DNS_CONNECTION_LOST);
		if (thens[i / 2] == CLOSES)
			assert_int_equal(
				world->out.n_records, i % 2 == 1 ? 2 : 0);
		tear_down(state);
		set_up(state);
	}
	begin(*state);
}

static void a_soa_and_no_more_is_no_transfer(void **state)
{
	struct world *world = *state;
	begin(world);
	world->server.then = CLOSES;
	script(world, true, RRS(STREAM_SOA));
	ends(world, DNS_TRANSFER_MALFORMED, DNS_CONNECTION_LOST);
}

static void an_empty_message_is_malformed(void **state)
{
	struct world *world = *state;
	begin(world);
	world->server.len = LENGTH;
	ends(world, DNS_TRANSFER_MALFORMED, DNS_ANSWERED);
}

/* Without a descriptor: it is not their fault. */
static void this_host_may_be_at_fault(void **state)
{
	struct world *world = *state;
	struct rlimit old, none;
	begin(world);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)world->server.listener + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	run(world);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(world->out.end, DNS_TRANSFER_BROKEN);
	assert_int_equal(world->out.outcome, DNS_OUR_FAULT);
	assert_non_null(exchanges_seen(world->exchanges)->failure);
}

static void no_time_is_no_try(void **state)
{
	struct world *world = *state;
	world->options.deadline_us = world->options.start_us;
	begin(world);
	run(world);
	assert_true(world->hit_deadline);
	world->calls = 0;
	run(world); /* asked when it was over already */
	assert_int_equal(world->out.end, DNS_TRANSFER_NOT_TRIED);
	assert_int_equal(world->out.outcome, DNS_NOT_ASKED);
}

static void start_another(void *arg, const struct dns_transfer *transfer)
{
	struct world *world = arg;
	assert_int_equal(transfer->end, DNS_TRANSFER_BROKEN);
	transfer_start(world->exchanges, &world->ask, on_transfer, world);
}

/* From the callback of one the next is started, and awaited too. */
static void one_may_follow_another(void **state)
{
	struct world *world = *state;
	struct server nobody = { .fd = -1 };
	begin(world);
	serve(&nobody, NULL);
	struct transfer_ask closed = world->ask;
	closed.port = nobody.port;
	script(world, true, RRS(STREAM_SOA, STREAM_SOA));
	listen_now(&world->server);
	transfer_start(world->exchanges, &closed, start_another, world);
	assert_false(exchanges_run(world->exchanges));
	close(nobody.listener);
	assert_int_equal(world->calls, 1);
	assert_int_equal(world->out.end, DNS_TRANSFER_DONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_zone_comes_over),
		TEST(messages_may_come_in_pieces),
		TEST(the_first_message_closes_it),
		TEST(records_without_end_are_a_limit),
		TEST(a_closed_port_is_told),
		TEST(silence_is_a_timeout),
		TEST(a_stall_is_one_too),
		TEST(a_trickle_is_silence),
		TEST(a_lost_connection_is_told),
		TEST(a_soa_and_no_more_is_no_transfer),
		TEST(an_empty_message_is_malformed),
		TEST(this_host_may_be_at_fault),
		TEST(no_time_is_no_try),
		TEST(one_may_follow_another),
	};
#undef TEST

	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
