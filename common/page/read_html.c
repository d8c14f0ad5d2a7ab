/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages for people. Statuspage's are known by their markup: the body has the
 * classes "status" and "index", components have data-component-status. All
 * others are judged by patterns: what a line must say, and what none may say.
 */
#include "config.h"

#include <string.h>

#include "common/page/html.h"
#include "common/page/prose.h"

enum {
	VALUE_MAX = 1000, /* bytes of an attribute */
	TEXT_MAX = 8000,  /* bytes of a text that is taken */
	LINE_OVERLAP = PAGE_PATTERN_PIECE,
	LINE_MAX_BYTES = 4 * LINE_OVERLAP, /* that patterns see at once */
};

/* What the text that comes belongs to. */
enum take {
	TAKE_NOTHING,
	TAKE_BANNER,
	TAKE_COMPONENT,
	TAKE_TITLE,
	TAKE_EVENT,
	TAKE_PHASE,
	TAKE_BODY,
	TAKE_TIME,
};

struct scan {
	struct reader *reader;
	struct html html;
	struct text value, classes, text, line;
	enum take take;
	char until[HTML_NAME_MAX]; /* the tag that ends what is taken */
	size_t nested;             /* tags of that name within it */

	bool has_body;   /* <body> came */
	bool is_index;   /* with the classes of a page */
	bool is_banner;  /* within the banner */
	bool next_group; /* the next component is a group */
	const char *group;
	struct page_component *component;
	struct page_event *event;
	bool is_maintenance; /* the event */
	struct page_update *update;
	bool has_data; /* components, or their place, were there */
};

