/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The delegation against the one that was accepted (--remember). Who hands
 * out other name servers, glue or DS has the zone; so a change that nobody
 * declared is told until it is accepted. No change may be seen in what was
 * merely not told this time: glue is compared by name and family, where there
 * is some on both sides, and its absence counts only for names inside the
 * zone (RFC 9471), in a referral that had room for it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	SHOWN_MAX = 6,        /* changes that are named */
	TEXT_MAX = 4000,      /* bytes of them */
	DIGEST_SHOWN_MAX = 8, /* digits that tell one DS from another */
	/* What servers of today keep to over UDP, less the room that one name
	 * takes with an address of each family. */
	ROOM_EDNS = 1220 - 64,
	ROOM_PLAIN = 512 - 64,
};

struct set {
	const char **at;
	size_t n;
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool set_holds(struct set set, const char *line)
{
	return set.n > 0 && bsearch(&line, set.at, set.n, sizeof(*set.at),
				    compare_lines) != NULL;
}

static bool sets_equal(struct set a, struct set b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (strcmp(a.at[i], b.at[i]) != 0)
			return false;
	return true;
}

/* Sorted, each line once. */
static void sort(struct set *set)
{
	size_t kept = 0;
	size_t i;

	if (set->n > 1)
		qsort(set->at, set->n, sizeof(*set->at), compare_lines);
	for (i = 0; i < set->n; i++)
		if (kept == 0 || strcmp(set->at[kept - 1], set->at[i]) != 0)
			set->at[kept++] = set->at[i];
	set->n = kept;
}

static struct set ns_of(const struct dns_remembered *r)
{
	return (struct set){ r->ns, r->n_ns };
}

static struct set glue_of(const struct dns_remembered *r)
{
	return (struct set){ r->glue, r->n_glue };
}

static struct set ds_of(const struct dns_remembered *r)
{
	return (struct set){ r->ds, r->n_ds };
}

/* -- what the parent hands out now --------------------------------------- */

static struct set glue_now(struct arena *arena, const struct delegation *d)
{
	struct set glue = { 0 };
	char buf[DNS_ADDR_TEXT];
	size_t n = 0;
	size_t i, k;

	for (i = 0; i < d->n_hosts; i++)
		n += d->hosts[i].glue.n;
	glue.at = arena_array(arena, n, sizeof(*glue.at));
	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		for (k = 0; k < host->glue.n; k++)
			glue.at[glue.n++] =
				arena_printf(arena, "%s %s", host->name,
					dns_addr_text(&host->glue.at[k], buf));
	}
	sort(&glue);
	return glue;
}

static struct set ds_now(
	struct arena *arena, const struct delegation *d, bool *is_known)
{
	struct set all = { 0 };
	size_t n = 0;
	size_t i, k;

	*is_known = false;
	for (i = 0; i < d->n_parents; i++)
		n += d->parents[i].ds.n;
	all.at = arena_array(arena, n, sizeof(*all.at));
	for (i = 0; i < d->n_parents; i++) {
		const struct dns_names *ds = &d->parents[i].ds;

		*is_known |= ds->is_known;
		for (k = 0; k < ds->n; k++)
			all.at[all.n++] = ds->at[k];
	}
	sort(&all);
	return all;
}

/* Whether one referral had room for all glue that it has to hold. */
static bool had_room(const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_parents; i++) {
		const struct dns_parent_server *parent = &d->parents[i];
		const struct dns_probe *probe = &parent->probe;
		size_t room = probe->has_edns ? ROOM_EDNS : ROOM_PLAIN;

		if (parent->ns.is_known &&
			(probe->was_truncated || probe->reply_size <= room))
			return true;
	}
	return false;
}

/* Whether all that the parent hands out is there to look at. */
static bool is_complete(const struct delegation *d)
{
	return d->cut == DNS_CUT_DELEGATED && d->parent_ns.is_known &&
	       !d->hosts_cut && !d->ns_is_given && !d->security.ds_is_given;
}

static struct dns_remembered look(
	struct arena *arena, const struct delegation *d)
{
	struct dns_remembered now = { .since_s = d->expect.now_s };
	struct set glue, ds;

	if (!is_complete(d))
		return now;
	glue = glue_now(arena, d);
	ds = ds_now(arena, d, &now.ds_is_known);
	now.is_known = d->parent_ns.n <= DNS_REMEMBERED_MAX &&
		       glue.n <= DNS_REMEMBERED_MAX &&
		       ds.n <= DNS_REMEMBERED_MAX;
	now.ns = d->parent_ns.at;
	now.n_ns = d->parent_ns.n;
	now.glue = glue.at;
	now.n_glue = glue.n;
	now.glue_is_whole = had_room(d);
	now.ds = ds.at;
	now.n_ds = ds.n;
	return now;
}

/* -- what changed -------------------------------------------------------- */

