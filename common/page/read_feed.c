/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RSS 2.0 and Atom by expat: histories of incidents, Azure's list of what is
 * open, StatusIQ's list of components. A document type with entities of its
 * own is not read, depth and lengths are bounded. Anchor: <rss> with a titled
 * <channel>, or a titled <feed>.
 */
#include "config.h"

#include <expat.h>
#include <string.h>

#include "common/page/html.h"
#include "common/page/prose.h"

enum {
	ITEM_MAX = 32 * 1024, /* bytes of the text of one element */
	CATEGORIES_MAX = 20,
	PIECE_MAX = 1 << 20, /* bytes that expat is given at once */
};

static const char atom_space[] = "http://www.w3.org/2005/Atom";
static const char statusiq_space[] = "site24x7.com/";
static const char separator = '\n'; /* in no name and no address */

enum part {
	PART_NONE,
	PART_TITLE,
	PART_ID,
	PART_LINK,
	PART_TEXT, /* description, summary */
	PART_CONTENT,
	PART_PUBLISHED,
	PART_UPDATED,
	PART_CATEGORY,
	PARTS,
};

/* What is collected of the channel, and of one item. */
struct item {
	struct text part[PARTS];
	const char *categories[CATEGORIES_MAX];
	size_t n_categories;
};

struct feed {
	struct reader *reader;
	XML_Parser parser;
	const char *problem; /* why it was stopped, or NULL */
	size_t depth;
	size_t item_depth; /* of the <item> that is open; 0: none */
	size_t part_depth; /* of the element whose text is taken; 0: none */
	enum part part;
	bool is_rss, is_atom, has_channel, is_statusiq;
	struct item head, item;
	size_t n_items;
};

/* -- elements ------------------------------------------------------------- */

static const struct word rss_parts[] = {
	{ "title", PART_TITLE },
	{ "guid", PART_ID },
	{ "link", PART_LINK },
	{ "description", PART_TEXT },
	{ "pubDate", PART_PUBLISHED },
	{ "lastBuildDate", PART_UPDATED },
	{ "category", PART_CATEGORY },
	{ NULL, 0 },
};

static const struct word atom_parts[] = {
	{ "title", PART_TITLE },
	{ "id", PART_ID },
	{ "summary", PART_TEXT },
	{ "content", PART_CONTENT },
	{ "published", PART_PUBLISHED },
	{ "updated", PART_UPDATED },
	{ NULL, 0 },
};

static struct item *current(struct feed *feed)
{
	return feed->item_depth > 0 ? &feed->item : &feed->head;
}

static void stop(struct feed *feed, const char *why)
{
	if (!feed->problem)
		feed->problem = why;
	(void)XML_StopParser(feed->parser, XML_FALSE);
}

/* "ADDRESS\nname" to the name, where it is of the feed's own. */
static const char *own_name(const struct feed *feed, const char *name)
{
	const char *local = strchr(name, separator);

	if (!local)
		return feed->is_atom ? NULL : name;
	if (!feed->is_atom ||
		strncmp(name, atom_space, sizeof(atom_space) - 1) != 0)
		return NULL;
	return local + 1;
}

