/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The digest of a zone, as it comes over in a transfer; the zones and their
 * digests are those of RFC 8976, appendix A.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#include "common/dnsnet/axfr.h"
#include "common/dnsnet/zonemd.h"
#include "tests/unit/axfr_stream.h"

enum {
	RECORDS_MAX = 100,
	LARGE = 60000, /* bytes of data */
};

#define SOA                                                             \
	"example. 86400 IN SOA ns1.example. admin.example. 2018031900 " \
	"1800 900 604800 86400"
#define NS1      "example. 86400 IN NS ns1.example."
#define NS2      "example. 86400 IN NS ns2.example."
#define NS1_A    "ns1.example. 3600 IN A 203.0.113.63"
#define NS2_AAAA "ns2.example. 3600 IN AAAA 2001:db8::63"
#define ZONEMD   "example. 86400 IN ZONEMD "
#define SERIAL   "2018031900 "

/* A.1 */
#define SIMPLE_384                                                          \
	"c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a" \
	"9713b3c9ae5cc27777f98b8e730044c"

/* Made by another program, which sorts names as lists of labels. */
#define LABELS_384                                                         \
	"96bb436503389c376973ea0a4a71234a4f693a29658e15b6b34f8e1e769309c8" \
	"63633b47b75d5c5c6846309964bac159"

static int set_up(void **state)
{
	const struct transfer_ask ask = { .zone = "example",
		.records_max = RECORDS_MAX,
		.wants_zonemd = true,
		.now_s = STREAM_NOW_S };

	return run_set_up(state, &ask);
}

static void begin(struct run *run)
{
	static const uint8_t question[] = "\7example\0\0\374\0\1";
	uint8_t request[AXFR_REQUEST_MAX];
	axfr_free(run->axfr);
	run->axfr = axfr_new(run->arena, &run->ask, &run->kept);
	assert_non_null(run->axfr);
	assert_true(
		axfr_request(run->axfr, STREAM_ID, STREAM_NOW_S, request) > 0);
	message_start(&run->message, false);
	memcpy(run->message.bytes + run->message.len, question,
		sizeof(question) - 1);
	run->message.len += sizeof(question) - 1;
	run->message.bytes[5] = 1;
}

static void finish(struct run *run)
{
	message_add(&run->message, SOA);
	assert_true(axfr_take(
		run->axfr, run->message.bytes, run->message.len, STREAM_NOW_S));
	run->out = axfr_result(run->axfr);
	assert_int_equal(run->out->end, DNS_TRANSFER_DONE);
	assert_int_equal(run->out->zonemd_why == NULL,
		run->out->zonemd == DNS_ZONEMD_FINE ||
			run->out->zonemd == DNS_ZONEMD_ABSENT);
}

/* These records behind the SOA come to that. */
static void comes_to(
	void **state, enum dns_zonemd zonemd, const char *const *rrs)
{
	struct run *run = *state;
	begin(run);
	message_add(&run->message, SOA);
	for (; *rrs != NULL; rrs++)
		message_add(&run->message, *rrs);
	finish(run);
	assert_int_equal(run->out->zonemd, zonemd);
}

#define RRS(...)    ((const char *const[]){ __VA_ARGS__, NULL })
#define SIMPLE_ZONE NS1, NS2, NS1_A, NS2_AAAA

static void the_simple_zone_holds(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384));
}

static void order_and_repetition_do_not_matter(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(NS2_AAAA, ZONEMD SERIAL "1 1 " SIMPLE_384, NS1_A, NS2, NS1,
			NS2_AAAA, NS1, ZONEMD SERIAL "1 1 " SIMPLE_384));
}

static void case_does_not_matter_where_names_are(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS("EXAMPLE. 86400 IN NS NS1.example.", NS2,
			"Ns1.example. 3600 IN A 203.0.113.63", NS2_AAAA,
			ZONEMD SERIAL "1 1 " SIMPLE_384));
}

/* Of the apex; RFC 8976 section 3.3.1.1. */
static void its_own_signature_is_left_out(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384,
			"example. 86400 IN RRSIG ZONEMD 13 1 86400 1767830400 "
			"1767139200 7 example. AAAA"));
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384,
			"example. 86400 IN RRSIG SOA 13 1 86400 1767830400 "
			"1767139200 7 example. AAAA"));
}

