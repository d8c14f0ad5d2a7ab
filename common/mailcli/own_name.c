/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailcli/own_name.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/dns/name.h"
#include "common/dnsnet/gather.h"
#include "common/mail/smtp.h"

enum {
	HOST_NAME_SIZE = 256,
};

/* A bare name says nothing to others, and "localhost" is anybody. */
static bool is_full(const char *name)
{
	return name && strchr(name, '.') && smtp_name_check(name) &&
	       strncmp(name, "localhost.", strlen("localhost.")) != 0;
}

const char *own_name(struct arena *arena)
{
	char name[HOST_NAME_SIZE];
	const char *full;

	if (gethostname(name, sizeof(name)) != 0)
		return NULL;
	name[sizeof(name) - 1] = '\0';
	full = is_full(name) ? arena_strdup(arena, name)
			     : dnsnet_hosts_name(arena, name);
	return is_full(full) ? full : NULL;
}

/* Servers take it for a mistake of ours, and the monitor for one of theirs. */
const char *own_name_check(struct arena *arena, const char *helo)
{
	struct dns_addr addr;
	size_t len = helo ? strlen(helo) : 0;
	const char *inside;

	if (!helo || smtp_name_check(helo))
		return NULL;
	if (len > 2 && helo[0] == '[' && helo[len - 1] == ']') {
		inside = arena_strndup(arena, helo + 1, len - 2);
		if (strncasecmp(inside, "IPv6:", strlen("IPv6:")) == 0)
			inside += strlen("IPv6:");
		if (dns_addr_parse(inside, &addr))
			return NULL;
	}
	return arena_printf(arena,
		"--helo: \"%s\" is no host name, nor an address in brackets",
		helo);
}
