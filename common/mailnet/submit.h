/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Submission of one message to one recipient (RFC 5321, RFC 6409), on a loop:
 * connect, greeting, EHLO, TLS, AUTH, MAIL, RCPT, DATA, the message, QUIT.
 * What each step came to is a fact; so is whether the message was taken, was
 * not, or nobody knows because the connection ended between its last byte and
 * the reply to it. That is never told as one of the others.
 *
 * Nothing but EHLO and STARTTLS is sent before TLS where TLS is wanted, and
 * nothing behind a certificate that is not the right one. Secrets are neither
 * in a fact nor left in memory that was ours.
 */
#ifndef LIFELINE_MAILNET_SUBMIT_H
#define LIFELINE_MAILNET_SUBMIT_H

#include "common/dns/name.h"
#include "common/loop/loop.h"
#include "common/mail/smtp.h"
#include "common/mailnet/tls.h"

enum {
	SUBMIT_SECRET_MAX = 8192, /* bytes of a password or token */
	SUBMIT_USER_MAX = 255,    /* of a user's name */
	SUBMIT_ENVID_MAX = 100,   /* RFC 3461 section 4.4, as xtext */
	SUBMIT_LINE_MAX = 998,    /* RFC 5322 section 2.1.1 */
	SUBMIT_MESSAGE_MAX = 1 << 20,
	SUBMIT_ADDRESSES_MAX = 8,
};

enum submit_security {
	SUBMIT_PLAIN,      /* no TLS, though it be offered */
	SUBMIT_STARTTLS,   /* or nothing is sent (RFC 3207) */
	SUBMIT_TLS,        /* from the first byte on (RFC 8314) */
	SUBMIT_AS_OFFERED, /* STARTTLS where it is offered; then as with
			      SUBMIT_STARTTLS. With it goes no secret. */
};

enum submit_auth {
	SUBMIT_NO_AUTH,
	SUBMIT_PASSWORD, /* by PLAIN (RFC 4616), else by LOGIN */
	SUBMIT_AUTH_PLAIN,
	SUBMIT_AUTH_LOGIN,
	SUBMIT_BEARER, /* a token, by OAUTHBEARER (RFC 7628), else XOAUTH2 */
	SUBMIT_OAUTHBEARER,
	SUBMIT_XOAUTH2,
};

/* What is to be notified of (RFC 3461 section 4.1); 0: nothing is said. */
enum submit_notify {
	SUBMIT_NOTIFY_SUCCESS = 1,
	SUBMIT_NOTIFY_FAILURE = 2,
	SUBMIT_NOTIFY_DELAY = 4,
	SUBMIT_NOTIFY_NEVER = 8, /* alone */
};

enum submit_return {
	SUBMIT_RET_UNSAID,
	SUBMIT_RET_HEADERS,
	SUBMIT_RET_WHOLE,
};

/* The same for one or for several servers. The strings outlive the
 * submission. */
struct submit_options {
	/* As of dialogue_options. */
	const char *helo;
	struct tls_context *tls; /* borrowed */
	int64_t start_us;        /* of the run, on the monotonic clock */
	/* How long a step may take from its start, however it drips; the
	 * reply to the message has final_us, 0: step_us. All ends at
	 * deadline_us, where it is not 0, and at the loop's deadline. */
	int64_t connect_us, greeting_us, step_us, final_us, deadline_us;
};

/* What the strings and addresses point to outlives the submission. */
struct submit_ask {
	/* Tried in their order, until one greets; what was said from EHLO on
	 * is never said to a second. Where there are none, host is looked up
	 * (getaddrinfo(), in a child process). */
	const struct dns_addr *addrs;
	size_t n_addrs;
	uint16_t port;
	const char *host; /* the name; sent as SNI; may be NULL with addrs */
	enum submit_security security;
	/* What the certificate has to be for; NULL: host. Where that is NULL
	 * too, no certificate is the right one. */
	const char *verified_name;
	bool takes_any_certificate;

	enum submit_auth auth;
	const char *user;     /* UTF-8 */
	const char *secret;   /* password or token */
	bool may_bare_secret; /* without TLS, with SUBMIT_PLAIN */

