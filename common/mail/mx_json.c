/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exchangers as members of the plugin's JSON result: arrays of objects
 * that a monitor discovers them from. With 26 exchangers on both families it
 * stays below what monitors cut at, so texts are short and what is not there
 * is left out.
 */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"

enum {
	TEXT_SHOWN_MAX = 120, /* bytes of a reply, or of a certificate's name */
	NAMES_SHOWN_MAX = 3,  /* names of a certificate */
	BUDGET = 50000,       /* bytes; addresses behind are short */
};

static const double seconds_per_us = 1e-6;

static const char *const set_words[] = {
	[MX_SET_UNKNOWN] = "unknown",
	[MX_SET_LISTED] = "listed",
	[MX_SET_IMPLICIT] = "implicit",
	[MX_SET_NULL] = "null",
	[MX_SET_NONE] = "none",
	[MX_SET_NXDOMAIN] = "nxdomain",
};

static const char *const fetch_words[] = {
	[MX_FETCH_NOT_DONE] = "not_done",
	[MX_FETCH_DONE] = "done",
	[MX_FETCH_NO_ADDRESS] = "no_address",
	[MX_FETCH_TIMED_OUT] = "timed_out",
	[MX_FETCH_PORT_CLOSED] = "port_closed",
	[MX_FETCH_UNREACHABLE] = "unreachable",
	[MX_FETCH_TLS_FAILED] = "tls_failed",
	[MX_FETCH_REDIRECTED] = "redirected",
	[MX_FETCH_TOO_LARGE] = "too_large",
	[MX_FETCH_BROKEN] = "broken",
	[MX_FETCH_OUR_FAULT] = "our_fault",
};

const char *mx_set_word(unsigned set)
{
	return set < sizeof(set_words) / sizeof(set_words[0]) ? set_words[set]
							      : NULL;
}

const char *mx_fetch_word(unsigned fetch)
{
	return fetch < sizeof(fetch_words) / sizeof(fetch_words[0])
		       ? fetch_words[fetch]
		       : NULL;
}

/* Bounded; nothing for NULL. */
static void add_short(struct json *json, const char *key, const char *value)
{
	struct text text;

	if (!value)
		return;
	text_init(&text, TEXT_SHOWN_MAX);
	text_add(&text, value);
	json_add_string(json, key, text.data);
	text_release(&text);
}

static void write_step(struct json *json, const struct smtp_session *session,
	enum smtp_step_id id)
{
	const struct smtp_step *step = &session->steps[id];
	struct text code;

	if (step->outcome == SMTP_NOT_DONE)
		return;
	json_open_object(json, smtp_step_word(id));
	if (step->outcome != SMTP_DONE)
		json_add_string(
			json, "outcome", smtp_outcome_word(step->outcome));
	if (step->code > 0) {
		text_init(&code, TEXT_SHOWN_MAX);
		mx_add_code(&code, step);
		json_add_string(json, "code", code.data);
		text_release(&code);
	}
	json_add_number(json, "time", (double)step->took_us * seconds_per_us);
	if (step->outcome != SMTP_DONE || step->code / 100U > 3)
		add_short(json, "text", step->text);
	json_close_object(json);
}

static void write_certificate(
	struct json *json, const struct mx *mx, const struct smtp_tls *tls)
{
	const struct cert *cert = tls->certs;
	size_t i;

	json_open_object(json, "certificate");
	add_short(json, "subject", cert->subject);
	add_short(json, "issuer", cert->issuer);
	json_open_array(json, "names");
	for (i = 0; i < cert->names.n && i < NAMES_SHOWN_MAX; i++)
		add_short(json, NULL, cert->names.at[i]);
	json_close_array(json);
	json_add_int(json, "ends", cert->end_s);
	json_add_int(json, "life", cert->end_s - mx->expect.now_s);
	json_add_string(json, "key", cert_key_word(cert->key));
	json_add_int(json, "bits", cert->bits);
	json_add_string(json, "chain", cert_chain_word(tls->chain));
	add_short(json, "chain_error", tls->chain_error);
	json_close_object(json);
}

