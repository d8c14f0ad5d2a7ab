/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges every fixture of tests/page-rules, facts and what they are to come to.
 * A folder is a rule's: its bad-*.json must have a finding of that rule, its
 * good-*.json none, and every rule has both. TAP, one case a fixture.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/page/rules.h"
#include "page_facts.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	LINES_MAX = 8192,
};

struct tally {
	unsigned run, failed;
};

static void report_case(struct tally *tally, bool holds, const char *what)
{
	tally->run++;
	tally->failed += !holds;
	printf("%sok %u - %s\n", holds ? "" : "not ", tally->run, what);
}

static const char *or_nothing(const char *text)
{
	return text ? text : "";
}

/* As judge_facts() has it, of what the fixture expects. */
static void tell_expected(struct text *out, json_t *expect)
{
	json_t *value;
	size_t i;

	text_printf(out, "%s\n",
		or_nothing(
			json_string_value(json_object_get(expect, "state"))));
	json_array_foreach(json_object_get(expect, "findings"), i, value)
	{
		text_printf(out, "%s %s %s %s\n",
			json_string_value(json_object_get(value, "rule")),
			json_string_value(json_object_get(value, "state")),
			or_nothing(json_string_value(
				json_object_get(value, "name"))),
			or_nothing(json_string_value(
				json_object_get(value, "address"))));
	}
	json_array_foreach(json_object_get(expect, "not_judged"), i, value)
	{
		text_printf(out, "not judged: %s\n", json_string_value(value));
	}
}

static const char *const state_words[] = {
	[STATE_OK] = "ok",
	[STATE_WARNING] = "warning",
	[STATE_CRITICAL] = "critical",
	[STATE_UNKNOWN] = "unknown",
};

/* In their order: worst first, then that of the table. */
static void tell_judged(struct text *out, const struct judge *judge)
{
	const struct rule *last = NULL;
	size_t i;

	text_printf(out, "%s\n", state_words[judge_state(judge)]);
	for (i = 0; i < judge->n_findings; i++) {
		const struct finding *finding = &judge->findings[i];

		text_printf(out, "%s %s %s %s\n", finding->rule->id,
			state_words[finding->state],
			or_nothing(finding->culprit.name),
			or_nothing(finding->culprit.address));
	}
	for (i = 0; i < judge->n_not_judged; i++) {
		if (judge->not_judged[i].rule != last)
			text_printf(out, "not judged: %s\n",
				judge->not_judged[i].rule->id);
		last = judge->not_judged[i].rule;
	}
}

static bool finds(const struct judge *judge, const char *rule)
{
	size_t i;

	for (i = 0; i < judge->n_findings; i++)
		if (strcmp(judge->findings[i].rule->id, rule) == 0)
			return true;
	return false;
}

static bool fixture_holds(
	struct arena *arena, json_t *fixture, const char *rule, bool is_bad)
{
	struct text got, expected;
	struct judge judge;
	struct page page;
	const char *wrong = page_read_facts(
		arena, json_object_get(fixture, "facts"), &page);
	bool holds;

	if (wrong) {
		printf("# %s\n", wrong);
		return false;
	}
	judge_init(&judge, arena, page_rules, n_page_rules, NULL, 0);
	judge_all(&judge, &page);
	judge_sort(&judge);
	text_init(&got, LINES_MAX);
	text_init(&expected, LINES_MAX);
	tell_judged(&got, &judge);
	tell_expected(&expected, json_object_get(fixture, "expect"));
	holds = strcmp(got.data, expected.data) == 0 &&
		finds(&judge, rule) == is_bad;
	if (!holds)
		printf("# got:\n# %s\n# expected:\n# %s\n", got.data,
			expected.data);
	text_release(&got);
	text_release(&expected);
	page_release_facts(&page);
	return holds;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void run_fixture(struct tally *tally, const char *path, const char *rule)
{
	struct arena *arena = arena_new(ARENA_MAX);
	const char *file = strrchr(path, '/') + 1;
	json_error_t error;
	json_t *fixture = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	bool holds = false;

	if (!fixture)
		printf("# line %d: %s\n", error.line, error.text);
	else
		holds = fixture_holds(
			arena, fixture, rule, begins(file, "bad-"));
	report_case(tally, holds, arena_printf(arena, "%s/%s", rule, file));
	json_decref(fixture);
	arena_free(arena);
}

/* A rule without a judge function is judged by whoever calls for it. */
static void run_rule(
	struct tally *tally, const char *root, const struct rule *rule)
{
	struct arena *arena = arena_new(ARENA_MAX);
	const char *path = arena_printf(arena, "%s/%s", root, rule->id);
	struct dirent **files = NULL;
	int n = rule->judge ? scandir(path, &files, NULL, alphasort) : 0;
	unsigned bad = 0;
	unsigned good = 0;
	int i;

	for (i = 0; i < n; i++) {
		const char *name = files[i]->d_name;

		bad += begins(name, "bad-");
		good += begins(name, "good-");
		if (name[0] != '.')
			run_fixture(tally,
				arena_printf(arena, "%s/%s", path, name),
				rule->id);
		free(files[i]);
	}
	free(files);
	if (rule->judge)
		report_case(tally, bad > 0 && good > 0,
			arena_printf(arena, "%s has a bad and a good fixture",
				rule->id));
	arena_free(arena);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	struct arena *arena = arena_new(ARENA_MAX);
	const char *root =
		arena_printf(arena, "%s/tests/page-rules", top ? top : ".");
	struct tally tally = { 0 };
	size_t i;

	for (i = 0; i < n_page_rules; i++)
		run_rule(&tally, root, &page_rules[i]);
	printf("1..%u\n", tally.run);
	arena_free(arena);
	return tally.failed > 0;
}
