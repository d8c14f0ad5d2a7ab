/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes the short form of a fixture what --facts would print, so that mx_read()
 * is what reads both, and a misspelt member is an error in both.
 */
#include "config.h"

#include "mx_short.h"

#include <stdlib.h>
#include <string.h>

enum {
	PREFERENCE_STEP = 10,
};

struct form {
	struct arena *arena;
	const char *wrong;  /* the first error */
	json_t *given;      /* the short form */
	json_t *full;       /* what it comes to */
	json_t *exchangers; /* of full, as are */
	json_t *addresses;
	bool is_signed;
};

/* clang-format off */
static const char healthy_domain[] =
	"{'domain': 'example.org', 'typed': 'example.org', 'set': 'listed',"
	" 'lookup': {'lookup': 'found', 'security': 'insecure'},"
	" 'sts': {'was_asked': true,"
	"         'lookup': {'lookup': 'nxdomain', 'security': 'insecure'}},"
	" 'security_is_known': true, 'v4': 'seen', 'v6': 'seen',"
	" 'expect': {'rcpt': 'user@example.org', 'mail_from': '',"
	"            'helo': 'monitor.example.net', 'min_good': 1,"
	"            'greeting_max_us': 30000000, 'now_s': 1800000000,"
	"            'cert_warning_s': -1, 'cert_critical_s': -1}}";

static const char healthy_exchangers[] =
	"[{'name': 'mx1.example.org',"
	"  'addrs': ['185.5.1.25', '2a00:5:1::25']},"
	" {'name': 'mx2.example.net',"
	"  'addrs': ['193.9.2.25', '2a01:9:2::25']}]";

static const char healthy_session[] =
	"{'local_text': '203.0.113.9',"
	" 'steps': {"
	"  'connect': {'outcome': 'done', 'took_us': 20000},"
	"  'greeting': {'outcome': 'done', 'code': 220, 'took_us': 40000},"
	"  'ehlo': {'outcome': 'done', 'code': 250, 'took_us': 20000},"
	"  'starttls': {'outcome': 'done', 'code': 220, 'took_us': 20000},"
	"  'tls': {'outcome': 'done', 'took_us': 45000},"
	"  'ehlo_tls': {'outcome': 'done', 'code': 250, 'took_us': 20000},"
	"  'mail': {'outcome': 'done', 'code': 250, 'took_us': 20000},"
	"  'rcpt': {'outcome': 'done', 'code': 250, 'took_us': 20000},"
	"  'rcpt_invalid': {'outcome': 'done', 'code': 550, 'class': 5,"
	"                   'subject': 1, 'detail': 1, 'text': 'unknown'},"
	"  'rcpt_relay': {'outcome': 'done', 'code': 554, 'class': 5,"
	"                 'subject': 7, 'detail': 1,"
	"                 'text': 'Relay access denied'},"
	"  'rset': {'outcome': 'done', 'code': 250, 'took_us': 20000},"
	"  'quit': {'outcome': 'done', 'code': 221, 'took_us': 20000}},"
	" 'offer': {'is_known': true, 'has_starttls': true,"
	"           'has_pipelining': true, 'has_8bitmime': true,"
	"           'has_enhanced': true, 'has_size': true,"
	"           'size': 52428800},"
	" 'offer_tls': {'is_known': true, 'has_pipelining': true,"
	"               'has_8bitmime': true, 'has_enhanced': true,"
	"               'has_size': true, 'size': 52428800},"
	" 'tls': {'version': 772, 'cipher': 'TLS_AES_256_GCM_SHA384',"
	"         'chain': 'valid', 'certs': ["
	"   {'subject': 'CN=exchanger', 'issuer': 'CN=ca',"
	"    'begin_s': 1797408000, 'end_s': 1805184000, 'key': 'rsa',"
	"    'bits': 2048,"
	"    'spki_sha256': '1111111111111111111111111111111111111111"
			   "111111111111111111111111'},"
	"   {'subject': 'CN=ca', 'issuer': 'CN=ca', 'names': [],"
	"    'begin_s': 1700000000, 'end_s': 1900000000, 'key': 'rsa',"
	"    'bits': 4096, 'is_self_signed': true,"
	"    'spki_sha256': '2222222222222222222222222222222222222222"
			   "222222222222222222222222'}]}}";

