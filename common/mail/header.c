/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes the header of a message apart. */
#include "config.h"

#include "common/mail/header.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the line, and those that go on with it. */
static const char *end_of(const char *at)
{
	do {
		at += strcspn(at, "\n");
		at += *at == '\n';
	} while (*at == ' ' || *at == '\t');
	return at;
}

static bool is_end(const char *at)
{
	return *at == '\0' || *at == '\n' || (at[0] == '\r' && at[1] == '\n');
}

static void trim(struct header_field *field)
{
	while (field->value_len > 0 && is_blank(*field->value)) {
		field->value++;
		field->value_len--;
	}
	while (field->value_len > 0 &&
		is_blank(field->value[field->value_len - 1]))
		field->value_len--;
	while (field->name_len > 0 &&
		is_blank(field->name[field->name_len - 1]))
		field->name_len--;
}

bool header_next(const char **at, struct header_field *field)
{
	while (!is_end(*at)) {
		const char *line = *at;
		size_t len;

		*at = end_of(line);
		len = strcspn(line, ":\n");
		if (line[len] != ':' || len == 0)
			continue;
		*field = (struct header_field){ .name = line,
			.name_len = len,
			.value = line + len + 1,
			.value_len = (size_t)(*at - line) - len - 1 };
		trim(field);
		return true;
	}
	return false;
}

bool header_is(const struct header_field *field, const char *name)
{
	return field->name_len == strlen(name) &&
	       strncasecmp(field->name, name, field->name_len) == 0;
}

const char *header_first(
	struct arena *arena, const char *header, const char *name)
{
	const char *value = NULL;

	(void)header_all(arena, header, name, &value, 1);
	return value;
}

size_t header_all(struct arena *arena, const char *header, const char *name,
	const char **values, size_t max)
{
	struct header_field field;
	size_t n = 0;

	while (n < max && header_next(&header, &field))
		if (header_is(&field, name))
			values[n++] = arena_strndup(
				arena, field.value, field.value_len);
	return n;
}
