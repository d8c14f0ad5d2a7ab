/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every fact as JSON, each member under the name it has in the struct, and
 * the writers that other outputs share.
 */
#include "config.h"

#include "common/dns/delegation_facts.h"

#include "common/dns/delegation.h"

void dns_names_write(
	struct json *json, const char *key, const struct dns_names *names)
{
	if (!names->is_known) {
		json_add_null(json, key);
		return;
	}
	json_add_strings(json, key, names->at, names->n);
}

void dns_addrs_write(
	struct json *json, const char *key, const struct dns_addrs *addrs)
{
	char buf[DNS_ADDR_TEXT];
	size_t i;

	if (!addrs->is_known) {
		json_add_null(json, key);
		return;
	}
	json_open_array(json, key);
	for (i = 0; i < addrs->n; i++)
		json_add_string(json, NULL, dns_addr_text(&addrs->at[i], buf));
	json_close_array(json);
}

void dns_probe_write(
	struct json *json, const char *key, const struct dns_probe *probe)
{
	json_open_object(json, key);
	json_add_string(json, "outcome", dns_outcome_word(probe->outcome));
	json_add_string(json, "kind", dns_kind_word(probe->kind));
	json_add_int(json, "rcode", probe->rcode);
	json_add_bool(json, "is_authoritative", probe->is_authoritative);
	json_add_bool(json, "was_truncated", probe->was_truncated);
	json_add_bool(json, "offers_recursion", probe->offers_recursion);
	json_add_bool(json, "has_edns", probe->has_edns);
	json_add_int(json, "tries", probe->tries);
	json_add_int(json, "rtt_us", probe->rtt_us);
	json_add_int(json, "reply_size", (int64_t)probe->reply_size);
	json_close_object(json);
}

void dns_soa_write(
	struct json *json, const char *key, const struct dns_soa *soa)
{
	if (!soa->is_known) {
		json_add_null(json, key);
		return;
	}
	json_open_object(json, key);
	json_add_string(json, "mname", soa->mname);
	json_add_string(json, "rname", soa->rname);
	json_add_int(json, "serial", soa->serial);
	json_add_int(json, "refresh", soa->refresh);
	json_add_int(json, "retry", soa->retry);
	json_add_int(json, "expire", soa->expire);
	json_add_int(json, "minimum", soa->minimum);
	json_close_object(json);
}

static void write_parent(
	struct json *json, const struct dns_parent_server *parent)
{
	json_open_object(json, NULL);
	json_add_string(json, "host", parent->host);
	json_add_string(json, "addr", parent->addr_text);
	dns_probe_write(json, "probe", &parent->probe);
	json_add_bool(json, "serves_child", parent->serves_child);
	dns_names_write(json, "ns", &parent->ns);
	json_add_int(json, "ttl_s", parent->ttl_s);
	json_add_int(json, "referral_size", (int64_t)parent->referral_size);
	json_add_int(json, "n_ds", (int64_t)parent->n_ds);
	dns_names_write(json, "ds", &parent->ds);
	json_add_string(json, "ds_why", parent->ds_why);
	json_add_string(json, "holder", parent->holder);
	json_close_object(json);
}

static void write_host(struct json *json, const struct dns_host *host)
{
	json_open_object(json, NULL);
	json_add_string(json, "name", host->name);
	json_add_bool(json, "in_parent", host->in_parent);
	json_add_bool(json, "in_child", host->in_child);
	json_add_bool(json, "needs_glue", host->needs_glue);
	json_add_string(json, "lookup", dns_lookup_word(host->lookup));
	json_add_string(json, "why", host->why);
	json_add_string(json, "alias", host->alias);
	dns_addrs_write(json, "glue", &host->glue);
	dns_addrs_write(json, "addrs", &host->addrs);
	json_add_bool(json, "v4_known", host->v4_known);
	json_add_bool(json, "v6_known", host->v6_known);
	json_close_object(json);
}

void dns_server_write_facts(
	struct json *json, const char *key, const struct dns_server *server)
{
	json_open_object(json, key);
	json_add_string(json, "addr", server->addr_text);
	dns_names_write(json, "hosts", &server->hosts);
	json_add_bool(json, "from_glue", server->from_glue);
	json_add_bool(json, "from_auth", server->from_auth);
	json_add_bool(json, "carries", server->carries);
	dns_probe_write(json, "soa_udp", &server->soa_udp);
	dns_probe_write(json, "ns_udp", &server->ns_udp);
	dns_probe_write(json, "soa_tcp", &server->soa_tcp);
	dns_probe_write(json, "ns_tcp", &server->ns_tcp);
	dns_soa_write(json, "soa", &server->soa);
	dns_soa_write(json, "tcp_soa", &server->tcp_soa);
	dns_names_write(json, "ns", &server->ns);
	dns_names_write(json, "tcp_ns", &server->tcp_ns);
	json_add_int(json, "delegation_ttl_s", server->delegation_ttl_s);
	json_add_string(json, "edns", dns_edns_word(server->edns));
	json_add_int(json, "edns_rcode", server->edns_rcode);
	dns_probe_write(json, "foreign", &server->foreign);
	json_add_bool(json, "foreign_is_answered", server->foreign_is_answered);
	dns_server_security_write_facts(json, server);
	json_add_string(json, "nsid", server->nsid);
	json_add_int(json, "as_number", server->as_number);
	json_close_object(json);
}

