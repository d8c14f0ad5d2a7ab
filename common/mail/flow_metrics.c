/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metrics of check_mail_flow, and its line 1 where all is well. */
#include "config.h"

#include "common/core/text.h"
#include "common/mail/flow_facts.h"

enum {
	SUMMARY_MAX = 512,
	MS_PER_S = 1000,
	HELD_MIN_MS = 10 * 1000, /* less is on the way of any mail */
};

enum metric_index {
	METRIC_DELAY,
	METRIC_DELAY_MEDIAN,
	METRIC_DELAY_P95,
	METRIC_DELAY_MAX,
	METRIC_OUTSTANDING,
	METRIC_OLDEST,
	METRIC_DELIVERED,
	METRIC_LATE,
	METRIC_LOST,
	METRIC_BOUNCED,
	METRIC_JUNK,
	METRIC_DUPLICATE,
	METRIC_UNACCOUNTED,
	METRIC_LOSS,
	METRIC_CERTIFICATE_LIFE,
	METRIC_SERVICE_CERTIFICATE_LIFE,
	METRICS,
};

/* clang-format off */
const struct metric_def flow_metrics[] = {
	[METRIC_DELAY] = { "delay", "s", false, false,
		"longest delay of the probes that arrived now, or are on their "
		"way" },
	[METRIC_DELAY_MEDIAN] = { "delay_median", "s", false, false,
		"median delay of the probes of the window that arrived" },
	[METRIC_DELAY_P95] = { "delay_p95", "s", false, false,
		"delay that 95 % of the probes of the window that arrived did "
		"not exceed" },
	[METRIC_DELAY_MAX] = { "delay_max", "s", false, false,
		"longest delay of the probes of the window that arrived" },
	[METRIC_OUTSTANDING] = { "outstanding", "", false, false,
		"probes that are on their way" },
	[METRIC_OLDEST] = { "oldest_outstanding", "s", false, false,
		"age of the oldest probe that is on its way" },
	[METRIC_DELIVERED] = { "delivered", "", true, false,
		"probes of the window that arrived in time" },
	[METRIC_LATE] = { "late", "", false, false,
		"probes of the window that arrived late" },
	[METRIC_LOST] = { "lost", "", false, false,
		"probes of the window that are lost" },
	[METRIC_BOUNCED] = { "bounced", "", false, false,
		"probes of the window that bounced" },
	[METRIC_JUNK] = { "junk", "", false, false,
		"probes of the window that were taken for junk" },
	[METRIC_DUPLICATE] = { "duplicate", "", false, false,
		"copies too many of the probes of the window" },
	[METRIC_UNACCOUNTED] = { "unaccounted", "", false, false,
		"probes of which nobody knows what became" },
	[METRIC_LOSS] = { "loss", "%", false, false,
		"lost and bounced probes of all that were taken" },
	[METRIC_CERTIFICATE_LIFE] = { "certificate_life", "s", true, false,
		"time until the first certificate ends" },
	[METRIC_SERVICE_CERTIFICATE_LIFE] = { "service_certificate_life", "s",
		true, true,
		"time until the certificate of this server ends" },
};
/* clang-format on */

const size_t n_flow_metrics = METRICS;

static void add(struct judge *judge, enum metric_index index, double value)
{
	judge_metric(judge, &flow_metrics[index], NULL, value);
}

static void add_ms(struct judge *judge, enum metric_index index, int64_t ms)
{
	if (ms >= 0)
		add(judge, index, (double)ms / MS_PER_S);
}

int64_t flow_delay_ms(const struct flow *flow)
{
	if (!flow->has_ledger)
		return -1;
	/* Nothing is on its way, so nothing is held. */
	if (flow->was_read && flow->sums.outstanding == 0 &&
		flow->news.slowest_ms < 0)
		return 0;
	return flow->news.slowest_ms > flow->sums.unseen_ms
		       ? flow->news.slowest_ms
		       : flow->sums.unseen_ms;
}

