/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of check_status_page: what each address of a status page answered,
 * what the page says (document.h), what our own probes of production saw, what
 * earlier runs saw (history.h), and what is expected. Filled by common/pagenet
 * and common/store, judged by common/page/rules*.c. Pure.
 */
#ifndef LIFELINE_PAGE_PAGE_H
#define LIFELINE_PAGE_PAGE_H

#include "common/core/json.h"
#include "common/core/text.h"
#include "common/dns/delegation.h"
#include "common/dns/history.h"
#include "common/judge/judge.h"
#include "common/page/document.h"
#include "common/page/history.h"

enum {
	PAGE_ADDRESSES_MAX = 64,
	PAGE_PROBES_MAX = 50,
	PAGE_SELECTORS_MAX = 200,
	PAGE_MAPS_MAX = 100,
};

/* What became of one request, redirects and all. */
enum page_fetch_end {
	PAGE_FETCH_NOT_DONE,
	PAGE_FETCH_DONE, /* a whole reply of HTTP: see status */
	PAGE_FETCH_TIMED_OUT,
	PAGE_FETCH_PORT_CLOSED,
	PAGE_FETCH_UNREACHABLE,
	PAGE_FETCH_CONNECTION_LOST, /* before the reply was whole */
	PAGE_FETCH_TLS_FAILED,      /* handshake; not the certificate */
	PAGE_FETCH_NO_HTTP,         /* what came is no HTTP */
	PAGE_FETCH_TOO_LARGE,       /* --max-size, also when unpacked */
	PAGE_FETCH_BAD_CODING,   /* gzip and the like that can't be unpacked */
	PAGE_FETCH_LOOP,         /* redirects: too many */
	PAGE_FETCH_OTHER_SITE,   /* a redirect to where none is permitted */
	PAGE_FETCH_BAD_REDIRECT, /* from TLS to plain text, to what is no URL */
	PAGE_FETCH_OUR_FAULT,
};

/* What the certificate comes to; the first that is wrong. */
enum page_chain {
	PAGE_CHAIN_NOT_SEEN, /* no TLS, or it did not come so far */
	PAGE_CHAIN_NOT_CHECKED,
	PAGE_CHAIN_VALID,
	PAGE_CHAIN_INVALID, /* by signature, time, purpose */
	PAGE_CHAIN_WRONG_NAME,
};

struct page_cert {
	enum page_chain chain;
	const char *why;             /* INVALID, WRONG_NAME; else NULL */
	const char *subject;         /* one line, or NULL */
	const char *issuer;          /* one line, or NULL */
	int64_t begin_s, end_s;      /* of the server's own; 0: not known */
	int64_t chain_end_s;         /* the first end in the chain, with it */
	const char *chain_end_which; /* whose that is, or NULL: its own */
};

/* One address of the page's host, or what was given for it. */
struct page_fetch {
	/* Whose address it is, where the page redirects to another host; NULL:
	 * the page's own. */
	const char *host;
	const char *addr_text; /* "192.0.2.1", "2001:db8::1" */
	uint8_t family;        /* 4, 6; an AAAA made by NAT64 counts as 4 */
	bool is_nat64;

	enum page_fetch_end end;
	const char *why;       /* all but DONE: what happened */
	unsigned status;       /* of the last reply; 0: none */
	const char *final_url; /* behind redirects; NULL: the URL itself */
	unsigned n_redirects;

	/* Since the start of the request; -1: it did not come to that. */
	int64_t connected_us, tls_us, first_byte_us, done_us;

	struct page_cert cert;
	uint64_t size;            /* bytes, unpacked */
	const char *content_type; /* or NULL */
	const char *etag;         /* or NULL */
	const char *last_modified;
	struct page_time date; /* the header Date */
	int64_t asked_s;       /* our clock when the reply came */
	bool has_age;
	int64_t age_s; /* the header Age */
	bool has_max_age;
	int64_t max_age_s; /* of Cache-Control: s-maxage, max-age; no-store: 0 */
	bool was_conditional;
	bool is_unchanged; /* 304: the document is that of the last run */

	/* Of a reply of 2xx; where another address sent the very same bytes,
	 * the same pointer. */
	const struct page_document *document;
};

/* A URL, with all that its host answers. */
struct page_source {
	const char *url;  /* as typed */
	const char *host; /* of it, lower case */
	enum dns_lookup lookup_v4, lookup_v6;
	const char *lookup_why;     /* FAILED, LIMIT; or NULL */
	size_t n_left_out;          /* addresses beyond PAGE_ADDRESSES_MAX */
	struct page_fetch *fetches; /* by family, then by address */
	size_t n_fetches;
	/* The one to judge by: of the first address whose document was read,
	 * else of the first with one; NULL: none. */
	const struct page_document *document;
};

