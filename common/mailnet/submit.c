/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One step at a time and nothing pipelined, so that each has its own reply,
 * and what was sent is known to the byte. Whatever is sent before it is asked
 * for ends the submission.
 */
#include "config.h"

#include "common/mailnet/submit.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailnet/child.h"
#include "common/mailnet/reply_facts.h"
#include "common/mailnet/smtp_link.h"
#include "common/mailnet/smtp_words.h"
#include "common/mailnet/submit_auth.h"
#include "common/mailnet/submit_facts.h"

enum {
	/* RCPT, its path and the same again as xtext. */
	COMMAND_MAX = 2048,
	/* Nobody waits longer for the reply to QUIT: all is known by then. */
	QUIT_US = 1000 * 1000,
};

struct submission {
	struct arena *arena;
	struct loop *loop;
	struct submit_options options;
	struct submit_ask ask;
	submit_fn fn;
	void *arg;
	bool has_begun, has_ended;

	struct submit_facts *facts;
	struct child lookup;
	struct dns_addr addrs[SUBMIT_ADDRESSES_MAX];
	size_t n_addrs, at; /* at: the one in hand */
	struct smtp_link link;
	enum submit_step_id step; /* in hand */
	int64_t step_us;          /* its start */
	struct loop_timer timer;  /* to begin */
	bool says_helo;
	char command[COMMAND_MAX];
	struct submit_login login;
	struct submit_body body;
};

static void try_address(struct submission *submission);

/* -- steps --------------------------------------------------------------- */

static struct smtp_step *record(struct submission *submission,
	enum smtp_outcome outcome, uint16_t code, const char *text)
{
	struct smtp_step *step = &submission->facts->steps[submission->step];
	*step = (struct smtp_step){
		.outcome = outcome,
		.code = code,
		.text = text,
		.at_us = submission->step_us - submission->options.start_us,
		.took_us = clock_mono_us() - submission->step_us,
	};
	return step;
}

static int64_t bound_of(
	const struct submit_options *options, enum submit_step_id step)
{
	if (step == SUBMIT_STEP_CONNECT || step == SUBMIT_STEP_LOOKUP)
		return options->connect_us;
	if (step == SUBMIT_STEP_GREETING)
		return options->greeting_us;
	if (step == SUBMIT_STEP_MESSAGE && options->final_us > 0)
		return options->final_us;
	if (step == SUBMIT_STEP_QUIT && options->step_us > QUIT_US)
		return QUIT_US;
	return options->step_us;
}

/* Returns when it must have come to something. */
static int64_t start_step(
	struct submission *submission, enum submit_step_id step)
{
	const struct submit_options *options = &submission->options;
	int64_t at_us;
	submission->step = step;
	submission->step_us = clock_mono_us();
	if (step != SUBMIT_STEP_QUIT)
		submission->facts->last = step;
	at_us = submission->step_us + bound_of(options, step);
	if (options->deadline_us > 0 && at_us > options->deadline_us)
		at_us = options->deadline_us;
	return at_us;
}

static void begin_step(struct submission *submission, enum submit_step_id step)
{
	smtp_link_bound(&submission->link, start_step(submission, step));
}

/* -- the end ------------------------------------------------------------- */

static void drop(struct submission *submission)
{
	loop_timer_cancel(submission->loop, &submission->timer);
	child_drop(&submission->lookup);
	smtp_link_close(&submission->link);
	submit_auth_wipe(&submission->login, sizeof(submission->login));
	submission->has_ended = true;
}

static void finish(struct submission *submission)
{
	drop(submission);
	submission->fn(submission->arg, submission->facts);
}

static bool may_try_next(const struct submission *submission)
{
	const struct submit_options *options = &submission->options;
	enum submit_step_id step = submission->step;
	return (step == SUBMIT_STEP_CONNECT || step == SUBMIT_STEP_GREETING) &&
	       submission->at + 1 < submission->n_addrs &&
	       (options->deadline_us == 0 ||
		       clock_mono_us() < options->deadline_us);
}

