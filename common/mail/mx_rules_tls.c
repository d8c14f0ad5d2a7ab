/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about TLS and the certificates that the exchangers show. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"

enum {
	TLS_1_2 = 0x0303,
	RSA_BITS_MIN = 2048,
	EC_BITS_MIN = 224,
	SPAN_MAX = 40,
};

static bool is_up(const struct mx_address *address)
{
	return address->session.steps[SMTP_TLS].outcome == SMTP_DONE;
}

static void starttls_broken(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *asked = &address->session.steps[SMTP_STARTTLS];
	const struct smtp_step *tls = &address->session.steps[SMTP_TLS];

	if (!address->session.offer.has_starttls || is_up(address))
		return;
	if (asked->outcome == SMTP_DONE && asked->code / 100U != 2)
		judge_finding(judge, mx_culprit(mx, address),
			"offers STARTTLS and answers it with %u", asked->code);
	else if (asked->outcome != SMTP_DONE &&
		 asked->outcome != SMTP_NOT_DONE &&
		 asked->outcome != SMTP_OUR_FAULT)
		judge_finding(judge, mx_culprit(mx, address), "%s at STARTTLS",
			smtp_outcome_text(asked->outcome));
	else if (asked->outcome != SMTP_DONE || tls->outcome == SMTP_NOT_DONE ||
		 tls->outcome == SMTP_OUR_FAULT)
		judge_not_judged(judge, address->addr_text,
			"the dialogue did not get there");
	else
		judge_finding(judge, mx_culprit(mx, address),
			"offers STARTTLS, then %s%s%s%s",
			smtp_outcome_text(tls->outcome),
			tls->outcome == SMTP_TIMED_OUT ||
					tls->outcome == SMTP_CLOSED
				? " in the handshake"
				: "",
			tls->text ? ": " : "", tls->text ? tls->text : "");
}

void judge_starttls_broken(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, starttls_broken);
}

static bool any_offers(const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		if (mx->addresses[i].session.offer.has_starttls)
			return true;
	return false;
}

static void starttls_missing(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_offer *offer = &address->session.offer;

	/* Who refuses EHLO can't offer it: see ehlo-refused. */
	if (offer->is_known && !offer->is_helo && !offer->has_starttls &&
		any_offers(mx))
		judge_finding(judge, mx_culprit(mx, address),
			"does not offer STARTTLS, others do");
}

void judge_starttls_missing(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, starttls_missing);
}

static void tls_old(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	uint16_t version = address->session.tls.version;

	if (is_up(address) && version > 0 && version < TLS_1_2)
		judge_finding(judge, mx_culprit(mx, address),
			"speaks %s, wanted TLS 1.2 or later",
			smtp_tls_text(version));
}

void judge_tls_old(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, tls_old);
}

static void key_weak(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_tls *tls = &address->session.tls;
	const struct cert *own = tls->certs;

	if (tls->n_certs == 0)
		return;
	if (own->key == CERT_KEY_RSA && own->bits < RSA_BITS_MIN)
		judge_finding(judge, mx_culprit(mx, address),
			"has an RSA key of %u bits, wanted %d or more",
			own->bits, RSA_BITS_MIN);
	else if (own->key == CERT_KEY_EC && own->bits < EC_BITS_MIN)
		judge_finding(judge, mx_culprit(mx, address),
			"has a key on a curve of %u bits, wanted %d or more",
			own->bits, EC_BITS_MIN);
}

void judge_key_weak(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, key_weak);
}

static bool sts_applies(const struct mx *mx)
{
	const struct mx_policy *policy = &mx->sts.policy;

	return mx->sts.id && policy->is_parsed && !policy->wrong &&
	       policy->mode >= MX_STS_TESTING;
}

static bool has_limits(const struct mx *mx)
{
	return mx->expect.cert_warning_s >= 0 ||
	       mx->expect.cert_critical_s >= 0;
}

/*
 * Where a TLSA record is of it, senders with DANE ask for no more (RFC 7672
 * section 3.1.1), nor for what the record did not tell already (usage 2): see
 * dane-mismatch. Senders with MTA-STS alone do.
 */
