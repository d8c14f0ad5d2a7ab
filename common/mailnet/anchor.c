/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenSSL's own DANE decides, as it does for the senders that are built on it:
 * the CA may stand in the chain, or in the record alone, as a certificate or
 * as a bare key (RFC 7671 section 5.2).
 */
#include "config.h"

#include "common/mailnet/anchor.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { USAGE_TA = 2 };

/* What all anchors of one chain are tried with. */
struct follower {
	SSL_CTX *ctx;
	X509_STORE *store; /* nobody else is trusted */
	X509 *own;
	STACK_OF(X509) * above;
};

static X509 *parse(const char *hex)
{
	long len = 0;
	unsigned char *der = hex == NULL ? NULL : OPENSSL_hexstr2buf(hex, &len);
	const unsigned char *at = der;
	X509 *x509 = der == NULL ? NULL : d2i_X509(NULL, &at, len);
	OPENSSL_free(der);
	return x509;
}

static bool follower_init(struct follower *follower, const struct smtp_tls *tls)
{
	*follower = (struct follower){ .ctx = SSL_CTX_new(TLS_client_method()),
		.store = X509_STORE_new(),
		.own = tls->n_certs > 0 ? parse(tls->certs[0].der) : NULL,
		.above = sk_X509_new_null() };
	if (follower->ctx == NULL || follower->store == NULL ||
		follower->own == NULL || follower->above == NULL ||
		SSL_CTX_dane_enable(follower->ctx) != 1)
		return false;
	for (size_t i = 1; i < tls->n_certs; i++) {
		X509 *one = parse(tls->certs[i].der);
		if (one != NULL && sk_X509_push(follower->above, one) == 0)
			X509_free(one);
	}
	return true;
}

static void follower_release(struct follower *follower)
{
	sk_X509_pop_free(follower->above, X509_free);
	X509_free(follower->own);
	X509_STORE_free(follower->store);
	SSL_CTX_free(follower->ctx);
	ERR_clear_error();
}

/* ssl only holds the record. */
static void verify(
	const struct follower *follower, SSL *ssl, struct cert_anchor *anchor)
{
	X509_STORE_CTX *chain = X509_STORE_CTX_new();
	if (chain == NULL ||
		X509_STORE_CTX_init(chain, follower->store, follower->own,
			follower->above) != 1 ||
		X509_STORE_CTX_set_default(chain, "ssl_server") != 1) {
		X509_STORE_CTX_free(chain);
		return;
	}
	X509_STORE_CTX_set0_dane(chain, SSL_get0_dane(ssl));
	X509_VERIFY_PARAM_set_auth_level(
		X509_STORE_CTX_get0_param(chain), CERT_AUTH_LEVEL);
	if (X509_verify_cert(chain) == 1) {
		anchor->chain = CERT_CHAIN_VALID;
	} else if (SSL_get0_dane_authority(ssl, NULL, NULL) >= 0) {
		anchor->chain = CERT_CHAIN_INVALID;
		anchor->chain_error = X509_verify_cert_error_string(
			X509_STORE_CTX_get_error(chain));
	}
	X509_STORE_CTX_free(chain);
}

static void follow(const struct follower *follower, struct cert_anchor *anchor)
{
	long len = 0;
	unsigned char *data = OPENSSL_hexstr2buf(anchor->data, &len);
	SSL *ssl = SSL_new(follower->ctx);
	/* The name is of no use here, and must be one. */
	if (data != NULL && ssl != NULL &&
		SSL_dane_enable(ssl, "anchor.invalid") == 1 &&
		SSL_dane_tlsa_add(ssl, USAGE_TA, anchor->selector,
			anchor->matching, data, (size_t)len) == 1)
		verify(follower, ssl, anchor);
	SSL_free(ssl);
	OPENSSL_free(data);
}

void anchors_follow(struct smtp_tls *tls)
{
	struct follower follower;
	if (follower_init(&follower, tls))
		for (size_t i = 0; i < tls->n_anchors; i++)
			follow(&follower, &tls->anchors[i]);
	follower_release(&follower);
}
