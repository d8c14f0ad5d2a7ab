/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests, from the URL along its redirects to the end. */
#include "config.h"

#include <string.h>

#include "common/core/clock.h"
#include "common/pagenet/request.h"

enum {
	/* All documents together, in units of the largest: more than this
	 * differ only where somebody wants them to. */
	BODIES_KEPT = 8,
	PARTIAL_CONTENT = 206, /* of which nobody asked for a part */
	US_IN_MS = 1000,
	US_IN_S = 1000 * 1000,
};

/* The host of a redirect, asked for once. */
struct page_lookup {
	struct page_net *net;
	const char *host;
	bool is_answered;
	const struct dns_addr *addrs;
	size_t n;
	const char *why;
	struct page_lookup *next;
};

int64_t request_left_us(const struct request *request)
{
	int64_t left_us =
		request->start_us + request->ask.bound_us - clock_mono_us();
	return left_us > US_IN_MS ? left_us : US_IN_MS;
}

/* -- the end of a request ------------------------------------------------- */

static void leave(struct request *request)
{
	struct page_net *net = request->net;
	hop_end(request);
	loop_timer_cancel(net->options.loop, &request->timer);
	*request->link = request->next;
	if (request->next != NULL)
		request->next->link = request->link;
	net->n_open--;
}

static void settle(struct request *request)
{
	const struct page_net_options *options = &request->net->options;
	struct page_fetch *out = request->out;
	int64_t now_us = clock_mono_us();
	out->done_us = now_us - request->start_us;
	out->asked_s = options->now_s + (now_us - options->start_us) / US_IN_S;
	out->n_redirects = request->n_redirects;
	if (request->n_redirects > 0)
		out->final_url = request_url(request)->text;
}

static void finish(struct request *request, const struct page_body *body)
{
	settle(request);
	leave(request);
	request->ask.fn(request->ask.arg, request->out, body);
}

static void fail(
	struct request *request, enum page_fetch_end end, const char *why)
{
	request->out->end = end;
	request->out->why = why;
	finish(request, NULL);
}

static void deliver(struct request *request)
{
	struct page_fetch *out = request->out;
	const struct page_body *body = NULL;
	if (out->end == PAGE_FETCH_DONE && request->ask.wants_body &&
		out->status >= 200 && out->status < 300 &&
		out->status != PARTIAL_CONTENT) {
		body = bodies_finish(request->net->bodies, &request->place);
		if (body == NULL) {
			fail(request, PAGE_FETCH_OUR_FAULT,
				"too many documents that differ");
			return;
		}
	}
	finish(request, body);
}

/* -- redirects ------------------------------------------------------------ */

static void on_hop(void *arg, int code);

static void go(struct request *request, const struct dns_addr *addrs, size_t n)
{
	if (!hop_start(request, addrs, n, on_hop))
		fail(request, PAGE_FETCH_OUR_FAULT, "libcurl does not start");
}

static bool has_family(const struct dns_addr *addrs, size_t n, uint8_t family)
{
	for (size_t i = 0; i < n; i++)
		if (addrs[i].family == family)
			return true;
	return false;
}

static bool holds(
	const struct dns_addr *addrs, size_t n, const struct dns_addr *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (dns_addr_compare(&addrs[i], wanted) == 0)
			return true;
	return false;
}

/*
 * From one address on to those of another host: the same where it is there,
 * else all of its family, as browsers try them, each request beginning with
 * another.
 */
static void spread(
	struct request *request, const struct dns_addr *addrs, size_t n)
{
	const struct page_ask *ask = &request->ask;
	uint8_t family = ask->addrs[0].family;
	struct dns_addr *turned =
		arena_array(request->net->arena, n, sizeof(*turned));
	size_t kept = 0;
	if (ask->n_addrs == 1 && holds(addrs, n, &ask->addrs[0])) {
		go(request, ask->addrs, 1);
		return;
	}
	if (ask->n_addrs > 1 || !has_family(addrs, n, family))
		family = 0;
	for (size_t i = 0; i < n; i++) {
		const struct dns_addr *addr = &addrs[(i + ask->nth) % n];
		if (family == 0 || addr->family == family)
			turned[kept++] = *addr;
	}
	go(request, turned, kept);
}

