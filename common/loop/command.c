/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The end of a child's output mostly is its own end; but it may close that
 * before, or leave it to a child of its own. So it is looked after by a timer
 * as well.
 */
#include "config.h"

#include "common/loop/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"

enum {
	LOOK_US = 20 * 1000, /* how often it is looked after */
	SOON_US = 1000,      /* the same, behind the end of its output ... */
	SOON_TIMES = 10,     /* ... so often */
	READS = 16,          /* at once */
};

struct command {
	struct arena *arena;
	struct loop *loop;
	int64_t begin_us, deadline_us;
	command_fn fn;
	void *arg;
	pid_t pid; /* 0: none is running */
	int fd;    /* -1: closed */
	unsigned n_soon;
	struct loop_timer timer;
	struct command_result result;
	char output[COMMAND_OUTPUT_MAX + 1];
	size_t n_output;
};

/* -- its end -------------------------------------------------------------- */

static void close_output(struct command *child)
{
	if (child->fd < 0)
		return;
	(void)loop_watch(child->loop, child->fd, 0, NULL, NULL);
	(void)close(child->fd);
	child->fd = -1;
}

static void settle(struct command *child)
{
	loop_timer_cancel(child->loop, &child->timer);
	close_output(child);
	child->result.output = child->output;
	child->result.took_us = clock_mono_us() - child->begin_us;
	child->fn(child->arg, &child->result);
}

static void take_status(struct command *child, int status)
{
	if (WIFEXITED(status)) {
		child->result.end = COMMAND_EXITED;
		child->result.code = WEXITSTATUS(status);
	} else {
		child->result.end = COMMAND_KILLED;
		child->result.code = WTERMSIG(status);
	}
}

/* With all that it started; returns how it ended. Nobody else can have its
 * number before it was waited for. */
static int kill_all(struct command *child)
{
	int status = 0;

	if (child->pid <= 0)
		return status;
	(void)kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	child->pid = 0;
	return status;
}

/* It is left to be waited for. */
static bool has_ended(const struct command *child)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)child->pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == child->pid;
}

static void read_output(struct command *child)
{
	char rest[1024] = { 0 };
	unsigned i;

	for (i = 0; i < READS; i++) {
		size_t room = COMMAND_OUTPUT_MAX - child->n_output;
		char *to = room > 0 ? child->output + child->n_output : rest;
		ssize_t n = read(child->fd, to, room > 0 ? room : sizeof(rest));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			close_output(child);
			return;
		}
		if (room > 0)
			child->n_output += (size_t)n;
	}
}

static void look(void *arg);

static void look_again(struct command *child)
{
	bool is_soon = child->fd < 0 && child->n_soon++ < SOON_TIMES;
	int64_t at_us = clock_mono_us() + (is_soon ? SOON_US : LOOK_US);

	if (at_us > child->deadline_us)
		at_us = child->deadline_us;
	if (!loop_timer_set(child->loop, &child->timer, at_us, look, child))
		mem_exhausted();
}

static void look(void *arg)
{
	struct command *child = arg;

	if (child->pid > 0 && has_ended(child)) {
		/* What it wrote last may still be in the pipe. */
		if (child->fd >= 0)
			read_output(child);
		take_status(child, kill_all(child));
		settle(child);
	} else if (child->pid > 0 && clock_mono_us() < child->deadline_us) {
		look_again(child);
	} else {
		if (child->pid > 0)
			child->result.end = COMMAND_TIMED_OUT;
		(void)kill_all(child);
		settle(child);
	}
}

static void on_output(int fd, int events, void *arg)
{
	struct command *child = arg;

	(void)fd;
	(void)events;
	read_output(child);
	if (child->fd < 0)
		look(child);
}

/* -- its beginning -------------------------------------------------------- */

/* Its own group; signals as a program expects them. */
static int spawn_with(struct command *child, const char *const *argv,
	posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
		      "/usr/bin:/sbin:/bin";
	char locale[] = "LC_ALL=C";
	char *const environment[] = { path, locale, NULL };
	union {
		const char *const *in;
		char *const *out;
	} cast = { .in = argv };
	sigset_t defaults;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	(void)posix_spawnattr_setsigdefault(attributes, &defaults);
	(void)posix_spawnattr_setpgroup(attributes, 0);
	(void)posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	return posix_spawnp(&child->pid, argv[0], actions, attributes, cast.out,
		environment);
}

static int spawn(struct command *child, const char *const *argv, int output)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	error = posix_spawn_file_actions_addopen(
		&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(
			&actions, output, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(
			&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (error == 0)
		error = spawn_with(child, argv, &actions, &attributes);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

static bool make_pipe(int ends[2])
{
	int i;

	if (pipe(ends) != 0)
		return false;
	for (i = 0; i < 2; i++)
		(void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return true;
}

static int start(struct command *child, const char *const *argv)
{
	int ends[2];
	int error;

	if (!make_pipe(ends))
		return errno;
	error = spawn(child, argv, ends[1]);
	(void)close(ends[1]);
	child->fd = ends[0];
	if (error != 0)
		child->pid = 0;
	else if (!loop_watch(
			 child->loop, child->fd, LOOP_READ, on_output, child))
		mem_exhausted();
	return error;
}

struct command *command_start(struct arena *arena, struct loop *loop,
	const char *const *argv, int64_t deadline_us, command_fn fn, void *arg)
{
	struct command *child = arena_alloc(arena, sizeof(*child));

	child->arena = arena;
	child->loop = loop;
	child->begin_us = clock_mono_us();
	child->deadline_us = deadline_us;
	child->fn = fn;
	child->arg = arg;
	child->fd = -1;
	child->result.error = start(child, argv);
	look_again(child);
	return child;
}

void command_drop(struct command *child)
{
	if (!child)
		return;
	loop_timer_cancel(child->loop, &child->timer);
	close_output(child);
	(void)kill_all(child);
}