static const char healthy_policy[] =
	"{'lookup': {'lookup': 'found'}, 'txt': ['v=STSv1; id=20270101;'],"
	" 'fetch': 'done', 'status': 200,"
	" 'content_type': 'text/plain; charset=utf-8'}";
/* clang-format on */

static void complain(struct form *form, const char *what, const char *where)
{
	if (!form->wrong)
		form->wrong = arena_printf(form->arena, "%s: %s", where, what);
}

/* The tables above, which have ' for ". */
static json_t *parse(struct form *form, const char *text)
{
	char *copy = arena_strdup(form->arena, text);
	json_t *value;
	char *s;

	for (s = copy; *s; s++)
		if (*s == '\'')
			*s = '"';
	value = json_loads(copy, JSON_REJECT_DUPLICATES, NULL);
	if (!value)
		complain(form, "no JSON", text);
	return value;
}

/* Objects member by member; all else is replaced. */
static void merge(json_t *into, json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		json_t *old = json_object_get(into, key);

		if (json_is_object(old) && json_is_object(value))
			merge(old, value);
		else
			json_object_set_new(into, key, json_deep_copy(value));
	}
}

static json_t *member(json_t *object, const char *key, const char *below)
{
	return json_object_get(json_object_get(object, key), below);
}

/* What a dialogue does not get to. Behind STARTTLS it goes on without TLS, and
 * one RCPT does not stop the next. */
static void cut_behind(json_t *session, unsigned id)
{
	bool is_tls = id == SMTP_STARTTLS || id == SMTP_TLS;
	json_t *steps = json_object_get(session, "steps");
	unsigned end = is_tls ? SMTP_MAIL : SMTP_STEPS;
	unsigned next;

	for (next = id + 1; id < SMTP_RCPT && next < end; next++)
		json_object_del(steps, smtp_step_word(next));
	if (id < SMTP_EHLO)
		json_object_del(session, "offer");
	if (id <= SMTP_TLS)
		json_object_del(session, "tls");
	if (id < SMTP_MAIL)
		json_object_del(session, "offer_tls");
	if (is_tls)
		json_object_set_new(session, "is_retried_plain", json_true());
}

static json_t *make_reply(struct arena *arena, const char *reply)
{
	char *end;
	unsigned long code = strtoul(reply, &end, 10);
	const char *text;
	struct smtp_enhanced enhanced = smtp_enhanced_parse((uint16_t)code,
		*end == ' ' ? arena_strdup(arena, end + 1) : NULL, &text);

	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:s?, s:i}", "outcome",
		"done", "code", (int)code, "class", enhanced.class, "subject",
		enhanced.subject, "detail", enhanced.detail, "text", text,
		"took_us", 20000);
}

static void change_step(
	struct form *form, json_t *session, unsigned id, json_t *value)
{
	json_t *steps = json_object_get(session, "steps");
	const char *word = json_string_value(value);
	bool is_reply = word && *word >= '2' && *word <= '5';

	if (json_is_object(value)) {
		merge(json_object_get(steps, smtp_step_word(id)), value);
		return;
	}
	if (!word && !(json_is_null(value) && id == SMTP_STARTTLS)) {
		complain(form, "no reply", smtp_step_word(id));
		return;
	}
	if (!is_reply || *word > '3')
		cut_behind(session, id);
	if (!word) {
		json_object_del(steps, smtp_step_word(id));
		json_object_del(session, "is_retried_plain");
		json_object_set_new(json_object_get(session, "offer"),
			"has_starttls", json_false());
		return;
	}
	if (id == SMTP_EHLO && (!is_reply || *word > '3'))
		json_object_del(session, "offer");
	json_object_set_new(steps, smtp_step_word(id),
		is_reply ? make_reply(form->arena, word)
			 : json_pack("{s:s, s:i}", "outcome", word, "took_us",
				   7000000));
}

