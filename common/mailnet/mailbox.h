/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mailbox where probes arrive, by IMAP (RFC 9051, RFC 3501) or POP3 (RFC
 * 1939), on a loop and in two steps. The first one reads: it looks for what
 * may be ours, and hands out headers. Then the connection waits until the
 * caller has written what he saw to disk; the second one deletes what he
 * names, and logs out. What each step came to is a fact.
 *
 * Sockets and OpenSSL with readers of its own, without libcurl, which proved
 * unsafe for this: of a custom FETCH its write callback gets the first line,
 * and the literal, or a part of it, comes elsewhere, by version; a line "A004
 * OK" inside of a mail ends such a command, and what follows in that mail is
 * taken for the result of the next one; a SEARCH of more than 14 kB comes out
 * with numbers glued together, without an error, so that somebody else's mail
 * may be deleted; BODY[...] by URL sets \Seen; CONNECT_ONLY has no deadline
 * from its login on, and a failed handshake tells nothing of the certificate.
 */
#ifndef LIFELINE_MAILNET_MAILBOX_H
#define LIFELINE_MAILNET_MAILBOX_H

#include "common/dns/name.h"
#include "common/loop/loop.h"
#include "common/mail/flow_facts.h"
#include "common/mail/smtp.h"
#include "common/mailnet/tls.h"

enum {
	MAILBOX_SECRET_MAX = 8192, /* bytes of a password or token */
	MAILBOX_USER_MAX = 255,
	MAILBOX_NAME_MAX = 255, /* of a folder, UTF-8 */
	MAILBOX_FOLDERS_MAX = 8,
	/* Bytes kept of a header: a hundred servers have room in it. */
	MAILBOX_HEADER_MAX = 64 * 1024,
	MAILBOX_WHOLE_MAX = 64 * 1024, /* of a notification */
	/* Headers a folder and run; where there are more, the oldest, which
	 * then need not be looked at again, and so many of the newest. */
	MAILBOX_READ_MAX = 6000,
	MAILBOX_NEWEST = 1000,
	/* Notifications a folder and run, the oldest; the others are looked
	 * at again. */
	MAILBOX_WHOLES_MAX = 50,
	MAILBOX_SCAN = 200, /* POP3: the newest of the first run */
	MAILBOX_LOOK = 50,  /* IMAP: the newest where a search finds none */
	MAILBOX_SAID_MAX = 500,
};

enum mailbox_security {
	MAILBOX_PLAIN,    /* no TLS, though it be offered */
	MAILBOX_STARTTLS, /* STARTTLS or STLS (RFC 2595), or nothing is said */
	MAILBOX_TLS,      /* from the first byte on */
};

enum mailbox_auth {
	MAILBOX_PASSWORD,   /* by PLAIN (RFC 4616) where offered, else login */
	MAILBOX_AUTH_PLAIN, /* SASL PLAIN */
	MAILBOX_LOGIN,      /* LOGIN; USER and PASS */
	MAILBOX_BEARER,     /* a token, by OAUTHBEARER (RFC 7628) or XOAUTH2 */
	MAILBOX_OAUTHBEARER,
	MAILBOX_XOAUTH2,
};

/* The same for several mailboxes; must outlive them. */
struct mailbox_options {
	struct tls_context *tls; /* borrowed */
	int64_t start_us;        /* of the run, on the monotonic clock */
	/* How long a step may take from its start, however it drips; answers
	 * to what servers search or read much for have long_us, 0: step_us.
	 * All ends at the loop's deadline. */
	int64_t connect_us, greeting_us, step_us, long_us;
	/* On the monotonic clock: from then on no more headers are asked for,
	 * so that what was read is accounted for, deleted, and not read again.
	 * 0: there is time. */
	int64_t read_until_us;
};

/* What is remembered of a folder: nothing is 0. */
struct mailbox_folder {
	const char *name; /* IMAP, UTF-8: "INBOX" */
	/* Of facts of an earlier run: what is up to last_uid is not looked at
	 * again, as long as the folder is the same by uid_validity. */
	uint32_t uid_validity, last_uid;
};

/* What the strings point to must outlive the mailbox. */
struct mailbox_ask {
	bool is_pop3;
	/* Tried in their order until one greets. */
	const struct dns_addr *addrs;
	size_t n_addrs; /* at least 1 */
	uint16_t port;
	const char *host; /* sent as SNI; may be NULL */
	enum mailbox_security security;
	const char *verified_name; /* of the certificate; NULL: host */
	bool takes_any_certificate;

	enum mailbox_auth auth;
	const char *user, *secret; /* UTF-8, without NUL and line ends */
	bool may_bare_secret;      /* without TLS, with MAILBOX_PLAIN */

	const struct mailbox_folder *folders; /* POP3: NULL and 0 */
	size_t n_folders;
	/* Of which probes are looked for: see flow_token.h. */
	const char *instance;
	bool wants_reports; /* what may be notifications, too */
	bool only_reads;    /* nothing is ever deleted, nor marked */

	/* POP3. Of an earlier run: see mailbox_facts; in ascending order. */
	const uint64_t *seen;
	size_t n_seen;
	bool is_first; /* there was none: the newest of these are read */
	size_t scan;   /* 0: MAILBOX_SCAN */
};

