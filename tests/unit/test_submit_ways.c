/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One table of servers, each a script, that both ways of submission go through
 * with the same facts at the end; and what is of libesmtp alone.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/core/clock.h"
#include "common/mailnet/esmtp_watch.h"
#include "common/mailnet/submit_auth.h"
#include "common/mailnet/submit_esmtp.h"
#include "tests/unit/slow_clock.h"
#include "tests/unit/submit_world.h"

#define END(e, l, what, c)                                                  \
	.end = SUBMIT_##e, .last = SUBMIT_STEP_##l, .outcome = SMTP_##what, \
	.code = c
#define LOGIN_AT(...) TO_TLS, "T", EHLO, OFFER("AUTH PLAIN LOGIN"), __VA_ARGS__
/* 1,500 bytes. */
#define LONG_10 "0123456789"
#define LONG_100                                                        \
	LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 \
		LONG_10 LONG_10
#define LONG_500  LONG_100 LONG_100 LONG_100 LONG_100 LONG_100
#define LONG_LINE LONG_500 LONG_500 LONG_500

/* User and secret, and the secret, as they are sent. */
#define CODED        "AHUAY29ycmVjdCBob3JzZQ=="
#define CODED_SECRET "Y29ycmVjdCBob3JzZQ=="

enum dsn { NO_DSN, SAYS_DSN, LACKS_DSN };

struct row {
	const char *name;
	server_script script;
	enum submit_end end;
	enum submit_step_id last;
	enum smtp_outcome outcome;
	unsigned code;
	enum submit_security security;
	enum submit_auth auth;
	enum server_cert cert;
	enum submit_trust trust;
	const char *mechanism;
	enum dsn dsn;
	int tls_max;
	bool is_short; /* steps: something stalls */
	bool is_8bit;
	bool takes_any;
	bool checks_sni;
	bool may_bare_secret;
	/* By libesmtp: the dialogue has to come and finish it, on a connection
	 * that goes like this. */
	server_script again;
	int tls_min;
};

