/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about the set of mail exchangers: its names and where they stand. */
#include "config.h"

#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"

static const struct culprit the_set = { NULL, NULL };

void judge_mx_obtained(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->set != MX_SET_UNKNOWN || mx->lookup.security == DNS_BOGUS)
		return;
	if (mx->is_unserved)
		judge_finding(judge, the_set,
			"the mail exchangers can't be looked up: %s",
			mx->lookup.why
				? mx->lookup.why
				: "no name server of the domain answers");
	else if (mx->timeout_stage)
		judge_not_judged(judge, NULL, "the deadline came first");
	else
		judge_not_judged(judge, NULL, "%s",
			mx->lookup.why ? mx->lookup.why
				       : "no answer came for the MX");
}

void judge_domain_not_found(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->set == MX_SET_NXDOMAIN)
		judge_finding(judge, the_set, "the domain does not exist");
}

void judge_mx_missing(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->set == MX_SET_NONE)
		judge_finding(judge, the_set,
			"the domain has no mail exchanger and no address");
}

void judge_null_mx(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->set == MX_SET_NULL)
		judge_finding(judge, the_set,
			"the domain says that it takes no mail (null MX)");
}

void judge_null_mx_beside(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->set == MX_SET_LISTED && mx->has_null)
		judge_finding_as(judge, mx_set_state(mx), the_set,
			"a null MX stands beside other mail exchangers: some "
			"senders would not send");
}

static const char *why_bogus(const struct mx_lookup *lookup)
{
	return lookup->security_why ? lookup->security_why
				    : "the signatures do not hold";
}

/* The MX, or the addresses of one exchanger: that one can't be found then. */
void judge_mx_bogus(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	size_t i;

	if (mx->lookup.security == DNS_BOGUS)
		judge_finding(judge, the_set,
			"the MX records do not validate: %s",
			why_bogus(&mx->lookup));
	for (i = 0; i < mx->n_exchangers; i++) {
		const struct mx_exchanger *one = &mx->exchangers[i];
		const struct mx_lookup *bogus =
			one->v4.security == DNS_BOGUS ? &one->v4 : &one->v6;

		if (bogus->security == DNS_BOGUS)
			judge_finding_as(judge, STATE_WARNING,
				(struct culprit){ one->name, NULL },
				"has addresses that do not validate: %s",
				why_bogus(bogus));
	}
}

typedef void (*exchanger_fn)(struct judge *judge, const struct mx *mx,
	const struct mx_exchanger *exchanger);

static void each_exchanger(
	struct judge *judge, const struct mx *mx, exchanger_fn fn)
{
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_exchangers; i++)
		fn(judge, mx, &mx->exchangers[i]);
}

static struct culprit name_of(const struct mx_exchanger *exchanger)
{
	return (struct culprit){ exchanger->name, NULL };
}

/* A domain may be one, with its exchangers or its address behind that (RFC
 * 5321 section 5.1); the name in an MX may not. */
static void alias(struct judge *judge, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	if (exchanger->alias && mx->set != MX_SET_IMPLICIT)
		judge_finding_as(judge, mx_set_state(mx), name_of(exchanger),
			"is an alias of %s: senders need not follow it",
			exchanger->alias);
}

void judge_mx_alias(struct judge *judge, const void *facts)
{
	each_exchanger(judge, facts, alias);
}

static void literal(struct judge *judge, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	if (exchanger->is_literal)
		judge_finding_as(judge, mx_set_state(mx), name_of(exchanger),
			"is an address where a name belongs");
}

void judge_mx_literal(struct judge *judge, const void *facts)
{
	each_exchanger(judge, facts, literal);
}

static bool is_nonexistent(const struct mx_exchanger *exchanger)
{
	return !exchanger->is_literal &&
	       (exchanger->v4.lookup == DNS_LOOKUP_NXDOMAIN ||
		       exchanger->v6.lookup == DNS_LOOKUP_NXDOMAIN);
}

