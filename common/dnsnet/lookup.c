/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A lookup is two walks, for A and for AAAA, over the shared cuts. */
#include "config.h"

#include "common/dnsnet/lookup.h"

enum {
	LOOKUP_LOT = 4, /* name servers of a cut looked up at once */
};

struct lookup_waiter {
	lookup_fn fn;
	void *arg;
	struct lookup_waiter *next;
};

/* The walk for one type. */
struct lookup_type {
	struct lookup *lookup;
	enum dns_type type;
	struct cut *cut;       /* whose servers are asked */
	struct pending *leads; /* the pending that it goes ahead for */
	bool goes_alone;       /* the one it followed met no referral */
	bool is_done;
	enum dns_lookup status;
	const char *why;
	struct lookup_type *next_follower;
};

/*
 * Near the root many names go the same way: the first asks, the others
 * follow when it has its referral.
 */
struct pending {
	const struct cut *cut;
	const char *child; /* the label below the cut, with the cut */
	struct lookup_type *followers;
	struct pending *next;
};

static void walk_on(struct lookup_type *walker);
static void type_end(
	struct lookup_type *walker, enum dns_lookup status, const char *why);

static void tell_waiters(struct lookup *lookup)
{
	struct lookup_waiter *waiter = lookup->waiters;
	for (; waiter != NULL; waiter = waiter->next)
		waiter->fn(waiter->arg, lookup);
}

static void add_addr(struct lookup *lookup, const struct dns_addr *addr)
{
	size_t of_family = 0;
	for (size_t i = 0; i < lookup->addrs.n; i++) {
		if (dns_addr_compare(&lookup->addrs.at[i], addr) == 0)
			return;
		of_family += lookup->addrs.at[i].family == addr->family;
	}
	if (of_family < WALK_ADDRS_MAX)
		lookup->addrs.at[lookup->addrs.n++] = *addr;
	else
		walk_limit(lookup->walk, "%s has more than %d addresses",
			lookup->name, WALK_ADDRS_MAX);
}

/* -- the end of a type, and of the lookup ------------------------------ */

/* The leader has its referral (or, is_cut false, has none to follow). */
static void release_followers(struct lookup_type *leader, bool is_cut)
{
	struct pending *pending = leader->leads;
	if (pending == NULL)
		return;
	leader->leads = NULL;
	struct pending **link = &leader->lookup->walk->pending;
	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
	for (struct lookup_type *walker = pending->followers; walker != NULL;) {
		struct lookup_type *next = walker->next_follower;
		walker->goes_alone = !is_cut;
		/* Where the leader got nowhere, neither would they. */
		if (leader->is_done && leader->status == DNS_LOOKUP_FAILED)
			type_end(walker, DNS_LOOKUP_FAILED, leader->why);
		else
			walk_on(walker);
		walker = next;
	}
}

/* What the two types come to together. */
static void conclude(struct lookup *lookup)
{
	const struct lookup_type *a = lookup->a, *aaaa = lookup->aaaa;
	lookup->is_done = true;
	if (lookup->addrs.n > 0) {
		lookup->status = DNS_LOOKUP_FOUND;
		return;
	}
	const struct lookup_type *worse = a;
	if (a->status == DNS_LOOKUP_NO_ADDRESS ||
		a->status == DNS_LOOKUP_NXDOMAIN)
		worse = aaaa;
	lookup->status = worse->status;
	lookup->why = worse->why;
}

static void type_end(
	struct lookup_type *walker, enum dns_lookup status, const char *why)
{
	struct lookup *lookup = walker->lookup;
	if (walker->is_done || lookup->is_done)
		return;
	walker->is_done = true;
	walker->status = status;
	walker->why = why;
	bool is_known = status == DNS_LOOKUP_FOUND ||
			status == DNS_LOOKUP_NO_ADDRESS ||
			status == DNS_LOOKUP_NXDOMAIN;
	if (walker->type == DNS_TYPE_A)
		lookup->v4_known = is_known;
	else
		lookup->v6_known = is_known;
	release_followers(walker, false);
	if (lookup->a->is_done && lookup->aaaa->is_done && !lookup->is_done)
		conclude(lookup);
	tell_waiters(lookup);
}

