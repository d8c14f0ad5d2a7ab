/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MTA-STS records and policies, and TLSA records against certificates. */
#include "config.h"

#include "tests/unit/testing.h"

#include "common/mail/mx.h"

enum {
	ARENA_MAX = 16 * 1024 * 1024,
	NOW_S = 1767225600,
	DAY_S = 86400,
};

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER64 \
	"ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

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

static struct mx_sts record(struct arena *arena, const char *txt)
{
	const char *one[] = { txt };
	struct mx_sts sts = { .txt = one, .n_txt = 1 };

	mx_sts_read(arena, &sts);
	sts.txt = NULL;
	return sts;
}

static struct mx_policy policy(struct arena *arena, const char *text)
{
	struct mx_sts sts = { .policy_text = text };

	mx_sts_read(arena, &sts);
	return sts.policy;
}

static void records_are_read(void **state)
{
	static const char *const good[] = { "v=STSv1; id=2026A;",
		"v=STSv1;id=2026A", "v=STSv1 ; \tid=2026A ; ",
		"v=STSv1; x-y.z=1; id=2026A;" };

	for (size_t i = 0; i < COUNT(good); i++) {
		struct mx_sts sts = record(*state, good[i]);

		assert_int_equal(sts.n_records, 1);
		assert_null(sts.wrong);
		assert_string_equal(sts.id, "2026A");
	}
}

static void wrong_records_are_told(void **state)
{
	static const char *const bad[] = { "v=STSv1", "v=STSv1;",
		"v=STSv1 id=1;", "v=STSv1; id=", "v=STSv1; id=a-b;",
		"v=STSv1; id=123456789012345678901234567890123;",
		"v=STSv1; id=1; id=2;", "v=STSv1; id=1;; x=1", "v=STSv1; id",
		"v=STSv1; id=1; x=a=b;", "v=STSv1; id=1; =a;",
		"v=STSv1; ID=1;" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct mx_sts sts = record(*state, bad[i]);

		assert_int_equal(sts.n_records, 1);
		assert_non_null(sts.wrong);
		assert_null(sts.id);
	}
}

static void other_records_do_not_count(void **state)
{
	const char *txt[] = { "v=spf1 -all", "V=STSv1; id=1;", "v=STSv12; id=1",
		"v=STSv1; id=7;" };
	struct mx_sts sts = { .txt = txt, .n_txt = COUNT(txt) };

	mx_sts_read(*state, &sts);
	assert_int_equal(sts.n_records, 1);
	assert_string_equal(sts.id, "7");
	txt[0] = "v=STSv1; id=8;";
	mx_sts_read(*state, &sts);
	assert_int_equal(sts.n_records, 2);
	assert_null(sts.id);
	assert_null(sts.wrong);
	assert_false(sts.policy.is_parsed);
}

static void policies_are_read(void **state)
{
	struct mx_policy p = policy(*state,
		"version: STSv1\r\nmode: enforce\r\nmx: MX1.example.org\r\n"
		"mx: *.example.net\r\nmx: mx1.example.org\r\n"
		"x_new: anything\r\nmode: none\r\nmax_age: 604800\r\n");

	assert_true(p.is_parsed);
	assert_null(p.wrong);
	assert_int_equal(p.mode, MX_STS_ENFORCE);
	assert_int_equal(p.max_age_s, 604800);
	assert_int_equal(p.patterns.n, 2);
	assert_string_equal(p.patterns.at[0], "*.example.net");
	assert_true(mx_policy_holds(&p, "mx1.example.org"));
	assert_true(mx_policy_holds(&p, "a.example.net"));
	assert_false(mx_policy_holds(&p, "a.b.example.net"));
	assert_false(mx_policy_holds(&p, "mx2.example.org"));
	p = policy(*state, "version: STSv1\nmode: none\nmax_age: 0");
	assert_null(p.wrong);
	assert_int_equal(p.mode, MX_STS_NONE);
	assert_true(p.has_max_age);
}