/* clang-format off */
static const struct row rows[] = {
	/* -- taken -- */
	{ "taken", SCRIPT(GREET, EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "taken over TLS, after a login by PLAIN",
		SCRIPT(LOGIN_AT(AUTH_LINE, ">235 2.7.0 in\r\n", REST)),
		END(ACCEPTED, MESSAGE, DONE, 250), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "PLAIN", .checks_sni = true },
	{ "LOGIN where PLAIN is not offered, others aside",
		SCRIPT(TO_TLS, "T", EHLO, OFFER("AUTH CRAM-MD5 NTLM LOGIN"),
			"<AUTH LOGIN\r\n", ">334 VXNlcm5hbWU6\r\n",
			"<dQ==\r\n", ">334 UGFzc3dvcmQ6\r\n",
			"<Y29ycmVjdCBob3JzZQ==\r\n", ">235 2.7.0 in\r\n",
			REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "LOGIN",
		.again = SCRIPT(TO_TLS, "T", EHLO,
			OFFER("AUTH CRAM-MD5 NTLM LOGIN"), "B") },
	{ "PLAIN where others come first",
		SCRIPT(TO_TLS, "T", EHLO, ">250-mx\r\n250-AUTH=LOGIN PLAIN\r\n"
			"250 auth cram-md5 NTLM LOGIN EXTERNAL plain\r\n",
			AUTH_LINE, ">235 2.7.0 in\r\n", REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "PLAIN" },
	{ "a secret without TLS, where that is asked for",
		SCRIPT(GREET, EHLO, OFFER("AUTH PLAIN"), AUTH_LINE,
			">235 2.7.0 in\r\n", REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .auth = SUBMIT_PASSWORD,
		.mechanism = "PLAIN", .may_bare_secret = true },
	{ "no TLS where none is asked for",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), REST),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "as offered: it is", SCRIPT(TO_TLS, "T", EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250),
		.security = SUBMIT_AS_OFFERED, .trust = SUBMIT_TRUSTED },
	{ "as offered: it is not", SCRIPT(GREET, EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250),
		.security = SUBMIT_AS_OFFERED },
	{ "TLS 1.2", SCRIPT(TO_TLS, "T", EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .security = SUBMIT_STARTTLS,
		.trust = SUBMIT_TRUSTED, .tls_max = TLS1_2_VERSION },
	{ "CHUNKING, PIPELINING and codes offered",
		SCRIPT(GREET, EHLO, ">250-mx\r\n250-PIPELINING\r\n"
			"250-chunking\r\n250-XUSR\r\n250-XEXCH50\r\n"
			"250 ENHANCEDSTATUSCODES\r\n",
			MAIL, ">250 ok, no code\r\n", RCPT,
			">250-2.1.5 one\r\n250 2.1.6 two\r\n", DATA, BODY,
			TAKEN, BYE),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "CHUNKING offered in pieces",
		SCRIPT(GREET, EHLO, "D250-mx\r\n250-CHUNKING\r\n250 DSN\r\n",
			REST),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "every reply of many lines",
		SCRIPT(">220-mx.example.org\r\n220 ESMTP\r\n", EHLO,
			">250-mx\r\n250-SIZE\r\n250 HELP\r\n",
			"<MAIL FROM:<a@example.net> SIZE=78\r\n",
			">250-a\r\n250 b\r\n", RCPT,
			">250-2.1.5 a\r\n250 2.1.5 b\r\n", "<DATA\r\n",
			">354-go\r\n354 on\r\n", BODY,
			">250-2.0.0 ok\r\n250 2.0.0 queued as 4ABC1234\r\n",
			"<QUIT\r\n", ">221-a\r\n221 b\r\n"),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "replies without a text",
		SCRIPT(GREET, EHLO, ">250-mx\r\n250-\r\n250\r\n", MAIL,
			">250\r\n", RCPT, ">250-\r\n250\r\n", "<DATA\r\n",
			">354\r\n", BODY, ">250\r\n", "<QUIT\r\n",
			">221\r\n"),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "replies in pieces",
		SCRIPT("D220 mx.example.org ESMTP\r\n", EHLO,
			"D250 mx.example.org\r\n", MAIL, "D250\r\n", RCPT,
			"D250 ok\r\n", "<DATA\r\n", "D354 go\r\n", BODY,
			"D250 ok\r\n", BYE),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "the reply to the message is a long line",
		SCRIPT(UP_TO_BODY, ">250 queued as 4ABC1234 " LONG_LINE "\r\n",
			BYE),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "HELO after a refusal of EHLO",
		SCRIPT(GREET, EHLO, ">502 what\r\n",
			"<HELO monitor.example.net\r\n", PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	{ "8BITMIME is said",
		SCRIPT(GREET, EHLO, OFFER("8BITMIME"),
			"<MAIL FROM:<a@example.net> BODY=8BITMIME\r\n", OK,
			RCPT, OK, DATA, HEADER_SENT, "<\r\n", "<\xc3\xa4\r\n",
			"<.\r\n", TAKEN, BYE),
		END(ACCEPTED, MESSAGE, DONE, 250), .is_8bit = true },
	{ "8BITMIME is lacking", SCRIPT(GREET, EHLO, PLAIN, BYE),
		END(NOT_SENT, MAIL, NOT_DONE, 0), .is_8bit = true },
	{ "notifications are said",
		SCRIPT(GREET, EHLO, ">250-mx\r\n250 DSN\r\n",
			"<MAIL FROM:<a@example.net> RET=HDRS "
			"ENVID=a+2Bb\r\n",
			OK,
			"<RCPT TO:<b@example.org> NOTIFY=FAILURE,DELAY "
			"ORCPT=rfc822;b@example.org\r\n",
			OK, DATA, BODY, TAKEN, BYE),
		END(ACCEPTED, MESSAGE, DONE, 250), .dsn = SAYS_DSN },
	{ "notifications are lacking", SCRIPT(GREET, EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .dsn = LACKS_DSN },
	{ "nothing but silence after QUIT",
		SCRIPT(UP_TO_BODY, TAKEN, "<QUIT\r\n", "B"),
		END(ACCEPTED, MESSAGE, DONE, 250) },
	/* -- login -- */
	{ "a login refused, and no other tried",
		SCRIPT(LOGIN_AT(AUTH_LINE, ">535 5.7.8 not " SECRET "\r\n",
			BYE)),
		END(NOT_SENT, AUTH, DONE, 535), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "PLAIN" },
	{ "a login refused for now",
		SCRIPT(LOGIN_AT(AUTH_LINE, ">454 4.7.0 later\r\n", BYE)),
		END(NOT_SENT, AUTH, DONE, 454), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "PLAIN" },
	{ "a login that is never enough",
		SCRIPT(LOGIN_AT(AUTH_LINE, ">334 dXNlcg==\r\n", "B")),
		END(NOT_SENT, AUTH, MALFORMED, 0), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "PLAIN" },
	{ "a login cut", SCRIPT(LOGIN_AT(AUTH_LINE)),
		END(NOT_SENT, AUTH, CLOSED, 0), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED,
		.mechanism = "PLAIN" },
	{ "no login offered", SCRIPT(TO_TLS, "T", EHLO, PLAIN, BYE),
		END(NOT_SENT, AUTH, NOT_DONE, 0), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED },
	{ "no login that is known offered",
		SCRIPT(TO_TLS, "T", EHLO, OFFER("AUTH CRAM-MD5 NTLM PLAINER"),
			BYE),
		END(NOT_SENT, AUTH, NOT_DONE, 0), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED },
	{ "no login offered to HELO",
		SCRIPT(TO_TLS, "T", EHLO, ">500 what\r\n",
			"<HELO monitor.example.net\r\n", PLAIN, BYE),
		END(NOT_SENT, AUTH, NOT_DONE, 0), .security = SUBMIT_STARTTLS,
		.auth = SUBMIT_PASSWORD, .trust = SUBMIT_TRUSTED },
	/* -- TLS -- */
	{ "TLS is not offered", SCRIPT(GREET, EHLO, PLAIN, BYE),
		END(NOT_SENT, STARTTLS, NOT_DONE, 0),
		.security = SUBMIT_STARTTLS },
	{ "TLS is not offered to HELO",
		SCRIPT(GREET, EHLO, ">502 what\r\n",
			"<HELO monitor.example.net\r\n", PLAIN, BYE),
		END(NOT_SENT, STARTTLS, NOT_DONE, 0),
		.security = SUBMIT_STARTTLS },
	{ "TLS is refused",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n",
			">454 4.7.0 no\r\n", BYE),
		END(NOT_SENT, STARTTLS, DONE, 454),
		.security = SUBMIT_STARTTLS },
	{ "TLS is offered, and refused, as offered",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n",
			">454 4.7.0 no\r\n", BYE),
		END(NOT_SENT, STARTTLS, DONE, 454),
		.security = SUBMIT_AS_OFFERED },
	{ "a reply ahead of TLS",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n",
			">220 go\r\n250 injected\r\n", "B"),
		END(NOT_SENT, TLS, INJECTED, 0), .security = SUBMIT_STARTTLS },
	{ "plain text in place of TLS",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n",
			">220 go\r\n", "C250 injected\r\n", "B"),
		END(NOT_SENT, TLS, INJECTED, 0), .security = SUBMIT_STARTTLS },
	{ "cut in place of TLS", SCRIPT(TO_TLS),
		END(NOT_SENT, TLS, CLOSED, 0), .security = SUBMIT_STARTTLS },
	{ "a certificate that has ended", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0), .security = SUBMIT_STARTTLS,
		.cert = CERT_EXPIRED, .trust = SUBMIT_UNTRUSTED },
	{ "a certificate of another name", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0), .security = SUBMIT_STARTTLS,
		.cert = CERT_OTHER_NAME, .trust = SUBMIT_UNTRUSTED },
	{ "a certificate of the canonical name", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0), .security = SUBMIT_STARTTLS,
		.cert = CERT_LOCALHOST, .trust = SUBMIT_UNTRUSTED },
	{ "a certificate by itself", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0), .security = SUBMIT_STARTTLS,
		.cert = CERT_SELF_SIGNED, .trust = SUBMIT_UNTRUSTED },
	{ "a certificate by an unknown CA", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0), .security = SUBMIT_STARTTLS,
		.cert = CERT_OTHER_CA, .trust = SUBMIT_UNTRUSTED },
	{ "a wrong certificate, as offered", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0),
		.security = SUBMIT_AS_OFFERED, .cert = CERT_OTHER_CA,
		.trust = SUBMIT_UNTRUSTED },
	{ "TLS 1.1", SCRIPT(TO_TLS, "T", "B"),
		END(NOT_SENT, TLS, TLS_FAILED, 0), .security = SUBMIT_STARTTLS,
		.trust = SUBMIT_UNTRUSTED, .tls_max = TLS1_1_VERSION },
	{ "any certificate is taken",
		SCRIPT(TO_TLS, "T", EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .security = SUBMIT_STARTTLS,
		.cert = CERT_OTHER_CA, .trust = SUBMIT_UNTRUSTED,
		.takes_any = true },
	/* -- refused -- */
	{ "greeted with 421", SCRIPT(">421 4.3.2 later\r\n", BYE),
		END(NOT_SENT, GREETING, DONE, 421) },
	{ "greeted with 554", SCRIPT(">554 5.7.1 no\r\n", BYE),
		END(NOT_SENT, GREETING, DONE, 554) },
	{ "EHLO is answered with 421",
		SCRIPT(GREET, EHLO, ">421 4.3.2 later\r\n", BYE),
		END(NOT_SENT, EHLO, DONE, 421) },
	{ "EHLO and HELO are refused",
		SCRIPT(GREET, EHLO, ">500 what\r\n",
			"<HELO monitor.example.net\r\n", ">550 no\r\n", BYE),
		END(NOT_SENT, EHLO, DONE, 550) },
	{ "MAIL is answered with 451",
		SCRIPT(UP_TO_MAIL, ">451 4.3.0 later\r\n", BYE),
		END(NOT_SENT, MAIL, DONE, 451) },
	{ "MAIL is refused",
		SCRIPT(UP_TO_MAIL, ">530 5.7.0 log in\r\n", BYE),
		END(NOT_SENT, MAIL, DONE, 530) },
	{ "RCPT is answered with 450",
		SCRIPT(UP_TO_RCPT, ">450 4.7.1 greylisted\r\n", BYE),
		END(NOT_SENT, RCPT, DONE, 450) },
	{ "RCPT is refused",
		SCRIPT(UP_TO_RCPT, ">550-5.1.1 no\r\n550 5.1.1 such\r\n", BYE),
		END(NOT_SENT, RCPT, DONE, 550) },
	{ "DATA is answered with 451",
		SCRIPT(UP_TO_DATA, ">451 4.3.0 later\r\n", BYE),
		END(NOT_SENT, DATA, DONE, 451) },
	{ "DATA is refused", SCRIPT(UP_TO_DATA, ">554 5.5.1 no\r\n", BYE),
		END(NOT_SENT, DATA, DONE, 554) },
	{ "DATA takes what was not sent",
		SCRIPT(UP_TO_DATA, ">250 2.0.0 ok\r\n", "B"),
		END(NOT_SENT, DATA, MALFORMED, 0) },
	{ "the message is answered with 451",
		SCRIPT(UP_TO_BODY, ">451 4.3.0 later\r\n", BYE),
		END(NOT_SENT, MESSAGE, DONE, 451) },
	{ "the message is refused",
		SCRIPT(UP_TO_BODY, ">554 5.7.1 spam\r\n", BYE),
		END(NOT_SENT, MESSAGE, DONE, 554) },
	/* -- nobody knows -- */
	{ "cut between the last dot and the reply", SCRIPT(UP_TO_BODY),
		END(UNSURE, MESSAGE, CLOSED, 0) },
	{ "cut in the reply to the message", SCRIPT(UP_TO_BODY, ">250 2.0"),
		END(UNSURE, MESSAGE, CLOSED, 0) },
	{ "silence after the last dot", SCRIPT(UP_TO_BODY, "B"),
		END(UNSURE, MESSAGE, TIMED_OUT, 0), .is_short = true },
	{ "nonsense after the last dot", SCRIPT(UP_TO_BODY, ">nonsense\r\n", "B"),
		END(UNSURE, MESSAGE, MALFORMED, 0) },
	{ "another command's code after the last dot",
		SCRIPT(UP_TO_BODY, ">354 go on\r\n", "B"),
		END(UNSURE, MESSAGE, MALFORMED, 0) },
	{ "the reply to the message drips",
		SCRIPT(UP_TO_BODY, "D250 0123456789012345678901234567890123456"
			"7890123456789012345678901234567890123456789\r\n"),
		END(UNSURE, MESSAGE, TIMED_OUT, 0), .is_short = true },
	{ "cut in the middle of the message",
		SCRIPT(UP_TO_DATA, ">354 go\r\n", HEADER_SENT),
		END(UNSURE, MESSAGE, CLOSED, 0) },
	/* -- speaks early, or wrongly -- */
	{ "two replies at once to RCPT",
		SCRIPT(UP_TO_RCPT, ">250 ok\r\n354 go\r\n", "B"),
		END(NOT_SENT, DATA, MALFORMED, 0) },
	{ "two replies at once to EHLO",
		SCRIPT(GREET, EHLO, ">250 mx\r\n250 ok\r\n", "B"),
		END(NOT_SENT, MAIL, MALFORMED, 0) },
	{ "two greetings at once",
		SCRIPT(">220 mx\r\n250 mx\r\n", "B"),
		END(NOT_SENT, EHLO, MALFORMED, 0) },
	{ "a reply behind the one to DATA",
		SCRIPT(UP_TO_DATA, ">354 go\r\n250 ok: queued as 4ABC\r\n",
			"B"),
		END(NOT_SENT, MESSAGE, MALFORMED, 0) },
	{ "a second reply over TLS",
		SCRIPT(TO_TLS, "T", EHLO, ">250 mx\r\n250 ok\r\n", "B"),
		END(NOT_SENT, MAIL, MALFORMED, 0), .security = SUBMIT_STARTTLS,
		.trust = SUBMIT_TRUSTED },
	{ "lines of different codes",
		SCRIPT(UP_TO_MAIL, ">250-ok\r\n550 no\r\n", "B"),
		END(NOT_SENT, MAIL, MALFORMED, 0) },
	{ "no SMTP at all", SCRIPT(">HTTP/1.0 400 Bad Request\r\n", "B"),
		END(NOT_SENT, GREETING, MALFORMED, 0) },
	{ "a NUL", SCRIPT(UP_TO_MAIL, "0", ">\r\n", "B"),
		END(NOT_SENT, MAIL, MALFORMED, 0) },
	{ "a reply without an end", SCRIPT(GREET, EHLO, "E"),
		END(NOT_SENT, EHLO, MALFORMED, 0) },
	/* -- stalls and cuts -- */
	{ "silence in place of a greeting", SCRIPT("B"),
		END(NOT_SENT, GREETING, TIMED_OUT, 0), .is_short = true },
	{ "silence after EHLO", SCRIPT(GREET, EHLO, "B"),
		END(NOT_SENT, EHLO, TIMED_OUT, 0), .is_short = true },
	{ "silence after STARTTLS",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n", "B"),
		END(NOT_SENT, STARTTLS, TIMED_OUT, 0), .is_short = true,
		.security = SUBMIT_STARTTLS },
	/* libesmtp's process has read what it waits for by its first bytes. */
	{ "silence in place of TLS", SCRIPT(TO_TLS, "C", "B"),
		END(NOT_SENT, TLS, TIMED_OUT, 0), .is_short = true,
		.security = SUBMIT_STARTTLS },
	{ "silence over TLS", SCRIPT(TO_TLS, "T", EHLO, "B"),
		END(NOT_SENT, EHLO_TLS, TIMED_OUT, 0), .is_short = true,
		.security = SUBMIT_STARTTLS, .trust = SUBMIT_TRUSTED },
	{ "silence after AUTH", SCRIPT(LOGIN_AT(AUTH_LINE, "B")),
		END(NOT_SENT, AUTH, TIMED_OUT, 0), .is_short = true,
		.security = SUBMIT_STARTTLS, .auth = SUBMIT_PASSWORD,
		.trust = SUBMIT_TRUSTED, .mechanism = "PLAIN" },
	{ "silence after MAIL", SCRIPT(UP_TO_MAIL, "B"),
		END(NOT_SENT, MAIL, TIMED_OUT, 0), .is_short = true },
	{ "silence after RCPT", SCRIPT(UP_TO_RCPT, "B"),
		END(NOT_SENT, RCPT, TIMED_OUT, 0), .is_short = true },
	{ "silence after DATA", SCRIPT(UP_TO_DATA, "B"),
		END(NOT_SENT, DATA, TIMED_OUT, 0), .is_short = true },
	{ "the greeting drips",
		SCRIPT("D220 0123456789012345678901234567890123456789\r\n"),
		END(NOT_SENT, GREETING, TIMED_OUT, 0), .is_short = true },
	{ "the reply to MAIL drips",
		SCRIPT(UP_TO_MAIL,
			"D250 0123456789012345678901234567890123456789"
			"01234567890123456789012345678901234567890123456789"
			"\r\n"),
		END(NOT_SENT, MAIL, TIMED_OUT, 0), .is_short = true },
	{ "cut in place of a greeting", SCRIPT(">220 m"),
		END(NOT_SENT, GREETING, CLOSED, 0) },
	{ "cut after EHLO", SCRIPT(GREET, EHLO),
		END(NOT_SENT, EHLO, CLOSED, 0) },
	{ "cut after STARTTLS",
		SCRIPT(GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n"),
		END(NOT_SENT, STARTTLS, CLOSED, 0),
		.security = SUBMIT_STARTTLS },
	{ "cut over TLS", SCRIPT(TO_TLS, "T", EHLO),
		END(NOT_SENT, EHLO_TLS, CLOSED, 0),
		.security = SUBMIT_STARTTLS, .trust = SUBMIT_TRUSTED },
	{ "cut after MAIL", SCRIPT(UP_TO_MAIL),
		END(NOT_SENT, MAIL, CLOSED, 0) },
	{ "cut after RCPT", SCRIPT(UP_TO_RCPT),
		END(NOT_SENT, RCPT, CLOSED, 0) },
	{ "cut after DATA", SCRIPT(UP_TO_DATA),
		END(NOT_SENT, DATA, CLOSED, 0) },
	{ "nobody listens", NULL, END(NOT_SENT, CONNECT, PORT_CLOSED, 0) },
	/* -- beyond libesmtp -- */
	{ "TLS 1.3 alone", SCRIPT(TO_TLS, "T", EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250), .security = SUBMIT_STARTTLS,
		.trust = SUBMIT_TRUSTED, .tls_min = TLS1_3_VERSION,
		.again = SCRIPT(TO_TLS, "F") },
	{ "a long line", SCRIPT(UP_TO_MAIL, ">250 " LONG_LINE "\r\n", RCPT, OK,
			DATA, BODY, TAKEN, BYE),
		END(ACCEPTED, MESSAGE, DONE, 250),
		.again = SCRIPT(UP_TO_MAIL, ">250 " LONG_LINE "\r\n", "B") },
	{ "a greeting with 250",
		SCRIPT(">250 mx\r\n", EHLO, PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250),
		.again = SCRIPT(">250 mx\r\n", "B") },
	{ "a refusal of EHLO with 550",
		SCRIPT(GREET, EHLO, ">550 no\r\n",
			"<HELO monitor.example.net\r\n", PLAIN, REST),
		END(ACCEPTED, MESSAGE, DONE, 250),
		.again = SCRIPT(GREET, EHLO, ">550 no\r\n", "B") },
};
/* clang-format on */

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

struct test {
	const struct row *row;
	enum submit_way way;
	char name[128];
};

static void set_dsn(struct submit_ask *ask)
{
	ask->envid = "a+b";
	ask->notify = SUBMIT_NOTIFY_FAILURE | SUBMIT_NOTIFY_DELAY;
	ask->orcpt = "b@example.org";
	ask->ret = SUBMIT_RET_HEADERS;
}

/* What stalls is bounded, and as little as can be of what does not. */
static void shorten(struct submit_options *options, enum submit_step_id last)
{
	if (last == SUBMIT_STEP_GREETING)
		options->greeting_us = SUBMIT_STALL_US;
	else if (last == SUBMIT_STEP_MESSAGE)
		options->final_us = SUBMIT_STALL_US;
	else
		options->step_us = SUBMIT_STEP_US;
}

static void set_up(struct submit_world *world, const struct row *row)
{
	static const char message[] = "Date: x\nFrom: a@example.net\n"
				      "Message-ID: <x@y>\n\n\xc3\xa4\n";
	struct submit_ask *ask = &world->ask;
	ask->security = row->security;
	ask->auth = row->auth;
	ask->takes_any_certificate = row->takes_any;
	ask->may_bare_secret = row->may_bare_secret;
	if (row->is_8bit) {
		ask->message = message;
		ask->message_len = sizeof(message) - 1;
	}
	if (row->dsn != NO_DSN)
		set_dsn(ask);
	if (row->is_short)
		shorten(&world->options, row->last);
	world->server.cert = row->cert;
	world->server.tls_min = row->tls_min;
	world->server.tls_max = row->tls_max;
	world->server.checks_sni =
		row->checks_sni && submit_world_addresses() == 1;
	world->server.sni = "localhost";
}

static void assert_facts(
	const struct submit_facts *facts, const struct row *row)
{
	const struct smtp_step *auth = &facts->steps[SUBMIT_STEP_AUTH];
	assert_int_equal(facts->trust, row->trust);
	if (row->mechanism != NULL)
		assert_string_equal(facts->mechanism, row->mechanism);
	else
		assert_null(facts->mechanism);
	assert_int_equal(facts->has_sent_dsn, row->dsn == SAYS_DSN);
	if (row->trust != SUBMIT_TRUST_UNKNOWN) {
		assert_true(facts->tls.n_certs >= 1);
		assert_true(facts->tls.version >= TLS1_1_VERSION);
		assert_non_null(facts->tls.cipher);
		assert_int_equal(facts->why_untrusted == NULL,
			row->trust == SUBMIT_TRUSTED);
	}
	assert_string_equal(facts->address, "127.0.0.1");
	assert_int_equal(facts->steps[SUBMIT_STEP_LOOKUP].outcome, SMTP_DONE);
	if (auth->text != NULL)
		assert_null(strstr(auth->text, SECRET));
	/* A step that was not begun has no time, and no text. */
	for (int i = 0; i < SUBMIT_STEPS; i++) {
		const struct smtp_step *step = &facts->steps[i];
		assert_true(step->took_us >= 0);
		assert_true(step->code == 0 || step->outcome == SMTP_DONE);
		if (i > (int)facts->last && i != SUBMIT_STEP_QUIT)
			assert_int_equal(step->outcome, SMTP_NOT_DONE);
	}
}

static void goes_by(void **state)
{
	const struct test *test = *state;
	const struct row *row = test->row;
	struct submit_world *world = submit_world_new();
	bool is_left = test->way == BY_LIBESMTP && row->again != NULL;
	world->way = test->way;
	set_up(world, row);
	if (is_left)
		world->server.second = row->script;
	submit_world_run(world, is_left ? row->again : row->script);
	assert_submitted(world, row->end, row->last, row->outcome, row->code);
	assert_facts(world->facts, row);
	assert_int_equal(world->facts->is_by_libesmtp,
		test->way == BY_LIBESMTP && !is_left);
	assert_int_equal(world->facts->left_by_libesmtp != NULL, is_left);
	submit_world_free(world);
}

/* -- nobody takes the connection ----------------------------------------- */

/* Time passes here by itself, some twenty times as fast as it does. */
enum { FILLERS = 16, FILL_MS = 4000, HOLE_US = 20 * 1000 * 1000 };

/* A queue that is full: who connects hears nothing. */
struct black_hole {
	int listener, fillers[FILLERS];
	size_t n;
	struct sockaddr_in at;
};

static bool is_taken_up(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	return poll(&ready, 1, FILL_MS) == 1;
}

static void dig(struct black_hole *hole)
{
	socklen_t len = sizeof(hole->at);
	bool is_full = false;
	*hole = (struct black_hole){ .at = { .sin_family = AF_INET,
					     .sin_addr.s_addr =
						     htonl(INADDR_LOOPBACK) } };
	hole->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
		bind(hole->listener, (struct sockaddr *)&hole->at, len), 0);
	assert_int_equal(listen(hole->listener, 0), 0);
	assert_int_equal(
		getsockname(hole->listener, (struct sockaddr *)&hole->at, &len),
		0);
	while (!is_full && hole->n < FILLERS) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
		(void)connect(fd, (struct sockaddr *)&hole->at, len);
		is_full = !is_taken_up(fd);
		hole->fillers[hole->n++] = fd;
	}
	assert_true(is_full);
}

