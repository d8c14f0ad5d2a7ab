/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule table of check_dns_delegation, in the order in which findings of
 * one state are shown: first what explains the others.
 */
#include "config.h"

#include "common/dns/delegation_rules.h"

#include "common/dns/delegation_facts.h"

/* clang-format off */
const struct rule delegation_rules[] = {
	{ "zone-not-found", STATE_CRITICAL, false,
	  "the zone does not exist in its parent",
	  "RFC 1034 section 4.3.2", judge_zone_not_found },
	{ "zone-no-cut", STATE_CRITICAL, false,
	  "the name is inside a zone, not a zone of its own",
	  "RFC 1034 section 4.2", judge_zone_no_cut },
	{ "delegation-obtained", STATE_CRITICAL, true,
	  "the delegation can't be had from the parent's servers",
	  "RFC 1034 section 5.3.3", judge_delegation_obtained },
	{ "delegation-circular", STATE_CRITICAL, false,
	  "every name server can only be found through the zone itself",
	  "RFC 1034 section 4.2.1", judge_delegation_circular },
	{ "too-few-good-servers", STATE_CRITICAL, true,
	  "fewer good name servers than wanted (--min-good)",
	  "RFC 2182 section 5", judge_too_few_good_servers },
	{ "dnssec-chain-broken", STATE_CRITICAL, false,
	  "a zone above does not validate",
	  "RFC 4035 section 5", judge_dnssec_chain_broken },
	{ "ds-without-signed-zone", STATE_CRITICAL, false,
	  "the parent has a DS, and the zone is not signed",
	  "RFC 4035 section 2.4", judge_ds_without_signed_zone },
	{ "ds-matches-no-key", STATE_CRITICAL, false,
	  "no DS of the parent matches a key of the zone",
	  "RFC 4035 section 5.2", judge_ds_matches_no_key },
	{ "dnssec-bogus", STATE_WARNING, false,
	  "what a name server sends does not validate",
	  "RFC 4035 section 5.3", judge_dnssec_bogus },
	{ "signature-expiring", STATE_WARNING, false,
	  "a signature ends soon",
	  "RFC 6781 section 4.4.2", judge_signature_expiring },
	{ "one-good-server", STATE_WARNING, false,
	  "only one good name server is left",
	  "RFC 1034 section 4.1", judge_one_good_server },
	{ "server-silent", STATE_WARNING, false,
	  "an address of a name server does not answer",
	  "RFC 8906 section 3.1.1", judge_server_silent },
	{ "server-refuses", STATE_WARNING, false,
	  "an address of a name server refuses the zone",
	  "RFC 1912 section 2.8", judge_server_refuses },
	{ "server-servfail", STATE_WARNING, false,
	  "an address of a name server can't serve the zone",
	  "RFC 1035 section 4.1.1", judge_server_servfail },
	{ "server-not-authoritative", STATE_WARNING, false,
	  "an address of a name server answers without authority",
	  "RFC 1912 section 2.8", judge_server_not_authoritative },
	{ "server-no-tcp", STATE_WARNING, false,
	  "a name server answers over UDP but not over TCP",
	  "RFC 7766 section 5", judge_server_no_tcp },
	{ "server-udp-tcp-differ", STATE_WARNING, false,
	  "a name server gives other data over TCP than over UDP",
	  "RFC 7766 section 5", judge_server_udp_tcp_differ },
	{ "server-edns-broken", STATE_WARNING, false,
	  "a name server refuses or drops queries with EDNS",
	  "RFC 8906 section 3.2", judge_server_edns_broken },
	{ "parents-silent", STATE_WARNING, false,
	  "a third or more of the parent's servers give no usable answer",
	  "RFC 2182 section 3.1", judge_parents_silent },
	{ "parents-disagree", STATE_WARNING, false,
	  "the parent's servers hand out different name servers",
	  "RFC 1034 section 4.2.2", judge_parents_disagree },
	{ "ds-differs", STATE_WARNING, false,
	  "the parent's servers hold different DS sets",
	  "RFC 1034 section 4.2.2", judge_ds_differs },
	{ "children-disagree", STATE_WARNING, false,
	  "the zone's servers tell different name servers",
	  "RFC 1034 section 4.2.2", judge_children_disagree },
	{ "ns-only-in-parent", STATE_WARNING, false,
	  "the parent hands out a name server that the zone does not list",
	  "RFC 1034 section 4.2.2", judge_ns_only_in_parent },
	{ "ns-only-in-child", STATE_WARNING, false,
	  "the zone lists a name server that the parent does not hand out",
	  "RFC 1034 section 4.2.2", judge_ns_only_in_child },
	{ "ns-unexpected", STATE_WARNING, false,
	  "the name servers are not those expected (--expect-ns)",
	  "", judge_ns_unexpected },
	{ "too-few-ns", STATE_WARNING, false,
	  "fewer name servers than wanted (--min-ns)",
	  "RFC 1034 section 4.1", judge_too_few_ns },
	{ "ns-nonexistent", STATE_WARNING, false,
	  "the name of a name server does not exist",
	  "RFC 1912 section 2.8", judge_ns_nonexistent },
	{ "ns-no-address", STATE_WARNING, false,
	  "the name of a name server has no address",
	  "RFC 2181 section 10.3", judge_ns_no_address },
	{ "ns-unresolvable", STATE_WARNING, false,
	  "the name of a name server can't be resolved",
	  "RFC 1034 section 4.2.1", judge_ns_unresolvable },
	{ "ns-alias", STATE_WARNING, false,
	  "the name of a name server is an alias",
	  "RFC 2181 section 10.3", judge_ns_alias },
	{ "ns-literal", STATE_WARNING, false,
	  "an address stands where a name server's name belongs",
	  "RFC 1035 section 3.3.11", judge_ns_literal },
	{ "ns-unusable-address", STATE_WARNING, false,
	  "a name server has an address that the world can't reach",
	  "RFC 6890 section 2.2", judge_ns_unusable_address },
	{ "glue-missing", STATE_WARNING, false,
	  "the parent gives no glue for a name server inside the zone",
	  "RFC 9471 section 3.1", judge_glue_missing },
	{ "glue-mismatch", STATE_WARNING, false,
	  "the parent's glue differs from the name server's addresses",
	  "RFC 1034 section 4.2.2", judge_glue_mismatch },
	{ "shared-address", STATE_WARNING, false,
	  "two name servers are one and the same address",
	  "RFC 2182 section 3.1", judge_shared_address },
	{ "single-network", STATE_WARNING, false,
	  "all name servers are in one network",
	  "RFC 2182 section 3.1", judge_single_network },
	{ "dnssec-algorithm-forbidden", STATE_WARNING, false,
	  "the zone is signed with a forbidden algorithm",
	  "RFC 9905 section 2", judge_dnssec_algorithm_forbidden },
	{ "ds-digest-forbidden", STATE_WARNING, false,
	  "the DS are made with a forbidden digest",
	  "RFC 9905 section 2", judge_ds_digest_forbidden },
	{ "cds-without-ds", STATE_WARNING, false,
	  "the parent has none of the DS that the zone asks for",
	  "RFC 7344 section 4.1", judge_cds_without_ds },
	{ "cds-delete", STATE_WARNING, false,
	  "the zone asks for its DS to be deleted, and it is there",
	  "RFC 8078 section 4", judge_cds_delete },
	{ "nsec3-iterations", STATE_WARNING, false,
	  "NSEC3 with more than 100 iterations",
	  "RFC 9276 section 3.2", judge_nsec3_iterations },
	{ "delegation-drifted", STATE_WARNING, false,
	  "the delegation is not the one that was accepted (--remember)",
	  "", judge_delegation_drifted },
	{ "open-recursion", STATE_WARNING, false,
	  "a name server resolves foreign names for this host",
	  "RFC 5358 section 4", judge_open_recursion },
	{ "history-lost", STATE_WARNING, false,
	  "what earlier runs had noted was damaged and is begun anew",
	  "", judge_memory_lost },
	{ "walk-limit", STATE_WARNING, false,
	  "the walk ended at a bound",
	  "RFC 1034 section 5.3.3", judge_walk_limit },
	{ "threshold", STATE_WARNING, false,
	  "a metric is outside its range (-w, -c, --warning, --critical)",
	  "", NULL },
	{ "interception", STATE_UNKNOWN, false,
	  "something on the way answers in place of the root servers",
	  "RFC 1034 section 4.3.1", judge_interception },
	{ "history-unusable", STATE_UNKNOWN, false,
	  "nothing can be remembered on this node",
	  "", judge_memory_unusable },
	{ "signed-without-ds", STATE_OK, false,
	  "the zone is signed, and nothing validates it",
	  "RFC 4035 section 2.4", judge_signed_without_ds },
	{ "no-ipv6", STATE_OK, false,
	  "no name server has an IPv6 address",
	  "RFC 3901 section 3", judge_no_ipv6 },
	{ "one-registrable-domain", STATE_OK, false,
	  "all name servers are named under one registrable domain",
	  "RFC 2182 section 3.1", judge_one_registrable_domain },
	{ "one-as", STATE_OK, false,
	  "all name servers are in one autonomous system (--asn-db)",
	  "RFC 2182 section 3.1", judge_one_as },
	{ "referral-large", STATE_OK, false,
	  "the parent's referral is larger than 512 bytes",
	  "RFC 1035 section 4.2.1", judge_referral_large },
	{ "serials-differ", STATE_OK, false,
	  "the zone's servers have different serials",
	  "RFC 1982 section 3.2", judge_serials_differ },
	{ "soa-differ", STATE_OK, false,
	  "the zone's servers have different SOA fields",
	  "RFC 1035 section 3.3.13", judge_soa_differ },
	{ "upward-referral", STATE_OK, false,
	  "a name server refers upwards for a foreign name",
	  "RFC 9499 section 4", judge_upward_referral },
	{ "edns-ignored", STATE_OK, false,
	  "a name server answers as if EDNS did not exist",
	  "RFC 6891 section 6.1.1", judge_edns_ignored },
};
/* clang-format on */

const size_t n_delegation_rules =
	sizeof(delegation_rules) / sizeof(delegation_rules[0]);

bool rule_has_delegation(struct judge *judge, const struct delegation *d)
{
	if (d->cut == DNS_CUT_UNKNOWN)
		judge_not_judged(
			judge, NULL, "the delegation was not obtained");
	return delegation_exists(d);
}

bool rule_has_parent_side(struct judge *judge, const struct delegation *d)
{
	if (!rule_has_delegation(judge, d))
		return false;
	if (d->parent_ns.is_known)
		return true;
	judge_not_judged(judge, NULL,
		"the parent's servers answer for the zone themselves");
	return false;
}

struct culprit rule_server_culprit(const struct dns_server *server)
{
	struct culprit culprit = { .address = server->addr_text };

	if (server->hosts.n > 0)
		culprit.name = server->hosts.at[0];
	return culprit;
}
