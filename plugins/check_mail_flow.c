/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_mail_flow: does mail get through, how long does it take, is any
 * missing, and which hop holds it?
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/cli/cli.h"
#include "common/mail/flow_facts.h"
#include "common/mailcli/flow_key.h"
#include "common/mailcli/flow_run.h"
#include "common/mailcli/own_name.h"
#include "common/tls/ca_bundle.h"

enum {
	TIMEOUT_MS = 50 * 1000, /* a monitor gives up after a minute */
	MS_PER_S = 1000,
	CRITICAL_S = 15 * 60,
	PORT_SMTPS = 465,
	PORT_IMAPS = 993,
	PORT_POP3S = 995,
	SCAN_MAX = 6000,
	STATES_MAX = 8192, /* bytes of --list-states */
};

#define DAY_MS (INT64_C(86400) * 1000)

/* The words of --smtp-security; those of --mailbox-security are the first. */
enum security {
	SECURITY_AUTO,
	SECURITY_TLS,
	SECURITY_STARTTLS,
	SECURITY_PLAIN,
	SECURITY_OFFERED,
};

static const char *const mailbox_securities[] = { "auto", "tls", "starttls",
	"plain", NULL };
static const char *const smtp_securities[] = { "auto", "tls", "starttls",
	"plain", "offered", NULL };
static const char *const engines[] = { "auto", "libesmtp", "dialogue", NULL };

/* Folders that servers and their users put junk into, whatever is in front of
 * the last '/' or '.'. */
static const char *const junk_names[] = { "junk", "spam", "junk e-mail",
	"junk email", "junk mail", "junk-e-mail", "bulk", "bulk mail",
	"quarantine" };

/* Where a secret comes from: one of these at most. */
struct secret {
	const char *user, *password, *password_file, *token_file;
};

struct config {
	struct cli_config common;
	const char *from, *to;
	const char *smtp, *imap, *pop3;
	struct string_list vias, mailboxes, resolvers;
	int smtp_security, mailbox_security, engine;
	struct secret smtp_login, box_login;
	bool wants_dsn, takes_any_certificate, only_v4, only_v6;
	const char *helo, *authserv_id, *ca_file;
	int64_t every_ms, wait_ms, lost_after_ms;
	uint64_t recover, window, pop3_scan;
	int64_t cert_warning_ms, cert_critical_ms;
	const char *instance, *key_file, *state_dir;
	bool inits, lists_states;

