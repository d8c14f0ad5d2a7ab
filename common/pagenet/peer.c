/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenSSL's own verification, with the name in it, run to its end whatever it
 * finds: so the reason is known, and who wants to may read on.
 */
#include "config.h"

#include "common/pagenet/peer.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/tls/x509.h"

static struct peer *peer_of(X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

/* The first of each kind is kept. */
static int note_error(int is_ok, X509_STORE_CTX *store)
{
	struct peer *peer = peer_of(store);
	int error = X509_STORE_CTX_get_error(store);
	if (is_ok)
		return 1;
	if (error == X509_V_ERR_HOSTNAME_MISMATCH ||
		error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		peer->is_wrong_name = true;
	} else if (peer->chain_error == X509_V_OK) {
		peer->chain_error = error;
		peer->chain_depth = X509_STORE_CTX_get_error_depth(store);
	}
	return 1;
}

static bool expect_name(X509_STORE_CTX *store, const struct page_url *url)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
	if (url->host_is_addr)
		return X509_VERIFY_PARAM_set1_ip_asc(param, url->host) == 1;
	/* As browsers do, which do not look at the subject any more (RFC 9525
	 * section 2). */
	X509_VERIFY_PARAM_set_hostflags(
		param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return X509_VERIFY_PARAM_set1_host(param, url->host, 0) == 1;
}

/* An error that says little without the name that it is about. */
static const char *chain_why(const struct peer *peer, STACK_OF(X509) * chain)
{
	int error = peer->chain_error;
	const char *text = X509_verify_cert_error_string(error);
	X509 *last = peer->chain_depth < sk_X509_num(chain)
			     ? sk_X509_value(chain, peer->chain_depth)
			     : NULL;
	if (last == NULL)
		return text;
	if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
		error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
		error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
		return arena_printf(peer->arena,
			"its issuer \"%s\" is neither shown nor known here",
			x509_name_line(
				peer->arena, X509_get_issuer_name(last)));
	return peer->chain_depth == 0
		       ? text
		       : arena_printf(peer->arena, "%s: \"%s\"", text,
				 x509_name_line(peer->arena,
					 X509_get_subject_name(last)));
}

static void read_ends(
	const struct peer *peer, STACK_OF(X509) * chain, struct page_cert *out)
{
	out->chain_end_s = out->end_s;
	for (int i = 1; i < sk_X509_num(chain); i++) {
		X509 *one = sk_X509_value(chain, i);
		int64_t end_s = x509_seconds(X509_get0_notAfter(one));
		if (end_s >= out->chain_end_s)
			continue;
		out->chain_end_s = end_s;
		out->chain_end_which =
			x509_name_line(peer->arena, X509_get_subject_name(one));
	}
}

static const char *name_why(
	const struct peer *peer, const X509 *own, const struct page_cert *cert)
{
	if (X509_get_ext_by_NID(own, NID_subject_alt_name, -1) < 0)
		return "it names no host, but in its subject";
	return arena_printf(peer->arena, "it is \"%s\", not for %s",
		cert->subject, peer->url.host);
}

static void read_verdict(
	const struct peer *peer, X509_STORE_CTX *store, struct page_cert *out)
{
	bool has_cas = tls_context_has_cas(peer->tls);
	out->chain = has_cas ? PAGE_CHAIN_VALID : PAGE_CHAIN_NOT_CHECKED;
	if (has_cas && peer->chain_error != X509_V_OK) {
		out->chain = PAGE_CHAIN_INVALID;
		out->why = chain_why(peer, X509_STORE_CTX_get0_chain(store));
	} else if (peer->is_wrong_name) {
		out->chain = PAGE_CHAIN_WRONG_NAME;
		out->why = name_why(peer, X509_STORE_CTX_get0_cert(store), out);
	}
}

static void read_cert(struct peer *peer, X509_STORE_CTX *store)
{
	X509 *own = X509_STORE_CTX_get0_cert(store);
	struct page_cert *out = &peer->cert;
	*out = (struct page_cert){
		.subject =
			x509_name_line(peer->arena, X509_get_subject_name(own)),
		.issuer =
			x509_name_line(peer->arena, X509_get_issuer_name(own)),
		.begin_s = x509_seconds(X509_get0_notBefore(own)),
		.end_s = x509_seconds(X509_get0_notAfter(own)),
	};
	read_ends(peer, X509_STORE_CTX_get0_chain(store), out);
	read_verdict(peer, store, out);
}

static int verify(X509_STORE_CTX *store, void *arg)
{
	struct peer *peer = arg;
	bool is_good;
	peer->chain_error = X509_V_OK;
	peer->is_wrong_name = false;
	X509_STORE_CTX_set_verify_cb(store, note_error);
	if (!expect_name(store, &peer->url) || X509_verify_cert(store) < 0)
		peer->chain_error = X509_V_ERR_UNSPECIFIED;
	read_cert(peer, store);
	ERR_clear_error();
	/* With no CA certificate here, nothing speaks against it. */
	is_good = peer->cert.chain == PAGE_CHAIN_VALID ||
		  peer->cert.chain == PAGE_CHAIN_NOT_CHECKED;
	if (is_good || peer->takes_untrusted)
		X509_STORE_CTX_set_error(store, X509_V_OK);
	else if (peer->is_wrong_name)
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
	else
		X509_STORE_CTX_set_error(store, peer->chain_error);
	return is_good || peer->takes_untrusted;
}

bool peer_watch(struct peer *peer, SSL_CTX *ctx)
{
	peer->has_begun = true;
	/* Without CA certificates there is nothing to lend. */
	if (!tls_context_lend(peer->tls, ctx) && tls_context_has_cas(peer->tls))
		return false;
	SSL_CTX_set_app_data(ctx, peer);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify, peer);
	return true;
}

static int badness(const struct page_cert *cert)
{
	switch (cert->chain) {
	case PAGE_CHAIN_INVALID:
	case PAGE_CHAIN_WRONG_NAME:
		return 2;
	case PAGE_CHAIN_VALID:
	case PAGE_CHAIN_NOT_CHECKED:
		return 1;
	case PAGE_CHAIN_NOT_SEEN:
	default:
		return 0;
	}
}

const struct page_cert *peer_worse_cert(
	const struct page_cert *a, const struct page_cert *b)
{
	if (badness(a) != badness(b))
		return badness(a) > badness(b) ? a : b;
	return a->chain_end_s <= b->chain_end_s ? a : b;
}
