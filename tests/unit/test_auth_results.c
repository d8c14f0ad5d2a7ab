/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Authentication-Results: of the own server, and of nobody else. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/auth_results.h"

static struct auth_results read_as(const char *id, const char *value)
{
	struct auth_results results = { .n_fields = 0 };

	auth_results_add(&results, value, id);
	return results;
}

static void fields_are_read(void **state)
{
	static const struct {
		const char *value;
		enum auth_result spf, dkim, dmarc;
	} fields[] = {
		{ "mx.example.org; spf=pass smtp.mailfrom=a@example.net;\r\n\t"
		  "dkim=pass header.d=example.net; dmarc=pass",
			AUTH_PASS, AUTH_PASS, AUTH_PASS },
		{ "mx.example.org;\r\n       dkim=pass header.i=@example.net "
		  "header.s=a header.b=\"Ab;=\";\r\n       spf=softfail "
		  "(example.org: domain; of a=b (x) \\) "
		  "dkim=fail) smtp.mailfrom=\"a;b\"@c;\r\n dmarc=fail "
		  "(p=NONE sp=NONE dis=NONE) header.from=example.net",
			AUTH_SOFTFAIL, AUTH_PASS, AUTH_FAIL },
		{ "MX.example.ORG 1; SPF = None; Dkim / 1 = NEUTRAL (b) "
		  "reason=\"no; dkim=pass\" header.d=a",
			AUTH_NONE, AUTH_NEUTRAL, AUTH_ABSENT },
		{ "(c) \"mx.example.org\" (d) 1 (e); (f) spf (g) = (h) "
		  "temperror (i)",
			AUTH_TEMPERROR, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org; none", AUTH_ABSENT, AUTH_ABSENT,
			AUTH_ABSENT },
		{ "mx.example.org", AUTH_ABSENT, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org;", AUTH_ABSENT, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org; dkim=fail header.d=a; dkim=pass header.d=b;"
		  " dkim=permerror header.d=c",
			AUTH_ABSENT, AUTH_PASS, AUTH_ABSENT },
		{ "mx.example.org; dkim=fail; dkim=permerror", AUTH_ABSENT,
			AUTH_FAIL, AUTH_ABSENT },
		{ "mx.example.org; spf=none smtp.helo=a; spf=fail "
		  "smtp.mailfrom=b; spf=pass",
			AUTH_FAIL, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org; spf=pass smtp.mailfrom=b smtp.helo=a",
			AUTH_PASS, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org; spf=hardfail; dmarc=bestguesspass",
			AUTH_FAIL, AUTH_ABSENT, AUTH_OTHER },
		{ "mx.example.org; dkim=; spf; =pass; dmarc==pass", AUTH_ABSENT,
			AUTH_OTHER, AUTH_OTHER },
		{ "mx.example.org; dkim-atps=pass; x-spf=pass; arc=pass",
			AUTH_ABSENT, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org; spf=pass (never closed; dkim=pass",
			AUTH_PASS, AUTH_ABSENT, AUTH_ABSENT },
		{ "mx.example.org; spf=\"pass", AUTH_PASS, AUTH_ABSENT,
			AUTH_ABSENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		struct auth_results got =
			read_as("mx.example.org", fields[i].value);

		assert_int_equal(got.n_fields, 1);
		if (got.spf != fields[i].spf || got.dkim != fields[i].dkim ||
			got.dmarc != fields[i].dmarc)
			fail_msg("%s %s %s: %s", auth_result_word(got.spf),
				auth_result_word(got.dkim),
				auth_result_word(got.dmarc), fields[i].value);
	}
}

static void what_others_say_is_nothing(void **state)
{
	static const char *const values[] = { "", ";", "  ",
		"mx.example.com; spf=pass", "mx.example.org.; spf=pass",
		"mx; spf=pass", "(mx.example.org) spf=pass",
		"evil; mx.example.org; spf=pass", "spf=pass; mx.example.org",
		"mx.example.org=1; spf=pass" };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct auth_results got = read_as("mx.example.org", values[i]);

		assert_int_equal(got.n_fields, 0);
		assert_int_equal(got.spf, AUTH_ABSENT);
	}
}

/* As a large provider has it. */
static void some_do_not_say_who_they_are(void **state)
{
	static const char value[] =
		"spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.example;"
		" dkim=none (message not signed)\r\n header.d=none;dmarc=fail "
		"action=none\r\n header.from=a.example;compauth=pass "
		"reason=100";
	struct auth_results got = read_as("", value);

	(void)state;
	assert_int_equal(got.n_fields, 1);
	assert_int_equal(got.spf, AUTH_PASS);
	assert_int_equal(got.dkim, AUTH_NONE);
	assert_int_equal(got.dmarc, AUTH_FAIL);
	assert_int_equal(read_as("spf", value).n_fields, 0);
}

static void several_fields_are_one_answer(void **state)
{
	struct auth_results results = { .n_fields = 0 };

	(void)state;
	auth_results_add(&results, "a; spf=pass", "a");
	auth_results_add(&results, "b; dmarc=pass", "a");
	auth_results_add(&results, "a; dkim=fail", "a");
	auth_results_add(&results, "a; spf=fail; dkim=pass", "a");
	assert_int_equal(results.n_fields, 3);
	assert_int_equal(results.spf, AUTH_PASS);
	/* What is below may have been there before it came to the server. */
	assert_int_equal(results.dkim, AUTH_FAIL);
	assert_int_equal(results.dmarc, AUTH_ABSENT);
	results = (struct auth_results){ .n_fields = 0 };
	auth_results_add(&results, "a; dkim=fail; dkim=pass; dkim=none", "a");
	assert_int_equal(results.dkim, AUTH_PASS);
	for (unsigned i = 0; i < AUTH_RESULTS; i++)
		assert_non_null(auth_result_word(i));
	assert_null(auth_result_word(AUTH_RESULTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(what_others_say_is_nothing),
		cmocka_unit_test(some_do_not_say_who_they_are),
		cmocka_unit_test(several_fields_are_one_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
