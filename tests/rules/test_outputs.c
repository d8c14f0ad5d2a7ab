/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is made of the facts beside findings: metrics, the JSON members, the
 * trace, and who is named in the sentences that a pager shows.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "common/dns/delegation.h"
#include "common/judge/judge.h"
#include "facts_read.h"
#include "outputs.h"

static const char two_servers[] =
	"{\"hosts\": [{\"name\": \"ns1.example.org\","
	" \"addrs\": [\"185.5.1.53\", \"2a00:5:1::53\"]},"
	" {\"name\": \"ns2.example.net\", \"addrs\": [\"193.9.2.53\"]}],"
	" \"n_queries\": 17,"
	" \"parents\": [{\"addr\": \"199.19.56.1\", \"ttl_s\": 7200},"
	" {\"addr\": \"199.19.57.1\", \"ttl_s\": 3600}],"
	" \"but\": {\"185.5.1.53\": {\"soa_udp\": {\"rtt_us\": 30000},"
	" \"soa\": {\"serial\": 4294967295}},"
	" \"2a00:5:1::53\": {\"soa_udp\": {\"rtt_us\": 40000},"
	" \"soa\": {\"serial\": 4}},"
	" \"193.9.2.53\": {\"all\": \"timed_out\"}}}";

static const struct delegation *read_text(struct arena *arena, const char *text)
{
	struct delegation *d = arena_alloc(arena, sizeof(*d));
	json_t *facts = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(facts);
	assert_null(facts_read(arena, facts, d));
	json_decref(facts);
	return d;
}

static struct judge judge_facts(struct arena *arena, const struct delegation *d)
{
	struct judge judge;

	judge_init(
		&judge, arena, delegation_rules, n_delegation_rules, NULL, 0);
	judge_all(&judge, d);
	delegation_measure(&judge, d);
	judge_sort(&judge);
	return judge;
}

static void metrics_are_those_of_good_addresses(void **state)
{
	const struct delegation *d = read_text(*state, two_servers);
	struct judge judge = judge_facts(*state, d);

	outputs_assert_metric(&judge, "slowest", 0.04);
	outputs_assert_metric(&judge, "slowest_ipv4", 0.03);
	outputs_assert_metric(&judge, "slowest_ipv6", 0.04);
	assert_true(!isnan(outputs_metric(
		&judge, "slowest_ipv4", "ns1.example.org 185.5.1.53")));
	outputs_assert_metric(&judge, "queries", 17);
	outputs_assert_metric(&judge, "servers_good", 1);
	outputs_assert_metric(&judge, "servers_bad", 1);
	outputs_assert_metric(&judge, "addresses_good", 2);
	outputs_assert_metric(&judge, "addresses_bad", 1);
	/* From 2^32 - 1 to 4 it is five steps around the circle. */
	outputs_assert_metric(&judge, "serial_spread", 5);
	outputs_assert_metric(&judge, "delegation_ttl", 3600);
	assert_true(outputs_metric(&judge, "answer_time",
			    "ns1.example.org 185.5.1.53") > 0.029);
	assert_true(isnan(outputs_metric(
		&judge, "answer_time", "ns2.example.net 193.9.2.53")));
}

/* One server's SOA ends first; the other's denial is over. */
static const char signed_servers[] =
	"{\"hosts\": [{\"name\": \"ns1.example.org\","
	" \"addrs\": [\"185.5.1.53\"]},"
	" {\"name\": \"ns2.example.net\", \"addrs\": [\"193.9.2.53\"]},"
	" {\"name\": \"ns3.example.net\", \"addrs\": [\"194.1.3.53\"]}],"
	" \"signed\": {}, \"security\": {\"ds\": [{}, {}]},"
	" \"but\": {\"185.5.1.53\": {\"nsid\": \"east-4\", \"security\":"
	" {\"soa\": {\"expiration_s\": 1800003600}}},"
	" \"194.1.3.53\": {\"security\": {\"nxdomain\": {\"security\":"
	" \"bogus\", \"why\": \"past its end\", \"expiration_s\": 1799999000}}}}}";

