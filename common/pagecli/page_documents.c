/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_documents.h"

#include <string.h>

enum {
	DOCUMENTS_MAX = 64,
	/* What many addresses may send that all differ, in bytes. */
	READ_MAX = 16 * 1024 * 1024,
};

struct known {
	const char *data;
	size_t len;
	struct page_document *doc;
};

struct page_documents {
	struct arena *arena;
	const struct page_read_options *options;
	struct known known[DOCUMENTS_MAX];
	size_t n_known;
	size_t read; /* bytes */
};

struct page_documents *page_documents_new(
	struct arena *arena, const struct page_read_options *options)
{
	struct page_documents *documents =
		arena_alloc(arena, sizeof(*documents));

	documents->arena = arena;
	documents->options = options;
	return documents;
}

struct page_document *page_documents_read(
	struct page_documents *documents, const char *data, size_t len)
{
	struct known *known;
	size_t i;

	for (i = 0; i < documents->n_known; i++) {
		known = &documents->known[i];
		if (known->len == len &&
			(known->data == data ||
				memcmp(known->data, data, len) == 0))
			return known->doc;
	}
	if (documents->n_known == (size_t)DOCUMENTS_MAX ||
		(documents->read > 0 && documents->read + len > READ_MAX))
		return NULL;
	documents->read += len;
	known = &documents->known[documents->n_known++];
	*known = (struct known){ data, len,
		page_read(documents->arena, data, len, documents->options) };
	return known->doc;
}

bool page_document_is_mishap(const struct page_document *doc)
{
	return doc->reading == PAGE_EMPTY || doc->reading == PAGE_BROKEN ||
	       doc->reading == PAGE_FOREIGN || doc->reading == PAGE_ERROR;
}

/* -- what belongs to it --------------------------------------------------- */

/* The URL with one part of its path in place of another; NULL: it has no such
 * part. What stands behind a '?' is of that document alone. */
static const char *replace(struct arena *arena, const struct page_url *url,
	const char *part, const char *other)
{
	size_t len = strcspn(url->text, "?");
	const char *text = arena_strndup(arena, url->text, len);
	const char *at = strstr(text, part);

	if (!at)
		return NULL;
	return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, other,
		at + strlen(part));
}

const char *page_document_companion(struct arena *arena,
	const struct page_url *url, const struct page_document *doc)
{
	static const char names[] = "/api/status-page/";
	static const char states[] = "/api/status-page/heartbeat/";

	if (doc->reading != PAGE_READ)
		return NULL;
	if (doc->format == PAGE_FORMAT_KUMA)
		return replace(arena, url, names, states);
	if (doc->format == PAGE_FORMAT_KUMA_HEARTBEAT)
		return replace(arena, url, states, names);
	if (doc->format == PAGE_FORMAT_CACHET_COMPONENTS)
		return replace(arena, url, "/components", "/incidents");
	if (doc->format == PAGE_FORMAT_CACHET_INCIDENTS)
		return replace(arena, url, "/incidents", "/components");
	return NULL;
}

/* Where the path of a URL begins: it has one always. */
static const char *path_of(const struct page_url *url)
{
	const char *host = strstr(url->text, "://");

	return host ? strchr(host + strlen("://"), '/') : NULL;
}

bool page_document_next(struct arena *arena, const struct page_url *base,
	const char *reference, struct page_url *out)
{
	struct page_url named;
	const char *begin = path_of(base);
	const char *path;

	if (!begin || page_url_follow(arena, base, reference, &named))
		return false;
	path = path_of(&named);
	return path &&
	       !page_url_read(arena,
		       arena_printf(arena, "%.*s%s", (int)(begin - base->text),
			       base->text, path),
		       out);
}

static void *both(struct arena *arena, const void *a, size_t n_a, const void *b,
	size_t n_b, size_t size)
{
	char *all = arena_grow(arena, a, n_a, n_a + n_b, size);

	if (n_b > 0)
		memcpy(all + n_a * size, b, n_b * size);
	return all;
}

/* That there is more is true no more where it was read. */
static void drop_paged(struct page_document *doc)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < doc->n_oddities; i++)
		if (doc->oddities[i].odd != PAGE_ODD_PAGED)
			doc->oddities[n++] = doc->oddities[i];
	doc->n_odd -= doc->n_oddities - n;
	doc->n_oddities = n;
}

struct page_document *page_document_go_on(struct arena *arena,
	const struct page_document *doc, const struct page_document *next)
{
	struct page_document *all = arena_alloc(arena, sizeof(*all));

	*all = *doc;
	all->components = both(arena, doc->components, doc->n_components,
		next->components, next->n_components, sizeof(*all->components));
	all->n_components += next->n_components;
	all->incidents = both(arena, doc->incidents, doc->n_incidents,
		next->incidents, next->n_incidents, sizeof(*all->incidents));
	all->n_incidents += next->n_incidents;
	all->maintenances = both(arena, doc->maintenances, doc->n_maintenances,
		next->maintenances, next->n_maintenances,
		sizeof(*all->maintenances));
	all->n_maintenances += next->n_maintenances;
	all->oddities = both(arena, doc->oddities, doc->n_oddities,
		next->oddities, next->n_oddities, sizeof(*all->oddities));
	all->n_oddities += next->n_oddities;
	all->n_odd += next->n_odd;
	all->size += next->size;
	all->next = next->next;
	if (!all->next)
		drop_paged(all);
	page_index_components(arena, all);
	return all;
}

/* -- keeping it ----------------------------------------------------------- */

/* As long as it becomes in JSON. */
static size_t escaped_length(const char *text)
{
	size_t len = 0;

	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20)
			len += strlen("\\u0000");
		else
			len += *text == '"' || *text == '\\' ? 2 : 1;
	return len;
}

const char *page_document_copy(
	struct arena *arena, const char *data, size_t len)
{
	const char *text;

	if (len > PAGE_HISTORY_COPY_MAX || memchr(data, '\0', len))
		return NULL;
	text = arena_strndup(arena, data, len);
	return text_is_utf8(text) &&
			       escaped_length(text) <= PAGE_HISTORY_COPY_MAX
		       ? text
		       : NULL;
}
