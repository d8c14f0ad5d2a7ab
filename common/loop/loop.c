/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The watched descriptors stand close together, as poll() wants them, and a
 * table by descriptor says where. Timers stand in a binary heap.
 */
#include "config.h"

#include "common/loop/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/core/clock.h"

struct watch {
	loop_fd_fn fn;
	void *arg;
};

struct loop {
	int64_t deadline_us;
	int64_t now_us;
	bool is_stopped;

	struct pollfd *polls;
	struct watch *watches; /* parallel to polls */
	size_t n_polls, cap_polls;
	size_t *places; /* by descriptor: index in polls plus one, or 0 */
	size_t n_places;

	struct loop_timer **timers;
	size_t n_timers, cap_timers;
};

struct loop *loop_new(int64_t deadline_us)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	loop->deadline_us = deadline_us;
	loop->now_us = clock_mono_us();
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	free(loop->polls);
	free(loop->watches);
	free(loop->places);
	free(loop->timers);
	free(loop);
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->now_us;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

static size_t next_cap(size_t cap, size_t need)
{
	while (cap < need)
		cap = cap == 0 ? 16 : cap * 2;
	return cap;
}

static bool reserve_place(struct loop *loop, size_t fd)
{
	size_t cap = next_cap(loop->n_places, fd + 1);
	size_t *places;

	if (cap == loop->n_places)
		return true;
	places = realloc(loop->places, cap * sizeof(*places));
	if (places == NULL)
		return false;
	for (size_t i = loop->n_places; i < cap; i++)
		places[i] = 0;
	loop->places = places;
	loop->n_places = cap;
	return true;
}

static bool reserve_poll(struct loop *loop)
{
	size_t cap = next_cap(loop->cap_polls, loop->n_polls + 1);
	struct pollfd *polls;
	struct watch *watches;

	if (cap == loop->cap_polls)
		return true;
	polls = realloc(loop->polls, cap * sizeof(*polls));
	if (polls == NULL)
		return false;
	loop->polls = polls;
	watches = realloc(loop->watches, cap * sizeof(*watches));
	if (watches == NULL)
		return false;
	loop->watches = watches;
	loop->cap_polls = cap;
	return true;
}

/* The last takes the place of the one that goes; see dispatch_fds(). */
static void unwatch(struct loop *loop, size_t fd)
{
	size_t last = loop->n_polls - 1;
	size_t i;

	if (fd >= loop->n_places || loop->places[fd] == 0)
		return;
	i = loop->places[fd] - 1;
	loop->places[fd] = 0;
	if (i != last) {
		loop->polls[i] = loop->polls[last];
		loop->watches[i] = loop->watches[last];
		loop->places[(size_t)loop->polls[i].fd] = i + 1;
	}
	loop->n_polls--;
}

bool loop_watch(struct loop *loop, int fd, int events, loop_fd_fn fn, void *arg)
{
	size_t place = (size_t)fd;
	short asked = 0;
	size_t i;

	if (fd < 0)
		return false;
	if (events == 0) {
		unwatch(loop, place);
		return true;
	}
	if (!reserve_place(loop, place) || !reserve_poll(loop))
		return false;
	if (loop->places[place] == 0)
		loop->places[place] = ++loop->n_polls;
	if ((events & LOOP_READ) != 0)
		asked = POLLIN;
	if ((events & LOOP_WRITE) != 0)
		asked = (short)(asked | POLLOUT);
	i = loop->places[place] - 1;
	/* What was ready before belongs to the watch before: the number may
	 * stand for another socket by now. */
	loop->polls[i] = (struct pollfd){ .fd = fd, .events = asked };
	loop->watches[i] = (struct watch){ .fn = fn, .arg = arg };
	return true;
}

static void heap_put(struct loop *loop, size_t i, struct loop_timer *timer)
{
	loop->timers[i] = timer;
	timer->slot = (unsigned)i + 1;
}

