/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The copies of the zone: the servers that the user named, the primary by
 * the SOA's MNAME, what is asked of each copy beside the delegation, and a
 * second look where two of them seem to differ.
 */
#include "config.h"

#include <stdlib.h>

#include "common/core/num.h"
#include "common/dnsnet/channel.h"
#include "common/dnsnet/survey.h"
#include "common/dnsnet/transfer.h"

enum {
	COPIES_MNAMES_MAX = 4, /* different ones that are looked up */
};

/* A server by --primary, --secondary or an MNAME, while it is looked for. */
struct survey_named {
	struct survey *survey;
	struct dns_named fact;
	struct dns_addrs addrs;
	bool is_primary, is_given;
	bool is_transferring; /* a transfer from one of its addresses began */
};

struct copies {
	const struct dns_copies_options *options;
	struct survey_named *primaries, *secondaries;
	struct survey_named mnames[COPIES_MNAMES_MAX];
	size_t n_mnames;
	struct survey_named *inferred; /* one of mnames, or NULL */
	unsigned round;                /* of second looks */
};

/* An answer to one --probe on its way. */
struct contents_ask {
	struct survey_server *server;
	struct dns_contents *contents;
};

/* -- transfers ----------------------------------------------------------- */

static struct transfer_ask transfer_of(const struct survey_server *server)
{
	const struct survey *survey = server->survey;
	const struct dns_options *options = survey->options;
	const struct dns_copies_options *copies = survey->copies->options;
	return (struct transfer_ask){ .zone = options->zone,
		.addr = channel_contacted(options, &server->fact.addr),
		.port = server->port != 0 ? server->port : options->port,
		.records_max = copies->records_max,
		.now_s = options->now_s };
}

static void on_transfer(void *arg, const struct dns_transfer *transfer)
{
	struct survey_server *server = arg;
	server->copy.transfer = *transfer;
}

static void transfer_with_key(struct survey_server *server)
{
	server->is_transferring = true;
	const struct dns_copies_options *options =
		server->survey->copies->options;
	struct transfer_ask ask = transfer_of(server);
	ask.key = options->key;
	ask.wants_zonemd = options->wants_zonemd;
	transfer_start(
		server->survey->walk.exchanges, &ask, on_transfer, server);
}

static void on_stranger(void *arg, const struct dns_transfer *transfer)
{
	struct survey_server *server = arg;
	server->copy.stranger = *transfer;
}

static void transfer_as_stranger(struct survey_server *server)
{
	struct transfer_ask ask = transfer_of(server);
	ask.stops_at_first = true;
	transfer_start(
		server->survey->walk.exchanges, &ask, on_stranger, server);
}

static bool is_at(
	const struct survey_named *named, const struct survey_server *server)
{
	return named->fact.port == server->port &&
	       dns_addrs_hold(&named->addrs, &server->fact.addr);
}

/* Which primary is at this server, or which MNAME where none was given. */
static struct survey_named *primary_at(const struct survey_server *server)
{
	struct copies *copies = server->survey->copies;
	for (size_t i = 0; i < copies->options->n_primaries; i++)
		if (is_at(&copies->primaries[i], server))
			return &copies->primaries[i];
	for (size_t i = 0; i < copies->n_mnames; i++)
		if (is_at(&copies->mnames[i], server))
			return &copies->mnames[i];
	return NULL;
}

/* Another address of the same secondary does it already. */
static bool is_transferred_elsewhere(const struct survey_server *server)
{
	const struct survey_server *other = server->survey->servers;
	for (; other != NULL; other = other->next)
		for (size_t i = 0;
			other->is_transferring && i < server->fact.hosts.n; i++)
			if (dns_names_hold(&other->fact.hosts,
				    server->fact.hosts.at[i]))
				return true;
	return false;
}

/* A server that serves the zone: it may be known for the primary by now. */
static void transfer_if_primary(struct survey_server *server)
{
	const struct dns_copies_options *options =
		server->survey->copies->options;
	struct survey_named *primary = primary_at(server);
	if (options->key == NULL || primary == NULL || primary->is_transferring)
		return;
	primary->is_transferring = true;
	transfer_with_key(server);
}

/* -- servers that were named --------------------------------------------- */

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

