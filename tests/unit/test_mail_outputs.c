/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics of check_mx, its line 1 where all is well, and its JSON. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>

#include "tests/unit/mail_world.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	JSON_MAX = 1000000,
	JSON_WANTED_MAX = 55000,
	HOSTS = 26,
};

static struct world world;

static int set_up(void **state)
{
	*state = &world;
	world_pair(&world, arena_new(ARENA_MAX));
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	return 0;
}

/* -1: there is none. */
static double metric(struct world *w, const char *name, const char *instance)
{
	judge_init(&w->judge, w->arena, mx_rules, n_mx_rules, NULL, 0);
	mx_measure(&w->judge, &w->mx);
	for (size_t i = 0; i < w->judge.n_metrics; i++) {
		const struct metric *one = &w->judge.metrics[i];

		if (strcmp(one->def->name, name) == 0 &&
			(instance ? one->instance && strcmp(one->instance,
							     instance) == 0
				  : !one->def->is_per_server))
			return one->value;
	}
	return -1;
}

/* Whose the worst is, of a metric of the whole. */
static const char *whose(const struct world *w, const char *name)
{
	size_t i = 0;

	while (strcmp(w->judge.metrics[i].def->name, name) != 0)
		i++;
	return w->judge.metrics[i].instance;
}

static void metrics_are_of_all_and_of_each(void **state)
{
	struct world *w = *state;
	struct smtp_session *second = &w->addresses[1].session;

	second->steps[SMTP_GREETING].took_us = 1500000;
	second->tls.certs[0].end_s = WORLD_NOW_S + 5;
	w->mx.n_connections = 3;
	w->mx.n_queries = 4;
	assert_true(metric(w, "greeting", NULL) == 1.5);
	assert_true(metric(w, "certificate_life", NULL) == 5);
	assert_string_equal(
		whose(w, "greeting"), "mx2.example.org 198.51.100.25");
	assert_string_equal(
		whose(w, "certificate_life"), "mx2.example.org 198.51.100.25");
	assert_true(metric(w, "exchangers", NULL) == 2);
	assert_true(metric(w, "exchangers_good", NULL) == 2);
	assert_true(metric(w, "exchangers_bad", NULL) == 0);
	assert_true(metric(w, "addresses_good", NULL) == 2);
	assert_true(metric(w, "addresses_bad", NULL) == 0);
	assert_true(metric(w, "connections", NULL) == 3);
	assert_true(metric(w, "queries", NULL) == 4);
	assert_true(metric(w, "address_greeting",
			    "mx2.example.org 198.51.100.25") == 1.5);
	assert_true(
		metric(w, "address_certificate_life",
			"mx1.example.org 192.0.2.25") == 60.0 * WORLD_DAY_S);
}

static void what_was_not_seen_is_no_metric(void **state)
{
	struct world *w = *state;

	world_fail(w, 1, SMTP_GREETING, SMTP_TIMED_OUT);
	assert_true(metric(w, "greeting", NULL) == 7);
	assert_true(metric(w, "exchangers_bad", NULL) == 1);
	world_fail(w, 0, SMTP_CONNECT, SMTP_PORT_CLOSED);
	world_fail(w, 1, SMTP_CONNECT, SMTP_PORT_CLOSED);
	assert_true(metric(w, "greeting", NULL) < 0);
	assert_true(metric(w, "certificate_life", NULL) < 0);
	world_init(w, w->arena);
	w->mx.set = MX_SET_UNKNOWN;
	assert_true(metric(w, "exchangers_good", NULL) < 0);
}

