/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of check_dns_secondary: the copies of a zone that its primary
 * and its secondaries hold, beside the delegation that leads to them.
 * Filled by common/dnsnet/copies.c and common/store, judged by
 * common/dns/secondary_rules*.c. Pure.
 */
#ifndef LIFELINE_DNS_SECONDARY_H
#define LIFELINE_DNS_SECONDARY_H

#include "common/dns/delegation.h"
#include "common/dns/history.h"
#include "common/dns/transfer.h"

/* The answer to one --probe. */
struct dns_contents {
	struct dns_probe probe;
	/* One line a record, "owner TYPE data" in canonical form, without TTL
	 * and without what a signer adds; known where the answer says which
	 * there are (none, by NODATA or NXDOMAIN, too). */
	struct dns_names records;
};

/* A server named with --primary or --secondary, or by the MNAME. */
struct dns_named {
	const char *typed;      /* as the user typed it */
	const char *name;       /* NULL: an address was given */
	struct dns_addr addr;   /* family 0: a name was given */
	uint16_t port;          /* 0: the port of all */
	enum dns_lookup lookup; /* of a name */
	const char *why;        /* where that is not FOUND; or NULL */
};

/* What one address holds of the zone. */
struct dns_copy {
	/* What it answered, as in the delegation; its hosts hold the name
	 * that it was given by, too. */
	struct dns_server server;
	uint16_t port;   /* 0: the port of all */
	const char *key; /* "192.0.2.1", "[192.0.2.1]:5300": for history */
	bool is_primary; /* by --primary, or inferred; never a secondary then */
	bool is_named;   /* with --primary or --secondary */
	bool in_parent, in_child; /* a name of it is in that NS set */
	bool has_expire;
	uint32_t expire_s;    /* EDNS EXPIRE (RFC 7314): time left */
	int32_t ede;          /* RFC 8914 code with its SOA reply; -1: none */
	const char *ede_text; /* its extra text, or NULL */
	struct dns_contents *contents; /* parallel to probes */
	/* A primary, asked once more where a secondary seemed ahead of it;
	 * a secondary, where it seemed behind. */
	struct dns_soa later_soa;
	/* Asked again where they seemed to differ; NULL: not. Then the SOA
	 * once more: they belong to a serial that is the same before and
	 * behind them. */
	struct dns_contents *later_contents;
	struct dns_soa contents_soa;
	struct dns_transfer transfer; /* with the key of --tsig-file */
	struct dns_transfer stranger; /* --check-axfr: without a key */
};

struct secondary {
	/* First, so that the rules of a delegation judge it too. Its servers
	 * are those of the delegation, and those named with --secondary. */
	struct delegation d;

	bool primary_is_given;    /* --primary */
	bool primary_is_inferred; /* by the MNAME of the SOA */
	struct dns_named *primaries, *secondaries;
	size_t n_primaries, n_secondaries; /* secondaries: --secondary */
	struct dns_copy *copies; /* primaries first, then by address */
	size_t n_copies;
	const char **probes; /* "example.org MX" */
	size_t n_probes;

	struct dns_history_file file;
	/* With this run in it already; empty where none is kept. */
	struct dns_history history;
	/* Where the history that was read says so: this copy's time had run
	 * out before this run. Parallel to copies; NULL: none read. */
	const bool *had_run_out;

	struct secondary_expect {
		bool is_independent;     /* --independent */
		uint64_t min_survivors;  /* --min-survivors */
		int64_t min_cover_s;     /* --min-cover */
		int64_t lag_warning_s;   /* --lag-warning; -1: by the SOA */
		int64_t lag_critical_s;  /* --lag-critical; -1: by the SOA */
		struct dns_prefix *lost; /* --lost */
		size_t n_lost;
		/* What was asked for, so that a rule can tell that it did not
		 * come: --tsig-file (transfers from the primary), with
		 * --axfr-secondary from each secondary too, --zonemd,
		 * --check-axfr. */
		bool wants_transfer, wants_axfr_secondary;
		bool wants_zonemd, wants_stranger;
	} expect;
};

/* The SOA of it that counts: the later one, where it was asked again. */
const struct dns_soa *dns_copy_soa(const struct dns_copy *copy);

/* What the primaries come to together. */
enum dns_primary_state {
	DNS_PRIMARY_UNSEEN,  /* none is known, or none can be seen from here */
	DNS_PRIMARY_ANSWERS, /* one of them does, for the zone */
	DNS_PRIMARY_SILENT,  /* or answers without the zone */
};
enum dns_primary_state secondary_primary_state(const struct secondary *s);
/* Whether a primary that never told this host of the zone turns it away: it is
 * alive, and may serve its secondaries. */
bool secondary_is_kept_out(const struct secondary *s);

