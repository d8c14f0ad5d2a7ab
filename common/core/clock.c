/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/core/clock.h"

#include <time.h>

int64_t clock_mono_us(void)
{
	struct timespec now = { 0, 0 };

	/* Can't fail with this clock and a valid pointer. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