static void fill_in(struct black_hole *hole)
{
	while (hole->n > 0)
		close(hole->fillers[--hole->n]);
	close(hole->listener);
}

static void falls_into_a_black_hole(void **state)
{
	const struct test *test = *state;
	struct submit_world *world = submit_world_new();
	struct black_hole hole;
	slow_clock_idle(true);
	dig(&hole);
	world->way = test->way;
	world->options.connect_us = HOLE_US;
	submit_world_run_at(world, ntohs(hole.at.sin_port));
	assert_submitted(
		world, SUBMIT_NOT_SENT, SUBMIT_STEP_CONNECT, SMTP_TIMED_OUT, 0);
	assert_true(world->facts->steps[SUBMIT_STEP_CONNECT].took_us <
		    SUBMIT_LONG_US);
	slow_clock_idle(false);
	fill_in(&hole);
	submit_world_free(world);
}

/* -- more than sockets hold ---------------------------------------------- */

enum { LARGE = 1000 * 1000 };

/* A little longer than is waited for; what is not read holds up the end of the
 * connection, too. */
#define STALLS "W160"

/* How much of it the system had taken decides what the dialogue knows. */
static void assert_large(struct submit_world *world, server_script script,
	enum smtp_outcome what)
{
	submit_world_run(world, script);
	assert_submitted(world,
		world->way == BY_DIALOGUE ? world->facts->end : SUBMIT_UNSURE,
		SUBMIT_STEP_MESSAGE, what, 0);
	assert_int_not_equal(world->facts->end, SUBMIT_ACCEPTED);
}

