/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is made of the facts of secondaries beside findings: metrics, the JSON
 * members, the trace and line 1.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "common/dns/secondary_rules.h"
#include "outputs.h"
#include "secondary_read.h"

enum {
	DAY = 86400,
	/* By the label, "example.org" and what was not judged. */
	LINE_LEFT = 160 - 21 - 11 - 19,
};

/* ns1 is the primary; ns2 is in step, ns3 is one serial behind since an hour
 * and shorter of time, ns4 is dead. */
#define HOSTS                                                            \
	"\"hosts\": [{\"name\": \"ns1.example.org\", \"addrs\":"         \
	" [\"185.5.1.53\"]}, {\"name\": \"ns2.example.net\", \"addrs\":" \
	" [\"193.9.2.53\"]}, {\"name\": \"ns3.example.net\", \"addrs\":" \
	" [\"194.1.3.53\"]}, {\"name\": \"ns4.example.net\", \"addrs\":" \
	" [\"195.1.4.53\"]}]"
#define BUT                                                             \
	"\"but\": {\"185.5.1.53\": {\"soa\": {\"serial\": 2026010105}," \
	" \"soa_udp\": {\"rtt_us\": 90000}},"                           \
	" \"193.9.2.53\": {\"soa\": {\"serial\": 2026010105},"          \
	" \"soa_udp\": {\"rtt_us\": 30000}},"                           \
	" \"194.1.3.53\": {\"soa_tcp\": {\"rtt_us\": 50000}},"          \
	" \"195.1.4.53\": {\"all\": \"timed_out\"}}"

static const char four_servers[] =
	"{" HOSTS ", " BUT ", \"n_queries\": 17, \"secondary\":"
	" {\"primaries\": [\"ns1.example.org\"], \"but\": {\"194.1.3.53\":"
	" {\"expire_s\": 1000000}, \"185.5.1.53\": {\"expire_s\": 7}},"
	" \"before\": {\"serials\": [{\"serial\": 2026010101, \"first_s\":"
	" 1797408000}, {\"serial\": 2026010105, \"first_s\": 1799996400}]}}}";

static const struct secondary *read_text(struct arena *arena, const char *text)
{
	struct secondary *s = arena_alloc(arena, sizeof(*s));
	json_t *facts = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(facts);
	assert_null(secondary_read(arena, facts, s));
	json_decref(facts);
	return s;
}

/* Those of ns2.example.net, which ns1.example.org feeds, with more of each. */
static const struct secondary *read_two(
	struct arena *arena, const char *more, const char *own)
{
	return read_text(arena,
		arena_printf(arena,
			"{\"hosts\": [{\"name\": \"ns1.example.org\","
			" \"addrs\": [\"185.5.1.53\"]}, {\"name\":"
			" \"ns2.example.net\", \"addrs\": [\"193.9.2.53\"]}]"
			"%s, \"secondary\": {%s}}",
			more, own));
}

static struct judge measure(struct arena *arena, const struct secondary *s)
{
	struct judge judge;

	judge_init(&judge, arena, secondary_rules, n_secondary_rules, NULL, 0);
	secondary_measure(&judge, s);
	return judge;
}

static void metrics_are_the_worst_of_good_secondaries(void **state)
{
	struct judge judge = measure(*state, read_text(*state, four_servers));

	outputs_assert_metric(&judge, "cover", 1000000);
	assert_true(!isnan(
		outputs_metric(&judge, "cover", "ns3.example.net 194.1.3.53")));
	outputs_assert_metric(&judge, "expire_left", 1000000);
	outputs_assert_metric(&judge, "lag_age", 3600);
	outputs_assert_metric(&judge, "serial_lag", 4);
	outputs_assert_metric(&judge, "slowest_udp", 0.03);
	outputs_assert_metric(&judge, "slowest_tcp", 0.05);
	outputs_assert_metric(&judge, "secondaries_good", 2);
	outputs_assert_metric(&judge, "secondaries_bad", 1);
	outputs_assert_metric(&judge, "survivors", 2);
	outputs_assert_metric(&judge, "queries", 17);
	assert_true(isnan(outputs_metric(&judge, "transfer_time", NULL)));
	assert_true(isnan(outputs_metric(&judge, "signature_life", NULL)));
}