static void signatures_are_measured(void **state)
{
	const struct delegation *d = read_text(*state, signed_servers);
	struct judge judge = judge_facts(*state, d);

	outputs_assert_metric(&judge, "signature_life", -1000);
	assert_true(!isnan(outputs_metric(
		&judge, "signature_life", "ns3.example.net 194.1.3.53")));
	outputs_assert_metric(&judge, "ds", 2);
	outputs_assert_metric(&judge, "keys", 1);
	assert_true(outputs_metric(&judge, "server_signature_life",
			    "ns1.example.org 185.5.1.53") > 3599);
	assert_true(outputs_metric(&judge, "server_signature_life",
			    "ns2.example.net 193.9.2.53") > 10 * 86400 - 1);
	assert_true(outputs_metric(&judge, "server_signature_life",
			    "ns3.example.net 194.1.3.53") < 0);
}

/* What a zone comes to whose facts beside the servers are these. */
static enum dns_security security_of(struct arena *arena, const char *facts)
{
	return delegation_security(read_text(arena,
		arena_printf(arena,
			"{\"hosts\": [{\"name\": \"ns1.example.net\","
			" \"addrs\": [\"185.5.1.53\", \"193.9.2.53\"]}]%s}",
			facts)));
}

static void zones_have_one_security(void **state)
{
	static const char one_bogus[] =
		", \"signed\": {}, \"but\": {\"185.5.1.53\": {\"security\":"
		" \"bogus\"}}";
	static const char all_bogus[] =
		", \"signed\": {}, \"but\": {\"185.5.1.53\": {\"security\":"
		" \"bogus\"}, \"193.9.2.53\": {\"security\": \"unsigned\"}}";
	static const char one_silent[] =
		", \"signed\": {\"security\": \"bogus\"}, \"security\":"
		" {\"ds_signed\": {\"security\": \"secure\"}}, \"but\":"
		" {\"185.5.1.53\": {\"all\": \"timed_out\"}}";

	static const char opt_out[] =
		", \"signed\": {}, \"but\": {\"185.5.1.53\": {\"security\":"
		" {\"nxdomain\": {\"security\": \"insecure\"}}},"
		" \"193.9.2.53\": {\"security\":"
		" {\"nxdomain\": {\"security\": \"insecure\"}}}}";
	static const char not_asked[] =
		", \"but\": {\"185.5.1.53\": {\"security\": \"not_asked\"},"
		" \"193.9.2.53\": {\"security\": \"not_asked\"}}";

	assert_int_equal(security_of(*state, ""), DNS_INSECURE);
	assert_int_equal(security_of(*state, not_asked), DNS_INSECURE);
	assert_int_equal(security_of(*state, ", \"signed\": {}"), DNS_SECURE);
	assert_int_equal(security_of(*state, opt_out), DNS_SECURE);
	assert_int_equal(security_of(*state, one_bogus), DNS_SECURE);
	assert_int_equal(security_of(*state, all_bogus), DNS_BOGUS);
	assert_int_equal(security_of(*state, one_silent), DNS_BOGUS);
	assert_int_equal(security_of(*state, ", \"signed\": {},"
					     " \"security\": {\"parent\":"
					     " \"bogus\"}"),
		DNS_BOGUS);
	assert_int_equal(security_of(*state, ", \"signed\": {},"
					     " \"security\": {\"ds_signed\":"
					     " {\"security\": \"bogus\"}}"),
		DNS_BOGUS);
	assert_int_equal(security_of(*state, ", \"signed\": {},"
					     " \"security\": {\"parent\":"
					     " \"insecure\"}"),
		DNS_INSECURE);
	assert_int_equal(security_of(*state, ", \"signed\": {},"
					     " \"security\": {\"ds_signed\":"
					     " {\"security\":"
					     " \"indeterminate\"}}"),
		DNS_INDETERMINATE);
	assert_int_equal(security_of(*state, ", \"signed\": {\"security\":"
					     " \"indeterminate\"}"),
		DNS_INDETERMINATE);
	assert_int_equal(security_of(*state, ", \"signed\": {},"
					     " \"security\": {\"is_known\":"
					     " false}"),
		DNS_SECURITY_UNKNOWN);
	assert_int_equal(
		security_of(*state, ", \"signed\": {}, \"cut\": \"none\""),
		DNS_SECURITY_UNKNOWN);
}

/* Without its keys nothing else of a server can be told. */
static void missing_keys_are_one_thing(void **state)
{
	const struct delegation *d = read_text(*state,
		"{\"hosts\": [{\"name\": \"ns1.example.net\", \"addrs\":"
		" [\"185.5.1.53\", \"193.9.2.53\"]}], \"expect\":"
		" {\"min_ns\": 1}, \"signed\": {}, \"but\":"
		" {\"185.5.1.53\": {\"security\": \"unknown\"}}}");
	struct judge judge = judge_facts(*state, d);

	assert_int_equal(judge.n_not_judged, 1);
}

