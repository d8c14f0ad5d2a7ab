/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for common/loop and the clock; see virtual_loop.c. */
#ifndef LIFELINE_TESTS_UNIT_VIRTUAL_LOOP_H
#define LIFELINE_TESTS_UNIT_VIRTUAL_LOOP_H

/* Before each run: time begins at one second. */
void virtual_time_reset(void);

#endif