	/* What check_config() makes of them. */
	struct flow_setup setup;
};

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct option_def options[] = {
	{ .kind = OPTION_HEADING, .help = "The way of the mail" },
	{ .kind = OPTION_STRING, .name = "from", .argument = "ADDRESS",
	  .offset = AT(from),
	  .help = "sender of the probes; bounces that come to the mailbox are "
		  "counted (required)" },
	{ .kind = OPTION_STRING, .name = "to", .argument = "ADDRESS",
	  .offset = AT(to),
	  .help = "recipient of the probes, whose mailbox is read "
		  "(required)" },
	{ .kind = OPTION_STRING, .name = "smtp", .argument = "HOST[:PORT]",
	  .offset = AT(smtp),
	  .help = "submission server, port 587 unless given; also as "
		  "smtp://[USER@]HOST[:PORT] or smtps:// (required, or "
		  "--via)" },
	{ .kind = OPTION_LIST, .name = "via", .argument = "HOST|ADDRESS",
	  .offset = AT(vias),
	  .help = "give the probe straight to this exchanger instead, and "
		  "demand that its trail shows it; of several, each run takes "
		  "the next; HOST:PORT where it is not 25" },
	{ .kind = OPTION_STRING, .name = "imap", .argument = "URL",
	  .offset = AT(imap),
	  .help = "mailbox to look for the probes in: "
		  "imap://USER@HOST[:PORT][/FOLDER] with STARTTLS, or "
		  "imaps:// (required, or --pop3)" },
	{ .kind = OPTION_STRING, .name = "pop3", .argument = "URL",
	  .offset = AT(pop3),
	  .help = "the same by POP3: pop3://USER@HOST[:PORT] with STLS, or "
		  "pop3s://" },
	{ .kind = OPTION_LIST, .name = "mailbox", .argument = "[junk=]FOLDER",
	  .offset = AT(mailboxes),
	  .help = "folder to look in, by IMAP: INBOX unless given; what "
		  "arrives in one with junk= in front, or whose name says so "
		  "(Junk, Spam ...), was taken for junk, but for one with "
		  "inbox= in front" },
	{ .kind = OPTION_FLAG, .name = "dsn", .offset = AT(wants_dsn),
	  .help = "ask for notifications of bounces and delays (RFC 3461)" },
	{ .kind = OPTION_STRING, .name = "authserv-id", .argument = "NAME",
	  .offset = AT(authserv_id),
	  .help = "the own receiver as it calls itself in "
		  "Authentication-Results: warn where SPF, DKIM or DMARC "
		  "failed there" },

	{ .kind = OPTION_HEADING, .help = "Time and numbers" },
	{ .kind = OPTION_DURATION, .name = "every", .argument = "DURATION",
	  .offset = AT(every_ms), .min = 0, .max = 30 * DAY_MS,
	  .help = "send no probe sooner than this after the last; each run "
		  "looks at what arrived" },
	{ .kind = OPTION_DURATION, .name = "wait", .argument = "DURATION",
	  .offset = AT(wait_ms), .min = 0, .max = 10 * 60 * 1000,
	  .help = "wait for the new probe to arrive, for so long; -t is "
		  "longer by that, where it is not given" },
	{ .kind = OPTION_DURATION, .name = "lost-after",
	  .argument = "DURATION", .offset = AT(lost_after_ms),
	  .min = 1000, .max = 30 * DAY_MS,
	  .help = "what did not arrive for so long is lost" },
	{ .kind = OPTION_UINT, .name = "recover", .argument = "NUMBER",
	  .offset = AT(recover), .min = 1, .max = FLOW_WINDOW_MAX,
	  .help = "probes that have to arrive in time after one was lost or "
		  "bounced until that is no alarm any more" },
	{ .kind = OPTION_UINT, .name = "window", .argument = "NUMBER",
	  .offset = AT(window), .min = 1, .max = FLOW_WINDOW_MAX,
	  .help = "settled probes that are judged and measured: the last of "
		  "them" },
	{ .kind = OPTION_UINT, .name = "pop3-scan", .argument = "NUMBER",
	  .offset = AT(pop3_scan), .min = 1, .max = SCAN_MAX,
	  .help = "messages that the first run looks at by POP3: the newest" },

	{ .kind = OPTION_HEADING, .help = "Login and TLS" },
	{ .kind = OPTION_CHOICE, .name = "smtp-security", .argument = "KIND",
	  .offset = AT(smtp_security), .choices = smtp_securities,
	  .help = "TLS with the submission server: auto is tls on port 465 "
		  "and with smtps://, else starttls; plain is none, also "
		  "where a password is sent; offered is starttls where "
		  "offered, without a login, and takes any certificate" },
	{ .kind = OPTION_STRING, .name = "smtp-user", .argument = "NAME",
	  .offset = AT(smtp_login.user),
	  .help = "log in at the submission server" },
	{ .kind = OPTION_STRING, .name = "smtp-password",
	  .argument = "PASSWORD", .offset = AT(smtp_login.password),
	  .is_secret = true, .is_off_argv = true,
	  .environment = "LIFELINE_SMTP_PASSWORD",
	  .help = "its password; not on the command line: in a file of "
		  "--extra-opts" },
	{ .kind = OPTION_STRING, .name = "smtp-password-file",
	  .argument = "FILE", .offset = AT(smtp_login.password_file),
	  .help = "file that holds nothing but the password" },
	{ .kind = OPTION_STRING, .name = "smtp-token-file",
	  .argument = "FILE", .offset = AT(smtp_login.token_file),
	  .help = "file that holds a bearer token of OAuth 2.0, read anew by "
		  "each run" },
	{ .kind = OPTION_CHOICE, .name = "mailbox-security",
	  .argument = "KIND", .offset = AT(mailbox_security),
	  .choices = mailbox_securities,
	  .help = "TLS with the mailbox's server: auto is tls on ports 993 "
		  "and 995 and with imaps:// and pop3s://, else starttls; "
		  "plain is none, and sends the password so" },
	{ .kind = OPTION_STRING, .name = "mailbox-user", .argument = "NAME",
	  .offset = AT(box_login.user),
	  .help = "whose mailbox it is, where the URL does not say so" },
	{ .kind = OPTION_STRING, .name = "mailbox-password",
	  .argument = "PASSWORD", .offset = AT(box_login.password),
	  .is_secret = true, .is_off_argv = true,
	  .environment = "LIFELINE_MAILBOX_PASSWORD",
	  .help = "its password; not on the command line: in a file of "
		  "--extra-opts" },
	{ .kind = OPTION_STRING, .name = "mailbox-password-file",
	  .argument = "FILE", .offset = AT(box_login.password_file),
	  .help = "file that holds nothing but the password" },
	{ .kind = OPTION_STRING, .name = "mailbox-token-file",
	  .argument = "FILE", .offset = AT(box_login.token_file),
	  .help = "file that holds a bearer token of OAuth 2.0, read anew by "
		  "each run" },
	{ .kind = OPTION_STRING, .name = "ca-file", .argument = "FILE",
	  .offset = AT(ca_file),
	  .help = "CA certificates to trust, instead of those of this host" },
	{ .kind = OPTION_FLAG, .name = "any-certificate",
	  .offset = AT(takes_any_certificate),
	  .help = "take whatever certificate both servers show" },
	{ .kind = OPTION_DURATION, .name = "cert-warning",
	  .argument = "DURATION", .offset = AT(cert_warning_ms), .min = 0,
	  .max = 3650 * DAY_MS,
	  .help = "warn so long before the certificate of a server ends" },
	{ .kind = OPTION_DURATION, .name = "cert-critical",
	  .argument = "DURATION", .offset = AT(cert_critical_ms), .min = 0,
	  .max = 3650 * DAY_MS,
	  .help = "the same for critical" },
	{ .kind = OPTION_STRING, .name = "helo", .argument = "NAME",
	  .offset = AT(helo),
	  .help = "name to introduce this host with, instead of its own" },
	{ .kind = OPTION_CHOICE, .name = "submit-with",
	  .argument = "WHICH", .offset = AT(engine), .choices = engines,
	  .help = "what submits the probe: auto is libesmtp where it can "
		  "(a host's name, starttls or none, a password), else the "
		  "dialogue of its own" },
	{ .kind = OPTION_FLAG, .letter = '4', .name = "use-ipv4",
	  .offset = AT(only_v4), .help = "use IPv4 only" },
	{ .kind = OPTION_FLAG, .letter = '6', .name = "use-ipv6",
	  .offset = AT(only_v6), .help = "use IPv6 only" },
	{ .kind = OPTION_LIST, .name = "resolver",
	  .argument = "ADDRESS[:PORT]", .offset = AT(resolvers),
	  .help = "resolver to ask instead of those of this host" },

	{ .kind = OPTION_HEADING, .help = "What is remembered" },
	{ .kind = OPTION_STRING, .name = "instance", .argument = "NAME",
	  .offset = AT(instance),
	  .help = "name of the probes and of their ledger, where several "
		  "checks have one mailbox; unless given, made of --from, "
		  "--to, --smtp, --via and the URL of the mailbox" },
	{ .kind = OPTION_STRING, .name = "key-file", .argument = "FILE",
	  .offset = AT(key_file),
	  .help = "key that probes are signed with, of --init" },
	{ .kind = OPTION_FLAG, .name = "init", .offset = AT(inits),
	  .is_for_argv = true,
	  .help = "make the key, and do nothing else" },
	{ .kind = OPTION_FLAG, .name = "list-states",
	  .offset = AT(lists_states), .is_for_argv = true,
	  .help = "print what can become of a probe, a line each (state, "
		  "event, state), and exit" },
	{ .kind = OPTION_STRING, .name = "state-dir",
	  .argument = "DIRECTORY", .offset = AT(state_dir),
	  .environment = "LIFELINE_STATE_DIR",
	  .help = "where the ledger is" },
	{ 0 },
};
/* clang-format on */

