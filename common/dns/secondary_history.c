/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is remembered of a zone's copies from run to run. A run in which
 * nothing happened changes nothing of it, so that nothing is written; all
 * times in it are those of events.
 */
#include "config.h"

#include <string.h>

#include "common/core/num.h"
#include "common/dns/delegation_facts.h"
#include "common/dns/secondary.h"

enum {
	JITTER_S = 2,      /* EXPIRE counts seconds, and so do we */
	EXPIRE_STEPS = 50, /* while it is refreshed: of expire, as steps */
	EXPIRE_FINE_STEPS = 1000, /* once it seems not to be */
};

static const char *nsid_of(const struct dns_copy *copy)
{
	return copy->server.nsid ? copy->server.nsid : "";
}

/* Whom the history is about; a primary does not expire. */
static bool is_remembered(
	const struct secondary *s, const struct dns_copy *copy)
{
	return !copy->is_primary && secondary_is_good(s, copy);
}

const struct dns_past_copy *dns_history_find(
	const struct dns_history *history, const struct dns_copy *copy)
{
	size_t i;

	for (i = 0; i < history->n_copies; i++) {
		const struct dns_past_copy *past = &history->copies[i];

		if (strcmp(past->server, copy->key) == 0 &&
			strcmp(past->nsid, nsid_of(copy)) == 0)
			return past;
	}
	return NULL;
}

/* From the newest back, as far as all of them are newer: on a circle, what
 * stands before an older one says nothing. */
size_t dns_history_first_after(
	const struct dns_history *history, uint32_t serial)
{
	size_t first = history->n_serials;

	while (first > 0 &&
		num_serial_compare(
			history->serials[first - 1].serial, serial) == 1)
		first--;
	return first;
}

/* A time that is yet to come was noted by a clock that was wrong. */
static int64_t past_time(const struct secondary *s, int64_t time_s)
{
	int64_t now_s = s->d.expect.now_s;

	return time_s < now_s ? time_s : now_s;
}

/* -- the serials ---------------------------------------------------------- */

/* Whether a secondary that had a newer serial than any has now came back with
 * an older one: then the operator has set the serials back. */
static bool was_set_back(const struct secondary *s,
	const struct dns_history *before, uint32_t serial)
{
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_past_copy *past =
			dns_history_find(before, &s->copies[i]);

		if (past && is_remembered(s, &s->copies[i]) &&
			past->serial != serial &&
			num_serial_compare(serial, past->serial) != 1)
			return true;
	}
	return false;
}

/* Takes the serial that the reference was seen with; room for one more is
 * there. */
static void note_serial(const struct secondary *s,
	const struct dns_history *before, uint32_t serial,
	struct dns_history *out)
{
	/* A primary that was named is the measure, wherever it went. */
	bool is_free = secondary_is_led(s) || was_set_back(s, before, serial);

	while (is_free && out->n_serials > 0 &&
		out->serials[out->n_serials - 1].serial != serial &&
		num_serial_compare(
			serial, out->serials[out->n_serials - 1].serial) != 1)
		out->n_serials--;
	if (out->n_serials > 0 &&
		num_serial_compare(
			serial, out->serials[out->n_serials - 1].serial) != 1)
		return;
	out->serials[out->n_serials++] = (struct dns_seen_serial){
		.serial = serial,
		.first_s = s->d.expect.now_s,
	};
}

static void remember_serials(struct arena *arena, const struct secondary *s,
	const struct dns_history *before, struct dns_history *out)
{
	/* What answers now, without what was noted. */
	struct secondary now = *s;
	struct dns_reference reference;
	size_t i;

	now.history = (struct dns_history){ .primary_was_seen =
						    before->primary_was_seen };
	reference = secondary_reference(&now);
	out->serials = arena_array(
		arena, before->n_serials + 1, sizeof(*out->serials));
	for (i = 0; i < before->n_serials; i++) {
		out->serials[i] = before->serials[i];
		out->serials[i].first_s =
			past_time(s, before->serials[i].first_s);
	}
	out->n_serials = before->n_serials;
	if (reference.is_known)
		note_serial(s, before, reference.serial, out);
}

static void drop_serials(struct dns_history *history, size_t at, size_t n)
{
	history->n_serials -= n;
	memmove(&history->serials[at], &history->serials[at + n],
		(history->n_serials - at) * sizeof(history->serials[0]));
}

