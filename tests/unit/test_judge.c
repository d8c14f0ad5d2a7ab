/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#include <math.h>

#include "common/judge/judge.h"

/* ---- states ---- */

static void worst_of_all_pairs(void **state)
{
	static const enum state order[] = { STATE_OK, STATE_UNKNOWN,
		STATE_WARNING, STATE_CRITICAL };

	(void)state;
	for (size_t a = 0; a < COUNT(order); a++) {
		assert_int_equal(state_rank(order[a]), a);
		for (size_t b = 0; b < COUNT(order); b++)
			assert_int_equal(state_worst(order[a], order[b]),
				order[a > b ? a : b]);
	}
}

static void states_are_read_and_named(void **state)
{
	static const char *const bad[] = { "", "OK", "Warning", "4", "-1", "00",
		"ok ", "crit" };
	static const struct {
		const char *word, *digit, *name;
		enum state value;
	} rows[] = {
		{ "ok", "0", "OK", STATE_OK },
		{ "warning", "1", "WARNING", STATE_WARNING },
		{ "critical", "2", "CRITICAL", STATE_CRITICAL },
		{ "unknown", "3", "UNKNOWN", STATE_UNKNOWN },
	};
	enum state value;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(state_parse(rows[i].word, &value));
		assert_int_equal(value, rows[i].value);
		assert_true(state_parse(rows[i].digit, &value));
		assert_int_equal(value, rows[i].value);
		assert_int_equal(rows[i].value, i); /* the exit code */
		assert_string_equal(state_name(value), rows[i].name);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(state_parse(bad[i], &value));
}

/* ---- ranges ---- */

static void ranges_are_the_guidelines(void **state)
{
	/* What alerts at -1, 0, 5, 10, 15, 20 and 25. */
	static const struct {
		const char *typed;
		const char *alerts;
		const char *printed;
	} rows[] = {
		{ "10", "X...XXX", "10" },
		{ "010", "X...XXX", "10" },
		{ "0:10", "X...XXX", "10" },
		{ ":10", "X...XXX", "10" },
		{ "10:", "XXX....", "10:" },
		{ "0:", "X......", "0:" },
		{ "~:", ".......", "~:" },
		{ "~:10", "....XXX", "~:10" },
		{ "10:20", "XXX...X", "10:20" },
		{ "@10:20", "...XXX.", "@10:20" },
		{ "@10", ".XXX...", "@10" },
		{ "@~:0", "XX.....", "@~:0" },
		{ "-1:5", "...XXXX", "-1:5" },
		{ "-5:-1", ".XXXXXX", "-5:-1" },
		{ "0", "X.XXXXX", "0" },
		{ "10:10", "XXX.XXX", "10:10" },
		{ "9.5:15.5", "XXX..XX", "9.5:15.5" },
		{ "10s:20s", "XXX...X", "10:20" },
		{ "10000ms:", "XXX....", "10:" },
		{ "1m", "X......", "60" },
		{ "2d:", "XXXXXXX", "172800:" },
		{ "-1s:5s", "...XXXX", "-1:5" },
	};
	static const double values[] = { -1, 0, 5, 10, 15, 20, 25 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct range range;
		struct text text;

		assert_null(range_parse(rows[i].typed, false, &range));
		for (size_t v = 0; v < COUNT(values); v++)
			assert_int_equal(range_alerts(&range, values[v]),
				rows[i].alerts[v] == 'X');
		text_init(&text, 100);
		range_print(&text, &range);
		assert_string_equal(text.data, rows[i].printed);
		text_release(&text);
	}
}

static void wrong_ranges_are_refused(void **state)
{
	static const char *const bad[] = { "", "@", ":", "@:", "~", "20:10",
		"-5", "10%", "5,5", "10:~", "1:2:3", "a", "10:b", "@@10",
		"10:@20", " 10", "10 ", "1e3", "0x10", "--5", "~~:10", "10..20",
		"5x", "5min", "nan", "inf", "10s:9s", "-:5",
		"00000000000000000000000000000000000000000000000001:2" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct range range = { .low = 42 };

		assert_non_null(range_parse(bad[i], false, &range));
		assert_false(range.is_set);
		assert_true(range.low > 41 && range.low < 43);
	}
}

