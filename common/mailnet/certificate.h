/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X.509 certificates as facts. */
#ifndef LIFELINE_MAILNET_CERTIFICATE_H
#define LIFELINE_MAILNET_CERTIFICATE_H

#include <stdbool.h>

#include "common/mail/smtp.h"

enum {
	CERT_DER_MAX = 8192, /* bytes of a certificate that is kept whole */
	CERT_SPKI_MAX = 2048,
};

/* A certificate of OpenSSL: X509. */
struct x509_st;

/*
 * Fills out from x509; next is the certificate that was shown after it, or
 * NULL. keeps_der: keep the DER of the whole and of the key too, where they
 * are within the bounds above. All of it goes to the arena.
 */
void certificate_read(struct arena *arena, struct x509_st *x509,
	struct x509_st *next, bool keeps_der, struct cert *out);

/*
 * Reads the first certificate of a PEM file, DER kept. Returns NULL, or what
 * is wrong as the end of the sentence "FILE ...".
 */
const char *certificate_read_file(
	struct arena *arena, const char *path, struct cert **out);

#endif
