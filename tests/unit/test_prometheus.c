/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Prometheus is given. That others can read it is told by
 * tests/monitors/test_prometheus.py. */
#include "config.h"

#include "tests/unit/testing.h"

#include "tests/unit/report_world.h"

static const struct rule rules[] = {
	{ "essential", STATE_CRITICAL, true, "t", "r", NULL },
	{ "grave", STATE_CRITICAL, false, "t", "r", NULL },
	{ "silent", STATE_WARNING, false, "t", "r", NULL },
	{ "odd", STATE_UNKNOWN, false, "t", "r", NULL },
	{ "remark", STATE_OK, false, "t", "r", NULL },
	{ "family", STATE_WARNING, false, "t", "r", NULL },
};

enum {
	ESSENTIAL,
	GRAVE,
	SILENT,
	ODD,
	REMARK,
	FAMILY,
};

static const struct metric_def metrics[] = {
	{ "slowest", "s", false, false, "slowest answer" },
	{ "answer", "s", false, true, "answer of this server" },
	{ "good", "", true, true, "servers that are good" },
	{ "loss", "%", false, false, "share that is lost" },
	{ "size", "B", false, false, "of it all" },
};

enum {
	SLOWEST,
	ANSWER,
	GOOD,
	LOSS,
	SIZE,
};

static int set_up(void **state)
{
	return world_set_up(state, "check_test_this", rules, COUNT(rules));
}

static const char *expose(struct fixture *f)
{
	judge_sort(&f->judge);
	text_clear(&f->out);
	assert_int_equal(
		report_prometheus(&f->out, &f->report), judge_state(&f->judge));
	assert_false(f->out.is_cut);
	assert_int_equal(strncmp(f->out.data, "# HELP lifeline_state ", 22), 0);
	assert_true(f->out.len > 6);
	assert_string_equal(f->out.data + f->out.len - 6, "# EOF\n");
	return f->out.data;
}

static size_t count(const char *s, const char *part)
{
	size_t n = 0;

	for (; (s = strstr(s, part)) != NULL; s++)
		n++;
	return n;
}

/* Whether the line is there, once. */
static bool has(struct fixture *f, const char *line)
{
	return count(f->out.data, arena_printf(f->arena, "\n%s\n", line)) == 1;
}

/* A sample of the subject with no other labels, or with more. */
static bool has_sample(struct fixture *f, const char *name, const char *more,
	const char *value)
{
	return has(f,
		arena_printf(f->arena,
			"%s{check=\"test_this\",subject=\"example.org\"%s} %s",
			name, more, value));
}

static void result_is_told(void **state)
{
	struct fixture *f = *state;

	expose(f);
	assert_true(has(f, "# TYPE lifeline_state gauge"));
	assert_true(has_sample(f, "lifeline_state", "", "0"));
	assert_true(has_sample(f, "lifeline_not_judged", "", "0"));
	assert_true(has_sample(f, "lifeline_timed_out", "", "0"));
	assert_true(has_sample(f, "lifeline_run_duration_seconds", "", "1.5"));
	assert_true(has(f, "# UNIT lifeline_run_duration_seconds seconds"));
	assert_true(has_sample(
		f, "lifeline_run_timestamp_seconds", "", "1700000000"));
	assert_true(has_sample(
		f, "lifeline_plugin_info", ",version=\"1.2.3\"", "1"));
	for (size_t i = 0; i < 3; i++) {
		static const char *const more[] = { ",state=\"warning\"",
			",state=\"critical\"", ",state=\"unknown\"" };

		assert_true(has_sample(f, "lifeline_findings", more[i], "0"));
	}
	/* No head without a sample. */
	assert_null(strstr(f->out.data, "lifeline_finding_state"));
	assert_null(strstr(f->out.data, "lifeline_rule_not_judged"));
	assert_null(strstr(f->out.data, "lifeline_threshold"));

	f->report.subject = NULL;
	expose(f);
	assert_true(has(f, "lifeline_state{check=\"test_this\"} 0"));
	f->report.failure = "no memory";
	text_clear(&f->out);
	assert_int_equal(report_prometheus(&f->out, &f->report), STATE_UNKNOWN);
	assert_true(has(f, "lifeline_state{check=\"test_this\"} 3"));
}

/* A rule and a culprit have one series, of the worst; what is OK or ignored
 * has none. */
