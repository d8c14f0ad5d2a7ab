/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reply says, a mailbox as a user types it, names of certificates. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/smtp.h"

static void enhanced_codes_are_read(void **state)
{
	const char *rest = NULL;
	struct smtp_enhanced code =
		smtp_enhanced_parse(550, "5.1.1 no such user", &rest);

	(void)state;
	assert_int_equal(code.class, 5);
	assert_int_equal(code.subject, 1);
	assert_int_equal(code.detail, 1);
	assert_string_equal(rest, "no such user");
	code = smtp_enhanced_parse(451, "4.7.500", &rest);
	assert_int_equal(code.detail, 500);
	assert_string_equal(rest, "");
}

static void what_is_no_enhanced_code_is_text(void **state)
{
	static const char *const texts[] = { "", "5", "5.", "5.1", "5.1.",
		"5.1.1x", "5.1.1.1", "5.01.1", "5.1.01", "5.1000.1", "5.1.1000",
		"5..1", "4.1.1 other class", "3.1.1", " 5.1.1", "5.-1.1",
		"5.99999999999999999999.1" };
	const char *rest = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(
			smtp_enhanced_parse(550, texts[i], &rest).class, 0);
		assert_ptr_equal(rest, texts[i]);
	}
	assert_int_equal(smtp_enhanced_parse(354, "3.1.1", &rest).class, 0);
	assert_int_equal(smtp_enhanced_parse(550, NULL, &rest).class, 0);
}

static void mailboxes_are_checked(void **state)
{
	static const char *const good[] = { "user@example.org",
		"a.b+c=d@example.org", "\"two words\"@example.org",
		"\"a\\\"b@c\"@example.org", "user@[192.0.2.1]",
		"user@[IPv6:2001:db8::1]", "j\xc3\xbcrgen@example.org",
		"user@localhost" };
	static const char *const bad[] = { "", "user", "@example.org", "user@",
		"a b@example.org", "a..b@example.org", ".a@example.org",
		"a.@example.org", "user@example..org", "user@.example.org",
		"user@example.org.", "user@example.org\r\nDATA",
		"us\ner@example.org", "\"a\nb\"@example.org", "\"a@example.org",
		"\"a\\", "<user@example.org>", "user@example.org>",
		"user@[192.0.2]", "user@[", "user@ex ample.org",
		"a@b@example.org", "\xff@example.org", "\xc2\x85@example.org",
		"user@ex\xc3\xa4mple.org", "\x7f@example.org" };
	const char *domain;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_null(smtp_mailbox_check(good[i], &domain));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(smtp_mailbox_check(bad[i], &domain));
	assert_null(smtp_mailbox_check("\"a@b\"@example.net", &domain));
	assert_string_equal(domain, "example.net");
}

static void mailboxes_have_bounds(void **state)
{
	char mailbox[400];
	const char *domain;

	(void)state;
	memset(mailbox, 'a', sizeof(mailbox));
	memcpy(mailbox + 64, "@example.org", 13);
	assert_null(smtp_mailbox_check(mailbox, &domain));
	memset(mailbox, 'a', sizeof(mailbox));
	memcpy(mailbox + 65, "@example.org", 13);
	assert_non_null(smtp_mailbox_check(mailbox, &domain));
	memset(mailbox, 'a', sizeof(mailbox));
	mailbox[1] = '@';
	for (size_t i = 63; i < 255; i += 60)
		mailbox[i] = '.';
	mailbox[254] = '\0';
	assert_null(smtp_mailbox_check(mailbox, &domain));
	mailbox[254] = 'a';
	mailbox[255] = '\0';
	assert_non_null(smtp_mailbox_check(mailbox, &domain));
}

static void a_star_is_one_label(void **state)
{
	(void)state;
	assert_true(smtp_pattern_holds("mx.example.org", "mx.example.org"));
	assert_true(smtp_pattern_holds("*.example.org", "mx.example.org"));
	assert_true(smtp_pattern_holds("*.Example.org", "mx.example.ORG"));
	assert_false(smtp_pattern_holds("*.example.org", "example.org"));
	assert_false(smtp_pattern_holds("*.example.org", "a.mx.example.org"));
	assert_false(smtp_pattern_holds("m*.example.org", "mx.example.org"));
	assert_false(smtp_pattern_holds("*x.example.org", "mx.example.org"));
	assert_false(smtp_pattern_holds("*.org", "example.org"));
	assert_false(smtp_pattern_holds("*", "example"));
	assert_false(smtp_pattern_holds("mx.*.org", "mx.example.org"));
}

