/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What -v and above add to the text: each address and what it sent, what the
 * page says; each step and its time; what went over the wire.
 */
#include "config.h"

#include <string.h>

#include "common/page/rules.h"

enum {
	US_PER_MS = 1000,
	VERBOSITY_STEPS = 2,
	VERBOSITY_WIRE = 3,
	BODY_SHOWN_MAX = 4000, /* bytes of the document at -vvv */
	LINE_SHOWN_MAX = 200,  /* bytes of it on one line */
	UPDATE_SHOWN_MAX = 300,
	COMPONENTS_SHOWN_MAX = 500,
};

static void add_ms(struct text *out, int64_t us)
{
	text_add_number(out, (double)us / US_PER_MS);
	text_add(out, " ms");
}

static void add_age(
	struct text *out, const struct page *page, const struct page_time *time)
{
	int64_t age_s = page->expect.now_s - time->s;

	if (!page_time_is_known(time))
		return;
	text_add(out, ", ");
	text_add_span(out, age_s < 0 ? -age_s : age_s);
	text_add(out, age_s < 0 ? " ahead" : " ago");
}

static void add_quoted(struct text *out, const char *before, const char *text)
{
	if (!text || *text == '\0')
		return;
	text_printf(out, "%s\"", before);
	text_add_clean(out, text);
	text_add(out, "\"");
}

/* -- addresses ------------------------------------------------------------ */

static void add_certificate(
	struct text *out, const struct page *page, const struct page_cert *cert)
{
	int64_t left_s = cert->end_s - page->expect.now_s;

	if (cert->chain == PAGE_CHAIN_NOT_SEEN)
		return;
	text_add(out, "    certificate of ");
	text_add_clean(out, cert->subject ? cert->subject : "nobody");
	text_add(out, " by ");
	text_add_clean(out, cert->issuer ? cert->issuer : "nobody");
	text_printf(out, ": %s", page_chain_word(cert->chain));
	if (cert->why) {
		text_add(out, " (");
		text_add_clean(out, cert->why);
		text_add(out, ")");
	}
	if (cert->end_s > 0) {
		text_add(out, left_s < 0 ? ", ended " : ", ends in ");
		text_add_span(out, left_s < 0 ? -left_s : left_s);
		text_add(out, left_s < 0 ? " ago" : "");
	}
	text_add(out, "\n");
}

static void add_step(struct text *out, const char *name, int64_t at_us)
{
	if (at_us < 0)
		return;
	text_printf(out, "    %s at ", name);
	add_ms(out, at_us);
	text_add(out, "\n");
}

static void add_header(struct text *out, const char *name, const char *value)
{
	if (!value)
		return;
	text_printf(out, "    %s: ", name);
	text_add_clean(out, value);
	text_add(out, "\n");
}

static void add_headers(struct text *out, const struct page_fetch *fetch)
{
	add_header(out, "Content-Type", fetch->content_type);
	add_header(out, "ETag", fetch->etag);
	add_header(out, "Last-Modified", fetch->last_modified);
	if (page_time_is_known(&fetch->date))
		text_printf(out, "    Date: %lld s by our clock\n",
			(long long)(fetch->date.s - fetch->asked_s));
	if (fetch->has_age)
		text_printf(out, "    Age: %lld s\n", (long long)fetch->age_s);
	if (fetch->has_max_age)
		text_printf(out, "    max-age: %lld s\n",
			(long long)fetch->max_age_s);
}

static void add_fetch(struct text *out, const struct page *page,
	const struct page_fetch *fetch, unsigned verbosity)
{
	text_printf(out, "  %s", fetch->addr_text);
	if (fetch->host)
		text_printf(out, " of %s", fetch->host);
	text_add(out, ": ");
	if (fetch->end == PAGE_FETCH_DONE)
		text_printf(out, "%u%s, %llu bytes", fetch->status,
			fetch->is_unchanged ? " (not changed)" : "",
			(unsigned long long)fetch->size);
	else
		text_add(out, page_fetch_end_text(fetch->end));
	if (fetch->why) {
		text_add(out, " (");
		text_add_clean(out, fetch->why);
		text_add(out, ")");
	}
	if (fetch->done_us >= 0) {
		text_add(out, ", ");
		add_ms(out, fetch->done_us);
	}
	if (fetch->is_nat64)
		text_add(out, ", by NAT64");
	if (fetch->final_url) {
		text_printf(out, ", %u redirects to ", fetch->n_redirects);
		text_add_clean(out, fetch->final_url);
	}
	text_add(out, "\n");
	if (verbosity < VERBOSITY_STEPS)
		return;
	add_step(out, "connected", fetch->connected_us);
	add_step(out, "TLS", fetch->tls_us);
	add_step(out, "first byte", fetch->first_byte_us);
	add_certificate(out, page, &fetch->cert);
	if (verbosity >= VERBOSITY_WIRE)
		add_headers(out, fetch);
}

static void add_source(struct text *out, const struct page *page,
	const struct page_source *source, unsigned verbosity)
{
	size_t i;

	text_add_clean(out, source->url);
	text_printf(out, ": %zu addresses\n", source->n_fetches);
	for (i = 0; i < source->n_fetches; i++)
		add_fetch(out, page, &source->fetches[i], verbosity);
}

