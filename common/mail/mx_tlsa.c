/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DANE for SMTP (RFC 6698, RFC 7671, RFC 7672): whether the certificate shown
 * is one that the zone publishes.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/core/num.h"
#include "common/mail/mx.h"

enum {
	USAGE_TA = 2,
	USAGE_EE = 3,
	SELECTOR_CERT = 0,
	SELECTOR_KEY = 1,
	MATCHING_FULL = 0,
	MATCHING_SHA256 = 1,
	MATCHING_SHA512 = 2,
	SHA256_HEX = 64,
	SHA512_HEX = 128,
	DER_SEQUENCE = 0x30,
	DER_LONG = 0x80, /* the length stands in so many bytes that follow */
	DER_LENGTH_MAX = 3,
	BYTE_MAX = 255,
	NUMBER_TEXT = 4, /* "255", with the NUL */
};

static const char *const dane_words[] = {
	[MX_DANE_UNKNOWN] = "unknown",
	[MX_DANE_NONE] = "none",
	[MX_DANE_INSECURE] = "insecure",
	[MX_DANE_BOGUS] = "bogus",
	[MX_DANE_FAILED] = "failed",
	[MX_DANE_UNUSABLE] = "unusable",
	[MX_DANE_NO_TLS] = "no_tls",
	[MX_DANE_MATCHES] = "matches",
	[MX_DANE_DIFFERS] = "differs",
};

const char *mx_dane_word(unsigned dane)
{
	return dane < sizeof(dane_words) / sizeof(dane_words[0])
		       ? dane_words[dane]
		       : NULL;
}

/* Behind a number of one byte and the blanks that follow it; or NULL. */
static const char *read_number(const char *s, uint8_t *out)
{
	char digits[NUMBER_TEXT];
	size_t len = strcspn(s, " \t");
	uint64_t value;

	if (len >= sizeof(digits))
		return NULL;
	memcpy(digits, s, len);
	digits[len] = '\0';
	if (num_parse_uint(digits, 0, BYTE_MAX, &value) != NUM_OK)
		return NULL;
	*out = (uint8_t)value;
	return s + len + strspn(s + len, " \t");
}

const char *mx_tlsa_parse(
	struct arena *arena, const char *typed, struct mx_tlsa *out)
{
	const char *s = read_number(typed, &out->usage);
	char *data;
	size_t n = 0;

	if (s)
		s = read_number(s, &out->selector);
	if (s)
		s = read_number(s, &out->matching);
	if (!s)
		return "does not begin with three numbers up to 255";
	data = arena_alloc(arena, strlen(s) + 1);
	for (; *s; s++) {
		if (*s == ' ' || *s == '\t')
			continue;
		if (!strchr("0123456789abcdefABCDEF", *s))
			return "has data that is not hexadecimal";
		data[n++] =
			(char)(*s >= 'A' && *s <= 'F' ? *s - 'A' + 'a' : *s);
	}
	if (n == 0 || n % 2 != 0)
		return "has data that is not whole bytes";
	out->data = data;
	return NULL;
}

static unsigned byte_at(const char *hex, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = strchr(digits, hex[2 * n]);
	const char *low = strchr(digits, hex[2 * n + 1]);

	return high && low ? (unsigned)((high - digits) * 16 + (low - digits))
			   : 0;
}

/* One SEQUENCE of DER, whole, as a certificate and a key are. A digest that is
 * published as if it were one is told from it so. */
static bool is_sequence(const char *hex)
{
	size_t n = strlen(hex) / 2;
	size_t n_length, length = 0, i;

	if (n < 2 || byte_at(hex, 0) != DER_SEQUENCE)
		return false;
	length = byte_at(hex, 1);
	if (length < DER_LONG)
		return length == n - 2;
	n_length = length - DER_LONG;
	if (n_length == 0 || n_length > DER_LENGTH_MAX || n < 2 + n_length)
		return false;
	for (length = 0, i = 0; i < n_length; i++)
		length = length * 256 + byte_at(hex, 2 + i);
	return length == n - 2 - n_length;
}

bool mx_tlsa_is_usable(const struct mx_tlsa *tlsa)
{
	size_t len = strlen(tlsa->data);

	if ((tlsa->usage != USAGE_TA && tlsa->usage != USAGE_EE) ||
		tlsa->selector > SELECTOR_KEY)
		return false;
	if (tlsa->matching == MATCHING_FULL)
		return is_sequence(tlsa->data);
	return (tlsa->matching == MATCHING_SHA256 && len == SHA256_HEX) ||
	       (tlsa->matching == MATCHING_SHA512 && len == SHA512_HEX);
}

