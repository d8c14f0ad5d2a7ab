/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of one SMTP dialogue (RFC 5321, RFC 3207): what each step came
 * to, what the server offers, and the TLS and certificates that it shows.
 * Plain structs, filled by common/mailnet; any text of them is as the server
 * sent it, bounded, and cleaned where it is shown.
 */
#ifndef LIFELINE_MAIL_SMTP_H
#define LIFELINE_MAIL_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"
#include "common/dns/delegation.h"

enum {
	SMTP_TEXT_MAX = 1000, /* bytes kept of the text of one reply */
	SMTP_CERTS_MAX = 10,  /* certificates kept of what a server shows */
	/* What a chain must be worth (SSL_CTX_set_security_level(3)): no SHA-1,
	 * no RSA key below 1024 bits. */
	CERT_AUTH_LEVEL = 1,
	/* RFC 5321 section 4.5.3.1: longest local part, domain, path. */
	SMTP_LOCAL_MAX = 64,
	SMTP_DOMAIN_MAX = 255,
	SMTP_PATH_MAX = 254,
};

/* In the order in which a dialogue does them. Both EHLO are there where TLS
 * is; the three RCPT stand in one transaction. */
enum smtp_step_id {
	SMTP_CONNECT,
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_STARTTLS,
	SMTP_TLS, /* the handshake */
	SMTP_EHLO_TLS,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_RCPT_INVALID, /* --rcpt-invalid */
	SMTP_RCPT_RELAY,   /* --relay-test */
	SMTP_RSET,
	SMTP_QUIT,
	SMTP_STEPS,
};

enum smtp_outcome {
	SMTP_NOT_DONE,    /* not wanted, or a step before it ended it all */
	SMTP_DONE,        /* connected, TLS is up; or a reply came, see code */
	SMTP_TIMED_OUT,   /* nothing, until the deadline of the step or run */
	SMTP_PORT_CLOSED, /* connection refused: host up, nothing listens */
	SMTP_UNREACHABLE, /* no route, host or network unreachable */
	SMTP_CLOSED,      /* the connection ended without a whole reply */
	SMTP_MALFORMED,   /* what came is no SMTP reply, or is without end */
	SMTP_TLS_FAILED,  /* SMTP_TLS only: the handshake ended in an error */
	SMTP_INJECTED,    /* SMTP_TLS only: bytes came between the reply to
			     STARTTLS and TLS (RFC 3207 section 4.2) */
	SMTP_OUR_FAULT,   /* no descriptor, no memory: says nothing of them */
};

/* An enhanced status code (RFC 3463 section 2); class 0: none. */
struct smtp_enhanced {
	uint8_t class;
	uint16_t subject, detail;
};

struct smtp_step {
	enum smtp_outcome outcome;
	uint16_t code; /* 200 to 599 with SMTP_DONE after a reply; else 0 */
	struct smtp_enhanced enhanced;
	/* Of the reply, lines joined by a blank, without codes; of what
	 * failed, why ("certificate required"); or NULL. */
	const char *text;
	int64_t at_us;   /* since the start of the run; 0 where not done */
	int64_t took_us; /* of the greeting: since connected */
};

/* What a reply to EHLO offers (RFC 1869 section 4.3). */
struct smtp_offer {
	bool is_known;    /* a positive reply came */
	bool is_helo;     /* EHLO was refused, and HELO was not */
	const char *host; /* the first word of the reply; or NULL */
	bool has_starttls, has_pipelining, has_8bitmime, has_smtputf8,
		has_chunking, has_dsn, has_enhanced, has_requiretls;
	bool has_size;
	uint64_t size; /* RFC 1870; 0: no limit is told */
	/* RFC 4954: the mechanisms, with blanks between them; or NULL. */
	const char *auth;
};

enum cert_key {
	CERT_KEY_OTHER,
	CERT_KEY_RSA,
	CERT_KEY_EC,
	CERT_KEY_ED25519,
	CERT_KEY_ED448,
};

/* One X.509 certificate. Digests and DER are in lower-case hexadecimal. */
struct cert {
	const char *subject, *issuer; /* one line each */
	const char *common_name;      /* the last CN of the subject, or NULL */
	/* dNSName, in lower case, '*' as it stands; is_known: there is one, a
	 * name or not. */
	struct dns_names names;
	const struct dns_addr *addrs; /* iPAddress */
	size_t n_addrs;
	int64_t begin_s, end_s; /* since 1970 */
	enum cert_key key;
	unsigned bits;
	bool is_self_signed;
	/* For TLSA (RFC 6698 section 2.1): the whole certificate, and its
	 * SubjectPublicKeyInfo. */
	const char *der, *spki; /* or NULL: not kept */
	const char *sha256, *sha512;
	const char *spki_sha256, *spki_sha512;
};