static void set_defaults(void *arg)
{
	struct config *config = arg;

	config->common.timeout_ms = TIMEOUT_MS;
	config->lost_after_ms = DAY_MS;
	config->recover = 3;
	config->window = 50;
	config->pop3_scan = MAILBOX_SCAN;
	config->cert_warning_ms = config->cert_critical_ms = -1;
	config->key_file = flow_key_path();
}

/* -- addresses ----------------------------------------------------------- */

static const char *check_address(
	struct arena *arena, const char *option, const char *typed)
{
	const char *domain, *wrong, *c;

	if (!typed)
		return arena_printf(arena, "%s ADDRESS is missing", option);
	wrong = smtp_mailbox_check(typed, &domain);
	for (c = typed; *c && !wrong; c++)
		if ((unsigned char)*c >= 0x80)
			wrong = "is not in ASCII";
	return wrong ? arena_printf(
			       arena, "%s: \"%s\" %s", option, typed, wrong)
		     : NULL;
}

static const char *check_addresses(struct arena *arena, struct config *config)
{
	const char *wrong = check_address(arena, "--from", config->from);

	if (!wrong)
		wrong = check_address(arena, "--to", config->to);
	config->setup.from = config->from;
	config->setup.to = config->to;
	return wrong;
}

/* -- servers ------------------------------------------------------------- */

