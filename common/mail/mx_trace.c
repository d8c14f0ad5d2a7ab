/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What -v and above add to the text: each exchanger and what a sender meets
 * there; each step of each dialogue and its time; what was said.
 */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"

enum {
	US_PER_MS = 1000,
	VERBOSITY_STEPS = 2,
	VERBOSITY_TEXT = 3,
};

static const char *const take_texts[] = {
	[MX_TAKE_UNKNOWN] = "not judged",
	[MX_TAKES] = "takes mail",
	[MX_GREYLISTS] = "greylists",
	[MX_DEFERS] = "takes no mail: it would wait, or go to the next",
	[MX_BOUNCES] = "rejects mail: it would bounce",
	[MX_SHUNS_US] = "refuses this host",
};

static void add_ms(struct text *out, int64_t us)
{
	text_add_number(out, (double)us / US_PER_MS);
	text_add(out, " ms");
}

/* "    RCPT: 550 5.1.1, 12.5 ms: User unknown" */
static void add_step(struct text *out, const struct smtp_session *session,
	enum smtp_step_id id, unsigned verbosity)
{
	const struct smtp_step *step = &session->steps[id];

	if (step->outcome == SMTP_NOT_DONE)
		return;
	text_printf(out, "    %s: ", smtp_step_text(id));
	if (step->code > 0)
		mx_add_code(out, step);
	else
		text_add(out, step->outcome == SMTP_DONE
				      ? "done"
				      : smtp_outcome_text(step->outcome));
	text_add(out, ", ");
	add_ms(out, step->took_us);
	if (step->text && *step->text &&
		(verbosity >= VERBOSITY_TEXT || step->outcome != SMTP_DONE)) {
		text_add(out, ": ");
		text_add_clean(out, step->text);
	}
	text_add(out, "\n");
}

static void add_certificate(
	struct text *out, const struct mx *mx, const struct cert *cert)
{
	int64_t left_s = cert->end_s - mx->expect.now_s;

	text_add(out, "    certificate of ");
	text_add_clean(out, cert->subject ? cert->subject : "nobody");
	text_add(out, " by ");
	text_add_clean(out, cert->issuer ? cert->issuer : "nobody");
	text_printf(
		out, ", %s %u bits, ", cert_key_word(cert->key), cert->bits);
	text_add(out, left_s < 0 ? "ended " : "ends in ");
	dns_span_add(out, left_s < 0 ? -left_s : left_s);
	text_add(out, left_s < 0 ? " ago\n" : "\n");
}

static void add_tls(struct text *out, const struct smtp_session *session)
{
	const struct smtp_tls *tls = &session->tls;

	if (session->is_retried_plain)
		text_add(out, "; without TLS");
	if (tls->version == 0)
		return;
	text_printf(out, "; %s", smtp_tls_text(tls->version));
	if (tls->chain == CERT_CHAIN_VALID)
		text_add(out, ", certificate valid");
	if (tls->chain == CERT_CHAIN_INVALID) {
		text_add(out, ", certificate not valid");
		if (tls->chain_error) {
			text_add(out, " (");
			text_add_clean(out, tls->chain_error);
			text_add(out, ")");
		}
	}
}

static void add_address(struct text *out, const struct mx *mx,
	const struct mx_address *address, unsigned verbosity)
{
	const struct smtp_session *session = &address->session;
	const struct mx_taking taking = mx_taking_of(mx, address);
	enum mx_dane dane = mx_dane_at(mx, address).dane;
	unsigned id;
	size_t i;

	text_printf(out, "  %s: %s", address->addr_text,
		taking.take == MX_TAKES && !mx->expect.rcpt
			? "takes the sender"
			: take_texts[taking.take]);
	if (taking.why)
		text_printf(out, " (%s)", taking.why);
	if (session->steps[SMTP_GREETING].outcome == SMTP_DONE) {
		text_add(out, "; greeting ");
		add_ms(out, session->steps[SMTP_GREETING].took_us);
	}
	add_tls(out, session);
	if (dane != MX_DANE_NONE && dane != MX_DANE_UNKNOWN)
		text_printf(out, "; DANE %s", mx_dane_word(dane));
	text_add(out, "\n");
	if (verbosity < VERBOSITY_STEPS)
		return;
	for (id = SMTP_CONNECT; id < SMTP_STEPS; id++)
		add_step(out, session, (enum smtp_step_id)id, verbosity);
	for (i = 0; verbosity >= VERBOSITY_TEXT && i < session->tls.n_certs;
		i++)
		add_certificate(out, mx, &session->tls.certs[i]);
}

