/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every fact, for --facts and for tests to read back. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/page/rules.h"

/* -- parts ---------------------------------------------------------------- */

static void write_time(
	struct json *json, const char *key, const struct page_time *time)
{
	json_open_object(json, key);
	json_add_string(json, "fate", page_time_fate_word(time->fate));
	json_add_int(json, "s", time->s);
	json_close_object(json);
}

static void write_status(
	struct json *json, const char *key, const struct page_status *status)
{
	json_open_object(json, key);
	json_add_string(json, "health", page_health_word(status->health));
	json_add_string(json, "word", status->word);
	json_close_object(json);
}

static void write_selectors(struct json *json, const char *key,
	const struct page_selector *selectors, size_t n)
{
	size_t i;

	json_open_array(json, key);
	for (i = 0; i < n; i++)
		json_add_string(json, NULL, selectors[i].text);
	json_close_array(json);
}

static void write_limits(
	struct json *json, const char *key, const struct page_limits *limits)
{
	json_open_object(json, key);
	json_add_int(json, "warning_s", limits->warning_s);
	json_add_int(json, "critical_s", limits->critical_s);
	json_close_object(json);
}

/* -- a document ----------------------------------------------------------- */

static void write_components(struct json *json, const struct page_document *doc)
{
	size_t i;

	json_open_array(json, "components");
	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];

		json_open_object(json, NULL);
		json_add_string(json, "id", component->id);
		json_add_string(json, "name", component->name);
		json_add_string(json, "group", component->group);
		write_status(json, "status", &component->status);
		write_time(json, "updated", &component->updated);
		json_add_bool(json, "is_group", component->is_group);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_updates(struct json *json, const struct page_event *event)
{
	size_t i;

	json_open_array(json, "updates");
	for (i = 0; i < event->n_updates; i++) {
		const struct page_update *update = &event->updates[i];

		json_open_object(json, NULL);
		json_add_string(json, "id", update->id);
		json_add_string(json, "phase", page_phase_word(update->phase));
		json_add_string(json, "word", update->word);
		write_time(json, "posted", &update->posted);
		json_add_string(json, "body", update->body);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_events(struct json *json, const char *key,
	const struct page_event *events, size_t n)
{
	size_t i;

	json_open_array(json, key);
	for (i = 0; i < n; i++) {
		const struct page_event *event = &events[i];

		json_open_object(json, NULL);
		json_add_string(json, "id", event->id);
		json_add_string(json, "name", event->name);
		json_add_string(json, "phase", page_phase_word(event->phase));
		json_add_string(json, "word", event->word);
		write_status(json, "impact", &event->impact);
		write_time(json, "created", &event->created);
		write_time(json, "resolved", &event->resolved);
		write_time(json, "from", &event->from);
		write_time(json, "until", &event->until);
		json_add_strings(
			json, "affected", event->affected, event->n_affected);
		write_updates(json, event);
		json_add_bool(json, "has_updates", event->has_updates);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_oddities(struct json *json, const struct page_document *doc)
{
	size_t i;

	json_open_array(json, "oddities");
	for (i = 0; i < doc->n_oddities; i++) {
		json_open_object(json, NULL);
		json_add_string(
			json, "odd", page_odd_word(doc->oddities[i].odd));
		json_add_string(json, "where", doc->oddities[i].where);
		json_add_string(json, "what", doc->oddities[i].what);
		json_close_object(json);
	}
	json_close_array(json);
	json_add_int(json, "n_odd", (int64_t)doc->n_odd);
}

static void write_matches(struct json *json, const struct page_document *doc)
{
	size_t i;

	json_open_array(json, "matches");
	for (i = 0; i < doc->n_matches; i++) {
		json_open_object(json, NULL);
		json_add_string(json, "text", doc->matches[i].text);
		json_add_bool(json, "is_reject", doc->matches[i].is_reject);
		json_add_bool(json, "is_found", doc->matches[i].is_found);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_document(struct json *json, const struct page_document *doc)
{
	json_open_object(json, NULL);
	json_add_string(json, "reading", page_reading_word(doc->reading));
	json_add_string(json, "why", doc->why);
	json_add_string(json, "format", page_format_word(doc->format));
	json_add_bool(json, "is_forced", doc->is_forced);
	json_add_string(json, "encoding", doc->encoding);
	json_add_int(json, "size", (int64_t)doc->size);
	json_add_string(json, "id", doc->id);
	json_add_string(json, "name", doc->name);
	json_add_string(json, "url", doc->url);
	json_add_string(json, "next", doc->next);
	write_time(json, "updated", &doc->updated);
	write_time(json, "rendered", &doc->rendered);
	json_add_bool(json, "has_banner", doc->has_banner);
	json_add_bool(json, "has_components", doc->has_components);
	json_add_bool(json, "has_incidents", doc->has_incidents);
	json_add_bool(json, "has_maintenances", doc->has_maintenances);
	write_status(json, "banner", &doc->banner);
	json_add_string(json, "banner_text", doc->banner_text);
	write_components(json, doc);
	write_events(json, "incidents", doc->incidents, doc->n_incidents);
	write_events(
		json, "maintenances", doc->maintenances, doc->n_maintenances);
	write_matches(json, doc);
	write_oddities(json, doc);
	json_close_object(json);
}

/* -- addresses ------------------------------------------------------------ */

static void write_cert(struct json *json, const struct page_cert *cert)
{
	json_open_object(json, "cert");
	json_add_string(json, "chain", page_chain_word(cert->chain));
	json_add_string(json, "why", cert->why);
	json_add_string(json, "subject", cert->subject);
	json_add_string(json, "issuer", cert->issuer);
	json_add_int(json, "begin_s", cert->begin_s);
	json_add_int(json, "end_s", cert->end_s);
	json_add_int(json, "chain_end_s", cert->chain_end_s);
	json_add_string(json, "chain_end_which", cert->chain_end_which);
	json_close_object(json);
}

static void write_headers(struct json *json, const struct page_fetch *fetch)
{
	json_add_string(json, "content_type", fetch->content_type);
	json_add_string(json, "etag", fetch->etag);
	json_add_string(json, "last_modified", fetch->last_modified);
	write_time(json, "date", &fetch->date);
	json_add_int(json, "asked_s", fetch->asked_s);
	json_add_bool(json, "has_age", fetch->has_age);
	json_add_int(json, "age_s", fetch->age_s);
	json_add_bool(json, "has_max_age", fetch->has_max_age);
	json_add_int(json, "max_age_s", fetch->max_age_s);
	json_add_bool(json, "was_conditional", fetch->was_conditional);
	json_add_bool(json, "is_unchanged", fetch->is_unchanged);
}

/* Where several sent the same, it is there once: one that is the page's own is
 * told by true. */
static void write_sent(struct json *json, const struct page_source *source,
	const struct page_document *doc)
{
	if (doc && doc == source->document) {
		json_add_bool(json, "is_document", true);
		return;
	}
	json_open_array(json, "documents");
	if (doc)
		write_document(json, doc);
	json_close_array(json);
}

static void write_fetch(struct json *json, const struct page_source *source,
	const struct page_fetch *fetch)
{
	json_open_object(json, NULL);
	json_add_string(json, "host", fetch->host);
	json_add_string(json, "addr_text", fetch->addr_text);
	json_add_int(json, "family", fetch->family);
	json_add_bool(json, "is_nat64", fetch->is_nat64);
	json_add_string(json, "end", page_fetch_end_word(fetch->end));
	json_add_string(json, "why", fetch->why);
	json_add_int(json, "status", fetch->status);
	json_add_string(json, "final_url", fetch->final_url);
	json_add_int(json, "n_redirects", fetch->n_redirects);
	json_add_int(json, "connected_us", fetch->connected_us);
	json_add_int(json, "tls_us", fetch->tls_us);
	json_add_int(json, "first_byte_us", fetch->first_byte_us);
	json_add_int(json, "done_us", fetch->done_us);
	json_add_int(json, "size", (int64_t)fetch->size);
	write_cert(json, &fetch->cert);
	write_headers(json, fetch);
	write_sent(json, source, fetch->document);
	json_close_object(json);
}

static void write_source(
	struct json *json, const char *key, const struct page_source *source)
{
	size_t i;

	json_open_object(json, key);
	json_add_string(json, "url", source->url);
	json_add_string(json, "host", source->host);
	json_add_string(json, "lookup_v4", dns_lookup_word(source->lookup_v4));
	json_add_string(json, "lookup_v6", dns_lookup_word(source->lookup_v6));
	json_add_string(json, "lookup_why", source->lookup_why);
	json_add_int(json, "n_left_out", (int64_t)source->n_left_out);
	json_open_array(json, "documents");
	if (source->document)
		write_document(json, source->document);
	json_close_array(json);
	json_open_array(json, "fetches");
	for (i = 0; i < source->n_fetches; i++)
		write_fetch(json, source, &source->fetches[i]);
	json_close_array(json);
	json_close_object(json);
}

/* -- history -------------------------------------------------------------- */

static void write_past_events(
	struct json *json, const struct page_history *history)
{
	size_t i;

	json_open_array(json, "events");
	for (i = 0; i < history->n_events; i++) {
		const struct page_past_event *event = &history->events[i];

		json_open_object(json, NULL);
		json_add_string(json, "id", event->id);
		json_add_bool(json, "is_open", event->is_open);
		json_add_bool(json, "was_monitored", event->was_monitored);
		json_add_int(json, "first_s", event->first_s);
		json_add_int(json, "resolved_s", event->resolved_s);
		json_add_int(json, "reopened_s", event->reopened_s);
		json_add_strings(
			json, "affected", event->affected, event->n_affected);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_past_probes(
	struct json *json, const struct page_history *history)
{
	size_t i;

	json_open_array(json, "probes");
	for (i = 0; i < history->n_probes; i++) {
		const struct page_past_probe *probe = &history->probes[i];

		json_open_object(json, NULL);
		json_add_string(json, "key", probe->key);
		json_add_bool(json, "is_down", probe->is_down);
		json_add_int(json, "since_s", probe->since_s);
		json_add_int(json, "down_s", probe->down_s);
		json_add_int(json, "up_s", probe->up_s);
		json_close_object(json);
	}
	json_close_array(json);
}

/* Tags are for requests alone: no rule knows them. */
static void write_history(
	struct json *json, const char *key, const struct page_history *history)
{
	json_open_object(json, key);
	json_add_string(json, "format", history->format);
	json_add_string(json, "page_id", history->page_id);
	json_add_string(json, "page_name", history->page_name);
	json_add_int(json, "well_s", history->well_s);
	json_add_int(json, "outage_s", history->outage_s);
	write_past_probes(json, history);
	write_past_events(json, history);
	json_close_object(json);
}

/* -- expectations --------------------------------------------------------- */

static const char *const maintenance_words[] = {
	[PAGE_MAINTENANCE_OK] = "ok",
	[PAGE_MAINTENANCE_WARNING] = "warning",
	[PAGE_MAINTENANCE_SKIP] = "skip",
};

const char *page_maintenance_word(unsigned mode)
{
	return mode < sizeof(maintenance_words) / sizeof(maintenance_words[0])
		       ? maintenance_words[mode]
		       : NULL;
}

static void write_maps(struct json *json, const struct page_expect *expect)
{
	size_t i;

	json_open_array(json, "maps");
	for (i = 0; i < expect->n_maps; i++) {
		json_open_object(json, NULL);
		json_add_string(json, "word", expect->maps[i].word);
		json_add_int(json, "state", (int64_t)expect->maps[i].state);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_all_limits(
	struct json *json, const struct page_expect *expect)
{
	write_limits(json, "cert", &expect->cert);
	write_limits(json, "cache", &expect->cache);
	write_limits(json, "silence", &expect->silence);
	write_limits(json, "first_post", &expect->first_post);
	write_limits(json, "limbo", &expect->limbo);
	write_limits(json, "stale", &expect->stale);
	write_limits(json, "overdue", &expect->overdue);
	write_limits(json, "drill", &expect->drill);
	write_limits(json, "stable", &expect->stable);
	write_limits(json, "stateless", &expect->stateless);
}

static void write_expect(struct json *json, const struct page_expect *expect)
{
	json_open_object(json, "expect");
	json_add_bool(json, "is_upstream", expect->is_upstream);
	json_add_int(json, "now_s", expect->now_s);
	json_add_string(json, "page_id", expect->page_id);
	json_add_string(json, "page_name", expect->page_name);
	write_selectors(
		json, "components", expect->components, expect->n_components);
	write_selectors(json, "groups", expect->groups, expect->n_groups);
	write_selectors(json, "ignored", expect->ignored, expect->n_ignored);
	write_maps(json, expect);
	json_add_string(json, "maintenance",
		page_maintenance_word(expect->maintenance));
	write_all_limits(json, expect);
	json_add_bool(json, "wants_rendered", expect->wants_rendered);
	json_add_bool(json, "wants_text", expect->wants_text);
	json_add_string(json, "drill_component", expect->drill_component);
	json_add_int(json, "untruthful_s", expect->untruthful_s);
	json_add_int(json, "forgotten_s", expect->forgotten_s);
	json_add_int(json, "clock_s", expect->clock_s);
	json_add_int(json, "size_warning", (int64_t)expect->size_warning);
	json_add_int(json, "size_critical", (int64_t)expect->size_critical);
	json_close_object(json);
}

/* -- the whole ------------------------------------------------------------ */

static void write_probes(struct json *json, const struct page *page)
{
	size_t i;

	json_open_array(json, "probes");
	for (i = 0; i < page->n_probes; i++) {
		const struct page_probe *probe = &page->probes[i];

		json_open_object(json, NULL);
		json_add_string(json, "key", probe->key);
		json_add_string(json, "what", probe->what);
		json_add_string(json, "component", probe->component);
		json_add_string(json, "end", page_probe_end_word(probe->end));
		json_add_string(json, "why", probe->why);
		json_add_int(json, "took_us", probe->took_us);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_control(struct json *json, const struct page *page)
{
	json_open_object(json, "control");
	json_add_string(json, "url", page->control.url);
	json_add_string(json, "end", page_fetch_end_word(page->control.end));
	json_add_string(json, "why", page->control.why);
	json_close_object(json);
}

void page_write_facts(struct json *json, const struct page *page)
{
	size_t i;

	json_open_object(json, "page");
	write_source(json, "source", &page->source);
	json_open_array(json, "also");
	for (i = 0; i < page->n_also; i++)
		write_source(json, NULL, &page->also[i]);
	json_close_array(json);
	write_control(json, page);
	write_probes(json, page);
	json_open_object(json, "file");
	json_add_string(json, "fate", dns_history_fate_word(page->file.fate));
	json_add_string(json, "why", page->file.why);
	json_add_string(json, "node", page->file.node);
	json_close_object(json);
	write_history(json, "before", &page->before);
	write_history(json, "after", &page->after);
	json_add_string(json, "v4", dns_sight_word(page->v4));
	json_add_string(json, "v6", dns_sight_word(page->v6));
	json_add_int(json, "elapsed_us", page->elapsed_us);
	json_add_string(json, "timeout_stage", page->timeout_stage);
	write_expect(json, &page->expect);
	json_close_object(json);
}