	const char *mail_from; /* "" is <> */
	const char *rcpt;
	/* Sent only where DSN is offered: see facts. Texts as they are, not
	 * yet xtext; NULL: none. */
	const char *envid;
	unsigned notify;
	const char *orcpt; /* an address (rfc822) */
	enum submit_return ret;

	/* Header and text. Lines may end with LF alone; dots are stuffed. */
	const char *message;
	size_t message_len;
};

enum submit_step_id {
	SUBMIT_STEP_LOOKUP, /* of the name, where no address was given */
	SUBMIT_STEP_CONNECT,
	SUBMIT_STEP_GREETING,
	SUBMIT_STEP_EHLO,
	SUBMIT_STEP_STARTTLS,
	SUBMIT_STEP_TLS, /* the handshake, and what the certificate is worth */
	SUBMIT_STEP_EHLO_TLS,
	SUBMIT_STEP_AUTH, /* its last reply */
	SUBMIT_STEP_MAIL,
	SUBMIT_STEP_RCPT,
	SUBMIT_STEP_DATA,
	SUBMIT_STEP_MESSAGE, /* the reply to the whole message */
	SUBMIT_STEP_QUIT,
	SUBMIT_STEPS,
};

/* A word for each value, [a-z_]+; NULL past the last. */
const char *submit_step_word(unsigned step);
/* For people: "the greeting", "RCPT". */
const char *submit_step_text(enum submit_step_id step);

enum submit_end {
	SUBMIT_NOT_SENT, /* for sure: it was refused, or not all of it sent */
	SUBMIT_ACCEPTED, /* 2xx to the whole of it */
	SUBMIT_UNSURE,   /* all of it may have gone, and no reply came */
};
const char *submit_end_word(unsigned end);

enum submit_trust {
	SUBMIT_TRUST_UNKNOWN, /* no TLS came so far as to show something */
	SUBMIT_TRUSTED,
	SUBMIT_UNTRUSTED, /* see why_untrusted, though it was taken as asked */
};

/* An address that was given up for the next. */
struct submit_try {
	const char *address;
	enum submit_step_id step;
	struct smtp_step came_to;
};

struct submit_facts {
	enum submit_end end;
	/* The last step that was begun, QUIT aside: why it ended so. */
	enum submit_step_id last;
	struct smtp_step steps[SUBMIT_STEPS];
	const char *address; /* the last that was tried; or NULL */
	const char *local_text;
	struct submit_try tries[SUBMIT_ADDRESSES_MAX];
	size_t n_tries;

	struct smtp_offer offer, offer_tls;
	struct smtp_tls tls;
	enum submit_trust trust;
	const char *why_untrusted; /* "its certificate ..." */

	const char *mechanism; /* "PLAIN"; NULL: no AUTH was said */
	/* What the server says of a token (RFC 7628 section 3.2.2), decoded,
	 * bounded; or NULL. */
	const char *challenge;
	bool has_sent_dsn;    /* what was asked of it was said */
	const char *queue_id; /* of an acceptance, where the text tells; or
				 NULL */
	/* See submit_esmtp.h: libesmtp spoke; or why it left it to the dialogue
	 * after it had begun; or NULL. */
	bool is_by_libesmtp;
	const char *left_by_libesmtp;
};

/* facts are in the arena. */
typedef void (*submit_fn)(void *arg, const struct submit_facts *facts);

/* What in the ask can't be sent, as a sentence without an end; NULL: all can.
 * An address with a line end would be a command. */
const char *submit_check(
	const struct submit_options *options, const struct submit_ask *ask);

/* Why it ended so, a verb phrase without subject ("answers RCPT with 550: no
 * such user"); the server's words are as they came. */
struct text;
void submit_say(struct text *out, const struct submit_facts *facts);

struct submission;

/*
 * Begins; fn is called once, later, from the loop or from submission_end().
 * NULL comes back where submit_check() finds fault, and *why is that.
 */
struct submission *submission_new(struct arena *arena, struct loop *loop,
	const struct submit_options *options, const struct submit_ask *ask,
	const char **why);
void submission_start(struct submission *submission, submit_fn fn, void *arg);
/* Ends it as timed out, and calls fn, unless that was done. */
void submission_end(struct submission *submission);
/* Drops it without a call, where it is open. NULL is fine. */
void submission_free(struct submission *submission);

#endif