static void take_up(struct request *request, const struct page_lookup *lookup)
{
	const char *host = request->looked_up;
	request->looked_up = NULL;
	loop_timer_cancel(request->net->options.loop, &request->timer);
	if (lookup->n > 0)
		spread(request, lookup->addrs, lookup->n);
	else
		fail(request, PAGE_FETCH_BAD_REDIRECT,
			arena_printf(request->net->arena, "%s %s", host,
				lookup->why != NULL ? lookup->why
						    : "has no address"));
}

/* Who is served may end, and whoever hears of that may start others: the list
 * is looked at anew each time. */
static void serve(struct page_lookup *lookup)
{
	struct request *request = lookup->net->first;
	while (request != NULL) {
		struct request *next = request->next;
		if (request->looked_up != NULL &&
			strcmp(request->looked_up, lookup->host) == 0) {
			take_up(request, lookup);
			next = lookup->net->first;
		}
		request = next;
	}
}

void page_lookup_answer(struct page_lookup *lookup,
	const struct dns_addr *addrs, size_t n, const char *why)
{
	if (lookup->is_answered)
		return;
	lookup->is_answered = true;
	lookup->addrs = addrs;
	lookup->n = n;
	lookup->why = why;
	serve(lookup);
}

static struct page_lookup *find_lookup(struct page_net *net, const char *host)
{
	struct page_lookup *lookup = net->lookups;
	while (lookup != NULL && strcmp(lookup->host, host) != 0)
		lookup = lookup->next;
	return lookup;
}

static void on_late(void *arg)
{
	struct request *request = arg;
	fail(request, PAGE_FETCH_TIMED_OUT, outcome_stage(request));
}

/* The answer may come within the call. */
static void look_up(struct request *request)
{
	struct page_net *net = request->net;
	const char *host = request_url(request)->host;
	struct page_lookup *lookup = find_lookup(net, host);
	request->looked_up = host;
	if (!loop_timer_set(net->options.loop, &request->timer,
		    clock_mono_us() + request_left_us(request), on_late,
		    request))
		mem_exhausted();
	if (lookup != NULL && lookup->is_answered)
		take_up(request, lookup);
	if (lookup != NULL)
		return;
	lookup = arena_alloc(net->arena, sizeof(*lookup));
	*lookup = (struct page_lookup){
		.net = net, .host = host, .next = net->lookups
	};
	net->lookups = lookup;
	if (net->options.resolve != NULL)
		net->options.resolve(net->options.resolve_arg, host, lookup);
	else
		page_lookup_answer(lookup, NULL, 0, "is not looked up");
}

static void go_on(struct request *request)
{
	const struct page_url *url = request_url(request);
	struct dns_addr *literal;
	if (strcmp(url->host, request->ask.url.host) == 0) {
		go(request, request->ask.addrs, request->ask.n_addrs);
	} else if (url->host_is_addr) {
		literal = arena_alloc(request->net->arena, sizeof(*literal));
		(void)dns_addr_parse(url->host, literal);
		go(request, literal, 1);
	} else {
		look_up(request);
	}
}

/* NULL, or what is wrong with going there; *end says of which kind. */
static const char *forbidden(const struct request *request,
	const struct page_url *next, enum page_fetch_end *end)
{
	const struct page_url *now = request_url(request);
	struct arena *arena = request->net->arena;
	*end = PAGE_FETCH_BAD_REDIRECT;
	if (now->is_https && !next->is_https)
		return arena_printf(arena, "%s, without TLS", next->text);
	*end = PAGE_FETCH_OTHER_SITE;
	if (!request->net->options.follows_sites &&
		!page_url_is_same_site(&request->ask.url, next))
		return next->text;
	*end = PAGE_FETCH_LOOP;
	for (unsigned i = 0; i <= request->n_redirects; i++)
		if (strcmp(request->seen[i].text, next->text) == 0)
			return arena_printf(arena, "back to %s", next->text);
	return request->n_redirects >= PAGE_REDIRECTS_MAX
		       ? arena_printf(arena, "%d times", PAGE_REDIRECTS_MAX)
		       : NULL;
}