/* A.2, but for what lies outside of the zone. */
static void the_complex_zone_holds(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SIMPLE_ZONE,
			ZONEMD SERIAL
			"1 1 a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552a"
			"e2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe",
			"occluded.sub.example. 7200 IN TXT \"I'm occluded but "
			"must be digested\"",
			"sub.example. 7200 IN NS ns1.example.",
			"duplicate.example. 300 IN TXT \"I must be digested "
			"just once\"",
			"duplicate.example. 300 IN TXT \"I must be digested "
			"just once\"",
			"UPPERCASE.example. 3600 IN TXT \"canonicalize "
			"uppercase owner names\"",
			"*.example. 777 IN PTR "
			"dont-forget-about-wildcards.example.",
			"mail.example. 3600 IN MX 20 MAIL1.example.",
			"mail.example. 3600 IN MX 10 Mail2.Example.",
			"sortme.example. 3600 IN AAAA 2001:db8::5:61",
			"sortme.example. 3600 IN AAAA 2001:db8::3:62",
			"sortme.example. 3600 IN AAAA 2001:db8::4:63",
			"sortme.example. 3600 IN AAAA 2001:db8::1:65",
			"sortme.example. 3600 IN AAAA 2001:db8::2:64",
			"non-apex.example. 900 IN ZONEMD 2018031900 1 1 "
			"616c6c6f776564206275742069676e6f7265642e20616c6c6f7765"
			"64206275742069676e6f7265642e20616c6c6f7765"));
}

/* A.3 */
#define SEVERAL_384                                                         \
	"62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279" \
	"dd10f0edb1c56f8080211f8480ee306"
#define SEVERAL_512                                                         \
	"08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a4" \
	"e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27"
#define SEVERAL_ZONE                                                     \
	NS1, NS2, "ns1.example. 3600 IN A 203.0.113.63",                 \
		"ns2.example. 86400 IN TXT \"This example has multiple " \
		"digests\"",                                             \
		NS2_AAAA

static void one_that_holds_is_enough(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SEVERAL_ZONE, ZONEMD SERIAL "1 1 " SEVERAL_384,
			ZONEMD SERIAL "1 2 " SEVERAL_512));
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SEVERAL_ZONE, ZONEMD SERIAL "1 2 " SEVERAL_512));
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SEVERAL_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384,
			ZONEMD SERIAL "1 2 " SEVERAL_512));
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SEVERAL_ZONE,
			ZONEMD SERIAL "1 240 e2d523f654b9422a96c5a8f44607bbee",
			ZONEMD SERIAL "241 1 5732dd91240611f8314adb6b4769bdd2",
			ZONEMD SERIAL "1 1 " SEVERAL_384));
}

static void what_changed_is_noticed(void **state)
{
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(NS1, NS2, NS1_A, ZONEMD SERIAL "1 1 " SIMPLE_384));
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(SIMPLE_ZONE, "x.example. 1 IN A 192.0.2.1",
			ZONEMD SERIAL "1 1 " SIMPLE_384));
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(NS1, NS2, NS2_AAAA, "ns1.example. 3601 IN A 203.0.113.63",
			ZONEMD SERIAL "1 1 " SIMPLE_384));
}

static void the_serial_must_be_the_zones(void **state)
{
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(SIMPLE_ZONE, ZONEMD "2018031901 1 1 " SIMPLE_384));
}

static void two_of_a_kind_spoil_both(void **state)
{
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384,
			ZONEMD SERIAL "1 1 " SEVERAL_384));
}

static void a_digest_has_its_length(void **state)
{
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384 "00"));
	comes_to(state, DNS_ZONEMD_WRONG,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 c68090d90a7aed716bc459f9"));
}

static void a_zone_may_have_none(void **state)
{
	comes_to(state, DNS_ZONEMD_ABSENT, RRS(SIMPLE_ZONE));
	comes_to(state, DNS_ZONEMD_ABSENT,
		RRS(SIMPLE_ZONE, "ns1.example. 300 IN ZONEMD " SERIAL
				 "1 1 " SIMPLE_384));
}

static void what_is_not_known_is_not_judged(void **state)
{
	comes_to(state, DNS_ZONEMD_UNSUPPORTED,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "240 1 " SIMPLE_384,
			ZONEMD SERIAL "1 240 " SIMPLE_384));
}

