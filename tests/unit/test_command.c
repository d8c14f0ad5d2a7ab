/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children that end, fail, hang, flood, and leave others behind. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/clock.h"
#include "common/loop/command.h"
#include "tests/unit/testing.h"

enum {
	US_PER_S = 1000 * 1000,
	BOUND_US = 120 * US_PER_S, /* ends a hang; nothing takes so long */
	/* What is to run out: a shell has begun long before. */
	SHORT_US = 5 * US_PER_S,
};

struct fixture {
	struct arena *arena;
	struct loop *loop;
	struct command_result result;
	unsigned n_ended;
};

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_new(1024 * 1024);
	f->loop = loop_new(clock_mono_us() + 2 * (int64_t)BOUND_US);
	*state = f;
	return f->loop ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

static void on_end(void *arg, const struct command_result *result)
{
	struct fixture *f = arg;

	f->result = *result;
	f->n_ended++;
	loop_stop(f->loop);
}

/* Runs "sh -c script" to its end. */
static const struct command_result *run(
	struct fixture *f, const char *script, int64_t bound_us)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct command *child = command_start(
		f->arena, f->loop, argv, clock_mono_us() + bound_us, on_end, f);

	assert_int_equal(f->n_ended, 0);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->n_ended, 1);
	command_drop(child);
	return &f->result;
}

static void exit_and_output_are_told(void **state)
{
	const struct command_result *result =
		run(*state, "echo CRITICAL - down; exit 2", BOUND_US);

	assert_int_equal(result->end, COMMAND_EXITED);
	assert_int_equal(result->code, 2);
	assert_string_equal(result->output, "CRITICAL - down\n");
	assert_true(result->took_us > 0);
}

static void environment_is_its_own(void **state)
{
	const struct command_result *result;

	assert_int_equal(setenv("LIFELINE_SECRET", "x", 1), 0);
	result = run(*state,
		"echo \"$LC_ALL ${PATH:+path} ${LIFELINE_SECRET:-none}\"; "
		"read x || echo closed",
		BOUND_US);
	assert_string_equal(result->output, "C path none\nclosed\n");
}

static void arguments_are_passed_as_they_are(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "echo", "a b", "$HOME", ";", "*", NULL };

	(void)command_start(
		f->arena, f->loop, argv, clock_mono_us() + BOUND_US, on_end, f);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_string_equal(f->result.output, "a b $HOME ; *\n");
}

static void what_is_no_program_is_told(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "/nonexistent/check", NULL };

	(void)command_start(
		f->arena, f->loop, argv, clock_mono_us() + BOUND_US, on_end, f);
	assert_int_equal(loop_run(f->loop), LOOP_STOPPED);
	assert_int_equal(f->result.end, COMMAND_NOT_STARTED);
	assert_int_equal(f->result.error, ENOENT);
}

static void signals_are_told(void **state)
{
	const struct command_result *result =
		run(*state, "kill -9 $$", BOUND_US);

	assert_int_equal(result->end, COMMAND_KILLED);
	assert_int_equal(result->code, SIGKILL);
}

static void bound_holds(void **state)
{
	const struct command_result *result =
		run(*state, "echo begun; sleep 1000", SHORT_US);

	assert_int_equal(result->end, COMMAND_TIMED_OUT);
	assert_string_equal(result->output, "begun\n");
	assert_true(result->took_us < BOUND_US);
}

/* Its output stays open behind its own end, and the other way round. */
static void end_is_its_own(void **state)
{
	const struct command_result *result =
		run(*state, "sleep 1000 & exit 1", BOUND_US);

	assert_int_equal(result->end, COMMAND_EXITED);
	assert_int_equal(result->code, 1);
}

/* Gone, or dead and not waited for by who has it now. */
static bool is_running(long pid)
{
	char path[64];
	char line[256] = "";
	const char *behind;
	FILE *stat;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	stat = fopen(path, "r");
	if (!stat)
		return false;
	behind = fgets(line, sizeof(line), stat) ? strrchr(line, ')') : NULL;
	(void)fclose(stat);
	return behind && strncmp(behind, ") Z", 3) != 0;
}

/* What it leaves behind ends with it. */
static void nothing_is_left_running(void **state)
{
	const struct command_result *result =
		run(*state, "sleep 1000 & echo $!; exit 1", BOUND_US);
	const int64_t until_us = clock_mono_us() + BOUND_US;
	long pid = strtol(result->output, NULL, 10);

	assert_int_equal(result->end, COMMAND_EXITED);
	assert_int_equal(result->code, 1);
	assert_true(pid > 0);
	while (is_running(pid) && clock_mono_us() < until_us)
		(void)poll(NULL, 0, 1);
	assert_false(is_running(pid));
}

static void closed_output_is_no_end(void **state)
{
	const struct command_result *result =
		run(*state, "exec >/dev/null; sleep 0.1; exit 2", BOUND_US);

	assert_int_equal(result->end, COMMAND_EXITED);
	assert_int_equal(result->code, 2);
}

static void floods_are_cut(void **state)
{
	const struct command_result *result = run(*state,
		"head -c 3000000 /dev/zero | tr '\\0' x; exit 2", BOUND_US);

	assert_int_equal(result->end, COMMAND_EXITED);
	assert_int_equal(result->code, 2);
	assert_int_equal(strlen(result->output), COMMAND_OUTPUT_MAX);
}

static void dropped_is_silent(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "/bin/sh", "-c", "sleep 1000", NULL };
	struct command *child = command_start(
		f->arena, f->loop, argv, clock_mono_us() + BOUND_US, on_end, f);

	command_drop(child);
	assert_int_equal(loop_run(f->loop), LOOP_IDLE);
	assert_int_equal(f->n_ended, 0);
}

#define COMMAND_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMMAND_TEST(exit_and_output_are_told),
		COMMAND_TEST(environment_is_its_own),
		COMMAND_TEST(arguments_are_passed_as_they_are),
		COMMAND_TEST(what_is_no_program_is_told),
		COMMAND_TEST(signals_are_told),
		COMMAND_TEST(bound_holds),
		COMMAND_TEST(end_is_its_own),
		COMMAND_TEST(nothing_is_left_running),
		COMMAND_TEST(closed_output_is_no_end),
		COMMAND_TEST(floods_are_cut),
		COMMAND_TEST(dropped_is_silent),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
