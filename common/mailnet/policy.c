/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses come in by CURLOPT_RESOLVE, so that no name service of this host is
 * asked, and with them libcurl does what senders do that have several: both
 * families, one a little after the other.
 */
#include "config.h"

#include "common/mailnet/policy.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/webnet/web.h"

enum {
	STATUS_OK = 200,
	REDIRECTS = 3,        /* 3xx */
	HEAD_MAX = 64 * 1024, /* bytes of all header lines */
	TYPE_MAX = 100,       /* of a Content-Type */
	PLACE_MAX = 300,      /* of the place of a redirect */
	RESOLVE_MAX = 100 * POLICY_ADDRS_MAX,
	US_IN_MS = 1000,
};

#define POLICY_PATH "/.well-known/mta-sts.txt"

/* Some web servers turn away who does not say what he is. */
#define USER_AGENT PACKAGE_NAME "/" PACKAGE_VERSION

struct policy_fetch {
	struct arena *arena;
	struct loop *loop;
	struct tls_context *tls;
	struct policy_ask ask;
	struct mx_sts *sts;
	int64_t start_us;

	struct web *web;
	struct web_request request;
	struct curl_slist *resolve;
	bool is_added, is_over;
	struct loop_timer timer;
	struct text body;
	size_t head_len;
	bool is_too_large, head_is_too_large;
	bool is_connected; /* TLS has begun */
	int chain_error;   /* of the certificates, the first; X509_V_OK: none */
	char error[CURL_ERROR_SIZE];
};

/* -- the end ------------------------------------------------------------- */

static void release(struct policy_fetch *fetch)
{
	if (fetch->is_added)
		web_drop(fetch->web, &fetch->request);
	if (fetch->request.easy != NULL)
		curl_easy_cleanup(fetch->request.easy);
	web_free(fetch->web);
	curl_slist_free_all(fetch->resolve);
	loop_timer_cancel(fetch->loop, &fetch->timer);
	text_release(&fetch->body);
	fetch->is_added = false;
	fetch->web = NULL;
	fetch->request.easy = NULL;
	fetch->resolve = NULL;
}

static void finish(struct policy_fetch *fetch, enum mx_fetch outcome)
{
	fetch->sts->fetch = outcome;
	fetch->sts->took_us = clock_mono_us() - fetch->start_us;
	fetch->is_over = true;
	release(fetch);
	fetch->ask.fn(fetch->ask.arg, fetch->sts);
}

/* -- what came of it ----------------------------------------------------- */

static long info_of(const struct policy_fetch *fetch, CURLINFO info)
{
	long value = 0;
	return curl_easy_getinfo(fetch->request.easy, info, &value) == CURLE_OK
		       ? value
		       : 0;
}

static const char *header_of(
	const struct policy_fetch *fetch, const char *name, size_t max)
{
	return web_header(fetch->arena, fetch->request.easy, name, max);
}

static const char *error_of(const struct policy_fetch *fetch, CURLcode code)
{
	return web_error(fetch->arena, (int)code, fetch->error);
}

static enum mx_fetch refused(const struct policy_fetch *fetch, const char **why)
{
	switch (web_refusal_of(&fetch->request, why)) {
	case WEB_PORT_CLOSED:
		return MX_FETCH_PORT_CLOSED;
	case WEB_TIMED_OUT:
		return MX_FETCH_TIMED_OUT;
	case WEB_OUR_FAULT:
		return MX_FETCH_OUR_FAULT;
	case WEB_UNREACHABLE:
	default:
		return MX_FETCH_UNREACHABLE;
	}
}

/* Connecting and the handshake may take half of the time: of two addresses of
 * one family the first may be silent for half of that. */
static int64_t connect_us(const struct policy_fetch *fetch)
{
	return fetch->ask.bound_us / 2;
}

