/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of secondaries that ask who would be left without a network. */
#include "config.h"

#include "tests/unit/secondary_zone.h"
#include "tests/unit/testing.h"

static void assert_survivors(
	struct zone *z, size_t all, size_t only_v4, size_t only_v6)
{
	struct secondary_networks lost = { .at = z->s.expect.lost,
		.n = z->s.expect.n_lost };

	assert_int_equal(secondary_survivors(&z->s, &lost, 0), all);
	assert_int_equal(secondary_survivors(&z->s, &lost, 4), only_v4);
	assert_int_equal(secondary_survivors(&z->s, &lost, 6), only_v6);
}

static void survivors_are_good_and_outside(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	assert_survivors(z, 3, 3, 2);
	/* A name with an address on each side is left. */
	zone_lose(z, "198.51.100.0/24");
	assert_survivors(z, 3, 2, 2);
	zone_lose(z, "2001:db8:2::/48");
	assert_survivors(z, 2, 2, 1);
	zone_silence(z, "203.0.113.3");
	assert_survivors(z, 1, 1, 1);
	z->s.d.hosts[0].in_parent = false;
	assert_survivors(z, 0, 0, 0);
	z->s.d.cut = DNS_CUT_NONE;
	z->s.d.hosts[0].in_parent = true;
	assert_survivors(z, 0, 0, 0);
}

static void two_names_of_one_address_are_one(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "a.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "b.example.org", "192.0.2.1", NULL);
	zone_settle(z);
	assert_survivors(z, 1, 1, 0);
	/* Not carried by the first name, it is the second's. */
	z->s.d.hosts[0].in_parent = false;
	assert_survivors(z, 1, 1, 0);
	z->s.d.hosts[0].in_parent = true;
	zone_add_address(z, &z->s.d.hosts[1], "192.0.2.2");
	assert_survivors(z, 2, 2, 0);
}

static void an_address_that_carries_nobody_is_none(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_server(z, "203.0.113.3")->carries = false;
	assert_survivors(z, 2, 2, 2);
}

static void assert_networks(
	struct zone *z, const char *const *expected, size_t n)
{
	struct secondary_networks networks =
		secondary_primary_networks(z->arena, &z->s);
	char buf[DNS_PREFIX_TEXT];

	assert_int_equal(networks.n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(
			dns_prefix_text(&networks.at[i], buf), expected[i]);
}

static void the_primary_has_networks(void **state)
{
	static const char *const expected[] = { "192.0.2.0/24",
		"2001:db8:1::/48" };
	struct zone *z = *state;

	zone_add_three(z);
	zone_add_address(z, &z->s.d.hosts[0], "192.0.2.200");
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	assert_networks(z, expected, 2);
	zone_holds(z, "too-few-survivors");
}

static void its_other_addresses_are_its_networks_too(void **state)
{
	static const char *const expected[] = { "192.0.2.0/24",
		"2001:db8:1::/48" };
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", "2001:db8:1::1");
	zone_add_host(z, "ns2.example.org", "192.0.2.2", NULL);
	zone_give_primary(z, "192.0.2.1");
	zone_settle(z);
	assert_networks(z, expected, 2);
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
}

static void a_primary_in_a_dark_zone_has_its_glue(void **state)
{
	static const char *const expected[] = { "192.0.2.0/24" };
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "ns2.example.org", "192.0.2.2", NULL);
	zone_settle(z);
	/* Its own zone can't tell its address any more. */
	zone_give_primary(z, "ns1.example.org");
	z->s.primaries[0].lookup = DNS_LOOKUP_FAILED;
	zone_silence_all(z);
	assert_networks(z, expected, 1);
	zone_finds(z, "too-few-survivors", 1, STATE_CRITICAL);
}

static void a_hidden_primary_has_a_network_of_its_own(void **state)
{
	static const char *const expected[] = { "10.0.0.0/24" };
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "10.0.0.1");
	zone_settle(z);
	zone_add_copy(z, NULL, "10.0.0.1");
	assert_networks(z, expected, 1);
	zone_holds(z, "too-few-survivors");
	zone_silence(z, "10.0.0.1");
	zone_holds(z, "too-few-survivors");
}

