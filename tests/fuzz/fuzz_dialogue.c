/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole SMTP dialogues with a server that the fuzzer makes up: what it sends,
 * in which pieces, when it ends (virtual_peer.c). Looked for are crashes,
 * dialogues without an end, commands that are sent where something was not read
 * yet, TLS on top of plain text, and output that harms who reads it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/text.h"
#include "common/mail/mx_rules.h"
#include "common/mailnet/dialogue.h"
#include "common/mailnet/smtp_reply.h"
#include "tests/fuzz/virtual_peer.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	OUTPUT_MAX = 4 * 1024 * 1024,
	STEP_US = 1000 * 1000,
	NOW_S = 1767225600,
};

/* -- the server ---------------------------------------------------------- */

static const char *const replies[] = {
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

/* Said on this connection. */
static bool has_said_quit;

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

static void check_sent(const char *line, size_t len, bool is_tls)
{
	static const char *const verbs[] = { "EHLO ", "HELO ", "STARTTLS\r\n",
		"MAIL FROM:<", "RCPT TO:<", "RSET\r\n", "QUIT\r\n" };
	size_t i;
	(void)is_tls;
	if (has_said_quit || len < 6 || len > 512 || line[len - 2] != '\r' ||
		memchr(line, '\n', len - 1) != NULL ||
		memchr(line, '\0', len) != NULL)
		abort();
	for (i = 0; i < 7; i++)
		if (len >= strlen(verbs[i]) &&
			memcmp(line, verbs[i], strlen(verbs[i])) == 0)
			break;
	if (i == 7)
		abort();
	has_said_quit = i == 6;
}

static void before_write(bool is_tls)
{
	if (!is_tls && peer.n_pending > 0)
		abort();
	/* The first over TLS answers nothing. */
	if (!is_tls || peer.n_given > 0)
		check_one_reply();
}

static void before_tls(void)
{
	if (peer.n_pending > 0)
		abort(); /* injected */
	check_one_reply();
}

static const struct peer_protocol smtp = {
	.replies = replies,
	.n_replies = sizeof(replies) / sizeof(replies[0]),
	.before_write = before_write,
	.check_sent = check_sent,
	.before_tls = before_tls,
};

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
		.start_us = PEER_STARTED_US,
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
	has_said_quit = false;
	peer_begin(&smtp, data, size);
	flags = peer_byte();
	if ((flags & 1) != 0)
		options.helo = "monitor.example";
	if ((flags & 2) != 0)
		ask.rcpt = "us\xc3\xa9r@example.org";
	if ((flags & 4) != 0)
		ask.rcpt_invalid = "nobody@example.org";
	if ((flags & 8) != 0)
		ask.rcpt_relay = "a@example.net";
	arena = arena_new(ARENA_MAX);
	dialogues = dialogues_new(arena, peer_loop(), &options, &why);
	if (dialogues == NULL ||
		dialogues_start(dialogues, &ask, on_session, &ended) != NULL)
		abort();
	dialogues_run(dialogues);
	if (ended.calls != 1 || peer.is_open || peer.n_opened > 2)
		abort();
	/* Each connection: connect, greeting, and ten steps at most. */
	if (peer_now_us() > PEER_STARTED_US + 2 * 14 * (int64_t)STEP_US)
		abort();
	check_session(ended.session);
	check_output(arena, ended.session);
	dialogues_free(dialogues);
	arena_free(arena);
	return 0;
}
