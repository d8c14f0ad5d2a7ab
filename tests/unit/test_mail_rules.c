/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of check_mx beside those of acceptance: the set, each address,
 * TLS, MTA-STS and DANE; and setups of the field, all well.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include "tests/unit/mail_world.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	MX1 = 0,
	MX2 = 1,
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

static void sets_that_take_no_mail(void **state)
{
	struct world *w = *state;
	static const struct {
		enum mx_set set;
		const char *expected;
	} sets[] = {
		{ MX_SET_NXDOMAIN, "domain-not-found CRITICAL\n" },
		{ MX_SET_NONE, "mx-missing CRITICAL\n" },
		{ MX_SET_NULL, "null-mx CRITICAL\n" },
		{ MX_SET_UNKNOWN, "" },
	};

	for (size_t i = 0; i < COUNT(sets); i++) {
		world_init(w, w->arena);
		w->mx.set = sets[i].set;
		world_assert(w, sets[i].expected);
	}
	assert_int_equal(judge_state(&w->judge), STATE_UNKNOWN);
	assert_true(world_not_judged(w, "mx-obtained"));
	w->mx.is_unserved = true;
	world_assert(w, "mx-obtained CRITICAL\n");
	w->mx.is_unserved = false;
	w->mx.lookup.security = DNS_BOGUS;
	world_assert(w, "mx-bogus CRITICAL\n");
}

static void names_that_lead_nowhere(void **state)
{
	struct world *w = *state;
	struct mx_exchanger *one;

	world_add(w, "mx3.example.org", 30, NULL);
	one = &w->exchangers[2];
	world_assert(w, "mx-no-address WARNING\n");
	one->v4.lookup = one->v6.lookup = DNS_LOOKUP_NXDOMAIN;
	world_assert(w, "mx-nonexistent WARNING\n");
	one->v4.lookup = one->v6.lookup = DNS_LOOKUP_FAILED;
	world_assert(w, "mx-unresolvable WARNING\n");
	one->v4.security = DNS_BOGUS;
	one->v6.lookup = DNS_LOOKUP_NO_ADDRESS;
	world_assert(w, "mx-bogus WARNING\n");
	one->v4.security = DNS_INSECURE;
	one->v4.lookup = DNS_LOOKUP_NO_ADDRESS;
	one->is_literal = true;
	world_assert(w, "mx-literal WARNING\n");
	one->is_literal = false;
	one->v6.lookup = DNS_LOOKUP_NOT_DONE;
	world_assert(w, "");
	assert_true(world_not_judged(w, "mx-no-address"));
}

static void they_are_critical_where_nothing_is_left(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, NULL);
	world_assert(w, "too-few-good-exchangers CRITICAL\n"
			"mx-no-address CRITICAL\n");
	w->exchangers[0].v4.lookup = DNS_LOOKUP_NXDOMAIN;
	world_assert(w, "too-few-good-exchangers CRITICAL\n"
			"mx-nonexistent CRITICAL\n");
}

static void aliases_and_null_mx_beside(void **state)
{
	struct world *w = *state;

	w->exchangers[MX2].alias = "real.example.net";
	world_assert(w, "mx-alias WARNING\n");
	w->exchangers[MX2].alias = NULL;
	w->mx.has_null = true;
	world_assert(w, "null-mx-beside-others WARNING\n");
}

static void addresses_that_are_no_redundancy(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	world_assert(w, "mx-one-address WARNING\n");
	world_add(w, "mx2.example.org", 20, "192.0.2.25", NULL);
	world_assert(w, "mx-shared-address WARNING\nmx-one-address WARNING\n");
	world_init(w, w->arena);
	world_add(
		w, "mx1.example.org", 10, "192.0.2.25", "2001:db8:1::25", NULL);
	world_assert(w, "");
	world_add(w, "mx2.example.org", 20, "192.0.2.26", "2001:db8:1:2::25",
		NULL);
	world_assert(w, "mx-single-network WARNING\n");
	w->addresses[3].addr.bytes[5] = 9;
	world_assert(w, "");
}

