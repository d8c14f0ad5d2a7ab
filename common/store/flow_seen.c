/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints are 64 bits, eleven digits of base 64 each, in one string: as JSON
 * numbers they would be twice as long.
 */
#include "config.h"

#include "common/store/flow_seen.h"

#include <jansson.h>
#include <string.h>

enum {
	PRINT_DIGITS = 11,
	DIGIT_BITS = 6,
	STATE_MEMBERS = 3,
	FOLDER_LEN = 3,
};

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const struct store_kind seen_kind = { "mail-flow-seen", 1 };

/* -- reading ------------------------------------------------------------- */

/* False: it is no print. */
static bool read_print(const char *at, uint64_t *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < PRINT_DIGITS; i++) {
		const char *digit = strchr(digits, at[i]);

		if (!digit || *digit == '\0')
			return false;
		*out = *out << DIGIT_BITS | (uint64_t)(digit - digits);
	}
	return true;
}

static bool read_prints(
	struct arena *arena, json_t *value, struct flow_seen *seen)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	uint64_t *prints;
	size_t i;

	if (!text || len % PRINT_DIGITS != 0 ||
		len / PRINT_DIGITS > FLOW_SEEN_PRINTS_MAX)
		return false;
	seen->n_prints = len / PRINT_DIGITS;
	prints = arena_array(arena, seen->n_prints + 1, sizeof(*prints));
	seen->prints = prints;
	for (i = 0; i < seen->n_prints; i++)
		if (!read_print(text + i * PRINT_DIGITS, &prints[i]) ||
			(i > 0 && prints[i] < prints[i - 1]))
			return false;
	return true;
}

static bool read_uid(json_t *value, uint32_t *out)
{
	json_int_t number = json_integer_value(value);

	*out = (uint32_t)number;
	return json_is_integer(value) && number >= 0 && number <= UINT32_MAX;
}

static bool read_folder(
	struct arena *arena, json_t *row, struct flow_seen_folder *folder)
{
	const char *name = json_string_value(json_array_get(row, 0));

	if (json_array_size(row) != FOLDER_LEN || !name ||
		strlen(name) > FLOW_SEEN_NAME_MAX)
		return false;
	folder->name = arena_strdup(arena, name);
	return read_uid(json_array_get(row, 1), &folder->uid_validity) &&
	       read_uid(json_array_get(row, 2), &folder->last_uid);
}

static bool read_seen(
	struct arena *arena, json_t *state, struct flow_seen *seen)
{
	json_t *folders = json_object_get(state, "folders");
	const char *owner = json_string_value(json_object_get(state, "owner"));
	size_t i;

	if (json_object_size(state) != STATE_MEMBERS || !owner ||
		strlen(owner) > FLOW_SEEN_OWNER_MAX ||
		!json_is_array(folders) ||
		json_array_size(folders) > FLOW_SEEN_FOLDERS_MAX)
		return false;
	seen->owner = arena_strdup(arena, owner);
	seen->n_folders = json_array_size(folders);
	for (i = 0; i < seen->n_folders; i++)
		if (!read_folder(arena, json_array_get(folders, i),
			    &seen->folders[i]))
			return false;
	return read_prints(arena, json_object_get(state, "prints"), seen);
}

static void read_file(struct flow_seen_file *file, struct arena *arena)
{
	json_t *root = store_take_root(file->store);

	if (!root)
		return;
	file->was_read =
		read_seen(arena, json_object_get(root, "state"), &file->seen);
	json_decref(root);
	if (!file->was_read)
		store_is_damaged(file->store,
			"is damaged: its state is not one that was written");
}

/* -- writing ------------------------------------------------------------- */

static void write_prints(struct json *json, const struct flow_seen *seen)
{
	struct text text;
	size_t i, j;

	text_init(&text, FLOW_SEEN_PRINTS_MAX * PRINT_DIGITS);
	for (i = 0; i < seen->n_prints; i++) {
		uint64_t print = seen->prints[i];
		char word[PRINT_DIGITS];

		for (j = PRINT_DIGITS; j > 0; j--, print >>= DIGIT_BITS)
			word[j - 1] = digits[print & 63];
		text_add_len(&text, word, sizeof(word));
	}
	json_add_string(json, "prints", text.data);
	text_release(&text);
}

static void write_seen(struct json *json, const char *key, const void *document)
{
	const struct flow_seen *seen = document;
	size_t i;

	json_open_object(json, key);
	json_add_string(json, "owner", seen->owner);
	json_open_array(json, "folders");
	for (i = 0; i < seen->n_folders; i++) {
		json_open_array(json, NULL);
		json_add_string(json, NULL, seen->folders[i].name);
		json_add_int(json, NULL, seen->folders[i].uid_validity);
		json_add_int(json, NULL, seen->folders[i].last_uid);
		json_close_array(json);
	}
	json_close_array(json);
	write_prints(json, seen);
	json_close_object(json);
}

/* -- the file ------------------------------------------------------------ */

void flow_seen_open(struct flow_seen_file *file, struct arena *arena,
	const struct store_place *place, const char *instance,
	const char *owner)
{
	*file = (struct flow_seen_file){
		.store = store_open(arena, place, &seen_kind,
			arena_printf(arena, "check_mail_flow %s", instance)),
	};
	read_file(file, arena);
	if (file->was_read && strcmp(file->seen.owner, owner) == 0)
		return;
	file->was_read = false;
	file->seen = (struct flow_seen){ .owner = owner };
}

bool flow_seen_save(struct flow_seen_file *file, const struct flow_seen *seen)
{
	struct flow_seen kept = *seen;

	if (kept.n_prints > FLOW_SEEN_PRINTS_MAX) {
		kept.owner = "";
		kept.n_prints = 0;
	}
	return store_save(file->store, write_seen, &kept);
}

void flow_seen_close(struct flow_seen_file *file)
{
	store_close(file->store);
	file->store = NULL;
}
