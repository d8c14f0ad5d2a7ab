/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Submission by libesmtp: the same ask, the same facts as submit.h, for what
 * the library can do. It runs in a child process, which ends by itself, or is
 * ended at the deadline; facts come through a pipe as they come about, so that
 * what was known is known then.
 *
 * The library is not believed: all that goes in and out of it is watched, and
 * the child ends before a byte is written that must not be. What is watched
 * for: mail without the login that was asked for, after one that failed;
 * replies that came before they were asked for, ahead of TLS; a certificate
 * that is not the right one, of which the library checks another name than was
 * given; TLS that was not offered.
 */
#ifndef LIFELINE_MAILNET_SUBMIT_ESMTP_H
#define LIFELINE_MAILNET_SUBMIT_ESMTP_H

#include "common/mailnet/submit.h"

/* Why the library can't do that ask, which is the dialogue's then; NULL: it
 * can. Without libesmtp at build time it can do nothing. */
const char *submit_esmtp_cannot(const struct submit_ask *ask);

struct esmtp;

/* As those of a submission. */
struct esmtp *esmtp_new(struct arena *arena, struct loop *loop,
	const struct submit_options *options, const struct submit_ask *ask,
	const char **why);
void esmtp_start(struct esmtp *esmtp, submit_fn fn, void *arg);
void esmtp_end(struct esmtp *esmtp);
void esmtp_free(struct esmtp *esmtp);

#endif
