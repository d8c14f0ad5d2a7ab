/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about DANE (RFC 7672). */
#include "config.h"

#include <string.h>

#include "common/mail/mx_rules.h"

enum { USAGE_EE = 3 };

static const struct culprit the_certificate = { NULL, NULL };

static void differs(struct judge *judge, const struct mx *mx,
	const struct mx_address *address)
{
	const struct mx_dane_result dane = mx_dane_at(mx, address);

	if (dane.dane == MX_DANE_DIFFERS)
		judge_finding(judge, mx_culprit(mx, address), "fails DANE: %s",
			dane.why);
	else if (dane.dane == MX_DANE_NO_TLS)
		judge_finding(judge, mx_culprit(mx, address),
			"fails DANE: it has TLSA records, and TLS does not come up");
	else if (dane.dane == MX_DANE_UNKNOWN && mx->security_is_known)
		judge_not_judged(judge, address->addr_text, "DANE: %s",
			dane.why ? dane.why : "the DNS does not tell");
}

void judge_dane_differs(struct judge *judge, const void *facts)
{
	mx_each_address(judge, facts, differs);
}

/* Once an exchanger, by its first address. */
static void of_exchangers(struct judge *judge, const struct mx *mx,
	enum mx_dane dane, const char *text)
{
	size_t told = SIZE_MAX;
	size_t i;

	if (!mx_has_set(judge, mx))
		return;
	for (i = 0; i < mx->n_addresses; i++) {
		const struct mx_address *address = &mx->addresses[i];
		const struct mx_dane_result at = mx_dane_at(mx, address);

		if (address->exchanger == told || at.dane != dane)
			continue;
		told = address->exchanger;
		judge_finding(judge,
			(struct culprit){
				mx_exchanger_of(mx, address)->name, NULL },
			"%s%s%s", text, at.why ? ": " : "",
			at.why ? at.why : "");
	}
}

void judge_dane_bogus(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_BOGUS,
		"is not used by senders with DANE, since its TLSA records do "
		"not validate");
}

void judge_dane_unresolvable(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_FAILED,
		"is not used by senders with DANE, since no answer comes for "
		"its TLSA records");
}

void judge_dane_unusable(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_UNUSABLE,
		"has TLSA records, and none of them is sound and of usage 2 or 3");
}

void judge_dane_insecure(struct judge *judge, const void *facts)
{
	of_exchangers(judge, facts, MX_DANE_INSECURE,
		"has TLSA records in vain: its zone is not signed");
}

static bool is_same_name(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Usage 2: whether the CA that the record names made the next certificate too,
 * as far as its file tells. */
static bool is_of_same_ca(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct mx_tlsa *tlsa)
{
	const char *issuer = mx->expect.next_cert->issuer;
	size_t i, n;

	for (i = 0; i < mx->n_addresses; i++) {
		const struct smtp_tls *tls = &mx->addresses[i].session.tls;

		if (mx_exchanger_of(mx, &mx->addresses[i]) != exchanger ||
			tls->n_certs == 0)
			continue;
		if (mx_dane_at(mx, &mx->addresses[i]).tlsa == tlsa &&
			is_same_name(issuer, tls->certs[0].issuer))
			return true;
		for (n = 1; n < tls->n_certs; n++)
			if (mx_tlsa_matches(tlsa, &tls->certs[n]) &&
				is_same_name(issuer, tls->certs[n].subject))
				return true;
	}
	return false;
}

static bool has_next(const struct mx *mx, const struct mx_exchanger *exchanger)
{
	size_t i;

	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *tlsa = &exchanger->tlsa[i];

		if (!mx_tlsa_counts(exchanger, tlsa))
			continue;
		if (tlsa->usage == USAGE_EE
				? mx_tlsa_matches(tlsa, mx->expect.next_cert)
				: is_of_same_ca(mx, exchanger, tlsa))
			return true;
	}
	return false;
}

/* Whether the next certificate is for exchangers by their names; where it has
 * none of them, it is for all. */
static bool names_some(const struct mx *mx)
{
	size_t i;

	for (i = 0; i < mx->n_exchangers; i++)
		if (cert_holds_name(
			    mx->expect.next_cert, mx->exchangers[i].name))
			return true;
	return false;
}

void judge_dane_next_missing(struct judge *judge, const void *facts)
{
	const struct mx *mx = facts;
	size_t n_published = 0;
	size_t i;
	bool by_name;

	if (!mx->expect.next_cert || !mx_has_set(judge, mx))
		return;
	by_name = names_some(mx);
	for (i = 0; i < mx->n_exchangers; i++) {
		const struct mx_exchanger *one = &mx->exchangers[i];

		if (one->n_tlsa == 0 ||
			(by_name && !cert_holds_name(
					    mx->expect.next_cert, one->name)))
			continue;
		n_published++;
		if (!has_next(mx, one))
			judge_finding(judge,
				(struct culprit){ one->name, NULL },
				"has no TLSA record of the next certificate");
	}
	if (n_published == 0)
		judge_finding(judge, the_certificate,
			"no exchanger has a TLSA record for the next "
			"certificate");
}
