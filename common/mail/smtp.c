/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a reply, a mailbox and a certificate's name say; and the words for the
 * enumerations of a dialogue.
 */
#include "config.h"

#include "common/mail/smtp.h"

#include <string.h>
#include <strings.h>

#include "common/core/text.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	ENHANCED_MAX = 999, /* RFC 3463 section 2: up to three digits */
	LABEL_MAX = 63,
	DEL = 0x7f,
	C1_LAST = 0x9f,
};

static const char *const step_words[] = {
	[SMTP_CONNECT] = "connect",
	[SMTP_GREETING] = "greeting",
	[SMTP_EHLO] = "ehlo",
	[SMTP_STARTTLS] = "starttls",
	[SMTP_TLS] = "tls",
	[SMTP_EHLO_TLS] = "ehlo_tls",
	[SMTP_MAIL] = "mail",
	[SMTP_RCPT] = "rcpt",
	[SMTP_RCPT_INVALID] = "rcpt_invalid",
	[SMTP_RCPT_RELAY] = "rcpt_relay",
	[SMTP_RSET] = "rset",
	[SMTP_QUIT] = "quit",
};

static const char *const step_texts[] = {
	[SMTP_CONNECT] = "the connection",
	[SMTP_GREETING] = "the greeting",
	[SMTP_EHLO] = "EHLO",
	[SMTP_STARTTLS] = "STARTTLS",
	[SMTP_TLS] = "TLS",
	[SMTP_EHLO_TLS] = "EHLO over TLS",
	[SMTP_MAIL] = "MAIL",
	[SMTP_RCPT] = "RCPT",
	[SMTP_RCPT_INVALID] = "RCPT of --rcpt-invalid",
	[SMTP_RCPT_RELAY] = "RCPT of --relay-test",
	[SMTP_RSET] = "RSET",
	[SMTP_QUIT] = "QUIT",
};

static const char *const outcome_words[] = {
	[SMTP_NOT_DONE] = "not_done",
	[SMTP_DONE] = "done",
	[SMTP_TIMED_OUT] = "timed_out",
	[SMTP_PORT_CLOSED] = "port_closed",
	[SMTP_UNREACHABLE] = "unreachable",
	[SMTP_CLOSED] = "closed",
	[SMTP_MALFORMED] = "malformed",
	[SMTP_TLS_FAILED] = "tls_failed",
	[SMTP_INJECTED] = "injected",
	[SMTP_OUR_FAULT] = "our_fault",
};

static const char *const outcome_texts[] = {
	[SMTP_NOT_DONE] = "was not tried",
	[SMTP_DONE] = "answered",
	[SMTP_TIMED_OUT] = "timed out",
	[SMTP_PORT_CLOSED] = "refused the connection",
	[SMTP_UNREACHABLE] = "is unreachable",
	[SMTP_CLOSED] = "cut the connection",
	[SMTP_MALFORMED] = "sent what is no SMTP reply",
	[SMTP_TLS_FAILED] = "failed the TLS handshake",
	[SMTP_INJECTED] = "sent plain text in place of TLS",
	[SMTP_OUR_FAULT] = "could not be tried from here",
};

static const char *const key_words[] = {
	[CERT_KEY_OTHER] = "other",
	[CERT_KEY_RSA] = "rsa",
	[CERT_KEY_EC] = "ec",
	[CERT_KEY_ED25519] = "ed25519",
	[CERT_KEY_ED448] = "ed448",
};

static const char *const chain_words[] = {
	[CERT_CHAIN_UNKNOWN] = "unknown",
	[CERT_CHAIN_VALID] = "valid",
	[CERT_CHAIN_INVALID] = "invalid",
};

static const char *const refusal_words[] = {
	[SMTP_REFUSAL_NONE] = "none",
	[SMTP_REFUSAL_SENDER] = "sender",
	[SMTP_REFUSAL_RECIPIENT] = "recipient",
	[SMTP_REFUSAL_UNSAID] = "unsaid",
	[SMTP_REFUSAL_GREYLIST] = "greylist",
	[SMTP_REFUSAL_FOR_NOW] = "for_now",
};

static const char *pick(const char *const *words, size_t n, unsigned value)
{
	return value < n ? words[value] : NULL;
}

const char *smtp_step_word(unsigned step)
{
	return pick(step_words, LENGTH(step_words), step);
}

const char *smtp_outcome_word(unsigned outcome)
{
	return pick(outcome_words, LENGTH(outcome_words), outcome);
}

const char *cert_key_word(unsigned key)
{
	return pick(key_words, LENGTH(key_words), key);
}

const char *cert_chain_word(unsigned chain)
{
	return pick(chain_words, LENGTH(chain_words), chain);
}

const char *smtp_refusal_word(unsigned refusal)
{
	return pick(refusal_words, LENGTH(refusal_words), refusal);
}

const char *smtp_step_text(enum smtp_step_id step)
{
	return step < SMTP_STEPS ? step_texts[step] : "a step";
}

const char *smtp_outcome_text(enum smtp_outcome outcome)
{
	return pick(outcome_texts, LENGTH(outcome_texts), outcome);
}

const char *smtp_tls_text(uint16_t version)
{
	switch (version) {
	case 0x0300:
		return "SSL 3";
	case 0x0301:
		return "TLS 1.0";
	case 0x0302:
		return "TLS 1.1";
	case 0x0303:
		return "TLS 1.2";
	case 0x0304:
		return "TLS 1.3";
	default:
		return version ? "an unknown version of TLS" : "no TLS";
	}
}

