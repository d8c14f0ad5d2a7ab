/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages by HTTP, from addresses that the caller names: each request goes to
 * those alone, with the right name in TLS (SNI) and in Host, so that every
 * address of a host is seen apart. Any number of them, of any URLs, run at
 * once. On libcurl, which reads no setting of this host: no proxy but the one
 * given, no netrc, no cookies, no name service. A process that uses it ignores
 * SIGPIPE.
 */
#ifndef LIFELINE_PAGENET_FETCH_H
#define LIFELINE_PAGENET_FETCH_H

#include "common/dns/name.h"
#include "common/loop/loop.h"
#include "common/page/page.h"
#include "common/pagenet/url.h"
#include "common/tls/context.h"

enum {
	PAGE_REDIRECTS_MAX = 10,   /* of one request */
	PAGE_HEAD_MAX = 64 * 1024, /* bytes of all header lines of a reply */
	PAGE_HEADERS_MAX = 200,    /* lines of these */
	PAGE_FETCH_ADDRESSES_MAX = 32, /* of one request */
};

struct page_net;

/* The host of a redirect, whose addresses are awaited. */
struct page_lookup;

/*
 * Asks for the addresses of a host, which is no address itself; answered by
 * page_lookup_answer(), within the call or later from the loop. A host is
 * asked for once a run.
 */
typedef void (*page_resolve_fn)(
	void *arg, const char *host, struct page_lookup *lookup);

struct page_net_options {
	struct loop *loop;
	struct tls_context *tls;
	uint64_t max_size;       /* bytes of a document, packed and unpacked */
	bool follows_sites;      /* redirects to another site are followed */
	const char *user_agent;  /* "check_status_page/1.0"; NULL: ours */
	const char *proxy;       /* the URL of one; NULL: none */
	page_resolve_fn resolve; /* NULL: redirects to other hosts fail */
	void *resolve_arg;
	int64_t now_s;    /* the wall clock at ... */
	int64_t start_us; /* ... this moment of clock_mono_us() */
};

/* The strings must live as long as it does. NULL: libcurl does not start. */
struct page_net *page_net_new(
	struct arena *arena, const struct page_net_options *options);

/* addrs must live as long as the arena; n 0: there are none, with why as the
 * end of a sentence, or NULL. Nothing happens where nobody waits any more. */
void page_lookup_answer(struct page_lookup *lookup,
	const struct dns_addr *addrs, size_t n, const char *why);

/* What came unpacked; not terminated by a NUL. Where two requests got the very
 * same bytes, it is the same struct. */
struct page_body {
	const char *data; /* never NULL */
	size_t len;
};

/*
 * Called once, from the loop, when the facts of fetch are filled. body: of a
 * reply of 2xx that came whole; else NULL. It lives until page_net_free() or
 * page_net_drop_bodies().
 */
typedef void (*page_fetched_fn)(
	void *arg, struct page_fetch *fetch, const struct page_body *body);

/* The strings and addresses must live as long as the arena. */
struct page_ask {
	struct page_url url;
	/* Where to connect, already behind NAT64 where needed, at least 1. Of
	 * several the first that answers is taken, as browsers do. */
	const struct dns_addr *addrs;
	size_t n_addrs;
	/* The how manieth of its host's addresses it is, from 0: behind a
	 * redirect to another host they spread over the addresses of that. */
	size_t nth;
	/* For all of it, redirects too, from now on. Half of that for
	 * connecting and TLS, each time. */
	int64_t bound_us;
	bool is_short; /* it would be more, had the run more time left */
	/* Validators of what is known already (RFC 9110 section 13.1), of this
	 * very URL: behind a redirect they are not sent. Or NULL. */
	const char *etag, *last_modified;
	/* Read on where the certificate is not valid, or for another name;
	 * else that ends as PAGE_FETCH_TLS_FAILED. Told in either case. */
	bool takes_untrusted;
	bool wants_body; /* else a reply is done when its head is there */
	page_fetched_fn fn;
	void *arg;
};

/*
 * Starts a request. Fills *out from end to is_unchanged; the address, its
 * family and the document are the caller's. Times are since the start of the
 * first request, those of the last. fn is called later, never within this
 * call.
 */
void page_fetch_start(struct page_net *net, const struct page_ask *ask,
	struct page_fetch *out);

/* How many are under way. */
size_t page_net_open(const struct page_net *net);

/*
 * The run's deadline came: what is under way ends without a call, as
 * PAGE_FETCH_NOT_DONE with what it was at ("connecting", "in the TLS
 * handshake", "waiting for the first byte", "reading").
 */
void page_net_stop(struct page_net *net);

/* Frees the bodies of all that ended; none of them may be used any more. */
void page_net_drop_bodies(struct page_net *net);

/* Stops and frees. NULL is fine. */
void page_net_free(struct page_net *net);

/*
 * What such a request says of the service behind it, by the status (below 400:
 * up; 429: unsure) and by what went wrong; *why is NULL where it is up. Where
 * it is unreachable it is unsure: whether this host has a way to it at all is
 * for the caller to tell.
 */
enum page_probe_end page_fetch_verdict(
	struct arena *arena, const struct page_fetch *fetch, const char **why);

#endif
