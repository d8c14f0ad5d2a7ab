/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/secondary_zone.h"

#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 4 * 1024 * 1024,
	ENTRIES_MAX = 8,
};

int zone_set_up(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct zone *zone = arena_alloc(arena, sizeof(*zone));
	struct delegation *d = &zone->s.d;

	zone->arena = arena;
	d->zone = d->typed = "example.org";
	d->parent = "org";
	d->cut = DNS_CUT_DELEGATED;
	d->v4 = d->v6 = d->udp = d->tcp = DNS_SIGHT_SEEN;
	d->parent_ns.is_known = d->child_ns.is_known = true;
	d->expect.now_s = ZONE_NOW_S;
	d->expect.sig_warning_s = d->expect.sig_critical_s = -1;
	d->hosts = arena_array(arena, ENTRIES_MAX, sizeof(*d->hosts));
	d->servers = arena_array(arena, ENTRIES_MAX, sizeof(*d->servers));
	zone->s.copies =
		arena_array(arena, ENTRIES_MAX, sizeof(*zone->s.copies));
	zone->s.primaries =
		arena_array(arena, ENTRIES_MAX, sizeof(*zone->s.primaries));
	zone->s.secondaries =
		arena_array(arena, ENTRIES_MAX, sizeof(*zone->s.secondaries));
	zone->s.expect.lost =
		arena_array(arena, ENTRIES_MAX, sizeof(*zone->s.expect.lost));
	zone->s.expect.min_survivors = 1;
	*state = zone;
	return 0;
}

int zone_tear_down(void **state)
{
	struct zone *zone = *state;

	arena_free(zone->arena);
	return 0;
}

static void add_name(
	struct arena *arena, struct dns_names *names, const char *name)
{
	names->at = arena_grow(
		arena, names->at, names->n, names->n + 1, sizeof(*names->at));
	names->at[names->n++] = name;
	names->is_known = true;
}

static struct dns_addr parse(const char *text)
{
	struct dns_addr addr;

	assert_true(dns_addr_parse(text, &addr));
	return addr;
}

struct dns_server *zone_server(struct zone *zone, const char *text)
{
	struct dns_addr addr = parse(text);

	for (size_t i = 0; i < zone->s.d.n_servers; i++)
		if (dns_addr_compare(&zone->s.d.servers[i].addr, &addr) == 0)
			return &zone->s.d.servers[i];
	return NULL;
}

struct dns_copy *zone_copy(struct zone *zone, const char *text)
{
	struct dns_addr addr = parse(text);

	for (size_t i = 0; i < zone->s.n_copies; i++)
		if (dns_addr_compare(&zone->s.copies[i].server.addr, &addr) ==
			0)
			return &zone->s.copies[i];
	fail();
	return NULL;
}

static struct dns_server good_server(const char *text)
{
	return (struct dns_server){
		.addr = parse(text),
		.addr_text = text,
		.soa_udp = { .outcome = DNS_ANSWERED,
			.kind = DNS_KIND_ANSWER,
			.is_authoritative = true },
		.soa = { .is_known = true,
			.mname = "ns1.example.org",
			.rname = "hostmaster.example.org",
			.serial = ZONE_SERIAL },
		.delegation_ttl_s = -1,
	};
}

void zone_add_address(
	struct zone *zone, struct dns_host *host, const char *text)
{
	struct delegation *d = &zone->s.d;
	struct dns_server *server = zone_server(zone, text);
	struct dns_addrs *addrs = &host->addrs;

	if (!server) {
		assert_true(d->n_servers < ENTRIES_MAX);
		server = &d->servers[d->n_servers++];
		*server = good_server(text);
	}
	server->from_auth = server->carries = true;
	add_name(zone->arena, &server->hosts, host->name);
	addrs->at = arena_grow(zone->arena, addrs->at, addrs->n, addrs->n + 1,
		sizeof(*addrs->at));
	addrs->at[addrs->n++] = server->addr;
}

struct dns_host *zone_add_host(
	struct zone *zone, const char *name, const char *v4, const char *v6)
{
	struct delegation *d = &zone->s.d;
	struct dns_host *host = &d->hosts[d->n_hosts++];

	assert_true(d->n_hosts <= ENTRIES_MAX);
	*host = (struct dns_host){
		.name = name,
		.in_parent = true,
		.in_child = true,
		.lookup = DNS_LOOKUP_FOUND,
		.addrs = { .is_known = true },
		.v4_known = true,
		.v6_known = true,
	};
	add_name(zone->arena, &d->parent_ns, name);
	add_name(zone->arena, &d->child_ns, name);
	if (v4)
		zone_add_address(zone, host, v4);
	if (v6)
		zone_add_address(zone, host, v6);
	return host;
}

void zone_add_three(struct zone *zone)
{
	zone_add_host(zone, "ns1.example.org", "192.0.2.1", "2001:db8:1::1");
	zone_add_host(zone, "ns2.example.org", "198.51.100.2", "2001:db8:2::2");
	zone_add_host(zone, "ns3.example.net", "203.0.113.3", NULL);
}

