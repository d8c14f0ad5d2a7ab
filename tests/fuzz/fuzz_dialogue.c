/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole SMTP dialogues with a server that the fuzzer makes up: what it sends,
 * in which pieces, when it ends. Stands in for connection.c, tls.c, the loop
 * and the clock. Looked for are crashes, dialogues without an end, commands
 * that are sent where something was not read yet, TLS on top of plain text,
 * and output that harms who reads it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mail/mx_rules.h"
#include "common/mailnet/connection.h"
#include "common/mailnet/dialogue.h"
#include "common/mailnet/smtp_reply.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	OUTPUT_MAX = 4 * 1024 * 1024,
	SENT_MAX = 65536,
	GIVEN_MAX = 65536,
	TIMERS_MAX = 8,
	FD = 7,
	STEP_US = 1000 * 1000,
	STARTED_US = 1000 * 1000,
	DEADLINE_US = 60 * 1000 * 1000,
	NOW_S = 1767225600,
};

/* -- the input as a stream of decisions --------------------------------- */

static const uint8_t *input;
static size_t input_left;

static uint8_t next_byte(void)
{
	if (input_left == 0)
		return 0;
	input_left--;
	return *input++;
}

/* -- the loop and the clock ---------------------------------------------- */

struct loop {
	int64_t now_us;
	struct loop_timer *timers[TIMERS_MAX];
	int events; /* of FD */
	loop_fd_fn fn;
	void *arg;
	bool stops;
};

static struct loop the_loop;

int64_t clock_mono_us(void)
{
	return the_loop.now_us;
}

bool loop_watch(struct loop *loop, int fd, int events, loop_fd_fn fn, void *arg)
{
	if (fd != FD)
		abort();
	loop->events = events;
	loop->fn = fn;
	loop->arg = arg;
	return true;
}

bool loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_us,
	loop_timer_fn fn, void *arg)
{
	unsigned i = timer->slot;
	timer->at_us = at_us;
	timer->fn = fn;
	timer->arg = arg;
	for (; timer->slot == 0; i++) {
		if (i == TIMERS_MAX)
			abort();
		if (loop->timers[i] == NULL) {
			loop->timers[i] = timer;
			timer->slot = i + 1;
		}
	}
	return true;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	if (timer->slot != 0)
		loop->timers[timer->slot - 1] = NULL;
	timer->slot = 0;
}

void loop_stop(struct loop *loop)
{
	loop->stops = true;
}

static struct loop_timer *earliest(const struct loop *loop)
{
	struct loop_timer *first = NULL;
	for (unsigned i = 0; i < TIMERS_MAX; i++)
		if (loop->timers[i] != NULL &&
			(first == NULL ||
				loop->timers[i]->at_us < first->at_us))
			first = loop->timers[i];
	return first;
}

static void fire(struct loop *loop, struct loop_timer *timer)
{
	if (timer->at_us > loop->now_us)
		loop->now_us = timer->at_us;
	loop_timer_cancel(loop, timer);
	timer->fn(timer->arg);
}

static void server_acts(void);

enum loop_end loop_run(struct loop *loop)
{
	loop->stops = false;
	while (!loop->stops) {
		struct loop_timer *timer = earliest(loop);
		bool is_silent = input_left == 0 || loop->events == 0;
		if (!is_silent) {
			loop->now_us += 1000 * (next_byte() & 0x3f);
			is_silent =
				timer != NULL && timer->at_us <= loop->now_us;
		}
		if (loop->now_us >= DEADLINE_US)
			return LOOP_DEADLINE;
		if (is_silent && timer == NULL)
			return LOOP_IDLE;
		if (is_silent) {
			fire(loop, timer);
			continue;
		}
		if ((loop->events & LOOP_READ) != 0)
			server_acts();
		loop->fn(FD, loop->events, loop->arg);
	}
	return LOOP_STOPPED;
}

/* -- the connection ------------------------------------------------------ */

static struct {
	unsigned n_opened;
	bool is_open, has_ended;
	const uint8_t *pending; /* sent, and not read */
	size_t n_pending;
	uint8_t given[GIVEN_MAX]; /* read since the last command */
	size_t n_given;
	char sent[SENT_MAX]; /* by the dialogue, on this connection */
	size_t n_sent;
	bool has_said_quit;
} peer;

struct tls_context {
	int unused;
};

struct tls {
	bool is_up, heard_plain;
};

