/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for the enumerations, for --format, for sentences and for JSON. */
#include "config.h"

#include <string.h>

#include "common/page/page.h"

#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))
#define PICK(words, i) ((i) < LENGTH(words) ? (words)[i] : NULL)

static const char *const format_words[] = {
	[PAGE_FORMAT_UNKNOWN] = "unknown",
	[PAGE_FORMAT_STATUSPAGE] = "statuspage",
	[PAGE_FORMAT_INSTATUS] = "instatus",
	[PAGE_FORMAT_STATUSIO] = "statusio",
	[PAGE_FORMAT_BETTERSTACK] = "betterstack",
	[PAGE_FORMAT_STATUSPAL] = "statuspal",
	[PAGE_FORMAT_CHECKLY] = "checkly",
	[PAGE_FORMAT_CACHET_COMPONENTS] = "cachet-components",
	[PAGE_FORMAT_CACHET_INCIDENTS] = "cachet-incidents",
	[PAGE_FORMAT_KUMA] = "kuma",
	[PAGE_FORMAT_KUMA_HEARTBEAT] = "kuma-heartbeat",
	[PAGE_FORMAT_GATUS] = "gatus",
	[PAGE_FORMAT_UPPTIME] = "upptime",
	[PAGE_FORMAT_AWS] = "aws",
	[PAGE_FORMAT_GOOGLE] = "google",
	[PAGE_FORMAT_SLACK] = "slack",
	[PAGE_FORMAT_SORRY] = "sorry",
	[PAGE_FORMAT_AZURE] = "azure",
	[PAGE_FORMAT_STATUSIQ] = "statusiq",
	[PAGE_FORMAT_RSS] = "rss",
	[PAGE_FORMAT_ATOM] = "atom",
	[PAGE_FORMAT_STATUSPAGE_HTML] = "statuspage-html",
	[PAGE_FORMAT_HTML] = "html",
};

static const char *const reading_words[] = {
	[PAGE_NOT_READ] = "not_read",
	[PAGE_READ] = "read",
	[PAGE_EMPTY] = "empty",
	[PAGE_BROKEN] = "broken",
	[PAGE_FOREIGN] = "foreign",
	[PAGE_NO_DATA] = "no_data",
	[PAGE_INACTIVE] = "inactive",
	[PAGE_DECOY] = "decoy",
	[PAGE_ERROR] = "error",
	[PAGE_BARE] = "bare",
	[PAGE_LIMIT] = "limit",
};

static const char *const health_words[] = {
	[PAGE_HEALTH_NOT_SAID] = "not_said",
	[PAGE_HEALTH_UNKNOWN] = "unknown",
	[PAGE_HEALTH_UNMONITORED] = "unmonitored",
	[PAGE_HEALTH_OPERATIONAL] = "operational",
	[PAGE_HEALTH_NOTICE] = "notice",
	[PAGE_HEALTH_MAINTENANCE] = "maintenance",
	[PAGE_HEALTH_DEGRADED] = "degraded",
	[PAGE_HEALTH_PARTIAL] = "partial",
	[PAGE_HEALTH_MAJOR] = "major",
};

static const char *const phase_words[] = {
	[PAGE_PHASE_NOT_SAID] = "not_said",
	[PAGE_PHASE_UNKNOWN] = "unknown",
	[PAGE_PHASE_OPEN] = "open",
	[PAGE_PHASE_INVESTIGATING] = "investigating",
	[PAGE_PHASE_IDENTIFIED] = "identified",
	[PAGE_PHASE_MONITORING] = "monitoring",
	[PAGE_PHASE_RESOLVED] = "resolved",
	[PAGE_PHASE_POSTMORTEM] = "postmortem",
	[PAGE_PHASE_SCHEDULED] = "scheduled",
	[PAGE_PHASE_IN_PROGRESS] = "in_progress",
	[PAGE_PHASE_VERIFYING] = "verifying",
	[PAGE_PHASE_COMPLETED] = "completed",
	[PAGE_PHASE_CANCELLED] = "cancelled",
};

static const char *const odd_words[] = {
	[PAGE_ODD_WORD] = "unknown_word",
	[PAGE_ODD_MISSING] = "missing",
	[PAGE_ODD_TYPE] = "wrong_type",
	[PAGE_ODD_TIME] = "no_time",
	[PAGE_ODD_TWICE] = "twice",
	[PAGE_ODD_CUT] = "cut",
	[PAGE_ODD_PAGED] = "paged",
	[PAGE_ODD_UNSTATED] = "unstated",
};

