/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A round has an order that nothing changes: the new probe is in the ledger on
 * disk before it is submitted; what was seen is in the ledger on disk before
 * any of it is deleted. Whoever is killed in between sees it again. What is
 * remembered of the mailbox comes behind the ledger, for the same reason.
 *
 * Submission and mailbox are tried side by side, and neither waits for the
 * other but to be accounted together.
 */
#include "config.h"

#include "common/mailcli/flow_run.h"

#include <string.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailcli/flow_collect.h"
#include "common/mailcli/flow_submit.h"
#include "common/store/flow_file.h"

enum {
	NODE_SIZE = 256,
	/* Kept of the time for what has to be done with what was seen: saving
	 * and deleting. */
	REST_SHARE = 8,
	REST_MAX_US = 2 * 1000 * 1000,
	LOCK_SHARE = 2, /* so much of the time is another run waited for */
	WAIT_FIRST_US = 300 * 1000,
	WAIT_MAX_US = 5 * 1000 * 1000,
	WAIT_REST_US = 1500 * 1000,
	STAGE_MAX = 120,
};

struct round {
	struct arena *arena;
	const struct flow_run_options *options;
	struct flow *flow;
	struct flow_net net;
	const char *key_id;

	struct flow_file file;
	struct flow_seen_file seen;
	struct flow_ledger *ledger;
	bool may_send;
	struct flow_token token; /* of the probe of this run */
	bool has_token;
	bool is_kept; /* the ledger is on disk */

	struct flow_submit *submit;
	struct flow_collect *collect;
	struct loop_timer timer;
	bool was_cut;
};

static int64_t now_ms(const struct round *round)
{
	return round->options->start_ms +
	       (clock_mono_us() - round->options->start_us) / 1000;
}

/* -- the ledger ---------------------------------------------------------- */

/* Whether the ledger may be gone on with. */
static bool is_usable(struct round *round)
{
	struct flow *flow = round->flow;
	const struct flow_memory *memory = &round->file.memory;

	flow->memory = *memory;
	if (memory->fate == FLOW_MEMORY_UNUSABLE ||
		memory->fate == FLOW_MEMORY_NO_PLACE)
		return false;
	if (!round->file.was_read)
		return true;
	flow->key_differs =
		strcmp(round->file.ledger.key_id, round->key_id) != 0;
	return !flow->key_differs &&
	       (!memory->node || strcmp(memory->node, flow->node) == 0);
}

static void open_ledger(struct round *round)
{
	struct store_place place = round->options->place;
	const struct flow_setup *setup = round->options->setup;
	int64_t left_us = round->options->deadline_us - clock_mono_us();

	place.deadline_us = clock_mono_us() + left_us / LOCK_SHARE;
	flow_file_open(&round->file, round->arena, &place, setup->instance);
	round->ledger = &round->file.ledger;
}

static void begin_ledger(struct round *round)
{
	const struct flow_setup *setup = round->options->setup;

	flow_seen_open(&round->seen, round->arena, &round->options->place,
		setup->instance, flow_collect_owner(&round->net));
	if (!round->file.was_read)
		flow_begin(round->ledger, round->arena, setup->instance,
			round->key_id, now_ms(round));
}

static bool save_ledger(struct round *round)
{
	round->is_kept = flow_file_save(&round->file, round->ledger);
	round->flow->memory = round->file.memory;
	return round->is_kept;
}

static void make_token(struct round *round, const struct flow_probe *probe)
{
	const char *instance = round->options->setup->instance;

	round->token = (struct flow_token){ .series = probe->series,
		.number = probe->number,
		.sent_ms = probe->sent_ms };
	memcpy(round->token.instance, instance, strlen(instance));
	flow_token_sign(&round->token, round->options->key);
	round->has_token = true;
}

/* The exchanger whose turn it is; NULL: the submission server. */
static const struct flow_place *way_of(const struct round *round)
{
	const struct flow_setup *setup = round->options->setup;

	return setup->n_vias > 0
		       ? &setup->vias[round->token.number % setup->n_vias]
		       : NULL;
}

