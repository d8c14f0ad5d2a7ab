/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to wire and replies from wire, by ldns. */
#include "config.h"

#include "common/dnsnet/gather.h"
#include "common/dnsnet/message.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/core/num.h"

enum {
	EDNS_NSID = 3,
	EDNS_EXPIRE = 9,
	EDNS_EDE = 15,
	NSID_MAX = 64,      /* bytes of it that are shown */
	EDE_TEXT_MAX = 200, /* the same */
	CONTENTS_MAX = 4096 /* records of one answer that are compared */
};

/* Empty options: those asked for (RFC 5001 section 2.1, RFC 7314 section
 * 2). */
static void add_options(ldns_pkt *pkt, const struct dns_question *question)
{
	uint8_t options[8] = { 0 };
	size_t len = 0;
	if (question->wants_nsid) {
		options[1] = EDNS_NSID;
		len += 4;
	}
	if (question->wants_expire) {
		options[len + 1] = EDNS_EXPIRE;
		len += 4;
	}
	ldns_rdf *data = len == 0 ? NULL
				  : ldns_rdf_new_frm_data(
					    LDNS_RDF_TYPE_NONE, len, options);
	if (data != NULL)
		ldns_pkt_set_edns_data(pkt, data);
}

size_t dns_question_write(const struct dns_question *question, uint16_t id,
	bool with_edns, uint8_t *wire)
{
	ldns_rdf *name = ldns_dname_new_frm_str(question->name);
	if (name == NULL)
		return 0;
	ldns_pkt *pkt = ldns_pkt_query_new(name, (ldns_rr_type)question->type,
		LDNS_RR_CLASS_IN,
		question->wants_recursion ? (uint16_t)LDNS_RD : (uint16_t)0);
	if (pkt == NULL) {
		ldns_rdf_deep_free(name);
		return 0;
	}
	ldns_pkt_set_id(pkt, id);
	if (with_edns) {
		ldns_pkt_set_edns_udp_size(pkt, DNS_EDNS_SIZE);
		ldns_pkt_set_edns_do(pkt, question->wants_dnssec);
		add_options(pkt, question);
	}
	uint8_t *made = NULL;
	size_t len = 0;
	if (ldns_pkt2wire(&made, pkt, &len) != LDNS_STATUS_OK ||
		len > DNS_WIRE_QUESTION_MAX)
		len = 0;
	if (len > 0)
		memcpy(wire, made, len);
	LDNS_FREE(made);
	ldns_pkt_free(pkt);
	return len;
}

/* A reader's state: names are written through one buffer of ldns's. */
struct reader {
	struct arena *arena;
	ldns_buffer *buffer;
	bool failed;
	/* The last owner: that of a set is there once for each record, and
	 * ldns writes names a character at a time. */
	const ldns_rdf *owner;
	const char *owner_text;
};

static const char *read_name(struct reader *reader, ldns_rdf *rdf)
{
	if (rdf == NULL || ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME) {
		reader->failed = true;
		return ".";
	}
	ldns_dname2canonical(rdf);
	ldns_buffer_clear(reader->buffer);
	if (ldns_rdf2buffer_str_dname(reader->buffer, rdf) != LDNS_STATUS_OK) {
		reader->failed = true;
		return ".";
	}
	size_t len = ldns_buffer_position(reader->buffer);
	const char *text = (const char *)ldns_buffer_begin(reader->buffer);
	if (len > 1)
		len--; /* the last dot */
	return arena_strndup(reader->arena, text, len);
}

static const char *read_owner(struct reader *reader, ldns_rdf *rdf)
{
	if (reader->owner == NULL || rdf == NULL ||
		ldns_rdf_compare(reader->owner, rdf) != 0) {
		reader->owner_text = read_name(reader, rdf);
		reader->owner = rdf; /* canonical by now */
	}
	return reader->owner_text;
}