static void metrics_are_those_of_each_secondary(void **state)
{
	static const struct {
		const char *name;
		double ns2, ns3;
	} each[] = {
		{ "server_cover", 14 * DAY - 7200, 1000000 },
		{ "server_expire_left", 14 * DAY - 7200, 1000000 },
		{ "server_lag_age", 0, 3600 },
		{ "server_serial_lag", 0, 4 },
		{ "answer_time_udp", 0.03, 0.02 },
		{ "answer_time_tcp", 0.02, 0.05 },
	};
	struct judge judge = measure(*state, read_text(*state, four_servers));

	for (size_t i = 0; i < COUNT(each); i++) {
		assert_true(fabs(outputs_metric(&judge, each[i].name,
					 "ns2.example.net 193.9.2.53") -
				    each[i].ns2) < 1e-9);
		assert_true(fabs(outputs_metric(&judge, each[i].name,
					 "ns3.example.net 194.1.3.53") -
				    each[i].ns3) < 1e-9);
		assert_true(isnan(outputs_metric(
			&judge, each[i].name, "ns1.example.org 185.5.1.53")));
		assert_true(isnan(outputs_metric(
			&judge, each[i].name, "ns4.example.net 195.1.4.53")));
	}
}

static void less_is_worse_where_it_is(void **state)
{
	static const char *const less[] = { "cover", "expire_left",
		"signature_life", "secondaries_good", "survivors",
		"server_cover", "server_expire_left", "server_signature_life" };
	size_t n = 0;

	(void)state;
	assert_string_equal(secondary_metrics[0].name, "cover");
	for (size_t i = 0; i < n_secondary_metrics; i++)
		n += secondary_metrics[i].less_is_worse;
	assert_int_equal(n, COUNT(less));
	for (size_t i = 0; i < COUNT(less); i++) {
		size_t k = 0;

		while (k < n_secondary_metrics &&
			strcmp(secondary_metrics[k].name, less[i]) != 0)
			k++;
		assert_true(k < n_secondary_metrics);
		assert_true(secondary_metrics[k].less_is_worse);
	}
}

static void signatures_limit_the_cover(void **state)
{
	struct judge judge = measure(
		*state, read_two(*state,
				", \"signed\": {}, \"but\": {\"193.9.2.53\":"
				" {\"security\": {\"soa\": {\"expiration_s\":"
				" 1800003600}}}}",
				""));

	outputs_assert_metric(&judge, "cover", 3600);
	outputs_assert_metric(&judge, "signature_life", 3600);
	outputs_assert_metric(&judge, "expire_left", 14 * DAY - 7200);
	judge = measure(*state,
		read_two(*state,
			", \"signed\": {}, \"but\": {\"193.9.2.53\":"
			" {\"security\": {\"soa\": {\"security\": \"bogus\","
			" \"why\": \"past its end\", \"expiration_s\":"
			" 1799999000}}}}",
			""));
	outputs_assert_metric(&judge, "cover", 0);
	outputs_assert_metric(&judge, "signature_life", -1000);
}

static void transfers_are_measured(void **state)
{
	struct judge judge = measure(*state,
		read_two(*state, "",
			"\"but\": {\"185.5.1.53\": {\"transfer\": \"done\"},"
			" \"193.9.2.53\": {\"transfer\": {\"n_records\": 26,"
			" \"took_us\": 20000}}}"));

	outputs_assert_metric(&judge, "transfer_records", 26);
	outputs_assert_metric(&judge, "transfer_time", 0.03);
	judge = measure(
		*state, read_two(*state, "",
				"\"but\": {\"185.5.1.53\": {\"transfer\":"
				" \"refused\"}}"));
	assert_true(isnan(outputs_metric(&judge, "transfer_records", NULL)));
}

static void assert_none(
	const struct judge *judge, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(isnan(outputs_metric(judge, names[i], NULL)));
}

