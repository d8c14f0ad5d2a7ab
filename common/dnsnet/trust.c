/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Of each zone on the way three things are needed: the keys of the zone
 * above, the DS set (mostly in the referral already) and the DNSKEY set. The
 * last is asked for before the others are known.
 */
#include "config.h"

#include "common/dnsnet/trust.h"

struct trust_waiter {
	trust_fn fn;
	void *arg;
	struct trust_waiter *next;
};

enum {
	SECOND_LOOK_MAX = 16, /* servers asked again */
};

/* A trust in the making. */
struct making {
	struct trust trust; /* the first member: cut->trust points to it */
	struct walk *walk;
	struct cut *cut;
	struct trust_waiter *waiters;
	bool has_ds, has_dnskey;
	struct second_look *dnskey_again;
	struct dns_signed ds_seen;
	struct ds_set ds;
	const struct dns_message *dnskey; /* NULL: it did not come */
	const char *dnskey_why;
};

static const struct dns_anchor *anchor_of(
	const struct walk *walk, const char *zone)
{
	for (size_t i = 0; i < walk->n_anchors; i++)
		if (dns_name_compare(walk->anchors[i].zone, zone) == 0)
			return &walk->anchors[i];
	return NULL;
}

static void end(struct making *making, enum dns_security security,
	const char *zone, const char *why)
{
	if (making->trust.is_done)
		return;
	making->trust.is_done = true;
	making->trust.security = security;
	making->trust.zone = zone;
	making->trust.why = why;
	struct trust_waiter *waiter = making->waiters;
	for (; waiter != NULL; waiter = waiter->next)
		waiter->fn(waiter->arg, &making->trust);
}

/* -- a second look ------------------------------------------------------- */

/*
 * What one server gave does not validate: the others may do better, as
 * validating resolvers ask them too (RFC 4035 section 5.5). All are asked at
 * once; taken is called for each reply, ended when none is left.
 */
struct second_look {
	struct making *making;
	size_t n_open;
	void (*taken)(struct making *making, const struct reply *reply);
	void (*ended)(struct making *making);
};

static void on_second_look(void *arg, const struct reply *reply)
{
	struct second_look *look = arg;
	look->n_open--;
	if (look->making->trust.is_done)
		return;
	if (reply->message != NULL)
		look->taken(look->making, reply);
	if (look->n_open == 0 && !look->making->trust.is_done)
		look->ended(look->making);
}

static void look_again(struct second_look *look, const struct cut *cut,
	const struct dns_question *question)
{
	struct walk *walk = look->making->walk;
	for (size_t i = 0; i < cut->n_servers && i < SECOND_LOOK_MAX; i++) {
		struct ask ask = { .question = *question,
			.addr = cut->servers[i].addr,
			.tries = 1,
			.zone = cut->zone,
			.host = cut->servers[i].host };
		look->n_open++;
		exchanges_ask(walk->exchanges, &ask, on_second_look, look);
	}
	if (look->n_open == 0)
		look->ended(look->making);
}

/* Keys that do not fit the anchor mean a wrong anchor, or something on the
 * way that strips signatures: it is not the zone that is to blame. */
static bool is_anchored(const struct making *making)
{
	return anchor_of(making->walk, making->cut->zone) != NULL;
}

static void conclude(struct making *making);

static void take_keys(struct making *making, const struct reply *reply)
{
	making->dnskey = reply->message;
	conclude(making);
}

static void look_for_keys(struct making *making)
{
	struct second_look *look =
		arena_alloc(making->walk->arena, sizeof(*look));
	struct dns_question question = { .name = making->cut->zone,
		.type = DNS_TYPE_DNSKEY,
		.wants_dnssec = true };
	*look = (struct second_look){
		.making = making, .taken = take_keys, .ended = conclude
	};
	making->dnskey_again = look;
	look_again(look, making->cut, &question);
}