static void read_soa(
	struct reader *reader, const ldns_rr *rr, struct dns_soa *soa)
{
	if (ldns_rr_rd_count(rr) < 7) {
		reader->failed = true;
		return;
	}
	soa->is_known = true;
	soa->mname = read_name(reader, ldns_rr_rdf(rr, 0));
	soa->rname = read_name(reader, ldns_rr_rdf(rr, 1));
	soa->serial = ldns_rdf2native_int32(ldns_rr_rdf(rr, 2));
	soa->refresh = ldns_rdf2native_int32(ldns_rr_rdf(rr, 3));
	soa->retry = ldns_rdf2native_int32(ldns_rr_rdf(rr, 4));
	soa->expire = ldns_rdf2native_int32(ldns_rr_rdf(rr, 5));
	soa->minimum = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
}

static void read_addr(struct reader *reader, const ldns_rr *rr, size_t size,
	struct dns_addr *addr)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);
	if (rdf == NULL || ldns_rdf_size(rdf) != size) {
		reader->failed = true;
		return;
	}
	addr->family = size == 4 ? 4 : 6;
	memcpy(addr->bytes, ldns_rdf_data(rdf), size);
}

/* Fills the record; false for a type that nobody here reads, unless all are
 * kept for the fact that they are there. */
static bool read_rr(struct reader *reader, const ldns_rr *rr, bool keeps_all,
	struct dns_rr *out)
{
	ldns_rr_type type = ldns_rr_get_type(rr);
	*out = (struct dns_rr){ 0 };
	if (type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_CNAME ||
		type == LDNS_RR_TYPE_DNAME)
		out->target = read_name(reader, ldns_rr_rdf(rr, 0));
	else if (type == LDNS_RR_TYPE_A)
		read_addr(reader, rr, 4, &out->addr);
	else if (type == LDNS_RR_TYPE_AAAA)
		read_addr(reader, rr, 16, &out->addr);
	else if (type == LDNS_RR_TYPE_SOA)
		read_soa(reader, rr, &out->soa);
	else if (!keeps_all)
		return false;
	out->owner = read_owner(reader, ldns_rr_owner(rr));
	out->type = (uint16_t)type;
	out->ttl_s = ldns_rr_ttl(rr);
	return true;
}

static void read_section(struct reader *reader, const ldns_rr_list *list,
	bool keeps_all, struct dns_section *out)
{
	size_t count = ldns_rr_list_rr_count(list);
	out->at = arena_array(reader->arena, count, sizeof(*out->at));
	for (size_t i = 0; i < count; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
			continue;
		if (read_rr(reader, rr, keeps_all, &out->at[out->n]))
			out->n++;
	}
}

/* Copies what a referral without DNSSEC and EDNS would hold too. */
static void copy_plain(
	const ldns_rr_list *from, ldns_pkt *to, ldns_pkt_section section)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(from); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(from, i);
		ldns_rr_type type = ldns_rr_get_type(rr);
		if (section != LDNS_SECTION_QUESTION &&
			type != LDNS_RR_TYPE_NS && type != LDNS_RR_TYPE_A &&
			type != LDNS_RR_TYPE_AAAA)
			continue;
		ldns_rr *copy = ldns_rr_clone(rr);
		if (copy != NULL && !ldns_pkt_push_rr(to, section, copy))
			ldns_rr_free(copy);
	}
}

/* Writes the plain part of the packet anew, compressed, to see how long it
 * is. */
static size_t plain_size(const ldns_pkt *pkt)
{
	ldns_pkt *plain = ldns_pkt_new();
	if (plain == NULL)
		return 0;
	copy_plain(ldns_pkt_question(pkt), plain, LDNS_SECTION_QUESTION);
	copy_plain(ldns_pkt_authority(pkt), plain, LDNS_SECTION_AUTHORITY);
	copy_plain(ldns_pkt_additional(pkt), plain, LDNS_SECTION_ADDITIONAL);
	uint8_t *wire = NULL;
	size_t len = 0;
	if (ldns_pkt2wire(&wire, plain, &len) != LDNS_STATUS_OK)
		len = 0;
	LDNS_FREE(wire);
	ldns_pkt_free(plain);
	return len;
}

