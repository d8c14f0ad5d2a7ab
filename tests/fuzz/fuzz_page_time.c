/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times in all notations. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/page/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct page_time time)
{
	bool has_moment =
		time.fate == PAGE_TIME_KNOWN || time.fate == PAGE_TIME_ZONELESS;

	if (time.s < 0 || time.s > 253402300799 || (!has_moment && time.s != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct page_zone zone = { .is_known = true, .east_s = -43200 };
	/* Of its own size, so that no byte behind it goes unnoticed. */
	char *text = malloc(size + 1);
	int64_t number = 0;
	struct page_time east;

	if (!text)
		abort();
	memcpy(text, data, size);
	check(page_time_read(text, size, NULL));
	east = page_time_read(text, size, &zone);
	check(east);
	if (east.fate == PAGE_TIME_ZONELESS)
		abort();
	if (size >= sizeof(number))
		memcpy(&number, data, sizeof(number));
	check(page_time_of_number(number));
	check(page_time_read_short(text, size, number));
	check(page_time_read_short(text, size, 1785751200));
	text[size] = '\0';
	check(page_date_read(text));
	free(text);
	return 0;
}
