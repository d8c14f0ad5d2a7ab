/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of check_mx: the set of mail exchangers that a domain has, what
 * each address of each of them did, and what MTA-STS and DANE say about them.
 * Filled by common/mailnet and common/dnsnet, judged by
 * common/mail/mx_rules*.c. Pure.
 */
#ifndef LIFELINE_MAIL_MX_H
#define LIFELINE_MAIL_MX_H

#include "common/core/json.h"
#include "common/core/text.h"
#include "common/dns/delegation.h"
#include "common/dns/security.h"
#include "common/judge/judge.h"
#include "common/mail/smtp.h"

enum {
	MX_EXCHANGERS_MAX = 50, /* exchangers looked at; more: is_cut */
	MX_ADDRESSES_MAX = 100, /* addresses of all of them */
	MX_TLSA_MAX = 50,       /* TLSA records of one name */
	MX_TXT_MAX = 20,        /* TXT records of one name */
	MX_PATTERNS_MAX = 200,  /* mx lines of one policy */
	MX_POLICY_MAX = 65536,  /* bytes of a policy (RFC 8461 section 3.3) */
};

/* What became of one question of the DNS, down to its answer. */
struct mx_lookup {
	enum dns_lookup lookup; /* FOUND: records of that type are there */
	const char *why;        /* where it is FAILED or LIMIT; or NULL */
	/* Of the answer, or of the denial that came for it. */
	enum dns_security security;
	const char *security_why; /* BOGUS, INDETERMINATE; or NULL */
};

/* A TLSA record (RFC 6698 section 2.1). */
struct mx_tlsa {
	uint8_t usage, selector, matching;
	const char *data; /* lower-case hexadecimal */
};

/* One mail exchanger, by its name. */
struct mx_exchanger {
	const char *name;        /* lower case, no last dot */
	uint16_t preference;     /* the least, where it is listed twice */
	size_t n_listed;         /* times in the set: 1 */
	bool is_literal;         /* the "name" is an address literal */
	const char *alias;       /* the CNAME's target where it is an alias */
	struct mx_lookup v4, v6; /* A and AAAA; NOT_DONE: -6, -4 */
	/* Of the first alias alone, where it is one: those after it may not be
	 * secure. */
	enum dns_security alias_security;
	/* TLSA at _25._tcp.NAME, or of the name that it is an alias of (RFC
	 * 7672 section 2.2.2): see tlsa_base, NULL is the name itself. */
	struct mx_lookup tlsa_lookup;
	const char *tlsa_base;
	struct mx_tlsa *tlsa;
	size_t n_tlsa;
	const char *registrable; /* libpsl; or NULL */
	const char *zone;        /* that its addresses stand in; or NULL */
};

/* One address of one exchanger: where two have the same address, each has
 * its own, since the name given as SNI may decide what is shown. */
struct mx_address {
	size_t exchanger; /* index */
	struct dns_addr addr;
	const char *addr_text;
	uint32_t as_number; /* 0: unknown */
	struct smtp_session session;
};

enum mx_set {
	MX_SET_UNKNOWN,  /* the answer for MX or for the domain's own
			    addresses did not come */
	MX_SET_LISTED,   /* MX records; null MX beside them: has_null */
	MX_SET_IMPLICIT, /* none, and the domain has an address (RFC 5321
			    section 5.1): one exchanger, the domain itself */
	MX_SET_NULL,     /* a null MX alone: takes no mail (RFC 7505) */
	MX_SET_NONE,     /* none, and no address */
	MX_SET_NXDOMAIN, /* no such domain */
};

/* MTA-STS (RFC 8461): fetching the policy. */
enum mx_fetch {
	MX_FETCH_NOT_DONE,
	MX_FETCH_DONE,       /* a reply of HTTP: see status */
	MX_FETCH_NO_ADDRESS, /* mta-sts.DOMAIN does not resolve */
	MX_FETCH_TIMED_OUT,
	MX_FETCH_PORT_CLOSED,
	MX_FETCH_UNREACHABLE,
	MX_FETCH_TLS_FAILED, /* handshake or certificate */
	MX_FETCH_REDIRECTED, /* 3xx, which is not followed (section 3.3) */
	MX_FETCH_TOO_LARGE,
	MX_FETCH_BROKEN, /* connection lost, no HTTP */
	MX_FETCH_OUR_FAULT,
};

