/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the messages of a transfer come to, and whether their TSIGs hold:
 * each way in which a server, or somebody between, can get it wrong.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/dnsnet/axfr.h"
#include "common/dnsnet/tsig.h"
#include "common/dnsnet/zonemd.h"
#include "tests/unit/axfr_stream.h"
#include "tests/unit/tsig_vectors.h"

enum {
	RECORDS_MAX = 100,
	REFUSED = 5,
	NOTAUTH = 9,
};

static int set_up(void **state)
{
	const struct transfer_ask ask = { .zone = "example.org",
		.records_max = RECORDS_MAX,
		.now_s = STREAM_NOW_S };

	return run_set_up(state, &ask);
}

static const struct tsig_key *make_key(struct run *run, const char *algorithm)
{
	uint8_t *secret = arena_alloc(run->arena, STREAM_SECRET);
	for (size_t i = 0; i < STREAM_SECRET; i++)
		secret[i] = (uint8_t)i;
	const struct tsig_key *key =
		tsig_key_new(run->arena, tsig_algorithm_find(algorithm),
			"Transfer-Key.", secret, STREAM_SECRET);
	assert_non_null(key);
	return key;
}

static size_t begin_with(struct run *run, uint8_t request[AXFR_REQUEST_MAX])
{
	axfr_free(run->axfr);
	run->axfr = axfr_new(run->arena, &run->ask, &run->kept);
	assert_non_null(run->axfr);
	size_t len = axfr_request(run->axfr, STREAM_ID, STREAM_NOW_S, request);
	assert_true(len > 0);
	return len;
}

static void begin(struct run *run)
{
	uint8_t request[AXFR_REQUEST_MAX];
	(void)begin_with(run, request);
}

static void begin_signed(struct run *run)
{
	uint8_t request[AXFR_REQUEST_MAX];
	run->ask.key = make_key(run, "hmac-sha256");
	size_t len = begin_with(run, request);
	signer_start(&run->signer, request, len);
}

static bool give(struct run *run)
{
	return axfr_take(
		run->axfr, run->message.bytes, run->message.len, STREAM_NOW_S);
}

/* Each message that is given must end it as. */
static void ends(struct run *run, enum dns_transfer_end end)
{
	assert_true(give(run));
	run->out = axfr_result(run->axfr);
	assert_int_equal(run->out->end, end);
	assert_int_equal(run->out->outcome, DNS_ANSWERED);
	assert_int_equal(run->out->why == NULL,
		end == DNS_TRANSFER_DONE || end == DNS_TRANSFER_OPENED);
}

static void fill(struct run *run, bool with_question, const char *const *rrs)
{
	message_fill(&run->message, with_question, rrs);
}

/* One message of these records ends it so. */
static void alone(
	struct run *run, enum dns_transfer_end end, const char *const *rrs)
{
	begin(run);
	fill(run, true, rrs);
	ends(run, end);
}

#define RRS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define A_RECORD "www.example.org. 300 IN A 192.0.2.1"

/* -- records ------------------------------------------------------------- */

static void a_zone_in_one_message(void **state)
{
	struct run *run = *state;
	alone(run, DNS_TRANSFER_DONE, RRS(STREAM_SOA, A_RECORD, STREAM_SOA));
	assert_true(run->out->has_serial);
	assert_int_equal(run->out->serial, 42);
	assert_int_equal(run->out->n_records, 2);
	assert_int_equal(run->out->n_messages, 1);
	assert_int_equal(run->out->n_bytes, run->message.len);
	assert_int_equal(run->out->signature_end_s, 0);
	assert_int_equal(run->out->zonemd, DNS_ZONEMD_NOT_ASKED);
}

static void a_zone_in_three_messages(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA));
	assert_false(give(run));
	fill(run, false, RRS(A_RECORD, "www.example.org. 300 IN TXT \"x\""));
	assert_false(give(run));
	fill(run, true, RRS(STREAM_SOA));
	ends(run, DNS_TRANSFER_DONE);
	assert_int_equal(run->out->n_records, 3);
	assert_int_equal(run->out->n_messages, 3);
}