/* The two sides, and where the changes go. */
struct comparison {
	const struct delegation *d;
	const struct dns_remembered *old, *now;
	struct text *out;
	size_t n;        /* changes that nobody declared */
	bool lacks_room; /* glue is not there, which may say nothing */
};

static void add_change(struct comparison *c, const char *what, const char *line,
	const char *change)
{
	size_t len = strlen(line);

	if (strcmp(what, "DS") == 0) {
		size_t digest = (size_t)(strrchr(line, ' ') - line) + 1;

		if (len > digest + DIGEST_SHOWN_MAX)
			len = digest + DIGEST_SHOWN_MAX;
	}
	if (c->n++ < SHOWN_MAX)
		text_printf(c->out, "%s%s %.*s %s", c->n > 1 ? ", " : "", what,
			(int)len, line, change);
}

/* All of one set that are not in the other. */
static void add_changes(
	struct comparison *c, const char *what, struct set old, struct set now)
{
	size_t i;

	for (i = 0; i < now.n; i++)
		if (!set_holds(old, now.at[i]))
			add_change(c, what, now.at[i], "came");
	for (i = 0; i < old.n; i++)
		if (!set_holds(now, old.at[i]))
			add_change(c, what, old.at[i], "went");
}

/* The name of "NAME ADDRESS". */
static const char *glue_name(const char *line, char name[static DNS_NAME_TEXT])
{
	size_t len = strcspn(line, " ");

	if (len >= DNS_NAME_TEXT)
		len = DNS_NAME_TEXT - 1;
	memcpy(name, line, len);
	name[len] = '\0';
	return name;
}

static bool is_v6(const char *line)
{
	return strchr(line, ':') != NULL;
}

/* Whether a set has glue of this line's name and family. */
static bool has_like(struct set set, const char *line)
{
	size_t len = strcspn(line, " ") + 1;
	size_t low = 0, high = set.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(set.at[middle], line, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < set.n && strncmp(set.at[low], line, len) == 0; low++)
		if (is_v6(set.at[low]) == is_v6(line))
			return true;
	return false;
}

/*
 * Glue of one side that the other lacks. Where the name itself is not on the
 * other side, that is a change of the NS set and no other; where the other
 * side has no glue at all of that name and family, it may not have been told.
 */
static void compare_glue(struct comparison *c, const struct dns_remembered *one,
	const struct dns_remembered *other)
{
	char name[DNS_NAME_TEXT];
	size_t i;

	for (i = 0; i < one->n_glue; i++) {
		const char *line = one->glue[i];

		if (set_holds(glue_of(other), line) ||
			!set_holds(ns_of(other), glue_name(line, name)))
			continue;
		if (has_like(glue_of(other), line) ||
			(dns_name_in(name, c->d->zone) && other->glue_is_whole))
			add_change(c, "glue", line,
				other == c->old ? "came" : "went");
		else if (dns_name_in(name, c->d->zone) && other == c->now)
			c->lacks_room = true;
	}
}

/* The user said that these are the name servers. */
static bool is_declared(const struct delegation *d)
{
	return d->expect.ns.is_known &&
	       dns_names_equal(&d->expect.ns, &d->parent_ns);
}

static void compare(struct comparison *c)
{
	if (!is_declared(c->d))
		add_changes(c, "NS", ns_of(c->old), ns_of(c->now));
	compare_glue(c, c->now, c->old);
	compare_glue(c, c->old, c->now);
	if (c->old->ds_is_known && c->now->ds_is_known)
		add_changes(c, "DS", ds_of(c->old), ds_of(c->now));
	if (c->n > SHOWN_MAX)
		text_printf(c->out, ", and %zu more", c->n - SHOWN_MAX);
}

static size_t count_changes(
	const struct delegation *d, const struct dns_remembered *now)
{
	struct text ignored;
	struct comparison c = {
		.d = d, .old = &d->remembered, .now = now, .out = &ignored
	};

	text_init(&ignored, TEXT_MAX);
	compare(&c);
	text_release(&ignored);
	return c.n;
}

/* -- what is kept -------------------------------------------------------- */

/* Whether all servers of the parent that told it tell the same: what is on
 * its way from one set to another is no measure. */
static bool is_settled(const struct delegation *d)
{
	const struct dns_names *ns = NULL, *ds = NULL;
	size_t i;

	for (i = 0; i < d->n_parents; i++) {
		const struct dns_parent_server *parent = &d->parents[i];

		if (parent->ns.is_known && ns &&
			!dns_names_equal(&parent->ns, ns))
			return false;
		if (parent->ds.is_known && ds &&
			!dns_names_equal(&parent->ds, ds))
			return false;
		ns = parent->ns.is_known ? &parent->ns : ns;
		ds = parent->ds.is_known ? &parent->ds : ds;
	}
	return true;
}

