/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_source.h"

#include <string.h>

#include "common/page/remember.h"
#include "common/pagecli/page_sight.h"

/* One address. */
struct request {
	struct page_asked *asked;
	const struct page_url *url; /* of another host; NULL: the source's */
	struct page_fetch *fetch;
	const char *data; /* what it sent, or what was kept of it; or NULL */
	size_t len;
	bool is_over;
	bool is_short; /* it had no more time than the run */
	/* A second try, where the first was a mishap. */
	bool was_retried;
	struct page_fetch again;
};

struct page_asked {
	struct page_run *run;
	struct page_source *source;
	const struct page_url *url;
	bool is_main; /* it is the page's */
	page_asked_fn fn;
	void *arg;

	struct dns_addr *addrs; /* parallel to source->fetches */
	struct request *requests;
	size_t n_over;
	bool is_listed; /* its addresses are known */
	/* Where its first redirect to another host leads; host NULL: none. */
	struct page_url behind;
};

/* -- requests ------------------------------------------------------------- */

static void look_behind(struct request *request);

static const struct page_past_tag *find_tag(const struct request *request)
{
	const struct page_run *run = request->asked->run;
	const struct page_history *before = &run->page->before;
	const char *key = arena_printf(run->arena, "%s %s",
		request->asked->source->url, request->fetch->addr_text);
	size_t i;

	if (!request->asked->is_main || request->url ||
		!page_history_copy_is_young(before, run->page->expect.now_s))
		return NULL;
	for (i = 0; i < before->n_tags; i++)
		if (strcmp(before->tags[i].key, key) == 0)
			return &before->tags[i];
	return NULL;
}

/* The document did not change: it is the one that was kept. */
static void take_unchanged(struct request *request)
{
	const struct page_history *before = &request->asked->run->page->before;
	const struct page_past_tag *tag = find_tag(request);
	struct page_fetch *fetch = request->fetch;

	if (!tag || !before->copy)
		return;
	request->data = before->copy;
	request->len = strlen(before->copy);
	fetch->size = request->len;
	/* Those that came with it: others would be of another document. */
	fetch->etag = tag->etag;
	fetch->last_modified = tag->last_modified;
}

/* A second try counts where it was better. */
static bool take_retry(struct request *request, const struct page_body *body)
{
	struct page_fetch *fetch = request->fetch;
	const struct page_fetch before = *fetch;

	if (!body)
		return false;
	*fetch = request->again;
	fetch->host = before.host;
	fetch->addr_text = before.addr_text;
	fetch->family = before.family;
	fetch->is_nat64 = before.is_nat64;
	fetch->document = NULL;
	return true;
}

static void on_fetched(
	void *arg, struct page_fetch *fetch, const struct page_body *body)
{
	struct request *request = arg;
	struct page_asked *asked = request->asked;
	bool is_retry = fetch == &request->again;

	request->is_over = true;
	asked->n_over++;
	if (body && (!is_retry || take_retry(request, body))) {
		request->data = body->data;
		request->len = body->len;
	}
	if (!is_retry && fetch->is_unchanged)
		take_unchanged(request);
	if (!is_retry)
		look_behind(request);
	if (asked->fn)
		asked->fn(asked->arg);
	page_run_close(asked->run);
}

static void start_request(
	struct request *request, struct page_fetch *out, bool is_retry)
{
	struct page_asked *asked = request->asked;
	struct page_run *run = asked->run;
	size_t index = (size_t)(request - asked->requests);
	const struct page_past_tag *tag = is_retry ? NULL : find_tag(request);
	struct page_ask ask = { .url = request->url ? *request->url
						    : *asked->url,
		.addrs = &asked->addrs[index],
		.n_addrs = 1,
		.nth = index,
		.etag = tag ? tag->etag : NULL,
		.last_modified = tag ? tag->last_modified : NULL,
		.takes_untrusted = true,
		.wants_body = true,
		.fn = on_fetched,
		.arg = request };

	ask.bound_us = page_run_bound_us(run, &ask.is_short);
	request->is_short = ask.is_short;
	run->n_open++;
	page_fetch_start(run->net, &ask, out);
}

/* -- addresses ------------------------------------------------------------ */

static void list_address(
	struct page_asked *asked, size_t i, const struct dns_addr *addr)
{
	struct page_run *run = asked->run;
	struct page_fetch *fetch = &asked->source->fetches[i];

	asked->addrs[i] = *addr;
	fetch->addr_text = dns_addr_string(run->arena, addr);
	fetch->is_nat64 = page_is_nat64(addr, &run->options->nat64);
	fetch->family = fetch->is_nat64 ? 4 : addr->family;
	fetch->connected_us = fetch->tls_us = -1;
	fetch->first_byte_us = fetch->done_us = -1;
	asked->requests[i] = (struct request){ .asked = asked, .fetch = fetch };
}

