/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs, the places of redirects, and headers: by the first byte. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/pagenet/headers.h"
#include "common/pagenet/url.h"

enum { ARENA_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

/* What was read is clean, and reads as itself. */
static void check_url(struct arena *arena, const struct page_url *url)
{
	const char *scheme = url->is_https ? "https://" : "http://";
	struct page_url again;
	require(url->port > 0);
	require(strncmp(url->text, scheme, strlen(scheme)) == 0);
	require(strlen(url->text) <= PAGE_URL_MAX);
	require(strchr(url->text, '#') == NULL);
	for (const char *at = url->text; *at != '\0'; at++)
		require(*at > ' ' && *at < 0x7f);
	require(*url->host != '\0');
	require(strpbrk(url->host, "/@?# %[]\\") == NULL);
	for (const char *at = url->host; *at != '\0'; at++)
		require(*at < 'A' || *at > 'Z');
	require(page_url_read(arena, url->text, &again) == NULL);
	require(strcmp(again.text, url->text) == 0);
	require(strcmp(again.host, url->host) == 0);
	require(again.port == url->port);
	require(page_url_is_same_site(url, &again));
}

static void read_url(struct arena *arena, const char *text)
{
	struct page_url url;
	if (page_url_read(arena, text, &url) == NULL)
		check_url(arena, &url);
}

static void follow(struct arena *arena, const char *text)
{
	struct page_url base, url;
	require(page_url_read(arena, "https://status.example.org/a/b?c",
			&base) == NULL);
	if (page_url_follow(arena, &base, text, &url) == NULL)
		check_url(arena, &url);
}

static void read_header(const char *text)
{
	int64_t seconds = -1;
	if (page_read_seconds(text, &seconds))
		require(seconds >= 0);
	seconds = -1;
	if (page_read_max_age(text, &seconds))
		require(seconds >= 0);
	if (page_validator_is_fine(text))
		require(strpbrk(text, "\r\n") == NULL && *text != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;
	char *text;
	if (size == 0)
		return 0;
	arena = arena_new(ARENA_MAX);
	text = arena_strndup(arena, (const char *)data + 1, size - 1);
	if (data[0] % 3 == 0)
		read_url(arena, text);
	else if (data[0] % 3 == 1)
		follow(arena, text);
	else
		read_header(text);
	arena_free(arena);
	return 0;
}
