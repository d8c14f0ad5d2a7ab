/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge functions of check_dns_secondary's own rules, and what they
 * share with its outputs. */
#ifndef LIFELINE_DNS_SECONDARY_RULES_H
#define LIFELINE_DNS_SECONDARY_RULES_H

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"
#include "common/dns/secondary.h"

/* A word for each value, [a-z_]+, as JSON has it; NULL past the last. */
const char *dns_transfer_word(unsigned end);
const char *dns_zonemd_word(unsigned zonemd);
const char *dns_step_word(unsigned step);
const char *dns_cover_source_word(unsigned source);
const char *dns_cover_limit_word(unsigned limit);

/* Whether it tells when the copy expires; and what the cover rests on: "by
 * EXPIRE", "assumed", "until its signatures end". */
bool dns_cover_expires(const struct dns_cover *cover);
const char *dns_cover_basis(const struct dns_cover *cover);

/* Its first name (or what the user typed) and its address. */
struct culprit rule_copy_culprit(const struct dns_copy *copy);

/* Whether there are servers to judge. Where nobody knows any, that is not
 * judged; where there is no zone, that is a finding of its own. */
bool rule_has_copies(struct judge *judge, const struct secondary *s);

/* Calls fn for each secondary that can be judged; the others are noted as
 * not judged. */
typedef void (*rule_copy_fn)(struct judge *judge, const struct secondary *s,
	const struct dns_copy *copy);
void rule_each_secondary(
	struct judge *judge, const struct secondary *s, rule_copy_fn fn);

/* What was named: its name, else its address in the arena. */
struct culprit rule_named_culprit(
	struct arena *arena, const struct dns_named *named);
/* Whether it is an address of the name server, by glue or by its zone. */
bool dns_host_has(const struct dns_host *host, const struct dns_addr *addr);
/* Whether the copy is at an address of the server that was named. */
bool secondary_named_has(
	const struct dns_named *named, const struct dns_copy *copy);
/* Whether a name server is a primary: by its name, or as an address of it is
 * one. All that it has fails together then. */
bool secondary_host_is_primary(
	const struct secondary *s, const struct dns_host *host);

/* How many secondaries, by name (by address where one was named so), are
 * good, bad, not judged; a name is good where one address of it is. */
struct secondary_counts {
	size_t good, bad, not_judged;
	size_t bogus; /* of the good, those that no validator believes */
};
struct secondary_counts secondary_count(const struct secondary *s);

/*
 * Of the name servers that carry the zone, how many would be left where
 * every address in a set of networks were silent: good ones now, with an
 * address outside of all of them. family 4 or 6: for resolvers that have
 * only that; 0: for all.
 */
struct secondary_networks {
	struct dns_prefix *at;
	size_t n;
	const uint32_t *as; /* and autonomous systems; never 0 */
	size_t n_as;
};
size_t secondary_survivors(const struct secondary *s,
	const struct secondary_networks *lost, unsigned family);

/* Whether it is known where the primary is. An MNAME may be anything; one that
 * is no name server of the zone and does not serve it tells nothing of that. */
bool secondary_places_primary(const struct secondary *s);

/* The networks of the primary: /24 and /48 of its addresses, and with --asn-db
 * their autonomous systems. In the arena. */
struct secondary_networks secondary_primary_networks(
	struct arena *arena, const struct secondary *s);

/* "2 of 3 secondaries would carry it for at most 13 d": the first part of
 * secondary_summary(). */
const char *secondary_outlook(struct arena *arena, const struct secondary *s);

/* secondary_rules_reach.c */
void judge_no_good_secondary(struct judge *judge, const void *facts);
void judge_secondary_servfail(struct judge *judge, const void *facts);
void judge_primary_silent(struct judge *judge, const void *facts);
void judge_primary_inferred(struct judge *judge, const void *facts);

/* secondary_rules_names.c */
void judge_secondary_not_listed(struct judge *judge, const void *facts);
void judge_secondary_unexpected(struct judge *judge, const void *facts);
void judge_secondary_unresolvable(struct judge *judge, const void *facts);

/* secondary_rules_current.c */
void judge_secondary_behind(struct judge *judge, const void *facts);
void judge_secondary_ahead(struct judge *judge, const void *facts);
void judge_serial_undefined(struct judge *judge, const void *facts);
void judge_contents_differ(struct judge *judge, const void *facts);

/* secondary_rules_cover.c */
void judge_secondary_expired(struct judge *judge, const void *facts);
void judge_primary_contact_lost(struct judge *judge, const void *facts);
void judge_soa_expire_short(struct judge *judge, const void *facts);
void judge_signature_ends_first(struct judge *judge, const void *facts);
void judge_history_lost(struct judge *judge, const void *facts);
void judge_history_unusable(struct judge *judge, const void *facts);

/* secondary_rules_networks.c */
void judge_too_few_survivors(struct judge *judge, const void *facts);
void judge_loss_not_survived(struct judge *judge, const void *facts);

/* secondary_rules_transfer.c */
void judge_transfer_fails(struct judge *judge, const void *facts);
void judge_transfer_serial_differs(struct judge *judge, const void *facts);
void judge_zone_signature_expiring(struct judge *judge, const void *facts);
void judge_zonemd_wrong(struct judge *judge, const void *facts);
void judge_transfer_open(struct judge *judge, const void *facts);

#endif
