/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The code of a token: as others compute it, and of no other probe. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mailnet/flow_code.h"

static const uint8_t key[FLOW_KEY_LEN] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
	30, 31 };

static struct flow_token a_token(void)
{
	struct flow_token token = { .instance = "mon-1.example.org",
		.series = 1795315677,
		.number = 42,
		.sent_ms = 1795400000123 };

	flow_token_sign(&token, key);
	return token;
}

static void the_code_is_hmac_sha_256(void **state)
{
	static const uint8_t expected[FLOW_CODE_LEN] = { 0x08, 0x86, 0x79, 0x04,
		0xf9, 0x04, 0x22, 0x9d, 0x6c, 0x54, 0x7b, 0x5e, 0xa5, 0xb9,
		0xc1, 0x4a };
	struct flow_token token = a_token();
	char id[FLOW_KEY_ID_TEXT];

	(void)state;
	assert_memory_equal(token.code, expected, FLOW_CODE_LEN);
	flow_key_id(key, id);
	assert_string_equal(id, "6c802b4ae02a035d");
}

static void nothing_else_has_that_code(void **state)
{
	struct flow_token token = a_token();
	uint8_t other[FLOW_KEY_LEN];

	(void)state;
	assert_true(flow_token_verify(&token, key));
	memcpy(other, key, sizeof(other));
	other[31] ^= 1;
	assert_false(flow_token_verify(&token, other));
	token.number++;
	assert_false(flow_token_verify(&token, key));
	token = a_token();
	token.series--;
	assert_false(flow_token_verify(&token, key));
	token = a_token();
	token.sent_ms += 1000;
	assert_false(flow_token_verify(&token, key));
	token = a_token();
	token.instance[0] = 'M';
	assert_false(flow_token_verify(&token, key));
	for (size_t i = 0; i < 8 * FLOW_CODE_LEN; i++) {
		token = a_token();
		token.code[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_false(flow_token_verify(&token, key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_code_is_hmac_sha_256),
		cmocka_unit_test(nothing_else_has_that_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
