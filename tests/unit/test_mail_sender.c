/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sender's view: who takes the mail, and what becomes of it when one
 * exchanger is gone; and what the rules of acceptance make of that.
 */
#include "config.h"

#include "tests/unit/testing.h"

#include "tests/unit/mail_world.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
};

#define REFUSED "550 5.1.1 <user@example.org>: User unknown"

static struct world world;

static int set_up(void **state)
{
	*state = &world;
	world_pair(&world, arena_new(ARENA_MAX));
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	return 0;
}

static enum mx_fate fate(const struct world *w, const char *lost)
{
	struct mx_loss loss = { .exchanger = NULL };

	for (size_t i = 0; i < w->mx.n_exchangers; i++)
		if (lost && strcmp(w->exchangers[i].name, lost) == 0)
			loss.exchanger = &w->exchangers[i];
	assert_true(!lost || loss.exchanger);
	return mx_view_of(&w->mx, &loss).fate;
}

static void a_healthy_pair_is_well(void **state)
{
	struct world *w = *state;

	world_assert(w, "");
	assert_int_equal(judge_state(&w->judge), STATE_OK);
	assert_int_equal(w->judge.n_not_judged, 0);
	assert_int_equal(fate(w, NULL), MX_FATE_DELIVERED);
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_DELIVERED);
}

static void a_backup_that_rejects_makes_mail_bounce(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_RCPT, REFUSED);
	world_assert(w, "loss-bounces CRITICAL\nrecipient-refused CRITICAL\n");
	assert_string_equal(w->judge.findings[0].text,
		"if mx1 fails, mx2 (198.51.100.25) rejects user@example.org "
		"with 550 5.1.1: mail would bounce, not wait");
	assert_true(world_found(
		w, "recipient-refused", STATE_CRITICAL, "mx2.example.org"));
	assert_int_equal(fate(w, NULL), MX_FATE_DELIVERED);
	assert_int_equal(fate(w, "mx2.example.org"), MX_FATE_DELIVERED);
}

static void without_a_code_another_taker_makes_it_critical(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_RCPT, "550 who?");
	world_assert(w, "loss-bounces CRITICAL\nrecipient-refused CRITICAL\n");
	world_reply(w, 0, SMTP_RCPT, "550 who?");
	world_judge(w);
	assert_true(world_found(
		w, "recipient-refused", STATE_WARNING, "mx1.example.org"));
	assert_true(world_found(
		w, "too-few-good-exchangers", STATE_CRITICAL, NULL));
}

static void a_backup_that_defers_lets_mail_wait(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_RCPT, "451 4.3.0 lookup failed");
	world_assert(w, "recipient-deferred OK\n");
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_WAITS);
	world_reply(w, 0, SMTP_RCPT, "451 4.3.0 lookup failed");
	world_assert(w, "too-few-good-exchangers CRITICAL\n"
			"recipient-deferred CRITICAL\n"
			"recipient-deferred CRITICAL\n");
}

static void deferring_beside_one_that_is_down_is_a_warning(void **state)
{
	struct world *w = *state;

	world_reply(w, 0, SMTP_RCPT, "450 4.7.1 greylisted, come again");
	world_reply(w, 1, SMTP_RCPT, "451 4.3.0 lookup failed");
	world_judge(w);
	assert_true(world_found(
		w, "recipient-deferred", STATE_WARNING, "mx2.example.org"));
	assert_true(world_found(
		w, "recipient-deferred", STATE_OK, "mx1.example.org"));
	assert_int_equal(world_count(w, "too-few-good-exchangers"), 0);
}

static void greylisting_is_taking_it_later(void **state)
{
	struct world *w = *state;

	world_reply(w, 0, SMTP_RCPT, "450 4.2.0 Greylisted for 300 s");
	world_reply(w, 1, SMTP_RCPT, "451 4.7.1 Try again later");
	world_assert(w, "recipient-deferred OK\nrecipient-deferred OK\n");
	assert_int_equal(mx_count(&w->mx).good, 2);
	assert_int_equal(fate(w, NULL), MX_FATE_DELIVERED);
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_DELIVERED);
	/* At whatever step. */
	world_reply(w, 0, SMTP_MAIL, "450 4.2.0 Greylisted");
	world_assert(w, "recipient-deferred OK\nmail-refused OK\n");
	world_pair(w, w->arena);
	world_reply(w, 0, SMTP_GREETING, "421 Greylisted, come back");
	world_assert(w, "greeting-refuses WARNING\n");
	assert_int_equal(mx_count(&w->mx).good, 2);
	world_pair(w, w->arena);
	world_reply(w, 0, SMTP_RCPT, "450 4.2.0 Greylisted for 300 s");
	/* Whoever is put off tries the next, and bounces there. */
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	assert_int_equal(fate(w, NULL), MX_FATE_BOUNCES);
}

