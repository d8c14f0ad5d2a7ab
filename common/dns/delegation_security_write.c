/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signatures of a delegation in its facts, in JSON and in the trace. */
#include "config.h"

#include "common/dns/delegation.h"
#include "common/dns/delegation_facts.h"

enum {
	SHOWN_MAX = 20, /* DS and keys in JSON each; a zone has two or three */
	FLAG_ENTRY_POINT = 1, /* RFC 4034 section 2.1.1 */
	FLAG_REVOKED = 128,   /* RFC 5011 section 7 */
};

static void write_signed(
	struct json *json, const char *key, const struct dns_signed *set)
{
	json_open_object(json, key);
	json_add_string(json, "security", dns_security_word(set->security));
	json_add_string(json, "why", set->why);
	json_add_bool(json, "was_asked", set->was_asked);
	json_add_bool(json, "is_signed", set->is_signed);
	json_add_int(json, "inception_s", set->inception_s);
	json_add_int(json, "expiration_s", set->expiration_s);
	json_add_int(json, "key_tag", set->key_tag);
	json_add_int(json, "algorithm", set->algorithm);
	json_close_object(json);
}

static void write_cds(struct json *json, const struct dns_cds *cds)
{
	if (!cds->is_known) {
		json_add_null(json, "cds");
		return;
	}
	json_open_object(json, "cds");
	json_add_int(json, "n", (int64_t)cds->n);
	json_add_int(json, "n_with_ds", (int64_t)cds->n_with_ds);
	json_add_bool(json, "asks_for_delete", cds->asks_for_delete);
	json_close_object(json);
}

void dns_server_security_write_facts(
	struct json *json, const struct dns_server *server)
{
	const struct dns_server_security *security = &server->security;
	size_t i;

	json_open_object(json, "security");
	json_add_bool(json, "was_asked", security->was_asked);
	for (i = 0; i < DNS_SIGNED_SETS; i++)
		write_signed(
			json, dns_signed_word(i), dns_signed_set(security, i));
	write_cds(json, &security->cds);
	json_add_int(json, "nsec3_iterations", security->nsec3_iterations);
	json_close_object(json);
}

static void write_ds(struct json *json, const struct dns_ds *ds)
{
	json_open_object(json, NULL);
	json_add_int(json, "key_tag", ds->key_tag);
	json_add_int(json, "algorithm", ds->algorithm);
	json_add_int(json, "digest_type", ds->digest_type);
	json_add_string(json, "digest", ds->digest);
	json_add_bool(json, "matches_key", ds->matches_key);
	json_add_bool(json, "signs_keys", ds->signs_keys);
	json_close_object(json);
}

static void write_key(struct json *json, const struct dns_key *key)
{
	json_open_object(json, NULL);
	json_add_int(json, "key_tag", key->key_tag);
	json_add_int(json, "algorithm", key->algorithm);
	json_add_int(json, "flags", key->flags);
	json_add_int(json, "bits", key->bits);
	json_add_bool(json, "has_ds", key->has_ds);
	json_close_object(json);
}

/* At most max of each. */
static void write_ds_and_keys(
	struct json *json, const struct dns_zone_security *zone, size_t max)
{
	size_t i;

	json_open_array(json, "ds");
	for (i = 0; i < zone->n_ds && i < max; i++)
		write_ds(json, &zone->ds[i]);
	json_close_array(json);
	json_open_array(json, "keys");
	for (i = 0; i < zone->n_keys && i < max; i++)
		write_key(json, &zone->keys[i]);
	json_close_array(json);
}

void dns_zone_security_write_facts(
	struct json *json, const struct dns_zone_security *zone)
{
	json_open_object(json, "security");
	json_add_bool(json, "is_known", zone->is_known);
	json_add_string(json, "parent", dns_security_word(zone->parent));
	json_add_string(json, "parent_why", zone->parent_why);
	json_add_string(json, "parent_zone", zone->parent_zone);
	json_add_bool(json, "starts_at_ds", zone->starts_at_ds);
	write_signed(json, "ds_signed", &zone->ds_signed);
	json_add_bool(json, "ds_is_known", zone->ds_is_known);
	json_add_bool(json, "ds_is_given", zone->ds_is_given);
	write_ds_and_keys(json, zone, SIZE_MAX);
	json_add_int(json, "n_ds_sets", (int64_t)zone->n_ds_sets);
	json_add_string(json, "ds_differs_at", zone->ds_differs_at);
	json_add_bool(json, "is_signed", zone->is_signed);
	json_close_object(json);
}

static void write_status(struct json *json, enum dns_security status)
{
	if (status == DNS_SECURITY_UNKNOWN)
		json_add_null(json, "status");
	else
		json_add_string(json, "status", dns_security_text(status));
}

