/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sender's view of the facts, and the judge functions of check_mx. */
#ifndef LIFELINE_MAIL_MX_RULES_H
#define LIFELINE_MAIL_MX_RULES_H

#include "common/judge/judge.h"
#include "common/mail/mx.h"

/* What a sender meets at one address, or one exchanger. */
enum mx_take {
	MX_TAKE_UNKNOWN, /* nobody can tell that from here: see why */
	MX_TAKES,
	MX_GREYLISTS, /* will take it later; senders try the next first */
	MX_DEFERS,    /* 4xx, no connection, or no security where it must be:
			the next is tried, else the mail waits */
	MX_BOUNCES,   /* 5xx to MAIL or RCPT: the mail goes back at once */
	MX_SHUNS_US,  /* refuses this host: says nothing of other senders */
};
const char *mx_take_word(unsigned take);
const char *mx_set_word(unsigned set);
const char *mx_fetch_word(unsigned fetch);

struct mx_taking {
	enum mx_take take;
	enum smtp_step_id step; /* that decided it */
	const char *why;        /* MX_TAKE_UNKNOWN: the reason */
};
struct mx_taking mx_taking_of(
	const struct mx *mx, const struct mx_address *address);

/* Whether mail bounces there since the recipient needs SMTPUTF8, and that is not
 * offered: MAIL was not said then. */
bool mx_lacks_utf8(const struct mx *mx, const struct mx_address *address);

/* An exchanger: bounces where an address of it does, since senders take any of
 * them; else takes where one does. */
enum mx_take mx_exchanger_take(
	const struct mx *mx, const struct mx_exchanger *exchanger);

struct mx_counts {
	size_t good;    /* an address takes mail */
	size_t bad;     /* none does */
	size_t unknown; /* none does, and one can't be judged */
};
/* By name, or by address. */
struct mx_counts mx_count(const struct mx *mx);
struct mx_counts mx_count_addresses(const struct mx *mx);

/* By address, for who asks of the same facts again and again. */
struct mx_takes {
	enum mx_take of[MX_ADDRESSES_MAX];
};
void mx_takes_of(const struct mx *mx, struct mx_takes *out);

/* What is gone; all may be empty. */
struct mx_loss {
	const struct mx_exchanger *exchanger; /* with all its addresses */
	bool is_expected;                     /* what --lost says, too */
	const struct mx_takes *takes;         /* NULL: they are found out */
};

enum mx_fate {
	MX_FATE_UNKNOWN, /* depends on what can't be judged */
	MX_FATE_DELIVERED,
	MX_FATE_WAITS,
	MX_FATE_BOUNCES, /* for some senders at least */
};

struct mx_view {
	enum mx_fate fate;
	/* The address that takes or rejects it; NULL: none. */
	const struct mx_address *at;
	bool greylists; /* one that was tried before it does */
};

/*
 * What a sender would do (RFC 5321 section 5.1): the exchangers by
 * preference, those of one preference in any order, down to the first that
 * takes the mail, or answers 5xx.
 */
struct mx_view mx_view_of(const struct mx *mx, const struct mx_loss *loss);
bool mx_is_lost(const struct mx *mx, const struct mx_address *address,
	const struct mx_loss *loss);

/* Whether no address of any exchanger can be connected to; and what --control
 * says to that. */
enum mx_port {
	MX_PORT_OPEN,        /* one was */
	MX_PORT_MAYBE_SHUT,  /* none was, no control */
	MX_PORT_SHUT,        /* none was, nor the control */
	MX_PORT_THEIRS_SHUT, /* none was, the control was */
};
enum mx_port mx_port_of(const struct mx *mx);

/* Whether there are exchangers; where nobody knows, that is not judged. */
bool mx_has_set(struct judge *judge, const struct mx *mx);

/* Why the world can't reach the address; NULL: it can, or the user permits
 * that. */
const char *mx_unusable(const struct mx *mx, const struct dns_addr *addr);
/* A usable exchanger: with an address that the world can reach. */
bool mx_is_usable(const struct mx *mx, const struct mx_exchanger *exchanger);
/* The state for what is wrong with the set: CRITICAL where no usable exchanger
 * is left. */
enum state mx_set_state(const struct mx *mx);

const struct mx_exchanger *mx_exchanger_of(
	const struct mx *mx, const struct mx_address *address);
struct culprit mx_culprit(
	const struct mx *mx, const struct mx_address *address);
/* The name without the domain, where it is inside: "mx1". In the arena. */
const char *mx_short_name(
	struct arena *arena, const struct mx *mx, const char *name);
