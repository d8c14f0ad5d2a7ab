/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flow as members of the plugin's JSON result. Thousands of probes may
 * arrive at once: those that are shown end where monitors would cut.
 */
#include "config.h"

#include "common/mail/flow_facts.h"

enum {
	BUDGET = 36000, /* bytes; arrivals behind are counted only */
	TEXT_MAX = 200, /* bytes of what a server said */
	WORD_MAX = 100, /* of a host's name */
	HOPS_SHOWN = 12,
};

static const double seconds_per_ms = 1e-3;
static const double seconds_per_us = 1e-6;

static const char *const outcome_words[] = {
	[FLOW_NOT_TRIED] = "not_tried",
	[FLOW_DONE] = "done",
	[FLOW_UNREACHABLE] = "unreachable",
	[FLOW_TIMED_OUT] = "timed_out",
	[FLOW_TLS_FAILED] = "tls_failed",
	[FLOW_LOGIN_FAILED] = "login_failed",
	[FLOW_TURNED_DOWN] = "turned_down",
	[FLOW_BROKEN] = "broken",
	[FLOW_OUR_FAULT] = "our_fault",
};

const char *flow_outcome_word(unsigned outcome)
{
	return outcome < FLOW_OUTCOMES ? outcome_words[outcome] : NULL;
}

/* Bounded; nothing for NULL. */
static void add_short(
	struct json *json, const char *key, const char *value, size_t max)
{
	struct text text;

	if (!value)
		return;
	text_init(&text, max);
	text_add(&text, value);
	json_add_string(json, key, text.data);
	text_release(&text);
}

static void add_ms(struct json *json, const char *key, int64_t ms)
{
	if (ms >= 0)
		json_add_number(json, key, (double)ms * seconds_per_ms);
}

static void write_service(struct json *json, const char *key,
	const struct flow *flow, const struct flow_service *service)
{
	json_open_object(json, key);
	add_short(json, "name", service->name, TEXT_MAX);
	add_short(json, "address", service->address, WORD_MAX);
	json_add_string(json, "outcome", flow_outcome_word(service->outcome));
	add_short(json, "said", service->said, TEXT_MAX);
	if (service->took_us > 0)
		json_add_number(json, "time",
			(double)service->took_us * seconds_per_us);
	add_short(json, "tls", service->tls, WORD_MAX);
	add_short(json, "mechanism", service->mechanism, WORD_MAX);
	add_short(json, "queue_id", service->queue_id, WORD_MAX);
	add_short(json, "submitted_with", service->engine, WORD_MAX);
	add_short(json, "left_by_libesmtp", service->why_left, TEXT_MAX);
	if (service->has_cert) {
		json_add_int(json, "certificate_ends", service->cert_end_s);
		json_add_int(json, "certificate_life",
			service->cert_end_s - flow->now_ms / 1000);
	}
	if (service->n_round_trips > 0)
		json_add_int(json, "round_trips", service->n_round_trips);
}

static void write_mailbox(struct json *json, const struct flow *flow,
	const struct flow_service *box)
{
	write_service(json, NULL, flow, box);
	json_add_int(json, "messages", (int64_t)box->n_messages);
	json_add_int(json, "read", (int64_t)box->n_read);
	json_add_bool(json, "is_partial", box->is_partial);
	json_add_int(json, "left_out", (int64_t)box->n_left_out);
	json_add_int(json, "undeleted", (int64_t)box->n_undeleted);
	add_short(json, "why_undeleted", box->why_undeleted, TEXT_MAX);
	json_close_object(json);
}

static void write_hop(struct json *json, const struct trail_hop *hop)
{
	json_open_object(json, NULL);
	add_short(json, "by", hop->by, WORD_MAX);
	add_short(json, "from", hop->from, WORD_MAX);
	add_short(json, "with", hop->with, WORD_MAX);
	json_add_bool(json, "is_encrypted", hop->is_encrypted);
	if (hop->has_time)
		json_add_number(json, "time", (double)hop->ms * seconds_per_ms);
	json_close_object(json);
}

static const char *holder_of(
	const struct flow_arrival *arrival, const struct trail_leg *leg)
{
	return leg->is_submission ? "submission"
				  : arrival->trail.hops[leg->hop].by;
}