static void is_cut_in_a_large_message(void **state)
{
	const struct test *test = *state;
	struct submit_world *world = submit_world_new();
	size_t len = strlen(SUBMIT_MESSAGE);
	char *message = malloc(LARGE);
	assert_non_null(message);
	memset(message, 'x', LARGE);
	for (size_t i = 70; i < LARGE; i += 70)
		message[i] = '\n';
	memcpy(message, SUBMIT_MESSAGE "\n", len + 1);
	world->way = test->way;
	world->ask.message = message;
	world->ask.message_len = LARGE;
	assert_large(world, SCRIPT(UP_TO_DATA, ">354 go\r\n", HEADER_SENT, "X"),
		SMTP_CLOSED);
	world->options.final_us = SUBMIT_STALL_US;
	assert_large(world,
		SCRIPT(UP_TO_DATA, ">354 go\r\n", HEADER_SENT, STALLS, "X"),
		SMTP_TIMED_OUT);
	free(message);
	submit_world_free(world);
}

/* -- what is left in memory ---------------------------------------------- */

enum { REGION_MAX = 64 * 1024 * 1024, CHUNK = 64 * 1024 };

static bool holds(const char *bytes, size_t n, const char *what, size_t len)
{
	for (size_t i = 0; i + len <= n; i++)
		if (bytes[i] == what[0] && memcmp(bytes + i, what, len) == 0)
			return true;
	return false;
}

