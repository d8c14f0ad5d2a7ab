/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the facts that mail_world.h promises. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "tests/unit/mail_world.h"

enum {
	TEXT_MAX = 4000,
	GREETING_US = 40000,
};

void world_init(struct world *w, struct arena *arena)
{
	*w = (struct world){ .arena = arena };
	w->mx = (struct mx){ .domain = "example.org",
		.typed = "example.org",
		.set = MX_SET_LISTED,
		.lookup = { DNS_LOOKUP_FOUND, NULL, DNS_INSECURE, NULL },
		.exchangers = w->exchangers,
		.addresses = w->addresses,
		.security_is_known = true,
		.v4 = DNS_SIGHT_SEEN,
		.v6 = DNS_SIGHT_SEEN };
	w->mx.sts.was_asked = true;
	w->mx.sts.lookup = (struct mx_lookup){ DNS_LOOKUP_NXDOMAIN, NULL,
		DNS_INSECURE, NULL };
	w->mx.expect = (struct mx_expect){ .rcpt = "user@example.org",
		.mail_from = "",
		.helo = "monitor.example.net",
		.min_good = 1,
		.greeting_max_us = 30000000,
		.now_s = WORLD_NOW_S,
		.cert_warning_s = -1,
		.cert_critical_s = -1 };
}

static struct cert *make_certs(struct arena *arena, const char *name)
{
	struct cert *certs = arena_array(arena, 2, sizeof(*certs));
	const char **names = arena_array(arena, 1, sizeof(*names));

	names[0] = name;
	certs[0] = (struct cert){ .subject = "CN=exchanger",
		.issuer = "CN=ca",
		.names = { true, 1, names },
		.begin_s = WORLD_NOW_S - 30 * WORLD_DAY_S,
		.end_s = WORLD_NOW_S + 60 * WORLD_DAY_S,
		.key = CERT_KEY_RSA,
		.bits = 2048,
		.spki_sha256 = "11111111111111111111111111111111"
			       "11111111111111111111111111111111" };
	certs[1] = certs[0];
	certs[1].names = (struct dns_names){ .is_known = true };
	certs[1].spki_sha256 = "22222222222222222222222222222222"
			       "22222222222222222222222222222222";
	return certs;
}

static void make_session(
	struct arena *arena, struct smtp_session *session, const char *name)
{
	static const uint16_t codes[SMTP_STEPS] = { 0, 220, 250, 220, 0, 250,
		250, 250, 0, 0, 250, 221 };
	unsigned id;

	session->local_text = "203.0.113.9";
	for (id = 0; id < SMTP_STEPS; id++) {
		if (id == SMTP_RCPT_INVALID || id == SMTP_RCPT_RELAY)
			continue;
		session->steps[id].outcome = SMTP_DONE;
		session->steps[id].code = codes[id];
		session->steps[id].took_us = GREETING_US;
	}
	session->offer =
		(struct smtp_offer){ .is_known = true, .has_starttls = true };
	session->offer_tls = (struct smtp_offer){ .is_known = true };
	session->tls = (struct smtp_tls){ .version = 0x0304,
		.chain = CERT_CHAIN_VALID,
		.certs = make_certs(arena, name),
		.n_certs = 2 };
}

void world_add_all(struct world *w, const char *name, unsigned preference,
	const char *const *addrs)
{
	const struct mx_lookup none = { DNS_LOOKUP_NO_ADDRESS, NULL,
		DNS_INSECURE, NULL };
	struct mx_exchanger *one = &w->exchangers[w->mx.n_exchangers];

	*one = (struct mx_exchanger){ .name = name,
		.preference = (uint16_t)preference,
		.n_listed = 1,
		.v4 = none,
		.v6 = none };
	for (; *addrs; addrs++) {
		struct mx_address *at = &w->addresses[w->mx.n_addresses++];

		*at = (struct mx_address){ .exchanger = w->mx.n_exchangers,
			.addr_text = *addrs };
		assert_true(dns_addr_parse(*addrs, &at->addr));
		make_session(w->arena, &at->session, name);
		if (at->addr.family == 6)
			one->v6.lookup = DNS_LOOKUP_FOUND;
		else
			one->v4.lookup = DNS_LOOKUP_FOUND;
	}
	w->mx.n_exchangers++;
}

