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

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/core/num.h"

enum {
	RUNS_MAX = 100000,
	JOBS_MAX = 64,
	EXIT_TROUBLE = 125,
};

struct job {
	pid_t pid; /* 0: free */
	int64_t start_us;
};

static void job_start(struct job *job, char **argv)
{
	int nowhere;

	job->start_us = clock_mono_us();
	job->pid = fork();
	if (job->pid < 0) {
		perror("measure: fork");
		exit(EXIT_TROUBLE);
	}
	if (job->pid > 0)
		return;
	nowhere = open("/dev/null", O_RDWR);
	if (nowhere < 0)
		_exit(EXIT_TROUBLE);
	for (int fd = 0; fd < 3; fd++)
		dup2(nowhere, fd);
	if (nowhere > 2)
		close(nowhere);
	execvp(argv[0], argv);
	_exit(EXIT_TROUBLE);
}

static int64_t timeval_us(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* Waits for any job, prints its line and returns its place, now free. */
static struct job *job_wait(struct job *jobs)
{
	struct rusage usage;
	int status;
	pid_t pid = wait4(-1, &status, 0, &usage);
	int64_t now_us = clock_mono_us();

	for (int i = 0; pid > 0 && i < JOBS_MAX; i++) {
		if (jobs[i].pid != pid)
			continue;
		jobs[i].pid = 0;
		printf("%d %lld %lld %ld\n",
			WIFEXITED(status) ? WEXITSTATUS(status)
					  : 128 + WTERMSIG(status),
			(long long)(now_us - jobs[i].start_us),
			(long long)(timeval_us(usage.ru_utime) +
				    timeval_us(usage.ru_stime)),
			usage.ru_maxrss);
		return &jobs[i];
	}
	perror("measure: wait4");
	exit(EXIT_TROUBLE);
}

int main(int argc, char **argv)
{
	struct job jobs[JOBS_MAX];
	uint64_t runs, at_once, started = 0;
	int64_t start_us = clock_mono_us();

	if (argc < 4 || num_parse_uint(argv[1], 1, RUNS_MAX, &runs) ||
		num_parse_uint(argv[2], 1, JOBS_MAX, &at_once)) {
		fputs("usage: measure RUNS JOBS COMMAND [ARGUMENT...]\n",
			stderr);
		return EXIT_TROUBLE;
	}
	memset(jobs, 0, sizeof(jobs));
	for (; started < runs && started < at_once; started++)
		job_start(&jobs[started], argv + 3);
	for (uint64_t ended = 0; ended < runs; ended++) {
		struct job *freed = job_wait(jobs);

		if (started < runs) {
			started++;
			job_start(freed, argv + 3);
		}
	}
	printf("total %lld\n", (long long)(clock_mono_us() - start_us));
	return 0;
}