static void names_come_before_the_common_name(void **state)
{
	const char *names[] = { "mx1.example.org", "*.example.net" };
	struct cert cert = { .common_name = "mx9.example.org" };

	(void)state;
	assert_true(cert_holds_name(&cert, "mx9.example.org"));
	/* A dNSName that can't be a name is one all the same. */
	cert.names.is_known = true;
	assert_false(cert_holds_name(&cert, "mx9.example.org"));
	cert.names.n = COUNT(names);
	cert.names.at = names;
	assert_true(cert_holds_name(&cert, "mx1.example.org"));
	assert_true(cert_holds_name(&cert, "a.example.net"));
	assert_false(cert_holds_name(&cert, "mx9.example.org"));
	cert = (struct cert){ .subject = "" };
	assert_false(cert_holds_name(&cert, "mx9.example.org"));
}

static void addresses_are_no_names(void **state)
{
	const char *names[] = { "192.0.2.1" };
	static const struct dns_addr addrs[] = { { 4, { 192, 0, 2, 2 } },
		{ 6, { 0x20, 0x01, 0x0d, 0xb8 } } };
	struct cert cert = { .common_name = "192.0.2.1",
		.names = { .at = names, .n = 1, .is_known = true } };

	(void)state;
	assert_false(cert_holds_name(&cert, "192.0.2.1"));
	cert.names = (struct dns_names){ .n = 0 };
	assert_false(cert_holds_name(&cert, "192.0.2.1"));
	cert.addrs = addrs;
	cert.n_addrs = COUNT(addrs);
	assert_true(cert_holds_name(&cert, "192.0.2.2"));
	assert_true(cert_holds_name(&cert, "2001:db8::"));
	assert_true(cert_holds_name(&cert, "2001:0DB8:0::"));
	assert_false(cert_holds_name(&cert, "192.0.2.1"));
	assert_false(cert_holds_name(&cert, "2001:db8::1"));
}

