/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_probes.h"

#include "common/core/clock.h"
#include "common/pagecli/page_sight.h"

struct asking {
	struct page_run *run;
	const struct page_url *url;
	struct page_probe *probe; /* NULL: the control */
	const struct dns_addr *addrs;
	size_t n_addrs;
	struct page_fetch fetch;
	int64_t begin_us;
	bool is_over;
};

struct page_probes {
	struct asking *all; /* the control, if any, then the probes */
	size_t n;
};

static void settle(struct asking *asking)
{
	struct page_run *run = asking->run;
	struct page_probe *probe = asking->probe;

	asking->is_over = true;
	if (probe) {
		probe->end = page_fetch_verdict(
			run->arena, &asking->fetch, &probe->why);
		if (asking->fetch.end == PAGE_FETCH_UNREACHABLE &&
			page_has_route(asking->addrs, asking->n_addrs))
			probe->end = PAGE_PROBE_DOWN;
		probe->took_us = clock_mono_us() - asking->begin_us;
	} else {
		run->page->control.end = asking->fetch.end;
		run->page->control.why = asking->fetch.why;
	}
}

static void on_fetched(
	void *arg, struct page_fetch *fetch, const struct page_body *body)
{
	struct asking *asking = arg;

	(void)fetch;
	(void)body;
	settle(asking);
	page_run_close(asking->run);
}

static void ask(struct asking *asking, const struct dns_addr *addrs, size_t n)
{
	struct page_run *run = asking->run;
	struct page_ask ask = { .url = *asking->url,
		.addrs = addrs,
		.n_addrs = n < PAGE_FETCH_ADDRESSES_MAX
				   ? n
				   : PAGE_FETCH_ADDRESSES_MAX,
		.takes_untrusted = !asking->probe,
		.fn = on_fetched,
		.arg = asking };

	asking->addrs = addrs;
	asking->n_addrs = n;
	ask.bound_us = page_run_bound_us(run, &ask.is_short);
	run->n_open++;
	page_fetch_start(run->net, &ask, &asking->fetch);
}

static bool was_asked(enum dns_lookup lookup)
{
	return lookup == DNS_LOOKUP_NXDOMAIN || lookup == DNS_LOOKUP_NO_ADDRESS;
}

/* That nobody has an address for it is seen by customers too; that the resolver
 * of this host is mute is not. */
static void note_unresolved(
	struct asking *asking, const struct resolved *resolved)
{
	struct page_run *run = asking->run;
	struct page_probe *probe = asking->probe;
	const char *why = resolved->why ? arena_printf(run->arena,
						  "it can't be resolved: %s",
						  resolved->why)
					: "it has no address";

	asking->is_over = true;
	if (probe) {
		probe->end = !resolved->why && (was_asked(resolved->v4) ||
						       was_asked(resolved->v6))
				     ? PAGE_PROBE_DOWN
				     : PAGE_PROBE_UNSURE;
		probe->why = why;
	} else {
		run->page->control.end = PAGE_FETCH_UNREACHABLE;
		run->page->control.why = why;
	}
}

static void on_resolved(void *arg, const struct resolved *resolved)
{
	struct asking *asking = arg;

	if (resolved->n_addrs > 0)
		ask(asking, resolved->addrs, resolved->n_addrs);
	else
		note_unresolved(asking, resolved);
	page_run_close(asking->run);
}

static void start(struct asking *asking)
{
	struct page_run *run = asking->run;
	struct dns_addr *addr;

	asking->begin_us = clock_mono_us();
	if (asking->url->host_is_addr) {
		addr = arena_alloc(run->arena, sizeof(*addr));
		if (dns_addr_parse(asking->url->host, addr))
			ask(asking, addr, 1);
		return;
	}
	run->n_open++;
	page_hosts_ask(run->hosts, asking->url->host, on_resolved, asking);
}

static void add(struct page_probes *probes, struct page_run *run,
	const struct page_url *url, struct page_probe *probe)
{
	probes->all[probes->n++] =
		(struct asking){ .run = run, .url = url, .probe = probe };
}

struct page_probes *page_probes_start(struct page_run *run)
{
	const struct page_gather_options *options = run->options;
	struct page_probes *probes = arena_alloc(run->arena, sizeof(*probes));
	size_t i;

	probes->all = arena_array(
		run->arena, options->n_probes + 1, sizeof(*probes->all));
	if (options->control)
		add(probes, run, options->control, NULL);
	for (i = 0; i < options->n_probes; i++)
		add(probes, run, &options->probes[i], &run->page->probes[i]);
	for (i = 0; i < probes->n; i++)
		start(&probes->all[i]);
	return probes;
}

const char *page_probes_stage(const struct page_probes *probes)
{
	size_t i;

	for (i = 0; i < probes->n; i++)
		if (!probes->all[i].is_over)
			return probes->all[i].probe ? "probing"
						    : "fetching --control";
	return NULL;
}

void page_probes_settle(struct page_probes *probes)
{
	size_t i;

	for (i = 0; i < probes->n; i++)
		if (!probes->all[i].is_over && probes->all[i].probe)
			probes->all[i].probe->why = "the deadline came before";
}
