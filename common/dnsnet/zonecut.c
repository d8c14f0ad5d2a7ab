/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zone cuts, and steps: one question to the servers of one cut. */
#include "config.h"

#include "common/dnsnet/zonecut.h"

#include <stdarg.h>
#include <string.h>

#include "common/core/text.h"
#include "common/dnsnet/lookup.h"
#include "common/dnsnet/survey.h"

void walk_limit(struct walk *walk, const char *fmt, ...)
{
	if (walk->limit != NULL)
		return;
	struct text text;
	text_init(&text, DNS_NAME_TEXT);
	va_list args;
	va_start(args, fmt);
	text_vprintf(&text, fmt, args);
	va_end(args);
	walk->limit = arena_strdup(walk->arena, text.data);
	text_release(&text);
}

uint32_t walk_hash(const char *name)
{
	uint32_t hash = 2166136261U; /* FNV-1a */
	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619U;
	return hash;
}

/* -- cuts -------------------------------------------------------------- */

struct cut *cut_for(const struct walk *walk, const char *name)
{
	struct cut *deepest = NULL;
	for (struct cut *cut = walk->cuts; cut != NULL; cut = cut->next)
		if (dns_name_in(name, cut->zone) &&
			(deepest == NULL ||
				dns_name_labels(cut->zone) >
					dns_name_labels(deepest->zone)))
			deepest = cut;
	return deepest;
}

struct cut *cut_of(const struct walk *walk, const char *zone)
{
	for (struct cut *cut = walk->cuts; cut != NULL; cut = cut->next)
		if (dns_name_compare(cut->zone, zone) == 0)
			return cut;
	return NULL;
}

struct cut *cut_add(struct walk *walk, const char *zone, unsigned depth)
{
	struct cut *cut = cut_of(walk, zone);
	if (cut != NULL)
		return cut;
	if (walk->n_cuts >= WALK_CUTS_MAX) {
		walk_limit(walk, "more than %d zones on the way, the last %s",
			WALK_CUTS_MAX, zone);
		return NULL;
	}
	cut = arena_alloc(walk->arena, sizeof(*cut));
	cut->zone = zone;
	cut->depth = depth;
	cut->next = walk->cuts;
	walk->cuts = cut;
	walk->n_cuts++;
	return cut;
}

static void wake_steps(struct cut *cut);

void cut_add_server(struct walk *walk, struct cut *cut, const char *host,
	const struct dns_addr *addr)
{
	for (size_t i = 0; i < cut->n_servers; i++)
		if (dns_addr_compare(&cut->servers[i].addr, addr) == 0)
			return;
	if (cut->n_servers == cut->cap_servers) {
		size_t cap = cut->cap_servers == 0 ? 8 : 2 * cut->cap_servers;
		cut->servers = arena_grow(walk->arena, cut->servers,
			cut->n_servers, cap, sizeof(*cut->servers));
		cut->cap_servers = cap;
	}
	cut->servers[cut->n_servers++] =
		(struct cut_server){ .host = host, .addr = *addr };
	wake_steps(cut);
}

struct cut *walk_add_root(struct walk *walk)
{
	const struct dns_options *options = walk->options;
	struct cut *root = cut_add(walk, ".", 0);
	root->hosts = arena_array(
		walk->arena, options->n_hints, sizeof(*root->hosts));
	struct dns_names names = { 0 };
	for (size_t i = 0; i < options->n_hints; i++) {
		names_insert(walk->arena, &names, options->hints[i].name);
		cut_add_server(walk, root, options->hints[i].name,
			&options->hints[i].addr);
	}
	root->n_hosts = names.n;
	for (size_t i = 0; i < names.n; i++)
		root->hosts[i] = names.at[i];
	return root;
}

bool glue_is_credible(const char *owner, const char *zone)
{
	return dns_name_in(owner, zone);
}

static bool cut_has_host(const struct cut *cut, const char *host)
{
	for (size_t i = 0; i < cut->n_hosts; i++)
		if (dns_name_compare(cut->hosts[i], host) == 0)
			return true;
	return false;
}