enum { N_REPLIES = 13 };

/* Whole replies, so that the fuzzer gets far. */
static const char *const replies[N_REPLIES] = {
	"220 hi\r\n",
	"250 ok\r\n",
	"250-mx\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n",
	"250-mx\r\n250-SIZE 10\r\n250 PIPELINING\r\n",
	"550 5.1.1 no\r\n",
	"450 4.7.1 greylisted\r\n",
	"421 4.3.2 bye\r\n",
	"502 5.5.1 what?\r\n",
	"354 go on\r\n",
	"554 5.7.1 blocked using 192.0.2.9\r\n",
	"250 ok\r\n250 not asked for\r\n",
	"220 go on\n250 not asked for\n",
	"250-a\r\n550 b\r\n",
};

static void server_acts(void)
{
	uint8_t what = next_byte();
	if (peer.n_pending > 0 || peer.has_ended)
		return;
	if (what >= 0xf0) {
		peer.has_ended = true;
	} else if (what >= 0xc0) {
		const char *reply = replies[(what - 0xc0) % N_REPLIES];
		peer.pending = (const uint8_t *)reply;
		peer.n_pending = strlen(reply);
	} else {
		peer.n_pending = what < input_left ? what : input_left;
		peer.pending = input;
		input += peer.n_pending;
		input_left -= peer.n_pending;
	}
}

enum smtp_outcome connection_open(struct connection *connection,
	const struct dns_addr *addr, uint16_t port, const char **why)
{
	(void)addr;
	(void)port;
	if (peer.is_open)
		abort();
	*why = NULL;
	connection->tls = NULL;
	connection->fd = FD;
	peer.n_opened++;
	peer.is_open = true;
	peer.has_ended = peer.has_said_quit = false;
	peer.n_pending = peer.n_given = peer.n_sent = 0;
	return next_byte() == 0xff ? SMTP_UNREACHABLE : SMTP_DONE;
}

enum smtp_outcome connection_finish(
	struct connection *connection, const char **why)
{
	(void)connection;
	*why = NULL;
	return next_byte() == 0xff ? SMTP_PORT_CLOSED : SMTP_DONE;
}

void connection_close(struct connection *connection)
{
	tls_free(connection->tls);
	connection->tls = NULL;
	if (connection->fd >= 0)
		peer.is_open = false;
	connection->fd = -1;
}

const char *connection_local(
	const struct connection *connection, struct arena *arena)
{
	(void)connection;
	return arena_strdup(arena, "192.0.2.9");
}

enum tls_status connection_read(struct connection *connection, void *bytes,
	size_t len, size_t *n, const char **why)
{
	*n = 0;
	*why = NULL;
	if (!peer.is_open)
		abort();
	if (peer.n_pending == 0 && peer.has_ended) {
		*why = "ended";
		return connection->tls != NULL && (peer.n_opened & 1) != 0
			       ? TLS_BROKEN
			       : TLS_CLOSED;
	}
	if (peer.n_pending == 0)
		return TLS_WANTS_READ;
	*n = peer.n_pending < len ? peer.n_pending : len;
	memcpy(bytes, peer.pending, *n);
	if (peer.n_given + *n > sizeof(peer.given))
		abort();
	memcpy(peer.given + peer.n_given, peer.pending, *n);
	peer.n_given += *n;
	peer.pending += *n;
	peer.n_pending -= *n;
	return TLS_OK;
}

/* What was read is one whole reply and nothing else, before there is an
 * answer to it. */
static void check_one_reply(void)
{
	static struct smtp_reply reply;
	size_t used = 0;
	smtp_reply_init(&reply);
	if (smtp_reply_feed(&reply, peer.given, peer.n_given, &used) !=
			SMTP_REPLY_WHOLE ||
		used != peer.n_given)
		abort();
}

static void check_command(const char *line, size_t len)
{
	static const char *const verbs[] = { "EHLO ", "HELO ", "STARTTLS\r\n",
		"MAIL FROM:<", "RCPT TO:<", "RSET\r\n", "QUIT\r\n" };
	size_t i;
	if (peer.has_said_quit || len < 6 || len > 512 ||
		line[len - 2] != '\r' || memchr(line, '\n', len - 1) != NULL ||
		memchr(line, '\0', len) != NULL)
		abort();
	for (i = 0; i < 7; i++)
		if (len >= strlen(verbs[i]) &&
			memcmp(line, verbs[i], strlen(verbs[i])) == 0)
			break;
	if (i == 7)
		abort();
	peer.has_said_quit = i == 6;
}