/* As many of both families as there is room for; in the order that they have,
 * IPv4 first. Returns how many. */
static size_t choose_addresses(
	struct arena *arena, const struct dns_addr **addrs, size_t n)
{
	const size_t half = PAGE_ADDRESSES_MAX / 2;
	const struct dns_addr *all = *addrs;
	struct dns_addr *some;
	size_t n_v4 = 0;
	size_t n_v6;
	size_t skipped;

	if (n <= PAGE_ADDRESSES_MAX)
		return n;
	while (n_v4 < n && all[n_v4].family == 4)
		n_v4++;
	n_v6 = n - n_v4 < half ? n - n_v4 : half;
	skipped = n_v4;
	if (n_v4 > PAGE_ADDRESSES_MAX - n_v6)
		n_v4 = PAGE_ADDRESSES_MAX - n_v6;
	n_v6 = PAGE_ADDRESSES_MAX - n_v4;
	some = arena_array(arena, PAGE_ADDRESSES_MAX, sizeof(*some));
	memcpy(some, all, n_v4 * sizeof(*some));
	memcpy(some + n_v4, all + skipped, n_v6 * sizeof(*some));
	*addrs = some;
	return PAGE_ADDRESSES_MAX;
}

/* Behind those that are there: of the source's own host, or of the one that it
 * redirects to. */
static void start_addresses(
	struct page_asked *asked, const struct dns_addr *addrs, size_t n)
{
	struct page_source *source = asked->source;
	bool is_behind = asked->behind.host != NULL;
	size_t begin = source->n_fetches;
	size_t i;

	source->n_left_out += n;
	n = choose_addresses(asked->run->arena, &addrs, n);
	source->n_left_out -= n;
	for (i = begin; i < begin + n; i++) {
		list_address(asked, i, &addrs[i - begin]);
		source->fetches[i].host = is_behind ? asked->behind.host : NULL;
		asked->requests[i].url = is_behind ? &asked->behind : NULL;
	}
	source->n_fetches += n;
	for (i = begin; i < begin + n; i++)
		start_request(&asked->requests[i], &source->fetches[i], false);
}

static void start_source(
	struct page_asked *asked, const struct dns_addr *addrs, size_t n)
{
	struct page_source *source = asked->source;
	struct arena *arena = asked->run->arena;
	size_t room = (n < PAGE_ADDRESSES_MAX ? n : PAGE_ADDRESSES_MAX) +
		      (asked->is_main ? PAGE_ADDRESSES_MAX : 0);

	asked->is_listed = true;
	asked->addrs = arena_array(arena, room, sizeof(*asked->addrs));
	asked->requests = arena_array(arena, room, sizeof(*asked->requests));
	source->fetches = arena_array(arena, room, sizeof(*source->fetches));
	start_addresses(asked, addrs, n);
}

static void on_behind_resolved(void *arg, const struct resolved *resolved)
{
	struct page_asked *asked = arg;
	struct page_run *run = asked->run;
	struct dns_addr *addrs;
	size_t n = page_without_twins(
		run->arena, resolved, &run->options->nat64, &addrs);

	start_addresses(asked, addrs, n);
	page_run_close(run);
}

/* A redirect to another host is followed to whichever of its addresses answers
 * first; so each is asked as well. */
static void look_behind(struct request *request)
{
	struct page_asked *asked = request->asked;
	struct page_run *run = asked->run;
	const struct page_fetch *fetch = request->fetch;
	struct page_url url;

	if (!asked->is_main || run->options->n_addrs > 0 ||
		asked->behind.host || !fetch->final_url ||
		fetch->end != PAGE_FETCH_DONE ||
		page_url_read(run->arena, fetch->final_url, &url) ||
		url.host_is_addr || strcmp(url.host, asked->url->host) == 0)
		return;
	asked->behind = url;
	run->n_open++;
	page_hosts_ask(
		run->hosts, asked->behind.host, on_behind_resolved, asked);
}

static void on_resolved(void *arg, const struct resolved *resolved)
{
	struct page_asked *asked = arg;
	struct page_run *run = asked->run;
	struct page_source *source = asked->source;
	struct dns_addr *addrs;
	size_t n;

	source->lookup_v4 = resolved->v4;
	source->lookup_v6 = resolved->v6;
	source->lookup_why = resolved->why;
	n = page_without_twins(
		run->arena, resolved, &run->options->nat64, &addrs);
	start_source(asked, addrs, n);
	source->n_left_out += resolved->is_cut;
	page_run_close(run);
}

