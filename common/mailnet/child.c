/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#ifdef __linux__
#	include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/core/mem.h"

enum {
	OUT = 3,        /* in the child, beside the three that all have */
	FDS_MAX = 4096, /* a run has no more than some tens */
	US = 1000 * 1000,
};

bool child_tell(int out, const void *record, size_t size)
{
	ssize_t n;
	do
		n = write(out, record, size);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size;
}

/* Whoever ends the parent means both, and reads its output until nobody has it
 * open any more. */
static void follow(pid_t parent)
{
#ifdef __linux__
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(1);
}

/* Nothing of the parent's is left open: a lock that it holds would be held by
 * both. Should the parent die, the alarm ends what is left at the latest. */
static _Noreturn void be_child(
	struct child *child, int out, int64_t bound_us, pid_t parent)
{
	int64_t left_s = (bound_us - clock_mono_us()) / US + 2;
	int on = dup2(out, OUT);
	follow(parent);
	for (int fd = OUT + 1; fd < FDS_MAX; fd++)
		close(fd);
	(void)alarm(left_s > 0 ? (unsigned)left_s : 1);
	if (on == OUT)
		child->events->work(OUT, child->arg);
	_exit(on == OUT ? 0 : 1);
}

static enum child_end reap(struct child *child)
{
	int status = 0;
	pid_t pid;
	do
		pid = waitpid(child->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	child->pid = 0;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0
		       ? CHILD_ENDED
		       : CHILD_DIED;
}

static void let_go(struct child *child)
{
	loop_timer_cancel(child->loop, &child->timer);
	(void)loop_watch(child->loop, child->fd, 0, NULL, NULL);
	close(child->fd);
	child->fd = -1;
}

void child_drop(struct child *child)
{
	if (child->loop != NULL)
		loop_timer_cancel(child->loop, &child->timer);
	if (child->pid == 0)
		return;
	let_go(child);
	(void)kill(child->pid, SIGKILL);
	(void)reap(child);
}

static void on_bound(void *arg)
{
	struct child *child = arg;
	bool had_one = child->pid != 0;
	child_drop(child);
	child->events->ended(
		child->arg, had_one ? CHILD_TIMED_OUT : CHILD_NONE);
}

/* False: nothing more is there for now, or for ever. */
static bool take(struct child *child)
{
	size_t size = child->events->record_size;
	ssize_t n =
		read(child->fd, child->record + child->len, size - child->len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		let_go(child);
		child->events->ended(child->arg, reap(child));
		return false;
	}
	child->len += (size_t)n;
	if (child->len == size) {
		child->len = 0;
		child->events->told(child->arg, child->record);
	}
	return child->pid != 0;
}

static void on_readable(int fd, int events, void *arg)
{
	(void)fd;
	(void)events;
	while (take(arg))
		;
}

static void bound(struct child *child, int64_t at_us)
{
	if (!loop_timer_set(child->loop, &child->timer, at_us, on_bound, child))
		mem_exhausted();
}

static bool begin(struct child *child, int64_t bound_us)
{
	int ends[2];
	pid_t parent = getpid(), pid;
	_Static_assert(CHILD_RECORD_MAX <= PIPE_BUF, "records are whole");
	if (pipe(ends) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		be_child(child, ends[1], bound_us, parent);
	close(ends[1]);
	if (pid < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0 ||
		fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		close(ends[0]);
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		return false;
	}
	child->pid = pid;
	child->fd = ends[0];
	return true;
}

void child_start(struct child *child, struct loop *loop,
	const struct child_events *events, void *arg, int64_t bound_us)
{
	child->loop = loop;
	child->events = events;
	child->arg = arg;
	child->len = 0;
	child->pid = 0;
	child->fd = -1;
	if (!begin(child, bound_us)) {
		bound(child, 0);
		return;
	}
	bound(child, bound_us);
	if (!loop_watch(loop, child->fd, LOOP_READ, on_readable, child))
		mem_exhausted();
}