static void bare_value_where_less_is_worse(void **state)
{
	struct range range;

	(void)state;
	assert_null(range_parse("10", true, &range));
	assert_true(range_alerts(&range, 9.9));
	assert_false(range_alerts(&range, 10));
	assert_false(range_alerts(&range, 1e9));
	assert_null(range_parse("-5", true, &range));
	assert_true(range_alerts(&range, -6));
	/* All other forms are what they are. */
	assert_null(range_parse(":10", true, &range));
	assert_true(range_alerts(&range, 11));
	assert_null(range_parse("@10", true, &range));
	assert_true(range_alerts(&range, 9));
}

static void unset_range_never_alerts(void **state)
{
	struct range range = { 0 };
	struct text text;

	(void)state;
	assert_false(range_alerts(&range, 5));
	text_init(&text, 10);
	range_print(&text, &range);
	assert_int_equal(text.len, 0);
	text_release(&text);
}

/* ---- rules ---- */

/* What the rules of this test find. */
struct facts {
	struct culprit culprits[8];
	size_t n;
	bool is_blind; /* the essential rule is not judged */
	bool is_unasked;
};

static void judge_each(struct judge *judge, const void *arg)
{
	const struct facts *facts = arg;

	for (size_t i = 0; i < facts->n; i++)
		judge_finding(judge, facts->culprits[i], "number %zu", i);
}

static void judge_graded(struct judge *judge, const void *arg)
{
	const struct facts *facts = arg;

	if (facts->n > 1)
		judge_finding_as(judge, STATE_CRITICAL, facts->culprits[0],
			"a|b\n%s", "<c>");
}

static void judge_essential(struct judge *judge, const void *arg)
{
	const struct facts *facts = arg;

	if (!facts->is_blind)
		return;
	judge_not_judged(judge, "192.0.2.1", "no %s", "route");
	judge_not_judged(judge, "192.0.2.1", "no route");
	judge_not_judged(judge, "192.0.2.1", "no answer");
	judge_not_judged(judge, NULL, "no route");
}

static void judge_partly(struct judge *judge, const void *arg)
{
	const struct facts *facts = arg;

	if (facts->is_blind)
		judge_not_judged(judge, "IPv6", "no route");
	if (facts->is_unasked)
		judge_not_asked(judge);
}

static const struct rule rules[] = {
	{ "essential", STATE_CRITICAL, true, "t", "r", judge_essential },
	{ "each", STATE_WARNING, false, "t", "r", judge_each },
	{ "graded", STATE_WARNING, false, "t", "r", judge_graded },
	{ "partly", STATE_WARNING, false, "t", "r", judge_partly },
	{ "threshold", STATE_WARNING, false, "t", "r", NULL },
};

struct fixture {
	struct arena *arena;
	struct judge judge;
	struct override overrides[8];
	size_t n_overrides;
};

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_new(1 << 20);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	test_free(f);
	return 0;
}

static void override_by(struct fixture *f, const char *typed)
{
	assert_null(override_parse(f->arena, rules, COUNT(rules), typed,
		&f->overrides[f->n_overrides]));
	f->n_overrides++;
}

static void judge_them(struct fixture *f, const struct facts *facts)
{
	judge_init(&f->judge, f->arena, rules, COUNT(rules), f->overrides,
		f->n_overrides);
	judge_all(&f->judge, facts);
	judge_sort(&f->judge);
}

static void rule_that_finds_nothing_holds(void **state)
{
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	judge_them(f, &facts);
	assert_int_equal(f->judge.n_findings, 0);
	assert_int_equal(f->judge.n_not_judged, 0);
	assert_int_equal(f->judge.n_holding, 4);
	assert_ptr_equal(f->judge.holding[1], &rules[1]);
	assert_int_equal(judge_state(&f->judge), STATE_OK);
}

/* What takes an option that was not given is not said to hold. */
static void rule_that_nobody_asked_for_says_nothing(void **state)
{
	const struct facts facts = { .is_unasked = true };
	struct fixture *f = *state;
	size_t i;

	judge_them(f, &facts);
	assert_int_equal(f->judge.n_not_judged, 0);
	assert_int_equal(f->judge.n_holding, 3);
	for (i = 0; i < f->judge.n_holding; i++)
		assert_string_not_equal(f->judge.holding[i]->id, "partly");
}

