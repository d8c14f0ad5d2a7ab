/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sends, and accounts for what was seen and what was not. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/core/text.h"
#include "common/mail/flow_past.h"
#include "common/mail/flow_token.h"

enum {
	ROOM_MIN = 64,
	EARLY_MS = 2000, /* clocks that are right differ by less */
};

static const int64_t lost_for_ms = INT64_C(86400000) * FLOW_LOST_FOR_DAYS;

/* Beginning and sending. */

static uint64_t series_of(int64_t now_ms, uint64_t above)
{
	uint64_t series = now_ms > 0 ? (uint64_t)now_ms / 1000 : 0;

	return series > above ? series : above + 1;
}

void flow_begin(struct flow_ledger *ledger, struct arena *arena,
	const char *instance, const char *key_id, int64_t now_ms)
{
	*ledger = (struct flow_ledger){
		.instance = instance,
		.key_id = key_id,
		.series = series_of(now_ms, 0),
		.begun_ms = now_ms,
		.turns = 1,
		.probes = arena_array(arena, ROOM_MIN, sizeof(*ledger->probes)),
		.room = ROOM_MIN,
		.pasts = arena_array(
			arena, FLOW_PASTS_MAX, sizeof(*ledger->pasts)),
		.ways = arena_array(
			arena, FLOW_WAYS_MAX, sizeof(*ledger->ways)),
	};
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int flow_probe_compare(const struct flow_probe *a, const struct flow_probe *b)
{
	if (a->series != b->series)
		return compare(a->series, b->series);
	if (a->number != b->number)
		return compare(a->number, b->number);
	return a->sent_ms < b->sent_ms ? -1 : a->sent_ms > b->sent_ms;
}

/* The first that is not before the wanted one. */
static size_t place_of(
	const struct flow_ledger *ledger, const struct flow_probe *wanted)
{
	size_t low = 0;
	size_t high = ledger->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (flow_probe_compare(&ledger->probes[middle], wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct flow_probe *insert(struct flow_ledger *ledger,
	struct arena *arena, const struct flow_probe *probe)
{
	size_t at = place_of(ledger, probe);

	if (ledger->n == ledger->room) {
		ledger->probes = arena_grow(arena, ledger->probes, ledger->n,
			2 * ledger->room, sizeof(*ledger->probes));
		ledger->room *= 2;
	}
	memmove(&ledger->probes[at + 1], &ledger->probes[at],
		(ledger->n - at) * sizeof(*ledger->probes));
	ledger->n++;
	ledger->probes[at] = *probe;
	return &ledger->probes[at];
}

static struct flow_probe *find(
	const struct flow_ledger *ledger, const struct flow_probe *wanted)
{
	size_t at = place_of(ledger, wanted);

	return at < ledger->n && flow_probe_compare(
					 &ledger->probes[at], wanted) == 0
		       ? &ledger->probes[at]
		       : NULL;
}

const struct flow_probe *flow_find(
	const struct flow_ledger *ledger, const struct flow_probe *wanted)
{
	return find(ledger, wanted);
}

/* NULL: none was, or it is settled for long. */
static struct flow_probe *last_sent(const struct flow_ledger *ledger)
{
	struct flow_probe last = { .series = ledger->series,
		.number = ledger->n_sent,
		.sent_ms = ledger->last_sent_ms };

	return find(ledger, &last);
}

/* It was refused; or who sent it was killed, or got no reply. */
static bool is_last_untaken(const struct flow_ledger *ledger)
{
	const struct flow_probe *last = last_sent(ledger);

	return last &&
	       (last->state == FLOW_SENT || last->state == FLOW_REFUSED);
}

bool flow_is_due(
	const struct flow_ledger *ledger, int64_t now_ms, int64_t every_ms)
{
	return ledger->last_sent_ms == 0 || now_ms < ledger->last_sent_ms ||
	       now_ms - ledger->last_sent_ms >= every_ms ||
	       is_last_untaken(ledger);
}

int64_t flow_age_ms(const struct flow_ledger *ledger,
	const struct flow_probe *probe, int64_t now_ms)
{
	int64_t since_ms = probe->sent_ms;

	if (since_ms > now_ms)
		since_ms = ledger->back_ms > 0 ? ledger->back_ms : now_ms;
	return now_ms > since_ms ? now_ms - since_ms : 0;
}

const struct flow_probe *flow_send(
	struct flow_ledger *ledger, struct arena *arena, int64_t now_ms)
{
	struct flow_probe probe = { .series = ledger->series,
		.sent_ms = now_ms > 0 ? now_ms : 0,
		.state = FLOW_SENT };
	size_t outstanding = 0;
	size_t i;

	for (i = 0; i < ledger->n; i++)
		outstanding += flow_is_outstanding(ledger->probes[i].state);
	if (outstanding >= FLOW_OUTSTANDING_MAX ||
		ledger->n_sent >= (uint64_t)flow_number_max)
		return NULL;
	probe.number = ++ledger->n_sent;
	ledger->last_sent_ms = probe.sent_ms;
	return insert(ledger, arena, &probe);
}

/* Ways. */

static const char *keep(struct arena *arena, const char *said, size_t max)
{
	struct text text;
	const char *kept;

	if (!said)
		return NULL;
	text_init(&text, max);
	text_add_clean(&text, said);
	kept = arena_strdup(arena, text.data);
	text_release(&text);
	return kept;
}

static bool is_way_used(const struct flow_ledger *ledger, size_t way)
{
	size_t i;

	for (i = 0; i < ledger->n; i++)
		if (ledger->probes[i].way == way + 1 &&
			flow_is_outstanding(ledger->probes[i].state))
			return true;
	return false;
}

/* FLOW_WAYS_MAX: there is none. Those that are settled lose theirs. */
static size_t free_way(struct flow_ledger *ledger)
{
	size_t way = 0;
	size_t i;

	if (ledger->n_ways < FLOW_WAYS_MAX)
		return ledger->n_ways++;
	while (way < ledger->n_ways && is_way_used(ledger, way))
		way++;
	for (i = 0; i < ledger->n; i++)
		if (ledger->probes[i].way == way + 1)
			ledger->probes[i].way = 0;
	return way;
}

void flow_send_via(
	struct flow_ledger *ledger, struct arena *arena, const char *via)
{
	struct flow_probe *last = last_sent(ledger);
	const char *kept = keep(arena, via, FLOW_WAY_MAX);
	size_t way = 0;

	if (!last)
		return;
	while (way < ledger->n_ways && strcmp(ledger->ways[way].via, kept) != 0)
		way++;
	if (way == ledger->n_ways) {
		way = free_way(ledger);
		if (way == FLOW_WAYS_MAX)
			return;
		ledger->ways[way] = (struct flow_way){ .via = kept };
	}
	last->way = (unsigned)way + 1;
}

struct flow_way *flow_way_of(
	const struct flow_ledger *ledger, const struct flow_probe *probe)
{
	const struct flow_probe *found = find(ledger, probe);

	return found && found->way > 0 ? &ledger->ways[found->way - 1] : NULL;
}

void flow_way_note(struct flow_way *way, struct arena *arena,
	const char *address, const char *host)
{
	way->address = keep(arena, address, FLOW_WAY_MAX);
	way->host = keep(arena, host, FLOW_WAY_MAX);
}

void flow_way_refuses(struct flow_way *way, struct arena *arena,
	const char *said, bool is_greylisted)
{
	way->refused = keep(arena, said, FLOW_WAY_MAX);
	way->is_greylisted = said && is_greylisted;
}

/* Accounting. */

struct account {
	struct flow_ledger *ledger;
	struct arena *arena;
	const struct flow_run *run;
	const struct flow_limits *limits;
	struct flow_news *news;
	bool is_troubled; /* one was lost or bounced in this run */
};

static bool is_arrival(enum flow_what what)
{
	return what == FLOW_ARRIVES || what == FLOW_ARRIVES_LATE ||
	       what == FLOW_ARRIVES_AS_JUNK;
}

static const struct flow_step *step_of(
	enum flow_state from, enum flow_what what)
{
	size_t i;

	for (i = 0; i < flow_n_steps; i++)
		if (flow_steps[i].from == from && flow_steps[i].what == what)
			return &flow_steps[i];
	return NULL;
}

/* Takes the step, if there is one. */
static bool take_step(
	struct account *account, struct flow_probe *probe, enum flow_what what)
{
	struct flow_ledger *ledger = account->ledger;
	const struct flow_step *step = step_of(probe->state, what);

	if (!step)
		return false;
	if (probe->turn > 0)
		ledger->totals[probe->state]--;
	probe->state = step->to;
	probe->turn = 0;
	if (!flow_is_outstanding(step->to)) {
		ledger->totals[step->to]++;
		/* What was never taken pushes nothing out of the window. */
		ledger->turns += step->to != FLOW_REFUSED;
		probe->turn = ledger->turns;
	}
	if (step->to == FLOW_DELIVERED)
		ledger->in_time++;
	account->is_troubled |=
		step->to == FLOW_LOST || step->to == FLOW_BOUNCED;
	account->news->n_lost += step->to == FLOW_LOST;
	account->news->n_bounced += step->to == FLOW_BOUNCED;
	return true;
}

static bool has_print(const struct flow_probe *probe, uint64_t print)
{
	size_t i;

	for (i = 0; i < probe->copies && i < FLOW_PRINTS_MAX; i++)
		if (probe->prints[i] == print)
			return true;
	return false;
}

/* No more copies than can be told apart are counted: one that is seen again
 * in each run would be a new one each time. */
static void add_copy(struct account *account, struct flow_probe *probe,
	const struct flow_event *event)
{
	if (probe->copies >= FLOW_PRINTS_MAX)
		return;
	probe->prints[probe->copies++] = event->print;
	if (probe->copies > 1) {
		account->ledger->duplicates++;
		account->news->n_duplicates++;
	}
}

/* It was there no later than now, by the clock that it was sent by. */
static int64_t delay_of(struct account *account, const struct flow_event *event)
{
	int64_t now_ms = account->run->now_ms;
	int64_t at_ms = event->at_ms < now_ms ? event->at_ms : now_ms;

	if (event->sent_ms - at_ms > EARLY_MS)
		account->news->n_early++;
	/* A clock is off, or some server takes the time of sending for that of
	 * arrival: when all was read last, it was not there. */
	if (account->ledger->read_ms - at_ms > EARLY_MS)
		at_ms = account->ledger->read_ms;
	return at_ms > event->sent_ms ? at_ms - event->sent_ms : 0;
}

static void take_arrival(struct account *account, struct flow_probe *probe,
	const struct flow_event *event)
{
	struct flow_news *news = account->news;
	enum flow_what what = event->what;
	bool was_settled = probe->turn > 0;
	int64_t delay_ms;

	if (has_print(probe, event->print)) {
		news->n_again++;
		return;
	}
	if (flow_has_arrived(probe->state)) {
		add_copy(account, probe, event);
		return;
	}
	delay_ms = delay_of(account, event);
	if (what == FLOW_ARRIVES && delay_ms > account->limits->late_ms)
		what = FLOW_ARRIVES_LATE;
	if (!take_step(account, probe, what))
		return;
	probe->delay_ms = delay_ms;
	probe->reason = NULL;
	add_copy(account, probe, event);
	news->n_arrived++;
	news->n_put_right += was_settled;
	if (delay_ms > news->slowest_ms)
		news->slowest_ms = delay_ms;
}

static struct flow_probe as_probe(const struct flow_event *event)
{
	return (struct flow_probe){ .series = event->series,
		.number = event->number,
		.sent_ms = event->sent_ms,
		.state = FLOW_UNACCOUNTED };
}

static struct flow_probe *find_event(
	const struct flow_ledger *ledger, const struct flow_event *event)
{
	struct flow_probe wanted = as_probe(event);

	return find(ledger, &wanted);
}

/* Another one with its number: the ledger was once set back. */
static bool has_number(
	const struct flow_ledger *ledger, const struct flow_event *event)
{
	struct flow_probe first = { .series = event->series,
		.number = event->number,
		.sent_ms = INT64_MIN };
	size_t at = place_of(ledger, &first);

	return at < ledger->n && ledger->probes[at].series == event->series &&
	       ledger->probes[at].number == event->number;
}

/* What the ledger has no entry of, and what that makes it. */
enum kin {
	KIN_FORGOTTEN, /* it was settled long ago */
	KIN_STRANGER,
	KIN_NEWER, /* of this series, and the ledger has not sent it */
	KIN_PAST,
};

static enum kin kin_of(
	const struct flow_ledger *ledger, const struct flow_event *event)
{
	if (event->series == ledger->series) {
		if (event->number > ledger->n_sent)
			return KIN_NEWER;
		return has_number(ledger, event) ? KIN_PAST : KIN_FORGOTTEN;
	}
	return event->sent_ms > ledger->begun_ms ? KIN_STRANGER : KIN_PAST;
}

/* What such a ledger has for outstanding may have been settled since, by the
 * newer one that was there before. */
static void begin_series(struct account *account)
{
	struct flow_ledger *ledger = account->ledger;
	size_t n = 0;
	size_t i;

	flow_past_add(ledger, ledger->series, ledger->n_sent);
	for (i = 0; i < ledger->n; i++) {
		const struct flow_probe *probe = &ledger->probes[i];

		if (probe->series == ledger->series && probe->turn == 0)
			flow_past_doubt(ledger, account->arena, ledger->series,
				probe->number);
		else
			ledger->probes[n++] = *probe;
	}
	ledger->n = n;
	ledger->series = series_of(account->run->now_ms, ledger->series);
	ledger->begun_ms = account->run->now_ms;
	ledger->n_sent = 0;
	account->news->is_old = true;
}

/* An entry for one whose sending nobody remembers; NULL: it gets none. */
static struct flow_probe *adopt(
	struct account *account, const struct flow_event *event)
{
	struct flow_ledger *ledger = account->ledger;
	struct flow_probe probe = as_probe(event);

	if (!step_of(FLOW_UNACCOUNTED, event->what))
		return NULL;
	switch (kin_of(ledger, event)) {
	case KIN_FORGOTTEN:
		account->news->n_forgotten++;
		return NULL;
	case KIN_STRANGER:
		account->news->n_strangers++;
		return NULL;
	case KIN_NEWER:
		begin_series(account);
		break;
	case KIN_PAST:
		break;
	}
	/* It may have been settled by the ledger that is lost. */
	if (!is_arrival(event->what) && account->run->now_ms - event->sent_ms >=
						account->limits->lost_ms)
		return NULL;
	if (event->series != ledger->series)
		flow_past_see(
			ledger, account->arena, event->series, event->number);
	account->news->n_found++;
	return insert(ledger, account->arena, &probe);
}

static void take_event(struct account *account, const struct flow_event *event)
{
	struct flow_probe *probe = find_event(account->ledger, event);

	if (!probe)
		probe = adopt(account, event);
	if (!probe)
		return;
	if (is_arrival(event->what))
		take_arrival(account, probe, event);
	else if (take_step(account, probe, event->what))
		probe->reason =
			keep(account->arena, event->said, FLOW_REASON_MAX);
}

static int compare_events(const void *a, const void *b)
{
	const struct flow_event *const *x = a;
	const struct flow_event *const *y = b;
	struct flow_probe first = as_probe(*x);
	struct flow_probe second = as_probe(*y);
	int order = flow_probe_compare(&first, &second);

	if (order != 0)
		return order;
	/* What was said at its submission comes first; the same event comes
	 * in the order in which it was seen. */
	if ((*x)->what != (*y)->what)
		return (*x)->what < (*y)->what ? -1 : 1;
	if ((*x)->at_ms != (*y)->at_ms)
		return (*x)->at_ms < (*y)->at_ms ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static void take_events(struct account *account)
{
	const struct flow_run *run = account->run;
	const struct flow_event **sorted =
		arena_array(account->arena, run->n, sizeof(const void *));
	size_t i;

	for (i = 0; i < run->n; i++)
		sorted[i] = &run->events[i];
	if (run->n > 1)
		qsort(sorted, run->n, sizeof(const void *), compare_events);
	for (i = 0; i < run->n; i++)
		take_event(account, sorted[i]);
}

static void take_ages(struct account *account)
{
	struct flow_ledger *ledger = account->ledger;
	size_t i;

	for (i = 0; i < ledger->n; i++) {
		struct flow_probe *probe = &ledger->probes[i];

		if (flow_age_ms(ledger, probe, account->run->now_ms) >=
			account->limits->lost_ms)
			(void)take_step(account, probe, FLOW_AGES);
	}
}

static void note_clock(struct flow_ledger *ledger, int64_t now_ms)
{
	bool is_behind = false;
	size_t i;

	for (i = 0; i < ledger->n; i++)
		is_behind |= ledger->probes[i].turn == 0 &&
			     ledger->probes[i].sent_ms > now_ms;
	if (!is_behind)
		ledger->back_ms = 0;
	else if (ledger->back_ms == 0 || ledger->back_ms > now_ms)
		ledger->back_ms = now_ms;
	/* How long ago that was nobody knows any more. */
	if (ledger->read_ms > now_ms)
		ledger->read_ms = 0;
}

/* How many of a state are in the ledger, from where one looks at it on. */
struct behind {
	size_t missing, refused;
};

/* It may arrive yet, and be put right then. */
static bool is_missing(const struct flow_probe *probe)
{
	return probe->state == FLOW_LOST || probe->state == FLOW_UNACCOUNTED;
}

static void count_behind(
	struct behind *behind, const struct flow_probe *probe, bool is_passed)
{
	size_t one = is_passed ? (size_t)-1 : 1;

	if (is_missing(probe))
		behind->missing += one;
	if (probe->state == FLOW_REFUSED)
		behind->refused += one;
}

static bool is_kept(const struct account *account,
	const struct flow_probe *probe, const struct behind *behind)
{
	const struct flow_ledger *ledger = account->ledger;
	uint64_t window = account->limits->window;

	if (probe->turn == 0)
		return true;
	if (is_missing(probe) && behind->missing < FLOW_LOST_MAX &&
		account->run->now_ms - probe->sent_ms < lost_for_ms)
		return true;
	if (probe->state == FLOW_REFUSED && behind->refused >= FLOW_KEPT_MIN)
		return false;
	return probe->turn + window > ledger->turns ||
	       probe->turn + FLOW_KEPT_MIN > ledger->turns;
}

/* A settled one is forgotten when it is out of all windows; a lost one when
 * nobody would deliver it any more. */
static void forget(struct account *account)
{
	struct flow_ledger *ledger = account->ledger;
	struct behind behind = { 0, 0 };
	size_t n = 0;
	size_t i;

	for (i = 0; i < ledger->n; i++)
		count_behind(&behind, &ledger->probes[i], false);
	for (i = 0; i < ledger->n; i++) {
		count_behind(&behind, &ledger->probes[i], true);
		if (is_kept(account, &ledger->probes[i], &behind))
			ledger->probes[n++] = ledger->probes[i];
	}
	ledger->n = n;
	flow_past_forget(ledger, account->limits->window);
}

void flow_account(struct flow_ledger *ledger, struct arena *arena,
	const struct flow_run *run, const struct flow_limits *limits,
	struct flow_news *news)
{
	struct account account = { ledger, arena, run, limits, news, false };

	*news = (struct flow_news){ .slowest_ms = -1 };
	take_events(&account);
	note_clock(ledger, run->now_ms);
	if (run->was_read) {
		take_ages(&account);
		ledger->read_ms = run->now_ms;
	}
	/* Only what arrives in later runs ends the alarm. */
	if (account.is_troubled)
		ledger->in_time = 0;
	else if (ledger->in_time >= limits->recover)
		ledger->calm_turn = ledger->turns;
	forget(&account);
}

bool flow_is_accounted(
	const struct flow_ledger *ledger, const struct flow_event *event)
{
	const struct flow_probe *probe = find_event(ledger, event);

	/* A notification tells nothing more than was taken from it. */
	if (!is_arrival(event->what))
		return probe || kin_of(ledger, event) != KIN_STRANGER;
	if (!probe)
		return kin_of(ledger, event) == KIN_FORGOTTEN;
	return flow_has_arrived(probe->state) &&
	       (has_print(probe, event->print) ||
		       probe->copies >= FLOW_PRINTS_MAX);
}