static void begin_root(struct feed *feed, const char *name)
{
	const char *local = strchr(name, separator);

	if (strcmp(name, "rss") == 0)
		feed->is_rss = true;
	else if (local && strcmp(local + 1, "feed") == 0 &&
		 strncmp(name, atom_space, sizeof(atom_space) - 1) == 0)
		feed->is_atom = true;
	else
		stop(feed, "is XML, but neither RSS nor Atom");
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

/* What an element of Atom has in its attributes. */
static void take_attributes(
	struct feed *feed, const char *name, const XML_Char **attributes)
{
	struct item *item = current(feed);
	const char *term = attribute(attributes, "term");
	const char *href = attribute(attributes, "href");
	const char *rel = attribute(attributes, "rel");

	if (strcmp(name, "category") == 0 && term &&
		item->n_categories < CATEGORIES_MAX)
		item->categories[item->n_categories++] = reader_copy(
			feed->reader, term, strlen(term), PAGE_NAME_MAX);
	if (strcmp(name, "link") == 0 && href && !item->part[PART_LINK].len &&
		(!rel || strcmp(rel, "alternate") == 0))
		text_add(&item->part[PART_LINK], href);
}

static void begin_part(
	struct feed *feed, const char *name, const XML_Char **attributes)
{
	int part = word_find(feed->is_atom ? atom_parts : rss_parts, name);

	if (feed->is_atom)
		take_attributes(feed, name, attributes);
	if (part < 0)
		return;
	feed->part = (enum part)part;
	feed->part_depth = feed->depth;
	/* The last of a kind counts; of categories, each. */
	text_clear(&current(feed)->part[feed->part]);
}

/* Items are children of <channel> or <feed>, parts of those or of items. */
static void XMLCALL on_start(
	void *user, const XML_Char *name, const XML_Char **attributes)
{
	struct feed *feed = user;
	size_t top = feed->is_atom ? 1 : 2;
	const char *own;

	if (++feed->depth > PAGE_DEPTH_MAX) {
		stop(feed, "is nested too deep");
		return;
	}
	if (feed->depth == 1) {
		begin_root(feed, name);
		return;
	}
	own = own_name(feed, name);
	if (!own || feed->part_depth > 0)
		return;
	if (feed->is_rss && feed->depth == 2)
		feed->has_channel |= strcmp(own, "channel") == 0;
	else if (feed->depth == top + 1 && feed->item_depth == 0 &&
		 strcmp(own, feed->is_atom ? "entry" : "item") == 0)
		feed->item_depth = feed->depth;
	else if (feed->depth ==
		 (feed->item_depth > 0 ? feed->item_depth : top) + 1)
		begin_part(feed, own, attributes);
}

static void XMLCALL on_text(void *user, const XML_Char *text, int len)
{
	struct feed *feed = user;

	if (feed->part_depth > 0)
		text_add_len(
			&current(feed)->part[feed->part], text, (size_t)len);
}

/* -- an item to an event -------------------------------------------------- */

static const char *plain(struct feed *feed, const struct text *text, size_t max)
{
	return html_plain(feed->reader->arena, text->data, text->len, max);
}

static struct page_time time_of(struct feed *feed, enum part part)
{
	const struct text *text = &feed->item.part[part];
	struct page_time time =
		page_time_read(text->data, text->len, &feed->reader->zone);

	if (time.fate == PAGE_TIME_UNREAD)
		reader_odd(feed->reader, PAGE_ODD_TIME,
			part == PART_UPDATED ? "updated" : "published",
			text->data);
	return time;
}

/* The category that is the word of a phase, or that of a known word. */
static enum page_phase phase_of_categories(const struct item *item)
{
	size_t i;

	for (i = 0; i < item->n_categories; i++) {
		int phase = word_find(prose_phases, item->categories[i]);

		if (phase >= 0)
			return (enum page_phase)phase;
	}
	return PAGE_PHASE_NOT_SAID;
}

static void find_phase(struct feed *feed, struct page_event *event)
{
	if (event->phase == PAGE_PHASE_NOT_SAID)
		event->phase = prose_phase_of_title(event->name);
	if (event->phase == PAGE_PHASE_NOT_SAID)
		event->phase = phase_of_categories(&feed->item);
	if (event->phase == PAGE_PHASE_NOT_SAID && prose_is_over(event->name))
		event->phase = PAGE_PHASE_RESOLVED;
	if (event->phase != PAGE_PHASE_NOT_SAID)
		return;
	event->phase = PAGE_PHASE_UNKNOWN;
	reader_odd(feed->reader, PAGE_ODD_UNSTATED, NULL, event->name);
}

/* What stands in Azure's feed is open, unless its title says that it is over. */
static void find_azure_phase(struct page_event *event)
{
	event->phase = prose_is_over(event->name) ? PAGE_PHASE_RESOLVED
						  : PAGE_PHASE_OPEN;
}

static bool is_azure(const struct feed *feed)
{
	return feed->is_rss &&
	       (feed->reader->doc->format == PAGE_FORMAT_AZURE ||
		       strcmp(feed->head.part[PART_TITLE].data,
			       "Azure Status") == 0);
}

/* Of a post that has no updates of its own, all of it is one. */
static void add_whole_post(
	struct feed *feed, struct page_event *event, const struct text *text)
{
	struct page_update *update;

	event->has_updates = true;
	if (event->n_updates > 0)
		return;
	update = reader_add_update(feed->reader, event);
	if (!update)
		return;
	update->body = plain(feed, text, PAGE_BODY_MAX);
	update->posted =
		first_time(time_of(feed, PART_UPDATED), event->created);
	update->phase = PAGE_PHASE_NOT_SAID;
}

static void read_post(struct feed *feed)
{
	struct item *item = &feed->item;
	struct page_event event = { .id = "", .name = "" };
	const struct text *text = item->part[PART_CONTENT].len > 0
					  ? &item->part[PART_CONTENT]
					  : &item->part[PART_TEXT];
	int64_t near_s = -1;
	size_t i;

	event.name = plain(feed, &item->part[PART_TITLE], PAGE_NAME_MAX);
	event.id = plain(feed,
		&item->part[item->part[PART_ID].len > 0 ? PART_ID : PART_LINK],
		PAGE_NAME_MAX);
	event.created = first_time(
		time_of(feed, PART_PUBLISHED), time_of(feed, PART_UPDATED));
	if (event.created.fate == PAGE_TIME_KNOWN ||
		event.created.fate == PAGE_TIME_ZONELESS)
		near_s = event.created.s;
	prose_read(feed->reader, text->data, text->len, near_s, &event);
	if (text->is_cut)
		reader_odd(feed->reader, PAGE_ODD_CUT, "content", NULL);
	if (is_azure(feed))
		find_azure_phase(&event);
	else
		find_phase(feed, &event);
	add_whole_post(feed, &event, text);
	if (!page_event_is_open(&event) && event.n_updates > 0)
		event.resolved = event.updates[0].posted;
	for (i = 0; i < item->n_categories; i++)
		if (word_find(prose_phases, item->categories[i]) < 0)
			reader_add_affected(
				feed->reader, &event, item->categories[i]);
	reader_file_event(feed->reader, &event);
}

/* -- StatusIQ: an item to a component ------------------------------------- */

static const struct word statusiq_states[] = {
	{ "Operational", PAGE_HEALTH_OPERATIONAL },
	{ "Informational", PAGE_HEALTH_NOTICE },
	{ "Under Maintenance", PAGE_HEALTH_MAINTENANCE },
	{ "Degraded Performance", PAGE_HEALTH_DEGRADED },
	{ "Partial Outage", PAGE_HEALTH_PARTIAL },
	{ "Major Outage", PAGE_HEALTH_MAJOR },
	{ NULL, 0 },
};

/* "NAME - STATE", the name with what it likes in it. */
static void read_statusiq(struct feed *feed)
{
	struct reader *reader = feed->reader;
	struct page_component *component = reader_add_component(reader);
	const char *title =
		plain(feed, &feed->item.part[PART_TITLE], PAGE_NAME_MAX * 2);
	const char *dash = NULL;
	const char *next;

	if (!component)
		return;
	for (next = strstr(title, " - "); next; next = strstr(next + 1, " - "))
		dash = next;
	component->id = plain(feed, &feed->item.part[PART_ID], PAGE_NAME_MAX);
	component->name = title;
	component->status = status_of(PAGE_HEALTH_UNKNOWN, NULL);
	component->updated = time_of(feed, PART_PUBLISHED);
	if (!dash) {
		reader_odd(reader, PAGE_ODD_MISSING, "title", title);
		return;
	}
	component->name = reader_copy(
		reader, title, (size_t)(dash - title), PAGE_NAME_MAX);
	component->status =
		reader_status_of(reader, "title", dash + 3, statusiq_states);
}

/* -- the whole ------------------------------------------------------------ */

static void clear_item(struct item *item)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		text_clear(&item->part[i]);
	item->n_categories = 0;
}

