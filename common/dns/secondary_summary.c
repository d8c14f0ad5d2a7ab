/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Line 1 where nothing is wrong: how many secondaries would carry the zone, and
 * how long the first of them would end. What there is no room for is left out,
 * the least needed first.
 */
#include "config.h"

#include <string.h>

#include "common/dns/secondary_rules.h"

enum {
	LINE_MAX = 160,   /* characters, of all of line 1 */
	HEAD_MAX = 21,    /* "DNS SECONDARY OK - " and ": " */
	TAIL_MAX = 19,    /* " (99 not judged)", and some more */
	SUBJECT_MAX = 72, /* more of the zone's name is not shown */
	PART_MAX = 300,   /* bytes */
};

/* In the order in which they are shown. */
enum part {
	PART_COUNT,
	PART_BASIS,
	PART_SERIAL,
	PART_PRIMARY,
	PARTS,
};

/* Of the good secondaries. */
struct outlook {
	const struct dns_copy *first; /* ends before the others; or NULL */
	struct dns_cover least;       /* of that one */
	size_t unknown;               /* of how many it is not known */
	size_t guessed;               /* of how many it is not measured */
	const char *why;              /* of one of these */
};

static struct outlook look_out(const struct secondary *s)
{
	struct outlook out = { .first = NULL };
	int64_t least_s = 0;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_copy *copy = &s->copies[i];
		struct dns_cover cover;

		/* What no validator believes carries nothing. */
		if (copy->is_primary || !secondary_is_good(s, copy) ||
			secondary_is_bogus(s, copy))
			continue;
		cover = secondary_cover(s, copy);
		out.guessed += cover.source == DNS_COVER_ASSUMED ||
			       cover.source == DNS_COVER_AT_MOST;
		if (!cover.is_known) {
			out.unknown += cover.source != DNS_COVER_UNLIMITED;
			if (cover.why)
				out.why = cover.why;
			continue;
		}
		if (!out.first || cover.cover_s < least_s) {
			out.first = copy;
			least_s = cover.cover_s;
		}
	}
	if (out.first)
		out.least = secondary_cover(s, out.first);
	return out;
}

/* "at least" where all are measured: one that is assumed to have all of its
 * time may have less than the least. */
static const char *certainty(const struct outlook *outlook)
{
	if (outlook->least.source == DNS_COVER_AT_MOST)
		return "at most ";
	if (outlook->unknown + outlook->guessed > 0)
		return "";
	return "at least ";
}

static const char *count_part(struct arena *arena, const struct secondary *s,
	const struct outlook *outlook)
{
	const struct secondary_counts n = secondary_count(s);
	size_t all = n.good + n.bad + n.not_judged;
	struct text span;
	const char *who = all == 1 ? "secondary" : "secondaries";
	const char *count;

	if (s->expect.is_independent)
		who = all == 1 ? "server" : "servers";
	if (all == 0)
		return arena_printf(arena, "no %s would carry it",
			s->expect.is_independent ? "server" : "secondary");
	text_init(&span, PART_MAX);
	if (outlook->first) {
		text_printf(&span, " for %s", certainty(outlook));
		text_add_span(&span, outlook->least.cover_s);
	} else if (outlook->unknown > 0) {
		text_add(&span, ", for how long is not known");
	}
	count = arena_printf(arena, "%zu of %zu %s would carry it%s",
		n.good - n.bogus, all, who, span.data);
	text_release(&span);
	return count;
}

static const char *basis_part(
	struct arena *arena, const struct outlook *outlook)
{
	struct culprit culprit;
	const char *rest = "";

	if (!outlook->first)
		return outlook->why ? arena_printf(arena, " (%s)", outlook->why)
				    : "";
	culprit = rule_copy_culprit(outlook->first);
	if (outlook->unknown > 0)
		rest = arena_printf(arena, "; %zu not known", outlook->unknown);
	return arena_printf(arena, " (%s, %s%s)",
		culprit.name ? culprit.name : culprit.address,
		dns_cover_basis(&outlook->least), rest);
}

static const char *serial_part(struct arena *arena, const struct secondary *s)
{
	const struct dns_reference reference = secondary_reference(s);

	if (!reference.is_known || s->expect.is_independent)
		return "";
	return arena_printf(
		arena, ", serial %lu", (unsigned long)reference.serial);
}

/* As long as there is room for, but always said. */
static const char *primary_part(
	struct arena *arena, const struct secondary *s, bool is_short)
{
	if (!s->primary_is_inferred || s->n_primaries == 0)
		return "";
	if (is_short)
		return ", primary inferred";
	return arena_printf(
		arena, ", primary inferred: %s", s->primaries[0].typed);
}

static size_t room(const struct secondary *s)
{
	size_t subject = strlen(s->d.zone);

	if (subject > SUBJECT_MAX)
		subject = SUBJECT_MAX;
	return LINE_MAX - HEAD_MAX - TAIL_MAX - subject;
}

const char *secondary_outlook(struct arena *arena, const struct secondary *s)
{
	const struct outlook outlook = look_out(s);

	return count_part(arena, s, &outlook);
}

const char *secondary_summary(struct arena *arena, const struct secondary *s)
{
	static const enum part needed[PARTS] = { PART_COUNT, PART_BASIS,
		PART_PRIMARY, PART_SERIAL };
	const struct outlook outlook = look_out(s);
	const char *parts[PARTS] = {
		[PART_COUNT] = count_part(arena, s, &outlook),
		[PART_BASIS] = basis_part(arena, &outlook),
		[PART_SERIAL] = serial_part(arena, s),
		[PART_PRIMARY] = primary_part(arena, s, false),
	};
	size_t used = 0;
	size_t i;

	for (i = 0; i < PARTS; i++) {
		size_t len = strlen(parts[needed[i]]);

		if (used + len > room(s) && needed[i] == PART_PRIMARY) {
			parts[PART_PRIMARY] = primary_part(arena, s, true);
			len = strlen(parts[PART_PRIMARY]);
		}
		if (used + len <= room(s))
			used += len;
		else
			parts[needed[i]] = "";
	}
	return arena_printf(arena, "%s%s%s%s", parts[PART_COUNT],
		parts[PART_BASIS], parts[PART_SERIAL], parts[PART_PRIMARY]);
}
