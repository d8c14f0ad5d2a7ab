/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rule table of check_mx, in the order in which findings of one state are
 * shown: first what explains the others.
 */
#include "config.h"

#include "common/mail/mx_rules.h"

#include <string.h>

#include "common/dns/delegation_facts.h"

/* clang-format off */
const struct rule mx_rules[] = {
	{ "domain-not-found", STATE_CRITICAL, false,
	  "the domain does not exist",
	  "RFC 5321 section 5.1", judge_domain_not_found },
	{ "mx-missing", STATE_CRITICAL, false,
	  "the domain has neither a mail exchanger nor an address",
	  "RFC 5321 section 5.1", judge_mx_missing },
	{ "null-mx", STATE_CRITICAL, false,
	  "the domain says that it takes no mail",
	  "RFC 7505 section 3", judge_null_mx },
	{ "mx-bogus", STATE_CRITICAL, false,
	  "the MX or an exchanger's addresses do not validate",
	  "RFC 4035 section 5.3", judge_mx_bogus },
	{ "mx-obtained", STATE_CRITICAL, true,
	  "the mail exchangers can't be had from the DNS",
	  "RFC 5321 section 5.1", judge_mx_obtained },
	{ "loss-bounces", STATE_CRITICAL, false,
	  "if one exchanger fails, another makes the mail bounce",
	  "RFC 5321 section 5.1", judge_loss_bounces },
	{ "lost-not-survived", STATE_CRITICAL, false,
	  "mail bounces or waits without a part of the exchangers (--lost)",
	  "RFC 5321 section 5.1", judge_lost_not_survived },
	{ "recipient-refused", STATE_CRITICAL, false,
	  "an exchanger rejects the recipient (--rcpt)",
	  "RFC 5321 section 4.2.1", judge_recipient_refused },
	{ "open-relay", STATE_CRITICAL, false,
	  "an exchanger relays for strangers (--relay-test)",
	  "RFC 5321 section 7.1", judge_open_relay },
	{ "dane-mismatch", STATE_CRITICAL, false,
	  "no TLSA record fits the certificate that is shown",
	  "RFC 7672 section 2.2", judge_dane_differs },
	{ "too-few-good-exchangers", STATE_CRITICAL, true,
	  "fewer exchangers that take mail than wanted (--min-good)",
	  "RFC 5321 section 5.1", judge_too_few_good_exchangers },
	{ "null-mx-beside-others", STATE_WARNING, false,
	  "a null MX stands beside other mail exchangers",
	  "RFC 7505 section 3", judge_null_mx_beside },
	{ "mx-nonexistent", STATE_WARNING, false,
	  "the name of a mail exchanger does not exist",
	  "RFC 5321 section 5.1", judge_mx_nonexistent },
	{ "mx-no-address", STATE_WARNING, false,
	  "the name of a mail exchanger has no address",
	  "RFC 5321 section 5.1", judge_mx_no_address },
	{ "mx-unresolvable", STATE_WARNING, false,
	  "the name of a mail exchanger can't be resolved",
	  "RFC 5321 section 5.1", judge_mx_unresolvable },
	{ "mx-alias", STATE_WARNING, false,
	  "the name of a mail exchanger is an alias",
	  "RFC 2181 section 10.3", judge_mx_alias },
	{ "mx-literal", STATE_WARNING, false,
	  "an address stands where a mail exchanger's name belongs",
	  "RFC 1035 section 3.3.9", judge_mx_literal },
	{ "mx-unusable-address", STATE_WARNING, false,
	  "a mail exchanger has an address that the world can't reach",
	  "RFC 6890 section 2.2", judge_mx_unusable_address },
	{ "recipient-deferred", STATE_WARNING, false,
	  "an exchanger puts the recipient off (--rcpt)",
	  "RFC 5321 section 4.2.1", judge_recipient_deferred },
	{ "mail-refused", STATE_WARNING, false,
	  "an exchanger does not take the sender (--mail-from)",
	  "RFC 5321 section 3.3", judge_mail_refused },
	{ "refuses-monitor", STATE_WARNING, false,
	  "an exchanger refuses this host, which tells nothing of others",
	  "RFC 3463 section 3.8", judge_refuses_monitor },
	{ "mx-tarpit", STATE_WARNING, false,
	  "an exchanger takes the connection and never greets",
	  "RFC 5321 section 4.5.3.2.1", judge_mx_tarpit },
	{ "mx-unreachable", STATE_WARNING, false,
	  "an address of an exchanger can't be connected to",
	  "RFC 5321 section 5.1", judge_mx_unreachable },
	{ "greeting-refuses", STATE_WARNING, false,
	  "an exchanger greets with 4xx or 5xx",
	  "RFC 5321 section 3.1", judge_greeting_refuses },
	{ "greeting-slow", STATE_WARNING, false,
	  "an exchanger takes long to greet",
	  "RFC 5321 section 4.5.3.2.1", judge_greeting_slow },
	{ "ehlo-refused", STATE_WARNING, false,
	  "an exchanger refuses EHLO",
	  "RFC 5321 section 4.1.1.1", judge_ehlo_refused },
	{ "dialogue-broken", STATE_WARNING, false,
	  "an exchanger drops the connection or speaks no SMTP",
	  "RFC 5321 section 4.2", judge_dialogue_broken },
	{ "starttls-broken", STATE_WARNING, false,
	  "an exchanger offers STARTTLS, and TLS does not come up",
	  "RFC 3207 section 4", judge_starttls_broken },
	{ "starttls-missing", STATE_WARNING, false,
	  "an exchanger does not offer STARTTLS, and another does",
	  "RFC 3207 section 4", judge_starttls_missing },
	{ "tls-old", STATE_WARNING, false,
	  "an exchanger speaks no TLS later than 1.1",
	  "RFC 8996 section 2", judge_tls_old },
	{ "key-weak", STATE_WARNING, false,
	  "an exchanger has a key that is too weak",
	  "RFC 9325 section 4.5", judge_key_weak },
	{ "certificate-invalid", STATE_WARNING, false,
	  "a certificate that must validate does not",
	  "RFC 8461 section 4.2", judge_certificate_invalid },
	{ "certificate-expiring", STATE_WARNING, false,
	  "a certificate ends soon (--cert-warning, --cert-critical)",
	  "RFC 5280 section 4.1.2.5", judge_certificate_expiring },
	{ "sts-mx-refused", STATE_WARNING, false,
	  "senders with MTA-STS would not use an exchanger",
	  "RFC 8461 section 4.1", judge_sts_mx_refused },
	{ "sts-record-wrong", STATE_WARNING, false,
	  "the record of MTA-STS is wrong",
	  "RFC 8461 section 3.1", judge_sts_record_wrong },
	{ "sts-policy-unavailable", STATE_WARNING, false,
	  "the policy of MTA-STS can't be fetched",
	  "RFC 8461 section 3.3", judge_sts_policy_unavailable },
	{ "sts-policy-wrong", STATE_WARNING, false,
	  "the policy of MTA-STS is wrong",
	  "RFC 8461 section 3.2", judge_sts_policy_wrong },
	{ "sts-max-age", STATE_WARNING, false,
	  "the max_age of MTA-STS is out of bounds",
	  "RFC 8461 section 3.2", judge_sts_max_age },
	{ "sts-id-unchanged", STATE_WARNING, false,
	  "the policy of MTA-STS changed, and its id did not",
	  "RFC 8461 section 3.1", judge_sts_id_unchanged },
	{ "dane-bogus", STATE_WARNING, false,
	  "the TLSA records of an exchanger do not validate",
	  "RFC 7672 section 2.1", judge_dane_bogus },
	{ "dane-unresolvable", STATE_WARNING, false,
	  "the TLSA records of an exchanger can't be asked for",
	  "RFC 7672 section 2.1", judge_dane_unresolvable },
	{ "dane-unusable", STATE_WARNING, false,
	  "an exchanger has TLSA records, none of which senders use",
	  "RFC 7672 section 3.1.3", judge_dane_unusable },
	{ "dane-next-missing", STATE_WARNING, false,
	  "no TLSA record fits the next certificate (--next-cert)",
	  "RFC 7671 section 8.1", judge_dane_next_missing },
	{ "mx-shared-address", STATE_WARNING, false,
	  "two mail exchangers are one and the same address",
	  "RFC 5321 section 5.1", judge_mx_shared_address },
	{ "mx-one-address", STATE_WARNING, false,
	  "all mail comes in through one address",
	  "RFC 5321 section 5.1", judge_mx_one_address },
	{ "mx-single-network", STATE_WARNING, false,
	  "all mail exchangers are in one network",
	  "RFC 2182 section 3.1", judge_mx_single_network },
	{ "accepts-invalid", STATE_WARNING, false,
	  "an exchanger takes a recipient that is not there "
	  "(--rcpt-invalid)",
	  "RFC 5321 section 6.2", judge_accepts_invalid },
	{ "history-lost", STATE_WARNING, false,
	  "what earlier runs had noted was damaged and is begun anew",
	  "", judge_sts_history_lost },
	{ "mx-limit", STATE_WARNING, false,
	  "more mail exchangers or addresses than are looked at",
	  "", judge_mx_limit },
	{ "threshold", STATE_WARNING, false,
	  "a metric is outside its range (-w, -c, --warning, --critical)",
	  "", NULL },
	{ "port-25-closed", STATE_UNKNOWN, false,
	  "port 25 is closed from here (--control)",
	  "", judge_mx_port_closed },
	{ "history-unusable", STATE_UNKNOWN, false,
	  "nothing can be remembered on this node",
	  "", judge_sts_history_unusable },
	{ "dane-insecure", STATE_OK, false,
	  "an exchanger has TLSA records that nothing proves",
	  "RFC 7672 section 2.2", judge_dane_insecure },
	{ "mx-one-as", STATE_OK, false,
	  "all mail exchangers are in one autonomous system (--asn-db)",
	  "RFC 2182 section 3.1", judge_mx_one_as },
	{ "mx-one-domain", STATE_OK, false,
	  "all mail exchangers are named under one registrable domain",
	  "RFC 2182 section 3.1", judge_mx_one_domain },
	{ "mx-one-zone", STATE_OK, false,
	  "the addresses of all mail exchangers stand in one zone",
	  "RFC 2182 section 3.1", judge_mx_one_zone },
};
/* clang-format on */

