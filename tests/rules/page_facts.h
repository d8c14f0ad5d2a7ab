/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the facts of a status page back from JSON, for tests: a member "page",
 * as page_write_facts() writes it. What is left out is as it is where all is
 * well: one address, 192.0.2.1, that answers with a page that is well; the
 * defaults of the command line; 2026-08-03 10:45 UTC.
 *
 * Beside the members that are written there are, in "source" and in an entry of
 * "also" and of "fetches":
 *
 * "document"  the name of a file of tests/page, which is read
 * "says"      a document in itself, in JSON, or as text, which is read
 *
 * A time may be a number, the moment, or null. "after" is made by the plugin's
 * own function of "before", unless it is given.
 */
#ifndef LIFELINE_TESTS_PAGE_FACTS_H
#define LIFELINE_TESTS_PAGE_FACTS_H

#include "common/page/page.h"
#include "reader.h"

/* Returns NULL, or what can't be read. Patterns of selectors are given back
 * with page_release_facts(). */
const char *page_read_facts(
	struct arena *arena, json_t *facts, struct page *page);
void page_release_facts(struct page *page);

#endif
