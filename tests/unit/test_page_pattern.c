/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns and selectors: what they take, and what they refuse to be. */
#include "config.h"

#include <time.h>

#include "common/page/pattern.h"
#include "tests/unit/testing.h"

static int set_up(void **state)
{
	*state = arena_new(1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static bool matches(struct arena *arena, const char *text, const char *line)
{
	struct page_pattern *pattern;
	bool is_match;

	assert_null(page_pattern_parse(arena, text, &pattern));
	assert_string_equal(page_pattern_text(pattern), text);
	is_match = page_pattern_matches(pattern, line);
	page_pattern_free(pattern);
	return is_match;
}

static void patterns_are_extended(void **state)
{
	assert_true(matches(*state, "all systems (go|operational)",
		"All Systems Operational"));
	assert_false(matches(*state, "^systems", "All Systems"));
	assert_true(matches(*state, "a\\+b", "a+b"));
	assert_true(matches(*state, "x{2,3}$", "axx"));
	assert_true(matches(*state, "a+ b+ c+ d+ e+ f+ g+ h+ i+ j+ k+ l+ m+",
		"a bb c d e f g h i j k l m"));
	assert_true(matches(*state, "^[]{]$", "{"));
	assert_true(matches(*state, "^[[:digit:]{+]+$", "1{2+"));
	page_pattern_free(NULL);
}

static void bad_patterns_are_refused(void **state)
{
	static const char *const texts[] = { "", "(", "a{2", "(a)\\1",
		"\\\\\\2", "((a{100}){100})", "x{5001}", "x{99999999999}",
		"\xff", "a++++++++++++++++++++++++++++++++++++++++",
		"((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+",
		"([[:alpha:]]{50}){200}", "(\\({80}){80}" };
	struct page_pattern *pattern;
	char longer[PAGE_PATTERN_MAX + 2];
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		const char *wrong =
			page_pattern_parse(*state, texts[i], &pattern);

		if (!wrong || pattern)
			fail_msg("%s", texts[i]);
	}
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_non_null(page_pattern_parse(*state, longer, &pattern));
	longer[sizeof(longer) - 2] = '\0';
	assert_null(page_pattern_parse(*state, longer, &pattern));
	page_pattern_free(pattern);
}

/* A line that is longer than a piece: nothing of it is passed over, and its
 * ends are only those of the line. */
static void long_lines_are_matched_in_pieces(void **state)
{
	char line[10 * PAGE_PATTERN_PIECE];
	size_t at;

	for (at = 0; at + 6 < sizeof(line); at += 131) {
		memset(line, 'a', sizeof(line) - 1);
		line[sizeof(line) - 1] = '\0';
		memcpy(line + at, "needle", 6);
		assert_true(matches(*state, "needle", line));
		assert_int_equal(matches(*state, "^needle", line), at == 0);
		assert_false(matches(*state, "needle$", line));
	}
}

static void a_match_is_cheap(void **state)
{
	static char line[16 * 1024];
	clock_t start = clock();

	memset(line, 'a', sizeof(line) - 1);
	assert_false(matches(*state, "(a*)*(a|aa)*(a+)+b", line));
	/* Or it would take years. */
	assert_true(clock() - start < 100 * CLOCKS_PER_SEC);
}

static bool takes(struct arena *arena, const char *text, const char *id,
	const char *group, const char *name)
{
	struct page_selector selector;
	bool is_taken;

	assert_null(page_selector_parse(arena, text, &selector));
	is_taken = page_selector_takes(&selector, id, group, name);
	page_selector_release(&selector);
	return is_taken;
}

static void selectors_take_ids_and_names(void **state)
{
	assert_true(takes(*state, "k0x2", "k0x2", NULL, "API"));
	assert_false(takes(*state, "K0X2", "k0x2", NULL, "API"));
	assert_true(takes(*state, "api", "k0x2", NULL, "API"));
	assert_true(takes(*state, "eu/api", "k0x2", "EU", "API"));
	assert_false(takes(*state, "eu/api", "k0x2", "US", "API"));
	assert_false(takes(*state, "eu/api", "k0x2", NULL, "API"));
	assert_false(takes(*state, "ap", "k0x2", "EU", "API"));
	assert_false(takes(*state, "apis", "k0x2", "EU", "API"));
	assert_true(takes(*state, "~^a", "k0x2", "EU", "API"));
	assert_true(takes(*state, "~^eu/", "k0x2", "EU", "API"));
	assert_false(takes(*state, "~^k0", "k0x2", "EU", "API"));
}

static void bad_selectors_are_refused(void **state)
{
	struct page_selector selector;

	assert_non_null(page_selector_parse(*state, "", &selector));
	assert_non_null(page_selector_parse(*state, "~", &selector));
	assert_non_null(page_selector_parse(*state, "~(", &selector));
	assert_non_null(page_selector_parse(*state, "\xff", &selector));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_extended),
		cmocka_unit_test(bad_patterns_are_refused),
		cmocka_unit_test(long_lines_are_matched_in_pieces),
		cmocka_unit_test(a_match_is_cheap),
		cmocka_unit_test(selectors_take_ids_and_names),
		cmocka_unit_test(bad_selectors_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
