/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of check_mail_flow, in the order in which findings of one state
 * are shown. The mail's trouble and our own are told apart: what keeps us from
 * seeing is UNKNOWN, and never a loss.
 */
#include "config.h"

#include <string.h>

#include "common/core/text.h"
#include "common/mail/flow_facts.h"

enum {
	SPAN_MAX = 40,
	MS_PER_S = 1000,
	SKEW_MIN_MS = 5000, /* less is no fault of a clock */
};

static const struct culprit the_flow = { NULL, NULL };

static const char *span(struct arena *arena, int64_t ms)
{
	struct text text;
	const char *kept;

	text_init(&text, SPAN_MAX);
	text_add_span(&text, ms / MS_PER_S);
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}

static const char *were(size_t n)
{
	return n == 1 ? "probe was" : "probes were";
}

/* Whether there is a ledger to judge by. */
static bool has_ledger(struct judge *judge, const struct flow *flow)
{
	if (!flow->has_ledger)
		judge_not_judged(judge, NULL, "there is no ledger");
	return flow->has_ledger;
}

/* What can't be seen. */

static void judge_key(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;

	if (flow->key_wrong)
		judge_finding(judge, the_flow, "the key %s", flow->key_wrong);
	else if (flow->key_differs)
		judge_finding(judge, the_flow,
			"the ledger was kept with another key: its mail is "
			"left alone");
}

static void judge_kept(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;

	if (flow->memory.fate == FLOW_MEMORY_UNUSABLE ||
		flow->memory.fate == FLOW_MEMORY_NO_PLACE)
		judge_finding(judge, the_flow,
			"the ledger can't be kept, so nothing is sent: %s",
			flow->memory.why ? flow->memory.why : "no reason");
}

static void judge_node(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;

	if (flow->memory.node && flow->node &&
		strcmp(flow->memory.node, flow->node) != 0)
		judge_finding(judge, the_flow,
			"the ledger is of another node: %s wrote it, this is "
			"%s",
			flow->memory.node, flow->node);
}

static void judge_strangers(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t n = flow->news.n_strangers;

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow,
			"%zu %s sent as \"%s\" by another node: they are "
			"left alone",
			n, were(n), flow->instance);
}

static void judge_mailbox(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t i;

	if (flow->n_mailboxes == 0)
		judge_not_judged(judge, NULL, "it was not looked at");
	for (i = 0; i < flow->n_mailboxes; i++) {
		const struct flow_service *box = &flow->mailboxes[i];
		struct culprit culprit = { box->name, box->address };

		if (box->outcome == FLOW_NOT_TRIED)
			judge_not_judged(judge, box->name, "%s",
				flow->timeout_stage ? "the deadline came first"
						    : "it was not tried");
		if (box->is_partial)
			judge_not_judged(judge, box->name,
				"not all that may have arrived was read");
		if (box->outcome == FLOW_TIMED_OUT && flow->timeout_stage)
			judge_not_judged(
				judge, box->name, "the deadline came first");
		if (box->outcome != FLOW_NOT_TRIED && box->outcome != FLOW_DONE)
			judge_finding(judge, culprit, "%s%s%s",
				flow_outcome_text(box->outcome),
				box->said ? ": " : "",
				box->said ? box->said : "");
	}
}

/* What becomes of mail. */

/* Those whose turn it is not: else one that takes nothing would be an alarm
 * in every other run. */
static void judge_refusals(struct judge *judge, const struct flow *flow)
{
	size_t i;

	for (i = 0; i < flow->n_refusals; i++) {
		const struct flow_refusal *refusal = &flow->refusals[i];
		struct culprit culprit = { refusal->via, NULL };

		judge_finding_as(judge,
			refusal->is_greylisted ? STATE_WARNING : STATE_CRITICAL,
			culprit, "took no probe when it was its turn: %s",
			refusal->said);
	}
}

