/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message is walked through once to see that it is whole and where its
 * TSIG is, then its TSIG is verified, then its records are taken. What a
 * stream without a verified end said is not told.
 */
#include "config.h"

#include "common/dnsnet/axfr.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "common/dnsnet/tsig.h"
#include "common/dnsnet/zonemd.h"

enum {
	TYPE_AXFR = 252,
	FLAG_QR = 0x8000,
	OPCODE = 0x7800,
	RCODE = 0x000f,
	SERIAL_AT = 20,    /* from the end of a SOA's data */
	EXPIRATION_AT = 8, /* in the data of an RRSIG */
	INCEPTION_AT = 12,
	SOA_MAX = 2 * WIRE_NAME_MAX + SERIAL_AT,
	COVERED_MAX = 32, /* types at one owner that are told apart */
};

/* The signature on one record set that ends last. */
struct signature {
	uint16_t covered;
	int64_t begin_s, end_s;
};

/* Those of the owner in hand: records of one owner follow each other. */
struct signatures {
	struct wire_name owner;
	struct signature at[COVERED_MAX];
	size_t n;
};

struct axfr {
	struct arena *arena;
	const struct transfer_ask *ask;
	struct dns_transfer out;
	struct wire_name zone;
	uint16_t id;
	struct tsig_stream *tsig;
	struct zonemd *zonemd;
	struct wire_rdata rdata; /* of the record in hand */
	uint8_t soa[SOA_MAX];    /* data of the first record */
	size_t soa_len;
	bool is_closed; /* the last SOA came */
	bool is_open;   /* no TSIG covers the last message yet */
	struct signatures signatures;
	struct wire_name first_owner; /* of the signature that ends first */
	uint16_t first_covered;
};

static bool prepare(struct axfr *axfr, size_t *kept)
{
	const struct transfer_ask *ask = axfr->ask;
	if (!wire_name_parse(ask->zone, &axfr->zone))
		return false;
	if (ask->key != NULL) {
		axfr->tsig = tsig_stream_new(axfr->arena, ask->key);
		if (axfr->tsig == NULL)
			return false;
	}
	if (ask->wants_zonemd)
		axfr->zonemd = zonemd_new(&axfr->zone, kept);
	return !ask->wants_zonemd || axfr->zonemd != NULL;
}

struct axfr *axfr_new(
	struct arena *arena, const struct transfer_ask *ask, size_t *kept)
{
	struct axfr *axfr = calloc(1, sizeof(*axfr));
	if (axfr == NULL)
		return NULL;
	axfr->arena = arena;
	axfr->ask = ask;
	if (prepare(axfr, kept))
		return axfr;
	axfr_free(axfr);
	return NULL;
}

void axfr_free(struct axfr *axfr)
{
	if (axfr == NULL)
		return;
	tsig_stream_free(axfr->tsig);
	zonemd_free(axfr->zonemd);
	free(axfr);
}

size_t axfr_request(struct axfr *axfr, uint16_t id, int64_t now_s,
	uint8_t request[AXFR_REQUEST_MAX])
{
	static const uint8_t asked[4] = { 0, TYPE_AXFR, 0, WIRE_CLASS_IN };
	size_t len = WIRE_HEADER;
	memset(request, 0, WIRE_HEADER);
	axfr->id = id;
	wire_put_u16(request, id);
	request[5] = 1; /* one question */
	memcpy(request + len, axfr->zone.bytes, axfr->zone.len);
	len += axfr->zone.len;
	memcpy(request + len, asked, sizeof(asked));
	len += sizeof(asked);
	return axfr->tsig == NULL ? len
				  : tsig_sign(axfr->tsig, request, len, now_s);
}

/* -- ends ---------------------------------------------------------------- */

static bool end(struct axfr *axfr, enum dns_transfer_end as, const char *why)
{
	axfr->out.end = as;
	axfr->out.outcome = DNS_ANSWERED;
	axfr->out.why = why;
	return true;
}

static bool malformed(struct axfr *axfr, const char *why)
{
	return end(axfr, DNS_TRANSFER_MALFORMED, why);
}

/* "after 12 records"; or of nothing. */
static const char *after(const struct axfr *axfr, const char *what)
{
	if (axfr->out.n_records == 0)
		return what;
	return arena_printf(axfr->arena, "%s after %llu record%s", what,
		(unsigned long long)axfr->out.n_records,
		axfr->out.n_records == 1 ? "" : "s");
}