static struct dns_named named(const char *typed)
{
	struct dns_named named = { .typed = typed, .lookup = DNS_LOOKUP_FOUND };

	if (!dns_addr_parse(typed, &named.addr))
		named.name = typed;
	return named;
}

void zone_give_primary(struct zone *zone, const char *typed)
{
	zone->s.primary_is_given = true;
	zone->s.primaries[zone->s.n_primaries++] = named(typed);
}

void zone_infer_primary(struct zone *zone, const char *mname)
{
	zone->s.primary_is_inferred = true;
	zone->s.primaries[zone->s.n_primaries++] = named(mname);
}

void zone_give_secondary(struct zone *zone, const char *typed)
{
	zone->s.secondaries[zone->s.n_secondaries++] = named(typed);
}

void zone_lose(struct zone *zone, const char *prefix)
{
	assert_true(dns_prefix_parse(
		prefix, &zone->s.expect.lost[zone->s.expect.n_lost++]));
}

void zone_mark(const struct zone *zone, struct dns_copy *copy)
{
	for (size_t i = 0; i < zone->s.n_primaries; i++)
		if (secondary_named_has(&zone->s.primaries[i], copy)) {
			copy->is_primary = true;
			copy->is_named = zone->s.primary_is_given;
		}
	for (size_t i = 0; i < zone->s.n_secondaries; i++)
		copy->is_named |=
			secondary_named_has(&zone->s.secondaries[i], copy);
	for (size_t i = 0; i < copy->server.hosts.n; i++) {
		const char *name = copy->server.hosts.at[i];

		copy->in_parent |= dns_names_hold(&zone->s.d.parent_ns, name);
		copy->in_child |= dns_names_hold(&zone->s.d.child_ns, name);
	}
}

struct dns_copy *zone_add_copy(
	struct zone *zone, const char *name, const char *text)
{
	struct dns_copy *copy = &zone->s.copies[zone->s.n_copies++];

	assert_true(zone->s.n_copies <= ENTRIES_MAX);
	*copy = (struct dns_copy){ .server = good_server(text), .ede = -1 };
	copy->key = text;
	if (name)
		add_name(zone->arena, &copy->server.hosts, name);
	zone_mark(zone, copy);
	return copy;
}

void zone_settle(struct zone *zone)
{
	for (size_t i = 0; i < zone->s.d.n_servers; i++) {
		struct dns_copy *copy = &zone->s.copies[zone->s.n_copies++];

		assert_true(zone->s.n_copies <= ENTRIES_MAX);
		*copy = (struct dns_copy){ .server = zone->s.d.servers[i],
			.ede = -1 };
		copy->key = copy->server.addr_text;
		zone_mark(zone, copy);
	}
}

static void break_server(
	struct dns_server *server, enum dns_outcome outcome, uint16_t rcode)
{
	server->soa_udp = (struct dns_probe){
		.outcome = outcome,
		.kind = outcome == DNS_ANSWERED ? DNS_KIND_ERROR
						: DNS_KIND_NONE,
		.rcode = rcode,
		.tries = 3,
	};
	server->soa.is_known = false;
}

void zone_make(struct zone *zone, const char *text, enum dns_outcome outcome,
	uint16_t rcode)
{
	struct dns_server *server = zone_server(zone, text);

	if (server)
		break_server(server, outcome, rcode);
	break_server(&zone_copy(zone, text)->server, outcome, rcode);
}

void zone_silence(struct zone *zone, const char *text)
{
	zone_make(zone, text, DNS_TIMED_OUT, 0);
}

void zone_silence_all(struct zone *zone)
{
	for (size_t i = 0; i < zone->s.n_copies; i++)
		zone_silence(zone, zone->s.copies[i].server.addr_text);
}

const struct judge *zone_judge(struct zone *zone, const char *id)
{
	const struct rule *rule =
		rule_find(secondary_rules, n_secondary_rules, id);

	assert_non_null(rule);
	judge_init(&zone->judge, zone->arena, rule, 1, NULL, 0);
	judge_all(&zone->judge, &zone->s);
	return &zone->judge;
}

void zone_holds(struct zone *zone, const char *id)
{
	const struct judge *j = zone_judge(zone, id);

	assert_int_equal(j->n_holding + j->is_not_asked, 1);
}

void zone_finds(struct zone *zone, const char *id, size_t n, enum state state)
{
	const struct judge *j = zone_judge(zone, id);

	assert_int_equal(j->n_findings, n);
	assert_int_equal(j->n_not_judged, 0);
	assert_int_equal(judge_state(j), state);
}

void zone_not_judged(struct zone *zone, const char *id, size_t n)
{
	const struct judge *j = zone_judge(zone, id);

	assert_int_equal(j->n_findings, 0);
	assert_int_equal(j->n_not_judged, n);
}
