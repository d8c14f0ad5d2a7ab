/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks the server up, hands the probe over, and says what it came to. */
#include "config.h"

#include "common/mailcli/flow_submit.h"

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mail/flow_message.h"
#include "common/mailcli/flow_lookup.h"
#include "common/mailcli/own_name.h"
#include "common/mailnet/submit_esmtp.h"

enum {
	CONNECT_US = 10 * 1000 * 1000,
	SAID_MAX = 400,
};

struct flow_submit {
	const struct flow_net *net;
	const struct flow_place *place;
	bool is_via;
	struct flow_token token;
	void (*fn)(void *arg);
	void *arg;

	struct flow_lookup lookup;
	struct submit_options options;
	struct submit_ask ask;
	bool has_message, uses_libesmtp;
	struct loop_timer timer;
	struct submission *submission; /* one of these */
	struct esmtp *esmtp;
	const struct submit_facts *facts; /* when it is over; or NULL */
	struct flow_service service;
	bool is_over;
	int64_t begin_us;
};

/* -- the end ------------------------------------------------------------- */

static enum flow_outcome outcome_of_code(
	enum submit_step_id step, const struct smtp_step *came_to)
{
	(void)came_to;
	return step == SUBMIT_STEP_AUTH ? FLOW_LOGIN_FAILED : FLOW_TURNED_DOWN;
}

static enum flow_outcome outcome_not_done(enum submit_step_id step)
{
	if (step == SUBMIT_STEP_STARTTLS)
		return FLOW_TLS_FAILED;
	return step == SUBMIT_STEP_AUTH ? FLOW_LOGIN_FAILED : FLOW_TURNED_DOWN;
}

static enum flow_outcome outcome_of(const struct submit_facts *facts)
{
	const struct smtp_step *step = &facts->steps[facts->last];

	if (facts->end == SUBMIT_ACCEPTED)
		return FLOW_DONE;
	if (step->outcome == SMTP_NOT_DONE)
		return outcome_not_done(facts->last);
	if (step->outcome == SMTP_DONE)
		return outcome_of_code(facts->last, step);
	return flow_outcome_of(step->outcome);
}

static const char *say(
	const struct flow_submit *submit, const struct submit_facts *facts)
{
	struct text text;
	const char *said;

	text_init(&text, SAID_MAX);
	submit_say(&text, facts);
	if (facts->challenge)
		text_printf(&text, " (%s)", facts->challenge);
	if (facts->end == SUBMIT_UNSURE)
		text_add(&text, "; nobody knows whether it was taken");
	said = arena_strdup(submit->net->arena, text.data);
	text_release(&text);
	return said;
}

static void add_stages(
	struct flow_submit *submit, const struct submit_facts *facts)
{
	struct flow_stage *stages =
		arena_array(submit->net->arena, SUBMIT_STEPS, sizeof(*stages));
	struct flow_service *service = &submit->service;
	unsigned i;

	service->stages = stages;
	for (i = 0; i < SUBMIT_STEPS; i++) {
		const struct smtp_step *step = &facts->steps[i];

		if (step->outcome == SMTP_NOT_DONE)
			continue;
		stages[service->n_stages++] = (struct flow_stage){
			.name = submit_step_word(i),
			.outcome = smtp_outcome_word(step->outcome),
			.code = step->code,
			.said = step->text,
			.at_us = step->at_us,
			.took_us = step->took_us,
		};
	}
}

/* The first server on the way: what a greylist says is about its next try. */
static bool is_greylist(
	const struct flow_submit *submit, const struct submit_facts *facts)
{
	const struct smtp_step *step = &facts->steps[facts->last];
	struct smtp_session session = { .local_text = NULL };

	if (facts->end != SUBMIT_NOT_SENT || step->outcome != SMTP_DONE ||
		step->code / 100U != 4 ||
		(facts->last != SUBMIT_STEP_RCPT &&
			facts->last != SUBMIT_STEP_MAIL))
		return false;
	session.steps[SMTP_RCPT] = *step;
	return smtp_refusal_of(&session, SMTP_RCPT, submit->options.helo) ==
	       SMTP_REFUSAL_GREYLIST;
}

static void take_facts(
	struct flow_submit *submit, const struct submit_facts *facts)
{
	struct flow_service *service = &submit->service;

