/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sender's view: what it meets at each exchanger, in which order it tries
 * them, and whether the mail is delivered, waits or bounces in the end (RFC
 * 5321 section 5.1).
 */
#include "config.h"

#include <string.h>

#include "common/mail/mx_rules.h"

static const char *const take_words[] = {
	[MX_TAKE_UNKNOWN] = "unknown",
	[MX_TAKES] = "takes",
	[MX_GREYLISTS] = "greylists",
	[MX_DEFERS] = "defers",
	[MX_BOUNCES] = "bounces",
	[MX_SHUNS_US] = "shuns_us",
};

const char *mx_take_word(unsigned take)
{
	return take < sizeof(take_words) / sizeof(take_words[0])
		       ? take_words[take]
		       : NULL;
}

const struct mx_exchanger *mx_exchanger_of(
	const struct mx *mx, const struct mx_address *address)
{
	return &mx->exchangers[address->exchanger];
}

/* Why no address of its family can be seen from here; NULL: they can. */
static const char *family_blindness(
	const struct mx *mx, const struct mx_address *address)
{
	enum dns_sight sight = address->addr.family == 6 ? mx->v6 : mx->v4;

	if (sight == DNS_SIGHT_SWITCHED_OFF)
		return address->addr.family == 6 ? "-4" : "-6";
	if (sight == DNS_SIGHT_SILENT)
		return "nothing at all answers over it";
	return sight == DNS_SIGHT_NO_ROUTE ? "no route from here" : NULL;
}

/* Why the address can't be seen from here; NULL: it can. */
static const char *blindness(
	const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_step *connect = &address->session.steps[SMTP_CONNECT];
	const char *why = family_blindness(mx, address);

	if (why)
		return why;
	if (connect->outcome == SMTP_OUR_FAULT)
		return "it could not be tried from here";
	if (connect->outcome == SMTP_NOT_DONE)
		return mx->timeout_stage ? "the deadline came first"
					 : "it was not tried";
	return NULL;
}

/* Mail is taken with RCPT, where there is a recipient to ask for. */
static enum smtp_step_id last_step(const struct mx *mx)
{
	return mx->expect.rcpt ? SMTP_RCPT : SMTP_MAIL;
}

/* Senders give TLS up where they are told so, or where the handshake fails;
 * where the connection is lost at STARTTLS or closed by 421 they only come
 * again, and find the same. */
static bool goes_on_without_tls(
	enum smtp_step_id id, const struct smtp_step *step)
{
	return id == SMTP_STARTTLS &&
	       (step->outcome == SMTP_NOT_DONE ||
		       (step->outcome == SMTP_DONE && step->code != 421));
}

/* The first step that did not go well; or the last. */
static enum smtp_step_id deciding_step(
	const struct mx *mx, const struct smtp_session *session)
{
	enum smtp_step_id id;

	for (id = SMTP_CONNECT; id < last_step(mx); id++) {
		const struct smtp_step *step = &session->steps[id];

		if (id == SMTP_TLS || goes_on_without_tls(id, step) ||
			(id == SMTP_EHLO && session->offer.is_known) ||
			(id == SMTP_EHLO_TLS &&
				(session->offer_tls.is_known ||
					session->is_retried_plain ||
					step->outcome == SMTP_NOT_DONE)))
			continue;
		if (step->outcome != SMTP_DONE ||
			(id != SMTP_CONNECT && step->code / 100U != 2))
			return id;
	}
	return id;
}