/* A reply at a step, and what it is about. */
static const struct {
	enum smtp_step_id step;
	uint16_t code;
	const char *text; /* with the enhanced code */
	enum smtp_refusal refusal;
} replies[] = {
	{ SMTP_RCPT, 250, "2.1.5 Ok", SMTP_REFUSAL_NONE },
	{ SMTP_RCPT, 550,
		"5.1.1 <user@example.org>: Recipient address "
		"rejected: User unknown",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 552, "5.2.2 mailbox full", SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550, "no such user here", SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, NULL, SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 554, "5.7.1 <user@example.org>: Relay access denied",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550,
		"5.7.1 Relaying denied. IP name lookup failed "
		"[192.0.2.9]",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550, "relay not permitted", SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 554,
		"5.7.1 Service unavailable; Client host "
		"[192.0.2.9] blocked using zen.spamhaus.org",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "5.7.606 Access denied, banned sending IP",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "mail from 192.0.2.9 refused", SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "mail from [192.0.2.9].", SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "mail from [IPv6:2001:db8::9] refused",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "IPv6 mail from [1:2001:db8::9] refused",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "mail from [IPv6:12001:db8::9] refused",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "mail from 192.0.2.91 refused", SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "mail from 1.192.0.2.9 refused",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "5.1.8 Sender address rejected: Domain not found",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 504,
		"5.5.2 <monitor.example.net>: Helo command "
		"rejected: need fully-qualified hostname",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "monitor.example.net: go away", SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "<user@monitor.example.net> unknown",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "no reputable scribbler", SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "5.3.2 system not accepting", SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 450,
		"4.2.0 <user@example.org>: Recipient address "
		"rejected: Greylisted, see http://postgrey.example",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 451, "4.7.1 Try again later", SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 450, "4.7.1 Please wait", SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 450,
		"4.7.1 <user@example.org>: Recipient address rejected: "
		"Access denied",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 450,
		"4.7.1 <monitor.example.net>: Helo command rejected: Host not "
		"found",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 450, "4.7.1 Mail for him is not permitted",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 450,
		"4.7.1 <user@example.org>: Recipient address rejected: "
		"Please try again in 5 minutes",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 451, "4.7.1 Temporarily rejected", SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 450, "4.7.1 Recipient address rejected: deferred",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 550,
		"user@example.org... User not listed in public Name & Address "
		"Book",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550, "5.1.1 user not listed in Domino Directory",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550, "Your host is not listed in our list of hosts",
		SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 550, "example.net is not listed in the list of senders",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 450, "4.7.1 Client host [192.0.2.9] greylisted",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 454, "4.7.1 <user@example.org>: Relay access denied",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 450,
		"4.7.1 Client host rejected: cannot find your "
		"hostname",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 451, "4.3.0 temporary lookup failure",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 452, NULL, SMTP_REFUSAL_FOR_NOW },
	/* Whom the text names beside the recipient is not what it is about. */
	{ SMTP_RCPT, 550,
		"5.1.1 no mailbox here by that name; 192.0.2.9 was noted",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550,
		"Requested action not taken: mailbox unavailable, see "
		"http://help.example.net/?ip=192.0.2.9&c=rvu",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550,
		"5.2.1 Mailbox unavailable. Your IP address is blacklisted",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 554, "5.7.1 blocked using bl.example.net; open relay",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "null sender not allowed", SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "192.0.2.9 is listed at bl.example.net",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 550, "5.7.1 <user@example.org> unknown user",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 550,
		"5.4.1 Recipient address rejected: Access denied. "
		"AS(201806281) [mx.example.net]",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 554,
		"5.7.1 <user@example.org>: Recipient address rejected: "
		"Access denied",
		SMTP_REFUSAL_SENDER },
	/* The domain is not one of theirs, in the words of many. */
	{ SMTP_RCPT, 550, "5.7.54 SMTP; Unable to relay recipient",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550, "5.7.64 TenantAttribution; Relay Access Denied",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 553,
		"sorry, that domain isn't in my list of allowed rcpthosts "
		"(#5.7.1)",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550, "5.7.1 we do not relay", SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 550, "lowest numbered MX record points to local host",
		SMTP_REFUSAL_RECIPIENT },
	{ SMTP_RCPT, 450,
		"4.1.1 <user@example.org>: Recipient address rejected: "
		"undeliverable address: mail for example.org loops back to "
		"myself",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 550, "Invalid recipient: user@example.org",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_RCPT, 530, "5.7.0 Authentication required",
		SMTP_REFUSAL_UNSAID },
	/* Greylisting in the words of those who do it. */
	{ SMTP_RCPT, 451, "Greylisted, please try again in 300 seconds",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 451,
		"4.7.1 Greylisting in action, please come back in 00:05:00",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 451,
		"4.7.500 Server busy. Please try again later from [192.0.2.9]",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 451,
		"4.7.650 The mail server [192.0.2.9] has been temporarily "
		"rate limited",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 421, "4.7.0 Try again later, closing connection.",
		SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 450, "4.2.0 please retry later", SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 451, "Try again later", SMTP_REFUSAL_GREYLIST },
	{ SMTP_RCPT, 450, "4.3.2 Service currently unavailable",
		SMTP_REFUSAL_GREYLIST },
	/* What else comes with a friendly word. */
	{ SMTP_RCPT, 451, "Temporary local problem - please try later",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 452, "4.4.5 Insufficient disk space; try again later",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 452, "4.2.2 Over quota, try again later",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 452, "space shortage, please try later",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 421, "Too many connections, try again later",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 450, "4.3.2 out of order", SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 450, "4.3.1 Service currently unavailable",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_RCPT, 451, "4.7.5 certificate of the next host is bad",
		SMTP_REFUSAL_FOR_NOW },
	/* Before MAIL there is nobody else that policy could be about. */
	{ SMTP_GREETING, 421, "4.7.0 Try again later, closing connection.",
		SMTP_REFUSAL_SENDER },
	{ SMTP_EHLO, 421, "4.7.0 Try again later, closing connection. (EHLO)",
		SMTP_REFUSAL_SENDER },
	{ SMTP_GREETING, 421, "greylisted, come back", SMTP_REFUSAL_GREYLIST },
	{ SMTP_GREETING, 554, "no SMTP service here", SMTP_REFUSAL_SENDER },
	{ SMTP_GREETING, 521, "no mail here", SMTP_REFUSAL_UNSAID },
	{ SMTP_GREETING, 421, "too busy", SMTP_REFUSAL_FOR_NOW },
	{ SMTP_GREETING, 421,
		"4.3.2 <unknown[192.0.2.9]>: Client host rejected: "
		"The storage is not there",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_GREETING, 421,
		"4.7.0 Error: too many connections from 192.0.2.9",
		SMTP_REFUSAL_SENDER },
	{ SMTP_RCPT, 553, "5.3.0 DNSBL 521< 192.0.2.9 > is blocked, see rbl",
		SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 550, "5.7.1 no", SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 553, "5.1.7 bad sender", SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 550, "5.1.1 odd", SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 550, "rejected", SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 501, NULL, SMTP_REFUSAL_SENDER },
	{ SMTP_MAIL, 452, "4.3.1 <>: Sender address rejected: No space",
		SMTP_REFUSAL_FOR_NOW },
	{ SMTP_MAIL, 554, "5.3.2 system not accepting network messages",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_MAIL, 530, "5.7.1 Client was not authenticated",
		SMTP_REFUSAL_UNSAID },
	{ SMTP_MAIL, 556, "5.1.10 takes no mail", SMTP_REFUSAL_UNSAID },
	{ SMTP_EHLO, 550, "your IP has a poor reputation",
		SMTP_REFUSAL_SENDER },
	{ SMTP_EHLO, 502, "not implemented", SMTP_REFUSAL_UNSAID },
};