/* The NSID as text where it is printable, else in hexadecimal. */
static const char *nsid_text(
	struct arena *arena, const uint8_t *bytes, size_t len)
{
	char text[2 * NSID_MAX + 1];
	bool is_printable = true;
	len = len < NSID_MAX ? len : NSID_MAX;
	for (size_t i = 0; i < len; i++)
		if (bytes[i] < 0x20 || bytes[i] > 0x7e)
			is_printable = false;
	if (is_printable)
		return arena_strndup(arena, (const char *)bytes, len);
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return arena_strndup(arena, text, 2 * len);
}

/* Text from outside, without what is not printable. */
static const char *ede_text(
	struct arena *arena, const uint8_t *bytes, size_t len)
{
	if (len > EDE_TEXT_MAX)
		len = EDE_TEXT_MAX;
	if (len == 0)
		return NULL;
	char *text = arena_alloc(arena, len + 1);
	for (size_t i = 0; i < len; i++) {
		bool is_printable = bytes[i] >= 0x20 && bytes[i] <= 0x7e;
		text[i] = is_printable ? (char)bytes[i] : '?';
	}
	return text;
}

static void read_option(struct dns_message *out, struct arena *arena,
	unsigned code, const uint8_t *data, size_t len)
{
	if (code == EDNS_NSID && len > 0 && out->nsid == NULL)
		out->nsid = nsid_text(arena, data, len);
	if (code == EDNS_EXPIRE && len == 4) {
		out->has_expire = true;
		out->expire_s = (uint32_t)data[0] << 24 |
				(uint32_t)data[1] << 16 |
				(uint32_t)data[2] << 8 | data[3];
	}
	if (code == EDNS_EDE && len >= 2 && !out->has_ede) {
		out->has_ede = true;
		out->ede = (uint16_t)(data[0] << 8 | data[1]);
		out->ede_text = ede_text(arena, data + 2, len - 2);
	}
}

/* Options are code, length and data (RFC 6891 section 6.1.2). */
static void read_options(
	struct reader *reader, const ldns_pkt *pkt, struct dns_message *out)
{
	const ldns_rdf *rdf = ldns_pkt_edns_data(pkt);
	size_t size = rdf == NULL ? 0 : ldns_rdf_size(rdf);
	const uint8_t *data = rdf == NULL ? NULL : ldns_rdf_data(rdf);
	for (size_t at = 0; at + 4 <= size;) {
		unsigned code = (unsigned)data[at] << 8 | data[at + 1];
		size_t len = (size_t)data[at + 2] << 8 | data[at + 3];
		at += 4;
		if (len > size - at)
			return;
		read_option(out, reader->arena, code, data + at, len);
		at += len;
	}
}

static bool has_type(const ldns_rr_list *list, ldns_rr_type type)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == type)
			return true;
	return false;
}

static void read_packet(
	struct reader *reader, const ldns_pkt *pkt, struct dns_message *out)
{
	out->rcode = (uint16_t)(ldns_pkt_get_rcode(pkt) & 0xf);
	out->has_edns = ldns_pkt_edns(pkt);
	if (out->has_edns)
		out->rcode = (uint16_t)(out->rcode |
					ldns_pkt_edns_extended_rcode(pkt) << 4);
	if (out->has_edns)
		read_options(reader, pkt, out);
	out->is_signed = has_type(ldns_pkt_answer(pkt), LDNS_RR_TYPE_RRSIG);
	out->is_authoritative = ldns_pkt_aa(pkt);
	out->is_truncated = ldns_pkt_tc(pkt);
	out->offers_recursion = ldns_pkt_ra(pkt);
	read_section(reader, ldns_pkt_answer(pkt), true, &out->answer);
	read_section(reader, ldns_pkt_authority(pkt), false, &out->authority);
	/* Glue is of interest in a referral only. */
	if (out->answer.n == 0)
		read_section(reader, ldns_pkt_additional(pkt), false,
			&out->additional);
	const ldns_rr_list *authority = ldns_pkt_authority(pkt);
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(authority, i)) ==
			LDNS_RR_TYPE_DS)
			out->n_ds++;
	if (out->answer.n == 0 && out->authority.n > 0 &&
		out->authority.at[0].type == DNS_TYPE_NS)
		out->plain_size = plain_size(pkt);
}

