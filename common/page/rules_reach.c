/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about each address of the page: whether it answers, with what
 * certificate, and whether it says what the others say. */
#include "config.h"

#include <string.h>

#include "common/page/rules.h"

enum {
	PARTIAL_CONTENT = 206, /* nobody asked for a part */
};

bool page_fetch_is_good(const struct page_fetch *fetch)
{
	return fetch->end == PAGE_FETCH_DONE &&
	       ((fetch->status >= 200 && fetch->status < 300 &&
			fetch->status != PARTIAL_CONTENT) ||
		       (fetch->status == 304 && fetch->is_unchanged));
}

static struct culprit address_culprit(
	const struct page_source *source, const struct page_fetch *fetch)
{
	const char *host = fetch->host ? fetch->host : source->host;

	/* Where no name stands for it, it is said once. */
	if (strcmp(host, fetch->addr_text) == 0)
		return (struct culprit){ NULL, fetch->addr_text };
	return (struct culprit){ host, fetch->addr_text };
}

/* That this host has no way there is no fault of theirs. */
static bool is_hidden(const struct page *page, const struct page_fetch *fetch)
{
	enum dns_sight sight = fetch->family == 6 ? page->v6 : page->v4;

	return fetch->end == PAGE_FETCH_NOT_DONE ||
	       fetch->end == PAGE_FETCH_OUR_FAULT ||
	       (fetch->end == PAGE_FETCH_UNREACHABLE &&
		       sight == DNS_SIGHT_NO_ROUTE);
}

static void note_hidden(struct judge *judge, const struct page *page,
	const struct page_fetch *fetch)
{
	if (fetch->end == PAGE_FETCH_UNREACHABLE)
		judge_not_judged(judge, fetch->family == 6 ? "IPv6" : "IPv4",
			"no route from here");
	else if (page->timeout_stage)
		judge_not_judged(
			judge, fetch->addr_text, "the deadline came before");
	else
		judge_not_judged(judge, fetch->addr_text, "%s",
			fetch->why ? fetch->why : "it was not asked");
}

struct reach {
	size_t good, bad, hidden;
	const struct page_fetch *first_bad;
};

static struct reach count(
	const struct page *page, const struct page_source *source)
{
	struct reach reach = { .good = 0 };
	size_t i;

	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];

		if (page_fetch_is_good(fetch)) {
			reach.good++;
		} else if (is_hidden(page, fetch)) {
			reach.hidden++;
		} else {
			if (reach.bad++ == 0)
				reach.first_bad = fetch;
		}
	}
	return reach;
}

/* What a status means that is seldom the page's own. */
static const char *hint(unsigned status)
{
	if (status == 401 || status == 403)
		return " (as to programs that it shuts out)";
	if (status == 404)
		return " (is the path right?)";
	return status == 429 ? " (asked too often)" : "";
}

/* "answers 503", "timed out"; what happened behind it where that is known. */
static const char *tell(struct judge *judge, const struct page_fetch *fetch)
{
	if (fetch->end == PAGE_FETCH_DONE)
		return arena_printf(judge->arena, "answers %u%s%s%s",
			fetch->status, hint(fetch->status),
			fetch->final_url ? " at " : "",
			fetch->final_url ? fetch->final_url : "");
	return arena_printf(judge->arena, "%s%s%s%s",
		page_fetch_end_text(fetch->end), fetch->why ? " (" : "",
		fetch->why ? fetch->why : "", fetch->why ? ")" : "");
}

/* -- the page ------------------------------------------------------------- */

/* Whether a host that is known to be well answers from here; with none given,
 * nothing speaks against it. */
static bool control_fails(struct judge *judge, const struct page *page)
{
	if (!page->control.url || page->control.end == PAGE_FETCH_DONE)
		return false;
	judge_not_judged(judge, NULL, "%s (--control) %s either",
		page->control.url,
		page->control.end == PAGE_FETCH_NOT_DONE ? "was not asked"
							 : "can't be reached");
	return true;
}

