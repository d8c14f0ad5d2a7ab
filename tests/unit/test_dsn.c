/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notifications: as servers write them, cut short, and none at all. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/core/text.h"
#include "common/mail/dsn.h"

enum {
	ARENA_MAX = 64 * 1024 * 1024,
};

#define CODE  "00112233445566778899aabbccddeeff"
#define TOKEN "lp1.mon.1795315677-42.1795400000123." CODE
#define ENVID "lpe1.1795315677-42.1795400000123." CODE

#define POSTFIX_HEAD(boundary)                                             \
	"Return-Path: <>\r\n"                                              \
	"Date: Sun, 22 Nov 2026 02:47:57 +0000 (UTC)\r\n"                  \
	"From: Mail Delivery System <MAILER-DAEMON@out.example.net>\r\n"   \
	"Subject: Undelivered Mail Returned to Sender\r\n"                 \
	"Auto-Submitted: auto-replied\r\n"                                 \
	"MIME-Version: 1.0\r\n"                                            \
	"Content-Type: multipart/report; report-type=delivery-status;\r\n" \
	"\tboundary=" boundary "\r\n"                                      \
	"\r\n"                                                             \
	"This is a MIME-encapsulated message.\r\n\r\n"

#define POSTFIX_STATUS                                                 \
	"--4.17/out\r\n"                                               \
	"Content-Description: Notification\r\n"                        \
	"Content-Type: text/plain; charset=utf-8\r\n\r\n"              \
	"Action: delivered\r\nI'm sorry to have to inform you\r\n\r\n" \
	"--4.17/out\r\n"                                               \
	"Content-Description: Delivery report\r\n"                     \
	"Content-Type: message/delivery-status\r\n\r\n"                \
	"Reporting-MTA: dns; out.example.net\r\n"                      \
	"Original-Envelope-Id: " ENVID "\r\n"                          \
	"X-Postfix-Queue-ID: 0C12BAD0324\r\n"                          \
	"Arrival-Date: Sun, 22 Nov 2026 02:47:57 +0000 (UTC)\r\n\r\n"  \
	"Final-Recipient: rfc822; user@example.org\r\n"                \
	"Original-Recipient: rfc822;user@example.org\r\n"              \
	"Action: failed\r\n"                                           \
	"Status: 5.1.1\r\n"                                            \
	"Remote-MTA: dns; mx2.example.org\r\n"                         \
	"Diagnostic-Code: smtp; 550 5.1.1 No such\r\n"                 \
	"    recipient | here\r\n\r\n"

#define POSTFIX_RETURNED                                     \
	"--4.17/out\r\n"                                     \
	"Content-Type: message/rfc822\r\n\r\n"               \
	"Return-Path: <probe@example.net>\r\n"               \
	"Message-Id: <" TOKEN "@example.net>\r\n"            \
	"Subject: x\r\n\r\nlp1.other.1-1.0." CODE "\r\n\r\n" \
	"--4.17/out--\r\n"

static int set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct dsn read_it(void **state, const char *message)
{
	struct dsn dsn;

	dsn_read(*state, message, &dsn);
	return dsn;
}

static void a_bounce_tells_why(void **state)
{
	static const char *const messages[] = {
		POSTFIX_HEAD("\"4.17/out\"") POSTFIX_STATUS POSTFIX_RETURNED,
		POSTFIX_HEAD("4.17/out") POSTFIX_STATUS POSTFIX_RETURNED,
		POSTFIX_HEAD("\"4.17/out\"; x=y")
			POSTFIX_STATUS POSTFIX_RETURNED,
	};

	for (size_t i = 0; i < COUNT(messages); i++) {
		struct dsn dsn = read_it(state, messages[i]);

		assert_true(dsn.is_notification);
		assert_int_equal(dsn.action, DSN_FAILED);
		assert_int_equal(dsn.status.class, 5);
		assert_int_equal(dsn.status.subject, 1);
		assert_int_equal(dsn.status.detail, 1);
		assert_string_equal(dsn.envid, ENVID);
		assert_string_equal(dsn.reporter, "out.example.net");
		assert_string_equal(dsn.remote, "mx2.example.org");
		assert_string_equal(dsn.recipient, "user@example.org");
		assert_string_equal(
			dsn.said, "550 5.1.1 No such recipient ! here");
		assert_true(dsn.has_token);
		assert_string_equal(dsn.token.instance, "mon");
		assert_int_equal(dsn.token.number, 42);
	}
}