static void a_family_not_looked_at_may_hold_another(void **state)
{
	static const enum dns_lookup lookups[] = { DNS_LOOKUP_NOT_DONE,
		DNS_LOOKUP_FAILED, DNS_LOOKUP_LIMIT };
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	for (size_t i = 0; i < COUNT(lookups); i++) {
		w->exchangers[0].v6.lookup = lookups[i];
		world_judge(w);
		assert_int_equal(world_count(w, "mx-one-address"), 0);
		assert_true(world_not_judged(w, "mx-one-address"));
	}
}

static void an_address_nobody_can_reach(void **state)
{
	struct world *w = *state;
	struct dns_prefix prefix;

	world_add(w, "mx3.example.org", 30, "10.0.0.25", NULL);
	world_assert(w, "mx-unusable-address WARNING\n");
	world_init(w, w->arena);
	world_add(w, "mx3.example.org", 30, "10.0.0.25", "192.168.0.25", NULL);
	world_assert(w, "mx-unusable-address CRITICAL\n"
			"mx-unusable-address CRITICAL\n");
	/* But where it is meant to be. */
	assert_true(dns_prefix_parse("10.0.0.0/8", &prefix));
	w->mx.expect.permitted = &prefix;
	w->mx.expect.n_permitted = 1;
	world_assert(w, "mx-unusable-address WARNING\n");
}

static void places_are_shown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		w->exchangers[i].registrable = "example.org";
		w->exchangers[i].zone = "example.org";
		w->addresses[i].as_number = 64500;
	}
	w->mx.has_asn = true;
	world_assert(w, "mx-one-as OK\nmx-one-domain OK\nmx-one-zone OK\n");
	w->mx.has_asn = false;
	world_assert(w, "mx-one-domain OK\nmx-one-zone OK\n");
	w->mx.has_asn = true;
	w->addresses[1].as_number = 64501;
	w->exchangers[1].registrable = w->exchangers[1].zone = "example.net";
	world_assert(w, "");
	w->mx.is_cut = true;
	world_assert(w, "mx-limit WARNING\n");
}

static void greetings(void **state)
{
	struct world *w = *state;

	world_fail(w, MX1, SMTP_GREETING, SMTP_TIMED_OUT);
	world_assert(w, "mx-tarpit WARNING\n");
	w->mx.addresses[MX1].session.steps[SMTP_GREETING].took_us = 8400000;
	world_judge(w);
	assert_string_equal(world_text(w, "mx-tarpit"),
		"takes the connection and does not greet within 8.4 s, all "
		"that -t left");
	w->mx.addresses[MX1].session.steps[SMTP_GREETING].took_us = 35000000;
	world_judge(w);
	assert_string_equal(world_text(w, "mx-tarpit"),
		"takes the connection and does not greet within 35.0 s: "
		"senders wait five minutes for it");
	world_fail(w, MX1, SMTP_GREETING, SMTP_CLOSED);
	world_assert(w, "dialogue-broken WARNING\n");
	world_fail(w, MX1, SMTP_GREETING, SMTP_MALFORMED);
	world_assert(w, "dialogue-broken WARNING\n");
	world_reply(w, MX1, SMTP_GREETING, "421 too busy");
	world_assert(w, "greeting-refuses WARNING\n");
	world_reply(w, MX1, SMTP_GREETING, "521 no mail");
	world_assert(w, "greeting-refuses WARNING\n");
	world_reply(w, MX1, SMTP_GREETING, "554 not you");
	world_assert(w, "refuses-monitor WARNING\n");
}

static void a_slow_greeting(void **state)
{
	struct world *w = *state;
	struct smtp_step *greeting =
		&w->addresses[MX1].session.steps[SMTP_GREETING];

	greeting->took_us = 30000000;
	world_assert(w, "");
	greeting->took_us = 30000001;
	world_assert(w, "greeting-slow WARNING\n");
}