/* Which serial tells the age of a copy at this one; the newest, where it has
 * reached all. */
static size_t needed_by(const struct dns_history *history, uint32_t serial)
{
	size_t first = dns_history_first_after(history, serial);

	return first < history->n_serials ? first : first - 1;
}

/* The first that a copy which answers now has not reached. */
static size_t first_needed(
	const struct secondary *s, const struct dns_history *history)
{
	size_t first = history->n_serials - 1;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		size_t at;

		if (!is_remembered(s, &s->copies[i]))
			continue;
		at = needed_by(history, dns_copy_soa(&s->copies[i])->serial);
		if (at < first)
			first = at;
	}
	return first;
}

/* The one, neither the first, the last nor the kept one, that is missed
 * least: between its neighbours lies the least time. */
static size_t least_missed(const struct dns_history *history, size_t kept)
{
	const struct dns_seen_serial *at = history->serials;
	size_t least = kept == 1 ? 2 : 1;
	size_t i;

	for (i = least + 1; i + 1 < history->n_serials; i++)
		if (i != kept &&
			at[i + 1].first_s - at[i - 1].first_s <
				at[least + 1].first_s - at[least - 1].first_s)
			least = i;
	return least;
}

/* What every copy has reached is of no use any more, the newest aside. */
static void thin_serials(const struct secondary *s, struct dns_history *history)
{
	size_t first;
	size_t i;

	if (history->n_serials == 0)
		return;
	first = first_needed(s, history);
	for (i = 0; i < history->n_copies; i++) {
		size_t at = needed_by(history, history->copies[i].serial);

		if (at < first)
			first = at;
	}
	drop_serials(history, 0, first);
	while (history->n_serials > DNS_HISTORY_SERIALS_MAX)
		drop_serials(history,
			least_missed(history, first_needed(s, history)), 1);
}

/* -- the primary ---------------------------------------------------------- */

static void remember_primary(const struct secondary *s,
	const struct dns_history *before, struct dns_history *out)
{
	out->primary_was_seen = before->primary_was_seen;
	out->primary_silent_s = past_time(s, before->primary_silent_s);
	switch (secondary_primary_state(s)) {
	case DNS_PRIMARY_UNSEEN:
		if (secondary_is_kept_out(s))
			out->primary_silent_s = 0;
		break;
	case DNS_PRIMARY_ANSWERS:
		out->primary_was_seen = true;
		out->primary_silent_s = 0;
		break;
	case DNS_PRIMARY_SILENT:
		if (out->primary_silent_s == 0)
			out->primary_silent_s = s->d.expect.now_s;
		break;
	}
	/* One that the SOA names may be hidden, and never answer. */
	if (!s->primary_is_given && !out->primary_was_seen)
		out->primary_silent_s = 0;
}

/* -- the copies ----------------------------------------------------------- */

/* Since when a copy may have had no contact with its primary, by what is
 * seen now; 0: nobody can tell. s has the new history. */
static int64_t lost_since(const struct secondary *s, const struct dns_lag *lag)
{
	int64_t now_s = s->d.expect.now_s;
	int64_t silent_s = s->history.primary_silent_s;
	int64_t since_s = silent_s;

	if (lag->step == DNS_STEP_BEHIND && lag->has_age)
		since_s = now_s - lag->age_s;
	else if (lag->step == DNS_STEP_AHEAD || lag->step == DNS_STEP_UNDEFINED)
		since_s = now_s;
	return silent_s != 0 && silent_s < since_s ? silent_s : since_s;
}

/* It is served beyond what the clock gave it: it had contact that nobody here
 * could see. */
static bool is_beyond(const struct secondary *s, const struct dns_copy *copy,
	const struct dns_past_copy *past)
{
	return past && past->expires_s != 0 &&
	       past->expires_s + dns_copy_soa(copy)->retry < s->d.expect.now_s;
}

/* By a clock that starts when the contact seems lost, starts again when the
 * copy got a newer serial from somebody, and runs until it is in step with a
 * primary that answers. */
