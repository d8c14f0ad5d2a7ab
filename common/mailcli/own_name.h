/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How this host introduces itself to servers of mail. */
#ifndef LIFELINE_MAILCLI_OWN_NAME_H
#define LIFELINE_MAILCLI_OWN_NAME_H

#include "common/core/mem.h"

/* Its full name without asking the DNS; or NULL: servers are told the address
 * that they see (RFC 5321 section 4.1.4). */
const char *own_name(struct arena *arena);

/* What is wrong with --helo, as a line; NULL: nothing. helo may be NULL. */
const char *own_name_check(struct arena *arena, const char *helo);

#endif
