/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for the enumerations, for sentences and for JSON. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/dns/delegation.h"
#include "common/dns/delegation_facts.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const outcome_words[] = {
	[DNS_NOT_ASKED] = "not_asked",
	[DNS_ANSWERED] = "answered",
	[DNS_TIMED_OUT] = "timed_out",
	[DNS_PORT_CLOSED] = "port_closed",
	[DNS_UNREACHABLE] = "unreachable",
	[DNS_CONNECTION_LOST] = "connection_lost",
	[DNS_MALFORMED] = "malformed",
	[DNS_OUR_FAULT] = "our_fault",
};

static const char *const outcome_texts[] = {
	[DNS_NOT_ASKED] = "was not asked",
	[DNS_ANSWERED] = "answered",
	[DNS_TIMED_OUT] = "timed out",
	[DNS_PORT_CLOSED] = "has its port closed",
	[DNS_UNREACHABLE] = "is unreachable",
	[DNS_CONNECTION_LOST] = "cut the connection",
	[DNS_MALFORMED] = "sent what is no DNS message",
	[DNS_OUR_FAULT] = "could not be asked from here",
};

static const char *const kind_words[] = {
	[DNS_KIND_NONE] = "none",
	[DNS_KIND_ANSWER] = "answer",
	[DNS_KIND_ALIAS] = "alias",
	[DNS_KIND_NODATA] = "nodata",
	[DNS_KIND_NXDOMAIN] = "nxdomain",
	[DNS_KIND_REFERRAL] = "referral",
	[DNS_KIND_UPWARD] = "upward",
	[DNS_KIND_EMPTY] = "empty",
	[DNS_KIND_ERROR] = "error",
};

static const char *const kind_texts[] = {
	[DNS_KIND_NONE] = "no answer",
	[DNS_KIND_ANSWER] = "answer",
	[DNS_KIND_ALIAS] = "alias",
	[DNS_KIND_NODATA] = "no such record",
	[DNS_KIND_NXDOMAIN] = "no such name",
	[DNS_KIND_REFERRAL] = "referral",
	[DNS_KIND_UPWARD] = "referral to itself or upwards",
	[DNS_KIND_EMPTY] = "empty answer",
	[DNS_KIND_ERROR] = "error",
};

static const char *const lookup_words[] = {
	[DNS_LOOKUP_NOT_DONE] = "not_done",
	[DNS_LOOKUP_FOUND] = "found",
	[DNS_LOOKUP_NO_ADDRESS] = "no_address",
	[DNS_LOOKUP_NXDOMAIN] = "nxdomain",
	[DNS_LOOKUP_LITERAL] = "literal",
	[DNS_LOOKUP_FAILED] = "failed",
	[DNS_LOOKUP_CIRCULAR] = "circular",
	[DNS_LOOKUP_LIMIT] = "limit",
};

static const char *const edns_words[] = {
	[DNS_EDNS_UNKNOWN] = "unknown",
	[DNS_EDNS_FINE] = "fine",
	[DNS_EDNS_IGNORED] = "ignored",
	[DNS_EDNS_REFUSED] = "refused",
	[DNS_EDNS_DROPPED] = "dropped",
};

static const char *const cut_words[] = {
	[DNS_CUT_UNKNOWN] = "unknown",
	[DNS_CUT_DELEGATED] = "delegated",
	[DNS_CUT_SAME_SERVERS] = "same_servers",
	[DNS_CUT_NONE] = "none",
	[DNS_CUT_NXDOMAIN] = "nxdomain",
};

static const char *const sight_words[] = {
	[DNS_SIGHT_NOT_TRIED] = "not_tried",
	[DNS_SIGHT_SEEN] = "seen",
	[DNS_SIGHT_NO_ROUTE] = "no_route",
	[DNS_SIGHT_SILENT] = "silent",
	[DNS_SIGHT_SWITCHED_OFF] = "switched_off",
};

static const char *const verdict_words[] = {
	[DNS_SERVER_GOOD] = "good",
	[DNS_SERVER_SILENT] = "silent",
	[DNS_SERVER_REFUSES] = "refuses",
	[DNS_SERVER_SERVFAIL] = "servfail",
	[DNS_SERVER_NOT_AUTHORITATIVE] = "not_authoritative",
	[DNS_SERVER_UNUSABLE] = "unusable",
	[DNS_SERVER_NOT_JUDGED] = "not_judged",
};

