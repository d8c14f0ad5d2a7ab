/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON to struct mx. */
#include "config.h"

#include "mx_read.h"

#include "common/dns/delegation_facts.h"
#include "common/mail/mx_rules.h"
#include "facts_read.h"
#include "reader.h"

#define END                                 \
	{                                   \
		NULL, MEMBER_OTHER, 0, NULL \
	}
#define PLAIN(type, kind, member)                                  \
	{                                                          \
#		member, kind, offsetof(struct type, member), NULL \
	}
#define WORD(type, member, words)                                          \
	{                                                                  \
#		member, MEMBER_WORD, offsetof(struct type, member), words \
	}
#define OTHER(member)                          \
	{                                      \
#		member, MEMBER_OTHER, 0, NULL \
	}

static const struct member lookup_members[] = {
	WORD(mx_lookup, lookup, dns_lookup_word),
	PLAIN(mx_lookup, MEMBER_STRING, why),
	WORD(mx_lookup, security, dns_security_word),
	PLAIN(mx_lookup, MEMBER_STRING, security_why),
	END,
};

static const struct member exchanger_members[] = {
	PLAIN(mx_exchanger, MEMBER_STRING, name),
	PLAIN(mx_exchanger, MEMBER_U16, preference),
	PLAIN(mx_exchanger, MEMBER_SIZE, n_listed),
	PLAIN(mx_exchanger, MEMBER_BOOL, is_literal),
	PLAIN(mx_exchanger, MEMBER_STRING, alias),
	WORD(mx_exchanger, alias_security, dns_security_word),
	PLAIN(mx_exchanger, MEMBER_STRING, tlsa_base),
	OTHER(v4),
	OTHER(v6),
	OTHER(tlsa_lookup),
	OTHER(tlsa),
	PLAIN(mx_exchanger, MEMBER_STRING, registrable),
	PLAIN(mx_exchanger, MEMBER_STRING, zone),
	END,
};

static const struct member step_members[] = {
	WORD(smtp_step, outcome, smtp_outcome_word),
	PLAIN(smtp_step, MEMBER_U16, code),
	{ "class", MEMBER_U8, offsetof(struct smtp_step, enhanced.class),
		NULL },
	{ "subject", MEMBER_U16, offsetof(struct smtp_step, enhanced.subject),
		NULL },
	{ "detail", MEMBER_U16, offsetof(struct smtp_step, enhanced.detail),
		NULL },
	PLAIN(smtp_step, MEMBER_STRING, text),
	PLAIN(smtp_step, MEMBER_I64, at_us),
	PLAIN(smtp_step, MEMBER_I64, took_us),
	END,
};

static const struct member offer_members[] = {
	PLAIN(smtp_offer, MEMBER_BOOL, is_known),
	PLAIN(smtp_offer, MEMBER_BOOL, is_helo),
	PLAIN(smtp_offer, MEMBER_STRING, host),
	PLAIN(smtp_offer, MEMBER_BOOL, has_starttls),
	PLAIN(smtp_offer, MEMBER_BOOL, has_pipelining),
	PLAIN(smtp_offer, MEMBER_BOOL, has_8bitmime),
	PLAIN(smtp_offer, MEMBER_BOOL, has_smtputf8),
	PLAIN(smtp_offer, MEMBER_BOOL, has_chunking),
	PLAIN(smtp_offer, MEMBER_BOOL, has_dsn),
	PLAIN(smtp_offer, MEMBER_BOOL, has_enhanced),
	PLAIN(smtp_offer, MEMBER_BOOL, has_requiretls),
	PLAIN(smtp_offer, MEMBER_BOOL, has_size),
	PLAIN(smtp_offer, MEMBER_U64, size),
	END,
};

