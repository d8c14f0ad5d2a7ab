/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The copies of a zone as members of the plugin's JSON result, beside those of
 * the delegation: arrays of objects that a monitor discovers servers from, and
 * what was held against what.
 */
#include "config.h"

#include <string.h>

#include "common/dns/secondary_rules.h"

static const double us_per_s = 1e6;

enum {
	SHOWN_MAX = 10,    /* records, or copies, of one set */
	RECORD_MAX = 120,  /* bytes of a record */
	PROBES_MAX = 6000, /* bytes of the sets, about; the rest is left out */
};

/* An integer, or null where it is not known. */
static void write_int(
	struct json *json, const char *key, bool is_known, int64_t value)
{
	if (is_known)
		json_add_int(json, key, value);
	else
		json_add_null(json, key);
}

static void write_cover(struct json *json, const struct dns_cover *cover)
{
	bool is_unknown = cover->source == DNS_COVER_UNKNOWN;

	json_open_object(json, "cover");
	write_int(json, "seconds", cover->is_known, cover->cover_s);
	json_add_string(json, "source",
		is_unknown ? NULL : dns_cover_source_word(cover->source));
	json_add_string(json, "limit",
		cover->limit == DNS_LIMIT_NONE
			? NULL
			: dns_cover_limit_word(cover->limit));
	if (is_unknown)
		json_add_string(json, "why", cover->why);
	json_close_object(json);
}

/* Where the copy stands, and for how long it would be served. */
static void write_standing(struct json *json, const struct secondary *s,
	const struct dns_copy *copy)
{
	const struct dns_signed *first = dns_first_end(&copy->server.security);
	const struct dns_cover cover = secondary_cover(s, copy);
	const struct dns_lag lag = secondary_lag(s, copy);
	bool is_behind = lag.step == DNS_STEP_BEHIND;
	bool is_equal = lag.step == DNS_STEP_EQUAL;

	json_add_string(json, "step",
		lag.step == DNS_STEP_UNKNOWN ? NULL : dns_step_word(lag.step));
	write_int(json, "serial_lag", is_equal || is_behind, lag.serials);
	write_int(json, "lag_age", is_equal || (is_behind && lag.has_age),
		lag.age_s);
	write_int(json, "expire_left", dns_cover_expires(&cover),
		cover.expire_left_s);
	write_int(json, "signature_life", first != NULL,
		first ? first->expiration_s - s->d.expect.now_s : 0);
	write_cover(json, &cover);
	json_add_bool(json, "has_expired", secondary_has_expired(s, copy));
}

static void write_transfer(
	struct json *json, const struct dns_transfer *transfer)
{
	json_open_object(json, "transfer");
	json_add_string(json, "end", dns_transfer_word(transfer->end));
	if (transfer->why)
		json_add_string(json, "why", transfer->why);
	write_int(json, "serial", transfer->has_serial, transfer->serial);
	json_add_int(json, "records", (int64_t)transfer->n_records);
	json_add_int(json, "bytes", (int64_t)transfer->n_bytes);
	json_add_number(json, "time", (double)transfer->took_us / us_per_s);
	write_int(json, "signature_end", transfer->signature_end_s != 0,
		transfer->signature_end_s);
	if (transfer->zonemd != DNS_ZONEMD_NOT_ASKED)
		json_add_string(
			json, "zonemd", dns_zonemd_word(transfer->zonemd));
	json_close_object(json);
}

static void write_copy(struct json *json, const struct secondary *s,
	const struct dns_copy *copy)
{
	const struct dns_server *server = &copy->server;

	json_open_object(json, NULL);
	json_add_string(json, "name", rule_copy_culprit(copy).name);
	json_add_string(json, "address", server->addr_text);
	if (copy->port != 0)
		json_add_int(json, "port", copy->port);
	json_add_bool(json, "in_parent", copy->in_parent);
	json_add_bool(json, "in_child", copy->in_child);
	if (copy->ede >= 0)
		json_add_int(json, "ede", copy->ede);
	dns_server_write_json(json, &s->d, server, secondary_verdict(s, copy));
	if (copy->later_soa.is_known)
		json_add_int(json, "later_serial", copy->later_soa.serial);
	if (!copy->is_primary)
		write_standing(json, s, copy);
	if (copy->transfer.end != DNS_TRANSFER_NOT_TRIED)
		write_transfer(json, &copy->transfer);
	if (copy->stranger.end != DNS_TRANSFER_NOT_TRIED)
		json_add_string(json, "transfer_without_key",
			dns_transfer_word(copy->stranger.end));
	json_close_object(json);
}

