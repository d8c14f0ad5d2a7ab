/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One request while it is under way: the URL, and the redirects from it
 * (fetch.c), each an exchange of libcurl (hop.c), and what comes of the last
 * (outcome.c).
 */
#ifndef LIFELINE_PAGENET_REQUEST_H
#define LIFELINE_PAGENET_REQUEST_H

#include "common/pagenet/bodies.h"
#include "common/pagenet/peer.h"
#include "common/webnet/web.h"

struct page_net {
	struct arena *arena;
	struct page_net_options options;
	struct web *web;
	struct bodies *bodies;
	struct request *first; /* under way */
	struct page_lookup *lookups;
	size_t n_open, n_started;
};

/* Where libcurl connects to: curl_slist. */
struct curl_slist;

struct request {
	struct page_net *net;
	struct page_ask ask;
	struct page_fetch *out;
	int64_t start_us;
	struct page_url seen[PAGE_REDIRECTS_MAX + 1]; /* the last: now */
	unsigned n_redirects;
	unsigned number; /* of the run */
	struct request *next, **link;
	/* Of a wait for addresses, or for the next turn of the loop. */
	struct loop_timer timer;
	const char *looked_up; /* the host that is waited for; or NULL */

	/* Of the exchange in hand. */
	struct web_request web;
	bool is_added;
	struct curl_slist *resolve, *connect_to, *headers;
	struct peer peer;
	int64_t hop_us; /* its start */
	size_t head_len, n_headers;
	bool head_is_whole;
	bool head_is_done; /* and no more is wanted */
	bool head_is_too_large, is_too_large, is_too_much;
	bool is_conditional;
	struct body_place place;
	uint64_t size;
	char error[256]; /* CURL_ERROR_SIZE */
};

static inline const struct page_url *request_url(const struct request *request)
{
	return &request->seen[request->n_redirects];
}

/* What is left of its time, at least a millisecond. */
int64_t request_left_us(const struct request *request);

/*
 * Starts an exchange for the URL in hand, by these addresses; done is called
 * with the CURLcode. False: libcurl refuses.
 */
bool hop_start(struct request *request, const struct dns_addr *addrs, size_t n,
	web_fn done);
/* Gives back what it holds. */
void hop_end(struct request *request);

/* Where the reply leads to, as it stands there; NULL: nowhere. */
const char *outcome_place(const struct request *request);
/* Fills *out of the exchange that ended with this CURLcode. */
void outcome_read(struct request *request, int code);
/* What it is at; never NULL. */
const char *outcome_stage(const struct request *request);
/* The times of the exchange in hand, as far as it came. */
void outcome_times(struct request *request);

#endif