static void wherever_it_ends_there_is_no_harm(void **state)
{
	static const char whole[] =
		POSTFIX_HEAD("\"4.17/out\"") POSTFIX_STATUS POSTFIX_RETURNED;
	bool was_failed = false;

	for (size_t len = 0; len <= strlen(whole); len++) {
		struct dsn dsn =
			read_it(state, arena_strndup(*state, whole, len));

		assert_true(dsn.action == DSN_NO_ACTION ||
			    dsn.action == DSN_FAILED);
		assert_true(dsn.action == DSN_FAILED || !was_failed);
		assert_true(dsn.is_notification || !was_failed);
		was_failed = dsn.action == DSN_FAILED;
	}
	assert_true(was_failed);
}

static void a_delay_is_no_failure(void **state)
{
	struct dsn dsn = read_it(state,
		"Content-Type: multipart/report; boundary=b\n\n"
		"--b\nContent-Type: message/delivery-status\n\n"
		"Reporting-MTA: dns;a\n\n"
		"Final-Recipient: rfc822;user@example.org\n"
		"Action: Delayed (will retry)\nStatus: 4.4.1 (no answer)\n"
		"Diagnostic-Code: X-Postfix; connect to mx: timed out\n"
		"Will-Retry-Until: Fri, 27 Nov 2026 02:47:57 +0000\n\n"
		"--b\nContent-Type: text/rfc822-headers\n\n"
		"X-Lifeline-Probe: " TOKEN "\n\n--b--\n");

	assert_true(dsn.is_notification);
	assert_int_equal(dsn.action, DSN_DELAYED);
	assert_int_equal(dsn.status.class, 4);
	assert_int_equal(dsn.status.subject, 4);
	assert_string_equal(dsn.said, "connect to mx: timed out");
	assert_null(dsn.remote);
	assert_null(dsn.envid);
	assert_true(dsn.has_token);
}

static void of_several_recipients_the_worst_counts(void **state)
{
	struct dsn dsn = read_it(state,
		"Content-Type: Multipart/Report; Boundary=\"a b\"\n\n"
		"--a b\nContent-Type: message/delivery-status\n\n"
		"Reporting-MTA: dns;a\n\n"
		"Final-Recipient: rfc822;one\nAction: relayed\n"
		"Status: 2.0.0\n\n"
		"Final-Recipient: rfc822;two\nAction: failed\n"
		"Status: 5.2.2\nDiagnostic-Code: smtp;552 full\n\n"
		"Final-Recipient: rfc822;three\nAction: delayed\n"
		"Status: 4.2.2\n\nFinal-Recipient: rfc822;four\n"
		"Action: failed\nStatus: 5.1.1\n");

	assert_int_equal(dsn.action, DSN_FAILED);
	assert_string_equal(dsn.recipient, "two");
	assert_string_equal(dsn.said, "552 full");
	assert_int_equal(dsn.status.subject, 2);
	assert_false(dsn.has_token);
}

static void deliveries_are_told_too(void **state)
{
	static const char *const words[] = { "expanded", "relayed",
		"delivered" };

	for (size_t i = 0; i < COUNT(words); i++) {
		struct dsn dsn = read_it(state,
			arena_printf(*state,
				"Content-Type: multipart/report;boundary=b\n\n"
				"--b\nContent-Type: message/delivery-status"
				"\n\nReporting-MTA: dns;a\n\n"
				"Action: %s\nStatus: 2.0.0\n",
				words[i]));

		assert_true(dsn.is_notification);
		assert_string_equal(dsn_action_word(dsn.action), words[i]);
	}
	assert_null(dsn_action_word(DSN_ACTIONS));
}

static void multiparts_may_be_in_each_other(void **state)
{
	struct dsn dsn = read_it(state,
		"Content-Type: multipart/mixed; boundary=out\n\n"
		"--out\nContent-Type: text/plain\n\nA footer was added.\n"
		"--out\nContent-Type: multipart/report; boundary=in\n\n"
		"--in\nContent-Type: message/delivery-status\n\n"
		"Action: failed\n\n"
		"--in\nContent-Type: message/rfc822\n\n"
		"Subject: " TOKEN "\n--in-and-more\n--in--\n"
		"--out\nContent-Type: message/delivery-status\n\n"
		"Action: failed\nDiagnostic-Code: smtp; none of it\n"
		"--out--\n--in\nContent-Type: message/rfc822\n\n");

	assert_true(dsn.is_notification);
	assert_int_equal(dsn.action, DSN_FAILED);
	assert_null(dsn.said);
	assert_true(dsn.has_token);
}

