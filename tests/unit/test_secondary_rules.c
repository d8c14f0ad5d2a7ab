/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of secondaries that ask who is there, and who is listed. */
#include "config.h"

#include <time.h>

#include "tests/unit/secondary_zone.h"
#include "tests/unit/testing.h"

static void assert_counts(
	const struct zone *z, size_t good, size_t bad, size_t not_judged)
{
	struct secondary_counts n = secondary_count(&z->s);

	assert_int_equal(n.good, good);
	assert_int_equal(n.bad, bad);
	assert_int_equal(n.not_judged, not_judged);
}

static void the_names_but_the_primary_count(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	assert_counts(z, 2, 0, 0);
	/* One address of a name is enough. */
	zone_silence(z, "2001:db8:2::2");
	assert_counts(z, 2, 0, 0);
	zone_silence(z, "198.51.100.2");
	assert_counts(z, 1, 1, 0);
	zone_holds(z, "no-good-secondary");
	zone_silence(z, "203.0.113.3");
	assert_counts(z, 0, 2, 0);
	zone_finds(z, "no-good-secondary", 1, STATE_CRITICAL);
}

static void a_primary_takes_its_whole_name(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "192.0.2.1");
	zone_settle(z);
	/* 2001:db8:1::1 is its other address, not a secondary. */
	assert_counts(z, 2, 0, 0);
	assert_false(zone_copy(z, "2001:db8:1::1")->is_primary);
}

static void a_primary_behind_another_port_does_not(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "192.0.2.1");
	z->s.primaries[0].port = 5300;
	zone_settle(z);
	zone_add_copy(z, NULL, "192.0.2.1")->port = 5300;
	zone_mark(z, &z->s.copies[z->s.n_copies - 1]);
	assert_true(z->s.copies[z->s.n_copies - 1].is_primary);
	assert_counts(z, 3, 0, 0);
}

static void a_primary_that_can_not_be_resolved_is_one(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", NULL, NULL)->lookup =
		DNS_LOOKUP_FAILED;
	zone_add_host(z, "ns2.example.org", "198.51.100.2", NULL);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	assert_counts(z, 1, 0, 0);
}

static void who_carries_nobody_does_not_count(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	assert_counts(z, 3, 0, 0);
	z->s.d.hosts[2].in_parent = false;
	assert_counts(z, 2, 0, 0);
	/* The other address of its name does, and is dead. */
	zone_copy(z, "198.51.100.2")->server.carries = false;
	zone_silence(z, "2001:db8:2::2");
	assert_counts(z, 1, 1, 0);
}

static void those_that_are_given_count(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_give_secondary(z, "ns2.example.org");
	zone_give_secondary(z, "203.0.113.9");
	zone_settle(z);
	zone_add_copy(z, NULL, "203.0.113.9");
	assert_counts(z, 2, 0, 0);
	zone_silence(z, "203.0.113.9");
	assert_counts(z, 1, 1, 0);
	zone_silence(z, "198.51.100.2");
	zone_silence(z, "2001:db8:2::2");
	zone_finds(z, "no-good-secondary", 1, STATE_CRITICAL);
}

static void the_primary_is_no_given_secondary(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_give_secondary(z, "ns1.example.org");
	zone_settle(z);
	assert_counts(z, 0, 0, 0);
	zone_finds(z, "no-good-secondary", 1, STATE_WARNING);
}

static void an_address_of_the_primary_is_no_secondary(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "192.0.2.1");
	zone_give_secondary(z, "ns1.example.org");
	zone_settle(z);
	assert_counts(z, 1, 0, 0);
	zone_silence(z, "2001:db8:1::1");
	assert_counts(z, 0, 1, 0);
}

static void a_name_without_address_is_bad(void **state)
{
	struct zone *z = *state;
	struct dns_host *host;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	host = zone_add_host(z, "ns2.example.org", NULL, NULL);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	host->lookup = DNS_LOOKUP_NXDOMAIN;
	assert_counts(z, 0, 1, 0);
	zone_finds(z, "no-good-secondary", 1, STATE_CRITICAL);
	host->lookup = DNS_LOOKUP_NOT_DONE;
	assert_counts(z, 0, 0, 1);
	zone_not_judged(z, "no-good-secondary", 1);
}

