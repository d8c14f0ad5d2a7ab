/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The zone's name servers: their names by parent and child, the addresses
 * by glue and by authority, and what each address answers.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/dnsnet/survey.h"

static void start_probes(struct survey_server *server);

/* -- sets ---------------------------------------------------------------- */

void names_insert(
	struct arena *arena, struct dns_names *names, const char *name)
{
	if (dns_names_hold(names, name))
		return;
	const char **grown = arena_grow(
		arena, names->at, names->n, names->n + 1, sizeof(*grown));
	size_t at = names->n++;
	for (; at > 0 && dns_name_compare(grown[at - 1], name) > 0; at--)
		grown[at] = grown[at - 1];
	grown[at] = name;
	names->at = grown;
}

/* False where there were as many already as count of one family. */
static bool addrs_insert(struct arena *arena, struct dns_addrs *addrs,
	const struct dns_addr *addr)
{
	if (dns_addrs_hold(addrs, addr))
		return true;
	if (addrs->n >= WALK_ADDRS_MAX * 2)
		return false;
	addrs->at = arena_grow(
		arena, addrs->at, addrs->n, addrs->n + 1, sizeof(*addrs->at));
	addrs->at[addrs->n++] = *addr;
	return true;
}

/* -- servers ------------------------------------------------------------- */

static struct survey_server *server_find(
	struct survey *survey, const struct dns_addr *addr, uint16_t port)
{
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (server->port == port &&
			dns_addr_compare(&server->fact.addr, addr) == 0)
			return server;
	return NULL;
}

static struct survey_server *server_new(
	struct survey *survey, const struct dns_addr *addr, uint16_t port)
{
	struct survey_server *server =
		arena_alloc(survey->arena, sizeof(*server));
	server->survey = survey;
	server->port = port;
	server->fact.addr = *addr;
	server->fact.addr_text = dns_addr_string(survey->arena, addr);
	server->fact.hosts.is_known = true;
	server->fact.delegation_ttl_s = -1;
	server->copy.ede = -1;
	server->next = survey->servers;
	survey->servers = server;
	survey->n_servers++;
	return server;
}

struct survey_server *survey_server_get(struct survey *survey, const char *host,
	const struct dns_addr *addr, uint16_t port)
{
	struct survey_server *server = server_find(survey, addr, port);
	bool is_new = server == NULL;
	if (is_new && survey->n_servers == SURVEY_SERVERS_MAX) {
		walk_limit(&survey->walk,
			"the name servers have more than %d addresses",
			SURVEY_SERVERS_MAX);
		survey->d->hosts_cut = true;
		return NULL;
	}
	if (is_new)
		server = server_new(survey, addr, port);
	if (host != NULL)
		names_insert(survey->arena, &server->fact.hosts, host);
	bool is_used = addr->family == 4 ? survey->options->use_v4
					 : survey->options->use_v6;
	if (is_new && is_used && delegation_permits(survey->d, addr))
		start_probes(server);
	return server;
}

static void add_server(
	struct survey_host *host, const struct dns_addr *addr, bool by_glue)
{
	struct survey_server *server =
		survey_server_get(host->survey, host->fact.name, addr, 0);
	if (server == NULL)
		return;
	server->is_of_zone = true;
	if (by_glue)
		server->fact.from_glue = true;
	else
		server->fact.from_auth = true;
}

/* -- hosts --------------------------------------------------------------- */

static void on_host_lookup(void *arg, const struct lookup *lookup)
{
	struct survey_host *host = arg;
	struct dns_host *fact = &host->fact;
	for (size_t i = 0; i < lookup->addrs.n; i++) {
		addrs_insert(host->survey->arena, &fact->addrs,
			&lookup->addrs.at[i]);
		add_server(host, &lookup->addrs.at[i], false);
	}
	fact->v4_known = lookup->v4_known;
	fact->v6_known = lookup->v6_known;
	fact->alias = lookup->alias;
	if (!lookup->is_done)
		return;
	fact->lookup = lookup->status;
	fact->why = lookup->why;
	fact->addrs.is_known = lookup->v4_known && lookup->v6_known;
}

