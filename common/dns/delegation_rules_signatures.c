/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule about how long signatures go on to be valid. */
#include "config.h"

#include "common/dns/delegation_facts.h"
#include "common/dns/delegation_rules.h"

enum {
	WARNING_PERCENT = 10, /* of its own lifetime left */
	CRITICAL_PERCENT = 3,
	SPAN_MAX = 100, /* bytes of "ends in 3 h, 2 % of its 7 d" */
};

/* A signature that ends soon, and by how much that matters. */
struct ending {
	enum state state;
	const char *what; /* it signs this */
	const struct dns_signed *set;
};

enum state rule_grade_signature(
	const struct delegation *d, int64_t inception_s, int64_t expiration_s)
{
	const struct delegation_expect *expect = &d->expect;
	int64_t left = expiration_s - expect->now_s;
	int64_t life = expiration_s - inception_s;
	int64_t warning_s = life * WARNING_PERCENT / 100;
	int64_t critical_s = life * CRITICAL_PERCENT / 100;

	if (life <= 0)
		return STATE_OK;
	if (expect->sig_warning_s >= 0)
		warning_s = expect->sig_warning_s;
	if (expect->sig_critical_s >= 0)
		critical_s = expect->sig_critical_s;
	if (left < critical_s)
		return STATE_CRITICAL;
	return left < warning_s ? STATE_WARNING : STATE_OK;
}

void rule_add_signature_end(struct text *out, const struct delegation *d,
	int64_t inception_s, int64_t expiration_s)
{
	int64_t left = expiration_s - d->expect.now_s;
	int64_t life = expiration_s - inception_s;

	/* Clocks may differ by so much that it is still valid. */
	if (left < 0) {
		text_add(out, "ended ");
		dns_span_add(out, -left);
		text_add(out, " ago");
		return;
	}
	text_add(out, "ends in ");
	dns_span_add(out, left);
	text_printf(out, ", %d %% of its ", (int)(left * 100 / life));
	dns_span_add(out, life);
}

/* Only what validates can end; the rest is bogus, or nobody relies on it. */
static enum state grade(
	const struct delegation *d, const struct dns_signed *set)
{
	if (set->security != DNS_SECURE || !set->is_signed)
		return STATE_OK;
	return rule_grade_signature(d, set->inception_s, set->expiration_s);
}

/* The worst of a server's signatures; of equals the one that ends first. */
static struct ending find_ending(
	const struct delegation *d, const struct dns_server *server)
{
	struct ending worst = { .state = STATE_OK };
	size_t i;

	for (i = 0; i < DNS_SIGNED_SETS; i++) {
		const struct dns_signed *set =
			dns_signed_set(&server->security, i);
		enum state state = grade(d, set);

		if (state == STATE_OK ||
			state_rank(state) < state_rank(worst.state) ||
			(state == worst.state &&
				set->expiration_s >= worst.set->expiration_s))
			continue;
		worst = (struct ending){ state, dns_signed_text(i), set };
	}
	return worst;
}

static void say_ending(struct judge *judge, const struct delegation *d,
	struct culprit culprit, const struct ending *ending)
{
	const struct dns_signed *set = ending->set;
	struct text span;

	text_init(&span, SPAN_MAX);
	rule_add_signature_end(&span, d, set->inception_s, set->expiration_s);
	judge_finding_as(judge, ending->state, culprit,
		"the signature of %s by key %u %s", ending->what,
		(unsigned)set->key_tag, span.data);
	text_release(&span);
}

void judge_signature_expiring(struct judge *judge, const void *facts)
{
	const struct delegation *d = facts;
	const struct dns_signed *ds = &d->security.ds_signed;
	struct ending ending;
	size_t i;

	if (!rule_has_security(judge, d))
		return;
	ending = (struct ending){ grade(d, ds), "the DS set", ds };
	if (ending.state != STATE_OK)
		say_ending(judge, d, (struct culprit){ .name = d->parent },
			&ending);
	for (i = 0; i < d->n_servers; i++) {
		const struct dns_server *server = &d->servers[i];
		enum dns_security security =
			delegation_server_security(d, server);

		/* The rest of a bogus server's has the same cause. */
		if (security == DNS_SECURITY_UNKNOWN || security == DNS_BOGUS)
			continue;
		ending = find_ending(d, server);
		if (ending.state != STATE_OK)
			say_ending(
				judge, d, rule_server_culprit(server), &ending);
	}
}
