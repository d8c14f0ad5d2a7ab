/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The monotonic clock of a test and of its servers, and poll(), which waits by
 * it: what is linked with this has no other. By itself time hardly passes, so
 * that no bound is reached while somebody works, however slow the machine is.
 * It passes in small leaps while the test waits for what comes from its servers
 * and all that these do is to wait for time, or for the test to give up.
 */
#ifndef LIFELINE_TESTS_UNIT_SLOW_CLOCK_H
#define LIFELINE_TESTS_UNIT_SLOW_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Of a server, before its process is begun: its number, by which that tells how
 * it is with it. What it listens at is looked at, for those who wait to be taken
 * up, and closed by slow_clock_leave().
 */
int slow_clock_join(int listener);
void slow_clock_leave(int number);

/* In the process of a server: waits for a connection. Whoever comes is worked
 * for until the end is told. */
void slow_clock_await(int number, int listener);
void slow_clock_end(int number);
/* Nobody will come any more. */
void slow_clock_retire(int number);
/* The same waits for so many milliseconds, or until the other side of the
 * connection has closed it; below 0: for that alone. */
void slow_clock_rest(int number, int fd, int64_t ms);

/* In the test: whether something waits for time that has no number. */
void slow_clock_idle(bool is_idle);
/* So much passes at once. */
void slow_clock_leap(int64_t us);

#endif
