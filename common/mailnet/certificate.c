/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What OpenSSL has parsed is taken apart once, into plain strings and
 * numbers. A name with a NUL in it names nobody: it is left out.
 */
#include "config.h"

#include "common/mailnet/certificate.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tls/x509.h"

enum {
	/* Of one certificate, by far more than any CA issues: a server may show
	 * tens of thousands. */
	NAMES_MAX = 2000,
	V4_LEN = 4,
	V6_LEN = 16,
};

static const char *hex_of(
	struct arena *arena, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = arena_alloc(arena, 2 * len + 1);
	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	return hex;
}

static const char *digest_of(struct arena *arena, const unsigned char *bytes,
	size_t len, const EVP_MD *md)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (EVP_Digest(bytes, len, digest, &n, md, NULL) != 1)
		return NULL;
	return hex_of(arena, digest, n);
}

/* In lower case, or NULL where it can't be a host's name. */
static const char *name_of(struct arena *arena, const ASN1_STRING *string)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(string);
	int len = ASN1_STRING_length(string);
	char *name;
	if (len <= 0 || len > SMTP_DOMAIN_MAX)
		return NULL;
	name = arena_strndup(arena, (const char *)bytes, (size_t)len);
	for (int i = 0; i < len; i++) {
		if (bytes[i] <= ' ' || bytes[i] >= 0x7f)
			return NULL;
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
	}
	return name;
}

static const char *common_name_of(struct arena *arena, const X509_NAME *subject)
{
	const char *name = NULL;
	int at = -1, last = -1;
	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >=
		0)
		last = at;
	if (last >= 0)
		name = name_of(
			arena, X509_NAME_ENTRY_get_data(
				       X509_NAME_get_entry(subject, last)));
	return name;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A name that can't be one still is a name: it keeps others from looking at
 * the subject instead (RFC 6125 section 6.4.4). */
static void read_names(struct arena *arena, X509 *x509, struct dns_names *out)
{
	GENERAL_NAMES *all =
		X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int most = sk_GENERAL_NAME_num(all);
	size_t room =
		most < NAMES_MAX ? (size_t)(most > 0 ? most : 1) : NAMES_MAX;
	const char **names = arena_array(arena, room, sizeof(*names));
	size_t n = 0;
	*out = (struct dns_names){ .at = names };
	for (int i = 0; i < most && n < room; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
		if (one->type != GEN_DNS)
			continue;
		out->is_known = true;
		names[n] = name_of(arena, one->d.dNSName);
		if (names[n] != NULL)
			n++;
	}
	GENERAL_NAMES_free(all);
	if (n > 0)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		if (out->n == 0 || strcmp(names[out->n - 1], names[i]) != 0)
			names[out->n++] = names[i];
}

static void read_addrs(struct arena *arena, X509 *x509, struct cert *out)
{
	GENERAL_NAMES *all =
		X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int most = sk_GENERAL_NAME_num(all);
	size_t room =
		most < NAMES_MAX ? (size_t)(most > 0 ? most : 0) : NAMES_MAX;
	struct dns_addr *addrs = arena_array(arena, room, sizeof(*addrs));
	out->addrs = addrs;
	for (int i = 0; i < most && out->n_addrs < room; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
		int len;
		if (one->type != GEN_IPADD)
			continue;
		len = ASN1_STRING_length(one->d.iPAddress);
		if (len != V4_LEN && len != V6_LEN)
			continue;
		addrs[out->n_addrs].family = len == V4_LEN ? 4 : 6;
		memcpy(addrs[out->n_addrs++].bytes,
			ASN1_STRING_get0_data(one->d.iPAddress), (size_t)len);
	}
	GENERAL_NAMES_free(all);
}

static void read_key(X509 *x509, struct cert *out)
{
	EVP_PKEY *key = X509_get0_pubkey(x509);
	int bits;
	if (key == NULL)
		return;
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		out->key = CERT_KEY_RSA;
		break;
	case EVP_PKEY_EC:
		out->key = CERT_KEY_EC;
		break;
	case EVP_PKEY_ED25519:
		out->key = CERT_KEY_ED25519;
		break;
	case EVP_PKEY_ED448:
		out->key = CERT_KEY_ED448;
		break;
	default:
		break;
	}
	bits = EVP_PKEY_get_bits(key);
	out->bits = bits > 0 ? (unsigned)bits : 0;
}

static void read_digests(
	struct arena *arena, X509 *x509, bool keeps_der, struct cert *out)
{
	unsigned char *der = NULL, *spki = NULL;
	int len = i2d_X509(x509, &der);
	int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
	if (len > 0) {
		size_t n = (size_t)len;
		out->sha256 = digest_of(arena, der, n, EVP_sha256());
		out->sha512 = digest_of(arena, der, n, EVP_sha512());
		if (keeps_der && n <= CERT_DER_MAX)
			out->der = hex_of(arena, der, n);
	}
	if (spki_len > 0) {
		size_t n = (size_t)spki_len;
		out->spki_sha256 = digest_of(arena, spki, n, EVP_sha256());
		out->spki_sha512 = digest_of(arena, spki, n, EVP_sha512());
		if (keeps_der && n <= CERT_DER_MAX)
			out->spki = hex_of(arena, spki, n);
	}
	OPENSSL_free(der);
	OPENSSL_free(spki);
}

void certificate_read(struct arena *arena, struct x509_st *x509, bool keeps_der,
	struct cert *out)
{
	*out = (struct cert){
		.subject = x509_name_line(arena, X509_get_subject_name(x509)),
		.issuer = x509_name_line(arena, X509_get_issuer_name(x509)),
		.common_name =
			common_name_of(arena, X509_get_subject_name(x509)),
		.begin_s = x509_seconds(X509_get0_notBefore(x509)),
		.end_s = x509_seconds(X509_get0_notAfter(x509)),
		.is_self_signed = X509_self_signed(x509, 1) == 1,
	};
	read_names(arena, x509, &out->names);
	read_addrs(arena, x509, out);
	read_key(x509, out);
	read_digests(arena, x509, keeps_der, out);
	ERR_clear_error();
}

void certificate_read_life(
	struct arena *arena, struct x509_st *x509, struct cert *out)
{
	*out = (struct cert){
		.subject = x509_name_line(arena, X509_get_subject_name(x509)),
		.begin_s = x509_seconds(X509_get0_notBefore(x509)),
		.end_s = x509_seconds(X509_get0_notAfter(x509)),
	};
}

const char *certificate_read_file(
	struct arena *arena, const char *path, struct cert **out)
{
	FILE *file = fopen(path, "r");
	X509 *x509;
	if (file == NULL)
		return errno == ENOENT ? "does not exist" : "can't be opened";
	x509 = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	ERR_clear_error();
	if (x509 == NULL)
		return "has no certificate in PEM";
	*out = arena_alloc(arena, sizeof(**out));
	certificate_read(arena, x509, true, *out);
	X509_free(x509);
	return NULL;
}
