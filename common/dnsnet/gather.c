/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One survey from its start to the facts of a delegation. */
#include "config.h"

#include "common/dnsnet/gather.h"

#include "common/core/clock.h"
#include "common/dnsnet/survey.h"

/* -- roots --------------------------------------------------------------- */

/* A root answers for itself with authority and offers no recursion; another
 * answer comes from something in between. */
static void look_for_interception(struct survey *survey,
	const struct cut_server *root, const struct reply *reply)
{
	const struct dns_probe *probe = &reply->probe;
	if (survey->d->interception != NULL || probe->outcome != DNS_ANSWERED ||
		probe->kind == DNS_KIND_ERROR)
		return;
	bool lacks_authority = !probe->is_authoritative;
	if (!lacks_authority && !probe->offers_recursion)
		return;
	survey->d->interception = arena_printf(survey->arena,
		"root server %s (%s) answers for the root %s",
		root->host != NULL ? root->host : "?",
		dns_addr_string(survey->arena, &root->addr),
		lacks_authority ? "without authority" : "with recursion");
}

/* One of the two has answered: the other is not waited for. */
struct control {
	struct survey *survey;
	struct cut_server *root;
};

static void on_root_control(void *arg, const struct reply *reply)
{
	struct control *control = arg;
	struct survey *survey = control->survey;
	look_for_interception(survey, control->root, reply);
	if (reply->probe.outcome != DNS_ANSWERED)
		return;
	pause_cancel(&survey->udp_control);
	for (size_t i = 0; i < survey->n_controls; i++)
		exchange_background(survey->control_asks[i]);
}

static void choose_controls(struct survey *survey)
{
	const struct dns_options *options = survey->options;
	size_t start = walk_hash(options->zone);
	for (unsigned family = 4; family <= 6; family += 2) {
		bool is_used = family == 4 ? options->use_v4 : options->use_v6;
		for (size_t i = 0; is_used && i < options->n_hints; i++) {
			const struct dns_hint *hint =
				&options->hints[(start + i) % options->n_hints];
			if (hint->addr.family != family)
				continue;
			survey->controls[survey->n_controls++] =
				(struct cut_server){ hint->name, hint->addr };
			break;
		}
	}
}

static void ask_roots(struct survey *survey)
{
	for (size_t i = 0; i < survey->n_controls; i++) {
		struct control *control =
			arena_alloc(survey->arena, sizeof(*control));
		control->survey = survey;
		control->root = &survey->controls[i];
		struct ask ask = { .question = { .name = ".",
					   .type = DNS_TYPE_SOA },
			.addr = control->root->addr,
			.tries = survey->options->tries,
			.zone = ".",
			.host = control->root->host };
		survey->control_asks[i] = exchanges_ask(
			survey->walk.exchanges, &ask, on_root_control, control);
	}
}

/* Nothing came over UDP yet: does anything come over TCP? */
static void on_control(void *arg, const struct reply *reply)
{
	(void)arg;
	(void)reply; /* that it came is counted by the exchanges */
}

static void on_udp_control(void *arg)
{
	struct survey *survey = arg;
	if (exchanges_seen(survey->walk.exchanges)->udp.answered > 0)
		return;
	for (size_t i = 0; i < survey->n_controls; i++) {
		struct ask ask = { .question = { .name = ".",
					   .type = DNS_TYPE_SOA },
			.addr = survey->controls[i].addr,
			.over_tcp = true,
			.tries = 2,
			.zone = ".",
			.host = survey->controls[i].host };
		exchanges_ask(survey->walk.exchanges, &ask, on_control, survey);
	}
}

static void ask_hint(struct survey *survey, uint8_t family)
{
	const struct dns_options *options = survey->options;
	size_t start = walk_hash(options->zone);
	for (size_t i = 0; i < options->n_hints; i++) {
		const struct dns_hint *hint =
			&options->hints[(start + i) % options->n_hints];
		if (hint->addr.family != family)
			continue;
		struct ask ask = { .question = { .name = ".",
					   .type = DNS_TYPE_SOA },
			.addr = hint->addr,
			.tries = 2,
			.zone = ".",
			.host = hint->name };
		exchanges_ask(survey->walk.exchanges, &ask, on_control, survey);
		return;
	}
}

/*
 * A walk that began at --parent may have asked nobody of a family but the
 * zone's servers. Where none of those answered, a root tells whether it is
 * them or this host. True where one was asked.
 */
static bool ask_missing_controls(struct survey *survey)
{
	const struct sightings *seen = exchanges_seen(survey->walk.exchanges);
	bool lacks_v4 = seen->v4.tried > 0 && seen->v4.answered == 0;
	bool lacks_v6 = seen->v6.tried > 0 && seen->v6.answered == 0;
	if (survey->options->n_parents == 0)
		return false;
	if (lacks_v4)
		ask_hint(survey, 4);
	if (lacks_v6)
		ask_hint(survey, 6);
	return lacks_v4 || lacks_v6;
}

/* -- the start ----------------------------------------------------------- */

