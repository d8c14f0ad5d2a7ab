/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions about the copies of a zone that rules, metrics and outputs
 * share: who serves it, which serial the secondaries should have and how far
 * each of them is from that.
 */
#include "config.h"

#include "common/dns/secondary.h"

#include "common/core/num.h"
#include "common/dns/delegation_facts.h"

enum {
	EDE_INVALID_DATA = 24, /* RFC 8914 section 4.25 */
};

enum dns_server_verdict secondary_verdict(
	const struct secondary *s, const struct dns_copy *copy)
{
	/* The user knows where it stands, and wants to hear of it. */
	if (copy->is_named)
		return delegation_answer_verdict(&s->d, &copy->server);
	return delegation_server_verdict(&s->d, &copy->server);
}

bool secondary_is_good(const struct secondary *s, const struct dns_copy *copy)
{
	return secondary_verdict(s, copy) == DNS_SERVER_GOOD;
}

bool secondary_is_bogus(const struct secondary *s, const struct dns_copy *copy)
{
	return delegation_server_security(&s->d, &copy->server) == DNS_BOGUS;
}

const struct dns_soa *dns_copy_soa(const struct dns_copy *copy)
{
	return copy->later_soa.is_known ? &copy->later_soa : &copy->server.soa;
}

static bool turns_away(enum dns_server_verdict verdict)
{
	return verdict == DNS_SERVER_REFUSES ||
	       verdict == DNS_SERVER_NOT_AUTHORITATIVE;
}

bool secondary_is_kept_out(const struct secondary *s)
{
	size_t i;

	if (s->history.primary_was_seen)
		return false;
	for (i = 0; i < s->n_copies; i++)
		if (s->copies[i].is_primary &&
			turns_away(secondary_verdict(s, &s->copies[i])))
			return true;
	return false;
}

enum dns_primary_state secondary_primary_state(const struct secondary *s)
{
	enum dns_primary_state state = DNS_PRIMARY_UNSEEN;
	bool is_kept_out = secondary_is_kept_out(s);
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		enum dns_server_verdict verdict;

		if (!s->copies[i].is_primary)
			continue;
		verdict = secondary_verdict(s, &s->copies[i]);
		if (verdict == DNS_SERVER_GOOD)
			return DNS_PRIMARY_ANSWERS;
		if (verdict != DNS_SERVER_NOT_JUDGED &&
			verdict != DNS_SERVER_UNUSABLE &&
			!(turns_away(verdict) && is_kept_out))
			state = DNS_PRIMARY_SILENT;
	}
	return state;
}

/* The good copy with the newest serial, of the primaries alone or of all.
 * Where serials run in a circle any of them will do. */
static const struct dns_copy *newest(
	const struct secondary *s, bool primaries_only)
{
	const struct dns_copy *best = NULL;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];

		if ((primaries_only && !copy->is_primary) ||
			!secondary_is_good(s, copy))
			continue;
		if (!best || num_serial_compare(dns_copy_soa(copy)->serial,
				     dns_copy_soa(best)->serial) == 1)
			best = copy;
	}
	return best;
}

bool secondary_is_led(const struct secondary *s)
{
	return s->primary_is_given &&
	       (s->history.primary_was_seen || newest(s, true) != NULL);
}

struct dns_reference secondary_reference(const struct secondary *s)
{
	const struct dns_history *history = &s->history;
	bool by_primary = secondary_is_led(s);
	const struct dns_copy *copy = newest(s, by_primary);
	struct dns_reference reference = { .copy = copy };
	uint32_t noted;

	if (copy) {
		reference.is_known = true;
		reference.soa = dns_copy_soa(copy);
		reference.serial = reference.soa->serial;
		reference.is_primary = copy->is_primary;
	} else if ((copy = newest(s, false)) != NULL) {
		/* Its timers are those of the zone all the same. */
		reference.soa = dns_copy_soa(copy);
	}
	if (history->n_serials == 0 || (reference.is_known && by_primary))
		return reference;
	noted = history->serials[history->n_serials - 1].serial;
	if (reference.is_known &&
		num_serial_compare(noted, reference.serial) != 1)
		return reference;
	reference.is_known = true;
	reference.serial = noted;
	reference.copy = NULL;
	reference.is_primary = false;
	return reference;
}

static enum dns_step_state find_step(const struct secondary *s,
	const struct dns_reference *reference, uint32_t serial)
{
	if (num_serial_compare(reference->serial, serial) == 1)
		return DNS_STEP_BEHIND;
	if (num_serial_compare(reference->serial, serial) == 2)
		return DNS_STEP_UNDEFINED;
	if (serial == reference->serial || !s->primary_is_given ||
		!reference->is_primary)
		return DNS_STEP_EQUAL;
	/* An update between two answers looks as if it were ahead. */
	return reference->copy->later_soa.is_known ? DNS_STEP_AHEAD
						   : DNS_STEP_UNKNOWN;
}

/* Whether a history is kept on this node. */
static bool has_history(const struct secondary *s)
{
	switch (s->file.fate) {
	case DNS_HISTORY_READ:
	case DNS_HISTORY_NEW:
	case DNS_HISTORY_LOST:
		return true;
	case DNS_HISTORY_NOT_KEPT:
	case DNS_HISTORY_UNUSABLE:
	case DNS_HISTORY_NO_PLACE:
		break;
	}
	return false;
}

struct dns_lag secondary_lag(
	const struct secondary *s, const struct dns_copy *copy)
{
	struct dns_lag lag = { .step = DNS_STEP_UNKNOWN };
	struct dns_reference reference;
	uint32_t serial;
	size_t first;

	if (s->expect.is_independent || !secondary_is_good(s, copy))
		return lag;
	reference = secondary_reference(s);
	if (!reference.is_known)
		return lag;
	serial = dns_copy_soa(copy)->serial;
	lag.step = find_step(s, &reference, serial);
	if (lag.step == DNS_STEP_BEHIND || lag.step == DNS_STEP_AHEAD)
		lag.serials = num_serial_distance(serial, reference.serial);
	first = dns_history_first_after(&s->history, serial);
	if (lag.step != DNS_STEP_BEHIND || !has_history(s) ||
		first == s->history.n_serials)
		return lag;
	lag.has_age = true;
	lag.age_s = s->d.expect.now_s - s->history.serials[first].first_s;
	if (lag.age_s < 0)
		lag.age_s = 0;
	return lag;
}

bool secondary_has_expired(
	const struct secondary *s, const struct dns_copy *copy)
{
	if (copy->is_primary ||
		secondary_verdict(s, copy) != DNS_SERVER_SERVFAIL)
		return false;
	return copy->ede == EDE_INVALID_DATA ||
	       (s->had_run_out && s->had_run_out[copy - s->copies]);
}

bool secondary_needs_history(const struct secondary *s)
{
	bool is_silent = secondary_primary_state(s) == DNS_PRIMARY_SILENT;
	size_t i;

	if (s->expect.is_independent || has_history(s))
		return false;
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];

		if (copy->is_primary || !secondary_is_good(s, copy))
			continue;
		if (secondary_lag(s, copy).step == DNS_STEP_BEHIND)
			return true;
		if (is_silent && s->primary_is_given && !copy->has_expire)
			return true;
	}
	return false;
}