static void end_item(struct feed *feed)
{
	reader_enter(feed->reader, feed->is_atom ? "entry" : "item",
		feed->n_items++);
	/* Each takes memory, whatever comes of it. */
	if (feed->n_items == PAGE_COMPONENTS_MAX + 1)
		reader_odd(feed->reader, PAGE_ODD_CUT, NULL, NULL);
	if (feed->n_items <= PAGE_COMPONENTS_MAX) {
		if (feed->is_statusiq)
			read_statusiq(feed);
		else
			read_post(feed);
	}
	reader_leave(feed->reader);
	clear_item(&feed->item);
	feed->item_depth = 0;
}

static void end_part(struct feed *feed)
{
	struct item *item = current(feed);
	struct text *text = &item->part[feed->part];

	if (feed->part == PART_CATEGORY && text->len > 0 &&
		item->n_categories < CATEGORIES_MAX)
		item->categories[item->n_categories++] =
			plain(feed, text, PAGE_NAME_MAX);
	feed->part_depth = 0;
	feed->part = PART_NONE;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
	struct feed *feed = user;

	(void)name;
	if (feed->part_depth == feed->depth)
		end_part(feed);
	else if (feed->item_depth == feed->depth && feed->depth > 0)
		end_item(feed);
	feed->depth--;
}

static void XMLCALL on_space(
	void *user, const XML_Char *prefix, const XML_Char *uri)
{
	struct feed *feed = user;

	(void)prefix;
	feed->is_statusiq |= uri && strstr(uri, statusiq_space) != NULL;
}