/* What the chain comes to against the CA certificates of this host. */
enum cert_chain {
	CERT_CHAIN_UNKNOWN, /* no certificate, or no CA file to judge by */
	CERT_CHAIN_VALID,
	CERT_CHAIN_INVALID,
};

/* A CA that a TLSA record of usage 2 names (RFC 7671 section 5.2), and what the
 * chain comes to where that one alone is trusted. */
struct cert_anchor {
	uint8_t selector, matching;
	const char *data;      /* lower-case hexadecimal */
	enum cert_chain chain; /* UNKNOWN: the chain does not lead to it */
	const char *chain_error;
};

struct smtp_tls {
	uint16_t version;   /* as on the wire: 0x0303 is TLS 1.2; 0: none */
	const char *cipher; /* or NULL */
	/* By signatures, times and purpose; whether the name matches is
	 * told by cert_holds_name(). */
	enum cert_chain chain;
	const char *chain_error; /* INVALID: the first error; else NULL */
	struct cert *certs;      /* as shown, the server's own first */
	size_t n_certs;
	/* The first to end of those above the server's own in the chain that
	 * was found; 0: none. */
	int64_t above_end_s;
	const char *above_subject;
	struct cert_anchor *anchors;
	size_t n_anchors;
};

struct smtp_session {
	const char *local_text; /* our address of the connection, or NULL */
	struct smtp_step steps[SMTP_STEPS];
	struct smtp_offer offer;     /* before TLS */
	struct smtp_offer offer_tls; /* after it */
	struct smtp_tls tls;
	/* TLS did not come up; what is from SMTP_MAIL on is of a second
	 * connection, without TLS, as senders do it. */
	bool is_retried_plain;
};

/* Whether the step got a reply of that class: 2 for 250, 5 for 550 ... */
bool smtp_step_is(const struct smtp_step *step, unsigned class);

/* A word for each value, [a-z_]+, as JSON has it; NULL past the last. */
const char *smtp_step_word(unsigned step);
const char *smtp_outcome_word(unsigned outcome);
const char *cert_key_word(unsigned key);
const char *cert_chain_word(unsigned chain);

/* For people: "the greeting", "RCPT"; "timed out"; "TLS 1.2". */
const char *smtp_step_text(enum smtp_step_id step);
const char *smtp_outcome_text(enum smtp_outcome outcome);
const char *smtp_tls_text(uint16_t version);

/* Whether it is a host name of ASCII: labels of letters, digits, '-' and '_',
 * without a last dot. */
bool smtp_name_check(const char *name);

/* Whether a name of a certificate or policy is the host's (RFC 6125 section
 * 6.4.3, RFC 8461 section 4.1): a '*' stands for exactly one label, the
 * first, all of it, of at least three. */
bool smtp_pattern_holds(const char *pattern, const char *host);

/*
 * Whether the certificate is for the host (RFC 6125 section 6.4): one of its
 * names is, or where it has none its common name. Where the host is an address,
 * one of its addresses has to be that (RFC 2818 section 3.1).
 */
bool cert_holds_name(const struct cert *cert, const char *host);

/*
 * The enhanced status code that the text of a reply begins with (RFC 2034
 * section 4); *rest is what follows it. Class 0 where there is none, or it
 * is not of the code's class.
 */
struct smtp_enhanced smtp_enhanced_parse(
	uint16_t code, const char *text, const char **rest);

/*
 * Checks a mailbox to be given to MAIL or RCPT without a bracket (RFC 5321
 * section 4.1.2, RFC 6531 section 3.3): printable, a local part and a domain
 * within their bounds. Returns NULL, or what is wrong as the end of a
 * sentence. *domain points behind the last '@'.
 */
const char *smtp_mailbox_check(const char *mailbox, const char **domain);

/* What a refusal is about. */
enum smtp_refusal {
	SMTP_REFUSAL_NONE,      /* no refusal, or no reply */
	SMTP_REFUSAL_SENDER,    /* of this host or sender: 5.7.x, a block
				   list, our address in the text */
	SMTP_REFUSAL_RECIPIENT, /* of the recipient: 5.1.x, 5.2.x */
	SMTP_REFUSAL_UNSAID,    /* 5xx that says neither */
	SMTP_REFUSAL_GREYLIST,  /* 4xx that says come again */
	SMTP_REFUSAL_FOR_NOW,   /* any other 4xx */
};

/* ours: our address of the connection; helo: the name that we gave; either
 * may be NULL. */
enum smtp_refusal smtp_refusal_of(const struct smtp_session *session,
	enum smtp_step_id step, const char *helo);
const char *smtp_refusal_word(unsigned refusal);

/* Whether a refusal says that mail is not relayed to that domain, which 4xx
 * does not make a matter of time. */
bool smtp_denies_relay(const struct smtp_step *step);

#endif
