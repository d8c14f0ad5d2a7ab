/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the facts of secondaries back from JSON, for tests: those of a
 * delegation (facts_read.h), and a member "secondary" with what only
 * check_dns_secondary has. What is left out is as it is where all is well:
 *
 * The primary is inferred from the MNAME, ns1.example.org; with "primaries" it
 * is given. An entry of "primaries" and "secondaries" may be a name or an
 * address alone. Every server of the delegation has a copy, all at one serial;
 * "more" adds copies that the delegation does not lead to: {"server":
 * {"addr": "192.0.2.9", "hosts": ["hidden.example.org"]}, ...}. A copy is
 * primary, named or listed by its names and its address unless it says
 * otherwise.
 *
 * "each" changes every secondary's copy, "but" maps a copy's key ("192.0.2.1",
 * "[192.0.2.1]:5300") to what is different about it. What its server answered
 * is changed by the "but" of the delegation. A copy tells by EDNS EXPIRE that
 * two hours of the SOA's are gone, a primary's that none are.
 *
 * "contents" maps a probe ("example.org MX") to its records, or to one word for
 * what became of the question; "later_contents" the same, which "contents" is
 * the default of. "transfer" and "stranger" may be a word for how they ended:
 * "done" brings the serial of the SOA and 25 records.
 *
 * "file" may be its fate in one word. "before" is what earlier runs noted, of
 * which the plugin's own function makes "history" and "had_run_out" (copies, by
 * their keys), unless they are given. A history that was read knew the oldest
 * serial that is served now for 30 days, and that the primary answered.
 */
#ifndef LIFELINE_TESTS_SECONDARY_READ_H
#define LIFELINE_TESTS_SECONDARY_READ_H

#include "common/dns/secondary.h"
#include "facts_read.h"

/* As facts_read(). */
const char *secondary_read(
	struct arena *arena, json_t *facts, struct secondary *s);

#endif