/* Enters the probe. False: there is none to be sent. */
static bool enter(struct round *round)
{
	struct flow *flow = round->flow;
	const struct flow_setup *setup = round->options->setup;
	const struct flow_probe *probe;
	const struct flow_place *way;

	flow->is_due =
		round->may_send &&
		flow_is_due(round->ledger, now_ms(round), setup->every_ms);
	if (!flow->is_due)
		return false;
	probe = flow_send(round->ledger, round->arena, now_ms(round));
	flow->is_full = probe == NULL;
	if (!probe)
		return false;
	make_token(round, probe);
	way = way_of(round);
	if (way)
		flow_send_via(round->ledger, round->arena, way->host);
	return save_ledger(round);
}

/* -- the network --------------------------------------------------------- */

static bool is_settled(const struct round *round)
{
	return (!round->submit || flow_submit_is_over(round->submit)) &&
	       flow_collect_is_over(round->collect);
}

static void on_news(void *arg)
{
	struct round *round = arg;

	if (is_settled(round))
		loop_stop(round->net.loop);
}

static void on_end(void *arg)
{
	struct round *round = arg;

	round->was_cut = true;
	loop_stop(round->net.loop);
}

/* What was not done when the time was over. */
static void note_cut(struct round *round, bool in_submit, bool in_collect)
{
	if (in_submit && in_collect)
		round->flow->timeout_stage =
			"submitting the probe and reading the mailbox";
	else if (in_submit)
		round->flow->timeout_stage = "submitting the probe";
	else if (in_collect)
		round->flow->timeout_stage = "reading the mailbox";
}

/* It has the same deadline, and may have come to it first. */
static bool ended_late(const struct round *round)
{
	return flow_submit_service(round->submit)->outcome == FLOW_TIMED_OUT &&
	       clock_mono_us() >= round->net.end_us;
}

static void talk(struct round *round, bool sends)
{
	bool in_submit, in_collect;

	round->collect = flow_collect_start(
		&round->net, round->ledger, &round->seen, on_news, round);
	if (sends)
		round->submit = flow_submit_start(&round->net, &round->token,
			way_of(round), on_news, round);
	if (!loop_timer_set(round->net.loop, &round->timer, round->net.end_us,
		    on_end, round))
		mem_exhausted();
	while (!is_settled(round) && !round->was_cut &&
		loop_run(round->net.loop) == LOOP_STOPPED) {
	}
	loop_timer_cancel(round->net.loop, &round->timer);
	in_submit = round->submit &&
		    (flow_submit_end(round->submit) || ended_late(round));
	in_collect = flow_collect_end(round->collect);
	note_cut(round, in_submit, in_collect);
}

/* -- accounting ---------------------------------------------------------- */

static void note_way(struct round *round)
{
	const struct flow_service *service = flow_submit_service(round->submit);
	const struct flow_probe wanted = { .series = round->token.series,
		.number = round->token.number,
		.sent_ms = round->token.sent_ms };
	const struct flow_probe *probe = flow_find(round->ledger, &wanted);
	struct flow_way *way = probe ? flow_way_of(round->ledger, probe) : NULL;

	if (!way)
		return;
	flow_way_note(way, round->arena, service->address,
		flow_submit_host(round->submit));
	/* What goes wrong here is not theirs. */
	if (service->outcome != FLOW_OUR_FAULT)
		flow_way_refuses(way, round->arena,
			service->outcome == FLOW_DONE ? NULL
			: service->said               ? service->said
						      : "no reason is told",
			service->is_greylisted);
}

/* Whether it is one that was asked for, and not the one of this run. */
static bool is_other_via(const struct round *round, const struct flow_way *way)
{
	const struct flow_setup *setup = round->options->setup;
	const struct flow_place *ours = round->submit ? way_of(round) : NULL;
	size_t i;

	for (i = 0; i < setup->n_vias; i++)
		if (strcmp(setup->vias[i].host, way->via) == 0)
			return !ours || strcmp(ours->host, way->via) != 0;
	return false;
}

static void note_refusals(struct round *round)
{
	const struct flow_ledger *ledger = round->ledger;
	struct flow_refusal *refusals =
		arena_array(round->arena, FLOW_WAYS_MAX, sizeof(*refusals));
	size_t n = 0;
	size_t i;

	for (i = 0; i < ledger->n_ways; i++) {
		const struct flow_way *way = &ledger->ways[i];

		if (way->refused && is_other_via(round, way))
			refusals[n++] = (struct flow_refusal){ way->via,
				way->refused, way->is_greylisted };
	}
	round->flow->refusals = refusals;
	round->flow->n_refusals = n;
}

