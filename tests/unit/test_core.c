/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/core/json.h"
#include "common/core/mem.h"
#include "common/core/num.h"
#include "common/core/text.h"

static void arena_gives_zeroed_and_aligned(void **state)
{
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t size = 1; size < 5000; size += 97) {
		unsigned char *data = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(data[i], 0);
		memset(data, 0xff, size);
	}
	arena_free(arena);
	arena_free(NULL);
}

static void arena_grows_with_what_was_there(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	int *few = arena_array(arena, 3, sizeof(int));
	int *many;

	(void)state;
	few[0] = 1;
	few[2] = 3;
	many = arena_grow(arena, few, 3, 20000, sizeof(int));
	assert_int_equal(many[0], 1);
	assert_int_equal(many[2], 3);
	assert_int_equal(many[19999], 0);
	assert_string_equal(arena_strdup(arena, "zone"), "zone");
	assert_string_equal(arena_strndup(arena, "zone", 2), "zo");
	assert_string_equal(arena_printf(arena, "%d.%s", 7, "x"), "7.x");
	arena_free(arena);
}

/* Runs fn in a child; its exit code, and what it wrote. */
static int run_child(void (*fn)(void), char *out, size_t size)
{
	int ends[2];
	size_t len = 0;
	ssize_t n;
	int status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		fn();
		_exit(0);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void exceed_cap(void)
{
	struct arena *arena = arena_new(1000);

	for (int i = 0; i < 100; i++)
		(void)arena_alloc(arena, 16);
}

static void overflow_count(void)
{
	/* The product is four bytes, the rest being lost. */
	(void)arena_array(arena_new(1000), SIZE_MAX / 4 + 2, 4);
}

static void arena_exhausted_is_unknown(void **state)
{
	void (*const ways[])(void) = { exceed_cap, overflow_count };
	char out[200];

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		assert_int_equal(run_child(ways[i], out, sizeof(out)), 3);
		assert_int_equal(strncmp(out, "UNKNOWN - ", 10), 0);
		assert_non_null(strchr(out, '\n'));
	}
}

static void clock_never_goes_back(void **state)
{
	int64_t before = clock_mono_us();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_mono_us();

		assert_true(now >= before);
		before = now;
	}
}

static void uint_is_strict(void **state)
{
	static const struct {
		const char *s;
		enum num_status status;
		uint64_t value;
	} rows[] = {
		{ "5", NUM_OK, 5 },
		{ "010", NUM_OK, 10 },
		{ "0", NUM_TOO_SMALL, 0 },
		{ "100", NUM_OK, 100 },
		{ "101", NUM_TOO_LARGE, 0 },
		{ "18446744073709551615", NUM_TOO_LARGE, 0 },
		{ "18446744073709551616", NUM_TOO_LARGE, 0 },
		{ "99999999999999999999999", NUM_TOO_LARGE, 0 },
		{ "99999999999999999999999x", NUM_NOT_A_NUMBER, 0 },
		{ "-5", NUM_TOO_SMALL, 0 },
		{ "", NUM_NOT_A_NUMBER, 0 },
		{ "-", NUM_NOT_A_NUMBER, 0 },
		{ "+1", NUM_NOT_A_NUMBER, 0 },
		{ " 1", NUM_NOT_A_NUMBER, 0 },
		{ "1 ", NUM_NOT_A_NUMBER, 0 },
		{ "0x1f", NUM_NOT_A_NUMBER, 0 },
		{ "1e3", NUM_NOT_A_NUMBER, 0 },
		{ "10%", NUM_NOT_A_NUMBER, 0 },
		{ "5,5", NUM_NOT_A_NUMBER, 0 },
		{ "5.5", NUM_NOT_A_NUMBER, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(num_parse_uint(rows[i].s, 1, 100, &value),
			rows[i].status);
		assert_int_equal(
			value, rows[i].status == NUM_OK ? rows[i].value : 77);
	}
}

static void uint_takes_the_largest(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_int_equal(
		num_parse_uint("18446744073709551615", 0, UINT64_MAX, &value),
		NUM_OK);
	assert_true(value == UINT64_MAX);
	assert_int_equal(
		num_parse_uint("18446744073709551616", 0, UINT64_MAX, &value),
		NUM_TOO_LARGE);
}

static bool same(double a, double b)
{
	return !(a < b) && !(a > b);
}

static void decimal_is_strict(void **state)
{
	static const struct {
		const char *s;
		double value;
	} good[] = {
		{ "0", 0 },
		{ "010", 10 },
		{ "1.5", 1.5 },
		{ ".5", 0.5 },
		{ "-.5", -0.5 },
		{ "-3", -3 },
		{ "10.1", 10.1 },
		{ "0.123456", 0.123456 },
		{ "000000000000000000000000001", 1 },
		{ "123456789012345678", 123456789012345678.0 },
		{ "0.1000000000000000000000000000000001", 0.1 },
	};
	static const char *const bad[] = { "", "-", ".", "-.", "5.", "1.2.3",
		"+1", " 1", "1 ", "1e3", "0x1", "5,5", "10%", "inf", "nan",
		"--1", "1-" };
	double value = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(num_parse_decimal(good[i].s, &value), NUM_OK);
		assert_true(same(value, good[i].value));
	}
	value = 42;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(
			num_parse_decimal(bad[i], &value), NUM_NOT_A_NUMBER);
	assert_int_equal(num_parse_decimal("1234567890123456789", &value),
		NUM_TOO_LARGE);
	assert_int_equal(num_parse_decimal("-1234567890123456789", &value),
		NUM_TOO_SMALL);
	assert_true(same(value, 42));
	/* No minus zero, which would be printed. */
	assert_int_equal(num_parse_decimal("-0", &value), NUM_OK);
	assert_false(signbit(value));
}

