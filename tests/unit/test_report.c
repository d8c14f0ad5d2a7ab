/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#ifdef HAVE_JANSSON
#	include <jansson.h>
#endif

#include "common/core/json.h"
#include "tests/unit/report_world.h"

static const struct rule rules[] = {
	{ "essential", STATE_CRITICAL, true, "t", "r", NULL },
	{ "grave", STATE_CRITICAL, false, "t", "r", NULL },
	{ "silent", STATE_WARNING, false, "t", "r", NULL },
	{ "remark", STATE_OK, false, "t", "r", NULL },
	{ "family", STATE_WARNING, false, "t", "r", NULL },
	{ "threshold", STATE_WARNING, false, "t", "r", NULL },
};

enum {
	ESSENTIAL,
	GRAVE,
	SILENT,
	REMARK,
	FAMILY,
	THRESHOLD,
};

static const struct metric_def metrics[] = {
	{ "slowest", "s", false, false, "t" },
	{ "answer", "s", false, true, "t" },
	{ "good", "", true, false, "t" },
};

static int set_up(void **state)
{
	return world_set_up(state, "check_test", rules, COUNT(rules));
}

static const char *report_as_text(struct fixture *f)
{
	judge_sort(&f->judge);
	text_clear(&f->out);
	assert_int_equal(
		report_text(&f->out, &f->report), judge_state(&f->judge));
	return f->out.data;
}

static const char *line_1(struct fixture *f)
{
	const char *text = report_as_text(f);

	return arena_strndup(f->arena, text, strcspn(text, "\n"));
}

static size_t count(const char *s, const char *part)
{
	size_t n = 0;

	for (; (s = strstr(s, part)) != NULL; s++)
		n++;
	return n;
}

static const char *perfdata(struct fixture *f)
{
	const char *text = report_as_text(f);
	const char *bar = strchr(text, '|');
	const char *end;

	assert_non_null(bar);
	assert_int_equal(count(text, "|"), 1);
	/* All text stands before it, and nothing but it is on its line. */
	assert_int_equal(bar[-1], '\n');
	end = strchr(bar, '\n');
	assert_non_null(end);
	assert_int_equal(end[1], '\0');
	assert_int_not_equal(end[-1], ' ');
	return arena_strndup(f->arena, bar + 1, (size_t)(end - bar - 1));
}

/* ---- line 1 ---- */

/* The golden texts of this room: line 1 in each of its kinds. */
static void line_1_says_the_worst(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(line_1(f), "TEST OK - example.org: all is well");
	miss(f, FAMILY, "IPv6", "no route from here");
	assert_string_equal(line_1(f), "TEST OK - example.org: all is well "
				       "(IPv6 not judged: no route from here)");
	miss(f, FAMILY, "ns1.example.net", "no answer");
	miss(f, GRAVE, "ns1.example.net", "no answer");
	assert_string_equal(line_1(f),
		"TEST OK - example.org: all is well "
		"(ns1.example.net not judged: no answer; +1 more)");
	find(f, SILENT, "ns2.example.net", "192.0.2.2", "refuses the zone");
	find(f, REMARK, NULL, NULL, "is not counted");
	assert_string_equal(line_1(f),
		"TEST WARNING - example.org: ns2.example.net (192.0.2.2) "
		"refuses the zone "
		"(ns1.example.net not judged: no answer; +1 more)");
	find(f, GRAVE, NULL, "192.0.2.3", "is gone");
	assert_string_equal(line_1(f),
		"TEST CRITICAL - example.org: 192.0.2.3 is gone (+1 more) "
		"(ns1.example.net not judged: no answer; +1 more)");
	f->report.failure = "no descriptors left";
	judge_sort(&f->judge);
	text_clear(&f->out);
	assert_int_equal(report_text(&f->out, &f->report), STATE_CRITICAL);
	assert_non_null(strstr(f->out.data, ": no descriptors left (+2 more)"));
}

static void failure_is_unknown(void **state)
{
	struct fixture *f = *state;

	f->report.failure = "no memory | left";
	assert_int_equal(report_text(&f->out, &f->report), STATE_UNKNOWN);
	assert_int_equal(
		strncmp(f->out.data,
			"TEST UNKNOWN - example.org: no memory ! left\n", 45),
		0);
}

