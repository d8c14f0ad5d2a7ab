/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lookups, requests and the child of --probe-command share one loop. Each
 * address of the page is asked by a request of its own; documents are read once
 * all of these have ended, or shortly after the first came, so that reading a
 * large one does not make the others look slow.
 */
#include "config.h"

#include "common/pagecli/page_gather.h"

#include <string.h>

#include "common/core/clock.h"
#include "common/loop/command.h"
#include "common/page/remember.h"
#include "common/pagecli/page_documents.h"
#include "common/pagecli/page_hosts.h"
#include "common/pagecli/page_sight.h"
#include "common/pagenet/fetch.h"

enum {
	FETCH_US = 15 * 1000 * 1000, /* nobody waits longer for a page */
	READ_SOON_US = 150 * 1000,   /* behind the first that came */
	FURTHER_MAX = 12,            /* documents beside the page's own */
};

/* One address of a source. */
struct request {
	struct source_run *run;
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

/* A URL with all its addresses. */
struct source_run {
	struct gather *gather;
	struct page_source *source;
	const struct page_url *url;
	bool is_main;
	struct dns_addr *addrs; /* parallel to source->fetches */
	struct request *requests;
	size_t n_over;
	bool is_listed; /* its addresses are known */
	/* Where its first redirect to another host leads; host NULL: none. */
	struct page_url behind;
};

/* One request for a host, wherever it stands: --control, --probe. */
struct simple_run {
	struct gather *gather;
	const struct page_url *url;
	struct page_probe *probe; /* NULL: the control */
	const struct dns_addr *addrs;
	size_t n_addrs;
	struct page_fetch fetch;
	int64_t begin_us;
	bool is_over;
};

/* A document that belongs to the page's own. */
struct further {
	struct page_url url;
	bool goes_on; /* it is the next part of the one before */
	struct page_fetch fetch;
};

struct gather {
	struct arena *arena;
	const struct page_gather_options *options;
	struct page *page;
	struct loop *loop;
	struct resolver *resolver;
	struct page_hosts *hosts;
	struct tls_context *tls;
	struct page_net *net;
	struct page_documents *documents;

	struct source_run *sources; /* the page, then --also */
	size_t n_sources;
	struct simple_run *simple; /* the control, if any, then the probes */
	size_t n_simple;
	struct command *child;
	struct page_probe *child_probe;
	bool child_is_over;

	struct loop_timer reading;
	bool has_read; /* the documents of the page */
	struct further further[FURTHER_MAX];
	size_t n_further;
	bool is_going_further;
	/* The page's own document, with what was read beside it so far; the
	 * part that goes on, and the addresses that sent the first. */
	struct page_document *whole, *part;
	bool has_companion;
	const struct request *chosen;

	size_t n_open; /* lookups, requests and the child */
	const char *failure;
};

static void close_one(struct gather *gather)
{
	if (--gather->n_open == 0)
		loop_stop(gather->loop);
}

static int64_t bound_us(const struct gather *gather, bool *is_short)
{
	int64_t left_us =
		(gather->options->deadline_us - clock_mono_us()) / 10 * 9;

	*is_short = left_us < FETCH_US;
	return *is_short ? left_us : FETCH_US;
}

/* -- further documents ---------------------------------------------------- */

static void go_further(struct gather *gather);

static void join(struct gather *gather, struct further *further,
	const struct page_body *body)
{
	struct page_document *doc =
		body ? page_documents_read(
			       gather->documents, body->data, body->len)
		     : NULL;

	/* What can't be had leaves what there is as it is: that tells itself
	 * what it lacks. */
	if (!doc)
		return;
	if (further->goes_on && doc->format == gather->part->format &&
		doc->reading == PAGE_READ)
		gather->part =
			page_document_go_on(gather->arena, gather->part, doc);
	else if (!further->goes_on)
		gather->part = doc;
}

static void on_further(
	void *arg, struct page_fetch *fetch, const struct page_body *body)
{
	struct gather *gather = arg;
	struct further *further = &gather->further[gather->n_further - 1];
	struct page_document *before = gather->part;

	(void)fetch;
	gather->is_going_further = false;
	join(gather, further, body);
	/* A part that goes on nowhere is whole. */
	if (gather->part == before)
		gather->part->next = NULL;
	go_further(gather);
	close_one(gather);
}

static void ask_further(
	struct gather *gather, const struct page_url *url, bool goes_on)
{
	const struct source_run *run = gather->chosen->run;
	size_t index = (size_t)(gather->chosen - run->requests);
	struct further *further = &gather->further[gather->n_further++];
	struct page_ask ask = { .url = *url,
		.addrs = &run->addrs[index],
		.n_addrs = 1,
		.nth = index,
		.takes_untrusted = true,
		.wants_body = true,
		.fn = on_further,
		.arg = gather };