/* What the redirect itself came with is nothing of the page. */
static void forget(struct page_fetch *out)
{
	out->status = 0;
	out->size = 0;
	out->content_type = out->etag = out->last_modified = NULL;
	out->date = (struct page_time){ .s = 0 };
	out->has_age = out->has_max_age = false;
	out->age_s = out->max_age_s = 0;
	out->was_conditional = out->is_unchanged = false;
}

static void follow(struct request *request, const char *place)
{
	struct page_url next;
	enum page_fetch_end end = PAGE_FETCH_BAD_REDIRECT;
	const char *wrong = page_url_follow(
		request->net->arena, request_url(request), place, &next);
	if (wrong != NULL)
		wrong = arena_printf(
			request->net->arena, "its place %s", wrong);
	else
		wrong = forbidden(request, &next, &end);
	if (wrong != NULL) {
		fail(request, end, wrong);
		return;
	}
	hop_end(request);
	forget(request->out);
	request->seen[++request->n_redirects] = next;
	go_on(request);
}

static void on_hop(void *arg, int code)
{
	struct request *request = arg;
	const char *place = NULL;
	request->is_added = false;
	outcome_read(request, code);
	if (request->out->end == PAGE_FETCH_DONE)
		place = outcome_place(request);
	if (place != NULL)
		follow(request, place);
	else
		deliver(request);
}

/* -- the net -------------------------------------------------------------- */

struct page_net *page_net_new(
	struct arena *arena, const struct page_net_options *options)
{
	struct page_net *net = arena_alloc(arena, sizeof(*net));
	size_t max = options->max_size < SIZE_MAX / (2 * BODIES_KEPT)
			     ? (size_t)options->max_size
			     : SIZE_MAX / (2 * BODIES_KEPT);
	*net = (struct page_net){ .arena = arena, .options = *options };
	net->bodies = bodies_new(BODIES_KEPT * max);
	net->web = web_new(options->loop);
	if (net->bodies != NULL && net->web != NULL)
		return net;
	page_net_free(net);
	return NULL;
}

/* In the next turn of the loop, as everything else. */
static void on_start(void *arg)
{
	struct request *request = arg;
	go(request, request->ask.addrs, request->ask.n_addrs);
}

void page_fetch_start(struct page_net *net, const struct page_ask *ask,
	struct page_fetch *out)
{
	struct request *request = arena_alloc(net->arena, sizeof(*request));
	request->net = net;
	request->ask = *ask;
	request->out = out;
	request->seen[0] = ask->url;
	request->number = (unsigned)net->n_started++;
	request->start_us = clock_mono_us();
	request->next = net->first;
	request->link = &net->first;
	if (net->first != NULL)
		net->first->link = &request->next;
	net->first = request;
	net->n_open++;
	out->end = PAGE_FETCH_NOT_DONE;
	out->connected_us = out->tls_us = -1;
	out->first_byte_us = out->done_us = -1;
	if (!loop_timer_set(
		    net->options.loop, &request->timer, 0, on_start, request))
		mem_exhausted();
}

size_t page_net_open(const struct page_net *net)
{
	return net->n_open;
}

void page_net_stop(struct page_net *net)
{
	while (net->first != NULL) {
		struct request *request = net->first;
		struct page_fetch *out = request->out;
		outcome_times(request);
		out->cert = *peer_worse_cert(&out->cert, &request->peer.cert);
		settle(request);
		out->done_us = -1;
		out->end = PAGE_FETCH_NOT_DONE;
		out->why = outcome_stage(request);
		leave(request);
	}
}

void page_net_drop_bodies(struct page_net *net)
{
	bodies_drop(net->bodies);
}

void page_net_free(struct page_net *net)
{
	if (net == NULL)
		return;
	page_net_stop(net);
	web_free(net->web);
	bodies_free(net->bodies);
	net->web = NULL;
	net->bodies = NULL;
}
