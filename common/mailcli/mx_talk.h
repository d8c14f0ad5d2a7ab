/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMTP side of check_mx: a dialogue with each address as it is found. */
#ifndef LIFELINE_MAILCLI_MX_TALK_H
#define LIFELINE_MAILCLI_MX_TALK_H

#include "common/dnsnet/gather.h"
#include "common/loop/loop.h"
#include "common/mail/mx.h"
#include "common/mailnet/tls.h"

/* The strings and *dns must outlive the talk. */
struct mx_talk_options {
	const struct dns_options *dns; /* families, NAT64, deadline */
	struct tls_context *tls;       /* borrowed */
	struct dns_prefix *permitted;  /* beside what the world can reach */
	size_t n_permitted;
	/* Called as each dialogue ends. */
	void (*ended)(void *arg);
	void *arg;
};

struct mx_talk;

/*
 * Dialogues as mx->expect wants them. NULL comes back where --helo can't be
 * used, with why as the end of a sentence about it.
 */
struct mx_talk *mx_talk_new(struct arena *arena, struct loop *loop,
	const struct mx_talk_options *options, struct mx *mx, const char **why);

/* Whether the address may be connected to: the world can reach it, or it is
 * permitted. */
bool mx_talk_permits(
	const struct mx_talk_options *options, const struct dns_addr *addr);

/*
 * Notes one more address of an exchanger, which is an index, and starts or
 * queues the dialogue with it. True where options->ended will be called for
 * it: not where it is no use to the world, nor past the bound on addresses.
 * provider: what counts as one place beside the address; or NULL.
 */
bool mx_talk_start(struct mx_talk *talk, size_t exchanger,
	const struct dns_addr *addr, const char *provider);
/* The same for mx->control: the user named it, so that it is asked whatever
 * its address. */
bool mx_talk_start_control(struct mx_talk *talk, const struct dns_addr *addr);

/*
 * Ends what is still open, as timed out. Fills the addresses of *mx, in their
 * order, with their sessions; and the control, v4, v6 and n_connections where
 * they follow from that. True where something was open.
 */
bool mx_talk_end(struct mx_talk *talk);

#endif
