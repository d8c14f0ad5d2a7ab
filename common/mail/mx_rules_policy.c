/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about MTA-STS (RFC 8461) and DANE (RFC 7672). */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mail/mx_rules.h"

enum {
	MAX_AGE_MIN = 86400,
	MAX_AGE_MAX = 31557600,
	STATUS_OK = 200,
	USAGE_EE = 3,
};

#define TEXT_PLAIN "text/plain"

static const struct culprit the_policy = { NULL, NULL };

/* Whether there is a record to judge by; a domain without one is fine. */
static bool has_record(struct judge *judge, const struct mx *mx)
{
	const struct mx_sts *sts = &mx->sts;

	if (!sts->was_asked)
		return false;
	if (sts->lookup.lookup == DNS_LOOKUP_NOT_DONE ||
		sts->lookup.lookup == DNS_LOOKUP_FAILED ||
		sts->lookup.lookup == DNS_LOOKUP_LIMIT)
		judge_not_judged(judge, "MTA-STS", "%s",
			sts->lookup.why ? sts->lookup.why
					: "no answer came for its record");
	return sts->n_records > 0;
}

void judge_sts_record_wrong(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (!has_record(judge, mx))
		return;
	if (mx->sts.n_records > 1)
		judge_finding(judge, the_policy,
			"_mta-sts has %zu records of MTA-STS: senders take "
			"none",
			mx->sts.n_records);
	else if (mx->sts.wrong)
		judge_finding(judge, the_policy, "the record of MTA-STS %s",
			mx->sts.wrong);
}

static const char *fetch_text(enum mx_fetch fetch)
{
	switch (fetch) {
	case MX_FETCH_NO_ADDRESS:
		return "has no address";
	case MX_FETCH_TIMED_OUT:
		return "timed out";
	case MX_FETCH_PORT_CLOSED:
		return "refused the connection";
	case MX_FETCH_UNREACHABLE:
		return "is unreachable";
	case MX_FETCH_TLS_FAILED:
		return "failed TLS";
	case MX_FETCH_REDIRECTED:
		return "redirects, which senders do not follow";
	case MX_FETCH_TOO_LARGE:
		return "sends more than 64 KB";
	case MX_FETCH_BROKEN:
		return "broke off";
	case MX_FETCH_NOT_DONE:
	case MX_FETCH_DONE:
	case MX_FETCH_OUR_FAULT:
		break;
	}
	return NULL;
}

void judge_sts_policy_unavailable(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_sts *sts = &mx->sts;
	const char *what = fetch_text(sts->fetch);

	if (!has_record(judge, mx) || !sts->id)
		return;
	if (what)
		judge_finding(judge, the_policy, "mta-sts.%s %s%s%s",
			mx->domain, what, sts->fetch_why ? ": " : "",
			sts->fetch_why ? sts->fetch_why : "");
	else if (sts->fetch == MX_FETCH_DONE && sts->status != STATUS_OK)
		judge_finding(judge, the_policy,
			"mta-sts.%s answers with HTTP %u", mx->domain,
			sts->status);
	else if (sts->fetch != MX_FETCH_DONE)
		judge_not_judged(
			judge, "MTA-STS", "its policy was not fetched");
}

/* Without parameters; what is not told is not held against it. */
static bool is_plain(const char *type)
{
	size_t len = strlen(TEXT_PLAIN);

	return !type || (strncasecmp(type, TEXT_PLAIN, len) == 0 &&
				strchr("; \t", type[len]));
}

void judge_sts_policy_wrong(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_sts *sts = &mx->sts;

	if (!has_record(judge, mx) || !sts->policy.is_parsed)
		return;
	if (sts->policy.wrong)
		judge_finding(judge, the_policy, "the policy of MTA-STS %s",
			sts->policy.wrong);
	else if (!is_plain(sts->content_type))
		judge_finding(judge, the_policy,
			"the policy of MTA-STS is %s, not text/plain",
			sts->content_type);
}

static bool has_policy(struct judge *judge, const struct mx *mx)
{
	return has_record(judge, mx) && mx->sts.policy.is_parsed &&
	       !mx->sts.policy.wrong;
}

void judge_sts_max_age(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	uint64_t max_age_s = mx->sts.policy.max_age_s;

	if (!has_policy(judge, mx) || mx->sts.policy.mode == MX_STS_NONE)
		return;
	if (max_age_s < MAX_AGE_MIN || max_age_s > MAX_AGE_MAX)
		judge_finding(judge, the_policy,
			"the max_age of MTA-STS is %llu, wanted %d to %d",
			(unsigned long long)max_age_s, MAX_AGE_MIN,
			MAX_AGE_MAX);
}

/* Why senders that follow the policy would not use the address; NULL: they
 * would, or nobody can tell. */
static const char *sts_fault(
	const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_session *session = &address->session;

	if (!mx_policy_holds(
		    &mx->sts.policy, mx_exchanger_of(mx, address)->name))
		return "the policy does not name it";
	if (session->offer.is_known && !session->offer.has_starttls)
		return "it does not offer STARTTLS";
	if (session->steps[SMTP_TLS].outcome == SMTP_TLS_FAILED ||
		session->steps[SMTP_TLS].outcome == SMTP_INJECTED)
		return "TLS does not come up";
	return mx_certificate_fault(mx, address);
}

/* Whether an address is left that takes mail by the policy, too. */
static bool sts_leaves_one(const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		enum mx_take take = mx_taking_of(mx, &mx->addresses[i]).take;

		if (take != MX_DEFERS && take != MX_BOUNCES &&
			!sts_fault(mx, &mx->addresses[i]))
			return true;
	}
	return false;
}

