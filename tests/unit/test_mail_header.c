/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Headers, taken apart field by field. */
#include "config.h"

#include "tests/unit/testing.h"

#include <string.h>

#include "common/mail/header.h"

enum {
	ARENA_MAX = 1024 * 1024,
	MANY = 8,
};

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static void fields_are_found_by_name(void **state)
{
	static const char header[] = "Subject:  a  \r\n"
				     "received: one\r\n"
				     "\tand more\r\n"
				     "X-Empty:\r\n"
				     "RECEIVED : two\n"
				     "Received-SPF: none\r\n"
				     "\r\n"
				     "Received: three\r\n";
	const char *values[MANY];

	assert_string_equal(header_first(*state, header, "subject"), "a");
	assert_string_equal(header_first(*state, header, "X-Empty"), "");
	assert_null(header_first(*state, header, "Sub"));
	assert_null(header_first(*state, header, "Date"));
	assert_int_equal(
		header_all(*state, header, "Received", values, MANY), 2);
	assert_string_equal(values[0], "one\r\n\tand more");
	assert_string_equal(values[1], "two");
	assert_int_equal(header_all(*state, header, "Received", values, 1), 1);
}

/* What is no field is passed over, and ends nothing. */
static void odd_headers_are_read_as_far_as_they_go(void **state)
{
	static const struct {
		const char *header, *value; /* of "A"; NULL: none */
	} cases[] = {
		{ "", NULL },
		{ "\r\n", NULL },
		{ "\nA: 1\n", NULL },
		{ "A", NULL },
		{ "A:", "" },
		{ "A: 1", "1" },
		{ " A: 1\r\nA: 2", "2" },
		{ ": 0\r\nA: 1", "1" },
		{ "no field\r\nA: 1", "1" },
		{ "no\r\n: field\r\nA: 1", "1" },
		{ "B:\r\n A: 1\r\nA: 2", "2" },
		{ "A: 1\r", "1" },
		{ "A: 1\r\n ", "1" },
		{ "A: 1\r\n \r\nA: 2", "1" },
		{ "A:1:2", "1:2" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *value = header_first(*state, cases[i].header, "A");

		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			fields_are_found_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			odd_headers_are_read_as_far_as_they_go, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