static struct survey_host *host_get(struct survey *survey, const char *name)
{
	struct survey_host *host = survey->hosts;
	for (; host != NULL; host = host->next)
		if (dns_name_compare(host->fact.name, name) == 0)
			return host;
	if (survey->n_hosts == WALK_HOSTS_MAX) {
		walk_limit(&survey->walk, "more than %d name servers",
			WALK_HOSTS_MAX);
		survey->d->hosts_cut = true;
		return NULL;
	}
	host = arena_alloc(survey->arena, sizeof(*host));
	host->survey = survey;
	host->fact.name = name;
	host->fact.needs_glue = dns_name_in(name, survey->options->zone);
	host->next = survey->hosts;
	survey->hosts = host;
	survey->n_hosts++;
	lookup_start(&survey->walk, name, 0, on_host_lookup, host);
	return host;
}

void survey_add_host(struct survey *survey, const char *name, bool by_parent)
{
	struct survey_host *host = host_get(survey, name);
	if (host == NULL)
		return;
	if (by_parent)
		host->fact.in_parent = true;
	else
		host->fact.in_child = true;
}

void survey_add_glue(
	struct survey *survey, const char *name, const struct dns_addr *addr)
{
	struct survey_host *host = host_get(survey, name);
	if (host == NULL)
		return;
	if (!addrs_insert(survey->arena, &host->fact.glue, addr)) {
		walk_limit(&survey->walk, "%s has more than %d addresses", name,
			WALK_ADDRS_MAX * 2);
		survey->d->hosts_cut = true;
		return;
	}
	struct cut *cut = cut_of(&survey->walk, survey->options->zone);
	if (cut != NULL && delegation_permits(survey->d, addr))
		cut_add_server(&survey->walk, cut, host->fact.name, addr);
	add_server(host, addr, true);
}

/* -- what a server answers ----------------------------------------------- */

/* The zone's NS set out of a section; false where it is not in there. */
static bool take_ns_of(struct survey *survey, const struct dns_section *section,
	struct dns_names *ns, int64_t *ttl_s)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct dns_rr *rr = &section->at[i];
		if (rr->type != DNS_TYPE_NS ||
			dns_name_compare(rr->owner, survey->options->zone) != 0)
			continue;
		names_insert(survey->arena, ns, rr->target);
		*ttl_s = rr->ttl_s;
		survey_add_host(survey, rr->target, false);
	}
	return ns->n > 0;
}

/* The zone's NS set out of an authoritative answer. */
static void take_ns(struct survey *survey, const struct reply *reply,
	struct dns_names *ns, int64_t *ttl_s)
{
	if (reply->probe.kind != DNS_KIND_ANSWER ||
		!reply->probe.is_authoritative)
		return;
	ns->is_known = true;
	take_ns_of(survey, &reply->message->answer, ns, ttl_s);
}

void survey_take_soa(const struct survey *survey, const struct reply *reply,
	struct dns_soa *soa)
{
	if (reply->probe.kind != DNS_KIND_ANSWER)
		return;
	const struct dns_section *answer = &reply->message->answer;
	for (size_t i = 0; i < answer->n; i++)
		if (answer->at[i].type == DNS_TYPE_SOA &&
			dns_name_compare(answer->at[i].owner,
				survey->options->zone) == 0)
			*soa = answer->at[i].soa;
}

static void on_soa_udp(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	struct dns_server *fact = &server->fact;
	fact->soa_udp = reply->probe;
	server->soa = reply->message;
	if (reply->message != NULL)
		fact->nsid = reply->message->nsid;
	fact->edns = reply->edns;
	fact->edns_rcode = reply->edns_rcode;
	survey_take_soa(server->survey, reply, &fact->soa);
	if (server->survey->copies != NULL)
		copies_soa(server, reply);
}

static void on_ns_udp(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->fact.ns_udp = reply->probe;
	server->ns = reply->message;
	take_ns(server->survey, reply, &server->fact.ns,
		&server->fact.delegation_ttl_s);
}

static void on_ns_tcp(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	int64_t ttl_s = 0;
	server->fact.ns_tcp = reply->probe;
	take_ns(server->survey, reply, &server->fact.tcp_ns, &ttl_s);
}

static void probe(struct survey_server *server, enum dns_type type,
	bool over_tcp, reply_fn fn);

/* Most servers send the NS set along with the SOA; those that don't are
 * asked for it on the same connection. Two questions at once would not be
 * quicker: many servers hold the second answer back until the first is
 * acknowledged. */