/* Nothing was said to it yet. */
static void try_next(struct submission *submission)
{
	struct submit_facts *facts = submission->facts;
	struct submit_try *one = &facts->tries[facts->n_tries++];
	one->address = facts->address;
	one->step = submission->step;
	one->came_to = facts->steps[submission->step];
	for (int i = SUBMIT_STEP_CONNECT; i < SUBMIT_STEPS; i++)
		facts->steps[i] = (struct smtp_step){ 0 };
	facts->tls = (struct smtp_tls){ 0 };
	facts->trust = SUBMIT_TRUST_UNKNOWN;
	facts->why_untrusted = NULL;
	smtp_link_close(&submission->link);
	submission->at++;
	try_address(submission);
}

/* The step in hand has failed. Between the last byte of a message and a reply
 * that is one, nobody knows. */
static void fail(struct submission *submission, enum smtp_outcome outcome,
	const char *text)
{
	record(submission, outcome, 0, text);
	if (submission->step == SUBMIT_STEP_MESSAGE &&
		submission->link.phase == SMTP_LINK_READING)
		submission->facts->end = SUBMIT_UNSURE;
	if (may_try_next(submission) && outcome != SMTP_OUR_FAULT)
		try_next(submission);
	else
		finish(submission);
}

static void read_tls_facts(struct submission *submission)
{
	if (submission->link.connection.tls != NULL)
		tls_read_facts(submission->link.connection.tls,
			submission->arena, false, &submission->facts->tls);
}

static void on_failed(void *arg, enum smtp_outcome outcome, const char *why)
{
	struct submission *submission = arg;
	if (submission->step == SUBMIT_STEP_TLS)
		read_tls_facts(submission);
	else if (outcome == SMTP_TLS_FAILED)
		outcome = SMTP_CLOSED;
	/* There was no reply that it could be behind. */
	if (outcome == SMTP_INJECTED &&
		submission->ask.security == SUBMIT_TLS) {
		outcome = SMTP_TLS_FAILED;
		why = "speaks plain text there, not TLS";
	}
	fail(submission, outcome, why);
}

/* -- commands ------------------------------------------------------------ */

/* False: it has failed. */
static bool may_speak(struct submission *submission)
{
	if (!smtp_link_speaks_first(&submission->link))
		return true;
	smtp_reply_init(&submission->link.reply);
	submission->link.phase = SMTP_LINK_WRITING;
	fail(submission, SMTP_MALFORMED, "speaks before it is asked");
	return false;
}

static void send_bytes(
	struct submission *submission, const char *bytes, size_t len)
{
	smtp_link_send(&submission->link, bytes, len);
}

/* line is released. */
static void send_line(struct submission *submission, enum submit_step_id step,
	struct text *line)
{
	size_t len = line->len;
	memcpy(submission->command, line->data, len);
	text_release(line);
	begin_step(submission, step);
	if (may_speak(submission))
		send_bytes(submission, submission->command, len);
}

static void send_command(struct submission *submission,
	enum submit_step_id step, const char *verb, const char *argument)
{
	struct text line;
	text_init(&line, COMMAND_MAX);
	text_printf(&line, "%s%s\r\n", verb, argument);
	send_line(submission, step, &line);
}

/* All is known: what is said to it does not count. */
static void send_quit(struct submission *submission)
{
	begin_step(submission, SUBMIT_STEP_QUIT);
	if (smtp_link_speaks_first(&submission->link))
		finish(submission);
	else
		send_bytes(submission, "QUIT\r\n", 6);
}

static void send_hello(struct submission *submission, enum submit_step_id step,
	const char *verb)
{
	const char *helo = submission->options.helo;
	send_command(submission, step, verb,
		helo != NULL ? helo
			     : smtp_own_literal(submission->arena,
				       submission->facts->local_text));
}

static bool is_secure(const struct submission *submission)
{
	return submission->link.connection.tls != NULL;
}

static enum submit_step_id ehlo_step(const struct submission *submission)
{
	return is_secure(submission) ? SUBMIT_STEP_EHLO_TLS : SUBMIT_STEP_EHLO;
}

static const struct smtp_offer *offer(const struct submission *submission)
{
	return is_secure(submission) ? &submission->facts->offer_tls
				     : &submission->facts->offer;
}

/* Ends before a step that can't be done there. */
static void stop_before(struct submission *submission, enum submit_step_id step,
	const char *why)
{
	(void)start_step(submission, step);
	record(submission, SMTP_NOT_DONE, 0, why);
	send_quit(submission);
}

