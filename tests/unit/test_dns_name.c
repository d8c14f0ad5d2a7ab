/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Domain names and addresses as text and bytes. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/core/mem.h"
#include "common/dns/name.h"

enum {
	ARENA_MAX = 64 * 1024,
};

static void addresses_have_one_text(void **state)
{
	/* RFC 5952 section 4: the long form of each, and the only right one. */
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1" },
		{ "2001:DB8::ABCD", "2001:db8::abcd" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "::", "::" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	};
	char buf[DNS_ADDR_TEXT];
	struct dns_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(dns_addr_parse(rows[i].in, &addr));
		assert_string_equal(dns_addr_text(&addr, buf), rows[i].out);
	}
}

static void rubbish_is_no_address(void **state)
{
	static const char *const rows[] = { "", " ", "192.0.2", "192.0.2.256",
		"192.0.2.01", "192.0.2.1 ", "192.0.2.1/24", "0x7f.1",
		"example.org", "[::1]", "fe80::1%lo", "1::2::3", ":::" };
	struct dns_addr addr = { .family = 9 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(dns_addr_parse(rows[i], &addr));
	assert_int_equal(addr.family, 9);
}

static void no_address_has_no_text(void **state)
{
	const struct dns_addr none = { 0 };
	char buf[DNS_ADDR_TEXT] = "x";

	(void)state;
	assert_string_equal(dns_addr_text(&none, buf), "");
}

static bool holds(const char *prefix_text, const char *addr_text)
{
	struct dns_prefix prefix;
	struct dns_addr addr;

	assert_true(dns_prefix_parse(prefix_text, &prefix));
	assert_true(dns_addr_parse(addr_text, &addr));
	return dns_prefix_holds(&prefix, &addr);
}

static void prefixes_hold_addresses(void **state)
{
	(void)state;
	assert_true(holds("192.0.2.0/24", "192.0.2.255"));
	assert_false(holds("192.0.2.0/24", "192.0.3.0"));
	assert_true(holds("192.0.2.0/23", "192.0.3.0"));
	assert_true(holds("192.0.2.128/25", "192.0.2.200"));
	assert_false(holds("192.0.2.128/25", "192.0.2.127"));
	assert_true(holds("0.0.0.0/0", "255.255.255.255"));
	assert_false(holds("0.0.0.0/0", "::1"));
	assert_true(holds("192.0.2.1", "192.0.2.1"));
	assert_false(holds("192.0.2.1", "192.0.2.0"));
	assert_true(holds("2001:db8::/47", "2001:db8:1::"));
	assert_false(holds("2001:db8::/48", "2001:db8:1::"));
	assert_true(holds("2001:db8::1/128", "2001:db8::1"));
	assert_false(holds("2001:db8::1", "2001:db8::2"));
}

static void rubbish_is_no_prefix(void **state)
{
	static const char *const rows[] = { "", "/", "/24", "192.0.2.0/",
		"192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/2 4", "::/129",
		"192.0.2.0/24/24", "example.org/24",
		"2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8::/1" };
	struct dns_prefix prefix;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(dns_prefix_parse(rows[i], &prefix));
}

static void addresses_are_in_order(void **state)
{
	static const char *const rows[] = { "9.255.255.255", "192.0.2.1",
		"192.0.2.2", "::1", "2001:db8::1" };
	struct dns_addr a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < COUNT(rows); k++) {
			int order;

			assert_true(dns_addr_parse(rows[i], &a));
			assert_true(dns_addr_parse(rows[k], &b));
			order = dns_addr_compare(&a, &b);
			assert_int_equal(
				(order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
}

static bool is_usable(const char *text)
{
	struct dns_addr addr;

	assert_true(dns_addr_parse(text, &addr));
	return dns_addr_unusable(&addr) == NULL;
}

static void edges_of_the_registries(void **state)
{
	/* The last usable address before each range, its ends, and the first
	 * usable one after it. */
	static const char *const useless[] = { "0.0.0.0", "0.255.255.255",
		"10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
		"127.0.0.1", "169.254.1.1", "172.16.0.0", "172.31.255.255",
		"192.0.0.1", "192.88.99.1", "192.168.255.255", "198.18.0.0",
		"198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::192.0.2.1", "::ffff:8.8.8.8",
		"64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
		"2001:2::1", "2001:10::1", "2001:20::1", "2002:808:808::1",
		"5f00::1", "fc00::1", "fdff::1", "fe80::1", "fec0::1",
		"ff02::1", "4000::1" };
	static const char *const usable[] = { "1.0.0.0", "9.255.255.255",
		"11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
		"128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.0.3.0", "192.88.98.255", "192.167.255.255",
		"192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255",
		"203.0.114.0", "223.255.255.255", "192.0.2.1", "198.51.100.1",
		"203.0.113.1", "2001:db8::1", "2001:500::1",
		"2001:4860:4860::8888", "2001:db9::1", "2003::1", "2600::1",
		"2a00::1" };

	(void)state;
	for (size_t i = 0; i < COUNT(useless); i++)
		assert_false(is_usable(useless[i]));
	for (size_t i = 0; i < COUNT(usable); i++)
		assert_true(is_usable(usable[i]));
}

static void names_are_in_zones(void **state)
{
	(void)state;
	assert_true(dns_name_in("example.org", "example.org"));
	assert_true(dns_name_in("www.example.org", "example.org"));
	assert_true(dns_name_in("example.org", "."));
	assert_true(dns_name_in(".", "."));
	assert_false(dns_name_in(".", "org"));
	assert_false(dns_name_in("example.org", "www.example.org"));
	assert_false(dns_name_in("badexample.org", "example.org"));
	/* The dot belongs to the label: "a.example" is one label. */
	assert_false(dns_name_in("a\\.example.org", "example.org"));
	assert_true(dns_name_in("a\\\\.example.org", "example.org"));
}

static void names_have_parents(void **state)
{
	(void)state;
	assert_string_equal(dns_name_parent("www.example.org"), "example.org");
	assert_string_equal(dns_name_parent("org"), ".");
	assert_null(dns_name_parent("."));
	assert_string_equal(dns_name_parent("a\\.b.org"), "org");
	assert_int_equal(dns_name_labels("."), 0);
	assert_int_equal(dns_name_labels("org"), 1);
	assert_int_equal(dns_name_labels("www.example.org"), 3);
	assert_int_equal(dns_name_labels("a\\.b.org"), 2);
	/* A backslash at the very end reads no further. */
	assert_int_equal(dns_name_labels("org\\"), 1);
}

static void text_comes_from_the_arena(void **state)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct dns_addr addr;

	(void)state;
	assert_true(dns_addr_parse("2001:DB8::1", &addr));
	assert_string_equal(dns_addr_string(arena, &addr), "2001:db8::1");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_one_text),
		cmocka_unit_test(rubbish_is_no_address),
		cmocka_unit_test(no_address_has_no_text),
		cmocka_unit_test(prefixes_hold_addresses),
		cmocka_unit_test(rubbish_is_no_prefix),
		cmocka_unit_test(addresses_are_in_order),
		cmocka_unit_test(edges_of_the_registries),
		cmocka_unit_test(names_are_in_zones),
		cmocka_unit_test(names_have_parents),
		cmocka_unit_test(text_comes_from_the_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
