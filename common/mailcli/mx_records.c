/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the records of mail from the bytes of a reply. */
#include "config.h"

#include "common/mailcli/mx_records.h"

#include <string.h>

#include "common/dnsnet/wire.h"

enum {
	TLSA_HEAD = 3, /* usage, selector, matching type */
	NOT_NUL = 1,
};

/* The records of one owner and type in the answer section. */
struct cursor {
	struct wire wire;
	uint16_t n_left;
	struct wire_name owner;
	uint16_t type;
};

static bool cursor_init(struct cursor *cursor,
	const struct dns_message *message, const char *owner,
	enum dns_type type)
{
	struct wire_header header;

	memset(cursor, 0, sizeof(*cursor));
	cursor->wire.at = message->wire;
	cursor->wire.len = message->size;
	cursor->type = (uint16_t)type;
	if (!wire_name_parse(owner, &cursor->owner) ||
		!wire_read_header(&cursor->wire, &header))
		return false;
	for (; header.n_questions > 0; header.n_questions--)
		if (!wire_skip_name(&cursor->wire) ||
			!wire_skip(&cursor->wire, 4))
			return false;
	cursor->n_left = header.n_answers;
	return true;
}

/* *data spans the data of the next record; names in it may point before. */
static bool cursor_next(struct cursor *cursor, struct wire *data)
{
	struct wire_record record;

	while (cursor->n_left > 0) {
		cursor->n_left--;
		if (!wire_read_record(&cursor->wire, &record))
			return false;
		if (record.type != cursor->type ||
			record.class != WIRE_CLASS_IN ||
			!wire_name_equals(&record.owner, &cursor->owner))
			continue;
		*data = (struct wire){ .at = cursor->wire.at,
			.len = record.rdata + record.rdata_len,
			.pos = record.rdata };
		return true;
	}
	return false;
}

/* How many there are; the cursor is a copy. */
static size_t count(struct cursor cursor)
{
	struct wire data;
	size_t n = 0;

	while (cursor_next(&cursor, &data))
		n++;
	return n;
}

size_t mx_records_mx(struct arena *arena, const struct dns_message *message,
	const char *owner, struct mx_record **out)
{
	struct cursor cursor;
	struct wire_name name;
	struct wire data;
	size_t n = 0;

	*out = NULL;
	if (!cursor_init(&cursor, message, owner, DNS_TYPE_MX))
		return 0;
	*out = arena_array(arena, count(cursor), sizeof(**out));
	while (cursor_next(&cursor, &data)) {
		struct mx_record *record = &(*out)[n];

		if (!wire_read_u16(&data, &record->preference) ||
			!wire_read_name(&data, &name) || data.pos != data.len)
			continue;
		record->name = wire_name_text(arena, name.bytes, name.len);
		n++;
	}
	return n;
}

/* NULL where its strings do not fill it. */
static const char *read_strings(struct arena *arena, struct wire *data)
{
	char *text = arena_alloc(arena, data->len - data->pos + 1);
	size_t n = 0, i;
	uint8_t len;

	if (data->pos == data->len)
		return NULL;
	while (data->pos < data->len) {
		if (!wire_read_u8(data, &len) || len > data->len - data->pos)
			return NULL;
		memcpy(text + n, data->at + data->pos, len);
		n += len;
		data->pos += len;
	}
	for (i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = NOT_NUL;
	return text;
}

size_t mx_records_txt(struct arena *arena, const struct dns_message *message,
	const char *owner, const char ***out)
{
	struct cursor cursor;
	struct wire data;
	size_t n = 0;

	*out = NULL;
	if (!cursor_init(&cursor, message, owner, DNS_TYPE_TXT))
		return 0;
	*out = arena_array(arena, count(cursor), sizeof(**out));
	while (cursor_next(&cursor, &data)) {
		(*out)[n] = read_strings(arena, &data);
		if ((*out)[n])
			n++;
	}
	return n;
}

static const char *hexadecimal(struct arena *arena, const struct wire *data)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(arena, 2 * (data->len - data->pos) + 1);
	char *to = text;
	size_t i;

	for (i = data->pos; i < data->len; i++) {
		*to++ = digits[data->at[i] >> 4];
		*to++ = digits[data->at[i] & 15];
	}
	return text;
}

size_t mx_records_tlsa(struct arena *arena, const struct dns_message *message,
	const char *owner, struct mx_tlsa **out)
{
	struct cursor cursor;
	struct wire data;
	size_t n = 0;

	*out = NULL;
	if (!cursor_init(&cursor, message, owner, DNS_TYPE_TLSA))
		return 0;
	*out = arena_array(arena, count(cursor), sizeof(**out));
	while (cursor_next(&cursor, &data)) {
		struct mx_tlsa *tlsa = &(*out)[n];

		if (data.len - data.pos < TLSA_HEAD)
			continue;
		tlsa->usage = data.at[data.pos];
		tlsa->selector = data.at[data.pos + 1];
		tlsa->matching = data.at[data.pos + 2];
		data.pos += TLSA_HEAD;
		tlsa->data = hexadecimal(arena, &data);
		n++;
	}
	return n;
}
