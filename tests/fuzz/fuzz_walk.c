/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole run of the delegation check against an internet that the fuzzer
 * makes up: each query is answered by what the next bytes of the input say.
 * Stands in for common/dnsnet/channel.c; time is virtual. What is looked for
 * are crashes, endless runs and output that breaks its promises.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/core/json.h"
#include "common/dnsnet/channel.h"
#include "common/dnsnet/message.h"
#include "tests/unit/virtual_loop.h"

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	REPLY_MAX = 4096,
	HEADER = 12,
	ROUND_TRIP_US = 20 * 1000,
};

/* -- the input as a stream of decisions --------------------------------- */

static const uint8_t *input;
static size_t input_left;

static uint8_t next_byte(void)
{
	if (input_left == 0)
		return 0;
	input_left--;
	return *input++;
}

/* -- replies ------------------------------------------------------------- */

struct packet {
	uint8_t at[REPLY_MAX];
	size_t len;
};

static void put(struct packet *packet, const void *bytes, size_t len)
{
	if (packet->len + len > sizeof(packet->at))
		return;
	memcpy(packet->at + packet->len, bytes, len);
	packet->len += len;
}

static void put16(struct packet *packet, unsigned value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };
	put(packet, bytes, sizeof(bytes));
}

/*
 * A name: the question's, one of those above it (pointers into the
 * question), a name below one of them, or whatever the input holds.
 */
static void put_name(struct packet *packet, const struct packet *question)
{
	uint8_t choice = next_byte();
	size_t offset = HEADER;
	for (unsigned skip = choice & 7; skip > 0; skip--) {
		uint8_t label = question->at[offset - HEADER];
		if (label == 0 || label > 63)
			break;
		offset += 1U + label;
	}
	if ((choice & 0x18) == 0x08) { /* a label before it */
		uint8_t label[3] = { 2, 'n',
			(uint8_t)('a' + next_byte() % 26) };
		put(packet, label, sizeof(label));
	}
	if ((choice & 0x18) == 0x10) { /* raw bytes */
		uint8_t raw[4] = { next_byte(), next_byte(), next_byte(),
			next_byte() };
		put(packet, raw, sizeof(raw));
		return;
	}
	put16(packet, 0xc000U | (unsigned)offset);
}

static void put_address(struct packet *packet, size_t size)
{
	uint8_t bytes[16] = { 0 };
	bytes[0] = size == 4 ? 203 : 0x2a;
	bytes[size - 2] = next_byte() & 3;
	bytes[size - 1] = next_byte();
	put16(packet, (unsigned)size);
	put(packet, bytes, size);
}

static void put_record(struct packet *packet, const struct packet *question)
{
	static const uint16_t types[] = { 2, 2, 1, 28, 6, 5, 39, 43, 41, 46, 16,
		255 };
	put_name(packet, question);
	uint16_t type = types[next_byte() % (sizeof(types) / sizeof(types[0]))];
	put16(packet, type);
	put16(packet, type == 41 ? 1232 : 1);
	put16(packet, 0);
	put16(packet, next_byte());
	if (type == 1 || type == 28) {
		put_address(packet, type == 1 ? 4 : 16);
		return;
	}
	size_t length_at = packet->len;
	put16(packet, 0);
	if (type == 2 || type == 5 || type == 39 || type == 6)
		put_name(packet, question);
	if (type == 6) {
		uint8_t numbers[20] = { next_byte() };
		put_name(packet, question);
		put(packet, numbers, sizeof(numbers));
	}
	if (type == 16 || type == 46)
		for (unsigned n = next_byte() & 31; n > 0; n--) {
			uint8_t byte = next_byte();
			put(packet, &byte, 1);
		}
	size_t length = packet->len - length_at - 2;
	packet->at[length_at] = (uint8_t)(length >> 8);
	packet->at[length_at + 1] = (uint8_t)length;
}

/* A reply to the query in wire, id and question right as c-ares has it. */
static void make_reply(struct packet *packet, const uint8_t *wire, size_t len)
{
	struct packet question = { .len = 0 };
	size_t end = HEADER;
	while (end < len && wire[end] != 0)
		end += 1U + wire[end];
	put(&question, wire + HEADER, end + 5 - HEADER);
	uint8_t counts = next_byte();
	uint8_t header[HEADER] = { wire[0], wire[1],
		(uint8_t)(0x80 | next_byte()), next_byte() & 0x8f, 0, 1, 0,
		counts & 3, 0, counts >> 2 & 7, 0, (uint8_t)(counts >> 5) };
	put(packet, header, sizeof(header));
	put(packet, question.at, question.len);
	unsigned records = (counts & 3) + (counts >> 2 & 7) + (counts >> 5);
	for (; records > 0; records--)
		put_record(packet, &question);
	if ((next_byte() & 7) == 7 && packet->len > 4)
		packet->len -= next_byte() % packet->len;
}

/* -- the stand-in for channel.c ------------------------------------------ */

struct channels {
	struct loop *loop;
};