static void essential_leads_where_nothing_is_worse(void **state)
{
	struct fixture *f = *state;

	miss(f, FAMILY, "IPv6", "no route");
	miss(f, ESSENTIAL, NULL, "no answer");
	assert_string_equal(line_1(f),
		"TEST UNKNOWN - example.org: essential not judged: no answer "
		"(+1 more)");
	judge_timed_out(&f->judge, "asking", STATE_UNKNOWN);
	assert_string_equal(line_1(f),
		"TEST UNKNOWN - example.org: timed out in: asking; essential "
		"not judged: no answer (+1 more)");
	find(f, SILENT, "ns1", NULL, "is silent");
	assert_non_null(
		strstr(line_1(f), "TEST WARNING - example.org: ns1 is"));
	assert_non_null(strstr(line_1(f), "(timed out in: asking)"));
	judge_timed_out(&f->judge, "asking", STATE_CRITICAL);
	assert_string_equal(line_1(f),
		"TEST CRITICAL - example.org: timed out in: asking; essential "
		"not judged: no answer (+2 more)");
}

static void timeout_of_no_weight_is_named(void **state)
{
	struct fixture *f = *state;

	judge_timed_out(&f->judge, "asking", STATE_CRITICAL);
	assert_string_equal(line_1(f),
		"TEST OK - example.org: all is well (timed out in: asking)");
}

/* Whatever the lengths: at most 160 characters, valid UTF-8, and what was
 * not judged, the timeout and the count of findings never get lost. */
static void line_1_is_cut_to_160_characters(void **state)
{
	static const char *const letters[] = { "x", "\xc3\xbc", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(letters) * 100; i++) {
		struct text longer;
		const char *line;

		text_init(&longer, 4000);
		for (size_t n = 0; n < 3 * (i / COUNT(letters)); n++)
			text_add(&longer, letters[i % COUNT(letters)]);
		judge_init(&f->judge, f->arena, rules, COUNT(rules),
			f->overrides, 0);
		f->report.subject = longer.data;
		f->report.summary = longer.data;
		miss(f, FAMILY, "IPv6", longer.data);
		line = line_1(f);
		assert_true(text_characters(line) <= REPORT_LINE_MAX);
		assert_true(text_is_utf8(line));
		assert_non_null(strstr(line, "not judged"));

		find(f, SILENT, longer.data, NULL, longer.data);
		find(f, SILENT, NULL, NULL, longer.data);
		judge_timed_out(&f->judge, longer.data, STATE_UNKNOWN);
		line = line_1(f);
		assert_true(text_characters(line) <= REPORT_LINE_MAX);
		assert_true(text_is_utf8(line));
		assert_non_null(strstr(line, "TEST WARNING - "));
		assert_non_null(strstr(line, " (+1 more)"));
		assert_non_null(strstr(line, "timed out"));

		miss(f, ESSENTIAL, longer.data, longer.data);
		judge_timed_out(&f->judge, longer.data, STATE_CRITICAL);
		line = line_1(f);
		assert_true(text_characters(line) <= REPORT_LINE_MAX);
		assert_non_null(strstr(line, "TEST CRITICAL - "));
		text_release(&longer);
	}
}

/* ---- the text below ---- */

static void text_is_short_without_v(void **state)
{
	struct fixture *f = *state;
	const char *text;
	size_t shown;

	for (int i = 0; i < 200; i++) {
		find(f, SILENT, "ns1.example.net",
			arena_printf(f->arena, "2001:db8::%03d", i),
			"does not answer");
		miss(f, FAMILY, arena_printf(f->arena, "%d", i), "no route");
	}
	text = report_as_text(f);
	assert_true(strchr(text, '|') - text <= REPORT_TEXT_MAX);
	assert_true(strchr(text, '|') - text > REPORT_TEXT_MAX - 300);
	shown = count(text, "[silent] WARNING: ");
	assert_non_null(strstr(
		text, arena_printf(f->arena, "\n... and %zu more findings\n",
			      200 - shown)));
	assert_non_null(strstr(text, "\n... and 200 more not judged\n"));

	f->report.verbosity = 1;
	text = report_as_text(f);
	assert_int_equal(count(text, "[silent] WARNING: "), 200);
	assert_int_equal(count(text, "not judged: family ("), 200);
	assert_int_equal(count(text, "... and"), 0);
}