enum page_probe_end {
	PAGE_PROBE_NOT_DONE, /* switched off, or the deadline came */
	PAGE_PROBE_UP,
	PAGE_PROBE_DOWN,
	PAGE_PROBE_UNSURE, /* a plugin said UNKNOWN; no route from here */
};

/* --probe, --probe-command: our own view of production. */
struct page_probe {
	const char *key;       /* of the history: what is below, in one line */
	const char *what;      /* "https://www.example.com", the command */
	const char *component; /* as typed; NULL: all that the page is of */
	struct page_selector selector; /* of that */
	enum page_probe_end end;
	const char *why; /* all but UP: what was seen, or NULL */
	int64_t took_us;
};

/* --control: a URL that is known to answer. */
struct page_control {
	const char *url; /* NULL: not given */
	enum page_fetch_end end;
	const char *why;
};

/* --map WORD=STATE. */
struct page_map {
	const char *word; /* compared without regard to case */
	enum state state;
};

enum page_maintenance_mode {
	PAGE_MAINTENANCE_OK, /* shown */
	PAGE_MAINTENANCE_WARNING,
	PAGE_MAINTENANCE_SKIP,
};

/* Two thresholds in seconds; below 0: not judged by it. */
struct page_limits {
	int64_t warning_s, critical_s;
};

struct page_expect {
	bool is_upstream; /* --upstream; else --own */
	int64_t now_s;
	const char *page_id;   /* --page-id; or NULL */
	const char *page_name; /* --page-name; or NULL */
	struct page_selector *components, *groups, *ignored;
	size_t n_components, n_groups, n_ignored;
	struct page_map *maps;
	size_t n_maps;
	enum page_maintenance_mode maintenance;

	struct page_limits cert;  /* left; less is worse */
	struct page_limits cache; /* age of the copy that is served */
	/* The time in a page at which it was rendered is such an age, too. */
	bool wants_rendered;
	struct page_limits silence;    /* R8 */
	struct page_limits first_post; /* R9 */
	struct page_limits limbo;      /* R12 */
	struct page_limits stale;      /* R11 */
	struct page_limits overdue;    /* R17 */
	struct page_limits drill;      /* R20; not judged unless asked for */
	struct page_limits stable;     /* R13: after an all-clear */
	struct page_limits stateless;  /* R7: a component down, no incident */
	bool wants_text;               /* --expect or --reject was given */
	const char *drill_component;   /* R20; or NULL */
	int64_t untruthful_s;          /* R10: the page is silent */
	int64_t forgotten_s;           /* R10: the page is forgotten */
	int64_t clock_s;               /* R18: how far ahead a time may be */
	uint64_t size_warning, size_critical; /* bytes */
};

struct page {
	struct page_source source;
	/* --also: the same page by another name. */
	struct page_source *also;
	size_t n_also;
	struct page_control control;
	struct page_probe *probes;
	size_t n_probes;

	struct dns_history_file file;
	struct page_history before; /* as it was read; empty: none */
	struct page_history after;  /* with this run; see page_remember() */

	/* What was sent for source.document, as text; NULL: it is none, or too
	 * long to be kept. */
	const char *copy;

	enum dns_sight v4, v6; /* by the route and by all connections */
	int64_t elapsed_us;
	const char *timeout_stage; /* NULL: the deadline did not come */

	struct page_expect expect;
};

/* What the command line has where nothing else is said; now_s is 0. */
struct page_expect page_expect_defaults(void);

/* Whether the reply was one of the page: 2xx, or 304 to what was known. */
bool page_fetch_is_good(const struct page_fetch *fetch);

/* The rule table and the metric table of check_status_page. */
extern const struct rule page_rules[];
extern const size_t n_page_rules;
extern const struct metric_def page_metrics[];
extern const size_t n_page_metrics;

void page_measure(struct judge *judge, const struct page *page);

/* Line 1 where nothing is wrong: "says \"All Systems Operational\": 12 of 12
 * components operational, 0 open incidents". */
const char *page_summary(struct arena *arena, const struct page *page);

/* The members of the plugin's JSON: what the page says, with its components and
 * its open incidents, the addresses, the probes. At most 50 kB. */
void page_write_json(struct json *json, const struct page *page);

/* Every fact as the member "page", for --facts: what page_read_facts() of the
 * tests reads back. */
void page_write_facts(struct json *json, const struct page *page);

/* Appends the lines of -v (1: each address, what the page says, each probe),
 * -vv (2: times, components, updates) and -vvv (3: headers, and the beginning
 * of the document), each ended by '\n'. */
void page_write_trace(
	struct text *out, const struct page *page, unsigned verbosity);

const char *page_maintenance_word(unsigned mode);
const char *page_fetch_end_word(unsigned end);
/* "timed out", "has its port closed" ...: the end of a sentence. */
const char *page_fetch_end_text(unsigned end);
const char *page_chain_word(unsigned chain);
const char *page_probe_end_word(unsigned end);

#endif