static void unknown_metrics_are_left_out(void **state)
{
	const struct delegation *d = read_text(
		*state, "{\"cut\": \"nxdomain\", \"holder\": \"org\"}");
	struct judge judge = judge_facts(*state, d);
	static const char *const names[] = { "slowest", "slowest_ipv4",
		"slowest_ipv6", "servers_good", "servers_bad", "addresses_good",
		"addresses_bad", "serial_spread", "delegation_ttl",
		"signature_life", "keys", "ds" };

	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(isnan(outputs_metric(&judge, names[i], NULL)));
	outputs_assert_metric(&judge, "queries", 20);
}

/* The sentence of the rule's first finding; empty where it has none. */
static const char *sentence(const struct judge *judge, const char *rule)
{
	size_t i;

	for (i = 0; i < judge->n_findings; i++)
		if (strcmp(judge->findings[i].rule->id, rule) == 0)
			return judge->findings[i].text;
	return "";
}

static void dead_servers_are_named(void **state)
{
	static const char *const dead[] = { "ns1.example.org", "185.5.1.53",
		"2a00:5:1::53", "ns2.example.net", "ns3.example.com" };
	const struct delegation *d = read_text(*state,
		"{\"hosts\": [{\"name\": \"ns1.example.org\","
		" \"addrs\": [\"185.5.1.53\", \"2a00:5:1::53\"]},"
		" {\"name\": \"ns2.example.net\", \"lookup\": \"nxdomain\"},"
		" {\"name\": \"ns3.example.com\", \"addrs\":"
		" [\"194.8.3.53\"]},"
		" {\"name\": \"ns4.example.com\", \"addrs\":"
		" [\"194.8.4.53\"]}], \"but\": {"
		" \"185.5.1.53\": {\"all\": \"timed_out\"},"
		" \"2a00:5:1::53\": {\"all\": \"refused\"},"
		" \"194.8.3.53\": {\"all\": \"servfail\"}}}");
	struct judge judge = judge_facts(*state, d);
	const char *text = sentence(&judge, "one-good-server");

	for (size_t i = 0; i < COUNT(dead); i++)
		assert_non_null(strstr(text, dead[i]));
	assert_null(strstr(text, "ns4.example.com"));
	assert_null(strstr(text, "194.8.4.53"));
}

static json_t *json_result(const struct delegation *d, size_t *len)
{
	struct text text;
	struct json json;
	json_t *result;

	text_init(&text, OUTPUT_MAX);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	delegation_write_json(&json, d);
	json_close_object(&json);
	result = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(result);
	*len = text.len;
	text_release(&text);
	return result;
}

static void json_keeps_three_facts_apart(void **state)
{
	const struct delegation *d = read_text(*state,
		"{\"hosts\": [{\"name\": \"ns1.example.org\","
		" \"glue\": [\"185.5.9.53\"], \"addrs\": [\"185.5.1.53\"],"
		" \"v6_known\": false},"
		" {\"name\": \"ns2.example.net\", \"glue\": [],"
		" \"in_child\": false, \"addrs\": [\"193.9.2.53\"]}],"
		" \"but\": {\"185.5.9.53\": {\"all\": \"timed_out\"}}}");
	size_t len;
	json_t *result = json_result(d, &len);
	const char *glue, *child, *address;
	json_t *v6, *said_by;
	json_error_t error;

	assert_int_equal(json_unpack_ex(result, &error, 0,
				 "{s:{s:{s:[s!],s:[!]}},s:{s:[s!],s:o},"
				 "s:{s:{s:[s!],s:o}}}",
				 "parent", "ns", "ns1.example.org", &glue,
				 "ns2.example.net", "child", "ns", &child,
				 "said_by", &said_by, "addresses",
				 "ns1.example.org", "v4", &address, "v6", &v6),
		0);
	assert_string_equal(glue, "185.5.9.53");
	assert_string_equal(child, "ns1.example.org");
	assert_string_equal(address, "185.5.1.53");
	/* Not known is null, and not the same as none. */
	assert_true(json_is_null(v6));
	assert_int_equal(json_array_size(said_by), 2);
	assert_int_equal(
		json_array_size(json_object_get(result, "servers")), 3);
	json_decref(result);
}