/* A message; valid during the call. */
struct mailbox_message {
	size_t folder;
	uint32_t uid;   /* POP3: its number in this session */
	uint64_t print; /* POP3: of its UIDL, the same in each session */
	uint64_t size;  /* 0: not told */
	/* IMAP: "22-Nov-2026 02:47:57 +0000", when it came into the folder,
	 * by the server's clock; or NULL. */
	const char *internal_date;
	/* The fields that matter, as they came, and no others; at most
	 * MAILBOX_HEADER_MAX. NUL-terminated, a NUL inside is a blank. */
	const char *header;
	/* Where it was asked for: header and body, of which the end may be
	 * missing, and header is the same; else NULL. */
	const char *whole;
};

enum mailbox_verdict {
	MAILBOX_FOREIGN, /* never looked at again, where that is remembered */
	MAILBOX_OWN,     /* looked at again until it is deleted */
	MAILBOX_WHOLE,   /* to be called again with the whole of it */
};

typedef enum mailbox_verdict (*mailbox_message_fn)(
	void *arg, const struct mailbox_message *message);

enum mailbox_step_id {
	MAILBOX_STEP_CONNECT,
	MAILBOX_STEP_GREETING,
	MAILBOX_STEP_CAPABILITY,
	MAILBOX_STEP_STARTTLS,
	MAILBOX_STEP_TLS, /* the handshake, and what the certificate is worth */
	MAILBOX_STEP_LOGIN,
	MAILBOX_STEP_SELECT, /* the last folder's */
	MAILBOX_STEP_SEARCH, /* UIDL */
	MAILBOX_STEP_FETCH,  /* TOP */
	MAILBOX_STEP_DELETE,
	MAILBOX_STEP_LOGOUT, /* QUIT */
	MAILBOX_STEPS,
};
/* A word for each value, [a-z_]+; NULL past the last. */
const char *mailbox_step_word(unsigned step);

struct mailbox_step {
	enum flow_outcome outcome;
	/* By the server, or why: harmless, bounded; or NULL. */
	const char *said;
	int64_t at_us; /* since the start of the run */
	int64_t took_us;
};

struct mailbox_folder_facts {
	const char *name; /* POP3: NULL */
	/* Reading it: not done, done, or why not. One that is turned down
	 * keeps the others from nothing. */
	struct mailbox_step read;
	uint32_t exists, uid_validity, uid_next; /* 0: not told */
	bool has_changed; /* it is another folder than what is remembered */
	size_t n_found;   /* by the search; POP3: not seen before */
	size_t n_read;
	/* All that was not looked at before was looked at. False: there may be
	 * arrivals that were not handed out. */
	bool is_all;
	bool is_looked; /* the newest were read since the search found none */
	size_t n_left_out; /* POP3, first run: older than the newest */
	/* To be remembered as last_uid: below what is own, and some more,
	 * since servers may find mail later than they have it. */
	uint32_t settled_uid;
	size_t n_deleted, n_undeleted;
	const char *why_undeleted; /* "its server has no UIDPLUS"; or NULL */
};

enum mailbox_trust {
	MAILBOX_TRUST_UNKNOWN,
	MAILBOX_TRUSTED,
	MAILBOX_UNTRUSTED, /* see why_untrusted */
};

struct mailbox_facts {
	/* What reading came to as a whole: the first step that failed for
	 * all folders, which is last. */
	enum flow_outcome outcome;
	enum mailbox_step_id last;
	const char *said;
	const char *address; /* the last that was tried */
	struct mailbox_step steps[MAILBOX_STEPS];
	struct smtp_tls tls;
	enum mailbox_trust trust;
	const char *why_untrusted;
	const char *mechanism; /* "PLAIN", "LOGIN"; NULL: none was tried */
	const char *challenge; /* of a token's failure, decoded; or NULL */
	struct mailbox_folder_facts *folders; /* POP3: one */
	size_t n_folders;
	/* POP3: of all messages that were seen, and are not own, in ascending
	 * order. Those that are gone are not among them. */
	const uint64_t *seen;
	size_t n_seen;
	/* How often something was sent and waited for, the connection and
	 * handshake too. */
	unsigned n_round_trips;
};

struct mailbox;

/* NULL comes back where the ask can't be used, with *why as a sentence's end.
 */
struct mailbox *mailbox_new(struct arena *arena, struct loop *loop,
	const struct mailbox_options *options, const struct mailbox_ask *ask,
	const char **why);

typedef void (*mailbox_fn)(void *arg, const struct mailbox_facts *facts);

/* Who is called: message while it reads, read once at the end of that, gone
 * once after mailbox_finish(); each later, from the loop, or from
 * mailbox_stop(). */
struct mailbox_calls {
	mailbox_message_fn message;
	mailbox_fn read, gone;
	void *arg;
};

void mailbox_start(struct mailbox *mailbox, const struct mailbox_calls *calls);

struct mailbox_id {
	size_t folder;
	uint32_t uid;
};

/*
 * After read was called, and the ledger is on disk: deletes these messages,
 * which were handed out and called own, for good and by name only (RFC 4315;
 * else they are marked, and stay), then logs out. None is fine. What can't be
 * deleted is a fact. Calls gone at once where the connection has ended.
 */
void mailbox_finish(
	struct mailbox *mailbox, const struct mailbox_id *ids, size_t n);

/* Ends what is in hand as timed out, and makes the calls that are due; where
 * the loop's deadline has come. */
void mailbox_stop(struct mailbox *mailbox);

/* As they are so far; and whether gone was called. */
const struct mailbox_facts *mailbox_facts(const struct mailbox *mailbox);
bool mailbox_is_over(const struct mailbox *mailbox);

/* Drops it without a call; not from inside of one. NULL is fine. */
void mailbox_free(struct mailbox *mailbox);

/* What a message of POP3 is remembered by. */
uint64_t mailbox_uidl_print(const char *uidl);

#endif