static void a_zone_without_secondary_is_told(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", "2001:db8:1::1");
	zone_infer_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_finds(z, "no-good-secondary", 1, STATE_WARNING);
	z->s.d.parent_ns.is_known = z->s.d.child_ns.is_known = false;
	z->s.d.cut = DNS_CUT_SAME_SERVERS;
	zone_not_judged(z, "no-good-secondary", 1);
	z->s.d.cut = DNS_CUT_UNKNOWN;
	zone_not_judged(z, "no-good-secondary", 1);
}

static void without_a_cut_there_are_none(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	z->s.d.cut = DNS_CUT_NXDOMAIN;
	zone_not_judged(z, "no-good-secondary", 1);
	z->s.d.cut = DNS_CUT_NONE;
	zone_not_judged(z, "no-good-secondary", 1);
}

static void what_can_not_be_seen_is_not_judged(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "192.0.2.1", NULL);
	zone_add_host(z, "ns2.example.org", "198.51.100.2", "2001:db8:2::2");
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_silence(z, "198.51.100.2");
	z->s.d.v6 = DNS_SIGHT_NO_ROUTE;
	zone_silence(z, "2001:db8:2::2");
	assert_counts(z, 0, 0, 1);
	zone_not_judged(z, "no-good-secondary", 1);
	z->s.d.v6 = DNS_SIGHT_SEEN;
	zone_finds(z, "no-good-secondary", 1, STATE_CRITICAL);
	zone_make(z, "198.51.100.2", DNS_OUR_FAULT, 0);
	zone_not_judged(z, "no-good-secondary", 1);
}

static void servfail_is_told_once(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_holds(z, "server-servfail");
	zone_make(z, "198.51.100.2", DNS_ANSWERED, 2);
	zone_finds(z, "server-servfail", 1, STATE_WARNING);
	/* It says why; that is another rule's. */
	zone_copy(z, "198.51.100.2")->ede = 24;
	zone_holds(z, "server-servfail");
	zone_make(z, "203.0.113.3", DNS_ANSWERED, 2);
	zone_finds(z, "server-servfail", 1, STATE_WARNING);
}

/* -- the primary ---------------------------------------------------------- */

static void a_silent_primary_is_told(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	zone_holds(z, "primary-silent");
	/* server-silent tells of one address. */
	zone_silence(z, "2001:db8:1::1");
	zone_holds(z, "primary-silent");
	zone_silence(z, "192.0.2.1");
	/* Once for all of them. */
	zone_finds(z, "primary-silent", 1, STATE_WARNING);
	z->s.d.v6 = DNS_SIGHT_NO_ROUTE;
	assert_int_equal(zone_judge(z, "primary-silent")->n_findings, 1);
	assert_int_equal(z->judge.n_not_judged, 1);
}

static void a_dead_address_of_a_hidden_primary_is_told(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "hidden.example.org");
	zone_settle(z);
	zone_add_copy(z, "hidden.example.org", "10.0.0.1");
	zone_add_copy(z, "hidden.example.org", "2001:db8:9::1");
	zone_holds(z, "primary-silent");
	/* Nobody else would tell. */
	zone_silence(z, "2001:db8:9::1");
	zone_finds(z, "primary-silent", 1, STATE_WARNING);
	zone_make(z, "10.0.0.1", DNS_ANSWERED, 5);
	zone_finds(z, "primary-silent", 1, STATE_WARNING);
}

static void a_primary_behind_a_port_of_its_own_is_told(void **state)
{
	struct zone *z = *state;
	struct dns_copy *copy;

	zone_add_three(z);
	zone_give_primary(z, "hidden.example.org");
	zone_settle(z);
	zone_add_copy(z, "hidden.example.org", "2001:db8:9::1");
	/* Not what is at port 53 of the same address. */
	copy = zone_add_copy(z, "hidden.example.org", "192.0.2.1");
	zone_silence(z, "2001:db8:9::1");
	zone_finds(z, "primary-silent", 1, STATE_WARNING);
	zone_make(z, "2001:db8:9::1", DNS_ANSWERED, 0);
	z->s.copies[5].server.soa.is_known = true;
	z->s.copies[5].server.soa_udp = copy->server.soa_udp;
	copy->server.soa_udp.outcome = DNS_TIMED_OUT;
	zone_holds(z, "primary-silent");
	copy->port = z->s.copies[5].port = z->s.primaries[0].port = 5300;
	zone_finds(z, "primary-silent", 1, STATE_WARNING);
}

