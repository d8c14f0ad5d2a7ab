/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The records of mail in the bytes of a reply: whatever they are, what comes
 * out is text within the reply's own size.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mailcli/mx_records.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
	NAME_TEXT_MAX = 4 * 255, /* "\ddd" for each byte */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct dns_message *message, const char *owner)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct mx_record *exchangers;
	struct mx_tlsa *tlsa;
	const char **texts;
	size_t n = mx_records_mx(arena, message, owner, &exchangers), all = 0;
	for (size_t i = 0; i < n; i++)
		if (exchangers[i].name[0] == '\0' ||
			strlen(exchangers[i].name) > NAME_TEXT_MAX)
			abort();
	n = mx_records_txt(arena, message, owner, &texts);
	for (size_t i = 0; i < n; i++)
		all += strlen(texts[i]) + 1;
	if (all > message->size)
		abort();
	n = mx_records_tlsa(arena, message, owner, &tlsa);
	all = 0;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(tlsa[i].data);
		if (len % 2 != 0 ||
			strspn(tlsa[i].data, "0123456789abcdef") != len)
			abort();
		all += len / 2 + 3;
		mx_tlsa_is_usable(&tlsa[i]);
	}
	if (all > message->size)
		abort();
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const owners[] = { "a.b", ".", "_25._tcp.a.b",
		"a\\.b.c" };
	struct dns_message message = { .wire = data, .size = size };
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		check_message(&message, owners[i]);
	return 0;
}
