/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One step at a time and nothing pipelined, so that each has its own reply
 * and its own time. What a server says before it is asked is never taken for
 * the reply to what is asked next: it ends the dialogue.
 *
 * Where TLS was promised and did not come up, a second connection goes on
 * without it, as a sender does that has no policy which forbids that.
 */
#include "config.h"

#include "common/mailnet/dialogue.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailnet/reply_facts.h"
#include "common/mailnet/smtp_link.h"
#include "common/mailnet/smtp_words.h"

enum {
	/* "RCPT TO:<" PATH "> SMTPUTF8" CR LF, or "EHLO " and a name. */
	COMMAND_MAX = 512,
	/* Nobody waits longer for the reply to QUIT: all is known by then. */
	QUIT_US = 1000 * 1000,
	/* Nor, behind that reply, for the server to close. */
	LEAVE_US = 100 * 1000,
};

struct dialogue {
	struct dialogues *all;
	struct dialogue *next;
	struct dialogue_ask ask;
	dialogue_fn fn;
	void *arg;
	bool is_running, has_ended;
	bool is_leaving; /* all is said, but the server has not closed yet */

	struct smtp_session *session;
	/* Of the connection without TLS after one that failed: the steps up
	 * to EHLO, of which the last is remembered. */
	bool is_second;
	struct smtp_step second[SMTP_MAIL];
	const struct smtp_step *last;

	struct smtp_link link;
	enum smtp_step_id step; /* in hand */
	bool says_helo;
	struct smtp_step refused; /* EHLO, where HELO is tried */
	int64_t step_us;          /* its start */
	struct loop_timer timer;  /* to start it */
	char command[COMMAND_MAX];
};

struct dialogues {
	struct arena *arena;
	struct loop *loop;
	struct dialogue_options options;
	struct dialogue *first, **last;
	size_t n_open;
	bool runs; /* in dialogues_run() */
	uint64_t n_connections;
};

static bool is_same_place(const struct dialogue *a, const struct dialogue *b);
static void start_queued(struct dialogues *all);
static void begin(struct dialogue *dialogue);

/* -- steps --------------------------------------------------------------- */

static struct smtp_step *slot(struct dialogue *dialogue)
{
	if (dialogue->is_second && dialogue->step < SMTP_MAIL)
		return &dialogue->second[dialogue->step];
	return &dialogue->session->steps[dialogue->step];
}

static void record(struct dialogue *dialogue, enum smtp_outcome outcome,
	uint16_t code, const char *text)
{
	struct smtp_step *step = slot(dialogue);
	*step = (struct smtp_step){
		.outcome = outcome,
		.code = code,
		.text = text,
		.at_us = dialogue->step_us - dialogue->all->options.start_us,
		.took_us = clock_mono_us() - dialogue->step_us,
	};
	if (dialogue->is_second && dialogue->step < SMTP_MAIL)
		dialogue->last = step;
}

static void start_step(
	struct dialogue *dialogue, enum smtp_step_id step, int64_t bound_us)
{
	dialogue->step = step;
	dialogue->step_us = clock_mono_us();
	smtp_link_bound(&dialogue->link, dialogue->step_us + bound_us);
}

/* -- the end ------------------------------------------------------------- */

static void drop_connection(struct dialogue *dialogue)
{
	loop_timer_cancel(dialogue->all->loop, &dialogue->timer);
	smtp_link_close(&dialogue->link);
}

static void finish(struct dialogue *dialogue)
{
	struct dialogues *all = dialogue->all;
	struct smtp_step *mail = &dialogue->session->steps[SMTP_MAIL];
	drop_connection(dialogue);
	/* Why the second connection did not come as far as MAIL. */
	if (dialogue->is_second && mail->outcome == SMTP_NOT_DONE &&
		mail->text == NULL && dialogue->last != NULL)
		*mail = *dialogue->last;
	dialogue->is_running = false;
	dialogue->has_ended = true;
	all->n_open--;
	dialogue->fn(dialogue->arg, dialogue->session);
	start_queued(all);
	if (all->n_open == 0 && all->runs)
		loop_stop(all->loop);
}

/* After the facts of TLS were read, where it had begun. */
static void retry_without_tls(struct dialogue *dialogue)
{
	drop_connection(dialogue);
	dialogue->session->is_retried_plain = true;
	dialogue->is_second = true;
	dialogue->last = NULL;
	begin(dialogue);
}

