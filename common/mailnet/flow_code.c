/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The code of a probe's token by OpenSSL. */
#include "config.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/core/mem.h"
#include "common/mailnet/flow_code.h"

enum {
	SHA256_LEN = 32,
	ID_BYTES = (FLOW_KEY_ID_TEXT - 1) / 2,
};

/* OpenSSL fails here only for want of memory. */
static void make_hmac(const uint8_t key[FLOW_KEY_LEN], const char *data,
	size_t len, uint8_t out[SHA256_LEN])
{
	unsigned n = 0;

	if (!HMAC(EVP_sha256(), key, FLOW_KEY_LEN, (const uint8_t *)data, len,
		    out, &n) ||
		n != SHA256_LEN)
		mem_exhausted();
}

static void make_code(const struct flow_token *token,
	const uint8_t key[FLOW_KEY_LEN], uint8_t code[FLOW_CODE_LEN])
{
	uint8_t whole[SHA256_LEN];
	struct text text;

	text_init(&text, FLOW_TOKEN_MAX);
	flow_token_add_signed(&text, token);
	make_hmac(key, text.data, text.len, whole);
	text_release(&text);
	memcpy(code, whole, FLOW_CODE_LEN);
}

void flow_token_sign(struct flow_token *token, const uint8_t key[FLOW_KEY_LEN])
{
	make_code(token, key, token->code);
}

bool flow_token_verify(
	const struct flow_token *token, const uint8_t key[FLOW_KEY_LEN])
{
	uint8_t code[FLOW_CODE_LEN];

	make_code(token, key, code);
	return CRYPTO_memcmp(code, token->code, FLOW_CODE_LEN) == 0;
}

/* No token begins so: what is told here is the code of no probe. */
void flow_key_id(const uint8_t key[FLOW_KEY_LEN], char id[FLOW_KEY_ID_TEXT])
{
	static const char label[] = "the id of a key";
	static const char digits[] = "0123456789abcdef";
	uint8_t whole[SHA256_LEN];
	size_t i;

	make_hmac(key, label, strlen(label), whole);
	for (i = 0; i < ID_BYTES; i++) {
		id[2 * i] = digits[whole[i] >> 4];
		id[2 * i + 1] = digits[whole[i] & 15];
	}
	id[2 * i] = '\0';
}
