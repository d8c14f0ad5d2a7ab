/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules about zone transfers. */
#include "config.h"

#include "tests/unit/secondary_zone.h"
#include "tests/unit/testing.h"

static struct dns_transfer done(void)
{
	return (struct dns_transfer){
		.end = DNS_TRANSFER_DONE,
		.outcome = DNS_ANSWERED,
		.has_serial = true,
		.serial = ZONE_SERIAL,
		.n_records = 25,
	};
}

/* Three servers, the first of them the primary, which was transferred. */
static struct dns_transfer *make_transfer(struct zone *z)
{
	struct dns_transfer *transfer;

	zone_add_three(z);
	zone_give_primary(z, "ns1.example.org");
	zone_settle(z);
	z->s.expect.wants_transfer = true;
	transfer = &zone_copy(z, "192.0.2.1")->transfer;
	*transfer = done();
	return transfer;
}

static void a_transfer_fails(void **state)
{
	static const enum dns_transfer_end ends[] = { DNS_TRANSFER_REFUSED,
		DNS_TRANSFER_NOT_VERIFIED, DNS_TRANSFER_BROKEN,
		DNS_TRANSFER_MALFORMED };
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);

	zone_holds(z, "transfer-fails");
	for (size_t i = 0; i < COUNT(ends); i++) {
		*transfer = (struct dns_transfer){ .end = ends[i],
			.outcome = DNS_TIMED_OUT };
		zone_finds(z, "transfer-fails", 1, STATE_CRITICAL);
		zone_not_judged(z, "transfer-serial-differs", 1);
	}
	transfer->end = DNS_TRANSFER_LIMIT;
	zone_not_judged(z, "transfer-fails", 1);
	z->s.expect.wants_transfer = false;
	zone_holds(z, "transfer-fails");
	zone_holds(z, "transfer-serial-differs");
}

static void one_silent_primary_of_two_is_less(void **state)
{
	struct zone *z = *state;

	make_transfer(z);
	zone_give_primary(z, "203.0.113.3");
	zone_mark(z, zone_copy(z, "203.0.113.3"));
	zone_copy(z, "203.0.113.3")->transfer =
		(struct dns_transfer){ .end = DNS_TRANSFER_BROKEN,
			.outcome = DNS_TIMED_OUT };
	zone_finds(z, "transfer-fails", 1, STATE_WARNING);
	/* One that says no is set up wrongly. */
	zone_copy(z, "203.0.113.3")->transfer.end = DNS_TRANSFER_REFUSED;
	zone_finds(z, "transfer-fails", 1, STATE_CRITICAL);
}

static void a_secondary_and_an_inferred_primary_are_less(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);

	zone_copy(z, "203.0.113.3")->transfer.end = DNS_TRANSFER_REFUSED;
	zone_holds(z, "transfer-fails");
	z->s.expect.wants_axfr_secondary = true;
	/* The other secondary was never asked. */
	assert_int_equal(zone_judge(z, "transfer-fails")->n_findings, 1);
	assert_int_equal(z->judge.findings[0].state, STATE_WARNING);
	assert_true(z->judge.n_not_judged > 0);
	zone_copy(z, "2001:db8:2::2")->transfer = done();
	zone_finds(z, "transfer-fails", 1, STATE_WARNING);
	z->s.expect.wants_axfr_secondary = false;
	transfer->end = DNS_TRANSFER_REFUSED;
	z->s.primary_is_given = false;
	z->s.primary_is_inferred = true;
	zone_finds(z, "transfer-fails", 1, STATE_WARNING);
}

static void a_dead_secondary_is_told_elsewhere(void **state)
{
	struct zone *z = *state;

	make_transfer(z);
	z->s.expect.wants_axfr_secondary = true;
	zone_copy(z, "203.0.113.3")->transfer = done();
	zone_silence(z, "198.51.100.2");
	zone_silence(z, "2001:db8:2::2");
	zone_holds(z, "transfer-fails");
	/* Of an inferred primary nobody tells. */
	zone_copy(z, "192.0.2.1")->transfer.end = DNS_TRANSFER_NOT_TRIED;
	zone_silence(z, "192.0.2.1");
	zone_silence(z, "2001:db8:1::1");
	zone_not_judged(z, "transfer-fails", 2);
}

