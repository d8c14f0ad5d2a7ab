/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule table of check_dns_secondary, in the order in which findings of
 * one state are shown: first what explains the others. Rules that judge the
 * delegation are those of check_dns_delegation.
 */
#include "config.h"

#include "common/dns/secondary_rules.h"

/* clang-format off */
const struct rule secondary_rules[] = {
	{ "zone-not-found", STATE_CRITICAL, false,
	  "the zone does not exist in its parent",
	  "RFC 1034 section 4.3.2", judge_zone_not_found },
	{ "zone-no-cut", STATE_CRITICAL, false,
	  "the name is inside a zone, not a zone of its own",
	  "RFC 1034 section 4.2", judge_zone_no_cut },
	{ "delegation-obtained", STATE_CRITICAL, false,
	  "the delegation can't be had from the parent's servers",
	  "RFC 1034 section 5.3.3", judge_delegation_obtained },
	{ "no-good-secondary", STATE_CRITICAL, true,
	  "no secondary serves the zone",
	  "RFC 2182 section 3", judge_no_good_secondary },
	{ "secondary-expired", STATE_CRITICAL, false,
	  "a secondary's copy of the zone has expired",
	  "RFC 1034 section 4.3.5", judge_secondary_expired },
	{ "secondary-ahead", STATE_CRITICAL, false,
	  "a secondary is ahead of its primary and will never transfer",
	  "RFC 1982 section 3.2", judge_secondary_ahead },
	{ "primary-contact-lost", STATE_WARNING, false,
	  "a secondary has had no contact with its primary for too long",
	  "RFC 7314 section 4", judge_primary_contact_lost },
	{ "secondary-not-listed", STATE_CRITICAL, false,
	  "a secondary is not where the world looks for name servers",
	  "RFC 1034 section 4.2.2", judge_secondary_not_listed },
	{ "transfer-fails", STATE_CRITICAL, false,
	  "a zone transfer with the key fails (--tsig-file)",
	  "RFC 8945 section 5", judge_transfer_fails },
	{ "zonemd-wrong", STATE_CRITICAL, false,
	  "the zone does not match its digest (--zonemd)",
	  "RFC 8976 section 4", judge_zonemd_wrong },
	{ "loss-not-survived", STATE_CRITICAL, false,
	  "nobody would carry the zone without a network (--lost)",
	  "RFC 2182 section 3.1", judge_loss_not_survived },
	{ "too-few-survivors", STATE_WARNING, false,
	  "too few name servers outside the primary's network",
	  "RFC 2182 section 3.1", judge_too_few_survivors },
	{ "dnssec-bogus", STATE_WARNING, false,
	  "what a name server sends does not validate",
	  "RFC 4035 section 5.3", judge_dnssec_bogus },
	{ "signature-expiring", STATE_WARNING, false,
	  "a signature ends soon",
	  "RFC 6781 section 4.4.2", judge_signature_expiring },
	{ "zone-signature-expiring", STATE_WARNING, false,
	  "a signature somewhere in the zone ends soon (--tsig-file)",
	  "RFC 6781 section 4.4.2", judge_zone_signature_expiring },
	{ "secondary-behind", STATE_WARNING, false,
	  "a secondary has not followed its primary for too long",
	  "RFC 1034 section 4.3.5", judge_secondary_behind },
	{ "serial-undefined", STATE_WARNING, false,
	  "two serials are half of their circle apart",
	  "RFC 1982 section 3.2", judge_serial_undefined },
	{ "contents-differ", STATE_WARNING, false,
	  "servers with the same serial give different records (--probe)",
	  "RFC 1034 section 4.3.5", judge_contents_differ },
	{ "primary-silent", STATE_WARNING, false,
	  "the primary does not answer for the zone (--primary)",
	  "RFC 1034 section 4.3.5", judge_primary_silent },
	{ "soa-expire-short", STATE_WARNING, false,
	  "the zone would expire sooner than wanted (--min-cover)",
	  "RFC 1912 section 2.2", judge_soa_expire_short },
	{ "transfer-serial-differs", STATE_WARNING, false,
	  "a transfer brings another serial than the SOA told",
	  "RFC 5936 section 3", judge_transfer_serial_differs },
	{ "secondary-unexpected", STATE_WARNING, false,
	  "a name server is listed that nobody named (--secondary)",
	  "", judge_secondary_unexpected },
	{ "secondary-unresolvable", STATE_WARNING, false,
	  "the name of a given server can't be resolved",
	  "RFC 1034 section 4.2.1", judge_secondary_unresolvable },
	{ "server-silent", STATE_WARNING, false,
	  "an address of a name server does not answer",
	  "RFC 8906 section 3.1.1", judge_server_silent },
	{ "server-refuses", STATE_WARNING, false,
	  "an address of a name server refuses the zone",
	  "RFC 1912 section 2.8", judge_server_refuses },
	{ "server-servfail", STATE_WARNING, false,
	  "an address of a name server can't serve the zone",
	  "RFC 1035 section 4.1.1", judge_secondary_servfail },
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
	{ "ns-only-in-parent", STATE_WARNING, false,
	  "the parent hands out a name server that the zone does not list",
	  "RFC 1034 section 4.2.2", judge_ns_only_in_parent },
	{ "ns-only-in-child", STATE_WARNING, false,
	  "the zone lists a name server that the parent does not hand out",
	  "RFC 1034 section 4.2.2", judge_ns_only_in_child },
	{ "ns-nonexistent", STATE_WARNING, false,
	  "the name of a name server does not exist",
	  "RFC 1912 section 2.8", judge_ns_nonexistent },
	{ "ns-no-address", STATE_WARNING, false,
	  "the name of a name server has no address",
	  "RFC 2181 section 10.3", judge_ns_no_address },
	{ "ns-unresolvable", STATE_WARNING, false,
	  "the name of a name server can't be resolved",
	  "RFC 1034 section 4.2.1", judge_ns_unresolvable },
	{ "ns-unusable-address", STATE_WARNING, false,
	  "a name server has an address that the world can't reach",
	  "RFC 6890 section 2.2", judge_ns_unusable_address },
	{ "delegation-drifted", STATE_WARNING, false,
	  "the delegation is not the one that was accepted (--remember)",
	  "", judge_delegation_drifted },
	{ "open-recursion", STATE_WARNING, false,
	  "a name server resolves foreign names for this host",
	  "RFC 5358 section 4", judge_open_recursion },
	{ "transfer-open", STATE_WARNING, false,
	  "a server hands the whole zone to this host without a key",
	  "RFC 5936 section 5", judge_transfer_open },
	{ "history-lost", STATE_WARNING, false,
	  "what earlier runs had noted was damaged and is begun anew",
	  "", judge_history_lost },
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
	  "", judge_history_unusable },
	{ "signature-ends-first", STATE_OK, false,
	  "a signature ends before the zone expires",
	  "RFC 6781 section 4.4.1", judge_signature_ends_first },
	{ "primary-inferred", STATE_OK, false,
	  "the primary is taken from the SOA, as --primary is not given",
	  "RFC 1035 section 3.3.13", judge_primary_inferred },
	{ "one-registrable-domain", STATE_OK, false,
	  "all name servers are named under one registrable domain",
	  "RFC 2182 section 3.1", judge_one_registrable_domain },
	{ "one-as", STATE_OK, false,
	  "all name servers are in one autonomous system (--asn-db)",
	  "RFC 2182 section 3.1", judge_one_as },
};
/* clang-format on */

const size_t n_secondary_rules =
	sizeof(secondary_rules) / sizeof(secondary_rules[0]);

struct culprit rule_copy_culprit(const struct dns_copy *copy)
{
	struct culprit culprit = rule_server_culprit(&copy->server);

	/* An address alone does not tell the port. */
	if (copy->port != 0 && (!culprit.name || *culprit.name == '['))
		culprit = (struct culprit){ .name = copy->key };
	return culprit;
}

bool rule_has_copies(struct judge *judge, const struct secondary *s)
{
	/* Those of --secondary are there without a delegation, too. */
	if (s->n_copies > 0)
		return true;
	if (rule_has_delegation(judge, &s->d))
		judge_not_judged(judge, NULL, "its servers are not known");
	return false;
}

void rule_each_secondary(
	struct judge *judge, const struct secondary *s, rule_copy_fn fn)
{
	size_t i;

	if (!rule_has_copies(judge, s))
		return;
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];

		if (copy->is_primary)
			continue;
		if (secondary_verdict(s, copy) == DNS_SERVER_NOT_JUDGED)
			rule_note_hidden(judge, &s->d, &copy->server);
		else
			fn(judge, s, copy);
	}
}