static void findings_are_sorted_and_clean(void **state)
{
	const struct facts facts = {
		.culprits = { { "ns2.example.net", "192.0.2.2" },
			{ "ns1.example.net", "192.0.2.9" },
			{ "ns1.example.net", "192.0.2.1" } },
		.n = 3,
	};
	struct fixture *f = *state;

	judge_them(f, &facts);
	assert_int_equal(f->judge.n_findings, 4);
	assert_string_equal(f->judge.findings[0].rule->id, "graded");
	assert_int_equal(f->judge.findings[0].state, STATE_CRITICAL);
	assert_string_equal(f->judge.findings[0].text, "a!b (c)");
	assert_string_equal(f->judge.findings[1].culprit.address, "192.0.2.1");
	assert_string_equal(f->judge.findings[2].culprit.address, "192.0.2.9");
	assert_string_equal(f->judge.findings[3].culprit.address, "192.0.2.2");
	assert_string_equal(f->judge.findings[3].text, "number 0");
	assert_int_equal(judge_state(&f->judge), STATE_CRITICAL);
}

static void judge_from_behind(struct judge *judge, const void *arg)
{
	const unsigned *n = arg;

	for (unsigned i = 0; i < *n; i++) {
		judge->rank = *n - i;
		judge_finding(
			judge, (struct culprit){ "ns.example", NULL }, "%u", i);
	}
}

static void judge_without_rank(struct judge *judge, const void *arg)
{
	(void)arg;
	judge_finding(judge, (struct culprit){ "b.example", NULL }, "b");
	judge->rank = 1;
	judge_finding(judge, (struct culprit){ "a.example", NULL }, "a");
}

static void ranks_come_before_culprits(void **state)
{
	static const struct rule ranked[] = {
		{ "ranked", STATE_WARNING, false, "t", "r", judge_from_behind },
		{ "plain", STATE_WARNING, false, "t", "r", judge_without_rank },
	};
	static const char *const order[] = { "2", "1", "0", "b", "a" };
	const unsigned n = 3;
	struct fixture *f = *state;

	judge_init(&f->judge, f->arena, ranked, COUNT(ranked), NULL, 0);
	judge_all(&f->judge, &n);
	judge_sort(&f->judge);
	assert_int_equal(f->judge.n_findings, COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++)
		assert_string_equal(f->judge.findings[i].text, order[i]);
	assert_int_equal(f->judge.findings[3].rank, 0);
}

/* Many findings: the arrays grow. */
static void judge_many(struct judge *judge, const void *arg)
{
	const size_t *n = arg;

	for (size_t i = 0; i < *n; i++) {
		judge_finding(judge, (struct culprit){ NULL, NULL }, "%05zu",
			*n - 1 - i);
		judge_not_judged(judge, "IPv6", "%zu", i);
	}
}

static void lists_grow(void **state)
{
	static const struct rule many = { "many", STATE_WARNING, false, "t",
		"r", judge_many };
	const size_t n = 1000;
	struct fixture *f = *state;

	judge_init(&f->judge, f->arena, &many, 1, NULL, 0);
	judge_all(&f->judge, &n);
	judge_sort(&f->judge);
	assert_int_equal(f->judge.n_findings, n);
	assert_int_equal(f->judge.n_not_judged, n);
	assert_string_equal(f->judge.findings[0].text, "00000");
	assert_string_equal(f->judge.findings[999].text, "00999");
	assert_string_equal(f->judge.not_judged[999].reason, "999");
}

static void essential_not_judged_is_unknown(void **state)
{
	const struct facts blind = { .is_blind = true };
	const struct facts bad = { .is_blind = true, .n = 1 };
	struct fixture *f = *state;

	judge_them(f, &blind);
	/* The one that was given twice counts once. */
	assert_int_equal(f->judge.n_not_judged, 4);
	assert_int_equal(f->judge.n_holding, 2);
	assert_true(judge_lacks_essential(&f->judge));
	assert_int_equal(judge_state(&f->judge), STATE_UNKNOWN);
	/* A finding is worse. */
	judge_them(f, &bad);
	assert_int_equal(judge_state(&f->judge), STATE_WARNING);
}

static void ignored_rule_is_not_missed(void **state)
{
	const struct facts blind = { .is_blind = true };
	struct fixture *f = *state;

	override_by(f, "essential=ignore");
	judge_them(f, &blind);
	assert_int_equal(f->judge.n_not_judged, 1); /* that of "partly" */
	assert_int_equal(judge_state(&f->judge), STATE_OK);
}

static void ignoring_one_culprit_leaves_the_rest(void **state)
{
	const struct facts blind = { .is_blind = true };
	struct fixture *f = *state;

	override_by(f, "essential@192.0.2.0/24=ignore");
	judge_them(f, &blind);
	assert_int_equal(f->judge.n_not_judged, 2);
	assert_int_equal(judge_state(&f->judge), STATE_UNKNOWN);
}

