/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The connection of a zone transfer: c-ares can't do it, since the answer is
 * many messages. Whatever the server does, it ends: at its word, after a
 * silence as long as that of all tries of a query, or at the deadline.
 */
#include "config.h"

#include "common/dnsnet/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/dnsnet/axfr.h"
#include "common/dnsnet/socket.h"
#include "common/dnsnet/wire.h"
#include "common/loop/address.h"

enum {
	LENGTH = 2, /* bytes before each message (RFC 1035 section 4.2.2) */
	BUFFER = LENGTH + WIRE_MESSAGE_MAX,
	SECOND_US = 1000 * 1000,
};

struct transfer {
	struct exchanges *exchanges;
	struct transfer_ask ask;
	transfer_fn fn;
	void *arg;
	struct hold hold;
	struct loop_timer timer; /* the start, then silence */
	int64_t start_us;
	struct axfr *axfr;
	int fd; /* -1: none */
	bool is_connected;
	uint8_t request[LENGTH + AXFR_REQUEST_MAX];
	size_t request_len, n_sent;
	uint8_t *buffer;
	size_t n_read; /* bytes in it */
};

static int64_t now_s(const struct transfer *transfer)
{
	const struct dns_options *options =
		exchanges_options(transfer->exchanges);
	return transfer->ask.now_s +
	       (clock_mono_us() - options->start_us) / SECOND_US;
}

/* -- the end ------------------------------------------------------------- */

static void drop_connection(struct transfer *transfer)
{
	struct loop *loop = exchanges_loop(transfer->exchanges);
	loop_timer_cancel(loop, &transfer->timer);
	if (transfer->fd >= 0) {
		(void)loop_watch(loop, transfer->fd, 0, NULL, NULL);
		close(transfer->fd);
	}
	transfer->fd = -1;
	free(transfer->buffer);
	transfer->buffer = NULL;
}

static void record_step(
	const struct transfer *transfer, const struct dns_transfer *result)
{
	struct arena *arena = exchanges_arena(transfer->exchanges);
	struct dns_step step = {
		.zone = transfer->ask.zone,
		.addr_text = dns_addr_string(arena, &transfer->ask.addr),
		.question = arena_printf(arena, "%s AXFR", transfer->ask.zone),
		.is_tcp = true,
		.at_us = transfer->start_us -
			 exchanges_options(transfer->exchanges)->start_us,
		.probe = { .outcome = result->outcome,
			.rcode = result->rcode,
			.tries = 1,
			.rtt_us = result->took_us },
		.came = result->why,
	};
	if (step.came == NULL)
		step.came = arena_printf(arena, "%llu record(s) of the zone",
			(unsigned long long)result->n_records);
	exchanges_record(transfer->exchanges, &step);
}

static void finish(struct transfer *transfer)
{
	struct dns_transfer *result = axfr_result(transfer->axfr);
	if (result->end == DNS_TRANSFER_BROKEN)
		result->n_bytes += transfer->n_read; /* no whole message */
	drop_connection(transfer);
	axfr_free(transfer->axfr);
	result->took_us = clock_mono_us() - transfer->start_us;
	record_step(transfer, result);
	if (result->outcome == DNS_OUR_FAULT)
		exchanges_blame_host(transfer->exchanges);
	transfer->fn(transfer->arg, result);
	exchanges_release(transfer->exchanges, &transfer->hold);
}

static void cut(struct transfer *transfer, enum dns_outcome outcome,
	const char *why, const char *why_midway)
{
	axfr_cut(transfer->axfr, outcome, why, why_midway);
	finish(transfer);
}

/* Memory or OpenSSL failed, or there was no time to begin. */
static void finish_without(
	struct transfer *transfer, enum dns_outcome outcome, const char *why)
{
	struct arena *arena = exchanges_arena(transfer->exchanges);
	struct dns_transfer *result = arena_alloc(arena, sizeof(*result));
	result->end = outcome == DNS_NOT_ASKED ? DNS_TRANSFER_NOT_TRIED
					       : DNS_TRANSFER_BROKEN;
	result->outcome = outcome;
	result->why = why;
	if (outcome == DNS_OUR_FAULT)
		exchanges_blame_host(transfer->exchanges);
	transfer->fn(transfer->arg, result);
	exchanges_release(transfer->exchanges, &transfer->hold);
}

static void on_deadline(void *arg)
{
	struct transfer *transfer = arg;
	if (transfer->axfr == NULL)
		finish_without(transfer, DNS_NOT_ASKED,
			"was not asked: the deadline came");
	else
		cut(transfer, DNS_TIMED_OUT, "timed out",
			"was not at its end when the deadline came,");
}

static void on_silence(void *arg)
{
	struct transfer *transfer = arg;
	cut(transfer, DNS_TIMED_OUT,
		transfer->is_connected
			? "takes the connection and does not answer"
			: "timed out",
		"falls silent");
}

static void on_error(struct transfer *transfer, int error)
{
	enum dns_outcome outcome = socket_outcome(error);
	cut(transfer, outcome,
		outcome == DNS_CONNECTION_LOST
			? "cuts the connection without an answer"
			: dns_outcome_text(outcome),
		outcome == DNS_CONNECTION_LOST ? "cuts the connection"
					       : "breaks off");
}

