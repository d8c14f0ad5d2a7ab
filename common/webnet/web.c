/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/webnet/web.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/core/clock.h"

enum {
	WHY_MAX = 300, /* bytes of what libcurl says */
	US_IN_MS = 1000,
};

struct web {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer timer;
	unsigned depth; /* calls that are under way, and use it afterwards */
	bool is_freed;  /* in one of them */
};

/* -- sockets and time ---------------------------------------------------- */

static void end(struct web *web)
{
	if (web->multi != NULL)
		(void)curl_multi_cleanup(web->multi);
	loop_timer_cancel(web->loop, &web->timer);
	curl_global_cleanup();
	free(web);
}

static void look_for_ends(struct web *web)
{
	CURLMsg *message;
	int left = 0;
	while (!web->is_freed &&
		(message = curl_multi_info_read(web->multi, &left)) != NULL) {
		struct web_request *request = NULL;
		int code = (int)message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
			(char **)&request);
		(void)curl_multi_remove_handle(
			web->multi, message->easy_handle);
		request->fn(request->arg, code);
	}
}

static void act(struct web *web, curl_socket_t fd, int events)
{
	int running = 0;
	web->depth++;
	/* Anything else is of one request, whose end is told. */
	if (curl_multi_socket_action(web->multi, fd, events, &running) ==
		CURLM_OUT_OF_MEMORY)
		mem_exhausted();
	look_for_ends(web);
	web->depth--;
	if (web->is_freed && web->depth == 0)
		end(web);
}

static void on_ready(int fd, int events, void *arg)
{
	int ready = 0;
	if ((events & LOOP_READ) != 0)
		ready |= CURL_CSELECT_IN;
	if ((events & LOOP_WRITE) != 0)
		ready |= CURL_CSELECT_OUT;
	act(arg, fd, ready);
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl calls back for each socket that it gives up, too. */
static int on_socket(
	CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct web *web = arg;
	int events = 0;
	(void)easy;
	(void)unused;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= LOOP_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= LOOP_WRITE;
	if (!loop_watch(web->loop, fd, events, on_ready, web))
		mem_exhausted();
	return 0;
}

static int on_timeout(CURLM *multi, long timeout_ms, void *arg)
{
	struct web *web = arg;
	(void)multi;
	loop_timer_cancel(web->loop, &web->timer);
	if (timeout_ms >= 0 &&
		!loop_timer_set(web->loop, &web->timer,
			clock_mono_us() + timeout_ms * US_IN_MS, on_timer, web))
		mem_exhausted();
	return 0;
}

/* -- the handle ---------------------------------------------------------- */

static bool set_up(struct web *web)
{
	CURLM *multi = web->multi;
	return multi != NULL &&
	       curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) ==
		       CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, web) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout) ==
		       CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_TIMERDATA, web) == CURLM_OK;
}

struct web *web_new(struct loop *loop)
{
	struct web *web = calloc(1, sizeof(*web));
	if (web == NULL)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(web);
		return NULL;
	}
	web->loop = loop;
	web->multi = curl_multi_init();
	if (set_up(web))
		return web;
	end(web);
	return NULL;
}

void web_free(struct web *web)
{
	if (web == NULL)
		return;
	if (web->depth > 0)
		web->is_freed = true;
	else
		end(web);
}

/* libcurl does not tell why there is none. No child is to have it. */
static curl_socket_t open_socket(
	void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct web_request *request = arg;
	int fd = socket(address->family, address->socktype, address->protocol);
	(void)purpose;
	if (fd >= 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		return fd;
	}
	/* A family that this host does not speak is another matter. */
	if (errno != EAFNOSUPPORT)
		request->lacked = errno;
	return CURL_SOCKET_BAD;
}

bool web_start(struct web *web, struct web_request *request)
{
	void *easy = request->easy;
	request->lacked = 0;
	return curl_easy_setopt(easy, CURLOPT_PRIVATE, request) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
		       open_socket) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request) ==
		       CURLE_OK &&
	       curl_multi_add_handle(web->multi, request->easy) == CURLM_OK;
}

void web_drop(struct web *web, struct web_request *request)
{
	(void)curl_multi_remove_handle(web->multi, request->easy);
}

/* -- requests ------------------------------------------------------------ */

bool web_set_alone(void *easy)
{
	return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NETRC,
		       (long)CURL_NETRC_IGNORED) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

const char *web_header(
	struct arena *arena, void *easy, const char *name, size_t max)
{
	struct curl_header *header = NULL;
	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) !=
			CURLHE_OK ||
		*header->value == '\0')
		return NULL;
	return arena_strndup(arena, header->value, strnlen(header->value, max));
}

/* "error:0A00010B:SSL routines::wrong version number": only the end of that
 * tells people something. */
const char *web_error(struct arena *arena, int code, const char *buffer)
{
	const char *text = buffer;
	const char *routine = strstr(text, "SSL routines:");
	if (routine != NULL && strrchr(routine, ':')[1] != '\0')
		text = strrchr(routine, ':') + 1;
	if (*text == '\0')
		text = curl_easy_strerror((CURLcode)code);
	return arena_strndup(arena, text, strnlen(text, WHY_MAX));
}

enum web_refusal web_refusal_of(
	const struct web_request *request, const char **why)
{
	long error = request->lacked;
	*why = NULL;
	if (error == 0 && curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO,
				  &error) != CURLE_OK)
		return WEB_UNREACHABLE;
	switch (error) {
	case ECONNREFUSED:
		return WEB_PORT_CLOSED;
	case ETIMEDOUT:
		return WEB_TIMED_OUT;
	case EMFILE:
	case ENFILE:
		*why = "no descriptor is left";
		return WEB_OUR_FAULT;
	case ENOBUFS:
	case ENOMEM:
		*why = "no memory is left";
		return WEB_OUR_FAULT;
	default:
		return WEB_UNREACHABLE;
	}
}
