/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of submission share, by either way. */
#ifndef LIFELINE_TESTS_UNIT_SUBMIT_WORLD_H
#define LIFELINE_TESTS_UNIT_SUBMIT_WORLD_H

#include "common/mailnet/submit.h"
#include "tests/unit/smtp_server.h"

enum {
	/* By slow_clock.h. Of a step that is not to end: nothing is waited for
	 * so long that has to come. */
	SUBMIT_STALL_US = 150 * 1000,
	/* Of steps some of which end. */
	SUBMIT_STEP_US = 1000 * 1000,
	SUBMIT_LONG_US = 600 * 1000 * 1000, /* never reached */
};

enum submit_way { BY_DIALOGUE, BY_LIBESMTP };

#define SECRET   "correct horse"
#define GREET    ">220 mx.example.org ESMTP\r\n"
#define EHLO     "<EHLO monitor.example.net\r\n"
#define PLAIN    ">250 mx.example.org\r\n"
#define OFFER(s) ">250-mx.example.org\r\n250 " s "\r\n"
#define TO_TLS   GREET, EHLO, OFFER("STARTTLS"), "<STARTTLS\r\n", ">220 go\r\n"
#define MAIL     "<MAIL FROM:<a@example.net>\r\n"
#define RCPT     "<RCPT TO:<b@example.org>\r\n"
#define OK       ">250 2.1.0 ok\r\n"
#define DATA     "<DATA\r\n", ">354 go\r\n"
#define HEADER_SENT \
	"<Date: x\r\n", "<From: a@example.net\r\n", "<Message-ID: <x@y>\r\n"
#define BODY                                                               \
	HEADER_SENT, "<Subject: x\r\n", "<\r\n", "<..dot\r\n", "<end\r\n", \
		"<.\r\n"
#define TAKEN       ">250 2.0.0 Ok: queued as 4ABC1234\r\n"
#define BYE         "<QUIT\r\n", ">221 bye\r\n"
#define UP_TO_MAIL  GREET, EHLO, PLAIN, MAIL
#define UP_TO_RCPT  UP_TO_MAIL, OK, RCPT
#define UP_TO_DATA  UP_TO_RCPT, OK, "<DATA\r\n"
#define UP_TO_BODY  UP_TO_DATA, ">354 go\r\n", BODY
#define REST        MAIL, OK, RCPT, OK, DATA, BODY, TAKEN, BYE
#define AUTH_LINE   "<AUTH PLAIN AHUAY29ycmVjdCBob3JzZQ==\r\n"
#define SCRIPT(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SUBMIT_MESSAGE                                                    \
	"Date: x\nFrom: a@example.net\nMessage-ID: <x@y>\nSubject: x\n\n" \
	".dot\r\nend"

struct submit_world {
	enum submit_way way;
	struct arena *arena;
	struct loop *loop;
	struct tls_context *tls;
	struct dns_addr addr;
	struct submit_options options;
	struct submit_ask ask;
	struct server server;
	const struct submit_facts *facts;
	unsigned calls;
};

/* How many addresses this host knows of localhost: 2 where it is ::1, too. */
unsigned submit_world_addresses(void);

/* The ask is for localhost, or for 127.0.0.1 where that is not its one address;
 * its certificate has to be SERVER_NAME's. */
struct submit_world *submit_world_new(void);
void submit_world_free(struct submit_world *world);

/* What is asked for, to its end, by the way; the server has to have gone
 * well. */
void submit_world_run(struct submit_world *world, server_script script);

/* The same to a port of the caller's. */
void submit_world_run_at(struct submit_world *world, uint16_t port);

void assert_submitted(const struct submit_world *world, enum submit_end end,
	enum submit_step_id last, enum smtp_outcome outcome, unsigned code);

#endif
