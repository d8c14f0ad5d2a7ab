/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The facts of check_mail_flow: what one run did and saw. Plain structs. */
#ifndef LIFELINE_MAIL_FLOW_FACTS_H
#define LIFELINE_MAIL_FLOW_FACTS_H

#include "common/core/json.h"
#include "common/judge/judge.h"
#include "common/mail/auth_results.h"
#include "common/mail/flow.h"
#include "common/mail/smtp.h"
#include "common/mail/trail.h"

/* How far one got with a server. */
enum flow_outcome {
	FLOW_NOT_TRIED,
	FLOW_DONE,
	FLOW_UNREACHABLE, /* no address, no route, refused */
	FLOW_TIMED_OUT,
	FLOW_TLS_FAILED,   /* not offered where wanted, broken, not trusted */
	FLOW_LOGIN_FAILED, /* name, password, token, account */
	FLOW_TURNED_DOWN,  /* by a reply: said is that */
	FLOW_BROKEN,       /* dropped, or it is not the protocol */
	FLOW_OUR_FAULT,    /* no memory, no descriptor, a file: said is why */
	FLOW_OUTCOMES,
};
/* "can't be reached", a verb phrase; NULL: no such outcome. */
const char *flow_outcome_text(unsigned outcome);
/* What a connection that came to this is here. */
enum flow_outcome flow_outcome_of(enum smtp_outcome outcome);
/* "unreachable" */
const char *flow_outcome_word(unsigned outcome);

/* A step of a dialogue, for who looks closer. */
struct flow_stage {
	const char *name;    /* "greeting" */
	const char *outcome; /* a word: "done" */
	unsigned code;       /* of a reply; 0: none */
	const char *said;    /* by the server, or why; or NULL */
	int64_t at_us;       /* since the start of the run */
	int64_t took_us;
};

/* A submission server, or a mailbox at a server. */
struct flow_service {
	const char *name;    /* "mx.example.org", "imap.example.org/INBOX" */
	const char *address; /* that was connected to; or NULL */
	enum flow_outcome outcome;
	const char *said; /* by the server, or why; or NULL */
	int64_t took_us;
	bool has_cert;
	int64_t cert_end_s; /* since 1970 */
	/* It refused the probe for now, since it does not know who sends it
	 * yet (RFC 6647). */
	bool is_greylisted;
	/* Mailboxes: messages that are accounted for and can't be deleted. */
	size_t n_undeleted;
	const char *why_undeleted;
	/* Mailboxes: there may be arrivals that were not looked at; and by
	 * POP3 in the first run, how many messages were too old for it. */
	bool is_partial;
	size_t n_left_out;
	size_t n_messages, n_read; /* in it, and of these looked at */

	const struct flow_stage *stages;
	size_t n_stages;
	const char *tls;       /* "TLS 1.3"; or NULL */
	const char *mechanism; /* of the login; or NULL */
	const char *queue_id;  /* of the probe that was taken; or NULL */
	/* What submitted, "libesmtp" or "dialogue", and why the former left it
	 * to the latter; or NULL. */
	const char *engine, *why_left;
	unsigned n_round_trips;
};

/* A probe that arrived in this run. */
struct flow_arrival {
	uint64_t number;
	int64_t delay_ms;
	struct trail trail;
	struct trail_view view;
	struct auth_results auth;
	/* --via: the exchanger that it was given to; NULL: none. */
	const char *via;
	bool passed_via; /* the trail says so */
};

/* An exchanger that did not take the last probe when it was its turn, and has
 * none in this run. */
struct flow_refusal {
	const char *via;
	const char *said;
	bool is_greylisted;
};

struct flow {
	const char *instance;
	const char *from, *to;
	int64_t now_ms;
	struct flow_limits limits;
	const char *authserv_id; /* NULL: not given */
	/* Seconds before the end of a certificate; below 0: not judged. */
	int64_t cert_warning_s, cert_critical_s;

	struct flow_memory memory;
	const char *node;      /* this host */
	const char *key_wrong; /* the end of a sentence; NULL: it is fine */
	bool key_differs;      /* the ledger is of another key */
	bool has_ledger;       /* what follows is known */
	bool was_read;         /* all that has arrived was seen */
	struct flow_sums sums;
	struct flow_news news;

	/* --wait: for so long the probe of this run was awaited in vain. */
	int64_t waited_ms;
	bool is_due;  /* a probe was to be sent in this run */
	bool is_full; /* and was not: too many are outstanding */
	struct flow_service submission;
	const struct flow_refusal *refusals;
	size_t n_refusals;
	struct flow_service *mailboxes;
	size_t n_mailboxes;
	struct flow_arrival *arrivals;
	size_t n_arrivals;
	const char *timeout_stage; /* NULL: the run came to its end */
};

/* The row of rules and of metrics, in their order. */
extern const struct rule flow_rules[];
extern const size_t n_flow_rules;
extern const struct metric_def flow_metrics[];
extern const size_t n_flow_metrics;

/* The delay that is judged: of what arrived in this run, and of what was not
 * there when the mailboxes were read last; -1: there is none. */
int64_t flow_delay_ms(const struct flow *flow);

void flow_measure(struct judge *judge, const struct flow *flow);

/* The members of the JSON result; as many arrivals as fit. */
void flow_write_json(struct json *json, const struct flow *flow);
/* The lines of -v and above. */
void flow_write_trace(
	struct text *out, const struct flow *flow, unsigned verbosity);

/* "probe 7 was held for 14 min by mx2.example.org": of those that arrived now
 * the slowest; NULL: nothing of note, or nobody can tell. */
const char *flow_holder(struct arena *arena, const struct flow *flow);

/* Line 1 where all is well, and what is said of late ones where not all is:
 * "3 were late by up to 4 h 2 min, none lost". */
const char *flow_summary(struct arena *arena, const struct flow *flow);

#endif