static void a_transfer_that_never_was_is_not_judged(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);

	*transfer = (struct dns_transfer){ .end = DNS_TRANSFER_NOT_TRIED };
	/* At either of its addresses. */
	zone_not_judged(z, "transfer-fails", 2);
	transfer->end = DNS_TRANSFER_BROKEN;
	transfer->outcome = DNS_OUR_FAULT;
	zone_not_judged(z, "transfer-fails", 1);
	transfer->outcome = DNS_NOT_ASKED;
	zone_not_judged(z, "transfer-fails", 1);
	/* It came, and the deadline came first. */
	transfer->outcome = DNS_TIMED_OUT;
	transfer->n_records = 5000;
	transfer->took_us = 2000000;
	zone_finds(z, "transfer-fails", 1, STATE_CRITICAL);
	z->s.d.timeout_stage = "servers";
	zone_not_judged(z, "transfer-fails", 1);
	transfer->end = DNS_TRANSFER_MALFORMED;
	zone_not_judged(z, "transfer-fails", 1);
	transfer->end = DNS_TRANSFER_BROKEN;
	transfer->n_records = 0;
	transfer->took_us = 999999;
	zone_not_judged(z, "transfer-fails", 1);
	/* That was long enough for an answer. */
	transfer->took_us = 1000000;
	zone_finds(z, "transfer-fails", 1, STATE_CRITICAL);
	transfer->took_us = 10;
	transfer->outcome = DNS_PORT_CLOSED;
	zone_finds(z, "transfer-fails", 1, STATE_CRITICAL);
	z->s.d.timeout_stage = NULL;
	z->s.d.tcp = DNS_SIGHT_SILENT;
	zone_not_judged(z, "transfer-fails", 1);
	assert_string_equal(z->judge.not_judged[0].subject, "TCP");
	z->s.d.tcp = DNS_SIGHT_SEEN;
	z->s.d.v4 = DNS_SIGHT_NO_ROUTE;
	zone_not_judged(z, "transfer-fails", 1);
	assert_string_equal(z->judge.not_judged[0].subject, "IPv4");
	/* What came was seen. */
	transfer->end = DNS_TRANSFER_REFUSED;
	zone_finds(z, "transfer-fails", 1, STATE_CRITICAL);
}

static void what_nobody_wants_holds(void **state)
{
	static const char *const rules[] = { "transfer-fails",
		"transfer-serial-differs", "zone-signature-expiring",
		"zonemd-wrong", "transfer-open" };
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	for (size_t i = 0; i < COUNT(rules); i++)
		zone_holds(z, rules[i]);
}

static void one_address_of_a_server_is_enough(void **state)
{
	struct zone *z = *state;

	make_transfer(z);
	z->s.expect.wants_axfr_secondary = true;
	zone_copy(z, "198.51.100.2")->transfer = done();
	zone_copy(z, "203.0.113.3")->transfer = done();
	/* A secondary at another address of the primary is the primary; but
	 * it does not stand for it. */
	zone_copy(z, "2001:db8:1::1")->is_primary = false;
	zone_holds(z, "transfer-fails");
	zone_copy(z, "192.0.2.1")->transfer.end = DNS_TRANSFER_NOT_TRIED;
	zone_copy(z, "2001:db8:1::1")->transfer = done();
	zone_not_judged(z, "transfer-fails", 1);
}

static void without_a_primary_nothing_is_transferred(void **state)
{
	struct zone *z = *state;

	zone_add_three(z);
	zone_settle(z);
	z->s.expect.wants_transfer = true;
	zone_not_judged(z, "transfer-fails", 1);
	z->s.expect.is_independent = true;
	zone_holds(z, "transfer-fails");
}

static void a_transfer_brings_the_serial(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);
	struct dns_copy *copy = zone_copy(z, "192.0.2.1");

	zone_holds(z, "transfer-serial-differs");
	/* The zone changed behind the SOA, and behind the transfer. */
	transfer->serial = ZONE_SERIAL + 1;
	zone_holds(z, "transfer-serial-differs");
	transfer->serial = ZONE_SERIAL;
	copy->later_soa = copy->server.soa;
	copy->later_soa.serial = ZONE_SERIAL + 2;
	zone_holds(z, "transfer-serial-differs");
	transfer->serial = ZONE_SERIAL - 1;
	zone_finds(z, "transfer-serial-differs", 1, STATE_WARNING);
	copy->later_soa.serial = ZONE_SERIAL - 1;
	zone_holds(z, "transfer-serial-differs");
	copy->later_soa.is_known = false;
	transfer->serial = ZONE_SERIAL + (UINT32_C(1) << 31);
	zone_finds(z, "transfer-serial-differs", 1, STATE_WARNING);
	transfer->end = DNS_TRANSFER_LIMIT;
	zone_finds(z, "transfer-serial-differs", 1, STATE_WARNING);
	transfer->has_serial = false;
	zone_holds(z, "transfer-serial-differs");
}