static void send_mail(struct submission *submission)
{
	struct text line;
	const char *lacks = submit_lacks(&submission->ask, offer(submission));
	if (lacks != NULL) {
		stop_before(submission, SUBMIT_STEP_MAIL, lacks);
		return;
	}
	submission->facts->has_sent_dsn = offer(submission)->has_dsn &&
					  submit_wants_dsn(&submission->ask);
	text_init(&line, COMMAND_MAX);
	submit_add_mail(&line, &submission->ask, offer(submission),
		submission->body.len);
	send_line(submission, SUBMIT_STEP_MAIL, &line);
}

static void send_rcpt(struct submission *submission)
{
	struct text line;
	text_init(&line, COMMAND_MAX);
	submit_add_rcpt(&line, &submission->ask, offer(submission));
	send_line(submission, SUBMIT_STEP_RCPT, &line);
}

static void send_message(struct submission *submission)
{
	begin_step(submission, SUBMIT_STEP_MESSAGE);
	if (may_speak(submission))
		send_bytes(submission, submission->body.bytes,
			submission->body.len);
}

/* -- login --------------------------------------------------------------- */

static void start_login(struct submission *submission)
{
	struct submit_login *login = &submission->login;
	login->mechanism = submit_auth_choose(
		submission->ask.auth, offer(submission)->auth);
	login->stage = 0;
	if (!submit_auth_next(login, &submission->ask)) {
		stop_before(submission, SUBMIT_STEP_AUTH,
			"no mechanism that could be used is offered");
		return;
	}
	submission->facts->mechanism = submit_auth_name(login->mechanism);
	begin_step(submission, SUBMIT_STEP_AUTH);
	if (may_speak(submission))
		send_bytes(submission, login->line, login->len);
}

/* What is behind a 334 of these is about a token that was not taken. */
static void note_challenge(struct submission *submission)
{
	struct submit_facts *facts = submission->facts;
	if (submission->login.mechanism != SUBMIT_MECH_OAUTHBEARER &&
		submission->login.mechanism != SUBMIT_MECH_XOAUTH2)
		return;
	facts->challenge = submit_auth_challenge(
		submission->arena, &submission->link.reply);
	if (submit_auth_tells(facts->challenge, &submission->ask))
		facts->challenge = NULL;
}

static void go_on_with_login(struct submission *submission)
{
	struct submit_login *login = &submission->login;
	note_challenge(submission);
	if (!submit_auth_next(login, &submission->ask)) {
		fail(submission, SMTP_MALFORMED, "asks for more than there is");
		return;
	}
	if (may_speak(submission))
		send_bytes(submission, login->line, login->len);
}

/* -- replies ------------------------------------------------------------- */

static void after_greeting(struct submission *submission, bool is_fine)
{
	if (is_fine)
		send_hello(submission, ehlo_step(submission), "EHLO ");
	else if (may_try_next(submission))
		try_next(submission);
	else
		send_quit(submission);
}

static void start_transaction(struct submission *submission)
{
	if (submission->ask.auth != SUBMIT_NO_AUTH)
		start_login(submission);
	else
		send_mail(submission);
}

static void after_offer(struct submission *submission)
{
	enum submit_security security = submission->ask.security;
	bool has = submission->facts->offer.has_starttls;
	if (is_secure(submission) || security == SUBMIT_PLAIN ||
		(security == SUBMIT_AS_OFFERED && !has))
		start_transaction(submission);
	else if (has)
		send_command(submission, SUBMIT_STEP_STARTTLS, "STARTTLS", "");
	else
		stop_before(
			submission, SUBMIT_STEP_STARTTLS, "it is not offered");
}

static void after_ehlo(struct submission *submission, uint16_t code)
{
	struct smtp_offer *out = is_secure(submission)
					 ? &submission->facts->offer_tls
					 : &submission->facts->offer;
	/* RFC 5321 section 3.2: who does not know EHLO is greeted by HELO. */
	if (code / 100 == 5 && !submission->says_helo) {
		submission->says_helo = true;
		send_hello(submission, submission->step, "HELO ");
		return;
	}
	if (code / 100 != 2) {
		send_quit(submission);
		return;
	}
	reply_offer(submission->arena, &submission->link.reply, out);
	out->is_helo = submission->says_helo;
	after_offer(submission);
}

static void start_tls(struct submission *submission)
{
	begin_step(submission, SUBMIT_STEP_TLS);
	smtp_link_start_tls(&submission->link, submission->options.tls,
		submission->ask.host);
}

