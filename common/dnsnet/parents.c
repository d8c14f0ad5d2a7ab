/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent's servers, asked for the delegation: the zone's SOA, which a
 * server that is not the zone's own answers with a referral (NS, glue and,
 * with DO, DS), and one that is, with authority.
 */
#include "config.h"

#include "common/dnsnet/survey.h"

static void ask_hosts(struct survey *survey, size_t count);

/* -- what a parent server says ------------------------------------------ */

/* The zone's name servers and their glue, as the parent hands them out. */
static void hand_out(struct survey *survey, const struct dns_names *ns,
	const struct dns_message *message)
{
	for (size_t i = 0; i < ns->n; i++)
		survey_add_host(survey, ns->at[i], true);
	for (size_t i = 0; i < message->additional.n; i++) {
		const struct dns_rr *rr = &message->additional.at[i];
		if (rr->addr.family != 0 && dns_names_hold(ns, rr->owner) &&
			glue_is_credible(rr->owner, survey->parent_zone))
			survey_add_glue(survey, rr->owner, &rr->addr);
	}
}

static void take_referral(
	struct survey_parent *parent, const struct reply *reply)
{
	struct survey *survey = parent->survey;
	const struct dns_message *message = reply->message;
	struct dns_parent_server *fact = &parent->fact;
	cut_from_referral(&survey->walk, survey->parent_zone, 0, reply);
	parent->ds = message;
	for (size_t i = 0; i < message->authority.n; i++) {
		const struct dns_rr *rr = &message->authority.at[i];
		if (rr->type != DNS_TYPE_NS ||
			dns_name_compare(rr->owner, survey->options->zone) != 0)
			continue;
		names_insert(survey->arena, &fact->ns, rr->target);
		fact->ttl_s = rr->ttl_s;
	}
	fact->ns.is_known = true;
	fact->n_ds = message->n_ds;
	fact->referral_size = message->plain_size;
	if (message->n_ds > 0)
		survey_expect_signatures(survey);
	if (!survey->d->ns_is_given)
		hand_out(survey, &fact->ns, message);
}

static void on_parent_ds(void *arg, const struct reply *reply)
{
	struct survey_parent *parent = arg;
	if (!reply->probe.is_authoritative)
		return;
	if (reply->probe.kind == DNS_KIND_ANSWER ||
		reply->probe.kind == DNS_KIND_NODATA)
		parent->ds = reply->message;
	if (reply->probe.kind == DNS_KIND_ANSWER)
		survey_expect_signatures(parent->survey);
}

/* A server of parent and child shows its parent side in the DS alone (RFC
 * 4035 section 3.1.4.1). */
static void ask_for_ds(struct survey_parent *parent)
{
	const struct survey *survey = parent->survey;
	struct ask ask = { .question = { .name = survey->options->zone,
				   .type = DNS_TYPE_DS,
				   .wants_dnssec = true },
		.addr = parent->fact.addr,
		.tries = survey->options->tries,
		.zone = survey->parent_zone,
		.host = parent->fact.host };
	exchanges_ask(survey->walk.exchanges, &ask, on_parent_ds, parent);
}

static void take_reply(struct survey_parent *parent, const struct reply *reply)
{
	struct survey *survey = parent->survey;
	struct dns_parent_server *fact = &parent->fact;
	fact->probe = reply->probe;
	fact->holder = reply->meaning.holder;
	if (reply->probe.outcome == DNS_ANSWERED)
		pause_cancel(&survey->udp_control);
	if (reply->probe.kind == DNS_KIND_ANSWER &&
		reply->probe.is_authoritative) {
		fact->serves_child = true;
		struct cut_server server = { fact->host, fact->addr };
		ask_for_ds(parent);
		if (!survey->d->ns_is_given)
			survey_add_seed(survey, &server);
	}
	bool is_absent = reply->probe.kind == DNS_KIND_NODATA ||
			 reply->probe.kind == DNS_KIND_NXDOMAIN;
	if (is_absent && reply->probe.is_authoritative)
		parent->ds = reply->message; /* there is none, then */
	if (reply->probe.kind != DNS_KIND_REFERRAL)
		return;
	if (dns_name_compare(reply->meaning.cut, survey->options->zone) == 0)
		take_referral(parent, reply);
	else if (survey->deeper == NULL)
		survey->deeper = cut_from_referral(
			&survey->walk, survey->parent_zone, 0, reply);
}

/* Whether any parent server has said where the zone is, or is not. */
static bool is_settled(const struct survey *survey)
{
	for (size_t i = 0; i < survey->d->n_parents; i++) {
		const struct dns_parent_server *fact = &survey->parents[i].fact;
		if (fact->ns.is_known || fact->serves_child)
			return true;
		if (fact->probe.is_authoritative &&
			fact->probe.kind != DNS_KIND_ERROR)
			return true;
	}
	return false;
}

