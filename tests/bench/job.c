/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command that is timed while others run beside it. */
#include "config.h"

#include "tests/bench/job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"

void job_start(struct job *job, char **argv)
{
	sigset_t none;
	int nowhere;

	job->start_us = clock_mono_us();
	job->pid = fork();
	if (job->pid < 0) {
		perror("fork");
		exit(JOB_TROUBLE);
	}
	if (job->pid > 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	nowhere = open("/dev/null", O_RDWR);
	if (nowhere < 0)
		_exit(JOB_TROUBLE);
	for (int fd = 0; fd < 3; fd++)
		dup2(nowhere, fd);
	if (nowhere > 2)
		close(nowhere);
	execvp(argv[0], argv);
	_exit(JOB_TROUBLE);
}

static int64_t timeval_us(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

struct job *job_wait(
	struct job *jobs, size_t n_jobs, int options, struct job_end *end)
{
	struct rusage usage;
	int status;
	pid_t pid = wait4(-1, &status, options, &usage);

	if (pid == 0)
		return NULL;
	for (size_t i = 0; pid > 0 && i < n_jobs; i++) {
		if (jobs[i].pid != pid)
			continue;
		jobs[i].pid = 0;
		end->status = WIFEXITED(status) ? WEXITSTATUS(status)
						: 128 + WTERMSIG(status);
		end->wall_us = clock_mono_us() - jobs[i].start_us;
		end->cpu_us =
			timeval_us(usage.ru_utime) + timeval_us(usage.ru_stime);
		end->resident_kb = usage.ru_maxrss;
		return &jobs[i];
	}
	perror("wait4");
	exit(JOB_TROUBLE);
}
