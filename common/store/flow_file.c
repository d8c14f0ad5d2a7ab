/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ledger of check_mail_flow as a state file. A probe is an array, since
 * there may be thousands: series, number, time, state, what was said of it or
 * null, and its way or 0; behind these, of one that is settled, its turn, and of one that
 * arrived the delay and a print of each copy. What is not exactly as it is
 * written here is damaged, and all of it: a ledger that is begun anew tells
 * more than half of one.
 */
#include "config.h"

#include "common/store/flow_file.h"

#include <jansson.h>
#include <string.h>

#include "common/mail/flow_token.h"

enum {
	PROBES_MAX = 16384,
	KEY_ID_LEN = 16,
	PRINT_LEN = 16,
	REASONS_MAX = 100, /* that are kept: those of the newest probes */
	STATE_MEMBERS = 16,
	PAST_MEMBERS = 5,
	WAY_MEMBERS = 5,
};

/* The places in the array of a probe. */
enum {
	AT_SERIES,
	AT_NUMBER,
	AT_SENT,
	AT_STATE,
	AT_REASON,
	AT_WAY,
	LEN_OUTSTANDING,
	AT_TURN = LEN_OUTSTANDING,
	LEN_SETTLED,
	AT_DELAY = LEN_SETTLED,
	AT_PRINTS,
	LEN_ARRIVED,
};

static const int64_t time_max_ms = INT64_C(253402300799999); /* of year 9999 */
static const char hex_digits[] = "0123456789abcdef";

static const struct store_kind ledger_kind = { "mail-flow", 1 };

/* -- reading, strictly --------------------------------------------------- */

/* The first oddity stays. */
struct reader {
	struct arena *arena;
	bool is_odd;
};

static int64_t take_number(
	struct reader *reader, json_t *value, int64_t min, int64_t max)
{
	if (json_is_integer(value) && json_integer_value(value) >= min &&
		json_integer_value(value) <= max)
		return json_integer_value(value);
	reader->is_odd = true;
	return min;
}

static int64_t take_int(
	struct reader *reader, json_t *object, const char *key, int64_t max)
{
	return take_number(reader, json_object_get(object, key), 0, max);
}

static uint64_t take_count(
	struct reader *reader, json_t *object, const char *key)
{
	return (uint64_t)take_int(reader, object, key, INT64_MAX);
}

static json_t *take_array(struct reader *reader, json_t *array, size_t max)
{
	if (json_is_array(array) && json_array_size(array) <= max)
		return array;
	reader->is_odd = true;
	return NULL;
}

