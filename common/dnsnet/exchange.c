/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An exchange (struct exchange) is made of attempts: over UDP with EDNS,
 * over UDP without it, over TCP. An attempt sends its question up to a
 * number of tries; each try is one query of c-ares on a channel that belongs
 * to one address and one transport.
 */
#include "config.h"

#include "common/dnsnet/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/core/clock.h"
#include "common/dnsnet/channel.h"

enum {
	EXCHANGE_QUERIES_MAX = 6000,    /* packets and connections in a run */
	EXCHANGE_RETRY_US = 100 * 1000, /* after a refusal by the host */
	EXCHANGE_PLAIN_US = 500 * 1000, /* then plain DNS goes along */
};

struct attempt {
	struct exchange *exchange;
	bool is_tcp, has_edns;
	unsigned tries_left, tries;
	bool is_started, is_ended;
	enum dns_outcome outcome;
	int64_t sent_us, rtt_us;
	const struct dns_message *message;
	struct channel *channel;
	struct channel_query query;
	struct loop_timer retry;
};

struct exchange {
	struct exchanges *all;
	struct ask ask;
	reply_fn fn;
	void *arg;
	int64_t start_us;
	struct attempt edns, plain, tcp;
	bool is_truncated;
	bool is_background, is_forgotten;
	bool is_done;
	struct exchange *next, *prev; /* of those that are open */
};

struct exchanges {
	struct arena *arena;
	const struct dns_options *options;
	struct loop *loop;
	struct channels *channels;
	struct exchange *open;
	struct hold *holds;
	size_t n_kept;    /* bytes, by transfers */
	size_t n_awaited; /* exchanges not forgotten, pauses and holds */
	struct sightings seen;
	struct dns_step *steps;
	size_t n_steps, cap_steps;
	bool is_over;
};

struct exchanges *exchanges_new(
	struct arena *arena, const struct dns_options *options)
{
	struct exchanges *all = arena_alloc(arena, sizeof(*all));
	all->arena = arena;
	all->options = options;
	all->loop = loop_new(options->deadline_us);
	if (all->loop == NULL)
		return NULL;
	all->channels = channels_new(all->loop, options);
	if (all->channels == NULL) {
		loop_free(all->loop);
		return NULL;
	}
	return all;
}

void exchanges_free(struct exchanges *all)
{
	if (all == NULL)
		return;
	all->is_over = true;
	channels_free(all->channels);
	loop_free(all->loop);
}

static void count(struct sighting *seen, enum dns_outcome outcome)
{
	seen->tried++;
	if (outcome == DNS_ANSWERED)
		seen->answered++;
	else if (outcome == DNS_UNREACHABLE)
		seen->unreachable++;
}

static void tally(const struct exchange *exchange, enum dns_outcome outcome)
{
	struct sightings *seen = &exchange->all->seen;
	bool used_tcp = exchange->tcp.is_started;
	bool used_udp = !exchange->ask.over_tcp;
	count(exchange->ask.addr.family == 4 ? &seen->v4 : &seen->v6,
		exchange->is_truncated ? DNS_ANSWERED : outcome);
	if (used_tcp)
		count(&seen->tcp, outcome);
	if (used_udp)
		count(&seen->udp,
			exchange->is_truncated ? DNS_ANSWERED : outcome);
}

/* One awaited thing less; with the last one the run ends. */
static void release(struct exchanges *all)
{
	if (--all->n_awaited == 0)
		loop_stop(all->loop);
}

static const char *came_text(struct arena *arena, const struct reply *reply)
{
	const struct dns_meaning *meaning = &reply->meaning;
	switch (meaning->kind) {
	case DNS_KIND_REFERRAL:
		return arena_printf(arena, "referral to %s", meaning->cut);
	case DNS_KIND_UPWARD:
		return arena_printf(
			arena, "referral upwards, to %s", meaning->cut);
	case DNS_KIND_ALIAS:
		return arena_printf(arena, "alias of %s", meaning->alias);
	case DNS_KIND_ERROR:
		return dns_rcode_text(reply->probe.rcode);
	case DNS_KIND_NONE:
		return dns_outcome_text(reply->probe.outcome);
	case DNS_KIND_ANSWER:
	case DNS_KIND_NODATA:
	case DNS_KIND_NXDOMAIN:
	case DNS_KIND_EMPTY:
		break;
	}
	return dns_kind_text(meaning->kind);
}

