/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about whether the secondaries hold today's zone. */
#include "config.h"

#include <string.h>

#include "common/dns/secondary_rules.h"

enum {
	SENTENCE_MAX = 2048,
	RECORDS_SHOWN_MAX = 200, /* bytes of the records of one side */
};

/* -- serials -------------------------------------------------------------- */

/* Whether the copy can be held against a serial; else not judged. A copy that
 * is not good is another rule's. */
static bool has_step(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy, const struct dns_lag *lag)
{
	if (!secondary_is_good(s, copy))
		return false;
	if (lag->step != DNS_STEP_UNKNOWN)
		return true;
	if (secondary_primary_state(s) == DNS_PRIMARY_ANSWERS)
		judge_not_judged(judge, copy->server.addr_text,
			"the primary could not be asked again");
	else
		judge_not_judged(
			judge, NULL, "no serial of the primary is known");
	return false;
}

/* "the primary has", "the primary had", "the newest is". */
static const char *serial_words(
	const struct secondary *s, const struct dns_reference *reference)
{
	if (reference->is_primary)
		return "the primary has";
	return s->primary_is_given ? "the primary had" : "the newest is";
}

/* "3 serials behind (2026010101, the primary has 2026010104)" */
static void add_distance(struct text *out, const struct secondary *s,
	const struct dns_copy *copy, const struct dns_lag *lag)
{
	struct dns_reference reference = secondary_reference(s);

	text_printf(out, "%lu serial%s %s (%lu, %s %lu)",
		(unsigned long)lag->serials, lag->serials == 1 ? "" : "s",
		lag->step == DNS_STEP_BEHIND ? "behind" : "ahead",
		(unsigned long)dns_copy_soa(copy)->serial,
		serial_words(s, &reference), (unsigned long)reference.serial);
}

/* How old a lag may be. */
struct lag_limits {
	int64_t warning_s, critical_s;
};

static struct lag_limits find_limits(
	const struct secondary *s, const struct dns_copy *copy)
{
	const struct dns_soa *soa = secondary_reference(s).soa;
	struct lag_limits limits;

	if (!soa)
		soa = dns_copy_soa(copy);
	limits.warning_s = s->expect.lag_warning_s;
	if (limits.warning_s < 0)
		limits.warning_s = (int64_t)soa->refresh + soa->retry;
	limits.critical_s = s->expect.lag_critical_s;
	if (limits.critical_s < 0)
		limits.critical_s = soa->expire / 2;
	return limits;
}

static enum state grade_lag(const struct lag_limits *limits, int64_t age_s)
{
	if (age_s > limits->critical_s)
		return STATE_CRITICAL;
	return age_s > limits->warning_s ? STATE_WARNING : STATE_OK;
}

static void if_behind(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	struct dns_lag lag = secondary_lag(s, copy);
	struct lag_limits limits;
	struct text seen;

	if (!has_step(judge, s, copy, &lag) || lag.step != DNS_STEP_BEHIND)
		return;
	if (!lag.has_age) {
		judge_not_judged(judge, copy->server.addr_text,
			"no history on this node tells since when it is "
			"behind");
		return;
	}
	limits = find_limits(s, copy);
	text_init(&seen, SENTENCE_MAX);
	add_distance(&seen, s, copy, &lag);
	text_add(&seen,
		lag.age_s > limits.warning_s ? " for more than " : " for ");
	text_add_span(&seen, lag.age_s);
	text_add(&seen, "; expected within ");
	text_add_span(&seen, limits.warning_s);
	judge_finding_as(judge, grade_lag(&limits, lag.age_s),
		rule_copy_culprit(copy), "is %s", seen.data);
	text_release(&seen);
}

void judge_secondary_behind(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;

	if (s->expect.is_independent)
		judge_not_asked(judge);
	else
		rule_each_secondary(judge, s, if_behind);
}

/* Whether every server of --primary serves the zone, at each address that can
 * be seen from here: another one may have what this one has not. */