/* Read as a file: what sanitizers fence off is looked at, too. */
static bool region_holds(
	int memory, uint64_t from, uint64_t to, const char *what)
{
	static char chunk[CHUNK];
	size_t len = strlen(what);
	bool is_there = false;
	while (!is_there && from < to) {
		ssize_t n = pread(memory, chunk, sizeof(chunk), (off_t)from);
		if (n <= (ssize_t)len)
			break;
		is_there = holds(chunk, (size_t)n, what, len);
		from += (uint64_t)n - len;
	}
	memset(chunk, 0, sizeof(chunk));
	return is_there;
}

/* Whether any memory that may be written has it. */
static bool is_in_memory(const char *what)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY);
	char line[512];
	bool is_there = false;
	assert_non_null(maps);
	assert_true(memory >= 0);
	while (!is_there && fgets(line, sizeof(line), maps) != NULL) {
		char *rest = NULL;
		uint64_t from = strtoull(line, &rest, 16);
		uint64_t to = strtoull(rest + 1, &rest, 16);
		if (memcmp(rest + 1, "rw", 2) == 0 && to - from <= REGION_MAX)
			is_there = region_holds(memory, from, to, what);
	}
	close(memory);
	assert_int_equal(fclose(maps), 0);
	return is_there;
}

static void leaves_no_secret(void **state)
{
	const struct test *test = *state;
	struct submit_world *world = submit_world_new();
	char *coded;
	world->way = test->way;
	world->ask.auth = SUBMIT_PASSWORD;
	world->ask.may_bare_secret = true;
	submit_world_run(world, SCRIPT(GREET, EHLO, OFFER("AUTH PLAIN"),
					AUTH_LINE, ">235 in\r\n", REST));
	assert_int_equal(world->facts->end, SUBMIT_ACCEPTED);
	assert_false(is_in_memory(CODED));
	assert_false(is_in_memory(CODED_SECRET));
	/* It would be found. */
	coded = strdup(CODED);
	assert_true(is_in_memory(CODED));
	submit_auth_wipe(coded, strlen(coded));
	free(coded);
	submit_world_free(world);
}

