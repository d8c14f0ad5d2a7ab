/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_hosts.h"

#include <string.h>

struct waiter {
	resolved_fn fn;
	void *arg;
	struct waiter *next;
};

struct host {
	struct page_hosts *all;
	const char *name;
	bool is_known;
	struct resolved resolved;
	struct waiter *waiters;
	struct host *next;
};

struct page_hosts {
	struct arena *arena;
	struct resolver *resolver;
	struct host *first;
};

struct page_hosts *page_hosts_new(
	struct arena *arena, struct resolver *resolver)
{
	struct page_hosts *hosts = arena_alloc(arena, sizeof(*hosts));

	hosts->arena = arena;
	hosts->resolver = resolver;
	return hosts;
}

static void on_resolved(void *arg, const struct resolved *resolved)
{
	struct host *host = arg;
	const struct waiter *waiter;

	host->resolved = *resolved;
	host->is_known = true;
	for (waiter = host->waiters; waiter; waiter = waiter->next)
		waiter->fn(waiter->arg, &host->resolved);
	host->waiters = NULL;
}

static struct host *find(const struct page_hosts *hosts, const char *name)
{
	struct host *host;

	for (host = hosts->first; host; host = host->next)
		if (strcmp(host->name, name) == 0)
			return host;
	return NULL;
}

static struct host *add(struct page_hosts *hosts, const char *name)
{
	struct host *host = arena_alloc(hosts->arena, sizeof(*host));

	host->all = hosts;
	host->name = name;
	host->next = hosts->first;
	hosts->first = host;
	resolver_start(hosts->resolver, name, on_resolved, host);
	return host;
}

void page_hosts_ask(
	struct page_hosts *hosts, const char *name, resolved_fn fn, void *arg)
{
	struct host *host = find(hosts, name);
	struct waiter *waiter;

	if (!host)
		host = add(hosts, name);
	if (host->is_known) {
		fn(arg, &host->resolved);
		return;
	}
	waiter = arena_alloc(hosts->arena, sizeof(*waiter));
	*waiter = (struct waiter){ fn, arg, host->waiters };
	host->waiters = waiter;
}

const char *page_hosts_open(const struct page_hosts *hosts)
{
	const struct host *host;

	for (host = hosts->first; host; host = host->next)
		if (!host->is_known)
			return host->name;
	return NULL;
}
