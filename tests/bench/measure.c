/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command RUNS times, JOBS at once, with its output thrown away, and
 * prints one line for each run as it ends:
 *
 *	STATUS WALL_US CPU_US RESIDENT_KB
 *
 * where STATUS is the exit code, or 128 and the signal's number. CPU time and
 * resident memory are those of the whole tree of processes. The last line is
 * "total WALL_US". Small on purpose: what starts a command is counted in
 * with its resident memory.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/core/num.h"
#include "tests/bench/job.h"

enum {
	RUNS_MAX = 100000,
	JOBS_MAX = 64,
};

int main(int argc, char **argv)
{
	struct job jobs[JOBS_MAX];
	uint64_t runs, at_once, started = 0;
	int64_t start_us = clock_mono_us();

	if (argc < 4 || num_parse_uint(argv[1], 1, RUNS_MAX, &runs) ||
		num_parse_uint(argv[2], 1, JOBS_MAX, &at_once)) {
		fputs("usage: measure RUNS JOBS COMMAND [ARGUMENT...]\n",
			stderr);
		return JOB_TROUBLE;
	}
	memset(jobs, 0, sizeof(jobs));
	for (; started < runs && started < at_once; started++)
		job_start(&jobs[started], argv + 3);
	for (uint64_t ended = 0; ended < runs; ended++) {
		struct job_end end;
		struct job *freed = job_wait(jobs, JOBS_MAX, 0, &end);

		printf("%d %lld %lld %ld\n", end.status, (long long)end.wall_us,
			(long long)end.cpu_us, end.resident_kb);
		if (started < runs) {
			started++;
			job_start(freed, argv + 3);
		}
	}
	printf("total %lld\n", (long long)(clock_mono_us() - start_us));
	return 0;
}
