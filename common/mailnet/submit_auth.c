/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/submit_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

enum {
	/* User, secret and what stands around them. */
	RAW_MAX = SUBMIT_SECRET_MAX + 2 * SUBMIT_USER_MAX * 3 +
		  SMTP_DOMAIN_MAX + 64,
	CODED_MAX = (RAW_MAX + 2) / 3 * 4 + 1,
};

/* What is to be encoded; wiped. */
struct raw {
	char bytes[RAW_MAX];
	size_t len;
};

static void add(struct raw *raw, const char *s, size_t len)
{
	if (len > sizeof(raw->bytes) - raw->len)
		len = sizeof(raw->bytes) - raw->len;
	memcpy(raw->bytes + raw->len, s, len);
	raw->len += len;
}

static void add_text(struct raw *raw, const char *s)
{
	add(raw, s, strlen(s));
}

static size_t encode(const struct raw *raw, char coded[CODED_MAX])
{
	return (size_t)EVP_EncodeBlock((unsigned char *)coded,
		(const unsigned char *)raw->bytes, (int)raw->len);
}

/* RFC 4616 */
static void add_plain(struct raw *raw, const struct submit_ask *ask)
{
	add(raw, "", 1);
	add_text(raw, ask->user);
	add(raw, "", 1);
	add_text(raw, ask->secret);
}

/* RFC 7628 section 3.1, and the name as RFC 5801 section 4 has it. */
static void add_oauthbearer(struct raw *raw, const struct submit_ask *ask)
{
	char port[16];
	struct text text;
	add_text(raw, "n,a=");
	for (const char *s = ask->user; *s != '\0'; s++)
		if (*s == ',')
			add_text(raw, "=2C");
		else if (*s == '=')
			add_text(raw, "=3D");
		else
			add(raw, s, 1);
	add_text(raw, ",\001host=");
	add_text(raw, ask->host != NULL ? ask->host : "");
	text_init(&text, sizeof(port) - 1);
	text_printf(&text, "%u", (unsigned)ask->port);
	add_text(raw, "\001port=");
	add_text(raw, text.data);
	text_release(&text);
	add_text(raw, "\001auth=Bearer ");
	add_text(raw, ask->secret);
	add_text(raw, "\001\001");
}

static void add_xoauth2(struct raw *raw, const struct submit_ask *ask)
{
	add_text(raw, "user=");
	add_text(raw, ask->user);
	add_text(raw, "\001auth=Bearer ");
	add_text(raw, ask->secret);
	add_text(raw, "\001\001");
}

static const struct {
	enum submit_auth auth;
	enum submit_mechanism mechanism;
} wanted[] = {
	{ SUBMIT_PASSWORD, SUBMIT_MECH_PLAIN },
	{ SUBMIT_PASSWORD, SUBMIT_MECH_LOGIN },
	{ SUBMIT_AUTH_PLAIN, SUBMIT_MECH_PLAIN },
	{ SUBMIT_AUTH_LOGIN, SUBMIT_MECH_LOGIN },
	{ SUBMIT_BEARER, SUBMIT_MECH_OAUTHBEARER },
	{ SUBMIT_BEARER, SUBMIT_MECH_XOAUTH2 },
	{ SUBMIT_OAUTHBEARER, SUBMIT_MECH_OAUTHBEARER },
	{ SUBMIT_XOAUTH2, SUBMIT_MECH_XOAUTH2 },
};

const char *submit_auth_name(enum submit_mechanism mechanism)
{
	switch (mechanism) {
	case SUBMIT_MECH_PLAIN:
		return "PLAIN";
	case SUBMIT_MECH_LOGIN:
		return "LOGIN";
	case SUBMIT_MECH_OAUTHBEARER:
		return "OAUTHBEARER";
	case SUBMIT_MECH_XOAUTH2:
		return "XOAUTH2";
	case SUBMIT_MECH_NONE:
		break;
	}
	return NULL;
}

static bool offers(const char *offered, const char *name)
{
	size_t len = strlen(name);
	while (offered != NULL && *offered != '\0') {
		size_t word = strcspn(offered, " \t");
		if (word == len && strncasecmp(offered, name, len) == 0)
			return true;
		offered += word;
		offered += strspn(offered, " \t");
	}
	return false;
}

