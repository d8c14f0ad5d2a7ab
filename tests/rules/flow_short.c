/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps a ledger as a fixture says, and makes the facts of its last run. */
#include "config.h"

#include "flow_short.h"

#include <string.h>

#include "reader.h"

#define END                                 \
	{                                   \
		NULL, MEMBER_OTHER, 0, NULL \
	}
#define PLAIN(type, kind, member)                                  \
	{                                                          \
#		member, kind, offsetof(struct type, member), NULL \
	}
#define OTHER(member)                          \
	{                                      \
#		member, MEMBER_OTHER, 0, NULL \
	}
#define WORD(type, member, words)                                          \
	{                                                                  \
#		member, MEMBER_WORD, offsetof(struct type, member), words \
	}

enum {
	BEFORE = 60, /* runs of a ledger that is well */
	MS_PER_S = 1000,
	MINUTE_S = 60,
	USUAL_S = 2, /* until a probe arrives */
	MAILBOXES_MAX = 8,
	EVENTS_MAX = 200,
	ARRIVALS_MAX = 20,
	FIELDS_MAX = 20,
};

struct form {
	struct reader reader;
	struct flow *flow;
	struct flow_ledger ledger;
};

/* A run, and an event in it. */
struct round {
	int64_t at_s;
	const char *reply;
	bool was_read, is_lost;
	json_t *events;
};

struct seen {
	int64_t number, after_s, series, copy;
	unsigned what;
	const char *said;
};

struct came {
	int64_t number;
	double delay_s;
};

struct way {
	const char *name, *address, *host;
};

static const char *const fate_words[] = {
	[FLOW_MEMORY_READ] = "read",
	[FLOW_MEMORY_NEW] = "new",
	[FLOW_MEMORY_LOST] = "lost",
	[FLOW_MEMORY_UNUSABLE] = "unusable",
	[FLOW_MEMORY_NO_PLACE] = "no_place",
};

static const char *fate_word(unsigned fate)
{
	return fate < sizeof(fate_words) / sizeof(fate_words[0])
		       ? fate_words[fate]
		       : NULL;
}

static const struct member flow_members[] = {
	PLAIN(flow, MEMBER_STRING, instance),
	PLAIN(flow, MEMBER_STRING, authserv_id),
	PLAIN(flow, MEMBER_I64, cert_warning_s),
	PLAIN(flow, MEMBER_I64, cert_critical_s),
	PLAIN(flow, MEMBER_STRING, node),
	PLAIN(flow, MEMBER_STRING, key_wrong),
	PLAIN(flow, MEMBER_BOOL, key_differs),
	PLAIN(flow, MEMBER_BOOL, has_ledger),
	PLAIN(flow, MEMBER_BOOL, is_due),
	PLAIN(flow, MEMBER_BOOL, is_full),
	PLAIN(flow, MEMBER_STRING, timeout_stage),
	{ "runs", MEMBER_OTHER, 0, NULL },
	OTHER(limits),
	OTHER(memory),
	OTHER(news),
	OTHER(submission),
	OTHER(mailboxes),
	OTHER(arrivals),
	OTHER(refusals),
	END,
};

static const struct member limits_members[] = {
	{ "late_s", MEMBER_I64, offsetof(struct flow_limits, late_ms), NULL },
	{ "lost_s", MEMBER_I64, offsetof(struct flow_limits, lost_ms), NULL },
	PLAIN(flow_limits, MEMBER_SIZE, window),
	PLAIN(flow_limits, MEMBER_SIZE, recover),
	END,
};

static const struct member memory_members[] = {
	WORD(flow_memory, fate, fate_word),
	PLAIN(flow_memory, MEMBER_STRING, why),
	PLAIN(flow_memory, MEMBER_STRING, node),
	END,
};

static const struct member news_members[] = {
	PLAIN(flow_news, MEMBER_SIZE, n_strangers),
	PLAIN(flow_news, MEMBER_BOOL, is_old),
	END,
};

static const struct member service_members[] = {
	PLAIN(flow_service, MEMBER_STRING, name),
	PLAIN(flow_service, MEMBER_STRING, address),
	WORD(flow_service, outcome, flow_outcome_word),
	PLAIN(flow_service, MEMBER_STRING, said),
	PLAIN(flow_service, MEMBER_BOOL, has_cert),
	PLAIN(flow_service, MEMBER_I64, cert_end_s),
	PLAIN(flow_service, MEMBER_BOOL, is_greylisted),
	PLAIN(flow_service, MEMBER_SIZE, n_undeleted),
	PLAIN(flow_service, MEMBER_STRING, why_undeleted),
	PLAIN(flow_service, MEMBER_BOOL, is_partial),
	PLAIN(flow_service, MEMBER_SIZE, n_left_out),
	END,
};

