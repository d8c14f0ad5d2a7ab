/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/smtp_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/loopback.h"
#include "tests/unit/slow_clock.h"

enum {
	LINE = 1024,
	LIFE_S = 300, /* whatever goes wrong, no server outlives this */
	DRIP_MS = 20,
	DAY_S = 24 * 60 * 60,
};

/* What all tests share, made once. */
static struct {
	EVP_PKEY *ca_key, *other_ca_key, *keys[SERVER_CERTS];
	X509 *ca, *other_ca, *certs[SERVER_CERTS];
	char ca_file[64], both_file[64];
} made;

/* -- certificates -------------------------------------------------------- */

static bool add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool is_added;
	X509V3_set_ctx(
		&ctx, issuer != NULL ? issuer : x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	is_added = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

struct wish {
	const char *name;
	bool is_ca;
	bool has_no_names;   /* but that in the subject */
	long begin_s, end_s; /* from now */
};

/* One now for both ends: a life is as long as was wished, at the edge of a
 * second, too. */
static void set_life(X509 *x509, const struct wish *wish)
{
	time_t now = time(NULL);
	(void)X509_time_adj(X509_getm_notBefore(x509), wish->begin_s, &now);
	(void)X509_time_adj(X509_getm_notAfter(x509), wish->end_s, &now);
}

static X509 *make_cert(const struct wish *wish, EVP_PKEY *key, X509 *issuer,
	EVP_PKEY *issuer_key)
{
	static long serial = 1;
	char names[128];
	X509 *x509 = X509_new();
	X509_NAME *subject = X509_get_subject_name(x509);
	(void)snprintf(names, sizeof(names), "DNS:%s,DNS:WWW.%s", wish->name,
		wish->name);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
	set_life(x509, wish);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)wish->name, -1, -1, 0);
	X509_set_issuer_name(
		x509, issuer == NULL ? subject : X509_get_subject_name(issuer));
	if (!add_extension(x509, issuer, NID_basic_constraints,
		    wish->is_ca ? "critical,CA:TRUE" : "CA:FALSE") ||
		!add_extension(
			x509, issuer, NID_subject_key_identifier, "hash") ||
		(issuer != NULL &&
			!add_extension(x509, issuer,
				NID_authority_key_identifier, "keyid")) ||
		(!wish->is_ca && !wish->has_no_names &&
			!add_extension(
				x509, issuer, NID_subject_alt_name, names)) ||
		X509_sign(x509, issuer_key, EVP_sha256()) == 0) {
		X509_free(x509);
		return NULL;
	}
	return x509;
}

/* The second may be NULL. */
static bool write_ca_file(char path[64], X509 *first, X509 *second)
{
	static const char pattern[] = "/tmp/lifeline-ca-XXXXXX";
	FILE *file;
	int fd;
	memcpy(path, pattern, sizeof(pattern));
	fd = mkstemp(path);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file == NULL)
		return false;
	return PEM_write_X509(file, first) == 1 &&
	       (second == NULL || PEM_write_X509(file, second) == 1) &&
	       fclose(file) == 0;
}

/* Where it is down a server would wait for its end in each of the tests. */
static bool is_loopback_up(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool is_up = fd >= 0 &&
		     connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
	if (fd >= 0)
		close(fd);
	if (!is_up)
		(void)fprintf(stderr, "loopback is down\n");
	return is_up;
}

