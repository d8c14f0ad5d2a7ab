/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules that ask whether it is a status page, the right one, and understood. */
#include "config.h"

#include <string.h>

#include "common/page/rules.h"

void judge_format_unknown(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = page->source.document;

	if (!doc) {
		judge_not_judged(judge, NULL, "no address sent the page");
		return;
	}
	/* Those two have a rule of their own. */
	if (doc->reading == PAGE_READ || doc->reading == PAGE_INACTIVE ||
		doc->reading == PAGE_DECOY)
		return;
	judge_finding(judge, rule_page_culprit(page),
		"sent a document that %s (%zu bytes); expected a status page",
		doc->why, doc->size);
}

/* Where Statuspage sends whoever asks for a page that is switched off. */
static bool is_sent_away(const struct page_fetch *fetch)
{
	const char *slash =
		fetch->final_url ? strrchr(fetch->final_url, '/') : NULL;

	return slash && strcmp(slash, "/inactive") == 0;
}

void judge_page_inactive(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = page->source.document;
	const char *why = NULL;
	size_t i;

	if (!doc) {
		judge_not_judged(judge, NULL, "no address sent the page");
		return;
	}
	if (doc->reading == PAGE_INACTIVE || doc->reading == PAGE_DECOY)
		why = doc->why;
	for (i = 0; !why && i < page->source.n_fetches; i++)
		if (is_sent_away(&page->source.fetches[i]))
			why = "redirects to where inactive pages are";
	if (!why)
		return;
	/* Somebody else's page may be gone with the service that it told of. */
	judge_finding_as(judge,
		page->expect.is_upstream ? STATE_UNKNOWN : STATE_CRITICAL,
		rule_page_culprit(page), "%s; expected the status page", why);
}

static bool is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

void judge_page_unexpected(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_expect *expect = &page->expect;
	const struct page_document *doc;

	if (!expect->page_id && !expect->page_name) {
		judge_not_asked(judge);
		return;
	}
	doc = rule_document(judge, page);
	if (!doc)
		return;
	if (expect->page_id && !is_same(doc->id, expect->page_id))
		judge_finding(judge, rule_page_culprit(page),
			"is the page with the id %s; expected %s",
			doc->id ? doc->id : "(none)", expect->page_id);
	if (expect->page_name && !is_same(doc->name, expect->page_name))
		judge_finding(judge, rule_page_culprit(page),
			"is the page \"%s\"; expected \"%s\"",
			doc->name ? doc->name : "", expect->page_name);
}

void judge_page_changed(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_history *before = &page->before;
	const struct page_document *doc;
	const char *format;

	if (page->file.fate == DNS_HISTORY_NOT_KEPT) {
		judge_not_asked(judge);
		return;
	}
	doc = rule_document(judge, page);
	/* Without an earlier run there is nothing to differ from. */
	if (!doc || !before->format)
		return;
	format = page_format_word(doc->format);
	if (!is_same(format, before->format))
		judge_finding(judge, rule_page_culprit(page),
			"has the format %s; it had %s", format, before->format);
	else if (before->page_id && !is_same(doc->id, before->page_id))
		judge_finding(judge, rule_page_culprit(page),
			"is the page with the id %s; it was %s",
			doc->id ? doc->id : "(none)", before->page_id);
}

/* -- oddities ------------------------------------------------------------- */

static const char *odd_text(enum page_odd odd)
{
	switch (odd) {
	case PAGE_ODD_WORD:
		return "has a word that is not known at";
	case PAGE_ODD_MISSING:
		return "lacks";
	case PAGE_ODD_TYPE:
		return "has another type than expected at";
	case PAGE_ODD_TIME:
		return "has what is no time at";
	case PAGE_ODD_TWICE:
		return "has an id twice at";
	case PAGE_ODD_CUT:
		return "has more than is looked at, from";
	case PAGE_ODD_PAGED:
		return "has more in documents that were not read, by";
	case PAGE_ODD_UNSTATED:
		return "does not say whether this is over:";
	}
	return "is odd at";
}

/* What stands there otherwise than it should may hide an outage; of the rest it
 * is known only that it was not seen. */