static void nobody_outside_is_told(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "ns2.example.org", "192.0.2.2", NULL);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	zone_silence(z, "192.0.2.1");
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	zone_make(z, "192.0.2.2", DNS_ANSWERED, 2);
	zone_finds(z, "too-few-survivors", 1, STATE_CRITICAL);
	z->s.expect.is_independent = true;
	zone_holds(z, "too-few-survivors");
	z->s.expect.is_independent = false;
	z->s.expect.min_survivors = 0;
	zone_holds(z, "too-few-survivors");
}

static void a_hidden_primary_that_lives_is_not_silent(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_give_primary(z, "2001:db8:9::1");
	zone_settle(z);
	zone_add_copy(z, NULL, "2001:db8:9::1");
	zone_silence(z, "192.0.2.1");
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	zone_silence(z, "2001:db8:9::1");
	zone_finds(z, "too-few-survivors", 1, STATE_CRITICAL);
	/* Nobody saw that it is silent. */
	z->s.d.v6 = DNS_SIGHT_NO_ROUTE;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	zone_make(z, "2001:db8:9::1", DNS_NOT_ASKED, 0);
	z->s.d.v6 = DNS_SIGHT_SEEN;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
}

static void a_server_that_lives_is_not_silent(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "ns2.example.org", "192.0.2.2", NULL);
	zone_give_primary(z, "192.0.2.1");
	zone_give_secondary(z, "198.51.100.9");
	zone_settle(z);
	/* With --secondary the others have no copy. */
	z->s.n_copies = 1;
	zone_silence(z, "192.0.2.1");
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	zone_server(z, "192.0.2.2")->soa.is_known = false;
	zone_finds(z, "too-few-survivors", 1, STATE_CRITICAL);
}

static void more_may_be_wanted(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	z->s.expect.min_survivors = 2;
	zone_holds(z, "too-few-survivors");
	z->s.expect.min_survivors = 3;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	/* The primary's network being silent is not enough for worse. */
	zone_silence(z, "192.0.2.1");
	zone_silence(z, "2001:db8:1::1");
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
}

static void survivors_that_can_not_be_seen_are_not_judged(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "ns2.example.org", "192.0.2.2", "2001:db8:2::2");
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	/* Nobody for those who have only IPv4. */
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	z->s.d.v6 = DNS_SIGHT_SILENT;
	zone_silence(z, "2001:db8:2::2");
	zone_not_judged(z, "too-few-survivors", 1);
	assert_string_equal(z->judge.not_judged[0].subject, "IPv6");
	z->s.expect.min_survivors = 2;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	z->s.expect.min_survivors = 1;
	z->s.d.v6 = DNS_SIGHT_SEEN;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	z->s.d.hosts_cut = true;
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.d.hosts_cut = false;
	zone_add_host(z, "ns4.example.org", NULL, NULL)->lookup =
		DNS_LOOKUP_NOT_DONE;
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.d.hosts[2].lookup = DNS_LOOKUP_NXDOMAIN;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
}

/* With --asn-db the network is an autonomous system. */
static void survivors_stand_in_another_as(void **state)
{
	struct zone *z = *state;
	size_t i;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_holds(z, "too-few-survivors");
	z->s.d.has_asn = true;
	for (i = 0; i < z->s.n_copies; i++)
		z->s.copies[i].server.as_number = 64500;
	for (i = 0; i < z->s.d.n_servers; i++)
		z->s.d.servers[i].as_number = 64500;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	for (i = 0; i < z->s.d.n_servers; i++)
		if (delegation_server_has(&z->s.d.servers[i], &z->s.d.hosts[2]))
			z->s.d.servers[i].as_number = 64501;
	zone_holds(z, "too-few-survivors");
}

