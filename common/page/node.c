/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON by jansson. Its tree takes many times the room of dense text, so what
 * it would take is estimated first: 4 MiB of "[],[],[]" are refused, not
 * built.
 */
#include "config.h"

#include "common/page/node.h"

#include <jansson.h>
#include <string.h>

#include "common/core/text.h"
#include "common/page/document.h"

enum {
	/* What jansson takes on 64 bits, malloc()'s own part with it. The
	 * name of a member is a text, too; a comma stands for a number. */
	COST_OBJECT = 224,
	COST_LIST = 128,
	COST_MEMBER = 40,
	COST_TEXT = 56,
	COST_VALUE = 48,
	COST_MAX = 36 * 1024 * 1024,
	WHY_MAX = 200,
};

/* -- bounds --------------------------------------------------------------- */

struct estimate {
	size_t depth, deepest;
	size_t cost;
};

/* The quote that ends the text that begins behind at; or the end. */
static const char *skip_text(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at;
}

static void count(struct estimate *estimate, char c)
{
	switch (c) {
	case '{':
	case '[':
		estimate->cost += c == '{' ? COST_OBJECT : COST_LIST;
		if (++estimate->depth > estimate->deepest)
			estimate->deepest = estimate->depth;
		break;
	case '}':
	case ']':
		if (estimate->depth > 0)
			estimate->depth--;
		break;
	case ':':
		estimate->cost += COST_MEMBER;
		break;
	case ',':
		estimate->cost += COST_VALUE;
		break;
	default:
		break;
	}
}

static struct estimate estimate(const char *data, size_t len)
{
	struct estimate estimate = { 0 };
	const char *end = data + len;
	const char *at;

	for (at = data; at < end; at++) {
		if (*at == '"') {
			const char *start = at;

			at = skip_text(at, end);
			estimate.cost += COST_TEXT + (size_t)(at - start);
		} else {
			count(&estimate, *at);
		}
	}
	return estimate;
}

/* -- parsing -------------------------------------------------------------- */

/* jansson tells where it is: "'}' expected near ']'" and the line. */
static const char *explain(struct arena *arena, const json_error_t *error)
{
	struct text text;
	const char *why;

	text_init(&text, WHY_MAX);
	text_printf(&text, "is no JSON (line %d, column %d: ", error->line,
		error->column);
	text_add_clean(&text, error->text);
	text_add(&text, ")");
	why = arena_strdup(arena, text.data);
	text_release(&text);
	return why;
}

enum node_fate node_parse(struct arena *arena, const char *data, size_t len,
	struct node *root, const char **why)
{
	const struct estimate bounds = estimate(data, len);
	json_error_t error;
	json_t *json;

	root->value = NULL;
	if (bounds.deepest > PAGE_DEPTH_MAX) {
		*why = arena_printf(arena, "is nested more than %d deep",
			(int)PAGE_DEPTH_MAX);
		return NODE_TOO_MUCH;
	}
	if (bounds.cost > COST_MAX) {
		*why = "has more values than there is memory for";
		return NODE_TOO_MUCH;
	}
	json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	if (!json && json_error_code(&error) == json_error_out_of_memory)
		mem_exhausted();
	if (!json) {
		*why = explain(arena, &error);
		return NODE_NO_JSON;
	}
	root->value = json;
	return NODE_PARSED;
}

static const json_t *json_of(struct node node)
{
	return node.value;
}

void node_free(struct node root)
{
	union {
		const void *borrowed;
		json_t *owned;
	} tree = { .borrowed = root.value };

	json_decref(tree.owned);
}

/* -- looking at it -------------------------------------------------------- */

enum node_type node_type(struct node node)
{
	if (!node.value)
		return NODE_MISSING;
	switch (json_typeof(json_of(node))) {
	case JSON_OBJECT:
		return NODE_OBJECT;
	case JSON_ARRAY:
		return NODE_LIST;
	case JSON_STRING:
		return NODE_TEXT;
	case JSON_INTEGER:
		return NODE_INT;
	case JSON_REAL:
		return NODE_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return NODE_BOOL;
	case JSON_NULL:
		return NODE_NULL;
	}
	return NODE_MISSING;
}

bool node_is_there(struct node node)
{
	return node.value && !json_is_null(json_of(node));
}

struct node node_get(struct node object, const char *key)
{
	return (struct node){ json_object_get(json_of(object), key) };
}

struct node node_at(struct node list, size_t i)
{
	return (struct node){ json_array_get(json_of(list), i) };
}

size_t node_count(struct node node)
{
	return node_type(node) == NODE_OBJECT ? json_object_size(json_of(node))
					      : json_array_size(json_of(node));
}

const char *node_text(struct node node)
{
	return json_string_value(json_of(node));
}

bool node_is_true(struct node node)
{
	return json_is_true(json_of(node));
}

/* At most 18 digits, so that it fits. */
static bool text_is_int(const char *text, int64_t *out)
{
	size_t len = strlen(text);
	int64_t value = 0;
	size_t i;

	if (len == 0 || len > 18)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*out = value;
	return true;
}

bool node_int(struct node node, int64_t *out)
{
	const char *text = node_text(node);

	if (text)
		return text_is_int(text, out);
	if (!json_is_integer(json_of(node)))
		return false;
	*out = json_integer_value(json_of(node));
	return true;
}

bool node_whole(struct node node, int64_t *out)
{
	static const double max = 1e15; /* exact, and behind all times */
	double value = json_number_value(json_of(node));

	if (!json_is_number(json_of(node)) || value < -max || value > max)
		return false;
	*out = (int64_t)value;
	return true;
}

bool node_next(struct node object, struct node_walk *walk)
{
	union {
		const void *borrowed;
		json_t *owned;
	} tree = { .borrowed = object.value };

	/* jansson wants it writable to walk, and leaves it as it is. */
	if (walk->at)
		walk->at = json_object_iter_next(tree.owned, walk->at);
	else if (!walk->key)
		walk->at = json_object_iter(tree.owned);
	if (!walk->at)
		return false;
	walk->key = json_object_iter_key(walk->at);
	walk->value.value = json_object_iter_value(walk->at);
	return true;
}
