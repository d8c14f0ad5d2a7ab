/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nothing counts but a token that only who has the key can make. What has none
 * is somebody's mail: it is not touched, and not looked at twice where the
 * server's numbers can tell.
 */
#include "config.h"

#include "common/mailcli/flow_collect.h"

#include <string.h>
#include <strings.h>

#include "common/core/clock.h"
#include "common/core/text.h"
#include "common/mail/dsn.h"
#include "common/mail/flow_message.h"
#include "common/mail/header.h"
#include "common/mail/mail_date.h"
#include "common/mailcli/flow_lookup.h"

enum {
	CONNECT_US = 10 * 1000 * 1000,
	/* Of the time; then what is left is for the next run: a POP3 server
	 * far away may take a minute for the headers of its first one. */
	READ_SHARE = 2,
	SCRATCH_MAX = 1024 * 1024,
	SLACK_MS = 24 * 60 * 60 * 1000, /* clocks are off by less */
	RESULTS_MAX = 16, /* Authentication-Results of a message */
	SAID_MAX = FLOW_REASON_MAX,
};

/* A message that is ours, and the event that it makes. */
struct own {
	struct mailbox_id id;
	size_t event;
};

struct flow_collect {
	const struct flow_net *net;
	const struct flow_ledger *ledger;
	const struct flow_seen_file *seen;
	void (*fn)(void *arg);
	void *arg;

	struct flow_lookup lookup;
	struct mailbox_options options;
	struct mailbox_ask ask;
	struct mailbox_folder folders[MAILBOX_FOLDERS_MAX];
	struct mailbox *mailbox;

	struct flow_event *events;
	size_t n_events, cap_events;
	struct own *owns;
	size_t n_owns, cap_owns;
	struct flow_arrival *arrivals;
	size_t *arrival_events; /* their places */
	size_t n_arrivals;
	int64_t begin_us;
	int64_t since_ms; /* no notification that matters is older */

	/* Where the mailbox was not even begun. */
	enum flow_outcome outcome;
	const char *said;
	struct flow_service *services;
	size_t n_services;
	bool is_read, is_gone;
};

/* -- tokens -------------------------------------------------------------- */

static bool is_ours(
	const struct flow_collect *collect, const struct flow_token *token)
{
	return strcmp(token->instance, collect->net->setup->instance) == 0 &&
	       flow_token_verify(token, collect->net->key);
}

static bool token_of(const struct flow_collect *collect, struct arena *scratch,
	const char *header, struct flow_token *token)
{
	const struct flow_header fields = {
		.own = header_first(scratch, header, FLOW_HEADER),
		.message_id = header_first(scratch, header, "Message-ID"),
		.subject = header_first(scratch, header, "Subject"),
		.from = header_first(scratch, header, "From"),
		.auto_submitted =
			header_first(scratch, header, "Auto-Submitted"),
		.content_type = header_first(scratch, header, "Content-Type"),
		.in_reply_to = header_first(scratch, header, "In-Reply-To"),
		.references = header_first(scratch, header, "References"),
	};
	struct flow_token tokens[FLOW_TOKENS_MAX];
	size_t n, i;

	n = flow_message_tokens(&fields, collect->net->setup->from, tokens);
	for (i = 0; i < n; i++) {
		*token = tokens[i];
		if (is_ours(collect, token))
			return true;
	}
	return false;
}

/* -- what a message tells ------------------------------------------------ */

/* FNV-1a */
static uint32_t hash_of(uint32_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (; len > 0; len--)
		hash = (hash ^ *at++) * UINT32_C(16777619);
	return hash;
}

#define HASH_BASIS UINT32_C(2166136261)

/*
 * By IMAP its text and its place, so that a copy is told from the same message
 * that is seen again; where the folder got other numbers, one with the same
 * text is the same.
 */
