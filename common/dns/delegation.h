/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of a delegation: what the parent hands out, what the child
 * says, and what the authoritative addresses are, kept apart from each
 * other; and what each address of each server answered. Plain structs,
 * filled by common/dnsnet and judged by common/dns/delegation_rules.c.
 */
#ifndef LIFELINE_DNS_DELEGATION_H
#define LIFELINE_DNS_DELEGATION_H

#include "common/core/json.h"
#include "common/core/text.h"
#include "common/dns/history.h"
#include "common/dns/name.h"
#include "common/dns/security.h"
#include "common/judge/judge.h"

/* What became of one exchange: one question to one address over one
 * transport, its retries included. */
enum dns_outcome {
	DNS_NOT_ASKED,
	DNS_ANSWERED,
	DNS_TIMED_OUT,   /* no reply to any try, or the run's deadline came */
	DNS_PORT_CLOSED, /* connection refused: host up, nothing listens */
	DNS_UNREACHABLE, /* no route, host or network unreachable */
	DNS_CONNECTION_LOST, /* TCP closed before the reply was complete */
	DNS_MALFORMED,       /* a reply came that is no DNS message */
	DNS_OUR_FAULT, /* no descriptor, no memory: says nothing of them */
};

/* What an answered reply amounts to (RFC 1034 section 4.3.2, RFC 2308
 * section 2). */
enum dns_kind {
	DNS_KIND_NONE,   /* not answered */
	DNS_KIND_ANSWER, /* NOERROR, the record asked for is there */
	DNS_KIND_ALIAS,  /* NOERROR, a CNAME or DNAME instead of it */
	DNS_KIND_NODATA, /* NOERROR, name exists, no such type */
	DNS_KIND_NXDOMAIN,
	DNS_KIND_REFERRAL, /* to a zone at or above the question's name and
			      below the zone that was asked */
	DNS_KIND_UPWARD,   /* a referral to the zone asked or above it */
	DNS_KIND_EMPTY,    /* NOERROR without anything that says why */
	DNS_KIND_ERROR,    /* any other rcode */
};

struct dns_probe {
	enum dns_outcome outcome;
	enum dns_kind kind;
	uint16_t rcode;        /* extended, where the outcome is DNS_ANSWERED */
	bool is_authoritative; /* AA */
	bool was_truncated;    /* TC came over UDP, TCP was asked then */
	bool offers_recursion; /* RA */
	bool has_edns;         /* the reply has an OPT record */
	unsigned tries;        /* packets or connections sent */
	int64_t rtt_us;        /* of the try that was answered; else 0 */
	size_t reply_size;     /* bytes */
};

struct dns_soa {
	bool is_known;
	const char *mname, *rname;
	uint32_t serial, refresh, retry, expire, minimum;
};

/* A sorted set without duplicates. Not known is not the same as empty. */
struct dns_names {
	bool is_known;
	size_t n;
	const char **at;
};

struct dns_addrs {
	bool is_known;
	size_t n;
	struct dns_addr *at;
};

/* Why the authoritative addresses of a name server name are as they are. */
enum dns_lookup {
	DNS_LOOKUP_NOT_DONE,   /* switched off, or the deadline came */
	DNS_LOOKUP_FOUND,      /* at least one address */
	DNS_LOOKUP_NO_ADDRESS, /* the name exists without A and AAAA */
	DNS_LOOKUP_NXDOMAIN,
	DNS_LOOKUP_LITERAL,  /* the NS "name" is an address literal */
	DNS_LOOKUP_FAILED,   /* the servers of its zone gave no usable answer */
	DNS_LOOKUP_CIRCULAR, /* needs itself, or the zone, to be resolved */
	DNS_LOOKUP_LIMIT,    /* ended at a bound: CNAME chain, depth, queries */
};

/* One name server name of the zone. */
struct dns_host {
	const char *name;
	bool in_parent;  /* in the NS set that the parent hands out */
	bool in_child;   /* in the NS set of at least one child server */
	bool needs_glue; /* at or below the zone itself (RFC 9471) */
	enum dns_lookup lookup;
	const char *why; /* what was seen where lookup is not FOUND; or NULL */
	const char *alias; /* the CNAME's target where the name is an alias */
	struct dns_addrs glue;  /* from the parent; known: a referral came */
	struct dns_addrs addrs; /* authoritative; v4_known and v6_known say
				   for which family */
	bool v4_known, v6_known;
};

/* How an address of the zone's servers takes EDNS (RFC 6891). */
enum dns_edns {
	DNS_EDNS_UNKNOWN,
	DNS_EDNS_FINE,
	DNS_EDNS_IGNORED, /* answers, without an OPT record */
	DNS_EDNS_REFUSED, /* FORMERR, NOTIMP, BADVERS ... with it, answers
			     without */
	DNS_EDNS_DROPPED, /* silent with it, answers without, twice */
};