static void write_step(struct json *json, const struct dns_step *step)
{
	json_open_object(json, NULL);
	json_add_string(json, "zone", step->zone);
	json_add_string(json, "host", step->host);
	json_add_string(json, "addr", step->addr_text);
	json_add_string(json, "question", step->question);
	json_add_bool(json, "is_tcp", step->is_tcp);
	json_add_int(json, "at_us", step->at_us);
	dns_probe_write(json, "probe", &step->probe);
	json_add_string(json, "came", step->came);
	json_close_object(json);
}

void dns_prefixes_write(struct json *json, const char *key,
	const struct dns_prefix *prefixes, size_t n)
{
	char buf[DNS_ADDR_TEXT];
	struct text prefix;
	size_t i;

	json_open_array(json, key);
	text_init(&prefix, 2 * DNS_ADDR_TEXT);
	for (i = 0; i < n; i++) {
		text_clear(&prefix);
		text_printf(&prefix, "%s/%u",
			dns_addr_text(&prefixes[i].addr, buf),
			prefixes[i].length);
		json_add_string(json, NULL, prefix.data);
	}
	text_release(&prefix);
	json_close_array(json);
}

static void write_expect(
	struct json *json, const struct delegation_expect *expect)
{
	json_open_object(json, "expect");
	json_add_int(json, "min_good", (int64_t)expect->min_good);
	json_add_int(json, "min_ns", (int64_t)expect->min_ns);
	dns_names_write(json, "ns", &expect->ns);
	dns_prefixes_write(
		json, "permitted", expect->permitted, expect->n_permitted);
	json_add_int(json, "now_s", expect->now_s);
	json_add_int(json, "sig_warning_s", expect->sig_warning_s);
	json_add_int(json, "sig_critical_s", expect->sig_critical_s);
	json_close_object(json);
}

static void write_walk(struct json *json, const struct delegation *d)
{
	json_add_string(json, "zone", d->zone);
	json_add_string(json, "typed", d->typed);
	json_add_string(json, "parent", d->parent);
	json_add_bool(json, "starts_at_parent", d->starts_at_parent);
	json_add_string(json, "cut", dns_cut_word(d->cut));
	json_add_string(json, "holder", d->holder);
	json_add_string(json, "walk_failure", d->walk_failure);
	json_add_string(json, "failed_zone", d->failed_zone);
	json_add_bool(json, "walk_hit_limit", d->walk_hit_limit);
	json_add_string(json, "limit_text", d->limit_text);
	json_add_string(json, "interception", d->interception);
}

static void write_run(struct json *json, const struct delegation *d)
{
	json_add_bool(json, "hosts_cut", d->hosts_cut);
	json_add_string(json, "v4", dns_sight_word(d->v4));
	json_add_string(json, "v6", dns_sight_word(d->v6));
	json_add_string(json, "udp", dns_sight_word(d->udp));
	json_add_string(json, "tcp", dns_sight_word(d->tcp));
	json_add_int(json, "n_queries", (int64_t)d->n_queries);
	json_add_int(json, "elapsed_us", d->elapsed_us);
	json_add_string(json, "timeout_stage", d->timeout_stage);
	json_add_bool(json, "has_asn", d->has_asn);
}

static void write_registrable(struct json *json, const struct delegation *d)
{
	if (!d->registrable) {
		json_add_null(json, "registrable");
		return;
	}
	json_add_strings(json, "registrable", d->registrable, d->n_hosts);
}

void dns_history_file_write(
	struct json *json, const char *key, const struct dns_history_file *file)
{
	json_open_object(json, key);
	json_add_string(json, "fate", dns_history_fate_word(file->fate));
	json_add_string(json, "why", file->why);
	json_add_string(json, "node", file->node);
	json_close_object(json);
}

static void write_strings(
	struct json *json, const char *key, const char **at, size_t n)
{
	const struct dns_names set = { .is_known = true, .n = n, .at = at };

	dns_names_write(json, key, &set);
}

static void write_remembered(
	struct json *json, const struct dns_remembered *remembered)
{
	if (!remembered->is_known) {
		json_add_null(json, "remembered");
		return;
	}
	json_open_object(json, "remembered");
	json_add_int(json, "since_s", remembered->since_s);
	write_strings(json, "ns", remembered->ns, remembered->n_ns);
	write_strings(json, "glue", remembered->glue, remembered->n_glue);
	json_add_bool(json, "glue_is_whole", remembered->glue_is_whole);
	if (remembered->ds_is_known)
		write_strings(json, "ds", remembered->ds, remembered->n_ds);
	else
		json_add_null(json, "ds");
	json_close_object(json);
}

void delegation_write_facts(struct json *json, const struct delegation *d)
{
	size_t i;

	write_walk(json, d);
	json_open_array(json, "parents");
	for (i = 0; i < d->n_parents; i++)
		write_parent(json, &d->parents[i]);
	json_close_array(json);
	dns_names_write(json, "parent_ns", &d->parent_ns);
	dns_names_write(json, "child_ns", &d->child_ns);
	json_open_array(json, "hosts");
	for (i = 0; i < d->n_hosts; i++)
		write_host(json, &d->hosts[i]);
	json_close_array(json);
	json_open_array(json, "servers");
	for (i = 0; i < d->n_servers; i++)
		dns_server_write_facts(json, NULL, &d->servers[i]);
	json_close_array(json);
	write_run(json, d);
	write_registrable(json, d);
	json_add_bool(json, "ns_is_given", d->ns_is_given);
	dns_zone_security_write_facts(json, &d->security);
	json_open_array(json, "steps");
	for (i = 0; i < d->n_steps; i++)
		write_step(json, &d->steps[i]);
	json_close_array(json);
	write_remembered(json, &d->remembered);
	dns_history_file_write(json, "memory", &d->memory);
	write_expect(json, &d->expect);
}