static uint64_t print_of(const struct flow_collect *collect,
	const struct mailbox_message *message, const struct flow_token *token)
{
	const struct mailbox_folder_facts *folder =
		&mailbox_facts(collect->mailbox)->folders[message->folder];
	const struct flow_probe wanted = { .series = token->series,
		.number = token->number,
		.sent_ms = token->sent_ms };
	const struct flow_probe *probe = flow_find(collect->ledger, &wanted);
	uint32_t place = hash_of(HASH_BASIS, &folder->uid_validity,
		sizeof(folder->uid_validity));
	uint64_t text =
		hash_of(HASH_BASIS, message->header, strlen(message->header));
	size_t i;

	if (collect->net->setup->is_pop3)
		return message->print;
	for (i = 0; probe && folder->has_changed && i < probe->copies &&
		    i < FLOW_PRINTS_MAX;
		i++)
		if (probe->prints[i] >> 32 == text)
			return probe->prints[i];
	place = hash_of(place, folder->name, strlen(folder->name));
	place = hash_of(place, &message->uid, sizeof(message->uid));
	return text << 32 | place;
}

static int64_t now_ms(const struct flow_net *net)
{
	return net->start_ms + (clock_mono_us() - net->start_us) / 1000;
}

/* When it came: as the server notes it, else as it wrote on it. */
static int64_t arrival_ms(const struct flow_collect *collect,
	const struct mailbox_message *message, const struct trail *trail)
{
	struct mail_date date;

	if (message->internal_date &&
		mail_date_parse(message->internal_date, &date))
		return date.ms;
	if (trail->n > 0 && trail->hops[trail->n - 1].has_time)
		return trail->hops[trail->n - 1].ms;
	return now_ms(collect->net);
}

static struct auth_results auth_of(const struct flow_collect *collect,
	struct arena *scratch, const char *header)
{
	const char *id = collect->net->setup->authserv_id;
	const char *values[RESULTS_MAX];
	struct auth_results results = { 0 };
	size_t n = 0;
	size_t i;

	if (id)
		n = header_all(scratch, header, "Authentication-Results",
			values, RESULTS_MAX);
	for (i = 0; i < n; i++)
		auth_results_add(&results, values[i], id);
	return results;
}

static void read_trail(struct arena *arena, struct arena *scratch,
	const char *header, struct trail *trail)
{
	const char *values[TRAIL_HOPS_MAX];
	size_t n =
		header_all(scratch, header, "Received", values, TRAIL_HOPS_MAX);

	trail_read(arena, values, n, trail);
}

static bool passed(const struct flow_way *way, const struct trail *trail)
{
	struct dns_addr addr;
	bool has_addr = way->address && dns_addr_parse(way->address, &addr);

	return trail_passed(trail, way->via, has_addr ? &addr : NULL) ||
	       (way->host && trail_passed(trail, way->host, NULL));
}

/* -- what is made of it -------------------------------------------------- */

static void add_own(struct flow_collect *collect,
	const struct mailbox_message *message, const struct flow_event *event)
{
	struct arena *arena = collect->net->arena;

	if (collect->n_events == collect->cap_events) {
		size_t cap =
			collect->cap_events > 0 ? 2 * collect->cap_events : 16;

		collect->events = arena_grow(arena, collect->events,
			collect->n_events, cap, sizeof(*collect->events));
		collect->owns = arena_grow(arena, collect->owns,
			collect->n_owns, cap, sizeof(*collect->owns));
		collect->cap_events = cap;
	}
	collect->owns[collect->n_owns++] =
		(struct own){ { message->folder, message->uid },
			collect->n_events };
	collect->events[collect->n_events++] = *event;
}

/* Whether it was accounted for, and only could not be deleted yet. */
static bool was_counted(
	const struct flow_collect *collect, const struct flow_event *event)
{
	return flow_is_accounted(collect->ledger, event);
}

/* Of thousands some, and those that took another way than they had to. */
static bool may_keep(const struct flow_collect *collect, bool has_passed)
{
	return collect->n_arrivals <
	       (has_passed ? FLOW_ARRIVALS_KEPT : FLOW_ARRIVALS_MAX);
}

