/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	HEAD = 8192,
	LIFE_S = 30, /* whatever goes wrong, no server outlives this */
	BACKLOG = 16,
	V6 = 6,
};

_Noreturn static void give_up(void)
{
	perror("http_server");
	abort();
}

/*
 * A port that nobody has, at whichever address, and that no other program is
 * given from now on: so those that come later have it at other addresses, and
 * where nobody listens, nobody will. IPv4 goes with IPv6, where there is that.
 */
static void hold_port(struct http_server *server)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr *addr = (struct sockaddr *)&v6;
	socklen_t len = sizeof(v6);
	int one = 1, fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, addr, len) != 0) {
		if (fd >= 0)
			(void)close(fd);
		addr = (struct sockaddr *)&v4;
		len = sizeof(v4);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || bind(fd, addr, len) != 0)
			give_up();
	}
	/* Now ours may have it as well, each at its address. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		getsockname(fd, addr, &len) != 0)
		give_up();
	server->held = fd;
	server->port =
		ntohs(addr->sa_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

static int listen_at(const struct http_server *server)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(server->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = htons(server->port) };
	struct sockaddr *addr = (struct sockaddr *)&v4;
	socklen_t len = sizeof(v4);
	int one = 1, fd;
	if (server->host == V6) {
		addr = (struct sockaddr *)&v6;
		len = sizeof(v6);
	} else if (server->host > 1) {
		v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1U + server->host);
	}
	fd = socket(addr->sa_family, SOCK_STREAM, 0);
	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) !=
			0 ||
		bind(fd, addr, len) != 0 || listen(fd, BACKLOG) != 0)
		give_up();
	return fd;
}

static void take_request(int fd, char head[static HEAD])
{
	size_t len = 0;
	head[0] = '\0';
	while (len + 1 < HEAD && strstr(head, "\r\n\r\n") == NULL) {
		ssize_t n = recv(fd, head + len, HEAD - 1 - len, 0);
		if (n <= 0)
			return;
		len += (size_t)n;
		head[len] = '\0';
	}
}

_Noreturn static void run(const struct http_server *server, int listener)
{
	char head[HEAD];
	(void)alarm(LIFE_S);
	(void)signal(SIGPIPE, SIG_IGN);
	for (unsigned nth = 0;; nth++) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		take_request(fd, head);
		server->serve(fd, head, nth);
		close(fd);
	}
}

void http_server_start(struct http_server *server)
{
	int listener;
	server->pid = server->held = 0;
	if (server->port == 0)
		hold_port(server);
	if (server->serve == NULL)
		return;
	listener = listen_at(server);
	server->pid = fork();
	if (server->pid == 0)
		run(server, listener);
	close(listener);
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

void http_wait(int fd)
{
	char bytes[64];
	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		continue;
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