/* All that were asked have answered or not: is it enough? */
static void round_end(struct survey *survey)
{
	struct cut *deeper = survey->deeper;
	if (is_settled(survey)) {
		survey->stage = SURVEY_SERVERS;
		return;
	}
	if (deeper != NULL) {
		survey->deeper = NULL;
		survey->d->n_parents = 0;
		descent_start(survey, deeper);
		return;
	}
	/* Those chosen are all dead: the others may still speak. */
	if (survey->n_parent_hosts_asked < survey->parent_cut->n_hosts)
		ask_hosts(survey, survey->parent_cut->n_hosts);
}

static void one_less(struct survey *survey)
{
	if (--survey->n_parents_open == 0)
		round_end(survey);
}

static void on_parent(void *arg, const struct reply *reply)
{
	struct survey_parent *parent = arg;
	take_reply(parent, reply);
	one_less(parent->survey);
}

/* -- whom to ask --------------------------------------------------------- */

static void ask_parent(
	struct survey *survey, const char *host, const struct dns_addr *addr)
{
	struct delegation *d = survey->d;
	if (d->n_parents == SURVEY_PARENTS_MAX)
		return;
	for (size_t i = 0; i < d->n_parents; i++)
		if (dns_addr_compare(&survey->parents[i].fact.addr, addr) == 0)
			return;
	struct survey_parent *parent = &survey->parents[d->n_parents++];
	*parent = (struct survey_parent){ .survey = survey };
	parent->fact.host = host;
	parent->fact.addr = *addr;
	parent->fact.addr_text = dns_addr_string(survey->arena, addr);
	bool is_used = addr->family == 4 ? survey->options->use_v4
					 : survey->options->use_v6;
	if (!is_used)
		return;
	struct ask ask = { .question = { .name = survey->options->zone,
				   .type = DNS_TYPE_SOA,
				   .wants_dnssec = true },
		.addr = *addr,
		.tries = survey->options->tries,
		.zone = survey->parent_zone,
		.host = host };
	survey->n_parents_open++;
	exchanges_ask(survey->walk.exchanges, &ask, on_parent, parent);
}

/* A name server of the parent whose address has to be looked up first. */
struct parent_lookup {
	struct survey *survey;
	bool is_done;
};

static void on_parent_lookup(void *arg, const struct lookup *lookup)
{
	struct parent_lookup *wait = arg;
	if (!lookup->is_done || wait->is_done)
		return;
	wait->is_done = true;
	for (size_t i = 0; i < lookup->addrs.n; i++)
		if (delegation_permits(wait->survey->d, &lookup->addrs.at[i]))
			ask_parent(wait->survey, lookup->name,
				&lookup->addrs.at[i]);
	one_less(wait->survey);
}

static void ask_host(struct survey *survey, const char *host)
{
	const struct cut *cut = survey->parent_cut;
	bool has_address = false;
	for (size_t i = 0; i < cut->n_servers; i++)
		if (cut->servers[i].host != NULL &&
			dns_name_compare(cut->servers[i].host, host) == 0) {
			ask_parent(survey, host, &cut->servers[i].addr);
			has_address = true;
		}
	if (has_address)
		return;
	struct parent_lookup *wait = arena_alloc(survey->arena, sizeof(*wait));
	wait->survey = survey;
	survey->n_parents_open++;
	lookup_start(&survey->walk, host, 1, on_parent_lookup, wait);
}

/* Asks up to count names of the parent's set; the hash of the zone says
 * where to begin, so that every run on it asks the same. */
static void ask_hosts(struct survey *survey, size_t count)
{
	const struct cut *cut = survey->parent_cut;
	struct dns_names sorted = { 0 };
	for (size_t i = 0; i < cut->n_hosts; i++)
		names_insert(survey->arena, &sorted, cut->hosts[i]);
	size_t start = walk_hash(survey->options->zone);
	survey->n_parents_open++; /* holds the round open */
	while (survey->n_parent_hosts_asked < sorted.n && count-- > 0)
		ask_host(survey,
			sorted.at[(start + survey->n_parent_hosts_asked++) %
				  sorted.n]);
	one_less(survey);
}

/* Where only addresses are known (--parent), each is asked. */
static void ask_addresses(struct survey *survey)
{
	const struct cut *cut = survey->parent_cut;
	survey->n_parents_open++;
	for (size_t i = 0; i < cut->n_servers; i++)
		ask_parent(survey, cut->servers[i].host, &cut->servers[i].addr);
	one_less(survey);
}

void parents_start(
	struct survey *survey, struct cut *cut, const char *parent_zone)
{
	size_t count = survey->options->parent_servers;
	survey->stage = SURVEY_PARENTS;
	if (survey->options->n_anchors > 0 && cut->hosts != NULL)
		trust_start(&survey->walk, cut, NULL, NULL);
	survey->parent_cut = cut;
	survey->parent_zone = parent_zone;
	survey->n_parent_hosts_asked = 0;
	survey->parents = arena_array(
		survey->arena, SURVEY_PARENTS_MAX, sizeof(*survey->parents));
	if (cut->n_hosts == 0)
		ask_addresses(survey);
	else
		ask_hosts(survey, count == 0 ? cut->n_hosts : count);
}