static const struct member refusal_members[] = {
	PLAIN(flow_refusal, MEMBER_STRING, via),
	PLAIN(flow_refusal, MEMBER_STRING, said),
	PLAIN(flow_refusal, MEMBER_BOOL, is_greylisted),
	END,
};

static const struct member run_members[] = {
	PLAIN(round, MEMBER_I64, at_s),
	PLAIN(round, MEMBER_STRING, reply),
	PLAIN(round, MEMBER_BOOL, was_read),
	PLAIN(round, MEMBER_BOOL, is_lost),
	OTHER(events),
	END,
};

static const struct member event_members[] = {
	PLAIN(seen, MEMBER_I64, number),
	WORD(seen, what, flow_what_word),
	PLAIN(seen, MEMBER_I64, after_s),
	PLAIN(seen, MEMBER_STRING, said),
	PLAIN(seen, MEMBER_I64, series),
	PLAIN(seen, MEMBER_I64, copy),
	END,
};

static const struct member arrival_members[] = {
	PLAIN(came, MEMBER_I64, number),
	OTHER(delay_s),
	OTHER(via),
	OTHER(received),
	OTHER(authentication_results),
	END,
};

static const struct member way_members[] = {
	PLAIN(way, MEMBER_STRING, name),
	PLAIN(way, MEMBER_STRING, address),
	PLAIN(way, MEMBER_STRING, host),
	END,
};

static const char *const usual_trail[] = {
	"from mx1.example.org ([192.0.2.25]) by imap.example.org with LMTP id "
	"aGk0; Fri, 15 Jan 2027 08:00:00 +0000",
	"from submit.example.net (submit.example.net [203.0.113.25]) by "
	"mx1.example.org (Postfix) with ESMTPS id 5D2A1AD0692; Fri, 15 Jan "
	"2027 08:00:00 +0000",
	"from monitor.example.net (monitor.example.net [203.0.113.9]) by "
	"submit.example.net (Postfix) with ESMTPSA id 7F1; Fri, 15 Jan 2027 "
	"07:59:59 +0000",
};

static const struct flow_service usual_mailbox = {
	.name = "imap.example.org/INBOX",
	.address = "192.0.2.143",
	.outcome = FLOW_DONE,
	.has_cert = true,
	.cert_end_s = NOW_S + 60 * DAY_S,
};

static void begin(struct flow *flow)
{
	*flow = (struct flow){
		.instance = "mon",
		.from = "probe@example.net",
		.to = "probe@example.org",
		.limits = { INT64_C(15) * MINUTE_S * MS_PER_S,
			INT64_C(1) * DAY_S * MS_PER_S, 50, 3 },
		.cert_warning_s = -1,
		.cert_critical_s = -1,
		.memory = { FLOW_MEMORY_READ, NULL, "mon1" },
		.node = "mon1",
		.has_ledger = true,
		.is_due = true,
		.submission = { .name = "submit.example.net",
			.address = "203.0.113.25",
			.outcome = FLOW_DONE,
			.has_cert = true,
			.cert_end_s = NOW_S + 30 * DAY_S },
	};
}

/* The ledger. */

static int64_t at_ms(int64_t at_s)
{
	return (INT64_C(1) * NOW_S + at_s) * MS_PER_S;
}

/* The one of the ledger with this number; NULL: it has none. */
static const struct flow_probe *probe_of(
	const struct flow_ledger *ledger, uint64_t number)
{
	size_t i;

	for (i = 0; i < ledger->n; i++)
		if (ledger->probes[i].series == ledger->series &&
			ledger->probes[i].number == number)
			return &ledger->probes[i];
	return NULL;
}

static void read_event(
	struct form *form, json_t *value, struct flow_event *event)
{
	struct seen seen = { .after_s = USUAL_S };
	const struct flow_probe *probe;

	reader_object(&form->reader, value, event_members, &seen, "events");
	*event = (struct flow_event){ .what = (enum flow_what)seen.what,
		.series = form->ledger.series - (uint64_t)seen.series,
		.number = (uint64_t)(BEFORE + seen.number),
		.print = (uint64_t)(1000 * seen.number + seen.copy),
		.said = seen.said };
	probe = probe_of(&form->ledger, event->number);
	if (seen.series > 0)
		event->sent_ms = form->ledger.begun_ms -
				 seen.series * MS_PER_S + seen.number;
	else if (probe)
		event->sent_ms = probe->sent_ms;
	else
		reader_complain(&form->reader, "no such probe", "number");
	event->at_ms = event->sent_ms + seen.after_s * MS_PER_S;
}