static void the_summary_counts(void **state)
{
	struct world *w = *state;

	assert_string_equal(mx_summary(w->arena, &w->mx),
		"2 of 2 exchangers (2 of 2 addresses) take user@example.org");
	world_reply(w, 1, SMTP_RCPT, "450 4.7.1 Greylisted");
	assert_string_equal(mx_summary(w->arena, &w->mx),
		"2 of 2 exchangers (2 of 2 addresses) take user@example.org, "
		"1 after greylisting");
	world_pair(w, w->arena);
	world_dane(w, 0);
	world_dane(w, 1);
	assert_string_equal(mx_summary(w->arena, &w->mx),
		"2 of 2 exchangers (2 of 2 addresses) take user@example.org, "
		"DANE holds");
	w->exchangers[1].tlsa_lookup.security = DNS_INSECURE;
	assert_string_equal(mx_summary(w->arena, &w->mx),
		"2 of 2 exchangers (2 of 2 addresses) take user@example.org, "
		"TLSA records are not signed");
	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	w->mx.expect.rcpt = NULL;
	world_policy(w, "version: STSv1\nmode: enforce\nmax_age: 86400\n"
			"mx: mx1.example.org\n");
	assert_string_equal(mx_summary(w->arena, &w->mx),
		"1 of 1 exchanger (1 of 1 address) takes a sender, no recipient "
		"was tried, MTA-STS holds");
}

static size_t write_json(struct mx *mx, struct text *text)
{
	struct json json;

	text_init(text, JSON_MAX);
	json_init(&json, text);
	json_open_object(&json, NULL);
	mx_write_json(&json, mx);
	json_close_object(&json);
	return text->len;
}

static void json_tells_what_a_sender_meets(void **state)
{
	struct world *w = *state;
	struct text text;

	world_reply(w, 1, SMTP_RCPT, "550 5.1.1 who?");
	write_json(&w->mx, &text);
	assert_non_null(strstr(text.data, "\"set\":\"listed\""));
	assert_non_null(strstr(text.data,
		"\"address\":\"198.51.100.25\",\"preference\":20,"
		"\"take\":\"bounces\""));
	assert_non_null(strstr(text.data, "\"rcpt\":{\"code\":\"550 5.1.1\""));
	assert_non_null(strstr(text.data, "\"text\":\"who?\""));
	text_release(&text);
}

/* All that a server may say at its longest, at 26 hosts on two families. */
static void json_is_bounded(void **state)
{
	struct world *w = *state;
	struct mx_exchanger *exchangers =
		arena_array(w->arena, HOSTS, sizeof(*exchangers));
	struct mx_address *addresses =
		arena_array(w->arena, HOSTS * 2, sizeof(*addresses));
	char *reply = arena_alloc(w->arena, SMTP_TEXT_MAX);
	struct text text;

	memset(reply, 'x', SMTP_TEXT_MAX - 1);
	for (size_t i = 0; i < HOSTS; i++)
		exchangers[i] = w->exchangers[0];
	for (size_t i = 0; i < HOSTS * 2; i++) {
		addresses[i] = w->addresses[0];
		addresses[i].exchanger = i / 2;
		addresses[i].session.steps[SMTP_RCPT].code = 550;
		addresses[i].session.steps[SMTP_RCPT].text = reply;
		addresses[i].session.tls.certs[0].subject = reply;
		addresses[i].session.tls.certs[0].issuer = reply;
	}
	w->mx.exchangers = exchangers;
	w->mx.n_exchangers = HOSTS;
	w->mx.addresses = addresses;
	w->mx.n_addresses = HOSTS * 2;
	assert_true(write_json(&w->mx, &text) < JSON_WANTED_MAX);
	text_release(&text);
}

static void the_trace_grows_with_verbosity(void **state)
{
	struct world *w = *state;
	struct text text;

	world_reply(w, 1, SMTP_RCPT, "550 5.1.1 who|ever?");
	world_fail(w, 0, SMTP_GREETING, SMTP_TIMED_OUT);
	text_init(&text, JSON_MAX);
	mx_write_trace(&text, &w->mx, 0);
	assert_string_equal(text.data, "");
	mx_write_trace(&text, &w->mx, 1);
	assert_string_equal(text.data,
		"10 mx1.example.org\n"
		"  192.0.2.25: takes no mail: it would wait, or go to the "
		"next\n"
		"20 mx2.example.org\n"
		"  198.51.100.25: rejects mail: it would bounce; greeting 40 "
		"ms; TLS 1.3, certificate valid\n"
		"if mx1.example.org fails: mx2.example.org (198.51.100.25) "
		"rejects the mail, which bounces at once\n"
		"if mx2.example.org fails: the mail waits at its senders, and "
		"bounces after four or five days\n"
		"MTA-STS: no record\n");
	text_clear(&text);
	mx_write_trace(&text, &w->mx, 2);
	assert_non_null(strstr(text.data, "    the greeting: timed out, 7000"));
	assert_non_null(strstr(text.data, "    RCPT: 550 5.1.1, 0 ms\n"));
	assert_null(strstr(text.data, "ever?"));
	text_clear(&text);
	mx_write_trace(&text, &w->mx, 3);
	assert_non_null(strstr(text.data, "0 ms: who!ever?\n"));
	assert_non_null(strstr(text.data,
		"    certificate of CN=exchanger by CN=ca, rsa 2048 bits, "
		"ends in "));
	text_release(&text);
}

