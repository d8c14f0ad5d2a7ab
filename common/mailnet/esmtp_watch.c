/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/esmtp_watch.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mailnet/reply_facts.h"
#include "common/mailnet/submit_auth.h"
#include "common/mailnet/submit_facts.h"

enum {
	/* Its buffers for a line and for the text of a reply, and some room:
	 * beyond them it takes the rest of a line for the next reply. */
	LIBRARY_LINE = 1000,
	LIBRARY_TEXT = 3800,
	CODE = 4, /* "250-" */
	COMMAND_MAX = 2048,
};

/* No keyword and no mechanism begins with it. */
static const char hidden = 'Z';
/* All that is left to it: of LOGIN it says the name unasked, and then the secret
 * to whoever asks for a name. */
static const char mechanism[] = "PLAIN";

/* -- notes --------------------------------------------------------------- */

static struct esmtp_note note_of(
	const struct esmtp_watch *watch, enum esmtp_note_kind kind)
{
	struct esmtp_note note;
	memset(&note, 0, sizeof(note));
	note.at_us = clock_mono_us();
	note.kind = (uint8_t)kind;
	note.step = (uint8_t)watch->step;
	return note;
}

static void add_bytes(struct esmtp_note *note, const char *bytes, size_t len)
{
	if (len > sizeof(note->bytes))
		len = sizeof(note->bytes);
	if (len > 0)
		memcpy(note->bytes, bytes, len);
	note->len = (uint16_t)len;
}

void esmtp_tell(struct esmtp_watch *watch, enum esmtp_note_kind kind,
	int64_t number, const char *bytes, size_t len)
{
	struct esmtp_note note = note_of(watch, kind);
	note.number = number;
	add_bytes(&note, bytes, len);
	watch->tell(watch->arg, &note);
}

static void tell_text(
	struct esmtp_watch *watch, enum esmtp_note_kind kind, const char *text)
{
	esmtp_tell(watch, kind, 0, text, text != NULL ? strlen(text) : 0);
}

void esmtp_begin(struct esmtp_watch *watch, enum submit_step_id step)
{
	watch->step = step;
	tell_text(watch, ESMTP_BEGIN, NULL);
}

void esmtp_done(struct esmtp_watch *watch)
{
	tell_text(watch, ESMTP_DONE, NULL);
}

enum esmtp_go esmtp_fail(
	struct esmtp_watch *watch, enum smtp_outcome outcome, const char *why)
{
	struct esmtp_note note = note_of(watch, ESMTP_FAILED);
	if (watch->is_many && watch->step <= SUBMIT_STEP_GREETING)
		return esmtp_defer(
			watch, "it does not tell its addresses apart");
	note.outcome = (uint8_t)outcome;
	note.is_sure = !watch->has_given;
	add_bytes(&note, why, why != NULL ? strlen(why) : 0);
	watch->tell(watch->arg, &note);
	return ESMTP_OVER;
}

enum esmtp_go esmtp_defer(struct esmtp_watch *watch, const char *why)
{
	if (watch->has_given)
		return esmtp_fail(watch, SMTP_OUR_FAULT, why);
	tell_text(watch, ESMTP_DEFER, why);
	return ESMTP_OVER;
}

/* -- what the library is shown ------------------------------------------- */

static bool begins(const char *word, const char *with, size_t len)
{
	return strncasecmp(word, with, len) == 0;
}

/* Whether any that the library may see begins with the word. */
static bool may_see(const struct esmtp_watch *watch)
{
	static const char *const keywords[] = { "STARTTLS", "AUTH", "DSN",
		"SIZE", "8BITMIME" };
	size_t len = watch->word;
	if (len > sizeof(watch->keyword))
		return false;
	if (watch->is_auth)
		return begins(mechanism, watch->keyword, len);
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (begins(keywords[i], watch->keyword, len))
			return true;
	return false;
}

/* A letter of a keyword, or of a mechanism. */
static void show_letter(struct esmtp_watch *watch, char *c)
{
	if (watch->word < sizeof(watch->keyword))
		watch->keyword[watch->word] = *c;
	watch->word++;
	if (!watch->is_hidden)
		watch->is_hidden = !may_see(watch);
	if (watch->is_hidden)
		*c = hidden;
}

