/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_mx: would a sender's mail get in, through every mail exchanger, the
 * backup too?
 */
#include "config.h"

#include <string.h>

#include "common/dnscli/dns_config.h"
#include "common/mail/mx_rules.h"
#include "common/mailcli/mx_gather.h"
#include "common/mailcli/mx_past.h"
#include "common/mailcli/own_name.h"
#include "common/mailnet/certificate.h"
#include "common/tls/ca_bundle.h"

enum {
	TIMEOUT_MS = 50 * 1000, /* a monitor gives up after a minute */
	GREETING_MAX_US = 30 * 1000 * 1000,
};

/* Ten years: no certificate lives for longer. */
#define CERT_LIFE_MAX_MS (INT64_C(3650) * 86400 * 1000)

struct config {
	struct dns_config dns;
	const char *rcpt, *rcpt_invalid, *rcpt_relay;
	const char *mail_from, *helo;
	const char *ca_file, *next_cert, *control;
	struct string_list lost;
	uint64_t min_good;
	int64_t cert_warning_ms, cert_critical_ms;

	/* What check_config() makes of them. */
	struct mx_expect expect;
};

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct option_def options[] = {
	{ .kind = OPTION_STRING, .letter = 'H', .name = "hostname",
	  .argument = "DOMAIN", .offset = AT(dns.hostname), .is_required = true,
	  .help = "domain to check, as a name in any script" },
	{ .kind = OPTION_STRING, .name = "rcpt", .argument = "ADDRESS",
	  .offset = AT(rcpt),
	  .help = "mailbox of the domain that every exchanger is asked to "
		  "take mail for; none is ever sent" },
	{ .kind = OPTION_STRING, .name = "rcpt-invalid",
	  .argument = "ADDRESS", .offset = AT(rcpt_invalid),
	  .help = "mailbox that does not exist: warn where it is taken" },
	{ .kind = OPTION_STRING, .name = "relay-test",
	  .argument = "ADDRESS", .offset = AT(rcpt_relay),
	  .help = "mailbox of somebody else's domain: critical where an "
		  "exchanger would relay to it" },
	{ .kind = OPTION_STRING, .name = "mail-from", .argument = "ADDRESS",
	  .offset = AT(mail_from),
	  .help = "sender that is given; <> is that of bounces" },
	{ .kind = OPTION_STRING, .name = "helo", .argument = "NAME",
	  .offset = AT(helo),
	  .help = "name to introduce this host with, instead of its own" },
	{ .kind = OPTION_UINT, .name = "min-good", .argument = "NUMBER",
	  .offset = AT(min_good), .min = 0, .max = MX_EXCHANGERS_MAX,
	  .help = "exchangers wanted that would take mail" },
	{ .kind = OPTION_LIST, .name = "lost", .argument = "PREFIX|HOST",
	  .offset = AT(lost),
	  .help = "judge as if this network or exchanger were gone" },
	{ .kind = OPTION_STRING, .name = "control", .argument = "HOST",
	  .offset = AT(control),
	  .help = "host that takes mail elsewhere: tells whether port 25 is "
		  "closed from here, where no exchanger answers" },
	{ .kind = OPTION_STRING, .name = "ca-file", .argument = "FILE",
	  .offset = AT(ca_file),
	  .help = "CA certificates to trust, instead of those of this host" },
	{ .kind = OPTION_DURATION, .name = "cert-warning",
	  .argument = "DURATION", .offset = AT(cert_warning_ms), .min = 0,
	  .max = CERT_LIFE_MAX_MS,
	  .help = "judge all certificates, and warn so long before one ends" },
	{ .kind = OPTION_DURATION, .name = "cert-critical",
	  .argument = "DURATION", .offset = AT(cert_critical_ms), .min = 0,
	  .max = CERT_LIFE_MAX_MS,
	  .help = "the same for critical" },
	{ .kind = OPTION_STRING, .name = "next-cert", .argument = "FILE",
	  .offset = AT(next_cert),
	  .help = "certificate that is to come: warn where no TLSA record "
		  "fits it" },
	{ 0 },
};
/* clang-format on */

static void set_defaults(void *arg)
{
	struct config *config = arg;

	dns_config_defaults(&config->dns);
	config->dns.common.timeout_ms = TIMEOUT_MS;
	config->mail_from = "<>";
	config->min_good = 1;
	config->cert_warning_ms = config->cert_critical_ms = -1;
}