static void ehlo_and_drops(void **state)
{
	struct world *w = *state;
	static const enum smtp_step_id steps[] = { SMTP_EHLO, SMTP_EHLO_TLS,
		SMTP_MAIL, SMTP_RCPT };

	world_reply(w, MX1, SMTP_EHLO, "502 what?");
	world_assert(w, "ehlo-refused WARNING\n");
	for (size_t i = 0; i < COUNT(steps); i++) {
		world_pair(w, w->arena);
		world_fail(w, MX1, steps[i], SMTP_CLOSED);
		w->addresses[MX1].session.offer.has_starttls = false;
		w->addresses[MX1].session.offer_tls.is_known = false;
		world_judge(w);
		assert_true(world_found(w, "dialogue-broken", STATE_WARNING,
			"mx1.example.org"));
		assert_int_equal(mx_count(&w->mx).good, 1);
	}
	/* One that takes HELO is good. */
	world_pair(w, w->arena);
	w->addresses[MX1].session.steps[SMTP_EHLO].code = 502;
	w->addresses[MX1].session.offer.is_helo = true;
	w->addresses[MX1].session.offer.has_starttls = false;
	world_judge(w);
	assert_int_equal(mx_count(&w->mx).good, 2);
	assert_true(world_found(
		w, "ehlo-refused", STATE_WARNING, "mx1.example.org"));
	assert_int_equal(world_count(w, "starttls-missing"), 0);
}

/* TLS that does not come up; senders go on without. */
static void break_tls(struct world *w, enum smtp_outcome outcome)
{
	struct smtp_session *session;

	world_pair(w, w->arena);
	session = &w->addresses[MX2].session;
	session->steps[SMTP_TLS].outcome = outcome;
	session->steps[SMTP_EHLO_TLS] = (struct smtp_step){ 0 };
	session->tls = (struct smtp_tls){ 0 };
	session->offer_tls = (struct smtp_offer){ 0 };
	session->is_retried_plain = true;
}

static void tls_that_is_broken_or_missing(void **state)
{
	struct world *w = *state;
	static const enum smtp_outcome outcomes[] = { SMTP_TLS_FAILED,
		SMTP_INJECTED, SMTP_TIMED_OUT, SMTP_CLOSED };

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		break_tls(w, outcomes[i]);
		world_assert(w, "starttls-broken WARNING\n");
		assert_int_equal(mx_count(&w->mx).good, 2);
	}
	w->addresses[MX2].session.steps[SMTP_STARTTLS].code = 454;
	world_assert(w, "starttls-broken WARNING\n");
	w->addresses[MX2].session.offer.has_starttls = false;
	world_assert(w, "starttls-missing WARNING\n");
	w->addresses[MX1].session.offer.has_starttls = false;
	world_assert(w, "");
}

/* What ends at STARTTLS takes no mail from who asks for TLS: all senders. */
static void lost_at_starttls(void **state)
{
	struct world *w = *state;
	static const enum smtp_outcome outcomes[] = { SMTP_CLOSED,
		SMTP_TIMED_OUT, SMTP_MALFORMED, SMTP_DONE };

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		struct smtp_session *session;

		world_pair(w, w->arena);
		session = &w->addresses[MX2].session;
		for (unsigned id = SMTP_TLS; id < SMTP_STEPS; id++)
			session->steps[id] = (struct smtp_step){ 0 };
		session->steps[SMTP_STARTTLS] =
			(struct smtp_step){ .outcome = outcomes[i],
				.code = outcomes[i] == SMTP_DONE ? 421 : 0 };
		session->tls = (struct smtp_tls){ 0 };
		session->offer_tls = (struct smtp_offer){ 0 };
		world_assert(w, "starttls-broken WARNING\n");
		assert_int_equal(mx_count(&w->mx).good, 1);
		assert_int_equal(mx_count(&w->mx).bad, 1);
	}
}

