/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one document of a status page says, whatever its format: the page, its
 * banner, components, incidents with their updates, maintenances. And what of
 * it was not understood: an unknown word, a missing part and an unexpected
 * shape are facts, never "all is well". Filled by common/page/read*.c, all
 * pure. Strings are bounded and owned by the arena; they are text from outside.
 */
#ifndef LIFELINE_PAGE_DOCUMENT_H
#define LIFELINE_PAGE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"
#include "common/page/pattern.h"
#include "common/page/time.h"

enum {
	PAGE_SIZE_MAX = 4 * 1024 * 1024, /* bytes of a document, as a default */
	PAGE_DEPTH_MAX = 40,             /* nested arrays, objects, elements */
	PAGE_COMPONENTS_MAX = 20000,
	PAGE_EVENTS_MAX = 4000,  /* incidents, and maintenances */
	PAGE_UPDATES_MAX = 200,  /* of one of them */
	PAGE_AFFECTED_MAX = 500, /* components of one of them */
	PAGE_ODDITIES_MAX = 40,  /* that are kept; all are counted */
	PAGE_NAME_MAX = 300,     /* bytes of a name, an id, a word */
	PAGE_BODY_MAX = 4000,    /* bytes of the text of an update */
};

/* Found by shape, or forced (--format). */
enum page_format {
	PAGE_FORMAT_UNKNOWN,
	PAGE_FORMAT_STATUSPAGE,  /* v2 of the API, and all that speak it */
	PAGE_FORMAT_INSTATUS,    /* Checkly's summary, too */
	PAGE_FORMAT_STATUSIO,    /* 1.0 */
	PAGE_FORMAT_BETTERSTACK, /* index.json */
	PAGE_FORMAT_STATUSPAL,   /* v2 summary */
	PAGE_FORMAT_CHECKLY,     /* unresolved incidents */
	PAGE_FORMAT_CACHET_COMPONENTS,
	PAGE_FORMAT_CACHET_INCIDENTS,
	PAGE_FORMAT_KUMA,           /* the page: names, incidents */
	PAGE_FORMAT_KUMA_HEARTBEAT, /* its states, by the ids of the page */
	PAGE_FORMAT_GATUS,
	PAGE_FORMAT_UPPTIME,
	PAGE_FORMAT_AWS,    /* current events */
	PAGE_FORMAT_GOOGLE, /* incidents.json of Cloud and Workspace */
	PAGE_FORMAT_SLACK,
	PAGE_FORMAT_SORRY,
	PAGE_FORMAT_AZURE,    /* RSS that lists what is open */
	PAGE_FORMAT_STATUSIQ, /* RSS that lists components */
	PAGE_FORMAT_RSS,      /* a history of incidents */
	PAGE_FORMAT_ATOM,     /* the same */
	PAGE_FORMAT_STATUSPAGE_HTML,
	PAGE_FORMAT_HTML, /* judged by --expect and --reject alone */
};

enum page_reading {
	PAGE_NOT_READ, /* there is no document */
	PAGE_READ,
	PAGE_EMPTY,    /* no byte but blanks */
	PAGE_BROKEN,   /* cut off, or no JSON or XML where it begins as such */
	PAGE_FOREIGN,  /* well-formed, and none of the formats */
	PAGE_NO_DATA,  /* HTML, and no status page that is known */
	PAGE_INACTIVE, /* says of itself that it is switched off */
	PAGE_DECOY,    /* the provider's own page, of an address without one */
	PAGE_ERROR,    /* an error of the server: {"message": "Forbidden"} */
	PAGE_BARE,     /* an empty list that any service could have sent */
	PAGE_LIMIT,    /* deeper, denser or longer than the bounds */
};

enum page_health {
	PAGE_HEALTH_NOT_SAID, /* the format has no word for it, or null */
	PAGE_HEALTH_UNKNOWN,  /* a word that nobody knows */
	PAGE_HEALTH_UNMONITORED,
	PAGE_HEALTH_OPERATIONAL,
	PAGE_HEALTH_NOTICE, /* told without anything being broken */
	PAGE_HEALTH_MAINTENANCE,
	PAGE_HEALTH_DEGRADED,
	PAGE_HEALTH_PARTIAL, /* part of it is down */
	PAGE_HEALTH_MAJOR,
};

/* A state, and the word of the document for it: --map goes by the word. */
struct page_status {
	enum page_health health;
	const char *word; /* NULL: NOT_SAID */
};

struct page_component {
	const char *id;    /* "" where the format has none */
	const char *name;  /* "" where it is not told here */
	const char *group; /* its group's name, or NULL */
	struct page_status status;
	struct page_time updated; /* when it became so, or was last probed */
	/* A group whose members are listed too: it repeats their state. */
	bool is_group;
};

enum page_phase {
	PAGE_PHASE_NOT_SAID,
	PAGE_PHASE_UNKNOWN, /* a word that nobody knows, or prose */
	PAGE_PHASE_OPEN,    /* open, and no more is told */
	PAGE_PHASE_INVESTIGATING,
	PAGE_PHASE_IDENTIFIED,
	PAGE_PHASE_MONITORING,
	PAGE_PHASE_RESOLVED,
	PAGE_PHASE_POSTMORTEM,
	PAGE_PHASE_SCHEDULED,
	PAGE_PHASE_IN_PROGRESS,
	PAGE_PHASE_VERIFYING,
	PAGE_PHASE_COMPLETED,
	PAGE_PHASE_CANCELLED,
};