static enum state odd_state(enum page_odd odd)
{
	switch (odd) {
	case PAGE_ODD_WORD:
	case PAGE_ODD_MISSING:
	case PAGE_ODD_TYPE:
	case PAGE_ODD_TWICE:
		return STATE_WARNING;
	case PAGE_ODD_TIME:
	case PAGE_ODD_CUT:
	case PAGE_ODD_PAGED:
	case PAGE_ODD_UNSTATED:
		break;
	}
	return STATE_UNKNOWN;
}

/* A word that --map knows. */
static bool is_mapped(
	const struct page_expect *expect, const struct page_oddity *oddity)
{
	const struct page_status status = { PAGE_HEALTH_NOT_SAID,
		oddity->what };

	return oddity->odd == PAGE_ODD_WORD && oddity->what &&
	       page_state_of(expect, &status) != STATE_UNKNOWN;
}

void judge_not_understood(struct judge *judge, const void *facts)
{
	const struct page *page = facts;
	const struct page_document *doc = rule_document(judge, page);
	size_t i;

	if (!doc)
		return;
	for (i = 0; i < doc->n_oddities; i++) {
		const struct page_oddity *oddity = &doc->oddities[i];
		bool has_what = oddity->what && *oddity->what != '\0';

		if (is_mapped(&page->expect, oddity))
			continue;
		judge_finding_as(judge, odd_state(oddity->odd),
			rule_page_culprit(page), "%s %s%s%s%s",
			odd_text(oddity->odd),
			*oddity->where != '\0' ? oddity->where : "its root",
			has_what ? ": \"" : "", has_what ? oddity->what : "",
			has_what ? "\"" : "");
	}
	if (doc->n_odd > doc->n_oddities)
		judge_finding_as(judge, STATE_UNKNOWN, rule_page_culprit(page),
			"%zu more parts of it were not understood",
			doc->n_odd - doc->n_oddities);
}

/* -- patterns ------------------------------------------------------------- */

static void judge_matches(
	struct judge *judge, const struct page *page, bool is_reject)
{
	const struct page_document *doc = page->source.document;
	bool was_asked = false;
	size_t i;

	if (!page->expect.wants_text && (!doc || doc->n_matches == 0)) {
		judge_not_asked(judge);
		return;
	}
	doc = rule_document(judge, page);
	if (!doc)
		return;
	for (i = 0; i < doc->n_matches; i++) {
		const struct page_match *match = &doc->matches[i];

		if (match->is_reject != is_reject)
			continue;
		was_asked = true;
		if (match->is_found == is_reject)
			judge_finding(judge, rule_page_culprit(page),
				is_reject ? "has a text like \"%s\"; expected "
					    "none"
					  : "has no text like \"%s\"; expected "
					    "one",
				match->text);
	}
	if (doc->n_matches == 0 && page->expect.wants_text)
		judge_not_judged(
			judge, NULL, "patterns are held against HTML alone");
	else if (!was_asked)
		judge_not_asked(judge);
}

void judge_text_missing(struct judge *judge, const void *facts)
{
	judge_matches(judge, facts, false);
}

void judge_text_rejected(struct judge *judge, const void *facts)
{
	judge_matches(judge, facts, true);
}

/* -- the history ---------------------------------------------------------- */

static const char *why_of(const struct dns_history_file *file)
{
	return file->why ? file->why : "its file could not be used";
}

void judge_page_history_lost(struct judge *judge, const void *facts)
{
	const struct page *page = facts;

	if (page->file.fate == DNS_HISTORY_NOT_KEPT)
		judge_not_asked(judge);
	else if (page->file.fate == DNS_HISTORY_LOST)
		judge_finding(judge, rule_named(NULL),
			"the history of this node is begun anew: %s",
			why_of(&page->file));
}

/* Where nobody chose the directory, only who needs one misses it. */
void judge_page_history_unusable(struct judge *judge, const void *facts)
{
	const struct page *page = facts;

	switch (page->file.fate) {
	case DNS_HISTORY_NOT_KEPT:
		judge_not_asked(judge);
		return;
	case DNS_HISTORY_READ:
	case DNS_HISTORY_NEW:
	case DNS_HISTORY_LOST:
		return;
	case DNS_HISTORY_NO_PLACE:
		if (page->n_probes == 0) {
			judge_not_judged(
				judge, NULL, "%s", why_of(&page->file));
			return;
		}
		break;
	case DNS_HISTORY_UNUSABLE:
		break;
	}
	judge_finding(judge, rule_named(NULL),
		"nothing can be remembered on this node: %s",
		why_of(&page->file));
}