bool mx_tlsa_counts(
	const struct mx_exchanger *exchanger, const struct mx_tlsa *tlsa)
{
	size_t i;

	if (!mx_tlsa_is_usable(tlsa))
		return false;
	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *other = &exchanger->tlsa[i];

		if (tlsa->matching == MATCHING_SHA256 &&
			other->matching == MATCHING_SHA512 &&
			other->usage == tlsa->usage &&
			other->selector == tlsa->selector &&
			mx_tlsa_is_usable(other))
			return false;
	}
	return true;
}

bool mx_tlsa_matches(const struct mx_tlsa *tlsa, const struct cert *cert)
{
	const char *const shown[][3] = {
		[SELECTOR_CERT] = { cert->der, cert->sha256, cert->sha512 },
		[SELECTOR_KEY] = { cert->spki, cert->spki_sha256,
			cert->spki_sha512 },
	};
	const char *value;

	if (tlsa->selector > SELECTOR_KEY || tlsa->matching > MATCHING_SHA512)
		return false;
	value = shown[tlsa->selector][tlsa->matching];
	return value && strcasecmp(value, tlsa->data) == 0;
}

bool mx_dane_holds_back(enum mx_dane dane)
{
	return dane == MX_DANE_DIFFERS || dane == MX_DANE_NO_TLS ||
	       dane == MX_DANE_BOGUS || dane == MX_DANE_FAILED;
}

static const struct cert_anchor *anchor_of(
	const struct smtp_tls *tls, const struct mx_tlsa *tlsa)
{
	size_t i;

	for (i = 0; i < tls->n_anchors; i++)
		if (tls->anchors[i].selector == tlsa->selector &&
			tls->anchors[i].matching == tlsa->matching &&
			strcasecmp(tls->anchors[i].data, tlsa->data) == 0)
			return &tls->anchors[i];
	return NULL;
}

/* The names of RFC 7672 section 3.2.2: of the TLSA records, and the domain's.
 * As Postfix does it, the latter count where nobody signs the MX set, too. */
static bool holds_reference(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct cert *cert)
{
	const char *base =
		exchanger->tlsa_base ? exchanger->tlsa_base : exchanger->name;

	return cert_holds_name(cert, base) ||
	       cert_holds_name(cert, mx->domain) ||
	       (mx->alias && cert_holds_name(cert, mx->alias));
}

/* DANE-TA: chain, dates and name count (RFC 7671 section 5.2). Returns whether
 * they hold; where not, and the CA is the right one, *why. */
static bool anchors(const struct mx *mx, const struct mx_exchanger *exchanger,
	const struct smtp_tls *tls, const struct mx_tlsa *tlsa,
	const char **why)
{
	const struct cert_anchor *anchor = anchor_of(tls, tlsa);

	if (!anchor || anchor->chain == CERT_CHAIN_UNKNOWN)
		return false;
	if (anchor->chain == CERT_CHAIN_INVALID) {
		*why = anchor->chain_error;
		return false;
	}
	if (holds_reference(mx, exchanger, &tls->certs[0]))
		return true;
	*why = "its certificate is of the right CA, and for another name";
	return false;
}

/* A record that is of it, and that senders do not look at. */
static bool is_overruled(
	const struct mx_exchanger *exchanger, const struct cert *cert)
{
	size_t i;

	for (i = 0; i < exchanger->n_tlsa; i++)
		if (exchanger->tlsa[i].usage == USAGE_EE &&
			mx_tlsa_is_usable(&exchanger->tlsa[i]) &&
			mx_tlsa_matches(&exchanger->tlsa[i], cert))
			return true;
	return false;
}

static struct mx_dane_result compare(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct smtp_tls *tls)
{
	struct mx_dane_result out = { .dane = MX_DANE_UNUSABLE };
	size_t i;

	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *tlsa = &exchanger->tlsa[i];

		if (!mx_tlsa_counts(exchanger, tlsa))
			continue;
		out.dane = MX_DANE_DIFFERS;
		if (tls->n_certs == 0)
			continue;
		if (tlsa->usage == USAGE_EE
				? mx_tlsa_matches(tlsa, &tls->certs[0])
				: anchors(mx, exchanger, tls, tlsa, &out.why))
			return (struct mx_dane_result){ MX_DANE_MATCHES, tlsa,
				NULL };
	}
	if (out.dane == MX_DANE_DIFFERS && !out.why)
		out.why = tls->n_certs > 0 && is_overruled(
						      exchanger, &tls->certs[0])
				  ? "the TLSA record of its certificate is of "
				    "SHA-256, and senders look at those of "
				    "SHA-512 alone"
				  : "no TLSA record fits its certificate";
	return out;
}

