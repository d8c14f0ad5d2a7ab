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
#include "common/mailnet/connection.h"
#include "common/mailnet/reply_facts.h"
#include "common/mailnet/smtp_reply.h"

enum {
	/* "RCPT TO:<" PATH "> SMTPUTF8" CR LF, or "EHLO " and a name. */
	COMMAND_MAX = 512,
	INPUT = 4096, /* bytes read at once */
	/* Nobody waits longer for the reply to QUIT: all is known by then. */
	QUIT_US = 1000 * 1000,
	/* Nor, behind that reply, for the server to close. */
	LEAVE_US = 100 * 1000,
};

enum phase {
	CONNECTING,
	SHAKING_HANDS,
	WRITING,
	READING,
	LEAVING,
};

struct dialogue {
	struct dialogues *all;
	struct dialogue *next;
	struct dialogue_ask ask;
	dialogue_fn fn;
	void *arg;
	bool is_running, has_ended;

	struct smtp_session *session;
	/* Of the connection without TLS after one that failed: the steps up
	 * to EHLO, of which the last is remembered. */
	bool is_second;
	struct smtp_step second[SMTP_MAIL];
	const struct smtp_step *last;

	struct connection connection;
	enum phase phase;
	enum smtp_step_id step; /* in hand */
	bool says_helo;
	struct smtp_step refused; /* EHLO, where HELO is tried */
	int64_t step_us;          /* its start */
	struct loop_timer timer;
	char command[COMMAND_MAX];
	size_t command_len, n_sent;
	struct smtp_reply reply;
	bool has_surplus; /* something came behind the reply */
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

static void on_ready(int fd, int events, void *arg);
static void on_timer(void *arg);
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

static void watch(struct dialogue *dialogue, int events)
{
	if (!loop_watch(dialogue->all->loop, dialogue->connection.fd, events,
		    on_ready, dialogue))
		mem_exhausted();
}

static void start_step(
	struct dialogue *dialogue, enum smtp_step_id step, int64_t bound_us)
{
	dialogue->step = step;
	dialogue->step_us = clock_mono_us();
	if (!loop_timer_set(dialogue->all->loop, &dialogue->timer,
		    dialogue->step_us + bound_us, on_timer, dialogue))
		mem_exhausted();
}

/* -- the end ------------------------------------------------------------- */

static void drop_connection(struct dialogue *dialogue)
{
	loop_timer_cancel(dialogue->all->loop, &dialogue->timer);
	if (dialogue->connection.fd >= 0)
		(void)loop_watch(dialogue->all->loop, dialogue->connection.fd,
			0, NULL, NULL);
	connection_close(&dialogue->connection);
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
	if (dialogue->connection.tls != NULL)
		tls_read_facts(dialogue->connection.tls, all->arena,
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

/* Reading or writing ended in something else than bytes. */
static void fail_connection(
	struct dialogue *dialogue, enum tls_status status, const char *why)
{
	if (status == TLS_BROKEN && dialogue->step == SMTP_EHLO_TLS &&
		dialogue->reply.n_bytes == 0)
		fail_after_handshake(dialogue, why);
	else
		fail(dialogue, SMTP_CLOSED, why);
}

static void on_timer(void *arg)
{
	struct dialogue *dialogue = arg;
	bool has_some =
		dialogue->phase == READING && dialogue->reply.n_bytes > 0;

	if (dialogue->phase == LEAVING) {
		finish(dialogue);
		return;
	}
	fail(dialogue, SMTP_TIMED_OUT,
		has_some ? "sends a reply without an end" : NULL);
}

/* -- commands ------------------------------------------------------------ */

static void wait_for_reply(struct dialogue *dialogue)
{
	smtp_reply_init(&dialogue->reply);
	dialogue->phase = READING;
	watch(dialogue, LOOP_READ);
}

static void on_writable(struct dialogue *dialogue)
{
	while (dialogue->n_sent < dialogue->command_len) {
		const char *why = NULL;
		size_t n = 0;
		enum tls_status status = connection_write(&dialogue->connection,
			dialogue->command + dialogue->n_sent,
			dialogue->command_len - dialogue->n_sent, &n, &why);
		if (status == TLS_WANTS_READ || status == TLS_WANTS_WRITE) {
			watch(dialogue, status == TLS_WANTS_READ ? LOOP_READ
								 : LOOP_WRITE);
			return;
		}
		if (status != TLS_OK) {
			fail_connection(dialogue, status, why);
			return;
		}
		dialogue->n_sent += n;
	}
	if (dialogue->connection.tls != NULL)
		connection_hurry(&dialogue->connection);
	wait_for_reply(dialogue);
}

/* Whether something has come that no command has asked for. */
static bool speaks_first(const struct dialogue *dialogue)
{
	uint8_t byte;
	return dialogue->has_surplus ||
	       (dialogue->connection.tls == NULL &&
		       connection_peek(&dialogue->connection, &byte, 1) > 0);
}

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
	start_step(dialogue, step, bound_of(dialogue, step));
	smtp_reply_init(&dialogue->reply);
	if (speaks_first(dialogue)) {
		fail(dialogue, SMTP_MALFORMED, "speaks before it is asked");
		return;
	}
	text_init(&line, COMMAND_MAX);
	text_printf(&line, "%s%s%s\r\n", verb, argument, end);
	memcpy(dialogue->command, line.data, line.len);
	dialogue->command_len = line.len;
	dialogue->n_sent = 0;
	text_release(&line);
	dialogue->phase = WRITING;
	on_writable(dialogue);
}

static void send_quit(struct dialogue *dialogue)
{
	send_command(dialogue, SMTP_QUIT, "QUIT", "", "");
}

/* RFC 5321 section 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static const char *own_literal(const struct dialogue *dialogue)
{
	const char *local = dialogue->session->local_text;
	if (local == NULL)
		local = "127.0.0.1";
	return arena_printf(dialogue->all->arena,
		strchr(local, ':') != NULL ? "[IPv6:%s]" : "[%s]", local);
}

static void send_hello(
	struct dialogue *dialogue, enum smtp_step_id step, const char *verb)
{
	const char *helo = dialogue->all->options.helo;
	send_command(dialogue, step, verb,
		helo != NULL ? helo : own_literal(dialogue), "");
}

static void send_ehlo(struct dialogue *dialogue, enum smtp_step_id step)
{
	send_hello(dialogue, step, "EHLO ");
}

static bool is_ascii(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
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
	return dialogue->connection.tls != NULL ? &session->offer_tls
						: &session->offer;
}

/* RFC 6531 section 3.4: asked for only where it is offered and needed. A
 * recipient that needs it and can't have it is not sent. */
static bool needs_utf8(const struct dialogue *dialogue)
{
	return !is_ascii(dialogue->ask.mail_from) ||
	       !is_ascii(dialogue->ask.rcpt) ||
	       !is_ascii(dialogue->ask.rcpt_invalid) ||
	       !is_ascii(dialogue->ask.rcpt_relay);
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

static void shake_hands(struct dialogue *dialogue)
{
	enum tls_status status = tls_handshake(dialogue->connection.tls);
	if (tls_heard_plain(dialogue->connection.tls)) {
		fail(dialogue, SMTP_INJECTED, "plain text in place of TLS");
		return;
	}
	switch (status) {
	case TLS_WANTS_READ:
	case TLS_WANTS_WRITE:
		watch(dialogue,
			status == TLS_WANTS_READ ? LOOP_READ : LOOP_WRITE);
		return;
	case TLS_OK:
		record(dialogue, SMTP_DONE, 0, NULL);
		read_tls_facts(dialogue);
		connection_hurry(&dialogue->connection);
		send_ehlo(dialogue, SMTP_EHLO_TLS);
		return;
	case TLS_CLOSED:
		fail(dialogue, SMTP_CLOSED, NULL);
		return;
	case TLS_BROKEN:
		fail(dialogue, SMTP_TLS_FAILED,
			tls_error(dialogue->connection.tls));
		return;
	}
}

static void start_tls(struct dialogue *dialogue)
{
	const char *why;
	start_step(dialogue, SMTP_TLS, dialogue->all->options.step_us);
	if (speaks_first(dialogue)) {
		fail(dialogue, SMTP_INJECTED,
			"plain text behind the reply to STARTTLS");
		return;
	}
	why = tls_context_load(dialogue->all->options.tls);
	if (why != NULL) {
		fail(dialogue, SMTP_OUR_FAULT, why);
		return;
	}
	dialogue->connection.tls = tls_new(dialogue->all->options.tls,
		dialogue->connection.fd, dialogue->ask.name);
	if (dialogue->connection.tls == NULL)
		mem_exhausted();
	dialogue->phase = SHAKING_HANDS;
	shake_hands(dialogue);
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
		reply_offer(dialogue->all->arena, &dialogue->reply,
			&session->offer_tls);
	else if (!dialogue->is_second) {
		reply_offer(dialogue->all->arena, &dialogue->reply,
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
	start_step(dialogue, SMTP_QUIT, LEAVE_US);
	dialogue->phase = LEAVING;
	watch(dialogue, LOOP_READ);
}

static void on_leaving(struct dialogue *dialogue)
{
	uint8_t bytes[INPUT];
	const char *why;
	size_t n;
	enum tls_status status = connection_read(
		&dialogue->connection, bytes, sizeof(bytes), &n, &why);

	if (status != TLS_OK && status != TLS_WANTS_READ)
		finish(dialogue);
}

static void take_reply(struct dialogue *dialogue)
{
	const struct smtp_reply *reply = &dialogue->reply;
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

static void on_readable(struct dialogue *dialogue)
{
	uint8_t bytes[INPUT];
	const char *why = NULL;
	size_t n = 0, used = 0;
	enum smtp_reply_status reply = SMTP_REPLY_MORE;
	while (reply == SMTP_REPLY_MORE) {
		enum tls_status status = connection_read(
			&dialogue->connection, bytes, sizeof(bytes), &n, &why);
		if (status == TLS_WANTS_READ || status == TLS_WANTS_WRITE) {
			watch(dialogue, status == TLS_WANTS_READ ? LOOP_READ
								 : LOOP_WRITE);
			return;
		}
		if (status != TLS_OK) {
			fail_connection(dialogue, status, why);
			return;
		}
		reply = smtp_reply_feed(&dialogue->reply, bytes, n, &used);
	}
	dialogue->has_surplus = used < n;
	if (reply == SMTP_REPLY_WRONG)
		fail(dialogue, SMTP_MALFORMED, dialogue->reply.why);
	else
		take_reply(dialogue);
}

/* -- the connection ------------------------------------------------------ */

static void on_connected(struct dialogue *dialogue)
{
	const char *why = NULL;
	enum smtp_outcome outcome =
		connection_finish(&dialogue->connection, &why);
	if (outcome != SMTP_DONE && outcome != SMTP_CLOSED) {
		fail(dialogue, outcome, why);
		return;
	}
	record(dialogue, SMTP_DONE, 0, NULL);
	dialogue->session->local_text =
		connection_local(&dialogue->connection, dialogue->all->arena);
	start_step(dialogue, SMTP_GREETING, greeting_bound_of(dialogue));
	/* What can be reset did stand. */
	if (outcome == SMTP_CLOSED)
		fail(dialogue, outcome, "connection reset");
	else
		wait_for_reply(dialogue);
}

static void on_ready(int fd, int events, void *arg)
{
	struct dialogue *dialogue = arg;
	(void)fd;
	(void)events;
	switch (dialogue->phase) {
	case CONNECTING:
		on_connected(dialogue);
		return;
	case SHAKING_HANDS:
		shake_hands(dialogue);
		return;
	case WRITING:
		on_writable(dialogue);
		return;
	case READING:
		on_readable(dialogue);
		return;
	case LEAVING:
		on_leaving(dialogue);
		return;
	}
}

static void begin(struct dialogue *dialogue)
{
	const char *why = NULL;
	enum smtp_outcome outcome;
	dialogue->is_running = true;
	dialogue->says_helo = false;
	dialogue->has_surplus = false;
	dialogue->all->n_connections++;
	start_step(dialogue, SMTP_CONNECT, dialogue->all->options.connect_us);
	dialogue->phase = CONNECTING;
	outcome = connection_open(&dialogue->connection, &dialogue->ask.addr,
		dialogue->ask.port, &why);
	if (outcome != SMTP_DONE)
		fail(dialogue, outcome, why);
	else
		watch(dialogue, LOOP_WRITE);
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

/* For a name, or an address literal: neither has blanks or controls. */
static const char *check_helo(const char *helo)
{
	size_t len = helo != NULL ? strlen(helo) : 0;
	if (helo == NULL)
		return NULL;
	if (len == 0 || len > SMTP_DOMAIN_MAX)
		return "is empty or longer than 255 bytes";
	for (size_t i = 0; i < len; i++)
		if (helo[i] <= ' ' || helo[i] > '~')
			return "has a character that no host name has";
	return NULL;
}

/* Whatever else an address may be, it can't end its line. */
static const char *check_path(const char *path)
{
	const char *domain = NULL;
	if (path == NULL)
		return NULL;
	for (const char *s = path; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return "has a control character";
	return smtp_mailbox_check(path, &domain);
}

static const char *check_ask(const struct dialogue_ask *ask)
{
	const char *wrong = NULL;
	if (ask->mail_from[0] != '\0')
		wrong = check_path(ask->mail_from);
	if (wrong == NULL)
		wrong = check_path(ask->rcpt);
	if (wrong == NULL)
		wrong = check_path(ask->rcpt_invalid);
	if (wrong == NULL)
		wrong = check_path(ask->rcpt_relay);
	return wrong;
}

struct dialogues *dialogues_new(struct arena *arena, struct loop *loop,
	const struct dialogue_options *options, const char **why)
{
	struct dialogues *all;
	*why = check_helo(options->helo);
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
	dialogue->connection.fd = -1;
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
		bool has_begun = one->connection.fd >= 0;
		if (one->has_ended)
			continue;
		if (has_begun && one->step == SMTP_TLS)
			read_tls_facts(one);
		if (has_begun && one->phase != LEAVING)
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