static const char *late(const struct policy_fetch *fetch)
{
	curl_off_t secured = 0;
	const char *stage = "in the reply";
	int64_t bound_us = connect_us(fetch);
	(void)curl_easy_getinfo(
		fetch->request.easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	if (!fetch->is_connected)
		stage = "connecting";
	else if (secured == 0)
		stage = "in the TLS handshake";
	else
		bound_us = fetch->ask.bound_us;
	return arena_printf(fetch->arena, "%s, within %.3g s%s", stage,
		(double)bound_us / 1e6,
		fetch->ask.is_short ? ", all that -t left" : "");
}

static enum mx_fetch replied(struct policy_fetch *fetch)
{
	struct mx_sts *sts = fetch->sts;
	const struct text *body = &fetch->body;
	sts->content_type = header_of(fetch, "Content-Type", TYPE_MAX);
	if (sts->status / 100U == REDIRECTS) {
		sts->fetch_why = header_of(fetch, "Location", PLACE_MAX);
		return sts->fetch_why != NULL ? MX_FETCH_REDIRECTED
					      : MX_FETCH_DONE;
	}
	if (sts->status != STATUS_OK)
		return MX_FETCH_DONE;
	sts->policy_text = arena_strndup(fetch->arena, body->data, body->len);
	sts->policy_has_nul = strlen(sts->policy_text) != body->len;
	return MX_FETCH_DONE;
}

/* By signatures and dates first: only who passes that is asked for his name.
 * libcurl's own word for the former depends on what OpenSSL met on the way. */
static enum mx_fetch tls_failed(struct policy_fetch *fetch, CURLcode code)
{
	const char **why = &fetch->sts->fetch_why;
	if (fetch->chain_error != X509_V_OK)
		*why = X509_verify_cert_error_string(fetch->chain_error);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		*why = arena_printf(fetch->arena,
			"its certificate is not for %s", fetch->ask.host);
	else
		*why = error_of(fetch, code);
	return MX_FETCH_TLS_FAILED;
}

static enum mx_fetch broken(struct policy_fetch *fetch, CURLcode code)
{
	struct mx_sts *sts = fetch->sts;
	if (fetch->is_too_large)
		return MX_FETCH_TOO_LARGE;
	/* The status says it all: the page that goes with it was not read. */
	if (code == CURLE_WRITE_ERROR && !fetch->head_is_too_large)
		return replied(fetch);
	sts->status = 0;
	sts->fetch_why = fetch->head_is_too_large
				 ? "its HTTP header is without end"
				 : error_of(fetch, code);
	return MX_FETCH_BROKEN;
}

static enum mx_fetch outcome_of(struct policy_fetch *fetch, CURLcode code)
{
	struct mx_sts *sts = fetch->sts;
	sts->status = (uint16_t)info_of(fetch, CURLINFO_RESPONSE_CODE);
	switch ((int)code) {
	case CURLE_OK:
		return replied(fetch);
	case CURLE_COULDNT_CONNECT:
		return refused(fetch, &sts->fetch_why);
	case CURLE_OPERATION_TIMEDOUT:
		sts->status = 0;
		sts->fetch_why = late(fetch);
		return MX_FETCH_TIMED_OUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		return tls_failed(fetch, code);
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, and so any text */
		sts->fetch_why = "speaks no HTTP";
		return MX_FETCH_BROKEN;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_ABORTED_BY_CALLBACK:
		sts->fetch_why = error_of(fetch, code);
		return MX_FETCH_OUR_FAULT;
	default:
		return broken(fetch, code);
	}
}

static void on_end(void *arg, int code)
{
	struct policy_fetch *fetch = arg;
	fetch->is_added = false;
	finish(fetch, outcome_of(fetch, (CURLcode)code));
}

/* -- what libcurl asks --------------------------------------------------- */

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct policy_fetch *fetch = arg;
	(void)bytes;
	fetch->head_len += size * n;
	fetch->head_is_too_large = fetch->head_len > HEAD_MAX;
	return fetch->head_is_too_large ? 0 : size * n;
}

/* What comes with any status but 200 is no policy (RFC 8461 section 3.3). */
static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct policy_fetch *fetch = arg;
	if (info_of(fetch, CURLINFO_RESPONSE_CODE) != STATUS_OK)
		return 0;
	fetch->is_too_large = n > MX_POLICY_MAX - fetch->body.len;
	if (fetch->is_too_large)
		return 0;
	text_add_len(&fetch->body, bytes, size * n);
	return size * n;
}

/* Nothing is forgiven; the first error is kept. */
static int note_error(int is_ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct policy_fetch *fetch = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (!is_ok && fetch->chain_error == X509_V_OK)
		fetch->chain_error = X509_STORE_CTX_get_error(store);
	return is_ok;
}

/* The CA certificates that the exchangers are judged by, parsed once. */
static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct policy_fetch *fetch = arg;
	(void)easy;
	fetch->is_connected = true;
	fetch->chain_error = X509_V_OK;
	if (!tls_context_lend(fetch->tls, ctx))
		return CURLE_ABORTED_BY_CALLBACK;
	SSL_CTX_set_app_data(ctx, fetch);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, note_error);
	return CURLE_OK;
}