bool server_certs_make(void)
{
	const struct wish ca = { "Test CA", true, false, -DAY_S, 100 * DAY_S };
	const struct wish good = { SERVER_NAME, false, false, -DAY_S,
		30 * DAY_S };
	const struct wish expired = { SERVER_NAME, false, false, -9 * DAY_S,
		-DAY_S };
	const struct wish local = { "localhost", false, false, -DAY_S, DAY_S };
	const struct wish other = { "mx.example.net", false, false, -DAY_S,
		DAY_S };
	const struct wish nameless = { SERVER_NAME, false, true, -DAY_S,
		DAY_S };
	if (!is_loopback_up())
		return false;
	(void)signal(SIGPIPE, SIG_IGN);
	made.ca_key = EVP_EC_gen("P-256");
	made.other_ca_key = EVP_EC_gen("P-256");
	made.ca = make_cert(&ca, made.ca_key, NULL, made.ca_key);
	made.other_ca =
		make_cert(&ca, made.other_ca_key, NULL, made.other_ca_key);
	for (int i = 0; i < SERVER_CERTS; i++) {
		bool is_alone = i == CERT_SELF_SIGNED;
		bool is_other = i == CERT_OTHER_CA;
		EVP_PKEY *key = i == CERT_RSA_1024 ? EVP_RSA_gen(1024)
						   : EVP_EC_gen("P-256");
		const struct wish *wish = &good;
		if (i == CERT_EXPIRED)
			wish = &expired;
		else if (i == CERT_OTHER_NAME)
			wish = &other;
		else if (i == CERT_LOCALHOST)
			wish = &local;
		else if (i == CERT_COMMON_NAME)
			wish = &nameless;
		made.keys[i] = key;
		made.certs[i] = make_cert(wish, key,
			is_alone ? NULL : (is_other ? made.other_ca : made.ca),
			is_alone
				? key
				: (is_other ? made.other_ca_key : made.ca_key));
		if (made.certs[i] == NULL)
			return false;
	}
	return made.ca != NULL && made.other_ca != NULL &&
	       write_ca_file(made.ca_file, made.ca, NULL) &&
	       write_ca_file(made.both_file, made.other_ca, made.ca);
}

void server_certs_free(void)
{
	for (int i = 0; i < SERVER_CERTS; i++) {
		X509_free(made.certs[i]);
		EVP_PKEY_free(made.keys[i]);
	}
	X509_free(made.ca);
	X509_free(made.other_ca);
	EVP_PKEY_free(made.ca_key);
	EVP_PKEY_free(made.other_ca_key);
	(void)unlink(made.ca_file);
	(void)unlink(made.both_file);
}

const char *server_ca_file(void)
{
	return made.ca_file;
}

const char *server_both_ca_file(void)
{
	return made.both_file;
}

