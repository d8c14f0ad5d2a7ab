/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MAC is made over one buffer at once, as RFC 8945 describes it. */
#include "config.h"

#include "tests/unit/testing.h"

#include "tests/unit/axfr_stream.h"

#include <ldns/ldns.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum {
	HEADER = 12,
	COUNTS = 4, /* of the question; others follow, 2 bytes each */
	SIGNED_MAX = 256 * 1024,
	FUDGE_S = 300,
	RUN_ARENA_MAX = 8 * 1024 * 1024,
};

static const uint8_t key_name[] = "\14transfer-key";
static const uint8_t algorithm[] = "\13hmac-sha256";

static void add_bytes(struct message *message, const void *bytes, size_t len)
{
	assert_true(sizeof(message->bytes) - message->len >= len);
	if (len > 0)
		memcpy(message->bytes + message->len, bytes, len);
	message->len += len;
}

static void add_u16(struct message *message, unsigned value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };
	add_bytes(message, bytes, sizeof(bytes));
}

static void count_up(struct message *message, unsigned section)
{
	uint8_t *count = message->bytes + COUNTS + 2 * (size_t)section;
	if (++count[1] == 0)
		count[0]++;
}

void message_start(struct message *message, bool with_question)
{
	static const uint8_t question[] = "\7example\3org\0\0\374\0\1";
	message->len = 0;
	add_u16(message, STREAM_ID);
	add_u16(message, 0x8400);
	for (unsigned section = 0; section < 4; section++)
		add_u16(message, 0);
	if (with_question) {
		add_bytes(message, question, sizeof(question) - 1);
		count_up(message, 0);
	}
}

void message_add_to(struct message *message, unsigned section, const char *text)
{
	ldns_rr *rr = NULL;
	uint8_t *wire = NULL;
	size_t len = 0;
	assert_int_equal(
		ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
	assert_int_equal(ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &len),
		LDNS_STATUS_OK);
	add_bytes(message, wire, len);
	count_up(message, section);
	LDNS_FREE(wire);
	ldns_rr_free(rr);
}

void message_add(struct message *message, const char *rr)
{
	message_add_to(message, 1, rr);
}

void message_fill(
	struct message *message, bool with_question, const char *const *rrs)
{
	message_start(message, with_question);
	for (; *rrs != NULL; rrs++)
		message_add(message, *rrs);
}

void message_set_rcode(struct message *message, unsigned rcode)
{
	message->bytes[3] = (uint8_t)rcode;
}

/* -- TSIG ---------------------------------------------------------------- */

void signer_start(struct signer *signer, const uint8_t *request, size_t len)
{
	const size_t behind_mac = 6; /* id, error, other length */
	memset(signer, 0, sizeof(*signer));
	for (size_t i = 0; i < sizeof(signer->secret); i++)
		signer->secret[i] = (uint8_t)i;
	signer->mac_len = 32;
	memcpy(signer->mac, request + len - behind_mac - signer->mac_len,
		signer->mac_len);
}

/* Time and fudge. */
static void add_timers(struct message *out, int64_t time_s)
{
	add_u16(out, 0);
	add_u16(out, (unsigned)(time_s >> 16));
	add_u16(out, (unsigned)time_s & 0xffff);
	add_u16(out, FUDGE_S);
}

static void add_other(const struct signer *signer, struct message *out)
{
	add_u16(out, signer->error);
	add_u16(out, (unsigned)signer->other_len);
	add_bytes(out, signer->other, signer->other_len);
}

static void make_mac(
	struct signer *signer, const struct message *message, int64_t time_s)
{
	struct message variables = { .len = 0 };
	uint8_t *all = malloc(SIGNED_MAX);
	size_t len = 0;
	assert_non_null(all);
	all[len++] = 0;
	all[len++] = (uint8_t)signer->mac_len;
	memcpy(all + len, signer->mac, signer->mac_len);
	len += signer->mac_len;
	memcpy(all + len, signer->pending, signer->n_pending);
	len += signer->n_pending;
	memcpy(all + len, message->bytes, message->len);
	len += message->len;
	if (!signer->has_signed) {
		add_bytes(&variables, key_name, sizeof(key_name));
		add_u16(&variables, 255);
		add_u16(&variables, 0);
		add_u16(&variables, 0);
		add_bytes(&variables, algorithm, sizeof(algorithm));
	}
	add_timers(&variables, time_s);
	if (!signer->has_signed)
		add_other(signer, &variables);
	memcpy(all + len, variables.bytes, variables.len);
	len += variables.len;
	unsigned mac_len = 0;
	assert_non_null(HMAC(EVP_sha256(), signer->secret,
		sizeof(signer->secret), all, len, signer->mac, &mac_len));
	assert_int_equal(mac_len, signer->mac_len);
	signer->n_pending = 0;
	signer->has_signed = true;
	free(all);
}

static void add_record(const struct signer *signer, struct message *message,
	size_t mac_len, int64_t time_s)
{
	add_bytes(message, key_name, sizeof(key_name));
	add_u16(message, 250);
	add_u16(message, 255);
	add_u16(message, 0);
	add_u16(message, 0);
	add_u16(message, (unsigned)(sizeof(algorithm) + 16 + mac_len +
				    signer->other_len));
	add_bytes(message, algorithm, sizeof(algorithm));
	add_timers(message, time_s);
	add_u16(message, (unsigned)mac_len);
	add_bytes(message, signer->mac, mac_len);
	add_u16(message, STREAM_ID);
	add_other(signer, message);
	count_up(message, 3);
}

void signer_sign(struct signer *signer, struct message *message, int64_t time_s)
{
	make_mac(signer, message, time_s);
	add_record(signer, message, signer->mac_len, time_s);
}

void signer_leave(struct signer *signer, const struct message *message)
{
	assert_true(
		sizeof(signer->pending) - signer->n_pending >= message->len);
	memcpy(signer->pending + signer->n_pending, message->bytes,
		message->len);
	signer->n_pending += message->len;
}

void signer_refuse(struct signer *signer, struct message *message)
{
	add_record(signer, message, 0, STREAM_NOW_S);
}

int run_set_up(void **state, const struct transfer_ask *ask)
{
	struct run *run = calloc(1, sizeof(*run));
	if (run == NULL)
		return -1;
	run->arena = arena_new(RUN_ARENA_MAX);
	run->ask = *ask;
	*state = run;
	return 0;
}

int run_tear_down(void **state)
{
	struct run *run = *state;
	axfr_free(run->axfr);
	arena_free(run->arena);
	free(run);
	return 0;
}