/* -- what it can't do ---------------------------------------------------- */

static void leaves_what_it_cannot(void **state)
{
	static const char no_date[] = "From: a@example.net\n"
				      "Message-ID: <x@y>\n\nx\n";
	static const char stripped[] =
		"Date: x\nFrom: a@example.net\n"
		"Return-Path: <>\nMessage-ID: <x@y>\n\nx\n";
	static char secret[257];
	struct submit_world *world = submit_world_new();
	struct submit_ask ask = world->ask;
	(void)state;
	assert_null(submit_esmtp_cannot(&ask));
	assert_null(submit_esmtp_unfit(&ask));
	ask.addrs = &world->addr;
	ask.n_addrs = 1;
	assert_non_null(submit_esmtp_cannot(&ask));
	ask = world->ask;
	ask.security = SUBMIT_TLS;
	assert_non_null(submit_esmtp_cannot(&ask));
	ask = world->ask;
	ask.rcpt = "\xc3\xa4@example.org";
	assert_non_null(submit_esmtp_cannot(&ask));
	ask = world->ask;
	ask.message = no_date;
	ask.message_len = sizeof(no_date) - 1;
	assert_non_null(submit_esmtp_cannot(&ask));
	ask.message = stripped;
	ask.message_len = sizeof(stripped) - 1;
	assert_non_null(submit_esmtp_cannot(&ask));
	ask = world->ask;
	ask.auth = SUBMIT_BEARER;
	assert_non_null(submit_esmtp_cannot(&ask));
	ask.auth = SUBMIT_AUTH_LOGIN;
	assert_non_null(submit_esmtp_cannot(&ask));
	ask.auth = SUBMIT_PASSWORD;
	assert_null(submit_esmtp_cannot(&ask));
	memset(secret, 'x', sizeof(secret) - 1);
	ask.secret = secret;
	assert_non_null(submit_esmtp_cannot(&ask));
	submit_world_free(world);
}

/* -- the watch, with a library that does as it likes ---------------------- */

struct told {
	unsigned n[ESMTP_NOTES];
	enum submit_step_id failed_at;
};

static void on_note(void *arg, const struct esmtp_note *note)
{
	struct told *told = arg;
	told->n[note->kind]++;
	if (note->kind == ESMTP_FAILED)
		told->failed_at = (enum submit_step_id)note->step;
}

static enum esmtp_go hear(struct esmtp_watch *watch, const char *reply)
{
	char bytes[128];
	size_t len = strlen(reply);
	assert_true(len < sizeof(bytes));
	memcpy(bytes, reply, len);
	return esmtp_read(watch, bytes, len);
}

static enum esmtp_go utter(struct esmtp_watch *watch, const char *line)
{
	return esmtp_write(watch, line, strlen(line), ESMTP_PEER_SILENT);
}