	further->url = *url;
	further->goes_on = goes_on;
	ask.bound_us = bound_us(gather, &ask.is_short);
	gather->is_going_further = true;
	gather->n_open++;
	page_fetch_start(gather->net, &ask, &further->fetch);
}

/* The URL of what comes next; false: there is none, or no more is read. */
static bool find_next(struct gather *gather, const char *text,
	const struct page_url *base, struct page_url *out)
{
	return text && gather->n_further < (size_t)FURTHER_MAX &&
	       page_document_next(gather->arena, base, text, out) &&
	       strcmp(out->text, base->text) != 0;
}

static void take_part(struct gather *gather)
{
	if (gather->has_companion && gather->part != gather->whole)
		gather->part =
			page_join(gather->arena, gather->whole, gather->part);
	gather->whole = gather->part;
}

/* The rest of the part in hand, then the companion with the rest of that. */
static void go_further(struct gather *gather)
{
	const struct page_url *base =
		gather->n_further > 0
			? &gather->further[gather->n_further - 1].url
			: &gather->options->url;
	const char *companion;
	struct page_url url;

	if (find_next(gather, gather->part->next, base, &url)) {
		ask_further(gather, &url, true);
		return;
	}
	take_part(gather);
	if (gather->has_companion)
		return;
	gather->has_companion = true;
	companion = page_document_companion(
		gather->arena, &gather->options->url, gather->whole);
	if (find_next(gather, companion, &gather->options->url, &url))
		ask_further(gather, &url, false);
}

/* -- the documents of the page -------------------------------------------- */

static void read_request(struct request *request)
{
	struct gather *gather = request->run->gather;

	if (request->is_over && request->data && !request->fetch->document)
		request->fetch->document = page_documents_read(
			gather->documents, request->data, request->len);
}

/* Of the first address whose document was read, else of the first with one. */
static const struct request *choose(const struct source_run *run)
{
	const struct request *first = NULL;
	size_t i;

	for (i = 0; i < run->source->n_fetches; i++) {
		const struct request *request = &run->requests[i];
		const struct page_document *doc = request->fetch->document;

		if (doc && doc->reading == PAGE_READ)
			return request;
		if (doc && !first)
			first = request;
	}
	return first;
}

static void start_request(
	struct request *request, struct page_fetch *out, bool is_retry);
static void look_behind(struct request *request);

static void retry_mishaps(struct source_run *run)
{
	size_t i;

	for (i = 0; i < run->source->n_fetches; i++) {
		struct request *request = &run->requests[i];
		const struct page_document *doc = request->fetch->document;

		if (!request->is_over || request->was_retried || !doc ||
			!page_document_is_mishap(doc))
			continue;
		request->was_retried = true;
		request->is_over = false;
		run->n_over--;
		start_request(request, &request->again, true);
	}
}

static void read_source(struct source_run *run)
{
	size_t i;

	for (i = 0; i < run->source->n_fetches; i++)
		read_request(&run->requests[i]);
	retry_mishaps(run);
}

/* Once there is a document of the page, what belongs to it is asked for. */
static void read_page(struct gather *gather)
{
	struct source_run *run = &gather->sources[0];
	const struct request *chosen;

	loop_timer_cancel(gather->loop, &gather->reading);
	read_source(run);
	chosen = choose(run);
	if (gather->chosen || !chosen ||
		chosen->fetch->document->reading != PAGE_READ)
		return;
	gather->chosen = chosen;
	gather->whole = gather->part =
		arena_alloc(gather->arena, sizeof(*gather->part));
	*gather->part = *chosen->fetch->document;
	go_further(gather);
}

static void on_reading(void *arg)
{
	struct gather *gather = arg;

	read_page(gather);
	close_one(gather);
}

static void read_soon(struct gather *gather)
{
	const struct source_run *run = &gather->sources[0];
	bool is_last = run->n_over == run->source->n_fetches;
	int64_t at_us = is_last ? 0 : loop_now_us(gather->loop) + READ_SOON_US;

	/* Each time it is set, it is waited for. */
	if (gather->reading.slot == 0)
		gather->n_open++;
	else if (!is_last)
		return;
	if (!loop_timer_set(
		    gather->loop, &gather->reading, at_us, on_reading, gather))
		mem_exhausted();
}

/* -- requests ------------------------------------------------------------- */

static const struct page_past_tag *find_tag(const struct request *request)
{
	const struct gather *gather = request->run->gather;
	const struct page_history *before = &gather->page->before;
	const char *key = arena_printf(gather->arena, "%s %s",
		request->run->source->url, request->fetch->addr_text);
	size_t i;

	if (!request->run->is_main || request->url ||
		!page_history_copy_is_young(before, gather->page->expect.now_s))
		return NULL;
	for (i = 0; i < before->n_tags; i++)
		if (strcmp(before->tags[i].key, key) == 0)
			return &before->tags[i];
	return NULL;
}

/* The document did not change: it is the one that was kept. */
static void take_unchanged(struct request *request)
{
	const struct page_history *before = &request->run->gather->page->before;
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
	struct source_run *run = request->run;
	struct gather *gather = run->gather;
	bool is_retry = fetch == &request->again;

	request->is_over = true;
	run->n_over++;
	if (body && (!is_retry || take_retry(request, body))) {
		request->data = body->data;
		request->len = body->len;
	}
	if (!is_retry && fetch->is_unchanged)
		take_unchanged(request);
	if (!is_retry)
		look_behind(request);
	if (run->is_main)
		read_soon(gather);
	close_one(gather);
}

static void start_request(
	struct request *request, struct page_fetch *out, bool is_retry)
{
	struct source_run *run = request->run;
	struct gather *gather = run->gather;
	size_t index = (size_t)(request - run->requests);
	const struct page_past_tag *tag = is_retry ? NULL : find_tag(request);
	struct page_ask ask = { .url = request->url ? *request->url : *run->url,
		.addrs = &run->addrs[index],
		.n_addrs = 1,
		.nth = index,
		.etag = tag ? tag->etag : NULL,
		.last_modified = tag ? tag->last_modified : NULL,
		.takes_untrusted = true,
		.wants_body = true,
		.fn = on_fetched,
		.arg = request };

