/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages for people: by Statuspage's markup, and by patterns. Where the first
 * byte is a digit, a pattern is in the first line. */
#include "config.h"

#include <string.h>

#include "tests/fuzz/page_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const bool is_reject[1] = { size % 2 == 1 };
	struct arena *arena = arena_new(1024 * 1024);
	const struct page_pattern *patterns[1];
	struct page_pattern *pattern = NULL;
	struct page_read_options options = { .patterns = patterns,
		.is_reject = is_reject };
	const uint8_t *line = memchr(data, '\n', size < 300 ? size : 300);
	const char *text = "all (systems )?operational";

	if (size > 0 && data[0] >= '0' && data[0] <= '9' && line) {
		text = arena_strndup(arena, (const char *)data + 1,
			(size_t)(line - data) - 1);
		size -= (size_t)(line - data) + 1;
		data = line + 1;
		options.format = PAGE_FORMAT_HTML;
	}
	if (page_pattern_parse(arena, text, &pattern) == NULL) {
		patterns[0] = pattern;
		options.n_patterns = 1;
	}
	page_check((const char *)data, size, &options);
	page_pattern_free(pattern);
	arena_free(arena);
	return 0;
}