void axfr_cut(struct axfr *axfr, enum dns_outcome outcome, const char *why,
	const char *why_midway)
{
	bool has_soa_only =
		axfr->out.n_messages == 1 && axfr->out.n_records == 1;
	if (axfr->out.n_messages == 0)
		end(axfr, DNS_TRANSFER_BROKEN, why);
	else if (has_soa_only)
		malformed(axfr, "sends its SOA and nothing else");
	else
		end(axfr, DNS_TRANSFER_BROKEN, after(axfr, why_midway));
	axfr->out.outcome = outcome;
}

/* -- signatures ---------------------------------------------------------- */

/* The set is complete: is its signature the first to end? */
static void settle_signatures(struct axfr *axfr)
{
	struct signatures *all = &axfr->signatures;
	for (size_t i = 0; i < all->n; i++) {
		const struct signature *one = &all->at[i];
		if (axfr->out.signature_end_s != 0 &&
			one->end_s >= axfr->out.signature_end_s)
			continue;
		axfr->out.signature_end_s = one->end_s;
		axfr->out.signature_begin_s = one->begin_s;
		axfr->first_owner = all->owner;
		axfr->first_covered = one->covered;
	}
	all->n = 0;
}

/* A key that is on its way out may leave a signature behind: of a set's, the
 * one that ends last counts. */
static void add_signature(struct axfr *axfr, const struct signature *one)
{
	struct signatures *all = &axfr->signatures;
	size_t i = 0;
	while (i < all->n && all->at[i].covered != one->covered)
		i++;
	if (i == COVERED_MAX) {
		settle_signatures(axfr);
		i = 0;
	}
	if (i == all->n)
		all->at[all->n++] = *one;
	else if (one->end_s > all->at[i].end_s)
		all->at[i] = *one;
}

/* Times are modulo 2^32 (RFC 4034 section 3.1.5). */
static int64_t time_at(const uint8_t *bytes, int64_t now_s)
{
	return now_s + (int32_t)(wire_u32(bytes) - (uint32_t)now_s);
}

static void take_signature(
	struct axfr *axfr, const struct wire_record *record, int64_t now_s)
{
	const uint8_t *data = axfr->rdata.bytes;
	struct signature one = { .covered = wire_u16(data),
		.begin_s = time_at(data + INCEPTION_AT, now_s),
		.end_s = time_at(data + EXPIRATION_AT, now_s) };
	if (!wire_name_equals(&record->owner, &axfr->signatures.owner)) {
		settle_signatures(axfr);
		axfr->signatures.owner = record->owner;
	}
	add_signature(axfr, &one);
}

static const char *type_text(struct arena *arena, uint16_t type)
{
	char *text = ldns_rr_type2str((ldns_rr_type)type);
	const char *copied =
		text != NULL ? arena_strdup(arena, text)
			     : arena_printf(arena, "TYPE%u", (unsigned)type);
	LDNS_FREE(text);
	return copied;
}

/* -- records ------------------------------------------------------------- */

static bool take_first(struct axfr *axfr, const struct wire_record *record)
{
	const struct wire_rdata *data = &axfr->rdata;
	if (record->type != LDNS_RR_TYPE_SOA ||
		!wire_name_equals(&record->owner, &axfr->zone))
		return malformed(axfr, "does not begin with the zone's SOA");
	memcpy(axfr->soa, data->bytes, data->len);
	axfr->soa_len = data->len;
	axfr->out.has_serial = true;
	axfr->out.serial = wire_u32(data->bytes + data->len - SERIAL_AT);
	return false;
}

static bool take_last(struct axfr *axfr, const struct wire_record *record)
{
	if (!wire_name_equals(&record->owner, &axfr->zone))
		return malformed(axfr, "sends a SOA below the zone's name");
	if (axfr->rdata.len != axfr->soa_len ||
		memcmp(axfr->rdata.bytes, axfr->soa, axfr->soa_len) != 0)
		return malformed(
			axfr, "ends with another SOA than it begins with");
	axfr->is_closed = true;
	return false;
}

/* What no zone holds: OPT, and questions and the like (RFC 6895 section
 * 3.1). */
static bool is_meta(uint16_t type)
{
	return type == 0 || type == LDNS_RR_TYPE_OPT ||
	       (type >= 128 && type <= 255);
}

