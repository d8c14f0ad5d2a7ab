/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Watches libesmtp at work: what goes out before it goes, what comes in before
 * the library sees it; and tells what each step came to, as notes. It knows
 * which command is due, as the dialogue of submit.h does; any other ends it.
 * Pure: no libesmtp, no socket.
 *
 * The library is shown only what it may use of what a server offers. Of all
 * else a letter is changed in its own buffer: CHUNKING, since it sends by BDAT
 * whatever is asked for and lets nobody see the replies then;
 * ENHANCEDSTATUSCODES, since it drops a server whose lines differ in them; and
 * mechanisms but PLAIN. A reply without a text, which it refuses,
 * gets a blank (RFC 5321 section 4.2).
 */
#ifndef LIFELINE_MAILNET_ESMTP_WATCH_H
#define LIFELINE_MAILNET_ESMTP_WATCH_H

#include "common/mailnet/smtp_reply.h"
#include "common/mailnet/submit.h"

enum esmtp_note_kind {
	ESMTP_BEGIN,  /* a step begins */
	ESMTP_DONE,   /* it is done, without a reply */
	ESMTP_BYTES,  /* of the reply to it */
	ESMTP_REPLY,  /* which is whole */
	ESMTP_FAILED, /* it has failed: outcome; bytes: why, or none */
	ESMTP_STOP,   /* it can't be done there; bytes: why */
	ESMTP_MECHANISM,
	ESMTP_GIVEN, /* from here on the message may be there */
	ESMTP_DEFER, /* the library can't do it; bytes: why */
	/* Of the connection and of TLS, by who makes them. */
	ESMTP_ADDRESS,
	ESMTP_LOCAL,
	ESMTP_CHAIN, /* number: what it came to */
	ESMTP_CHAIN_ERROR,
	ESMTP_ABOVE, /* number: since 1970; bytes: subject */
	ESMTP_CERT,  /* DER, in pieces; number: it is the last of one */
	ESMTP_TLS,   /* number: the version; bytes: cipher; all was told */
	ESMTP_NOTES,
};

enum { ESMTP_NOTE_BYTES = 1000 };

struct esmtp_note {
	int64_t at_us; /* on the monotonic clock */
	int64_t number;
	uint16_t len;
	uint8_t kind, step, outcome;
	bool is_sure; /* FAILED: nothing of the message has gone */
	char bytes[ESMTP_NOTE_BYTES];
};

/* What is to be done now. */
enum esmtp_go {
	ESMTP_GO,
	ESMTP_LEAVE, /* without the library: read what is due, then QUIT */
	ESMTP_OVER,  /* without another word */
};

/* What the other end does while nothing is due from it. */
enum esmtp_peer {
	ESMTP_PEER_SILENT,
	ESMTP_PEER_SPEAKS,
	ESMTP_PEER_ENDED, /* the connection */
};

enum esmtp_verb {
	ESMTP_NOTHING,
	ESMTP_EHLO,
	ESMTP_HELO,
	ESMTP_STARTTLS,
	ESMTP_AUTH,
	ESMTP_MAIL,
	ESMTP_RCPT,
	ESMTP_DATA,
	ESMTP_MESSAGE,
	ESMTP_QUIT,
};

/* The caller sets what is above the line; the rest is zeroes. */
struct esmtp_watch {
	struct arena *arena;
	const struct submit_ask *ask;
	void (*tell)(void *arg, const struct esmtp_note *note);
	void *arg;
	/* The name has more than one address: what does not come to a greeting
	 * is the dialogue's, which tries them all. */
	bool is_many;
	/* ---- */
	enum submit_step_id step; /* in hand */
	enum esmtp_verb due_verb; /* what is to be said next */
	bool is_due;              /* a reply is */
	bool has_surplus;         /* something came behind one */
	bool is_secure, says_helo, has_given;
	struct smtp_offer offer;
	struct smtp_reply reply;
	bool in_line; /* of a command */
	/* Of the line of a reply that is coming. */
	size_t line, column, word;
	bool is_hidden, is_auth;
	char keyword[16];
};

void esmtp_begin(struct esmtp_watch *watch, enum submit_step_id step);
void esmtp_done(struct esmtp_watch *watch);
/* A piece of the kind; len is cut at what a note holds. */
void esmtp_tell(struct esmtp_watch *watch, enum esmtp_note_kind kind,
	int64_t number, const char *bytes, size_t len);
enum esmtp_go esmtp_fail(
	struct esmtp_watch *watch, enum smtp_outcome outcome, const char *why);
/* To the dialogue, which begins anew; only while the message is not given, else
 * it has failed. */
enum esmtp_go esmtp_defer(struct esmtp_watch *watch, const char *why);

/* The connection stands: the greeting is due. */
void esmtp_connected(struct esmtp_watch *watch);
/* What came; what the library must not see of it is changed. */
enum esmtp_go esmtp_read(struct esmtp_watch *watch, char *bytes, size_t len);
/* What is about to go: whether it may. */
enum esmtp_go esmtp_write(struct esmtp_watch *watch, const char *bytes,
	size_t len, enum esmtp_peer peer);
/* TLS is up, behind a certificate that is taken. */
void esmtp_secured(struct esmtp_watch *watch);
/* The message is about to go. */
enum esmtp_go esmtp_message(struct esmtp_watch *watch, enum esmtp_peer peer);
/* The library has ended, though it was connected. */
enum esmtp_go esmtp_ended(struct esmtp_watch *watch);

#endif
