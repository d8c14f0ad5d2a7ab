/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One session of libesmtp (1.1), from the lookup of the name to QUIT. It is all
 * one call of the library's, which is followed from within its callbacks; what
 * has to end it ends the process.
 */
#include "config.h"

#include "common/mailnet/esmtp_child.h"

#include <arpa/inet.h>
#include <auth-client.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* What of it is declared depends on what stands before it. */
#include <openssl/ssl.h>

#include <libesmtp.h>

#include "common/mailnet/child.h"
#include "common/mailnet/smtp_words.h"
#include "common/mailnet/submit_facts.h"

enum {
	/* The library's socket is among the first: the child has no others. */
	FDS = 64,
	INPUT = 2048,
	US_PER_MS = 1000,
	ADDRESS_TEXT = 64, /* and a scope's name */
};

struct client {
	const struct esmtp_work *work;
	int out;
	struct esmtp_watch watch;
	smtp_session_t session;
	struct submit_body body;
	bool was_given; /* the message, to the library */
	int fd;         /* the library's; -1: none */
	SSL *ssl;       /* the library's; NULL: none */
	struct tls *tls;
};

/* Who reads may have gone. */
static void on_note(void *arg, const struct esmtp_note *note)
{
	struct client *client = arg;
	if (!child_tell(client->out, note, sizeof(*note)))
		_exit(1);
}

/* -- without the library ------------------------------------------------- */

/* The socket does not block; who started the process bounds it. */
static void wait_for_bytes(const struct client *client)
{
	struct pollfd ready = { .fd = client->fd, .events = POLLIN };
	(void)poll(&ready, 1, (int)(client->work->wait_us / US_PER_MS));
}

static bool read_by_hand(struct client *client)
{
	char bytes[INPUT];
	ssize_t n;
	if (client->ssl == NULL || SSL_pending(client->ssl) == 0)
		wait_for_bytes(client);
	if (client->ssl != NULL) {
		n = SSL_read(client->ssl, bytes, sizeof(bytes));
		if (n <= 0 && SSL_get_error(client->ssl, (int)n) ==
				      SSL_ERROR_WANT_READ)
			return true;
	} else {
		n = recv(client->fd, bytes, sizeof(bytes), 0);
	}
	if (n <= 0) {
		(void)esmtp_fail(&client->watch, SMTP_CLOSED, NULL);
		return false;
	}
	return esmtp_read(&client->watch, bytes, (size_t)n) != ESMTP_OVER;
}

/* What the other end has done that no reply was waited for. */
static enum esmtp_peer look_at_peer(const struct client *client)
{
	char byte;
	ssize_t n = recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN) ||
		(client->ssl != NULL && SSL_get_shutdown(client->ssl) != 0))
		return ESMTP_PEER_ENDED;
	return n > 0 && client->ssl == NULL ? ESMTP_PEER_SPEAKS
					    : ESMTP_PEER_SILENT;
}

static bool quit_by_hand(struct client *client)
{
	static const char quit[] = "QUIT\r\n";
	int len = (int)sizeof(quit) - 1;
	if (esmtp_write(&client->watch, quit, (size_t)len,
		    look_at_peer(client)) != ESMTP_GO)
		return false;
	return (client->ssl != NULL ? SSL_write(client->ssl, quit, len)
				    : (int)send(client->fd, quit, (size_t)len,
					      0)) == len;
}

static _Noreturn void leave(struct client *client)
{
	bool goes_on = true;
	while (goes_on)
		goes_on = client->watch.is_due ? read_by_hand(client)
					       : quit_by_hand(client);
	_exit(0);
}

static void obey(struct client *client, enum esmtp_go go)
{
	if (go == ESMTP_OVER)
		_exit(0);
	if (go == ESMTP_LEAVE)
		leave(client);
}

/* -- callbacks of the library -------------------------------------------- */

/* Its own buffer comes in, though it calls it const: what it must not see is
 * changed there. */
static void on_bytes(const char *bytes, int len, int writing, void *arg)
{
	struct client *client = arg;
	char *own;
	if (writing == SMTP_CB_HEADERS || len <= 0)
		return;
	if (writing == SMTP_CB_WRITING) {
		obey(client, esmtp_write(&client->watch, bytes, (size_t)len,
				     look_at_peer(client)));
		return;
	}
	memcpy(&own, &bytes, sizeof(own));
	obey(client, esmtp_read(&client->watch, own, (size_t)len));
}

