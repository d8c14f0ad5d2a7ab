/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole submissions to a server that the fuzzer makes up (virtual_peer.h), by
 * the dialogue; and the watch over libesmtp, with a library that says whatever
 * the fuzzer likes. Looked for are crashes, submissions without an end, mail
 * without the login that was asked for, secrets and mail outside of TLS, more
 * said than was answered, and an end that was not so.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/text.h"
#include "common/mailnet/esmtp_watch.h"
#include "common/mailnet/smtp_reply.h"
#include "common/mailnet/submit.h"
#include "tests/fuzz/virtual_peer.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	STEP_US = 1000 * 1000,
	ADDRESSES = 3,
	PIECE_MAX = 64,
	TURNS_MAX = 4096,
};

static const char secret[] = "correct horse";
static const char coded[] = "Y29ycmVjdCBob3JzZQ==";
static const char plain[] = "AHUAY29ycmVjdCBob3JzZQ==";
static const char message[] = "Date: x\nSubject: x\n\n.dot\nend";
static const char wire[] = "Date: x\r\nSubject: x\r\n\r\n..dot\r\nend\r\n.\r\n";

/* -- what has been said, and answered ------------------------------------ */

enum saying {
	SAID_NOTHING,
	SAID_EHLO,
	SAID_STARTTLS,
	SAID_AUTH,
	SAID_MAIL,
	SAID_RCPT,
	SAID_DATA,
	SAID_MESSAGE,
	SAID_QUIT,
};

static struct {
	const struct submit_ask *ask;
	enum saying last;
	unsigned code; /* of the reply to it */
	bool is_logged_in, has_said_message;
	bool was_taken, was_refused;
} talk;

/* All that was read since the last command is one whole reply. */
static unsigned one_code(void)
{
	static struct smtp_reply reply;
	size_t used = 0;
	smtp_reply_init(&reply);
	if (smtp_reply_feed(&reply, peer.given, peer.n_given, &used) !=
			SMTP_REPLY_WHOLE ||
		used != peer.n_given)
		abort();
	return reply.code;
}

static void take_answer(void)
{
	talk.code = one_code();
	if (talk.last == SAID_AUTH && talk.code / 100 == 2)
		talk.is_logged_in = true;
	if (talk.last == SAID_MESSAGE) {
		talk.was_taken = talk.code / 100 == 2;
		talk.was_refused = !talk.was_taken;
	}
}

/* The first over TLS answers nothing. */
static void before_write(bool is_tls)
{
	if (!is_tls && peer.n_pending > 0)
		abort();
	if (!is_tls || peer.n_given > 0)
		take_answer();
	else if (talk.last != SAID_STARTTLS)
		abort();
}

static void before_tls(void)
{
	if (peer.n_pending > 0)
		abort(); /* injected */
	if (talk.ask->security == SUBMIT_TLS ? peer.n_given > 0
					     : one_code() / 100 != 2)
		abort();
}

static bool is_at(const char *bytes, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(bytes, word, strlen(word)) == 0;
}

static enum saying what_is_said(const char *bytes, size_t len)
{
	static const struct {
		const char *word;
		enum saying saying;
	} known[] = {
		{ "EHLO ", SAID_EHLO },
		{ "HELO ", SAID_EHLO },
		{ "STARTTLS\r\n", SAID_STARTTLS },
		{ "AUTH ", SAID_AUTH },
		{ "MAIL FROM:<a@example.net>", SAID_MAIL },
		{ "RCPT TO:<", SAID_RCPT },
		{ "DATA\r\n", SAID_DATA },
		{ "QUIT\r\n", SAID_QUIT },
	};
	if (talk.last == SAID_DATA && talk.code / 100 == 3)
		return SAID_MESSAGE;
	if (talk.last == SAID_AUTH && talk.code == 334)
		return SAID_AUTH;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_at(bytes, len, known[i].word))
			return known[i].saying;
	abort();
}

static bool is_line(const char *bytes, size_t len)
{
	return len >= 2 && memcmp(bytes + len - 2, "\r\n", 2) == 0 &&
	       memchr(bytes, '\n', len - 1) == NULL &&
	       memchr(bytes, '\0', len) == NULL;
}