struct answer {
	struct channel_query *query;
	enum dns_outcome outcome;
	struct packet packet;
	struct loop_timer timer;
	struct answer *next;
};

static struct answer *answers; /* of the run, freed at its end */

static void on_answer(void *arg)
{
	struct answer *answer = arg;
	struct channel_query *query = answer->query;
	query->fn(query->arg, answer->outcome, answer->packet.at,
		answer->packet.len);
}

struct channels *channels_new(
	struct loop *loop, const struct dns_options *options)
{
	(void)options;
	struct channels *all = calloc(1, sizeof(*all));
	if (all != NULL)
		all->loop = loop;
	return all;
}

void channels_free(struct channels *all)
{
	free(all);
	while (answers != NULL) {
		struct answer *next = answers->next;
		free(answers);
		answers = next;
	}
}

void channel_send(struct channels *channels, const struct channel_peer *peer,
	struct channel_query *query, const uint8_t *wire, size_t len)
{
	static const enum dns_outcome outcomes[] = { DNS_TIMED_OUT,
		DNS_PORT_CLOSED, DNS_UNREACHABLE, DNS_CONNECTION_LOST,
		DNS_MALFORMED };
	struct answer *answer = calloc(1, sizeof(*answer));
	if (answer == NULL)
		abort();
	answer->query = query;
	answer->next = answers;
	answers = answer;
	query->is_sent = true;
	int64_t delay_us = peer->is_tcp ? 2 * ROUND_TRIP_US : ROUND_TRIP_US;
	uint8_t choice = next_byte();
	if (choice >= 0xf0) {
		answer->outcome = outcomes[choice % 5];
		delay_us = answer->outcome == DNS_TIMED_OUT ? 1500 * 1000 : 1;
	} else {
		answer->outcome = DNS_ANSWERED;
		make_reply(&answer->packet, wire, len);
	}
	loop_timer_set(channels->loop, &answer->timer,
		clock_mono_us() + delay_us, on_answer, answer);
}

struct dns_addr channel_contacted(
	const struct dns_options *options, const struct dns_addr *addr)
{
	(void)options;
	return *addr;
}

/* -- one run ------------------------------------------------------------- */

static void check_output(struct arena *arena, struct delegation *d)
{
	struct judge judge;
	judge_init(
		&judge, arena, delegation_rules, n_delegation_rules, NULL, 0);
	judge_all(&judge, d);
	delegation_measure(&judge, d);
	judge_sort(&judge);
	/* Good servers without one that answered would be a silent OK. */
	if (judge_state(&judge) == STATE_OK &&
		delegation_count(d).servers_good == 0)
		abort();
	struct text text;
	text_init(&text, 8 * 1024 * 1024);
	delegation_write_trace(&text, d, 3);
	text_add(&text, delegation_summary(arena, d));
	text_clear(&text);
	struct json json;
	json_init(&json, &text);
	json_open_object(&json, NULL);
	delegation_write_json(&json, d);
	json_close_object(&json);
	text_clear(&text);
	json_init(&json, &text);
	json_open_object(&json, NULL);
	delegation_write_facts(&json, d);
	json_close_object(&json);
	text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_hint hints[] = {
		{ "a.root", { .family = 4, .bytes = { 203, 0, 113, 1 } } },
		{ "a.root", { .family = 6, .bytes = { 0x2a, [15] = 1 } } },
	};
	virtual_time_reset();
	input = data;
	input_left = size;
	uint8_t flags = next_byte();
	struct dns_options options = {
		.zone = (flags & 1) != 0 ? "a.b.org" : "example.org",
		.use_v4 = true,
		.use_v6 = (flags & 2) == 0,
		.hints = hints,
		.n_hints = 2,
		.parent_servers = (flags & 4) != 0 ? 0 : 4,
		.tries = 3,
		.query_timeout_us = 1500 * 1000,
		.start_us = clock_mono_us(),
		.deadline_us = clock_mono_us() + 8 * 1000 * 1000,
		.port = 53,
	};
	options.typed = options.zone;
	struct dns_ds ds = {
		.key_tag = 1, .algorithm = 13, .digest_type = 2, .digest = "00"
	};
	struct arena *arena = arena_new(ARENA_MAX);
	struct dns_anchor anchor = dnsnet_root_anchor(arena);
	options.now_s = 1767225600;
	options.anchors = &anchor;
	options.n_anchors = (flags & 16) != 0;
	options.given_ds = &ds;
	options.n_given_ds = (flags & 32) != 0;
	if ((flags & 8) != 0) {
		options.parents = &hints[0].addr;
		options.n_parents = 1;
	}
	struct delegation d = { .expect = { .min_good = 1,
					.min_ns = 2,
					.now_s = options.now_s,
					.sig_warning_s = -1,
					.sig_critical_s = -1 } };
	dnsnet_gather(arena, &options, &d);
	if (d.elapsed_us > 8 * 1000 * 1000)
		abort();
	check_output(arena, &d);
	arena_free(arena);
	return 0;
}
