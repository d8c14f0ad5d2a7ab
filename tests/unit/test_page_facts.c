/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts of a page that were written and read back are the same, and judged the
 * same. */
#include "config.h"

#include <stdio.h>

#include "common/page/rules.h"
#include "page_facts.h"
#include "tests/unit/page_files.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	FACTS_MAX = 4 * 1024 * 1024,
	LINE_BYTES = 200,
};

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static const char *write_facts(struct arena *arena, const struct page *page)
{
	struct text text;
	struct json json;
	const char *copy;

	text_init(&text, FACTS_MAX);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	page_write_facts(&json, page);
	json_close_object(&json);
	assert_false(text.is_cut);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

/* All findings, one a line. */
static const char *judge_facts(struct arena *arena, const struct page *page)
{
	struct judge judge;
	struct text text;
	const char *copy;
	size_t i;

	judge_init(&judge, arena, page_rules, n_page_rules, NULL, 0);
	judge_all(&judge, page);
	judge_sort(&judge);
	text_init(&text, FACTS_MAX);
	for (i = 0; i < judge.n_findings; i++)
		text_printf(&text, "%s %s %s\n", judge.findings[i].rule->id,
			state_name(judge.findings[i].state),
			judge.findings[i].text);
	for (i = 0; i < judge.n_not_judged; i++)
		text_printf(&text, "not judged: %s %s\n",
			judge.not_judged[i].rule->id,
			judge.not_judged[i].reason);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

static struct page read_facts(struct arena *arena, const char *text)
{
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	struct page page;
	const char *wrong;

	if (!root)
		fail_msg("%s", error.text);
	wrong = page_read_facts(arena, root, &page);
	if (wrong)
		fail_msg("%s", wrong);
	json_decref(root);
	return page;
}

static void assert_survives(struct arena *arena, const char *text)
{
	struct page page = read_facts(arena, text);
	const char *written = write_facts(arena, &page);
	struct page back = read_facts(arena, written);

	assert_string_equal(write_facts(arena, &back), written);
	assert_string_equal(
		judge_facts(arena, &back), judge_facts(arena, &page));
	page_release_facts(&page);
	page_release_facts(&back);
}

static void facts_of_all_documents_survive(void **state)
{
	struct arena *arena = *state;
	FILE *stream = fopen(page_file_path(arena, "expected"), "r");
	char line[LINE_BYTES];
	size_t n = 0;

	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream)) {
		struct arena *own;

		if (line[0] == '#')
			continue;
		line[strcspn(line, " \n")] = '\0';
		own = arena_new(ARENA_MAX);
		assert_survives(own, arena_printf(own,
					     "{\"page\": {\"source\": "
					     "{\"document\": \"%s\"}}}",
					     line));
		arena_free(own);
		n++;
	}
	fclose(stream);
	assert_true(n > 150);
}

/* One of everything that a document has not. */
static void other_facts_survive(void **state)
{
	static const char *const texts[] = {
		"{\"page\": {}}",
		"{\"page\": {\"source\": {\"document\": null, \"fetches\": ["
		"{\"end\": \"timed_out\", \"why\": \"no answer\", \"done_us\":"
		" -1}], \"lookup_v6\": \"failed\", \"lookup_why\": \"x\"}}}",
		"{\"page\": {\"source\": {\"says\": {\"page\": {\"id\": \"p\"},"
		" \"incidents\": [{\"id\": \"i\", \"name\": \"n\", \"status\":"
		" \"investigating\", \"incident_updates\": []}]}, \"fetches\":"
		" [{}, {\"addr_text\": \"2001:db8::1\", \"family\": 6,"
		" \"says\": \"oops\"}]}, \"also\": [{\"url\": \"x\","
		" \"document\": \"statuspage/incident.json\"}],"
		" \"control\": {\"url\": \"c\", \"end\": \"timed_out\"}}}",
		"{\"page\": {\"probes\": [{\"end\": \"down\", \"why\": "
		"\"HTTP 503\"}, {\"component\": \"~^API\", \"end\": \"up\"}],"
		" \"before\": {\"format\": \"statuspage\", \"probes\": "
		"[{\"key\": \"=https://www.example.org\", \"is_down\": true,"
		" \"since_s\": 1785750000, \"down_s\": 1785750000}], "
		"\"events\": [{\"id\": \"i\", \"first_s\": 5, \"resolved_s\":"
		" 1785751000, \"affected\": [\"a\"]}]}}}",
		"{\"page\": {\"source\": {\"document\": "
		"\"statuspage/incident.json\"}, \"expect\": {\"is_upstream\": "
		"true, \"components\": [\"API\"], \"groups\": [\"~eu\"], "
		"\"ignored\": [\"Website\"], \"maps\": [{\"word\": \"x\", "
		"\"state\": 2}], \"maintenance\": \"skip\", \"silence\": "
		"{\"warning_s\": 1}, "
		"\"drill_component\": \"API\", \"size_warning\": 5}}}",
		"{\"page\": {\"file\": {\"fate\": \"lost\", \"why\": \"x\", "
		"\"node\": \"n\"}, \"v6\": \"no_route\", \"timeout_stage\": "
		"\"fetch\"}}",
	};
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		assert_survives(*state, texts[i]);
}

static void what_is_left_out_is_well(void **state)
{
	struct page page = read_facts(*state, "{\"page\": {}}");

	assert_string_equal(judge_facts(*state, &page), "");
	assert_ptr_equal(page.source.fetches[0].document, page.source.document);
}

static void what_is_misspelt_is_told(void **state)
{
	static const char *const texts[] = {
		"{\"page\": {\"sauce\": {}}}",
		"{\"page\": {\"source\": {\"document\": \"no/such.json\"}}}",
		"{\"page\": {\"probes\": [{\"end\": \"sideways\"}]}}",
		"{\"page\": {\"expect\": {\"components\": [\"~(\"]}}}",
		"{\"page\": {\"expect\": {\"silence\": {\"warn\": 1}}}}",
	};
	struct page page;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		json_t *root = json_loads(texts[i], 0, NULL);

		if (!page_read_facts(*state, root, &page))
			fail_msg("%s", texts[i]);
		page_release_facts(&page);
		json_decref(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_of_all_documents_survive),
		cmocka_unit_test(other_facts_survive),
		cmocka_unit_test(what_is_left_out_is_well),
		cmocka_unit_test(what_is_misspelt_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