static void add_window(struct judge *judge, const struct flow_sums *sums)
{
	add_ms(judge, METRIC_DELAY_MEDIAN, sums->median_ms);
	add_ms(judge, METRIC_DELAY_P95, sums->p95_ms);
	add_ms(judge, METRIC_DELAY_MAX, sums->max_ms);
	add(judge, METRIC_OUTSTANDING, (double)sums->outstanding);
	add_ms(judge, METRIC_OLDEST, sums->oldest_ms);
	add(judge, METRIC_DELIVERED, (double)sums->by_state[FLOW_DELIVERED]);
	add(judge, METRIC_LATE, (double)sums->by_state[FLOW_LATE]);
	add(judge, METRIC_LOST, (double)sums->by_state[FLOW_LOST]);
	add(judge, METRIC_BOUNCED, (double)sums->by_state[FLOW_BOUNCED]);
	add(judge, METRIC_JUNK, (double)sums->by_state[FLOW_JUNK]);
	add(judge, METRIC_DUPLICATE, (double)sums->duplicates);
	add(judge, METRIC_UNACCOUNTED, (double)sums->unaccounted);
	if (sums->settled > 0)
		add(judge, METRIC_LOSS, 100 * sums->loss);
}

/* Whether it is the first to end, so far. */
static void add_cert(struct judge *judge, const struct flow *flow,
	const struct flow_service *service, int64_t *first_s)
{
	int64_t left_s = service->cert_end_s - flow->now_ms / MS_PER_S;

	if (!service->has_cert)
		return;
	judge_metric(judge, &flow_metrics[METRIC_SERVICE_CERTIFICATE_LIFE],
		service->name, (double)left_s);
	if (left_s < *first_s)
		*first_s = left_s;
}

void flow_measure(struct judge *judge, const struct flow *flow)
{
	int64_t first_s = INT64_MAX;
	size_t i;

	if (flow->has_ledger) {
		add_ms(judge, METRIC_DELAY, flow_delay_ms(flow));
		add_window(judge, &flow->sums);
	}
	add_cert(judge, flow, &flow->submission, &first_s);
	for (i = 0; i < flow->n_mailboxes; i++)
		add_cert(judge, flow, &flow->mailboxes[i], &first_s);
	if (first_s != INT64_MAX)
		add(judge, METRIC_CERTIFICATE_LIFE, (double)first_s);
}

static void add_span(struct text *text, int64_t ms)
{
	if (ms < 10 * MS_PER_S)
		text_printf(text, "%.1f s", (double)ms / MS_PER_S);
	else
		text_add_span(text, ms / MS_PER_S);
}

/* "none lost", where that is known. One that is lost is an alarm at times for
 * longer than it is in the window. */
static void add_lost(struct text *text, const struct flow_sums *sums)
{
	size_t lost = sums->by_state[FLOW_LOST];
	size_t bounced = sums->by_state[FLOW_BOUNCED];
	size_t refused = sums->by_state[FLOW_REFUSED];

	if (lost < sums->alarming_lost)
		lost = sums->alarming_lost;
	if (bounced < sums->alarming_bounced)
		bounced = sums->alarming_bounced;

	if (lost > 0)
		text_printf(text, ", %zu lost", lost);
	if (bounced > 0)
		text_printf(text, ", %zu bounced", bounced);
	if (sums->unaccounted > 0)
		text_printf(text, ", %llu not accounted for",
			(unsigned long long)sums->unaccounted);
	else if (lost == 0)
		text_add(text, ", none lost");
	if (refused > 0)
		text_printf(text, ", %zu refused", refused);
}

/* "3 were late by up to 4 h 2 min". */
static void add_late(struct text *text, const struct flow_sums *sums)
{
	size_t n = sums->by_state[FLOW_LATE];

	text_printf(text, "%zu %s late by up to ", n, n == 1 ? "was" : "were");
	add_span(text, sums->latest_ms);
}

