/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ldns verifies one message at a time; a stream may hold up to 99 messages
 * without a TSIG between two that have one, and the MAC covers them all. So
 * the MAC is made here, as the messages come.
 */
#include "config.h"

#include "common/dnsnet/tsig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/dns/delegation_facts.h"

enum {
	ARCOUNT_AT = 10,
	OTHER_MAX = 6,
	SPAN_TEXT = 64,
};

static const struct tsig_algorithm algorithms[] = {
	{ "hmac-md5", "hmac-md5.sig-alg.reg.int", "MD5", 16 },
	{ "hmac-sha1", "hmac-sha1", "SHA1", 20 },
	{ "hmac-sha224", "hmac-sha224", "SHA2-224", 28 },
	{ "hmac-sha256", "hmac-sha256", "SHA2-256", 32 },
	{ "hmac-sha384", "hmac-sha384", "SHA2-384", 48 },
	{ "hmac-sha512", "hmac-sha512", "SHA2-512", 64 },
};

const struct tsig_algorithm *tsig_algorithm_find(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcasecmp(name, algorithms[i].word) == 0 ||
			strcasecmp(name, algorithms[i].name) == 0)
			return &algorithms[i];
	return NULL;
}

bool tsig_algorithm_works(const struct tsig_algorithm *algorithm)
{
	EVP_MD *type = EVP_MD_fetch(NULL, algorithm->digest, NULL);
	EVP_MD_free(type);
	return type != NULL;
}

const struct tsig_key *tsig_key_new(struct arena *arena,
	const struct tsig_algorithm *algorithm, const char *name,
	const uint8_t *secret, size_t secret_len)
{
	struct tsig_key *key = arena_alloc(arena, sizeof(*key));
	if (!wire_name_parse(name, &key->wire_name) ||
		!wire_name_parse(algorithm->name, &key->wire_algorithm))
		return NULL;
	key->algorithm = algorithm;
	key->name =
		wire_name_text(arena, key->wire_name.bytes, key->wire_name.len);
	key->text = arena_printf(arena, "%s %s", algorithm->word, key->name);
	key->secret = secret;
	key->secret_len = secret_len;
	return key;
}

/* -- the MAC ------------------------------------------------------------- */

struct tsig_stream {
	struct arena *arena;
	const struct tsig_key *key;
	EVP_MAC_CTX *mac; /* over all since the last signed message */
	bool is_broken;   /* OpenSSL failed somewhere */
	bool has_reply;   /* the first reply was signed */
	unsigned n_unsigned;
};

/* What a TSIG record says (RFC 8945 section 4.2). */
struct tsig {
	struct wire_name name, algorithm;
	uint16_t class;
	uint64_t time_s;
	uint16_t fudge_s;
	const uint8_t *mac;
	uint16_t mac_len;
	uint16_t id, error;
	uint8_t other[OTHER_MAX];
	uint16_t other_len;
};

static void digest(struct tsig_stream *stream, const uint8_t *bytes, size_t len)
{
	if (EVP_MAC_update(stream->mac, bytes, len) != 1)
		stream->is_broken = true;
}

static void digest_u16(struct tsig_stream *stream, uint16_t value)
{
	uint8_t bytes[2];
	wire_put_u16(bytes, value);
	digest(stream, bytes, sizeof(bytes));
}

static void digest_timers(struct tsig_stream *stream, const struct tsig *tsig)
{
	uint8_t bytes[8];
	wire_put_u48(bytes, tsig->time_s);
	wire_put_u16(bytes + 6, tsig->fudge_s);
	digest(stream, bytes, sizeof(bytes));
}

/* RFC 8945 section 4.3.3. */
static void digest_variables(
	struct tsig_stream *stream, const struct tsig *tsig)
{
	static const uint8_t any_without_ttl[6] = { 0, WIRE_CLASS_ANY };
	digest(stream, tsig->name.bytes, tsig->name.len);
	digest(stream, any_without_ttl, sizeof(any_without_ttl));
	digest(stream, tsig->algorithm.bytes, tsig->algorithm.len);
	digest_timers(stream, tsig);
	digest_u16(stream, tsig->error);
	digest_u16(stream, tsig->other_len);
	digest(stream, tsig->other, tsig->other_len);
}