static enum mx_take take_of_refusal(enum smtp_refusal refusal,
	enum smtp_step_id step, enum smtp_outcome outcome)
{
	switch (refusal) {
	case SMTP_REFUSAL_SENDER:
		return MX_SHUNS_US;
	case SMTP_REFUSAL_RECIPIENT:
	case SMTP_REFUSAL_UNSAID:
		/* With 5xx before MAIL senders go on to the next. */
		return step >= SMTP_MAIL ? MX_BOUNCES : MX_DEFERS;
	case SMTP_REFUSAL_GREYLIST:
		return MX_GREYLISTS;
	case SMTP_REFUSAL_FOR_NOW:
		return MX_DEFERS;
	case SMTP_REFUSAL_NONE:
		break;
	}
	return outcome == SMTP_NOT_DONE || outcome == SMTP_OUR_FAULT
		       ? MX_TAKE_UNKNOWN
		       : MX_DEFERS;
}

/* Nobody comes to such an address, nor did we. */
static bool is_of_no_use(const struct mx *mx, const struct mx_address *address)
{
	return !family_blindness(mx, address) &&
	       address->session.steps[SMTP_CONNECT].outcome == SMTP_NOT_DONE &&
	       mx_unusable(mx, &address->addr);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s > 0x7f)
			return false;
	return true;
}

/* Senders send mail to such a recipient back, without asking for him or going
 * on to another exchanger (RFC 6531 section 3.2). */
bool mx_lacks_utf8(const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_session *session = &address->session;
	const struct smtp_offer *offer = session->offer_tls.is_known
						 ? &session->offer_tls
						 : &session->offer;

	return mx->expect.rcpt && !is_ascii(mx->expect.rcpt) &&
	       deciding_step(mx, session) == SMTP_MAIL &&
	       session->steps[SMTP_MAIL].outcome == SMTP_NOT_DONE &&
	       offer->is_known && !offer->has_smtputf8;
}

struct mx_taking mx_taking_of(
	const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_session *session = &address->session;
	struct mx_taking out = { .take = MX_TAKE_UNKNOWN,
		.step = SMTP_CONNECT };
	enum mx_dane dane;

	if (is_of_no_use(mx, address)) {
		out.take = MX_DEFERS;
		return out;
	}
	out.why = blindness(mx, address);
	if (!out.why && mx_port_of(mx) == MX_PORT_SHUT)
		out.why = "port 25 is closed from here";
	if (out.why)
		return out;
	out.step = deciding_step(mx, session);
	if (mx_lacks_utf8(mx, address)) {
		out.take = MX_BOUNCES;
		return out;
	}
	if (smtp_step_is(&session->steps[out.step], 2)) {
		dane = mx_dane_at(mx, address).dane;
		out.take = mx_dane_holds_back(dane) ? MX_DEFERS : MX_TAKES;
		return out;
	}
	out.take = take_of_refusal(
		smtp_refusal_of(session, out.step, mx->expect.helo), out.step,
		session->steps[out.step].outcome);
	if (out.take == MX_TAKE_UNKNOWN && session->steps[out.step].text)
		out.why = session->steps[out.step].text;
	else if (out.take == MX_TAKE_UNKNOWN)
		out.why = mx->timeout_stage ? "the deadline came first"
					    : "the dialogue did not get there";
	return out;
}

void mx_takes_of(const struct mx *mx, struct mx_takes *out)
{
	size_t i;

	for (i = 0; i < mx->n_addresses && i < MX_ADDRESSES_MAX; i++)
		out->of[i] = mx_taking_of(mx, &mx->addresses[i]).take;
}

/* An exchanger whose addresses nobody could look up is not a bad one. */
static bool is_unresolved(const struct mx_exchanger *exchanger)
{
	enum dns_lookup v4 = exchanger->v4.lookup;
	enum dns_lookup v6 = exchanger->v6.lookup;

	return v4 != DNS_LOOKUP_FOUND && v6 != DNS_LOOKUP_FOUND &&
	       (v4 == DNS_LOOKUP_NOT_DONE || v6 == DNS_LOOKUP_NOT_DONE);
}