/* What is there now, with what was merely not told this time. */
static void complete(struct arena *arena, const struct dns_remembered *old,
	struct dns_remembered *now)
{
	struct set glue = { .n = now->n_glue };
	char name[DNS_NAME_TEXT];
	size_t i;

	glue.at = arena_grow(arena, now->glue, now->n_glue,
		now->n_glue + old->n_glue, sizeof(*glue.at));
	for (i = 0; i < old->n_glue; i++)
		if (!has_like(glue_of(now), old->glue[i]) &&
			set_holds(ns_of(now), glue_name(old->glue[i], name)))
			glue.at[glue.n++] = old->glue[i];
	sort(&glue);
	now->glue = glue.at;
	now->n_glue = glue.n;
	now->glue_is_whole |=
		old->glue_is_whole && sets_equal(ns_of(old), ns_of(now));
}

static void keep_ds(
	const struct dns_remembered *old, struct dns_remembered *now)
{
	if (now->ds_is_known)
		return;
	now->ds_is_known = old->ds_is_known;
	now->ds = old->ds;
	now->n_ds = old->n_ds;
}

/* Since when this is what is accepted. */
static int64_t since(
	const struct dns_remembered *old, const struct dns_remembered *now)
{
	bool is_same = sets_equal(ns_of(old), ns_of(now)) &&
		       sets_equal(glue_of(old), glue_of(now)) &&
		       sets_equal(ds_of(old), ds_of(now));

	return is_same ? old->since_s : now->since_s;
}

struct dns_remembered delegation_to_remember(
	struct arena *arena, const struct delegation *d, bool is_accepted)
{
	const struct dns_remembered nothing = { 0 };
	const struct dns_remembered *old = &d->remembered;
	struct dns_remembered now = look(arena, d);

	if (!now.is_known || !(is_accepted || is_settled(d)))
		return nothing;
	if (!old->is_known)
		return now;
	if (!is_accepted) {
		if (count_changes(d, &now) > 0)
			return nothing;
		complete(arena, old, &now);
	}
	keep_ds(old, &now);
	now.since_s = since(old, &now);
	return now;
}

/* -- the rules ----------------------------------------------------------- */

static const struct culprit the_zone = { NULL, NULL };

/* Whether there is something to compare on both sides; else it is said. */
static bool can_compare(struct judge *judge, const struct delegation *d)
{
	if (d->ns_is_given || d->security.ds_is_given) {
		judge_not_judged(judge, NULL,
			"what is given stands in place of the parent's word");
		return false;
	}
	if (d->memory.why && (d->memory.fate != DNS_HISTORY_LOST ||
				     !d->remembered.is_known)) {
		judge_not_judged(judge, NULL, "%s", d->memory.why);
		return false;
	}
	if (!rule_has_parent_side(judge, d))
		return false;
	/* The first run keeps what is there. */
	return d->remembered.is_known;
}

/* "; not so when it was accepted, 12 d ago (on mon1)" */
static void add_since(struct text *out, const struct delegation *d)
{
	int64_t age_s = d->expect.now_s - d->remembered.since_s;

	text_add(out, "; not so when it was accepted, ");
	dns_span_add(out, age_s > 0 ? age_s : 0);
	text_add(out, " ago");
	if (d->memory.node)
		text_printf(out, " (on %s)", d->memory.node);
}

void judge_delegation_drifted(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	struct comparison c = { .d = d, .old = &d->remembered };
	struct dns_remembered now;
	struct text text;

	if (d->memory.fate == DNS_HISTORY_NOT_KEPT) {
		judge_not_asked(judge);
		return;
	}
	if (!can_compare(judge, d))
		return;
	now = look(judge->arena, d);
	if (!now.is_known) {
		judge_not_judged(judge, NULL,
			"the delegation is larger than what is looked at");
		return;
	}
	text_init(&text, TEXT_MAX);
	c.now = &now;
	c.out = &text;
	compare(&c);
	add_since(&text, d);
	if (c.n > 0)
		judge_finding(judge, the_zone, "%s", text.data);
	text_release(&text);
	if (c.lacks_room)
		judge_not_judged(judge, "glue",
			"the referral had no room for all of it");
	if (c.old->ds_is_known && !now.ds_is_known)
		judge_not_judged(
			judge, "DS", "no server of the parent told it");
}

void judge_memory_lost(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (d->memory.fate == DNS_HISTORY_LOST)
		judge_finding(judge, the_zone,
			"which delegation was accepted is no longer known: %s",
			d->memory.why ? d->memory.why : "damaged");
}

void judge_memory_unusable(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;

	if (d->memory.fate == DNS_HISTORY_UNUSABLE ||
		d->memory.fate == DNS_HISTORY_NO_PLACE)
		judge_finding(judge, the_zone,
			"the delegation can't be held against the accepted "
			"one: %s",
			d->memory.why ? d->memory.why : "no state");
}
