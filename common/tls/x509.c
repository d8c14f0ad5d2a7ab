/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/tls/x509.h"

#include <openssl/bio.h>
#include <openssl/x509.h>

enum {
	LINE_MAX_BYTES = 512, /* of a subject or an issuer */
	DAY_S = 24 * 60 * 60,
};

const char *x509_name_line(struct arena *arena, const X509_NAME *name)
{
	const char *line = "";
	char *bytes = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio == NULL)
		return line;
	if (X509_NAME_print_ex(bio, name, 0,
		    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >=
		0) {
		long len = BIO_get_mem_data(bio, &bytes);
		if (len > LINE_MAX_BYTES)
			len = LINE_MAX_BYTES;
		if (len > 0)
			line = arena_strndup(arena, bytes, (size_t)len);
	}
	BIO_free(bio);
	return line;
}

int64_t x509_seconds(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	return (int64_t)days * DAY_S + seconds;
}