/* A record of the answer section; true where it ends the transfer. */
static bool take_record(struct axfr *axfr, const struct wire *message,
	const struct wire_record *record, int64_t now_s)
{
	if (axfr->is_closed)
		return malformed(axfr, "sends records behind its last SOA");
	if (!wire_read_rdata(message, record, &axfr->rdata))
		return malformed(
			axfr, "sends a record that is not well formed");
	if (!wire_name_in(&record->owner, &axfr->zone))
		return malformed(axfr, "sends a record outside of the zone");
	if (record->class != WIRE_CLASS_IN)
		return malformed(axfr, "sends a record of another class");
	if (is_meta(record->type))
		return malformed(
			axfr, "sends a record of a type that no zone holds");
	if (axfr->out.n_records > 0 && record->type == LDNS_RR_TYPE_SOA)
		return take_last(axfr, record);
	if (axfr->out.n_records == 0 && take_first(axfr, record))
		return true;
	if (axfr->out.n_records == axfr->ask->records_max)
		return end(axfr, DNS_TRANSFER_LIMIT,
			arena_printf(axfr->arena,
				"holds more than %llu records",
				(unsigned long long)axfr->ask->records_max));
	axfr->out.n_records++;
	if (record->type == LDNS_RR_TYPE_RRSIG)
		take_signature(axfr, record, now_s);
	if (axfr->zonemd != NULL)
		zonemd_add(axfr->zonemd, record, &axfr->rdata);
	return false;
}

/* -- messages ------------------------------------------------------------ */

/* Where the parts of a message are. */
struct places {
	struct wire_header header;
	size_t answers;
	size_t tsig; /* 0: none */
};

static bool skip_records(struct wire *wire, unsigned n)
{
	while (n-- > 0)
		if (!wire_skip_record(wire))
			return false;
	return true;
}

static bool skip_questions(struct wire *wire, unsigned n)
{
	while (n-- > 0)
		if (!wire_skip_name(wire) || !wire_skip(wire, 4))
			return false;
	return true;
}

/* Of TSIG there is one, as the last record (RFC 8945 section 5.1). */
static bool find_tsig(struct wire *wire, struct places *places)
{
	unsigned n = places->header.n_additional;
	for (; n > 0; n--) {
		size_t at = wire->pos;
		if (!wire_skip_name(wire) || wire->len - wire->pos < 2)
			return false;
		bool is_tsig = wire_u16(wire->at + wire->pos) == TSIG_TYPE;
		wire->pos = at;
		if (!wire_skip_record(wire) || (is_tsig && n > 1))
			return false;
		if (is_tsig)
			places->tsig = at;
	}
	return true;
}

/* Whether all of it is there, and nothing else. */
static bool find_places(struct wire wire, struct places *places)
{
	const struct wire_header *header = &places->header;
	*places = (struct places){ 0 };
	if (!wire_read_header(&wire, &places->header) ||
		!skip_questions(&wire, header->n_questions))
		return false;
	places->answers = wire.pos;
	return skip_records(&wire, header->n_answers) &&
	       skip_records(&wire, header->n_authority) &&
	       find_tsig(&wire, places) && wire.pos == wire.len;
}

/* Only the first must repeat the question (RFC 5936 section 2.2.2). */
static bool has_question(const struct axfr *axfr, struct wire wire,
	const struct wire_header *header)
{
	struct wire_name name;
	uint16_t type, class;
	if (header->n_questions == 0)
		return axfr->out.n_messages > 1;
	wire.pos = WIRE_HEADER;
	return header->n_questions == 1 && wire_read_name(&wire, &name) &&
	       wire_read_u16(&wire, &type) && wire_read_u16(&wire, &class) &&
	       wire_name_equals(&name, &axfr->zone) && type == TYPE_AXFR &&
	       class == WIRE_CLASS_IN;
}

static bool refused(struct axfr *axfr, bool is_signed)
{
	const char *text = arena_printf(
		axfr->arena, "answers %s", dns_rcode_text(axfr->out.rcode));
	if (axfr->out.n_records == 0 && is_signed)
		text = arena_printf(axfr->arena,
			"%s, though it knows the key %s", text,
			axfr->ask->key->name);
	return end(axfr, DNS_TRANSFER_REFUSED, after(axfr, text));
}

static void forget_signatures(struct axfr *axfr)
{
	axfr->out.signature_end_s = axfr->out.signature_begin_s = 0;
	axfr->signatures.n = 0;
}

/* Forgets what came: nothing shows that it is the server's word. */
static bool not_verified(struct axfr *axfr, const char *why)
{
	axfr->out.has_serial = false;
	axfr->out.serial = 0;
	forget_signatures(axfr);
	if (axfr->out.rcode != 0)
		why = arena_printf(axfr->arena, "answers %s and %s",
			dns_rcode_text(axfr->out.rcode), why);
	return end(axfr, DNS_TRANSFER_NOT_VERIFIED, after(axfr, why));
}

