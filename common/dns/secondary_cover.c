/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For how long a copy would still be served, if nobody could reach the
 * primary any more: until it expires, or until a signature of it ends. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/dns/secondary.h"

/* As much of it as can be left. */
static int64_t clamp(int64_t left_s, const struct dns_soa *soa)
{
	if (left_s < 0)
		return 0;
	return left_s < (int64_t)soa->expire ? left_s : (int64_t)soa->expire;
}

int64_t dns_copy_full_expire(const struct dns_copy *copy)
{
	static const uint32_t bind_max_s = 24 * 7 * 86400;
	const struct dns_soa *soa = dns_copy_soa(copy);

	return copy->has_expire && copy->expire_s <= bind_max_s &&
			       soa->expire > bind_max_s
		       ? bind_max_s
		       : soa->expire;
}

/* Why a copy without EXPIRE and without a clock can't be told to expire. */
static const char *find_why(const struct secondary *s, enum dns_step_state step)
{
	bool is_behind = step == DNS_STEP_BEHIND;

	switch (secondary_primary_state(s)) {
	case DNS_PRIMARY_UNSEEN:
		if (is_behind)
			break;
		return s->primary_is_given
			       ? "the primary can't be seen from here"
			       : "no primary is known: give --primary";
	case DNS_PRIMARY_SILENT:
		if (is_behind || s->primary_is_given)
			break;
		return "the primary that the SOA names never answered: give "
		       "--primary";
	case DNS_PRIMARY_ANSWERS:
		if (step == DNS_STEP_UNKNOWN)
			return "the primary could not be asked again";
		break;
	}
	return "no history on this node";
}

static void find_expiry(const struct secondary *s, const struct dns_copy *copy,
	struct dns_cover *cover)
{
	const struct dns_soa *soa = dns_copy_soa(copy);
	const struct dns_past_copy *past = dns_history_find(&s->history, copy);
	enum dns_step_state step = secondary_lag(s, copy).step;

	if (s->expect.is_independent || copy->is_primary) {
		cover->source = DNS_COVER_UNLIMITED;
	} else if (copy->has_expire) {
		cover->source = DNS_COVER_MEASURED;
		cover->expire_left_s = clamp(copy->expire_s, soa);
	} else if (step == DNS_STEP_EQUAL &&
		   secondary_primary_state(s) == DNS_PRIMARY_ANSWERS) {
		cover->source = DNS_COVER_ASSUMED;
		cover->expire_left_s = soa->expire;
	} else if (past && past->expires_s > 0) {
		cover->source = DNS_COVER_AT_MOST;
		cover->expire_left_s =
			clamp(past->expires_s - s->d.expect.now_s, soa);
	} else {
		cover->why = find_why(s, step);
	}
}

/* What validates will end; what does no more because it ended has none left.
 * The rest is bogus for another cause, which no time tells. */
static bool counts(const struct secondary *s, const struct dns_signed *set)
{
	if (!set->is_signed || set->expiration_s == 0)
		return false;
	return set->security == DNS_SECURE ||
	       (set->security == DNS_BOGUS &&
		       set->expiration_s <= s->d.expect.now_s);
}

static void find_signature(const struct secondary *s,
	const struct dns_copy *copy, struct dns_cover *cover)
{
	size_t i;

	if (!delegation_wants_signatures(&s->d))
		return;
	for (i = 0; i < DNS_SIGNED_SETS; i++) {
		const struct dns_signed *set =
			dns_signed_set(&copy->server.security, i);
		int64_t left_s = set->expiration_s - s->d.expect.now_s;

		if (!counts(s, set) ||
			(cover->has_signature &&
				left_s >= cover->signature_left_s))
			continue;
		cover->has_signature = true;
		cover->signature_left_s = left_s;
	}
	if (cover->signature_left_s < 0)
		cover->signature_left_s = 0;
}

/* An end by signature alone tells nothing where the zone may expire first,
 * unless it has come. */
static void find_limit(struct dns_cover *cover)
{
	bool ends = cover->has_signature &&
		    (cover->source == DNS_COVER_UNLIMITED ||
			    cover->signature_left_s == 0 ||
			    cover->signature_left_s < cover->expire_left_s);

	if (ends) {
		cover->limit = DNS_LIMIT_SIGNATURE;
		cover->cover_s = cover->signature_left_s;
	} else if (cover->source != DNS_COVER_UNKNOWN &&
		   cover->source != DNS_COVER_UNLIMITED) {
		cover->limit = DNS_LIMIT_EXPIRE;
		cover->cover_s = cover->expire_left_s;
	}
	cover->is_known = cover->limit != DNS_LIMIT_NONE;
}

struct dns_cover secondary_cover(
	const struct secondary *s, const struct dns_copy *copy)
{
	struct dns_cover cover = { .source = DNS_COVER_UNKNOWN };

	if (secondary_verdict(s, copy) != DNS_SERVER_GOOD) {
		cover.why = "it does not serve the zone now";
		return cover;
	}
	find_expiry(s, copy, &cover);
	find_signature(s, copy, &cover);
	find_limit(&cover);
	return cover;
}
