/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of DNSSEC's algorithms and digests by IANA's registries, and
 * which of them are out of use.
 */
#include "config.h"

#include "common/dns/security.h"

#include <string.h>

#include "common/core/num.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const security_texts[] = {
	[DNS_SECURITY_UNKNOWN] = "unknown",
	[DNS_SECURE] = "secure",
	[DNS_INSECURE] = "insecure",
	[DNS_BOGUS] = "bogus",
	[DNS_INDETERMINATE] = "indeterminate",
};

static const char *const algorithm_texts[] = {
	[0] = "DELETE",
	[1] = "RSAMD5",
	[2] = "DH",
	[3] = "DSA",
	[5] = "RSASHA1",
	[6] = "DSA-NSEC3-SHA1",
	[7] = "RSASHA1-NSEC3-SHA1",
	[8] = "RSASHA256",
	[10] = "RSASHA512",
	[12] = "ECC-GOST",
	[13] = "ECDSAP256SHA256",
	[14] = "ECDSAP384SHA384",
	[15] = "ED25519",
	[16] = "ED448",
	[17] = "SM2SM3",
	[23] = "ECC-GOST12",
	[252] = "INDIRECT",
	[253] = "PRIVATEDNS",
	[254] = "PRIVATEOID",
};

static const char *const digest_texts[] = {
	[1] = "SHA-1",
	[2] = "SHA-256",
	[3] = "GOST R 34.11-94",
	[4] = "SHA-384",
	[5] = "GOST R 34.11-2012",
	[6] = "SM3",
};

enum {
	DIGEST_HEX_MAX = 128, /* longer than any digest is */
};

/* Digits of each digest (RFC 3658, RFC 4509, RFC 5933, RFC 6605). */
static const size_t digest_digits[] = {
	[1] = 40, [2] = 64, [3] = 64, [4] = 96
};

static const char blanks[] = " \t";

/* The value of a table that may have holes. */
static const char *find(const char *const *texts, size_t n, unsigned value)
{
	const char *text = value < n ? texts[value] : NULL;

	return text ? text : "unknown";
}

const char *dns_security_text(enum dns_security security)
{
	return find(security_texts, LENGTH(security_texts), security);
}

const char *dns_algorithm_text(uint8_t algorithm)
{
	return find(algorithm_texts, LENGTH(algorithm_texts), algorithm);
}

const char *dns_digest_text(uint8_t digest_type)
{
	return find(digest_texts, LENGTH(digest_texts), digest_type);
}

bool dns_algorithm_is_forbidden(uint8_t algorithm)
{
	switch (algorithm) {
	case 1:  /* RSAMD5 */
	case 3:  /* DSA */
	case 5:  /* RSASHA1 */
	case 6:  /* DSA-NSEC3-SHA1 */
	case 7:  /* RSASHA1-NSEC3-SHA1 */
	case 12: /* ECC-GOST */
		return true;
	default:
		return false;
	}
}

bool dns_digest_is_forbidden(uint8_t digest_type)
{
	switch (digest_type) {
	case 0: /* none */
	case 1: /* SHA-1 */
	case 3: /* GOST R 34.11-94 */
		return true;
	default:
		return false;
	}
}

/* The next number of a DS, and *at behind it. */
static bool read_number(
	struct arena *arena, const char **at, uint64_t max, uint64_t *out)
{
	const char *start = *at + strspn(*at, blanks);
	size_t len = strcspn(start, blanks);

	*at = start + len;
	return num_parse_uint(arena_strndup(arena, start, len), 0, max, out) ==
	       NUM_OK;
}

/* The hexadecimal digits, without blanks and in lower case; NULL where there
 * is anything else, or too much. */
static char *read_digest(struct arena *arena, const char *at)
{
	static const char upper[] = "ABCDEF";
	char *digest = arena_alloc(arena, DIGEST_HEX_MAX + 1);
	size_t n = 0;

	for (; *at; at++) {
		const char *letter = strchr(upper, *at);

		if (strchr(blanks, *at))
			continue;
		if (n == DIGEST_HEX_MAX ||
			(!letter && !strchr("0123456789abcdef", *at)))
			return NULL;
		digest[n++] = letter ? (char)('a' + (letter - upper)) : *at;
	}
	return digest;
}

const char *dns_ds_parse(
	struct arena *arena, const char *typed, struct dns_ds *out)
{
	uint64_t tag, algorithm, type;
	const char *at = typed;
	size_t wanted, len;

	if (!read_number(arena, &at, UINT16_MAX, &tag))
		return "does not begin with a key tag from 0 to 65535";
	if (!read_number(arena, &at, UINT8_MAX, &algorithm))
		return "has no algorithm from 0 to 255 behind the key tag";
	if (!read_number(arena, &at, UINT8_MAX, &type))
		return "has no digest type from 0 to 255 behind the algorithm";
	*out = (struct dns_ds){
		.key_tag = (uint16_t)tag,
		.algorithm = (uint8_t)algorithm,
		.digest_type = (uint8_t)type,
		.digest = read_digest(arena, at),
	};
	if (!out->digest)
		return "has a digest that is not hexadecimal, or too long";
	len = strlen(out->digest);
	wanted = type < LENGTH(digest_digits) ? digest_digits[type] : 0;
	if (wanted != 0 && len != wanted)
		return arena_printf(arena,
			"has a digest of %zu digits, where type %u (%s) has "
			"%zu",
			len, (unsigned)type, dns_digest_text((uint8_t)type),
			wanted);
	return len == 0 || len % 2 != 0 ? "has a digest that is cut short"
					: NULL;
}