/* -- replies ----------------------------------------------------------- */

static void on_alias_target(void *arg, const struct lookup *target)
{
	struct lookup_type *walker = arg;
	if (!target->is_done)
		return;
	uint8_t family = walker->type == DNS_TYPE_A ? 4 : 6;
	bool found = false;
	for (size_t i = 0; i < target->addrs.n; i++)
		if (target->addrs.at[i].family == family) {
			add_addr(walker->lookup, &target->addrs.at[i]);
			found = true;
		}
	bool is_known = family == 4 ? target->v4_known : target->v6_known;
	if (found)
		type_end(walker, DNS_LOOKUP_FOUND, NULL);
	else if (is_known && target->status == DNS_LOOKUP_FOUND)
		type_end(walker, DNS_LOOKUP_NO_ADDRESS, NULL);
	else
		type_end(walker,
			target->status == DNS_LOOKUP_FOUND ? DNS_LOOKUP_FAILED
							   : target->status,
			target->why);
}

static struct lookup *lookup_get(
	struct walk *walk, const char *name, unsigned depth);
static void lookup_wait(struct lookup *lookup, lookup_fn fn, void *arg);

static void follow_alias(struct lookup_type *walker, const char *target)
{
	struct lookup *lookup = walker->lookup;
	struct walk *walk = lookup->walk;
	if (lookup->alias == NULL)
		lookup->alias = target;
	if (lookup->aliases == WALK_ALIASES_MAX) {
		walk_limit(walk, "the aliases through %s do not end after %d",
			lookup->name, WALK_ALIASES_MAX);
		type_end(walker, DNS_LOOKUP_LIMIT, "endless chain of aliases");
		return;
	}
	struct lookup *next = lookup_get(walk, target, lookup->depth);
	if (next->aliases == 0)
		next->aliases = lookup->aliases + 1;
	lookup_wait(next, on_alias_target, walker);
}

static void take_answer(struct lookup_type *walker, const struct reply *reply)
{
	const struct dns_section *answer = &reply->message->answer;
	struct lookup *lookup = walker->lookup;
	for (size_t i = 0; i < answer->n; i++)
		if (answer->at[i].type == (uint16_t)walker->type &&
			dns_name_compare(answer->at[i].owner, lookup->name) ==
				0)
			add_addr(lookup, &answer->at[i].addr);
	type_end(walker, DNS_LOOKUP_FOUND, NULL);
}

static void follow_referral(
	struct lookup_type *walker, const struct reply *reply)
{
	struct lookup *lookup = walker->lookup;
	struct cut *cut = cut_from_referral(
		lookup->walk, walker->cut->zone, lookup->depth, reply);
	if (cut == NULL) {
		type_end(walker, DNS_LOOKUP_LIMIT, "too many zones on the way");
		return;
	}
	release_followers(walker, true);
	walk_on(walker);
}

static void on_step(void *arg, const struct reply *reply, const char *why)
{
	struct lookup_type *walker = arg;
	if (walker->is_done || walker->lookup->is_done)
		return;
	if (reply == NULL) {
		type_end(walker,
			why == NULL ? DNS_LOOKUP_NOT_DONE : DNS_LOOKUP_FAILED,
			why);
		return;
	}
	switch (reply->meaning.kind) {
	case DNS_KIND_REFERRAL:
		follow_referral(walker, reply);
		break;
	case DNS_KIND_ANSWER:
		take_answer(walker, reply);
		break;
	case DNS_KIND_ALIAS:
		follow_alias(walker, reply->meaning.alias);
		break;
	case DNS_KIND_NXDOMAIN:
		type_end(walker, DNS_LOOKUP_NXDOMAIN, NULL);
		break;
	case DNS_KIND_NODATA:
	case DNS_KIND_NONE:
	case DNS_KIND_UPWARD:
	case DNS_KIND_EMPTY:
	case DNS_KIND_ERROR:
		type_end(walker, DNS_LOOKUP_NO_ADDRESS, NULL);
		break;
	}
}

