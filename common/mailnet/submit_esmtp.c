/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the child tells becomes facts here. Each step is bounded here as well:
 * the library's own bounds are of one poll, which whoever drips outlives.
 */
#include "config.h"

#include "common/mailnet/submit_esmtp.h"

#include <openssl/x509.h>
#include <string.h>
#include <strings.h>

#include "common/core/clock.h"
#include "common/mailnet/certificate.h"
#include "common/mailnet/child.h"
#include "common/mailnet/esmtp_child.h"
#include "common/mailnet/reply_facts.h"
#include "common/mailnet/submit_facts.h"

enum {
	/* RFC 4616 in the library's buffer, which it fills unbounded. */
	LIBRARY_SECRET = 255,
	LIBRARY_XTEXT = 80, /* bytes, each at most three as xtext, of 256 */
	CERT_MAX = 65535,
	QUIT_US = 1000 * 1000, /* as the dialogue waits for it */
	AFTER_US = 2 * 1000 * 1000,
};

struct esmtp {
	struct arena *arena;
	struct loop *loop;
	struct submit_options options;
	struct submit_ask ask;
	submit_fn fn;
	void *arg;
	bool has_begun, has_ended;

	struct submit_facts *facts;
	struct esmtp_work work;
	struct child child;
	struct submission *instead; /* the dialogue; or NULL */
	const char *why_instead;
	struct loop_timer timer;
	enum submit_step_id step; /* in hand */
	int64_t step_us;          /* its start */
	bool is_many;             /* addresses */
	bool is_told;             /* all of it: what comes after is nothing */
	struct smtp_reply reply;
	struct cert certs[SMTP_CERTS_MAX];
	unsigned char *der;
	size_t der_len;
};

/* -- what it can --------------------------------------------------------- */

static bool is_field(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);
	return len > n && strncasecmp(line, name, n) == 0 && line[n] == ':';
}

/* It adds what is not there, and takes some away. */
static bool keeps_header(const struct submit_ask *ask)
{
	static const char *const needed[] = { "Date", "From", "Message-ID" };
	static const char *const dropped[] = { "Return-Path",
		"Original-Recipient" };
	const char *at = ask->message, *end = at + ask->message_len;
	unsigned n = 0;
	while (at < end && *at != '\n' && *at != '\r') {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((next != NULL ? next : end) - at);
		for (size_t i = 0; i < 3; i++)
			n += is_field(at, len, needed[i]) ? 1 : 0;
		for (size_t i = 0; i < 2; i++)
			if (is_field(at, len, dropped[i]))
				return false;
		if (next == NULL)
			return false;
		at = next + 1;
	}
	return n == 3 && at < end;
}

static const char *cannot_log_in(const struct submit_ask *ask)
{
	if (ask->auth == SUBMIT_NO_AUTH)
		return NULL;
	if (ask->auth == SUBMIT_AUTH_LOGIN)
		return "libesmtp says LOGIN in a way that tells the secret";
	if (ask->auth != SUBMIT_PASSWORD && ask->auth != SUBMIT_AUTH_PLAIN)
		return "libesmtp has no login by token";
	if (strlen(ask->secret) > LIBRARY_SECRET)
		return "libesmtp has no room for a secret above 255 bytes";
	return NULL;
}

const char *submit_esmtp_cannot(const struct submit_ask *ask)
{
#ifndef HAVE_ESMTP
	return "it was built without libesmtp";
#endif
	if (ask->n_addrs > 0 || ask->host == NULL)
		return "libesmtp takes names alone, not addresses";
	if (ask->security == SUBMIT_TLS)
		return "libesmtp has no TLS from the first byte on";
	if (submit_needs_utf8(ask))
		return "libesmtp has no SMTPUTF8";
	if (ask->orcpt != NULL && strlen(ask->orcpt) > LIBRARY_XTEXT)
		return "libesmtp has no room for the original recipient";
	if (!keeps_header(ask))
		return "libesmtp would change the header";
	return cannot_log_in(ask);
}

const char *submit_esmtp_unfit(const struct submit_ask *ask)
{
	return submit_esmtp_cannot(ask);
}

/* -- the end ------------------------------------------------------------- */

static void drop(struct esmtp *esmtp)
{
	loop_timer_cancel(esmtp->loop, &esmtp->timer);
	child_drop(&esmtp->child);
	submission_free(esmtp->instead);
	esmtp->instead = NULL;
	esmtp->has_ended = true;
}

static void finish(struct esmtp *esmtp)
{
	drop(esmtp);
	esmtp->fn(esmtp->arg, esmtp->facts);
}

