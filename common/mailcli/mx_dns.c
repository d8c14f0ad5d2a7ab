/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks for the MX set and, as it comes, for the addresses of each exchanger;
 * for TLSA records (RFC 7672 section 2.2.2); for the record of MTA-STS and,
 * where it says that there is a policy, for the host that has it.
 */
#include "config.h"

#include "common/mailcli/mx_dns.h"

#include <stdlib.h>
#include <string.h>

#include "common/dnsnet/lookup.h"
#include "common/dnsnet/trust.h"
#include "common/mailcli/mx_quest.h"
#include "common/mailcli/mx_records.h"

enum { ADDRS_MAX = WALK_ADDRS_MAX * 2 };

/* A host while its addresses are looked up. */
struct host {
	struct mx_finder *finder;
	const char *name;
	struct mx_lookup *v4, *v6;
	/* Both may be NULL: called for new addresses, from addrs[from] on, and
	 * where no more can come. */
	void (*came)(struct host *host, size_t from);
	void (*ended)(struct host *host);
	struct mx_exchanger *exchanger; /* that it is; or NULL */

	struct dns_addr addrs[ADDRS_MAX];
	size_t n_addrs;
	unsigned n_open;
	const char *alias; /* what the name points to; or NULL */
	enum dns_security alias_security;
	const char *target; /* at the end of all aliases */
};

struct mx_finder {
	struct arena *arena;
	struct exchanges *exchanges;
	struct walk walk;
	struct mx *mx;
	struct mx_news news;
	struct host control, policy;
	struct mx_lookup control_v4, control_v6, policy_v4, policy_v6;
	bool told_control;
	const char *mx_name; /* whose MX was asked for, behind all aliases */
};

/* -- hosts --------------------------------------------------------------- */

/* False: there is no room. */
static bool add_addr(struct host *host, const struct dns_addr *addr)
{
	size_t n_family = 0, i;

	for (i = 0; i < host->n_addrs; i++) {
		if (dns_addr_compare(&host->addrs[i], addr) == 0)
			return true;
		n_family += host->addrs[i].family == addr->family;
	}
	if (n_family == WALK_ADDRS_MAX)
		return false;
	host->addrs[host->n_addrs++] = *addr;
	return true;
}

static void on_addresses(struct mx_quest *quest)
{
	struct host *host = quest->arg;
	struct dns_addr addrs[ADDRS_MAX];
	size_t n = mx_quest_addrs(quest, addrs, ADDRS_MAX);
	size_t from = host->n_addrs, i;
	bool is_cut = n == ADDRS_MAX;
	const struct cut *cut = cut_for(quest->walk, quest->name);

	if (quest->alias) {
		host->alias = quest->alias;
		host->alias_security = quest->alias_security;
	}
	if (quest->message)
		host->target = quest->name;
	if (quest->message && cut && host->exchanger)
		host->exchanger->zone = cut->zone;
	for (i = 0; i < n; i++)
		is_cut |= !add_addr(host, &addrs[i]);
	if (is_cut && host->exchanger)
		host->finder->mx->is_cut = true;
	if (host->n_addrs > from && host->came)
		host->came(host, from);
	if (--host->n_open == 0 && host->ended)
		host->ended(host);
}

/* Both families at once, as far as they are used. */
static void host_look_up(struct host *host)
{
	struct walk *walk = &host->finder->walk;
	struct mx_quest quest = {
		.name = host->name, .fn = on_addresses, .arg = host
	};
	bool use_v4 = walk->options->use_v4, use_v6 = walk->options->use_v6;

	/* Both are counted before the first can end. */
	host->n_open = (unsigned)use_v4 + (unsigned)use_v6;
	quest.type = DNS_TYPE_A;
	quest.lookup = host->v4;
	if (use_v4)
		mx_quest_start(walk, &quest);
	quest.type = DNS_TYPE_AAAA;
	quest.lookup = host->v6;
	if (use_v6)
		mx_quest_start(walk, &quest);
}

static bool is_over(const struct mx_finder *finder)
{
	return exchanges_are_over(finder->exchanges);
}

/* -- TLSA ---------------------------------------------------------------- */

static bool is_denied(const struct mx_lookup *lookup)
{
	return lookup->lookup == DNS_LOOKUP_NO_ADDRESS ||
	       lookup->lookup == DNS_LOOKUP_NXDOMAIN;
}

