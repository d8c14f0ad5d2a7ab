/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMTP dialogues (RFC 5321), each with one address, many at once on one loop:
 * connect, greeting, EHLO, STARTTLS, EHLO again, MAIL, RCPT, RSET, QUIT. Never
 * DATA. What each step came to is a fact.
 *
 * Sockets and OpenSSL, without libcurl: of a URL smtp:// that one goes through
 * greeting, EHLO and STARTTLS by itself, takes what was sent too early for the
 * reply to what it asks next (and so misses STARTTLS), believes replies whose
 * code changes, cuts long lines without a word, and has one error for an
 * alert, for plain text in place of TLS, and for both ends of a handshake.
 */
#ifndef LIFELINE_MAILNET_DIALOGUE_H
#define LIFELINE_MAILNET_DIALOGUE_H

#include "common/dns/name.h"
#include "common/loop/loop.h"
#include "common/mail/smtp.h"
#include "common/mailnet/tls.h"

enum { DIALOGUE_AT_ONCE = 2 }; /* with one address, and with one provider */

struct dialogues;

/* The strings must outlive the dialogues. */
struct dialogue_options {
	/* A name, or an address literal with brackets; NULL: the literal of the
	 * connection's own address (RFC 5321 section 4.1.4). */
	const char *helo;
	struct tls_context *tls; /* borrowed */
	int64_t start_us;        /* of the run, on the monotonic clock */
	/* How long a step may take, from its start: dripping does not gain
	 * time. The loop's own deadline holds for all. */
	int64_t connect_us, greeting_us, step_us;
	/* More for what servers look things up before: the replies to EHLO,
	 * HELO, MAIL and RCPT; 0: step_us. No more than most of what is left
	 * until deadline_us then, so that silence is found before that comes,
	 * of all who wait for the same place; but not less than step_us. The
	 * greeting of one for whose place others wait leaves step_us to each
	 * where it can, and is waited for as long itself. */
	int64_t reply_us, deadline_us;
	bool keeps_der; /* of certificates: see struct cert */
};

/* The strings must live as long as the arena. */
struct dialogue_ask {
	struct dns_addr addr; /* already behind NAT64 where needed */
	uint16_t port;
	const char *name;      /* the exchanger's, sent as SNI; NULL: none */
	const char *provider;  /* what counts as one; NULL: the address alone */
	const char *mail_from; /* "" is <> */
	/* Recipients, in the order of the steps; NULL: no such step. */
	const char *rcpt, *rcpt_invalid, *rcpt_relay;
};

/* session is in the arena. */
typedef void (*dialogue_fn)(void *arg, const struct smtp_session *session);

/* NULL comes back where helo can't be used, with why as the end of a sentence
 * about it. */
struct dialogues *dialogues_new(struct arena *arena, struct loop *loop,
	const struct dialogue_options *options, const char **why);
/* Open dialogues are dropped without a call. */
void dialogues_free(struct dialogues *dialogues);

/*
 * Starts one, or queues it; fn is called once, later, from the loop or from
 * dialogues_run(). Returns NULL; or, where an address of the ask is none that
 * may be sent (a line end in it would be a command), what is wrong with it,
 * and fn is not called.
 */
const char *dialogues_start(struct dialogues *dialogues,
	const struct dialogue_ask *ask, dialogue_fn fn, void *arg);

/*
 * Runs the loop until all have ended or its deadline has come; then those
 * that were open have ended as timed out, and fn was called for them. True
 * where it was the deadline. May be called again.
 */
bool dialogues_run(struct dialogues *dialogues);

/* Ends what is open as timed out, and calls fn for it: where the deadline of
 * a loop has come that somebody else runs. */
void dialogues_end(struct dialogues *dialogues);

/* TCP connections tried so far. */
uint64_t dialogues_connections(const struct dialogues *dialogues);

#endif