static const char silent_primary[] =
	", \"but\": {\"185.5.1.53\": {\"all\": \"timed_out\"}}";
static const char no_history[] =
	"\"primaries\": [\"ns1.example.org\"], \"file\": \"no_place\","
	" \"each\": {\"has_expire\": false}";

static void unknown_metrics_are_left_out(void **state)
{
	static const char *const of_no_history[] = { "cover", "expire_left" };
	static const char *const of_independent[] = { "cover", "expire_left",
		"lag_age", "serial_lag", "survivors" };
	static const char *const of_nothing[] = { "cover", "expire_left",
		"lag_age", "serial_lag", "survivors", "slowest_udp",
		"slowest_tcp", "signature_life", "secondaries_good",
		"secondaries_bad", "transfer_records", "transfer_time" };
	struct judge judge =
		measure(*state, read_two(*state, silent_primary, no_history));

	assert_none(&judge, of_no_history, COUNT(of_no_history));
	outputs_assert_metric(&judge, "secondaries_good", 1);
	judge = measure(*state,
		read_two(*state, "", "\"expect\": {\"is_independent\": true}"));
	assert_none(&judge, of_independent, COUNT(of_independent));
	outputs_assert_metric(&judge, "secondaries_good", 2);
	judge = measure(*state,
		read_text(*state, "{\"cut\": \"nxdomain\", \"holder\": \"org\","
				  " \"secondary\": {}}"));
	assert_none(&judge, of_nothing, COUNT(of_nothing));
	outputs_assert_metric(&judge, "queries", 20);
}

static json_t *json_result(const struct secondary *s, size_t *len)
{
	struct text text;
	struct json json;
	json_t *result;

	text_init(&text, OUTPUT_MAX);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	secondary_write_json(&json, s);
	json_close_object(&json);
	result = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(result);
	*len = text.len;
	text_release(&text);
	return result;
}

static void json_tells_each_secondary(void **state)
{
	const struct secondary *s = read_text(*state, four_servers);
	size_t len;
	json_t *result = json_result(s, &len);
	json_t *third =
		json_array_get(json_object_get(result, "secondaries"), 1);
	const char *name, *address, *verdict, *step, *source, *limit;
	json_int_t serial, lag, age, left, cover;
	double udp, tcp;
	int in_parent, in_child;
	json_error_t error;

	assert_int_equal(
		json_array_size(json_object_get(result, "primaries")), 1);
	assert_int_equal(
		json_array_size(json_object_get(result, "secondaries")), 3);
	assert_int_equal(
		json_unpack_ex(third, &error, 0,
			"{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:F,s:F,s:b,s:b,"
			"s:{s:I,s:s,s:s}}",
			"name", &name, "address", &address, "verdict", &verdict,
			"step", &step, "serial", &serial, "serial_lag", &lag,
			"lag_age", &age, "expire_left", &left, "answer_time",
			&udp, "answer_time_tcp", &tcp, "in_parent", &in_parent,
			"in_child", &in_child, "cover", "seconds", &cover,
			"source", &source, "limit", &limit),
		0);
	assert_string_equal(name, "ns3.example.net");
	assert_string_equal(address, "194.1.3.53");
	assert_string_equal(verdict, "good");
	assert_string_equal(step, "behind");
	assert_string_equal(source, "measured");
	assert_string_equal(limit, "expire");
	assert_int_equal(serial, 2026010101);
	assert_int_equal(lag, 4);
	assert_int_equal(age, 3600);
	assert_int_equal(left, 1000000);
	assert_int_equal(cover, 1000000);
	assert_true(udp > 0.019 && udp < 0.021 && tcp > 0.049 && tcp < 0.051);
	assert_true(in_parent && in_child);
	json_decref(result);
}