/* True where the message goes no further. */
static bool check_tsig(struct axfr *axfr, const struct wire *message,
	const struct places *places, int64_t now_s, struct tsig_seen *seen)
{
	*seen = (struct tsig_seen){ .verdict = TSIG_HOLDS };
	if (axfr->tsig == NULL)
		return false;
	if (!tsig_check(axfr->tsig, message, places->tsig, now_s, seen))
		return malformed(axfr, "sends a TSIG that is not well formed");
	if (seen->has_offset)
		axfr->out.clock_offset_s = seen->offset_s;
	axfr->out.tsig_error = seen->error;
	axfr->is_open = seen->verdict == TSIG_OPEN;
	if (seen->verdict == TSIG_ERROR)
		return end(axfr, DNS_TRANSFER_REFUSED, seen->why);
	if (seen->verdict == TSIG_FAILS)
		return not_verified(axfr, seen->why);
	return false;
}

static bool done(struct axfr *axfr)
{
	if (axfr->zonemd != NULL)
		zonemd_judge(axfr->zonemd, axfr->arena, axfr->out.serial,
			&axfr->out);
	return end(axfr, DNS_TRANSFER_DONE, NULL);
}

/* The records of a message that is what it should be. */
static bool take_answers(struct axfr *axfr, struct wire message,
	const struct places *places, int64_t now_s)
{
	struct wire_record record;
	message.pos = places->answers;
	for (unsigned n = places->header.n_answers; n > 0; n--) {
		if (!wire_read_record(&message, &record))
			return malformed(
				axfr, "sends a name that is not well formed");
		if (take_record(axfr, &message, &record, now_s))
			return true;
	}
	return false;
}

/* What the message says beside its records; true where that ends it. */
static bool take_header(struct axfr *axfr, const struct wire *message,
	const struct places *places, const struct tsig_seen *seen)
{
	const struct wire_header *header = &places->header;
	if (axfr->out.rcode != 0)
		return refused(axfr, axfr->tsig != NULL && seen->is_signed);
	if (!has_question(axfr, *message, header))
		return malformed(axfr, "repeats another question");
	if (header->n_answers == 0)
		return malformed(axfr, after(axfr, "sends a message without "
						   "records"));
	return false;
}

static bool take_message(
	struct axfr *axfr, const struct wire *message, int64_t now_s)
{
	struct places places;
	struct tsig_seen seen;
	if (!find_places(*message, &places))
		return malformed(axfr, "sends what is no DNS message");
	if (places.header.id != axfr->id ||
		(places.header.flags & FLAG_QR) == 0 ||
		(places.header.flags & OPCODE) != 0)
		return malformed(axfr, "sends a message that is no answer to "
				       "the request");
	axfr->out.rcode = places.header.flags & RCODE;
	if (check_tsig(axfr, message, &places, now_s, &seen) ||
		take_header(axfr, message, &places, &seen) ||
		take_answers(axfr, *message, &places, now_s))
		return true;
	if (axfr->is_closed && seen.verdict == TSIG_OPEN)
		return not_verified(
			axfr, "leaves its last message without a TSIG");
	if (axfr->is_closed)
		return done(axfr);
	if (axfr->ask->stops_at_first)
		return end(axfr, DNS_TRANSFER_OPENED, NULL);
	return false;
}

bool axfr_take(
	struct axfr *axfr, const uint8_t *message, size_t len, int64_t now_s)
{
	struct wire wire = { .at = message, .len = len };
	axfr->out.n_messages++;
	axfr->out.n_bytes += len;
	if (axfr->out.n_bytes > AXFR_BYTES_MAX)
		return end(axfr, DNS_TRANSFER_LIMIT, "sends more than 256 MiB");
	return take_message(axfr, &wire, now_s);
}

struct dns_transfer *axfr_result(struct axfr *axfr)
{
	struct dns_transfer *out = arena_alloc(axfr->arena, sizeof(*out));
	settle_signatures(axfr);
	/* Given up between two signed messages; the serial is of the first. */
	if (axfr->is_open)
		forget_signatures(axfr);
	if (axfr->out.signature_end_s != 0) {
		axfr->out.signature_owner = wire_name_text(axfr->arena,
			axfr->first_owner.bytes, axfr->first_owner.len);
		axfr->out.signature_type =
			type_text(axfr->arena, axfr->first_covered);
	}
	*out = axfr->out;
	return out;
}
