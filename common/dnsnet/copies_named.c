/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who holds copies of the zone: the servers that the user named, and the
 * primary by the SOA's MNAME where none was.
 */
#include "config.h"

#include "common/dnsnet/copies.h"

bool named_is_at(
	const struct survey_named *named, const struct survey_server *server)
{
	return named->fact.port == server->port &&
	       dns_addrs_hold(&named->addrs, &server->fact.addr);
}

static void add_address(struct survey_named *named, const struct dns_addr *addr)
{
	struct survey *survey = named->survey;
	if (dns_addrs_hold(&named->addrs, addr))
		return;
	struct dns_addrs *addrs = &named->addrs;
	addrs->at = arena_grow(survey->arena, addrs->at, addrs->n, addrs->n + 1,
		sizeof(*addrs->at));
	addrs->at[addrs->n++] = *addr;
	const char *name = named->fact.name;
	if (name == NULL && named->fact.port != 0)
		name = named->fact.typed; /* tells the port */
	struct survey_server *server =
		survey_server_get(survey, name, addr, named->fact.port);
	if (server == NULL || !named->is_given)
		return;
	if (named->is_primary)
		server->copy.is_primary = true;
	server->copy.is_named = true;
}

static void on_named_lookup(void *arg, const struct lookup *lookup)
{
	struct survey_named *named = arg;
	for (size_t i = 0; i < lookup->addrs.n; i++)
		add_address(named, &lookup->addrs.at[i]);
	if (!lookup->is_done)
		return;
	named->fact.lookup = lookup->status;
	named->fact.why = lookup->why;
}

static void named_start(struct survey_named *named)
{
	if (named->fact.name == NULL) {
		named->fact.lookup = DNS_LOOKUP_FOUND;
		add_address(named, &named->fact.addr);
		return;
	}
	lookup_start(&named->survey->walk, named->fact.name, 0, on_named_lookup,
		named);
}

