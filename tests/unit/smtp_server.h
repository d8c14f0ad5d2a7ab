/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMTP servers on the loopback that do what a script says and nothing else,
 * each in a child process; and the certificates that they show, made afresh.
 */
#ifndef LIFELINE_TESTS_UNIT_SMTP_SERVER_H
#define LIFELINE_TESTS_UNIT_SMTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVER_NAME "mx.example.org"

enum server_cert {
	CERT_GOOD, /* for SERVER_NAME, by the CA */
	CERT_EXPIRED,
	CERT_OTHER_NAME,
	CERT_SELF_SIGNED,
	CERT_OTHER_CA,
	CERT_RSA_1024,
	CERT_LOCALHOST,   /* by the CA, for localhost */
	CERT_COMMON_NAME, /* has its name in the subject alone */
	SERVER_CERTS,
};

/*
 * What is done on one connection, in order; the end of it closes, in a way in
 * which nothing that was sent is lost. Times are those of slow_clock.h:
 *   ">TEXT"  sends it as it stands
 *   "<TEXT"  reads a line, which begins with TEXT
 *   "T"      TLS, from here on
 *   "F"      TLS, which must fail
 *   "CTEXT"  waits for the first bytes of the client, then sends TEXT
 *   "WMS"    does nothing for so many milliseconds
 *   "DTEXT"  sends it, a byte every 20 milliseconds
 *   "0"      sends a NUL byte
 *   "E"      sends "250-more" without an end
 *   "B"      waits for the client to close, and reads nothing
 *   "X"      then closes at once, with a reset where something is unread
 *   "!"      tells the test that it has come so far: a byte to tells
 *   "NN"     sends N more tickets of TLS 1.3
 *   "R"      asks for another handshake, which must fail
 */
typedef const char *const *server_script;

struct server {
	pid_t pid;
	bool is_v6;   /* at ::1 */
	uint8_t host; /* else at 127.0.0.HOST; 0: 1 */
	uint16_t port;
	enum server_cert cert;
	int tls_min;       /* 0: 1.0; else its constant */
	int tls_max;       /* 0: what OpenSSL has; else its constant */
	bool wants_client; /* certificate */
	bool checks_sni;   /* sni has to come; where NULL, SERVER_NAME */
	const char *sni;
	int tells;  /* a descriptor to be written to; 0: none */
	int held;   /* the port */
	int number; /* of slow_clock.h */
	server_script first, second; /* second: of a second connection; NULL:
					there is none */
};

/* Makes the keys, the certificates and a file with the CA's; false: failed, or
 * loopback is down. */
bool server_certs_make(void);
void server_certs_free(void);
const char *server_ca_file(void);
/* The other CA, which has the same name, and that one. */
const char *server_both_ca_file(void);
/* Lower-case hexadecimal of the SHA-256 of the certificate, and of its key. */
void server_cert_digests(enum server_cert cert, char out[65], char spki[65]);

/* Starts it. Until its end nobody else listens at its port, at any address of
 * this host; and nobody at all where it has no script. */
void server_start(struct server *server);
/* Waits for its end: whether all went as the script said. */
bool server_went_well(struct server *server);

#endif