static void read_tls_facts(struct dialogue *dialogue)
{
	struct dialogues *all = dialogue->all;
	if (dialogue->link.connection.tls != NULL)
		tls_read_facts(dialogue->link.connection.tls, all->arena,
			all->options.keeps_der, &dialogue->session->tls);
}

/* The step in hand has failed. */
static void fail(
	struct dialogue *dialogue, enum smtp_outcome outcome, const char *text)
{
	record(dialogue, outcome, 0, text);
	if (dialogue->step != SMTP_TLS) {
		finish(dialogue);
		return;
	}
	read_tls_facts(dialogue);
	retry_without_tls(dialogue);
}

/* With TLS 1.3 a server tells only after our end of the handshake what it
 * thinks of it. */
static void fail_after_handshake(struct dialogue *dialogue, const char *text)
{
	struct smtp_step *tls = &dialogue->session->steps[SMTP_TLS];
	dialogue->session->tls.version = 0;
	dialogue->session->tls.cipher = NULL;
	tls->outcome = SMTP_TLS_FAILED;
	tls->text = text;
	retry_without_tls(dialogue);
}

static void on_failed(void *arg, enum smtp_outcome outcome, const char *why)
{
	struct dialogue *dialogue = arg;
	if (dialogue->is_leaving)
		finish(dialogue);
	else if (outcome != SMTP_TLS_FAILED || dialogue->step == SMTP_TLS)
		fail(dialogue, outcome, why);
	else if (dialogue->step == SMTP_EHLO_TLS &&
		 dialogue->link.reply.n_bytes == 0)
		fail_after_handshake(dialogue, why);
	else
		fail(dialogue, SMTP_CLOSED, why);
}

/* -- commands ------------------------------------------------------------ */

/* How many times the place will have to be waited for, this one included. */
static int64_t rounds_of(const struct dialogue *dialogue)
{
	const struct dialogue *one = dialogue->all->first;
	int64_t n_queued = 0;

	for (; one != NULL; one = one->next)
		n_queued += !one->is_running && !one->has_ended &&
			    is_same_place(one, dialogue);
	return 1 + (n_queued + DIALOGUE_AT_ONCE - 1) / DIALOGUE_AT_ONCE;
}

/* All that are queued have to be begun, as far as each can have a step's time. */
static int64_t greeting_bound_of(const struct dialogue *dialogue)
{
	const struct dialogue_options *options = &dialogue->all->options;
	int64_t left_us = options->deadline_us - clock_mono_us();
	int64_t behind = rounds_of(dialogue) - 1;

	if (options->deadline_us == 0 || behind == 0)
		return options->greeting_us;
	left_us -= behind * options->step_us;
	if (left_us < options->step_us)
		left_us = options->step_us;
	return left_us < options->greeting_us ? left_us : options->greeting_us;
}

/* Those that are queued have to be heard, too. */
static int64_t bound_of(const struct dialogue *dialogue, enum smtp_step_id step)
{
	const struct dialogue_options *options = &dialogue->all->options;
	int64_t bound_us = options->reply_us;
	int64_t left_us = options->deadline_us - clock_mono_us();
	if (step == SMTP_QUIT && options->step_us > QUIT_US)
		return QUIT_US;
	if (step == SMTP_STARTTLS || step == SMTP_RSET || step == SMTP_QUIT)
		return options->step_us;
	left_us = left_us / 10 * 7 / rounds_of(dialogue);
	if (bound_us > left_us)
		bound_us = left_us;
	return bound_us > options->step_us ? bound_us : options->step_us;
}

static void send_command(struct dialogue *dialogue, enum smtp_step_id step,
	const char *verb, const char *argument, const char *end)
{
	struct text line;
	size_t len;
	start_step(dialogue, step, bound_of(dialogue, step));
	smtp_reply_init(&dialogue->link.reply);
	if (smtp_link_speaks_first(&dialogue->link)) {
		fail(dialogue, SMTP_MALFORMED, "speaks before it is asked");
		return;
	}
	text_init(&line, COMMAND_MAX);
	text_printf(&line, "%s%s%s\r\n", verb, argument, end);
	memcpy(dialogue->command, line.data, line.len);
	len = line.len;
	text_release(&line);
	smtp_link_send(&dialogue->link, dialogue->command, len);
}

static void send_quit(struct dialogue *dialogue)
{
	send_command(dialogue, SMTP_QUIT, "QUIT", "", "");
}