/* A password in it is not repeated. */
static const char *read_place(struct arena *arena, const char *option,
	const char *typed, struct flow_place *out)
{
	const char *wrong = flow_place_read(arena, typed, out);

	if (!wrong)
		return NULL;
	return strchr(typed, '@') ? arena_printf(arena, "%s: what is given %s",
					    option, wrong)
				  : arena_printf(arena, "%s: \"%s\" %s", option,
					    typed, wrong);
}

static bool has_scheme(const struct flow_place *place, const char *scheme)
{
	return place->scheme && strcmp(place->scheme, scheme) == 0;
}

/* The kind that "auto" is. */
static enum security security_of(int typed, bool is_tls)
{
	if (typed != SECURITY_AUTO)
		return (enum security)typed;
	return is_tls ? SECURITY_TLS : SECURITY_STARTTLS;
}

static const char *check_login(struct arena *arena, const char *which,
	struct secret *login, bool needs_user)
{
	int n = (login->password != NULL) + (login->password_file != NULL) +
		(login->token_file != NULL);

	if (n > 1)
		return arena_printf(arena,
			"--%s-password, --%s-password-file, "
			"--%s-token-file: only one of them can be given",
			which, which, which);
	if (login->user && n == 0)
		return arena_printf(arena,
			"--%s-user: needs --%s-password-file, "
			"--%s-token-file or a password in --extra-opts",
			which, which, which);
	if (!login->user && (n > 0 || needs_user))
		return arena_printf(arena, "--%s-user NAME is missing", which);
	return NULL;
}

static const char *read_smtp_kind(struct arena *arena, struct config *config)
{
	static const enum submit_security kinds[] = {
		[SECURITY_TLS] = SUBMIT_TLS,
		[SECURITY_STARTTLS] = SUBMIT_STARTTLS,
		[SECURITY_PLAIN] = SUBMIT_PLAIN,
		[SECURITY_OFFERED] = SUBMIT_AS_OFFERED,
	};
	const struct flow_place *place = &config->setup.smtp;
	bool is_smtps =
		has_scheme(place, "smtps") || has_scheme(place, "submissions");
	enum security kind = security_of(
		config->smtp_security, is_smtps || place->port == PORT_SMTPS);

	if (place->scheme && !is_smtps && !has_scheme(place, "smtp") &&
		!has_scheme(place, "submission"))
		return arena_printf(arena,
			"--smtp: \"%s://\" is no scheme of it; permitted: "
			"smtp, smtps",
			place->scheme);
	if (place->path)
		return "--smtp: has a path";
	if (kind == SECURITY_OFFERED && config->smtp_login.user)
		return "--smtp-security offered: --smtp-user could log in "
		       "without TLS; permitted: starttls, tls, plain";
	config->setup.smtp_security = kinds[kind];
	return NULL;
}

static const char *read_smtp(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;
	const char *wrong;

	if (!config->smtp)
		return config->vias.n > 0
			       ? NULL
			       : "--smtp HOST[:PORT] is missing, or --via";
	wrong = read_place(arena, "--smtp", config->smtp, &setup->smtp);
	if (wrong)
		return wrong;
	if (!config->smtp_login.user)
		config->smtp_login.user = setup->smtp.user;
	wrong = check_login(arena, "smtp", &config->smtp_login, false);
	return wrong ? wrong : read_smtp_kind(arena, config);
}

static const char *read_vias(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;
	struct flow_place *vias =
		arena_array(arena, config->vias.n + 1, sizeof(*vias));
	const char *wrong = NULL;
	size_t i;

	setup->vias = vias;
	setup->n_vias = config->vias.n;
	setup->via_security = SUBMIT_AS_OFFERED;
	for (i = 0; i < config->vias.n && !wrong; i++) {
		wrong = read_place(
			arena, "--via", config->vias.at[i], &vias[i]);
		if (!wrong && (vias[i].scheme || vias[i].user || vias[i].path))
			wrong = "--via: only a host or an address is permitted";
	}
	if (!wrong && config->vias.n > FLOW_WAYS_MAX)
		wrong = "--via: is given too often; permitted: 16 times";
	return wrong;
}

/* -- the mailbox --------------------------------------------------------- */

static bool is_junk_name(const char *name)
{
	const char *last = name + strlen(name);
	size_t i;

	while (last > name && last[-1] != '/' && last[-1] != '.')
		last--;
	for (i = 0; i < sizeof(junk_names) / sizeof(junk_names[0]); i++)
		if (strcasecmp(last, junk_names[i]) == 0)
			return true;
	return false;
}

/* One name of all is the same in any case of letters (RFC 9051 section 5.1).
 */
