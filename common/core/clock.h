/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only reader of the monotonic clock. */
#ifndef LIFELINE_CORE_CLOCK_H
#define LIFELINE_CORE_CLOCK_H

#include <stdint.h>

/* Microseconds since an arbitrary moment; never goes back. */
int64_t clock_mono_us(void);

#endif
