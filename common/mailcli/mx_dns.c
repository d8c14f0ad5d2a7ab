/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks for the MX set and, as it comes, for the addresses of each exchanger;
 * for TLSA records where those are secure (RFC 7672 section 2.2.2); and for
 * the record of MTA-STS.
 */
#include "config.h"

#include "common/mailcli/mx_dns.h"

#include <stdlib.h>

#include "common/dnsnet/lookup.h"
#include "common/dnsnet/trust.h"
#include "common/mailcli/mx_records.h"

struct finder {
	struct arena *arena;
	struct walk walk;
	struct mx *mx;
	struct exchanger_work *works; /* of mx->exchangers */
	struct mx_lookup control_v4, control_v6;
};

/* One name and type, down to the end of its aliases. */
struct quest;
typedef void (*quest_fn)(struct quest *quest);

struct quest {
	struct finder *finder;
	const char *name; /* at the end: whose records they are */
	enum dns_type type;
	unsigned n_aliases;
	const char *alias;                 /* what the first one points to */
	struct mx_lookup *lookup;          /* what came of it */
	const struct dns_message *message; /* where it is FOUND */
	quest_fn fn;
	void *arg;
};

/* An exchanger while its addresses are looked up. */
struct exchanger_work {
	struct mx_exchanger *exchanger;
	struct dns_addr addrs[WALK_ADDRS_MAX * 2];
	size_t n_addrs;
	unsigned n_open;
};

/* -- one question -------------------------------------------------------- */

/* What a chain of aliases is worth: as much as its weakest link. */
static enum dns_security weaker(enum dns_security a, enum dns_security b)
{
	static const enum dns_security by_weakness[] = { DNS_BOGUS,
		DNS_INDETERMINATE, DNS_SECURITY_UNKNOWN, DNS_INSECURE };
	size_t i;

	for (i = 0; i < sizeof(by_weakness) / sizeof(by_weakness[0]); i++)
		if (a == by_weakness[i] || b == by_weakness[i])
			return by_weakness[i];
	return DNS_SECURE;
}

static void quest_end(
	struct quest *quest, enum dns_lookup lookup, const char *why)
{
	quest->lookup->lookup = lookup;
	quest->lookup->why = why;
	quest->fn(quest);
}

static void quest_ask(struct quest *quest);

static void follow(struct quest *quest, const char *target)
{
	struct walk *walk = &quest->finder->walk;

	if (!quest->alias)
		quest->alias = target;
	if (quest->n_aliases == WALK_ALIASES_MAX) {
		walk_limit(walk, "the aliases through %s do not end after %d",
			quest->name, WALK_ALIASES_MAX);
		quest_end(quest, DNS_LOOKUP_LIMIT, "endless chain of aliases");
		return;
	}
	quest->n_aliases++;
	quest->name = target;
	quest_ask(quest);
}

static void take_security(
	struct quest *quest, const struct secure_answer *answer)
{
	struct mx_lookup *lookup = quest->lookup;
	enum dns_security before =
		quest->n_aliases == 0 ? answer->security : lookup->security;

	lookup->security = weaker(before, answer->security);
	if (!lookup->security_why)
		lookup->security_why = answer->why;
}

static void on_secure(void *arg, const struct secure_answer *answer)
{
	struct quest *quest = arg;
	const struct reply *reply = &answer->reply;

	if (!reply->message) {
		quest_end(quest,
			answer->why ? DNS_LOOKUP_FAILED : DNS_LOOKUP_NOT_DONE,
			answer->why);
		return;
	}
	take_security(quest, answer);
	if (quest->lookup->security == DNS_BOGUS) {
		quest_end(
			quest, DNS_LOOKUP_FAILED, quest->lookup->security_why);
		return;
	}
	switch (reply->meaning.kind) {
	case DNS_KIND_ANSWER:
		quest->message = reply->message;
		quest_end(quest, DNS_LOOKUP_FOUND, NULL);
		break;
	case DNS_KIND_ALIAS:
		follow(quest, reply->meaning.alias);
		break;
	case DNS_KIND_NXDOMAIN:
		quest_end(quest, DNS_LOOKUP_NXDOMAIN, NULL);
		break;
	case DNS_KIND_NODATA:
		quest_end(quest, DNS_LOOKUP_NO_ADDRESS, NULL);
		break;
	case DNS_KIND_REFERRAL:
		quest_end(quest, DNS_LOOKUP_LIMIT, "too many zones on the way");
		break;
	case DNS_KIND_NONE:
	case DNS_KIND_UPWARD:
	case DNS_KIND_EMPTY:
	case DNS_KIND_ERROR:
		quest_end(quest, DNS_LOOKUP_FAILED,
			"its servers gave no usable answer");
		break;
	}
}