static bool wants_certificate(
	const struct mx *mx, const struct mx_address *address)
{
	return sts_applies(mx) ||
	       (has_limits(mx) &&
		       mx_dane_at(mx, address).dane != MX_DANE_MATCHES);
}

const char *mx_certificate_fault(
	const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_tls *tls = &address->session.tls;
	const struct cert *own = tls->certs;

	if (tls->n_certs == 0)
		return NULL;
	if (own->end_s < mx->expect.now_s)
		return "the certificate has ended";
	if (own->begin_s > mx->expect.now_s)
		return "the certificate has not begun";
	if (!cert_holds_name(own, mx_exchanger_of(mx, address)->name))
		return "the certificate is for another name";
	/* Others fall back to it (RFC 8461 section 4.2). */
	if (!own->names.is_known && sts_applies(mx))
		return "the certificate has its name in the subject alone";
	if (tls->chain == CERT_CHAIN_INVALID)
		return tls->chain_error ? tls->chain_error
					: "the certificate is from no known CA";
	return NULL;
}

/* Of a wrong name it is said which one, and what it should be. */
static void say_fault(struct judge *judge, const struct mx *mx,
	const struct mx_address *address, const char *fault)
{
	const struct cert *own = address->session.tls.certs;
	const char *name = mx_exchanger_of(mx, address)->name;
	const char *shown =
		own->names.n > 0 ? own->names.at[0] : own->common_name;

	if (!cert_holds_name(own, name))
		judge_finding(judge, mx_culprit(mx, address),
			"shows a certificate for %s, wanted %s",
			shown ? shown : "no name", name);
	else
		judge_finding(judge, mx_culprit(mx, address),
			"does not validate: %s", fault);
}

static void certificate_invalid(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_tls *tls = &address->session.tls;
	const char *fault = mx_certificate_fault(mx, address);

	if (!wants_certificate(mx, address) || tls->n_certs == 0)
		return;
	if (fault)
		say_fault(judge, mx, address, fault);
	else if (tls->chain == CERT_CHAIN_UNKNOWN)
		judge_not_judged(judge, address->addr_text,
			"there are no CA certificates to judge by");
}

void judge_certificate_invalid(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, certificate_invalid);
}

static bool is_below(int64_t left_s, int64_t limit_s)
{
	return limit_s >= 0 && left_s < limit_s;
}

static enum state state_of_life(const struct mx *mx, int64_t left_s)
{
	if (is_below(left_s, mx->expect.cert_critical_s))
		return STATE_CRITICAL;
	return is_below(left_s, mx->expect.cert_warning_s) ? STATE_WARNING
							   : STATE_OK;
}

/* Whoever asks for days wants to know them with DANE, too. */
static void certificate_expiring(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_tls *tls = &address->session.tls;
	bool is_above;
	enum state state;
	struct text span;
	int64_t end_s, left_s;

	if (tls->n_certs == 0) {
		judge_not_judged(
			judge, address->addr_text, "it showed no certificate");
		return;
	}
	is_above =
		tls->above_end_s != 0 && tls->above_end_s < tls->certs[0].end_s;
	end_s = is_above ? tls->above_end_s : tls->certs[0].end_s;
	left_s = end_s - mx->expect.now_s;
	state = state_of_life(mx, left_s);
	if (state == STATE_OK)
		return;
	text_init(&span, SPAN_MAX);
	dns_span_add(&span, left_s < 0 ? -left_s : left_s);
	judge_finding_as(judge, state, mx_culprit(mx, address),
		left_s < 0 ? "shows a %s%s%s that ended %s ago"
			   : "shows a %s%s%s that ends in %s",
		is_above ? "CA \"" : "certificate",
		is_above ? tls->above_subject : "", is_above ? "\"" : "",
		span.data);
	text_release(&span);
}

void judge_certificate_expiring(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (has_limits(mx))
		mx_each_address(judge, mx, certificate_expiring);
}
