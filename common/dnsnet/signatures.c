/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNSSEC of the zone in hand: what each server serves of it is asked for
 * along with the rest, and validated when all has come.
 */
#include "config.h"

#include <string.h>

#include "common/dnsnet/survey.h"

enum {
	SIGNATURES_KEYS_MAX = 32,
	SIGNATURES_CDS_MAX = 32,
};

/* -- the questions ------------------------------------------------------- */

static const struct dns_message *kept(const struct reply *reply)
{
	return reply->probe.outcome == DNS_ANSWERED ? reply->message : NULL;
}

static void on_dnskey(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->dnskey = kept(reply);
	server->dnskey_probe = reply->probe;
	server->is_cut_short =
		exchanges_are_over(server->survey->walk.exchanges);
}

static void on_nxdomain(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->nxdomain = kept(reply);
}

static void on_nodata(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->nodata = kept(reply);
}

static void on_cds(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->cds = kept(reply);
}

static void on_cdnskey(void *arg, const struct reply *reply)
{
	struct survey_server *server = arg;
	server->cdnskey = kept(reply);
}

static void ask(struct survey_server *server, const char *name,
	enum dns_type type, reply_fn fn)
{
	struct dns_question question = {
		.name = name, .type = type, .wants_dnssec = true
	};
	survey_ask(server, &question, fn, server);
}

void signatures_ask(struct survey_server *server)
{
	const char *zone = server->survey->options->zone;
	server->fact.security.was_asked = true;
	ask(server, zone, DNS_TYPE_DNSKEY, on_dnskey);
	ask(server, server->survey->random, DNS_TYPE_A, on_nxdomain);
	ask(server, zone, DNS_TYPE_ABSENT, on_nodata);
	ask(server, zone, DNS_TYPE_CDS, on_cds);
	ask(server, zone, DNS_TYPE_CDNSKEY, on_cdnskey);
}

void survey_expect_signatures(struct survey *survey)
{
	if (survey->expects_signatures)
		return;
	survey->expects_signatures = true;
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (server->is_asked)
			signatures_ask(server);
}

/* -- the DS set ---------------------------------------------------------- */

/* "TAG ALGORITHM DIGESTTYPE DIGEST", for comparing. */
static const char *ds_text(struct arena *arena, const struct dns_ds *ds)
{
	return arena_printf(arena, "%u %u %u %s", (unsigned)ds->key_tag,
		(unsigned)ds->algorithm, (unsigned)ds->digest_type, ds->digest);
}

/* How many of the parent's servers hold the same DS set as this one. */
static size_t votes_for(const struct survey *survey, const struct dns_names *ds)
{
	size_t votes = 0;
	for (size_t i = 0; i < survey->d->n_parents; i++) {
		const struct dns_names *other = &survey->parents[i].fact.ds;
		votes += other->is_known && dns_names_equal(other, ds);
	}
	return votes;
}

/* Validators ask another server where one gives what does not validate: one
 * that does is enough for the zone, and the other is told by itself. */
static void take_ds_verdict(struct survey *survey, struct survey_parent *parent,
	const struct dns_signed *seen)
{
	struct dns_zone_security *zone = &survey->d->security;
	bool is_first = !zone->ds_signed.was_asked;
	if (is_first || (seen->security == DNS_SECURE &&
				zone->ds_signed.security != DNS_SECURE))
		zone->ds_signed = *seen;
	if (seen->security == DNS_BOGUS)
		parent->fact.ds_why = seen->why;
}

static void read_parents(
	struct survey *survey, const struct keyset *keys, struct ds_set *out)
{
	struct dns_zone_security *zone = &survey->d->security;
	size_t most = 0;
	for (size_t i = 0; i < survey->d->n_parents; i++) {
		struct survey_parent *parent = &survey->parents[i];
		struct ds_set ds;
		if (parent->ds == NULL)
			continue;
		struct dns_signed seen = dnssec_ds(survey->walk.dnssec, keys,
			parent->ds, survey->options->zone, &ds);
		parent->fact.ds.is_known = true;
		for (size_t n = 0; n < ds.n; n++)
			names_insert(survey->arena, &parent->fact.ds,
				ds_text(survey->arena, &ds.at[n]));
		take_ds_verdict(survey, parent, &seen);
		zone->ds_is_known = true;
	}
	for (size_t i = 0; i < survey->d->n_parents; i++) {
		struct survey_parent *parent = &survey->parents[i];
		size_t votes = votes_for(survey, &parent->fact.ds);
		if (!parent->fact.ds.is_known || votes <= most)
			continue;
		most = votes;
		dnssec_ds(survey->walk.dnssec, NULL, parent->ds,
			survey->options->zone, out);
	}
}