/* 3xx is of AUTH and DATA alone. */
static bool is_out_of_place(const struct submission *submission)
{
	return submission->link.reply.code / 100 == 3 &&
	       submission->step != SUBMIT_STEP_AUTH &&
	       submission->step != SUBMIT_STEP_DATA &&
	       submission->step != SUBMIT_STEP_QUIT;
}

static void after_message(struct submission *submission, bool is_fine)
{
	struct submit_facts *facts = submission->facts;
	if (is_fine) {
		facts->end = SUBMIT_ACCEPTED;
		facts->queue_id = submit_queue_id(submission->arena,
			facts->steps[SUBMIT_STEP_MESSAGE].text);
	}
	send_quit(submission);
}

/* A reply to which the next step is an answer, or none. */
static void go_on(struct submission *submission, uint16_t code)
{
	bool is_fine = code / 100 == 2;
	switch ((unsigned)submission->step) {
	case SUBMIT_STEP_GREETING:
		after_greeting(submission, is_fine);
		return;
	case SUBMIT_STEP_EHLO:
	case SUBMIT_STEP_EHLO_TLS:
		after_ehlo(submission, code);
		return;
	case SUBMIT_STEP_MESSAGE:
		after_message(submission, is_fine);
		return;
	case SUBMIT_STEP_QUIT:
		finish(submission);
		return;
	default:
		break;
	}
	if (submission->step == SUBMIT_STEP_AUTH && code == 334)
		go_on_with_login(submission);
	else if (submission->step == SUBMIT_STEP_DATA && code / 100 == 3)
		send_message(submission);
	else if (submission->step == SUBMIT_STEP_DATA && is_fine)
		fail(submission, SMTP_MALFORMED,
			"has taken the message before it was sent");
	else if (!is_fine)
		send_quit(submission);
	else if (submission->step == SUBMIT_STEP_STARTTLS)
		start_tls(submission);
	else if (submission->step == SUBMIT_STEP_AUTH)
		send_mail(submission);
	else if (submission->step == SUBMIT_STEP_MAIL)
		send_rcpt(submission);
	else
		send_command(submission, SUBMIT_STEP_DATA, "DATA", "");
}

static void on_replied(void *arg)
{
	struct submission *submission = arg;
	const struct smtp_reply *reply = &submission->link.reply;
	struct smtp_step *step =
		record(submission, SMTP_DONE, reply->code, NULL);
	step->text = submit_reply_text(
		submission->arena, &submission->ask, reply, &step->enhanced);
	if (is_out_of_place(submission))
		fail(submission, SMTP_MALFORMED,
			"answers with a code of another command");
	else
		go_on(submission, reply->code);
}

/* -- the connection ------------------------------------------------------ */

/* Behind a certificate that is not the right one nothing more is said. */
static void on_secured(void *arg)
{
	struct submission *submission = arg;
	struct submit_facts *facts = submission->facts;
	record(submission, SMTP_DONE, 0, NULL);
	read_tls_facts(submission);
	if (!submit_judge_tls(submission->arena, &submission->ask, facts)) {
		fail(submission, SMTP_TLS_FAILED, facts->why_untrusted);
		return;
	}
	connection_hurry(&submission->link.connection);
	if (submission->ask.security == SUBMIT_TLS) {
		begin_step(submission, SUBMIT_STEP_GREETING);
		smtp_link_read(&submission->link);
	} else {
		send_hello(submission, SUBMIT_STEP_EHLO_TLS, "EHLO ");
	}
}

static void on_connected(void *arg, bool was_reset)
{
	struct submission *submission = arg;
	record(submission, SMTP_DONE, 0, NULL);
	submission->facts->local_text = connection_local(
		&submission->link.connection, submission->arena);
	if (submission->ask.security == SUBMIT_TLS && !was_reset) {
		start_tls(submission);
		return;
	}
	begin_step(submission, SUBMIT_STEP_GREETING);
	if (was_reset)
		fail(submission, SMTP_CLOSED, "connection reset");
	else
		smtp_link_read(&submission->link);
}

static const struct smtp_link_events link_events = {
	.connected = on_connected,
	.secured = on_secured,
	.replied = on_replied,
	.failed = on_failed,
};