static bool has_failed(const struct smtp_step *step)
{
	return step->outcome != SMTP_NOT_DONE && step->outcome != SMTP_DONE &&
	       step->outcome != SMTP_OUR_FAULT;
}

enum seen_tls { TLS_UNSEEN, TLS_UP, TLS_DOWN };

static enum seen_tls seen_tls(const struct smtp_session *session)
{
	const struct smtp_step *asked = &session->steps[SMTP_STARTTLS];
	const struct smtp_step *tls = &session->steps[SMTP_TLS];

	if (tls->outcome == SMTP_DONE)
		return TLS_UP;
	if ((session->offer.is_known && !session->offer.has_starttls) ||
		(asked->outcome == SMTP_DONE && asked->code / 100U != 2) ||
		has_failed(asked) || has_failed(tls))
		return TLS_DOWN;
	return TLS_UNSEEN;
}

static struct mx_dane_result with_records(const struct mx *mx,
	const struct mx_exchanger *exchanger,
	const struct smtp_session *session)
{
	struct mx_dane_result out = { .dane = MX_DANE_UNKNOWN };

	switch (seen_tls(session)) {
	case TLS_UP:
		return compare(mx, exchanger, &session->tls);
	case TLS_DOWN:
		/* Unusable ones ask for TLS, too (RFC 7672 section 2.2). */
		out.dane = MX_DANE_NO_TLS;
		break;
	case TLS_UNSEEN:
		out.why = "the dialogue did not get to TLS";
		break;
	}
	return out;
}

/* A zone whose keys can't be had is to senders as one that does not answer
 * (RFC 7672 section 2.1.1); unless it was our own time that was over. */
static bool has_no_answer(const struct mx *mx, const struct mx_lookup *tlsa)
{
	return tlsa->lookup == DNS_LOOKUP_FAILED ||
	       tlsa->lookup == DNS_LOOKUP_LIMIT ||
	       (tlsa->security == DNS_INDETERMINATE && !mx->timeout_stage);
}

/* What the answer for the TLSA records comes to, where they are asked for by
 * senders, since the address is secure; UNKNOWN with records: they count. */
static struct mx_dane_result of_lookup(
	const struct mx *mx, const struct mx_lookup *tlsa)
{
	struct mx_dane_result out = { .dane = MX_DANE_UNKNOWN,
		.why = tlsa->security_why ? tlsa->security_why : tlsa->why };

	if (tlsa->security == DNS_BOGUS)
		out.dane = MX_DANE_BOGUS;
	else if (has_no_answer(mx, tlsa))
		out.dane = MX_DANE_FAILED;
	else if (tlsa->lookup == DNS_LOOKUP_NO_ADDRESS ||
		 tlsa->lookup == DNS_LOOKUP_NXDOMAIN)
		out.dane = MX_DANE_NONE;
	else if (tlsa->lookup == DNS_LOOKUP_FOUND &&
		 tlsa->security == DNS_INSECURE)
		out.dane = MX_DANE_INSECURE;
	return out;
}

struct mx_dane_result mx_dane_at(
	const struct mx *mx, const struct mx_address *address)
{
	const struct mx_exchanger *exchanger =
		&mx->exchangers[address->exchanger];
	const struct mx_lookup *host =
		address->addr.family == 6 ? &exchanger->v6 : &exchanger->v4;
	const struct mx_lookup *tlsa = &exchanger->tlsa_lookup;
	struct mx_dane_result out = { .dane = MX_DANE_UNKNOWN,
		.why = host->security_why };

	if (host->security == DNS_SECURE ||
		(exchanger->alias && exchanger->alias_security == DNS_SECURE)) {
		out = of_lookup(mx, tlsa);
		if (out.dane == MX_DANE_UNKNOWN &&
			tlsa->lookup == DNS_LOOKUP_FOUND &&
			tlsa->security == DNS_SECURE)
			out = with_records(mx, exchanger, &address->session);
	} else if (host->security == DNS_INSECURE) {
		out.dane = tlsa->lookup == DNS_LOOKUP_FOUND ? MX_DANE_INSECURE
							    : MX_DANE_NONE;
	}
	return out;
}