static void count_ds_sets(struct survey *survey)
{
	struct dns_zone_security *zone = &survey->d->security;
	size_t most = 0;
	for (size_t i = 0; i < survey->d->n_parents; i++) {
		const struct dns_names *ds = &survey->parents[i].fact.ds;
		bool is_new = ds->is_known;
		for (size_t k = 0; is_new && k < i; k++)
			is_new = !survey->parents[k].fact.ds.is_known ||
				 !dns_names_equal(
					 &survey->parents[k].fact.ds, ds);
		zone->n_ds_sets += is_new;
		size_t votes = ds->is_known ? votes_for(survey, ds) : 0;
		most = votes > most ? votes : most;
	}
	for (size_t i = 0; zone->n_ds_sets > 1 && i < survey->d->n_parents;
		i++) {
		const struct dns_parent_server *fact = &survey->parents[i].fact;
		if (fact->ds.is_known && votes_for(survey, &fact->ds) < most)
			zone->ds_differs_at = fact->addr_text;
	}
	if (zone->n_ds_sets > 1 && zone->ds_differs_at == NULL)
		zone->ds_differs_at = survey->parents[0].fact.addr_text;
}

static void read_ds(
	struct survey *survey, const struct keyset *keys, struct ds_set *out)
{
	const struct dns_options *options = survey->options;
	struct dns_zone_security *zone = &survey->d->security;
	read_parents(survey, keys, out);
	count_ds_sets(survey);
	if (options->n_given_ds > 0) {
		zone->ds_is_known = zone->ds_is_given = true;
		zone->ds_signed = (struct dns_signed){ 0 };
		out->n = options->n_given_ds;
		out->at = arena_array(survey->arena, out->n, sizeof(*out->at));
		memcpy(out->at, options->given_ds, out->n * sizeof(*out->at));
	}
}

/* -- the servers --------------------------------------------------------- */

static void note_keys(struct survey *survey, const struct dns_message *dnskey)
{
	struct dns_zone_security *zone = &survey->d->security;
	struct dns_key seen[SIGNATURES_KEYS_MAX];
	size_t n = dnssec_list_keys(
		dnskey, survey->options->zone, seen, SIGNATURES_KEYS_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (k < zone->n_keys &&
			(zone->keys[k].key_tag != seen[i].key_tag ||
				zone->keys[k].algorithm != seen[i].algorithm))
			k++;
		if (k == zone->n_keys && k < SIGNATURES_KEYS_MAX)
			zone->keys[zone->n_keys++] = seen[i];
	}
}

static bool is_of_ds(const struct ds_set *ds, uint16_t tag, uint8_t algorithm)
{
	for (size_t i = 0; i < ds->n; i++)
		if (ds->at[i].key_tag == tag &&
			ds->at[i].algorithm == algorithm)
			return true;
	return false;
}

static void note_cds(struct dns_cds *cds, const struct ds_set *ds,
	const struct dns_message *message, const char *zone)
{
	struct dns_ds seen[SIGNATURES_CDS_MAX];
	if (message == NULL)
		return;
	size_t n = dnssec_list_cds(message, zone, seen, SIGNATURES_CDS_MAX);
	cds->is_known = true;
	for (size_t i = 0; i < n; i++) {
		bool is_again = false;
		if (seen[i].algorithm == 0) {
			cds->asks_for_delete = true;
			continue;
		}
		for (size_t k = 0; k < i; k++)
			is_again |= seen[k].key_tag == seen[i].key_tag &&
				    seen[k].algorithm == seen[i].algorithm;
		if (is_again)
			continue;
		cds->n++;
		cds->n_with_ds +=
			is_of_ds(ds, seen[i].key_tag, seen[i].algorithm);
	}
}

/* CDS and CDNSKEY name the same keys: the richer of the two counts. */
static void read_cds(struct survey_server *server, const struct ds_set *ds)
{
	const char *zone = server->survey->options->zone;
	struct dns_cds by_cds = { 0 }, by_key = { 0 };
	note_cds(&by_cds, ds, server->cds, zone);
	note_cds(&by_key, ds, server->cdnskey, zone);
	struct dns_cds *cds = &server->fact.security.cds;
	*cds = by_cds.n >= by_key.n ? by_cds : by_key;
	cds->is_known = by_cds.is_known || by_key.is_known;
	cds->asks_for_delete = by_cds.asks_for_delete || by_key.asks_for_delete;
}

static void note_iterations(
	struct dns_server_security *security, const struct dns_message *message)
{
	uint16_t seen = message == NULL ? 0 : dnssec_iterations(message);
	if (seen > security->nsec3_iterations)
		security->nsec3_iterations = seen;
}

/* A set that the server serves: under its own keys where they are trusted.
 * Without them there is nothing to hold it against. */
static struct dns_signed check_set(struct survey_server *server,
	const struct keyset *keys, const struct dns_message *message,
	enum dns_type type)
{
	struct dns_question question = { .name = server->survey->options->zone,
		.type = type };
	if (message == NULL)
		return (struct dns_signed){ 0 };
	if (keys == NULL)
		return (struct dns_signed){ .was_asked = true,
			.is_signed = message->is_signed };
	return dnssec_rrset(
		server->survey->walk.dnssec, keys, message, &question);
}

