/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a post of a feed or of a page tells in prose: its phase, its updates.
 * Where it is not plain that something is over, it is open.
 */
#ifndef LIFELINE_PAGE_PROSE_H
#define LIFELINE_PAGE_PROSE_H

#include "common/page/read.h"

/* Words for phases as feeds and pages show them: "Resolved", "In progress". */
extern const struct word prose_phases[];

/*
 * Whether a title or a sentence says that it is over: its last clause begins
 * or ends with "resolved" or "mitigated", and nothing in it takes that back.
 */
bool prose_is_over(const char *text);

/* "[Watching] Name", "Resolved: Name": the phase at its beginning; NOT_SAID:
 * there is none. */
enum page_phase prose_phase_of_title(const char *title);

/*
 * Reads the HTML of a post into the event: a line that is a time begins an
 * update, "Resolved - text" or "Resolved" tells its phase, "Status: Resolved"
 * that of all. Times without a year are near to near_s; below 0 they are
 * none. Leaves the phase as it
 * is where it tells none.
 */
void prose_read(struct reader *reader, const char *html, size_t len,
	int64_t near_s, struct page_event *event);

#endif
