/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/smtp_link.h"

#include <stddef.h>

enum { INPUT = 4096 }; /* bytes read at once */

static void on_ready(int fd, int events, void *arg);

static void watch(struct smtp_link *link, int events)
{
	if (!loop_watch(
		    link->loop, link->connection.fd, events, on_ready, link))
		mem_exhausted();
}

static void fail(
	struct smtp_link *link, enum smtp_outcome outcome, const char *why)
{
	link->events->failed(link->arg, outcome, why);
}

/* Whether it is to be tried again when the socket is ready. */
static bool waits(struct smtp_link *link, enum tls_status status)
{
	if (status != TLS_WANTS_READ && status != TLS_WANTS_WRITE)
		return false;
	watch(link, status == TLS_WANTS_READ ? LOOP_READ : LOOP_WRITE);
	return true;
}

/* Reading or writing ended in something else than bytes. */
static void fail_connection(
	struct smtp_link *link, enum tls_status status, const char *why)
{
	fail(link, status == TLS_BROKEN ? SMTP_TLS_FAILED : SMTP_CLOSED, why);
}

static void on_timer(void *arg)
{
	struct smtp_link *link = arg;
	fail(link, SMTP_TIMED_OUT,
		smtp_link_has_some(link) ? "sends a reply without an end"
					 : NULL);
}

void smtp_link_bound(struct smtp_link *link, int64_t at_us)
{
	if (!loop_timer_set(link->loop, &link->timer, at_us, on_timer, link))
		mem_exhausted();
}

/* -- bytes --------------------------------------------------------------- */

void smtp_link_read(struct smtp_link *link)
{
	smtp_reply_init(&link->reply);
	link->phase = SMTP_LINK_READING;
	watch(link, LOOP_READ);
}

static void on_writable(struct smtp_link *link)
{
	while (link->n_sent < link->len) {
		const char *why = NULL;
		size_t n = 0;
		enum tls_status status = connection_write(&link->connection,
			link->bytes + link->n_sent, link->len - link->n_sent,
			&n, &why);
		if (waits(link, status))
			return;
		if (status != TLS_OK) {
			fail_connection(link, status, why);
			return;
		}
		link->n_sent += n;
	}
	connection_hurry(&link->connection);
	smtp_link_read(link);
}

void smtp_link_send(struct smtp_link *link, const char *bytes, size_t len)
{
	smtp_reply_init(&link->reply);
	link->bytes = bytes;
	link->len = len;
	link->n_sent = 0;
	link->phase = SMTP_LINK_WRITING;
	on_writable(link);
}

bool smtp_link_speaks_first(const struct smtp_link *link)
{
	uint8_t byte;
	return link->has_surplus ||
	       (link->connection.tls == NULL &&
		       connection_peek(&link->connection, &byte, 1) > 0);
}

bool smtp_link_has_some(const struct smtp_link *link)
{
	return link->phase == SMTP_LINK_READING && link->reply.n_bytes > 0;
}

static void on_readable(struct smtp_link *link)
{
	uint8_t bytes[INPUT];
	const char *why = NULL;
	size_t n = 0, used = 0;
	enum smtp_reply_status reply = SMTP_REPLY_MORE;
	while (reply == SMTP_REPLY_MORE) {
		enum tls_status status = connection_read(
			&link->connection, bytes, sizeof(bytes), &n, &why);
		if (waits(link, status))
			return;
		if (status != TLS_OK) {
			fail_connection(link, status, why);
			return;
		}
		reply = smtp_reply_feed(&link->reply, bytes, n, &used);
	}
	link->has_surplus = used < n;
	if (reply == SMTP_REPLY_WRONG)
		fail(link, SMTP_MALFORMED, link->reply.why);
	else
		link->events->replied(link->arg);
}

/* -- TLS ----------------------------------------------------------------- */

static void shake_hands(struct smtp_link *link)
{
	struct tls *tls = link->connection.tls;
	enum tls_status status = tls_handshake(tls);
	if (tls_heard_plain(tls)) {
		fail(link, SMTP_INJECTED, "plain text in place of TLS");
		return;
	}
	if (waits(link, status))
		return;
	if (status == TLS_OK)
		link->events->secured(link->arg);
	else if (status == TLS_CLOSED)
		fail(link, SMTP_CLOSED, NULL);
	else
		fail(link, SMTP_TLS_FAILED, tls_error(tls));
}

void smtp_link_start_tls(
	struct smtp_link *link, struct tls_context *tls, const char *name)
{
	const char *why;
	if (smtp_link_speaks_first(link)) {
		fail(link, SMTP_INJECTED,
			"plain text behind the reply to STARTTLS");
		return;
	}
	why = tls_context_load(tls);
	if (why != NULL) {
		fail(link, SMTP_OUR_FAULT, why);
		return;
	}
	link->connection.tls = tls_new(tls, link->connection.fd, name);
	if (link->connection.tls == NULL)
		mem_exhausted();
	link->phase = SMTP_LINK_SHAKING_HANDS;
	shake_hands(link);
}

/* -- the end ------------------------------------------------------------- */

static void on_leaving(struct smtp_link *link)
{
	uint8_t bytes[INPUT];
	const char *why = NULL;
	size_t n = 0;
	enum tls_status status = connection_read(
		&link->connection, bytes, sizeof(bytes), &n, &why);
	if (status != TLS_OK && status != TLS_WANTS_READ)
		fail_connection(link, status, why);
}

void smtp_link_leave(struct smtp_link *link)
{
	link->phase = SMTP_LINK_LEAVING;
	watch(link, LOOP_READ);
}

/* -- the connection ------------------------------------------------------ */

static void on_connected(struct smtp_link *link)
{
	const char *why = NULL;
	enum smtp_outcome outcome = connection_finish(&link->connection, &why);
	if (outcome == SMTP_DONE || outcome == SMTP_CLOSED)
		link->events->connected(link->arg, outcome == SMTP_CLOSED);
	else
		fail(link, outcome, why);
}

static void on_ready(int fd, int events, void *arg)
{
	struct smtp_link *link = arg;
	(void)fd;
	(void)events;
	switch (link->phase) {
	case SMTP_LINK_CONNECTING:
		on_connected(link);
		return;
	case SMTP_LINK_SHAKING_HANDS:
		shake_hands(link);
		return;
	case SMTP_LINK_WRITING:
		on_writable(link);
		return;
	case SMTP_LINK_READING:
		on_readable(link);
		return;
	case SMTP_LINK_LEAVING:
		on_leaving(link);
		return;
	}
}

void smtp_link_open(
	struct smtp_link *link, const struct dns_addr *addr, uint16_t port)
{
	const char *why = NULL;
	enum smtp_outcome outcome;
	link->has_surplus = false;
	link->phase = SMTP_LINK_CONNECTING;
	outcome = connection_open(&link->connection, addr, port, &why);
	if (outcome != SMTP_DONE)
		fail(link, outcome, why);
	else
		watch(link, LOOP_WRITE);
}

void smtp_link_close(struct smtp_link *link)
{
	loop_timer_cancel(link->loop, &link->timer);
	if (link->connection.fd >= 0)
		(void)loop_watch(
			link->loop, link->connection.fd, 0, NULL, NULL);
	connection_close(&link->connection);
}