static void send_hello(
	struct dialogue *dialogue, enum smtp_step_id step, const char *verb)
{
	const char *helo = dialogue->all->options.helo;
	send_command(dialogue, step, verb,
		helo != NULL ? helo
			     : smtp_own_literal(dialogue->all->arena,
				       dialogue->session->local_text),
		"");
}

static void send_ehlo(struct dialogue *dialogue, enum smtp_step_id step)
{
	send_hello(dialogue, step, "EHLO ");
}

static const char *recipient(
	const struct dialogue *dialogue, enum smtp_step_id step)
{
	switch ((unsigned)step) {
	case SMTP_RCPT:
		return dialogue->ask.rcpt;
	case SMTP_RCPT_INVALID:
		return dialogue->ask.rcpt_invalid;
	case SMTP_RCPT_RELAY:
		return dialogue->ask.rcpt_relay;
	default:
		return NULL;
	}
}

static const struct smtp_offer *offer(const struct dialogue *dialogue)
{
	const struct smtp_session *session = dialogue->session;
	return dialogue->link.connection.tls != NULL ? &session->offer_tls
						     : &session->offer;
}

/* RFC 6531 section 3.4: asked for only where it is offered and needed. A
 * recipient that needs it and can't have it is not sent. */
static bool needs_utf8(const struct dialogue *dialogue)
{
	return !smtp_is_ascii(dialogue->ask.mail_from) ||
	       !smtp_is_ascii(dialogue->ask.rcpt) ||
	       !smtp_is_ascii(dialogue->ask.rcpt_invalid) ||
	       !smtp_is_ascii(dialogue->ask.rcpt_relay);
}

static void send_mail(struct dialogue *dialogue)
{
	if (needs_utf8(dialogue) && !offer(dialogue)->has_smtputf8) {
		dialogue->step = SMTP_MAIL;
		dialogue->step_us = clock_mono_us();
		record(dialogue, SMTP_NOT_DONE, 0, "SMTPUTF8 is not offered");
		send_quit(dialogue);
		return;
	}
	send_command(dialogue, SMTP_MAIL, "MAIL FROM:<",
		dialogue->ask.mail_from,
		needs_utf8(dialogue) ? "> SMTPUTF8" : ">");
}

/* The first step from this one on that is wanted: a recipient, or RSET. */
static void send_from(struct dialogue *dialogue, enum smtp_step_id step)
{
	while (step < SMTP_RSET && recipient(dialogue, step) == NULL)
		step = (enum smtp_step_id)(step + 1);
	if (step < SMTP_RSET)
		send_command(dialogue, step, "RCPT TO:<",
			recipient(dialogue, step), ">");
	else
		send_command(dialogue, SMTP_RSET, "RSET", "", "");
}

/* -- TLS ----------------------------------------------------------------- */

static void on_secured(void *arg)
{
	struct dialogue *dialogue = arg;
	record(dialogue, SMTP_DONE, 0, NULL);
	read_tls_facts(dialogue);
	connection_hurry(&dialogue->link.connection);
	send_ehlo(dialogue, SMTP_EHLO_TLS);
}

static void start_tls(struct dialogue *dialogue)
{
	start_step(dialogue, SMTP_TLS, dialogue->all->options.step_us);
	smtp_link_start_tls(&dialogue->link, dialogue->all->options.tls,
		dialogue->ask.name);
}

/* -- replies ------------------------------------------------------------- */

static void after_ehlo(struct dialogue *dialogue, const struct smtp_step *step)
{
	struct smtp_session *session = dialogue->session;
	bool is_fine = smtp_step_is(step, 2);
	/* RFC 5321 section 3.2: who does not know EHLO is greeted by HELO. */
	if (!is_fine && !dialogue->says_helo && step->code / 100 == 5 &&
		dialogue->step == SMTP_EHLO) {
		dialogue->refused = *step;
		dialogue->says_helo = true;
		send_hello(dialogue, SMTP_EHLO, "HELO ");
		return;
	}
	/* What was said to EHLO is the fact; see is_helo of what is offered. */
	if (dialogue->says_helo)
		*slot(dialogue) = dialogue->refused;
	if (!is_fine) {
		send_quit(dialogue);
		return;
	}
	if (dialogue->step == SMTP_EHLO_TLS)
		reply_offer(dialogue->all->arena, &dialogue->link.reply,
			&session->offer_tls);
	else if (!dialogue->is_second) {
		reply_offer(dialogue->all->arena, &dialogue->link.reply,
			&session->offer);
		session->offer.is_helo = dialogue->says_helo;
	}
	if (dialogue->step == SMTP_EHLO && !dialogue->is_second &&
		session->offer.has_starttls && !dialogue->says_helo)
		send_command(dialogue, SMTP_STARTTLS, "STARTTLS", "", "");
	else
		send_mail(dialogue);
}

