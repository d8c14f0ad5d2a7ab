/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/page_world.h"

#include <stdlib.h>

#include "tests/unit/page_files.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
};

int world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->arena = arena_new(ARENA_MAX);
	w->page.expect = page_expect_defaults();
	w->page.expect.now_s = WORLD_NOW_S;
	w->page.source.url = "https://status.example.org/";
	w->page.source.host = "status.example.org";
	w->page.source.fetches = &w->fetch;
	w->page.source.n_fetches = 1;
	w->fetch.addr_text = "192.0.2.1";
	w->fetch.family = 4;
	w->fetch.end = PAGE_FETCH_DONE;
	w->fetch.status = 200;
	w->page.probes = w->probes;
	w->page.expect.components = w->components;
	w->page.expect.groups = w->groups;
	w->page.expect.ignored = w->ignored;
	w->page.expect.maps = w->maps;
	*state = w;
	return 0;
}

int world_tear_down(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < WORLD_SELECTORS_MAX; i++) {
		page_selector_release(&w->components[i]);
		page_selector_release(&w->groups[i]);
		page_selector_release(&w->ignored[i]);
	}
	for (i = 0; i < WORLD_PROBES_MAX; i++)
		page_selector_release(&w->probes[i].selector);
	arena_free(w->arena);
	free(w);
	return 0;
}

struct page_document *world_show(struct world *w, const char *name)
{
	struct page_document *doc = page_file_read(w->arena, name);

	w->page.source.document = doc;
	w->fetch.document = doc;
	return doc;
}

static void add_selector(struct world *w, struct page_selector *selectors,
	size_t *n, const char *text)
{
	assert_true(*n < WORLD_SELECTORS_MAX);
	assert_null(page_selector_parse(w->arena, text, &selectors[(*n)++]));
}

struct page_probe *world_probe(
	struct world *w, const char *what, const char *component)
{
	struct page_probe *probe = &w->probes[w->page.n_probes++];

	assert_true(w->page.n_probes <= WORLD_PROBES_MAX);
	probe->what = what;
	probe->component = component;
	probe->key = arena_printf(
		w->arena, "%s=%s", component ? component : "", what);
	probe->end = PAGE_PROBE_UP;
	if (component)
		assert_null(page_selector_parse(
			w->arena, component, &probe->selector));
	return probe;
}

void world_select(struct world *w, const char *component)
{
	add_selector(w, w->components, &w->page.expect.n_components, component);
}

void world_select_group(struct world *w, const char *group)
{
	add_selector(w, w->groups, &w->page.expect.n_groups, group);
}

void world_ignore(struct world *w, const char *component)
{
	add_selector(w, w->ignored, &w->page.expect.n_ignored, component);
}

void world_map(struct world *w, const char *word, enum state state)
{
	assert_true(w->page.expect.n_maps < WORLD_MAPS_MAX);
	w->maps[w->page.expect.n_maps++] = (struct page_map){ word, state };
}

void world_keep_history(struct world *w)
{
	w->page.file.fate = DNS_HISTORY_NEW;
}

enum state world_run(struct world *w)
{
	struct page *page = &w->page;

	page->after = page_remember(w->arena, page);
	judge_init(&w->judge, w->arena, page_rules, n_page_rules, NULL, 0);
	judge_all(&w->judge, page);
	judge_sort(&w->judge);
	if (page->file.fate != DNS_HISTORY_NOT_KEPT) {
		page->before = page->after;
		page->file.fate = DNS_HISTORY_READ;
	}
	return judge_state(&w->judge);
}

enum state world_run_later(struct world *w, int64_t seconds)
{
	w->page.expect.now_s += seconds;
	return world_run(w);
}

/* -- what it came to ------------------------------------------------------ */

static const struct finding *find(const struct judge *judge, const char *id)
{
	size_t i;

	for (i = 0; i < judge->n_findings; i++)
		if (strcmp(judge->findings[i].rule->id, id) == 0)
			return &judge->findings[i];
	return NULL;
}

static bool is_not_judged(const struct judge *judge, const char *id)
{
	size_t i;

	for (i = 0; i < judge->n_not_judged; i++)
		if (strcmp(judge->not_judged[i].rule->id, id) == 0)
			return true;
	return false;
}

static bool is_holding(const struct judge *judge, const char *id)
{
	size_t i;

	for (i = 0; i < judge->n_holding; i++)
		if (strcmp(judge->holding[i]->id, id) == 0)
			return true;
	return false;
}

static void assert_rule(const char *id)
{
	if (!rule_find(page_rules, n_page_rules, id))
		fail_msg("there is no rule %s", id);
}

void world_finds(struct world *w, const char *id, size_t n, enum state state)
{
	size_t found = 0;
	size_t i;

	assert_rule(id);
	for (i = 0; i < w->judge.n_findings; i++) {
		const struct finding *finding = &w->judge.findings[i];

		if (strcmp(finding->rule->id, id) != 0)
			continue;
		found++;
		if (finding->state != state)
			fail_msg("%s is %s: %s", id, state_name(finding->state),
				finding->text);
	}
	if (found != n)
		fail_msg("%s was found %zu times", id, found);
}

void world_holds(struct world *w, const char *id)
{
	const struct finding *finding = find(&w->judge, id);

	assert_rule(id);
	if (finding)
		fail_msg("%s: %s", id, finding->text);
	if (is_not_judged(&w->judge, id))
		fail_msg("%s was not judged", id);
	if (!is_holding(&w->judge, id))
		fail_msg("%s was not asked for", id);
}

void world_not_judged(struct world *w, const char *id)
{
	assert_rule(id);
	if (find(&w->judge, id) || !is_not_judged(&w->judge, id))
		fail_msg("%s was judged", id);
}

void world_not_asked(struct world *w, const char *id)
{
	assert_rule(id);
	if (find(&w->judge, id) || is_not_judged(&w->judge, id) ||
		is_holding(&w->judge, id))
		fail_msg("%s was asked for", id);
}

const char *world_text(struct world *w, const char *id)
{
	const struct finding *finding = find(&w->judge, id);

	if (!finding)
		fail_msg("no finding of %s", id);
	return finding ? finding->text : NULL;
}

const char *world_culprit(struct world *w, const char *id)
{
	const struct finding *finding = find(&w->judge, id);

	if (!finding)
		fail_msg("no finding of %s", id);
	return finding ? finding->culprit.name : NULL;
}
