/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What earlier runs on this node saw of a status page and of what it speaks
 * for: plain structs, to be kept by common/store, made and used by common/page.
 * Only what changes by an event is kept, so that a run in which nothing
 * happened writes nothing. Seconds since 1970, all times here; 0: never, or not
 * known.
 */
#ifndef LIFELINE_PAGE_HISTORY_H
#define LIFELINE_PAGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PAGE_HISTORY_PROBES_MAX = 100,
	PAGE_HISTORY_EVENTS_MAX = 200,
	PAGE_HISTORY_TAGS_MAX = 100,
	PAGE_HISTORY_AFFECTED_MAX = 8,  /* components of an incident */
	PAGE_HISTORY_TEXT_MAX = 200,    /* bytes of an id, a name */
	PAGE_HISTORY_KEY_MAX = 1000,    /* bytes of a key, an ETag */
	PAGE_HISTORY_COPY_MAX = 400000, /* bytes of a document, in JSON */
	PAGE_HISTORY_COPY_S = 3600,     /* as long as it is believed */
};

/* One of our own probes, by what it probes. */
struct page_past_probe {
	const char *key;
	bool is_down;    /* as it was last seen, up or down */
	int64_t since_s; /* since when it is so */
	int64_t down_s;  /* begin of the last time that it was down */
	int64_t up_s;    /* end of that; 0: it is down, or never was */
};

/* An incident that the page told. */
struct page_past_event {
	const char *id;
	bool is_open;          /* as it was last seen */
	bool was_monitored;    /* it was in "monitoring" once */
	int64_t first_s;       /* when it was posted, or first seen */
	int64_t resolved_s;    /* when it was resolved, or seen so after it
				  was seen open; 0: not known */
	int64_t reopened_s;    /* when it was seen open behind that */
	const char **affected; /* as many as are kept */
	size_t n_affected;
};

/* For conditional requests: of one address and URL. */
struct page_past_tag {
	const char *key;           /* "URL ADDRESS" */
	const char *etag;          /* or NULL */
	const char *last_modified; /* or NULL */
};

struct page_history {
	const char *format;  /* its word; NULL: never read */
	const char *page_id; /* or NULL */
	const char *page_name;
	int64_t well_s;   /* since when it says that all is well; 0: not so */
	int64_t outage_s; /* since when it shows an outage; 0: it shows none */
	struct page_past_probe *probes; /* by key */
	size_t n_probes;
	struct page_past_event *events; /* by id */
	size_t n_events;
	/* The document, as it was sent, and the tags of those that sent it. */
	const char *copy;           /* or NULL */
	int64_t copy_s;             /* when it last came whole */
	struct page_past_tag *tags; /* by key */
	size_t n_tags;
};

#endif
