/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about how far the dialogue with each address gets. */
#include "config.h"

#include "common/mail/mx_rules.h"

enum {
	CODE_MAX = 40,
	US_PER_S = 1000000,
};

/* Where nothing but silence comes from anyone, the way out may be shut. */
static const char *hint(const struct mx *mx)
{
	return mx_port_of(mx) == MX_PORT_MAYBE_SHUT
		       ? ", or port 25 is closed from here"
		       : "";
}

void judge_mx_port_closed(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (!mx_has_set(judge, mx) || mx_port_of(mx) != MX_PORT_SHUT)
		return;
	judge_finding(judge, (struct culprit){ NULL, NULL },
		"port 25 is closed from here: no exchanger can be connected "
		"to, nor can %s (--control)",
		mx->control.host);
}

static void unreachable(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *connect = &address->session.steps[SMTP_CONNECT];

	/* What was not tried is of no use: see mx-unusable-address. */
	if (connect->outcome != SMTP_DONE && connect->outcome != SMTP_NOT_DONE)
		judge_finding(judge, mx_culprit(mx, address), "%s%s",
			smtp_outcome_text(connect->outcome), hint(mx));
}

void judge_mx_unreachable(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, unreachable);
}

static void tarpit(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *greeting =
		&address->session.steps[SMTP_GREETING];

	if (greeting->outcome == SMTP_TIMED_OUT)
		judge_finding(judge, mx_culprit(mx, address),
			"takes the connection and does not greet within %.1f "
			"s%s",
			(double)greeting->took_us / US_PER_S,
			greeting->took_us < mx->expect.greeting_max_us
				? ", all that -t left"
				: ": senders wait five minutes for it");
}

void judge_mx_tarpit(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, tarpit);
}

static void slow(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *greeting =
		&address->session.steps[SMTP_GREETING];

	if (greeting->outcome == SMTP_DONE &&
		greeting->took_us > mx->expect.greeting_max_us)
		judge_finding(judge, mx_culprit(mx, address),
			"greets after %.1f s",
			(double)greeting->took_us / US_PER_S);
}

void judge_greeting_slow(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, slow);
}

/* What is said to this host alone is judged by refuses-monitor. */
static void say_refused(struct judge *judge, const struct mx *mx,
	const struct mx_address *address, enum smtp_step_id id)
{
	const struct smtp_step *step = &address->session.steps[id];
	struct text code;

	if (step->outcome != SMTP_DONE || step->code / 100U == 2 ||
		smtp_refusal_of(&address->session, id, mx->expect.helo) ==
			SMTP_REFUSAL_SENDER)
		return;
	text_init(&code, CODE_MAX);
	mx_add_code(&code, step);
	judge_finding(judge, mx_culprit(mx, address), "answers %s with %s%s%s",
		id == SMTP_GREETING ? "a connection" : smtp_step_text(id),
		code.data, step->text && *step->text ? ": " : "",
		step->text ? step->text : "");
	text_release(&code);
}

static void greeting_refuses(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	say_refused(judge, mx, address, SMTP_GREETING);
}

void judge_greeting_refuses(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, greeting_refuses);
}

/* One that takes HELO takes mail, without TLS and all else. */
static void ehlo_refused(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	say_refused(judge, mx, address, SMTP_EHLO);
	say_refused(judge, mx, address, SMTP_EHLO_TLS);
}

void judge_ehlo_refused(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, ehlo_refused);
}

/* The first step behind the connection that got no reply; the greeting's
 * silence and TLS have rules of their own. What comes after RCPT does no harm
 * to the mail. */
static void broken(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	enum smtp_step_id id;

	for (id = SMTP_GREETING; id <= SMTP_RCPT; id++) {
		const struct smtp_step *step = &address->session.steps[id];

		if (step->outcome == SMTP_DONE ||
			step->outcome == SMTP_NOT_DONE ||
			step->outcome == SMTP_OUR_FAULT ||
			id == SMTP_STARTTLS || id == SMTP_TLS ||
			(id == SMTP_GREETING &&
				step->outcome == SMTP_TIMED_OUT))
			continue;
		judge_finding(judge, mx_culprit(mx, address), "%s at %s",
			smtp_outcome_text(step->outcome), smtp_step_text(id));
		return;
	}
}

void judge_dialogue_broken(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, broken);
}