/* DS set and DNSKEY set are here: do they fit? */
static void conclude(struct making *making)
{
	const char *zone = making->cut->zone;
	struct walk *walk = making->walk;
	if (!making->has_ds || !making->has_dnskey || making->trust.is_done)
		return;
	if (making->dnskey == NULL) {
		end(making, DNS_INDETERMINATE, zone,
			arena_printf(walk->arena,
				"the DNSKEY set of %s did not come: %s", zone,
				making->dnskey_why));
		return;
	}
	struct dns_signed seen = dnssec_keys(walk->dnssec, making->dnskey, zone,
		&making->ds, &making->trust.keys);
	if (seen.security == DNS_BOGUS && making->dnskey_again == NULL) {
		look_for_keys(making);
		return;
	}
	if (seen.security == DNS_BOGUS && making->dnskey_again->n_open > 0)
		return;
	const char *why = seen.why == NULL
				  ? NULL
				  : arena_printf(walk->arena,
					    "DNSKEY of %s: %s", zone, seen.why);
	if (seen.security == DNS_BOGUS && is_anchored(making))
		end(making, DNS_INDETERMINATE, zone,
			arena_printf(walk->arena, "%s (trust anchor)", why));
	else
		end(making, seen.security, zone, why);
}

static void on_dnskey(void *arg, const struct reply *reply, const char *why)
{
	struct making *making = arg;
	making->has_dnskey = true;
	if (!making->trust.is_done)
		making->trust.lacks_keys =
			reply == NULL && why != NULL &&
			dns_name_parent(making->cut->zone) != NULL;
	making->dnskey = reply == NULL ? NULL : reply->message;
	making->dnskey_why = why != NULL ? why : "the deadline came";
	conclude(making);
}

/* -- the DS set ---------------------------------------------------------- */

static void take_ds_set(struct making *making)
{
	enum dns_security usable = dnssec_ds_usable(&making->ds);
	making->has_ds = true;
	if (usable == DNS_SECURE)
		conclude(making);
	else
		end(making, usable, making->cut->zone,
			"no DS is of an algorithm that this host verifies");
}

/* What a reply of the zone above says of the DS set; false where it says
 * nothing that holds, or all is known already. */
static bool take_evidence(struct making *making,
	const struct dns_message *message, struct dns_signed *seen)
{
	struct walk *walk = making->walk;
	const struct trust *above = making->cut->above->trust;
	if (making->has_ds)
		return false;
	*seen = dnssec_ds(walk->dnssec, above->keys, message, making->cut->zone,
		&making->ds);
	if (seen->security == DNS_SECURE && making->ds.n > 0)
		take_ds_set(making);
	else if (seen->security == DNS_SECURE && making->ds.is_cut)
		end(making, DNS_INSECURE, making->cut->zone, NULL);
	else
		return false;
	return true;
}

static void take_ds(struct making *making, const struct reply *reply)
{
	struct dns_signed seen;
	(void)take_evidence(making, reply->message, &seen);
}

static void end_ds(struct making *making)
{
	const char *zone = making->cut->zone;
	if (!making->has_ds)
		end(making, DNS_BOGUS, zone,
			arena_printf(making->walk->arena, "DS of %s: %s", zone,
				making->ds_seen.why));
}

static void look_for_ds(struct making *making)
{
	struct second_look *look =
		arena_alloc(making->walk->arena, sizeof(*look));
	struct dns_question question = { .name = making->cut->zone,
		.type = DNS_TYPE_DS,
		.wants_dnssec = true };
	*look = (struct second_look){
		.making = making, .taken = take_ds, .ended = end_ds
	};
	look_again(look, making->cut->above, &question);
}

static void on_ds(void *arg, const struct reply *reply, const char *why)
{
	struct making *making = arg;
	struct dns_signed seen = { .why = why };
	const char *zone = making->cut->zone;
	if (reply == NULL) {
		end(making, DNS_INDETERMINATE, zone,
			arena_printf(making->walk->arena,
				"the DS set of %s did not come: %s", zone,
				why != NULL ? why : "the deadline came"));
		return;
	}
	if (take_evidence(making, reply->message, &seen))
		return;
	making->ds_seen = seen;
	if (seen.security == DNS_BOGUS)
		look_for_ds(making);
	else if (seen.security == DNS_SECURE)
		end(making, DNS_BOGUS, zone,
			"the zone above proves that no zone begins there");
	else
		end(making, seen.security, zone,
			arena_printf(making->walk->arena, "DS of %s: %s", zone,
				seen.why));
}

