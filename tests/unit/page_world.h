/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts of a status page for unit tests of its rules: a document of
 * tests/page, the defaults of the command line, and as many runs, one after
 * the other, as a test wants.
 */
#ifndef LIFELINE_TESTS_UNIT_PAGE_WORLD_H
#define LIFELINE_TESTS_UNIT_PAGE_WORLD_H

#include "common/page/rules.h"

enum {
	/* 2026-08-03 10:45 UTC: five minutes behind the newest update of the
	 * documents, 45 behind the first. */
	WORLD_NOW_S = 1785753900,
	WORLD_PROBES_MAX = 4,
	WORLD_SELECTORS_MAX = 4,
	WORLD_MAPS_MAX = 4,
};

struct world {
	struct arena *arena;
	struct page page;
	struct page_fetch fetch;
	struct page_probe probes[WORLD_PROBES_MAX];
	struct page_selector components[WORLD_SELECTORS_MAX];
	struct page_selector groups[WORLD_SELECTORS_MAX];
	struct page_selector ignored[WORLD_SELECTORS_MAX];
	struct page_map maps[WORLD_MAPS_MAX];
	struct judge judge;
};

/* For cmocka: *state is a world without a document. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* The page is this document of tests/page now. */
struct page_document *world_show(struct world *w, const char *name);

/* Adds to --probe, --component, --group, --ignore and --map. */
struct page_probe *world_probe(
	struct world *w, const char *what, const char *component);
void world_select(struct world *w, const char *component);
void world_select_group(struct world *w, const char *group);
void world_ignore(struct world *w, const char *component);
void world_map(struct world *w, const char *word, enum state state);

/* From now on runs remember, and the first of them is the next. */
void world_keep_history(struct world *w);

/* Judges the facts; what they come to is remembered for the next run. */
enum state world_run(struct world *w);
/* The same, so many seconds later. */
enum state world_run_later(struct world *w, int64_t seconds);

/* Of the last run: so many findings of the rule, all with that state; a rule
 * that was judged and holds; that was not judged; that nobody asked for. */
void world_finds(struct world *w, const char *id, size_t n, enum state state);
void world_holds(struct world *w, const char *id);
void world_not_judged(struct world *w, const char *id);
void world_not_asked(struct world *w, const char *id);
/* The text of the first finding of the rule. */
const char *world_text(struct world *w, const char *id);
const char *world_culprit(struct world *w, const char *id);

#endif
