/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes as messages: well formed, and with nothing of anybody else in them. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/flow_message.h"

static const struct flow_token token = { .instance = "mon.example.org",
	.series = 1795315677,
	.number = 42,
	.sent_ms = INT64_C(1795315677123) };

#define TOKEN                                              \
	"lp1.mon.example.org.1795315677-42.1795315677123." \
	"00000000000000000000000000000000"

#define ZEROS "00000000000000000000000000000000"

static bool has(const struct text *text, const char *part)
{
	return strstr(text->data, part) != NULL;
}

static void a_probe_says_what_it_is(void **state)
{
	struct text text;

	(void)state;
	text_init(&text, FLOW_MESSAGE_MAX);
	assert_true(flow_message_add(&text, &token, "probe@example.net",
		"\"a b\"@[IPv6:2001:db8::1]"));
	assert_false(text.is_cut);
	assert_true(has(&text, "From: <probe@example.net>\r\n"));
	assert_true(has(&text, "To: <\"a b\"@[IPv6:2001:db8::1]>\r\n"));
	assert_true(has(&text, "Subject: Mail flow probe\r\n " TOKEN "\r\n"));
	assert_true(has(&text, "Message-ID:\r\n <" TOKEN "@example.net>\r\n"));
	assert_true(has(&text, "\r\nX-Lifeline-Probe: " TOKEN "\r\n"));
	assert_true(has(&text, "\r\nAuto-Submitted: auto-generated\r\n"));
	assert_true(
		has(&text, "\r\nDate: Sun, 22 Nov 2026 02:47:57 +0000\r\n"));
	text_release(&text);
}

/* RFC 5321 section 4.5.3.1.6, and bare CR and LF as section 2.3.8 has it. */
static void lines_are_as_mail_has_them(void **state)
{
	struct flow_token large = { .series = (uint64_t)flow_number_max,
		.number = (uint64_t)flow_number_max,
		.sent_ms = flow_number_max };
	char address[64 + 1 + 255 + 1] = { 0 };
	struct text text;
	size_t begin = 0;

	(void)state;
	memset(large.instance, 'i', FLOW_INSTANCE_MAX);
	memset(address, 'a', 64);
	address[64] = '@';
	for (size_t i = 65; i + 2 < 65 + 180; i++)
		address[i] = i % 60 == 0 ? '.' : 'd';
	text_init(&text, FLOW_MESSAGE_MAX);
	assert_true(flow_message_add(&text, &large, address, address));
	assert_false(text.is_cut);
	for (size_t i = 0; i < text.len; i++) {
		assert_true((unsigned char)text.data[i] < 0x80);
		assert_false(text.data[i] == '\r' && text.data[i + 1] != '\n');
		if (text.data[i] != '\n')
			continue;
		assert_int_equal(text.data[i - 1], '\r');
		assert_true(i - begin <= 998);
		assert_int_not_equal(text.data[begin], '.');
		begin = i + 1;
	}
	assert_int_equal(begin, text.len);
	text_release(&text);
}

static void nothing_gets_into_the_header(void **state)
{
	static const char *const bad[] = { "", "a", "a@", "@example.org",
		"a@example.org\r\nBcc: b@example.org", "a@example.org\n",
		"a\r@example.org", "a@example.org>", "<a@example.org>",
		"\xc3\xa4@example.org", "a@\xc3\xa4.example" };
	struct text text;

	(void)state;
	text_init(&text, FLOW_MESSAGE_MAX);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (flow_message_add(&text, &token, bad[i], "a@example.org") ||
			flow_message_add(
				&text, &token, "a@example.org", bad[i]))
			fail_msg("an address: %s", bad[i]);
		assert_int_equal(text.len, 0);
	}
	text_release(&text);
}

static bool is_probe(struct flow_header header, struct flow_token *found)
{
	struct flow_token tokens[FLOW_TOKENS_MAX];
	size_t n = flow_message_tokens(&header, "probe@example.net", tokens);

	assert_true(n <= FLOW_TOKENS_MAX);
	*found = n > 0 ? tokens[n - 1] : (struct flow_token){ .number = 0 };
	return n > 0;
}

static void any_of_three_fields_will_do(void **state)
{
	struct flow_token found;

	(void)state;
	assert_true(is_probe((struct flow_header){ .own = TOKEN }, &found));
	assert_true(is_probe((struct flow_header){ .own = "gone",
				     .message_id = "<" TOKEN "@a>" },
		&found));
	assert_true(is_probe((struct flow_header){ .message_id = "<other@a>",
				     .subject = "[ext] Mail flow probe " TOKEN,
				     .from = "<Probe@example.NET>" },
		&found));
	assert_int_equal(found.number, 42);
	assert_false(is_probe((struct flow_header){ .own = NULL }, &found));
	assert_false(is_probe((struct flow_header){ .own = "",
				      .message_id = "<>",
				      .subject = "hello",
				      .from = "probe@example.net" },
		&found));
}

