/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A record is kept as its place in the order of the zone, its owner's labels
 * from the root down, and as the bytes that are digested. So records are
 * compared as bytes, whatever names a server makes up.
 */
#include "config.h"

#include "common/dnsnet/zonemd.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	TYPE_RRSIG = 46,
	SCHEME_SIMPLE = 1,
	DIGESTS_MAX = 16,    /* ZONEMD records at the apex */
	DIGEST_MAX = 64,     /* SHA-512 */
	DIGEST_AT = 6,       /* in the data: serial, scheme, hash */
	FIXED = 10,          /* type, class, TTL, length of the data */
	CHUNK = 1024 * 1024, /* more than the largest record */
	KEY_MAX = 2 * WIRE_NAME_MAX,
	PREFIX = 4, /* length of the key, and of the owner */
};

/* The data of one ZONEMD record; a digest that is longer is of no hash that
 * is known here. */
struct digest {
	uint32_t serial;
	uint8_t scheme, hash;
	size_t len;
	uint8_t bytes[DIGEST_MAX];
};

struct chunk {
	struct chunk *next;
	size_t used;
	uint8_t bytes[CHUNK];
};

struct zonemd {
	struct wire_name apex;
	struct digest digests[DIGESTS_MAX];
	size_t n_digests;
	struct chunk *chunks;
	size_t n_bytes, *total;
	const uint8_t **records;
	size_t n, cap;
	const char *gave_up; /* why the records are not kept; or NULL */
};

/* By the number in the record. */
static const struct hash {
	const char *text, *name;
	size_t len;
} hashes[] = {
	[1] = { "SHA-384", "SHA2-384", 48 },
	[2] = { "SHA-512", "SHA2-512", 64 },
};

static const struct hash *hash_of(const struct digest *digest)
{
	bool is_known = digest->scheme == SCHEME_SIMPLE && digest->hash > 0 &&
			digest->hash < sizeof(hashes) / sizeof(hashes[0]);
	return is_known ? &hashes[digest->hash] : NULL;
}

struct zonemd *zonemd_new(const struct wire_name *apex, size_t *total)
{
	struct zonemd *zonemd = calloc(1, sizeof(*zonemd));
	if (zonemd == NULL)
		return NULL;
	zonemd->apex = *apex;
	zonemd->total = total;
	return zonemd;
}

static void drop_records(struct zonemd *zonemd)
{
	while (zonemd->chunks != NULL) {
		struct chunk *next = zonemd->chunks->next;
		free(zonemd->chunks);
		zonemd->chunks = next;
	}
	free(zonemd->records);
	zonemd->records = NULL;
	zonemd->n = zonemd->cap = 0;
	*zonemd->total -= zonemd->n_bytes;
	zonemd->n_bytes = 0;
}

void zonemd_free(struct zonemd *zonemd)
{
	if (zonemd == NULL)
		return;
	drop_records(zonemd);
	free(zonemd);
}

static void give_up(struct zonemd *zonemd, const char *why)
{
	zonemd->gave_up = why;
	drop_records(zonemd);
}

/* -- keeping ------------------------------------------------------------- */

