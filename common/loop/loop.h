/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One poll(2) loop with timers and one deadline. Callbacks may watch,
 * unwatch, set and cancel anything, themselves included.
 */
#ifndef LIFELINE_LOOP_LOOP_H
#define LIFELINE_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

enum loop_events {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
};

/* events: which of those asked for are ready; an error or a hang-up of the
 * descriptor is reported as all of them. */
typedef void (*loop_fd_fn)(int fd, int events, void *arg);
typedef void (*loop_timer_fn)(void *arg);

/* The caller owns the struct, zeroed at first; it must stay where it is
 * while it is set. */
struct loop_timer {
	int64_t at_us;
	loop_timer_fn fn;
	void *arg;
	unsigned slot; /* the loop's own; 0 when not set */
};

/* deadline_us is on the clock of clock_mono_us(). NULL: out of memory. */
struct loop *loop_new(int64_t deadline_us);
void loop_free(struct loop *loop);

/*
 * Watches fd for events (LOOP_READ | LOOP_WRITE), in place of what was
 * watched before; events 0 stops. False: out of memory. fd is borrowed.
 */
bool loop_watch(
	struct loop *loop, int fd, int events, loop_fd_fn fn, void *arg);

/* Sets, or moves, a timer; at_us in the past fires in the next turn. False:
 * out of memory. */
bool loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_us,
	loop_timer_fn fn, void *arg);
/* Fine where it is not set. */
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Makes loop_run() return after the callback in hand. */
void loop_stop(struct loop *loop);

enum loop_end {
	LOOP_STOPPED, /* loop_stop() */
	LOOP_IDLE,    /* nothing is watched and no timer is set */
	LOOP_DEADLINE,
	LOOP_FAILED, /* poll() failed for good */
};

/* Runs until one of the four. May be called again. */
enum loop_end loop_run(struct loop *loop);

/* The time of this turn, read once a turn; current inside callbacks. */
int64_t loop_now_us(const struct loop *loop);

#endif