/* Of two addresses, what a sender comes to that may try either. */
static enum mx_take better(enum mx_take one, enum mx_take two)
{
	/* By what is the better news, but for those that can't be told: they
	 * are no news, and no bad ones. */
	static const unsigned char ranks[] = {
		[MX_DEFERS] = 0,
		[MX_TAKE_UNKNOWN] = 1,
		[MX_SHUNS_US] = 2,
		[MX_GREYLISTS] = 3,
		[MX_TAKES] = 4,
		[MX_BOUNCES] = 5,
	};

	return ranks[one] >= ranks[two] ? one : two;
}

/* With loss, addresses that are gone do not count. Nor do those of a family
 * that can't be seen from here, where the other can: whoever has that alone
 * meets what is seen. */
static enum mx_take take_of(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct mx_loss *loss,
	const struct mx_address **at)
{
	enum mx_take take = MX_DEFERS;
	bool is_blind = false, is_seen = false;
	size_t i;

	*at = NULL;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		enum mx_take one;

		if (mx_exchanger_of(mx, address) != exchanger ||
			(loss && mx_is_lost(mx, address, loss)))
			continue;
		if (family_blindness(mx, address)) {
			is_blind = true;
			continue;
		}
		is_seen = true;
		one = loss && loss->takes ? loss->takes->of[i]
					  : mx_taking_of(mx, address).take;
		if (better(take, one) != take || !*at)
			*at = address;
		take = better(take, one);
	}
	if (!is_seen && (is_blind || is_unresolved(exchanger)))
		return MX_TAKE_UNKNOWN;
	return take;
}

enum mx_take mx_exchanger_take(
	const struct mx *mx, const struct mx_exchanger *exchanger)
{
	const struct mx_address *at;

	return take_of(mx, exchanger, NULL, &at);
}

static void count_take(struct mx_counts *counts, enum mx_take take)
{
	if (take == MX_TAKES || take == MX_GREYLISTS)
		counts->good++;
	else if (take == MX_TAKE_UNKNOWN || take == MX_SHUNS_US)
		counts->unknown++;
	else
		counts->bad++;
}

/* One that takes mail at an address is good, though it rejects at another. */
static enum mx_take best_of(
	const struct mx *mx, const struct mx_exchanger *exchanger)
{
	enum mx_take take = mx_exchanger_take(mx, exchanger);
	size_t i;

	for (i = 0; take == MX_BOUNCES && i < mx->n_addresses; i++)
		if (mx_exchanger_of(mx, &mx->addresses[i]) == exchanger &&
			mx_taking_of(mx, &mx->addresses[i]).take == MX_TAKES)
			return MX_TAKES;
	return take;
}

struct mx_counts mx_count(const struct mx *mx)
{
	struct mx_counts counts = { 0 };
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++)
		count_take(&counts, best_of(mx, &mx->exchangers[i]));
	return counts;
}

struct mx_counts mx_count_addresses(const struct mx *mx)
{
	struct mx_counts counts = { 0 };
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		count_take(&counts, mx_taking_of(mx, &mx->addresses[i]).take);
	return counts;
}

static bool has_address(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		if (mx_exchanger_of(mx, &mx->addresses[i]) == exchanger &&
			dns_addr_compare(&mx->addresses[i].addr, addr) == 0)
			return true;
	return false;
}

/* An exchanger that fails takes its addresses with it, other names too. */
static bool is_lost_with(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct mx_address *address)
{
	return mx_exchanger_of(mx, address) == exchanger ||
	       has_address(mx, exchanger, &address->addr);
}

static bool is_expected_lost(
	const struct mx *mx, const struct mx_address *address)
{
	size_t i;

	for (i = 0; i < mx->expect.n_lost; i++)
		if (dns_prefix_holds(&mx->expect.lost[i], &address->addr))
			return true;
	for (i = 0; i < mx->n_exchangers; i++)
		if (dns_names_hold(
			    &mx->expect.lost_hosts, mx->exchangers[i].name) &&
			is_lost_with(mx, &mx->exchangers[i], address))
			return true;
	return false;
}

