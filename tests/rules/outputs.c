/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "outputs.h"

#include <math.h>
#include <stdio.h>

#include "common/core/text.h"

int outputs_set_up(void **state)
{
	*state = arena_new(ARENA_MAX);
	return 0;
}

int outputs_tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

double outputs_metric(
	const struct judge *judge, const char *name, const char *instance)
{
	size_t i;

	for (i = 0; i < judge->n_metrics; i++) {
		const struct metric *at = &judge->metrics[i];

		if (strcmp(at->def->name, name) == 0 &&
			(instance ? at->instance && strcmp(at->instance,
							    instance) == 0
				  : !at->def->is_per_server))
			return at->value;
	}
	return (double)NAN;
}

void outputs_assert_metric(
	const struct judge *judge, const char *name, double value)
{
	double difference = outputs_metric(judge, name, NULL) - value;

	assert_true(difference < 1e-9 && difference > -1e-9);
}

const char *outputs_many_servers(struct arena *arena, const char *more)
{
	struct text text;
	const char *copy;

	text_init(&text, OUTPUT_MAX);
	text_add(&text, "{\"hosts\": [");
	for (int i = 1; i <= SERVERS_GOAL; i++)
		text_printf(&text,
			"%s{\"name\": \"name-server-number-%d.data-centre."
			"example.org\", \"addrs\": [\"185.105.101.%d\","
			" \"2a00:1005:1001:2002:3003:4004:5005:%d\"]}",
			i > 1 ? "," : "", i, 100 + i, 1000 + i);
	text_add(&text, "], \"signed\": {}, \"but\": {");
	for (int i = 1; i <= SERVERS_GOAL; i++)
		text_printf(&text, "%s\"185.105.101.%d\": {%s}",
			i > 1 ? "," : "", 100 + i,
			i % 2 ? "\"all\": \"connection_lost\""
			      : "\"nsid\": \"instance-12.data-centre\"");
	text_printf(&text, "}%s}", more);
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}
