/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLSA records of usage 2 against the chains that were shown. */
#ifndef LIFELINE_MAILCLI_MX_ANCHORS_H
#define LIFELINE_MAILCLI_MX_ANCHORS_H

#include "common/mail/mx.h"

/* Fills the anchors of each session, once both the records of the DNS and the
 * certificates are there. */
void mx_follow_anchors(struct arena *arena, struct mx *mx);

#endif