static void wrong_policies_are_told(void **state)
{
	static const char *const bad[] = { "", "<html>", "version: STSv1\n",
		"mode: enforce\nmax_age: 86400\nmx: a.example",
		"version: STSv2\nmode: enforce\nmax_age: 86400\nmx: a.example",
		"version: STSv1\nmax_age: 86400\nmx: a.example",
		"version: STSv1\nmode: enforced\nmax_age: 86400\nmx: a.example",
		"version: STSv1\nmode: enforce\nmx: a.example",
		"version: STSv1\nmode: enforce\nmax_age: 1d\nmx: a.example",
		"version: STSv1\nmode: enforce\nmax_age: -1\nmx: a.example",
		"version: STSv1\nmax_age: 12345678901\nmode: none\n",
		"version: STSv1\nmode: enforce\nmax_age: 86400",
		"version: STSv1\nmode: enforce\nmax_age: 86400\nmx: ",
		"version: STSv1\nmode: enforce\nmax_age: 86400\nmx: a..b",
		"version: STSv1\nmode: enforce\nmax_age: 86400\nmx: *.*.b.c",
		"version: STSv1\nmode: enforce\nmax_age: 86400\nmx: a b",
		"version: STSv1\nmode enforce\nmax_age: 86400\nmx: a.example",
		"version = STSv1\nmode: enforce" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct mx_policy p = policy(*state, bad[i]);

		assert_true(p.is_parsed);
		if (!p.wrong)
			fail_msg("%s: is fine", bad[i]);
	}
}

static void a_nul_is_wrong(void **state)
{
	struct mx_sts sts = { .policy_text = "version: STSv1\nmode: none\n"
					     "max_age: 86400\n",
		.policy_has_nul = true };

	mx_sts_read(*state, &sts);
	assert_non_null(sts.policy.wrong);
}

static void bytes_that_are_no_text_are_wrong(void **state)
{
	static const char *const bad[] = { "x: \xff", "x: \xc3", "x: \x1b[2J",
		"x: \x7f", "x: \xed\xa0\x80" };
	static const char *const good[] = { "x: \xc3\xbc", "x:\ta\tb" };

	for (size_t i = 0; i < COUNT(bad) + COUNT(good); i++) {
		const char *line =
			i < COUNT(bad) ? bad[i] : good[i - COUNT(bad)];
		struct mx_policy p = policy(*state,
			arena_printf(*state,
				"version: STSv1\nmode: none\nmax_age: 1\n%s\n",
				line));

		assert_int_equal(p.wrong != NULL, i < COUNT(bad));
	}
}

/* Senders see no record, whoever wrote it meant to have one. */
static void what_is_meant_as_a_record_is_told(void **state)
{
	static const char *const bad[] = { "v=STSv2; id=1;", "V=STSv1; id=1;",
		" v=STSv1; id=1;", "\"v=STSv1; id=1;\"", "v=STSv10; id=1" };
	static const char *const good[] = { "v=spf1 -all", "STSv1", "",
		"v=TLSRPTv1; rua=mailto:a@example.org" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct mx_sts sts = record(*state, bad[i]);

		assert_int_equal(sts.n_records, 0);
		assert_non_null(sts.wrong);
		assert_null(sts.id);
	}
	for (size_t i = 0; i < COUNT(good); i++)
		assert_null(record(*state, good[i]).wrong);
}

static void policies_are_equal_by_what_they_say(void **state)
{
	static const char text[] = "version: STSv1\nmode: enforce\n"
				   "mx: a.example\nmx: b.example\n"
				   "max_age: 86400\n";
	static const char *const same[] = { text,
		"max_age: 86400\r\nmx: B.example\r\nx: y\r\n"
		"mode: enforce\r\nmx: a.example\r\nversion: STSv1" };
	static const char *const other[] = { "",
		"version: STSv1\nmode: testing\nmx: a.example\n"
		"mx: b.example\nmax_age: 86400",
		"version: STSv1\nmode: enforce\nmx: a.example\n"
		"mx: b.example\nmax_age: 86401",
		"version: STSv1\nmode: enforce\nmx: a.example\n"
		"max_age: 86400",
		"version: STSv1\nmode: enforce\nmx: a.example\n"
		"mx: c.example\nmax_age: 86400" };
	struct mx_policy p = policy(*state, text);

	for (size_t i = 0; i < COUNT(same); i++)
		assert_true(mx_policy_equals(*state, &p, same[i]));
	for (size_t i = 0; i < COUNT(other); i++)
		assert_false(mx_policy_equals(*state, &p, other[i]));
}

static void policies_have_bounds(void **state)
{
	struct text text;
	struct mx_policy p;

	text_init(&text, MX_POLICY_MAX);
	text_add(&text, "version: STSv1\nmode: testing\nmax_age: 86400\n");
	for (unsigned i = 0; i < MX_PATTERNS_MAX; i++)
		text_printf(&text, "mx: mx%u.example.org\n", i);
	p = policy(*state, text.data);
	assert_null(p.wrong);
	assert_int_equal(p.patterns.n, MX_PATTERNS_MAX);
	text_add(&text, "mx: more.example.org\n");
	assert_non_null(policy(*state, text.data).wrong);
	text_release(&text);
}

