/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges every fixture of tests/rules: facts and what they are to come to. A
 * folder is a rule's: its bad-*.json must have a finding of that rule, its
 * good-*.json none. Facts with a member "secondary" are judged by the rules of
 * check_dns_secondary, those with a member "mx" by check_mx's, those with a
 * member "flow" by check_mail_flow's, with a member "page" by
 * check_status_page's, others by those of check_dns_delegation. Those in
 * "providers" are healthy domains and pages as they are in the field,
 * delegations judged by both of their tables. What is
 * expected is the exact set of findings and of rules that were not judged.
 * TAP, one case a fixture.
 */
#include "config.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/secondary.h"
#include "common/judge/judge.h"
#include "flow_short.h"
#include "mx_short.h"
#ifdef TEST_PAGES
#	include "page_facts.h"
#endif
#include "secondary_read.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	FACTS_MAX = 1024 * 1024,
	ENTRIES_MAX = 1000,
	LINE_BYTES = 512,
};

/* What a run of the rules comes to, as sorted lines to be compared. */
struct verdict {
	enum state state;
	size_t n_findings, n_not_judged;
	char findings[ENTRIES_MAX][LINE_BYTES];
	char not_judged[ENTRIES_MAX][LINE_BYTES];
};

struct tally {
	unsigned run, failed;
};

/* How many fixtures of a folder are judged by one table. */
struct supply {
	unsigned bad, good;
};

/* Whose facts they are; rules take the address of any of them. */
union facts {
	struct delegation d;
	struct secondary s;
	struct mx mx;
	struct flow flow;
#ifdef TEST_PAGES
	struct page page;
#endif
};

enum plugin {
	DELEGATION,
	SECONDARY,
	MX,
	FLOW,
	PAGE,
	PLUGINS,
};

/* What is different between the plugins. */
struct table {
	const struct rule *rules;
	size_t n_rules;
	const char *(*read)(
		struct arena *arena, json_t *json, union facts *facts);
	/* NULL: they are not written anywhere. */
	void (*write)(struct json *json, const union facts *facts);
	void (*measure)(struct judge *judge, const union facts *facts);
	const char *(*timeout_stage)(const union facts *facts);
	void (*release)(union facts *facts); /* NULL: all is the arena's */
};

static const char *read_delegation(
	struct arena *arena, json_t *json, union facts *facts)
{
	facts->d = (struct delegation){ 0 };
	return facts_read(arena, json, &facts->d);
}

static void write_delegation(struct json *json, const union facts *facts)
{
	delegation_write_facts(json, &facts->d);
}

static void measure_delegation(struct judge *judge, const union facts *facts)
{
	delegation_measure(judge, &facts->d);
}

static const char *stage_of_delegation(const union facts *facts)
{
	return facts->d.timeout_stage;
}

static const char *read_secondary(
	struct arena *arena, json_t *json, union facts *facts)
{
	return secondary_read(arena, json, &facts->s);
}

static void write_secondary(struct json *json, const union facts *facts)
{
	secondary_write_facts(json, &facts->s);
}

static void measure_secondary(struct judge *judge, const union facts *facts)
{
	secondary_measure(judge, &facts->s);
}

static const char *stage_of_secondary(const union facts *facts)
{
	return facts->s.d.timeout_stage;
}

static const char *read_mx(
	struct arena *arena, json_t *json, union facts *facts)
{
	return mx_short_read(arena, json, &facts->mx);
}

static void write_mx(struct json *json, const union facts *facts)
{
	mx_write_facts(json, &facts->mx);
}

static void measure_mx(struct judge *judge, const union facts *facts)
{
	mx_measure(judge, &facts->mx);
}

static const char *stage_of_mx(const union facts *facts)
{
	return facts->mx.timeout_stage;
}

static const char *read_flow(
	struct arena *arena, json_t *json, union facts *facts)
{
	return flow_short_read(arena, json, &facts->flow);
}

static void measure_flow(struct judge *judge, const union facts *facts)
{
	flow_measure(judge, &facts->flow);
}

static const char *stage_of_flow(const union facts *facts)
{
	return facts->flow.timeout_stage;
}

#ifdef TEST_PAGES
static const char *read_page(
	struct arena *arena, json_t *json, union facts *facts)
{
	return page_read_facts(arena, json, &facts->page);
}

