/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small world for the rules of secondaries: a primary and servers that
 * transfer from it, refresh and expire by the SOA's timers as real ones do. A
 * run looks at all of it, remembers and judges; between two runs pass five
 * minutes unless a test says otherwise.
 */
#ifndef LIFELINE_TESTS_UNIT_SECONDARY_WORLD_H
#define LIFELINE_TESTS_UNIT_SECONDARY_WORLD_H

#include "common/dns/secondary.h"

enum {
	WORLD_SERVERS_MAX = 8,
	WORLD_INTERVAL_S = 300,
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 24 * HOUR_S,
	YEAR_S = 365 * DAY_S,
	/* Of the SOA. */
	WORLD_REFRESH_S = HOUR_S,
	WORLD_RETRY_S = 15 * MINUTE_S,
	WORLD_EXPIRE_S = 14 * DAY_S,
	/* When a lag, and when a lost contact is a warning. */
	WORLD_LAG_S = WORLD_REFRESH_S + WORLD_RETRY_S,
	WORLD_CONTACT_S = WORLD_REFRESH_S + 4 * WORLD_RETRY_S,
};

struct world_server {
	const char *address;
	const char *nsid; /* NULL: none */
	bool tells_expire;
	bool is_dead;  /* nobody gets an answer from it */
	bool is_lost;  /* this host does not, this time */
	bool is_stuck; /* gets nothing from its primary any more */
	bool is_gone;  /* does not stand in the facts at all */
	uint32_t serial;
	int64_t contact_s;       /* a secondary's last with its primary */
	uint32_t later_serial;   /* at the second look; 0: none */
	bool tells_ede;          /* with its SERVFAIL, once it has expired */
	int64_t signature_end_s; /* of its SOA; 0: not signed */
	enum dns_security security;
};

struct world {
	/* The primary first. */
	struct world_server servers[WORLD_SERVERS_MAX];
	size_t n_servers;
	bool primary_is_given, is_signed, is_independent;
	int64_t now_s, interval_s;
	enum dns_history_fate fate; /* of the next run's history */
	/* The last run, and what is kept for the next. */
	struct secondary s;
	struct judge judge;
	struct dns_history history;
	size_t writes;
	struct arena *arenas[2];
	bool is_odd;
};

/* A primary that is given and two secondaries in step with it, all at this
 * serial. */
void world_init(struct world *world, uint32_t serial);
void world_release(struct world *world);

/* The interval passes, then one run. */
void world_run(struct world *world);
/* The same for so long; ends the test where a run comes to more than OK. */
void world_run_ok(struct world *world, int64_t for_s);
/* Lets the servers do what they do by themselves until now; no run. */
void world_pass(struct world *world, int64_t for_s);
/* Looks, remembers and judges without letting time pass. */
void world_look(struct world *world);
/* Judges the facts of the last run again, as a test has changed them. */
void world_judge(struct world *world);

/* The primary takes a new serial; the others hear of it. */
void world_update(struct world *world, uint32_t serial);

/* The worst finding of a rule about a server in the last run (NULL: any);
 * -1: none. */
int world_state(
	const struct world *world, const char *rule, const char *address);
bool world_not_judged(const struct world *world, const char *rule);

/* What the last run said of a server. */
const struct dns_copy *world_copy(const struct world *world, size_t server);
struct dns_lag world_lag(const struct world *world, size_t server);
struct dns_cover world_cover(const struct world *world, size_t server);

#endif