/* -- the connection ------------------------------------------------------ */

static void on_ready(int fd, int events, void *arg);

static void watch(struct transfer *transfer, int events)
{
	if (!loop_watch(exchanges_loop(transfer->exchanges), transfer->fd,
		    events, on_ready, transfer))
		on_error(transfer, ENOMEM);
}

static void wait_longer(struct transfer *transfer)
{
	const struct dns_options *options =
		exchanges_options(transfer->exchanges);
	struct loop *loop = exchanges_loop(transfer->exchanges);
	int64_t silence_us =
		options->query_timeout_us * (int64_t)options->tries;
	(void)loop_timer_set(loop, &transfer->timer,
		clock_mono_us() + silence_us, on_silence, transfer);
}

/* Hands over what is complete; true where that ended the transfer. Only whole
 * messages gain time: who drips does not hold the run up. */
static bool take_messages(struct transfer *transfer)
{
	size_t at = 0;
	int64_t time_s = now_s(transfer);
	while (transfer->n_read - at >= LENGTH) {
		const uint8_t *message = transfer->buffer + at + LENGTH;
		size_t len = wire_u16(transfer->buffer + at);
		if (transfer->n_read - at - LENGTH < len)
			break;
		if (axfr_take(transfer->axfr, message, len, time_s)) {
			finish(transfer);
			return true;
		}
		at += LENGTH + len;
	}
	transfer->n_read -= at;
	memmove(transfer->buffer, transfer->buffer + at, transfer->n_read);
	if (at > 0)
		wait_longer(transfer);
	return false;
}

static void on_readable(struct transfer *transfer)
{
	ssize_t got = recv(transfer->fd, transfer->buffer + transfer->n_read,
		BUFFER - transfer->n_read, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		on_error(transfer, got == 0 ? 0 : errno);
		return;
	}
	transfer->n_read += (size_t)got;
	(void)take_messages(transfer);
}

static void on_writable(struct transfer *transfer)
{
	ssize_t sent = send(transfer->fd, transfer->request + transfer->n_sent,
		transfer->request_len - transfer->n_sent, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0) {
		on_error(transfer, errno);
		return;
	}
	transfer->n_sent += (size_t)sent;
	if (transfer->n_sent == transfer->request_len)
		watch(transfer, LOOP_READ);
}

static void on_ready(int fd, int events, void *arg)
{
	struct transfer *transfer = arg;
	if ((events & LOOP_READ) != 0) {
		on_readable(transfer);
		return;
	}
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		on_error(transfer, error);
		return;
	}
	if (!transfer->is_connected)
		wait_longer(transfer);
	transfer->is_connected = true;
	on_writable(transfer);
}

/* -- the start ----------------------------------------------------------- */

static uint16_t random_id(const struct transfer *transfer)
{
	uint16_t id = 0;
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id))
		id = (uint16_t)transfer->start_us;
	return id;
}

static bool write_request(struct transfer *transfer)
{
	size_t len = axfr_request(transfer->axfr, random_id(transfer),
		now_s(transfer), transfer->request + LENGTH);
	wire_put_u16(transfer->request, (uint16_t)len);
	transfer->request_len = LENGTH + len;
	return len > 0;
}

static void connect_now(struct transfer *transfer)
{
	struct sockaddr_storage address;
	socklen_t len = address_of_socket(transfer->ask.addr.family,
		transfer->ask.addr.bytes, transfer->ask.port, &address);
	transfer->fd = socket(address.ss_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (transfer->fd < 0) {
		on_error(transfer, errno);
		return;
	}
	if (connect(transfer->fd, (struct sockaddr *)&address, len) != 0 &&
		errno != EINPROGRESS) {
		on_error(transfer, errno);
		return;
	}
	wait_longer(transfer);
	watch(transfer, LOOP_WRITE);
}

static void start(void *arg)
{
	struct transfer *transfer = arg;
	transfer->start_us = clock_mono_us();
	transfer->buffer = malloc(BUFFER);
	transfer->axfr = axfr_new(exchanges_arena(transfer->exchanges),
		&transfer->ask, exchanges_kept(transfer->exchanges));
	if (transfer->axfr == NULL || transfer->buffer == NULL ||
		!write_request(transfer)) {
		drop_connection(transfer);
		axfr_free(transfer->axfr);
		finish_without(transfer, DNS_OUR_FAULT,
			"was not asked: no memory, or OpenSSL fails");
		return;
	}
	connect_now(transfer);
}

void transfer_start(struct exchanges *exchanges, const struct transfer_ask *ask,
	transfer_fn fn, void *arg)
{
	struct transfer *transfer =
		arena_alloc(exchanges_arena(exchanges), sizeof(*transfer));
	*transfer = (struct transfer){ .exchanges = exchanges,
		.ask = *ask,
		.fn = fn,
		.arg = arg,
		.fd = -1,
		.start_us = clock_mono_us() };
	exchanges_hold(exchanges, &transfer->hold, on_deadline, transfer);
	/* From the loop, so that fn is never called from in here. */
	if (!exchanges_are_over(exchanges))
		(void)loop_timer_set(exchanges_loop(exchanges),
			&transfer->timer, 0, start, transfer);
}