/* All at once; the first call, without a length, says from the beginning. */
static const char *on_message(void **ctx, int *len, void *arg)
{
	struct client *client = arg;
	(void)ctx;
	if (len == NULL) {
		obey(client,
			esmtp_message(&client->watch, look_at_peer(client)));
		client->was_given = false;
		return NULL;
	}
	*len = client->was_given ? 0 : (int)client->body.len;
	client->was_given = true;
	return *len == 0 ? NULL : client->body.bytes;
}

static int on_login(
	auth_client_request_t request, char **result, int fields, void *arg)
{
	struct client *client = arg;
	const struct submit_ask *ask = client->work->ask;
	for (int i = 0; i < fields; i++) {
		const char *answer = NULL;
		if ((request[i].flags & AUTH_USER) != 0)
			answer = ask->user;
		else if ((request[i].flags & AUTH_PASS) != 0)
			answer = ask->secret;
		if (answer == NULL)
			return 0;
		result[i] = arena_strdup(client->work->arena, answer);
	}
	return 1;
}

/* -- the connection ------------------------------------------------------ */

/* Nothing else in the process is a stream of the Internet's. */
static int find_socket(int above, struct sockaddr_storage *peer)
{
	for (int fd = above + 1; fd < FDS; fd++) {
		socklen_t len = sizeof(*peer);
		if (getpeername(fd, (struct sockaddr *)peer, &len) == 0 &&
			(peer->ss_family == AF_INET ||
				peer->ss_family == AF_INET6))
			return fd;
	}
	return -1;
}

static const char *address_text(
	struct arena *arena, const struct sockaddr_storage *address)
{
	char text[ADDRESS_TEXT];
	if (getnameinfo((const struct sockaddr *)address, sizeof(*address),
		    text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		return NULL;
	return arena_strdup(arena, text);
}

static void tell_text(
	struct client *client, enum esmtp_note_kind kind, const char *text)
{
	if (text != NULL)
		esmtp_tell(&client->watch, kind, 0, text, strlen(text));
}

static void on_connected(struct client *client)
{
	struct arena *arena = client->work->arena;
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	const char *local = NULL;
	client->fd = find_socket(client->out, &address);
	if (client->fd < 0)
		obey(client, esmtp_defer(&client->watch,
				     "its connection can't be seen"));
	tell_text(client, ESMTP_ADDRESS, address_text(arena, &address));
	if (getsockname(client->fd, (struct sockaddr *)&address, &len) == 0)
		local = address_text(arena, &address);
	tell_text(client, ESMTP_LOCAL, local);
	if (client->work->options->helo == NULL)
		(void)smtp_set_hostname(
			client->session, smtp_own_literal(arena, local));
	esmtp_connected(&client->watch);
}

static void tell_certificate(struct client *client, X509 *x509)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);
	for (int at = 0; at < len; at += ESMTP_NOTE_BYTES) {
		int n = len - at < ESMTP_NOTE_BYTES ? len - at
						    : ESMTP_NOTE_BYTES;
		esmtp_tell(&client->watch, ESMTP_CERT, at + n == len,
			(const char *)der + at, (size_t)n);
	}
	OPENSSL_free(der);
}

static void tell_tls(struct client *client, const struct smtp_tls *tls)
{
	STACK_OF(X509) *shown = SSL_get_peer_cert_chain(client->ssl);
	struct esmtp_watch *watch = &client->watch;
	esmtp_tell(watch, ESMTP_CHAIN, tls->chain, NULL, 0);
	tell_text(client, ESMTP_CHAIN_ERROR, tls->chain_error);
	if (tls->above_end_s != 0)
		esmtp_tell(watch, ESMTP_ABOVE, tls->above_end_s,
			tls->above_subject, strlen(tls->above_subject));
	for (int i = 0; i < (int)tls->n_certs; i++)
		tell_certificate(client, sk_X509_value(shown, i));
	esmtp_tell(watch, ESMTP_TLS, tls->version, tls->cipher,
		tls->cipher != NULL ? strlen(tls->cipher) : 0);
}

/* The library compares with the name that the DNS calls canonical, and takes
 * what we tell it to; here it is judged, whatever that came to. */
static void on_secured(struct client *client, SSL *ssl)
{
	struct submit_facts facts = { 0 };
	client->ssl = ssl;
	tls_read_facts(client->tls, client->work->arena, false, &facts.tls);
	tell_tls(client, &facts.tls);
	if (!submit_judge_tls(client->work->arena, client->work->ask, &facts))
		obey(client, esmtp_fail(&client->watch, SMTP_TLS_FAILED,
				     facts.why_untrusted));
	esmtp_secured(&client->watch);
}