static void write_page(struct json *json, const union facts *facts)
{
	page_write_facts(json, &facts->page);
}

static void measure_page(struct judge *judge, const union facts *facts)
{
	page_measure(judge, &facts->page);
}

static const char *stage_of_page(const union facts *facts)
{
	return facts->page.timeout_stage;
}

static void release_page(union facts *facts)
{
	page_release_facts(&facts->page);
}

static struct table page_table(void)
{
	return (struct table){ page_rules, n_page_rules, read_page, write_page,
		measure_page, stage_of_page, release_page };
}
#else
/* Without expat there is no reader of pages: none of them is judged. */
static struct table page_table(void)
{
	return (struct table){ .n_rules = 0 };
}
#endif

static enum plugin plugin_of(json_t *facts)
{
	if (json_object_get(facts, "flow"))
		return FLOW;
	if (json_object_get(facts, "page"))
		return PAGE;
	if (json_object_get(facts, "mx"))
		return MX;
	return json_object_get(facts, "secondary") ? SECONDARY : DELEGATION;
}

static struct table table_of(json_t *facts)
{
	switch (plugin_of(facts)) {
	case FLOW:
		return (struct table){ flow_rules, n_flow_rules, read_flow,
			NULL, measure_flow, stage_of_flow, NULL };
	case MX:
		return (struct table){ mx_rules, n_mx_rules, read_mx, write_mx,
			measure_mx, stage_of_mx, NULL };
	case SECONDARY:
		return (struct table){ secondary_rules, n_secondary_rules,
			read_secondary, write_secondary, measure_secondary,
			stage_of_secondary, NULL };
	case PAGE:
		return page_table();
	case DELEGATION:
	case PLUGINS:
		break;
	}
	return (struct table){ delegation_rules, n_delegation_rules,
		read_delegation, write_delegation, measure_delegation,
		stage_of_delegation, NULL };
}