static void write_legs(struct json *json, const struct flow_arrival *arrival)
{
	const struct trail_view *view = &arrival->view;
	size_t i;

	json_open_array(json, "held");
	for (i = 0; i < view->n && i < HOPS_SHOWN; i++) {
		const struct trail_leg *leg = &view->legs[i];

		json_open_object(json, NULL);
		add_short(json, "by", holder_of(arrival, leg), WORD_MAX);
		if (leg->n_hops > 1)
			json_add_int(json, "hops", (int64_t)leg->n_hops);
		add_ms(json, "time", leg->held_ms);
		json_close_object(json);
	}
	json_close_array(json);
	if (view->n > 0)
		add_short(json, "slowest",
			holder_of(arrival, &view->legs[view->slowest]),
			WORD_MAX);
	if (view->skew_ms != 0) {
		add_short(json, "skewed", arrival->trail.hops[view->skewed].by,
			WORD_MAX);
		json_add_number(
			json, "skew", (double)view->skew_ms * seconds_per_ms);
	}
}

static void write_arrival(struct json *json, const struct flow *flow,
	const struct flow_arrival *arrival)
{
	size_t i;

	json_open_object(json, NULL);
	json_add_int(json, "number", (int64_t)arrival->number);
	add_ms(json, "delay", arrival->delay_ms);
	if (arrival->via) {
		add_short(json, "via", arrival->via, WORD_MAX);
		json_add_bool(json, "passed_via", arrival->passed_via);
	}
	if (flow->authserv_id) {
		json_add_string(
			json, "spf", auth_result_word(arrival->auth.spf));
		json_add_string(
			json, "dkim", auth_result_word(arrival->auth.dkim));
		json_add_string(
			json, "dmarc", auth_result_word(arrival->auth.dmarc));
	}
	json_open_array(json, "hops");
	for (i = 0; i < arrival->trail.n && i < HOPS_SHOWN; i++)
		write_hop(json, &arrival->trail.hops[i]);
	json_close_array(json);
	write_legs(json, arrival);
	json_close_object(json);
}

static void write_window(struct json *json, const struct flow_sums *sums)
{
	unsigned state;

	json_open_object(json, "window");
	json_add_int(json, "settled", (int64_t)sums->settled);
	for (state = 0; state < FLOW_STATES; state++)
		if (!flow_is_outstanding((enum flow_state)state) &&
			state != FLOW_UNACCOUNTED)
			json_add_int(json, flow_state_word(state),
				(int64_t)sums->by_state[state]);
	json_add_int(json, "duplicates", (int64_t)sums->duplicates);
	json_add_int(json, "unaccounted", (int64_t)sums->unaccounted);
	add_ms(json, "delay_median", sums->median_ms);
	add_ms(json, "delay_p95", sums->p95_ms);
	add_ms(json, "delay_max", sums->max_ms);
	json_close_object(json);
}

static void write_news(struct json *json, const struct flow_news *news)
{
	json_open_object(json, "run");
	json_add_int(json, "arrived", (int64_t)news->n_arrived);
	json_add_int(json, "lost", (int64_t)news->n_lost);
	json_add_int(json, "bounced", (int64_t)news->n_bounced);
	json_add_int(json, "duplicates", (int64_t)news->n_duplicates);
	json_add_int(json, "put_right", (int64_t)news->n_put_right);
	json_add_int(json, "found", (int64_t)news->n_found);
	json_add_int(json, "strangers", (int64_t)news->n_strangers);
	add_ms(json, "slowest", news->slowest_ms);
	json_close_object(json);
}

static void write_ledger(struct json *json, const struct flow *flow)
{
	const struct flow_sums *sums = &flow->sums;

	json_add_int(json, "outstanding", (int64_t)sums->outstanding);
	json_add_int(json, "delayed", (int64_t)sums->delayed);
	add_ms(json, "oldest_outstanding", sums->oldest_ms);
	write_window(json, sums);
	write_news(json, &flow->news);
}

void flow_write_json(struct json *json, const struct flow *flow)
{
	size_t i;

	json_add_string(json, "instance", flow->instance);
	json_add_string(json, "from", flow->from);
	json_add_string(json, "to", flow->to);
	json_add_string(json, "node", flow->node);
	json_add_bool(json, "is_due", flow->is_due);
	if (flow->waited_ms > 0)
		add_ms(json, "waited", flow->waited_ms);
	if (flow->submission.name) {
		write_service(json, "submission", flow, &flow->submission);
		json_close_object(json);
	}
	json_open_array(json, "mailboxes");
	for (i = 0; i < flow->n_mailboxes; i++)
		write_mailbox(json, flow, &flow->mailboxes[i]);
	json_close_array(json);
	if (!flow->has_ledger)
		return;
	write_ledger(json, flow);
	json_open_array(json, "arrivals");
	for (i = 0; i < flow->n_arrivals && json->out->len < BUDGET; i++)
		write_arrival(json, flow, &flow->arrivals[i]);
	json_close_array(json);
}