static struct smtp_step *record(struct esmtp *esmtp, int64_t now_us,
	enum smtp_outcome outcome, uint16_t code)
{
	struct smtp_step *step = &esmtp->facts->steps[esmtp->step];
	*step = (struct smtp_step){
		.outcome = outcome,
		.code = code,
		.at_us = esmtp->step_us - esmtp->options.start_us,
		.took_us = now_us - esmtp->step_us,
	};
	return step;
}

static bool is_answered(const struct esmtp *esmtp)
{
	return esmtp->facts->steps[esmtp->step].outcome == SMTP_DONE;
}

/* Once a message was given, and no reply to it came, nobody knows. What comes
 * behind the reply changes nothing. */
static void fail(struct esmtp *esmtp, enum smtp_outcome outcome,
	const char *text, bool is_sure)
{
	if (esmtp->step == SUBMIT_STEP_MESSAGE && is_answered(esmtp)) {
		finish(esmtp);
		return;
	}
	record(esmtp, clock_mono_us(), outcome, 0)->text = text;
	if (esmtp->step == SUBMIT_STEP_MESSAGE && !is_sure)
		esmtp->facts->end = SUBMIT_UNSURE;
	finish(esmtp);
}

/* -- instead ------------------------------------------------------------- */

static void on_instead(void *arg, const struct submit_facts *facts)
{
	struct esmtp *esmtp = arg;
	*esmtp->facts = *facts;
	esmtp->facts->left_by_libesmtp = esmtp->why_instead;
	finish(esmtp);
}

/* Nothing of the message was given. */
static void begin_anew(struct esmtp *esmtp, const char *why)
{
	const char *wrong = NULL;
	loop_timer_cancel(esmtp->loop, &esmtp->timer);
	child_drop(&esmtp->child);
	esmtp->is_told = true;
	esmtp->why_instead = why;
	esmtp->instead = submission_new(esmtp->arena, esmtp->loop,
		&esmtp->options, &esmtp->ask, &wrong);
	submission_start(esmtp->instead, on_instead, esmtp);
}

/* -- steps --------------------------------------------------------------- */

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

static bool is_before_greeting(const struct esmtp *esmtp)
{
	return esmtp->step == SUBMIT_STEP_CONNECT ||
	       esmtp->step == SUBMIT_STEP_GREETING;
}

static void on_late(void *arg)
{
	struct esmtp *esmtp = arg;
	int64_t deadline_us = esmtp->options.deadline_us;
	bool has_some = esmtp->reply.n_bytes > 0;
	if (is_answered(esmtp))
		fail(esmtp, SMTP_OUR_FAULT, "libesmtp does not go on", true);
	else if (esmtp->is_many && is_before_greeting(esmtp) &&
		 (deadline_us == 0 || clock_mono_us() < deadline_us))
		begin_anew(esmtp, "it does not tell its addresses apart");
	else
		fail(esmtp, SMTP_TIMED_OUT,
			has_some ? "sends a reply without an end" : NULL,
			false);
}

static void bound(struct esmtp *esmtp, int64_t until_us)
{
	int64_t deadline_us = esmtp->options.deadline_us;
	if (deadline_us > 0 && until_us > deadline_us)
		until_us = deadline_us;
	if (!loop_timer_set(
		    esmtp->loop, &esmtp->timer, until_us, on_late, esmtp))
		mem_exhausted();
}

static void begin_step(
	struct esmtp *esmtp, enum submit_step_id step, int64_t at_us)
{
	esmtp->step = step;
	esmtp->step_us = at_us;
	if (step != SUBMIT_STEP_QUIT)
		esmtp->facts->last = step;
	smtp_reply_init(&esmtp->reply);
	bound(esmtp, at_us + bound_of(&esmtp->options, step));
}

/* What the library does until the next is no time of the server's. */
static void end_step(struct esmtp *esmtp, int64_t at_us)
{
	bound(esmtp, at_us + esmtp->options.step_us + AFTER_US);
}

static void take_offer(struct esmtp *esmtp)
{
	struct submit_facts *facts = esmtp->facts;
	bool is_tls = esmtp->step == SUBMIT_STEP_EHLO_TLS;
	struct smtp_offer *out = is_tls ? &facts->offer_tls : &facts->offer;
	bool is_helo = out->is_helo;
	if (esmtp->reply.code / 100 == 2)
		reply_offer(esmtp->arena, &esmtp->reply, out);
	/* A refusal of EHLO makes the next reply one to HELO. */
	out->is_helo = is_helo || esmtp->reply.code / 100 == 5;
}

static bool says_dsn(const struct esmtp *esmtp)
{
	const struct submit_facts *facts = esmtp->facts;
	const struct smtp_offer *offer =
		facts->offer_tls.is_known ? &facts->offer_tls : &facts->offer;
	return offer->has_dsn && submit_wants_dsn(&esmtp->ask);
}

