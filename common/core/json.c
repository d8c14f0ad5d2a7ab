/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/core/json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

void json_init(struct json *json, struct text *out)
{
	*json = (struct json){ .out = out };
}

static void add_string(struct text *out, const char *s)
{
	text_add(out, "\"");
	while (*s != '\0') {
		size_t len = text_utf8_len(s);
		unsigned char c = (unsigned char)*s;

		if (len == 0)
			text_add(out, "\xef\xbf\xbd"); /* U+FFFD */
		else if (c == '"' || c == '\\')
			text_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\u%04x", c);
		else
			text_add_len(out, s, len);
		s += len > 0 ? len : 1;
	}
	text_add(out, "\"");
}

/* All that goes before a value. */
static void begin_value(struct json *json, const char *key)
{
	if (json->needs_comma)
		text_add(json->out, ",");
	json->needs_comma = true;
	if (key != NULL) {
		add_string(json->out, key);
		text_add(json->out, ":");
	}
}

static void open_with(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	text_add(json->out, bracket);
	json->needs_comma = false;
}

static void close_with(struct json *json, const char *bracket)
{
	text_add(json->out, bracket);
	json->needs_comma = true;
}

void json_open_object(struct json *json, const char *key)
{
	open_with(json, key, "{");
}

void json_close_object(struct json *json)
{
	close_with(json, "}");
}

void json_open_array(struct json *json, const char *key)
{
	open_with(json, key, "[");
}

void json_close_array(struct json *json)
{
	close_with(json, "]");
}

void json_add_string(struct json *json, const char *key, const char *value)
{
	begin_value(json, key);
	if (value == NULL)
		text_add(json->out, "null");
	else
		add_string(json->out, value);
}

void json_add_int(struct json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	text_printf(json->out, "%" PRId64, value);
}

void json_add_number(struct json *json, const char *key, double value)
{
	begin_value(json, key);
	if (isfinite(value))
		text_add_number(json->out, value);
	else
		text_add(json->out, "null");
}

void json_add_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	text_add(json->out, value ? "true" : "false");
}

void json_add_strings(
	struct json *json, const char *key, const char *const *values, size_t n)
{
	json_open_array(json, key);
	for (size_t i = 0; i < n; i++)
		json_add_string(json, NULL, values[i]);
	json_close_array(json);
}

void json_add_null(struct json *json, const char *key)
{
	begin_value(json, key);
	text_add(json->out, "null");
}