static struct dns_signed check_denial(struct survey_server *server,
	const struct keyset *keys, const struct dns_message *message,
	const char *name, enum dns_type type)
{
	struct dns_question question = { .name = name, .type = type };
	bool is_answer = message != NULL &&
			 (message->rcode == DNS_RCODE_NOERROR ||
				 message->rcode == DNS_RCODE_NXDOMAIN);
	if (!is_answer || keys == NULL)
		return (struct dns_signed){ .was_asked = message != NULL };
	return dnssec_reply(
		server->survey->walk.dnssec, keys, message, &question);
}

/* Where no DS is of an algorithm that is verified, the whole zone is as
 * validators see it: insecure, or not to be told here. */
static struct dns_signed check_keys(struct survey_server *server,
	struct ds_set *ds, const struct keyset **keys)
{
	struct survey *survey = server->survey;
	struct dns_signed seen = { .was_asked = true,
		.is_signed = server->dnskey->is_signed };
	enum dns_security usable = dnssec_ds_usable(ds);
	if (usable == DNS_SECURE)
		return dnssec_keys(survey->walk.dnssec, server->dnskey,
			survey->options->zone, ds, keys);
	if (ds->n > 0)
		seen.security = usable;
	if (seen.security == DNS_INDETERMINATE)
		seen.why = "this host verifies no algorithm of the DS set";
	return seen;
}

/*
 * A server that answers for the zone and not for its keys, which are the
 * largest of its answers: to whoever validates it is of no use. That is not
 * held against it where the deadline, or a transport that this host can't
 * see, may have been the reason.
 */
static bool withholds_keys(const struct survey_server *server)
{
	const struct dns_probe *probe = &server->dnskey_probe;
	if (!server->fact.security.was_asked || server->is_cut_short ||
		!server->fact.soa.is_known)
		return false;
	if (probe->was_truncated && server->survey->d->tcp != DNS_SIGHT_SEEN)
		return false;
	return probe->outcome != DNS_NOT_ASKED &&
	       probe->outcome != DNS_OUR_FAULT;
}

static struct dns_signed withheld_keys(const struct survey_server *server)
{
	const struct dns_probe *probe = &server->dnskey_probe;
	bool is_answered = probe->outcome == DNS_ANSWERED;
	return (struct dns_signed){ .was_asked = true,
		.security = DNS_BOGUS,
		.why = arena_printf(server->survey->arena,
			"the question for it %s%s",
			is_answered ? "is answered with " : "gets no answer: ",
			is_answered ? dns_rcode_text(probe->rcode)
				    : dns_outcome_text(probe->outcome)) };
}

static void check_server(struct survey_server *server, struct ds_set *ds)
{
	struct survey *survey = server->survey;
	struct dns_server_security *security = &server->fact.security;
	const struct keyset *keys = NULL;
	if (server->dnskey != NULL &&
		server->dnskey->rcode == DNS_RCODE_NOERROR) {
		note_keys(survey, server->dnskey);
		security->dnskey = check_keys(server, ds, &keys);
	} else if (dnssec_ds_usable(ds) == DNS_SECURE &&
		   withholds_keys(server)) {
		security->dnskey = withheld_keys(server);
	}
	security->soa = check_set(server, keys, server->soa, DNS_TYPE_SOA);
	security->ns = check_set(server, keys, server->ns, DNS_TYPE_NS);
	security->nxdomain = check_denial(
		server, keys, server->nxdomain, survey->random, DNS_TYPE_A);
	security->nodata = check_denial(server, keys, server->nodata,
		survey->options->zone, DNS_TYPE_ABSENT);
	note_iterations(security, server->nxdomain);
	note_iterations(security, server->nodata);
	read_cds(server, ds);
	if (security->soa.is_signed || security->dnskey.is_signed)
		survey->d->security.is_signed = true;
}

/* -- all of it ----------------------------------------------------------- */

static const struct keyset *take_parent_trust(struct survey *survey)
{
	struct dns_zone_security *zone = &survey->d->security;
	const struct cut *cut =
		survey->parent_zone == NULL
			? NULL
			: cut_of(&survey->walk, survey->parent_zone);
	const struct trust *trust = cut == NULL ? NULL : cut->trust;
	if (trust == NULL || !trust->is_done || trust->lacks_anchor) {
		zone->starts_at_ds = true;
		return NULL;
	}
	zone->parent = trust->security;
	zone->parent_why = trust->why;
	zone->parent_zone = trust->zone;
	return trust->security == DNS_SECURE ? trust->keys : NULL;
}

void signatures_conclude(struct survey *survey)
{
	struct dns_zone_security *zone = &survey->d->security;
	struct ds_set ds = { 0 };
	zone->keys = arena_array(
		survey->arena, SIGNATURES_KEYS_MAX, sizeof(*zone->keys));
	const struct keyset *keys = take_parent_trust(survey);
	read_ds(survey, keys, &ds);
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		check_server(server, &ds);
	zone->ds = ds.at;
	zone->n_ds = ds.n;
	for (size_t i = 0; i < zone->n_keys; i++)
		zone->keys[i].has_ds = is_of_ds(
			&ds, zone->keys[i].key_tag, zone->keys[i].algorithm);
	zone->is_known = zone->ds_is_known || zone->is_signed;
}
