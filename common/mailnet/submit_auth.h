/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logging in (RFC 4954): what is said for each mechanism, and where the secret
 * would come back in a text.
 */
#ifndef LIFELINE_MAILNET_SUBMIT_AUTH_H
#define LIFELINE_MAILNET_SUBMIT_AUTH_H

#include "common/mailnet/smtp_reply.h"
#include "common/mailnet/submit.h"

enum submit_mechanism {
	SUBMIT_MECH_NONE,
	SUBMIT_MECH_PLAIN,
	SUBMIT_MECH_LOGIN,
	SUBMIT_MECH_OAUTHBEARER,
	SUBMIT_MECH_XOAUTH2,
};

enum { SUBMIT_AUTH_LINE = 14 * 1024 };

/* To be wiped: it holds the secret. */
struct submit_login {
	enum submit_mechanism mechanism;
	unsigned stage; /* lines that were made */
	char line[SUBMIT_AUTH_LINE];
	size_t len;
};

/* The first that was asked for and is offered ("PLAIN LOGIN", or NULL). */
enum submit_mechanism submit_auth_choose(
	enum submit_auth auth, const char *offered);
const char *submit_auth_name(enum submit_mechanism mechanism);

/* Makes the next line to be sent, with its end: at first the command, then the
 * answer to what the server asks (334). False: the mechanism has no more. */
bool submit_auth_next(struct submit_login *login, const struct submit_ask *ask);

/* What a server says of a token with its 334, decoded and bounded; NULL: it is
 * no base64. */
const char *submit_auth_challenge(
	struct arena *arena, const struct smtp_reply *reply);

/* Whether the text tells the secret, as it is or as it was sent. */
bool submit_auth_tells(const char *text, const struct submit_ask *ask);

void submit_auth_wipe(void *bytes, size_t len);

#endif
