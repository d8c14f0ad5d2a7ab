/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop and the clock without the world: no descriptor is ever ready, and
 * time jumps to the next timer. A run that would take eight seconds takes
 * microseconds and is the same each time.
 */
#include "config.h"

#include <stdlib.h>

#include "common/core/clock.h"
#include "common/loop/loop.h"
#include "tests/unit/virtual_loop.h"

enum {
	TIMERS_MAX = 16384,
};

struct loop {
	int64_t deadline_us;
	struct loop_timer *timers[TIMERS_MAX]; /* by slot - 1 */
	unsigned n_timers;
	bool stops;
};

static int64_t virtual_now_us;

void virtual_time_reset(void)
{
	virtual_now_us = 1000 * 1000;
}

int64_t clock_mono_us(void)
{
	return virtual_now_us;
}

struct loop *loop_new(int64_t deadline_us)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop != NULL)
		loop->deadline_us = deadline_us;
	return loop;
}

void loop_free(struct loop *loop)
{
	free(loop);
}

bool loop_watch(struct loop *loop, int fd, int events, loop_fd_fn fn, void *arg)
{
	(void)loop;
	(void)fd;
	(void)events;
	(void)fn;
	(void)arg;
	return true;
}

bool loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_us,
	loop_timer_fn fn, void *arg)
{
	timer->at_us = at_us;
	timer->fn = fn;
	timer->arg = arg;
	if (timer->slot != 0)
		return true;
	if (loop->n_timers == TIMERS_MAX)
		abort(); /* the bounds of a run are wrong */
	loop->timers[loop->n_timers++] = timer;
	timer->slot = loop->n_timers;
	return true;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	if (timer->slot == 0)
		return;
	struct loop_timer *last = loop->timers[--loop->n_timers];
	loop->timers[timer->slot - 1] = last;
	last->slot = timer->slot;
	timer->slot = 0;
}

void loop_stop(struct loop *loop)
{
	loop->stops = true;
}

static struct loop_timer *earliest(struct loop *loop)
{
	struct loop_timer *first = NULL;
	for (unsigned i = 0; i < loop->n_timers; i++)
		if (first == NULL || loop->timers[i]->at_us < first->at_us)
			first = loop->timers[i];
	return first;
}

enum loop_end loop_run(struct loop *loop)
{
	loop->stops = false;
	while (!loop->stops) {
		struct loop_timer *timer = earliest(loop);
		if (timer == NULL)
			return LOOP_IDLE;
		if (timer->at_us >= loop->deadline_us) {
			virtual_now_us = loop->deadline_us;
			return LOOP_DEADLINE;
		}
		if (timer->at_us > virtual_now_us)
			virtual_now_us = timer->at_us;
		loop_timer_cancel(loop, timer);
		timer->fn(timer->arg);
	}
	return LOOP_STOPPED;
}

int64_t loop_now_us(const struct loop *loop)
{
	(void)loop;
	return virtual_now_us;
}
