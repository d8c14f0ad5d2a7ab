/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs many commands as a monitor does: one after another is started when its
 * time has come, whether or not those before it have ended.
 *
 *	fleet SECONDS GAP_US JOBS <COMMANDS
 *
 * COMMANDS has one on each line, its words separated by tabs; they are taken
 * in turn, the first again after the last, for so many seconds, one each
 * GAP_US microseconds, and never more than JOBS at once. Where the gap is 0,
 * the next is started whenever fewer than JOBS run. For each run that ends it
 * prints
 *
 *	LINE STATUS LATE_US WALL_US CPU_US RESIDENT_KB
 *
 * where LINE counts from 0, LATE_US is by how much it was started after its
 * time, and the rest is as of measure.c. The last line is "total STARTED_US
 * WALL_US OWN_US MOST": the time until the last start and that until the last
 * end, the processor time that this program took, and how many ran at once.
 */
#include "config.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "common/core/clock.h"
#include "common/core/num.h"
#include "tests/bench/job.h"

enum {
	SECONDS_MAX = 3600,
	GAP_MAX_US = 60000000,
	JOBS_MAX = 4096,
	COMMANDS_MAX = 100000,
	WORDS_MAX = 64,
	US_IN_S = 1000000,
};

struct fleet {
	char ***commands; /* of n_commands, each as of execvp(3) */
	size_t n_commands;
	struct job jobs[JOBS_MAX];
	size_t lines[JOBS_MAX];    /* the command of each */
	int64_t late_us[JOBS_MAX]; /* and by how much it was late */
	size_t at_once, running, most;
	uint64_t started;
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	perror("fleet");
	exit(JOB_TROUBLE);
}

/* The words of a line, which is cut up and stays where it is. */
static char **command_of(char *line)
{
	char **words = must(calloc(WORDS_MAX + 1, sizeof(*words)));

	for (size_t n = 0; line && n < WORDS_MAX; n++) {
		char *tab = strchr(line, '\t');

		words[n] = line;
		if (tab)
			*tab++ = '\0';
		line = tab;
	}
	return words;
}

static void commands_read(struct fleet *fleet)
{
	fleet->commands = must(calloc(COMMANDS_MAX, sizeof(*fleet->commands)));
	while (fleet->n_commands < COMMANDS_MAX) {
		char *line = NULL;
		size_t size = 0;
		ssize_t len = getline(&line, &size, stdin);

		if (len <= 1) {
			free(line);
			return;
		}
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		fleet->commands[fleet->n_commands++] = command_of(line);
	}
}

static void commands_free(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_commands; i++) {
		free(fleet->commands[i][0]); /* the line */
		free(fleet->commands[i]);
	}
	free(fleet->commands);
}

/* Notes all that have ended; may_wait: waits until one has. */
static void fleet_collect(struct fleet *fleet, bool may_wait)
{
	int options = may_wait ? 0 : WNOHANG;

	while (fleet->running > 0) {
		struct job_end end;
		struct job *job =
			job_wait(fleet->jobs, fleet->at_once, options, &end);

		if (!job)
			return;
		fleet->running--;
		options = WNOHANG;
		printf("%zu %d %lld %lld %lld %ld\n",
			fleet->lines[job - fleet->jobs], end.status,
			(long long)fleet->late_us[job - fleet->jobs],
			(long long)end.wall_us, (long long)end.cpu_us,
			end.resident_kb);
	}
}

/* Starts the next one, which was due then. */
static void fleet_start(struct fleet *fleet, int64_t due_us)
{
	size_t line = (size_t)(fleet->started++ % fleet->n_commands);
	size_t place = 0;

	while (fleet->jobs[place].pid)
		place++;
	fleet->lines[place] = line;
	fleet->late_us[place] = clock_mono_us() - due_us;
	job_start(&fleet->jobs[place], fleet->commands[line]);
	if (++fleet->running > fleet->most)
		fleet->most = fleet->running;
}

/* Sleeps until something ends or the time has come. */
static void sleep_until(int64_t due_us)
{
	int64_t left_us = due_us - clock_mono_us();
	struct timespec left;
	sigset_t ends;

	if (left_us <= 0)
		return;
	left.tv_sec = (time_t)(left_us / US_IN_S);
	left.tv_nsec = (long)(left_us % US_IN_S) * 1000;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	(void)sigtimedwait(&ends, NULL, &left);
}

/* Returns the time of the last start. */
static int64_t fleet_run(struct fleet *fleet, int64_t for_us, int64_t gap_us)
{
	int64_t begin_us = clock_mono_us();
	int64_t due_us = begin_us, last_us = begin_us;

	while (due_us - begin_us < for_us) {
		if (due_us > clock_mono_us())
			sleep_until(due_us);
		else if (fleet->running < fleet->at_once) {
			last_us = clock_mono_us();
			fleet_start(fleet, due_us);
			due_us += gap_us;
		}
		fleet_collect(fleet, fleet->running == fleet->at_once);
		if (gap_us == 0)
			due_us = clock_mono_us();
	}
	return last_us - begin_us;
}

/* The processor time of this program alone, in microseconds. */
static int64_t own_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		       US_IN_S +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	struct fleet *fleet = must(calloc(1, sizeof(*fleet)));
	uint64_t seconds, gap_us, at_once;
	sigset_t ends;
	int64_t start_us, begin_us;

	if (argc != 4 || num_parse_uint(argv[1], 1, SECONDS_MAX, &seconds) ||
		num_parse_uint(argv[2], 0, GAP_MAX_US, &gap_us) ||
		num_parse_uint(argv[3], 1, JOBS_MAX, &at_once)) {
		fputs("usage: fleet SECONDS GAP_US JOBS <COMMANDS\n", stderr);
		free(fleet);
		return JOB_TROUBLE;
	}
	commands_read(fleet);
	if (fleet->n_commands == 0) {
		fputs("fleet: no command\n", stderr);
		free(fleet->commands);
		free(fleet);
		return JOB_TROUBLE;
	}
	fleet->at_once = (size_t)at_once;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	begin_us = clock_mono_us();
	start_us =
		fleet_run(fleet, (int64_t)seconds * US_IN_S, (int64_t)gap_us);
	while (fleet->running > 0)
		fleet_collect(fleet, true);
	printf("total %lld %lld %lld %zu\n", (long long)start_us,
		(long long)(clock_mono_us() - begin_us), (long long)own_us(),
		fleet->most);
	commands_free(fleet);
	free(fleet);
	return 0;
}