	submit->facts = facts;
	service->address = facts->address;
	service->outcome = outcome_of(facts);
	if (facts->end != SUBMIT_ACCEPTED)
		service->said = say(submit, facts);
	service->is_greylisted = is_greylist(submit, facts);
	service->has_cert = facts->tls.n_certs > 0;
	if (service->has_cert)
		service->cert_end_s = facts->tls.certs[0].end_s;
	if (facts->tls.version > 0)
		service->tls = smtp_tls_text(facts->tls.version);
	service->mechanism = facts->mechanism;
	service->queue_id = facts->queue_id;
	service->engine = facts->is_by_libesmtp ? "libesmtp" : "dialogue";
	service->why_left = facts->left_by_libesmtp;
	add_stages(submit, facts);
}

static void finish(struct flow_submit *submit)
{
	submit->is_over = true;
	submit->service.took_us = clock_mono_us() - submit->begin_us;
	submit->fn(submit->arg);
}

static void on_submitted(void *arg, const struct submit_facts *facts)
{
	struct flow_submit *submit = arg;

	take_facts(submit, facts);
	finish(submit);
}

static void fail(
	struct flow_submit *submit, enum flow_outcome outcome, const char *said)
{
	submit->service.outcome = outcome;
	submit->service.said = said;
	finish(submit);
}

/* -- the start ----------------------------------------------------------- */

static void add_login(struct flow_submit *submit)
{
	const struct flow_setup *setup = submit->net->setup;
	struct submit_ask *ask = &submit->ask;

	if (submit->is_via)
		return;
	ask->auth = setup->smtp_auth;
	ask->user = setup->smtp_user;
	ask->secret = setup->smtp_secret;
	ask->may_bare_secret = ask->security == SUBMIT_PLAIN;
}

static const char *envid_of(struct flow_submit *submit)
{
	struct text text;
	const char *envid;

	text_init(&text, FLOW_ENVID_MAX);
	flow_envid_add(&text, &submit->token);
	envid = arena_strdup(submit->net->arena, text.data);
	text_release(&text);
	return envid;
}

static bool add_message(struct flow_submit *submit)
{
	const struct flow_setup *setup = submit->net->setup;
	struct text text;
	bool is_made;

	text_init(&text, FLOW_MESSAGE_MAX);
	is_made = flow_message_add(
			  &text, &submit->token, setup->from, setup->to) &&
		  !text.is_cut;
	submit->ask.message = arena_strdup(submit->net->arena, text.data);
	submit->ask.message_len = text.len;
	text_release(&text);
	return is_made;
}

static uint16_t port_of(const struct flow_submit *submit)
{
	if (submit->place->port > 0)
		return submit->place->port;
	if (submit->is_via)
		return 25;
	return submit->net->setup->smtp_security == SUBMIT_TLS ? 465 : 587;
}

static void make_ask(struct flow_submit *submit)
{
	const struct flow_setup *setup = submit->net->setup;
	struct submit_ask *ask = &submit->ask;

	*ask = (struct submit_ask){
		.port = port_of(submit),
		.host = submit->place->host,
		.security = submit->is_via ? setup->via_security
					   : setup->smtp_security,
		.takes_any_certificate = setup->takes_any_certificate,
		.mail_from = setup->from,
		.rcpt = setup->to,
	};
	/* Where any server may do without TLS, no certificate is asked of
	 * those that have one (RFC 7435). */
	if (ask->security == SUBMIT_AS_OFFERED)
		ask->takes_any_certificate = true;
	if (setup->wants_dsn) {
		ask->envid = envid_of(submit);
		ask->notify = SUBMIT_NOTIFY_FAILURE | SUBMIT_NOTIFY_DELAY;
		ask->ret = SUBMIT_RET_HEADERS;
		ask->orcpt = setup->to;
	}
	add_login(submit);
}

static void make_options(struct flow_submit *submit)
{
	const struct flow_net *net = submit->net;
	int64_t left_us = net->end_us - clock_mono_us();

	submit->options = (struct submit_options){
		.helo = net->setup->helo ? net->setup->helo
					 : own_name(net->arena),
		.tls = net->tls,
		.start_us = net->start_us,
		.connect_us =
			left_us / 2 < CONNECT_US ? left_us / 2 : CONNECT_US,
		.greeting_us = left_us,
		.step_us = left_us,
		.final_us = left_us,
		.deadline_us = net->end_us,
	};
}