static void refusals_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		const char *text = replies[i].text;
		struct smtp_session session = {
			.local_text = text && strstr(text, "IPv6")
					      ? "2001:db8::9"
					      : "192.0.2.9"
		};
		struct smtp_step *step = &session.steps[replies[i].step];
		enum smtp_refusal refusal;

		step->outcome = SMTP_DONE;
		step->code = replies[i].code;
		step->enhanced =
			smtp_enhanced_parse(step->code, text, &step->text);
		refusal = smtp_refusal_of(
			&session, replies[i].step, "monitor.example.net");
		if (refusal != replies[i].refusal)
			fail_msg("%u %s: %s", replies[i].code,
				replies[i].text ? replies[i].text : "-",
				smtp_refusal_word(refusal));
	}
}

static void what_got_no_reply_is_no_refusal(void **state)
{
	struct smtp_session session = { .local_text = NULL };

	(void)state;
	session.steps[SMTP_RCPT].outcome = SMTP_TIMED_OUT;
	session.steps[SMTP_RCPT].text = "greylisted";
	assert_int_equal(
		smtp_refusal_of(&session, SMTP_RCPT, NULL), SMTP_REFUSAL_NONE);
}

static void words_end(void **state)
{
	(void)state;
	assert_string_equal(smtp_step_word(SMTP_QUIT), "quit");
	assert_null(smtp_step_word(SMTP_STEPS));
	assert_string_equal(smtp_outcome_word(SMTP_OUR_FAULT), "our_fault");
	assert_null(smtp_outcome_word(SMTP_OUR_FAULT + 1));
	assert_null(cert_key_word(CERT_KEY_ED448 + 1));
	assert_null(cert_chain_word(CERT_CHAIN_INVALID + 1));
	assert_null(smtp_refusal_word(SMTP_REFUSAL_FOR_NOW + 1));
	assert_string_equal(smtp_tls_text(0x0304), "TLS 1.3");
	assert_string_equal(smtp_tls_text(0), "no TLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enhanced_codes_are_read),
		cmocka_unit_test(what_is_no_enhanced_code_is_text),
		cmocka_unit_test(mailboxes_are_checked),
		cmocka_unit_test(mailboxes_have_bounds),
		cmocka_unit_test(a_star_is_one_label),
		cmocka_unit_test(names_come_before_the_common_name),
		cmocka_unit_test(addresses_are_no_names),
		cmocka_unit_test(refusals_are_told_apart),
		cmocka_unit_test(what_got_no_reply_is_no_refusal),
		cmocka_unit_test(words_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
