/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an exchange of libcurl's comes to, as facts. */
#include "config.h"

#include <curl/curl.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/pagenet/headers.h"
#include "common/pagenet/request.h"

enum {
	TYPE_MAX = 100, /* bytes of a Content-Type */
	DATE_MAX = 100,
	LINES_MAX = 20, /* of Cache-Control */
	STATUS_GOOD = 200,
	STATUS_GOOD_END = 300,
	STATUS_NOT_MODIFIED = 304,
	STATUS_TOO_MANY = 429, /* RFC 6585 section 4 */
	STATUS_BAD = 400,
	US_IN_S = 1000 * 1000,
};

/* -- times --------------------------------------------------------------- */

/* 0: it did not come to that. */
static int64_t time_of(const struct request *request, CURLINFO info)
{
	curl_off_t us = 0;
	if (request->web.easy == NULL ||
		curl_easy_getinfo(request->web.easy, info, &us) != CURLE_OK)
		return 0;
	return us;
}

static int64_t since_start(const struct request *request, CURLINFO info)
{
	int64_t us = time_of(request, info);
	return us > 0 ? us + request->hop_us - request->start_us : -1;
}

void outcome_times(struct request *request)
{
	struct page_fetch *out = request->out;
	out->connected_us = since_start(request, CURLINFO_CONNECT_TIME_T);
	out->tls_us = request_url(request)->is_https
			      ? since_start(request, CURLINFO_APPCONNECT_TIME_T)
			      : -1;
	out->first_byte_us =
		since_start(request, CURLINFO_STARTTRANSFER_TIME_T);
	if (request->head_len == 0)
		out->first_byte_us = -1;
}

const char *outcome_stage(const struct request *request)
{
	struct arena *arena = request->net->arena;
	if (request->looked_up != NULL)
		return arena_printf(arena, "looking up %s", request->looked_up);
	if (time_of(request, CURLINFO_CONNECT_TIME_T) == 0 &&
		!request->peer.has_begun)
		return "connecting";
	if (request_url(request)->is_https &&
		time_of(request, CURLINFO_APPCONNECT_TIME_T) == 0)
		return "in the TLS handshake";
	if (request->head_len == 0)
		return "waiting for the reply";
	return arena_printf(arena, "reading, after %llu bytes",
		(unsigned long long)request->size);
}

/* -- headers ------------------------------------------------------------- */

static const char *header_of(
	const struct request *request, const char *name, size_t max)
{
	return web_header(request->net->arena, request->web.easy, name, max);
}

/* One that is cut is none. */
static const char *validator_of(const struct request *request, const char *name)
{
	const char *value = header_of(request, name, PAGE_HISTORY_KEY_MAX + 1);
	return value != NULL && page_validator_is_fine(value) ? value : NULL;
}

/* The shortest of several lines. */
static void read_max_age(const struct request *request, struct page_fetch *out)
{
	for (size_t i = 0; i < LINES_MAX; i++) {
		struct curl_header *header = NULL;
		int64_t seconds;
		if (curl_easy_header(request->web.easy, "Cache-Control", i,
			    CURLH_HEADER, -1, &header) != CURLHE_OK)
			return;
		if (!page_read_max_age(header->value, &seconds))
			continue;
		if (!out->has_max_age || seconds < out->max_age_s)
			out->max_age_s = seconds;
		out->has_max_age = true;
	}
}

static void read_headers(const struct request *request, struct page_fetch *out)
{
	static const struct page_zone utc = { .is_known = true };
	const char *date = header_of(request, "Date", DATE_MAX);
	const char *age = header_of(request, "Age", DATE_MAX);
	if (date != NULL)
		out->date = page_time_read(date, strlen(date), &utc);
	if (age != NULL)
		out->has_age = page_read_seconds(age, &out->age_s);
	out->content_type = header_of(request, "Content-Type", TYPE_MAX);
	out->etag = validator_of(request, "ETag");
	out->last_modified = validator_of(request, "Last-Modified");
	read_max_age(request, out);
}

