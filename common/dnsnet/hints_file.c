/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Root hints from a file: NS, A and AAAA records, one a line, as named.root
 * has them and dig prints them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/core/num.h"
#include "common/dnsnet/gather.h"

enum {
	FILE_MAX = 64 * 1024, /* bytes; named.root is some 3,300 */
	RECORDS_MAX = 256,
	FIELDS_MAX = 8,
};

enum record_type {
	RECORD_NS,
	RECORD_ADDRESS,
};

struct record {
	enum record_type type;
	const char *owner;
	const char *target;   /* of an NS record */
	struct dns_addr addr; /* of an address record */
};

struct reader {
	struct arena *arena;
	struct record *records;
	size_t n;
	const char *owner; /* of the last record, for a line without one */
};

/* Cuts a line into its fields, comments left out; the count, or
 * FIELDS_MAX + 1 where there are more. */
static size_t split(char *line, char *fields[FIELDS_MAX])
{
	size_t n = 0;

	line[strcspn(line, ";")] = '\0';
	for (;;) {
		line += strspn(line, " \t\r");
		if (*line == '\0')
			return n;
		if (n == FIELDS_MAX)
			return FIELDS_MAX + 1;
		fields[n++] = line;
		line += strcspn(line, " \t\r");
		if (*line)
			*line++ = '\0';
	}
}

static bool is_ttl_or_class(const char *field)
{
	uint64_t ttl;

	return strcasecmp(field, "IN") == 0 ||
	       num_parse_uint(field, 0, UINT32_MAX, &ttl) == NUM_OK;
}

/* The type and the data of a record; false where it is none that is wanted
 * here. */
static bool read_data(struct reader *reader, char *const *fields, size_t n,
	struct record *record)
{
	bool is_v4, is_v6;

	if (n != 2)
		return false;
	if (strcasecmp(fields[0], "NS") == 0) {
		record->type = RECORD_NS;
		return !dnsnet_read_name(
			reader->arena, fields[1], &record->target);
	}
	record->type = RECORD_ADDRESS;
	is_v4 = strcasecmp(fields[0], "A") == 0;
	is_v6 = strcasecmp(fields[0], "AAAA") == 0;
	return (is_v4 || is_v6) && dns_addr_parse(fields[1], &record->addr) &&
	       record->addr.family == (is_v4 ? 4 : 6);
}

static bool read_line(struct reader *reader, char *line)
{
	bool has_owner = *line != ' ' && *line != '\t';
	char *fields[FIELDS_MAX];
	size_t n = split(line, fields);
	struct record record = { 0 };
	size_t at = 0;

	if (n == 0 || strcasecmp(fields[0], "$TTL") == 0)
		return true;
	if (n > FIELDS_MAX || reader->n == RECORDS_MAX)
		return false;
	if (has_owner &&
		dnsnet_read_name(reader->arena, fields[at++], &reader->owner))
		return false;
	record.owner = reader->owner;
	while (at < n && is_ttl_or_class(fields[at]))
		at++;
	if (!record.owner || !read_data(reader, fields + at, n - at, &record))
		return false;
	reader->records[reader->n++] = record;
	return true;
}

static bool is_root_server(const struct reader *reader, const char *name)
{
	size_t i;

	for (i = 0; i < reader->n; i++)
		if (reader->records[i].type == RECORD_NS &&
			strcmp(reader->records[i].owner, ".") == 0 &&
			strcmp(reader->records[i].target, name) == 0)
			return true;
	return false;
}

/* The addresses of the root's servers among the records. */
static size_t collect(const struct reader *reader, struct dns_hint *hints)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < reader->n; i++) {
		const struct record *record = &reader->records[i];

		if (record->type == RECORD_ADDRESS &&
			is_root_server(reader, record->owner))
			hints[n++] = (struct dns_hint){ record->owner,
				record->addr };
	}
	return n;
}

/* All of fd, NUL-terminated, into text; NULL, or what is wrong. */
static const char *read_all(int fd, char text[static FILE_MAX + 1])
{
	size_t len = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is not a file";
	while (len <= FILE_MAX) {
		ssize_t got = read(fd, text + len, FILE_MAX + 1 - len);

		if (got < 0)
			return strerror(errno);
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (len > FILE_MAX)
		return "is too large for root hints";
	text[len] = '\0';
	return strlen(text) == len ? NULL : "is not a text file";
}

static const char *load(struct arena *arena, const char *path, char *text)
{
	/* Without O_NONBLOCK, opening a pipe would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong;

	if (fd < 0)
		return arena_printf(
			arena, "can't be opened: %s", strerror(errno));
	wrong = read_all(fd, text);
	close(fd);
	return wrong;
}

const char *dnsnet_read_hints(struct arena *arena, const char *path,
	struct dns_hint **out, size_t *n_out)
{
	struct reader reader = { .arena = arena };
	char *text = arena_alloc(arena, FILE_MAX + 1);
	const char *wrong = load(arena, path, text);
	struct dns_hint *hints;
	unsigned line = 0;
	size_t n;

	if (wrong)
		return wrong;
	reader.records =
		arena_array(arena, RECORDS_MAX, sizeof(*reader.records));
	while (*text) {
		char *end = text + strcspn(text, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		line++;
		if (!read_line(&reader, text))
			return arena_printf(arena,
				"has no NS, A or AAAA record in line %u", line);
		text = next;
	}
	hints = arena_array(arena, RECORDS_MAX, sizeof(*hints));
	n = collect(&reader, hints);
	if (n == 0)
		return "has no server of the root with an address";
	*out = hints;
	*n_out = n;
	return NULL;
}