static const char *const time_fate_words[] = {
	[PAGE_TIME_NONE] = "none",
	[PAGE_TIME_KNOWN] = "known",
	[PAGE_TIME_ZONELESS] = "zoneless",
	[PAGE_TIME_UNREAD] = "unread",
};

static const char *const fetch_end_words[] = {
	[PAGE_FETCH_NOT_DONE] = "not_done",
	[PAGE_FETCH_DONE] = "done",
	[PAGE_FETCH_TIMED_OUT] = "timed_out",
	[PAGE_FETCH_PORT_CLOSED] = "port_closed",
	[PAGE_FETCH_UNREACHABLE] = "unreachable",
	[PAGE_FETCH_CONNECTION_LOST] = "connection_lost",
	[PAGE_FETCH_TLS_FAILED] = "tls_failed",
	[PAGE_FETCH_NO_HTTP] = "no_http",
	[PAGE_FETCH_TOO_LARGE] = "too_large",
	[PAGE_FETCH_BAD_CODING] = "bad_coding",
	[PAGE_FETCH_LOOP] = "loop",
	[PAGE_FETCH_OTHER_SITE] = "other_site",
	[PAGE_FETCH_BAD_REDIRECT] = "bad_redirect",
	[PAGE_FETCH_OUR_FAULT] = "our_fault",
};

static const char *const fetch_end_texts[] = {
	[PAGE_FETCH_NOT_DONE] = "was not asked",
	[PAGE_FETCH_DONE] = "answered",
	[PAGE_FETCH_TIMED_OUT] = "timed out",
	[PAGE_FETCH_PORT_CLOSED] = "has its port closed",
	[PAGE_FETCH_UNREACHABLE] = "is unreachable",
	[PAGE_FETCH_CONNECTION_LOST] = "cut the connection",
	[PAGE_FETCH_TLS_FAILED] = "fails at TLS",
	[PAGE_FETCH_NO_HTTP] = "sent what is no HTTP",
	[PAGE_FETCH_TOO_LARGE] = "sent more than is read",
	[PAGE_FETCH_BAD_CODING] = "sent what can't be unpacked",
	[PAGE_FETCH_LOOP] = "redirects without an end",
	[PAGE_FETCH_OTHER_SITE] = "redirects to another site",
	[PAGE_FETCH_BAD_REDIRECT] = "redirects to where it can't be followed",
	[PAGE_FETCH_OUR_FAULT] = "could not be asked from here",
};

static const char *const chain_words[] = {
	[PAGE_CHAIN_NOT_SEEN] = "not_seen",
	[PAGE_CHAIN_NOT_CHECKED] = "not_checked",
	[PAGE_CHAIN_VALID] = "valid",
	[PAGE_CHAIN_INVALID] = "invalid",
	[PAGE_CHAIN_WRONG_NAME] = "wrong_name",
};

static const char *const probe_end_words[] = {
	[PAGE_PROBE_NOT_DONE] = "not_done",
	[PAGE_PROBE_UP] = "up",
	[PAGE_PROBE_DOWN] = "down",
	[PAGE_PROBE_UNSURE] = "unsure",
};

const char *page_format_word(unsigned format)
{
	return PICK(format_words, format);
}

const char *page_reading_word(unsigned reading)
{
	return PICK(reading_words, reading);
}

const char *page_health_word(unsigned health)
{
	return PICK(health_words, health);
}

const char *page_phase_word(unsigned phase)
{
	return PICK(phase_words, phase);
}

const char *page_odd_word(unsigned odd)
{
	return PICK(odd_words, odd);
}

const char *page_time_fate_word(unsigned fate)
{
	return PICK(time_fate_words, fate);
}

const char *page_fetch_end_word(unsigned end)
{
	return PICK(fetch_end_words, end);
}

const char *page_fetch_end_text(unsigned end)
{
	return PICK(fetch_end_texts, end);
}

const char *page_chain_word(unsigned chain)
{
	return PICK(chain_words, chain);
}

const char *page_probe_end_word(unsigned end)
{
	return PICK(probe_end_words, end);
}

enum page_format page_format_find(const char *word)
{
	unsigned i;

	for (i = PAGE_FORMAT_UNKNOWN + 1; page_format_word(i); i++)
		if (strcmp(page_format_word(i), word) == 0)
			return (enum page_format)i;
	return PAGE_FORMAT_UNKNOWN;
}