bool smtp_step_is(const struct smtp_step *step, unsigned class)
{
	return step->outcome == SMTP_DONE && step->code / 100U == class;
}

/* Up to three digits, without a needless zero before them; NULL: none. */
static const char *read_part(const char *s, uint16_t *out)
{
	const char *begin = s;
	unsigned value = 0;

	while (*s >= '0' && *s <= '9' && value <= ENHANCED_MAX)
		value = value * 10 + (unsigned)(*s++ - '0');
	if (s == begin || value > ENHANCED_MAX || s - begin > 3 ||
		(*begin == '0' && s - begin > 1))
		return NULL;
	*out = (uint16_t)value;
	return s;
}

struct smtp_enhanced smtp_enhanced_parse(
	uint16_t code, const char *text, const char **rest)
{
	struct smtp_enhanced out = { 0 };
	const char *s = text;

	*rest = text;
	if (!s || (*s != '2' && *s != '4' && *s != '5') ||
		*s - '0' != code / 100 || s[1] != '.')
		return out;
	s = read_part(s + 2, &out.subject);
	if (s && *s == '.')
		s = read_part(s + 1, &out.detail);
	else
		s = NULL;
	if (!s || (*s != '\0' && *s != ' ' && *s != '\t'))
		return (struct smtp_enhanced){ 0 };
	out.class = (uint8_t)(code / 100);
	*rest = s + strspn(s, " \t");
	return out;
}

static bool is_atext(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The length of what may stand in a local part at s: a character of an atom,
 * or one outside of ASCII that can be printed; 0: none. */
static size_t atom_len(const char *s)
{
	size_t len = text_utf8_len(s);

	if (len == 1)
		return is_atext(*s) ? 1 : 0;
	/* C1 controls: C2 80 to C2 9F. */
	if (len == 2 && (unsigned char)s[0] == 0xc2 &&
		(unsigned char)s[1] <= C1_LAST)
		return 0;
	return len;
}

/* Behind a quoted string at s, or NULL. */
static const char *skip_quoted(const char *s)
{
	for (s++; *s != '"'; s++) {
		if (*s == '\\')
			s++;
		if (*s < ' ' || *s >= DEL)
			return NULL;
	}
	return s + 1;
}

/* Behind the local part at s, or NULL. */
static const char *skip_local(const char *s)
{
	size_t len;

	if (*s == '"')
		return skip_quoted(s);
	for (;;) {
		if (atom_len(s) == 0)
			return NULL;
		while ((len = atom_len(s)) > 0)
			s += len;
		if (*s != '.')
			return s;
		s++;
	}
}

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool smtp_name_check(const char *s)
{
	const char *begin = s;
	size_t label = 0;

	for (; *s; s++) {
		if (*s == '.' ? label == 0 : !is_label_char(*s))
			return false;
		label = *s == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0 && s - begin < SMTP_DOMAIN_MAX;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3). */
static bool is_literal(const char *s)
{
	char inside[DNS_ADDR_TEXT];
	struct dns_addr addr;
	size_t len = strlen(s);

	if (len < 3 || s[0] != '[' || s[len - 1] != ']')
		return false;
	s++;
	len -= 2;
	if (strncasecmp(s, "IPv6:", 5) == 0) {
		s += 5;
		len -= 5;
	}
	if (len >= sizeof(inside))
		return false;
	memcpy(inside, s, len);
	inside[len] = '\0';
	return dns_addr_parse(inside, &addr);
}

const char *smtp_mailbox_check(const char *mailbox, const char **domain)
{
	const char *at;

	*domain = mailbox;
	if (strlen(mailbox) > SMTP_PATH_MAX)
		return "is longer than 254 bytes";
	at = skip_local(mailbox);
	if (!at || *at != '@' || at == mailbox)
		return "is not LOCAL-PART@DOMAIN";
	if (at - mailbox > SMTP_LOCAL_MAX)
		return "has a local part longer than 64 bytes";
	*domain = at + 1;
	if (!smtp_name_check(at + 1) && !is_literal(at + 1))
		return "has no valid domain behind the '@'";
	return NULL;
}

bool smtp_pattern_holds(const char *pattern, const char *host)
{
	if (strncmp(pattern, "*.", 2) == 0) {
		host = strchr(host, '.');
		if (!host || !strchr(pattern + 2, '.'))
			return false;
		return strcasecmp(pattern + 1, host) == 0;
	}
	return !strchr(pattern, '*') && strcasecmp(pattern, host) == 0;
}

static bool holds_addr(const struct cert *cert, const struct dns_addr *addr)
{
	size_t i;

	for (i = 0; i < cert->n_addrs; i++)
		if (dns_addr_compare(&cert->addrs[i], addr) == 0)
			return true;
	return false;
}

bool cert_holds_name(const struct cert *cert, const char *host)
{
	struct dns_addr addr;
	size_t i;

	if (dns_addr_parse(host, &addr))
		return holds_addr(cert, &addr);
	if (!cert->names.is_known)
		return cert->common_name &&
		       smtp_pattern_holds(cert->common_name, host);
	for (i = 0; i < cert->names.n; i++)
		if (smtp_pattern_holds(cert->names.at[i], host))
			return true;
	return false;
}