static struct survey_named *named_all(struct survey *survey,
	const struct dns_named *facts, size_t n, bool is_primary)
{
	struct survey_named *all = arena_array(survey->arena, n, sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = (struct survey_named){ .survey = survey,
			.fact = facts[i],
			.is_primary = is_primary,
			.is_given = true };
	return all;
}

void copies_start(
	struct survey *survey, const struct dns_copies_options *options)
{
	struct copies *copies = arena_alloc(survey->arena, sizeof(*copies));
	survey->copies = copies;
	copies->options = options;
	copies->primaries = named_all(
		survey, options->primaries, options->n_primaries, true);
	copies->secondaries = named_all(
		survey, options->secondaries, options->n_secondaries, false);
	for (size_t i = 0; i < options->n_primaries; i++)
		named_start(&copies->primaries[i]);
	for (size_t i = 0; i < options->n_secondaries; i++)
		named_start(&copies->secondaries[i]);
}

void copies_consider_mname(struct survey *survey, const char *mname)
{
	struct copies *copies = survey->copies;
	bool is_host = dns_name_labels(mname) > 1;
	if (copies->options->n_primaries > 0 ||
		copies->options->is_independent || !is_host)
		return;
	for (size_t i = 0; i < copies->n_mnames; i++)
		if (dns_name_compare(copies->mnames[i].fact.name, mname) == 0)
			return;
	if (copies->n_mnames == COPIES_MNAMES_MAX)
		return;
	struct survey_named *named = &copies->mnames[copies->n_mnames++];
	*named = (struct survey_named){ .survey = survey,
		.fact = { .typed = mname, .name = mname },
		.is_primary = true };
	named_start(named);
}

/* The votes of the servers for an MNAME. */
static size_t votes_for(const struct survey *survey, const char *mname)
{
	size_t votes = 0;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		votes += server->is_of_zone && copies_serves(server) &&
			 dns_name_compare(server->fact.soa.mname, mname) == 0;
	return votes;
}

/* Whether every server of the zone has all of its names: one machine. */
static bool is_one_machine(const struct survey *survey)
{
	const struct survey_host *host = survey->hosts;
	for (; host != NULL; host = host->next) {
		const struct survey_server *server = survey->servers;
		if (!host->fact.in_parent && !host->fact.in_child)
			continue;
		for (; server != NULL; server = server->next)
			if (server->is_of_zone &&
				!dns_names_hold(
					&server->fact.hosts, host->fact.name))
				return false;
	}
	return true;
}

/* Whether every server of the zone is at the addresses of this one name,
 * although there are several names: then it names them all, not a primary. */
static bool is_everybody(
	const struct survey *survey, const struct survey_named *named)
{
	size_t n_hosts = 0;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (server->is_of_zone && !named_is_at(named, server))
			return false;
	const struct survey_host *host = survey->hosts;
	for (; host != NULL; host = host->next)
		n_hosts += host->fact.in_parent || host->fact.in_child;
	return n_hosts > 1 && !is_one_machine(survey);
}

/* The user says that it is a secondary. */
static bool is_given_secondary(const struct survey_named *named)
{
	const struct survey_server *server = named->survey->servers;
	for (; server != NULL; server = server->next)
		if (server->copy.is_named && named_is_at(named, server))
			return true;
	return false;
}

/* A primary's copy does not run out: it answers all of its SOA's expire (RFC
 * 7314 section 3.1). */
static bool runs_out(const struct survey_named *named)
{
	const struct survey_server *server = named->survey->servers;
	for (; server != NULL; server = server->next)
		if (named_is_at(named, server) && copies_serves(server) &&
			server->copy.has_expire &&
			server->copy.expire_s < server->fact.soa.expire)
			return true;
	return false;
}

/* The MNAME that most servers tell; of several the first by name. */
static void infer_primary(struct survey *survey)
{
	struct copies *copies = survey->copies;
	size_t most = 0;
	copies->inferred = NULL;
	for (size_t i = 0; i < copies->n_mnames; i++) {
		struct survey_named *named = &copies->mnames[i];
		size_t votes = votes_for(survey, named->fact.name);
		bool is_first = copies->inferred == NULL;
		if (!is_first &&
			(votes < most ||
				(votes == most &&
					dns_name_compare(named->fact.name,
						copies->inferred->fact.name) >
						0)))
			continue;
		copies->inferred = named;
		most = votes;
	}
	if (copies->inferred != NULL &&
		(is_given_secondary(copies->inferred) ||
			is_everybody(survey, copies->inferred) ||
			runs_out(copies->inferred)))
		copies->inferred = NULL;
	struct survey_server *server = survey->servers;
	for (; copies->n_mnames > 0 && server != NULL; server = server->next)
		server->copy.is_primary = copies->inferred != NULL &&
					  named_is_at(copies->inferred, server);
}

/* How many addresses of a family the zone's servers have by one name. */
static size_t count_of(
	const struct survey *survey, const char *host, unsigned family)
{
	size_t n = 0;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		n += server->is_of_zone && server->fact.addr.family == family &&
		     dns_names_hold(&server->fact.hosts, host);
	return n;
}

/* A primary was given by one of its addresses: a name that has it, and but
 * one address of each family, is the primary's. */
static void take_other_family(
	struct survey *survey, const struct survey_server *primary)
{
	for (size_t i = 0; i < primary->fact.hosts.n; i++) {
		const char *host = primary->fact.hosts.at[i];
		if (count_of(survey, host, 4) != 1 ||
			count_of(survey, host, 6) != 1)
			continue;
		struct survey_server *other = survey->servers;
		for (; other != NULL; other = other->next)
			if (dns_names_hold(&other->fact.hosts, host))
				other->copy.is_primary = true;
	}
}

/* A server that was named and that the delegation has: by its glue too, as
 * nobody may be left to give its addresses with authority. */
static void take_listed(struct survey_named *named)
{
	struct survey_server *server = named->survey->servers;
	if (named->fact.name == NULL)
		return;
	for (; server != NULL; server = server->next) {
		if (!server->is_of_zone ||
			!dns_names_hold(&server->fact.hosts, named->fact.name))
			continue;
		add_address(named, &server->fact.addr);
		if (named->fact.lookup != DNS_LOOKUP_NOT_DONE)
			named->fact.lookup = DNS_LOOKUP_FOUND;
	}
}

static void take_all_listed(struct copies *copies)
{
	for (size_t i = 0; i < copies->options->n_primaries; i++)
		take_listed(&copies->primaries[i]);
	for (size_t i = 0; i < copies->options->n_secondaries; i++)
		take_listed(&copies->secondaries[i]);
	for (size_t i = 0; i < copies->n_mnames; i++)
		take_listed(&copies->mnames[i]);
}

static void complete_primaries(struct survey *survey)
{
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (server->copy.is_primary && server->copy.is_named)
			take_other_family(survey, server);
}

void copies_find_primaries(struct survey *survey)
{
	take_all_listed(survey->copies);
	infer_primary(survey);
	complete_primaries(survey);
}

bool copies_has(const struct survey_server *server)
{
	if (server->copy.is_primary)
		return true;
	if (server->survey->copies->options->n_secondaries > 0)
		return server->copy.is_named;
	return server->is_of_zone;
}

static struct dns_named *named_facts(
	struct arena *arena, const struct survey_named *named, size_t n)
{
	struct dns_named *facts = arena_array(arena, n, sizeof(*facts));
	for (size_t i = 0; i < n; i++)
		facts[i] = named[i].fact;
	return facts;
}

void copies_settle(struct survey *survey, struct secondary *s)
{
	const struct copies *copies = survey->copies;
	const struct dns_copies_options *options = copies->options;
	copies_find_primaries(survey);
	s->primary_is_given = options->n_primaries > 0;
	s->primary_is_inferred = copies->inferred != NULL;
	s->n_primaries = s->primary_is_inferred ? 1 : options->n_primaries;
	s->primaries = named_facts(survey->arena,
		s->primary_is_inferred ? copies->inferred : copies->primaries,
		s->n_primaries);
	s->n_secondaries = options->n_secondaries;
	s->secondaries = named_facts(
		survey->arena, copies->secondaries, s->n_secondaries);
	s->n_probes = options->n_probes;
	s->probes = arena_array(survey->arena, s->n_probes, sizeof(*s->probes));
	for (size_t i = 0; i < s->n_probes; i++)
		s->probes[i] = options->probes[i].text;
}