static void XMLCALL on_entity(void *user, const XML_Char *name,
	int is_parameter, const XML_Char *value, int len, const XML_Char *base,
	const XML_Char *system, const XML_Char *public,
	const XML_Char *notation)
{
	(void)name;
	(void)is_parameter;
	(void)value;
	(void)len;
	(void)base;
	(void)system;
	(void)public;
	(void)notation;
	stop(user, "declares entities, which no feed needs");
}

static void init_item(struct item *item)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		text_init(&item->part[i], ITEM_MAX);
}

static void release_item(struct item *item)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		text_release(&item->part[i]);
}

/* In pieces, since expat counts in int and copies what it keeps. */
static bool parse(struct feed *feed, const char *data, size_t len)
{
	XML_SetUserData(feed->parser, feed);
	XML_SetElementHandler(feed->parser, on_start, on_end);
	XML_SetCharacterDataHandler(feed->parser, on_text);
	XML_SetStartNamespaceDeclHandler(feed->parser, on_space);
	XML_SetEntityDeclHandler(feed->parser, on_entity);
	while (len > PIECE_MAX) {
		if (XML_Parse(feed->parser, data, PIECE_MAX, XML_FALSE) !=
			XML_STATUS_OK)
			return false;
		data += PIECE_MAX;
		len -= PIECE_MAX;
	}
	return XML_Parse(feed->parser, data, (int)len, XML_TRUE) ==
	       XML_STATUS_OK;
}

static enum page_format format_of(const struct feed *feed)
{
	if (feed->is_atom)
		return PAGE_FORMAT_ATOM;
	if (feed->is_statusiq)
		return PAGE_FORMAT_STATUSIQ;
	return is_azure(feed) ? PAGE_FORMAT_AZURE : PAGE_FORMAT_RSS;
}

/* "Example Status - Incident History" to "Example Status". */
static const char *name_of(struct feed *feed)
{
	static const char *const ends[] = { " - Incident History", " - Status",
		" - Incident history" };
	const char *title =
		plain(feed, &feed->head.part[PART_TITLE], PAGE_NAME_MAX);
	size_t len = strlen(title);
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(title + len - n, ends[i]) == 0)
			return reader_copy(
				feed->reader, title, len - n, PAGE_NAME_MAX);
	}
	return title;
}

static void settle(struct feed *feed)
{
	struct page_document *doc = feed->reader->doc;
	const struct text *updated = &feed->head.part[PART_UPDATED];
	enum page_format format = format_of(feed);

	if (doc->is_forced && doc->format != format) {
		reader_reject(feed->reader, PAGE_FOREIGN,
			"is a feed of another format");
		return;
	}
	doc->format = format;
	doc->name = name_of(feed);
	if (*doc->name == '\0' || (feed->is_rss && !feed->has_channel)) {
		reader_reject(feed->reader, PAGE_FOREIGN,
			"is a feed without a title");
		return;
	}
	doc->updated = page_time_read(
		updated->data, updated->len, &feed->reader->zone);
	doc->has_components = format == PAGE_FORMAT_STATUSIQ;
	doc->has_incidents = !doc->has_components;
	/* Only Azure's lists nothing where nothing is open. */
	if (feed->n_items == 0 && format != PAGE_FORMAT_AZURE)
		reader_reject(
			feed->reader, PAGE_BARE, "is a feed without any entry");
	else
		doc->reading = PAGE_READ;
}

static void explain(struct feed *feed)
{
	struct reader *reader = feed->reader;
	enum XML_Error error = XML_GetErrorCode(feed->parser);

	if (error == XML_ERROR_NO_MEMORY)
		mem_exhausted();
	if (feed->problem)
		reader_reject(reader,
			feed->depth > PAGE_DEPTH_MAX ? PAGE_LIMIT
						     : PAGE_FOREIGN,
			feed->problem);
	else
		reader_reject(reader, PAGE_BROKEN,
			arena_printf(reader->arena, "is no XML (line %lu: %s)",
				(unsigned long)XML_GetCurrentLineNumber(
					feed->parser),
				XML_ErrorString(error)));
}

void read_feed(struct reader *reader, const char *data, size_t len,
	const char *encoding)
{
	struct feed feed = { .reader = reader };

	feed.parser = XML_ParserCreateNS(encoding, separator);
	if (!feed.parser)
		mem_exhausted();
	/* Azure says its title before its items: it is known by then. */
	init_item(&feed.head);
	init_item(&feed.item);
	if (parse(&feed, data, len))
		settle(&feed);
	else
		explain(&feed);
	release_item(&feed.head);
	release_item(&feed.item);
	XML_ParserFree(feed.parser);
}
