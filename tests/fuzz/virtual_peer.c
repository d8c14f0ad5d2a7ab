/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/fuzz/virtual_peer.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/mailnet/connection.h"

enum {
	TIMERS_MAX = 8,
	FD = 7,
};

static const struct peer_protocol *protocol;
struct peer peer;

/* -- the input as a stream of decisions --------------------------------- */

static const uint8_t *input;
static size_t input_left;

uint8_t peer_byte(void)
{
	if (input_left == 0)
		return 0;
	input_left--;
	return *input++;
}

/* -- the loop and the clock ---------------------------------------------- */

struct loop {
	int64_t now_us;
	struct loop_timer *timers[TIMERS_MAX];
	int events; /* of FD */
	loop_fd_fn fn;
	void *arg;
	bool stops;
};

static struct loop the_loop;

int64_t clock_mono_us(void)
{
	return the_loop.now_us;
}

bool loop_watch(struct loop *loop, int fd, int events, loop_fd_fn fn, void *arg)
{
	if (fd != FD)
		abort();
	loop->events = events;
	loop->fn = fn;
	loop->arg = arg;
	return true;
}

bool loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_us,
	loop_timer_fn fn, void *arg)
{
	unsigned i = timer->slot;
	timer->at_us = at_us;
	timer->fn = fn;
	timer->arg = arg;
	for (; timer->slot == 0; i++) {
		if (i == TIMERS_MAX)
			abort();
		if (loop->timers[i] == NULL) {
			loop->timers[i] = timer;
			timer->slot = i + 1;
		}
	}
	return true;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	if (timer->slot != 0)
		loop->timers[timer->slot - 1] = NULL;
	timer->slot = 0;
}

void loop_stop(struct loop *loop)
{
	loop->stops = true;
}

static struct loop_timer *earliest(const struct loop *loop)
{
	struct loop_timer *first = NULL;
	for (unsigned i = 0; i < TIMERS_MAX; i++)
		if (loop->timers[i] != NULL &&
			(first == NULL ||
				loop->timers[i]->at_us < first->at_us))
			first = loop->timers[i];
	return first;
}

static void fire(struct loop *loop, struct loop_timer *timer)
{
	if (timer->at_us > loop->now_us)
		loop->now_us = timer->at_us;
	loop_timer_cancel(loop, timer);
	timer->fn(timer->arg);
}

static void server_acts(void);

enum loop_end loop_run(struct loop *loop)
{
	loop->stops = false;
	while (!loop->stops) {
		struct loop_timer *timer = earliest(loop);
		bool is_silent = input_left == 0 || loop->events == 0;
		if (!is_silent) {
			loop->now_us += 1000 * (peer_byte() & 0x3f);
			is_silent =
				timer != NULL && timer->at_us <= loop->now_us;
		}
		if (loop->now_us >= PEER_DEADLINE_US ||
			(is_silent && timer != NULL &&
				timer->at_us >= PEER_DEADLINE_US)) {
			loop->now_us = PEER_DEADLINE_US;
			return LOOP_DEADLINE;
		}
		if (is_silent && timer == NULL)
			return LOOP_IDLE;
		if (is_silent) {
			fire(loop, timer);
			continue;
		}
		if ((loop->events & LOOP_READ) != 0)
			server_acts();
		loop->fn(FD, loop->events, loop->arg);
	}
	return LOOP_STOPPED;
}

struct loop *peer_loop(void)
{
	return &the_loop;
}

int64_t peer_now_us(void)
{
	return the_loop.now_us;
}

void peer_begin(
	const struct peer_protocol *of, const uint8_t *data, size_t size)
{
	memset(&the_loop, 0, sizeof(the_loop));
	memset(&peer, 0, sizeof(peer));
	protocol = of;
	peer.word = "";
	the_loop.now_us = PEER_STARTED_US;
	input = data;
	input_left = size;
}

/* -- the connection ------------------------------------------------------ */

struct tls {
	bool is_up, heard_plain;
};

/* A reply of the protocol's, with the word in it. */
static void send_reply(const char *reply)
{
	static uint8_t made[PEER_MADE_MAX];
	size_t len = 0;
	for (; *reply != '\0'; reply++) {
		const char *piece = *reply == '\1' ? peer.word : reply;
		size_t n = *reply == '\1' ? strlen(piece) : 1;
		if (len + n > sizeof(made))
			abort();
		memcpy(made + len, piece, n);
		len += n;
	}
	peer.pending = made;
	peer.n_pending = len;
}

static void server_acts(void)
{
	uint8_t what = peer_byte();
	if (peer.n_pending > 0 || peer.has_ended)
		return;
	if (what >= 0xf0) {
		peer.has_ended = true;
	} else if (what >= 0xc0) {
		size_t index = (what - 0xc0U) % protocol->n_replies;
		send_reply(protocol->replies[index]);
	} else {
		peer.n_pending = what < input_left ? what : input_left;
		peer.pending = input;
		input += peer.n_pending;
		input_left -= peer.n_pending;
	}
}