static bool is_same_folder(const char *one, const char *other)
{
	return strcmp(one, other) == 0 ||
	       (strcasecmp(one, "INBOX") == 0 &&
		       strcasecmp(other, "INBOX") == 0);
}

static const char *add_folder(
	struct arena *arena, struct flow_setup *setup, const char *typed)
{
	struct flow_folder folder = { .name = typed };
	size_t i;

	if (strncmp(typed, "junk=", 5) == 0)
		folder = (struct flow_folder){ typed + 5, true };
	else if (strncmp(typed, "inbox=", 6) == 0)
		folder.name = typed + 6;
	else
		folder.is_junk = is_junk_name(typed);
	if (*folder.name == '\0' || strlen(folder.name) > MAILBOX_NAME_MAX)
		return arena_printf(
			arena, "--mailbox: \"%s\" is no folder", typed);
	for (i = 0; i < setup->n_folders; i++)
		if (is_same_folder(setup->folders[i].name, folder.name))
			return arena_printf(arena,
				"--mailbox: \"%s\" is given twice",
				folder.name);
	if (setup->n_folders == MAILBOX_FOLDERS_MAX)
		return "--mailbox: is given too often; permitted: 8 times";
	setup->folders[setup->n_folders++] = folder;
	return NULL;
}

static const char *read_folders(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;
	const char *wrong = NULL;
	size_t i;

	if (setup->is_pop3) {
		if (config->mailboxes.n > 0 || setup->box.path)
			return "--pop3: has one mailbox, and no folders";
		return NULL;
	}
	if (setup->box.path)
		wrong = add_folder(arena, setup, setup->box.path);
	for (i = 0; i < config->mailboxes.n && !wrong; i++)
		wrong = add_folder(arena, setup, config->mailboxes.at[i]);
	if (!wrong && setup->n_folders == 0)
		wrong = add_folder(arena, setup, "INBOX");
	return wrong;
}

static const char *read_box_kind(struct arena *arena, struct config *config)
{
	static const enum mailbox_security kinds[] = {
		[SECURITY_TLS] = MAILBOX_TLS,
		[SECURITY_STARTTLS] = MAILBOX_STARTTLS,
		[SECURITY_PLAIN] = MAILBOX_PLAIN,
	};
	struct flow_setup *setup = &config->setup;
	const char *plain = setup->is_pop3 ? "pop3" : "imap";
	const char *tls = setup->is_pop3 ? "pop3s" : "imaps";
	uint16_t port = setup->box.port;

	if (setup->box.scheme && !has_scheme(&setup->box, plain) &&
		!has_scheme(&setup->box, tls))
		return arena_printf(arena,
			"--%s: \"%s://\" is no scheme of it; permitted: %s, "
			"%s",
			plain, setup->box.scheme, plain, tls);
	setup->box_security = kinds[security_of(config->mailbox_security,
		has_scheme(&setup->box, tls) ||
			port == (setup->is_pop3 ? PORT_POP3S : PORT_IMAPS))];
	return NULL;
}

static const char *read_box(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;
	const char *wrong;

	if (!config->imap == !config->pop3)
		return config->imap ? "--imap --pop3: only one of them can be "
				      "given"
				    : "--imap URL is missing, or --pop3";
	setup->is_pop3 = config->pop3 != NULL;
	wrong = read_place(arena, setup->is_pop3 ? "--pop3" : "--imap",
		setup->is_pop3 ? config->pop3 : config->imap, &setup->box);
	if (!wrong)
		wrong = read_box_kind(arena, config);
	if (wrong)
		return wrong;
	if (!config->box_login.user)
		config->box_login.user = setup->box.user;
	wrong = check_login(arena, "mailbox", &config->box_login, true);
	return wrong ? wrong : read_folders(arena, config);
}

/* -- secrets ------------------------------------------------------------- */

/* What can't be read now is no wrong use: a token may be on its way. Returns
 * why not. */
static const char *read_secret(struct arena *arena, const struct config *config,
	const struct secret *login, const char **out)
{
	const char *file =
		login->token_file ? login->token_file : login->password_file;
	const char *wrong;

	*out = login->password;
	if (!file)
		return NULL;
	wrong = flow_secret_read(
		arena, file, config->common.permits_open_secrets, out);
	return wrong ? arena_printf(arena, "%s %s", file, wrong) : NULL;
}

