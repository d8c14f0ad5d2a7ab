/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/dnsnet/verify.h"

/* Else every fault in a signature would be laid to this host. */
static void every_specimen_verifies_here(void **state)
{
	static const uint8_t algorithms[] = { 5, 7, 8, 10, 13, 14, 15, 16 };
	(void)state;
	for (size_t i = 0; i < COUNT(algorithms); i++) {
		assert_int_equal(
			verify_support(algorithms[i]), VERIFY_SUPPORTED);
		assert_true(verify_works(algorithms[i]));
	}
}

static void others_are_not_said_to_work(void **state)
{
	(void)state;
	assert_int_equal(verify_support(1), VERIFY_REFUSED);
	assert_int_equal(verify_support(3), VERIFY_REFUSED);
	assert_int_equal(verify_support(12), VERIFY_REFUSED);
	assert_int_equal(verify_support(200), VERIFY_UNKNOWN);
	assert_false(verify_works(12));
	assert_false(verify_works(200));
}

static void a_ds_set_is_usable_by_its_best(void **state)
{
	struct dns_ds ds[2] = { { .algorithm = 200, .digest_type = 2 },
		{ .algorithm = 13, .digest_type = 2 } };
	struct ds_set set = { .at = ds, .n = 2 };
	(void)state;
	assert_int_equal(dnssec_ds_usable(&set), DNS_SECURE);
	ds[1].digest_type = 200;
	assert_int_equal(dnssec_ds_usable(&set), DNS_INSECURE);
	ds[1] = (struct dns_ds){ .algorithm = 12, .digest_type = 2 };
	assert_int_equal(dnssec_ds_usable(&set), DNS_INDETERMINATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_specimen_verifies_here),
		cmocka_unit_test(others_are_not_said_to_work),
		cmocka_unit_test(a_ds_set_is_usable_by_its_best),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