/* Beyond the keyword all is its parameters'; mechanisms are each a word. */
static void end_word(struct esmtp_watch *watch)
{
	bool is_first = !watch->is_auth && watch->word > 0;
	watch->is_auth = watch->is_auth ||
			 (is_first && watch->word == 4 && !watch->is_hidden &&
				 begins("AUTH", watch->keyword, 4));
	if (is_first && !watch->is_auth)
		watch->column = SIZE_MAX;
	watch->word = 0;
	watch->is_hidden = false;
}

static void show_byte(struct esmtp_watch *watch, char *c, bool is_offer)
{
	size_t column = watch->column;
	if (*c == '\n') {
		watch->line++;
		watch->column = 0;
		watch->word = 0;
		watch->is_hidden = watch->is_auth = false;
		return;
	}
	if (column != SIZE_MAX)
		watch->column++;
	if (column + 1 == CODE && *c == '\r')
		*c = ' ';
	if (!is_offer || watch->line == 0 || column < CODE ||
		column == SIZE_MAX || *c == '\r')
		return;
	if (*c == ' ' || *c == '\t')
		end_word(watch);
	else
		show_letter(watch, c);
}

static void show(struct esmtp_watch *watch, char *bytes, size_t len)
{
	bool is_offer = watch->step == SUBMIT_STEP_EHLO ||
			watch->step == SUBMIT_STEP_EHLO_TLS;
	for (size_t i = 0; i < len; i++)
		show_byte(watch, &bytes[i], is_offer && !watch->says_helo);
}

/* -- after a reply ------------------------------------------------------- */

static enum esmtp_go say_next(struct esmtp_watch *watch, enum esmtp_verb verb)
{
	watch->due_verb = verb;
	return ESMTP_GO;
}

/* A step that can't be done there. */
static enum esmtp_go stop_before(
	struct esmtp_watch *watch, enum submit_step_id step, const char *why)
{
	esmtp_begin(watch, step);
	tell_text(watch, ESMTP_STOP, why);
	return say_next(watch, ESMTP_NOTHING);
}

static enum esmtp_go before_mail(struct esmtp_watch *watch)
{
	const char *lacks = submit_lacks(watch->ask, &watch->offer);
	return lacks != NULL ? stop_before(watch, SUBMIT_STEP_MAIL, lacks)
			     : say_next(watch, ESMTP_MAIL);
}

static enum esmtp_go after_offer(struct esmtp_watch *watch)
{
	enum submit_security security = watch->ask->security;
	bool has = watch->offer.has_starttls;
	if (!watch->is_secure && security != SUBMIT_PLAIN) {
		if (has)
			return say_next(watch, ESMTP_STARTTLS);
		if (security != SUBMIT_AS_OFFERED)
			return stop_before(watch, SUBMIT_STEP_STARTTLS,
				"it is not offered");
	}
	if (watch->ask->auth == SUBMIT_NO_AUTH)
		return before_mail(watch);
	switch (submit_auth_choose(watch->ask->auth, watch->offer.auth)) {
	case SUBMIT_MECH_PLAIN:
		return say_next(watch, ESMTP_AUTH);
	case SUBMIT_MECH_NONE:
		return stop_before(watch, SUBMIT_STEP_AUTH,
			"no mechanism that could be used is offered");
	case SUBMIT_MECH_LOGIN:
	case SUBMIT_MECH_OAUTHBEARER:
	case SUBMIT_MECH_XOAUTH2:
		break;
	}
	return esmtp_defer(watch, "it is not to log in by LOGIN");
}

/* The library tries HELO after some refusals, the dialogue after all. */
static enum esmtp_go after_ehlo(struct esmtp_watch *watch, uint16_t code)
{
	if (code / 100 == 5 && !watch->says_helo) {
		if (code != 500 && code != 501 && code != 502 && code != 504)
			return esmtp_defer(watch, "it would not try HELO");
		return say_next(watch, ESMTP_HELO);
	}
	if (code / 100 != 2)
		return say_next(watch, ESMTP_NOTHING);
	reply_offer(watch->arena, &watch->reply, &watch->offer);
	return after_offer(watch);
}