static const char *const history_fate_words[] = {
	[DNS_HISTORY_NOT_KEPT] = "not_kept",
	[DNS_HISTORY_READ] = "read",
	[DNS_HISTORY_NEW] = "new",
	[DNS_HISTORY_LOST] = "lost",
	[DNS_HISTORY_UNUSABLE] = "unusable",
	[DNS_HISTORY_NO_PLACE] = "no_place",
};

/* IANA's DNS RCODEs (RFC 6895 section 2.3). */
static const char *const rcode_texts[] = {
	[0] = "NOERROR",
	[1] = "FORMERR",
	[2] = "SERVFAIL",
	[3] = "NXDOMAIN",
	[4] = "NOTIMP",
	[5] = "REFUSED",
	[6] = "YXDOMAIN",
	[7] = "YXRRSET",
	[8] = "NXRRSET",
	[9] = "NOTAUTH",
	[10] = "NOTZONE",
	[11] = "DSOTYPENI",
	[16] = "BADVERS",
	[23] = "BADCOOKIE",
};

const char *dns_outcome_word(unsigned outcome)
{
	return outcome < LENGTH(outcome_words) ? outcome_words[outcome] : NULL;
}

const char *dns_kind_word(unsigned kind)
{
	return kind < LENGTH(kind_words) ? kind_words[kind] : NULL;
}

const char *dns_lookup_word(unsigned lookup)
{
	return lookup < LENGTH(lookup_words) ? lookup_words[lookup] : NULL;
}

const char *dns_edns_word(unsigned edns)
{
	return edns < LENGTH(edns_words) ? edns_words[edns] : NULL;
}

const char *dns_cut_word(unsigned cut)
{
	return cut < LENGTH(cut_words) ? cut_words[cut] : NULL;
}

const char *dns_sight_word(unsigned sight)
{
	return sight < LENGTH(sight_words) ? sight_words[sight] : NULL;
}

const char *dns_verdict_word(unsigned verdict)
{
	return verdict < LENGTH(verdict_words) ? verdict_words[verdict] : NULL;
}

const char *dns_history_fate_word(unsigned fate)
{
	return fate < LENGTH(history_fate_words) ? history_fate_words[fate]
						 : NULL;
}

const char *dns_security_word(unsigned security)
{
	return security <= DNS_INDETERMINATE
		       ? dns_security_text((enum dns_security)security)
		       : NULL;
}

const char *dns_outcome_text(enum dns_outcome outcome)
{
	return outcome_texts[outcome];
}

const char *dns_kind_text(enum dns_kind kind)
{
	return kind_texts[kind];
}

const char *dns_rcode_text(uint16_t rcode)
{
	const char *text =
		rcode < LENGTH(rcode_texts) ? rcode_texts[rcode] : NULL;

	return text ? text : "an error";
}

void dns_span_add(struct text *out, int64_t seconds)
{
	enum {
		MINUTE_S = 60,
		HOUR_S = 60 * MINUTE_S,
		DAY_S = 24 * HOUR_S,
	};

	if (seconds < 2 * MINUTE_S)
		text_printf(out, "%lld s", (long long)seconds);
	else if (seconds < 2 * HOUR_S)
		text_printf(out, "%lld min", (long long)(seconds / MINUTE_S));
	else if (seconds < 2 * DAY_S)
		text_printf(out, "%lld h", (long long)(seconds / HOUR_S));
	else
		text_printf(out, "%lld d", (long long)(seconds / DAY_S));
}

void dns_probe_add(struct text *out, const struct dns_probe *probe)
{
	if (probe->outcome != DNS_ANSWERED) {
		if (probe->was_truncated)
			text_add(out,
				"sends truncated answers over UDP, and over "
				"TCP ");
		text_add(out, dns_outcome_text(probe->outcome));
		if (probe->outcome == DNS_TIMED_OUT && probe->tries > 1)
			text_printf(out, " (%u tries)", probe->tries);
		return;
	}
	if (probe->kind == DNS_KIND_ERROR)
		text_printf(out, "answers %s (RCODE %u)",
			dns_rcode_text(probe->rcode), (unsigned)probe->rcode);
	else if (probe->kind == DNS_KIND_ANSWER && !probe->is_authoritative)
		text_add(out, "answers without authority");
	else
		text_printf(
			out, "answers with: %s", dns_kind_text(probe->kind));
}