	ask.bound_us = bound_us(gather, &ask.is_short);
	request->is_short = ask.is_short;
	gather->n_open++;
	page_fetch_start(gather->net, &ask, out);
}

/* -- addresses ------------------------------------------------------------ */

static void list_address(
	struct source_run *run, size_t i, const struct dns_addr *addr)
{
	struct gather *gather = run->gather;
	struct page_fetch *fetch = &run->source->fetches[i];

	run->addrs[i] = *addr;
	fetch->addr_text = dns_addr_string(gather->arena, addr);
	fetch->is_nat64 = page_is_nat64(addr, &gather->options->nat64);
	fetch->family = fetch->is_nat64 ? 4 : addr->family;
	fetch->connected_us = fetch->tls_us = -1;
	fetch->first_byte_us = fetch->done_us = -1;
	run->requests[i] = (struct request){ .run = run, .fetch = fetch };
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
	struct source_run *run, const struct dns_addr *addrs, size_t n)
{
	struct page_source *source = run->source;
	bool is_behind = run->behind.host != NULL;
	size_t begin = source->n_fetches;
	size_t i;

	source->n_left_out += n;
	n = choose_addresses(run->gather->arena, &addrs, n);
	source->n_left_out -= n;
	for (i = begin; i < begin + n; i++) {
		list_address(run, i, &addrs[i - begin]);
		source->fetches[i].host = is_behind ? run->behind.host : NULL;
		run->requests[i].url = is_behind ? &run->behind : NULL;
	}
	source->n_fetches += n;
	for (i = begin; i < begin + n; i++)
		start_request(&run->requests[i], &source->fetches[i], false);
}

static void start_source(
	struct source_run *run, const struct dns_addr *addrs, size_t n)
{
	struct page_source *source = run->source;
	struct arena *arena = run->gather->arena;
	size_t room = (n < PAGE_ADDRESSES_MAX ? n : PAGE_ADDRESSES_MAX) +
		      (run->is_main ? PAGE_ADDRESSES_MAX : 0);