static enum esmtp_go why_no_tls(struct client *client)
{
	const char *why = tls_error(client->tls);
	if (!tls_lent_is_used(client->tls))
		return esmtp_defer(&client->watch, "it does not begin TLS");
	if (tls_lacks_version(client->tls))
		return esmtp_defer(&client->watch,
			"it would need TLS 1.3, where it stalls");
	if (tls_heard_plain(client->tls))
		return esmtp_fail(&client->watch, SMTP_INJECTED,
			"plain text in place of TLS");
	return esmtp_fail(&client->watch,
		why != NULL ? SMTP_TLS_FAILED : SMTP_CLOSED, why);
}

/* It would go on to the next address. */
static void on_disconnected(struct client *client)
{
	bool is_up = client->ssl != NULL;
	obey(client, client->watch.step == SUBMIT_STEP_TLS && !is_up
			     ? why_no_tls(client)
			     : esmtp_ended(&client->watch));
	_exit(0);
}

static void on_event(smtp_session_t session, int event, void *arg, ...)
{
	struct client *client = arg;
	va_list rest;
	(void)session;
	va_start(rest, arg);
	switch (event) {
	case SMTP_EV_CONNECT:
		on_connected(client);
		break;
	case SMTP_EV_DISCONNECT:
		on_disconnected(client);
		break;
	case SMTP_EV_STARTTLS_OK:
		on_secured(client, va_arg(rest, SSL *));
		break;
	case SMTP_EV_INVALID_PEER_CERTIFICATE:
		(void)va_arg(rest, long);
		*va_arg(rest, int *) = 1;
		break;
	case SMTP_EV_WEAK_CIPHER:
		(void)va_arg(rest, int);
		*va_arg(rest, int *) = 1;
		break;
	case SMTP_EV_NO_PEER_CERTIFICATE:
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		*va_arg(rest, int *) = 1;
		break;
	default:
		break;
	}
	va_end(rest);
}

/* -- setting it up ------------------------------------------------------- */

static bool set_tls(struct client *client)
{
	const struct submit_ask *ask = client->work->ask;
	enum starttls_option how = Starttls_DISABLED;
	SSL_CTX *ctx = NULL;
	if (ask->security == SUBMIT_STARTTLS)
		how = Starttls_REQUIRED;
	else if (ask->security == SUBMIT_AS_OFFERED)
		how = Starttls_ENABLED;
	if (how != Starttls_DISABLED) {
		/* TLS 1.3: a ticket that comes ahead of EHLO stalls it. */
		client->tls = tls_new_lent(client->work->options->tls,
			ask->host, TLS1_2_VERSION, &ctx);
		if (client->tls == NULL ||
			smtp_starttls_set_ctx(client->session, ctx) != 1)
			return false;
	}
	return smtp_starttls_enable(client->session, how) == 1;
}

static bool set_login(struct client *client)
{
	auth_context_t context;
	if (client->work->ask->auth == SUBMIT_NO_AUTH)
		return true;
	auth_client_init();
	context = auth_create_context();
	return context != NULL &&
	       auth_set_mechanism_flags(context, AUTH_PLUGIN_PLAIN, 0) == 1 &&
	       auth_set_interact_cb(context, on_login, client) == 1 &&
	       smtp_auth_set_context(client->session, context) == 1;
}

/* Milliseconds, though its manual says seconds. */
static void set_timeouts(struct client *client)
{
	static const int kinds[] = { Timeout_GREETING, Timeout_ENVELOPE,
		Timeout_DATA, Timeout_TRANSFER, Timeout_DATA2 };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		(void)smtp_set_timeout(client->session,
			kinds[i] | Timeout_OVERRIDE_RFC2822_MINIMUM,
			(long)(client->work->wait_us / US_PER_MS));
}

static bool set_recipient(const struct submit_ask *ask, smtp_message_t message)
{
	smtp_recipient_t recipient = smtp_add_recipient(message, ask->rcpt);
	unsigned plain = ask->notify & ~(unsigned)SUBMIT_NOTIFY_NEVER;
	if (recipient == NULL)
		return false;
	if ((ask->notify & SUBMIT_NOTIFY_NEVER) != 0)
		(void)smtp_dsn_set_notify(recipient, Notify_NEVER);
	else if (plain != 0)
		(void)smtp_dsn_set_notify(recipient, (enum notify_flags)plain);
	return ask->orcpt == NULL ||
	       smtp_dsn_set_orcpt(recipient, "rfc822", ask->orcpt) == 1;
}