/* Finds the place of timer, starting from the free place i. */
static void heap_settle(struct loop *loop, size_t i, struct loop_timer *timer)
{
	size_t child;

	while (i > 0 && loop->timers[(i - 1) / 2]->at_us > timer->at_us) {
		heap_put(loop, i, loop->timers[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (; (child = 2 * i + 1) < loop->n_timers; i = child) {
		if (child + 1 < loop->n_timers &&
			loop->timers[child + 1]->at_us <
				loop->timers[child]->at_us)
			child++;
		if (loop->timers[child]->at_us >= timer->at_us)
			break;
		heap_put(loop, i, loop->timers[child]);
	}
	heap_put(loop, i, timer);
}

bool loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_us,
	loop_timer_fn fn, void *arg)
{
	size_t cap = next_cap(loop->cap_timers, loop->n_timers + 1);
	struct loop_timer **timers;

	loop_timer_cancel(loop, timer);
	if (cap != loop->cap_timers) {
		timers = realloc(loop->timers, cap * sizeof(*timers));
		if (timers == NULL)
			return false;
		loop->timers = timers;
		loop->cap_timers = cap;
	}
	/* Never before this turn's time: dispatch_timers() relies on it. */
	timer->at_us = at_us > loop->now_us ? at_us : loop->now_us;
	timer->fn = fn;
	timer->arg = arg;
	loop->n_timers++;
	heap_settle(loop, loop->n_timers - 1, timer);
	return true;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	size_t i = timer->slot;
	struct loop_timer *last;

	if (i == 0)
		return;
	i--;
	timer->slot = 0;
	last = loop->timers[--loop->n_timers];
	if (last != timer)
		heap_settle(loop, i, last);
}

/* Milliseconds until the first timer or the deadline, rounded up so that the
 * last millisecond is not spent in a busy loop. */
static int poll_timeout(const struct loop *loop)
{
	int64_t until = loop->deadline_us;
	int64_t wait_us;

	if (loop->n_timers > 0 && loop->timers[0]->at_us < until)
		until = loop->timers[0]->at_us;
	wait_us = until - loop->now_us;
	if (wait_us <= 0)
		return 0;
	if (wait_us / 1000 >= INT_MAX)
		return INT_MAX;
	return (int)((wait_us + 999) / 1000);
}

/* Callbacks may take their time: a hundred handshakes may be ready at once. */
static bool may_go_on(const struct loop *loop)
{
	return !loop->is_stopped && clock_mono_us() < loop->deadline_us;
}

/*
 * From the last to the first: unwatch() fills a gap with the last, which has
 * had its turn, and what a callback adds comes behind.
 */
static void dispatch_fds(struct loop *loop)
{
	for (size_t i = loop->n_polls; i-- > 0 && may_go_on(loop);) {
		struct pollfd *poll = &loop->polls[i];
		struct watch watch;
		int events = 0;
		int ready;

		/* Callbacks may have shortened the list. */
		if (i >= loop->n_polls || poll->revents == 0)
			continue;
		ready = poll->revents;
		if ((ready & (POLLERR | POLLHUP | POLLNVAL)) != 0)
			ready = poll->events;
		if ((ready & poll->events & POLLIN) != 0)
			events |= LOOP_READ;
		if ((ready & poll->events & POLLOUT) != 0)
			events |= LOOP_WRITE;
		poll->revents = 0;
		watch = loop->watches[i];
		watch.fn(poll->fd, events, watch.arg);
	}
}

/*
 * A timer that a callback sets is at this turn's time at the earliest, so
 * "before" keeps it for the next turn: a callback that sets its own timer in
 * the past again and again can't lock up the loop.
 */
static void dispatch_timers(struct loop *loop)
{
	while (!loop->is_stopped && loop->n_timers > 0) {
		struct loop_timer *timer = loop->timers[0];

		if (timer->at_us >= loop->now_us)
			return;
		loop_timer_cancel(loop, timer);
		timer->fn(timer->arg);
	}
}

enum loop_end loop_run(struct loop *loop)
{
	loop->is_stopped = false;
	while (loop->n_polls > 0 || loop->n_timers > 0) {
		int ready;

		loop->now_us = clock_mono_us();
		ready = poll(
			loop->polls, (nfds_t)loop->n_polls, poll_timeout(loop));
		if (ready < 0 && errno != EINTR)
			return LOOP_FAILED;
		loop->now_us = clock_mono_us();
		if (ready > 0)
			dispatch_fds(loop);
		dispatch_timers(loop);
		if (loop->is_stopped)
			return LOOP_STOPPED;
		if (loop->now_us >= loop->deadline_us)
			return LOOP_DEADLINE;
	}
	return LOOP_IDLE;
}