static enum esmtp_go after_starttls(struct esmtp_watch *watch)
{
	esmtp_begin(watch, SUBMIT_STEP_TLS);
	if (watch->has_surplus)
		return esmtp_fail(watch, SMTP_INJECTED,
			"plain text behind the reply to STARTTLS");
	return say_next(watch, ESMTP_NOTHING);
}

static enum esmtp_go after_data(struct esmtp_watch *watch, uint16_t code)
{
	if (code / 100 == 2)
		return esmtp_fail(watch, SMTP_MALFORMED,
			"has taken the message before it was sent");
	return say_next(watch, code / 100 == 3 ? ESMTP_MESSAGE : ESMTP_NOTHING);
}

static enum esmtp_go after_refusal(struct esmtp_watch *watch)
{
	if (watch->is_many && watch->step == SUBMIT_STEP_GREETING)
		return esmtp_defer(
			watch, "it does not tell its addresses apart");
	/* It would send without a login. */
	if (watch->step == SUBMIT_STEP_AUTH)
		return ESMTP_LEAVE;
	return say_next(watch, ESMTP_NOTHING);
}

static enum esmtp_go go_on(struct esmtp_watch *watch, uint16_t code)
{
	enum submit_step_id step = watch->step;
	if (step == SUBMIT_STEP_EHLO || step == SUBMIT_STEP_EHLO_TLS)
		return after_ehlo(watch, code);
	if (step == SUBMIT_STEP_MESSAGE)
		return say_next(watch, ESMTP_NOTHING);
	if (step == SUBMIT_STEP_QUIT)
		return ESMTP_OVER;
	if (step == SUBMIT_STEP_DATA)
		return after_data(watch, code);
	if (step == SUBMIT_STEP_AUTH && code == 334)
		return esmtp_fail(
			watch, SMTP_MALFORMED, "asks for more than there is");
	if (code / 100 != 2)
		return after_refusal(watch);
	if (step == SUBMIT_STEP_GREETING)
		return code == 220 ? say_next(watch, ESMTP_EHLO)
				   : esmtp_defer(watch,
					     "it takes 220 alone to greet");
	if (step == SUBMIT_STEP_STARTTLS)
		return after_starttls(watch);
	if (step == SUBMIT_STEP_AUTH)
		return before_mail(watch);
	return say_next(
		watch, step == SUBMIT_STEP_MAIL ? ESMTP_RCPT : ESMTP_DATA);
}

static bool is_out_of_place(const struct esmtp_watch *watch)
{
	return watch->reply.code / 100 == 3 &&
	       watch->step != SUBMIT_STEP_AUTH &&
	       watch->step != SUBMIT_STEP_DATA &&
	       watch->step != SUBMIT_STEP_QUIT;
}

/* -- what comes in ------------------------------------------------------- */

static void await(struct esmtp_watch *watch)
{
	smtp_reply_init(&watch->reply);
	watch->is_due = true;
	watch->has_surplus = false;
	watch->line = watch->column = watch->word = 0;
	watch->is_hidden = watch->is_auth = false;
}

void esmtp_connected(struct esmtp_watch *watch)
{
	esmtp_done(watch);
	esmtp_begin(watch, SUBMIT_STEP_GREETING);
	await(watch);
}

void esmtp_secured(struct esmtp_watch *watch)
{
	esmtp_done(watch);
	watch->is_secure = true;
	watch->offer = (struct smtp_offer){ 0 };
	watch->due_verb = ESMTP_EHLO;
}

static void tell_bytes(struct esmtp_watch *watch, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t n = len < ESMTP_NOTE_BYTES ? len : ESMTP_NOTE_BYTES;
		esmtp_tell(watch, ESMTP_BYTES, 0, bytes, n);
		bytes += n;
		len -= n;
	}
}

