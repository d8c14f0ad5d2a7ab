/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libcurl on the loop: one multi handle, which takes its sockets and its clock
 * from there; and what all its requests have in common. A CURL, an easy handle
 * of libcurl, is a void pointer to it.
 */
#ifndef LIFELINE_WEBNET_WEB_H
#define LIFELINE_WEBNET_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/mem.h"
#include "common/loop/loop.h"

struct web;

/* NULL: libcurl does not start. */
struct web *web_new(struct loop *loop);
/* No request may be under way. May be called from a web_fn. NULL is fine. */
void web_free(struct web *web);

/* code: the CURLcode that the request ended with. It is no more under way. */
typedef void (*web_fn)(void *arg, int code);

/* The caller owns it, and keeps it until fn was called or it is dropped. */
struct web_request {
	void *easy;
	web_fn fn;
	void *arg;
	int lacked; /* errno where this host had no socket for it; 0 */
};

/* fn is called later, from the loop. False: libcurl refuses. */
bool web_start(struct web *web, struct web_request *request);
/* Ends one that is under way, without a call. */
void web_drop(struct web *web, struct web_request *request);

/* Whatever the environment of this host holds, or its files: no proxy, no
 * netrc, no signals, no CA certificates but those of SSL_CTX_FUNCTION. */
bool web_set_alone(void *easy);

/* Of the last reply, cut at max; NULL: it has none, or an empty one. */
const char *web_header(
	struct arena *arena, void *easy, const char *name, size_t max);

/* What went wrong, of code and of the buffer for errors, for people. */
const char *web_error(struct arena *arena, int code, const char *buffer);

/* Why a connection could not be made (CURLE_COULDNT_CONNECT). */
enum web_refusal {
	WEB_PORT_CLOSED,
	WEB_TIMED_OUT,
	WEB_UNREACHABLE,
	WEB_OUR_FAULT, /* with why */
};
enum web_refusal web_refusal_of(
	const struct web_request *request, const char **why);

#endif