	run->is_listed = true;
	run->addrs = arena_array(arena, room, sizeof(*run->addrs));
	run->requests = arena_array(arena, room, sizeof(*run->requests));
	source->fetches = arena_array(arena, room, sizeof(*source->fetches));
	start_addresses(run, addrs, n);
}

static void on_behind_resolved(void *arg, const struct resolved *resolved)
{
	struct source_run *run = arg;
	struct dns_addr *addrs;
	size_t n = page_without_twins(run->gather->arena, resolved,
		&run->gather->options->nat64, &addrs);

	start_addresses(run, addrs, n);
	close_one(run->gather);
}

/* A redirect to another host is followed to whichever of its addresses answers
 * first; so each is asked as well. */
static void look_behind(struct request *request)
{
	struct source_run *run = request->run;
	const struct page_fetch *fetch = request->fetch;
	struct page_url url;

	if (!run->is_main || run->gather->options->n_addrs > 0 ||
		run->behind.host || !fetch->final_url ||
		fetch->end != PAGE_FETCH_DONE ||
		page_url_read(run->gather->arena, fetch->final_url, &url) ||
		url.host_is_addr || strcmp(url.host, run->url->host) == 0)
		return;
	run->behind = url;
	run->gather->n_open++;
	page_hosts_ask(
		run->gather->hosts, run->behind.host, on_behind_resolved, run);
}

static void on_source_resolved(void *arg, const struct resolved *resolved)
{
	struct source_run *run = arg;
	struct gather *gather = run->gather;
	struct page_source *source = run->source;
	struct dns_addr *addrs;
	size_t n;

	source->lookup_v4 = resolved->v4;
	source->lookup_v6 = resolved->v6;
	source->lookup_why = resolved->why;
	n = page_without_twins(
		gather->arena, resolved, &gather->options->nat64, &addrs);
	start_source(run, addrs, n);
	source->n_left_out += resolved->is_cut;
	close_one(gather);
}

static void look_up_source(struct source_run *run)
{
	const struct page_gather_options *options = run->gather->options;
	struct page_source *source = run->source;
	struct dns_addr addr;

	source->url = run->url->text;
	source->host = run->url->host;
	if (run->is_main && options->n_addrs > 0) {
		start_source(run, options->addrs, options->n_addrs);
	} else if (run->url->host_is_addr &&
		   dns_addr_parse(run->url->host, &addr)) {
		start_source(run, &addr, 1);
	} else {
		run->gather->n_open++;
		page_hosts_ask(run->gather->hosts, run->url->host,
			on_source_resolved, run);
	}
}

/* -- the control, and probes ---------------------------------------------- */

static void settle_simple(struct simple_run *run)
{
	struct gather *gather = run->gather;
	struct page_control *control = &gather->page->control;

	run->is_over = true;
	if (run->probe) {
		run->probe->end = page_fetch_verdict(
			gather->arena, &run->fetch, &run->probe->why);
		if (run->fetch.end == PAGE_FETCH_UNREACHABLE &&
			page_has_route(run->addrs, run->n_addrs))
			run->probe->end = PAGE_PROBE_DOWN;
		run->probe->took_us = clock_mono_us() - run->begin_us;
	} else {
		control->end = run->fetch.end;
		control->why = run->fetch.why;
	}
}

static void on_simple(
	void *arg, struct page_fetch *fetch, const struct page_body *body)
{
	struct simple_run *run = arg;

	(void)fetch;
	(void)body;
	settle_simple(run);
	close_one(run->gather);
}

static void fetch_simple(
	struct simple_run *run, const struct dns_addr *addrs, size_t n)
{
	struct gather *gather = run->gather;
	struct page_ask ask = { .url = *run->url,
		.addrs = addrs,
		.n_addrs = n < PAGE_FETCH_ADDRESSES_MAX
				   ? n
				   : PAGE_FETCH_ADDRESSES_MAX,
		.takes_untrusted = !run->probe,
		.fn = on_simple,
		.arg = run };

