/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One exchange: one connection, one request, one reply, and no redirect. A
 * made-up name stands for the addresses of each, so that one request's are
 * never another's, whatever libcurl remembers of names.
 */
#include "config.h"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/pagenet/headers.h"
#include "common/pagenet/request.h"

enum {
	US_IN_MS = 1000,
	RESOLVE_MAX = 100 * PAGE_FETCH_ADDRESSES_MAX,
	STATUS_FINAL = 200, /* below that, another one follows */
	STATUS_GOOD_END = 300,
};

#define USER_AGENT "check_status_page/" PACKAGE_VERSION

/* -- what libcurl asks --------------------------------------------------- */

static long status_of(const struct request *request)
{
	long status = 0;
	(void)curl_easy_getinfo(
		request->web.easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Only the documents of good replies are looked at. */
static bool wants_body(const struct request *request)
{
	long status = status_of(request);
	return request->ask.wants_body && status >= STATUS_FINAL &&
	       status < STATUS_GOOD_END;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct request *request = arg;
	size_t len = size * n;
	request->head_len += len;
	request->n_headers++;
	request->head_is_too_large = request->head_len > PAGE_HEAD_MAX ||
				     request->n_headers > PAGE_HEADERS_MAX;
	if (request->head_is_too_large)
		return 0;
	/* An empty line ends it. */
	if ((bytes[0] == '\r' || bytes[0] == '\n') &&
		status_of(request) >= STATUS_FINAL) {
		request->head_is_whole = true;
		request->head_is_done = !wants_body(request);
	}
	return request->head_is_done ? 0 : len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct request *request = arg;
	struct page_net *net = request->net;
	size_t len = size * n;
	if (request->size + len > net->options.max_size) {
		request->is_too_large = true;
		return 0;
	}
	if (!bodies_add(net->bodies, &request->place, bytes, len)) {
		request->is_too_much = true;
		return 0;
	}
	request->size += len;
	return len;
}

/* What is packed so that nothing comes of it is bounded as well. */
static int on_progress(void *arg, curl_off_t all, curl_off_t now,
	curl_off_t up_all, curl_off_t up_now)
{
	struct request *request = arg;
	(void)all;
	(void)up_all;
	(void)up_now;
	if (now < 0 || (uint64_t)now <= request->net->options.max_size)
		return 0;
	request->is_too_large = true;
	return 1;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct request *request = arg;
	(void)easy;
	return peer_watch(&request->peer, ctx) ? CURLE_OK
					       : CURLE_ABORTED_BY_CALLBACK;
}

/* -- options ------------------------------------------------------------- */

static bool set_callbacks(struct request *request)
{
	CURL *easy = request->web.easy;
	return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, request) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERDATA, request) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_XFERINFODATA, request) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, request) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error) ==
		       CURLE_OK;
}

/* HTTP/1.1 is spoken by all; a second protocol takes time to start and tells
 * nothing more. A certificate is shown only where no session is taken up
 * again. Whether the name is right is seen to by ours. */
static bool set_protocol(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		       (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSLVERSION,
		       (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING,
		       "gzip, deflate") == CURLE_OK;
}

static bool set_proxy(CURL *easy, const char *proxy)
{
	return proxy == NULL ||
	       (curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK &&
		       curl_easy_setopt(easy, CURLOPT_NOPROXY, "") ==
			       CURLE_OK &&
		       curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS,
			       1L) == CURLE_OK);
}

/* Connecting and TLS may take half of the time: behind that, a server that is
 * slow is told from one that is silent. */
static bool set_bounds(const struct request *request)
{
	const struct page_net_options *options = &request->net->options;
	CURL *easy = request->web.easy;
	int64_t left_us = request_left_us(request);
	int64_t connect_us = request->ask.bound_us / 2;
	if (connect_us > left_us)
		connect_us = left_us;
	if (connect_us < US_IN_MS)
		connect_us = US_IN_MS;
	return curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
		       (long)(left_us / US_IN_MS)) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		       (long)(connect_us / US_IN_MS)) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
		       (curl_off_t)options->max_size) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT,
		       options->user_agent != NULL ? options->user_agent
						   : USER_AGENT) == CURLE_OK;
}

/* -- where to ------------------------------------------------------------ */

static struct curl_slist *list_of(const char *line)
{
	struct curl_slist *list = curl_slist_append(NULL, line);
	if (list == NULL)
		mem_exhausted();
	return list;
}

