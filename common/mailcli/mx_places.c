/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables that serve the delegation's servers serve exchangers too. */
#include "config.h"

#include "common/mailcli/mx_places.h"

#include "common/dnsnet/gather.h"

const char *mx_find_registrable(struct arena *arena, struct mx *mx)
{
	size_t n = mx->n_exchangers, i;
	struct delegation d = { .n_hosts = n + 1 };

	d.hosts = arena_array(arena, d.n_hosts, sizeof(*d.hosts));
	for (i = 0; i < n; i++)
		d.hosts[i].name = mx->exchangers[i].name;
	d.hosts[n].name = mx->domain;
	dnsnet_registrable(arena, &d);
	for (i = 0; d.registrable && i < n; i++)
		mx->exchangers[i].registrable = d.registrable[i];
	return d.registrable ? d.registrable[n] : NULL;
}

const char *mx_find_asn(struct arena *arena, const char *path, struct mx *mx)
{
	struct delegation d = { .n_servers = mx->n_addresses };
	const char *wrong;
	size_t i;

	d.servers = arena_array(arena, d.n_servers, sizeof(*d.servers));
	for (i = 0; i < d.n_servers; i++)
		d.servers[i].addr = mx->addresses[i].addr;
	wrong = dnsnet_asn(arena, path, &d);
	for (i = 0; i < d.n_servers; i++)
		mx->addresses[i].as_number = d.servers[i].as_number;
	mx->has_asn = d.has_asn;
	return wrong;
}