static void the_trace_tells_of_the_policy(void **state)
{
	struct world *w = *state;
	struct mx_sts *sts = &w->mx.sts;
	struct text text;

	sts->n_records = 1;
	sts->id = "2026";
	sts->fetch = MX_FETCH_TIMED_OUT;
	sts->fetch_why = "connecting|";
	sts->took_us = 20000000;
	text_init(&text, JSON_MAX);
	mx_write_trace(&text, &w->mx, 1);
	assert_non_null(
		strstr(text.data, "MTA-STS: id 2026, policy not obtained\n"));
	assert_null(strstr(text.data, "connecting"));
	text_clear(&text);
	mx_write_trace(&text, &w->mx, 2);
	assert_non_null(strstr(
		text.data, "  policy: timed_out, 20000 ms: connecting!\n"));
	text_release(&text);
}

/* Whatever there is to be told of: an alias with TLSA records, one that
 * rejects in the clear, another one that nothing is known of. */
static void tell_all(struct world *w)
{
	struct smtp_session *second = &w->addresses[1].session;
	const char **names = arena_array(w->arena, 4, sizeof(*names));
	struct dns_step *step = arena_alloc(w->arena, sizeof(*step));
	struct cert *cert = &w->addresses[0].session.tls.certs[0];

	world_dane(w, 0);
	w->addresses[0].session.tls.chain = CERT_CHAIN_INVALID;
	w->addresses[0].session.tls.chain_error = "self-signed|certificate";
	w->exchangers[0].alias = "al|ias.example.net";
	w->exchangers[1].v6.lookup = DNS_LOOKUP_NXDOMAIN;
	w->addresses[0].as_number = 64500;
	for (size_t i = 0; i < 4; i++)
		names[i] = arena_printf(w->arena, "n%zu.example.org", i);
	cert->names = (struct dns_names){ true, 4, names };
	world_reply(w, 1, SMTP_RCPT, "550 5.1.1 who|ever?");
	second->steps[SMTP_TLS] =
		(struct smtp_step){ .outcome = SMTP_TLS_FAILED,
			.took_us = 2500,
			.text = "bad\nrecord" };
	second->steps[SMTP_EHLO_TLS] = (struct smtp_step){ 0 };
	second->offer_tls = (struct smtp_offer){ 0 };
	second->tls.version = 0;
	second->tls.chain = CERT_CHAIN_UNKNOWN;
	second->tls.certs[0].end_s = WORLD_NOW_S - 2 * WORLD_DAY_S;
	second->tls.n_certs = 1;
	second->is_retried_plain = true;
	world_policy(w, "version: STSv1\nmode: testing\nmax_age: 86400\n"
			"mx: mx1.example.org\nmx: *.example.net\n");
	w->mx.sts.took_us = 30000;
	w->mx.has_null = true;
	w->mx.expect.n_lost = 1;
	w->mx.expect.lost = arena_alloc(w->arena, sizeof(struct dns_prefix));
	assert_true(dns_prefix_parse("192.0.2.0/24", w->mx.expect.lost));
	world_add(w, "mx3.example.org", 30, "2001:db8::25", NULL);
	w->addresses[2].session = (struct smtp_session){ 0 };
	w->mx.v6 = DNS_SIGHT_NO_ROUTE;
	step->zone = "example.org";
	step->host = "ns1.example.org";
	step->addr_text = "192.0.2.1";
	step->question = "example.org MX";
	w->mx.steps = step;
	w->mx.n_steps = 1;
}

