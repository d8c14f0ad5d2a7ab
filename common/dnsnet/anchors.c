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
	ANCHORS_MAX = 64, /* records of a file */
	LINES_MAX = 4096,
	LINE_MAX_BYTES = 4096,
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

static bool is_blank(const char *line)
{
	line += strspn(line, " \t\r\n");
	return *line == '\0' || *line == ';';
}

static const char *read_lines(struct anchors *anchors, FILE *file)
{
	char line[LINE_MAX_BYTES];
	for (unsigned n = 1; fgets(line, sizeof(line), file) != NULL; n++) {
		ldns_rr *rr = NULL;
		if (is_blank(line))
			continue;
		bool is_taken = n <= LINES_MAX && anchors->n < ANCHORS_MAX &&
				ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) ==
					LDNS_STATUS_OK &&
				take(anchors, rr);
		ldns_rr_free(rr);
		if (!is_taken)
			return arena_printf(anchors->arena,
				"has no DS or DNSKEY record in line %u", n);
	}
	return anchors->n > 0 ? NULL : "holds no trust anchor";
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
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return arena_printf(
			arena, "can't be opened: %s", strerror(errno));
	anchors.at = arena_array(arena, ANCHORS_MAX, sizeof(*anchors.at));
	const char *wrong = read_lines(&anchors, file);
	fclose(file);
	*out = anchors.at;
	*n_out = anchors.n;
	return wrong;
}
