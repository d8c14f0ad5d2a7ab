/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must hold of every document that was read. */
#ifndef LIFELINE_TESTS_FUZZ_PAGE_CHECKS_H
#define LIFELINE_TESTS_FUZZ_PAGE_CHECKS_H

#include "common/page/document.h"

/* Reads the data, forced to the format (UNKNOWN: by shape), and ends the
 * program where something does not hold. */
void page_check(
	const char *data, size_t len, const struct page_read_options *options);

#endif