static bool all_primaries_answer(const struct secondary *s)
{
	size_t i, k;

	for (i = 0; i < s->n_primaries; i++) {
		bool answers = false;

		for (k = 0; k < s->n_copies; k++) {
			const struct dns_copy *copy = &s->copies[k];

			if (!copy->is_primary ||
				!secondary_named_has(&s->primaries[i], copy) ||
				secondary_verdict(s, copy) ==
					DNS_SERVER_NOT_JUDGED)
				continue;
			if (!secondary_is_good(s, copy))
				return false;
			answers = true;
		}
		if (!answers)
			return false;
	}
	return true;
}

static bool is_signed(const struct dns_copy *copy)
{
	return copy->server.security.soa.is_signed;
}

static void if_ahead(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	struct dns_lag lag = secondary_lag(s, copy);
	struct text seen;

	if (!has_step(judge, s, copy, &lag) || lag.step != DNS_STEP_AHEAD)
		return;
	if (!all_primaries_answer(s)) {
		judge_not_judged(judge, copy->server.addr_text,
			"another primary, which does not answer, may have its "
			"serial");
		return;
	}
	text_init(&seen, SENTENCE_MAX);
	add_distance(&seen, s, copy, &lag);
	/* A signer between them counts by itself. */
	if (is_signed(copy) && !is_signed(secondary_reference(s).copy))
		judge_finding_as(judge, STATE_WARNING, rule_copy_culprit(copy),
			"is %s, and signed where the primary is not: is there "
			"a signer between, to be named with --primary?",
			seen.data);
	else
		judge_finding(judge, rule_copy_culprit(copy),
			"is %s: it will not transfer again, and will expire",
			seen.data);
	text_release(&seen);
}

void judge_secondary_ahead(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;

	/* Where the primary is inferred, who is newest is right. */
	if (s->expect.is_independent || !s->primary_is_given) {
		judge_not_asked(judge);
		return;
	}
	if (secondary_primary_state(s) == DNS_PRIMARY_ANSWERS)
		rule_each_secondary(judge, s, if_ahead);
	else
		judge_not_judged(judge, NULL, "no primary answers now");
}

static void if_undefined(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	struct dns_lag lag = secondary_lag(s, copy);
	struct dns_reference reference = secondary_reference(s);

	if (!has_step(judge, s, copy, &lag) || lag.step != DNS_STEP_UNDEFINED)
		return;
	judge_finding(judge, rule_copy_culprit(copy),
		"has serial %lu, %s %lu: half of the circle apart, neither is "
		"newer",
		(unsigned long)dns_copy_soa(copy)->serial,
		serial_words(s, &reference), (unsigned long)reference.serial);
}

void judge_serial_undefined(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;

	if (s->expect.is_independent)
		judge_not_asked(judge);
	else
		rule_each_secondary(judge, s, if_undefined);
}

/* -- contents ------------------------------------------------------------- */

/* What one copy gave for one probe, with the serial that it had then. */
struct view {
	const struct dns_copy *copy;
	const struct dns_contents *contents;
	uint32_t serial;
	bool is_moving; /* the zone changed while it was asked */
	bool is_usable; /* so that it can be held against others */
	size_t votes;   /* those like it, itself too; 0: one before it is */
};

/* Those of all copies, in their order. */
struct views {
	struct view *at;
	size_t n;
};

static struct view view_of(
	const struct secondary *s, const struct dns_copy *copy, size_t probe)
{
	struct view view = { .copy = copy, .serial = copy->server.soa.serial };

	if (copy->later_contents) {
		view.contents = &copy->later_contents[probe];
		view.is_moving = !copy->contents_soa.is_known ||
				 copy->contents_soa.serial != view.serial;
	} else if (copy->contents) {
		view.contents = &copy->contents[probe];
	}
	view.is_usable = secondary_is_good(s, copy) && view.contents &&
			 view.contents->records.is_known &&
			 (!view.is_moving || s->expect.is_independent);
	return view;
}