/* -- the way ----------------------------------------------------------- */

/* The name one label below the zone on the way to name. */
static const char *next_label(const char *name, const char *zone)
{
	const char *at = name;
	for (;;) {
		const char *parent = dns_name_parent(at);
		if (parent == NULL || dns_name_compare(parent, zone) == 0)
			return at;
		at = parent;
	}
}

/* Whether the walker waits for another one that goes the same way. */
static bool follows_another(struct lookup_type *walker)
{
	struct lookup *lookup = walker->lookup;
	struct walk *walk = lookup->walk;
	const char *child = next_label(lookup->name, walker->cut->zone);
	if (walker->goes_alone || dns_name_labels(walker->cut->zone) > 1 ||
		dns_name_compare(child, lookup->name) == 0)
		return false;
	struct pending *pending = walk->pending;
	for (; pending != NULL; pending = pending->next)
		if (pending->cut == walker->cut &&
			dns_name_compare(pending->child, child) == 0) {
			walker->next_follower = pending->followers;
			pending->followers = walker;
			return true;
		}
	pending = arena_alloc(walk->arena, sizeof(*pending));
	pending->cut = walker->cut;
	pending->child = child;
	pending->next = walk->pending;
	walk->pending = pending;
	walker->leads = pending;
	return false;
}

static void walk_on(struct lookup_type *walker)
{
	struct lookup *lookup = walker->lookup;
	if (walker->is_done || lookup->is_done)
		return;
	walker->cut = cut_for(lookup->walk, lookup->name);
	if (walker->cut == NULL) {
		type_end(walker, DNS_LOOKUP_FAILED, "no root server is known");
		return;
	}
	if (follows_another(walker))
		return;
	struct dns_question question = { .name = lookup->name,
		.type = walker->type };
	step_start(lookup->walk, walker->cut, &question, walker->leads != NULL,
		on_step, walker);
}

static struct lookup_type *type_new(struct lookup *lookup, enum dns_type type)
{
	struct lookup_type *walker =
		arena_alloc(lookup->walk->arena, sizeof(*walker));
	walker->lookup = lookup;
	walker->type = type;
	return walker;
}

static struct lookup *lookup_new(
	struct walk *walk, const char *name, unsigned depth)
{
	struct lookup *lookup = arena_alloc(walk->arena, sizeof(*lookup));
	lookup->name = name;
	lookup->depth = depth;
	lookup->walk = walk;
	lookup->addrs.at = arena_array(
		walk->arena, WALK_ADDRS_MAX * 2, sizeof(struct dns_addr));
	lookup->a = type_new(lookup, DNS_TYPE_A);
	lookup->aaaa = type_new(lookup, DNS_TYPE_AAAA);
	lookup->next = walk->lookups;
	walk->lookups = lookup;
	walk->n_lookups++;
	return lookup;
}

static void end_at_once(
	struct lookup *lookup, enum dns_lookup status, const char *why)
{
	lookup->is_done = true;
	lookup->status = status;
	lookup->why = why;
}

/* Starts the walks, unless the name or a bound ends the lookup at once. */
static void lookup_begin(struct lookup *lookup)
{
	struct walk *walk = lookup->walk;
	struct dns_addr literal;
	if (dns_addr_parse(lookup->name, &literal)) {
		end_at_once(lookup, DNS_LOOKUP_LITERAL, NULL);
	} else if (walk->n_lookups > WALK_LOOKUPS_MAX) {
		walk_limit(walk,
			"more than %d name server names to look up, "
			"the last %s",
			WALK_LOOKUPS_MAX, lookup->name);
		end_at_once(lookup, DNS_LOOKUP_LIMIT, "too many names");
	} else if (lookup->depth > WALK_DEPTH_MAX) {
		walk_limit(walk,
			"name servers named in zone after zone, the "
			"last %s",
			lookup->name);
		end_at_once(
			lookup, DNS_LOOKUP_LIMIT, "named in zone after zone");
	} else {
		walk_on(lookup->a);
		walk_on(lookup->aaaa);
	}
}