const char *flow_summary(struct arena *arena, const struct flow *flow)
{
	const struct flow_sums *sums = &flow->sums;
	size_t n = sums->by_state[FLOW_DELIVERED];
	const char *kept;
	struct text text;

	text_init(&text, SUMMARY_MAX);
	if (sums->settled == 0) {
		text_printf(&text, "%zu probe%s on the way", sums->outstanding,
			sums->outstanding == 1 ? "" : "s");
	} else if (sums->by_state[FLOW_LATE] > 0) {
		add_late(&text, sums);
		add_lost(&text, sums);
		text_printf(&text, "; %zu of %zu in time", n, sums->settled);
	} else {
		text_printf(
			&text, "%zu of %zu probes in time", n, sums->settled);
		add_lost(&text, sums);
	}
	if (sums->median_ms >= 0) {
		text_add(&text, ", median ");
		add_span(&text, sums->median_ms);
	}
	if (sums->settled > 0 && sums->outstanding > 0)
		text_printf(&text, ", %zu on the way", sums->outstanding);
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}

static const struct flow_arrival *slowest_of(const struct flow *flow)
{
	const struct flow_arrival *slowest = NULL;
	size_t i;

	for (i = 0; i < flow->n_arrivals; i++)
		if (flow->arrivals[i].view.n > 0 &&
			(!slowest ||
				flow->arrivals[i].delay_ms > slowest->delay_ms))
			slowest = &flow->arrivals[i];
	return slowest;
}

const char *flow_holder(struct arena *arena, const struct flow *flow)
{
	const struct flow_arrival *arrival = slowest_of(flow);
	const struct trail_leg *leg =
		arrival ? &arrival->view.legs[arrival->view.slowest] : NULL;
	const char *kept, *by;
	struct text text;

	if (!leg || leg->held_ms < HELD_MIN_MS)
		return NULL;
	by = leg->is_submission ? NULL : arrival->trail.hops[leg->hop].by;
	text_init(&text, SUMMARY_MAX);
	text_printf(&text, "probe %llu was held for ",
		(unsigned long long)arrival->number);
	add_span(&text, leg->held_ms);
	if (leg->is_submission)
		text_add(&text, " before the first server had it");
	else
		text_printf(&text, " by %s", by ? by : "a server");
	if (leg->n_hops > 1)
		text_printf(&text, " or the %zu behind it", leg->n_hops - 1);
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}

const char *flow_outcome_text(unsigned outcome)
{
	static const char *const texts[] = {
		[FLOW_NOT_TRIED] = "was not tried",
		[FLOW_DONE] = "is fine",
		[FLOW_UNREACHABLE] = "can't be reached",
		[FLOW_TIMED_OUT] = "does not answer in time",
		[FLOW_TLS_FAILED] = "can't be spoken to by TLS",
		[FLOW_LOGIN_FAILED] = "refuses the login",
		[FLOW_TURNED_DOWN] = "refuses",
		[FLOW_BROKEN] = "drops the connection or speaks something else",
		[FLOW_OUR_FAULT] = "could not be tried from here",
	};

	return outcome < FLOW_OUTCOMES ? texts[outcome] : NULL;
}

enum flow_outcome flow_outcome_of(enum smtp_outcome outcome)
{
	switch (outcome) {
	case SMTP_NOT_DONE:
		return FLOW_NOT_TRIED;
	case SMTP_DONE:
		return FLOW_DONE;
	case SMTP_TIMED_OUT:
		return FLOW_TIMED_OUT;
	case SMTP_PORT_CLOSED:
	case SMTP_UNREACHABLE:
		return FLOW_UNREACHABLE;
	case SMTP_TLS_FAILED:
	case SMTP_INJECTED:
		return FLOW_TLS_FAILED;
	case SMTP_OUR_FAULT:
		return FLOW_OUR_FAULT;
	case SMTP_CLOSED:
	case SMTP_MALFORMED:
		break;
	}
	return FLOW_BROKEN;
}