/* "request-7.invalid:443:192.0.2.1,[2001:db8::1]" (RFC 6761 section 6.4) */
static void add_addresses(
	struct request *request, const struct dns_addr *addrs, size_t n)
{
	struct arena *arena = request->net->arena;
	struct text line;
	if (n > PAGE_FETCH_ADDRESSES_MAX)
		n = PAGE_FETCH_ADDRESSES_MAX;
	text_init(&line, RESOLVE_MAX);
	text_printf(&line, "request-%u-%u.invalid:%u:", request->number,
		request->n_redirects, request_url(request)->port);
	for (size_t i = 0; i < n; i++)
		text_printf(&line, addrs[i].family == 6 ? "%s[%s]" : "%s%s",
			i > 0 ? "," : "", dns_addr_string(arena, &addrs[i]));
	request->resolve = list_of(line.data);
	text_clear(&line);
	text_printf(&line, "::request-%u-%u.invalid:%u", request->number,
		request->n_redirects, request_url(request)->port);
	request->connect_to = list_of(line.data);
	text_release(&line);
}

/* One address alone needs no name. */
static void add_address(struct request *request, const struct dns_addr *addr)
{
	struct arena *arena = request->net->arena;
	request->connect_to = list_of(arena_printf(arena,
		addr->family == 6 ? "::[%s]:%u" : "::%s:%u",
		dns_addr_string(arena, addr), request_url(request)->port));
}

static bool set_target(
	struct request *request, const struct dns_addr *addrs, size_t n)
{
	CURL *easy = request->web.easy;
	const char *url = request_url(request)->text;
	if (n == 1)
		add_address(request, addrs);
	else
		add_addresses(request, addrs, n);
	return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_RESOLVE, request->resolve) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECT_TO,
		       request->connect_to) == CURLE_OK;
}

static void add_header(
	struct request *request, const char *name, const char *value)
{
	const char *line;
	struct curl_slist *list;
	if (value == NULL || !page_validator_is_fine(value))
		return;
	line = arena_printf(request->net->arena, "%s: %s", name, value);
	list = curl_slist_append(request->headers, line);
	if (list == NULL)
		mem_exhausted();
	request->headers = list;
}

/* They are of the URL that was asked for. The date is the weaker one: where
 * there is a tag, it is not looked at (RFC 9110 section 13.1.3). */
static bool set_headers(struct request *request)
{
	const struct page_ask *ask = &request->ask;
	if (request->n_redirects == 0) {
		add_header(request, "If-None-Match", ask->etag);
		if (request->headers == NULL)
			add_header(request, "If-Modified-Since",
				ask->last_modified);
	}
	request->is_conditional = request->headers != NULL;
	return curl_easy_setopt(request->web.easy, CURLOPT_HTTPHEADER,
		       request->headers) == CURLE_OK;
}

/* -- start and end ------------------------------------------------------- */

static void reset(struct request *request)
{
	request->peer = (struct peer){ .arena = request->net->arena,
		.tls = request->net->options.tls,
		.url = *request_url(request),
		.takes_untrusted = request->ask.takes_untrusted };
	request->hop_us = clock_mono_us();
	request->head_len = request->n_headers = 0;
	request->head_is_whole = request->head_is_done = false;
	request->head_is_too_large = false;
	request->is_too_large = request->is_too_much = false;
	request->size = 0;
	request->error[0] = '\0';
}

bool hop_start(struct request *request, const struct dns_addr *addrs, size_t n,
	web_fn done)
{
	reset(request);
	request->web = (struct web_request){
		.easy = curl_easy_init(), .fn = done, .arg = request
	};
	request->is_added =
		request->web.easy != NULL && set_callbacks(request) &&
		web_set_alone(request->web.easy) &&
		set_protocol(request->web.easy) &&
		set_proxy(request->web.easy, request->net->options.proxy) &&
		set_bounds(request) && set_target(request, addrs, n) &&
		set_headers(request) &&
		web_start(request->net->web, &request->web);
	return request->is_added;
}

void hop_end(struct request *request)
{
	if (request->is_added)
		web_drop(request->net->web, &request->web);
	if (request->web.easy != NULL)
		curl_easy_cleanup(request->web.easy);
	curl_slist_free_all(request->resolve);
	curl_slist_free_all(request->connect_to);
	curl_slist_free_all(request->headers);
	bodies_leave(request->net->bodies, &request->place);
	request->is_added = false;
	request->web.easy = NULL;
	request->resolve = request->connect_to = request->headers = NULL;
}