static void json_tells_what_was_held_against_what(void **state)
{
	const struct secondary *s = read_text(*state, four_servers);
	size_t len;
	json_t *result = json_result(s, &len);
	const char *by, *fate, *node;
	json_int_t serial;
	int is_primary, is_given;
	json_error_t error;

	assert_int_equal(
		json_unpack_ex(result, &error, 0,
			"{s:b,s:{s:I,s:s,s:b},s:{s:s,s:s}}", "primary_is_given",
			&is_given, "reference", "serial", &serial, "served_by",
			&by, "is_primary", &is_primary, "history", "fate",
			&fate, "node", &node),
		0);
	assert_true(is_given && is_primary);
	assert_int_equal(serial, 2026010105);
	assert_string_equal(by, "185.5.1.53");
	assert_string_equal(fate, "read");
	assert_string_equal(node, "monitor.example.net");
	json_decref(result);
}

/* One set of records for all that agree; none is not the same as unknown. */
static void json_tells_contents_by_set(void **state)
{
	const struct secondary *s = read_text(*state,
		"{" HOSTS ", \"secondary\": {\"probes\": [\"example.org MX\"],"
		" \"but\": {\"193.9.2.53\": {\"contents\":"
		" {\"example.org MX\": \"nodata\"}}, \"195.1.4.53\":"
		" {\"contents\": {\"example.org MX\": \"timed_out\"}}}}}");
	size_t len;
	json_t *result = json_result(s, &len);
	json_t *all, *none, *unknown;
	json_int_t n_all, n_none, n_unknown;
	const char *first, *second, *alone;
	json_error_t error;

	assert_int_equal(
		json_unpack_ex(result, &error, 0,
			"{s:[{s:[{s:o,s:[s,s!],s:I},{s:o,s:[s!],s:I},"
			"{s:o,s:[*],s:I}!]}!]}",
			"probes", "sets", "records", &all, "from", &first,
			&second, "copies", &n_all, "records", &none, "from",
			&alone, "copies", &n_none, "records", &unknown, "from",
			"copies", &n_unknown),
		0);
	assert_int_equal(json_array_size(all), 1);
	assert_true(json_is_array(none));
	assert_int_equal(json_array_size(none), 0);
	assert_true(json_is_null(unknown));
	assert_string_equal(first, "185.5.1.53");
	assert_string_equal(second, "194.1.3.53");
	assert_string_equal(alone, "193.9.2.53");
	assert_int_equal(n_all, 2);
	assert_int_equal(n_none, 1);
	assert_int_equal(n_unknown, 1);
	json_decref(result);
}

static void assert_null_members(
	json_t *object, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(json_is_null(json_object_get(object, names[i])));
}

static void unknown_members_are_null(void **state)
{
	static const char *const of_dead[] = { "serial", "step", "serial_lag",
		"lag_age", "expire_left", "signature_life", "answer_time" };
	static const char *const of_cover[] = { "seconds", "source", "limit" };
	const struct secondary *s = read_text(*state, four_servers);
	size_t len;
	json_t *result = json_result(s, &len);
	json_t *dead =
		json_array_get(json_object_get(result, "secondaries"), 2);

	assert_null_members(dead, of_dead, COUNT(of_dead));
	assert_null_members(
		json_object_get(dead, "cover"), of_cover, COUNT(of_cover));
	assert_null(json_object_get(dead, "transfer"));
	json_decref(result);
	result =
		json_result(read_two(*state, silent_primary, no_history), &len);
	dead = json_array_get(json_object_get(result, "secondaries"), 0);
	assert_null_members(
		json_object_get(dead, "cover"), of_cover, COUNT(of_cover));
	assert_true(json_is_string(
		json_object_get(json_object_get(dead, "cover"), "why")));
	assert_true(json_is_integer(json_object_get(dead, "serial")));
	json_decref(result);
	result = json_result(
		read_text(*state, "{\"cut\": \"nxdomain\", \"holder\":"
				  " \"org\", \"secondary\": {\"file\":"
				  " \"new\"}}"),
		&len);
	assert_true(json_is_null(json_object_get(result, "reference")));
	assert_int_equal(
		json_array_size(json_object_get(result, "secondaries")), 0);
	json_decref(result);
}