/* The zone above is decided. */
static void on_above(void *arg, const struct trust *above)
{
	struct making *making = arg;
	struct cut *cut = making->cut;
	struct dns_signed seen;
	if (above->security != DNS_SECURE) {
		making->trust.lacks_anchor = above->lacks_anchor;
		making->trust.lacks_keys = above->lacks_keys;
		end(making, above->security, above->zone, above->why);
		return;
	}
	if (cut->referral != NULL &&
		take_evidence(making, cut->referral, &seen))
		return;
	/* It was not asked for with DO, or this one server is at fault. */
	struct dns_question question = {
		.name = cut->zone, .type = DNS_TYPE_DS, .wants_dnssec = true
	};
	step_start(making->walk, cut->above, &question, false, on_ds, making);
}

/* -- the start ----------------------------------------------------------- */

static void begin(struct making *making)
{
	struct walk *walk = making->walk;
	struct cut *cut = making->cut;
	const struct dns_anchor *anchor = anchor_of(walk, cut->zone);
	if (anchor == NULL && cut->above == NULL) {
		making->trust.lacks_anchor = true;
		end(making, DNS_INDETERMINATE, cut->zone, "no trust anchor");
		return;
	}
	struct dns_question question = {
		.name = cut->zone, .type = DNS_TYPE_DNSKEY, .wants_dnssec = true
	};
	step_start(walk, cut, &question, false, on_dnskey, making);
	if (anchor != NULL) {
		making->ds =
			(struct ds_set){ .at = anchor->ds, .n = anchor->n_ds };
		take_ds_set(making);
	} else {
		trust_start(walk, cut->above, on_above, making);
	}
}

void trust_start(struct walk *walk, struct cut *cut, trust_fn fn, void *arg)
{
	bool is_new = cut->trust == NULL;
	if (is_new) {
		struct making *fresh = arena_alloc(walk->arena, sizeof(*fresh));
		fresh->walk = walk;
		fresh->cut = cut;
		cut->trust = &fresh->trust;
	}
	struct making *making = (struct making *)cut->trust;
	if (fn != NULL && !making->trust.is_done) {
		struct trust_waiter *waiter =
			arena_alloc(walk->arena, sizeof(*waiter));
		waiter->fn = fn;
		waiter->arg = arg;
		waiter->next = making->waiters;
		making->waiters = waiter;
	} else if (fn != NULL) {
		fn(arg, &making->trust);
	}
	if (is_new)
		begin(making);
}

/* -- any name and type --------------------------------------------------- */

struct secure {
	struct walk *walk;
	struct cut *cut;
	struct dns_question question;
	struct secure_answer answer;
	const char *label; /* below the cut, looked at for a DS; or NULL */
	secure_fn fn;
	void *arg;
};

static void secure_ask(struct secure *secure);

static void secure_end(
	struct secure *secure, enum dns_security security, const char *why)
{
	secure->answer.security = security;
	secure->answer.why = why;
	secure->fn(secure->arg, &secure->answer);
}

/* A zone on the same servers as the one above it. */
static struct cut *cut_below(
	struct walk *walk, struct cut *above, const char *zone)
{
	struct cut *cut = cut_add(walk, zone, above->depth);
	if (cut == NULL)
		return above;
	if (cut->above == NULL)
		cut->above = above;
	for (size_t i = 0; i < above->n_servers; i++)
		cut_add_server(walk, cut, above->servers[i].host,
			&above->servers[i].addr);
	return cut;
}

static void on_secure_trust(void *arg, const struct trust *trust);
static void secure_look_below(struct secure *secure);

/* What a server of the cut says of a DS at one label on the way. */
static void on_label_ds(void *arg, const struct reply *reply, const char *why)
{
	struct secure *secure = arg;
	struct walk *walk = secure->walk;
	struct ds_set ds;
	if (reply == NULL) {
		secure_end(secure, DNS_INDETERMINATE, why);
		return;
	}
	struct dns_signed seen = dnssec_ds(walk->dnssec,
		secure->cut->trust->keys, reply->message, secure->label, &ds);
	if (seen.security != DNS_SECURE) {
		secure_end(secure, DNS_BOGUS, seen.why);
	} else if (ds.n > 0) {
		secure->cut = cut_below(walk, secure->cut, secure->label);
		trust_start(walk, secure->cut, on_secure_trust, secure);
	} else if (ds.is_cut) {
		secure_end(secure, DNS_INSECURE, NULL);
	} else {
		secure_look_below(secure);
	}
}