static void on_soa_tcp(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	struct dns_server *fact = &server->fact;
	int64_t ttl_s = 0;
	fact->soa_tcp = reply->probe;
	survey_take_soa(server->survey, reply, &fact->tcp_soa);
	if (reply->probe.outcome == DNS_ANSWERED)
		pause_cancel(&server->survey->tcp_control);
	if (reply->probe.kind != DNS_KIND_ANSWER ||
		!reply->probe.is_authoritative)
		return;
	fact->tcp_ns.is_known = take_ns_of(server->survey,
		&reply->message->authority, &fact->tcp_ns, &ttl_s);
	if (!fact->tcp_ns.is_known)
		probe(server, DNS_TYPE_NS, true, on_ns_tcp);
}

/* A record, or with recursion on offer a denial, of a name that is not the
 * server's own: it asked others, or answers out of its cache. */
static bool is_answered(const struct dns_probe *probe)
{
	if (probe->is_authoritative)
		return false;
	if (probe->kind == DNS_KIND_ANSWER)
		return true;
	return probe->offers_recursion &&
	       (probe->kind == DNS_KIND_NODATA ||
		       probe->kind == DNS_KIND_NXDOMAIN ||
		       probe->kind == DNS_KIND_ALIAS);
}

static void on_foreign(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->fact.foreign = reply->probe;
	server->fact.foreign_is_answered = is_answered(&reply->probe);
}

/* -- controls of TCP ----------------------------------------------------- */

static void on_control(void *arg, const struct reply *reply)
{
	(void)arg;
	(void)reply; /* that it came is counted by the exchanges */
}

static void ask_over_tcp(struct survey *survey, const struct dns_addr *addr)
{
	struct ask ask = { .question = { .name = ".", .type = DNS_TYPE_SOA },
		.addr = *addr,
		.over_tcp = true,
		.tries = 2,
		.zone = "." };
	exchanges_ask(survey->walk.exchanges, &ask, on_control, survey);
}

/* Nothing came over TCP yet: is it the servers, or is it this host? A root
 * and a server of the parent of each family are asked. */
static void on_tcp_control(void *arg)
{
	struct survey *survey = arg;
	const struct sightings *seen = exchanges_seen(survey->walk.exchanges);
	if (seen->tcp.answered > 0)
		return;
	for (size_t i = 0; i < survey->n_controls; i++)
		ask_over_tcp(survey, &survey->controls[i].addr);
	bool has_family[2] = { false, false };
	for (size_t i = 0; i < survey->d->n_parents; i++) {
		const struct dns_parent_server *fact = &survey->parents[i].fact;
		bool is_v4 = fact->addr.family == 4;
		if (fact->probe.outcome != DNS_ANSWERED || has_family[is_v4])
			continue;
		has_family[is_v4] = true;
		ask_over_tcp(survey, &fact->addr);
	}
}

/* -- the questions ------------------------------------------------------- */

static struct ask ask_of(const struct survey_server *server)
{
	const struct survey *survey = server->survey;
	const struct dns_names *hosts = &server->fact.hosts;
	return (struct ask){ .addr = server->fact.addr,
		.port = server->port,
		.tries = survey->options->tries,
		.zone = survey->options->zone,
		.host = hosts->n > 0 ? hosts->at[0] : NULL };
}

void survey_ask(struct survey_server *server,
	const struct dns_question *question, reply_fn fn, void *arg)
{
	struct ask ask = ask_of(server);
	ask.question = *question;
	exchanges_ask(server->survey->walk.exchanges, &ask, fn, arg);
}

static void probe(struct survey_server *server, enum dns_type type,
	bool over_tcp, reply_fn fn)
{
	struct survey *survey = server->survey;
	struct ask ask = ask_of(server);
	ask.question = (struct dns_question){ .name = survey->options->zone,
		.type = type,
		.wants_dnssec = !over_tcp,
		.wants_nsid = type == DNS_TYPE_SOA,
		.wants_expire =
			type == DNS_TYPE_SOA && survey->copies != NULL };
	ask.over_tcp = over_tcp;
	ask.wants_edns_verdict = type == DNS_TYPE_SOA && !over_tcp;
	exchanges_ask(survey->walk.exchanges, &ask, fn, server);
}

static void probe_foreign(struct survey_server *server)
{
	struct survey *survey = server->survey;
	if (survey->foreign == NULL)
		return;
	struct ask ask = ask_of(server);
	ask.question = (struct dns_question){ .name = survey->foreign,
		.type = DNS_TYPE_A,
		.wants_recursion = true };
	ask.tries = 1;
	ask.zone = ".";
	exchanges_ask(survey->walk.exchanges, &ask, on_foreign, server);
}