static void json_tells_transfers(void **state)
{
	const struct secondary *s = read_two(*state, "",
		"\"primaries\": [{\"typed\": \"[192.0.2.7]:5300\", \"addr\":"
		" \"192.0.2.7\", \"port\": 5300}], \"more\": [{\"port\": 5300,"
		" \"server\": {\"addr\": \"192.0.2.7\"}, \"transfer\":"
		" {\"zonemd\": \"fine\"}, \"stranger\": \"refused\"}]");
	size_t len;
	json_t *result = json_result(s, &len);
	const char *end, *stranger, *zonemd;
	json_int_t port, serial, records;
	json_error_t error;

	assert_int_equal(
		json_unpack_ex(result, &error, 0,
			"{s:[{s:I,s:s,s:{s:s,s:I,s:I,s:s}}!]}", "primaries",
			"port", &port, "transfer_without_key", &stranger,
			"transfer", "end", &end, "serial", &serial, "records",
			&records, "zonemd", &zonemd),
		0);
	assert_int_equal(port, 5300);
	assert_int_equal(serial, 2026010101);
	assert_int_equal(records, 25);
	assert_string_equal(end, "done");
	assert_string_equal(zonemd, "fine");
	assert_string_equal(stranger, "refused");
	json_decref(result);
}

/* Each one bad in its own way, whatever can be told of it. */
static void json_stays_small(void **state)
{
	struct text more;
	const struct secondary *s;
	size_t len;

	text_init(&more, OUTPUT_MAX);
	text_add(&more, ", \"secondary\": {\"primaries\": [\"192.0.2.9\"],"
			" \"probes\": [\"example.org NS\", \"example.org MX\","
			" \"www.example.org A\"], \"each\": {\"transfer\":"
			" {\"zonemd\": \"fine\"}, \"stranger\": \"refused\","
			" \"later_soa\": {\"serial\": 2026010102}},"
			" \"but\": {");
	for (int i = 1; i <= SERVERS_GOAL; i++)
		text_printf(&more,
			"%s\"185.105.101.%d\": {\"contents\":"
			" {\"example.org MX\": [\"example.org MX 10 mail-"
			"exchanger-number-%d.data-centre.example.org\"]}}",
			i > 1 ? "," : "", 100 + i, i);
	text_add(&more, "}}");
	s = read_text(*state, outputs_many_servers(*state, more.data));
	text_release(&more);
	json_decref(json_result(s, &len));
	assert_int_equal(s->n_copies, 2 * SERVERS_GOAL);
	assert_true(len < JSON_GOAL);
}

static void many_contents_are_cut(void **state)
{
	struct text own;
	const struct secondary *s;
	json_t *result;
	size_t len;

	text_init(&own, OUTPUT_MAX);
	text_add(&own, "\"probes\": [");
	for (int i = 1; i <= 200; i++)
		text_printf(&own, "%s\"host-%d.example.org TXT\"",
			i > 1 ? "," : "", i);
	text_add(&own, "]");
	s = read_two(*state, "", own.data);
	text_release(&own);
	result = json_result(s, &len);
	assert_true(json_is_true(json_object_get(result, "probes_are_cut")));
	assert_true(len < 12 * 1000);
	json_decref(result);
	result = json_result(read_text(*state, four_servers), &len);
	assert_true(json_is_false(json_object_get(result, "probes_are_cut")));
	json_decref(result);
}

static void traces_grow_with_verbosity(void **state)
{
	const struct secondary *s = read_text(*state, four_servers);
	size_t before = 0;

	for (unsigned verbosity = 0; verbosity <= 3; verbosity++) {
		struct text text;

		text_init(&text, OUTPUT_MAX);
		secondary_write_trace(&text, s, verbosity);
		if (verbosity == 0) {
			assert_int_equal(text.len, 0);
		} else {
			assert_non_null(strstr(text.data, "194.1.3.53"));
			assert_non_null(strstr(text.data, "11 d 13 h"));
			assert_true(text.len > before);
		}
		before = text.len;
		text_release(&text);
	}
}

