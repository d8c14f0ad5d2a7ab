/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Servers of HTTP on the loopback, each in a child process, that answer as a
 * function of the test says: well, badly, or never.
 */
#ifndef LIFELINE_TESTS_UNIT_HTTP_SERVER_H
#define LIFELINE_TESTS_UNIT_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Runs in the child, once a connection; request is its head as it came, or as
 * much of it as came. The connection is closed behind it. nth: from 0. */
typedef void (*http_serve_fn)(int fd, const char *request, unsigned nth);

struct http_server {
	pid_t pid;
	uint8_t host;  /* at 127.0.0.HOST; 0: 1; 6: ::1 */
	uint16_t port; /* of another one, or 0 */
	http_serve_fn serve;
	int held;   /* holds the port; 0: another one does */
	int number; /* of slow_clock.h */
};

/* With serve NULL nobody listens at its port. */
void http_server_start(struct http_server *server);
void http_server_stop(struct http_server *server);

/* For those functions. */
void http_send(int fd, const char *text);
void http_send_bytes(int fd, const void *bytes, size_t len);
/* A whole reply with that status line, header lines and body. */
void http_reply(
	int fd, const char *status, const char *headers, const char *body);
/* The next request on the same connection: to close it with that unread would
 * be a reset, which the other side may hear of before the reply. */
void http_take(int fd);
/* Until the other side closes; and until that, or so long by slow_clock.h. */
void http_wait(int fd);
void http_wait_ms(int fd, int64_t ms);
/* Closes so that the other side gets a reset. */
void http_reset(int fd);
/* The same over and over, until the other side closes. */
void http_flood(int fd, const void *bytes, size_t len, size_t times);

#endif
