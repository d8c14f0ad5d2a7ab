/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One ClientHello offers TLS 1.0 to 1.3 at security level 0. A server picks
 * the best that it has (RFC 8446 section 4.2.1; OpenSSL sees to it that
 * nobody on the way takes it down), so that what comes out below TLS 1.2, or
 * an RSA key of 1024 bits, is all that the server has: no second connection
 * is needed to tell this from a server that is broken.
 */
#include "config.h"

#include "common/mailnet/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "common/mailnet/certificate.h"

enum { RECORD_VERSION = 3 }; /* the first byte of it, from SSL 3 on */

struct tls {
	SSL *ssl;
	bool has_heard, heard_plain; /* of the first record */
	bool has_cas;                /* to judge by */
	const char *name;            /* of what is lent alone */
	bool is_lent;
	const char *error;
	int reason;      /* of it, of OpenSSL */
	int chain_error; /* the first; X509_V_OK: none */
	int chain_depth;
};

/* Everything is taken; the first error is kept for those who judge. */
static int note_error(int is_ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *tls = SSL_get_app_data(ssl);
	if (!is_ok && tls->chain_error == X509_V_OK) {
		tls->chain_error = X509_STORE_CTX_get_error(store);
		tls->chain_depth = X509_STORE_CTX_get_error_depth(store);
	}
	return 1;
}

/* What is negotiated is taken at level 0; what the chain is worth is not. */
static int verify_chain(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_VERIFY_PARAM_set_auth_level(
		X509_STORE_CTX_get0_param(store), CERT_AUTH_LEVEL);
	return X509_verify_cert(store);
}

/* Sees the head of each record as OpenSSL reads it, before that finds fault
 * with it. Nothing else tells an alert from plain text for sure: it reads in
 * the same call in which it sends. */
static void note_record(int is_sent, int version, int type, const void *bytes,
	size_t len, SSL *ssl, void *arg)
{
	struct tls *tls = arg;
	const unsigned char *head = bytes;
	(void)version;
	(void)ssl;
	if (is_sent || type != SSL3_RT_HEADER || tls->has_heard || len < 2)
		return;
	tls->has_heard = true;
	tls->heard_plain =
		(head[0] != SSL3_RT_HANDSHAKE && head[0] != SSL3_RT_ALERT) ||
		head[1] != RECORD_VERSION;
}

/* The macro of OpenSSL takes what is not const. A name of the DNS may be longer
 * as text, and of any bytes: such a one is not said. */
static bool set_sni(SSL *ssl, const char *name)
{
	char copy[SMTP_DOMAIN_MAX + 1] = "";
	if (!smtp_name_check(name))
		return true;
	memcpy(copy, name, strlen(name));
	return SSL_set_tlsext_host_name(ssl, copy) == 1;
}

/* Every chain goes through, and what is wrong with it is noted. */
static void watch_certificates(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, note_error);
	SSL_CTX_set_cert_verify_callback(ctx, verify_chain, NULL);
}

struct tls *tls_new(struct tls_context *context, int fd, const char *name)
{
	SSL_CTX *ctx = tls_context_client(context);
	struct tls *tls;
	if (ctx == NULL)
		return NULL;
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		return NULL;
	tls->has_cas = tls_context_has_cas(context);
	watch_certificates(ctx);
	tls->ssl = SSL_new(ctx);
	if (tls->ssl == NULL || SSL_set_app_data(tls->ssl, tls) != 1 ||
		SSL_set_fd(tls->ssl, fd) != 1 ||
		(name != NULL && !set_sni(tls->ssl, name))) {
		tls_free(tls);
		return NULL;
	}
	SSL_set_msg_callback(tls->ssl, note_record);
	SSL_set_msg_callback_arg(tls->ssl, tls);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->is_lent) {
		free(tls);
		return;
	}
	ERR_clear_error();
	if (tls->ssl != NULL && tls->error == NULL &&
		SSL_is_init_finished(tls->ssl))
		(void)SSL_shutdown(tls->ssl);
	SSL_free(tls->ssl);
	ERR_clear_error();
	free(tls);
}

static void note_reason(struct tls *tls, unsigned long error)
{
	tls->reason = ERR_GET_REASON(error);
	tls->error = ERR_reason_error_string(error);
	if (tls->error == NULL)
		tls->error = "an error without a name";
}

static enum tls_status status_of(struct tls *tls, int result)
{
	unsigned long error;
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANTS_WRITE;
	case SSL_ERROR_SSL:
		break;
	default:
		tls->error = "connection closed";
		return TLS_CLOSED;
	}
	error = ERR_peek_error();
	note_reason(tls, error);
	return ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING
		       ? TLS_CLOSED
		       : TLS_BROKEN;
}

enum tls_status tls_handshake(struct tls *tls)
{
	int result;
	ERR_clear_error();
	result = SSL_connect(tls->ssl);
	return result == 1 ? TLS_OK : status_of(tls, result);
}

enum tls_status tls_read(struct tls *tls, void *bytes, size_t len, size_t *n)
{
	int result;
	ERR_clear_error();
	result = SSL_read_ex(tls->ssl, bytes, len, n);
	return result == 1 ? TLS_OK : status_of(tls, result);
}