static void tlsa_is_read(void **state)
{
	static const char *const bad[] = { "", "3", "3 1", "3 1 1", "3 1 1 ",
		"3 1 1 abc", "3 1 1 xy", "256 1 1 ab", "3  1 1x ab",
		"-1 1 1 ab", "3 1 1 ab\n" };
	struct mx_tlsa tlsa = { 0 };

	assert_null(mx_tlsa_parse(*state, "3 1 1 ABcd 0123", &tlsa));
	assert_int_equal(tlsa.usage, 3);
	assert_int_equal(tlsa.selector, 1);
	assert_int_equal(tlsa.matching, 1);
	assert_string_equal(tlsa.data, "abcd0123");
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(mx_tlsa_parse(*state, bad[i], &tlsa));
}

static void usable_are_those_of_smtp(void **state)
{
	(void)state;
	for (unsigned usage = 0; usage < 256; usage++) {
		struct mx_tlsa tlsa = { (uint8_t)usage, 1, 1, HEX64 };

		assert_int_equal(
			mx_tlsa_is_usable(&tlsa), usage == 2 || usage == 3);
	}
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 2, 1, HEX64 }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 1, 3, HEX64 }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 1, 2, HEX64 }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 1, 1, "ab" }));
	assert_true(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 0, 0, "3000" }));
	assert_true(mx_tlsa_is_usable(
		&(struct mx_tlsa){ 3, 0, 0, "30820002ffff" }));
	/* Not DER, of a false length, a digest that is no such thing. */
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 0, 0, "ab" }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 0, 0, "30" }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 0, 0, "3080" }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 0, 0, "308200" }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 1, 0, "3001" }));
	assert_false(mx_tlsa_is_usable(&(struct mx_tlsa){ 3, 1, 0, HEX64 }));
	assert_true(
		mx_tlsa_is_usable(&(struct mx_tlsa){ 2, 1, 2, HEX64 HEX64 }));
}

static void a_record_is_compared_with_what_it_names(void **state)
{
	const struct cert cert = { .der = "d0",
		.spki = "d1",
		.sha256 = "a0",
		.sha512 = "b0",
		.spki_sha256 = "a1",
		.spki_sha512 = "b1" };
	const char *const data[2][3] = { { "d0", "a0", "b0" },
		{ "d1", "a1", "b1" } };

	(void)state;
	for (uint8_t selector = 0; selector < 4; selector++) {
		for (uint8_t matching = 0; matching < 5; matching++) {
			struct mx_tlsa tlsa = { 3, selector, matching, "ff" };

			assert_false(mx_tlsa_matches(&tlsa, &cert));
			if (selector > 1 || matching > 2)
				continue;
			tlsa.data = data[selector][matching];
			assert_true(mx_tlsa_matches(&tlsa, &cert));
			tlsa.selector = 1 - selector;
			assert_false(mx_tlsa_matches(&tlsa, &cert));
		}
	}
	assert_false(mx_tlsa_matches(&(struct mx_tlsa){ 3, 0, 0, "d0" },
		&(struct cert){ .der = NULL }));
}

/* One exchanger of one address, secure, with a chain of two. */
struct world {
	struct mx mx;
	struct mx_exchanger exchanger;
	struct mx_address address;
	struct mx_tlsa tlsa[2];
	struct cert certs[2];
	struct cert_anchor anchor;
	const char *names[1];
};

static void make_world(struct world *w)
{
	*w = (struct world){ .names = { "mx1.example.org" } };
	w->tlsa[0] = (struct mx_tlsa){ 3, 1, 1, HEX64 };
	w->certs[0] = (struct cert){ .spki_sha256 = HEX64,
		.names = { true, 1, w->names },
		.begin_s = NOW_S - DAY_S,
		.end_s = NOW_S + DAY_S };
	w->certs[1] = (struct cert){ .spki_sha256 = OTHER64 };
	w->anchor =
		(struct cert_anchor){ 1, 1, OTHER64, CERT_CHAIN_VALID, NULL };
	w->exchanger = (struct mx_exchanger){ .name = "mx1.example.org",
		.v4 = { DNS_LOOKUP_FOUND, NULL, DNS_SECURE, NULL },
		.tlsa_lookup = { DNS_LOOKUP_FOUND, NULL, DNS_SECURE, NULL },
		.tlsa = w->tlsa,
		.n_tlsa = 1 };
	w->address.addr.family = 4;
	w->address.session.offer =
		(struct smtp_offer){ .is_known = true, .has_starttls = true };
	w->address.session.tls.certs = w->certs;
	w->address.session.tls.n_certs = 2;
	w->address.session.tls.anchors = &w->anchor;
	w->address.session.tls.n_anchors = 1;
	w->address.session.steps[SMTP_STARTTLS].outcome = SMTP_DONE;
	w->address.session.steps[SMTP_STARTTLS].code = 220;
	w->address.session.steps[SMTP_TLS].outcome = SMTP_DONE;
	w->mx = (struct mx){ .domain = "example.org",
		.lookup = { DNS_LOOKUP_FOUND, NULL, DNS_SECURE, NULL },
		.exchangers = &w->exchanger,
		.n_exchangers = 1,
		.addresses = &w->address,
		.n_addresses = 1 };
	w->mx.expect.now_s = NOW_S;
}

