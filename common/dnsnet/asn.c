/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The autonomous systems that the servers' addresses are announced by, from
 * a MaxMind DB or a text table.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_MAXMINDDB
#	include <maxminddb.h>
#endif

#include "common/core/num.h"
#include "common/dnsnet/gather.h"

enum {
	LINE_MAX_BYTES = 512,
};

static const char blanks[] = " \t\r\n";

/* Whose numbers are looked up. */
struct asn_list {
	struct dns_server **at;
	size_t n;
};

#ifdef HAVE_MAXMINDDB

static uint32_t look_up(MMDB_s *db, const struct dns_addr *addr)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa;
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int rc = MMDB_SUCCESS;

	memcpy(&v4.sin_addr, addr->bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
	sa = addr->family == 4 ? (const struct sockaddr *)&v4
			       : (const struct sockaddr *)&v6;
	found = MMDB_lookup_sockaddr(db, sa, &rc);
	if (rc != MMDB_SUCCESS || !found.found_entry)
		return 0;
	rc = MMDB_get_value(&found.entry, &data, "autonomous_system_number",
		(const char *)NULL);
	if (rc != MMDB_SUCCESS || !data.has_data ||
		data.type != MMDB_DATA_TYPE_UINT32)
		return 0;
	return data.uint32;
}

/* False where the file is no MaxMind DB at all. */
static bool read_mmdb(
	const char *path, const struct asn_list *list, const char **wrong)
{
	MMDB_s db;
	int rc = MMDB_open(path, MMDB_MODE_MMAP, &db);
	size_t i;

	if (rc == MMDB_INVALID_METADATA_ERROR)
		return false;
	if (rc != MMDB_SUCCESS) {
		*wrong = MMDB_strerror(rc);
		return true;
	}
	for (i = 0; i < list->n; i++)
		list->at[i]->as_number = look_up(&db, &list->at[i]->addr);
	MMDB_close(&db);
	return true;
}

#else

static bool read_mmdb(
	const char *path, const struct asn_list *list, const char **wrong)
{
	(void)path;
	(void)list;
	(void)wrong;
	return false;
}

#endif

/* "PREFIX AS", and whatever follows them. */
static bool read_row(char *line, struct dns_prefix *prefix, uint32_t *as)
{
	char *number = line + strcspn(line, blanks);
	uint64_t value;

	if (*number == '\0')
		return false;
	*number++ = '\0';
	number += strspn(number, blanks);
	number[strcspn(number, blanks)] = '\0';
	if (strncmp(number, "AS", 2) == 0)
		number += 2;
	if (!dns_prefix_parse(line, prefix) ||
		num_parse_uint(number, 0, UINT32_MAX, &value) != NUM_OK)
		return false;
	*as = (uint32_t)value;
	return true;
}

/* The longest prefix that holds an address tells its AS. */
static const char *read_rows(
	struct arena *arena, FILE *file, const struct asn_list *list)
{
	unsigned *longest = arena_array(arena, list->n, sizeof(*longest));
	char line[LINE_MAX_BYTES];
	unsigned long number = 0;
	size_t i;

	while (fgets(line, sizeof(line), file)) {
		char *row = line + strspn(line, blanks);
		struct dns_prefix prefix;
		uint32_t as;

		number++;
		if (*row == '\0' || *row == '#' || *row == ';')
			continue;
		if (!read_row(row, &prefix, &as))
			return arena_printf(arena,
				"has no \"PREFIX AS\" in line %lu", number);
		if (list->n == 0)
			break; /* nothing to look up: it is such a table */
		for (i = 0; i < list->n; i++) {
			if (!dns_prefix_holds(&prefix, &list->at[i]->addr) ||
				prefix.length < longest[i])
				continue;
			longest[i] = prefix.length;
			list->at[i]->as_number = as;
		}
	}
	if (ferror(file))
		return arena_printf(
			arena, "can't be read: %s", strerror(errno));
	return number == 0 ? "is empty" : NULL;
}

static const char *read_file(
	struct arena *arena, const char *path, const struct asn_list *list)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *wrong = NULL;
	struct stat st;
	FILE *file;

	if (fd < 0 || fstat(fd, &st) < 0) {
		wrong = arena_printf(
			arena, "can't be opened: %s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		wrong = "is not a file";
	} else if (!read_mmdb(path, list, &wrong)) {
		file = fdopen(fd, "r");
		if (file) {
			fd = -1;
			wrong = read_rows(arena, file, list);
			fclose(file);
		} else {
			wrong = "can't be read";
		}
	}
	if (fd >= 0)
		close(fd);
	return wrong;
}

const char *dnsnet_asn(
	struct arena *arena, const char *path, struct delegation *d)
{
	struct asn_list list = { .n = d->n_servers };
	const char *wrong;
	size_t i;

	list.at = arena_array(arena, list.n, sizeof(struct dns_server *));
	for (i = 0; i < d->n_servers; i++)
		list.at[i] = &d->servers[i];
	wrong = read_file(arena, path, &list);
	d->has_asn = !wrong;
	return wrong;
}

const char *dnsnet_asn_copies(
	struct arena *arena, const char *path, struct secondary *s)
{
	struct asn_list list = { .n = s->n_copies };
	size_t i;

	list.at = arena_array(arena, list.n, sizeof(struct dns_server *));
	for (i = 0; i < s->n_copies; i++)
		list.at[i] = &s->copies[i].server;
	return read_file(arena, path, &list);
}