/* Greeted, over TLS, with this offer. */
static void lead_to_offer(struct esmtp_watch *watch, const char *offer)
{
	esmtp_begin(watch, SUBMIT_STEP_CONNECT);
	esmtp_connected(watch);
	assert_int_equal(hear(watch, "220 mx\r\n"), ESMTP_GO);
	assert_int_equal(utter(watch, "EHLO x\r\n"), ESMTP_GO);
	assert_int_equal(hear(watch, "250-mx\r\n250 STARTTLS\r\n"), ESMTP_GO);
	assert_int_equal(utter(watch, "STARTTLS\r\n"), ESMTP_GO);
	assert_int_equal(hear(watch, "220 go\r\n"), ESMTP_GO);
	esmtp_secured(watch);
	assert_int_equal(utter(watch, "EHLO x\r\n"), ESMTP_GO);
	assert_int_equal(hear(watch, offer), ESMTP_GO);
}

/* Each line is one that must not go where it is due to log in; and what else
 * must not. */
static void nothing_else_goes_out(void **state)
{
	static const char *const lines[] = { "MAIL FROM:<a@example.net>\r\n",
		"AUTH CRAM-MD5\r\n", "AUTH LOGIN dQ==\r\n", "RSET\r\n",
		"XUSR\r\n", "AUTH PLAIN x\r\nMAIL FROM:<a@example.net>\r\n",
		"Y29y\r\n", "EHLO x\r\n", "STARTTLS\r\n", "DATA\r\n" };
	struct submit_world *world = submit_world_new();
	(void)state;
	world->ask.auth = SUBMIT_PASSWORD;
	world->ask.security = SUBMIT_STARTTLS;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct told told = { .failed_at = SUBMIT_STEPS };
		struct esmtp_watch watch = { .arena = world->arena,
			.ask = &world->ask,
			.tell = on_note,
			.arg = &told };
		lead_to_offer(&watch, "250-mx\r\n250 AUTH PLAIN\r\n");
		assert_int_equal(utter(&watch, lines[i]), ESMTP_OVER);
		assert_int_equal(told.n[ESMTP_DEFER], 1);
		assert_int_equal(told.n[ESMTP_MECHANISM], 0);
	}
	submit_world_free(world);
}

static void neither_by_bdat_nor_to_another(void **state)
{
	struct submit_world *world = submit_world_new();
	struct told told = { .failed_at = SUBMIT_STEPS };
	const struct esmtp_watch fresh = { .arena = world->arena,
		.ask = &world->ask,
		.tell = on_note,
		.arg = &told };
	struct esmtp_watch watch = fresh;
	(void)state;
	world->ask.security = SUBMIT_STARTTLS;
	lead_to_offer(&watch, "250 mx\r\n");
	assert_int_equal(
		utter(&watch, "MAIL FROM:<z@example.net>\r\n"), ESMTP_OVER);
	assert_int_equal(told.n[ESMTP_DEFER], 1);
	watch = fresh;
	lead_to_offer(&watch, "250 mx\r\n");
	assert_int_equal(
		utter(&watch, "MAIL FROM:<a@example.net>\r\n"), ESMTP_GO);
	assert_int_equal(hear(&watch, "250 ok\r\n"), ESMTP_GO);
	assert_int_equal(
		utter(&watch, "RCPT TO:<b@example.org>\r\n"), ESMTP_GO);
	assert_int_equal(hear(&watch, "250 ok\r\n"), ESMTP_GO);
	assert_int_equal(esmtp_message(&watch, ESMTP_PEER_SILENT), ESMTP_OVER);
	assert_int_equal(told.n[ESMTP_DEFER], 2);
	assert_int_equal(told.n[ESMTP_GIVEN], 0);
	submit_world_free(world);
}

/* What does not come to a greeting, of a name of many addresses. */
static void several_addresses_are_the_dialogues(void **state)
{
	struct submit_world *world = submit_world_new();
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct told told = { .failed_at = SUBMIT_STEPS };
		struct esmtp_watch watch = { .arena = world->arena,
			.ask = &world->ask,
			.tell = on_note,
			.arg = &told,
			.is_many = i % 2 == 0 };
		esmtp_begin(&watch, SUBMIT_STEP_CONNECT);
		if (i < 2) {
			esmtp_connected(&watch);
			assert_int_equal(hear(&watch, "554 no\r\n"),
				watch.is_many ? ESMTP_OVER : ESMTP_GO);
		} else {
			assert_int_equal(
				esmtp_fail(&watch, SMTP_PORT_CLOSED, NULL),
				ESMTP_OVER);
		}
		assert_int_equal(told.n[ESMTP_DEFER], watch.is_many ? 1 : 0);
		assert_int_equal(told.failed_at,
			i == 3 ? SUBMIT_STEP_CONNECT : SUBMIT_STEPS);
	}
	submit_world_free(world);
}

/* -- dropped in each phase ----------------------------------------------- */

static void on_any(void *arg, const struct submit_facts *facts)
{
	struct submit_world *world = arg;
	world->facts = facts;
	world->calls++;
}

struct phase {
	server_script script;
	enum submit_step_id last;
	enum submit_end end;
	enum submit_security security;
};

static const struct phase phases[] = {
	{ SCRIPT("!", "B"), SUBMIT_STEP_GREETING, SUBMIT_NOT_SENT,
		SUBMIT_PLAIN },
	{ SCRIPT(TO_TLS, "C", "!", "B"), SUBMIT_STEP_TLS, SUBMIT_NOT_SENT,
		SUBMIT_STARTTLS },
	{ SCRIPT(UP_TO_MAIL, "!", "B"), SUBMIT_STEP_MAIL, SUBMIT_NOT_SENT,
		SUBMIT_PLAIN },
	{ SCRIPT(UP_TO_BODY, "!", "B"), SUBMIT_STEP_MESSAGE, SUBMIT_UNSURE,
		SUBMIT_PLAIN },
	{ SCRIPT(UP_TO_BODY, TAKEN, "<QUIT\r\n", "!", "B"), SUBMIT_STEP_MESSAGE,
		SUBMIT_ACCEPTED, SUBMIT_PLAIN },
};

enum { N_PHASES = sizeof(phases) / sizeof(phases[0]) };