static void judge_submission(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	const struct flow_service *to = &flow->submission;
	struct culprit culprit = { to->name, to->address };
	enum state state = STATE_CRITICAL;

	judge_refusals(judge, flow);
	if (flow->has_ledger && (!flow->is_due || flow->is_full)) {
		judge_not_asked(judge);
		return;
	}
	if (to->outcome == FLOW_NOT_TRIED) {
		judge_not_judged(judge, to->name, "nothing was sent");
		return;
	}
	if (to->outcome == FLOW_DONE)
		return;
	if (to->outcome == FLOW_OUR_FAULT)
		state = STATE_UNKNOWN;
	else if (to->is_greylisted)
		state = STATE_WARNING;
	judge_finding_as(judge, state, culprit, "takes no probe: %s",
		to->said ? to->said : flow_outcome_text(to->outcome));
}

static void judge_lost(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t n = flow->sums.alarming_lost;

	/* A ledger that is gone before each run misses nobody. */
	if (flow->has_ledger && flow->memory.fate == FLOW_MEMORY_NEW)
		judge_not_judged(judge, "loss", "no history on this node");
	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow,
			"%s%zu %s lost: accepted, and not there after %s",
			n >= FLOW_LOST_MAX ? "at least " : "", n, were(n),
			span(judge->arena, flow->limits.lost_ms));
}

static void judge_bounced(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t n = flow->sums.alarming_bounced;

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow, "%zu %s bounced%s%s", n, were(n),
			flow->sums.reason ? ": " : "",
			flow->sums.reason ? flow->sums.reason : "");
}

static void judge_delayed(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t n = flow->sums.delayed;

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow, "%zu %s waiting on the way%s%s",
			n, n == 1 ? "probe is" : "probes are",
			flow->sums.why_delayed ? ": " : "",
			flow->sums.why_delayed ? flow->sums.why_delayed : "");
}

static void judge_junk(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t n = flow->sums.by_state[FLOW_JUNK];

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow,
			"%zu of the last %zu probes %s taken for junk", n,
			flow->sums.settled, n == 1 ? "was" : "were");
}

static void judge_unaccounted(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	unsigned long long n = flow->sums.unaccounted;

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow,
			"%llu %s not accounted for, neither delivered nor "
			"lost",
			n, n == 1 ? "probe is" : "probes are");
}

static void judge_begun(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;

	if (flow->memory.fate == FLOW_MEMORY_LOST)
		judge_finding(judge, the_flow,
			"the ledger is begun anew by what is in the mailbox: "
			"%s",
			flow->memory.why ? flow->memory.why : "it was lost");
	else if (flow->has_ledger && flow->news.is_old)
		judge_finding(judge, the_flow,
			"the ledger is older than the mail: begun anew by "
			"what is in the mailbox");
	else if (flow->has_ledger && flow->news.n_found > 0)
		judge_finding(judge, the_flow,
			"%zu %s in the mailbox that this ledger knew nothing "
			"of: an earlier one was lost",
			flow->news.n_found, were(flow->news.n_found));
}

static void judge_full(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;

	if (flow->is_full)
		judge_finding(judge, the_flow,
			"nothing was sent: %zu probes are outstanding",
			flow->sums.outstanding);
}

static bool missed_via(const struct flow_arrival *arrival, const char *via)
{
	return arrival->via && !arrival->passed_via &&
	       strcmp(arrival->via, via) == 0;
}

/* Thousands may arrive at once: each exchanger is told of once. */
static void judge_missed_via(
	struct judge *judge, const struct flow *flow, size_t first)
{
	const char *via = flow->arrivals[first].via;
	struct culprit culprit = { via, NULL };
	size_t n = 0;
	size_t i;

	for (i = 0; i < flow->n_arrivals; i++) {
		if (!missed_via(&flow->arrivals[i], via))
			continue;
		if (i < first)
			return;
		n++;
	}
	judge_finding(judge, culprit,
		"is not in the trail of %zu %s given to it, as number %llu", n,
		n == 1 ? "probe" : "probes",
		(unsigned long long)flow->arrivals[first].number);
}

