/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What -v and above add to the text: each copy and for how long it would be
 * served, what was asked and what is remembered.
 */
#include "config.h"

#include "common/dns/secondary_rules.h"

static void add_step(struct text *out, const struct dns_lag *lag)
{
	switch (lag->step) {
	case DNS_STEP_UNKNOWN:
		break;
	case DNS_STEP_EQUAL:
		text_add(out, "; in step");
		break;
	case DNS_STEP_BEHIND:
		text_printf(out, "; %lu behind", (unsigned long)lag->serials);
		if (lag->has_age) {
			text_add(out, " for ");
			text_add_span(out, lag->age_s);
		}
		break;
	case DNS_STEP_AHEAD:
		text_printf(out, "; %lu ahead", (unsigned long)lag->serials);
		break;
	case DNS_STEP_UNDEFINED:
		text_add(out, "; half of the circle away");
		break;
	}
}

/* "; would carry it for 13 d 22 h (by EXPIRE)" */
static void add_cover(struct text *out, const struct dns_cover *cover)
{
	if (!cover->is_known) {
		text_printf(out, "; would carry it for how long is not known");
		if (cover->why)
			text_printf(out, ": %s", cover->why);
		return;
	}
	text_add(out, "; would carry it for ");
	if (cover->source == DNS_COVER_AT_MOST)
		text_add(out, "at most ");
	text_add_span(out, cover->cover_s);
	text_printf(out, " (%s", dns_cover_basis(cover));
	if (cover->limit == DNS_LIMIT_SIGNATURE && dns_cover_expires(cover)) {
		text_add(out, "; it expires in ");
		text_add_span(out, cover->expire_left_s);
	} else if (cover->limit == DNS_LIMIT_EXPIRE && cover->has_signature) {
		text_add(out, "; its signatures end in ");
		text_add_span(out, cover->signature_left_s);
	}
	text_add(out, ")");
}

static void add_listed(struct text *out, const struct dns_copy *copy)
{
	if (!copy->in_parent && !copy->in_child)
		text_add(out, "; not listed");
	else if (!copy->in_parent)
		text_add(out, "; not listed in the parent");
	else if (!copy->in_child)
		text_add(out, "; not listed in the zone");
}

static void add_transfer(
	struct text *out, const char *what, const struct dns_transfer *transfer)
{
	if (transfer->end == DNS_TRANSFER_NOT_TRIED)
		return;
	text_printf(out, "    %s: %s", what, dns_transfer_word(transfer->end));
	if (transfer->why) {
		text_add(out, ", ");
		text_add_clean(out, transfer->why);
	}
	if (transfer->has_serial)
		text_printf(
			out, ", serial %lu", (unsigned long)transfer->serial);
	if (transfer->n_messages > 0)
		text_printf(out, ", records: %llu, messages: %llu, %lld ms",
			(unsigned long long)transfer->n_records,
			(unsigned long long)transfer->n_messages,
			(long long)(transfer->took_us / 1000));
	text_add(out, "\n");
}

static void add_contents(struct text *out, const struct secondary *s,
	const struct dns_contents *contents, const char *when)
{
	size_t i;

	for (i = 0; contents && i < s->n_probes; i++) {
		text_add(out, "    ");
		text_add_clean(out, s->probes[i]);
		text_printf(out, "%s: ", when);
		if (contents[i].records.is_known)
			text_printf(out, "records: %zu", contents[i].records.n);
		else
			dns_probe_add(out, &contents[i].probe);
		text_add(out, "\n");
	}
}

/* What else it was asked. */
static void add_more(struct text *out, const struct secondary *s,
	const struct dns_copy *copy)
{
	if (copy->has_expire)
		text_printf(out, "    EXPIRE: %lu s\n",
			(unsigned long)copy->expire_s);
	if (copy->ede >= 0) {
		text_printf(out, "    EDE: %ld ", (long)copy->ede);
		text_add_clean(out, copy->ede_text ? copy->ede_text : "");
		text_add(out, "\n");
	}
	if (copy->later_soa.is_known)
		text_printf(out, "    asked again: serial %lu\n",
			(unsigned long)copy->later_soa.serial);
	add_contents(out, s, copy->contents, "");
	add_contents(out, s, copy->later_contents, ", asked again");
	add_transfer(out, "transfer", &copy->transfer);
	add_transfer(out, "transfer without a key", &copy->stranger);
}

static void add_copy(struct text *out, const struct secondary *s,
	const struct dns_copy *copy, unsigned verbosity)
{
	enum dns_server_verdict verdict = secondary_verdict(s, copy);

	text_add(out, "  ");
	if (copy->port != 0)
		text_printf(out, "port %u ", (unsigned)copy->port);
	dns_server_add(out, &s->d, &copy->server, verdict);
	if (!copy->is_primary && verdict == DNS_SERVER_GOOD) {
		const struct dns_cover cover = secondary_cover(s, copy);
		const struct dns_lag lag = secondary_lag(s, copy);

		add_step(out, &lag);
		add_cover(out, &cover);
	}
	if (!copy->is_primary)
		add_listed(out, copy);
	text_add(out, "\n");
	if (verbosity >= 2)
		add_more(out, s, copy);
	dns_server_write_trace(out, &s->d, &copy->server, verbosity);
}

static void add_copies(struct text *out, const struct secondary *s,
	bool primaries, unsigned verbosity)
{
	bool any = false;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		if (s->copies[i].is_primary != primaries)
			continue;
		if (!any)
			text_add(out,
				primaries ? "primary:\n" : "secondaries:\n");
		any = true;
		add_copy(out, s, &s->copies[i], verbosity);
	}
}

static void add_ago(struct text *out, const struct secondary *s, int64_t time_s)
{
	int64_t age_s = s->d.expect.now_s - time_s;

	text_add_span(out, age_s > 0 ? age_s : 0);
	text_add(out, " ago");
}

static void add_history(struct text *out, const struct secondary *s)
{
	const struct dns_history *history = &s->history;
	size_t i;

	if (s->file.fate == DNS_HISTORY_NOT_KEPT)
		return;
	text_printf(out, "history: %s", dns_history_fate_word(s->file.fate));
	if (s->file.node) {
		text_add(out, ", written by ");
		text_add_clean(out, s->file.node);
	}
	text_add(out, "\n");
	for (i = 0; i < history->n_serials; i++) {
		text_printf(out, "  serial %lu, first seen ",
			(unsigned long)history->serials[i].serial);
		add_ago(out, s, history->serials[i].first_s);
		text_add(out, "\n");
	}
	if (history->primary_silent_s != 0) {
		text_add(out, "  the primary was first seen silent ");
		add_ago(out, s, history->primary_silent_s);
		text_add(out, "\n");
	}
}

void secondary_write_trace(
	struct text *out, const struct secondary *s, unsigned verbosity)
{
	if (verbosity < 1)
		return;
	delegation_security_write_trace(out, &s->d);
	add_copies(out, s, true, verbosity);
	add_copies(out, s, false, verbosity);
	if (verbosity >= 2)
		add_history(out, s);
	delegation_walk_write_trace(out, &s->d, verbosity);
}
