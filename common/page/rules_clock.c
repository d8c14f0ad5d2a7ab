/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about clocks: a time that is still to come makes every age wrong. */
#include "config.h"

#include "common/page/rules.h"

enum {
	ZONES_S = 14 * 3600, /* as far ahead as a time without a zone may be */
};

struct ahead {
	int64_t now_s;
	int64_t most_s; /* how far ahead */
	const char *where;
	size_t n;
};

static void look_at(struct ahead *ahead, const struct page_expect *expect,
	const struct page_time *time, const char *where)
{
	int64_t ahead_s = time->s - expect->now_s;
	int64_t slack_s = expect->clock_s;

	if (time->fate == PAGE_TIME_ZONELESS)
		slack_s += ZONES_S;
	else if (time->fate != PAGE_TIME_KNOWN)
		return;
	if (ahead_s <= slack_s)
		return;
	ahead->n++;
	if (ahead_s <= ahead->most_s)
		return;
	ahead->most_s = ahead_s;
	ahead->where = where;
}

static void look_at_events(struct ahead *ahead,
	const struct page_expect *expect, const struct page_event *events,
	size_t n)
{
	size_t i;
	size_t k;

	for (i = 0; i < n; i++) {
		look_at(ahead, expect, &events[i].resolved, events[i].name);
		for (k = 0; k < events[i].n_updates; k++)
			look_at(ahead, expect, &events[i].updates[k].posted,
				events[i].name);
	}
}

/* A maintenance may have been put down for later: what begins is no post. */
void judge_time_in_future(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_expect *expect = &page->expect;
	const struct page_document *doc = rule_document(judge, page);
	struct ahead ahead = { .now_s = expect->now_s };
	size_t i;

	if (!doc)
		return;
	look_at(&ahead, expect, &doc->updated, "the page");
	look_at(&ahead, expect, &doc->rendered, "the page");
	for (i = 0; i < doc->n_components; i++)
		look_at(&ahead, expect, &doc->components[i].updated,
			doc->components[i].name);
	for (i = 0; i < doc->n_incidents; i++)
		look_at(&ahead, expect, &doc->incidents[i].created,
			doc->incidents[i].name);
	look_at_events(&ahead, expect, doc->incidents, doc->n_incidents);
	if (ahead.n > 0)
		judge_finding(judge, rule_page_culprit(page),
			"has %zu time%s still to come, %s by %s; expected none "
			"beyond %s",
			ahead.n, ahead.n == 1 ? "" : "s", ahead.where,
			rule_span(judge, ahead.most_s),
			rule_span(judge, expect->clock_s));
}

/* A reply from a cache has the time at which it was made; there are caches that
 * put their own in its place and tell its age all the same. */
static bool find_offset(const struct page_fetch *fetch, int64_t *offset_s)
{
	if (fetch->end != PAGE_FETCH_DONE || fetch->asked_s == 0 ||
		!page_time_is_known(&fetch->date))
		return false;
	*offset_s = fetch->date.s - fetch->asked_s;
	if (fetch->has_age && *offset_s < 0)
		*offset_s = *offset_s + fetch->age_s < 0
				    ? *offset_s + fetch->age_s
				    : 0;
	return true;
}

void judge_clock_differs(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_source *source = &page->source;
	bool is_known = false;
	size_t i;

	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];
		int64_t offset_s;

		if (!find_offset(fetch, &offset_s))
			continue;
		is_known = true;
		if (offset_s >= -page->expect.clock_s &&
			offset_s <= page->expect.clock_s)
			continue;
		judge_finding(judge,
			(struct culprit){ source->host, fetch->addr_text },
			"has a clock that is %s %s this host's; expected at "
			"most %s",
			rule_span(judge, offset_s < 0 ? -offset_s : offset_s),
			offset_s < 0 ? "behind" : "ahead of",
			rule_span(judge, page->expect.clock_s));
	}
	if (!is_known)
		judge_not_judged(judge, NULL, "no reply had a date");
}