/* What it would take for two replies is no longer its own to read. */
static enum esmtp_go check_size(struct esmtp_watch *watch)
{
	if (watch->reply.line_len <= LIBRARY_LINE &&
		watch->reply.text_len <= LIBRARY_TEXT)
		return ESMTP_GO;
	return watch->step == SUBMIT_STEP_MESSAGE ||
			       watch->step == SUBMIT_STEP_QUIT
		       ? ESMTP_LEAVE
		       : esmtp_defer(watch, "a reply is too long for it");
}

/* Byte by byte where it might be too long, as a line is kept till its end. */
static enum smtp_reply_status feed(struct esmtp_watch *watch, const char *bytes,
	size_t len, size_t *used, enum esmtp_go *go)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	*used = 0;
	while (*used < len && status == SMTP_REPLY_MORE) {
		size_t n = 0;
		status = smtp_reply_feed(
			&watch->reply, (const uint8_t *)bytes + *used, 1, &n);
		*used += n;
		if (*go == ESMTP_GO)
			*go = check_size(watch);
		if (*go == ESMTP_OVER)
			break;
	}
	return status;
}

enum esmtp_go esmtp_read(struct esmtp_watch *watch, char *bytes, size_t len)
{
	enum esmtp_go go = ESMTP_GO, then;
	enum smtp_reply_status status;
	size_t used = 0;
	if (!watch->is_due) {
		watch->has_surplus = true;
		return ESMTP_GO;
	}
	status = feed(watch, bytes, len, &used, &go);
	if (go == ESMTP_OVER)
		return go;
	tell_bytes(watch, bytes, used);
	if (status == SMTP_REPLY_WRONG)
		return esmtp_fail(watch, SMTP_MALFORMED, watch->reply.why);
	show(watch, bytes, len);
	if (status == SMTP_REPLY_MORE)
		return go;
	watch->is_due = false;
	watch->has_surplus = used < len;
	if (is_out_of_place(watch))
		return esmtp_fail(watch, SMTP_MALFORMED,
			"answers with a code of another command");
	tell_text(watch, ESMTP_REPLY, NULL);
	then = go_on(watch, watch->reply.code);
	return then == ESMTP_GO ? go : then;
}

/* -- what goes out ------------------------------------------------------- */

static const struct {
	const char *word;
	enum submit_step_id step;
} verbs[] = {
	[ESMTP_EHLO] = { "EHLO ", SUBMIT_STEP_EHLO },
	[ESMTP_HELO] = { "HELO ", SUBMIT_STEP_EHLO },
	[ESMTP_STARTTLS] = { "STARTTLS\r\n", SUBMIT_STEP_STARTTLS },
	[ESMTP_AUTH] = { "AUTH ", SUBMIT_STEP_AUTH },
	[ESMTP_MAIL] = { "MAIL FROM:<", SUBMIT_STEP_MAIL },
	[ESMTP_RCPT] = { "RCPT TO:<", SUBMIT_STEP_RCPT },
	[ESMTP_DATA] = { "DATA\r\n", SUBMIT_STEP_DATA },
	[ESMTP_QUIT] = { "QUIT\r\n", SUBMIT_STEP_QUIT },
};

static bool is_at(const char *bytes, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && memcmp(bytes, word, n) == 0;
}

static enum esmtp_verb verb_of(const char *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (verbs[i].word != NULL && is_at(bytes, len, verbs[i].word))
			return (enum esmtp_verb)i;
	return ESMTP_NOTHING;
}

static bool is_one_line(const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);
	return end == NULL || end + 1 == bytes + len;
}

/* Whether the addresses are those that were asked for. */
static bool has_its_path(const struct esmtp_watch *watch, enum esmtp_verb verb,
	const char *bytes, size_t len)
{
	const char *path =
		verb == ESMTP_MAIL ? watch->ask->mail_from : watch->ask->rcpt;
	struct text text;
	bool has;
	if (verb != ESMTP_MAIL && verb != ESMTP_RCPT)
		return true;
	text_init(&text, COMMAND_MAX);
	text_printf(&text, "%s%s>", verbs[verb].word, path);
	has = is_at(bytes, len, text.data);
	text_release(&text);
	return has;
}