enum mx_sts_mode {
	MX_STS_NO_MODE,
	MX_STS_NONE,
	MX_STS_TESTING,
	MX_STS_ENFORCE,
};

/* A policy (section 3.2). */
struct mx_policy {
	bool is_parsed;    /* the text was looked at */
	const char *wrong; /* what is wrong with it; NULL: nothing */
	enum mx_sts_mode mode;
	bool has_max_age;
	uint64_t max_age_s;
	struct dns_names patterns; /* "mx1.example.org", "*.example.org" */
};

struct mx_sts {
	bool was_asked;
	struct mx_lookup lookup; /* TXT at _mta-sts.DOMAIN */
	const char **txt;        /* as they are, strings joined */
	size_t n_txt;
	enum mx_fetch fetch;
	const char *fetch_why; /* what failed; the place of a redirect; NULL */
	uint16_t status;       /* of HTTP; 0: none */
	const char *content_type;
	const char *policy_text; /* body, NUL-terminated; or NULL */
	bool policy_has_nul;     /* the body had one, and ends there */
	int64_t took_us;

	/* What mx_sts_read() makes of txt and policy_text. */
	size_t n_records; /* TXT that begin as STSv1 */
	const char *id;   /* of the one record; NULL: none, or it is wrong */
	/* What is wrong with that, or with what was meant to be one; NULL:
	 * nothing. */
	const char *wrong;
	struct mx_policy policy;

	/* --state-dir: the id that was seen last, and the policy that was
	 * there when it was seen first; or NULL. */
	struct dns_history_file memory;
	const char *past_id, *past_policy_text;
};

/* --control: a host that is known to answer at port 25. */
struct mx_control {
	const char *host; /* as typed; NULL: not given */
	const char *addr_text;
	enum smtp_outcome connect, greeting; /* NOT_DONE: no address */
};

struct mx {
	const char *domain; /* A-labels, no last dot */
	const char *typed;
	const char *alias; /* the CNAME's target where it is an alias */
	enum mx_set set;
	struct mx_lookup lookup; /* MX of the domain */
	/* UNKNOWN: its name servers were asked in vain, or none can be found,
	 * while those above answered. */
	bool is_unserved;
	bool has_null; /* a null MX is in the set */
	bool is_cut;   /* more than the bounds */

	struct mx_exchanger *exchangers; /* by preference, then by name */
	size_t n_exchangers;
	struct mx_address *addresses; /* by exchanger, then by address */
	size_t n_addresses;

	struct mx_sts sts;
	struct mx_control control;
	bool security_is_known; /* signatures were validated, or proved absent:
				   an anchor is there */
	bool has_asn;           /* --asn-db was read */

	/* By all queries and connections: SEEN, NO_ROUTE, SILENT, SWITCHED_OFF,
	 * NOT_TRIED. */
	enum dns_sight v4, v6;
	struct dns_step *steps; /* of the DNS */
	size_t n_steps;
	uint64_t n_queries, n_connections;
	int64_t elapsed_us;
	const char *timeout_stage; /* NULL: the deadline did not come */

	/* What was asked for, and what is expected. */
	struct mx_expect {
		const char *rcpt;         /* --rcpt; NULL: none, no RCPT */
		const char *rcpt_invalid; /* --rcpt-invalid; or NULL */
		const char *rcpt_relay;   /* --relay-test; or NULL */
		const char *mail_from;    /* "" is <> */
		const char *helo;
		uint64_t min_good;
		int64_t greeting_max_us; /* 30 s */
		int64_t now_s;
		/* Seconds; -1: not given. */
		int64_t cert_warning_s, cert_critical_s;
		struct dns_prefix *permitted; /* --permit-address */
		size_t n_permitted;
		struct dns_prefix *lost; /* --lost PREFIX */
		size_t n_lost;
		struct dns_names lost_hosts; /* --lost HOST */
		struct cert *next_cert;      /* --next-cert; or NULL */
	} expect;
};

