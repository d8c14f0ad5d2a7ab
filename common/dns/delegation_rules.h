/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge functions of the rule table, and what they share. */
#ifndef LIFELINE_DNS_DELEGATION_RULES_H
#define LIFELINE_DNS_DELEGATION_RULES_H

#include "common/dns/delegation.h"
#include "common/judge/judge.h"

/*
 * Whether there is a delegation to judge. Where nobody knows, that is not
 * judged; where there is none, that is a finding of its own, and nothing is
 * wrong with its servers.
 */
bool rule_has_delegation(struct judge *judge, const struct delegation *d);

/* Whether the parent's NS set is there to compare with; else not judged. */
bool rule_has_parent_side(struct judge *judge, const struct delegation *d);

/* Whether signatures were looked at, and whether the DS set is known too;
 * else not judged. In delegation_rules_security.c. */
bool rule_has_security(struct judge *judge, const struct delegation *d);
bool rule_has_ds(struct judge *judge, const struct delegation *d);

/* A server's first name and its address. */
struct culprit rule_server_culprit(const struct dns_server *server);

/* Calls fn for each server that can be judged; the others are noted as not
 * judged. In delegation_rules_server.c, like the next two. */
typedef void (*rule_server_fn)(struct judge *judge, const struct delegation *d,
	const struct dns_server *server);
void rule_each_server(
	struct judge *judge, const struct delegation *d, rule_server_fn fn);
/* Why nothing can be said about a server, as not judged. */
void rule_note_hidden(struct judge *judge, const struct delegation *d,
	const struct dns_server *server);
/* A finding where it answers SERVFAIL. */
void rule_if_servfail(struct judge *judge, const struct delegation *d,
	const struct dns_server *server);

/*
 * A name server of which nothing is good. next() gives those of its addresses
 * that were judged, one after the other, NULL first and last.
 */
struct rule_dead {
	const char *name;
	enum dns_lookup lookup; /* said where it has no address */
	const struct dns_server *(*next)(
		const struct rule_dead *dead, const struct dns_server *after);
	const void *facts, *whose; /* for next() */
};
/* Appends "ns1.example (192.0.2.1, 2001:db8::1) timed out". In
 * delegation_rules_count.c. */
void rule_add_dead(struct text *out, const struct rule_dead *dead);

/* How near the end of a signature is by expect; OK where it is far off. In
 * delegation_rules_signatures.c, like the next. */
enum state rule_grade_signature(
	const struct delegation *d, int64_t inception_s, int64_t expiration_s);
/* Appends "ends in 3 h, 2 % of its 7 d", or "ended 2 min ago". */
void rule_add_signature_end(struct text *out, const struct delegation *d,
	int64_t inception_s, int64_t expiration_s);

/* The registrable domain that all carrying names are under, and how many they
 * are; NULL where they are not. In delegation_rules_addresses.c. */
const char *rule_common_domain(const struct delegation *d, size_t *n_hosts);

/* delegation_rules_parent.c: the walk and the parent's servers */
void judge_delegation_obtained(struct judge *judge, const void *facts);
void judge_interception(struct judge *judge, const void *facts);
void judge_walk_limit(struct judge *judge, const void *facts);
void judge_zone_not_found(struct judge *judge, const void *facts);
void judge_zone_no_cut(struct judge *judge, const void *facts);
void judge_parents_disagree(struct judge *judge, const void *facts);
void judge_parents_silent(struct judge *judge, const void *facts);
void judge_referral_large(struct judge *judge, const void *facts);

/* delegation_rules_count.c: how much of the delegation is alive */
void judge_too_few_good_servers(struct judge *judge, const void *facts);
void judge_one_good_server(struct judge *judge, const void *facts);

/* delegation_rules_server.c: what each address answers */
void judge_server_silent(struct judge *judge, const void *facts);
void judge_server_refuses(struct judge *judge, const void *facts);
void judge_server_servfail(struct judge *judge, const void *facts);
void judge_server_not_authoritative(struct judge *judge, const void *facts);
void judge_server_no_tcp(struct judge *judge, const void *facts);
void judge_server_edns_broken(struct judge *judge, const void *facts);
void judge_server_udp_tcp_differ(struct judge *judge, const void *facts);
void judge_open_recursion(struct judge *judge, const void *facts);
void judge_upward_referral(struct judge *judge, const void *facts);
void judge_edns_ignored(struct judge *judge, const void *facts);

/* delegation_rules_zone.c: whether the servers agree with each other */
void judge_children_disagree(struct judge *judge, const void *facts);
void judge_serials_differ(struct judge *judge, const void *facts);
void judge_soa_differ(struct judge *judge, const void *facts);

/* delegation_rules_names.c: the NS names */
void judge_ns_only_in_parent(struct judge *judge, const void *facts);
void judge_ns_only_in_child(struct judge *judge, const void *facts);
void judge_too_few_ns(struct judge *judge, const void *facts);
void judge_ns_unexpected(struct judge *judge, const void *facts);
void judge_ns_alias(struct judge *judge, const void *facts);
void judge_ns_no_address(struct judge *judge, const void *facts);
void judge_ns_nonexistent(struct judge *judge, const void *facts);
void judge_ns_unresolvable(struct judge *judge, const void *facts);
void judge_ns_literal(struct judge *judge, const void *facts);
void judge_delegation_circular(struct judge *judge, const void *facts);

/* delegation_rules_addresses.c: glue, addresses and where they stand */
void judge_ns_unusable_address(struct judge *judge, const void *facts);
void judge_glue_missing(struct judge *judge, const void *facts);
void judge_glue_mismatch(struct judge *judge, const void *facts);
void judge_shared_address(struct judge *judge, const void *facts);
void judge_single_network(struct judge *judge, const void *facts);
void judge_no_ipv6(struct judge *judge, const void *facts);
void judge_one_registrable_domain(struct judge *judge, const void *facts);
void judge_one_as(struct judge *judge, const void *facts);

/* delegation_rules_security.c: the chain of trust */
void judge_dnssec_chain_broken(struct judge *judge, const void *facts);
void judge_ds_without_signed_zone(struct judge *judge, const void *facts);
void judge_ds_matches_no_key(struct judge *judge, const void *facts);
void judge_dnssec_bogus(struct judge *judge, const void *facts);

/* delegation_rules_signatures.c: how long signatures last */
void judge_signature_expiring(struct judge *judge, const void *facts);

/* delegation_rules_keys.c: keys, DS and CDS */
void judge_ds_differs(struct judge *judge, const void *facts);
void judge_signed_without_ds(struct judge *judge, const void *facts);
void judge_dnssec_algorithm_forbidden(struct judge *judge, const void *facts);
void judge_ds_digest_forbidden(struct judge *judge, const void *facts);
void judge_cds_without_ds(struct judge *judge, const void *facts);
void judge_cds_delete(struct judge *judge, const void *facts);
void judge_nsec3_iterations(struct judge *judge, const void *facts);

/* What became of a name without an address, as a verb phrase: "does not
 * exist". In delegation_rules_count.c. */
const char *rule_lookup_words(enum dns_lookup lookup);

/* drift.c: against what was accepted */
void judge_delegation_drifted(struct judge *judge, const void *facts);
void judge_memory_lost(struct judge *judge, const void *facts);
void judge_memory_unusable(struct judge *judge, const void *facts);

#endif