static void timeout_counts_where_essential_is_missing(void **state)
{
	static const struct {
		bool is_blind;
		size_t n;
		enum state given, result;
	} rows[] = {
		{ false, 0, STATE_CRITICAL, STATE_OK },
		{ true, 0, STATE_UNKNOWN, STATE_UNKNOWN },
		{ true, 0, STATE_CRITICAL, STATE_CRITICAL },
		{ true, 0, STATE_OK, STATE_OK },
		{ true, 1, STATE_OK, STATE_WARNING },
		{ true, 1, STATE_UNKNOWN, STATE_WARNING },
		{ true, 1, STATE_CRITICAL, STATE_CRITICAL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct facts facts = {
			.is_blind = rows[i].is_blind,
			.n = rows[i].n,
		};

		judge_them(f, &facts);
		judge_timed_out(&f->judge, "stage", rows[i].given);
		assert_int_equal(judge_state(&f->judge), rows[i].result);
	}
}

/* ---- overrides ---- */

static void override_is_more_specific_than(void **state)
{
	/* All for one finding about ns1.example.net (192.0.2.1). */
	static const struct {
		const char *typed[4];
		enum state result;
	} rows[] = {
		{ { "each=critical" }, STATE_CRITICAL },
		{ { "each=critical", "each=ok" }, STATE_OK },
		{ { "each=ok", "each=critical" }, STATE_CRITICAL },
		{ { "each@ns1.example.net=ok", "each=critical" }, STATE_OK },
		{ { "each@NS1.Example.NET.=ok", "each=critical" }, STATE_OK },
		{ { "each@ns2.example.net=ok" }, STATE_WARNING },
		{ { "each@192.0.2.0/24=ok", "each@ns1.example.net=critical" },
			STATE_OK },
		{ { "each@192.0.2.0/25=ok", "each@192.0.2.0/24=critical" },
			STATE_OK },
		{ { "each@0.0.0.0/0=ok", "each@ns1.example.net=critical" },
			STATE_OK },
		{ { "each@192.0.2.1=ok", "each@192.0.2.1/32=critical" },
			STATE_OK },
		{ { "each@192.0.2.1=ok", "each@192.0.2.0/31=critical",
			  "each@ns1.example.net=critical", "each=critical" },
			STATE_OK },
		{ { "each@192.0.2.1=critical", "each@192.0.2.1=unknown" },
			STATE_UNKNOWN },
		{ { "each@192.0.2.128/25=critical" }, STATE_WARNING },
		{ { "each@192.0.2.2=critical" }, STATE_WARNING },
		{ { "each@2001:db8::/32=critical" }, STATE_WARNING },
		{ { "each@::/0=critical" }, STATE_WARNING },
		{ { "graded=critical" }, STATE_WARNING },
	};
	const struct facts facts = {
		.culprits = { { "ns1.example.net", "192.0.2.1" } },
		.n = 1,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		f->n_overrides = 0;
		for (size_t o = 0; o < 4 && rows[i].typed[o] != NULL; o++)
			override_by(f, rows[i].typed[o]);
		judge_them(f, &facts);
		assert_int_equal(judge_state(&f->judge), rows[i].result);
	}
}

static void addresses_are_compared_by_value(void **state)
{
	static const struct {
		const char *typed;
		bool applies;
	} rows[] = {
		{ "each@2001:DB8:0:0::1=ok", true },
		{ "each@2001:0db8::0001=ok", true },
		{ "each@2001:db8::1/128=ok", true },
		{ "each@2001:db8::/33=ok", true },
		{ "each@2001:db8:8000::/33=ok", false },
		{ "each@::/0=ok", true },
		{ "each@2001:db8::2=ok", false },
	};
	const struct facts facts = {
		.culprits = { { NULL, "2001:db8::1" } },
		.n = 1,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		f->n_overrides = 0;
		override_by(f, rows[i].typed);
		judge_them(f, &facts);
		assert_int_equal(judge_state(&f->judge),
			rows[i].applies ? STATE_OK : STATE_WARNING);
	}
}

static void override_replaces_a_grade(void **state)
{
	const struct facts facts = { .n = 2 };
	struct fixture *f = *state;

	override_by(f, "each=ignore");
	override_by(f, "graded=warning");
	judge_them(f, &facts);
	assert_int_equal(judge_state(&f->judge), STATE_WARNING);
	/* Ignored ones are kept, behind all others. */
	assert_int_equal(f->judge.n_findings, 3);
	assert_string_equal(f->judge.findings[0].rule->id, "graded");
	assert_true(f->judge.findings[1].is_ignored);
	assert_true(f->judge.findings[2].is_ignored);
	/* And what holds is not listed of a rule that is ignored. */
	f->n_overrides = 0;
	override_by(f, "partly=ignore");
	judge_them(f, &facts);
	for (size_t i = 0; i < f->judge.n_holding; i++)
		assert_string_not_equal(f->judge.holding[i]->id, "partly");
}

static void wrong_overrides_are_refused(void **state)
{
	static const char *const bad[] = { "", "each", "each=", "each=worse",
		"each=OK", "=ok", "eac=ok", "each@=ok", "each@192.0.2.0/33=ok",
		"each@192.0.2.0/=ok", "each@2001:db8::/129=ok",
		"each@192.0.2.0/x=ok", "EACH=ok" };
	struct fixture *f = *state;
	struct override override;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(override_parse(
			f->arena, rules, COUNT(rules), bad[i], &override));
	assert_null(override_parse(f->arena, rules, COUNT(rules),
		"each@https://example.org/a=b=ok", &override));
	assert_string_equal(override.culprit, "https://example.org/a=b");
	assert_null(override_parse(
		f->arena, rules, COUNT(rules), "each=ignore", &override));
	assert_true(override.ignores);
	assert_null(override.culprit);
	assert_null(rule_find(rules, COUNT(rules), "nothing"));
}

/* ---- thresholds ---- */

static const struct metric_def metrics[] = {
	{ "slowest", "s", false, false, "t" },
	{ "answer", "s", false, true, "t" },
	{ "good", "", true, false, "t" },
};

static struct threshold threshold(
	const struct metric_def *def, const char *warning, const char *critical)
{
	struct threshold out = { .def = def };

	if (warning != NULL)
		assert_null(
			range_parse(warning, def->less_is_worse, &out.warning));
	if (critical != NULL)
		assert_null(range_parse(
			critical, def->less_is_worse, &out.critical));
	return out;
}

static void thresholds_judge_each_value(void **state)
{
	const struct threshold thresholds[] = {
		threshold(&metrics[0], "0.1", "0.5"),
		threshold(&metrics[1], "10ms", "50ms"),
		threshold(&metrics[2], "3", NULL),
	};
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	judge_them(f, &facts);
	judge_metric(&f->judge, &metrics[0], NULL, 0.1);
	judge_metric(&f->judge, &metrics[1], "192.0.2.1", 0.011);
	judge_metric(&f->judge, &metrics[1], "ns2.example.net", 0.051);
	judge_metric(&f->judge, &metrics[1], "192.0.2.3", 0.01);
	judge_metric(&f->judge, &metrics[1], "192.0.2.4", (double)NAN);
	judge_metric(&f->judge, &metrics[2], NULL, 2);
	assert_int_equal(f->judge.n_metrics, 5);
	judge_thresholds(&f->judge, thresholds, COUNT(thresholds));
	judge_sort(&f->judge);
	assert_int_equal(f->judge.n_findings, 3);
	assert_string_equal(f->judge.findings[0].rule->id, "threshold");
	assert_int_equal(f->judge.findings[0].state, STATE_CRITICAL);
	assert_string_equal(
		f->judge.findings[0].culprit.name, "ns2.example.net");
	assert_int_equal(f->judge.findings[1].state, STATE_WARNING);
	assert_null(f->judge.findings[1].culprit.name);
	assert_string_equal(f->judge.findings[2].culprit.address, "192.0.2.1");
	assert_int_equal(judge_state(&f->judge), STATE_CRITICAL);
}

static void threshold_without_a_value_is_not_judged(void **state)
{
	const struct threshold given = threshold(&metrics[0], "1", NULL);
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	judge_them(f, &facts);
	judge_thresholds(&f->judge, &given, 1);
	assert_int_equal(f->judge.n_not_judged, 1);
	assert_string_equal(f->judge.not_judged[0].rule->id, "threshold");
	assert_string_equal(f->judge.not_judged[0].subject, "slowest");
	assert_int_equal(judge_state(&f->judge), STATE_OK);
}

static void threshold_that_is_kept_holds(void **state)
{
	const struct threshold given = threshold(&metrics[0], "1", "2");
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	judge_them(f, &facts);
	judge_metric(&f->judge, &metrics[0], NULL, 1);
	judge_thresholds(&f->judge, &given, 1);
	assert_int_equal(f->judge.n_findings, 0);
	assert_string_equal(
		f->judge.holding[f->judge.n_holding - 1]->id, "threshold");
}

/* "is 15 min, expected at most 15 min" is no help to anybody. */
static void threshold_tells_what_it_hardly_misses(void **state)
{
	static const struct {
		const char *range;
		double value;
		const char *text;
	} rows[] = {
		{ "15m", 900.25,
			"slowest is just above 15 min, expected at most 15 "
			"min" },
		{ "0.5:", 0.4999999999,
			"slowest is just below 0.5 s, expected at least 0.5 "
			"s" },
		{ "15m", 901,
			"slowest is 15 min 1 s, expected at most 15 min" },
		{ "0.5", 0.5000000001,
			"slowest is just above 0.5 s, expected at most 0.5 s" },
		{ "@10:20", 20,
			"slowest is 20 s, expected outside of 10 to 20 "
			"s" },
		{ "1:2", 0.5, "slowest is 0.5 s, expected 1 to 2 s" },
	};
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct threshold given =
			threshold(&metrics[0], rows[i].range, NULL);

		judge_them(f, &facts);
		f->judge.n_findings = f->judge.n_metrics = 0;
		judge_metric(&f->judge, &metrics[0], NULL, rows[i].value);
		judge_thresholds(&f->judge, &given, 1);
		assert_int_equal(f->judge.n_findings, 1);
		assert_string_equal(f->judge.findings[0].text, rows[i].text);
	}
}