static void old_tls_and_weak_keys(void **state)
{
	struct world *w = *state;
	struct smtp_tls *tls = &w->addresses[MX2].session.tls;

	tls->version = 0x0302;
	world_assert(w, "tls-old WARNING\n");
	tls->version = 0x0303;
	tls->certs[0].bits = 2047;
	world_assert(w, "key-weak WARNING\n");
	tls->certs[0].key = CERT_KEY_EC;
	tls->certs[0].bits = 256;
	world_assert(w, "");
	tls->certs[0].bits = 192;
	world_assert(w, "key-weak WARNING\n");
}

static void certificates_count_where_policy_says_so(void **state)
{
	struct world *w = *state;
	struct smtp_tls *tls = &w->addresses[MX2].session.tls;

	tls->chain = CERT_CHAIN_INVALID;
	tls->chain_error = "self-signed certificate";
	tls->certs[0].end_s = WORLD_NOW_S - 1;
	world_assert(w, "");
	w->mx.expect.cert_warning_s = 0;
	world_assert(w, "certificate-invalid WARNING\n"
			"certificate-expiring WARNING\n");
	/* However long ago that was. */
	tls->certs[0].end_s = WORLD_NOW_S - WORLD_DAY_S;
	world_assert(w, "certificate-invalid WARNING\n"
			"certificate-expiring WARNING\n");
	w->mx.expect.cert_warning_s = -1;
	w->mx.expect.cert_critical_s = 0;
	world_assert(w, "certificate-expiring CRITICAL\n"
			"certificate-invalid WARNING\n");
	tls->certs[0].end_s = WORLD_NOW_S + WORLD_DAY_S;
	w->mx.expect.cert_warning_s = 14 * WORLD_DAY_S;
	w->mx.expect.cert_critical_s = 2 * WORLD_DAY_S;
	world_assert(w, "certificate-expiring CRITICAL\n"
			"certificate-invalid WARNING\n");
	tls->chain = CERT_CHAIN_VALID;
	tls->certs[0].end_s = WORLD_NOW_S + 3 * WORLD_DAY_S;
	world_assert(w, "certificate-expiring WARNING\n");
	tls->certs[0].end_s = WORLD_NOW_S + 15 * WORLD_DAY_S;
	world_assert(w, "");
	tls->certs[0].names.at[0] = "other.example.org";
	world_assert(w, "certificate-invalid WARNING\n");
	tls->certs[0].names.at[0] = "*.example.org";
	world_assert(w, "");
	tls->certs[0].begin_s = WORLD_NOW_S + 1;
	world_assert(w, "certificate-invalid WARNING\n");
	tls->certs[0].begin_s = WORLD_NOW_S;
	world_assert(w, "");
	assert_false(world_not_judged(w, "certificate-expiring"));
	tls->n_certs = 0;
	world_assert(w, "");
	assert_true(world_not_judged(w, "certificate-expiring"));
}

#define POLICY(mode, mx) "version: STSv1\nmode: " mode "\nmax_age: 604800\n" mx
#define BOTH             "mx: mx1.example.org\nmx: mx2.example.org\n"

static void a_policy_that_holds(void **state)
{
	struct world *w = *state;

	world_policy(w, POLICY("enforce", BOTH));
	world_assert(w, "");
	world_policy(w, POLICY("testing", "mx: *.example.org\n"));
	world_assert(w, "");
	world_policy(w, POLICY("none", ""));
	world_assert(w, "");
}