/* Whether the two should have the same records. */
static bool is_comparable(
	const struct secondary *s, const struct view *a, const struct view *b)
{
	return a->is_usable && b->is_usable &&
	       (s->expect.is_independent || a->serial == b->serial);
}

static bool is_equal(const struct view *a, const struct view *b)
{
	return a->contents->probe.kind == b->contents->probe.kind &&
	       dns_names_equal(&a->contents->records, &b->contents->records);
}

/* Each votes for the first that is comparable to it and the same. Only such
 * firsts are looked at: a zone may have hundreds of servers. */
static void vote(const struct secondary *s, struct views *views, size_t at)
{
	const struct view *view = &views->at[at];
	size_t first;

	for (first = 0; first < at; first++)
		if (views->at[first].votes > 0 &&
			is_comparable(s, view, &views->at[first]) &&
			is_equal(view, &views->at[first]))
			break;
	views->at[first].votes += view->is_usable;
}

static struct views see_views(
	struct arena *arena, const struct secondary *s, size_t probe)
{
	struct views views = { .n = s->n_copies };
	size_t i;

	views.at = arena_array(arena, views.n, sizeof(*views.at));
	for (i = 0; i < views.n; i++) {
		views.at[i] = view_of(s, &s->copies[i], probe);
		vote(s, &views, i);
	}
	return views;
}

/* What a copy is held against: the primary, else what most have; the first of
 * equals. It may be itself. */
static const struct view *find_norm(const struct secondary *s,
	const struct views *views, const struct view *view)
{
	const struct view *norm = view;
	size_t most = 0;
	size_t i;

	for (i = 0; i < views->n; i++) {
		const struct view *other = &views->at[i];

		if (!is_comparable(s, view, other))
			continue;
		if (other->copy->is_primary)
			return other;
		if (other->votes > most) {
			norm = other;
			most = other->votes;
		}
	}
	return norm;
}

/* A record without what the probe says already. */
static const char *short_record(const char *record, const char *probe)
{
	size_t len = strlen(probe);

	return strncmp(record, probe, len) == 0 && record[len] == ' '
		       ? record + len + 1
		       : record;
}

/* In quotes, unless it has its own as texts do. */
static void add_record(struct text *out, bool is_next, const char *record)
{
	const char *quote = *record == '"' ? "" : "\"";

	text_printf(out, "%s%s%s%s", is_next ? ", " : "", quote, record, quote);
}

/* Appends those of a that b has not, each in quotes; whether there are any. */
static bool add_missing(struct text *out, const char *probe,
	const struct dns_names *a, const struct dns_names *b)
{
	size_t start = out->len;
	size_t n = 0;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (dns_names_hold(b, a->at[i]))
			continue;
		if (out->len - start > RECORDS_SHOWN_MAX) {
			text_add(out, " and more");
			break;
		}
		add_record(out, n++ > 0, short_record(a->at[i], probe));
	}
	return n > 0;
}

/* "example.org MX is "10 mail." here, "20 mx." at ns1.example.org" */
static void add_difference(struct text *out, const char *probe,
	const struct view *here, const struct view *there)
{
	const struct dns_names *ours = &here->contents->records;
	const struct dns_names *theirs = &there->contents->records;
	struct culprit other = rule_copy_culprit(there->copy);
	const char *at = other.name ? other.name : other.address;
	struct text mine, missing;

	text_init(&mine, SENTENCE_MAX);
	text_init(&missing, SENTENCE_MAX);
	if (ours->n == 0 && theirs->n == 0) {
		text_printf(out, "%s: %s here, %s at %s", probe,
			dns_kind_text(here->contents->probe.kind),
			dns_kind_text(there->contents->probe.kind), at);
	} else if (!add_missing(&missing, probe, theirs, ours)) {
		add_missing(&mine, probe, ours, theirs);
		text_printf(out, "%s has %s here, which %s has not", probe,
			mine.data, at);
	} else if (!add_missing(&mine, probe, ours, theirs)) {
		text_printf(out, "%s lacks %s here, which %s has", probe,
			missing.data, at);
	} else {
		text_printf(out, "%s is %s here, %s at %s", probe, mine.data,
			missing.data, at);
	}
	text_release(&mine);
	text_release(&missing);
}