static void the_closing_soa_may_differ_in_case(void **state)
{
	static const char other[] =
		"EXAMPLE.org. 300 IN SOA NS1.example.org. Host.Example.Org. "
		"42 7200 900 1209600 300";
	alone(*state, DNS_TRANSFER_DONE, RRS(STREAM_SOA, other));
}

static void the_soa_must_come_first(void **state)
{
	alone(*state, DNS_TRANSFER_MALFORMED, RRS(A_RECORD, STREAM_SOA));
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS("sub.example.org. 300 IN SOA a. b. 1 2 3 4 5"));
}

static void the_soa_must_not_change(void **state)
{
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, A_RECORD,
			"example.org. 300 IN SOA ns1.example.org. "
			"host.example.org. 43 7200 900 1209600 300"));
}

static void a_soa_below_the_zone_is_malformed(void **state)
{
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, A_RECORD, "sub." STREAM_SOA));
}

static void nothing_may_follow_the_end(void **state)
{
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, A_RECORD, STREAM_SOA, A_RECORD));
}

static void foreign_records_are_malformed(void **state)
{
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, "www.example.net. 300 IN A 192.0.2.1"));
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, "wwwexample.org. 300 IN A 192.0.2.1"));
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, "x\\007example\\003org. 300 IN A 192.0.2.1"));
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, "www.example.org. 300 CH TXT \"x\""));
	alone(*state, DNS_TRANSFER_MALFORMED,
		RRS(STREAM_SOA, "www.example.org. 300 IN TYPE255 \\# 0"));
}

static void other_sections_are_not_counted(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	message_add_to(&run->message, 2, A_RECORD);
	message_add_to(&run->message, 3, "www.example.net. 0 IN A 192.0.2.1");
	ends(run, DNS_TRANSFER_DONE);
	assert_int_equal(run->out->n_records, 1);
}

static void too_many_records_are_a_limit(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA));
	assert_false(give(run));
	for (unsigned i = 1; i < RECORDS_MAX; i++) {
		fill(run, false, RRS(A_RECORD));
		assert_false(give(run));
	}
	fill(run, false, RRS(A_RECORD));
	ends(run, DNS_TRANSFER_LIMIT);
	assert_int_equal(run->out->n_records, RECORDS_MAX);
}

static void as_many_as_wanted_are_none(void **state)
{
	struct run *run = *state;
	run->ask.records_max = 2;
	alone(run, DNS_TRANSFER_DONE, RRS(STREAM_SOA, A_RECORD, STREAM_SOA));
}

static void the_first_message_may_do(void **state)
{
	struct run *run = *state;
	run->ask.stops_at_first = true;
	alone(run, DNS_TRANSFER_OPENED, RRS(STREAM_SOA, A_RECORD));
	assert_int_equal(run->out->n_records, 2);
	alone(run, DNS_TRANSFER_DONE, RRS(STREAM_SOA, STREAM_SOA));
}

/* -- messages ------------------------------------------------------------ */

static void an_rcode_is_a_refusal(void **state)
{
	struct run *run = *state;
	begin(run);
	message_start(&run->message, false);
	message_set_rcode(&run->message, REFUSED);
	ends(run, DNS_TRANSFER_REFUSED);
	assert_int_equal(run->out->rcode, REFUSED);
	assert_int_equal(run->out->tsig_error, 0);
}

static void an_rcode_midway_is_one_too(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA, A_RECORD));
	assert_false(give(run));
	message_start(&run->message, true);
	message_set_rcode(&run->message, 2);
	ends(run, DNS_TRANSFER_REFUSED);
	assert_int_equal(run->out->rcode, 2);
	assert_int_equal(run->out->n_records, 2);
}

static void a_message_without_records_is_malformed(void **state)
{
	struct run *run = *state;
	begin(run);
	message_start(&run->message, true);
	ends(run, DNS_TRANSFER_MALFORMED);
}

