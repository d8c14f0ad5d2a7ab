/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The DNS, the dialogues and the fetch of a policy share one loop, and each
 * starts as soon as what it needs is known. First the DNS is run to its end,
 * with the others beside it; then what is left of those.
 */
#include "config.h"

#include "common/mailcli/mx_gather.h"

#include "common/core/clock.h"
#include "common/dnsnet/channel.h"
#include "common/dnsnet/exchange.h"
#include "common/mailcli/mx_anchors.h"
#include "common/mailcli/mx_dns.h"
#include "common/mailcli/mx_places.h"
#include "common/mailcli/mx_talk.h"
#include "common/mailnet/policy.h"

enum {
	/* RFC 8461 section 3.3 suggests a minute to senders, who have time. */
	POLICY_US = 20 * 1000 * 1000,
};

struct gather {
	struct arena *arena;
	const struct mx_gather_options *options;
	struct mx *mx;
	struct exchanges *exchanges;
	struct tls_context *tls;
	struct mx_talk *talk;
	struct policy_fetch *fetch; /* or NULL */
	bool policy_has_v4, policy_has_v6;
	struct loop_timer loading; /* of the CA certificates */
	bool will_load;
	bool has_places;
	const char *registrable; /* the domain's own */

	/* Dialogues and fetches under way, which are awaited once the DNS has
	 * come to its end. */
	size_t n_open;
	struct hold hold;
	bool is_awaited;
};

/* -- what takes this host its time --------------------------------------- */

static void load(void *arg)
{
	struct gather *gather = arg;

	(void)tls_context_client(gather->tls);
}

static void set_loading(struct gather *gather, loop_timer_fn fn)
{
	if (!loop_timer_set(exchanges_loop(gather->exchanges), &gather->loading,
		    0, fn, gather))
		mem_exhausted();
}

/* What was begun in the turn before goes out in this one. */
static void on_begun(void *arg)
{
	set_loading(arg, load);
}

/* As soon as there is something to wait for beside it. */
static void load_soon(struct gather *gather)
{
	if (gather->will_load)
		return;
	gather->will_load = true;
	set_loading(gather, on_begun);
}

/* -- news ---------------------------------------------------------------- */

/* Where connections will follow, the CA certificates are read while the
 * addresses are awaited. */
static void on_set(void *arg)
{
	struct gather *gather = arg;

	if (gather->mx->set == MX_SET_LISTED)
		load_soon(gather);
}

/* The limit is for hosts that many share: one's own are limited by address. */
static const char *provider_of(const struct gather *gather, size_t exchanger)
{
	const char *name = gather->mx->exchangers[exchanger].registrable;
	const char *own = gather->registrable;
	bool is_own = name && own && dns_name_compare(name, own) == 0;

	return is_own ? NULL : name;
}

static void find_places(struct gather *gather)
{
	if (gather->has_places)
		return;
	gather->has_places = true;
	gather->registrable = mx_find_registrable(gather->arena, gather->mx);
}

static void on_address(void *arg, size_t exchanger, const struct dns_addr *addr)
{
	struct gather *gather = arg;

	find_places(gather);
	if (!mx_talk_start(gather->talk, exchanger, addr,
		    provider_of(gather, exchanger)))
		return;
	gather->n_open++;
	load_soon(gather);
}

static void on_control(void *arg, const struct dns_addr *addr)
{
	struct gather *gather = arg;

	if (!mx_talk_start_control(gather->talk, addr))
		return;
	gather->n_open++;
	load_soon(gather);
}

static void on_ended(void *arg);

static struct mx_talk_options talk_options_of(struct gather *gather)
{
	const struct mx_gather_options *options = gather->options;

	return (struct mx_talk_options){
		.dns = options->dns,
		.tls = gather->tls,
		.permitted = options->permits->permitted,
		.n_permitted = options->permits->n_permitted,
		.ended = on_ended,
		.arg = gather,
	};
}

static void on_policy_ended(void *arg, const struct mx_sts *sts)
{
	(void)sts;
	on_ended(arg);
}

/* A host that is silent is found to be so before the deadline comes, which
 * would say nothing of it. */
static void fetch(struct gather *gather, const char *host,
	const struct dns_addr *addrs, size_t n_addrs)
{
	int64_t left_us = gather->options->dns->deadline_us - clock_mono_us();
	bool is_short = left_us / 10 * 9 < POLICY_US;
	const struct policy_ask ask = { .host = host,
		.addrs = addrs,
		.n_addrs = n_addrs,
		.port = POLICY_PORT,
		.bound_us = is_short ? left_us / 10 * 9 : POLICY_US,
		.is_short = is_short,
		.fn = on_policy_ended,
		.arg = gather };

	gather->n_open++;
	gather->fetch = policy_fetch_start(gather->arena,
		exchanges_loop(gather->exchanges), gather->tls, &ask,
		&gather->mx->sts);
}

/* Addresses that the world can't reach are no use to senders either. */
static void on_policy(void *arg, const char *host, const struct dns_addr *addrs,
	size_t n_addrs)
{
	struct gather *gather = arg;
	const struct mx_talk_options permits = talk_options_of(gather);
	struct mx_sts *sts = &gather->mx->sts;
	struct dns_addr *contacted =
		arena_array(gather->arena, n_addrs, sizeof(*contacted));
	size_t n = 0, i;

	for (i = 0; i < n_addrs; i++) {
		if (!mx_talk_permits(&permits, &addrs[i]))
			continue;
		gather->policy_has_v4 |= addrs[i].family == 4;
		gather->policy_has_v6 |= addrs[i].family == 6;
		contacted[n++] = channel_contacted(permits.dns, &addrs[i]);
	}
	if (n > 0) {
		fetch(gather, host, contacted, n);
		return;
	}
	sts->fetch = MX_FETCH_NO_ADDRESS;
	sts->fetch_why = arena_printf(gather->arena,
		"%s is none that the world can reach",
		dns_addr_string(gather->arena, &addrs[0]));
}

