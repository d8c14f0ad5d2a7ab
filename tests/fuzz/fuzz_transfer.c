/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the server of a transfer sends, message by message, and what a user
 * names as a key file. The first byte says what is wanted: bit 0 a ZONEMD,
 * bit 1 a TSIG, bit 2 a key file.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/dnsnet/axfr.h"
#include "common/dnsnet/tsig.h"

enum {
	WANTS_ZONEMD = 1,
	HAS_KEY = 2,
	IS_KEY_FILE = 4,
	ARENA_MAX = 16 * 1024 * 1024,
	RECORDS_MAX = 1000,
	NOW_S = 1767225600,
	ID = 0x1234,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_key(struct arena *arena, const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const struct tsig_key *key = NULL;
	if (tsig_read_key(arena, path, true, &key) == NULL &&
		(key == NULL || key->secret_len == 0))
		abort();
	close(fd);
}

static const struct tsig_key *make_key(struct arena *arena)
{
	static const uint8_t secret[] = "secret";
	return tsig_key_new(arena, tsig_algorithm_find("hmac-sha256"),
		"transfer-key", secret, sizeof(secret) - 1);
}

/* What must hold, whatever came. */
static void check(const struct dns_transfer *out, bool has_key)
{
	bool is_good = out->end == DNS_TRANSFER_DONE ||
		       out->end == DNS_TRANSFER_OPENED;
	if (is_good != (out->why == NULL))
		abort();
	if (is_good && !out->has_serial)
		abort();
	if (out->n_records > RECORDS_MAX)
		abort();
	/* Nobody can guess a MAC. */
	if (has_key && (is_good || out->has_serial))
		abort();
	if (out->zonemd != DNS_ZONEMD_NOT_ASKED &&
		out->end != DNS_TRANSFER_DONE)
		abort();
}

static void take_stream(
	struct axfr *axfr, const uint8_t *data, size_t size, bool has_key)
{
	uint8_t request[AXFR_REQUEST_MAX];
	bool is_ended = false;
	if (axfr_request(axfr, ID, NOW_S, request) == 0)
		abort();
	while (!is_ended && size >= 2) {
		size_t len = (size_t)(data[0] << 8 | data[1]);
		if (len > size - 2)
			len = size - 2;
		/* Of its own, so that a read past its end is seen. */
		uint8_t *message = malloc(len + (len == 0));
		if (message == NULL)
			abort();
		memcpy(message, data + 2, len);
		is_ended = axfr_take(axfr, message, len, NOW_S);
		free(message);
		data += 2 + len;
		size -= 2 + len;
	}
	if (!is_ended)
		axfr_cut(axfr, DNS_CONNECTION_LOST, "at once", "midway");
	check(axfr_result(axfr), has_key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct arena *arena = arena_new(ARENA_MAX);
	bool has_key = (data[0] & HAS_KEY) != 0;
	size_t kept = 0;
	struct transfer_ask ask = { .zone = "example.org",
		.key = has_key ? make_key(arena) : NULL,
		.records_max = RECORDS_MAX,
		.wants_zonemd = (data[0] & WANTS_ZONEMD) != 0,
		.now_s = NOW_S };
	if ((data[0] & IS_KEY_FILE) != 0) {
		read_key(arena, data + 1, size - 1);
	} else {
		struct axfr *axfr = axfr_new(arena, &ask, &kept);
		if (axfr == NULL)
			abort();
		take_stream(axfr, data + 1, size - 1, has_key);
		axfr_free(axfr);
		if (kept != 0)
			abort();
	}
	arena_free(arena);
	return 0;
}