/* Fills what a policy and its record come to from their text. Strings go to
 * the arena. */
void mx_sts_read(struct arena *arena, struct mx_sts *sts);

/* Whether a pattern of the policy holds the host (section 4.1). */
bool mx_policy_holds(const struct mx_policy *policy, const char *host);

/* Whether the text is a policy that says the same. */
bool mx_policy_equals(
	struct arena *arena, const struct mx_policy *policy, const char *text);

const char *mx_sts_mode_word(unsigned mode);

/* "USAGE SELECTOR MATCHING DATA", the data in one piece or several, as the
 * record holds it. Returns NULL, or what is wrong as the end of a sentence. */
const char *mx_tlsa_parse(
	struct arena *arena, const char *typed, struct mx_tlsa *out);

/* Whether it is of use to senders: usage 2 or 3, a known selector and digest,
 * data of its length, or that is DER (RFC 7672 section 3.1.3). */
bool mx_tlsa_is_usable(const struct mx_tlsa *tlsa);

/* Whether senders look at it: it is usable, and the exchanger has none of a
 * stronger digest beside it (RFC 7671 section 9). */
bool mx_tlsa_counts(
	const struct mx_exchanger *exchanger, const struct mx_tlsa *tlsa);

/* Whether the record is of this certificate, whatever its usage. */
bool mx_tlsa_matches(const struct mx_tlsa *tlsa, const struct cert *cert);

/*
 * What DANE comes to at one address (RFC 7672 section 2.2). Whether the MX set
 * is secure does not matter: senders may, and Postfix does, use the TLSA
 * records of exchangers that an unsigned domain names (section 2.2.1).
 */
enum mx_dane {
	MX_DANE_UNKNOWN,  /* something of it was not looked at */
	MX_DANE_NONE,     /* no TLSA record: proved, or nothing secure */
	MX_DANE_INSECURE, /* TLSA records that nothing proves */
	MX_DANE_BOGUS,    /* the records do not validate */
	MX_DANE_FAILED,   /* the zone is secure, and gives no answer for them */
	MX_DANE_UNUSABLE, /* only records that senders skip, and TLS is up */
	MX_DANE_NO_TLS,   /* records, and TLS does not come up */
	MX_DANE_MATCHES,
	MX_DANE_DIFFERS,
};
const char *mx_dane_word(unsigned dane);

/* Whether senders with DANE do not use the address. */
bool mx_dane_holds_back(enum mx_dane dane);

struct mx_dane_result {
	enum mx_dane dane;
	const struct mx_tlsa *tlsa; /* MATCHES: the first that does */
	const char *why; /* DIFFERS, BOGUS, FAILED, UNKNOWN; or NULL */
};
struct mx_dane_result mx_dane_at(
	const struct mx *mx, const struct mx_address *address);

/* The rule table and the metric table of check_mx. */
extern const struct rule mx_rules[];
extern const size_t n_mx_rules;
extern const struct metric_def mx_metrics[];
extern const size_t n_mx_metrics;

void mx_measure(struct judge *judge, const struct mx *mx);

/* Line 1 where nothing is wrong: "2 of 2 exchangers (4 of 4 addresses) take
 * user@example.org". */
const char *mx_summary(struct arena *arena, const struct mx *mx);

/* The members of the plugin's JSON: what MTA-STS says, exchangers, addresses.
 * At most 55 kB for 26 exchangers on both families. */
void mx_write_json(struct json *json, const struct mx *mx);

/* Every fact but the steps of the DNS, for --facts: what mx_read() of the
 * tests reads back. */
void mx_write_facts(struct json *json, const struct mx *mx);

/* The lines of -v, -vv (each step) and -vvv (what was said). */
void mx_write_trace(struct text *out, const struct mx *mx, unsigned verbosity);

#endif
