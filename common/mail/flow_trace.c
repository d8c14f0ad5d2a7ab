/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What -v and above add to the text: both servers, the ledger and the way of
 * each arrival; each step and its time; what was said.
 */
#include "config.h"

#include "common/mail/flow_facts.h"

enum {
	US_PER_MS = 1000,
	MS_PER_S = 1000,
	VERBOSITY_STEPS = 2,
	VERBOSITY_TEXT = 3,
	ARRIVALS_SHOWN = 20,
};

static void add_us(struct text *out, int64_t us)
{
	text_add_number(out, (double)us / US_PER_MS);
	text_add(out, " ms");
}

static void add_ms(struct text *out, int64_t ms)
{
	if (ms < 10 * MS_PER_S) {
		text_add_number(out, (double)ms / MS_PER_S);
		text_add(out, " s");
	} else {
		text_add_span(out, ms / MS_PER_S);
	}
}

/* "    rcpt: 550, 12.5 ms: User unknown" */
static void add_stage(
	struct text *out, const struct flow_stage *stage, unsigned verbosity)
{
	text_printf(out, "  %s: ", stage->name);
	if (stage->code > 0)
		text_printf(out, "%u", stage->code);
	else
		text_add(out, stage->outcome);
	text_add(out, ", ");
	add_us(out, stage->took_us);
	if (stage->said && *stage->said && verbosity >= VERBOSITY_TEXT) {
		text_add(out, ": ");
		text_add_clean(out, stage->said);
	}
	text_add(out, "\n");
}

static void add_stages(struct text *out, const struct flow_service *service,
	unsigned verbosity)
{
	size_t i;

	for (i = 0; verbosity >= VERBOSITY_STEPS && i < service->n_stages; i++)
		add_stage(out, &service->stages[i], verbosity);
}

static void add_service(struct text *out, const char *what,
	const struct flow *flow, const struct flow_service *service)
{
	text_printf(out, "%s ", what);
	text_add_clean(out, service->name);
	if (service->address)
		text_printf(out, " (%s)", service->address);
	text_printf(out, ": %s", flow_outcome_text(service->outcome));
	if (service->took_us > 0) {
		text_add(out, ", ");
		add_us(out, service->took_us);
	}
	if (service->tls)
		text_printf(out, ", %s", service->tls);
	if (service->mechanism)
		text_printf(out, ", login by %s", service->mechanism);
	if (service->has_cert) {
		int64_t left_s = service->cert_end_s - flow->now_ms / MS_PER_S;

		text_add(out, ", certificate ends in ");
		text_add_span(out, left_s > 0 ? left_s : 0);
	}
}

static void add_submission(
	struct text *out, const struct flow *flow, unsigned verbosity)
{
	const struct flow_service *service = &flow->submission;

	if (!service->name) {
		text_add(out, flow->is_due ? "no probe was sent\n"
					   : "no probe was due\n");
		return;
	}
	add_service(out, "submission to", flow, service);
	if (service->queue_id) {
		text_add(out, ", taken as ");
		text_add_clean(out, service->queue_id);
	}
	if (service->engine)
		text_printf(out, ", with %s", service->engine);
	if (service->why_left) {
		text_add(out, ", which libesmtp left it to: ");
		text_add_clean(out, service->why_left);
	}
	text_add(out, "\n");
	add_stages(out, service, verbosity);
}

static void add_mailbox(struct text *out, const struct flow *flow,
	const struct flow_service *box, unsigned verbosity)
{
	add_service(out, "mailbox", flow, box);
	if (box->outcome == FLOW_DONE)
		text_printf(out, ", %zu messages, %zu looked at",
			box->n_messages, box->n_read);
	if (box->n_round_trips > 0)
		text_printf(out, ", %u round trips", box->n_round_trips);
	text_add(out, "\n");
	if (box->n_left_out > 0)
		text_printf(out,
			"  %zu older messages were left out, since this is "
			"the first run (--pop3-scan)\n",
			box->n_left_out);
	if (box->is_partial)
		text_add(out, "  not all that may be probes was looked at\n");
	add_stages(out, box, verbosity);
}

static void add_ledger(struct text *out, const struct flow *flow)
{
	const struct flow_sums *sums = &flow->sums;
	unsigned state;

	text_printf(out, "ledger \"%s\": %zu outstanding", flow->instance,
		sums->outstanding);
	if (sums->oldest_ms >= 0) {
		text_add(out, " for up to ");
		add_ms(out, sums->oldest_ms);
	}
	text_printf(out, "; of the last %zu", sums->settled);
	for (state = 0; state < FLOW_STATES; state++)
		if (sums->by_state[state] > 0)
			text_printf(out, ", %zu %s", sums->by_state[state],
				flow_state_word(state));
	if (sums->duplicates > 0)
		text_printf(out, ", %llu copies too many",
			(unsigned long long)sums->duplicates);
	text_add(out, "\n");
}

static void add_leg(struct text *out, const struct flow_arrival *arrival,
	const struct trail_leg *leg)
{
	const struct trail_hop *hop =
		leg->is_submission ? NULL : &arrival->trail.hops[leg->hop];

	text_add(out, "  ");
	if (!hop)
		text_add(out, "in front of the first server");
	else
		text_add_clean(out, hop->by ? hop->by : "a server");
	if (leg->n_hops > 1)
		text_printf(out, " and %zu more", leg->n_hops - 1);
	text_add(out, ": ");
	add_ms(out, leg->held_ms);
	if (hop && hop->with) {
		text_add(out, ", came by ");
		text_add_clean(out, hop->with);
	}
	text_add(out, "\n");
}

static void add_arrival(struct text *out, const struct flow *flow,
	const struct flow_arrival *arrival)
{
	size_t i;

	text_printf(out, "probe %llu arrived after ",
		(unsigned long long)arrival->number);
	add_ms(out, arrival->delay_ms);
	if (arrival->via) {
		text_add(out, arrival->passed_via ? ", by way of "
						  : ", not by way of ");
		text_add_clean(out, arrival->via);
	}
	if (flow->authserv_id)
		text_printf(out, ", spf %s, dkim %s, dmarc %s",
			auth_result_word(arrival->auth.spf),
			auth_result_word(arrival->auth.dkim),
			auth_result_word(arrival->auth.dmarc));
	text_add(out, "\n");
	for (i = 0; i < arrival->view.n; i++)
		add_leg(out, arrival, &arrival->view.legs[i]);
}

void flow_write_trace(
	struct text *out, const struct flow *flow, unsigned verbosity)
{
	size_t i;

	if (verbosity < 1)
		return;
	if (!flow->has_ledger) {
		text_add(out, "nothing was sent, and no mailbox was read\n");
		return;
	}
	add_submission(out, flow, verbosity);
	for (i = 0; i < flow->n_mailboxes; i++)
		add_mailbox(out, flow, &flow->mailboxes[i], verbosity);
	add_ledger(out, flow);
	for (i = 0; i < flow->n_arrivals && i < ARRIVALS_SHOWN; i++)
		add_arrival(out, flow, &flow->arrivals[i]);
	if (flow->n_arrivals > ARRIVALS_SHOWN)
		text_printf(out, "%zu more arrived\n",
			flow->n_arrivals - ARRIVALS_SHOWN);
}