/* Each says what the one before it has earned. */
static void check_order(enum saying saying, bool is_tls)
{
	const struct submit_ask *ask = talk.ask;
	bool wants_tls =
		ask->security == SUBMIT_STARTTLS || ask->security == SUBMIT_TLS;
	bool was_fine = talk.code / 100 == 2;
	if (saying == SAID_QUIT || saying == SAID_EHLO)
		return;
	if (saying == SAID_STARTTLS) {
		if (is_tls || !was_fine || ask->security == SUBMIT_PLAIN)
			abort();
		return;
	}
	if ((wants_tls && !is_tls) ||
		(saying >= SAID_MAIL && ask->auth != SUBMIT_NO_AUTH &&
			!talk.is_logged_in) ||
		(saying == SAID_AUTH && ask->auth == SUBMIT_NO_AUTH))
		abort();
	if ((saying == SAID_RCPT && (talk.last != SAID_MAIL || !was_fine)) ||
		(saying == SAID_DATA && (talk.last != SAID_RCPT || !was_fine)))
		abort();
}

static void check_sent(const char *bytes, size_t len, bool is_tls)
{
	enum saying saying = what_is_said(bytes, len);
	check_order(saying, is_tls);
	if (saying == SAID_MESSAGE) {
		if (len != sizeof(wire) - 1 || memcmp(bytes, wire, len) != 0)
			abort();
		talk.has_said_message = true;
	} else if (!is_line(bytes, len)) {
		abort();
	}
	if (is_tls && talk.ask->security != SUBMIT_PLAIN &&
		!talk.ask->takes_any_certificate)
		abort(); /* nobody is trusted here */
	talk.last = saying;
	talk.code = 0;
}

/* Whole replies; '\1' is the secret as it was sent. */
static const char *const replies[] = {
	"220 hi\r\n",
	"250 2.0.0 ok\r\n",
	"250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n",
	"250-mx\r\n250-AUTH XOAUTH2 OAUTHBEARER\r\n250 DSN\r\n",
	"235 2.7.0 in\r\n",
	"334 VXNlcm5hbWU6\r\n",
	"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n",
	"334 \1\r\n",
	"535 5.7.8 not \1\r\n",
	"354 go on\r\n",
	"250 2.0.0 Ok: queued as 4ABC1234\r\n",
	"451 4.3.0 later\r\n",
	"550 5.1.1 no\r\n",
	"502 5.5.1 what?\r\n",
	"250 ok\r\n250 not asked for\r\n",
	"250-mx\r\n250-8BITMIME\r\n250-SIZE 10\r\n250 SMTPUTF8\r\n",
};

static const struct peer_protocol protocol = {
	.replies = replies,
	.n_replies = sizeof(replies) / sizeof(replies[0]),
	.before_write = before_write,
	.check_sent = check_sent,
	.before_tls = before_tls,
};

/* -- what has to hold at the end ----------------------------------------- */

struct ended {
	unsigned calls;
	const struct submit_facts *facts;
};

static void on_facts(void *arg, const struct submit_facts *facts)
{
	struct ended *ended = arg;
	ended->calls++;
	ended->facts = facts;
	loop_stop(peer_loop());
}

static void check_text(const char *text)
{
	if (text == NULL)
		return;
	if (strlen(text) > SMTP_TEXT_MAX + 1 || strstr(text, secret) != NULL ||
		strstr(text, coded) != NULL || strstr(text, plain) != NULL)
		abort();
}

static bool has_reply(unsigned step)
{
	return step != SUBMIT_STEP_LOOKUP && step != SUBMIT_STEP_CONNECT &&
	       step != SUBMIT_STEP_TLS;
}

static void check_steps(const struct submit_facts *facts)
{
	for (unsigned i = 0; i < SUBMIT_STEPS; i++) {
		const struct smtp_step *step = &facts->steps[i];
		bool has_code = step->outcome == SMTP_DONE && has_reply(i);
		if (has_code != (step->code != 0) ||
			(has_code && (step->code < 200 || step->code > 599)) ||
			step->took_us < 0 || step->at_us < 0)
			abort();
		check_text(step->text);
		/* TLS comes ahead of the greeting there. */
		if (i > facts->last && i != SUBMIT_STEP_QUIT &&
			talk.ask->security != SUBMIT_TLS &&
			step->outcome != SMTP_NOT_DONE)
			abort();
	}
}