static void change(struct form *form, json_t *address, json_t *by)
{
	json_t *session = json_object_get(address, "session");
	json_t *cert = json_array_get(member(session, "tls", "certs"), 0);
	size_t known = 0;
	unsigned id;

	for (id = 0; id < SMTP_STEPS; id++) {
		json_t *step = json_object_get(by, smtp_step_word(id));

		if (step)
			change_step(form, session, id, step);
		known += step != NULL;
	}
	if (json_object_get(by, "cert")) {
		merge(cert, json_object_get(by, "cert"));
		known++;
	}
	if (json_object_get(by, "session")) {
		merge(session, json_object_get(by, "session"));
		known++;
	}
	if (json_object_get(by, "as_number")) {
		json_object_set(
			address, "as_number", json_object_get(by, "as_number"));
		known++;
	}
	if (known != json_object_size(by))
		complain(form, "no such member", "what differs");
}

static json_t *make_session(struct form *form, const char *name)
{
	json_t *session = parse(form, healthy_session);
	json_t *steps = json_object_get(session, "steps");
	json_t *expect = json_object_get(form->full, "expect");
	unsigned id;

	/* Nothing is asked for that nobody wants to know. */
	for (id = SMTP_RCPT; id <= SMTP_RCPT_RELAY; id++)
		if (!json_is_string(
			    json_object_get(expect, smtp_step_word(id))))
			json_object_del(steps, smtp_step_word(id));
	json_object_set_new(json_array_get(member(session, "tls", "certs"), 0),
		"names", json_pack("[s]", name));
	return session;
}

static const char *security_of(const struct form *form)
{
	return form->is_signed ? "secure" : "insecure";
}

static json_t *make_lookup(const struct form *form, bool is_found)
{
	return json_pack("{s:s, s:s}", "lookup",
		is_found ? "found" : "no_address", "security",
		security_of(form));
}

static void add_addresses(
	struct form *form, json_t *addrs, const char *name, bool has[static 2])
{
	json_t *each = json_object_get(form->given, "each");
	json_t *value;
	size_t i;

	json_array_foreach(addrs, i, value)
	{
		const char *text = json_string_value(value);
		json_t *address = json_pack("{s:I, s:s, s:o}", "exchanger",
			(json_int_t)json_array_size(form->exchangers), "addr",
			text ? text : "", "session", make_session(form, name));

		has[text && strchr(text, ':')] = true;
		if (each)
			change(form, address, each);
		json_array_append_new(form->addresses, address);
	}
}

static void add_exchanger(struct form *form, json_t *given)
{
	const char *name = json_string_value(json_object_get(given, "name"));
	json_t *tlsa = json_object_get(given, "tlsa");
	size_t index = json_array_size(form->exchangers);
	bool has[2] = { false, false };
	json_t *full;

	add_addresses(
		form, json_object_get(given, "addrs"), name ? name : "", has);
	full = json_pack("{s:I, s:i, s:o, s:o}", "preference",
		(json_int_t)((index + 1) * PREFERENCE_STEP), "n_listed", 1,
		"v4", make_lookup(form, has[0]), "v6",
		make_lookup(form, has[1]));
	if (tlsa || form->is_signed)
		json_object_set_new(
			full, "tlsa_lookup", make_lookup(form, tlsa != NULL));
	merge(full, given);
	json_object_del(full, "addrs");
	json_array_append_new(form->exchangers, full);
}

