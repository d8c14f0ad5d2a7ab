/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/http_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/loopback.h"
#include "tests/unit/slow_clock.h"

enum {
	HEAD = 8192,
	TLS_HANDSHAKE = 0x16, /* the first byte of what is no request */
	LIFE_S = 300,         /* whatever goes wrong, no server outlives this */
	V6 = 6,
};

static void take_request(int fd, char head[static HEAD])
{
	size_t len = 0;
	head[0] = '\0';
	while (len + 1 < HEAD && head[0] != TLS_HANDSHAKE &&
		strstr(head, "\r\n\r\n") == NULL) {
		ssize_t n = recv(fd, head + len, HEAD - 1 - len, 0);
		if (n <= 0)
			return;
		len += (size_t)n;
		head[len] = '\0';
	}
}

/* Of this process. */
static int own_number;

_Noreturn static void run(const struct http_server *server, int listener)
{
	char head[HEAD];
	own_number = server->number;
	(void)alarm(LIFE_S);
	(void)signal(SIGPIPE, SIG_IGN);
	for (unsigned nth = 0;; nth++) {
		int fd;
		slow_clock_await(own_number, listener);
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		take_request(fd, head);
		server->serve(fd, head, nth);
		close(fd);
		slow_clock_end(own_number);
	}
}

void http_server_start(struct http_server *server)
{
	int listener;
	server->pid = server->held = 0;
	if (server->port == 0)
		server->held = loopback_hold(&server->port);
	if (server->serve == NULL)
		return;
	listener =
		loopback_listen(server->host == V6, server->host, server->port);
	server->number = slow_clock_join(listener);
	server->pid = fork();
	if (server->pid == 0)
		run(server, listener);
}

void http_server_stop(struct http_server *server)
{
	if (server->held > 0)
		(void)close(server->held);
	server->held = 0;
	if (server->pid <= 0)
		return;
	(void)kill(server->pid, SIGKILL);
	(void)waitpid(server->pid, NULL, 0);
	slow_clock_leave(server->number);
	server->pid = 0;
}

void http_send_bytes(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

void http_send(int fd, const char *text)
{
	http_send_bytes(fd, text, strlen(text));
}

void http_reply(
	int fd, const char *status, const char *headers, const char *body)
{
	char head[HEAD];
	(void)snprintf(head, sizeof(head),
		"HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
		strlen(body));
	http_send(fd, head);
	http_send(fd, body);
}

void http_take(int fd)
{
	char head[HEAD];
	take_request(fd, head);
}

void http_wait(int fd)
{
	slow_clock_rest(own_number, fd, -1);
}

void http_wait_ms(int fd, int64_t ms)
{
	slow_clock_rest(own_number, fd, ms);
}

void http_reset(int fd)
{
	const struct linger linger = { .l_onoff = 1 };
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void http_flood(int fd, const void *bytes, size_t len, size_t times)
{
	while (times-- > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		if ((size_t)n < len)
			http_send_bytes(
				fd, (const char *)bytes + n, len - (size_t)n);
	}
}
