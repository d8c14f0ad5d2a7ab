/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads places of servers: RFC 3986, as much of it as mail has (RFC 5092). */
#include "config.h"

#include "common/mailcli/flow_place.h"

#include <string.h>

#include "common/core/num.h"
#include "common/core/text.h"
#include "common/mail/smtp.h"

enum {
	PORT_MAX = 65535,
	TYPED_MAX = 2000,
};

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULL: it is no encoding, or of what can't be part of a name. */
static const char *decode(struct arena *arena, const char *s, size_t len)
{
	char *out = arena_alloc(arena, len + 1);
	size_t n = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		out[n] = s[i];
		if (s[i] == '%') {
			int high = i + 2 < len ? hex_of(s[i + 1]) : -1;
			int low = high >= 0 ? hex_of(s[i + 2]) : -1;

			if (low < 0)
				return NULL;
			out[n] = (char)(high << 4 | low);
			i += 2;
		}
		if ((unsigned char)out[n] < 0x20 || out[n] == 0x7f)
			return NULL;
		n++;
	}
	return text_is_utf8(out) ? out : NULL;
}

static const char *take_scheme(
	struct arena *arena, const char *typed, struct flow_place *out)
{
	const char *end = strstr(typed, "://");
	char *scheme;
	char *c;

	if (!end || memchr(typed, '/', (size_t)(end - typed)))
		return typed;
	scheme = arena_strndup(arena, typed, (size_t)(end - typed));
	for (c = scheme; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	out->scheme = scheme;
	return end + strlen("://");
}

static const char *take_user(struct arena *arena, const char **at, size_t *len,
	struct flow_place *out)
{
	size_t end = *len;

	while (end > 0 && (*at)[end - 1] != '@')
		end--;
	if (end == 0)
		return NULL;
	if (memchr(*at, ':', end))
		return "holds a password, which others can read here";
	out->user = decode(arena, *at, end - 1);
	*at += end;
	*len -= end;
	return !out->user || *out->user == '\0' ? "has a user that is none"
						: NULL;
}

static const char *read_port(const char *s, struct flow_place *out)
{
	uint64_t port = 0;

	if (num_parse_uint(s, 1, PORT_MAX, &port) != NUM_OK)
		return "has a port that is none; permitted: 1 to 65535";
	out->port = (uint16_t)port;
	return NULL;
}

/* "[2001:db8::1]:25" */
static const char *read_bracketed(
	struct arena *arena, const char *server, struct flow_place *out)
{
	const char *end = strchr(server, ']');

	if (!end || (end[1] != '\0' && end[1] != ':'))
		return "has a bracket that does not end an address";
	out->host =
		arena_strndup(arena, server + 1, (size_t)(end - server - 1));
	if (!dns_addr_parse(out->host, &out->addr))
		return "has no address in its brackets";
	out->is_address = true;
	return end[1] == ':' ? read_port(end + 2, out) : NULL;
}

static const char *read_host(struct flow_place *out)
{
	if (dns_addr_parse(out->host, &out->addr)) {
		out->is_address = true;
		return NULL;
	}
	if (!smtp_name_check(out->host))
		return "is no host: a name in letters of ASCII, or an address";
	return NULL;
}

static const char *read_server(
	struct arena *arena, const char *server, struct flow_place *out)
{
	const char *colon = strchr(server, ':');
	const char *wrong = NULL;

	if (*server == '[')
		return read_bracketed(arena, server, out);
	out->host = server;
	if (colon && !strchr(colon + 1, ':')) {
		wrong = read_port(colon + 1, out);
		out->host =
			arena_strndup(arena, server, (size_t)(colon - server));
	}
	return wrong ? wrong : read_host(out);
}

const char *flow_place_read(
	struct arena *arena, const char *typed, struct flow_place *out)
{
	const char *at, *wrong;
	size_t len;

	*out = (struct flow_place){ .host = "" };
	if (strlen(typed) > TYPED_MAX)
		return "is too long";
	at = take_scheme(arena, typed, out);
	len = strcspn(at, "/?#");
	if (at[len] == '/' && at[len + 1] != '\0') {
		out->path = decode(arena, at + len + 1, strlen(at + len + 1));
		if (!out->path)
			return "has a path that is none";
	} else if (at[len] != '\0' && at[len] != '/') {
		return "has more than a host, a port and a path";
	}
	wrong = take_user(arena, &at, &len, out);
	if (!wrong)
		wrong = read_server(arena, arena_strndup(arena, at, len), out);
	return wrong;
}

const char *flow_place_name(
	struct arena *arena, const struct flow_place *place, uint16_t usual)
{
	if (place->port == 0 || place->port == usual)
		return place->host;
	return arena_printf(arena,
		place->is_address && place->addr.family == 6 ? "[%s]:%u"
							     : "%s:%u",
		place->host, place->port);
}
