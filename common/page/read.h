/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the readers of all formats share. A reader goes through its document
 * once and adds what it says; whatever is not as it should be becomes an
 * oddity, with the place where it stands.
 */
#ifndef LIFELINE_PAGE_READ_H
#define LIFELINE_PAGE_READ_H

#include "common/core/text.h"
#include "common/page/document.h"
#include "common/page/node.h"

enum {
	READER_STEPS_MAX = 4,
};

/* Where the reader is: "components[3]", "incidents[0].updates[2]". */
struct reader_step {
	const char *name;
	size_t index;
};

struct reader {
	struct arena *arena;
	struct page_document *doc;
	const struct page_read_options *options;
	struct page_zone zone; /* for times without one */
	struct reader_step steps[READER_STEPS_MAX];
	size_t n_steps;
	size_t cap_components, cap_incidents, cap_maintenances;
	size_t n_ahead; /* elements of the list in hand, this one with them */
};

/* What becomes of a member that is missing. */
enum need {
	OPTIONAL, /* nothing; null is the same */
	NULLABLE, /* an oddity; null is fine */
	REQUIRED, /* an oddity, null as well */
};

/* Goes into an element of a list, and out again; of no consequence but for
 * the place of oddities. */
void reader_enter(struct reader *reader, const char *name, size_t index);
void reader_leave(struct reader *reader);

/* An oddity at member key (NULL: of the element itself). */
void reader_odd(struct reader *reader, enum page_odd odd, const char *key,
	const char *what);
/* Notes that the document is none, or not one to judge by. The first stays. */
void reader_reject(
	struct reader *reader, enum page_reading reading, const char *why);

/* -- words ---------------------------------------------------------------- */

/* A table of words ends with NULL. They are compared without case. */
struct word {
	const char *word;
	int value; /* an enum page_health or enum page_phase */
};
/* -1: not in it. */
int word_find(const struct word *words, const char *word);

struct page_status status_of(enum page_health health, const char *word);
/* By the table; an oddity at key where the word is not in it. The word is
 * copied. */
struct page_status reader_status_of(struct reader *reader, const char *key,
	const char *word, const struct word *words);
enum page_phase reader_phase_of(struct reader *reader, const char *key,
	const char *word, const struct word *words);

/* The worse of two, by the order of enum page_health. */
struct page_status status_worst(struct page_status a, struct page_status b);

/* -- members of an object ------------------------------------------------- */

/* Text of at most PAGE_NAME_MAX bytes, a number as text; else "". */
const char *reader_text(struct reader *reader, struct node object,
	const char *key, enum need need);
/* The same, but NULL where there is none. */
const char *reader_text_or_null(
	struct reader *reader, struct node object, const char *key);
/* Plain text of at most PAGE_BODY_MAX bytes, of what may be HTML. */
const char *reader_body(struct reader *reader, struct node object,
	const char *key, enum need need);
struct page_time reader_time(
	struct reader *reader, struct node object, const char *key);
struct page_status reader_status(struct reader *reader, struct node object,
	const char *key, const struct word *words);
/* As reader_status(), of a phase; *word is what stood there, or NULL. */
enum page_phase reader_phase(struct reader *reader, struct node object,
	const char *key, const struct word *words, const char **word);
/* A list. NULLABLE: null is an empty one, as incident.io sends it. */
struct node reader_list(struct reader *reader, struct node object,
	const char *key, enum need need);
/* Calls fn for each object of the list; what is no object is an oddity. */
typedef void (*reader_fn)(struct reader *reader, struct node node, void *arg);
void reader_each(struct reader *reader, struct node list, const char *key,
	reader_fn fn, void *arg);

/* The first of the texts that is not empty; "" where all are. */
const char *first_text(const char *a, const char *b);
/* The first of the times that was said. */
struct page_time first_time(struct page_time a, struct page_time b);

/* At most max bytes of text, not cut inside a character, in the arena. */
const char *reader_copy(
	struct reader *reader, const char *text, size_t len, size_t max);

/* -- what a document says ------------------------------------------------- */

/* NULL, and an oddity, where there are more than the bounds. */
struct page_component *reader_add_component(struct reader *reader);
struct page_event *reader_add_incident(struct reader *reader);
struct page_event *reader_add_maintenance(struct reader *reader);
struct page_update *reader_add_update(
	struct reader *reader, struct page_event *event);
void reader_add_affected(
	struct reader *reader, struct page_event *event, const char *id);

/* Sorts the updates of an event, the newest first. */
void reader_sort_updates(struct page_event *event);
/* An event whose phase, or impact, is of a maintenance goes to them. */
void reader_file_event(struct reader *reader, const struct page_event *event);

/* Ids that must be unique: an oddity for each that is not. */
void reader_check_ids(struct reader *reader);

/* -- formats -------------------------------------------------------------- */

struct json_format {
	enum page_format format;
	/* Whether the root is one: by what no other format has. NULL: never by
	 * shape. */
	bool (*is_it)(struct node root);
	/* The least that must be there where it is forced; what is missing, or
	 * NULL. */
	const char *(*lacks)(struct node root);
	void (*read)(struct reader *reader, struct node root);
};

extern const struct json_format format_statuspage;
extern const struct json_format format_instatus;
extern const struct json_format format_sorry;
extern const struct json_format format_checkly;
extern const struct json_format format_statusio;
extern const struct json_format format_betterstack;
extern const struct json_format format_statuspal;
extern const struct json_format format_cachet_components;
extern const struct json_format format_cachet_incidents;
extern const struct json_format format_kuma;
extern const struct json_format format_kuma_heartbeat;
extern const struct json_format format_gatus;
extern const struct json_format format_upptime;
extern const struct json_format format_aws;
extern const struct json_format format_google;
extern const struct json_format format_slack;

/* RSS and Atom; the encoding, or NULL where the document says it itself. */
void read_feed(struct reader *reader, const char *data, size_t len,
	const char *encoding);
/* HTML, and where that is forced any text. */
void read_html(struct reader *reader, const char *data, size_t len);

#endif