static void ask_tlsa(struct host *host, const char *base, mx_quest_fn fn)
{
	struct mx_finder *finder = host->finder;

	mx_quest_start(
		&finder->walk, &(struct mx_quest){
				       .name = arena_printf(finder->arena,
					       "_25._tcp.%s", base),
				       .type = DNS_TYPE_TLSA,
				       .lookup = &host->exchanger->tlsa_lookup,
				       .fn = fn,
				       .arg = host,
			       });
}

static void on_tlsa(struct mx_quest *quest)
{
	const struct host *host = quest->arg;
	struct mx_exchanger *exchanger = host->exchanger;

	if (!quest->message)
		return;
	exchanger->n_tlsa = mx_records_tlsa(host->finder->arena, quest->message,
		quest->name, &exchanger->tlsa);
	if (exchanger->n_tlsa > MX_TLSA_MAX) {
		exchanger->n_tlsa = MX_TLSA_MAX;
		host->finder->mx->is_cut = true;
	}
}

/* RFC 7672 section 2.2.2: the name itself counts where its alias has none. */
static void on_alias_tlsa(struct mx_quest *quest)
{
	struct host *host = quest->arg;
	struct mx_lookup *lookup = &host->exchanger->tlsa_lookup;
	bool is_proved = lookup->security == DNS_SECURE;

	if (is_denied(lookup) ||
		(lookup->lookup == DNS_LOOKUP_FOUND && !is_proved)) {
		*lookup = (struct mx_lookup){ 0 };
		ask_tlsa(host, host->name, on_tlsa);
	} else {
		host->exchanger->tlsa_base = host->target;
		on_tlsa(quest);
	}
}

static bool is_either(const struct host *host, enum dns_security security)
{
	return host->v4->security == security || host->v6->security == security;
}

/* Senders do not ask where nothing proves the address, unless the name is an
 * alias and that is proved. Here it is told what stands there in vain. */
static void find_tlsa(struct host *host)
{
	bool is_proved = is_either(host, DNS_SECURE);

	if (host->n_addrs == 0 ||
		(!is_proved && !is_either(host, DNS_INSECURE)))
		return;
	if (is_proved && host->alias && host->target)
		ask_tlsa(host, host->target, on_alias_tlsa);
	else
		ask_tlsa(host, host->name, on_tlsa);
}

/* -- exchangers ---------------------------------------------------------- */

static void on_exchanger_came(struct host *host, size_t from)
{
	struct mx_finder *finder = host->finder;
	size_t exchanger = (size_t)(host->exchanger - finder->mx->exchangers);

	host->exchanger->alias = host->alias;
	for (; from < host->n_addrs && !is_over(finder); from++)
		finder->news.address(
			finder->news.arg, exchanger, &host->addrs[from]);
}

static void on_exchanger_ended(struct host *host)
{
	host->exchanger->alias = host->alias;
	host->exchanger->alias_security = host->alias_security;
	find_tlsa(host);
}

static void look_up(struct mx_finder *finder, struct mx_exchanger *exchanger)
{
	struct host *host;
	struct dns_addr literal;

	if (dns_addr_parse(exchanger->name, &literal)) {
		exchanger->is_literal = true;
		exchanger->v4.lookup = exchanger->v6.lookup =
			DNS_LOOKUP_LITERAL;
		return;
	}
	host = arena_alloc(finder->arena, sizeof(*host));
	*host = (struct host){ .finder = finder,
		.name = exchanger->name,
		.v4 = &exchanger->v4,
		.v6 = &exchanger->v6,
		.came = on_exchanger_came,
		.ended = on_exchanger_ended,
		.exchanger = exchanger };
	host_look_up(host);
}

static void look_up_all(struct mx_finder *finder)
{
	struct mx *mx = finder->mx;
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++)
		look_up(finder, &mx->exchangers[i]);
	if (!is_over(finder))
		finder->news.set(finder->news.arg);
}

/* -- the set ------------------------------------------------------------- */

static int compare_exchangers(const void *a, const void *b)
{
	const struct mx_exchanger *one = a, *two = b;

	if (one->preference != two->preference)
		return one->preference < two->preference ? -1 : 1;
	return dns_name_compare(one->name, two->name);
}

