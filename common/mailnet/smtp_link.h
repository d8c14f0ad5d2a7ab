/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection to an SMTP server on a loop: bytes out, one reply in, TLS in
 * between, each within its bound. What to say is up to who has it.
 */
#ifndef LIFELINE_MAILNET_SMTP_LINK_H
#define LIFELINE_MAILNET_SMTP_LINK_H

#include "common/loop/loop.h"
#include "common/mailnet/connection.h"
#include "common/mailnet/smtp_reply.h"

/* What comes of what was begun: one call for each, in which the next is begun
 * or the link closed. */
struct smtp_link_events {
	/* was_reset: it stood, and does no more. */
	void (*connected)(void *arg, bool was_reset);
	void (*secured)(void *arg);
	/* The reply is whole. */
	void (*replied)(void *arg);
	/* SMTP_TLS_FAILED is any error of TLS, behind the handshake too. */
	void (*failed)(void *arg, enum smtp_outcome outcome, const char *why);
};

enum smtp_link_phase {
	SMTP_LINK_CONNECTING,
	SMTP_LINK_SHAKING_HANDS,
	SMTP_LINK_WRITING,
	SMTP_LINK_READING,
	SMTP_LINK_LEAVING,
};

/* loop, events and arg are the owner's to set; the rest begins as zeroes, but
 * for connection.fd, which is -1. */
struct smtp_link {
	struct loop *loop;
	const struct smtp_link_events *events;
	void *arg;
	struct connection connection;
	struct smtp_reply reply;

	/* The link's own. */
	enum smtp_link_phase phase;
	struct loop_timer timer;
	const char *bytes; /* to be sent */
	size_t len, n_sent;
	bool has_surplus; /* something came behind the reply */
};

/* What is in hand has to come to something until at_us, else it has failed as
 * SMTP_TIMED_OUT. */
void smtp_link_bound(struct smtp_link *link, int64_t at_us);

/* To connected() or failed(), at once where that is clear. */
void smtp_link_open(
	struct smtp_link *link, const struct dns_addr *addr, uint16_t port);
/* To replied() or failed(), without a word of ours. */
void smtp_link_read(struct smtp_link *link);
/* The bytes are borrowed until then; to replied() or failed(). */
void smtp_link_send(struct smtp_link *link, const char *bytes, size_t len);
/* To secured() or failed(): as SMTP_INJECTED where something else comes in
 * place of TLS, or came before it. */
void smtp_link_start_tls(
	struct smtp_link *link, struct tls_context *tls, const char *name);

/* All is said: to failed(), when the server has closed; what else it says is
 * dropped. */
void smtp_link_leave(struct smtp_link *link);

/* Whether something has come that no command has asked for. */
bool smtp_link_speaks_first(const struct smtp_link *link);
/* Whether a reply has begun, and has not ended. */
bool smtp_link_has_some(const struct smtp_link *link);

void smtp_link_close(struct smtp_link *link);

#endif