static void the_header_must_fit(void **state)
{
	/* Byte, value: another id, a query, another opcode, two questions
	 * of which one is there. */
	static const uint8_t faults[][2] = { { 1, 0 }, { 2, 0x04 }, { 2, 0xa4 },
		{ 5, 2 }, { 7, 9 } };
	struct run *run = *state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		begin(run);
		fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
		run->message.bytes[faults[i][0]] = faults[i][1];
		ends(run, DNS_TRANSFER_MALFORMED);
	}
}

static void the_question_must_fit(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, false, RRS(STREAM_SOA, STREAM_SOA));
	ends(run, DNS_TRANSFER_MALFORMED);
	begin(run);
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	run->message.bytes[13] = 'f'; /* of the name */
	ends(run, DNS_TRANSFER_MALFORMED);
	begin(run);
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	run->message.bytes[26] = 251; /* IXFR */
	ends(run, DNS_TRANSFER_MALFORMED);
}

/* No prefix of a message is one, nor is one with more behind. */
static void a_message_is_whole(void **state)
{
	struct run *run = *state;
	fill(run, true, RRS(STREAM_SOA, A_RECORD, STREAM_SOA));
	size_t len = run->message.len;
	run->message.bytes[len] = 0;
	for (size_t part = 0; part <= len + 1; part++) {
		run->message.len = part;
		begin(run);
		ends(run, part == len ? DNS_TRANSFER_DONE
				      : DNS_TRANSFER_MALFORMED);
	}
}

/* -- compression --------------------------------------------------------- */

static void set_pointer(uint8_t *at, size_t to)
{
	at[0] = (uint8_t)(0xc0 | to >> 8);
	at[1] = (uint8_t)to;
}

/* "a", then so many pointers, each to what is before it, or, but for the
 * last, to what is behind. */
static bool read_chain(size_t n, bool is_forward)
{
	uint8_t bytes[1024] = { 1, 'a', 0 };
	struct wire wire = { .at = bytes, .len = 3 + 2 * n };
	struct wire_name name;
	for (size_t i = 0; i < n; i++) {
		size_t before = i == 0 ? 0 : 3 + 2 * (i - 1);
		size_t after = i + 1 == n ? 0 : 3 + 2 * (i + 1);
		set_pointer(bytes + 3 + 2 * i, is_forward ? after : before);
	}
	wire.pos = is_forward ? 3 : wire.len - 2;
	return wire_read_name(&wire, &name) && name.len == 3;
}

static void pointers_lead_back(void **state)
{
	(void)state;
	for (size_t n = 1; n < 300; n++) {
		assert_int_equal(read_chain(n, false), n <= 127);
		assert_int_equal(read_chain(n, true), n == 1);
	}
}

static void a_name_that_points_to_itself_is_malformed(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA));
	size_t at = run->message.len;
	message_add(&run->message, ". 300 IN A 192.0.2.1");
	memmove(run->message.bytes + at + 2, run->message.bytes + at + 1,
		run->message.len - at - 1);
	run->message.len++;
	set_pointer(run->message.bytes + at, at);
	ends(run, DNS_TRANSFER_MALFORMED);
}

static void data_is_held_to_its_form(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA, "a.example.org. 0 IN A 192.0.2.1"));
	run->message.bytes[run->message.len - 5] = 3; /* of four */
	run->message.len--;
	ends(run, DNS_TRANSFER_MALFORMED);
	begin(run);
	fill(run, true, RRS(STREAM_SOA, "a.example.org. 0 IN A 192.0.2.1"));
	run->message.bytes[run->message.len - 5] = 5;
	run->message.bytes[run->message.len++] = 0;
	ends(run, DNS_TRANSFER_MALFORMED);
	begin(run);
	fill(run, true, RRS(STREAM_SOA, "a.example.org. 0 IN MX 1 b."));
	run->message.bytes[run->message.len - 3] = 9; /* of the name */
	ends(run, DNS_TRANSFER_MALFORMED);
}

/* -- the end of the connection ------------------------------------------- */

static const struct dns_transfer *cut(struct run *run)
{
	axfr_cut(run->axfr, DNS_CONNECTION_LOST, "at once", "midway");
	return axfr_result(run->axfr);
}