static void read_secrets(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;

	if (config->smtp_login.user && config->smtp) {
		setup->smtp_user = config->smtp_login.user;
		setup->smtp_auth = config->smtp_login.token_file
					   ? SUBMIT_BEARER
					   : SUBMIT_PASSWORD;
		setup->smtp_wrong = read_secret(arena, config,
			&config->smtp_login, &setup->smtp_secret);
	}
	setup->box_user = config->box_login.user;
	setup->box_auth = config->box_login.token_file ? MAILBOX_BEARER
						       : MAILBOX_PASSWORD;
	setup->box_wrong = read_secret(
		arena, config, &config->box_login, &setup->box_secret);
}

/* -- numbers ------------------------------------------------------------- */

static bool is_of_delay(const char *typed)
{
	const char *equals = strchr(typed, '=');

	return !equals || strncmp(typed, "delay=", 6) == 0;
}

/* The range of the delay that counts: the last. */
static const char *delay_range(
	struct arena *arena, struct string_list *list, const char *usual)
{
	const char **at;
	size_t i;

	for (i = list->n; i > 0; i--)
		if (is_of_delay(list->at[i - 1]))
			return strncmp(list->at[i - 1], "delay=", 6) == 0
				       ? list->at[i - 1] + 6
				       : list->at[i - 1];
	at = arena_grow(arena, list->at, list->n, list->n + 1, sizeof(*at));
	at[list->n++] = usual;
	list->at = at;
	return usual;
}

/* Whoever is content with half an hour does not mean a quarter to be
 * critical. */
static const char *usual_critical(
	struct arena *arena, const struct range *warning)
{
	bool is_longer = warning->is_set && !warning->alerts_inside &&
			 warning->high > CRITICAL_S &&
			 warning->high < (double)DAY_MS;

	return is_longer ? arena_printf(arena, "%.0f", 3 * warning->high)
			 : "15m";
}

/* Late is what -w says, else what -c says. */
static void read_delays(struct arena *arena, struct config *config)
{
	struct range warning = { .is_set = false };
	struct range critical = { .is_set = false };
	double late_s = 5 * 60;

	(void)range_parse(delay_range(arena, &config->common.warnings, "5m"),
		false, &warning);
	(void)range_parse(delay_range(arena, &config->common.criticals,
				  usual_critical(arena, &warning)),
		false, &critical);
	if (warning.is_set && !warning.alerts_inside &&
		warning.high < (double)DAY_MS)
		late_s = warning.high;
	else if (critical.is_set && !critical.alerts_inside &&
		 critical.high < (double)DAY_MS)
		late_s = critical.high;
	config->setup.limits = (struct flow_limits){
		.late_ms = (int64_t)(late_s * MS_PER_S),
		.lost_ms = config->lost_after_ms,
		.window = (size_t)config->window,
		.recover = (size_t)config->recover,
	};
}

static int64_t seconds_of(int64_t ms)
{
	return ms < 0 ? -1 : ms / MS_PER_S;
}

static void read_numbers(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;

	read_delays(arena, config);
	setup->every_ms = config->every_ms;
	setup->wait_ms = config->wait_ms;
	setup->pop3_scan = (size_t)config->pop3_scan;
	setup->cert_warning_s = seconds_of(config->cert_warning_ms);
	setup->cert_critical_s = seconds_of(config->cert_critical_ms);
	if (config->wait_ms > 0 && config->common.timeout_ms == TIMEOUT_MS)
		config->common.timeout_ms += config->wait_ms;
}

/* -- the rest ------------------------------------------------------------ */

/* FNV-1a */
static uint32_t hash_of(uint32_t hash, const char *s)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * UINT32_C(16777619);
	/* Ends it, so that no two lists of words are one. */
	return (hash ^ 0xffU) * UINT32_C(16777619);
}

/* "user-1f2e3d4c": one ledger for one way of the mail. */
static const char *usual_instance(
	struct arena *arena, const struct config *config)
{
	const char *const words[] = { config->from, config->to, config->smtp,
		config->imap, config->pop3 };
	uint32_t hash = UINT32_C(2166136261);
	size_t len = strspn(config->to, "abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_");
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		hash = hash_of(hash, words[i] ? words[i] : "");
	for (i = 0; i < config->vias.n; i++)
		hash = hash_of(hash, config->vias.at[i]);
	return arena_printf(arena, "%.*s%s%08lx", len < 32 ? (int)len : 32,
		config->to, len > 0 ? "-" : "", (unsigned long)hash);
}

static const char *read_instance(struct arena *arena, struct config *config)
{
	const char *typed = config->instance;

	config->setup.instance = typed ? typed : usual_instance(arena, config);
	return flow_instance_check(config->setup.instance)
		       ? NULL
		       : arena_printf(arena,
				 "--instance: \"%s\" is no name; permitted: "
				 "letters, digits, -, _ and single dots "
				 "inside, up to %d",
				 typed, FLOW_INSTANCE_MAX);
}