/* No primary was given: it may be the MNAME (RFC 1035 section 3.3.13). */
static void consider_mname(struct survey *survey, const char *mname)
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

/* -- what is asked of each copy ------------------------------------------ */

static void take_contents(struct arena *arena, const struct dns_probe *probe,
	const struct dns_message *message, struct dns_contents *contents)
{
	contents->probe = *probe;
	if (!probe->is_authoritative)
		return;
	if (probe->kind == DNS_KIND_ANSWER || probe->kind == DNS_KIND_ALIAS)
		contents->records = dns_message_contents(arena, message);
	else if (probe->kind == DNS_KIND_NODATA ||
		 probe->kind == DNS_KIND_NXDOMAIN)
		contents->records.is_known = true;
}

static void on_contents(void *arg, const struct reply *reply)
{
	struct contents_ask *ask = arg;
	take_contents(ask->server->survey->arena, &reply->probe, reply->message,
		ask->contents);
}

static void ask_contents(struct survey_server *server,
	const struct dns_probe_name *name, struct dns_contents *contents)
{
	struct survey *survey = server->survey;
	struct contents_ask *ask = arena_alloc(survey->arena, sizeof(*ask));
	ask->server = server;
	ask->contents = contents;
	struct dns_question question = { .name = name->name,
		.type = (enum dns_type)name->type };
	survey_ask(server, &question, on_contents, ask);
}

/* Every server is asked for the zone's NS set anyhow. */
static bool is_ns_set(
	const struct survey *survey, const struct dns_probe_name *name)
{
	return name->type == DNS_TYPE_NS &&
	       dns_name_compare(name->name, survey->options->zone) == 0;
}

void copies_ask(struct survey_server *server)
{
	struct survey *survey = server->survey;
	const struct dns_copies_options *options = survey->copies->options;
	server->copy.contents = arena_array(survey->arena, options->n_probes,
		sizeof(*server->copy.contents));
	for (size_t i = 0; i < options->n_probes; i++)
		if (!is_ns_set(survey, &options->probes[i]))
			ask_contents(server, &options->probes[i],
				&server->copy.contents[i]);
	if (options->asks_as_stranger)
		transfer_as_stranger(server);
}

static void ask_contents_again(struct survey_server *server)
{
	struct survey *survey = server->survey;
	const struct dns_copies_options *options = survey->copies->options;
	server->copy.later_contents = arena_array(survey->arena,
		options->n_probes, sizeof(*server->copy.later_contents));
	for (size_t i = 0; i < options->n_probes; i++)
		ask_contents(server, &options->probes[i],
			&server->copy.later_contents[i]);
}

/* What came of the questions for the NS set. */
static void take_ns_sets(struct survey *survey)
{
	const struct dns_copies_options *options = survey->copies->options;
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		for (size_t i = 0; server->is_asked && i < options->n_probes;
			i++)
			if (is_ns_set(survey, &options->probes[i]))
				take_contents(survey->arena,
					&server->fact.ns_udp, server->ns,
					&server->copy.contents[i]);
}

static bool serves(const struct survey_server *server)
{
	const struct dns_probe *udp = &server->fact.soa_udp;
	return udp->kind == DNS_KIND_ANSWER && udp->is_authoritative &&
	       server->fact.soa.is_known;
}

void copies_soa(struct survey_server *server, const struct reply *reply)
{
	const struct dns_message *message = reply->message;
	struct dns_copy *copy = &server->copy;
	if (message != NULL) {
		copy->has_expire = message->has_expire;
		copy->expire_s = message->expire_s;
		copy->ede = message->has_ede ? message->ede : -1;
		copy->ede_text = message->ede_text;
	}
	if (!serves(server))
		return;
	if (server->is_of_zone)
		consider_mname(server->survey, server->fact.soa.mname);
	transfer_if_primary(server);
}

/* -- the second look ----------------------------------------------------- */

static void on_later_soa(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	if (reply->probe.is_authoritative)
		survey_take_soa(server->survey, reply, &server->copy.later_soa);
}

static void on_contents_soa(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	if (reply->probe.is_authoritative)
		survey_take_soa(
			server->survey, reply, &server->copy.contents_soa);
}

