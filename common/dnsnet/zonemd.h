/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The digest of a whole zone (ZONEMD, RFC 8976): scheme SIMPLE with SHA-384
 * and SHA-512. The zone's records are kept for it, up to a bound.
 */
#ifndef LIFELINE_DNSNET_ZONEMD_H
#define LIFELINE_DNSNET_ZONEMD_H

#include "common/dns/transfer.h"
#include "common/dnsnet/wire.h"

enum {
	ZONEMD_TYPE = 63,
	ZONEMD_BYTES_MAX = 64 * 1024 * 1024,
	ZONEMD_TOTAL_MAX = 256 * 1024 * 1024,
};

/* NULL: no memory. apex is copied; total is what all zones together keep, at
 * first 0, and outlives it. */
struct zonemd *zonemd_new(const struct wire_name *apex, size_t *total);
void zonemd_free(struct zonemd *zonemd);

/* Takes a record of the zone; the closing SOA is not one. */
void zonemd_add(struct zonemd *zonemd, const struct wire_record *record,
	const struct wire_rdata *rdata);

/* All records came; serial is that of the SOA. Fills zonemd and zonemd_why. */
void zonemd_judge(struct zonemd *zonemd, struct arena *arena, uint32_t serial,
	struct dns_transfer *out);

#endif
