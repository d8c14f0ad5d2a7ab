/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in by SASL, which says the same in IMAP, POP3 and SMTP. */
#include "config.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/mailnet/mailbox_core.h"

enum { CHALLENGE_MAX = 2048 };

static enum submit_auth wanted(enum mailbox_auth auth)
{
	switch (auth) {
	case MAILBOX_BEARER:
		return SUBMIT_BEARER;
	case MAILBOX_OAUTHBEARER:
		return SUBMIT_OAUTHBEARER;
	case MAILBOX_XOAUTH2:
		return SUBMIT_XOAUTH2;
	case MAILBOX_LOGIN:
	case MAILBOX_PASSWORD:
	case MAILBOX_AUTH_PLAIN:
		break;
	}
	return SUBMIT_AUTH_PLAIN;
}

bool mailbox_choose_login(
	struct mailbox *mailbox, const char *offered, const char **why)
{
	enum mailbox_auth auth = mailbox->ask.auth;
	enum submit_mechanism mechanism = SUBMIT_MECH_NONE;
	*why = NULL;
	if (auth != MAILBOX_LOGIN)
		mechanism = submit_auth_choose(wanted(auth), offered);
	if (mechanism == SUBMIT_MECH_NONE) {
		if (auth == MAILBOX_AUTH_PLAIN)
			*why = "does not offer PLAIN";
		else if (auth != MAILBOX_LOGIN && auth != MAILBOX_PASSWORD)
			*why = "does not offer to log in by a token";
		return false;
	}
	mailbox->login = calloc(1, sizeof(*mailbox->login));
	if (mailbox->login == NULL)
		mem_exhausted();
	mailbox->login->mechanism = mechanism;
	mailbox->facts.mechanism = submit_auth_name(mechanism);
	return true;
}

const struct submit_login *mailbox_login_line(struct mailbox *mailbox)
{
	(void)submit_auth_next(mailbox->login, &mailbox->who);
	return mailbox->login;
}

static const char *decode(struct mailbox *mailbox, const char *coded)
{
	unsigned char bytes[CHALLENGE_MAX];
	size_t len = strlen(coded);
	int n;
	if (len == 0 || len % 4 != 0 || len / 4 * 3 >= sizeof(bytes))
		return NULL;
	n = EVP_DecodeBlock(bytes, (const unsigned char *)coded, (int)len);
	if (n <= 0)
		return NULL;
	bytes[n] = '\0';
	return mailbox_clean(mailbox, (const char *)bytes);
}

bool mailbox_login_more(struct mailbox *mailbox, const char *challenge)
{
	const char *said = decode(mailbox, challenge);
	if (mailbox->login == NULL)
		return false;
	if (said != NULL)
		mailbox->facts.challenge = said;
	return submit_auth_next(mailbox->login, &mailbox->who);
}

void mailbox_login_wipe(struct mailbox *mailbox)
{
	if (mailbox->login != NULL)
		submit_auth_wipe(mailbox->login, sizeof(*mailbox->login));
	free(mailbox->login);
	mailbox->login = NULL;
}

/* RFC 5530, RFC 2449, RFC 3206: the account is fine, and can't be had now. */
bool mailbox_is_login_failure(const char *code)
{
	static const char *const others[] = { "UNAVAILABLE", "INUSE", "IN-USE",
		"SYS", "LOGIN-DELAY", "SERVERBUG", "LIMIT", "CONTACTADMIN" };
	for (size_t i = 0; code != NULL && i < sizeof(others) / sizeof(*others);
		i++)
		if (strncasecmp(code, others[i], strlen(others[i])) == 0)
			return false;
	return true;
}