static void a_cut_tells_how_far_it_came(void **state)
{
	struct run *run = *state;
	begin(run);
	assert_string_equal(cut(run)->why, "at once");
	assert_int_equal(cut(run)->end, DNS_TRANSFER_BROKEN);
	assert_int_equal(cut(run)->outcome, DNS_CONNECTION_LOST);
	begin(run);
	fill(run, true, RRS(STREAM_SOA, A_RECORD));
	assert_false(give(run));
	assert_string_equal(cut(run)->why, "midway after 2 records");
	assert_int_equal(cut(run)->end, DNS_TRANSFER_BROKEN);
}

/* As a server does that is asked for differences and has none. */
static void a_soa_alone_is_no_transfer(void **state)
{
	struct run *run = *state;
	begin(run);
	fill(run, true, RRS(STREAM_SOA));
	assert_false(give(run));
	assert_int_equal(cut(run)->end, DNS_TRANSFER_MALFORMED);
}

/* -- signatures ---------------------------------------------------------- */

#define RRSIG(owner, covers, end, begin, key)                            \
	owner " 300 IN RRSIG " covers " 13 2 300 " end " " begin " " key \
	      " example.org. AAAA"

static void the_earliest_signature_is_told(void **state)
{
	struct run *run = *state;
	alone(run, DNS_TRANSFER_DONE,
		RRS(STREAM_SOA,
			RRSIG("example.org.", "SOA", "1767830400", "1767139200",
				"7"),
			RRSIG("Www.example.org.", "A", "1767312000",
				"1767139201", "7"),
			RRSIG("x.example.org.", "AAAA", "1767830400",
				"1767139200", "7"),
			STREAM_SOA));
	assert_int_equal(run->out->signature_end_s, 1767312000);
	assert_int_equal(run->out->signature_begin_s, 1767139201);
	assert_string_equal(run->out->signature_owner, "www.example.org");
	assert_string_equal(run->out->signature_type, "A");
}

/* Two keys, one on its way out. */
static void of_one_set_the_last_to_end_counts(void **state)
{
	struct run *run = *state;
	alone(run, DNS_TRANSFER_DONE,
		RRS(STREAM_SOA,
			RRSIG("example.org.", "SOA", "1767312000", "1767139200",
				"7"),
			RRSIG("example.org.", "NS", "1767700000", "1767139200",
				"7"),
			RRSIG("example.org.", "SOA", "1767830400", "1767139200",
				"8"),
			STREAM_SOA));
	assert_int_equal(run->out->signature_end_s, 1767700000);
	assert_string_equal(run->out->signature_type, "NS");
}

/* RFC 4034 section 3.1.5: 4294967295 is 55 years ago here. */
static void signature_times_are_modulo(void **state)
{
	struct run *run = *state;
	alone(run, DNS_TRANSFER_DONE,
		RRS(STREAM_SOA,
			RRSIG("example.org.", "SOA", "4294967295", "1767139200",
				"7"),
			STREAM_SOA));
	assert_int_equal(run->out->signature_end_s, -1);
}

static void many_types_at_one_name_are_all_seen(void **state)
{
	struct run *run = *state;
	char text[200];
	begin(run);
	fill(run, true, RRS(STREAM_SOA));
	for (unsigned i = 0; i < 70; i++) {
		snprintf(text, sizeof(text),
			"a.example.org. 300 IN RRSIG TYPE%u 13 3 300 %u "
			"1767139200 7 example.org. AAAA",
			1000 + i, 1767830400U - (i == 50 ? 1000 : 0));
		message_add(&run->message, text);
	}
	message_add(&run->message, STREAM_SOA);
	ends(run, DNS_TRANSFER_DONE);
	assert_int_equal(run->out->signature_end_s, 1767829400);
	assert_string_equal(run->out->signature_type, "TYPE1050");
}

/* -- TSIG ---------------------------------------------------------------- */

static size_t from_hex(const char *hex, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;
	for (; *hex != '\0'; hex += 2)
		out[len++] = (uint8_t)((strchr(digits, hex[0]) - digits) << 4 |
				       (strchr(digits, hex[1]) - digits));
	return len;
}