static const char *read_resolvers(struct arena *arena, struct config *config)
{
	struct resolver_options *resolver = &config->setup.resolver;
	size_t i;

	if (config->only_v4 && config->only_v6)
		return "-4 -6: only one of them can be given";
	resolver->use_v4 = !config->only_v6;
	resolver->use_v6 = !config->only_v4;
	if (config->resolvers.n > RESOLVER_SERVERS_MAX)
		return "--resolver: is given too often; permitted: 8 times";
	for (i = 0; i < config->resolvers.n; i++)
		if (!resolver_server_parse(arena, config->resolvers.at[i],
			    &resolver->servers[i]))
			return arena_printf(arena,
				"--resolver: \"%s\" is no address, nor one "
				"with a port",
				config->resolvers.at[i]);
	resolver->n_servers = config->resolvers.n;
	return NULL;
}

/* What the library has no means for, though it was asked for by name. */
static const char *check_engine(
	struct arena *arena, const struct config *config)
{
	const struct flow_setup *setup = &config->setup;
	const char *wrong = NULL;

	if (config->engine != FLOW_ENGINE_LIBESMTP)
		return NULL;
#ifndef HAVE_ESMTP
	wrong = "is not there: this was built without it";
#endif
	if (config->vias.n > 0 || setup->smtp.is_address)
		wrong = "takes no address and no --via";
	else if (config->only_v4 || config->only_v6 || config->resolvers.n > 0)
		wrong = "looks names up by itself, without -4, -6, --resolver";
	else if (setup->smtp_security == SUBMIT_TLS)
		wrong = "has no TLS from the first byte on";
	else if (config->smtp_login.token_file)
		wrong = "can't log in by a token";
	return wrong ? arena_printf(arena,
			       "--submit-with libesmtp: %s; permitted: "
			       "dialogue",
			       wrong)
		     : NULL;
}

/* A monitor stands wherever it was started. */
static const char *check_paths(struct arena *arena, struct config *config)
{
	const char *dir = config->state_dir;
	const char *wrong = NULL;

	if (dir && *dir != '\0' && *dir != '/')
		return arena_printf(arena,
			"--state-dir: \"%s\" is not an absolute path", dir);
	if (*config->key_file != '/')
		return arena_printf(arena,
			"--key-file: \"%s\" is not an absolute path",
			config->key_file);
	if (config->ca_file)
		wrong = ca_bundle_check(config->ca_file);
	return wrong ? arena_printf(arena, "--ca-file: \"%s\" %s",
			       config->ca_file, wrong)
		     : NULL;
}

static const char *check_rest(struct arena *arena, struct config *config)
{
	struct flow_setup *setup = &config->setup;
	const char *wrong = own_name_check(arena, config->helo);

	if (!wrong)
		wrong = read_resolvers(arena, config);
	if (!wrong)
		wrong = check_engine(arena, config);
	if (!wrong)
		wrong = read_instance(arena, config);
	setup->helo = config->helo;
	setup->ca_file = config->ca_file;
	setup->authserv_id = config->authserv_id;
	setup->takes_any_certificate = config->takes_any_certificate;
	setup->wants_dsn = config->wants_dsn;
	setup->engine = (enum flow_engine)config->engine;
	read_numbers(arena, config);
	return wrong;
}

static const char *check_config(struct arena *arena, void *arg)
{
	struct config *config = arg;
	const char *wrong = check_paths(arena, config);

	if (wrong || config->inits || config->lists_states)
		return wrong;
	wrong = check_addresses(arena, config);
	if (!wrong)
		wrong = read_smtp(arena, config);
	if (!wrong)
		wrong = read_vias(arena, config);
	if (!wrong)
		wrong = read_box(arena, config);
	if (!wrong)
		wrong = check_rest(arena, config);
	if (!wrong)
		read_secrets(arena, config);
	return wrong;
}

/* -- a run --------------------------------------------------------------- */

static struct store_place place_of(const struct run *run)
{
	const struct config *config = run->config;
	bool is_chosen = config->state_dir && *config->state_dir;

	return (struct store_place){
		.dir = is_chosen ? config->state_dir : LIFELINE_STATE_DIR,
		.is_chosen = is_chosen,
		.now_s = run->now_s,
		.deadline_us = run->deadline_us,
	};
}

/* --list-states */
static const char *list_states(struct arena *arena)
{
	struct text out;
	const char *listed;
	size_t i;

	text_init(&out, STATES_MAX);
	for (i = 0; i < flow_n_steps; i++)
		text_printf(&out, "%s\t%s\t%s\n",
			flow_state_word(flow_steps[i].from),
			flow_what_word(flow_steps[i].what),
			flow_state_word(flow_steps[i].to));
	listed = arena_strdup(arena, out.data);
	text_release(&out);
	return listed;
}

