/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What -v and above add to the text: each server and what it answered, the
 * walk with times, and the details of each exchange.
 */
#include "config.h"

#include "common/dns/delegation.h"
#include "common/dns/delegation_facts.h"

/* Tenths by hand: printf would write the locale's decimal comma. */
static void add_ms(struct text *out, int64_t us)
{
	long tenths = (long)((us + 50) / 100);

	text_printf(out, "%ld.%ld ms", tenths / 10, tenths % 10);
}

/* One line under the exchange: what went over the wire. */
static void add_details(
	struct text *out, const char *transport, const struct dns_probe *probe)
{
	text_printf(out, "    %s: %s, %u sent", transport,
		dns_outcome_text(probe->outcome), probe->tries);
	if (probe->outcome == DNS_ANSWERED)
		text_printf(out, ", %zu bytes, %s, %s%s%s%s%s",
			probe->reply_size, dns_rcode_text(probe->rcode),
			dns_kind_text(probe->kind),
			probe->is_authoritative ? ", AA" : "",
			probe->was_truncated ? ", TC" : "",
			probe->offers_recursion ? ", RA" : "",
			probe->has_edns ? ", OPT" : "");
	text_add(out, "\n");
}

void dns_server_add(struct text *out, const struct delegation *d,
	const struct dns_server *server, enum dns_server_verdict verdict)
{
	const struct dns_probe *udp = &server->soa_udp;
	enum dns_security security = delegation_server_security(d, server);
	size_t i;

	for (i = 0; i < server->hosts.n; i++) {
		text_add_clean(out, server->hosts.at[i]);
		text_add(out, " ");
	}
	text_printf(out, "(%s): ", server->addr_text);
	if (verdict == DNS_SERVER_GOOD)
		text_printf(out, "good, serial %lu",
			(unsigned long)server->soa.serial);
	else
		dns_probe_add(out, udp);
	if (udp->outcome == DNS_ANSWERED) {
		text_add(out, ", ");
		add_ms(out, udp->rtt_us);
	}
	text_add(out, "; TCP ");
	if (server->soa_tcp.outcome == DNS_ANSWERED)
		add_ms(out, server->soa_tcp.rtt_us);
	else
		dns_probe_add(out, &server->soa_tcp);
	text_printf(out, "; EDNS %s", dns_edns_word(server->edns));
	if (security != DNS_SECURITY_UNKNOWN && security != DNS_INSECURE)
		text_printf(out, "; DNSSEC %s", dns_security_text(security));
	if (server->nsid) {
		text_add(out, "; NSID ");
		text_add_clean(out, server->nsid);
	}
}

static void add_server_details(
	struct text *out, const struct dns_server *server)
{
	add_details(out, "SOA over UDP", &server->soa_udp);
	add_details(out, "NS over UDP", &server->ns_udp);
	add_details(out, "SOA over TCP", &server->soa_tcp);
	if (server->ns_tcp.outcome != DNS_NOT_ASKED)
		add_details(out, "NS over TCP", &server->ns_tcp);
	add_details(out, "foreign name", &server->foreign);
}

static void add_step(struct text *out, const struct dns_step *step)
{
	text_add(out, "  at ");
	add_ms(out, step->at_us);
	text_add(out, ": ");
	text_add_clean(out, step->zone);
	text_add(out, " ");
	if (step->host) {
		text_add_clean(out, step->host);
		text_add(out, " ");
	}
	text_printf(
		out, "(%s)%s, ", step->addr_text, step->is_tcp ? " TCP" : "");
	text_add_clean(out, step->question);
	text_add(out, ": ");
	if (step->came)
		text_add_clean(out, step->came);
	else
		dns_probe_add(out, &step->probe);
	if (step->probe.outcome == DNS_ANSWERED) {
		text_add(out, ", ");
		add_ms(out, step->probe.rtt_us);
	}
	text_add(out, "\n");
}

void dns_server_write_trace(struct text *out, const struct delegation *d,
	const struct dns_server *server, unsigned verbosity)
{
	if (verbosity >= 2)
		dns_server_security_write_trace(out, d, server);
	if (verbosity >= 3)
		add_server_details(out, server);
}

void delegation_walk_write_trace(
	struct text *out, const struct delegation *d, unsigned verbosity)
{
	size_t i;

	if (verbosity < 2 || d->n_steps == 0)
		return;
	text_add(out, "walk:\n");
	for (i = 0; i < d->n_steps; i++) {
		add_step(out, &d->steps[i]);
		if (verbosity >= 3)
			add_details(out,
				d->steps[i].is_tcp ? "over TCP" : "over UDP",
				&d->steps[i].probe);
	}
}

void delegation_write_trace(
	struct text *out, const struct delegation *d, unsigned verbosity)
{
	size_t i;

	if (verbosity < 1)
		return;
	delegation_security_write_trace(out, d);
	if (d->n_servers > 0)
		text_add(out, "name servers:\n");
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];

		text_add(out, "  ");
		dns_server_add(
			out, d, server, delegation_server_verdict(d, server));
		text_printf(out, "%s\n",
			server->carries
				? ""
				: "; the delegation does not lead to it");
		dns_server_write_trace(out, d, server, verbosity);
	}
	delegation_walk_write_trace(out, d, verbosity);
}
