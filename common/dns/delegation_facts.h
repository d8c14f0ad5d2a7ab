/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of this room share: questions that several rules and
 * outputs ask of the facts, and the words for the enumerations.
 */
#ifndef LIFELINE_DNS_DELEGATION_FACTS_H
#define LIFELINE_DNS_DELEGATION_FACTS_H

#include "common/dns/delegation.h"

/* A word for each value, [a-z_]+, as JSON has it; NULL past the last. */
const char *dns_outcome_word(unsigned outcome);
const char *dns_kind_word(unsigned kind);
const char *dns_lookup_word(unsigned lookup);
const char *dns_edns_word(unsigned edns);
const char *dns_cut_word(unsigned cut);
const char *dns_sight_word(unsigned sight);
const char *dns_verdict_word(unsigned verdict);

bool dns_names_hold(const struct dns_names *names, const char *name);
bool dns_names_equal(const struct dns_names *a, const struct dns_names *b);
/* Appends "a, b, c", "nothing" for none; at most some hundred bytes. */
void dns_names_add(struct text *out, const struct dns_names *names);

bool dns_addrs_hold(const struct dns_addrs *addrs, const struct dns_addr *addr);
size_t dns_addrs_count(const struct dns_addrs *addrs, unsigned family);

/* Whether anything of the family can be seen from here, or was not tried. */
bool delegation_sees(const struct delegation *d, unsigned family);
/* Why not: "no route from here" ... */
const char *delegation_blindness(const struct delegation *d, unsigned family);

/* Whether there are name servers to look at: a referral, or the zone itself
 * from servers that serve its parent too. */
bool delegation_exists(const struct delegation *d);
/* Where the names that carry the zone come from: the parent's set, or the
 * child's where the parent side is null. */
bool delegation_host_carries(
	const struct delegation *d, const struct dns_host *host);
const struct dns_names *delegation_carrying_names(const struct delegation *d);
bool delegation_server_has(
	const struct dns_server *server, const struct dns_host *host);

/* Good, not judged, or bad, which is any other value, the last address's. */
enum dns_server_verdict delegation_host_verdict(
	const struct delegation *d, const struct dns_host *host);

/* Whether it told something about the delegation; and whether what it did
 * can be held against it from here. */
bool delegation_parent_is_usable(const struct dns_parent_server *parent);
bool delegation_parent_is_judged(
	const struct delegation *d, const struct dns_parent_server *parent);

/* Appends what a probe that got no good answer came to, as a verb phrase
 * without a subject: "timed out", "answers REFUSED". */
void dns_probe_add(struct text *out, const struct dns_probe *probe);

#endif