static bool is_waited_for(const struct dialogue *dialogue)
{
	const struct dialogue *one = dialogue->all->first;

	while (one != NULL && (one->is_running || one->has_ended ||
				      !is_same_place(one, dialogue)))
		one = one->next;
	return one != NULL;
}

/* A server counts a connection until it has closed it itself; another one
 * before that may be one too many. */
static void leave(struct dialogue *dialogue)
{
	if (!is_waited_for(dialogue)) {
		finish(dialogue);
		return;
	}
	dialogue->is_leaving = true;
	start_step(dialogue, SMTP_QUIT, LEAVE_US);
	smtp_link_leave(&dialogue->link);
}

static void on_replied(void *arg)
{
	struct dialogue *dialogue = arg;
	const struct smtp_reply *reply = &dialogue->link.reply;
	struct smtp_step *step = slot(dialogue);
	bool is_fine = reply->code / 100 == 2;
	record(dialogue, SMTP_DONE, reply->code, NULL);
	step->text = reply_text(dialogue->all->arena, reply, &step->enhanced);
	if (reply->code == 421 && dialogue->step != SMTP_QUIT) {
		/* It closes the connection (RFC 5321 section 3.8). */
		send_quit(dialogue);
		return;
	}
	/* RFC 5321 section 4.2.1: only DATA, which is never said, gets it. As
	 * the reply to RCPT it would be neither yes nor no. */
	if (reply->code / 100 == 3 && dialogue->step != SMTP_STARTTLS &&
		dialogue->step < SMTP_RSET) {
		fail(dialogue, SMTP_MALFORMED,
			"answers with a code that only DATA gets");
		return;
	}
	switch (dialogue->step) {
	case SMTP_GREETING:
		if (is_fine)
			send_ehlo(dialogue, SMTP_EHLO);
		else
			send_quit(dialogue);
		return;
	case SMTP_EHLO:
	case SMTP_EHLO_TLS:
		after_ehlo(dialogue, step);
		return;
	case SMTP_STARTTLS:
		/* 220 it should be; senders go by the first digit. */
		if (is_fine)
			start_tls(dialogue);
		else
			send_mail(dialogue);
		return;
	case SMTP_MAIL:
		if (is_fine)
			send_from(dialogue, SMTP_RCPT);
		else
			send_quit(dialogue);
		return;
	case SMTP_RCPT:
	case SMTP_RCPT_INVALID:
	case SMTP_RCPT_RELAY:
		send_from(dialogue, (enum smtp_step_id)(dialogue->step + 1));
		return;
	case SMTP_RSET:
		send_quit(dialogue);
		return;
	case SMTP_QUIT:
		leave(dialogue);
		return;
	case SMTP_CONNECT:
	case SMTP_TLS:
	case SMTP_STEPS:
		finish(dialogue);
		return;
	}
}

/* -- the connection ------------------------------------------------------ */

static void on_connected(void *arg, bool was_reset)
{
	struct dialogue *dialogue = arg;
	record(dialogue, SMTP_DONE, 0, NULL);
	dialogue->session->local_text = connection_local(
		&dialogue->link.connection, dialogue->all->arena);
	start_step(dialogue, SMTP_GREETING, greeting_bound_of(dialogue));
	/* What can be reset did stand. */
	if (was_reset)
		fail(dialogue, SMTP_CLOSED, "connection reset");
	else
		smtp_link_read(&dialogue->link);
}

static const struct smtp_link_events link_events = {
	.connected = on_connected,
	.secured = on_secured,
	.replied = on_replied,
	.failed = on_failed,
};

static void begin(struct dialogue *dialogue)
{
	dialogue->is_running = true;
	dialogue->says_helo = false;
	dialogue->all->n_connections++;
	start_step(dialogue, SMTP_CONNECT, dialogue->all->options.connect_us);
	smtp_link_open(
		&dialogue->link, &dialogue->ask.addr, dialogue->ask.port);
}

/* -- many of them -------------------------------------------------------- */

static void on_start(void *arg)
{
	begin(arg);
}

