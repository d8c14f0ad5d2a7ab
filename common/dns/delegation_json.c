/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The delegation as members of the plugin's JSON result: the three facts as
 * sets, who said so, and arrays of objects that a monitor discovers servers
 * from.
 */
#include "config.h"

#include "common/dns/delegation.h"
#include "common/dns/delegation_facts.h"

static const double us_per_s = 1e6;

/* The addresses of one family as an array; null where they are not known. */
static void write_family(struct json *json, const char *key,
	const struct dns_addrs *addrs, unsigned family, bool is_known)
{
	char buf[DNS_ADDR_TEXT];
	size_t i;

	if (!is_known) {
		json_add_null(json, key);
		return;
	}
	json_open_array(json, key);
	for (i = 0; i < addrs->n; i++)
		if (addrs->at[i].family == family)
			json_add_string(
				json, NULL, dns_addr_text(&addrs->at[i], buf));
	json_close_array(json);
}

/* What the parent hands out: names, each with its glue. */
static void write_parent_side(struct json *json, const struct delegation *d)
{
	size_t i;

	json_open_object(json, "parent");
	json_add_string(json, "zone", d->parent);
	json_add_string(json, "cut", dns_cut_word(d->cut));
	json_add_bool(json, "is_given", d->ns_is_given);
	if (!d->parent_ns.is_known) {
		json_add_null(json, "ns");
	} else {
		json_open_object(json, "ns");
		for (i = 0; i < d->n_hosts; i++)
			if (d->hosts[i].in_parent)
				dns_addrs_write(json, d->hosts[i].name,
					&d->hosts[i].glue);
		json_close_object(json);
	}
	json_open_array(json, "said_by");
	for (i = 0; i < d->n_parents; i++)
		if (d->parents[i].ns.is_known)
			json_add_string(json, NULL, d->parents[i].addr_text);
	json_close_array(json);
	json_close_object(json);
}

static void write_child_side(struct json *json, const struct delegation *d)
{
	size_t i;

	json_open_object(json, "child");
	dns_names_write(json, "ns", &d->child_ns);
	json_open_array(json, "said_by");
	for (i = 0; i < d->n_servers; i++)
		if (d->servers[i].ns.is_known)
			json_add_string(json, NULL, d->servers[i].addr_text);
	json_close_array(json);
	json_close_object(json);
}

static void write_addresses(struct json *json, const struct delegation *d)
{
	size_t i;

	json_open_object(json, "addresses");
	for (i = 0; i < d->n_hosts; i++) {
		const struct dns_host *host = &d->hosts[i];

		json_open_object(json, host->name);
		json_add_string(json, "lookup", dns_lookup_word(host->lookup));
		if (host->alias)
			json_add_string(json, "alias_of", host->alias);
		write_family(json, "v4", &host->addrs, 4, host->v4_known);
		write_family(json, "v6", &host->addrs, 6, host->v6_known);
		json_close_object(json);
	}
	json_close_object(json);
}

/* What an exchange came to, in one word. */
static const char *probe_word(const struct dns_probe *probe)
{
	return probe->outcome == DNS_ANSWERED
		       ? dns_kind_word(probe->kind)
		       : dns_outcome_word(probe->outcome);
}

static void write_rtt(
	struct json *json, const char *key, const struct dns_probe *probe)
{
	if (probe->outcome == DNS_ANSWERED)
		json_add_number(json, key, (double)probe->rtt_us / us_per_s);
	else
		json_add_null(json, key);
}

void dns_server_write_json(struct json *json, const struct delegation *d,
	const struct dns_server *server, enum dns_server_verdict verdict)
{
	json_add_string(json, "verdict", dns_verdict_word(verdict));
	json_add_string(json, "udp", probe_word(&server->soa_udp));
	if (server->soa_udp.outcome == DNS_ANSWERED)
		json_add_string(
			json, "rcode", dns_rcode_text(server->soa_udp.rcode));
	write_rtt(json, "answer_time", &server->soa_udp);
	json_add_string(json, "tcp", probe_word(&server->soa_tcp));
	write_rtt(json, "answer_time_tcp", &server->soa_tcp);
	json_add_string(json, "edns", dns_edns_word(server->edns));
	if (server->soa.is_known)
		json_add_int(json, "serial", server->soa.serial);
	else
		json_add_null(json, "serial");
	dns_server_security_write_json(json, d, server);
	if (server->as_number != 0)
		json_add_int(json, "as", server->as_number);
}

static void write_server(struct json *json, const struct delegation *d,
	const struct dns_server *server)
{
	json_open_object(json, NULL);
	json_add_string(json, "address", server->addr_text);
	dns_names_write(json, "names", &server->hosts);
	json_add_bool(json, "carries", server->carries);
	dns_server_write_json(
		json, d, server, delegation_server_verdict(d, server));
	json_close_object(json);
}

static void write_parent(
	struct json *json, const struct dns_parent_server *parent)
{
	json_open_object(json, NULL);
	json_add_string(json, "name", parent->host);
	json_add_string(json, "address", parent->addr_text);
	json_add_string(json, "udp", probe_word(&parent->probe));
	write_rtt(json, "answer_time", &parent->probe);
	json_add_bool(json, "serves_child", parent->serves_child);
	json_close_object(json);
}

static void write_sight(struct json *json, const struct delegation *d)
{
	json_open_object(json, "sight");
	json_add_string(json, "v4", dns_sight_word(d->v4));
	json_add_string(json, "v6", dns_sight_word(d->v6));
	json_add_string(json, "udp", dns_sight_word(d->udp));
	json_add_string(json, "tcp", dns_sight_word(d->tcp));
	json_close_object(json);
}

void delegation_sides_write_json(struct json *json, const struct delegation *d)
{
	json_add_string(json, "zone", d->zone);
	write_parent_side(json, d);
	write_child_side(json, d);
	write_addresses(json, d);
	delegation_security_write_json(json, d);
}

void delegation_walk_write_json(struct json *json, const struct delegation *d)
{
	size_t i;

	json_open_array(json, "parents");
	for (i = 0; i < d->n_parents; i++)
		write_parent(json, &d->parents[i]);
	json_close_array(json);
	write_sight(json, d);
}

void delegation_write_json(struct json *json, const struct delegation *d)
{
	size_t i;

	delegation_sides_write_json(json, d);
	json_open_array(json, "servers");
	for (i = 0; i < d->n_servers; i++)
		write_server(json, d, &d->servers[i]);
	json_close_array(json);
	delegation_walk_write_json(json, d);
}
