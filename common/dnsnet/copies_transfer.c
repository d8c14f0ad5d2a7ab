/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers of the copies: with the key of --tsig-file, and without one. */
#include "config.h"

#include "common/dnsnet/channel.h"
#include "common/dnsnet/copies.h"
#include "common/dnsnet/transfer.h"

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

void copies_transfer_as_stranger(struct survey_server *server)
{
	struct transfer_ask ask = transfer_of(server);
	ask.stops_at_first = true;
	transfer_start(
		server->survey->walk.exchanges, &ask, on_stranger, server);
}

/* Which given primary is at this server. */
static struct survey_named *primary_at(const struct survey_server *server)
{
	struct copies *copies = server->survey->copies;
	for (size_t i = 0; i < copies->options->n_primaries; i++)
		if (named_is_at(&copies->primaries[i], server))
			return &copies->primaries[i];
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

void copies_transfer_if_primary(struct survey_server *server)
{
	const struct dns_copies_options *options =
		server->survey->copies->options;
	struct survey_named *primary = primary_at(server);
	if (options->key == NULL || primary == NULL || primary->is_transferring)
		return;
	primary->is_transferring = true;
	transfer_with_key(server);
}

/* Whether to ask a server for a transfer as this primary: any that was given;
 * of those that a SOA names, none but a name server of the zone, so that who
 * owns a zone does not send what the key signs where he likes. */
static bool may_transfer(
	const struct survey_named *named, const struct survey_server *server)
{
	if (!server->is_asked || !named_is_at(named, server))
		return false;
	return named->is_given || (server->is_of_zone && copies_serves(server));
}

/* A primary that was not known for one when it answered; and one that is
 * silent over UDP may transfer all the same. */
static bool transfer_late(struct survey_named *named)
{
	struct survey_server *server = named->survey->servers;
	if (named->is_transferring)
		return false;
	while (server != NULL && !may_transfer(named, server))
		server = server->next;
	if (server == NULL)
		return false;
	named->is_transferring = true;
	transfer_with_key(server);
	return true;
}

bool copies_transfer_rest(struct survey *survey)
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
		if (server->copy.is_primary || !copies_has(server) ||
			!copies_serves(server) ||
			is_transferred_elsewhere(server))
			continue;
		transfer_with_key(server);
		started = true;
	}
	return started;
}