static void a_policy_that_leaves_one_out(void **state)
{
	struct world *w = *state;

	world_policy(w, POLICY("enforce", "mx: mx1.example.org\n"));
	world_assert(w, "sts-mx-refused WARNING\n");
	assert_true(world_found(
		w, "sts-mx-refused", STATE_WARNING, "mx2.example.org"));
	world_policy(w, POLICY("enforce", "mx: mx3.example.org\n"));
	world_assert(w, "sts-mx-refused CRITICAL\nsts-mx-refused CRITICAL\n");
	world_policy(w, POLICY("testing", "mx: mx3.example.org\n"));
	world_assert(w, "sts-mx-refused WARNING\nsts-mx-refused WARNING\n");
	/* The one that is named is down. */
	world_policy(w, POLICY("enforce", "mx: mx1.example.org\n"));
	world_fail(w, MX1, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_assert(w, "sts-mx-refused CRITICAL\nmx-unreachable WARNING\n");
}

static void a_policy_and_certificates(void **state)
{
	struct world *w = *state;

	world_policy(w, POLICY("enforce", BOTH));
	w->addresses[MX2].session.tls.chain = CERT_CHAIN_INVALID;
	world_assert(
		w, "certificate-invalid WARNING\nsts-mx-refused WARNING\n");
	break_tls(w, SMTP_TLS_FAILED);
	world_policy(w, POLICY("enforce", BOTH));
	world_assert(w, "starttls-broken WARNING\nsts-mx-refused WARNING\n");
}

static void policies_that_are_wrong(void **state)
{
	struct world *w = *state;
	static const char *const two[] = { "v=STSv1; id=1;", "v=STSv1; id=2" };

	world_policy(w, POLICY("enforce", ""));
	world_assert(w, "sts-policy-wrong WARNING\n");
	world_policy(w, POLICY("enforce", BOTH));
	w->mx.sts.content_type = "text/html";
	world_assert(w, "sts-policy-wrong WARNING\n");
	world_policy(w, "version: STSv1\nmode: enforce\nmax_age: 86399\n" BOTH);
	world_assert(w, "sts-max-age WARNING\n");
	world_policy(
		w, "version: STSv1\nmode: enforce\nmax_age: 31557601\n" BOTH);
	world_assert(w, "sts-max-age WARNING\n");
	world_policy(w, "version: STSv1\nmode: enforce\nmax_age: 86400\n" BOTH);
	world_assert(w, "");
	w->mx.sts.past_id = "1";
	w->mx.sts.past_policy_text = "version: STSv1\n";
	world_assert(w, "sts-id-unchanged WARNING\n");
	w->mx.sts.past_id = "0";
	world_assert(w, "");
	w->mx.sts.txt[0] = "v=STSv1; id=-;";
	mx_sts_read(w->arena, &w->mx.sts);
	world_assert(w, "sts-record-wrong WARNING\n");
	w->mx.sts.txt = arena_grow(w->arena, two, 2, 2, sizeof(*two));
	w->mx.sts.n_txt = 2;
	mx_sts_read(w->arena, &w->mx.sts);
	world_assert(w, "sts-record-wrong WARNING\n");
}

static void policies_that_do_not_come(void **state)
{
	struct world *w = *state;
	enum mx_fetch fetch;

	for (fetch = MX_FETCH_NO_ADDRESS; fetch < MX_FETCH_OUR_FAULT; fetch++) {
		world_policy(w, NULL);
		w->mx.sts.fetch = fetch;
		world_assert(w, "sts-policy-unavailable WARNING\n");
	}
	w->mx.sts.fetch = MX_FETCH_OUR_FAULT;
	world_assert(w, "");
	assert_true(world_not_judged(w, "sts-policy-unavailable"));
	w->mx.sts.fetch = MX_FETCH_DONE;
	w->mx.sts.status = 404;
	world_assert(w, "sts-policy-unavailable WARNING\n");
	w->mx.sts.lookup.lookup = DNS_LOOKUP_FAILED;
	w->mx.sts.n_txt = 0;
	mx_sts_read(w->arena, &w->mx.sts);
	world_assert(w, "");
	assert_true(world_not_judged(w, "sts-record-wrong"));
}

static void dane_that_differs_is_no_good(void **state)
{
	struct world *w = *state;

	world_dane(w, MX2);
	world_assert(w, "");
	w->addresses[MX2].session.tls.certs[0].spki_sha256 = "00";
	world_assert(w, "dane-mismatch CRITICAL\n");
	assert_true(world_found(
		w, "dane-mismatch", STATE_CRITICAL, "mx2.example.org"));
	assert_int_equal(mx_count(&w->mx).good, 1);
	break_tls(w, SMTP_TLS_FAILED);
	world_dane(w, MX2);
	world_assert(w, "dane-mismatch CRITICAL\nstarttls-broken WARNING\n");
	assert_int_equal(mx_count(&w->mx).good, 1);
}

static void dane_that_does_not_count(void **state)
{
	struct world *w = *state;

	world_dane(w, MX2);
	w->addresses[MX2].session.tls.certs[0].spki_sha256 = "00";
	w->exchangers[MX2].tlsa_lookup.security = DNS_INSECURE;
	world_assert(w, "dane-insecure OK\n");
	w->exchangers[MX2].tlsa_lookup.security = DNS_SECURE;
	w->exchangers[MX2].tlsa[0].usage = 0;
	world_assert(w, "dane-unusable WARNING\n");
	w->exchangers[MX2].tlsa_lookup.security = DNS_BOGUS;
	world_assert(w, "dane-bogus WARNING\n");
	assert_int_equal(mx_count(&w->mx).good, 1);
	w->exchangers[MX2].tlsa_lookup =
		(struct mx_lookup){ .lookup = DNS_LOOKUP_FAILED };
	world_assert(w, "dane-unresolvable WARNING\n");
	assert_int_equal(mx_count(&w->mx).good, 1);
}

static void dane_ta_wants_dates(void **state)
{
	struct world *w = *state;
	struct smtp_tls *tls = &w->addresses[MX2].session.tls;
	struct cert_anchor anchor = { 1, 1, tls->certs[1].spki_sha256,
		CERT_CHAIN_VALID, NULL };

	world_dane(w, MX2);
	w->exchangers[MX2].tlsa[0].usage = 2;
	w->exchangers[MX2].tlsa[0].data = anchor.data;
	tls->anchors = &anchor;
	tls->n_anchors = 1;
	tls->chain = CERT_CHAIN_INVALID; /* for whoever asks a CA bundle */
	world_assert(w, "");
	/* Which senders with MTA-STS do. */
	world_policy(w, POLICY("testing", BOTH));
	world_assert(
		w, "certificate-invalid WARNING\nsts-mx-refused WARNING\n");
	world_policy(w, POLICY("none", ""));
	anchor.chain = CERT_CHAIN_INVALID;
	anchor.chain_error = "certificate has expired";
	world_assert(w, "dane-mismatch CRITICAL\n");
}

static void the_next_key_is_published(void **state)
{
	struct world *w = *state;
	struct cert next = { .spki_sha256 = "333333333333333333333333333333333"
					    "3333333333333333333333333333333" };

	world_dane(w, MX2);
	w->mx.expect.next_cert = &next;
	world_assert(w, "dane-next-missing WARNING\n");
	w->exchangers[MX2].tlsa[1] =
		(struct mx_tlsa){ 3, 1, 1, next.spki_sha256 };
	w->exchangers[MX2].n_tlsa = 2;
	world_assert(w, "");
}

static void name_all(struct world *w, const char *pattern)
{
	for (size_t i = 0; i < w->mx.n_addresses; i++)
		w->addresses[i].session.tls.certs[0].names.at[0] = pattern;
}

/* One name, many addresses; a policy; the names of another domain. */
static void google_workspace(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "smtp.google.com", 1, "142.250.153.26", "108.177.96.27",
		"74.125.206.26", "2a00:1450:4013:c16::1b",
		"2a00:1450:4025:c03::1a", NULL);
	world_policy(w, POLICY("enforce", "mx: smtp.google.com\n"));
	world_assert(w, "");
	world_init(w, w->arena);
	world_add(w, "aspmx.l.google.com", 1, "142.250.153.26",
		"2a00:1450:4013:c16::1b", NULL);
	world_add(w, "alt1.aspmx.l.google.com", 5, "142.251.9.27",
		"2a00:1450:4025:c03::1a", NULL);
	world_add(w, "alt2.aspmx.l.google.com", 5, "142.250.150.27",
		"2a00:1450:4010:c1c::1b", NULL);
	world_add(w, "alt3.aspmx.l.google.com", 10, "74.125.200.27",
		"2404:6800:4003:c00::1b", NULL);
	world_add(w, "alt4.aspmx.l.google.com", 10, "142.250.157.27",
		"2404:6800:4008:c13::1b", NULL);
	world_policy(w, POLICY("testing", "mx: aspmx.l.google.com\n"
					  "mx: *.aspmx.l.google.com\n"));
	world_assert(w, "");
	assert_int_equal(w->judge.n_not_judged, 0);
	assert_int_equal(mx_count(&w->mx).good, 5);
}