static void add_exchanger(struct mx *mx, const struct mx_record *record)
{
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++) {
		struct mx_exchanger *one = &mx->exchangers[i];

		if (dns_name_compare(one->name, record->name) != 0)
			continue;
		one->n_listed++;
		if (record->preference < one->preference)
			one->preference = record->preference;
		return;
	}
	mx->exchangers[mx->n_exchangers++] =
		(struct mx_exchanger){ .name = record->name,
			.preference = record->preference,
			.n_listed = 1 };
}

static void take_set(struct mx_quest *quest)
{
	struct mx_finder *finder = quest->arg;
	struct mx *mx = finder->mx;
	struct mx_record *records;
	size_t n = mx_records_mx(
		finder->arena, quest->message, quest->name, &records);
	size_t i;

	mx->exchangers = arena_array(finder->arena, n, sizeof(*mx->exchangers));
	for (i = 0; i < n; i++)
		if (dns_name_labels(records[i].name) == 0)
			mx->has_null = true;
		else
			add_exchanger(mx, &records[i]);
	if (mx->n_exchangers > 1)
		qsort(mx->exchangers, mx->n_exchangers, sizeof(*mx->exchangers),
			compare_exchangers);
	if (mx->n_exchangers > MX_EXCHANGERS_MAX) {
		mx->n_exchangers = MX_EXCHANGERS_MAX;
		mx->is_cut = true;
	}
	if (mx->n_exchangers > 0)
		mx->set = MX_SET_LISTED;
	else if (mx->has_null)
		mx->set = MX_SET_NULL;
	else
		mx->lookup.why = "its MX records can't be read";
	look_up_all(finder);
}

/* No MX: the domain itself, where it has an address (RFC 5321 section 5.1). */
static void try_implicit(struct mx_quest *quest)
{
	struct mx_finder *finder = quest->arg;
	struct mx *mx = finder->mx;

	mx->exchangers = arena_alloc(finder->arena, sizeof(*mx->exchangers));
	mx->exchangers->name = mx->domain;
	mx->exchangers->n_listed = 1;
	mx->n_exchangers = 1;
	mx->set = MX_SET_IMPLICIT;
	look_up_all(finder);
}

static void on_mx(struct mx_quest *quest)
{
	struct mx_finder *finder = quest->arg;
	struct mx *mx = finder->mx;

	mx->alias = quest->alias;
	finder->mx_name = quest->name;
	if (quest->message)
		take_set(quest);
	else if (mx->lookup.lookup == DNS_LOOKUP_NXDOMAIN)
		mx->set = MX_SET_NXDOMAIN;
	else if (mx->lookup.lookup == DNS_LOOKUP_NO_ADDRESS)
		try_implicit(quest);
}

/* Whether the domain's own addresses make it an exchanger is known last. */
static void settle_implicit(struct mx *mx)
{
	const struct mx_exchanger *own = mx->exchangers;

	if (mx->set != MX_SET_IMPLICIT || own->v4.lookup == DNS_LOOKUP_FOUND ||
		own->v6.lookup == DNS_LOOKUP_FOUND)
		return;
	mx->n_exchangers = 0;
	mx->set = is_denied(&own->v4) && is_denied(&own->v6) ? MX_SET_NONE
							     : MX_SET_UNKNOWN;
	if (mx->set == MX_SET_NONE)
		return;
	mx->lookup.why = own->v4.why ? own->v4.why : own->v6.why;
	if (!mx->lookup.why && (own->v4.lookup == DNS_LOOKUP_NOT_DONE ||
				       own->v6.lookup == DNS_LOOKUP_NOT_DONE))
		mx->lookup.why = "there is no MX, and no address of the "
				 "domain's own in the family that is used";
}

/* -- MTA-STS ------------------------------------------------------------- */

/* A family that was not asked for may have had one. */
static bool is_unasked(const struct host *host)
{
	return (host->v4->lookup == DNS_LOOKUP_NOT_DONE ||
		       host->v6->lookup == DNS_LOOKUP_NOT_DONE) &&
	       host->v4->lookup != DNS_LOOKUP_NXDOMAIN &&
	       host->v6->lookup != DNS_LOOKUP_NXDOMAIN;
}