static void add_arrival(struct flow_collect *collect, struct arena *scratch,
	const struct mailbox_message *message, const struct flow_event *event)
{
	const struct flow_probe wanted = { .series = event->series,
		.number = event->number,
		.sent_ms = event->sent_ms };
	const struct flow_probe *probe = flow_find(collect->ledger, &wanted);
	const struct flow_way *way =
		probe ? flow_way_of(collect->ledger, probe) : NULL;
	struct arena *arena = collect->net->arena;
	struct flow_arrival *arrival = &collect->arrivals[collect->n_arrivals];
	struct trail trail;
	bool has_passed;

	if (was_counted(collect, event))
		return;
	read_trail(scratch, scratch, message->header, &trail);
	has_passed = !way || passed(way, &trail);
	if (!may_keep(collect, has_passed))
		return;
	*arrival = (struct flow_arrival){ .number = event->number,
		.delay_ms = event->at_ms > event->sent_ms
				    ? event->at_ms - event->sent_ms
				    : 0,
		.auth = auth_of(collect, scratch, message->header),
		.via = way ? way->via : NULL,
		.passed_via = way && has_passed };
	read_trail(arena, scratch, message->header, &arrival->trail);
	arrival->view = trail_weigh(
		arena, &arrival->trail, event->sent_ms, event->at_ms);
	collect->arrival_events[collect->n_arrivals++] = collect->n_events;
}

static void take_probe(struct flow_collect *collect, struct arena *scratch,
	const struct mailbox_message *message, const struct flow_token *token)
{
	const struct flow_setup *setup = collect->net->setup;
	struct flow_event event = {
		.what = FLOW_ARRIVES,
		.series = token->series,
		.number = token->number,
		.sent_ms = token->sent_ms,
		.print = print_of(collect, message, token),
	};
	struct trail trail = { .n = 0 };

	if (setup->n_folders > 0 && setup->folders[message->folder].is_junk)
		event.what = FLOW_ARRIVES_AS_JUNK;
	if (!message->internal_date)
		read_trail(scratch, scratch, message->header, &trail);
	event.at_ms = arrival_ms(collect, message, &trail);
	add_arrival(collect, scratch, message, &event);
	add_own(collect, message, &event);
}

static bool has_word(const char *s, const char *word)
{
	for (; s && *s; s++)
		if (strncasecmp(s, word, strlen(word)) == 0)
			return true;
	return false;
}

static bool may_be_report(struct arena *scratch, const char *header)
{
	const char *type = header_first(scratch, header, "Content-Type");
	const char *from = header_first(scratch, header, "From");
	const char *path = header_first(scratch, header, "Return-Path");

	return has_word(type, "report") || has_word(from, "mailer-daemon") ||
	       (path && strcmp(path, "<>") == 0);
}

/* "mx1.example.org: 550 5.1.1 no such user" */
static const char *said_of(
	const struct flow_collect *collect, const struct dsn *dsn)
{
	const char *who = dsn->remote ? dsn->remote : dsn->reporter;
	struct text text;
	const char *said;

	text_init(&text, SAID_MAX);
	if (who)
		text_printf(&text, "%s: ", who);
	if (dsn->said)
		text_add(&text, dsn->said);
	else if (dsn->status.class > 0)
		text_printf(&text, "%u.%u.%u", (unsigned)dsn->status.class,
			(unsigned)dsn->status.subject,
			(unsigned)dsn->status.detail);
	else
		text_add(&text, "no reason is given");
	said = arena_strdup(collect->net->arena, text.data);
	text_release(&text);
	return said;
}

/* Of the probe that it is about: by the envelope, else by what it returns. */
static bool token_of_report(const struct flow_collect *collect,
	const struct dsn *dsn, struct flow_token *token)
{
	if (dsn->envid &&
		flow_envid_parse(
			dsn->envid, collect->net->setup->instance, token) &&
		is_ours(collect, token))
		return true;
	*token = dsn->token;
	return dsn->has_token && is_ours(collect, token);
}

