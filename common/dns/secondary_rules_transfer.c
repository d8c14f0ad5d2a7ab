/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about zone transfers: with the key, and by a stranger without one. */
#include "config.h"

#include <string.h>

#include "common/core/num.h"
#include "common/dns/secondary_rules.h"

enum {
	SENTENCE_MAX = 2048,
	PATIENCE_US = 1000 * 1000, /* silent for less proves nothing */
};

/* What came over the wire is the zone, all of it or its beginning. */
static bool is_zone(const struct dns_transfer *transfer)
{
	return transfer->end == DNS_TRANSFER_DONE ||
	       transfer->end == DNS_TRANSFER_LIMIT;
}

static bool share_name(const struct dns_copy *a, const struct dns_copy *b)
{
	size_t i;

	for (i = 0; i < a->server.hosts.n; i++)
		if (dns_names_hold(&b->server.hosts, a->server.hosts.at[i]))
			return true;
	return false;
}

/* Whether another address of the same server was tried in its place: one is
 * enough. */
static bool is_tried_elsewhere(
	const struct secondary *s, const struct dns_copy *copy)
{
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *other = &s->copies[i];

		if (other->transfer.end != DNS_TRANSFER_NOT_TRIED &&
			(other->is_primary || !copy->is_primary) &&
			share_name(copy, other))
			return true;
	}
	return false;
}

/* Whether the run's deadline cut off what might have come. */
static bool is_cut_off(
	const struct delegation *d, const struct dns_transfer *transfer)
{
	return d->timeout_stage && transfer->outcome == DNS_TIMED_OUT &&
	       (transfer->n_records > 0 || transfer->took_us < PATIENCE_US);
}

/* Whether it can be held against a server that its transfer did not come;
 * else why not, as not judged. */
static bool is_judged(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy, const struct dns_transfer *transfer)
{
	const struct delegation *d = &s->d;
	unsigned family = copy->server.addr.family;
	const char *addr = copy->server.addr_text;

	if (transfer->end != DNS_TRANSFER_NOT_TRIED &&
		transfer->end != DNS_TRANSFER_BROKEN &&
		!is_cut_off(d, transfer))
		return true;
	if (!delegation_sees(d, family))
		judge_not_judged(judge, family == 4 ? "IPv4" : "IPv6", "%s",
			delegation_blindness(d, family));
	else if (d->tcp != DNS_SIGHT_SEEN && d->tcp != DNS_SIGHT_NOT_TRIED)
		judge_not_judged(judge, "TCP",
			d->tcp == DNS_SIGHT_NO_ROUTE
				? "no route from here"
				: "nothing at all answered over it");
	else if (transfer->outcome == DNS_OUR_FAULT)
		judge_not_judged(judge, addr,
			"no descriptors or memory left here for a transfer");
	else if (is_cut_off(d, transfer))
		judge_not_judged(judge, addr,
			"the deadline came after %llu records of its transfer",
			(unsigned long long)transfer->n_records);
	else if (transfer->end == DNS_TRANSFER_NOT_TRIED ||
		 transfer->outcome == DNS_NOT_ASKED)
		judge_not_judged(judge, addr, "%s",
			d->timeout_stage ? "the deadline came before a transfer"
					 : "no transfer was tried");
	else
		return true;
	return false;
}

/* Whether a primary hands the zone over to who has the key. */
static bool any_primary_transfers(const struct secondary *s)
{
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		if (s->copies[i].is_primary && is_zone(&s->copies[i].transfer))
			return true;
	return false;
}

/* Whether it hands the zone over at another address. */
static bool transfers_elsewhere(
	const struct secondary *s, const struct dns_copy *copy)
{
	size_t i, k;

	for (i = 0; i < s->n_primaries; i++)
		for (k = 0; k < s->n_copies; k++)
			if (secondary_named_has(&s->primaries[i], copy) &&
				secondary_named_has(
					&s->primaries[i], &s->copies[k]) &&
				is_zone(&s->copies[k].transfer))
				return true;
	return false;
}

/* Others are left where one primary is merely silent, or fails at one address
 * alone, and an inferred one need not be whom the secondaries transfer
 * from. */
static enum state grade_failure(
	const struct secondary *s, const struct dns_copy *copy)
{
	bool is_silent = copy->transfer.end == DNS_TRANSFER_BROKEN;

	if (!copy->is_primary || !s->primary_is_given ||
		transfers_elsewhere(s, copy) ||
		(is_silent && any_primary_transfers(s)))
		return STATE_WARNING;
	return STATE_CRITICAL;
}

