/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON to struct delegation, with what a healthy one has for all that is left
 * out.
 */
#include "config.h"

#include "facts_read.h"

#include <stdlib.h>
#include <string.h>

#include "common/dns/delegation_facts.h"
#include "reader.h"

static const struct member cds_members[] = {
	{ "n", MEMBER_SIZE, offsetof(struct dns_cds, n), NULL },
	{ "n_with_ds", MEMBER_SIZE, offsetof(struct dns_cds, n_with_ds), NULL },
	{ "asks_for_delete", MEMBER_BOOL,
		offsetof(struct dns_cds, asks_for_delete), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member server_security_members[] = {
	{ "was_asked", MEMBER_BOOL,
		offsetof(struct dns_server_security, was_asked), NULL },
	{ "dnskey", MEMBER_SIGNED, offsetof(struct dns_server_security, dnskey),
		NULL },
	{ "soa", MEMBER_SIGNED, offsetof(struct dns_server_security, soa),
		NULL },
	{ "ns", MEMBER_SIGNED, offsetof(struct dns_server_security, ns), NULL },
	{ "nxdomain", MEMBER_SIGNED,
		offsetof(struct dns_server_security, nxdomain), NULL },
	{ "nodata", MEMBER_SIGNED, offsetof(struct dns_server_security, nodata),
		NULL },
	{ "cds", MEMBER_OTHER, 0, NULL },
	{ "nsec3_iterations", MEMBER_U16,
		offsetof(struct dns_server_security, nsec3_iterations), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member ds_members[] = {
	{ "key_tag", MEMBER_U16, offsetof(struct dns_ds, key_tag), NULL },
	{ "algorithm", MEMBER_U8, offsetof(struct dns_ds, algorithm), NULL },
	{ "digest_type", MEMBER_U8, offsetof(struct dns_ds, digest_type),
		NULL },
	{ "digest", MEMBER_STRING, offsetof(struct dns_ds, digest), NULL },
	{ "matches_key", MEMBER_BOOL, offsetof(struct dns_ds, matches_key),
		NULL },
	{ "signs_keys", MEMBER_BOOL, offsetof(struct dns_ds, signs_keys),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member key_members[] = {
	{ "key_tag", MEMBER_U16, offsetof(struct dns_key, key_tag), NULL },
	{ "algorithm", MEMBER_U8, offsetof(struct dns_key, algorithm), NULL },
	{ "flags", MEMBER_U16, offsetof(struct dns_key, flags), NULL },
	{ "bits", MEMBER_UINT, offsetof(struct dns_key, bits), NULL },
	{ "has_ds", MEMBER_BOOL, offsetof(struct dns_key, has_ds), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member zone_security_members[] = {
	{ "is_known", MEMBER_BOOL, offsetof(struct dns_zone_security, is_known),
		NULL },
	{ "parent", MEMBER_WORD, offsetof(struct dns_zone_security, parent),
		dns_security_word },
	{ "parent_why", MEMBER_STRING,
		offsetof(struct dns_zone_security, parent_why), NULL },
	{ "parent_zone", MEMBER_STRING,
		offsetof(struct dns_zone_security, parent_zone), NULL },
	{ "starts_at_ds", MEMBER_BOOL,
		offsetof(struct dns_zone_security, starts_at_ds), NULL },
	{ "ds_signed", MEMBER_SIGNED,
		offsetof(struct dns_zone_security, ds_signed), NULL },
	{ "ds_is_known", MEMBER_BOOL,
		offsetof(struct dns_zone_security, ds_is_known), NULL },
	{ "ds_is_given", MEMBER_BOOL,
		offsetof(struct dns_zone_security, ds_is_given), NULL },
	{ "ds", MEMBER_OTHER, 0, NULL },
	{ "keys", MEMBER_OTHER, 0, NULL },
	{ "n_ds_sets", MEMBER_SIZE,
		offsetof(struct dns_zone_security, n_ds_sets), NULL },
	{ "ds_differs_at", MEMBER_STRING,
		offsetof(struct dns_zone_security, ds_differs_at), NULL },
	{ "is_signed", MEMBER_BOOL,
		offsetof(struct dns_zone_security, is_signed), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member host_members[] = {
	{ "name", MEMBER_STRING, offsetof(struct dns_host, name), NULL },
	{ "in_parent", MEMBER_BOOL, offsetof(struct dns_host, in_parent),
		NULL },
	{ "in_child", MEMBER_BOOL, offsetof(struct dns_host, in_child), NULL },
	{ "needs_glue", MEMBER_BOOL, offsetof(struct dns_host, needs_glue),
		NULL },
	{ "lookup", MEMBER_WORD, offsetof(struct dns_host, lookup),
		dns_lookup_word },
	{ "why", MEMBER_STRING, offsetof(struct dns_host, why), NULL },
	{ "alias", MEMBER_STRING, offsetof(struct dns_host, alias), NULL },
	{ "glue", MEMBER_ADDRS, offsetof(struct dns_host, glue), NULL },
	{ "addrs", MEMBER_ADDRS, offsetof(struct dns_host, addrs), NULL },
	{ "v4_known", MEMBER_BOOL, offsetof(struct dns_host, v4_known), NULL },
	{ "v6_known", MEMBER_BOOL, offsetof(struct dns_host, v6_known), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member server_members[] = {
	{ "addr", MEMBER_STRING, offsetof(struct dns_server, addr_text), NULL },
	{ "all", MEMBER_OTHER, 0, NULL },
	{ "hosts", MEMBER_NAMES, offsetof(struct dns_server, hosts), NULL },
	{ "from_glue", MEMBER_BOOL, offsetof(struct dns_server, from_glue),
		NULL },
	{ "from_auth", MEMBER_BOOL, offsetof(struct dns_server, from_auth),
		NULL },
	{ "carries", MEMBER_BOOL, offsetof(struct dns_server, carries), NULL },
	{ "soa_udp", MEMBER_PROBE, offsetof(struct dns_server, soa_udp), NULL },
	{ "ns_udp", MEMBER_PROBE, offsetof(struct dns_server, ns_udp), NULL },
	{ "soa_tcp", MEMBER_PROBE, offsetof(struct dns_server, soa_tcp), NULL },
	{ "ns_tcp", MEMBER_PROBE, offsetof(struct dns_server, ns_tcp), NULL },
	{ "soa", MEMBER_SOA, offsetof(struct dns_server, soa), NULL },
	{ "tcp_soa", MEMBER_SOA, offsetof(struct dns_server, tcp_soa), NULL },
	{ "ns", MEMBER_NAMES, offsetof(struct dns_server, ns), NULL },
	{ "tcp_ns", MEMBER_NAMES, offsetof(struct dns_server, tcp_ns), NULL },
	{ "delegation_ttl_s", MEMBER_I64,
		offsetof(struct dns_server, delegation_ttl_s), NULL },
	{ "edns", MEMBER_WORD, offsetof(struct dns_server, edns),
		dns_edns_word },
	{ "edns_rcode", MEMBER_U16, offsetof(struct dns_server, edns_rcode),
		NULL },
	{ "foreign", MEMBER_PROBE, offsetof(struct dns_server, foreign), NULL },
	{ "foreign_is_answered", MEMBER_BOOL,
		offsetof(struct dns_server, foreign_is_answered), NULL },
	{ "security", MEMBER_OTHER, 0, NULL },
	{ "nsid", MEMBER_STRING, offsetof(struct dns_server, nsid), NULL },
	{ "as_number", MEMBER_U32, offsetof(struct dns_server, as_number),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member parent_members[] = {
	{ "host", MEMBER_STRING, offsetof(struct dns_parent_server, host),
		NULL },
	{ "addr", MEMBER_STRING, offsetof(struct dns_parent_server, addr_text),
		NULL },
	{ "probe", MEMBER_PROBE, offsetof(struct dns_parent_server, probe),
		NULL },
	{ "serves_child", MEMBER_BOOL,
		offsetof(struct dns_parent_server, serves_child), NULL },
	{ "ns", MEMBER_NAMES, offsetof(struct dns_parent_server, ns), NULL },
	{ "ttl_s", MEMBER_U32, offsetof(struct dns_parent_server, ttl_s),
		NULL },
	{ "referral_size", MEMBER_SIZE,
		offsetof(struct dns_parent_server, referral_size), NULL },
	{ "n_ds", MEMBER_SIZE, offsetof(struct dns_parent_server, n_ds), NULL },
	{ "ds", MEMBER_NAMES, offsetof(struct dns_parent_server, ds), NULL },
	{ "ds_why", MEMBER_STRING, offsetof(struct dns_parent_server, ds_why),
		NULL },
	{ "holder", MEMBER_STRING, offsetof(struct dns_parent_server, holder),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member step_members[] = {
	{ "zone", MEMBER_STRING, offsetof(struct dns_step, zone), NULL },
	{ "host", MEMBER_STRING, offsetof(struct dns_step, host), NULL },
	{ "addr", MEMBER_STRING, offsetof(struct dns_step, addr_text), NULL },
	{ "question", MEMBER_STRING, offsetof(struct dns_step, question),
		NULL },
	{ "is_tcp", MEMBER_BOOL, offsetof(struct dns_step, is_tcp), NULL },
	{ "at_us", MEMBER_I64, offsetof(struct dns_step, at_us), NULL },
	{ "probe", MEMBER_PROBE, offsetof(struct dns_step, probe), NULL },
	{ "came", MEMBER_STRING, offsetof(struct dns_step, came), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member expect_members[] = {
	{ "min_good", MEMBER_U64, offsetof(struct delegation_expect, min_good),
		NULL },
	{ "min_ns", MEMBER_U64, offsetof(struct delegation_expect, min_ns),
		NULL },
	{ "ns", MEMBER_NAMES, offsetof(struct delegation_expect, ns), NULL },
	{ "permitted", MEMBER_OTHER, 0, NULL },
	{ "now_s", MEMBER_I64, offsetof(struct delegation_expect, now_s),
		NULL },
	{ "sig_warning_s", MEMBER_I64,
		offsetof(struct delegation_expect, sig_warning_s), NULL },
	{ "sig_critical_s", MEMBER_I64,
		offsetof(struct delegation_expect, sig_critical_s), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member remembered_members[] = {
	{ "since_s", MEMBER_I64, offsetof(struct dns_remembered, since_s),
		NULL },
	{ "ns", MEMBER_OTHER, 0, NULL },
	{ "glue", MEMBER_OTHER, 0, NULL },
	{ "glue_is_whole", MEMBER_BOOL,
		offsetof(struct dns_remembered, glue_is_whole), NULL },
	{ "ds", MEMBER_OTHER, 0, NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member history_file_members[] = {
	{ "fate", MEMBER_WORD, offsetof(struct dns_history_file, fate),
		dns_history_fate_word },
	{ "why", MEMBER_STRING, offsetof(struct dns_history_file, why), NULL },
	{ "node", MEMBER_STRING, offsetof(struct dns_history_file, node),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member delegation_members[] = {
	{ "zone", MEMBER_STRING, offsetof(struct delegation, zone), NULL },
	{ "typed", MEMBER_STRING, offsetof(struct delegation, typed), NULL },
	{ "parent", MEMBER_STRING, offsetof(struct delegation, parent), NULL },
	{ "starts_at_parent", MEMBER_BOOL,
		offsetof(struct delegation, starts_at_parent), NULL },
	{ "cut", MEMBER_WORD, offsetof(struct delegation, cut), dns_cut_word },
	{ "holder", MEMBER_STRING, offsetof(struct delegation, holder), NULL },
	{ "walk_failure", MEMBER_STRING,
		offsetof(struct delegation, walk_failure), NULL },
	{ "failed_zone", MEMBER_STRING,
		offsetof(struct delegation, failed_zone), NULL },
	{ "walk_hit_limit", MEMBER_BOOL,
		offsetof(struct delegation, walk_hit_limit), NULL },
	{ "limit_text", MEMBER_STRING, offsetof(struct delegation, limit_text),
		NULL },
	{ "interception", MEMBER_STRING,
		offsetof(struct delegation, interception), NULL },
	{ "parents", MEMBER_OTHER, 0, NULL },
	{ "parent_ns", MEMBER_NAMES, offsetof(struct delegation, parent_ns),
		NULL },
	{ "child_ns", MEMBER_NAMES, offsetof(struct delegation, child_ns),
		NULL },
	{ "hosts", MEMBER_OTHER, 0, NULL },
	{ "servers", MEMBER_OTHER, 0, NULL },
	{ "but", MEMBER_OTHER, 0, NULL },
	{ "signed", MEMBER_OTHER, 0, NULL },
	{ "security", MEMBER_OTHER, 0, NULL },
	{ "ns_is_given", MEMBER_BOOL, offsetof(struct delegation, ns_is_given),
		NULL },
	{ "hosts_cut", MEMBER_BOOL, offsetof(struct delegation, hosts_cut),
		NULL },
	{ "v4", MEMBER_WORD, offsetof(struct delegation, v4), dns_sight_word },
	{ "v6", MEMBER_WORD, offsetof(struct delegation, v6), dns_sight_word },
	{ "udp", MEMBER_WORD, offsetof(struct delegation, udp),
		dns_sight_word },
	{ "tcp", MEMBER_WORD, offsetof(struct delegation, tcp),
		dns_sight_word },
	{ "n_queries", MEMBER_U64, offsetof(struct delegation, n_queries),
		NULL },
	{ "elapsed_us", MEMBER_I64, offsetof(struct delegation, elapsed_us),
		NULL },
	{ "timeout_stage", MEMBER_STRING,
		offsetof(struct delegation, timeout_stage), NULL },
	{ "has_asn", MEMBER_BOOL, offsetof(struct delegation, has_asn), NULL },
	{ "registrable", MEMBER_OTHER, 0, NULL },
	{ "steps", MEMBER_OTHER, 0, NULL },
	{ "remembered", MEMBER_OTHER, 0, NULL },
	{ "memory", MEMBER_OTHER, 0, NULL },
	{ "secondary", MEMBER_OTHER, 0, NULL },
	{ "expect", MEMBER_OTHER, 0, NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

enum {
	KEY_TAG = 20001,
	ALGORITHM = 13,
};

static const struct dns_signed healthy_signature = {
	.security = DNS_SECURE,
	.was_asked = true,
	.is_signed = true,
	.inception_s = NOW_S - 4 * DAY_S,
	.expiration_s = NOW_S + 10 * DAY_S,
	.key_tag = KEY_TAG,
	.algorithm = ALGORITHM,
};

static const struct dns_signed no_signature = {
	.security = DNS_INSECURE,
	.was_asked = true,
};

static void fail_all(struct dns_server *server, const struct dns_probe *probe)
{
	server->soa_udp = server->ns_udp = *probe;
	server->soa_tcp = server->ns_tcp = *probe;
	server->foreign = *probe;
	server->soa = server->tcp_soa = (struct dns_soa){ 0 };
	server->ns = server->tcp_ns = (struct dns_names){ 0 };
	server->edns = DNS_EDNS_UNKNOWN;
	server->security = (struct dns_server_security){ 0 };
}

/* The same for all that a server sends, the CDS set aside. */
static struct dns_server_security security_of(const struct dns_signed *all)
{
	return (struct dns_server_security){
		.was_asked = all->was_asked,
		.dnskey = *all,
		.soa = *all,
		.ns = *all,
		.nxdomain = *all,
		.nodata = *all,
	};
}

static void read_security_word(struct reader *reader, json_t *value,
	struct dns_server_security *security)
{
	const char *word = json_string_value(value);
	struct dns_signed all = security->soa;

	if (strcmp(word, "not_asked") == 0) {
		*security = (struct dns_server_security){ 0 };
		return;
	}
	if (strcmp(word, "unsigned") == 0)
		all = (struct dns_signed){ .security = DNS_BOGUS,
			.was_asked = true,
			.why = "unsigned" };
	else
		all.security = (enum dns_security)reader_word(
			reader, value, dns_security_word, "security");
	if (all.security == DNS_BOGUS || all.security == DNS_INDETERMINATE)
		all.why = word;
	*security = security_of(&all);
}

static void read_server_security(struct reader *reader, json_t *value,
	struct dns_server_security *security)
{
	json_t *cds = json_object_get(value, "cds");

	if (json_is_string(value)) {
		read_security_word(reader, value, security);
		return;
	}
	reader_object(
		reader, value, server_security_members, security, "security");
	if (!cds)
		return;
	security->cds = (struct dns_cds){ .is_known = json_is_object(cds) };
	if (json_is_object(cds))
		reader_object(reader, cds, cds_members, &security->cds, "cds");
}

void facts_server(
	struct reader *reader, json_t *value, struct dns_server *server)
{
	json_t *all = json_object_get(value, "all");
	struct dns_probe probe;

	if (all) {
		reader_probe(reader, all, &probe, "all");
		fail_all(server, &probe);
	}
	reader_object(reader, value, server_members, server, "server");
	if (json_object_get(value, "security"))
		read_server_security(reader, json_object_get(value, "security"),
			&server->security);
	if (!server->addr_text ||
		!dns_addr_parse(server->addr_text, &server->addr))
		reader_complain(reader, "not an address", "addr");
}

struct dns_server facts_healthy_server(struct reader *reader,
	const struct delegation *d, const struct dns_addr *addr)
{
	struct dns_server server = {
		.addr = *addr,
		.soa_udp = reader_healthy_probe,
		.ns_udp = reader_healthy_probe,
		.soa_tcp = reader_healthy_probe,
		.ns_tcp = { .outcome = DNS_NOT_ASKED },
		.soa = reader_healthy_soa,
		.tcp_soa = reader_healthy_soa,
		.ns = d->child_ns,
		.tcp_ns = d->child_ns,
		.hosts = { .is_known = true },
		.delegation_ttl_s = 3600,
		.edns = DNS_EDNS_FINE,
		.security = security_of(&reader->signature),
	};

	if (addr->family != 0)
		server.addr_text = dns_addr_string(reader->arena, addr);
	reader_probe_word(reader, "refused", &server.foreign);
	return server;
}

struct dns_server *facts_place_server(struct reader *reader,
	struct delegation *d, const struct dns_addr *addr)
{
	size_t at = 0;

	while (at < d->n_servers &&
		dns_addr_compare(&d->servers[at].addr, addr) < 0)
		at++;
	if (at < d->n_servers &&
		dns_addr_compare(&d->servers[at].addr, addr) == 0)
		return &d->servers[at];
	d->servers = arena_grow(reader->arena, d->servers, d->n_servers,
		d->n_servers + 1, sizeof(*d->servers));
	memmove(d->servers + at + 1, d->servers + at,
		(d->n_servers - at) * sizeof(*d->servers));
	d->servers[at] = facts_healthy_server(reader, d, addr);
	d->n_servers++;
	return &d->servers[at];
}

static void place_addrs(struct reader *reader, struct delegation *d,
	const struct dns_host *host, const struct dns_addrs *addrs)
{
	bool is_glue = addrs == &host->glue;
	size_t i;

	for (i = 0; i < addrs->n; i++) {
		struct dns_server *server =
			facts_place_server(reader, d, &addrs->at[i]);

		reader_add_name(reader, &server->hosts, host->name);
		server->from_glue |= is_glue;
		server->from_auth |= !is_glue;
		server->carries |= delegation_host_carries(d, host) &&
				   (is_glue || host->glue.n == 0);
	}
}

static void derive_servers(struct reader *reader, struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_hosts; i++) {
		place_addrs(reader, d, &d->hosts[i], &d->hosts[i].glue);
		place_addrs(reader, d, &d->hosts[i], &d->hosts[i].addrs);
	}
}

static void read_servers(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	json_t *servers = json_object_get(facts, "servers");
	json_t *but = json_object_get(facts, "but");
	const struct dns_addr none = { 0 };
	const char *key;
	json_t *value;
	size_t i;

	if (servers) {
		d->n_servers = json_array_size(servers);
		d->servers = arena_array(
			reader->arena, d->n_servers, sizeof(*d->servers));
		json_array_foreach(servers, i, value)
		{
			d->servers[i] = facts_healthy_server(reader, d, &none);
			facts_server(reader, value, &d->servers[i]);
		}
	} else {
		derive_servers(reader, d);
	}
	json_object_foreach(but, key, value)
	{
		struct dns_addr addr;
		size_t before = d->n_servers;

		if (!dns_addr_parse(key, &addr)) {
			reader_complain(reader, "not an address", key);
			return;
		}
		facts_server(
			reader, value, facts_place_server(reader, d, &addr));
		if (d->n_servers != before)
			reader_complain(
				reader, "no server has this address", key);
	}
}

static void read_host(struct reader *reader, const struct delegation *d,
	json_t *value, struct dns_host *host)
{
	const char *name = json_string_value(json_object_get(value, "name"));
	bool has_parent_side = d->cut == DNS_CUT_DELEGATED;

	host->in_parent = has_parent_side;
	host->in_child = true;
	host->needs_glue = name && dns_name_in(name, d->zone);
	host->lookup = DNS_LOOKUP_FOUND;
	host->v4_known = host->v6_known = true;
	reader_object(reader, value, host_members, host, "host");
	if (!host->name) {
		reader_complain(reader, "has no name", "host");
		return;
	}
	if (json_object_get(value, "glue"))
		return;
	host->glue.is_known = has_parent_side && host->in_parent;
	if (host->needs_glue && host->glue.is_known)
		host->glue = host->addrs;
}

static int compare_hosts(const void *a, const void *b)
{
	const struct dns_host *one = a;
	const struct dns_host *other = b;

	return dns_name_compare(one->name, other->name);
}

static void read_hosts(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	json_t *hosts = json_object_get(facts, "hosts");
	size_t i;

	d->n_hosts = json_array_size(hosts);
	d->hosts = arena_array(reader->arena, d->n_hosts, sizeof(*d->hosts));
	for (i = 0; i < d->n_hosts; i++) {
		read_host(reader, d, json_array_get(hosts, i), &d->hosts[i]);
		if (reader->wrong)
			return;
	}
	qsort(d->hosts, d->n_hosts, sizeof(*d->hosts), compare_hosts);
	for (i = 0; i < d->n_hosts; i++) {
		if (d->hosts[i].in_parent)
			reader_add_name(
				reader, &d->parent_ns, d->hosts[i].name);
		if (d->hosts[i].in_child)
			reader_add_name(reader, &d->child_ns, d->hosts[i].name);
	}
	d->parent_ns.is_known = d->cut == DNS_CUT_DELEGATED;
	d->child_ns.is_known = delegation_exists(d);
}

/* What a parent's server says in each case. */
static const char *parent_word(enum dns_cut cut)
{
	switch (cut) {
	case DNS_CUT_DELEGATED:
		return "referral";
	case DNS_CUT_SAME_SERVERS:
		return "answer";
	case DNS_CUT_NONE:
		return "nodata";
	case DNS_CUT_NXDOMAIN:
		return "nxdomain";
	case DNS_CUT_UNKNOWN:
		break;
	}
	return "timed_out";
}

static void read_parent(struct reader *reader, const struct delegation *d,
	json_t *value, struct dns_parent_server *parent)
{
	reader_probe_word(reader, parent_word(d->cut), &parent->probe);
	parent->host = "a.nic.example";
	parent->ttl_s = 3600;
	parent->referral_size = 200;
	parent->serves_child = d->cut == DNS_CUT_SAME_SERVERS;
	reader_object(reader, value, parent_members, parent, "parent");
	if (!parent->addr_text ||
		!dns_addr_parse(parent->addr_text, &parent->addr))
		reader_complain(reader, "not an address", "parent");
	if (!json_object_get(value, "ns") &&
		parent->probe.kind == DNS_KIND_REFERRAL)
		parent->ns = d->parent_ns;
}

static void read_parents(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	json_t *given = json_object_get(facts, "parents");
	json_t *parents =
		given ? json_incref(given)
		      : json_pack("[{s:s},{s:s}]", "addr", "199.19.56.1",
				"addr", "2001:500:e::1");
	size_t i;

	d->n_parents = json_array_size(parents);
	d->parents =
		arena_array(reader->arena, d->n_parents, sizeof(*d->parents));
	for (i = 0; i < d->n_parents; i++)
		read_parent(
			reader, d, json_array_get(parents, i), &d->parents[i]);
	json_decref(parents);
}

static void read_registrable(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	json_t *array = json_object_get(facts, "registrable");
	size_t i;

	if (array && json_is_null(array))
		return;
	d->registrable =
		arena_array(reader->arena, d->n_hosts, sizeof(*d->registrable));
	if (array && json_array_size(array) != d->n_hosts) {
		reader_complain(reader, "not one a host", "registrable");
		return;
	}
	for (i = 0; array && i < d->n_hosts; i++)
		d->registrable[i] = reader_string(
			reader, json_array_get(array, i), "registrable");
}

static void read_steps(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	json_t *steps = json_object_get(facts, "steps");
	size_t i;

	d->n_steps = json_array_size(steps);
	d->steps = arena_array(reader->arena, d->n_steps, sizeof(*d->steps));
	for (i = 0; i < d->n_steps; i++)
		reader_object(reader, json_array_get(steps, i), step_members,
			&d->steps[i], "step");
}

struct dns_prefix *facts_prefixes(
	struct reader *reader, json_t *array, size_t *n, const char *where)
{
	struct dns_prefix *out;
	size_t i;

	*n = json_array_size(array);
	out = arena_array(reader->arena, *n, sizeof(*out));
	for (i = 0; i < *n; i++) {
		const char *text =
			reader_string(reader, json_array_get(array, i), where);

		if (!text || !dns_prefix_parse(text, &out[i]))
			reader_complain(reader, "not a prefix", where);
	}
	return out;
}

static void read_expect(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	json_t *expect = json_object_get(facts, "expect");

	d->expect.min_good = 1;
	d->expect.min_ns = 2;
	d->expect.now_s = NOW_S;
	d->expect.sig_warning_s = d->expect.sig_critical_s = -1;
	if (expect)
		reader_object(
			reader, expect, expect_members, &d->expect, "expect");
	d->expect.permitted =
		facts_prefixes(reader, json_object_get(expect, "permitted"),
			&d->expect.n_permitted, "permitted");
}

static const char **read_strings(
	struct reader *reader, json_t *object, const char *key, size_t *n)
{
	json_t *array = json_object_get(object, key);
	struct dns_names set = { 0 };

	if (array)
		reader_names(reader, array, &set, key);
	*n = set.n;
	return set.at;
}

void facts_history_file(struct reader *reader, json_t *value,
	struct dns_history_file *file, const char *where)
{
	if (json_is_string(value))
		file->fate = (enum dns_history_fate)reader_word(
			reader, value, dns_history_fate_word, where);
	else
		reader_object(reader, value, history_file_members, file, where);
}

static void read_memory(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	struct dns_remembered *out = &d->remembered;
	json_t *remembered = json_object_get(facts, "remembered");
	json_t *memory = json_object_get(facts, "memory");

	if (json_is_object(remembered)) {
		*out = (struct dns_remembered){ .is_known = true,
			.since_s = NOW_S - DAY_S,
			.glue_is_whole = true };
		reader_object(reader, remembered, remembered_members, out,
			"remembered");
		out->ns = read_strings(reader, remembered, "ns", &out->n_ns);
		out->glue =
			read_strings(reader, remembered, "glue", &out->n_glue);
		out->ds = read_strings(reader, remembered, "ds", &out->n_ds);
		out->ds_is_known =
			!json_is_null(json_object_get(remembered, "ds"));
		d->memory.fate = DNS_HISTORY_READ;
	}
	if (memory)
		facts_history_file(reader, memory, &d->memory, "memory");
}

static void read_ds(
	struct reader *reader, json_t *array, struct dns_zone_security *zone)
{
	size_t i;

	zone->n_ds = json_array_size(array);
	zone->ds = arena_array(reader->arena, zone->n_ds, sizeof(*zone->ds));
	for (i = 0; i < zone->n_ds; i++) {
		zone->ds[i] = (struct dns_ds){
			.key_tag = KEY_TAG,
			.algorithm = ALGORITHM,
			.digest_type = 2,
			.digest = "e2d3c916f6deeac73294e8268fb5885044a833fc"
				  "5459588f4a9184cfc41a5766",
			.matches_key = true,
			.signs_keys = true,
		};
		reader_object(reader, json_array_get(array, i), ds_members,
			&zone->ds[i], "ds");
	}
}

static void read_keys(
	struct reader *reader, json_t *array, struct dns_zone_security *zone)
{
	size_t i;

	zone->n_keys = json_array_size(array);
	zone->keys =
		arena_array(reader->arena, zone->n_keys, sizeof(*zone->keys));
	for (i = 0; i < zone->n_keys; i++) {
		zone->keys[i] = (struct dns_key){
			.key_tag = KEY_TAG,
			.algorithm = ALGORITHM,
			.flags = 257,
			.has_ds = true,
		};
		reader_object(reader, json_array_get(array, i), key_members,
			&zone->keys[i], "key");
	}
}

/* The zone's part, from which each server's is derived. */
static void read_security(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	struct dns_zone_security *zone = &d->security;
	json_t *special = json_object_get(facts, "signed");
	json_t *given = json_object_get(facts, "security");
	json_t *one = json_pack("[{}]");

	*zone = (struct dns_zone_security){
		.is_known = true,
		.parent = DNS_SECURE,
		.ds_signed = special ? healthy_signature : no_signature,
		.ds_is_known = true,
		.n_ds_sets = 1,
		.is_signed = special != NULL,
	};
	if (special) {
		reader_object(reader, special, reader_signed_members,
			&zone->ds_signed, "signed");
		read_ds(reader, one, zone);
		read_keys(reader, one, zone);
	}
	json_decref(one);
	reader->signature = zone->ds_signed;
	if (given)
		reader_object(
			reader, given, zone_security_members, zone, "security");
	if (json_object_get(given, "ds"))
		read_ds(reader, json_object_get(given, "ds"), zone);
	if (json_object_get(given, "keys"))
		read_keys(reader, json_object_get(given, "keys"), zone);
}

void facts_delegation(
	struct reader *reader, json_t *facts, struct delegation *d)
{
	struct dns_names parent_ns, child_ns;

	*d = (struct delegation){
		.zone = "example.org",
		.typed = "example.org",
		.parent = "org",
		.cut = DNS_CUT_DELEGATED,
		.v4 = DNS_SIGHT_SEEN,
		.v6 = DNS_SIGHT_SEEN,
		.udp = DNS_SIGHT_SEEN,
		.tcp = DNS_SIGHT_SEEN,
		.n_queries = 20,
		.elapsed_us = 100000,
	};
	reader_object(reader, facts, delegation_members, d, "facts");
	parent_ns = d->parent_ns;
	child_ns = d->child_ns;
	d->parent_ns = d->child_ns = (struct dns_names){ 0 };
	if (!reader->wrong)
		read_hosts(reader, facts, d);
	if (json_object_get(facts, "parent_ns"))
		d->parent_ns = parent_ns;
	if (json_object_get(facts, "child_ns"))
		d->child_ns = child_ns;
	if (reader->wrong)
		return;
	read_security(reader, facts, d);
	read_parents(reader, facts, d);
	read_servers(reader, facts, d);
	read_registrable(reader, facts, d);
	read_steps(reader, facts, d);
	read_memory(reader, facts, d);
	read_expect(reader, facts, d);
}

const char *facts_read(struct arena *arena, json_t *facts, struct delegation *d)
{
	struct reader reader = { .arena = arena };

	facts_delegation(&reader, facts, d);
	return reader.wrong;
}