static void one_of_two_primaries_is_told(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_give_primary(z, "203.0.113.3");
	zone_settle(z);
	zone_silence(z, "203.0.113.3");
	zone_finds(z, "primary-silent", 1, STATE_WARNING);
	assert_counts(z, 1, 0, 0);
}

static void a_primary_without_address_is_not_judged(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "hidden.example.com");
	z->s.primaries[0].lookup = DNS_LOOKUP_NXDOMAIN;
	zone_settle(z);
	zone_not_judged(z, "primary-silent", 1);
	zone_finds(z, "secondary-unresolvable", 1, STATE_WARNING);
	zone_not_judged(z, "too-few-survivors", 1);
}

static void an_inferred_primary_never_alarms(void **state)
{
	static const char *const rules[] = { "primary-silent",
		"secondary-unresolvable", "transfer-fails" };
	struct zone *z = *state;

	zone_add_three(z);
	zone_infer_primary(z, "bogus.example.com");
	zone_settle(z);
	z->s.primaries[0].lookup = DNS_LOOKUP_NXDOMAIN;
	for (size_t i = 0; i < COUNT(rules); i++)
		zone_holds(z, rules[i]);
	zone_finds(z, "primary-inferred", 1, STATE_OK);
	assert_string_equal(
		z->judge.findings[0].culprit.name, "bogus.example.com");
	/* It has an address, which is silent. */
	z->s.primaries[0].lookup = DNS_LOOKUP_FOUND;
	zone_add_copy(z, "bogus.example.com", "192.0.2.99");
	zone_silence(z, "192.0.2.99");
	for (size_t i = 0; i < COUNT(rules); i++)
		zone_holds(z, rules[i]);
	zone_finds(z, "primary-inferred", 1, STATE_OK);
	zone_silence_all(z);
	zone_not_judged(z, "too-few-survivors", 1);
	z->s.expect.wants_transfer = true;
	zone_not_judged(z, "transfer-fails", 1);
}

static void who_is_taken_for_the_primary_is_told(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	/* "." and the like are no primary at all. */
	zone_finds(z, "primary-inferred", 1, STATE_OK);
	z->s.expect.is_independent = true;
	zone_holds(z, "primary-inferred");
	z->s.expect.is_independent = false;
	zone_silence_all(z);
	zone_not_judged(z, "primary-inferred", 1);
	zone_give_primary(z, "ns1.example.org");
	zone_holds(z, "primary-inferred");
}

/* -- where the world looks ------------------------------------------------ */

static void remove_last(struct dns_names *names)
{
	names->n--;
}

static void a_given_secondary_is_listed_in_both(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_secondary(z, "ns3.example.net");
	zone_settle(z);
	zone_holds(z, "secondary-not-listed");
	remove_last(&z->s.d.child_ns);
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
	assert_string_equal(
		z->judge.findings[0].culprit.name, "ns3.example.net");
	remove_last(&z->s.d.parent_ns);
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
	z->s.d.child_ns.n++;
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
}

static void nobody_asked_who_is_listed(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	remove_last(&z->s.d.child_ns);
	remove_last(&z->s.d.parent_ns);
	zone_holds(z, "secondary-not-listed");
	zone_holds(z, "secondary-unexpected");
}

static void an_unknown_side_is_not_judged(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_secondary(z, "ns3.example.net");
	zone_settle(z);
	z->s.d.child_ns = (struct dns_names){ 0 };
	zone_not_judged(z, "secondary-not-listed", 1);
	/* What the parent lacks is known all the same. */
	remove_last(&z->s.d.parent_ns);
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
	z->s.d.cut = DNS_CUT_UNKNOWN;
	zone_not_judged(z, "secondary-not-listed", 1);
	zone_not_judged(z, "secondary-unexpected", 1);
	z->s.d.cut = DNS_CUT_NXDOMAIN;
	zone_holds(z, "secondary-not-listed");
}

static void without_a_parent_side_the_child_tells(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_secondary(z, "ns3.example.net");
	zone_settle(z);
	z->s.d.cut = DNS_CUT_SAME_SERVERS;
	z->s.d.parent_ns = (struct dns_names){ 0 };
	zone_holds(z, "secondary-not-listed");
	remove_last(&z->s.d.child_ns);
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
}

