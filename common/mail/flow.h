/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ledger of check_mail_flow: every probe that was sent, and what became of
 * it. Plain structs and pure functions: time comes in as an argument, what was
 * seen as events, and what is to be kept goes to disk elsewhere.
 */
#ifndef LIFELINE_MAIL_FLOW_H
#define LIFELINE_MAIL_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/mem.h"

enum {
	FLOW_OUTSTANDING_MAX = 10000, /* no more are sent */
	FLOW_LOST_MAX = 4000,         /* and unaccounted, that are remembered */
	FLOW_KEPT_MIN = 200,          /* of those that are settled */
	FLOW_WINDOW_MAX = 1000,
	FLOW_PRINTS_MAX = 4, /* copies of a probe that are told apart */
	FLOW_PASTS_MAX = 16,
	FLOW_GAPS_MAX = 8192,    /* of a past: every other outstanding one */
	FLOW_REASON_MAX = 200,   /* bytes of what a server says */
	FLOW_LOST_FOR_DAYS = 30, /* then a lost one is forgotten */
	FLOW_WAYS_MAX = 16,
	FLOW_WAY_MAX = 255, /* bytes of each of its texts */
};

/* The first three are outstanding, the others settled. */
enum flow_state {
	FLOW_SENT,     /* it may have been taken, or not: nobody knows */
	FLOW_ACCEPTED, /* the submission server took it */
	FLOW_DELAYED,  /* a notification says that it is waiting somewhere */
	FLOW_DELIVERED,
	FLOW_LATE, /* arrived, though not in time */
	FLOW_JUNK, /* arrived where junk does */
	FLOW_BOUNCED,
	FLOW_LOST,    /* did not arrive for too long */
	FLOW_REFUSED, /* the submission server did not take it */
	/* Nobody knows whether it was ever taken; or what became of it, when
	 * a ledger was lost. */
	FLOW_UNACCOUNTED,
	FLOW_STATES,
};
const char *flow_state_word(unsigned state); /* NULL: no such state */
bool flow_is_outstanding(enum flow_state state);
bool flow_has_arrived(enum flow_state state);

enum flow_what {
	FLOW_IS_ACCEPTED,
	FLOW_IS_REFUSED,
	FLOW_ARRIVES,
	FLOW_ARRIVES_LATE, /* made of FLOW_ARRIVES where it is so */
	FLOW_ARRIVES_AS_JUNK,
	FLOW_IS_DELAYED,
	FLOW_BOUNCES,
	FLOW_AGES, /* too old to be waited for */
	FLOW_WHATS,
};
const char *flow_what_word(unsigned what);

/* All that can become of a probe; what is not here changes nothing. */
struct flow_step {
	enum flow_state from;
	enum flow_what what;
	enum flow_state to;
};
extern const struct flow_step flow_steps[];
extern const size_t flow_n_steps;

struct flow_probe {
	uint64_t series, number;
	int64_t sent_ms;
	enum flow_state state;
	/* The how manieth of the ledger to be settled, or put right since; 0:
	 * it is outstanding. */
	uint64_t turn;
	int64_t delay_ms; /* arrived: from its sending, not below 0 */
	uint32_t copies;  /* arrivals, all of them */
	/* Of the first of them: what tells a copy from the same one that is
	 * seen again. */
	uint64_t prints[FLOW_PRINTS_MAX];
	const char *reason; /* delayed, bounced, refused: what was said */
	unsigned way;       /* of the ledger's, and 1; 0: none was chosen */
};

/* Probes go straight to an exchanger (--via). */
struct flow_way {
	const char *via; /* as it was asked for */
	/* That was connected to last, and what it called itself; or NULL. */
	const char *address, *host;
	/* Why it did not take the last one that was given to it, and whether
	 * it said to come again; NULL: it did. */
	const char *refused;
	bool is_greylisted;
};

/* Numbers from first to last. */
struct flow_gap {
	uint64_t first, last;
};

/* A series of which the ledger is lost: what arrived since tells of it. */
struct flow_past {
	uint64_t series;
	/* That arrived, or were remembered. */
	uint64_t lowest, highest;
	/* Between these, of which nothing is known; n of room. */
	struct flow_gap *gaps;
	size_t n_gaps, room;
	uint64_t turn; /* of the ledger, when one was found */
};

struct flow_ledger {
	const char *instance;
	const char *key_id;   /* of the key that its tokens are made with */
	uint64_t series;      /* of what it sends */
	int64_t begun_ms;     /* the series */
	uint64_t n_sent;      /* numbers of the series, 1 to this */
	int64_t last_sent_ms; /* 0: never */
	/* The last run in which all mailboxes were read; 0: none. */
	int64_t read_ms;
	/* Since when the clock is behind the time at which an outstanding one
	 * was sent; 0: it is not. */
	int64_t back_ms;
	/* By series, number and time; n of room. */
	struct flow_probe *probes;
	size_t n, room;
	struct flow_past *pasts; /* FLOW_PASTS_MAX of room, the oldest first */
	size_t n_pasts;
	struct flow_way *ways; /* FLOW_WAYS_MAX of room */
	size_t n_ways;
	uint64_t turns; /* how often one was settled, and 1 */
	/* Arrived in time since the last one was lost or bounced, and turns
	 * when these were enough: what was lost until then is no more an
	 * alarm. */
	uint64_t in_time, calm_turn;
	/* Of all times: settled ones by state, and copies too many. */
	uint64_t totals[FLOW_STATES], duplicates;
};

/* An empty ledger, the strings of which are borrowed. */
void flow_begin(struct flow_ledger *ledger, struct arena *arena,
	const char *instance, const char *key_id, int64_t now_ms);

/* Whether it is time for one more; so also where the clock went back, or the
 * last one was not taken for sure. */
