/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What belongs to a document, how its parts become one, what is kept of it, and
 * which addresses stand for others. */
#include "config.h"

#include <string.h>

#include "common/pagecli/page_documents.h"
#include "common/pagecli/page_sight.h"
#include "tests/unit/testing.h"

static int set_up(void **state)
{
	*state = arena_new(64 * 1024 * 1024);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct page_url url_of(struct arena *arena, const char *text)
{
	struct page_url url;

	assert_null(page_url_read(arena, text, &url));
	return url;
}

static void companions_are_found(void **state)
{
	static const struct {
		enum page_format format;
		const char *url, *expected;
	} rows[] = {
		{ PAGE_FORMAT_KUMA, "https://a.example/api/status-page/all",
			"https://a.example/api/status-page/heartbeat/all" },
		{ PAGE_FORMAT_KUMA_HEARTBEAT,
			"https://a.example/x/api/status-page/heartbeat/all?y",
			"https://a.example/x/api/status-page/all" },
		{ PAGE_FORMAT_CACHET_COMPONENTS,
			"https://a.example/api/v1/components?per_page=9",
			"https://a.example/api/v1/incidents" },
		{ PAGE_FORMAT_CACHET_INCIDENTS,
			"https://a.example/api/v1/incidents",
			"https://a.example/api/v1/components" },
		{ PAGE_FORMAT_KUMA, "https://a.example/page.json", NULL },
		{ PAGE_FORMAT_STATUSPAGE, "https://a.example/components",
			NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct page_document doc = { .reading = PAGE_READ,
			.format = rows[i].format };
		struct page_url url = url_of(*state, rows[i].url);
		const char *found = page_document_companion(*state, &url, &doc);

		if (rows[i].expected)
			assert_string_equal(found, rows[i].expected);
		else
			assert_null(found);
		doc.reading = PAGE_BROKEN;
		assert_null(page_document_companion(*state, &url, &doc));
	}
}

static void next_part_is_of_the_same_server(void **state)
{
	static const char *const references[] = {
		"https://a.example:8443/api/v1/c?page=2",
		"http://localhost/api/v1/c?page=2",
		"//other.example/api/v1/c?page=2",
		"/api/v1/c?page=2",
		"?page=2",
	};
	struct page_url base =
		url_of(*state, "https://a.example:8443/api/v1/c");
	struct page_url next;
	size_t i;

	for (i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		assert_true(page_document_next(
			*state, &base, references[i], &next));
		assert_string_equal(
			next.text, "https://a.example:8443/api/v1/c?page=2");
	}
	assert_false(page_document_next(*state, &base, "ftp://a/", &next));
	assert_false(page_document_next(*state, &base, "http://[", &next));
}

static void parts_become_one(void **state)
{
	struct page_component components[] = { { .id = "1", .name = "A" },
		{ .id = "2", .name = "B" } };
	struct page_oddity paged = { PAGE_ODD_PAGED, "meta", NULL };
	struct page_oddity odd = { PAGE_ODD_WORD, "data[0]", "x" };
	const struct page_document first = { .reading = PAGE_READ,
		.components = components,
		.n_components = 1,
		.oddities = &paged,
		.n_oddities = 1,
		.n_odd = 1,
		.size = 10,
		.next = "?page=2" };
	struct page_document second = first;
	const struct page_document *all;

	second.components = &components[1];
	second.oddities = &odd;
	second.next = "?page=3";
	all = page_document_go_on(*state, &first, &second);
	assert_int_equal(all->n_components, 2);
	assert_string_equal(page_find_component(all, "2")->name, "B");
	assert_string_equal(all->next, "?page=3");
	assert_int_equal(all->n_odd, 2);
	assert_int_equal(all->size, 20);
	/* With the last one nothing is left unread; what is odd is so still. */
	second.next = NULL;
	all = page_document_go_on(*state, &first, &second);
	assert_int_equal(all->n_odd, 1);
	assert_int_equal(all->n_oddities, 1);
	assert_int_equal(all->oddities[0].odd, PAGE_ODD_WORD);
	assert_int_equal(first.n_components, 1);
}

static void bytes_are_read_once(void **state)
{
	static const char text[] = "{\"message\": \"Forbidden\"}";
	const struct page_read_options options = { 0 };
	struct page_documents *documents = page_documents_new(*state, &options);
	char *copy = arena_strdup(*state, text);
	struct page_document *doc =
		page_documents_read(documents, text, strlen(text));

	assert_int_equal(doc->reading, PAGE_ERROR);
	assert_true(page_document_is_mishap(doc));
	assert_ptr_equal(
		page_documents_read(documents, copy, strlen(copy)), doc);
	assert_ptr_not_equal(
		page_documents_read(documents, copy, strlen(copy) - 1), doc);
}

/* Many addresses that send as much as they may, each something else. */
static void memory_has_an_end(void **state)
{
	enum { LEN = 4 * 1024 * 1024, TIMES = 8 };
	const struct page_read_options options = { 0 };
	struct page_documents *documents = page_documents_new(*state, &options);
	char *data = arena_alloc(*state, LEN + TIMES);
	size_t n_read = 0;
	size_t i;

	memset(data, 'x', LEN + TIMES);
	for (i = 0; i < TIMES; i++)
		n_read += page_documents_read(documents, data, LEN + i) != NULL;
	assert_in_range(n_read, 2, TIMES - 1);
}

static void what_is_text_is_kept(void **state)
{
	char *large = arena_alloc(*state, PAGE_HISTORY_COPY_MAX + 2);

	assert_string_equal(
		page_document_copy(*state, "{\n\xc3\xa9}x", 5), "{\n\xc3\xa9}");
	assert_null(page_document_copy(*state, "a\0b", 3));
	assert_null(page_document_copy(*state, "\xff\xfe{", 3));
	memset(large, 'x', PAGE_HISTORY_COPY_MAX + 1);
	assert_non_null(
		page_document_copy(*state, large, PAGE_HISTORY_COPY_MAX));
	assert_null(
		page_document_copy(*state, large, PAGE_HISTORY_COPY_MAX + 1));
	/* In JSON it becomes longer. */
	large[0] = '"';
	assert_null(page_document_copy(*state, large, PAGE_HISTORY_COPY_MAX));
}

/* -- addresses ------------------------------------------------------------ */

static struct dns_addr addr_of(const char *text)
{
	struct dns_addr addr;

	assert_true(dns_addr_parse(text, &addr));
	return addr;
}

static void translated_addresses_are_known(void **state)
{
	static const struct {
		const char *text;
		bool well_known, given;
	} rows[] = {
		{ "64:ff9b::c000:201", true, true },
		{ "64:ff9b:1::c000:201", true, true },
		{ "64:ff9b:2::c000:201", false, false },
		{ "2001:db8:64::c000:201", false, true },
		{ "2001:db8::1", false, false },
		{ "192.0.2.1", false, false },
	};
	const struct dns_prefix none = { .addr = { .family = 0 } };
	struct dns_prefix given;
	size_t i;

	(void)state;
	assert_true(dns_prefix_parse("2001:db8:64::/96", &given));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_addr addr = addr_of(rows[i].text);

		assert_int_equal(
			page_is_nat64(&addr, &none), rows[i].well_known);
		assert_int_equal(page_is_nat64(&addr, &given), rows[i].given);
	}
}

/* Where this host can reach it itself, both are asked: 127.0.0.1 always. */
static void twins_are_left_out_where_no_way_leads(void **state)
{
	struct dns_addr addrs[] = { addr_of("127.0.0.1"), addr_of("192.0.2.1"),
		addr_of("64:ff9b::7f00:1") };
	const struct resolved resolved = { .addrs = addrs, .n_addrs = 3 };
	const struct dns_prefix none = { .addr = { .family = 0 } };
	struct dns_addr *out;

	assert_int_equal(page_without_twins(*state, &resolved, &none, &out), 3);
	/* An address of no use: nobody has a route to it. */
	addrs[0] = addr_of("255.255.255.255");
	addrs[2] = addr_of("64:ff9b::ffff:ffff");
	assert_int_equal(page_without_twins(*state, &resolved, &none, &out), 2);
	assert_int_equal(dns_addr_compare(&out[0], &addrs[1]), 0);
	assert_int_equal(dns_addr_compare(&out[1], &addrs[2]), 0);
}

#define PAGE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(companions_are_found),
		PAGE_TEST(next_part_is_of_the_same_server),
		PAGE_TEST(parts_become_one),
		PAGE_TEST(bytes_are_read_once),
		PAGE_TEST(memory_has_an_end),
		PAGE_TEST(what_is_text_is_kept),
		PAGE_TEST(translated_addresses_are_known),
		PAGE_TEST(twins_are_left_out_where_no_way_leads),
	};

	return cmocka_run_group_tests_name("page documents", tests, NULL, NULL);
}