static void write_end(struct json *json, const struct dns_signed *first)
{
	if (first)
		json_add_int(json, "first_end", first->expiration_s);
	else
		json_add_null(json, "first_end");
}

void delegation_security_write_json(
	struct json *json, const struct delegation *d)
{
	const struct dns_zone_security *zone = &d->security;

	json_open_object(json, "security");
	write_status(json, delegation_security(d));
	if (zone->is_known) {
		json_add_bool(json, "is_signed", zone->is_signed);
		json_add_bool(json, "starts_at_ds", zone->starts_at_ds);
		json_add_bool(json, "ds_is_given", zone->ds_is_given);
		write_ds_and_keys(json, zone, SHOWN_MAX);
		write_end(json, delegation_first_end(d));
	}
	json_close_object(json);
}

void dns_server_security_write_json(struct json *json,
	const struct delegation *d, const struct dns_server *server)
{
	enum dns_security status = delegation_server_security(d, server);

	if (d->security.is_known) {
		json_add_string(json, "security",
			status == DNS_SECURITY_UNKNOWN
				? NULL
				: dns_security_text(status));
		write_end(json, dns_first_end(&server->security));
	}
	if (server->nsid)
		json_add_string(json, "nsid", server->nsid);
}

/* What the verdict rests on. */
static void add_origin(struct text *out, const struct dns_zone_security *zone)
{
	if (zone->ds_is_given) {
		text_add(out, "by the DS set that was given");
	} else if (zone->starts_at_ds) {
		text_add(out, "by the parent's DS set, which was not "
			      "validated itself");
	} else if (zone->parent == DNS_SECURE || !zone->parent_zone) {
		text_add(out, "from the trust anchor down");
	} else {
		text_add(out, "because of ");
		text_add_clean(out, zone->parent_zone);
	}
}

static void add_ds(struct text *out, const struct dns_ds *ds)
{
	const char *use = ", matches no key";

	if (ds->signs_keys)
		use = ", its key signs the keys";
	else if (ds->matches_key)
		use = ", its key does not sign the keys";
	text_printf(out, "  DS %u %s (%u) %s (%u)%s\n", (unsigned)ds->key_tag,
		dns_algorithm_text(ds->algorithm), (unsigned)ds->algorithm,
		dns_digest_text(ds->digest_type), (unsigned)ds->digest_type,
		use);
}

static void add_key(struct text *out, const struct dns_key *key)
{
	text_printf(out, "  key %u %s (%u)", (unsigned)key->key_tag,
		dns_algorithm_text(key->algorithm), (unsigned)key->algorithm);
	if (key->bits != 0)
		text_printf(out, ", %u bits", key->bits);
	text_printf(out, "%s%s%s\n",
		key->flags & FLAG_ENTRY_POINT ? ", entry point" : "",
		key->flags & FLAG_REVOKED ? ", revoked" : "",
		key->has_ds ? ", has a DS" : "");
}

void delegation_security_write_trace(
	struct text *out, const struct delegation *d)
{
	const struct dns_zone_security *zone = &d->security;
	size_t i;

	if (!zone->is_known)
		return;
	text_printf(
		out, "DNSSEC: %s, ", dns_security_text(delegation_security(d)));
	add_origin(out, zone);
	text_add(out, "\n");
	for (i = 0; i < zone->n_ds; i++)
		add_ds(out, &zone->ds[i]);
	for (i = 0; i < zone->n_keys; i++)
		add_key(out, &zone->keys[i]);
}

/* "    SOA: secure, signed by key 1234, ends in 12 d"; nothing where nothing
 * is signed, nor need be. */
static void add_signed(struct text *out, const char *what,
	const struct dns_signed *set, int64_t now_s)
{
	if (!set->is_signed && !set->why)
		return;
	text_printf(out, "    %s: %s", what, dns_security_text(set->security));
	if (set->why) {
		text_add(out, ", ");
		text_add_clean(out, set->why);
	}
	if (set->expiration_s != 0) {
		int64_t left = set->expiration_s - now_s;

		text_printf(out, ", signed by key %u, %s ",
			(unsigned)set->key_tag, left < 0 ? "ended" : "ends in");
		dns_span_add(out, left < 0 ? -left : left);
		text_add(out, left < 0 ? " ago" : "");
	}
	text_add(out, "\n");
}

void dns_server_security_write_trace(struct text *out,
	const struct delegation *d, const struct dns_server *server)
{
	size_t i;

	for (i = 0; i < DNS_SIGNED_SETS; i++)
		add_signed(out, dns_signed_text(i),
			dns_signed_set(&server->security, i), d->expect.now_s);
}
