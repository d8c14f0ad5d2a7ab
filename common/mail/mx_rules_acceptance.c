/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about who takes the mail, now and when one exchanger is gone. */
#include "config.h"

#include <string.h>

#include "common/mail/mx_rules.h"

enum {
	CODE_TEXT_MAX = 40,
	REPLY_SHOWN_MAX = 120, /* bytes of the text of a reply */
	/* Line 1 of a report, less its label, the longest state and how many
	 * more findings there are. */
	LINE_ROOM = 160 - 16 - 11,
	WHAT_MIN = 12, /* less of a recipient says nothing */
};

enum {
	REASONS_SHOWN = 2, /* exchangers: more do not fit into line 1 */
	REASONS_MAX = 400,
};

#define NO_RCPT "no recipient is given (--rcpt)"

static const struct culprit the_set = { NULL, NULL };

void mx_add_code(struct text *out, const struct smtp_step *step)
{
	text_printf(out, "%u", step->code);
	if (step->enhanced.class > 0)
		text_printf(out, " %u.%u.%u", step->enhanced.class,
			step->enhanced.subject, step->enhanced.detail);
}

/* "550 5.1.1", in the arena. */
static const char *code_of(struct arena *arena, const struct smtp_step *step)
{
	struct text text;
	const char *code;

	text_init(&text, CODE_TEXT_MAX);
	mx_add_code(&text, step);
	code = arena_strdup(arena, text.data);
	text_release(&text);
	return code;
}

/* What the reply says, bounded; "" for nothing. */
static const char *reply_of(struct arena *arena, const struct smtp_step *step)
{
	struct text text;
	const char *reply;

	if (!step->text || !*step->text)
		return "";
	text_init(&text, REPLY_SHOWN_MAX);
	text_add(&text, step->text);
	reply = arena_printf(
		arena, ": %s%s", text.data, text.is_cut ? "..." : "");
	text_release(&text);
	return reply;
}

/* Why nobody can tell whether mail is taken, of all that can't be judged. */
static void note_unknown(struct judge *judge, const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		struct mx_taking taking = mx_taking_of(mx, address);

		/* What ends a dialogue is that address's own. */
		if (taking.take == MX_TAKE_UNKNOWN)
			judge_not_judged(judge,
				taking.step > SMTP_CONNECT  ? address->addr_text
				: address->addr.family == 6 ? "IPv6"
							    : "IPv4",
				"%s", taking.why);
		else if (taking.take == MX_SHUNS_US)
			judge_not_judged(judge, address->addr_text,
				"it refuses this host");
	}
}

static bool is_good(const struct mx *mx, const struct mx_exchanger *exchanger)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		enum mx_take take = mx_taking_of(mx, address).take;

		if (mx_exchanger_of(mx, address) == exchanger &&
			(take == MX_TAKES || take == MX_GREYLISTS))
			return true;
	}
	return false;
}

/* "mx1 (192.0.2.25) timed out at the greeting" */
static void add_reason(struct text *out, const struct mx *mx,
	const struct mx_address *address, struct arena *arena)
{
	const struct mx_taking taking = mx_taking_of(mx, address);
	const struct smtp_step *step = &address->session.steps[taking.step];
	const char *unusable = mx_unusable(mx, &address->addr);

	text_printf(out, "%s (%s) ",
		mx_short_name(arena, mx, mx_exchanger_of(mx, address)->name),
		address->addr_text);
	if (step->outcome == SMTP_NOT_DONE && unusable)
		text_printf(out, "is %s", unusable);
	else if (mx_lacks_utf8(mx, address))
		text_add(out, "offers no SMTPUTF8");
	else if (step->outcome != SMTP_DONE)
		text_printf(out, "%s%s%s", smtp_outcome_text(step->outcome),
			taking.step > SMTP_CONNECT ? " at " : "",
			taking.step > SMTP_CONNECT ? smtp_step_text(taking.step)
						   : "");
	else if (step->code / 100U == 2 || step->code == 0)
		text_add(out, "fails DANE");
	else
		text_printf(out, "answers %s with %s",
			taking.step == SMTP_GREETING
				? "a connection"
				: smtp_step_text(taking.step),
			code_of(arena, step));
}