const struct dns_message *dns_message_read(
	struct arena *arena, const uint8_t *wire, size_t len)
{
	ldns_pkt *pkt = NULL;
	if (ldns_wire2pkt(&pkt, wire, len) != LDNS_STATUS_OK)
		return NULL;
	struct reader reader = { .arena = arena,
		.buffer = ldns_buffer_new(DNS_NAME_TEXT),
		.failed = !ldns_pkt_qr(pkt) };
	struct dns_message *out = arena_alloc(arena, sizeof(*out));
	uint8_t *copy = arena_alloc(arena, len);
	memcpy(copy, wire, len);
	out->wire = copy;
	out->size = len;
	if (reader.buffer == NULL)
		reader.failed = true;
	if (!reader.failed)
		read_packet(&reader, pkt, out);
	ldns_buffer_free(reader.buffer);
	ldns_pkt_free(pkt);
	return reader.failed ? NULL : out;
}

const char *dns_type_text(struct arena *arena, uint16_t type)
{
	char *text = ldns_rr_type2str((ldns_rr_type)type);
	const char *copy = arena_strdup(arena, text != NULL ? text : "?");
	LDNS_FREE(text);
	return copy;
}

/* "TYPE65280": ldns would take "TYPE6x" and "TYPE65542" for SOA. */
static unsigned read_type(const char *text)
{
	uint64_t number = 0;
	if (strncasecmp(text, "TYPE", 4) != 0)
		return ldns_get_rr_type_by_name(text);
	return num_parse_uint(text + 4, 0, UINT16_MAX, &number) == NUM_OK
		       ? (unsigned)number
		       : 0;
}

/* Types that are no record's: OPT, TSIG, ANY ... (RFC 6895 section 3.1). */
uint16_t dns_type_parse(const char *text)
{
	unsigned type = read_type(text);
	bool is_meta = type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255);
	return is_meta ? 0 : (uint16_t)type;
}

bool dns_type_is_signers(uint16_t type)
{
	static const ldns_rr_type types[] = { LDNS_RR_TYPE_RRSIG,
		LDNS_RR_TYPE_NSEC, LDNS_RR_TYPE_NSEC3, LDNS_RR_TYPE_NSEC3PARAM,
		LDNS_RR_TYPE_DNSKEY, LDNS_RR_TYPE_CDS, LDNS_RR_TYPE_CDNSKEY };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return false;
}

/* "owner TYPE data", all of its names in lower case; NULL where ldns can't
 * write it. */
static const char *record_text(
	struct arena *arena, ldns_buffer *buffer, ldns_rr *rr)
{
	ldns_buffer_clear(buffer);
	ldns_dname2canonical(ldns_rr_owner(rr));
	if (ldns_rdf2buffer_str(buffer, ldns_rr_owner(rr)) != LDNS_STATUS_OK)
		return NULL;
	/* Names have no last dot here. */
	if (ldns_buffer_position(buffer) > 1)
		ldns_buffer_skip(buffer, -1);
	ldns_buffer_printf(buffer, " ");
	ldns_rr_type2buffer_str(buffer, ldns_rr_get_type(rr));
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME)
			ldns_dname2canonical(rdf);
		ldns_buffer_printf(buffer, " ");
		if (ldns_rdf2buffer_str(buffer, rdf) != LDNS_STATUS_OK)
			return NULL;
	}
	return arena_strndup(arena, (const char *)ldns_buffer_begin(buffer),
		ldns_buffer_position(buffer));
}

static int compare_lines(const void *a, const void *b)
{
	const char *const *one = a, *const *two = b;
	return strcmp(*one, *two);
}

static void sort_lines(struct dns_names *lines)
{
	size_t kept = 0;
	if (lines->n > 1)
		qsort(lines->at, lines->n, sizeof(*lines->at), compare_lines);
	for (size_t i = 0; i < lines->n; i++)
		if (kept == 0 || strcmp(lines->at[kept - 1], lines->at[i]) != 0)
			lines->at[kept++] = lines->at[i];
	lines->n = kept;
}

