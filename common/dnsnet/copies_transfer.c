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

/* One transfer on its way. */
struct transfer_of_copy {
	struct survey_server *server;
	struct survey_named *named; /* the primary; NULL: a secondary */
};

static bool transfer_from(struct survey_named *named);

/* Where one address of a primary refuses the zone, another may hand it over.
 * After silence there is no time for that. */
static void on_transfer(void *arg, const struct dns_transfer *transfer)
{
	struct transfer_of_copy *asked = arg;
	asked->server->copy.transfer = *transfer;
	bool failed = transfer->end == DNS_TRANSFER_REFUSED ||
		      transfer->end == DNS_TRANSFER_NOT_VERIFIED ||
		      transfer->end == DNS_TRANSFER_MALFORMED ||
		      (transfer->end == DNS_TRANSFER_BROKEN &&
			      transfer->outcome != DNS_TIMED_OUT);
	if (failed && asked->named != NULL)
		(void)transfer_from(asked->named);
}

static void transfer_with_key(
	struct survey_server *server, struct survey_named *named)
{
	struct transfer_of_copy *asked =
		arena_alloc(server->survey->arena, sizeof(*asked));
	*asked = (struct transfer_of_copy){ server, named };
	server->is_transferring = true;
	const struct dns_copies_options *options =
		server->survey->copies->options;
	struct transfer_ask ask = transfer_of(server);
	ask.key = options->key;
	ask.wants_zonemd = options->wants_zonemd;
	transfer_start(
		server->survey->walk.exchanges, &ask, on_transfer, asked);
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

/* The address of a primary to transfer from: of those that serve the zone the
 * first by number, so that runs agree; else, as one that is silent over UDP may
 * transfer all the same, the first of all. NULL: none is left. */
static struct survey_server *next_address(const struct survey_named *named)
{
	struct survey_server *found = NULL;
	struct survey_server *server = named->survey->servers;
	for (; server != NULL; server = server->next) {
		if (server->is_transferring || !may_transfer(named, server))
			continue;
		bool serves = copies_serves(server);
		bool is_better = found == NULL ||
				 (serves && !copies_serves(found)) ||
				 (serves == copies_serves(found) &&
					 dns_addr_compare(&server->fact.addr,
						 &found->fact.addr) < 0);
		if (is_better)
			found = server;
	}
	return found;
}

static bool transfer_from(struct survey_named *named)
{
	struct survey_server *server = next_address(named);
	if (server == NULL)
		return false;
	transfer_with_key(server, named);
	return true;
}

bool copies_transfer(struct survey *survey)
{
	struct copies *copies = survey->copies;
	bool started = false;
	if (copies->options->key == NULL)
		return false;
	for (size_t i = 0; i < copies->options->n_primaries; i++)
		started |= transfer_from(&copies->primaries[i]);
	if (copies->inferred != NULL)
		started |= transfer_from(copies->inferred);
	struct survey_server *server = survey->servers;
	for (; copies->options->transfers_secondaries && server != NULL;
		server = server->next) {
		if (server->copy.is_primary || !copies_has(server) ||
			!copies_serves(server) ||
			is_transferred_elsewhere(server))
			continue;
		transfer_with_key(server, NULL);
		started = true;
	}
	return started;
}