/* What was seen, and what the submission came to. */
static const struct flow_event *events_of(struct round *round, size_t *n)
{
	size_t n_seen;
	const struct flow_event *seen =
		flow_collect_events(round->collect, &n_seen);
	struct flow_event *all =
		arena_array(round->arena, n_seen + 1, sizeof(*all));
	bool is_entered = round->has_token && !round->submit;

	*n = 0;
	if (is_entered && round->may_send)
		all[(*n)++] = (struct flow_event){ .what = FLOW_IS_REFUSED,
			.series = round->token.series,
			.number = round->token.number,
			.sent_ms = round->token.sent_ms,
			.said = "the ledger can't be kept" };
	if (round->submit && flow_submit_event(round->submit, &all[*n]))
		(*n)++;
	if (n_seen > 0)
		memcpy(&all[*n], seen, n_seen * sizeof(*all));
	*n += n_seen;
	return all;
}

/* Of several rounds all that each changed counts. */
static void add_news(struct flow_news *sum, const struct flow_news *news)
{
	sum->n_arrived += news->n_arrived;
	sum->n_lost += news->n_lost;
	sum->n_bounced += news->n_bounced;
	sum->n_duplicates += news->n_duplicates;
	if (news->slowest_ms > sum->slowest_ms)
		sum->slowest_ms = news->slowest_ms;
	sum->n_put_right += news->n_put_right;
	sum->n_found += news->n_found;
	sum->n_forgotten += news->n_forgotten;
	sum->n_again += news->n_again;
	sum->n_early += news->n_early;
	sum->n_strangers = news->n_strangers;
	sum->is_old |= news->is_old;
}

static void add_arrivals(struct round *round)
{
	struct flow *flow = round->flow;
	size_t n;
	const struct flow_arrival *arrivals =
		flow_collect_arrivals(round->collect, &n);

	if (n == 0)
		return;
	flow->arrivals =
		arena_grow(round->arena, flow->arrivals, flow->n_arrivals,
			flow->n_arrivals + n, sizeof(*flow->arrivals));
	memcpy(&flow->arrivals[flow->n_arrivals], arrivals,
		n * sizeof(*arrivals));
	flow->n_arrivals += n;
}

static void account(struct round *round)
{
	struct flow *flow = round->flow;
	struct flow_run run = { .now_ms = now_ms(round),
		.was_read = flow_collect_is_all(round->collect) };
	struct flow_news news;

	if (round->submit)
		note_way(round);
	run.events = events_of(round, &run.n);
	if (round->may_send)
		note_refusals(round);
	flow_account(round->ledger, round->arena, &run, &flow->limits, &news);
	add_news(&flow->news, &news);
	flow_collect_settle(round->collect, round->ledger);
	add_arrivals(round);
	flow->now_ms = run.now_ms;
	flow->has_ledger = true;
	flow->was_read = run.was_read;
	flow->sums = flow_sum(
		round->ledger, round->arena, run.now_ms, &flow->limits);
}

static void on_gone(struct round *round)
{
	while (!flow_collect_is_gone(round->collect) &&
		loop_run(round->net.loop) == LOOP_STOPPED) {
	}
	flow_collect_stop(round->collect);
}

/* In this order: see above. */
static void keep(struct round *round)
{
	struct flow_seen seen;

	if (!save_ledger(round))
		return;
	if (flow_collect_seen(round->collect, &seen))
		(void)flow_seen_save(&round->seen, &seen);
	flow_collect_delete(round->collect, round->ledger);
	on_gone(round);
}

static void note_services(struct round *round)
{
	struct flow *flow = round->flow;

	if (round->submit)
		flow->submission = *flow_submit_service(round->submit);
	flow->mailboxes =
		flow_collect_services(round->collect, &flow->n_mailboxes);
}

/* -- a round ------------------------------------------------------------- */

static const char *start_net(struct round *round)
{
	const struct flow_run_options *options = round->options;
	int64_t now_us = clock_mono_us();
	int64_t rest_us = (options->deadline_us - now_us) / REST_SHARE;

	round->net = (struct flow_net){ .setup = options->setup,
		.key = options->key,
		.arena = round->arena,
		.loop = loop_new(options->deadline_us),
		.tls = round->net.tls,
		.start_us = options->start_us,
		.start_ms = options->start_ms,
		.end_us = options->deadline_us -
			  (rest_us < REST_MAX_US ? rest_us : REST_MAX_US) };
	if (round->net.loop)
		round->net.resolver = resolver_new(round->arena,
			round->net.loop, &options->setup->resolver);
	return round->net.resolver ? NULL : "out of memory";
}

