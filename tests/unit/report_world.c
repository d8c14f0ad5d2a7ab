/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/testing.h"

#include "tests/unit/report_world.h"

int world_set_up(void **state, const char *plugin, const struct rule *rules,
	size_t n_rules)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_new(1 << 26);
	text_init(&f->out, REPORT_OUTPUT_MAX);
	judge_init(&f->judge, f->arena, rules, n_rules, f->overrides, 0);
	f->report = (struct report){
		.plugin = plugin,
		.version = "1.2.3",
		.label = "TEST",
		.subject = "example.org",
		.summary = "all is well",
		.judge = &f->judge,
		.thresholds = f->thresholds,
		.duration_us = 1500000,
		.now_s = 1700000000,
	};
	*state = f;
	return 0;
}

int world_tear_down(void **state)
{
	struct fixture *f = *state;

	text_release(&f->out);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

void find(struct fixture *f, int rule, const char *name, const char *address,
	const char *text)
{
	f->judge.rule = &f->judge.rules[rule];
	judge_finding(&f->judge, (struct culprit){ name, address }, "%s", text);
}

void miss(struct fixture *f, int rule, const char *subject, const char *reason)
{
	f->judge.rule = &f->judge.rules[rule];
	judge_not_judged(&f->judge, subject, "%s", reason);
}