/* By the mechanism's name; what is behind it is seen by nobody. */
static bool may_log_in(struct esmtp_watch *watch, const char *bytes, size_t len)
{
	const struct submit_ask *ask = watch->ask;
	const char *auth = "AUTH PLAIN ";
	if ((!watch->is_secure && !ask->may_bare_secret) ||
		!is_at(bytes, len, auth))
		return false;
	tell_text(watch, ESMTP_MECHANISM, mechanism);
	return true;
}

static enum esmtp_go say(struct esmtp_watch *watch, enum submit_step_id step,
	enum esmtp_peer peer)
{
	bool speaks = peer == ESMTP_PEER_SPEAKS || watch->has_surplus;
	if (step != SUBMIT_STEP_AUTH)
		esmtp_begin(watch, step);
	if (speaks && step == SUBMIT_STEP_QUIT)
		return ESMTP_OVER;
	if (speaks)
		return esmtp_fail(
			watch, SMTP_MALFORMED, "speaks before it is asked");
	await(watch);
	watch->due_verb = ESMTP_NOTHING;
	return ESMTP_GO;
}

static enum esmtp_go say_verb(struct esmtp_watch *watch, enum esmtp_verb verb,
	const char *bytes, size_t len, enum esmtp_peer peer)
{
	enum submit_step_id step = verbs[verb].step;
	if (!has_its_path(watch, verb, bytes, len))
		return esmtp_defer(watch, "it says another address");
	if (verb == ESMTP_HELO)
		watch->says_helo = true;
	if (step == SUBMIT_STEP_EHLO && watch->is_secure)
		step = SUBMIT_STEP_EHLO_TLS;
	if (verb == ESMTP_AUTH) {
		esmtp_begin(watch, step);
		if (!may_log_in(watch, bytes, len))
			return esmtp_defer(watch, "it logs in by another way");
	}
	return say(watch, step, peer);
}

enum esmtp_go esmtp_write(struct esmtp_watch *watch, const char *bytes,
	size_t len, enum esmtp_peer peer)
{
	enum esmtp_verb verb = verb_of(bytes, len);
	bool goes_on = watch->in_line;
	if (len == 0)
		return ESMTP_GO;
	watch->in_line = bytes[len - 1] != '\n';
	if (goes_on && is_one_line(bytes, len))
		return ESMTP_GO;
	/* It takes its leave, too, of who has gone. */
	if (watch->is_due && peer == ESMTP_PEER_ENDED)
		return esmtp_fail(watch, SMTP_CLOSED, NULL);
	if (watch->is_due || !is_one_line(bytes, len))
		return esmtp_defer(watch, "it speaks out of turn");
	if (verb == ESMTP_QUIT)
		return say(watch, SUBMIT_STEP_QUIT, peer);
	if (watch->due_verb == ESMTP_NOTHING)
		return ESMTP_LEAVE;
	if (verb != watch->due_verb)
		return esmtp_defer(watch, "it goes another way");
	return say_verb(watch, verb, bytes, len, peer);
}

enum esmtp_go esmtp_message(struct esmtp_watch *watch, enum esmtp_peer peer)
{
	enum esmtp_go go;
	if (watch->is_due || watch->due_verb != ESMTP_MESSAGE)
		return esmtp_defer(watch, "it sends by BDAT");
	go = say(watch, SUBMIT_STEP_MESSAGE, peer);
	if (go == ESMTP_GO) {
		watch->has_given = true;
		tell_text(watch, ESMTP_GIVEN, NULL);
	}
	return go;
}

/* -- the end ------------------------------------------------------------- */

enum esmtp_go esmtp_ended(struct esmtp_watch *watch)
{
	if (watch->is_due)
		return esmtp_fail(watch, SMTP_CLOSED, NULL);
	if (watch->due_verb != ESMTP_NOTHING)
		return esmtp_defer(watch, "it ends where it could go on");
	return ESMTP_OVER;
}
