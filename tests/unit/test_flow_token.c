/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens of probes: one form, and nothing else is one. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/flow_token.h"

#define CODE  "00112233445566778899aabbccddeeff"
#define TOKEN "lp1.mon-1.example.org.1795315677-42.1795400000123." CODE

static bool parse(const char *s)
{
	struct flow_token token;

	return flow_token_parse(s, strlen(s), &token);
}

static void a_token_is_read_and_written(void **state)
{
	struct flow_token token;
	struct text text;

	(void)state;
	assert_true(flow_token_parse(TOKEN, strlen(TOKEN), &token));
	assert_string_equal(token.instance, "mon-1.example.org");
	assert_int_equal(token.series, 1795315677);
	assert_int_equal(token.number, 42);
	assert_int_equal(token.sent_ms, 1795400000123);
	assert_int_equal(token.code[0], 0x00);
	assert_int_equal(token.code[15], 0xff);
	text_init(&text, FLOW_TOKEN_MAX);
	flow_token_add(&text, &token);
	assert_string_equal(text.data, TOKEN);
	text_clear(&text);
	flow_token_add_signed(&text, &token);
	assert_string_equal(
		text.data, "lp1.mon-1.example.org.1795315677-42.1795400000123");
	text_release(&text);
}

static void the_longest_token_fits(void **state)
{
	struct flow_token token = { .instance = "",
		.series = (uint64_t)flow_number_max,
		.number = (uint64_t)flow_number_max,
		.sent_ms = flow_number_max };
	struct text text;

	(void)state;
	memset(token.instance, 'a', FLOW_INSTANCE_MAX);
	text_init(&text, FLOW_TOKEN_MAX);
	flow_token_add(&text, &token);
	assert_false(text.is_cut);
	assert_true(parse(text.data));
	text_release(&text);
}

static void what_is_no_token(void **state)
{
	static const char *const bad[] = { "", "lp1", "lp1.", "lp1....",
		"lp2.a.1-1.0." CODE, "LP1.a.1-1.0." CODE, "lp1..1-1.0." CODE,
		"lp1..a.1-1.0." CODE, "lp1.a..b.1-1.0." CODE,
		"lp1.a b.1-1.0." CODE, "lp1.a.1-1.0." CODE " ",
		" lp1.a.1-1.0." CODE, "lp1.a.1.0." CODE, "lp1.a.1-.0." CODE,
		"lp1.a.-1.0." CODE, "lp1.a.0-1.0." CODE, "lp1.a.1-0.0." CODE,
		"lp1.a.01-1.0." CODE, "lp1.a.1-01.0." CODE,
		"lp1.a.1-1.00." CODE, "lp1.a.1-1.+0." CODE,
		"lp1.a.1-1.9007199254740992." CODE,
		"lp1.a.99999999999999999-1.0." CODE,
		"lp1.a.1-1.0.00112233445566778899aabbccddeef",
		"lp1.a.1-1.0.00112233445566778899aabbccddeeff0",
		"lp1.a.1-1.0.00112233445566778899aabbccddeefF",
		"lp1.a.1-1.0.00112233445566778899aabbccddeef\xc3\xa9" };

	(void)state;
	assert_true(parse("lp1.a.1-1.0." CODE));
	assert_true(parse("lp1.a-b_c.1-1.9007199254740991." CODE));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(bad[i]))
			fail_msg("a token: %s", bad[i]);
}

static void what_fails_changes_nothing(void **state)
{
	struct flow_token token = { .number = 7 };

	(void)state;
	assert_false(flow_token_parse("lp1.a.1-1.0.00", 14, &token));
	assert_int_equal(token.number, 7);
	assert_string_equal(token.instance, "");
}

static void instances(void **state)
{
	char name[FLOW_INSTANCE_MAX + 2] = { 0 };

	(void)state;
	memset(name, 'x', FLOW_INSTANCE_MAX);
	assert_true(flow_instance_check(name));
	name[FLOW_INSTANCE_MAX] = 'x';
	assert_false(flow_instance_check(name));
	assert_true(flow_instance_check("a"));
	assert_true(flow_instance_check("a.b-c_D9"));
	assert_false(flow_instance_check(""));
	assert_false(flow_instance_check("."));
	assert_false(flow_instance_check("a."));
	assert_false(flow_instance_check("a@b"));
	assert_false(flow_instance_check("a\nb"));
	/* Such a one may look like the rest of a token: it is read from its
	 * end. */
	assert_true(flow_instance_check("1-1.0"));
	assert_true(parse("lp1.1-1.0.2-2.3." CODE));
}

static void tokens_are_found_in_what_others_made_of_them(void **state)
{
	static const char *const texts[] = { TOKEN, "<" TOKEN "@example.org>",
		"[SPAM] Re: Mail flow probe " TOKEN, TOKEN ".",
		"see lp1.x, lp1.y.1-1.0.00 and " TOKEN ", that is it",
		"X-Lifeline-Probe: " TOKEN "\r\nSubject: x" };
	static const char *const none[] = { "", "lp1.", "a" TOKEN, "x-" TOKEN,
		TOKEN "0", TOKEN "-a", "lp1.lp1.lp1." };
	struct flow_token token;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		token.number = 0;
		assert_true(flow_token_find(texts[i], &token));
		assert_int_equal(token.number, 42);
	}
	for (size_t i = 0; i < COUNT(none); i++)
		if (flow_token_find(none[i], &token))
			fail_msg("found in: %s", none[i]);
}

static void an_envelope_s_identifier_is_shorter(void **state)
{
	static const char envid[] = "lpe1.1795315677-42.1795400000123." CODE;
	static const char *const bad[] = { "", "lpe1.", "lpe1.1-1.0",
		"lpe1..1-1.0." CODE, "lpe1.a.1-1.0." CODE, "lpe1.1.0." CODE,
		"lpe1.1-1.0." CODE "0", "lp1.1-1.0." CODE, TOKEN,
		"lpe1.01-1.0." CODE, "lpe1.1-1.0." CODE " " };
	struct flow_token token;
	struct text text;

	(void)state;
	assert_true(flow_envid_parse(envid, "mon", &token));
	assert_string_equal(token.instance, "mon");
	assert_int_equal(token.series, 1795315677);
	assert_int_equal(token.number, 42);
	assert_int_equal(token.sent_ms, 1795400000123);
	assert_int_equal(token.code[15], 0xff);
	assert_false(flow_envid_parse(envid, "", &token));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (flow_envid_parse(bad[i], "mon", &token))
			fail_msg("an envid: %s", bad[i]);
	token.series = token.number = (uint64_t)flow_number_max;
	token.sent_ms = flow_number_max;
	text_init(&text, FLOW_ENVID_MAX);
	flow_envid_add(&text, &token);
	assert_false(text.is_cut);
	assert_true(flow_envid_parse(text.data, "mon", &token));
	assert_int_equal(token.number, flow_number_max);
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_read_and_written),
		cmocka_unit_test(the_longest_token_fits),
		cmocka_unit_test(what_is_no_token),
		cmocka_unit_test(what_fails_changes_nothing),
		cmocka_unit_test(instances),
		cmocka_unit_test(an_envelope_s_identifier_is_shorter),
		cmocka_unit_test(tokens_are_found_in_what_others_made_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
