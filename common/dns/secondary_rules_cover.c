/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about for how long the secondaries would go on without a primary, and
 * about the history that tells it where the servers do not. */
#include "config.h"

#include "common/dns/secondary_rules.h"

enum {
	RETRIES = 4, /* that may fail before somebody should look */
	SPAN_MAX = 100,
};

static const struct culprit the_zone = { NULL, NULL };

/* -- expiry --------------------------------------------------------------- */

static void if_expired(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	if (!secondary_has_expired(s, copy))
		return;
	if (s->had_run_out && s->had_run_out[copy - s->copies])
		judge_finding(judge, rule_copy_culprit(copy),
			"its copy of the zone has expired: answers SERVFAIL, "
			"and its time had run out");
	else
		judge_finding(judge, rule_copy_culprit(copy),
			"its copy of the zone has expired: answers SERVFAIL "
			"with EDE %d%s%s",
			(int)copy->ede, copy->ede_text ? ": " : "",
			copy->ede_text ? copy->ede_text : "");
}

void judge_secondary_expired(struct judge *judge, const void *facts)
{
	rule_each_secondary(judge, facts, if_expired);
}

/* An estimate by a primary that nobody named, or that never answered this
 * host, whom it may keep out, is no reason to wake anyone. */
static bool is_sure(const struct secondary *s, const struct dns_cover *cover)
{
	return cover->source == DNS_COVER_MEASURED ||
	       (s->primary_is_given && s->history.primary_was_seen);
}

static enum state grade_contact(const struct secondary *s,
	const struct dns_copy *copy, const struct dns_cover *cover)
{
	const struct dns_soa *soa = dns_copy_soa(copy);
	int64_t patience_s =
		(int64_t)soa->refresh + RETRIES * (int64_t)soa->retry;
	int64_t full_s = dns_copy_full_expire(copy);
	int64_t half_s = full_s / 2;

	if (cover->expire_left_s < half_s)
		return is_sure(s, cover) ? STATE_CRITICAL : STATE_WARNING;
	/* Where the timers contradict each other, this is below the half. */
	return cover->expire_left_s < full_s - patience_s ? STATE_WARNING
							  : STATE_OK;
}

/* It may ask its primary all the time, and get nothing. */
static const char *contact_words(const struct secondary *s,
	const struct dns_copy *copy, const struct dns_cover *cover)
{
	if (cover->source == DNS_COVER_MEASURED)
		return "has had no contact with its primary for";
	if (secondary_lag(s, copy).step == DNS_STEP_BEHIND)
		return "has not followed its primary for at least";
	return "has had no contact with its primary for at least";
}

static void say_contact_lost(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy, const struct dns_cover *cover)
{
	bool is_measured = cover->source == DNS_COVER_MEASURED;
	struct text since, left;

	text_init(&since, SPAN_MAX);
	text_init(&left, SPAN_MAX);
	text_add_span(
		&since, dns_copy_full_expire(copy) - cover->expire_left_s);
	text_add_span(&left, cover->expire_left_s);
	judge_finding_as(judge, grade_contact(s, copy, cover),
		rule_copy_culprit(copy), "%s %s; expires in %s%s",
		contact_words(s, copy, cover), since.data,
		is_measured ? "" : "at most ", left.data);
	text_release(&since);
	text_release(&left);
}

static void if_contact_lost(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	struct dns_cover cover;

	if (secondary_verdict(s, copy) != DNS_SERVER_GOOD)
		return;
	cover = secondary_cover(s, copy);
	switch (cover.source) {
	case DNS_COVER_UNKNOWN:
		judge_not_judged(
			judge, copy->server.addr_text, "%s", cover.why);
		break;
	case DNS_COVER_AT_MOST:
		/* secondary-behind tells of that, by the same clock. */
		if (secondary_primary_state(s) == DNS_PRIMARY_ANSWERS ||
			secondary_is_kept_out(s))
			break;
		if (grade_contact(s, copy, &cover) != STATE_OK)
			say_contact_lost(judge, s, copy, &cover);
		break;
	case DNS_COVER_MEASURED:
		if (grade_contact(s, copy, &cover) != STATE_OK)
			say_contact_lost(judge, s, copy, &cover);
		break;
	case DNS_COVER_ASSUMED:
	case DNS_COVER_UNLIMITED:
		break;
	}
}