static bool is_empty(enum dns_lookup lookup)
{
	return lookup == DNS_LOOKUP_NXDOMAIN || lookup == DNS_LOOKUP_NO_ADDRESS;
}

/* By all questions that were asked. */
static bool has_no_address(const struct page_source *source)
{
	bool v4 = is_empty(source->lookup_v4);
	bool v6 = is_empty(source->lookup_v6);

	return (v4 && v6) || (v4 && source->lookup_v6 == DNS_LOOKUP_NOT_DONE) ||
	       (v6 && source->lookup_v4 == DNS_LOOKUP_NOT_DONE);
}

/* Whether a resolver was there to be asked at all: the lack of one is this
 * host's. */
static bool was_looked_up(const struct page_source *source)
{
	return source->lookup_v4 != DNS_LOOKUP_NOT_DONE ||
	       source->lookup_v6 != DNS_LOOKUP_NOT_DONE;
}

void judge_page_unreachable(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_source *source = &page->source;
	const struct reach reach = count(page, source);
	/* What a provider's page says is not known then, and no more. */
	enum state state =
		page->expect.is_upstream ? STATE_UNKNOWN : STATE_CRITICAL;

	if (reach.good > 0)
		return;
	if (reach.bad == 0 && reach.hidden > 0) {
		note_hidden(judge, page, &source->fetches[0]);
		return;
	}
	if (control_fails(judge, page))
		return;
	if (reach.bad > 0)
		judge_finding_as(judge, state,
			address_culprit(source, reach.first_bad),
			"%s%s; expected the page", tell(judge, reach.first_bad),
			reach.bad > 1 ? ", as do all its addresses" : "");
	else if (has_no_address(source))
		judge_finding_as(judge, state, rule_page_culprit(page),
			"has no address; expected the page");
	else if (was_looked_up(source) && source->lookup_why)
		judge_finding_as(judge, state, rule_page_culprit(page),
			"can't be resolved: %s", source->lookup_why);
	else
		judge_not_judged(judge, NULL, "%s",
			source->lookup_why ? source->lookup_why
					   : "its name was not looked up");
}

/* Addresses that it may have, or has, and that were not asked. */
static void note_unseen(struct judge *judge, const struct page_source *source)
{
	bool lacks_v4 = source->lookup_v4 == DNS_LOOKUP_FAILED ||
			source->lookup_v4 == DNS_LOOKUP_LIMIT;
	bool lacks_v6 = source->lookup_v6 == DNS_LOOKUP_FAILED ||
			source->lookup_v6 == DNS_LOOKUP_LIMIT;

	if (source->n_fetches == 0)
		judge_not_judged(judge, NULL, "it has no address");
	else if (lacks_v4 || lacks_v6)
		judge_not_judged(judge, lacks_v4 ? "IPv4" : "IPv6",
			"its addresses can't be resolved: %s",
			source->lookup_why ? source->lookup_why : "unknown");
	if (source->n_left_out > 0)
		judge_not_judged(judge, NULL,
			"%zu more addresses of it were not asked",
			source->n_left_out);
}

void judge_address_unreachable(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_source *source = &page->source;
	const struct reach reach = count(page, source);
	size_t i;

	/* Where none answers, that is said once, and louder. */
	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];

		if (page_fetch_is_good(fetch))
			continue;
		if (is_hidden(page, fetch))
			note_hidden(judge, page, fetch);
		else if (reach.good > 0)
			judge_finding(judge, address_culprit(source, fetch),
				"%s; expected the page, as %zu of %zu "
				"addresses give it",
				tell(judge, fetch), reach.good,
				source->n_fetches);
	}
	note_unseen(judge, source);
}

/* -- certificates --------------------------------------------------------- */

