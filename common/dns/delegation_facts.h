/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of this room share: questions that several rules and
 * outputs ask of the facts, and the words for the enumerations.
 */
#ifndef LIFELINE_DNS_DELEGATION_FACTS_H
#define LIFELINE_DNS_DELEGATION_FACTS_H

#include "common/dns/delegation.h"

/* A word for each value, [a-z_]+, as JSON has it; NULL past the last. */
const char *dns_outcome_word(unsigned outcome);
const char *dns_kind_word(unsigned kind);
const char *dns_lookup_word(unsigned lookup);
const char *dns_edns_word(unsigned edns);
const char *dns_cut_word(unsigned cut);
const char *dns_sight_word(unsigned sight);
const char *dns_verdict_word(unsigned verdict);
const char *dns_security_word(unsigned security);
const char *dns_history_fate_word(unsigned fate);

/* Appends a length of time in its largest fitting unit: "12 d", "3 h". */
void dns_span_add(struct text *out, int64_t seconds);

/* Appends "a, b, c", "nothing" for none; at most some hundred bytes. */
void dns_names_add(struct text *out, const struct dns_names *names);

size_t dns_addrs_count(const struct dns_addrs *addrs, unsigned family);

/* Whether anything of the family can be seen from here, or was not tried. */
bool delegation_sees(const struct delegation *d, unsigned family);
bool delegation_sees_any(const struct delegation *d);
/* Why not: "no route from here" ... */
const char *delegation_blindness(const struct delegation *d, unsigned family);

/* Whether there are name servers to look at: a referral, or the zone itself
 * from servers that serve its parent too. */
bool delegation_exists(const struct delegation *d);
/* Where the names that carry the zone come from: the parent's set, or the
 * child's where the parent side is null. */
bool delegation_host_carries(
	const struct delegation *d, const struct dns_host *host);
const struct dns_names *delegation_carrying_names(const struct delegation *d);
bool delegation_server_has(
	const struct dns_server *server, const struct dns_host *host);

/* The verdict by what it answered alone, wherever it stands: for a server
 * that the user names. Never DNS_SERVER_UNUSABLE. */
enum dns_server_verdict delegation_answer_verdict(
	const struct delegation *d, const struct dns_server *server);

/* Good, not judged, or bad, which is any other value, the last address's. */
enum dns_server_verdict delegation_host_verdict(
	const struct delegation *d, const struct dns_host *host);

/* What one server serves signed, as an array: its record sets, then its
 * denials. */
enum {
	DNS_SIGNED_SETS = 5,
};
const struct dns_signed *dns_signed_set(
	const struct dns_server_security *security, size_t i);
const char *dns_signed_word(size_t i); /* a member of the struct */
const char *dns_signed_text(size_t i); /* "SOA", "the denial of a name" */

/*
 * What its record sets and denials come to: bogus where one is; unknown
 * where the server is not good, or told too little.
 */
enum dns_security delegation_server_security(
	const struct delegation *d, const struct dns_server *server);
/* Whether a record set or a denial of it came with a signature. */
bool dns_server_is_signed(const struct dns_server *server);

/* Whether validating resolvers want signatures from the zone: it has a DS,
 * and nothing above it is unsigned. */
bool delegation_wants_signatures(const struct delegation *d);
/* A DS stands in the parent, and the zone has no signature anywhere. */
bool delegation_lacks_signatures(const struct delegation *d);
/* The zone is signed, and no DS is one of its keys'. */
bool delegation_lacks_ds_key(const struct delegation *d);

/* How many carrying addresses validate or not, as far as that is known. */
struct security_counts {
	size_t judged, bogus;
};
struct security_counts delegation_count_bogus(const struct delegation *d);

/*
 * Of a server's signatures: the one that ends first. NULL where it sends
 * none.
 */
const struct dns_signed *dns_first_end(
	const struct dns_server_security *security);
/* The same of all good servers. */
const struct dns_signed *delegation_first_end(const struct delegation *d);

/* How the names and addresses came to be the delegation's, to end "a name
 * server ...": "handed out by the parent", "to be delegated". */
const char *delegation_handed(const struct delegation *d);
/* Where the DS set is from: "the parent has", "--ds gives". */
const char *delegation_ds_source(const struct delegation *d);

/* Members of JSON: null where a set is not known. */
void dns_names_write(
	struct json *json, const char *key, const struct dns_names *names);
void dns_addrs_write(
	struct json *json, const char *key, const struct dns_addrs *addrs);
void dns_soa_write(
	struct json *json, const char *key, const struct dns_soa *soa);
/* The whole struct. */
void dns_probe_write(
	struct json *json, const char *key, const struct dns_probe *probe);
void dns_server_write_facts(
	struct json *json, const char *key, const struct dns_server *server);
void dns_prefixes_write(struct json *json, const char *key,
	const struct dns_prefix *prefixes, size_t n);
void dns_history_file_write(struct json *json, const char *key,
	const struct dns_history_file *file);

/* Their part of the outputs, in delegation_security_write.c. */
void dns_server_security_write_facts(
	struct json *json, const struct dns_server *server);
void dns_zone_security_write_facts(
	struct json *json, const struct dns_zone_security *zone);
void delegation_security_write_json(
	struct json *json, const struct delegation *d);
void dns_server_security_write_json(struct json *json,
	const struct delegation *d, const struct dns_server *server);
void delegation_security_write_trace(
	struct text *out, const struct delegation *d);
void dns_server_security_write_trace(struct text *out,
	const struct delegation *d, const struct dns_server *server);

/*
 * Parts of the outputs that the result of secondaries has too. Members of
 * JSON: the sides of the cut, addresses and security; who was asked above the
 * cut and what can be seen from here; what one server answered.
 */
void delegation_sides_write_json(struct json *json, const struct delegation *d);
void delegation_walk_write_json(struct json *json, const struct delegation *d);
void dns_server_write_json(struct json *json, const struct delegation *d,
	const struct dns_server *server, enum dns_server_verdict verdict);
/* The same of the trace: one server without the end of the line, what goes
 * below that line at -vv and -vvv, and the walk. */
void dns_server_add(struct text *out, const struct delegation *d,
	const struct dns_server *server, enum dns_server_verdict verdict);
void dns_server_write_trace(struct text *out, const struct delegation *d,
	const struct dns_server *server, unsigned verbosity);
void delegation_walk_write_trace(
	struct text *out, const struct delegation *d, unsigned verbosity);

/* Whether it told something about the delegation; and whether what it did
 * can be held against it from here. */
bool delegation_parent_is_usable(const struct dns_parent_server *parent);
bool delegation_parent_is_judged(
	const struct delegation *d, const struct dns_parent_server *parent);

/* Appends what a probe that got no good answer came to, as a verb phrase
 * without a subject: "timed out", "answers REFUSED". */
void dns_probe_add(struct text *out, const struct dns_probe *probe);

#endif
