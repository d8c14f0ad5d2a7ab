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

#include "common/core/text.h"
#include "common/mail/smtp.h"

/*
 * Words as servers and their documents have them, in lower case. These are of
 * whoever connects or sends, whatever else the text speaks of.
 */
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
	"empty envelope",
	"empty sender",
	"listed at",
	"listed by",
	"listed in",
	"listed on",
	"null sender",
	"rate limit",
	"rate limited",
	"rbl",
	"reputation",
	"sender address",
	"sender verify",
	"spamcop",
	"spamhaus",
};

/* So are these, unless the text says that nobody has that address. */
static const char *const names_sender[] = {
	"ehlo",
	"helo",
	"ip address",
	"ptr",
	"rdns",
	"reverse dns",
	"reverse hostname",
	"spf",
	"your host",
	"your ip",
};

static const char *const about_recipient[] = {
	"invalid mailbox",
	"invalid recipient",
	"mailbox not found",
	"mailbox unavailable",
	"no such mailbox",
	"no such recipient",
	"no such user",
	"not listed",
	"recipient not found",
	"recipient unknown",
	"unknown recipient",
	"unknown user",
	"unrouteable address",
	"user not found",
	"user unknown",
};

/* Of a domain that is none of theirs, or whose mail they would send to
 * themselves. */