static enum mx_dane dane(const struct world *w)
{
	return mx_dane_at(&w->mx, &w->address).dane;
}

static void dane_ee_takes_neither_name_nor_time(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.certs[0].end_s = NOW_S - 1;
	w.names[0] = "other.example.org";
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.tlsa[0].data = OTHER64; /* the CA's: not the server's own */
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	w.exchanger.n_tlsa = 2;
	w.tlsa[1] = (struct mx_tlsa){ 3, 1, 1, HEX64 };
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	assert_ptr_equal(mx_dane_at(&w.mx, &w.address).tlsa, &w.tlsa[1]);
}

static void dane_ta_wants_chain_and_name(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	w.tlsa[0] = (struct mx_tlsa){ 2, 1, 1, OTHER64 };
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.names[0] = "other.example.org";
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	w.names[0] = "mx1.example.org";
	w.anchor.chain = CERT_CHAIN_INVALID;
	w.anchor.chain_error = "certificate has expired";
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	assert_string_equal(
		mx_dane_at(&w.mx, &w.address).why, "certificate has expired");
	w.anchor.chain = CERT_CHAIN_UNKNOWN;
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	w.anchor.chain = CERT_CHAIN_VALID;
	w.anchor.selector = 0;
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	/* The server's own certificate is no anchor. */
	make_world(&w);
	w.tlsa[0] = (struct mx_tlsa){ 2, 1, 1, HEX64 };
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
}

/* RFC 7672 section 3.2.2. */
static void dane_ta_takes_the_names_of_the_domain(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	w.tlsa[0] = (struct mx_tlsa){ 2, 1, 1, OTHER64 };
	w.names[0] = "example.org";
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.names[0] = "example.com";
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	w.mx.alias = "example.com";
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	/* An alias whose target has the records. */
	w.exchanger.tlsa_base = "host.example.com";
	w.names[0] = "host.example.com";
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.names[0] = "mx1.example.org";
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
}

/* RFC 7671 section 9. */
static void the_strongest_digest_counts(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	w.exchanger.n_tlsa = 2;
	w.tlsa[1] = (struct mx_tlsa){ 3, 1, 2, OTHER64 OTHER64 };
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	w.tlsa[1].selector = 0;
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.tlsa[1] = (struct mx_tlsa){ 2, 1, 2, OTHER64 OTHER64 };
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	/* One of no use takes nothing from the others. */
	w.tlsa[1] = (struct mx_tlsa){ 3, 1, 2, OTHER64 };
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	/* What is not hashed counts beside any. */
	w.tlsa[0] = (struct mx_tlsa){ 3, 1, 0, "3000" };
	w.tlsa[1] = (struct mx_tlsa){ 3, 1, 2, OTHER64 OTHER64 };
	w.certs[0].spki = "3000";
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
}

