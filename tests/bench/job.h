/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command that is timed while others run beside it. */
#ifndef TESTS_BENCH_JOB_H
#define TESTS_BENCH_JOB_H

#include <stdint.h>
#include <sys/types.h>

enum { JOB_TROUBLE = 125 }; /* exit code of what can't do its work */

/* A place for one; all of it zero: free. */
struct job {
	pid_t pid; /* 0: free */
	int64_t start_us;
};

/* What became of one. */
struct job_end {
	int status; /* the exit code, or 128 and the signal's number */
	int64_t wall_us;
	int64_t cpu_us;   /* user and system, of its whole tree of processes */
	long resident_kb; /* at most, of the largest of these */
};

/* Starts a command, argv as of execvp(3), without input or output and with no
 * signal blocked; ends this program where that fails. */
void job_start(struct job *job, char **argv);

/*
 * Which of so many places holds a job that has ended, and how it did; that
 * place is free then. NULL: none has, and options (of wait4(2)) do not say
 * to wait. Ends this program where there is none to wait for.
 */
struct job *job_wait(
	struct job *jobs, size_t n_jobs, int options, struct job_end *end);

#endif