void exchanges_record(struct exchanges *all, const struct dns_step *step)
{
	if (all->n_steps == all->cap_steps) {
		size_t cap = all->cap_steps == 0 ? 64 : 2 * all->cap_steps;
		all->steps = arena_grow(all->arena, all->steps, all->n_steps,
			cap, sizeof(*all->steps));
		all->cap_steps = cap;
	}
	all->steps[all->n_steps++] = *step;
}

static void record_step(
	const struct exchange *exchange, const struct reply *reply)
{
	struct exchanges *all = exchange->all;
	struct dns_step step = {
		.zone = exchange->ask.zone,
		.host = exchange->ask.host,
		.addr_text = dns_addr_string(all->arena, &exchange->ask.addr),
		.question = arena_printf(all->arena, "%s %s",
			exchange->ask.question.name,
			dns_type_text(all->arena,
				(uint16_t)exchange->ask.question.type)),
		.is_tcp = exchange->ask.over_tcp,
		.at_us = exchange->start_us - all->options->start_us,
		.probe = reply->probe,
		.came = came_text(all->arena, reply),
	};
	exchanges_record(all, &step);
}

static void close_exchange(struct exchange *exchange)
{
	exchange->is_done = true;
	if (exchange->prev != NULL)
		exchange->prev->next = exchange->next;
	else
		exchange->all->open = exchange->next;
	if (exchange->next != NULL)
		exchange->next->prev = exchange->prev;
	loop_timer_cancel(exchange->all->loop, &exchange->edns.retry);
	loop_timer_cancel(exchange->all->loop, &exchange->plain.retry);
	loop_timer_cancel(exchange->all->loop, &exchange->tcp.retry);
}

/* Ends the exchange with what this attempt brought. */
static void finish(struct exchange *exchange, const struct attempt *attempt,
	enum dns_edns edns)
{
	struct exchanges *all = exchange->all;
	const struct dns_message *message = attempt->message;
	struct reply reply = { .edns = edns, .message = message };
	reply.probe.outcome = attempt->outcome;
	reply.probe.was_truncated = exchange->is_truncated;
	reply.probe.tries = attempt->tries;
	reply.probe.rtt_us = attempt->rtt_us;
	if (exchange->edns.message != NULL)
		reply.edns_rcode = exchange->edns.message->rcode;
	if (message != NULL) {
		reply.meaning = dns_message_meaning(
			message, &exchange->ask.question, exchange->ask.zone);
		reply.probe.kind = reply.meaning.kind;
		reply.probe.rcode = message->rcode;
		reply.probe.is_authoritative = message->is_authoritative;
		reply.probe.offers_recursion = message->offers_recursion;
		reply.probe.has_edns = message->has_edns;
		reply.probe.reply_size = message->size;
	}
	close_exchange(exchange);
	tally(exchange, reply.probe.outcome);
	record_step(exchange, &reply);
	if (!exchange->is_forgotten)
		exchange->fn(exchange->arg, &reply);
	if (!exchange->is_background)
		release(all);
}

static void start_attempt(struct attempt *attempt, unsigned tries);
static void settle(struct exchange *exchange);

/* Whether a server that does not understand EDNS might say so like this
 * (RFC 6891 section 7, RFC 8906 section 7). */
static bool refuses_edns(const struct dns_message *message)
{
	if (message->rcode == DNS_RCODE_SERVFAIL)
		return !message->has_edns;
	return message->rcode == DNS_RCODE_FORMERR ||
	       message->rcode == DNS_RCODE_NOTIMP ||
	       message->rcode == DNS_RCODE_BADVERS;
}

static bool is_running(const struct attempt *attempt)
{
	return attempt->is_started && !attempt->is_ended;
}