static void the_address_that_rejects_is_named(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	world_add(w, "mx2.example.org", 20, "198.51.100.25", "198.51.100.26",
		"2001:db8:2::25", NULL);
	world_fail(w, 1, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_reply(w, 3, SMTP_RCPT, REFUSED);
	world_judge(w);
	assert_non_null(strstr(world_text(w, "loss-bounces"),
		"if mx1 fails, mx2 (2001:db8:2::25) rejects"));
}

static void equal_preference_is_any_order(void **state)
{
	struct world *w = *state;

	w->exchangers[1].preference = 10;
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	assert_int_equal(fate(w, NULL), MX_FATE_BOUNCES);
	world_assert(w, "recipient-refused CRITICAL\n");
	assert_int_equal(fate(w, "mx2.example.org"), MX_FATE_DELIVERED);
}

static void what_fails_before_mail_is_passed_by(void **state)
{
	struct world *w = *state;
	static const enum smtp_outcome outcomes[] = { SMTP_TIMED_OUT,
		SMTP_PORT_CLOSED, SMTP_UNREACHABLE };

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		world_fail(w, 0, SMTP_CONNECT, outcomes[i]);
		world_assert(w, "mx-unreachable WARNING\n");
		assert_int_equal(fate(w, NULL), MX_FATE_DELIVERED);
		assert_int_equal(fate(w, "mx2.example.org"), MX_FATE_WAITS);
	}
	world_pair(w, w->arena);
	world_reply(w, 0, SMTP_GREETING, "521 no mail here");
	assert_int_equal(fate(w, NULL), MX_FATE_DELIVERED);
	assert_int_equal(
		mx_taking_of(&w->mx, &w->addresses[0]).take, MX_DEFERS);
}

static void one_exchanger_that_fails_lets_mail_wait(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(
		w, "mx1.example.org", 10, "192.0.2.25", "198.51.100.25", NULL);
	world_assert(w, "");
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_WAITS);
}

static void names_of_one_address_fail_together(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	world_add(w, "mx2.example.org", 20, "192.0.2.25", NULL);
	assert_int_equal(fate(w, NULL), MX_FATE_DELIVERED);
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_WAITS);
	assert_int_equal(fate(w, "mx2.example.org"), MX_FATE_WAITS);
}

static void a_third_that_rejects_is_told(void **state)
{
	struct world *w = *state;

	world_add(w, "mx3.example.net", 30, "203.0.113.25", NULL);
	world_reply(w, 2, SMTP_RCPT, REFUSED);
	world_assert(w, "recipient-refused CRITICAL\n");
	/* It is met as soon as the first does not answer. */
	world_fail(w, 0, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_assert(w, "loss-bounces CRITICAL\nrecipient-refused CRITICAL\n"
			"mx-unreachable WARNING\n");
	assert_non_null(strstr(world_text(w, "loss-bounces"),
		"if mx2 fails, mx3.example.net (203.0.113.25) rejects"));
}

/* As the report makes it, where there are dozens of findings. */
static size_t line_1(const struct world *w, const char *text)
{
	return strlen("MX CRITICAL - : ") + strlen(w->mx.domain) +
	       strlen(text) + strlen(" (+99 more)");
}

static void has_all(const char *text, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strstr(text, parts[i]))
			fail_msg("no '%s' in '%s'", parts[i], text);
}

/* A recipient of any length does not push out of line 1 who is to blame, what
 * is said there and what comes of it. */