static void duration_has_units(void **state)
{
	static const struct {
		const char *s;
		enum num_status status;
		int64_t ms;
	} rows[] = {
		{ "8", NUM_OK, 8000 },
		{ "8s", NUM_OK, 8000 },
		{ "250ms", NUM_OK, 250 },
		{ "1.5", NUM_OK, 1500 },
		{ "0.0015", NUM_OK, 2 },
		{ "0.0014", NUM_OK, 1 },
		{ "10m", NUM_OK, 600000 },
		{ "2h", NUM_OK, 7200000 },
		{ "2d", NUM_OK, 172800000 },
		{ "1w", NUM_OK, 604800000 },
		{ "010s", NUM_OK, 10000 },
		{ "1.5w", NUM_TOO_LARGE, 0 },
		{ "999999999999999999w", NUM_TOO_LARGE, 0 },
		{ "9999999999999999999w", NUM_TOO_LARGE, 0 },
		{ "-1s", NUM_TOO_SMALL, 0 },
		{ "0", NUM_TOO_SMALL, 0 },
		{ "5x", NUM_BAD_UNIT, 0 },
		{ "5S", NUM_BAD_UNIT, 0 },
		{ "5min", NUM_BAD_UNIT, 0 },
		{ "5 s", NUM_NOT_A_NUMBER, 0 },
		{ "s", NUM_NOT_A_NUMBER, 0 },
		{ "", NUM_NOT_A_NUMBER, 0 },
		{ "5,5s", NUM_NOT_A_NUMBER, 0 },
		{ "10%", NUM_NOT_A_NUMBER, 0 },
		{ "1e3", NUM_NOT_A_NUMBER, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms = 77;

		assert_int_equal(
			num_parse_duration(rows[i].s, 1, 604800000, &ms),
			rows[i].status);
		assert_int_equal(
			ms, rows[i].status == NUM_OK ? rows[i].ms : 77);
	}
}

static void each_status_has_its_text(void **state)
{
	(void)state;
	for (int a = NUM_OK; a <= NUM_BAD_UNIT; a++) {
		for (int b = NUM_OK; b < a; b++)
			assert_string_not_equal(
				num_status_text((enum num_status)a),
				num_status_text((enum num_status)b));
	}
}

static void serials_go_round(void **state)
{
	(void)state;
	assert_int_equal(num_serial_compare(5, 5), 0);
	assert_int_equal(num_serial_compare(5, 6), -1);
	assert_int_equal(num_serial_compare(6, 5), 1);
	assert_int_equal(num_serial_compare(UINT32_MAX, 0), -1);
	assert_int_equal(num_serial_compare(0, UINT32_MAX), 1);
	assert_int_equal(num_serial_compare(1, 0x80000000U), -1);
	assert_int_equal(num_serial_compare(0, 0x80000000U), 2);
	assert_int_equal(num_serial_compare(0x80000000U, 0), 2);
	assert_int_equal(num_serial_compare(0, 0x80000001U), 1);
	assert_int_equal(num_serial_distance(5, 5), 0);
	assert_int_equal(num_serial_distance(5, 8), 3);
	assert_int_equal(num_serial_distance(8, 5), 3);
	assert_int_equal(num_serial_distance(UINT32_MAX, 1), 2);
	assert_int_equal(num_serial_distance(0, 0x80000000U), 0x80000000U);
}

static void text_is_cut_at_a_character(void **state)
{
	struct text text;

	(void)state;
	text_init(&text, 4);
	text_add(&text, "abc");
	assert_false(text.is_cut);
	text_add(&text, "\xc3\xa4"); /* needs two bytes, has one */
	assert_string_equal(text.data, "abc");
	assert_true(text.is_cut);
	text_add(&text, "d");
	assert_string_equal(text.data, "abc");
	text_clear(&text);
	text_add(&text, "ab\xc3\xa4");
	assert_string_equal(text.data, "ab\xc3\xa4");
	assert_false(text.is_cut);
	text_release(&text);
}

static void text_grows_to_its_maximum(void **state)
{
	struct text text;

	(void)state;
	text_init(&text, 10000);
	for (int i = 0; i < 3000; i++)
		text_printf(&text, "%04d", i);
	assert_int_equal(text.len, 10000);
	assert_true(text.is_cut);
	assert_int_equal(strncmp(text.data + 9996, "2499", 4), 0);
	text_clear(&text);
	text_printf(&text, "%9000s", "x"); /* more than its first buffer */
	assert_int_equal(text.len, 9000);
	text_release(&text);
}

static void text_from_outside_is_harmless(void **state)
{
	static const struct {
		const char *raw, *clean;
	} rows[] = {
		{ "plain", "plain" }, { "a|b", "a!b" }, { "<b>", "(b)" },
		{ "a\nb\tc\r\x1b[31m\x7f", "a b c  [31m " },
		{ "\xc2\x80x\xc2\x9fy", " x y" },
		{ "b\xc3\xbc"
		  "cher",
			"b\xc3\xbc"
			"cher" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80",
			"\xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "a\xe2\x80\xa8\xe2\x80\xa9z", "a  z" }, /* ends of lines */
		{ "a\xe2\x80\xaa\xe2\x80\xaez", "a  z" }, /* directions */
		{ "a\xe2\x81\xa6\xe2\x81\xa9z", "a  z" }, /* the same */
		{ "a\xe2\x80\x8e\xe2\x80\x8f\xd8\x9cz", "a   z" },
		{ "\xe2\x80\x94\xe2\x80\xa6\xe2\x81\xa0\xd8\x9b",
			"\xe2\x80\x94\xe2\x80\xa6\xe2\x81\xa0\xd8\x9b" },
		{ "\xff\xfe", "??" }, { "\xc3", "?" }, { "\xc3(", "?(" },
		{ "\xc0\xaf", "??" },           /* overlong */
		{ "\xe0\x80\xaf", "???" },      /* overlong */
		{ "\xed\xa0\x80", "???" },      /* a surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* above U+10FFFF */
		{ "\xf0\x9f\x98", "???" },      /* ends too soon */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text;

		text_init(&text, 100);
		text_add_clean(&text, rows[i].raw);
		assert_string_equal(text.data, rows[i].clean);
		assert_true(text_is_utf8(text.data));
		text_release(&text);
	}
}

static void characters_are_counted(void **state)
{
	(void)state;
	assert_int_equal(text_characters(""), 0);
	assert_int_equal(text_characters("\xe2\x82\xac\xc3\xbc"), 2);
	assert_int_equal(text_characters("\xff\xc3"), 2);
	assert_true(text_is_utf8("\xe2\x82\xac"));
	assert_false(text_is_utf8("a\xe2\x82"));
	assert_int_equal(text_utf8_len(""), 0);
}

static void numbers_are_plain(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -0.0, "0" },
		{ 10, "10" },
		{ 0.123, "0.123" },
		{ 0.1 + 0.2, "0.3" },
		{ 1e-7, "0" },
		{ -1e-7, "0" },
		{ 0.000001, "0.000001" },
		{ -2.5, "-2.5" },
		{ 100.5, "100.5" },
		{ 999999.999999, "999999.999999" },
		{ 0.9999999, "1" },
		{ 1e15, "1000000000000000" },
		{ -1e20, "-100000000000000000000" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text;

		text_init(&text, 100);
		text_add_number(&text, rows[i].value);
		assert_string_equal(text.data, rows[i].text);
		text_release(&text);
	}
}

static void json_is_written(void **state)
{
	struct text text;
	struct json json;

	(void)state;
	text_init(&text, 1000);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	json_add_string(&json, "s", "a\"b\\c\n\x01|\xff\xc3\xbc");
	json_add_string(&json, "none", NULL);
	json_open_array(&json, "list");
	json_add_int(&json, NULL, -5);
	json_add_number(&json, NULL, 0.25);
	json_add_number(&json, NULL, (double)INFINITY);
	json_open_object(&json, NULL);
	json_close_object(&json);
	json_add_bool(&json, NULL, true);
	json_close_array(&json);
	json_add_bool(&json, "no", false);
	json_add_null(&json, "null");
	json_close_object(&json);
	assert_string_equal(text.data,
		"{\"s\":\"a\\\"b\\\\c\\u000a\\u0001|\xef\xbf\xbd\xc3\xbc\","
		"\"none\":null,\"list\":[-5,0.25,null,{},true],"
		"\"no\":false,\"null\":null}");
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_and_aligned),
		cmocka_unit_test(arena_grows_with_what_was_there),
		cmocka_unit_test(arena_exhausted_is_unknown),
		cmocka_unit_test(clock_never_goes_back),
		cmocka_unit_test(uint_is_strict),
		cmocka_unit_test(uint_takes_the_largest),
		cmocka_unit_test(decimal_is_strict),
		cmocka_unit_test(duration_has_units),
		cmocka_unit_test(each_status_has_its_text),
		cmocka_unit_test(serials_go_round),
		cmocka_unit_test(text_is_cut_at_a_character),
		cmocka_unit_test(text_grows_to_its_maximum),
		cmocka_unit_test(text_from_outside_is_harmless),
		cmocka_unit_test(characters_are_counted),
		cmocka_unit_test(numbers_are_plain),
		cmocka_unit_test(json_is_written),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