enum tls_status connection_write(struct connection *connection,
	const void *bytes, size_t len, size_t *n, const char **why)
{
	uint8_t what = next_byte();
	*n = 0;
	*why = NULL;
	if (!peer.is_open)
		abort();
	if (peer.n_sent == 0 && connection->tls == NULL && peer.n_pending > 0)
		abort();
	/* The first over TLS answers nothing. */
	if (peer.n_sent == 0 && (connection->tls == NULL || peer.n_given > 0))
		check_one_reply();
	if (what == 0xff) {
		*why = "reset";
		return TLS_CLOSED;
	}
	if (what == 0xfe && input_left > 0)
		return TLS_WANTS_WRITE;
	*n = what >= 0xf0 && len > 1 ? len / 2 : len;
	if (peer.n_sent + *n > sizeof(peer.sent))
		abort();
	memcpy(peer.sent + peer.n_sent, bytes, *n);
	peer.n_sent += *n;
	if (*n == len) {
		check_command(peer.sent, peer.n_sent);
		peer.n_sent = peer.n_given = 0;
	}
	return TLS_OK;
}

size_t connection_peek(
	const struct connection *connection, uint8_t *bytes, size_t len)
{
	if (connection->tls != NULL)
		abort();
	if (peer.n_pending < len)
		len = peer.n_pending;
	if (len > 0)
		memcpy(bytes, peer.pending, len);
	return len;
}

void connection_hurry(const struct connection *connection)
{
	(void)connection;
}

/* -- TLS ----------------------------------------------------------------- */

const char *tls_context_load(struct tls_context *context)
{
	(void)context;
	return next_byte() == 0xff ? "can't be read" : NULL;
}

struct tls *tls_new(struct tls_context *context, int fd, const char *name)
{
	(void)context;
	(void)fd;
	(void)name;
	if (peer.n_pending > 0)
		abort(); /* injected */
	check_one_reply();
	peer.n_given = 0;
	return calloc(1, sizeof(struct tls));
}

void tls_free(struct tls *tls)
{
	free(tls);
}

enum tls_status tls_handshake(struct tls *tls)
{
	uint8_t what = next_byte();
	/* What came is the handshake's. */
	peer.n_pending = 0;
	tls->heard_plain = what == 0xf0;
	if (peer.has_ended)
		return TLS_CLOSED;
	if (what >= 0xe0)
		return TLS_BROKEN;
	if (what >= 0xc0 || input_left == 0)
		return (what & 1) != 0 ? TLS_WANTS_READ : TLS_WANTS_WRITE;
	tls->is_up = true;
	return TLS_OK;
}

bool tls_heard_plain(const struct tls *tls)
{
	return tls->heard_plain;
}

const char *tls_error(const struct tls *tls)
{
	(void)tls;
	return "broken";
}

void tls_read_facts(const struct tls *tls, struct arena *arena, bool keeps_der,
	struct smtp_tls *out)
{
	(void)arena;
	(void)keeps_der;
	*out = (struct smtp_tls){ 0 };
	if (tls->is_up)
		out->version = 0x0304;
}

/* -- what has to hold ---------------------------------------------------- */

struct ended {
	unsigned calls;
	const struct smtp_session *session;
};

static void on_session(void *arg, const struct smtp_session *session)
{
	struct ended *ended = arg;
	ended->calls++;
	ended->session = session;
}

static void check_session(const struct smtp_session *session)
{
	const struct smtp_step *steps = session->steps;
	for (unsigned id = 0; id < SMTP_STEPS; id++) {
		const struct smtp_step *step = &steps[id];
		bool has_reply = step->outcome == SMTP_DONE &&
				 id != SMTP_CONNECT && id != SMTP_TLS;
		if (has_reply != (step->code != 0) ||
			(has_reply && (step->code < 200 || step->code > 599)) ||
			(step->text && strlen(step->text) > SMTP_TEXT_MAX) ||
			step->took_us < 0 || step->at_us < 0)
			abort();
	}
	/* None without the one before it. */
	if ((steps[SMTP_RCPT].outcome != SMTP_NOT_DONE &&
		    !smtp_step_is(&steps[SMTP_MAIL], 2)) ||
		(steps[SMTP_STARTTLS].outcome != SMTP_NOT_DONE &&
			!session->offer.has_starttls) ||
		(steps[SMTP_TLS].outcome != SMTP_NOT_DONE &&
			!smtp_step_is(&steps[SMTP_STARTTLS], 2)) ||
		(session->tls.version != 0 &&
			steps[SMTP_TLS].outcome != SMTP_DONE) ||
		(session->is_retried_plain &&
			steps[SMTP_TLS].outcome == SMTP_DONE))
		abort();
}

