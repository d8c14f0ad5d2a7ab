/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What strangers say of mail: a record and a policy of MTA-STS, a TLSA record,
 * a certificate's name, the text of a reply; and a mailbox as a user types it.
 * The first byte says which.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mail/mx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(struct arena *arena, const char *s)
{
	struct mx_sts sts = { .txt = &s, .n_txt = 1 };

	mx_sts_read(arena, &sts);
	if (sts.n_records > 1 || (sts.id && sts.wrong) ||
		(sts.id && (*sts.id == '\0' || strlen(sts.id) > 32)))
		abort();
	for (const char *c = sts.id; c && *c; c++)
		if (!((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= 'a' && *c <= 'z')))
			abort();
	if (sts.n_records == 1 && !sts.id && !sts.wrong)
		abort();
}

/* What holds of every policy that is taken. */
static void check_good_policy(
	struct arena *arena, const struct mx_policy *policy, const char *s)
{
	size_t n = policy->patterns.n;

	if (!policy->has_max_age || policy->max_age_s > 9999999999 ||
		policy->mode == MX_STS_NO_MODE)
		abort();
	if (n == 0 && policy->mode != MX_STS_NONE)
		abort();
	if (!mx_policy_equals(arena, policy, s) || !text_is_utf8(s))
		abort();
	for (size_t i = 1; i < n; i++)
		if (strcmp(policy->patterns.at[i - 1],
			    policy->patterns.at[i]) >= 0)
			abort();
}

static void check_policy(struct arena *arena, const char *s)
{
	struct mx_sts sts = { .policy_text = s };

	mx_sts_read(arena, &sts);
	if (sts.policy.patterns.n > MX_PATTERNS_MAX)
		abort();
	for (size_t i = 0; i < sts.policy.patterns.n; i++) {
		const char *pattern = sts.policy.patterns.at[i];

		if (*pattern != '*' && !mx_policy_holds(&sts.policy, pattern))
			abort();
	}
	if (!sts.policy.wrong)
		check_good_policy(arena, &sts.policy, s);
}

static void check_tlsa(struct arena *arena, const char *s)
{
	struct mx_tlsa tlsa = { 0 };
	struct cert cert = { .der = NULL };

	if (mx_tlsa_parse(arena, s, &tlsa) != NULL)
		return;
	if (strlen(tlsa.data) % 2 != 0 ||
		strspn(tlsa.data, "0123456789abcdef") != strlen(tlsa.data))
		abort();
	mx_tlsa_is_usable(&tlsa);
	if (mx_tlsa_matches(&tlsa, &cert))
		abort();
	cert.der = cert.sha256 = cert.sha512 = tlsa.data;
	cert.spki = cert.spki_sha256 = cert.spki_sha512 = tlsa.data;
	if (mx_tlsa_is_usable(&tlsa) && !mx_tlsa_matches(&tlsa, &cert))
		abort();
}

static void check_reply(const char *s)
{
	struct smtp_session session = { .local_text = "192.0.2.9" };

	for (unsigned id = SMTP_GREETING; id < SMTP_STEPS; id++) {
		struct smtp_step *step = &session.steps[id];
		enum smtp_refusal refusal;

		step->outcome = SMTP_DONE;
		step->code = *s == '4' ? 450 : 550;
		step->enhanced =
			smtp_enhanced_parse(step->code, s, &step->text);
		refusal = smtp_refusal_of(
			&session, (enum smtp_step_id)id, "monitor.example");
		if (refusal == SMTP_REFUSAL_NONE ||
			(refusal >= SMTP_REFUSAL_GREYLIST) !=
				(step->code == 450 &&
					refusal != SMTP_REFUSAL_SENDER))
			abort();
	}
}

static void check_names(const char *s)
{
	struct cert cert = { .names = { true, 1, &s } };
	struct dns_addr addr;
	const char *domain = NULL;

	if (smtp_mailbox_check(s, &domain) == NULL) {
		if (strlen(s) > SMTP_PATH_MAX || domain <= s ||
			domain[-1] != '@' || *domain == '\0')
			abort();
		for (const char *c = s; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				abort();
	}
	/* An address, which looks like a name, is no name of a certificate. */
	if (smtp_name_check(s) &&
		cert_holds_name(&cert, s) == dns_addr_parse(s, &addr))
		abort();
	cert_holds_name(&cert, "mx1.example.org");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;
	const char *s;

	if (size == 0 || size > MX_POLICY_MAX)
		return 0;
	arena = arena_new(16 * 1024 * 1024);
	s = arena_strndup(arena, (const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'r':
		check_record(arena, s);
		break;
	case 'p':
		check_policy(arena, s);
		break;
	case 't':
		check_tlsa(arena, s);
		break;
	case 's':
		check_reply(s);
		break;
	default:
		check_names(s);
		break;
	}
	arena_free(arena);
	return 0;
}