/* The worst of all is somebody's. */
static void threshold_names_whose_the_worst_is(void **state)
{
	const struct threshold given = threshold(&metrics[0], "0.1", NULL);
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	judge_them(f, &facts);
	judge_metric(&f->judge, &metrics[0], "ns1.example.net 192.0.2.1", 0.2);
	judge_thresholds(&f->judge, &given, 1);
	assert_int_equal(f->judge.n_findings, 1);
	assert_string_equal(
		f->judge.findings[0].culprit.name, "ns1.example.net");
	assert_string_equal(f->judge.findings[0].culprit.address, "192.0.2.1");
}

static void threshold_may_be_overridden(void **state)
{
	const struct threshold given = threshold(&metrics[1], NULL, "0.01");
	const struct facts facts = { .n = 0 };
	struct fixture *f = *state;

	override_by(f, "threshold@192.0.2.1=warning");
	judge_them(f, &facts);
	judge_metric(&f->judge, &metrics[1], "192.0.2.1", 1);
	judge_thresholds(&f->judge, &given, 1);
	assert_int_equal(judge_state(&f->judge), STATE_WARNING);
	judge_metric(&f->judge, &metrics[1], "192.0.2.2", 1);
	judge_thresholds(&f->judge, &given, 1);
	assert_int_equal(judge_state(&f->judge), STATE_CRITICAL);
}