const size_t n_mx_rules = sizeof(mx_rules) / sizeof(mx_rules[0]);

bool mx_has_set(struct judge *judge, const struct mx *mx)
{
	if (mx->set == MX_SET_UNKNOWN)
		judge_not_judged(
			judge, NULL, "the mail exchangers were not obtained");
	return mx->n_exchangers > 0;
}

struct culprit mx_culprit(const struct mx *mx, const struct mx_address *address)
{
	return (struct culprit){ mx_exchanger_of(mx, address)->name,
		address->addr_text };
}

const char *mx_short_name(
	struct arena *arena, const struct mx *mx, const char *name)
{
	size_t len = strlen(name);
	size_t domain = strlen(mx->domain);

	if (len > domain + 1 && dns_name_in(name, mx->domain))
		return arena_strndup(arena, name, len - domain - 1);
	return name;
}

const char *mx_unusable(const struct mx *mx, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < mx->expect.n_permitted; i++)
		if (dns_prefix_holds(&mx->expect.permitted[i], addr))
			return NULL;
	return dns_addr_unusable(addr);
}

bool mx_is_usable(const struct mx *mx, const struct mx_exchanger *exchanger)
{
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		if (mx_exchanger_of(mx, &mx->addresses[i]) == exchanger &&
			!mx_unusable(mx, &mx->addresses[i].addr))
			return true;
	return false;
}

enum state mx_set_state(const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++)
		if (mx_is_usable(mx, &mx->exchangers[i]))
			return STATE_WARNING;
	return STATE_CRITICAL;
}

bool mx_was_met(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct mx_taking taking = mx_taking_of(mx, address);

	if (taking.take != MX_TAKE_UNKNOWN || taking.step != SMTP_CONNECT)
		return true;
	judge_not_judged(judge, address->addr.family == 6 ? "IPv6" : "IPv4",
		"%s", taking.why);
	return false;
}

void mx_each_address(struct judge *judge, const struct mx *mx, mx_address_fn fn)
{
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_addresses; i++)
		if (mx_was_met(judge, mx, &mx->addresses[i]))
			fn(judge, mx, &mx->addresses[i]);
}