/* --init: OK once, since it never replaces a key. */
static void make_key(struct run *run)
{
	const struct config *config = run->config;
	uint8_t key[FLOW_KEY_LEN];
	char id[FLOW_KEY_ID_TEXT];
	const char *wrong = flow_key_make(
		run->arena, config->key_file, place_of(run).dir, key);

	run->subject = config->key_file;
	run->failure = wrong;
	if (wrong)
		return;
	flow_key_id(key, id);
	run->summary = arena_printf(run->arena,
		"key made, to be read by this user only; id %s", id);
}

/* What becomes of mail; and where something is wrong, who holds it. */
static void tell(struct run *run, const struct flow *flow)
{
	const char *holder = flow_holder(run->arena, flow);

	run->summary = flow_summary(run->arena, flow);
	if (flow->n_mailboxes > 0 && flow->mailboxes[0].n_left_out > 0)
		run->summary = arena_printf(run->arena,
			"%s; %zu older messages were not looked at",
			run->summary, flow->mailboxes[0].n_left_out);
	if (flow->waited_ms > 0)
		run->summary = arena_printf(run->arena,
			"%s; the new one did not arrive within %.1f s",
			run->summary, (double)flow->waited_ms / MS_PER_S);
	run->outlook = run->summary;
	if (holder)
		run->outlook = arena_printf(
			run->arena, "%s; %s", run->summary, holder);
}

static void judge(struct run *run, struct flow *flow)
{
	judge_all(&run->judge, flow);
	flow_measure(&run->judge, flow);
	if (flow->timeout_stage)
		judge_timed_out(&run->judge, flow->timeout_stage,
			run->common->timeout_result);
	run->facts = flow;
	if (flow->has_ledger)
		tell(run, flow);
}

static void run_check(struct run *run)
{
	const struct config *config = run->config;
	const struct flow_setup *setup = &config->setup;
	struct flow *flow = arena_alloc(run->arena, sizeof(*flow));
	uint8_t key[FLOW_KEY_LEN] = { 0 };
	struct flow_run_options all = { .setup = setup,
		.key = key,
		.place = place_of(run),
		.start_us = run->start_us,
		.deadline_us = run->deadline_us,
		.start_ms = run->start_ms };

	if (config->lists_states) {
		run->raw_output = list_states(run->arena);
		return;
	}
	if (config->inits) {
		make_key(run);
		return;
	}
	run->subject =
		arena_printf(run->arena, "%s to %s", setup->from, setup->to);
	*flow = (struct flow){ .instance = setup->instance,
		.from = setup->from,
		.to = setup->to,
		.now_ms = run->start_ms,
		.limits = setup->limits,
		.authserv_id = setup->authserv_id,
		.cert_warning_s = setup->cert_warning_s,
		.cert_critical_s = setup->cert_critical_s };
	flow->key_wrong = flow_key_read(run->arena, config->key_file,
		all.place.dir, run->common->permits_open_secrets, key);
	if (flow->key_wrong)
		flow->key_wrong = arena_printf(
			run->arena, "%s %s", config->key_file, flow->key_wrong);
	else
		run->failure = flow_run(run->arena, &all, flow);
	if (!run->failure)
		judge(run, flow);
}

static void write_json(struct json *json, const struct run *run)
{
	if (run->facts)
		flow_write_json(json, run->facts);
}

static void write_trace(
	struct text *out, const struct run *run, unsigned verbosity)
{
	if (run->facts)
		flow_write_trace(out, run->facts, verbosity);
}

int main(int argc, char **argv)
{
	const struct plugin check_mail_flow = {
		.name = "check_mail_flow",
		.label = "MAIL FLOW",
		.purpose = "Checks that mail gets through, by probes that it "
			   "sends and looks for in a mailbox: how long they "
			   "take, that none is missing, and where they are "
			   "held.",
		.synopsis = "--from=ADDRESS --to=ADDRESS --smtp=HOST "
			    "--imap=URL ...",
		.options = options,
		.config_size = sizeof(struct config),
		.set_defaults = set_defaults,
		.check_config = check_config,
		.rules = flow_rules,
		.n_rules = n_flow_rules,
		.metrics = flow_metrics,
		.n_metrics = n_flow_metrics,
		.run = run_check,
		.write_json = write_json,
		.write_trace = write_trace,
	};

	return cli_main(&check_mail_flow, argc, argv);
}
