/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of all formats share. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/page/html.h"
#include "common/page/read.h"

enum {
	WHERE_MAX = 200, /* bytes of the place of an oddity */
	WHAT_MAX = 100,  /* and of what stands there */
};

/* -- oddities ------------------------------------------------------------- */

void reader_enter(struct reader *reader, const char *name, size_t index)
{
	if (reader->n_steps < READER_STEPS_MAX)
		reader->steps[reader->n_steps] =
			(struct reader_step){ name, index };
	reader->n_steps++;
}

void reader_leave(struct reader *reader)
{
	reader->n_steps--;
}

static const char *where(const struct reader *reader, const char *key)
{
	struct text text;
	const char *copy;
	size_t i;

	text_init(&text, WHERE_MAX);
	for (i = 0; i < reader->n_steps && i < READER_STEPS_MAX; i++)
		text_printf(&text, "%s%s[%zu]", i > 0 ? "." : "",
			reader->steps[i].name, reader->steps[i].index);
	if (key && text.len > 0)
		text_add(&text, ".");
	if (key)
		text_add(&text, key);
	copy = arena_strdup(reader->arena, text.data);
	text_release(&text);
	return copy;
}

static const char *clean(struct arena *arena, const char *what)
{
	struct text text;
	const char *copy;

	text_init(&text, WHAT_MAX);
	text_add_clean(&text, what);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

void reader_odd(struct reader *reader, enum page_odd odd, const char *key,
	const char *what)
{
	struct page_document *doc = reader->doc;

	doc->n_odd++;
	if (doc->n_oddities == PAGE_ODDITIES_MAX)
		return;
	if (!doc->oddities)
		doc->oddities = arena_array(reader->arena, PAGE_ODDITIES_MAX,
			sizeof(*doc->oddities));
	doc->oddities[doc->n_oddities++] = (struct page_oddity){
		.odd = odd,
		.where = where(reader, key),
		.what = what ? clean(reader->arena, what) : NULL,
	};
}

void reader_reject(
	struct reader *reader, enum page_reading reading, const char *why)
{
	struct page_document *doc = reader->doc;

	if (doc->reading != PAGE_NOT_READ && doc->reading != PAGE_READ)
		return;
	doc->reading = reading;
	doc->why = clean(reader->arena, why);
}

/* -- words ---------------------------------------------------------------- */

int word_find(const struct word *words, const char *word)
{
	for (; words->word; words++)
		if (strcasecmp(words->word, word) == 0)
			return words->value;
	return -1;
}

struct page_status status_of(enum page_health health, const char *word)
{
	return (struct page_status){ health, word };
}

struct page_status status_worst(struct page_status a, struct page_status b)
{
	return b.health > a.health ? b : a;
}

struct page_status reader_status_of(struct reader *reader, const char *key,
	const char *word, const struct word *words)
{
	int health = word_find(words, word);

	if (health < 0) {
		reader_odd(reader, PAGE_ODD_WORD, key, word);
		health = PAGE_HEALTH_UNKNOWN;
	}
	return status_of((enum page_health)health,
		reader_copy(reader, word, strlen(word), PAGE_NAME_MAX));
}

enum page_phase reader_phase_of(struct reader *reader, const char *key,
	const char *word, const struct word *words)
{
	int phase = word_find(words, word);

	if (phase >= 0)
		return (enum page_phase)phase;
	reader_odd(reader, PAGE_ODD_WORD, key, word);
	return PAGE_PHASE_UNKNOWN;
}

/* -- members of an object ------------------------------------------------- */

const char *reader_copy(
	struct reader *reader, const char *text, size_t len, size_t max)
{
	if (len > max) {
		len = max;
		/* Back to where a character begins. */
		while (len > 0 && ((unsigned char)text[len] & 0xc0U) == 0x80U)
			len--;
	}
	return arena_strndup(reader->arena, text, len);
}

const char *first_text(const char *a, const char *b)
{
	return *a != '\0' ? a : b;
}

struct page_time first_time(struct page_time a, struct page_time b)
{
	return a.fate != PAGE_TIME_NONE ? a : b;
}

/* Whether it is there; else it is noted where that is needed. */
static bool is_there(struct reader *reader, struct node value, const char *key,
	enum need need)
{
	enum node_type type = node_type(value);

	if (type != NODE_MISSING && type != NODE_NULL)
		return true;
	if (need == REQUIRED || (need == NULLABLE && type == NODE_MISSING))
		reader_odd(reader, PAGE_ODD_MISSING, key, NULL);
	return false;
}

static const char *number_text(struct reader *reader, struct node value)
{
	int64_t number = 0;

	(void)node_int(value, &number);
	return arena_printf(reader->arena, "%lld", (long long)number);
}

const char *reader_text(struct reader *reader, struct node object,
	const char *key, enum need need)
{
	struct node value = node_get(object, key);
	const char *text = node_text(value);

	if (!is_there(reader, value, key, need))
		return "";
	if (node_type(value) == NODE_INT)
		return number_text(reader, value);
	if (!text) {
		reader_odd(reader, PAGE_ODD_TYPE, key, NULL);
		return "";
	}
	return reader_copy(reader, text, strlen(text), PAGE_NAME_MAX);
}

const char *reader_text_or_null(
	struct reader *reader, struct node object, const char *key)
{
	const char *text = reader_text(reader, object, key, OPTIONAL);

	return *text != '\0' ? text : NULL;
}

const char *reader_body(struct reader *reader, struct node object,
	const char *key, enum need need)
{
	struct node value = node_get(object, key);
	const char *text = node_text(value);

	if (!is_there(reader, value, key, need))
		return "";
	if (!text) {
		reader_odd(reader, PAGE_ODD_TYPE, key, NULL);
		return "";
	}
	return html_plain(reader->arena, text, strlen(text), PAGE_BODY_MAX);
}

struct page_time reader_time(
	struct reader *reader, struct node object, const char *key)
{
	struct node value = node_get(object, key);
	const char *text = node_text(value);
	struct page_time time = { .fate = PAGE_TIME_NONE };
	int64_t number;

	if (!node_is_there(value))
		return time;
	if (text)
		time = page_time_read(text, strlen(text), &reader->zone);
	else if (node_whole(value, &number))
		time = page_time_of_number(number);
	else
		time.fate = PAGE_TIME_UNREAD;
	if (time.fate == PAGE_TIME_UNREAD)
		reader_odd(reader, PAGE_ODD_TIME, key, text);
	return time;
}

struct page_status reader_status(struct reader *reader, struct node object,
	const char *key, const struct word *words)
{
	const char *word = reader_text(reader, object, key, REQUIRED);

	if (*word == '\0')
		return status_of(PAGE_HEALTH_UNKNOWN, NULL);
	return reader_status_of(reader, key, word, words);
}

enum page_phase reader_phase(struct reader *reader, struct node object,
	const char *key, const struct word *words, const char **word)
{
	*word = reader_text(reader, object, key, REQUIRED);
	if (**word != '\0')
		return reader_phase_of(reader, key, *word, words);
	*word = NULL;
	return PAGE_PHASE_UNKNOWN;
}

struct node reader_list(struct reader *reader, struct node object,
	const char *key, enum need need)
{
	struct node value = node_get(object, key);
	const struct node none = { NULL };

	if (!is_there(reader, value, key, need))
		return none;
	if (node_type(value) == NODE_LIST)
		return value;
	reader_odd(reader, PAGE_ODD_TYPE, key, NULL);
	return none;
}

void reader_each(struct reader *reader, struct node list, const char *key,
	reader_fn fn, void *arg)
{
	size_t n = node_type(list) == NODE_LIST ? node_count(list) : 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct node node = node_at(list, i);

		reader_enter(reader, key, i);
		reader->n_ahead = n - i;
		if (node_type(node) == NODE_OBJECT)
			fn(reader, node, arg);
		else
			reader_odd(reader, PAGE_ODD_TYPE, NULL, NULL);
		reader_leave(reader);
	}
}