static void settle_tcp(struct exchange *exchange)
{
	struct attempt *tcp = &exchange->tcp;
	if (!tcp->is_ended)
		return;
	if (tcp->message != NULL && tcp->message->is_truncated) {
		tcp->message = NULL;
		tcp->outcome = DNS_MALFORMED;
	}
	if (tcp->message == NULL || !tcp->has_edns) {
		finish(exchange, tcp, DNS_EDNS_UNKNOWN);
		return;
	}
	if (refuses_edns(tcp->message)) {
		tcp->has_edns = false;
		start_attempt(tcp, exchange->ask.tries);
		return;
	}
	finish(exchange, tcp,
		tcp->message->has_edns ? DNS_EDNS_FINE : DNS_EDNS_IGNORED);
}

/* EDNS got an answer that may mean that EDNS is not understood. */
static void settle_refusal(struct exchange *exchange)
{
	struct attempt *edns = &exchange->edns, *plain = &exchange->plain;
	if (!plain->is_started) {
		start_attempt(plain, exchange->ask.tries);
		return;
	}
	if (!plain->is_ended)
		return;
	if (plain->message != NULL &&
		plain->message->rcode != edns->message->rcode)
		finish(exchange, plain, DNS_EDNS_REFUSED);
	else
		finish(exchange, edns, DNS_EDNS_UNKNOWN);
}

static void settle_udp(struct exchange *exchange)
{
	struct attempt *edns = &exchange->edns, *plain = &exchange->plain;
	if (edns->is_ended && edns->message != NULL) {
		if (refuses_edns(edns->message))
			settle_refusal(exchange);
		else
			finish(exchange, edns,
				edns->message->has_edns ? DNS_EDNS_FINE
							: DNS_EDNS_IGNORED);
		return;
	}
	bool has_plain = plain->is_ended && plain->message != NULL;
	if (has_plain && edns->is_ended)
		finish(exchange, plain, DNS_EDNS_DROPPED);
	else if (has_plain && !exchange->ask.wants_edns_verdict)
		finish(exchange, plain, DNS_EDNS_UNKNOWN);
	else if (edns->is_ended && !is_running(plain))
		finish(exchange, edns, DNS_EDNS_UNKNOWN);
}

/* Looks at the attempts, and ends the exchange or starts the next one. */
static void settle(struct exchange *exchange)
{
	if (exchange->is_done)
		return;
	const struct attempt *edns = &exchange->edns;
	const struct attempt *plain = &exchange->plain;
	bool truncated =
		(edns->message != NULL && edns->message->is_truncated) ||
		(plain->message != NULL && plain->message->is_truncated);
	if (truncated && !exchange->tcp.is_started) {
		exchange->is_truncated = true;
		exchange->tcp.has_edns = edns->message != NULL;
		start_attempt(&exchange->tcp, exchange->ask.tries);
	}
	if (exchange->tcp.is_started)
		settle_tcp(exchange);
	else
		settle_udp(exchange);
}

static void end_attempt(struct attempt *attempt, enum dns_outcome outcome)
{
	attempt->outcome = outcome;
	attempt->is_ended = true;
	settle(attempt->exchange);
}

static void send_try(void *arg);

/* A try brought nothing: the next one, if there is one. */
static void next_try(struct attempt *attempt, enum dns_outcome outcome)
{
	struct exchange *exchange = attempt->exchange;
	/* What never left this host would not leave it the next time. */
	bool has_no_route =
		outcome == DNS_UNREACHABLE && !attempt->query.is_sent;
	bool is_first_edns = attempt == &exchange->edns && attempt->tries == 1;
	if (is_first_edns && outcome == DNS_TIMED_OUT &&
		!exchange->plain.is_started)
		start_attempt(&exchange->plain,
			exchange->ask.tries > 1 ? exchange->ask.tries - 1 : 1);
	if (attempt->tries_left == 0 || has_no_route) {
		end_attempt(attempt, outcome);
		return;
	}
	if (outcome == DNS_TIMED_OUT || outcome == DNS_MALFORMED) {
		send_try(attempt);
		return;
	}
	loop_timer_set(exchange->all->loop, &attempt->retry,
		loop_now_us(exchange->all->loop) + EXCHANGE_RETRY_US, send_try,
		attempt);
}

void exchanges_blame_host(struct exchanges *all)
{
	if (all->seen.failure == NULL)
		all->seen.failure = "this host is out of file descriptors, "
				    "sockets or memory";
}