/* Line 1 holds each of the words, and nothing of it is cut. */
static void assert_summary(struct arena *arena, const struct secondary *s,
	const char *const words[], size_t n)
{
	const char *text = secondary_summary(arena, s);

	for (size_t i = 0; i < n; i++)
		if (!strstr(text, words[i]))
			fail_msg("no \"%s\" in: %s", words[i], text);
	assert_true(strlen(text) <= LINE_LEFT);
}

static void summary_tells_the_least_cover(void **state)
{
	static const char *const measured[] = { "2 of 3", "11 d 13 h",
		"at least", "ns3.example.net", "EXPIRE", "2026010105" };
	static const char *const assumed[] = { "1 of 1", "14 d",
		"ns2.example.net", "assumed", "ns1.example.org" };
	static const char *const at_most[] = { "1 of 1", "at most", "13 d",
		"ns2.example.net" };
	static const char *const limited[] = { "1 of 1", "10 d", "signatures" };
	static const char *const unknown[] = { "1 of 1", "not known",
		"history" };
	static const char *const independent[] = { "2 of 2" };

	assert_summary(*state, read_text(*state, four_servers), measured,
		COUNT(measured));
	assert_summary(*state,
		read_two(*state, "", "\"each\": {\"has_expire\": false}"),
		assumed, COUNT(assumed));
	assert_summary(*state,
		read_two(*state, silent_primary,
			"\"primaries\": [\"ns1.example.org\"], \"each\":"
			" {\"has_expire\": false}, \"before\":"
			" {\"primary_silent_s\": 1799913600}"),
		at_most, COUNT(at_most));
	assert_summary(*state, read_two(*state, ", \"signed\": {}", ""),
		limited, COUNT(limited));
	assert_summary(*state, read_two(*state, silent_primary, no_history),
		unknown, COUNT(unknown));
	assert_summary(*state,
		read_two(*state, "", "\"expect\": {\"is_independent\": true}"),
		independent, COUNT(independent));
}

/* What is not said: that a guess is a lower bound, and that nobody knows for
 * how long a server lasts which has nothing to expire. */
static void summary_claims_no_more_than_is_known(void **state)
{
	assert_null(strstr(
		secondary_summary(*state, read_two(*state, "",
						  "\"each\": {\"has_expire\":"
						  " false}")),
		"least"));
	assert_null(strstr(secondary_summary(*state,
				   read_two(*state, "",
					   "\"expect\": {\"is_independent\":"
					   " true}")),
		"known"));
}

static void summary_leaves_out_what_has_no_room(void **state)
{
	const struct secondary *s = read_text(*state,
		"{\"hosts\": [{\"name\": \"ns1.example.org\", \"addrs\":"
		" [\"185.5.1.53\"]}, {\"name\": \"ns-two.in-"
		"the-other-building.example.net\", \"addrs\":"
		" [\"193.9.2.53\"]}], \"secondary\": {}}");
	static const char *const words[] = { "1 of 1", "13 d 22 h",
		"ns-two.in-the-other-building" };

	assert_summary(*state, s, words, COUNT(words));
	assert_null(strstr(secondary_summary(*state, s), "ns1.example.org"));
}

#define WITH_ARENA(test) \
	cmocka_unit_test_setup_teardown(test, outputs_set_up, outputs_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ARENA(metrics_are_the_worst_of_good_secondaries),
		WITH_ARENA(metrics_are_those_of_each_secondary),
		WITH_ARENA(less_is_worse_where_it_is),
		WITH_ARENA(signatures_limit_the_cover),
		WITH_ARENA(transfers_are_measured),
		WITH_ARENA(unknown_metrics_are_left_out),
		WITH_ARENA(json_tells_each_secondary),
		WITH_ARENA(json_tells_what_was_held_against_what),
		WITH_ARENA(json_tells_contents_by_set),
		WITH_ARENA(unknown_members_are_null),
		WITH_ARENA(json_tells_transfers),
		WITH_ARENA(json_stays_small),
		WITH_ARENA(many_contents_are_cut),
		WITH_ARENA(traces_grow_with_verbosity),
		WITH_ARENA(summary_tells_the_least_cover),
		WITH_ARENA(summary_claims_no_more_than_is_known),
		WITH_ARENA(summary_leaves_out_what_has_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