/* One address of the zone's name servers. */
struct dns_server {
	struct dns_addr addr;
	const char *addr_text;
	struct dns_names hosts; /* the NS names that have this address */
	bool from_glue;         /* the parent hands it out */
	bool from_auth;         /* an authoritative answer holds it */
	bool carries; /* resolvers get to it by the delegation: glue where a
			 host has glue of the family, else an authoritative
			 address of a host in the parent's set (the child's,
			 where the parent side is null) */
	struct dns_probe soa_udp, ns_udp, soa_tcp, ns_tcp;
	struct dns_soa soa; /* over UDP, or over TCP where UDP had TC */
	struct dns_soa tcp_soa;
	struct dns_names ns; /* the zone's NS set as served over UDP */
	struct dns_names tcp_ns;
	int64_t delegation_ttl_s; /* of the NS set; -1: none */
	enum dns_edns edns;
	uint16_t edns_rcode;      /* where edns is DNS_EDNS_REFUSED */
	struct dns_probe foreign; /* RD=1 for a name outside */
	bool foreign_is_answered; /* without AA: by recursion, or a cache */
	struct dns_server_security security;
	const char *nsid;   /* RFC 5001, made printable; NULL: none came */
	uint32_t as_number; /* 0: unknown */
};

/* One address of the parent's name servers, asked for the delegation. */
struct dns_parent_server {
	const char *host;
	struct dns_addr addr;
	const char *addr_text;
	struct dns_probe probe; /* SOA of the zone; kind tells the rest */
	bool serves_child;      /* answered for the zone itself, with AA */
	struct dns_names ns;    /* known where it gave a referral */
	uint32_t ttl_s;         /* of that NS set */
	size_t referral_size;   /* without DNSSEC and OPT; 0: none */
	size_t n_ds;            /* DS records in the referral */
	struct dns_names ds;    /* "TAG ALGORITHM DIGESTTYPE DIGEST", sorted;
				   known where it gave a referral or, asked
				   for the DS, an answer */
	const char *ds_why; /* what does not validate of the DS set, or of its
			       denial, as this server serves it; or NULL */
	/* Where it says that there is no cut or no such name: the zone that
	 * it holds, from the SOA in the authority section; else NULL. */
	const char *holder;
};

/* What the parent's side comes to. */
enum dns_cut {
	DNS_CUT_UNKNOWN,      /* no parent server gave a usable answer */
	DNS_CUT_DELEGATED,    /* a referral */
	DNS_CUT_SAME_SERVERS, /* every usable answer came from a server that
				 serves the zone too: parent side null */
	DNS_CUT_NONE,         /* the name is inside another zone */
	DNS_CUT_NXDOMAIN,     /* the name does not exist in the parent */
};

/* Whether this host can see a family or a transport at all, by every
 * exchange of the run: root, TLD and all others. */
enum dns_sight {
	DNS_SIGHT_NOT_TRIED,
	DNS_SIGHT_SEEN,         /* at least one reply */
	DNS_SIGHT_NO_ROUTE,     /* every try said unreachable */
	DNS_SIGHT_SILENT,       /* tried, controls too, and nothing came */
	DNS_SIGHT_SWITCHED_OFF, /* -4 or -6 */
};

/* One exchange of the walk, for -vv and JSON. */
struct dns_step {
	const char *zone; /* the cut whose servers were asked */
	const char *host; /* the server's name; NULL: only its address */
	const char *addr_text;
	const char *question; /* "example.org SOA" */
	bool is_tcp;
	int64_t at_us; /* since the start of the run */
	struct dns_probe probe;
	const char *came; /* "referral to org", "SOA 2026010101" ... */
};

struct delegation {
	const char *zone;      /* A-labels, no last dot */
	const char *typed;     /* as the user typed it */
	const char *parent;    /* the parent zone, by SOA; NULL: not found */
	bool starts_at_parent; /* --parent */
	enum dns_cut cut;
	const char *holder; /* CUT_NONE, CUT_NXDOMAIN: the zone above */
	/* Why the walk did not get to the parent's servers, naming the
	 * culprit; NULL where it did. */
	const char *walk_failure;
	const char *failed_zone;  /* whose servers failed it, or NULL */
	bool walk_hit_limit;      /* a bound ended it: loops, traps */
	const char *limit_text;   /* which, and at whose hands; or NULL */
	const char *interception; /* what was seen at a root; NULL: none */

	struct dns_parent_server *parents;
	size_t n_parents;
	struct dns_names
		parent_ns;         /* union of the referrals; known: one came */
	struct dns_names child_ns; /* union over the authoritative servers */
	struct dns_host *hosts;    /* sorted by name */
	size_t n_hosts;
	struct dns_server *servers; /* sorted by address */
	size_t n_servers;
	bool hosts_cut; /* more NS names or addresses than the bounds */

