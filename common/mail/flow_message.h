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

/* Values of the fields of a message, folded or not; NULL: it has none. */
struct flow_header {
	const char *own; /* FLOW_HEADER */
	const char *message_id, *subject, *from;
	const char *auto_submitted, *content_type;
};

/*
 * The token of a message that is a probe: by its own header field, by its
 * Message-ID, or by its Subject where those are gone. What answers to a probe
 * has its Subject, too: there the message has to be from the address that
 * probes are sent from, and neither an answer (RFC 3834 section 5) nor a
 * report (RFC 6522).
 */
bool flow_message_token(const struct flow_header *header, const char *from,
	struct flow_token *token);

#endif