static void judge_via(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t i;

	for (i = 0; i < flow->n_arrivals; i++)
		if (flow->arrivals[i].via && !flow->arrivals[i].passed_via)
			judge_missed_via(judge, flow, i);
}

static bool is_failure(enum auth_result result)
{
	return result == AUTH_FAIL || result == AUTH_SOFTFAIL ||
	       result == AUTH_PERMERROR;
}

static bool fails(const struct auth_results *auth)
{
	return is_failure(auth->spf) || is_failure(auth->dkim) ||
	       is_failure(auth->dmarc);
}

/* The last that fails, of all arrivals: they may have come by several ways. */
static void judge_auth(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	const struct flow_arrival *failed = NULL;
	size_t n_silent = 0;
	size_t i;

	if (!flow->authserv_id) {
		judge_not_asked(judge);
		return;
	}
	for (i = 0; i < flow->n_arrivals; i++) {
		n_silent += flow->arrivals[i].auth.n_fields == 0;
		if (fails(&flow->arrivals[i].auth))
			failed = &flow->arrivals[i];
	}
	if (failed)
		judge_finding(judge,
			(struct culprit){ flow->authserv_id, NULL },
			"spf %s, dkim %s, dmarc %s of probe %llu",
			auth_result_word(failed->auth.spf),
			auth_result_word(failed->auth.dkim),
			auth_result_word(failed->auth.dmarc),
			(unsigned long long)failed->number);
	else if (n_silent > 0)
		judge_not_judged(judge, flow->authserv_id,
			"it wrote no Authentication-Results");
}

static void judge_cert(struct judge *judge, const struct flow *flow,
	const struct flow_service *service)
{
	struct culprit culprit = { service->name, service->address };
	int64_t left_s = service->cert_end_s - flow->now_ms / MS_PER_S;
	enum state state = STATE_WARNING;

	if (!service->has_cert)
		return;
	if (flow->cert_critical_s >= 0 && left_s < flow->cert_critical_s)
		state = STATE_CRITICAL;
	else if (flow->cert_warning_s < 0 || left_s >= flow->cert_warning_s)
		return;
	if (left_s < 0)
		judge_finding_as(judge, state, culprit,
			"the certificate ended %s ago",
			span(judge->arena, -left_s * MS_PER_S));
	else
		judge_finding_as(judge, state, culprit,
			"the certificate ends in %s",
			span(judge->arena, left_s * MS_PER_S));
}

static void judge_certs(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t i;

	judge_cert(judge, flow, &flow->submission);
	for (i = 0; i < flow->n_mailboxes; i++)
		judge_cert(judge, flow, &flow->mailboxes[i]);
}

static void judge_undeleted(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t i;

	for (i = 0; i < flow->n_mailboxes; i++) {
		const struct flow_service *box = &flow->mailboxes[i];
		struct culprit culprit = { box->name, box->address };

		if (box->n_undeleted > 0)
			judge_finding(judge, culprit,
				"%zu %s can't be deleted%s%s", box->n_undeleted,
				box->n_undeleted == 1 ? "probe" : "probes",
				box->why_undeleted ? ": " : "",
				box->why_undeleted ? box->why_undeleted : "");
	}
}

/* What is good to know. */

static void judge_late(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	size_t n = flow->sums.by_state[FLOW_LATE];

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow, "%s",
			flow_summary(judge->arena, flow));
}

static void judge_duplicates(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	unsigned long long n = flow->sums.duplicates;

	if (has_ledger(judge, flow) && n > 0)
		judge_finding(judge, the_flow,
			"%llu %s too many of the last %zu probes", n,
			n == 1 ? "copy" : "copies", flow->sums.settled);
}