static void write_dialogue(struct json *json, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_session *session = &address->session;
	unsigned id;

	for (id = SMTP_CONNECT; id < SMTP_RSET; id++)
		write_step(json, session, (enum smtp_step_id)id);
	if (session->tls.version > 0)
		json_add_string(json, "tls_version",
			smtp_tls_text(session->tls.version));
	if (session->tls.n_certs > 0)
		write_certificate(json, mx, &session->tls);
}

static void write_address(struct json *json, const struct mx *mx,
	const struct mx_address *address)
{
	const struct mx_taking taking = mx_taking_of(mx, address);
	enum mx_dane dane = mx_dane_at(mx, address).dane;

	json_open_object(json, NULL);
	json_add_string(json, "exchanger", mx_exchanger_of(mx, address)->name);
	json_add_string(json, "address", address->addr_text);
	json_add_int(
		json, "preference", mx_exchanger_of(mx, address)->preference);
	json_add_string(json, "take", mx_take_word(taking.take));
	if (taking.why)
		json_add_string(json, "why", taking.why);
	if (address->as_number > 0)
		json_add_int(json, "as", address->as_number);
	json_add_string(json, "dane", mx_dane_word(dane));
	if (json->out->len < BUDGET)
		write_dialogue(json, mx, address);
	json_close_object(json);
}

static void write_exchanger(struct json *json, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	json_open_object(json, NULL);
	json_add_string(json, "name", exchanger->name);
	json_add_int(json, "preference", exchanger->preference);
	json_add_string(
		json, "take", mx_take_word(mx_exchanger_take(mx, exchanger)));
	json_add_string(json, "ipv4", dns_lookup_word(exchanger->v4.lookup));
	json_add_string(json, "ipv6", dns_lookup_word(exchanger->v6.lookup));
	if (exchanger->alias)
		json_add_string(json, "alias", exchanger->alias);
	json_add_int(json, "tlsa", (int64_t)exchanger->n_tlsa);
	json_add_string(json, "tlsa_security",
		dns_security_word(exchanger->tlsa_lookup.security));
	json_close_object(json);
}

static void write_sts(struct json *json, const struct mx_sts *sts)
{
	size_t i;

	json_open_object(json, "mta_sts");
	json_add_int(json, "records", (int64_t)sts->n_records);
	json_add_string(json, "id", sts->id);
	json_add_string(json, "fetch", mx_fetch_word(sts->fetch));
	add_short(json, "why", sts->fetch_why);
	if (sts->status > 0)
		json_add_int(json, "status", sts->status);
	if (sts->took_us > 0)
		json_add_number(
			json, "time", (double)sts->took_us * seconds_per_us);
	if (sts->policy.is_parsed && !sts->policy.wrong) {
		json_add_string(
			json, "mode", mx_sts_mode_word(sts->policy.mode));
		json_add_int(json, "max_age", (int64_t)sts->policy.max_age_s);
		json_open_array(json, "mx");
		for (i = 0; i < sts->policy.patterns.n && i < MX_EXCHANGERS_MAX;
			i++)
			add_short(json, NULL, sts->policy.patterns.at[i]);
		json_close_array(json);
	}
	json_close_object(json);
}

void mx_write_json(struct json *json, const struct mx *mx)
{
	size_t i;

	json_add_string(json, "domain", mx->domain);
	json_add_string(json, "set", mx_set_word(mx->set));
	json_add_string(
		json, "security", dns_security_word(mx->lookup.security));
	json_add_bool(json, "has_null_mx", mx->has_null);
	json_add_string(json, "recipient", mx->expect.rcpt);
	json_add_string(json, "ipv4", dns_sight_word(mx->v4));
	json_add_string(json, "ipv6", dns_sight_word(mx->v6));
	write_sts(json, &mx->sts);
	json_open_array(json, "exchangers");
	for (i = 0; i < mx->n_exchangers; i++)
		write_exchanger(json, mx, &mx->exchangers[i]);
	json_close_array(json);
	json_open_array(json, "addresses");
	for (i = 0; i < mx->n_addresses; i++)
		write_address(json, mx, &mx->addresses[i]);
	json_close_array(json);
}