static void look_up(struct page_asked *asked)
{
	struct page_run *run = asked->run;
	const struct page_url *url = asked->url;
	struct dns_addr addr;

	if (asked->is_main && run->options->n_addrs > 0) {
		start_source(asked, run->options->addrs, run->options->n_addrs);
	} else if (url->host_is_addr && dns_addr_parse(url->host, &addr)) {
		start_source(asked, &addr, 1);
	} else {
		run->n_open++;
		page_hosts_ask(run->hosts, url->host, on_resolved, asked);
	}
}

struct page_asked *page_source_start(struct page_run *run,
	struct page_source *source, const struct page_url *url,
	page_asked_fn fn, void *arg)
{
	struct page_asked *asked = arena_alloc(run->arena, sizeof(*asked));

	*asked = (struct page_asked){ .run = run,
		.source = source,
		.url = url,
		.is_main = source == &run->page->source,
		.fn = fn,
		.arg = arg };
	source->url = url->text;
	source->host = url->host;
	look_up(asked);
	return asked;
}

bool page_source_is_over(const struct page_asked *asked)
{
	return asked->n_over == asked->source->n_fetches;
}

const struct dns_addr *page_source_addrs(const struct page_asked *asked)
{
	return asked->addrs;
}

/* -- documents ------------------------------------------------------------ */

static void read_requests(struct page_asked *asked)
{
	size_t i;

	for (i = 0; i < asked->source->n_fetches; i++) {
		struct request *request = &asked->requests[i];

		if (request->is_over && request->data &&
			!request->fetch->document)
			request->fetch->document =
				page_documents_read(asked->run->documents,
					request->data, request->len);
	}
}

static void retry_mishaps(struct page_asked *asked)
{
	size_t i;

	for (i = 0; i < asked->source->n_fetches; i++) {
		struct request *request = &asked->requests[i];
		const struct page_document *doc = request->fetch->document;

		if (!request->is_over || request->was_retried || !doc ||
			!page_document_is_mishap(doc))
			continue;
		request->was_retried = true;
		request->is_over = false;
		asked->n_over--;
		start_request(request, &request->again, true);
	}
}

/* Of the first address whose document was read, else of the first with one. */
static bool choose(const struct page_asked *asked, struct page_sent *sent)
{
	const struct request *chosen = NULL;
	size_t i;

	for (i = 0; i < asked->source->n_fetches; i++) {
		const struct request *request = &asked->requests[i];
		const struct page_document *doc = request->fetch->document;

		if (doc && (!chosen || doc->reading == PAGE_READ))
			chosen = request;
		if (doc && doc->reading == PAGE_READ)
			break;
	}
	if (!chosen)
		return false;
	i = (size_t)(chosen - asked->requests);
	*sent = (struct page_sent){ .document = chosen->fetch->document,
		.data = chosen->data,
		.len = chosen->len,
		.addr = &asked->addrs[i],
		.nth = i };
	return true;
}

bool page_source_read(struct page_asked *asked, struct page_sent *sent)
{
	read_requests(asked);
	retry_mishaps(asked);
	return choose(asked, sent);
}

/* -- the end -------------------------------------------------------------- */

/* A question that is open when the deadline comes was not answered in time. */
static void settle_lookup(const struct page_asked *asked)
{
	const struct page_gather_options *options = asked->run->options;
	struct page_source *source = asked->source;

	if (asked->is_listed)
		return;
	if (options->use_v4)
		source->lookup_v4 = DNS_LOOKUP_FAILED;
	if (options->use_v6)
		source->lookup_v6 = DNS_LOOKUP_FAILED;
	source->lookup_why = "the resolver does not answer in time";
}

bool page_source_settle(struct page_asked *asked, struct page_sent *sent)
{
	bool is_there;

	settle_lookup(asked);
	read_requests(asked);
	is_there = choose(asked, sent);
	asked->source->document = is_there ? sent->document : NULL;
	return is_there;
}

const char *page_source_stage(const struct page_asked *asked)
{
	const struct page_source *source = asked->source;
	size_t i;

	for (i = 0; i < source->n_fetches; i++) {
		const struct request *request = &asked->requests[i];
		const struct page_fetch *fetch = request->fetch;
		const char *why = fetch->why ? fetch->why : fetch->addr_text;

		if (!request->is_over ||
			(request->is_short && !source->document &&
				fetch->end == PAGE_FETCH_TIMED_OUT))
			return arena_printf(asked->run->arena,
				"fetching the page, %.*s",
				(int)strcspn(why, ","), why);
	}
	return NULL;
}
