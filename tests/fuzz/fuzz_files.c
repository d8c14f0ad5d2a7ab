/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that a user names: root hints and AS tables of either format. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/dnsnet/gather.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct arena *arena = arena_new(16 * 1024 * 1024);
	struct dns_hint *hints = NULL;
	size_t n_hints = 0;
	if (dnsnet_read_hints(arena, path, &hints, &n_hints) == NULL &&
		n_hints == 0)
		abort();
	struct dns_anchor *anchors = NULL;
	size_t n_anchors = 0;
	if (dnsnet_read_anchors(arena, path, &anchors, &n_anchors) == NULL &&
		n_anchors == 0)
		abort();
	struct dns_server servers[2] = {
		{ .addr = { .family = 4, .bytes = { 203, 0, 113, 1 } } },
		{ .addr = { .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8 } } },
	};
	struct delegation d = { .servers = servers, .n_servers = 2 };
	dnsnet_asn(arena, path, &d);
	arena_free(arena);
	close(fd);
	return 0;
}