static void if_invalid(struct judge *judge, const struct page *page,
	const struct page_source *source, const struct page_fetch *fetch)
{
	const struct page_cert *cert = &fetch->cert;

	if (cert->chain == PAGE_CHAIN_NOT_CHECKED)
		judge_not_judged(judge, fetch->addr_text,
			"there are no CA certificates here to judge by");
	if (cert->chain != PAGE_CHAIN_INVALID &&
		cert->chain != PAGE_CHAIN_WRONG_NAME)
		return;
	judge_finding_as(judge,
		page->expect.is_upstream ? STATE_WARNING : STATE_CRITICAL,
		address_culprit(source, fetch),
		"shows a certificate that %s%s%s; expected a valid one",
		cert->chain == PAGE_CHAIN_WRONG_NAME ? "is not for that name"
						     : "is not valid",
		cert->why ? ": " : "", cert->why ? cert->why : "");
}

static void if_expiring(struct judge *judge, const struct page *page,
	const struct page_source *source, const struct page_fetch *fetch)
{
	const struct page_limits *limits = &page->expect.cert;
	const struct page_cert *cert = &fetch->cert;
	int64_t left_s = cert->chain_end_s - page->expect.now_s;
	enum state state = STATE_OK;

	if (cert->chain_end_s == 0)
		return;
	if (limits->warning_s >= 0 && left_s < limits->warning_s)
		state = STATE_WARNING;
	if (limits->critical_s >= 0 && left_s < limits->critical_s)
		state = STATE_CRITICAL;
	if (state == STATE_OK)
		return;
	/* A provider's own is theirs to renew. */
	if (page->expect.is_upstream)
		state = STATE_WARNING;
	judge_finding_as(judge, state, address_culprit(source, fetch),
		"shows a certificate that %s %s%s%s%s; expected %s left",
		left_s < 0 ? "ended" : "ends in",
		rule_span(judge, left_s < 0 ? -left_s : left_s),
		left_s < 0 ? " ago" : "",
		cert->chain_end_which ? " with that of " : "",
		cert->chain_end_which ? cert->chain_end_which : "",
		rule_span(judge, limits->warning_s));
}

typedef void (*fetch_fn)(struct judge *judge, const struct page *page,
	const struct page_source *source, const struct page_fetch *fetch);

static void each_certificate(
	struct judge *judge, const struct page *page, fetch_fn fn)
{
	const struct page_source *source = &page->source;
	bool was_seen = false;
	size_t i;

	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];

		if (fetch->cert.chain == PAGE_CHAIN_NOT_SEEN)
			continue;
		was_seen = true;
		fn(judge, page, source, fetch);
	}
	if (was_seen)
		return;
	/* By plain HTTP, there is none to be judged. */
	if (strncmp(source->url, "http:", 5) == 0)
		judge_not_asked(judge);
	else
		judge_not_judged(judge, NULL, "no certificate was seen");
}

void judge_page_certificate_invalid(struct judge *judge, const void *facts)
{
	each_certificate(judge, facts, if_invalid);
}

void judge_page_certificate_expiring(struct judge *judge, const void *facts)
{
	each_certificate(judge, facts, if_expiring);
}

/* -- size and age --------------------------------------------------------- */

/* What people load; data has the size that it has. */
void judge_page_heavy(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_expect *expect = &page->expect;
	const struct page_document *doc = rule_own_document(judge, page);
	enum state state = STATE_WARNING;

	if (!doc)
		return;
	if (doc->format != PAGE_FORMAT_HTML &&
		doc->format != PAGE_FORMAT_STATUSPAGE_HTML) {
		judge_not_asked(judge);
		return;
	}
	if (doc->size <= expect->size_warning)
		return;
	if (doc->size > expect->size_critical)
		state = STATE_CRITICAL;
	judge_finding_as(judge, state, rule_page_culprit(page),
		"is a page of %zu bytes; expected at most %llu", doc->size,
		(unsigned long long)expect->size_warning);
}