/* Whether two connect to what is to be treated as one. */
static bool is_same_place(const struct dialogue *a, const struct dialogue *b)
{
	if (dns_addr_compare(&a->ask.addr, &b->ask.addr) == 0)
		return true;
	return a->ask.provider != NULL && b->ask.provider != NULL &&
	       strcmp(a->ask.provider, b->ask.provider) == 0;
}

static bool may_start(const struct dialogue *dialogue)
{
	unsigned n = 0;
	for (const struct dialogue *other = dialogue->all->first; other != NULL;
		other = other->next)
		if (other->is_running && is_same_place(dialogue, other))
			n++;
	return n < DIALOGUE_AT_ONCE;
}

/* From the loop, so that fn is never called from dialogues_start(). */
static void start_queued(struct dialogues *all)
{
	for (struct dialogue *one = all->first; one != NULL; one = one->next) {
		if (one->is_running || one->has_ended || !may_start(one))
			continue;
		one->is_running = true;
		if (!loop_timer_set(all->loop, &one->timer, 0, on_start, one))
			mem_exhausted();
	}
}

static const char *check_ask(const struct dialogue_ask *ask)
{
	const char *wrong = NULL;
	if (ask->mail_from[0] != '\0')
		wrong = smtp_path_check(ask->mail_from);
	if (wrong == NULL)
		wrong = smtp_path_check(ask->rcpt);
	if (wrong == NULL)
		wrong = smtp_path_check(ask->rcpt_invalid);
	if (wrong == NULL)
		wrong = smtp_path_check(ask->rcpt_relay);
	return wrong;
}

struct dialogues *dialogues_new(struct arena *arena, struct loop *loop,
	const struct dialogue_options *options, const char **why)
{
	struct dialogues *all;
	*why = smtp_helo_check(options->helo);
	if (*why != NULL)
		return NULL;
	all = arena_alloc(arena, sizeof(*all));
	*all = (struct dialogues){ .arena = arena,
		.loop = loop,
		.options = *options,
		.last = &all->first };
	return all;
}

void dialogues_free(struct dialogues *dialogues)
{
	if (dialogues == NULL)
		return;
	for (struct dialogue *one = dialogues->first; one != NULL;
		one = one->next)
		if (!one->has_ended)
			drop_connection(one);
}

const char *dialogues_start(struct dialogues *dialogues,
	const struct dialogue_ask *ask, dialogue_fn fn, void *arg)
{
	struct dialogue *dialogue;
	const char *wrong = check_ask(ask);
	if (wrong != NULL)
		return wrong;
	dialogue = arena_alloc(dialogues->arena, sizeof(*dialogue));
	dialogue->all = dialogues;
	dialogue->ask = *ask;
	dialogue->fn = fn;
	dialogue->arg = arg;
	dialogue->link = (struct smtp_link){ .loop = dialogues->loop,
		.events = &link_events,
		.arg = dialogue,
		.connection = { .fd = -1 } };
	dialogue->session =
		arena_alloc(dialogues->arena, sizeof(*dialogue->session));
	*dialogues->last = dialogue;
	dialogues->last = &dialogue->next;
	dialogues->n_open++;
	start_queued(dialogues);
	return NULL;
}

/* At the deadline: what is open ends here, and nothing is begun any more. */
void dialogues_end(struct dialogues *all)
{
	for (struct dialogue *one = all->first; one != NULL; one = one->next) {
		bool has_begun = one->link.connection.fd >= 0;
		if (one->has_ended)
			continue;
		if (has_begun && one->step == SMTP_TLS)
			read_tls_facts(one);
		if (has_begun && !one->is_leaving)
			record(one, SMTP_TIMED_OUT, 0, "the deadline came");
		else if (!has_begun)
			one->session->steps[SMTP_CONNECT].text =
				"the deadline came";
		/* Before finish(), which starts what is queued. */
		one->is_running = true;
	}
	for (struct dialogue *one = all->first; one != NULL; one = one->next)
		if (!one->has_ended)
			finish(one);
}

bool dialogues_run(struct dialogues *dialogues)
{
	enum loop_end end = LOOP_STOPPED;
	if (dialogues->n_open > 0) {
		dialogues->runs = true;
		end = loop_run(dialogues->loop);
		dialogues->runs = false;
	}
	if (dialogues->n_open == 0)
		return false;
	dialogues_end(dialogues);
	return end == LOOP_DEADLINE;
}

uint64_t dialogues_connections(const struct dialogues *dialogues)
{
	return dialogues->n_connections;
}
