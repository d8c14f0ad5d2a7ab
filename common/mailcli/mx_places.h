/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where exchangers are, as far as tables on this host tell. */
#ifndef LIFELINE_MAILCLI_MX_PLACES_H
#define LIFELINE_MAILCLI_MX_PLACES_H

#include "common/mail/mx.h"

/* The registrable domain of each exchanger. Returns that of the domain itself,
 * or NULL. */
const char *mx_find_registrable(struct arena *arena, struct mx *mx);

/* The AS number of each address. Returns NULL, or what is wrong with the file
 * as the end of a sentence. */
const char *mx_find_asn(struct arena *arena, const char *path, struct mx *mx);

#endif
