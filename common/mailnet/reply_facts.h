/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the text of a reply tells. Pure. */
#ifndef LIFELINE_MAILNET_REPLY_FACTS_H
#define LIFELINE_MAILNET_REPLY_FACTS_H

#include "common/mail/smtp.h"
#include "common/mailnet/smtp_reply.h"

/* Of a positive reply to EHLO or HELO; is_helo is left to the caller. */
void reply_offer(struct arena *arena, const struct smtp_reply *reply,
	struct smtp_offer *out);

/* The lines joined by blanks, without enhanced codes, of which the first
 * line's comes back; at most SMTP_TEXT_MAX bytes. */
const char *reply_text(struct arena *arena, const struct smtp_reply *reply,
	struct smtp_enhanced *enhanced);

#endif