static enum mailbox_verdict take_report(struct flow_collect *collect,
	struct arena *scratch, const struct mailbox_message *message)
{
	struct flow_token token;
	struct dsn dsn;
	struct flow_event event;

	dsn_read(scratch, message->whole, &dsn);
	if (!dsn.is_notification ||
		(dsn.action != DSN_FAILED && dsn.action != DSN_DELAYED) ||
		!token_of_report(collect, &dsn, &token))
		return MAILBOX_FOREIGN;
	event = (struct flow_event){
		.what = dsn.action == DSN_FAILED ? FLOW_BOUNCES
						 : FLOW_IS_DELAYED,
		.series = token.series,
		.number = token.number,
		.sent_ms = token.sent_ms,
		.said = said_of(collect, &dsn),
	};
	add_own(collect, message, &event);
	return MAILBOX_OWN;
}

/* Whether it came when there was something for it to be about: a mailbox may
 * be full of old ones, which would have to be read whole. */
static bool may_matter(const struct flow_collect *collect,
	const struct mailbox_message *message)
{
	struct mail_date date;

	return !message->internal_date ||
	       !mail_date_parse(message->internal_date, &date) ||
	       date.ms >= collect->since_ms - SLACK_MS;
}

static enum mailbox_verdict on_message(
	void *arg, const struct mailbox_message *message)
{
	struct flow_collect *collect = arg;
	struct arena *scratch = arena_new(SCRATCH_MAX);
	enum mailbox_verdict verdict = MAILBOX_FOREIGN;
	struct flow_token token;

	if (message->whole) {
		verdict = take_report(collect, scratch, message);
	} else if (token_of(collect, scratch, message->header, &token)) {
		take_probe(collect, scratch, message, &token);
		verdict = MAILBOX_OWN;
	} else if (may_be_report(scratch, message->header) &&
		   may_matter(collect, message)) {
		verdict = MAILBOX_WHOLE;
	}
	arena_free(scratch);
	return verdict;
}

/* -- the end ------------------------------------------------------------- */

static void add_stages(struct flow_collect *collect,
	const struct mailbox_facts *facts, struct flow_service *service)
{
	struct flow_stage *stages = arena_array(
		collect->net->arena, MAILBOX_STEPS, sizeof(*stages));
	unsigned i;

	service->stages = stages;
	service->n_stages = 0;
	for (i = 0; i < MAILBOX_STEPS; i++) {
		const struct mailbox_step *step = &facts->steps[i];

		if (step->outcome == FLOW_NOT_TRIED)
			continue;
		stages[service->n_stages++] = (struct flow_stage){
			.name = mailbox_step_word(i),
			.outcome = flow_outcome_word(step->outcome),
			.said = step->said,
			.at_us = step->at_us,
			.took_us = step->took_us,
		};
	}
}

static const char *server_name(const struct flow_collect *collect)
{
	const struct flow_setup *setup = collect->net->setup;

	return flow_place_name(collect->net->arena, &setup->box,
		(uint16_t)(setup->is_pop3 ? 110 : 143));
}

/* What is the server's, and told of it once. */
static void add_server(struct flow_collect *collect,
	const struct mailbox_facts *facts, struct flow_service *service)
{
	service->address = facts->address;
	service->has_cert = facts->tls.n_certs > 0;
	if (service->has_cert)
		service->cert_end_s = facts->tls.certs[0].end_s;
	if (facts->tls.version > 0)
		service->tls = smtp_tls_text(facts->tls.version);
	service->mechanism = facts->mechanism;
	service->n_round_trips = facts->n_round_trips;
	service->took_us = clock_mono_us() - collect->begin_us;
	add_stages(collect, facts, service);
}

