/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts of check_mx that are written and read back are the same, and judged
 * the same; and what is misspelt is an error, in the short form of fixtures,
 * too. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "mx_short.h"
#include "tests/unit/mail_world.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	FACTS_MAX = 1000000,
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

static const char *write_facts(struct arena *arena, const struct mx *mx)
{
	struct text text;
	struct json json;
	const char *copy;

	text_init(&text, FACTS_MAX);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	mx_write_facts(&json, mx);
	json_close_object(&json);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

static const char *read_text(
	struct arena *arena, const char *text, struct mx *mx)
{
	json_t *facts = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *wrong;

	*mx = (struct mx){ .domain = NULL };
	assert_non_null(facts);
	wrong = mx_read(arena, facts, mx);
	json_decref(facts);
	return wrong;
}

/* Everything that a member may be, none of it what it is when left out. */
static void fill(struct world *w)
{
	static const char *hosts[] = { "mx3.example.net" };
	static struct dns_prefix prefix;
	static struct cert_anchor anchor = { 1, 2, "00", CERT_CHAIN_INVALID,
		"anchor error" };
	struct mx *mx = &w->mx;

	assert_true(dns_prefix_parse("2001:db8:7::/48", &prefix));
	world_add(w, "mx3.example.net", 30, "2001:db8:7::25", NULL);
	world_dane(w, 2);
	w->exchangers[2].alias = "real.example.com";
	w->exchangers[2].alias_security = DNS_SECURE;
	w->exchangers[2].tlsa_base = "real.example.com";
	w->exchangers[2].is_literal = true;
	w->exchangers[2].v6.why = "why";
	w->exchangers[2].v6.security_why = "security why";
	w->exchangers[2].registrable = "example.net";
	w->exchangers[2].zone = "example.net";
	world_reply(w, 2, SMTP_RCPT, "550 5.1.1 who?");
	w->addresses[2].as_number = 64500;
	w->addresses[2].session.is_retried_plain = true;
	w->addresses[2].session.offer =
		(struct smtp_offer){ true, true, "mx3", true, true, true, true,
			true, true, true, true, true, 10240000, NULL };
	w->addresses[2].session.tls.cipher = "cipher";
	w->addresses[2].session.tls.chain_error = "error";
	w->addresses[2].session.tls.certs[0].der = "3000";
	w->addresses[2].session.tls.above_end_s = 8;
	w->addresses[2].session.tls.above_subject = "CN=above";
	w->addresses[2].session.tls.anchors = &anchor;
	w->addresses[2].session.tls.n_anchors = 1;
	w->addresses[2].session.tls.certs[0].is_self_signed = true;
	world_policy(w, "version: STSv1\nmode: testing\nmax_age: 86400\n"
			"mx: mx1.example.org\n");
	mx->sts.past_id = "0";
	mx->sts.past_policy_text = "past";
	mx->sts.fetch_why = "fetch why";
	mx->sts.took_us = 7;
	mx->control = (struct mx_control){ "control.example.com", "203.0.113.1",
		SMTP_TIMED_OUT, SMTP_CLOSED };
	mx->alias = "alias.example.com";
	mx->is_unserved = mx->has_null = mx->is_cut = mx->has_asn = true;
	mx->n_queries = 3;
	mx->n_connections = 4;
	mx->elapsed_us = 5;
	mx->timeout_stage = "stage";
	mx->expect.rcpt_invalid = "nobody@example.org";
	mx->expect.rcpt_relay = "x@example.com";
	mx->expect.permitted = &prefix;
	mx->expect.n_permitted = 1;
	mx->expect.lost = &prefix;
	mx->expect.n_lost = 1;
	mx->expect.lost_hosts = (struct dns_names){ true, 1, hosts };
	mx->expect.next_cert = &w->addresses[2].session.tls.certs[1];
}

static void facts_survive_a_round_trip(void **state)
{
	struct world *w = *state;

	for (unsigned filled = 0; filled < 2; filled++) {
		const char *written;
		struct mx back;
		struct judge again;

		if (filled)
			fill(w);
		world_judge(w);
		written = write_facts(w->arena, &w->mx);
		assert_null(read_text(w->arena, written, &back));
		assert_string_equal(write_facts(w->arena, &back), written);
		judge_init(&again, w->arena, mx_rules, n_mx_rules, NULL, 0);
		judge_all(&again, &back);
		judge_sort(&again);
		assert_int_equal(again.n_findings, w->judge.n_findings);
		assert_int_equal(again.n_not_judged, w->judge.n_not_judged);
		for (size_t i = 0; i < again.n_findings; i++)
			assert_string_equal(again.findings[i].text,
				w->judge.findings[i].text);
	}
	assert_true(w->judge.n_findings > 5);
}

static void what_is_misspelt_is_wrong(void **state)
{
	struct world *w = *state;
	static const char *const bad[] = { "{\"domian\": \"example.org\"}",
		"{\"set\": \"lsited\"}", "{\"exchangers\": [{\"nmae\": \"\"}]}",
		"{\"exchangers\": [{\"tlsa\": [\"3 1\"]}]}",
		"{\"addresses\": [{\"exchanger\": 0}]}",
		"{\"expect\": {\"min_goood\": 1}}",
		"{\"sts\": {\"fetch\": \"fetched\"}}" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct mx mx;

		assert_non_null(read_text(w->arena, bad[i], &mx));
	}
}

/* As it is read from a fixture. */
static const char *read_short(
	struct arena *arena, const char *text, struct mx *mx)
{
	json_t *facts = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *wrong;

	assert_non_null(facts);
	wrong = mx_short_read(arena, facts, mx);
	json_decref(facts);
	return wrong;
}

static void what_is_misspelt_in_short_is_wrong(void **state)
{
	struct world *w = *state;
	static const char *const bad[] = {
		"{\"mx\": {\"domian\": \"example.org\"}}",
		"{\"mx\": {}, \"zone\": \"example.org\"}",
		"{\"mx\": {\"but\": {\"mx3.example.org\": {}}}}",
		"{\"mx\": {\"but\": {\"185.5.1.25\": {\"rcpd\": \"250\"}}}}",
		"{\"mx\": {\"each\": {\"connect\": \"timedout\"}}}",
		"{\"mx\": {\"each\": {\"rcpt\": null}}}",
		"{\"mx\": {\"each\": {\"cert\": {\"bit\": 1024}}}}",
		"{\"mx\": {\"each\": {\"session\": {\"tsl\": {}}}}}",
		"{\"mx\": {\"exchangers\": [{\"nmae\": \"mx1\"}]}}",
		"{\"mx\": {\"exchangers\": [{\"addrs\": [\"mx1\"]}]}}",
	};
	struct mx mx;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(read_short(w->arena, bad[i], &mx));
}

static void short_facts_are_healthy_but_for_what_is_said(void **state)
{
	struct world *w = *state;
	struct mx mx;
	const struct smtp_session *session;

	assert_null(read_short(w->arena,
		"{\"mx\": {\"each\": {\"starttls\": null},"
		" \"but\": {\"193.9.2.25\": {\"mail\": \"closed\"},"
		" \"mx1.example.org\": {\"rcpt\": \"550 5.2.1 no\"}}}}",
		&mx));
	assert_int_equal(mx.n_exchangers, 2);
	assert_int_equal(mx.n_addresses, 4);
	assert_string_equal(mx.domain, "example.org");
	session = &mx.addresses[0].session;
	assert_false(session->offer.has_starttls);
	assert_int_equal(session->tls.n_certs, 0);
	assert_int_equal(session->steps[SMTP_TLS].outcome, SMTP_NOT_DONE);
	assert_int_equal(session->steps[SMTP_MAIL].code, 250);
	assert_int_equal(session->steps[SMTP_RCPT].code, 550);
	assert_int_equal(session->steps[SMTP_RCPT].enhanced.subject, 2);
	assert_string_equal(session->steps[SMTP_RCPT].text, "no");
	assert_int_equal(session->steps[SMTP_QUIT].code, 221);
	session = &mx.addresses[2].session;
	assert_int_equal(session->steps[SMTP_MAIL].outcome, SMTP_CLOSED);
	assert_int_equal(session->steps[SMTP_RCPT].outcome, SMTP_NOT_DONE);
	assert_int_equal(session->steps[SMTP_QUIT].outcome, SMTP_NOT_DONE);
	assert_int_equal(mx.addresses[3].session.steps[SMTP_RCPT].code, 250);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_survive_a_round_trip),
		TEST(what_is_misspelt_is_wrong),
		TEST(what_is_misspelt_in_short_is_wrong),
		TEST(short_facts_are_healthy_but_for_what_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