/* The channel's word on a try. */
static void on_try(
	void *arg, enum dns_outcome outcome, const uint8_t *wire, size_t len)
{
	struct attempt *attempt = arg;
	struct exchange *exchange = attempt->exchange;
	struct exchanges *all = exchange->all;
	if (exchange->is_done || all->is_over)
		return;
	if (outcome == DNS_ANSWERED) {
		attempt->rtt_us = clock_mono_us() - attempt->sent_us;
		attempt->message = dns_message_read(all->arena, wire, len);
		if (attempt->message == NULL)
			outcome = DNS_MALFORMED;
	}
	if (outcome == DNS_OUR_FAULT)
		exchanges_blame_host(all);
	if (outcome == DNS_ANSWERED || outcome == DNS_OUR_FAULT)
		end_attempt(attempt, outcome);
	else
		next_try(attempt, outcome);
}

static uint16_t random_id(void)
{
	uint16_t id = 0;
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id))
		id = (uint16_t)(clock_mono_us() * 40503);
	return id;
}

static void send_try(void *arg)
{
	struct attempt *attempt = arg;
	struct exchange *exchange = attempt->exchange;
	struct exchanges *all = exchange->all;
	if (all->seen.n_queries >= EXCHANGE_QUERIES_MAX) {
		all->seen.hit_limit = true;
		end_attempt(attempt, DNS_NOT_ASKED);
		return;
	}
	uint8_t wire[DNS_WIRE_QUESTION_MAX];
	size_t len = dns_question_write(
		&exchange->ask.question, random_id(), attempt->has_edns, wire);
	if (len == 0) {
		end_attempt(attempt, DNS_NOT_ASKED);
		return;
	}
	attempt->tries++;
	attempt->tries_left--;
	all->seen.n_queries++;
	attempt->sent_us = clock_mono_us();
	attempt->query = (struct channel_query){ .fn = on_try, .arg = attempt };
	struct channel_peer peer = { .addr = exchange->ask.addr,
		.port = exchange->ask.port != 0 ? exchange->ask.port
						: all->options->port,
		.is_tcp = attempt->is_tcp };
	channel_send(all->channels, &peer, &attempt->query, wire, len);
}

static void start_attempt(struct attempt *attempt, unsigned tries)
{
	attempt->is_started = true;
	attempt->is_ended = false;
	attempt->message = NULL;
	attempt->tries_left = tries;
	send_try(attempt);
}

/* Where any answer will do, one without EDNS is not waited for as long as
 * for the verdict on a server. */
static void start_plain(void *arg)
{
	struct exchange *exchange = arg;
	if (!exchange->plain.is_started && !exchange->edns.is_ended)
		start_attempt(&exchange->plain, exchange->ask.tries);
}

static void start_exchange(void *arg)
{
	struct exchange *exchange = arg;
	if (!exchange->ask.over_tcp && !exchange->ask.wants_edns_verdict)
		loop_timer_set(exchange->all->loop, &exchange->plain.retry,
			loop_now_us(exchange->all->loop) + EXCHANGE_PLAIN_US,
			start_plain, exchange);
	start_attempt(exchange->ask.over_tcp ? &exchange->tcp : &exchange->edns,
		exchange->ask.tries);
}

struct exchange *exchanges_ask(
	struct exchanges *all, const struct ask *ask, reply_fn fn, void *arg)
{
	struct exchange *exchange = arena_alloc(all->arena, sizeof(*exchange));
	*exchange = (struct exchange){ .all = all,
		.ask = *ask,
		.fn = fn,
		.arg = arg,
		.start_us = clock_mono_us(),
		.next = all->open };
	exchange->edns =
		(struct attempt){ .exchange = exchange, .has_edns = true };
	exchange->plain = (struct attempt){ .exchange = exchange };
	exchange->tcp = (struct attempt){
		.exchange = exchange, .is_tcp = true, .has_edns = true
	};
	if (all->open != NULL)
		all->open->prev = exchange;
	all->open = exchange;
	all->n_awaited++;
	/* From the loop, so that fn is never called from in here. */
	if (!all->is_over)
		loop_timer_set(all->loop, &exchange->edns.retry, 0,
			start_exchange, exchange);
	return exchange;
}