static void line_1_keeps_what_counts(void **state)
{
	struct world *w = *state;
	char rcpt[64 + 13] = { 0 };
	const char *const bounce[] = { "if mx1 fails, mx2 (198.51.100.25) "
				       "rejects ",
		" with 550 5.1.1: mail would bounce, not wait" };
	const char *const refused[] = { "rejects ", " with 550 5.1.1" };

	world_reply(w, 1, SMTP_RCPT, REFUSED);
	for (size_t len = 1; len <= 64; len++) {
		memset(rcpt, 'u', len);
		memcpy(rcpt + len, "@example.org", 13);
		w->mx.expect.rcpt = rcpt;
		world_assert(w, "loss-bounces CRITICAL\n"
				"recipient-refused CRITICAL\n");
		has_all(world_text(w, "loss-bounces"), bounce, COUNT(bounce));
		assert_true(line_1(w, world_text(w, "loss-bounces")) <= 160);
		has_all(world_text(w, "recipient-refused"), refused,
			COUNT(refused));
	}
}

static void line_1_is_short_for_providers_too(void **state)
{
	struct world *w = *state;
	const char *const bounce[] = { "if aspmx.l.mailer.example fails, "
				       "alt1.aspmx.l.mailer.example "
				       "(198.51.100.225) rejects mail",
		" with 550 5.1.1: it would bounce" };

	world_init(w, w->arena);
	world_add(w, "aspmx.l.mailer.example", 10, "192.0.2.25", NULL);
	world_add(w, "alt1.aspmx.l.mailer.example", 20, "198.51.100.225", NULL);
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	world_judge(w);
	has_all(world_text(w, "loss-bounces"), bounce, COUNT(bounce));
	assert_true(line_1(w, world_text(w, "loss-bounces")) <= 160);
}

static void the_middle_one_of_three_rejects(void **state)
{
	struct world *w = *state;

	world_add(w, "mx3.example.org", 30, "203.0.113.25", NULL);
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	world_assert(w, "loss-bounces CRITICAL\nrecipient-refused CRITICAL\n");
	assert_string_equal(world_text(w, "loss-bounces"),
		"if mx1 fails, mx2 (198.51.100.25) rejects user@example.org "
		"with 550 5.1.1: mail would bounce, not wait");
	/* Beside another one of the same preference, one may fail. */
	w->exchangers[0].preference = w->exchangers[1].preference = 10;
	w->exchangers[1].name = "mx3.example.org";
	w->exchangers[2].name = "mx2.example.org";
	world_reply(w, 1, SMTP_RCPT, "250 2.1.5 ok");
	world_reply(w, 2, SMTP_RCPT, REFUSED);
	world_assert(w, "recipient-refused CRITICAL\n");
}

static void lost_networks_and_hosts(void **state)
{
	struct world *w = *state;
	struct dns_prefix prefix;
	const char *hosts[] = { "mx1.example.org" };

	assert_true(dns_prefix_parse("192.0.2.0/24", &prefix));
	w->mx.expect.lost = &prefix;
	w->mx.expect.n_lost = 1;
	world_assert(w, "");
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	world_judge(w);
	assert_true(world_found(w, "lost-not-survived", STATE_CRITICAL, NULL));
	world_fail(w, 1, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_judge(w);
	assert_true(world_found(w, "lost-not-survived", STATE_WARNING, NULL));
	w->mx.expect.n_lost = 0;
	world_judge(w);
	assert_int_equal(world_count(w, "lost-not-survived"), 0);
	w->mx.expect.lost_hosts = (struct dns_names){ true, 1, hosts };
	world_judge(w);
	assert_true(world_found(w, "lost-not-survived", STATE_WARNING, NULL));
}

static void refusing_us_tells_nothing_of_others(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_RCPT,
		"554 5.7.1 Client host [203.0.113.9] blocked using dnsbl");
	world_judge(w);
	assert_int_equal(judge_state(&w->judge), STATE_WARNING);
	assert_int_equal(w->judge.n_findings, 1);
	assert_true(world_found(
		w, "refuses-monitor", STATE_WARNING, "mx2.example.org"));
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_UNKNOWN);
	world_reply(w, 0, SMTP_GREETING, "554 no SMTP service here");
	assert_int_equal(world_judge(w), STATE_UNKNOWN);
	assert_true(world_found(
		w, "refuses-monitor", STATE_UNKNOWN, "mx1.example.org"));
	assert_true(world_not_judged(w, "too-few-good-exchangers"));
}

static void relay_access_denied_is_of_the_recipient(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_RCPT,
		"554 5.7.1 <user@example.org>: Relay access denied");
	world_assert(w, "loss-bounces CRITICAL\nrecipient-refused CRITICAL\n");
}

