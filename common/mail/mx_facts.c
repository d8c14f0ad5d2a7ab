/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every fact of check_mx as JSON, for --facts; tests read it back. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"

enum {
	TLSA_MAX = 131072 + 16, /* bytes of one record as text */
};

static void write_lookup(
	struct json *json, const char *key, const struct mx_lookup *lookup)
{
	json_open_object(json, key);
	json_add_string(json, "lookup", dns_lookup_word(lookup->lookup));
	json_add_string(json, "why", lookup->why);
	json_add_string(json, "security", dns_security_word(lookup->security));
	json_add_string(json, "security_why", lookup->security_why);
	json_close_object(json);
}

static void write_tlsa(struct json *json, const struct mx_exchanger *exchanger)
{
	struct text text;
	size_t i;

	text_init(&text, TLSA_MAX);
	json_open_array(json, "tlsa");
	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *tlsa = &exchanger->tlsa[i];

		text_clear(&text);
		text_printf(&text, "%u %u %u %s", tlsa->usage, tlsa->selector,
			tlsa->matching, tlsa->data);
		json_add_string(json, NULL, text.data);
	}
	json_close_array(json);
	text_release(&text);
}

static void write_exchanger(
	struct json *json, const struct mx_exchanger *exchanger)
{
	json_open_object(json, NULL);
	json_add_string(json, "name", exchanger->name);
	json_add_int(json, "preference", exchanger->preference);
	json_add_int(json, "n_listed", (int64_t)exchanger->n_listed);
	json_add_bool(json, "is_literal", exchanger->is_literal);
	json_add_string(json, "alias", exchanger->alias);
	json_add_string(json, "alias_security",
		dns_security_word(exchanger->alias_security));
	write_lookup(json, "v4", &exchanger->v4);
	write_lookup(json, "v6", &exchanger->v6);
	write_lookup(json, "tlsa_lookup", &exchanger->tlsa_lookup);
	json_add_string(json, "tlsa_base", exchanger->tlsa_base);
	write_tlsa(json, exchanger);
	json_add_string(json, "registrable", exchanger->registrable);
	json_add_string(json, "zone", exchanger->zone);
	json_close_object(json);
}

static void write_step(
	struct json *json, const char *key, const struct smtp_step *step)
{
	json_open_object(json, key);
	json_add_string(json, "outcome", smtp_outcome_word(step->outcome));
	json_add_int(json, "code", step->code);
	json_add_int(json, "class", step->enhanced.class);
	json_add_int(json, "subject", step->enhanced.subject);
	json_add_int(json, "detail", step->enhanced.detail);
	json_add_string(json, "text", step->text);
	json_add_int(json, "at_us", step->at_us);
	json_add_int(json, "took_us", step->took_us);
	json_close_object(json);
}

static void write_offer(
	struct json *json, const char *key, const struct smtp_offer *offer)
{
	json_open_object(json, key);
	json_add_bool(json, "is_known", offer->is_known);
	json_add_bool(json, "is_helo", offer->is_helo);
	json_add_string(json, "host", offer->host);
	json_add_bool(json, "has_starttls", offer->has_starttls);
	json_add_bool(json, "has_pipelining", offer->has_pipelining);
	json_add_bool(json, "has_8bitmime", offer->has_8bitmime);
	json_add_bool(json, "has_smtputf8", offer->has_smtputf8);
	json_add_bool(json, "has_chunking", offer->has_chunking);
	json_add_bool(json, "has_dsn", offer->has_dsn);
	json_add_bool(json, "has_enhanced", offer->has_enhanced);
	json_add_bool(json, "has_requiretls", offer->has_requiretls);
	json_add_bool(json, "has_size", offer->has_size);
	/* What no signed number holds is no limit. */
	json_add_int(json, "size",
		offer->size > INT64_MAX ? INT64_MAX : (int64_t)offer->size);
	json_close_object(json);
}

static void write_cert(
	struct json *json, const char *key, const struct cert *cert)
{
	json_open_object(json, key);
	json_add_string(json, "subject", cert->subject);
	json_add_string(json, "issuer", cert->issuer);
	json_add_string(json, "common_name", cert->common_name);
	dns_names_write(json, "names", &cert->names);
	json_add_int(json, "begin_s", cert->begin_s);
	json_add_int(json, "end_s", cert->end_s);
	json_add_string(json, "key", cert_key_word(cert->key));
	json_add_int(json, "bits", cert->bits);
	json_add_bool(json, "is_self_signed", cert->is_self_signed);
	json_add_string(json, "der", cert->der);
	json_add_string(json, "spki", cert->spki);
	json_add_string(json, "sha256", cert->sha256);
	json_add_string(json, "sha512", cert->sha512);
	json_add_string(json, "spki_sha256", cert->spki_sha256);
	json_add_string(json, "spki_sha512", cert->spki_sha512);
	json_close_object(json);
}