/* How old what an address sent is; false: it does not say. */
static bool find_age(
	const struct page *page, const struct page_fetch *fetch, int64_t *age_s)
{
	const struct page_document *doc = fetch->document;
	bool is_told = fetch->has_age;

	*age_s = fetch->has_age ? fetch->age_s : 0;
	if (!page->expect.wants_rendered || !doc ||
		!page_time_is_known(&doc->rendered))
		return is_told;
	if (page->expect.now_s - doc->rendered.s > *age_s)
		*age_s = page->expect.now_s - doc->rendered.s;
	return true;
}

void judge_copy_old(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_source *source = &page->source;
	size_t i;

	if (page->expect.is_upstream) {
		judge_not_asked(judge);
		return;
	}
	for (i = 0; i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];
		enum state state;
		int64_t age_s;

		if (!page_fetch_is_good(fetch) ||
			!find_age(page, fetch, &age_s))
			continue;
		state = rule_grade(&page->expect.cache, age_s);
		if (state != STATE_OK)
			judge_finding_as(judge, state,
				address_culprit(source, fetch),
				"serves a copy that is %s old; expected at "
				"most %s",
				rule_span(judge, age_s),
				rule_span(judge, page->expect.cache.warning_s));
	}
}

/* -- agreement ------------------------------------------------------------ */

/* What one of them says otherwise than the other, for a sentence; NULL: they
 * agree on what matters. */
static const char *difference(const struct page *page,
	const struct page_document *a, const struct page_document *b)
{
	struct page_claim left = page_claim(&page->expect, a, NULL);
	struct page_claim right = page_claim(&page->expect, b, NULL);

	if (a->id && b->id && strcmp(a->id, b->id) != 0)
		return "is another page";
	if (!left.is_known || !right.is_known)
		return NULL;
	if (left.shows_outage != right.shows_outage)
		return right.shows_outage ? "shows an outage"
					  : "shows no outage";
	if (left.is_well != right.is_well)
		return right.is_well ? "says that all is well"
				     : "says that not all is well";
	return NULL;
}

static bool was_read(const struct page_document *doc)
{
	return doc && doc->reading == PAGE_READ;
}

/* One that is behind the others may be of an instance that failed with what it
 * tells of. */
void judge_addresses_differ(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_source *source = &page->source;
	const struct page_document *doc = rule_document(judge, page);
	size_t i;

	for (i = 0; doc && i < source->n_fetches; i++) {
		const struct page_fetch *fetch = &source->fetches[i];
		const char *what;

		if (!page_fetch_is_good(fetch) || !fetch->document ||
			fetch->document == doc)
			continue;
		what = was_read(fetch->document)
			       ? difference(page, doc, fetch->document)
			       : fetch->document->why;
		if (what)
			judge_finding(judge, address_culprit(source, fetch),
				"%s, other than the first address", what);
	}
}

/* Who knows the page by that name does not get it. */
static void judge_unread(struct judge *judge, const struct page *page,
	const struct page_source *also)
{
	const struct reach reach = count(page, also);
	const char *what = NULL;

	if (also->document)
		what = also->document->why;
	else if (reach.bad > 0 && reach.good == 0)
		what = tell(judge, reach.first_bad);
	else if (also->n_fetches == 0 && has_no_address(also))
		what = "has no address";
	else if (also->n_fetches == 0 && was_looked_up(also))
		what = also->lookup_why;
	if (what)
		judge_finding(judge, rule_named(also->url),
			"%s; expected the page, as %s gives it", what,
			page->source.host);
	else
		judge_not_judged(judge, also->url, "%s",
			also->lookup_why ? also->lookup_why
					 : "the page was not read");
}

void judge_names_differ(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc;
	size_t i;

	if (page->n_also == 0) {
		judge_not_asked(judge);
		return;
	}
	doc = rule_document(judge, page);
	for (i = 0; doc && i < page->n_also; i++) {
		const struct page_source *also = &page->also[i];
		const char *what;

		if (!was_read(also->document)) {
			judge_unread(judge, page, also);
			continue;
		}
		what = difference(page, doc, also->document);
		if (what)
			judge_finding(judge, rule_named(also->url),
				"%s, other than %s", what, page->source.url);
	}
}