static bool set_message(struct client *client)
{
	const struct submit_ask *ask = client->work->ask;
	smtp_message_t message = smtp_add_message(client->session);
	struct submit_body stuffed =
		submit_body_make(client->work->arena, ask, true);
	if (message == NULL ||
		smtp_set_reverse_path(message, ask->mail_from) != 1 ||
		!set_recipient(ask, message))
		return false;
	client->body = submit_body_make(client->work->arena, ask, false);
	(void)smtp_size_set_estimate(message, stuffed.len);
	if (submit_needs_8bit(ask))
		(void)smtp_8bitmime_set_body(message, E8bitmime_8BITMIME);
	if (ask->ret != SUBMIT_RET_UNSAID)
		(void)smtp_dsn_set_ret(message,
			ask->ret == SUBMIT_RET_WHOLE ? Ret_FULL : Ret_HDRS);
	if (ask->envid != NULL && smtp_dsn_set_envid(message, ask->envid) != 1)
		return false;
	return smtp_set_messagecb(message, on_message, client) == 1;
}

static bool set_up(struct client *client)
{
	const struct esmtp_work *work = client->work;
	const char *server = arena_printf(work->arena, "%s:%u", work->ask->host,
		(unsigned)work->ask->port);
	client->session = smtp_create_session();
	if (client->session == NULL ||
		smtp_set_server(client->session, server) != 1 ||
		(work->options->helo != NULL &&
			smtp_set_hostname(
				client->session, work->options->helo) != 1) ||
		smtp_option_require_all_recipients(client->session, 1) != 1)
		return false;
	set_timeouts(client);
	return smtp_set_eventcb(client->session, on_event, client) == 1 &&
	       smtp_set_monitorcb(client->session, on_bytes, client, 0) == 1 &&
	       set_tls(client) && set_login(client) && set_message(client);
}

/* -- all of it ----------------------------------------------------------- */

/* The library looks it up for itself, and tells neither what it found nor how
 * long it took. */
static bool look_up(struct client *client)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *first = NULL;
	size_t n = 0;
	esmtp_begin(&client->watch, SUBMIT_STEP_LOOKUP);
	if (getaddrinfo(client->work->ask->host, NULL, &hints, &first) == 0)
		for (const struct addrinfo *one = first; one != NULL;
			one = one->ai_next)
			n++;
	if (n == 0) {
		(void)esmtp_fail(&client->watch, SMTP_UNREACHABLE,
			"its name has no address");
		return false;
	}
	client->watch.is_many = n > 1;
	esmtp_tell(&client->watch, ESMTP_DONE, (int64_t)n, NULL, 0);
	if (n == 1) {
		struct sockaddr_storage address = { 0 };
		memcpy(&address, first->ai_addr, first->ai_addrlen);
		tell_text(client, ESMTP_ADDRESS,
			address_text(client->work->arena, &address));
	}
	freeaddrinfo(first);
	return true;
}

/* The error of the system's is told as its negative. */
static void why_no_connection(struct client *client)
{
	int error = -smtp_errno();
	enum smtp_outcome outcome = SMTP_UNREACHABLE;
	if (error == ECONNREFUSED)
		outcome = SMTP_PORT_CLOSED;
	else if (error == ETIMEDOUT)
		outcome = SMTP_TIMED_OUT;
	else if (error == EMFILE || error == ENFILE || error == ENOMEM ||
		 error == ENOBUFS)
		outcome = SMTP_OUR_FAULT;
	(void)esmtp_fail(
		&client->watch, outcome, error > 0 ? strerror(error) : NULL);
}

/* Nothing of the user's is read (~/.authenticate), and no core with a secret in
 * it is written. */
static void shut_off(void)
{
	struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setenv("HOME", "/proc/nowhere", 1);
}

_Noreturn void esmtp_work(int out, const struct esmtp_work *work)
{
	struct client *client = arena_alloc(work->arena, sizeof(*client));
	client->work = work;
	client->out = out;
	client->fd = -1;
	client->watch.arena = work->arena;
	client->watch.ask = work->ask;
	client->watch.tell = on_note;
	client->watch.arg = client;
	shut_off();
	if (look_up(client)) {
		esmtp_begin(&client->watch, SUBMIT_STEP_CONNECT);
		if (!set_up(client))
			(void)esmtp_defer(&client->watch, "it does not start");
		else if (smtp_start_session(client->session) == 0)
			why_no_connection(client);
	}
	_exit(0);
}
