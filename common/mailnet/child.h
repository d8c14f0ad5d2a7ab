/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work that would keep the loop, in a child process that tells what it finds
 * through a pipe, as records of one size. It is begun before the process has
 * threads, and ended when the bound has come, whatever it does.
 */
#ifndef LIFELINE_MAILNET_CHILD_H
#define LIFELINE_MAILNET_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/loop/loop.h"

enum { CHILD_RECORD_MAX = 4096 }; /* written whole, as PIPE_BUF has it here */

enum child_end {
	CHILD_ENDED,     /* by itself, well */
	CHILD_DIED,      /* by a signal, or with another code */
	CHILD_TIMED_OUT, /* was ended at the bound */
	CHILD_NONE,      /* could not be begun */
};

/* In the child: what it does, and how it tells a record. Coming back from
 * work, or _exit(0), ends it well. */
typedef void (*child_work_fn)(int out, void *arg);
bool child_tell(int out, const void *record, size_t size);

struct child_events {
	child_work_fn work;
	void (*told)(void *arg, const void *record);
	void (*ended)(void *arg, enum child_end end);
	size_t record_size;
};

/* The caller owns it; all zeroes at first. */
struct child {
	struct loop *loop;
	const struct child_events *events;
	void *arg; /* of all three */
	pid_t pid; /* 0: none */
	int fd;
	struct loop_timer timer;
	size_t len;
	unsigned char record[CHILD_RECORD_MAX];
};

/* ended() is called once, later, from the loop. */
void child_start(struct child *child, struct loop *loop,
	const struct child_events *events, void *arg, int64_t bound_us);
/* Ends it without a call; fine where there is none. */
void child_drop(struct child *child);

#endif
