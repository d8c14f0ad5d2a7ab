/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The header of a message, and what is in it: Received fields, one a line,
 * dates, Authentication-Results and tokens; and whole notifications. The first
 * byte says which.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mail/auth_results.h"
#include "common/mail/dsn.h"
#include "common/mail/encoded_word.h"
#include "common/mail/flow_token.h"
#include "common/mail/header.h"
#include "common/mail/mail_date.h"
#include "common/mail/trail.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	SIZE_MAX_IN = 16 * 1024,
	LINES_MAX = 100,
	HOUR_MS = 3600000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_word(const char *word)
{
	must(!word || strlen(word) <= TRAIL_WORD_MAX);
	for (; word && *word; word++)
		must((unsigned char)*word >= ' ' && *word != 0x7f &&
			*word != '|' && *word != '<');
}

static void check_trail(struct arena *arena, char *s)
{
	const int64_t sent_ms = INT64_C(1795315677900);
	const char *values[LINES_MAX];
	struct trail trail;
	struct trail_view view;
	int64_t sum_ms = 0;
	size_t n = 0;

	while (s && n < LINES_MAX) {
		values[n++] = s;
		s = strchr(s, '\n');
		if (s)
			*s++ = '\0';
	}
	trail_read(arena, values, n, &trail);
	must(trail.n <= TRAIL_HOPS_MAX);
	for (size_t i = 0; i < trail.n; i++) {
		check_word(trail.hops[i].from);
		check_word(trail.hops[i].by);
		check_word(trail.hops[i].with);
		check_word(trail.hops[i].id);
	}
	view = trail_weigh(arena, &trail, sent_ms, sent_ms + HOUR_MS);
	must(view.n <= trail.n + 1 && view.n != 1);
	for (size_t i = 0; i < view.n; i++) {
		must(view.legs[i].held_ms >= 0 && view.legs[i].n_hops > 0);
		sum_ms += view.legs[i].held_ms;
	}
	must(view.n == 0 || sum_ms == HOUR_MS + 1000);
	trail_passed(&trail, "mx1.example.org", NULL);
}

static void check_date(const char *s)
{
	struct mail_date date;

	if (mail_date_parse(s, &date))
		must(date.ms > -86400000 && date.ms < INT64_C(253402387200000));
}

static void check_auth(const char *s)
{
	struct auth_results results = { .n_fields = 0 };

	auth_results_add(&results, s, "mx1.example.org");
	must(results.n_fields == 1 ||
		(!results.spf && !results.dkim && !results.dmarc));
	auth_results_add(&results, s, "");
	must(results.n_fields <= 1);
	must(auth_result_word(results.spf) && auth_result_word(results.dkim) &&
		auth_result_word(results.dmarc));
}

static void check_dsn(struct arena *arena, const char *s)
{
	struct dsn dsn;

	dsn_read(arena, s, &dsn);
	must(dsn_action_word(dsn.action) != NULL);
	check_word(dsn.envid);
	check_word(dsn.reporter);
	check_word(dsn.remote);
	check_word(dsn.recipient);
	check_word(dsn.said);
	must(!dsn.has_token || flow_instance_check(dsn.token.instance));
}

/* What is decoded is never longer. */
static void check_encoded(const char *s)
{
	struct text text;

	text_init(&text, strlen(s) + 1);
	encoded_word_add(&text, s);
	must(!text.is_cut && text.len <= strlen(s));
	text_release(&text);
}

static void check_token(const char *s)
{
	struct flow_token token, again;
	struct text text;

	if (!flow_token_find(s, &token)) {
		must(!flow_token_parse(s, strlen(s), &token));
		return;
	}
	text_init(&text, FLOW_TOKEN_MAX);
	flow_token_add(&text, &token);
	must(!text.is_cut && strstr(s, text.data));
	must(flow_token_parse(text.data, text.len, &again));
	must(strcmp(token.instance, again.instance) == 0 &&
		flow_instance_check(token.instance));
	text_release(&text);
}

/* Fields are pieces of the header, in their order and without overlap. */
static void check_header(struct arena *arena, const char *s)
{
	const char *const end = s + strlen(s);
	const char *values[LINES_MAX];
	const char *at = s, *behind = s;
	struct header_field field;
	size_t n = 0;

	while (header_next(&at, &field)) {
		must(field.name >= behind && at > behind && at <= end);
		must(field.value >= field.name + field.name_len);
		must(field.value + field.value_len <= at);
		must(!memchr(field.name, '\n', field.name_len));
		n += header_is(&field, "Received");
		behind = at;
	}
	must(header_all(arena, s, "Received", values, LINES_MAX) ==
		(n < LINES_MAX ? n : LINES_MAX));
	must((header_first(arena, s, "Received") != NULL) == (n > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;
	char *s;

	if (size == 0 || size > SIZE_MAX_IN)
		return 0;
	arena = arena_new(ARENA_MAX);
	s = arena_strndup(arena, (const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'd':
		check_date(s);
		break;
	case 'a':
		check_auth(s);
		break;
	case 'b':
		check_dsn(arena, s);
		break;
	case 'h':
		check_header(arena, s);
		break;
	case 't':
		check_token(s);
		check_encoded(s);
		break;
	default:
		check_trail(arena, s);
		break;
	}
	arena_free(arena);
	return 0;
}
