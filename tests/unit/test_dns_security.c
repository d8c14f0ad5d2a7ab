/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNSSEC's names and numbers, and a DS as a user types it. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>

#include "common/core/mem.h"
#include "common/dns/security.h"

enum {
	ARENA_MAX = 1024 * 1024,
};

#define SHA1 "2bb183af5f22588179a53b0a98631fad1a292118"
#define SHA256 \
	"e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766"
#define SHA384 SHA256 "00112233445566778899aabbccddeeff"

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static void algorithms_have_names(void **state)
{
	(void)state;
	assert_string_equal(dns_algorithm_text(5), "RSASHA1");
	assert_string_equal(dns_algorithm_text(8), "RSASHA256");
	assert_string_equal(dns_algorithm_text(13), "ECDSAP256SHA256");
	assert_string_equal(dns_algorithm_text(15), "ED25519");
	assert_string_equal(dns_algorithm_text(254), "PRIVATEOID");
	/* Holes and what lies behind the last. */
	assert_string_equal(dns_algorithm_text(4), "unknown");
	assert_string_equal(dns_algorithm_text(200), "unknown");
	assert_string_equal(dns_algorithm_text(255), "unknown");
	assert_string_equal(dns_digest_text(2), "SHA-256");
	assert_string_equal(dns_digest_text(0), "unknown");
	assert_string_equal(dns_digest_text(255), "unknown");
}

static void forbidden_are_those_of_the_rfcs(void **state)
{
	static const uint8_t algorithms[] = { 1, 3, 5, 6, 7, 12 };
	static const uint8_t digests[] = { 0, 1, 3 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(algorithms); i++)
		assert_true(dns_algorithm_is_forbidden(algorithms[i]));
	for (size_t i = 0; i < COUNT(digests); i++)
		assert_true(dns_digest_is_forbidden(digests[i]));
	for (unsigned i = 0; i <= UINT8_MAX; i++)
		n += dns_algorithm_is_forbidden((uint8_t)i) +
		     dns_digest_is_forbidden((uint8_t)i);
	assert_int_equal(n, COUNT(algorithms) + COUNT(digests));
}

static void assert_digest(
	struct arena *arena, const char *typed, const char *digest)
{
	struct dns_ds ds;

	assert_null(dns_ds_parse(arena, typed, &ds));
	assert_string_equal(ds.digest, digest);
}

static void ds_is_read(void **state)
{
	struct dns_ds ds;

	assert_null(dns_ds_parse(*state, "65535 13 2 " SHA256, &ds));
	assert_int_equal(ds.key_tag, 65535);
	assert_int_equal(ds.algorithm, 13);
	assert_int_equal(ds.digest_type, 2);
	assert_string_equal(ds.digest, SHA256);
	assert_false(ds.matches_key);
	assert_digest(*state, "0 8 1 " SHA1, SHA1);
	assert_digest(*state, "1 8 4 " SHA384, SHA384);
	/* As dig and registries write it. */
	assert_digest(*state,
		" 1\t8  1 2BB183AF 5F22588179A53B0A98631FAD 1A292118 ", SHA1);
	/* Of what is not known the length isn't either. */
	assert_digest(*state, "1 200 9 abcd", "abcd");
}

static void rubbish_is_no_ds(void **state)
{
	static const char *const typed[] = {
		"",
		" ",
		"1",
		"1 13",
		"1 13 2",
		"1 13 2 ",
		"65536 13 2 " SHA256,
		"-1 13 2 " SHA256,
		"1 256 2 " SHA256,
		"1 x 2 " SHA256,
		"1 13 256 " SHA256,
		"1 13 2 " SHA1,
		"1 13 1 " SHA256,
		"1 13 4 " SHA256,
		"1 13 2 " SHA256 "00",
		"1 13 2 g" SHA256,
		"1 13 9 abc",
		"1 13 9",
		"1 13 9 " SHA384 SHA384,
		"example.org. 3600 IN DS 1 13 2 " SHA256,
		"1 13 2 \xc3\xa9" SHA256,
	};
	struct dns_ds ds;

	for (size_t i = 0; i < COUNT(typed); i++)
		assert_non_null(dns_ds_parse(*state, typed[i], &ds));
}

#define WITH_ARENA(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(algorithms_have_names),
		cmocka_unit_test(forbidden_are_those_of_the_rfcs),
		WITH_ARENA(ds_is_read),
		WITH_ARENA(rubbish_is_no_ds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