/*
 * An answer without a signature from servers of a signed zone: an unsigned
 * zone below it, on the same servers, may have given it. Whether there is
 * one is proved by the DS of each label on the way (RFC 4035 section 5.2).
 */
static void secure_look_below(struct secure *secure)
{
	const char *above = secure->label;
	const char *name = secure->question.name;
	if (above == NULL || !dns_name_in(above, secure->cut->zone))
		above = secure->cut->zone;
	if (dns_name_compare(name, above) == 0) {
		secure_end(secure, DNS_BOGUS, "it is not signed");
		return;
	}
	while (dns_name_compare(dns_name_parent(name), above) != 0)
		name = dns_name_parent(name);
	secure->label = name;
	struct dns_question question = {
		.name = name, .type = DNS_TYPE_DS, .wants_dnssec = true
	};
	step_start(secure->walk, secure->cut, &question, false, on_label_ds,
		secure);
}

static void on_secure_trust(void *arg, const struct trust *trust)
{
	struct secure *secure = arg;
	const struct dns_message *message = secure->answer.reply.message;
	struct dnssec *dnssec = secure->walk->dnssec;
	if (trust->security != DNS_SECURE) {
		secure->answer.lacks_keys = trust->lacks_keys;
		secure_end(secure, trust->security, trust->why);
		return;
	}
	if (dnssec_signer(secure->walk->arena, message) == NULL) {
		secure_look_below(secure);
		return;
	}
	struct dns_signed seen =
		dnssec_reply(dnssec, trust->keys, message, &secure->question);
	secure_end(secure, seen.security, seen.why);
}

/* The servers may serve a zone below the cut too, and answer from there
 * without a referral: the signer tells. */
static struct cut *signing_cut(struct secure *secure, const struct reply *reply)
{
	struct walk *walk = secure->walk;
	struct cut *served = secure->cut;
	const char *signer = dnssec_signer(walk->arena, reply->message);
	if (signer == NULL || !dns_name_in(signer, served->zone) ||
		!dns_name_in(secure->question.name, signer) ||
		dns_name_compare(signer, served->zone) == 0)
		return served;
	return cut_below(walk, served, signer);
}

static void on_secure_step(
	void *arg, const struct reply *reply, const char *why)
{
	struct secure *secure = arg;
	if (reply == NULL) {
		secure->answer.security = DNS_INDETERMINATE;
		secure->answer.why = why;
		secure->fn(secure->arg, &secure->answer);
		return;
	}
	if (reply->probe.kind == DNS_KIND_REFERRAL) {
		struct cut *cut = cut_from_referral(secure->walk,
			secure->cut->zone, secure->cut->depth, reply);
		if (cut != NULL) {
			secure_ask(secure);
			return;
		}
	}
	secure->answer.reply = *reply;
	secure->cut = signing_cut(secure, reply);
	trust_start(secure->walk, secure->cut, on_secure_trust, secure);
}

static void secure_ask(struct secure *secure)
{
	/* A DS is served by the zone above (RFC 4035 section 3.1.4.1). */
	const char *name = secure->question.name;
	const char *above = dns_name_parent(name);
	bool is_ds = secure->question.type == DNS_TYPE_DS && above != NULL;
	secure->cut = cut_for(secure->walk, is_ds ? above : name);
	trust_start(secure->walk, secure->cut, NULL, NULL);
	step_start(secure->walk, secure->cut, &secure->question, false,
		on_secure_step, secure);
}

void secure_lookup(struct walk *walk, const char *name, enum dns_type type,
	secure_fn fn, void *arg)
{
	struct secure *secure = arena_alloc(walk->arena, sizeof(*secure));
	*secure = (struct secure){ .walk = walk,
		.question = { .name = name,
			.type = type,
			.wants_dnssec = true },
		.fn = fn,
		.arg = arg };
	secure_ask(secure);
}