static void play_vector(struct run *run, const struct tsig_vector *vector,
	size_t flipped, bool is_good)
{
	uint8_t request[AXFR_REQUEST_MAX], expected[AXFR_REQUEST_MAX];
	bool has_ended = false;
	run->ask.key = make_key(run, vector->algorithm);
	size_t len = begin_with(run, request);
	assert_int_equal(len, from_hex(vector->request, expected));
	assert_memory_equal(request, expected, len);
	size_t at = 0;
	for (size_t i = 0; i < VECTOR_MESSAGES && !has_ended; i++) {
		run->message.len =
			from_hex(vector->messages[i], run->message.bytes);
		if (flipped >= at && flipped - at < run->message.len)
			run->message.bytes[flipped - at] ^= 0x40;
		at += run->message.len;
		has_ended = give(run);
	}
	run->out = axfr_result(run->axfr);
	assert_int_equal(
		has_ended && run->out->end == DNS_TRANSFER_DONE, is_good);
}

static void the_vectors_of_each_algorithm_hold(void **state)
{
	struct run *run = *state;
	for (size_t i = 0; i < COUNT(tsig_vectors); i++) {
		play_vector(run, &tsig_vectors[i], SIZE_MAX, true);
		assert_int_equal(run->out->n_records, 4);
		assert_int_equal(run->out->n_messages, 4);
		assert_int_equal(run->out->serial, 42);
	}
}

static void a_changed_byte_is_noticed(void **state)
{
	struct run *run = *state;
	const struct tsig_vector *vector = &tsig_vectors[3];
	size_t len = 0;
	for (size_t i = 0; i < VECTOR_MESSAGES; i++)
		len += strlen(vector->messages[i]) / 2;
	for (size_t at = 0; at < len; at++)
		play_vector(run, vector, at, false);
}

static void sign(struct run *run, int64_t time_s)
{
	signer_sign(&run->signer, &run->message, time_s);
}

static void leave(struct run *run)
{
	signer_leave(&run->signer, &run->message);
}

/* SOA, n messages without a TSIG, the last SOA, which has one or not. */
static bool play_unsigned(struct run *run, unsigned n, bool signs_last)
{
	begin_signed(run);
	run->ask.records_max = 1000;
	fill(run, true, RRS(STREAM_SOA));
	sign(run, STREAM_NOW_S);
	assert_false(give(run));
	for (unsigned i = 0; i < n; i++) {
		fill(run, false, RRS(A_RECORD));
		leave(run);
		if (give(run))
			return true;
	}
	fill(run, false, RRS(STREAM_SOA));
	if (signs_last)
		sign(run, STREAM_NOW_S);
	return give(run);
}

static void not_verified(struct run *run)
{
	run->out = axfr_result(run->axfr);
	assert_int_equal(run->out->end, DNS_TRANSFER_NOT_VERIFIED);
	assert_non_null(run->out->why);
	assert_false(run->out->has_serial);
	assert_int_equal(run->out->signature_end_s, 0);
}

static void ninety_nine_unsigned_are_permitted(void **state)
{
	struct run *run = *state;
	assert_true(play_unsigned(run, 99, true));
	assert_int_equal(axfr_result(run->axfr)->end, DNS_TRANSFER_DONE);
	assert_int_equal(axfr_result(run->axfr)->n_records, 100);
}

static void a_hundred_are_not(void **state)
{
	struct run *run = *state;
	assert_true(play_unsigned(run, 100, true));
	not_verified(run);
	assert_int_equal(run->out->n_messages, 101);
}

static void the_last_must_be_signed(void **state)
{
	struct run *run = *state;
	assert_true(play_unsigned(run, 3, false));
	not_verified(run);
}

/* Given up between two TSIGs: only what the first covers is told. */
static void unsigned_signatures_are_not_told(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	run->ask.records_max = 2;
	fill(run, true, RRS(STREAM_SOA));
	sign(run, STREAM_NOW_S);
	assert_false(give(run));
	fill(run, false,
		RRS(RRSIG("www.example.org.", "A", "1767312000", "1767139200",
			    "1"),
			A_RECORD));
	leave(run);
	ends(run, DNS_TRANSFER_LIMIT);
	assert_int_equal(run->out->n_records, 2);
	assert_int_equal(run->out->serial, 42);
	assert_int_equal(run->out->signature_end_s, 0);
}