static unsigned status_of(const struct request *request)
{
	long status = 0;
	(void)curl_easy_getinfo(
		request->web.easy, CURLINFO_RESPONSE_CODE, &status);
	return status > 0 && status < 1000 ? (unsigned)status : 0;
}

const char *outcome_place(const struct request *request)
{
	/* RFC 9110 section 15.4; the others are answers. */
	switch (status_of(request)) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return header_of(request, "Location", PAGE_URL_MAX + 1);
	default:
		return NULL;
	}
}

/* -- the end ------------------------------------------------------------- */

static void set_end(
	struct page_fetch *out, enum page_fetch_end end, const char *why)
{
	out->end = end;
	out->why = why;
}

static const char *error_of(const struct request *request, int code)
{
	return web_error(request->net->arena, code, request->error);
}

static void replied(struct request *request, struct page_fetch *out)
{
	out->status = status_of(request);
	out->size = request->size;
	out->was_conditional = request->is_conditional;
	out->is_unchanged =
		out->was_conditional && out->status == STATUS_NOT_MODIFIED;
	read_headers(request, out);
	set_end(out, PAGE_FETCH_DONE, NULL);
}

static void refused(const struct request *request, struct page_fetch *out)
{
	const char *why = NULL;
	switch (web_refusal_of(&request->web, &why)) {
	case WEB_PORT_CLOSED:
		set_end(out, PAGE_FETCH_PORT_CLOSED, NULL);
		break;
	case WEB_TIMED_OUT:
		set_end(out, PAGE_FETCH_TIMED_OUT, "connecting");
		break;
	case WEB_OUR_FAULT:
		set_end(out, PAGE_FETCH_OUR_FAULT, why);
		break;
	case WEB_UNREACHABLE:
	default:
		set_end(out, PAGE_FETCH_UNREACHABLE, NULL);
		break;
	}
}

static void timed_out(const struct request *request, struct page_fetch *out)
{
	int64_t took_us = clock_mono_us() - request->start_us;
	set_end(out, PAGE_FETCH_TIMED_OUT,
		arena_printf(request->net->arena, "%s, after %.1f s%s",
			outcome_stage(request), (double)took_us / US_IN_S,
			request->ask.is_short ? ", all that -t left" : ""));
}

static void tls_failed(
	const struct request *request, int code, struct page_fetch *out)
{
	const struct page_cert *cert = &request->peer.cert;
	bool is_by_cert = cert->why != NULL && !request->ask.takes_untrusted;
	set_end(out, PAGE_FETCH_TLS_FAILED,
		is_by_cert ? arena_printf(request->net->arena,
				     "its certificate is %s: %s",
				     cert->chain == PAGE_CHAIN_WRONG_NAME
					     ? "for another name"
					     : "not valid",
				     cert->why)
			   : error_of(request, code));
}

/* What libcurl ends because we said so. */
static void cut(struct request *request, int code, struct page_fetch *out)
{
	struct arena *arena = request->net->arena;
	unsigned long long max = request->net->options.max_size;
	if (request->head_is_done)
		replied(request, out);
	else if (request->head_is_too_large)
		set_end(out, PAGE_FETCH_NO_HTTP, "its header is without end");
	else if (request->is_too_large || code == CURLE_FILESIZE_EXCEEDED)
		set_end(out, PAGE_FETCH_TOO_LARGE,
			arena_printf(arena, "over %llu bytes", max));
	else if (request->is_too_much)
		set_end(out, PAGE_FETCH_OUR_FAULT,
			"too many documents that differ");
	else
		set_end(out, PAGE_FETCH_OUR_FAULT, error_of(request, code));
}

/* A line of a header that is longer than libcurl takes counts as memory that
 * is lacking, with it. */