static void release(const struct table *table, union facts *facts)
{
	if (table->release)
		table->release(facts);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

static size_t sort_unique(char (*lines)[LINE_BYTES], size_t n)
{
	size_t kept = 0;
	size_t i;

	qsort(lines, n, LINE_BYTES, compare_lines);
	for (i = 0; i < n; i++)
		if (kept == 0 || strcmp(lines[kept - 1], lines[i]) != 0)
			memmove(lines[kept++], lines[i], LINE_BYTES);
	return kept;
}

static void say_finding(char line[static LINE_BYTES], const char *rule,
	const char *state, const char *name, const char *address)
{
	snprintf(line, LINE_BYTES, "%s %s %s %s", rule, state,
		name ? name : "-", address ? address : "-");
}

static void judge_facts(struct arena *arena, const struct table *table,
	const union facts *facts, struct verdict *out)
{
	const char *stage = table->timeout_stage(facts);
	struct judge judge;
	size_t i;

	judge_init(&judge, arena, table->rules, table->n_rules, NULL, 0);
	judge_all(&judge, facts);
	judge_sort(&judge);
	if (stage)
		judge_timed_out(&judge, stage, STATE_UNKNOWN);
	table->measure(&judge, facts);
	out->state = judge_state(&judge);
	out->n_findings = out->n_not_judged = 0;
	for (i = 0; i < judge.n_findings && i < ENTRIES_MAX; i++)
		say_finding(out->findings[out->n_findings++],
			judge.findings[i].rule->id,
			state_name(judge.findings[i].state),
			judge.findings[i].culprit.name,
			judge.findings[i].culprit.address);
	for (i = 0; i < judge.n_not_judged && i < ENTRIES_MAX; i++)
		snprintf(out->not_judged[out->n_not_judged++], LINE_BYTES, "%s",
			judge.not_judged[i].rule->id);
	out->n_findings = sort_unique(out->findings, out->n_findings);
	out->n_not_judged = sort_unique(out->not_judged, out->n_not_judged);
}

static const char *member(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The fixture's "expect": all of it optional but the state. */
static bool read_expected(json_t *expect, struct verdict *out)
{
	const char *state = member(expect, "state");
	json_t *value;
	size_t i;

	out->n_findings = out->n_not_judged = 0;
	json_array_foreach(json_object_get(expect, "findings"), i, value)
	{
		const char *rule = member(value, "rule");
		const char *as = member(value, "state");
		enum state finding;

		if (!rule || !as || !state_parse(as, &finding) ||
			i == ENTRIES_MAX)
			return false;
		say_finding(out->findings[out->n_findings++], rule,
			state_name(finding), member(value, "name"),
			member(value, "address"));
	}
	json_array_foreach(json_object_get(expect, "not_judged"), i, value)
	{
		if (!json_is_string(value) || i == ENTRIES_MAX)
			return false;
		snprintf(out->not_judged[out->n_not_judged++], LINE_BYTES, "%s",
			json_string_value(value));
	}
	out->n_findings = sort_unique(out->findings, out->n_findings);
	out->n_not_judged = sort_unique(out->not_judged, out->n_not_judged);
	return state && state_parse(state, &out->state);
}

/* Lines of the one that are not in the other, as TAP comments. */
static unsigned show_missing(const char *label, char (*in)[LINE_BYTES],
	size_t n_in, char (*other)[LINE_BYTES], size_t n_other)
{
	unsigned missing = 0;
	size_t i;

	for (i = 0; i < n_in; i++) {
		if (bsearch(in[i], other, n_other, LINE_BYTES, compare_lines))
			continue;
		printf("# %s: %s\n", label, in[i]);
		missing++;
	}
	return missing;
}

static bool same_verdict(
	struct verdict *got, struct verdict *expected, bool any_not_judged)
{
	unsigned wrong = 0;

	wrong += show_missing("unexpected", got->findings, got->n_findings,
		expected->findings, expected->n_findings);
	wrong += show_missing("missing", expected->findings,
		expected->n_findings, got->findings, got->n_findings);
	if (!any_not_judged) {
		wrong += show_missing("unexpectedly not judged",
			got->not_judged, got->n_not_judged,
			expected->not_judged, expected->n_not_judged);
		wrong += show_missing("judged", expected->not_judged,
			expected->n_not_judged, got->not_judged,
			got->n_not_judged);
	}
	if (got->state != expected->state) {
		printf("# state %s, expected %s\n", state_name(got->state),
			state_name(expected->state));
		wrong++;
	}
	return wrong == 0;
}

static const char *write_facts(struct arena *arena, const struct table *table,
	const union facts *facts)
{
	struct text text;
	struct json json;
	const char *copy;

	text_init(&text, FACTS_MAX);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	table->write(&json, facts);
	json_close_object(&json);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

/* Facts that were written and read back are the same, and judged the same. */
static bool survives_round_trip(struct arena *arena, const struct table *table,
	const union facts *facts, struct verdict *expected)
{
	struct verdict *again = arena_alloc(arena, sizeof(*again));
	const char *written, *wrong;
	union facts back;
	json_t *read;
	bool is_same;

	if (!table->write)
		return true;
	written = write_facts(arena, table, facts);
	read = json_loads(written, JSON_REJECT_DUPLICATES, NULL);
	wrong = read ? table->read(arena, read, &back) : "no JSON";
	json_decref(read);
	if (wrong) {
		printf("# written facts can't be read: %s\n", wrong);
		return false;
	}
	is_same = strcmp(write_facts(arena, table, &back), written) == 0;
	if (!is_same)
		printf("# facts change when written and read\n");
	judge_facts(arena, table, &back, again);
	release(table, &back);
	return is_same && same_verdict(again, expected, false);
}

static bool finds(const struct verdict *verdict, const char *rule)
{
	size_t len = strlen(rule);
	size_t i;

	for (i = 0; i < verdict->n_findings; i++)
		if (strncmp(verdict->findings[i], rule, len) == 0 &&
			verdict->findings[i][len] == ' ')
			return true;
	return false;
}

static bool fixture_holds(struct arena *arena, json_t *fixture,
	const char *folder, const char *file)
{
	struct verdict *got = arena_alloc(arena, sizeof(*got));
	struct verdict *expected = arena_alloc(arena, sizeof(*expected));
	json_t *expect = json_object_get(fixture, "expect");
	const char *not_judged = member(expect, "not_judged");
	bool is_bad = strncmp(file, "bad-", 4) == 0;
	bool is_rule = strcmp(folder, "providers") != 0;
	json_t *json = json_object_get(fixture, "facts");
	const struct table table = table_of(json);
	union facts facts;
	const char *wrong = table.read ? table.read(arena, json, &facts) : NULL;
	bool holds;

	if (table.n_rules == 0)
		return true;
	if (wrong || !read_expected(expect, expected)) {
		printf("# the fixture can't be read: %s\n",
			wrong ? wrong : "expect");
		return false;
	}
	judge_facts(arena, &table, &facts, got);
	holds = !is_rule || finds(got, folder) == is_bad;
	if (!holds)
		printf("# has %s finding of %s\n", is_bad ? "no" : "a", folder);
	holds = same_verdict(got, expected,
			not_judged && strcmp(not_judged, "any") == 0) &&
		survives_round_trip(arena, &table, &facts, got) && holds;
	release(&table, &facts);
	return holds;
}

/* A delegation of the field, whose servers do not tell when they expire; with
 * what its user says to check_dns_secondary in "secondary". */
static bool provider_carries(struct arena *arena, json_t *fixture)
{
	struct verdict *got = arena_alloc(arena, sizeof(*got));
	json_t *json = json_object_get(fixture, "facts");
	json_t *own = json_object_get(fixture, "secondary");
	struct table table;
	union facts facts;
	const char *wrong;
	size_t i;

	json_object_set_new(json, "secondary",
		json_pack("{s:{s:b}}", "each", "has_expire", 0));
	json_object_update(json_object_get(json, "secondary"), own);
	table = table_of(json);
	wrong = table.read(arena, json, &facts);
	if (wrong) {
		printf("# the fixture can't be read: %s\n", wrong);
		return false;
	}
	judge_facts(arena, &table, &facts, got);
	for (i = 0; got->state != STATE_OK && i < got->n_findings; i++)
		printf("# %s\n", got->findings[i]);
	return got->state == STATE_OK &&
	       survives_round_trip(arena, &table, &facts, got);
}

static void report_case(
	struct tally *tally, bool holds, const char *folder, const char *what)
{
	tally->run++;
	tally->failed += !holds;
	printf("%sok %u - %s/%s\n", holds ? "" : "not ", tally->run, folder,
		what);
}

/* Counts it in the supply of the plugin's rules. */
static void count_fixture(struct supply supplies[static PLUGINS],
	json_t *fixture, const char *file)
{
	json_t *facts = json_object_get(fixture, "facts");
	struct supply *supply = &supplies[plugin_of(facts)];

	supply->bad += strncmp(file, "bad-", 4) == 0;
	supply->good += strncmp(file, "good-", 5) == 0;
}

static void run_fixture(struct tally *tally, const char *path,
	const char *folder, struct supply supplies[static PLUGINS])
{
	struct arena *arena = arena_new(ARENA_MAX);
	const char *file = strrchr(path, '/') + 1;
	json_error_t error;
	json_t *fixture = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	json_t *facts = json_object_get(fixture, "facts");
	bool holds = false;

	if (fixture && table_of(facts).n_rules == 0)
		file = arena_printf(arena, "%s # SKIP no reader", file);
	if (fixture)
		holds = fixture_holds(arena, fixture, folder, file);
	else
		printf("# line %d: %s\n", error.line, error.text);
	report_case(tally, holds, folder, file);
	count_fixture(supplies, fixture, file);
	if (fixture && strcmp(folder, "providers") == 0 &&
		plugin_of(facts) == DELEGATION)
		report_case(tally, provider_carries(arena, fixture), folder,
			arena_printf(arena, "%s, its secondaries", file));
	json_decref(fixture);
	arena_free(arena);
}

static int is_fixture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".json") == 0;
}

static int is_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !strchr(entry->d_name, '.');
}

