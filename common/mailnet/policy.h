/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policy of MTA-STS (RFC 8461 section 3.3), fetched from
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt as a sender does: no redirect
 * is followed, the certificate has to be valid and of that name, 64 KiB are
 * enough. On libcurl, which is told the addresses and reads no setting of this
 * host: no proxy, no netrc, no cookies, no name service. It is started up with
 * the first fetch only.
 */
#ifndef LIFELINE_MAILNET_POLICY_H
#define LIFELINE_MAILNET_POLICY_H

#include "common/loop/loop.h"
#include "common/mail/mx.h"
#include "common/mailnet/tls.h"

enum {
	POLICY_PORT = 443,
	POLICY_ADDRS_MAX = 32, /* tried of one host; the rest is left out */
};

struct policy_fetch;

/* sts is the one that was given, filled from fetch to took_us. */
typedef void (*policy_fn)(void *arg, const struct mx_sts *sts);

/* The strings and addresses must live as long as the arena. */
struct policy_ask {
	const char *host; /* "mta-sts.DOMAIN", A-labels */
	/* Already behind NAT64 where needed. Both families are tried, and the
	 * next of one where the first does not answer. */
	const struct dns_addr *addrs;
	size_t n_addrs; /* at least 1 */
	uint16_t port;
	/* For all of it, from now on; half of that up to the request. */
	int64_t bound_us;
	bool is_short; /* it would be more, had the run more time left */
	policy_fn fn;
	void *arg;
};

/*
 * Starts it; fn is called once, later, from the loop. Certificates are judged
 * by those of the context; where it has none, MX_FETCH_OUR_FAULT comes of it.
 * Never NULL.
 */
struct policy_fetch *policy_fetch_start(struct arena *arena, struct loop *loop,
	struct tls_context *tls, const struct policy_ask *ask,
	struct mx_sts *sts);

bool policy_fetch_is_over(const struct policy_fetch *fetch);

/*
 * Frees what it holds, at any time. One that is not over yet is over now,
 * without a call: the run's deadline came, which is nobody's fault, and
 * MX_FETCH_NOT_DONE with the reason says so. NULL is fine.
 */
void policy_fetch_end(struct policy_fetch *fetch);

#endif