static size_t add_reply(struct form *form, const struct round *round,
	const struct flow_probe *probe, struct flow_event *events)
{
	bool is_accepted = strcmp(round->reply, "accepted") == 0;

	if (!is_accepted && strcmp(round->reply, "refused") != 0) {
		if (strcmp(round->reply, "unsure") != 0)
			reader_complain(&form->reader, "no such word", "reply");
		return 0;
	}
	events[0] = (struct flow_event){ .what = is_accepted ? FLOW_IS_ACCEPTED
							     : FLOW_IS_REFUSED,
		.series = probe->series,
		.number = probe->number,
		.sent_ms = probe->sent_ms };
	return 1;
}

static void run_round(struct form *form, const struct round *round)
{
	struct flow *flow = form->flow;
	struct arena *arena = form->reader.arena;
	struct flow_event *events =
		arena_array(arena, EVENTS_MAX, sizeof(*events));
	struct flow_run run = { .events = events,
		.now_ms = at_ms(round->at_s),
		.was_read = round->was_read };
	json_t *value;
	size_t i;

	if (round->is_lost)
		flow_begin(&form->ledger, arena, flow->instance, "key",
			run.now_ms - 1);
	json_array_foreach(round->events, i, value)
	{
		if (run.n < EVENTS_MAX - 1)
			read_event(form, value, &events[run.n++]);
	}
	if (round->reply)
		run.n += add_reply(form, round,
			flow_send(&form->ledger, arena, run.now_ms),
			&events[run.n]);
	flow->now_ms = run.now_ms;
	flow->was_read = run.was_read;
	flow_account(&form->ledger, arena, &run, &flow->limits, &flow->news);
	flow->sums = flow_sum(&form->ledger, arena, run.now_ms, &flow->limits);
}

/* Each but the first sees the one before arrive; the last stays out. */
static void run_before(struct form *form)
{
	int64_t i;

	flow_begin(&form->ledger, form->reader.arena, form->flow->instance,
		"key", at_ms(-BEFORE * MINUTE_S));
	for (i = 1; i <= BEFORE; i++) {
		struct round round = { .at_s = (i - 1 - BEFORE) * MINUTE_S,
			.reply = "accepted",
			.was_read = true };

		if (i > 1)
			round.events =
				json_pack("[{s:s, s:I}]", "what", "arrives",
					"number", (json_int_t)(i - 1 - BEFORE));
		run_round(form, &round);
		json_decref(round.events);
	}
}

static void read_runs(struct form *form, json_t *given)
{
	json_t *usual = json_pack(
		"[{s:[{s:i, s:s}]}]", "events", "number", 0, "what", "arrives");
	json_t *value;
	size_t i;

	run_before(form);
	json_array_foreach(given ? given : usual, i, value)
	{
		struct round round = { .at_s = (int64_t)i * MINUTE_S,
			.reply = "accepted",
			.was_read = true,
			.events = json_object_get(value, "events") };

		reader_object(
			&form->reader, value, run_members, &round, "runs");
		if (!form->reader.wrong)
			run_round(form, &round);
	}
	json_decref(usual);
}

/* What the run saw. */

static size_t read_fields(struct form *form, json_t *value,
	const char *fields[static FIELDS_MAX], const char *where)
{
	json_t *field;
	size_t n = 0;
	size_t i;

	json_array_foreach(value, i, field)
	{
		const char *text = reader_string(&form->reader, field, where);

		if (text && n < FIELDS_MAX)
			fields[n++] = text;
	}
	return n;
}

static void read_auth(
	struct form *form, json_t *value, struct flow_arrival *arrival)
{
	const char *fields[FIELDS_MAX];
	size_t n = read_fields(form, value, fields, "authentication_results");
	size_t i;

	for (i = 0; i < n && form->flow->authserv_id; i++)
		auth_results_add(
			&arrival->auth, fields[i], form->flow->authserv_id);
}

static void read_way(
	struct form *form, json_t *value, struct flow_arrival *arrival)
{
	struct way way = { NULL, NULL, NULL };
	struct dns_addr addr;
	bool has_addr;

	reader_object(&form->reader, value, way_members, &way, "via");
	has_addr = way.address && dns_addr_parse(way.address, &addr);
	arrival->via = way.name;
	arrival->passed_via =
		way.name && (trail_passed(&arrival->trail, way.name,
				     has_addr ? &addr : NULL) ||
				    (way.host && trail_passed(&arrival->trail,
							 way.host, NULL)));
}