static void add_folder(struct flow_collect *collect,
	const struct mailbox_folder_facts *folder, struct flow_service *service)
{
	const char *server = server_name(collect);

	service->name = folder->name ? arena_printf(collect->net->arena,
					       "%s/%s", server, folder->name)
				     : server;
	service->outcome = folder->read.outcome;
	service->said = folder->read.said;
	service->is_partial =
		folder->read.outcome == FLOW_DONE && !folder->is_all;
	service->n_left_out = folder->n_left_out;
	service->n_messages = folder->exists;
	service->n_read = folder->n_read;
	service->n_undeleted = folder->n_undeleted;
	service->why_undeleted = folder->why_undeleted;
}

static const char *said_by(
	const struct flow_collect *collect, const struct mailbox_facts *facts)
{
	if (!facts->challenge)
		return facts->said;
	return arena_printf(collect->net->arena, "%s (%s)",
		facts->said ? facts->said : "no reason", facts->challenge);
}

static void fill_services(struct flow_collect *collect)
{
	const struct mailbox_facts *facts =
		collect->mailbox ? mailbox_facts(collect->mailbox) : NULL;
	struct flow_service *services = collect->services;
	size_t i;

	services[0] = (struct flow_service){ .name = server_name(collect),
		.outcome = facts ? facts->outcome : collect->outcome,
		.said = facts ? said_by(collect, facts) : collect->said };
	collect->n_services = 1;
	if (facts && facts->outcome == FLOW_DONE) {
		collect->n_services = facts->n_folders;
		for (i = 0; i < facts->n_folders; i++)
			add_folder(collect, &facts->folders[i], &services[i]);
	}
	if (facts)
		add_server(collect, facts, &services[0]);
}

static void on_read(void *arg, const struct mailbox_facts *facts)
{
	struct flow_collect *collect = arg;

	(void)facts;
	collect->is_read = true;
	collect->fn(collect->arg);
}

static void on_gone(void *arg, const struct mailbox_facts *facts)
{
	struct flow_collect *collect = arg;

	(void)facts;
	collect->is_gone = true;
	collect->fn(collect->arg);
}

static void fail(struct flow_collect *collect, enum flow_outcome outcome,
	const char *said)
{
	collect->outcome = outcome;
	collect->said = said;
	collect->is_read = collect->is_gone = true;
	collect->fn(collect->arg);
}

/* -- the start ----------------------------------------------------------- */

static uint16_t port_of(const struct flow_setup *setup)
{
	bool is_tls = setup->box_security == MAILBOX_TLS;

	if (setup->box.port > 0)
		return setup->box.port;
	if (setup->is_pop3)
		return is_tls ? 995 : 110;
	return is_tls ? 993 : 143;
}

static void make_folders(struct flow_collect *collect)
{
	const struct flow_setup *setup = collect->net->setup;
	const struct flow_seen *seen = &collect->seen->seen;
	size_t i, j;

	for (i = 0; i < setup->n_folders; i++) {
		struct mailbox_folder *folder = &collect->folders[i];

		folder->name = setup->folders[i].name;
		for (j = 0; j < seen->n_folders; j++) {
			if (strcmp(seen->folders[j].name, folder->name) != 0)
				continue;
			folder->uid_validity = seen->folders[j].uid_validity;
			folder->last_uid = seen->folders[j].last_uid;
		}
	}
}

/* The probe of this run is not: nothing of it was there before. */
static bool awaits_older(const struct flow_collect *collect)
{
	const struct flow_ledger *ledger = collect->ledger;
	size_t i;

	for (i = 0; i < ledger->n; i++)
		if (flow_is_outstanding(ledger->probes[i].state) &&
			ledger->probes[i].sent_ms < collect->net->start_ms)
			return true;
	return false;
}

/* When the first was sent that may bounce yet. */
static int64_t oldest_of(const struct flow_ledger *ledger, int64_t now_ms)
{
	int64_t oldest_ms = now_ms;
	size_t i;

	for (i = 0; i < ledger->n; i++)
		if (!flow_has_arrived(ledger->probes[i].state) &&
			ledger->probes[i].state != FLOW_BOUNCED &&
			ledger->probes[i].sent_ms < oldest_ms)
			oldest_ms = ledger->probes[i].sent_ms;
	return oldest_ms;
}