static void ask_soa_again(struct survey_server *server, reply_fn fn)
{
	struct dns_question question = { .name = server->survey->options->zone,
		.type = DNS_TYPE_SOA };
	survey_ask(server, &question, fn, server);
}

/* The votes of the servers for an MNAME. */
static size_t votes_for(const struct survey *survey, const char *mname)
{
	size_t votes = 0;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		votes += server->is_of_zone && serves(server) &&
			 dns_name_compare(server->fact.soa.mname, mname) == 0;
	return votes;
}

/* Whether every server of the zone is at the addresses of this one name,
 * although there are several names: then it names them all, not a primary. */
static bool is_everybody(
	const struct survey *survey, const struct survey_named *named)
{
	size_t n_hosts = 0;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (server->is_of_zone && !is_at(named, server))
			return false;
	const struct survey_host *host = survey->hosts;
	for (; host != NULL; host = host->next)
		n_hosts += host->fact.in_parent || host->fact.in_child;
	return n_hosts > 1;
}

/* A primary's copy does not run out: it answers all of its SOA's expire (RFC
 * 7314 section 3.1). */
static bool runs_out(const struct survey_named *named)
{
	const struct survey_server *server = named->survey->servers;
	for (; server != NULL; server = server->next)
		if (is_at(named, server) && serves(server) &&
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
		(is_everybody(survey, copies->inferred) ||
			runs_out(copies->inferred)))
		copies->inferred = NULL;
	struct survey_server *server = survey->servers;
	for (; copies->n_mnames > 0 && server != NULL; server = server->next)
		server->copy.is_primary = copies->inferred != NULL &&
					  is_at(copies->inferred, server);
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

static void find_primaries(struct survey *survey)
{
	take_all_listed(survey->copies);
	infer_primary(survey);
	complete_primaries(survey);
}

/* Whether a server's copy is one of those that are compared. */
static bool is_copy(const struct survey_server *server)
{
	if (server->copy.is_primary)
		return true;
	if (server->survey->copies->options->n_secondaries > 0)
		return server->copy.is_named;
	return server->is_of_zone;
}

/* Whether a would be the better one to hold the others against. */
static bool outranks(
	const struct survey_server *a, const struct survey_server *b)
{
	if (a->copy.is_primary != b->copy.is_primary)
		return a->copy.is_primary;
	return num_serial_compare(a->fact.soa.serial, b->fact.soa.serial) == 1;
}

/* Who has the serial that the others should have: the newest of the
 * primaries, of all where none of those serves the zone. NULL: nobody
 * does. */
static const struct survey_server *newest(const struct survey *survey)
{
	const struct survey_server *found = NULL;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (is_copy(server) && serves(server) &&
			(found == NULL || outranks(server, found)))
			found = server;
	return found;
}

static bool contents_equal(
	const struct dns_contents *a, const struct dns_contents *b)
{
	if (!a->records.is_known || !b->records.is_known)
		return true;
	return a->probe.kind == b->probe.kind &&
	       dns_names_equal(&a->records, &b->records);
}

static bool hold_the_same(
	const struct survey_server *a, const struct survey_server *b)
{
	size_t n = a->survey->copies->options->n_probes;
	for (size_t i = 0; i < n; i++)
		if (!contents_equal(&a->copy.contents[i], &b->copy.contents[i]))
			return false;
	return true;
}

/* Whether somebody at the same serial (any, where all are independent) gives
 * other records. */
static bool differs(const struct survey_server *server)
{
	const struct survey *survey = server->survey;
	const struct survey_server *other = survey->servers;
	for (; other != NULL; other = other->next)
		if (other != server && is_copy(other) && serves(other) &&
			(survey->copies->options->is_independent ||
				other->fact.soa.serial ==
					server->fact.soa.serial) &&
			!hold_the_same(server, other))
			return true;
	return false;
}

/* Those that seem behind, ahead or different: once more, as the zone may
 * have changed while it was looked at. */
static bool look_again(struct survey *survey)
{
	bool asked = false;
	take_ns_sets(survey);
	const struct survey_server *reference = newest(survey);
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next) {
		if (!is_copy(server) || !serves(server))
			continue;
		bool is_apart =
			!survey->copies->options->is_independent &&
			server->fact.soa.serial != reference->fact.soa.serial;
		bool is_different = differs(server);
		if (!is_apart && !is_different)
			continue;
		if (is_apart)
			ask_soa_again(server, on_later_soa);
		if (is_different)
			ask_contents_again(server);
		asked = true;
	}
	return asked;
}