static void on_policy_host(struct host *host)
{
	struct mx_finder *finder = host->finder;
	struct mx_sts *sts = &finder->mx->sts;
	const char *why = host->v4->why ? host->v4->why : host->v6->why;

	if (is_over(finder))
		return;
	if (host->n_addrs > 0) {
		finder->news.policy(finder->news.arg, host->name, host->addrs,
			host->n_addrs);
		return;
	}
	sts->fetch = is_unasked(host) ? MX_FETCH_NOT_DONE : MX_FETCH_NO_ADDRESS;
	sts->fetch_why = why;
	if (!why && is_unasked(host))
		sts->fetch_why = finder->walk.options->use_v4
					 ? "its host has no IPv4 address (-4)"
					 : "its host has no IPv6 address (-6)";
}

/* Only where the record holds: senders take no notice of another (RFC 8461
 * section 3.1). */
static void find_policy(struct mx_finder *finder)
{
	struct mx_sts *sts = &finder->mx->sts;

	mx_sts_read(finder->arena, sts);
	if (!sts->id)
		return;
	finder->policy = (struct host){ .finder = finder,
		.name = arena_printf(
			finder->arena, "mta-sts.%s", finder->mx->domain),
		.v4 = &finder->policy_v4,
		.v6 = &finder->policy_v6,
		.ended = on_policy_host };
	host_look_up(&finder->policy);
}

static void on_txt(struct mx_quest *quest)
{
	struct mx_finder *finder = quest->arg;
	struct mx_sts *sts = &finder->mx->sts;

	if (!quest->message)
		return;
	sts->n_txt = mx_records_txt(
		finder->arena, quest->message, quest->name, &sts->txt);
	if (sts->n_txt > MX_TXT_MAX) {
		sts->n_txt = MX_TXT_MAX;
		finder->mx->is_cut = true;
	}
	find_policy(finder);
}

/* -- the control --------------------------------------------------------- */

/* One address will do; of two families IPv4, which more hosts have. */
static void tell_control(struct host *host, uint8_t family)
{
	struct mx_finder *finder = host->finder;
	size_t i;

	for (i = 0; i < host->n_addrs; i++) {
		const struct dns_addr *addr = &host->addrs[i];

		if (finder->told_control || addr->family != family ||
			is_over(finder))
			continue;
		finder->told_control = true;
		finder->mx->control.addr_text =
			dns_addr_string(finder->arena, addr);
		finder->news.control(finder->news.arg, addr);
	}
}

static void on_control_came(struct host *host, size_t from)
{
	(void)from;
	tell_control(host, 4);
}

static void on_control_ended(struct host *host)
{
	tell_control(host, 6);
}

static void find_control(struct mx_finder *finder)
{
	const char *typed = finder->mx->control.host;
	struct host *host = &finder->control;

	*host = (struct host){ .finder = finder,
		.v4 = &finder->control_v4,
		.v6 = &finder->control_v6,
		.came = on_control_came,
		.ended = on_control_ended };
	if (!typed)
		return;
	if (dns_addr_parse(typed, &host->addrs[0])) {
		host->n_addrs = 1;
		tell_control(host, host->addrs[0].family);
		return;
	}
	if (!dnsnet_read_name(finder->arena, typed, &host->name))
		host_look_up(host);
}

/* -- nobody answers ------------------------------------------------------ */

/* Where others of its family answer, no route leads to this one. */
static bool has_route(const struct mx_finder *finder, const char *addr_text)
{
	const struct sightings *seen = exchanges_seen(finder->exchanges);

	return (strchr(addr_text, ':') ? seen->v6 : seen->v4).answered > 0;
}

/* Whether a server of the zone was reached for, at least. */
static bool was_asked(const struct mx_finder *finder, const char *zone)
{
	struct dns_step *steps;
	size_t n, i;

	exchanges_steps(finder->exchanges, &steps, &n);
	for (i = 0; i < n; i++) {
		enum dns_outcome outcome = steps[i].probe.outcome;

		if (dns_name_compare(steps[i].zone, zone) != 0 ||
			outcome == DNS_NOT_ASKED || outcome == DNS_OUR_FAULT)
			continue;
		if (outcome != DNS_UNREACHABLE ||
			has_route(finder, steps[i].addr_text))
			return true;
	}
	return false;
}