static void try_address(struct submission *submission)
{
	const struct dns_addr *addr = &submission->addrs[submission->at];
	submission->facts->address = dns_addr_string(submission->arena, addr);
	submission->says_helo = false;
	submission->link = (struct smtp_link){ .loop = submission->loop,
		.events = &link_events,
		.arg = submission,
		.connection = { .fd = -1 } };
	begin_step(submission, SUBMIT_STEP_CONNECT);
	smtp_link_open(&submission->link, addr, submission->ask.port);
}

/* -- the name ------------------------------------------------------------ */

static bool address_of(const struct addrinfo *info, struct dns_addr *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	*out = (struct dns_addr){ 0 };
	if (info->ai_family == AF_INET) {
		memcpy(&v4, info->ai_addr, sizeof(v4));
		out->family = 4;
		memcpy(out->bytes, &v4.sin_addr, sizeof(v4.sin_addr));
	} else if (info->ai_family == AF_INET6) {
		memcpy(&v6, info->ai_addr, sizeof(v6));
		out->family = 6;
		memcpy(out->bytes, &v6.sin6_addr, sizeof(v6.sin6_addr));
	}
	return out->family != 0;
}

/* In the child. */
static void look_up(int out, void *arg)
{
	const struct submission *submission = arg;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *first = NULL;
	struct dns_addr addr;
	if (getaddrinfo(submission->ask.host, NULL, &hints, &first) != 0)
		return;
	for (const struct addrinfo *one = first; one != NULL;
		one = one->ai_next)
		if (address_of(one, &addr))
			(void)child_tell(out, &addr, sizeof(addr));
}

static void on_address(void *arg, const void *told)
{
	struct submission *submission = arg;
	if (submission->n_addrs < SUBMIT_ADDRESSES_MAX)
		memcpy(&submission->addrs[submission->n_addrs++], told,
			sizeof(struct dns_addr));
}

static void on_looked_up(void *arg, enum child_end end)
{
	struct submission *submission = arg;
	if (submission->n_addrs > 0) {
		record(submission, SMTP_DONE, 0, NULL);
		try_address(submission);
	} else if (end == CHILD_TIMED_OUT) {
		fail(submission, SMTP_TIMED_OUT, NULL);
	} else if (end == CHILD_ENDED) {
		fail(submission, SMTP_UNREACHABLE, "its name has no address");
	} else {
		fail(submission, SMTP_OUR_FAULT, "no process could be begun");
	}
}

static const struct child_events lookup_events = {
	.work = look_up,
	.told = on_address,
	.ended = on_looked_up,
	.record_size = sizeof(struct dns_addr),
};

/* -- all of it ----------------------------------------------------------- */

static void on_begin(void *arg)
{
	struct submission *submission = arg;
	submission->has_begun = true;
	if (submission->n_addrs > 0)
		try_address(submission);
	else
		child_start(&submission->lookup, submission->loop,
			&lookup_events, submission,
			start_step(submission, SUBMIT_STEP_LOOKUP));
}

struct submission *submission_new(struct arena *arena, struct loop *loop,
	const struct submit_options *options, const struct submit_ask *ask,
	const char **why)
{
	struct submission *submission;
	*why = submit_check(options, ask);
	if (*why != NULL)
		return NULL;
	submission = arena_alloc(arena, sizeof(*submission));
	submission->arena = arena;
	submission->loop = loop;
	submission->options = *options;
	submission->ask = *ask;
	submission->facts = arena_alloc(arena, sizeof(*submission->facts));
	submission->link.loop = loop;
	submission->link.connection.fd = -1;
	for (size_t i = 0; i < ask->n_addrs; i++)
		submission->addrs[submission->n_addrs++] = ask->addrs[i];
	submission->body = submit_body_make(arena, ask, true);
	return submission;
}

void submission_start(struct submission *submission, submit_fn fn, void *arg)
{
	submission->fn = fn;
	submission->arg = arg;
	if (!loop_timer_set(submission->loop, &submission->timer, 0, on_begin,
		    submission))
		mem_exhausted();
}

/* A second address is for the next run. */
void submission_end(struct submission *submission)
{
	if (submission->has_ended)
		return;
	submission->n_addrs = 0;
	if (submission->has_begun && submission->step != SUBMIT_STEP_QUIT)
		fail(submission, SMTP_TIMED_OUT, "the deadline came");
	else
		finish(submission);
}

void submission_free(struct submission *submission)
{
	if (submission != NULL && !submission->has_ended)
		drop(submission);
}