static void without_soa_no_serial_is_compared(void **state)
{
	struct zone *z = *state;

	make_transfer(z);
	zone_silence(z, "192.0.2.1");
	zone_not_judged(z, "transfer-serial-differs", 1);
}

static void sign(struct zone *z, struct dns_transfer *transfer)
{
	struct dns_ds *ds = arena_alloc(z->arena, sizeof(*ds));

	z->s.d.security = (struct dns_zone_security){
		.is_known = true,
		.parent = DNS_SECURE,
		.ds_is_known = true,
		.ds = ds,
		.n_ds = 1,
		.is_signed = true,
	};
	transfer->signature_begin_s = ZONE_NOW_S - 50 * ZONE_HOUR_S;
	transfer->signature_end_s = ZONE_NOW_S + 50 * ZONE_HOUR_S;
	transfer->signature_owner = "www.example.org";
	transfer->signature_type = "A";
}

static void signatures_end_as_elsewhere(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);
	int64_t *end = &transfer->signature_end_s;

	sign(z, transfer);
	zone_holds(z, "zone-signature-expiring");
	transfer->signature_begin_s = ZONE_NOW_S - 91 * ZONE_HOUR_S;
	*end = ZONE_NOW_S + 9 * ZONE_HOUR_S;
	zone_finds(z, "zone-signature-expiring", 1, STATE_WARNING);
	z->s.d.expect.sig_warning_s = 8 * ZONE_HOUR_S;
	zone_holds(z, "zone-signature-expiring");
	z->s.d.expect.sig_critical_s = 10 * ZONE_HOUR_S;
	zone_finds(z, "zone-signature-expiring", 1, STATE_CRITICAL);
	z->s.d.expect.sig_warning_s = z->s.d.expect.sig_critical_s = -1;
	*end = ZONE_NOW_S - 1;
	zone_finds(z, "zone-signature-expiring", 1, STATE_CRITICAL);
	z->s.d.security.n_ds = 0;
	zone_holds(z, "zone-signature-expiring");
	z->s.d.security.ds_is_known = false;
	zone_not_judged(z, "zone-signature-expiring", 1);
}

static void one_signature_is_told_once(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);
	struct dns_transfer *other = &zone_copy(z, "203.0.113.3")->transfer;

	sign(z, transfer);
	transfer->signature_end_s = ZONE_NOW_S + 60;
	*other = *transfer;
	zone_finds(z, "zone-signature-expiring", 1, STATE_CRITICAL);
	other->signature_type = "AAAA";
	zone_finds(z, "zone-signature-expiring", 2, STATE_CRITICAL);
	other->signature_type = "A";
	other->signature_owner = "ftp.example.org";
	zone_finds(z, "zone-signature-expiring", 2, STATE_CRITICAL);
	other->signature_owner = "www.example.org";
	other->signature_end_s++;
	zone_finds(z, "zone-signature-expiring", 2, STATE_CRITICAL);
	other->signature_end_s = 0;
	zone_finds(z, "zone-signature-expiring", 1, STATE_CRITICAL);
}

static void a_zone_in_part_is_judged_in_part(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);

	sign(z, transfer);
	transfer->end = DNS_TRANSFER_LIMIT;
	zone_not_judged(z, "zone-signature-expiring", 1);
	transfer->signature_end_s = ZONE_NOW_S + 60;
	assert_int_equal(
		zone_judge(z, "zone-signature-expiring")->n_findings, 1);
	assert_int_equal(z->judge.n_not_judged, 1);
	transfer->end = DNS_TRANSFER_REFUSED;
	zone_not_judged(z, "zone-signature-expiring", 1);
}

