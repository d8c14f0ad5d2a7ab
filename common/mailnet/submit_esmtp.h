/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Submission by libesmtp: the same ask, the same facts as submit.h, for what
 * the library can do. It runs in a child process, which ends by itself, or is
 * ended at the bound of each step; facts come through a pipe as they come
 * about, so that what was known is known then.
 *
 * The library is not believed: all that goes in and out of it is watched, and
 * the child ends before a byte is written that must not be (esmtp_watch.h).
 * What is watched for: mail without the login that was asked for, after one
 * that failed; replies that came before they were asked for, ahead of TLS too;
 * a certificate that is not the right one, of which the library checks another
 * name than was given; TLS that was not offered; a message that goes by BDAT.
 *
 * What the library can't do and what is found out only on the way is begun anew
 * by the dialogue, on a connection of its own, and said: see left_by_libesmtp.
 * So are a server that has TLS 1.3 alone, which the library stalls on; a name of
 * several addresses of which the first does not come to a greeting, which it
 * neither bounds nor tells; a greeting of another code than 220; a reply with
 * lines or texts that its buffers don't hold; a refusal of EHLO that it would
 * not take for one; a server that has AUTH LOGIN alone, of which the library says
 * the name unasked, and the secret to whoever asks for the name. That is only done while nothing of the message was given.
 *
 * Where the facts differ for good: TLS is 1.2 at best, and of a handshake that
 * fails no certificate is told. The message is not seen as it leaves, so that
 * from when it is given to the library until the reply to it a failure is
 * SUBMIT_UNSURE, where the dialogue knows that its last byte had not gone.
 */
#ifndef LIFELINE_MAILNET_SUBMIT_ESMTP_H
#define LIFELINE_MAILNET_SUBMIT_ESMTP_H

#include "common/mailnet/submit.h"

/* Why the library can't do that ask, which is the dialogue's then; NULL: it
 * can. Without libesmtp at build time it can do nothing. */
const char *submit_esmtp_cannot(const struct submit_ask *ask);

/* Which of the two does an ask where nobody has chosen: NULL, libesmtp; or why
 * it is the dialogue. All guards hold for what is left to the library. */
const char *submit_esmtp_unfit(const struct submit_ask *ask);

struct esmtp;

/* As those of a submission. */
struct esmtp *esmtp_new(struct arena *arena, struct loop *loop,
	const struct submit_options *options, const struct submit_ask *ask,
	const char **why);
void esmtp_start(struct esmtp *esmtp, submit_fn fn, void *arg);
void esmtp_end(struct esmtp *esmtp);
void esmtp_free(struct esmtp *esmtp);

#endif