static void a_shut_port_is_decided_by_the_control(void **state)
{
	struct world *w = *state;

	world_fail(w, 0, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_fail(w, 1, SMTP_CONNECT, SMTP_TIMED_OUT);
	assert_int_equal(world_judge(w), STATE_CRITICAL);
	assert_string_equal(w->judge.findings[0].text,
		"no exchanger takes mail, or port 25 is closed from here: "
		"mx1 (192.0.2.25) timed out, mx2 (198.51.100.25) timed out");
	w->mx.control.host = "control.example.net";
	w->mx.control.connect = w->mx.control.greeting = SMTP_DONE;
	assert_int_equal(world_judge(w), STATE_CRITICAL);
	assert_string_equal(w->judge.findings[0].text,
		"no exchanger takes mail: mx1 (192.0.2.25) timed out, "
		"mx2 (198.51.100.25) timed out");
	w->mx.control.connect = SMTP_TIMED_OUT;
	w->mx.control.greeting = SMTP_NOT_DONE;
	assert_int_equal(world_judge(w), STATE_UNKNOWN);
	assert_true(world_found(w, "port-25-closed", STATE_UNKNOWN, NULL));
	assert_int_equal(world_count(w, "mx-unreachable"), 0);
	world_pair(w, w->arena);
	w->mx.control.host = "control.example.net";
	w->mx.control.connect = SMTP_TIMED_OUT;
	world_assert(w, "");
}

/* Something on the way takes all connections and passes nothing on. */
/* Where it is gone with the others, that is no news of the way out. */
static void an_exchanger_is_no_control(void **state)
{
	struct world *w = *state;

	world_fail(w, 0, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_fail(w, 1, SMTP_CONNECT, SMTP_TIMED_OUT);
	w->mx.control.host = "mx2.example.org";
	w->mx.control.connect = SMTP_TIMED_OUT;
	w->mx.control.addr_text = "203.0.113.99";
	assert_int_equal(mx_port_of(&w->mx), MX_PORT_SHUT);
	w->mx.control.addr_text = "198.51.100.25";
	assert_int_equal(mx_port_of(&w->mx), MX_PORT_MAYBE_SHUT);
}

static void a_silent_control_says_it_is_the_way_out(void **state)
{
	struct world *w = *state;

	world_fail(w, 0, SMTP_GREETING, SMTP_TIMED_OUT);
	world_fail(w, 1, SMTP_GREETING, SMTP_TIMED_OUT);
	world_judge(w);
	assert_int_equal(world_count(w, "mx-tarpit"), 2);
	assert_string_equal(w->judge.findings[0].text,
		"no exchanger takes mail: mx1 (192.0.2.25) timed out at the "
		"greeting, mx2 (198.51.100.25) timed out at the greeting");
	w->mx.control.host = "control.example.net";
	w->mx.control.connect = w->mx.control.greeting = SMTP_DONE;
	world_judge(w);
	assert_int_equal(world_count(w, "mx-tarpit"), 2);
	w->mx.control.greeting = SMTP_TIMED_OUT;
	assert_int_equal(world_judge(w), STATE_UNKNOWN);
	assert_true(world_found(w, "port-25-closed", STATE_UNKNOWN, NULL));
	assert_int_equal(world_count(w, "mx-tarpit"), 0);
	/* It was not tried. */
	w->mx.control.connect = w->mx.control.greeting = SMTP_NOT_DONE;
	world_judge(w);
	assert_int_equal(world_count(w, "mx-tarpit"), 2);
}

/* What has IPv4 alone gets nothing in, whatever IPv6 is worth. */
static void a_family_not_seen_is_no_excuse_for_the_other(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(
		w, "mx1.example.org", 10, "192.0.2.25", "2001:db8:1::25", NULL);
	world_add(w, "mx2.example.org", 20, "198.51.100.25", "2001:db8:2::25",
		NULL);
	w->mx.v6 = DNS_SIGHT_NO_ROUTE;
	for (size_t i = 0; i < 4; i++)
		world_fail(w, i, SMTP_CONNECT,
			i % 2 ? SMTP_UNREACHABLE : SMTP_TIMED_OUT);
	assert_int_equal(world_judge(w), STATE_CRITICAL);
	assert_string_equal(w->judge.findings[0].text,
		"no exchanger takes mail, or port 25 is closed from here: "
		"mx1 (192.0.2.25) timed out, mx2 (198.51.100.25) timed out");
	assert_int_equal(world_count(w, "mx-unreachable"), 2);
	assert_true(world_not_judged(w, "mx-unreachable"));
	/* Refusing us on what is seen is refusing us on all of it. */
	for (size_t i = 0; i < 4; i += 2) {
		world_fail(w, i, SMTP_CONNECT, SMTP_DONE);
		world_reply(w, i, SMTP_GREETING, "554 not you");
	}
	assert_int_equal(world_judge(w), STATE_UNKNOWN);
}

static void a_family_without_a_route_is_not_judged(void **state)
{
	struct world *w = *state;

	world_add(w, "mx3.example.org", 30, "2001:db8:1::25", NULL);
	world_fail(w, 2, SMTP_CONNECT, SMTP_UNREACHABLE);
	w->mx.v6 = DNS_SIGHT_NO_ROUTE;
	world_assert(w, "");
	assert_int_equal(judge_state(&w->judge), STATE_OK);
	assert_true(world_not_judged(w, "mx-unreachable"));
	w->mx.v6 = DNS_SIGHT_SILENT;
	world_fail(w, 2, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_assert(w, "");
	w->mx.v4 = DNS_SIGHT_NO_ROUTE;
	assert_int_equal(world_judge(w), STATE_UNKNOWN);
	assert_true(world_not_judged(w, "too-few-good-exchangers"));
}

static void a_loss_where_mail_bounces_already(void **state)
{
	struct world *w = *state;

	world_reply(w, 0, SMTP_RCPT, REFUSED);
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	world_assert(w, "recipient-refused CRITICAL\n"
			"recipient-refused CRITICAL\n"
			"too-few-good-exchangers CRITICAL\n");
	/* Who is put off comes to the next at once. */
	world_reply(w, 0, SMTP_RCPT, "450 4.7.1 Greylisted");
	world_reply(w, 1, SMTP_RCPT, "550 who?");
	world_assert(w, "recipient-refused CRITICAL\nrecipient-deferred OK\n");
}

static void a_loss_that_can_not_be_told(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_MAIL, "550 5.7.1 you are on a block list");
	world_assert(w, "refuses-monitor WARNING\n");
	assert_true(world_not_judged(w, "loss-bounces"));
	/* The first may well take what the second rejects. */
	world_pair(w, w->arena);
	world_reply(w, 0, SMTP_MAIL, "550 5.7.1 you are on a block list");
	world_reply(w, 1, SMTP_RCPT, REFUSED);
	assert_int_equal(fate(w, NULL), MX_FATE_UNKNOWN);
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_BOUNCES);
	assert_int_equal(world_judge(w), STATE_CRITICAL);
	assert_int_equal(world_count(w, "loss-bounces"), 1);
}

static void the_last_backup_is_said_first(void **state)
{
	struct world *w = *state;
	static const char *const order[] = { "a.example.net", "mx2.example.org",
		"mx1.example.org" };

	world_add(w, "a.example.net", 30, "203.0.113.25", NULL);
	for (size_t i = 0; i < COUNT(order); i++)
		world_reply(w, i, SMTP_RCPT, REFUSED);
	world_judge(w);
	for (size_t i = 0; i < COUNT(order); i++)
		assert_string_equal(
			w->judge.findings[i].culprit.name, order[i]);
}

/* 4xx, but for ever: it is no backup. */
static void a_backup_that_never_relays(void **state)
{
	struct world *w = *state;

	world_reply(w, 1, SMTP_RCPT,
		"454 4.7.1 <user@example.org>: Relay access denied");
	world_assert(w, "recipient-deferred WARNING\n");
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_WAITS);
}