/* One name of the tenant, a certificate with a star. */
static void microsoft_365(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "example-org.mail.protection.outlook.com", 0,
		"52.101.68.8", "52.101.73.2", "52.101.68.39", "52.101.73.29",
		NULL);
	name_all(w, "*.mail.protection.outlook.com");
	world_policy(
		w, POLICY("enforce", "mx: *.mail.protection.outlook.com\n"));
	world_assert(w, "");
}

/* Takes whatever is sent to it, and greylists the stranger. */
static void a_catch_all_host(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(
		w, "mail.example.net", 10, "192.0.2.25", "198.51.100.25", NULL);
	world_reply(w, 1, SMTP_RCPT, "450 4.2.0 Greylisted");
	world_assert(w, "recipient-deferred OK\n");
	assert_int_equal(judge_state(&w->judge), STATE_OK);
}

/* All of it signed; certificates of their own making, rolled over. */
static void a_dane_host(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(
		w, "mx1.example.org", 10, "192.0.2.25", "2001:db8:1::25", NULL);
	world_add(w, "mx2.example.org", 20, "198.51.100.25", "2001:db8:2::25",
		NULL);
	world_dane(w, MX1);
	world_dane(w, MX2);
	w->exchangers[MX1].tlsa[1] = (struct mx_tlsa){ 3, 1, 1,
		"4444444444444444444444444444444444444444444444444444444444"
		"444444" };
	w->exchangers[MX1].n_tlsa = 2;
	for (size_t i = 0; i < w->mx.n_addresses; i++) {
		struct smtp_tls *tls = &w->addresses[i].session.tls;

		tls->chain = CERT_CHAIN_INVALID;
		tls->chain_error = "self-signed certificate";
		tls->certs[0].end_s = WORLD_NOW_S - WORLD_DAY_S;
	}
	world_assert(w, "");
	assert_int_equal(w->judge.n_not_judged, 0);
}