static const struct member cert_members[] = {
	PLAIN(cert, MEMBER_STRING, subject),
	PLAIN(cert, MEMBER_STRING, issuer),
	PLAIN(cert, MEMBER_STRING, common_name),
	PLAIN(cert, MEMBER_NAMES, names),
	PLAIN(cert, MEMBER_I64, begin_s),
	PLAIN(cert, MEMBER_I64, end_s),
	WORD(cert, key, cert_key_word),
	PLAIN(cert, MEMBER_UINT, bits),
	PLAIN(cert, MEMBER_BOOL, is_self_signed),
	PLAIN(cert, MEMBER_STRING, der),
	PLAIN(cert, MEMBER_STRING, spki),
	PLAIN(cert, MEMBER_STRING, sha256),
	PLAIN(cert, MEMBER_STRING, sha512),
	PLAIN(cert, MEMBER_STRING, spki_sha256),
	PLAIN(cert, MEMBER_STRING, spki_sha512),
	END,
};

static const struct member tls_members[] = {
	PLAIN(smtp_tls, MEMBER_U16, version),
	PLAIN(smtp_tls, MEMBER_STRING, cipher),
	WORD(smtp_tls, chain, cert_chain_word),
	PLAIN(smtp_tls, MEMBER_STRING, chain_error),
	OTHER(certs),
	PLAIN(smtp_tls, MEMBER_I64, above_end_s),
	PLAIN(smtp_tls, MEMBER_STRING, above_subject),
	OTHER(anchors),
	END,
};

static const struct member anchor_members[] = {
	PLAIN(cert_anchor, MEMBER_U8, selector),
	PLAIN(cert_anchor, MEMBER_U8, matching),
	PLAIN(cert_anchor, MEMBER_STRING, data),
	WORD(cert_anchor, chain, cert_chain_word),
	PLAIN(cert_anchor, MEMBER_STRING, chain_error),
	END,
};

static const struct member session_members[] = {
	PLAIN(smtp_session, MEMBER_STRING, local_text),
	OTHER(steps),
	OTHER(offer),
	OTHER(offer_tls),
	OTHER(tls),
	PLAIN(smtp_session, MEMBER_BOOL, is_retried_plain),
	END,
};

static const struct member address_members[] = {
	PLAIN(mx_address, MEMBER_SIZE, exchanger),
	PLAIN(mx_address, MEMBER_ADDR, addr),
	PLAIN(mx_address, MEMBER_U32, as_number),
	OTHER(session),
	END,
};

static const struct member sts_members[] = {
	PLAIN(mx_sts, MEMBER_BOOL, was_asked),
	OTHER(lookup),
	OTHER(txt),
	WORD(mx_sts, fetch, mx_fetch_word),
	PLAIN(mx_sts, MEMBER_STRING, fetch_why),
	PLAIN(mx_sts, MEMBER_U16, status),
	PLAIN(mx_sts, MEMBER_STRING, content_type),
	PLAIN(mx_sts, MEMBER_STRING, policy_text),
	PLAIN(mx_sts, MEMBER_BOOL, policy_has_nul),
	PLAIN(mx_sts, MEMBER_I64, took_us),
	OTHER(memory),
	PLAIN(mx_sts, MEMBER_STRING, past_id),
	PLAIN(mx_sts, MEMBER_STRING, past_policy_text),
	END,
};

static const struct member control_members[] = {
	PLAIN(mx_control, MEMBER_STRING, host),
	PLAIN(mx_control, MEMBER_STRING, addr_text),
	WORD(mx_control, connect, smtp_outcome_word),
	WORD(mx_control, greeting, smtp_outcome_word),
	END,
};

static const struct member expect_members[] = {
	PLAIN(mx_expect, MEMBER_STRING, rcpt),
	PLAIN(mx_expect, MEMBER_STRING, rcpt_invalid),
	PLAIN(mx_expect, MEMBER_STRING, rcpt_relay),
	PLAIN(mx_expect, MEMBER_STRING, mail_from),
	PLAIN(mx_expect, MEMBER_STRING, helo),
	PLAIN(mx_expect, MEMBER_U64, min_good),
	PLAIN(mx_expect, MEMBER_I64, greeting_max_us),
	PLAIN(mx_expect, MEMBER_I64, now_s),
	PLAIN(mx_expect, MEMBER_I64, cert_warning_s),
	PLAIN(mx_expect, MEMBER_I64, cert_critical_s),
	OTHER(permitted),
	OTHER(lost),
	PLAIN(mx_expect, MEMBER_NAMES, lost_hosts),
	OTHER(next_cert),
	END,
};

