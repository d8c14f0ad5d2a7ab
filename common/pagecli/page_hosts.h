/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The addresses of hosts, each looked up once a run. */
#ifndef LIFELINE_PAGECLI_PAGE_HOSTS_H
#define LIFELINE_PAGECLI_PAGE_HOSTS_H

#include "common/dnsnet/resolver.h"

struct page_hosts;

struct page_hosts *page_hosts_new(
	struct arena *arena, struct resolver *resolver);

/* fn is called once: within the call where the host was looked up already,
 * else later from the loop. The name must live as long as the arena. */
void page_hosts_ask(
	struct page_hosts *hosts, const char *name, resolved_fn fn, void *arg);

/* The first host that is still looked up; or NULL. */
const char *page_hosts_open(const struct page_hosts *hosts);

#endif
