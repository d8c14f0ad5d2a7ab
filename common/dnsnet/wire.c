/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ldns follows tens of thousands of pointers for one name, and allocates a
 * record in a handful of pieces: a server that means harm could keep it busy
 * with little. Here each pointer leads further back, and a name has no more
 * of them than it can have labels.
 */
#include "config.h"

#include "common/dnsnet/wire.h"

#include <ldns/ldns.h>
#include <string.h>

enum {
	LABEL_MAX = 63,
	POINTER = 0xc0,
	POINTERS_MAX = 127, /* labels of the longest name */
};

uint16_t wire_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t wire_u32(const uint8_t *bytes)
{
	return (uint32_t)wire_u16(bytes) << 16 | wire_u16(bytes + 2);
}

void wire_put_u16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

void wire_put_u48(uint8_t *bytes, uint64_t value)
{
	for (size_t i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(value >> (40 - 8 * i));
}

bool wire_skip(struct wire *wire, size_t len)
{
	if (wire->len - wire->pos < len)
		return false;
	wire->pos += len;
	return true;
}

bool wire_read_u8(struct wire *wire, uint8_t *out)
{
	if (!wire_skip(wire, 1))
		return false;
	*out = wire->at[wire->pos - 1];
	return true;
}

bool wire_read_u16(struct wire *wire, uint16_t *out)
{
	if (!wire_skip(wire, 2))
		return false;
	*out = wire_u16(wire->at + wire->pos - 2);
	return true;
}

bool wire_read_u32(struct wire *wire, uint32_t *out)
{
	if (!wire_skip(wire, 4))
		return false;
	*out = wire_u32(wire->at + wire->pos - 4);
	return true;
}

bool wire_read_u48(struct wire *wire, uint64_t *out)
{
	uint16_t high;
	uint32_t low;
	if (!wire_read_u16(wire, &high) || !wire_read_u32(wire, &low))
		return false;
	*out = (uint64_t)high << 32 | low;
	return true;
}

bool wire_read_header(struct wire *wire, struct wire_header *out)
{
	return wire_read_u16(wire, &out->id) &&
	       wire_read_u16(wire, &out->flags) &&
	       wire_read_u16(wire, &out->n_questions) &&
	       wire_read_u16(wire, &out->n_answers) &&
	       wire_read_u16(wire, &out->n_authority) &&
	       wire_read_u16(wire, &out->n_additional);
}

/* -- names --------------------------------------------------------------- */

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static bool add_label(struct wire_name *name, const uint8_t *label, size_t len)
{
	if (sizeof(name->bytes) - name->len < len + 1)
		return false;
	name->bytes[name->len++] = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		name->bytes[name->len++] = lower(label[i]);
	return true;
}

/* Follows a pointer at *pos to before all that was read of the name. */
static bool follow(const struct wire *wire, size_t *pos, size_t *first)
{
	if (wire->len - *pos < 2)
		return false;
	size_t to = wire_u16(wire->at + *pos) - (POINTER << 8);
	if (to >= *first)
		return false;
	*pos = *first = to;
	return true;
}

bool wire_read_name(struct wire *wire, struct wire_name *out)
{
	size_t pos = wire->pos;
	size_t first = pos; /* of the part that is being read */
	size_t end = 0;     /* behind the first pointer */
	unsigned n_pointers = 0;
	out->len = 0;
	while (pos < wire->len) {
		uint8_t len = wire->at[pos];
		if (len >= POINTER) {
			if (end == 0)
				end = pos + 2;
			if (++n_pointers > POINTERS_MAX ||
				!follow(wire, &pos, &first))
				return false;
			continue;
		}
		pos++;
		if (len > LABEL_MAX || wire->len - pos < len ||
			!add_label(out, wire->at + pos, len))
			return false;
		pos += len;
		if (len == 0) {
			wire->pos = end == 0 ? pos : end;
			return true;
		}
	}
	return false;
}

bool wire_skip_name(struct wire *wire)
{
	uint8_t len;
	while (wire_read_u8(wire, &len)) {
		if (len >= POINTER)
			return wire_skip(wire, 1);
		if (len == 0)
			return true;
		if (len > LABEL_MAX || !wire_skip(wire, len))
			return false;
	}
	return false;
}

bool wire_name_equals(const struct wire_name *a, const struct wire_name *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool wire_name_in(const struct wire_name *name, const struct wire_name *zone)
{
	size_t at = 0;
	while (name->len - at > zone->len)
		at += (size_t)name->bytes[at] + 1;
	return name->len - at == zone->len &&
	       memcmp(name->bytes + at, zone->bytes, zone->len) == 0;
}

bool wire_name_parse(const char *text, struct wire_name *out)
{
	ldns_rdf *rdf = ldns_dname_new_frm_str(text);
	if (rdf == NULL)
		return false;
	struct wire wire = { .at = ldns_rdf_data(rdf),
		.len = ldns_rdf_size(rdf) };
	bool is_name = wire_read_name(&wire, out);
	ldns_rdf_deep_free(rdf);
	return is_name;
}

const char *wire_name_text(
	struct arena *arena, const uint8_t *bytes, size_t len)
{
	const char *name = "?";
	ldns_rdf *rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, len, bytes);
	char *text = rdf == NULL ? NULL : ldns_rdf2str(rdf);
	size_t text_len = text == NULL ? 0 : strlen(text);
	if (text_len > 0) /* without the last dot, unless it is all */
		name = arena_strndup(
			arena, text, text_len > 1 ? text_len - 1 : 1);
	LDNS_FREE(text);
	ldns_rdf_deep_free(rdf);
	return name;
}

/* -- records ------------------------------------------------------------- */

static bool read_fixed(struct wire *wire, struct wire_record *out)
{
	if (!wire_read_u16(wire, &out->type) ||
		!wire_read_u16(wire, &out->class) ||
		!wire_read_u32(wire, &out->ttl_s) ||
		!wire_read_u16(wire, &out->rdata_len))
		return false;
	out->rdata = wire->pos;
	return wire_skip(wire, out->rdata_len);
}

bool wire_read_record(struct wire *wire, struct wire_record *out)
{
	return wire_read_name(wire, &out->owner) && read_fixed(wire, out);
}

bool wire_skip_record(struct wire *wire)
{
	uint16_t rdata_len;
	return wire_skip_name(wire) && wire_skip(wire, 8) &&
	       wire_read_u16(wire, &rdata_len) && wire_skip(wire, rdata_len);
}

/* What the data of a type is made of: so many bytes, then strings, then
 * names, then bytes again. */
struct layout {
	uint16_t type;
	uint8_t n_bytes, n_strings, n_names;
	int8_t n_tail; /* ANY: as many as there are */
};

enum {
	ANY = -1,
};

/*
 * The types with names that may be compressed (RFC 3597 section 4) or are
 * compared in lower case (RFC 4034 section 6.2); and addresses.
 */
static const struct layout layouts[] = {
	{ LDNS_RR_TYPE_A, 4, 0, 0, 0 },
	{ LDNS_RR_TYPE_NS, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_MD, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_MF, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_CNAME, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_SOA, 0, 0, 2, 20 },
	{ LDNS_RR_TYPE_MB, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_MG, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_MR, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_PTR, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_MINFO, 0, 0, 2, 0 },
	{ LDNS_RR_TYPE_MX, 2, 0, 1, 0 },
	{ LDNS_RR_TYPE_RP, 0, 0, 2, 0 },
	{ LDNS_RR_TYPE_AFSDB, 2, 0, 1, 0 },
	{ LDNS_RR_TYPE_RT, 2, 0, 1, 0 },
	{ LDNS_RR_TYPE_SIG, 18, 0, 1, ANY },
	{ LDNS_RR_TYPE_PX, 2, 0, 2, 0 },
	{ LDNS_RR_TYPE_AAAA, 16, 0, 0, 0 },
	{ LDNS_RR_TYPE_NXT, 0, 0, 1, ANY },
	{ LDNS_RR_TYPE_SRV, 6, 0, 1, 0 },
	{ LDNS_RR_TYPE_NAPTR, 4, 3, 1, 0 },
	{ LDNS_RR_TYPE_KX, 2, 0, 1, 0 },
	{ LDNS_RR_TYPE_DNAME, 0, 0, 1, 0 },
	{ LDNS_RR_TYPE_RRSIG, 18, 0, 1, ANY },
};

static const struct layout *layout_of(uint16_t type)
{
	static const struct layout opaque = { .n_tail = ANY };
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return &opaque;
}

static bool copy(struct wire *wire, size_t len, struct wire_rdata *out)
{
	if (sizeof(out->bytes) - out->len < len || !wire_skip(wire, len))
		return false;
	memcpy(out->bytes + out->len, wire->at + wire->pos - len, len);
	out->len += len;
	return true;
}

static bool copy_string(struct wire *wire, struct wire_rdata *out)
{
	return wire->pos < wire->len &&
	       copy(wire, (size_t)wire->at[wire->pos] + 1, out);
}

static bool copy_name(struct wire *wire, struct wire_rdata *out)
{
	struct wire_name name;
	if (!wire_read_name(wire, &name) ||
		sizeof(out->bytes) - out->len < name.len)
		return false;
	memcpy(out->bytes + out->len, name.bytes, name.len);
	out->len += name.len;
	return true;
}

bool wire_read_rdata(const struct wire *wire, const struct wire_record *record,
	struct wire_rdata *out)
{
	const struct layout *layout = layout_of(record->type);
	struct wire data = { .at = wire->at,
		.len = record->rdata + record->rdata_len,
		.pos = record->rdata };
	out->len = 0;
	bool is_good = copy(&data, layout->n_bytes, out);
	for (unsigned i = 0; is_good && i < layout->n_strings; i++)
		is_good = copy_string(&data, out);
	for (unsigned i = 0; is_good && i < layout->n_names; i++)
		is_good = copy_name(&data, out);
	size_t left = data.len - data.pos;
	if (layout->n_tail != ANY && left != (size_t)layout->n_tail)
		return false;
	return is_good && copy(&data, left, out);
}