#define JUDGE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worst_of_all_pairs),
		cmocka_unit_test(states_are_read_and_named),
		cmocka_unit_test(ranges_are_the_guidelines),
		cmocka_unit_test(wrong_ranges_are_refused),
		cmocka_unit_test(bare_value_where_less_is_worse),
		cmocka_unit_test(unset_range_never_alerts),
		JUDGE_TEST(rule_that_finds_nothing_holds),
		JUDGE_TEST(rule_that_nobody_asked_for_says_nothing),
		JUDGE_TEST(findings_are_sorted_and_clean),
		JUDGE_TEST(ranks_come_before_culprits),
		JUDGE_TEST(lists_grow),
		JUDGE_TEST(essential_not_judged_is_unknown),
		JUDGE_TEST(ignored_rule_is_not_missed),
		JUDGE_TEST(ignoring_one_culprit_leaves_the_rest),
		JUDGE_TEST(timeout_counts_where_essential_is_missing),
		JUDGE_TEST(override_is_more_specific_than),
		JUDGE_TEST(addresses_are_compared_by_value),
		JUDGE_TEST(override_replaces_a_grade),
		JUDGE_TEST(wrong_overrides_are_refused),
		JUDGE_TEST(thresholds_judge_each_value),
		JUDGE_TEST(threshold_without_a_value_is_not_judged),
		JUDGE_TEST(threshold_that_is_kept_holds),
		JUDGE_TEST(threshold_tells_what_it_hardly_misses),
		JUDGE_TEST(threshold_names_whose_the_worst_is),
		JUDGE_TEST(threshold_may_be_overridden),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
