/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules about MTA-STS (RFC 8461). Who wants it and does it wrong is told; who
 * has no record of it is fine.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mail/mx_rules.h"

enum {
	MAX_AGE_MIN = 86400,
	MAX_AGE_MAX = 31557600,
	STATUS_OK = 200,
};

#define TEXT_PLAIN "text/plain"

/* Whose fault it is: the name of the record, or the host of the policy. */
static struct culprit culprit_of(
	struct judge *judge, const struct mx *mx, const char *label)
{
	return (struct culprit){
		arena_printf(judge->arena, "%s.%s", label, mx->domain), NULL
	};
}

static struct culprit the_record(struct judge *judge, const struct mx *mx)
{
	return culprit_of(judge, mx, "_mta-sts");
}

static struct culprit the_host(struct judge *judge, const struct mx *mx)
{
	return culprit_of(judge, mx, "mta-sts");
}

/* Notes where nobody can tell whether there is a record. */
static bool is_known(struct judge *judge, const struct mx *mx)
{
	const struct mx_lookup *lookup = &mx->sts.lookup;

	if (!mx->sts.was_asked)
		return false;
	if (lookup->lookup != DNS_LOOKUP_NOT_DONE &&
		lookup->lookup != DNS_LOOKUP_FAILED &&
		lookup->lookup != DNS_LOOKUP_LIMIT)
		return true;
	judge_not_judged(judge, "MTA-STS", "%s",
		lookup->why ? lookup->why : "no answer came for its record");
	return false;
}

void judge_sts_record_wrong(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (!is_known(judge, mx))
		return;
	if (mx->sts.n_records > 1)
		judge_finding(judge, the_record(judge, mx),
			"has %zu records of MTA-STS, so that senders take none",
			mx->sts.n_records);
	else if (mx->sts.wrong)
		judge_finding(judge, the_record(judge, mx),
			"has a record of MTA-STS that %s, so that senders take "
			"none",
			mx->sts.wrong);
}

/* -- fetching the policy -------------------------------------------------- */

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

/* Whether it was asked for, as every sender does that sees the record; without
 * one nobody does. */
static bool was_fetched(struct judge *judge, const struct mx *mx)
{
	const struct mx_sts *sts = &mx->sts;

	if (!is_known(judge, mx))
		return false;
	if (!sts->id) {
		judge_not_asked(judge);
		return false;
	}
	if (sts->fetch != MX_FETCH_NOT_DONE && sts->fetch != MX_FETCH_OUR_FAULT)
		return true;
	judge_not_judged(judge, "MTA-STS", "its policy was not fetched%s%s",
		sts->fetch_why ? ": " : "",
		sts->fetch_why ? sts->fetch_why : "");
	return false;
}

void judge_sts_policy_unavailable(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_sts *sts = &mx->sts;
	const char *what = fetch_text(sts->fetch);

	if (!was_fetched(judge, mx))
		return;
	if (what)
		judge_finding(judge, the_host(judge, mx), "%s%s%s", what,
			sts->fetch_why ? ": " : "",
			sts->fetch_why ? sts->fetch_why : "");
	else if (sts->status != STATUS_OK)
		judge_finding(judge, the_host(judge, mx),
			"answers with HTTP %u in place of the policy",
			sts->status);
}

/* -- the policy ----------------------------------------------------------- */

/* Parameters do not count (RFC 8461 section 3.2). */
static bool is_plain(const char *type)
{
	size_t len = strlen(TEXT_PLAIN);

	return strncasecmp(type, TEXT_PLAIN, len) == 0 &&
	       strchr("; \t", type[len]);
}

void judge_sts_policy_wrong(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_sts *sts = &mx->sts;

	if (!was_fetched(judge, mx))
		return;
	if (!sts->policy.is_parsed)
		judge_not_asked(judge);
	else if (sts->policy.wrong)
		judge_finding(judge, the_host(judge, mx),
			"serves a policy that %s", sts->policy.wrong);
	else if (!sts->content_type)
		judge_finding(judge, the_host(judge, mx),
			"serves its policy without a media type, wanted "
			"text/plain");
	else if (!is_plain(sts->content_type))
		judge_finding(judge, the_host(judge, mx),
			"serves its policy as %s, wanted text/plain",
			sts->content_type);
}

static bool is_sound(const struct mx_policy *policy)
{
	return policy->is_parsed && !policy->wrong;
}

static bool has_policy(struct judge *judge, const struct mx *mx)
{
	if (!was_fetched(judge, mx))
		return false;
	if (!is_sound(&mx->sts.policy))
		judge_not_asked(judge);
	return is_sound(&mx->sts.policy);
}

void judge_sts_max_age(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	uint64_t max_age_s = mx->sts.policy.max_age_s;

	if (!has_policy(judge, mx))
		return;
	if (mx->sts.policy.mode == MX_STS_NONE)
		judge_not_asked(judge);
	else if (max_age_s < MAX_AGE_MIN || max_age_s > MAX_AGE_MAX)
		judge_finding(judge, the_host(judge, mx),
			"serves a policy with a max_age of %llu s, wanted %d "
			"to %d",
			(unsigned long long)max_age_s, MAX_AGE_MIN,
			MAX_AGE_MAX);
}

/* -- the exchangers by it ------------------------------------------------- */