static void check_plain(const struct text *text)
{
	for (const char *s = text->data; *s != '\0'; s++)
		if ((*s != '\n' && (unsigned char)*s < ' ') || *s == 0x7f)
			abort();
	if (!text_is_utf8(text->data))
		abort();
}

/* Judged, measured and told as the only exchanger of a domain. */
static void check_output(
	struct arena *arena, const struct smtp_session *session)
{
	struct mx_exchanger exchanger = { .name = "mx1.example.org",
		.v4 = { .lookup = DNS_LOOKUP_FOUND },
		.n_listed = 1 };
	struct mx_address address = { .addr = { 4, { 192, 0, 2, 25 } },
		.addr_text = "192.0.2.25",
		.session = *session };
	struct mx mx = { .domain = "example.org",
		.typed = "example.org",
		.set = MX_SET_LISTED,
		.exchangers = &exchanger,
		.n_exchangers = 1,
		.addresses = &address,
		.n_addresses = 1,
		.v4 = DNS_SIGHT_SEEN,
		.v6 = DNS_SIGHT_SEEN };
	struct judge judge;
	struct text text;
	struct json json;
	mx.lookup.lookup = DNS_LOOKUP_FOUND;
	mx.expect.rcpt = "user@example.org";
	mx.expect.mail_from = "";
	mx.expect.min_good = 1;
	mx.expect.now_s = NOW_S;
	judge_init(&judge, arena, mx_rules, n_mx_rules, NULL, 0);
	judge_all(&judge, &mx);
	mx_measure(&judge, &mx);
	/* Only a yes to RCPT is one. */
	if (mx_taking_of(&mx, &address).take == MX_TAKES &&
		!smtp_step_is(&session->steps[SMTP_RCPT], 2))
		abort();
	text_init(&text, OUTPUT_MAX);
	mx_write_trace(&text, &mx, 3);
	check_plain(&text);
	text_clear(&text);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	mx_write_json(&json, &mx);
	json_close_object(&json);
	check_plain(&text);
	if (text.len > 60000)
		abort();
	text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_context context = { 0 };
	struct dialogue_options options = { .tls = &context,
		.start_us = STARTED_US,
		.connect_us = STEP_US,
		.greeting_us = 2 * STEP_US,
		.step_us = STEP_US };
	struct dialogue_ask ask = { .addr = { 4, { 192, 0, 2, 25 } },
		.port = 25,
		.name = "mx1.example.org",
		.mail_from = "",
		.rcpt = "user@example.org" };
	struct ended ended = { 0 };
	struct dialogues *dialogues;
	struct arena *arena;
	const char *why;
	uint8_t flags;
	memset(&the_loop, 0, sizeof(the_loop));
	memset(&peer, 0, sizeof(peer));
	the_loop.now_us = STARTED_US;
	input = data;
	input_left = size;
	flags = next_byte();
	if ((flags & 1) != 0)
		options.helo = "monitor.example";
	if ((flags & 2) != 0)
		ask.rcpt = "us\xc3\xa9r@example.org";
	if ((flags & 4) != 0)
		ask.rcpt_invalid = "nobody@example.org";
	if ((flags & 8) != 0)
		ask.rcpt_relay = "a@example.net";
	arena = arena_new(ARENA_MAX);
	dialogues = dialogues_new(arena, &the_loop, &options, &why);
	if (dialogues == NULL ||
		dialogues_start(dialogues, &ask, on_session, &ended) != NULL)
		abort();
	dialogues_run(dialogues);
	if (ended.calls != 1 || peer.is_open || peer.n_opened > 2)
		abort();
	/* Each connection: connect, greeting, and ten steps at most. */
	if (the_loop.now_us > STARTED_US + 2 * 14 * (int64_t)STEP_US)
		abort();
	check_session(ended.session);
	check_output(arena, ended.session);
	dialogues_free(dialogues);
	arena_free(arena);
	return 0;
}