static void a_loss_of_nothing_or_of_a_shared_address(void **state)
{
	struct world *w = *state;
	struct dns_prefix prefix;
	const char *hosts[] = { "mx1.example.org" };
	const char *misspelt[] = { "mx1.example.org", "mx2.example.com" };

	assert_true(dns_prefix_parse("203.0.113.0/24", &prefix));
	w->mx.expect.lost = &prefix;
	w->mx.expect.n_lost = 1;
	world_assert(w, "");
	assert_true(world_not_judged(w, "lost-not-survived"));
	assert_true(dns_prefix_parse("192.0.2.0/24", &prefix));
	world_assert(w, "");
	assert_false(world_not_judged(w, "lost-not-survived"));
	w->mx.expect.rcpt = NULL;
	world_assert(w, "");
	assert_true(world_not_judged(w, "lost-not-survived"));
	/* A misspelt name beside one that is there. */
	world_pair(w, w->arena);
	w->mx.expect.lost_hosts = (struct dns_names){ true, 2, misspelt };
	world_assert(w, "");
	assert_int_equal(w->judge.n_not_judged, 1);
	assert_string_equal(w->judge.not_judged[0].subject, misspelt[1]);
	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	world_add(w, "mx2.example.org", 20, "192.0.2.25", NULL);
	w->mx.expect.lost_hosts = (struct dns_names){ true, 1, hosts };
	world_judge(w);
	assert_true(world_found(w, "lost-not-survived", STATE_WARNING, NULL));
}