static void take_reply(struct esmtp *esmtp, int64_t at_us)
{
	struct submit_facts *facts = esmtp->facts;
	const struct smtp_reply *reply = &esmtp->reply;
	struct smtp_step *step = record(esmtp, at_us, SMTP_DONE, reply->code);
	step->text = submit_reply_text(
		esmtp->arena, &esmtp->ask, reply, &step->enhanced);
	if (esmtp->step == SUBMIT_STEP_EHLO ||
		esmtp->step == SUBMIT_STEP_EHLO_TLS)
		take_offer(esmtp);
	if (esmtp->step == SUBMIT_STEP_MAIL)
		facts->has_sent_dsn = says_dsn(esmtp);
	if (esmtp->step == SUBMIT_STEP_MESSAGE && reply->code / 100 == 2) {
		facts->end = SUBMIT_ACCEPTED;
		facts->queue_id = submit_queue_id(esmtp->arena, step->text);
	}
	end_step(esmtp, at_us);
}

/* -- notes --------------------------------------------------------------- */

static const char *text_of(struct esmtp *esmtp, const struct esmtp_note *note)
{
	return note->len > 0
		       ? arena_strndup(esmtp->arena, note->bytes, note->len)
		       : NULL;
}

static void take_certificate(struct esmtp *esmtp, const struct esmtp_note *note)
{
	struct smtp_tls *tls = &esmtp->facts->tls;
	const unsigned char *at;
	X509 *x509;
	if (esmtp->der == NULL)
		esmtp->der = arena_alloc(esmtp->arena, CERT_MAX);
	if (note->len > CERT_MAX - esmtp->der_len)
		return;
	memcpy(esmtp->der + esmtp->der_len, note->bytes, note->len);
	esmtp->der_len += note->len;
	if (note->number == 0)
		return;
	at = esmtp->der;
	x509 = d2i_X509(NULL, &at, (long)esmtp->der_len);
	esmtp->der_len = 0;
	if (x509 != NULL && tls->n_certs < SMTP_CERTS_MAX)
		certificate_read(esmtp->arena, x509, false,
			&esmtp->certs[tls->n_certs++]);
	X509_free(x509);
	tls->certs = esmtp->certs;
}

static void take_tls(struct esmtp *esmtp, const struct esmtp_note *note)
{
	struct smtp_tls *tls = &esmtp->facts->tls;
	switch ((unsigned)note->kind) {
	case ESMTP_CHAIN:
		tls->chain = (enum cert_chain)note->number;
		break;
	case ESMTP_CHAIN_ERROR:
		tls->chain_error = text_of(esmtp, note);
		break;
	case ESMTP_ABOVE:
		tls->above_end_s = note->number;
		tls->above_subject = text_of(esmtp, note);
		break;
	case ESMTP_CERT:
		take_certificate(esmtp, note);
		break;
	default:
		tls->version = (uint16_t)note->number;
		tls->cipher = text_of(esmtp, note);
		(void)submit_judge_tls(esmtp->arena, &esmtp->ask, esmtp->facts);
		break;
	}
}

static void take_end(struct esmtp *esmtp, const struct esmtp_note *note)
{
	const char *why = text_of(esmtp, note);
	if (note->kind == ESMTP_DEFER)
		begin_anew(esmtp, why);
	else if (note->kind == ESMTP_FAILED)
		fail(esmtp, (enum smtp_outcome)note->outcome, why,
			note->is_sure);
	else
		record(esmtp, note->at_us, SMTP_NOT_DONE, 0)->text = why;
}

static void on_note(void *arg, const void *record_bytes)
{
	struct esmtp *esmtp = arg;
	struct esmtp_note note;
	size_t used = 0;
	memcpy(&note, record_bytes, sizeof(note));
	if (esmtp->is_told)
		return;
	switch ((unsigned)note.kind) {
	case ESMTP_BEGIN:
		begin_step(esmtp, (enum submit_step_id)note.step, note.at_us);
		break;
	case ESMTP_DONE:
		record(esmtp, note.at_us, SMTP_DONE, 0);
		end_step(esmtp, note.at_us);
		if (esmtp->step == SUBMIT_STEP_LOOKUP)
			esmtp->is_many = note.number > 1;
		break;
	case ESMTP_BYTES:
		(void)smtp_reply_feed(&esmtp->reply,
			(const uint8_t *)note.bytes, note.len, &used);
		break;
	case ESMTP_REPLY:
		take_reply(esmtp, note.at_us);
		break;
	case ESMTP_MECHANISM:
		esmtp->facts->mechanism = text_of(esmtp, &note);
		break;
	case ESMTP_ADDRESS:
		esmtp->facts->address = text_of(esmtp, &note);
		break;
	case ESMTP_LOCAL:
		esmtp->facts->local_text = text_of(esmtp, &note);
		break;
	case ESMTP_GIVEN:
		break;
	case ESMTP_STOP:
	case ESMTP_FAILED:
	case ESMTP_DEFER:
		take_end(esmtp, &note);
		break;
	default:
		take_tls(esmtp, &note);
		break;
	}
}