/* --parent: a cut of its own, since its zone is not known yet. */
static struct cut *seed_cut(struct survey *survey)
{
	const struct dns_options *options = survey->options;
	struct cut *seed = arena_alloc(survey->arena, sizeof(*seed));
	seed->zone = ".";
	seed->label = "the servers given with --parent";
	for (size_t i = 0; i < options->n_parents; i++) {
		cut_add_server(&survey->walk, seed, NULL, &options->parents[i]);
		if (survey->n_controls < 2)
			survey->controls[survey->n_controls++] =
				(struct cut_server){ NULL,
					options->parents[i] };
	}
	return seed;
}

/* A name of a root server is one that no other zone's server holds. */
static const char *foreign_name(const struct dns_options *options)
{
	for (size_t i = 0; i < options->n_hints; i++)
		if (!dns_name_in(options->hints[i].name, options->zone))
			return options->hints[i].name;
	return NULL;
}

/* A label that no zone holds, the same in every run, so that equal answers
 * are verified once. */
static const char *random_name(const struct survey *survey)
{
	const char *zone = survey->options->zone;
	return arena_printf(survey->arena, "does-not-exist-%08x.%s",
		(unsigned)walk_hash(zone), zone);
}

/* --ns: these are the name servers, whatever the parent says. */
static void take_given(struct survey *survey)
{
	const struct dns_options *options = survey->options;
	survey->d->ns_is_given = options->n_given_ns > 0;
	if (options->n_given_ds > 0)
		survey_expect_signatures(survey);
	if (options->n_given_ns == 0)
		return;
	struct cut *cut = cut_add(&survey->walk, options->zone, 0);
	cut->hosts = arena_array(
		survey->arena, options->n_given_ns, sizeof(*cut->hosts));
	for (size_t i = 0; i < options->n_given_ns; i++)
		cut->hosts[cut->n_hosts++] = options->given_ns[i].name;
	for (size_t i = 0; i < options->n_given_ns; i++)
		if (options->given_ns[i].addr.family != 0)
			survey_add_glue(survey, options->given_ns[i].name,
				&options->given_ns[i].addr);
	for (size_t i = 0; i < options->n_given_ns; i++)
		survey_add_host(survey, options->given_ns[i].name, true);
}

static void start(
	struct survey *survey, const struct dns_copies_options *copies)
{
	survey->foreign = foreign_name(survey->options);
	survey->random = random_name(survey);
	struct cut *top = walk_add_root(&survey->walk);
	take_given(survey);
	if (copies != NULL)
		copies_start(survey, copies);
	if (survey->options->n_parents > 0) {
		survey->d->starts_at_parent = true;
		top = seed_cut(survey);
	} else {
		choose_controls(survey);
		ask_roots(survey);
	}
	pause_set(survey->walk.exchanges, &survey->udp_control,
		SURVEY_CONTROL_US, on_udp_control, survey);
	descent_start(survey, top);
}

/* -- what came of it ----------------------------------------------------- */

static enum dns_sight sight_of(const struct sighting *seen, bool is_used)
{
	if (!is_used)
		return DNS_SIGHT_SWITCHED_OFF;
	if (seen->answered > 0)
		return DNS_SIGHT_SEEN;
	if (seen->tried == 0)
		return DNS_SIGHT_NOT_TRIED;
	return seen->unreachable == seen->tried ? DNS_SIGHT_NO_ROUTE
						: DNS_SIGHT_SILENT;
}

static void take_sights(struct survey *survey)
{
	const struct sightings *seen = exchanges_seen(survey->walk.exchanges);
	struct delegation *d = survey->d;
	d->v4 = sight_of(&seen->v4, survey->options->use_v4);
	d->v6 = sight_of(&seen->v6, survey->options->use_v6);
	d->udp = sight_of(&seen->udp, true);
	d->tcp = sight_of(&seen->tcp, true);
	d->n_queries = seen->n_queries;
	if (seen->hit_limit)
		walk_limit(&survey->walk,
			"more questions were needed than one run may ask");
	d->walk_hit_limit = survey->walk.limit != NULL;
	d->limit_text = survey->walk.limit;
}

/* What the parent's servers say, taken together. */
static void conclude_cut(struct survey *survey)
{
	struct delegation *d = survey->d;
	enum dns_cut cut = DNS_CUT_UNKNOWN;
	d->parents =
		arena_array(survey->arena, d->n_parents, sizeof(*d->parents));
	for (size_t i = 0; i < d->n_parents; i++) {
		struct dns_parent_server *fact = &d->parents[i];
		*fact = survey->parents[i].fact;
		enum dns_cut says = DNS_CUT_UNKNOWN;
		bool has_authority = fact->probe.is_authoritative;
		if (fact->ns.is_known)
			says = DNS_CUT_DELEGATED;
		else if (fact->serves_child)
			says = DNS_CUT_SAME_SERVERS;
		else if (has_authority &&
			 (fact->probe.kind == DNS_KIND_NODATA ||
				 fact->probe.kind == DNS_KIND_ALIAS))
			says = DNS_CUT_NONE;
		else if (has_authority && fact->probe.kind == DNS_KIND_NXDOMAIN)
			says = DNS_CUT_NXDOMAIN;
		/* DELEGATED is the first, UNKNOWN (0) says nothing. */
		if (says != DNS_CUT_UNKNOWN &&
			(cut == DNS_CUT_UNKNOWN || says < cut)) {
			cut = says;
			d->holder = fact->holder;
		}
	}
	d->cut = cut;
}