static void findings_are_told(void **state)
{
	static const char name[] = "lifeline_finding_state";
	struct fixture *f = *state;

	assert_null(override_parse(f->arena, rules, COUNT(rules),
		"grave@ignored=ignore", &f->overrides[0]));
	judge_init(&f->judge, f->arena, rules, COUNT(rules), f->overrides, 1);
	find(f, SILENT, "ns1", "192.0.2.1", "is silent");
	find(f, SILENT, "ns1", "192.0.2.1", "is silent once more");
	find(f, SILENT, "ns1", NULL, "is silent everywhere");
	f->judge.rule = &rules[SILENT];
	judge_finding_as(&f->judge, STATE_CRITICAL,
		(struct culprit){ "ns2", "192.0.2.2" }, "is the last");
	judge_finding_as(&f->judge, STATE_WARNING,
		(struct culprit){ "ns2", "192.0.2.2" }, "is silent");
	find(f, ODD, NULL, "2001:db8::1", "is odd");
	find(f, REMARK, "ns3", NULL, "is remarked");
	find(f, GRAVE, "ignored", NULL, "is ignored");
	find(f, GRAVE, NULL, NULL, "all is lost");
	expose(f);
	assert_true(has_sample(f, "lifeline_state", "", "2"));
	assert_true(
		has_sample(f, "lifeline_findings", ",state=\"warning\"", "4"));
	assert_true(
		has_sample(f, "lifeline_findings", ",state=\"critical\"", "2"));
	assert_true(
		has_sample(f, "lifeline_findings", ",state=\"unknown\"", "1"));
	assert_int_equal(count(f->out.data, "\nlifeline_finding_state{"), 5);
	assert_true(has_sample(f, name,
		",rule=\"silent\",culprit=\"ns1\",address=\"192.0.2.1\"", "1"));
	assert_true(
		has_sample(f, name, ",rule=\"silent\",culprit=\"ns1\"", "1"));
	assert_true(has_sample(f, name,
		",rule=\"silent\",culprit=\"ns2\",address=\"192.0.2.2\"", "2"));
	assert_true(has_sample(
		f, name, ",rule=\"odd\",address=\"2001:db8::1\"", "3"));
	assert_true(has_sample(f, name, ",rule=\"grave\"", "2"));
}

static void findings_without_end_are_counted(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 1000; i++)
		find(f, SILENT, arena_printf(f->arena, "ns%d", i), NULL, "t");
	find(f, GRAVE, NULL, NULL, "all is lost");
	expose(f);
	assert_int_equal(count(f->out.data, "\nlifeline_finding_state{"), 100);
	assert_true(has_sample(
		f, "lifeline_finding_state", ",rule=\"grave\"", "2"));
	assert_true(has_sample(
		f, "lifeline_findings", ",state=\"warning\"", "1000"));
}

static void not_judged_is_told_by_rule(void **state)
{
	static const char name[] = "lifeline_rule_not_judged";
	struct fixture *f = *state;

	miss(f, FAMILY, "IPv6", "no route");
	miss(f, FAMILY, "ns1", "no answer");
	miss(f, ESSENTIAL, NULL, "no answer");
	judge_timed_out(&f->judge, "asking", STATE_CRITICAL);
	expose(f);
	assert_true(has_sample(f, "lifeline_state", "", "2"));
	assert_true(has_sample(f, "lifeline_not_judged", "", "3"));
	assert_true(has_sample(f, "lifeline_timed_out", "", "1"));
	assert_true(
		has_sample(f, name, ",rule=\"family\",essential=\"no\"", "2"));
	assert_true(has_sample(
		f, name, ",rule=\"essential\",essential=\"yes\"", "1"));
	assert_int_equal(count(f->out.data, "\nlifeline_rule_not_judged{"), 2);
}

