/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of hosts, as the C library reads it, without asking anybody. */
#include "config.h"

/* Before ares.h, which takes fd_set from it. */
#include <sys/select.h>

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/dnsnet/gather.h"

/* Everything is set, so that c-ares reads no other file. */
static bool start(ares_channel *channel)
{
	char lookups[] = "f";
	struct in_addr placeholder = { 0 };
	struct ares_options options = { .ndots = 1,
		.servers = &placeholder,
		.nservers = 1,
		.lookups = lookups };

	return ares_init_options(channel, &options,
		       ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
			       ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST) ==
	       ARES_SUCCESS;
}

const char *dnsnet_hosts_name(struct arena *arena, const char *name)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const char *found = NULL;
	ares_channel channel;
	size_t i;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return NULL;
	if (!start(&channel)) {
		ares_library_cleanup();
		return NULL;
	}
	for (i = 0; i < sizeof(families) / sizeof(families[0]) && !found; i++) {
		struct hostent *host = NULL;

		if (ares_gethostbyname_file(
			    channel, name, families[i], &host) != ARES_SUCCESS)
			continue;
		if (host->h_name)
			found = arena_strdup(arena, host->h_name);
		ares_free_hostent(host);
	}
	ares_destroy(channel);
	ares_library_cleanup();
	return found;
}