void judge_sts_mx_refused(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_policy *policy = &mx->sts.policy;
	bool enforces = policy->mode == MX_STS_ENFORCE;
	size_t i;

	if (!mx_has_set(judge, mx) || !has_policy(judge, mx) ||
		policy->mode < MX_STS_TESTING)
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const char *fault = sts_fault(mx, &mx->addresses[i]);

		if (!fault)
			continue;
		judge_finding_as(judge,
			enforces && !sts_leaves_one(mx) ? STATE_CRITICAL
							: STATE_WARNING,
			mx_culprit(mx, &mx->addresses[i]),
			"%s not used by senders with MTA-STS (%s): %s",
			enforces ? "is" : "would be",
			mx_sts_mode_word(policy->mode), fault);
	}
}

void judge_sts_id_unchanged(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_sts *sts = &mx->sts;

	if (sts->id && sts->past_id && sts->policy_text &&
		sts->past_policy_text && strcmp(sts->id, sts->past_id) == 0 &&
		strcmp(sts->policy_text, sts->past_policy_text) != 0)
		judge_finding(judge, the_policy,
			"the policy of MTA-STS changed and its id is still "
			"%s: senders keep the old one",
			sts->id);
}

static void differs(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct mx_dane_result dane = mx_dane_at(mx, address);

	if (dane.dane == MX_DANE_DIFFERS)
		judge_finding(judge, mx_culprit(mx, address), "fails DANE: %s",
			dane.why);
	else if (dane.dane == MX_DANE_NO_TLS)
		judge_finding(judge, mx_culprit(mx, address),
			"fails DANE: it has TLSA records, and TLS does not come up");
	else if (dane.dane == MX_DANE_UNKNOWN && mx->security_is_known)
		judge_not_judged(judge, address->addr_text, "DANE: %s",
			dane.why ? dane.why : "the DNS does not tell");
}

void judge_dane_differs(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, differs);
}

/* Once an exchanger, by its first address. */
static void of_exchangers(struct judge *judge, const struct mx *mx,
	enum mx_dane dane, const char *text)
{
	size_t told = SIZE_MAX;
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		const struct mx_dane_result at = mx_dane_at(mx, address);

		if (address->exchanger == told || at.dane != dane)
			continue;
		told = address->exchanger;
		judge_finding(judge,
			(struct culprit){
				mx_exchanger_of(mx, address)->name, NULL },
			"%s%s%s", text, at.why ? ": " : "",
			at.why ? at.why : "");
	}
}

void judge_dane_bogus(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_BOGUS,
		"is not used by senders with DANE, since its TLSA records do "
		"not validate");
}

void judge_dane_unresolvable(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_FAILED,
		"is not used by senders with DANE, since no answer comes for "
		"its TLSA records");
}

void judge_dane_unusable(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_UNUSABLE,
		"has TLSA records, and none of them is sound and of usage 2 or 3");
}

void judge_dane_insecure(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_INSECURE,
		"has TLSA records in vain: its zone is not signed");
}

static bool is_same_name(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Usage 2: whether the CA that the record names made the next certificate too,
 * as far as its file tells. */
static bool is_of_same_ca(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct mx_tlsa *tlsa)
{
	const char *issuer = mx->expect.next_cert->issuer;
	size_t i, n;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct smtp_tls *tls = &mx->addresses[i].session.tls;

		if (mx_exchanger_of(mx, &mx->addresses[i]) != exchanger ||
			tls->n_certs == 0)
			continue;
		if (mx_dane_at(mx, &mx->addresses[i]).tlsa == tlsa &&
			is_same_name(issuer, tls->certs[0].issuer))
			return true;
		for (n = 1; n < tls->n_certs; n++)
			if (mx_tlsa_matches(tlsa, &tls->certs[n]) &&
				is_same_name(issuer, tls->certs[n].subject))
				return true;
	}
	return false;
}

static bool has_next(const struct mx *mx, const struct mx_exchanger *exchanger)
{
	size_t i;

	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *tlsa = &exchanger->tlsa[i];

		if (!mx_tlsa_counts(exchanger, tlsa))
			continue;
		if (tlsa->usage == USAGE_EE
				? mx_tlsa_matches(tlsa, mx->expect.next_cert)
				: is_of_same_ca(mx, exchanger, tlsa))
			return true;
	}
	return false;
}

/* Whether the next certificate is for exchangers by their names; where it has
 * none of them, it is for all. */
static bool names_some(const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++)
		if (cert_holds_name(
			    mx->expect.next_cert, mx->exchangers[i].name))
			return true;
	return false;
}

void judge_dane_next_missing(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	size_t n_published = 0;
	size_t i;
	bool by_name;

	if (!mx->expect.next_cert || !mx_has_set(judge, mx))
		return;
	by_name = names_some(mx);
	for (i = 0; i < mx->n_exchangers; i++) {
		const struct mx_exchanger *one = &mx->exchangers[i];

		if (one->n_tlsa == 0 ||
			(by_name && !cert_holds_name(
					    mx->expect.next_cert, one->name)))
			continue;
		n_published++;
		if (!has_next(mx, one))
			judge_finding(judge,
				(struct culprit){ one->name, NULL },
				"has no TLSA record of the next certificate");
	}
	if (n_published == 0)
		judge_finding(judge, the_policy,
			"no exchanger has a TLSA record for the next "
			"certificate");
}