static void metrics_are_in_base_units(void **state)
{
	struct fixture *f = *state;

	/* Whose the worst is may change, and does not make another series. */
	judge_metric(&f->judge, &metrics[SLOWEST], "ns1 192.0.2.1", 0.0125);
	judge_metric(&f->judge, &metrics[LOSS], NULL, 12.5);
	judge_metric(&f->judge, &metrics[SIZE], NULL, 1e6);
	report_measure(&f->judge, 1500000);
	expose(f);
	assert_true(has_sample(
		f, "lifeline_test_this_slowest_seconds", "", "0.0125"));
	assert_true(
		has(f, "# UNIT lifeline_test_this_slowest_seconds seconds"));
	assert_true(has(
		f, "# HELP lifeline_test_this_slowest_seconds slowest answer"));
	assert_true(
		has_sample(f, "lifeline_test_this_loss_ratio", "", "0.125"));
	assert_true(has(f, "# UNIT lifeline_test_this_loss_ratio ratio"));
	assert_true(
		has_sample(f, "lifeline_test_this_size_bytes", "", "1000000"));
	/* What every plugin has is told once, and under one name. */
	assert_null(strstr(f->out.data, "lifeline_test_this_time"));
	assert_null(strstr(f->out.data, "lifeline_test_this_not_judged"));
}

static void metrics_of_servers_have_labels(void **state)
{
	static const char name[] = "lifeline_test_this_answer_seconds";
	struct fixture *f = *state;

	judge_metric(&f->judge, &metrics[ANSWER], "ns2 2001:db8::1", 2);
	judge_metric(&f->judge, &metrics[GOOD], "ns1 192.0.2.1", 7);
	judge_metric(&f->judge, &metrics[ANSWER], "ns1 192.0.2.1", 1);
	judge_metric(&f->judge, &metrics[ANSWER], "imap:993/My feed", 4);
	judge_metric(&f->judge, &metrics[ANSWER], "192.0.2.3", 3);
	/* Two of one name: a scrape with both would be refused. */
	judge_metric(&f->judge, &metrics[ANSWER], "ns1 192.0.2.1", 5);
	judge_metric(&f->judge, &metrics[ANSWER], "ns1 192.0.2.1", 3);
	judge_metric(&f->judge, &metrics[GOOD], "ns1 192.0.2.1", 6);
	judge_metric(&f->judge, &metrics[GOOD], "ns1 192.0.2.1", 8);
	expose(f);
	assert_true(has_sample(
		f, name, ",server=\"ns1\",address=\"192.0.2.1\"", "5"));
	assert_true(has_sample(
		f, name, ",server=\"ns2\",address=\"2001:db8::1\"", "2"));
	assert_true(has_sample(f, name, ",server=\"imap:993/My feed\"", "4"));
	assert_true(has_sample(f, name, ",server=\"192.0.2.3\"", "3"));
	assert_true(has_sample(f, "lifeline_test_this_good",
		",server=\"ns1\",address=\"192.0.2.1\"", "6"));
	assert_int_equal(
		count(f->out.data, "\nlifeline_test_this_answer_seconds{"), 4);
	assert_int_equal(
		count(f->out.data, "# TYPE lifeline_test_this_answer_"), 1);
}

static void thresholds_are_told(void **state)
{
	static const char name[] = "lifeline_threshold";
	static const struct {
		int metric;
		const char *warning, *critical;
	} rows[] = { { SLOWEST, "~:100ms", "@1:2" }, { LOSS, NULL, "50" } };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct metric_def *def = &metrics[rows[i].metric];

		f->thresholds[i].def = def;
		if (rows[i].warning != NULL)
			assert_null(range_parse(rows[i].warning, false,
				&f->thresholds[i].warning));
		assert_null(range_parse(
			rows[i].critical, false, &f->thresholds[i].critical));
	}
	f->report.n_thresholds = COUNT(rows);
	expose(f);
	assert_int_equal(count(f->out.data, "\nlifeline_threshold{"), 5);
	assert_true(has_sample(f, name,
		",metric=\"slowest\",state=\"warning\",bound=\"upper\"",
		"0.1"));
	assert_true(has_sample(f, name,
		",metric=\"slowest\",state=\"critical\",bound=\"inside_lower\"",
		"1"));
	assert_true(has_sample(f, name,
		",metric=\"slowest\",state=\"critical\",bound=\"inside_upper\"",
		"2"));
	assert_true(has_sample(f, name,
		",metric=\"loss\",state=\"critical\",bound=\"lower\"", "0"));
	assert_true(has_sample(f, name,
		",metric=\"loss\",state=\"critical\",bound=\"upper\"", "0.5"));
}

/* "@~:" alerts always, and has no bounds. */
static void no_head_without_a_bound(void **state)
{
	struct fixture *f = *state;

	f->thresholds[0].def = &metrics[SLOWEST];
	assert_null(range_parse("@~:", false, &f->thresholds[0].warning));
	f->report.n_thresholds = 1;
	expose(f);
	assert_null(strstr(f->out.data, "lifeline_threshold"));
}