static void begin(struct flow_submit *submit)
{
	const struct flow_net *net = submit->net;
	const char *why = "the probe can't be made";

	if (!submit->has_message) {
		fail(submit, FLOW_OUR_FAULT, why);
		return;
	}
	if (submit->uses_libesmtp)
		submit->esmtp = esmtp_new(net->arena, net->loop,
			&submit->options, &submit->ask, &why);
	else
		submit->submission = submission_new(net->arena, net->loop,
			&submit->options, &submit->ask, &why);
	if (submit->esmtp)
		esmtp_start(submit->esmtp, on_submitted, submit);
	else if (submit->submission)
		submission_start(submit->submission, on_submitted, submit);
	else
		fail(submit, FLOW_OUR_FAULT, why);
}

static void on_found(void *arg, enum flow_outcome outcome, const char *why)
{
	struct flow_submit *submit = arg;

	submit->ask.addrs = submit->lookup.addrs;
	submit->ask.n_addrs = submit->lookup.n_addrs;
	if (outcome == FLOW_DONE)
		begin(submit);
	else
		fail(submit, outcome, why);
}

/* The library looks names up by itself, in whatever way this host does. */
static bool is_for_libesmtp(const struct flow_submit *submit)
{
	const struct flow_setup *setup = submit->net->setup;

	if (setup->engine == FLOW_ENGINE_DIALOGUE || submit->is_via ||
		submit->place->is_address || setup->resolver.n_servers > 0 ||
		!setup->resolver.use_v4 || !setup->resolver.use_v6)
		return false;
	return setup->engine == FLOW_ENGINE_LIBESMTP ||
	       !submit_esmtp_unfit(&submit->ask);
}

static void on_begin(void *arg)
{
	begin(arg);
}

static void start(struct flow_submit *submit)
{
	const struct flow_net *net = submit->net;

	if (!submit->is_via)
		submit->lookup.wrong = net->setup->smtp_wrong;
	submit->uses_libesmtp =
		!submit->lookup.wrong && is_for_libesmtp(submit);
	if (!submit->uses_libesmtp)
		flow_lookup_start(
			&submit->lookup, net, submit->place, on_found, submit);
	else if (!loop_timer_set(
			 net->loop, &submit->timer, 0, on_begin, submit))
		mem_exhausted();
}

struct flow_submit *flow_submit_start(const struct flow_net *net,
	const struct flow_token *token, const struct flow_place *way,
	void (*fn)(void *arg), void *arg)
{
	struct flow_submit *submit = arena_alloc(net->arena, sizeof(*submit));

	*submit = (struct flow_submit){
		.net = net,
		.place = way ? way : &net->setup->smtp,
		.is_via = way != NULL,
		.token = *token,
		.fn = fn,
		.arg = arg,
		.begin_us = clock_mono_us(),
	};
	make_options(submit);
	make_ask(submit);
	submit->service.name = flow_place_name(
		net->arena, submit->place, submit->is_via ? 25 : 587);
	submit->has_message = add_message(submit);
	start(submit);
	return submit;
}

bool flow_submit_end(struct flow_submit *submit)
{
	if (!submit || submit->is_over)
		return false;
	if (submit->submission)
		submission_end(submit->submission);
	else if (submit->esmtp)
		esmtp_end(submit->esmtp);
	else
		fail(submit, FLOW_TIMED_OUT, "its name is still looked up");
	return true;
}

bool flow_submit_is_over(const struct flow_submit *submit)
{
	return submit->is_over;
}

const struct flow_service *flow_submit_service(const struct flow_submit *submit)
{
	return &submit->service;
}

bool flow_submit_event(
	const struct flow_submit *submit, struct flow_event *event)
{
	*event = (struct flow_event){
		.what = FLOW_IS_REFUSED,
		.series = submit->token.series,
		.number = submit->token.number,
		.sent_ms = submit->token.sent_ms,
		.said = submit->service.said,
	};
	if (submit->facts && submit->facts->end == SUBMIT_ACCEPTED)
		event->what = FLOW_IS_ACCEPTED;
	return !submit->facts || submit->facts->end != SUBMIT_UNSURE;
}

const char *flow_submit_host(const struct flow_submit *submit)
{
	const struct submit_facts *facts = submit->facts;

	if (!facts)
		return NULL;
	return facts->offer_tls.host ? facts->offer_tls.host
				     : facts->offer.host;
}

void flow_submit_free(struct flow_submit *submit)
{
	if (!submit)
		return;
	submission_free(submit->submission);
	esmtp_free(submit->esmtp);
	submit->submission = NULL;
	submit->esmtp = NULL;
}