static void qmail_has_a_form_of_its_own(void **state)
{
	struct dsn dsn = read_it(state,
		"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\n"
		"Subject: failure notice\n\n"
		"Hi. This is the qmail-send program at mx.example.org.\n"
		"I'm afraid I wasn't able to deliver your message to the "
		"following addresses.\nThis is a permanent error; I've given "
		"up. Sorry it didn't work out.\n\n"
		"<user@example.org>:\n"
		"198.51.100.25 does not like recipient.\n"
		"Remote host said: 550 no\n\n"
		"--- Below this line is a copy of the message.\n\n"
		"Return-Path: <probe@example.net>\n"
		"X-Lifeline-Probe: " TOKEN "\n\nThis is a probe.\n");

	assert_true(dsn.is_notification);
	assert_int_equal(dsn.action, DSN_FAILED);
	assert_string_equal(dsn.recipient, "(user@example.org):");
	assert_string_equal(dsn.said, "198.51.100.25 does not like recipient.");
	assert_true(dsn.has_token);
}

/* Some return nothing, and only answer. */
static void what_it_answers_will_do(void **state)
{
	static const char *const fields[] = { "In-Reply-To:\n <" TOKEN
					      "@example.net>\n",
		"References: <a@b> <" TOKEN "@example.net>\n",
		"Subject: Undeliverable: Mail flow probe\n " TOKEN "\n" };
	char message[1024];

	for (size_t i = 0; i < COUNT(fields); i++) {
		struct dsn dsn;
		struct text text;

		text_init(&text, sizeof(message) - 1);
		text_printf(&text,
			"%sContent-Type: multipart/report; boundary=b\n\n"
			"--b\nContent-Type: message/delivery-status\n\n"
			"Action: failed\n--b\n"
			"Content-Type: message/rfc822\n\n",
			fields[i]);
		memcpy(message, text.data, text.len + 1);
		dsn = read_it(state, message);
		assert_true(dsn.has_token);
		assert_int_equal(dsn.token.number, 42);
		/* What it returns comes first. */
		text_add(&text, "Message-ID: <lp1.mon.1795315677-7."
				"1795400000123." CODE "@example.net>\n");
		memcpy(message, text.data, text.len + 1);
		text_release(&text);
		assert_int_equal(read_it(state, message).token.number, 7);
	}
}

static void other_mail_is_no_notification(void **state)
{
	static const char *const messages[] = { "", "\n", "\r\n\r\n", "Subject",
		"X-Lifeline-Probe: " TOKEN "\n\nThis is a probe.\n",
		"Subject: x\n\nAction: failed\n",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\nAction: failed\n",
		"Content-Type: multipart/report\n\n--b\n"
		"Content-Type: message/delivery-status\n\nAction: failed\n",
		"Content-Type: multipart/report; boundary=\n\n--\n"
		"Content-Type: message/delivery-status\n\nAction: failed\n",
		"Content-Type: multipart/report; xboundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\nAction: failed\n",
		"Content-Type: text/plain; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\nAction: failed\n" };

	for (size_t i = 0; i < COUNT(messages); i++) {
		struct dsn dsn = read_it(state, messages[i]);

		if (dsn.is_notification)
			fail_msg("a notification: %s", messages[i]);
		assert_false(dsn.has_token);
	}
}

static void all_is_bounded(void **state)
{
	static const char head[] =
		"Content-Type: multipart/report; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\n"
		"Diagnostic-Code: smtp; ";
	static const char tail[] =
		"--b\nContent-Type: message/rfc822\n\n" TOKEN "\n";
	char *large = arena_alloc(*state, 3 * DSN_SIZE_MAX);
	struct dsn dsn;

	memcpy(large, head, sizeof(head));
	memset(large + strlen(large), 'x', DSN_SIZE_MAX / 2);
	memcpy(large + strlen(large), "\nAction: failed\n", 16);
	dsn = read_it(state, large);
	assert_int_equal(dsn.action, DSN_FAILED);
	assert_int_equal(strlen(dsn.said), DSN_SAID_MAX);
	memset(large + strlen(large), '\n', DSN_SIZE_MAX);
	memcpy(large + strlen(large), tail, sizeof(tail));
	assert_false(read_it(state, large).has_token);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bounce_tells_why),
		TEST(wherever_it_ends_there_is_no_harm),
		TEST(a_delay_is_no_failure),
		TEST(of_several_recipients_the_worst_counts),
		TEST(deliveries_are_told_too),
		TEST(multiparts_may_be_in_each_other),
		TEST(qmail_has_a_form_of_its_own),
		TEST(what_it_answers_will_do),
		TEST(other_mail_is_no_notification),
		TEST(all_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