static bool finish(struct tsig_stream *stream, uint8_t mac[TSIG_MAC_MAX])
{
	size_t len = 0;
	return EVP_MAC_final(stream->mac, mac, &len, TSIG_MAC_MAX) == 1 &&
	       len == stream->key->algorithm->mac_len && !stream->is_broken;
}

/* The next MAC begins with the one before (section 5.3.1). */
static void begin_next(struct tsig_stream *stream, const uint8_t *mac)
{
	size_t len = stream->key->algorithm->mac_len;
	if (EVP_MAC_init(stream->mac, NULL, 0, NULL) != 1)
		stream->is_broken = true;
	digest_u16(stream, (uint16_t)len);
	digest(stream, mac, len);
	stream->n_unsigned = 0;
}

static EVP_MAC_CTX *new_mac(const struct tsig_key *key)
{
	char name[16];
	size_t len = strlen(key->algorithm->digest);
	memcpy(name, key->algorithm->digest, len + 1);
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_utf8_string(
					 OSSL_MAC_PARAM_DIGEST, name, len),
		OSSL_PARAM_construct_end() };
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (mac != NULL &&
		EVP_MAC_init(mac, key->secret, key->secret_len, params) == 1)
		return mac;
	EVP_MAC_CTX_free(mac);
	return NULL;
}

struct tsig_stream *tsig_stream_new(
	struct arena *arena, const struct tsig_key *key)
{
	struct tsig_stream *stream = arena_alloc(arena, sizeof(*stream));
	stream->arena = arena;
	stream->key = key;
	stream->mac = new_mac(key);
	return stream->mac == NULL ? NULL : stream;
}

void tsig_stream_free(struct tsig_stream *stream)
{
	if (stream != NULL)
		EVP_MAC_CTX_free(stream->mac);
}

/* -- the request --------------------------------------------------------- */

static size_t put(uint8_t *at, const uint8_t *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return len;
}

/* The data of the record: RFC 8945 section 4.2. */
static size_t put_data(uint8_t *at, const struct tsig *tsig, const uint8_t *mac)
{
	size_t len = put(at, tsig->algorithm.bytes, tsig->algorithm.len);
	wire_put_u48(at + len, tsig->time_s);
	wire_put_u16(at + len + 6, tsig->fudge_s);
	wire_put_u16(at + len + 8, tsig->mac_len);
	len += 10;
	len += put(at + len, mac, tsig->mac_len);
	wire_put_u16(at + len, tsig->id);
	wire_put_u16(at + len + 2, 0); /* no error */
	wire_put_u16(at + len + 4, 0); /* no other data */
	return len + 6;
}

size_t tsig_sign(
	struct tsig_stream *stream, uint8_t *request, size_t len, int64_t now_s)
{
	static const uint8_t fixed[8] = { 0, TSIG_TYPE, 0, WIRE_CLASS_ANY };
	const struct tsig_key *key = stream->key;
	uint8_t mac[TSIG_MAC_MAX];
	struct tsig tsig = { .name = key->wire_name,
		.algorithm = key->wire_algorithm,
		.time_s = (uint64_t)now_s,
		.fudge_s = TSIG_FUDGE_S,
		.mac_len = (uint16_t)key->algorithm->mac_len,
		.id = wire_u16(request) };
	digest(stream, request, len);
	digest_variables(stream, &tsig);
	if (!finish(stream, mac))
		return 0;
	begin_next(stream, mac);
	uint16_t n_additional = wire_u16(request + ARCOUNT_AT);
	wire_put_u16(request + ARCOUNT_AT, (uint16_t)(n_additional + 1));
	len += put(request + len, tsig.name.bytes, tsig.name.len);
	len += put(request + len, fixed, sizeof(fixed));
	size_t data_len = put_data(request + len + 2, &tsig, mac);
	wire_put_u16(request + len, (uint16_t)data_len);
	return len + 2 + data_len;
}