enum tls_status tls_write(
	struct tls *tls, const void *bytes, size_t len, size_t *n)
{
	int result;
	ERR_clear_error();
	result = SSL_write_ex(tls->ssl, bytes, len, n);
	return result == 1 ? TLS_OK : status_of(tls, result);
}

bool tls_heard_plain(const struct tls *tls)
{
	return tls->heard_plain;
}

const char *tls_error(const struct tls *tls)
{
	return tls->error;
}

bool tls_lacks_version(const struct tls *tls)
{
	return tls->reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
	       tls->reason == SSL_R_UNSUPPORTED_PROTOCOL ||
	       tls->reason == SSL_R_VERSION_TOO_LOW ||
	       tls->reason == SSL_R_VERSION_TOO_HIGH;
}

/* -- what is lent -------------------------------------------------------- */

/* OpenSSL gives what it may not take, to the only place that sees a connection
 * of somebody else's before its first word. */
static void note_state(const SSL *ssl, int where, int result)
{
	struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	unsigned long error = ERR_peek_error();
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && tls->ssl == NULL) {
		memcpy(&tls->ssl, &ssl, sizeof(tls->ssl));
		SSL_set_app_data(tls->ssl, tls);
		if (tls->name != NULL)
			(void)set_sni(tls->ssl, tls->name);
	}
	if (where == SSL_CB_CONNECT_EXIT && result <= 0 && error != 0 &&
		ERR_GET_REASON(error) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		note_reason(tls, error);
}

struct tls *tls_new_lent(struct tls_context *context, const char *name,
	int max_version, SSL_CTX **ctx)
{
	struct tls *tls;
	*ctx = tls_context_client_new(context, max_version);
	if (*ctx == NULL)
		return NULL;
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL || SSL_CTX_set_app_data(*ctx, tls) != 1) {
		SSL_CTX_free(*ctx);
		*ctx = NULL;
		free(tls);
		return NULL;
	}
	tls->has_cas = tls_context_has_cas(context);
	tls->name = name;
	tls->is_lent = true;
	watch_certificates(*ctx);
	SSL_CTX_set_info_callback(*ctx, note_state);
	SSL_CTX_set_msg_callback(*ctx, note_record);
	SSL_CTX_set_msg_callback_arg(*ctx, tls);
	return tls;
}

bool tls_lent_is_used(const struct tls *tls)
{
	return tls->ssl != NULL;
}

/* -- facts --------------------------------------------------------------- */

/* Errors that say little without the name that they are about. */
static const char *error_text(const struct tls *tls, struct arena *arena,
	const struct smtp_tls *shown)
{
	const char *text = X509_verify_cert_error_string(tls->chain_error);
	size_t depth = tls->chain_depth < 0 ? 0 : (size_t)tls->chain_depth;
	if ((tls->chain_error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
		    tls->chain_error ==
			    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) &&
		depth < shown->n_certs)
		return arena_printf(arena,
			"its issuer \"%s\" is neither shown nor known here",
			shown->certs[depth].issuer);
	return depth == 0
		       ? text
		       : arena_printf(arena, "%s (%zu above the server's own)",
				 text, depth);
}

static void read_chain(
	const struct tls *tls, struct arena *arena, struct smtp_tls *out)
{
	if (!tls->has_cas || out->n_certs == 0)
		return;
	out->chain = CERT_CHAIN_VALID;
	if (tls->chain_error == X509_V_OK)
		return;
	out->chain = CERT_CHAIN_INVALID;
	out->chain_error = error_text(tls, arena, out);
}

/* What else was shown, and leads nowhere, may have ended long ago. */
static void read_above(
	const struct tls *tls, struct arena *arena, struct smtp_tls *out)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(tls->ssl);
	for (int i = 1; i < sk_X509_num(chain); i++) {
		struct cert cert;
		X509 *one = sk_X509_value(chain, i);
		certificate_read_life(arena, one, &cert);
		if (out->above_end_s != 0 && cert.end_s >= out->above_end_s)
			continue;
		out->above_end_s = cert.end_s;
		out->above_subject = cert.subject;
	}
}

void tls_read_facts(const struct tls *tls, struct arena *arena, bool keeps_der,
	struct smtp_tls *out)
{
	STACK_OF(X509) *shown = SSL_get_peer_cert_chain(tls->ssl);
	int n = sk_X509_num(shown);
	*out = (struct smtp_tls){ 0 };
	if (n > SMTP_CERTS_MAX)
		n = SMTP_CERTS_MAX;
	if (n > 0) {
		out->certs = arena_array(arena, (size_t)n, sizeof(*out->certs));
		out->n_certs = (size_t)n;
	}
	for (int i = 0; i < n; i++)
		certificate_read(arena, sk_X509_value(shown, i), keeps_der,
			&out->certs[i]);
	if (SSL_is_init_finished(tls->ssl)) {
		out->version = (uint16_t)SSL_version(tls->ssl);
		out->cipher =
			arena_strdup(arena, SSL_get_cipher_name(tls->ssl));
	}
	read_chain(tls, arena, out);
	read_above(tls, arena, out);
}
