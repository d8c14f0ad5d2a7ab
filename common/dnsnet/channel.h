/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c-ares, one channel for an address and a transport: sends a query once and
 * tells what became of it. Id, question and source of a reply are compared
 * by c-ares; what does not match counts as no reply.
 */
#ifndef LIFELINE_DNSNET_CHANNEL_H
#define LIFELINE_DNSNET_CHANNEL_H

#include "common/dnsnet/gather.h"
#include "common/loop/loop.h"

struct channels;

/* outcome is never DNS_NOT_ASKED; wire is there with DNS_ANSWERED only, and
 * only during the call. */
typedef void (*channel_fn)(
	void *arg, enum dns_outcome outcome, const uint8_t *wire, size_t len);

/* The caller owns it, sets fn and arg, and keeps it until fn is called. */
struct channel_query {
	channel_fn fn;
	void *arg;
	struct channel *channel;
	struct loop_timer timer;
	struct channel_query *next;
	bool is_sent; /* handed to c-ares, which has not called back */
	enum dns_outcome outcome; /* where c-ares was never asked */
};

/* NULL: c-ares did not start, or no memory. */
struct channels *channels_new(
	struct loop *loop, const struct dns_options *options);
/* Queries that are still out end without a call. */
void channels_free(struct channels *channels);

/* Whom to ask, and how. */
struct channel_peer {
	struct dns_addr addr;
	uint16_t port;
	bool is_tcp;
};

/* Sends once; fn is called once, from the loop, within the query timeout. */
void channel_send(struct channels *channels, const struct channel_peer *peer,
	struct channel_query *query, const uint8_t *wire, size_t len);

/* Where packets for an address go: to it, or to the translator's address for
 * it (RFC 6052 section 2.2). */
struct dns_addr channel_contacted(
	const struct dns_options *options, const struct dns_addr *addr);

#endif