static void what_is_put_off_is_not_judged(void **state)
{
	struct world *w = *state;
	static const char *const replies[] = { "451 4.7.1 Greylisted",
		"550 5.7.1 you are on a block list" };

	w->mx.expect.rcpt_invalid = "nobody@example.org";
	world_reply(w, 0, SMTP_RCPT_INVALID, "550 5.1.1 unknown");
	for (size_t i = 0; i < COUNT(replies); i++) {
		world_reply(w, 1, SMTP_RCPT_INVALID, replies[i]);
		world_assert(w, "");
		assert_true(world_not_judged(w, "accepts-invalid"));
	}
	world_fail(w, 1, SMTP_RCPT_INVALID, SMTP_CLOSED);
	world_assert(w, "");
	assert_true(world_not_judged(w, "accepts-invalid"));
	w->mx.expect.rcpt_invalid = NULL;
	w->mx.expect.rcpt_relay = "x@example.com";
	world_reply(w, 0, SMTP_RCPT_RELAY, "554 5.7.1 Relay access denied");
	world_reply(w, 1, SMTP_RCPT_RELAY, "454 4.7.1 Relay access denied");
	world_assert(w, "");
	assert_false(world_not_judged(w, "open-relay"));
	world_reply(w, 1, SMTP_RCPT_RELAY, replies[0]);
	world_assert(w, "");
	assert_true(world_not_judged(w, "open-relay"));
}

/* One that refuses this host may take it from others. */
static void what_refuses_us_does_not_defer(void **state)
{
	struct world *w = *state;

	world_reply(w, 0, SMTP_GREETING, "554 not you");
	world_reply(w, 1, SMTP_RCPT, "451 4.3.0 lookup failed");
	world_assert(w, "recipient-deferred WARNING\nrefuses-monitor "
			"WARNING\n");
	assert_true(world_not_judged(w, "too-few-good-exchangers"));
}

/* Nobody comes to a private address, so that it was not tried. */
static void an_address_of_no_use_takes_nothing(void **state)
{
	struct world *w = *state;

	world_init(w, w->arena);
	world_add(w, "mx1.example.org", 10, "192.0.2.25", NULL);
	world_add(w, "mx2.example.org", 20, "10.0.0.25", NULL);
	memset(&w->addresses[1].session, 0, sizeof(w->addresses[1].session));
	world_assert(w, "mx-unusable-address WARNING\n");
	assert_int_equal(fate(w, "mx1.example.org"), MX_FATE_WAITS);
	world_fail(w, 0, SMTP_CONNECT, SMTP_TIMED_OUT);
	world_assert(w, "too-few-good-exchangers CRITICAL\n"
			"mx-unusable-address WARNING\n"
			"mx-unreachable WARNING\n");
}

static void min_good_counts_exchangers(void **state)
{
	struct world *w = *state;

	w->mx.expect.min_good = 2;
	world_assert(w, "");
	world_fail(w, 1, SMTP_CONNECT, SMTP_PORT_CLOSED);
	world_assert(w, "too-few-good-exchangers CRITICAL\n"
			"mx-unreachable WARNING\n");
	assert_string_equal(world_text(w, "too-few-good-exchangers"),
		"1 of 2 exchangers take mail, wanted 2: mx2 (198.51.100.25) "
		"refused the connection");
}