struct dns_names dns_message_contents(
	struct arena *arena, const struct dns_message *message)
{
	struct dns_names lines = { 0 };
	ldns_pkt *pkt = NULL;
	if (ldns_wire2pkt(&pkt, message->wire, message->size) != LDNS_STATUS_OK)
		return lines;
	ldns_buffer *buffer = ldns_buffer_new(DNS_NAME_TEXT);
	const ldns_rr_list *answer = ldns_pkt_answer(pkt);
	size_t n = ldns_rr_list_rr_count(answer);
	lines.is_known = buffer != NULL && n <= CONTENTS_MAX;
	lines.at =
		arena_array(arena, lines.is_known ? n : 0, sizeof(*lines.at));
	for (size_t i = 0; lines.is_known && i < n; i++) {
		ldns_rr *rr = ldns_rr_list_rr(answer, i);
		if (dns_type_is_signers((uint16_t)ldns_rr_get_type(rr)))
			continue;
		const char *text = record_text(arena, buffer, rr);
		if (text != NULL)
			lines.at[lines.n++] = text;
		else
			lines.is_known = false;
	}
	ldns_buffer_free(buffer);
	ldns_pkt_free(pkt);
	sort_lines(&lines);
	return lines;
}

static const struct dns_rr *find_rr(
	const struct dns_section *section, const char *owner, uint16_t type)
{
	for (size_t i = 0; i < section->n; i++)
		if (section->at[i].type == type &&
			(owner == NULL || dns_name_compare(section->at[i].owner,
						  owner) == 0))
			return &section->at[i];
	return NULL;
}

/* An alias on the way to the name: its own CNAME, or a DNAME above it. */
static const struct dns_rr *find_alias(
	const struct dns_section *answer, const char *name)
{
	const struct dns_rr *rr = find_rr(answer, name, DNS_TYPE_CNAME);
	if (rr != NULL)
		return rr;
	rr = find_rr(answer, NULL, DNS_TYPE_DNAME);
	return rr != NULL && dns_name_in(name, rr->owner) ? rr : NULL;
}

static struct dns_meaning negative_or_referral(
	const struct dns_message *message, const char *name, const char *zone)
{
	const struct dns_rr *soa =
		find_rr(&message->authority, NULL, DNS_TYPE_SOA);
	if (soa != NULL && dns_name_in(name, soa->owner))
		return (struct dns_meaning){ .kind = DNS_KIND_NODATA,
			.holder = soa->owner };
	const struct dns_rr *ns =
		find_rr(&message->authority, NULL, DNS_TYPE_NS);
	if (ns != NULL && dns_name_in(name, ns->owner)) {
		bool is_below = dns_name_in(ns->owner, zone) &&
				dns_name_compare(ns->owner, zone) != 0;
		return (struct dns_meaning){
			.kind = is_below ? DNS_KIND_REFERRAL : DNS_KIND_UPWARD,
			.cut = ns->owner
		};
	}
	if (ns == NULL && message->is_authoritative)
		return (struct dns_meaning){ .kind = DNS_KIND_NODATA };
	return (struct dns_meaning){ .kind = DNS_KIND_EMPTY };
}

struct dns_meaning dns_message_meaning(const struct dns_message *message,
	const struct dns_question *question, const char *zone)
{
	const char *name = question->name;
	if (message->rcode == DNS_RCODE_NXDOMAIN) {
		const struct dns_rr *soa =
			find_rr(&message->authority, NULL, DNS_TYPE_SOA);
		bool holds = soa != NULL && dns_name_in(name, soa->owner);
		return (struct dns_meaning){ .kind = DNS_KIND_NXDOMAIN,
			.holder = holds ? soa->owner : NULL };
	}
	if (message->rcode != DNS_RCODE_NOERROR)
		return (struct dns_meaning){ .kind = DNS_KIND_ERROR };
	if (find_rr(&message->answer, name, (uint16_t)question->type) != NULL)
		return (struct dns_meaning){ .kind = DNS_KIND_ANSWER };
	const struct dns_rr *alias = find_alias(&message->answer, name);
	if (alias != NULL)
		return (struct dns_meaning){ .kind = DNS_KIND_ALIAS,
			.alias = alias->target };
	return negative_or_referral(message, name, zone);
}