static void nonexistent(struct judge *judge, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	if (is_nonexistent(exchanger))
		judge_finding_as(judge, mx_set_state(mx), name_of(exchanger),
			"does not exist");
}

void judge_mx_nonexistent(struct judge *judge, const void *facts)
{
	each_exchanger(judge, facts, nonexistent);
}

/* Where only one family is looked at, the other may have one. */
static void no_address(struct judge *judge, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	enum dns_lookup v4 = exchanger->v4.lookup;
	enum dns_lookup v6 = exchanger->v6.lookup;

	if (exchanger->is_literal || is_nonexistent(exchanger))
		return;
	if (v4 == DNS_LOOKUP_NO_ADDRESS && v6 == DNS_LOOKUP_NO_ADDRESS)
		judge_finding_as(judge, mx_set_state(mx), name_of(exchanger),
			"has no address");
	else if ((v4 == DNS_LOOKUP_NOT_DONE && v6 != DNS_LOOKUP_FOUND) ||
		 (v6 == DNS_LOOKUP_NOT_DONE && v4 != DNS_LOOKUP_FOUND))
		judge_not_judged(judge, exchanger->name,
			"not all of its addresses were looked up");
}

void judge_mx_no_address(struct judge *judge, const void *facts)
{
	each_exchanger(judge, facts, no_address);
}

static bool has_failed(const struct mx_lookup *lookup)
{
	return (lookup->lookup == DNS_LOOKUP_FAILED ||
		       lookup->lookup == DNS_LOOKUP_CIRCULAR ||
		       lookup->lookup == DNS_LOOKUP_LIMIT) &&
	       lookup->security != DNS_BOGUS;
}

static void unresolvable(struct judge *judge, const struct mx *mx,
	const struct mx_exchanger *exchanger)
{
	const struct mx_lookup *failed =
		has_failed(&exchanger->v4) ? &exchanger->v4 : &exchanger->v6;

	if (!has_failed(failed))
		return;
	judge_finding_as(judge, mx_set_state(mx), name_of(exchanger),
		"can't be resolved to %s addresses%s%s",
		failed == &exchanger->v4 ? "IPv4" : "IPv6",
		failed->why ? ": " : "", failed->why ? failed->why : "");
}

void judge_mx_unresolvable(struct judge *judge, const void *facts)
{
	each_exchanger(judge, facts, unresolvable);
}

void judge_mx_unusable_address(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const char *why = mx_unusable(mx, &mx->addresses[i].addr);

		if (why)
			judge_finding_as(judge, mx_set_state(mx),
				mx_culprit(mx, &mx->addresses[i]),
				"is an address that is %s", why);
	}
}

/* The first other exchanger, before it, with the same address. */
static const struct mx_exchanger *sharer(
	const struct mx *mx, const struct mx_address *address)
{
	const struct mx_address *other;

	for (other = mx->addresses; other != address; other++)
		if (dns_addr_compare(&other->addr, &address->addr) == 0)
			return mx_exchanger_of(mx, other);
	return NULL;
}

void judge_mx_shared_address(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_exchanger *other =
			sharer(mx, &mx->addresses[i]);

		if (other)
			judge_finding(judge, mx_culprit(mx, &mx->addresses[i]),
				"is the address of %s, too: they fail together",
				other->name);
	}
}

/* Whether a lookup that was not done, or failed, hides addresses. */
static bool hides_addresses(const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++) {
		const struct mx_lookup *v4 = &mx->exchangers[i].v4;
		const struct mx_lookup *v6 = &mx->exchangers[i].v6;

		if (v4->lookup == DNS_LOOKUP_NOT_DONE ||
			v6->lookup == DNS_LOOKUP_NOT_DONE || has_failed(v4) ||
			has_failed(v6))
			return true;
	}
	return mx->is_cut;
}

static size_t count_distinct(const struct mx *mx)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < mx->n_addresses; i++)
		n += !sharer(mx, &mx->addresses[i]);
	return n;
}

