/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked of each copy of the zone beside the delegation, a second look
 * where two of them seem to differ, and the facts that come of it.
 */
#include "config.h"

#include <stdlib.h>

#include "common/core/num.h"
#include "common/dnsnet/copies.h"

/* An answer to one --probe on its way. */
struct contents_ask {
	struct survey_server *server;
	struct dns_contents *contents;
};

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
		copies_transfer_as_stranger(server);
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

bool copies_serves(const struct survey_server *server)
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
	if (!copies_serves(server))
		return;
	if (server->is_of_zone)
		copies_consider_mname(server->survey, server->fact.soa.mname);
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

/* Whether a would be the better one to hold the others against. */
static bool outranks(
	const struct survey_server *a, const struct survey_server *b)
{
	if (a->copy.is_primary != b->copy.is_primary)
		return a->copy.is_primary;
	return num_serial_compare(a->fact.soa.serial, b->fact.soa.serial) == 1;
}

/* Who has the serial that the others should have: the newest of the
 * primaries, of all where none of those copies_serves the zone. NULL: nobody
 * does. */
static const struct survey_server *newest(const struct survey *survey)
{
	const struct survey_server *found = NULL;
	const struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (copies_has(server) && copies_serves(server) &&
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
		if (other != server && copies_has(other) &&
			copies_serves(other) &&
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
		if (!copies_has(server) || !copies_serves(server))
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
		if (server->copy.is_primary && copies_serves(server)) {
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

bool copies_again(struct survey *survey)
{
	struct copies *copies = survey->copies;
	bool asked = false;
	copies_find_primaries(survey);
	switch (copies->round++) {
	case 0:
		asked = copies_transfer(survey);
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
	take_ns_sets(survey);
	s->copies = arena_array(
		survey->arena, survey->n_servers, sizeof(*s->copies));
	struct survey_server *server = survey->servers;
	for (; server != NULL; server = server->next)
		if (copies_has(server))
			take_copy(&s->d, server, &s->copies[s->n_copies++]);
	if (s->n_copies > 1)
		qsort(s->copies, s->n_copies, sizeof(*s->copies),
			compare_copies);
}