	enum dns_sight v4, v6, udp, tcp;
	struct dns_step *steps;
	size_t n_steps;
	uint64_t n_queries; /* packets and connections sent */
	int64_t elapsed_us;
	const char
		*timeout_stage; /* the deadline came in it; NULL: it didn't */
	bool has_asn;           /* --asn-db was read */
	/* The registrable domain of each host (libpsl), parallel to hosts;
	 * an entry may be NULL. NULL: not looked up. */
	const char **registrable;

	/* --ns and --ds: what would be delegated stands in place of what the
	 * parent says. */
	bool ns_is_given;
	struct dns_zone_security security;

	/* --remember: what was accepted before this run; is_known: something
	 * was. */
	struct dns_remembered remembered;
	struct dns_history_file memory; /* NOT_KEPT: without --remember */

	/* What the user expects, part of the facts so that judging is a
	 * function of one argument. */
	struct delegation_expect {
		uint64_t min_good, min_ns;
		struct dns_names ns;          /* --expect-ns; is_known: given */
		struct dns_prefix *permitted; /* --permit-address */
		size_t n_permitted;
		int64_t now_s; /* the run's wall clock, since 1970 */
		/* --sig-warning and --sig-critical; -1: not given, a share of
		 * the signature's own lifetime counts */
		int64_t sig_warning_s, sig_critical_s;
	} expect;
};

/* What a server address comes to. */
enum dns_server_verdict {
	DNS_SERVER_GOOD, /* the zone's SOA, with authority, over UDP */
	DNS_SERVER_SILENT,
	DNS_SERVER_REFUSES,
	DNS_SERVER_SERVFAIL,
	DNS_SERVER_NOT_AUTHORITATIVE, /* any other answer */
	DNS_SERVER_UNUSABLE,   /* the world can't reach such an address */
	DNS_SERVER_NOT_JUDGED, /* its family or UDP can't be seen from here */
};

/* Whether an address is of use to the world, or permitted all the same by
 * expect. Others are not asked: who owns a zone does not send this host's
 * packets where only this host can. */
bool delegation_permits(
	const struct delegation *d, const struct dns_addr *addr);

enum dns_server_verdict delegation_server_verdict(
	const struct delegation *d, const struct dns_server *server);

/*
 * The name servers that carry the zone (those of the parent's NS set; of the
 * child's where the parent side is null) counted: good where one carrying
 * address is good, not judged where none is good and one is not judged,
 * else bad.
 */
struct delegation_counts {
	size_t servers_good, servers_bad, servers_not_judged;
	size_t addrs_good, addrs_bad, addrs_not_judged;
};
struct delegation_counts delegation_count(const struct delegation *d);

/*
 * The zone as a validating resolver sees it. One that meets a bogus server
 * tries the next, so a zone is bogus where each server that carries it is, or
 * the chain above it is broken.
 */
enum dns_security delegation_security(const struct delegation *d);

/*
 * What --remember is to keep after this run, beside d->remembered that was
 * kept before; is_known: something is. That is what is there now where
 * nothing was kept, where it is accepted, or where nothing changed but what
 * was declared or not told before. Never a part of it, what is given in its
 * place, or (unless accepted) what the parent's servers do not agree on. In
 * the arena.
 */
struct dns_remembered delegation_to_remember(
	struct arena *arena, const struct delegation *d, bool is_accepted);

/* Questions of sets. */
bool dns_names_hold(const struct dns_names *names, const char *name);
bool dns_names_equal(const struct dns_names *a, const struct dns_names *b);
bool dns_addrs_hold(const struct dns_addrs *addrs, const struct dns_addr *addr);

/* Short words for output: "timed out", "referral" ... */
const char *dns_outcome_text(enum dns_outcome outcome);
const char *dns_kind_text(enum dns_kind kind);
const char *dns_rcode_text(uint16_t rcode); /* "REFUSED"; or "an error" */

/* The rule table and the metric table of check_dns_delegation. */
extern const struct rule delegation_rules[];
extern const size_t n_delegation_rules;
extern const struct metric_def delegation_metrics[];
extern const size_t n_delegation_metrics;

/* Adds the metrics to the judge. */
void delegation_measure(struct judge *judge, const struct delegation *d);

/* Line 1 where nothing is wrong: "4 of 4 name servers good ...". */
const char *delegation_summary(struct arena *arena, const struct delegation *d);

/* The members of the plugin's JSON: the three facts as sets of names with
 * addresses (null where undetermined), servers, parents. At most 55 kB for
 * 26 servers on both families. */
void delegation_write_json(struct json *json, const struct delegation *d);

/* Every fact, for --facts: what delegation_facts_read() of the tests reads
 * back. */
void delegation_write_facts(struct json *json, const struct delegation *d);

/* The lines of -v, -vv (the walk as dig +trace shows it) and -vvv. */
void delegation_write_trace(
	struct text *out, const struct delegation *d, unsigned verbosity);

#endif