/* The clock that is off the most, of all trails of this run. */
static void judge_skew(struct judge *judge, const void *facts)
{
	const struct flow *flow = facts;
	const struct flow_arrival *worst = NULL;
	int64_t most = SKEW_MIN_MS;
	size_t i;

	for (i = 0; i < flow->n_arrivals; i++) {
		int64_t skew = flow->arrivals[i].view.skew_ms;

		if ((skew < 0 ? -skew : skew) >= most) {
			most = skew < 0 ? -skew : skew;
			worst = &flow->arrivals[i];
		}
	}
	if (!worst)
		return;
	judge_finding(judge,
		(struct culprit){
			worst->trail.hops[worst->view.skewed].by, NULL },
		"its clock is %s by %s",
		worst->view.skew_ms < 0 ? "slow" : "fast",
		span(judge->arena, most));
}

/* clang-format off */
const struct rule flow_rules[] = {
	{ "mail-lost", STATE_CRITICAL, false,
	  "probes that were accepted never arrived (--lost-after)",
	  "RFC 5321 section 6.1", judge_lost },
	{ "mail-bounced", STATE_CRITICAL, false,
	  "probes came back",
	  "RFC 3464 section 2.3.3", judge_bounced },
	{ "submission-failed", STATE_CRITICAL, false,
	  "the probe of this run was not taken",
	  "RFC 6409 section 3.1", judge_submission },
	{ "via-not-passed", STATE_CRITICAL, false,
	  "a probe did not take the way that it was sent by (--via)",
	  "RFC 5321 section 4.4", judge_via },
	{ "mail-unaccounted", STATE_WARNING, false,
	  "nobody knows what became of probes",
	  "", judge_unaccounted },
	{ "ledger-begun-anew", STATE_WARNING, false,
	  "the ledger was lost, or an old one was restored",
	  "", judge_begun },
	{ "mail-delayed", STATE_WARNING, false,
	  "a server says that probes are waiting (--dsn)",
	  "RFC 3464 section 2.3.3", judge_delayed },
	{ "mail-junk", STATE_WARNING, false,
	  "probes were taken for junk (--mailbox)",
	  "", judge_junk },
	{ "authentication-fails", STATE_WARNING, false,
	  "SPF, DKIM or DMARC fail at the receiver (--authserv-id)",
	  "RFC 8601 section 2.2", judge_auth },
	{ "too-many-outstanding", STATE_WARNING, false,
	  "so many probes are outstanding that none is sent",
	  "", judge_full },
	{ "certificate-expiring", STATE_WARNING, false,
	  "a certificate ends soon (--cert-warning, --cert-critical)",
	  "RFC 5280 section 4.1.2.5", judge_certs },
	{ "mail-not-deleted", STATE_WARNING, false,
	  "probes that are accounted for stay in the mailbox",
	  "RFC 4315 section 2.1", judge_undeleted },
	{ "threshold", STATE_WARNING, false,
	  "a metric is outside its range (-w, -c, --warning, --critical)",
	  "", NULL },
	{ "key-unusable", STATE_UNKNOWN, false,
	  "the key of the probes is missing, or another one (--key-file)",
	  "RFC 2104 section 3", judge_key },
	{ "ledger-unusable", STATE_UNKNOWN, false,
	  "the ledger can't be read or written (--state-dir)",
	  "", judge_kept },
	{ "ledger-of-another-node", STATE_UNKNOWN, false,
	  "another host wrote the ledger",
	  "", judge_node },
	{ "another-sender", STATE_UNKNOWN, false,
	  "another node sends under the same name (--instance)",
	  "", judge_strangers },
	{ "mailbox-unreadable", STATE_UNKNOWN, true,
	  "what has arrived can't be seen",
	  "RFC 9051 section 6.3.2", judge_mailbox },
	{ "mail-late", STATE_OK, false,
	  "probes arrived late",
	  "", judge_late },
	{ "mail-duplicate", STATE_OK, false,
	  "probes arrived more than once",
	  "RFC 5321 section 6.1", judge_duplicates },
	{ "clock-skew", STATE_OK, false,
	  "the clock of a server on the way is off",
	  "RFC 5321 section 4.4", judge_skew },
};
/* clang-format on */

const size_t n_flow_rules = sizeof(flow_rules) / sizeof(flow_rules[0]);