static void set_clock(const struct secondary *s, const struct dns_copy *copy,
	const struct dns_past_copy *past, struct dns_past_copy *out)
{
	struct dns_lag lag = secondary_lag(s, copy);
	const struct dns_soa *soa = dns_copy_soa(copy);
	int64_t expire_s = soa->expire;
	int64_t latest_s = s->d.expect.now_s + expire_s;
	int64_t since_s;

	if (lag.step == DNS_STEP_EQUAL && s->history.primary_silent_s == 0)
		return;
	if (is_beyond(s, copy, past)) {
		out->expires_s = latest_s;
		return;
	}
	if (past && past->serial == out->serial && past->expires_s != 0) {
		out->is_measured = past->is_measured;
		out->expires_s =
			past->expires_s < latest_s ? past->expires_s : latest_s;
		return;
	}
	since_s = lost_since(s, &lag);
	if (since_s == 0)
		return;
	/* What is served beyond that time was not bound by it. */
	if ((past && num_serial_compare(out->serial, past->serial) == 1) ||
		since_s + expire_s <= s->d.expect.now_s)
		out->expires_s = latest_s;
	else
		out->expires_s = since_s + expire_s;
}

/* By EXPIRE, which a healthy copy sets anew with every refresh: a copy that
 * missed none is noted coarsely, one that did exactly. */
static void set_measured(const struct secondary *s, const struct dns_copy *copy,
	const struct dns_past_copy *past, struct dns_past_copy *out)
{
	const struct dns_soa *soa = dns_copy_soa(copy);
	int64_t expire_s = soa->expire;
	/* What a server claims beyond that it made up. */
	int64_t left_s = copy->expire_s < expire_s ? copy->expire_s : expire_s;
	bool is_fresh = left_s + soa->refresh + soa->retry >= expire_s;
	int64_t step_s =
		expire_s / (is_fresh ? EXPIRE_STEPS : EXPIRE_FINE_STEPS);
	int64_t apart_s;

	out->is_measured = true;
	out->expires_s = s->d.expect.now_s + left_s;
	if (!past || !past->is_measured)
		return;
	if (step_s < JITTER_S)
		step_s = JITTER_S;
	apart_s = out->expires_s - past->expires_s;
	if (apart_s >= -step_s && apart_s <= step_s)
		out->expires_s = past->expires_s;
}

static struct dns_past_copy remember_copy(const struct secondary *s,
	const struct dns_copy *copy, const struct dns_past_copy *past)
{
	struct dns_past_copy out = {
		.server = past ? past->server : copy->key,
		.nsid = past ? past->nsid : nsid_of(copy),
		.serial = dns_copy_soa(copy)->serial,
	};

	if (copy->has_expire)
		set_measured(s, copy, past, &out);
	else
		set_clock(s, copy, past, &out);
	return out;
}

static bool is_same(
	const struct dns_past_copy *a, const struct dns_past_copy *b)
{
	return strcmp(a->server, b->server) == 0 &&
	       strcmp(a->nsid, b->nsid) == 0 && a->serial == b->serial &&
	       a->expires_s == b->expires_s && a->is_measured == b->is_measured;
}

/* Copies as they are now, parallel to those of the facts; without a server:
 * not one to be remembered. */
struct present {
	struct dns_past_copy *at;
	size_t n;
};

static struct present see_copies(struct arena *arena, const struct secondary *s,
	const struct dns_history *before)
{
	struct present present = { .n = s->n_copies };
	size_t i;

	present.at = arena_array(arena, s->n_copies, sizeof(*present.at));
	for (i = 0; i < s->n_copies; i++)
		if (is_remembered(s, &s->copies[i]))
			present.at[i] = remember_copy(s, &s->copies[i],
				dns_history_find(before, &s->copies[i]));
	return present;
}

/* The one at the same address and with the same NSID; or NULL. */
static const struct dns_past_copy *find_present(
	const struct present *present, const struct dns_past_copy *past)
{
	size_t i;

	for (i = 0; i < present->n; i++)
		if (present->at[i].server &&
			strcmp(present->at[i].server, past->server) == 0 &&
			strcmp(present->at[i].nsid, past->nsid) == 0)
			return &present->at[i];
	return NULL;
}

/* Those that are not there now go first, those longest without an event
 * before the others. */
static void make_room(
	struct dns_history *history, const struct present *present)
{
	size_t excess = 0;
	size_t kept = 0;
	size_t i;