static bool is_ascii(const char *s)
{
	while (*s && (unsigned char)*s < 0x80)
		s++;
	return !*s;
}

/* With the domain in A-labels: not every server knows of others, even where
 * the name before them is plain (RFC 6531 section 3.1). */
static const char *plain_domain_of(struct arena *arena, const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');
	const char *name;

	if (!at || is_ascii(at) || dnsnet_read_name(arena, at + 1, &name))
		return mailbox;
	return arena_printf(
		arena, "%.*s@%s", (int)(at - mailbox), mailbox, name);
}

static const char *read_mailbox(struct arena *arena, const char *option,
	const char *typed, const char **out)
{
	const char *domain, *wrong;

	if (!typed)
		return NULL;
	*out = plain_domain_of(arena, typed);
	wrong = smtp_mailbox_check(*out, &domain);
	return wrong ? arena_printf(
			       arena, "%s: \"%s\" %s", option, typed, wrong)
		     : NULL;
}

/* What the domain takes for itself or for a part of it is no relaying. */
static bool is_own(
	struct arena *arena, const struct config *config, const char *mailbox)
{
	const char *domain, *name;

	return !smtp_mailbox_check(mailbox, &domain) &&
	       !dnsnet_read_name(arena, domain, &name) &&
	       dns_name_in(name, config->dns.dns.zone);
}

static const char *check_mailboxes(
	struct arena *arena, const struct config *config)
{
	const struct mx_expect *expect = &config->expect;
	const char *invalid = expect->rcpt_invalid;

	if (invalid && expect->rcpt && strcmp(invalid, expect->rcpt) == 0)
		return arena_printf(arena,
			"--rcpt-invalid: \"%s\" is that of --rcpt", invalid);
	if (expect->rcpt_relay && is_own(arena, config, expect->rcpt_relay))
		return arena_printf(arena,
			"--relay-test: \"%s\" is in the domain that is "
			"checked; permitted: others",
			config->rcpt_relay);
	return NULL;
}

static const char *read_mailboxes(struct arena *arena, struct config *config)
{
	struct mx_expect *expect = &config->expect;
	const char *wrong =
		read_mailbox(arena, "--rcpt", config->rcpt, &expect->rcpt);

	if (!wrong)
		wrong = read_mailbox(arena, "--rcpt-invalid",
			config->rcpt_invalid, &expect->rcpt_invalid);
	if (!wrong)
		wrong = read_mailbox(arena, "--relay-test", config->rcpt_relay,
			&expect->rcpt_relay);
	if (!wrong)
		wrong = check_mailboxes(arena, config);
	if (wrong)
		return wrong;
	expect->mail_from = "";
	if (strcmp(config->mail_from, "<>") == 0)
		return NULL;
	return read_mailbox(
		arena, "--mail-from", config->mail_from, &expect->mail_from);
}

static const char *read_lost(struct arena *arena, struct config *config)
{
	struct mx_expect *expect = &config->expect;
	struct dns_names *hosts = &expect->lost_hosts;
	size_t n = config->lost.n, i;

	expect->lost = arena_array(arena, n, sizeof(*expect->lost));
	hosts->at = arena_array(arena, n, sizeof(*hosts->at));
	for (i = 0; i < n; i++) {
		const char *typed = config->lost.at[i];
		const char *wrong;

		if (dns_prefix_parse(typed, &expect->lost[expect->n_lost])) {
			expect->n_lost++;
			continue;
		}
		wrong = strchr(typed, '/') ? "is no network"
					   : dnsnet_read_name(arena, typed,
						     &hosts->at[hosts->n]);
		if (wrong)
			return arena_printf(
				arena, "--lost: \"%s\" %s", typed, wrong);
		hosts->n++;
	}
	hosts->is_known = hosts->n > 0;
	return NULL;
}

static const char *read_next_cert(struct arena *arena, struct config *config)
{
	const char *wrong = NULL;

	if (config->next_cert)
		wrong = certificate_read_file(
			arena, config->next_cert, &config->expect.next_cert);
	return wrong ? arena_printf(arena, "--next-cert: \"%s\" %s",
			       config->next_cert, wrong)
		     : NULL;
}