static void write_copies(struct json *json, const struct secondary *s,
	const char *key, bool primaries)
{
	size_t i;

	json_open_array(json, key);
	for (i = 0; i < s->n_copies; i++)
		if (s->copies[i].is_primary == primaries)
			write_copy(json, s, &s->copies[i]);
	json_close_array(json);
}

static void write_reference(struct json *json, const struct secondary *s)
{
	const struct dns_reference reference = secondary_reference(s);

	if (!reference.is_known) {
		json_add_null(json, "reference");
		return;
	}
	json_open_object(json, "reference");
	json_add_int(json, "serial", reference.serial);
	json_add_string(
		json, "served_by", reference.copy ? reference.copy->key : NULL);
	json_add_bool(json, "is_primary", reference.is_primary);
	json_close_object(json);
}

/* What a copy gives for a probe, the later answer where there is one. */
static struct dns_names records_of(const struct dns_copy *copy, size_t probe)
{
	const struct dns_contents *contents =
		copy->later_contents ? copy->later_contents : copy->contents;

	return contents ? contents[probe].records
			: (struct dns_names){ .is_known = false };
}

static bool give_same(
	const struct dns_copy *a, const struct dns_copy *b, size_t probe)
{
	const struct dns_names one = records_of(a, probe);
	const struct dns_names other = records_of(b, probe);

	return one.is_known == other.is_known && dns_names_equal(&one, &other);
}

static void write_records(struct json *json, const struct dns_names *records)
{
	struct text record;
	size_t i;

	if (!records->is_known) {
		json_add_null(json, "records");
		return;
	}
	text_init(&record, RECORD_MAX);
	json_open_array(json, "records");
	for (i = 0; i < records->n && i < SHOWN_MAX; i++) {
		text_clear(&record);
		text_add(&record, records->at[i]);
		json_add_string(json, NULL, record.data);
	}
	json_close_array(json);
	text_release(&record);
}

/* One set of records with those that give it; the copies before first give
 * another one. */
static void write_set(struct json *json, const struct secondary *s,
	size_t probe, size_t first)
{
	const struct dns_names records = records_of(&s->copies[first], probe);
	size_t n = 0;
	size_t i;

	json_open_object(json, NULL);
	write_records(json, &records);
	json_open_array(json, "from");
	for (i = first; i < s->n_copies; i++) {
		if (!give_same(&s->copies[first], &s->copies[i], probe))
			continue;
		if (n++ < SHOWN_MAX)
			json_add_string(json, NULL, s->copies[i].key);
	}
	json_close_array(json);
	json_add_int(json, "copies", (int64_t)n);
	json_close_object(json);
}

static bool is_first_of_set(
	const struct secondary *s, size_t probe, size_t copy)
{
	size_t i;

	for (i = 0; i < copy; i++)
		if (give_same(&s->copies[i], &s->copies[copy], probe))
			return false;
	return true;
}

/* The different sets that a probe gives, as far as the room goes. */
static bool write_sets(struct json *json, const struct secondary *s,
	size_t probe, size_t limit)
{
	bool is_cut = false;
	size_t i;

	json_open_array(json, "sets");
	for (i = 0; i < s->n_copies; i++) {
		if (!is_first_of_set(s, probe, i))
			continue;
		is_cut = json->out->len > limit;
		if (is_cut)
			break;
		write_set(json, s, probe, i);
	}
	json_close_array(json);
	return is_cut;
}

static void write_probes(struct json *json, const struct secondary *s)
{
	size_t limit = json->out->len + PROBES_MAX;
	bool is_cut = false;
	size_t probe;

	json_open_array(json, "probes");
	for (probe = 0; probe < s->n_probes && !is_cut; probe++) {
		json_open_object(json, NULL);
		json_add_string(json, "probe", s->probes[probe]);
		is_cut = write_sets(json, s, probe, limit);
		json_close_object(json);
	}
	json_close_array(json);
	json_add_bool(json, "probes_are_cut", is_cut);
}

void secondary_write_json(struct json *json, const struct secondary *s)
{
	delegation_sides_write_json(json, &s->d);
	json_add_bool(json, "primary_is_given", s->primary_is_given);
	json_add_bool(json, "primary_is_inferred", s->primary_is_inferred);
	write_reference(json, s);
	write_copies(json, s, "primaries", true);
	write_copies(json, s, "secondaries", false);
	write_probes(json, s);
	dns_history_file_write(json, "history", &s->file);
	delegation_walk_write_json(json, &s->d);
}