static void json_tells_all(void **state)
{
	struct world *w = *state;
	struct text text;

	tell_all(w);
	write_json(&w->mx, &text);
	assert_string_equal(text.data,
		"{\"domain\":\"example.org\",\"set\":\"listed\",\"security\":\"secure\","
		"\"has_null_mx\":true,\"recipient\":\"user@example.org\","
		"\"ipv4\":\"seen\",\"ipv6\":\"no_route\",\"mta_sts\":{\"records\":1,"
		"\"id\":\"1\",\"fetch\":\"done\",\"status\":200,\"time\":0.03,"
		"\"mode\":\"testing\",\"max_age\":86400,\"mx\":[\"*.example.net\","
		"\"mx1.example.org\"]},"
		"\"exchangers\":[{\"name\":\"mx1.example.org\",\"preference\":10,"
		"\"take\":\"takes\",\"ipv4\":\"found\",\"ipv6\":\"no_address\","
		"\"alias\":\"al|ias.example.net\",\"tlsa\":1,"
		"\"tlsa_security\":\"secure\"},{\"name\":\"mx2.example.org\","
		"\"preference\":20,\"take\":\"bounces\",\"ipv4\":\"found\","
		"\"ipv6\":\"nxdomain\",\"tlsa\":0,\"tlsa_security\":\"unknown\"},"
		"{\"name\":\"mx3.example.org\",\"preference\":30,\"take\":\"unknown\","
		"\"ipv4\":\"no_address\",\"ipv6\":\"found\",\"tlsa\":0,"
		"\"tlsa_security\":\"unknown\"}],"
		"\"addresses\":[{\"exchanger\":\"mx1.example.org\","
		"\"address\":\"192.0.2.25\",\"preference\":10,\"take\":\"takes\","
		"\"as\":64500,\"dane\":\"matches\",\"connect\":{\"time\":0.04},"
		"\"greeting\":{\"code\":\"220\",\"time\":0.04},\"ehlo\":{\"code\":\"250\","
		"\"time\":0.04},\"starttls\":{\"code\":\"220\",\"time\":0.04},"
		"\"tls\":{\"time\":0.04},\"ehlo_tls\":{\"code\":\"250\",\"time\":0.04},"
		"\"mail\":{\"code\":\"250\",\"time\":0.04},\"rcpt\":{\"code\":\"250\","
		"\"time\":0.04},\"tls_version\":\"TLS 1.3\","
		"\"certificate\":{\"subject\":\"CN=exchanger\",\"issuer\":\"CN=ca\","
		"\"names\":[\"n0.example.org\",\"n1.example.org\","
		"\"n2.example.org\"],\"ends\":1805184000,\"life\":5184000,"
		"\"key\":\"rsa\",\"bits\":2048,\"chain\":\"invalid\","
		"\"chain_error\":\"self-signed|certificate\"}},"
		"{\"exchanger\":\"mx2.example.org\",\"address\":\"198.51.100.25\","
		"\"preference\":20,\"take\":\"bounces\",\"dane\":\"none\","
		"\"connect\":{\"time\":0.04},\"greeting\":{\"code\":\"220\","
		"\"time\":0.04},\"ehlo\":{\"code\":\"250\",\"time\":0.04},"
		"\"starttls\":{\"code\":\"220\",\"time\":0.04},"
		"\"tls\":{\"outcome\":\"tls_failed\",\"time\":0.0025,"
		"\"text\":\"bad\\u000arecord\"},\"mail\":{\"code\":\"250\","
		"\"time\":0.04},\"rcpt\":{\"code\":\"550 5.1.1\",\"time\":0,"
		"\"text\":\"who|ever?\"},"
		"\"certificate\":{\"subject\":\"CN=exchanger\",\"issuer\":\"CN=ca\","
		"\"names\":[\"mx2.example.org\"],\"ends\":1799827200,"
		"\"life\":-172800,\"key\":\"rsa\",\"bits\":2048,\"chain\":\"unknown\"}},"
		"{\"exchanger\":\"mx3.example.org\",\"address\":\"2001:db8::25\","
		"\"preference\":30,\"take\":\"unknown\","
		"\"why\":\"no route from here\",\"dane\":\"none\"}]}");
	text_release(&text);
}