/* The end is what came of the message, and nothing else. */
static void check_end(const struct submit_facts *facts)
{
	const struct smtp_step *step = &facts->steps[SUBMIT_STEP_MESSAGE];
	bool is_answered = step->outcome == SMTP_DONE;
	enum submit_end end = SUBMIT_NOT_SENT;
	if (is_answered && step->code / 100 == 2)
		end = SUBMIT_ACCEPTED;
	else if (talk.has_said_message && !is_answered)
		end = SUBMIT_UNSURE;
	if (facts->end != end || (is_answered && !talk.has_said_message) ||
		(facts->end != SUBMIT_ACCEPTED && facts->queue_id != NULL) ||
		(talk.was_taken && end != SUBMIT_ACCEPTED) ||
		(talk.was_refused && end != SUBMIT_NOT_SENT))
		abort();
}

static void check_facts(const struct submit_facts *facts)
{
	struct text text;
	check_steps(facts);
	check_end(facts);
	check_text(facts->challenge);
	for (size_t i = 0; i < facts->n_tries; i++)
		check_text(facts->tries[i].came_to.text);
	text_init(&text, 4 * SMTP_TEXT_MAX);
	submit_say(&text, facts);
	if (text.len == 0 || strstr(text.data, secret) != NULL)
		abort();
	text_release(&text);
}

/* -- what is asked for --------------------------------------------------- */