/* A rule without a judge function is judged by whoever calls for it. */
static bool is_judged(const struct rule *rules, size_t n_rules, const char *id)
{
	const struct rule *rule = rule_find(rules, n_rules, id);

	return rule && rule->judge;
}

/* Not where it is the very rule of a delegation. */
static bool is_judged_of_secondaries(const char *id)
{
	const struct rule *rule =
		rule_find(delegation_rules, n_delegation_rules, id);
	const struct rule *own =
		rule_find(secondary_rules, n_secondary_rules, id);

	return is_judged(secondary_rules, n_secondary_rules, id) &&
	       !(rule && rule->judge == own->judge);
}

static bool is_enough(const struct supply *supply)
{
	return supply->bad > 0 && supply->good > 0;
}

/* Where no page can be judged: whether there are fixtures of one. */
static bool is_page_rule(const char *id, const struct supply *supply)
{
	const struct table pages = page_table();

	return rule_find(pages.rules, pages.n_rules, id) ||
	       (pages.n_rules == 0 && is_enough(supply));
}

static void check_supply(
	struct tally *tally, const char *folder, const struct supply supplies[])
{
	const struct table pages = page_table();

	if (strcmp(folder, "providers") == 0)
		return;
	if (!rule_find(delegation_rules, n_delegation_rules, folder) &&
		!rule_find(secondary_rules, n_secondary_rules, folder) &&
		!rule_find(mx_rules, n_mx_rules, folder) &&
		!is_page_rule(folder, &supplies[PAGE]) &&
		!rule_find(flow_rules, n_flow_rules, folder))
		report_case(tally, false, folder, "is the folder of a rule");
	if (is_judged(delegation_rules, n_delegation_rules, folder))
		report_case(tally, is_enough(&supplies[DELEGATION]), folder,
			"has a bad and a good fixture");
	if (is_judged_of_secondaries(folder))
		report_case(tally, is_enough(&supplies[SECONDARY]), folder,
			"has a bad and a good fixture of secondaries");
	if (is_judged(mx_rules, n_mx_rules, folder))
		report_case(tally, is_enough(&supplies[MX]), folder,
			"has a bad and a good fixture of exchangers");
	if (is_judged(flow_rules, n_flow_rules, folder))
		report_case(tally, is_enough(&supplies[FLOW]), folder,
			"has a bad and a good fixture of a flow");
	if (is_judged(pages.rules, pages.n_rules, folder))
		report_case(tally, is_enough(&supplies[PAGE]), folder,
			"has a bad and a good fixture of pages");
}

