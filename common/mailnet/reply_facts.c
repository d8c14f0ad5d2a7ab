/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/mailnet/reply_facts.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/core/num.h"
#include "common/core/text.h"

/* The size of a message is told within 20 digits (RFC 1870 section 3). */
static void read_size(const char *parameter, struct smtp_offer *out)
{
	out->has_size =
		*parameter == '\0' ||
		num_parse_uint(parameter, 0, UINT64_MAX, &out->size) == NUM_OK;
}

static void read_keyword(
	const char *word, const char *parameter, struct smtp_offer *out)
{
	const struct {
		const char *word;
		bool *has;
	} known[] = {
		{ "STARTTLS", &out->has_starttls },
		{ "PIPELINING", &out->has_pipelining },
		{ "8BITMIME", &out->has_8bitmime },
		{ "SMTPUTF8", &out->has_smtputf8 },
		{ "CHUNKING", &out->has_chunking },
		{ "DSN", &out->has_dsn },
		{ "ENHANCEDSTATUSCODES", &out->has_enhanced },
		{ "REQUIRETLS", &out->has_requiretls },
	};
	if (strcasecmp(word, "SIZE") == 0)
		read_size(parameter, out);
	if (strcasecmp(word, "AUTH") == 0)
		out->auth = parameter;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(word, known[i].word) == 0)
			*known[i].has = true;
}

void reply_offer(struct arena *arena, const struct smtp_reply *reply,
	struct smtp_offer *out)
{
	const char *line;
	size_t at = 0, len = 0;
	*out = (struct smtp_offer){ .is_known = true };
	while ((line = smtp_reply_line(reply, &at, &len)) != NULL) {
		char *word = arena_strndup(arena, line, len);
		char *parameter = word + strcspn(word, " ");
		if (*parameter != '\0')
			*parameter++ = '\0';
		if (out->host == NULL)
			out->host = word;
		else
			read_keyword(word, parameter, out);
	}
}

const char *reply_text(struct arena *arena, const struct smtp_reply *reply,
	struct smtp_enhanced *enhanced)
{
	struct text text;
	const char *line, *kept;
	size_t at = 0, len = 0;
	bool is_first = true;
	text_init(&text, SMTP_TEXT_MAX);
	while ((line = smtp_reply_line(reply, &at, &len)) != NULL) {
		const char *rest = NULL;
		struct smtp_enhanced code = smtp_enhanced_parse(
			reply->code, arena_strndup(arena, line, len), &rest);
		if (is_first)
			*enhanced = code;
		else
			text_add(&text, " ");
		is_first = false;
		text_add(&text, rest);
	}
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}
