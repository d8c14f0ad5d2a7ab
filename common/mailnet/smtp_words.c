/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/smtp_words.h"

#include <string.h>

/* For a name, or an address literal: neither has blanks or controls. */
const char *smtp_helo_check(const char *helo)
{
	size_t len = helo != NULL ? strlen(helo) : 0;
	if (helo == NULL)
		return NULL;
	if (len == 0 || len > SMTP_DOMAIN_MAX)
		return "is empty or longer than 255 bytes";
	for (size_t i = 0; i < len; i++)
		if (helo[i] <= ' ' || helo[i] > '~')
			return "has a character that no host name has";
	return NULL;
}

const char *smtp_path_check(const char *path)
{
	const char *domain = NULL;
	if (path == NULL)
		return NULL;
	for (const char *s = path; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return "has a control character";
	return smtp_mailbox_check(path, &domain);
}

const char *smtp_own_literal(struct arena *arena, const char *local)
{
	if (local == NULL)
		local = "127.0.0.1";
	return arena_printf(arena,
		strchr(local, ':') != NULL ? "[IPv6:%s]" : "[%s]", local);
}

bool smtp_is_ascii(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

void smtp_add_xtext(struct text *out, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < '!' || c > '~' || c == '+' || c == '=')
			text_printf(out, "+%02X", c);
		else
			text_add_len(out, s, 1);
	}
}
