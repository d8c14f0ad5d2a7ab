/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the facts of check_mx back from what --facts prints. */
#ifndef LIFELINE_TESTS_MX_READ_H
#define LIFELINE_TESTS_MX_READ_H

#include <jansson.h>

#include "common/mail/mx.h"

/* Returns NULL, or what is wrong, an unknown member included. Everything read
 * is owned by the arena; what is left out is as *mx had it. */
const char *mx_read(struct arena *arena, json_t *facts, struct mx *mx);

#endif