/* Where this host has no route for any family that the policy's has, that
 * says nothing of it. */
static void settle_policy(struct gather *gather)
{
	const struct mx *mx = gather->mx;
	struct mx_sts *sts = &gather->mx->sts;

	if (sts->fetch != MX_FETCH_UNREACHABLE ||
		(gather->policy_has_v4 && mx->v4 == DNS_SIGHT_SEEN) ||
		(gather->policy_has_v6 && mx->v6 == DNS_SIGHT_SEEN))
		return;
	sts->fetch = MX_FETCH_NOT_DONE;
	sts->fetch_why = "no route from here";
}

/* -- waiting ------------------------------------------------------------- */

static void stop_waiting(void *arg)
{
	struct gather *gather = arg;

	gather->is_awaited = false;
	exchanges_release(gather->exchanges, &gather->hold);
}

static void on_ended(void *arg)
{
	struct gather *gather = arg;

	if (--gather->n_open == 0 && gather->is_awaited)
		stop_waiting(gather);
}

/* True where the deadline came before the DNS was done. */
static bool run_dns(struct gather *gather, struct mx_finder *finder)
{
	bool is_over;

	do {
		is_over = exchanges_run(gather->exchanges);
	} while (!is_over && mx_finder_breaks_circles(finder));
	return is_over;
}

static void run_rest(struct gather *gather)
{
	if (gather->n_open == 0)
		return;
	gather->is_awaited = true;
	exchanges_hold(gather->exchanges, &gather->hold, stop_waiting, gather);
	(void)exchanges_run(gather->exchanges);
}

/* Who was not done when the deadline came; NULL: nobody. */
static const char *stage_of(
	struct arena *arena, bool in_dns, bool in_talk, bool in_fetch)
{
	const char *stage = in_dns ? "asking the DNS" : NULL;

	if (in_talk)
		stage = arena_printf(arena,
			"%s%stalking to the mail exchangers",
			stage ? stage : "", stage ? " and " : "");
	if (!stage && in_fetch)
		stage = "fetching the policy of MTA-STS";
	return stage;
}

static void run(struct gather *gather)
{
	const struct mx_news news = { .set = on_set,
		.address = on_address,
		.control = on_control,
		.policy = on_policy,
		.arg = gather };
	struct mx *mx = gather->mx;
	struct mx_finder *finder = mx_finder_start(
		gather->exchanges, gather->options->permits, &news, mx);
	bool in_dns = run_dns(gather, finder), in_talk, in_fetch;

	if (!in_dns)
		run_rest(gather);
	mx_finder_end(finder);
	in_talk = mx_talk_end(gather->talk);
	in_fetch = gather->fetch && !policy_fetch_is_over(gather->fetch);
	policy_fetch_end(gather->fetch);
	settle_policy(gather);
	mx->timeout_stage = stage_of(gather->arena, in_dns, in_talk, in_fetch);
}

/* -- the whole ----------------------------------------------------------- */

static const char *start_talk(struct gather *gather)
{
	const struct mx_talk_options talk = talk_options_of(gather);
	const char *why = NULL;

	gather->talk = mx_talk_new(gather->arena,
		exchanges_loop(gather->exchanges), &talk, gather->mx, &why);
	return gather->talk ? NULL
			    : arena_printf(gather->arena, "--helo: \"%s\" %s",
				      gather->mx->expect.helo, why);
}

/* What this host lacked, in the order of its use. */
static const char *failure_of(struct gather *gather)
{
	const struct mx_gather_options *options = gather->options;
	const char *why = exchanges_seen(gather->exchanges)->failure;

	if (!why && gather->will_load)
		why = tls_context_load(gather->tls);
	return !why || exchanges_seen(gather->exchanges)->failure
		       ? why
		       : arena_printf(gather->arena, "%s %s",
				 options->ca_file ? options->ca_file : "TLS",
				 why);
}

static const char *gather_all(struct gather *gather)
{
	const char *asn_db = gather->options->asn_db;
	const char *why = start_talk(gather);

	if (why)
		return why;
	run(gather);
	why = failure_of(gather);
	if (why || !asn_db)
		return why;
	why = mx_find_asn(gather->arena, asn_db, gather->mx);
	return why ? arena_printf(gather->arena, "--asn-db %s: %s", asn_db, why)
		   : NULL;
}

const char *mx_gather(struct arena *arena,
	const struct mx_gather_options *options, struct mx *mx)
{
	struct gather *gather = arena_alloc(arena, sizeof(*gather));
	const char *why = "c-ares or OpenSSL did not start: out of memory";

	*gather = (struct gather){ .arena = arena,
		.options = options,
		.mx = mx,
		.exchanges = exchanges_new(arena, options->dns),
		.tls = tls_context_new(options->ca_file) };
	if (gather->exchanges && gather->tls)
		why = gather_all(gather);
	exchanges_free(gather->exchanges);
	tls_context_free(gather->tls);
	mx_sts_read(arena, &mx->sts);
	mx_follow_anchors(arena, mx);
	mx->elapsed_us = clock_mono_us() - options->dns->start_us;
	return why;
}