static void quest_ask(struct quest *quest)
{
	secure_lookup(&quest->finder->walk, quest->name, quest->type, on_secure,
		quest);
}

/* The name must live as long as the arena. */
static void quest_start(struct finder *finder, const char *name,
	enum dns_type type, struct mx_lookup *lookup, const struct quest *to)
{
	struct quest *quest = arena_alloc(finder->arena, sizeof(*quest));

	*quest = (struct quest){ .finder = finder,
		.name = name,
		.type = type,
		.lookup = lookup,
		.fn = to->fn,
		.arg = to->arg };
	quest_ask(quest);
}

/* -- TLSA ---------------------------------------------------------------- */

static void on_tlsa(struct quest *quest)
{
	struct mx_exchanger *exchanger = quest->arg;

	if (!quest->message)
		return;
	exchanger->n_tlsa = mx_records_tlsa(quest->finder->arena,
		quest->message, quest->name, &exchanger->tlsa);
	if (exchanger->n_tlsa > MX_TLSA_MAX) {
		exchanger->n_tlsa = MX_TLSA_MAX;
		quest->finder->mx->is_cut = true;
	}
}

/* Records that nothing could prove are of no use to anybody. */
static void ask_tlsa(struct finder *finder, struct mx_exchanger *exchanger)
{
	const char *name;

	if (exchanger->v4.security != DNS_SECURE &&
		exchanger->v6.security != DNS_SECURE)
		return;
	name = arena_printf(finder->arena, "_25._tcp.%s", exchanger->name);
	quest_start(finder, name, DNS_TYPE_TLSA, &exchanger->tlsa_lookup,
		&(struct quest){ .fn = on_tlsa, .arg = exchanger });
}

/* -- addresses ----------------------------------------------------------- */

static void add_addr(struct exchanger_work *work, const struct dns_addr *addr)
{
	size_t n_family = 0, i;

	for (i = 0; i < work->n_addrs; i++) {
		if (dns_addr_compare(&work->addrs[i], addr) == 0)
			return;
		n_family += work->addrs[i].family == addr->family;
	}
	if (n_family < WALK_ADDRS_MAX)
		work->addrs[work->n_addrs++] = *addr;
}

static void on_addresses(struct quest *quest)
{
	struct exchanger_work *work = quest->arg;
	struct mx_exchanger *exchanger = work->exchanger;
	const struct cut *cut = cut_for(&quest->finder->walk, quest->name);
	size_t i;

	if (quest->alias)
		exchanger->alias = quest->alias;
	if (quest->message && cut)
		exchanger->zone = cut->zone;
	for (i = 0; quest->message && i < quest->message->answer.n; i++) {
		const struct dns_rr *rr = &quest->message->answer.at[i];

		if (rr->type == (uint16_t)quest->type &&
			dns_name_compare(rr->owner, quest->name) == 0)
			add_addr(work, &rr->addr);
	}
	if (--work->n_open == 0)
		ask_tlsa(quest->finder, exchanger);
}