/* -- what a document says ------------------------------------------------- */

/* Room for one more of the array; NULL: there are too many. */
static void *grow(struct reader *reader, const void *old, size_t n, size_t *cap,
	size_t max, size_t size)
{
	size_t more = *cap == 0 ? 8 : *cap * 2;
	void *grown;

	/* What stands in the list in hand is room enough, mostly. */
	if (more < n + reader->n_ahead)
		more = n + reader->n_ahead;
	if (n >= max) {
		reader_odd(reader, PAGE_ODD_CUT, NULL, NULL);
		return NULL;
	}
	if (more > max)
		more = max;
	grown = arena_grow(reader->arena, old, n, more, size);
	*cap = more;
	return grown;
}

struct page_component *reader_add_component(struct reader *reader)
{
	struct page_document *doc = reader->doc;

	if (doc->n_components == reader->cap_components) {
		void *grown = grow(reader, doc->components, doc->n_components,
			&reader->cap_components, PAGE_COMPONENTS_MAX,
			sizeof(*doc->components));

		if (!grown)
			return NULL;
		doc->components = grown;
	}
	doc->components[doc->n_components] =
		(struct page_component){ .id = "", .name = "" };
	return &doc->components[doc->n_components++];
}

static struct page_event *add_event(struct reader *reader,
	struct page_event **events, size_t *n, size_t *cap)
{
	if (*n == *cap) {
		void *grown = grow(reader, *events, *n, cap, PAGE_EVENTS_MAX,
			sizeof(**events));

		if (!grown)
			return NULL;
		*events = grown;
	}
	(*events)[*n] = (struct page_event){ .id = "", .name = "" };
	return &(*events)[(*n)++];
}

struct page_event *reader_add_incident(struct reader *reader)
{
	return add_event(reader, &reader->doc->incidents,
		&reader->doc->n_incidents, &reader->cap_incidents);
}

