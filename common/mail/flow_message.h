/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe as a message (RFC 5322). */
#ifndef LIFELINE_MAIL_FLOW_MESSAGE_H
#define LIFELINE_MAIL_FLOW_MESSAGE_H

#include <stdbool.h>

#include "common/core/text.h"
#include "common/mail/flow_token.h"

enum {
	FLOW_MESSAGE_MAX = 4096, /* bytes of a probe */
};

/*
 * Appends the header and text of a probe, with CR LF at the end of each line
 * and no line that begins with a dot. It carries its token three times, since
 * any of these may be rewritten on the way, and asks to be answered by no
 * machine (RFC 3834 section 5). False, and nothing is appended: an address is
 * none, or not in ASCII.
 */
bool flow_message_add(struct text *out, const struct flow_token *token,
	const char *from, const char *to);

/* The token of a message, by its own header field, its Message-ID or its
 * Subject, whichever is there first; any of them may be NULL. */
bool flow_message_token(const char *own, const char *message_id,
	const char *subject, struct flow_token *token);

#endif