void judge_primary_contact_lost(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;

	if (s->expect.is_independent)
		judge_not_asked(judge);
	else
		rule_each_secondary(judge, s, if_contact_lost);
}

void judge_soa_expire_short(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	const struct dns_soa *soa = secondary_reference(s).soa;
	struct text seen, wanted;

	if (s->expect.is_independent) {
		judge_not_asked(judge);
		return;
	}
	if (!rule_has_copies(judge, s))
		return;
	if (!soa) {
		judge_not_judged(judge, NULL, "no server gave the SOA");
		return;
	}
	if ((int64_t)soa->expire >= s->expect.min_cover_s)
		return;
	text_init(&seen, SPAN_MAX);
	text_init(&wanted, SPAN_MAX);
	text_add_span(&seen, soa->expire);
	text_add_span(&wanted, s->expect.min_cover_s);
	judge_finding(judge, the_zone,
		"secondaries give up %s after the primary's end (expire of "
		"the SOA), expected at least %s",
		seen.data, wanted.data);
	text_release(&seen);
	text_release(&wanted);
}

/* Whether a signature of it ends while the zone goes on; else, where that
 * can't be told, not judged. */
static bool ends_first(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy, const struct dns_cover *cover)
{
	if (copy->is_primary)
		return false;
	if (secondary_verdict(s, copy) == DNS_SERVER_NOT_JUDGED)
		rule_note_hidden(judge, &s->d, &copy->server);
	if (!cover->has_signature)
		return false;
	if (cover->source == DNS_COVER_UNKNOWN) {
		judge_not_judged(
			judge, copy->server.addr_text, "%s", cover->why);
		return false;
	}
	return cover->signature_left_s < cover->expire_left_s;
}

void judge_signature_ends_first(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	const struct dns_copy *first = NULL;
	struct dns_cover least = { .source = DNS_COVER_UNKNOWN };
	struct text signature, expiry;
	size_t i;

	if (!delegation_wants_signatures(&s->d) || !rule_has_copies(judge, s))
		return;
	for (i = 0; i < s->n_copies; i++) {
		struct dns_cover cover = secondary_cover(s, &s->copies[i]);

		if (!ends_first(judge, s, &s->copies[i], &cover))
			continue;
		if (first && cover.signature_left_s >= least.signature_left_s)
			continue;
		first = &s->copies[i];
		least = cover;
	}
	if (!first)
		return;
	text_init(&signature, SPAN_MAX);
	text_init(&expiry, SPAN_MAX);
	text_add_span(&signature, least.signature_left_s);
	text_add_span(&expiry, least.expire_left_s);
	judge_finding(judge, rule_copy_culprit(first),
		"a signature ends in %s, before the zone expires (in %s)",
		signature.data, expiry.data);
	text_release(&signature);
	text_release(&expiry);
}

/* -- the history ---------------------------------------------------------- */

static const char *why_of(const struct dns_history_file *file)
{
	return file->why ? file->why : "for a cause unknown";
}

void judge_history_lost(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;

	judge_memory_lost(judge, &s->d);
	if (s->file.fate == DNS_HISTORY_LOST)
		judge_finding(judge, the_zone,
			"the history of this node is begun anew: %s",
			why_of(&s->file));
}

void judge_history_unusable(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;

	judge_memory_unusable(judge, &s->d);
	switch (s->file.fate) {
	case DNS_HISTORY_NOT_KEPT:
	case DNS_HISTORY_READ:
	case DNS_HISTORY_NEW:
	case DNS_HISTORY_LOST:
		return;
	case DNS_HISTORY_NO_PLACE:
		if (!secondary_needs_history(s)) {
			judge_not_judged(judge, NULL, "%s", why_of(&s->file));
			return;
		}
		break;
	case DNS_HISTORY_UNUSABLE:
		break;
	}
	judge_finding(judge, the_zone,
		"nothing can be remembered on this node: %s", why_of(&s->file));
}
