/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way down. Who refers does not say which zone is the parent: a server
 * may serve several levels. So each label between the cut in hand and the
 * zone is asked for its SOA (RFC 1034 section 4.2.1), at once with the
 * zone's.
 */
#include "config.h"

#include "common/dnsnet/survey.h"

/* One label on the way, asked for its SOA. */
struct label {
	struct level *level;
	const char *name;
	bool is_zone; /* the servers answer for it with authority */
	const struct reply *reply; /* NULL: no usable one */
};

/* One level of the descent. */
struct level {
	struct survey *survey;
	struct cut *cut;
	bool is_seed; /* the cut is --parent, whose zone is not known yet */
	struct label labels[SURVEY_LABELS_MAX]; /* the first is the zone */
	size_t n_labels, n_open;
	const char *why;
};

/* The deepest zone above the target that these servers serve. */
static const char *parent_of(const struct level *level)
{
	for (size_t i = 1; i < level->n_labels; i++)
		if (level->labels[i].is_zone)
			return level->labels[i].name;
	return level->is_seed ? NULL : level->cut->zone;
}

/* -- the parent is on the same servers as its own parent ---------------- */

struct same_servers {
	struct level *level;
	const char *parent;
};

static void take_parent_ns(
	struct survey *survey, struct cut *cut, const struct reply *reply)
{
	const struct dns_section *answer = &reply->message->answer;
	cut->hosts =
		arena_array(survey->arena, WALK_HOSTS_MAX, sizeof(*cut->hosts));
	for (size_t i = 0; i < answer->n && cut->n_hosts < WALK_HOSTS_MAX; i++)
		if (answer->at[i].type == DNS_TYPE_NS &&
			dns_name_compare(answer->at[i].owner, cut->zone) == 0)
			cut->hosts[cut->n_hosts++] = answer->at[i].target;
}

/* Addresses that the cut above knows already for the same names. */
static void copy_servers(
	struct walk *walk, const struct cut *from, struct cut *to)
{
	for (size_t i = 0; i < from->n_servers; i++)
		for (size_t h = 0; h < to->n_hosts; h++)
			if (from->servers[i].host != NULL &&
				dns_name_compare(from->servers[i].host,
					to->hosts[h]) == 0)
				cut_add_server(walk, to, to->hosts[h],
					&from->servers[i].addr);
}

static void on_parent_ns(void *arg, const struct reply *reply, const char *why)
{
	struct same_servers *same = arg;
	struct survey *survey = same->level->survey;
	(void)why;
	struct cut *cut = cut_add(&survey->walk, same->parent, 0);
	if (cut == NULL)
		return;
	if (cut->above == NULL)
		cut->above = same->level->cut;
	if (cut->n_hosts == 0 && reply != NULL &&
		reply->probe.kind == DNS_KIND_ANSWER) {
		take_parent_ns(survey, cut, reply);
		copy_servers(&survey->walk, same->level->cut, cut);
	}
	if (cut->n_hosts == 0) {
		parents_start(survey, same->level->cut, same->parent);
		return;
	}
	parents_start(survey, cut, same->parent);
}

/* The parent zone has a name server set of its own: that is who to ask. */
static void ask_for_parent_ns(struct level *level, const char *parent)
{
	struct same_servers *same =
		arena_alloc(level->survey->arena, sizeof(*same));
	same->level = level;
	same->parent = parent;
	struct dns_question question = { .name = parent, .type = DNS_TYPE_NS };
	step_start(&level->survey->walk, level->cut, &question, true,
		on_parent_ns, same);
}

/* -- one level ---------------------------------------------------------- */

/* Names below the zone of --parent are looked up there too. */
static void adopt_seed(struct level *level, const char *parent)
{
	struct walk *walk = &level->survey->walk;
	if (parent == NULL || cut_of(walk, parent) != NULL)
		return;
	struct cut *cut = cut_add(walk, parent, 0);
	for (size_t i = 0; cut != NULL && i < level->cut->n_servers; i++)
		cut_add_server(walk, cut, NULL, &level->cut->servers[i].addr);
	if (cut != NULL && level->survey->options->n_anchors > 0)
		trust_start(walk, cut, NULL, NULL);
}