struct cut *cut_from_referral(struct walk *walk, const char *zone,
	unsigned depth, const struct reply *reply)
{
	struct cut *cut = cut_of(walk, reply->meaning.cut);
	if (cut != NULL)
		return cut;
	cut = cut_add(walk, reply->meaning.cut, depth);
	if (cut == NULL)
		return NULL;
	const struct dns_section *ns = &reply->message->authority;
	cut->above = cut_of(walk, zone);
	cut->referral = reply->message;
	cut->hosts =
		arena_array(walk->arena, WALK_HOSTS_MAX, sizeof(*cut->hosts));
	for (size_t i = 0; i < ns->n && cut->n_hosts < WALK_HOSTS_MAX; i++)
		if (ns->at[i].type == DNS_TYPE_NS &&
			dns_name_compare(ns->at[i].owner, cut->zone) == 0 &&
			!cut_has_host(cut, ns->at[i].target))
			cut->hosts[cut->n_hosts++] = ns->at[i].target;
	const struct dns_section *glue = &reply->message->additional;
	for (size_t i = 0; i < glue->n; i++)
		if (glue->at[i].addr.family != 0 &&
			cut->n_servers < (size_t)WALK_HOSTS_MAX * 2 &&
			cut_has_host(cut, glue->at[i].owner) &&
			glue_is_credible(glue->at[i].owner, zone) &&
			delegation_permits(walk->d, &glue->at[i].addr))
			cut_add_server(walk, cut, glue->at[i].owner,
				&glue->at[i].addr);
	return cut;
}

/* -- steps ------------------------------------------------------------- */

struct step_ask {
	struct step *step;
	struct dns_addr addr;
	struct exchange *exchange;
	bool is_open;
};

struct step {
	struct walk *walk;
	struct cut *cut;
	struct dns_question question;
	bool is_wide;
	step_fn fn;
	void *arg;
	uint8_t *asked; /* how often, for each server of the cut */
	size_t cap_asked;
	struct step_ask asks[WALK_STEP_ASKS_MAX];
	size_t n_asks, n_open;
	unsigned n_v4, n_v6;
	struct pause hedge;
	const char *why; /* what the last unusable answer was */
	bool is_done, is_waiting;
	struct step *next_waiting;
};

static void step_end(
	struct step *step, const struct reply *reply, const char *why)
{
	if (step->is_done)
		return;
	step->is_done = true;
	pause_cancel(&step->hedge);
	for (size_t i = 0; i < step->n_asks; i++)
		if (step->asks[i].is_open)
			exchange_forget(step->asks[i].exchange);
	step->fn(step->arg, reply, why);
}

/* Makes room to note the servers that came since. */
static void step_fit(struct step *step)
{
	size_t n = step->cut->n_servers;
	if (n <= step->cap_asked)
		return;
	step->asked = arena_grow(step->walk->arena, step->asked,
		step->cap_asked, 2 * n, sizeof(*step->asked));
	step->cap_asked = 2 * n;
}

/*
 * The server to ask next: one asked least often, of the family asked less so
 * far, first in the order that the hash of the question gives. False where
 * each was asked as often as permitted.
 */
static bool step_choose(struct step *step, size_t *out)
{
	const struct cut *cut = step->cut;
	const struct dns_options *options = step->walk->options;
	size_t start = walk_hash(step->question.name);
	unsigned best_cost = 0;
	bool found = false;
	step_fit(step);
	for (size_t i = 0; i < cut->n_servers; i++) {
		size_t at = (start + i) % cut->n_servers;
		bool is_v4 = cut->servers[at].addr.family == 4;
		if (!(is_v4 ? options->use_v4 : options->use_v6))
			continue;
		if (step->asked[at] >= options->tries)
			continue;
		unsigned cost = 64U * step->asked[at] +
				(is_v4 ? step->n_v4 : step->n_v6);
		if (!found || cost < best_cost) {
			best_cost = cost;
			*out = at;
			found = true;
		}
	}
	return found;
}

static void step_reply(void *arg, const struct reply *reply);

/* Asks one more server; false where there is none left. */
static bool step_ask_one(struct step *step)
{
	size_t at = 0;
	if (step->n_asks == WALK_STEP_ASKS_MAX || !step_choose(step, &at))
		return false;
	const struct cut_server *server = &step->cut->servers[at];
	step->asked[at]++;
	if (server->addr.family == 4)
		step->n_v4++;
	else
		step->n_v6++;
	struct ask ask = { .question = step->question,
		.addr = server->addr,
		.tries = 1,
		.zone = step->cut->zone,
		.host = server->host };
	struct step_ask *slot = &step->asks[step->n_asks++];
	slot->step = step;
	slot->addr = server->addr;
	slot->is_open = true;
	slot->exchange =
		exchanges_ask(step->walk->exchanges, &ask, step_reply, slot);
	step->n_open++;
	return true;
}