static void dane_is_only_of_secure_answers(void **state)
{
	struct world w;
	enum dns_security *const parts[] = { &w.exchanger.v4.security,
		&w.exchanger.tlsa_lookup.security };

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		make_world(&w);
		*parts[i] = DNS_INSECURE;
		assert_int_equal(dane(&w), MX_DANE_INSECURE);
		*parts[i] = DNS_SECURITY_UNKNOWN;
		assert_int_equal(dane(&w), MX_DANE_UNKNOWN);
		*parts[i] = DNS_INDETERMINATE;
		assert_int_equal(
			dane(&w), i == 0 ? MX_DANE_UNKNOWN : MX_DANE_FAILED);
		w.mx.timeout_stage = "asking the DNS";
		assert_int_equal(dane(&w), MX_DANE_UNKNOWN);
	}
	/* The set need not be (RFC 7672 section 2.2.1). */
	make_world(&w);
	w.mx.lookup.security = DNS_INSECURE;
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.tlsa[0].data = OTHER64;
	assert_int_equal(dane(&w), MX_DANE_DIFFERS);
	w.exchanger.tlsa_lookup.security = DNS_BOGUS;
	assert_int_equal(dane(&w), MX_DANE_BOGUS);
	w.exchanger.tlsa_lookup =
		(struct mx_lookup){ .lookup = DNS_LOOKUP_NXDOMAIN };
	assert_int_equal(dane(&w), MX_DANE_NONE);
	w.exchanger.tlsa_lookup.lookup = DNS_LOOKUP_FAILED;
	assert_int_equal(dane(&w), MX_DANE_FAILED);
	w.exchanger.tlsa_lookup.lookup = DNS_LOOKUP_LIMIT;
	assert_int_equal(dane(&w), MX_DANE_FAILED);
	w.exchanger.tlsa_lookup.lookup = DNS_LOOKUP_NOT_DONE;
	assert_int_equal(dane(&w), MX_DANE_UNKNOWN);
	/* Senders do not ask there. */
	w.exchanger.tlsa_lookup.lookup = DNS_LOOKUP_FAILED;
	w.exchanger.v4.security = DNS_INSECURE;
	assert_int_equal(dane(&w), MX_DANE_NONE);
}

/* RFC 7672 section 2.2.2: the alias is secure, its target is not. */
static void an_alias_is_secure_by_itself(void **state)
{
	struct world w;

	(void)state;
	make_world(&w);
	w.exchanger.v4.security = DNS_INSECURE;
	w.exchanger.alias_security = DNS_SECURE;
	assert_int_equal(dane(&w), MX_DANE_INSECURE); /* it is no alias */
	w.exchanger.alias = "host.example.com";
	assert_int_equal(dane(&w), MX_DANE_MATCHES);
	w.exchanger.alias_security = DNS_INSECURE;
	assert_int_equal(dane(&w), MX_DANE_INSECURE);
}

static void dane_without_tls_or_records(void **state)
{
	struct smtp_step *steps;
	struct world w;

	(void)state;
	make_world(&w);
	steps = w.address.session.steps;
	w.tlsa[0].usage = 1;
	assert_int_equal(dane(&w), MX_DANE_UNUSABLE);
	/* A handshake that fails has shown a certificate, too. */
	steps[SMTP_TLS].outcome = SMTP_TLS_FAILED;
	assert_int_equal(dane(&w), MX_DANE_NO_TLS);
	make_world(&w);
	steps[SMTP_TLS].outcome = SMTP_INJECTED;
	assert_int_equal(dane(&w), MX_DANE_NO_TLS);
	steps[SMTP_TLS].outcome = SMTP_OUR_FAULT;
	assert_int_equal(dane(&w), MX_DANE_UNKNOWN);
	steps[SMTP_TLS].outcome = SMTP_NOT_DONE;
	assert_int_equal(dane(&w), MX_DANE_UNKNOWN); /* not tried */
	steps[SMTP_STARTTLS].outcome = SMTP_TIMED_OUT;
	assert_int_equal(dane(&w), MX_DANE_NO_TLS);
	steps[SMTP_STARTTLS].outcome = SMTP_DONE;
	steps[SMTP_STARTTLS].code = 454;
	assert_int_equal(dane(&w), MX_DANE_NO_TLS);
	steps[SMTP_STARTTLS].outcome = SMTP_NOT_DONE;
	w.address.session.offer.has_starttls = false;
	assert_int_equal(dane(&w), MX_DANE_NO_TLS);
	w.address.session.offer.is_known = false;
	assert_int_equal(dane(&w), MX_DANE_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_are_read),
		TEST(wrong_records_are_told),
		TEST(other_records_do_not_count),
		TEST(policies_are_read),
		TEST(wrong_policies_are_told),
		TEST(a_nul_is_wrong),
		TEST(bytes_that_are_no_text_are_wrong),
		TEST(what_is_meant_as_a_record_is_told),
		TEST(policies_are_equal_by_what_they_say),
		TEST(policies_have_bounds),
		TEST(tlsa_is_read),
		TEST(usable_are_those_of_smtp),
		TEST(a_record_is_compared_with_what_it_names),
		TEST(dane_ee_takes_neither_name_nor_time),
		TEST(dane_ta_wants_chain_and_name),
		TEST(dane_ta_takes_the_names_of_the_domain),
		TEST(the_strongest_digest_counts),
		TEST(an_alias_is_secure_by_itself),
		TEST(dane_is_only_of_secure_answers),
		TEST(dane_without_tls_or_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