/* Whether there was anything to hold it against. */
static bool judge_view(struct judge *judge, const struct secondary *s,
	const struct views *views, const struct view *view, size_t probe)
{
	const struct view *norm;
	struct text seen;

	if (secondary_verdict(s, view->copy) == DNS_SERVER_NOT_JUDGED)
		rule_note_hidden(judge, &s->d, &view->copy->server);
	if (!secondary_is_good(s, view->copy))
		return false;
	if (!view->is_usable) {
		judge_not_judged(judge, view->copy->server.addr_text,
			view->is_moving ? "the zone changed while it was asked "
					  "for %s"
					: "gave no usable answer for %s",
			s->probes[probe]);
		return false;
	}
	norm = find_norm(s, views, view);
	if (norm == view)
		return false;
	if (is_equal(view, norm))
		return true;
	if (s->d.timeout_stage && !view->copy->later_contents) {
		judge_not_judged(judge, view->copy->server.addr_text,
			"there was no time to ask for %s again",
			s->probes[probe]);
		return true;
	}
	text_init(&seen, SENTENCE_MAX);
	add_difference(&seen, s->probes[probe], view, norm);
	judge_finding(judge, rule_copy_culprit(view->copy),
		"contents differ: %s", seen.data);
	text_release(&seen);
	return true;
}

static bool soas_equal(const struct dns_soa *a, const struct dns_soa *b)
{
	return a->refresh == b->refresh && a->retry == b->retry &&
	       a->expire == b->expire && a->minimum == b->minimum &&
	       dns_name_compare(a->mname, b->mname) == 0 &&
	       dns_name_compare(a->rname, b->rname) == 0;
}

static void add_soa(struct text *out, const struct dns_soa *soa)
{
	text_printf(out, "%s %s %lu %lu %lu %lu", soa->mname, soa->rname,
		(unsigned long)soa->refresh, (unsigned long)soa->retry,
		(unsigned long)soa->expire, (unsigned long)soa->minimum);
}

/* The SOA is a record too: at one serial there is one of it. */
static void if_soa_differs(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy)
{
	const struct dns_reference reference = secondary_reference(s);
	const struct dns_soa *soa = dns_copy_soa(copy);
	struct culprit other;
	struct text text;

	if (!reference.copy || !secondary_is_good(s, copy) ||
		soa->serial != reference.serial ||
		soas_equal(soa, reference.soa))
		return;
	other = rule_copy_culprit(reference.copy);
	text_init(&text, SENTENCE_MAX);
	add_soa(&text, soa);
	text_printf(&text, " here, ");
	add_soa(&text, reference.soa);
	judge_finding(judge, rule_copy_culprit(copy),
		"contents differ: the SOA of serial %lu is %s at %s",
		(unsigned long)soa->serial, text.data,
		other.name ? other.name : other.address);
	text_release(&text);
}

void judge_contents_differ(struct judge *judge, const void *facts)
{
	const struct secondary *s = facts;
	bool was_compared = false;
	size_t i, probe;

	if (!rule_has_copies(judge, s))
		return;
	if (!s->expect.is_independent)
		rule_each_secondary(judge, s, if_soa_differs);
	for (probe = 0; probe < s->n_probes; probe++) {
		struct views views = see_views(judge->arena, s, probe);

		for (i = 0; i < views.n; i++)
			was_compared |= judge_view(
				judge, s, &views, &views.at[i], probe);
	}
	if (!was_compared && s->n_probes > 0)
		judge_not_judged(judge, NULL, "%s",
			s->expect.is_independent
				? "no two servers gave contents"
				: "no two servers gave contents of one serial");
}
