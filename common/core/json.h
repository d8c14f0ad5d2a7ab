/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A JSON writer over bounded text (RFC 8259). It keeps commas, escaping and
 * UTF-8 right; the caller keeps opens and closes balanced. Inside an array
 * the key is NULL, inside an object it is not.
 */
#ifndef LIFELINE_CORE_JSON_H
#define LIFELINE_CORE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/text.h"

struct json {
	struct text *out; /* borrowed */
	bool needs_comma;
};

void json_init(struct json *json, struct text *out);

void json_open_object(struct json *json, const char *key);
void json_close_object(struct json *json);
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);

/* A NULL value writes null. Bytes that are not UTF-8 become U+FFFD. */
void json_add_string(struct json *json, const char *key, const char *value);
void json_add_int(struct json *json, const char *key, int64_t value);
void json_add_number(struct json *json, const char *key, double value);
void json_add_bool(struct json *json, const char *key, bool value);

/* An array of n strings, each as json_add_string() writes it. */
void json_add_strings(struct json *json, const char *key,
	const char *const *values, size_t n);
void json_add_null(struct json *json, const char *key);

#endif