static void digests_are_judged_where_asked(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *transfer = make_transfer(z);

	transfer->zonemd = DNS_ZONEMD_WRONG;
	zone_holds(z, "zonemd-wrong");
	z->s.expect.wants_zonemd = true;
	zone_finds(z, "zonemd-wrong", 1, STATE_CRITICAL);
	transfer->zonemd = DNS_ZONEMD_FINE;
	zone_holds(z, "zonemd-wrong");
	transfer->zonemd = DNS_ZONEMD_ABSENT;
	zone_not_judged(z, "zonemd-wrong", 1);
	transfer->zonemd = DNS_ZONEMD_UNSUPPORTED;
	zone_not_judged(z, "zonemd-wrong", 1);
	transfer->zonemd = DNS_ZONEMD_NOT_ASKED;
	zone_not_judged(z, "zonemd-wrong", 1);
	transfer->end = DNS_TRANSFER_BROKEN;
	zone_not_judged(z, "zonemd-wrong", 1);
}

static void make_strangers(struct zone *z, enum dns_transfer_end end)
{
	for (size_t i = 0; i < z->s.n_copies; i++)
		z->s.copies[i].stranger = (struct dns_transfer){ .end = end,
			.outcome = DNS_ANSWERED };
}

static void strangers_get_nothing(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *stranger;

	zone_add_three(z);
	zone_settle(z);
	stranger = &zone_copy(z, "203.0.113.3")->stranger;
	make_strangers(z, DNS_TRANSFER_OPENED);
	zone_holds(z, "transfer-open");
	z->s.expect.wants_stranger = true;
	zone_finds(z, "transfer-open", 5, STATE_WARNING);
	make_strangers(z, DNS_TRANSFER_REFUSED);
	zone_holds(z, "transfer-open");
	stranger->end = DNS_TRANSFER_DONE;
	zone_finds(z, "transfer-open", 1, STATE_WARNING);
	stranger->end = DNS_TRANSFER_LIMIT;
	zone_finds(z, "transfer-open", 1, STATE_WARNING);
	stranger->end = DNS_TRANSFER_MALFORMED;
	zone_holds(z, "transfer-open");
}

static void strangers_that_could_not_ask_are_not_judged(void **state)
{
	struct zone *z = *state;
	struct dns_transfer *stranger;

	zone_add_three(z);
	zone_settle(z);
	z->s.expect.wants_stranger = true;
	make_strangers(z, DNS_TRANSFER_REFUSED);
	stranger = &zone_copy(z, "2001:db8:1::1")->stranger;
	stranger->end = DNS_TRANSFER_BROKEN;
	stranger->outcome = DNS_PORT_CLOSED;
	zone_holds(z, "transfer-open");
	z->s.d.v6 = DNS_SIGHT_NO_ROUTE;
	zone_not_judged(z, "transfer-open", 1);
	z->s.d.v6 = DNS_SIGHT_SEEN;
	stranger->end = DNS_TRANSFER_NOT_TRIED;
	zone_not_judged(z, "transfer-open", 1);
	z->s.n_copies = 0;
	zone_not_judged(z, "transfer-open", 1);
}

static void an_address_out_of_reach_is_told_elsewhere(void **state)
{
	struct zone *z = *state;

	zone_add_host(z, "ns1.example.org", "10.0.0.1", NULL);
	zone_settle(z);
	z->s.expect.wants_stranger = true;
	zone_holds(z, "transfer-open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ZONE(a_transfer_fails),
		WITH_ZONE(one_silent_primary_of_two_is_less),
		WITH_ZONE(a_secondary_and_an_inferred_primary_are_less),
		WITH_ZONE(a_dead_secondary_is_told_elsewhere),
		WITH_ZONE(a_transfer_that_never_was_is_not_judged),
		WITH_ZONE(what_nobody_wants_holds),
		WITH_ZONE(one_address_of_a_server_is_enough),
		WITH_ZONE(without_a_primary_nothing_is_transferred),
		WITH_ZONE(a_transfer_brings_the_serial),
		WITH_ZONE(without_soa_no_serial_is_compared),
		WITH_ZONE(signatures_end_as_elsewhere),
		WITH_ZONE(one_signature_is_told_once),
		WITH_ZONE(a_zone_in_part_is_judged_in_part),
		WITH_ZONE(digests_are_judged_where_asked),
		WITH_ZONE(strangers_get_nothing),
		WITH_ZONE(strangers_that_could_not_ask_are_not_judged),
		WITH_ZONE(an_address_out_of_reach_is_told_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
