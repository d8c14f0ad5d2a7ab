/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user types or keeps in a file: names, root hints, AS tables. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/core/mem.h"
#include "common/dnsnet/gather.h"

enum {
	ARENA_MAX = 4 * 1024 * 1024,
	PATH_BYTES = 256,
	HUGE_LINES = 10000,
};

/* A folder of its own and an arena, for each test. */
struct place {
	struct arena *arena;
	char folder[PATH_BYTES];
	char file[PATH_BYTES + 8];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	const char *tmp = getenv("TMPDIR");

	if (!place)
		return -1;
	place->arena = arena_new(ARENA_MAX);
	snprintf(place->folder, sizeof(place->folder), "%s/dns-files-XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/file", place->folder);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->file);
	rmdir(place->folder);
	arena_free(place->arena);
	free(place);
	return 0;
}

static void write_bytes(
	const struct place *place, const char *bytes, size_t len)
{
	FILE *file = fopen(place->file, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const struct place *place, const char *text)
{
	write_bytes(place, text, strlen(text));
}

/* The canonical form, or NULL where the name is refused. */
static const char *canonical(const struct place *place, const char *typed)
{
	const char *name = NULL;
	const char *wrong = dnsnet_read_name(place->arena, typed, &name);

	assert_true((wrong == NULL) == (name != NULL));
	return name;
}

static void names_become_canonical(void **state)
{
	static const struct {
		const char *typed, *name;
	} rows[] = {
		{ "example.org", "example.org" },
		{ "EXAMPLE.Org.", "example.org" },
		{ ".", "." },
		{ "org", "org" },
		{ "_tcp.example.org", "_tcp.example.org" },
		{ "0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa" },
		{ "b\xc3\xbc"
		  "cher.example",
			"xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
			"xn--bcher-kva.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		/* Non-transitional: the sharp s stays itself. */
		{ "stra\xc3\x9f"
		  "e.example",
			"xn--strae-oqa.example" },
		/* The ideographic full stop is a dot (UTS 46). */
		{ "b\xc3\xbc"
		  "cher\xe3\x80\x82"
		  "example",
			"xn--bcher-kva.example" },
	};
	const struct place *place = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *name = canonical(place, rows[i].typed);

		assert_non_null(name);
		assert_string_equal(name, rows[i].name);
	}
}

static void rubbish_is_no_name(void **state)
{
	static const char *const rows[] = { "", "..", ".org", "example..org",
		"example.org..", " ", "example .org", "example.org ",
		"exam\tple.org", "exa\\mple.org", "exa|mple.org", "a;b.org",
		"192.0.2.1", "::1",
		"b\xfc"
		"cher.example",
		"\xc3",
		"b\xc3\xbc"
		"cher..example",
		"\xe2\x80\x8b.example" };
	const struct place *place = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_null(canonical(place, rows[i]));
}

/* n times the letter a, then the rest. */
static const char *long_label(
	const struct place *place, size_t n, const char *rest)
{
	char *label = arena_alloc(place->arena, n + 1);

	memset(label, 'a', n);
	return arena_printf(place->arena, "%s%s", label, rest);
}

static void long_names_are_refused(void **state)
{
	const struct place *place = *state;
	const char *l63 = long_label(place, 63, "");
	const char *three =
		arena_printf(place->arena, "%s.%s.%s.", l63, l63, l63);

	assert_non_null(canonical(place, long_label(place, 63, ".org")));
	assert_null(canonical(place, long_label(place, 64, ".org")));
	/* 3 * 64 + 62 bytes and the root's: 255. */
	assert_non_null(
		canonical(place, arena_printf(place->arena, "%s%s", three,
					 long_label(place, 61, ""))));
	assert_null(canonical(place, arena_printf(place->arena, "%s%s", three,
					     long_label(place, 62, ""))));
	assert_null(canonical(place, long_label(place, 100000, "")));
	assert_null(
		canonical(place, arena_printf(place->arena, "b\xc3\xbc%s",
					 long_label(place, 60, ".example"))));
}

/* The number of hints; 0 where the file is refused. */
static size_t read_hints(const struct place *place, struct dns_hint **hints)
{
	size_t n = 0;
	const char *wrong =
		dnsnet_read_hints(place->arena, place->file, hints, &n);

	assert_true((wrong == NULL) == (n > 0));
	return n;
}

static void hints_are_read(void **state)
{
	const struct place *place = *state;
	struct dns_hint *hints = NULL;
	struct dns_addr addr;

	write_text(place, "; a comment\r\n"
			  "$TTL 3600\n"
			  ".  3600000  IN  NS  A.Root.Example.\n"
			  "\t3600000  NS  b.root.example. ; the owner goes on\n"
			  "A.ROOT.EXAMPLE.  3600000  A  192.0.2.1\n"
			  "  AAAA 2001:db8::1\n"
			  "b.root.example. IN 5 a 192.0.2.2\n"
			  "other.example. A 192.0.2.3\n"
			  "\n");
	assert_int_equal(read_hints(place, &hints), 3);
	assert_string_equal(hints[0].name, "a.root.example");
	assert_true(dns_addr_parse("192.0.2.1", &addr));
	assert_int_equal(dns_addr_compare(&hints[0].addr, &addr), 0);
	assert_string_equal(hints[1].name, "a.root.example");
	assert_true(dns_addr_parse("2001:db8::1", &addr));
	assert_int_equal(dns_addr_compare(&hints[1].addr, &addr), 0);
	assert_string_equal(hints[2].name, "b.root.example");
}

static void rubbish_is_no_hints(void **state)
{
	static const char *const rows[] = {
		"",
		"; nothing but a comment\n",
		"hello\n",
		". NS a.root.example.\n",
		"a.root.example. A 192.0.2.1\n",
		"org. NS a.root.example.\na.root.example. A 192.0.2.1\n",
		". NS a.root.example.\na.root.example. A 2001:db8::1\n",
		". NS a.root.example.\na.root.example. A 192.0.2.1 x\n",
		". NS a.root.example.\na.root.example. TXT x\na.root.example. A 192.0.2.1\n",
		"  A 192.0.2.1\n",
		". NS a..example.\na.root.example. A 192.0.2.1\n",
		"a b c d e f g h i j\n",
		"<html>not found</html>\n",
	};
	const struct place *place = *state;
	struct dns_hint *hints;

	for (size_t i = 0; i < COUNT(rows); i++) {
		write_text(place, rows[i]);
		assert_int_equal(read_hints(place, &hints), 0);
	}
	write_bytes(place, ". NS a.\na. A 192.0.2.1\n\0\n", 25);
	assert_int_equal(read_hints(place, &hints), 0);
}

static void missing_and_other_files(void **state)
{
	struct place *place = *state;
	struct dns_hint *hints;
	struct delegation d = { 0 };

	assert_int_equal(read_hints(place, &hints), 0);
	assert_non_null(dnsnet_asn(place->arena, place->file, &d));
	/* A pipe that nobody writes to must not be waited for. */
	assert_int_equal(mkfifo(place->file, 0600), 0);
	assert_int_equal(read_hints(place, &hints), 0);
	assert_non_null(dnsnet_asn(place->arena, place->file, &d));
	unlink(place->file);
	assert_int_equal(mkdir(place->file, 0700), 0);
	assert_int_equal(read_hints(place, &hints), 0);
	assert_non_null(dnsnet_asn(place->arena, place->file, &d));
	rmdir(place->file);
	assert_false(d.has_asn);
}

static void huge_hints_are_refused(void **state)
{
	const struct place *place = *state;
	FILE *file = fopen(place->file, "w");
	struct dns_hint *hints;

	assert_non_null(file);
	for (int i = 0; i < HUGE_LINES; i++)
		fputs("; nothing here\n", file);
	fputs(". NS a.\na. A 192.0.2.1\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(read_hints(place, &hints), 0);

	file = fopen(place->file, "w");
	assert_non_null(file);
	for (int i = 0; i < HUGE_LINES / 10; i++)
		fputs("a. A 192.0.2.1\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(read_hints(place, &hints), 0);
}

static void add_server(struct dns_server *server, const char *addr)
{
	*server = (struct dns_server){ .addr_text = addr };
	assert_true(dns_addr_parse(addr, &server->addr));
}

static void longest_prefix_tells_the_as(void **state)
{
	const struct place *place = *state;
	struct dns_server servers[4];
	struct delegation d = { .servers = servers, .n_servers = 4 };

	add_server(&servers[0], "192.0.2.1");
	add_server(&servers[1], "192.0.2.129");
	add_server(&servers[2], "2001:db8::1");
	add_server(&servers[3], "203.0.113.1");
	write_text(place, "# a comment\n\n"
			  "192.0.2.128/25 64497\n"
			  "192.0.2.0/24\tAS64496 with a name\r\n"
			  "2001:db8::/32 4294967295\n");
	assert_null(dnsnet_asn(place->arena, place->file, &d));
	assert_true(d.has_asn);
	assert_int_equal(servers[0].as_number, 64496);
	assert_int_equal(servers[1].as_number, 64497);
	assert_int_equal(servers[2].as_number, 4294967295);
	assert_int_equal(servers[3].as_number, 0);
}

static void rubbish_is_no_as_table(void **state)
{
	static const char *const rows[] = { "", "hello\n", "192.0.2.0/24\n",
		"192.0.2.0/24 x\n", "192.0.2.0/33 64496\n",
		"192.0.2.0/24 4294967296\n", "192.0.2.0/24 AS\n",
		"192.0.2.0/24 64496\nhello\n" };
	const struct place *place = *state;
	struct dns_server server;
	struct delegation d = { .servers = &server, .n_servers = 1 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		add_server(&server, "192.0.2.1");
		write_text(place, rows[i]);
		assert_non_null(dnsnet_asn(place->arena, place->file, &d));
		assert_false(d.has_asn);
	}
}

static void registrable_domains(void **state)
{
	const struct place *place = *state;
	struct dns_host hosts[] = { { .name = "ns1.example.org" },
		{ .name = "ns1.example.co.uk" }, { .name = "org" },
		{ .name = "." } };
	struct delegation d = { .hosts = hosts, .n_hosts = COUNT(hosts) };

	dnsnet_registrable(place->arena, &d);
	assert_non_null(d.registrable);
	assert_string_equal(d.registrable[0], "example.org");
	assert_string_equal(d.registrable[1], "example.co.uk");
	assert_null(d.registrable[2]);
	assert_null(d.registrable[3]);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(names_become_canonical),
		IN_PLACE(rubbish_is_no_name),
		IN_PLACE(long_names_are_refused),
		IN_PLACE(hints_are_read),
		IN_PLACE(rubbish_is_no_hints),
		IN_PLACE(missing_and_other_files),
		IN_PLACE(huge_hints_are_refused),
		IN_PLACE(longest_prefix_tells_the_as),
		IN_PLACE(rubbish_is_no_as_table),
		IN_PLACE(registrable_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
