/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client says, and what it must not. */
#ifndef LIFELINE_MAILNET_SMTP_WORDS_H
#define LIFELINE_MAILNET_SMTP_WORDS_H

#include <stdbool.h>

#include "common/core/text.h"
#include "common/mail/smtp.h"

/* NULL, or why it is no name to greet with, as the end of a sentence. NULL
 * itself is fine. */
const char *smtp_helo_check(const char *helo);

/* The same of a mailbox for MAIL or RCPT: whatever else it may be, it can't
 * end its line. */
const char *smtp_path_check(const char *path);

/* RFC 5321 section 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]". NULL: of the
 * loopback. */
const char *smtp_own_literal(struct arena *arena, const char *local);

/* NULL is. */
bool smtp_is_ascii(const char *s);

/* RFC 3461 section 4: appends it as xtext. */
void smtp_add_xtext(struct text *out, const char *s);

#endif