/* -- the start ----------------------------------------------------------- */

/* "mta-sts.example.org:443:192.0.2.1,[2001:db8::1]" */
static const char *resolve_line(const struct policy_fetch *fetch)
{
	const struct policy_ask *ask = &fetch->ask;
	size_t n = ask->n_addrs < POLICY_ADDRS_MAX ? ask->n_addrs
						   : POLICY_ADDRS_MAX;
	const char *copy;
	struct text line;
	text_init(&line, RESOLVE_MAX);
	text_printf(&line, "%s:%u:", ask->host, ask->port);
	for (size_t i = 0; i < n; i++) {
		const char *addr =
			dns_addr_string(fetch->arena, &ask->addrs[i]);
		text_printf(&line,
			ask->addrs[i].family == 6 ? "%s[%s]" : "%s%s",
			i > 0 ? "," : "", addr);
	}
	copy = arena_strdup(fetch->arena, line.data);
	text_release(&line);
	return copy;
}

static bool set_protocol(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		       (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSLVERSION,
		       (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT) ==
		       CURLE_OK;
}

static bool set_callbacks(struct policy_fetch *fetch)
{
	CURL *easy = fetch->request.easy;
	return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, fetch) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error) ==
		       CURLE_OK;
}

static bool set_target(struct policy_fetch *fetch)
{
	const struct policy_ask *ask = &fetch->ask;
	long bound_ms = (long)(ask->bound_us / US_IN_MS);
	long connect_ms = (long)(connect_us(fetch) / US_IN_MS);
	const char *url = arena_printf(fetch->arena, "https://%s:%u%s",
		ask->host, ask->port, POLICY_PATH);
	CURL *easy = fetch->request.easy;
	if (ask->port == POLICY_PORT)
		url = arena_printf(
			fetch->arena, "https://%s%s", ask->host, POLICY_PATH);
	fetch->resolve = curl_slist_append(NULL, resolve_line(fetch));
	return fetch->resolve != NULL &&
	       curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_RESOLVE, fetch->resolve) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		       connect_ms > 0 ? connect_ms : 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
		       bound_ms > 0 ? bound_ms : 1L) == CURLE_OK;
}

static bool set_up(struct policy_fetch *fetch)
{
	fetch->web = web_new(fetch->loop);
	if (fetch->web == NULL)
		return false;
	fetch->request = (struct web_request){
		.easy = curl_easy_init(), .fn = on_end, .arg = fetch
	};
	if (fetch->request.easy == NULL || !set_callbacks(fetch) ||
		!web_set_alone(fetch->request.easy) ||
		!set_protocol(fetch->request.easy) || !set_target(fetch))
		return false;
	fetch->is_added = web_start(fetch->web, &fetch->request);
	return fetch->is_added;
}

static void on_failed_start(void *arg)
{
	finish(arg, MX_FETCH_OUR_FAULT);
}

struct policy_fetch *policy_fetch_start(struct arena *arena, struct loop *loop,
	struct tls_context *tls, const struct policy_ask *ask,
	struct mx_sts *sts)
{
	struct policy_fetch *fetch = arena_alloc(arena, sizeof(*fetch));
	fetch->arena = arena;
	fetch->loop = loop;
	fetch->tls = tls;
	fetch->ask = *ask;
	fetch->sts = sts;
	fetch->start_us = clock_mono_us();
	text_init(&fetch->body, MX_POLICY_MAX);
	if (!tls_context_has_cas(tls))
		sts->fetch_why = "there are no CA certificates to judge by";
	else if (set_up(fetch))
		return fetch;
	else
		sts->fetch_why = "libcurl does not start";
	release(fetch);
	if (!loop_timer_set(loop, &fetch->timer, 0, on_failed_start, fetch))
		mem_exhausted();
	return fetch;
}

bool policy_fetch_is_over(const struct policy_fetch *fetch)
{
	return fetch->is_over;
}

void policy_fetch_end(struct policy_fetch *fetch)
{
	if (fetch == NULL || fetch->is_over)
		return;
	fetch->is_over = true;
	fetch->sts->fetch = MX_FETCH_NOT_DONE;
	fetch->sts->fetch_why = "the deadline came first";
	fetch->sts->took_us = clock_mono_us() - fetch->start_us;
	release(fetch);
}
