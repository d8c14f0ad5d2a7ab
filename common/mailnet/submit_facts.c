/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/submit_facts.h"

#include <string.h>
#include <strings.h>

#include "common/mailnet/reply_facts.h"
#include "common/mailnet/smtp_words.h"
#include "common/mailnet/submit_auth.h"

enum {
	QUEUE_ID_MAX = 64,
	TLS_1_2 = 0x0303,
};

/* -- words --------------------------------------------------------------- */

static const struct {
	const char *word, *text;
} steps[SUBMIT_STEPS] = {
	[SUBMIT_STEP_LOOKUP] = { "lookup", "looking up its name" },
	[SUBMIT_STEP_CONNECT] = { "connect", "connecting" },
	[SUBMIT_STEP_GREETING] = { "greeting", "the greeting" },
	[SUBMIT_STEP_EHLO] = { "ehlo", "EHLO" },
	[SUBMIT_STEP_STARTTLS] = { "starttls", "STARTTLS" },
	[SUBMIT_STEP_TLS] = { "tls", "TLS" },
	[SUBMIT_STEP_EHLO_TLS] = { "ehlo_tls", "EHLO over TLS" },
	[SUBMIT_STEP_AUTH] = { "auth", "AUTH" },
	[SUBMIT_STEP_MAIL] = { "mail", "MAIL" },
	[SUBMIT_STEP_RCPT] = { "rcpt", "RCPT" },
	[SUBMIT_STEP_DATA] = { "data", "DATA" },
	[SUBMIT_STEP_MESSAGE] = { "message", "the message" },
	[SUBMIT_STEP_QUIT] = { "quit", "QUIT" },
};

const char *submit_step_word(unsigned step)
{
	return step < SUBMIT_STEPS ? steps[step].word : NULL;
}

const char *submit_step_text(enum submit_step_id step)
{
	return steps[step].text;
}

const char *submit_end_word(unsigned end)
{
	static const char *const words[] = { "not_sent", "accepted", "unsure" };
	return end < sizeof(words) / sizeof(words[0]) ? words[end] : NULL;
}

void submit_say(struct text *out, const struct submit_facts *facts)
{
	const struct smtp_step *step = &facts->steps[facts->last];
	const char *name = submit_step_text(facts->last);
	if (step->code != 0) {
		text_printf(
			out, "answers %s with %u", name, (unsigned)step->code);
		if (step->enhanced.class != 0)
			text_printf(out, " %u.%u.%u",
				(unsigned)step->enhanced.class,
				(unsigned)step->enhanced.subject,
				(unsigned)step->enhanced.detail);
	} else if (step->outcome == SMTP_NOT_DONE) {
		text_printf(out, "ends before %s", name);
	} else {
		text_printf(out, "fails at %s (%s)", name,
			smtp_outcome_text(step->outcome));
	}
	if (step->text != NULL && *step->text != '\0')
		text_printf(out, ": %s", step->text);
}

/* -- checks -------------------------------------------------------------- */

static const char *check_secret(const struct submit_ask *ask)
{
	if (ask->auth == SUBMIT_NO_AUTH)
		return NULL;
	if (ask->user == NULL || ask->secret == NULL || *ask->secret == '\0')
		return "a login needs a user and a secret";
	if (strlen(ask->user) > SUBMIT_USER_MAX)
		return "the user's name is longer than 255 bytes";
	if (strlen(ask->secret) > SUBMIT_SECRET_MAX)
		return "the secret is longer than 8192 bytes";
	/* RFC 4616 and RFC 7628 part by controls. */
	for (const char *s = ask->user; *s != '\0'; s++)
		if ((unsigned char)*s < ' ')
			return "the user's name has a control character";
	for (const char *s = ask->secret; *s != '\0'; s++)
		if ((unsigned char)*s < ' ')
			return "the secret has a control character";
	if (ask->security == SUBMIT_AS_OFFERED ||
		(ask->security == SUBMIT_PLAIN && !ask->may_bare_secret))
		return "a secret would go without TLS";
	return NULL;
}

static size_t xtext_len(const char *s)
{
	struct text text;
	size_t len;
	text_init(&text, 3 * SMTP_PATH_MAX + SUBMIT_ENVID_MAX);
	smtp_add_xtext(&text, s);
	len = text.is_cut ? SIZE_MAX : text.len;
	text_release(&text);
	return len;
}

