/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status pages in JSON: by their shape, or as the format that the first byte
 * names. */
#include "config.h"

#include "tests/fuzz/page_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_read_options options = {
		.bare = size % 2 == 1 ? PAGE_FORMAT_AWS : PAGE_FORMAT_CHECKLY
	};

	if (size > 0 && data[0] > 0 && data[0] < PAGE_FORMAT_AZURE) {
		options.format = (enum page_format)data[0];
		data++;
		size--;
	}
	page_check((const char *)data, size, &options);
	return 0;
}
