/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child that runs beside all else: by its arguments, never by a shell, with
 * an environment of its own (PATH and LC_ALL), nothing on its standard input,
 * in a process group that is killed as a whole.
 */
#ifndef LIFELINE_LOOP_COMMAND_H
#define LIFELINE_LOOP_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"
#include "common/loop/loop.h"

enum {
	COMMAND_OUTPUT_MAX = 4096, /* bytes that are kept; the rest is read */
};

struct command;

enum command_end {
	COMMAND_NOT_STARTED, /* see error */
	COMMAND_EXITED,      /* see code */
	COMMAND_KILLED,      /* by a signal of somebody else: code */
	COMMAND_TIMED_OUT,
};

struct command_result {
	enum command_end end;
	int code;           /* of the exit, or the signal */
	int error;          /* errno; NOT_STARTED */
	const char *output; /* what it wrote to standard output, cut */
	int64_t took_us;
};

typedef void (*command_fn)(void *arg, const struct command_result *result);

/*
 * Starts argv[0] (found by PATH where it has no slash), argv ends with NULL.
 * fn is called once, later, from the loop: by deadline_us, on the clock of
 * clock_mono_us(), at the latest. Never NULL; the result is in the arena.
 */
struct command *command_start(struct arena *arena, struct loop *loop,
	const char *const *argv, int64_t deadline_us, command_fn fn, void *arg);

/* Kills it where it still runs, without a call. NULL is fine. */
void command_drop(struct command *child);

#endif