/* -- what the page says --------------------------------------------------- */

static void add_event(struct text *out, const struct page *page,
	const struct page_event *event, unsigned verbosity)
{
	size_t i;

	text_printf(out, "  %s", page_phase_word(event->phase));
	add_quoted(out, ": ", event->name);
	if (event->impact.word) {
		text_add(out, ", impact ");
		text_add_clean(out, event->impact.word);
	}
	add_age(out, page, &event->created);
	text_printf(out, ", %zu updates\n", event->n_updates);
	for (i = 0; verbosity >= VERBOSITY_STEPS && i < event->n_updates; i++) {
		const struct page_update *update = &event->updates[i];
		struct text body;

		text_init(&body, UPDATE_SHOWN_MAX);
		text_add_clean(&body, update->body);
		text_printf(out, "    %s", page_phase_word(update->phase));
		add_age(out, page, &update->posted);
		text_printf(out, ": %s\n", body.data);
		text_release(&body);
	}
}

static void add_events(struct text *out, const struct page *page,
	const struct page_event *events, size_t n, unsigned verbosity)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (page_event_is_open(&events[i]) ||
			verbosity >= VERBOSITY_STEPS)
			add_event(out, page, &events[i], verbosity);
}

static void add_components(
	struct text *out, const struct page *page, unsigned verbosity)
{
	const struct page_document *doc = page->source.document;
	size_t n = 0;
	size_t i;

	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];
		bool is_well =
			component->status.health == PAGE_HEALTH_OPERATIONAL;

		if ((is_well && verbosity < VERBOSITY_STEPS) ||
			n++ >= COMPONENTS_SHOWN_MAX)
			continue;
		text_printf(out, "  %s",
			page_health_word(component->status.health));
		add_quoted(out, ": ", rule_component_name(component));
		add_quoted(out, " in ", component->group);
		if (!page_component_concerns(&page->expect, component))
			text_add(out, " (no concern of ours)");
		text_add(out, "\n");
	}
}

static void add_document(
	struct text *out, const struct page *page, unsigned verbosity)
{
	const struct page_document *doc = page->source.document;
	size_t i;

	text_printf(out, "document: %s, %s, %s, %zu bytes",
		page_reading_word(doc->reading), page_format_word(doc->format),
		doc->encoding ? doc->encoding : "no text", doc->size);
	add_quoted(out, ", page ", doc->name);
	add_quoted(out, ", says ", doc->banner_text);
	text_add(out, "\n");
	for (i = 0; i < doc->n_oddities; i++) {
		text_printf(
			out, "  %s at ", page_odd_word(doc->oddities[i].odd));
		text_add_clean(out, doc->oddities[i].where);
		add_quoted(out, ": ", doc->oddities[i].what);
		text_add(out, "\n");
	}
	add_events(out, page, doc->incidents, doc->n_incidents, verbosity);
	add_events(
		out, page, doc->maintenances, doc->n_maintenances, verbosity);
	add_components(out, page, verbosity);
}

/* Its first lines, each of them cut. */
static void add_copy(struct text *out, const char *copy)
{
	const char *end = copy + strlen(copy);
	const char *at = copy;

	while (at < end && at - copy < BODY_SHOWN_MAX) {
		size_t len = strcspn(at, "\r\n");
		struct text raw;
		struct text line;

		text_init(&raw, LINE_SHOWN_MAX);
		text_init(&line, LINE_SHOWN_MAX);
		text_add_len(&raw, at, len);
		text_add_clean(&line, raw.data);
		text_printf(out, "  %s\n", line.data);
		text_release(&raw);
		text_release(&line);
		at += len;
		at += strspn(at, "\r\n");
	}
}

/* -- the whole ------------------------------------------------------------ */

static void add_probe(struct text *out, const struct page *page,
	const struct page_probe *probe)
{
	const struct page_past_probe *past =
		page_history_probe(&page->after, probe->key);

	text_add(out, "probe ");
	text_add_clean(out, probe->what);
	add_quoted(out, " for ", probe->component);
	text_printf(out, ": %s", page_probe_end_word(probe->end));
	if (past) {
		text_add(out, " for ");
		text_add_span(
			out, page->expect.now_s < past->since_s
				     ? 0
				     : page->expect.now_s - past->since_s);
	}
	if (probe->took_us > 0) {
		text_add(out, ", ");
		add_ms(out, probe->took_us);
	}
	if (probe->why) {
		text_add(out, " (");
		text_add_clean(out, probe->why);
		text_add(out, ")");
	}
	text_add(out, "\n");
}

void page_write_trace(
	struct text *out, const struct page *page, unsigned verbosity)
{
	size_t i;

	add_source(out, page, &page->source, verbosity);
	for (i = 0; i < page->n_also; i++)
		add_source(out, page, &page->also[i], verbosity);
	if (page->control.url) {
		text_add(out, "control ");
		text_add_clean(out, page->control.url);
		text_printf(
			out, ": %s\n", page_fetch_end_word(page->control.end));
	}
	for (i = 0; i < page->n_probes; i++)
		add_probe(out, page, &page->probes[i]);
	if (page->source.document)
		add_document(out, page, verbosity);
	if (verbosity >= VERBOSITY_WIRE && page->copy)
		add_copy(out, page->copy);
}