/* The first address of an exchanger where mail is not taken. */
static const struct mx_address *first_bad(
	const struct mx *mx, const struct mx_exchanger *exchanger)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		enum mx_take take = mx_taking_of(mx, address).take;

		if (mx_exchanger_of(mx, address) == exchanger &&
			(take == MX_DEFERS || take == MX_BOUNCES))
			return address;
	}
	return NULL;
}

/* Why an exchanger has no address; NULL: it has, or it can't be told. */
static const char *no_host(const struct mx_exchanger *exchanger)
{
	const struct mx_lookup *v4 = &exchanger->v4, *v6 = &exchanger->v6;

	if (exchanger->is_literal)
		return "is an address, not a name";
	if (v4->lookup == DNS_LOOKUP_FOUND || v6->lookup == DNS_LOOKUP_FOUND)
		return NULL;
	if (v4->security == DNS_BOGUS || v6->security == DNS_BOGUS)
		return "does not validate";
	if (v4->lookup == DNS_LOOKUP_NXDOMAIN ||
		v6->lookup == DNS_LOOKUP_NXDOMAIN)
		return "does not exist";
	if (v4->lookup == DNS_LOOKUP_NOT_DONE ||
		v6->lookup == DNS_LOOKUP_NOT_DONE)
		return NULL;
	return v4->lookup == DNS_LOOKUP_NO_ADDRESS &&
			       v6->lookup == DNS_LOOKUP_NO_ADDRESS
		       ? "has no address"
		       : "can't be resolved";
}

/* What the first exchangers that take no mail do instead, once for each; ""
 * for nothing. */
static const char *say_reasons(struct arena *arena, const struct mx *mx)
{
	struct text text;
	const char *reasons;
	size_t n = 0, i;

	text_init(&text, REASONS_MAX);
	for (i = 0; i < mx->n_exchangers && n < REASONS_SHOWN; i++) {
		const struct mx_exchanger *one = &mx->exchangers[i];
		const struct mx_address *bad = first_bad(mx, one);
		const char *why = no_host(one);

		if (is_good(mx, one) || (!bad && !why))
			continue;
		text_add(&text, n++ > 0 ? ", " : ": ");
		if (bad)
			add_reason(&text, mx, bad, arena);
		else
			text_printf(&text, "%s %s",
				mx_short_name(arena, mx, one->name), why);
	}
	reasons = arena_strdup(arena, text.data);
	text_release(&text);
	return reasons;
}

void judge_too_few_good_exchangers(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_counts n = mx_count(mx);
	const char *hint = "";

	if (!mx_has_set(judge, mx) || n.good >= mx->expect.min_good)
		return;
	if (n.good + n.unknown >= mx->expect.min_good) {
		note_unknown(judge, mx);
		/* Nothing was noted: their addresses were not looked up. */
		judge_not_judged(judge, NULL,
			"whether %zu of %zu exchangers take mail can't be "
			"told from here",
			n.unknown, mx->n_exchangers);
		return;
	}
	if (mx_port_of(mx) == MX_PORT_MAYBE_SHUT)
		hint = ", or port 25 is closed from here";
	if (n.good == 0)
		judge_finding(judge, the_set, "no exchanger takes mail%s%s",
			hint, say_reasons(judge->arena, mx));
	else
		judge_finding(judge, the_set,
			"%zu of %zu exchangers take mail, wanted %llu%s%s",
			n.good, mx->n_exchangers,
			(unsigned long long)mx->expect.min_good, hint,
			say_reasons(judge->arena, mx));
}

/* The recipient, cut where the line would not hold it beside so many other
 * bytes; NULL: it would hold too little of him. */
static const char *rcpt_within(
	struct arena *arena, const struct mx *mx, size_t others)
{
	const char *rcpt = mx->expect.rcpt;
	struct text text;
	size_t room;

	others += strlen(mx->domain);
	room = others < LINE_ROOM ? LINE_ROOM - others : 0;
	if (strlen(rcpt) <= room)
		return rcpt;
	if (room < WHAT_MIN)
		return NULL;
	text_init(&text, room - strlen("..."));
	text_add(&text, rcpt);
	rcpt = arena_printf(arena, "%s...", text.data);
	text_release(&text);
	return rcpt;
}

/* "if mx1 fails, mx2 (198.51.100.25) rejects user@example.org with 550 5.1.1:
 * mail would bounce, not wait": whatever the names are, line 1 should hold
 * what comes of it. */