static bool is_named(const struct mx *mx, const struct mx_address *address)
{
	return mx_policy_holds(
		&mx->sts.policy, mx_exchanger_of(mx, address)->name);
}

/* Whether a step was tried and came to something else than what is wanted. */
static bool has_failed(const struct smtp_step *step)
{
	return step->outcome != SMTP_DONE && step->outcome != SMTP_NOT_DONE &&
	       step->outcome != SMTP_OUR_FAULT;
}

/* Why senders that follow the policy would not use the address; NULL: they
 * would, or nobody can tell. */
static const char *fault_of(
	const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_session *session = &address->session;
	const struct smtp_step *asked = &session->steps[SMTP_STARTTLS];

	if (!is_named(mx, address))
		return "the policy does not name it";
	if (session->offer.is_known && !session->offer.has_starttls)
		return "it does not offer STARTTLS";
	if (asked->outcome == SMTP_DONE && asked->code / 100U != 2)
		return "it refuses STARTTLS";
	if (has_failed(asked) || has_failed(&session->steps[SMTP_TLS]))
		return "TLS does not come up";
	return mx_certificate_fault(mx, address);
}

/* What comes of it that some are not used: with an address left that takes mail
 * by the policy, too, or without. */
static enum state state_of_refusals(const struct mx *mx)
{
	size_t i;

	if (mx->sts.policy.mode != MX_STS_ENFORCE)
		return STATE_WARNING;
	for (i = 0; i < mx->n_addresses; i++) {
		enum mx_take take = mx_taking_of(mx, &mx->addresses[i]).take;

		if (take != MX_DEFERS && take != MX_BOUNCES &&
			!fault_of(mx, &mx->addresses[i]))
			return STATE_WARNING;
	}
	return STATE_CRITICAL;
}

static void refuse(struct judge *judge, enum state state, const struct mx *mx,
	struct culprit culprit, const char *fault)
{
	bool enforces = mx->sts.policy.mode == MX_STS_ENFORCE;

	judge_finding_as(judge, state, culprit,
		"%s used by senders with MTA-STS (%s): %s",
		enforces ? "is not" : "would not be",
		mx_sts_mode_word(mx->sts.policy.mode), fault);
}

/* Once an exchanger, by its first address. */
static void judge_names(
	struct judge *judge, enum state state, const struct mx *mx)
{
	size_t told = SIZE_MAX;
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];

		if (address->exchanger == told || is_named(mx, address))
			continue;
		told = address->exchanger;
		refuse(judge, state, mx,
			(struct culprit){
				mx_exchanger_of(mx, address)->name, NULL },
			"the policy does not name it");
	}
}

static void judge_address(struct judge *judge, enum state state,
	const struct mx *mx, const struct mx_address *address)
{
	const struct smtp_session *session = &address->session;
	const char *fault = fault_of(mx, address);

	if (!is_named(mx, address))
		return;
	if (fault)
		refuse(judge, state, mx, mx_culprit(mx, address), fault);
	else if (session->steps[SMTP_TLS].outcome != SMTP_DONE)
		judge_not_judged(judge, address->addr_text,
			"the dialogue did not come as far as TLS");
	else if (session->tls.chain == CERT_CHAIN_UNKNOWN)
		judge_not_judged(judge, address->addr_text,
			"there are no CA certificates to judge by");
}

void judge_sts_mx_refused(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	enum state state;
	size_t i;

	if (!was_fetched(judge, mx) || !mx_has_set(judge, mx))
		return;
	if (!is_sound(&mx->sts.policy)) {
		judge_not_judged(
			judge, "MTA-STS", "there is no policy to judge by");
		return;
	}
	if (mx->sts.policy.mode == MX_STS_NONE) {
		judge_not_asked(judge);
		return;
	}
	state = state_of_refusals(mx);
	judge_names(judge, state, mx);
	for (i = 0; i < mx->n_addresses; i++)
		if (mx_was_met(judge, mx, &mx->addresses[i]))
			judge_address(judge, state, mx, &mx->addresses[i]);
}

/* -- what earlier runs saw ------------------------------------------------ */

/* By what it says: other line ends, or an order, are no other policy. */
void judge_sts_id_unchanged(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct mx_sts *sts = &mx->sts;

	if (!has_policy(judge, mx))
		return;
	if (!sts->past_id || !sts->past_policy_text) {
		judge_not_asked(judge);
		return;
	}
	if (strcmp(sts->id, sts->past_id) == 0 &&
		!mx_policy_equals(
			judge->arena, &sts->policy, sts->past_policy_text))
		judge_finding(judge, the_record(judge, mx),
			"still has the id %s, although the policy has changed: "
			"senders keep the old one",
			sts->id);
}

static const char *why_of(const struct dns_history_file *file)
{
	return file->why ? file->why : "for a cause unknown";
}

void judge_sts_history_lost(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->sts.memory.fate == DNS_HISTORY_LOST)
		judge_finding(judge, (struct culprit){ NULL, NULL },
			"what was noted on this node is begun anew: %s",
			why_of(&mx->sts.memory));
}

/* Who never chose a place to remember at did not ask for it. */
void judge_sts_history_unusable(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->sts.memory.fate == DNS_HISTORY_UNUSABLE)
		judge_finding(judge, (struct culprit){ NULL, NULL },
			"nothing can be remembered on this node: %s",
			why_of(&mx->sts.memory));
}