static void write_anchors(struct json *json, const struct smtp_tls *tls)
{
	size_t i;

	json_open_array(json, "anchors");
	for (i = 0; i < tls->n_anchors; i++) {
		const struct cert_anchor *one = &tls->anchors[i];

		json_open_object(json, NULL);
		json_add_int(json, "selector", one->selector);
		json_add_int(json, "matching", one->matching);
		json_add_string(json, "data", one->data);
		json_add_string(json, "chain", cert_chain_word(one->chain));
		json_add_string(json, "chain_error", one->chain_error);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_session(struct json *json, const struct smtp_session *session)
{
	const struct smtp_tls *tls = &session->tls;
	unsigned id;
	size_t i;

	json_open_object(json, "session");
	json_add_string(json, "local_text", session->local_text);
	json_open_object(json, "steps");
	for (id = 0; id < SMTP_STEPS; id++)
		write_step(json, smtp_step_word(id), &session->steps[id]);
	json_close_object(json);
	write_offer(json, "offer", &session->offer);
	write_offer(json, "offer_tls", &session->offer_tls);
	json_open_object(json, "tls");
	json_add_int(json, "version", tls->version);
	json_add_string(json, "cipher", tls->cipher);
	json_add_string(json, "chain", cert_chain_word(tls->chain));
	json_add_string(json, "chain_error", tls->chain_error);
	json_open_array(json, "certs");
	for (i = 0; i < tls->n_certs; i++)
		write_cert(json, NULL, &tls->certs[i]);
	json_close_array(json);
	json_add_int(json, "above_end_s", tls->above_end_s);
	json_add_string(json, "above_subject", tls->above_subject);
	write_anchors(json, tls);
	json_close_object(json);
	json_add_bool(json, "is_retried_plain", session->is_retried_plain);
	json_close_object(json);
}

static void write_address(struct json *json, const struct mx_address *address)
{
	json_open_object(json, NULL);
	json_add_int(json, "exchanger", (int64_t)address->exchanger);
	json_add_string(json, "addr", address->addr_text);
	json_add_int(json, "as_number", address->as_number);
	write_session(json, &address->session);
	json_close_object(json);
}

/* What the record and the policy come to is read from them again. */
static void write_sts(struct json *json, const struct mx_sts *sts)
{
	json_open_object(json, "sts");
	json_add_bool(json, "was_asked", sts->was_asked);
	write_lookup(json, "lookup", &sts->lookup);
	json_add_strings(json, "txt", sts->txt, sts->n_txt);
	json_add_string(json, "fetch", mx_fetch_word(sts->fetch));
	json_add_string(json, "fetch_why", sts->fetch_why);
	json_add_int(json, "status", sts->status);
	json_add_string(json, "content_type", sts->content_type);
	json_add_string(json, "policy_text", sts->policy_text);
	json_add_bool(json, "policy_has_nul", sts->policy_has_nul);
	json_add_int(json, "took_us", sts->took_us);
	dns_history_file_write(json, "memory", &sts->memory);
	json_add_string(json, "past_id", sts->past_id);
	json_add_string(json, "past_policy_text", sts->past_policy_text);
	json_close_object(json);
}

static void write_control(struct json *json, const struct mx_control *control)
{
	json_open_object(json, "control");
	json_add_string(json, "host", control->host);
	json_add_string(json, "addr_text", control->addr_text);
	json_add_string(json, "connect", smtp_outcome_word(control->connect));
	json_add_string(json, "greeting", smtp_outcome_word(control->greeting));
	json_close_object(json);
}

static void write_expect(struct json *json, const struct mx_expect *expect)
{
	json_open_object(json, "expect");
	json_add_string(json, "rcpt", expect->rcpt);
	json_add_string(json, "rcpt_invalid", expect->rcpt_invalid);
	json_add_string(json, "rcpt_relay", expect->rcpt_relay);
	json_add_string(json, "mail_from", expect->mail_from);
	json_add_string(json, "helo", expect->helo);
	json_add_int(json, "min_good", (int64_t)expect->min_good);
	json_add_int(json, "greeting_max_us", expect->greeting_max_us);
	json_add_int(json, "now_s", expect->now_s);
	json_add_int(json, "cert_warning_s", expect->cert_warning_s);
	json_add_int(json, "cert_critical_s", expect->cert_critical_s);
	dns_prefixes_write(
		json, "permitted", expect->permitted, expect->n_permitted);
	dns_prefixes_write(json, "lost", expect->lost, expect->n_lost);
	dns_names_write(json, "lost_hosts", &expect->lost_hosts);
	if (expect->next_cert)
		write_cert(json, "next_cert", expect->next_cert);
	json_close_object(json);
}

void mx_write_facts(struct json *json, const struct mx *mx)
{
	size_t i;

	json_add_string(json, "domain", mx->domain);
	json_add_string(json, "typed", mx->typed);
	json_add_string(json, "alias", mx->alias);
	json_add_string(json, "set", mx_set_word(mx->set));
	write_lookup(json, "lookup", &mx->lookup);
	json_add_bool(json, "is_unserved", mx->is_unserved);
	json_add_bool(json, "has_null", mx->has_null);
	json_add_bool(json, "is_cut", mx->is_cut);
	json_open_array(json, "exchangers");
	for (i = 0; i < mx->n_exchangers; i++)
		write_exchanger(json, &mx->exchangers[i]);
	json_close_array(json);
	json_open_array(json, "addresses");
	for (i = 0; i < mx->n_addresses; i++)
		write_address(json, &mx->addresses[i]);
	json_close_array(json);
	write_sts(json, &mx->sts);
	write_control(json, &mx->control);
	json_add_bool(json, "security_is_known", mx->security_is_known);
	json_add_bool(json, "has_asn", mx->has_asn);
	json_add_string(json, "v4", dns_sight_word(mx->v4));
	json_add_string(json, "v6", dns_sight_word(mx->v6));
	json_add_int(json, "n_queries", (int64_t)mx->n_queries);
	json_add_int(json, "n_connections", (int64_t)mx->n_connections);
	json_add_int(json, "elapsed_us", mx->elapsed_us);
	json_add_string(json, "timeout_stage", mx->timeout_stage);
	write_expect(json, &mx->expect);
}
