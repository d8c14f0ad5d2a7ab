/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of one dnsnet_gather(): down from the root to the parent
 * (descent.c), the parent's servers (parents.c), the zone's servers
 * (servers.c), the copies that they hold (copies.c), and what comes of it
 * (gather.c).
 */
#ifndef LIFELINE_DNSNET_SURVEY_H
#define LIFELINE_DNSNET_SURVEY_H

#include "common/dnsnet/lookup.h"
#include "common/dnsnet/trust.h"

enum {
	SURVEY_SERVERS_MAX = 512, /* addresses of the zone's servers */
	SURVEY_PARENTS_MAX = 128, /* addresses of the parent's servers */
	SURVEY_LABELS_MAX = 32,   /* labels tried as zones between two cuts */
	SURVEY_CONTROL_US = 1000 * 1000, /* then a control is asked */
};

/* A name server name of the zone, while it is gathered. */
struct survey_host {
	struct survey *survey;
	struct dns_host fact;
	struct survey_host *next;
};

/* An address of the zone's name servers, while it is gathered. */
struct survey_server {
	struct survey *survey;
	struct dns_server fact;
	/* Replies that are validated at the end; NULL: none came. */
	const struct dns_message *soa, *ns, *dnskey, *cds, *cdnskey;
	const struct dns_message *nxdomain, *nodata;
	struct dns_probe dnskey_probe;
	bool is_cut_short;    /* the deadline came before its keys */
	bool is_asked;        /* packets go to it */
	bool is_of_zone;      /* by glue, or by a name server's addresses */
	uint16_t port;        /* 0: that of the options */
	struct dns_copy copy; /* with survey->copies; see copies.c */
	bool is_transferring; /* with the key */
	struct survey_server *next;
};

struct survey_parent {
	struct survey *survey;
	struct dns_parent_server fact;
	const struct dns_message *ds; /* the reply that tells the DS set */
};

enum survey_stage {
	SURVEY_WALK,
	SURVEY_PARENTS,
	SURVEY_SERVERS,
};

struct survey {
	struct arena *arena;
	const struct dns_options *options;
	struct delegation *d;
	struct walk walk;
	enum survey_stage stage;

	struct cut_server controls[2]; /* a root of each family */
	size_t n_controls;
	struct exchange *control_asks[2];
	struct pause udp_control, tcp_control;

	struct cut *parent_cut;  /* once the descent got there */
	const char *parent_zone; /* for telling a referral; never NULL then */
	size_t n_parents_open, n_parent_hosts_asked;
	struct survey_parent *parents;
	struct cut *deeper; /* a parent server referred to a zone between */

	struct survey_host *hosts;
	size_t n_hosts;
	struct survey_server *servers;
	size_t n_servers;
	const char *foreign; /* the name outside, for the test of recursion */
	const char *random;  /* a name in the zone that nobody made */
	bool expects_signatures; /* a DS was seen, or given */
	struct copies *copies;   /* NULL: of no interest */
};

/* Keeps the set sorted and without duplicates; copies the pointer, not the
 * text. */
void names_insert(
	struct arena *arena, struct dns_names *names, const char *name);

/* Goes down from a cut to the parent zone, then calls parents_start(). */
void descent_start(struct survey *survey, struct cut *cut);

/* Asks the servers of the parent's cut for the delegation. */
void parents_start(
	struct survey *survey, struct cut *cut, const char *parent_zone);

/* A name server name, by the parent or by the child; starts its lookup. */
void survey_add_host(struct survey *survey, const char *name, bool by_parent);
/* Glue of such a name, by the parent. */
void survey_add_glue(
	struct survey *survey, const char *name, const struct dns_addr *addr);
/* A server of the parent that serves the zone too: its NS set is the
 * child's. */
void survey_add_seed(struct survey *survey, const struct cut_server *server);

/* The server at an address and port (0: that of the options), asked from now
 * on where that is permitted; host may be NULL. NULL past a bound. */
struct survey_server *survey_server_get(struct survey *survey, const char *host,
	const struct dns_addr *addr, uint16_t port);
/* Asks such a server for something of the zone. */
void survey_ask(struct survey_server *server,
	const struct dns_question *question, reply_fn fn, void *arg);
/* The SOA of the zone out of an answer, if it is there. */
void survey_take_soa(const struct survey *survey, const struct reply *reply,
	struct dns_soa *soa);

/* Begins with the servers that the user named. */
void copies_start(
	struct survey *survey, const struct dns_copies_options *options);
/* A server is there; its questions go out. */
void copies_ask(struct survey_server *server);
/* Its SOA came over UDP. */
void copies_soa(struct survey_server *server, const struct reply *reply);
/* Nothing is under way any more: asks those again who seem to differ. True
 * where anybody was asked. */
bool copies_again(struct survey *survey);
/* Which servers are the primary's; before survey_collect(), which leaves them
 * out where the delegation does not lead to them. */
void copies_settle(struct survey *survey, struct secondary *s);
/* The copies; behind it. */
void copies_collect(struct survey *survey, struct secondary *s);

/* A DS was seen: each server is asked for its keys and denials too. */
void survey_expect_signatures(struct survey *survey);
/* The same for one server that was found later. */
void signatures_ask(struct survey_server *server);
/* Validates all that came; before survey_collect(). */
void signatures_conclude(struct survey *survey);

/* Arrays of the facts, sorted, from the lists. */
void survey_collect(struct survey *survey);

#endif