/* Text without control characters, of at most max bytes; "" where it is not. */
static const char *take_text(struct reader *reader, json_t *value, size_t max)
{
	const char *text = json_string_value(value);
	const char *at;

	if (!text || strlen(text) > max) {
		reader->is_odd = true;
		return "";
	}
	for (at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			reader->is_odd = true;
	return arena_strdup(reader->arena, text);
}

static uint64_t take_print(struct reader *reader, json_t *value)
{
	const char *text = take_text(reader, value, PRINT_LEN);
	uint64_t print = 0;
	size_t i;

	if (strlen(text) != PRINT_LEN ||
		strspn(text, hex_digits) != PRINT_LEN) {
		reader->is_odd = true;
		return 0;
	}
	for (i = 0; i < PRINT_LEN; i++)
		print = print << 4 |
			(uint64_t)(strchr(hex_digits, text[i]) - hex_digits);
	return print;
}

static enum flow_state take_state(struct reader *reader, json_t *value)
{
	const char *word = json_string_value(value);
	unsigned state;

	for (state = 0; word && state < FLOW_STATES; state++)
		if (strcmp(word, flow_state_word(state)) == 0)
			return (enum flow_state)state;
	reader->is_odd = true;
	return FLOW_SENT;
}

static void read_arrival(
	struct reader *reader, json_t *row, struct flow_probe *probe)
{
	json_t *prints = take_array(
		reader, json_array_get(row, AT_PRINTS), FLOW_PRINTS_MAX);
	size_t i;

	probe->delay_ms = take_number(
		reader, json_array_get(row, AT_DELAY), 0, time_max_ms);
	probe->copies = (uint32_t)json_array_size(prints);
	if (probe->copies == 0)
		reader->is_odd = true;
	for (i = 0; i < probe->copies; i++)
		probe->prints[i] =
			take_print(reader, json_array_get(prints, i));
}

static size_t len_of(enum flow_state state)
{
	if (flow_is_outstanding(state))
		return LEN_OUTSTANDING;
	return flow_has_arrived(state) ? LEN_ARRIVED : LEN_SETTLED;
}

static void read_probe(struct reader *reader, json_t *row,
	const struct flow_ledger *ledger, struct flow_probe *probe)
{
	json_t *reason = json_array_get(row, AT_REASON);

	probe->series = (uint64_t)take_number(
		reader, json_array_get(row, AT_SERIES), 1, flow_number_max);
	probe->number = (uint64_t)take_number(
		reader, json_array_get(row, AT_NUMBER), 1, flow_number_max);
	probe->sent_ms = take_number(
		reader, json_array_get(row, AT_SENT), 0, time_max_ms);
	probe->state = take_state(reader, json_array_get(row, AT_STATE));
	if (json_array_size(row) != len_of(probe->state))
		reader->is_odd = true;
	if (!json_is_null(reason))
		probe->reason = take_text(reader, reason, FLOW_REASON_MAX);
	probe->way = (unsigned)take_number(reader, json_array_get(row, AT_WAY),
		0, (int64_t)ledger->n_ways);
	if (!flow_is_outstanding(probe->state))
		probe->turn = (uint64_t)take_number(reader,
			json_array_get(row, AT_TURN), 1,
			(int64_t)ledger->turns);
	if (flow_has_arrived(probe->state))
		read_arrival(reader, row, probe);
	if (probe->series == ledger->series && probe->number > ledger->n_sent)
		reader->is_odd = true;
}

static void read_probes(
	struct reader *reader, json_t *state, struct flow_ledger *ledger)
{
	json_t *array = take_array(
		reader, json_object_get(state, "probes"), PROBES_MAX);
	size_t i;

	ledger->n = json_array_size(array);
	/* Room for one more: most runs send one. */
	ledger->room = ledger->n + 1;
	ledger->probes = arena_array(
		reader->arena, ledger->room, sizeof(*ledger->probes));
	for (i = 0; i < ledger->n; i++) {
		read_probe(reader, json_array_get(array, i), ledger,
			&ledger->probes[i]);
		if (i > 0 && flow_probe_compare(&ledger->probes[i - 1],
				     &ledger->probes[i]) >= 0)
			reader->is_odd = true;
	}
}

static void read_gaps(
	struct reader *reader, json_t *array, struct flow_past *past)
{
	int64_t least = 1;
	size_t i;

	past->n_gaps = past->room = json_array_size(array);
	past->gaps =
		arena_array(reader->arena, past->room, sizeof(*past->gaps));
	for (i = 0; i < past->n_gaps; i++) {
		json_t *pair = json_array_get(array, i);

		if (json_array_size(pair) != 2)
			reader->is_odd = true;
		past->gaps[i].first = (uint64_t)take_number(reader,
			json_array_get(pair, 0), least, (int64_t)past->highest);
		past->gaps[i].last = (uint64_t)take_number(reader,
			json_array_get(pair, 1), (int64_t)past->gaps[i].first,
			(int64_t)past->highest);
		least = (int64_t)past->gaps[i].last + 1;
	}
}

static void read_pasts(
	struct reader *reader, json_t *state, struct flow_ledger *ledger)
{
	json_t *array = take_array(
		reader, json_object_get(state, "pasts"), FLOW_PASTS_MAX);
	size_t i;

	ledger->n_pasts = json_array_size(array);
	ledger->pasts = arena_array(
		reader->arena, FLOW_PASTS_MAX, sizeof(*ledger->pasts));
	for (i = 0; i < ledger->n_pasts; i++) {
		json_t *value = json_array_get(array, i);
		struct flow_past *past = &ledger->pasts[i];

		if (json_object_size(value) != PAST_MEMBERS)
			reader->is_odd = true;
		past->series = (uint64_t)take_int(
			reader, value, "series", flow_number_max);
		past->highest = (uint64_t)take_int(
			reader, value, "highest", flow_number_max);
		past->lowest = (uint64_t)take_int(
			reader, value, "lowest", (int64_t)past->highest);
		past->turn = (uint64_t)take_int(
			reader, value, "turn", (int64_t)ledger->turns);
		read_gaps(reader,
			take_array(reader, json_object_get(value, "gaps"),
				FLOW_GAPS_MAX),
			past);
	}
}

static const char *take_way(
	struct reader *reader, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL
				   : take_text(reader, value, FLOW_WAY_MAX);
}

static bool take_bool(struct reader *reader, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		reader->is_odd = true;
	return json_is_true(value);
}

static void read_ways(
	struct reader *reader, json_t *state, struct flow_ledger *ledger)
{
	json_t *array = take_array(
		reader, json_object_get(state, "ways"), FLOW_WAYS_MAX);
	size_t i;

	ledger->n_ways = json_array_size(array);
	ledger->ways = arena_array(
		reader->arena, FLOW_WAYS_MAX, sizeof(*ledger->ways));
	for (i = 0; i < ledger->n_ways; i++) {
		json_t *value = json_array_get(array, i);
		struct flow_way *way = &ledger->ways[i];

		if (json_object_size(value) != WAY_MEMBERS)
			reader->is_odd = true;
		way->via = take_text(
			reader, json_object_get(value, "via"), FLOW_WAY_MAX);
		way->address = take_way(reader, value, "address");
		way->host = take_way(reader, value, "host");
		way->refused = take_way(reader, value, "refused");
		way->is_greylisted = take_bool(reader, value, "greylisted");
	}
}

static bool is_totalled(unsigned state)
{
	return !flow_is_outstanding((enum flow_state)state);
}

static void read_totals(
	struct reader *reader, json_t *object, struct flow_ledger *ledger)
{
	size_t n = 0;
	unsigned state;

	for (state = 0; state < FLOW_STATES; state++) {
		if (!is_totalled(state))
			continue;
		ledger->totals[state] =
			take_count(reader, object, flow_state_word(state));
		n++;
	}
	if (json_object_size(object) != n)
		reader->is_odd = true;
}

static void read_ledger(
	struct reader *reader, json_t *state, struct flow_ledger *ledger)
{
	*ledger = (struct flow_ledger){
		.instance = take_text(reader,
			json_object_get(state, "instance"), FLOW_INSTANCE_MAX),
		.key_id = take_text(
			reader, json_object_get(state, "key"), KEY_ID_LEN),
		.series = (uint64_t)take_int(
			reader, state, "series", flow_number_max),
		.begun_ms = take_int(reader, state, "begun_ms", time_max_ms),
		.n_sent = (uint64_t)take_int(
			reader, state, "sent", flow_number_max),
		.last_sent_ms =
			take_int(reader, state, "last_sent_ms", time_max_ms),
		.read_ms = take_int(reader, state, "read_ms", time_max_ms),
		.back_ms = take_int(reader, state, "back_ms", time_max_ms),
		.turns = take_count(reader, state, "turns"),
		.in_time = take_count(reader, state, "in_time"),
		.calm_turn = take_count(reader, state, "calm_turn"),
		.duplicates = take_count(reader, state, "duplicates"),
	};
	if (json_object_size(state) != STATE_MEMBERS ||
		!flow_instance_check(ledger->instance) ||
		strlen(ledger->key_id) != KEY_ID_LEN ||
		strspn(ledger->key_id, hex_digits) != KEY_ID_LEN ||
		ledger->series == 0 || ledger->turns == 0 ||
		ledger->calm_turn > ledger->turns)
		reader->is_odd = true;
	read_totals(reader, json_object_get(state, "totals"), ledger);
	read_ways(reader, state, ledger);
	read_probes(reader, state, ledger);
	read_pasts(reader, state, ledger);
}

/* -- writing ------------------------------------------------------------- */

static void add_print(struct json *json, uint64_t print)
{
	char text[PRINT_LEN + 1];
	size_t i;

	for (i = PRINT_LEN; i > 0; i--, print >>= 4)
		text[i - 1] = hex_digits[print & 15];
	text[PRINT_LEN] = '\0';
	json_add_string(json, NULL, text);
}

static void write_probe(
	struct json *json, const struct flow_probe *probe, bool has_reason)
{
	size_t i;

	json_open_array(json, NULL);
	json_add_int(json, NULL, (int64_t)probe->series);
	json_add_int(json, NULL, (int64_t)probe->number);
	json_add_int(json, NULL, probe->sent_ms);
	json_add_string(json, NULL, flow_state_word(probe->state));
	json_add_string(json, NULL, has_reason ? probe->reason : NULL);
	json_add_int(json, NULL, probe->way);
	if (!flow_is_outstanding(probe->state))
		json_add_int(json, NULL, (int64_t)probe->turn);
	if (flow_has_arrived(probe->state)) {
		json_add_int(json, NULL, probe->delay_ms);
		json_open_array(json, NULL);
		for (i = 0; i < probe->copies; i++)
			add_print(json, probe->prints[i]);
		json_close_array(json);
	}
	json_close_array(json);
}

static void write_probes(struct json *json, const struct flow_ledger *ledger)
{
	size_t n_reasons = 0;
	size_t i;

	for (i = 0; i < ledger->n; i++)
		n_reasons += ledger->probes[i].reason != NULL;
	json_open_array(json, "probes");
	for (i = 0; i < ledger->n; i++) {
		write_probe(json, &ledger->probes[i], n_reasons <= REASONS_MAX);
		n_reasons -= ledger->probes[i].reason != NULL;
	}
	json_close_array(json);
}

static void write_pasts(struct json *json, const struct flow_ledger *ledger)
{
	size_t i, j;

	json_open_array(json, "pasts");
	for (i = 0; i < ledger->n_pasts; i++) {
		const struct flow_past *past = &ledger->pasts[i];

		json_open_object(json, NULL);
		json_add_int(json, "series", (int64_t)past->series);
		json_add_int(json, "lowest", (int64_t)past->lowest);
		json_add_int(json, "highest", (int64_t)past->highest);
		json_add_int(json, "turn", (int64_t)past->turn);
		json_open_array(json, "gaps");
		for (j = 0; j < past->n_gaps; j++) {
			json_open_array(json, NULL);
			json_add_int(json, NULL, (int64_t)past->gaps[j].first);
			json_add_int(json, NULL, (int64_t)past->gaps[j].last);
			json_close_array(json);
		}
		json_close_array(json);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_ways(struct json *json, const struct flow_ledger *ledger)
{
	size_t i;

	json_open_array(json, "ways");
	for (i = 0; i < ledger->n_ways; i++) {
		const struct flow_way *way = &ledger->ways[i];

		json_open_object(json, NULL);
		json_add_string(json, "via", way->via);
		json_add_string(json, "address", way->address);
		json_add_string(json, "host", way->host);
		json_add_string(json, "refused", way->refused);
		json_add_bool(json, "greylisted", way->is_greylisted);
		json_close_object(json);
	}
	json_close_array(json);
}

static void write_ledger(
	struct json *json, const char *key, const void *document)
{
	const struct flow_ledger *ledger = document;
	unsigned state;

	json_open_object(json, key);
	json_add_string(json, "instance", ledger->instance);
	json_add_string(json, "key", ledger->key_id);
	json_add_int(json, "series", (int64_t)ledger->series);
	json_add_int(json, "begun_ms", ledger->begun_ms);
	json_add_int(json, "sent", (int64_t)ledger->n_sent);
	json_add_int(json, "last_sent_ms", ledger->last_sent_ms);
	json_add_int(json, "read_ms", ledger->read_ms);
	json_add_int(json, "back_ms", ledger->back_ms);
	json_add_int(json, "turns", (int64_t)ledger->turns);
	json_add_int(json, "in_time", (int64_t)ledger->in_time);
	json_add_int(json, "calm_turn", (int64_t)ledger->calm_turn);
	json_add_int(json, "duplicates", (int64_t)ledger->duplicates);
	json_open_object(json, "totals");
	for (state = 0; state < FLOW_STATES; state++)
		if (is_totalled(state))
			json_add_int(json, flow_state_word(state),
				(int64_t)ledger->totals[state]);
	json_close_object(json);
	write_ways(json, ledger);
	write_probes(json, ledger);
	write_pasts(json, ledger);
	json_close_object(json);
}

/* -- the file ------------------------------------------------------------ */

static struct flow_memory memory_of(const struct store_file *store)
{
	static const enum flow_memory_fate fates[] = {
		[STORE_READ] = FLOW_MEMORY_READ,
		[STORE_NEW] = FLOW_MEMORY_NEW,
		[STORE_LOST] = FLOW_MEMORY_LOST,
		[STORE_UNUSABLE] = FLOW_MEMORY_UNUSABLE,
		[STORE_NO_PLACE] = FLOW_MEMORY_NO_PLACE,
	};

	return (struct flow_memory){ .fate = fates[store_fate(store)],
		.why = store_why(store),
		.node = store_node(store) };
}

/* False: there is nothing that was read, and the ledger is of no use. */
static bool read_state(struct arena *arena, struct store_file *store,
	const char *instance, struct flow_ledger *ledger)
{
	struct reader reader = { .arena = arena };
	json_t *root = store_take_root(store);

	if (!root)
		return false;
	read_ledger(&reader, json_object_get(root, "state"), ledger);
	json_decref(root);
	if (strcmp(ledger->instance, instance) != 0)
		reader.is_odd = true;
	if (reader.is_odd)
		store_is_damaged(store,
			"is damaged: its state is not one that was "
			"written");
	return !reader.is_odd;
}

void flow_file_open(struct flow_file *file, struct arena *arena,
	const struct store_place *place, const char *instance)
{
	*file = (struct flow_file){
		.store = store_open(arena, place, &ledger_kind,
			arena_printf(arena, "check_mail_flow %s", instance)),
	};
	file->was_read =
		read_state(arena, file->store, instance, &file->ledger);
	if (!file->was_read)
		file->ledger = (struct flow_ledger){ .instance = NULL };
	file->memory = memory_of(file->store);
}

bool flow_file_save(struct flow_file *file, const struct flow_ledger *ledger)
{
	bool is_kept = store_save(file->store, write_ledger, ledger);

	file->memory = memory_of(file->store);
	return is_kept;
}

void flow_file_close(struct flow_file *file)
{
	store_close(file->store);
	file->store = NULL;
}