/* Runs a folder's fixtures; a rule's folder needs a bad and a good one. */
static void run_folder(
	struct tally *tally, const char *root, const char *folder)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct dirent **files = NULL;
	int n = scandir(arena_printf(arena, "%s/%s", root, folder), &files,
		is_fixture, alphasort);
	struct supply supplies[PLUGINS] = { { 0 } };
	int i;

	/* A build in the tree leaves this program here. */
	if (n < 0) {
		arena_free(arena);
		return;
	}
	for (i = 0; i < n; i++) {
		run_fixture(tally,
			arena_printf(arena, "%s/%s/%s", root, folder,
				files[i]->d_name),
			folder, supplies);
		free(files[i]);
	}
	free(files);
	check_supply(tally, folder, supplies);
	arena_free(arena);
}

static void check_rules_covered(struct tally *tally, const char *root,
	const struct rule *rules, size_t n_rules)
{
	struct arena *arena = arena_new(ARENA_MAX);
	size_t i;

	for (i = 0; i < n_rules; i++) {
		const char *id = rules[i].id;
		DIR *folder = opendir(arena_printf(arena, "%s/%s", root, id));

		if (rules[i].judge)
			report_case(tally, folder != NULL, id, "has fixtures");
		if (folder)
			closedir(folder);
	}
	arena_free(arena);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	struct arena *arena = arena_new(ARENA_MAX);
	const char *root =
		arena_printf(arena, "%s/tests/rules", top ? top : ".");
	struct dirent **folders = NULL;
	struct tally tally = { 0 };
	const struct table pages = page_table();
	int n = scandir(root, &folders, is_folder, alphasort);
	int i;

	for (i = 0; i < n; i++) {
		run_folder(&tally, root, folders[i]->d_name);
		free(folders[i]);
	}
	free(folders);
	check_rules_covered(&tally, root, delegation_rules, n_delegation_rules);
	check_rules_covered(&tally, root, secondary_rules, n_secondary_rules);
	check_rules_covered(&tally, root, mx_rules, n_mx_rules);
	check_rules_covered(&tally, root, flow_rules, n_flow_rules);
	check_rules_covered(&tally, root, pages.rules, pages.n_rules);
	printf("1..%u\n", tally.run);
	arena_free(arena);
	return n <= 0 || tally.failed > 0;
}