/*
 * Whether that the MX did not come is the fault of the domain's name servers:
 * those above told of them, and the zone is somebody's own, not a top-level
 * domain, which does not fail so but is cut off from here.
 */
static bool is_unserved(const struct mx_finder *finder)
{
	const struct dns_options *options = finder->walk.options;
	const struct mx *mx = finder->mx;
	const struct cut *cut = cut_for(&finder->walk, finder->mx_name);
	struct dns_host host = { .name = finder->mx_name };
	struct delegation d = { .hosts = &host, .n_hosts = 1 };
	const char *own = NULL;
	bool has_families = options->use_v4 && options->use_v6;

	if (mx->set != MX_SET_UNKNOWN || !cut || !cut->referral ||
		mx->lookup.lookup != DNS_LOOKUP_FAILED ||
		mx->lookup.security == DNS_BOGUS)
		return false;
	dnsnet_registrable(finder->arena, &d);
	if (d.registrable)
		own = d.registrable[0];
	if (!dns_name_in(cut->zone, own ? own : finder->mx_name))
		return false;
	return was_asked(finder, cut->zone) ||
	       (cut->n_servers == 0 && has_families);
}

/* -- the whole ----------------------------------------------------------- */

/* The walk begins at the root, so that silence over a family is not that of the
 * domain's own servers alone. */
static enum dns_sight sight_of(const struct sighting *seen, bool is_used)
{
	if (!is_used)
		return DNS_SIGHT_SWITCHED_OFF;
	if (seen->tried == 0)
		return DNS_SIGHT_NOT_TRIED;
	if (seen->unreachable == seen->tried)
		return DNS_SIGHT_NO_ROUTE;
	return seen->answered == 0 && seen->tried > 1 ? DNS_SIGHT_SILENT
						      : DNS_SIGHT_SEEN;
}

void mx_finder_end(struct mx_finder *finder)
{
	const struct dns_options *options = finder->walk.options;
	const struct sightings *seen = exchanges_seen(finder->exchanges);
	struct mx *mx = finder->mx;

	settle_implicit(mx);
	mx->is_unserved = is_unserved(finder);
	mx->v4 = sight_of(&seen->v4, options->use_v4);
	mx->v6 = sight_of(&seen->v6, options->use_v6);
	mx->n_queries = seen->n_queries;
	mx->security_is_known = options->n_anchors > 0;
	mx->is_cut |= seen->hit_limit || finder->walk.limit != NULL;
	exchanges_steps(finder->exchanges, &mx->steps, &mx->n_steps);
	dnssec_free(finder->walk.dnssec);
}

bool mx_finder_breaks_circles(struct mx_finder *finder)
{
	return lookups_break_circles(&finder->walk);
}

static void ask_first(struct mx_finder *finder)
{
	struct mx *mx = finder->mx;

	walk_add_root(&finder->walk);
	find_control(finder);
	mx->sts.was_asked = true;
	mx_quest_start(&finder->walk, &(struct mx_quest){ .name = mx->domain,
					      .type = DNS_TYPE_MX,
					      .lookup = &mx->lookup,
					      .fn = on_mx,
					      .arg = finder });
	mx_quest_start(&finder->walk,
		&(struct mx_quest){ .name = arena_printf(finder->arena,
					    "_mta-sts.%s", mx->domain),
			.type = DNS_TYPE_TXT,
			.lookup = &mx->sts.lookup,
			.fn = on_txt,
			.arg = finder });
}

struct mx_finder *mx_finder_start(struct exchanges *exchanges,
	const struct delegation_expect *expect, const struct mx_news *news,
	struct mx *mx)
{
	struct arena *arena = exchanges_arena(exchanges);
	const struct dns_options *options = exchanges_options(exchanges);
	struct mx_finder *finder = arena_alloc(arena, sizeof(*finder));
	struct delegation *d = arena_alloc(arena, sizeof(*d));

	d->expect = *expect;
	*finder = (struct mx_finder){
		.arena = arena, .exchanges = exchanges, .mx = mx, .news = *news
	};
	finder->walk = (struct walk){ .arena = arena,
		.options = options,
		.d = d,
		.exchanges = exchanges,
		.dnssec = dnssec_new(arena, options->now_s),
		.anchors = options->anchors,
		.n_anchors = options->n_anchors };
	ask_first(finder);
	return finder;
}
