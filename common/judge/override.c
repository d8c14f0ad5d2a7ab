/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --rule ID[@CULPRIT]=STATE: reading it, and which of several applies. */
#include "config.h"

#include "common/judge/override.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "common/core/num.h"

/* The more specific wins: an address, then prefixes by their length, then a
 * name, then no culprit at all. */
enum {
	WEIGHT_ANY = 0,
	WEIGHT_NAME = 1,
	WEIGHT_PREFIX = 2, /* plus its length */
	WEIGHT_ADDRESS = 1000,
};

enum {
	ADDRESS_TEXT = 64, /* more than any address has, with the NUL */
};

struct network {
	int family;
	unsigned char bytes[16];
	unsigned length; /* bits that count */
};

static bool read_address(const char *s, struct network *out)
{
	*out = (struct network){ .family = AF_INET, .length = 32 };
	if (inet_pton(AF_INET, s, out->bytes) == 1)
		return true;
	*out = (struct network){ .family = AF_INET6, .length = 128 };
	return inet_pton(AF_INET6, s, out->bytes) == 1;
}

/* What comes before the slash as an address; *length is what follows. */
static bool read_prefix(const char *s, struct network *out, const char **length)
{
	const char *slash = strchr(s, '/');
	char address[ADDRESS_TEXT];
	size_t len;

	if (slash == NULL)
		return false;
	len = (size_t)(slash - s);
	if (len >= sizeof(address))
		return false;
	memcpy(address, s, len);
	address[len] = '\0';
	*length = slash + 1;
	return read_address(address, out);
}

static bool network_holds(
	const struct network *network, const struct network *address)
{
	unsigned whole = network->length / 8;
	unsigned rest = network->length % 8;
	unsigned mask = (0xff00U >> rest) & 0xffU;

	if (network->family != address->family ||
		memcmp(network->bytes, address->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((network->bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

/* Weighs the culprit. Returns NULL, or what is wrong with it. */
static const char *weigh(struct override *override)
{
	const char *culprit = override->culprit;
	struct network network;
	const char *length;
	uint64_t bits;

	if (culprit == NULL) {
		override->weight = WEIGHT_ANY;
		return NULL;
	}
	if (*culprit == '\0')
		return "has nothing after @; permitted: a name, an address or "
		       "a prefix";
	override->weight = WEIGHT_NAME;
	if (read_address(culprit, &network)) {
		override->weight = WEIGHT_ADDRESS;
	} else if (read_prefix(culprit, &network, &length)) {
		if (num_parse_uint(length, 0, network.length, &bits) != NUM_OK)
			return network.family == AF_INET
				       ? "has a bad prefix length; permitted: 0 to 32"
				       : "has a bad prefix length; permitted: 0 to "
					 "128";
		override->weight = WEIGHT_PREFIX + (unsigned)bits;
	}
	return NULL;
}

const char *override_parse(struct arena *arena, const struct rule *rules,
	size_t n_rules, const char *s, struct override *out)
{
	const char *equals = strrchr(s, '=');
	const char *bad;
	char *id, *at;

	*out = (struct override){ 0 };
	if (equals == NULL)
		return "has no =; permitted: ID[@CULPRIT]=STATE";
	if (strcmp(equals + 1, "ignore") == 0)
		out->ignores = true;
	else if (!state_parse(equals + 1, &out->state))
		return "has an unknown state; permitted: ok, warning, "
		       "critical, unknown, ignore";
	id = arena_strndup(arena, s, (size_t)(equals - s));
	at = strchr(id, '@');
	if (at != NULL) {
		*at = '\0';
		out->culprit = at + 1;
	}
	for (at = id; *at != '\0'; at++)
		if ((unsigned char)*at > 0x7e)
			return "is not ASCII: give names as A-labels (xn--)";
	bad = weigh(out);
	if (bad != NULL)
		return bad;
	if (rule_find(rules, n_rules, id) == NULL)
		return "names no rule; permitted: those of --list-rules";
	out->id = id;
	return NULL;
}

static size_t name_len(const char *name)
{
	size_t len = strlen(name);

	return len > 1 && name[len - 1] == '.' ? len - 1 : len;
}

static bool names_equal(const char *a, const char *b)
{
	return name_len(a) == name_len(b) &&
	       strncasecmp(a, b, name_len(a)) == 0;
}

static bool is_about(
	const struct override *override, const struct culprit *culprit)
{
	struct network network, address;
	const char *length;

	if (override->culprit == NULL)
		return true;
	if (override->weight == WEIGHT_NAME)
		return culprit->name != NULL &&
		       names_equal(override->culprit, culprit->name);
	if (culprit->address == NULL ||
		!read_address(culprit->address, &address))
		return false;
	if (!read_address(override->culprit, &network)) {
		if (!read_prefix(override->culprit, &network, &length))
			return false;
		network.length = override->weight - WEIGHT_PREFIX;
	}
	return network_holds(&network, &address);
}

const struct override *override_find(const struct override *overrides,
	size_t n_overrides, const char *id, const struct culprit *culprit)
{
	const struct override *best = NULL;

	for (size_t i = 0; i < n_overrides; i++) {
		const struct override *one = &overrides[i];

		if (strcmp(one->id, id) != 0 || !is_about(one, culprit))
			continue;
		if (best == NULL || one->weight >= best->weight)
			best = one;
	}
	return best;
}
