/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whom a refusal is about. A monitor is not a sender of mail with a name: a
 * server that refuses this host tells nothing of what it does with others. But
 * one that knows the recipient not, or will not relay to him, makes mail bounce
 * whoever sends it.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mail/smtp.h"

/* Words as servers and their documents have them, in lower case. */
static const char *const about_sender[] = {
	"banned",
	"barracuda",
	"black list",
	"blacklist",
	"blacklisted",
	"block list",
	"blocked by",
	"blocked using",
	"blocklist",
	"blocklisted",
	"client host",
	"dial-up",
	"dnsbl",
	"dynamic ip",
	"helo",
	"ehlo",
	"ip address",
	"ptr",
	"rate limit",
	"rbl",
	"rdns",
	"reputation",
	"reverse dns",
	"reverse hostname",
	"sender address",
	"sender verify",
	"spamcop",
	"spamhaus",
	"spf",
	"your host",
	"your ip",
};

static const char *const about_relay[] = {
	"relay",
	"relayed",
	"relaying",
	"unable to relay",
	"not local",
	"non-local",
};

static const char *const about_greylist[] = {
	"gray list",
	"graylist",
	"graylisted",
	"graylisting",
	"grey list",
	"grey-listed",
	"grey-listing",
	"greylist",
	"greylisted",
	"greylisting",
	"postgrey",
};

/* Whether c may stand inside of a name or an address, so that what it touches
 * is a part of something else. */
static bool is_inside(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("-_@:", c));
}

/* A full stop ends a sentence, or goes on with a name. */
static bool ends_at(const char *s)
{
	return !is_inside(*s == '.' ? s[1] : *s) ||
	       (*s == ':' && !is_inside(s[1]));
}

static bool begins_at(const char *text, const char *s)
{
	return s == text || (!is_inside(s[-1]) && s[-1] != '.') ||
	       (s[-1] == ':' && s - text > 1 && !is_inside(s[-2]));
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool says(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *s;

	if (len == 0)
		return false;
	for (s = text; *s; s++)
		if (lower(*s) == lower(*word) &&
			strncasecmp(s, word, len) == 0 && begins_at(text, s) &&
			ends_at(s + len))
			return true;
	return false;
}

static bool says_any(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (says(text, words[i]))
			return true;
	return false;
}

#define SAYS_ANY(text, words) \
	says_any(text, words, sizeof(words) / sizeof((words)[0]))

static bool names_us(
	const char *text, const struct smtp_session *session, const char *helo)
{
	return SAYS_ANY(text, about_sender) ||
	       (session->local_text && says(text, session->local_text)) ||
	       (helo && says(text, helo));
}

/* X.1.7 and X.1.8 are the sender's address, X.7 is policy (RFC 3463). */
static bool code_is_about_sender(const struct smtp_enhanced *code)
{
	return code->subject == 7 ||
	       (code->subject == 1 && (code->detail == 7 || code->detail == 8));
}

static enum smtp_refusal temporary(const struct smtp_step *step, bool us)
{
	const char *text = step->text ? step->text : "";

	if (SAYS_ANY(text, about_greylist))
		return SMTP_REFUSAL_GREYLIST;
	/* "System not accepting network messages", whoever is named beside
	 * that: Postfix puts the client in front of each refusal of its
	 * access maps. */
	if (step->enhanced.class == 4 && step->enhanced.subject == 3 &&
		step->enhanced.detail == 2)
		return SMTP_REFUSAL_FOR_NOW;
	if (us)
		return SMTP_REFUSAL_SENDER;
	/* RFC 6647 section 5. Postfix says "454 4.7.1 Relay access denied"
	 * where it will never relay. */
	if (!SAYS_ANY(text, about_relay) && step->enhanced.class == 4 &&
		step->enhanced.subject == 7 && step->enhanced.detail == 1)
		return SMTP_REFUSAL_GREYLIST;
	return SMTP_REFUSAL_FOR_NOW;
}

static enum smtp_refusal permanent(
	enum smtp_step_id id, const struct smtp_step *step, bool us)
{
	const char *text = step->text ? step->text : "";
	bool is_rcpt = id >= SMTP_RCPT && id <= SMTP_RCPT_RELAY;

	/* "554 5.7.1 Relay access denied": whoever asks. */
	if (is_rcpt && SAYS_ANY(text, about_relay))
		return SMTP_REFUSAL_RECIPIENT;
	if (us || (step->enhanced.class == 5 &&
			  code_is_about_sender(&step->enhanced)))
		return SMTP_REFUSAL_SENDER;
	/* RFC 5321 section 3.1. 521 is said to all (RFC 7504). */
	if (id == SMTP_GREETING && step->code == 554)
		return SMTP_REFUSAL_SENDER;
	if (is_rcpt && step->enhanced.class == 5 &&
		(step->enhanced.subject == 1 || step->enhanced.subject == 2))
		return SMTP_REFUSAL_RECIPIENT;
	return SMTP_REFUSAL_UNSAID;
}

enum smtp_refusal smtp_refusal_of(const struct smtp_session *session,
	enum smtp_step_id id, const char *helo)
{
	const struct smtp_step *step = &session->steps[id];
	bool us = step->text && names_us(step->text, session, helo);

	if (smtp_step_is(step, 4))
		return temporary(step, us);
	if (smtp_step_is(step, 5))
		return permanent(id, step, us);
	return SMTP_REFUSAL_NONE;
}