/* -- the replies --------------------------------------------------------- */

static bool read_tsig(struct wire wire, size_t record, struct tsig *out)
{
	struct wire_record rr;
	uint16_t other_len;
	wire.pos = record;
	if (!wire_read_record(&wire, &rr))
		return false;
	struct wire data = {
		.at = wire.at, .len = rr.rdata + rr.rdata_len, .pos = rr.rdata
	};
	out->name = rr.owner;
	out->class = rr.class;
	if (!wire_read_name(&data, &out->algorithm) ||
		!wire_read_u48(&data, &out->time_s) ||
		!wire_read_u16(&data, &out->fudge_s) ||
		!wire_read_u16(&data, &out->mac_len) ||
		!wire_skip(&data, out->mac_len))
		return false;
	out->mac = data.at + data.pos - out->mac_len;
	if (!wire_read_u16(&data, &out->id) ||
		!wire_read_u16(&data, &out->error) ||
		!wire_read_u16(&data, &other_len) || other_len > OTHER_MAX ||
		!wire_skip(&data, other_len) || data.pos != data.len)
		return false;
	out->other_len = other_len;
	memcpy(out->other, data.at + data.pos - other_len, other_len);
	return rr.class == WIRE_CLASS_ANY && rr.ttl_s == 0;
}

/* The message as it was before the TSIG was added. */
static void digest_message(struct tsig_stream *stream,
	const struct wire *message, size_t record, const struct tsig *tsig)
{
	uint8_t header[WIRE_HEADER];
	memcpy(header, message->at, sizeof(header));
	wire_put_u16(header, tsig->id);
	uint16_t n_additional = wire_u16(header + ARCOUNT_AT);
	wire_put_u16(header + ARCOUNT_AT, (uint16_t)(n_additional - 1));
	digest(stream, header, sizeof(header));
	digest(stream, message->at + WIRE_HEADER, record - WIRE_HEADER);
}

static bool mac_is_right(struct tsig_stream *stream, const struct wire *message,
	size_t record, const struct tsig *tsig)
{
	uint8_t mac[TSIG_MAC_MAX];
	digest_message(stream, message, record, tsig);
	if (stream->has_reply)
		digest_timers(stream, tsig);
	else
		digest_variables(stream, tsig);
	if (!finish(stream, mac) ||
		CRYPTO_memcmp(mac, tsig->mac, tsig->mac_len) != 0)
		return false;
	begin_next(stream, mac);
	return true;
}

static const char *offset_text(struct tsig_stream *stream, int64_t offset_s)
{
	struct text span;
	text_init(&span, SPAN_TEXT);
	dns_span_add(&span, offset_s < 0 ? -offset_s : offset_s);
	const char *text =
		arena_printf(stream->arena, "its clock is %s %s ours",
			span.data, offset_s < 0 ? "behind" : "ahead of");
	text_release(&span);
	return text;
}

static const char *bad_time_text(
	struct tsig_stream *stream, const struct tsig_seen *seen)
{
	if (!seen->has_offset)
		return "answers BADTIME: its clock and ours are more than 5 "
		       "min apart";
	return arena_printf(stream->arena, "answers BADTIME%s: %s",
		seen->is_signed ? "" : ", without a MAC",
		offset_text(stream, seen->offset_s));
}

static const char *error_text(
	struct tsig_stream *stream, const struct tsig_seen *seen)
{
	const struct tsig_key *key = stream->key;
	switch (seen->error) {
	case TSIG_BADSIG:
		return arena_printf(stream->arena,
			"answers BADSIG: its secret of the key %s is another",
			key->name);
	case TSIG_BADKEY:
		return arena_printf(stream->arena,
			"answers BADKEY: it does not know the key %s with %s, "
			"or does not permit it",
			key->name, key->algorithm->word);
	case TSIG_BADTIME:
		return bad_time_text(stream, seen);
	case TSIG_BADTRUNC:
		return "answers BADTRUNC: it wants a longer MAC than that of "
		       "the algorithm";
	default:
		return arena_printf(stream->arena, "answers TSIG error %u",
			(unsigned)seen->error);
	}
}

