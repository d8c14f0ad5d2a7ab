/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/secondary_world.h"

#include "common/dns/secondary_rules.h"
#include "tests/unit/testing.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	RCODE_SERVFAIL = 2,
	EDE_INVALID_DATA = 24,
	RULES = 10,
};

static const char *const judged[RULES] = {
	"secondary-expired",
	"secondary-ahead",
	"primary-contact-lost",
	"secondary-behind",
	"serial-undefined",
	"contents-differ",
	"soa-expire-short",
	"history-lost",
	"history-unusable",
	"signature-ends-first",
};

void world_init(struct world *world, uint32_t serial)
{
	static const char *const addresses[] = { "192.0.2.1", "198.51.100.1",
		"203.0.113.1" };
	size_t i;

	*world = (struct world){
		.n_servers = COUNT(addresses),
		.primary_is_given = true,
		.now_s = INT64_C(1800000000),
		.interval_s = WORLD_INTERVAL_S,
		.fate = DNS_HISTORY_NEW,
	};
	for (i = 0; i < COUNT(addresses); i++)
		world->servers[i] = (struct world_server){
			.address = addresses[i],
			.tells_expire = true,
			.serial = serial,
			.contact_s = world->now_s,
			.security = DNS_SECURE,
		};
}

void world_release(struct world *world)
{
	arena_free(world->arenas[0]);
	arena_free(world->arenas[1]);
}

static bool has_expired(
	const struct world *world, const struct world_server *server)
{
	return server != &world->servers[0] &&
	       world->now_s - server->contact_s >= WORLD_EXPIRE_S;
}

/* As a secondary does: at once when it hears of a newer serial, else when it
 * is time to refresh. */
static void follow(struct world *world)
{
	const struct world_server *primary = &world->servers[0];
	size_t i;

	for (i = 1; i < world->n_servers; i++) {
		struct world_server *server = &world->servers[i];

		if (primary->is_dead || server->is_dead || server->is_stuck)
			continue;
		if (server->serial != primary->serial ||
			has_expired(world, server) ||
			world->now_s - server->contact_s >= WORLD_REFRESH_S) {
			server->serial = primary->serial;
			server->contact_s = world->now_s;
		}
	}
}

void world_pass(struct world *world, int64_t for_s)
{
	world->now_s += for_s;
	follow(world);
}

void world_update(struct world *world, uint32_t serial)
{
	world->servers[0].serial = serial;
	follow(world);
}

static struct dns_soa soa_of(uint32_t serial)
{
	return (struct dns_soa){
		.is_known = true,
		.mname = "ns1.example.org",
		.rname = "hostmaster.example.org",
		.serial = serial,
		.refresh = WORLD_REFRESH_S,
		.retry = WORLD_RETRY_S,
		.expire = WORLD_EXPIRE_S,
		.minimum = HOUR_S,
	};
}

static void answer(const struct world *world, const struct world_server *server,
	struct dns_copy *copy)
{
	struct dns_probe *probe = &copy->server.soa_udp;

	if (server->is_dead || server->is_lost) {
		probe->outcome = DNS_TIMED_OUT;
		return;
	}
	probe->outcome = DNS_ANSWERED;
	copy->server.nsid = server->nsid;
	if (has_expired(world, server)) {
		probe->kind = DNS_KIND_ERROR;
		probe->rcode = RCODE_SERVFAIL;
		copy->ede = server->tells_ede ? EDE_INVALID_DATA : -1;
		return;
	}
	probe->kind = DNS_KIND_ANSWER;
	probe->is_authoritative = true;
	copy->server.soa = soa_of(server->serial);
	if (server->later_serial != 0)
		copy->later_soa = soa_of(server->later_serial);
	copy->has_expire = server->tells_expire;
	copy->expire_s = WORLD_EXPIRE_S;
	if (server != &world->servers[0])
		copy->expire_s -= (uint32_t)(world->now_s - server->contact_s);
	if (server->signature_end_s != 0)
		copy->server.security.soa = (struct dns_signed){
			.security = server->security,
			.was_asked = true,
			.is_signed = true,
			.inception_s = world->now_s - DAY_S,
			.expiration_s = server->signature_end_s,
		};
}

static void look_at(struct world *world, struct arena *arena)
{
	struct secondary *s = &world->s;
	size_t i;

	s->copies = arena_array(arena, world->n_servers, sizeof(*s->copies));
	s->n_copies = 0;
	for (i = 0; i < world->n_servers; i++) {
		const struct world_server *server = &world->servers[i];
		struct dns_copy *copy = &s->copies[s->n_copies];

		if (server->is_gone)
			continue;
		s->n_copies++;
		assert_true(
			dns_addr_parse(server->address, &copy->server.addr));
		copy->key = copy->server.addr_text = server->address;
		copy->is_primary = i == 0 && !world->is_independent;
		copy->is_named = copy->is_primary && world->primary_is_given;
		copy->ede = -1;
		answer(world, server, copy);
	}
}