static bool is_same(const struct digest *a, const struct digest *b)
{
	return a->serial == b->serial && a->scheme == b->scheme &&
	       a->hash == b->hash && a->len == b->len &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The same one twice is one: no digest is made more often than there are
 * hashes. */
static void keep_digest(struct zonemd *zonemd, const struct wire_rdata *rdata)
{
	struct digest digest = { 0 }; /* scheme 0 is reserved */
	if (rdata->len >= DIGEST_AT) {
		digest.serial = wire_u32(rdata->bytes);
		digest.scheme = rdata->bytes[4];
		digest.hash = rdata->bytes[5];
		digest.len = rdata->len - DIGEST_AT;
	}
	if (digest.len > 0 && digest.len <= DIGEST_MAX)
		memcpy(digest.bytes, rdata->bytes + DIGEST_AT, digest.len);
	for (size_t i = 0; i < zonemd->n_digests; i++)
		if (is_same(&zonemd->digests[i], &digest))
			return;
	if (zonemd->n_digests < DIGESTS_MAX)
		zonemd->digests[zonemd->n_digests++] = digest;
}

/*
 * Bytes that stand in the order of RFC 4034 section 6.1: labels from the last
 * to the first, each ended by 0, which is why a 1 stands before 0 and 1 in a
 * label.
 */
static size_t write_key(const struct wire_name *name, uint8_t out[KEY_MAX])
{
	size_t starts[WIRE_NAME_MAX / 2 + 1];
	size_t n = 0, len = 0;
	for (size_t at = 0; name->bytes[at] != 0;
		at += (size_t)name->bytes[at] + 1)
		starts[n++] = at;
	while (n > 0) {
		const uint8_t *label = name->bytes + starts[--n];
		for (size_t i = 1; i <= label[0]; i++) {
			if (label[i] <= 1)
				out[len++] = 1;
			out[len++] = label[i];
		}
		out[len++] = 0;
	}
	return len;
}

static bool reserve(struct zonemd *zonemd, size_t len)
{
	struct chunk *chunk = zonemd->chunks;
	if (chunk != NULL && CHUNK - chunk->used >= len)
		return true;
	chunk = malloc(sizeof(*chunk));
	if (chunk == NULL)
		return false;
	chunk->next = zonemd->chunks;
	chunk->used = 0;
	zonemd->chunks = chunk;
	return true;
}

static bool reserve_place(struct zonemd *zonemd)
{
	if (zonemd->n < zonemd->cap)
		return true;
	size_t cap = zonemd->cap == 0 ? 1024 : 2 * zonemd->cap;
	const uint8_t **grown = realloc(zonemd->records, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	zonemd->records = grown;
	zonemd->cap = cap;
	return true;
}

static void append(struct chunk *chunk, const uint8_t *bytes, size_t len)
{
	memcpy(chunk->bytes + chunk->used, bytes, len);
	chunk->used += len;
}

static void keep(struct zonemd *zonemd, const struct wire_record *record,
	const struct wire_rdata *rdata)
{
	uint8_t key[KEY_MAX], prefix[PREFIX], fixed[FIXED];
	size_t key_len = write_key(&record->owner, key);
	size_t len = PREFIX + key_len + record->owner.len + FIXED + rdata->len;
	zonemd->n_bytes += len;
	*zonemd->total += len;
	if (zonemd->n_bytes > ZONEMD_BYTES_MAX) {
		give_up(zonemd, "the zone is larger than what is kept for a "
				"ZONEMD, 64 MiB");
		return;
	}
	if (*zonemd->total > ZONEMD_TOTAL_MAX) {
		give_up(zonemd, "the zones are larger than what is kept of "
				"all for ZONEMDs, 256 MiB");
		return;
	}
	if (!reserve(zonemd, len) || !reserve_place(zonemd)) {
		give_up(zonemd, "there is no memory to keep the zone");
		return;
	}
	struct chunk *chunk = zonemd->chunks;
	zonemd->records[zonemd->n++] = chunk->bytes + chunk->used;
	wire_put_u16(prefix, (uint16_t)key_len);
	wire_put_u16(prefix + 2, (uint16_t)record->owner.len);
	wire_put_u16(fixed, record->type);
	wire_put_u16(fixed + 2, record->class);
	wire_put_u16(fixed + 4, (uint16_t)(record->ttl_s >> 16));
	wire_put_u16(fixed + 6, (uint16_t)record->ttl_s);
	wire_put_u16(fixed + 8, (uint16_t)rdata->len);
	append(chunk, prefix, sizeof(prefix));
	append(chunk, key, key_len);
	append(chunk, record->owner.bytes, record->owner.len);
	append(chunk, fixed, sizeof(fixed));
	append(chunk, rdata->bytes, rdata->len);
}

void zonemd_add(struct zonemd *zonemd, const struct wire_record *record,
	const struct wire_rdata *rdata)
{
	if (wire_name_equals(&record->owner, &zonemd->apex)) {
		if (record->type == ZONEMD_TYPE) {
			keep_digest(zonemd, rdata);
			return;
		}
		/* Section 3.3.1.1 leaves its signatures out, too. */
		if (record->type == TYPE_RRSIG && rdata->len >= 2 &&
			wire_u16(rdata->bytes) == ZONEMD_TYPE)
			return;
	}
	if (zonemd->gave_up == NULL)
		keep(zonemd, record, rdata);
}

/* -- digesting ----------------------------------------------------------- */

/* A record that is kept, taken apart. */
struct kept {
	const uint8_t *key;
	size_t key_len;
	const uint8_t *bytes; /* as digested */
	size_t len;
	const uint8_t *fixed; /* in them */
	const uint8_t *data;
	size_t data_len;
};

static struct kept kept_at(const uint8_t *at)
{
	struct kept kept = { .key_len = wire_u16(at) };
	size_t owner_len = wire_u16(at + 2);
	kept.key = at + PREFIX;
	kept.bytes = kept.key + kept.key_len;
	kept.fixed = kept.bytes + owner_len;
	kept.data = kept.fixed + FIXED;
	kept.data_len = wire_u16(kept.fixed + 8);
	kept.len = owner_len + FIXED + kept.data_len;
	return kept;
}

static int compare_bytes(
	const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Owner, type, data (section 3.3.1); 0 for records that are the same. */
static int compare(const void *a, const void *b)
{
	struct kept left = kept_at(*(const uint8_t *const *)a);
	struct kept right = kept_at(*(const uint8_t *const *)b);
	int order =
		compare_bytes(left.key, left.key_len, right.key, right.key_len);
	if (order == 0)
		order = memcmp(left.fixed, right.fixed, 2);
	if (order == 0)
		order = compare_bytes(
			left.data, left.data_len, right.data, right.data_len);
	return order;
}

/* Over records in order; the same one twice counts once. */
static bool make_digest(const struct zonemd *zonemd, const struct hash *hash,
	uint8_t out[DIGEST_MAX])
{
	EVP_MD *type = EVP_MD_fetch(NULL, hash->name, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool works = type != NULL && context != NULL &&
		     EVP_DigestInit_ex2(context, type, NULL) == 1;
	for (size_t i = 0; works && i < zonemd->n; i++) {
		struct kept kept = kept_at(zonemd->records[i]);
		if (i > 0 && compare(&zonemd->records[i - 1],
				     &zonemd->records[i]) == 0)
			continue;
		works = EVP_DigestUpdate(context, kept.bytes, kept.len) == 1;
	}
	works = works && EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	EVP_MD_free(type);
	return works;
}

/* Another record of its scheme and hash spoils both (section 2). */
static bool is_unique(const struct zonemd *zonemd, const struct digest *digest)
{
	for (size_t i = 0; i < zonemd->n_digests; i++) {
		const struct digest *other = &zonemd->digests[i];
		if (other != digest && other->scheme == digest->scheme &&
			other->hash == digest->hash)
			return false;
	}
	return true;
}

/* Section 4, step 5, for one record; NULL where it holds. */
static const char *fault_of(struct zonemd *zonemd, struct arena *arena,
	const struct digest *digest, uint32_t serial)
{
	const struct hash *hash = hash_of(digest);
	uint8_t made[DIGEST_MAX];
	if (digest->serial != serial)
		return arena_printf(arena,
			"its ZONEMD is of serial %u, its SOA of %u",
			(unsigned)digest->serial, (unsigned)serial);
	if (!is_unique(zonemd, digest))
		return arena_printf(arena,
			"it has two different ZONEMD records of %s",
			hash->text);
	if (digest->len != hash->len)
		return arena_printf(arena,
			"its ZONEMD of %s has not the length of that",
			hash->text);
	if (!make_digest(zonemd, hash, made) ||
		memcmp(made, digest->bytes, hash->len) != 0)
		return arena_printf(arena,
			"its records do not give the %s of its ZONEMD",
			hash->text);
	return NULL;
}

/* One that holds is enough (section 4). */
static void judge_digests(struct zonemd *zonemd, struct arena *arena,
	uint32_t serial, struct dns_transfer *out)
{
	out->zonemd = DNS_ZONEMD_UNSUPPORTED;
	out->zonemd_why = "its ZONEMD records are of schemes or hashes that "
			  "are not known here";
	for (size_t i = 0; i < zonemd->n_digests; i++) {
		const struct digest *digest = &zonemd->digests[i];
		if (hash_of(digest) == NULL)
			continue;
		const char *fault = fault_of(zonemd, arena, digest, serial);
		if (fault == NULL) {
			out->zonemd = DNS_ZONEMD_FINE;
			out->zonemd_why = NULL;
			return;
		}
		if (out->zonemd != DNS_ZONEMD_WRONG)
			out->zonemd_why = fault;
		out->zonemd = DNS_ZONEMD_WRONG;
	}
}

void zonemd_judge(struct zonemd *zonemd, struct arena *arena, uint32_t serial,
	struct dns_transfer *out)
{
	if (zonemd->n_digests == 0) {
		out->zonemd = DNS_ZONEMD_ABSENT;
		return;
	}
	if (zonemd->gave_up != NULL) {
		out->zonemd = DNS_ZONEMD_UNSUPPORTED;
		out->zonemd_why = zonemd->gave_up;
		return;
	}
	qsort(zonemd->records, zonemd->n, sizeof(*zonemd->records), compare);
	judge_digests(zonemd, arena, serial, out);
}
