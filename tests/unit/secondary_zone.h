/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small zone, built in a test piece by piece, for the rules of secondaries
 * that ask who is where: name servers, who is given, and what each of them
 * answers at one moment.
 */
#ifndef LIFELINE_TESTS_UNIT_SECONDARY_ZONE_H
#define LIFELINE_TESTS_UNIT_SECONDARY_ZONE_H

#include "common/dns/secondary_rules.h"

enum {
	ZONE_HOUR_S = 3600,
	ZONE_NOW_S = 1800000000,
	ZONE_SERIAL = 2026010101,
};

/* A zone in the making; copies come with zone_settle(). */
struct zone {
	struct arena *arena;
	struct secondary s;
	struct judge judge; /* of the last that was asked */
};

/* For cmocka: *state is a struct zone, delegated, with nothing in it. */
int zone_set_up(void **state);
int zone_tear_down(void **state);
#define WITH_ZONE(test) \
	cmocka_unit_test_setup_teardown(test, zone_set_up, zone_tear_down)

/* A name server in both sets; either address may be NULL. */
struct dns_host *zone_add_host(
	struct zone *zone, const char *name, const char *v4, const char *v6);
/* An address of a host, which may be one of other hosts too. */
void zone_add_address(
	struct zone *zone, struct dns_host *host, const char *text);
/* Three of them in as many networks: ns1.example.org at 192.0.2.1 and
 * 2001:db8:1::1, ns2.example.org at 198.51.100.2 and 2001:db8:2::2,
 * ns3.example.net at 203.0.113.3. */
void zone_add_three(struct zone *zone);

/* By a name or an address. */
void zone_give_primary(struct zone *zone, const char *typed);
void zone_infer_primary(struct zone *zone, const char *mname);
void zone_give_secondary(struct zone *zone, const char *typed);
void zone_lose(struct zone *zone, const char *prefix);

/* Each server of the delegation has a copy. */
void zone_settle(struct zone *zone);
/* One that the delegation does not lead to; name may be NULL. */
struct dns_copy *zone_add_copy(
	struct zone *zone, const char *name, const char *text);
/* Says of a copy whether it was named, as the walk does. */
void zone_mark(const struct zone *zone, struct dns_copy *copy);
struct dns_copy *zone_copy(struct zone *zone, const char *text);
/* NULL: there is none. */
struct dns_server *zone_server(struct zone *zone, const char *text);

/* After zone_settle(): what an address answers, or that it does not. */
void zone_make(struct zone *zone, const char *text, enum dns_outcome outcome,
	uint16_t rcode);
void zone_silence(struct zone *zone, const char *text);
void zone_silence_all(struct zone *zone);

/* Judges by the one rule. */
const struct judge *zone_judge(struct zone *zone, const char *id);
void zone_holds(struct zone *zone, const char *id);
/* So many findings, the worst of this state, and nothing not judged. */
void zone_finds(struct zone *zone, const char *id, size_t n, enum state state);
/* Nothing found, so many not judged. */
void zone_not_judged(struct zone *zone, const char *id, size_t n);

#endif