static void the_first_must_be_signed(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA, A_RECORD, STREAM_SOA));
	assert_true(give(run));
	not_verified(run);
}

static void an_unsigned_refusal_is_not_believed(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	message_start(&run->message, true);
	message_set_rcode(&run->message, REFUSED);
	assert_true(give(run));
	not_verified(run);
	assert_int_equal(run->out->rcode, REFUSED);
}

static void a_signed_refusal_is(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	message_start(&run->message, true);
	message_set_rcode(&run->message, REFUSED);
	sign(run, STREAM_NOW_S);
	ends(run, DNS_TRANSFER_REFUSED);
	assert_int_equal(run->out->rcode, REFUSED);
}

static void every_message_may_be_signed(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA));
	for (unsigned i = 0; i < 5; i++) {
		sign(run, STREAM_NOW_S + i);
		assert_false(give(run));
		fill(run, false, RRS(A_RECORD));
	}
	fill(run, false, RRS(STREAM_SOA));
	sign(run, STREAM_NOW_S);
	ends(run, DNS_TRANSFER_DONE);
}

/* A message left out, or put in, between two that are signed. */
static void the_stream_is_one(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA));
	sign(run, STREAM_NOW_S);
	assert_false(give(run));
	fill(run, false, RRS(A_RECORD));
	leave(run); /* and it is lost */
	fill(run, false, RRS(STREAM_SOA));
	sign(run, STREAM_NOW_S);
	assert_true(give(run));
	not_verified(run);
}

static void another_secret_is_noticed(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	run->signer.secret[0]++;
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	sign(run, STREAM_NOW_S);
	assert_true(give(run));
	not_verified(run);
}

static void the_time_must_fit(void **state)
{
	static const int64_t offsets_s[] = { -7200, -301, -300, 0, 300, 301,
		7200 };
	struct run *run = *state;
	for (size_t i = 0; i < COUNT(offsets_s); i++) {
		int64_t offset_s = offsets_s[i];
		begin_signed(run);
		fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
		sign(run, STREAM_NOW_S + offset_s);
		assert_true(give(run));
		if (offset_s >= -300 && offset_s <= 300) {
			assert_int_equal(
				axfr_result(run->axfr)->end, DNS_TRANSFER_DONE);
			continue;
		}
		not_verified(run);
		assert_int_equal(run->out->clock_offset_s, offset_s);
	}
}

static void refuse(struct run *run, uint16_t error)
{
	message_start(&run->message, true);
	message_set_rcode(&run->message, NOTAUTH);
	run->signer.error = error;
}

static void an_unknown_key_is_named(void **state)
{
	static const uint16_t errors[] = { TSIG_BADSIG, TSIG_BADKEY,
		TSIG_BADTRUNC, 99 };
	struct run *run = *state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		begin_signed(run);
		refuse(run, errors[i]);
		signer_refuse(&run->signer, &run->message);
		ends(run, DNS_TRANSFER_REFUSED);
		assert_int_equal(run->out->rcode, NOTAUTH);
		assert_int_equal(run->out->tsig_error, errors[i]);
	}
}

static void a_clock_that_is_off_is_told(void **state)
{
	/* Two hours ahead of STREAM_NOW_S. */
	static const uint8_t time[] = { 0, 0, 0x69, 0x55, 0xd5, 0x20 };
	struct run *run = *state;
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		begin_signed(run);
		refuse(run, TSIG_BADTIME);
		run->signer.other = time;
		run->signer.other_len = sizeof(time);
		if (is_signed)
			sign(run, STREAM_NOW_S);
		else
			signer_refuse(&run->signer, &run->message);
		ends(run, DNS_TRANSFER_REFUSED);
		assert_int_equal(run->out->tsig_error, TSIG_BADTIME);
		assert_int_equal(run->out->clock_offset_s, 7200);
	}
}