	if (history->n_copies > DNS_HISTORY_SERVERS_MAX)
		excess = history->n_copies - DNS_HISTORY_SERVERS_MAX;
	for (i = 0; i < history->n_copies; i++) {
		if (excess > 0 && !find_present(present, &history->copies[i]))
			excess--;
		else
			history->copies[kept++] = history->copies[i];
	}
	history->n_copies = kept - excess;
}

/* What stays as it was keeps its place, what changed goes behind it. */
static void remember_copies(struct arena *arena, const struct secondary *s,
	const struct dns_history *before, struct dns_history *out)
{
	struct present present = see_copies(arena, s, before);
	size_t i;

	out->copies = arena_array(
		arena, before->n_copies + s->n_copies, sizeof(*out->copies));
	for (i = 0; i < before->n_copies; i++) {
		const struct dns_past_copy *past = &before->copies[i];
		const struct dns_past_copy *now = find_present(&present, past);

		if (!now || is_same(now, past))
			out->copies[out->n_copies++] = *past;
	}
	for (i = 0; i < present.n; i++) {
		const struct dns_past_copy *past =
			dns_history_find(before, &s->copies[i]);

		if (present.at[i].server &&
			(!past || !is_same(&present.at[i], past)))
			out->copies[out->n_copies++] = present.at[i];
	}
	make_room(out, &present);
}

/* A silence that bound nobody says nothing of the primary: it answers others,
 * and is as good as never seen here. */
static void doubt_silence(const struct secondary *s,
	const struct dns_history *before, struct dns_history *out)
{
	size_t i;

	if (out->primary_silent_s == 0)
		return;
	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];

		if (!is_remembered(s, copy) || copy->has_expire ||
			!is_beyond(s, copy, dns_history_find(before, copy)))
			continue;
		out->primary_was_seen = false;
		if (!s->primary_is_given)
			out->primary_silent_s = 0;
	}
}

struct dns_history secondary_remember(struct arena *arena,
	const struct secondary *s, const struct dns_history *before)
{
	struct dns_history history = { .n_serials = 0 };
	struct secondary now = *s;

	if (s->expect.is_independent)
		return *before;
	now.history.primary_was_seen = before->primary_was_seen;
	remember_primary(&now, before, &history);
	doubt_silence(s, before, &history);
	remember_serials(arena, &now, before, &history);
	/* What is asked below is asked by the new history. */
	now.history = history;
	now.file.fate = DNS_HISTORY_READ;
	remember_copies(arena, &now, before, &history);
	thin_serials(s, &history);
	return history;
}

bool dns_history_equal(const struct dns_history *a, const struct dns_history *b)
{
	size_t i;

	if (a->n_serials != b->n_serials || a->n_copies != b->n_copies ||
		a->primary_was_seen != b->primary_was_seen ||
		a->primary_silent_s != b->primary_silent_s)
		return false;
	for (i = 0; i < a->n_serials; i++)
		if (a->serials[i].serial != b->serials[i].serial ||
			a->serials[i].first_s != b->serials[i].first_s)
			return false;
	for (i = 0; i < a->n_copies; i++)
		if (!is_same(&a->copies[i], &b->copies[i]))
			return false;
	return true;
}

static bool has_run_out(
	const struct secondary *s, const struct dns_past_copy *past)
{
	return past->expires_s != 0 && past->expires_s <= s->d.expect.now_s;
}

/* A server that has lost its zone may not send its NSID any more: then all
 * that were known behind the address must have run out. */
static bool all_have_run_out(const struct secondary *s,
	const struct dns_history *before, const char *server)
{
	bool any = false;
	size_t i;

	for (i = 0; i < before->n_copies; i++) {
		if (strcmp(before->copies[i].server, server) != 0)
			continue;
		if (!has_run_out(s, &before->copies[i]))
			return false;
		any = true;
	}
	return any;
}

const bool *secondary_run_out(struct arena *arena, const struct secondary *s,
	const struct dns_history *before)
{
	bool *run_out = arena_array(arena, s->n_copies, sizeof(*run_out));
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_past_copy *past =
			dns_history_find(before, &s->copies[i]);

		if (s->copies[i].is_primary)
			continue;
		run_out[i] =
			past ? has_run_out(s, past)
			     : all_have_run_out(s, before, s->copies[i].key);
	}
	return run_out;
}