enum submit_mechanism submit_auth_choose(
	enum submit_auth auth, const char *offered)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i].auth == auth &&
			offers(offered, submit_auth_name(wanted[i].mechanism)))
			return wanted[i].mechanism;
	return SUBMIT_MECH_NONE;
}

/* Whether there is something to be said, and what. */
static bool fill(struct raw *raw, const struct submit_login *login,
	const struct submit_ask *ask)
{
	unsigned stage = login->stage;
	switch (login->mechanism) {
	case SUBMIT_MECH_PLAIN:
		add_plain(raw, ask);
		return stage == 0;
	case SUBMIT_MECH_LOGIN:
		if (stage > 0)
			add_text(raw, stage == 1 ? ask->user : ask->secret);
		return stage <= 2;
	case SUBMIT_MECH_OAUTHBEARER:
		if (stage == 0)
			add_oauthbearer(raw, ask);
		else
			add_text(raw, "\001");
		return stage <= 1;
	case SUBMIT_MECH_XOAUTH2:
		if (stage == 0)
			add_xoauth2(raw, ask);
		return stage <= 1;
	case SUBMIT_MECH_NONE:
		break;
	}
	return false;
}

static void put(struct submit_login *login, const char *s, size_t len)
{
	memcpy(login->line + login->len, s, len);
	login->len += len;
}

bool submit_auth_next(struct submit_login *login, const struct submit_ask *ask)
{
	struct raw raw = { .len = 0 };
	char coded[CODED_MAX];
	const char *name = submit_auth_name(login->mechanism);
	bool has_more = fill(&raw, login, ask);
	size_t len;
	_Static_assert(CODED_MAX + 32 <= SUBMIT_AUTH_LINE, "a line fits");
	login->len = 0;
	if (has_more) {
		if (login->stage == 0 && name != NULL) {
			put(login, "AUTH ", 5);
			put(login, name, strlen(name));
			if (raw.len > 0)
				put(login, " ", 1);
		}
		len = encode(&raw, coded);
		put(login, coded, len);
		put(login, "\r\n", 2);
		login->stage++;
	}
	submit_auth_wipe(&raw, sizeof(raw));
	submit_auth_wipe(coded, sizeof(coded));
	return has_more;
}

const char *submit_auth_challenge(
	struct arena *arena, const struct smtp_reply *reply)
{
	unsigned char bytes[SMTP_TEXT_MAX + 4];
	size_t at = 0, len = 0, padding = 0;
	const char *line = smtp_reply_line(reply, &at, &len);
	int n;
	if (line == NULL || len == 0 || len % 4 != 0 ||
		len / 4 * 3 > SMTP_TEXT_MAX)
		return NULL;
	while (padding < 2 && line[len - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock(bytes, (const unsigned char *)line, (int)len);
	if (n <= (int)padding)
		return NULL;
	return arena_strndup(arena, (char *)bytes, (size_t)n - padding);
}

static bool tells(const char *text, const struct submit_ask *ask,
	void (*make)(struct raw *, const struct submit_ask *))
{
	struct raw raw = { .len = 0 };
	char coded[CODED_MAX] = "";
	bool does;
	make(&raw, ask);
	(void)encode(&raw, coded);
	does = strstr(text, coded) != NULL;
	submit_auth_wipe(&raw, sizeof(raw));
	submit_auth_wipe(coded, sizeof(coded));
	return does;
}

static void add_secret(struct raw *raw, const struct submit_ask *ask)
{
	add_text(raw, ask->secret);
}

bool submit_auth_tells(const char *text, const struct submit_ask *ask)
{
	if (text == NULL || ask->auth == SUBMIT_NO_AUTH)
		return false;
	return strstr(text, ask->secret) != NULL ||
	       tells(text, ask, add_secret) || tells(text, ask, add_plain) ||
	       tells(text, ask, add_oauthbearer) ||
	       tells(text, ask, add_xoauth2);
}

void submit_auth_wipe(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}