static void an_address_is_listed_by_its_names(void **state)
{
	struct zone *z = *state;
	struct dns_host *host;

	zone_add_three(z);
	host = &z->s.d.hosts[2];
	zone_give_secondary(z, "203.0.113.3");
	zone_give_secondary(z, "203.0.113.4");
	zone_settle(z);
	zone_add_copy(z, NULL, "203.0.113.4");
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
	assert_null(z->judge.findings[0].culprit.name);
	assert_string_equal(
		z->judge.findings[0].culprit.address, "203.0.113.4");
	/* It may be one of those that are not known. */
	host->v4_known = false;
	zone_not_judged(z, "secondary-not-listed", 1);
	host->lookup = DNS_LOOKUP_NXDOMAIN;
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
	z->s.d.hosts_cut = true;
	zone_not_judged(z, "secondary-not-listed", 1);
	z->s.d.hosts_cut = false;
	/* Glue is an address too. */
	host->glue = (struct dns_addrs){ true, 1, &z->s.secondaries[1].addr };
	zone_holds(z, "secondary-not-listed");
}

static void another_name_of_the_same_server_is_listed(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_secondary(z, "a.provider.example");
	zone_settle(z);
	zone_add_copy(z, "a.provider.example", "203.0.113.9");
	zone_finds(z, "secondary-not-listed", 1, STATE_CRITICAL);
	zone_add_copy(z, "a.provider.example", "203.0.113.3");
	zone_holds(z, "secondary-not-listed");
	z->s.d.n_hosts = 2;
	z->s.d.hosts_cut = true;
	zone_not_judged(z, "secondary-not-listed", 1);
}

static void a_name_counts_without_addresses(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", NULL, NULL);
	zone_add_host(z, "ns2.example.org", NULL, NULL);
	zone_give_primary(z, "ns1.example.org");
	zone_give_secondary(z, "ns2.example.org");
	zone_settle(z);
	zone_holds(z, "secondary-not-listed");
	zone_holds(z, "secondary-unexpected");
}

static void who_is_listed_was_given(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "192.0.2.1");
	zone_give_secondary(z, "ns2.example.org");
	zone_settle(z);
	zone_finds(z, "secondary-unexpected", 1, STATE_WARNING);
	assert_string_equal(
		z->judge.findings[0].culprit.name, "ns3.example.net");
	z->s.d.hosts[2].in_parent = false;
	zone_finds(z, "secondary-unexpected", 1, STATE_WARNING);
	z->s.d.hosts[2].in_child = false;
	z->s.d.hosts[2].in_parent = true;
	zone_finds(z, "secondary-unexpected", 1, STATE_WARNING);
	z->s.d.hosts[2].in_parent = false;
	zone_holds(z, "secondary-unexpected");
}

static void an_address_of_it_is_enough(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_infer_primary(z, "ns1.example.org");
	zone_give_secondary(z, "2001:db8:2::2");
	zone_give_secondary(z, "a.provider.example");
	zone_settle(z);
	zone_finds(z, "secondary-unexpected", 1, STATE_WARNING);
	/* Its addresses are not known: it may be the one that was given. */
	z->s.d.hosts[2].v6_known = false;
	zone_not_judged(z, "secondary-unexpected", 1);
	zone_add_copy(z, "a.provider.example", "203.0.113.3");
	zone_holds(z, "secondary-unexpected");
}

static void a_primary_by_address_may_be_any(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_primary(z, "192.0.2.77");
	zone_give_secondary(z, "ns1.example.org");
	zone_give_secondary(z, "ns2.example.org");
	zone_settle(z);
	zone_finds(z, "secondary-unexpected", 1, STATE_WARNING);
	z->s.d.hosts[2].v4_known = false;
	zone_not_judged(z, "secondary-unexpected", 1);
}

static void given_names_are_resolved(void **state)
{
	struct zone *z = *state;
	struct dns_named *given;

	zone_add_three(z);
	zone_give_secondary(z, "ns3.example.net");
	zone_give_secondary(z, "away.example.com");
	zone_give_secondary(z, "203.0.113.3");
	zone_settle(z);
	given = &z->s.secondaries[1];
	zone_holds(z, "secondary-unresolvable");
	given->lookup = DNS_LOOKUP_FAILED;
	zone_finds(z, "secondary-unresolvable", 1, STATE_WARNING);
	given->lookup = DNS_LOOKUP_NOT_DONE;
	zone_not_judged(z, "secondary-unresolvable", 1);
	given->lookup = DNS_LOOKUP_FOUND;
	/* The names of the delegation have rules of their own. */
	z->s.secondaries[0].lookup = DNS_LOOKUP_NXDOMAIN;
	zone_holds(z, "secondary-unresolvable");
}

