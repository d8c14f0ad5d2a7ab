/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a user types: numbers, durations, ranges, overrides, addresses,
 * prefixes, names; and text from outside on its way to the output.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/json.h"
#include "common/core/num.h"
#include "common/dnsnet/gather.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const char *s)
{
	uint64_t number = 0;
	if (num_parse_uint(s, 3, 70000, &number) == NUM_OK &&
		(number < 3 || number > 70000 ||
			strspn(s, "0123456789") != strlen(s)))
		abort();
	double decimal = 0;
	if (num_parse_decimal(s, &decimal) == NUM_OK && !isfinite(decimal))
		abort();
	int64_t ms = 0;
	if (num_parse_duration(s, 100, 600000, &ms) == NUM_OK &&
		(ms < 100 || ms > 600000))
		abort();
	struct range range = { 0 };
	if (range_parse(s, false, &range) == NULL &&
		(!range.is_set || range.low > range.high))
		abort();
}

static void check_names(struct arena *arena, const char *s)
{
	const char *name = NULL;
	if (dnsnet_read_name(arena, s, &name) == NULL &&
		(name == NULL || strlen(name) >= DNS_NAME_TEXT))
		abort();
	struct dns_prefix prefix;
	struct dns_addr addr;
	char text[DNS_ADDR_TEXT];
	if (dns_addr_parse(s, &addr)) {
		struct dns_addr again;
		if (!dns_addr_parse(dns_addr_text(&addr, text), &again) ||
			dns_addr_compare(&addr, &again) != 0)
			abort();
	}
	if (dns_prefix_parse(s, &prefix) &&
		prefix.length > (prefix.addr.family == 4 ? 32U : 128U))
		abort();
	struct override override;
	override_parse(
		arena, delegation_rules, n_delegation_rules, s, &override);
}

static void check_clean(const char *s)
{
	struct text text;
	text_init(&text, 4096);
	text_add_clean(&text, s);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '|' || text.data[i] == '\n' ||
			(unsigned char)text.data[i] < 0x20)
			abort();
	text_clear(&text);
	struct json json;
	json_init(&json, &text);
	json_open_object(&json, NULL);
	json_add_string(&json, "text", s);
	json_close_object(&json);
	text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(16 * 1024 * 1024);
	const char *s = arena_strndup(arena, (const char *)data, size);
	check_numbers(s);
	check_names(arena, s);
	check_clean(s);
	arena_free(arena);
	return 0;
}
