/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A document of bytes to what it says: its encoding, then JSON, XML or HTML by
 * how it begins, then the format by its shape. Which host sent it does not
 * count.
 */
#include "config.h"

#include <string.h>

#include "common/core/text.h"
#include "common/page/decode.h"
#include "common/page/read.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SNIFF_MAX = 1024, /* bytes in which HTML must begin */
};

/* In the order in which they are tried: each by what those behind it have
 * not. */
static const struct json_format *const json_formats[] = {
	&format_statuspage,
	&format_instatus,
	&format_sorry,
	&format_statusio,
	&format_betterstack,
	&format_statuspal,
	&format_kuma_heartbeat,
	&format_kuma,
	&format_slack,
	&format_cachet_components,
	&format_cachet_incidents,
	&format_checkly,
	&format_gatus,
	&format_upptime,
	&format_aws,
	&format_google,
};

static const struct json_format *find_json(enum page_format format)
{
	size_t i;

	for (i = 0; i < LENGTH(json_formats); i++)
		if (json_formats[i]->format == format)
			return json_formats[i];
	return NULL;
}

static bool is_feed(enum page_format format)
{
	return format == PAGE_FORMAT_RSS || format == PAGE_FORMAT_ATOM ||
	       format == PAGE_FORMAT_AZURE || format == PAGE_FORMAT_STATUSIQ;
}

static bool is_html(enum page_format format)
{
	return format == PAGE_FORMAT_HTML ||
	       format == PAGE_FORMAT_STATUSPAGE_HTML;
}

/* -- JSON ----------------------------------------------------------------- */

/* {"message": "Forbidden"}, and its like: what it says, or NULL. */
static const char *error_of(struct reader *reader, struct node root)
{
	static const char *const keys[] = { "error", "errors", "message",
		"detail", "title" };
	size_t i;

	for (i = 0; i < LENGTH(keys); i++) {
		struct node value = node_get(root, keys[i]);
		const char *text = node_text(value);

		if (!node_is_there(value))
			continue;
		if (!text)
			text = node_text(node_get(value, "message"));
		return text ? reader_copy(
				      reader, text, strlen(text), PAGE_NAME_MAX)
			    : keys[i];
	}
	return NULL;
}

/* A list, or an object whose one member is a list, without anything in it. */
static bool is_bare(struct node root)
{
	struct node_walk walk = { 0 };

	if (node_type(root) == NODE_LIST)
		return node_count(root) == 0;
	/* Cachet's, of whatever. */
	if (format_cachet_components.lacks(root) == NULL)
		return node_count(node_get(root, "data")) == 0;
	if (node_type(root) != NODE_OBJECT || node_count(root) > 1)
		return false;
	return !node_next(root, &walk) || (node_type(walk.value) == NODE_LIST &&
						  node_count(walk.value) == 0);
}

static void reject_shape(struct reader *reader, struct node root)
{
	const char *error;

	if (is_bare(root)) {
		reader_reject(reader, PAGE_BARE,
			"is an empty list, as any service may send it "
			"(--format says of what)");
		return;
	}
	error = node_type(root) == NODE_OBJECT ? error_of(reader, root) : NULL;
	if (error)
		reader_reject(reader, PAGE_ERROR,
			arena_printf(reader->arena, "says \"%s\"", error));
	else
		reader_reject(reader, PAGE_FOREIGN,
			"is JSON of a shape that no format has");
}

/* Whose empty list it is. In UTF-16, nobody but AWS sends one. */
static const struct json_format *find_bare(
	const struct reader *reader, struct node root)
{
	enum page_format bare = reader->options->bare;

	if (!is_bare(root))
		return NULL;
	if (node_type(root) == NODE_LIST)
		return bare == PAGE_FORMAT_AWS || strncmp(reader->doc->encoding,
							  "UTF-16", 6) == 0
			       ? &format_aws
			       : NULL;
	return bare == PAGE_FORMAT_CHECKLY && node_type(node_get(root,
						      "incidents")) == NODE_LIST
		       ? &format_checkly
		       : NULL;
}

enum page_format page_bare_of_path(const char *path)
{
	static const char checkly[] = "/unresolved-incidents";
	size_t len = strlen(path);

	if (strstr(path, "currentevents"))
		return PAGE_FORMAT_AWS;
	if (len >= sizeof(checkly) - 1 &&
		strcmp(path + len - (sizeof(checkly) - 1), checkly) == 0)
		return PAGE_FORMAT_CHECKLY;
	return PAGE_FORMAT_UNKNOWN;
}

static const struct json_format *find_format(
	struct reader *reader, struct node root)
{
	const struct json_format *format;
	const char *missing;
	size_t i;