static const char *say_bounce(struct arena *arena, const struct mx *mx,
	const char *lead, const struct mx_address *address)
{
	static const char then[] = ": mail would bounce, not wait";
	const struct mx_taking taking = mx_taking_of(mx, address);
	const char *code = code_of(arena, &address->session.steps[taking.step]);
	const char *who = arena_printf(arena, "%s%s (%s) rejects ", lead,
		mx_short_name(arena, mx, mx_exchanger_of(mx, address)->name),
		address->addr_text);
	size_t others = strlen(who) + strlen(" with ") + strlen(code);
	const char *what = "the sender";

	if (mx_lacks_utf8(mx, address))
		return arena_printf(arena,
			"%s%s (%s) offers no SMTPUTF8 for the recipient%s",
			lead,
			mx_short_name(
				arena, mx, mx_exchanger_of(mx, address)->name),
			address->addr_text, then);
	if (taking.step == SMTP_RCPT && mx->expect.rcpt)
		what = rcpt_within(arena, mx, others + strlen(then));
	if (what)
		return arena_printf(
			arena, "%s%s with %s%s", who, what, code, then);
	return arena_printf(
		arena, "%smail with %s: it would bounce", who, code);
}

static const char *say_loss(struct arena *arena, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	return arena_printf(arena, "if %s fails, ",
		mx_short_name(arena, mx, exchanger->name));
}

static void judge_loss(
	struct judge *judge, const struct mx *mx, const struct mx_loss *loss)
{
	const struct mx_exchanger *exchanger = loss->exchanger;
	const struct mx_view view = mx_view_of(mx, loss);

	if (view.fate == MX_FATE_BOUNCES)
		judge_finding(judge, the_set, "%s",
			say_bounce(judge->arena, mx,
				say_loss(judge->arena, mx, exchanger),
				view.at));
	else if (view.fate == MX_FATE_UNKNOWN)
		judge_not_judged(judge, exchanger->name,
			"what others do if it fails can't be told from here");
}

/* Where it bounces already, recipient-refused says so. */
void judge_loss_bounces(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	struct mx_takes takes;
	struct mx_loss loss = { .takes = &takes };
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	if (!mx->expect.rcpt)
		judge_not_judged(judge, NULL, NO_RCPT);
	mx_takes_of(mx, &takes);
	if (mx_view_of(mx, &loss).fate == MX_FATE_BOUNCES)
		return;
	for (i = 0; i < mx->n_exchangers; i++) {
		loss.exchanger = &mx->exchangers[i];
		judge_loss(judge, mx, &loss);
	}
}

/* Whether --lost names anything that is there. */
static bool is_anything_lost(const struct mx *mx, const struct mx_loss *loss)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		if (mx_is_lost(mx, &mx->addresses[i], loss))
			return true;
	return false;
}

/* A misspelt name would be survived by everybody. */
static void note_strangers(
	struct judge *judge, const struct mx *mx, const struct mx_loss *loss)
{
	const struct dns_names *hosts = &mx->expect.lost_hosts;
	size_t i, n;

	for (i = 0; i < hosts->n; i++) {
		for (n = 0; n < mx->n_exchangers; n++)
			if (dns_name_compare(
				    hosts->at[i], mx->exchangers[n].name) == 0)
				break;
		if (n == mx->n_exchangers)
			judge_not_judged(judge, hosts->at[i],
				"is no exchanger (--lost)");
	}
	if (mx->expect.n_lost > 0 && !is_anything_lost(mx, loss))
		judge_not_judged(
			judge, NULL, "no exchanger is in what --lost names");
}

static void judge_expected_loss(
	struct judge *judge, const struct mx *mx, const struct mx_view *view)
{
	switch (view->fate) {
	case MX_FATE_BOUNCES:
		judge_finding(judge, the_set, "%s",
			say_bounce(judge->arena, mx,
				"without what --lost names, ", view->at));
		break;
	case MX_FATE_WAITS:
		judge_finding_as(judge, STATE_WARNING, the_set,
			"without what --lost names, no exchanger takes mail: "
			"it would wait at its senders, and bounce after four "
			"or five days");
		break;
	case MX_FATE_UNKNOWN:
		judge_not_judged(judge, "--lost",
			"who would be left can't be told from here");
		break;
	case MX_FATE_DELIVERED:
		break;
	}
}