static void read_arrival(
	struct form *form, json_t *value, struct flow_arrival *arrival)
{
	json_t *given = json_object_get(value, "received");
	json_t *via = json_object_get(value, "via");
	struct arena *arena = form->reader.arena;
	struct came came = { .delay_s = USUAL_S };
	const char *fields[FIELDS_MAX];
	int64_t sent_ms;
	size_t n = read_fields(form, given, fields, "received");

	reader_object(&form->reader, value, arrival_members, &came, "arrivals");
	if (json_object_get(value, "delay_s"))
		came.delay_s =
			json_number_value(json_object_get(value, "delay_s"));
	*arrival = (struct flow_arrival){ .number = (uint64_t)(BEFORE +
							       came.number),
		.delay_ms = (int64_t)(came.delay_s * MS_PER_S) };
	if (given)
		trail_read(arena, fields, n, &arrival->trail);
	else
		trail_read(arena, usual_trail,
			sizeof(usual_trail) / sizeof(usual_trail[0]),
			&arrival->trail);
	sent_ms = at_ms(0) - arrival->delay_ms;
	arrival->view = trail_weigh(arena, &arrival->trail, sent_ms, at_ms(0));
	read_auth(form, json_object_get(value, "authentication_results"),
		arrival);
	if (via)
		read_way(form, via, arrival);
}

static void read_arrivals(struct form *form, json_t *given)
{
	struct flow *flow = form->flow;
	json_t *usual = json_pack("[{}]");
	json_t *value;
	size_t i;

	flow->arrivals = arena_array(
		form->reader.arena, ARRIVALS_MAX, sizeof(*flow->arrivals));
	json_array_foreach(given ? given : usual, i, value)
	{
		if (flow->n_arrivals < ARRIVALS_MAX)
			read_arrival(form, value,
				&flow->arrivals[flow->n_arrivals++]);
	}
	json_decref(usual);
}

static void read_mailboxes(struct form *form, json_t *given)
{
	struct flow *flow = form->flow;
	json_t *usual = json_pack("[{}]");
	json_t *value;
	size_t i;

	flow->mailboxes = arena_array(
		form->reader.arena, MAILBOXES_MAX, sizeof(*flow->mailboxes));
	json_array_foreach(given ? given : usual, i, value)
	{
		struct flow_service *box;

		if (flow->n_mailboxes == MAILBOXES_MAX)
			break;
		box = &flow->mailboxes[flow->n_mailboxes++];
		*box = usual_mailbox;
		reader_object(&form->reader, value, service_members, box,
			"mailboxes");
	}
	json_decref(usual);
}

static void read_refusals(struct form *form, json_t *given)
{
	size_t n = json_array_size(given);
	struct flow_refusal *refusals =
		arena_array(form->reader.arena, n, sizeof(*refusals));
	json_t *value;
	size_t i;

	json_array_foreach(given, i, value)
	{
		refusals[i] = (struct flow_refusal){ .said = "" };
		reader_object(&form->reader, value, refusal_members,
			&refusals[i], "refusals");
	}
	form->flow->refusals = refusals;
	form->flow->n_refusals = n;
}

static void read_limits(struct form *form, json_t *given)
{
	struct flow_limits *limits = &form->flow->limits;

	reader_object(&form->reader, given, limits_members, limits, "limits");
	if (json_object_get(given, "late_s"))
		limits->late_ms *= MS_PER_S;
	if (json_object_get(given, "lost_s"))
		limits->lost_ms *= MS_PER_S;
}

static void read_part(struct form *form, json_t *given, const char *key,
	const struct member *members, void *out)
{
	json_t *value = json_object_get(given, key);

	if (value)
		reader_object(&form->reader, value, members, out, key);
}

const char *flow_short_read(
	struct arena *arena, json_t *facts, struct flow *flow)
{
	struct form form = { .reader = { .arena = arena }, .flow = flow };
	json_t *given = json_object_get(facts, "flow");

	begin(flow);
	if (json_object_size(facts) != 1)
		reader_complain(&form.reader, "not alone", "flow");
	reader_object(&form.reader, given, flow_members, flow, "flow");
	if (json_object_get(given, "limits"))
		read_limits(&form, json_object_get(given, "limits"));
	read_part(&form, given, "memory", memory_members, &flow->memory);
	read_part(
		&form, given, "submission", service_members, &flow->submission);
	read_runs(&form, json_object_get(given, "runs"));
	read_part(&form, given, "news", news_members, &flow->news);
	read_mailboxes(&form, json_object_get(given, "mailboxes"));
	read_arrivals(&form, json_object_get(given, "arrivals"));
	read_refusals(&form, json_object_get(given, "refusals"));
	return form.reader.wrong;
}