static void fail(struct tsig_seen *seen, const char *why)
{
	seen->verdict = TSIG_FAILS;
	seen->why = why;
}

/* Section 5.3.1: the first must be signed, and one of a hundred. */
static void take_unsigned(struct tsig_stream *stream,
	const struct wire *message, struct tsig_seen *seen)
{
	if (!stream->has_reply) {
		fail(seen, "sends no TSIG");
		return;
	}
	if (++stream->n_unsigned > TSIG_UNSIGNED_MAX) {
		fail(seen, "sends more than 99 messages in a row without a "
			   "TSIG");
		return;
	}
	digest(stream, message->at, message->len);
	seen->verdict = TSIG_OPEN;
}

/* What does not fit the request, other than the MAC; or NULL. */
static const char *mismatch(
	const struct tsig_stream *stream, const struct tsig *tsig)
{
	const struct tsig_key *key = stream->key;
	if (!wire_name_equals(&tsig->name, &key->wire_name))
		return "signs with another key";
	if (!wire_name_equals(&tsig->algorithm, &key->wire_algorithm))
		return "signs with another algorithm";
	if (tsig->mac_len < key->algorithm->mac_len)
		return tsig->mac_len == 0 ? "sends a TSIG without a MAC"
					  : "sends a truncated MAC";
	if (tsig->mac_len > key->algorithm->mac_len)
		return "sends a MAC that is too long";
	return NULL;
}

static void take_error(struct tsig_stream *stream, const struct tsig *tsig,
	int64_t now_s, struct tsig_seen *seen)
{
	struct wire other = { .at = tsig->other, .len = tsig->other_len };
	uint64_t time_s;
	seen->verdict = TSIG_ERROR;
	seen->error = tsig->error;
	/* NSD tells its time without a MAC. */
	if (tsig->error == TSIG_BADTIME && wire_read_u48(&other, &time_s)) {
		seen->has_offset = true;
		seen->offset_s = (int64_t)time_s - now_s;
	}
	seen->why = error_text(stream, seen);
}

/* The MAC is right: is the time (section 5.2.3)? */
static void take_time(struct tsig_stream *stream, const struct tsig *tsig,
	int64_t now_s, struct tsig_seen *seen)
{
	int64_t offset_s = (int64_t)tsig->time_s - now_s;
	int64_t apart_s = offset_s < 0 ? -offset_s : offset_s;
	if (apart_s <= tsig->fudge_s) {
		seen->verdict = TSIG_HOLDS;
		return;
	}
	seen->has_offset = true;
	seen->offset_s = offset_s;
	fail(seen, arena_printf(stream->arena,
			   "signs with a time that is off: "
			   "%s",
			   offset_text(stream, offset_s)));
}

bool tsig_check(struct tsig_stream *stream, const struct wire *message,
	size_t record, int64_t now_s, struct tsig_seen *seen)
{
	struct tsig tsig;
	*seen = (struct tsig_seen){ .verdict = TSIG_FAILS };
	if (record == 0) {
		take_unsigned(stream, message, seen);
		return true;
	}
	if (!read_tsig(*message, record, &tsig))
		return false;
	/* BADKEY and BADSIG: whom it can't believe, it can't sign for. */
	if (tsig.error != 0 && tsig.mac_len == 0) {
		take_error(stream, &tsig, now_s, seen);
		return true;
	}
	const char *wrong = mismatch(stream, &tsig);
	if (wrong == NULL && !mac_is_right(stream, message, record, &tsig))
		wrong = "sends a wrong MAC";
	if (wrong != NULL) {
		fail(seen, wrong);
		return true;
	}
	seen->is_signed = true;
	stream->has_reply = true;
	if (tsig.error != 0)
		take_error(stream, &tsig, now_s, seen);
	else
		take_time(stream, &tsig, now_s, seen);
	return true;
}