static void write_hex(const unsigned char *bytes, char out[65])
{
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void server_cert_digests(enum server_cert cert, char out[65], char spki[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
	unsigned char *der = NULL;
	unsigned n = 0;
	int len = i2d_PUBKEY(made.keys[cert], &der);
	X509_digest(made.certs[cert], EVP_sha256(), digest, &n);
	write_hex(digest, out);
	EVP_Digest(der, (size_t)len, digest, &n, EVP_sha256(), NULL);
	write_hex(digest, spki);
	OPENSSL_free(der);
}

/* -- one connection, in the child ---------------------------------------- */

struct peer {
	const struct server *server;
	int fd;
	SSL *ssl;
	SSL_CTX *ctx;
	bool leaves_at_once;
};

static bool give(struct peer *peer, const char *bytes, size_t len)
{
	if (peer->ssl != NULL)
		return SSL_write(peer->ssl, bytes, (int)len) == (int)len;
	return send(peer->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool take(struct peer *peer, char *byte)
{
	if (peer->ssl != NULL)
		return SSL_read(peer->ssl, byte, 1) == 1;
	return recv(peer->fd, byte, 1, 0) == 1;
}

static bool expect(struct peer *peer, const char *begin)
{
	char line[LINE];
	size_t len = 0;
	while (len + 1 < sizeof(line) && take(peer, &line[len]))
		if (line[len++] == '\n')
			break;
	line[len] = '\0';
	if (len > 0 && line[len - 1] == '\n' &&
		strncmp(line, begin, strlen(begin)) == 0)
		return true;
	(void)fprintf(stderr, "# server: \"%s\" for \"%s\"\n", line, begin);
	return false;
}

static bool start_tls(struct peer *peer)
{
	const struct server *server = peer->server;
	const char *name = server->sni != NULL ? server->sni : SERVER_NAME;
	const char *sni;
	bool is_up;
	peer->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(peer->ctx, 0);
	SSL_CTX_set_min_proto_version(peer->ctx,
		server->tls_min != 0 ? server->tls_min : TLS1_VERSION);
	SSL_CTX_set_max_proto_version(peer->ctx, server->tls_max);
	SSL_CTX_use_certificate(peer->ctx, made.certs[server->cert]);
	SSL_CTX_use_PrivateKey(peer->ctx, made.keys[server->cert]);
	if (server->cert == CERT_GOOD)
		SSL_CTX_add1_chain_cert(peer->ctx, made.ca);
	if (server->wants_client)
		SSL_CTX_set_verify(peer->ctx,
			SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			NULL);
	peer->ssl = SSL_new(peer->ctx);
	SSL_set_fd(peer->ssl, peer->fd);
	is_up = SSL_accept(peer->ssl) == 1;
	if (server->wants_client)
		return !is_up;
	sni = SSL_get_servername(peer->ssl, TLSEXT_NAMETYPE_host_name);
	return is_up &&
	       (!server->checks_sni || (sni != NULL && strcmp(sni, name) == 0));
}

/* Below 0: until the client closes. */
static void wait_ms(const struct peer *peer, int64_t ms)
{
	slow_clock_rest(peer->server->number, peer->fd, ms);
}

/* To close with something unread would be a reset, by which the client may fail
 * before it has read what came last. */
static void take_leave(const struct peer *peer)
{
	(void)shutdown(peer->fd, SHUT_WR);
	wait_ms(peer, -1);
}

static bool answer_early(struct peer *peer, const char *text)
{
	char byte;
	return recv(peer->fd, &byte, 1, MSG_PEEK) == 1 &&
	       give(peer, text, strlen(text));
}

static void drip(struct peer *peer, const char *text)
{
	for (; *text != '\0' && give(peer, text, 1); text++)
		wait_ms(peer, DRIP_MS);
}

/* A TLS 1.3 server may send them whenever it likes. */
static bool send_tickets(struct peer *peer, long n)
{
	while (n-- > 0)
		if (SSL_new_session_ticket(peer->ssl) != 1 ||
			SSL_do_handshake(peer->ssl) != 1)
			return false;
	return true;
}

static bool is_refused_again(struct peer *peer)
{
	char byte;
	return SSL_renegotiate(peer->ssl) == 1 &&
	       SSL_do_handshake(peer->ssl) == 1 && !take(peer, &byte);
}

static bool act(struct peer *peer, const char *action)
{
	const char *text = action + 1;
	switch (action[0]) {
	case '>':
		return give(peer, text, strlen(text));
	case '<':
		return expect(peer, text);
	case 'T':
		return start_tls(peer);
	case 'F':
		return !start_tls(peer);
	case 'C':
		return answer_early(peer, text);
	case 'W':
		wait_ms(peer, strtol(text, NULL, 10));
		return true;
	case 'D':
		drip(peer, text);
		return true;
	case '0':
		return give(peer, "", 1);
	case 'E':
		while (give(peer, "250-more\r\n", 10))
			;
		return true;
	case 'B':
		wait_ms(peer, -1);
		return true;
	case 'X':
		peer->leaves_at_once = true;
		return true;
	case '!':
		return write(peer->server->tells, "!", 1) == 1;
	case 'N':
		return send_tickets(peer, strtol(text, NULL, 10));
	case 'R':
		return is_refused_again(peer);
	default:
		return false;
	}
}

static bool play(
	const struct server *server, int listener, server_script script)
{
	struct peer peer = { .server = server };
	bool is_fine = true;
	int on = 1;
	slow_clock_await(server->number, listener);
	peer.fd = accept(listener, NULL, NULL);
	(void)setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (; is_fine && *script != NULL; script++)
		is_fine = act(&peer, *script);
	if (peer.ssl != NULL)
		(void)SSL_shutdown(peer.ssl);
	if (!peer.leaves_at_once)
		take_leave(&peer);
	SSL_free(peer.ssl);
	SSL_CTX_free(peer.ctx);
	close(peer.fd);
	slow_clock_end(server->number);
	return is_fine;
}

/* -- the server ---------------------------------------------------------- */

void server_start(struct server *server)
{
	int listener;
	bool is_fine;
	server->held = loopback_hold(&server->port);
	server->pid = 0;
	if (server->first == NULL)
		return;
	listener = loopback_listen(server->is_v6, server->host, server->port);
	server->number = slow_clock_join(listener);
	server->pid = fork();
	if (server->pid != 0)
		return;
	(void)alarm(LIFE_S);
	is_fine = play(server, listener, server->first) &&
		  (server->second == NULL ||
			  play(server, listener, server->second));
	slow_clock_retire(server->number);
	_exit(is_fine ? 0 : 1);
}

bool server_went_well(struct server *server)
{
	int status = 0;
	bool is_ended;
	if (server->held > 0)
		(void)close(server->held);
	server->held = 0;
	if (server->pid == 0)
		return true;
	is_ended = waitpid(server->pid, &status, 0) == server->pid;
	slow_clock_leave(server->number);
	return is_ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
