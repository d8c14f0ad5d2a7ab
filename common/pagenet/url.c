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

static const char *read_address(
	struct arena *arena, const char *text, struct page_url *out)
{
	size_t len = strlen(text);
	struct dns_addr addr;
	if (text[0] == '[' && text[len - 1] == ']')
		text = arena_strndup(arena, text + 1, len - 2);
	if (!dns_addr_parse(text, &addr))
		return NULL;
	out->host = dns_addr_string(arena, &addr);
	out->host_is_addr = true;
	return arena_printf(arena, addr.family == 6 ? "[%s]" : "%s", out->host);
}

/* A name that ends so would be taken for an address: "1.2.", "0x7f". */
static bool ends_as_number(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *label = dot != NULL ? dot + 1 : name;
	return strspn(label, "0123456789") == strlen(label) ||
	       strncmp(label, "0x", 2) == 0;
}

/* libcurl's own way to A-labels depends on the locale. */
static const char *read_host(
	struct arena *arena, CURLU *url, struct page_url *out)
{
	const char *text = part_of(arena, url, CURLUPART_HOST, 0);
	const char *wrong = NULL, *settled;
	if (text == NULL || text[0] == '\0' || text[0] == '.')
		return "has no valid host name";
	settled = read_address(arena, text, out);
	if (settled == NULL) {
		wrong = dnsnet_read_name(arena, text, &out->host);
		if (wrong == NULL && ends_as_number(out->host))
			wrong = "is neither a name nor an address";
		settled = out->host;
	}
	if (wrong == NULL &&
		curl_url_set(url, CURLUPART_HOST, settled, 0) != CURLUE_OK)
		wrong = "is no valid name";
	return wrong != NULL ? arena_printf(arena, "has a host that %s", wrong)
			     : NULL;
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
	const char *slashes, *wrong;
	if (*typed == '\0')
		return "is empty";
	if (strlen(typed) > PAGE_URL_MAX)
		return "is too long";
	if (has_control(typed))
		return "has a control character";
	/* libcurl takes three slashes for two. */
	slashes = strstr(typed, "://");
	if (slashes != NULL && slashes[3] == '/')
		return "has no valid host name";
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