/* A step without a word to it ended with the process. */
static void on_ended(void *arg, enum child_end end)
{
	struct esmtp *esmtp = arg;
	struct smtp_step *step = &esmtp->facts->steps[esmtp->step];
	bool is_open = step->outcome == SMTP_NOT_DONE && step->text == NULL;
	if (esmtp->is_told)
		return;
	if (end == CHILD_TIMED_OUT)
		fail(esmtp, SMTP_TIMED_OUT, "the deadline came", false);
	else if (end != CHILD_ENDED && esmtp->step != SUBMIT_STEP_QUIT)
		fail(esmtp, SMTP_OUR_FAULT, "libesmtp ended in an error",
			false);
	else if (is_open && esmtp->step != SUBMIT_STEP_QUIT)
		fail(esmtp, SMTP_OUR_FAULT, "libesmtp ended without a word",
			false);
	else
		finish(esmtp);
}

/* -- all of it ----------------------------------------------------------- */

static void work(int out, void *arg)
{
#ifdef HAVE_ESMTP
	const struct esmtp *esmtp = arg;
	esmtp_work(out, &esmtp->work);
#else
	(void)out;
	(void)arg;
#endif
}

static const struct child_events child_events = {
	.work = work,
	.told = on_note,
	.ended = on_ended,
	.record_size = sizeof(struct esmtp_note),
};

/* All steps, were each to take all that it may. */
static int64_t latest_us(const struct esmtp *esmtp)
{
	int64_t us = clock_mono_us();
	for (int i = 0; i < SUBMIT_STEPS; i++)
		us += 2 * bound_of(&esmtp->options, (enum submit_step_id)i);
	if (esmtp->options.deadline_us > 0 && us > esmtp->options.deadline_us)
		us = esmtp->options.deadline_us;
	return us;
}

static void on_begin(void *arg)
{
	struct esmtp *esmtp = arg;
	int64_t now_us = clock_mono_us(), until_us = latest_us(esmtp);
	const char *why;
	esmtp->has_begun = true;
	esmtp->facts->is_by_libesmtp = true;
	begin_step(esmtp, SUBMIT_STEP_LOOKUP, now_us);
	/* Once, and not in the child, where nothing could be said of it. */
	why = esmtp->ask.security == SUBMIT_PLAIN
		      ? NULL
		      : tls_context_load(esmtp->options.tls);
	if (why != NULL) {
		fail(esmtp, SMTP_OUR_FAULT, why, true);
		return;
	}
	esmtp->work = (struct esmtp_work){ .arena = esmtp->arena,
		.options = &esmtp->options,
		.ask = &esmtp->ask,
		.wait_us = until_us - now_us + AFTER_US };
	child_start(&esmtp->child, esmtp->loop, &child_events, esmtp,
		until_us + AFTER_US);
}

struct esmtp *esmtp_new(struct arena *arena, struct loop *loop,
	const struct submit_options *options, const struct submit_ask *ask,
	const char **why)
{
	struct esmtp *esmtp;
	*why = submit_check(options, ask);
	if (*why == NULL)
		*why = submit_esmtp_cannot(ask);
	if (*why != NULL)
		return NULL;
	esmtp = arena_alloc(arena, sizeof(*esmtp));
	esmtp->arena = arena;
	esmtp->loop = loop;
	esmtp->options = *options;
	esmtp->ask = *ask;
	esmtp->facts = arena_alloc(arena, sizeof(*esmtp->facts));
	return esmtp;
}

void esmtp_start(struct esmtp *esmtp, submit_fn fn, void *arg)
{
	esmtp->fn = fn;
	esmtp->arg = arg;
	if (!loop_timer_set(esmtp->loop, &esmtp->timer, 0, on_begin, esmtp))
		mem_exhausted();
}

void esmtp_end(struct esmtp *esmtp)
{
	if (esmtp->has_ended)
		return;
	if (esmtp->instead != NULL)
		submission_end(esmtp->instead);
	else if (esmtp->has_begun && esmtp->step != SUBMIT_STEP_QUIT)
		fail(esmtp, SMTP_TIMED_OUT, "the deadline came", false);
	else
		finish(esmtp);
}

void esmtp_free(struct esmtp *esmtp)
{
	if (esmtp != NULL && !esmtp->has_ended)
		drop(esmtp);
}