/* One that was tampered with does not hide the others. */
static void each_is_told(void **state)
{
	const struct flow_header header = { .own = "lp1.a.1-1.1." ZEROS,
		.message_id = "<lp1.a.1-2.1." ZEROS "@a>",
		.subject = "x lp1.a.1-3.1." ZEROS,
		.from = "probe@example.net" };
	struct flow_token tokens[FLOW_TOKENS_MAX];

	(void)state;
	assert_int_equal(
		flow_message_tokens(&header, "probe@example.net", tokens), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tokens[i].number, i + 1);
}

/* A gateway that writes "[EXTÉRIEUR]" in front encodes all of it, and what is
 * too long for one word in several. */
static void a_subject_may_be_encoded(void **state)
{
	static const char *const subjects[] = {
		"=?UTF-8?Q?[EXT=C3=89RIEUR]_Mail_flow_probe_lp1=2Ea.1-7.1."
		"00000000?=\r\n =?UTF-8?q?000000000000000000000000?=",
		"=?utf-8?B?W0VYVF0gbHAxLmEuMS03LjEuMDAwMDAwMDA=?=\r\n\t"
		"=?utf-8*de?b?MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw?= more",
		"=?utf-8?Q?lp1.a.1-7.1." ZEROS,
		"=?iso-8859-1?Q?=C4u=DFen:?= lp1.a.1-7.1." ZEROS,
		"=?x? =?x?q?a?= =?x?x?y?= lp1.a.1-7.1." ZEROS " =?",
	};
	static const char *const none[] = {
		"=?utf-8?Q?lp1.a.1-7.1.00000000?= x "
		"=?utf-8?Q?000000000000000000000000?=",
		"=?utf-8?Q?lp1.a.1-7.1.00000000000=00000000000000000000?=",
		"=?",
		"=?"
		"?=",
		"=?a?b?",
		"=?a?q?"
		"?=",
		"=?a?b?"
		"?"
		"?"
		"?"
		"?=",
	};
	struct flow_token found;

	(void)state;
	for (size_t i = 0; i < COUNT(subjects); i++)
		if (!is_probe((struct flow_header){ .subject = subjects[i],
				      .from = "probe@example.net" },
			    &found) ||
			found.number != 7)
			fail_msg("subject %zu", i);
	for (size_t i = 0; i < COUNT(none); i++)
		if (is_probe((struct flow_header){ .subject = none[i],
				     .from = "probe@example.net" },
			    &found))
			fail_msg("no subject %zu", i);
}

/* Bounces, notes of absence and people write the Subject of what they answer
 * into their own: that is no arrival. */
static void answers_are_no_probes(void **state)
{
	static const struct flow_header answers[] = {
		{ .from = "<MAILER-DAEMON@example.net>" },
		{ .from = NULL },
		{ .from = "" },
		{ .from = "probe@example.network" },
		{ .from = "xprobe@example.net" },
		{ .from = "\"probe@example.net\" <b@example.org>" },
		{ .from = "b@example.org (probe@example.net)" },
		{ .from = "probe@example.net, b@example.org" },
		{ .from = "probe@example.net",
			.auto_submitted = "Auto-Replied; x" },
		{ .from = "probe@example.net",
			.content_type = "Multipart/Report; report-type=x" },
		/* Of the same address, where probes go to themselves. */
		{ .from = "probe@example.net", .in_reply_to = "<1@a>" },
		{ .from = "probe@example.net", .references = "<1@a>" },
	};
	struct flow_token found;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct flow_header answer = answers[i];

		answer.subject = "Undeliverable: Mail flow probe " TOKEN;
		if (is_probe(answer, &found))
			fail_msg("answer %zu", i);
		/* These are nobody's to copy. */
		answer.own = TOKEN;
		assert_true(is_probe(answer, &found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_says_what_it_is),
		cmocka_unit_test(lines_are_as_mail_has_them),
		cmocka_unit_test(nothing_gets_into_the_header),
		cmocka_unit_test(any_of_three_fields_will_do),
		cmocka_unit_test(each_is_told),
		cmocka_unit_test(a_subject_may_be_encoded),
		cmocka_unit_test(answers_are_no_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