struct page_event *reader_add_maintenance(struct reader *reader)
{
	return add_event(reader, &reader->doc->maintenances,
		&reader->doc->n_maintenances, &reader->cap_maintenances);
}

/* The capacity is the next power of two: nothing has to hold it. */
static bool is_full(size_t n)
{
	return n == 0 || (n >= 4 && (n & (n - 1)) == 0);
}

struct page_update *reader_add_update(
	struct reader *reader, struct page_event *event)
{
	size_t n = event->n_updates;

	if (n == PAGE_UPDATES_MAX) {
		reader_odd(reader, PAGE_ODD_CUT, NULL, NULL);
		return NULL;
	}
	if (is_full(n))
		event->updates = arena_grow(reader->arena, event->updates, n,
			n == 0 ? 4 : n * 2, sizeof(*event->updates));
	event->updates[n] = (struct page_update){ .id = "", .body = "" };
	event->n_updates++;
	return &event->updates[n];
}

void reader_add_affected(
	struct reader *reader, struct page_event *event, const char *id)
{
	size_t n = event->n_affected;

	if (*id == '\0')
		return;
	if (n == PAGE_AFFECTED_MAX) {
		reader_odd(reader, PAGE_ODD_CUT, NULL, NULL);
		return;
	}
	if (is_full(n))
		event->affected = arena_grow(reader->arena, event->affected, n,
			n == 0 ? 4 : n * 2, sizeof(*event->affected));
	event->affected[n] = id;
	event->n_affected++;
}

/* What has no time stays where it is, behind what came before it. */
static bool is_newer(const struct page_update *a, const struct page_update *b)
{
	bool a_has = a->posted.fate == PAGE_TIME_KNOWN ||
		     a->posted.fate == PAGE_TIME_ZONELESS;
	bool b_has = b->posted.fate == PAGE_TIME_KNOWN ||
		     b->posted.fate == PAGE_TIME_ZONELESS;

	return a_has && b_has && a->posted.s > b->posted.s;
}

static void reverse(struct page_update *updates, size_t n)
{
	size_t i;

	for (i = 0; i < n / 2; i++) {
		struct page_update update = updates[i];

		updates[i] = updates[n - 1 - i];
		updates[n - 1 - i] = update;
	}
}

void reader_sort_updates(struct page_event *event)
{
	struct page_update *updates = event->updates;
	size_t n = event->n_updates;
	size_t i;
	size_t k;

	/* Most have the newest first or last. */
	if (n > 1 && is_newer(&updates[n - 1], &updates[0]))
		reverse(updates, n);
	for (i = 1; i < n; i++) {
		struct page_update update = updates[i];

		for (k = i; k > 0 && is_newer(&update, &updates[k - 1]); k--)
			updates[k] = updates[k - 1];
		updates[k] = update;
	}
}

static bool is_of_maintenance(enum page_phase phase)
{
	return phase == PAGE_PHASE_SCHEDULED ||
	       phase == PAGE_PHASE_IN_PROGRESS ||
	       phase == PAGE_PHASE_VERIFYING || phase == PAGE_PHASE_COMPLETED ||
	       phase == PAGE_PHASE_CANCELLED;
}

void reader_file_event(struct reader *reader, const struct page_event *event)
{
	bool is_maintenance = event->impact.health == PAGE_HEALTH_MAINTENANCE ||
			      is_of_maintenance(event->phase);
	struct page_event *place = is_maintenance
					   ? reader_add_maintenance(reader)
					   : reader_add_incident(reader);

	if (place)
		*place = *event;
}

/* -- ids ------------------------------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_unique(
	struct reader *reader, const char **ids, size_t n, const char *key)
{
	size_t i;

	qsort(ids, n, sizeof(*ids), compare_ids);
	for (i = 1; i < n; i++)
		if (*ids[i] != '\0' && strcmp(ids[i], ids[i - 1]) == 0)
			reader_odd(reader, PAGE_ODD_TWICE, key, ids[i]);
}

static void check_event_ids(struct reader *reader,
	const struct page_event *events, size_t n, const char *key)
{
	const char **ids = arena_array(reader->arena, n, sizeof(*ids));
	size_t i;

	for (i = 0; i < n; i++)
		ids[i] = events[i].id;
	check_unique(reader, ids, n, key);
}

void reader_check_ids(struct reader *reader)
{
	const struct page_document *doc = reader->doc;
	const char **ids =
		arena_array(reader->arena, doc->n_components, sizeof(*ids));
	size_t n = doc->has_components ? doc->n_components : 0;
	size_t i;

	/* Where only some are named, one may be named twice. */
	for (i = 0; i < n; i++)
		ids[i] = doc->components[i].id;
	check_unique(reader, ids, n, "components");
	check_event_ids(reader, doc->incidents, doc->n_incidents, "incidents");
	check_event_ids(
		reader, doc->maintenances, doc->n_maintenances, "maintenances");
}