static void unite_names(struct survey *survey)
{
	struct delegation *d = survey->d;
	const struct dns_options *options = survey->options;
	for (size_t i = 0; i < options->n_given_ns; i++) {
		d->parent_ns.is_known = true;
		names_insert(survey->arena, &d->parent_ns,
			options->given_ns[i].name);
	}
	for (size_t i = 0; !d->ns_is_given && i < d->n_parents; i++) {
		const struct dns_names *ns = &d->parents[i].ns;
		d->parent_ns.is_known |= ns->is_known;
		for (size_t n = 0; n < ns->n; n++)
			names_insert(survey->arena, &d->parent_ns, ns->at[n]);
	}
	const struct survey_host *host = survey->hosts;
	for (; host != NULL; host = host->next)
		if (host->fact.in_child) {
			d->child_ns.is_known = true;
			names_insert(
				survey->arena, &d->child_ns, host->fact.name);
		}
}

/* Behind an interception nothing that came can be believed. */
static void forget_all(struct delegation *d)
{
	d->cut = DNS_CUT_UNKNOWN;
	d->walk_failure = d->interception;
	d->n_parents = d->n_hosts = d->n_servers = 0;
	d->parent_ns = (struct dns_names){ 0 };
	d->child_ns = (struct dns_names){ 0 };
	d->walk_hit_limit = false;
	d->limit_text = NULL;
}

static const char *stage_text(const struct survey *survey)
{
	switch (survey->stage) {
	case SURVEY_WALK:
		return "walking down from the root";
	case SURVEY_PARENTS:
		return "asking the parent's name servers";
	case SURVEY_SERVERS:
		break;
	}
	return survey->n_servers == 0
		       ? "resolving the names of the zone's name servers"
		       : "asking the zone's name servers";
}

static void conclude(struct survey *survey, struct secondary *s)
{
	struct delegation *d = survey->d;
	take_sights(survey);
	signatures_conclude(survey);
	conclude_cut(survey);
	if (d->ns_is_given)
		d->cut = DNS_CUT_DELEGATED;
	unite_names(survey);
	if (s != NULL)
		copies_settle(survey, s);
	survey_collect(survey);
	if (s != NULL)
		copies_collect(survey, s);
	if (d->interception != NULL)
		forget_all(d);
	if (d->interception != NULL && s != NULL)
		s->n_copies = 0;
	exchanges_steps(survey->walk.exchanges, &d->steps, &d->n_steps);
	d->elapsed_us = clock_mono_us() - survey->options->start_us;
}

static void run(struct survey *survey)
{
	struct exchanges *exchanges = survey->walk.exchanges;
	bool is_over = exchanges_run(exchanges);
	while (!is_over && lookups_break_circles(&survey->walk))
		is_over = exchanges_run(exchanges);
	if (!is_over && ask_missing_controls(survey))
		is_over = exchanges_run(exchanges);
	while (!is_over && survey->copies != NULL && copies_again(survey))
		is_over = exchanges_run(exchanges);
	if (is_over)
		survey->d->timeout_stage = stage_text(survey);
}

static const char *gather(struct arena *arena,
	const struct dns_options *options,
	const struct dns_copies_options *copies, struct secondary *s,
	struct delegation *d)
{
	struct survey *survey = arena_alloc(arena, sizeof(*survey));
	survey->arena = arena;
	survey->options = options;
	survey->d = d;
	d->zone = options->zone;
	d->typed = options->typed;
	struct exchanges *exchanges = exchanges_new(arena, options);
	if (exchanges == NULL)
		return "c-ares did not start: out of memory";
	survey->walk = (struct walk){ .arena = arena,
		.options = options,
		.d = d,
		.exchanges = exchanges,
		.dnssec = dnssec_new(arena, options->now_s),
		.anchors = options->anchors,
		.n_anchors = options->n_anchors };
	start(survey, copies);
	run(survey);
	conclude(survey, s);
	const char *failure = exchanges_seen(exchanges)->failure;
	exchanges_free(exchanges);
	dnssec_free(survey->walk.dnssec);
	return failure;
}

const char *dnsnet_gather(struct arena *arena,
	const struct dns_options *options, struct delegation *d)
{
	return gather(arena, options, NULL, NULL, d);
}

const char *dnsnet_gather_copies(struct arena *arena,
	const struct dns_options *options,
	const struct dns_copies_options *copies, struct secondary *s)
{
	return gather(arena, options, copies, s, &s->d);
}
