/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page as members of the plugin's JSON result: arrays of objects that a
 * monitor discovers components and incidents from. It stays below what monitors
 * cut at: what is not well comes first, and what has no room is counted.
 */
#include "config.h"

#include "common/page/rules.h"

enum {
	TEXT_SHOWN_MAX = 120, /* bytes of a name, or of an update */
	BUDGET = 55000,       /* bytes, behind which all the rest is left out */
};

/* Bounded; nothing for NULL and "". */
static void add_short(struct json *json, const char *key, const char *value)
{
	struct text text;

	if (!value || *value == '\0')
		return;
	text_init(&text, TEXT_SHOWN_MAX);
	text_add_clean(&text, value);
	json_add_string(json, key, text.data);
	text_release(&text);
}

/* Left out where it is not known. */
static void add_time(
	struct json *json, const char *key, const struct page_time *time)
{
	if (time->fate == PAGE_TIME_KNOWN || time->fate == PAGE_TIME_ZONELESS)
		json_add_int(json, key, time->s);
}

static void add_status(
	struct json *json, const char *key, const struct page_status *status)
{
	json_add_string(json, key, page_health_word(status->health));
	add_short(json, "word", status->word);
}

static bool is_full(const struct json *json)
{
	return json->out->len > BUDGET;
}

/* -- what the page says --------------------------------------------------- */

static void write_component(struct json *json, const struct page *page,
	const struct page_component *component)
{
	json_open_object(json, NULL);
	add_short(json, "id", component->id);
	add_short(json, "name", component->name);
	add_short(json, "group", component->group);
	add_status(json, "state", &component->status);
	json_add_int(json, "grade",
		(int64_t)page_state_of(&page->expect, &component->status));
	if (component->is_group)
		json_add_bool(json, "is_group", true);
	add_time(json, "updated", &component->updated);
	json_close_object(json);
}

/* Those that are well, or those that are not; how many had no room. */
static size_t write_some(struct json *json, const struct page *page,
	const struct page_document *doc, bool are_well)
{
	size_t left_out = 0;
	size_t i;

	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];
		bool is_well =
			component->status.health == PAGE_HEALTH_OPERATIONAL;

		if (is_well != are_well ||
			!page_component_concerns(&page->expect, component))
			continue;
		if (is_full(json))
			left_out++;
		else
			write_component(json, page, component);
	}
	return left_out;
}

static void write_components(struct json *json, const struct page *page,
	const struct page_document *doc)
{
	size_t left_out;

	json_open_array(json, "components");
	left_out = write_some(json, page, doc, false);
	left_out += write_some(json, page, doc, true);
	json_close_array(json);
	if (left_out > 0)
		json_add_int(json, "components_left_out", (int64_t)left_out);
}

static void write_event(struct json *json, const struct page_event *event)
{
	json_open_object(json, NULL);
	add_short(json, "id", event->id);
	add_short(json, "name", event->name);
	json_add_string(json, "phase", page_phase_word(event->phase));
	add_status(json, "impact", &event->impact);
	add_time(json, "created", &event->created);
	add_time(json, "from", &event->from);
	add_time(json, "until", &event->until);
	json_add_int(json, "updates", (int64_t)event->n_updates);
	if (event->n_updates > 0) {
		add_time(json, "updated", &event->updates[0].posted);
		add_short(json, "text", event->updates[0].body);
	}
	json_close_object(json);
}

/* What is not over, and concerns us. */
static void write_events(struct json *json, const char *key,
	const struct page *page, const struct page_event *events, size_t n)
{
	const struct page_document *doc = page->source.document;
	size_t i;

	json_open_array(json, key);
	for (i = 0; i < n && !is_full(json); i++)
		if (page_event_is_open(&events[i]) &&
			page_event_concerns(&page->expect, doc, &events[i]))
			write_event(json, &events[i]);
	json_close_array(json);
}

static void write_oddities(struct json *json, const struct page_document *doc)
{
	size_t i;

	json_open_array(json, "oddities");
	for (i = 0; i < doc->n_oddities; i++) {
		json_open_object(json, NULL);
		json_add_string(
			json, "kind", page_odd_word(doc->oddities[i].odd));
		add_short(json, "where", doc->oddities[i].where);
		add_short(json, "what", doc->oddities[i].what);
		json_close_object(json);
	}
	json_close_array(json);
	json_add_int(json, "odd", (int64_t)doc->n_odd);
}

static void write_document(struct json *json, const struct page *page,
	const struct page_document *doc)
{
	json_add_string(json, "reading", page_reading_word(doc->reading));
	json_add_string(json, "format", page_format_word(doc->format));
	add_short(json, "why", doc->why);
	add_short(json, "page_id", doc->id);
	add_short(json, "page_name", doc->name);
	if (doc->has_banner) {
		json_open_object(json, "banner");
		add_status(json, "state", &doc->banner);
		add_short(json, "text", doc->banner_text);
		json_close_object(json);
	}
	write_oddities(json, doc);
	write_events(json, "incidents", page, doc->incidents, doc->n_incidents);
	write_events(json, "maintenances", page, doc->maintenances,
		doc->n_maintenances);
	write_components(json, page, doc);
}

/* -- addresses and probes ------------------------------------------------- */

static void write_fetch(struct json *json, const struct page_fetch *fetch)
{
	json_open_object(json, NULL);
	if (fetch->host)
		json_add_string(json, "host", fetch->host);
	json_add_string(json, "address", fetch->addr_text);
	json_add_int(json, "family", fetch->family);
	json_add_string(json, "outcome", page_fetch_end_word(fetch->end));
	add_short(json, "why", fetch->why);
	if (fetch->status > 0)
		json_add_int(json, "status", fetch->status);
	if (fetch->done_us >= 0)
		json_add_number(json, "answer", (double)fetch->done_us * 1e-6);
	json_add_string(
		json, "certificate", page_chain_word(fetch->cert.chain));
	if (fetch->cert.chain_end_s > 0)
		json_add_int(json, "certificate_end", fetch->cert.chain_end_s);
	json_close_object(json);
}

static void write_probes(struct json *json, const struct page *page)
{
	size_t i;

	json_open_array(json, "probes");
	for (i = 0; i < page->n_probes && !is_full(json); i++) {
		const struct page_probe *probe = &page->probes[i];
		const struct page_past_probe *past =
			page_history_probe(&page->after, probe->key);

		json_open_object(json, NULL);
		add_short(json, "what", probe->what);
		add_short(json, "component", probe->component);
		json_add_string(
			json, "outcome", page_probe_end_word(probe->end));
		add_short(json, "why", probe->why);
		if (past)
			json_add_int(json, "since", past->since_s);
		json_close_object(json);
	}
	json_close_array(json);
}

void page_write_json(struct json *json, const struct page *page)
{
	const struct page_source *source = &page->source;
	size_t i;

	add_short(json, "url", source->url);
	json_open_array(json, "addresses");
	for (i = 0; i < source->n_fetches; i++)
		write_fetch(json, &source->fetches[i]);
	json_close_array(json);
	write_probes(json, page);
	if (source->document)
		write_document(json, page, source->document);
}
