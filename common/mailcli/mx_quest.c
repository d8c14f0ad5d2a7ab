/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailcli/mx_quest.h"

#include "common/dnsnet/trust.h"

/* What a chain of aliases is worth: as much as its weakest link. */
static enum dns_security weaker(enum dns_security a, enum dns_security b)
{
	static const enum dns_security by_weakness[] = { DNS_BOGUS,
		DNS_INDETERMINATE, DNS_SECURITY_UNKNOWN, DNS_INSECURE };
	size_t i;

	for (i = 0; i < sizeof(by_weakness) / sizeof(by_weakness[0]); i++)
		if (a == by_weakness[i] || b == by_weakness[i])
			return by_weakness[i];
	return DNS_SECURE;
}

static void quest_end(
	struct mx_quest *quest, enum dns_lookup lookup, const char *why)
{
	quest->lookup->lookup = lookup;
	quest->lookup->why = why;
	quest->fn(quest);
}

static void quest_ask(struct mx_quest *quest);

static void follow(struct mx_quest *quest, const char *target)
{
	if (!quest->alias) {
		quest->alias = target;
		quest->alias_security = quest->lookup->security;
	}
	if (quest->n_aliases == WALK_ALIASES_MAX) {
		quest_end(quest, DNS_LOOKUP_LIMIT, "endless chain of aliases");
		return;
	}
	quest->n_aliases++;
	quest->name = target;
	quest_ask(quest);
}

static void take_security(
	struct mx_quest *quest, const struct secure_answer *answer)
{
	struct mx_lookup *lookup = quest->lookup;
	/* Who validates fails there as where the signatures are wrong. */
	enum dns_security now =
		answer->security == DNS_INDETERMINATE && answer->lacks_keys
			? DNS_BOGUS
			: answer->security;
	enum dns_security before =
		quest->n_aliases == 0 ? now : lookup->security;

	lookup->security = weaker(before, now);
	if (!lookup->security_why)
		lookup->security_why = answer->why;
}

static void on_secure(void *arg, const struct secure_answer *answer)
{
	struct mx_quest *quest = arg;
	const struct reply *reply = &answer->reply;

	if (!reply->message) {
		quest_end(quest,
			answer->why ? DNS_LOOKUP_FAILED : DNS_LOOKUP_NOT_DONE,
			answer->why);
		return;
	}
	take_security(quest, answer);
	if (quest->lookup->security == DNS_BOGUS) {
		quest_end(
			quest, DNS_LOOKUP_FAILED, quest->lookup->security_why);
		return;
	}
	switch (reply->meaning.kind) {
	case DNS_KIND_ANSWER:
		quest->message = reply->message;
		quest_end(quest, DNS_LOOKUP_FOUND, NULL);
		break;
	case DNS_KIND_ALIAS:
		follow(quest, reply->meaning.alias);
		break;
	case DNS_KIND_NXDOMAIN:
		quest_end(quest, DNS_LOOKUP_NXDOMAIN, NULL);
		break;
	case DNS_KIND_NODATA:
		quest_end(quest, DNS_LOOKUP_NO_ADDRESS, NULL);
		break;
	case DNS_KIND_REFERRAL:
		quest_end(quest, DNS_LOOKUP_LIMIT, "too many zones on the way");
		break;
	case DNS_KIND_NONE:
	case DNS_KIND_UPWARD:
	case DNS_KIND_EMPTY:
	case DNS_KIND_ERROR:
		quest_end(quest, DNS_LOOKUP_FAILED,
			"its servers gave no usable answer");
		break;
	}
}

static void quest_ask(struct mx_quest *quest)
{
	secure_lookup(quest->walk, quest->name, quest->type, on_secure, quest);
}

void mx_quest_start(struct walk *walk, const struct mx_quest *quest)
{
	struct mx_quest *copy = arena_alloc(walk->arena, sizeof(*copy));

	*copy = *quest;
	copy->walk = walk;
	quest_ask(copy);
}

size_t mx_quest_addrs(
	const struct mx_quest *quest, struct dns_addr *out, size_t max)
{
	const struct dns_message *message = quest->message;
	size_t n = 0, i;

	for (i = 0; message && i < message->answer.n && n < max; i++) {
		const struct dns_rr *rr = &message->answer.at[i];

		if (rr->type == (uint16_t)quest->type &&
			dns_name_compare(rr->owner, quest->name) == 0)
			out[n++] = rr->addr;
	}
	return n;
}