static void where_nobody_takes_mail_each_is_told(void **state)
{
	struct world *w = *state;

	world_reply(w, 0, SMTP_RCPT, "451 4.3.0 lookup failure");
	world_reply(w, 1, SMTP_GREETING, "421 4.3.2 too busy");
	world_judge(w);
	assert_string_equal(world_text(w, "too-few-good-exchangers"),
		"no exchanger takes mail: mx1 (192.0.2.25) answers RCPT with "
		"451 4.3.0, mx2 (198.51.100.25) answers a connection with "
		"421 4.3.2");
}

static void without_a_recipient_acceptance_is_not_judged(void **state)
{
	struct world *w = *state;

	w->mx.expect.rcpt = NULL;
	for (size_t i = 0; i < 2; i++)
		w->addresses[i].session.steps[SMTP_RCPT] =
			(struct smtp_step){ 0 };
	assert_int_equal(world_judge(w), STATE_OK);
	assert_true(world_not_judged(w, "recipient-refused"));
	assert_true(world_not_judged(w, "loss-bounces"));
	world_reply(w, 1, SMTP_MAIL, "554 5.3.2 out of order");
	world_judge(w);
	assert_true(world_found(
		w, "mail-refused", STATE_WARNING, "mx2.example.org"));
	/* What is said to the sender is of no other. */
	world_reply(w, 1, SMTP_MAIL, "550 5.0.0 no");
	world_assert(w, "refuses-monitor WARNING\n");
}

static void relays_and_backscatter(void **state)
{
	struct world *w = *state;

	w->mx.expect.rcpt_relay = "x@example.com";
	w->mx.expect.rcpt_invalid = "nobody@example.org";
	for (size_t i = 0; i < 2; i++) {
		world_reply(w, i, SMTP_RCPT_RELAY, "554 5.7.1 relay denied");
		world_reply(w, i, SMTP_RCPT_INVALID, "550 5.1.1 unknown");
	}
	world_assert(w, "");
	world_reply(w, 1, SMTP_RCPT_RELAY, "250 2.1.5 ok");
	world_reply(w, 1, SMTP_RCPT_INVALID, "250 2.1.5 ok");
	world_assert(w, "open-relay CRITICAL\naccepts-invalid WARNING\n");
	/* Only when asked. */
	w->mx.expect.rcpt_relay = w->mx.expect.rcpt_invalid = NULL;
	world_assert(w, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_healthy_pair_is_well),
		TEST(a_backup_that_rejects_makes_mail_bounce),
		TEST(without_a_code_another_taker_makes_it_critical),
		TEST(a_backup_that_defers_lets_mail_wait),
		TEST(deferring_beside_one_that_is_down_is_a_warning),
		TEST(greylisting_is_taking_it_later),
		TEST(the_address_that_rejects_is_named),
		TEST(equal_preference_is_any_order),
		TEST(what_fails_before_mail_is_passed_by),
		TEST(one_exchanger_that_fails_lets_mail_wait),
		TEST(names_of_one_address_fail_together),
		TEST(a_third_that_rejects_is_told),
		TEST(line_1_keeps_what_counts),
		TEST(line_1_is_short_for_providers_too),
		TEST(the_middle_one_of_three_rejects),
		TEST(lost_networks_and_hosts),
		TEST(refusing_us_tells_nothing_of_others),
		TEST(relay_access_denied_is_of_the_recipient),
		TEST(a_shut_port_is_decided_by_the_control),
		TEST(an_exchanger_is_no_control),
		TEST(a_silent_control_says_it_is_the_way_out),
		TEST(a_family_not_seen_is_no_excuse_for_the_other),
		TEST(a_family_without_a_route_is_not_judged),
		TEST(a_loss_where_mail_bounces_already),
		TEST(a_loss_that_can_not_be_told),
		TEST(the_last_backup_is_said_first),
		TEST(a_backup_that_never_relays),
		TEST(a_loss_of_nothing_or_of_a_shared_address),
		TEST(what_is_put_off_is_not_judged),
		TEST(what_refuses_us_does_not_defer),
		TEST(an_address_of_no_use_takes_nothing),
		TEST(min_good_counts_exchangers),
		TEST(where_nobody_takes_mail_each_is_told),
		TEST(without_a_recipient_acceptance_is_not_judged),
		TEST(relays_and_backscatter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