static void arrive(struct level *level)
{
	struct survey *survey = level->survey;
	const char *parent = parent_of(level);
	survey->d->parent = parent;
	if (level->is_seed)
		adopt_seed(level, parent);
	if (level->is_seed)
		parents_start(
			survey, level->cut, parent != NULL ? parent : ".");
	else if (dns_name_compare(parent, level->cut->zone) == 0)
		parents_start(survey, level->cut, parent);
	else
		ask_for_parent_ns(level, parent);
}

/* The deepest referral to a zone above the target that anyone gave. */
static const struct reply *deepest_referral(const struct level *level)
{
	const struct reply *best = NULL;
	for (size_t i = 0; i < level->n_labels; i++) {
		const struct reply *reply = level->labels[i].reply;
		if (reply == NULL || reply->probe.kind != DNS_KIND_REFERRAL ||
			dns_name_compare(reply->meaning.cut,
				level->survey->options->zone) == 0)
			continue;
		if (best == NULL || dns_name_labels(reply->meaning.cut) >
					    dns_name_labels(best->meaning.cut))
			best = reply;
	}
	return best;
}

static void level_end(struct level *level)
{
	struct survey *survey = level->survey;
	const struct reply *target = level->labels[0].reply;
	const struct reply *referral = deepest_referral(level);
	bool is_referred =
		target != NULL && target->probe.kind == DNS_KIND_REFERRAL &&
		dns_name_compare(target->meaning.cut, survey->options->zone) !=
			0;
	if (target != NULL && !is_referred) {
		arrive(level);
		return;
	}
	if (referral == NULL) {
		survey->d->walk_failure = level->why;
		survey->d->failed_zone = level->cut->zone;
		return;
	}
	struct cut *cut =
		cut_from_referral(&survey->walk, level->cut->zone, 0, referral);
	if (cut != NULL)
		descent_start(survey, cut);
	else
		survey->d->walk_failure = survey->walk.limit;
}

static void on_label(void *arg, const struct reply *reply, const char *why)
{
	struct label *label = arg;
	struct level *level = label->level;
	if (reply != NULL) {
		struct reply *copy =
			arena_alloc(level->survey->arena, sizeof(*copy));
		*copy = *reply;
		label->reply = copy;
		label->is_zone = reply->probe.kind == DNS_KIND_ANSWER &&
				 reply->probe.is_authoritative;
	} else if (label == &level->labels[0]) {
		level->why = why;
	}
	if (--level->n_open == 0)
		level_end(level);
}

static void add_label(struct level *level, const char *name)
{
	struct label *label = &level->labels[level->n_labels++];
	label->level = level;
	label->name = name;
}

/* The target, and every name between it and the cut. */
static void add_labels(struct level *level)
{
	const char *zone = level->cut->zone;
	const char *name = level->survey->options->zone;
	add_label(level, name);
	for (name = dns_name_parent(name);
		name != NULL && level->n_labels < SURVEY_LABELS_MAX;
		name = dns_name_parent(name)) {
		bool is_cut = dns_name_compare(name, zone) == 0;
		if (!is_cut || level->is_seed)
			add_label(level, name);
		if (is_cut)
			break;
	}
}

void descent_start(struct survey *survey, struct cut *cut)
{
	struct level *level = arena_alloc(survey->arena, sizeof(*level));
	level->survey = survey;
	level->cut = cut;
	/* Its keys will be wanted: ask for them now. */
	if (survey->options->n_anchors > 0 && cut->hosts != NULL)
		trust_start(&survey->walk, cut, NULL, NULL);
	level->is_seed = survey->options->n_parents > 0 && cut->hosts == NULL;
	add_labels(level);
	if (level->n_labels == 1) {
		arrive(level);
		return;
	}
	level->n_open = level->n_labels;
	for (size_t i = 0; i < level->n_labels; i++) {
		struct dns_question question = {
			.name = level->labels[i].name,
			.type = DNS_TYPE_SOA,
			.wants_dnssec = survey->options->n_anchors > 0,
		};
		step_start(&survey->walk, cut, &question, true, on_label,
			&level->labels[i]);
	}
}