static void make_ask(struct flow_collect *collect)
{
	const struct flow_setup *setup = collect->net->setup;

	make_folders(collect);
	collect->ask = (struct mailbox_ask){
		.is_pop3 = setup->is_pop3,
		.port = port_of(setup),
		.host = setup->box.host,
		.security = setup->box_security,
		.takes_any_certificate = setup->takes_any_certificate,
		.auth = setup->box_auth,
		.user = setup->box_user,
		.secret = setup->box_secret,
		.may_bare_secret = setup->box_security == MAILBOX_PLAIN,
		.folders = setup->is_pop3 ? NULL : collect->folders,
		.n_folders = setup->n_folders,
		.instance = setup->instance,
		.wants_reports = true,
		.seen = collect->seen->seen.prints,
		.n_seen = collect->seen->seen.n_prints,
		/* Where probes are awaited, they may be among the older. */
		.is_first = !collect->seen->was_read && !awaits_older(collect),
		.scan = setup->pop3_scan,
	};
}

static void make_options(struct flow_collect *collect)
{
	const struct flow_net *net = collect->net;
	int64_t left_us = net->end_us - clock_mono_us();

	collect->options = (struct mailbox_options){
		.tls = net->tls,
		.start_us = net->start_us,
		.connect_us =
			left_us / 2 < CONNECT_US ? left_us / 2 : CONNECT_US,
		.greeting_us = left_us,
		.step_us = left_us,
		.long_us = left_us,
		.read_until_us = clock_mono_us() + left_us / READ_SHARE,
	};
}

static void on_found(void *arg, enum flow_outcome outcome, const char *why)
{
	struct flow_collect *collect = arg;
	const struct mailbox_calls calls = { on_message, on_read, on_gone,
		collect };

	if (outcome != FLOW_DONE) {
		fail(collect, outcome, why);
		return;
	}
	collect->ask.addrs = collect->lookup.addrs;
	collect->ask.n_addrs = collect->lookup.n_addrs;
	collect->mailbox = mailbox_new(collect->net->arena, collect->net->loop,
		&collect->options, &collect->ask, &why);
	if (collect->mailbox)
		mailbox_start(collect->mailbox, &calls);
	else
		fail(collect, FLOW_OUR_FAULT, why);
}

struct flow_collect *flow_collect_start(const struct flow_net *net,
	const struct flow_ledger *ledger, const struct flow_seen_file *seen,
	void (*fn)(void *arg), void *arg)
{
	struct flow_collect *collect =
		arena_alloc(net->arena, sizeof(*collect));

	*collect = (struct flow_collect){
		.net = net,
		.ledger = ledger,
		.seen = seen,
		.fn = fn,
		.arg = arg,
		.arrivals = arena_array(net->arena, FLOW_ARRIVALS_MAX,
			sizeof(*collect->arrivals)),
		.arrival_events = arena_array(
			net->arena, FLOW_ARRIVALS_MAX, sizeof(size_t)),
		.begin_us = clock_mono_us(),
		.services = arena_array(net->arena, MAILBOX_FOLDERS_MAX,
			sizeof(*collect->services)),
	};
	make_options(collect);
	make_ask(collect);
	collect->since_ms = oldest_of(ledger, now_ms(net));
	collect->lookup.wrong = net->setup->box_wrong;
	flow_lookup_start(
		&collect->lookup, net, &net->setup->box, on_found, collect);
	return collect;
}

bool flow_collect_end(struct flow_collect *collect)
{
	if (collect->is_read)
		return false;
	if (collect->mailbox)
		mailbox_stop(collect->mailbox);
	else
		fail(collect, FLOW_TIMED_OUT, "its name is still looked up");
	return true;
}

