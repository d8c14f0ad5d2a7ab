/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file of many CA certificates in PEM, of which a run needs few: each is
 * parsed when something is to be verified by it. Parsing all 140 of a host
 * takes more than twenty milliseconds, finding where they are two.
 */
#ifndef LIFELINE_TLS_CA_BUNDLE_H
#define LIFELINE_TLS_CA_BUNDLE_H

struct ca_bundle;

/* At small cost, without OpenSSL: NULL, or what is wrong with the file as the
 * end of a sentence. One that is fine may hold nonsense yet. */
const char *ca_bundle_check(const char *path);

/* X509_STORE of OpenSSL. */
struct x509_store_st;

/*
 * Makes the store find the certificates of the file. NULL: there are none in
 * it, or more than certificates (what one is trusted for, say), or it can't be
 * read. The store must be freed before the bundle.
 */
struct ca_bundle *ca_bundle_new(struct x509_store_st *store, const char *path);
void ca_bundle_free(struct ca_bundle *bundle);

#endif
