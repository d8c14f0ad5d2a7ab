/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/page_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/testing.h"

enum {
	FILE_MAX = 8 * 1024 * 1024,
};

struct page_file page_file_load(const char *path)
{
	struct page_file file = { .data = malloc(FILE_MAX) };
	FILE *stream = fopen(path, "rb");

	if (!stream || !file.data)
		fail_msg("%s can't be read", path);
	file.len = fread(file.data, 1, FILE_MAX, stream);
	fclose(stream);
	return file;
}

const char *page_file_path(struct arena *arena, const char *name)
{
	const char *top = getenv("top_srcdir");

	return arena_printf(arena, "%s/tests/page/%s", top ? top : ".", name);
}

struct page_document *page_file_read_as(
	struct arena *arena, const char *name, enum page_format format)
{
	const struct page_read_options options = { .format = format };
	struct page_file file = page_file_load(page_file_path(arena, name));
	struct page_document *doc =
		page_read(arena, file.data, file.len, &options);

	/* Nothing of the document may hang on its bytes. */
	memset(file.data, 'x', file.len);
	free(file.data);
	return doc;
}

struct page_document *page_file_read(struct arena *arena, const char *name)
{
	return page_file_read_as(arena, name, PAGE_FORMAT_UNKNOWN);
}
