/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the facts of a delegation back from JSON, for tests: what --facts
 * prints, or a short form of it in which all that is left out is as a healthy
 * delegation has it.
 *
 * The short form: "hosts" need a name and "addrs"; "servers" and "parents"
 * are made to match where they are left out. "but" maps a server's address to
 * what is different about it, where "all" is what became of every exchange
 * with it. An exchange may be one word: an outcome ("timed_out"), a kind
 * ("referral"), or "refused", "servfail", "notimp", "no_authority".
 *
 * The zone is unsigned, and proved so. With "signed", which holds what is
 * special about its signatures, it is signed by one key that has a DS, and all
 * of it is secure for a fortnight from four days ago. A server's "security"
 * may be one word for all that it sends: "bogus", "insecure" ..., "unsigned"
 * or "not_asked".
 */
#ifndef LIFELINE_TESTS_FACTS_READ_H
#define LIFELINE_TESTS_FACTS_READ_H

#include <jansson.h>

#include "common/dns/delegation.h"
#include "reader.h"

/* Returns NULL, or what is wrong, an unknown member included. Everything
 * read is owned by the arena. */
const char *facts_read(
	struct arena *arena, json_t *facts, struct delegation *d);

/* Its parts, for those who read more. */
void facts_delegation(
	struct reader *reader, json_t *facts, struct delegation *d);
struct dns_server facts_healthy_server(struct reader *reader,
	const struct delegation *d, const struct dns_addr *addr);
void facts_server(
	struct reader *reader, json_t *value, struct dns_server *server);
/* Puts the server of that address in its place; or finds it. */
struct dns_server *facts_place_server(struct reader *reader,
	struct delegation *d, const struct dns_addr *addr);
struct dns_prefix *facts_prefixes(
	struct reader *reader, json_t *array, size_t *n, const char *where);
/* An object, or its fate in one word. */
void facts_history_file(struct reader *reader, json_t *value,
	struct dns_history_file *file, const char *where);

#endif
