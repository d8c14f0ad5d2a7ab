/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The copies of a zone, within a survey: who holds them
 * (copies_named.c), their transfer (copies_transfer.c), and what each holds
 * (copies.c).
 */
#ifndef LIFELINE_DNSNET_COPIES_H
#define LIFELINE_DNSNET_COPIES_H

#include "common/dnsnet/survey.h"

enum {
	COPIES_MNAMES_MAX = 4, /* different ones that are looked up */
};

/* A server by --primary, --secondary or an MNAME, while it is looked for. */
struct survey_named {
	struct survey *survey;
	struct dns_named fact;
	struct dns_addrs addrs;
	bool is_primary, is_given;
};

struct copies {
	const struct dns_copies_options *options;
	struct survey_named *primaries, *secondaries;
	struct survey_named mnames[COPIES_MNAMES_MAX];
	size_t n_mnames;
	struct survey_named *inferred; /* one of mnames, or NULL */
	unsigned round;                /* of second looks */
};

/* copies_named.c */

/* Whether the name, or the address, that was given leads to this server. */
bool named_is_at(
	const struct survey_named *named, const struct survey_server *server);
/* No primary was given: it may be the MNAME (RFC 1035 section 3.3.13). */
void copies_consider_mname(struct survey *survey, const char *mname);
/* Marks the servers of the primary, by all that is known now. */
void copies_find_primaries(struct survey *survey);
/* Whether a server's copy is one of those that are compared. */
bool copies_has(const struct survey_server *server);

/* copies_transfer.c */

/* Without a key, to see whether that is refused. */
void copies_transfer_as_stranger(struct survey_server *server);
/* With the key, now that it is known who is who. True where one was begun. */
bool copies_transfer(struct survey *survey);

/* copies.c */

/* Whether it answered for the zone, with authority, over UDP. */
bool copies_serves(const struct survey_server *server);

#endif