static const char *check_ca_file(struct arena *arena, const char *path)
{
	const char *wrong = path ? ca_bundle_check(path) : NULL;

	return wrong ? arena_printf(arena, "--ca-file: \"%s\" %s", path, wrong)
		     : NULL;
}

static const char *check_control(
	struct arena *arena, const struct config *config)
{
	const char *name, *wrong = NULL;
	struct dns_addr addr;

	if (config->control && !dns_addr_parse(config->control, &addr))
		wrong = dnsnet_read_name(arena, config->control, &name);
	return wrong ? arena_printf(arena, "--control: \"%s\" %s",
			       config->control, wrong)
		     : NULL;
}

static const char *check_config(struct arena *arena, void *arg)
{
	struct config *config = arg;
	struct mx_expect *expect = &config->expect;
	const char *wrong = dns_config_check(arena, &config->dns);

	if (!wrong)
		wrong = read_mailboxes(arena, config);
	if (!wrong)
		wrong = read_lost(arena, config);
	if (!wrong)
		wrong = read_next_cert(arena, config);
	if (!wrong)
		wrong = check_ca_file(arena, config->ca_file);
	if (!wrong)
		wrong = check_control(arena, config);
	if (!wrong)
		wrong = own_name_check(arena, config->helo);
	expect->helo = config->helo ? config->helo : own_name(arena);
	expect->min_good = config->min_good;
	expect->greeting_max_us = GREETING_MAX_US;
	expect->permitted = config->dns.expect.permitted;
	expect->n_permitted = config->dns.expect.n_permitted;
	expect->cert_warning_s = dns_config_seconds(config->cert_warning_ms);
	expect->cert_critical_s = dns_config_seconds(config->cert_critical_ms);
	return wrong;
}

static const char *gather(struct run *run, struct mx *mx)
{
	const struct config *config = run->config;
	const struct dns_options dns = dns_config_options_of(run);
	const struct mx_gather_options all = {
		.dns = &dns,
		.ca_file = config->ca_file,
		.asn_db = config->dns.asn_db,
		.permits = &config->dns.expect,
	};

	return mx_gather(run->arena, &all, mx);
}

static void write_facts(struct json *json, const void *facts)
{
	mx_write_facts(json, facts);
}

static void run_check(struct run *run)
{
	const struct config *config = run->config;
	struct mx *mx = arena_alloc(run->arena, sizeof(*mx));
	struct store_place place;

	mx->domain = run->subject = config->dns.dns.zone;
	mx->typed = config->dns.dns.typed;
	mx->control.host = config->control;
	mx->expect = config->expect;
	mx->expect.now_s = run->now_s;
	run->failure = gather(run, mx);
	if (run->failure)
		return;
	place = dns_config_place(run);
	mx_past_recall(run->arena, &place, mx);
	run->facts = mx;
	if (config->dns.prints_facts) {
		run->raw_output = dns_config_facts(run->arena, write_facts, mx);
		return;
	}
	judge_all(&run->judge, mx);
	mx_measure(&run->judge, mx);
	if (mx->timeout_stage)
		judge_timed_out(&run->judge, mx->timeout_stage,
			run->common->timeout_result);
	run->summary = mx_summary(run->arena, mx);
}

static void write_json(struct json *json, const struct run *run)
{
	if (run->facts)
		mx_write_json(json, run->facts);
}

static void write_trace(
	struct text *out, const struct run *run, unsigned verbosity)
{
	if (run->facts)
		mx_write_trace(out, run->facts, verbosity);
}

int main(int argc, char **argv)
{
	const struct plugin check_mx = {
		.name = "check_mx",
		.label = "MX",
		.purpose = "Checks whether mail would get in through every "
			   "mail exchanger of a domain, and sends none.",
		.synopsis = "-H DOMAIN [--rcpt=ADDRESS] [options]",
		.options = options,
		.shared_options = &dns_config_options[DNS_CONFIG_WALK],
		.config_size = sizeof(struct config),
		.set_defaults = set_defaults,
		.check_config = check_config,
		.rules = mx_rules,
		.n_rules = n_mx_rules,
		.metrics = mx_metrics,
		.n_metrics = n_mx_metrics,
		.run = run_check,
		.write_json = write_json,
		.write_trace = write_trace,
	};

	return cli_main(&check_mx, argc, argv);
}
