/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One store of certificates, for an SSL_CTX of ours and for those of others. */
#include "config.h"

#include "common/tls/context.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "common/tls/ca_bundle.h"

struct tls_context {
	const char *ca_file;
	X509_STORE *store;        /* NULL: nothing is loaded yet */
	struct ca_bundle *bundle; /* or NULL */
	bool has_cas;
	bool trusts_all; /* whoever is named in a file, though it be no root */
	const char *wrong; /* with what was loaded; or NULL */
	SSL_CTX *client;   /* or NULL */
};

/* Whether a folder has anything that OpenSSL would look at: 5ad8a5d6.0. */
static bool folder_has_cas(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool has_some = false;
	if (folder == NULL)
		return false;
	while (!has_some && (entry = readdir(folder)) != NULL)
		has_some = strspn(entry->d_name, "0123456789abcdef") == 8 &&
			   entry->d_name[8] == '.';
	closedir(folder);
	return has_some;
}

static bool load_file(struct tls_context *context, const char *path)
{
	context->bundle = ca_bundle_new(context->store, path);
	return context->bundle != NULL ||
	       X509_STORE_load_file(context->store, path) == 1;
}

/* The places that OpenSSL was built for; a folder is read only as certificates
 * from it are needed. */
static void load_host_cas(struct tls_context *context)
{
	const char *folder = X509_get_default_cert_dir();
	if (folder_has_cas(folder) &&
		X509_STORE_load_path(context->store, folder) == 1)
		context->has_cas = true;
	else if (load_file(context, X509_get_default_cert_file()))
		context->has_cas = true;
}

struct tls_context *tls_context_new(const char *ca_file)
{
	struct tls_context *context = calloc(1, sizeof(*context));
	if (context != NULL)
		context->ca_file = ca_file;
	return context;
}

const char *tls_context_load(struct tls_context *context)
{
	const char *ca_file = context->ca_file;
	if (context->store != NULL || context->wrong != NULL)
		return context->wrong;
	if (OPENSSL_init_ssl(0, NULL) == 1)
		context->store = X509_STORE_new();
	if (context->store == NULL)
		context->wrong = "can't be used: OpenSSL does not start";
	else if (ca_file == NULL)
		load_host_cas(context);
	else if (load_file(context, ca_file))
		context->has_cas = context->trusts_all = true;
	else
		context->wrong = "can't be read as certificates in PEM";
	ERR_clear_error();
	return context->wrong;
}

bool tls_context_has_cas(struct tls_context *context)
{
	return tls_context_load(context) == NULL && context->has_cas;
}

/* As a store to verify by, which the other's own use of its store, libcurl's
 * say, does not get at. */
static bool lend(struct tls_context *context, SSL_CTX *other)
{
	return SSL_CTX_set1_verify_cert_store(other, context->store) == 1 &&
	       (!context->trusts_all ||
		       X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(other),
			       X509_V_FLAG_PARTIAL_CHAIN) == 1);
}

/* Whatever comes without an end, and is no data of the application's, may keep
 * nobody for longer than one message of it: reading comes back to the loop, and
 * no second handshake is begun. */
static void bound_calls(SSL_CTX *ctx)
{
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
}

bool tls_context_lend(struct tls_context *context, SSL_CTX *other)
{
	bound_calls(other);
	return tls_context_has_cas(context) && lend(context, other);
}

static bool set_up(struct tls_context *context, SSL_CTX *ctx, int max_version)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	bound_calls(ctx);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, max_version) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") == 1 &&
	       lend(context, ctx);
}

SSL_CTX *tls_context_client_new(struct tls_context *context, int max_version)
{
	SSL_CTX *ctx;
	if (tls_context_load(context) != NULL)
		return NULL;
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx != NULL && !set_up(context, ctx, max_version)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	ERR_clear_error();
	return ctx;
}

SSL_CTX *tls_context_client(struct tls_context *context)
{
	if (context->client == NULL)
		context->client = tls_context_client_new(context, 0);
	return context->client;
}

void tls_context_free(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->client);
	X509_STORE_free(context->store);
	ca_bundle_free(context->bundle);
	free(context);
}