static const struct word body_classes[] = {
	{ "status-none", PAGE_HEALTH_OPERATIONAL },
	{ "status-minor", PAGE_HEALTH_DEGRADED },
	{ "status-major", PAGE_HEALTH_MAJOR },
	{ "status-critical", PAGE_HEALTH_MAJOR },
	{ "status-maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static const struct word states[] = {
	{ "operational", PAGE_HEALTH_OPERATIONAL },
	{ "degraded_performance", PAGE_HEALTH_DEGRADED },
	{ "partial_outage", PAGE_HEALTH_PARTIAL },
	{ "major_outage", PAGE_HEALTH_MAJOR },
	{ "under_maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

static const struct word impact_classes[] = {
	{ "impact-none", PAGE_HEALTH_NOT_SAID },
	{ "impact-minor", PAGE_HEALTH_DEGRADED },
	{ "impact-major", PAGE_HEALTH_MAJOR },
	{ "impact-critical", PAGE_HEALTH_MAJOR },
	{ "impact-maintenance", PAGE_HEALTH_MAINTENANCE },
	{ NULL, 0 },
};

/* -- attributes ----------------------------------------------------------- */

static const char *copy(struct scan *scan, const struct text *text)
{
	return reader_copy(scan->reader, text->data, text->len, PAGE_NAME_MAX);
}

static bool has_class(const struct scan *scan, const char *word)
{
	return html_has_word(scan->classes.data, word);
}

/*
 * The state among the classes that is called PREFIX-WORD: of the table, else
 * UNKNOWN with an oddity; NOT_SAID without a word where there is none.
 */
static struct page_status class_status(
	struct scan *scan, const char *prefix, const struct word *words)
{
	const char *at = scan->classes.data;
	size_t n = strlen(prefix);

	while (*at != '\0') {
		size_t len = strcspn(at, " \t\r\n");
		const char *word =
			reader_copy(scan->reader, at, len, PAGE_NAME_MAX);

		if (strncmp(word, prefix, n) == 0) {
			struct page_status status = reader_status_of(
				scan->reader, "class", word, words);

			status.word = word + n;
			return status;
		}
		at += len;
		at += strspn(at, " \t\r\n");
	}
	return status_of(PAGE_HEALTH_NOT_SAID, NULL);
}

/* -- what is taken -------------------------------------------------------- */

/* The text from here to the end of the element that was just opened. */
static void begin_text(struct scan *scan, enum take take)
{
	scan->take = take;
	scan->nested = 0;
	memcpy(scan->until, scan->html.name, sizeof(scan->until));
	text_clear(&scan->text);
}

static void end_component(struct scan *scan)
{
	if (!scan->component)
		return;
	scan->component->name = copy(scan, &scan->text);
	if (scan->component->is_group)
		scan->group = scan->component->name;
}

static void end_phase(struct scan *scan)
{
	const char *word = copy(scan, &scan->text);
	int phase = word_find(prose_phases, word);

	if (!scan->update)
		return;
	scan->update->word = word;
	/* "Update" leaves it as it is; pages of other languages have words of
	 * their own. */
	if (phase >= 0)
		scan->update->phase = (enum page_phase)phase;
}

static void end_body(struct scan *scan)
{
	const char *body = scan->text.data;

	if (!scan->update)
		return;
	/* "Identified - text": the dash is not part of it. */
	while (*body == ' ' || *body == '-')
		body++;
	scan->update->body =
		reader_copy(scan->reader, body, strlen(body), PAGE_BODY_MAX);
}

static void end_time(struct scan *scan)
{
	struct page_document *doc = scan->reader->doc;

	/* The attribute with the exact time may have been there. */
	if (!scan->update || scan->update->posted.fate != PAGE_TIME_NONE ||
		doc->rendered.fate != PAGE_TIME_KNOWN)
		return;
	scan->update->posted = page_time_read_short(
		scan->text.data, scan->text.len, doc->rendered.s);
	if (scan->update->posted.fate == PAGE_TIME_UNREAD)
		reader_odd(
			scan->reader, PAGE_ODD_TIME, "update", scan->text.data);
}

static void end_text(struct scan *scan)
{
	struct text *text = &scan->text;

	while (text->len > 0 && text->data[text->len - 1] == ' ')
		text->data[--text->len] = '\0';
	switch (scan->take) {
	case TAKE_NOTHING:
		break;
	case TAKE_BANNER:
		scan->reader->doc->banner_text = copy(scan, text);
		break;
	case TAKE_COMPONENT:
		end_component(scan);
		break;
	case TAKE_TITLE:
		scan->reader->doc->name = copy(scan, text);
		break;
	case TAKE_EVENT:
		if (scan->event)
			scan->event->name = copy(scan, text);
		break;
	case TAKE_PHASE:
		end_phase(scan);
		break;
	case TAKE_BODY:
		end_body(scan);
		break;
	case TAKE_TIME:
		end_time(scan);
		break;
	}
	scan->take = TAKE_NOTHING;
	text_clear(text);
}

/* -- elements of Statuspage ----------------------------------------------- */

static void open_body(struct scan *scan)
{
	struct page_document *doc = scan->reader->doc;
	bool is_status = has_class(scan, "status");

	scan->has_body = true;
	if (is_status && has_class(scan, "inactive")) {
		reader_reject(scan->reader, PAGE_INACTIVE,
			"says that it is inactive");
		return;
	}
	scan->is_index = is_status && has_class(scan, "index");
	if (scan->is_index) {
		doc->has_banner = true;
		doc->banner = class_status(scan, "status-", body_classes);
		if (!doc->banner.word) {
			doc->banner = status_of(PAGE_HEALTH_UNKNOWN, NULL);
			reader_odd(scan->reader, PAGE_ODD_MISSING, "body.class",
				scan->classes.data);
		}
	} else if (html_attribute(&scan->html, "id", &scan->value) &&
		   strcmp(scan->value.data, "statuspage") == 0) {
		reader_reject(scan->reader, PAGE_DECOY,
			"is the provider's own page, not a status page");
	}
}

static void open_meta(struct scan *scan)
{
	struct page_document *doc = scan->reader->doc;

	if (!html_attribute(&scan->html, "name", &scan->value) ||
		strcmp(scan->value.data, "issued") != 0 ||
		!html_attribute(&scan->html, "content", &scan->value))
		return;
	doc->rendered = page_time_read(
		scan->value.data, scan->value.len, &scan->reader->zone);
}

static void open_component(struct scan *scan)
{
	struct page_component *component;

	if (!html_attribute(&scan->html, "data-component-status", &scan->value))
		return;
	scan->has_data = true;
	component = scan->component = reader_add_component(scan->reader);
	if (!component)
		return;
	component->status = reader_status_of(scan->reader,
		"data-component-status", scan->value.data, states);
	component->is_group = scan->next_group;
	component->group = scan->group;
	scan->next_group = false;
	if (html_attribute(&scan->html, "data-component-id", &scan->value))
		component->id = copy(scan, &scan->value);
}

/* A body that no time ended. */
static void end_update(struct scan *scan)
{
	if (scan->take == TAKE_BODY)
		end_text(scan);
	scan->update = NULL;
}

static void open_update(struct scan *scan)
{
	end_update(scan);
	scan->update = reader_add_update(scan->reader, scan->event);
}

static void close_event(struct scan *scan)
{
	size_t i;

	end_update(scan);
	if (!scan->event)
		return;
	reader_sort_updates(scan->event);
	for (i = 0; i < scan->event->n_updates; i++)
		if (scan->event->updates[i].phase != PAGE_PHASE_NOT_SAID) {
			scan->event->phase = scan->event->updates[i].phase;
			scan->event->word = scan->event->updates[i].word;
			break;
		}
	if (scan->event->n_updates > 0)
		scan->event->created =
			scan->event->updates[scan->event->n_updates - 1].posted;
	scan->event = NULL;
}

/* What the page shows there is not over, whatever its words are. */
static void open_event(struct scan *scan, bool is_scheduled)
{
	struct page_status impact =
		class_status(scan, "impact-", impact_classes);

	close_event(scan);
	scan->is_maintenance =
		is_scheduled || impact.health == PAGE_HEALTH_MAINTENANCE;
	scan->event = scan->is_maintenance
			      ? reader_add_maintenance(scan->reader)
			      : reader_add_incident(scan->reader);
	if (!scan->event)
		return;
	scan->event->impact = impact;
	scan->event->has_updates = true;
	scan->event->phase =
		is_scheduled ? PAGE_PHASE_SCHEDULED : PAGE_PHASE_OPEN;
}

/* "/incidents/k1mlxlmdhqqp", whose text is the name. */
static void open_link(struct scan *scan)
{
	const char *id;

	if (!scan->event || *scan->event->id != '\0' ||
		!html_attribute(&scan->html, "href", &scan->value))
		return;
	id = strstr(scan->value.data, "/incidents/");
	if (!id)
		return;
	id += strlen("/incidents/");
	scan->event->id =
		reader_copy(scan->reader, id, strlen(id), PAGE_NAME_MAX);
	begin_text(scan, TAKE_EVENT);
}

static void open_by_class(struct scan *scan)
{
	if (has_class(scan, "unresolved-incident"))
		open_event(scan, false);
	else if (has_class(scan, "scheduled-maintenance"))
		open_event(scan, true);
	else if (has_class(scan, "update") && scan->event)
		open_update(scan);
	else if (has_class(scan, "page-status"))
		scan->is_banner = true;
	else if (has_class(scan, "is-group"))
		scan->next_group = true;
	else if (has_class(scan, "component-container"))
		scan->group = NULL;
	else if (has_class(scan, "name") && scan->component)
		begin_text(scan, TAKE_COMPONENT);
	else if (has_class(scan, "status") && scan->is_banner)
		begin_text(scan, TAKE_BANNER);
	if (has_class(scan, "is-group"))
		scan->group = NULL;
	if (has_class(scan, "components-section") ||
		has_class(scan, "components-container"))
		scan->has_data = true;
	/* Behind these come no more updates of what is open. */
	if (has_class(scan, "modal") || has_class(scan, "components-section") ||
		has_class(scan, "incidents-list") ||
		has_class(scan, "status-day"))
		close_event(scan);
}

static void open_in_update(struct scan *scan)
{
	const char *name = scan->html.name;

	if (html_attribute(&scan->html, "data-datetime-unix", &scan->value))
		scan->update->posted =
			page_time_read(scan->value.data, scan->value.len, NULL);
	if (scan->take == TAKE_BODY && strcmp(name, "small") == 0) {
		end_text(scan);
		begin_text(scan, TAKE_TIME);
	} else if (scan->take == TAKE_NOTHING && strcmp(name, "strong") == 0 &&
		   !scan->update->word) {
		begin_text(scan, TAKE_PHASE);
	}
}

static void open_tag(struct scan *scan)
{
	const char *name = scan->html.name;

	if (!html_attribute(&scan->html, "class", &scan->classes))
		text_clear(&scan->classes);
	if (strcmp(name, "body") == 0 && !scan->has_body)
		open_body(scan);
	else if (strcmp(name, "meta") == 0)
		open_meta(scan);
	else if (strcmp(name, "title") == 0 && !scan->reader->doc->name)
		begin_text(scan, TAKE_TITLE);
	if (!scan->is_index)
		return;
	open_component(scan);
	if (scan->update)
		open_in_update(scan);
	else if (strcmp(name, "a") == 0)
		open_link(scan);
	if (scan->classes.len > 0)
		open_by_class(scan);
}

static void close_tag(struct scan *scan)
{
	bool was_phase = scan->take == TAKE_PHASE;

	if (scan->take == TAKE_NOTHING || scan->take == TAKE_BODY ||
		strcmp(scan->html.name, scan->until) != 0)
		return;
	if (scan->nested > 0) {
		scan->nested--;
		return;
	}
	if (scan->take == TAKE_BANNER)
		scan->is_banner = false;
	if (scan->take == TAKE_TIME) {
		end_text(scan);
		scan->update = NULL;
		return;
	}
	end_text(scan);
	/* What follows it, up to the time, is what the update says. */
	if (was_phase)
		begin_text(scan, TAKE_BODY);
}

/* -- patterns ------------------------------------------------------------- */

static void match_line(struct scan *scan)
{
	const struct page_read_options *options = scan->reader->options;
	struct page_document *doc = scan->reader->doc;
	size_t i;

	for (i = 0; i < doc->n_matches && doc->reading == PAGE_NOT_READ; i++) {
		if (doc->matches[i].is_found)
			continue;
		if (options->is_late && options->is_late(options->late_arg))
			reader_reject(scan->reader, PAGE_LIMIT,
				"takes longer to be searched than there is "
				"time");
		else
			doc->matches[i].is_found = page_pattern_matches(
				options->patterns[i], scan->line.data);
	}
	text_clear(&scan->line);
}

static void end_line(struct scan *scan)
{
	struct text *line = &scan->line;

	if (line->len > 0 && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	if (line->len > 0)
		match_line(scan);
}

/* A line without an end is matched in parts that overlap. */
static void add_line(struct scan *scan)
{
	const char *at = scan->html.span;
	size_t left = scan->html.span_len;
	char tail[LINE_OVERLAP];

	while (left > 0) {
		size_t n = left < LINE_OVERLAP ? left : LINE_OVERLAP;

		html_add_text(&scan->line, at, n);
		at += n;
		left -= n;
		if (scan->line.len < LINE_MAX_BYTES - 2 * LINE_OVERLAP)
			continue;
		memcpy(tail, scan->line.data + scan->line.len - LINE_OVERLAP,
			LINE_OVERLAP);
		match_line(scan);
		text_add_len(&scan->line, tail, LINE_OVERLAP);
	}
}

static void begin_matches(struct scan *scan)
{
	const struct page_read_options *options = scan->reader->options;
	struct page_document *doc = scan->reader->doc;
	size_t i;

	doc->n_matches = options->n_patterns;
	doc->matches = arena_array(
		scan->reader->arena, doc->n_matches, sizeof(*doc->matches));
	for (i = 0; i < doc->n_matches; i++) {
		doc->matches[i].text = page_pattern_text(options->patterns[i]);
		doc->matches[i].is_reject = options->is_reject[i];
	}
}

/* -- the whole ------------------------------------------------------------ */

static void scan_all(struct scan *scan)
{
	bool has_patterns = scan->reader->doc->n_matches > 0;

	while (html_next(&scan->html)) {
		bool is_text = scan->html.kind == HTML_TEXT;

		if (has_patterns && is_text)
			add_line(scan);
		else if (has_patterns && html_breaks_line(scan->html.name))
			end_line(scan);
		if (scan->html.kind == HTML_CLOSE)
			close_tag(scan);
		if (is_text && scan->take != TAKE_NOTHING)
			html_add_text(&scan->text, scan->html.span,
				scan->html.span_len);
		if (scan->html.kind != HTML_OPEN)
			continue;
		if (scan->take != TAKE_NOTHING &&
			strcmp(scan->html.name, scan->until) == 0)
			scan->nested++;
		open_tag(scan);
	}
	end_text(scan);
	end_line(scan);
	close_event(scan);
}

static void reject_part(struct scan *scan)
{
	reader_reject(
		scan->reader, PAGE_BROKEN, "is HTML that ends in the middle");
}

static void settle_statuspage(struct scan *scan)
{
	struct page_document *doc = scan->reader->doc;

	doc->format = PAGE_FORMAT_STATUSPAGE_HTML;
	doc->has_components = doc->n_components > 0;
	doc->has_incidents = true;
	doc->has_maintenances = true;
	if (!scan->html.is_closed)
		reject_part(scan);
	else if (!scan->has_data && doc->n_incidents == 0)
		reader_reject(scan->reader, PAGE_FOREIGN,
			"has neither components nor incidents");
	else if (doc->reading == PAGE_NOT_READ)
		doc->reading = PAGE_READ;
}

/* That nothing is wrong is shown by what is there alone: an empty page has
 * nothing that --reject could find. */
static bool expects_text(const struct page_document *doc)
{
	size_t i;

	for (i = 0; i < doc->n_matches; i++)
		if (!doc->matches[i].is_reject)
			return true;
	return false;
}

/* What is missing may have what --reject would find. Who leaves out the start
 * tags may leave out the end tags, too. */
static bool is_part(const struct html *html)
{
	return !html->is_closed && (html->is_open || html->is_cut);
}

static void settle(struct scan *scan)
{
	struct page_document *doc = scan->reader->doc;
	bool wants_markup = doc->format == PAGE_FORMAT_STATUSPAGE_HTML;
	bool wants_patterns = doc->format == PAGE_FORMAT_HTML;

	if (doc->reading != PAGE_NOT_READ)
		return;
	if (scan->is_index && !wants_patterns) {
		settle_statuspage(scan);
		return;
	}
	if (wants_markup || !expects_text(doc)) {
		reader_reject(scan->reader, PAGE_NO_DATA,
			wants_markup ? "is HTML without Statuspage's markup"
				     : "is HTML without data (-u its API, as "
				       "/api/v2/summary.json, or --expect)");
		return;
	}
	if (is_part(&scan->html)) {
		reject_part(scan);
		return;
	}
	doc->format = PAGE_FORMAT_HTML;
	doc->reading = PAGE_READ;
}

void read_html(struct reader *reader, const char *data, size_t len)
{
	struct scan scan = {
		.reader = reader,
		.html = html_begin(data, len),
	};

	text_init(&scan.value, VALUE_MAX);
	text_init(&scan.classes, VALUE_MAX);
	text_init(&scan.text, TEXT_MAX);
	text_init(&scan.line, LINE_MAX_BYTES);
	begin_matches(&scan);
	scan_all(&scan);
	settle(&scan);
	text_release(&scan.value);
	text_release(&scan.classes);
	text_release(&scan.text);
	text_release(&scan.line);
}