bool flow_is_due(
	const struct flow_ledger *ledger, int64_t now_ms, int64_t every_ms);

/*
 * Enters one more probe, FLOW_SENT, and returns it; valid until the ledger is
 * changed again. The ledger has to be on disk before it is submitted. NULL:
 * too many are outstanding, or there are no numbers left.
 */
const struct flow_probe *flow_send(
	struct flow_ledger *ledger, struct arena *arena, int64_t now_ms);

/*
 * The one that was sent last goes by this way. Where as many ways are in use
 * as there may be, it has none, and nobody can tell later.
 */
void flow_send_via(
	struct flow_ledger *ledger, struct arena *arena, const char *via);

/* By series, number and time; NULL: the ledger has no entry of it, or there is
 * no way. */
const struct flow_probe *flow_find(
	const struct flow_ledger *ledger, const struct flow_probe *wanted);
struct flow_way *flow_way_of(
	const struct flow_ledger *ledger, const struct flow_probe *probe);
/* Copies of these, harmless and bounded; NULL: not known. */
void flow_way_note(struct flow_way *way, struct arena *arena,
	const char *address, const char *host);
void flow_way_refuses(struct flow_way *way, struct arena *arena,
	const char *said, bool is_greylisted);

/* Something that was seen of a probe whose token was verified. */
struct flow_event {
	enum flow_what what;
	uint64_t series, number;
	int64_t sent_ms;
	int64_t at_ms;    /* arrivals: when it was there */
	uint64_t print;   /* arrivals: of the message, the same in each run */
	const char *said; /* delayed, bounced, refused; may be NULL */
};

struct flow_run {
	const struct flow_event *events;
	size_t n;
	int64_t now_ms;
	/* All that has arrived is among the events. Where the mailbox could
	 * not be read, no probe grows too old. */
	bool was_read;
};

struct flow_limits {
	int64_t late_ms; /* a longer delay is late */
	int64_t lost_ms; /* who is out for that long is lost */
	size_t window;   /* settled probes that are judged */
	size_t recover;  /* that arrive in time end an alarm */
};

/* What a run changed. */
struct flow_news {
	size_t n_arrived, n_lost, n_bounced, n_duplicates;
	int64_t slowest_ms; /* delay of those that arrived; -1: none did */
	size_t n_put_right; /* arrived that were counted otherwise before */
	size_t n_found;     /* of whose sending the ledger knew nothing */
	size_t n_forgotten; /* seen again when they were settled long ago */
	size_t n_again;     /* arrivals that were accounted for before */
	size_t n_early;     /* that arrived before they were sent */
	/* Sent under this instance while this ledger was in use, and not by
	 * it: another node has the same name and key. They are left alone. */
	size_t n_strangers;
	/* The mailbox knows of newer probes than the ledger: it is an old one
	 * that was restored, and begins a new series. */
	bool is_old;
};

/* Accounts for all that was seen, and for all that was not. */
void flow_account(struct flow_ledger *ledger, struct arena *arena,
	const struct flow_run *run, const struct flow_limits *limits,
	struct flow_news *news);

/* Whether a message may be deleted since it is accounted for: a probe; or a
 * notification about one that is not another node's. */
bool flow_is_accounted(
	const struct flow_ledger *ledger, const struct flow_event *event);

/* For how long an outstanding one is out. Where the clock went back behind
 * its sending: since that was noticed. */
int64_t flow_age_ms(const struct flow_ledger *ledger,
	const struct flow_probe *probe, int64_t now_ms);

/* What the ledger comes to. */
struct flow_sums {
	size_t outstanding, delayed;
	int64_t oldest_ms; /* age of the oldest outstanding one; -1: none */
	/* The same, of what was not there when all mailboxes were read last:
	 * at that time. -1: none. */
	int64_t unseen_ms;
	/* The last ones to be settled, up to the window; without those that
	 * were refused, which are counted by state alone. */
	size_t settled;
	size_t by_state[FLOW_STATES];
	uint64_t duplicates;
	double loss; /* lost and bounced of those that were taken, 0 to 1 */
	/* Of those that arrived; -1: none did. */
	int64_t median_ms, p95_ms, max_ms;
	int64_t latest_ms; /* largest delay of a late one; -1: none */
	/* Lost and bounced that are an alarm still. */
	size_t alarming_lost, alarming_bounced;
	const char *reason; /* of the last of these that bounced; or NULL */
	const char *why_delayed; /* what was said of the last; or NULL */
	uint64_t unaccounted; /* of the window, and of ledgers that are lost */
};
struct flow_sums flow_sum(const struct flow_ledger *ledger, struct arena *arena,
	int64_t now_ms, const struct flow_limits *limits);

/* What became of the file that holds the ledger. */
enum flow_memory_fate {
	FLOW_MEMORY_READ,
	FLOW_MEMORY_NEW, /* no ledger on this node */
	/* Damaged: put aside, begun anew; why names it. So until what was put
	 * aside is removed, with what was kept since. */
	FLOW_MEMORY_LOST,
	/* Can't be read or written: directory, rights, room, a newer version
	 * of these plugins wrote it. why says which. */
	FLOW_MEMORY_UNUSABLE,
	/* The same, where nobody chose the directory and it is not there. */
	FLOW_MEMORY_NO_PLACE,
};

struct flow_memory {
	enum flow_memory_fate fate;
	const char *why;  /* LOST, UNUSABLE, NO_PLACE: a sentence's end */
	const char *node; /* the host that wrote what was read, or NULL */
};

/* For who reads a ledger from disk: the probe's place by series, number and
 * time, -1 where a is before b, 0 where they are the same. */
int flow_probe_compare(const struct flow_probe *a, const struct flow_probe *b);

#endif
