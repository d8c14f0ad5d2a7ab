/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Talks to all addresses at once, as far as one server permits that. */
#include "config.h"

#include "common/mailcli/mx_talk.h"

#include <stdlib.h>

#include "common/core/clock.h"
#include "common/dnsnet/channel.h"
#include "common/mailnet/dialogue.h"

enum {
	MAIL_PORT = 25,
	CONNECT_US = 8 * 1000 * 1000, /* after the third repetition of a SYN */
	/* A slow one (30 s) is to be told from a silent one. */
	GREETING_US = 35 * 1000 * 1000,
	STEP_US = 10 * 1000 * 1000,
	/* Callouts give up after 30 s, too. */
	REPLY_US = GREETING_US,
	LEFT_MIN_US = 1000 * 1000,
};

/* An address and what is said to it. */
struct talker {
	struct mx_talk *talk;
	struct mx_address address;
};

struct mx_talk {
	struct arena *arena;
	struct mx_talk_options options;
	struct mx *mx;
	struct dialogues *dialogues;
	struct talker *talkers[MX_ADDRESSES_MAX]; /* as they came */
	size_t n_talkers, n_open;
};

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A server that is silent is found to be so before the deadline comes, which
 * would say nothing of it. */
static struct dialogue_options dialogue_options_of(
	const struct mx_talk_options *options, const struct mx *mx)
{
	int64_t left_us =
		most(options->dns->deadline_us - clock_mono_us(), LEFT_MIN_US);

	return (struct dialogue_options){
		.helo = mx->expect.helo,
		.tls = options->tls,
		.start_us = options->dns->start_us,
		.connect_us = least(CONNECT_US, left_us / 6),
		.greeting_us = least(GREETING_US, left_us / 10 * 7),
		.step_us = least(STEP_US, left_us / 5),
		.reply_us = REPLY_US,
		.deadline_us = options->dns->deadline_us,
		.keeps_der = true,
	};
}

struct mx_talk *mx_talk_new(struct arena *arena, struct loop *loop,
	const struct mx_talk_options *options, struct mx *mx, const char **why)
{
	const struct dialogue_options settings =
		dialogue_options_of(options, mx);
	struct mx_talk *talk = arena_alloc(arena, sizeof(*talk));

	*talk = (struct mx_talk){ .arena = arena,
		.options = *options,
		.mx = mx,
		.dialogues = dialogues_new(arena, loop, &settings, why) };
	return talk->dialogues ? talk : NULL;
}

/* -- starting ------------------------------------------------------------ */

bool mx_talk_permits(
	const struct mx_talk_options *options, const struct dns_addr *addr)
{
	const struct dns_prefix *nat64 = &options->dns->nat64;
	size_t i;

	/* An AAAA record there would have the translator connect to an IPv4
	 * address of the domain's choice, one inside of this network too. */
	if (nat64->addr.family == addr->family && dns_prefix_holds(nat64, addr))
		return false;
	if (!dns_addr_unusable(addr))
		return true;
	for (i = 0; i < options->n_permitted; i++)
		if (dns_prefix_holds(&options->permitted[i], addr))
			return true;
	return false;
}

static void count_end(struct mx_talk *talk)
{
	talk->n_open--;
	talk->options.ended(talk->options.arg);
}

static void on_session(void *arg, const struct smtp_session *session)
{
	struct talker *talker = arg;

	talker->address.session = *session;
	count_end(talker->talk);
}

static void on_control(void *arg, const struct smtp_session *session)
{
	struct mx_talk *talk = arg;
	struct mx_control *control = &talk->mx->control;

	control->connect = session->steps[SMTP_CONNECT].outcome;
	control->greeting = session->steps[SMTP_GREETING].outcome;
	count_end(talk);
}

/* The addresses of mail were checked as they were read from the options. */
static bool start(struct mx_talk *talk, const struct dialogue_ask *ask,
	dialogue_fn fn, void *arg)
{
	if (dialogues_start(talk->dialogues, ask, fn, arg))
		return false;
	talk->n_open++;
	return true;
}

