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
	BYTE_MAX = 255,
	NUMBER_TEXT = 4, /* "255", with the NUL */
};

static const char *const dane_words[] = {
	[MX_DANE_UNKNOWN] = "unknown",
	[MX_DANE_NONE] = "none",
	[MX_DANE_INSECURE] = "insecure",
	[MX_DANE_BOGUS] = "bogus",
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

bool mx_tlsa_is_usable(const struct mx_tlsa *tlsa)
{
	size_t len = strlen(tlsa->data);

	if ((tlsa->usage != USAGE_TA && tlsa->usage != USAGE_EE) ||
		tlsa->selector > SELECTOR_KEY || len == 0)
		return false;
	return tlsa->matching == MATCHING_FULL ||
	       (tlsa->matching == MATCHING_SHA256 && len == SHA256_HEX) ||
	       (tlsa->matching == MATCHING_SHA512 && len == SHA512_HEX);
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

static bool is_current(const struct cert *cert, int64_t now_s)
{
	return cert->begin_s <= now_s && now_s <= cert->end_s;
}

/*
 * DANE-TA: the record is of a CA above the server's own certificate, and what
 * leads to it holds (RFC 7671 section 5.2, RFC 7672 section 3.2.2). Returns
 * NULL, or why not; why of no match at all is untouched.
 */
static bool anchors(const struct mx *mx, const char *host,
	const struct smtp_tls *tls, const struct mx_tlsa *tlsa,
	const char **why)
{
	size_t i;

	for (i = 0; i < tls->n_certs; i++) {
		if (i > 0 && mx_tlsa_matches(tlsa, &tls->certs[i]))
			break;
		if (!is_current(&tls->certs[i], mx->expect.now_s) ||
			!tls->certs[i].is_signed_by_next)
			return false;
	}
	if (i == tls->n_certs)
		return false;
	if (!tls->certs[i].is_ca ||
		!is_current(&tls->certs[i], mx->expect.now_s))
		return false;
	if (cert_holds_name(&tls->certs[0], host) ||
		cert_holds_name(&tls->certs[0], mx->domain))
		return true;
	*why = "the CA matches, and the certificate is for another name";
	return false;
}

static struct mx_dane_result compare(const struct mx *mx,
	const struct mx_exchanger *exchanger, const struct smtp_tls *tls)
{
	struct mx_dane_result out = { .dane = MX_DANE_UNUSABLE };
	const char *why = NULL;
	size_t i;

	for (i = 0; i < exchanger->n_tlsa; i++) {
		const struct mx_tlsa *tlsa = &exchanger->tlsa[i];

		if (!mx_tlsa_is_usable(tlsa))
			continue;
		out.dane = tls->n_certs == 0 ? MX_DANE_NO_TLS : MX_DANE_DIFFERS;
		if (tls->n_certs == 0)
			return out;
		if (tlsa->usage == USAGE_EE
				? mx_tlsa_matches(tlsa, &tls->certs[0])
				: anchors(mx, exchanger->name, tls, tlsa, &why))
			return (struct mx_dane_result){ MX_DANE_MATCHES, tlsa,
				NULL };
	}
	if (out.dane == MX_DANE_DIFFERS)
		out.why = why ? why : "no TLSA record is of its certificate";
	return out;
}

/* Whether TLS was tried and its outcome tells something. */
static bool is_tls_known(const struct smtp_session *session)
{
	const struct smtp_step *tls = &session->steps[SMTP_TLS];

	if (session->tls.n_certs > 0 || session->steps[SMTP_STARTTLS].code > 0)
		return tls->outcome != SMTP_OUR_FAULT;
	return session->offer.is_known && !session->offer.has_starttls;
}

struct mx_dane_result mx_dane_at(
	const struct mx *mx, const struct mx_address *address)
{
	const struct mx_exchanger *exchanger =
		&mx->exchangers[address->exchanger];
	const struct mx_lookup *host =
		address->addr.family == 6 ? &exchanger->v6 : &exchanger->v4;
	const struct mx_lookup *tlsa = &exchanger->tlsa_lookup;
	struct mx_dane_result out = { .dane = MX_DANE_UNKNOWN };

	if (tlsa->security == DNS_BOGUS || tlsa->lookup == DNS_LOOKUP_FAILED) {
		out.dane = tlsa->security == DNS_BOGUS ? MX_DANE_BOGUS
						       : MX_DANE_UNKNOWN;
		out.why = tlsa->security_why;
		return out;
	}
	if (tlsa->lookup == DNS_LOOKUP_NO_ADDRESS ||
		tlsa->lookup == DNS_LOOKUP_NXDOMAIN) {
		out.dane = MX_DANE_NONE;
		return out;
	}
	if (tlsa->lookup != DNS_LOOKUP_FOUND) {
		if (host->security == DNS_INSECURE)
			out.dane = MX_DANE_NONE;
		return out;
	}
	if (mx->lookup.security == DNS_INSECURE ||
		host->security == DNS_INSECURE ||
		tlsa->security == DNS_INSECURE) {
		out.dane = MX_DANE_INSECURE;
		return out;
	}
	if (tlsa->security != DNS_SECURE || host->security != DNS_SECURE ||
		mx->lookup.security != DNS_SECURE ||
		!is_tls_known(&address->session))
		return out;
	return compare(mx, exchanger, &address->session.tls);
}
