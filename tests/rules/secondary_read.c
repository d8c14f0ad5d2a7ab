/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON to struct secondary, with what healthy secondaries have for all that is
 * left out.
 */
#include "config.h"

#include "secondary_read.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/num.h"
#include "common/dns/secondary_rules.h"

enum {
	EXPIRE_GONE_S = 7200,
	KNOWN_DAYS = 30,
	MIN_COVER_DAYS = 7,
};

static const struct member named_members[] = {
	{ "typed", MEMBER_STRING, offsetof(struct dns_named, typed), NULL },
	{ "name", MEMBER_STRING, offsetof(struct dns_named, name), NULL },
	{ "addr", MEMBER_ADDR, offsetof(struct dns_named, addr), NULL },
	{ "port", MEMBER_U16, offsetof(struct dns_named, port), NULL },
	{ "lookup", MEMBER_WORD, offsetof(struct dns_named, lookup),
		dns_lookup_word },
	{ "why", MEMBER_STRING, offsetof(struct dns_named, why), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member contents_members[] = {
	{ "probe", MEMBER_PROBE, offsetof(struct dns_contents, probe), NULL },
	{ "records", MEMBER_NAMES, offsetof(struct dns_contents, records),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member transfer_members[] = {
	{ "end", MEMBER_WORD, offsetof(struct dns_transfer, end),
		dns_transfer_word },
	{ "outcome", MEMBER_WORD, offsetof(struct dns_transfer, outcome),
		dns_outcome_word },
	{ "rcode", MEMBER_U16, offsetof(struct dns_transfer, rcode), NULL },
	{ "tsig_error", MEMBER_U16, offsetof(struct dns_transfer, tsig_error),
		NULL },
	{ "clock_offset_s", MEMBER_I64,
		offsetof(struct dns_transfer, clock_offset_s), NULL },
	{ "why", MEMBER_STRING, offsetof(struct dns_transfer, why), NULL },
	{ "has_serial", MEMBER_BOOL, offsetof(struct dns_transfer, has_serial),
		NULL },
	{ "serial", MEMBER_U32, offsetof(struct dns_transfer, serial), NULL },
	{ "n_records", MEMBER_U64, offsetof(struct dns_transfer, n_records),
		NULL },
	{ "n_messages", MEMBER_U64, offsetof(struct dns_transfer, n_messages),
		NULL },
	{ "n_bytes", MEMBER_U64, offsetof(struct dns_transfer, n_bytes), NULL },
	{ "took_us", MEMBER_I64, offsetof(struct dns_transfer, took_us), NULL },
	{ "signature_end_s", MEMBER_I64,
		offsetof(struct dns_transfer, signature_end_s), NULL },
	{ "signature_begin_s", MEMBER_I64,
		offsetof(struct dns_transfer, signature_begin_s), NULL },
	{ "signature_owner", MEMBER_STRING,
		offsetof(struct dns_transfer, signature_owner), NULL },
	{ "signature_type", MEMBER_STRING,
		offsetof(struct dns_transfer, signature_type), NULL },
	{ "zonemd", MEMBER_WORD, offsetof(struct dns_transfer, zonemd),
		dns_zonemd_word },
	{ "zonemd_why", MEMBER_STRING,
		offsetof(struct dns_transfer, zonemd_why), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member copy_members[] = {
	{ "server", MEMBER_OTHER, 0, NULL },
	{ "port", MEMBER_U16, offsetof(struct dns_copy, port), NULL },
	{ "key", MEMBER_STRING, offsetof(struct dns_copy, key), NULL },
	{ "is_primary", MEMBER_BOOL, offsetof(struct dns_copy, is_primary),
		NULL },
	{ "is_named", MEMBER_BOOL, offsetof(struct dns_copy, is_named), NULL },
	{ "in_parent", MEMBER_BOOL, offsetof(struct dns_copy, in_parent),
		NULL },
	{ "in_child", MEMBER_BOOL, offsetof(struct dns_copy, in_child), NULL },
	{ "has_expire", MEMBER_BOOL, offsetof(struct dns_copy, has_expire),
		NULL },
	{ "expire_s", MEMBER_U32, offsetof(struct dns_copy, expire_s), NULL },
	{ "ede", MEMBER_I32, offsetof(struct dns_copy, ede), NULL },
	{ "ede_text", MEMBER_STRING, offsetof(struct dns_copy, ede_text),
		NULL },
	{ "contents", MEMBER_OTHER, 0, NULL },
	{ "later_soa", MEMBER_SOA, offsetof(struct dns_copy, later_soa), NULL },
	{ "contents_soa", MEMBER_SOA, offsetof(struct dns_copy, contents_soa),
		NULL },
	{ "later_contents", MEMBER_OTHER, 0, NULL },
	{ "transfer", MEMBER_OTHER, 0, NULL },
	{ "stranger", MEMBER_OTHER, 0, NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member seen_serial_members[] = {
	{ "serial", MEMBER_U32, offsetof(struct dns_seen_serial, serial),
		NULL },
	{ "first_s", MEMBER_I64, offsetof(struct dns_seen_serial, first_s),
		NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member past_copy_members[] = {
	{ "server", MEMBER_STRING, offsetof(struct dns_past_copy, server),
		NULL },
	{ "nsid", MEMBER_STRING, offsetof(struct dns_past_copy, nsid), NULL },
	{ "serial", MEMBER_U32, offsetof(struct dns_past_copy, serial), NULL },
	{ "expires_s", MEMBER_I64, offsetof(struct dns_past_copy, expires_s),
		NULL },
	{ "is_measured", MEMBER_BOOL,
		offsetof(struct dns_past_copy, is_measured), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member history_members[] = {
	{ "serials", MEMBER_OTHER, 0, NULL },
	{ "primary_was_seen", MEMBER_BOOL,
		offsetof(struct dns_history, primary_was_seen), NULL },
	{ "primary_silent_s", MEMBER_I64,
		offsetof(struct dns_history, primary_silent_s), NULL },
	{ "copies", MEMBER_OTHER, 0, NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member expect_members[] = {
	{ "is_independent", MEMBER_BOOL,
		offsetof(struct secondary_expect, is_independent), NULL },
	{ "min_survivors", MEMBER_U64,
		offsetof(struct secondary_expect, min_survivors), NULL },
	{ "min_cover_s", MEMBER_I64,
		offsetof(struct secondary_expect, min_cover_s), NULL },
	{ "lag_warning_s", MEMBER_I64,
		offsetof(struct secondary_expect, lag_warning_s), NULL },
	{ "lag_critical_s", MEMBER_I64,
		offsetof(struct secondary_expect, lag_critical_s), NULL },
	{ "lost", MEMBER_OTHER, 0, NULL },
	{ "wants_transfer", MEMBER_BOOL,
		offsetof(struct secondary_expect, wants_transfer), NULL },
	{ "wants_axfr_secondary", MEMBER_BOOL,
		offsetof(struct secondary_expect, wants_axfr_secondary), NULL },
	{ "wants_zonemd", MEMBER_BOOL,
		offsetof(struct secondary_expect, wants_zonemd), NULL },
	{ "wants_stranger", MEMBER_BOOL,
		offsetof(struct secondary_expect, wants_stranger), NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static const struct member secondary_members[] = {
	{ "primary_is_given", MEMBER_BOOL,
		offsetof(struct secondary, primary_is_given), NULL },
	{ "primary_is_inferred", MEMBER_BOOL,
		offsetof(struct secondary, primary_is_inferred), NULL },
	{ "primaries", MEMBER_OTHER, 0, NULL },
	{ "secondaries", MEMBER_OTHER, 0, NULL },
	{ "copies", MEMBER_OTHER, 0, NULL },
	{ "more", MEMBER_OTHER, 0, NULL },
	{ "each", MEMBER_OTHER, 0, NULL },
	{ "but", MEMBER_OTHER, 0, NULL },
	{ "probes", MEMBER_OTHER, 0, NULL },
	{ "file", MEMBER_OTHER, 0, NULL },
	{ "before", MEMBER_OTHER, 0, NULL },
	{ "history", MEMBER_OTHER, 0, NULL },
	{ "had_run_out", MEMBER_OTHER, 0, NULL },
	{ "expect", MEMBER_OTHER, 0, NULL },
	{ NULL, MEMBER_OTHER, 0, NULL },
};

static void read_named(
	struct reader *reader, json_t *value, struct dns_named *named)
{
	named->lookup = DNS_LOOKUP_FOUND;
	if (json_is_object(value)) {
		reader_object(reader, value, named_members, named, "named");
		return;
	}
	named->typed = reader_string(reader, value, "named");
	if (named->typed && !dns_addr_parse(named->typed, &named->addr))
		named->name = named->typed;
}

static struct dns_named *read_all_named(
	struct reader *reader, json_t *array, size_t *n)
{
	struct dns_named *named;
	size_t i;

	*n = json_array_size(array);
	named = arena_array(reader->arena, *n, sizeof(*named));
	for (i = 0; i < *n; i++)
		read_named(reader, json_array_get(array, i), &named[i]);
	return named;
}

/* The MNAME of the first server that told one. */
static const char *find_mname(const struct delegation *d)
{
	size_t i;

	for (i = 0; i < d->n_servers; i++)
		if (d->servers[i].soa.is_known)
			return d->servers[i].soa.mname;
	return NULL;
}

static void read_primaries(
	struct reader *reader, json_t *facts, struct secondary *s)
{
	json_t *given = json_object_get(facts, "primaries");
	const char *mname = find_mname(&s->d);

	s->secondaries = read_all_named(reader,
		json_object_get(facts, "secondaries"), &s->n_secondaries);
	if (given) {
		s->primaries = read_all_named(reader, given, &s->n_primaries);
		s->primary_is_given |=
			s->n_primaries > 0 && !s->primary_is_inferred;
	} else if (mname && !s->expect.is_independent) {
		s->primaries =
			arena_array(reader->arena, 1, sizeof(*s->primaries));
		s->primaries[0] = (struct dns_named){ .typed = mname,
			.name = mname,
			.lookup = DNS_LOOKUP_FOUND };
		s->n_primaries = 1;
		s->primary_is_inferred = true;
	}
}

static bool is_named(const struct dns_copy *copy, const struct dns_named *named,
	size_t n, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (named[i].port != copy->port)
			continue;
		if (named[i].name ? dns_names_hold(
					    &copy->server.hosts, named[i].name)
				  : dns_addr_compare(&named[i].addr, addr) == 0)
			return true;
	}
	return false;
}

static bool any_is_in(const struct dns_names *names, const struct dns_names *in)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (dns_names_hold(in, names->at[i]))
			return true;
	return false;
}

/* The word for what became of the question, or its records. */
static void read_contents(struct reader *reader, json_t *value,
	struct dns_contents *contents, const char *where)
{
	if (json_is_object(value)) {
		reader_object(reader, value, contents_members, contents, where);
		return;
	}
	if (json_is_array(value)) {
		reader_probe_word(reader, "answer", &contents->probe);
		reader_names(reader, value, &contents->records, where);
		return;
	}
	reader_probe(reader, value, &contents->probe, where);
	contents->records = (struct dns_names){
		.is_known = contents->probe.kind == DNS_KIND_NODATA ||
			    contents->probe.kind == DNS_KIND_NXDOMAIN,
	};
}

static size_t find_probe(
	struct reader *reader, const struct secondary *s, const char *probe)
{
	size_t i;

	for (i = 0; i < s->n_probes; i++)
		if (strcmp(s->probes[i], probe) == 0)
			return i;
	reader_complain(reader, "no such probe", probe);
	return 0;
}

/* Changes of those at from, in the arena, what the value has. */
static struct dns_contents *read_all_contents(struct reader *reader,
	json_t *value, const struct secondary *s,
	const struct dns_contents *from)
{
	struct dns_contents *all = arena_grow(
		reader->arena, from, s->n_probes, s->n_probes, sizeof(*all));
	const char *key;
	json_t *one;
	size_t i;

	json_object_foreach(value, key, one)
	{
		i = find_probe(reader, s, key);
		if (!reader->wrong)
			read_contents(reader, one, &all[i], key);
	}
	if (json_is_array(value) && json_array_size(value) != s->n_probes)
		reader_complain(reader, "not one a probe", "contents");
	for (i = 0; json_is_array(value) && i < s->n_probes; i++)
		read_contents(reader, json_array_get(value, i), &all[i],
			s->probes[i]);
	return all;
}

static struct dns_names healthy_records(
	struct reader *reader, const struct secondary *s, size_t probe)
{
	const char *asked = s->probes[probe];
	struct dns_names records = { .is_known = true };
	size_t len = strlen(asked);
	size_t i;

	if (len > 3 && strcmp(asked + len - 3, " NS") == 0)
		for (i = 0; i < s->d.child_ns.n; i++)
			reader_add_name(reader, &records,
				arena_printf(reader->arena, "%s %s", asked,
					s->d.child_ns.at[i]));
	else
		reader_add_name(reader, &records,
			arena_printf(reader->arena, "%s 10 mail.example.org",
				asked));
	return records;
}

/* Whoever does not answer for the SOA answers nothing. */
static struct dns_contents *healthy_contents(struct reader *reader,
	const struct secondary *s, const struct dns_server *server)
{
	struct dns_contents *all =
		arena_array(reader->arena, s->n_probes, sizeof(*all));
	size_t i;

	for (i = 0; i < s->n_probes; i++) {
		all[i].probe = server->soa_udp;
		if (server->soa.is_known)
			all[i].records = healthy_records(reader, s, i);
	}
	return all;
}

static void read_transfer(struct reader *reader, json_t *value,
	const struct dns_copy *copy, struct dns_transfer *transfer)
{
	const struct dns_signed *first = dns_first_end(&copy->server.security);
	struct dns_transfer done = {
		.end = DNS_TRANSFER_DONE,
		.outcome = DNS_ANSWERED,
		.has_serial = true,
		.serial = copy->server.soa.serial,
		.n_records = 25,
		.n_messages = 1,
		.n_bytes = 2000,
		.took_us = 30000,
	};

	if (first) {
		done.signature_begin_s = first->inception_s;
		done.signature_end_s = first->expiration_s;
		done.signature_owner = "www.example.org";
		done.signature_type = "A";
	}
	*transfer = done;
	if (json_is_object(value)) {
		reader_object(
			reader, value, transfer_members, transfer, "transfer");
		return;
	}
	done.end = (enum dns_transfer_end)reader_word(
		reader, value, dns_transfer_word, "transfer");
	if (done.end == DNS_TRANSFER_DONE)
		return;
	*transfer = (struct dns_transfer){ .end = done.end };
	if (done.end == DNS_TRANSFER_NOT_TRIED)
		return;
	transfer->why = json_string_value(value);
	transfer->why = arena_strdup(reader->arena, transfer->why);
	transfer->outcome = done.end == DNS_TRANSFER_BROKEN
				    ? DNS_CONNECTION_LOST
				    : DNS_ANSWERED;
	if (done.end == DNS_TRANSFER_REFUSED)
		transfer->rcode = 5;
	if (done.end == DNS_TRANSFER_OPENED)
		transfer->n_messages = 1;
}

/* What it says of itself in the place of what was derived. */
static void change_copy(struct reader *reader, json_t *value,
	const struct secondary *s, struct dns_copy *copy)
{
	json_t *contents = json_object_get(value, "contents");
	json_t *later = json_object_get(value, "later_contents");
	json_t *transfer = json_object_get(value, "transfer");
	json_t *stranger = json_object_get(value, "stranger");

	reader_object(reader, value, copy_members, copy, "copy");
	if (contents)
		copy->contents =
			read_all_contents(reader, contents, s, copy->contents);
	if (later && !json_is_null(later))
		copy->later_contents =
			read_all_contents(reader, later, s, copy->contents);
	if (transfer)
		read_transfer(reader, transfer, copy, &copy->transfer);
	if (stranger)
		read_transfer(reader, stranger, copy, &copy->stranger);
}

/* All but the server and the port is derived from these. */
static void derive_copy(
	struct reader *reader, const struct secondary *s, struct dns_copy *copy)
{
	const struct dns_server *server = &copy->server;
	const struct dns_soa *soa = &server->soa;

	copy->key = copy->port == 0
			    ? server->addr_text
			    : arena_printf(reader->arena, "[%s]:%u",
				      server->addr_text, (unsigned)copy->port);
	copy->is_primary =
		is_named(copy, s->primaries, s->n_primaries, &server->addr);
	copy->is_named =
		(copy->is_primary && s->primary_is_given) ||
		is_named(copy, s->secondaries, s->n_secondaries, &server->addr);
	copy->in_parent = any_is_in(&server->hosts, &s->d.parent_ns);
	copy->in_child = any_is_in(&server->hosts, &s->d.child_ns);
	copy->ede = -1;
	copy->has_expire = soa->is_known;
	copy->expire_s = soa->expire;
	if (!copy->is_primary && soa->expire > EXPIRE_GONE_S)
		copy->expire_s = soa->expire - EXPIRE_GONE_S;
	copy->contents = healthy_contents(reader, s, server);
}

/* One that says of its server and port who it is. */
static void read_copy(struct reader *reader, json_t *value,
	const struct secondary *s, struct dns_copy *copy)
{
	const struct dns_addr none = { 0 };
	json_t *port = json_object_get(value, "port");

	copy->server = facts_healthy_server(reader, &s->d, &none);
	facts_server(reader, json_object_get(value, "server"), &copy->server);
	if (port)
		copy->port = (uint16_t)reader_int(reader, port, "port");
	if (reader->wrong)
		return;
	derive_copy(reader, s, copy);
	change_copy(reader, value, s, copy);
}

static int compare_copies(const void *a, const void *b)
{
	const struct dns_copy *one = a;
	const struct dns_copy *other = b;
	int order;

	if (one->is_primary != other->is_primary)
		return one->is_primary ? -1 : 1;
	order = dns_addr_compare(&one->server.addr, &other->server.addr);
	return order != 0 ? order : (int)one->port - (int)other->port;
}

static void read_full_copies(
	struct reader *reader, json_t *array, struct secondary *s)
{
	size_t i;

	s->n_copies = json_array_size(array);
	s->copies = arena_array(reader->arena, s->n_copies, sizeof(*s->copies));
	for (i = 0; i < s->n_copies && !reader->wrong; i++)
		read_copy(reader, json_array_get(array, i), s, &s->copies[i]);
}

/* One that the delegation does not lead to, unless it has the address. */
static void place_server(struct reader *reader, struct delegation *d,
	const struct dns_server *server)
{
	size_t before = d->n_servers;
	struct dns_server *place = facts_place_server(reader, d, &server->addr);

	if (d->n_servers > before)
		*place = *server;
}

/* One for each server of the delegation, and those that are given. */
static void derive_copies(
	struct reader *reader, json_t *more, struct secondary *s)
{
	size_t n = s->d.n_servers;
	size_t i;

	s->n_copies = n + json_array_size(more);
	s->copies = arena_array(reader->arena, s->n_copies, sizeof(*s->copies));
	for (i = 0; i < n; i++) {
		s->copies[i].server = s->d.servers[i];
		derive_copy(reader, s, &s->copies[i]);
	}
	for (; i < s->n_copies && !reader->wrong; i++) {
		struct dns_copy *copy = &s->copies[i];

		read_copy(reader, json_array_get(more, i - n), s, copy);
		if (!reader->wrong && !copy->is_primary)
			place_server(reader, &s->d, &copy->server);
	}
	qsort(s->copies, s->n_copies, sizeof(*s->copies), compare_copies);
}

static struct dns_copy *find_copy(
	struct reader *reader, const struct secondary *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->n_copies; i++)
		if (strcmp(s->copies[i].key, key) == 0)
			return &s->copies[i];
	reader_complain(reader, "no copy has this key", key);
	return NULL;
}

static void read_copies(
	struct reader *reader, json_t *facts, struct secondary *s)
{
	json_t *full = json_object_get(facts, "copies");
	json_t *each = json_object_get(facts, "each");
	const char *key;
	json_t *value;
	size_t i;

	if (full)
		read_full_copies(reader, full, s);
	else
		derive_copies(reader, json_object_get(facts, "more"), s);
	for (i = 0; each && i < s->n_copies; i++)
		if (!s->copies[i].is_primary)
			change_copy(reader, each, s, &s->copies[i]);
	json_object_foreach(json_object_get(facts, "but"), key, value)
	{
		struct dns_copy *copy = find_copy(reader, s, key);

		if (reader->wrong)
			return;
		change_copy(reader, value, s, copy);
	}
}

static void read_probes(
	struct reader *reader, json_t *facts, struct secondary *s)
{
	json_t *probes = json_object_get(facts, "probes");
	size_t i;

	s->n_probes = probes ? json_array_size(probes) : 2;
	s->probes = arena_array(reader->arena, s->n_probes, sizeof(*s->probes));
	for (i = 0; probes && i < s->n_probes; i++)
		s->probes[i] = reader_string(
			reader, json_array_get(probes, i), "probes");
	if (probes)
		return;
	s->probes[0] = arena_printf(reader->arena, "%s NS", s->d.zone);
	s->probes[1] = arena_printf(reader->arena, "%s MX", s->d.zone);
}

/* What a run of yesterday saw where nothing had happened for long. */
static struct dns_history quiet_history(
	struct reader *reader, const struct secondary *s)
{
	struct dns_history history = { .primary_was_seen = s->n_primaries > 0 };
	const struct dns_soa *oldest = NULL;
	size_t i;

	for (i = 0; i < s->n_copies; i++) {
		const struct dns_soa *soa = &s->copies[i].server.soa;

		if (soa->is_known && (!oldest || num_serial_compare(soa->serial,
							 oldest->serial) == -1))
			oldest = soa;
	}
	if (!oldest)
		return history;
	history.serials =
		arena_array(reader->arena, 1, sizeof(*history.serials));
	history.serials[history.n_serials++] =
		(struct dns_seen_serial){ oldest->serial,
			NOW_S - KNOWN_DAYS * DAY_S };
	return history;
}

static void read_history_arrays(
	struct reader *reader, json_t *value, struct dns_history *history)
{
	json_t *serials = json_object_get(value, "serials");
	json_t *copies = json_object_get(value, "copies");
	size_t i;

	if (serials) {
		history->n_serials = json_array_size(serials);
		history->serials = arena_array(reader->arena,
			history->n_serials, sizeof(*history->serials));
	}
	for (i = 0; i < json_array_size(serials); i++)
		reader_object(reader, json_array_get(serials, i),
			seen_serial_members, &history->serials[i], "serials");
	if (copies) {
		history->n_copies = json_array_size(copies);
		history->copies = arena_array(reader->arena, history->n_copies,
			sizeof(*history->copies));
	}
	for (i = 0; i < json_array_size(copies); i++) {
		history->copies[i].nsid = "";
		reader_object(reader, json_array_get(copies, i),
			past_copy_members, &history->copies[i], "copies");
	}
}

static void read_history(struct reader *reader, json_t *value,
	struct dns_history *history, const char *where)
{
	reader_object(reader, value, history_members, history, where);
	read_history_arrays(reader, value, history);
}

/* Copies that had run out, by their keys. */
static const bool *read_run_out(
	struct reader *reader, json_t *given, const struct secondary *s)
{
	bool *had_run_out;
	size_t i;

	if (json_is_null(given))
		return NULL;
	had_run_out =
		arena_array(reader->arena, s->n_copies, sizeof(*had_run_out));
	for (i = 0; i < json_array_size(given); i++) {
		const char *key = reader_string(
			reader, json_array_get(given, i), "had_run_out");
		const struct dns_copy *copy =
			key ? find_copy(reader, s, key) : NULL;

		if (copy)
			had_run_out[copy - s->copies] = true;
	}
	return had_run_out;
}

static bool is_kept(const struct dns_history_file *file)
{
	return file->fate == DNS_HISTORY_READ ||
	       file->fate == DNS_HISTORY_NEW || file->fate == DNS_HISTORY_LOST;
}

/* The history as the plugin makes it of what was there before. */
static void derive_history(
	struct reader *reader, json_t *given, struct secondary *s)
{
	struct dns_history before = { 0 };

	if (s->file.fate == DNS_HISTORY_READ)
		before = quiet_history(reader, s);
	if (given)
		read_history(reader, given, &before, "before");
	if (reader->wrong || !is_kept(&s->file))
		return;
	s->history = secondary_remember(reader->arena, s, &before);
	if (s->file.fate == DNS_HISTORY_READ)
		s->had_run_out = secondary_run_out(reader->arena, s, &before);
}

static void read_memory(
	struct reader *reader, json_t *facts, struct secondary *s)
{
	json_t *file = json_object_get(facts, "file");
	json_t *history = json_object_get(facts, "history");
	json_t *had_run_out = json_object_get(facts, "had_run_out");

	s->file = (struct dns_history_file){ .fate = DNS_HISTORY_READ,
		.node = "monitor.example.net" };
	if (file)
		facts_history_file(reader, file, &s->file, "file");
	derive_history(reader, json_object_get(facts, "before"), s);
	if (history)
		read_history(reader, history, &s->history, "history");
	if (had_run_out)
		s->had_run_out = read_run_out(reader, had_run_out, s);
}

static void read_expect(
	struct reader *reader, json_t *facts, struct secondary *s)
{
	json_t *expect = json_object_get(facts, "expect");

	s->expect.min_survivors = 1;
	s->expect.min_cover_s = MIN_COVER_DAYS * DAY_S;
	s->expect.lag_warning_s = s->expect.lag_critical_s = -1;
	if (expect)
		reader_object(
			reader, expect, expect_members, &s->expect, "expect");
	s->expect.lost = facts_prefixes(reader, json_object_get(expect, "lost"),
		&s->expect.n_lost, "lost");
}

const char *secondary_read(
	struct arena *arena, json_t *facts, struct secondary *s)
{
	struct reader reader = { .arena = arena };
	json_t *own = json_object_get(facts, "secondary");

	*s = (struct secondary){ 0 };
	facts_delegation(&reader, facts, &s->d);
	if (own)
		reader_object(&reader, own, secondary_members, s, "secondary");
	if (!reader.wrong) {
		read_expect(&reader, own, s);
		read_probes(&reader, own, s);
		read_primaries(&reader, own, s);
		read_copies(&reader, own, s);
	}
	if (!reader.wrong)
		read_memory(&reader, own, s);
	return reader.wrong;
}