static void start_probes(struct survey_server *server)
{
	struct survey *survey = server->survey;
	probe(server, DNS_TYPE_SOA, false, on_soa_udp);
	probe(server, DNS_TYPE_NS, false, on_ns_udp);
	probe(server, DNS_TYPE_SOA, true, on_soa_tcp);
	probe_foreign(server);
	server->is_asked = true;
	if (survey->expects_signatures)
		signatures_ask(server);
	if (survey->copies != NULL)
		copies_ask(server);
	bool is_first = survey->servers == server && server->next == NULL;
	if (is_first)
		pause_set(survey->walk.exchanges, &survey->tcp_control,
			SURVEY_CONTROL_US, on_tcp_control, survey);
}

/* -- a parent server that is the zone's too ------------------------------ */

static void on_seed_ns(void *arg, const struct reply *reply)
{
	struct dns_names ns = { 0 };
	int64_t ttl_s = 0;
	take_ns(arg, reply, &ns, &ttl_s);
}

void survey_add_seed(struct survey *survey, const struct cut_server *server)
{
	struct cut *cut = cut_add(&survey->walk, survey->options->zone, 0);
	if (cut != NULL)
		cut_add_server(&survey->walk, cut, server->host, &server->addr);
	struct ask ask = { .question = { .name = survey->options->zone,
				   .type = DNS_TYPE_NS },
		.addr = server->addr,
		.tries = survey->options->tries,
		.zone = survey->options->zone,
		.host = server->host };
	exchanges_ask(survey->walk.exchanges, &ask, on_seed_ns, survey);
}

/* -- the facts ----------------------------------------------------------- */

static int compare_hosts(const void *a, const void *b)
{
	const struct dns_host *one = a, *two = b;
	return dns_name_compare(one->name, two->name);
}

static int compare_servers(const void *a, const void *b)
{
	const struct dns_server *one = a, *two = b;
	return dns_addr_compare(&one->addr, &two->addr);
}

static int compare_addrs(const void *a, const void *b)
{
	return dns_addr_compare(a, b);
}

static void sort_addrs(struct dns_addrs *addrs)
{
	if (addrs->n > 1)
		qsort(addrs->at, addrs->n, sizeof(*addrs->at), compare_addrs);
}

/* Whether resolvers get to this address of this name by the delegation. */
static bool carries(const struct delegation *d, const struct dns_host *host,
	const struct dns_addr *addr)
{
	bool is_listed =
		d->cut == DNS_CUT_DELEGATED ? host->in_parent : host->in_child;
	if (!is_listed)
		return false;
	/* A referral may lack glue of one family for want of room. */
	for (size_t i = 0; i < host->glue.n; i++)
		if (host->glue.at[i].family == addr->family)
			return dns_addrs_hold(&host->glue, addr);
	return dns_addrs_hold(&host->addrs, addr);
}

static void mark_carriers(struct delegation *d)
{
	for (size_t s = 0; s < d->n_servers; s++)
		for (size_t h = 0; h < d->n_hosts; h++)
			if (carries(d, &d->hosts[h], &d->servers[s].addr))
				d->servers[s].carries = true;
}

void survey_collect(struct survey *survey)
{
	struct delegation *d = survey->d;
	d->hosts =
		arena_array(survey->arena, survey->n_hosts, sizeof(*d->hosts));
	struct survey_host *host = survey->hosts;
	for (; host != NULL; host = host->next) {
		host->fact.glue.is_known = d->cut == DNS_CUT_DELEGATED;
		sort_addrs(&host->fact.glue);
		sort_addrs(&host->fact.addrs);
		d->hosts[d->n_hosts++] = host->fact;
	}
	d->servers = arena_array(
		survey->arena, survey->n_servers, sizeof(*d->servers));
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (server->is_of_zone ||
			(server->copy.is_named && !server->copy.is_primary))
			d->servers[d->n_servers++] = server->fact;
	if (d->n_hosts > 1)
		qsort(d->hosts, d->n_hosts, sizeof(*d->hosts), compare_hosts);
	if (d->n_servers > 1)
		qsort(d->servers, d->n_servers, sizeof(*d->servers),
			compare_servers);
	mark_carriers(d);
}
