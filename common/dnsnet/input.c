/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Domain names as people type them. */
#include "config.h"

#include <idn2.h>
#include <string.h>

#include "common/dnsnet/gather.h"

enum {
	TYPED_MAX = 1024, /* bytes: more than any name needs, in any script */
	LABEL_MAX = 63,   /* RFC 1035 section 2.3.4 */
	WIRE_MAX = 255,
};

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* Letters in lower case; '\0' for what no zone's name is written with. The
 * slash is there for classless reverse zones (RFC 2317 section 4). */
static char canonical_byte(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return c == '-' || c == '_' || c == '/' ? c : '\0';
}

/* Checks and lowers an ASCII name in place; NULL, or what is wrong. */
static const char *canonicalise(struct arena *arena, char *name)
{
	size_t len = strlen(name);
	size_t label = 0;
	char *at;

	if (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	/* On the wire a length byte goes before each label, and a zero byte
	 * ends the name: two more than the text has. */
	if (len + 2 > WIRE_MAX)
		return "is longer than 255 bytes";
	for (at = name; *at; at++) {
		char c = canonical_byte(*at);

		if (*at == '.' && label == 0)
			return "has an empty label";
		if (*at != '.' && c == '\0')
			return *at > ' ' && *at < 0x7f
				       ? arena_printf(arena,
						 "has a '%c', which is not in names",
						 *at)
				       : "has a blank or a control character";
		if (*at == '.') {
			label = 0;
			continue;
		}
		*at = c;
		if (++label > LABEL_MAX)
			return "has a label longer than 63 bytes";
	}
	return label == 0 ? "has an empty label" : NULL;
}

const char *dnsnet_read_name(
	struct arena *arena, const char *typed, const char **out)
{
	const char *wrong;
	struct dns_addr addr;
	char *ascii = NULL;
	char *name;
	int rc;

	if (*typed == '\0')
		return "is empty";
	if (strlen(typed) > TYPED_MAX)
		return "is longer than 255 bytes";
	if (strcmp(typed, ".") == 0) {
		*out = ".";
		return NULL;
	}
	if (dns_addr_parse(typed, &addr))
		return "is an address, not a name";
	if (is_ascii(typed)) {
		name = arena_strdup(arena, typed);
	} else {
		rc = idn2_to_ascii_8z(typed, &ascii, IDN2_NONTRANSITIONAL);
		if (rc != IDN2_OK)
			return arena_printf(arena, "is no domain name: %s",
				idn2_strerror(rc));
		name = arena_strdup(arena, ascii);
		idn2_free(ascii);
	}
	wrong = canonicalise(arena, name);
	if (!wrong)
		*out = name;
	return wrong;
}
