/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trust anchors: the root's, and those of a file. */
#include "config.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/dnsnet/verify.h"

enum {
	ANCHORS_MAX = 64,      /* records of a file */
	FILE_MAX = 256 * 1024, /* bytes */
};

struct dns_anchor dnsnet_root_anchor(struct arena *arena)
{
	static const struct dns_ds roots[] = {
		{ .key_tag = 20326,
			.algorithm = 8,
			.digest_type = 2,
			.digest = "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc"
				  "683457104237c7f8ec8d" },
		{ .key_tag = 38696,
			.algorithm = 8,
			.digest_type = 2,
			.digest = "683d2d0acb8c9b712a1948b27f741219298d0a450d61"
				  "2c483af444a4c0fb2b16" },
	};
	struct dns_anchor anchor = { .zone = "." };
	anchor.n_ds = sizeof(roots) / sizeof(roots[0]);
	anchor.ds = arena_array(arena, anchor.n_ds, sizeof(roots[0]));
	memcpy(anchor.ds, roots, sizeof(roots));
	return anchor;
}

/* -- a file -------------------------------------------------------------- */

struct anchors {
	struct arena *arena;
	struct dns_anchor *at;
	size_t n;
};

static void add(
	struct anchors *anchors, const char *zone, const struct dns_ds *ds)
{
	size_t i = 0;
	while (i < anchors->n &&
		dns_name_compare(anchors->at[i].zone, zone) != 0)
		i++;
	if (i == anchors->n)
		anchors->at[anchors->n++] = (struct dns_anchor){ .zone = zone };
	struct dns_anchor *anchor = &anchors->at[i];
	anchor->ds = arena_grow(anchors->arena, anchor->ds, anchor->n_ds,
		anchor->n_ds + 1, sizeof(*anchor->ds));
	anchor->ds[anchor->n_ds++] = *ds;
}

/* Takes a DS as it is, and of a DNSKEY its SHA-256; false for others. */
static bool take(struct anchors *anchors, ldns_rr *rr)
{
	ldns_rr *made = NULL;
	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY)
		made = ldns_key_rr2ds(rr, LDNS_SHA256);
	const ldns_rr *ds = made == NULL ? rr : made;
	struct dns_ds fact;
	bool is_ds = ldns_rr_get_type(ds) == LDNS_RR_TYPE_DS &&
		     dnssec_read_ds(anchors->arena, ds, &fact);
	if (is_ds) {
		ldns_dname2canonical(ldns_rr_owner(rr));
		char *owner = ldns_rdf2str(ldns_rr_owner(rr));
		size_t len = owner == NULL ? 0 : strlen(owner);
		const char *zone = arena_strndup(anchors->arena,
			len == 0 ? "." : owner, len > 1 ? len - 1 : 1);
		add(anchors, zone, &fact);
		LDNS_FREE(owner);
	}
	ldns_rr_free(made);
	return is_ds;
}

/* Where in the file ldns is, and what it carries from record to record. */
struct place {
	FILE *file;
	int line;
	uint32_t ttl_s;
	ldns_rdf *origin, *last;
};

/* One record, over several lines where it has parentheses; false where it is
 * none that can be an anchor. */
static bool read_one(struct anchors *anchors, struct place *place)
{
	ldns_rr *rr = NULL;
	ldns_status status = ldns_rr_new_frm_fp_l(&rr, place->file,
		&place->ttl_s, &place->origin, &place->last, &place->line);
	if (status == LDNS_STATUS_SYNTAX_EMPTY ||
		status == LDNS_STATUS_SYNTAX_TTL)
		return true;
	bool is_taken = status == LDNS_STATUS_OK && anchors->n < ANCHORS_MAX &&
			take(anchors, rr);
	ldns_rr_free(rr);
	return is_taken;
}

static const char *read_records(struct anchors *anchors, FILE *file)
{
	struct place place = { .file = file, .line = 1 };
	const char *wrong = NULL;
	while (wrong == NULL && !feof(file)) {
		if (!read_one(anchors, &place))
			wrong = arena_printf(anchors->arena,
				"has no DS or DNSKEY record in line %d",
				place.line > 1 ? place.line - 1 : 1);
	}
	ldns_rdf_deep_free(place.origin);
	ldns_rdf_deep_free(place.last);
	if (wrong == NULL && anchors->n == 0)
		wrong = "holds no trust anchor";
	return wrong;
}

const char *dnsnet_read_anchors(struct arena *arena, const char *path,
	struct dns_anchor **out, size_t *n_out)
{
	struct anchors anchors = { .arena = arena };
	struct stat st;
	if (stat(path, &st) != 0)
		return arena_printf(
			arena, "can't be opened: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return "is not a file";
	if (st.st_size > FILE_MAX)
		return "is too large for trust anchors";
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return arena_printf(
			arena, "can't be opened: %s", strerror(errno));
	anchors.at = arena_array(arena, ANCHORS_MAX, sizeof(*anchors.at));
	const char *wrong = read_records(&anchors, file);
	fclose(file);
	*out = anchors.at;
	*n_out = anchors.n;
	return wrong;
}