static const char *const about_relay[] = {
	"allowed rcpthosts",
	"is the local host",
	"loops back",
	"non-local",
	"not local",
	"points to local host",
	"relay",
	"relayed",
	"relaying",
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

/* Some who greylist say no more than this; so do others who are in trouble, and
 * say more. */
static const char *const about_later[] = {
	"come back",
	"later",
	"retry",
	"try again",
};

/* For ever, unless they say so: a server that turns 5xx into 4xx (Postfix:
 * soft_bounce) says it of whom it never takes. */
static const char *const about_denial[] = {
	"denied",
	"not allowed",
	"not permitted",
	"prohibited",
	"rejected",
};

static const char *const about_now[] = {
	"deferred",
	"temporarily",
	"temporary",
};

static const char *const about_trouble[] = {
	"busy",
	"can't",
	"cannot",
	"database",
	"disk",
	"error",
	"failed",
	"failure",
	"full",
	"insufficient",
	"load",
	"lookup",
	"overloaded",
	"problem",
	"quota",
	"resolve",
	"resources",
	"service unavailable",
	"shortage",
	"storage",
	"timed out",
	"timeout",
	"too many",
	"unable",
};

enum {
	/* Details from here on are of one maker alone, all of his policy. */
	DETAIL_OWN_MIN = 500,
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

/* An address may stand behind a tag (RFC 5321 section 4.1.3). */
static bool begins_at(const char *text, const char *s)
{
	static const char tag[] = "[IPv6:";
	size_t len = sizeof(tag) - 1;

	if (s == text)
		return true;
	if (s[-1] == ':' && (size_t)(s - text) >= len &&
		strncasecmp(s - len, tag, len) == 0)
		return true;
	return (!is_inside(s[-1]) && s[-1] != '.') ||
	       (s[-1] == ':' && s - text > 1 && !is_inside(s[-2]));
}

static bool is_word_at(const char *s, const char *word)
{
	size_t len = strlen(word);

	return text_lower(*s) == text_lower(*word) &&
	       strncasecmp(s, word, len) == 0 && ends_at(s + len);
}

/* A text is a thousand bytes of whatever the server likes, and there are many
 * words: only where one may begin are they looked for. */
static bool says_any(const char *text, const char *const *words, size_t n)
{
	const char *s;
	size_t i;

	for (s = text; *s; s++) {
		if (!begins_at(text, s))
			continue;
		for (i = 0; i < n; i++)
			if (is_word_at(s, words[i]))
				return true;
	}
	return false;
}

static bool says(const char *text, const char *word)
{
	return *word && says_any(text, &word, 1);
}

#define SAYS_ANY(text, words) \
	says_any(text, words, sizeof(words) / sizeof((words)[0]))

/* Who is asked, and what was said to that. */
struct answer {
	const struct smtp_session *session;
	const char *helo;
	enum smtp_step_id id;
	const struct smtp_step *step;
	const char *text; /* "" for none */
};

static bool has_enhanced(
	const struct answer *answer, unsigned subject, unsigned detail)
{
	const struct smtp_enhanced *code = &answer->step->enhanced;

	return code->class > 0 && code->subject == subject &&
	       code->detail == detail;
}

static bool is_policy(const struct answer *answer)
{
	return answer->step->enhanced.class > 0 &&
	       answer->step->enhanced.subject == 7;
}

/* Full, not accepting, not capable, misconfigured, whoever is named beside that:
 * Postfix puts the client or the sender in front of each refusal of its access
 * maps. X.3.0 is what some say of anything. */
static bool is_system(const struct answer *answer)
{
	return answer->step->enhanced.class > 0 &&
	       answer->step->enhanced.subject == 3 &&
	       answer->step->enhanced.detail > 0;
}

static bool is_rcpt(const struct answer *answer)
{
	return answer->id >= SMTP_RCPT && answer->id <= SMTP_RCPT_RELAY;
}

static bool names_us(const struct answer *answer)
{
	const char *ours = answer->session->local_text;

	return SAYS_ANY(answer->text, names_sender) ||
	       (ours && says(answer->text, ours)) ||
	       (answer->helo && says(answer->text, answer->helo));
}

/* 450 4.3.2 is what Postfix's postscreen says to all whom it sees for the
 * first time. */
static bool is_come_again(const struct answer *answer)
{
	const struct smtp_enhanced *code = &answer->step->enhanced;

	if (is_system(answer))
		return answer->step->code == 450 &&
		       has_enhanced(answer, 3, 2) &&
		       says(answer->text, "service currently unavailable");
	if (is_policy(answer) && code->detail >= DETAIL_OWN_MIN)
		return SAYS_ANY(answer->text, about_later);
	if (SAYS_ANY(answer->text, about_trouble))
		return false;
	/* RFC 6647 section 5. */
	if (has_enhanced(answer, 7, 1))
		return !SAYS_ANY(answer->text, about_denial) ||
		       SAYS_ANY(answer->text, about_later) ||
		       SAYS_ANY(answer->text, about_now);
	return (code->class == 0 || has_enhanced(answer, 7, 0) ||
		       has_enhanced(answer, 2, 0)) &&
	       SAYS_ANY(answer->text, about_later);
}

static enum smtp_refusal temporary(const struct answer *answer)
{
	if (SAYS_ANY(answer->text, about_greylist))
		return SMTP_REFUSAL_GREYLIST;
	/* Postfix says "454 4.7.1 Relay access denied" where it will never
	 * relay. */
	if (is_rcpt(answer) && SAYS_ANY(answer->text, about_relay))
		return SMTP_REFUSAL_FOR_NOW;
	if (is_system(answer))
		return is_rcpt(answer) && is_come_again(answer)
			       ? SMTP_REFUSAL_GREYLIST
			       : SMTP_REFUSAL_FOR_NOW;
	/* Policy is about whom it has before it, which is us at first. */
	if (answer->id < SMTP_MAIL)
		return is_policy(answer) || names_us(answer) ||
				       SAYS_ANY(answer->text, about_sender)
			       ? SMTP_REFUSAL_SENDER
			       : SMTP_REFUSAL_FOR_NOW;
	if (SAYS_ANY(answer->text, about_sender))
		return SMTP_REFUSAL_SENDER;
	if (is_come_again(answer))
		return SMTP_REFUSAL_GREYLIST;
	return names_us(answer) ? SMTP_REFUSAL_SENDER : SMTP_REFUSAL_FOR_NOW;
}

/* Nobody is heard without a password or TLS; or nobody at all (RFC 7504). */
static bool is_said_to_all(const struct smtp_step *step)
{
	return step->code == 521 || step->code == 530 || step->code == 556;
}

static enum smtp_refusal permanent_at_rcpt(const struct answer *answer)
{
	const struct smtp_enhanced *code = &answer->step->enhanced;

	/* "554 5.7.1 Relay access denied": whoever asks. */
	if (SAYS_ANY(answer->text, about_relay))
		return SMTP_REFUSAL_RECIPIENT;
	/* X.1.7 and X.1.8 are the sender's address (RFC 3463). */
	if (has_enhanced(answer, 1, 7) || has_enhanced(answer, 1, 8))
		return SMTP_REFUSAL_SENDER;
	if (code->class > 0 &&
		(code->subject == 2 ||
			(code->subject == 1 && code->detail > 0)))
		return SMTP_REFUSAL_RECIPIENT;
	if (SAYS_ANY(answer->text, about_recipient) ||
		is_said_to_all(answer->step))
		return SMTP_REFUSAL_UNSAID;
	if (is_policy(answer) || names_us(answer))
		return SMTP_REFUSAL_SENDER;
	return code->class > 0 && code->subject == 1 ? SMTP_REFUSAL_RECIPIENT
						     : SMTP_REFUSAL_UNSAID;
}

/* "User not listed in public Name & Address Book": of Domino, which has a list
 * of its own. */
static bool is_unlisted(const struct answer *answer)
{
	return is_rcpt(answer) && says(answer->text, "not listed") &&
	       !names_us(answer);
}

static enum smtp_refusal permanent(const struct answer *answer)
{
	const struct smtp_step *step = answer->step;

	if (is_system(answer))
		return SMTP_REFUSAL_UNSAID;
	if (SAYS_ANY(answer->text, about_sender) && !is_unlisted(answer))
		return SMTP_REFUSAL_SENDER;
	if (is_rcpt(answer))
		return permanent_at_rcpt(answer);
	if (is_said_to_all(step))
		return SMTP_REFUSAL_UNSAID;
	if (is_policy(answer) || names_us(answer))
		return SMTP_REFUSAL_SENDER;
	/* RFC 5321 section 3.1. */
	if (answer->id == SMTP_GREETING && step->code == 554)
		return SMTP_REFUSAL_SENDER;
	/* Nobody but the sender is known yet. */
	return answer->id == SMTP_MAIL ? SMTP_REFUSAL_SENDER
				       : SMTP_REFUSAL_UNSAID;
}

enum smtp_refusal smtp_refusal_of(const struct smtp_session *session,
	enum smtp_step_id id, const char *helo)
{
	const struct smtp_step *step = &session->steps[id];
	const struct answer answer = { session, helo, id, step,
		step->text ? step->text : "" };

	if (smtp_step_is(step, 4))
		return temporary(&answer);
	if (smtp_step_is(step, 5))
		return permanent(&answer);
	return SMTP_REFUSAL_NONE;
}

bool smtp_denies_relay(const struct smtp_step *step)
{
	return (smtp_step_is(step, 4) || smtp_step_is(step, 5)) && step->text &&
	       SAYS_ANY(step->text, about_relay);
}