static void exhausted(
	const struct request *request, int code, struct page_fetch *out)
{
	if (time_of(request, CURLINFO_PRETRANSFER_TIME_T) > 0)
		set_end(out, PAGE_FETCH_NO_HTTP, "its header is without end");
	else
		set_end(out, PAGE_FETCH_OUR_FAULT, error_of(request, code));
}

/* Of a connection that has ended, or on which it makes no sense to go on:
 * libcurl has one code for both. */
static void lost(
	const struct request *request, int code, struct page_fetch *out)
{
	const char *why = error_of(request, code);
	if (code == CURLE_GOT_NOTHING || request->head_len == 0)
		set_end(out, PAGE_FETCH_CONNECTION_LOST, "without a reply");
	else if (strstr(why, "chunk") != NULL)
		set_end(out, PAGE_FETCH_NO_HTTP, why);
	else
		set_end(out, PAGE_FETCH_CONNECTION_LOST,
			arena_printf(request->net->arena,
				"after %llu bytes: %s",
				(unsigned long long)request->size, why));
}

static void failed(struct request *request, int code, struct page_fetch *out)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		refused(request, out);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		timed_out(request, out);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		tls_failed(request, code, out);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, and so any text */
	case CURLE_WEIRD_SERVER_REPLY:
		set_end(out, PAGE_FETCH_NO_HTTP, error_of(request, code));
		break;
	case CURLE_BAD_CONTENT_ENCODING:
		set_end(out, PAGE_FETCH_BAD_CODING, error_of(request, code));
		break;
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_ABORTED_BY_CALLBACK:
		cut(request, code, out);
		break;
	case CURLE_OUT_OF_MEMORY:
		exhausted(request, code, out);
		break;
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_COULDNT_RESOLVE_HOST:
		set_end(out, PAGE_FETCH_OUR_FAULT, error_of(request, code));
		break;
	default:
		lost(request, code, out);
		break;
	}
}

void outcome_read(struct request *request, int code)
{
	struct page_fetch *out = request->out;
	if (code == CURLE_OK && request->head_is_whole)
		replied(request, out);
	else if (code == CURLE_OK)
		set_end(out, PAGE_FETCH_CONNECTION_LOST, "in its header");
	else
		failed(request, code, out);
	out->cert = *peer_worse_cert(&out->cert, &request->peer.cert);
	outcome_times(request);
}

/* -- probes -------------------------------------------------------------- */

enum page_probe_end page_fetch_verdict(
	struct arena *arena, const struct page_fetch *fetch, const char **why)
{
	*why = fetch->why;
	switch (fetch->end) {
	case PAGE_FETCH_NOT_DONE:
		return PAGE_PROBE_NOT_DONE;
	case PAGE_FETCH_OUR_FAULT:
	case PAGE_FETCH_UNREACHABLE:
		return PAGE_PROBE_UNSURE;
	case PAGE_FETCH_DONE:
		break;
	/* It answered: many a login is elsewhere. */
	case PAGE_FETCH_OTHER_SITE:
		*why = NULL;
		return PAGE_PROBE_UP;
	case PAGE_FETCH_BAD_REDIRECT:
		return PAGE_PROBE_UNSURE;
	case PAGE_FETCH_TIMED_OUT:
	case PAGE_FETCH_PORT_CLOSED:
	case PAGE_FETCH_CONNECTION_LOST:
	case PAGE_FETCH_TLS_FAILED:
	case PAGE_FETCH_NO_HTTP:
	case PAGE_FETCH_TOO_LARGE:
	case PAGE_FETCH_BAD_CODING:
	case PAGE_FETCH_LOOP:
	default:
		return PAGE_PROBE_DOWN;
	}
	if (fetch->status >= STATUS_GOOD && fetch->status < STATUS_BAD) {
		*why = NULL;
		return PAGE_PROBE_UP;
	}
	*why = arena_printf(arena, "answers %u", fetch->status);
	return fetch->status == STATUS_TOO_MANY ? PAGE_PROBE_UNSURE
						: PAGE_PROBE_DOWN;
}
