/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a command and kills it when it is about to do its Nth call of the
 * system; between two of them nothing that others could see is done.
 *
 *   run_killed N COMMAND [ARGUMENT...]
 *
 * Ends with 9 where it was killed, with 0 where it ended before, and with 1
 * where it can't be watched.
 */
#include "config.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/num.h"

enum {
	KILLED = 9,
	CALLS_MAX = 1000000,
};

/* What a stop hands on to the process. */
static int signal_of(int status)
{
	int signal = WSTOPSIG(status);

	return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

/* Each call stops it twice: in front of it, and behind. */
static int watch(pid_t pid, uint64_t calls)
{
	uint64_t stops = 0;
	int status = 0;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		bool is_call = WSTOPSIG(status) == SIGTRAP;

		if (is_call && stops++ / 2 >= calls) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return KILLED;
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL,
			    (void *)(intptr_t)signal_of(status)) != 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t calls = 0;
	pid_t pid;

	if (argc < 3 || num_parse_uint(argv[1], 0, CALLS_MAX, &calls) != NUM_OK)
		return 1;
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			(void)execv(argv[2], argv + 2);
		_exit(1);
	}
	return watch(pid, calls);
}
