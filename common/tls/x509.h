/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of certificates of OpenSSL as plain strings and numbers. */
#ifndef LIFELINE_TLS_X509_H
#define LIFELINE_TLS_X509_H

#include <stdint.h>

#include "common/core/mem.h"

/* X509_NAME and ASN1_TIME of OpenSSL. */
struct X509_name_st;
struct asn1_string_st;

/* On one line (RFC 2253), cut where it is longer than anybody reads; never
 * NULL. */
const char *x509_name_line(
	struct arena *arena, const struct X509_name_st *name);

/* Since 1970; 0: it is no time. */
int64_t x509_seconds(const struct asn1_string_st *time);

#endif