void judge_mx_one_address(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (!mx_has_set(judge, mx) || count_distinct(mx) != 1)
		return;
	if (hides_addresses(mx))
		judge_not_judged(judge, NULL,
			"not all addresses of the exchangers were looked up");
	else
		judge_finding(judge, the_set,
			"all mail comes in through one address, %s",
			mx->addresses[0].addr_text);
}

/* Whether a family has more than one address. */
static bool has_two_of_a_family(const struct mx *mx)
{
	const struct dns_addr *first[2] = { NULL, NULL };
	size_t i;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct dns_addr *addr = &mx->addresses[i].addr;
		const struct dns_addr **of = &first[addr->family == 6];

		if (!*of)
			*of = addr;
		else if (dns_addr_compare(*of, addr) != 0)
			return true;
	}
	return false;
}

/* One address alone is a finding of its own; one host on both families is what
 * most have. */
void judge_mx_single_network(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	const struct dns_addr *first[2] = { NULL, NULL };
	char text[2][DNS_PREFIX_TEXT] = { "", "" };
	size_t i;

	if (!mx_has_set(judge, mx) || !has_two_of_a_family(mx))
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct dns_addr *addr = &mx->addresses[i].addr;
		const struct dns_addr **of = &first[addr->family == 6];
		struct dns_prefix site;

		if (!*of)
			*of = addr;
		site = dns_site(*of);
		if (!dns_prefix_holds(&site, addr))
			return;
		dns_prefix_text(&site, text[addr->family == 6]);
	}
	if (hides_addresses(mx)) {
		judge_not_judged(judge, NULL,
			"not all addresses of the exchangers were looked up");
		return;
	}
	judge_finding(judge, the_set,
		"all addresses are in one network: %s%s%s", text[0],
		first[0] && first[1] ? " and " : "", text[1]);
}

void judge_mx_limit(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;

	if (mx->is_cut)
		judge_finding(judge, the_set,
			"has more exchangers, addresses or records of a name "
			"than are looked at (%d exchangers, %d addresses in "
			"all): the rest was not",
			MX_EXCHANGERS_MAX, MX_ADDRESSES_MAX);
}

void judge_mx_one_as(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	size_t i;

	if (!mx->has_asn || mx->n_addresses < 2)
		return;
	for (i = 0; i < mx->n_addresses; i++)
		if (mx->addresses[i].as_number == 0 ||
			mx->addresses[i].as_number !=
				mx->addresses[0].as_number)
			return;
	judge_finding(judge, the_set, "all addresses are in AS%lu",
		(unsigned long)mx->addresses[0].as_number);
}

typedef const char *(*place_fn)(const struct mx_exchanger *exchanger);

static const char *domain_of(const struct mx_exchanger *exchanger)
{
	return exchanger->registrable;
}

static const char *zone_of(const struct mx_exchanger *exchanger)
{
	return exchanger->zone;
}

/* Where all exchangers are, of two or more; NULL: not in one place. */
static const char *common_place(const struct mx *mx, place_fn of)
{
	const char *place = mx->n_exchangers > 1 ? of(mx->exchangers) : NULL;
	size_t i;

	for (i = 1; place && i < mx->n_exchangers; i++)
		if (!of(&mx->exchangers[i]) ||
			strcmp(of(&mx->exchangers[i]), place) != 0)
			return NULL;
	return place;
}

void judge_mx_one_domain(struct judge *judge, const void *facts)
{
	const char *place = common_place(facts, domain_of);

	if (place)
		judge_finding(judge, the_set,
			"all mail exchangers are named under %s", place);
}

void judge_mx_one_zone(struct judge *judge, const void *facts)
{
	const char *place = common_place(facts, zone_of);

	if (place)
		judge_finding(judge, the_set,
			"the addresses of all mail exchangers stand in the "
			"zone %s",
			place);
}