static void add_exchanger(
	struct text *out, const struct mx *mx, size_t index, unsigned verbosity)
{
	const struct mx_exchanger *exchanger = &mx->exchangers[index];
	size_t i;

	text_printf(out, "%u ", exchanger->preference);
	text_add_clean(out, exchanger->name);
	if (exchanger->alias) {
		text_add(out, ", alias of ");
		text_add_clean(out, exchanger->alias);
	}
	if (exchanger->n_tlsa > 0)
		text_printf(out, ", %zu TLSA (%s)", exchanger->n_tlsa,
			dns_security_text(exchanger->tlsa_lookup.security));
	text_add(out, "\n");
	for (i = 0; i < mx->n_addresses; i++)
		if (mx->addresses[i].exchanger == index)
			add_address(out, mx, &mx->addresses[i], verbosity);
}

/* What a sender would do: "mx2.example.org (198.51.100.25) takes the mail". */
static void add_view(
	struct text *out, const struct mx *mx, const struct mx_loss *loss)
{
	const struct mx_view view = mx_view_of(mx, loss);

	if (view.at) {
		text_add_clean(out, mx_exchanger_of(mx, view.at)->name);
		text_printf(out, " (%s)", view.at->addr_text);
	}
	switch (view.fate) {
	case MX_FATE_DELIVERED:
		text_add(out, view.at ? " takes the mail"
				      : "the mail is put off, then taken");
		break;
	case MX_FATE_BOUNCES:
		text_add(out, " rejects the mail, which bounces at once");
		break;
	case MX_FATE_WAITS:
		text_add(out, "the mail waits at its senders, and bounces "
			      "after four or five days");
		break;
	case MX_FATE_UNKNOWN:
		text_add(out, "nobody can tell from here");
		break;
	}
	text_add(out, "\n");
}

static void add_failover(struct text *out, const struct mx *mx)
{
	struct mx_takes takes;
	struct mx_loss loss = { .is_expected = true, .takes = &takes };
	size_t i;

	if (!mx->expect.rcpt || mx->n_exchangers == 0)
		return;
	mx_takes_of(mx, &takes);
	if (mx->expect.n_lost + mx->expect.lost_hosts.n > 0) {
		text_add(out, "without what --lost names: ");
		add_view(out, mx, &loss);
	}
	loss.is_expected = false;
	for (i = 0; i < mx->n_exchangers; i++) {
		loss.exchanger = &mx->exchangers[i];
		text_add(out, "if ");
		text_add_clean(out, loss.exchanger->name);
		text_add(out, " fails: ");
		add_view(out, mx, &loss);
	}
}

static bool is_answered(enum dns_lookup lookup)
{
	return lookup == DNS_LOOKUP_FOUND || lookup == DNS_LOOKUP_NO_ADDRESS ||
	       lookup == DNS_LOOKUP_NXDOMAIN;
}

static void add_fetch(
	struct text *out, const struct mx_sts *sts, unsigned verbosity)
{
	if (sts->fetch == MX_FETCH_NOT_DONE || verbosity < VERBOSITY_STEPS)
		return;
	text_printf(out, "  policy: %s, ", mx_fetch_word(sts->fetch));
	if (sts->status > 0)
		text_printf(out, "HTTP %u, ", sts->status);
	add_ms(out, sts->took_us);
	if (sts->fetch_why) {
		text_add(out, ": ");
		text_add_clean(out, sts->fetch_why);
	}
	text_add(out, "\n");
}

static void add_sts(
	struct text *out, const struct mx_sts *sts, unsigned verbosity)
{
	if (sts->n_records == 0) {
		if (is_answered(sts->lookup.lookup))
			text_add(out, "MTA-STS: no record\n");
		return;
	}
	text_printf(out, "MTA-STS: id %s, policy ", sts->id ? sts->id : "none");
	if (sts->policy.is_parsed && !sts->policy.wrong)
		text_printf(out, "%s for %llu s\n",
			mx_sts_mode_word(sts->policy.mode),
			(unsigned long long)sts->policy.max_age_s);
	else
		text_printf(out, "%s\n",
			sts->policy.is_parsed ? "wrong" : "not obtained");
	add_fetch(out, sts, verbosity);
}

void mx_write_trace(struct text *out, const struct mx *mx, unsigned verbosity)
{
	const struct delegation walk = { .steps = mx->steps,
		.n_steps = mx->n_steps };
	size_t i;

	if (verbosity < 1)
		return;
	for (i = 0; i < mx->n_exchangers; i++)
		add_exchanger(out, mx, i, verbosity);
	add_failover(out, mx);
	add_sts(out, &mx->sts, verbosity);
	delegation_walk_write_trace(out, &walk, verbosity);
}
