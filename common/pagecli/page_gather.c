/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lookups, requests and the child of --probe-command share one loop. Documents
 * of the page are read once all its addresses have ended, or shortly after the
 * first came, so that reading a large one does not make the others look slow.
 */
#include "config.h"

#include "common/pagecli/page_gather.h"

#include "common/core/clock.h"
#include "common/pagecli/page_command.h"
#include "common/pagecli/page_probes.h"
#include "common/pagecli/page_rest.h"
#include "common/pagecli/page_sight.h"

enum {
	READ_SOON_US = 150 * 1000, /* behind the first that came */
};

struct gather {
	struct page_run run;
	struct resolver *resolver;
	struct tls_context *tls;

	struct page_asked **sources; /* the page, then --also */
	size_t n_sources;
	struct page_rest *rest; /* NULL: no document of the page was read */
	struct page_probes *probes;
	struct page_command *command;
	struct loop_timer reading;
};

/* -- the documents of the page -------------------------------------------- */

/* Once there is a document of the page, what belongs to it is asked for. */
static void read_page(struct gather *gather)
{
	struct page_sent sent;

	loop_timer_cancel(gather->run.loop, &gather->reading);
	if (page_source_read(gather->sources[0], &sent) && !gather->rest &&
		sent.document->reading == PAGE_READ)
		gather->rest = page_rest_start(&gather->run, &sent);
}

static void on_reading(void *arg)
{
	struct gather *gather = arg;

	read_page(gather);
	page_run_close(&gather->run);
}

static void read_soon(void *arg)
{
	struct gather *gather = arg;
	struct page_run *run = &gather->run;
	bool is_last = page_source_is_over(gather->sources[0]);
	int64_t at_us = is_last ? 0 : loop_now_us(run->loop) + READ_SOON_US;

	/* Each time it is set, it is waited for. */
	if (gather->reading.slot == 0)
		run->n_open++;
	else if (!is_last)
		return;
	if (!loop_timer_set(
		    run->loop, &gather->reading, at_us, on_reading, gather))
		mem_exhausted();
}

/* -- redirects ------------------------------------------------------------ */

static void on_redirect_resolved(void *arg, const struct resolved *resolved)
{
	page_lookup_answer(arg, resolved->addrs, resolved->n_addrs,
		resolved->n_addrs > 0 ? NULL : resolved->why);
}

static void resolve(void *arg, const char *host, struct page_lookup *lookup)
{
	const struct gather *gather = arg;

	page_hosts_ask(gather->run.hosts, arena_strdup(gather->run.arena, host),
		on_redirect_resolved, lookup);
}

/* -- the whole ------------------------------------------------------------ */

static void start_all(struct gather *gather)
{
	struct page_run *run = &gather->run;
	struct page *page = run->page;
	size_t i;

	gather->n_sources = 1 + page->n_also;
	gather->sources = arena_array(
		run->arena, gather->n_sources, sizeof(*gather->sources));
	/* All is begun before anything can end. */
	run->n_open = 1;
	gather->command = page_command_start(run);
	gather->sources[0] = page_source_start(
		run, &page->source, &run->options->url, read_soon, gather);
	for (i = 1; i < gather->n_sources; i++)
		gather->sources[i] = page_source_start(run, &page->also[i - 1],
			&run->options->also[i - 1], NULL, NULL);
	gather->probes = page_probes_start(run);
	run->n_open--;
}

/* What was not done when the deadline came; NULL: all was. */
static const char *stage_of(const struct gather *gather)
{
	const struct page_run *run = &gather->run;
	const char *host = page_hosts_open(run->hosts);
	const char *stage = page_source_stage(gather->sources[0]);

	if (stage || run->n_open == 0)
		return stage;
	if (host)
		return arena_printf(run->arena, "looking up %s", host);
	if (gather->rest && page_rest_is_open(gather->rest))
		return "fetching the rest of the page";
	if (page_command_is_open(gather->command))
		return "running --probe-command";
	stage = page_probes_stage(gather->probes);
	return stage ? stage : "fetching --also";
}

/* The page's document with all that was read beside it, in place of the one
 * that its addresses sent. */
static void settle_page(struct gather *gather)
{
	struct page *page = gather->run.page;
	struct page_source *source = &page->source;
	struct page_sent sent;
	bool is_there = page_source_settle(gather->sources[0], &sent);
	const struct page_document *whole =
		gather->rest ? page_rest_whole(gather->rest, &sent) : NULL;
	size_t i;

	if (!is_there)
		return;
	page->copy = page_document_copy(gather->run.arena, sent.data, sent.len);
	if (!whole)
		return;
	source->document = whole;
	for (i = 0; i < source->n_fetches; i++)
		if (source->fetches[i].document == sent.document)
			source->fetches[i].document = whole;
}

static void settle(struct gather *gather)
{
	struct page_run *run = &gather->run;
	struct page *page = run->page;
	const struct dns_addr *addrs = page_source_addrs(gather->sources[0]);
	struct page_sent sent;
	size_t i;

	page_net_stop(run->net);
	page_probes_settle(gather->probes);
	page_command_settle(gather->command);
	settle_page(gather);
	for (i = 1; i < gather->n_sources; i++)
		(void)page_source_settle(gather->sources[i], &sent);
	page->timeout_stage = stage_of(gather);
	page->v4 = page_sight_of(page, addrs, 4, run->options->use_v4);
	page->v6 = page_sight_of(page, addrs, 6, run->options->use_v6);
}

static const char *run_all(struct gather *gather)
{
	const struct page_run *run = &gather->run;
	enum loop_end end;
	const char *why;

	/* What takes this host its time goes before what is timed. */
	why = tls_context_load(gather->tls);
	if (why)
		return arena_printf(run->arena, "%s %s",
			run->options->ca_file ? run->options->ca_file : "TLS",
			why);
	start_all(gather);
	while (run->n_open > 0) {
		end = loop_run(run->loop);
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
	struct page_run *run = &gather->run;
	const struct page_gather_options *options = run->options;
	struct page_read_options *read = arena_alloc(run->arena, sizeof(*read));
	struct page_net_options net = { .max_size = options->max_size,
		.follows_sites = options->follows_sites,
		.resolve = resolve,
		.resolve_arg = gather,
		.now_s = run->page->expect.now_s,
		.start_us = options->start_us };

	*read = options->read;
	read->is_late = is_late;
	read->late_arg = options;
	run->loop = loop_new(options->deadline_us);
	gather->tls = tls_context_new(options->ca_file);
	if (!run->loop || !gather->tls)
		return false;
	gather->resolver =
		resolver_new(run->arena, run->loop, &options->resolver);
	net.loop = run->loop;
	net.tls = gather->tls;
	run->net = page_net_new(run->arena, &net);
	if (!gather->resolver || !run->net)
		return false;
	run->hosts = page_hosts_new(run->arena, gather->resolver);
	run->documents = page_documents_new(run->arena, read);
	return true;
}

const char *page_gather(struct arena *arena,
	const struct page_gather_options *options, struct page *page)
{
	struct gather *gather = arena_alloc(arena, sizeof(*gather));
	const char *why = "libcurl, c-ares or OpenSSL did not start";

	gather->run = (struct page_run){
		.arena = arena, .options = options, .page = page
	};
	if (start_up(gather))
		why = run_all(gather);
	page_command_drop(gather->command);
	page_net_free(gather->run.net);
	resolver_free(gather->resolver);
	tls_context_free(gather->tls);
	loop_free(gather->run.loop);
	page->elapsed_us = clock_mono_us() - options->start_us;
	return why;
}