static void say_failure(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	const struct dns_transfer *transfer = &copy->transfer;

	judge_finding_as(judge, grade_failure(s, copy), rule_copy_culprit(copy),
		"asked to transfer %s with the key, it %s", s->d.zone,
		transfer->why ? transfer->why
			      : dns_outcome_text(transfer->outcome));
}

/* A transfer that nobody began: another address did it, or the server does
 * not serve the zone, and rules of its own tell that. */
static void judge_untried(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	enum dns_server_verdict verdict = secondary_verdict(s, copy);
	bool is_bad =
		verdict != DNS_SERVER_GOOD && verdict != DNS_SERVER_NOT_JUDGED;

	if (is_tried_elsewhere(s, copy))
		return;
	if (!is_bad)
		(void)is_judged(judge, s, copy, &copy->transfer);
	else if (copy->is_primary)
		judge_not_judged(judge, copy->server.addr_text,
			"the primary does not answer for the zone");
}

static void judge_transfer(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	switch (copy->transfer.end) {
	case DNS_TRANSFER_NOT_TRIED:
		judge_untried(judge, s, copy);
		break;
	case DNS_TRANSFER_LIMIT:
		judge_not_judged(judge, copy->server.addr_text,
			"its zone is larger than is read (--axfr-max)");
		break;
	case DNS_TRANSFER_REFUSED:
	case DNS_TRANSFER_NOT_VERIFIED:
	case DNS_TRANSFER_BROKEN:
	case DNS_TRANSFER_MALFORMED:
		if (is_judged(judge, s, copy, &copy->transfer))
			say_failure(judge, s, copy);
		break;
	case DNS_TRANSFER_DONE:
	case DNS_TRANSFER_OPENED:
		break;
	}
}

void judge_transfer_fails(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	bool any_primary = s->expect.is_independent;
	size_t i;

	if (!s->expect.wants_transfer) {
		judge_not_asked(judge);
		return;
	}
	for (i = 0; i < s->n_copies; i++) {
		any_primary |= s->copies[i].is_primary;
		if (s->copies[i].is_primary || s->expect.wants_axfr_secondary)
			judge_transfer(judge, s, &s->copies[i]);
	}
	if (!any_primary)
		judge_not_judged(judge, NULL,
			"no address of a primary is known to transfer from");
}

/* Whether a zone came by a transfer, of those that were asked for; else not
 * judged. */
static bool has_zone(struct judge *judge, const struct secondary *s)
{
	size_t i;

	if (!s->expect.wants_transfer) {
		judge_not_asked(judge);
		return false;
	}
	for (i = 0; i < s->n_copies; i++)
		if (is_zone(&s->copies[i].transfer))
			return true;
	judge_not_judged(judge, NULL, "no zone was transferred");
	return false;
}

/* A zone may have changed between the SOA and the transfer, and a server have
 * gone back to an older one before it was asked again. */
static bool serial_fits(uint32_t serial, const struct dns_soa *soa)
{
	int order = num_serial_compare(serial, soa->serial);

	return soa->is_known && (order == 0 || order == 1);
}

void judge_transfer_serial_differs(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	if (!has_zone(judge, s))
		return;
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		const struct dns_transfer *transfer = &copy->transfer;
		const struct dns_soa *soa = &copy->server.soa;

		if (!is_zone(transfer) || !transfer->has_serial ||
			serial_fits(transfer->serial, &copy->later_soa) ||
			serial_fits(transfer->serial, soa))
			continue;
		if (!soa->is_known)
			judge_not_judged(judge, copy->server.addr_text,
				"it told no SOA to compare with");
		else
			judge_finding(judge, rule_copy_culprit(copy),
				"transfers serial %lu, where its SOA has %lu",
				(unsigned long)transfer->serial,
				(unsigned long)soa->serial);
	}
}

/* Whether a copy before this one has the same signature to tell of. */
static bool is_told(const struct secondary *s, const struct dns_copy *copy)
{
	const struct dns_transfer *a = &copy->transfer;
	const struct dns_copy *other;

	for (other = s->copies; other != copy; other++) {
		const struct dns_transfer *b = &other->transfer;

		if (is_zone(b) && a->signature_end_s == b->signature_end_s &&
			a->signature_owner && b->signature_owner &&
			a->signature_type && b->signature_type &&
			strcmp(a->signature_owner, b->signature_owner) == 0 &&
			strcmp(a->signature_type, b->signature_type) == 0)
			return true;
	}
	return false;
}