bool mx_is_lost(const struct mx *mx, const struct mx_address *address,
	const struct mx_loss *loss)
{
	if (loss->exchanger && is_lost_with(mx, loss->exchanger, address))
		return true;
	return loss->is_expected && is_expected_lost(mx, address);
}

/* What is met at the exchangers of one preference. */
static struct mx_view view_of_group(const struct mx *mx, size_t begin,
	size_t end, const struct mx_loss *loss)
{
	struct mx_view view = { .fate = MX_FATE_WAITS };
	size_t i;

	for (i = begin; i < end; i++) {
		const struct mx_address *at;

		switch (take_of(mx, &mx->exchangers[i], loss, &at)) {
		case MX_BOUNCES:
			return (struct mx_view){ MX_FATE_BOUNCES, at, false };
		case MX_TAKES:
			if (view.fate == MX_FATE_DELIVERED)
				break;
			view.fate = MX_FATE_DELIVERED;
			view.at = at;
			break;
		case MX_GREYLISTS:
			view.greylists = true;
			break;
		case MX_TAKE_UNKNOWN:
		case MX_SHUNS_US:
			if (view.fate == MX_FATE_WAITS)
				view.fate = MX_FATE_UNKNOWN;
			break;
		case MX_DEFERS:
			break;
		}
	}
	return view;
}

struct mx_view mx_view_of(const struct mx *mx, const struct mx_loss *loss)
{
	struct mx_view all = { .fate = MX_FATE_WAITS };
	size_t begin, end;

	for (begin = 0; begin < mx->n_exchangers; begin = end) {
		struct mx_view view;

		for (end = begin + 1; end < mx->n_exchangers; end++)
			if (mx->exchangers[end].preference !=
				mx->exchangers[begin].preference)
				break;
		view = view_of_group(mx, begin, end, loss);
		all.greylists |= view.greylists;
		if (view.fate == MX_FATE_UNKNOWN)
			all.fate = MX_FATE_UNKNOWN;
		/* One that can't be judged may take the mail, so that nobody
		 * comes to what rejects it. */
		if (view.fate == MX_FATE_BOUNCES && all.fate == MX_FATE_UNKNOWN)
			return all;
		if (view.fate == MX_FATE_BOUNCES ||
			view.fate == MX_FATE_DELIVERED)
			return view;
	}
	/* What was put off is taken when it comes again. */
	if (all.greylists)
		all.fate = MX_FATE_DELIVERED;
	return all;
}

/* Something in between may take each connection and say nothing. */
static bool is_heard(enum smtp_outcome greeting)
{
	return greeting == SMTP_DONE || greeting == SMTP_MALFORMED;
}

/* One of the exchangers says nothing that they do not say themselves. */
static bool has_control(const struct mx *mx)
{
	const struct mx_control *control = &mx->control;
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		if (control->addr_text &&
			strcmp(control->addr_text,
				mx->addresses[i].addr_text) == 0)
			return false;
	return control->connect != SMTP_NOT_DONE &&
	       control->connect != SMTP_OUR_FAULT;
}

enum mx_port mx_port_of(const struct mx *mx)
{
	const struct mx_control *control = &mx->control;
	size_t tried = 0, connected = 0, heard = 0;
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct smtp_step *steps = mx->addresses[i].session.steps;

		tried += blindness(mx, &mx->addresses[i]) == NULL;
		connected += steps[SMTP_CONNECT].outcome == SMTP_DONE;
		heard += is_heard(steps[SMTP_GREETING].outcome);
	}
	if (tried == 0 || heard > 0)
		return MX_PORT_OPEN;
	if (has_control(mx) && !is_heard(control->greeting))
		return MX_PORT_SHUT;
	if (connected > 0)
		return MX_PORT_OPEN;
	return has_control(mx) && is_heard(control->greeting)
		       ? MX_PORT_THEIRS_SHUT
		       : MX_PORT_MAYBE_SHUT;
}