	if (reader->doc->is_forced) {
		format = find_json(reader->doc->format);
		missing = format ? format->lacks(root) : NULL;
		if (!format)
			reader_reject(reader, PAGE_FOREIGN,
				"is JSON, which that format is not");
		else if (missing)
			reader_reject(reader, PAGE_FOREIGN,
				arena_printf(
					reader->arena, "has no %s", missing));
		return format && !missing ? format : NULL;
	}
	for (i = 0; i < LENGTH(json_formats); i++)
		if (json_formats[i]->is_it && json_formats[i]->is_it(root))
			return json_formats[i];
	format = find_bare(reader, root);
	if (format)
		return format;
	reject_shape(reader, root);
	return NULL;
}

static void read_json(struct reader *reader, const char *data, size_t len)
{
	const struct json_format *format;
	struct node root;
	const char *why;

	switch (node_parse(reader->arena, data, len, &root, &why)) {
	case NODE_NO_JSON:
		reader_reject(reader, PAGE_BROKEN, why);
		return;
	case NODE_TOO_MUCH:
		reader_reject(reader, PAGE_LIMIT, why);
		return;
	case NODE_PARSED:
		break;
	}
	format = find_format(reader, root);
	if (format) {
		reader->doc->format = format->format;
		reader->doc->reading = PAGE_READ;
		format->read(reader, root);
	}
	node_free(root);
}

/* -- by how it begins ----------------------------------------------------- */

static bool has_at(const char *at, const char *end, const char *word)
{
	for (; *word != '\0'; word++, at++)
		if (at == end || text_lower(*at) != *word)
			return false;
	return true;
}

/* HTML tells itself in its first lines, whatever stands before that; XML has
 * neither of these there. */
static bool looks_like_html(const char *data, size_t len)
{
	const char *end = data + (len < SNIFF_MAX ? len : SNIFF_MAX);
	const char *at;

	for (at = data; at < end; at++)
		if (*at == '<' && (has_at(at, end, "<!doctype html") ||
					  has_at(at, end, "<html") ||
					  has_at(at, end, "<head>") ||
					  has_at(at, end, "<body")))
			return true;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void read_page(struct reader *reader, const char *data, size_t len)
{
	struct decoded text = decode_html(data, len);

	read_html(reader, text.data, text.len);
	decoded_release(&text);
}

static void read_other(struct reader *reader, const char *data, size_t len,
	const char *encoding)
{
	const struct page_document *doc = reader->doc;
	bool is_page = looks_like_html(data, len);

	if (is_html(doc->format) || (!doc->is_forced && is_page))
		read_page(reader, data, len);
	else if (is_page)
		reader_reject(
			reader, PAGE_NO_DATA, "is HTML where data is expected");
	else if (*data != '<')
		reader_reject(reader, PAGE_FOREIGN,
			"is neither JSON nor XML nor HTML");
	else if (doc->is_forced && !is_feed(doc->format))
		reader_reject(
			reader, PAGE_FOREIGN, "is XML where JSON is expected");
	else
		read_feed(reader, data, len, encoding);
}

static void read_text(struct reader *reader, const struct decoded *text)
{
	const char *at = text->data;
	const char *end = text->data + text->len;
	/* What an XML declaration says of it is true no more. */
	const char *encoding = text->owned ? "UTF-8" : NULL;

	while (at < end && is_blank(*at))
		at++;
	if (at == end)
		reader_reject(reader, PAGE_EMPTY, "is empty");
	else if ((*at == '{' || *at == '[') && !is_html(reader->doc->format))
		read_json(reader, at, (size_t)(end - at));
	else
		read_other(reader, at, (size_t)(end - at), encoding);
}

static void drop_what_was_read(struct page_document *doc)
{
	doc->has_banner = doc->has_components = false;
	doc->has_incidents = doc->has_maintenances = false;
	doc->n_components = doc->n_incidents = doc->n_maintenances = 0;
	doc->banner = (struct page_status){ 0 };
}

struct page_document *page_read(struct arena *arena, const char *data,
	size_t len, const struct page_read_options *options)
{
	struct page_document *doc = arena_alloc(arena, sizeof(*doc));
	struct reader reader = { .arena = arena,
		.doc = doc,
		.options = options,
		.zone = options->zone };
	struct decoded text = decode(data, len);

	doc->format = options->format;
	doc->is_forced = options->format != PAGE_FORMAT_UNKNOWN;
	doc->encoding = text.encoding;
	doc->size = len;
	read_text(&reader, &text);
	decoded_release(&text);
	/* Half of a page is none. */
	if (doc->reading != PAGE_READ)
		drop_what_was_read(doc);
	else
		reader_check_ids(&reader);
	page_index_components(arena, doc);
	return doc;
}
