/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain from a certificate to a CA that a TLSA record names. */
#ifndef LIFELINE_MAILNET_ANCHOR_H
#define LIFELINE_MAILNET_ANCHOR_H

#include "common/mail/smtp.h"

/*
 * Fills chain and chain_error of tls->anchors from the certificates shown,
 * whose DER must have been kept: each is tried as the only one to be trusted,
 * as senders with DANE do (RFC 7671 section 5.2). Dates, purpose and
 * signatures count, the name does not.
 */
void anchors_follow(struct smtp_tls *tls);

#endif
