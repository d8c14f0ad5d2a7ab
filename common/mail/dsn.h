/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A notification about a message that was sent: that it bounced, or waits
 * somewhere (RFC 3464 in RFC 6522, and what qmail writes instead).
 */
#ifndef LIFELINE_MAIL_DSN_H
#define LIFELINE_MAIL_DSN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/mem.h"
#include "common/mail/flow_token.h"
#include "common/mail/smtp.h"

enum {
	DSN_SIZE_MAX = 64 * 1024, /* bytes that are looked at */
	DSN_WORD_MAX = 255,       /* of a name or an address */
	DSN_SAID_MAX = 200,       /* of what a server said */
};

/* By how much they matter: of several recipients the last of these counts. */
enum dsn_action {
	DSN_NO_ACTION, /* it tells none that is known */
	DSN_EXPANDED,
	DSN_RELAYED, /* to a server that sends no notifications */
	DSN_DELIVERED,
	DSN_DELAYED,
	DSN_FAILED,
	DSN_ACTIONS,
};
const char *dsn_action_word(unsigned action); /* NULL: no such action */

/* NULL is what it does not say. */
struct dsn {
	bool is_notification;
	enum dsn_action action;
	struct smtp_enhanced status; /* class 0: none */
	const char *envid;           /* of the message, as it was given */
	const char *reporter;        /* the server that writes */
	const char *remote;          /* the one that it spoke to */
	const char *recipient;
	const char *said; /* what that one said, or what went wrong */
	/* In what it returns of the message, else in its own header; not
	 * verified. */
	bool has_token;
	struct flow_token token;
};

/*
 * Reads a message, header and body, of which the end may be missing. Strings
 * are in the arena, harmless and bounded.
 */
void dsn_read(struct arena *arena, const char *message, struct dsn *dsn);

#endif