static void verbosity_adds(void **state)
{
	static const struct {
		const char *part;
		unsigned from;
	} rows[] = {
		{ "\n[silent] WARNING: ns1", 0 },
		{ "\nnot judged: family (IPv6): no route\n", 0 },
		{ "\n[remark] OK: ", 1 },
		{ "\nholds: threshold\n", 1 },
		{ "\ntrace ! of (it)\n", 1 },
		{ "\n[grave] ignored: ", 2 },
	};
	struct fixture *f = *state;

	assert_null(override_parse(f->arena, rules, COUNT(rules),
		"grave=ignore", &f->overrides[0]));
	judge_init(&f->judge, f->arena, rules, COUNT(rules), f->overrides, 1);
	find(f, SILENT, "ns1", NULL, "is silent");
	find(f, GRAVE, NULL, NULL, "is ignored");
	find(f, REMARK, NULL, NULL, "is remarked");
	miss(f, FAMILY, "IPv6", "no route");
	f->judge.holding = arena_array(f->arena, 1, sizeof(struct rule *));
	f->judge.holding[f->judge.n_holding++] = &rules[THRESHOLD];
	f->report.trace = "trace | of <it>\nnext\n";
	for (unsigned v = 0; v <= 3; v++) {
		const char *text;

		f->report.verbosity = v;
		text = report_as_text(f);
		for (size_t i = 0; i < COUNT(rows); i++)
			assert_int_equal(strstr(text, rows[i].part) != NULL,
				v >= rows[i].from);
	}
}

static void trace_without_end_leaves_room_for_perfdata(void **state)
{
	struct fixture *f = *state;
	struct text trace;
	const char *text;

	text_init(&trace, 3 * REPORT_OUTPUT_MAX);
	while (!trace.is_cut)
		text_add(&trace, "a line of the trace, over and over again\n");
	f->report.trace = trace.data;
	f->report.verbosity = 3;
	for (int i = 0; i < 500; i++)
		judge_metric(&f->judge, &metrics[1],
			arena_printf(f->arena, "2001:db8::%03d", i), 1);
	f->report.all_perfdata = true;
	assert_int_equal(count(perfdata(f), "=1s"), 500);
	text = report_as_text(f);
	assert_true(strlen(text) <= REPORT_OUTPUT_MAX);
	assert_false(f->out.is_cut);
	text_release(&trace);
}