static const struct member mx_members[] = {
	PLAIN(mx, MEMBER_STRING, domain),
	PLAIN(mx, MEMBER_STRING, typed),
	PLAIN(mx, MEMBER_STRING, alias),
	WORD(mx, set, mx_set_word),
	OTHER(lookup),
	PLAIN(mx, MEMBER_BOOL, is_unserved),
	PLAIN(mx, MEMBER_BOOL, has_null),
	PLAIN(mx, MEMBER_BOOL, is_cut),
	OTHER(exchangers),
	OTHER(addresses),
	OTHER(sts),
	OTHER(control),
	PLAIN(mx, MEMBER_BOOL, security_is_known),
	PLAIN(mx, MEMBER_BOOL, has_asn),
	WORD(mx, v4, dns_sight_word),
	WORD(mx, v6, dns_sight_word),
	PLAIN(mx, MEMBER_U64, n_queries),
	PLAIN(mx, MEMBER_U64, n_connections),
	PLAIN(mx, MEMBER_I64, elapsed_us),
	PLAIN(mx, MEMBER_STRING, timeout_stage),
	OTHER(expect),
	END,
};

/* A part that is an object, where it is there. */
static void read_part(struct reader *reader, json_t *object, const char *key,
	const struct member *members, void *out)
{
	json_t *part = json_object_get(object, key);

	if (part)
		reader_object(reader, part, members, out, key);
}

static void read_tlsa(
	struct reader *reader, json_t *array, struct mx_exchanger *exchanger)
{
	size_t i;

	if (!array)
		return;
	exchanger->n_tlsa = json_array_size(array);
	exchanger->tlsa = arena_array(
		reader->arena, exchanger->n_tlsa, sizeof(*exchanger->tlsa));
	for (i = 0; i < exchanger->n_tlsa; i++) {
		const char *typed =
			reader_string(reader, json_array_get(array, i), "tlsa");
		const char *wrong = mx_tlsa_parse(
			reader->arena, typed ? typed : "", &exchanger->tlsa[i]);

		if (wrong)
			reader_complain(reader, wrong, "tlsa");
	}
}

static void read_exchanger(
	struct reader *reader, json_t *value, struct mx_exchanger *exchanger)
{
	reader_object(reader, value, exchanger_members, exchanger, "exchanger");
	read_part(reader, value, "v4", lookup_members, &exchanger->v4);
	read_part(reader, value, "v6", lookup_members, &exchanger->v6);
	read_part(reader, value, "tlsa_lookup", lookup_members,
		&exchanger->tlsa_lookup);
	read_tlsa(reader, json_object_get(value, "tlsa"), exchanger);
}

static void read_steps(
	struct reader *reader, json_t *value, struct smtp_step *steps)
{
	const char *key;
	json_t *step;
	unsigned id;

	json_object_foreach(value, key, step)
	{
		json_t *word = json_string(key);

		id = reader_word(reader, word, smtp_step_word, "steps");
		json_decref(word);
		if (id < SMTP_STEPS)
			reader_object(
				reader, step, step_members, &steps[id], key);
	}
}

static void read_anchors(
	struct reader *reader, json_t *anchors, struct smtp_tls *tls)
{
	size_t i;

	tls->n_anchors = json_array_size(anchors);
	tls->anchors = arena_array(
		reader->arena, tls->n_anchors, sizeof(*tls->anchors));
	for (i = 0; i < tls->n_anchors; i++)
		reader_object(reader, json_array_get(anchors, i),
			anchor_members, &tls->anchors[i], "anchors");
}

static void read_tls(struct reader *reader, json_t *value, struct smtp_tls *tls)
{
	json_t *certs = json_object_get(value, "certs");
	size_t i;

	reader_object(reader, value, tls_members, tls, "tls");
	read_anchors(reader, json_object_get(value, "anchors"), tls);
	if (!certs)
		return;
	tls->n_certs = json_array_size(certs);
	tls->certs =
		arena_array(reader->arena, tls->n_certs, sizeof(*tls->certs));
	for (i = 0; i < tls->n_certs; i++)
		reader_object(reader, json_array_get(certs, i), cert_members,
			&tls->certs[i], "certs");
}

