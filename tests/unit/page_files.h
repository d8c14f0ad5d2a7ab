/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Documents of tests/page, for unit tests. */
#ifndef LIFELINE_TESTS_UNIT_PAGE_FILES_H
#define LIFELINE_TESTS_UNIT_PAGE_FILES_H

#include "common/page/document.h"

struct page_file {
	char *data; /* to be given back with free() */
	size_t len;
};

/* A file by its whole path; it must be there. */
struct page_file page_file_load(const char *path);
/* "tests/page/NAME" in the source, in the arena. */
const char *page_file_path(struct arena *arena, const char *name);

/* A document of tests/page, by its shape. */
struct page_document *page_file_read(struct arena *arena, const char *name);
/* The same, forced to a format. */
struct page_document *page_file_read_as(
	struct arena *arena, const char *name, enum page_format format);

#endif