static const struct dns_addr addrs[ADDRESSES] = {
	{ 4, { 192, 0, 2, 1 } },
	{ 4, { 192, 0, 2, 2 } },
	{ 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
};

static struct submit_ask make_ask(uint8_t how, uint8_t what)
{
	static const char *const coded_by[] = { plain, plain, plain, coded };
	struct submit_ask ask = {
		.addrs = addrs,
		.n_addrs = 1 + what % ADDRESSES,
		.port = 587,
		.host = "mx.example.org",
		.security = (enum submit_security)(how & 3),
		.takes_any_certificate = (how & 4) != 0,
		.auth = (enum submit_auth)((how >> 3 & 7) % 7),
		.user = "u",
		.secret = secret,
		.may_bare_secret = true,
		.mail_from = "a@example.net",
		.rcpt = (what & 0x40) != 0 ? "\xc3\xa4@example.org"
					   : "b@example.org",
		.message = message,
		.message_len = sizeof(message) - 1,
	};
	if (ask.security == SUBMIT_AS_OFFERED)
		ask.auth = SUBMIT_NO_AUTH;
	if ((what & 0x20) != 0) {
		ask.envid = "e+1";
		ask.notify = SUBMIT_NOTIFY_FAILURE;
	}
	/* Who was told no secret can't tell it. */
	peer.word = ask.auth == SUBMIT_NO_AUTH ? "" : coded_by[what >> 6];
	return ask;
}

static void submit(uint8_t flags)
{
	struct tls_context context = { 0 };
	struct submit_options options = { .tls = &context,
		.start_us = PEER_STARTED_US,
		.connect_us = STEP_US,
		.greeting_us = STEP_US,
		.step_us = STEP_US,
		.final_us = 2 * STEP_US };
	struct submit_ask ask = make_ask(flags, peer_byte());
	struct ended ended = { 0 };
	struct arena *arena = arena_new(ARENA_MAX);
	struct submission *submission;
	const char *why = NULL;
	if ((flags & 0x40) != 0)
		options.helo = "monitor.example";
	talk.ask = &ask;
	submission = submission_new(arena, peer_loop(), &options, &ask, &why);
	if (submission == NULL)
		abort();
	submission_start(submission, on_facts, &ended);
	if (loop_run(peer_loop()) != LOOP_STOPPED)
		submission_end(submission);
	if (ended.calls != 1 || peer.is_open || peer.n_opened > ADDRESSES)
		abort();
	check_facts(ended.facts);
	submission_free(submission);
	arena_free(arena);
}

/* -- the watch ----------------------------------------------------------- */

/* What was let through, and what was told of it. */
static struct {
	bool is_tls, is_logged_in;
	unsigned ends;
} watched;

static void on_note(void *arg, const struct esmtp_note *note)
{
	(void)arg;
	if (note->kind >= ESMTP_NOTES || note->step >= SUBMIT_STEPS ||
		note->len > ESMTP_NOTE_BYTES)
		abort();
	if (note->kind == ESMTP_FAILED || note->kind == ESMTP_DEFER)
		watched.ends++;
	if (watched.ends > 1)
		abort();
}

static const char *const commands[] = {
	"EHLO x\r\n",
	"HELO x\r\n",
	"STARTTLS\r\n",
	"AUTH PLAIN AHUAY29ycmVjdCBob3JzZQ==\r\n",
	"AUTH LOGIN dQ==\r\n",
	"AUTH CRAM-MD5\r\n",
	"MAIL FROM:<a@example.net>\r\n",
	"MAIL FROM:<z@example.net>\r\n",
	"RCPT TO:<b@example.org>\r\n",
	"DATA\r\n",
	"RSET\r\n",
	"BDAT 0 LAST\r\n",
	"QUIT\r\n",
	"*\r\n",
	"Y29ycmVjdCBob3JzZQ==\r\n",
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* What the watch must never let go. */
static void check_let_go(const struct esmtp_watch *watch, const char *line)
{
	const struct submit_ask *ask = watch->ask;
	bool is_mail = strncmp(line, "MAIL", 4) == 0;
	bool is_auth = strncmp(line, "AUTH", 4) == 0;
	bool wants_tls = ask->security == SUBMIT_STARTTLS;
	if ((is_mail && strchr(line, 'z') != NULL) ||
		(is_mail && ask->auth != SUBMIT_NO_AUTH &&
			!watched.is_logged_in) ||
		((is_mail || is_auth) && wants_tls && !watched.is_tls) ||
		(is_auth && strstr(line, " PLAIN ") == NULL) ||
		strncmp(line, "BDAT", 4) == 0 || line[0] == '*' ||
		line[0] == 'Y')
		abort();
}

static enum esmtp_go let_say(struct esmtp_watch *watch, uint8_t which)
{
	const char *line = commands[which % N_COMMANDS];
	enum esmtp_peer at = (enum esmtp_peer)(which / 64 % 3);
	enum esmtp_go go = esmtp_write(watch, line, strlen(line), at);
	if (go == ESMTP_GO)
		check_let_go(watch, line);
	return go;
}

/* Nothing but the end of a code's line, and keywords, is changed. */
static void check_shown(const char *before, const char *after, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (before[i] != after[i] && after[i] != 'Z' &&
			!(before[i] == '\r' && after[i] == ' '))
			abort();
}

static enum esmtp_go let_hear(struct esmtp_watch *watch, uint8_t what)
{
	char before[512], bytes[512];
	enum submit_step_id step = watch->step;
	bool was_due = watch->is_due;
	size_t len = 0;
	enum esmtp_go go;
	if (what >= 0x80) {
		const char *reply =
			replies[what % (sizeof(replies) / sizeof(replies[0]))];
		len = strlen(reply);
		memcpy(bytes, reply, len);
	} else {
		for (; len < (what & (PIECE_MAX - 1)); len++)
			bytes[len] = (char)peer_byte();
	}
	memcpy(before, bytes, len);
	go = esmtp_read(watch, bytes, len);
	if (go == ESMTP_GO)
		check_shown(before, bytes, len);
	if (was_due && !watch->is_due && step == SUBMIT_STEP_AUTH)
		watched.is_logged_in = watch->reply.code / 100 == 2;
	return go;
}

static enum esmtp_go turn(struct esmtp_watch *watch)
{
	uint8_t what = peer_byte();
	switch (what & 7) {
	case 0:
	case 1:
	case 2:
		return let_hear(watch, peer_byte());
	case 3:
	case 4:
	case 5:
		return let_say(watch, peer_byte());
	case 6:
		if (watch->step == SUBMIT_STEP_TLS && !watch->is_secure) {
			watched.is_tls = true;
			esmtp_secured(watch);
		}
		return ESMTP_GO;
	default:
		if ((what & 8) != 0)
			return esmtp_ended(watch);
		return esmtp_message(watch, ESMTP_PEER_SILENT);
	}
}

static void watch_over(uint8_t flags)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct submit_ask ask = make_ask(flags, 0);
	static struct esmtp_watch watch;
	enum esmtp_go go = ESMTP_GO;
	ask.auth = (flags & 8) != 0 ? SUBMIT_PASSWORD : SUBMIT_NO_AUTH;
	memset(&watch, 0, sizeof(watch));
	memset(&watched, 0, sizeof(watched));
	watch.arena = arena;
	watch.ask = &ask;
	watch.tell = on_note;
	watch.is_many = (flags & 16) != 0;
	esmtp_begin(&watch, SUBMIT_STEP_CONNECT);
	esmtp_connected(&watch);
	for (unsigned i = 0; i < TURNS_MAX && go == ESMTP_GO; i++)
		go = turn(&watch);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t flags;
	peer_begin(&protocol, data, size);
	memset(&talk, 0, sizeof(talk));
	flags = peer_byte();
	if ((flags & 0x80) != 0)
		watch_over(flags);
	else
		submit(flags);
	return 0;
}