/* Appends "550 5.1.1". */
void mx_add_code(struct text *out, const struct smtp_step *step);

/* Whether the address was connected to; what can't be judged is noted. */
bool mx_was_met(struct judge *judge, const struct mx *mx,
	const struct mx_address *address);
/* Calls fn for each of them. */
typedef void (*mx_address_fn)(struct judge *judge, const struct mx *mx,
	const struct mx_address *address);
void mx_each_address(
	struct judge *judge, const struct mx *mx, mx_address_fn fn);

/* What is wrong with its certificate by chain and name; or NULL. */
const char *mx_certificate_fault(
	const struct mx *mx, const struct mx_address *address);

/* mx_rules_set.c */
void judge_mx_obtained(struct judge *judge, const void *facts);
void judge_domain_not_found(struct judge *judge, const void *facts);
void judge_mx_missing(struct judge *judge, const void *facts);
void judge_null_mx(struct judge *judge, const void *facts);
void judge_null_mx_beside(struct judge *judge, const void *facts);
void judge_mx_bogus(struct judge *judge, const void *facts);
void judge_mx_alias(struct judge *judge, const void *facts);
void judge_mx_literal(struct judge *judge, const void *facts);
void judge_mx_nonexistent(struct judge *judge, const void *facts);
void judge_mx_no_address(struct judge *judge, const void *facts);
void judge_mx_unresolvable(struct judge *judge, const void *facts);
void judge_mx_unusable_address(struct judge *judge, const void *facts);
void judge_mx_shared_address(struct judge *judge, const void *facts);
void judge_mx_one_address(struct judge *judge, const void *facts);
void judge_mx_single_network(struct judge *judge, const void *facts);
void judge_mx_limit(struct judge *judge, const void *facts);
void judge_mx_one_as(struct judge *judge, const void *facts);
void judge_mx_one_domain(struct judge *judge, const void *facts);
void judge_mx_one_zone(struct judge *judge, const void *facts);

/* mx_rules_address.c */
void judge_mx_port_closed(struct judge *judge, const void *facts);
void judge_mx_unreachable(struct judge *judge, const void *facts);
void judge_mx_tarpit(struct judge *judge, const void *facts);
void judge_greeting_slow(struct judge *judge, const void *facts);
void judge_greeting_refuses(struct judge *judge, const void *facts);
void judge_ehlo_refused(struct judge *judge, const void *facts);
void judge_dialogue_broken(struct judge *judge, const void *facts);

/* mx_rules_acceptance.c */
void judge_too_few_good_exchangers(struct judge *judge, const void *facts);
void judge_loss_bounces(struct judge *judge, const void *facts);
void judge_lost_not_survived(struct judge *judge, const void *facts);
void judge_recipient_refused(struct judge *judge, const void *facts);
void judge_recipient_deferred(struct judge *judge, const void *facts);
void judge_mail_refused(struct judge *judge, const void *facts);
void judge_refuses_monitor(struct judge *judge, const void *facts);
void judge_open_relay(struct judge *judge, const void *facts);
void judge_accepts_invalid(struct judge *judge, const void *facts);

/* mx_rules_tls.c */
void judge_starttls_broken(struct judge *judge, const void *facts);
void judge_starttls_missing(struct judge *judge, const void *facts);
void judge_tls_old(struct judge *judge, const void *facts);
void judge_key_weak(struct judge *judge, const void *facts);
void judge_certificate_invalid(struct judge *judge, const void *facts);
void judge_certificate_expiring(struct judge *judge, const void *facts);

/* mx_rules_sts.c */
void judge_sts_record_wrong(struct judge *judge, const void *facts);
void judge_sts_policy_unavailable(struct judge *judge, const void *facts);
void judge_sts_policy_wrong(struct judge *judge, const void *facts);
void judge_sts_max_age(struct judge *judge, const void *facts);
void judge_sts_mx_refused(struct judge *judge, const void *facts);
void judge_sts_id_unchanged(struct judge *judge, const void *facts);
void judge_sts_history_lost(struct judge *judge, const void *facts);
void judge_sts_history_unusable(struct judge *judge, const void *facts);

/* mx_rules_policy.c */
void judge_dane_differs(struct judge *judge, const void *facts);
void judge_dane_bogus(struct judge *judge, const void *facts);
void judge_dane_unresolvable(struct judge *judge, const void *facts);
void judge_dane_unusable(struct judge *judge, const void *facts);
void judge_dane_insecure(struct judge *judge, const void *facts);
void judge_dane_next_missing(struct judge *judge, const void *facts);

#endif