static struct lookup *lookup_get(
	struct walk *walk, const char *name, unsigned depth)
{
	for (struct lookup *lookup = walk->lookups; lookup != NULL;
		lookup = lookup->next)
		if (dns_name_compare(lookup->name, name) == 0)
			return lookup;
	return lookup_new(walk, name, depth);
}

static void lookup_wait(struct lookup *lookup, lookup_fn fn, void *arg)
{
	struct lookup_waiter *waiter =
		arena_alloc(lookup->walk->arena, sizeof(*waiter));
	waiter->fn = fn;
	waiter->arg = arg;
	waiter->next = lookup->waiters;
	lookup->waiters = waiter;
	if (!lookup->is_begun) {
		lookup->is_begun = true;
		lookup_begin(lookup);
	}
	if (lookup->is_done || lookup->addrs.n > 0)
		fn(arg, lookup);
}

void lookup_start(struct walk *walk, const char *name, unsigned depth,
	lookup_fn fn, void *arg)
{
	lookup_wait(lookup_get(walk, name, depth), fn, arg);
}

/* -- name servers of a cut --------------------------------------------- */

struct cut_lookup {
	struct walk *walk;
	struct cut *cut;
	bool is_done;
};

static void on_cut_lookup(void *arg, const struct lookup *lookup)
{
	struct cut_lookup *wait = arg;
	for (size_t i = 0; i < lookup->addrs.n; i++)
		if (delegation_permits(wait->walk->d, &lookup->addrs.at[i]))
			cut_add_server(wait->walk, wait->cut, lookup->name,
				&lookup->addrs.at[i]);
	if (!lookup->is_done || wait->is_done)
		return;
	wait->is_done = true;
	if (--wait->cut->n_looking == 0)
		cut_lookups_ended(wait->cut);
}

static bool has_address(const struct cut *cut, const char *host)
{
	for (size_t i = 0; i < cut->n_servers; i++)
		if (cut->servers[i].host != NULL &&
			dns_name_compare(cut->servers[i].host, host) == 0)
			return true;
	return false;
}

bool lookup_more_servers(struct walk *walk, struct cut *cut)
{
	size_t start = walk_hash(cut->zone);
	size_t end = cut->n_looked_up + LOOKUP_LOT;
	while (cut->n_looked_up < cut->n_hosts && cut->n_looked_up < end) {
		size_t at = (start + cut->n_looked_up++) % cut->n_hosts;
		const char *host = cut->hosts[at];
		if (has_address(cut, host))
			continue;
		struct cut_lookup *wait =
			arena_alloc(walk->arena, sizeof(*wait));
		wait->walk = walk;
		wait->cut = cut;
		cut->n_looking++;
		lookup_start(walk, host, cut->depth + 1, on_cut_lookup, wait);
	}
	return cut->n_looking > 0 || cut->n_looked_up < cut->n_hosts;
}

/* -- circles ----------------------------------------------------------- */

bool lookups_break_circles(struct walk *walk)
{
	bool found = false;
	for (struct lookup *lookup = walk->lookups; lookup != NULL;
		lookup = lookup->next) {
		if (lookup->is_done)
			continue;
		const struct lookup_type *stuck =
			lookup->a->is_done ? lookup->aaaa : lookup->a;
		const char *zone =
			stuck->cut != NULL ? stuck->cut->zone : lookup->name;
		const char *why =
			lookup->alias != NULL
				? arena_printf(walk->arena,
					  "it is an alias of %s, which leads back to it",
					  lookup->alias)
				: arena_printf(walk->arena,
					  "the name servers of %s can only be found "
					  "through themselves",
					  zone);
		end_at_once(lookup,
			lookup->addrs.n > 0 ? DNS_LOOKUP_FOUND
					    : DNS_LOOKUP_CIRCULAR,
			why);
		found = true;
	}
	for (struct lookup *lookup = walk->lookups; found && lookup != NULL;
		lookup = lookup->next)
		tell_waiters(lookup);
	return found;
}