static void end_net(struct round *round)
{
	flow_submit_free(round->submit);
	flow_collect_free(round->collect);
	resolver_free(round->net.resolver);
	loop_free(round->net.loop);
	round->submit = NULL;
	round->collect = NULL;
}

/* False: the ledger is of no use, and nothing was done. */
static bool go(struct round *round)
{
	bool sends;

	open_ledger(round);
	if (!is_usable(round)) {
		flow_file_close(&round->file);
		return false;
	}
	begin_ledger(round);
	sends = enter(round);
	talk(round, sends);
	account(round);
	keep(round);
	note_services(round);
	flow_seen_close(&round->seen);
	flow_file_close(&round->file);
	return true;
}

/* Whether the probe of this run is still on its way. */
static bool is_awaited(const struct round *round)
{
	const struct flow_probe wanted = { .series = round->token.series,
		.number = round->token.number,
		.sent_ms = round->token.sent_ms };
	const struct flow_probe *probe =
		round->has_token ? flow_find(round->ledger, &wanted) : NULL;

	return probe && flow_is_outstanding(probe->state) && round->is_kept;
}

/* Who tries a wrong password again and again is locked out. */
static bool is_locked_out(const struct round *round)
{
	const struct flow *flow = round->flow;
	size_t i;

	for (i = 0; i < flow->n_mailboxes; i++)
		if (flow->mailboxes[i].outcome == FLOW_LOGIN_FAILED)
			return true;
	return false;
}

/* False: the time is over. */
static bool pause_for(struct round *round, int64_t us, int64_t until_us)
{
	struct loop *loop = loop_new(until_us);
	struct loop_timer timer = { 0 };
	bool is_over;

	round->net.loop = loop;
	if (!loop || !loop_timer_set(
			     loop, &timer, clock_mono_us() + us, on_end, round))
		mem_exhausted();
	is_over = loop_run(loop) != LOOP_STOPPED;
	loop_free(loop);
	round->was_cut = false;
	return !is_over;
}

/* --wait: looks again until the probe is there. */
static const char *wait_for(struct round *round)
{
	const struct flow_run_options *options = round->options;
	/* What is begun has to come to its end. */
	int64_t last_us = options->deadline_us - WAIT_REST_US;
	int64_t until_us = clock_mono_us() + options->setup->wait_ms * 1000;
	int64_t pause_us = WAIT_FIRST_US;
	int64_t begin_us = clock_mono_us();
	const char *why = NULL;

	if (until_us > last_us)
		until_us = last_us;
	round->may_send = false;
	while (!why && is_awaited(round) && !is_locked_out(round) &&
		pause_for(round, pause_us, until_us)) {
		bool was_due = round->flow->is_due;
		struct flow_service submission = round->flow->submission;
		bool is_done;

		why = start_net(round);
		is_done = !why && go(round);
		end_net(round);
		if (!is_done)
			break;
		round->flow->is_due = was_due;
		round->flow->submission = submission;
		pause_us = pause_us * 3 / 2 < WAIT_MAX_US ? pause_us * 3 / 2
							  : WAIT_MAX_US;
	}
	if (is_awaited(round))
		round->flow->waited_ms = (clock_mono_us() - begin_us) / 1000;
	return why;
}

static const char *own_node(struct arena *arena)
{
	char node[NODE_SIZE];

	if (gethostname(node, sizeof(node)) != 0)
		return "";
	node[sizeof(node) - 1] = '\0';
	return arena_strdup(arena, node);
}

const char *flow_run(struct arena *arena,
	const struct flow_run_options *options, struct flow *flow)
{
	struct round round = { .arena = arena,
		.options = options,
		.flow = flow,
		.may_send = true };
	char key_id[FLOW_KEY_ID_TEXT];
	const char *why;

	flow_key_id(options->key, key_id);
	round.key_id = key_id;
	flow->node = own_node(arena);
	flow->news.slowest_ms = -1;
	round.net.tls = tls_context_new(options->setup->ca_file);
	why = round.net.tls ? start_net(&round) : "out of memory";
	if (!why && go(&round)) {
		end_net(&round);
		if (options->setup->wait_ms > 0)
			why = wait_for(&round);
	} else {
		end_net(&round);
	}
	tls_context_free(round.net.tls);
	return why;
}