static void a_name_in_a_dead_zone_is_not_judged(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_give_secondary(z, "away.example.org");
	zone_settle(z);
	z->s.secondaries[0].lookup = DNS_LOOKUP_FAILED;
	zone_finds(z, "secondary-unresolvable", 1, STATE_WARNING);
	zone_silence_all(z);
	zone_not_judged(z, "secondary-unresolvable", 1);
	/* Another zone has other servers. */
	z->s.secondaries[0].name = "away.example.net";
	zone_finds(z, "secondary-unresolvable", 1, STATE_WARNING);
}

/* As a zone has that means harm: 20 s, were each held against each. */
static void contents_of_hundreds_take_no_time(void **state)
{
	enum { COPIES = 400, RECORDS = 30, LIMIT_S = 5 };
	struct zone *z = *state;
	struct secondary *s = &z->s;
	const char *probe = "example.org TXT";
	struct dns_contents same = { .probe.kind = DNS_KIND_ANSWER };
	struct dns_contents none = { .probe.kind = DNS_KIND_NODATA };
	clock_t start = clock(); /* what it computes, not what it waits */

	zone_add_three(z);
	zone_settle(z);
	same.records.at =
		arena_array(z->arena, RECORDS, sizeof(*same.records.at));
	for (; same.records.n < RECORDS; same.records.n++)
		same.records.at[same.records.n] = arena_printf(
			z->arena, "example.org TXT \"%02zu\"", same.records.n);
	same.records.is_known = none.records.is_known = true;
	s->probes = &probe;
	s->n_probes = 1;
	s->copies[0].contents = &same;
	s->copies =
		arena_grow(z->arena, s->copies, 1, COPIES, sizeof(*s->copies));
	for (s->n_copies = 1; s->n_copies < COPIES; s->n_copies++)
		s->copies[s->n_copies] = s->copies[0];
	s->copies[0].contents = &none;
	zone_finds(z, "contents-differ", 1, STATE_WARNING);
	assert_true(clock() - start < LIMIT_S * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ZONE(the_names_but_the_primary_count),
		WITH_ZONE(a_primary_takes_its_whole_name),
		WITH_ZONE(a_primary_behind_another_port_does_not),
		WITH_ZONE(a_primary_that_can_not_be_resolved_is_one),
		WITH_ZONE(who_carries_nobody_does_not_count),
		WITH_ZONE(those_that_are_given_count),
		WITH_ZONE(the_primary_is_no_given_secondary),
		WITH_ZONE(an_address_of_the_primary_is_no_secondary),
		WITH_ZONE(a_name_without_address_is_bad),
		WITH_ZONE(a_zone_without_secondary_is_told),
		WITH_ZONE(without_a_cut_there_are_none),
		WITH_ZONE(what_can_not_be_seen_is_not_judged),
		WITH_ZONE(servfail_is_told_once),
		WITH_ZONE(a_silent_primary_is_told),
		WITH_ZONE(a_dead_address_of_a_hidden_primary_is_told),
		WITH_ZONE(a_primary_behind_a_port_of_its_own_is_told),
		WITH_ZONE(one_of_two_primaries_is_told),
		WITH_ZONE(a_primary_without_address_is_not_judged),
		WITH_ZONE(an_inferred_primary_never_alarms),
		WITH_ZONE(who_is_taken_for_the_primary_is_told),
		WITH_ZONE(a_given_secondary_is_listed_in_both),
		WITH_ZONE(nobody_asked_who_is_listed),
		WITH_ZONE(an_unknown_side_is_not_judged),
		WITH_ZONE(without_a_parent_side_the_child_tells),
		WITH_ZONE(an_address_is_listed_by_its_names),
		WITH_ZONE(another_name_of_the_same_server_is_listed),
		WITH_ZONE(a_name_counts_without_addresses),
		WITH_ZONE(who_is_listed_was_given),
		WITH_ZONE(an_address_of_it_is_enough),
		WITH_ZONE(a_primary_by_address_may_be_any),
		WITH_ZONE(given_names_are_resolved),
		WITH_ZONE(a_name_in_a_dead_zone_is_not_judged),
		WITH_ZONE(contents_of_hundreds_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
