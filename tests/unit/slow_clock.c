/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Functions of the C library under their own names, so that other libraries
 * have these, too. What processes share is in shared memory.
 */
#include "config.h"

#undef _FORTIFY_SOURCE /* which makes poll() something else */
#define _GNU_SOURCE

#include "tests/unit/slow_clock.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	SLOWNESS = 100,
	SERVERS_MAX = 64,
	SLICE_MS = 1, /* of real time */
	LEAP_US = 20 * 1000,
	HANG_S = 1200, /* of real time: whatever goes wrong, it ends */
	US_IN_MS = 1000,
	NS_IN_US = 1000,
	NS_IN_S = 1000 * 1000 * 1000,
};

enum state { GONE, AWAITS, WORKS, RESTS };

struct shared {
	int64_t begin_ns;         /* real */
	_Atomic int64_t leapt_ns; /* and what is told, each time */
	_Atomic int states[SERVERS_MAX];
	_Atomic int64_t rests_until_us[SERVERS_MAX];
};

static struct shared *shared;
static pid_t owner;
static int listeners[SERVERS_MAX]; /* plus one */
static bool is_test_idle;

static void begin(int64_t now_ns)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("slow_clock");
		abort();
	}
	shared->begin_ns = now_ns;
	owner = getpid();
	(void)alarm(HANG_S);
}

static long real_clock(clockid_t id, struct timespec *now)
{
#ifdef SYS_clock_gettime64
	if (sizeof(time_t) > sizeof(long))
		return syscall(SYS_clock_gettime64, id, now);
#endif
	return syscall(SYS_clock_gettime, id, now);
}

/* No two are the same. */
int clock_gettime(clockid_t id, struct timespec *now)
{
	int64_t ns;
	if (real_clock(id, now) != 0)
		return -1;
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_RAW &&
		id != CLOCK_MONOTONIC_COARSE && id != CLOCK_BOOTTIME)
		return 0;
	ns = (int64_t)now->tv_sec * NS_IN_S + now->tv_nsec;
	if (shared == NULL)
		begin(ns);
	ns = shared->begin_ns + (ns - shared->begin_ns) / SLOWNESS +
	     atomic_fetch_add(&shared->leapt_ns, NS_IN_US);
	now->tv_sec = ns / NS_IN_S;
	now->tv_nsec = ns % NS_IN_S;
	return 0;
}

static int64_t now_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * (NS_IN_S / NS_IN_US) +
	       now.tv_nsec / NS_IN_US;
}

void slow_clock_leap(int64_t us)
{
	(void)now_us();
	(void)atomic_fetch_add(&shared->leapt_ns, us * NS_IN_US);
}

/* -- how it is with the servers ------------------------------------------ */

static int real_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	const struct timespec time = { .tv_sec = timeout_ms / 1000,
		.tv_nsec = (long)(timeout_ms % 1000) * 1000 * 1000 };
	return ppoll(fds, n, timeout_ms < 0 ? NULL : &time, NULL);
}

int slow_clock_join(int listener)
{
	(void)now_us();
	for (int i = 0; i < SERVERS_MAX; i++)
		if (listeners[i] == 0) {
			listeners[i] = listener + 1;
			atomic_store(&shared->states[i], AWAITS);
			return i;
		}
	(void)fputs("slow_clock: too many servers\n", stderr);
	abort();
}

void slow_clock_leave(int number)
{
	atomic_store(&shared->states[number], GONE);
	(void)close(listeners[number] - 1);
	listeners[number] = 0;
}

void slow_clock_await(int number, int listener)
{
	struct pollfd one = { .fd = listener, .events = POLLIN };
	while (real_poll(&one, 1, -1) < 1)
		continue;
	atomic_store(&shared->states[number], WORKS);
}

void slow_clock_end(int number)
{
	atomic_store(&shared->states[number], AWAITS);
}

void slow_clock_retire(int number)
{
	atomic_store(&shared->states[number], GONE);
}

void slow_clock_rest(int number, int fd, int64_t ms)
{
	const int64_t until_us = ms < 0 ? INT64_MAX : now_us() + ms * US_IN_MS;
	struct pollfd one = { .fd = fd, .events = POLLRDHUP };
	atomic_store(&shared->rests_until_us[number], until_us);
	atomic_store(&shared->states[number], RESTS);
	while (now_us() < until_us && real_poll(&one, 1, SLICE_MS) < 1)
		continue;
	atomic_store(&shared->states[number], WORKS);
}

void slow_clock_idle(bool is_idle)
{
	is_test_idle = is_idle;
}

static bool is_awaited(int number)
{
	struct pollfd one = { .fd = listeners[number] - 1, .events = POLLIN };
	return real_poll(&one, 1, 0) > 0;
}

/* For how long nobody has anything to do but to wait; 0: somebody has. */
static int64_t free_us(void)
{
	int64_t left_us = is_test_idle ? LEAP_US : 0;
	int64_t at_us = now_us();
	for (int i = 0; i < SERVERS_MAX; i++) {
		int64_t until_us;
		if (listeners[i] == 0)
			continue;
		switch (atomic_load(&shared->states[i])) {
		case WORKS:
			return 0;
		case AWAITS:
			if (is_awaited(i))
				return 0;
			continue;
		case RESTS:
			until_us = atomic_load(&shared->rests_until_us[i]);
			if (until_us <= at_us)
				return 0;
			if (left_us == 0)
				left_us = LEAP_US;
			if (left_us > until_us - at_us)
				left_us = until_us - at_us;
			continue;
		default:
			continue;
		}
	}
	return left_us;
}

/* Processes that the test begins wait as they did. */
int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int64_t until_us = now_us() + (int64_t)timeout_ms * US_IN_MS;
	if (timeout_ms == 0 || getpid() != owner)
		return real_poll(fds, n, timeout_ms);
	for (;;) {
		int ready = real_poll(fds, n, SLICE_MS);
		int64_t left_us = until_us - now_us();
		int64_t leap_us;
		if (ready != 0 || (timeout_ms > 0 && left_us <= 0))
			return ready;
		leap_us = free_us();
		if (timeout_ms > 0 && leap_us > left_us)
			leap_us = left_us;
		if (leap_us > 0)
			slow_clock_leap(leap_us);
	}
}