enum smtp_outcome connection_open(struct connection *connection,
	const struct dns_addr *addr, uint16_t port, const char **why)
{
	(void)addr;
	(void)port;
	if (peer.is_open)
		abort();
	*why = NULL;
	connection->tls = NULL;
	connection->fd = FD;
	peer.n_opened++;
	peer.is_open = true;
	peer.has_ended = false;
	peer.n_pending = peer.n_given = peer.n_sent = 0;
	return peer_byte() == 0xff ? SMTP_UNREACHABLE : SMTP_DONE;
}

enum smtp_outcome connection_finish(
	struct connection *connection, const char **why)
{
	(void)connection;
	*why = NULL;
	return peer_byte() == 0xff ? SMTP_PORT_CLOSED : SMTP_DONE;
}

void connection_close(struct connection *connection)
{
	tls_free(connection->tls);
	connection->tls = NULL;
	if (connection->fd >= 0)
		peer.is_open = false;
	connection->fd = -1;
}

const char *connection_local(
	const struct connection *connection, struct arena *arena)
{
	(void)connection;
	return arena_strdup(arena, "192.0.2.9");
}

enum tls_status connection_read(struct connection *connection, void *bytes,
	size_t len, size_t *n, const char **why)
{
	*n = 0;
	*why = NULL;
	if (!peer.is_open)
		abort();
	if (peer.n_pending == 0 && peer.has_ended) {
		*why = "ended";
		return connection->tls != NULL && (peer.n_opened & 1) != 0
			       ? TLS_BROKEN
			       : TLS_CLOSED;
	}
	if (peer.n_pending == 0)
		return TLS_WANTS_READ;
	*n = peer.n_pending < len ? peer.n_pending : len;
	memcpy(bytes, peer.pending, *n);
	if (peer.n_given + *n > sizeof(peer.given))
		abort();
	memcpy(peer.given + peer.n_given, peer.pending, *n);
	peer.n_given += *n;
	peer.pending += *n;
	peer.n_pending -= *n;
	return TLS_OK;
}

enum tls_status connection_write(struct connection *connection,
	const void *bytes, size_t len, size_t *n, const char **why)
{
	uint8_t what = peer_byte();
	*n = 0;
	*why = NULL;
	if (!peer.is_open)
		abort();
	if (peer.n_sent == 0)
		protocol->before_write(connection->tls != NULL);
	if (what == 0xff) {
		*why = "reset";
		return TLS_CLOSED;
	}
	if (what == 0xfe && input_left > 0)
		return TLS_WANTS_WRITE;
	*n = what >= 0xf0 && len > 1 ? len / 2 : len;
	if (peer.n_sent + *n > sizeof(peer.sent))
		abort();
	memcpy(peer.sent + peer.n_sent, bytes, *n);
	peer.n_sent += *n;
	if (*n == len) {
		protocol->check_sent(
			peer.sent, peer.n_sent, connection->tls != NULL);
		peer.n_sent = peer.n_given = 0;
	}
	return TLS_OK;
}

size_t connection_peek(
	const struct connection *connection, uint8_t *bytes, size_t len)
{
	if (connection->tls != NULL)
		abort();
	if (peer.n_pending < len)
		len = peer.n_pending;
	if (len > 0)
		memcpy(bytes, peer.pending, len);
	return len;
}

void connection_hurry(const struct connection *connection)
{
	(void)connection;
}

/* -- TLS ----------------------------------------------------------------- */

const char *tls_context_load(struct tls_context *context)
{
	(void)context;
	return peer_byte() == 0xff ? "can't be read" : NULL;
}

struct tls *tls_new(struct tls_context *context, int fd, const char *name)
{
	(void)context;
	(void)fd;
	(void)name;
	protocol->before_tls();
	peer.n_given = 0;
	return calloc(1, sizeof(struct tls));
}

void tls_free(struct tls *tls)
{
	free(tls);
}

enum tls_status tls_handshake(struct tls *tls)
{
	uint8_t what = peer_byte();
	/* What came is the handshake's. */
	peer.n_pending = 0;
	tls->heard_plain = what == 0xf0;
	if (peer.has_ended)
		return TLS_CLOSED;
	if (what >= 0xe0)
		return TLS_BROKEN;
	if (what >= 0xc0 || input_left == 0)
		return (what & 1) != 0 ? TLS_WANTS_READ : TLS_WANTS_WRITE;
	tls->is_up = true;
	return TLS_OK;
}

bool tls_heard_plain(const struct tls *tls)
{
	return tls->heard_plain;
}

const char *tls_error(const struct tls *tls)
{
	(void)tls;
	return "broken";
}

void tls_read_facts(const struct tls *tls, struct arena *arena, bool keeps_der,
	struct smtp_tls *out)
{
	(void)arena;
	(void)keeps_der;
	*out = (struct smtp_tls){ 0 };
	if (tls->is_up)
		out->version = 0x0304;
}