static void labels_are_compared_from_the_root(void **state)
{
	comes_to(state, DNS_ZONEMD_FINE,
		RRS("\\200.z.example. 0 IN A 192.0.2.9",
			"*.z.example. 0 IN A 192.0.2.8",
			"\\001.z.example. 0 IN A 192.0.2.7",
			"z.example. 0 IN A 192.0.2.6",
			"zABC.a.EXAMPLE. 0 IN A 192.0.2.5",
			"Z.a.example. 0 IN A 192.0.2.4",
			"yljkjljk.a.example. 0 IN A 192.0.2.3",
			"a.example. 0 IN A 192.0.2.2",
			"\\000.z.example. 0 IN A 192.0.2.10",
			"\\000\\001.z.example. 0 IN A 192.0.2.11",
			"\\001\\000.z.example. 0 IN A 192.0.2.12",
			"a.\\000.z.example. 0 IN A 192.0.2.13",
			"a.q.example. 0 IN A 192.0.2.1",
			"q\\000a.example. 0 IN A 192.0.2.1",
			"q\\001a.example. 0 IN A 192.0.2.1",
			"q\\002a.example. 0 IN A 192.0.2.1",
			ZONEMD SERIAL "1 1 " LABELS_384));
}

/* A record of as much data as a message has room for, as good as. */
static bool give_large(struct run *run, unsigned i)
{
	const uint8_t record[] = { 2, (uint8_t)(i >> 8), (uint8_t)i, 7, 'e',
		'x', 'a', 'm', 'p', 'l', 'e', 0, 0xff, 0, 0, 1, 0, 0, 0, 0,
		LARGE >> 8, LARGE & 0xff };
	struct message *message = &run->message;
	message_start(message, false);
	memcpy(message->bytes + message->len, record, sizeof(record));
	message->len += sizeof(record);
	memset(message->bytes + message->len, 0, LARGE);
	message->len += LARGE;
	message->bytes[7] = 1; /* answers */
	return axfr_take(run->axfr, message->bytes, message->len, STREAM_NOW_S);
}

/* Some 67 MB. */
static void a_zone_that_is_too_large_is_not_judged(void **state)
{
	struct run *run = *state;
	run->ask.records_max = 2000;
	begin(run);
	message_add(&run->message, SOA);
	message_add(&run->message, ZONEMD SERIAL "1 1 " SIMPLE_384);
	assert_false(axfr_take(
		run->axfr, run->message.bytes, run->message.len, STREAM_NOW_S));
	for (unsigned i = 0; i < 1130; i++)
		assert_false(give_large(run, i));
	message_start(&run->message, false);
	finish(run);
	assert_int_equal(run->out->zonemd, DNS_ZONEMD_UNSUPPORTED);
	assert_non_null(strstr(run->out->zonemd_why, "larger"));
	assert_int_equal(run->out->n_records, 1132);
	assert_int_equal(run->kept, 0);
}

/* Nor are several at once that are too large together. */
static void zones_share_a_bound(void **state)
{
	struct run *run = *state;
	run->kept = ZONEMD_TOTAL_MAX - 200;
	comes_to(state, DNS_ZONEMD_UNSUPPORTED,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384));
	assert_int_equal(run->kept, ZONEMD_TOTAL_MAX - 200);
	run->kept -= 600;
	comes_to(state, DNS_ZONEMD_FINE,
		RRS(SIMPLE_ZONE, ZONEMD SERIAL "1 1 " SIMPLE_384));
	axfr_free(run->axfr);
	run->axfr = NULL;
	assert_int_equal(run->kept, ZONEMD_TOTAL_MAX - 800);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, run_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_simple_zone_holds),
		TEST(order_and_repetition_do_not_matter),
		TEST(case_does_not_matter_where_names_are),
		TEST(its_own_signature_is_left_out),
		TEST(the_complex_zone_holds),
		TEST(one_that_holds_is_enough),
		TEST(what_changed_is_noticed),
		TEST(the_serial_must_be_the_zones),
		TEST(two_of_a_kind_spoil_both),
		TEST(a_digest_has_its_length),
		TEST(a_zone_may_have_none),
		TEST(what_is_not_known_is_not_judged),
		TEST(labels_are_compared_from_the_root),
		TEST(a_zone_that_is_too_large_is_not_judged),
		TEST(zones_share_a_bound),
	};
#undef TEST

	return cmocka_run_group_tests_name("zonemd", tests, NULL, NULL);
}