static void read_address(struct reader *reader, json_t *value,
	const struct mx *mx, struct mx_address *address)
{
	struct smtp_session *session = &address->session;
	json_t *part = json_object_get(value, "session");

	reader_object(reader, value, address_members, address, "address");
	address->addr_text = dns_addr_string(reader->arena, &address->addr);
	if (address->exchanger >= mx->n_exchangers)
		reader_complain(reader, "no such exchanger", "address");
	if (!part)
		return;
	reader_object(reader, part, session_members, session, "session");
	read_part(reader, part, "offer", offer_members, &session->offer);
	read_part(
		reader, part, "offer_tls", offer_members, &session->offer_tls);
	read_steps(reader, json_object_get(part, "steps"), session->steps);
	if (json_object_get(part, "tls"))
		read_tls(reader, json_object_get(part, "tls"), &session->tls);
}

static void read_sts(struct reader *reader, json_t *value, struct mx_sts *sts)
{
	json_t *txt = json_object_get(value, "txt");
	size_t i;

	if (!value)
		return;
	reader_object(reader, value, sts_members, sts, "sts");
	read_part(reader, value, "lookup", lookup_members, &sts->lookup);
	if (txt) {
		sts->n_txt = json_array_size(txt);
		sts->txt = arena_array(
			reader->arena, sts->n_txt, sizeof(*sts->txt));
	}
	for (i = 0; txt && i < sts->n_txt; i++) {
		const char *one =
			reader_string(reader, json_array_get(txt, i), "txt");

		sts->txt[i] = one ? one : "";
	}
	if (json_object_get(value, "memory"))
		facts_history_file(reader, json_object_get(value, "memory"),
			&sts->memory, "memory");
	mx_sts_read(reader->arena, sts);
}

static void read_expect(
	struct reader *reader, json_t *value, struct mx_expect *expect)
{
	json_t *next = json_object_get(value, "next_cert");

	if (!value)
		return;
	reader_object(reader, value, expect_members, expect, "expect");
	if (json_object_get(value, "permitted"))
		expect->permitted = facts_prefixes(reader,
			json_object_get(value, "permitted"),
			&expect->n_permitted, "permitted");
	if (json_object_get(value, "lost"))
		expect->lost =
			facts_prefixes(reader, json_object_get(value, "lost"),
				&expect->n_lost, "lost");
	if (!next)
		return;
	expect->next_cert =
		arena_alloc(reader->arena, sizeof(*expect->next_cert));
	reader_object(
		reader, next, cert_members, expect->next_cert, "next_cert");
}

const char *mx_read(struct arena *arena, json_t *facts, struct mx *mx)
{
	struct reader reader = { .arena = arena };
	json_t *exchangers = json_object_get(facts, "exchangers");
	json_t *addresses = json_object_get(facts, "addresses");
	size_t i;

	reader_object(&reader, facts, mx_members, mx, "facts");
	read_part(&reader, facts, "lookup", lookup_members, &mx->lookup);
	read_part(&reader, facts, "control", control_members, &mx->control);
	mx->n_exchangers = json_array_size(exchangers);
	mx->exchangers =
		arena_array(arena, mx->n_exchangers, sizeof(*mx->exchangers));
	for (i = 0; i < mx->n_exchangers; i++)
		read_exchanger(&reader, json_array_get(exchangers, i),
			&mx->exchangers[i]);
	mx->n_addresses = json_array_size(addresses);
	mx->addresses =
		arena_array(arena, mx->n_addresses, sizeof(*mx->addresses));
	for (i = 0; i < mx->n_addresses; i++)
		read_address(&reader, json_array_get(addresses, i), mx,
			&mx->addresses[i]);
	read_sts(&reader, json_object_get(facts, "sts"), &mx->sts);
	read_expect(&reader, json_object_get(facts, "expect"), &mx->expect);
	return reader.wrong;
}