static void all_text_is_cleaned(void **state)
{
	struct fixture *f = *state;

	f->report.subject = "a|b\nc";
	f->report.summary = "d|e\x1b<f>";
	f->report.verbosity = 3;
	f->report.trace = "g|h\x07\ni";
	judge_timed_out(&f->judge, "j|k\nl", STATE_UNKNOWN);
	miss(f, FAMILY, "m|n\no", "p|q\nr");
	assert_string_equal(perfdata(f), "");
	find(f, SILENT, "s|t\nu", "v|w\nx", "y|z\n");
	assert_string_equal(perfdata(f), "");
	for (const char *c = f->out.data; *c != '\0'; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	assert_null(strpbrk(f->out.data, "<>\x1b"));
}

/* ---- performance data ---- */

static void set_threshold(struct fixture *f, int metric, const char *warning,
	const char *critical)
{
	struct threshold *threshold = &f->thresholds[f->report.n_thresholds++];

	threshold->def = &metrics[metric];
	if (warning != NULL)
		assert_null(range_parse(warning, metrics[metric].less_is_worse,
			&threshold->warning));
	if (critical != NULL)
		assert_null(range_parse(critical, metrics[metric].less_is_worse,
			&threshold->critical));
}

static void perfdata_has_values_and_thresholds(void **state)
{
	struct fixture *f = *state;

	judge_metric(&f->judge, &metrics[0], NULL, 0.0125);
	judge_metric(&f->judge, &metrics[2], NULL, 4);
	assert_string_equal(perfdata(f), "slowest=0.0125s good=4");
	set_threshold(f, 0, "100ms", "0.5");
	assert_string_equal(perfdata(f), "slowest=0.0125s;0.1;0.5 good=4");
	set_threshold(f, 2, NULL, "2");
	assert_string_equal(perfdata(f), "slowest=0.0125s;0.1;0.5 good=4;;2:");
	f->thresholds[1].critical.is_set = false;
	assert_string_equal(perfdata(f), "slowest=0.0125s;0.1;0.5 good=4");
	f->thresholds[0].critical.is_set = false;
	assert_string_equal(perfdata(f), "slowest=0.0125s;0.1 good=4");
}

static void server_labels_are_unique(void **state)
{
	static const char *const servers[] = { "ns1.example.net",
		"NS1-example.net", "192.0.2.1", "ns1_example_net_2",
		"2001:db8::1", "b\xc3\xbc", "ns1 example net" };
	struct fixture *f = *state;

	/* Of the whole, whoever has the worst. */
	judge_metric(&f->judge, &metrics[0], servers[0], 1);
	for (size_t i = 0; i < COUNT(servers); i++)
		judge_metric(&f->judge, &metrics[1], servers[i], (double)i);
	assert_string_equal(perfdata(f), "slowest=1s");
	f->report.all_perfdata = true;
	/* In the order of label and server: "NS1-" is before "ns1 ". */
	assert_string_equal(perfdata(f),
		"slowest=1s answer_192_0_2_1=2s answer_2001_db8__1=4s "
		"answer_b__=5s answer_ns1_example_net=1s "
		"answer_ns1_example_net_3=6s answer_ns1_example_net_4=0s "
		"answer_ns1_example_net_2=3s");
}

static void common_metrics_are_added_once(void **state)
{
	static const struct metric_def own = { "time", "s", false, false, "t" };
	struct fixture *f = *state;

	miss(f, FAMILY, "IPv6", "no route");
	report_measure(&f->judge, 1500000);
	assert_string_equal(perfdata(f), "not_judged=1 time=1.5s");
	/* What is not judged afterwards counts as well. */
	miss(f, THRESHOLD, "slowest", "no value");
	assert_string_equal(perfdata(f), "not_judged=2 time=1.5s");
	judge_init(&f->judge, f->arena, rules, COUNT(rules), f->overrides, 0);
	judge_metric(&f->judge, &own, NULL, 7);
	report_measure(&f->judge, 1500000);
	assert_string_equal(perfdata(f), "time=7s not_judged=0");
}

/* ---- JSON ---- */

#ifdef HAVE_JANSSON

static json_t *report_as_json(struct fixture *f)
{
	json_error_t error;
	json_t *root;

	judge_sort(&f->judge);
	text_clear(&f->out);
	assert_int_equal(
		report_json(&f->out, &f->report), judge_state(&f->judge));
	assert_true(f->out.len <= REPORT_JSON_MAX);
	root = json_loads(f->out.data, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	assert_true(json_is_object(root));
	return root;
}

static json_int_t int_of(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static const char *string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void json_has_the_result(void **state)
{
	struct fixture *f = *state;
	const json_t *entry;
	json_t *root;

	find(f, SILENT, "ns1.example.net", NULL, "is \"silent\" \xc3\xbc");
	find(f, REMARK, NULL, "2001:db8::1", "is remarked");
	miss(f, FAMILY, NULL, "no route");
	judge_metric(&f->judge, &metrics[0], NULL, 0.5);
	judge_metric(&f->judge, &metrics[1], "192.0.2.1", 0.25);
	set_threshold(f, 0, "10", NULL);
	root = report_as_json(f);

	assert_int_equal(int_of(root, "schema"), 1);
	assert_int_equal(int_of(root, "state"), STATE_WARNING);
	assert_string_equal(string_of(root, "state_name"), "WARNING");
	assert_string_equal(string_of(root, "plugin"), "check_test");
	assert_string_equal(string_of(root, "version"), "1.2.3");
	assert_string_equal(string_of(root, "subject"), "example.org");
	assert_string_equal(string_of(root, "summary"), line_1(f));
	assert_int_equal(int_of(root, "time"), 1700000000);
	assert_true(json_is_false(json_object_get(root, "truncated")));

	assert_int_equal(json_array_size(json_object_get(root, "findings")), 2);
	entry = json_array_get(json_object_get(root, "findings"), 0);
	assert_string_equal(string_of(entry, "rule"), "silent");
	assert_int_equal(int_of(entry, "state"), STATE_WARNING);
	assert_string_equal(string_of(entry, "text"), "is \"silent\" \xc3\xbc");
	entry = json_object_get(entry, "culprit");
	assert_string_equal(string_of(entry, "name"), "ns1.example.net");
	assert_true(json_is_null(json_object_get(entry, "address")));

	entry = json_array_get(json_object_get(root, "not_judged"), 0);
	assert_string_equal(string_of(entry, "rule"), "family");
	assert_true(json_is_null(json_object_get(entry, "subject")));
	assert_string_equal(string_of(entry, "reason"), "no route");

	assert_true(json_is_number(
		json_object_get(json_object_get(root, "metrics"), "slowest")));
	entry = json_array_get(json_object_get(root, "server_metrics"), 0);
	assert_string_equal(string_of(entry, "metric"), "answer");
	assert_string_equal(string_of(entry, "server"), "192.0.2.1");
	entry = json_array_get(json_object_get(root, "thresholds"), 0);
	assert_string_equal(string_of(entry, "warning"), "10");
	assert_true(json_is_null(json_object_get(entry, "critical")));
	json_decref(root);
}

static void write_own(struct json *json, const void *arg)
{
	const size_t *n = arg;

	json_open_array(json, "own");
	for (size_t i = 0; i < *n; i++)
		json_add_string(json, NULL, "a member of the plugin itself");
	json_close_array(json);
}

/* Level by level: what is worth least goes first, and it stays valid. */
static void json_that_is_too_long_is_truncated(void **state)
{
	static const struct {
		size_t remarks, own, silent;
		bool has_own, has_server_metrics;
		size_t findings; /* 0: fewer than there are */
	} rows[] = {
		{ 3, 10, 3, true, true, 6 },
		{ 1000, 10, 3, true, true, 3 },
		{ 1000, 5000, 3, false, false, 3 },
		/* Many findings do not take the room of what they are of. */
		{ 0, 10, 3000, true, false, 128 },
		{ 1000, 5000, 3000, false, false, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *root;
		size_t n;

		judge_init(&f->judge, f->arena, rules, COUNT(rules),
			f->overrides, 0);
		for (n = 0; n < rows[i].remarks; n++)
			find(f, REMARK, "ns1.example.net", NULL, "is remarked");
		for (n = 0; n < rows[i].silent; n++)
			find(f, SILENT, "ns1.example.net", NULL, "is silent");
		judge_metric(&f->judge, &metrics[1], "192.0.2.1", 0.25);
		f->report.write_json = write_own;
		f->report.write_json_arg = &rows[i].own;
		root = report_as_json(f);
		assert_int_equal(
			json_is_true(json_object_get(root, "truncated")),
			i > 0);
		assert_int_equal(
			json_object_get(root, "own") != NULL, rows[i].has_own);
		assert_int_equal(
			json_object_get(root, "server_metrics") != NULL,
			rows[i].has_server_metrics);
		n = json_array_size(json_object_get(root, "findings"));
		if (rows[i].findings > 0)
			assert_int_equal(n, rows[i].findings);
		else
			assert_true(n > 10 && n < rows[i].silent);
		json_decref(root);
	}
}

static void json_survives_any_bytes(void **state)
{
	struct fixture *f = *state;
	char bytes[256];
	json_t *root;

	for (int i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	bytes[255] = '\0';
	f->report.subject = bytes;
	f->report.summary = bytes;
	find(f, SILENT, bytes, bytes, bytes);
	miss(f, FAMILY, bytes, bytes);
	root = report_as_json(f);
	assert_int_equal(int_of(root, "state"), STATE_WARNING);
	json_decref(root);
}

#else

static void json_has_the_result(void **state)
{
	(void)state;
	skip();
}

static void json_that_is_too_long_is_truncated(void **state)
{
	(void)state;
	skip();
}

static void json_survives_any_bytes(void **state)
{
	(void)state;
	skip();
}

#endif

/* Where line 1 is a finding's, the outlook has one of its own. */
static void outlook_stands_beside_findings(void **state)
{
	struct fixture *f = *state;

	f->report.outlook = "it lasts|an hour";
	report_text(&f->out, &f->report);
	assert_null(strstr(f->out.data, "it lasts"));
	f->out.len = 0;
	find(f, SILENT, "ns1", NULL, "is silent");
	report_text(&f->out, &f->report);
	assert_non_null(strstr(f->out.data, "\nit lasts"));
	assert_null(strstr(f->out.data, "it lasts|"));
}

/* A finding about the subject itself names it once; one about anything else
 * does not stand without it. */
static void subject_is_said_once(void **state)
{
	struct fixture *f = *state;

	find(f, SILENT, "example.org", "192.0.2.1", "is silent");
	assert_int_equal(count(line_1(f), "example.org"), 1);
	assert_non_null(strstr(line_1(f), " - example.org (192.0.2.1) is "));
	judge_init(&f->judge, f->arena, rules, COUNT(rules), f->overrides, 0);
	find(f, SILENT, "ns1.example.org", NULL, "is silent");
	assert_non_null(strstr(line_1(f), " - example.org: ns1.example.org "));
}

#define REPORT_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(line_1_says_the_worst),
		REPORT_TEST(failure_is_unknown),
		REPORT_TEST(essential_leads_where_nothing_is_worse),
		REPORT_TEST(timeout_of_no_weight_is_named),
		REPORT_TEST(line_1_is_cut_to_160_characters),
		REPORT_TEST(text_is_short_without_v),
		REPORT_TEST(verbosity_adds),
		REPORT_TEST(trace_without_end_leaves_room_for_perfdata),
		REPORT_TEST(all_text_is_cleaned),
		REPORT_TEST(perfdata_has_values_and_thresholds),
		REPORT_TEST(server_labels_are_unique),
		REPORT_TEST(common_metrics_are_added_once),
		REPORT_TEST(json_has_the_result),
		REPORT_TEST(json_that_is_too_long_is_truncated),
		REPORT_TEST(json_survives_any_bytes),
		REPORT_TEST(outlook_stands_beside_findings),
		REPORT_TEST(subject_is_said_once),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
