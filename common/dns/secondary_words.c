/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for the enumerations of secondaries, for JSON and for sentences. */
#include "config.h"

#include "common/dns/secondary_rules.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const transfer_words[] = {
	[DNS_TRANSFER_NOT_TRIED] = "not_tried",
	[DNS_TRANSFER_DONE] = "done",
	[DNS_TRANSFER_OPENED] = "opened",
	[DNS_TRANSFER_REFUSED] = "refused",
	[DNS_TRANSFER_NOT_VERIFIED] = "not_verified",
	[DNS_TRANSFER_BROKEN] = "broken",
	[DNS_TRANSFER_MALFORMED] = "malformed",
	[DNS_TRANSFER_LIMIT] = "limit",
};

static const char *const zonemd_words[] = {
	[DNS_ZONEMD_NOT_ASKED] = "not_asked",
	[DNS_ZONEMD_ABSENT] = "absent",
	[DNS_ZONEMD_FINE] = "fine",
	[DNS_ZONEMD_WRONG] = "wrong",
	[DNS_ZONEMD_UNSUPPORTED] = "unsupported",
};

static const char *const step_words[] = {
	[DNS_STEP_UNKNOWN] = "unknown",
	[DNS_STEP_EQUAL] = "equal",
	[DNS_STEP_BEHIND] = "behind",
	[DNS_STEP_AHEAD] = "ahead",
	[DNS_STEP_UNDEFINED] = "undefined",
};

static const char *const cover_source_words[] = {
	[DNS_COVER_UNKNOWN] = "unknown",
	[DNS_COVER_MEASURED] = "measured",
	[DNS_COVER_ASSUMED] = "assumed",
	[DNS_COVER_AT_MOST] = "at_most",
	[DNS_COVER_UNLIMITED] = "unlimited",
};

static const char *const cover_limit_words[] = {
	[DNS_LIMIT_NONE] = "none",
	[DNS_LIMIT_EXPIRE] = "expire",
	[DNS_LIMIT_SIGNATURE] = "signature",
};

const char *dns_transfer_word(unsigned end)
{
	return end < LENGTH(transfer_words) ? transfer_words[end] : NULL;
}

const char *dns_zonemd_word(unsigned zonemd)
{
	return zonemd < LENGTH(zonemd_words) ? zonemd_words[zonemd] : NULL;
}

const char *dns_step_word(unsigned step)
{
	return step < LENGTH(step_words) ? step_words[step] : NULL;
}

const char *dns_cover_source_word(unsigned source)
{
	return source < LENGTH(cover_source_words) ? cover_source_words[source]
						   : NULL;
}

const char *dns_cover_limit_word(unsigned limit)
{
	return limit < LENGTH(cover_limit_words) ? cover_limit_words[limit]
						 : NULL;
}

bool dns_cover_expires(const struct dns_cover *cover)
{
	return cover->source == DNS_COVER_MEASURED ||
	       cover->source == DNS_COVER_ASSUMED ||
	       cover->source == DNS_COVER_AT_MOST;
}

const char *dns_cover_basis(const struct dns_cover *cover)
{
	if (cover->limit == DNS_LIMIT_SIGNATURE)
		return "until its signatures end";
	switch (cover->source) {
	case DNS_COVER_MEASURED:
		return "by EXPIRE";
	case DNS_COVER_ASSUMED:
		return "assumed";
	case DNS_COVER_AT_MOST:
		return "by history";
	case DNS_COVER_UNLIMITED:
		return "nothing expires";
	case DNS_COVER_UNKNOWN:
		break;
	}
	return "not known";
}