static void step_wait(struct step *step)
{
	if (step->is_waiting)
		return;
	step->is_waiting = true;
	step->next_waiting = step->cut->waiting;
	step->cut->waiting = step;
}

/* Keeps as many questions out as the step may have. */
static void step_ask_some(struct step *step)
{
	size_t width = step->is_wide ? 2 : 1;
	while (step->n_open < width && step_ask_one(step))
		;
}

/* Nothing is left to ask: the addresses of more servers, or the end. */
static void step_starve(struct step *step)
{
	bool may_come = step->n_asks < WALK_STEP_ASKS_MAX;
	while (may_come && step->n_open == 0) {
		may_come = lookup_more_servers(step->walk, step->cut);
		step_ask_some(step);
		if (may_come && step->n_open == 0 && step->cut->n_looking > 0) {
			step_wait(step);
			return;
		}
	}
	if (step->n_open > 0)
		return;
	if (step->why == NULL && step->n_asks == 0)
		step->why = arena_printf(step->walk->arena,
			"no address is known of a name server of %s",
			step->cut->zone);
	step_end(step, NULL, step->why);
}

static void on_hedge(void *arg)
{
	struct step *step = arg;
	if (step->is_done)
		return;
	bool asked = step_ask_one(step);
	asked = step_ask_one(step) || asked;
	if (asked)
		pause_set(step->walk->exchanges, &step->hedge, WALK_HEDGE_US,
			on_hedge, step);
}

static void step_fill(struct step *step)
{
	step_ask_some(step);
	if (step->n_open == 0)
		step_starve(step);
	if (step->n_open > 0 && !step->hedge.is_set)
		pause_set(step->walk->exchanges, &step->hedge, WALK_HEDGE_US,
			on_hedge, step);
}

static bool is_usable(const struct reply *reply)
{
	switch (reply->probe.kind) {
	case DNS_KIND_REFERRAL:
		return true;
	case DNS_KIND_ANSWER:
	case DNS_KIND_ALIAS:
	case DNS_KIND_NODATA:
	case DNS_KIND_NXDOMAIN:
		return reply->probe.is_authoritative;
	case DNS_KIND_NONE:
	case DNS_KIND_UPWARD:
	case DNS_KIND_EMPTY:
	case DNS_KIND_ERROR:
		break;
	}
	return false;
}

static void note_why(struct step *step, const struct step_ask *slot,
	const struct reply *reply)
{
	const char *saw = reply->probe.outcome != DNS_ANSWERED
				  ? dns_outcome_text(reply->probe.outcome)
			  : reply->probe.kind == DNS_KIND_ERROR
				  ? dns_rcode_text(reply->probe.rcode)
			  : reply->probe.kind == DNS_KIND_UPWARD
				  ? "a referral to itself or upwards"
				  : "no authority";
	const char *who = step->cut->label;
	if (who == NULL)
		who = arena_printf(step->walk->arena, "the name servers of %s",
			step->cut->zone);
	step->why = arena_printf(step->walk->arena,
		"%s give no usable answer, last %s: %s", who,
		dns_addr_string(step->walk->arena, &slot->addr), saw);
}

static void step_reply(void *arg, const struct reply *reply)
{
	struct step_ask *slot = arg;
	struct step *step = slot->step;
	slot->is_open = false;
	step->n_open--;
	if (step->is_done)
		return;
	if (is_usable(reply)) {
		step_end(step, reply, NULL);
		return;
	}
	/* What the deadline cut short says nothing of the server. */
	if (!exchanges_are_over(step->walk->exchanges))
		note_why(step, slot, reply);
	step_fill(step);
}

static void wake_steps(struct cut *cut)
{
	struct step *step = cut->waiting;
	cut->waiting = NULL;
	while (step != NULL) {
		struct step *next = step->next_waiting;
		step->is_waiting = false;
		if (!step->is_done)
			step_fill(step);
		step = next;
	}
}

void cut_lookups_ended(struct cut *cut)
{
	wake_steps(cut);
}

void step_start(struct walk *walk, struct cut *cut,
	const struct dns_question *question, bool is_wide, step_fn fn,
	void *arg)
{
	struct step *step = arena_alloc(walk->arena, sizeof(*step));
	step->walk = walk;
	step->cut = cut;
	step->question = *question;
	step->is_wide = is_wide;
	step->fn = fn;
	step->arg = arg;
	step_fill(step);
}
