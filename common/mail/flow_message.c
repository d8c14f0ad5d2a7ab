/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes probes. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/mail/encoded_word.h"
#include "common/mail/flow_message.h"
#include "common/mail/mail_date.h"
#include "common/mail/smtp.h"

enum { SUBJECT_MAX = 4096 }; /* bytes that are looked at */

/* What a person finds who opens one. */
static const char body[] =
	"This is a probe of check_mail_flow: a monitor sent it to see that\r\n"
	"mail gets through, and how long it takes. The monitor deletes it\r\n"
	"once it is counted. Nobody has to do anything about it.\r\n";

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

bool flow_message_add(struct text *out, const struct flow_token *token,
	const char *from, const char *to)
{
	const char *domain, *ignored;
	struct text word;

	if (!is_ascii(from) || !is_ascii(to) ||
		smtp_mailbox_check(from, &domain) != NULL ||
		smtp_mailbox_check(to, &ignored) != NULL)
		return false;
	text_init(&word, FLOW_TOKEN_MAX);
	flow_token_add(&word, token);
	text_printf(out,
		"From: <%s>\r\nTo: <%s>\r\nSubject: Mail flow probe\r\n %s\r\n",
		from, to, word.data);
	text_add(out, "Date: ");
	mail_date_add(out, token->sent_ms);
	text_printf(out, "\r\nMessage-ID:\r\n <%s@%s>\r\n", word.data, domain);
	text_printf(out,
		FLOW_HEADER ": %s\r\n"
			    "Auto-Submitted: auto-generated\r\n"
			    "X-Auto-Response-Suppress: All\r\n"
			    "MIME-Version: 1.0\r\n"
			    "Content-Type: text/plain; charset=us-ascii\r\n"
			    "Content-Transfer-Encoding: 7bit\r\n"
			    "\r\n",
		word.data);
	text_add(out, body);
	text_printf(out, "\r\nIt is number %llu of \"%s\".\r\n",
		(unsigned long long)token->number, token->instance);
	text_release(&word);
	return true;
}

static bool begins(const char *s, const char *word)
{
	return s &&
	       strncasecmp(s + strspn(s, " \t\r\n"), word, strlen(word)) == 0;
}

/* "From" is this address and nothing but it, in brackets or not; a name in
 * front of them is fine, where it has no address in it. */
static bool is_from(const char *value, const char *from)
{
	const char *open = value ? strchr(value, '<') : NULL;
	const char *at = open ? open + 1 : value;
	size_t len = strlen(from);

	if (!at || strchr(at, '@') != strrchr(value, '@'))
		return false;
	at += strspn(at, " \t\r\n");
	if (strncasecmp(at, from, len) != 0)
		return false;
	at += len;
	at += strspn(at, " \t\r\n");
	at += open && *at == '>';
	return at[strspn(at, " \t\r\n")] == '\0';
}

static bool find_in_subject(const char *subject, struct flow_token *token)
{
	struct text text;
	bool is_found;

	text_init(&text, SUBJECT_MAX);
	encoded_word_add(&text, subject);
	is_found = flow_token_find(text.data, token);
	text_release(&text);
	return is_found;
}

size_t flow_message_tokens(const struct flow_header *header, const char *from,
	struct flow_token tokens[FLOW_TOKENS_MAX])
{
	size_t n = 0;

	n += header->own && flow_token_find(header->own, &tokens[n]);
	n += header->message_id &&
	     flow_token_find(header->message_id, &tokens[n]);
	n += header->subject && is_from(header->from, from) &&
	     !header->in_reply_to && !header->references &&
	     !begins(header->auto_submitted, "auto-replied") &&
	     !begins(header->content_type, "multipart/report") &&
	     find_in_subject(header->subject, &tokens[n]);
	return n;
}