static void a_forged_clock_is_not(void **state)
{
	static const uint8_t time[] = { 0, 0, 0x69, 0x55, 0xd5, 0x20 };
	struct run *run = *state;
	begin_signed(run);
	refuse(run, TSIG_BADTIME);
	run->signer.other = time;
	run->signer.other_len = sizeof(time);
	run->signer.secret[0]++;
	sign(run, STREAM_NOW_S);
	assert_true(give(run));
	not_verified(run);
	assert_int_equal(run->out->clock_offset_s, 0);
}

static void a_truncated_mac_is_refused(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	run->signer.mac_len = 32;
	sign(run, STREAM_NOW_S);
	/* 16 of the 32 bytes: the lengths of data and MAC, then the rest. */
	uint8_t *bytes = run->message.bytes;
	size_t mac = run->message.len - 6 - 32;
	bytes[mac - 1] = 16;
	bytes[mac - 10 - 13 - 1] -= 16;
	memmove(bytes + mac + 16, bytes + mac + 32, 6);
	run->message.len -= 16;
	assert_true(give(run));
	not_verified(run);
	assert_non_null(strstr(run->out->why, "truncated"));
}

static void a_tsig_must_be_last(void **state)
{
	struct run *run = *state;
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	sign(run, STREAM_NOW_S);
	message_add_to(&run->message, 3, A_RECORD);
	ends(run, DNS_TRANSFER_MALFORMED);
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA, STREAM_SOA));
	sign(run, STREAM_NOW_S);
	signer_refuse(&run->signer, &run->message);
	ends(run, DNS_TRANSFER_MALFORMED);
}

static void the_first_message_may_do_if_signed(void **state)
{
	struct run *run = *state;
	run->ask.stops_at_first = true;
	begin_signed(run);
	fill(run, true, RRS(STREAM_SOA, A_RECORD));
	sign(run, STREAM_NOW_S);
	ends(run, DNS_TRANSFER_OPENED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, run_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_zone_in_one_message),
		TEST(a_zone_in_three_messages),
		TEST(the_closing_soa_may_differ_in_case),
		TEST(the_soa_must_come_first),
		TEST(the_soa_must_not_change),
		TEST(a_soa_below_the_zone_is_malformed),
		TEST(nothing_may_follow_the_end),
		TEST(foreign_records_are_malformed),
		TEST(other_sections_are_not_counted),
		TEST(too_many_records_are_a_limit),
		TEST(as_many_as_wanted_are_none),
		TEST(the_first_message_may_do),
		TEST(an_rcode_is_a_refusal),
		TEST(an_rcode_midway_is_one_too),
		TEST(a_message_without_records_is_malformed),
		TEST(the_header_must_fit),
		TEST(the_question_must_fit),
		TEST(a_message_is_whole),
		TEST(pointers_lead_back),
		TEST(a_name_that_points_to_itself_is_malformed),
		TEST(data_is_held_to_its_form),
		TEST(a_cut_tells_how_far_it_came),
		TEST(a_soa_alone_is_no_transfer),
		TEST(the_earliest_signature_is_told),
		TEST(of_one_set_the_last_to_end_counts),
		TEST(signature_times_are_modulo),
		TEST(many_types_at_one_name_are_all_seen),
		TEST(the_vectors_of_each_algorithm_hold),
		TEST(a_changed_byte_is_noticed),
		TEST(ninety_nine_unsigned_are_permitted),
		TEST(a_hundred_are_not),
		TEST(the_last_must_be_signed),
		TEST(unsigned_signatures_are_not_told),
		TEST(the_first_must_be_signed),
		TEST(an_unsigned_refusal_is_not_believed),
		TEST(a_signed_refusal_is),
		TEST(every_message_may_be_signed),
		TEST(the_stream_is_one),
		TEST(another_secret_is_noticed),
		TEST(the_time_must_fit),
		TEST(an_unknown_key_is_named),
		TEST(a_clock_that_is_off_is_told),
		TEST(a_forged_clock_is_not),
		TEST(a_truncated_mac_is_refused),
		TEST(a_tsig_must_be_last),
		TEST(the_first_message_may_do_if_signed),
	};
#undef TEST

	return cmocka_run_group_tests_name("axfr", tests, NULL, NULL);
}