static void build(struct world *world, struct arena *arena)
{
	struct secondary *s = &world->s;

	*s = (struct secondary){
		.d = { .zone = "example.org",
			.cut = DNS_CUT_DELEGATED,
			.v4 = DNS_SIGHT_SEEN,
			.udp = DNS_SIGHT_SEEN,
			.expect.now_s = world->now_s },
		.primary_is_given = world->primary_is_given,
		.primary_is_inferred =
			!world->primary_is_given && !world->is_independent,
		.file.fate = world->fate,
		.expect = { .is_independent = world->is_independent,
			.lag_warning_s = -1,
			.lag_critical_s = -1,
			.min_cover_s = 7 * DAY_S },
	};
	s->d.security.ds_is_known = true;
	s->d.security.n_ds = world->is_signed;
	look_at(world, arena);
	s->n_primaries = world->primary_is_given;
	s->primaries = arena_array(arena, 1, sizeof(*s->primaries));
	s->primaries[0] = (struct dns_named){
		.typed = world->servers[0].address,
		.addr = s->copies[0].server.addr,
	};
}

void world_judge(struct world *world)
{
	struct arena *arena = world->arenas[world->is_odd];
	struct rule *rules = arena_array(arena, RULES, sizeof(*rules));
	size_t i;

	for (i = 0; i < RULES; i++) {
		const struct rule *rule = rule_find(
			secondary_rules, n_secondary_rules, judged[i]);

		assert_non_null(rule);
		rules[i] = *rule;
	}
	judge_init(&world->judge, arena, rules, RULES, NULL, 0);
	judge_all(&world->judge, &world->s);
}

static bool is_kept(enum dns_history_fate fate)
{
	return fate == DNS_HISTORY_NEW || fate == DNS_HISTORY_READ ||
	       fate == DNS_HISTORY_LOST;
}

void world_look(struct world *world)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct dns_history after, again;

	/* What was remembered last is in the other one. */
	world->is_odd = !world->is_odd;
	arena_free(world->arenas[world->is_odd]);
	world->arenas[world->is_odd] = arena;
	build(world, arena);
	if (is_kept(world->fate)) {
		world->s.had_run_out =
			secondary_run_out(arena, &world->s, &world->history);
		after = secondary_remember(arena, &world->s, &world->history);
		again = secondary_remember(arena, &world->s, &after);
		assert_true(dns_history_equal(&again, &after));
		world->writes += !dns_history_equal(&after, &world->history);
		world->history = world->s.history = after;
		world->fate = DNS_HISTORY_READ;
	}
	world_judge(world);
}

void world_run(struct world *world)
{
	world_pass(world, world->interval_s);
	world_look(world);
}

void world_run_ok(struct world *world, int64_t for_s)
{
	int64_t end_s = world->now_s + for_s;

	while (world->now_s < end_s) {
		world_run(world);
		assert_int_equal(judge_state(&world->judge), STATE_OK);
	}
}

int world_state(
	const struct world *world, const char *rule, const char *address)
{
	const struct finding *worst = NULL;
	size_t i;

	for (i = 0; i < world->judge.n_findings; i++) {
		const struct finding *finding = &world->judge.findings[i];

		if (strcmp(finding->rule->id, rule) != 0 ||
			(address && (!finding->culprit.address ||
					    strcmp(finding->culprit.address,
						    address) != 0)))
			continue;
		if (!worst ||
			state_rank(finding->state) > state_rank(worst->state))
			worst = finding;
	}
	return worst ? (int)worst->state : -1;
}

bool world_not_judged(const struct world *world, const char *rule)
{
	size_t i;

	for (i = 0; i < world->judge.n_not_judged; i++)
		if (strcmp(world->judge.not_judged[i].rule->id, rule) == 0)
			return true;
	return false;
}

const struct dns_copy *world_copy(const struct world *world, size_t server)
{
	size_t i;

	for (i = 0; i < world->s.n_copies; i++)
		if (world->s.copies[i].key == world->servers[server].address)
			return &world->s.copies[i];
	fail();
	return NULL;
}

struct dns_lag world_lag(const struct world *world, size_t server)
{
	return secondary_lag(&world->s, world_copy(world, server));
}

struct dns_cover world_cover(const struct world *world, size_t server)
{
	return secondary_cover(&world->s, world_copy(world, server));
}