static void no_place_no_judgement(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_not_judged(z, "too-few-survivors", 1);
	zone_give_primary(z, "ns1.example.org");
	zone_mark(z, zone_copy(z, "192.0.2.1"));
	zone_holds(z, "too-few-survivors");
	/* Where another of them stands nobody knows. */
	zone_give_primary(z, "hidden.example.com");
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.expect.min_survivors = 4;
	zone_finds(z, "too-few-survivors", 1, STATE_WARNING);
	z->s.n_copies = 0;
	z->s.primaries[0] = z->s.primaries[--z->s.n_primaries];
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.d.cut = DNS_CUT_UNKNOWN;
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.d.cut = DNS_CUT_SAME_SERVERS;
	z->s.d.parent_ns.is_known = z->s.d.child_ns.is_known = false;
	zone_not_judged(z, "too-few-survivors", 1);
	assert_int_equal(z->judge.n_not_judged, 1);
}

static void one_provider_is_not_judged(void **state)
{
	const char *one[] = { "example.org", "example.org", "example.org" };
	const char *two[] = { "example.org", "example.org", "example.net" };
	struct zone *z = *state;

	zone_add_three(z);
	zone_infer_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.d.registrable = two;
	zone_holds(z, "too-few-survivors");
	/* A name server of the zone tells where it is though it is dead. */
	zone_silence(z, "192.0.2.1");
	zone_silence(z, "2001:db8:1::1");
	zone_holds(z, "too-few-survivors");
	z->s.d.registrable = one;
	zone_not_judged(z, "too-few-survivors", 1);
	/* The MNAME is somewhere else, and tells. */
	z->s.primaries[0].name = "ns1.example.com";
	zone_holds(z, "too-few-survivors");
	z->s.primaries[0].name = "ns1.example.org";
	z->s.primary_is_inferred = false;
	z->s.primary_is_given = true;
	zone_holds(z, "too-few-survivors");
}

static void an_inferred_primary_elsewhere_tells_if_it_serves(void **state)
{
	const char *two[] = { "example.org", "example.org", "example.net" };
	struct zone *z = *state;

	zone_add_three(z);
	z->s.d.registrable = two;
	zone_infer_primary(z, "away.example.com");
	zone_settle(z);
	zone_add_copy(z, "away.example.com", "192.0.2.99");
	zone_holds(z, "too-few-survivors");
	zone_silence(z, "192.0.2.99");
	zone_not_judged(z, "too-few-survivors", 1);
}

/* -- --lost --------------------------------------------------------------- */

static void nothing_lost_nothing_judged(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_holds(z, "loss-not-survived");
	zone_lose(z, "192.0.2.0/24");
	zone_holds(z, "loss-not-survived");
	/* Nobody whom it leads to is there. */
	zone_server(z, "192.0.2.1")->carries = false;
	zone_finds(z, "loss-not-survived", 1, STATE_OK);
	zone_silence_all(z);
	z->s.expect.n_lost = 0;
	zone_holds(z, "loss-not-survived");
}

static void all_is_lost(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_lose(z, "192.0.2.0/24");
	zone_lose(z, "198.51.100.0/24");
	zone_lose(z, "203.0.113.0/24");
	/* IPv6 is left, and resolvers with IPv4 alone have nobody. */
	zone_finds(z, "loss-not-survived", 1, STATE_CRITICAL);
	zone_lose(z, "2001:db8::/32");
	zone_finds(z, "loss-not-survived", 1, STATE_CRITICAL);
}

static void only_ipv6_is_lost(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_lose(z, "2001:db8:1::/48");
	zone_holds(z, "loss-not-survived");
	zone_silence(z, "2001:db8:2::2");
	zone_finds(z, "loss-not-survived", 1, STATE_WARNING);
	/* Nobody has IPv6 now: nothing is lost. */
	zone_silence(z, "2001:db8:1::1");
	zone_holds(z, "loss-not-survived");
}