static void values_are_escaped(void **state)
{
	struct fixture *f = *state;
	char bytes[256];

	f->report.subject = "a\"b\\c\nd|e";
	find(f, SILENT, "\xc3\xbc\"\xff", NULL, "t");
	expose(f);
	assert_true(has(f, "lifeline_state{check=\"test_this\","
			   "subject=\"a\\\"b\\\\c d!e\"} 1"));
	assert_non_null(strstr(
		f->out.data, ",rule=\"silent\",culprit=\"\xc3\xbc\\\"?\"} 1"));

	for (int i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	bytes[255] = '\0';
	find(f, SILENT, bytes, bytes, bytes);
	judge_metric(&f->judge, &metrics[ANSWER], bytes, 1);
	f->report.subject = bytes;
	expose(f);
	assert_true(text_is_utf8(f->out.data));
	for (const char *c = f->out.data; *c != '\0'; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
}

/* Of what is longer than a label may be, the same comes of the same. */
static void long_values_are_cut(void **state)
{
	struct fixture *f = *state;
	char longer[1001];
	const char *line;

	memset(longer, '"', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	find(f, SILENT, longer, NULL, "t");
	longer[999] = 'x';
	find(f, SILENT, arena_strdup(f->arena, longer), NULL, "t");
	expose(f);
	line = strstr(f->out.data, "\nlifeline_finding_state{");
	assert_non_null(line);
	assert_true(strcspn(line + 1, "\n") < 700);
	assert_non_null(strstr(line, "...\"} 1\n"));
	assert_int_equal(count(f->out.data, "\nlifeline_finding_state{"), 1);
}

/* What does not fit is left out by whole families. */
static void result_without_end_is_whole(void **state)
{
	struct fixture *f = *state;

	judge_metric(&f->judge, &metrics[SLOWEST], NULL, 1);
	for (int i = 0; i < 20000; i++)
		judge_metric(&f->judge, &metrics[ANSWER],
			arena_printf(f->arena, "ns%d 192.0.2.1", i), 1);
	expose(f);
	assert_null(strstr(f->out.data, "_answer_seconds"));
	assert_true(
		has_sample(f, "lifeline_test_this_slowest_seconds", "", "1"));
}

/* Even with labels that alone make a sample of many thousand bytes. */
static void labels_without_end_leave_it_whole(void **state)
{
	struct fixture *f = *state;
	const char *labels[16];
	struct text value;

	text_init(&value, 4096);
	for (int i = 0; i < 256; i++)
		text_add(&value, "\xf0\x9f\x93\x84");
	for (size_t i = 0; i < COUNT(labels); i++)
		labels[i] =
			arena_printf(f->arena, "label%zu=%s", i, value.data);
	f->report.labels = labels;
	f->report.n_labels = COUNT(labels);
	judge_metric(&f->judge, &metrics[SLOWEST], NULL, 1);
	for (int i = 0; i < 200; i++)
		find(f, SILENT, arena_printf(f->arena, "ns%d", i), NULL, "t");
	expose(f);
	assert_int_equal(count(f->out.data, "\nlifeline_state{"), 1);
	assert_int_equal(count(f->out.data, "\nlifeline_findings{"), 3);
	assert_int_equal(
		count(f->out.data, "\nlifeline_run_timestamp_seconds{"), 1);
	assert_null(strstr(f->out.data, "lifeline_finding_state"));
	text_release(&value);
}

#define EXPOSE_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXPOSE_TEST(result_is_told),
		EXPOSE_TEST(findings_are_told),
		EXPOSE_TEST(findings_without_end_are_counted),
		EXPOSE_TEST(not_judged_is_told_by_rule),
		EXPOSE_TEST(metrics_are_in_base_units),
		EXPOSE_TEST(metrics_of_servers_have_labels),
		EXPOSE_TEST(thresholds_are_told),
		EXPOSE_TEST(values_are_escaped),
		EXPOSE_TEST(long_values_are_cut),
		EXPOSE_TEST(result_without_end_is_whole),
		EXPOSE_TEST(labels_without_end_leave_it_whole),
		EXPOSE_TEST(no_head_without_a_bound),
	};

	return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
