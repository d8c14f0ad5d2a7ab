/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X.509 certificates as facts. */
#ifndef LIFELINE_MAILNET_CERTIFICATE_H
#define LIFELINE_MAILNET_CERTIFICATE_H

#include <stdbool.h>

#include "common/mail/smtp.h"

enum {
	/* Bytes of a certificate, or of its key, that is kept whole: more than
	 * any TLSA record holds. */
	CERT_DER_MAX = 65535,
};

/* A certificate of OpenSSL: X509. */
struct x509_st;

/*
 * Fills out from x509. keeps_der: keep the DER of the whole and of the key too,
 * where they are within the bound above. All of it goes to the arena.
 */
void certificate_read(struct arena *arena, struct x509_st *x509, bool keeps_der,
	struct cert *out);

/* The subject and the dates alone; all else is 0. */
void certificate_read_life(
	struct arena *arena, struct x509_st *x509, struct cert *out);

/*
 * Reads the first certificate of a PEM file, DER kept. Returns NULL, or what
 * is wrong as the end of the sentence "FILE ...".
 */
const char *certificate_read_file(
	struct arena *arena, const char *path, struct cert **out);

#endif