static void add_exchangers(struct form *form)
{
	json_t *given = json_object_get(form->given, "exchangers");
	json_t *healthy = parse(form, healthy_exchangers);
	json_t *value;
	size_t i;

	json_array_foreach(given ? given : healthy, i, value)
	{
		add_exchanger(form, value);
	}
	json_decref(healthy);
}

/* Where nothing else is said: each record of usage 2 is of the CA above, or of
 * none that is there. */
static void add_anchors(struct form *form, json_t *address)
{
	json_t *tls = member(address, "session", "tls");
	json_t *exchanger = json_array_get(form->exchangers,
		(size_t)json_integer_value(
			json_object_get(address, "exchanger")));
	json_t *anchors, *value;
	size_t i;

	if (!tls || json_object_get(tls, "anchors"))
		return;
	anchors = json_array();
	json_array_foreach(json_object_get(exchanger, "tlsa"), i, value)
	{
		struct mx_tlsa tlsa;
		const char *typed = json_string_value(value);

		if (!typed || mx_tlsa_parse(form->arena, typed, &tlsa) ||
			tlsa.usage != 2)
			continue;
		json_array_append_new(anchors,
			json_pack("{s:i, s:i, s:s, s:s}", "selector",
				tlsa.selector, "matching", tlsa.matching,
				"data", tlsa.data, "chain",
				*tlsa.data == '2' ? "valid" : "unknown"));
	}
	json_object_set_new(tls, "anchors", anchors);
}

static void apply_but(struct form *form)
{
	const char *key;
	json_t *by, *address;
	size_t i;

	json_object_foreach(json_object_get(form->given, "but"), key, by)
	{
		bool is_there = false;

		json_array_foreach(form->addresses, i, address)
		{
			json_t *exchanger = json_array_get(form->exchangers,
				(size_t)json_integer_value(
					json_object_get(address, "exchanger")));
			const char *addr = json_string_value(
				json_object_get(address, "addr"));
			const char *name = json_string_value(
				json_object_get(exchanger, "name"));

			if (strcmp(addr, key) != 0 &&
				(!name || strcmp(name, key) != 0))
				continue;
			change(form, address, by);
			is_there = true;
		}
		if (!is_there)
			complain(form, "no such address", key);
	}
}

static void expand(struct form *form)
{
	static const char *const own[] = { "is_signed", "policy", "each", "but",
		"exchangers" };
	json_t *policy = json_object_get(form->given, "policy");
	json_t *rest = json_copy(form->given);
	json_t *value;
	size_t i;

	form->is_signed = json_is_true(json_object_get(form->given, own[0]));
	json_object_set_new(json_object_get(form->full, "lookup"), "security",
		json_string(security_of(form)));
	if (policy) {
		json_t *sound = parse(form, healthy_policy);

		merge(json_object_get(form->full, "sts"), sound);
		json_object_set(json_object_get(form->full, "sts"),
			"policy_text", policy);
		json_decref(sound);
	}
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		json_object_del(rest, own[i]);
	merge(form->full, rest);
	json_decref(rest);
	add_exchangers(form);
	apply_but(form);
	json_array_foreach(form->addresses, i, value)
	{
		add_anchors(form, value);
	}
	json_object_set(form->full, "exchangers", form->exchangers);
	json_object_set(form->full, "addresses", form->addresses);
}

const char *mx_short_read(struct arena *arena, json_t *facts, struct mx *mx)
{
	struct form form = { .arena = arena,
		.given = json_object_get(facts, "mx") };

	*mx = (struct mx){ .domain = NULL };
	if (!form.given)
		return mx_read(arena, facts, mx);
	if (json_object_size(facts) != 1)
		complain(&form, "not alone", "mx");
	form.full = parse(&form, healthy_domain);
	form.exchangers = json_array();
	form.addresses = json_array();
	expand(&form);
	if (!form.wrong)
		form.wrong = mx_read(arena, form.full, mx);
	json_decref(form.exchangers);
	json_decref(form.addresses);
	json_decref(form.full);
	return form.wrong;
}
