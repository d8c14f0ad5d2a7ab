/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Talks to all addresses at once, as far as one server permits that. */
#include "config.h"

#include "common/mailcli/mx_talk.h"

#include "common/core/clock.h"
#include "common/dnsnet/channel.h"
#include "common/mailnet/dialogue.h"

enum {
	MAIL_PORT = 25,
	CONNECT_US = 10 * 1000 * 1000,
	STEP_US = 10 * 1000 * 1000,
	LEFT_MIN_US = 5 * 1000 * 1000, /* less is too little to judge by */
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
		.start_us = options->dns->start_us,
		.connect_us = least(CONNECT_US, left_us / 5),
		.greeting_us = least(mx->expect.greeting_max_us, left_us / 2),
		.step_us = least(STEP_US, left_us / 5),
		.keeps_der = true,
	};
}

static bool is_permitted(
	const struct mx_talk_options *options, const struct dns_addr *addr)
{
	size_t i;

	if (!dns_addr_unusable(addr))
		return true;
	for (i = 0; i < options->n_permitted; i++)
		if (dns_prefix_holds(&options->permitted[i], addr))
			return true;
	return false;
}

static void on_session(void *arg, const struct smtp_session *session)
{
	struct mx_address *address = arg;

	address->session = *session;
}

static const char *start(struct dialogues *dialogues,
	const struct mx_talk_options *options, const struct mx *mx,
	struct mx_address *address)
{
	const struct mx_exchanger *exchanger =
		&mx->exchangers[address->exchanger];
	struct dialogue_ask ask = {
		.addr = channel_contacted(options->dns, &address->addr),
		.port = MAIL_PORT,
		.name = exchanger->name,
		.provider = exchanger->registrable,
		.mail_from = mx->expect.mail_from,
		.rcpt = mx->expect.rcpt,
		.rcpt_invalid = mx->expect.rcpt_invalid,
		.rcpt_relay = mx->expect.rcpt_relay,
	};

	if (!is_permitted(options, &address->addr))
		return NULL;
	return dialogues_start(dialogues, &ask, on_session, address);
}

static void on_control(void *arg, const struct smtp_session *session)
{
	struct mx_control *control = arg;

	control->connect = session->steps[SMTP_CONNECT].outcome;
	control->greeting = session->steps[SMTP_GREETING].outcome;
}

/* The user named it, so that it is asked whatever its address. */
static const char *start_control(struct dialogues *dialogues,
	const struct mx_talk_options *options, struct mx *mx)
{
	struct mx_control *control = &mx->control;
	struct dialogue_ask ask = { .port = MAIL_PORT, .mail_from = "" };
	struct dns_addr addr;

	if (!control->addr_text || !dns_addr_parse(control->addr_text, &addr))
		return NULL;
	ask.addr = channel_contacted(options->dns, &addr);
	return dialogues_start(dialogues, &ask, on_control, control);
}

/* A family without a route: no connection of it went anywhere. */
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
			outcome == SMTP_OUR_FAULT)
			continue;
		if (outcome != SMTP_UNREACHABLE)
			return DNS_SIGHT_SEEN;
		n_tried++;
	}
	return n_tried > 0 ? DNS_SIGHT_NO_ROUTE : before;
}

static const char *talk(struct dialogues *dialogues,
	const struct mx_talk_options *options, struct mx *mx)
{
	const char *wrong = NULL;
	size_t i;

	for (i = 0; i < mx->n_addresses && !wrong; i++)
		wrong = start(dialogues, options, mx, &mx->addresses[i]);
	if (!wrong)
		wrong = start_control(dialogues, options, mx);
	if (wrong)
		return wrong;
	if (dialogues_run(dialogues) && !mx->timeout_stage)
		mx->timeout_stage = "talking to the mail exchangers";
	mx->n_connections = dialogues_connections(dialogues);
	mx->v4 = sight_of(mx, 4, mx->v4);
	mx->v6 = sight_of(mx, 6, mx->v6);
	return NULL;
}

const char *mx_talk(struct arena *arena, const struct mx_talk_options *options,
	struct mx *mx)
{
	struct dialogue_options settings = dialogue_options_of(options, mx);
	struct dialogues *dialogues;
	const char *why = NULL;
	struct loop *loop;

	/* No time is left, which is nobody's silence. */
	if (mx->timeout_stage)
		return NULL;
	loop = loop_new(options->dns->deadline_us);
	settings.tls = tls_context_new(options->ca_file);
	if (!loop || !settings.tls)
		return "out of memory";
	if (tls_context_load(settings.tls))
		return arena_printf(arena, "%s %s",
			options->ca_file ? options->ca_file : "TLS",
			tls_context_load(settings.tls));
	dialogues = dialogues_new(arena, loop, &settings, &why);
	if (dialogues)
		why = talk(dialogues, options, mx);
	else
		why = arena_printf(arena, "%s %s", settings.helo, why);
	dialogues_free(dialogues);
	tls_context_free(settings.tls);
	loop_free(loop);
	return why;
}