static void the_trace_tells_all(void **state)
{
	struct world *w = *state;
	struct text text;

	tell_all(w);
	text_init(&text, JSON_MAX);
	mx_write_trace(&text, &w->mx, 3);
	assert_string_equal(text.data,
		"10 mx1.example.org, alias of al!ias.example.net, 1 TLSA (secure)\n"
		"  192.0.2.25: takes mail; greeting 40 ms; TLS 1.3, certificate not valid (self-signed!certificate); DANE matches\n"
		"    the connection: done, 40 ms\n"
		"    the greeting: 220, 40 ms\n"
		"    EHLO: 250, 40 ms\n"
		"    STARTTLS: 220, 40 ms\n"
		"    TLS: done, 40 ms\n"
		"    EHLO over TLS: 250, 40 ms\n"
		"    MAIL: 250, 40 ms\n"
		"    RCPT: 250, 40 ms\n"
		"    RSET: 250, 40 ms\n"
		"    QUIT: 221, 40 ms\n"
		"    certificate of CN=exchanger by CN=ca, rsa 2048 bits, ends in 60 d\n"
		"    certificate of CN=exchanger by CN=ca, rsa 2048 bits, ends in 60 d\n"
		"20 mx2.example.org\n"
		"  198.51.100.25: rejects mail: it would bounce; greeting 40 ms; without TLS\n"
		"    the connection: done, 40 ms\n"
		"    the greeting: 220, 40 ms\n"
		"    EHLO: 250, 40 ms\n"
		"    STARTTLS: 220, 40 ms\n"
		"    TLS: failed the TLS handshake, 2.5 ms: bad record\n"
		"    MAIL: 250, 40 ms\n"
		"    RCPT: 550 5.1.1, 0 ms: who!ever?\n"
		"    RSET: 250, 40 ms\n"
		"    QUIT: 221, 40 ms\n"
		"    certificate of CN=exchanger by CN=ca, rsa 2048 bits, ended 2 d ago\n"
		"30 mx3.example.org\n"
		"  2001:db8::25: not judged (no route from here)\n"
		"without what --lost names: mx2.example.org (198.51.100.25) rejects the mail, which bounces at once\n"
		"if mx1.example.org fails: mx2.example.org (198.51.100.25) rejects the mail, which bounces at once\n"
		"if mx2.example.org fails: mx1.example.org (192.0.2.25) takes the mail\n"
		"if mx3.example.org fails: mx1.example.org (192.0.2.25) takes the mail\n"
		"MTA-STS: id 1, policy testing for 86400 s\n"
		"  policy: done, HTTP 200, 30 ms\n"
		"walk:\n"
		"  at 0.0 ms: example.org ns1.example.org (192.0.2.1), example.org MX: was not asked\n"
		"    over UDP: was not asked, 0 sent\n");
	text_release(&text);
}

/* Where less is worse, a bare threshold is the least that is wanted. */
static void metrics_have_their_direction(void **state)
{
	struct text text;

	(void)state;
	text_init(&text, JSON_MAX);
	for (size_t i = 0; i < n_mx_metrics; i++)
		text_printf(&text, "%s%s%s%s\n", mx_metrics[i].name,
			mx_metrics[i].unit,
			mx_metrics[i].less_is_worse ? " less" : "",
			mx_metrics[i].is_per_server ? " each" : "");
	assert_string_equal(text.data, "greetings\n"
				       "certificate_lifes less\n"
				       "exchangers less\n"
				       "exchangers_good less\n"
				       "exchangers_bad\n"
				       "addresses_good less\n"
				       "addresses_bad\n"
				       "connections\n"
				       "queries\n"
				       "address_greetings each\n"
				       "address_certificate_lifes less each\n");
	text_release(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(metrics_are_of_all_and_of_each),
		TEST(what_was_not_seen_is_no_metric),
		TEST(the_summary_counts),
		TEST(json_tells_what_a_sender_meets),
		TEST(json_is_bounded),
		TEST(the_trace_grows_with_verbosity),
		TEST(the_trace_tells_of_the_policy),
		TEST(json_tells_all),
		TEST(the_trace_tells_all),
		TEST(metrics_have_their_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
