/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What both ways of submission make of what they saw. Pure but for texts. */
#ifndef LIFELINE_MAILNET_SUBMIT_FACTS_H
#define LIFELINE_MAILNET_SUBMIT_FACTS_H

#include "common/mailnet/smtp_reply.h"
#include "common/mailnet/submit.h"

/* Judges what TLS showed: trust and why not. Whether to go on. */
bool submit_judge_tls(struct arena *arena, const struct submit_ask *ask,
	struct submit_facts *facts);

/* The text of a reply, without what would tell the secret. */
const char *submit_reply_text(struct arena *arena, const struct submit_ask *ask,
	const struct smtp_reply *reply, struct smtp_enhanced *enhanced);

/* The identifier that a server gives to what it took, or NULL. */
const char *submit_queue_id(struct arena *arena, const char *text);

/* Why MAIL can't be said to that server; NULL: it can. */
const char *submit_lacks(
	const struct submit_ask *ask, const struct smtp_offer *offer);

/* Whether an address, and whether the message, has bytes beyond ASCII. */
bool submit_needs_utf8(const struct submit_ask *ask);
bool submit_needs_8bit(const struct submit_ask *ask);

/* Whether anything of DSN was asked for. */
bool submit_wants_dsn(const struct submit_ask *ask);
/* MAIL and RCPT with their parameters and line ends. */
void submit_add_mail(struct text *out, const struct submit_ask *ask,
	const struct smtp_offer *offer, size_t size);
void submit_add_rcpt(struct text *out, const struct submit_ask *ask,
	const struct smtp_offer *offer);

/* The message as it stands on the wire: lines end with CR LF; is_stuffed: dots
 * are doubled where a line begins so, and the last one stands at the end. */
struct submit_body {
	char *bytes;
	size_t len;
};
struct submit_body submit_body_make(
	struct arena *arena, const struct submit_ask *ask, bool is_stuffed);

#endif