static void judge_zone_signature(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	const struct dns_transfer *transfer = &copy->transfer;
	int64_t begin = transfer->signature_begin_s;
	int64_t end = transfer->signature_end_s;
	enum state state = rule_grade_signature(&s->d, begin, end);
	struct text span;

	if (transfer->end == DNS_TRANSFER_LIMIT)
		judge_not_judged(judge, copy->server.addr_text,
			"not all of its zone was read (--axfr-max)");
	if (state == STATE_OK || is_told(s, copy))
		return;
	text_init(&span, SENTENCE_MAX);
	rule_add_signature_end(&span, &s->d, begin, end);
	judge_finding_as(judge, state, rule_copy_culprit(copy),
		"the signature of %s %s %s",
		transfer->signature_owner ? transfer->signature_owner
					  : s->d.zone,
		transfer->signature_type ? transfer->signature_type : "",
		span.data);
	text_release(&span);
}

void judge_zone_signature_expiring(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	if (!s->expect.wants_transfer) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_ds(judge, &s->d) || !delegation_wants_signatures(&s->d) ||
		!has_zone(judge, s))
		return;
	for (i = 0; i < s->n_copies; i++)
		if (is_zone(&s->copies[i].transfer))
			judge_zone_signature(judge, s, &s->copies[i]);
}

static void judge_zonemd(struct judge *judge, const struct dns_copy *copy)
{
	const struct dns_transfer *transfer = &copy->transfer;

	switch (transfer->zonemd) {
	case DNS_ZONEMD_FINE:
		break;
	case DNS_ZONEMD_WRONG:
		judge_finding(judge, rule_copy_culprit(copy),
			"the zone that it transfers does not match its ZONEMD: "
			"%s",
			transfer->zonemd_why ? transfer->zonemd_why
					     : "another digest is expected");
		break;
	case DNS_ZONEMD_ABSENT:
		judge_not_judged(judge, copy->server.addr_text,
			"the zone has no ZONEMD");
		break;
	case DNS_ZONEMD_UNSUPPORTED:
		judge_not_judged(judge, copy->server.addr_text, "%s",
			transfer->zonemd_why
				? transfer->zonemd_why
				: "its ZONEMD is of a kind unknown here");
		break;
	case DNS_ZONEMD_NOT_ASKED:
		judge_not_judged(judge, copy->server.addr_text,
			"its zone was not transferred to the end");
		break;
	}
}

void judge_zonemd_wrong(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	if (!s->expect.wants_zonemd) {
		judge_not_asked(judge);
		return;
	}
	if (!has_zone(judge, s))
		return;
	for (i = 0; i < s->n_copies; i++)
		if (s->copies[i].transfer.end != DNS_TRANSFER_NOT_TRIED)
			judge_zonemd(judge, &s->copies[i]);
}

static void judge_stranger(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	switch (copy->stranger.end) {
	case DNS_TRANSFER_DONE:
	case DNS_TRANSFER_OPENED:
	case DNS_TRANSFER_LIMIT:
		judge_finding(judge, rule_copy_culprit(copy),
			"hands %s to this host without a key (AXFR), expected "
			"REFUSED",
			s->d.zone);
		break;
	case DNS_TRANSFER_NOT_TRIED:
	case DNS_TRANSFER_BROKEN:
		/* Who is silent, or out of reach, hands nothing over; who
		 * began to send something may. */
		if (copy->stranger.n_bytes > 0)
			judge_not_judged(judge, copy->server.addr_text,
				"sent a part of a message and no more");
		else if (secondary_verdict(s, copy) != DNS_SERVER_UNUSABLE)
			(void)is_judged(judge, s, copy, &copy->stranger);
		break;
	case DNS_TRANSFER_REFUSED:
	case DNS_TRANSFER_NOT_VERIFIED:
	case DNS_TRANSFER_MALFORMED:
		break;
	}
}

void judge_transfer_open(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	size_t i;

	if (!s->expect.wants_stranger) {
		judge_not_asked(judge);
		return;
	}
	if (s->n_copies == 0)
		judge_not_judged(judge, NULL, "no server of the zone is known");
	for (i = 0; i < s->n_copies; i++)
		judge_stranger(judge, s, &s->copies[i]);
}
