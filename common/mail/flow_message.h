/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe as a message (RFC 5322). */
#ifndef LIFELINE_MAIL_FLOW_MESSAGE_H
#define LIFELINE_MAIL_FLOW_MESSAGE_H

#include <stdbool.h>

#include "common/core/text.h"
#include "common/mail/flow_token.h"

enum {
	FLOW_MESSAGE_MAX = 4096, /* bytes of a probe */
	FLOW_TOKENS_MAX = 3,
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

/* Values of the fields of a message, folded or not; NULL: it has none. */
struct flow_header {
	const char *own; /* FLOW_HEADER */
	const char *message_id, *subject, *from;
	const char *auto_submitted, *content_type;
	const char *in_reply_to, *references;
};

/*
 * Writes the tokens that a message may be known by as a probe, at most
 * FLOW_TOKENS_MAX, and returns how many: that of its own header field, of its
 * Message-ID, and of its Subject, encoded (RFC 2047) or not. Whoever rewrote
 * one may have left the others: one that can be verified is enough. What
 * answers to a probe has its Subject, too: for that one the message has to be
 * from the address that probes are sent from, and neither an answer (RFC 3834
 * section 5, RFC 5322 section 3.6.4) nor a report (RFC 6522).
 */
size_t flow_message_tokens(const struct flow_header *header, const char *from,
	struct flow_token tokens[FLOW_TOKENS_MAX]);

#endif