	run->addrs = addrs;
	run->n_addrs = n;
	ask.bound_us = bound_us(gather, &ask.is_short);
	gather->n_open++;
	page_fetch_start(gather->net, &ask, &run->fetch);
}

static bool was_asked(enum dns_lookup lookup)
{
	return lookup == DNS_LOOKUP_NXDOMAIN || lookup == DNS_LOOKUP_NO_ADDRESS;
}

/* That nobody has an address for it is seen by customers too; that the resolver
 * of this host is mute is not. */
static void note_unresolved(
	struct simple_run *run, const struct resolved *resolved)
{
	struct gather *gather = run->gather;
	const char *why = resolved->why ? arena_printf(gather->arena,
						  "it can't be resolved: %s",
						  resolved->why)
					: "it has no address";

	run->is_over = true;
	if (run->probe) {
		run->probe->end =
			!resolved->why && (was_asked(resolved->v4) ||
						  was_asked(resolved->v6))
				? PAGE_PROBE_DOWN
				: PAGE_PROBE_UNSURE;
		run->probe->why = why;
	} else {
		gather->page->control.end = PAGE_FETCH_UNREACHABLE;
		gather->page->control.why = why;
	}
}

static void on_simple_resolved(void *arg, const struct resolved *resolved)
{
	struct simple_run *run = arg;

	if (resolved->n_addrs > 0)
		fetch_simple(run, resolved->addrs, resolved->n_addrs);
	else
		note_unresolved(run, resolved);
	close_one(run->gather);
}

static void start_simple(struct simple_run *run)
{
	struct gather *gather = run->gather;
	struct dns_addr *addr;

	run->begin_us = clock_mono_us();
	if (run->url->host_is_addr) {
		addr = arena_alloc(gather->arena, sizeof(*addr));
		if (dns_addr_parse(run->url->host, addr))
			fetch_simple(run, addr, 1);
		return;
	}
	gather->n_open++;
	page_hosts_ask(gather->hosts, run->url->host, on_simple_resolved, run);
}

/* -- the child of --probe-command ----------------------------------------- */

enum {
	EXIT_WARNING = 1,
	EXIT_CRITICAL = 2,
	EXIT_UNKNOWN = 3,
};

/* Its first line, as a reason. */
static const char *first_line(struct arena *arena, const char *output)
{
	size_t len = strcspn(output, "|\r\n");

	return len > 0 ? arena_strndup(arena, output, len) : "it said nothing";
}

static void judge_exit(
	struct gather *gather, const struct command_result *result)
{
	struct page_probe *probe = gather->child_probe;
	const char *line = first_line(gather->arena, result->output);