struct page_update {
	const char *id; /* "" where it has none */
	enum page_phase phase;
	const char *word; /* of the phase, or NULL */
	struct page_time posted;
	const char *body; /* plain text, blanks joined; "" says nothing */
};

/* An incident or a maintenance. */
struct page_event {
	const char *id;
	const char *name;
	enum page_phase phase;
	const char *word;
	struct page_status impact;
	struct page_time created; /* when it was posted, else when it began */
	struct page_time resolved;
	struct page_time from, until; /* of a maintenance, as announced */
	const char **affected;        /* ids of components, else names */
	size_t n_affected;
	/* The newest first, whatever their order in the document. */
	struct page_update *updates;
	size_t n_updates;
	bool has_updates; /* the format tells them: none means none posted */
};

enum page_odd {
	PAGE_ODD_WORD,    /* unknown */
	PAGE_ODD_MISSING, /* a member that every document of the format has */
	PAGE_ODD_TYPE,    /* a member of another type */
	PAGE_ODD_TIME,    /* what stands for a time is none */
	PAGE_ODD_TWICE,   /* two objects with one id */
	PAGE_ODD_CUT,     /* more than the bounds: the rest was not looked at */
	PAGE_ODD_PAGED,   /* the rest is in further documents */
	PAGE_ODD_UNSTATED, /* open or not: it does not say so */
};

struct page_oddity {
	enum page_odd odd;
	const char *where; /* "components[3].status" */
	const char *what;  /* what stands there, cleaned; or NULL */
};

/* A pattern of --expect or --reject, and whether the text has it. */
struct page_match {
	const char *text; /* the pattern, as typed */
	bool is_reject;
	bool is_found;
};

struct page_document {
	enum page_reading reading;
	const char *why; /* what is wrong, as a sentence's end; READ: NULL */
	enum page_format format;
	bool is_forced;       /* --format */
	const char *encoding; /* "UTF-8", "UTF-16BE" ... */
	size_t size;          /* bytes as they came */

	const char *id, *name, *url; /* of the page; NULL: not told */
	const char *next;            /* where the next part is, or NULL */
	struct page_time updated;    /* says nothing of people: any change */
	/* When this copy was made, or something of it was probed last. */
	struct page_time rendered;

	/* What the format tells, though it may be that there is nothing. */
	bool has_banner, has_components, has_incidents, has_maintenances;

	struct page_status banner;
	const char *banner_text; /* "All Systems Operational", or NULL */
	struct page_component *components;
	size_t n_components;
	/* The same in the order of their ids; NULL: in no order. */
	const struct page_component **by_id;
	struct page_event *incidents;
	size_t n_incidents;
	struct page_event *maintenances;
	size_t n_maintenances;

	struct page_match *matches; /* of HTML, with patterns */
	size_t n_matches;

	struct page_oddity *oddities;
	size_t n_oddities; /* that are kept */
	size_t n_odd;      /* of all */
};

struct page_read_options {
	enum page_format format; /* UNKNOWN: by shape */
	struct page_zone zone;   /* --zone */
	/* --expect and --reject, in their order; of an HTML page. */
	const struct page_pattern *const *patterns;
	const bool *is_reject; /* parallel to patterns */
	size_t n_patterns;
	/* Whether there is no time to match any more: a pattern may take the
	 * square of the length of a line. NULL: there is always. */
	bool (*is_late)(const void *arg);
	const void *late_arg;
	/* AWS or CHECKLY: an empty list is of these, so nothing is open. */
	enum page_format bare;
};

/*
 * By the path of its URL, without the query, what lists what is open alone and
 * says nothing else where it is empty: for page_read_options.bare.
 */
enum page_format page_bare_of_path(const char *path);

/*
 * Reads a document of len bytes. Memory is bounded by a small multiple of the
 * bounds above, time is linear in len. Never NULL.
 */
struct page_document *page_read(struct arena *arena, const char *data,
	size_t len, const struct page_read_options *options);

/*
 * Puts together what a page tells in two documents: names and groups of the
 * one go to the components of the other by their id, and what only the other
 * tells is added. The result shares with both.
 */
struct page_document *page_join(struct arena *arena,
	const struct page_document *page, const struct page_document *other);

/* The component with this id, or NULL. */
const struct page_component *page_find_component(
	const struct page_document *doc, const char *id);
/* Fills by_id. */
void page_index_components(struct arena *arena, struct page_document *doc);

/* Whether the incident, or the maintenance, is not over yet. One whose phase is
 * not understood is open. */
bool page_event_is_open(const struct page_event *event);
/* A maintenance that is going on: by its phase, and where that is no more than
 * "open", by its times. */
bool page_event_is_running(const struct page_event *event, int64_t now_s);

/* The newest update that says something, and has a time; or NULL. */
const struct page_update *page_event_newest(const struct page_event *event);

/* A word for each value, [a-z0-9_-]+, as JSON and --format have it; NULL past
 * the last. */
const char *page_format_word(unsigned format);
const char *page_reading_word(unsigned reading);
const char *page_health_word(unsigned health);
const char *page_phase_word(unsigned phase);
const char *page_odd_word(unsigned odd);
const char *page_time_fate_word(unsigned fate);

/* The format with that word; UNKNOWN: there is none. */
enum page_format page_format_find(const char *word);

#endif