/* Where a copy stands to the reference (RFC 1982 section 3.2). */
enum dns_step_state {
	DNS_STEP_UNKNOWN, /* no serial of it, or no reference */
	DNS_STEP_EQUAL,
	DNS_STEP_BEHIND,
	DNS_STEP_AHEAD,     /* only with --primary, and after a second look */
	DNS_STEP_UNDEFINED, /* half of the circle apart */
};

/* The serial that the secondaries are held against. */
struct dns_reference {
	bool is_known;
	uint32_t serial;
	const struct dns_soa *soa;   /* whose timers count; NULL: no SOA came */
	const struct dns_copy *copy; /* who serves it; NULL: from history */
	bool is_primary;             /* a primary's own word, now */
};
struct dns_reference secondary_reference(const struct secondary *s);
/* Whether a primary was given, and ever told its serial: else the newest copy
 * is the reference. */
bool secondary_is_led(const struct secondary *s);

struct dns_lag {
	enum dns_step_state step;
	uint32_t serials; /* BEHIND, AHEAD: how many serials apart */
	/* BEHIND: since when a newer serial is known; has_age: history is
	 * kept, so that it can be told. */
	bool has_age;
	int64_t age_s;
};
struct dns_lag secondary_lag(
	const struct secondary *s, const struct dns_copy *copy);

/* How it is known for how long a copy would still be served. */
enum dns_cover_source {
	DNS_COVER_UNKNOWN,
	DNS_COVER_MEASURED,  /* EDNS EXPIRE */
	DNS_COVER_ASSUMED,   /* in step with a primary that answers: all of
			       the SOA's expire */
	DNS_COVER_AT_MOST,   /* expire, less the time since the primary was
			       first seen silent or the copy first behind */
	DNS_COVER_UNLIMITED, /* --independent: nothing to expire */
};

enum dns_cover_limit {
	DNS_LIMIT_NONE,
	DNS_LIMIT_EXPIRE,
	DNS_LIMIT_SIGNATURE,
};

/* Seconds; never below 0. */
struct dns_cover {
	enum dns_cover_source source;
	const char *why;       /* UNKNOWN: the reason, "no history ..." */
	int64_t expire_left_s; /* MEASURED, ASSUMED, AT_MOST */
	bool has_signature;    /* validating resolvers need one */
	int64_t signature_left_s;
	bool is_known;   /* cover_s tells; the rest may be unknown then */
	int64_t cover_s; /* the lesser of the two */
	enum dns_cover_limit limit;
};
struct dns_cover secondary_cover(
	const struct secondary *s, const struct dns_copy *copy);

/* A secondary that serves the zone with authority, or a primary. */
enum dns_server_verdict secondary_verdict(
	const struct secondary *s, const struct dns_copy *copy);

/*
 * All that a copy has after a transfer: the SOA's expire, or the 24 weeks that
 * BIND cuts a longer one to, where its EXPIRE says no more than that.
 */
int64_t dns_copy_full_expire(const struct dns_copy *copy);

bool secondary_is_good(const struct secondary *s, const struct dns_copy *copy);

/* Whether validating resolvers turn from it. */
bool secondary_is_bogus(const struct secondary *s, const struct dns_copy *copy);

/* A SERVFAIL whose cause is known: by its EDE 24 (Invalid Data), or since
 * its time had run out by the history. */
bool secondary_has_expired(
	const struct secondary *s, const struct dns_copy *copy);

/*
 * The history with this run in it. Nothing is added for what did not
 * change. Strings are shared with both; arrays are in the arena.
 */
struct dns_history secondary_remember(struct arena *arena,
	const struct secondary *s, const struct dns_history *before);
/* What it knows of a copy, as the one that answers at its address now; else
 * NULL. */
const struct dns_past_copy *dns_history_find(
	const struct dns_history *history, const struct dns_copy *copy);
/* Where in serials the first one after a copy's is; n_serials: nowhere. */
size_t dns_history_first_after(
	const struct dns_history *history, uint32_t serial);
/* Whether there is nothing to write. */
bool dns_history_equal(
	const struct dns_history *a, const struct dns_history *b);
/* For had_run_out. */
const bool *secondary_run_out(struct arena *arena, const struct secondary *s,
	const struct dns_history *before);

/* Whether a rule would have needed a history and has none. */
bool secondary_needs_history(const struct secondary *s);

/* The rule table and the metric table of check_dns_secondary. */
extern const struct rule secondary_rules[];
extern const size_t n_secondary_rules;
extern const struct metric_def secondary_metrics[];
extern const size_t n_secondary_metrics;

void secondary_measure(struct judge *judge, const struct secondary *s);

/* Line 1 where nothing is wrong: "2 of 2 secondaries would carry it for
 * 13 d ...". */
const char *secondary_summary(struct arena *arena, const struct secondary *s);

/* As those of a delegation, with primaries and secondaries as arrays. */
void secondary_write_json(struct json *json, const struct secondary *s);
void secondary_write_facts(struct json *json, const struct secondary *s);
void secondary_write_trace(
	struct text *out, const struct secondary *s, unsigned verbosity);

#endif