void world_pair(struct world *w, struct arena *arena)
{
	world_init(w, arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	world_add(w, "mx2.example.org", 20, "198.51.100.25", NULL);
}

/* Only RCPT go on after each other. */
static struct smtp_step *last(
	struct world *w, size_t address, enum smtp_step_id step)
{
	struct smtp_session *session = &w->addresses[address].session;
	unsigned id;

	for (id = step + 1U; id < SMTP_RCPT_INVALID; id++)
		session->steps[id] = (struct smtp_step){ 0 };
	if (step < SMTP_EHLO)
		session->offer = (struct smtp_offer){ 0 };
	if (step < SMTP_TLS)
		session->tls = (struct smtp_tls){ 0 };
	if (step < SMTP_EHLO_TLS)
		session->offer_tls = (struct smtp_offer){ 0 };
	return &session->steps[step];
}

void world_reply(struct world *w, size_t address, enum smtp_step_id id,
	const char *reply)
{
	struct smtp_step *step = last(w, address, id);

	*step = (struct smtp_step){ .outcome = SMTP_DONE };
	step->code = (uint16_t)strtol(reply, NULL, 10);
	step->enhanced = smtp_enhanced_parse(
		step->code, reply[3] ? reply + 4 : NULL, &step->text);
	if (id == SMTP_EHLO && step->code / 100 != 2)
		w->addresses[address].session.offer = (struct smtp_offer){ 0 };
}

void world_fail(struct world *w, size_t address, enum smtp_step_id id,
	enum smtp_outcome outcome)
{
	struct smtp_step *step = last(w, address, id);

	*step = (struct smtp_step){ .outcome = outcome, .took_us = 7000000 };
	if (id == SMTP_EHLO)
		w->addresses[address].session.offer = (struct smtp_offer){ 0 };
	if (id == SMTP_TLS)
		w->addresses[address].session.tls = (struct smtp_tls){ 0 };
}

void world_dane(struct world *w, size_t exchanger)
{
	struct mx_exchanger *one = &w->exchangers[exchanger];

	one->tlsa = arena_array(w->arena, 2, sizeof(*one->tlsa));
	one->tlsa[0] = (struct mx_tlsa){ 3, 1, 1,
		"1111111111111111111111111111111111111111111111111111111111"
		"111111" };
	one->n_tlsa = 1;
	one->tlsa_lookup =
		(struct mx_lookup){ DNS_LOOKUP_FOUND, NULL, DNS_SECURE, NULL };
	one->v4.security = one->v6.security = DNS_SECURE;
	w->mx.lookup.security = DNS_SECURE;
}

void world_policy(struct world *w, const char *policy)
{
	struct mx_sts *sts = &w->mx.sts;

	sts->txt = arena_array(w->arena, 1, sizeof(*sts->txt));
	sts->txt[0] = "v=STSv1; id=1;";
	sts->n_txt = 1;
	sts->lookup.lookup = DNS_LOOKUP_FOUND;
	sts->fetch = MX_FETCH_DONE;
	sts->status = 200;
	sts->content_type = "text/plain; charset=utf-8";
	sts->policy_text = policy;
	mx_sts_read(w->arena, sts);
}

enum state world_judge(struct world *w)
{
	judge_init(&w->judge, w->arena, mx_rules, n_mx_rules, NULL, 0);
	judge_all(&w->judge, &w->mx);
	judge_sort(&w->judge);
	return judge_state(&w->judge);
}

size_t world_count(const struct world *w, const char *rule)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < w->judge.n_findings; i++)
		n += strcmp(w->judge.findings[i].rule->id, rule) == 0;
	return n;
}

bool world_found(const struct world *w, const char *rule, enum state state,
	const char *name)
{
	size_t i;

	for (i = 0; i < w->judge.n_findings; i++) {
		const struct finding *one = &w->judge.findings[i];

		if (strcmp(one->rule->id, rule) == 0 && one->state == state &&
			(!name ? !one->culprit.name
			       : one->culprit.name && strcmp(one->culprit.name,
							      name) == 0))
			return true;
	}
	return false;
}

const char *world_text(const struct world *w, const char *rule)
{
	size_t i;

	for (i = 0; i < w->judge.n_findings; i++)
		if (strcmp(w->judge.findings[i].rule->id, rule) == 0)
			return w->judge.findings[i].text;
	return "";
}

bool world_not_judged(const struct world *w, const char *rule)
{
	size_t i;

	for (i = 0; i < w->judge.n_not_judged; i++)
		if (strcmp(w->judge.not_judged[i].rule->id, rule) == 0)
			return true;
	return false;
}

void world_assert(struct world *w, const char *expected)
{
	struct text text;
	size_t i;

	world_judge(w);
	text_init(&text, TEXT_MAX);
	for (i = 0; i < w->judge.n_findings; i++)
		text_printf(&text, "%s %s\n", w->judge.findings[i].rule->id,
			state_name(w->judge.findings[i].state));
	assert_string_equal(text.data, expected);
	text_release(&text);
}
