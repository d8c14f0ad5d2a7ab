/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which domain somebody registered for each name server's name. */
#include "config.h"

#include <libpsl.h>
#include <string.h>

#include "common/dnsnet/gather.h"

void dnsnet_registrable(struct arena *arena, struct delegation *d)
{
	psl_ctx_t *psl = psl_latest(NULL);
	size_t i;

	if (!psl)
		return;
	d->registrable =
		arena_array(arena, d->n_hosts, sizeof(*d->registrable));
	for (i = 0; i < d->n_hosts; i++)
		d->registrable[i] =
			psl_registrable_domain(psl, d->hosts[i].name);
	psl_free(psl);
}

bool dnsnet_is_same_site(const char *name, const char *other)
{
	psl_ctx_t *psl = psl_latest(NULL);
	const char *a, *b;
	bool is_same;

	if (!psl)
		return false;
	a = psl_registrable_domain(psl, name);
	b = psl_registrable_domain(psl, other);
	is_same = a && b && strcmp(a, b) == 0;
	psl_free(psl);
	return is_same;
}