bool flow_collect_is_over(const struct flow_collect *collect)
{
	return collect->is_read;
}

/* -- what came of it ----------------------------------------------------- */

const struct flow_event *flow_collect_events(
	const struct flow_collect *collect, size_t *n)
{
	*n = collect->n_events;
	return collect->events;
}

const struct flow_arrival *flow_collect_arrivals(
	const struct flow_collect *collect, size_t *n)
{
	*n = collect->n_arrivals;
	return collect->arrivals;
}

void flow_collect_settle(
	struct flow_collect *collect, const struct flow_ledger *ledger)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < collect->n_arrivals; i++)
		if (flow_is_accounted(ledger,
			    &collect->events[collect->arrival_events[i]]))
			collect->arrivals[n++] = collect->arrivals[i];
	collect->n_arrivals = n;
}

bool flow_collect_is_all(const struct flow_collect *collect)
{
	const struct mailbox_facts *facts =
		collect->mailbox ? mailbox_facts(collect->mailbox) : NULL;
	size_t i;

	if (!facts || facts->outcome != FLOW_DONE)
		return false;
	for (i = 0; i < facts->n_folders; i++)
		if (facts->folders[i].read.outcome != FLOW_DONE ||
			!facts->folders[i].is_all)
			return false;
	return true;
}

struct flow_service *flow_collect_services(
	struct flow_collect *collect, size_t *n)
{
	fill_services(collect);
	*n = collect->n_services;
	return collect->services;
}

bool flow_collect_seen(
	const struct flow_collect *collect, struct flow_seen *seen)
{
	const struct mailbox_facts *facts =
		collect->mailbox ? mailbox_facts(collect->mailbox) : NULL;
	size_t i;

	*seen = collect->seen->seen;
	if (!facts || facts->outcome != FLOW_DONE)
		return false;
	if (collect->net->setup->is_pop3) {
		seen->prints = facts->seen;
		seen->n_prints = facts->n_seen;
		return true;
	}
	seen->n_folders = 0;
	for (i = 0; i < facts->n_folders; i++) {
		const struct mailbox_folder_facts *folder = &facts->folders[i];
		const struct mailbox_folder *known = &collect->folders[i];
		bool is_read = folder->read.outcome == FLOW_DONE;

		seen->folders[seen->n_folders++] = (struct flow_seen_folder){
			.name = folder->name,
			.uid_validity = is_read ? folder->uid_validity
						: known->uid_validity,
			.last_uid =
				is_read ? folder->settled_uid : known->last_uid,
		};
	}
	return true;
}

void flow_collect_delete(
	struct flow_collect *collect, const struct flow_ledger *ledger)
{
	struct mailbox_id *ids = arena_array(
		collect->net->arena, collect->n_owns + 1, sizeof(*ids));
	size_t n = 0;
	size_t i;

	if (!collect->mailbox)
		return;
	for (i = 0; i < collect->n_owns; i++) {
		const struct own *own = &collect->owns[i];

		if (flow_is_accounted(ledger, &collect->events[own->event]))
			ids[n++] = own->id;
	}
	mailbox_finish(collect->mailbox, ids, n);
}

void flow_collect_stop(struct flow_collect *collect)
{
	if (!collect->is_gone && collect->mailbox)
		mailbox_stop(collect->mailbox);
}

bool flow_collect_is_gone(const struct flow_collect *collect)
{
	return collect->is_gone;
}

const char *flow_collect_owner(const struct flow_net *net)
{
	const struct flow_setup *setup = net->setup;
	char key_id[FLOW_KEY_ID_TEXT];

	flow_key_id(net->key, key_id);
	return arena_printf(net->arena, "%s %s@%s:%u %s",
		setup->is_pop3 ? "pop3" : "imap", setup->box_user,
		setup->box.host, port_of(setup), key_id);
}

void flow_collect_free(struct flow_collect *collect)
{
	if (!collect)
		return;
	mailbox_free(collect->mailbox);
	collect->mailbox = NULL;
}
