/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line with a delay: runs a command in a new network namespace that is
 * joined to this one by a pair of tun devices, and hands every packet on
 * after a fixed time, in order, so that servers stand a known round trip
 * away. For kernels without netem; needs the right to make namespaces.
 *
 *	delay_line 10ms COMMAND [ARGUMENT...]
 *
 * Both ends are called "line0". Giving them addresses is left to the command
 * at its end, and to whoever made a persistent line0 at this end.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "common/core/clock.h"
#include "common/core/num.h"

enum {
	PACKET_MAX = 1600, /* a tun device's MTU is 1500 unless changed */
	QUEUE_MAX = 8192,  /* a power of two */
	DELAY_MAX_MS = 10000,
	LINE_NICE = -20,
	EXIT_TROUBLE = 125,
};

struct packet {
	int64_t due_us;
	size_t len;
	unsigned char data[PACKET_MAX];
};

/* One direction: a ring of packets on their way. */
struct way {
	int from_fd, to_fd;
	struct packet *ring; /* QUEUE_MAX of them */
	unsigned head, tail; /* count up; head - tail are waiting */
};

static int complain(const char *what)
{
	fprintf(stderr, "delay_line: %s: %s\n", what, strerror(errno));
	return -1;
}

/* Opens this namespace's end; it belongs to the namespace that it is made
 * in, wherever its descriptor is used from later. */
static int line_open(void)
{
	struct ifreq ifr;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return complain("/dev/net/tun");
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	memcpy(ifr.ifr_name, "line0", sizeof("line0"));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		complain("line0");
		close(fd);
		return -1;
	}
	return fd;
}

static unsigned way_waiting(const struct way *way)
{
	return way->head - way->tail;
}

/* Takes in all that has been sent; what finds the ring full waits in the
 * device's own queue. */
static void way_read(struct way *way, int64_t delay_us)
{
	while (way_waiting(way) < QUEUE_MAX) {
		struct packet *packet = &way->ring[way->head % QUEUE_MAX];
		ssize_t n =
			read(way->from_fd, packet->data, sizeof(packet->data));

		if (n <= 0)
			return;
		packet->len = (size_t)n;
		packet->due_us = clock_mono_us() + delay_us;
		way->head++;
	}
}

/* A device that takes no packet (it is down, say) loses it, as a line does. */
static void way_write(struct way *way, int64_t now_us)
{
	while (way_waiting(way) > 0) {
		const struct packet *packet = &way->ring[way->tail % QUEUE_MAX];
		ssize_t n;

		if (packet->due_us > now_us)
			return;
		n = write(way->to_fd, packet->data, packet->len);
		(void)n;
		way->tail++;
	}
}

/* The time until the next packet is due, or -1 where none is waiting. */
static int64_t ways_next_us(const struct way *ways, int64_t now_us)
{
	int64_t next = -1;

	for (int i = 0; i < 2; i++) {
		int64_t wait;

		if (way_waiting(&ways[i]) == 0)
			continue;
		wait = ways[i].ring[ways[i].tail % QUEUE_MAX].due_us - now_us;
		if (wait < 0)
			wait = 0;
		if (next < 0 || wait < next)
			next = wait;
	}
	return next;
}

/* Sleeps until a packet arrives, one is due, or a signal comes. */
static void ways_wait(const struct way *ways, const sigset_t *mask)
{
	struct pollfd fds[2];
	struct timespec left;
	int64_t next_us = ways_next_us(ways, clock_mono_us());

	for (int i = 0; i < 2; i++) {
		bool has_room = way_waiting(&ways[i]) < QUEUE_MAX;

		fds[i].fd = has_room ? ways[i].from_fd : -1;
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	left.tv_sec = (time_t)(next_us / 1000000);
	left.tv_nsec = (long)(next_us % 1000000) * 1000;
	ppoll(fds, 2, next_us < 0 ? NULL : &left, mask);
}

/* Forwards until the command has ended; returns its wait status. */
static int line_run(
	struct way *ways, int64_t delay_us, pid_t child, const sigset_t *mask)
{
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		ways_wait(ways, mask);
		for (int i = 0; i < 2; i++) {
			way_read(&ways[i], delay_us);
			way_write(&ways[i], clock_mono_us());
		}
	}
	return status;
}

/* Only there so that SIGCHLD interrupts ppoll(). */
static void on_child(int signal_number)
{
	(void)signal_number;
}

static pid_t command_start(char **argv, const sigset_t *mask)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	/* Whoever ends the line ends what runs behind it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	complain(argv[0]);
	_exit(EXIT_TROUBLE);
}

/* Opens both ends; afterwards this process is in the new namespace. */
static int ways_open(struct way *ways)
{
	int here = line_open();
	int there;

	if (here < 0)
		return -1;
	if (unshare(CLONE_NEWNET) < 0)
		return complain("unshare");
	there = line_open();
	if (there < 0)
		return -1;
	ways[0].from_fd = ways[1].to_fd = here;
	ways[1].from_fd = ways[0].to_fd = there;
	for (int i = 0; i < 2; i++) {
		ways[i].ring = calloc(QUEUE_MAX, sizeof(*ways[i].ring));
		if (!ways[i].ring)
			return complain("calloc");
	}
	return 0;
}

/* Runs the command behind the line; returns the exit code. */
static int run_behind(struct way *ways, int64_t delay_us, char **argv)
{
	struct sigaction action = { .sa_handler = on_child };
	sigset_t blocked, before;
	pid_t child;
	int status;

	/* Timers to the nanosecond asked for, not to the usual 50 us. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	child = command_start(argv, &before);
	if (child < 0) {
		complain("fork");
		return EXIT_TROUBLE;
	}
	/* What else the machine does should not lengthen the line; without the
	 * right to it, it may. */
	(void)setpriority(PRIO_PROCESS, 0, LINE_NICE);
	status = line_run(ways, delay_us, child, &before);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	struct way ways[2] = { { .ring = NULL }, { .ring = NULL } };
	int64_t delay_ms;
	int code = EXIT_TROUBLE;

	if (argc < 3 ||
		num_parse_duration(argv[1], 0, DELAY_MAX_MS, &delay_ms)) {
		fputs("usage: delay_line DELAY COMMAND [ARGUMENT...]\n",
			stderr);
		return EXIT_TROUBLE;
	}
	if (ways_open(ways) == 0)
		code = run_behind(ways, delay_ms * 1000, argv + 2);
	free(ways[0].ring);
	free(ways[1].ring);
	return code;
}
