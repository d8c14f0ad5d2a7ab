/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A domain whose exchangers are healthy, to be damaged by tests. */
#ifndef LIFELINE_TESTS_UNIT_MAIL_WORLD_H
#define LIFELINE_TESTS_UNIT_MAIL_WORLD_H

#include "common/mail/mx_rules.h"

enum {
	WORLD_EXCHANGERS = 8,
	WORLD_ADDRESSES = 24,
	WORLD_NOW_S = 1800000000,
	WORLD_DAY_S = 86400,
};

struct world {
	struct arena *arena;
	struct mx mx;
	struct mx_exchanger exchangers[WORLD_EXCHANGERS];
	struct mx_address addresses[WORLD_ADDRESSES];
	struct judge judge;
};

/* example.org, asked for user@example.org, without an exchanger. */
void world_init(struct world *w, struct arena *arena);

/* Adds a healthy exchanger with its addresses; the last is NULL. */
void world_add_all(struct world *w, const char *name, unsigned preference,
	const char *const *addrs);
#define world_add(w, name, preference, ...) \
	world_add_all(w, name, preference, (const char *const[]){ __VA_ARGS__ })

/* mx1 at 192.0.2.25, then mx2 at 198.51.100.25. */
void world_pair(struct world *w, struct arena *arena);

/* The step got a reply ("550 5.1.1 no such user"), or an outcome; nothing was
 * done behind it. */
void world_reply(struct world *w, size_t address, enum smtp_step_id step,
	const char *reply);
void world_fail(struct world *w, size_t address, enum smtp_step_id step,
	enum smtp_outcome outcome);

/* TLSA records that are secure, one at the exchanger: of its certificate. */
void world_dane(struct world *w, size_t exchanger);

/* A policy of MTA-STS, as text. */
void world_policy(struct world *w, const char *policy);

/* Judges, and returns the result's state. */
enum state world_judge(struct world *w);

/* How many findings of the rule there are; with that state and culprit. */
size_t world_count(const struct world *w, const char *rule);
bool world_found(const struct world *w, const char *rule, enum state state,
	const char *name);
/* Of a rule's first finding; or "". */
const char *world_text(const struct world *w, const char *rule);
bool world_not_judged(const struct world *w, const char *rule);
/* Nothing but these: "ID STATE", one a line, in the order of the report. */
void world_assert(struct world *w, const char *expected);

#endif
