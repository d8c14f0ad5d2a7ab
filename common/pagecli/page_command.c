/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_command.h"

#include <string.h>

#include "common/core/clock.h"
#include "common/loop/command.h"

enum {
	EXIT_WARNING = 1,
	EXIT_CRITICAL = 2,
	EXIT_UNKNOWN = 3,
};

struct page_command {
	struct page_run *run;
	struct page_probe *probe;
	struct command *child;
	bool is_over;
};

/* Its first line, as a reason. */
static const char *first_line(struct arena *arena, const char *output)
{
	size_t len = strcspn(output, "|\r\n");

	return len > 0 ? arena_strndup(arena, output, len) : "it said nothing";
}

static void judge_exit(struct arena *arena, struct page_probe *probe,
	const struct command_result *result)
{
	if (result->code <= EXIT_WARNING) {
		probe->end = PAGE_PROBE_UP;
		return;
	}
	probe->end = result->code == EXIT_CRITICAL ? PAGE_PROBE_DOWN
						   : PAGE_PROBE_UNSURE;
	probe->why =
		result->code <= EXIT_UNKNOWN
			? first_line(arena, result->output)
			: arena_printf(arena, "it exits with %d", result->code);
}

static void on_end(void *arg, const struct command_result *result)
{
	struct page_command *command = arg;
	struct arena *arena = command->run->arena;
	struct page_probe *probe = command->probe;

	command->is_over = true;
	probe->took_us = result->took_us;
	probe->end = PAGE_PROBE_UNSURE;
	switch (result->end) {
	case COMMAND_EXITED:
		judge_exit(arena, probe, result);
		break;
	case COMMAND_NOT_STARTED:
		probe->why = arena_printf(arena, "it can't be started: %s",
			strerror(result->error));
		break;
	case COMMAND_KILLED:
		probe->why = arena_printf(
			arena, "it was killed by signal %d", result->code);
		break;
	case COMMAND_TIMED_OUT:
		probe->why = arena_printf(arena, "it did not end within %.1f s",
			(double)result->took_us / 1e6);
		break;
	}
	page_run_close(command->run);
}

struct page_command *page_command_start(struct page_run *run)
{
	const struct page_gather_options *options = run->options;
	struct page_command *command;
	bool is_short;

	if (!options->command)
		return NULL;
	command = arena_alloc(run->arena, sizeof(*command));
	command->run = run;
	command->probe = &run->page->probes[options->n_probes];
	run->n_open++;
	command->child = command_start(run->arena, run->loop, options->command,
		clock_mono_us() + page_run_bound_us(run, &is_short), on_end,
		command);
	return command;
}

bool page_command_is_open(const struct page_command *command)
{
	return command && !command->is_over;
}

void page_command_settle(struct page_command *command)
{
	if (page_command_is_open(command))
		command->probe->why = "the deadline came before";
}

void page_command_drop(struct page_command *command)
{
	if (command)
		command_drop(command->child);
}
