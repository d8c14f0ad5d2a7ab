/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets of check_mail_flow in files: the key of its probes, passwords. */
#ifndef LIFELINE_MAILCLI_FLOW_KEY_H
#define LIFELINE_MAILCLI_FLOW_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/mem.h"
#include "common/mailnet/flow_code.h"

enum {
	SECRET_FILE_MAX = 8192, /* bytes of a password or token */
};

/* Where the key is, if nobody says otherwise. */
const char *flow_key_path(void);

/* Each returns NULL, or what is wrong as the end of the sentence "FILE ...". */

/*
 * Reads a key: 64 digits of hexadecimal. It must be a file of ours or of root
 * that others can't get at, but for permits_open, and stand in another
 * directory than state_dir, which would be lost with it.
 */
const char *flow_key_read(struct arena *arena, const char *path,
	const char *state_dir, bool permits_open, uint8_t key[FLOW_KEY_LEN]);

/* Makes one, of mode 0600, and the directory around it where that is missing.
 * What is there already is left alone. */
const char *flow_key_make(struct arena *arena, const char *path,
	const char *state_dir, uint8_t key[FLOW_KEY_LEN]);

/* The first line of a file, which may have no other. */
const char *flow_secret_read(struct arena *arena, const char *path,
	bool permits_open, const char **out);

#endif