	if (result->code <= EXIT_WARNING) {
		probe->end = PAGE_PROBE_UP;
		return;
	}
	probe->end = result->code == EXIT_CRITICAL ? PAGE_PROBE_DOWN
						   : PAGE_PROBE_UNSURE;
	probe->why = result->code <= EXIT_UNKNOWN
			     ? line
			     : arena_printf(gather->arena, "it exits with %d",
				       result->code);
}

static void on_child(void *arg, const struct command_result *result)
{
	struct gather *gather = arg;
	struct page_probe *probe = gather->child_probe;

	gather->child_is_over = true;
	probe->took_us = result->took_us;
	probe->end = PAGE_PROBE_UNSURE;
	switch (result->end) {
	case COMMAND_EXITED:
		judge_exit(gather, result);
		break;
	case COMMAND_NOT_STARTED:
		probe->why = arena_printf(gather->arena,
			"it can't be started: %s", strerror(result->error));
		break;
	case COMMAND_KILLED:
		probe->why = arena_printf(gather->arena,
			"it was killed by signal %d", result->code);
		break;
	case COMMAND_TIMED_OUT:
		probe->why = arena_printf(gather->arena,
			"it did not end within %.1f s",
			(double)result->took_us / 1e6);
		break;
	}
	close_one(gather);
}

static void start_child(struct gather *gather)
{
	const struct page_gather_options *options = gather->options;
	bool is_short;
	int64_t until_us = clock_mono_us() + bound_us(gather, &is_short);

	if (!options->command)
		return;
	gather->child_probe = &gather->page->probes[options->n_probes];
	gather->n_open++;
	gather->child = command_start(gather->arena, gather->loop,
		options->command, until_us, on_child, gather);
}

/* -- redirects ------------------------------------------------------------ */

static void on_redirect_resolved(void *arg, const struct resolved *resolved)
{
	page_lookup_answer(arg, resolved->addrs, resolved->n_addrs,
		resolved->n_addrs > 0 ? NULL : resolved->why);
}

static void resolve(void *arg, const char *host, struct page_lookup *lookup)
{
	struct gather *gather = arg;

	page_hosts_ask(gather->hosts, arena_strdup(gather->arena, host),
		on_redirect_resolved, lookup);
}

/* -- the whole ------------------------------------------------------------ */

static void list_runs(struct gather *gather)
{
	const struct page_gather_options *options = gather->options;
	struct page *page = gather->page;
	size_t i;

	gather->n_sources = 1 + page->n_also;
	gather->sources = arena_array(
		gather->arena, gather->n_sources, sizeof(*gather->sources));
	for (i = 0; i < gather->n_sources; i++)
		gather->sources[i] = (struct source_run){ .gather = gather,
			.source = i == 0 ? &page->source : &page->also[i - 1],
			.url = i == 0 ? &options->url : &options->also[i - 1],
			.is_main = i == 0 };
	gather->simple = arena_array(
		gather->arena, options->n_probes + 1, sizeof(*gather->simple));
	if (options->control)
		gather->simple[gather->n_simple++] =
			(struct simple_run){ .gather = gather,
				.url = options->control };
	for (i = 0; i < options->n_probes; i++)
		gather->simple[gather->n_simple++] =
			(struct simple_run){ .gather = gather,
				.url = &options->probes[i],
				.probe = &page->probes[i] };
}

static void start_all(struct gather *gather)
{
	size_t i;

	/* All is begun before anything can end. */
	gather->n_open = 1;
	start_child(gather);
	for (i = 0; i < gather->n_sources; i++)
		look_up_source(&gather->sources[i]);
	for (i = 0; i < gather->n_simple; i++)
		start_simple(&gather->simple[i]);
	gather->n_open--;
}

/* What an address of the page was at when the time of the run was over; NULL:
 * none was cut. */
static const char *stage_of_page(const struct gather *gather)
{
	const struct source_run *run = &gather->sources[0];
	size_t i;

	for (i = 0; i < run->source->n_fetches; i++) {
		const struct request *request = &run->requests[i];
		const struct page_fetch *fetch = request->fetch;
		const char *why = fetch->why ? fetch->why : fetch->addr_text;

		if (!request->is_over ||
			(request->is_short && !run->source->document &&
				fetch->end == PAGE_FETCH_TIMED_OUT))
			return arena_printf(gather->arena,
				"fetching the page, %.*s",
				(int)strcspn(why, ","), why);
	}
	return NULL;
}

/* What was not done when the deadline came; NULL: all was. */
static const char *stage_of(const struct gather *gather)
{
	const char *host = page_hosts_open(gather->hosts);
	const char *stage = stage_of_page(gather);
	size_t i;

	if (stage || gather->n_open == 0)
		return stage;
	if (host)
		return arena_printf(gather->arena, "looking up %s", host);
	if (gather->is_going_further)
		return "fetching the rest of the page";
	if (gather->child && !gather->child_is_over)
		return "running --probe-command";
	for (i = 0; i < gather->n_simple; i++)
		if (!gather->simple[i].is_over)
			return gather->simple[i].probe ? "probing"
						       : "fetching --control";
	return "fetching --also";
}

/* A question that is open when the deadline comes was not answered in time. */
static void settle_lookup(const struct gather *gather, struct source_run *run)
{
	const struct page_gather_options *options = gather->options;
	struct page_source *source = run->source;

	if (run->is_listed)
		return;
	if (options->use_v4)
		source->lookup_v4 = DNS_LOOKUP_FAILED;
	if (options->use_v6)
		source->lookup_v6 = DNS_LOOKUP_FAILED;
	source->lookup_why = "the resolver does not answer in time";
}

static void settle_open(struct gather *gather)
{
	size_t i;

	for (i = 0; i < gather->n_sources; i++)
		settle_lookup(gather, &gather->sources[i]);
	for (i = 0; i < gather->n_simple; i++) {
		struct simple_run *run = &gather->simple[i];

		if (!run->is_over && run->probe)
			run->probe->why = "the deadline came before";
	}
	if (gather->child && !gather->child_is_over)
		gather->child_probe->why = "the deadline came before";
}

static const struct request *settle_source(struct source_run *run)
{
	const struct request *chosen;
	size_t i;

	for (i = 0; i < run->source->n_fetches; i++)
		read_request(&run->requests[i]);
	chosen = choose(run);
	run->source->document = chosen ? chosen->fetch->document : NULL;
	return chosen;
}

/* The page's document with all that was read beside it, in place of the one
 * that its addresses sent. */
static void settle_page(struct gather *gather)
{
	struct page_source *source = &gather->page->source;
	const struct request *chosen = settle_source(&gather->sources[0]);
	const struct page_document *sent;
	size_t i;

	if (gather->n_further > 0)
		chosen = gather->chosen;
	if (!chosen)
		return;
	gather->page->copy =
		page_document_copy(gather->arena, chosen->data, chosen->len);
	if (gather->n_further == 0)
		return;
	take_part(gather);
	sent = chosen->fetch->document;
	source->document = gather->whole;
	for (i = 0; i < source->n_fetches; i++)
		if (source->fetches[i].document == sent)
			source->fetches[i].document = gather->whole;
}

static void settle(struct gather *gather)
{
	struct page *page = gather->page;
	size_t i;

	page_net_stop(gather->net);
	settle_open(gather);
	settle_page(gather);
	for (i = 1; i < gather->n_sources; i++)
		(void)settle_source(&gather->sources[i]);
	page->timeout_stage = stage_of(gather);
	page->v4 = page_sight_of(
		page, gather->sources[0].addrs, 4, gather->options->use_v4);
	page->v6 = page_sight_of(
		page, gather->sources[0].addrs, 6, gather->options->use_v6);
}

static const char *run_all(struct gather *gather)
{
	enum loop_end end;
	const char *why;

	/* What takes this host its time goes before what is timed. */
	why = tls_context_load(gather->tls);
	if (why)
		return arena_printf(gather->arena, "%s %s",
			gather->options->ca_file ? gather->options->ca_file
						 : "TLS",
			why);
	start_all(gather);
	while (gather->n_open > 0) {
		end = loop_run(gather->loop);
		if (end == LOOP_FAILED)
			return "poll failed";
		if (end == LOOP_DEADLINE || end == LOOP_IDLE)
			break;
	}
	settle(gather);
	return NULL;
}

static bool is_late(const void *arg)
{
	const struct page_gather_options *options = arg;

	return clock_mono_us() >= options->deadline_us;
}

static bool start_up(struct gather *gather)
{
	const struct page_gather_options *options = gather->options;
	struct page_read_options *read =
		arena_alloc(gather->arena, sizeof(*read));
	const struct page_net_options net = { .max_size = options->max_size,
		.follows_sites = options->follows_sites,
		.resolve = resolve,
		.resolve_arg = gather,
		.now_s = gather->page->expect.now_s,
		.start_us = options->start_us };
	struct page_net_options all = net;

	*read = options->read;
	read->is_late = is_late;
	read->late_arg = options;
	gather->loop = loop_new(options->deadline_us);
	gather->tls = tls_context_new(options->ca_file);
	if (!gather->loop || !gather->tls)
		return false;
	gather->resolver =
		resolver_new(gather->arena, gather->loop, &options->resolver);
	all.loop = gather->loop;
	all.tls = gather->tls;
	gather->net = page_net_new(gather->arena, &all);
	if (!gather->resolver || !gather->net)
		return false;
	gather->hosts = page_hosts_new(gather->arena, gather->resolver);
	gather->documents = page_documents_new(gather->arena, read);
	list_runs(gather);
	return true;
}

const char *page_gather(struct arena *arena,
	const struct page_gather_options *options, struct page *page)
{
	struct gather *gather = arena_alloc(arena, sizeof(*gather));
	const char *why = "libcurl, c-ares or OpenSSL did not start";

	gather->arena = arena;
	gather->options = options;
	gather->page = page;
	if (start_up(gather))
		why = run_all(gather);
	command_drop(gather->child);
	page_net_free(gather->net);
	resolver_free(gather->resolver);
	tls_context_free(gather->tls);
	loop_free(gather->loop);
	page->elapsed_us = clock_mono_us() - options->start_us;
	return why;
}