/* What the server has read was told here before; that it took up a connection
 * libesmtp's process learns without a word of the server's: that takes less than
 * the two seconds in which so much passes. */
enum { SETTLE_US = 10 * 1000, CONNECTED_US = 40 * 1000 * 1000 };

struct pause {
	struct loop *loop;
	struct loop_timer timer;
	int64_t settle_us;
	int ends[2];
};

static void on_settled(void *arg)
{
	struct pause *pause = arg;
	loop_stop(pause->loop);
}

static void on_reached(int fd, int events, void *arg)
{
	struct pause *pause = arg;
	(void)events;
	assert_true(loop_watch(pause->loop, fd, 0, NULL, NULL));
	assert_true(loop_timer_set(pause->loop, &pause->timer,
		clock_mono_us() + pause->settle_us, on_settled, pause));
}

/* The server is silent from there on. */
static struct submit_world *run_into(const struct phase *phase,
	enum submit_way way, struct esmtp **esmtp,
	struct submission **submission)
{
	struct submit_world *world = submit_world_new();
	bool is_blind = way == BY_LIBESMTP && phase == phases;
	struct pause pause = { .loop = world->loop,
		.settle_us = is_blind ? CONNECTED_US : SETTLE_US };
	const char *why = NULL;
	world->way = way;
	world->ask.security = phase->security;
	world->server.first = phase->script;
	assert_int_equal(pipe(pause.ends), 0);
	world->server.tells = pause.ends[1];
	server_start(&world->server);
	assert_true(loop_watch(
		world->loop, pause.ends[0], LOOP_READ, on_reached, &pause));
	world->ask.port = world->server.port;
	if (way == BY_LIBESMTP) {
		*esmtp = esmtp_new(world->arena, world->loop, &world->options,
			&world->ask, &why);
		esmtp_start(*esmtp, on_any, world);
	} else {
		*submission = submission_new(world->arena, world->loop,
			&world->options, &world->ask, &why);
		submission_start(*submission, on_any, world);
	}
	assert_int_equal(loop_run(world->loop), LOOP_STOPPED);
	assert_int_equal(world->calls, 0);
	close(pause.ends[0]);
	close(pause.ends[1]);
	return world;
}

static void ends_in(enum submit_way way)
{
	for (size_t i = 0; i < N_PHASES; i++) {
		struct esmtp *esmtp = NULL;
		struct submission *submission = NULL;
		struct submit_world *world =
			run_into(&phases[i], way, &esmtp, &submission);
		for (int again = 0; again < 2; again++)
			if (way == BY_LIBESMTP)
				esmtp_end(esmtp);
			else
				submission_end(submission);
		assert_int_equal(world->calls, 1);
		assert_int_equal(world->facts->end, phases[i].end);
		assert_int_equal(world->facts->last, phases[i].last);
		assert_int_equal(world->facts->steps[phases[i].last].outcome,
			phases[i].end == SUBMIT_ACCEPTED ? SMTP_DONE
							 : SMTP_TIMED_OUT);
		assert_true(server_went_well(&world->server));
		esmtp_free(esmtp);
		submission_free(submission);
		submit_world_free(world);
	}
}

static void is_dropped_in(enum submit_way way)
{
	for (size_t i = 0; i < N_PHASES; i++) {
		struct esmtp *esmtp = NULL;
		struct submission *submission = NULL;
		struct submit_world *world =
			run_into(&phases[i], way, &esmtp, &submission);
		esmtp_free(esmtp);
		submission_free(submission);
		assert_int_equal(world->calls, 0);
		/* It sees the end of the connection. */
		assert_true(server_went_well(&world->server));
		submit_world_free(world);
	}
}

static void ends_in_each_phase(void **state)
{
	const struct test *test = *state;
	ends_in(test->way);
}

static void is_dropped_in_each_phase(void **state)
{
	const struct test *test = *state;
	is_dropped_in(test->way);
}

/* -- all of it ----------------------------------------------------------- */

static const struct {
	const char *name;
	void (*fn)(void **state);
} both[] = {
	{ "ends in each phase", ends_in_each_phase },
	{ "is dropped in each phase", is_dropped_in_each_phase },
	{ "leaves no secret", leaves_no_secret },
	{ "falls into a black hole", falls_into_a_black_hole },
	{ "is cut in a large message", is_cut_in_a_large_message },
};

enum { N_BOTH = sizeof(both) / sizeof(both[0]) };

/* The first needs the library. */
static const struct CMUnitTest alone[] = {
	cmocka_unit_test(leaves_what_it_cannot),
	cmocka_unit_test(nothing_else_goes_out),
	cmocka_unit_test(neither_by_bdat_nor_to_another),
	cmocka_unit_test(several_addresses_are_the_dialogues),
};

enum { N_ALONE = sizeof(alone) / sizeof(alone[0]) };

static const char *const way_words[] = { "dialogue", "libesmtp" };

int main(void)
{
	static struct test cases[2 * (N_ROWS + N_BOTH)];
	static struct CMUnitTest tests[2 * (N_ROWS + N_BOTH) + N_ALONE];
	unsigned n = 0, ways = 2;
	int failed;
#ifndef HAVE_ESMTP
	ways = 1;
#endif
	if (!server_certs_make())
		return 1;
	for (unsigned i = 0; i < ways * (N_ROWS + N_BOTH); i++, n++) {
		struct test *test = &cases[n];
		unsigned at = i / ways;
		const char *name =
			at < N_ROWS ? rows[at].name : both[at - N_ROWS].name;
		test->way = (enum submit_way)(i % ways);
		test->row = at < N_ROWS ? &rows[at] : NULL;
		(void)snprintf(test->name, sizeof(test->name), "%s: %s",
			way_words[test->way], name);
		tests[n] = (struct CMUnitTest){ .name = test->name,
			.test_func =
				at < N_ROWS ? goes_by : both[at - N_ROWS].fn,
			.initial_state = test };
	}
	for (unsigned i = ways == 2 ? 0 : 1; i < N_ALONE; i++)
		tests[n++] = alone[i];
	failed = _cmocka_run_group_tests(
		"submission by both ways", tests, n, NULL, NULL);
	server_certs_free();
	return failed;
}
