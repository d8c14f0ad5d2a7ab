/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is not exactly as it is written here is damaged, and all of it. */
#include "config.h"

#include "common/store/sts_past.h"

#include <jansson.h>
#include <string.h>

#include "common/store/dns_history.h"

static const struct store_kind past_kind = { "mta-sts", 1 };

static bool is_id(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= STS_PAST_ID_MAX &&
	       strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

/* jansson takes neither a NUL nor what is no UTF-8. */
static bool read_state(
	struct arena *arena, const json_t *state, struct sts_past *out)
{
	const char *id = json_string_value(json_object_get(state, "id"));
	const char *text = json_string_value(json_object_get(state, "policy"));

	if (json_object_size(state) != 2 || !id || !text || !is_id(id) ||
		strlen(text) > STS_PAST_POLICY_MAX)
		return false;
	out->id = arena_strdup(arena, id);
	out->policy_text = arena_strdup(arena, text);
	return true;
}

static void read_past(struct arena *arena, struct sts_past_file *file)
{
	json_t *root = store_take_root(file->store);

	if (!root)
		return;
	if (!read_state(arena, json_object_get(root, "state"), &file->past))
		store_is_damaged(file->store,
			"is damaged: its state is not one that was written");
	json_decref(root);
}

static void write_past(struct json *json, const char *key, const void *document)
{
	const struct sts_past *past = document;

	json_open_object(json, key);
	json_add_string(json, "id", past->id);
	json_add_string(json, "policy", past->policy_text);
	json_close_object(json);
}

void sts_past_open(struct sts_past_file *file, struct arena *arena,
	const struct store_place *place, const char *domain)
{
	*file = (struct sts_past_file){
		.store = store_open(arena, place, &past_kind, domain),
	};
	read_past(arena, file);
	file->state = history_state_of(file->store);
}

void sts_past_save(struct sts_past_file *file, const struct sts_past *past)
{
	(void)store_save(file->store, write_past, past);
	file->state = history_state_of(file->store);
}

void sts_past_close(struct sts_past_file *file)
{
	store_close(file->store);
	file->store = NULL;
}
