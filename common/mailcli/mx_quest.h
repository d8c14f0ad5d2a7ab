/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One name and type of the DNS, validated, down to the end of its aliases. */
#ifndef LIFELINE_MAILCLI_MX_QUEST_H
#define LIFELINE_MAILCLI_MX_QUEST_H

#include "common/dnsnet/message.h"
#include "common/dnsnet/zonecut.h"
#include "common/mail/mx.h"

struct mx_quest;
typedef void (*mx_quest_fn)(struct mx_quest *quest);

/* The first part is the caller's; the name must live as long as the arena. */
struct mx_quest {
	const char *name; /* at the end: whose records they are */
	enum dns_type type;
	struct mx_lookup *lookup; /* what came of it */
	mx_quest_fn fn;
	void *arg;

	struct walk *walk;
	unsigned n_aliases;
	const char *alias;                 /* what the first one points to */
	enum dns_security alias_security;  /* of the first one alone */
	const struct dns_message *message; /* where it is FOUND; or NULL */
};

/* Asks for a copy of it; fn is called once, later or at once. */
void mx_quest_start(struct walk *walk, const struct mx_quest *quest);

/*
 * The addresses of the quest's type that came for it: at most max of them.
 * Returns how many.
 */
size_t mx_quest_addrs(
	const struct mx_quest *quest, struct dns_addr *out, size_t max);

#endif