void judge_lost_not_survived(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_loss loss = { .is_expected = true };
	struct mx_view view;

	if (mx->expect.n_lost == 0 && mx->expect.lost_hosts.n == 0) {
		judge_not_asked(judge);
		return;
	}
	if (!mx_has_set(judge, mx))
		return;
	if (!mx->expect.rcpt)
		judge_not_judged(judge, NULL, NO_RCPT);
	note_strangers(judge, mx, &loss);
	view = mx_view_of(mx, &loss);
	judge_expected_loss(judge, mx, &view);
}

/* What all addresses say to the recipient. */
struct crowd {
	size_t asked, taken, greylisted, deferred;
	bool is_unknown; /* of an exchanger nobody can tell what it does */
};

static struct crowd crowd_of(const struct mx *mx)
{
	struct crowd crowd = { .is_unknown = mx_count(mx).unknown > 0 };
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct smtp_session *session = &mx->addresses[i].session;
		const struct smtp_step *rcpt = &session->steps[SMTP_RCPT];

		crowd.asked += rcpt->outcome == SMTP_DONE;
		crowd.taken += smtp_step_is(rcpt, 2);
		crowd.deferred +=
			smtp_refusal_of(session, SMTP_RCPT, mx->expect.helo) ==
			SMTP_REFUSAL_FOR_NOW;
		crowd.greylisted += mx_taking_of(mx, &mx->addresses[i]).take ==
				    MX_GREYLISTS;
	}
	return crowd;
}

typedef void (*rcpt_fn)(struct judge *judge, const struct mx *mx,
	const struct mx_address *address, const struct crowd *crowd);

/* Backups first: they are the ones that nobody sees. */
static void each_backup_first(
	struct judge *judge, const struct mx *mx, rcpt_fn fn)
{
	struct crowd crowd;
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	if (!mx->expect.rcpt) {
		judge_not_judged(judge, NULL, NO_RCPT);
		return;
	}
	note_unknown(judge, mx);
	crowd = crowd_of(mx);
	for (i = mx->n_addresses; i > 0; i--) {
		const struct mx_address *address = &mx->addresses[i - 1];

		judge->rank = (unsigned)(mx->n_exchangers - address->exchanger);
		fn(judge, mx, address, &crowd);
	}
}

/* Beside the culprit, the verb and the code of a reply. */
static const char *say_rcpt(struct arena *arena, const struct mx *mx,
	const struct mx_address *address)
{
	const char *rcpt = rcpt_within(arena, mx,
		strlen(mx_exchanger_of(mx, address)->name) +
			strlen(address->addr_text) +
			strlen(" () greylists  with 550 5.1.1"));

	return rcpt ? rcpt : "the recipient";
}

static void refuse(struct judge *judge, const struct mx *mx,
	const struct mx_address *address, const struct crowd *crowd)
{
	const struct smtp_step *rcpt = &address->session.steps[SMTP_RCPT];
	enum smtp_refusal refusal =
		smtp_refusal_of(&address->session, SMTP_RCPT, mx->expect.helo);

	if (mx_lacks_utf8(mx, address))
		judge_finding(judge, mx_culprit(mx, address),
			"offers no SMTPUTF8, which %s needs: mail bounces",
			say_rcpt(judge->arena, mx, address));
	if (refusal != SMTP_REFUSAL_RECIPIENT && refusal != SMTP_REFUSAL_UNSAID)
		return;
	/* Where all reject it without a reason, it may be the user's typo.
	 * Whom one greylists comes to the next at once. */
	judge_finding_as(judge,
		refusal == SMTP_REFUSAL_RECIPIENT ||
				crowd->taken + crowd->greylisted > 0
			? STATE_CRITICAL
			: STATE_WARNING,
		mx_culprit(mx, address), "rejects %s with %s%s",
		say_rcpt(judge->arena, mx, address),
		code_of(judge->arena, rcpt), reply_of(judge->arena, rcpt));
}

void judge_recipient_refused(struct judge *judge, const void *facts)
{
	each_backup_first(judge, facts, refuse);
}

