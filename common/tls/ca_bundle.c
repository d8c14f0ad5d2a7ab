/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lookup of OpenSSL, as the one for folders is: the store asks it for a
 * subject that it has not seen yet. What is found goes into the store too,
 * which looks there for others of the same subject.
 */
#include "config.h"

#include "common/tls/ca_bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_SIZE = 256, /* of a file that is only looked at */
	ENTRIES_MAX = 4096,
	/* Version, serial, algorithm, issuer and validity stand before the
	 * subject (RFC 5280 section 4.1). */
	BEFORE_SUBJECT = 5,
};

struct entry {
	unsigned char *der;
	long len;
	X509_NAME *subject;
	X509 *x509; /* once it was asked for */
	bool is_bad;
};

struct ca_bundle {
	X509_LOOKUP_METHOD *method;
	struct entry *entries;
	size_t n, cap;
	bool has_more; /* than certificates */
};

const char *ca_bundle_check(const char *path)
{
	static const char begin[] = "-----BEGIN ";
	char line[LINE_SIZE];
	FILE *file = fopen(path, "r");
	bool has_some = false;

	if (!file)
		return "can't be read";
	while (!has_some && fgets(line, sizeof(line), file))
		has_some = strncmp(line, begin, strlen(begin)) == 0 &&
			   strstr(line, "CERTIFICATE-----");
	(void)fclose(file);
	return has_some ? NULL : "holds no certificate in PEM";
}

/* -- looking up ---------------------------------------------------------- */

static X509 *parsed(struct entry *entry)
{
	const unsigned char *at = entry->der;

	if (!entry->x509 && !entry->is_bad)
		entry->x509 = d2i_X509(NULL, &at, entry->len);
	entry->is_bad = !entry->x509;
	return entry->x509;
}

static int get_by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type,
	const X509_NAME *name, X509_OBJECT *out)
{
	struct ca_bundle *bundle = X509_LOOKUP_get_method_data(lookup);
	X509_STORE *store = X509_LOOKUP_get_store(lookup);
	X509 *first = NULL;
	size_t i;

	if (type != X509_LU_X509)
		return 0;
	for (i = 0; i < bundle->n; i++) {
		X509 *x509;

		if (X509_NAME_cmp(bundle->entries[i].subject, name) != 0)
			continue;
		x509 = parsed(&bundle->entries[i]);
		if (!x509 || X509_STORE_add_cert(store, x509) != 1)
			continue;
		if (!first)
			first = x509;
	}
	ERR_clear_error();
	if (!first || X509_OBJECT_set1_X509(out, first) != 1)
		return 0;
	/* What is handed out is borrowed, as the store takes it to be. */
	X509_free(first);
	return 1;
}

/* -- reading ------------------------------------------------------------- */

/* Moves *at into the element, or behind it; false where it is none of that
 * tag within len. */
static bool step(const unsigned char **at, long *len, int wanted, bool enters)
{
	const unsigned char *start = *at;
	int tag, class;
	long inner;
	int kind = ASN1_get_object(at, &inner, &tag, &class, *len);

	if ((kind & 0x80) != 0 || kind == 0x21 ||
		(wanted >= 0 && tag != wanted))
		return false;
	*len -= *at - start;
	if (enters) {
		*len = inner;
		return true;
	}
	*at += inner;
	*len -= inner;
	return true;
}

static X509_NAME *subject_of(const unsigned char *der, long len)
{
	const unsigned char *at = der;
	int n = BEFORE_SUBJECT;

	if (!step(&at, &len, V_ASN1_SEQUENCE, true) ||
		!step(&at, &len, V_ASN1_SEQUENCE, true))
		return NULL;
	/* A version is told where it is not the first. */
	if (len > 0 && *at == V_ASN1_INTEGER)
		n--;
	while (n-- > 0)
		if (!step(&at, &len, -1, false))
			return NULL;
	return d2i_X509_NAME(NULL, &at, len);
}

static bool reserve(struct ca_bundle *bundle)
{
	size_t cap = bundle->cap == 0 ? 256 : 2 * bundle->cap;
	struct entry *entries;

	if (bundle->n < bundle->cap)
		return true;
	if (bundle->n >= ENTRIES_MAX)
		return false;
	entries = realloc(bundle->entries, cap * sizeof(*entries));
	if (!entries)
		return false;
	bundle->entries = entries;
	bundle->cap = cap;
	return true;
}

/* Takes der over where it returns true. */
static bool add(struct ca_bundle *bundle, unsigned char *der, long len)
{
	X509_NAME *subject = subject_of(der, len);

	if (!subject || !reserve(bundle)) {
		X509_NAME_free(subject);
		return false;
	}
	bundle->entries[bundle->n++] =
		(struct entry){ .der = der, .len = len, .subject = subject };
	return true;
}

static bool is_certificate(const char *name)
{
	return strcmp(name, PEM_STRING_X509) == 0 ||
	       strcmp(name, PEM_STRING_X509_OLD) == 0;
}

static void read_all(struct ca_bundle *bundle, BIO *file)
{
	char *name, *header;
	unsigned char *der;
	long len;

	while (PEM_read_bio(file, &name, &header, &der, &len) == 1) {
		bool is_taken = is_certificate(name) && add(bundle, der, len);

		bundle->has_more |= !is_certificate(name);

		OPENSSL_free(name);
		OPENSSL_free(header);
		if (!is_taken)
			OPENSSL_free(der);
	}
	ERR_clear_error();
}

static bool join(struct ca_bundle *bundle, X509_STORE *store)
{
	X509_LOOKUP *lookup;

	bundle->method = X509_LOOKUP_meth_new("certificates of a file");
	if (!bundle->method || X509_LOOKUP_meth_set_get_by_subject(
				       bundle->method, get_by_subject) != 1)
		return false;
	lookup = X509_STORE_add_lookup(store, bundle->method);
	return lookup && X509_LOOKUP_set_method_data(lookup, bundle) == 1;
}

struct ca_bundle *ca_bundle_new(X509_STORE *store, const char *path)
{
	struct ca_bundle *bundle = calloc(1, sizeof(*bundle));
	BIO *file = BIO_new_file(path, "r");

	if (bundle && file)
		read_all(bundle, file);
	BIO_free(file);
	ERR_clear_error();
	if (bundle && bundle->n > 0 && !bundle->has_more && join(bundle, store))
		return bundle;
	ca_bundle_free(bundle);
	return NULL;
}

void ca_bundle_free(struct ca_bundle *bundle)
{
	size_t i;

	if (!bundle)
		return;
	for (i = 0; i < bundle->n; i++) {
		OPENSSL_free(bundle->entries[i].der);
		X509_NAME_free(bundle->entries[i].subject);
		X509_free(bundle->entries[i].x509);
	}
	X509_LOOKUP_meth_free(bundle->method);
	free(bundle->entries);
	free(bundle);
}