bool mx_talk_start(struct mx_talk *talk, size_t exchanger,
	const struct dns_addr *addr, const char *provider)
{
	const struct mx *mx = talk->mx;
	const struct dialogue_ask ask = {
		.addr = channel_contacted(talk->options.dns, addr),
		.port = MAIL_PORT,
		.name = mx->exchangers[exchanger].name,
		.provider = provider,
		.mail_from = mx->expect.mail_from,
		.rcpt = mx->expect.rcpt,
		.rcpt_invalid = mx->expect.rcpt_invalid,
		.rcpt_relay = mx->expect.rcpt_relay,
	};
	struct talker *talker;

	if (talk->n_talkers == MX_ADDRESSES_MAX) {
		talk->mx->is_cut = true;
		return false;
	}
	talker = arena_alloc(talk->arena, sizeof(*talker));
	*talker = (struct talker){ .talk = talk,
		.address = { .exchanger = exchanger,
			.addr = *addr,
			.addr_text = dns_addr_string(talk->arena, addr) } };
	talk->talkers[talk->n_talkers++] = talker;
	return mx_talk_permits(&talk->options, addr) &&
	       start(talk, &ask, on_session, talker);
}

bool mx_talk_start_control(struct mx_talk *talk, const struct dns_addr *addr)
{
	const struct dialogue_ask ask = {
		.addr = channel_contacted(talk->options.dns, addr),
		.port = MAIL_PORT,
		.mail_from = "",
	};

	return start(talk, &ask, on_control, talk);
}

/* -- the end ------------------------------------------------------------- */

static int compare_talkers(const void *a, const void *b)
{
	const struct mx_address *one = &(*(struct talker *const *)a)->address;
	const struct mx_address *two = &(*(struct talker *const *)b)->address;

	if (one->exchanger != two->exchanger)
		return one->exchanger < two->exchanger ? -1 : 1;
	return dns_addr_compare(&one->addr, &two->addr);
}

/* In an order that does not hang on who answered first. */
static void collect(struct mx_talk *talk)
{
	struct mx *mx = talk->mx;
	size_t i;

	if (talk->n_talkers > 1)
		qsort(talk->talkers, talk->n_talkers, sizeof(*talk->talkers),
			compare_talkers);
	mx->addresses = arena_array(
		talk->arena, talk->n_talkers, sizeof(*mx->addresses));
	mx->n_addresses = talk->n_talkers;
	for (i = 0; i < talk->n_talkers; i++)
		mx->addresses[i] = talk->talkers[i]->address;
}

/* A family without a route: no connection of it went anywhere. One in which no
 * name server answers, and no exchanger, leads nowhere either. */
static enum dns_sight sight_of(
	const struct mx *mx, uint8_t family, enum dns_sight before)
{
	size_t n_tried = 0, i;

	if (before == DNS_SIGHT_SWITCHED_OFF || before == DNS_SIGHT_SEEN)
		return before;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *one = &mx->addresses[i];
		enum smtp_outcome outcome =
			one->session.steps[SMTP_CONNECT].outcome;

		if (one->addr.family != family || outcome == SMTP_NOT_DONE ||
			outcome == SMTP_OUR_FAULT ||
			(before == DNS_SIGHT_SILENT &&
				outcome == SMTP_TIMED_OUT))
			continue;
		if (outcome != SMTP_UNREACHABLE)
			return DNS_SIGHT_SEEN;
		n_tried++;
	}
	return n_tried > 0 ? DNS_SIGHT_NO_ROUTE : before;
}

bool mx_talk_end(struct mx_talk *talk)
{
	struct mx *mx = talk->mx;
	bool was_open = talk->n_open > 0;

	dialogues_end(talk->dialogues);
	collect(talk);
	mx->n_connections = dialogues_connections(talk->dialogues);
	mx->v4 = sight_of(mx, 4, mx->v4);
	mx->v6 = sight_of(mx, 6, mx->v6);
	dialogues_free(talk->dialogues);
	return was_open;
}