/* Debian's own self-signed certificate, no policy at all. */
static void a_site_of_two_postfix(void **state)
{
	struct world *w = *state;

	name_all(w, "localhost");
	for (size_t i = 0; i < w->mx.n_addresses; i++)
		w->addresses[i].session.tls.chain = CERT_CHAIN_INVALID;
	world_assert(w, "");
	assert_int_equal(w->judge.n_not_judged, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sets_that_take_no_mail),
		TEST(names_that_lead_nowhere),
		TEST(they_are_critical_where_nothing_is_left),
		TEST(aliases_and_null_mx_beside),
		TEST(addresses_that_are_no_redundancy),
		TEST(a_family_not_looked_at_may_hold_another),
		TEST(an_address_nobody_can_reach),
		TEST(places_are_shown),
		TEST(greetings),
		TEST(a_slow_greeting),
		TEST(ehlo_and_drops),
		TEST(tls_that_is_broken_or_missing),
		TEST(lost_at_starttls),
		TEST(old_tls_and_weak_keys),
		TEST(certificates_count_where_policy_says_so),
		TEST(a_policy_that_holds),
		TEST(a_policy_that_leaves_one_out),
		TEST(a_policy_and_certificates),
		TEST(policies_that_are_wrong),
		TEST(policies_that_do_not_come),
		TEST(dane_that_differs_is_no_good),
		TEST(dane_that_does_not_count),
		TEST(dane_ta_wants_dates),
		TEST(the_next_key_is_published),
		TEST(google_workspace),
		TEST(microsoft_365),
		TEST(a_catch_all_host),
		TEST(a_dane_host),
		TEST(a_site_of_two_postfix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