static void defer(struct judge *judge, const struct mx *mx,
	const struct mx_address *address, const struct crowd *crowd)
{
	const struct smtp_step *rcpt = &address->session.steps[SMTP_RCPT];
	enum smtp_refusal refusal =
		smtp_refusal_of(&address->session, SMTP_RCPT, mx->expect.helo);
	enum state state = STATE_WARNING;

	if (refusal != SMTP_REFUSAL_GREYLIST && refusal != SMTP_REFUSAL_FOR_NOW)
		return;
	/* "454 Relay access denied" is meant for ever. */
	if (refusal == SMTP_REFUSAL_GREYLIST ||
		(crowd->taken > 0 && !smtp_denies_relay(rcpt)))
		state = STATE_OK;
	else if (crowd->deferred == crowd->asked && !crowd->is_unknown)
		state = STATE_CRITICAL;
	judge_finding_as(judge, state, mx_culprit(mx, address),
		"%s %s with %s%s",
		refusal == SMTP_REFUSAL_GREYLIST ? "greylists" : "defers",
		say_rcpt(judge->arena, mx, address),
		code_of(judge->arena, rcpt), reply_of(judge->arena, rcpt));
}

void judge_recipient_deferred(struct judge *judge, const void *facts)
{
	each_backup_first(judge, facts, defer);
}

static void refuse_sender(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *mail = &address->session.steps[SMTP_MAIL];
	enum smtp_refusal refusal =
		smtp_refusal_of(&address->session, SMTP_MAIL, mx->expect.helo);

	if (refusal == SMTP_REFUSAL_NONE || refusal == SMTP_REFUSAL_SENDER)
		return;
	judge_finding_as(judge,
		refusal == SMTP_REFUSAL_GREYLIST ? STATE_OK : STATE_WARNING,
		mx_culprit(mx, address), "answers MAIL from %s with %s%s",
		mx->expect.mail_from && *mx->expect.mail_from
			? mx->expect.mail_from
			: "the empty sender",
		code_of(judge->arena, mail), reply_of(judge->arena, mail));
}

void judge_mail_refused(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, refuse_sender);
}

void judge_refuses_monitor(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_counts n = mx_count_addresses(mx);
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		const struct mx_taking taking = mx_taking_of(mx, address);
		const struct smtp_step *step =
			&address->session.steps[taking.step];

		if (taking.take != MX_SHUNS_US)
			continue;
		judge_finding_as(judge,
			n.good + n.bad == 0 ? STATE_UNKNOWN : STATE_WARNING,
			mx_culprit(mx, address),
			"refuses this host at %s with %s%s",
			smtp_step_text(taking.step),
			code_of(judge->arena, step),
			reply_of(judge->arena, step));
	}
}

static bool is_told(struct judge *judge, const struct mx_address *address,
	const struct smtp_step *rcpt)
{
	if (rcpt->outcome == SMTP_DONE)
		return true;
	judge_not_judged(judge, address->addr_text, "%s",
		rcpt->outcome == SMTP_NOT_DONE
			? "the dialogue did not get there"
			: smtp_outcome_text(rcpt->outcome));
	return false;
}

static void relay(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *rcpt = &address->session.steps[SMTP_RCPT_RELAY];

	if (!is_told(judge, address, rcpt))
		return;
	if (smtp_step_is(rcpt, 2))
		judge_finding(judge, mx_culprit(mx, address),
			"relays for strangers: takes %s with %s",
			mx->expect.rcpt_relay, code_of(judge->arena, rcpt));
	else if (smtp_step_is(rcpt, 4) && !smtp_denies_relay(rcpt))
		judge_not_judged(judge, address->addr_text,
			"it puts strangers off with %s",
			code_of(judge->arena, rcpt));
}

void judge_open_relay(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->expect.rcpt_relay)
		mx_each_address(judge, mx, relay);
	else
		judge_not_asked(judge);
}

static void accept_invalid(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct smtp_step *rcpt =
		&address->session.steps[SMTP_RCPT_INVALID];

	if (!is_told(judge, address, rcpt))
		return;
	if (smtp_step_is(rcpt, 2))
		judge_finding(judge, mx_culprit(mx, address),
			"takes %s, which does not exist: mail to it comes back "
			"to forged senders",
			mx->expect.rcpt_invalid);
	else if (smtp_step_is(rcpt, 4) ||
		 smtp_refusal_of(&address->session, SMTP_RCPT_INVALID,
			 mx->expect.helo) == SMTP_REFUSAL_SENDER)
		judge_not_judged(judge, address->addr_text,
			"it answers %s, whoever is asked for",
			code_of(judge->arena, rcpt));
}

void judge_accepts_invalid(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->expect.rcpt_invalid)
		mx_each_address(judge, mx, accept_invalid);
	else
		judge_not_asked(judge);
}