void exchange_background(struct exchange *exchange)
{
	if (exchange->is_done || exchange->is_background)
		return;
	exchange->is_background = true;
	release(exchange->all);
}

void exchange_forget(struct exchange *exchange)
{
	exchange->is_forgotten = true;
	exchange_background(exchange);
}

bool exchanges_are_over(const struct exchanges *all)
{
	return all->is_over;
}

/* What came already counts, though more was waited for: a plain answer for
 * the verdict on EDNS (which has had a second try, and time), or one that
 * refuses EDNS for the plain one. */
static void finish_early(struct exchange *exchange)
{
	struct attempt *edns = &exchange->edns, *plain = &exchange->plain;
	struct attempt *attempt =
		exchange->ask.over_tcp ? &exchange->tcp : edns;
	bool has_plain = plain->message != NULL && !exchange->is_truncated;
	bool has_edns = edns->message != NULL && !exchange->is_truncated;
	if (has_plain) {
		int64_t open_us = clock_mono_us() - edns->sent_us;
		bool is_silent =
			edns->tries >= 2 && open_us >= EXCHANGE_PLAIN_US;
		finish(exchange, plain,
			is_silent ? DNS_EDNS_DROPPED : DNS_EDNS_UNKNOWN);
		return;
	}
	if (!has_edns) {
		attempt->message = NULL;
		attempt->outcome = DNS_TIMED_OUT;
	}
	finish(exchange, attempt, DNS_EDNS_UNKNOWN);
}

/* After the deadline: what is open ends as timed out, and so does what the
 * callbacks ask now. */
static void end_all(struct exchanges *all)
{
	all->is_over = true;
	while (all->open != NULL || all->holds != NULL) {
		if (all->open != NULL)
			finish_early(all->open);
		else
			all->holds->over(all->holds->arg);
	}
}

bool exchanges_run(struct exchanges *all)
{
	while (!all->is_over) {
		if (all->n_awaited == 0)
			return false;
		/* A stop may be stale: its callback may have asked more. */
		if (loop_run(all->loop) != LOOP_STOPPED)
			break;
	}
	end_all(all);
	return true;
}

static void on_pause(void *arg)
{
	struct pause *pause = arg;
	pause->is_set = false;
	pause->fn(pause->arg);
	release(pause->exchanges);
}

void pause_set(struct exchanges *all, struct pause *pause, int64_t delay_us,
	loop_timer_fn fn, void *arg)
{
	if (all->is_over)
		return;
	pause_cancel(pause);
	*pause = (struct pause){
		.exchanges = all, .fn = fn, .arg = arg, .is_set = true
	};
	all->n_awaited++;
	loop_timer_set(all->loop, &pause->timer, clock_mono_us() + delay_us,
		on_pause, pause);
}

void pause_cancel(struct pause *pause)
{
	if (!pause->is_set)
		return;
	pause->is_set = false;
	loop_timer_cancel(pause->exchanges->loop, &pause->timer);
	release(pause->exchanges);
}

void exchanges_hold(
	struct exchanges *all, struct hold *hold, loop_timer_fn over, void *arg)
{
	*hold = (struct hold){ .over = over,
		.arg = arg,
		.next = all->holds,
		.link = &all->holds };
	if (hold->next != NULL)
		hold->next->link = &hold->next;
	all->holds = hold;
	all->n_awaited++;
}

void exchanges_release(struct exchanges *all, struct hold *hold)
{
	*hold->link = hold->next;
	if (hold->next != NULL)
		hold->next->link = hold->link;
	release(all);
}

struct loop *exchanges_loop(const struct exchanges *all)
{
	return all->loop;
}

struct arena *exchanges_arena(const struct exchanges *all)
{
	return all->arena;
}

const struct dns_options *exchanges_options(const struct exchanges *all)
{
	return all->options;
}

size_t *exchanges_kept(struct exchanges *all)
{
	return &all->n_kept;
}

const struct sightings *exchanges_seen(const struct exchanges *all)
{
	return &all->seen;
}

void exchanges_steps(
	const struct exchanges *all, struct dns_step **out, size_t *n_out)
{
	*out = all->steps;
	*n_out = all->n_steps;
}