/* The primary, behind the secondaries: ahead of it then is ahead. And who was
 * asked for contents again: at the serial from before they are its. */
static bool look_behind(struct survey *survey)
{
	bool asked = false;
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next) {
		if (server->copy.is_primary && serves(server)) {
			ask_soa_again(server, on_later_soa);
			asked = true;
		}
		if (server->copy.later_contents != NULL) {
			ask_soa_again(server, on_contents_soa);
			asked = true;
		}
	}
	return asked;
}

/* A primary that was not known for one when it answered; and one that is
 * silent over UDP may transfer all the same. */
static bool transfer_late(struct survey_named *named)
{
	struct survey_server *server = named->survey->servers;
	if (named->is_transferring)
		return false;
	while (server != NULL && (!server->is_asked || !is_at(named, server)))
		server = server->next;
	if (server == NULL)
		return false;
	named->is_transferring = true;
	transfer_with_key(server);
	return true;
}

/* Transfers that had to wait until it was known who is who. */
static bool transfer_rest(struct survey *survey)
{
	struct copies *copies = survey->copies;
	bool started = false;
	if (copies->options->key == NULL)
		return false;
	for (size_t i = 0; i < copies->options->n_primaries; i++)
		started |= transfer_late(&copies->primaries[i]);
	if (copies->inferred != NULL)
		started |= transfer_late(copies->inferred);
	struct survey_server *server = survey->servers;
	for (; copies->options->transfers_secondaries && server != NULL;
		server = server->next) {
		if (server->copy.is_primary || !is_copy(server) ||
			!serves(server) || is_transferred_elsewhere(server))
			continue;
		transfer_with_key(server);
		started = true;
	}
	return started;
}

bool copies_again(struct survey *survey)
{
	struct copies *copies = survey->copies;
	bool asked = false;
	find_primaries(survey);
	switch (copies->round++) {
	case 0:
		asked = transfer_rest(survey);
		if (!look_again(survey))
			copies->round++;
		else
			asked = true;
		return asked;
	case 1:
		return look_behind(survey);
	default:
		return false;
	}
}

/* -- the facts ----------------------------------------------------------- */

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
	take_ns_sets(survey);
	find_primaries(survey);
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

static const char *key_of(
	struct arena *arena, const struct survey_server *server)
{
	if (server->port == 0)
		return server->fact.addr_text;
	return arena_printf(arena, "[%s]:%u", server->fact.addr_text,
		(unsigned)server->port);
}

static void take_copy(const struct delegation *d, struct survey_server *server,
	struct dns_copy *out)
{
	*out = server->copy;
	out->server = server->fact;
	out->port = server->port;
	out->key = key_of(server->survey->arena, server);
	if (out->contents == NULL) /* never asked */
		out->contents = arena_array(server->survey->arena,
			server->survey->copies->options->n_probes,
			sizeof(*out->contents));
	for (size_t i = 0; server->is_of_zone && i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];
		if (!dns_names_hold(&server->fact.hosts, host->name))
			continue;
		out->in_parent |= host->in_parent;
		out->in_child |= host->in_child;
	}
	/* What the delegation's own questions found out about the server. */
	for (size_t i = 0; i < d->n_servers; i++)
		if (server->is_of_zone && dns_addr_compare(&d->servers[i].addr,
						  &server->fact.addr) == 0)
			out->server.carries = d->servers[i].carries;
}

static int compare_copies(const void *a, const void *b)
{
	const struct dns_copy *one = a, *two = b;
	int order = two->is_primary - one->is_primary;
	if (order == 0)
		order = dns_addr_compare(&one->server.addr, &two->server.addr);
	return order != 0 ? order : one->port - two->port;
}

void copies_collect(struct survey *survey, struct secondary *s)
{
	s->copies = arena_array(
		survey->arena, survey->n_servers, sizeof(*s->copies));
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (is_copy(server))
			take_copy(&s->d, server, &s->copies[s->n_copies++]);
	if (s->n_copies > 1)
		qsort(s->copies, s->n_copies, sizeof(*s->copies),
			compare_copies);
}