static void a_family_that_is_not_seen_is_not_judged(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_lose(z, "2001:db8::/32");
	zone_finds(z, "loss-not-survived", 1, STATE_WARNING);
	z->s.d.v6 = DNS_SIGHT_NO_ROUTE;
	zone_not_judged(z, "loss-not-survived", 1);
	assert_int_equal(z->judge.n_not_judged, 1);
	/* Who else is left after all of IPv4 can't be told. */
	z->s.expect.n_lost = 0;
	zone_lose(z, "0.0.0.0/0");
	zone_not_judged(z, "loss-not-survived", 1);
	z->s.d.v6 = DNS_SIGHT_SEEN;
	zone_finds(z, "loss-not-survived", 1, STATE_CRITICAL);
}

static void one_of_ipv6_that_was_not_asked_may_be_left(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	zone_lose(z, "2001:db8:1::/48");
	zone_make(z, "2001:db8:2::2", DNS_OUR_FAULT, 0);
	zone_not_judged(z, "loss-not-survived", 1);
	assert_string_equal(z->judge.not_judged[0].subject, "2001:db8:2::2");
}

static void a_zone_of_ipv4_loses_no_ipv6(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "ns2.example.org", "198.51.100.2", NULL);
	zone_settle(z);
	zone_lose(z, "2001:db8::/32");
	/* Nobody is in there, which is said and no more. */
	zone_finds(z, "loss-not-survived", 1, STATE_OK);
	zone_lose(z, "192.0.2.0/24");
	zone_finds(z, "loss-not-survived", 1, STATE_OK);
	z->s.d.v6 = DNS_SIGHT_NO_ROUTE;
	zone_finds(z, "loss-not-survived", 1, STATE_OK);
	zone_lose(z, "198.51.100.0/25");
	zone_finds(z, "loss-not-survived", 2, STATE_CRITICAL);
}

static void unknown_name_servers_are_not_judged(void **state)
{
	struct zone *z = *state;

	zone_lose(z, "192.0.2.0/24");
	z->s.d.cut = DNS_CUT_UNKNOWN;
	zone_not_judged(z, "loss-not-survived", 1);
	z->s.d.cut = DNS_CUT_SAME_SERVERS;
	z->s.d.parent_ns.is_known = z->s.d.child_ns.is_known = false;
	zone_not_judged(z, "loss-not-survived", 1);
	z->s.d.cut = DNS_CUT_NXDOMAIN;
	zone_holds(z, "loss-not-survived");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ZONE(survivors_are_good_and_outside),
		WITH_ZONE(two_names_of_one_address_are_one),
		WITH_ZONE(an_address_that_carries_nobody_is_none),
		WITH_ZONE(the_primary_has_networks),
		WITH_ZONE(its_other_addresses_are_its_networks_too),
		WITH_ZONE(a_primary_in_a_dark_zone_has_its_glue),
		WITH_ZONE(a_hidden_primary_has_a_network_of_its_own),
		WITH_ZONE(nobody_outside_is_told),
		WITH_ZONE(a_hidden_primary_that_lives_is_not_silent),
		WITH_ZONE(a_server_that_lives_is_not_silent),
		WITH_ZONE(more_may_be_wanted),
		WITH_ZONE(survivors_that_can_not_be_seen_are_not_judged),
		WITH_ZONE(survivors_stand_in_another_as),
		WITH_ZONE(no_place_no_judgement),
		WITH_ZONE(one_provider_is_not_judged),
		WITH_ZONE(an_inferred_primary_elsewhere_tells_if_it_serves),
		WITH_ZONE(nothing_lost_nothing_judged),
		WITH_ZONE(all_is_lost),
		WITH_ZONE(only_ipv6_is_lost),
		WITH_ZONE(a_family_that_is_not_seen_is_not_judged),
		WITH_ZONE(one_of_ipv6_that_was_not_asked_may_be_left),
		WITH_ZONE(a_zone_of_ipv4_loses_no_ipv6),
		WITH_ZONE(unknown_name_servers_are_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