static const char *check_dsn(const struct submit_ask *ask)
{
	if (ask->envid != NULL && xtext_len(ask->envid) > SUBMIT_ENVID_MAX)
		return "the envelope's identifier is longer than 100 bytes";
	if (ask->orcpt != NULL && smtp_path_check(ask->orcpt) != NULL)
		return "the original recipient is no address";
	if (!smtp_is_ascii(ask->orcpt))
		return "the original recipient is not in ASCII";
	if ((ask->notify & SUBMIT_NOTIFY_NEVER) != 0 &&
		ask->notify != SUBMIT_NOTIFY_NEVER)
		return "never to be notified can't be with another";
	return NULL;
}

static const char *check_message(const struct submit_ask *ask)
{
	size_t line = 0;
	if (ask->message == NULL || ask->message_len == 0 ||
		ask->message_len > SUBMIT_MESSAGE_MAX)
		return "the message is empty or longer than a megabyte";
	for (size_t i = 0; i < ask->message_len; i++) {
		char c = ask->message[i];
		line = c == '\n' ? 0 : line + 1;
		if (c == '\0')
			return "the message has a NUL";
		if (c == '\r' && (i + 1 == ask->message_len ||
					 ask->message[i + 1] != '\n'))
			return "the message has a bare CR";
		if (line > SUBMIT_LINE_MAX + (c == '\r'))
			return "the message has a line of more than 998 bytes";
	}
	return NULL;
}

const char *submit_check(
	const struct submit_options *options, const struct submit_ask *ask)
{
	const char *wrong = smtp_helo_check(options->helo);
	if (wrong == NULL && ask->mail_from[0] != '\0')
		wrong = smtp_path_check(ask->mail_from);
	if (wrong == NULL)
		wrong = smtp_path_check(ask->rcpt);
	if (wrong != NULL)
		return "the name to greet with, or an address, is none";
	if (ask->n_addrs == 0 &&
		(ask->host == NULL || !smtp_name_check(ask->host)))
		return "there is neither an address nor a host's name";
	if (ask->n_addrs > SUBMIT_ADDRESSES_MAX)
		return "there are more addresses than are tried";
	wrong = check_secret(ask);
	if (wrong == NULL)
		wrong = check_dsn(ask);
	if (wrong == NULL)
		wrong = check_message(ask);
	return wrong;
}

/* -- TLS ----------------------------------------------------------------- */

static const char *distrust(struct arena *arena, const struct submit_ask *ask,
	const struct smtp_tls *tls)
{
	const char *name =
		ask->verified_name != NULL ? ask->verified_name : ask->host;
	if (tls->version < TLS_1_2)
		return arena_printf(arena, "it speaks %s, which is broken",
			smtp_tls_text(tls->version));
	if (tls->n_certs == 0)
		return "it shows no certificate";
	if (tls->chain == CERT_CHAIN_UNKNOWN)
		return "there are no CA certificates to judge its own by";
	if (tls->chain == CERT_CHAIN_INVALID)
		return arena_printf(
			arena, "its certificate: %s", tls->chain_error);
	if (name == NULL)
		return "there is no name that its certificate had to be for";
	if (!cert_holds_name(&tls->certs[0], name))
		return arena_printf(arena, "its certificate is not for %s (%s)",
			name, tls->certs[0].subject);
	return NULL;
}

bool submit_judge_tls(struct arena *arena, const struct submit_ask *ask,
	struct submit_facts *facts)
{
	facts->why_untrusted = distrust(arena, ask, &facts->tls);
	facts->trust = facts->why_untrusted == NULL ? SUBMIT_TRUSTED
						    : SUBMIT_UNTRUSTED;
	return facts->trust == SUBMIT_TRUSTED || ask->takes_any_certificate;
}

/* -- replies ------------------------------------------------------------- */

const char *submit_reply_text(struct arena *arena, const struct submit_ask *ask,
	const struct smtp_reply *reply, struct smtp_enhanced *enhanced)
{
	const char *text = reply_text(arena, reply, enhanced);
	return submit_auth_tells(text, ask) ||
			       submit_auth_tells(reply->text, ask)
		       ? "(not shown: it tells the secret)"
		       : text;
}

static const char *id_at(struct arena *arena, const char *s)
{
	size_t len = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.");
	if (len > 0 && s[len - 1] == '.')
		len--;
	return len >= 4 && len <= QUEUE_ID_MAX ? arena_strndup(arena, s, len)
					       : NULL;
}

