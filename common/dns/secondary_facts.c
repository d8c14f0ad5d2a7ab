/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every fact as JSON: those of the delegation, and in the member "secondary"
 * those that it has not, each under the name it has in the struct. */
#include "config.h"

#include "common/dns/secondary_rules.h"

static void write_addr(
	struct json *json, const char *key, const struct dns_addr *addr)
{
	char buf[DNS_ADDR_TEXT];

	json_add_string(
		json, key, addr->family ? dns_addr_text(addr, buf) : NULL);
}

static void write_named(struct json *json, const char *key,
	const struct dns_named *named, size_t n)
{
	size_t i;

	json_open_array(json, key);
	for (i = 0; i < n; i++) {
		json_open_object(json, NULL);
		json_add_string(json, "typed", named[i].typed);
		json_add_string(json, "name", named[i].name);
		write_addr(json, "addr", &named[i].addr);
		json_add_int(json, "port", named[i].port);
		json_add_string(
			json, "lookup", dns_lookup_word(named[i].lookup));
		json_add_string(json, "why", named[i].why);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_contents(struct json *json, const char *key,
	const struct dns_contents *contents, size_t n)
{
	size_t i;

	if (!contents) {
		json_add_null(json, key);
		return;
	}
	json_open_array(json, key);
	for (i = 0; i < n; i++) {
		json_open_object(json, NULL);
		dns_probe_write(json, "probe", &contents[i].probe);
		dns_names_write(json, "records", &contents[i].records);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_transfer(
	struct json *json, const char *key, const struct dns_transfer *transfer)
{
	json_open_object(json, key);
	json_add_string(json, "end", dns_transfer_word(transfer->end));
	json_add_string(json, "outcome", dns_outcome_word(transfer->outcome));
	json_add_int(json, "rcode", transfer->rcode);
	json_add_int(json, "tsig_error", transfer->tsig_error);
	json_add_int(json, "clock_offset_s", transfer->clock_offset_s);
	json_add_string(json, "why", transfer->why);
	json_add_bool(json, "has_serial", transfer->has_serial);
	json_add_int(json, "serial", transfer->serial);
	json_add_int(json, "n_records", (int64_t)transfer->n_records);
	json_add_int(json, "n_messages", (int64_t)transfer->n_messages);
	json_add_int(json, "n_bytes", (int64_t)transfer->n_bytes);
	json_add_int(json, "took_us", transfer->took_us);
	json_add_int(json, "signature_end_s", transfer->signature_end_s);
	json_add_int(json, "signature_begin_s", transfer->signature_begin_s);
	json_add_string(json, "signature_owner", transfer->signature_owner);
	json_add_string(json, "signature_type", transfer->signature_type);
	json_add_string(json, "zonemd", dns_zonemd_word(transfer->zonemd));
	json_add_string(json, "zonemd_why", transfer->zonemd_why);
	json_close_object(json);
}

static void write_copy(struct json *json, const struct secondary *s,
	const struct dns_copy *copy)
{
	json_open_object(json, NULL);
	dns_server_write_facts(json, "server", &copy->server);
	json_add_int(json, "port", copy->port);
	json_add_string(json, "key", copy->key);
	json_add_bool(json, "is_primary", copy->is_primary);
	json_add_bool(json, "is_named", copy->is_named);
	json_add_bool(json, "in_parent", copy->in_parent);
	json_add_bool(json, "in_child", copy->in_child);
	json_add_bool(json, "has_expire", copy->has_expire);
	json_add_int(json, "expire_s", copy->expire_s);
	json_add_int(json, "ede", copy->ede);
	json_add_string(json, "ede_text", copy->ede_text);
	write_contents(json, "contents", copy->contents, s->n_probes);
	dns_soa_write(json, "later_soa", &copy->later_soa);
	dns_soa_write(json, "contents_soa", &copy->contents_soa);
	write_contents(
		json, "later_contents", copy->later_contents, s->n_probes);
	write_transfer(json, "transfer", &copy->transfer);
	write_transfer(json, "stranger", &copy->stranger);
	json_close_object(json);
}

static void write_history(struct json *json, const struct dns_history *history)
{
	size_t i;

	json_open_object(json, "history");
	json_open_array(json, "serials");
	for (i = 0; i < history->n_serials; i++) {
		json_open_object(json, NULL);
		json_add_int(json, "serial", history->serials[i].serial);
		json_add_int(json, "first_s", history->serials[i].first_s);
		json_close_object(json);
	}
	json_close_array(json);
	json_add_bool(json, "primary_was_seen", history->primary_was_seen);
	json_add_int(json, "primary_silent_s", history->primary_silent_s);
	json_open_array(json, "copies");
	for (i = 0; i < history->n_copies; i++) {
		const struct dns_past_copy *copy = &history->copies[i];

		json_open_object(json, NULL);
		json_add_string(json, "server", copy->server);
		json_add_string(json, "nsid", copy->nsid);
		json_add_int(json, "serial", copy->serial);
		json_add_int(json, "expires_s", copy->expires_s);
		json_add_bool(json, "is_measured", copy->is_measured);
		json_close_object(json);
	}
	json_close_array(json);
	json_close_object(json);
}

/* The keys of those copies. */
static void write_run_out(struct json *json, const struct secondary *s)
{
	size_t i;

	if (!s->had_run_out) {
		json_add_null(json, "had_run_out");
		return;
	}
	json_open_array(json, "had_run_out");
	for (i = 0; i < s->n_copies; i++)
		if (s->had_run_out[i])
			json_add_string(json, NULL, s->copies[i].key);
	json_close_array(json);
}

static void write_expect(
	struct json *json, const struct secondary_expect *expect)
{
	json_open_object(json, "expect");
	json_add_bool(json, "is_independent", expect->is_independent);
	json_add_int(json, "min_survivors", (int64_t)expect->min_survivors);
	json_add_int(json, "min_cover_s", expect->min_cover_s);
	json_add_int(json, "lag_warning_s", expect->lag_warning_s);
	json_add_int(json, "lag_critical_s", expect->lag_critical_s);
	dns_prefixes_write(json, "lost", expect->lost, expect->n_lost);
	json_add_bool(json, "wants_transfer", expect->wants_transfer);
	json_add_bool(
		json, "wants_axfr_secondary", expect->wants_axfr_secondary);
	json_add_bool(json, "wants_zonemd", expect->wants_zonemd);
	json_add_bool(json, "wants_stranger", expect->wants_stranger);
	json_close_object(json);
}

void secondary_write_facts(struct json *json, const struct secondary *s)
{
	size_t i;

	delegation_write_facts(json, &s->d);
	json_open_object(json, "secondary");
	json_add_bool(json, "primary_is_given", s->primary_is_given);
	json_add_bool(json, "primary_is_inferred", s->primary_is_inferred);
	write_named(json, "primaries", s->primaries, s->n_primaries);
	write_named(json, "secondaries", s->secondaries, s->n_secondaries);
	json_open_array(json, "copies");
	for (i = 0; i < s->n_copies; i++)
		write_copy(json, s, &s->copies[i]);
	json_close_array(json);
	json_add_strings(json, "probes", s->probes, s->n_probes);
	dns_history_file_write(json, "file", &s->file);
	write_history(json, &s->history);
	write_run_out(json, s);
	write_expect(json, &s->expect);
	json_close_object(json);
}