static void json_tells_signatures(void **state)
{
	const struct delegation *d = read_text(*state, signed_servers);
	size_t len;
	json_t *result = json_result(d, &len);
	const char *status, *first, *nsid, *third;
	json_t *ds, *keys;
	json_error_t error;
	json_int_t end, first_end;

	assert_int_equal(
		json_unpack_ex(result, &error, 0,
			"{s:{s:s,s:I,s:o,s:o},s:[{s:s,s:s,s:I},{},{s:s}!]}",
			"security", "status", &status, "first_end", &end, "ds",
			&ds, "keys", &keys, "servers", "security", &first,
			"nsid", &nsid, "first_end", &first_end, "security",
			&third),
		0);
	assert_string_equal(status, "secure");
	assert_string_equal(first, "secure");
	assert_string_equal(third, "bogus");
	assert_string_equal(nsid, "east-4");
	assert_int_equal(end, 1799999000);
	assert_int_equal(first_end, 1800003600);
	assert_int_equal(json_array_size(ds), 2);
	assert_int_equal(json_array_size(keys), 1);
	json_decref(result);
}

static void unknown_sides_are_null(void **state)
{
	const struct delegation *d = read_text(*state,
		"{\"cut\": \"same_servers\", \"child_ns\": null,"
		" \"hosts\": [{\"name\": \"ns1.example.org\","
		" \"addrs\": [\"185.5.1.53\"]}],"
		" \"but\": {\"185.5.1.53\": {\"all\": \"servfail\"}}}");
	size_t len;
	json_t *result = json_result(d, &len);

	assert_true(json_is_null(
		json_object_get(json_object_get(result, "parent"), "ns")));
	assert_true(json_is_null(
		json_object_get(json_object_get(result, "child"), "ns")));
	json_decref(result);
}

static void json_stays_small(void **state)
{
	const struct delegation *d =
		read_text(*state, outputs_many_servers(*state, ""));
	size_t len;

	json_decref(json_result(d, &len));
	assert_int_equal(d->n_servers, 2 * SERVERS_GOAL);
	assert_true(len < JSON_GOAL);
}

static void traces_grow_with_verbosity(void **state)
{
	const struct delegation *d = read_text(*state, two_servers);
	size_t before = 0;

	for (unsigned verbosity = 0; verbosity <= 3; verbosity++) {
		struct text text;

		text_init(&text, OUTPUT_MAX);
		delegation_write_trace(&text, d, verbosity);
		if (verbosity == 0)
			assert_int_equal(text.len, 0);
		else
			assert_non_null(strstr(text.data, "193.9.2.53"));
		/* There is no walk in these facts for the second to tell. */
		assert_true(verbosity == 2   ? text.len == before
			    : verbosity == 0 ? true
					     : text.len > before);
		before = text.len;
		text_release(&text);
	}
}

static void traces_tell_signatures(void **state)
{
	const struct delegation *d = read_text(*state, signed_servers);
	size_t before = 0;

	for (unsigned verbosity = 1; verbosity <= 3; verbosity++) {
		struct text text;

		text_init(&text, OUTPUT_MAX);
		delegation_write_trace(&text, d, verbosity);
		assert_non_null(strstr(text.data, "secure"));
		assert_non_null(strstr(text.data, "east-4"));
		assert_non_null(strstr(text.data, "bogus"));
		assert_true((strstr(text.data, "past its end") != NULL) ==
			    (verbosity > 1));
		assert_true(text.len > before);
		before = text.len;
		text_release(&text);
	}
}

static void summary_counts(void **state)
{
	const struct delegation *d = read_text(*state, two_servers);
	const char *text = delegation_summary(*state, d);

	assert_non_null(strstr(text, "1 of 2"));
	assert_non_null(strstr(text, "answer 40"));
	assert_null(strstr(text, "signed"));
	text = delegation_summary(*state, read_text(*state, signed_servers));
	assert_non_null(strstr(text, "signed and valid"));
}

#define WITH_ARENA(test) \
	cmocka_unit_test_setup_teardown(test, outputs_set_up, outputs_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ARENA(metrics_are_those_of_good_addresses),
		WITH_ARENA(signatures_are_measured),
		WITH_ARENA(zones_have_one_security),
		WITH_ARENA(missing_keys_are_one_thing),
		WITH_ARENA(unknown_metrics_are_left_out),
		WITH_ARENA(dead_servers_are_named),
		WITH_ARENA(json_keeps_three_facts_apart),
		WITH_ARENA(json_tells_signatures),
		WITH_ARENA(unknown_sides_are_null),
		WITH_ARENA(json_stays_small),
		WITH_ARENA(traces_grow_with_verbosity),
		WITH_ARENA(traces_tell_signatures),
		WITH_ARENA(summary_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
