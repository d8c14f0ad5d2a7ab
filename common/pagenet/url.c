/* SPDX-License-Identifier: GPL-3.0-or-later */
/* By libcurl's own reader, so that what is checked here is what is asked for
 * there. */
#include "config.h"

#include "common/pagenet/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/name.h"
#include "common/dnsnet/gather.h"

enum {
	HOST_MAX = 253, /* RFC 1035 section 2.3.4, as text */
};

/* The part in the arena, or NULL. */
static const char *part_of(
	struct arena *arena, CURLU *url, CURLUPart part, unsigned flags)
{
	const char *copy = NULL;
	char *text = NULL;
	if (curl_url_get(url, part, &text, flags) == CURLUE_OK && text != NULL)
		copy = arena_strdup(arena, text);
	curl_free(text);
	return copy;
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '.';
}

/* Lowers it in place, without a last dot; NULL, or what is wrong. */
static const char *settle_name(char *name)
{
	size_t len = strlen(name);
	if (len > 1 && name[len - 1] == '.')
		name[--len] = '\0';
	if (len == 0 || len > HOST_MAX || name[0] == '.' ||
		strstr(name, "..") != NULL)
		return "has no valid host name";
	for (char *at = name; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
		if (!is_host_byte(*at))
			return "has no valid host name";
	}
	return NULL;
}

static const char *read_host(
	struct arena *arena, CURLU *url, struct page_url *out)
{
	const char *text = part_of(arena, url, CURLUPART_HOST, CURLU_PUNYCODE);
	struct dns_addr addr;
	size_t len = text != NULL ? strlen(text) : 0;
	const char *wrong;
	char *host;
	if (len == 0)
		return "has no valid host name";
	if (text[0] == '[' && text[len - 1] == ']') {
		out->host = arena_strndup(arena, text + 1, len - 2);
		out->host_is_addr = dns_addr_parse(out->host, &addr);
		return out->host_is_addr ? NULL : "has no valid address";
	}
	host = arena_strdup(arena, text);
	wrong = settle_name(host);
	out->host = host;
	out->host_is_addr = dns_addr_parse(host, &addr);
	if (wrong == NULL &&
		curl_url_set(url, CURLUPART_HOST, host, 0) != CURLUE_OK)
		wrong = "has no valid host name";
	return wrong;
}

static const char *read_port(
	struct arena *arena, CURLU *url, struct page_url *out)
{
	const char *text =
		part_of(arena, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	unsigned long port = text != NULL ? strtoul(text, NULL, 10) : 0;
	if (port == 0 || port > UINT16_MAX)
		return "has no valid port";
	out->port = (uint16_t)port;
	return NULL;
}

/* What was taken in, taken apart. */
static const char *read_parts(
	struct arena *arena, CURLU *url, struct page_url *out)
{
	const char *scheme = part_of(arena, url, CURLUPART_SCHEME, 0);
	const char *wrong;
	*out = (struct page_url){ 0 };
	if (scheme == NULL ||
		(strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return "is neither http:// nor https://";
	out->is_https = strcmp(scheme, "https") == 0;
	if (part_of(arena, url, CURLUPART_ZONEID, 0) != NULL)
		return "has the zone of an address";
	wrong = read_host(arena, url, out);
	if (wrong == NULL)
		wrong = read_port(arena, url, out);
	if (wrong != NULL)
		return wrong;
	(void)curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	out->text = part_of(arena, url, CURLUPART_URL, CURLU_NO_DEFAULT_PORT);
	if (out->text == NULL || strlen(out->text) > PAGE_URL_MAX)
		return "is too long";
	return NULL;
}

static const char *wrong_of(CURLUcode code)
{
	switch ((int)code) {
	case CURLUE_OK:
		return NULL;
	case CURLUE_BAD_SCHEME:
	case CURLUE_NO_SCHEME:
	case CURLUE_UNSUPPORTED_SCHEME:
		return "is neither http:// nor https://";
	case CURLUE_USER_NOT_ALLOWED:
		return "has a user name, which is never sent";
	case CURLUE_BAD_PORT_NUMBER:
		return "has no valid port";
	case CURLUE_NO_HOST:
	case CURLUE_BAD_HOSTNAME:
	case CURLUE_BAD_IPV6:
		return "has no valid host name";
	case CURLUE_OUT_OF_MEMORY:
		mem_exhausted();
	default:
		return "is no URL";
	}
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static const char *read(struct arena *arena, const char *base,
	const char *typed, struct page_url *out)
{
	const unsigned flags = CURLU_DISALLOW_USER | CURLU_URLENCODE |
			       (base != NULL ? (unsigned)CURLU_ALLOW_SPACE : 0);
	CURLU *url;
	CURLUcode code = CURLUE_OK;
	const char *wrong;
	if (*typed == '\0')
		return "is empty";
	if (strlen(typed) > PAGE_URL_MAX)
		return "is too long";
	if (has_control(typed))
		return "has a control character";
	url = curl_url();
	if (url == NULL)
		mem_exhausted();
	if (base != NULL)
		code = curl_url_set(url, CURLUPART_URL, base, 0);
	if (code == CURLUE_OK)
		code = curl_url_set(url, CURLUPART_URL, typed, flags);
	wrong = wrong_of(code);
	if (wrong == NULL)
		wrong = read_parts(arena, url, out);
	curl_url_cleanup(url);
	return wrong;
}

const char *page_url_read(
	struct arena *arena, const char *typed, struct page_url *out)
{
	return read(arena, NULL, typed, out);
}

const char *page_url_follow(struct arena *arena, const struct page_url *base,
	const char *reference, struct page_url *out)
{
	return read(arena, base->text, reference, out);
}

bool page_url_is_same_site(const struct page_url *a, const struct page_url *b)
{
	if (strcmp(a->host, b->host) == 0)
		return true;
	return !a->host_is_addr && !b->host_is_addr &&
	       dnsnet_is_same_site(a->host, b->host);
}