/* As Postfix, Exim and sendmail say it. */
const char *submit_queue_id(struct arena *arena, const char *text)
{
	static const char *const before[] = { "queued as ", "id=" };
	static const char after[] = " Message accepted for delivery";
	const char *end;
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const char *at = strstr(text, before[i]);
		if (at != NULL)
			return id_at(arena, at + strlen(before[i]));
	}
	end = strstr(text, after);
	if (end != NULL && memchr(text, ' ', (size_t)(end - text)) == NULL)
		return id_at(arena, text);
	return NULL;
}

/* -- what is said -------------------------------------------------------- */

bool submit_needs_utf8(const struct submit_ask *ask)
{
	return !smtp_is_ascii(ask->mail_from) || !smtp_is_ascii(ask->rcpt);
}

bool submit_needs_8bit(const struct submit_ask *ask)
{
	for (size_t i = 0; i < ask->message_len; i++)
		if ((unsigned char)ask->message[i] >= 0x80)
			return true;
	return false;
}

const char *submit_lacks(
	const struct submit_ask *ask, const struct smtp_offer *offer)
{
	if (submit_needs_utf8(ask) && !offer->has_smtputf8)
		return "SMTPUTF8 is not offered";
	if (submit_needs_8bit(ask) && !offer->has_8bitmime)
		return "8BITMIME is not offered";
	return NULL;
}

bool submit_wants_dsn(const struct submit_ask *ask)
{
	return ask->envid != NULL || ask->notify != 0 || ask->orcpt != NULL ||
	       ask->ret != SUBMIT_RET_UNSAID;
}

void submit_add_mail(struct text *out, const struct submit_ask *ask,
	const struct smtp_offer *offer, size_t size)
{
	text_printf(out, "MAIL FROM:<%s>", ask->mail_from);
	if (offer->has_size)
		text_printf(out, " SIZE=%zu", size);
	if (offer->has_dsn && ask->ret != SUBMIT_RET_UNSAID)
		text_add(out, ask->ret == SUBMIT_RET_WHOLE ? " RET=FULL"
							   : " RET=HDRS");
	if (offer->has_dsn && ask->envid != NULL) {
		text_add(out, " ENVID=");
		smtp_add_xtext(out, ask->envid);
	}
	if (submit_needs_8bit(ask))
		text_add(out, " BODY=8BITMIME");
	if (submit_needs_utf8(ask))
		text_add(out, " SMTPUTF8");
	text_add(out, "\r\n");
}

static void add_notify(struct text *out, unsigned notify)
{
	static const struct {
		unsigned flag;
		const char *word;
	} known[] = {
		{ SUBMIT_NOTIFY_SUCCESS, "SUCCESS" },
		{ SUBMIT_NOTIFY_FAILURE, "FAILURE" },
		{ SUBMIT_NOTIFY_DELAY, "DELAY" },
		{ SUBMIT_NOTIFY_NEVER, "NEVER" },
	};
	const char *between = " NOTIFY=";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if ((notify & known[i].flag) == 0)
			continue;
		text_printf(out, "%s%s", between, known[i].word);
		between = ",";
	}
}

void submit_add_rcpt(struct text *out, const struct submit_ask *ask,
	const struct smtp_offer *offer)
{
	text_printf(out, "RCPT TO:<%s>", ask->rcpt);
	if (offer->has_dsn) {
		add_notify(out, ask->notify);
		if (ask->orcpt != NULL) {
			text_add(out, " ORCPT=rfc822;");
			smtp_add_xtext(out, ask->orcpt);
		}
	}
	text_add(out, "\r\n");
}

struct submit_body submit_body_make(
	struct arena *arena, const struct submit_ask *ask, bool is_stuffed)
{
	/* At worst each byte is a line end alone, or a dot. */
	struct submit_body body = { .bytes = arena_alloc(
					    arena, 2 * ask->message_len + 6) };
	char *at = body.bytes;
	bool begins = true;
	for (size_t i = 0; i < ask->message_len; i++) {
		char c = ask->message[i];
		if (c == '\r')
			continue;
		if (begins && c == '.' && is_stuffed)
			*at++ = '.';
		if (c == '\n')
			*at++ = '\r';
		*at++ = c;
		begins = c == '\n';
	}
	if (!begins) {
		*at++ = '\r';
		*at++ = '\n';
	}
	if (is_stuffed) {
		memcpy(at, ".\r\n", 3);
		at += 3;
	}
	body.len = (size_t)(at - body.bytes);
	return body;
}