static void look_up(struct finder *finder, struct exchanger_work *work)
{
	const struct dns_options *options = finder->walk.options;
	struct mx_exchanger *exchanger = work->exchanger;
	const struct quest to = { .fn = on_addresses, .arg = work };
	struct dns_addr literal;

	if (dns_addr_parse(exchanger->name, &literal)) {
		exchanger->is_literal = true;
		exchanger->v4.lookup = exchanger->v6.lookup =
			DNS_LOOKUP_LITERAL;
		return;
	}
	/* Both are counted before the first can end. */
	work->n_open = (unsigned)options->use_v4 + (unsigned)options->use_v6;
	if (options->use_v4)
		quest_start(finder, exchanger->name, DNS_TYPE_A, &exchanger->v4,
			&to);
	if (options->use_v6)
		quest_start(finder, exchanger->name, DNS_TYPE_AAAA,
			&exchanger->v6, &to);
}

static void look_up_all(struct finder *finder)
{
	struct mx *mx = finder->mx;
	size_t i;

	finder->works = arena_array(
		finder->arena, mx->n_exchangers, sizeof(*finder->works));
	for (i = 0; i < mx->n_exchangers; i++)
		finder->works[i].exchanger = &mx->exchangers[i];
	for (i = 0; i < mx->n_exchangers; i++)
		look_up(finder, &finder->works[i]);
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

static void take_set(struct quest *quest)
{
	struct finder *finder = quest->finder;
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
static void try_implicit(struct quest *quest)
{
	struct finder *finder = quest->finder;
	struct mx *mx = finder->mx;

	mx->exchangers = arena_alloc(finder->arena, sizeof(*mx->exchangers));
	mx->exchangers->name = mx->domain;
	mx->exchangers->n_listed = 1;
	mx->n_exchangers = 1;
	mx->set = MX_SET_IMPLICIT;
	look_up_all(finder);
}

static void on_mx(struct quest *quest)
{
	struct mx *mx = quest->finder->mx;

	mx->alias = quest->alias;
	if (quest->message)
		take_set(quest);
	else if (mx->lookup.lookup == DNS_LOOKUP_NXDOMAIN)
		mx->set = MX_SET_NXDOMAIN;
	else if (mx->lookup.lookup == DNS_LOOKUP_NO_ADDRESS)
		try_implicit(quest);
}

static bool is_denied(const struct mx_lookup *lookup)
{
	return lookup->lookup == DNS_LOOKUP_NO_ADDRESS ||
	       lookup->lookup == DNS_LOOKUP_NXDOMAIN;
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
	if (mx->set == MX_SET_UNKNOWN)
		mx->lookup.why = own->v4.why ? own->v4.why : own->v6.why;
}

/* -- MTA-STS ------------------------------------------------------------- */

static void on_txt(struct quest *quest)
{
	struct mx_sts *sts = &quest->finder->mx->sts;

	if (!quest->message)
		return;
	sts->n_txt = mx_records_txt(
		quest->finder->arena, quest->message, quest->name, &sts->txt);
	if (sts->n_txt > MX_TXT_MAX) {
		sts->n_txt = MX_TXT_MAX;
		quest->finder->mx->is_cut = true;
	}
}

/* -- the control --------------------------------------------------------- */

/* One address will do; of two families IPv4, which more hosts have. */
static void on_control(struct quest *quest)
{
	struct finder *finder = quest->finder;
	struct mx_control *control = &finder->mx->control;
	size_t i;

	for (i = 0; quest->message && i < quest->message->answer.n; i++) {
		const struct dns_rr *rr = &quest->message->answer.at[i];

		if (rr->type != (uint16_t)quest->type ||
			dns_name_compare(rr->owner, quest->name) != 0)
			continue;
		if (!control->addr_text || rr->addr.family == 4)
			control->addr_text =
				dns_addr_string(finder->arena, &rr->addr);
		return;
	}
}

static void find_control(struct finder *finder)
{
	const struct dns_options *options = finder->walk.options;
	struct mx_control *control = &finder->mx->control;
	const struct quest to = { .fn = on_control };
	struct dns_addr literal;
	const char *name;

	if (!control->host)
		return;
	if (dns_addr_parse(control->host, &literal)) {
		control->addr_text = dns_addr_string(finder->arena, &literal);
		return;
	}
	if (dnsnet_read_name(finder->arena, control->host, &name))
		return;
	if (options->use_v4)
		quest_start(finder, name, DNS_TYPE_A, &finder->control_v4, &to);
	if (options->use_v6)
		quest_start(
			finder, name, DNS_TYPE_AAAA, &finder->control_v6, &to);
}

/* -- what came of it ----------------------------------------------------- */

static int compare_addrs(const void *a, const void *b)
{
	return dns_addr_compare(a, b);
}

static void collect_addresses(struct finder *finder)
{
	struct mx *mx = finder->mx;
	size_t i, n;

	mx->addresses = arena_array(
		finder->arena, MX_ADDRESSES_MAX, sizeof(*mx->addresses));
	for (i = 0; i < mx->n_exchangers; i++) {
		struct exchanger_work *work = &finder->works[i];

		if (work->n_addrs > 1)
			qsort(work->addrs, work->n_addrs,
				sizeof(work->addrs[0]), compare_addrs);
		for (n = 0; n < work->n_addrs; n++) {
			if (mx->n_addresses == MX_ADDRESSES_MAX) {
				mx->is_cut = true;
				return;
			}
			mx->addresses[mx->n_addresses++] =
				(struct mx_address){ .exchanger = i,
					.addr = work->addrs[n],
					.addr_text =
						dns_addr_string(finder->arena,
							&work->addrs[n]) };
		}
	}
}

static enum dns_sight sight_of(const struct sighting *seen, bool is_used)
{
	if (!is_used)
		return DNS_SIGHT_SWITCHED_OFF;
	if (seen->tried == 0)
		return DNS_SIGHT_NOT_TRIED;
	return seen->unreachable == seen->tried ? DNS_SIGHT_NO_ROUTE
						: DNS_SIGHT_SEEN;
}

static void conclude(struct finder *finder)
{
	const struct dns_options *options = finder->walk.options;
	const struct sightings *seen = exchanges_seen(finder->walk.exchanges);
	struct mx *mx = finder->mx;

	settle_implicit(mx);
	collect_addresses(finder);
	mx->v4 = sight_of(&seen->v4, options->use_v4);
	mx->v6 = sight_of(&seen->v6, options->use_v6);
	mx->n_queries = seen->n_queries;
	mx->security_is_known = options->n_anchors > 0;
	mx->is_cut |= seen->hit_limit || finder->walk.limit != NULL;
	exchanges_steps(finder->walk.exchanges, &mx->steps, &mx->n_steps);
}

static void start(struct finder *finder)
{
	struct mx *mx = finder->mx;

	walk_add_root(&finder->walk);
	find_control(finder);
	mx->sts.was_asked = true;
	quest_start(finder, mx->domain, DNS_TYPE_MX, &mx->lookup,
		&(struct quest){ .fn = on_mx });
	quest_start(finder,
		arena_printf(finder->arena, "_mta-sts.%s", mx->domain),
		DNS_TYPE_TXT, &mx->sts.lookup, &(struct quest){ .fn = on_txt });
}

const char *mx_gather_dns(struct arena *arena,
	const struct dns_options *options,
	const struct delegation_expect *expect, struct mx *mx)
{
	struct finder *finder = arena_alloc(arena, sizeof(*finder));
	struct delegation *d = arena_alloc(arena, sizeof(*d));
	struct exchanges *exchanges = exchanges_new(arena, options);
	const char *failure;
	bool is_over;

	if (!exchanges)
		return "c-ares did not start: out of memory";
	d->expect = *expect;
	finder->arena = arena;
	finder->mx = mx;
	finder->walk = (struct walk){ .arena = arena,
		.options = options,
		.d = d,
		.exchanges = exchanges,
		.dnssec = dnssec_new(arena, options->now_s),
		.anchors = options->anchors,
		.n_anchors = options->n_anchors };
	start(finder);
	do {
		is_over = exchanges_run(exchanges);
	} while (!is_over && lookups_break_circles(&finder->walk));
	if (is_over)
		mx->timeout_stage = "asking the DNS";
	conclude(finder);
	failure = exchanges_seen(exchanges)->failure;
	exchanges_free(exchanges);
	dnssec_free(finder->walk.dnssec);
	return failure;
}
